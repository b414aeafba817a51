"""Reading and writing the figures people type: points, money, times, addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from crmdapp.errors import UsageError

_ETHER = re.compile(r"^(\d{1,9})(?:\.(\d{1,18}))?$", re.ASCII)
_SPAN = re.compile(r"^(\d{1,9})(s|m|h|d)?$", re.ASCII)
_SPANS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, None: 1}


def parse_points(text: str) -> int:
    """Return decimal points in units of 0.01, at least one: ``"12.50"`` -> 1250.

    Raises:
        UsageError: It is no such number.
        PointsOverflow: It is more than the ledger takes.
    """
    from crmdapp.loyalty.points import to_units

    return to_units(text.strip())


def parse_limit(text: str) -> int:
    """Return a limit in units; 0 is possible.

    Raises:
        UsageError: It is no amount of points.
        PointsOverflow: It is more than the ledger takes.
    """
    return 0 if text.strip() in ("0", "0.0", "0.00") else parse_points(text)


def parse_budget(text: str) -> int:
    """Return an issuer's budget in units; ``unlimited`` is one.

    Raises:
        UsageError: It is no amount of points.
        PointsOverflow: It is more than the ledger takes.
    """
    from crmdapp.loyalty.points import UNLIMITED

    return UNLIMITED if text.strip().lower() == "unlimited" else parse_limit(text)


def format_points(units: int) -> str:
    """Return units as points for people: 125000 -> ``"1,250.00"``."""
    from crmdapp.loyalty.points import to_points

    return to_points(units, grouped=True)


def points_data(units: int) -> dict[str, Any]:
    """Return an amount as JSON has it: exact ``units`` and readable ``points``."""
    from crmdapp.loyalty.points import to_points

    return {"units": units, "points": to_points(units)}


def parse_ether(text: str) -> int:
    """Return decimal ether in wei.

    Raises:
        UsageError: It is no such number, or zero.
    """
    match = _ETHER.match(text)
    wei = 0 if match is None else int(match[1]) * 10**18 + int((match[2] or "").ljust(18, "0"))
    if not wei:
        raise UsageError(f"{text!r} is no amount of ether.", hint="Write a number such as 0.5.")
    return wei


def format_ether(wei: int) -> str:
    """Return wei as ether with the digits that matter: ``"0.0000739 ETH"``."""
    whole, rest = divmod(wei, 10**18)
    return f"{whole:,}.{rest:018d}".rstrip("0").rstrip(".") + " ETH"


def format_gwei(wei: int) -> str:
    """Return wei as gwei with three digits after the point."""
    return f"{wei / 10**9:,.3f} gwei"


def parse_span(text: str) -> int:
    """Return a length of time in seconds: ``"90"``, ``"15m"``, ``"24h"``, ``"7d"``.

    Raises:
        UsageError: It is no such length, or zero.
    """
    match = _SPAN.match(text)
    seconds = 0 if match is None else int(match[1]) * _SPANS[match[2]]
    if not seconds:
        raise UsageError(
            f"{text!r} is no length of time.", hint="Write seconds, or 15m, 24h, 7d and the like."
        )
    return seconds


def parse_time(text: str) -> int:
    """Return a moment in Unix seconds, from Unix seconds or an ISO date with or without time.

    A date without a zone is UTC.

    Raises:
        UsageError: It is neither.
    """
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"{text!r} is no moment.",
            hint="Write a date (2026-01-31, or 2026-01-31T12:00:00+01:00) or Unix seconds.",
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def format_time(moment: int | datetime) -> str:
    """Return a moment for people, UTC."""
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def iso_time(moment: int | datetime) -> str:
    """Return a moment in ISO form, UTC, as JSON has it."""
    if isinstance(moment, int):
        moment = datetime.fromtimestamp(moment, UTC)
    return moment.astimezone(UTC).isoformat()


def parse_tiers(texts: Sequence[str]) -> tuple[int, ...]:
    """Return the qualifying units of tiers 1, 2, ...; ``none`` alone means no tiers.

    Raises:
        UsageError: One is no amount of points.
    """
    words = [word for text in texts for word in text.split(",") if word]
    if words == ["none"]:
        return ()
    return tuple(parse_points(word) for word in words)

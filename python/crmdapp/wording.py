"""Contract errors in words: the twins carry names and figures, people need sentences.

A domain lists its contracts' errors in a module ``error_words`` whose ``WORDS`` maps the error's
name to a sentence and an advice, with the error's fields in braces under their Solidity names.
``UNITS`` of that module names the fields that are points, ``IDS`` those that are shown in hex,
``VALUES`` by error those that are an amount of the settlement coin instead, ``NAMES`` by error and
field the words for the values of an enum. The command line, the pages and the HTTP API use them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from crmdapp.errors import ContractError

_SOURCES = (
    "crmdapp.loyalty.error_words",
    "crmdapp.customers.error_words",
    "crmdapp.provenance.artwork_error_words",
    "crmdapp.provenance.item_error_words",
    "crmdapp.ballots.error_words",
)
_TIMES = (
    "anchorBy",
    "answerBy",
    "claimedAt",
    "claimsUntil",
    "closedAt",
    "closesAt",
    "deadline",
    "earliest",
    "endedAt",
    "endsAt",
    "eventTime",
    "expiry",
    "genesis",
    "lastTime",
    "opensAt",
    "readyAt",
    "refundAt",
    "registrationUntil",
    "sharesUntil",
    "startsAt",
    "time",
    "timestamp",
    "until",
    "validAfter",
)
_FOR_EVER = (1 << 256) - 1
_LATEST = 253_402_300_799  # the last second of the year 9999


def put_into_words(problem: ContractError) -> None:
    """Give a contract's error a sentence and an advice, if it has none."""
    if problem.hint:
        return
    for source in _SOURCES:
        module = import_module(source)
        words = module.WORDS.get(problem.code)
        if words is not None:
            fields = dict(zip(problem.fields, problem.values, strict=True))
            values = getattr(module, "VALUES", {}).get(problem.code, frozenset())
            names = getattr(module, "NAMES", {}).get(problem.code, {})
            ids: frozenset[str] = getattr(module, "IDS", frozenset())
            shown = {
                name: _named(names[name], value)
                if name in names
                else hex(value)
                if name in ids
                else _amount(value)
                if name in values
                else _shown(name, value, module.UNITS)
                for name, value in fields.items()
            }
            problem.message, problem.hint = (part.format_map(shown) for part in words)
            return


def general_words(code: str) -> tuple[str, str]:
    """Return an error's sentence and advice with its fields in braces; empty if it has none."""
    for source in _SOURCES:
        words: tuple[str, str] | None = import_module(source).WORDS.get(code)
        if words is not None:
            return words
    return "", ""


def _named(words: Any, value: int) -> str:
    """Return the word for a value of an enum; the value itself if a foreign contract made it up."""
    try:
        return str(words[value])
    except LookupError:
        return str(value)


def _amount(value: int) -> str:
    """Return 10^-6 of the coin as its decimal amount."""
    from crmdapp.loyalty.coin import to_decimal

    return to_decimal(value, grouped=True)


def _shown(name: str, value: Any, units: frozenset[str]) -> str:
    from crmdapp.loyalty.points import to_points

    if name in units and isinstance(value, int):
        return to_points(value, grouped=True)
    if name in _TIMES and isinstance(value, int) and value <= _LATEST:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M UTC")
    if name in _TIMES and value == _FOR_EVER:
        return "the end of time"
    if isinstance(value, bytes):
        return _short_text(value) or "0x" + value.hex()
    if isinstance(value, tuple | list):
        return ", ".join(_shown(name, item, units) for item in value)
    return str(value)


def _short_text(value: bytes) -> str:
    """Return the text that Solidity keeps in ``bytes32``; empty if it is no such text."""
    text = value.rstrip(b"\0")
    is_text = len(text) < len(value) == 32 and text.isalnum() and text.isascii()
    return text.decode() if is_text else ""

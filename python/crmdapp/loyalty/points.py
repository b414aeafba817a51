"""Points in words and in units: 12.50 points are 1,250 units.

All amounts in this package are whole units of 0.01 point (the hub's ``decimals`` is 2). Only these
functions know the decimal form, and none of them uses floating point.
"""

from __future__ import annotations

import re

from crmdapp.chain._whole import is_whole
from crmdapp.errors import UsageError
from crmdapp.loyalty.errors import PointsOverflow

DECIMALS = 2
UNITS_PER_POINT = 100
POINTS_MAX = (1 << 47) - 1
"""Largest amount in units; the hub refuses more with ``PointsOverflow``."""

UNLIMITED = (1 << 48) - 1
"""An issuer's budget that is no limit, in units."""

_DECIMAL = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,2}))?")


def to_units(points: str) -> int:
    """Return the units of an amount of points a person wrote, such as ``"12"`` or ``"12.5"``.

    Args:
        points: Decimal digits with at most two after the point; more than 0.00.

    Raises:
        UsageError: It is no such number; the message says what is wrong with it.
        PointsOverflow: It is 2^47 units (1,407,374,883,553.28 points) or more.
    """
    match = _DECIMAL.fullmatch(points)
    if match is None:
        if re.fullmatch(r"0*[0-9]{16,}(\.[0-9]{1,2})?", points):
            whole, _, cents = points.partition(".")
            return require_amount(_units(whole.lstrip("0") or "0", cents))
        raise UsageError(
            f"{points!r} is not an amount of points: {_complaint(points)}.",
            hint="Write it like 12 or 12.50.",
        )
    return require_amount(_units(match[1], match[2] or ""))


def to_points(units: int, *, grouped: bool = False) -> str:
    """Return units as points with two decimals: 1,250 gives ``"12.50"``.

    Args:
        units: Any whole number; negative ones keep their sign.
        grouped: Put commas between thousands.
    """
    sign = "-" if units < 0 else ""
    whole, cents = divmod(abs(units), UNITS_PER_POINT)
    return f"{sign}{whole:,}.{cents:02d}" if grouped else f"{sign}{whole}.{cents:02d}"


def require_amount(units: int) -> int:
    """Return ``units`` if that many can be awarded, moved or spent: 1 to 2^47 - 1.

    Raises:
        PointsOverflow: It is 2^47 or more, the twin of the hub's refusal.
        UsageError: It is no whole number above 0.
    """
    if not is_whole(units):
        raise UsageError(
            f"An amount is a whole number of units, got {units!r}.",
            hint="Turn points into units with to_units(): 12.50 points are 1250.",
        )
    if units > POINTS_MAX:
        raise PointsOverflow(units)
    if units <= 0:
        raise UsageError(f"An amount must be more than 0, got {to_points(units)} points.")
    return units


def _units(whole: str, cents: str) -> int:
    return int(whole) * UNITS_PER_POINT + int(cents.ljust(DECIMALS, "0"))


def _complaint(points: str) -> str:
    if not points.strip():
        return "it is empty"
    if points.strip().startswith("-"):
        return "it is negative"
    if "," in points:
        return "a comma is no decimal point, and thousands are not separated"
    if re.fullmatch(r"[0-9]+\.[0-9]{3,}", points):
        return "more than two digits after the point"
    return "only digits and one point are allowed"

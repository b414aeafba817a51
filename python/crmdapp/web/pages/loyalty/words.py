"""How pages write points, values, times and events."""

from __future__ import annotations

from datetime import UTC, datetime

from crmdapp.loyalty.coin import to_decimal
from crmdapp.loyalty.points import to_points
from crmdapp.web.pages import template_filter

MINUTE, HOUR, DAY = 60, 3_600, 86_400

KINDS = {
    "awarded": "Awarded",
    "coupon": "Coupon claimed",
    "drop": "Drop claimed",
    "redeemed": "Redeemed",
    "refunded": "Refunded",
    "reversed": "Award taken back",
    "transferred": "Transferred",
    "exchanged_in": "Exchanged in",
    "exchanged_out": "Exchanged away",
    "expired": "Expired",
}
"""Words for the kinds of movements."""

REASONS = {
    "IntentExpired": "the customer's permission had expired",
    "OrderUsed": "this order was redeemed before",
    "IntentSignatureInvalid": "the customer did not sign this",
    "ERC6909InsufficientBalance": "the customer had too few points, or they had expired",
    "PositionOverLimit": "the other program would have owed more than its limit",
}
"""Words for the errors with which a batch leaves a redemption out."""


def points(units: int) -> str:
    """Return units as points: ``1,250.00``."""
    return to_points(units, grouped=True)


def value(amount: int) -> str:
    """Return 10^-6 of the coin as a decimal."""
    return to_decimal(amount, grouped=True)


def moment(at: int | datetime) -> str:
    """Return a time as people read it, in UTC."""
    found = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return f"{found.day} {found:%B %Y, %H:%M} UTC"


def day(at: datetime | None) -> str:
    """Return a date as labels of charts have it."""
    return "never" if at is None else f"{at.day} {at:%b %Y}"


def machine(at: int | datetime) -> str:
    """Return a time for the ``datetime`` attribute."""
    found = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return found.isoformat()


def until(at: datetime | None, now: int) -> str:
    """Return when something ends, in words: ``in 5 days, on 3 May 2027, 00:00 UTC``."""
    if at is None:
        return "never"
    left = int(at.timestamp()) - now
    if left <= 0:
        return f"now, on {moment(at)}"
    for size, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")):
        if left >= size:
            count = left // size
            return f"in {count:,} {name}{'s' if count != 1 else ''}, on {moment(at)}"
    return f"in less than a minute, on {moment(at)}"


def kind(name: str) -> str:
    """Return the words for a kind of movement."""
    return KINDS.get(name, name)


def reason(name: str) -> str:
    """Return the words for the error that left a redemption out, with its name."""
    words = REASONS.get(name)
    return name if words is None else f"{words} ({name})"


def short(address: str) -> str:
    """Return an address's beginning and end."""
    return f"{address[:6]}…{address[-4:]}"


for _name, _function in (
    ("pts", points),
    ("coins", value),
    ("at_time", moment),
    ("iso_time", machine),
    ("until_words", until),
    ("kind_words", kind),
    ("reason_words", reason),
    ("short_address", short),
):
    template_filter(_name, _function)

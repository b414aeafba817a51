"""What codes and numbers are called on the customers' pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from crmdapp.customers.codes import CATEGORIES, PURPOSES, Code

STATES: Mapping[str, tuple[str, str]] = {
    "unknown": ("asked for, not given", ""),
    "pending": ("given, for later", "good"),
    "active": ("on", "good"),
    "expired": ("run out", "warn"),
    "withdrawn": ("switched off by you", "bad"),
    "revoked": ("given up by the company", "warn"),
}
"""For each state its words for the customer, and the class of its badge."""

CHANGES: Mapping[str, str] = {
    "granted": "You agreed",
    "renewed": "You let it last longer",
    "withdrawn": "You switched it off",
    "revoked": "The company gave it up",
}
"""What happened to a consent."""


def purposes(bits: int) -> list[str]:
    """Return purposes in words."""
    return _labels(bits, PURPOSES)


def categories(bits: int) -> list[str]:
    """Return kinds of data in words."""
    return _labels(bits, CATEGORIES)


def category(number: int) -> str:
    """Return one kind of data in words."""
    return CATEGORIES[number].label


def moment(seconds: int) -> str:
    """Return a moment for people, ``2026-03-01 09:30 UTC``; a dash if there is none."""
    if not seconds:
        return "-"
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return "never"


def short(word: bytes | str) -> str:
    """Return an id or address, short enough for a line."""
    text = "0x" + word.hex() if isinstance(word, bytes) else word
    return text if len(text) <= 14 else f"{text[:8]}…{text[-4:]}"


def _labels(bits: int, table: tuple[Code, ...]) -> list[str]:
    """Return labels, without those of terms that a broader one among them includes."""
    chosen = {each.term: each for each in table if bits >> each.bit & 1}
    return [each.label for each in chosen.values() if each.broader not in chosen]

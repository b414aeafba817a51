"""Values as the event hash writes them: times in UTC, numbers without zeros, identifiers as links.

Source: GS1 CBV 2.0, section 8.9.2, rules 5 to 9 and 14 to 18.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from crmdapp.provenance.gs1.epc import canonical_epc

__all__ = ["canonical_number", "canonical_text", "canonical_time", "read_time"]

_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?"
    r"(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])"
)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_NUMBER_DIGITS = 400
"""A number whose plain form is longer than any double's stays as it is written."""

_OLD_WORDS = (
    ("urn:epcglobal:cbv:bizstep:", "https://ref.gs1.org/cbv/BizStep-"),
    ("urn:epcglobal:cbv:disp:", "https://ref.gs1.org/cbv/Disp-"),
    ("urn:epcglobal:cbv:btt:", "https://ref.gs1.org/cbv/BTT-"),
    ("urn:epcglobal:cbv:sdt:", "https://ref.gs1.org/cbv/SDT-"),
    ("urn:epcglobal:cbv:er:", "https://ref.gs1.org/cbv/ER-"),
    ("cbv:", "https://ref.gs1.org/cbv/"),
    ("epcis:", "https://ref.gs1.org/epcis/"),
    ("gs1:", "https://ref.gs1.org/voc/"),
)
_OLD_STARTS = tuple(old for old, _ in _OLD_WORDS)


def read_time(text: str) -> datetime | None:
    """Return an ``xsd:dateTimeStamp`` with its zone, cut to microseconds, or ``None``."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1]).replace(tzinfo=_zone(found[3]))
        moment.astimezone(UTC)  # the first and last hours of the calendar have no UTC
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=int((found[2] or "")[:6].ljust(6, "0")))


def canonical_time(text: str) -> str:
    """Return a time in UTC with milliseconds, rounded half up; a text that is none, unchanged."""
    moment = read_time(text)
    if moment is None:
        return text
    millis, rest = divmod(moment.microsecond, 1000)
    try:
        rounded = moment.astimezone(UTC).replace(microsecond=millis * 1000) + timedelta(
            milliseconds=1 if rest >= 500 else 0
        )
    except OverflowError:
        return text
    return rounded.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def canonical_number(text: str) -> str:
    """Return a number in plain notation without superfluous zeros; a text that is none, unchanged.

    All digits are kept, so that no two numbers look alike.
    """
    if not _NUMBER.fullmatch(text):
        return text
    number = Decimal(text)
    if not number:
        return "0"
    if abs(number.adjusted()) > _NUMBER_DIGITS:
        return text
    plain = f"{number:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def canonical_text(text: str) -> str:
    """Return a value that is no time as the hash writes it."""
    text = text.strip()
    if text.startswith(_OLD_STARTS):
        return next(new + text.removeprefix(old) for old, new in _OLD_WORDS if text.startswith(old))
    number = canonical_number(text)
    return canonical_epc(text) if number is text else number


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[4:6])
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=hours, minutes=minutes))

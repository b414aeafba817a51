"""GS1 Digital Link: the identifier of a product, parcel, place or asset as a web address.

``https://id.gs1.org/01/09780345418913/21/765tz`` names one copy of one book, whichever shop's
domain the address on the copy began with. Two forms matter here: the *canonical* link keeps all
that tells products apart, the *identity* keeps the finest level only, so that one item has one.

Source: GS1 Digital Link Standard: URI Syntax 1.2, sections 4 and 5; the identity is the
"constrained canonical" form of the GS1 CBV 2.0 event hash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from crmdapp.provenance.gs1.keys import KEYS, QUALIFIERS, gtin14

__all__ = [
    "CANONICAL_DOMAIN",
    "DigitalLink",
    "build_digital_link",
    "parse_digital_link",
    "read_identity",
]

CANONICAL_DOMAIN = "https://id.gs1.org"

_LINK = re.compile(r"(?i:https?)://[^/?#\s]+(/[^?#\s]*)(?:\?([^#\s]*))?(?:#\S*)?")
_SHORT_KEYS = {key.short: ai for ai, key in KEYS.items() if key.short} | {"cpid": "8010"}
_SHORT_QUALIFIERS = {key.short: ai for ai, key in QUALIFIERS.items() if key.short}
_DATES = frozenset({"11", "12", "13", "15", "16", "17"})
_DATE = re.compile(r"[0-9]{2}(0[1-9]|1[0-2])([0-2][0-9]|3[01])")
_ATTRIBUTE = re.compile(r"[0-9]{2,4}")
_BEGINS = re.compile(r"[0-9]{4}")
_ITIP_PIECES = slice(14, 16)
_ITIP_TOTAL = slice(16, 18)
# What is not percent-encoded beside letters, digits, - . _ and ~: the delimiters that RFC 3986
# allows in a path and that the published event hashes leave as they stand in an EPC URI.
_PLAIN = "!'()*;="

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A GS1 identifier.

    Attributes:
        key: Application identifier of what is identified, such as ``"01"``.
        value: Its value, without percent-encoding; a GTIN in 14 digits.
        qualifiers: What makes it more exact: (application identifier, value), in the order of the
            standard.
        attributes: What else is said of it, such as ``("17", "251231")`` for the expiry date.
    """

    key: str
    value: str
    qualifiers: Pairs = ()
    attributes: Pairs = ()

    @property
    def canonical(self) -> str:
        """The link on ``https://id.gs1.org`` with all qualifiers, without attributes."""
        return _text(CANONICAL_DOMAIN, [(self.key, self.value), *self.qualifiers])

    @property
    def identity(self) -> str:
        """The link on ``https://id.gs1.org`` with the finest level of identification only."""
        return _text(CANONICAL_DOMAIN, [(self.key, self.value), *self._finest()])

    @property
    def is_instance(self) -> bool:
        """Whether it names one thing, not a kind, a batch or a series of things."""
        if self.key in ("01", "8006"):
            return any(ai in ("21", "235") for ai, _ in self.qualifiers)
        if self.key == "8010":
            return bool(self.qualifiers)
        if self.key in ("253", "255", "8003"):
            return len(self.value) > KEYS[self.key].digits
        return True

    def qualifier(self, ai: str) -> str | None:
        """Return the value of a qualifier, ``None`` without one."""
        return dict(self.qualifiers).get(ai)

    def uri(self, domain: str = CANONICAL_DOMAIN) -> str:
        """Return the link with everything in it.

        Args:
            domain: What it begins with, such as ``"https://example.org/products"``.
        """
        text = _text(domain.rstrip("/"), [(self.key, self.value), *self.qualifiers])
        query = "&".join(f"{name}={quote(value, safe=_PLAIN)}" for name, value in self.attributes)
        return f"{text}?{query}" if query else text

    def __str__(self) -> str:
        return self.uri()

    def _finest(self) -> Pairs:
        for wanted in ("235", "21", "10", "254", "8011"):
            value = self.qualifier(wanted)
            if value is not None:
                return ((wanted, value),)
        return ()


def build_digital_link(
    key: str,
    value: str,
    qualifiers: Iterable[tuple[str, str]] = (),
    attributes: Iterable[tuple[str, str]] = (),
) -> DigitalLink:
    """Return an identifier after a check of all its parts.

    Args:
        key: Application identifier, such as ``"01"``.
        value: Its value; a GTIN-8, -12 or -13 is filled up to 14 digits.
        qualifiers: Application identifiers and values, in any order.
        attributes: Names and values; those that are application identifiers of dates are checked.

    Raises:
        Gs1IdentifierInvalid: A part is unknown, misplaced, malformed or has a wrong check digit.
    """
    if key not in KEYS:
        raise Gs1IdentifierInvalid(key, "it is no application identifier that identifies something")
    order = KEYS[key].qualifiers
    given = tuple(qualifiers)
    if len(dict(given)) != len(given):
        raise Gs1IdentifierInvalid(value, "a qualifier stands there twice")
    for ai, _ in given:
        if ai not in order:
            raise Gs1IdentifierInvalid(value, f"({ai}) cannot follow ({key})")
    if key == "01" and value.isdigit():
        value = gtin14(value)
    link = DigitalLink(
        key, value, tuple(sorted(given, key=lambda each: order.index(each[0]))), tuple(attributes)
    )
    _require_valid(link)
    return link


def parse_digital_link(uri: str) -> DigitalLink:
    """Return the identifier of a GS1 Digital Link on any domain, with AIs or old short names.

    Raises:
        Gs1IdentifierInvalid: It is no GS1 Digital Link, or one of an invalid identifier.
    """
    link = _read(uri)
    if link is None:
        raise Gs1IdentifierInvalid(
            uri,
            "it is no GS1 Digital Link",
            "Such a link looks like https://id.gs1.org/01/09780345418913/21/765tz.",
        )
    if link.key == "01" and len(link.value) != KEYS["01"].digits:
        link = DigitalLink("01", gtin14(link.value), link.qualifiers, link.attributes)
    _require_valid(link)
    return link


def read_identity(uri: str) -> DigitalLink | None:
    """Return the identifier in a link as it stands, check digits unchecked; else ``None``.

    Any address of the right shape counts, so that hashes do not depend on what else is checked.
    """
    link = _read(uri)
    if link is None:
        return None
    if link.key == "01":
        if len(link.value) not in (8, 12, 13, 14) or not link.value.isdigit():
            return None
        link = DigitalLink("01", link.value.zfill(14), link.qualifiers, link.attributes)
    return link if all("check digit" in fault for fault in _faults(link)) else None


def _read(uri: str) -> DigitalLink | None:
    found = _LINK.fullmatch(uri)
    if found is None:
        return None
    path, query = found[1].rstrip("/"), found[2] or ""
    segments = path.split("/")[1:]
    for place, segment in enumerate(segments):
        link = _at(segment, segments[place + 1 :], query)
        if link is not None:
            return link
    return None


def _at(segment: str, rest: list[str], query: str) -> DigitalLink | None:
    """The identifier whose key is at this segment, if all that follows fits it."""
    key = _SHORT_KEYS.get(segment, segment)
    if key not in KEYS or len(rest) % 2 == 0 or not _BEGINS.match(rest[0]):
        return None
    texts = [_unquoted(each) for each in rest]
    names = [_SHORT_QUALIFIERS.get(each, each) for each in rest[1::2]]
    order = KEYS[key].qualifiers
    places = [order.index(name) if name in order else -1 for name in names]
    if None in texts or -1 in places or places != sorted(set(places)):
        return None
    known = [each for each in texts if each is not None]
    return DigitalLink(key, known[0], tuple(zip(names, known[2::2], strict=True)), _query(query))


def _query(query: str) -> Pairs:
    pairs = (each.partition("=") for each in re.split("[&;]", query) if each)
    return tuple((name, _unquoted(value) or "") for name, _, value in pairs)


def _unquoted(text: str) -> str | None:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return None


def _text(domain: str, pairs: Iterable[tuple[str, str]]) -> str:
    return domain + "".join(f"/{ai}/{quote(value, safe=_PLAIN)}" for ai, value in pairs)


def _require_valid(link: DigitalLink) -> None:
    for fault in _faults(link):
        raise Gs1IdentifierInvalid(link.value, fault)
    for name, value in link.attributes:
        if name in _DATES and not _DATE.fullmatch(value):
            raise Gs1IdentifierInvalid(value, f"the date ({name}) has to be YYMMDD")


def _faults(link: DigitalLink) -> Iterator[str]:
    yield from KEYS[link.key].faults(link.value)
    if link.key == "8003" and not link.value.startswith("0"):
        yield "a GRAI begins with 0"
    if link.key == "8006" and not (
        "01" <= link.value[_ITIP_PIECES] <= link.value[_ITIP_TOTAL] <= "99"
    ):
        yield "the piece of an ITIP is one of its total"
    for ai, value in link.qualifiers:
        yield from QUALIFIERS[ai].faults(value)
    names = {ai for ai, _ in link.qualifiers}
    if "235" in names and len(names) > 1:
        yield "(235) stands alone after a GTIN"

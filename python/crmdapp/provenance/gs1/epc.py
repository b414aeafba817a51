"""EPC URIs: the older form of GS1 identifiers, ``urn:epc:id:sgtin:0614141.812345.6789``.

Unlike a link they show where the company prefix ends, so the way back needs its length. Every
identifier has one id on chain, whichever form it came in: the hash of its identity link.

Source: GS1 EPC Tag Data Standard 1.13 (urn:epc:id, idpat, class) and its section 7 (keys);
GS1 Digital Link 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from crmdapp.chain._keccak import keccak
from crmdapp.provenance.gs1.digital_link import (
    DigitalLink,
    build_digital_link,
    parse_digital_link,
    read_identity,
)
from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid
from crmdapp.provenance.gs1.keys import KEYS, check_digit

__all__ = ["canonical_epc", "epc_hash", "from_urn", "identifier", "to_urn"]

PREFIX_MIN, PREFIX_MAX = 6, 12
"""Digits of a GS1 company prefix."""

_PREFIX = "urn:epc:"
# EPC URIs of other bodies, which no key of GS1 corresponds to: they stay as they are.
_OTHERS = tuple(
    f"urn:epc:{kind}:{name}:"
    for kind in ("id", "idpat")
    for name in ("adi", "bic", "gid", "imovn", "usdod")
)
_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):(.+)")
_URN_PLAIN = re.compile(r"(?:[!')(*+,\-.0-9:;=A-Z_a-z]|%[0-9A-Fa-f]{2})*")
_ANY = "*"


@dataclass(frozen=True, slots=True)
class Scheme:
    """How an EPC URI and a key of GS1 relate.

    Attributes:
        key: Application identifier of the key.
        digits: How many digits company prefix and reference have together; 0 if the reference is
            text.
        leads: Whether the first digit of the reference stands before the company prefix.
        qualifier: Application identifier that the last field becomes; empty if it is appended to
            the key, or there is none.
        fields: Fields after the company prefix.
        pattern: Whether there is a form for the whole class, with ``*`` as last field.
    """

    key: str
    digits: int
    leads: bool = False
    qualifier: str = ""
    fields: int = 2
    pattern: bool = False


_SCHEMES = {
    "sgtin": Scheme("01", 13, leads=True, qualifier="21", pattern=True),
    "upui": Scheme("01", 13, leads=True, qualifier="235", pattern=True),
    "itip": Scheme("8006", 13, leads=True, qualifier="21", fields=4, pattern=True),
    "sscc": Scheme("00", 17, leads=True, fields=1),
    "sgln": Scheme("414", 12, qualifier="254"),
    "pgln": Scheme("417", 12, fields=1),
    "grai": Scheme("8003", 12, pattern=True),
    "gdti": Scheme("253", 12, pattern=True),
    "sgcn": Scheme("255", 12, pattern=True),
    "gsrn": Scheme("8018", 17, fields=1),
    "gsrnp": Scheme("8017", 17, fields=1),
    "gsin": Scheme("402", 16, fields=1),
    "giai": Scheme("8004", 0, fields=1),
    "ginc": Scheme("401", 0, fields=1),
    "cpi": Scheme("8010", 0, qualifier="8011", pattern=True),
}
_CLASSES = {"lgtin": Scheme("01", 13, leads=True, qualifier="10")}


def from_urn(urn: str) -> DigitalLink:
    """Return the identifier of an EPC URI, EPC class URI or EPC pattern URI.

    Raises:
        Gs1IdentifierInvalid: It is none, or a field is malformed.
    """
    scheme, fields, whole_class = _parsed(urn)
    prefix, reference = fields[0], fields[1]
    if not (prefix.isascii() and prefix.isdigit() and PREFIX_MIN <= len(prefix) <= PREFIX_MAX):
        raise _invalid(urn, f"the company prefix has {PREFIX_MIN} to {PREFIX_MAX} digits")
    if scheme.digits:
        if len(prefix + reference) != scheme.digits or not f"0{reference}".isdigit():
            raise _invalid(
                urn, f"company prefix and reference have {scheme.digits} digits together"
            )
        value = _with_check_digit(prefix, reference, scheme)
    else:
        value = prefix + reference
    if scheme.key == "8006":
        value += "".join(fields[2:4])
    last = "" if whole_class or scheme.fields == 1 else fields[-1]
    if scheme.key == "414" and last == "0":
        last = ""  # the URN's way of saying that there is no extension
    if last and not scheme.qualifier:
        value, last = value + last, ""
    try:
        return build_digital_link(scheme.key, value, [(scheme.qualifier, last)] if last else [])
    except Gs1IdentifierInvalid as problem:
        raise _invalid(urn, problem.reason) from None


def to_urn(link: DigitalLink, prefix_length: int) -> str:
    """Return an identifier as an EPC URI, or an EPC class or pattern URI if it names a class.

    A variant (22) has no place there, nor has the batch (10) of an item with a serial number.

    Args:
        link: The identifier.
        prefix_length: Digits of its GS1 company prefix, 6 to 12.

    Raises:
        Gs1IdentifierInvalid: There is no EPC URI for it, or not with such a prefix.
    """
    if not PREFIX_MIN <= prefix_length <= PREFIX_MAX:
        raise _invalid(link.value, f"a company prefix has {PREFIX_MIN} to {PREFIX_MAX} digits")
    for kind, name, scheme, last in _candidates(link):
        fields = _fields(link, scheme, prefix_length)
        if scheme.fields > 1:
            fields.append(last)
        return f"urn:epc:{kind}:{name}:{'.'.join(fields)}"
    raise _invalid(link.value, f"there is no EPC URI for a {KEYS[link.key].title} without a serial")


def identifier(epc: str) -> DigitalLink | None:
    """Return the identifier in an EPC URI or a GS1 Digital Link; ``None`` for another URI.

    Raises:
        Gs1IdentifierInvalid: It is meant to be one, and is malformed.
    """
    if not _is_urn(epc):
        return parse_digital_link(epc) if read_identity(epc) is not None else None
    found = _read_urn(epc)
    if isinstance(found, str):
        raise _invalid(epc, found)
    return found


def canonical_epc(epc: str) -> str:
    """Return the identity link of a GS1 identifier in any form, any other text as it is.

    Check digits are not checked here: what stands in an event is hashed as it stands.
    """
    found = _read_urn(epc) if _is_urn(epc) else read_identity(epc)
    return found.identity if isinstance(found, DigitalLink) else epc


def epc_hash(epc: str) -> bytes:
    """Return the id an item has on chain: keccak-256 of its identity link in UTF-8, 32 bytes.

    Args:
        epc: EPC URI, GS1 Digital Link on any domain, or a URI of another system.

    Raises:
        Gs1IdentifierInvalid: It is meant to be an identifier of GS1, and is malformed.
    """
    found = identifier(epc)
    return keccak((epc if found is None else found.identity).encode())


def _is_urn(epc: str) -> bool:
    return epc.startswith(_PREFIX) and not epc.startswith(_OTHERS)


@lru_cache(maxsize=4096)  # places and products recur in a file, and all is read twice
def _read_urn(urn: str) -> DigitalLink | str:
    """The identifier, or what is wrong with it."""
    try:
        return from_urn(urn)
    except Gs1IdentifierInvalid as problem:
        return problem.reason


def _parsed(urn: str) -> tuple[Scheme, list[str], bool]:
    found = _URN.fullmatch(urn)
    if found is None:
        raise _invalid(urn, "it is no EPC URI of a thing or a class of things")
    kind, name, body = found[1], found[2], found[3]
    scheme = (_CLASSES if kind == "class" else _SCHEMES).get(name)
    whole_class = kind == "idpat"
    if scheme is None or (whole_class and not scheme.pattern):
        raise _invalid(urn, f"there is no urn:epc:{kind}:{name}")
    # Only the last field may hold dots; a GIAI or GINC has no field behind its own.
    fields = body.split(".", scheme.fields)
    if len(fields) != scheme.fields + 1:
        raise _invalid(urn, f"it has {len(fields)} fields, not {scheme.fields + 1}")
    if whole_class and fields[-1] != _ANY:
        raise _invalid(urn, "the last field of a pattern is *")
    return scheme, [_unescaped(urn, each) for each in fields], whole_class


def _unescaped(urn: str, field: str) -> str:
    plain = _URN_PLAIN.match(field)
    assert plain is not None  # it matches nothing, too
    if plain.end() < len(field):
        raise _invalid(urn, f"{field[plain.end()]!r} has to be percent-encoded")
    if "%" not in field:
        return field
    try:
        return unquote_to_bytes(field).decode("ascii")
    except UnicodeDecodeError:
        raise _invalid(urn, "it holds characters that GS1 does not know") from None


def _with_check_digit(prefix: str, reference: str, scheme: Scheme) -> str:
    digits = reference[:1] + prefix + reference[1:] if scheme.leads else prefix + reference
    lead = "0" if scheme.key == "8003" else ""
    return f"{lead}{digits}{check_digit(lead + digits)}"


def _candidates(link: DigitalLink) -> Iterator[tuple[str, str, Scheme, str]]:
    """The forms an identifier has as URN: kind, name, scheme, last field."""
    names = [name for name, scheme in _SCHEMES.items() if scheme.key == link.key]
    for name in names:
        scheme = _SCHEMES[name]
        value = link.qualifier(scheme.qualifier) if scheme.qualifier else None
        serial = link.value[KEYS[link.key].digits :] if scheme.fields > 1 else ""
        if scheme.fields == 1 or value or (not scheme.qualifier and serial):
            yield "id", name, scheme, _escaped(value or serial)
    batch = link.qualifier("10")
    if link.key == "01" and batch:
        yield "class", "lgtin", _CLASSES["lgtin"], _escaped(batch)
    if link.key == "414":
        yield "id", "sgln", _SCHEMES["sgln"], "0"
    if names and _SCHEMES[names[0]].pattern and not batch:
        yield "idpat", names[0], _SCHEMES[names[0]], _ANY


def _fields(link: DigitalLink, scheme: Scheme, prefix_length: int) -> list[str]:
    if not scheme.digits:
        prefix, reference = link.value[:prefix_length], link.value[prefix_length:]
        if not prefix.isdigit() or not reference:
            raise _invalid(link.value, f"its company prefix cannot have {prefix_length} digits")
        return [prefix, _escaped(reference)]
    lead = 1 if scheme.key == "8003" else 0
    digits = link.value[lead : lead + scheme.digits]
    first = 1 if scheme.leads else 0
    prefix = digits[first : first + prefix_length]
    fields = [prefix, digits[:first] + digits[first + prefix_length :]]
    if scheme.key == "8006":
        fields += [link.value[14:16], link.value[16:18]]
    return fields


def _escaped(text: str) -> str:
    return "".join(each if _URN_PLAIN.fullmatch(each) else f"%{ord(each):02X}" for each in text)


def _invalid(given: str, reason: str) -> Gs1IdentifierInvalid:
    return Gs1IdentifierInvalid(given, reason)

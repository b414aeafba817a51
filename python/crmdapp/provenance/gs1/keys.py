"""The keys of GS1 by application identifier: how long they are, what they hold, what may follow.

Source: GS1 General Specifications 23, sections 3 and 7.9 (check digit); GS1 Digital Link URI
Syntax 1.2, sections 4.3 to 4.5 (keys, qualifiers, their order and short names).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid

__all__ = ["KEYS", "QUALIFIERS", "Key", "check_digit", "gtin14", "require_check_digit"]

_TEXT = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*")  # character set 82
_COMPONENT = re.compile(r"[#\-/0-9A-Z]*")  # character set 39
_DIGITS = re.compile(r"[0-9]*")
_GTIN_LENGTHS = (8, 12, 13, 14)


@dataclass(frozen=True, slots=True)
class Key:
    """What an application identifier may hold.

    Attributes:
        title: Its name.
        digits: How many digits it begins with, the check digit included; 0 for none in particular.
        checked: How many of them the check digit closes; 0 for none.
        rest: Characters that may follow the digits.
        rest_max: How many of them at most.
        rest_min: How many of them at least.
        qualifiers: The application identifiers that may follow in a link, in their order.
        short: Its old short name in links.
    """

    title: str
    digits: int = 0
    checked: int = 0
    rest: re.Pattern[str] = _TEXT
    rest_max: int = 0
    rest_min: int = 0
    qualifiers: tuple[str, ...] = ()
    short: str = ""

    def faults(self, value: str) -> Iterator[str]:
        """Yield what is wrong with a value."""
        head, tail = value[: self.digits], value[self.digits :]
        if len(head) < self.digits or not _DIGITS.fullmatch(head):
            yield f"a {self.title} begins with {self.digits} digits"
            return
        if not self.rest.fullmatch(tail) or not self.rest_min <= len(tail) <= self.rest_max:
            yield self._rest_fault()
        if self.checked:
            expected = check_digit(head[: self.checked - 1])
            if head[self.checked - 1] != expected:
                found = head[self.checked - 1]
                yield f"the check digit of the {self.title} is {found}, it should be {expected}"

    def _rest_fault(self) -> str:
        if not self.rest_max:
            return f"nothing follows the {self.digits} digits of a {self.title}"
        kind = {id(_DIGITS): "digits", id(_COMPONENT): "capitals, digits, # - or /"}
        what = kind.get(id(self.rest), "characters of GS1's set 82")
        count = f"{self.rest_min} to {self.rest_max}" if self.rest_min else f"up to {self.rest_max}"
        place = f" after its {self.digits} digits" if self.digits else ""
        return f"a {self.title} has {count} {what}{place}"


KEYS: dict[str, Key] = {
    "00": Key("SSCC", 18, 18, short="sscc"),
    "01": Key("GTIN", 14, 14, qualifiers=("22", "10", "21", "235"), short="gtin"),
    "253": Key("GDTI", 13, 13, rest_max=17, short="gdti"),
    "255": Key("GCN", 13, 13, rest=_DIGITS, rest_max=12, short="gcn"),
    "401": Key("GINC", rest_min=4, rest_max=30, short="ginc"),
    "402": Key("GSIN", 17, 17, short="gsin"),
    "414": Key("GLN", 13, 13, qualifiers=("254",), short="gln"),
    "417": Key("party GLN", 13, 13, short="party"),
    "8003": Key("GRAI", 14, 14, rest_max=16, short="grai"),
    "8004": Key("GIAI", rest_min=4, rest_max=30, short="giai"),
    "8006": Key("ITIP", 18, 14, qualifiers=("22", "10", "21"), short="itip"),
    "8010": Key("CPID", rest=_COMPONENT, rest_min=4, rest_max=30, qualifiers=("8011",)),
    "8017": Key("GSRN of a provider", 18, 18, qualifiers=("8019",), short="gsrnp"),
    "8018": Key("GSRN", 18, 18, qualifiers=("8019",), short="gsrn"),
}
"""The keys that identify something, by application identifier."""

QUALIFIERS: dict[str, Key] = {
    "10": Key("batch or lot", rest_min=1, rest_max=20, short="lot"),
    "21": Key("serial number", rest_min=1, rest_max=20, short="ser"),
    "22": Key("consumer product variant", rest_min=1, rest_max=20, short="cpv"),
    "235": Key("third-party serial number", rest_min=1, rest_max=28),
    "254": Key("GLN extension", rest_min=1, rest_max=20),
    "8011": Key("CPID serial number", rest=_DIGITS, rest_min=1, rest_max=12),
    "8019": Key("service relation instance", rest=_DIGITS, rest_min=1, rest_max=10),
}
"""What makes a key more exact, by application identifier."""


def check_digit(digits: str) -> str:
    """Return the digit that closes these: weights 3, 1, 3, ... from the right, modulo 10.

    Args:
        digits: The key without its check digit, digits only.

    Source: GS1 General Specifications 23, section 7.9.1.
    """
    weighted = 3 * sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2]))
    return str(-weighted % 10)


def require_check_digit(digits: str) -> None:
    """Check that the last of these digits closes the others.

    Raises:
        Gs1IdentifierInvalid: It does not, or they are no digits.
    """
    if not digits or not _DIGITS.fullmatch(digits):
        raise Gs1IdentifierInvalid(digits, "it has to consist of digits")
    expected = check_digit(digits[:-1])
    if digits[-1] != expected:
        raise Gs1IdentifierInvalid(
            digits, f"its check digit is {digits[-1]}, it should be {expected}"
        )


def gtin14(gtin: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 in 14 digits.

    Raises:
        Gs1IdentifierInvalid: It has another length, or a wrong check digit.
    """
    if len(gtin) not in _GTIN_LENGTHS:
        raise Gs1IdentifierInvalid(gtin, "a GTIN has 8, 12, 13 or 14 digits")
    require_check_digit(gtin)
    return gtin.zfill(14)

"""How alike two customers are, and how to find those worth comparing without reading them all.

The vault's fields are sealed, and those of a customer who has claimed the profile cannot be read
back by the company. So two things are kept apart:

- *Finding* works for everybody: while a record is imported its plaintext is at hand, and from it
  come traits (such as birth date and first letters of the names), each kept as an HMAC under the
  company's matching key. Two profiles that share a trait are worth comparing. Without the key the
  HMACs say nothing; with it, whoever holds it could try guesses, so the key stays in the operator's
  key file and the traits are deleted with the profile.
- *Comparing* by likeness (typos, swapped names) needs both plaintexts, so it works between a record
  that is being imported and a profile that the company keeps in custody. Against a claimed profile
  only the traits count: how many agree is all that can be told.

Bloom filters over letter pairs would allow typos without plaintext, but their patterns of bits give
names away to whoever counts them, key or no key; they are not used.

Source: likeness is the Jaro-Winkler and token measures of rapidfuzz; sound keys are Kölner
Phonetik's idea reduced to what Latin names of several languages have in common.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdapp.store.keys import OperatorKeys

__all__ = [
    "MATCH_AT",
    "Likeness",
    "MatchKey",
    "by_traits",
    "likeness",
    "match_key",
    "names_contradict",
    "traits",
]

MATCH_AT = 78
"""Likeness from which two profiles go into the review queue, 0 to 100."""

TRAITS_AT = 2
"""Traits that must agree with a profile that cannot be read."""

_NOBODY = bytes(32)
_LABEL = "matching"
_MARK_SIZE = 16
_WEIGHTS = {"name": 45, "birth_date": 30, "address": 25}
_UNLIKE = 60
"""Likeness of a part below which it counts as another one."""


class MatchKey:
    """The company's secret for traits and marks.

    Args:
        secret: 32 random bytes, from the operator's key file.
    """

    def __init__(self, secret: bytes) -> None:
        assert len(secret) == 32
        self._secret = secret

    def __repr__(self) -> str:
        return "MatchKey(...)"

    def trait(self, kind: str, *parts: str) -> bytes:
        """Return a trait without what it says, 16 bytes."""
        return self._mac("trait", kind, *parts)

    def mark(self, cid: bytes, field: str, value: str) -> bytes:
        """Return the mark of a value of one customer's field, 16 bytes; others' differ."""
        return self._mac("mark", cid.hex(), field, value)

    def person(self, campaign: int, cid: bytes) -> bytes:
        """Return a person's tag in a rewards campaign, 32 bytes; another campaign's differs."""
        return self._whole("person", str(campaign), cid.hex())

    def _mac(self, *parts: str) -> bytes:
        return self._whole(*parts)[:_MARK_SIZE]

    def _whole(self, *parts: str) -> bytes:
        # The length before each part: no two lists of parts give the same bytes.
        text = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (p.encode() for p in parts))
        return hmac.digest(self._secret, b"crmdapp.matching" + text, hashlib.sha256)


def match_key(keys: OperatorKeys) -> MatchKey:
    """Return the company's matching key, made when it is first asked for.

    It is in the operator's key file as a salt that is of no customer, so no erasure destroys it.
    """
    secret = keys.salt(_NOBODY, _LABEL)
    if secret is None:
        keys.put_salt(_NOBODY, _LABEL, secrets.token_bytes(32))
        secret = keys.salt(_NOBODY, _LABEL)
        assert secret is not None
    return MatchKey(secret)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two customers are.

    Attributes:
        score: 0 to 100.
        reasons: What is alike: names of parts, never values.
    """

    score: int
    reasons: tuple[str, ...]

    @property
    def is_match(self) -> bool:
        """Whether a human should look at the two."""
        return self.score >= MATCH_AT


def traits(values: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Yield a customer's traits: kind and parts, for :meth:`MatchKey.trait`.

    Each survives some differences: a typo in one name, a move, names in the other order.
    """
    names = _names(values)
    birth = values.get("birth_date", "")
    home = plain(values.get("street", "")), plain(values.get("postal_code", ""))
    sounds = sorted({sound(name) for name in names if name})
    initials = "".join(sorted(name[:1] for name in names if name))
    if birth and initials:
        yield "birth and initials", birth, initials
    if len(sounds) > 1:
        yield "sounds of names", *sounds
    if birth:
        for each in sounds:
            yield "birth and a name", birth, each
    if all(home):
        for each in sounds:
            yield "home and a name", *home, each
    if birth and home[1]:
        yield "birth and postal code", birth, home[1]


def likeness(left: Mapping[str, str], right: Mapping[str, str]) -> Likeness:
    """Return how alike two customers are by name, birth date and address.

    A part that either lacks does not count; a birth date that is another one weighs most against.
    """
    parts = {
        "name": _names_alike(_names(left), _names(right)),
        "birth_date": _dates_alike(left.get("birth_date"), right.get("birth_date")),
        "address": _homes_alike(left, right),
    }
    known = {name: score for name, score in parts.items() if score is not None}
    if "name" not in known or len(known) < 2:
        return Likeness(0, ())
    weight = sum(_WEIGHTS[name] for name in known)
    score = round(sum(_WEIGHTS[name] * value for name, value in known.items()) / weight)
    if known["name"] < _UNLIKE:
        score = min(score, MATCH_AT - 1)  # two people in one house, born on one day
    return Likeness(score, tuple(name for name, value in known.items() if value >= MATCH_AT))


def names_contradict(left: Mapping[str, str], right: Mapping[str, str]) -> bool:
    """Return whether two customers bear names that no typo, nickname or order explains."""
    alike = _names_alike(_names(left), _names(right))
    return alike is not None and alike < _UNLIKE


def by_traits(agreeing: int) -> Likeness:
    """Return the likeness of a record and a profile that cannot be read, by traits that agree."""
    if agreeing < TRAITS_AT:
        return Likeness(0, ())
    return Likeness(min(MATCH_AT + 4 * (agreeing - TRAITS_AT), 95), ("traits",))


# --------------------------------------------------------------------------- parts


def _names(values: Mapping[str, str]) -> tuple[str, ...]:
    given, family = values.get("given_name", ""), values.get("family_name", "")
    whole = f"{given} {family}".strip() or values.get("name", "")
    return tuple(plain(whole).split())


def _names_alike(left: tuple[str, ...], right: tuple[str, ...]) -> float | None:
    """Return the likeness of two lists of names in any order: that of the least alike pair.

    Twins share all but one short name, so the whole must not outweigh that one.
    """
    from rapidfuzz import fuzz
    from rapidfuzz.distance import JaroWinkler

    if not left or not right:
        return None
    fewer, more = sorted((left, right), key=len)
    if len(fewer) < 2:
        return float(fuzz.token_sort_ratio(" ".join(left), " ".join(right)))
    return min(max(JaroWinkler.similarity(a, b) for b in more) for a in fewer) * 100


def _dates_alike(left: str | None, right: str | None) -> float | None:
    if not left or not right:
        return None
    if left == right:
        return 100.0
    if left[:4] == right[:4] and left[5:7] == right[8:] and left[8:] == right[5:7]:
        return 90.0  # day and month changed places
    differing = sum(a != b for a, b in zip(left, right, strict=False))
    return 70.0 if differing == 1 else 0.0


def _homes_alike(left: Mapping[str, str], right: Mapping[str, str]) -> float | None:
    from rapidfuzz import fuzz

    texts = [
        plain(" ".join(values.get(name, "") for name in ("street", "postal_code", "city")))
        for values in (left, right)
    ]
    if not all(texts):
        return None
    return float(fuzz.token_sort_ratio(*texts))


def plain(text: str) -> str:
    """Return a text's letters and digits in lower case, without accents: ``Käthe`` -> ``kathe``."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in letters if not unicodedata.combining(char))
    return re.sub(r"[\W_]+", " ", bare).strip()


_SOUNDS = (
    (re.compile(r"ph"), "f"),
    (re.compile(r"sch|sh|ch"), "s"),
    (re.compile(r"ck|[cqkg]"), "k"),
    (re.compile(r"dt|th|[dt]"), "t"),
    (re.compile(r"[vwf]"), "f"),
    (re.compile(r"[bp]"), "p"),
    (re.compile(r"[zsxß]"), "s"),
    (re.compile(r"[mn]"), "n"),
    (re.compile(r"[aeiouyhj ]"), ""),
    (re.compile(r"(.)\1+"), r"\1"),
)


def sound(name: str) -> str:
    """Return how a name sounds, roughly: ``schmidt`` and ``schmitt`` are one."""
    first, found = name[:1], name
    for pattern, sign in _SOUNDS:
        found = pattern.sub(sign, found)
    return found or first

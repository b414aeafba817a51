"""Putting hidden claims back in their places, and refusing whatever does not fit.

Source: RFC 9901, section 7.1, steps 3 to 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crmdapp.customers.credentials._json import decode
from crmdapp.customers.credentials.disclosures import (
    DIGEST,
    DIGESTS,
    HASH_NAME,
    HASHES,
    Disclosure,
    require_claim_name,
)
from crmdapp.customers.credentials.refusals import CredentialMalformed

DEPTH_MAX = 32
"""Deepest nesting of a credential once it is opened."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload in which hidden claims stand in their places again.

    Attributes:
        claims: The claims that can be read; no digest is left.
        places: Where the disclosures went, outer ones first, as JSON pointers.
    """

    claims: dict[str, Any] = field(repr=False)
    places: dict[str, Disclosure] = field(repr=False)


def open_payload(
    payload: Mapping[str, Any], disclosures: Sequence[Disclosure], hash_name: str
) -> Opened:
    """Return the claims of a payload that can be read with these disclosures.

    Args:
        payload: What the issuer signed.
        disclosures: Of hidden claims.
        hash_name: Hash function of the digests.

    Raises:
        CredentialMalformed: A disclosure is not referred to, or is of the wrong kind for its
            place; a digest stands there twice; a claim stands there already; SD-JWT's own names
            are used for anything else; the nesting is too deep.
    """
    opening = _Opening(disclosures, hash_name)
    claims = opening.object(payload, "", DEPTH_MAX)
    opening.require_all_used()
    return Opened(claims, opening.places)


class _Opening:
    def __init__(self, disclosures: Sequence[Disclosure], hash_name: str) -> None:
        self.places: dict[str, Disclosure] = {}
        self._size = len(HASHES[hash_name](b""))
        self._hidden = {item.digest(hash_name): item for item in disclosures}
        self._seen: set[str] = set()
        if len(self._hidden) != len(disclosures):
            raise CredentialMalformed("A disclosure stands there twice.")

    def require_all_used(self) -> None:
        if not self._hidden.keys() <= self._seen:
            raise CredentialMalformed("A disclosure belongs to no digest of the credential.")

    def value(self, value: Any, place: str, depth: int) -> Any:
        if depth == 0:
            raise CredentialMalformed(f"The credential is nested more than {DEPTH_MAX} deep.")
        if isinstance(value, Mapping):
            return self.object(value, place, depth)
        if isinstance(value, list):
            return self._array(value, place, depth)
        return value

    def object(self, members: Mapping[str, Any], place: str, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in members.items():
            if name == DIGESTS or (name == HASH_NAME and not place):
                continue
            require_claim_name(name)
            found[name] = self.value(value, _below(place, name), depth - 1)
        for text in self._digests(members):
            hidden = self._take(text)
            if hidden is None:
                continue
            if hidden.name is None:
                raise CredentialMalformed("A disclosure of an array's element stands in an object.")
            if hidden.name in found:
                raise CredentialMalformed("A disclosed claim stands there already.")
            inner = _below(place, hidden.name)
            self.places[inner] = hidden
            found[hidden.name] = self.value(hidden.value, inner, depth - 1)
        return found

    def _array(self, elements: list[Any], place: str, depth: int) -> list[Any]:
        found: list[Any] = []
        for number, element in enumerate(elements):
            inner = _below(place, str(number))
            if not isinstance(element, Mapping) or DIGEST not in element:
                found.append(self.value(element, inner, depth - 1))
                continue
            if len(element) != 1:
                raise CredentialMalformed("A digest in an array has company.")
            hidden = self._take(element[DIGEST])
            if hidden is None:
                continue
            if hidden.name is not None:
                raise CredentialMalformed("A disclosure of an object's claim stands in an array.")
            self.places[inner] = hidden
            found.append(self.value(hidden.value, inner, depth - 1))
        return found

    def _digests(self, members: Mapping[str, Any]) -> list[Any]:
        digests = members.get(DIGESTS, [])
        if not isinstance(digests, list):
            raise CredentialMalformed("The digests of an object are no array.")
        return digests

    def _take(self, text: Any) -> Disclosure | None:
        if not isinstance(text, str) or len(decode(text, "A digest")) != self._size:
            raise CredentialMalformed("A digest is none of the credential's hash function.")
        if text in self._seen:
            raise CredentialMalformed("A digest stands there twice.")
        self._seen.add(text)
        return self._hidden.get(text)


def _below(place: str, name: str) -> str:
    """Return a JSON pointer one step deeper (RFC 6901)."""
    return f"{place}/{name.replace('~', '~0').replace('/', '~1')}"

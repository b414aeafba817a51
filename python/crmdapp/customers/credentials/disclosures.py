"""Disclosures: one hidden claim each, and the digest that stands in its place.

Source: RFC 9901, sections 4.2 (disclosures, digests, decoys) and 7.1 (what to refuse).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crmdapp.customers.credentials._json import decode, encode, read, write
from crmdapp.customers.credentials.refusals import CredentialMalformed
from crmdapp.errors import UsageError

SHA_256 = "sha-256"

HASHES: Mapping[str, Callable[[bytes], bytes]] = {
    SHA_256: lambda data: hashlib.sha256(data).digest(),
    "sha-384": lambda data: hashlib.sha384(data).digest(),
    "sha-512": lambda data: hashlib.sha512(data).digest(),
}
"""Hash functions by their names in the IANA registry, all that are accepted here."""

SALT_BYTES = 16
"""Random bytes of a salt; RFC 9901, section 9.3, asks for 128 bits."""

DIGESTS = "_sd"
DIGEST = "..."
HASH_NAME = "_sd_alg"

RESERVED = frozenset({DIGESTS, DIGEST, HASH_NAME})
"""Names that mean something to SD-JWT and so cannot be names of claims."""

# Names in other scripts can be made to look like the ones a verifier asks for.
_NAME = re.compile(r"[!-~]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A hidden claim, opened.

    Attributes:
        text: The disclosure as it was issued, of which the digest is taken.
        name: The claim's name; ``None`` of an element of an array.
        value: The claim.
    """

    text: str = field(repr=False)
    name: str | None = field(repr=False)
    value: Any = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Disclosure:
        """Return the disclosure that a text is.

        Raises:
            CredentialMalformed: It is none, or has a name that no claim may have.
        """
        content = read(decode(text, "A disclosure"), "A disclosure")
        if not isinstance(content, list) or len(content) not in (2, 3):
            raise CredentialMalformed("A disclosure is no array of two or three elements.")
        if not isinstance(content[0], str):
            raise CredentialMalformed("A disclosure's salt is no string.")
        name = content[1] if len(content) == 3 else None
        if len(content) == 3:
            require_claim_name(name)
        return cls(text, name, content[-1])

    @classmethod
    def make(cls, value: Any, name: str | None = None) -> Disclosure:
        """Return the disclosure of a claim, with a fresh salt."""
        salt = encode(secrets.token_bytes(SALT_BYTES))
        content = [salt, value] if name is None else [salt, name, value]
        return cls(encode(write(content)), name, value)

    def digest(self, hash_name: str = SHA_256) -> str:
        """Return what stands in the claim's place."""
        return digest(self.text.encode(), hash_name)


def digest(data: bytes, hash_name: str = SHA_256) -> str:
    """Return a hash as base64url."""
    return encode(HASHES[hash_name](data))


def decoy(hash_name: str = SHA_256) -> str:
    """Return a digest of nothing, which nobody can tell from a real one."""
    return digest(secrets.token_bytes(32), hash_name)


def require_claim_name(name: object) -> str:
    """Return the name if a claim may have it: printable ASCII, and not one of SD-JWT's own.

    Raises:
        CredentialMalformed: It may not.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CredentialMalformed(
            "A claim's name is not printable ASCII.",
            why="Names in other scripts can look like the ones a verifier asks for.",
        )
    if name in RESERVED:
        raise CredentialMalformed("A disclosure bears a name that SD-JWT keeps for itself.")
    return name


def require_hash(payload: Mapping[str, Any]) -> str:
    """Return the name of the hash function that a payload's digests are made with.

    Raises:
        CredentialMalformed: It is unknown, or not deemed secure.
    """
    name = payload.get(HASH_NAME, SHA_256)
    if not isinstance(name, str) or name not in HASHES:
        raise CredentialMalformed("The credential's hash function is not accepted.")
    return name


# --------------------------------------------------------------------------- hiding


@dataclass(frozen=True, slots=True)
class Hidden:
    """A claim, or an element of an array, that its holder decides to show or not.

    Attributes:
        value: The claim; may hold hidden ones in turn.
    """

    value: Any = field(repr=False)


@dataclass(slots=True)
class Hider:
    """Puts digests in the place of hidden claims.

    Attributes:
        decoys: Digests of nothing added to each object and array that hides something.
        disclosures: What was hidden, inner claims before outer ones.
    """

    decoys: int = 0
    disclosures: list[Disclosure] = field(default_factory=list)

    def hide(self, value: Any) -> Any:
        """Return a value as it is signed.

        Raises:
            UsageError: A claim has a name that it may not have.
        """
        if isinstance(value, Mapping):
            return self._object(value)
        if isinstance(value, list | tuple):
            return self._array(value)
        if isinstance(value, Hidden):
            raise UsageError("Only members of objects and elements of arrays can be hidden.")
        return value

    def _object(self, members: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        digests: list[str] = []
        for name, value in members.items():
            _require_own_name(name)
            if isinstance(value, Hidden):
                digests.append(self._add(Disclosure.make(self.hide(value.value), name)))
            else:
                found[name] = self.hide(value)
        if digests:
            digests += [decoy() for _ in range(self.decoys)]
            found[DIGESTS] = sorted(digests)  # an order that says nothing about the claims'
        return found

    def _array(self, elements: list[Any] | tuple[Any, ...]) -> list[Any]:
        found: list[Any] = []
        for element in elements:
            if isinstance(element, Hidden):
                found.append({DIGEST: self._add(Disclosure.make(self.hide(element.value)))})
            else:
                found.append(self.hide(element))
        if any(isinstance(element, Hidden) for element in elements):
            for _ in range(self.decoys):
                found.insert(secrets.randbelow(len(found) + 1), {DIGEST: decoy()})
        return found

    def _add(self, disclosure: Disclosure) -> str:
        self.disclosures.append(disclosure)
        return disclosure.digest()


def _require_own_name(name: object) -> None:
    try:
        require_claim_name(name)
    except CredentialMalformed as problem:
        raise UsageError(problem.message, why=problem.why) from None

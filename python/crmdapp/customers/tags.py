"""Keyed tags: what the chain sees of an identifier.

A tag is 32 bytes that nobody can compute, or check a guess against, without the pepper (one
company) or without every member of a consortium: a plain hash of an e-mail address would fall to
a list of addresses in minutes. Whoever holds the pepper *can* try such lists; keep it in a file of
its own, away from the database, and let only the service that attests use it.

A tag names a generation: an erased profile leaves a tombstone under its tag, so the same person
registers anew under the next one. :func:`find` looks through them.

Source: RFC 2104 and FIPS 180-4 (HMAC-SHA-256).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from crmdapp.chain._secret_files import create_secret, read_secret
from crmdapp.chain._whole import require_whole
from crmdapp.customers.identifiers import Identifier
from crmdapp.customers.models import CustomerStatus, id_of
from crmdapp.errors import CrmdappError, KeyProblem, UsageError

TAG_LENGTH = 32
"""Bytes of a tag."""

PEPPER_LENGTH = 32
"""Bytes of a pepper."""

GENERATION_MAX = (1 << 32) - 1

SEARCH_MAX = 1000
"""Generations that a search goes through: nobody is erased that often."""

_TAG = b"crmdapp tag v1"
_FINGERPRINT = b"crmdapp pepper fingerprint v1"
_KIND = "pepper"


class PepperMissing(KeyProblem):
    """There is no pepper file where one was named: no tag can be computed."""


class PepperCorrupt(KeyProblem):
    """A pepper file is damaged, or is none."""


class GenerationsExhausted(CrmdappError):  # noqa: N818 - named for the problem
    """Every generation of a tag that was looked at is erased."""


class Tagger(Protocol):
    """Whatever computes tags: a pepper, or a consortium."""

    def tag(self, identifier: Identifier, generation: int = 0) -> bytes:
        """Return the tag of an identifier, 32 bytes.

        Args:
            identifier: In its normal form.
            generation: How often a profile of it has been erased, below 2^32.
        """
        ...


@dataclass(frozen=True, slots=True)
class PepperTagger:
    """Tags of one company: HMAC-SHA-256 under its pepper.

    Attributes:
        pepper: The key, 32 random bytes. Secret: left out of the representation.

    Raises:
        UsageError: It has another length.
    """

    pepper: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.pepper) != PEPPER_LENGTH:
            raise UsageError(f"A pepper has {PEPPER_LENGTH} bytes.")

    def tag(self, identifier: Identifier, generation: int = 0) -> bytes:
        """Return the tag of an identifier, 32 bytes; see :meth:`Tagger.tag`."""
        return hmac.digest(self.pepper, encode(_TAG, identifier, generation), hashlib.sha256)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that tell peppers apart and give nothing of them away."""
        return hmac.digest(self.pepper, _FINGERPRINT, hashlib.sha256)[:8].hex()


class PepperFile:
    """A pepper in a file of its own, mode 0600.

    While a rotation is under way the next pepper stands beside it, under the same name with
    ``.next``; see :mod:`crmdapp.customers.rotation`.
    """

    @staticmethod
    def create(path: Path) -> PepperTagger:
        """Write a fresh pepper to a new file and return its tagger.

        Raises:
            UsageError: There is such a file already, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        tagger = PepperTagger(secrets.token_bytes(PEPPER_LENGTH))
        create_secret(path, _KIND, tagger.pepper)
        return tagger

    @staticmethod
    def load(path: Path | str) -> PepperTagger:
        """Return the tagger of the pepper that is in force.

        Raises:
            PepperMissing: There is no such file.
            PepperCorrupt: It is no pepper file.
            PermissionDenied: It cannot be read, or others than its owner can read it.
            UsageError: A rotation is under way, and one pepper alone would miss customers.
        """
        tagger = read_pepper(path)  # first: of what cannot be read nothing else can be asked
        if next_path(path).exists():
            raise UsageError(
                f"The pepper {path} is being replaced.",
                why="Customers may be known under the old or under the new one.",
                hint="Ask both, with crmdapp.customers.rotation.open_taggers, or end the rotation.",
            )
        return tagger


def read_pepper(path: Path | str) -> PepperTagger:
    """Return the tagger of a pepper file, whatever stands beside it; see :class:`PepperFile`."""
    key = read_secret(Path(path), _KIND, missing=PepperMissing, corrupt=PepperCorrupt)
    return PepperTagger(key)


def next_path(path: Path | str) -> Path:
    """Return where the next pepper stands during a rotation."""
    return Path(f"{os.fspath(path)}.next")


def encode(domain: bytes, identifier: Identifier, generation: int | None) -> bytes:
    """Return an identifier as bytes that no other identifier, generation or domain gives.

    Args:
        domain: What the bytes are for.
        identifier: In its normal form.
        generation: Below 2^32; ``None`` to leave it out.

    Raises:
        UsageError: The generation is out of range.
    """
    parts = [domain, identifier.kind.encode(), identifier.value.encode()]
    if generation is not None:
        parts.append(require_whole("A generation", generation, GENERATION_MAX).to_bytes(4, "big"))
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


@dataclass(frozen=True, slots=True)
class TagSpace:
    """Where tags become ids: one scope of one registry.

    Attributes:
        chain_id: The chain's id.
        registry: Address of the CustomerRegistry.
        scope: The scope, below 2^24.
    """

    chain_id: int
    registry: str
    scope: int

    def id_of(self, tag: bytes) -> bytes:
        """Return the id of a tag, 32 bytes; the twin of ``CustomerRegistry.idOf``."""
        return id_of(self.chain_id, self.registry, self.scope, tag)


StatusOf = Callable[[bytes], CustomerStatus]
"""Status of the profile an id leads to, through link and merge; ``NONE`` if it is unknown."""


@dataclass(frozen=True, slots=True)
class FoundTag:
    """Where a search for an identifier ended.

    Attributes:
        tag: Its tag of the first generation that is not erased.
        id: The tag's id.
        generation: The generation.
        status: Of the profile the id leads to; ``NONE``: the id is free to register.
    """

    tag: bytes
    id: bytes
    generation: int
    status: CustomerStatus

    @property
    def is_known(self) -> bool:
        """Whether there is a profile."""
        return self.status is not CustomerStatus.NONE


def find(tagger: Tagger, identifier: Identifier, space: TagSpace, status_of: StatusOf) -> FoundTag:
    """Return the first generation of an identifier that is not erased.

    Args:
        tagger: Who computes tags.
        identifier: In its normal form.
        space: Where to look.
        status_of: Asked for one id after the other; must follow links and merges, so that the
            further tag of an erased profile counts as erased.

    Raises:
        GenerationsExhausted: :data:`SEARCH_MAX` generations are erased.
    """
    for generation in range(SEARCH_MAX):
        tag = tagger.tag(identifier, generation)
        found = space.id_of(tag)
        status = status_of(found)
        if status is not CustomerStatus.ERASED:
            return FoundTag(tag, found, generation, status)
    raise GenerationsExhausted(
        f"{SEARCH_MAX:,} profiles of this identifier are erased.",
        hint="Ask another node: this one may give false answers.",
    )

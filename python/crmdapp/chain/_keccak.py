"""Keccak-256, by the fastest library at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


def _choose() -> Callable[[bytes], bytes]:
    try:
        from sha3 import keccak_256  # type: ignore[import-untyped]  # a C module without stubs
    except ImportError:
        from eth_hash.auto import keccak as portable

        return portable.__call__

    def native(data: bytes) -> bytes:
        digest: bytes = keccak_256(data).digest()
        return digest

    return native


keccak: Callable[[bytes], bytes] = _choose()
"""``keccak(data) -> 32 bytes``; safe-pysha3 (C) where installed, else eth_hash's backend."""


class Hasher(Protocol):
    """Takes bytes piece by piece."""

    def update(self, data: bytes, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """Return the hash of all bytes taken, 32 bytes."""


def new_keccak() -> Hasher:
    """Return a hasher for what is too long to be held at once."""
    hasher: Hasher
    try:
        from sha3 import keccak_256
    except ImportError:
        from eth_hash.auto import keccak as portable

        hasher = portable.new(b"")
    else:
        hasher = keccak_256()
    return hasher

"""Sealing to a public key: whoever has it can write, only the private key can read.

HPKE in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. What is sealed is
bound to its place: where it belongs (chain, profile, field, version, key) goes into HPKE's
``info``, so a sealed value that was moved to another place does not open.

Source: RFC 9180, sections 4.1, 5.1.1 and 6.1 (single-shot, empty ``aad``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from crmdapp.store.errors import GranteeKeyInvalid, SealedInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.hpke import Suite

KEY_SIZE = 32
"""Bytes of an X25519 key, private or public."""

OVERHEAD = 48
"""Bytes that sealing adds: the sender's one-time public key (32) and the tag (16)."""

VALUE_MAX = 1 << 20
"""Most bytes of a field's value."""

PADDING = 32
"""A field's value is padded to a multiple of so many bytes: the size tells little about it."""

_PART_MAX = (1 << 32) - 1


# --------------------------------------------------------------------------- keys


def new_key() -> bytes:
    """Return a private key, 32 bytes of the system's randomness."""
    import secrets

    return secrets.token_bytes(KEY_SIZE)


def public_key(private_key: bytes) -> bytes:
    """Return the public key of a private key, 32 bytes each.

    Raises:
        GranteeKeyInvalid: It has another size. The message does not repeat it.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    if len(private_key) != KEY_SIZE:
        raise GranteeKeyInvalid(f"A private key has {KEY_SIZE} bytes, got {len(private_key)}.")
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def require_public_key(key: bytes) -> bytes:
    """Return a public key that data can be sealed to.

    Raises:
        GranteeKeyInvalid: It has not 32 bytes, or is a point of small order, to which everybody
            holds the key.
    """
    if not _is_usable(bytes(key)):
        raise _key_invalid()
    return bytes(key)


# --------------------------------------------------------------------------- sealing


def seal(public_key: bytes, plaintext: bytes, info: bytes) -> bytes:
    """Return ``plaintext`` sealed: the one-time public key (32 bytes), ciphertext, tag (16).

    Args:
        public_key: Whose private key shall open it, 32 bytes.
        plaintext: What is sealed.
        info: Where it belongs; opening takes the same bytes. Make it with :func:`context`.

    Raises:
        GranteeKeyInvalid: It is no public key that can be sealed to.
    """
    try:
        return _suite().encrypt(plaintext, _public(public_key), info)
    except ValueError:
        raise _key_invalid() from None


def open_(private_key: bytes, sealed: bytes, info: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        SealedInvalid: It does not open. There is one message for every cause, so that nothing is
            learnt from it.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    try:
        key = X25519PrivateKey.from_private_bytes(private_key)
        return _suite().decrypt(sealed, key, info)
    except (InvalidTag, ValueError):
        raise sealed_invalid() from None


def context(label: str, *parts: bytes | int | str) -> bytes:
    """Return parts as bytes that no other parts give: each with its length before it.

    Args:
        label: What the context is for; no two purposes share one.
        parts: Bytes, texts (UTF-8) or whole numbers 0 to 2^256 - 1 (32 bytes).
    """
    encoded = [label.encode(), *(_part(item) for item in parts)]
    return b"".join(len(item).to_bytes(4, "big") + item for item in encoded)


def key_id_of(profile: bytes, category: int, epoch: int, public_key: bytes) -> bytes:
    """Return the id of an epoch's key: 32 bytes that name profile, category, epoch and key."""
    return hashlib.sha256(
        context("crmdapp epoch key", profile, category, epoch, public_key)
    ).digest()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed field belongs.

    Attributes:
        chain_id: Chain of the registry.
        registry: Address of the consent registry.
        profile: Id of the customer, 32 bytes.
        field: Name of the field.
        category: Category of personal data, 0 to 255.
        version: Version of the field in the profile, from 1.
        key_id: Id of the key it is sealed to, which names the epoch.
    """

    chain_id: int
    registry: str
    profile: bytes
    field: str
    category: int
    version: int
    key_id: bytes

    def info(self) -> bytes:
        """Return the place as HPKE's ``info``."""
        return context(
            "crmdapp field",
            self.chain_id,
            bytes.fromhex(self.registry[2:]),
            self.profile,
            self.field,
            self.category,
            self.version,
            self.key_id,
        )


def seal_field(public_key: bytes, value: bytes, place: Place) -> bytes:
    """Return a field's value padded and sealed for its place.

    Raises:
        GranteeKeyInvalid: It is no public key that can be sealed to.
    """
    # ISO/IEC 7816-4: one marked byte, then zeros.
    padded = value + b"\x80" + bytes(-(len(value) + 1) % PADDING)
    return seal(public_key, padded, place.info())


def open_field(private_key: bytes, sealed: bytes, place: Place) -> bytes:
    """Return a field's value.

    Raises:
        SealedInvalid: It does not open, or is no padded value.
    """
    value, mark, zeros = open_(private_key, sealed, place.info()).rpartition(b"\x80")
    if not mark or zeros.strip(b"\0") or len(zeros) >= PADDING:
        raise sealed_invalid()
    return value


def sealed_invalid() -> SealedInvalid:
    """Return the one refusal of sealed data."""
    return SealedInvalid(
        "The sealed data does not open.",
        why="The key is another one, the data belongs elsewhere, or it was altered.",
        hint="Ask the customer's device for a wrap of this epoch; damaged data is in your backup.",
    )


# --------------------------------------------------------------------------- internals


@cache
def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@lru_cache(maxsize=1024)
def _is_usable(key: bytes) -> bool:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    try:
        # RFC 7748, section 6.1: a point of small order gives an all-zero secret, which is refused.
        X25519PrivateKey.generate().exchange(_public(key))
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _public(key: bytes) -> X25519PublicKey:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

    return X25519PublicKey.from_public_bytes(key)


def _part(item: bytes | int | str) -> bytes:
    if isinstance(item, int):
        return item.to_bytes(32, "big")
    part = item.encode() if isinstance(item, str) else bytes(item)
    assert len(part) <= _PART_MAX
    return part


def _key_invalid() -> GranteeKeyInvalid:
    return GranteeKeyInvalid(
        "This is no X25519 public key that data can be sealed to.",
        why="It has not 32 bytes, or is a point of small order.",
        hint="Ask its owner for the key again: crmdapp customers store status shows it.",
    )

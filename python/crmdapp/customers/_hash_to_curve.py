"""Hashing to P-256 and to its scalars: the suite P256_XMD:SHA-256_SSWU_RO_ of RFC 9380.

Not in constant time: how long it takes depends a little on what is hashed, and it runs only where
that is known in the clear.

Source: RFC 9380, sections 5.2, 5.3.1, 6.6.2 and 8.2.
"""

from __future__ import annotations

import hashlib

from crmdapp.customers._p256 import A, B, N, P, Point, add

_Z = P - 10
_EXPANDED = 48  # bytes per element: 128 bits more than the field, so that no value is favoured
_BLOCK = 64
_DIGEST = 32


def hash_to_curve(message: bytes, tag: bytes) -> Point | None:
    """Return the point of a message, ``None`` for the identity (which nobody can aim at).

    Args:
        message: What to hash.
        tag: Domain separation tag, 1 to 255 bytes.
    """
    uniform = expand_message(message, tag, 2 * _EXPANDED)
    first, second = uniform[:_EXPANDED], uniform[_EXPANDED:]
    return add(map_to_curve(_modulo(first, P)), map_to_curve(_modulo(second, P)))


def hash_to_scalar(message: bytes, tag: bytes) -> int:
    """Return the scalar of a message, 0 to N - 1; see :func:`hash_to_curve`."""
    return _modulo(expand_message(message, tag, _EXPANDED), N)


def expand_message(message: bytes, tag: bytes, length: int) -> bytes:
    """Return ``length`` uniform bytes (expand_message_xmd with SHA-256).

    Raises:
        ValueError: The tag has not 1 to 255 bytes, or more is asked for than 255 digests.
    """
    blocks = -(-length // _DIGEST)
    if not 0 < len(tag) <= 255 or not 0 < blocks <= 255:
        raise ValueError("the tag or the length is out of range")
    suffix = tag + bytes([len(tag)])
    seed = hashlib.sha256(
        bytes(_BLOCK) + message + length.to_bytes(2, "big") + b"\0" + suffix
    ).digest()
    digest, found = bytes(_DIGEST), b""
    for number in range(1, blocks + 1):
        mixed = bytes(one ^ other for one, other in zip(seed, digest, strict=True))
        digest = hashlib.sha256(mixed + bytes([number]) + suffix).digest()
        found += digest
    return found[:length]


def map_to_curve(element: int) -> Point:
    """Return the point of a field element (simplified SWU)."""
    shift = _Z * element * element % P
    divisor = (shift * shift + shift) % P
    if divisor:
        x = -B * pow(A, -1, P) * (1 + pow(divisor, -1, P)) % P
    else:
        x = B * pow(_Z * A, -1, P) % P
    y = _root(_right_side(x))
    if y is None:
        x = shift * x % P
        y = _root(_right_side(x))
        assert y is not None  # one of the two is a square
    return x, y if y & 1 == element & 1 else P - y


def _right_side(x: int) -> int:
    return (x * x * x + A * x + B) % P


def _root(square: int) -> int | None:
    root = pow(square, (P + 1) // 4, P)
    return root if root * root % P == square else None


def _modulo(data: bytes, order: int) -> int:
    return int.from_bytes(data, "big") % order

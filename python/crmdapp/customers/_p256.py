"""Points of the curve P-256 (secp256r1): multiplied by OpenSSL, added here.

OpenSSL multiplies in constant time but shows no more of the product of a point than its x
coordinate (that is what ECDH is). Two of those, of ``k * P`` and of ``(k + 1) * P``, determine y,
so a secret scalar never meets arithmetic written in Python: what is done here uses coordinates
that the result makes public anyway.

Source: SEC 1 v2.0 (encoding, sections 2.3.3 and 2.3.4); FIPS 186-4 D.1.2.3 (the curve); Brier and
Joye, "Weierstrass elliptic curves and side-channel attacks", PKC 2002 (y from two x).
"""

from __future__ import annotations

from crmdapp.errors import UsageError

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
"""Order of the field."""

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group, a prime: every point but the identity has it."""

A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
GENERATOR = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)

POINT_LENGTH = 33
"""Bytes of an encoded point, in compressed form."""

SCALAR_LENGTH = 32

Point = tuple[int, int]


class PointInvalid(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """Bytes are not the one encoding of a point of P-256 other than the identity."""


def encode(point: Point) -> bytes:
    """Return a point in its compressed form, 33 bytes."""
    x, y = point
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def decode(data: bytes) -> Point:
    """Return the point that 33 bytes encode.

    Raises:
        PointInvalid: Another form or length, x beyond the field, not on the curve, the identity.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if len(data) != POINT_LENGTH or data[0] not in (2, 3):
        raise PointInvalid(f"A point has {POINT_LENGTH} bytes, the first of them 02 or 03.")
    if int.from_bytes(data[1:], "big") >= P:
        raise PointInvalid("The coordinate of a point is beyond the field.")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        raise PointInvalid("The point is not on the curve P-256.") from None
    numbers = key.public_numbers()
    return numbers.x, numbers.y


def encode_scalar(scalar: int) -> bytes:
    """Return a scalar as 32 bytes, big-endian."""
    return scalar.to_bytes(SCALAR_LENGTH, "big")


def decode_scalar(data: bytes) -> int:
    """Return the scalar that 32 bytes encode.

    Raises:
        PointInvalid: It has another length, or is not below the order of the group.
    """
    scalar = int.from_bytes(data, "big")
    if len(data) != SCALAR_LENGTH or scalar >= N:
        raise PointInvalid("A scalar has 32 bytes and is below the order of the group.")
    return scalar


def multiply(scalar: int, point: Point) -> Point:
    """Return a multiple of a point, computed by OpenSSL in constant time.

    Args:
        scalar: 1 to N - 1.
        point: On the curve.

    Raises:
        ValueError: The scalar is out of range, or the point is not on the curve.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    if not 0 < scalar < N:
        raise ValueError("the scalar must be from 1 to N - 1")
    x, y = point
    curve = ec.SECP256R1()
    peer = ec.EllipticCurvePublicNumbers(x, y, curve).public_key()
    if scalar == N - 1:  # the next multiple is the identity, which has no coordinates
        return x, P - y
    here = _x_of(scalar, peer)
    following = _x_of(scalar + 1, peer)
    numerator = 2 * B + (A + x * here) * (x + here) - following * (x - here) ** 2
    return here, numerator * pow(2 * y, -1, P) % P


def multiply_base(scalar: int) -> Point:
    """Return a multiple of the generator, computed by OpenSSL in constant time.

    Raises:
        ValueError: The scalar is not from 1 to N - 1.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    numbers = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
    return numbers.x, numbers.y


def add(one: Point | None, other: Point | None) -> Point | None:
    """Return the sum of two points; ``None`` is the identity. Not in constant time."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 != x2:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    elif y1 == y2:  # y is never 0: the order of the group is odd
        slope = (3 * x1 * x1 + A) * pow(2 * y1, -1, P)
    else:
        return None
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def combine(*terms: tuple[int, Point | None]) -> Point | None:
    """Return the sum of multiples of points; scalars 0 to N - 1 that anybody may know."""
    total: Point | None = None
    for scalar, point in terms:
        if scalar and point is not None:
            total = add(total, multiply(scalar, point))
    return total


def _x_of(scalar: int, peer: object) -> int:
    from cryptography.hazmat.primitives.asymmetric import ec

    assert isinstance(peer, ec.EllipticCurvePublicKey)
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    return int.from_bytes(key.exchange(ec.ECDH(), peer), "big")

"""The group of the ballots: G1 of BLS12-381, of prime order r, written additively.

Points are those of py-arkworks-bls12381; scalars are Python integers from 0 to r - 1. On the wire
a point has 96 bytes, x then y, 48 bytes each, big-endian, affine and without flags; a scalar has
32 bytes, big-endian. Infinity is never a wire point.

Neither the library nor Python's integers run in constant time: who computes with a secret does so
on a machine that nobody else measures.

Source: draft-irtf-cfrg-pairing-friendly-curves section 4.2.1 (the curve); EIP-2537 (its
precompiles, whose padded encoding is this one with 16 zero bytes before each coordinate).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from py_arkworks_bls12381 import G1Point, Scalar

from crmdapp.ballots.faults import MessageMalformed, PointMalformed, ScalarMalformed

Point: TypeAlias = G1Point

ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""r, the order of the group."""

FIELD = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab",
    16,
)
"""p, the order of the field of the coordinates."""

G = G1Point()
"""The standard generator."""

IDENTITY = G1Point.identity()
"""The neutral element, infinity."""

LAMBDA = 0xD201000000010000**2 - 1
"""A cube root of 1 modulo r, of 128 bits: the square of the curve's parameter less 1."""

BETA = int(
    "1a0111ea397fe699ec02408663d4de85aa0d857d89759ad4897d29650fb85f9b409427eb4f49fffd8bfd00000000aaac",
    16,
)
"""The cube root of 1 modulo p that belongs to LAMBDA."""

COORDINATE_BYTES = 48
POINT_BYTES = 96
SCALAR_BYTES = 32

_INFINITY = bytes(POINT_BYTES)
_TABLES = 8


def decode_point(data: bytes, name: str = "point") -> Point:
    """Return the point in 96 bytes, checked to be in the group.

    Args:
        data: x || y, 48 bytes each, big-endian.
        name: What to call it if it is refused.

    Raises:
        PointMalformed: Another length, infinity, a coordinate not below p, off the curve, or
            outside the subgroup of order r.
    """
    _require_wire(data, name)
    try:
        return G1Point.from_xy_bytes_be(data)
    except ValueError:
        raise _not_in_group(name) from None


def decode_settled_point(data: bytes, name: str = "point") -> Point:
    """Return the point in 96 bytes whose subgroup the chain's multi-scalar precompile has checked.

    Thirty times as fast as :func:`decode_point`. Only for points that stand in a successful call of
    a contract that puts each of them through EIP-2537's MSM: nothing else may skip the check.

    Raises:
        PointMalformed: Another length, infinity, a coordinate not below p, or off the curve.
    """
    _require_wire(data, name)
    try:
        return G1Point.from_xy_bytes_unchecked_be(data)
    except ValueError:
        raise _not_in_group(name) from None


def encode_point(point: Point, name: str = "point") -> bytes:
    """Return the 96 bytes of a point.

    Raises:
        PointMalformed: It is infinity.
    """
    data = bytes(point.to_xy_bytes_be())
    if data == _INFINITY:
        raise PointMalformed(f"{name}: infinity is no point that can be sent.")
    return data


def decode_scalar(data: bytes, name: str = "scalar") -> int:
    """Return the scalar in 32 bytes, 0 to r - 1.

    Raises:
        ScalarMalformed: Another length, or not below r.
    """
    if len(data) != SCALAR_BYTES:
        raise ScalarMalformed(f"{name}: a scalar has {SCALAR_BYTES} bytes, got {len(data)}.")
    scalar = int.from_bytes(data, "big")
    if scalar >= ORDER:
        raise ScalarMalformed(
            f"{name}: the scalar is not below the group's order.",
            why="The precompile would reduce it, so that one proof had several encodings.",
        )
    return scalar


def encode_scalar(scalar: int) -> bytes:
    """Return the 32 bytes of a scalar.

    Raises:
        ScalarMalformed: It is not from 0 to r - 1.
    """
    if not 0 <= scalar < ORDER:
        raise ScalarMalformed("A scalar is from 0 to the group's order, exclusive.")
    return scalar.to_bytes(SCALAR_BYTES, "big")


def require_length(data: bytes, length: int, name: str) -> None:
    """Check the length of a message.

    Raises:
        MessageMalformed: It is another one.
    """
    if len(data) != length:
        raise MessageMalformed(f"A {name} has {length:,} bytes here, got {len(data):,}.")


def is_identity(point: Point) -> bool:
    """Return whether a point is infinity."""
    return bool(point == IDENTITY)


def multiply(point: Point, scalar: int) -> Point:
    """Return ``scalar`` times the point; the scalar may be any integer."""
    return point * native(scalar)


def multiply_base(scalar: int) -> Point:
    """Return ``scalar`` times G; the scalar may be any integer."""
    return fixed_base(G).multiply(scalar)


def msm(points: Sequence[Point], scalars: Sequence[int]) -> Point:
    """Return the sum of the points, each times its scalar (which may be any integer).

    Raises:
        ValueError: There are more of the one than of the other.
    """
    if len(points) != len(scalars):
        raise ValueError(f"{len(points)} points, but {len(scalars)} scalars")
    return G1Point.multiexp_unchecked(list(points), [native(scalar) for scalar in scalars])


def halved(points: Sequence[Point], scalars: Sequence[int]) -> tuple[list[Point], list[int]]:
    """Return twice as many points with scalars of 128 bits that give the same sum.

    The curve has an endomorphism (x, y) -> (BETA x, y), which multiplies the points of the group by
    LAMBDA. With s = high LAMBDA + low, both halves have 128 bits.

    Args:
        points: Of the group; for points outside the subgroup it would be another sum.
        scalars: One a point, any integers.

    Source: Gallant, Lambert, Vanstone, "Faster point multiplication on elliptic curves with
    efficient endomorphisms", CRYPTO 2001.
    """
    found: list[Point] = []
    halves: list[int] = []
    for point, scalar in zip(points, scalars, strict=True):
        high, low = divmod(scalar % ORDER, LAMBDA)
        found += (point, _endomorphism(point))
        halves += (low, high)
    return found, halves


def native(scalar: int) -> Scalar:
    """Return an integer as the library's scalar, reduced modulo r."""
    return Scalar.from_be_bytes((scalar % ORDER).to_bytes(SCALAR_BYTES, "big"))


class FixedBase:
    """Multiples of one point from a table: five times as fast, after 8 ms once.

    For points that many ballots share, G and K; 8,192 points, about 1.5 MB.
    """

    def __init__(self, base: Point) -> None:
        self._windows: list[list[Point]] = []
        for _ in range(SCALAR_BYTES):
            window = [IDENTITY]
            for _ in range(255):
                window.append(window[-1] + base)
            self._windows.append(window)
            base = window[-1] + base
        self._windows.reverse()

    def multiply(self, scalar: int) -> Point:
        """Return ``scalar`` times the base; the scalar may be any integer."""
        total = IDENTITY
        digits = (scalar % ORDER).to_bytes(SCALAR_BYTES, "big")
        for window, digit in zip(self._windows, digits, strict=True):
            total = total + window[digit]
        return total


def fixed_base(point: Point) -> FixedBase:
    """Return the table of a point; the last few are kept."""
    return _fixed_base(bytes(point.to_xy_bytes_be()))


@lru_cache(maxsize=_TABLES)
def _fixed_base(data: bytes) -> FixedBase:
    return FixedBase(G1Point.from_xy_bytes_unchecked_be(data))


def _endomorphism(point: Point) -> Point:
    data = bytes(point.to_xy_bytes_be())
    x = int.from_bytes(data[:COORDINATE_BYTES], "big") * BETA % FIELD
    return G1Point.from_xy_bytes_unchecked_be(
        x.to_bytes(COORDINATE_BYTES, "big") + data[COORDINATE_BYTES:]
    )


def _require_wire(data: bytes, name: str) -> None:
    if len(data) != POINT_BYTES:
        raise PointMalformed(f"{name}: a point has {POINT_BYTES} bytes, got {len(data)}.")
    if data == _INFINITY:
        raise PointMalformed(f"{name}: infinity is no point that can be sent.")


def _not_in_group(name: str) -> PointMalformed:
    return PointMalformed(
        f"{name}: the bytes are no point of the group.",
        why="A coordinate is not below the field's order, the point is off the curve, or it is"
        " outside the subgroup of prime order.",
    )

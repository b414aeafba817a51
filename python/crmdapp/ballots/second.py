"""A second verifier that shares no code with the first, for the auditor's sample.

It is written from the protocol's text with another library for the curve (py_ecc), another for
keccak (pycryptodome), its own reading of bytes, and no batching: every equation is computed as it
stands, G and K included. Where both implementations agree, a fault must be in both. It is some
hundred times slower, so it checks samples and small elections.

Source: as for :mod:`crmdapp.ballots.disjunction` and :mod:`crmdapp.ballots.proofs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from crmdapp.errors import UsageError, VerificationFailed

try:
    _keccak: Any = import_module("Crypto.Hash.keccak")
    _curve: Any = import_module("py_ecc.optimized_bls12_381")
except ImportError as problem:
    raise UsageError(
        "The second implementation needs py_ecc, which is not installed.",
        why=str(problem),
        hint="Install it with: pip install 'crmdapp[audit]'",
    ) from None

_G = _curve.G1
_R: int = _curve.curve_order
_P: int = _curve.field_modulus
_COORDINATE, _POINT, _SCALAR = 48, 96, 32


class SecondOpinion(VerificationFailed):
    """The second implementation refuses what it was asked to verify."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a ballot must look like.

    Attributes:
        options: k.
        bits: b of a Choice; 0 for a Vector.
        least: Fewest options of a Vector; 1 for a Choice.
        most: Most options of a Vector; 1 for a Choice.
    """

    options: int
    bits: int
    least: int = 1
    most: int = 1


def verify_ballot(form: Form, K: bytes, context: bytes, voter: str, body: bytes) -> None:
    """Verify one ballot.

    Args:
        form: What it must look like.
        K: The joint key, 96 bytes.
        context: CONTEXT, 32 bytes.
        voter: The voter's address.
        body: The ballot's body.

    Raises:
        SecondOpinion: It is malformed, or its proof does not hold.
    """
    reader = _Reader(body)
    place = context + bytes(12) + bytes.fromhex(voter[2:])
    if form.bits:
        exponents = [0] + [2 ** (form.bits * i) for i in range(form.options - 1)]
        pair = reader.points(2)
        _verify_branches("choice", place + _raw(pair), pair, exponents, K, reader)
    else:
        _verify_vector(form, K, place, body, reader)
    reader.require_end()


def verify_equality(
    name: str, context: Sequence[bytes], X: bytes, H: bytes, Y: bytes, proof: bytes
) -> None:
    """Verify that X to G and Y to H have the same logarithm.

    Args:
        name: The domain tag's name.
        context: Words that the proof is bound to, 32 bytes each.
        X: A point, 96 bytes.
        H: A point, 96 bytes.
        Y: A point, 96 bytes.
        proof: A1 || A2 || z, 224 bytes.

    Raises:
        SecondOpinion: It is malformed, or the proof does not hold.
    """
    reader = _Reader(X + H + Y + proof)
    x, h, y, a1, a2 = reader.points(5)
    z = reader.scalar()
    reader.require_end()
    hashed = b"".join(context) + _raw([x, h, y, a1, a2])
    c = _hash(name, hashed)
    if not (_same(_G, z, a1, c, x) and _same(h.value, z, a2, c, y)):
        _refuse(f"the proof '{name}' does not hold")


def verify_knowledge(name: str, context: Sequence[bytes], X: bytes, proof: bytes) -> None:
    """Verify that somebody knows the logarithm of X.

    Args:
        name: The domain tag's name.
        context: Words that the proof is bound to, 32 bytes each.
        X: A point, 96 bytes.
        proof: A || z, 128 bytes.

    Raises:
        SecondOpinion: It is malformed, or the proof does not hold.
    """
    reader = _Reader(X + proof)
    x, a = reader.points(2)
    z = reader.scalar()
    reader.require_end()
    if not _same(_G, z, a, _hash(name, b"".join(context) + _raw([x, a])), x):
        _refuse(f"the proof '{name}' does not hold")


@dataclass(frozen=True, slots=True)
class _Point:
    raw: bytes
    value: Any


class _Reader:
    """Takes points and scalars from bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def points(self, count: int) -> list[_Point]:
        return [_decode(self._take(_POINT)) for _ in range(count)]

    def scalar(self) -> int:
        value = int.from_bytes(self._take(_SCALAR), "big")
        if value >= _R:
            _refuse("a scalar is not below the order of the group")
        return value

    def require_end(self) -> None:
        if self._at != len(self._data):
            _refuse("bytes are left over")

    def _take(self, count: int) -> bytes:
        found = self._data[self._at : self._at + count]
        if len(found) != count:
            _refuse("bytes are missing")
        self._at += count
        return found


def _verify_vector(form: Form, K: bytes, place: bytes, body: bytes, reader: _Reader) -> None:
    width = 6 * _POINT + 3 * _SCALAR
    everything = b"".join(body[i * width : i * width + 2 * _POINT] for i in range(form.options))
    total: list[Any] = [_curve.Z1, _curve.Z1]
    for i in range(form.options):
        pair = reader.points(2)
        total = [_curve.add(one, point.value) for one, point in zip(total, pair, strict=True)]
        statement = place + i.to_bytes(32, "big") + everything
        _verify_branches("option", statement, pair, [0, 1], K, reader)
    sums = list(range(form.least, form.most + 1))
    summed = [_Point(b"", value) for value in total]
    _verify_branches("sum", place + everything, summed, sums, K, reader)


def _verify_branches(
    name: str,
    statement: bytes,
    pair: Sequence[_Point],
    exponents: Sequence[int],
    K: bytes,
    reader: _Reader,
) -> None:
    alpha, beta = pair
    key = _decode(K)
    commitments = reader.points(2 * len(exponents))
    c = [reader.scalar() for _ in exponents[1:]]
    z = [reader.scalar() for _ in exponents]
    c.append((_hash(name, statement + _raw(commitments)) - sum(c)) % _R)
    for i, e in enumerate(exponents):
        A, B = commitments[2 * i], commitments[2 * i + 1]
        shifted = _curve.add(beta.value, _curve.neg(_curve.multiply(_G, e % _R)))
        first = _same(_G, z[i], A, c[i], alpha)
        second = _same(key.value, z[i], B, c[i], _Point(b"", shifted))
        if not (first and second):
            _refuse(f"branch {i} of the proof '{name}' does not hold")


def _same(base: Any, z: int, commitment: _Point, c: int, point: _Point) -> bool:
    """Whether z base = commitment + c point."""
    right = _curve.add(commitment.value, _curve.multiply(point.value, c))
    return bool(_curve.eq(_curve.multiply(base, z), right))


def _decode(raw: bytes) -> _Point:
    x = int.from_bytes(raw[:_COORDINATE], "big")
    y = int.from_bytes(raw[_COORDINATE:], "big")
    if x >= _P or y >= _P or x == y == 0:
        _refuse("a coordinate is out of range, or the point is infinity")
    value = (_curve.FQ(x), _curve.FQ(y), _curve.FQ(1))
    if not _curve.is_on_curve(value, _curve.b):
        _refuse("a point is off the curve")
    if not _curve.is_inf(_curve.multiply(value, _R)):
        _refuse("a point is outside the subgroup")
    return _Point(raw, value)


def _hash(name: str, data: bytes) -> int:
    tag = _digest(b"crmdapp.ballots.v1." + name.encode())
    return int.from_bytes(_digest(tag + data), "big") % _R


def _digest(data: bytes) -> bytes:
    digest: bytes = _keccak.new(digest_bits=256, data=data).digest()
    return digest


def _raw(points: Sequence[_Point]) -> bytes:
    return b"".join(point.raw for point in points)


def _refuse(reason: str) -> NoReturn:
    raise SecondOpinion(f"The second implementation refuses it: {reason}.")

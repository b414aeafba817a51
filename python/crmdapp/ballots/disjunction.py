"""A proof that a ciphertext holds one of several numbers, without telling which.

For each candidate number e_i a branch (A_i, B_i, c_i, z_i) with::

    z_i G = A_i + c_i alpha
    z_i K = B_i + c_i (beta - e_i G)

and c_0 + ... + c_(k-1) = c = H(name, context..., ciphertexts, A_0, B_0, A_1, B_1, ...). Whoever
knows r makes the branch of the number honestly and simulates the others by choosing their c_i and
z_i first. The proof is sent in commitment form::

    A_0, B_0, ..., A_(k-1), B_(k-1) | c_0 .. c_(k-2) | z_0 .. z_(k-1)

The last challenge is what is left of c, and all equations are linear in the points, so that many
proofs can be checked in one multi-scalar multiplication (see :mod:`crmdapp.ballots.batches`).

Source: Cramer, Damgard, Schoenmakers, "Proofs of partial knowledge", CRYPTO 1994; Chaum and
Pedersen, CRYPTO 1992; Bernhard, Pereira, Warinschi, ASIACRYPT 2012 (what the hash must take).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crmdapp.ballots.group import (
    ORDER,
    POINT_BYTES,
    SCALAR_BYTES,
    Point,
    decode_scalar,
    encode_point,
    encode_scalar,
    fixed_base,
    multiply_base,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import challenge

PointReader = Callable[[bytes, str], Point]
"""Reads a point from 96 bytes; gets a name to call it by."""


@dataclass(frozen=True, slots=True)
class Disjunction:
    """A proof with k branches, as it was read.

    Attributes:
        A: Commitments to the base G, k points.
        B: Commitments to the base K, k points.
        c: Challenges, k scalars; their sum is the hash.
        z: Responses, k scalars.
    """

    A: tuple[Point, ...]
    B: tuple[Point, ...]
    c: tuple[int, ...]
    z: tuple[int, ...]


def disjunction_bytes(branches: int) -> int:
    """Return the length of a proof with so many branches."""
    return 2 * POINT_BYTES * branches + SCALAR_BYTES * (2 * branches - 1)


def prove(
    name: str,
    statement: bytes,
    K: Point,
    exponents: Sequence[int],
    secret: tuple[int, int],
    nonces: Nonces,
) -> bytes:
    """Prove that a ciphertext holds one of several numbers.

    Args:
        name: The domain tag's name.
        statement: All that the challenge takes before the commitments: context, voter, ciphertexts.
        K: The public key.
        exponents: The candidates e_i, one a branch.
        secret: Which of them it is, from 0, and the ciphertext's randomness.
        nonces: Where the proof's nonces come from.

    Returns:
        The proof, :func:`disjunction_bytes` of the number of branches.
    """
    real, r = secret
    drawn = statement + real.to_bytes(2, "big") + encode_scalar(r)
    to_K = fixed_base(K).multiply
    c = [0 if i == real else nonces.draw(f"{name} c", drawn) for i in range(len(exponents))]
    z = [0 if i == real else nonces.draw(f"{name} z", drawn) for i in range(len(exponents))]
    w = nonces.draw(f"{name} w", drawn)
    commitments = b""
    for i, e in enumerate(exponents):
        # With r at hand, z G - c alpha and z K - c (beta - e G) need no product with alpha or beta.
        step = w if i == real else (z[i] - c[i] * r) % ORDER
        A = multiply_base(step)
        B = to_K(step)
        if i != real:
            B = B + multiply_base(c[i] * (e - exponents[real]))
        commitments += encode_point(A) + encode_point(B)
    c[real] = (challenge(name, statement, commitments) - sum(c)) % ORDER
    z[real] = (w + c[real] * r) % ORDER
    return commitments + b"".join(map(encode_scalar, [*c[:-1], *z]))


def read(
    name: str, statement: bytes, branches: int, data: bytes, read_point: PointReader
) -> Disjunction:
    """Return the proof in bytes, with the last challenge computed; nothing is verified.

    Args:
        name: The domain tag's name.
        statement: All that the challenge takes before the commitments.
        branches: How many branches it has.
        data: The proof, of the length that :func:`disjunction_bytes` says.
        read_point: How to read a point.

    Raises:
        PointMalformed: A commitment is no point of the group.
        ScalarMalformed: A challenge or response is no scalar.
    """
    points = [data[at : at + POINT_BYTES] for at in _steps(0, 2 * branches, POINT_BYTES)]
    start = 2 * branches * POINT_BYTES
    scalars = [
        decode_scalar(data[at : at + SCALAR_BYTES], f"scalar {number} of the proof '{name}'")
        for number, at in enumerate(_steps(start, 2 * branches - 1, SCALAR_BYTES))
    ]
    c = scalars[: branches - 1]
    c.append((challenge(name, statement, data[:start]) - sum(c)) % ORDER)
    read_all = [
        read_point(point, f"commitment {number} of the proof '{name}'")
        for number, point in enumerate(points)
    ]
    return Disjunction(
        A=tuple(read_all[::2]),
        B=tuple(read_all[1::2]),
        c=tuple(c),
        z=tuple(scalars[branches - 1 :]),
    )


def _steps(start: int, count: int, width: int) -> range:
    return range(start, start + count * width, width)

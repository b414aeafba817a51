"""Two proofs about discrete logarithms, made non-interactive by strong Fiat-Shamir.

Knowledge of x in X = x G (Schnorr)::

    A = w G,  c = H(name, context..., X, A),  z = w + c x;   z G = A + c X

Equality of the logarithms of X to G and of Y to H (Chaum-Pedersen)::

    A1 = w G, A2 = w H, c = H(name, context..., X, H, Y, A1, A2), z = w + c x
    z G = A1 + c X  and  z H = A2 + c Y

Both are sent in commitment form: commitments and response, the challenge is recomputed.

Source: Schnorr, "Efficient signature generation by smart cards", J. Cryptology 4 (1991);
Chaum and Pedersen, "Wallet databases with observers", CRYPTO 1992.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdapp.ballots.faults import ProofRefused
from crmdapp.ballots.group import (
    ORDER,
    POINT_BYTES,
    SCALAR_BYTES,
    Point,
    decode_point,
    decode_scalar,
    encode_point,
    encode_scalar,
    msm,
    multiply,
    multiply_base,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import challenge

KNOWLEDGE_BYTES = POINT_BYTES + SCALAR_BYTES
EQUALITY_BYTES = 2 * POINT_BYTES + SCALAR_BYTES


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A proof that somebody knows the logarithm of a point.

    Attributes:
        A: The commitment.
        z: The response, 0 to r - 1.
    """

    A: Point
    z: int

    @classmethod
    def decode(cls, data: bytes) -> Knowledge:
        """Return the proof in 128 bytes, A || z.

        Raises:
            PointMalformed: A is no point of the group.
            ScalarMalformed: z is no scalar.
        """
        return cls(
            decode_point(data[:POINT_BYTES], "the proof's A"),
            decode_scalar(data[POINT_BYTES:], "the proof's z"),
        )

    def encode(self) -> bytes:
        """Return A || z, 128 bytes."""
        return encode_point(self.A) + encode_scalar(self.z)


@dataclass(frozen=True, slots=True)
class Equality:
    """A proof that two points have the same logarithm, each to its base.

    Attributes:
        A1: The commitment to the base G.
        A2: The commitment to the base H.
        z: The response, 0 to r - 1.
    """

    A1: Point
    A2: Point
    z: int

    @classmethod
    def decode(cls, data: bytes) -> Equality:
        """Return the proof in 224 bytes, A1 || A2 || z.

        Raises:
            PointMalformed: A commitment is no point of the group.
            ScalarMalformed: z is no scalar.
        """
        return cls(
            decode_point(data[:POINT_BYTES], "the proof's A1"),
            decode_point(data[POINT_BYTES : 2 * POINT_BYTES], "the proof's A2"),
            decode_scalar(data[2 * POINT_BYTES :], "the proof's z"),
        )

    def encode(self) -> bytes:
        """Return A1 || A2 || z, 224 bytes."""
        return encode_point(self.A1) + encode_point(self.A2) + encode_scalar(self.z)


def prove_knowledge(
    name: str, context: Sequence[bytes], x: int, X: Point, nonces: Nonces
) -> Knowledge:
    """Prove knowledge of the logarithm of a point.

    Args:
        name: The domain tag's name.
        context: Words that the proof is bound to, 32 bytes each.
        x: The logarithm, 1 to r - 1. Secret.
        X: x G.
        nonces: Where the proof's nonce comes from.
    """
    statement = [*context, encode_point(X)]
    w = nonces.draw(name, b"".join(statement))
    A = multiply_base(w)
    c = challenge(name, *statement, encode_point(A))
    return Knowledge(A, (w + c * x) % ORDER)


def verify_knowledge(name: str, context: Sequence[bytes], X: Point, proof: Knowledge) -> None:
    """Check a proof of knowledge of the logarithm of X; see :func:`prove_knowledge`.

    Raises:
        ProofRefused: It does not hold.
    """
    c = challenge(name, *context, encode_point(X), encode_point(proof.A))
    if multiply_base(proof.z) != proof.A + multiply(X, c):
        raise _refused(name)


def prove_equality(
    name: str, context: Sequence[bytes], x: int, bases: tuple[Point, Point, Point], nonces: Nonces
) -> Equality:
    """Prove that two points have the same logarithm.

    Args:
        name: The domain tag's name.
        context: Words that the proof is bound to, 32 bytes each.
        x: The logarithm, 1 to r - 1. Secret.
        bases: X = x G, then H, then Y = x H.
        nonces: Where the proof's nonce comes from.
    """
    statement = [*context, *map(encode_point, bases)]
    w = nonces.draw(name, b"".join(statement))
    A1, A2 = multiply_base(w), multiply(bases[1], w)
    c = challenge(name, *statement, encode_point(A1), encode_point(A2))
    return Equality(A1, A2, (w + c * x) % ORDER)


def verify_equality(
    name: str, context: Sequence[bytes], bases: tuple[Point, Point, Point], proof: Equality
) -> None:
    """Check a proof that X to G and Y to H have one logarithm; see :func:`prove_equality`.

    Raises:
        ProofRefused: It does not hold.
    """
    X, H, Y = bases
    commitments = (encode_point(proof.A1), encode_point(proof.A2))
    c = challenge(name, *context, *map(encode_point, bases), *commitments)
    first = multiply_base(proof.z) == proof.A1 + multiply(X, c)
    second = msm((H, Y), (proof.z, -c)) == proof.A2
    if not (first and second):
        raise _refused(name)


def _refused(name: str) -> ProofRefused:
    return ProofRefused(
        f"The proof '{name}' does not hold.",
        statement=name,
        why="It was made for other values, for another place, or without the secret.",
    )

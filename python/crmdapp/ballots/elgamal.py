"""Exponential ElGamal: a number in the exponent, so that ciphertexts can be added.

    alpha = r G,  beta = r K + m G

The sum of ciphertexts holds the sum of the numbers. To read it, take x alpha from beta (K = x G)
and find the number of the remaining multiple of G; that is feasible for small numbers alone, see
:mod:`crmdapp.ballots.decoding`.

Source: ElGamal, IEEE Trans. Information Theory 31 (1985); Cramer, Gennaro, Schoenmakers, "A secure
and optimally efficient multi-authority election scheme", EUROCRYPT 1997.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from crmdapp.ballots.group import (
    IDENTITY,
    POINT_BYTES,
    Point,
    decode_point,
    encode_point,
    fixed_base,
    multiply_base,
)

CIPHERTEXT_BYTES = 2 * POINT_BYTES


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """An encrypted number, or a sum of some.

    Attributes:
        alpha: r G.
        beta: r K + m G.
    """

    alpha: Point
    beta: Point

    @classmethod
    def decode(cls, data: bytes) -> Ciphertext:
        """Return the ciphertext in 192 bytes, alpha || beta.

        Raises:
            PointMalformed: One of them is no point of the group.
        """
        return cls(
            decode_point(data[:POINT_BYTES], "alpha"), decode_point(data[POINT_BYTES:], "beta")
        )

    def encode(self) -> bytes:
        """Return alpha || beta, 192 bytes.

        Raises:
            PointMalformed: One of them is infinity.
        """
        return encode_point(self.alpha, "alpha") + encode_point(self.beta, "beta")

    def __add__(self, other: Ciphertext) -> Ciphertext:
        return Ciphertext(self.alpha + other.alpha, self.beta + other.beta)


ZERO = Ciphertext(IDENTITY, IDENTITY)
"""The sum of no ciphertexts."""


def encrypt(K: Point, m: int, r: int) -> Ciphertext:
    """Encrypt a number.

    Args:
        K: The public key.
        m: The number, any integer; reduced modulo the group's order.
        r: The randomness, 1 to r - 1, used once. Secret.
    """
    return Ciphertext(multiply_base(r), fixed_base(K).multiply(r) + multiply_base(m))


def total(ciphertexts: Iterable[Ciphertext]) -> Ciphertext:
    """Return the sum of ciphertexts; of none, infinity twice."""
    found = ZERO
    for each in ciphertexts:
        found = found + each
    return found

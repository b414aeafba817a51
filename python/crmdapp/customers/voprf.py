"""A verifiable oblivious pseudorandom function: VOPRF(P-256, SHA-256) of RFC 9497.

A client learns the function of its input under a server's key; the server learns nothing of the
input, and proves that it used the key it has published. Nobody can compute the function alone.

    blinds = [blind(data) for data in inputs]                          # client
    evaluation = evaluate(key, [each.element for each in blinds])      # server
    outputs = finalize(public_key, blinds, evaluation)                 # client

What touches a secret: the server's key multiplies points in OpenSSL, in constant time (see
``_p256``); the one other thing it does is to enter the proof, in a sum of Python integers, which
are not constant-time. There a fresh random mask stands in for it, so what can be measured belongs
to numbers that are used once. The client's blinds are used once as well. Hashing an input to the
curve is not constant-time; whoever can measure it sits where the input is typed.

Source: RFC 9497, mode 0x01, suite P256-SHA256 (sections 2.2, 3.3.2, 4.3); RFC 9380.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from crmdapp.customers._hash_to_curve import hash_to_curve, hash_to_scalar
from crmdapp.customers._p256 import (
    GENERATOR,
    SCALAR_LENGTH,
    N,
    Point,
    PointInvalid,
    combine,
    decode,
    decode_scalar,
    encode,
    encode_scalar,
    multiply,
    multiply_base,
)
from crmdapp.errors import UsageError, VerificationFailed

__all__ = [
    "BATCH_MAX",
    "OUTPUT_LENGTH",
    "PROOF_LENGTH",
    "VERIFIABLE",
    "Blind",
    "Evaluation",
    "Oprf",
    "PointInvalid",
    "ProofInvalid",
    "ServerKey",
    "blind",
    "evaluate",
    "finalize",
    "is_key",
    "require_public_key",
]

INPUT_MAX = (1 << 16) - 1
"""Bytes of an input."""

BATCH_MAX = 1000
"""Elements under one proof, of this implementation; the RFC allows 2^16 - 1."""

PROOF_LENGTH = 64
OUTPUT_LENGTH = 32


class ProofInvalid(VerificationFailed):
    """A server's answer does not come from the key it has published."""


@dataclass(frozen=True, slots=True)
class ServerKey:
    """A server's key.

    Attributes:
        scalar: 1 to N - 1. Secret: left out of the representation.
        public_key: The point that belongs to it, 33 bytes.

    Raises:
        UsageError: The scalar is out of range.
    """

    scalar: int = field(repr=False)
    public_key: bytes = field(init=False)

    def __post_init__(self) -> None:
        if not is_key(self.scalar):
            raise UsageError("A server's key is from 1 to the order of the group, exclusive.")
        object.__setattr__(self, "public_key", encode(multiply_base(self.scalar)))

    @classmethod
    def new(cls) -> ServerKey:
        """Return a fresh key."""
        return cls(_random_scalar())


@dataclass(frozen=True, slots=True)
class Blind:
    """An input, hidden from the server.

    Attributes:
        data: The input. Left out of the representation.
        scalar: What hides it; secret, and used once.
        element: What the server gets, 33 bytes.
    """

    data: bytes = field(repr=False)
    scalar: int = field(repr=False)
    element: bytes


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A server's answer.

    Attributes:
        elements: One for each that was asked for, in their order, 33 bytes each.
        proof: That all of them come from the one key, 64 bytes.
    """

    elements: tuple[bytes, ...]
    proof: bytes


@dataclass(frozen=True, slots=True)
class Oprf:
    """What the modes of RFC 9497 share; they differ in their domain separation.

    Attributes:
        mode: 0 (OPRF) or 1 (VOPRF).
    """

    mode: int

    @property
    def context(self) -> bytes:
        """The RFC's contextString."""
        return b"OPRFV1-" + bytes([self.mode]) + b"-P256-SHA256"

    def scalar_of(self, message: bytes, prefix: bytes = b"HashToScalar-") -> int:
        """Return the scalar of a message, 0 to N - 1 (HashToScalar)."""
        return hash_to_scalar(message, prefix + self.context)

    def key_from(self, seed: bytes, info: bytes) -> ServerKey:
        """Return the key that belongs to a seed (DeriveKeyPair).

        Args:
            seed: 32 secret random bytes.
            info: What the key is for, at most 65,535 bytes.

        Raises:
            UsageError: The seed has another length.
        """
        if len(seed) != SCALAR_LENGTH:
            raise UsageError(f"The seed of a key has {SCALAR_LENGTH} bytes.")
        message = seed + _sized(info)
        for counter in range(256):
            scalar = self.scalar_of(message + bytes([counter]), b"DeriveKeyPair")
            if scalar:
                return ServerKey(scalar)
        raise UsageError("No key belongs to this seed.", hint="Draw another one.")

    def blind(self, data: bytes, scalar: int | None = None) -> Blind:
        """Hide an input from the server (Blind).

        Args:
            data: The input, at most :data:`INPUT_MAX` bytes.
            scalar: What hides it, 1 to N - 1; ``None`` for a fresh random one. Only test vectors
                have reason to name it.

        Raises:
            UsageError: The input is too long, or hashes to the identity.
        """
        if len(data) > INPUT_MAX:
            raise UsageError(f"An input has at most {INPUT_MAX:,} bytes.")
        point = hash_to_curve(data, b"HashToGroup-" + self.context)
        if point is None:
            raise UsageError("The input hashes to the identity and cannot be used.")
        chosen = _random_scalar() if scalar is None else scalar
        return Blind(data, chosen, encode(multiply(chosen, point)))

    def output_of(self, blinded: Blind, element: bytes) -> bytes:
        """Return the function's value, 32 bytes, from one evaluated element (Finalize).

        Whether the element comes from the right key is for the caller to know.

        Raises:
            PointInvalid: The element is no point.
        """
        unblinded = encode(multiply(pow(blinded.scalar, -1, N), decode(element)))
        return hashlib.sha256(_sized(blinded.data) + _sized(unblinded) + b"Finalize").digest()


VERIFIABLE = Oprf(1)
"""VOPRF, the mode this package uses."""


def blind(data: bytes) -> Blind:
    """Hide an input from the server; see :meth:`Oprf.blind`."""
    return VERIFIABLE.blind(data)


def evaluate(key: ServerKey, elements: Sequence[bytes], *, nonce: int | None = None) -> Evaluation:
    """Evaluate hidden inputs and prove it (BlindEvaluate).

    Args:
        key: The server's key.
        elements: 1 to :data:`BATCH_MAX`, 33 bytes each.
        nonce: The proof's random scalar, 1 to N - 1; ``None`` for a fresh one. Two proofs under
            one nonce give the key away: only test vectors have reason to name it.

    Raises:
        PointInvalid: An element is no point.
        UsageError: There are none or too many.
    """
    points = _points(elements)
    evaluated = [multiply(key.scalar, point) for point in points]
    drawn = _random_scalar() if nonce is None else nonce
    mean = _mean(_weights(key.public_key, points, evaluated), points)
    weighted = multiply(key.scalar, mean)
    c = _challenge(
        key.public_key,
        (mean, weighted, multiply_base(drawn), multiply(drawn, mean)),
    )
    # drawn - c * key, without the key in a product: mask + masked stands for it.
    mask = _random_scalar()
    masked = (key.scalar - mask) % N
    s = (drawn - c * masked - c * mask) % N
    return Evaluation(tuple(map(encode, evaluated)), encode_scalar(c) + encode_scalar(s))


def finalize(
    public_key: bytes, blinds: Sequence[Blind], evaluation: Evaluation
) -> tuple[bytes, ...]:
    """Return the function's values, 32 bytes each, after checking the proof (Finalize).

    Args:
        public_key: What the server has published, known beforehand; never from its answer.
        blinds: What was asked for, in the order it was asked for.
        evaluation: The server's answer.

    Raises:
        ProofInvalid: The answer does not come from that key, or not for these inputs.
        PointInvalid: The public key is no point.
        UsageError: There are no inputs, or too many.
    """
    decode(public_key)
    asked = _points([each.element for each in blinds])
    if not _is_proven(public_key, asked, evaluation):
        raise ProofInvalid(
            "The server's answer does not come from the key it has published.",
            hint="Use none of it, and ask the server's operator.",
        )
    return tuple(
        VERIFIABLE.output_of(blinded, element)
        for blinded, element in zip(blinds, evaluation.elements, strict=True)
    )


def is_key(scalar: int) -> bool:
    """Return whether a number can be a server's key."""
    return 0 < scalar < N


def require_public_key(public_key: bytes) -> None:
    """Check that 33 bytes can be a server's public key.

    Raises:
        PointInvalid: They are no point.
    """
    decode(public_key)


def _is_proven(public_key: bytes, asked: Sequence[Point], evaluation: Evaluation) -> bool:
    if len(evaluation.elements) != len(asked) or len(evaluation.proof) != PROOF_LENGTH:
        return False
    try:
        answered = [decode(element) for element in evaluation.elements]
        c = decode_scalar(evaluation.proof[:SCALAR_LENGTH])
        s = decode_scalar(evaluation.proof[SCALAR_LENGTH:])
        weights = _weights(public_key, asked, answered)
        mean, weighted = _mean(weights, asked), _mean(weights, answered)
    except PointInvalid:
        return False
    t2 = combine((s, GENERATOR), (c, decode(public_key)))
    t3 = combine((s, mean), (c, weighted))
    if t2 is None or t3 is None:
        return False
    return _challenge(public_key, (mean, weighted, t2, t3)) == c


def _weights(public_key: bytes, asked: Sequence[Point], answered: Sequence[Point]) -> list[int]:
    """What each pair counts in the one pair of sums that is proven (ComputeComposites)."""
    seed = hashlib.sha256(_sized(public_key) + _sized(b"Seed-" + VERIFIABLE.context)).digest()
    return [
        VERIFIABLE.scalar_of(
            _sized(seed)
            + number.to_bytes(2, "big")
            + _sized(encode(one))
            + _sized(encode(other))
            + b"Composite"
        )
        for number, (one, other) in enumerate(zip(asked, answered, strict=True))
    ]


def _mean(weights: Sequence[int], points: Sequence[Point]) -> Point:
    found = combine(*zip(weights, points, strict=True))
    if found is None:
        raise PointInvalid("The elements cancel each other out.")
    return found


def _challenge(public_key: bytes, points: Sequence[Point]) -> int:
    transcript = _sized(public_key) + b"".join(_sized(encode(point)) for point in points)
    return VERIFIABLE.scalar_of(transcript + b"Challenge")


def _points(elements: Sequence[bytes]) -> list[Point]:
    if not 0 < len(elements) <= BATCH_MAX:
        raise UsageError(f"One request is for 1 to {BATCH_MAX:,} elements, not {len(elements):,}.")
    return [decode(element) for element in elements]


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _random_scalar() -> int:
    return secrets.randbelow(N - 1) + 1

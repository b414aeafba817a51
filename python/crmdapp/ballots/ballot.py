"""A ballot's body, sealed by its voter or read from the record.

A body holds one or more ciphertexts and proofs over them. What they look like is the question's
affair (:mod:`crmdapp.ballots.choice`, :mod:`crmdapp.ballots.vector`); verifying is the same for
all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from crmdapp.ballots.disjunction import Disjunction, PointReader
from crmdapp.ballots.elgamal import Ciphertext, encrypt
from crmdapp.ballots.faults import BallotRefused
from crmdapp.ballots.group import Point, decode_point
from crmdapp.ballots.nonces import Nonces


@dataclass(frozen=True, slots=True)
class Opening:
    """What shows the vote in a ballot; a voter gives it out for a ballot that is challenged.

    Attributes:
        chosen: Options chosen, from 0. Secret.
        randomness: r of each ciphertext. Secret.
    """

    chosen: tuple[int, ...] = field(repr=False)
    randomness: tuple[int, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedBallot:
    """A ballot that a voter has just made.

    Attributes:
        body: What is sent.
        tracker: By which the voter finds it again, 32 bytes.
        opening: What shows the vote. Secret, left out of the representation.
    """

    body: bytes
    tracker: bytes
    opening: Opening = field(repr=False)


@dataclass(frozen=True, slots=True)
class Part:
    """One proof of a ballot, over the sum of some of its ciphertexts.

    Attributes:
        covers: Positions of the ciphertexts whose sum it is about.
        exponents: The candidate e_i of each branch.
        proof: The proof.
    """

    covers: tuple[int, ...]
    exponents: tuple[int, ...]
    proof: Disjunction


@dataclass(frozen=True, slots=True)
class Ballot:
    """A ballot as it was read; nothing but its form is checked.

    Attributes:
        voter: The voter's address.
        tracker: keccak256 of context, voter and body, 32 bytes.
        ciphertexts: One for a Choice, one an option for a Vector.
        parts: Its proofs, in the order in which their equations are weighed.
    """

    voter: str
    tracker: bytes
    ciphertexts: tuple[Ciphertext, ...]
    parts: tuple[Part, ...]


class Question(Protocol):
    """How the answers to one question are encrypted and proved."""

    @property
    def options(self) -> int:
        """How many options there are."""

    @property
    def body_bytes(self) -> int:
        """Length of a ballot's body."""

    def seal(
        self, K: Point, context: bytes, voter: str, chosen: tuple[int, ...], nonces: Nonces
    ) -> SealedBallot:
        """Encrypt and prove an answer."""

    def read(
        self, context: bytes, voter: str, body: bytes, read_point: PointReader = decode_point
    ) -> Ballot:
        """Return the ballot in a body; nothing but its form is checked."""

    def exponents_of(self, chosen: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number that each ciphertext of an answer holds."""


def check_opening(question: Question, K: Point, ballot: Ballot, opening: Opening) -> None:
    """Check that a challenged ballot holds what its opening says (Benaloh's challenge).

    Raises:
        BallotRefused: It holds something else: the device that made it cannot be trusted.
    """
    numbers = question.exponents_of(opening.chosen)
    claimed = tuple(encrypt(K, m, r) for m, r in zip(numbers, opening.randomness, strict=False))
    if len(opening.randomness) != len(ballot.ciphertexts) or claimed != ballot.ciphertexts:
        raise BallotRefused(
            "The challenged ballot does not hold the vote that the device says.",
            voter=ballot.voter,
            why="Encrypting the revealed vote with the revealed randomness gives another ballot.",
            hint="Do not vote with this device.",
        )


def require_length(question: Question, voter: str, body: bytes) -> None:
    """Check the length of a body.

    Raises:
        BallotRefused: It is another one.
    """
    if len(body) != question.body_bytes:
        raise BallotRefused(
            f"A ballot for this question has {question.body_bytes:,} bytes, got {len(body):,}.",
            voter=voter,
        )

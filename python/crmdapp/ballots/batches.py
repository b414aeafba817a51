"""Verifying ballots, one or thousands, in one multi-scalar multiplication.

Every equation of every ballot gets a weight of 128 bits, and the weighted sum of them all must be
infinity::

    sum of w (A + c alpha - z G)  +  sum of w' (B + c beta - c e G - z K)  =  infinity

Each *equation* has its own weight: with one a ballot, errors of a ballot's equations could cancel
each other out, and forgeries pass whose tally never decodes. The weights come from a hash of every
point and scalar of the batch, so nobody can choose a ballot after its weight.

The weights are those of the contract: seed = keccak256(CONTEXT || trackers); the word of branch n
of ballot m is keccak256(seed || m || n), its high half weighs the equation of A, its low half that
of B; m counts the ballots of the batch that are not skipped, n the branches of a ballot, both from
0.

Source: Bellare, Garay, Rabin, "Fast batch verification for modular exponentiation and digital
signatures", EUROCRYPT 1998 (the small exponents test).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crmdapp.ballots.ballot import Ballot, Question
from crmdapp.ballots.disjunction import PointReader
from crmdapp.ballots.faults import BallotRefused, BatchRefused
from crmdapp.ballots.group import (
    Point,
    decode_point,
    fixed_base,
    halved,
    is_identity,
    msm,
    multiply_base,
)
from crmdapp.ballots.transcripts import batch_seed, keccak, word

WEIGHT_BITS = 128

_HALVED_MOST = 16
"""Most points of ciphertexts that are worth halving the scalars for."""

_WEIGHT_MASK = (1 << WEIGHT_BITS) - 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A ballot of a batch.

    Attributes:
        voter: The voter's address.
        body: The ballot's body.
    """

    voter: str
    body: bytes


def weights(seed: bytes, number: int) -> Iterator[tuple[int, int]]:
    """Yield the weights of a ballot's equations, branch by branch without end.

    Args:
        seed: Of the batch, 32 bytes.
        number: The ballot's, among those that are not skipped, from 0.

    Yields:
        The weights of the equations of A and of B, 0 to 2^128 - 1 each.
    """
    start = seed + word(number)
    branch = 0
    while True:
        drawn = int.from_bytes(keccak(start + word(branch)), "big")
        yield drawn >> WEIGHT_BITS, drawn & _WEIGHT_MASK
        branch += 1


def verify(
    question: Question,
    K: Point,
    context: bytes,
    entry: Entry,
    read_point: PointReader = decode_point,
) -> Ballot:
    """Verify one ballot and return it.

    Args:
        question: What it answers.
        K: The joint key.
        context: CONTEXT, 32 bytes.
        entry: The ballot.
        read_point: How to read a point.

    Raises:
        BallotRefused: It is malformed, or its proof does not hold.
    """
    ballot = question.read(context, entry.voter, entry.body, read_point)
    if not holds(K, context, [ballot]):
        raise _unproven(ballot)
    return ballot


def verify_batch(
    question: Question,
    K: Point,
    context: bytes,
    entries: Sequence[Entry],
    read_point: PointReader = decode_point,
) -> list[Ballot]:
    """Verify a batch of ballots and return them; one bad ballot refuses them all.

    Args:
        question: What they answer.
        K: The joint key.
        context: CONTEXT, 32 bytes.
        entries: The ballots.
        read_point: How to read a point; :func:`crmdapp.ballots.group.decode_settled_point` for
            ballots that the chain has accepted.

    Raises:
        BatchRefused: Some are malformed or not proven; ``bad`` has their positions.
    """
    ballots: list[Ballot] = []
    faults: dict[int, str] = {}
    places: list[int] = []
    for place, entry in enumerate(entries):
        try:
            ballots.append(question.read(context, entry.voter, entry.body, read_point))
            places.append(place)
        except BallotRefused as problem:
            faults[place] = str(problem)
    for position in find_bad(K, context, ballots):
        faults[places[position]] = str(_unproven(ballots[position]))
    if faults:
        bad = tuple(sorted(faults))
        raise BatchRefused(
            f"{len(bad):,} of {len(entries):,} ballots cannot be counted.",
            bad=bad,
            reasons=tuple(faults[place] for place in bad),
            why=f"Ballot {bad[0]}: {faults[bad[0]]}",
            hint="Leave them out.",
        )
    return ballots


def find_bad(K: Point, context: bytes, ballots: Sequence[Ballot]) -> list[int]:
    """Return the positions of the ballots whose proofs do not hold, rising.

    A batch that fails is halved until single ballots are left: b bad ones among n cost about
    b log2(n / b) further multiplications.
    """
    pending = [(0, len(ballots))] if ballots else []
    bad: list[int] = []
    while pending:
        start, end = pending.pop()
        if holds(K, context, ballots[start:end]):
            continue
        if end - start == 1:
            bad.append(start)
            continue
        middle = (start + end) // 2
        pending += [(middle, end), (start, middle)]
    return bad


def holds(K: Point, context: bytes, ballots: Sequence[Ballot]) -> bool:
    """Return whether every equation of every ballot holds.

    Args:
        K: The joint key.
        context: CONTEXT, 32 bytes.
        ballots: As they were read.
    """
    seed = batch_seed(context, (ballot.tracker for ballot in ballots))
    weighed = _Sum()
    for number, ballot in enumerate(ballots):
        weighed.add(ballot, weights(seed, number))
    return weighed.is_infinity(K)


class _Sum:
    """The weighted sum of equations.

    Commitments come with weights of 128 bits, ciphertexts with full scalars. Two multiplications
    over points of one kind each take less time than one over both; for few points, one does with
    the full scalars halved.
    """

    def __init__(self) -> None:
        self._commitments: list[Point] = []
        self._small: list[int] = []
        self._ciphertexts: list[Point] = []
        self._full: list[int] = []
        self._on_G = 0
        self._on_K = 0

    def add(self, ballot: Ballot, drawn: Iterator[tuple[int, int]]) -> None:
        alphas = [0] * len(ballot.ciphertexts)
        betas = [0] * len(ballot.ciphertexts)
        for part in ballot.parts:
            on_alpha = on_beta = 0
            proof = part.proof
            for A, B, c, z, e in zip(
                proof.A, proof.B, proof.c, proof.z, part.exponents, strict=True
            ):
                first, second = next(drawn)
                self._commitments += (A, B)
                self._small += (first, second)
                on_alpha += first * c
                on_beta += second * c
                self._on_G -= first * z + second * c * e
                self._on_K -= second * z
            for position in part.covers:
                alphas[position] += on_alpha
                betas[position] += on_beta
        for ciphertext, on_alpha, on_beta in zip(ballot.ciphertexts, alphas, betas, strict=True):
            self._ciphertexts += (ciphertext.alpha, ciphertext.beta)
            self._full += (on_alpha, on_beta)

    def is_infinity(self, K: Point) -> bool:
        if len(self._ciphertexts) <= _HALVED_MOST:
            points, scalars = halved(self._ciphertexts, self._full)
            weighed = msm([*self._commitments, *points], [*self._small, *scalars])
        else:
            weighed = msm(self._commitments, self._small) + msm(self._ciphertexts, self._full)
        fixed = multiply_base(self._on_G) + fixed_base(K).multiply(self._on_K)
        return is_identity(weighed + fixed)


def _unproven(ballot: Ballot) -> BallotRefused:
    return BallotRefused(
        "The ballot's proof does not hold.",
        voter=ballot.voter,
        why="It was made for another question, key or voter, was changed, or holds no valid vote.",
    )

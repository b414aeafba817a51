"""Verifying all ballots of an election, on as many cores as there are.

Ballots go to the processes in pieces of some hundreds, each piece one multi-scalar multiplication
with weights of its own. Every point's subgroup is checked one by one: a random combination of
points would miss some outside of it, as the curve's cofactor is divisible by 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

from crmdapp.ballots.audit_case import Case, CountedBatch, Encoding, LinkBroken
from crmdapp.ballots.batches import Entry, verify_batch
from crmdapp.ballots.elgamal import Ciphertext, total
from crmdapp.ballots.faults import BatchRefused
from crmdapp.ballots.group import (
    IDENTITY,
    POINT_BYTES,
    Point,
    decode_point,
    decode_settled_point,
    encode_point,
    is_identity,
)
from crmdapp.errors import CrmdappError

PIECE = 400
"""Ballots of a piece, about: two seconds' work at most, and next to the most that pays."""

_POOL_FROM = 2 * PIECE
_AHEAD = 4

_INFINITY = bytes(POINT_BYTES)


class AuditProcessesLost(CrmdappError):  # noqa: N818 - named for the problem, as all errors
    """The processes that verify proofs did not come to an end; nothing is known of the proofs."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Batches of one question, one behind the other.

    Attributes:
        first: Number of the first of them among all batches.
        question: How its answers are encrypted.
        K: The joint key, 96 bytes.
        context: CONTEXT, 32 bytes.
        batches: Of each batch, voter and body of each ballot.
    """

    first: int
    question: Encoding
    K: bytes
    context: bytes
    batches: tuple[tuple[tuple[str, bytes], ...], ...]

    @property
    def ballots(self) -> int:
        """How many ballots there are in it."""
        return sum(map(len, self.batches))


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a piece.

    Attributes:
        sums: Of each batch the sums of the ciphertexts, alpha then beta, 96 bytes each.
        batch: Number of the first bad batch in the piece; -1 if all hold.
        ballot: Number of the bad ballot among those of the batch that count.
        reason: Why it is refused.
    """

    sums: tuple[tuple[bytes, ...], ...] = ()
    batch: int = -1
    ballot: int = 0
    reason: str = ""


def cores() -> int:
    """Return how many processes can work at once."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def verify_proofs(
    case: Case, workers: int, progress: Callable[[int, int], None] | None
) -> list[tuple[Ciphertext, ...]]:
    """Verify every ballot that counts, and return the sum of each ciphertext of each batch.

    Args:
        case: The case, up to its batches.
        workers: How many processes to use; with 1 all is done in this one.
        progress: Called now and then with the ballots that are verified, and all.

    Raises:
        LinkBroken: A ballot is malformed, or its proof does not hold: the first of them.
        AuditProcessesLost: A process was killed, or could not begin.
    """
    pieces = list(_pieces(case))
    everything = sum(piece.ballots for piece in pieces)
    found: list[_Outcome] = []
    done = 0
    is_small = everything < _POOL_FROM or workers <= 1
    for piece, outcome in zip(
        pieces, map(_verify, pieces) if is_small else _pooled(pieces, workers), strict=True
    ):
        if outcome.reason:
            _refuse(case.batches[piece.first + outcome.batch], outcome)
        found.append(outcome)
        done += piece.ballots
        if progress is not None:
            progress(done, everything)
    return [_ciphertexts(sums) for outcome in found for sums in outcome.sums]


def _pieces(case: Case) -> Iterator[_Piece]:
    """Yield the ballots in pieces; a piece has whole batches of one question."""
    K = encode_point(case.key.K) if case.batches else b""
    start = 0
    while start < len(case.batches):
        question, end, ballots = case.batches[start].question, start, 0
        while (
            end < len(case.batches) and ballots < PIECE and case.batches[end].question == question
        ):
            ballots += len(case.batches[end].ballots)
            end += 1
        yield _Piece(
            first=start,
            question=case.known.questions[question],
            K=K,
            context=case.contexts[question][0],
            batches=tuple(batch.ballots for batch in case.batches[start:end]),
        )
        start = end


def _pooled(pieces: list[_Piece], workers: int) -> Iterator[_Outcome]:
    """Yield the outcomes in the order of the pieces."""
    left = list(enumerate(pieces))[::-1]
    ready: dict[int, _Outcome] = {}
    running: dict[Future[_Outcome], int] = {}
    # A process that is forked from one with threads may hang in a lock that nobody opens.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            for wanted in range(len(pieces)):
                while wanted not in ready:
                    while left and len(running) < workers + _AHEAD:
                        number, piece = left.pop()
                        running[pool.submit(_verify, piece)] = number
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for each in done:
                        ready[running.pop(each)] = each.result()
                yield ready.pop(wanted)
        except BrokenProcessPool as problem:
            raise AuditProcessesLost(
                "The processes that verify proofs ended before their work did.",
                why=str(problem),
                hint="Use one process (workers=1, --workers 1). A program that calls the audit"
                " needs its main part below: if __name__ == '__main__'.",
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _verify(piece: _Piece) -> _Outcome:
    entries = [Entry(voter, body) for batch in piece.batches for voter, body in batch]
    try:
        ballots = verify_batch(piece.question, decode_point(piece.K), piece.context, entries)
    except BatchRefused as problem:
        number, place = problem.bad[0], 0
        while number >= len(piece.batches[place]):
            number -= len(piece.batches[place])
            place += 1
        return _Outcome(batch=place, ballot=number, reason=problem.reasons[0])
    sums: list[tuple[bytes, ...]] = []
    rest = iter(ballots)
    for batch in piece.batches:
        columns = zip(*(next(rest).ciphertexts for _ in batch), strict=True)
        summed = [total(column) for column in columns]
        sums.append(tuple(_wire(point) for each in summed for point in (each.alpha, each.beta)))
    return _Outcome(tuple(sums))


def _refuse(batch: CountedBatch, outcome: _Outcome) -> None:
    number = batch.numbers[outcome.ballot]
    voter = batch.ballots[outcome.ballot][0]
    raise LinkBroken(f"Ballot {number}, of {voter}: {outcome.reason}", batch.seen.place)


def _ciphertexts(sums: tuple[bytes, ...]) -> tuple[Ciphertext, ...]:
    points = [_point(data) for data in sums]
    return tuple(map(Ciphertext, points[::2], points[1::2]))


def _wire(point: Point) -> bytes:
    return _INFINITY if is_identity(point) else encode_point(point)


def _point(data: bytes) -> Point:
    # Sums of points whose subgroup was checked, computed here: they need no check of their own.
    return IDENTITY if data == _INFINITY else decode_settled_point(data)

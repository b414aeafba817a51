"""Making the ballots of a simulated election, some of them spoiled, in several processes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from crmdapp.ballots.ballot import Opening, SealedBallot
from crmdapp.ballots.ballot_intents import SignedBallot, sign_ballot
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.group import decode_point
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.simulation import SimulationPlan
from crmdapp.ballots.transcripts import tracker
from crmdapp.chain.typed_data import Domain

CHUNK = 250
"""Ballots that one process makes at a time."""

_NOTHING = Opening((), ())

KINDS = ("duplicate", "forged", "copied")


@dataclass(frozen=True, slots=True)
class BallotTask:
    """What a process needs to make ballots.

    Attributes:
        plan: The election.
        election: Its number.
        encoding: Of its question.
        K: The joint key, 96 bytes.
        context: CONTEXT, 32 bytes.
        domain: What voters sign for.
        deadline: Of all ballots, Unix seconds.
        numbers: The voters, first and last.
    """

    plan: SimulationPlan
    election: int
    encoding: Choice
    K: bytes
    context: bytes
    domain: Domain
    deadline: int
    numbers: tuple[int, int] = (0, 0)


def make_ballots(task: BallotTask) -> Iterator[list[SignedBallot]]:
    """Yield the ballots of the task's voters in order, so many at a time."""
    first, last = task.numbers
    parts = [replace(task, numbers=(at, min(at + CHUNK, last))) for at in range(first, last, CHUNK)]
    if task.plan.workers == 1:
        yield from map(make_some, parts)
        return
    # A process that is forked from one with threads may hang in a lock that nobody opens.
    with ProcessPoolExecutor(task.plan.workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(make_some, parts)


def make_some(task: BallotTask) -> list[SignedBallot]:
    """Return the ballots of a task's voters, sealed and signed."""
    return [
        _signed(task, number, _sealed(task, number, task.plan.vote(number)))
        for number in range(*task.numbers)
    ]


def spoil(task: BallotTask, number: int, kind: str, ballot: SignedBallot) -> SignedBallot:
    """Return a spoiled ballot of a voter.

    Args:
        task: The task.
        number: The voter.
        kind: One of :data:`KINDS`.
        ballot: A good ballot of another voter, to copy.
    """
    if kind == "duplicate":
        other = (task.plan.vote(number) + 1) % task.plan.options
        return _signed(task, number, _sealed(task, number, other))
    body = ballot.body
    if kind == "forged":
        own = _sealed(task, number, task.plan.vote(number)).body
        body = own[:-1] + bytes([own[-1] ^ 1])
    voter = task.plan.signer("voter", number).address
    copied = SealedBallot(body, tracker(task.context, voter, body), _NOTHING)
    return _signed(task, number, copied)


def _sealed(task: BallotTask, number: int, chosen: int) -> SealedBallot:
    voter = task.plan.signer("voter", number).address
    K = decode_point(task.K, "K")
    return task.encoding.seal(K, task.context, voter, (chosen,), Nonces.fresh())


def _signed(task: BallotTask, number: int, sealed: SealedBallot) -> SignedBallot:
    precinct, index = task.plan.place(number)
    return sign_ballot(
        task.plan.signer("voter", number),
        task.domain,
        election=task.election,
        question=0,
        precinct=precinct,
        index=index,
        tracker=sealed.tracker,
        body=sealed.body,
        deadline=task.deadline,
    )

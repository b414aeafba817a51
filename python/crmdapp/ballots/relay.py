"""The relayer: takes ballots that voters signed, and brings them to the box in batches.

Whoever relays pays the gas, can drop a ballot, and can change nothing of it: voters who are dropped
cast directly. Every ballot is verified before it is taken, because one that does not hold would
refuse its whole batch; what the box refuses all the same is parted from its batch by halving it, so
no ballot keeps another one back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.errors import (
    BallotCastAlready,
    BatchSumInfinite,
    BatchVotersDone,
    ElectionWasCancelled,
    VotingClosed,
    VotingNotOpen,
)
from crmdapp.ballots.events import BallotsCast
from crmdapp.ballots.record import BATCH_MAX, HEAD_BYTES
from crmdapp.ballots.relay_checks import RelayDesk, RelayDesks
from crmdapp.ballots.relay_journal import RelayBatch, RelayedBallot, RelayJournal
from crmdapp.ballots.vector import Vector
from crmdapp.ballots.voting_faults import RelayBallotRival, RelayRefused, RelayVoterDone
from crmdapp.errors import NodeLied, TransactionReverted, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.ballot_intents import SignedBallot
    from crmdapp.ballots.box import BoxClient
    from crmdapp.chain.transactions import Receipt, SentTransaction

BATCH_BALLOTS = 50
"""Ballots of a batch; more hardly save gas, and a batch that fails is halved."""

BATCH_GAS = 15_000_000
"""Most gas of a batch; a chain takes 16,777,216 of a transaction (EIP-7825)."""

MARGIN = 60
"""Seconds of its deadline that a ballot needs to have left."""

WINDOW = 4
"""Batches under way at a time."""

LOOK_BACK = 96
"""Blocks from the tip whose batches are looked for again: a reorganisation of 64, and a margin."""

_GAS_BATCH, _GAS_SUM = 200_000, 140_000
_GAS_BALLOT, _GAS_POINT, _GAS_BYTE = 32_000, 8_000, 16
_POINT_SHARE = 104
"""Bytes of a body for each of its points, less than there are."""


@dataclass(frozen=True, slots=True)
class RelayRound:
    """What one round of sending did.

    Attributes:
        counted: Ballots that the box counted.
        skipped: Ballots that it passed over, because their voters had voted.
        refused: Ballots that it refused.
        batches: Transactions that were mined.
        gas_used: Gas of them all.
    """

    counted: tuple[RelayedBallot, ...] = ()
    skipped: tuple[RelayedBallot, ...] = ()
    refused: tuple[RelayedBallot, ...] = ()
    batches: int = 0
    gas_used: int = 0


class Relay:
    """A relayer for one ballot box.

    Args:
        box: The box, with the account that sends.
        journal: Where ballots and batches are written first.
        most: Most ballots of a batch.
        margin: Seconds of its deadline that a ballot needs to have left.
        window: Batches under way at a time.

    Raises:
        UsageError: A setting is out of range.
    """

    def __init__(
        self,
        box: BoxClient,
        journal: RelayJournal,
        *,
        most: int = BATCH_BALLOTS,
        margin: int = MARGIN,
        window: int = WINDOW,
    ) -> None:
        if not 1 <= most <= BATCH_MAX or not 1 <= window <= 100 or margin < 0:
            raise UsageError(
                f"A batch has 1 to {BATCH_MAX} ballots, 1 to 100 are under way, and the margin is"
                " no negative time."
            )
        self.box = box
        self.journal = journal
        self._most, self._margin, self._window = most, margin, window
        self._desks = RelayDesks(box)

    @classmethod
    def with_journal(cls, box: BoxClient, path: Path | str, **settings: int) -> Self:
        """Return a relayer whose journal is a file; it is made if there is none."""
        connection = box.connection
        journal = RelayJournal(
            path,
            chain_id=connection.chain_id,
            genesis=connection.genesis_hash,
            box=box.contract.address,
        )
        return cls(box, journal, **settings)

    # ----------------------------------------------------------------- taking

    def take(self, ballot: SignedBallot) -> None:
        """Verify a ballot and write it down; it is sent by :meth:`work`.

        Raises:
            RelayRefused: It is not taken, by the class of its reason: ``RelayBallotForeign``,
                ``RelayBallotEarly``, ``RelayBallotLate``, ``RelayVoterUnknown``,
                ``RelaySignatureWrong``, ``RelayProofWrong``, ``RelayVoterDone``,
                ``RelayBallotRival``.
            NodeProblem: The node could not be asked, or lies; nothing was taken.
        """
        (refusal,) = self.take_many([ballot])
        if refusal is not None:
            raise refusal

    def take_many(self, ballots: Sequence[SignedBallot]) -> list[RelayRefused | None]:
        """Verify ballots, their proofs together, and write down those that hold.

        Returns:
            For each ballot why it is not taken; ``None`` for those that are.

        Raises:
            NodeProblem: The node could not be asked, or lies; nothing was taken.
        """
        refusals: list[RelayRefused | None] = [None] * len(ballots)
        wanted: dict[RelayDesk, list[int]] = {}
        for place, ballot in enumerate(ballots):
            try:
                wanted.setdefault(self._desks.of(ballot), []).append(place)
            except RelayRefused as problem:
                refusals[place] = problem
        now = self.box.connection.block_timestamp()
        for desk, places in wanted.items():
            self._check(desk, ballots, places, now, refusals)
        taken = [ballots[at] for at, refusal in enumerate(refusals) if refusal is None]
        going = iter(self.journal.take(taken))
        for place, ballot in enumerate(ballots):
            if refusals[place] is None and not next(going):
                refusals[place] = self._not_going(ballot)
        return refusals

    def _check(
        self,
        desk: RelayDesk,
        ballots: Sequence[SignedBallot],
        places: Sequence[int],
        now: int,
        refusals: list[RelayRefused | None],
    ) -> None:
        """Fill in the refusals of one question's ballots."""
        precincts = {ballots[place].intent.precinct for place in places}
        known = {each for each in precincts if each < desk.question.election.precincts}
        desk.look(known, self.box.connection.block_number())
        sound: list[int] = []
        for place in places:
            try:
                desk.require_acceptable(ballots[place], now, self._margin)
                self._require_no_rival(ballots[place])
                sound.append(place)
            except RelayRefused as problem:
                refusals[place] = problem
        for position, refusal in desk.refused_proofs([ballots[at] for at in sound]).items():
            refusals[sound[position]] = refusal

    def _require_no_rival(self, ballot: SignedBallot) -> None:
        intent = ballot.intent
        place = (intent.election, intent.question, intent.precinct)
        rival = self.journal.ballot_of(place, intent.index)
        if rival is not None and rival.tracker != ballot.tracker:
            raise _rival(ballot)

    def _not_going(self, ballot: SignedBallot) -> RelayRefused:
        known = self.journal.find(ballot.tracker)
        if known is not None and known.state == "counted":
            return RelayVoterDone("The ballot was counted.", tracker=ballot.tracker)
        return _rival(ballot)

    # ----------------------------------------------------------------- sending

    def work(self) -> RelayRound:
        """Put the ballots that wait into batches, send them, and wait until all are mined.

        Interrupted at any point, killed or by an error, and called again, it goes on: what was
        sent is looked for, what was not is sent, and nothing is sent twice. What a reorganisation
        has undone since is brought to the box again, so call this until the election's last block
        is beyond doubt.

        Raises:
            NodeProblem: The node cannot be asked, refuses (its pool may be full), or a batch is
                still pending; call again later.
            FundsMissing: The account cannot pay; call again once it can.
            VotingNotOpen: The node's time went back to before the election opened.
        """
        self._look_back()
        self.journal.form(self._sizes())
        queue, under_way = deque(self.journal.open_batches()), deque[_Sent]()
        done = _Tally()
        while queue or under_way:
            while queue and len(under_way) < self._window:
                batch = queue.popleft()
                try:
                    under_way.append((batch, self._send(batch)))
                except TransactionReverted as problem:
                    queue.extendleft(reversed(self._part(batch, problem, done)))
            if under_way:
                batch, sent = under_way.popleft()
                try:
                    self._settle(batch, self.box.sender.wait(sent), done)
                except TransactionReverted as problem:
                    queue.extendleft(reversed(self._part(batch, problem, done)))
        return done.round()

    def _look_back(self) -> None:
        """Open the batches again whose blocks are no longer part of the chain."""
        connection = self.box.connection
        since = connection.block_number() - LOOK_BACK
        for (number, known), batches in self.journal.mined_from(since).items():
            block = connection.block(number)
            if block is None or block["hash"] != known:
                self.journal.reopen(batches)

    def _sizes(self) -> dict[tuple[int, int], int]:
        waiting = {(each.election, each.question) for each in self.journal.ballots("waiting")}
        return {
            place: batch_size(self._desks.named(*place).question.encoding, self._most)
            for place in waiting
        }

    def _send(self, batch: RelayBatch) -> SentTransaction:
        place = (batch.election, batch.question, batch.precinct)
        call = self.box.contract.call("castBatch", *place, batch.data)
        encoding = self._desks.named(*place[:2]).question.encoding
        gas = batch_gas(encoding, len(batch.ballots))
        return self.box.sender.send(call, key=batch.key, gas=gas)

    def _settle(self, batch: RelayBatch, receipt: Receipt, done: _Tally) -> None:
        place = (batch.election, batch.question, batch.precinct)
        for event in receipt.events_of(BallotsCast):
            if (event.election, event.question, event.precinct) == place:
                break
        else:
            raise NodeLied(
                f"The receipt of {receipt.hash} does not tell of the ballots that it brought.",
                hint="Ask another node.",
            )
        self.journal.settle(batch, receipt, skipped=event.skipped)
        for position, ballot in enumerate(batch.ballots):
            passed = event.skipped >> position & 1
            done.note("skipped" if passed else "counted", ballot, "BallotCastAlready" * passed)
        done.batches += 1
        done.gas_used += receipt.gas_used

    def _part(
        self, batch: RelayBatch, problem: TransactionReverted, done: _Tally
    ) -> list[RelayBatch]:
        """Give up what the box refuses of a batch, and return batches of the rest."""
        everything = range(len(batch.ballots))
        if isinstance(problem, VotingNotOpen):
            raise problem
        if isinstance(problem, BatchVotersDone | BallotCastAlready):
            skipped = dict.fromkeys(everything, problem.code)
            for ballot in batch.ballots:
                done.note("skipped", ballot, problem.code)
            return self.journal.fail(batch, skipped, state="skipped")
        if isinstance(problem, BatchSumInfinite):
            # Its voters cancel each other out: one waits until there is a ballot beside theirs.
            last = {len(batch.ballots) - 1: problem.code}
            return self.journal.fail(batch, last, state="waiting")
        refused: dict[int, str] = {}
        if isinstance(problem, VotingClosed | ElectionWasCancelled) or len(batch.ballots) == 1:
            refused = dict.fromkeys(everything, problem.code)
        elif getattr(problem, "ballot", -1) in everything:
            refused = {problem.ballot: problem.code}  # type: ignore[attr-defined]  # of some twins
        for position, reason in refused.items():
            done.note("refused", batch.ballots[position], reason)
        return self.journal.fail(batch, refused)


_Sent = tuple["RelayBatch", "SentTransaction"]


class _Tally:
    """What happened in a round so far."""

    def __init__(self) -> None:
        self._found: dict[str, list[RelayedBallot]] = {}
        self.batches = self.gas_used = 0

    def note(self, state: str, ballot: RelayedBallot, reason: str) -> None:
        self._found.setdefault(state, []).append(replace(ballot, state=state, reason=reason))

    def round(self) -> RelayRound:
        found = {state: tuple(ballots) for state, ballots in self._found.items()}
        return RelayRound(
            found.get("counted", ()),
            found.get("skipped", ()),
            found.get("refused", ()),
            self.batches,
            self.gas_used,
        )


def batch_gas(encoding: Choice | Vector, ballots: int) -> int:
    """Return more gas than a batch of so many ballots takes."""
    sums = 1 if isinstance(encoding, Choice) else encoding.options
    return _GAS_BATCH + sums * _GAS_SUM + ballots * _ballot_gas(encoding)


def batch_size(encoding: Choice | Vector, most: int = BATCH_BALLOTS) -> int:
    """Return how many ballots of a question make a batch, as far as gas allows; at least 1."""
    room = BATCH_GAS - batch_gas(encoding, 0)
    return max(1, min(most, BATCH_MAX, room // _ballot_gas(encoding)))


def _ballot_gas(encoding: Choice | Vector) -> int:
    body = encoding.body_bytes
    points = body // _POINT_SHARE
    return _GAS_BALLOT + points * _GAS_POINT + (HEAD_BYTES + body) * _GAS_BYTE


def _rival(ballot: SignedBallot) -> RelayBallotRival:
    return RelayBallotRival(
        f"Another ballot of {ballot.voter} for this question is on its way.",
        tracker=ballot.tracker,
        why="Whichever came first would count.",
    )

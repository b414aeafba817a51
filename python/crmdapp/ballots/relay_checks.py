"""What a relayer checks of a ballot before it takes it, and what each refusal is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmdapp.ballots.batches import Entry, verify_batch
from crmdapp.ballots.bulletin import read_batches
from crmdapp.ballots.errors import QuestionNotPrepared
from crmdapp.ballots.faults import BatchRefused, CeremonyIncomplete
from crmdapp.ballots.open_questions import OpenQuestion, open_question
from crmdapp.ballots.voting_faults import (
    RelayBallotEarly,
    RelayBallotForeign,
    RelayBallotLate,
    RelayProofWrong,
    RelayRefused,
    RelaySignatureWrong,
    RelayVoterDone,
    RelayVoterUnknown,
)
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.errors import TransactionReverted, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.ballots.ballot_intents import SignedBallot
    from crmdapp.ballots.box import BoxClient

PROOFS_AT_ONCE = 250
"""Ballots whose proofs are verified together; a bad one among them costs some halvings."""


@dataclass(slots=True)
class _Voted:
    """Who has voted in a precinct, up to a block."""

    block: int = -1
    indices: set[int] = field(default_factory=set)


class RelayDesk:
    """What ballots of one question are checked against.

    Args:
        box: The ballot box.
        question: The question.
    """

    def __init__(self, box: BoxClient, question: OpenQuestion) -> None:
        self.question = question
        self._box = box
        self._voted: dict[int, _Voted] = {}

    def require_acceptable(self, ballot: SignedBallot, now: int, margin: int) -> None:
        """Check everything of a ballot but its proof.

        Args:
            ballot: The ballot.
            now: The chain's time, Unix seconds.
            margin: Seconds that are needed to bring it to the box.

        Raises:
            RelayRefused: By the class of its reason.
        """
        self._require_time(ballot, now, margin)
        self._require_place(ballot)
        try:
            ballot.require_sound(self.question.context)
        except (VerificationFailed, IntentSignatureInvalid) as problem:
            raise RelaySignatureWrong(
                str(problem), tracker=ballot.tracker, why=problem.why
            ) from None
        if self.has_voted(ballot.intent.precinct, ballot.intent.index):
            raise RelayVoterDone(
                f"{ballot.voter} has voted on this question.",
                tracker=ballot.tracker,
                why="A voter's first ballot counts; there is no second.",
            )

    def refused_proofs(self, ballots: Sequence[SignedBallot]) -> dict[int, RelayRefused]:
        """Return a refusal for each ballot whose proof does not hold, by its position."""
        found: dict[int, RelayRefused] = {}
        question = self.question
        for at in range(0, len(ballots), PROOFS_AT_ONCE):
            part = ballots[at : at + PROOFS_AT_ONCE]
            entries = [Entry(ballot.voter, ballot.body) for ballot in part]
            try:
                verify_batch(question.encoding, question.K, question.context, entries)
            except BatchRefused as problem:
                for place, reason in zip(problem.bad, problem.reasons, strict=True):
                    found[at + place] = RelayProofWrong(reason, tracker=part[place].tracker)
        return found

    def has_voted(self, precinct: int, index: int) -> bool:
        """Return whether a ballot of a voter was counted.

        From the batches in the chain's record, since asking for each voter would take longer than
        verifying the ballot; the box has the last word.
        """
        place = (self.question.election.number, self.question.number, precinct)
        seen = self._voted.get(precinct)
        return seen is not None and index in seen.indices and self._box.has_voted(*place, index)

    def look(self, precincts: set[int], block: int) -> None:
        """Read the batches that were cast up to a block."""
        for precinct in precincts:
            seen = self._voted.setdefault(precinct, _Voted())
            if block <= seen.block:
                continue
            for batch in read_batches(
                self._box, self.question, precinct, from_block=seen.block + 1, to_block=block
            ):
                seen.indices.update(ballot.index for ballot in batch.counted)
            seen.block = block

    def _require_time(self, ballot: SignedBallot, now: int, margin: int) -> None:
        windows = self.question.election.windows
        if now < windows.opens_at:
            raise RelayBallotEarly(
                f"Election {self.question.election.number} opens at {windows.opens_at}"
                " (Unix time).",
                tracker=ballot.tracker,
            )
        last = min(ballot.intent.deadline, windows.closes_at - 1)
        if now + margin > last:
            closed = now >= windows.closes_at
            raise RelayBallotLate(
                "The election has closed."
                if closed
                else f"The ballot counts until {last} (Unix time), which is too near or past.",
                tracker=ballot.tracker,
                why=f"The chain's time is {now}; bringing it there takes up to {margin} s.",
                hint="" if closed else "Cast it directly, or sign the same ballot for longer.",
            )

    def _require_place(self, ballot: SignedBallot) -> None:
        precinct, index = ballot.intent.precinct, ballot.intent.index
        if precinct >= self.question.election.precincts:
            raise RelayBallotForeign(
                f"Election {self.question.election.number} has no precinct {precinct}.",
                tracker=ballot.tracker,
            )
        voters = self.question.voters(precinct)
        if index >= len(voters) or voters[index] != ballot.voter:
            raise RelayVoterUnknown(
                f"{ballot.voter} is not voter {index} of precinct {precinct}.",
                tracker=ballot.tracker,
                why="The frozen roll has another voter there, or none.",
            )


class RelayDesks:
    """The desks of all questions, each opened when its first ballot comes.

    Args:
        box: The ballot box.
    """

    def __init__(self, box: BoxClient) -> None:
        self._box = box
        self._open: dict[tuple[int, int], RelayDesk] = {}

    def of(self, ballot: SignedBallot) -> RelayDesk:
        """Return the desk that a ballot belongs to.

        Raises:
            RelayBallotForeign: It is for another box or chain, or there is no such question.
            RelayBallotEarly: The question does not take ballots yet.
            NodeProblem: The node could not be asked, or lies.
        """
        if ballot.domain != self._box.domain:
            raise RelayBallotForeign(
                "The ballot is for another box or chain.",
                tracker=ballot.tracker,
                why=f"It is for {ballot.domain.verifying_contract} on chain"
                f" {ballot.domain.chain_id}.",
            )
        try:
            return self.named(ballot.intent.election, ballot.intent.question)
        except (QuestionNotPrepared, CeremonyIncomplete) as problem:
            raise RelayBallotEarly(
                "The question does not take ballots yet.", tracker=ballot.tracker, why=str(problem)
            ) from None
        except TransactionReverted as problem:
            raise RelayBallotForeign(
                "There is no such election or question.", tracker=ballot.tracker, why=str(problem)
            ) from None

    def named(self, election: int, question: int) -> RelayDesk:
        """Return the desk of a question."""
        place = (election, question)
        if place not in self._open:
            self._open[place] = RelayDesk(self._box, open_question(self._box, *place))
        return self._open[place]

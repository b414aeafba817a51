"""The bulletin board: batches from the index, and the trackers of their ballots from the chain.

The index has what the events say; ballots stand in the inputs of the transactions. A batch's
trackers are computed when somebody looks and kept, because a transaction never changes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from crmdapp.ballots.bulletin import read_batches
from crmdapp.ballots.open_questions import OpenQuestion, open_question
from crmdapp.errors import NodeLied

if TYPE_CHECKING:
    from crmdapp.ballots.box import BoxClient
    from crmdapp.store.index.ballots.states import Batch

KEPT_BATCHES = 2_000
KEPT_QUESTIONS = 64


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """A counted ballot on the bulletin.

    Attributes:
        tracker: 32 bytes.
        precinct: Its voter's.
        index: Its voter's within the precinct, from 0.
        voter: The voter's key.
    """

    tracker: bytes
    precinct: int
    index: int
    voter: str


class BulletinBoard:
    """The trackers of all batches that were asked for; for many threads.

    Args:
        box: Gives a client of the ballot box that remembers nothing: what a reorganisation undid
            is not believed any more.
    """

    def __init__(self, box: Callable[[], BoxClient]) -> None:
        self._box = box
        self._lock = Lock()
        self._entries: OrderedDict[tuple[str, int, bytes], tuple[BoardEntry, ...]] = OrderedDict()
        self._questions: OrderedDict[tuple[int, int], OpenQuestion] = OrderedDict()

    def question(self, election: int, question: int, context: bytes) -> OpenQuestion:
        """Return a question with its key, derived from the record of the ceremony.

        Args:
            election: The election.
            question: The question.
            context: CONTEXT as the index has it; empty if it is not known.

        Raises:
            CeremonyIncomplete: The trustees have made no key yet.
            QuestionUnknown: There is no such question.
            QuestionNotPrepared: It does not take ballots yet.
            NodeLied: The node serves another key or context.
        """
        place = (election, question)
        with self._lock:
            found = self._questions.get(place)
        if found is None or (context and found.context != context):
            found = open_question(self._box(), election, question)
            with self._lock:
                self._questions[place] = found
                while len(self._questions) > KEPT_QUESTIONS:
                    self._questions.popitem(last=False)
        return found

    def entries(self, election: int, batch: Batch, context: bytes) -> tuple[BoardEntry, ...]:
        """Return the ballots of a batch that count, in order.

        Args:
            election: The election.
            batch: As the index has it.
            context: CONTEXT of its question, as the index has it.

        Raises:
            NodeLied: The transaction's input does not hold them.
        """
        place = (batch.tx_hash, batch.block, batch.bulletin)
        with self._lock:
            if place in self._entries:
                self._entries.move_to_end(place)
                return self._entries[place]
        found = tuple(self._read(election, batch, context))
        with self._lock:
            self._entries[place] = found
            while len(self._entries) > KEPT_BATCHES:
                self._entries.popitem(last=False)
        return found

    def _read(self, election: int, batch: Batch, context: bytes) -> Sequence[BoardEntry]:
        asked = self.question(election, batch.question, context)
        voters = asked.voters(batch.precinct)
        recorded = read_batches(
            self._box(), asked, batch.precinct, from_block=batch.block, to_block=batch.block
        )
        for each in recorded:
            if (each.tx_hash, each.bulletin) == (batch.tx_hash, batch.bulletin):
                return [
                    BoardEntry(
                        asked.tracker(voters[ballot.index], ballot.body),
                        batch.precinct,
                        ballot.index,
                        voters[ballot.index],
                    )
                    for ballot in each.counted
                ]
        raise NodeLied(
            f"The node no longer gives the ballots of {batch.tx_hash}.",
            why="Its block may have been undone while it was read.",
            hint="Look again in a moment.",
        )

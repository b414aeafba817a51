"""The tally as anybody can read it: phases, groups, sums, shares, results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.ballots._client import BallotsClient
from crmdapp.ballots.box import BoxClient, read_sum
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.grouping import BallotGroup
from crmdapp.ballots.models import GroupResult, Phase, QuestionResult, VoidGround, indices_of
from crmdapp.ballots.transcripts import shares_context
from crmdapp.errors import NodeLied

if TYPE_CHECKING:
    from crmdapp.ballots.elgamal import Ciphertext
    from crmdapp.chain.decode import DecodedLog


@dataclass(frozen=True, slots=True)
class GroupSum:
    """A sum that trustees decrypt.

    Attributes:
        context: SHARES, 32 bytes, which shares of it are bound to.
        accumulator: The sum of all ballots of the group.
        ballots: How many they are.
    """

    context: bytes
    accumulator: Ciphertext
    ballots: int


class TallyReader(BallotsClient):
    """The results of all elections as anybody sees them; :class:`~.tally.TallyClient` sends too.

    A question is meant by the numbers of its election and its own; a group of precincts is numbered
    from 0.

    Source: contracts/ballots/ITally.sol.
    """

    CONTRACT = "Tally"

    @cached_property
    def box(self) -> BoxClient:
        """The ballot box whose ballots are counted."""
        return self._named(BoxClient, "BOX")

    # ----------------------------------------------------------------- looking

    def phase(self, election: int) -> Phase:
        """Return where an election is; Unknown if there is none of that number."""
        return Phase(self.contract.read("phaseOf", election))

    def question_phase(self, election: int, question: int) -> Phase:
        """Return where a question of an election that has closed is: Closed, Tallied or Void.

        Raises:
            QuestionNotClosed: The election has not closed, or was not held.
        """
        return Phase(self.contract.read("questionPhaseOf", election, question))

    def void_ground(self, election: int, question: int) -> VoidGround:
        """Return why a question stays without a result; NONE if nobody recorded that it does."""
        for log in self._events("QuestionVoided", election=election, question=question):
            event: Any = log.event
            return VoidGround(event.ground)
        return VoidGround.NONE

    def groups(self, election: int, question: int) -> tuple[BallotGroup, ...]:
        """Return the groups of a question that is closed.

        Raises:
            QuestionNotClosed: It is not.
            QuestionIsVoid: Too few voted, or too few trustees decrypted.
        """
        count = self.contract.read("groupCountOf", election, question)
        return tuple(
            BallotGroup(*self.contract.read("groupOf", election, question, group))
            for group in range(count)
        )

    def sums(self, election: int, question: int, group: int) -> tuple[GroupSum, ...]:
        """Return the sums of a group: one of a choice, one an option of a vector.

        Raises:
            GroupUnknown: There is no such group.
            QuestionNotClosed: The question is not closed.
            NodeLied: What shares are bound to is not what the sums give.
        """
        ballots = self.contract.read("groupOf", election, question, group)[2]
        encoding = self.box.question(election, question)
        options = 1 if isinstance(encoding, Choice) else encoding.options
        return tuple(
            self._sum(election, question, group, option, ballots) for option in range(options)
        )

    def _sum(self, election: int, question: int, group: int, option: int, ballots: int) -> GroupSum:
        place = (election, question, group, option)
        alpha, beta, stated = self.contract.read("sumOf", *place)
        context = shares_context(
            chain_id=self.connection.chain_id,
            tally=self.contract.address,
            election=election,
            question=question,
            group=group,
            option=option,
            A=alpha,
            B=beta,
            ballots=ballots,
        )
        if stated != context:
            raise NodeLied(
                f"The node misstates the sum of question {question}, group {group}.",
                why="Its hash is not that of the points and of the number of ballots.",
                hint="Ask another node.",
            )
        return GroupSum(context, read_sum(alpha, beta), ballots)

    def posted(self, election: int, question: int, group: int) -> tuple[int, ...]:
        """Return the indices of the trustees whose shares of a group were posted, rising."""
        return indices_of(self.contract.read("postedOf", election, question, group))

    def posted_shares(self, election: int, question: int, group: int) -> dict[int, bytes]:
        """Return the shares of a group that were posted, by trustee."""
        wanted = {"election": election, "question": question, "group": group}
        found: dict[int, bytes] = {}
        for log in self._events("SharesPosted", **wanted):
            event: Any = log.event
            found[event.index] = event.shares
        return found

    def is_tallied(self, election: int, question: int, group: int) -> bool:
        """Return whether the counts of a group are proved."""
        tallied: bool = self.contract.read("isTallied", election, question, group)
        return tallied

    def counts(self, election: int, question: int, group: int) -> tuple[int, ...]:
        """Return the votes for each option in a group.

        Raises:
            GroupNotTallied: They are not known.
        """
        return tuple(self.contract.read("countsOf", election, question, group))

    def totals(self, election: int, question: int) -> tuple[int, ...]:
        """Return the votes for each option of a question.

        Raises:
            QuestionNotTallied: Not all of its groups are tallied.
        """
        return tuple(self.contract.read("totalsOf", election, question))

    def result(self, election: int, question: int) -> QuestionResult:
        """Return what came out of a question, as far as it is known.

        Raises:
            QuestionNotClosed: The election has not closed, or was not held.
        """
        phase = self.question_phase(election, question)
        ballots = sum(self.box.counts(election, question))
        groups = () if phase is Phase.VOID else self._group_results(election, question)
        totals = self.totals(election, question) if phase is Phase.TALLIED else ()
        return QuestionResult(question, phase, ballots, groups, totals)

    def _group_results(self, election: int, question: int) -> tuple[GroupResult, ...]:
        if not self.is_closed(election, question):
            return ()
        return tuple(
            GroupResult(
                group,
                precincts,
                self.counts(election, question, group)
                if self.is_tallied(election, question, group)
                else (),
            )
            for group, precincts in enumerate(self.groups(election, question))
        )

    def is_closed(self, election: int, question: int) -> bool:
        """Return whether somebody formed the groups of a question, or found too few ballots."""
        names = ("QuestionClosed", "QuestionVoided")
        return any(
            True for name in names for _ in self._events(name, election=election, question=question)
        )

    # ----------------------------------------------------------------- events

    def events_of(
        self, name: str, election: int, *, to_block: int | str = "latest", **indexed: int
    ) -> Iterator[DecodedLog]:
        """Yield the events of one name of an election, in order."""
        return self._events(name, to_block, election=election, **indexed)

    def _events(
        self, name: str, to_block: int | str = "latest", **indexed: int
    ) -> Iterator[DecodedLog]:
        first = self.box.elections.created(indexed["election"]).block
        return self.events(name, from_block=first, to_block=to_block, **indexed)

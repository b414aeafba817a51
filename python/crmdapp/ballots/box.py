"""The ballot box from Python: prepare questions, cast ballots, look at what is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.ballots._client import BallotsClient
from crmdapp.ballots.ballot_intents import box_domain
from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.errors import QuestionUnknown
from crmdapp.ballots.group import IDENTITY, Point, decode_point
from crmdapp.ballots.record import NO_SIGNATURE, CastBallot, encode_batch
from crmdapp.ballots.roll import RollClient
from crmdapp.ballots.transcripts import ballot_context

if TYPE_CHECKING:
    from crmdapp.ballots.vector import Vector
    from crmdapp.chain.calls import Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain


class BoxClient(BallotsClient):
    """The ballots of all elections, seen and cast by one account.

    Source: contracts/ballots/IBallotBox.sol.
    """

    CONTRACT = "BallotBox"

    @cached_property
    def elections(self) -> ElectionsClient:
        """The elections whose ballots are cast here."""
        return self._named(ElectionsClient, "ELECTIONS")

    @cached_property
    def board(self) -> BoardClient:
        """The trustees whose keys the ballots are encrypted with."""
        return self._named(BoardClient, "BOARD")

    @cached_property
    def roll(self) -> RollClient:
        """The voters who may cast."""
        return self._named(RollClient, "ROLL")

    @cached_property
    def domain(self) -> Domain:
        """What voters sign for."""
        return box_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- sending

    def prepare(self, election: int, question: int, *, key: str | None = None) -> Receipt:
        """Let a question take ballots, once roll and key are final; anybody may.

        Raises:
            RollNotFrozen: The roll is not frozen.
            CeremonyNotFinal: There is no key.
            QuestionPreparedAlready: It was done before.
            ElectionHasOpened: It is too late.
            ElectionWasCancelled: The organiser called it off.
            QuestionUnknown: There is no such question.
        """
        return self.send(self.prepare_call(election, question), key=key)

    def prepare_call(self, election: int, question: int) -> Call:
        """Return the call of :meth:`prepare`, not sent."""
        return self.contract.call("prepare", election, question)

    def prepare_all(self, election: int) -> list[Receipt]:
        """Prepare the questions of an election that are not prepared yet."""
        questions = range(len(self.elections.election(election).questions))
        return [
            self.prepare(election, question)
            for question in questions
            if not self.is_prepared(election, question)
        ]

    def cast(
        self,
        election: int,
        question: int,
        precinct: int,
        index: int,
        body: bytes,
        *,
        key: str | None = None,
    ) -> Receipt:
        """Cast the sender's own ballot, without a relayer; it needs no signature.

        Args:
            election: The election.
            question: The question.
            precinct: The sender's.
            index: The sender's within the precinct.
            body: Ciphertexts and proofs.
            key: Idempotency key.

        Raises:
            BallotCastAlready: The sender has voted.
            BallotIndexInvalid: There is no such place on the roll.
            BallotSignatureInvalid: The sender is not the voter of that place.
            BatchProofsInvalid: The proofs do not hold.
            VotingNotOpen: It is too early.
            VotingClosed: It is too late.
        """
        return self.send(self.cast_call(election, question, precinct, index, body), key=key)

    def cast_call(
        self, election: int, question: int, precinct: int, index: int, body: bytes
    ) -> Call:
        """Return the call of :meth:`cast`, not sent."""
        ballot = CastBallot(index, 0, NO_SIGNATURE, body)
        return self.cast_batch_call(election, question, precinct, [ballot])

    def cast_batch(
        self,
        election: int,
        question: int,
        precinct: int,
        ballots: Sequence[CastBallot],
        *,
        key: str | None = None,
    ) -> Receipt:
        """Cast ballots that their voters signed; those of voters who have voted are passed over.

        Raises:
            BatchVotersDone: All of their voters have voted.
            BatchProofsInvalid: The proofs of one do not hold, so that none is counted.
            BallotSignatureInvalid: A voter did not sign.
            BallotExpired: A deadline is past.
            BallotIndexInvalid: There is no such place on the roll.
            BatchMalformed: There is none, there are too many, or two are of one voter.
            VotingNotOpen: It is too early.
            VotingClosed: It is too late.
        """
        return self.send(self.cast_batch_call(election, question, precinct, ballots), key=key)

    def cast_batch_call(
        self, election: int, question: int, precinct: int, ballots: Sequence[CastBallot]
    ) -> Call:
        """Return the call of :meth:`cast_batch`, not sent; the ballots are sorted by voter."""
        data = encode_batch(ballots)
        return self.contract.call("castBatch", election, question, precinct, data)

    # ----------------------------------------------------------------- looking

    def question(self, election: int, question: int) -> Choice | Vector:
        """Return how the answers to a question are encrypted.

        Raises:
            ElectionUnknown: There is no such election.
            QuestionUnknown: It has no such question.
        """
        questions = self.elections.election(election).questions
        if not 0 <= question < len(questions):
            raise QuestionUnknown(election, question)
        return questions[question]

    def question_context(self, election: int, question: int, K: bytes) -> bytes:
        """Return CONTEXT of a question, 32 bytes; computed here, not asked for.

        Args:
            election: The election.
            question: The question.
            K: The joint key, 96 bytes, as the ceremony's events give it.
        """
        return ballot_context(
            chain_id=self.connection.chain_id,
            box=self.contract.address,
            election=election,
            question=question,
            definition_hash=self.elections.election(election).definition_hash,
            K=K,
        )

    def context(self, election: int, question: int) -> bytes:
        """Return CONTEXT of a question as the box has it, 32 bytes.

        Raises:
            QuestionNotPrepared: It does not take ballots yet.
        """
        found: bytes = self.contract.read("contextOf", election, question)
        return found

    def is_prepared(self, election: int, question: int) -> bool:
        """Return whether a question can take ballots once its election is open."""
        prepared: bool = self.contract.read("isPrepared", election, question)
        return prepared

    def is_ready(self, election: int) -> bool:
        """Return whether every question of an election is prepared."""
        ready: bool = self.contract.read("isReady", election)
        return ready

    def has_voted(self, election: int, question: int, precinct: int, index: int) -> bool:
        """Return whether a voter's ballot was counted."""
        voted: bool = self.contract.read("hasVoted", election, question, precinct, index)
        return voted

    def count(
        self, election: int, question: int, precinct: int, *, block: int | str = "latest"
    ) -> int:
        """Return how many ballots of a precinct were counted."""
        count: int = self.contract.read("countOf", election, question, precinct, block=block)
        return count

    def counts(self, election: int, question: int) -> tuple[int, ...]:
        """Return how many ballots of each precinct were counted."""
        precincts = range(self.elections.election(election).precincts)
        return tuple(self.count(election, question, precinct) for precinct in precincts)

    def bulletin(
        self, election: int, question: int, precinct: int, *, block: int | str = "latest"
    ) -> bytes:
        """Return the hash that chains the trackers of a precinct, 28 bytes."""
        found: bytes = self.contract.read("bulletinOf", election, question, precinct, block=block)
        return found

    def sums(
        self, election: int, question: int, precinct: int, *, block: int | str = "latest"
    ) -> tuple[Ciphertext, ...]:
        """Return the sums of a precinct's ballots: one of a choice, one an option of a vector.

        Raises:
            PointMalformed: The node gave what is no point of the group.
        """
        encoding = self.question(election, question)
        count = 1 if isinstance(encoding, Choice) else encoding.options
        place = (election, question, precinct)
        return tuple(
            read_sum(*self.contract.read("sumOf", *place, option, block=block))
            for option in range(count)
        )

    # ----------------------------------------------------------------- events

    def prepared(self, election: int, **indexed: int) -> Iterator[DecodedLog]:
        """Yield the preparations of an election's questions."""
        first = self.elections.created(election).block
        return self.events("QuestionPrepared", from_block=first, election=election, **indexed)

    def batches(
        self, election: int, *, to_block: int | str = "latest", **indexed: int
    ) -> Iterator[DecodedLog]:
        """Yield the batches of ballots; ``question`` and ``precinct`` narrow them down."""
        first = self.elections.created(election).block
        return self.events(
            "BallotsCast", from_block=first, to_block=to_block, election=election, **indexed
        )


def read_sum(alpha: bytes, beta: bytes) -> Ciphertext:
    """Return a sum of ballots from its two points, 96 bytes each; 96 zeros are infinity.

    Raises:
        PointMalformed: One of them is no point of the group.
    """
    return Ciphertext(_read_point(alpha, "alpha"), _read_point(beta, "beta"))


def _read_point(data: bytes, name: str) -> Point:
    return decode_point(data, name) if any(data) else IDENTITY

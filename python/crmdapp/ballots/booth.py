"""The voter's side: seal a ballot, challenge it or cast it, and find it on the bulletin.

The voter seals a ballot and writes down its tracker, best on another device, *before* deciding what
becomes of it. Challenged, the ballot shows what it holds, so that the other device can check that
this one encrypted what it was told; it is then never signed, and the next one is made of fresh
randomness. Cast, it goes to the box, directly or through a relayer, and what opens it is forgotten.
A device that cheats does not know which of its ballots will be challenged.

Source: Benaloh, "Simple verifiable elections", EVT 2006; Adida, "Helios", USENIX Security 2008.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from crmdapp.ballots.ballot_intents import SignedBallot, sign_ballot
from crmdapp.ballots.booth_state import BallotPlace, BoothState, KeptBallot
from crmdapp.ballots.bulletin import BallotRecord, find_ballot
from crmdapp.ballots.challenges import ChallengedBallot
from crmdapp.ballots.errors import BallotCastAlready, VotingClosed
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.open_questions import OpenQuestion, RollPlace, open_question
from crmdapp.ballots.transcripts import address_word, keccak, tag
from crmdapp.ballots.voting_faults import BallotNotRecorded, BallotNotSealed
from crmdapp.chain.signed import unix_seconds
from crmdapp.errors import TransactionReverted, UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.box import BoxClient
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt, SentTransaction

_ALIVE = ("leased", "signed", "mined")


class Booth:
    """One voter's ballots in one box.

    Args:
        box: The box; with the voter's account for casting directly, without one for reading and
            for relayers. The account's journal tells what became of what was sent: it belongs to
            the state as long as an election lasts.
        signer: The voter's key.
        state: The file of this device's ballots.
    """

    def __init__(self, box: BoxClient, signer: Signer, state: BoothState) -> None:
        self.box = box
        self.state = state
        self._signer = signer
        self._questions: dict[tuple[int, int], OpenQuestion] = {}

    @property
    def voter(self) -> str:
        """The voter's address."""
        return self._signer.address

    def question(self, election: int, question: int) -> OpenQuestion:
        """Return a question with its key, derived from the record of the ceremony.

        Raises:
            CeremonyIncomplete: The trustees have made no key yet.
            QuestionUnknown: There is no such question.
            QuestionNotPrepared: It does not take ballots yet.
            NodeLied: The node serves another key or context.
        """
        place = (election, question)
        if place not in self._questions:
            self._questions[place] = open_question(self.box, election, question)
        return self._questions[place]

    def place(self, election: int, question: int) -> RollPlace:
        """Return the voter's place on the roll.

        Raises:
            VoterNotOnRoll: The voter has none.
            NodeLied: The node's roll does not come out at its hash.
        """
        return self.question(election, question).place_of(self.voter)

    # ----------------------------------------------------------------- sealing

    def seal(self, election: int, question: int, chosen: tuple[int, ...]) -> KeptBallot:
        """Encrypt and prove an answer; nothing is sent or signed.

        If a ballot with that answer is sealed and waits already, that one is returned.

        Args:
            election: The election.
            question: The question.
            chosen: Numbers of the options, from 0. Secret.

        Raises:
            UsageError: It is no answer to the question.
            BallotWaits: A ballot with another answer waits.
            BallotCastAlready: The voter has voted.
            VoterNotOnRoll: The voter may not vote.
        """
        asked = self.question(election, question)
        self._require_not_voted(asked)
        sealed = asked.encoding.seal(
            asked.K, asked.context, self.voter, chosen, self._nonces(asked)
        )
        return self.state.seal(self._key(asked), sealed)

    def waiting(self, election: int, question: int) -> KeptBallot | None:
        """Return the ballot that waits for the voter's decision; ``None`` if none does."""
        return self.state.waiting(self._key(self.question(election, question)))

    def discard(self, election: int, question: int) -> None:
        """Forget the ballot that waits; it was neither signed nor shown."""
        self.state.discard(self._key(self.question(election, question)))

    def challenge(
        self, election: int, question: int, tracker: bytes | None = None
    ) -> ChallengedBallot:
        """Show what a sealed ballot holds; it is never cast from then on.

        Args:
            election: The election.
            question: The question.
            tracker: The ballot's; the one that waits by default.

        Raises:
            BallotNotSealed: No such ballot waits.
        """
        asked = self.question(election, question)
        place = self._key(asked)
        if tracker is None:
            tracker = self._waiting(place).tracker
        ballot = self.state.challenge(place, tracker)
        assert ballot.opening is not None  # else the state refuses
        return ChallengedBallot(
            election, question, self.voter, tracker, ballot.body, ballot.opening
        )

    # ----------------------------------------------------------------- casting

    def sign(
        self,
        election: int,
        question: int,
        *,
        deadline: int | datetime,
        tracker: bytes | None = None,
    ) -> SignedBallot:
        """Decide to cast a sealed ballot, and sign it for a relayer.

        The same ballot may be signed again, for another relayer or a later deadline.

        Args:
            election: The election.
            question: The question.
            deadline: Last moment in which it may be counted: Unix seconds or an aware datetime, by
                the chain's time. The voter can cast nothing else until then.
            tracker: The ballot's; by default the one that waits, or else the last that was cast.

        Raises:
            BallotNotSealed: There is no such ballot.
            BallotChallenged: It was challenged.
            BallotOutstanding: Another one can still be counted.
            BallotCastAlready: The voter has voted.
            VotingClosed: It is too late.
            UsageError: The deadline is past.
        """
        asked = self.question(election, question)
        last = unix_seconds(deadline)
        now = self._now(asked)
        if last <= now:
            raise UsageError(
                f"The deadline {last} is past: the chain's time is {now} (Unix time).",
                hint="The chain's time counts, not this device's.",
            )
        ballot = self._cast(asked, tracker, deadline=last, now=now)
        at = asked.place_of(self.voter)
        return sign_ballot(
            self._signer,
            self.box.domain,
            election=election,
            question=question,
            precinct=at.precinct,
            index=at.index,
            tracker=ballot.tracker,
            body=ballot.body,
            deadline=last,
        )

    def cast(
        self,
        election: int,
        question: int,
        *,
        tracker: bytes | None = None,
        sent: Callable[[SentTransaction], None] | None = None,
    ) -> Receipt:
        """Decide to cast a sealed ballot, and send it to the box by the voter's own account.

        Interrupted at any point and called again, it sends the same ballot, once.

        Args:
            election: The election.
            question: The question.
            tracker: The ballot's; by default the one that waits, or else the last that was cast.
            sent: Called once the transaction is on its way.

        Raises:
            BallotNotSealed: There is no such ballot.
            BallotChallenged: It was challenged.
            BallotOutstanding: Another one can still be counted.
            BallotCastAlready: The voter has voted.
            VotingClosed: It is too late.
            VotingNotOpen: It is too early.
        """
        call, key = self.cast_call(election, question, tracker=tracker)
        sender = self.box.sender
        try:
            transaction = sender.send(call, key=key, again_if_reverted=True)
            if sent is not None:
                sent(transaction)
            return sender.wait(transaction)
        except TransactionReverted:
            self._release_lost(self.question(election, question))
            raise

    def cast_call(
        self, election: int, question: int, *, tracker: bytes | None = None
    ) -> tuple[Call, str]:
        """Decide to cast a sealed ballot; return the call that does it, and its idempotency key."""
        asked = self.question(election, question)
        ballot = self._cast(asked, tracker, direct=True, now=self._now(asked))
        return self.direct_call(election, question, ballot), _key_of(ballot.tracker)

    def direct_call(self, election: int, question: int, ballot: KeptBallot) -> Call:
        """Return the call that would cast a ballot; nothing is decided."""
        at = self.place(election, question)
        return self.box.cast_call(election, question, at.precinct, at.index, ballot.body)

    def chosen(self, election: int, question: int, tracker: bytes | None = None) -> KeptBallot:
        """Return the ballot that would be cast; nothing is decided.

        Args:
            election: The election.
            question: The question.
            tracker: The ballot's; by default the one that waits, or else the last that was cast.

        Raises:
            BallotNotSealed: There is no such ballot.
        """
        place = self._key(self.question(election, question))
        return self._chosen(place) if tracker is None else self.state.find(place, tracker)

    def was_sent(self, tracker: bytes) -> bool:
        """Return whether a transaction of the voter's brings a ballot, or brought it."""
        return self.box.was_sent(_key_of(tracker))

    def check(self, election: int, question: int, tracker: bytes) -> BallotRecord:
        """Find a ballot on the bulletin of the voter's precinct, which is recomputed.

        Raises:
            BallotNotRecorded: It was not counted.
            NodeLied: The node leaves ballots out, or gives others than were counted.
        """
        asked = self.question(election, question)
        return find_ballot(self.box, asked, asked.place_of(self.voter).precinct, tracker)

    # ----------------------------------------------------------------- inside

    def _cast(
        self,
        asked: OpenQuestion,
        tracker: bytes | None,
        *,
        now: int,
        deadline: int = 0,
        direct: bool = False,
    ) -> KeptBallot:
        self._require_not_voted(asked)
        self._release_lost(asked)
        place = self._key(asked)
        if tracker is None:
            tracker = self._chosen(place).tracker
        return self.state.cast(place, tracker, deadline=deadline, direct=direct, now=now)

    def _chosen(self, place: BallotPlace) -> KeptBallot:
        """Return the ballot that waits, or else the last that was cast: the one to go on with."""
        waiting = self.state.waiting(place)
        if waiting is not None:
            return waiting
        cast = self.state.cast_ballots(place)
        return cast[-1] if cast else self._waiting(place)

    def _waiting(self, place: BallotPlace) -> KeptBallot:
        found = self.state.waiting(place)
        if found is None:
            raise BallotNotSealed(
                "No ballot for this question is sealed.",
                hint="Seal one first, and write down its tracker before you decide.",
            )
        return found

    def _release_lost(self, asked: OpenQuestion) -> None:
        """Note which ballots no transaction of the voter's can bring any more."""
        place = self._key(asked)
        for ballot in self.state.cast_ballots(place):
            if ballot.is_direct and not self._can_arrive(ballot.tracker):
                self.state.release(place, ballot.tracker)

    def _can_arrive(self, tracker: bytes) -> bool:
        try:
            sender = self.box.sender
        except UsageError:
            return True  # whether it was sent is in the journal of an account that is not here
        try:
            return sender.status(_key_of(tracker)).state in _ALIVE
        except UsageError:
            return False  # it was never signed

    def _require_not_voted(self, asked: OpenQuestion) -> None:
        at = asked.place_of(self.voter)
        if self.box.has_voted(asked.election.number, asked.number, at.precinct, at.index):
            raise BallotCastAlready(self.voter)

    def _now(self, asked: OpenQuestion) -> int:
        now = self.box.connection.block_timestamp()
        if now >= asked.election.windows.closes_at:
            raise VotingClosed(asked.election.number, asked.election.windows.closes_at)
        return now

    def _key(self, asked: OpenQuestion) -> BallotPlace:
        return BallotPlace(asked.context, self.voter)

    def _nonces(self, asked: OpenQuestion) -> Nonces:
        """Nonces of a secret that only the voter's key can make, hedged by fresh randomness."""
        statement = keccak(tag("booth-nonces") + asked.context + address_word(self.voter))
        return Nonces(self._signer.sign_digest(statement))


def check_tracker(box: BoxClient, election: int, question: int, tracker: bytes) -> BallotRecord:
    """Find a ballot on the bulletins of all precincts; needs nobody's key.

    Raises:
        BallotNotRecorded: It was not counted.
        NodeLied: The node leaves ballots out, or gives others than were counted.
    """
    asked = open_question(box, election, question)
    last: BallotNotRecorded | None = None
    for precinct in range(asked.election.precincts):
        try:
            return find_ballot(box, asked, precinct, tracker)
        except BallotNotRecorded as problem:
            last = problem
    assert last is not None  # an election has a precinct
    if asked.election.precincts > 1:
        last.why = "The ballots of all precincts are there; it is none of them."
    raise last


def _key_of(tracker: bytes) -> str:
    """The idempotency key under which a voter sends a ballot."""
    return f"ballot:{tracker.hex()}"

"""What the ballots of one question are made for and checked against, from the chain's record.

The joint key is derived from the messages of the ceremony, which are all checked again; what the
node says of key and context has to agree with that. So a node cannot serve a key of its own, unless
it forges the whole ceremony: who wants to be sure of that too compares the key's fingerprint with
what a trustee says it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmdapp.ballots.ceremony_record import read_joint_key
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.group import Point, encode_point
from crmdapp.ballots.record import roll_hash
from crmdapp.ballots.transcripts import tracker
from crmdapp.ballots.vector import Vector
from crmdapp.ballots.voting_faults import VoterNotOnRoll
from crmdapp.chain._keccak import keccak
from crmdapp.errors import NodeLied

if TYPE_CHECKING:
    from crmdapp.ballots.box import BoxClient
    from crmdapp.ballots.models import Election
    from crmdapp.ballots.roll import RollClient

FINGERPRINT_BYTES = 8


@dataclass(frozen=True, slots=True)
class RollPlace:
    """A voter's place on the roll.

    Attributes:
        precinct: From 0.
        index: Within the precinct, from 0.
    """

    precinct: int
    index: int


@dataclass(slots=True)
class OpenQuestion:
    """One question of an election that has its key.

    Attributes:
        election: The election.
        number: The question's number, from 0.
        encoding: How an answer is encrypted.
        K: The joint key.
        context: CONTEXT, 32 bytes.
    """

    election: Election
    number: int
    encoding: Choice | Vector
    K: Point
    context: bytes
    _box: BoxClient = field(repr=False)
    _rolls: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def fingerprint(self) -> str:
        """16 hex digits by which people compare the joint key."""
        return key_fingerprint(self.K)

    def voters(self, precinct: int) -> tuple[str, ...]:
        """Return the voters of a precinct, in the order of their indices.

        Raises:
            NodeLied: What the node tells does not come out at the roll's hash and count.
        """
        if precinct not in self._rolls:
            self._rolls[precinct] = _frozen_roll(self._box.roll, self.election.number, precinct)
        return self._rolls[precinct]

    def place_of(self, voter: str) -> RollPlace:
        """Return a voter's place on the roll.

        Raises:
            VoterNotOnRoll: The voter has none.
        """
        for precinct in range(self.election.precincts):
            voters = self.voters(precinct)
            if voter in voters:
                return RollPlace(precinct, voters.index(voter))
        raise VoterNotOnRoll(
            f"{voter} is not on the roll of election {self.election.number}.",
            voter=voter,
            election=self.election.number,
            hint="Take the key that you registered with; or ask the registrar.",
        )

    def tracker(self, voter: str, body: bytes) -> bytes:
        """Return the tracker of a ballot, 32 bytes."""
        return tracker(self.context, voter, body)


def open_question(box: BoxClient, election: int, question: int) -> OpenQuestion:
    """Read a question and derive its key.

    Raises:
        CeremonyIncomplete: The trustees have made no key yet.
        QuestionUnknown: There is no such question.
        QuestionNotPrepared: It does not take ballots yet.
        NodeLied: The node's key or context is not the one that follows from the ceremony.
        VerificationFailed: A message of the ceremony does not hold.
    """
    encoding = box.question(election, question)
    K = read_joint_key(box.board, election).K
    context = box.question_context(election, question, encode_point(K))
    if box.context(election, question) != context:
        raise NodeLied(
            f"The node misstates what ballots of election {election}, question {question} are"
            " bound to.",
            why="It does not follow from the definition and the trustees' ceremony.",
            hint="Do not vote through this node.",
        )
    settings = box.elections.election(election)
    return OpenQuestion(settings, question, encoding, K, context, box)


def key_fingerprint(K: Point) -> str:
    """Return 16 hex digits of a joint key's hash."""
    return keccak(encode_point(K))[:FINGERPRINT_BYTES].hex()


def _frozen_roll(roll: RollClient, election: int, precinct: int) -> tuple[str, ...]:
    """Return a precinct's voters from the code that keeps them: a request for 1,228 voters."""
    chunks = range(len(roll.chunks(election, precinct)))
    found = tuple(voter for chunk in chunks for voter in roll.chunk(election, precinct, chunk))
    stated = roll.count(election, precinct), roll.roll_hash(election, precinct)
    if (len(found), roll_hash(found)) != stated:
        raise NodeLied(
            f"The node misstates the roll of election {election}, precinct {precinct}.",
            why="What it says is frozen does not come out at the hash of the registrations.",
            hint="Ask another node.",
        )
    return found

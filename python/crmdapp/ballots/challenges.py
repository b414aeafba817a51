"""Challenged ballots: what one device shows, and how another checks it.

Source: Benaloh, "Simple verifiable elections", EVT 2006.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crmdapp.ballots.ballot import Opening, check_opening
from crmdapp.ballots.ballot_intents import BODY_MAX
from crmdapp.ballots.batches import Entry, verify
from crmdapp.ballots.faults import BallotRefused
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import is_whole
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.open_questions import OpenQuestion

CHALLENGE_FORMAT = "crmdapp-challenge-1"


@dataclass(frozen=True, slots=True)
class ChallengedBallot:
    """A challenged ballot and what opens it, for another device to check.

    Attributes:
        election: Number of the election.
        question: Number of the question.
        voter: Who made it.
        tracker: As the voter wrote it down, 32 bytes.
        body: Ciphertexts and proofs.
        opening: What shows the vote.
    """

    election: int
    question: int
    voter: str
    tracker: bytes
    body: bytes = field(repr=False)
    opening: Opening = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "format": CHALLENGE_FORMAT,
            "election": self.election,
            "question": self.question,
            "voter": self.voter,
            "tracker": "0x" + self.tracker.hex(),
            "body": "0x" + self.body.hex(),
            "chosen": list(self.opening.chosen),
            "randomness": [f"{r:#066x}" for r in self.opening.randomness],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> ChallengedBallot:
        """Return the ballot that :meth:`to_json` gave; nothing but its form is checked.

        Raises:
            UsageError: It is no challenged ballot; the message names the field.
        """
        fields = JsonFields.parse(data, "challenged ballot")
        if fields.text("format") != CHALLENGE_FORMAT:
            raise UsageError(f"A challenged ballot's format is {CHALLENGE_FORMAT}.")
        body = fields.data("body")
        if len(body) > BODY_MAX:
            raise UsageError(f"body has {len(body):,} bytes, more than {BODY_MAX:,}.")
        return cls(
            election=fields.whole("election", (1 << 64) - 1),
            question=fields.whole("question", 255),
            voter=fields.address("voter"),
            tracker=fields.word("tracker"),
            body=body,
            opening=Opening(_wholes(fields, "chosen"), _wholes(fields, "randomness")),
        )


def verify_challenge(question: OpenQuestion, ballot: ChallengedBallot, tracker: bytes) -> None:
    """Check, on another device, that a challenged ballot holds what its maker says.

    Args:
        question: The question, as this device read it.
        ballot: What the challenged device gave.
        tracker: What the voter wrote down before the challenge, 32 bytes.

    Raises:
        BallotRefused: It is another ballot than the voter wrote down, is for another question, has
            no valid proof, or holds something else: do not vote with the device that made it.
    """
    wanted = (question.election.number, question.number)
    if (ballot.election, ballot.question) != wanted:
        raise _cheating("The ballot is for another question.", ballot.voter)
    if question.tracker(ballot.voter, ballot.body) != tracker or ballot.tracker != tracker:
        raise _cheating("The ballot is not the one whose tracker you wrote down.", ballot.voter)
    entry = Entry(ballot.voter, ballot.body)
    read = verify(question.encoding, question.K, question.context, entry)
    try:
        check_opening(question.encoding, question.K, read, ballot.opening)
    except UsageError as problem:
        raise _cheating(f"What the device shows is no answer: {problem}", ballot.voter) from None


def _wholes(fields: JsonFields, name: str) -> tuple[int, ...]:
    """Return an array of whole numbers, JSON numbers or hex text."""
    stated = [_number(item) for item in fields.items(name)]
    values = tuple(value for value in stated if is_whole(value) and 0 <= value < 1 << 256)
    if len(values) != len(stated):
        raise UsageError(f"The challenged ballot's {name} is no list of whole numbers.")
    return values


def _number(item: object) -> object:
    try:
        return int(item, 16) if isinstance(item, str) else item
    except ValueError:
        return item


def _cheating(message: str, voter: str) -> BallotRefused:
    return BallotRefused(message, voter=voter, hint="Do not vote with the device that made it.")

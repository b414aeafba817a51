"""Elections as the contracts keep them: settings, phases, ceremonies, places on the roll.

What bears the name of a Solidity enum or struct is its twin. Times are Unix seconds here, as on
chain; moments with a time zone are the definition's (:mod:`crmdapp.ballots.definition`).

Source: contracts/ballots/IElections.sol, ITrusteeBoard.sol, ITally.sol, IVoterRoll.sol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.definition import AskedQuestion, Definition
from crmdapp.ballots.faults import DefinitionForeign
from crmdapp.ballots.grouping import BallotGroup
from crmdapp.ballots.vector import Vector
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import NodeLied

NUMBER_MAX = (1 << 64) - 1
"""Highest number of an election."""


class Phase(IntEnum):
    """Where an election is, by time and by fact alone."""

    UNKNOWN = 0
    KEY_CEREMONY = 1
    REGISTRATION = 2
    FROZEN = 3
    OPEN = 4
    CLOSED = 5
    TALLIED = 6
    CANCELLED = 7
    VOID = 8


class CeremonyStep(IntEnum):
    """What a ceremony waits for."""

    NONE = 0
    KEYS = 1
    COMMITMENTS = 2
    DEALS = 3
    COMPLAINTS = 4
    FINALISATION = 5
    FINAL = 6
    SHORT = 7
    FAILED = 8


class VoidGround(IntEnum):
    """Why a question stays without a result: too few ballots, or too few shares in time."""

    NONE = 0
    TURNOUT = 1
    SHARES = 2


class QuestionKind(IntEnum):
    """How an answer is encrypted."""

    NONE = 0
    CHOICE = 1
    VECTOR = 2


@dataclass(frozen=True, slots=True)
class WindowSeconds:
    """The ends of an election's windows, Unix seconds; each second belongs to the one that it ends.

    Attributes:
        keys_until: Of the trustees' keys, in the ceremony's first round.
        commitments_until: Of their commitments.
        deals_until: Of their deals.
        complaints_until: Of complaints.
        registration_until: Of the registration of voters.
        opens_at: The first second in which ballots count.
        closes_at: The first second in which they do not.
        shares_until: Last second in which trustees decrypt.
    """

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int
    registration_until: int
    opens_at: int
    closes_at: int
    shares_until: int


@dataclass(frozen=True, slots=True)
class Election:
    """All that an election is; nothing of it changes.

    Attributes:
        number: From 1.
        organiser: Who created it.
        definition_hash: keccak256 of the canonical definition, 32 bytes.
        windows: When.
        precincts: 1 to 64, numbered from 0.
        minimum_turnout: Fewest ballots that are decrypted as one sum.
        threshold: t, how many trustees decrypt together.
        registrar_quorum: m, how many registrars have to sign a registration.
        questions: How the answers to each are encrypted.
        trustees: Their accounts; the j-th, from 1, holds the share at j.
        registrars: Their accounts, by rising address.
    """

    number: int
    organiser: str
    definition_hash: bytes
    windows: WindowSeconds
    precincts: int
    minimum_turnout: int
    threshold: int
    registrar_quorum: int
    questions: tuple[Choice | Vector, ...]
    trustees: tuple[str, ...]
    registrars: tuple[str, ...]

    @classmethod
    def of(cls, number: int, organiser: str, settings: Sequence[Any]) -> Election:
        """Return the election with settings as the contract gives them.

        Raises:
            NodeLied: They are none that the contract accepts.
        """
        digest, windows, precincts, turnout, threshold, quorum, questions, *guards = settings
        return cls(
            number=number,
            organiser=organiser,
            definition_hash=bytes(digest),
            windows=WindowSeconds(*windows),
            precincts=precincts,
            minimum_turnout=turnout,
            threshold=threshold,
            registrar_quorum=quorum,
            questions=tuple(_encoding(*question) for question in questions),
            trustees=tuple(guards[0]),
            registrars=tuple(guards[1]),
        )

    def trustee_index(self, account: str) -> int:
        """Return the index of a trustee, from 1; 0 for an account that is none."""
        return self.trustees.index(account) + 1 if account in self.trustees else 0


@dataclass(frozen=True, slots=True)
class Ceremony:
    """A ceremony as it stands.

    Attributes:
        step: What it waits for.
        round: Counts restarts, from 0.
        keys_until: Ends of the round's windows, Unix seconds.
        commitments_until: See ``keys_until``.
        deals_until: See ``keys_until``.
        complaints_until: See ``keys_until``.
        keys: Indices of the trustees who registered a key, rising.
        commitments: Those who committed to a deal.
        deals: Those whose deal was posted and is not excluded.
    """

    step: CeremonyStep
    round: int
    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int
    keys: tuple[int, ...]
    commitments: tuple[int, ...]
    deals: tuple[int, ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Ceremony:
        """Return the ceremony that the contract gives."""
        step, number, *rest = values
        windows, masks = rest[:4], rest[4:]
        return cls(CeremonyStep(step), number, *windows, *(indices_of(mask) for mask in masks))


@dataclass(frozen=True, slots=True)
class RollEntry:
    """Where a nullifier stands on the roll.

    Attributes:
        voter: The voter's key; the zero address if it does not stand there.
        precinct: From 0.
        index: Within the precinct, from 0.
    """

    voter: str
    precinct: int
    index: int

    @property
    def is_known(self) -> bool:
        """Whether the nullifier stands on the roll."""
        return self.voter != ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The counts of precincts that were decrypted as one sum.

    Attributes:
        group: Number of the group, from 0.
        precincts: Which, and how many ballots they had.
        counts: Votes for each option; empty while they are not known.
    """

    group: int
    precincts: BallotGroup
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What came out of a question.

    Attributes:
        question: Number of the question, from 0.
        phase: Closed, Tallied or Void.
        ballots: Ballots that were counted.
        groups: Results by group; none of a question that is not closed, or void by turnout.
        totals: Votes for each option; empty unless it is tallied.
    """

    question: int
    phase: Phase
    ballots: int
    groups: tuple[GroupResult, ...]
    totals: tuple[int, ...]


def settings_of(definition: Definition) -> tuple[Any, ...]:
    """Return a definition's settings as ``Elections.create`` takes them."""
    return (
        definition.hash,
        definition.windows.seconds,
        len(definition.precincts),
        definition.minimum_turnout,
        definition.threshold,
        definition.registrar_quorum,
        tuple(_row(asked.encoding) for asked in definition.questions),
        tuple(guard.address for guard in definition.trustees),
        tuple(guard.address for guard in definition.registrars),
    )


def require_definition(definition: Definition, election: Election) -> None:
    """Check that a definition is that of an election.

    Raises:
        DefinitionForeign: It is another one; ``field`` names the first that differs.
    """
    claimed = Election.of(election.number, election.organiser, settings_of(definition))
    # The hash last: it differs whenever any other field does, and says less.
    names = [each.name for each in fields(Election) if each.name != "definition_hash"]
    for name in (*names, "definition_hash"):
        stated, on_chain = getattr(claimed, name), getattr(election, name)
        if stated != on_chain:
            raise DefinitionForeign(
                f"This is not the definition of election {election.number}: {name} differs.",
                field=name,
                why=_difference(stated, on_chain),
                hint="Use the file that the organiser published for this election.",
            )


def question_text(asked: AskedQuestion) -> str:
    """Return how a question is answered, for people."""
    encoding = asked.encoding
    if isinstance(encoding, Choice):
        return f"one of {encoding.options}"
    if encoding.minimum == encoding.maximum:
        return f"{encoding.minimum} of {encoding.options}"
    return f"{encoding.minimum} to {encoding.maximum} of {encoding.options}"


def indices_of(mask: int) -> tuple[int, ...]:
    """Return the indices in a mask of trustees, rising: bit j - 1 of trustee j."""
    return tuple(j for j in range(1, mask.bit_length() + 1) if mask >> j - 1 & 1)


def mask_of(indices: Sequence[int]) -> int:
    """Return the mask of trustees with these indices, from 1."""
    return sum(1 << j - 1 for j in set(indices))


def _row(encoding: Choice | Vector) -> tuple[int, ...]:
    if isinstance(encoding, Choice):
        return (QuestionKind.CHOICE, encoding.options, 1, 1, encoding.bits)
    return (QuestionKind.VECTOR, encoding.options, encoding.minimum, encoding.maximum, 0)


def _encoding(kind: int, options: int, least: int, most: int, bits: int) -> Choice | Vector:
    if kind == QuestionKind.CHOICE:
        return Choice(options, bits)
    if kind == QuestionKind.VECTOR:
        return Vector(options, least, most)
    raise NodeLied(f"The node gave a question of kind {kind}, which there is not.")


def _difference(stated: object, on_chain: object) -> str:
    def shown(value: object) -> str:
        text = "0x" + value.hex() if isinstance(value, bytes) else str(value)
        return text if len(text) <= 200 else text[:197] + "..."

    return f"The definition has {shown(stated)}, the chain {shown(on_chain)}."

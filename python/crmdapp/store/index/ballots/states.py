"""What queries of elections give: plain facts, as of a time."""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.ballots.models import CeremonyStep, Phase, QuestionKind, VoidGround, WindowSeconds
from crmdapp.store.index.ballots.phases import RoundWindows


@dataclass(frozen=True, slots=True)
class QuestionState:
    """A question as the chain keeps it.

    Attributes:
        number: From 0.
        kind: How an answer is encrypted.
        options: How many there are.
        minimum: Fewest options of a ballot.
        maximum: Most of them.
        context: CONTEXT, which binds its ballots, 32 bytes; empty before it is prepared.
        ballots: Ballots that were counted.
        batches: Transactions that brought them.
        is_closed: Whether somebody formed its groups, or found too few ballots.
        phase: Closed, Tallied or Void once the election has closed; else that of the election.
        ground: Why it has no result.
    """

    number: int
    kind: QuestionKind
    options: int
    minimum: int
    maximum: int
    context: bytes
    ballots: int
    batches: int
    is_closed: bool
    phase: Phase
    ground: VoidGround

    @property
    def is_prepared(self) -> bool:
        """Whether it takes ballots once the election is open."""
        return bool(self.context)


@dataclass(frozen=True, slots=True)
class ElectionState:
    """An election at a time.

    Attributes:
        number: From 1.
        organiser: Who created it.
        definition_hash: keccak256 of the canonical definition, 32 bytes.
        windows: When.
        precincts: How many.
        minimum_turnout: Fewest ballots that are decrypted as one sum.
        threshold: Trustees who decrypt together.
        trustees: How many there are.
        registrar_quorum: Registrars who have to sign a registration.
        voters: Voters on the roll.
        phase: Where it is.
        step: What the ceremony waits for.
        round: Of the ceremony, from 0.
        round_windows: Of that round.
        key: The joint key, 96 bytes; empty before there is one.
        reason_hash: Hash of the reasons for which it was called off; empty if it was not.
        created_at: Time of its block, Unix seconds.
        block: Its block.
        questions: Its questions.
    """

    number: int
    organiser: str
    definition_hash: bytes
    windows: WindowSeconds
    precincts: int
    minimum_turnout: int
    threshold: int
    trustees: int
    registrar_quorum: int
    voters: int
    phase: Phase
    step: CeremonyStep
    round: int
    round_windows: RoundWindows
    key: bytes
    reason_hash: bytes
    created_at: int
    block: int
    questions: tuple[QuestionState, ...]


@dataclass(frozen=True, slots=True)
class PrecinctTurnout:
    """Ballots of one precinct for one question.

    Attributes:
        question: From 0.
        precinct: From 0.
        ballots: Ballots that were counted.
        voters: Voters of the precinct.
        bulletin: The hash that chains their trackers, 28 bytes.
    """

    question: int
    precinct: int
    ballots: int
    voters: int
    bulletin: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Ballots that one transaction brought.

    Attributes:
        question: From 0.
        precinct: From 0.
        block: Its block.
        log_index: Place of its event in the block.
        timestamp: Time of the block, Unix seconds.
        tx_hash: The transaction, 0x hex.
        counted: Ballots that it added.
        ballots: Ballots of the precinct, these included.
        skipped: Bit i of the i-th ballot of the input, which did not count.
        bulletin: The precinct's after it, 28 bytes.
    """

    question: int
    precinct: int
    block: int
    log_index: int
    timestamp: int
    tx_hash: str
    counted: int
    ballots: int
    skipped: int
    bulletin: bytes


@dataclass(frozen=True, slots=True)
class TrusteeState:
    """What a trustee has done.

    Attributes:
        index: From 1.
        account: Its account.
        has_key: Whether it registered a key in this round.
        has_commitment: Whether it committed to a deal.
        has_deal: Whether its deal was posted and counts.
        is_excluded: Whether it was found to have lied.
        shares_due: Question and group of each sum that waits for its share.
    """

    index: int
    account: str
    has_key: bool
    has_commitment: bool
    has_deal: bool
    is_excluded: bool
    shares_due: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened in an election.

    Attributes:
        name: Of its event.
        actor: A trustee's index; 0 for anybody.
        question: From 0.
        block: Its block.
        log_index: Place in the block.
        timestamp: Unix seconds.
        tx_hash: The transaction, 0x hex.
    """

    name: str
    actor: int
    question: int
    block: int
    log_index: int
    timestamp: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class RollPlaceOf:
    """A place on the roll of an election.

    Attributes:
        election: Its number.
        precinct: From 0.
        index: Within the precinct, from 0.
    """

    election: int
    precinct: int
    index: int

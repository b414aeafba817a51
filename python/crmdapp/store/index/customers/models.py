"""Answers of the customers' index, as plain values. Times are Unix seconds, 0 is never."""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.customers.consent_models import ConsentStatus
from crmdapp.customers.models import CustomerStatus


@dataclass(frozen=True, slots=True)
class IndexedScope:
    """A name space of profiles, with whoever the owner offered it to."""

    scope: int
    owner: str
    offered_to: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class IndexedAttestor:
    """Who may verify people in a scope; level 0: not any more."""

    scope: int
    attestor: str
    level: int
    active_at: int


@dataclass(frozen=True, slots=True)
class IndexedRecovery:
    """A change of key that waits."""

    by_guardians: bool
    new_controller: str
    ready_at: int


@dataclass(frozen=True, slots=True)
class IndexedProfile:
    """A profile.

    Attributes:
        cid: Its id, 32 bytes.
        controller: The key that speaks for it; ``None`` once erased.
        level: How well the person was verified.
        epoch: Changes of the key.
        status: What it is.
        root: Its commitment, 32 bytes.
        merged_into: Where it leads; ``None`` if nowhere.
        receipt_hash: Of the erasure.
        tags: Ids that lead to it, its own among them.
        registered_at: When.
        erased_at: When it ended.
    """

    cid: bytes
    controller: str | None
    level: int
    epoch: int
    status: CustomerStatus
    root: bytes
    merged_into: bytes | None
    receipt_hash: bytes | None
    tags: int
    registered_at: int
    erased_at: int


@dataclass(frozen=True, slots=True)
class IndexedConsent:
    """A consent as the chain tells it; what it is about only its terms say.

    Attributes:
        subject: The customer's identity.
        consent_id: The consent, 32 bytes.
        status: Where it stands.
        granted_at: When it was given.
        renewed_until: The end that a renewal gave it; 0 if there was none.
        version: 1 when granted; counts renewals.
        ended_at: When it was withdrawn or revoked.
    """

    subject: str
    consent_id: bytes
    status: ConsentStatus
    granted_at: int
    renewed_until: int
    version: int
    ended_at: int


@dataclass(frozen=True, slots=True)
class IndexedChange:
    """One thing that happened to a consent, a profile or a log."""

    block: int
    log_index: int
    kind: str
    detail: str
    at: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class IndexedTopic:
    """A kind of claims."""

    topic: int
    owner: str
    quorum: int
    schema_hash: bytes


@dataclass(frozen=True, slots=True)
class IndexedAttestation:
    """One attestor's word on one statement; ``stands`` by status, expiry and disowning alone."""

    uid: bytes
    attestor: str
    topic: int
    level: int
    issued_at: int
    expiry: int
    status: int
    disowned: bool
    stands: bool


@dataclass(frozen=True, slots=True)
class IndexedLog:
    """An interaction log.

    Attributes:
        log: Its id, 32 bytes.
        operator: Who anchors.
        delay: Seconds that it promised at most; 0 if it was never opened.
        batches: Anchored batches.
        interactions: Interactions in them.
        flags: Receipts not answered and forks shown.
        head: The head of the chain of batches; ``None`` before the first.
        opened_at: When.
        anchored_at: When the last batch was.
    """

    log: bytes
    operator: str
    delay: int
    batches: int
    interactions: int
    flags: int
    head: bytes | None
    opened_at: int
    anchored_at: int


@dataclass(frozen=True, slots=True)
class IndexedBatch:
    """An anchored batch."""

    log: bytes
    number: int
    first_seq: int
    count: int
    leaves_root: bytes
    heads_root: bytes
    head: bytes
    anchored_at: int
    block: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class IndexedChallenge:
    """A receipt that was overdue when somebody posted it.

    Attributes:
        receipt_hash: The receipt, 32 bytes.
        log: Its log.
        challenged_at: When.
        answer_by: Last second of the answer.
        answered: Whether it was shown to be anchored.
        anchored_at: When its interaction had been anchored, if answered.
        flagged: Whether the log was flagged for it.
    """

    receipt_hash: bytes
    log: bytes
    challenged_at: int
    answer_by: int
    answered: bool
    anchored_at: int
    flagged: bool

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer or its flag."""
        return not self.answered and not self.flagged


@dataclass(frozen=True, slots=True)
class IndexedBadge:
    """An identity badge; ``holder`` is ``None`` once burned."""

    token_id: int
    identity: str
    holder: str | None
    topic: int
    attestor: str | None
    issued_at: int


@dataclass(frozen=True, slots=True)
class IndexedReward:
    """A reward campaign; amounts in base units of its coin or points."""

    campaign: int
    sponsor: str
    kind: int
    asset: int
    budget: int
    paid: int
    claims: int
    claims_root: bytes | None
    returned: int
    created_at: int

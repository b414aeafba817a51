"""Where a consent stands: what the chain keeps of it, and what that means with its terms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from crmdapp.customers.terms import ConsentTerms


class ConsentStatus(IntEnum):
    """Where a consent stands on chain; it only moves forward. Twin of the Solidity enum."""

    NONE = 0
    GRANTED = 1
    WITHDRAWN = 2
    REVOKED = 3


class ConsentState(StrEnum):
    """What a consent is good for at a moment."""

    UNKNOWN = "unknown"
    """Nobody has granted it."""
    PENDING = "pending"
    """Granted, for later."""
    ACTIVE = "active"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    """Taken back by the customer."""
    REVOKED = "revoked"
    """Given up by the company."""


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent on chain, twin of the Solidity struct.

    Attributes:
        granted_at: Unix seconds; 0 if never.
        renewed_until: Unix seconds; 0 while only the terms say how long.
        version: 1 when granted; counts renewals.
        status: Where it stands.
    """

    granted_at: int
    renewed_until: int
    version: int
    status: ConsentStatus

    def ends_at(self, terms: ConsentTerms) -> int:
        """Return its end, Unix seconds, exclusive: what the terms say, or a later renewal."""
        return max(terms.permission.valid_until, self.renewed_until)

    def state(self, terms: ConsentTerms, now: int) -> ConsentState:
        """Return what it is good for.

        Args:
            terms: Its terms.
            now: Unix seconds.
        """
        if self.status is not ConsentStatus.GRANTED:
            return _ENDED[self.status]
        if now < terms.permission.valid_from:
            return ConsentState.PENDING
        return ConsentState.ACTIVE if now < self.ends_at(terms) else ConsentState.EXPIRED

    def holds(self, terms: ConsentTerms, purposes: int, categories: int, now: int) -> bool:
        """Return whether it holds at a moment and covers all of these, by the chain's own rules.

        The chain also knows whether the identity has ended; ask it before anything is disclosed.

        Args:
            terms: Its terms.
            purposes: Bits; false if there are none.
            categories: Bits; false if there are none.
            now: Unix seconds.
        """
        covers = terms.covers(purposes, categories)
        return covers and self.state(terms, now) is ConsentState.ACTIVE


_ENDED = {
    ConsentStatus.NONE: ConsentState.UNKNOWN,
    ConsentStatus.WITHDRAWN: ConsentState.WITHDRAWN,
    ConsentStatus.REVOKED: ConsentState.REVOKED,
}


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One thing that happened to a consent.

    Attributes:
        kind: ``granted``, ``renewed``, ``withdrawn`` or ``revoked``.
        at: Unix seconds.
        expiry: The new end of a renewal, Unix seconds; ``None`` otherwise.
        block: Block number.
        tx_hash: Transaction, 0x hex.
    """

    kind: str
    at: int
    expiry: int | None
    block: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class GrantOutcome:
    """What became of one grant of a batch.

    Attributes:
        subject: The customer's identity.
        consent_id: The consent, 32 bytes.
        reason: Name of the contract error that it met; empty if it was granted.
        tx_hash: Transaction, 0x hex.
    """

    subject: str
    consent_id: bytes
    reason: str
    tx_hash: str

    @property
    def is_granted(self) -> bool:
        """Whether it was granted."""
        return not self.reason

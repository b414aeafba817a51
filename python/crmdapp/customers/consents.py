"""Consents on chain: given, taken back, given up, renewed, and whether one holds now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.decode import Event, as_address, decode_log
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.chain.signed import unix_seconds
from crmdapp.customers.consent_intents import SignedConsent, SignedGrant, require_later_end
from crmdapp.customers.consent_models import Consent, ConsentChange, ConsentStatus, GrantOutcome
from crmdapp.customers.errors import ConsentIdZero, ConsentKnown
from crmdapp.customers.events import (
    ConsentGranted,
    ConsentRenewed,
    ConsentRevoked,
    ConsentSkipped,
    ConsentWithdrawn,
)
from crmdapp.customers.terms import ConsentTerms, consent_domain, require_terms
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.customers.consent_intents import SignedRenewal, SignedWithdrawal

BATCH_MAX = 200
"""Most grants of one transaction: some 34,000 gas each, of at most 16,777,216."""

BATCH_BYTES = 96_000
"""Most bytes of signatures and fields in one transaction; nodes take 131,072."""

_FIELDS_SIZE = 256

_SKIP_REASONS = {
    twin.selector: twin.__name__
    for twin in (ConsentIdZero, ConsentKnown, IntentExpired, IntentSignatureInvalid)
}
_CHANGES: dict[type[Event], str] = {
    ConsentGranted: "granted",
    ConsentRenewed: "renewed",
    ConsentRevoked: "revoked",
    ConsentWithdrawn: "withdrawn",
}


class ConsentCalls:
    """Calls of one ConsentRegistry, checked and encoded but not sent.

    Args:
        registry: The contract.
    """

    def __init__(self, registry: BoundContract) -> None:
        self._registry = registry

    def grant(self, terms: ConsentTerms) -> Call:
        """Agree to terms; the sender owns the subject.

        Raises:
            CodeUnknown: A purpose or category is not in the vocabulary.
            ConsentTermsInvalid: The terms make no consent.
        """
        require_terms(terms)
        return self._registry.call("grant", terms.subject, terms.consent_id)

    def grant_by_sig(self, signed: SignedConsent | SignedGrant) -> Call:
        """Pass on a signed grant, whoever sends it."""
        return self._registry.call("grantBySig", _relayed(signed).values)

    def grant_many(self, signed: Sequence[SignedConsent | SignedGrant]) -> Call:
        """Pass on many signed grants, of any subjects.

        Raises:
            UsageError: There is none.
        """
        if not signed:
            raise UsageError("There is no grant to pass on.")
        return self._registry.call("grantMany", tuple(_relayed(item).values for item in signed))

    def withdraw(self, subject: str, consent_id: bytes) -> Call:
        """Take a consent back for ever; the sender owns the subject.

        Raises:
            UsageError: A value is malformed.
        """
        return self._registry.call("withdraw", require_address(subject), consent_id)

    def withdraw_by_sig(self, signed: SignedWithdrawal) -> Call:
        """Pass on a signed withdrawal, whoever sends it."""
        return self._registry.call("withdrawBySig", signed.withdrawal.values, signed.signature)

    def withdraw_many(self, subject: str, consent_ids: Iterable[bytes]) -> Call:
        """Take consents of one subject back for ever, all or none.

        Raises:
            UsageError: There is none, or a value is malformed.
        """
        ids = tuple(consent_ids)
        if not ids:
            raise UsageError("There is no consent to take back.")
        return self._registry.call("withdrawMany", require_address(subject), ids)

    def revoke(self, terms: ConsentTerms) -> Call:
        """Give a consent up; the sender is the data controller that it was given to."""
        company = terms.data_controller
        return self._registry.call(
            "revoke", terms.subject, company.salt, terms.permission.struct_hash()
        )

    def renew(self, terms: ConsentTerms, expiry: int | datetime) -> Call:
        """Let a consent last longer; the sender owns the subject.

        Raises:
            ConsentTermsInvalid: The new end is not later than the terms say.
            UsageError: It is no moment before the year 10000.
        """
        end = require_later_end(terms, unix_seconds(expiry, "The new end"))
        return self._registry.call("renew", terms.subject, terms.consent_id, end)

    def renew_by_sig(self, signed: SignedRenewal) -> Call:
        """Pass on a signed renewal, whoever sends it."""
        return self._registry.call("renewBySig", signed.renewal.values, signed.signature)


class ConsentClient(ContractClient):
    """One ConsentRegistry, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise the twins
    of the contract's errors. No term ever leaves this process except in :meth:`check`, which asks
    the node, and sends nothing: use a node you trust, or :meth:`consent` and
    :meth:`~crmdapp.customers.consent_models.Consent.holds`.

    Source: contracts/customers/IConsentRegistry.sol.

    Args:
        connection: The chain.
        address: Address of the ConsentRegistry.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of its deployment, where searches for events begin.
    """

    CONTRACT = "ConsentRegistry"

    @cached_property
    def prepare(self) -> ConsentCalls:
        """The same transactions, checked and encoded but not sent."""
        return ConsentCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What consents are signed for."""
        return consent_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- the customer

    def grant(self, terms: ConsentTerms, *, key: str | None = None) -> Receipt:
        """Agree to terms.

        Raises:
            SubjectOwnerOnly: The sender does not own the subject.
            ConsentKnown: It was granted before, and maybe ended since: it needs new terms.
            ConsentTermsInvalid: The terms make no consent; nothing was sent.
        """
        return self.send(self.prepare.grant(terms), key=key)

    def withdraw(self, subject: str, consent_id: bytes, *, key: str | None = None) -> Receipt:
        """Take a consent back, at once and for ever.

        Raises:
            SubjectOwnerOnly: The sender does not own the subject.
            ConsentNotGranted: It was never granted, or has ended.
        """
        return self.send(self.prepare.withdraw(subject, consent_id), key=key)

    def withdraw_many(
        self, subject: str, consent_ids: Iterable[bytes], *, key: str | None = None
    ) -> Receipt:
        """Take consents of one subject back, all or none.

        Raises:
            SubjectOwnerOnly: The sender does not own the subject.
            ConsentNotGranted: One was never granted, or has ended.
        """
        return self.send(self.prepare.withdraw_many(subject, consent_ids), key=key)

    def renew(
        self, terms: ConsentTerms, expiry: int | datetime, *, key: str | None = None
    ) -> Receipt:
        """Let a consent last longer.

        Raises:
            ConsentTermsInvalid: The new end is not later than the terms say; nothing was sent.
            SubjectOwnerOnly: The sender does not own the subject.
            ConsentNotGranted: It was never granted, or has ended.
            ConsentExpiryInvalid: The new end is past, or not later than a renewal before.
        """
        return self.send(self.prepare.renew(terms, expiry), key=key)

    # ----------------------------------------------------------------- whoever pays the gas

    def grant_by_sig(
        self, signed: SignedConsent | SignedGrant, *, key: str | None = None
    ) -> Receipt:
        """Pass on a signed grant; the sender only pays the gas and learns no term.

        Raises:
            IntentExpired: Its deadline has passed.
            IntentSignatureInvalid: The subject's owner did not sign it, or not for this contract
                and chain.
            ConsentKnown: It was granted before, and maybe ended since.
        """
        return self.send(self.prepare.grant_by_sig(signed), key=key)

    def grant_many(
        self, signed: Iterable[SignedConsent | SignedGrant], *, key: str | None = None
    ) -> Iterator[GrantOutcome]:
        """Pass on many signed grants of any subjects, and yield what became of each, in order.

        What does not hold is skipped and reported. Called again with the same grants and the same
        ``key``, it goes on where it was stopped.

        Args:
            signed: The grants.
            key: Idempotency key of all of them.

        Raises:
            VerificationFailed: A receipt does not tell of each grant; the node is not to be
                trusted.
        """
        for number, chunk in enumerate(_chunks(signed), start=1):
            part = None if key is None else f"{key}:{number}"
            yield from self.outcomes(chunk, self.send(self.prepare.grant_many(chunk), key=part))

    def withdraw_by_sig(self, signed: SignedWithdrawal, *, key: str | None = None) -> Receipt:
        """Pass on a signed withdrawal; the sender only pays the gas.

        Raises:
            IntentExpired: Its deadline has passed.
            IntentSignatureInvalid: The subject's owner did not sign it, or not for this contract
                and chain.
            ConsentNotGranted: The consent was never granted, or has ended.
        """
        return self.send(self.prepare.withdraw_by_sig(signed), key=key)

    def renew_by_sig(self, signed: SignedRenewal, *, key: str | None = None) -> Receipt:
        """Pass on a signed renewal; the sender only pays the gas.

        Raises:
            IntentExpired: Its deadline has passed.
            IntentSignatureInvalid: The subject's owner did not sign it, or not for this contract
                and chain.
            ConsentNotGranted: The consent was never granted, or has ended.
            ConsentExpiryInvalid: The new end is past, or not later than a renewal before.
        """
        return self.send(self.prepare.renew_by_sig(signed), key=key)

    def outcomes(
        self, signed: Sequence[SignedConsent | SignedGrant], receipt: Receipt
    ) -> list[GrantOutcome]:
        """Return what became of the grants of one transaction, in order.

        Raises:
            VerificationFailed: The receipt does not tell of each of them.
        """
        told: list[tuple[str, bytes, str]] = []
        for log in receipt.logs:
            if as_address(log["address"]) != self.contract.address:
                continue
            decoded = decode_log(log)
            event = decoded.event if decoded is not None else None
            if isinstance(event, ConsentGranted):
                told.append((event.subject, event.consent_id, ""))
            elif isinstance(event, ConsentSkipped):
                reason = _SKIP_REASONS.get(event.reason, "0x" + event.reason.hex())
                told.append((event.subject, event.consent_id, reason))
        asked = [(item.subject, item.consent_id) for item in map(_relayed, signed)]
        if [(subject, consent_id) for subject, consent_id, _ in told] != asked:
            raise VerificationFailed(
                f"{receipt.hash} does not tell of each of its {len(asked)} grants.",
                hint="Do not trust this node; compare the receipt with another one.",
            )
        return [GrantOutcome(*item, receipt.hash) for item in told]

    # ----------------------------------------------------------------- the company

    def revoke(self, terms: ConsentTerms, *, key: str | None = None) -> Receipt:
        """Give up a consent that the sender was given.

        Raises:
            ConsentNotGranted: It was never given to the sender, or has ended.
        """
        return self.send(self.prepare.revoke(terms), key=key)

    # ----------------------------------------------------------------- whoever wants to know

    def check(
        self, terms: ConsentTerms, purposes: int, categories: int, *, block: int | str = "latest"
    ) -> bool:
        """Return whether a consent holds and covers all of these; the chain answers.

        Args:
            terms: Its terms. The node learns them, the chain does not.
            purposes: Bits; false if there are none.
            categories: Bits; false if there are none.
            block: At which block.

        Raises:
            ConsentTermsInvalid: The terms make no consent.
            UsageError: Purposes or categories are no such bits.
        """
        require_terms(terms)  # what is malformed would be quoted below, with its salts
        answer: bool = self.contract.read("check", terms.values, purposes, categories, block=block)
        return answer

    def consent(self, subject: str, consent_id: bytes, *, block: int | str = "latest") -> Consent:
        """Return what the chain keeps of a consent; status ``NONE`` if nothing.

        Raises:
            UsageError: A value is malformed.
        """
        found = self.contract.read("consentOf", require_address(subject), consent_id, block=block)
        return Consent(
            granted_at=found.grantedAt,
            renewed_until=found.renewedUntil,
            version=found.version,
            status=ConsentStatus(found.status),
        )

    def owner_of(self, subject: str) -> str:
        """Return who signs for an identity now; the zero address once it has ended.

        Raises:
            UsageError: It is no address.
        """
        owner: str = self._identities.read("identityOwner", require_address(subject))
        return owner

    def granted_to(self, subject: str) -> list[bytes]:
        """Return the ids of all consents that a subject ever granted, in order.

        What they were about, only whoever holds their terms can tell.

        Raises:
            UsageError: It is no address.
        """
        logs = self.events("ConsentGranted", subject=require_address(subject))
        return [log.event.consent_id for log in logs if isinstance(log.event, ConsentGranted)]

    def history(self, subject: str, consent_id: bytes) -> list[ConsentChange]:
        """Return what happened to a consent, in order.

        Raises:
            UsageError: A value is malformed.
        """
        who = require_address(subject)
        found = [
            log
            for twin in _CHANGES
            for log in self.events(twin.__name__, subject=who, consentId=consent_id)
        ]
        found.sort(key=lambda log: (log.block, log.log_index))
        return [
            ConsentChange(
                kind=_CHANGES[type(log.event)],
                at=self.connection.block_timestamp(log.block),
                expiry=log.event.expiry if isinstance(log.event, ConsentRenewed) else None,
                block=log.block,
                tx_hash=log.tx_hash,
            )
            for log in found
        ]

    @cached_property
    def _identities(self) -> BoundContract:
        return self.connection.contract("DidRegistry", self.contract.read("DID_REGISTRY"))


def _relayed(signed: SignedConsent | SignedGrant) -> SignedConsent:
    return signed.relayed if isinstance(signed, SignedGrant) else signed


def _chunks(
    signed: Iterable[SignedConsent | SignedGrant],
) -> Iterator[list[SignedConsent]]:
    chunk: list[SignedConsent] = []
    size = 0
    for item in map(_relayed, signed):
        more = _FIELDS_SIZE + len(item.signature)
        if chunk and (len(chunk) == BATCH_MAX or size + more > BATCH_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(item)
        size += more
    if chunk:
        yield chunk

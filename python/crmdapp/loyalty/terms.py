"""Legal terms on chain: published by who runs a program, accepted by its members.

The contract keeps hashes; the texts travel as files (:mod:`crmdapp.loyalty.terms_file`). What the
machine-readable part says about the program is compared with the ledger before it is published,
here by name and in plain words (:mod:`crmdapp.loyalty.terms_check`), and by the contract again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty.events import TermsPublished
from crmdapp.loyalty.intents import require_terms_hash
from crmdapp.loyalty.models import Program
from crmdapp.loyalty.terms_acceptance import (
    SignedAcceptance,
    TermsAcceptance,
    sign_acceptance,
    terms_domain,
)
from crmdapp.loyalty.terms_check import (
    Explanation,
    Finding,
    Verdict,
    check,
    contradiction,
    explain,
)
from crmdapp.loyalty.terms_draft import draft
from crmdapp.loyalty.terms_file import TermsBundle
from crmdapp.loyalty.terms_models import ChainFacts, EarnRule, Terms, TermsFacts, TermsVersion

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain

LAST_SECOND = 253_402_300_799
"""The calendar's last second, in the year 9999."""

__all__ = [
    "ChainFacts",
    "Explanation",
    "Finding",
    "SignedAcceptance",
    "Terms",
    "TermsAcceptance",
    "TermsBundle",
    "TermsCalls",
    "TermsClient",
    "TermsFacts",
    "TermsVersion",
    "Verdict",
    "explain",
    "sign_acceptance",
    "terms_domain",
]


class TermsCalls:
    """Calls of one ProgramTerms contract, checked and encoded but not sent.

    Args:
        terms: The contract.
    """

    def __init__(self, terms: BoundContract) -> None:
        self._terms = terms

    def publish(self, bundle: TermsBundle) -> Call:
        """Add a version to the program that the terms name; the sender owns it."""
        facts = bundle.terms.facts
        stated = (
            facts.epoch_length,
            facts.validity,
            facts.cap,
            facts.tiers,
            facts.on_ramp,
            facts.off_ramp,
            facts.clawback,
        )
        return self._terms.call("publish", bundle.terms.program, bundle.hash, stated)

    def accept(self, program: int, bundle_hash: bytes) -> Call:
        """Record that the sender accepts a published version.

        Raises:
            UsageError: The hash has not 32 bytes.
        """
        return self._terms.call("accept", program, require_terms_hash(bundle_hash))

    def submit(self, signed: SignedAcceptance) -> Call:
        """Record a member's signed acceptance, whoever sends it."""
        return self._terms.call("acceptBySig", signed.acceptance.values, signed.signature)


class TermsClient(ContractClient):
    """The terms of all programs of one ledger, seen and used by one account.

    What holds for :class:`~crmdapp.loyalty.client.LoyaltyClient` holds here: methods that send take
    an idempotency ``key``, simulate before they send, and raise the twins of the contract's errors.

    Source: contracts/loyalty/IProgramTerms.sol.

    Args:
        connection: The chain.
        address: Address of the ProgramTerms contract.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of its deployment, where searches for events begin.
    """

    CONTRACT = "ProgramTerms"

    @cached_property
    def prepare(self) -> TermsCalls:
        """The same transactions, checked and encoded but not sent."""
        return TermsCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What acceptances are signed for."""
        return terms_domain(self.connection.chain_id, self.contract.address)

    @cached_property
    def hub(self) -> BoundContract:
        """The ledger whose programs the terms speak of."""
        return self.connection.contract("PointsHub", self.contract.read("HUB"))

    # ----------------------------------------------------------------- reading

    def facts(self, program: int) -> ChainFacts:
        """Return what the chain knows of all that terms can say, as of one block.

        Raises:
            ProgramUnknown: There is no such program.
        """
        block = self.connection.block_number()
        read = self.hub.read
        name, symbol, owner, pending, token, validity, cap, tiers = read(
            "programOf", program, block=block
        )
        prices = read("pricesOf", program, block=block)
        on_ramp, off_ramp, next_on_ramp, next_off_ramp, effective_at = prices
        house = self.connection.contract("ClearingHouse", read("CLEARING_HOUSE", block=block))
        return ChainFacts(
            chain_id=self.connection.chain_id,
            ledger=self.hub.address,
            genesis=read("GENESIS", block=block),
            program=Program(
                id=program,
                name=name,
                symbol=symbol,
                owner=owner,
                pending_owner=None if pending == ZERO_ADDRESS else pending,
                token=None if token == ZERO_ADDRESS else token,
                validity=validity,
                cap=cap,
                tiers=tuple(tiers),
            ),
            facts=TermsFacts(
                epoch_length=read("EPOCH_LENGTH", block=block),
                validity=validity,
                cap=cap,
                tiers=tuple(tiers),
                on_ramp=on_ramp,
                off_ramp=off_ramp,
                clawback=read("clawbackOf", program, block=block),
            ),
            coin=house.read("COIN", block=block),
            announced=(next_on_ramp, next_off_ramp, _moment(effective_at))
            if effective_at
            else None,
            versions=self._versions(program, block),
            timestamp=self.connection.block_timestamp(block),
        )

    def versions(self, program: int) -> tuple[TermsVersion, ...]:
        """Return the published versions, oldest first.

        Raises:
            ProgramUnknown: There is no such program.
        """
        found = self._versions(program, self.connection.block_number())
        if not found:
            self.hub.read("programOf", program)
        return found

    def current(self, program: int) -> TermsVersion | None:
        """Return the version that holds; ``None`` if none was published.

        Raises:
            ProgramUnknown: There is no such program.
        """
        return self.facts(program).current

    def is_accepted(self, program: int, bundle_hash: bytes, member: str) -> bool:
        """Return whether a member has accepted a version."""
        accepted: bool = self.contract.read(
            "isAccepted", program, require_terms_hash(bundle_hash), require_address(member)
        )
        return accepted

    def require_published(self, bundle: TermsBundle) -> TermsVersion:
        """Return the version that a bundle is, so that nobody accepts another text.

        Raises:
            VerificationFailed: The program has not published these terms.
            ProgramUnknown: There is no such program.
        """
        terms = bundle.terms
        for version in self.versions(terms.program):
            if version.bundle_hash == bundle.hash:
                return version
        raise VerificationFailed(
            f"These are not terms that program {terms.program} has published.",
            why=f"Their hash is 0x{bundle.hash.hex()}. Somebody changed a figure or a letter, or"
            " they were never published.",
            hint="Ask the merchant for the files as published; see the hashes with:"
            f" crmdapp loyalty terms show {terms.program}",
        )

    # ----------------------------------------------------------------- writing terms

    def draft(
        self,
        program: int,
        *,
        operator: str | None = None,
        law: str | None = None,
        earn: Iterable[EarnRule] = (),
    ) -> TermsBundle:
        """Return default terms for a program's next version, which agree with the chain.

        Args:
            program: The program.
            operator: Who runs it, with name and address; by default its brand and owner.
            law: The law that governs the terms; by default a placeholder, which keeps them from
                being published.
            earn: What earns points; nothing is promised by default.

        Raises:
            ProgramUnknown: There is no such program.
            FileRejected: A value cannot stand in terms.
        """
        return draft(self.facts(program), operator=operator, law=law, earn=earn)

    def check(self, bundle: TermsBundle) -> list[Finding]:
        """Return what was found out about every statement of the terms.

        Raises:
            ProgramUnknown: There is no such program.
        """
        return check(bundle, self.facts(bundle.terms.program))

    def require_true(self, bundle: TermsBundle) -> None:
        """Check that terms say nothing that the chain contradicts, and leave nothing open.

        Raises:
            TermsContradictChain: A figure differs that the contract compares: field, stated and
                actual, as the contract would name them.
            VerificationFailed: Something else differs, such as the ledger or the brand.
            UsageError: A placeholder is left.
            ProgramUnknown: There is no such program.
        """
        chain = self.facts(bundle.terms.program)
        twin = contradiction(bundle.terms.facts, chain.facts)
        if twin is not None:
            raise twin
        wrong = [
            finding.words
            for finding in check(bundle, chain)
            if finding.verdict is Verdict.CONTRADICTS
        ]
        if wrong:
            raise VerificationFailed(
                "The terms contradict the chain.",
                why=" ".join(wrong),
                hint="Correct terms.json, or make it anew with: crmdapp loyalty terms init",
            )
        if bundle.placeholders:
            raise UsageError(
                "The terms are not complete.",
                why="; ".join(bundle.placeholders),
                hint="Fill in what is named; what is published can not be changed.",
            )

    def publish(self, bundle: TermsBundle, *, key: str | None = None) -> TermsVersion:
        """Publish the next version; the sender owns the program.

        It takes effect an epoch later; the first version at once. Nothing is sent if the terms
        contradict the chain.

        Raises:
            TermsContradictChain: A figure differs from the chain's: field, stated and actual.
            VerificationFailed: Something else differs, such as the ledger or the brand.
            UsageError: A placeholder is left, or there is no account to send with.
            TermsPublishedBefore: They are published.
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
        """
        program = bundle.terms.program
        if all(item.bundle_hash != bundle.hash for item in self.versions(program)):
            self.require_true(bundle)
        receipt = self.send(self.prepare.publish(bundle), key=key)
        return published_in(receipt, self)

    # ----------------------------------------------------------------- accepting

    def accept(self, program: int, bundle_hash: bytes, *, key: str | None = None) -> Receipt:
        """Accept a published version as the sender.

        Raises:
            TermsUnknown: The program has not published such a version.
        """
        return self.send(self.prepare.accept(program, bundle_hash), key=key)

    def submit(self, signed: SignedAcceptance, *, key: str | None = None) -> Receipt:
        """Record a member's signed acceptance; the sender pays the gas.

        Raises:
            IntentSignatureInvalid: The member did not sign it, or not for this contract and chain.
            IntentExpired: Its deadline has passed.
            IntentNonceUsed: Its nonce was used or cancelled.
            TermsUnknown: The program has not published such a version.
        """
        return self.send(self.prepare.submit(signed), key=key)

    # ----------------------------------------------------------------- inside

    def _versions(self, program: int, block: int) -> tuple[TermsVersion, ...]:
        count = self.contract.read("versionCount", program, block=block)
        return tuple(
            _version(
                program, number, *self.contract.read("versionAt", program, number, block=block)
            )
            for number in range(count)
        )


def published_in(receipt: Receipt, client: TermsClient) -> TermsVersion:
    """Return the version that a transaction published.

    Raises:
        VerificationFailed: It published none, or several.
    """
    events = receipt.events_of(TermsPublished)
    if len(events) != 1:
        raise VerificationFailed(f"{receipt.hash} published {len(events)} versions, not one.")
    (event,) = events
    published_at = client.connection.block_timestamp(receipt.block)
    return _version(
        event.program, event.version, event.bundle_hash, published_at, event.effective_at
    )


def _version(
    program: int, number: int, bundle_hash: bytes, published_at: int, effective_at: int
) -> TermsVersion:
    return TermsVersion(program, number, bundle_hash, _moment(published_at), _moment(effective_at))


def _moment(timestamp: int) -> datetime:
    """Return a moment of the chain; what is beyond the calendar is its last second."""
    return datetime.fromtimestamp(min(timestamp, LAST_SECOND), UTC)

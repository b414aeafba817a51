"""What customers sign about their consents, so that somebody else pays the gas.

Nothing here needs a node: with the chain id, the registry's address and the key of the identity, a
consent is given or taken back offline and travels as JSON. Who has to sign is the identity's
current owner, whom only the chain knows; so ``signed_by`` answers for an address that is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields, SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum, require_address
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import DEADLINE_MAX, Signed, long_form, unix_seconds
from crmdapp.chain.typed_data import Domain, recover
from crmdapp.customers.terms import (
    MOMENT_MAX,
    ConsentGrant,
    ConsentRenewal,
    ConsentTerms,
    ConsentTermsInvalid,
    ConsentWithdrawal,
    DataController,
    Permission,
    require_terms,
)
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer


class SignedByOwner(Signed):
    """Signed data about an identity, whose current owner has to sign."""

    __slots__ = ()

    def require_signed_by(self, owner: str) -> None:
        """Check that the owner's own key signed; a smart account may still accept if not.

        Args:
            owner: The identity's current owner, from the DidRegistry.

        Raises:
            IntentSignatureInvalid: It did not: forged, altered, mirrored (high s), or signed for
                another contract or chain.
        """
        if not self.signed_by(owner):
            raise IntentSignatureInvalid(checksum(owner), self.digest)


@dataclass(frozen=True, slots=True)
class SignedGrant(SignedByOwner):
    """A customer's agreement with the terms in full, for the company that it is given to.

    Attributes:
        grant: What is agreed to.
        domain: The registry and chain it is meant for.
        signature: By the owner of the subject.
    """

    grant: ConsentGrant
    domain: Domain
    signature: bytes

    @property
    def content(self) -> ConsentGrant:
        """What was signed: the grant."""
        return self.grant

    @property
    def relayed(self) -> SignedConsent:
        """What whoever sends it needs to know, and no more."""
        terms = self.grant.terms
        return SignedConsent(
            terms.subject, terms.consent_id, self.grant.deadline, self.domain, self.signature
        )

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedGrant:
        """Return the grant that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed grant; the message names the field.
            CodeUnknown: A purpose or category is not in the vocabulary.
            ConsentTermsInvalid: The terms make no consent.
        """
        fields = SignedJson(data, "signed grant", "ConsentGrant")
        message = fields.message
        terms = message.inner("terms")
        company, own = terms.inner("dataController"), terms.inner("permission")
        permission = Permission(
            subject=own.address("subject"),
            purposes=own.whole("purposes"),
            categories=own.whole("categories"),
            recipients_hash=own.word("recipientsHash"),
            valid_from=own.whole("validFrom"),
            valid_until=own.whole("validUntil"),
            notice_hash=own.word("noticeHash"),
            jurisdiction=_octets(own, "jurisdiction"),
            flags=own.whole("flags"),
            reward_id=own.whole("rewardId"),
            salt=_octets(own, "salt"),
        )
        controller = DataController(company.address("account"), _octets(company, "salt"))
        found = require_terms(ConsentTerms(controller, permission))
        grant = ConsentGrant(found, message.whole("deadline", DEADLINE_MAX))
        return cls(grant, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedConsent:
    """A signed grant as it is relayed, twin of the Solidity struct: no term is in it.

    Attributes:
        subject: The customer's identity for the company.
        consent_id: The consent, 32 bytes.
        deadline: Last second it may be submitted, Unix time.
        domain: The registry and chain it is meant for.
        signature: By the owner of the subject.
    """

    FORMAT: ClassVar[str] = "crmdapp-signed-consent/1"

    subject: str
    consent_id: bytes
    deadline: int
    domain: Domain
    signature: bytes

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed.

        The terms enter ``ConsentGrant`` by their hash, so it can be computed without them.
        """
        grant = keccak(
            ConsentGrant.type_hash() + self.consent_id + self.deadline.to_bytes(32, "big")
        )
        return keccak(b"\x19\x01" + self.domain.separator() + grant)

    @property
    def values(self) -> tuple[str, bytes, int, bytes]:
        """The fields as the contract takes them."""
        return (self.subject, self.consent_id, self.deadline, self.signature)

    def signed_by(self, owner: str) -> bool:
        """Return whether that key signed; a smart account may still accept if not."""
        try:
            return recover(self.digest, long_form(self.signature)) == checksum(owner)
        except VerificationFailed:
            return False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "format": self.FORMAT,
            "subject": self.subject,
            "consentId": "0x" + self.consent_id.hex(),
            "deadline": self.deadline,
            "domain": self.domain.to_json(),
            "signature": "0x" + self.signature.hex(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedConsent:
        """Return what :meth:`to_json` gave, or the relayed form of a whole signed grant.

        Raises:
            UsageError: It is neither; the message names the field.
            CrmdappError: Whatever :meth:`SignedGrant.from_json` raises.
        """
        fields = JsonFields.parse(data, "signed consent")
        if fields.has("typedData"):
            return SignedGrant.from_json(data).relayed
        if fields.text("format") != cls.FORMAT:
            raise UsageError(f"The signed consent is not in the format {cls.FORMAT}.")
        return cls(
            subject=fields.address("subject"),
            consent_id=fields.word("consentId"),
            deadline=fields.whole("deadline", DEADLINE_MAX),
            domain=fields.domain(),
            signature=fields.signature(),
        )


@dataclass(frozen=True, slots=True)
class SignedWithdrawal(SignedByOwner):
    """The end of a consent.

    Attributes:
        withdrawal: Which.
        domain: The registry and chain it is meant for.
        signature: By the owner of the subject.
    """

    withdrawal: ConsentWithdrawal
    domain: Domain
    signature: bytes

    @property
    def content(self) -> ConsentWithdrawal:
        """What was signed: the withdrawal."""
        return self.withdrawal

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedWithdrawal:
        """Return the withdrawal that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed withdrawal; the message names the field.
        """
        fields = SignedJson(data, "signed withdrawal", "ConsentWithdrawal")
        message = fields.message
        withdrawal = ConsentWithdrawal(
            message.address("subject"),
            message.word("consentId"),
            message.whole("deadline", DEADLINE_MAX),
        )
        return cls(withdrawal, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedRenewal(SignedByOwner):
    """A later end of a consent.

    Attributes:
        renewal: Which, and until when.
        domain: The registry and chain it is meant for.
        signature: By the owner of the subject.
    """

    renewal: ConsentRenewal
    domain: Domain
    signature: bytes

    @property
    def content(self) -> ConsentRenewal:
        """What was signed: the renewal."""
        return self.renewal

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedRenewal:
        """Return the renewal that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no signed renewal; the message names the field.
        """
        fields = SignedJson(data, "signed renewal", "ConsentRenewal")
        message = fields.message
        renewal = ConsentRenewal(
            message.address("subject"),
            message.word("consentId"),
            message.whole("expiry", MOMENT_MAX),
            message.whole("deadline", DEADLINE_MAX),
        )
        return cls(renewal, fields.domain(), fields.signature())


def sign_grant(
    signer: Signer, domain: Domain, terms: ConsentTerms, *, deadline: int | datetime
) -> SignedGrant:
    """Sign that the subject of the terms agrees; needs no node.

    Args:
        signer: The subject's current owner.
        domain: From :func:`~crmdapp.customers.terms.consent_domain`.
        terms: What to agree to.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        CodeUnknown: A purpose or category is not in the vocabulary.
        ConsentTermsInvalid: The terms make no consent.
        UsageError: The deadline is out of its range.
        KeyProblem: The signer cannot sign.
    """
    grant = ConsentGrant(require_terms(terms), _deadline(deadline))
    return SignedGrant(grant, domain, grant.sign(signer, domain))


def sign_withdrawal(
    signer: Signer, domain: Domain, subject: str, consent_id: bytes, *, deadline: int | datetime
) -> SignedWithdrawal:
    """Sign that a consent ends, for ever; needs no node.

    Args:
        signer: The subject's current owner.
        domain: From :func:`~crmdapp.customers.terms.consent_domain`.
        subject: The customer's identity for the company.
        consent_id: The consent, 32 bytes.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is malformed.
        KeyProblem: The signer cannot sign.
    """
    withdrawal = ConsentWithdrawal(require_address(subject), consent_id, _deadline(deadline))
    return SignedWithdrawal(withdrawal, domain, withdrawal.sign(signer, domain))


def sign_renewal(
    signer: Signer,
    domain: Domain,
    terms: ConsentTerms,
    expiry: int | datetime,
    *,
    deadline: int | datetime,
) -> SignedRenewal:
    """Sign that a consent lasts longer; needs no node.

    Args:
        signer: The subject's current owner.
        domain: From :func:`~crmdapp.customers.terms.consent_domain`.
        terms: What was agreed to.
        expiry: The new end, later than the terms say: Unix seconds or an aware datetime.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        ConsentTermsInvalid: The new end is not later than the terms say.
        UsageError: A value is malformed.
        KeyProblem: The signer cannot sign.
    """
    end = require_later_end(terms, unix_seconds(expiry, "The new end"))
    renewal = ConsentRenewal(terms.subject, terms.consent_id, end, _deadline(deadline))
    return SignedRenewal(renewal, domain, renewal.sign(signer, domain))


def require_later_end(terms: ConsentTerms, expiry: int) -> int:
    """Return a new end that lies after the one in the terms, which the chain does not know.

    Raises:
        ConsentTermsInvalid: It does not.
        UsageError: It is no moment before the year 10000.
    """
    require_whole("The new end", expiry, MOMENT_MAX)
    if expiry <= terms.permission.valid_until:
        raise ConsentTermsInvalid("expiry", "is not later than the terms say")
    return expiry


def _deadline(deadline: int | datetime) -> int:
    return require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)


def _octets(fields: JsonFields, name: str) -> bytes:
    """Return hex data of any length; nothing of it is quoted, it may be a salt."""
    try:
        return bytes.fromhex(fields.text(name).removeprefix("0x"))
    except (UsageError, ValueError):
        raise ConsentTermsInvalid(name, "must be hex digits") from None

"""Statements about customers, and what attestors and customers sign about them.

A statement says that some claims, of which only a hash is on chain, hold of a subject. Nothing
here needs a node: with the chain id, the registry's address and a key, an attestor attests offline
and anybody submits it. The classes are the twins of the attestation registry's structs.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

TOPIC_MAX = (1 << 32) - 1
"""Highest number of a topic, 32 bits."""

LEVEL_MAX = 255
"""Highest level of an attestation."""

NO_EXPIRY = 0
"""The expiry of an attestation that has none."""


@dataclass(frozen=True, slots=True)
class AttestationSubject(TypedData):
    """Whom a statement is about; apart from the claims, so that the subject can disown it.

    Attributes:
        account: The subject's identity for this company.
        salt: Random, 32 bytes: nobody finds the subject by trying addresses.
    """

    TYPE: ClassVar[str] = "AttestationSubject(address account,bytes32 salt)"

    account: str
    salt: bytes = field(repr=False)

    @classmethod
    def new(cls, account: str) -> AttestationSubject:
        """Return a subject with a fresh salt.

        Raises:
            UsageError: ``account`` is no address.
        """
        return cls(require_subject(account), secrets.token_bytes(32))


@dataclass(frozen=True, slots=True)
class Statement(TypedData):
    """That claims hold of a subject; its struct hash is the attestation's uid.

    Attributes:
        topic: What kind of claims, and so who may attest them, below 2^32.
        subject: Whom they are about.
        claims_hash: Hash of the claims, 32 bytes.
    """

    TYPE: ClassVar[str] = (
        "Statement(uint32 topic,AttestationSubject subject,bytes32 claimsHash)"
        "AttestationSubject(address account,bytes32 salt)"
    )

    topic: int
    subject: AttestationSubject
    claims_hash: bytes

    @property
    def uid(self) -> bytes:
        """The attestation's name on chain, 32 bytes.

        Raises:
            UsageError: A field does not fit its type.
        """
        return self.struct_hash()


@dataclass(frozen=True, slots=True)
class AttestationIntent(TypedData):
    """An attestor's word, to be relayed.

    Attributes:
        uid: The statement's.
        topic: The statement's, below 2^32.
        level: How sure the attestor is, 1 to 255, by the topic's own scale.
        expiry: First second in which it no longer counts, Unix time below 2^40; 0 for no end.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "AttestationIntent(bytes32 uid,uint32 topic,uint8 level,uint40 expiry,uint40 deadline)"
    )

    uid: bytes
    topic: int
    level: int
    expiry: int
    deadline: int


@dataclass(frozen=True, slots=True)
class RevocationIntent(TypedData):
    """That an attestor takes its word back.

    Attributes:
        uid: The statement's.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "RevocationIntent(bytes32 uid,uint40 deadline)"

    uid: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class DisownIntent(TypedData):
    """That the subject rejects a statement about itself.

    Attributes:
        uid: The statement's.
        subject: The subject's identity.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "DisownIntent(bytes32 uid,address subject,uint40 deadline)"

    uid: bytes
    subject: str
    deadline: int


AttestorIntent = AttestationIntent | RevocationIntent

_ATTESTOR_KINDS: Mapping[str, type[AttestorIntent]] = {
    "AttestationIntent": AttestationIntent,
    "RevocationIntent": RevocationIntent,
}


@dataclass(frozen=True, slots=True)
class SignedWord(SignedPermission):
    """An attestor's signature under an attestation or a revocation.

    Attributes:
        intent: What it says.
        attestor: Who signed.
        domain: The registry and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    intent: AttestorIntent
    attestor: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> AttestorIntent:
        """What was signed: the intent."""
        return self.intent

    @property
    def signer(self) -> str:
        """Who has to sign: the attestor."""
        return self.attestor

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "attestor": "0x...", "signature": "0x..."}``."""
        return {**SignedPermission.to_json(self), "attestor": self.attestor}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedWord:
        """Return the signed word that :meth:`to_json` gave.

        Raises:
            UsageError: It is no such word; the message names the field.
        """
        fields = SignedJson(data, "signed attestation", *_ATTESTOR_KINDS)
        intent = read_struct(_ATTESTOR_KINDS[fields.kind], fields.message)
        require_intent(intent)
        attestor = fields.outer.address("attestor")
        return cls(intent, attestor, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedDisowning(SignedPermission):
    """The signature of a subject's owner under the rejection of a statement.

    To submit it publishes whom the statement was about, but none of its claims.

    Attributes:
        statement: What is rejected; the chain takes it apart from the signature.
        deadline: Last second it may be submitted, Unix time below 2^40.
        owner: Who signed: who decides for the subject.
        domain: The registry and chain it is meant for.
        signature: As of :class:`SignedWord`.
    """

    statement: Statement
    deadline: int
    owner: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> DisownIntent:
        """What was signed."""
        subject = self.statement.subject.account
        return DisownIntent(self.statement.uid, subject, self.deadline)

    @property
    def signer(self) -> str:
        """Who has to sign: the subject's owner."""
        return self.owner

    def to_json(self) -> dict[str, Any]:
        """Return the signed data, ``owner`` and ``statement``."""
        body = SignedPermission.to_json(self)
        return {**body, "owner": self.owner, "statement": self.statement.message()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedDisowning:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no such data, or was signed for another statement than it carries.
        """
        fields = SignedJson(data, "signed disowning", "DisownIntent")
        intent = read_struct(DisownIntent, fields.message)
        statement = read_statement(fields.outer.inner("statement"))
        if (statement.uid, statement.subject.account) != (intent.uid, intent.subject):
            raise UsageError("The signed disowning is about another statement than it carries.")
        require_whole("deadline", intent.deadline, DEADLINE_MAX)
        owner = fields.outer.address("owner")
        return cls(statement, intent.deadline, owner, fields.domain(), fields.signature())


def attestation_domain(chain_id: int, registry: str) -> Domain:
    """Return the domain that a registry's intents are signed for.

    Args:
        chain_id: The chain's id.
        registry: Address of the AttestationRegistry on it.

    Raises:
        UsageError: ``registry`` is no address.
    """
    return Domain("AttestationRegistry", "1", chain_id, require_address(registry))


def sign_attestation(
    signer: Signer,
    domain: Domain,
    *,
    uid: bytes,
    topic: int,
    level: int,
    deadline: int | datetime,
    expiry: int | datetime = NO_EXPIRY,
) -> SignedWord:
    """Sign an attestor's word; needs no node.

    Args:
        signer: The attestor.
        domain: From :func:`attestation_domain`.
        uid: The statement's.
        topic: The statement's.
        level: How sure the attestor is, 1 to 255.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
        expiry: First moment in which it no longer counts, likewise; 0 for no end.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    until, ends = unix_seconds(deadline), unix_seconds(expiry, "The expiry")
    return _signed(AttestationIntent(uid, topic, level, ends, until), signer, domain)


def sign_revocation(
    signer: Signer, domain: Domain, *, uid: bytes, deadline: int | datetime
) -> SignedWord:
    """Sign that an attestor takes its word back; needs no node.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    return _signed(RevocationIntent(uid, unix_seconds(deadline)), signer, domain)


def sign_disowning(
    signer: Signer, domain: Domain, statement: Statement, *, deadline: int | datetime
) -> SignedDisowning:
    """Sign that the subject rejects a statement about itself; needs no node.

    Args:
        signer: Who decides for the subject.
        domain: From :func:`attestation_domain`.
        statement: What is rejected.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    require_statement(statement)
    until = require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX)
    unsigned = SignedDisowning(statement, until, signer.address, domain, b"")
    signature = unsigned.content.sign(signer, domain)
    return SignedDisowning(statement, until, signer.address, domain, signature)


def read_statement(fields: JsonFields) -> Statement:
    """Return the statement whose EIP-712 message this is.

    Raises:
        UsageError: A field is missing or malformed; the message names it.
    """
    subject = fields.inner("subject")
    whom = AttestationSubject(subject.address("account"), subject.word("salt"))
    statement = Statement(fields.whole("topic", TOPIC_MAX), whom, fields.word("claimsHash"))
    require_statement(statement)
    return statement


def require_statement(statement: Statement) -> None:
    """Check that a statement's fields fit the registry's types.

    Raises:
        UsageError: One does not.
    """
    require_whole("topic", statement.topic, TOPIC_MAX)
    require_subject(statement.subject.account)
    for name, word in (("salt", statement.subject.salt), ("claims_hash", statement.claims_hash)):
        if len(word) != 32:
            raise UsageError(f"The statement's {name} has not 32 bytes.")


def require_intent(intent: AttestorIntent) -> None:
    """Check that an intent's fields fit the registry's types.

    Raises:
        UsageError: One does not.
    """
    require_uid(intent.uid)
    require_whole("deadline", intent.deadline, DEADLINE_MAX)
    if isinstance(intent, AttestationIntent):
        require_whole("topic", intent.topic, TOPIC_MAX)
        require_whole("level", intent.level, LEVEL_MAX, least=1)
        require_whole("expiry", intent.expiry, DEADLINE_MAX)


def require_uid(uid: bytes) -> bytes:
    """Return ``uid`` if it has the 32 bytes of one.

    Raises:
        UsageError: It has not.
    """
    if len(uid) != 32:
        raise UsageError("An attestation's uid has 32 bytes (64 hex digits).")
    return uid


def require_subject(account: str) -> str:
    """Return the address of somebody a statement can be about.

    Raises:
        UsageError: It is none, or the zero address.
    """
    subject = require_address(account)
    if subject == ZERO_ADDRESS:
        raise UsageError("The zero address is nobody's identity.")
    return subject


def _signed(intent: AttestorIntent, signer: Signer, domain: Domain) -> SignedWord:
    require_intent(intent)
    attestor = checksum(signer.address)
    return SignedWord(intent, attestor, domain, intent.sign(signer, domain))

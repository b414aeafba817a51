"""The attestation registry from Python: topics, attestors, and what they vouch for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.customers.attestation_calls import AttestationCalls
from crmdapp.customers.errors import TopicUnknown
from crmdapp.customers.events import TopicCreated
from crmdapp.customers.statements import (
    NO_EXPIRY,
    SignedDisowning,
    SignedWord,
    Statement,
    attestation_domain,
    require_uid,
)
from crmdapp.errors import VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain

CHUNK = 400
"""Statements per transaction: 400 take some 10.5 million gas, of 16.8 million that one may."""

_HISTORY = ("Attested", "AttestationRevoked", "AttestationDisowned")


class AttestationStatus(IntEnum):
    """Where one attestor's word stands; it only moves forward."""

    NONE = 0
    ISSUED = 1
    REVOKED = 2


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of claims, and how many attestors have to agree.

    Attributes:
        id: Its number.
        owner: Names the attestors.
        quorum: Attestors who have to attest the same, 1 or more.
        schema_hash: keccak256 of the description of the claims.
    """

    id: int
    owner: str
    quorum: int
    schema_hash: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """An attestor's standing in a topic; what it attested outside of it is void.

    Attributes:
        level: The highest level it may give; 0 if it never was an attestor.
        begins: Unix seconds.
        ends: Unix seconds, exclusive; ``None`` for no end.
    """

    level: int
    begins: int
    ends: int | None

    def covers(self, moment: int) -> bool:
        """Return whether what was attested at that moment counts."""
        return (
            self.level > 0 and self.begins <= moment and (self.ends is None or moment < self.ends)
        )


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestor's word on one statement.

    Attributes:
        issued_at: Unix seconds; 0 if there is none.
        expiry: Unix seconds, exclusive; ``None`` for no end.
        topic: The statement's.
        level: How sure the attestor is.
        status: Where it stands.
    """

    issued_at: int
    expiry: int | None
    topic: int
    level: int
    status: AttestationStatus


class AttestationClient(ContractClient):
    """The AttestationRegistry, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise what
    :class:`~crmdapp.chain.client.ContractClient` says besides what each names.

    Source: contracts/customers/IAttestationRegistry.sol.
    """

    CONTRACT = "AttestationRegistry"

    @cached_property
    def prepare(self) -> AttestationCalls:
        """The same transactions, checked and encoded but not sent."""
        return AttestationCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What attestors and customers sign for."""
        return attestation_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- topics

    def create_topic(self, quorum: int, schema_hash: bytes, *, key: str | None = None) -> Topic:
        """Open a topic that the sender owns.

        Args:
            quorum: Attestors who have to attest the same, 1 to 255.
            schema_hash: keccak256 of the description of the claims, 32 bytes.
            key: Idempotency key.

        Raises:
            TopicQuorumInvalid: The quorum is 0.
        """
        receipt = self.send(self.prepare.create_topic(quorum, schema_hash), key=key)
        return self.topic_in(receipt)

    def topic_in(self, receipt: Receipt) -> Topic:
        """Return the topic that a receipt tells of.

        Raises:
            VerificationFailed: It tells of none, or of several.
        """
        created = receipt.events_of(TopicCreated)
        if len(created) != 1:
            raise VerificationFailed(f"{receipt.hash} created {len(created)} topics, not one.")
        return self.topic(created[0].topic_)

    def topic(self, topic: int) -> Topic:
        """Return a topic as it stands.

        Raises:
            TopicUnknown: There is no such topic.
        """
        owner, quorum, schema_hash = self.contract.read("topicOf", topic)
        if owner == ZERO_ADDRESS:
            raise TopicUnknown(topic)
        return Topic(topic, owner, quorum, schema_hash)

    def admit(self, topic: int, attestor: str, level: int, *, key: str | None = None) -> Receipt:
        """Admit an attestor from now on; the sender owns the topic.

        Who was dismissed and is admitted again begins anew: what it attested before stays void.

        Args:
            topic: The topic.
            attestor: Its address.
            level: The highest level it may give, 1 to 255.
            key: Idempotency key.

        Raises:
            TopicOwnerOnly: The sender does not own the topic.
            TopicUnknown: There is no such topic.
        """
        return self.send(self.prepare.admit(topic, attestor, level), key=key)

    def dismiss(self, topic: int, attestor: str, until: int, *, key: str | None = None) -> Receipt:
        """End an attestor's standing; what it attested from then on is void at once.

        Args:
            topic: The topic.
            attestor: Its address.
            until: Unix seconds, now or earlier: when its key was stolen, perhaps. It can be moved
                further back, never forward.
            key: Idempotency key.

        Raises:
            TopicOwnerOnly: The sender does not own the topic.
            TopicUnknown: There is no such topic.
            StandingInvalid: It never was an attestor, or the moment lies in the future or after
                one given before.
        """
        return self.send(self.prepare.dismiss(topic, attestor, until), key=key)

    def standing(self, topic: int, attestor: str, *, block: int | str = "latest") -> Standing:
        """Return an attestor's standing in a topic."""
        level, begins, ends = self.contract.read(
            "standingOf", topic, require_address(attestor), block=block
        )
        return Standing(level, begins, ends or None)

    # ----------------------------------------------------------------- attesting

    def attest(
        self, uid: bytes, topic: int, level: int, expiry: int = NO_EXPIRY, *, key: str | None = None
    ) -> Receipt:
        """Vouch for a statement; the sender is an attestor of the topic.

        Args:
            uid: The statement's.
            topic: The statement's.
            level: How sure the sender is, 1 to its level in the topic.
            expiry: First second in which it no longer counts; 0 for no end.
            key: Idempotency key.

        Raises:
            AttestorNotStanding: The sender may not attest in the topic, or not at that level.
            AttestationKnown: The sender attested or revoked it before.
            AttestationExpiryInvalid: The expiry is not in the future.
            AttestationDisownedBefore: The subject has rejected it.
        """
        return self.send(self.prepare.attest(uid, topic, level, expiry), key=key)

    def attest_many(
        self,
        uids: Sequence[bytes],
        topic: int,
        level: int,
        expiry: int = NO_EXPIRY,
        *,
        key: str,
    ) -> Iterator[Receipt]:
        """Vouch for many statements, :data:`CHUNK` in a transaction; yields their receipts.

        Stopped at any point and run again with the same key and the same statements, it sends only
        what was not sent. One statement that is refused stops its whole transaction, and those
        after it.

        Args:
            uids: The statements', each once.
            topic: Of all of them.
            level: Of all of them.
            expiry: Of all of them.
            key: Idempotency key of all of them together.

        Raises:
            AttestorNotStanding: The sender may not attest in the topic, or not at that level.
            AttestationKnown: The sender attested or revoked one of them before.
            AttestationDisownedBefore: A subject has rejected one of them.
        """
        calls = (self.prepare.attest_many(part, topic, level, expiry) for part in _chunks(uids))
        return self._send_all(calls, key)

    def attest_by_sig(self, signed: SignedWord, *, key: str | None = None) -> Receipt:
        """Submit an attestor's signed word; the sender only pays the gas.

        Raises:
            IntentSignatureInvalid: The attestor did not sign it, or not for this registry.
            IntentExpired: Its deadline has passed.
            AttestorNotStanding: The attestor may not attest in the topic, or not at that level.
            AttestationKnown: The attestor attested or revoked it before.
            AttestationExpiryInvalid: The expiry is not in the future.
            AttestationDisownedBefore: The subject has rejected it.
        """
        return self.send(self.prepare.attest_by_sig(signed), key=key)

    # ----------------------------------------------------------------- taking back

    def revoke(self, uid: bytes, *, key: str | None = None) -> Receipt:
        """Take the sender's word on a statement back, for ever.

        Raises:
            AttestationNotIssued: The sender has not attested it, or has revoked it.
        """
        return self.send(self.prepare.revoke(uid), key=key)

    def revoke_many(self, uids: Sequence[bytes], *, key: str) -> Iterator[Receipt]:
        """Take the sender's word on many statements back; see :meth:`attest_many`."""
        return self._send_all((self.prepare.revoke_many(part) for part in _chunks(uids)), key)

    def revoke_by_sig(self, signed: SignedWord, *, key: str | None = None) -> Receipt:
        """Submit an attestor's signed revocation; the sender only pays the gas.

        Raises:
            IntentSignatureInvalid: The attestor did not sign it, or not for this registry.
            IntentExpired: Its deadline has passed.
            AttestationNotIssued: The attestor has not attested it, or has revoked it.
        """
        return self.send(self.prepare.revoke_by_sig(signed), key=key)

    def disown(self, statement: Statement, *, key: str | None = None) -> Receipt:
        """Reject a statement about an identity of the sender's, whoever attests it, for ever.

        It publishes whom the statement was about, but none of its claims.

        Raises:
            SubjectOwnerOnly: The sender does not decide for the subject.
            AttestationDisownedBefore: It was rejected before.
        """
        return self.send(self.prepare.disown(statement), key=key)

    def disown_by_sig(self, signed: SignedDisowning, *, key: str | None = None) -> Receipt:
        """Submit a customer's signed rejection; the sender only pays the gas.

        Raises:
            IntentSignatureInvalid: The subject's owner did not sign it.
            IntentExpired: Its deadline has passed.
            AttestationDisownedBefore: It was rejected before.
        """
        return self.send(self.prepare.disown_by_sig(signed), key=key)

    # ----------------------------------------------------------------- reading

    def is_valid(
        self,
        uid: bytes,
        topic: int,
        level: int,
        attestors: Iterable[str],
        *,
        block: int | str = "latest",
    ) -> bool:
        """Return whether enough of these attestors stand by a statement, at that level or higher.

        Of a topic that does not exist nothing is valid.

        Args:
            uid: The statement's.
            topic: The statement's.
            level: The lowest level that will do.
            attestors: Those whom the asker trusts, in any order.
            block: When.
        """
        named = sorted(
            {require_address(item) for item in attestors}, key=lambda item: int(item, 16)
        )
        found: bool = self.contract.read(
            "isValid", require_uid(uid), topic, level, named, block=block
        )
        return found

    def attestation(self, uid: bytes, attestor: str, *, block: int | str = "latest") -> Attestation:
        """Return what an attestor said on a statement."""
        issued_at, expiry, topic, level, status = self.contract.read(
            "attestationOf", require_uid(uid), require_address(attestor), block=block
        )
        return Attestation(issued_at, expiry or None, topic, level, AttestationStatus(status))

    def is_disowned(self, uid: bytes, *, block: int | str = "latest") -> bool:
        """Return whether the subject has rejected a statement."""
        found: bool = self.contract.read("isDisowned", require_uid(uid), block=block)
        return found

    def owner_of(self, subject: str) -> str | None:
        """Return who decides for a subject now; ``None`` once the identity has ended."""
        registry = self.contract.read("DID_REGISTRY")
        dids = self.connection.contract("DidRegistry", registry)
        owner = checksum(dids.read("identityOwner", require_address(subject)))
        return None if owner == ZERO_ADDRESS else owner

    def history(self, uid: bytes) -> list[DecodedLog]:
        """Return all that happened to a statement, in order: attested, revoked, disowned."""
        found = [log for name in _HISTORY for log in self.events(name, uid=require_uid(uid))]
        return sorted(found, key=lambda log: (log.block, log.log_index))

    def _send_all(self, calls: Iterator[Call], key: str) -> Iterator[Receipt]:
        named = ((f"{key}:{number}", call) for number, call in enumerate(calls))
        return self.sender.send_many(named)


def _chunks(uids: Sequence[bytes]) -> Iterator[list[bytes]]:
    rest = iter(uids)
    while part := list(islice(rest, CHUNK)):
        yield part

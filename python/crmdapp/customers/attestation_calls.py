"""The attestation registry's transactions, checked and encoded but not sent.

Each method returns a :class:`~crmdapp.chain.calls.Call`: what a command line shows and simulates
before it asks, and what :class:`~crmdapp.customers.attestations.AttestationClient` sends. Nothing
here asks a node; what the registry would refuse whatever its state is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.calls import BoundContract, Call
from crmdapp.chain.signed import DEADLINE_MAX
from crmdapp.customers.errors import TopicQuorumInvalid
from crmdapp.customers.statements import (
    LEVEL_MAX,
    NO_EXPIRY,
    TOPIC_MAX,
    AttestationIntent,
    RevocationIntent,
    SignedDisowning,
    SignedWord,
    Statement,
    require_intent,
    require_statement,
    require_uid,
)
from crmdapp.errors import UsageError

QUORUM_MAX = 255


class AttestationCalls:
    """Calls of one AttestationRegistry.

    Args:
        registry: The contract.
    """

    def __init__(self, registry: BoundContract) -> None:
        self._registry = registry

    def create_topic(self, quorum: int, schema_hash: bytes) -> Call:
        """Open a topic that the sender owns.

        Raises:
            TopicQuorumInvalid: The quorum is 0.
            UsageError: An argument is out of its range.
        """
        if require_whole("quorum", quorum, QUORUM_MAX) == 0:
            raise TopicQuorumInvalid(quorum)
        if len(schema_hash) != 32:
            raise UsageError("A schema's hash has 32 bytes (64 hex digits).")
        return self._registry.call("createTopic", quorum, schema_hash)

    def offer_topic(self, topic: int, to: str) -> Call:
        """Offer the topic to ``to``; the zero address takes the offer back."""
        return self._registry.call("offerTopic", _topic(topic), require_address(to))

    def accept_topic(self, topic: int) -> Call:
        """Take over a topic that was offered to the sender."""
        return self._registry.call("acceptTopic", _topic(topic))

    def admit(self, topic: int, attestor: str, level: int) -> Call:
        """Admit an attestor from now on, up to a level of 1 to 255.

        Raises:
            UsageError: An argument is out of its range.
        """
        address = require_address(attestor)
        if address == ZERO_ADDRESS:
            raise UsageError("The zero address cannot attest: nobody owns it.")
        return self._registry.call("admit", _topic(topic), address, _level(level))

    def dismiss(self, topic: int, attestor: str, until: int) -> Call:
        """End an attestor's standing at a moment that is not in the future, Unix seconds."""
        moment = require_whole("until", until, DEADLINE_MAX)
        return self._registry.call("dismiss", _topic(topic), require_address(attestor), moment)

    def attest(self, uid: bytes, topic: int, level: int, expiry: int = NO_EXPIRY) -> Call:
        """Vouch for a statement."""
        ends = require_whole("expiry", expiry, DEADLINE_MAX)
        return self._registry.call("attest", require_uid(uid), _topic(topic), _level(level), ends)

    def attest_many(
        self, uids: Sequence[bytes], topic: int, level: int, expiry: int = NO_EXPIRY
    ) -> Call:
        """Vouch for several statements, all or none.

        Raises:
            UsageError: There is none, one stands there twice, or an argument is out of its range.
        """
        ends = require_whole("expiry", expiry, DEADLINE_MAX)
        return self._registry.call("attestMany", _uids(uids), _topic(topic), _level(level), ends)

    def attest_by_sig(self, signed: SignedWord) -> Call:
        """Submit an attestor's signed word.

        Raises:
            UsageError: It is a revocation, or a number is out of its range.
        """
        if not isinstance(signed.intent, AttestationIntent):
            raise UsageError("This is a revocation, not an attestation.")
        return self._by_sig("attestBySig", signed)

    def revoke(self, uid: bytes) -> Call:
        """Take the sender's word on a statement back."""
        return self._registry.call("revoke", require_uid(uid))

    def revoke_many(self, uids: Sequence[bytes]) -> Call:
        """Take the sender's word on several statements back, all or none."""
        return self._registry.call("revokeMany", _uids(uids))

    def revoke_by_sig(self, signed: SignedWord) -> Call:
        """Submit an attestor's signed revocation.

        Raises:
            UsageError: It is an attestation, or a number is out of its range.
        """
        if not isinstance(signed.intent, RevocationIntent):
            raise UsageError("This is an attestation, not a revocation.")
        return self._by_sig("revokeBySig", signed)

    def disown(self, statement: Statement) -> Call:
        """Reject a statement about an identity of the sender's."""
        return self._registry.call("disown", *_parts(statement))

    def disown_by_sig(self, signed: SignedDisowning) -> Call:
        """Submit a customer's signed rejection."""
        require_whole("deadline", signed.deadline, DEADLINE_MAX)
        return self._registry.call(
            "disownBySig", *_parts(signed.statement), signed.deadline, signed.signature
        )

    def _by_sig(self, function: str, signed: SignedWord) -> Call:
        require_intent(signed.intent)
        attestor = require_address(signed.attestor)
        return self._registry.call(function, signed.intent.values, attestor, signed.signature)


def _parts(statement: Statement) -> tuple[object, ...]:
    require_statement(statement)
    return statement.topic, statement.subject.values, statement.claims_hash


def _uids(uids: Sequence[bytes]) -> list[bytes]:
    checked = [require_uid(uid) for uid in uids]
    if not checked:
        raise UsageError("There is no statement.")
    if len(set(checked)) != len(checked):
        raise UsageError("A statement stands there twice.")
    return checked


def _topic(topic: int) -> int:
    return require_whole("topic", topic, TOPIC_MAX)


def _level(level: int) -> int:
    return require_whole("level", level, LEVEL_MAX, least=1)

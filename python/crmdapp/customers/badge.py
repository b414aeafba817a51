"""Identity badges from Python: opt-in, public proof that an identity is a verified person."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.client import ContractClient
from crmdapp.chain.signed import DEADLINE_MAX, SignedWithSigner, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers.models import Badge
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt

TOPIC_MAX = (1 << 32) - 1
PSEUDONYM_MAX = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class BadgeGrant(TypedData):
    """An attestor's word that an identity is a verified person.

    Attributes:
        identity: The identity's address.
        topic: What was attested, below 2^32.
        pseudonym: Chosen by the holder, 1 to 2^64 - 1; the end of the token's id.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "BadgeGrant(address identity,uint32 topic,uint64 pseudonym,uint40 deadline)"
    )

    identity: str
    topic: int
    pseudonym: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedBadgeGrant(SignedWithSigner):
    """A grant, and the attestor's signature.

    Attributes:
        grant: What is attested.
        signer: The attestor.
        domain: The contract and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    grant: BadgeGrant
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> BadgeGrant:
        """What was signed: the grant."""
        return self.grant

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedBadgeGrant:
        """Return the grant that :meth:`to_json` gave.

        Raises:
            UsageError: It is no signed grant; the message names the field.
        """
        fields = SignedJson(data, "signed badge grant", "BadgeGrant")
        grant = read_struct(BadgeGrant, fields.message)
        return cls(grant, fields.outer.address("signer"), fields.domain(), fields.signature())


def badge_domain(chain_id: int, badge: str) -> Domain:
    """Return the domain that grants are signed for.

    Args:
        chain_id: The chain's id.
        badge: Address of the IdentityBadge contract on it.

    Raises:
        UsageError: ``badge`` is no address.
    """
    return Domain("IdentityBadge", "1", chain_id, require_address(badge))


def badge_grant(
    *, identity: str, topic: int, deadline: int | datetime, pseudonym: int | None = None
) -> BadgeGrant:
    """Return a grant for :func:`sign_badge`, its values checked.

    Args:
        identity: The identity's address.
        topic: What was verified, below 2^32.
        deadline: Last moment it may be submitted: Unix seconds below 2^40 or an aware datetime.
        pseudonym: What the holder chose, 1 to 2^64 - 1; drawn at random by default.

    Raises:
        UsageError: A value is out of its range.
    """
    name = secrets.randbelow(PSEUDONYM_MAX) + 1 if pseudonym is None else pseudonym
    return BadgeGrant(
        require_address(identity),
        require_whole("topic", topic, TOPIC_MAX),
        require_whole("pseudonym", name, PSEUDONYM_MAX, least=1),
        require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX),
    )


def sign_badge(grant: BadgeGrant, signer: Signer, domain: Domain) -> SignedBadgeGrant:
    """Sign that an identity is a verified person; needs no node.

    Args:
        grant: From :func:`badge_grant`.
        signer: An attestor of the topic.
        domain: From :func:`badge_domain`.

    Raises:
        UsageError: A value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    return SignedBadgeGrant(grant, signer.address, domain, grant.sign(signer, domain))


class BadgeCalls:
    """Makes the calls of one IdentityBadge contract.

    Args:
        badge: The contract.
        domain: What grants are signed for.
    """

    def __init__(self, badge: BoundContract, domain: Domain) -> None:
        self._badge = badge
        self._domain = domain

    def mint(self, signed: SignedBadgeGrant) -> Call:
        """Mint the badge that an attestor granted to the sender's identity.

        Raises:
            UsageError: The grant is for another contract or chain.
        """
        if signed.domain != self._domain:
            raise UsageError(
                "The grant was signed for another contract or chain.",
                hint="Use the node it was signed for, or ask the attestor for another one.",
            )
        return self._badge.call("mint", signed.grant.values, signed.signer, signed.signature)

    def follow(self, token_id: int) -> Call:
        """Move a badge to its identity's owner of today; anyone may."""
        return self._badge.call("follow", token_id)

    def burn(self, token_id: int) -> Call:
        """End a badge for ever; by the identity's owner or the topic's."""
        return self._badge.call("burn", token_id)


class BadgeClient(ContractClient):
    """One IdentityBadge contract, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate first and raise the twins of the
    contract's errors, as :class:`~crmdapp.customers.registry.RegistryClient` does.

    Source: contracts/customers/IIdentityBadge.sol.
    """

    CONTRACT = "IdentityBadge"

    @cached_property
    def prepare(self) -> BadgeCalls:
        """The same transactions, checked and encoded but not sent."""
        return BadgeCalls(self.contract, self.domain)

    @cached_property
    def domain(self) -> Domain:
        """What grants are signed for."""
        return badge_domain(self.connection.chain_id, self.contract.address)

    def badge(self, identity: str) -> Badge | None:
        """Return the badge of an identity; ``None`` if it has none, or none any more."""
        token_id: int = self.contract.read("badgeOf", require_address(identity))
        if token_id == 0:
            return None
        return Badge(token_id, self.contract.read("ownerOf", token_id))

    def mint(self, signed: SignedBadgeGrant, *, key: str | None = None) -> Badge:
        """Mint the badge that an attestor granted; the sender owns the identity.

        It publishes that this address is a verified person, for ever.

        Returns:
            The badge.

        Raises:
            BadgeCallerInvalid: The sender does not own the identity.
            BadgeKnown: The identity has, or had, a badge.
            BadgeAttestorInvalid: The signer is no attestor of the topic.
            IntentSignatureInvalid: The attestor did not sign it.
            IntentExpired: Its deadline has passed.
        """
        receipt = self.send(self.prepare.mint(signed), key=key)
        found = self.badge(signed.grant.identity)
        if found is None:
            raise UsageError(f"The badge that {receipt.hash} minted was burned since.")
        return found

    def follow(self, token_id: int, *, key: str | None = None) -> Receipt:
        """Move a badge after a change of key; anyone may.

        Raises:
            ERC721NonexistentToken: There is no such badge.
        """
        return self.send(self.prepare.follow(token_id), key=key)

    def burn(self, token_id: int, *, key: str | None = None) -> Receipt:
        """End a badge; the identity gets no other.

        Raises:
            BadgeCallerInvalid: The sender owns neither the identity nor the topic.
            ERC721NonexistentToken: There is no such badge.
        """
        return self.send(self.prepare.burn(token_id), key=key)

"""What the owner of an identity signs for the registry of decentralised identifiers.

Nothing here needs a node: with the chain id, the registry's address and a key, each permission is
signed offline and travels as JSON. The classes are the twins of the registry's EIP-712 structs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.signed import SignedWithSigner
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer


@dataclass(frozen=True, slots=True)
class OwnerIntent(TypedData):
    """Another key for an identity.

    Attributes:
        identity: The identity's address.
        new_owner: Address of the new key.
        nonce: Any number the owner has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "OwnerIntent(address identity,address newOwner,uint256 nonce,uint40 deadline)"
    )

    identity: str
    new_owner: str
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class DelegateIntent(TypedData):
    """A delegate for a while.

    Attributes:
        identity: The identity's address.
        delegate_type: What the delegate may do, 32 bytes; see
            :func:`crmdapp.customers.did.short_name`.
        delegate: The delegate's address.
        validity: For how many seconds, below 2^64; 0 revokes.
        nonce: Any number the owner has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "DelegateIntent(address identity,bytes32 delegateType,address delegate,uint64 validity,"
        "uint256 nonce,uint40 deadline)"
    )

    identity: str
    delegate_type: bytes
    delegate: str
    validity: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class AttributeIntent(TypedData):
    """An attribute, such as a public key, for a while.

    Attributes:
        identity: The identity's address.
        name: What it is, 32 bytes; see :func:`crmdapp.customers.did.short_name`.
        value: Its value. It stays on the chain for ever: public keys only.
        validity: For how many seconds, below 2^64; 0 revokes.
        nonce: Any number the owner has not used, below 2^256.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "AttributeIntent(address identity,bytes32 name,bytes value,uint64 validity,uint256 nonce,"
        "uint40 deadline)"
    )

    identity: str
    name: bytes
    value: bytes
    validity: int
    nonce: int
    deadline: int


DidIntent = OwnerIntent | DelegateIntent | AttributeIntent

KINDS: Mapping[str, type[DidIntent]] = {
    kind.__name__: kind for kind in (OwnerIntent, DelegateIntent, AttributeIntent)
}


@dataclass(frozen=True, slots=True)
class SignedDidIntent(SignedWithSigner):
    """An intent of an identity's owner, and the signature.

    Attributes:
        intent: What is permitted.
        signer: Who signed; it has to be the identity's owner when it is submitted.
        domain: The registry and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    intent: DidIntent
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> DidIntent:
        """What was signed: the intent."""
        return self.intent

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedDidIntent:
        """Return the signed intent that :meth:`to_json` gave, or a wallet's typed data signed.

        Raises:
            UsageError: It is no such signed intent; the message names the field.
        """
        fields = SignedJson(data, "signed intent", *KINDS)
        intent = read_struct(KINDS[fields.kind], fields.message)
        signer = fields.outer.address("signer")
        return cls(intent, signer, fields.domain(), fields.signature())


def did_domain(chain_id: int, registry: str) -> Domain:
    """Return the domain that an identity's intents are signed for.

    Args:
        chain_id: The chain's id.
        registry: Address of the DidRegistry on it.

    Raises:
        UsageError: ``registry`` is no address.
    """
    return Domain("DidRegistry", "1", chain_id, require_address(registry))


def sign_did(intent: DidIntent, signer: Signer, domain: Domain) -> SignedDidIntent:
    """Sign an intent; needs no node.

    Args:
        intent: What is permitted.
        signer: The identity's owner.
        domain: From :func:`did_domain`.

    Raises:
        UsageError: A value is out of its range, or the new owner is nobody.
        KeyProblem: The signer cannot sign.
    """
    if isinstance(intent, OwnerIntent) and int(intent.new_owner, 16) == int(ZERO_ADDRESS, 16):
        raise UsageError(
            "The zero address can own no identity.",
            why="Nobody could withdraw what was consented to for it.",
        )
    return SignedDidIntent(intent, signer.address, domain, intent.sign(signer, domain))

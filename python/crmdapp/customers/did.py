"""Decentralised identifiers from Python: who owns an identity, its delegates and public keys.

Every address is an identity and its own first owner; nothing is written until something changes.
The read surface and the events are those of ERC-1056, so resolvers of ``did:ethr`` work unchanged.

Source: ERC-1056, https://eips.ethereum.org/EIPS/eip-1056.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.client import ContractClient
from crmdapp.customers.did_intents import (
    AttributeIntent,
    DelegateIntent,
    OwnerIntent,
    SignedDidIntent,
    did_domain,
)
from crmdapp.customers.events import DIDAttributeChanged, DIDDelegateChanged, DIDOwnerChanged
from crmdapp.customers.models import moment, require_cid
from crmdapp.errors import NodeLied, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain

VALIDITY_MAX = (1 << 64) - 1
"""Longest validity, seconds."""

_CHANGES = ("DIDOwnerChanged", "DIDDelegateChanged", "DIDAttributeChanged")
_BY_OWNER = {
    OwnerIntent: "changeOwnerBySig",
    DelegateIntent: "setDelegateBySig",
    AttributeIntent: "setAttributeBySig",
}


class DidCalls:
    """Makes the calls of one DidRegistry.

    Args:
        registry: The contract.
        domain: What its intents are signed for.
    """

    def __init__(self, registry: BoundContract, domain: Domain) -> None:
        self._registry = registry
        self._domain = domain

    def bind(self, identity: str, cid: bytes) -> Call:
        """Bind an identity to a customer for ever; see :meth:`DidClient.bind`."""
        return self._registry.call("bind", require_address(identity), require_cid(cid))

    def change_owner(self, identity: str, new_owner: str) -> Call:
        """Give an identity another key.

        Raises:
            UsageError: The new owner is nobody, or an argument is no address.
        """
        owner = require_address(new_owner)
        if owner == ZERO_ADDRESS:
            raise UsageError("The zero address can own no identity.")
        return self._registry.call("changeOwner", require_address(identity), owner)

    def set_delegate(self, identity: str, kind: str, delegate: str, validity: int) -> Call:
        """Name a delegate for a while, or with ``validity`` 0 no longer."""
        args = (require_address(identity), short_name(kind), require_address(delegate))
        if require_whole("validity", validity, VALIDITY_MAX) == 0:
            return self._registry.call("revokeDelegate", *args)
        return self._registry.call("addDelegate", *args, validity)

    def set_attribute(self, identity: str, name: str, value: bytes, validity: int) -> Call:
        """Publish an attribute for a while, or with ``validity`` 0 no longer."""
        args = (require_address(identity), short_name(name), value)
        if require_whole("validity", validity, VALIDITY_MAX) == 0:
            return self._registry.call("revokeAttribute", *args)
        return self._registry.call("setAttribute", *args, validity)

    def submit(self, signed: SignedDidIntent) -> Call:
        """Carry out what an identity's owner signed.

        Raises:
            UsageError: It was signed for another registry or chain.
        """
        if signed.domain != self._domain:
            raise UsageError(
                "It was signed for another registry or chain.",
                why=f"For {signed.domain.verifying_contract} on chain {signed.domain.chain_id},"
                f" not {self._domain.verifying_contract} on chain {self._domain.chain_id}.",
                hint="Use the node it was signed for, or have it signed anew.",
            )
        function = _BY_OWNER[type(signed.intent)]
        return self._registry.call(function, signed.intent.values, signed.signature)


class DidClient(ContractClient):
    """One DidRegistry, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate first and raise the twins of the
    contract's errors, as :class:`~crmdapp.customers.registry.RegistryClient` does.

    Source: contracts/customers/IDidRegistry.sol.
    """

    CONTRACT = "DidRegistry"

    @cached_property
    def prepare(self) -> DidCalls:
        """The same transactions, checked and encoded but not sent."""
        return DidCalls(self.contract, self.domain)

    @cached_property
    def domain(self) -> Domain:
        """What owners' intents are signed for."""
        return did_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- reading

    def owner(self, identity: str) -> str | None:
        """Return who may act for an identity now; ``None`` once it has ended."""
        found: str = self.contract.read("identityOwner", require_address(identity))
        return None if found == ZERO_ADDRESS else found

    def is_delegate(self, identity: str, kind: str, delegate: str) -> bool:
        """Return whether a delegate may act for an identity now.

        Args:
            identity: The identity's address.
            kind: What it may do, such as ``"veriKey"``.
            delegate: The delegate's address.
        """
        found: bool = self.contract.read(
            "validDelegate", require_address(identity), short_name(kind), require_address(delegate)
        )
        return found

    def delegate_until(self, identity: str, kind: str, delegate: str) -> datetime | None:
        """Return until when a delegate may act; ``None`` if it never might."""
        until: int = self.contract.read(
            "delegates",
            require_address(identity),
            keccak(short_name(kind)),
            require_address(delegate),
        )
        return moment(until) if until else None

    def customer_of(self, identity: str) -> bytes | None:
        """Return the profile that an identity follows; ``None`` if none."""
        cid: bytes = self.contract.read("cidOf", require_address(identity))
        return cid if any(cid) else None

    def identity_of(self, cid: bytes) -> str | None:
        """Return the identity that follows a profile; ``None`` if none."""
        found: str = self.contract.read("identityOf", require_cid(cid))
        return None if found == ZERO_ADDRESS else found

    def history(self, identity: str) -> Iterator[DecodedLog]:
        """Yield an identity's changes, the latest first, by the list that the events form.

        Each change names the block of the one before, so a node can leave none out unnoticed, and
        only the blocks in which something changed are asked for.

        Raises:
            NodeLied: A block does not have the change that the registry says is there.
        """
        account = require_address(identity)
        block: int = self.contract.read("changed", account)
        while block:
            found = [
                log
                for name in _CHANGES
                for log in self.events(name, from_block=block, to_block=block, identity=account)
            ]
            if not found:
                raise NodeLied(
                    f"Block {block:,} has no change of {account}, the registry says it has.",
                    hint="The node leaves out logs. Ask another one: --rpc URL",
                )
            found.sort(key=lambda log: log.log_index, reverse=True)
            yield from found
            before = min(_previous(log) for log in found)
            if before >= block:
                raise NodeLied(f"The changes of {account} do not lead back from block {block:,}.")
            block = before

    def attributes(self, identity: str, *, now: int | None = None) -> dict[tuple[str, bytes], int]:
        """Return the attributes that hold: (name, value) -> until when, Unix seconds.

        Args:
            identity: The identity's address.
            now: The moment asked about, Unix seconds; that of the latest block by default.

        Raises:
            NodeLied: The node leaves out changes.
        """
        at = self.connection.block_timestamp() if now is None else now
        latest: dict[tuple[str, bytes], int] = {}
        for log in self.history(identity):
            if isinstance(log.event, DIDAttributeChanged):
                name = long_name(log.event.name)
                latest.setdefault((name, log.event.value), log.event.valid_to)
        return {what: until for what, until in latest.items() if until > at}

    # ----------------------------------------------------------------- writing

    def bind(self, identity: str, cid: bytes, *, key: str | None = None) -> Receipt:
        """Bind an identity to a customer for ever; the sender owns both.

        Its owner follows the customer's key from then on, and it ends with the erasure. Everybody
        sees that they are one person: do not bind an identity that is kept for one company.

        Raises:
            IdentityNotBindable: The sender does not own both, or one of them is bound already.
        """
        return self.send(self.prepare.bind(identity, cid), key=key)

    def change_owner(self, identity: str, new_owner: str, *, key: str | None = None) -> Receipt:
        """Give an identity another key; the sender is its owner.

        Raises:
            IdentityOwnerOnly: The sender is not.
            IdentityFollowsCustomer: It is bound to a customer: rotate the customer's key instead.
        """
        return self.send(self.prepare.change_owner(identity, new_owner), key=key)

    def set_delegate(
        self, identity: str, kind: str, delegate: str, validity: int, *, key: str | None = None
    ) -> Receipt:
        """Name a delegate of the sender's identity, or with ``validity`` 0 revoke it.

        Args:
            identity: The identity's address.
            kind: What it may do: up to 32 ASCII characters, such as ``"veriKey"``.
            delegate: The delegate's address.
            validity: Seconds.
            key: Idempotency key.

        Raises:
            IdentityOwnerOnly: The sender does not own the identity.
        """
        return self.send(self.prepare.set_delegate(identity, kind, delegate, validity), key=key)

    def set_attribute(
        self, identity: str, name: str, value: bytes, validity: int, *, key: str | None = None
    ) -> Receipt:
        """Publish an attribute of the sender's identity, or with ``validity`` 0 revoke it.

        Args:
            identity: The identity's address.
            name: Up to 32 ASCII characters, such as ``"did/pub/X25519/enc/base64"``.
            value: Its value. It stays on the chain for ever: public keys only.
            validity: Seconds.
            key: Idempotency key.

        Raises:
            IdentityOwnerOnly: The sender does not own the identity.
        """
        return self.send(self.prepare.set_attribute(identity, name, value, validity), key=key)

    def submit(self, signed: SignedDidIntent, *, key: str | None = None) -> Receipt:
        """Carry out what an identity's owner signed; the sender pays the gas.

        Raises:
            IntentSignatureInvalid: The identity's owner did not sign it.
            IntentExpired: Its deadline has passed.
            IntentNonceUsed: Its nonce was used or cancelled.
            IdentityFollowsCustomer: The owner of a bound identity changes with the customer's key.
        """
        return self.send(self.prepare.submit(signed), key=key)


def short_name(text: str) -> bytes:
    """Return a name as ERC-1056 keeps it: 32 bytes, the text first, then zeros.

    Raises:
        UsageError: It is empty, not ASCII, or longer than 32 characters.
    """
    if not text or not text.isascii() or len(text) > 32 or "\0" in text:
        raise UsageError(
            f"{text!r} is no name of a delegate or an attribute.",
            hint="Use up to 32 ASCII characters, such as did/pub/X25519/enc/base64.",
        )
    return text.encode().ljust(32, b"\0")


def long_name(name: bytes) -> str:
    """Return the text of a name as :func:`short_name` wrote it; hex if it is no text."""
    text = name.rstrip(b"\0")
    return text.decode() if text.isascii() else "0x" + name.hex()


def _previous(log: DecodedLog) -> int:
    event = log.event
    assert isinstance(event, DIDOwnerChanged | DIDDelegateChanged | DIDAttributeChanged)
    return event.previous_change

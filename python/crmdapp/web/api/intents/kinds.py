"""Kinds of intents: what people permit by a signature and this server carries out.

A domain adds one in a module that :data:`crmdapp.web.api.intents.MODULES` names::

    @intent_kind("loyalty.transfer", contract="PointsHub", primary_type="TransferIntent",
                 request=TransferRequest)
    class LoyaltyTransfer:
        \"\"\"Move points to somebody else.\"\"\"

        @staticmethod
        def prepare(context, wanted):      # typed data as a wallet signs it
            return intent.to_json(domain)

        @staticmethod
        def read(body):                    # {"typedData": ..., "signature": ...} -> Signed
            return SignedIntent.from_json(body)

        @staticmethod
        def relay(relaying, signed):       # simulate, send once, wait
            return relaying.sent(client.send(call, key=relaying.key))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from crmdapp.web.models import Model

if TYPE_CHECKING:
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import Receipt
    from crmdapp.web.context import Context

ClientT = TypeVar("ClientT", bound="ContractClient")
KindT = TypeVar("KindT", bound="type[Kind]")


class Relayed(Model):
    """What became of a signed intent.

    Attributes:
        state: ``done``, or ``pending`` while its transaction is not mined; sent again, the same
            intent tells how it stands.
        tx_hash: Hash of the transaction; ``null`` before it is sent.
        block: Block it is in.
    """

    state: Literal["done", "pending"]
    tx_hash: str | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Relaying:
    """One intent on its way.

    Attributes:
        context: What all requests share.
        account: Name of the server's account that pays.
        key: Idempotency key of the intent: the same for the same intent, whoever brings it.
    """

    context: Context
    account: str
    key: str

    @property
    def sender(self) -> Sender:
        """What sends from the account that pays."""
        return self.context.sender(self.account)

    def client(self, kind: type[ClientT]) -> ClientT:
        """Return the client of a contract that sends from the account that pays."""
        return kind.at(self.context.connection, self.context.manifest, self.sender)

    def sent(self, receipt: Receipt) -> Relayed:
        """Return the outcome of a mined transaction."""
        return Relayed(state="done", tx_hash=receipt.hash, block=receipt.block)


class Kind(Protocol):
    """What a domain says of one kind of intent."""

    @staticmethod
    def prepare(context: Context, wanted: Any) -> dict[str, Any]:
        """Return the typed data to sign."""

    @staticmethod
    def read(body: Mapping[str, Any]) -> Any:
        """Return the signed intent; raises UsageError if it is none of this kind."""

    @staticmethod
    def relay(relaying: Relaying, signed: Any) -> Relayed:
        """Carry it out once."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A kind in the table.

    Attributes:
        name: Its name, ``domain.verb``.
        contract: Name of the contract it is signed for, in the manifest.
        primary_type: EIP-712 primary type.
        request: Model of what is needed to prepare it.
        kind: What the domain says of it.
    """

    name: str
    contract: str
    primary_type: str
    request: type[Model]
    kind: type[Kind]


KINDS: dict[str, Registered] = {}
"""All kinds by name."""


def intent_kind(
    name: str, *, contract: str, primary_type: str, request: type[Model]
) -> Callable[[KindT], KindT]:
    """Return a decorator that adds a class to the kinds.

    Args:
        name: Its name, ``domain.verb``; part of the address ``/v1/intents/<name>/prepare``.
        contract: Name of the contract it is signed for, in the manifest.
        primary_type: EIP-712 primary type; with the contract it names the kind.
        request: Model of what is needed to prepare it.
    """

    def add(kind: KindT) -> KindT:
        taken = [
            item
            for item in KINDS.values()
            if (item.contract, item.primary_type) == (contract, primary_type)
        ]
        if name in KINDS or taken:
            raise ValueError(f"the kind {name} exists")
        KINDS[name] = Registered(name, contract, primary_type, request, kind)
        return kind

    return add

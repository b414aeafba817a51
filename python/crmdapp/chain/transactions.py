"""What is known of a transaction before, while and after it is on the chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from crmdapp.chain.decode import Event, as_address, as_bytes, as_int, decode_logs

TX_GAS_CAP = 16_777_216
"""Most gas one transaction may use (EIP-7825)."""

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How transactions are priced, limited and waited for.

    Attributes:
        tip: Wei per gas for the block's builder; ``None`` asks the chain.
        max_fee: Most wei per gas ever offered; ``None`` sets no limit.
        base_fee_factor: How many times the current base fee is offered, 1 to 100.
        gas_margin_percent: Added to the estimate, 0 to 200.
        gas_cap: Most gas one transaction may use.
        replacement_percent: How much more a replacement offers, in percent, at least 10 (nodes
            refuse less); 12.5 is what most nodes ask for.
        timeout: Seconds to wait for a receipt.
        confirmations: Blocks from a receipt's own to the latest before it counts; at least 1.
        poll: Seconds between two looks at the chain.
        lease_seconds: How long a signer may take before its nonce is given to another.
    """

    tip: int | None = None
    max_fee: int | None = None
    base_fee_factor: int = 2
    gas_margin_percent: int = 15
    gas_cap: int = TX_GAS_CAP
    replacement_percent: float = 12.5
    timeout: float = 120.0
    confirmations: int = 1
    poll: float = 0.25
    lease_seconds: float = 300.0


@dataclass(frozen=True, slots=True)
class Simulation:
    """What sending a call would do and cost, as of the latest block.

    Attributes:
        gas: Gas limit it would be sent with, margin included.
        max_fee: Most wei per gas it would offer.
        tip: Wei per gas of that for the block's builder.
        cost: Most wei it may take from the sender, value included.
        result: Bytes it would return.
    """

    gas: int
    max_fee: int
    tip: int
    cost: int
    result: bytes


@dataclass(frozen=True, slots=True)
class SentTransaction:
    """A transaction in the journal.

    Attributes:
        id: Its number in the journal.
        key: Its idempotency key; ``None`` if it has none.
        state: ``"leased"`` (numbered, not signed), ``"signed"`` (signed, sent or about to be),
            ``"mined"``, ``"reverted"``, ``"cancelled"`` (its replacement by nothing was mined) or
            ``"dropped"`` (never sent; its number is free).
        nonce: Its number among the sender's transactions; ``None`` once dropped.
        hash: Hash of the latest signed form, 0x hex; empty before it is signed.
        hashes: All signed forms, oldest first; at most one is ever mined.
        to: Receiver; ``None`` creates a contract.
        value: Wei sent along.
        gas: Gas limit.
        max_fee: Most wei per gas offered by the latest form.
        tip: Wei per gas for the block's builder in the latest form.
        function: Function called, for people.
        contract: Contract called, for people.
        block: Block it was mined in; ``None`` before.
    """

    id: int
    key: str | None
    state: str
    nonce: int | None
    hash: str
    hashes: tuple[str, ...]
    to: str | None
    value: int
    gas: int
    max_fee: int
    tip: int
    function: str
    contract: str
    block: int | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction.

    Attributes:
        key: The idempotency key it was sent under; ``None`` if none.
        hash: 0x hex.
        nonce: Its number among the sender's transactions.
        block: Block number.
        block_hash: 0x hex.
        status: 1 if it took effect, 0 if it was reverted.
        gas_used: Gas used.
        gas_price: Wei paid per gas.
        contract_address: Address of the contract it created; ``None`` if none.
        logs: Its logs as JSON-RPC data.
    """

    key: str | None
    hash: str
    nonce: int
    block: int
    block_hash: str
    status: int
    gas_used: int
    gas_price: int
    contract_address: str | None
    logs: tuple[Mapping[str, Any], ...]

    @property
    def fee(self) -> int:
        """Wei paid for the gas."""
        return self.gas_used * self.gas_price

    @property
    def events(self) -> list[Event]:
        """The known events, in order."""
        return decode_logs(self.logs)

    def events_of(self, kind: type[EventT]) -> list[EventT]:
        """Return the events of one class, in order."""
        return [event for event in self.events if isinstance(event, kind)]


def receipt_of(raw: Mapping[str, Any], key: str | None, nonce: int) -> Receipt:
    """Return a receipt from JSON-RPC data.

    Raises:
        KeyError: A field every node gives is missing.
    """
    created = raw.get("contractAddress")
    return Receipt(
        key=key,
        hash="0x" + as_bytes(raw["transactionHash"]).hex(),
        nonce=nonce,
        block=as_int(raw["blockNumber"]),
        block_hash="0x" + as_bytes(raw["blockHash"]).hex(),
        status=as_int(raw["status"]),
        gas_used=as_int(raw["gasUsed"]),
        gas_price=as_int(raw.get("effectiveGasPrice") or 0),
        contract_address=as_address(created) if created else None,
        logs=tuple(raw["logs"]),
    )

"""The ledger of items as anybody can read it: items, lots, seals, devices, what was signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.client import ContractClient
from crmdapp.errors import NodeLied, UsageError, VerificationFailed
from crmdapp.provenance.errors import (
    DeviceElsewhere,
    DeviceUnknown,
    HandoverStale,
    ItemCustodianOnly,
    ItemIsPacked,
    ItemIsRetired,
    ItemUnknown,
)
from crmdapp.provenance.item_intents import ledger_domain, require_in_time
from crmdapp.provenance.item_models import Item, Lot, item_text, unit_text

if TYPE_CHECKING:
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.typed_data import Domain
    from crmdapp.provenance.item_intents import SensorWindow, SignedHandover

_DEPTH_MAX = 4


class WindowNotAnchored(VerificationFailed):
    """A window of readings was signed by its device, but is not on the ledger."""


class ItemReader(ContractClient):
    """The ledger of items as anybody sees it; :class:`~.items.ItemsClient` sends too.

    Source: contracts/provenance/IItemLedger.sol.
    """

    CONTRACT = "ItemLedger"

    @cached_property
    def domain(self) -> Domain:
        """What custodians, certifiers, tags and devices sign for."""
        return ledger_domain(self.connection.chain_id, self.contract.address)

    def item(self, item: int, *, block: int | str = "latest") -> Item:
        """Return an item as it stands.

        Raises:
            ItemUnknown: There is none of that id.
        """
        found = Item(*self.contract.read("itemOf", item, block=block))
        if not found.is_known:
            raise ItemUnknown(item)
        return found

    def is_known(self, item: int) -> bool:
        """Return whether somebody commissioned an item of that id."""
        return Item(*self.contract.read("itemOf", item)).is_known

    def lot(self, item: int) -> Lot:
        """Return what is left of a lot."""
        quantity, unit, certifier = self.contract.read("lotOf", item)
        return Lot(quantity, unit_text(unit), certifier)

    def parents(self, item: int) -> tuple[int, ...]:
        """Return what an item is packed in, from the inside out; empty if it is loose.

        Raises:
            NodeLied: There are more than four: levels rise outwards.
        """
        found: list[int] = []
        while parent := self.contract.read("parentOf", found[-1] if found else item):
            found.append(parent)
            if len(found) > _DEPTH_MAX:
                raise NodeLied(f"The node says that {item_text(item)} is packed too deep.")
        return tuple(found)

    def custodian(self, item: int) -> str:
        """Return who has an item, or its outermost parent."""
        address: str = self.contract.read("custodianOf", item)
        return address

    def tag(self, item: int) -> tuple[str | None, int]:
        """Return the address of the key under an item's seal, and when the seal was broken.

        The address is ``None`` without a seal; the time is 0 while the seal is whole.
        """
        key, claimed_at = self.contract.read("tagOf", item)
        return (None if key == ZERO_ADDRESS else key), claimed_at

    def device(self, device: bytes) -> tuple[int, int]:
        """Return the item that a device serves (0 for none), and its last window."""
        item, window = self.contract.read("deviceOf", device)
        return item, window

    def logs_of(self, item: int, *, to_block: int | str = "latest") -> tuple[DecodedLog, ...]:
        """Return the events that name an item, as itself or as what others are packed in."""
        first = self.since_block
        word = item_text(item)
        own = self.connection.logs(self.contract.address, [None, word], first, to_block)
        inside = self._contents(word, to_block)
        found = {(log.block, log.log_index): log for log in (*own, *inside)}
        return tuple(found[place] for place in sorted(found))

    def is_anchored(self, window: SensorWindow) -> bool:
        """Return whether a window of readings is on the ledger, as its device signed it."""
        wanted = (window.window, window.root, window.count, window.starts_at, window.ends_at)
        for log in self.events("ReadingsAnchored", item=window.item, device=window.device):
            event: Any = log.event
            if wanted == (event.window, event.root, event.count, event.starts_at, event.ends_at):
                return True
        return False

    def require_anchored(self, window: SensorWindow) -> None:
        """Check that a window of readings is on the ledger.

        Raises:
            WindowNotAnchored: It is not.
        """
        if not self.is_anchored(window):
            raise WindowNotAnchored(
                f"Window {window.window} of device 0x{window.device.hex()} is not on the ledger.",
                why="It was never anchored, or another one was in its place.",
            )

    def require_device_of(self, device: bytes, item: int) -> None:
        """Check that a device serves an item.

        Raises:
            DeviceUnknown: It serves nothing.
            DeviceElsewhere: It serves another item.
        """
        served, _ = self.device(device)
        if not served:
            raise DeviceUnknown(device)
        if served != item:
            raise DeviceElsewhere(device, served)

    def steps(self, items: Iterable[int]) -> dict[int, int]:
        """Return the steps of items as they stand, as a hand-over names them.

        Raises:
            ItemUnknown: There is none of that id.
            ItemIsRetired: Nothing more happens to it.
            ItemIsPacked: It moves with its parent.
        """
        found: dict[int, int] = {}
        for item in items:
            state = self.item(item)
            if state.is_retired:
                raise ItemIsRetired(item)
            if state.is_packed:
                raise ItemIsPacked(item, self.contract.read("parentOf", item))
            found[item] = state.step
        return found

    def require_standing(self, signed: SignedHandover) -> None:
        """Check that a hand-over could be carried out now, but for what smart accounts sign.

        Raises:
            UsageError: It was signed for another chain or contract.
            IntentExpired: Its deadline is past.
            HandoverStale: An item has moved on since.
            ItemCustodianOnly: Somebody else has an item.
            ItemUnknown: There is no such item.
            ItemIsRetired: Nothing more happens to it.
            ItemIsPacked: It moves with its parent.
        """
        self.require_domain(signed.domain)
        handover = signed.handover
        require_in_time(handover, self.connection.block_timestamp())
        now = self.steps(handover.items)
        for item, step in zip(handover.items, handover.steps, strict=True):
            custodian = self.item(item).custodian
            if custodian != handover.from_:
                raise ItemCustodianOnly(item, custodian, handover.from_)
            if now[item] != step:
                raise HandoverStale(item, step, now[item])

    def require_domain(self, domain: Domain) -> None:
        """Check that something was signed for this chain and contract.

        Raises:
            UsageError: It was not.
        """
        if domain != self.domain:
            raise UsageError(
                f"This was signed for {domain.name} at {domain.verifying_contract} on chain"
                f" {domain.chain_id}.",
                why=f"This is {self.domain.name} at {self.domain.verifying_contract} on chain"
                f" {self.domain.chain_id}.",
                hint="Check --rpc and --deployments, or ask for one that is for this ledger.",
            )

    def _contents(self, word: str, to_block: int | str) -> Iterator[DecodedLog]:
        from crmdapp.provenance.events import ItemPacked, ItemUnpacked

        kinds = ["0x" + kind.topic.hex() for kind in (ItemPacked, ItemUnpacked)]
        topics = [kinds, None, word]
        return self.connection.logs(self.contract.address, topics, self.since_block, to_block)

"""The ledger of items from Python: make, move, pack, transform, recall, and hear sensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.provenance.errors import (
    HandoverReceiverOnly,
    LotExceeded,
    SensorWindowInvalid,
    TagClaimedBefore,
    TagMissing,
)
from crmdapp.provenance.item_calls import ItemCalls
from crmdapp.provenance.item_models import (
    NO_WORD,
    Commission,
    ItemStep,
    TransformationInput,
    item_of,
    require_commission,
)
from crmdapp.provenance.item_reader import ItemReader

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.provenance.devices import SignedAssignment
    from crmdapp.provenance.item_intents import SignedHandover, SignedTagClaim, SignedYieldFactor
    from crmdapp.provenance.sensor_windows import SignedWindow

GAS_PER_ITEM = 31_000
"""Most gas that a new serial item takes."""

GAS_PER_SLOT = 22_700
"""Most gas that a seal takes besides, or the quantity of a lot."""

BATCH_GAS = 15_000_000
"""Most gas of one transaction of a batch; a chain takes 16,777,216."""

Progress = Callable[[int], None]
"""Called with the number of items that are on the ledger."""


class ItemsClient(ItemReader):
    """The ledger of items, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise what
    :class:`~crmdapp.chain.client.ContractClient` says besides what each names. Time and codes of a
    step can be refused by each: ``StepTimeInvalid``, ``StepCodeInvalid``.

    Source: contracts/provenance/IItemLedger.sol.
    """

    @cached_property
    def prepare(self) -> ItemCalls:
        """The same transactions, checked and encoded but not sent."""
        return ItemCalls(self.contract)

    def commission(
        self, items: Sequence[Commission], step: ItemStep, *, key: str | None = None
    ) -> tuple[int, ...]:
        """Register items of the sender; return their ids.

        Raises:
            ItemCommissionedBefore: The sender has an item of that name.
            ItemLevelInvalid: A level is above 4.
            ItemQuantityInvalid: A lot without unit, or a serial item with a unit or certifier.
            ItemListInvalid: There is none.
        """
        self.send(self.prepare.commission(items, step), key=key)
        return tuple(item_of(self.sender.address, item.epc_hash) for item in items)

    def commission_many(
        self,
        items: Sequence[Commission],
        step: ItemStep,
        *,
        key: str,
        progress: Progress | None = None,
    ) -> list[Receipt]:
        """Register thousands of items, so many at a time as a block takes.

        Killed at any point and run again with the same key and items, it sends what is not sent.

        Args:
            items: What to register; all of it is checked before the first is sent.
            step: What happened.
            key: Idempotency key of the whole.
            progress: Called after each transaction.

        Raises:
            ItemCommissionedBefore: The sender has an item of that name; what was sent before stays.
        """
        receipts: list[Receipt] = []
        parts, done = self.commission_calls(items, step), 0
        keyed = ((f"{key}:{number}", call) for number, (_, call) in enumerate(parts, start=1))
        for (count, _), receipt in zip(parts, self.sender.send_many(keyed), strict=True):
            receipts.append(receipt)
            done += count
            if progress is not None:
                progress(done)
        return receipts

    def commission_calls(
        self, items: Sequence[Commission], step: ItemStep
    ) -> list[tuple[int, Call]]:
        """Return the calls of :meth:`commission_many`, each with its number of items."""
        self.prepare.commission(items, step)  # so that an item twice in two parts is found
        return [
            (len(part), self.prepare.commission(part, step)) for part in batches(items, BATCH_GAS)
        ]

    def observe(self, items: Sequence[int], step: ItemStep, *, key: str | None = None) -> Receipt:
        """Note what happened to items of the sender, packed ones too.

        Raises:
            ItemUnknown: There is no such item.
            ItemIsRetired: Nothing more happens to it.
            ItemCustodianOnly: Somebody else has it.
        """
        return self.send(self.prepare.observe(items, step), key=key)

    def receive(self, signed: SignedHandover, *, key: str | None = None) -> Receipt:
        """Take over items that were signed over to the sender.

        Raises:
            HandoverReceiverOnly: They were signed over to somebody else.
            HandoverStale: An item has moved on since it was signed.
            IntentExpired: The deadline is past.
            IntentSignatureInvalid: Who has them did not sign.
            ItemCustodianOnly: Somebody else has an item.
            ItemIsPacked: An item moves with its parent.
            UsageError: It was signed for another chain or contract.
        """
        return self.send(self.receive_call(signed), key=key)

    def receive_call(self, signed: SignedHandover) -> Call:
        """Return the call of :meth:`receive`, checked, not sent."""
        if signed.handover.to != self.sender.address:
            raise HandoverReceiverOnly(signed.handover.to, self.sender.address)
        self.require_standing(signed)
        return self.prepare.receive(signed)

    def relay(self, signed: SignedHandover, *, key: str | None = None) -> Receipt:
        """Submit a hand-over that both parties signed; anybody may.

        Raises:
            HandoverStale: An item has moved on since it was signed.
            IntentExpired: The deadline is past.
            IntentSignatureInvalid: One of them did not sign.
            ItemCustodianOnly: Somebody else has an item.
            ItemIsPacked: An item moves with its parent.
            UsageError: The taker has not signed, or it is for another chain or contract.
        """
        return self.send(self.relay_call(signed), key=key)

    def relay_call(self, signed: SignedHandover) -> Call:
        """Return the call of :meth:`relay`, checked, not sent."""
        call = self.prepare.hand_over(signed)
        self.require_standing(signed)
        return call

    def pack(
        self, parent: int, items: Sequence[int], step: ItemStep, *, key: str | None = None
    ) -> Receipt:
        """Pack items of the sender into another of the sender's.

        Raises:
            PackingLevelInvalid: An item's level is not below the parent's.
            ItemIsPacked: An item is packed already.
            ItemCustodianOnly: Somebody else has one of them.
            ItemIsRetired: Nothing more happens to one of them.
        """
        return self.send(self.prepare.pack(parent, items, step), key=key)

    def unpack(
        self, parent: int, items: Sequence[int], step: ItemStep, *, key: str | None = None
    ) -> Receipt:
        """Unpack items; who has the outermost parent has them.

        Raises:
            ItemNotPacked: An item is not in that parent.
            ItemCustodianOnly: Somebody else has it.
        """
        return self.send(self.prepare.unpack(parent, items, step), key=key)

    def transform(
        self,
        inputs: Sequence[TransformationInput],
        outputs: Sequence[Commission],
        step: ItemStep,
        factors: Sequence[SignedYieldFactor] = (),
        *,
        key: str | None = None,
    ) -> tuple[int, ...]:
        """Make new items of the sender from others of the sender; return their ids.

        Args:
            inputs: What is used; serial items are used up.
            outputs: What comes out; all lots in one unit.
            step: What happened.
            factors: One per unit that has to be converted, signed by the inputs' certifier.
            key: Idempotency key.

        Raises:
            MassCreated: More would come out than goes in.
            LotExceeded: A lot has less left than is taken.
            YieldFactorMissing: A unit has to be converted, and nobody signed how.
            YieldFactorInvalid: A factor is for another producer or unit.
            TransformationUnitMixed: Lots of two units come out.
            TransformationEmpty: Nothing goes in, or nothing comes out.
            ItemCommissionedBefore: An output is on the ledger.
        """
        self.send(self.transform_call(inputs, outputs, step, factors), key=key)
        return tuple(item_of(self.sender.address, item.epc_hash) for item in outputs)

    def transform_call(
        self,
        inputs: Sequence[TransformationInput],
        outputs: Sequence[Commission],
        step: ItemStep,
        factors: Sequence[SignedYieldFactor] = (),
    ) -> Call:
        """Return the call of :meth:`transform`, checked, not sent."""
        for output in outputs:
            require_commission(output)
        for signed in factors:
            self.require_domain(signed.domain)
        for used in inputs:
            left = self.lot(used.item).quantity if used.quantity else 0
            if used.quantity > left:
                raise LotExceeded(used.item, used.quantity, left)
        return self.prepare.transform(inputs, outputs, step, factors)

    def retire(self, items: Sequence[int], step: ItemStep, *, key: str | None = None) -> Receipt:
        """End items of the sender, which are not packed.

        Raises:
            ItemIsPacked: An item moves with its parent.
            ItemIsRetired: It has ended.
            ItemCustodianOnly: Somebody else has it.
        """
        return self.send(self.prepare.retire(items, step), key=key)

    def declare_error(
        self,
        item: int,
        event_hash: bytes,
        correction_hash: bytes = NO_WORD,
        *,
        key: str | None = None,
    ) -> Receipt:
        """Declare an earlier event of the sender's item wrong; nothing is deleted.

        Args:
            item: The item.
            event_hash: Event hash of the wrong event.
            correction_hash: Event hash of the one that replaces it; zeros for none.
            key: Idempotency key.
        """
        return self.send(self.prepare.declare_error(item, event_hash, correction_hash), key=key)

    def recall(
        self, epc_hashes: Sequence[bytes], reason_hash: bytes, *, key: str | None = None
    ) -> Receipt:
        """Call items of the sender back, whoever has them now.

        Args:
            epc_hashes: keccak256 of their identity links.
            reason_hash: keccak256 of the published reason.
            key: Idempotency key.

        Raises:
            ItemUnknown: The sender commissioned no such item.
            ItemRecalledBefore: It was called back before.
        """
        return self.send(self.prepare.recall(epc_hashes, reason_hash), key=key)

    def claim_tag(self, signed: SignedTagClaim, *, key: str | None = None) -> Receipt:
        """Break an item's seal, once; anybody may submit it.

        Raises:
            TagMissing: The item has no seal.
            TagClaimedBefore: It was broken before.
            IntentExpired: The deadline is past.
            IntentSignatureInvalid: Another key signed than that under the seal.
        """
        return self.send(self.claim_tag_call(signed), key=key)

    def claim_tag_call(self, signed: SignedTagClaim) -> Call:
        """Return the call of :meth:`claim_tag`, checked, not sent."""
        self.require_domain(signed.domain)
        tag, claimed_at = self.tag(signed.claim.item)
        if tag is None:
            raise TagMissing(signed.claim.item)
        if claimed_at:
            raise TagClaimedBefore(signed.claim.item, claimed_at)
        if require_address(signed.signer) == tag:
            signed.require_signed_by_key()
        return self.prepare.claim_tag(signed)

    def assign_device(self, signed: SignedAssignment, *, key: str | None = None) -> Receipt:
        """Bind a device to an item of the sender.

        Raises:
            DeviceSignatureInvalid: The device did not sign, or for another custodian or window.
            ItemCustodianOnly: Somebody else has the item, or the one that the device served.
        """
        return self.send(self.assign_device_call(signed), key=key)

    def assign_device_call(self, signed: SignedAssignment) -> Call:
        """Return the call of :meth:`assign_device`, checked, not sent."""
        self.require_domain(signed.domain)
        signed.check()
        return self.prepare.assign_device(signed)

    def anchor(self, signed: SignedWindow, *, key: str | None = None) -> Receipt:
        """Anchor a window of readings that its device signed; anybody may.

        Raises:
            ReadingsAltered: The readings are not those that were signed.
            DeviceUnknown: The device serves nothing.
            DeviceElsewhere: The device serves another item.
            DeviceSignatureInvalid: The device did not sign.
            SensorWindowInvalid: The window is not the device's next.
            SensorTimeInvalid: It ends before it begins, or over an hour from now.
        """
        return self.send(self.anchor_call(signed), key=key)

    def anchor_call(self, signed: SignedWindow) -> Call:
        """Return the call of :meth:`anchor`, checked, not sent."""
        self.require_domain(signed.domain)
        signed.check()
        window = signed.window
        self.require_device_of(window.device, window.item)
        _, last = self.device(window.device)
        if window.window != last + 1:
            raise SensorWindowInvalid(window.device, window.window, last + 1)
        return self.prepare.anchor_readings(signed)


def batches(items: Sequence[Commission], gas: int) -> Iterator[Sequence[Commission]]:
    """Cut new items into parts that take no more than so much gas each."""
    first, taken = 0, 0
    for place, item in enumerate(items):
        slots = item.is_lot + (item.tag != ZERO_ADDRESS)
        needed = GAS_PER_ITEM + slots * GAS_PER_SLOT
        if taken + needed > gas and place > first:
            yield items[first:place]
            first, taken = place, 0
        taken += needed
    yield items[first:]

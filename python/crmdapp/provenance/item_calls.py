"""Calls of one ItemLedger contract, checked and encoded but not sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.signed import long_form
from crmdapp.errors import UsageError
from crmdapp.provenance.errors import (
    ItemListInvalid,
    SensorTimeInvalid,
    SensorWindowEmpty,
    TransformationEmpty,
    TransformationUnitMixed,
)
from crmdapp.provenance.item_intents import require_handover
from crmdapp.provenance.item_models import (
    ITEM_MAX,
    Commission,
    ItemStep,
    TransformationInput,
    require_commission,
    require_step,
    require_word,
    unit_bytes,
)

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.provenance.devices import SignedAssignment
    from crmdapp.provenance.item_intents import SignedHandover, SignedTagClaim, SignedYieldFactor
    from crmdapp.provenance.sensor_windows import SignedWindow


class ItemCalls:
    """Calls of one ItemLedger contract; each refuses what the contract surely would.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: BoundContract) -> None:
        self._contract = contract

    def commission(self, items: Sequence[Commission], step: ItemStep) -> Call:
        """Register items of the sender.

        Raises:
            ItemListInvalid: There is none.
            ItemLevelInvalid: A level is above 4.
            ItemQuantityInvalid: A lot without unit, or a serial item with a unit or certifier.
            StepCodeInvalid: A code is of no term.
            UsageError: An item stands there twice, or a value is malformed.
        """
        _require_some(items)
        _require_distinct([item.epc_hash for item in items])
        rows = tuple(require_commission(item).values for item in items)
        return self._contract.call("commission", rows, require_step(step).values)

    def observe(self, items: Sequence[int], step: ItemStep) -> Call:
        """Note what happened to items of the sender."""
        return self._contract.call("observe", _items(items), require_step(step).values)

    def retire(self, items: Sequence[int], step: ItemStep) -> Call:
        """End items of the sender."""
        return self._contract.call("retire", _items(items), require_step(step).values)

    def pack(self, parent: int, items: Sequence[int], step: ItemStep) -> Call:
        """Pack items of the sender into another of the sender's."""
        return self._packing("pack", parent, items, step)

    def unpack(self, parent: int, items: Sequence[int], step: ItemStep) -> Call:
        """Unpack items."""
        return self._packing("unpack", parent, items, step)

    def receive(self, signed: SignedHandover) -> Call:
        """Take over items that were signed over to the sender."""
        handover = require_handover(signed.handover)
        return self._contract.call("receiveItems", handover.values, long_form(signed.signature))

    def hand_over(self, signed: SignedHandover) -> Call:
        """Submit a hand-over that both parties signed.

        Raises:
            UsageError: The taker has not signed.
        """
        if not signed.to_signature:
            raise UsageError(
                "Only the giver has signed this hand-over.",
                hint="Let the taker sign it too (crmdapp items accept), or submit it itself.",
            )
        return self._contract.call(
            "handOver",
            require_handover(signed.handover).values,
            long_form(signed.signature),
            long_form(signed.to_signature),
        )

    def transform(
        self,
        inputs: Sequence[TransformationInput],
        outputs: Sequence[Commission],
        step: ItemStep,
        factors: Sequence[SignedYieldFactor] = (),
    ) -> Call:
        """Make new items of the sender from others of the sender.

        Raises:
            TransformationEmpty: Nothing goes in, or nothing comes out.
            TransformationUnitMixed: Lots of two units come out.
            ItemLevelInvalid: A level is above 4.
            ItemQuantityInvalid: A lot without unit, or a serial item with a unit or certifier.
            StepCodeInvalid: A code is of no term.
            UsageError: An output stands there twice, or a value is malformed.
        """
        if not inputs or not outputs:
            raise TransformationEmpty(len(inputs), len(outputs))
        _require_distinct([item.epc_hash for item in outputs])
        units = [unit_bytes(item.unit) for item in outputs if item.is_lot]
        for unit in units:
            if unit != units[0]:
                raise TransformationUnitMixed(units[0], unit)
        return self._contract.call(
            "transform",
            tuple(item.values for item in inputs),
            tuple(require_commission(item).values for item in outputs),
            require_step(step).values,
            tuple(signed.factor.values for signed in factors),
            tuple(long_form(signed.signature) for signed in factors),
        )

    def declare_error(self, item: int, event_hash: bytes, correction_hash: bytes) -> Call:
        """Declare an earlier event of the sender's item wrong."""
        return self._contract.call(
            "declareError",
            *_items([item]),
            require_word("event_hash", event_hash),
            require_word("correction_hash", correction_hash),
        )

    def recall(self, epc_hashes: Sequence[bytes], reason_hash: bytes) -> Call:
        """Call items of the sender back."""
        _require_some(epc_hashes)
        _require_distinct(epc_hashes)
        words = tuple(require_word("epc_hash", word) for word in epc_hashes)
        return self._contract.call("recall", words, require_word("reason_hash", reason_hash))

    def claim_tag(self, signed: SignedTagClaim) -> Call:
        """Break an item's seal."""
        claim = signed.claim
        return self._contract.call(
            "claimTag", claim.item, claim.holder, claim.deadline, long_form(signed.signature)
        )

    def assign_device(self, signed: SignedAssignment) -> Call:
        """Bind a device to an item of the sender."""
        return self._contract.call(
            "assignDevice", signed.assignment.item, signed.key.values, signed.signature.values
        )

    def anchor_readings(self, signed: SignedWindow) -> Call:
        """Anchor a window of readings.

        Raises:
            SensorWindowEmpty: It has no reading.
            SensorTimeInvalid: It ends before it begins.
        """
        window = signed.window
        if window.count == 0:
            raise SensorWindowEmpty(window.device, window.window)
        if window.starts_at > window.ends_at:
            raise SensorTimeInvalid(window.starts_at, window.ends_at, 0)
        return self._contract.call(
            "anchorReadings", window.values, signed.key.values, signed.signature.values
        )

    def cancel_nonce(self, nonce: int) -> Call:
        """Void the sender's yield factors of a nonce."""
        return self._contract.call("cancelNonce", require_whole("nonce", nonce, ITEM_MAX))

    def _packing(self, function: str, parent: int, items: Sequence[int], step: ItemStep) -> Call:
        found = _items(items)
        if parent in found:
            raise UsageError("An item is not packed into itself.")
        (place,) = _items([parent])
        return self._contract.call(function, place, found, require_step(step).values)


def _items(items: Sequence[int]) -> tuple[int, ...]:
    _require_some(items)
    _require_distinct(items)
    return tuple(require_whole("The item's id", item, ITEM_MAX, least=1) for item in items)


def _require_some(items: Sequence[object]) -> None:
    if not items:
        raise ItemListInvalid(0, 0)


def _require_distinct(items: Sequence[object]) -> None:
    if len(set(items)) != len(items):
        raise UsageError("An item stands there twice.", hint="Name each once.")

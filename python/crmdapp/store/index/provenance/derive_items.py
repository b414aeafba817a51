"""From events to rows: items, their custody, what they are made of, devices and seals.

Source: contracts/provenance/ItemBook.sol (what each event does to an item's word).
"""

from __future__ import annotations

from typing import Any

from crmdapp.provenance import events
from crmdapp.provenance.item_models import NO_WORD, Commission
from crmdapp.provenance.models import account_or_none
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.provenance.tables import DEVICES, ITEM_EVENTS, ITEMS, WINDOWS

_LEDGER = "ItemLedger"
_COLUMNS = tuple(
    column.name
    for column in ITEM_EVENTS.columns
    if column.name not in ("block", "place", "item", "kind", "at", "tx_hash")
)


@derives(_LEDGER, events.ItemCommissioned)
def item_commissioned(rows: Rows, entry: Entry) -> None:
    """Enter a new item of its issuer."""
    event = entry.event
    made = Commission.of_values(event.commission)
    biz_step, disposition, time, digest = event.what
    rows.put(
        ITEMS,
        item=event.item,
        issuer=event.issuer,
        epc_hash=event.epc_hash,
        custodian=event.issuer,
        step=1,
        biz_step=biz_step,
        disposition=disposition,
        level=made.level,
        parent=None,
        is_lot=made.is_lot,
        is_retired=False,
        is_recalled=False,
        recalled_at=None,
        recall_reason=None,
        last_time=time,
        last_event_hash=_word(digest),
        quantity=made.quantity,
        unit=made.unit,
        certifier=account_or_none(made.certifier),
        tag=account_or_none(made.tag),
        claimed_at=None,
        holder=None,
        made_in=None,
        commissioned_at=entry.timestamp,
        commissioned_block=entry.block,
        commissioned_place=entry.log_index,
    )
    quantity = made.quantity or None
    _note(rows, entry, step=1, giver=event.issuer, quantity=quantity, **_told(event.what))


@derives(_LEDGER, events.ItemProduced)
def item_produced(rows: Rows, entry: Entry) -> None:
    """Enter what an item came out of."""
    event = entry.event
    rows.change(ITEMS, event.item, made_in=event.transformation)
    _note(rows, entry, other=event.transformation)


@derives(_LEDGER, events.ItemConsumed)
def item_consumed(rows: Rows, entry: Entry) -> None:
    """Take a quantity from a lot; a serial item, or the last of a lot, is used up."""
    event = entry.event
    item = _row(rows, event.item)
    left = item["quantity"] - event.quantity
    is_gone = not item["is_lot"] or left == 0
    _step(rows, event.item, event.step, event.what, quantity=left, is_retired=is_gone)
    _note(
        rows,
        entry,
        step=event.step,
        other=event.transformation,
        quantity=event.quantity,
        giver=item["custodian"],
        **_told(event.what),
    )


@derives(_LEDGER, events.ItemObserved)
def item_observed(rows: Rows, entry: Entry) -> None:
    """Enter what happened to an item."""
    event = entry.event
    _step(rows, event.item, event.step, event.what)
    _note(rows, entry, step=event.step, giver=event.custodian, **_told(event.what))


@derives(_LEDGER, events.CustodyHandedOver)
def custody_handed_over(rows: Rows, entry: Entry) -> None:
    """Move an item, and with it what it holds; its business step stays."""
    event = entry.event
    digest = _word(event.event_hash)
    rows.change(
        ITEMS,
        event.item,
        custodian=event.to,
        step=event.step,
        last_time=event.event_time,
        last_event_hash=digest,
    )
    _note(
        rows,
        entry,
        step=event.step,
        giver=event.from_,
        taker=event.to,
        event_time=event.event_time,
        event_hash=digest,
    )


@derives(_LEDGER, events.ItemPacked)
def item_packed(rows: Rows, entry: Entry) -> None:
    """Put an item into another; both take a step."""
    event = entry.event
    _step(rows, event.item, event.step, event.what, parent=event.parent)
    _step(rows, event.parent, event.parent_step, event.what)
    _note_packing(rows, entry)


@derives(_LEDGER, events.ItemUnpacked)
def item_unpacked(rows: Rows, entry: Entry) -> None:
    """Take an item out; who has the outermost parent has it."""
    event = entry.event
    custodian = _custodian(rows, event.parent)
    _step(rows, event.item, event.step, event.what, parent=None, custodian=custodian)
    _step(rows, event.parent, event.parent_step, event.what)
    _note_packing(rows, entry)


@derives(_LEDGER, events.ItemContentChanged)
def item_content_changed(rows: Rows, entry: Entry) -> None:
    """Count the step of an outer box: what was signed for it ends."""
    event = entry.event
    rows.change(ITEMS, event.item, step=event.step)
    _note(rows, entry, step=event.step, other=_bytes(event.parent))


@derives(_LEDGER, events.ItemRetired)
def item_retired(rows: Rows, entry: Entry) -> None:
    """End an item."""
    event = entry.event
    _step(rows, event.item, event.step, event.what, is_retired=True)
    _note(rows, entry, step=event.step, giver=event.custodian, **_told(event.what))


@derives(_LEDGER, events.ErrorDeclared)
def error_declared(rows: Rows, entry: Entry) -> None:
    """Enter that an event was wrong; nothing is deleted."""
    event = entry.event
    rows.change(ITEMS, event.item, step=event.step)
    _note(
        rows,
        entry,
        step=event.step,
        giver=event.declarer,
        event_hash=_word(event.correction_hash),
        corrects=event.event_hash,
    )


@derives(_LEDGER, events.ItemRecalled)
def item_recalled(rows: Rows, entry: Entry) -> None:
    """Enter that the issuer called its item back."""
    event = entry.event
    rows.change(
        ITEMS,
        event.item,
        step=event.step,
        is_recalled=True,
        recalled_at=entry.timestamp,
        recall_reason=event.reason_hash,
    )
    _note(rows, entry, step=event.step, giver=_row(rows, event.item)["issuer"])


@derives(_LEDGER, events.TagClaimed)
def tag_claimed(rows: Rows, entry: Entry) -> None:
    """Enter that the seal was broken, and who has the item."""
    event = entry.event
    rows.change(ITEMS, event.item, claimed_at=event.claimed_at, holder=event.holder)
    _note(rows, entry, giver=event.holder, event_time=event.claimed_at)


@derives(_LEDGER, events.DeviceAssigned)
def device_assigned(rows: Rows, entry: Entry) -> None:
    """Enter what a device serves; its count of windows goes on."""
    event = entry.event
    before = rows.get(DEVICES, event.device)
    rows.put(
        DEVICES,
        device=event.device,
        item=event.item,
        window=0 if before is None else before["window"],
        key_x=event.key[0],
        key_y=event.key[1],
        assigned_by=event.custodian,
        assigned_at=entry.timestamp,
    )
    _note(rows, entry, other=event.device, giver=event.custodian)


@derives(_LEDGER, events.ReadingsAnchored)
def readings_anchored(rows: Rows, entry: Entry) -> None:
    """Enter a window of readings."""
    event = entry.event
    rows.change(DEVICES, event.device, window=event.window)
    rows.put(
        WINDOWS,
        device=event.device,
        window=event.window,
        item=event.item,
        root=event.root,
        count=event.count,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        anchored_at=entry.timestamp,
    )
    _note(
        rows,
        entry,
        other=event.device,
        event_time=event.starts_at,
        event_hash=event.root,
        count=event.count,
        window=event.window,
        ends_at=event.ends_at,
    )


# ----------------------------------------------------------------- inside


def _row(rows: Rows, item: int) -> dict[str, Any]:
    found = rows.get(ITEMS, item)
    assert found is not None  # every event of an item comes after its commission
    return found


def _step(rows: Rows, item: int, step: int, what: tuple[int, int, int, bytes], **more: Any) -> None:
    """Take an item one step on; a code of 0 leaves what was before."""
    before = _row(rows, item)
    biz_step, disposition, time, digest = what
    rows.change(
        ITEMS,
        item,
        step=step,
        biz_step=biz_step or before["biz_step"],
        disposition=disposition or before["disposition"],
        last_time=time,
        last_event_hash=_word(digest),
        **more,
    )


def _custodian(rows: Rows, item: int) -> str:
    """Return who has an item, or its outermost parent."""
    row = _row(rows, item)
    while row["parent"] is not None:
        row = _row(rows, row["parent"])
    return str(row["custodian"])


def _note_packing(rows: Rows, entry: Entry) -> None:
    event = entry.event
    _note(
        rows,
        entry,
        step=event.step,
        other=_bytes(event.parent),
        other_step=event.parent_step,
        giver=_custodian(rows, event.parent),
        **_told(event.what),
    )


def _note(rows: Rows, entry: Entry, **told: Any) -> None:
    rows.put(
        ITEM_EVENTS,
        block=entry.block,
        place=entry.log_index,
        item=entry.event.item,
        kind=type(entry.event).__name__,
        at=entry.timestamp,
        tx_hash=entry.tx_hash,
        **{**dict.fromkeys(_COLUMNS), **told},
    )


def _told(what: tuple[int, int, int, bytes]) -> dict[str, Any]:
    biz_step, disposition, time, digest = what
    return {
        "biz_step": biz_step,
        "disposition": disposition,
        "event_time": time,
        "event_hash": _word(digest),
    }


def _word(digest: bytes) -> bytes | None:
    return None if digest == NO_WORD else digest


def _bytes(item: int) -> bytes:
    return item.to_bytes(32, "big")

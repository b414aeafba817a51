"""What the index says of items and devices, compared with the ledger at one block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.provenance.item_models import unit_text
from crmdapp.store.index.provenance.queries import each
from crmdapp.store.index.provenance.queries_items import custodian_of
from crmdapp.store.index.provenance.tables import DEVICES, ITEM_EVENTS, ITEMS
from crmdapp.store.index.verifying import Compared

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest

_PACKING = ("ItemPacked", "ItemUnpacked")


def compare_items(
    session: Session, connection: Connection, manifest: Manifest, block: int
) -> Iterator[Compared]:
    """Yield items and devices as the index and the ledger have them at a block."""
    ledger = connection.contract("ItemLedger", manifest.address("ItemLedger"))

    def read(function: str, *values: Any) -> Any:
        return ledger.read(function, *values, block=block)

    counts = _counts(session)
    for row in each(session, ITEMS):
        key = hex(row.item)
        yield Compared(ITEMS.name, key, "word", _word(row), tuple(read("itemOf", row.item)))
        lot = read("lotOf", row.item)
        told = (row.quantity, row.unit, row.certifier or ZERO_ADDRESS)
        found = (lot.quantity, unit_text(lot.unit), lot.certifier)
        yield Compared(ITEMS.name, key, "lot", told, found)
        yield Compared(ITEMS.name, key, "parent", row.parent or 0, read("parentOf", row.item))
        custodian = custodian_of(session, row.item)
        yield Compared(ITEMS.name, key, "has it", custodian, read("custodianOf", row.item))
        tag = (row.tag or ZERO_ADDRESS, row.claimed_at or 0)
        yield Compared(ITEMS.name, key, "tag", tag, tuple(read("tagOf", row.item)))
        # The ledger counts each item's events: none is missing, none is too many.
        events = counts.get(row.item, 0)
        yield Compared(ITEM_EVENTS.name, key, "count", events, read("itemOf", row.item).step)
        item = read("itemIdOf", row.issuer, row.epc_hash)
        yield Compared(ITEMS.name, key, "id", row.item, item)
    for row in each(session, DEVICES):
        served = tuple(read("deviceOf", row.device))
        key = "0x" + row.device.hex()
        yield Compared(DEVICES.name, key, "state", (row.item, row.window), served)


def _word(row: Row[Any]) -> tuple[Any, ...]:
    return (
        row.custodian,
        row.step,
        row.biz_step,
        row.disposition,
        row.level,
        row.parent is not None,
        row.is_lot,
        row.is_retired,
        row.is_recalled,
        row.last_time,
    )


def _counts(session: Session) -> dict[int, int]:
    """Return how many counted events of each item there are."""
    found: dict[int, int] = {}
    for row in each(session, ITEM_EVENTS):
        if row.step is not None:
            found[row.item] = found.get(row.item, 0) + 1
        if row.kind in _PACKING:
            parent = int.from_bytes(row.other, "big")
            found[parent] = found.get(parent, 0) + 1
    return found

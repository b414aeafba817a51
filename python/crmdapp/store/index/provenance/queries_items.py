"""Questions about items: where they are, what happened to them, what they are made of.

Tracing is bounded: whoever asks about an item whose goods were mixed with half of the world's is
told so, and the server goes on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, or_, select

from crmdapp.errors import UsageError
from crmdapp.provenance.errors import ItemUnknown
from crmdapp.provenance.tracing import LATEST, Moment, Stay, Use
from crmdapp.store.index.provenance.queries import Place, newest, oldest
from crmdapp.store.index.provenance.rows_items import DeviceRow, ItemEvent, StoredItem, WindowRow
from crmdapp.store.index.provenance.tables import DEVICES, ITEM_EVENTS, ITEMS, WINDOWS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = [
    "DEPTH_MAX",
    "EVENTS_MAX",
    "LOOKUPS_MAX",
    "DeviceRow",
    "IndexLinks",
    "ItemEvent",
    "StoredItem",
    "TraceTooLarge",
    "WindowRow",
    "contents",
    "custodian_of",
    "device",
    "devices_of",
    "events_of_hash",
    "history",
    "issued",
    "item",
    "items",
    "journey",
    "named",
    "number",
    "parents",
    "stock",
    "windows_of",
    "word",
]

DEPTH_MAX = 4
"""Parents that an item can have, from the inside out."""

LOOKUPS_MAX = 4_000
"""Items and transformations that one question looks up."""

EVENTS_MAX = 2_000
"""Most events of one item that a journey reads."""

_PACKING = ("ItemPacked", "ItemUnpacked")
_MOVING = ("CustodyHandedOver", "ItemObserved", "ReadingsAnchored")


class TraceTooLarge(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """An item is connected with more others than one answer follows."""


# ----------------------------------------------------------------- items


def item(session: Session, item_: int) -> StoredItem:
    """Return an item.

    Raises:
        ItemUnknown: Nobody commissioned it.
    """
    row = session.execute(select(ITEMS).where(ITEMS.c.item == item_)).one_or_none()
    if row is None:
        raise ItemUnknown(item_)
    return _item(row)


def items(session: Session, wanted: Iterable[int]) -> dict[int, StoredItem]:
    """Return those of some items that are known, by id."""
    numbers = list(dict.fromkeys(wanted))
    found: dict[int, StoredItem] = {}
    for start in range(0, len(numbers), 500):  # a statement takes so many values
        query = select(ITEMS).where(ITEMS.c.item.in_(numbers[start : start + 500]))
        found.update((row.item, _item(row)) for row in session.execute(query))
    return found


def named(session: Session, epc_hash: bytes) -> list[StoredItem]:
    """Return the items of all issuers that bear a name, the first first."""
    order = (ITEMS.c.commissioned_block, ITEMS.c.commissioned_place)
    query = select(ITEMS).where(ITEMS.c.epc_hash == epc_hash).order_by(*order).limit(50)
    return [_item(row) for row in session.execute(query)]


def parents(session: Session, item_: int) -> list[StoredItem]:
    """Return what an item is packed in, from the inside out; empty if it is loose."""
    found: list[StoredItem] = []
    inner = item(session, item_)
    while inner.parent is not None and len(found) < DEPTH_MAX:
        inner = item(session, inner.parent)
        found.append(inner)
    return found


def custodian_of(session: Session, item_: int) -> str:
    """Return who has an item, or its outermost parent."""
    outside = parents(session, item_)
    return (outside[-1] if outside else item(session, item_)).custodian


def stock(
    session: Session, custodian: str, *, after: Place | None = None, limit: int = 50
) -> list[StoredItem]:
    """Return what an account has: loose items that live, the newest first."""
    table = ITEMS.c
    query = select(ITEMS).where(
        table.custodian == custodian, table.parent.is_(None), table.is_retired.is_(False)
    )
    query = newest(query, (table.commissioned_block, table.commissioned_place), after, limit)
    return [_item(row) for row in session.execute(query)]


def contents(
    session: Session, parent: int, *, after: Place | None = None, limit: int = 100
) -> list[StoredItem]:
    """Return what is packed in an item, the newest first."""
    query = select(ITEMS).where(ITEMS.c.parent == parent)
    order = (ITEMS.c.commissioned_block, ITEMS.c.commissioned_place)
    return [_item(row) for row in session.execute(newest(query, order, after, limit))]


def issued(
    session: Session,
    issuer: str | None = None,
    *,
    recalled: bool = False,
    after: Place | None = None,
    limit: int = 50,
) -> list[StoredItem]:
    """Return items of an issuer, or of all, the newest first; with ``recalled`` only those."""
    query = select(ITEMS)
    if issuer is not None:
        query = query.where(ITEMS.c.issuer == issuer)
    if recalled:
        query = query.where(ITEMS.c.is_recalled.is_(True))
    order = (ITEMS.c.commissioned_block, ITEMS.c.commissioned_place)
    return [_item(row) for row in session.execute(newest(query, order, after, limit))]


def history(
    session: Session, item_: int, *, after: Place | None = None, limit: int = 200
) -> list[ItemEvent]:
    """Return an item's events, the first first, those of being packed into it among them."""
    table = ITEM_EVENTS.c
    inside = table.kind.in_(_PACKING) & (table.other == word(item_))
    query = select(ITEM_EVENTS).where(or_(table.item == item_, inside))
    query = oldest(query, (table.block, table.place), after, limit)
    return [_event(row) for row in session.execute(query)]


def events_of_hash(session: Session, digest: bytes, *, limit: int = 100) -> list[ItemEvent]:
    """Return the events that bear the hash of an EPCIS document, the first first."""
    table = ITEM_EVENTS.c
    query = select(ITEM_EVENTS).where(table.event_hash == digest)
    query = oldest(query, (table.block, table.place), None, limit)
    return [_event(row) for row in session.execute(query)]


def devices_of(session: Session, item_: int) -> list[DeviceRow]:
    """Return the devices that serve an item."""
    query = select(DEVICES).where(DEVICES.c.item == item_).order_by(DEVICES.c.device).limit(100)
    return [DeviceRow(*row) for row in session.execute(query)]


def device(session: Session, device_: bytes) -> DeviceRow | None:
    """Return a device; ``None`` if it serves nothing."""
    row = session.execute(select(DEVICES).where(DEVICES.c.device == device_)).one_or_none()
    return None if row is None else DeviceRow(*row)


def windows_of(session: Session, item_: int, *, limit: int = 200) -> list[WindowRow]:
    """Return the windows of readings that were anchored for an item, the newest first."""
    query = select(WINDOWS).where(WINDOWS.c.item == item_)
    query = query.order_by(WINDOWS.c.anchored_at.desc(), WINDOWS.c.window.desc()).limit(limit)
    return [WindowRow(*row) for row in session.execute(query)]


# ----------------------------------------------------------------- the way of an item


def journey(session: Session, item_: int) -> list[ItemEvent]:
    """Return what happened to an item and, while it was packed, to what it was packed in.

    Raises:
        ItemUnknown: Nobody commissioned it.
        TraceTooLarge: There is more than one answer holds.
    """
    item(session, item_)
    found: dict[Moment, ItemEvent] = {}
    _walk(session, item_, ((0, -1), LATEST), found, DEPTH_MAX)
    return [found[moment] for moment in sorted(found)]


def _walk(
    session: Session,
    item_: int,
    span: tuple[Moment, Moment],
    found: dict[Moment, ItemEvent],
    depth: int,
) -> None:
    query = select(ITEM_EVENTS).where(ITEM_EVENTS.c.item == item_)
    order = (ITEM_EVENTS.c.block, ITEM_EVENTS.c.place)
    rows = [_event(row) for row in session.execute(oldest(query, order, None, EVENTS_MAX + 1))]
    if len(rows) > EVENTS_MAX or len(found) > EVENTS_MAX:
        raise _too_large()
    is_box = depth < DEPTH_MAX
    stays: list[tuple[int, Moment, Moment]] = []
    for event in rows:
        at = event.cursor
        if span[0] < at <= span[1] and (not is_box or event.kind in _MOVING):
            found[at] = event
        if event.kind == "ItemPacked" and event.other is not None:
            stays.append((number(event.other), at, LATEST))
        elif event.kind == "ItemUnpacked" and stays:
            stays[-1] = (*stays[-1][:2], at)
    for parent, entered, left in stays:
        first, last = max(entered, span[0]), min(left, span[1])
        if first < last and depth:
            _walk(session, parent, (first, last), found, depth - 1)


@dataclass
class IndexLinks:
    """What leads from item to item, from the index; see :class:`crmdapp.provenance.tracing.Links`.

    Args:
        session: Of one state of the index.
        most: Items and transformations looked up before it gives up.
    """

    session: Session
    most: int = LOOKUPS_MAX
    _own: dict[int, list[ItemEvent]] = field(default_factory=dict)
    _others: dict[bytes, list[ItemEvent]] = field(default_factory=dict)

    def is_known(self, item_: int) -> bool:
        """Return whether anything is on record of the item."""
        return bool(self._of(item_))

    def made_in(self, item_: int) -> bytes | None:
        """Return the transformation that the item came out of."""
        return next((row.other for row in self._of(item_) if row.kind == "ItemProduced"), None)

    def inputs(self, transformation: bytes) -> list[Use]:
        """Return what went into a transformation, in the order of the ledger."""
        return [_use(row) for row in self._about(transformation) if row.kind == "ItemConsumed"]

    def outputs(self, transformation: bytes) -> list[int]:
        """Return what came out of a transformation, in the order of the ledger."""
        return [row.item for row in self._about(transformation) if row.kind == "ItemProduced"]

    def uses(self, item_: int) -> list[Use]:
        """Return what an item was used in, in the order of the ledger."""
        return [_use(row) for row in self._of(item_) if row.kind == "ItemConsumed"]

    def stays(self, item_: int) -> list[Stay]:
        """Return what an item was packed in, in the order of the ledger."""
        return _stays(self._of(item_))

    def contents(self, item_: int) -> list[Stay]:
        """Return what was packed in an item, in the order of the ledger."""
        return _stays(self._about(word(item_)))

    def _of(self, item_: int) -> list[ItemEvent]:
        if item_ not in self._own:
            self._own[item_] = self._rows(ITEM_EVENTS.c.item == item_)
        return self._own[item_]

    def _about(self, other: bytes) -> list[ItemEvent]:
        if other not in self._others:
            self._others[other] = self._rows(ITEM_EVENTS.c.other == other)
        return self._others[other]

    def _rows(self, wanted: Any) -> list[ItemEvent]:
        if len(self._own) + len(self._others) >= self.most:
            raise _too_large()
        table = ITEM_EVENTS.c
        query = oldest(select(ITEM_EVENTS).where(wanted), (table.block, table.place), None, 50_000)
        return [_event(row) for row in self.session.execute(query)]


def word(item_: int) -> bytes:
    """Return an item's id as 32 bytes."""
    return item_.to_bytes(32, "big")


def number(other: bytes) -> int:
    """Return 32 bytes as an item's id."""
    return int.from_bytes(other, "big")


# ----------------------------------------------------------------- inside


def _item(row: Row[Any]) -> StoredItem:
    return StoredItem(*(getattr(row, name) for name in StoredItem.__slots__))


def _event(row: Row[Any]) -> ItemEvent:
    return ItemEvent(*(row._mapping[name] for name in ItemEvent.__slots__))


def _use(row: ItemEvent) -> Use:
    return Use(row.item, row.other or b"", row.quantity or 0, row.cursor)


def _stays(rows: Iterable[ItemEvent]) -> list[Stay]:
    found: list[Stay] = []
    inside: dict[int, int] = {}
    for row in rows:
        if row.kind == "ItemPacked":
            inside[row.item] = len(found)
            found.append(Stay(row.item, number(row.other or b""), row.cursor))
        elif row.kind == "ItemUnpacked" and row.item in inside:
            place = inside.pop(row.item)
            found[place] = replace(found[place], until=row.cursor)
    return found


def _too_large() -> TraceTooLarge:
    return TraceTooLarge(
        "The item is connected with more others than one answer follows.",
        hint="Ask about one of them, or trace it with a copy of the ledger: crmdapp items trace.",
    )

"""What the questions about items answer with."""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.store.index.provenance.rows import Place


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it stands.

    Attributes:
        item: Its id.
        issuer: Who commissioned it.
        epc_hash: keccak256 of its identity link.
        custodian: Who has it; of a packed one who had it when it was packed.
        step: How many events it has had.
        biz_step: Code of its last business step; 0 for none.
        disposition: Code of its disposition; 0 for none.
        level: 0 (a piece) to 4 (a ship's hold).
        parent: What it is packed in.
        is_lot: It is so much of something.
        is_retired: Used up, destroyed or sold for good.
        is_recalled: Its issuer called it back.
        recalled_at: When, Unix seconds.
        recall_reason: keccak256 of the published reason.
        last_time: Time of its last event, as its reporter says.
        quantity: Left of a lot, thousandths of ``unit``.
        unit: Code of UN/ECE Recommendation 20.
        certifier: Who may sign yield factors.
        tag: Address of the key under its seal.
        claimed_at: When the seal was broken.
        holder: Who broke it.
        made_in: The transformation that it came out of.
        commissioned_at: When it was registered.
        commissioned_block: In which block.
        commissioned_place: Where in it.
    """

    item: int
    issuer: str
    epc_hash: bytes
    custodian: str
    step: int
    biz_step: int
    disposition: int
    level: int
    parent: int | None
    is_lot: bool
    is_retired: bool
    is_recalled: bool
    recalled_at: int | None
    recall_reason: bytes | None
    last_time: int
    quantity: int
    unit: str
    certifier: str | None
    tag: str | None
    claimed_at: int | None
    holder: str | None
    made_in: bytes | None
    commissioned_at: int
    commissioned_block: int
    commissioned_place: int

    @property
    def cursor(self) -> Place:
        """Its place in lists."""
        return (self.commissioned_block, self.commissioned_place)


@dataclass(frozen=True, slots=True)
class ItemEvent:
    """Something that happened to an item.

    Attributes:
        block: Block number.
        place: Place in it.
        item: The item that it is an event of.
        kind: Name of the event, as in Solidity.
        step: The item's step after it; ``None`` for what is counted elsewhere.
        other: The parent, the transformation or the device, 32 bytes.
        other_step: The parent's step after it.
        quantity: Thousandths of a lot's unit.
        giver: Who gave, did or reported it.
        taker: Who got the item.
        biz_step: Code of the business step; 0 for none.
        disposition: Code of the disposition; 0 for none.
        event_time: When it was, as its reporter says.
        event_hash: Event hash of its EPCIS document; of readings their root.
        corrects: Event hash of the event that was declared wrong.
        count: Readings in a window.
        window: Number of a window.
        ends_at: Time of a window's last reading.
        at: Time of the block, Unix seconds.
        tx_hash: The transaction.
    """

    block: int
    place: int
    item: int
    kind: str
    step: int | None
    other: bytes | None
    other_step: int | None
    quantity: int | None
    giver: str | None
    taker: str | None
    biz_step: int | None
    disposition: int | None
    event_time: int | None
    event_hash: bytes | None
    corrects: bytes | None
    count: int | None
    window: int | None
    ends_at: int | None
    at: int
    tx_hash: str

    @property
    def cursor(self) -> Place:
        """Its place in lists."""
        return (self.block, self.place)


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A device and what it serves."""

    device: bytes
    item: int
    window: int
    key_x: bytes
    key_y: bytes
    assigned_by: str
    assigned_at: int


@dataclass(frozen=True, slots=True)
class WindowRow:
    """A window of readings that a device anchored."""

    device: bytes
    window: int
    item: int
    root: bytes
    count: int
    starts_at: int
    ends_at: int
    anchored_at: int

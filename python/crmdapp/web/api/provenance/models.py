"""What the API of works and items gives."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.item_models import biz_step_text, disposition_text, quantity_text
from crmdapp.provenance.submission import ArtworkMetadata
from crmdapp.store.index.provenance.queries import Case, Vote, Work, WorkEvent
from crmdapp.store.index.provenance.queries_items import ItemEvent, StoredItem, WindowRow
from crmdapp.web.api import Hash32, Model

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
WORD = "0x" + "ab" * 32


def example(**values: Any) -> ConfigDict:
    """Return a model's configuration with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


def hexed(number: int) -> str:
    """Return a work's or an item's id: 0x and 64 hex digits."""
    return f"0x{number:064x}"


def dashed(word: bytes | None) -> str | None:
    """Return bytes as 0x hex; ``None`` for none."""
    return None if word is None else "0x" + word.hex()


class RecordOut(Model):
    """What an artist signed of a work, for ever."""

    file_keccak: Hash32
    file_sha256: Hash32
    cid_digest: Hash32
    p_hash: str
    metadata_hash: Hash32
    artist: str
    royalty_bps: int
    succession: int
    standards_version: int
    deadline: int

    @classmethod
    def of(cls, artwork: Artwork) -> RecordOut:
        """Return the model of a record."""
        told = {name: getattr(artwork, name) for name in Artwork.__slots__}
        return cls(**{**told, "p_hash": f"0x{artwork.p_hash:016x}"})


class ArtworkOut(Model):
    """A registered work; prices in price units of a row of the currency table."""

    model_config = example(
        id=WORD,
        title="Harbour",
        artist=ADDRESS,
        owner=OTHER,
        price="5",
        currency=0,
        is_for_sale=True,
        is_auctioned=False,
        is_revoked=False,
        is_burned=False,
        epoch=2,
        sales=1,
        open_challenges=0,
        registered_at=1767225600,
        registered_block=120,
        registered_tx=WORD,
        record_hash=WORD,
        revoked_by=None,
        record={
            "file_keccak": WORD,
            "file_sha256": WORD,
            "cid_digest": WORD,
            "p_hash": "0x00ff00ff00ff00ff",
            "metadata_hash": WORD,
            "artist": ADDRESS,
            "royalty_bps": 1000,
            "succession": 0,
            "standards_version": 1,
            "deadline": 1767312000,
        },
        metadata={"name": "Harbour", "artist": "A. Painter"},
    )

    id: str
    title: str | None = Field(None, description="As the artist wrote it, if it is known here.")
    artist: str
    owner: str | None
    price: str
    currency: int
    is_for_sale: bool
    is_auctioned: bool
    is_revoked: bool
    is_burned: bool
    epoch: int
    sales: int
    open_challenges: int
    registered_at: int
    registered_block: int
    registered_tx: str
    record_hash: Hash32
    revoked_by: str | None
    record: RecordOut
    metadata: dict[str, Any] | None = None

    @classmethod
    def of(cls, work: Work, metadata: ArtworkMetadata | None) -> ArtworkOut:
        """Return the model of a work and of what is told about it."""
        same = (
            "owner",
            "currency",
            "is_for_sale",
            "is_auctioned",
            "is_revoked",
            "is_burned",
            "epoch",
            "sales",
            "open_challenges",
            "registered_at",
            "registered_block",
            "registered_tx",
            "record_hash",
        )
        return cls(
            id=hexed(work.id),
            title=None if metadata is None else metadata.name,
            artist=work.artwork.artist,
            price=str(work.price),
            revoked_by=dashed(work.revoked_by),
            record=RecordOut.of(work.artwork),
            metadata=None if metadata is None else metadata.to_json(),
            **{name: getattr(work, name) for name in same},
        )


class ArtworkEventOut(Model):
    """Something that happened to a work."""

    model_config = example(
        kind="ArtworkSold",
        at=1767225600,
        block=130,
        tx_hash=WORD,
        work=WORD,
        giver=ADDRESS,
        taker=OTHER,
        price="5",
        currency=0,
        word=None,
    )

    kind: str
    at: int
    block: int
    tx_hash: str
    work: str
    giver: str | None
    taker: str | None
    price: str | None
    currency: int | None
    word: str | None

    @classmethod
    def of(cls, event: WorkEvent) -> ArtworkEventOut:
        """Return the model of an event."""
        return cls(
            kind=event.kind,
            at=event.at,
            block=event.block,
            tx_hash=event.tx_hash,
            work=hexed(event.work),
            giver=event.giver,
            taker=event.taker,
            price=None if event.price is None else str(event.price),
            currency=event.currency,
            word=dashed(event.word),
        )


class VoteOut(Model):
    """A curator's vote; what it says is ``null`` while it is sealed."""

    curator: str
    committed_at: int
    is_aye: bool | None
    reward: str | None

    @classmethod
    def of(cls, vote: Vote) -> VoteOut:
        """Return the model of a vote."""
        reward = None if vote.reward is None else str(vote.reward)
        return cls(
            curator=vote.curator,
            committed_at=vote.committed_at,
            is_aye=vote.is_aye,
            reward=reward,
        )


class CaseOut(Model):
    """A question to the curators."""

    model_config = example(
        case_id=WORD,
        work=WORD,
        ground="false_record",
        status="open",
        opener=ADDRESS,
        opened_at=1767225600,
        earlier=None,
        evidence_hash=WORD,
        defender=None,
        ayes=0,
        noes=0,
        concluded_at=None,
        commit_until=1767312000,
        reveal_until=1767398400,
        record=None,
        votes=[],
    )

    case_id: Hash32
    work: str
    ground: str
    status: str
    opener: str
    opened_at: int
    earlier: str | None
    evidence_hash: str | None
    defender: str | None
    ayes: int
    noes: int
    concluded_at: int | None
    commit_until: int = Field(description="Votes are committed until then, Unix seconds.")
    reveal_until: int = Field(description="Votes are shown until then, Unix seconds.")
    record: RecordOut | None
    votes: list[VoteOut] = Field(default_factory=list)

    @classmethod
    def of(cls, case: Case, commit: int, reveal: int, votes: list[Vote] | None = None) -> CaseOut:
        """Return the model of a case, with the lengths of its steps in seconds."""
        return cls(
            case_id=case.case_id,
            work=hexed(case.work),
            ground=case.ground.name.lower(),
            status=case.status.name.lower(),
            opener=case.opener,
            opened_at=case.opened_at,
            earlier=None if case.earlier is None else hexed(case.earlier),
            evidence_hash=dashed(case.evidence_hash),
            defender=case.defender,
            ayes=case.ayes,
            noes=case.noes,
            concluded_at=case.concluded_at,
            commit_until=case.opened_at + commit,
            reveal_until=case.opened_at + commit + reveal,
            record=None if case.artwork is None else RecordOut.of(case.artwork),
            votes=[VoteOut.of(vote) for vote in votes or ()],
        )


class ItemOut(Model):
    """An item as it stands."""

    model_config = example(
        item=WORD,
        issuer=ADDRESS,
        epc_hash=WORD,
        custodian=OTHER,
        parents=[],
        step=3,
        biz_step="shipping",
        disposition="in_transit",
        level=0,
        is_retired=False,
        is_recalled=False,
        recall_reason=None,
        last_time=1767225600,
        quantity="60",
        unit="KGM",
        certifier=None,
        tag=None,
        claimed_at=None,
        made_in=None,
        commissioned_at=1767139200,
    )

    item: str
    issuer: str
    epc_hash: Hash32
    custodian: str
    parents: list[str]
    step: int
    biz_step: str
    disposition: str
    level: int
    is_retired: bool
    is_recalled: bool
    recall_reason: str | None
    last_time: int
    quantity: str | None
    unit: str
    certifier: str | None
    tag: str | None
    claimed_at: int | None
    made_in: str | None
    commissioned_at: int

    @classmethod
    def of(cls, item: StoredItem, parents: list[StoredItem] | None = None) -> ItemOut:
        """Return the model of an item and of what it is packed in."""
        outside = parents or []
        return cls(
            item=hexed(item.item),
            issuer=item.issuer,
            epc_hash=item.epc_hash,
            custodian=(outside[-1] if outside else item).custodian,
            parents=[hexed(parent.item) for parent in outside],
            step=item.step,
            biz_step=biz_step_text(item.biz_step),
            disposition=disposition_text(item.disposition),
            level=item.level,
            is_retired=item.is_retired,
            is_recalled=item.is_recalled,
            recall_reason=dashed(item.recall_reason),
            last_time=item.last_time,
            quantity=quantity_text(item.quantity) if item.is_lot else None,
            unit=item.unit,
            certifier=item.certifier,
            tag=item.tag,
            claimed_at=item.claimed_at,
            made_in=dashed(item.made_in),
            commissioned_at=item.commissioned_at,
        )


class ItemEventOut(Model):
    """Something that happened to an item."""

    model_config = example(
        kind="CustodyHandedOver",
        item=WORD,
        step=2,
        at=1767225600,
        event_time=1767225500,
        block=120,
        tx_hash=WORD,
        giver=ADDRESS,
        taker=OTHER,
        biz_step="",
        disposition="",
        other=None,
        quantity=None,
        event_hash=None,
        corrects=None,
        count=None,
    )

    kind: str
    item: str
    step: int | None
    at: int
    event_time: int | None
    block: int
    tx_hash: str
    giver: str | None
    taker: str | None
    biz_step: str
    disposition: str
    other: str | None = Field(description="Parent, transformation or device.")
    quantity: str | None
    event_hash: str | None
    corrects: str | None
    count: int | None

    @classmethod
    def of(cls, event: ItemEvent) -> ItemEventOut:
        """Return the model of an event."""
        return cls(
            kind=event.kind,
            item=hexed(event.item),
            step=event.step,
            at=event.at,
            event_time=event.event_time,
            block=event.block,
            tx_hash=event.tx_hash,
            giver=event.giver,
            taker=event.taker,
            biz_step=biz_step_text(event.biz_step or 0),
            disposition=disposition_text(event.disposition or 0),
            other=dashed(event.other),
            quantity=None if not event.quantity else quantity_text(event.quantity),
            event_hash=dashed(event.event_hash),
            corrects=dashed(event.corrects),
            count=event.count,
        )


class WindowOut(Model):
    """A window of readings that a device anchored."""

    device: Hash32
    window: str
    root: Hash32
    count: int
    starts_at: int
    ends_at: int
    anchored_at: int

    @classmethod
    def of(cls, row: WindowRow) -> WindowOut:
        """Return the model of a window."""
        same = ("device", "root", "count", "starts_at", "ends_at", "anchored_at")
        return cls(window=str(row.window), **{name: getattr(row, name) for name in same})

"""Works as anybody sees them: lists, one with its history, certificate and verdict."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Query, UploadFile
from pydantic import Field

from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.review import near_works
from crmdapp.store.index.provenance import queries
from crmdapp.web.api import AddressIn, ContextDep, CursorDep, Hash32, Model, Page
from crmdapp.web.api.provenance.models import (
    ADDRESS,
    WORD,
    ArtworkEventOut,
    ArtworkOut,
    example,
    hexed,
)
from crmdapp.web.context import Context
from crmdapp.web.provenance.files import held
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.provenance.replays import certificate_at, verdict_at
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import ViewDep

router = APIRouter(tags=["provenance: works"])


class CurrencyOut(Model):
    """A row of the currency table: a price unit is 10^exponent base units."""

    model_config = example(
        currency=0, token=None, exponent=9, is_enabled=True, points_per_million=0
    )

    currency: int
    token: str | None
    exponent: int
    is_enabled: bool
    points_per_million: int


class NearOut(Model):
    """A registered work that looks like a picture: 0 to 16 bits of 64 differ."""

    work: str
    distance: int


class FingerprintOut(Model):
    """What identifies a file, and the works that it is, or looks like."""

    model_config = example(
        keccak=WORD,
        sha256=WORD,
        cid="bafkrei...",
        size=102400,
        media_type="image/png",
        p_hash="0x00ff00ff00ff00ff",
        records=[WORD],
        near=[{"work": WORD, "distance": 4}],
    )

    keccak: Hash32
    sha256: Hash32
    cid: str
    size: int
    media_type: str
    p_hash: str
    records: list[str] = Field(description="Records of this very file, the last first.")
    near: list[NearOut]


@router.get("/artworks")
def artworks(
    view: ViewDep,
    context: ContextDep,
    cursor: CursorDep,
    artist: Annotated[AddressIn | None, Query(examples=[ADDRESS])] = None,
    owner: Annotated[AddressIn | None, Query(examples=[ADDRESS])] = None,
    for_sale: Annotated[bool, Query(description="Only those with a price.")] = False,
) -> Page[ArtworkOut]:
    """List registered works, the newest first."""
    rows = queries.works(
        view.session,
        artist=artist,
        owner=owner,
        for_sale=for_sale,
        after=_place(cursor.after),
        limit=cursor.limit,
    )
    return Page[ArtworkOut](**view.page(cursor, shown(context, rows), rows))


@router.get("/artworks/{id}")
def artwork(number: NumberDep, view: ViewDep, context: ContextDep) -> ArtworkOut:
    """Show a work: its record, its owner, its price."""
    return shown(context, [queries.work(view.session, number)])[0]


@router.get("/artworks/{id}/history")
def history(number: NumberDep, view: ViewDep, cursor: CursorDep) -> Page[ArtworkEventOut]:
    """List what happened to a work, the first first."""
    queries.work(view.session, number)
    after, limit = _place(cursor.after), cursor.limit
    rows = queries.timeline(view.session, number, after=after, limit=limit)
    return Page[ArtworkEventOut](
        **view.page(cursor, [ArtworkEventOut.of(row) for row in rows], rows)
    )


@router.get("/artworks/{id}/certificate")
def certificate(number: NumberDep, view: ViewDep, context: ContextDep) -> dict[str, Any]:
    """Give the certificate as JSON-LD: the record, the signatures, the history with its head.

    Every event of the gallery was replayed against the head on chain before it was written.
    """
    queries.work(view.session, number)
    told: dict[str, Any] = certificate_at(context, view.position, number).to_json()
    return told


@router.get("/artworks/{id}/verdict")
def verdict(number: NumberDep, view: ViewDep, context: ContextDep) -> dict[str, Any]:
    """Check everything about a work that the chain can tell, and say what it cannot."""
    queries.work(view.session, number)
    return verdict_at(context, view.position, number).to_json()


@router.get("/accounts/{account}/sales")
def sales(account: AddressIn, view: ViewDep, cursor: CursorDep) -> Page[ArtworkEventOut]:
    """List the sales in which an account bought or sold, the newest first."""
    after, limit = _place(cursor.after), cursor.limit
    rows = queries.sales_of(view.session, account, after=after, limit=limit)
    return Page[ArtworkEventOut](
        **view.page(cursor, [ArtworkEventOut.of(row) for row in rows], rows)
    )


@router.get("/currencies")
def currencies(view: ViewDep) -> list[CurrencyOut]:
    """List in what works are priced; row 0 is ether."""
    return [CurrencyOut.model_validate(row) for row in queries.currencies(view.session)]


@router.post("/fingerprints")
def fingerprints(view: ViewDep, file: Annotated[UploadFile, File()]) -> FingerprintOut:
    """Take the fingerprint of a file, and say which works it is or looks like; keeps nothing."""
    with held(file) as path:
        found = fingerprint(path)
    records = queries.works_of_file(view.session, found.keccak)
    near = near_works(queries.standing_works(view.session), found.variants, beside=found.keccak)
    return FingerprintOut(
        keccak=found.keccak,
        sha256=found.sha256,
        cid=found.cid,
        size=found.size,
        media_type=found.media_type,
        p_hash=f"0x{found.phash:016x}",
        records=[hexed(row.id) for row in records],
        near=[NearOut(work=hexed(item.work.id), distance=item.distance) for item in near[:20]],
    )


def shown(context: Context, rows: list[queries.Work]) -> list[ArtworkOut]:
    """Return works with what is told about them here."""
    known = Shelf(context.state).known([row.record_hash for row in rows])
    return [ArtworkOut.of(row, known.get(row.record_hash)) for row in rows]


def _place(after: tuple[Any, ...] | None) -> queries.Place | None:
    return None if after is None else (int(after[0]), int(after[1]))

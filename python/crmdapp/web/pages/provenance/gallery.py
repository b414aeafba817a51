"""The gallery's hall: works in a grid, and each with its story, its checks and its certificate."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, File, Query, Request, Response, UploadFile

from crmdapp.chain.addresses import require_address
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.certificate import certificate_html
from crmdapp.provenance.fingerprints import FileHashes, fingerprint, hash_file
from crmdapp.provenance.models import Auction, Currency
from crmdapp.provenance.review import near_works
from crmdapp.store.index.provenance import queries
from crmdapp.web.api.provenance.market import listings
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.pages import Person, maybe_signed_in, page
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import hall, words
from crmdapp.web.pages.provenance.offered import offers_for
from crmdapp.web.pages.provenance.pictures import thumbnail
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.files import FILE_MAX, held
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.provenance.replays import certificate_at, verdict_at
from crmdapp.web.view import View, ViewDep

router = APIRouter(prefix="/gallery")

VisitorDep = Annotated[Person | None, maybe_signed_in()]

PAGE_WORKS = 24
PAGE_EVENTS = 100
_DOCUMENT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'; sandbox"
)


@router.get("")
def works(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    artist: Annotated[str, Query(max_length=80)] = "",
    sale: Annotated[str, Query(max_length=8)] = "",
    block: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
    place: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
) -> Response:
    """Show registered works, the newest first."""
    problem: CrmdappError | None = None
    found: list[queries.Work] = []
    try:
        found = queries.works(
            view.session,
            artist=require_address(artist.strip()) if artist.strip() else None,
            for_sale=sale == "price",
            auctioned=sale == "auction",
            after=None if block is None or place is None else (block, place),
            limit=PAGE_WORKS,
        )
    except UsageError as wrong:
        problem = wrong
    return page(
        request,
        "provenance/gallery.html",
        status=200 if problem is None else status_of(problem),
        works=hall.shown(context, view.session, found),
        more=found[-1].cursor if len(found) == PAGE_WORKS else None,
        artist=artist.strip(),
        sale=sale,
        problem=problem,
        file_max=FILE_MAX >> 20,
    )


@router.post("/check")
def find_file(
    request: Request, context: ContextDep, view: ViewDep, file: Annotated[UploadFile, File()]
) -> Response:
    """Say which registered works a file is, or looks like; the file is not kept."""
    problem: CrmdappError | None = None
    same: list[queries.Work] = []
    like: list[tuple[hall.Shown, int]] = []
    try:
        with held(file) as path:
            found = fingerprint(path)
        same = queries.works_of_file(view.session, found.keccak)
        known = queries.standing_works(view.session)
        near = near_works(known, found.variants, beside=found.keccak)[:20]
        looked_up = [queries.work(view.session, item.work.id) for item in near]
        bits = [item.distance for item in near]
        like = list(zip(hall.shown(context, view.session, looked_up), bits, strict=True))
    except UsageError as wrong:
        problem = wrong
    return page(
        request,
        "provenance/found.html",
        status=200 if problem is None else status_of(problem),
        same=hall.shown(context, view.session, same),
        like=like,
        problem=problem,
    )


@router.get("/{id}")
def work(
    request: Request, context: ContextDep, view: ViewDep, id_: NumberDep, person: VisitorDep
) -> Response:
    """Show a work: whether its record stands, its story, and what can be done with it."""
    return work_page(request, context, view, id_, person)


@router.post("/{id}/check")
def check_file(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    id_: NumberDep,
    person: VisitorDep,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Say whether a file is the work's, byte for byte; the file is not kept."""
    record = queries.work(view.session, id_).artwork
    try:
        with held(file) as path:
            found = hash_file(path)
    except UsageError as problem:
        return work_page(request, context, view, id_, person, problem=problem)
    own = (record.file_keccak, record.file_sha256) == (found.keccak, found.sha256)
    return work_page(request, context, view, id_, person, checked=_told(own, found))


@router.get("/{id}/verify")
def verify(request: Request, context: ContextDep, view: ViewDep, id_: NumberDep) -> Response:
    """Check everything about a work that the chain can tell."""
    found = queries.work(view.session, id_)
    (item,) = hall.shown(context, view.session, [found])
    verdict = verdict_at(context, view.position, id_)
    return page(request, "provenance/verified.html", item=item, work=found, verdict=verdict)


@router.get("/{id}/certificate")
def certificate(request: Request, context: ContextDep, view: ViewDep, id_: NumberDep) -> Response:
    """Give the certificate as one page to keep and to print."""
    queries.work(view.session, id_)
    made = certificate_at(context, view.position, id_)
    link = str(request.base_url).rstrip("/") + words.work_path(id_)
    body = certificate_html(made, hall.currencies(context, view.session), link=link)
    headers = {"Content-Security-Policy": _DOCUMENT_CSP}
    return Response(body, media_type="text/html", headers=headers)


@router.get("/{id}/certificate.json")
def certificate_json(context: ContextDep, view: ViewDep, id_: NumberDep) -> Response:
    """Give the certificate as JSON-LD, to be checked by a program."""
    queries.work(view.session, id_)
    text = json.dumps(certificate_at(context, view.position, id_).to_json(), indent=1)
    name = f'attachment; filename="certificate-{id_:064x}.json"'
    headers = {"Content-Disposition": name}
    return Response(text, media_type="application/ld+json", headers=headers)


@router.get("/{id}/picture")
def picture(context: ContextDep, view: ViewDep, id_: NumberDep) -> Response:
    """Give a small picture of a registered work, if its file was handed in here."""
    found = queries.work(view.session, id_)
    small = thumbnail(context, found.record_hash)
    return Response(small, media_type="image/jpeg", headers={"Cache-Control": "max-age=3600"})


def work_page(
    request: Request,
    context: Context,
    view: View,
    id_: int,
    person: Person | None,
    *,
    problem: CrmdappError | None = None,
    checked: words.Verdict | None = None,
) -> Response:
    """Return a work's page, with what was wrong with a form on it."""
    found = queries.work(view.session, id_)
    (item,) = hall.shown(context, view.session, [found])
    table = hall.currencies(context, view.session)
    events = queries.timeline(view.session, id_, limit=PAGE_EVENTS)
    auction = queries.auction(view.session, id_)
    return page(
        request,
        "provenance/work.html",
        status=200 if problem is None else status_of(problem),
        item=item,
        work=found,
        verdict=words.work_verdict(found),
        events=events,
        prices={
            event.cursor: hall.price_text(table, event.price, event.currency) for event in events
        },
        sales=[event for event in events if event.kind == "ArtworkSold"],
        table=[row for row in table.values() if row.is_enabled],
        offered=hall.offered(listings(id_, view, context), table, person),
        auction=auction,
        least="" if auction is None else _least(auction, found, table),
        highest="" if auction is None else hall.price_text(table, auction.bid, found.currency),
        is_over=auction is not None and auction.ends_at <= view.now,
        offers=offers_for(context, view, id_, found.seller, person),
        coins=[row for row in table.values() if row.is_enabled and row.token],
        cases=queries.cases(view.session, work=id_),
        is_seller=person is not None and found.seller == person.address,
        signs_here=person is not None and desk.signer_of(context, person) is not None,
        once=desk.fresh(),
        problem=problem,
        checked=checked,
        position=view.position,
        file_max=FILE_MAX >> 20,
    )


def _least(auction: Auction, work: queries.Work, table: dict[int, Currency]) -> str:
    return hall.price_text(table, auction.least_bid(work.price), work.currency)


def _told(own: bool, found: FileHashes) -> words.Verdict:
    digest = f"SHA-256 {found.sha256.hex()}"
    if own:
        return words.Verdict(f"This is the work's file, byte for byte. {digest}")
    return words.Verdict(f"This is not the work's file: at least one byte differs. {digest}", "bad")

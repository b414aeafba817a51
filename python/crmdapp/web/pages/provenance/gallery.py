"""The gallery's hall: works in a grid, and each with its story."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from crmdapp.chain.addresses import require_address
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.store.index.provenance import queries
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.pages import Person, maybe_signed_in, page
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import hall, words
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.view import NumberDep, View, ViewDep

router = APIRouter(prefix="/gallery")

VisitorDep = Annotated[Person | None, maybe_signed_in()]

PAGE_WORKS = 24
PAGE_EVENTS = 100


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
    )


@router.get("/{id}")
def work(
    request: Request, context: ContextDep, view: ViewDep, id_: NumberDep, person: VisitorDep
) -> Response:
    """Show a work: whether its record stands, its story, and what can be done with it."""
    return work_page(request, context, view, id_, person)


def work_page(
    request: Request,
    context: Context,
    view: View,
    id_: int,
    person: Person | None,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    """Return a work's page, with what was wrong with a form on it."""
    found = queries.work(view.session, id_)
    (item,) = hall.shown(context, view.session, [found])
    table = hall.currencies(context, view.session)
    events = queries.timeline(view.session, id_, limit=PAGE_EVENTS)
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
        is_seller=person is not None and found.seller == person.address,
        can_send=person is not None and desk.signer_of(context, person) is not None,
        once=desk.fresh(),
        problem=problem,
        position=view.position,
    )

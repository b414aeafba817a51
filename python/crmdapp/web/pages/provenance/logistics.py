"""The yard: what somebody has, handing it over, taking it over; for a phone in one hand.

A hand-over takes two signatures. The giver's waits here, or travels as a code from screen to
camera; the taker's carries it out.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse

from crmdapp.chain.addresses import require_address
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.handover_links import ITEMS_MAX, handover_link, read_handover
from crmdapp.provenance.item_intents import Handover, SignedHandover
from crmdapp.provenance.items import ItemsClient
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api.provenance import handovers
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Hash32, Model
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import naming
from crmdapp.web.pages.provenance.products import code_of
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/logistics")

PersonDep = Annotated[Person, signed_in()]
Once = Annotated[str, Form(max_length=32)]
ITEMS_TEXT_MAX = 20_000
PAGE_ITEMS = 50


class OfferForm(Model):
    """The fields of the form, as the browser sends them to be prepared."""

    items: str = ""
    to: str = ""


class TakeForm(Model):
    """Which hand-over the taker's wallet is to sign."""

    digest: Hash32


@router.get("")
def yard(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    person: PersonDep,
    item: Annotated[str, Query(max_length=naming.TEXT_MAX)] = "",
    block: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
    place: Annotated[int | None, Query(ge=0, lt=1 << 63)] = None,
) -> Response:
    """Show what waits for the person, what the person has, and hand some of it over."""
    after = None if block is None or place is None else (block, place)
    return _yard(request, context, view, person, items=item, after=after)


@router.post("/offer/prepare")
def prepare_offer(
    context: ContextDep, view: ViewDep, person: PersonDep, wanted: OfferForm
) -> Response:
    """Give the giver's wallet the hand-over to sign."""
    word = _handover(view, person, wanted.items[:ITEMS_TEXT_MAX], wanted.to)
    return JSONResponse(word.to_json(context.reader(ItemsClient).domain))


@router.post("/offer")
def offer(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    person: PersonDep,
    items: Annotated[str, Form(max_length=ITEMS_TEXT_MAX)] = "",
    to: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Sign items over with the giver's own key file; who takes finds them waiting."""
    try:
        signer = desk.signer_of(context, person)
        if signer is None:
            raise UsageError("Your key is in your browser's wallet: sign there.")
        word = _handover(view, person, items, to)
        domain = context.reader(ItemsClient).domain
        signed = SignedHandover(word, domain, word.sign(signer, domain))
        kept = handovers.keep(context, signed.to_json())
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        return _yard(request, context, view, person, items=items, to=to, problem=problem)
    return redirect(f"/logistics/handovers/0x{kept.digest.hex()}")


@router.get("/handovers/{digest}")
def handover(
    request: Request, context: ContextDep, view: ViewDep, person: PersonDep, digest: Hash32
) -> Response:
    """Show a signed hand-over to its two parties, as a code for the other's camera."""
    signed = _kept(context, digest, person.address)
    word = signed.handover
    link = handover_link(signed) if len(word.items) <= ITEMS_MAX else ""
    known = queries.items(view.session, word.items)
    is_done = any(
        known[item].step != step for item, step in zip(word.items, word.steps, strict=True)
    )
    return page(
        request,
        "provenance/handover.html",
        word=word,
        link=link,
        code=code_of(link) if link else "",
        is_done=is_done,
    )


@router.post("/bring")
def bring(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    code: Annotated[str, Form(max_length=ITEMS_TEXT_MAX)] = "",
) -> Response:
    """Take in a hand-over that was scanned from the giver's screen, or read from a file."""
    try:
        signed = read_handover(code)
        if person.address not in (signed.handover.to, signed.handover.from_):
            raise UsageError("This was signed over to somebody else.")
        handovers.keep(context, signed.to_json())
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    return redirect("/logistics", told="It waits for you below.")


@router.post("/take/prepare")
def prepare_take(context: ContextDep, person: PersonDep, wanted: TakeForm) -> Response:
    """Give the taker's wallet the same hand-over to sign."""
    signed = _kept(context, wanted.digest, person.address)
    return JSONResponse(signed.handover.to_json(signed.domain))


@router.post("/take")
def take(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    once: Once,
    digest: Annotated[Hash32, Form()],
) -> Response:
    """Take items over with the taker's own key file."""
    try:
        signed = _kept(context, digest, person.address)
        client = desk.client_of(context, person, ItemsClient)
        client.receive(signed, key=desk.form_key("take", once))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    count = len(signed.handover.items)
    return redirect("/logistics", told=f"You have {count} more item{'s' if count > 1 else ''}.")


def _handover(view: View, person: Person, items: str, to: str) -> Handover:
    taker = require_address(to.strip())
    numbers = naming.own_items(view, items, person.address)
    return handovers.handover_of(view, numbers, person.address, taker)


def _kept(context: Context, digest: bytes, account: str) -> SignedHandover:
    """Return a signed hand-over that one of its parties asks for.

    Raises:
        NotFound: It is not here, or another's; nothing tells which.
    """
    signed = SignedHandover.from_json(Shelf(context.state).word("handover", digest))
    if account not in (signed.handover.from_, signed.handover.to):
        raise NotFound("There is nothing signed of that digest here.")
    return signed


def _again(request: Request, context: Context, person: Person, problem: CrmdappError) -> Response:
    if status_of(problem) in (503, 404):
        raise problem
    for view in view_of(context):
        return _yard(request, context, view, person, problem=problem)
    raise problem


def _yard(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    *,
    items: str = "",
    to: str = "",
    after: tuple[int, int] | None = None,
    problem: CrmdappError | None = None,
) -> Response:
    stock = queries.stock(view.session, person.address, after=after, limit=PAGE_ITEMS)
    return page(
        request,
        "provenance/logistics.html",
        status=200 if problem is None else status_of(problem),
        waiting=handovers.waiting_for(context, view, person.address),
        stock=stock,
        more=stock[-1].cursor if len(stock) == PAGE_ITEMS else None,
        items=items,
        to=to,
        can_send=desk.signer_of(context, person) is not None,
        once=desk.fresh(),
        problem=problem,
    )

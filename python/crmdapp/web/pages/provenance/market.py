"""Buying and selling works: with a key file of this machine, or by the word of a wallet."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.artwork_intents import SignedListing
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.models import PRICE_MAX
from crmdapp.web.api.intents.kinds import KINDS
from crmdapp.web.api.intents.provenance import ListingWanted
from crmdapp.web.api.provenance.models import hexed
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Hash32, Model
from crmdapp.web.pages import Person, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import coins, words
from crmdapp.web.pages.provenance.gallery import work_page
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import view_of

if TYPE_CHECKING:
    from crmdapp.provenance.models import Currency

router = APIRouter(prefix="/gallery")

PersonDep = Annotated[Person, signed_in()]
Once = Annotated[str, Form(max_length=32)]
Row = Annotated[int, Form(ge=0, le=127)]
Units = Annotated[int, Form(ge=1, le=PRICE_MAX)]


class PriceForm(Model):
    """The fields of the form, as the browser sends them to be prepared."""

    price: str = ""
    currency: str = "0"


@router.post("/{id}/price/prepare")
def prepare_price(
    context: ContextDep, id_: NumberDep, person: PersonDep, wanted: PriceForm
) -> Response:
    """Give the seller's wallet the price to sign."""
    row = currency_of(context, wanted.currency)
    asked = ListingWanted(
        work=hexed(id_),
        seller=person.address,
        price=row.price(wanted.price.strip()),
        currency=row.index,
    )
    return JSONResponse(KINDS["provenance.listing"].kind.prepare(context, asked))


@router.post("/{id}/price")
def ask(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    price: Annotated[str, Form(max_length=80)] = "",
    currency: Row = 0,
) -> Response:
    """Ask a price for a work of the person's."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        row = client.currency(currency)
        units = row.price(price.strip())
        client.list(id_, units, currency, key=desk.form_key("ask", once))
        return f"It is for sale at {row.format_price(units)}."

    return done(request, context, id_, person, act)


@router.post("/{id}/unlist")
def unlist(
    request: Request, context: ContextDep, id_: NumberDep, person: PersonDep, once: Once
) -> Response:
    """Withdraw the price of a work of the person's."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        client.unlist(id_, key=desk.form_key("unlist", once))
        return "It is not for sale any more."

    return done(request, context, id_, person, act)


@router.post("/{id}/buy")
def buy(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    price: Units,
    currency: Row = 0,
) -> Response:
    """Buy a work at exactly the price that the page showed."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        row, key = client.currency(currency), desk.form_key("buy", once)
        signer = desk.signer_of(context, person)
        if row.is_ether or signer is None:
            client.buy(id_, price, currency, key=key)
        else:
            client.buy_with_permit(id_, price, currency, signer, key=key)
        return f"It is yours, for {row.format_price(price)}."

    return done(request, context, id_, person, act)


@router.post("/{id}/buy-signed")
def buy_signed(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    digest: Annotated[Hash32, Form()],
) -> Response:
    """Buy a work at a price that its seller's wallet signed."""

    def act() -> str:
        signed = SignedListing.from_json(Shelf(context.state).word("listing", digest))
        if signed.listing.id != id_:
            raise NotFound("There is no such price for this work.")
        client = desk.client_of(context, person, ArtworksClient)
        row, key = client.currency(signed.listing.currency), desk.form_key("buy-signed", once)
        coins.allow(client, row, signed.listing.price, key=key)
        client.buy_signed(signed, key=key)
        return "It is yours."

    return done(request, context, id_, person, act)


@router.post("/{id}/bid")
def bid(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    amount: Annotated[str, Form(max_length=80)] = "",
) -> Response:
    """Bid in a work's auction."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        row = client.currency(client.state(id_).currency)
        units = row.price(amount.strip())
        key = desk.form_key("bid", once)
        coins.allow(client, row, units, key=key)
        client.bid(id_, units, key=key)
        return f"You bid {row.format_price(units)}."

    return done(request, context, id_, person, act)


def done(
    request: Request, context: Context, id_: int, person: Person, act: Callable[[], str]
) -> Response:
    """Do what a form asks for, and go to the work's page; what is wrong stands on it."""
    try:
        told = act()
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return work_page(request, context, view, id_, person, problem=problem)
        raise
    return redirect(words.work_path(id_), told=told)


def currency_of(context: Context, text: str) -> Currency:
    """Return the row of the currency table that a form names.

    Raises:
        UsageError: There is none.
    """
    if not text.isascii() or not text.isdigit() or len(text) > 3:
        raise UsageError("There is no such currency.")
    return context.reader(ArtworksClient).currency(int(text))

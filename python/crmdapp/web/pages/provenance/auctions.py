"""Auctions of works, and money that waits at the gallery for somebody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from crmdapp.errors import CrmdappError
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.curators import BoardClient
from crmdapp.store.index.provenance import queries
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import hall, words
from crmdapp.web.pages.provenance.market import Once, PersonDep, Row, done
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/gallery")

Hours = Annotated[int, Form(ge=1, le=30 * 24)]

_HOUR = 3_600
_MONEY = "/gallery/money"


@router.get("/money")
def money(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    person: Annotated[Person, signed_in()],
) -> Response:
    """Show what waits for the person at the gallery and at the board of curators."""
    return _money(request, context, view, person)


@router.post("/money/withdraw")
def withdraw(
    request: Request, context: ContextDep, person: PersonDep, once: Once, currency: Row = 0
) -> Response:
    """Pay out what could not be paid to the person before."""
    try:
        client = desk.client_of(context, person, ArtworksClient)
        call = client.prepare.withdraw(currency, person.address)
        client.send(call, key=desk.form_key("withdraw", once))
    except CrmdappError as problem:
        return _refused(request, context, person, problem)
    return redirect(_MONEY, told="It was paid out to your account.")


@router.post("/money/bonds")
def withdraw_bonds(
    request: Request, context: ContextDep, person: PersonDep, once: Once
) -> Response:
    """Pay out the person's bonds and shares of lost bonds."""
    try:
        client = desk.client_of(context, person, BoardClient)
        call = client.prepare.withdraw(person.address)
        client.send(call, key=desk.form_key("bonds", once))
    except CrmdappError as problem:
        return _refused(request, context, person, problem)
    return redirect(_MONEY, told="Your bonds were paid out to your account.")


@router.post("/{id}/auction")
def open_auction(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    hours: Hours,
    reserve: Annotated[str, Form(max_length=80)] = "",
    currency: Row = 0,
) -> Response:
    """Open an auction of a work of the person's."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        row = client.currency(currency)
        units = row.price(reserve.strip())
        key = desk.form_key("auction", once)
        client.open_auction(id_, units, currency, hours * _HOUR, key=key)
        return f"The auction is open; bids begin at {row.format_price(units)}."

    return done(request, context, id_, person, act)


@router.post("/{id}/auction/settle")
def settle(
    request: Request, context: ContextDep, id_: NumberDep, person: PersonDep, once: Once
) -> Response:
    """End an auction whose time is over; anybody may."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        client.send(client.prepare.settle(id_), key=desk.form_key("settle", once))
        return "The auction is settled: the work is the highest bidder's, the money the seller's."

    return done(request, context, id_, person, act)


@router.post("/{id}/auction/cancel")
def cancel(
    request: Request, context: ContextDep, id_: NumberDep, person: PersonDep, once: Once
) -> Response:
    """Call off an auction of the person's that nobody bid in."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        call = client.prepare.cancel_auction(id_)
        client.send(call, key=desk.form_key("cancel-auction", once))
        return "The auction is called off."

    return done(request, context, id_, person, act)


def _refused(request: Request, context: Context, person: Person, problem: CrmdappError) -> Response:
    if status_of(problem) in (503, 404):
        raise problem
    for view in view_of(context):
        return _money(request, context, view, person, problem=problem)
    raise problem


def _money(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    table = hall.currencies(context, view.session)
    credit = queries.credit_of(view.session, person.address)
    # A credit is of a coin, which may stand in several rows of the table: the first one does.
    rows = {row.token or "": row for row in sorted(table.values(), key=lambda row: -row.index)}
    bonds = 0
    if queries.board(view.session) is not None:
        bond = context.reader(BoardClient).rules.bond
        bonds = queries.bond_credit_of(view.session, person.address, bond)
    waiting = [(rows[token], units) for token, units in credit.items() if units]
    return page(
        request,
        "provenance/money.html",
        status=200 if problem is None else status_of(problem),
        credits=[(row.index, row.format(units)) for row, units in waiting],
        bonds=words.ether(bonds) if bonds else "",
        once=desk.fresh(),
        problem=problem,
    )

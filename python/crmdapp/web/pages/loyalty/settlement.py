"""The merchant's console: campaigns, and what programs owe each other."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from crmdapp.errors import CrmdappError
from crmdapp.loyalty import LoyaltyClient
from crmdapp.loyalty.coin import from_decimal
from crmdapp.loyalty.points import to_units
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.problems import status_of
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/merchant/programs/{program}")

PersonDep = Annotated[Person, signed_in()]
Text = Annotated[str, Form(max_length=80)]
Once = Annotated[str, Form(max_length=32)]


@router.get("/settlement")
def settlement(request: Request, program: int, view: ViewDep, person: PersonDep) -> Response:
    """Show prices, deposit, and what the program owes and is owed."""
    return _settlement(request, view, person, program)


@router.post("/prices")
def announce_prices(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    on_ramp: Text = "",
    off_ramp: Text = "",
) -> Response:
    """Announce what a point costs and pays."""
    try:
        client = _client(context, person, program)
        prices = (from_decimal(on_ramp.strip()), from_decimal(off_ramp.strip()))
        client.network.announce_prices(program, *prices, key=desk.form_key("prices", once))
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    return redirect(_place(program), told="The prices are announced.")


@router.post("/deposit")
def deposit(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    amount: Text = "",
) -> Response:
    """Deposit coin from which the program's debts are paid."""
    try:
        clearing = _client(context, person, program).clearing
        units = clearing.coin.to_base_units(amount.strip())
        clearing.deposit(program, units, key=desk.form_key("deposit", once))
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    return redirect(_place(program), told="The deposit has arrived.")


@router.post("/limit")
def set_limit(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    other: Annotated[int, Form(ge=0, lt=1 << 63)] = 0,
    limit: Text = "",
) -> Response:
    """Set the most that the program may owe another."""
    try:
        clearing = _client(context, person, program).clearing
        value = 0 if limit.strip() == "0" else from_decimal(limit.strip())
        clearing.set_limit(program, other, value, key=desk.form_key("limit", once))
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    return redirect(_place(program), told="The limit is set.")


@router.post("/settle")
def settle(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    other: Annotated[int, Form(ge=0, lt=1 << 63)] = 0,
) -> Response:
    """Pay what the program and another owe each other."""
    try:
        clearing = _client(context, person, program).clearing
        clearing.settle_many(program, [other], key=desk.form_key("settle", once))
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    return redirect(_place(program), told="Settled.")


@router.get("/campaigns")
def campaigns(
    request: Request, context: ContextDep, program: int, view: ViewDep, person: PersonDep
) -> Response:
    """Show what coupons and drops gave, and what the coupon key may still give."""
    desk.own(view, person, program)
    reader = context.reader(LoyaltyClient).campaigns
    numbers = queries_merchant.drops(view.session, program, limit=20)
    return page(
        request,
        "loyalty/campaigns.html",
        program=queries.program(view.session, program, now=view.now),
        used=queries.supply(view.session, program, now=view.now).coupon_points,
        campaigns=queries_merchant.campaigns(view.session, program),
        drops=[reader.drop(number) for number in numbers],
        once=desk.fresh(),
        problem=None,
    )


@router.post("/coupon-key")
def set_coupon_key(
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    key: Text = "",
    budget: Text = "",
) -> Response:
    """Name the key that signs coupons, and its budget per epoch."""
    client = _client(context, person, program)
    units = 0 if budget.strip() == "0" else to_units(budget.strip())
    name = desk.form_key("coupon-key", once)
    client.campaigns.set_coupon_key(program, key.strip() or None, units, key=name)
    return redirect(f"/merchant/programs/{program}/campaigns", told="The coupon key is set.")


def _client(context: Context, person: Person, program: int) -> LoyaltyClient:
    for view in view_of(context):
        desk.own(view, person, program)
    return desk.client_of(context, person, LoyaltyClient)


def _settlement(
    request: Request,
    view: View,
    person: Person,
    program: int,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    desk.own(view, person, program)
    others = queries.programs(view.session, now=view.now, limit=200)
    return page(
        request,
        "loyalty/settlement.html",
        status=200 if problem is None else status_of(problem),
        program=queries.program(view.session, program, now=view.now),
        positions=queries_merchant.positions(view.session, program),
        deposit=queries_merchant.deposit(view.session, program),
        settlements=queries_merchant.settlements(view.session, program, limit=20),
        others=[item for item in others if item.program != program],
        once=desk.fresh(),
        problem=problem,
        now=view.now,
    )


def _again(
    request: Request, context: Context, person: Person, program: int, problem: CrmdappError
) -> Response:
    if status_of(problem) in (503, 404):
        raise problem
    for view in view_of(context):
        return _settlement(request, view, person, program, problem=problem)
    raise problem


def _place(program: int) -> str:
    return f"/merchant/programs/{program}/settlement"

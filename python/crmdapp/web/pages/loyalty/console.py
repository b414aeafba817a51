"""The merchant's console: programs, figures, awarding, redeeming, and why points came or not."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from crmdapp.chain._signed_json import read_json
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.points import UNLIMITED, to_units
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.web.api.loyalty.orders import signed_redemption
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import AddressIn
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import charts, desk, words
from crmdapp.web.problems import status_of
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/merchant")

PersonDep = Annotated[Person, signed_in()]
Text = Annotated[str, Form(max_length=80)]
Address = Annotated[str, Form(min_length=42, max_length=42)]
Once = Annotated[str, Form(max_length=32)]


@router.get("")
def programs(request: Request, view: ViewDep, person: PersonDep) -> Response:
    """List the person's programs, and offer to open one."""
    return _programs(request, view, person)


@router.post("/programs")
def open_program(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    once: Once,
    name: Annotated[str, Form(max_length=64)] = "",
    symbol: Annotated[str, Form(max_length=16)] = "",
    validity: Annotated[int, Form(ge=1, le=4)] = 4,
    tiers: Text = "",
) -> Response:
    """Open a program whose owner may award without limit."""
    try:
        config = ProgramConfig(name.strip(), symbol.strip(), validity, tiers=_tiers(tiers))
        client = desk.client_of(context, person, LoyaltyClient)
        key = desk.form_key("open", once)
        found = client.create_program(config, key=key)
        client.set_issuer(found.id, person.address, UNLIMITED, key=f"{key}/issuer")
    except CrmdappError as problem:
        return _again(request, context, person, None, problem)
    return redirect(f"/merchant/programs/{found.id}", told=f"The program {config.name} is open.")


@router.get("/programs/{program}")
def program(request: Request, program: int, view: ViewDep, person: PersonDep) -> Response:
    """Show a program: what is outstanding, what happened, what can be done."""
    return _program(request, view, person, program)


@router.post("/programs/{program}/award")
def award(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    to: Text = "",
    points: Text = "",
) -> Response:
    """Give a customer points."""
    try:
        _require_own(context, person, program)
        client = desk.client_of(context, person, LoyaltyClient)
        units = to_units(points.strip())
        receipt = client.award(program, to.strip(), units, key=desk.form_key("award", once))
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    told = f"{words.points(units)} points awarded, in block {receipt.block}."
    return redirect(f"/merchant/programs/{program}", told=told)


@router.post("/programs/{program}/redeem")
def redeem(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    signed: Annotated[str, Form(max_length=20_000)] = "",
    refundable: Annotated[bool, Form()] = False,
) -> Response:
    """Carry out a redemption that a customer signed."""
    try:
        _require_own(context, person, program)
        intent = signed_redemption(_json(signed), program)
        client = desk.client_of(context, person, LoyaltyClient)
        key = desk.form_key("redeem", once)
        receipt = client.submit(intent, refundable=refundable, key=key)
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    told = f"{words.points(intent.intent.points)} points redeemed, in block {receipt.block}."
    return redirect(f"/merchant/programs/{program}", told=told)


@router.post("/programs/{program}/issuer")
def set_issuer(
    request: Request,
    context: ContextDep,
    program: int,
    person: PersonDep,
    once: Once,
    issuer: Text = "",
    budget: Text = "",
) -> Response:
    """Let somebody award points, up to a budget per epoch."""
    try:
        _require_own(context, person, program)
        client = desk.client_of(context, person, LoyaltyClient)
        text = budget.strip()
        units = UNLIMITED if not text else 0 if text == "0" else to_units(text)
        key = desk.form_key("issuer", once)
        client.set_issuer(program, issuer.strip(), units, key=key)
    except CrmdappError as problem:
        return _again(request, context, person, program, problem)
    return redirect(f"/merchant/programs/{program}", told="The issuer's budget is set.")


@router.get("/programs/{program}/customers")
def holders(
    request: Request,
    program: int,
    view: ViewDep,
    person: PersonDep,
    after: Annotated[AddressIn | None, Query()] = None,
) -> Response:
    """List everybody who ever held the program's points."""
    desk.own(view, person, program)
    rows = queries.customers(
        view.session,
        program,
        now=view.now,
        after=None if after is None else (after,),
        limit=desk.PAGE_ROWS,
    )
    more = rows[-1].statement.account if len(rows) == desk.PAGE_ROWS else None
    return page(
        request,
        "loyalty/customers.html",
        program=queries.program(view.session, program, now=view.now),
        rows=rows,
        more=more,
        now=view.now,
    )


@router.get("/programs/{program}/why")
def why(
    request: Request,
    program: int,
    view: ViewDep,
    person: PersonDep,
    account: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """Tell why a customer has the points it has: what came, what left, what was refused."""
    desk.own(view, person, program)
    found: dict[str, Any] = {"balance": None, "moves": [], "skips": [], "problem": ""}
    if account.strip():
        found = _explained(view, program, account.strip())
    return page(
        request,
        "loyalty/why.html",
        program=queries.program(view.session, program, now=view.now),
        issuers=queries_merchant.issuers(view.session, program, now=view.now),
        account=account.strip(),
        now=view.now,
        **found,
    )


def _explained(view: View, program: int, account: str) -> dict[str, Any]:
    from crmdapp.chain.addresses import require_address

    try:
        holder = require_address(account)
    except UsageError as problem:
        return {"balance": None, "moves": [], "skips": [], "problem": problem.message}
    skips = queries_merchant.skips(view.session, program, limit=200)
    return {
        "balance": queries.balance(view.session, program, holder, now=view.now),
        "moves": queries.history(view.session, holder, program=program, limit=desk.PAGE_ROWS),
        "skips": [item for item in skips if item.account == holder],
        "problem": "",
    }


def _programs(
    request: Request,
    view: View,
    person: Person,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    found = queries.programs_of(view.session, person.address, now=view.now)
    supplies = {
        item.program: queries.supply(view.session, item.program, now=view.now) for item in found
    }
    return page(
        request,
        "loyalty/programs.html",
        status=200 if problem is None else status_of(problem),
        programs=found,
        supplies=supplies,
        once=desk.fresh(),
        problem=problem,
    )


def _program(
    request: Request,
    view: View,
    person: Person,
    program: int,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    desk.own(view, person, program)
    supply = queries.supply(view.session, program, now=view.now)
    flows = queries_merchant.flows(view.session, program, now=view.now)
    lots = supply.liability.lots
    chart = charts.bars(
        [(words.day(lot.expires_at), lot.units) for lot in lots],
        f"{words.points(supply.liability.total)} points outstanding, by when they expire.",
    )
    return page(
        request,
        "loyalty/program.html",
        status=200 if problem is None else status_of(problem),
        program=queries.program(view.session, program, now=view.now),
        supply=supply,
        lots=lots,
        chart=chart,
        flows=flows,
        present=flows[-1],
        issuers=queries_merchant.issuers(view.session, program, now=view.now),
        moves=queries.program_history(view.session, program, limit=10),
        unlimited=UNLIMITED,
        once=desk.fresh(),
        problem=problem,
        now=view.now,
    )


def _again(
    request: Request,
    context: Context,
    person: Person,
    program: int | None,
    problem: CrmdappError,
) -> Response:
    """Show the page that the form was on, with what is wrong."""
    if status_of(problem) in (503, 404):
        raise problem
    for view in view_of(context):
        if program is None:
            return _programs(request, view, person, problem=problem)
        return _program(request, view, person, program, problem=problem)
    raise problem


def _require_own(context: Context, person: Person, program: int) -> None:
    for view in view_of(context):
        desk.own(view, person, program)


def _json(text: str) -> dict[str, Any]:
    try:
        found = read_json(text)
    except ValueError:
        raise UsageError("What the customer signed is no JSON.") from None
    if not isinstance(found, dict):
        raise UsageError("What the customer signed is no JSON object.")
    return found


def _tiers(text: str) -> tuple[int, ...]:
    return tuple(to_units(part.strip()) for part in text.split(";") if part.strip())

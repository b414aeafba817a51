"""The customer's wallet, points: what every brand owes the person, and what can be done with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse
from markupsafe import Markup

from crmdapp.chain.qr import qr_svg
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.loyalty import Gift, LoyaltyClient, SignedCoupon, SignedIntent
from crmdapp.loyalty.gifts import give
from crmdapp.loyalty.points import to_units
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.store.index.loyalty.views import Balance, ProgramView
from crmdapp.web.api.intents.kinds import KINDS
from crmdapp.web.api.intents.loyalty import RedeemRequest, TransferRequest
from crmdapp.web.api.intents.network import ExchangeRequest
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Model
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk, words
from crmdapp.web.problems import MEDIA_TYPE, document, status_of
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/wallet")

PersonDep = Annotated[Person, signed_in()]
Text = Annotated[str, Form(max_length=80)]
Once = Annotated[str, Form(max_length=32)]


class TransferForm(Model):
    """The fields of the form, as the browser sends them to be prepared."""

    program: str
    to: str = ""
    points: str = ""
    once: str = ""


class RedeemForm(Model):
    """The fields of the form, as the browser sends them to be prepared."""

    program: str
    points: str = ""
    order: str = ""
    once: str = ""


class ExchangeForm(Model):
    """The fields of the form, as the browser sends them to be prepared."""

    program: str
    to_program: str
    points: str = ""
    once: str = ""


@router.get("")
def wallet(request: Request, context: ContextDep, view: ViewDep, person: PersonDep) -> Response:
    """Show the person's points of all brands, with when they expire."""
    return _wallet(request, context, view, person)


@router.get("/history")
def history(
    request: Request,
    view: ViewDep,
    person: PersonDep,
    block: Annotated[int | None, Query(ge=0)] = None,
    index: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Show every movement of the person's points, the latest first."""
    after = None if block is None or index is None else (block, index)
    rows = queries.history(view.session, person.address, after=after, limit=desk.PAGE_ROWS)
    more = rows[-1].key if len(rows) == desk.PAGE_ROWS else None
    names = queries.names_of(view.session, [row.program for row in rows])
    return page(request, "loyalty/history.html", rows=rows, more=more, names=names)


@router.post("/transfer/prepare")
def prepare_transfer(context: ContextDep, person: PersonDep, wanted: TransferForm) -> Response:
    """Give the wallet the transfer to sign."""
    return _prepared(
        context,
        "transfer",
        lambda: _transfer(person, wanted.program, wanted.to, wanted.points),
    )


@router.post("/redeem/prepare")
def prepare_redeem(context: ContextDep, person: PersonDep, wanted: RedeemForm) -> Response:
    """Give the wallet the redemption to sign."""
    return _prepared(
        context,
        "redeem",
        lambda: _redemption(person, wanted.program, wanted.points, wanted.order),
    )


@router.post("/exchange/prepare")
def prepare_exchange(context: ContextDep, person: PersonDep, wanted: ExchangeForm) -> Response:
    """Give the wallet the exchange to sign, at the rate that holds now or better."""
    return _prepared(
        context,
        "exchange",
        lambda: _exchange(context, person, wanted.program, wanted.to_program, wanted.points),
    )


@router.post("/exchange")
def exchange(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    program: Text,
    to_program: Text,
    once: Once,
    points: Text = "",
) -> Response:
    """Sign an exchange with the person's own key file, and carry it out."""
    try:
        wanted = _exchange(context, person, program, to_program, points)
        signed = _signed(context, person, "exchange", wanted)
        _submit(context, person, signed, desk.form_key("exchange", once))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    told = (
        f"{words.points(wanted.points)} points became at least {words.points(wanted.min_points)}."
    )
    return redirect("/wallet", told=told)


@router.post("/transfer")
def transfer(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    program: Text,
    once: Once,
    to: Text = "",
    points: Text = "",
) -> Response:
    """Sign a transfer with the person's own key file, and carry it out."""
    try:
        signed = _signed(context, person, "transfer", _transfer(person, program, to, points))
        _submit(context, person, signed, desk.form_key("transfer", once))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    told = f"{words.points(signed.intent.points)} points are with {words.short(to.strip())}."
    return redirect("/wallet", told=told)


@router.post("/redeem")
def redeem(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    program: Text,
    once: Once,
    points: Text = "",
    order: Text = "",
) -> Response:
    """Sign a redemption with the person's own key file, for the merchant to carry out.

    A redemption takes effect when the merchant submits it; where this server pays for the
    merchant, it does so at once, else the signed text is shown to be handed over.
    """
    try:
        signed = _signed(context, person, "redeem", _redemption(person, program, points, order))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    text = json.dumps(signed.to_json())
    return page(request, "loyalty/signed.html", text=text, units=signed.intent.points, once=once)


@router.post("/coupon")
def claim_coupon(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    once: Once,
    coupon: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Collect a coupon; the server pays the gas if it pays for anybody."""
    try:
        signed = _coupon(coupon.strip())
        if signed.coupon.to != person.address:
            raise UsageError("The coupon is for somebody else.")
        client = payer_of(context, person)
        client.campaigns.claim_coupon(signed, key=desk.form_key("coupon", once))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    told = f"{words.points(signed.coupon.points)} points of the coupon are yours."
    return redirect("/wallet", told=told)


@router.post("/gift")
def make_gift(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    program: Annotated[int, Form(ge=0, lt=1 << 63)],
    once: Once,
    points: Text = "",
) -> Response:
    """Put points on a throw-away key and show it as a code; on the person's own machine only."""
    try:
        if not context.settings.local or person.signer is None:
            raise UsageError(
                "Gifts are made where your key is.",
                why="Whoever knows the code of a gift can take its points.",
                hint="Run the server on your own machine and sign in with a key file.",
            )
        client = desk.client_of(context, person, LoyaltyClient)
        gift = Gift.new(client.domain, program)
        units = to_units(points.strip())
        give(client, gift, units, key=desk.form_key("gift", once))
    except CrmdappError as problem:
        return _again(request, context, person, problem)
    link = gift.link()
    response = page(
        request,
        "loyalty/gift.html",
        picture=_picture(link),
        link=link,
        units=units,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _wallet(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    balances = queries.wallet(view.session, person.address, now=view.now)
    exact = [_certain(context, item) for item in balances]
    local = desk.signer_of(context, person) if person.signer is not None else None
    return page(
        request,
        "loyalty/wallet.html",
        status=200 if problem is None else status_of(problem),
        balances=exact,
        partners=_partners(view),
        cards=queries_merchant.cards_of(view.session, person.address, limit=50),
        moves=queries.history(view.session, person.address, limit=5),
        names=queries.names_of(view.session, [item.program.program for item in exact]),
        has_key=local is not None,
        once=desk.fresh(),
        problem=problem,
        now=view.now,
    )


def _partners(view: View) -> list[ProgramView]:
    """Return programs that take part in the network, at most 200."""
    found = queries.programs(view.session, now=view.now, limit=200)
    return [item for item in found if item.prices.is_connected]


def _certain(context: Context, balance: Balance) -> Balance:
    """Return a balance with the ages that the chain tells, where the events leave them open."""
    if balance.exact:
        return balance
    from dataclasses import replace

    number, account = balance.program.program, balance.statement.account
    statement = context.reader(LoyaltyClient).statement(number, account)
    return replace(balance, statement=statement, exact=True)


def _again(request: Request, context: Context, person: Person, problem: CrmdappError) -> Response:
    if status_of(problem) == 503:
        raise problem
    for view in view_of(context):
        return _wallet(request, context, view, person, problem=problem)
    raise problem


def _prepared(context: Context, verb: str, wanted: Callable[[], Any]) -> Response:
    """Return typed data for the page's script, or the problem as a document that it can read."""
    try:
        return JSONResponse(KINDS[f"loyalty.{verb}"].kind.prepare(context, wanted()))
    except CrmdappError as problem:
        return JSONResponse(document(problem), status_of(problem), media_type=MEDIA_TYPE)


def _transfer(person: Person, program: str, to: str, points: str) -> TransferRequest:
    from crmdapp.chain.addresses import require_address

    return TransferRequest(
        program=_number(program, "program"),
        holder=person.address,
        to=require_address(to.strip()),
        points=to_units(points.strip()),
    )


def _redemption(person: Person, program: str, points: str, order: str) -> RedeemRequest:
    return RedeemRequest(
        program=_number(program, "program"),
        holder=person.address,
        points=to_units(points.strip()),
        order_id=_number(order.strip(), "order's number"),
    )


def _exchange(
    context: Context, person: Person, program: str, to_program: str, points: str
) -> ExchangeRequest:
    give, take = _number(program, "program"), _number(to_program, "program")
    units = to_units(points.strip())
    network = context.reader(LoyaltyClient).network
    quote = network.quote_exchange(give, units, take, account=person.address)
    return ExchangeRequest(
        program=give,
        to_program=take,
        holder=person.address,
        points=units,
        min_points=quote.received,
    )


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise UsageError(f"The {what} is a whole number.", hint="The merchant tells you.")
    return int(text)


def _signed(context: Context, person: Person, verb: str, wanted: Any) -> SignedIntent:
    """Return what the person permits, signed with the key that it opened on this machine."""
    if person.signer is None:
        raise UsageError("Your key is in your browser's wallet.", hint="Turn scripts on to use it.")
    typed = KINDS[f"loyalty.{verb}"].kind.prepare(context, wanted)
    unsigned = SignedIntent.from_json({"typedData": typed, "signature": "0x" + "00" * 65})
    signature = unsigned.intent.sign(person.signer, unsigned.domain)
    return SignedIntent(unsigned.intent, unsigned.domain, signature)


def _submit(context: Context, person: Person, signed: SignedIntent, key: str) -> None:
    payer_of(context, person).submit(signed, key=key)


def payer_of(context: Context, person: Person) -> LoyaltyClient:
    """Return the hub as whoever pays sees it: the server's relaying account, else the person."""
    relayer = context.settings.relayer
    if relayer is None:
        return desk.client_of(context, person, LoyaltyClient)
    sender = context.sender(relayer)
    return LoyaltyClient.at(context.connection, context.manifest, sender)


def _picture(link: str) -> Markup:
    """Return a link as a code on white, which readers need in dark mode too."""
    svg = qr_svg(link).decode()
    head, _, body = svg[svg.index("<svg") :].partition(">")
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return Markup(f"{head}>{ground}{body}")  # noqa: S704 - drawn here, of squares only


def _coupon(text: str) -> SignedCoupon:
    return SignedCoupon.from_link(text) if "#" in text[:500] else SignedCoupon.from_json(text)

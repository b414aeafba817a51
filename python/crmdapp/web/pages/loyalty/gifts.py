"""The page behind a gift's link: what it holds, until when, and collecting it.

The link's code is a key. It stands after ``#``, which browsers keep to themselves; the page's
script moves it into the form, and it comes here in the form's body only, when somebody presses the
button. It is not kept, and no log, address or error has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, Request, Response

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.loyalty import Gift, LoyaltyClient
from crmdapp.loyalty.gifts import GiftEmpty, contents, prepare_claim
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk, words
from crmdapp.web.pages.loyalty.wallet import payer_of
from crmdapp.web.problems import status_of
from crmdapp.web.view import View, ViewDep

if TYPE_CHECKING:
    from crmdapp.loyalty.models import Statement

router = APIRouter(prefix="/gift")

Code = Annotated[str, Form()]

CODE_MAX = 2_000
"""Characters of a link that are read; a gift's own part has 104."""


@dataclass(frozen=True, slots=True)
class ShownGift:
    """What is on a gift.

    Attributes:
        brand: Name of the program, in its owner's words.
        symbol: Short form of its points.
        statement: The points with their expiries.
        payload: The gift's own part of the link, to be sent with the next form.
    """

    brand: str
    symbol: str
    statement: Statement
    payload: str


@router.get("")
def gift_page(request: Request, view: ViewDep) -> Response:
    """Ask for the gift's link."""
    return _page(request, view)


@router.post("")
def look(request: Request, context: ContextDep, view: ViewDep, code: Code = "") -> Response:
    """Show what is on a gift."""
    try:
        gift = _gift(code)
        shown = _shown(context, gift)
    except CrmdappError as problem:
        return _page(request, view, problem=problem)
    return _page(request, view, shown=shown)


@router.post("/collect")
def collect(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    person: Annotated[Person, signed_in()],
    once: Annotated[str, Form(max_length=32)],
    code: Code = "",
) -> Response:
    """Move all that is on a gift to the person, who needs no ether if this server pays."""
    try:
        gift = _gift(code)
        told = _collect(context, person, gift, desk.form_key("collect", once))
    except CrmdappError as problem:
        return _page(request, view, problem=problem)
    return redirect("/wallet", told=told)


def _collect(context: Context, person: Person, gift: Gift, key: str) -> str:
    client = payer_of(context, person)
    if client.was_sent(key):  # the form came twice
        return "The gift is yours."
    signed = prepare_claim(client, gift, person.address)
    client.submit(signed, key=key)
    return f"{words.points(signed.intent.points)} points of the gift are yours."


def _gift(code: str) -> Gift:
    """Return the gift of a link, or of its part after ``#``; no error repeats it."""
    if len(code) > CODE_MAX:
        raise UsageError("That is too long for a gift's link.", hint="Copy the link alone.")
    return Gift.parse(code.strip())


def _shown(context: Context, gift: Gift) -> ShownGift:
    client = context.reader(LoyaltyClient)
    statement = contents(client, gift)
    if not statement.balance:
        raise GiftEmpty(gift.address)
    program = client.program(gift.program)
    payload = gift.link().partition("#")[2]
    return ShownGift(program.name, program.symbol, statement, payload)


def _page(
    request: Request,
    view: View,
    *,
    shown: ShownGift | None = None,
    problem: CrmdappError | None = None,
) -> Response:
    if problem is not None and status_of(problem) == 503:
        raise problem
    response = page(
        request,
        "loyalty/collect.html",
        status=200 if problem is None else status_of(problem),
        shown=shown,
        problem=problem,
        once=desk.fresh(),
        now=view.now,
    )
    response.headers["Cache-Control"] = "no-store"
    return response

"""What is on the chain for everybody: the network's programs, their prices and terms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from crmdapp.loyalty import LoyaltyClient
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.web.api import AddressIn, ContextDep, CursorDep, Model, Page, Uint
from crmdapp.web.api.loyalty.access import ProgramPath
from crmdapp.web.api.loyalty.models import LotOut, ProgramOut, TermsOut, example
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/network", tags=["loyalty: network"])


class QuoteOut(Model):
    """What an exchange would give now; prices change only after a notice."""

    model_config = example(
        received="750", value="150000", room="5000000", is_covered=True, rate="3/4", lots=[]
    )

    received: Uint
    value: Uint
    room: Uint
    is_covered: bool
    rate: str
    lots: list[LotOut]


@router.get("/programs")
def network_programs(view: ViewDep, cursor: CursorDep) -> Page[ProgramOut]:
    """List every program with its rules and prices."""
    rows = queries.programs(view.session, now=view.now, after=cursor.after, limit=cursor.limit)
    items = [ProgramOut.model_validate(row) for row in rows]
    return Page[ProgramOut](**view.page(cursor, items, rows, lambda row: (row.program,)))


@router.get("/programs/{program}")
def network_program(program: ProgramPath, view: ViewDep) -> ProgramOut:
    """Show a program's rules and prices."""
    return ProgramOut.model_validate(queries.program(view.session, program, now=view.now))


@router.get("/programs/{program}/terms")
def network_terms(program: ProgramPath, view: ViewDep) -> list[TermsOut]:
    """List the versions of a program's terms, the latest first."""
    queries.program(view.session, program, now=view.now)
    found = queries_merchant.terms(view.session, program)
    return [TermsOut.model_validate(row) for row in found]


@router.get("/quotes/exchange")
def quote(
    context: ContextDep,
    program: Annotated[Uint, Query(description="Program that the points leave.")],
    to_program: Annotated[Uint, Query(description="Program that they become points of.")],
    points: Annotated[Uint, Query(description="Units of 0.01 point.", examples=["1000"])],
    account: Annotated[AddressIn | None, Query(description="Who holds them.")] = None,
) -> QuoteOut:
    """Tell what changing points of one program into another's would give now."""
    found = context.reader(LoyaltyClient).network.quote_exchange(
        program, points, to_program, account=account
    )
    return QuoteOut(
        received=found.received,
        value=found.value,
        room=found.room,
        is_covered=found.is_covered,
        rate=str(found.rate),
        lots=[LotOut(units=lot.units, expires_at=lot.expires_at) for lot in found.lots],
    )

"""A program's figures for its merchant: liability, flows, budgets, customers, history."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.web.api import AddressIn, CursorDep, Page
from crmdapp.web.api.loyalty.access import OwnDep
from crmdapp.web.api.loyalty.models import (
    AwardBatchOut,
    BalanceOut,
    FlowOut,
    IssuerOut,
    LiabilityOut,
    MoveOut,
    SkipOut,
)
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/programs/{program}", tags=["loyalty: figures"])

Kind = Literal[
    "awarded",
    "coupon",
    "drop",
    "redeemed",
    "refunded",
    "reversed",
    "transferred",
    "exchanged_in",
    "exchanged_out",
    "expired",
]


@router.get("/liability")
def liability(number: OwnDep, view: ViewDep) -> LiabilityOut:
    """Tell what the program owes its customers, by age, and when each age expires."""
    return LiabilityOut.of(queries.supply(view.session, number, now=view.now))


@router.get("/flows")
def flows(
    number: OwnDep,
    view: ViewDep,
    epochs: Annotated[int, Query(ge=1, le=200, description="How many of the latest.")] = 8,
) -> list[FlowOut]:
    """Tell what was awarded, redeemed and expired in the latest epochs, the present one last."""
    found = queries_merchant.flows(view.session, number, now=view.now, epochs=epochs)
    return [FlowOut.model_validate(item) for item in found]


@router.get("/issuers")
def issuers(number: OwnDep, view: ViewDep) -> list[IssuerOut]:
    """List who may award, with what is left of each budget in this epoch."""
    found = queries_merchant.issuers(view.session, number, now=view.now)
    return [IssuerOut.model_validate(item) for item in found]


@router.get("/customers")
def customers(number: OwnDep, view: ViewDep, cursor: CursorDep) -> Page[BalanceOut]:
    """List everybody who ever held the program's points."""
    rows = queries.customers(
        view.session, number, now=view.now, after=cursor.after, limit=cursor.limit
    )
    items = [BalanceOut.of(row) for row in rows]
    return Page[BalanceOut](**view.page(cursor, items, rows, lambda row: (row.statement.account,)))


@router.get("/customers/{account}")
def customer(
    number: OwnDep,
    account: Annotated[AddressIn, Path(description="Address of the customer.")],
    view: ViewDep,
) -> BalanceOut:
    """Show what a customer holds in the program."""
    return BalanceOut.of(queries.balance(view.session, number, account, now=view.now))


@router.get("/customers/{account}/history")
def customer_history(
    number: OwnDep,
    account: Annotated[AddressIn, Path(description="Address of the customer.")],
    view: ViewDep,
    cursor: CursorDep,
) -> Page[MoveOut]:
    """List the movements of a customer's points in the program, the latest first."""
    rows = queries.history(
        view.session, account, program=number, after=cursor.after, limit=cursor.limit
    )
    items = [MoveOut.model_validate(row) for row in rows]
    return Page[MoveOut](**view.page(cursor, items, rows, lambda row: row.key))


@router.get("/history")
def history(
    number: OwnDep,
    view: ViewDep,
    cursor: CursorDep,
    kind: Annotated[list[Kind] | None, Query(description="Only these kinds.")] = None,
) -> Page[MoveOut]:
    """List the movements of the program's points, the latest first."""
    rows = queries.program_history(
        view.session, number, kinds=kind or (), after=cursor.after, limit=cursor.limit
    )
    items = [MoveOut.model_validate(row) for row in rows]
    return Page[MoveOut](**view.page(cursor, items, rows, lambda row: row.key))


@router.get("/batches")
def batches(number: OwnDep, view: ViewDep, cursor: CursorDep) -> Page[AwardBatchOut]:
    """List batches of awards, the latest first, with how long they can be reversed."""
    rows = queries_merchant.batches(view.session, number, after=cursor.after, limit=cursor.limit)
    items = [AwardBatchOut.model_validate(row) for row in rows]
    return Page[AwardBatchOut](
        **view.page(cursor, items, rows, lambda row: (row.block, row.batch_id))
    )


@router.get("/skips")
def skips(number: OwnDep, view: ViewDep, cursor: CursorDep) -> Page[SkipOut]:
    """List signed redemptions that batches left out, and why, the latest first."""
    rows = queries_merchant.skips(view.session, number, after=cursor.after, limit=cursor.limit)
    items = [SkipOut.model_validate(row) for row in rows]
    return Page[SkipOut](**view.page(cursor, items, rows, lambda row: (row.block, row.log_index)))

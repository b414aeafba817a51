"""Between merchants: what programs owe each other, deposits, limits, settlement."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.loyalty import LoyaltyClient
from crmdapp.store.index.loyalty import queries_merchant
from crmdapp.web.api import AddressIn, CursorDep, Model, Page, Sent, Uint
from crmdapp.web.api.loyalty.access import OwnDep, OwnWorkDep, WorkDep
from crmdapp.web.api.loyalty.models import (
    ADDRESS,
    DepositOut,
    PositionOut,
    SettlementOut,
    example,
)
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/programs/{program}", tags=["loyalty: clearing"])

OTHERS_MAX = 50


class DepositIn(Model):
    """Base units of the settlement coin that your account deposits."""

    model_config = example(amount="5000000")

    amount: Uint


class WithdrawalIn(Model):
    """Value to withdraw, in 10^-6 of the coin, and to whom; your account by default."""

    model_config = example(value="1000000", to=ADDRESS)

    value: Uint
    to: AddressIn | None = None


class LimitIn(Model):
    """The most that the program may owe the other, in 10^-6 of the coin."""

    model_config = example(limit="5000000")

    limit: Uint


class SettleIn(Model):
    """Other programs to settle with, in both directions."""

    model_config = example(others=["4"])

    others: list[Uint] = Field(min_length=1, max_length=OTHERS_MAX)


@router.get("/positions")
def positions(number: OwnDep, view: ViewDep) -> list[PositionOut]:
    """List what the program owes and is owed, with the limits."""
    found = queries_merchant.positions(view.session, number)
    return [PositionOut.model_validate(item) for item in found]


@router.get("/deposit")
def deposit(number: OwnDep, view: ViewDep) -> DepositOut:
    """Show the program's deposit."""
    return DepositOut.model_validate(queries_merchant.deposit(view.session, number))


@router.post("/deposit")
def add_deposit(number: OwnWorkDep, wanted: DepositIn, work: WorkDep) -> Sent:
    """Deposit coin of your account for the program; approves and deposits."""
    clearing = work.client(LoyaltyClient).clearing
    receipt = clearing.deposit(number, wanted.amount, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/withdrawals")
def withdraw(number: OwnWorkDep, wanted: WithdrawalIn, work: WorkDep) -> Sent:
    """Withdraw what backs no limit."""
    clearing = work.client(LoyaltyClient).clearing
    receipt = clearing.withdraw(number, wanted.value, wanted.to, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.put("/limits/{creditor}")
def set_limit(
    number: OwnWorkDep,
    creditor: Annotated[Uint, Path(description="Program that may be owed.")],
    wanted: LimitIn,
    work: WorkDep,
) -> Sent:
    """Set the most that the program may owe another; its deposit backs all limits."""
    clearing = work.client(LoyaltyClient).clearing
    receipt = clearing.set_limit(number, creditor, wanted.limit, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.get("/settlements")
def settlements(number: OwnDep, view: ViewDep, cursor: CursorDep) -> Page[SettlementOut]:
    """List payments of and to the program, the latest first."""
    rows = queries_merchant.settlements(
        view.session, number, after=cursor.after, limit=cursor.limit
    )
    items = [SettlementOut.model_validate(row) for row in rows]
    return Page[SettlementOut](
        **view.page(cursor, items, rows, lambda row: (row.block, row.log_index))
    )


@router.post("/settlements")
def settle(number: OwnWorkDep, wanted: SettleIn, work: WorkDep) -> list[Sent]:
    """Pay what the program and others owe each other, from their deposits."""
    clearing = work.client(LoyaltyClient).clearing
    receipts = clearing.settle_many(number, wanted.others, key=work.key)
    return [Sent(tx_hash=item.hash, block=item.block) for item in receipts]

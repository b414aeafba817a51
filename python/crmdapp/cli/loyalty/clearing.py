"""Deposits, limits, and the settlement of what programs owe each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import (
    agree,
    receipt_data,
    receipt_line,
    send,
    send_all,
    was_sent,
)
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import ProgramArgument, brand, person
from crmdapp.cli.loyalty._money import (
    OtherArgument,
    coin_data,
    coin_of,
    coin_words,
    parse_value,
    value,
    value_data,
)
from crmdapp.cli.loyalty.network import position_data
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.clearing import Deposit
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.models import Program
    from crmdapp.loyalty.network_models import Position

_DEPOSIT_GAS = 150_000
"""More than a deposit takes (85,685 of the test coin, the first time), which can not be simulated
before its coin is approved."""

AmountArgument = Annotated[
    str, typer.Argument(metavar="AMOUNT", help="How much of the coin, such as 12 or 12.50.")
]


@command(
    app,
    "deposit",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty deposit 2 500",
        "crmdapp loyalty deposit 2 500 --once spring --yes --json",
    ),
)
def deposit(
    ctx: typer.Context,
    program: ProgramArgument,
    amount: Annotated[
        str | None,
        typer.Argument(metavar="[AMOUNT]", help="How much coin; left out, it is only shown."),
    ] = None,
) -> None:
    """Pay coin of the account into a program's deposit; first approves exactly as much if need be.

    The deposit covers what the program may owe other programs; what covers nothing can be
    withdrawn.
    """
    session = session_of(ctx)
    if amount is None:
        client = session.reader
        found = client.program(program)
        state, coin = client.clearing.deposit_of(program), coin_of(client)
        session.out.result(_deposit_data(state, coin), _deposit_facts(state, found, coin))
        return
    client = session.loyalty
    found, coin = client.program(program), coin_of(client)
    units = coin.to_base_units(amount)
    call = client.clearing.prepare.deposit(program, units)
    about = [("Program", brand(found)), ("Deposit", coin_words(units, coin))]
    approvals: Sequence[Call] = ()
    if not was_sent(session, session.once):
        client.clearing.require_balance(units)
        house = client.clearing.house.address
        approvals = client.clearing.money.approvals(session.signer.address, house, units)
    receipt: Receipt | None
    if not approvals:
        receipt = send(session, call, about)
    elif agree(session, approvals, call, _DEPOSIT_GAS, about):
        receipt = client.clearing.deposit(program, units, key=session.once)
        session.out.always(f"Transaction {receipt.hash}")
    else:
        receipt = None
    if receipt is None:
        return
    credited = _credited(receipt)
    if credited * coin.scale < units:
        session.out.warn(f"Only {value(credited, coin)} arrived: the coin keeps a fee.")
    state = client.clearing.deposit_of(program)
    session.out.result(
        {
            **_deposit_data(state, coin),
            "paid": coin_data(units, coin),
            "credited": value_data(credited, coin),
            **receipt_data(receipt),
        },
        f"{value(credited, coin)} paid in. {receipt_line(receipt)}",
        _deposit_facts(state, found, coin),
    )


@command(
    app,
    "withdraw",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty withdraw 2 100",
        "crmdapp loyalty withdraw 2 100 --to friend --yes",
    ),
)
def withdraw(
    ctx: typer.Context,
    program: ProgramArgument,
    amount: AmountArgument,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="WHO", help="Who gets it; yourself by default."),
    ] = None,
) -> None:
    """Take coin out of the part of the program's deposit that covers no limit."""
    session = session_of(ctx)
    wanted, receiver = parse_value(amount), session.address_or_own(to)
    client = session.loyalty
    found, coin = client.program(program), coin_of(client)
    call = client.clearing.prepare.withdraw(program, wanted, receiver)
    about = [
        ("Program", brand(found)),
        ("Withdraw", value(wanted, coin)),
        ("To", person(session, receiver)),
    ]
    receipt = send(session, call, about)
    if receipt is None:
        return
    state = client.clearing.deposit_of(program)
    session.out.result(
        {
            **_deposit_data(state, coin),
            "withdrawn": value_data(wanted, coin),
            "to": receiver,
            **receipt_data(receipt),
        },
        f"{value(wanted, coin)} withdrawn. {receipt_line(receipt)}",
        _deposit_facts(state, found, coin),
    )


@command(
    app,
    "limit",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty limit 2 4 250",
        "crmdapp loyalty limit 2 4",
    ),
)
def limit(
    ctx: typer.Context,
    program: ProgramArgument,
    other: OtherArgument,
    amount: Annotated[
        str | None,
        typer.Argument(
            metavar="[AMOUNT]", help="Most to owe it, 0 for nothing; left out, it is only shown."
        ),
    ] = None,
) -> None:
    """Say how much your program may owe another one: so many of its points may be spent there."""
    session = session_of(ctx)
    if amount is None:
        client = session.reader
        found, partner = client.program(program), client.program(other)
        position, coin = client.network.position(program, other), coin_of(client)
        session.out.result(
            position_data(position, coin), _position_facts(position, found, partner, coin)
        )
        return
    most = parse_value(amount)
    client = session.loyalty
    found, partner = client.program(program), client.program(other)
    coin = coin_of(client)
    before = client.network.position(program, other)
    about = [
        ("Program", brand(found)),
        ("May owe", f"{brand(partner)}: {value(before.limit, coin)} -> {value(most, coin)}"),
    ]
    receipt = send(session, client.clearing.prepare.set_limit(program, other, most), about)
    if receipt is None:
        return
    position = client.network.position(program, other)
    session.out.result(
        {**position_data(position, coin), **receipt_data(receipt)},
        _position_facts(position, found, partner, coin),
    )


@command(
    app,
    "settle",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty settle 2 4",
        "crmdapp loyalty settle 2 --many --yes",
    ),
)
def settle(
    ctx: typer.Context,
    program: ProgramArgument,
    other: Annotated[
        int | None, typer.Argument(metavar="[OTHER]", min=0, help="Number of the other program.")
    ] = None,
    many: Annotated[
        bool, typer.Option("--many", help="Settle your program with all of its partners.")
    ] = False,
) -> None:
    """Pay what two programs owe each other out of the debtor's deposit, whichever way it goes.

    Their owners may at any time; anybody else once half of the limit is used, or after a while.
    """
    if (other is None) != many:
        raise UsageError(
            "Say whom to settle with.", hint="Give the other program's number, or --many for all."
        )
    session = session_of(ctx)
    client = session.loyalty
    found, coin = client.program(program), coin_of(client)
    if other is not None:
        client.program(other)
        open_ = [client.network.position(program, other)]
    else:
        open_ = list(client.network.positions(program))
    open_ = [position for position in open_ if position.net]
    if not open_:
        session.out.result(
            {"program": program, "settled": [], "transactions": []}, "Nothing is owed."
        )
        return
    receipts = send_all(
        session, _settle_calls(session, open_, many=many), _about(found, open_, coin)
    )
    if receipts is None:
        return
    settled = [item for receipt in receipts for item in _settled(receipt, coin)]
    session.out.result(
        {
            "program": program,
            "settled": settled,
            "transactions": [receipt_data(receipt) for receipt in receipts],
        },
        *(
            f"{item['amount']} {coin.symbol} from {item['debtor']} to {item['creditor']}."
            for item in settled
        ),
        *(receipt_line(receipt) for receipt in receipts),
    )


# --------------------------------------------------------------------------- inside


def _credited(receipt: Receipt) -> int:
    from crmdapp.loyalty.events import Deposited

    return sum(event.value for event in receipt.events_of(Deposited))


def _settle_calls(session: Session, found: Sequence[Position], *, many: bool) -> list[Call]:
    prepare = session.loyalty.clearing.prepare
    if many:
        return prepare.settle_many(found[0].program, [position.other for position in found])
    (position,) = found
    pair = (position.program, position.other)
    debtor, creditor = pair if position.owing else pair[::-1]
    return [prepare.settle(debtor, creditor)]


def _about(program: Program, found: Iterable[Position], coin: Coin) -> list[tuple[str, str]]:
    facts = [("Program", brand(program))]
    for position in found:
        words = (
            f"{value(position.owing, coin)} to program {position.other}"
            if position.owing
            else f"{value(position.owed, coin)} from program {position.other}"
        )
        facts.append(("Settle", words))
    return facts


def _settled(receipt: Receipt, coin: Coin) -> list[dict[str, Any]]:
    from crmdapp.loyalty.events import PositionSettled

    return [
        {"debtor": event.debtor, "creditor": event.creditor, **value_data(event.value, coin)}
        for event in receipt.events_of(PositionSettled)
    ]


def _deposit_data(state: Deposit, coin: Coin) -> dict[str, Any]:
    return {
        "program": state.program,
        "deposit": value_data(state.value, coin),
        "committed": value_data(state.committed, coin),
        "free": value_data(state.free, coin),
    }


def _deposit_facts(state: Deposit, program: Program, coin: Coin) -> Facts:
    return Facts(
        [
            ("Program", brand(program)),
            ("Deposit", value(state.value, coin)),
            ("Covers limits", value(state.committed, coin)),
            ("Free", value(state.free, coin)),
        ]
    )


def _position_facts(position: Position, program: Program, other: Program, coin: Coin) -> Facts:
    return Facts(
        [
            ("Program", brand(program)),
            ("Other", brand(other)),
            ("Owes it", value(position.owing, coin)),
            ("Is owed", value(position.owed, coin)),
            ("May owe it", value(position.limit, coin)),
            ("May be owed", value(position.other_limit, coin)),
            ("Left to owe", value(position.room, coin)),
        ]
    )

"""Points of one brand become points of another, or are spent there: quotes, exchange, positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import (
    format_points,
    format_time,
    parse_limit,
    parse_points,
    points_data,
)
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import PointsArgument, ProgramArgument, amount, brand, lots_data
from crmdapp.cli.loyalty._money import (
    DeadlineOption,
    ValidForOption,
    coin_of,
    expiry,
    parse_value,
    sent_before,
    until,
    value,
    value_data,
)

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.models import Program
    from crmdapp.loyalty.network_models import Position, Quote

ToProgramArgument = Annotated[
    int, typer.Argument(metavar="TO_PROGRAM", min=0, help="Number of the program to change into.")
]
MerchantArgument = Annotated[
    int, typer.Argument(metavar="MERCHANT", min=0, help="Number of the merchant's own program.")
]


@command(
    app,
    "quote",
    examples=(
        "crmdapp loyalty quote 2 100 4 --holder friend",
        "crmdapp loyalty quote 2 100 4 --json",
    ),
)
def quote(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    to_program: ToProgramArgument,
    holder: Annotated[
        str | None,
        typer.Option(
            "--holder", metavar="WHO", help="Whose points: exact to their age, with expiry."
        ),
    ] = None,
) -> None:
    """Show what points become in another program, and what they are worth there."""
    session = session_of(ctx)
    units = parse_points(points)
    account = None if holder is None else session.address(holder)
    client = session.reader
    source, target = client.program(program), client.program(to_program)
    found = client.network.quote_exchange(program, units, to_program, account=account)
    coin = coin_of(client)
    room = value(found.room, coin) + ("" if found.is_covered else " - not enough for this")
    facts = [
        ("Points", f"{amount(units, source)} of {brand(source)}"),
        ("Become", _arrival(found, target)),
        ("Rate", _rate_words(found, source, target)),
        ("Worth there", value(found.value, coin)),
        ("May still be owed", room),
    ]
    rows = [(format_points(lot.units), expiry(lot)) for lot in found.lots]
    session.out.result(
        _quote_data(found, coin, account),
        Facts(facts),
        *([""] if rows else []),
        Table((">points", "expire"), rows),
    )


@command(
    app,
    "exchange",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty exchange 2 100 4",
        "crmdapp loyalty exchange 2 100 4 --min 19.50 --deadline 2027-01-31 --yes",
    ),
)
def exchange(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    to_program: ToProgramArgument,
    least: Annotated[
        str | None,
        typer.Option("--min", metavar="POINTS", help="Least to receive; by default the quote."),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "15m",
) -> None:
    """Change the account's points into another program's; they keep their expiry."""
    session = session_of(ctx)
    units = parse_points(points)
    minimum = None if least is None else parse_limit(least)
    client = session.loyalty
    source, target = client.program(program), client.program(to_program)
    last = until(session, deadline, valid_for)
    calls = client.network.prepare
    call = sent_before(
        session, calls.exchange(program, units, to_program, minimum or 0, last), (0, 1, 2)
    )
    about = [("From", f"{amount(units, source)} of {brand(source)}")]
    if call is None:
        found = client.network.quote_exchange(
            program, units, to_program, account=session.signer.address
        )
        minimum = found.received if minimum is None else minimum
        about += [
            ("To", f"{_arrival(found, target)}, at least {amount(minimum, target)}"),
            ("Rate", _rate_words(found, source, target)),
            ("Until", format_time(last)),
        ]
        call = calls.exchange(program, units, to_program, minimum, last)
    receipt = send(session, call, about)
    if receipt is None:
        return
    received = _received(receipt, to_program, session.signer.address)
    posted = _posted(receipt, program, to_program)
    session.out.result(
        {
            "program": program,
            "to_program": to_program,
            "account": session.signer.address,
            **points_data(units),
            "received": points_data(received),
            "owed": value_data(posted, coin_of(client)),
            **receipt_data(receipt),
        },
        f"{amount(units, source)} became {amount(received, target)}. {receipt_line(receipt)}",
    )


@command(
    app,
    "redeem-at",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty redeem-at 2 100 4",
        "crmdapp loyalty redeem-at 2 100 4 --min 0.95 --once order-4711 --yes",
    ),
)
def redeem_at(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    merchant: MerchantArgument,
    least: Annotated[
        str | None,
        typer.Option(
            "--min", metavar="AMOUNT", help="Least the merchant is credited; by default the quote."
        ),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "15m",
) -> None:
    """Spend the account's points of one program at the merchant of another."""
    session = session_of(ctx)
    units = parse_points(points)
    minimum = None if least is None else parse_value(least)
    client = session.loyalty
    source, target = client.program(program), client.program(merchant)
    coin = coin_of(client)
    last = until(session, deadline, valid_for)
    calls = client.network.prepare
    call = sent_before(
        session, calls.redeem_at(program, units, merchant, minimum or 0, last), (0, 2, 3)
    )
    about = [("Points", f"{amount(units, source)} of {brand(source)}"), ("At", brand(target))]
    if call is None:
        found = client.network.quote_redeem(program, units, merchant)
        minimum = found.value if minimum is None else minimum
        worth = f"{value(found.value, coin)}, at least {value(minimum, coin)}"
        about += [("Credited", worth), ("Until", format_time(last))]
        call = calls.redeem_at(program, units, merchant, minimum, last)
    receipt = send(session, call, about)
    if receipt is None:
        return
    posted = _posted(receipt, program, merchant)
    session.out.result(
        {
            "program": program,
            "merchant": merchant,
            "from": session.signer.address,
            **points_data(units),
            "credited": value_data(posted, coin),
            **receipt_data(receipt),
        },
        f"{amount(units, source)} for {value(posted, coin)} at {brand(target)}."
        f" {receipt_line(receipt)}",
    )


# --------------------------------------------------------------------------- positions


@command(
    app,
    "positions",
    examples=("crmdapp loyalty positions 2", "crmdapp loyalty positions 2 --json"),
)
def positions(ctx: typer.Context, program: ProgramArgument) -> None:
    """Show what a program and its partners owe each other, the limits, and its deposit."""
    session = session_of(ctx)
    client = session.reader
    found, coin = client.program(program), coin_of(client)
    deposit = client.clearing.deposit_of(program)
    partners = list(client.network.positions(program))
    names = {item.other: client.program(item.other) for item in partners}
    rows = [
        (
            brand(names[item.other]),
            *(value(part, coin) for part in (item.owing, item.owed, item.limit, item.other_limit)),
        )
        for item in partners
    ]
    session.out.result(
        {
            "program": program,
            "deposit": value_data(deposit.value, coin),
            "committed": value_data(deposit.committed, coin),
            "free": value_data(deposit.free, coin),
            "positions": [position_data(item, coin) for item in partners],
        },
        Facts(
            [
                ("Program", brand(found)),
                ("Deposit", value(deposit.value, coin)),
                ("Free", value(deposit.free, coin)),
            ]
        ),
        *([""] if rows else []),
        Table(("with", ">owes", ">is owed", ">may owe", ">may be owed"), rows),
    )


def position_data(position: Position, coin: Coin) -> dict[str, Any]:
    """Return a position as JSON data."""
    return {
        "program": position.program,
        "other": position.other,
        "owing": value_data(position.owing, coin),
        "owed": value_data(position.owed, coin),
        "limit": value_data(position.limit, coin),
        "other_limit": value_data(position.other_limit, coin),
        "room": value_data(position.room, coin),
    }


# --------------------------------------------------------------------------- inside


def _arrival(found: Quote, target: Program) -> str:
    most = "" if found.lots else "at most "
    return f"{most}{amount(found.received, target)} of {brand(target)}"


def _rate_words(found: Quote, source: Program, target: Program) -> str:
    """Return the rate with six digits, marked where it goes on."""
    scaled = found.rate * 10**6
    about = "" if scaled.denominator == 1 else "about "
    whole, part = divmod(int(scaled), 10**6)
    digits = f"{part:06d}".rstrip("0")
    figure = f"{whole:,}.{digits}" if digits else f"{whole:,}"
    return f"1 {source.symbol} = {about}{figure} {target.symbol}"


def _quote_data(found: Quote, coin: Coin, account: str | None) -> dict[str, Any]:
    return {
        "program": found.program,
        "to_program": found.to_program,
        "account": account,
        **points_data(found.points),
        "received": points_data(found.received),
        "exact": account is not None,
        "rate": {"numerator": found.rate.numerator, "denominator": found.rate.denominator},
        "value": value_data(found.value, coin),
        "room": value_data(found.room, coin),
        "covered": found.is_covered,
        "by_age": lots_data(found.lots),
    }


def _received(receipt: Receipt, program: int, account: str) -> int:
    """Return the units of a program that a transaction brought an account."""
    from crmdapp.chain.addresses import ZERO_ADDRESS
    from crmdapp.chain.events import ERC6909Transfer

    return sum(
        event.amount
        for event in receipt.events_of(ERC6909Transfer)
        if (event.sender, event.receiver, event.id) == (ZERO_ADDRESS, account, program)
    )


def _posted(receipt: Receipt, debtor: int, creditor: int) -> int:
    from crmdapp.loyalty.events import PositionPosted

    return sum(
        event.value
        for event in receipt.events_of(PositionPosted)
        if (event.debtor, event.creditor) == (debtor, creditor)
    )

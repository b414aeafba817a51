"""``crmdapp wallet``: one customer's points of all programs, and what expires when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_points, points_data
from crmdapp.cli.loyalty._common import HolderArgument, brand, lots_data, person
from crmdapp.cli.loyalty._money import coin_of, expiry, value, value_data

if TYPE_CHECKING:
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.wallet import Holding

_MOST = 200

app = group(
    help="One customer's points of all programs, and what expires when.",
    examples=("crmdapp wallet", "crmdapp wallet friend"),
)


@command(app, "wallet", examples=("crmdapp wallet friend", "crmdapp wallet --all --json"))
def wallet(
    ctx: typer.Context,
    holder: HolderArgument = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Also programs in which nothing is left.")
    ] = False,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Ask about every program: the node lacks old events."),
    ] = False,
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="NUMBER", help="Most programs to show.")
    ] = _MOST,
) -> None:
    """Show one customer's points of all programs, what expires when, and what they are worth.

    The oldest points come first, as they are spent. Anybody can open a program under any name and
    give its points to anybody: what is listed proves nothing about who is behind it.
    """
    from crmdapp.loyalty.wallet import Wallet

    session = session_of(ctx)
    address = session.address_or_own(holder)
    client = session.reader
    coin = coin_of(client)
    found = Wallet(client, address)
    holdings = list(islice(found.holdings(empty=all_, thorough=thorough), most + 1))
    more = len(holdings) > most
    del holdings[most:]
    if more:
        session.out.warn(f"Only the first {most:,} programs are shown; --most shows more.")
    worth = sum(holding.value or 0 for holding in holdings)
    session.out.result(
        {
            "account": found.account,
            "block": found.block,
            "epoch": found.epoch,
            "value": value_data(worth, coin),
            "more": more,
            "holdings": [_data(holding, coin) for holding in holdings],
        },
        Facts(
            [
                ("Account", person(session, found.account)),
                ("Programs", f"{len(holdings):,}{' and more' if more else ''}"),
                ("Worth elsewhere", value(worth, coin)),
            ]
        ),
        *([""] if holdings else []),
        Table(
            ("program", ">points", "expire", ">tier", ">owed back", ">worth elsewhere"),
            [row for holding in holdings for row in _rows(holding, coin)],
        ),
    )


def _rows(holding: Holding, coin: Coin) -> Iterator[Sequence[str]]:
    """Yield a line for each lot of points; what is said of the program stands in the first."""
    program = holding.program
    lots = [(f"{format_points(lot.units)} {program.symbol}", expiry(lot)) for lot in holding.lots]
    for number, (points, end) in enumerate(lots or [(f"0.00 {program.symbol}", "-")]):
        if number:
            yield ("", points, end, "", "", "")
            continue
        yield (
            brand(program),
            points,
            end,
            str(holding.statement.tier or "-"),
            format_points(holding.debt) if holding.debt else "-",
            "-" if holding.value is None else value(holding.value, coin),
        )


def _data(holding: Holding, coin: Coin) -> dict[str, Any]:
    program, statement = holding.program, holding.statement
    return {
        "program": program.id,
        "name": program.name,
        "symbol": program.symbol,
        "balance": points_data(holding.points),
        "by_age": lots_data(holding.lots),
        "tier": statement.tier,
        "qualifying": points_data(statement.qualifying),
        "debt": points_data(holding.debt),
        "value": None if holding.value is None else value_data(holding.value, coin),
    }

"""``crmdapp loyalty prices``: what programs ask and pay for their points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, send
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.loyalty._common import ProgramArgument, brand
from crmdapp.cli.loyalty._money import coin_of, parse_value, value, value_data

if TYPE_CHECKING:
    from crmdapp.loyalty.coin import Coin
    from crmdapp.loyalty.models import Program
    from crmdapp.loyalty.network_models import PriceChange, Prices

app = group(
    name="prices",
    help="Publish and read what programs ask and pay for their points.",
    examples=(
        "crmdapp loyalty prices set 2 0.02 0.01",
        "crmdapp loyalty prices show 2",
    ),
)


@app.callback()
def prices_group() -> None:
    """Publish and read what programs ask and pay for their points."""


@command(
    app,
    "set",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty prices set 2 0.02 0.01",
        "crmdapp loyalty prices set 2 0.02 0.0125 --yes --json",
    ),
)
def set_(
    ctx: typer.Context,
    program: ProgramArgument,
    on_ramp: Annotated[
        str, typer.Argument(metavar="ON_RAMP", help="Coin that others pay for one point.")
    ],
    off_ramp: Annotated[
        str, typer.Argument(metavar="OFF_RAMP", help="Coin you pay for one that leaves; not more.")
    ],
) -> None:
    """Announce a program's prices; the first hold at once, later ones after a notice."""
    session = session_of(ctx)
    buys, pays = parse_value(on_ramp), parse_value(off_ramp)
    client = session.loyalty
    found, coin = client.program(program), coin_of(client)
    now = client.network.prices(program)
    about = [
        ("Program", brand(found)),
        ("Others pay", f"{value(buys, coin)} for 1 {found.symbol}"),
        ("You pay", f"{value(pays, coin)} for 1 {found.symbol} that leaves"),
        ("Hold", f"{client.network.price_notice:,} s later" if now.is_connected else "at once"),
    ]
    receipt = send(session, client.network.prepare.announce_prices(program, buys, pays), about)
    if receipt is not None:
        now = client.network.prices(program)
        session.out.result(
            {**_prices_data(now, coin), **receipt_data(receipt)},
            _prices_facts(now, found, coin),
        )


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty prices show 2",
        "crmdapp loyalty prices show 2 --history --json",
    ),
)
def show(
    ctx: typer.Context,
    program: ProgramArgument,
    history: Annotated[
        bool, typer.Option("--history", help="Also list all announcements so far.")
    ] = False,
) -> None:
    """Show what a program asks and pays for its points, and what it has announced."""
    session = session_of(ctx)
    client = session.reader
    found, coin = client.program(program), coin_of(client)
    now = client.network.prices(program)
    changes = list(client.network.price_history(program)) if history else []
    data = _prices_data(now, coin)
    if history:
        data["history"] = [_change_data(item, coin) for item in changes]
    session.out.result(
        data,
        _prices_facts(now, found, coin),
        *([""] if changes else []),
        _changes_table(changes, coin),
    )


def _prices_data(prices: Prices, coin: Coin) -> dict[str, Any]:
    announced = None
    if prices.effective_at is not None:
        announced = {
            "on_ramp": value_data(prices.next_on_ramp, coin),
            "off_ramp": value_data(prices.next_off_ramp, coin),
            "effective_at": iso_time(prices.effective_at),
        }
    return {
        "program": prices.program,
        "connected": prices.is_connected,
        "on_ramp": value_data(prices.on_ramp, coin),
        "off_ramp": value_data(prices.off_ramp, coin),
        "announced": announced,
    }


def _prices_facts(prices: Prices, program: Program, coin: Coin) -> Facts:
    if not prices.is_connected:
        return Facts([("Program", brand(program)), ("Prices", "none: it is not connected")])
    facts = [
        ("Program", brand(program)),
        ("Others pay", f"{value(prices.on_ramp, coin)} for 1 {program.symbol}"),
        ("It pays", f"{value(prices.off_ramp, coin)} for 1 {program.symbol} that leaves"),
    ]
    if prices.effective_at is not None:
        later = f"{value(prices.next_on_ramp, coin)} and {value(prices.next_off_ramp, coin)}"
        facts.append(("Announced", f"{later} from {format_time(prices.effective_at)}"))
    return Facts(facts)


def _change_data(change: PriceChange, coin: Coin) -> dict[str, Any]:
    return {
        "on_ramp": value_data(change.on_ramp, coin),
        "off_ramp": value_data(change.off_ramp, coin),
        "announced_at": iso_time(change.announced_at),
        "effective_at": iso_time(change.effective_at),
        "replaced": change.is_replaced,
        "tx": change.tx_hash,
    }


def _changes_table(changes: list[PriceChange], coin: Coin) -> Table:
    rows = [
        (
            format_time(item.announced_at),
            "replaced" if item.is_replaced else format_time(item.effective_at),
            value(item.on_ramp, coin),
            value(item.off_ramp, coin),
        )
        for item in changes
    ]
    return Table(("announced", "holds from", ">others pay", ">it pays"), rows)

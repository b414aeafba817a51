"""``crmdapp gallery auction``: open, bid, settle, cancel."""

from __future__ import annotations

from typing import Annotated

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time, iso_time, parse_span
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._app import WORK
from crmdapp.cli.gallery._common import (
    ContractOption,
    CurrencyOption,
    PriceArgument,
    WorkArgument,
    gallery_reader,
    gallery_sender,
    money_data,
    paid,
    person,
    work_facts,
    work_of,
)

app = group(
    help="English auctions: the highest bid wins, a late one extends the time.",
    examples=(
        f"crmdapp gallery auction open {WORK} 0.5 --duration 24h",
        f"crmdapp gallery auction bid {WORK} 0.6",
    ),
)


@app.callback()
def auction() -> None:
    """English auctions: the highest bid wins, a late one extends the time."""


@command(
    app,
    "open",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery auction open {WORK} 0.5 --duration 24h",
        "crmdapp gallery auction open work.png 900 --currency 1 --duration 7d --yes",
    ),
)
def open_(
    ctx: typer.Context,
    work: WorkArgument,
    reserve: PriceArgument,
    currency: CurrencyOption = 0,
    duration: Annotated[
        str, typer.Option("--duration", metavar="SPAN", help="15m to 30d: 24h, 7d.")
    ] = "24h",
) -> None:
    """Auction a work of the account; the price given is the least first bid."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_, row = work_of(client, work), client.currency(currency)
    units, seconds = row.price(reserve), parse_span(duration)
    about = work_facts(session, client, id_, paid(row, units), ("Lasts", duration))
    call = client.prepare.open_auction(id_, units, row, seconds)
    send_and_tell(session, call, about, id=hex(id_), duration=seconds, **money_data(row, units))


@command(
    app,
    "show",
    examples=(
        f"crmdapp gallery auction show {WORK}",
        "crmdapp gallery auction show work.png --json",
    ),
)
def show(ctx: typer.Context, work: WorkArgument, contract: ContractOption = None) -> None:
    """Show an auction, and the least that the next bid has to be."""
    session = session_of(ctx)
    client = gallery_reader(session, contract)
    id_ = work_of(client, work)
    found, state = client.auction(id_), client.state(id_)
    row = client.currency(state.currency)
    least = found.least_bid(state.price)
    session.out.result(
        {
            "id": hex(id_),
            "bidder": found.bidder,
            "bid": found.bid,
            "least": least,
            "ends_at": iso_time(found.ends_at),
            "currency": row.index,
            "shown": row.format_price(least),
        },
        Facts(
            [
                ("Highest bid", row.format_price(found.bid) if found.bidder else "none yet"),
                ("By", person(session, found.bidder) if found.bidder else "-"),
                ("Next bid", f"{row.format_price(least)} or more"),
                ("Ends", format_time(found.ends_at)),
            ]
        ),
    )


@command(
    app,
    "bid",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery auction bid {WORK} 0.6",
        "crmdapp gallery auction bid work.png 950 --yes --json",
    ),
)
def bid(ctx: typer.Context, work: WorkArgument, amount: PriceArgument) -> None:
    """Bid in the auction's currency; the bidder before is paid back."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    found, state = client.auction(id_), client.state(id_)
    row = client.currency(state.currency)
    units = row.price(amount)
    about = work_facts(session, client, id_, paid(row, units), ("Ends", format_time(found.ends_at)))
    call = client.prepare.bid(id_, units, row, least=found.least_bid(state.price))
    send_and_tell(session, call, about, id=hex(id_), **money_data(row, units))


@command(
    app,
    "settle",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery auction settle {WORK}",
        "crmdapp gallery auction settle work.png --yes --json",
    ),
)
def settle(ctx: typer.Context, work: WorkArgument) -> None:
    """End an auction whose time is over: work to the bidder, money to the seller."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    about = work_facts(session, client, id_)
    send_and_tell(session, client.prepare.settle(id_), about, id=hex(id_))


@command(
    app,
    "cancel",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery auction cancel {WORK}",
        "crmdapp gallery auction cancel work.png --yes --json",
    ),
)
def cancel(ctx: typer.Context, work: WorkArgument) -> None:
    """Call off an auction of the account's work that has no bid."""
    session = session_of(ctx)
    client = gallery_sender(session)
    id_ = work_of(client, work)
    about = work_facts(session, client, id_)
    send_and_tell(session, client.prepare.cancel_auction(id_), about, id=hex(id_))

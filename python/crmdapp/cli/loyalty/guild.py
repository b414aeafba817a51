"""``crmdapp loyalty voucher guild``: lists of merchants that take the same cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, send
from crmdapp.cli.loyalty._common import person
from crmdapp.cli.loyalty._voucher import GuildArgument, MerchantArgument, reading, sending

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.vouchers import Guild

app = group(
    name="guild",
    help="Lists of merchants that take the same cards.",
    examples=(
        "crmdapp loyalty voucher guild create shop friend",
        "crmdapp loyalty voucher guild add 1 friend",
    ),
)


@app.callback()
def guild_group() -> None:
    """Lists of merchants that take the same cards."""


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher guild create shop friend",
        "crmdapp loyalty voucher guild create 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --yes",
    ),
)
def create(
    ctx: typer.Context,
    merchants: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MERCHANTS]...", help="Addresses or names of keys."),
    ] = None,
) -> None:
    """Open a list of merchants, which the account keeps; merchants are only ever added."""
    session = session_of(ctx)
    addresses = [session.address(text) for text in merchants or []]
    client = sending(session)
    about = [("Merchant", person(session, address)) for address in addresses]
    receipt = send(session, client.prepare.create_guild(addresses), about)
    if receipt is None:
        return
    _result(session, client.guild_in(receipt), receipt)


@command(
    app,
    "add",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty voucher guild add 1 friend",
        "crmdapp loyalty voucher guild add 1 friend --dry-run",
    ),
)
def add(ctx: typer.Context, guild: GuildArgument, merchant: MerchantArgument) -> None:
    """Add a merchant to a list of the account, for good."""
    session = session_of(ctx)
    address = session.address(merchant)
    client = sending(session)
    client.require_guild(guild)
    about = [("Guild", str(guild)), ("Merchant", person(session, address))]
    receipt = send(session, client.prepare.add_merchant(guild, address), about)
    if receipt is not None:
        _result(session, client.guild(guild), receipt)


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty voucher guild show 1",
        "crmdapp loyalty voucher guild show 1 --json",
    ),
)
def show(ctx: typer.Context, guild: GuildArgument) -> None:
    """Show who keeps a list of merchants, and who is on it."""
    session = session_of(ctx)
    _result(session, reading(session).guild(guild))


def _result(session: Session, guild: Guild, receipt: Receipt | None = None) -> None:
    data: dict[str, Any] = {
        "guild": guild.id,
        "owner": guild.owner,
        "merchants": list(guild.merchants),
    }
    session.out.result(
        data if receipt is None else data | receipt_data(receipt),
        Facts(
            [
                ("Guild", str(guild.id)),
                ("Kept by", person(session, guild.owner)),
                *[("Merchant", person(session, merchant)) for merchant in guild.merchants],
            ]
        ),
    )

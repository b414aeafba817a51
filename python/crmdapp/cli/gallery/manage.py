"""``crmdapp gallery manage``: what the gallery decides. It has no power over works."""

from __future__ import annotations

from typing import Annotated

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli.customers._signing import send_and_tell
from crmdapp.cli.gallery._app import CONTRACT
from crmdapp.cli.gallery._common import CurrencyOption, ToOption, gallery_sender, person

app = group(
    help="Currencies, fees, points: what the gallery decides.",
    examples=(
        f"crmdapp gallery manage add-currency {CONTRACT} --exponent 4",
        "crmdapp gallery manage sweep --currency 1",
    ),
)

PointsOption = Annotated[
    int,
    typer.Option(
        "--points", min=0, metavar="UNITS", help="Loyalty units for 1,000,000 price units."
    ),
]
RowArgument = Annotated[
    int, typer.Argument(metavar="ROW", min=0, max=255, help="Row of the currency table.")
]


@app.callback()
def manage() -> None:
    """Currencies, fees, points: what the gallery decides. It has no power over works."""


@command(
    app,
    "add-currency",
    cls=SendingCommand,
    examples=(
        f"crmdapp gallery manage add-currency {CONTRACT} --exponent 4",
        f"crmdapp gallery manage add-currency {CONTRACT} --exponent 4 --points 100 --yes",
    ),
)
def add_currency(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Address of the ERC-20.")],
    exponent: Annotated[
        int,
        typer.Option(
            "--exponent", min=0, max=18, metavar="DIGITS", help="A price unit is 10^DIGITS of it."
        ),
    ] = 4,
    points: PointsOption = 0,
) -> None:
    """Append a currency to the table. It can be disabled later, never changed or removed."""
    session = session_of(ctx)
    client, place = gallery_sender(session), session.address(token)
    about = [("Coin", place), ("Smallest price", f"10^{exponent} base units")]
    call = client.prepare.add_currency(place, exponent, points)
    send_and_tell(session, call, about, token=place, exponent=exponent)


@command(
    app,
    "set-currency",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage set-currency 1 --disable",
        "crmdapp gallery manage set-currency 1 --enable --points 100 --yes --json",
    ),
)
def set_currency(
    ctx: typer.Context,
    row: RowArgument,
    enabled: Annotated[
        bool, typer.Option("--enable/--disable", help="Whether new prices may be in it.")
    ] = True,
    points: PointsOption = 0,
) -> None:
    """Disable or enable a currency, and set the points that sales in it earn."""
    session = session_of(ctx)
    client = gallery_sender(session)
    found = client.currency(row)
    about = [
        ("Currency", f"{found.symbol} {found.token or ''}"),
        ("New prices", "yes" if enabled else "no"),
        ("Points", f"{points:,} units for 1,000,000 price units"),
    ]
    call = client.prepare.set_currency(row, enabled, points)
    send_and_tell(session, call, about, currency=row, enabled=enabled, points=points)


@command(
    app,
    "points-program",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage points-program 2",
        "crmdapp gallery manage points-program 0 --yes --json",
    ),
)
def points_program(
    ctx: typer.Context,
    program: Annotated[int, typer.Argument(metavar="PROGRAM", min=0, help="0 for none.")],
) -> None:
    """Give points of a program for sales; its owner makes the gallery's contract an issuer."""
    session = session_of(ctx)
    client = gallery_sender(session)
    about = [("Program", str(program) if program else "none"), ("Issuer", client.contract.address)]
    call = client.prepare.set_points_program(program)
    send_and_tell(session, call, about, program=program)


@command(
    app,
    "base-uri",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage base-uri https://gallery.example/works/",
        "crmdapp gallery manage base-uri ipfs://bafybei.../ --yes --json",
    ),
)
def base_uri(
    ctx: typer.Context, base: Annotated[str, typer.Argument(metavar="URI", help="Its beginning.")]
) -> None:
    """Name where metadata are served. Whether they are genuine, the record's hash says."""
    session = session_of(ctx)
    client = gallery_sender(session)
    send_and_tell(session, client.prepare.set_base_uri(base), [("Base", base)], base=base)


@command(
    app,
    "sweep",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage sweep",
        "crmdapp gallery manage sweep --currency 1 --to friend --yes --json",
    ),
)
def sweep(ctx: typer.Context, currency: CurrencyOption = 0, to: ToOption = None) -> None:
    """Take out the fees: what the contract has beyond what it owes."""
    session = session_of(ctx)
    client, receiver = gallery_sender(session), session.address_or_own(to)
    row = client.currency(currency)
    about = [("Currency", row.symbol), ("To", person(session, receiver))]
    call = client.prepare.sweep(currency, receiver)
    send_and_tell(session, call, about, currency=currency, to=receiver)


@command(
    app,
    "offer-role",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage offer-role friend",
        "crmdapp gallery manage offer-role 0x0000000000000000000000000000000000000000 --yes",
    ),
)
def offer_role(
    ctx: typer.Context,
    to: Annotated[str, typer.Argument(metavar="TO", help="Who gets it; zeros take it back.")],
) -> None:
    """Offer the gallery's role to somebody, who must accept it."""
    session = session_of(ctx)
    client, receiver = gallery_sender(session), session.address(to)
    call = client.prepare.offer_gallery(receiver)
    send_and_tell(session, call, [("To", person(session, receiver))], to=receiver)


@command(
    app,
    "accept-role",
    cls=SendingCommand,
    examples=(
        "crmdapp gallery manage accept-role",
        "crmdapp gallery manage accept-role --yes --json",
    ),
)
def accept_role(ctx: typer.Context) -> None:
    """Accept the gallery's role that was offered to the account."""
    session = session_of(ctx)
    client = gallery_sender(session)
    about = [("Gallery", client.contract.address)]
    send_and_tell(session, client.prepare.accept_gallery(), about, gallery=session.signer.address)

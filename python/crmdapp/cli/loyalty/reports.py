"""Commands that only read: balances, statements, liability, tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_points, format_time, points_data
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import (
    HolderArgument,
    ProgramArgument,
    amount,
    brand,
    lots_data,
    person,
)

if TYPE_CHECKING:
    from crmdapp.loyalty.models import Lot

_BAR = 30


@command(
    app,
    "balance",
    examples=("crmdapp loyalty balance 2 friend", "crmdapp loyalty balance 2 --json"),
)
def balance(ctx: typer.Context, program: ProgramArgument, holder: HolderArgument = None) -> None:
    """Show the points that somebody can spend now."""
    session = session_of(ctx)
    address = session.address_or_own(holder)
    client = session.reader
    found = client.program(program)
    units = client.balance(program, address)
    session.out.result(
        {"program": program, "account": address, "symbol": found.symbol, **points_data(units)},
        amount(units, found),
    )


@command(
    app,
    "statement",
    examples=("crmdapp loyalty statement 2 friend", "crmdapp loyalty statement 2 --json"),
)
def statement(ctx: typer.Context, program: ProgramArgument, holder: HolderArgument = None) -> None:
    """Show somebody's points by age, when they expire, and the tier."""
    session = session_of(ctx)
    address = session.address_or_own(holder)
    client = session.reader
    found = client.program(program)
    state = client.statement(program, address)
    session.out.result(
        {
            "program": program,
            "account": address,
            "symbol": found.symbol,
            "balance": points_data(state.balance),
            "by_age": lots_data(state.lots),
            "qualifying": points_data(state.qualifying),
            "tier": state.tier,
            "epoch": state.epoch,
        },
        Facts(
            [
                ("Program", brand(found)),
                ("Account", person(session, address)),
                ("Balance", amount(state.balance, found)),
                ("Tier", str(state.tier) if state.tier else "none"),
                ("Qualifying", format_points(state.qualifying)),
            ]
        ),
        *([""] if state.lots else []),
        *([_lots_table(state.lots)] if state.lots else []),
    )


@command(
    app,
    "liability",
    examples=("crmdapp loyalty liability 2", "crmdapp loyalty liability 2 --json"),
)
def liability(ctx: typer.Context, program: ProgramArgument) -> None:
    """Show what a program owes its customers, by age and expiry."""
    session = session_of(ctx)
    client = session.reader
    found = client.program(program)
    state = client.liability(program)
    shares = state.shares()
    rows = [
        (
            format_points(lot.units),
            _expiry(lot),
            f"{share / 100:.2f} %",
            "█" * round(share * _BAR / 10_000),
        )
        for lot, share in zip(state.lots, shares, strict=True)
    ]
    session.out.result(
        {
            "program": program,
            "symbol": found.symbol,
            "total": points_data(state.total),
            "by_age": lots_data(state.lots),
            "epoch": state.epoch,
        },
        Facts([("Program", brand(found)), ("Outstanding", amount(state.total, found))]),
        "",
        Table((">points", "expire", ">share", ""), rows),
    )


@command(
    app,
    "tiers",
    examples=("crmdapp loyalty tiers 2", "crmdapp loyalty tiers 2 friend --json"),
)
def tiers(ctx: typer.Context, program: ProgramArgument, holder: HolderArgument = None) -> None:
    """Show a program's tiers, and with a holder how far they are."""
    session = session_of(ctx)
    client = session.reader
    found = client.program(program)
    state = None if holder is None else client.statement(program, session.address(holder))
    rows = [(str(number), format_points(units)) for number, units in enumerate(found.tiers, 1)]
    data: dict[str, object] = {
        "program": program,
        "tiers": [
            {"tier": number, **points_data(units)} for number, units in enumerate(found.tiers, 1)
        ],
    }
    shown: list[Table | Facts | str] = [
        Table((">tier", ">qualifying points"), rows) if rows else "The program has no tiers."
    ]
    if state is not None:
        ahead = [units for units in found.tiers[state.tier :] if units > state.qualifying]
        missing = ahead[0] - state.qualifying if ahead else None
        data |= {
            "account": state.account,
            "tier": state.tier,
            "qualifying": points_data(state.qualifying),
            "missing": None if missing is None else points_data(missing),
        }
        words = "none higher" if missing is None else f"{format_points(missing)} points to go"
        facts = [
            ("Account", person(session, state.account)),
            ("Tier", str(state.tier) if state.tier else "none"),
            ("Qualifying", format_points(state.qualifying)),
            ("Next tier", words),
        ]
        shown += ["", Facts(facts)]
    session.out.result(data, *shown)


def _lots_table(lots: tuple[Lot, ...]) -> Table:
    return Table((">points", "expire"), [(format_points(lot.units), _expiry(lot)) for lot in lots])


def _expiry(lot: Lot) -> str:
    return "never" if lot.expires_at is None else format_time(lot.expires_at)

"""Arguments and words that several commands of this group share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._values import format_points, iso_time, points_data

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmdapp.chain.typed_data import Domain
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.models import Lot, Program

ProgramArgument = Annotated[
    int, typer.Argument(metavar="PROGRAM", min=0, help="Number of the program.")
]
PointsArgument = Annotated[
    str, typer.Argument(metavar="POINTS", help="How many, such as 12 or 12.50.")
]
ReceiverArgument = Annotated[str, typer.Argument(metavar="TO", help="Address or name of a key.")]
HolderArgument = Annotated[
    str | None,
    typer.Argument(metavar="[HOLDER]", help="Address or name of a key; your own if left out."),
]


def brand(program: Program) -> str:
    """Return a program in words."""
    return f"{program.id} ({program.name})"


def amount(units: int, program: Program) -> str:
    """Return an amount of a program's points in words."""
    return f"{format_points(units)} {program.symbol}"


def person(session: Session, address: str) -> str:
    """Return an address, with the name of its key if there is one."""
    name = session.name_of(address)
    return f"{address} ({name})" if name else address


def unused_nonce(session: Session, domain: Domain, signer: str) -> int:
    """Return a number for a signed intent that no other intent signed on this machine carries."""
    from crmdapp.loyalty.nonces import NonceBook

    with NonceBook(session.config.state_dir / "nonces.sqlite3") as book:
        return book.take(domain, signer)


def program_data(program: Program) -> dict[str, Any]:
    """Return a program as JSON data."""
    return {
        "program": program.id,
        "name": program.name,
        "symbol": program.symbol,
        "owner": program.owner,
        "pending_owner": program.pending_owner,
        "token": program.token,
        "validity": program.validity,
        "cap": points_data(program.cap) if program.cap else None,
        "tiers": [points_data(tier) for tier in program.tiers],
    }


def lots_data(lots: Iterable[Lot]) -> list[dict[str, Any]]:
    """Return points by age as JSON data."""
    return [
        {
            "age": lot.age,
            **points_data(lot.units),
            "expires_at": None if lot.expires_at is None else iso_time(lot.expires_at),
        }
        for lot in lots
    ]

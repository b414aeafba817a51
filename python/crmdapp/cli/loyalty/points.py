"""Commands that give, move and spend points, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import parse_points, points_data
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import (
    PointsArgument,
    ProgramArgument,
    ReceiverArgument,
    amount,
    brand,
    person,
)

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.models import Program


@command(
    app,
    "award",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty award 2 friend 12.50",
        "crmdapp loyalty award 2 friend 12.50 --once order-4711 --yes --json",
    ),
)
def award(
    ctx: typer.Context, program: ProgramArgument, to: ReceiverArgument, points: PointsArgument
) -> None:
    """Give new points to a customer; the account is an issuer of the program."""
    session = session_of(ctx)
    units, receiver = parse_points(points), session.address(to)
    client = session.loyalty
    _carry_out(
        session,
        client.program(program),
        client.prepare.award(program, receiver, units),
        units,
        receiver,
    )


@command(
    app,
    "transfer",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty transfer 2 friend 5",
        "crmdapp loyalty transfer 2 friend 5 --dry-run",
    ),
)
def transfer(
    ctx: typer.Context, program: ProgramArgument, to: ReceiverArgument, points: PointsArgument
) -> None:
    """Move the account's points to somebody else, the oldest first; they keep their expiry."""
    session = session_of(ctx)
    units, receiver = parse_points(points), session.address(to)
    client = session.loyalty
    _carry_out(
        session,
        client.program(program),
        client.prepare.transfer(program, receiver, units),
        units,
        receiver,
    )


@command(
    app,
    "redeem",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty redeem 2 3.50",
        "crmdapp loyalty redeem 2 3.50 --account friend --yes",
    ),
)
def redeem(ctx: typer.Context, program: ProgramArgument, points: PointsArgument) -> None:
    """Spend the account's points, the oldest first."""
    session = session_of(ctx)
    units = parse_points(points)
    client = session.loyalty
    call = client.prepare.redeem(program, units)
    _carry_out(session, client.program(program), call, units, None)


def _carry_out(
    session: Session, program: Program, call: Call, units: int, receiver: str | None
) -> None:
    about = [("Program", brand(program)), ("Points", amount(units, program))]
    if receiver is not None:
        about.append(("To", person(session, receiver)))
    receipt = send(session, call, about)
    if receipt is None:
        return
    data: dict[str, Any] = {"program": program.id, "from": session.signer.address}
    if receiver is not None:
        data["to"] = receiver
    data |= points_data(units) | receipt_data(receipt)
    session.out.result(data, f"{amount(units, program)}. {receipt_line(receipt)}")

"""``crmdapp loyalty program``: opening and running a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send, send_all
from crmdapp.cli._values import (
    format_points,
    parse_budget,
    parse_limit,
    parse_tiers,
    points_data,
)
from crmdapp.cli.loyalty._common import (
    ProgramArgument,
    ReceiverArgument,
    brand,
    person,
    program_data,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.models import Issuer, Program

ValidityOption = Annotated[
    int, typer.Option("--validity", metavar="EPOCHS", help="Epochs that points live, 1 to 4.")
]
CapOption = Annotated[
    str, typer.Option("--cap", metavar="POINTS", help="Most points outstanding; 0 for no cap.")
]
TierOption = Annotated[
    list[str] | None,
    typer.Option("--tier", metavar="POINTS", help="Qualifying points of the next tier; repeat."),
]

app = group(
    help="Open and run programs.",
    examples=(
        "crmdapp loyalty program create 'Bean There' BEAN --tier 500 --tier 2000",
        "crmdapp loyalty program issuer 2 till unlimited",
    ),
)


@app.callback()
def program_group() -> None:
    """Open and run programs."""


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty program create 'Bean There' BEAN",
        "crmdapp loyalty program create 'Bean There' BEAN --validity 2 --tier 500 --yes",
    ),
)
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Brand that wallets show.")],
    symbol: Annotated[str, typer.Argument(help="Short form beside amounts.")],
    validity: ValidityOption = 4,
    cap: CapOption = "0",
    tier: TierOption = None,
    token: Annotated[
        bool, typer.Option("--token", help="Give it an ERC-20 face; can not be added later.")
    ] = False,
) -> None:
    """Open a program that the account owns; nobody may award until it has an issuer."""
    from crmdapp.errors import VerificationFailed
    from crmdapp.loyalty.events import ProgramCreated
    from crmdapp.loyalty.models import ProgramConfig

    config = ProgramConfig(
        name=name,
        symbol=symbol,
        validity=validity,
        cap=parse_limit(cap),
        has_token=token,
        tiers=parse_tiers(tier or []),
    )
    session = session_of(ctx)
    client = session.loyalty
    about = [
        ("Name", f"{name} ({symbol})"),
        ("Validity", f"{validity} epochs"),
        ("Cap", format_points(config.cap) if config.cap else "none"),
        ("Tiers", ", ".join(map(format_points, config.tiers)) or "none"),
        ("ERC-20 face", "yes" if token else "no"),
    ]
    receipt = send(session, client.prepare.create_program(config), about)
    if receipt is None:
        return
    made = receipt.events_of(ProgramCreated)
    if len(made) != 1:
        raise VerificationFailed(f"{receipt.hash} created {len(made)} programs, not one.")
    found = client.program(made[0].program)
    session.out.say(
        f"Now name who may award: crmdapp loyalty program issuer {found.id} ADDRESS unlimited"
    )
    session.out.result({**program_data(found), **receipt_data(receipt)}, _facts(session, found))


@command(
    app,
    "show",
    examples=("crmdapp loyalty program show 2", "crmdapp loyalty program show 2 --json"),
)
def show(ctx: typer.Context, program: ProgramArgument) -> None:
    """Show a program as it stands."""
    session = session_of(ctx)
    found = session.reader.program(program)
    session.out.result(program_data(found), _facts(session, found))


@command(
    app,
    "list",
    examples=("crmdapp loyalty program list", "crmdapp loyalty program list --owner shop --json"),
)
def list_(
    ctx: typer.Context,
    owner: Annotated[
        str | None, typer.Option("--owner", metavar="WHO", help="Only what this one owns.")
    ] = None,
) -> None:
    """List the programs, oldest first. Anybody can take any name: it proves nothing by itself."""
    session = session_of(ctx)
    wanted = None if owner is None else session.address(owner)
    found = list(session.reader.programs(owner=wanted))
    session.out.result(
        [program_data(item) for item in found],
        Table(
            (">program", "name", "symbol", "owner"),
            [(str(item.id), item.name, item.symbol, person(session, item.owner)) for item in found],
        ),
    )


@command(
    app,
    "set",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty program set 2 --validity 2",
        "crmdapp loyalty program set 2 --cap 500000 --tier 500 --tier 2000 --yes",
    ),
)
def set_(
    ctx: typer.Context,
    program: ProgramArgument,
    validity: Annotated[
        int | None,
        typer.Option("--validity", metavar="EPOCHS", help="Epochs that new points live, 1 to 4."),
    ] = None,
    cap: Annotated[
        str | None,
        typer.Option("--cap", metavar="POINTS", help="Most points outstanding; 0 for no cap."),
    ] = None,
    tier: Annotated[
        list[str] | None,
        typer.Option(
            "--tier",
            metavar="POINTS",
            help="Qualifying points of the next tier; repeat. 'none' takes all tiers away.",
        ),
    ] = None,
) -> None:
    """Change the rules for points yet to be awarded; each rule is a transaction of its own."""
    session = session_of(ctx)
    if validity is None and cap is None and not tier:
        raise UsageError("There is nothing to change.", hint="Give --validity, --cap or --tier.")
    client = session.loyalty
    found = client.program(program)
    calls, about = [], [("Program", brand(found))]
    if validity is not None:
        calls.append(client.prepare.set_validity(program, validity))
        about.append(("Validity", f"{found.validity} -> {validity} epochs"))
    if cap is not None:
        units = parse_limit(cap)
        calls.append(client.prepare.set_cap(program, units))
        about.append(("Cap", f"{format_points(found.cap)} -> {format_points(units)}"))
    if tier:
        tiers = parse_tiers(tier)
        calls.append(client.prepare.set_tiers(program, tiers))
        about.append(("Tiers", ", ".join(map(format_points, tiers)) or "none"))
    receipts = send_all(session, calls, about)
    if receipts is None:
        return
    changed = client.program(program)
    session.out.result(
        {**program_data(changed), "transactions": [receipt_data(item) for item in receipts]},
        _facts(session, changed),
    )


@command(
    app,
    "issuer",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty program issuer 2 till unlimited",
        "crmdapp loyalty program issuer 2 till 10000 --yes",
    ),
)
def issuer(
    ctx: typer.Context,
    program: ProgramArgument,
    who: ReceiverArgument,
    budget: Annotated[
        str | None,
        typer.Argument(
            metavar="[BUDGET]",
            help="Points per epoch, 'unlimited', or 0 to dismiss; left out, it is only shown.",
        ),
    ] = None,
) -> None:
    """Say who may award points and submit redemptions, and how much in an epoch."""
    session = session_of(ctx)
    address = session.address(who)
    if budget is None:
        found = session.reader.issuer(program, address)
        session.out.result(_issuer_data(found), _issuer_facts(session, found))
        return
    units = parse_budget(budget)
    client = session.loyalty
    about = [
        ("Program", brand(client.program(program))),
        ("Issuer", person(session, address)),
        ("Budget", _budget(units) + " per epoch"),
    ]
    receipt = send(session, client.prepare.set_issuer(program, address, units), about)
    if receipt is not None:
        found = client.issuer(program, address)
        session.out.result(
            {**_issuer_data(found), **receipt_data(receipt)}, _issuer_facts(session, found)
        )


@command(
    app,
    "offer",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty program offer 2 partner",
        "crmdapp loyalty program offer 2 0x0000000000000000000000000000000000000000 --yes",
    ),
)
def offer(ctx: typer.Context, program: ProgramArgument, to: ReceiverArgument) -> None:
    """Offer a program to a new owner, who must accept; the zero address takes the offer back."""
    session = session_of(ctx)
    client = session.loyalty
    receiver = session.address(to)
    about = [
        ("Program", brand(client.program(program))),
        ("New owner", person(session, receiver)),
    ]
    receipt = send(session, client.prepare.offer_ownership(program, receiver), about)
    if receipt is not None:
        session.out.result(
            {**program_data(client.program(program)), **receipt_data(receipt)},
            receipt_line(receipt),
        )


@command(
    app,
    "accept",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty program accept 2 --account partner",
        "crmdapp loyalty program accept 2 --account partner --yes --json",
    ),
)
def accept(ctx: typer.Context, program: ProgramArgument) -> None:
    """Take over a program that was offered to the account."""
    session = session_of(ctx)
    client = session.loyalty
    found = client.program(program)
    about = [("Program", brand(found)), ("From", person(session, found.owner))]
    receipt = send(session, client.prepare.accept_ownership(program), about)
    if receipt is not None:
        session.out.result(
            {**program_data(client.program(program)), **receipt_data(receipt)},
            receipt_line(receipt),
        )


def _facts(session: Session, program: Program) -> Facts:
    offered = []
    if program.pending_owner is not None:
        offered.append(("Offered to", person(session, program.pending_owner)))
    return Facts(
        [
            ("Program", str(program.id)),
            ("Name", program.name),
            ("Symbol", program.symbol),
            ("Owner", person(session, program.owner)),
            *offered,
            ("Validity", f"{program.validity} epochs"),
            ("Cap", format_points(program.cap) if program.cap else "none"),
            ("Tiers", ", ".join(map(format_points, program.tiers)) or "none"),
            ("ERC-20 face", program.token or "none"),
        ]
    )


def _budget(units: int) -> str:
    from crmdapp.loyalty.points import UNLIMITED

    return "unlimited" if units == UNLIMITED else format_points(units)


def _issuer_data(found: Issuer) -> dict[str, object]:
    return {
        "program": found.program,
        "issuer": found.address,
        "unlimited": found.is_unlimited,
        "budget": None if found.is_unlimited else points_data(found.budget),
        "used": points_data(found.used),
        "left": None if found.left is None else points_data(found.left),
        "epoch": found.epoch,
    }


def _issuer_facts(session: Session, found: Issuer) -> Facts:
    used = [] if found.is_unlimited else [("Used in this epoch", format_points(found.used))]
    return Facts(
        [
            ("Program", str(found.program)),
            ("Issuer", person(session, found.address)),
            ("Budget", _budget(found.budget) + " per epoch"),
            *used,
        ]
    )

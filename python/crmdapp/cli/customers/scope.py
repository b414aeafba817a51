"""``crmdapp customers scope``: who verifies customers, and what attestors may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time, parse_span
from crmdapp.cli.customers._common import ScopeArgument, person, reading
from crmdapp.cli.customers._signing import office, send_and_tell
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.models import Scope

AttestorArgument = Annotated[
    str, typer.Argument(metavar="ATTESTOR", help="Address or name of a key.")
]
app = group(
    help="Open a scope, and say who attests in it.",
    examples=(
        "crmdapp customers scope create --attestor attestor=3",
        "crmdapp customers scope show 1",
    ),
)


@app.callback()
def scope_group() -> None:
    """Open a scope, and say who attests in it.

    A scope is a company, or a consortium of companies, that verifies its customers together.
    """


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp customers scope create --attestor attestor=3",
        "crmdapp customers scope create --attestor a=3 --attestor b=3 --quorum 2 --delay 14d",
    ),
)
def create(
    ctx: typer.Context,
    attestor: Annotated[
        list[str],
        typer.Option(
            "--attestor", metavar="WHO=LEVEL", help="Who attests, up to which level; repeat."
        ),
    ],
    delay: Annotated[
        str,
        typer.Option("--delay", metavar="SPAN", help="What recoveries wait, 1d to 365d."),
    ] = "14d",
    quorum: Annotated[
        int,
        typer.Option(
            "--quorum", min=0, metavar="NUMBER", help="Attestors who together merge and recover."
        ),
    ] = 0,
    open_: Annotated[
        bool, typer.Option("--open", help="Let anyone register at level 0 without an attestor.")
    ] = False,
) -> None:
    """Open a scope of the account; its first attestors count at once."""
    from crmdapp.customers.events import ScopeCreated
    from crmdapp.customers.registry import only

    session = session_of(ctx)
    client = office(session)
    attestors = dict(_attestor(session, text) for text in attestor)
    if len(attestors) != len(attestor):
        raise UsageError("An attestor is named twice.")
    call = client.prepare.create_scope(
        attestors, recovery_delay=parse_span(delay), quorum=quorum, self_registration=open_
    )
    about = [
        *[("Attestor", f"{person(session, who)}, level {top}") for who, top in attestors.items()],
        ("Quorum", str(quorum) if quorum else "none: attestors neither merge nor recover"),
        ("Delay", delay),
        ("Self-registration", "open to anyone" if open_ else "closed"),
    ]
    receipt = send(session, call, about)
    if receipt is None:
        return
    found = client.scope(only(receipt, ScopeCreated).scope)
    session.out.result(
        {**scope_data(found), **receipt_data(receipt)},
        f"Scope {found.id} is open. {receipt_line(receipt)}",
    )


@command(
    app,
    "show",
    examples=("crmdapp customers scope show 1", "crmdapp customers scope show 1 --json"),
)
def show(ctx: typer.Context, scope: ScopeArgument) -> None:
    """Show a scope: its owner, its delay, its quorum."""
    from crmdapp.customers.registry import RegistryClient

    session = session_of(ctx)
    found = reading(session, RegistryClient).scope(scope)
    session.out.result(
        scope_data(found),
        Facts(
            [
                ("Scope", str(found.id)),
                ("Owner", person(session, found.owner)),
                ("Opened", format_time(found.created_at)),
                ("Delay", f"{found.recovery_delay:,} seconds"),
                ("Quorum", str(found.quorum) if found.quorum else "none"),
                ("Self-registration", "open" if found.self_registration else "closed"),
            ]
        ),
    )


@command(
    app,
    "attestor",
    examples=(
        "crmdapp customers scope attestor 1 attestor",
        "crmdapp customers scope attestor 1 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --json",
    ),
)
def attestor(ctx: typer.Context, scope: ScopeArgument, who: AttestorArgument) -> None:
    """Show what somebody may attest in a scope."""
    from crmdapp.customers.registry import RegistryClient

    session = session_of(ctx)
    client = reading(session, RegistryClient)
    client.scope(scope)
    found = client.attestor(scope, session.address(who))
    active = found.level > 0
    session.out.result(
        {
            "scope": scope,
            "attestor": found.address,
            "level": found.level,
            "active_at": iso_time(found.active_at) if active else None,
        },
        f"{person(session, found.address)} attests up to level {found.level} in scope {scope}"
        f" from {format_time(found.active_at)} on."
        if active
        else f"{person(session, found.address)} is no attestor of scope {scope}.",
    )


@command(
    app,
    "admit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers scope admit 1 attestor 3",
        "crmdapp customers scope admit 1 attestor 0 --yes --json",
    ),
)
def admit(
    ctx: typer.Context,
    scope: ScopeArgument,
    who: AttestorArgument,
    level: Annotated[
        int,
        typer.Argument(
            metavar="LEVEL", min=0, max=255, help="The highest it may give; 0 removes it."
        ),
    ],
) -> None:
    """Admit an attestor or raise its level after the delay; lower or remove it at once."""
    session = session_of(ctx)
    address = session.address(who)
    call = office(session).prepare.set_attestor(scope, address, level)
    about = [
        ("Scope", str(scope)),
        ("Attestor", person(session, address)),
        ("Level", str(level) if level else "none: it is removed"),
    ]
    send_and_tell(session, call, about, scope=scope, attestor=address, level=level)


@command(
    app,
    "offer",
    cls=SendingCommand,
    examples=(
        "crmdapp customers scope offer 1 partner",
        "crmdapp customers scope offer 1 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --yes",
    ),
)
def offer(
    ctx: typer.Context,
    scope: ScopeArgument,
    to: Annotated[str, typer.Argument(metavar="TO", help="Address or name of a key.")],
) -> None:
    """Offer a scope to somebody, who must accept it."""
    session = session_of(ctx)
    address = session.address(to)
    about = [("Scope", str(scope)), ("To", person(session, address))]
    call = office(session).prepare.offer_scope(scope, address)
    send_and_tell(session, call, about, scope=scope, to=address)


@command(
    app,
    "accept",
    cls=SendingCommand,
    examples=("crmdapp customers scope accept 1", "crmdapp customers scope accept 1 --yes"),
)
def accept(ctx: typer.Context, scope: ScopeArgument) -> None:
    """Take over a scope that was offered to the account."""
    session = session_of(ctx)
    call = office(session).prepare.accept_scope(scope)
    send_and_tell(session, call, [("Scope", str(scope))], scope=scope)


def scope_data(scope: Scope) -> dict[str, Any]:
    """Return a scope as JSON data."""
    return {
        "scope": scope.id,
        "owner": scope.owner,
        "created_at": iso_time(scope.created_at),
        "recovery_delay": scope.recovery_delay,
        "quorum": scope.quorum,
        "self_registration": scope.self_registration,
    }


def _attestor(session: Session, text: str) -> tuple[str, int]:
    who, _, level = text.rpartition("=")
    if not who or not (level.isascii() and level.isdigit()) or not 1 <= int(level) <= 255:
        raise UsageError(
            f"{text!r} names no attestor.",
            hint="Write who and the highest level, 1 to 255: --attestor attestor=3",
        )
    return session.address(who), int(level)

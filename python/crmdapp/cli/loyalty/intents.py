"""Signed permissions: the customer signs without a node, the merchant submits and pays the gas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_points, format_time, parse_points, parse_span, parse_time
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import (
    PointsArgument,
    ProgramArgument,
    ReceiverArgument,
    unused_nonce,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.typed_data import Domain
    from crmdapp.cli._context import Session

DeadlineOption = Annotated[
    str | None,
    typer.Option("--deadline", metavar="TIME", help="Last moment: a date or Unix seconds."),
]
ValidForOption = Annotated[
    str, typer.Option("--valid-for", metavar="SPAN", help="Or how long: 15m, 24h, 7d.")
]
NonceOption = Annotated[
    int | None,
    typer.Option(
        "--nonce", min=0, metavar="NUMBER", help="Unused number; counted here if left out."
    ),
]
HubOption = Annotated[
    str | None,
    typer.Option("--hub", metavar="ADDRESS", help="The ledger; with --chain-id no node is needed."),
]
TermsOption = Annotated[
    str | None,
    typer.Option("--terms", metavar="HASH", help="Legal terms that you accept with it (0x...)."),
]


@command(
    app,
    "redeem-sign",
    examples=(
        "crmdapp loyalty redeem-sign 2 3.50 --order 4711 --out order-4711.json",
        "crmdapp loyalty redeem-sign 2 3.50 --order 4711 --at 4 --valid-for 15m",
    ),
)
def redeem_sign(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    order: Annotated[
        int, typer.Option("--order", min=0, metavar="NUMBER", help="The merchant's order number.")
    ],
    at: Annotated[
        int | None,
        typer.Option("--at", min=0, metavar="PROGRAM", help="The merchant's own, if another one."),
    ] = None,
    terms: TermsOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    hub: HubOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign permission to spend points on an order; the merchant submits it, you need no ether."""
    from crmdapp.loyalty.intents import sign_redeem

    session = session_of(ctx)
    units = parse_points(points)
    domain, until = _domain(session, hub), _deadline(session, hub, deadline, valid_for)
    place = program if at is None else at
    _show(
        session, domain, program, units, until, ("Order", str(order)), ("Merchant", f"of {place}")
    )
    signed = sign_redeem(
        session.signer,
        domain,
        program=program,
        merchant=place,
        points=units,
        order_id=order,
        deadline=until,
        terms_hash=_terms_hash(terms),
    )
    deliver_signed(session, signed, out)


@command(
    app,
    "transfer-sign",
    examples=(
        "crmdapp loyalty transfer-sign 2 friend 5 --out gift.json",
        "crmdapp loyalty transfer-sign 2 friend 5 --valid-for 7d",
    ),
)
def transfer_sign(
    ctx: typer.Context,
    program: ProgramArgument,
    to: ReceiverArgument,
    points: PointsArgument,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    nonce: NonceOption = None,
    hub: HubOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign permission to move points to somebody; anyone may submit it, you need no ether."""
    from crmdapp.loyalty.intents import sign_transfer

    session = session_of(ctx)
    units, receiver = parse_points(points), session.address(to)
    domain, until = _domain(session, hub), _deadline(session, hub, deadline, valid_for)
    _show(session, domain, program, units, until, ("To", receiver))
    signed = sign_transfer(
        session.signer,
        domain,
        program=program,
        to=receiver,
        points=units,
        nonce=unused_nonce(session, domain, session.signer.address) if nonce is None else nonce,
        deadline=until,
    )
    deliver_signed(session, signed, out)


@command(
    app,
    "exchange-sign",
    examples=(
        "crmdapp loyalty exchange-sign 2 5 4 --min 0.90 --out exchange.json",
        "crmdapp loyalty exchange-sign 2 5 4 --min 0.90 --valid-for 15m",
    ),
)
def exchange_sign(
    ctx: typer.Context,
    program: ProgramArgument,
    points: PointsArgument,
    to_program: Annotated[
        int, typer.Argument(metavar="TO_PROGRAM", min=0, help="Whose points you receive.")
    ],
    least: Annotated[
        str, typer.Option("--min", metavar="POINTS", help="Least to receive, else nothing happens.")
    ],
    terms: TermsOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "1h",
    nonce: NonceOption = None,
    hub: HubOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign permission to change points into another program's; anyone may submit it."""
    from crmdapp.loyalty.intents import sign_exchange

    session = session_of(ctx)
    units, minimum = parse_points(points), parse_points(least)
    domain, until = _domain(session, hub), _deadline(session, hub, deadline, valid_for)
    _show(
        session,
        domain,
        program,
        units,
        until,
        ("For points of", str(to_program)),
        ("At least", format_points(minimum)),
    )
    signed = sign_exchange(
        session.signer,
        domain,
        program=program,
        to_program=to_program,
        points=units,
        min_points=minimum,
        nonce=unused_nonce(session, domain, session.signer.address) if nonce is None else nonce,
        deadline=until,
        terms_hash=_terms_hash(terms),
    )
    deliver_signed(session, signed, out)


def _terms_hash(text: str | None) -> bytes:
    from crmdapp.loyalty.intents import NO_TERMS, require_terms_hash

    if text is None:
        return NO_TERMS
    try:
        return require_terms_hash(bytes.fromhex(text.removeprefix("0x")))
    except (ValueError, UsageError):
        raise UsageError(
            f"--terms must be 64 hex digits, got {text!r}.",
            hint="Copy it from: crmdapp loyalty terms show PROGRAM",
        ) from None


def _domain(session: Session, hub: str | None) -> Domain:
    """Return what to sign for, asking a node only if hub or chain id are not known here."""
    from crmdapp.chain.deployments import Manifest
    from crmdapp.loyalty.intents import hub_domain

    chain_id = session.config.chain_id
    if hub is not None:
        if chain_id is None:
            raise UsageError(
                "With --hub the chain must be named too.", hint="Add --chain-id, such as 1."
            )
        return hub_domain(chain_id, session.address(hub))
    if chain_id is not None:
        path = session.config.manifest_path(chain_id)
        if path.is_file():
            return hub_domain(chain_id, Manifest.load(path).address("PointsHub"))
    return session.reader.domain


def _deadline(session: Session, hub: str | None, deadline: str | None, valid_for: str) -> int:
    """Return the deadline in Unix seconds, counted from the chain's time if a node is there."""
    import time

    if deadline is not None:
        return parse_time(deadline)
    offline = hub is not None or session.config.chain_id is not None
    now = int(time.time()) if offline else session.connection.block_timestamp()
    return now + parse_span(valid_for)


def _show(
    session: Session,
    domain: Domain,
    program: int,
    units: int,
    until: int,
    *about: tuple[str, str],
) -> None:
    session.out.say("You permit this once:")
    session.out.show(
        Facts(
            [
                ("Account", session.signer.address),
                ("Program", str(program)),
                ("Points", format_points(units)),
                *about,
                ("Until", format_time(until)),
                ("Chain", str(domain.chain_id)),
                ("Ledger", domain.verifying_contract),
            ]
        )
    )

"""``crmdapp customers badge``: opt-in, public proof that an identity is a verified person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli.customers._common import (
    DeadlineOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    domain_of,
    person,
    read_file,
    reading,
    sending,
)
from crmdapp.cli.customers._signing import facts_of, send_and_tell, show_permission
from crmdapp.cli.customers.did import IdentityArgument
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.badge import BadgeClient
    from crmdapp.customers.models import Badge

app = group(
    help="Opt-in, public proof that an identity is a verified person.",
    examples=(
        "crmdapp customers badge grant-sign customer 1 --out grant.json",
        "crmdapp customers badge mint grant.json",
    ),
)


@app.callback()
def badge_group() -> None:
    """Opt-in, public proof that an identity is a verified person.

    A badge publishes that an address is a verified person; it can be ended, never unpublished.
    """


@command(
    app,
    "grant-sign",
    examples=(
        "crmdapp customers badge grant-sign customer 1 --out grant.json",
        "crmdapp customers badge grant-sign customer 1 --pseudonym 4711 --valid-for 7d",
    ),
)
def grant_sign(
    ctx: typer.Context,
    identity: IdentityArgument,
    topic: Annotated[int, typer.Argument(metavar="TOPIC", min=0, help="What was verified.")],
    pseudonym: Annotated[
        int | None,
        typer.Option(
            "--pseudonym", min=1, metavar="NUMBER", help="Chosen by the holder; drawn if left out."
        ),
    ] = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    contract: Annotated[
        str | None,
        typer.Option(
            "--badges", metavar="ADDRESS", help="The contract; with --chain-id without a node."
        ),
    ] = None,
    out: NewFileOption = None,
) -> None:
    """Sign that an identity is a verified person; its holder mints the badge. You attest."""
    from crmdapp.customers.badge import badge_grant, sign_badge

    session = session_of(ctx)
    domain = domain_of(session, "IdentityBadge", contract)
    grant = badge_grant(
        identity=session.address(identity),
        topic=topic,
        deadline=deadline_of(session, deadline, valid_for, contract),
        pseudonym=pseudonym,
    )
    show_permission(session, grant, domain)
    deliver_signed(session, sign_badge(grant, session.signer, domain), out)


@command(
    app,
    "mint",
    cls=SendingCommand,
    examples=(
        "crmdapp customers badge mint grant.json",
        "crmdapp customers badge mint grant.json --once badge --yes --json",
    ),
)
def mint(ctx: typer.Context, file: SignedArgument) -> None:
    """Mint the badge that an attestor granted; the account owns the identity.

    It publishes, for ever, that this address is a verified person.
    """
    from crmdapp.customers.badge import SignedBadgeGrant

    session = session_of(ctx)
    signed = read_file(file, SignedBadgeGrant.from_json)
    client = _sending(session)
    about = [*facts_of(signed.grant), ("Attestor", signed.signer), ("Public", "for ever")]
    receipt = send(session, client.prepare.mint(signed), about)
    if receipt is None:
        return
    found = _badge(client, signed.grant.identity)
    session.out.result(
        {**badge_data(found), **receipt_data(receipt)},
        f"Minted badge {found.token_id}. {receipt_line(receipt)}",
    )


@command(
    app,
    "show",
    examples=(
        "crmdapp customers badge show customer",
        "crmdapp customers badge show customer --json",
    ),
)
def show(ctx: typer.Context, identity: IdentityArgument) -> None:
    """Show the badge of an identity."""
    from crmdapp.customers.badge import BadgeClient

    session = session_of(ctx)
    address = session.address(identity)
    found = reading(session, BadgeClient).badge(address)
    session.out.result(
        {"badge": None if found is None else badge_data(found), "identity": address},
        f"{address} has no badge."
        if found is None
        else Facts(
            [
                ("Badge", str(found.token_id)),
                ("Identity", found.identity),
                ("Holder", person(session, found.holder)),
                ("Topic", str(found.topic)),
                ("Pseudonym", str(found.pseudonym)),
            ]
        ),
    )


@command(
    app,
    "follow",
    cls=SendingCommand,
    examples=(
        "crmdapp customers badge follow customer",
        "crmdapp customers badge follow customer --yes --json",
    ),
)
def follow(ctx: typer.Context, identity: IdentityArgument) -> None:
    """Move an identity's badge to its key of today; anybody may."""
    session = session_of(ctx)
    client = _sending(session)
    found = _badge(client, session.address(identity))
    about = [("Badge", str(found.token_id)), ("Identity", found.identity)]
    call = client.prepare.follow(found.token_id)
    send_and_tell(session, call, about, token_id=found.token_id)


@command(
    app,
    "burn",
    cls=SendingCommand,
    examples=(
        "crmdapp customers badge burn customer",
        "crmdapp customers badge burn customer --yes --json",
    ),
)
def burn(ctx: typer.Context, identity: IdentityArgument) -> None:
    """End a badge, for ever; the account owns the identity or the topic."""
    session = session_of(ctx)
    client = _sending(session)
    found = _badge(client, session.address(identity))
    about = [("Badge", str(found.token_id)), ("Identity", found.identity), ("Ends", "for ever")]
    send_and_tell(session, client.prepare.burn(found.token_id), about, token_id=found.token_id)


def badge_data(badge: Badge) -> dict[str, Any]:
    """Return a badge as JSON data."""
    return {
        "token_id": badge.token_id,
        "identity": badge.identity,
        "holder": badge.holder,
        "topic": badge.topic,
        "pseudonym": badge.pseudonym,
    }


def _sending(session: Session) -> BadgeClient:
    from crmdapp.customers.badge import BadgeClient

    return sending(session, BadgeClient)


def _badge(client: BadgeClient, identity: str) -> Badge:
    found = client.badge(identity)
    if found is None:
        raise UsageError(
            f"{identity} has no badge.", hint="An attestor grants one: badge grant-sign IDENTITY"
        )
    return found

"""``crmdapp customers did``: who owns an identity, its delegates and public keys."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time, parse_span
from crmdapp.cli.customers._common import (
    CidArgument,
    DeadlineOption,
    NonceOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    domain_of,
    hex_of,
    nonce_of,
    person,
    read_file,
    reading,
    sending,
    word_of,
)
from crmdapp.cli.customers._signing import facts_of, send_and_tell, show_permission
from crmdapp.cli.customers.profile import log_data
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.did import DidClient
    from crmdapp.customers.did_intents import DidIntent

IdentityArgument = Annotated[
    str, typer.Argument(metavar="IDENTITY", help="The identity: an address or name of a key.")
]
DelegateArgument = Annotated[
    str, typer.Argument(metavar="DELEGATE", help="Its address or name of a key.")
]
KindArgument = Annotated[
    str, typer.Argument(metavar="KIND", help="What it may do, such as veriKey or sigAuth.")
]
NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="Such as did/pub/X25519/enc/base64.")
]
ValueArgument = Annotated[
    str, typer.Argument(metavar="VALUE", help="Hex after 0x, else text; public for ever.")
]
LastsOption = Annotated[
    str, typer.Option("--lasts", metavar="SPAN", help="How long it holds: 24h, 365d.")
]
RevokeOption = Annotated[bool, typer.Option("--revoke", help="End it now.")]
DidOption = Annotated[
    str | None,
    typer.Option(
        "--registry", metavar="ADDRESS", help="The DidRegistry; with --chain-id without a node."
    ),
]

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_KEY = "0x" + "04a5b9c4" * 8

app = group(
    help="Decentralised identifiers: owners, delegates, public keys.",
    examples=(
        "crmdapp customers did show customer",
        f"crmdapp customers did attribute customer did/pub/X25519/enc/base64 {_KEY}",
    ),
)


@app.callback()
def did_group() -> None:
    """Decentralised identifiers: owners, delegates, public keys.

    Every address is an identity and its own first owner. What is written here is public for ever.
    """


@command(
    app,
    "show",
    examples=("crmdapp customers did show customer", "crmdapp customers did show customer --json"),
)
def show(
    ctx: typer.Context,
    identity: Annotated[
        str | None, typer.Argument(metavar="[IDENTITY]", help="Your own if left out.")
    ] = None,
) -> None:
    """Show an identity: its owner, its profile, its public attributes, its changes."""
    from crmdapp.customers.did import DidClient

    session = session_of(ctx)
    address = session.address_or_own(identity)
    client = reading(session, DidClient)
    owner, cid = client.owner(address), client.customer_of(address)
    attributes = client.attributes(address)
    changes = list(client.history(address))
    did = f"did:ethr:0x{client.connection.chain_id:x}:{address}"
    session.out.result(
        {
            "did": did,
            "identity": address,
            "owner": owner,
            "cid": cid,
            "attributes": [
                {"name": name, "value": value, "valid_to": iso_time(min(until, _LATEST))}
                for (name, value), until in attributes.items()
            ],
            "changes": [log_data(log) for log in changes],
        },
        Facts(
            [
                ("Identifier", did),
                ("Owner", person(session, owner) if owner else "none: it has ended"),
                ("Profile", hex_of(cid) if cid else "not bound"),
                ("Changes", str(len(changes))),
            ]
        ),
        *_attribute_table(attributes),
    )


@command(
    app,
    "bind",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers did bind customer {_CID}",
        f"crmdapp customers did bind customer {_CID} --once bind --yes --json",
    ),
)
def bind(ctx: typer.Context, identity: IdentityArgument, cid: CidArgument) -> None:
    """Bind an identity to a profile for ever; the account owns both.

    Everybody sees that they are one person: never bind an identity kept for one company.
    """
    session = session_of(ctx)
    address = session.address(identity)
    call = _sending(session).prepare.bind(address, word_of(cid, "CID"))
    about = [("Identity", address), ("Profile", cid), ("Public", "for ever")]
    send_and_tell(session, call, about, identity=address, cid=cid)


@command(
    app,
    "owner",
    cls=SendingCommand,
    examples=(
        "crmdapp customers did owner customer new-key",
        "crmdapp customers did owner customer new-key --yes --json",
    ),
)
def owner(
    ctx: typer.Context,
    identity: IdentityArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its address or name of a key.")],
) -> None:
    """Give an identity that is not bound another key; the account owns it."""
    session = session_of(ctx)
    address, new_owner = session.address(identity), session.address(new)
    call = _sending(session).prepare.change_owner(address, new_owner)
    about = [("Identity", address), ("New owner", person(session, new_owner))]
    send_and_tell(session, call, about, identity=address, owner=new_owner)


@command(
    app,
    "delegate",
    cls=SendingCommand,
    examples=(
        "crmdapp customers did delegate customer veriKey friend --lasts 24h",
        "crmdapp customers did delegate customer veriKey friend --revoke --yes --json",
    ),
)
def delegate(
    ctx: typer.Context,
    identity: IdentityArgument,
    kind: KindArgument,
    who: DelegateArgument,
    lasts: LastsOption = "24h",
    revoke: RevokeOption = False,
) -> None:
    """Name a delegate for a while, or revoke it; the account owns the identity."""
    session = session_of(ctx)
    address, delegate_ = session.address(identity), session.address(who)
    validity = 0 if revoke else parse_span(lasts)
    call = _sending(session).prepare.set_delegate(address, kind, delegate_, validity)
    about = [
        ("Identity", address),
        ("Delegate", person(session, delegate_)),
        ("May do", kind),
        ("For", "no longer" if revoke else lasts),
    ]
    send_and_tell(session, call, about, identity=address, delegate=delegate_, validity=validity)


@command(
    app,
    "attribute",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers did attribute customer did/pub/X25519/enc/base64 {_KEY}",
        f"crmdapp customers did attribute customer did/pub/X25519/enc/base64 {_KEY} --revoke",
    ),
)
def attribute(
    ctx: typer.Context,
    identity: IdentityArgument,
    name: NameArgument,
    value: ValueArgument,
    lasts: LastsOption = "365d",
    revoke: RevokeOption = False,
) -> None:
    """Publish an attribute such as a public key, or revoke it; the account owns the identity."""
    session = session_of(ctx)
    address, data = session.address(identity), _value(value)
    validity = 0 if revoke else parse_span(lasts)
    call = _sending(session).prepare.set_attribute(address, name, data, validity)
    about = [
        ("Identity", address),
        ("Attribute", name),
        ("Value", f"{value} (public for ever)"),
        ("For", "no longer" if revoke else lasts),
    ]
    send_and_tell(session, call, about, identity=address, name=name, validity=validity)


@command(
    app,
    "owner-sign",
    examples=(
        "crmdapp customers did owner-sign customer new-key --out owner.json",
        "crmdapp customers did owner-sign customer new-key --nonce 7 --valid-for 7d",
    ),
)
def owner_sign(
    ctx: typer.Context,
    identity: IdentityArgument,
    new: Annotated[str, typer.Argument(metavar="NEW", help="Its address or name of a key.")],
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: DidOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that an identity gets another key; anybody may submit it, you need no ether."""
    from crmdapp.customers.did_intents import OwnerIntent

    session = session_of(ctx)
    domain = domain_of(session, "DidRegistry", registry)
    intent = OwnerIntent(
        session.address(identity),
        session.address(new),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    _sign(session, intent, registry, out)


@command(
    app,
    "delegate-sign",
    examples=(
        "crmdapp customers did delegate-sign customer veriKey friend --out delegate.json",
        "crmdapp customers did delegate-sign customer veriKey friend --revoke --valid-for 7d",
    ),
)
def delegate_sign(
    ctx: typer.Context,
    identity: IdentityArgument,
    kind: KindArgument,
    who: DelegateArgument,
    lasts: LastsOption = "24h",
    revoke: RevokeOption = False,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: DidOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign who is a delegate for a while; anybody may submit it, you need no ether."""
    from crmdapp.customers.did import short_name
    from crmdapp.customers.did_intents import DelegateIntent

    session = session_of(ctx)
    domain = domain_of(session, "DidRegistry", registry)
    intent = DelegateIntent(
        session.address(identity),
        short_name(kind),
        session.address(who),
        0 if revoke else parse_span(lasts),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    _sign(session, intent, registry, out)


@command(
    app,
    "attribute-sign",
    examples=(
        f"crmdapp customers did attribute-sign customer did/pub/X25519/enc/base64 {_KEY}",
        f"crmdapp customers did attribute-sign customer did/svc/Mail {_KEY} --out attribute.json",
    ),
)
def attribute_sign(
    ctx: typer.Context,
    identity: IdentityArgument,
    name: NameArgument,
    value: ValueArgument,
    lasts: LastsOption = "365d",
    revoke: RevokeOption = False,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: DidOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign an attribute such as a public key; anybody may submit it, you need no ether."""
    from crmdapp.customers.did import short_name
    from crmdapp.customers.did_intents import AttributeIntent

    session = session_of(ctx)
    domain = domain_of(session, "DidRegistry", registry)
    intent = AttributeIntent(
        session.address(identity),
        short_name(name),
        _value(value),
        0 if revoke else parse_span(lasts),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    _sign(session, intent, registry, out)


@command(
    app,
    "submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers did submit attribute.json",
        "crmdapp customers did submit owner.json --once new-owner --yes --json",
    ),
)
def submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Carry out what an identity's owner signed; the account only pays the gas."""
    from crmdapp.customers.did_intents import SignedDidIntent

    session = session_of(ctx)
    signed = read_file(file, SignedDidIntent.from_json)
    about = [*facts_of(signed.intent), ("Signed by", signed.signer)]
    send_and_tell(session, _sending(session).prepare.submit(signed), about)


# --------------------------------------------------------------------------- inside

_LATEST = 253_402_300_799  # the last second of the year 9999


def _sending(session: Session) -> DidClient:
    from crmdapp.customers.did import DidClient

    return sending(session, DidClient)


def _sign(session: Session, intent: DidIntent, registry: str | None, out: Path | None) -> None:
    from crmdapp.customers.did_intents import sign_did

    domain = domain_of(session, "DidRegistry", registry)
    show_permission(session, intent, domain)
    deliver_signed(session, sign_did(intent, session.signer, domain), out)


def _attribute_table(attributes: Mapping[tuple[str, bytes], int]) -> list[Table | str]:
    rows = [
        (name, _shown(value), format_time(min(until, _LATEST)))
        for (name, value), until in attributes.items()
    ]
    return ["", Table(("attribute", "value", "until"), rows)] if rows else []


def _value(text: str) -> bytes:
    if not text.startswith("0x"):
        return text.encode()
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        raise UsageError(f"{text[:60]!r} is no hex data.") from None


def _shown(value: bytes) -> str:
    text = value.decode(errors="replace")
    return text if text.isascii() and text.isprintable() else hex_of(value)

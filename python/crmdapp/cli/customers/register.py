"""Registering customers and linking further identifiers: attestors sign, anybody submits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    CidArgument,
    DeadlineOption,
    EpochOption,
    RegistryOption,
    ScopeArgument,
    SignedArgument,
    ValidForOption,
    deadline_of,
    hex_of,
    word_of,
)
from crmdapp.cli.customers._signing import (
    carry_out,
    epoch_of,
    facts_of,
    office,
    read_signed,
    registry_of,
    sign_and_deliver,
)
from crmdapp.cli.customers.profile import customer_data
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.customers.registry import RegistryClient
    from crmdapp.customers.registry_intents import Registration

TagArgument = Annotated[
    str, typer.Argument(metavar="TAG", help="Keyed hash of the identifier, 64 hex digits.")
]
ControllerArgument = Annotated[
    str, typer.Argument(metavar="KEY", help="The customer's key: its address or name.")
]
RootOption = Annotated[
    str,
    typer.Option("--root", metavar="HASH", help="Commitment to the profile, 64 hex digits."),
]
LevelOption = Annotated[
    int, typer.Option("--level", min=0, max=255, metavar="NUMBER", help="How well verified.")
]

_TAG = "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"
_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_NO_ROOT = "00" * 32


@command(
    app,
    "register-sign",
    examples=(
        f"crmdapp customers register-sign 1 {_TAG} customer --level 2 --out new.json",
        f"crmdapp customers register-sign 1 {_TAG} customer --valid-for 7d",
    ),
)
def register_sign(
    ctx: typer.Context,
    scope: ScopeArgument,
    tag: TagArgument,
    controller: ControllerArgument,
    level: LevelOption = 1,
    root: RootOption = _NO_ROOT,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that you verified the identifier behind a tag; anybody may submit it."""
    session = session_of(ctx)
    domain = registry_of(session, registry)
    until = deadline_of(session, deadline, valid_for, registry)
    intent = _registration(session, scope, tag, controller, level, root, until)
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "register-submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers register-submit new.json",
        "crmdapp customers register-submit new.json --once new-1 --yes --json",
    ),
)
def register_submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Register the customer whom an attestor verified; the account only pays the gas."""
    session = session_of(ctx)
    signed = read_signed(file, "Registration")
    client = office(session)
    about = [*facts_of(signed.intent), ("Attestor", signed.signer)]
    _tell(session, client, send(session, client.prepare.submit(signed), about))


@command(
    app,
    "register",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers register 1 {_TAG} customer --level 2",
        f"crmdapp customers register 1 {_TAG} customer --once new-1 --yes --json",
    ),
)
def register(
    ctx: typer.Context,
    scope: ScopeArgument,
    tag: TagArgument,
    controller: ControllerArgument,
    level: LevelOption = 1,
    root: RootOption = _NO_ROOT,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
) -> None:
    """Verify and register a customer in one step; the account is an attestor of the scope."""
    from crmdapp.cli._sending import was_sent
    from crmdapp.customers.registry_signing import sign_registry

    session = session_of(ctx)
    client = office(session)
    until = deadline_of(session, deadline, valid_for)
    intent = _registration(session, scope, tag, controller, level, root, until)
    if was_sent(session, session.once):
        _tell(session, client, _earlier(session, client, intent))
        return
    signed = sign_registry(intent, session.signer, client.domain)
    _tell(session, client, send(session, client.prepare.submit(signed), facts_of(intent)))


@command(
    app,
    "link-sign",
    examples=(
        f"crmdapp customers link-sign {_CID} {_TAG} --out link.json",
        f"crmdapp customers link-sign {_CID} {_TAG} --epoch 0 --valid-for 7d",
    ),
)
def link_sign(
    ctx: typer.Context,
    cid: CidArgument,
    tag: TagArgument,
    epoch: EpochOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a further identifier is of the same person; you are an attestor."""
    from crmdapp.customers.registry_intents import TagLink

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = TagLink(
        word_of(tag, "TAG"),
        profile,
        epoch_of(session, profile, epoch),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "link",
    cls=SendingCommand,
    examples=(
        "crmdapp customers link link.json",
        "crmdapp customers link link.json --once second-mail --yes --json",
    ),
)
def link(ctx: typer.Context, file: SignedArgument) -> None:
    """Let a further identifier lead to a profile; the account only pays the gas."""
    from crmdapp.customers.registry_intents import TagLink

    session = session_of(ctx)
    signed = read_signed(file, "TagLink")
    client = office(session)
    assert isinstance(signed.intent, TagLink)  # what was asked for
    cid = signed.intent.cid
    carry_out(session, client.prepare.submit(signed), [signed], cid=hex_of(cid))


# --------------------------------------------------------------------------- inside


def _registration(
    session: Session, scope: int, tag: str, controller: str, level: int, root: str, until: int
) -> Registration:
    from crmdapp.customers.registry_intents import Registration

    key = session.address(controller)
    return Registration(scope, word_of(tag, "TAG"), word_of(root, "--root"), key, level, until)


def _earlier(session: Session, client: RegistryClient, intent: Registration) -> Receipt:
    """Return the receipt of what was sent before under the name; its deadline was another."""
    from crmdapp.customers.events import CustomerRegistered

    receipt = client.sender.wait(client.sender.status(session.once or ""))
    cid = client.id_of(intent.scope, intent.tag)
    if [event.cid for event in receipt.events_of(CustomerRegistered)] != [cid]:
        raise UsageError(
            f"Under the name {session.once!r} something else was sent before.",
            hint="Choose another name: --once NAME",
        )
    session.out.say(f"Sent before under the name {session.once!r}; nothing is sent again.")
    return receipt


def _tell(session: Session, client: RegistryClient, receipt: Receipt | None) -> None:
    from crmdapp.customers.events import CustomerRegistered
    from crmdapp.customers.registry import only

    if receipt is None:
        return
    found = client.customer(only(receipt, CustomerRegistered).cid)
    session.out.result(
        {**customer_data(found), **receipt_data(receipt)},
        f"Registered as {hex_of(found.cid)}. {receipt_line(receipt)}",
    )

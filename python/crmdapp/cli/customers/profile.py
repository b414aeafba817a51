"""Looking at profiles: what an id is, where it leads, what happened to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    RegistryOption,
    ScopeArgument,
    domain_of,
    hex_of,
    person,
    reading,
    word_of,
)
from crmdapp.errors import UsageError, jsonable

if TYPE_CHECKING:
    from crmdapp.chain.decode import DecodedLog, Event
    from crmdapp.customers.models import Customer, Recovery

IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of a profile or of a tag, 64 hex digits.")
]

_TAG = "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"
_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"


@command(
    app,
    "id",
    examples=(
        f"crmdapp customers id 1 {_TAG}",
        f"crmdapp customers id 1 {_TAG} --chain-id 31337 --registry 0x{'11' * 20}",
    ),
)
def id_(
    ctx: typer.Context,
    scope: ScopeArgument,
    tag: Annotated[str, typer.Argument(metavar="TAG", help="A tag, 64 hex digits.")],
    registry: RegistryOption = None,
) -> None:
    """Compute the id of a tag; the id of somebody's first tag names the profile."""
    from crmdapp.customers.models import id_of

    session = session_of(ctx)
    domain = domain_of(session, "CustomerRegistry", registry)
    found = id_of(domain.chain_id, domain.verifying_contract, scope, word_of(tag, "TAG"))
    session.out.result({"scope": scope, "id": found}, hex_of(found))


@command(
    app,
    "show",
    examples=(f"crmdapp customers show {_CID}", f"crmdapp customers show {_CID} --json"),
)
def show(ctx: typer.Context, id_text: IdArgument) -> None:
    """Show the profile that an id leads to, and what waits for it."""
    from crmdapp.customers.did import DidClient
    from crmdapp.customers.registry import RegistryClient

    session = session_of(ctx)
    client = reading(session, RegistryClient)
    asked = word_of(id_text, "ID")
    cid = client.resolve(asked)
    if cid is None:
        raise UsageError(
            f"There is no profile at {hex_of(asked)}.",
            hint="Check the id, or compute it from scope and tag: crmdapp customers id SCOPE TAG",
        )
    found = client.customer(cid)
    waiting = client.recoveries(cid)
    guardians = client.guardians_hash(cid)
    identity = reading(session, DidClient).identity_of(cid)
    session.out.result(
        {
            "asked": asked,
            **customer_data(found),
            "guardians_hash": guardians,
            "identity": identity,
            "recoveries": [recovery_data(item) for item in waiting],
        },
        Facts(
            [
                *([("Asked for", hex_of(asked))] if asked != cid else []),
                ("Profile", hex_of(cid)),
                ("Status", found.status.name.lower()),
                ("Key", person(session, found.controller) if found.controller else "none"),
                ("Scope", str(found.scope)),
                ("Level", str(found.level)),
                ("Registered", format_time(found.registered_at) if found.registered_at else ""),
                ("Epoch", str(found.epoch)),
                ("Guardians", hex_of(guardians) if guardians else "none"),
                *([("Identity", identity)] if identity else []),
                *[("A new key waits", recovery_words(item)) for item in waiting],
            ]
        ),
    )


@command(
    app,
    "history",
    examples=(f"crmdapp customers history {_CID}", f"crmdapp customers history {_CID} --json"),
)
def history(ctx: typer.Context, id_text: IdArgument) -> None:
    """List what happened to a profile on chain, from its registration on."""
    from crmdapp.customers.registry import RegistryClient

    session = session_of(ctx)
    logs = list(reading(session, RegistryClient).history(word_of(id_text, "ID")))
    session.out.result(
        {"events": [log_data(log) for log in logs]},
        Table(
            (">block", "event", "transaction"),
            [(str(log.block), type(log.event).__name__, log.tx_hash) for log in logs],
        )
        if logs
        else "Nothing happened to it.",
    )


def customer_data(customer: Customer) -> dict[str, Any]:
    """Return a profile as JSON data."""
    registered = customer.registered_at
    return {
        "cid": customer.cid,
        "controller": customer.controller,
        "registered_at": None if registered is None else iso_time(registered),
        "scope": customer.scope,
        "epoch": customer.epoch,
        "level": customer.level,
        "status": customer.status.name.lower(),
    }


def recovery_data(recovery: Recovery) -> dict[str, Any]:
    """Return a recovery that waits as JSON data."""
    return {
        "new_controller": recovery.new_controller,
        "ready_at": iso_time(recovery.ready_at),
        "by_guardians": recovery.by_guardians,
    }


def recovery_words(recovery: Recovery) -> str:
    """Return a recovery that waits in words."""
    by = "guardians" if recovery.by_guardians else "attestors"
    return f"{recovery.new_controller} by {by}, from {format_time(recovery.ready_at)} on"


def log_data(log: DecodedLog) -> dict[str, Any]:
    """Return an event as JSON data."""
    return {
        "event": type(log.event).__name__,
        "fields": _fields(log.event),
        "block": log.block,
        "tx": log.tx_hash,
    }


def _fields(event: Event) -> dict[str, Any]:
    from crmdapp.chain.decode import event_attribute

    return {name: jsonable(getattr(event, event_attribute(name))) for name in event.fields}

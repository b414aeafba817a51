"""``crmdapp customers recover``: a new key for somebody whose key is lost or stolen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Table
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import (
    CidArgument,
    DeadlineOption,
    EpochOption,
    NonceOption,
    RegistryOption,
    ValidForOption,
    deadline_of,
    nonce_of,
    read_file,
    reading,
    word_of,
)
from crmdapp.cli.customers._signing import (
    FilesArgument,
    carry_out,
    epoch_of,
    office,
    read_signed,
    registry_of,
    send_and_tell,
    sign_and_deliver,
)
from crmdapp.cli.customers.keys import NewKeyArgument
from crmdapp.cli.customers.profile import recovery_data

ByAttestorsOption = Annotated[
    bool, typer.Option("--by-attestors", help="The one by attestors, not by guardians.")
]

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"

app = group(
    help="Give somebody a new key whose old one is lost or stolen.",
    examples=(
        f"crmdapp customers recover propose-sign {_CID} new-key --account sister --out s.json",
        "crmdapp customers recover propose s.json n.json --guardians guardians.json",
    ),
)


@app.callback()
def recover_group() -> None:
    """Give somebody a new key whose old one is lost or stolen.

    Guardians, or a quorum of attestors, and the new key sign; after the scope's delay anybody
    carries it out. The old key can stop guardians, not attestors.
    """


@command(
    app,
    "propose-sign",
    examples=(
        f"crmdapp customers recover propose-sign {_CID} new-key --out proposal.json",
        f"crmdapp customers recover propose-sign {_CID} new-key --by-attestors --epoch 0",
    ),
)
def propose_sign(
    ctx: typer.Context,
    cid: CidArgument,
    new: NewKeyArgument,
    by_attestors: ByAttestorsOption = False,
    epoch: EpochOption = None,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "7d",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a profile should get a new key; then let the others countersign the file."""
    from crmdapp.customers.registry_intents import RecoveryIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = RecoveryIntent(
        profile,
        session.address(new),
        not by_attestors,
        epoch_of(session, profile, epoch),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "propose",
    cls=SendingCommand,
    examples=(
        "crmdapp customers recover propose sister.json new-key.json --guardians guardians.json",
        "crmdapp customers recover propose attestor.json new-key.json --yes --json",
    ),
)
def propose(
    ctx: typer.Context,
    files: FilesArgument,
    guardians: Annotated[
        Path | None,
        typer.Option(
            "--guardians", metavar="FILE", help="Who they are; left out if attestors signed."
        ),
    ] = None,
) -> None:
    """Announce a new key, signed by it and by guardians or attestors."""
    from crmdapp.customers.models import Guardians

    session = session_of(ctx)
    signed = [read_signed(path, "RecoveryIntent") for path in files]
    named = None if guardians is None else read_file(guardians, Guardians.from_json)
    client = office(session)
    carry_out(session, client.prepare.propose_recovery(signed, named), signed)


@command(
    app,
    "veto",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers recover veto {_CID}",
        f"crmdapp customers recover veto {_CID} --yes --json",
    ),
)
def veto(ctx: typer.Context, cid: CidArgument) -> None:
    """Stop the recovery by guardians that waits; the account is the customer's key."""
    session = session_of(ctx)
    call = office(session).prepare.veto_recovery(word_of(cid, "CID"))
    send_and_tell(session, call, [("Profile", cid)])


@command(
    app,
    "veto-sign",
    examples=(
        f"crmdapp customers recover veto-sign {_CID} stranger --out veto.json",
        f"crmdapp customers recover veto-sign {_CID} stranger --epoch 0 --valid-for 7d",
    ),
)
def veto_sign(
    ctx: typer.Context,
    cid: CidArgument,
    new: NewKeyArgument,
    epoch: EpochOption = None,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a recovery by guardians is stopped; anybody submits it: customers submit FILE."""
    from crmdapp.customers.registry_intents import VetoIntent

    session = session_of(ctx)
    profile = word_of(cid, "CID")
    domain = registry_of(session, registry)
    intent = VetoIntent(
        profile,
        session.address(new),
        epoch_of(session, profile, epoch),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "execute",
    cls=SendingCommand,
    examples=(
        f"crmdapp customers recover execute {_CID}",
        f"crmdapp customers recover execute {_CID} --by-attestors --yes --json",
    ),
)
def execute(
    ctx: typer.Context,
    cid: CidArgument,
    by_attestors: ByAttestorsOption = False,
) -> None:
    """Put the announced key in its place after the delay; the account only pays the gas."""
    session = session_of(ctx)
    by = "attestors" if by_attestors else "guardians"
    call = office(session).prepare.recover(word_of(cid, "CID"), by_guardians=not by_attestors)
    send_and_tell(session, call, [("Profile", cid), ("Announced by", by)])


@command(
    app,
    "show",
    examples=(
        f"crmdapp customers recover show {_CID}",
        f"crmdapp customers recover show {_CID} --json",
    ),
)
def show(ctx: typer.Context, cid: CidArgument) -> None:
    """Show the new keys that wait for a profile; look often: yours can be stopped in time."""
    from crmdapp.customers.registry import RegistryClient

    session = session_of(ctx)
    found = reading(session, RegistryClient).recoveries(word_of(cid, "CID"))
    session.out.result(
        {"recoveries": [recovery_data(item) for item in found]},
        Table(
            ("new key", "announced by", "from"),
            [
                (
                    item.new_controller,
                    "guardians" if item.by_guardians else "attestors",
                    format_time(item.ready_at),
                )
                for item in found
            ],
        )
        if found
        else "No new key waits.",
    )

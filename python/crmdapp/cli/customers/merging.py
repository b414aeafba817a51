"""Merging two profiles of one person, and undoing it."""

from __future__ import annotations

from typing import Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    DeadlineOption,
    NonceOption,
    RegistryOption,
    ValidForOption,
    deadline_of,
    nonce_of,
    word_of,
)
from crmdapp.cli.customers._signing import (
    FilesArgument,
    carry_out,
    epoch_of,
    office,
    read_signed,
    registry_of,
    sign_and_deliver,
)

FromArgument = Annotated[
    str, typer.Argument(metavar="FROM", help="Profile that leads to the other, 64 hex digits.")
]

_FROM = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"
_INTO = "0x" + "0f0c3b0e5a0bb2c22ff4d9d1a4ab1ca1f1c7f1f1b8aa3f4aef7b2a1cc51d7e" + "00"


@command(
    app,
    "merge-sign",
    examples=(
        f"crmdapp customers merge-sign {_FROM} {_INTO} --out merge.json",
        f"crmdapp customers merge-sign {_FROM} {_INTO} --account attestor --valid-for 7d",
    ),
)
def merge_sign(
    ctx: typer.Context,
    from_: FromArgument,
    into: Annotated[
        str, typer.Argument(metavar="INTO", help="Profile it leads to, 64 hex digits.")
    ],
    from_epoch: Annotated[
        int | None,
        typer.Option("--from-epoch", min=0, metavar="NUMBER", help="Asked of the chain."),
    ] = None,
    into_epoch: Annotated[
        int | None,
        typer.Option("--into-epoch", min=0, metavar="NUMBER", help="Asked of the chain."),
    ] = None,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "7d",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that two profiles are of one person; then let the others countersign the file.

    Both customers' keys have to sign, or as many attestors as the scope's quorum.
    """
    from crmdapp.customers.registry_intents import MergeIntent

    session = session_of(ctx)
    first, second = word_of(from_, "FROM"), word_of(into, "INTO")
    domain = registry_of(session, registry)
    intent = MergeIntent(
        first,
        second,
        epoch_of(session, first, from_epoch),
        epoch_of(session, second, into_epoch),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "merge",
    cls=SendingCommand,
    examples=(
        "crmdapp customers merge merge.json countersigned.json",
        "crmdapp customers merge by-a.json by-b.json --once merge-17 --yes --json",
    ),
)
def merge(ctx: typer.Context, files: FilesArgument) -> None:
    """Let lookups of one profile lead to another; the account only pays the gas.

    Consents, attestations and rewards stay with their own subject.
    """
    session = session_of(ctx)
    signed = [read_signed(path, "MergeIntent") for path in files]
    client = office(session)
    carry_out(session, client.prepare.merge(signed), signed)


@command(
    app,
    "unmerge-sign",
    examples=(
        f"crmdapp customers unmerge-sign {_FROM} --out unmerge.json",
        f"crmdapp customers unmerge-sign {_FROM} --account attestor --valid-for 7d",
    ),
)
def unmerge_sign(
    ctx: typer.Context,
    from_: FromArgument,
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that two merged profiles are not of one person; either customer can."""
    from crmdapp.customers.registry_intents import UnmergeIntent

    session = session_of(ctx)
    domain = registry_of(session, registry)
    intent = UnmergeIntent(
        word_of(from_, "FROM"),
        nonce_of(session, domain, nonce),
        deadline_of(session, deadline, valid_for, registry),
    )
    sign_and_deliver(session, intent, domain, out)


@command(
    app,
    "unmerge",
    cls=SendingCommand,
    examples=(
        "crmdapp customers unmerge unmerge.json",
        "crmdapp customers unmerge by-a.json by-b.json --once unmerge-17 --yes --json",
    ),
)
def unmerge(ctx: typer.Context, files: FilesArgument) -> None:
    """Undo a merge within its window; the account only pays the gas."""
    session = session_of(ctx)
    signed = [read_signed(path, "UnmergeIntent") for path in files]
    client = office(session)
    carry_out(session, client.prepare.unmerge(signed), signed)

"""``crmdapp elections register`` and ``freeze``: who may vote, signed by registrars, for ever."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver
from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._values import format_time, parse_time
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._app import app as elections_app
from crmdapp.cli.elections._common import (
    ElectionArgument,
    RollOption,
    client_of,
    send_parts,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdapp.ballots.citizens import Citizen
    from crmdapp.ballots.registration import SignedRegistration
    from crmdapp.cli._context import Session

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="Signed registrations; - is stdin.")
]

app = group(
    help="Register voters: registrars sign who may vote, anybody submits it.",
    examples=(
        "crmdapp elections register sign 1 citizens.csv --registrars-key office.key --out a.jsonl",
        "crmdapp elections register submit a.jsonl b.jsonl --yes",
    ),
)


@command(
    app,
    "new-key",
    examples=(
        "crmdapp elections register new-key office.key",
        "crmdapp elections register new-key /media/stick/office.key --json",
    ),
)
def new_key(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New file for the key.")],
) -> None:
    """Make the key that turns official ids into nullifiers; all registrars use the same.

    Who has it can find out whether a person is on the roll, and where. Keep it as long as the
    election lasts, then destroy it.
    """
    from crmdapp.ballots.registration import create_registrars_key

    session = session_of(ctx)
    create_registrars_key(file)
    session.out.result({"file": file}, f"Written to {file}. Give a copy to each registrar.")


@command(
    app,
    "sign",
    examples=(
        "crmdapp elections register sign 1 citizens.csv --registrars-key office.key --out a.jsonl",
        "crmdapp elections register sign 1 - --registrars-key office.key --topic 4 --attestor me",
    ),
)
def sign(
    ctx: typer.Context,
    number: ElectionArgument,
    file: Annotated[
        Path,
        typer.Argument(metavar="CITIZENS", help="CSV: official_id,voter,precinct[,attestation]."),
    ],
    key_file: Annotated[
        Path, typer.Option("--registrars-key", metavar="FILE", help="See register new-key.")
    ],
    out: NewFileOption = None,
    deadline: Annotated[
        str | None,
        typer.Option("--deadline", metavar="TIME", help="End of registration by default."),
    ] = None,
    topic: Annotated[
        int | None,
        typer.Option("--topic", metavar="NUMBER", help="Require attestations of this topic."),
    ] = None,
    level: Annotated[
        int, typer.Option("--level", min=1, max=255, help="Lowest level that will do.")
    ] = 1,
    attestors: Annotated[
        list[str] | None,
        typer.Option("--attestor", metavar="ADDRESS", help="Whom to trust; may be repeated."),
    ] = None,
    roll_at: RollOption = None,
) -> None:
    """Sign, as a registrar, that the citizens of a list may vote; nothing is sent.

    What is written holds no official id. A second registrar runs the same on its own list; the
    files are joined when they are submitted.
    """
    from crmdapp.ballots.citizens import read_citizens, registrations_text
    from crmdapp.ballots.registration import nullifier, read_registrars_key, sign_registration
    from crmdapp.ballots.roll import RollClient

    session = session_of(ctx)
    roll = client_of(session, RollClient, roll_at)
    election = roll.elections.election(number)
    if session.signer.address not in election.registrars:
        raise UsageError(
            f"{session.signer.address} is no registrar of election {number}.",
            hint="Sign with the account that the definition names (--account).",
        )
    read = partial(read_citizens, name=str(file), precincts=election.precincts)
    citizens = read_file(file, read)
    registrars_key = read_registrars_key(key_file)
    if topic is not None:
        _require_attested(session, citizens, topic, level, attestors or [])
    until = election.windows.registration_until if deadline is None else parse_time(deadline)
    session.signer.unlock()
    signed = []
    with session.out.progress("Signing", len(citizens), "citizens") as progress:
        for done, citizen in enumerate(citizens, start=1):
            signed.append(
                sign_registration(
                    session.signer,
                    roll.domain,
                    election=number,
                    precinct=citizen.precinct,
                    nullifier=nullifier(registrars_key, citizen.official_id, number),
                    voter=citizen.voter,
                    deadline=until,
                )
            )
            progress.at(done)
    data = {"election": number, "registrations": len(signed), "registrar": session.signer.address}
    deliver(session, registrations_text(signed), out, data)


def _require_attested(
    session: Session, citizens: Sequence[Citizen], topic: int, level: int, attestors: list[str]
) -> None:
    from crmdapp.ballots.faults import CitizenNotAttested
    from crmdapp.ballots.registration import require_attested
    from crmdapp.customers.attestations import AttestationClient

    if not attestors:
        raise UsageError("Nobody is trusted to attest.", hint="Name somebody: --attestor ADDRESS.")
    trusted = [session.address(each) for each in attestors]
    registry = client_of(session, AttestationClient)
    with session.out.progress("Checking", len(citizens), "attestations") as progress:
        for done, citizen in enumerate(citizens, start=1):
            if not citizen.attestation:
                raise UsageError(f"Line {citizen.line} names no attestation.")
            try:
                require_attested(
                    registry, citizen.attestation, topic=topic, level=level, attestors=trusted
                )
            except CitizenNotAttested as problem:
                problem.message = f"Line {citizen.line}: {problem.message}"
                raise
            progress.at(done)


@command(
    app,
    "join",
    examples=(
        "crmdapp elections register join a.jsonl b.jsonl --out both.jsonl",
        "crmdapp elections register join a.jsonl b.jsonl > both.jsonl",
    ),
)
def join(ctx: typer.Context, files: FilesArgument, out: NewFileOption = None) -> None:
    """Put what several registrars signed about the same citizens into one file; asks no node."""
    from crmdapp.ballots.citizens import registrations_text

    session = session_of(ctx)
    joined = _joined(files)
    least = min(len(each.signatures) for each in joined)
    data = {
        "election": joined[0].intent.election,
        "registrations": len(joined),
        "least_signatures": least,
    }
    deliver(session, registrations_text(joined), out, data)


@command(
    app,
    "submit",
    cls=AskingCommand,
    examples=(
        "crmdapp elections register submit both.jsonl",
        "crmdapp elections register submit a.jsonl b.jsonl --yes --json",
    ),
)
def submit(ctx: typer.Context, files: FilesArgument, roll_at: RollOption = None) -> None:
    """Enter voters on the roll, by what a quorum of registrars signed; anybody may.

    Thousands are sent in as many transactions as blocks bear. Run again after an interruption, with
    the same files, it sends what is missing.
    """
    from crmdapp.ballots.roll import RollClient

    session = session_of(ctx)
    joined = _joined(files)
    number = joined[0].intent.election
    roll = client_of(session, RollClient, roll_at, sends=True)
    calls = roll.register_calls(number, joined)
    about = [("Election", str(number)), ("Voters", f"{len(joined):,}")]
    receipts = send_parts(session, calls, about, title="Registering", unit="voters")
    if receipts is None:
        return
    precincts = range(roll.elections.election(number).precincts)
    counts = [roll.count(number, precinct) for precinct in precincts]
    session.out.result(
        {
            "election": number,
            "registrations": len(joined),
            "voters": counts,
            "transactions": [receipt.hash for receipt in receipts],
            "gas_used": sum(receipt.gas_used for receipt in receipts),
        },
        f"{len(joined):,} voters are registered, in {len(receipts):,} transactions."
        f" The roll has {sum(counts):,}.",
    )


def _joined(files: list[Path]) -> list[SignedRegistration]:
    from crmdapp.ballots.citizens import join_registrations, read_registrations

    found: list[SignedRegistration] = []
    for file in files:
        found += read_file(file, partial(read_registrations, name=str(file)))
    return join_registrations(found)


@command(
    elections_app,
    "freeze",
    cls=AskingCommand,
    examples=(
        "crmdapp elections freeze 1",
        "crmdapp elections freeze 1 --yes --json",
    ),
)
def freeze(ctx: typer.Context, number: ElectionArgument, roll_at: RollOption = None) -> None:
    """Write the roll of voters down for ever, once registration has ended; anybody may.

    Run again after an interruption, it writes what is missing.
    """
    from crmdapp.ballots.errors import RegistrationOpen
    from crmdapp.ballots.roll import RollClient

    session = session_of(ctx)
    roll = client_of(session, RollClient, roll_at, sends=True)
    election = roll.elections.election(number)
    until = election.windows.registration_until
    if session.connection.block_timestamp() <= until:
        raise RegistrationOpen(number, until)
    calls = [(1, call) for call in roll.freeze_calls(number)]
    about = [("Election", str(number)), ("Registration", f"ended {format_time(until)}")]
    receipts = send_parts(session, calls, about, title="Freezing", unit="chunks")
    if receipts is None:
        return
    voters = sum(roll.count(number, precinct) for precinct in range(election.precincts))
    session.out.result(
        {
            "election": number,
            "voters": voters,
            "chunks": len(receipts),
            "transactions": [receipt.hash for receipt in receipts],
        },
        f"The roll of election {number} is frozen: {voters:,} voters.",
    )

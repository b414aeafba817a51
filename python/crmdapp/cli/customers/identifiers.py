"""``crmdapp customers pepper`` and ``tags``: the key behind the tags, and what it computes.

Identifiers are read from a file or from standard input, never from the command line, where other
users of the machine could see them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import (
    DeadlineOption,
    ScopeArgument,
    ValidForOption,
    deadline_of,
    hex_of,
    reading,
    sending,
    word_of,
)
from crmdapp.cli.customers._crm import VaultOption
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.directory import ChainDirectory
    from crmdapp.customers.identifiers import Identifier
    from crmdapp.customers.importing.retagging import Retagging
    from crmdapp.customers.rotation import RotationPlan, Taggers

pepper_app = group(
    name="pepper",
    help="Make, show and replace the key behind the tags.",
    examples=(
        "crmdapp customers pepper new pepper.json",
        "crmdapp customers pepper show pepper.json",
    ),
)


@pepper_app.callback()
def pepper() -> None:
    """Make, show and replace the key behind the tags.

    Whoever holds it can try out lists of addresses. Keep it away from the database, and a copy of
    it in a safe: without it no customer is ever found again.
    """


PepperArgument = Annotated[
    Path, typer.Argument(metavar="PEPPER", help="File with the pepper, mode 0600.")
]
IdentifiersArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="CSV with columns kind,text[,region]; - is standard input."
    ),
]
GivenUpOption = Annotated[
    Path | None,
    typer.Option(
        "--given-up", metavar="FILE", help="Ids nobody has the identifier of, one to a line."
    ),
]


@command(
    pepper_app,
    "new",
    examples=(
        "crmdapp customers pepper new pepper.json",
        "crmdapp customers pepper new pepper.json --json",
    ),
)
def new(ctx: typer.Context, path: PepperArgument) -> None:
    """Make a pepper and write it to a new file that only you can read."""
    from crmdapp.customers.tags import PepperFile

    session = session_of(ctx)
    made = PepperFile.create(path)
    session.out.say("Keep a copy of it in a safe: without it no customer is ever found again.")
    session.out.result(
        {"file": path, "fingerprint": made.fingerprint}, f"Pepper {made.fingerprint} in {path}."
    )


@command(
    pepper_app,
    "show",
    examples=(
        "crmdapp customers pepper show pepper.json",
        "crmdapp customers pepper show pepper.json --json",
    ),
)
def show(ctx: typer.Context, path: PepperArgument) -> None:
    """Show a pepper's fingerprint, never the pepper, and whether it is being replaced."""
    from crmdapp.customers.tags import next_path, read_pepper

    current = read_pepper(path).fingerprint
    following = read_pepper(next_path(path)).fingerprint if next_path(path).exists() else None
    session_of(ctx).out.result(
        {"file": path, "fingerprint": current, "next": following},
        Facts([("File", str(path)), ("Fingerprint", current), ("Next", following or "none")]),
    )


@command(
    pepper_app,
    "rotate",
    examples=(
        "crmdapp customers pepper rotate pepper.json",
        "crmdapp customers pepper rotate pepper.json --json",
    ),
)
def rotate(ctx: typer.Context, path: PepperArgument) -> None:
    """Begin to replace a pepper: the next one is put beside it, and lookups ask both."""
    from crmdapp.customers.rotation import begin
    from crmdapp.customers.tags import next_path, read_pepper

    session = session_of(ctx)
    begin(path)
    following = read_pepper(next_path(path)).fingerprint
    session.out.say("Next: crmdapp customers pepper link, then crmdapp customers pepper retire.")
    session.out.result(
        {"file": path, "next": following}, f"Next pepper {following} in {next_path(path)}."
    )


@command(
    pepper_app,
    "link",
    cls=AskingCommand,
    examples=(
        "crmdapp customers pepper link pepper.json 1 people.csv --dry-run",
        "crmdapp customers pepper link pepper.json 1 people.csv --account attestor --yes",
    ),
)
def link(
    ctx: typer.Context,
    path: PepperArgument,
    scope: ScopeArgument,
    identifiers: IdentifiersArgument,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    vault: VaultOption = None,
) -> None:
    """Link everybody's new tags, on chain and in the vault; the account is an attestor.

    What is linked is left out.
    """
    from crmdapp.cli._sending import confirm, origin
    from crmdapp.customers import rotation
    from crmdapp.customers.registering import link_many
    from crmdapp.customers.registry import RegistryClient
    from crmdapp.customers.rotation import open_taggers

    session = session_of(ctx)
    people = _identifiers_in(identifiers)
    directory = _directory(session, scope)
    taggers = open_taggers(path)
    left = rotation.plan(taggers, people, directory.space, directory)
    data = _plan_data(left)
    if session.dry_run:
        session.out.result({"dry_run": True, **data}, _plan_facts(left))
        return
    if not left.links:
        noted = _retag(session, vault, taggers, people, directory)
        session.out.result({"dry_run": False, **data, "in_vault": noted}, _plan_facts(left))
        return
    facts = [*_plan_facts(left).pairs, *origin(session)]
    session.out.show(Facts(facts), to_decide=not session.yes)
    confirm(session, f"Link {len(left.links):,} tags?")
    session.signer.unlock()
    until = deadline_of(session, deadline, valid_for)
    with session.out.progress("Linking", len(left.links), "tags") as progress:
        report = link_many(
            sending(session, RegistryClient),
            session.signer,
            scope,
            left.links,
            deadline=until,
            key=f"pepper rotation in scope {scope}",
            progress=progress.at,
        )
    noted = _retag(session, vault, taggers, people, directory)
    session.out.result(
        {
            **data,
            "linked": len(report.done),
            "skipped": report.skipped,
            "gas_used": report.gas_used,
            "in_vault": noted,
        },
        f"Linked {len(report.done):,} tags, {len(report.skipped):,} were left out;"
        f" {noted:,} new in the vault.",
    )


@command(
    pepper_app,
    "retire",
    cls=AskingCommand,
    examples=(
        "crmdapp customers pepper retire pepper.json 1 people.csv --dry-run",
        "crmdapp customers pepper retire pepper.json 1 people.csv --given-up lost.txt --yes",
    ),
)
def retire(
    ctx: typer.Context,
    path: PepperArgument,
    scope: ScopeArgument,
    identifiers: IdentifiersArgument,
    given_up: GivenUpOption = None,
    vault: VaultOption = None,
) -> None:
    """Destroy the old pepper once everybody can be found without it; refuses before.

    The ids that it led to are kept in a file beside it, for the next rotation.
    """
    from crmdapp.cli._sending import confirm
    from crmdapp.customers import rotation

    session = session_of(ctx)
    people = _identifiers_in(identifiers)
    lost = rotation.retired_ids(path) | (set() if given_up is None else _ids_in(given_up))
    directory = _directory(session, scope)
    taggers = rotation.open_taggers(path)
    left = rotation.require_finished(taggers, people, directory.space, directory, given_up=lost)
    with _vault_of(session, vault, taggers, directory) as held:
        if held is not None:
            held.require_finished(people, lost)
    if session.dry_run:
        session.out.result({"dry_run": True, **_plan_data(left)}, "Everybody can be found.")
        return
    confirm(session, f"Destroy the old pepper in {path} for ever?")
    rotation.retire(path, people, directory.space, directory, given_up=lost)
    session.out.say("Destroy its copies too, backups included.")
    session.out.result({"file": path, **_plan_data(left)}, f"{path} holds the new pepper alone.")


@command(
    app,
    "tags",
    examples=(
        "crmdapp customers tags pepper.json 1 people.csv",
        "crmdapp customers tags pepper.json 1 - --json",
    ),
)
def tags(
    ctx: typer.Context,
    path: PepperArgument,
    scope: ScopeArgument,
    identifiers: IdentifiersArgument,
) -> None:
    """Find people's profiles: tag, generation and profile of each line, or the tag to register."""
    from crmdapp.customers.rotation import open_taggers

    session = session_of(ctx)
    taggers = open_taggers(path)
    people = _identifiers_in(identifiers)
    directory = _directory(session, scope)
    rows = [_row(number, each, taggers, directory) for number, each in enumerate(people, start=1)]
    session.out.result(
        rows,
        Table(
            (">line", "tag", ">generation", "profile"),
            [
                (
                    str(row["number"]),
                    hex_of(row["tag"]),
                    str(row["generation"]),
                    hex_of(row["cid"]) if row["cid"] else "none",
                )
                for row in rows
            ],
        ),
    )


# --------------------------------------------------------------------------- inside


def _row(
    number: int, identifier: Identifier, taggers: Taggers, directory: ChainDirectory
) -> dict[str, Any]:
    found = taggers.find(identifier, directory.space, directory.status_of)
    return {
        "number": number,
        "kind": identifier.kind,
        "tag": found.tag,
        "id": found.id,
        "generation": found.generation,
        "cid": directory.resolve(found.id) if found.is_known else None,
    }


def _directory(session: Session, scope: int) -> ChainDirectory:
    from crmdapp.customers.directory import ChainDirectory
    from crmdapp.customers.registry import RegistryClient

    client = reading(session, RegistryClient)
    client.scope(scope)  # raises if there is none
    return ChainDirectory(client, scope)


@contextmanager
def _vault_of(
    session: Session, vault: str | None, taggers: Taggers, directory: ChainDirectory
) -> Iterator[Retagging | None]:
    """Give the company's vault, for its ids; ``None`` if it has none on this machine."""
    import time

    from crmdapp.customers.importing.retagging import Retagging
    from crmdapp.store.database import open_store

    usual = session.config.state_dir / "vault.sqlite3"
    if vault is None and not usual.exists():
        yield None
        return
    with open_store(vault or usual) as store:
        yield Retagging(store, taggers, directory.space, int(time.time()))


def _retag(
    session: Session,
    vault: str | None,
    taggers: Taggers,
    people: list[Identifier],
    directory: ChainDirectory,
) -> int:
    with _vault_of(session, vault, taggers, directory) as held:
        if held is None:
            return 0
        return held.run(people, lambda id_: directory.resolve(id_) is not None)


def _identifiers_in(path: Path) -> list[Identifier]:
    from crmdapp.customers.identifier_file import read_identifiers

    with _lines_of(path) as lines:
        return read_identifiers(lines, str(path))


def _ids_in(path: Path) -> set[bytes]:
    with _lines_of(path) as lines:
        return {word_of(line.strip(), "An id") for line in lines if line.strip()}


@contextmanager
def _lines_of(path: Path) -> Iterator[Iterable[str]]:
    if str(path) == "-":
        yield sys.stdin
        return
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield file
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None


def _plan_data(left: RotationPlan) -> dict[str, Any]:
    return {
        "to_link": len(left.links),
        "waiting": left.waiting,
        "conflicts": left.conflicts,
        "done": left.done,
        "unknown": left.unknown,
    }


def _plan_facts(left: RotationPlan) -> Facts:
    pairs = [f"{hex_of(old)} and {hex_of(new)}" for old, new in left.conflicts]
    return Facts(
        [
            ("To link", f"{len(left.links):,}"),
            ("Linked", f"{left.done:,}"),
            ("Wait for a merge", f"{left.waiting:,}"),
            ("Without a profile", f"{left.unknown:,}"),
            *[("Merge these", pair) for pair in pairs],
        ]
    )

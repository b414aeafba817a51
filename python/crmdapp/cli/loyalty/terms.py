"""``crmdapp loyalty terms``: writing, checking, publishing and accepting legal terms."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send, was_sent
from crmdapp.cli._values import format_time
from crmdapp.cli.loyalty._common import ProgramArgument, brand
from crmdapp.cli.loyalty._terms import FolderOption, folder_of, reading, sending, version_data
from crmdapp.errors import EXIT_VERIFICATION, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmdapp.loyalty.terms import Finding

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", help="Folder with terms.json and terms.md.")
]
app = group(
    help="Write, check, publish and accept legal terms.",
    examples=(
        "crmdapp loyalty terms init 2 --law 'the law of Portugal'",
        "crmdapp loyalty terms check terms-2",
    ),
)


@app.callback()
def terms_group() -> None:
    """Write, check, publish and accept legal terms.

    Terms are two files, terms.json for machines and terms.md for people; one hash names both.
    """


@command(
    app,
    "init",
    examples=(
        "crmdapp loyalty terms init 2 --law 'the law of Portugal'",
        "crmdapp loyalty terms init 2 --law 'the law of Spain' --earn '1 per 1.00 EUR'",
    ),
)
def init(
    ctx: typer.Context,
    program: ProgramArgument,
    folder: FolderOption = None,
    law: Annotated[
        str | None,
        typer.Option("--law", metavar="TEXT", help="Governing law; a blank to fill if left out."),
    ] = None,
    operator: Annotated[
        str | None,
        typer.Option("--operator", metavar="TEXT", help="Who runs the program: name and address."),
    ] = None,
    earn: Annotated[
        list[str] | None,
        typer.Option("--earn", metavar="RULE", help="Such as '1 per 1.00 EUR'; repeat."),
    ] = None,
) -> None:
    """Write default terms that agree with the chain; a template that no lawyer has reviewed."""
    import json

    from crmdapp.chain._files import create
    from crmdapp.loyalty.terms_draft import parse_earn
    from crmdapp.loyalty.terms_file import JSON_NAME, PROSE_NAME

    session = session_of(ctx)
    rules = [parse_earn(text) for text in earn or []]
    bundle = reading(session).draft(program, operator=operator, law=law, earn=rules)
    place = folder_of(folder, program)
    paths = place / JSON_NAME, place / PROSE_NAME
    for path in paths:
        if path.exists():
            raise UsageError(
                f"There is a file {path} already.", hint="Name another folder: --dir DIR"
            )
    _make_folder(place)
    text = json.dumps(bundle.terms.to_json(), indent=2, ensure_ascii=False) + "\n"
    create(paths[0], text.encode())
    create(paths[1], bundle.prose)
    for blank in bundle.placeholders:
        session.out.warn(f"Still to be filled in: {blank}")
    session.out.say("Read and correct the text; no lawyer has reviewed it. Then:")
    session.out.say(f"  crmdapp loyalty terms check {place}")
    session.out.say(f"  crmdapp loyalty terms publish {place}")
    session.out.result(
        {
            "program": program,
            "version": bundle.terms.version,
            "files": [str(path) for path in paths],
            "bundle_hash": bundle.hash,
            "placeholders": list(bundle.placeholders),
        },
        f"Wrote {paths[0]} and {paths[1]}, version {bundle.terms.version} of program {program}.",
    )


@command(
    app,
    "check",
    examples=(
        "crmdapp loyalty terms check terms-2",
        "crmdapp loyalty terms check terms-2 --json",
    ),
)
def check(ctx: typer.Context, folder: FolderArgument) -> None:
    """Say what the program may and may not do, and where the terms contradict the chain.

    The exit code is 8 if they do.
    """
    from crmdapp.loyalty.terms import Verdict, explain
    from crmdapp.loyalty.terms_file import TermsBundle

    session = session_of(ctx)
    bundle = TermsBundle.load(folder)
    findings = reading(session).check(bundle)
    told = explain(bundle.terms)
    count = Counter(finding.verdict for finding in findings)
    wrong = count[Verdict.CONTRADICTS]
    session.out.result(
        {
            "program": bundle.terms.program,
            "bundle_hash": bundle.hash,
            "contradictions": wrong,
            "placeholders": list(bundle.placeholders),
            "may": list(told.may),
            "may_not": list(told.may_not),
            "promises": list(told.promises),
            "findings": [_finding_data(finding) for finding in findings],
        },
        *_list(f"{bundle.terms.name} may, and the ledger lets it:", told.may),
        *_list("It may not, and the ledger keeps it from it:", told.may_not),
        *_list("It promises, and only its word stands for it:", told.promises),
        *_list(
            f"{count[Verdict.AGREES]} statements agree with the chain. Worth knowing:",
            [f.words for f in findings if f.verdict in (Verdict.NOTE, Verdict.OPEN)],
        ),
        *_list(
            f"The terms contradict the chain {wrong} times and can not be published:"
            if wrong
            else "",
            [f.words for f in findings if f.verdict is Verdict.CONTRADICTS],
        ),
        f"Hash 0x{bundle.hash.hex()}",
    )
    if wrong:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "publish",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty terms publish terms-2",
        "crmdapp loyalty terms publish terms-2 --once terms-of-2 --yes --json",
    ),
)
def publish(ctx: typer.Context, folder: FolderArgument) -> None:
    """Publish the next version; it takes effect an epoch later, the first one at once.

    The account owns the program. What is published can not be changed.
    """
    from crmdapp.loyalty.terms import published_in
    from crmdapp.loyalty.terms_file import TermsBundle

    session = session_of(ctx)
    bundle = TermsBundle.load(folder)
    client = sending(session)
    if not was_sent(session, session.once):
        client.require_true(bundle)
    terms = bundle.terms
    about = [
        ("Program", f"{terms.program} ({terms.name})"),
        ("Version", str(terms.version)),
        ("Hash", "0x" + bundle.hash.hex()),
    ]
    receipt = send(session, client.prepare.publish(bundle), about)
    if receipt is None:
        return
    version = published_in(receipt, client)
    session.out.say("Give both files to your customers, unchanged. They accept them with:")
    session.out.say(f"  crmdapp loyalty terms accept {terms.program} --dir {folder}")
    session.out.result(
        {**version_data(version), **receipt_data(receipt)},
        f"Version {version.version} takes effect {format_time(version.effective_at)}."
        f" {receipt_line(receipt)}",
    )


@command(
    app,
    "show",
    examples=(
        "crmdapp loyalty terms show 2",
        "crmdapp loyalty terms show 2 --member friend --json",
    ),
)
def show(
    ctx: typer.Context,
    program: ProgramArgument,
    member: Annotated[
        str | None,
        typer.Option("--member", metavar="WHO", help="Whether this one has accepted each version."),
    ] = None,
) -> None:
    """Show the published versions and which of them holds."""
    session = session_of(ctx)
    client = reading(session)
    chain = client.facts(program)
    address = None if member is None else session.address(member)
    rows, data = [], []
    for version in chain.versions:
        holds = version == chain.current
        entry = {**version_data(version), "holds": holds}
        row = [
            str(version.version),
            format_time(version.effective_at),
            "yes" if holds else "",
            "0x" + version.bundle_hash.hex(),
        ]
        if address is not None:
            accepted = client.is_accepted(program, version.bundle_hash, address)
            entry["accepted"] = accepted
            row.append("yes" if accepted else "no")
        rows.append(row)
        data.append(entry)
    columns = [">version", "takes effect", "holds", "hash"]
    session.out.result(
        {
            "program": program,
            "name": chain.program.name,
            "current": None if chain.current is None else chain.current.version,
            "member": address,
            "versions": data,
        },
        Facts([("Program", brand(chain.program))]),
        ""
        if rows
        else "No terms were published. Write them: crmdapp loyalty terms init " + str(program),
        Table([*columns, "accepted"] if address else columns, rows),
    )


# --------------------------------------------------------------------------- inside


def _make_folder(place: Path) -> None:
    try:
        place.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise UsageError(f"There is no folder {place.parent}.") from None
    except FileExistsError:
        raise UsageError(f"{place} is a file, not a folder.") from None


def _list(title: str, lines: Sequence[str]) -> list[str]:
    return [title, *(f"  - {line}" for line in lines), ""] if lines else []


def _finding_data(finding: Finding) -> dict[str, Any]:
    return {
        "field": finding.field,
        "verdict": finding.verdict.value,
        "stated": finding.stated,
        "actual": finding.actual,
        "words": finding.words,
    }

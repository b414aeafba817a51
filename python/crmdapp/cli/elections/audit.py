"""``crmdapp elections audit``, ``verify-report``: check an election without believing anybody."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from crmdapp.cli._deliver import json_text
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import read_file
from crmdapp.cli.elections._app import app

if TYPE_CHECKING:
    from crmdapp.ballots.audit_report import AuditReport
    from crmdapp.ballots.definition import Definition
    from crmdapp.ballots.evidence import ElectionRecord
    from crmdapp.cli._context import Session
    from crmdapp.cli._output import Output, Progress

_TITLES = {"proofs": ("Verifying", "ballots"), "second": ("Verifying again", "proofs")}


@command(
    app,
    "audit",
    examples=(
        "crmdapp elections audit 1 --definition council.json --out report.json",
        "crmdapp elections audit 1 --save record.jsonl.gz --second-implementation",
        "crmdapp elections audit 1 --record record.jsonl.gz --account me --sign --out report.json",
    ),
)
def audit(
    ctx: typer.Context,
    election: Annotated[int, typer.Argument(help="Number of the election.", min=1)],
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="Audit this record; ask no node."),
    ] = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", help="Keep the record; .gz packs it."),
    ] = None,
    definition: Annotated[
        Path | None,
        typer.Option("--definition", metavar="FILE", help="The election's definition."),
    ] = None,
    second: Annotated[
        bool,
        typer.Option("--second-implementation", help="Let a second program check a sample."),
    ] = False,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="K", min=1, help="How much it checks (20)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", metavar="N", min=1, help="Processes; all cores by default."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the report here.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign it with your key.")] = False,
) -> None:
    """Check every link of an election's chain of proof, from the chain or a record alone.

    All is recomputed: roll, ceremony, proofs, sums, decryptions, counts. A broken link is named,
    with its place and the reason, and ends the command with code 8.
    """
    from crmdapp.ballots.audit import SAMPLE, audit_election
    from crmdapp.ballots.audit_report import sign_report
    from crmdapp.ballots.definition import load_definition
    from crmdapp.chain._files import create, require_creatable
    from crmdapp.errors import UsageError

    if sign and out is None:
        raise UsageError("A signed report needs a file.", hint="Add --out FILE.")
    session = session_of(ctx)
    for file in (save, out):
        if file is not None:
            require_creatable(file)
    signer = session.signer if sign else None
    asked = None if definition is None else load_definition(definition)
    found = _record(session, election, record, asked)
    if save is not None:
        found.save(save)
        session.out.say(f"Record written to {save}.")
    with _Meters(session.out) as meters:
        report = audit_election(
            found,
            definition=None if asked is None else asked.canonical,
            workers=workers,
            second_implementation=(sample or SAMPLE) if second or sample is not None else 0,
            progress=meters,
        )
    data: dict[str, Any] = {"report": report.to_json()}
    if signer is not None:
        data = sign_report(report, signer).to_json()
    if out is not None:
        create(out, json_text(data).encode())
        session.out.say(f"Report written to {out}.")
    report.require_holds()
    _show(session, report, data, _words(asked, found))


@command(
    app,
    "verify-report",
    examples=(
        "crmdapp elections verify-report report.json",
        "crmdapp elections verify-report report.json --record record.jsonl.gz --json",
    ),
)
def verify_report(
    ctx: typer.Context,
    report: Annotated[Path, typer.Argument(metavar="FILE", help="A signed report.")],
    auditor: Annotated[
        str | None,
        typer.Option("--auditor", metavar="ADDRESS", help="Who has to have signed it."),
    ] = None,
    record: Annotated[
        Path | None,
        typer.Option("--record", metavar="FILE", help="The record that it has to be about."),
    ] = None,
) -> None:
    """Check who signed a report, and that nobody changed it since."""
    from crmdapp.ballots.audit_report import AuditReportRefused, SignedAuditReport
    from crmdapp.ballots.evidence_reading import load_record

    session = session_of(ctx)
    signed = read_file(report, SignedAuditReport.from_json)
    signed.require_valid()
    if auditor is not None and session.address(auditor) != signed.signer:
        raise AuditReportRefused(f"{signed.signer} signed it, not {session.address(auditor)}.")
    if record is not None and load_record(record).digest != signed.statement.record:
        raise AuditReportRefused("The report is about another record.")
    statement = signed.statement
    broken = signed.report.get("broken")
    outcome = "every link holds" if statement.holds else f"broken: {json.dumps(broken)}"
    session.out.result(
        {"signer": signed.signer, **signed.report},
        Facts(
            [
                ("Signed by", signed.signer),
                ("Election", str(statement.election)),
                ("Record", "0x" + statement.record.hex()),
                ("Found", outcome),
                ("Phase", str(signed.report.get("phase"))),
            ]
        ),
    )


def _record(
    session: Session, election: int, file: Path | None, definition: Definition | None
) -> ElectionRecord:
    """Return the record, from a file or from the chain."""
    from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
    from crmdapp.ballots.evidence_reading import load_record
    from crmdapp.errors import UsageError

    if file is None:
        contracts, since = contracts_of(session.manifest)
        with _Meter(session.out, "Reading", "transactions") as meter:
            return collect_record(
                session.connection,
                contracts,
                election,
                since_block=since,
                definition=None if definition is None else definition.canonical,
                progress=meter,
            )
    found = load_record(file)
    if found.election != election:
        raise UsageError(f"{file} is the record of election {found.election}, not of {election}.")
    return found


class _Meter:
    """Shows how far a piece of work is, once it is known how much there is."""

    def __init__(self, out: Output, title: str, unit: str) -> None:
        self._out, self._title, self._unit = out, title, unit
        self._stack = ExitStack()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()

    def __call__(self, done: int, of: int) -> None:
        if self._bar is None:
            progress = self._out.progress(self._title, of, self._unit)
            self._bar = self._stack.enter_context(progress)
        self._bar.at(done)


class _Meters:
    """Shows how far an audit is: each link in its turn."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._stack = ExitStack()
        self._meters: dict[str, _Meter] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self._stack.close()

    def __call__(self, link: str, done: int, of: int) -> None:
        if not of:
            self._stack.close()
            self._out.detail(f"Checking the link '{link}'.")
            return
        if link not in self._meters:
            title, unit = _TITLES.get(link, ("Checking", "things"))
            meter = _Meter(self._out, title, unit)
            self._meters[link] = self._stack.enter_context(meter)
        self._meters[link](done, of)


def _words(asked: Definition | None, record: ElectionRecord) -> Definition | None:
    """Return the definition, whose words the result is shown in; it was checked."""
    from crmdapp.ballots.definition import read_definition

    if asked is not None or record.definition is None:
        return asked
    return read_definition(record.definition)


def _show(
    session: Session, report: AuditReport, data: dict[str, Any], words: Definition | None
) -> None:
    rows: list[tuple[str, str, str]] = []
    for result in report.questions:
        number = result.question
        title = f"Question {number}" if words is None else words.questions[number].title
        rows.append((title, f"{result.phase}, {result.ballots:,} ballots", ""))
        for option, count in enumerate(result.counts):
            name = f"Option {option}" if words is None else words.questions[number].options[option]
            rows.append(("", name, f"{count:,}"))
    links = [
        (link.name, link.state, f"{link.checked:,}" if link.checked else "")
        for link in report.links
    ]
    session.out.result(
        data,
        Table(("Link", "State", ">Checked"), links),
        Table(("Question", "Answer", ">Votes"), rows),
        Facts(
            [
                ("Election", f"{report.election}, {report.phase}"),
                ("Voters", f"{report.voters:,}"),
                ("Until", f"block {report.block:,}, {format_time(report.time)}"),
                ("Record", "0x" + report.record.hex()),
                *(("Note", note) for note in report.notes),
            ]
        ),
    )

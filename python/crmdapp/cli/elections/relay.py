"""``crmdapp elections relay``: bring other people's signed ballots to the box."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli._values import parse_span
from crmdapp.cli.elections._app import app
from crmdapp.cli.elections._voter import BoxOption, box_of
from crmdapp.errors import NodeProblem

if TYPE_CHECKING:
    from crmdapp.ballots.relay import Relay, RelayRound
    from crmdapp.ballots.relay_inbox import InboxReport
    from crmdapp.cli._context import Session

_PATIENCE = 60.0
"""Most seconds between two looks at a node that failed."""


@command(
    app,
    "relay",
    cls=AskingCommand,
    examples=(
        "crmdapp elections relay inbox/ --yes",
        "crmdapp elections relay inbox/ --watch --every 10s --batch 50 --yes",
    ),
)
def relay(
    ctx: typer.Context,
    inbox: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Folder of signed ballots, one JSON file each.")
    ],
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking into the folder until interrupted.")
    ] = False,
    every: Annotated[
        str, typer.Option("--every", metavar="SPAN", help="With --watch: how often, such as 10s.")
    ] = "10s",
    batch: Annotated[
        int, typer.Option("--batch", metavar="NUMBER", min=1, max=255, help="Most ballots of one.")
    ] = 50,
    journal: Annotated[
        Path | None, typer.Option("--journal", metavar="FILE", help="The relayer's journal.")
    ] = None,
    box: BoxOption = None,
) -> None:
    """Verify the ballots in a folder and send them in batches, each at most once.

    Ballots that are taken move into FOLDER/taken; of the others the reason is written beside them.
    Interrupted, even killed, and run again, it goes on where it was.
    """
    from crmdapp.ballots.relay import Relay

    session = session_of(ctx)
    client = box_of(session, box, sends=True)
    name = f"relay-{client.connection.chain_id}-{client.contract.address}.sqlite3"
    place = journal or session.config.state_dir / name
    relayer = Relay.with_journal(client, place, most=batch)
    with relayer.journal:
        _agree(session, inbox, relayer)
        if session.dry_run:
            counts = relayer.journal.counts()
            session.out.result({"dry_run": True, "journal": counts}, "Nothing was sent.")
            return
        if watch:
            _watch(session, relayer, inbox, parse_span(every))
            return
        _tell(session, relayer, _taken(session, relayer, inbox), relayer.work())


def _agree(session: Session, inbox: Path, relayer: Relay) -> None:
    """Ask once, for all batches."""
    from crmdapp.errors import UsageError

    if not inbox.is_dir():
        raise UsageError(f"There is no folder {inbox}.", hint="Make it first.")
    files = sum(not path.name.endswith(".refused.json") for path in inbox.glob("*.json"))
    counts = relayer.journal.counts()
    going = counts["waiting"] + counts["batched"]
    about = [
        ("Function", "BallotBox.castBatch"),
        *origin(session),
        ("Ballots", f"{files:,} files, {going:,} in the journal"),
    ]
    session.out.show(Facts(about), to_decide=not session.yes)
    if not session.dry_run:
        confirm(session, "Relay them?")
        session.signer.unlock()


def _taken(session: Session, relayer: Relay, inbox: Path) -> InboxReport:
    from crmdapp.ballots.relay_inbox import take_folder

    report = take_folder(relayer, inbox)
    for name, problem in report.refused:
        session.out.warn(f"{name}: {problem} ({problem.code})")
    return report


def _watch(session: Session, relayer: Relay, inbox: Path, pause: float) -> None:
    """Look again and again; a node that fails is asked again, later and later."""
    wait = pause
    while True:
        try:
            report = _taken(session, relayer, inbox)
            done = relayer.work()
            wait = pause
            if report.taken or done.counted or done.skipped or done.refused:
                session.out.say(_line(relayer, done))
        except NodeProblem as problem:
            session.out.warn(f"{problem} Trying again in {wait:g} s.")
            time.sleep(wait)
            wait = min(2 * wait, max(_PATIENCE, pause))
            continue
        time.sleep(pause)


def _tell(session: Session, relayer: Relay, report: InboxReport, done: RelayRound) -> None:
    def rows(state: str, ballots: Any) -> list[list[str]]:
        return [[state, each.tracker.hex(), each.voter, each.reason] for each in ballots]

    counts = relayer.journal.counts()
    session.out.result(
        {
            "taken": list(report.taken),
            "not_taken": [
                {"file": name, "code": problem.code, "message": str(problem)}
                for name, problem in report.refused
            ],
            "counted": [each.tracker for each in done.counted],
            "skipped": [{"tracker": each.tracker, "reason": each.reason} for each in done.skipped],
            "refused": [{"tracker": each.tracker, "reason": each.reason} for each in done.refused],
            "batches": done.batches,
            "gas_used": done.gas_used,
            "journal": counts,
        },
        Table(
            ["State", "Tracker", "Voter", "Reason"],
            [*rows("skipped", done.skipped), *rows("refused", done.refused)],
        ),
        _line(relayer, done),
    )


def _line(relayer: Relay, done: RelayRound) -> str:
    counts = relayer.journal.counts()
    each = f", {done.gas_used // len(done.counted):,} gas a ballot" if done.counted else ""
    return (
        f"{len(done.counted):,} ballots counted in {done.batches:,} batches{each};"
        f" {len(done.skipped):,} skipped, {len(done.refused):,} refused;"
        f" {counts['waiting'] + counts['batched']:,} on their way."
    )

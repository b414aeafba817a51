"""``award-file``: a CSV of purchases, checked as a whole, awarded once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli._values import format_ether, points_data
from crmdapp.cli.loyalty._app import app
from crmdapp.cli.loyalty._common import ProgramArgument, amount, brand

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.award_file import AwardPlan, AwardReport, Chunk
    from crmdapp.loyalty.models import Program


@command(
    app,
    "award-file",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty award-file 2 purchases.csv",
        "crmdapp loyalty award-file 2 purchases.csv --yes --json",
    ),
)
def award_file(
    ctx: typer.Context,
    program: ProgramArgument,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with the header address,points.")
    ],
) -> None:
    """Award every line of a CSV file, once, however often it is run.

    The whole file is checked before anything is sent. Stopped at any point, the same command
    continues where it was.
    """
    from crmdapp.loyalty.award_file import validate

    session = session_of(ctx)
    session.out.detail(f"Checking {file}")
    plan = validate(file)
    client = session.loyalty
    found = client.program(program)
    lacking = _lacking(session, plan, program)
    missing = sum(chunk.rows for chunk in lacking)
    present = plan.rows - missing
    if missing:
        _show(session, plan, found, lacking)
    else:
        session.out.say(f"All {plan.rows:,} lines were awarded before; nothing is sent.")
    if session.dry_run:
        session.out.result(
            {
                "dry_run": True,
                "program": program,
                "rows": plan.rows,
                "rows_before": present,
                "batches": len(plan.chunks),
                "file_sha256": plan.sha256,
                **points_data(plan.units),
            },
            f"{plan.rows:,} lines are in order, {missing:,} of them not awarded yet."
            " Nothing was sent.",
        )
        return
    if missing:
        confirm(session, "Award them?")
        session.signer.unlock()
    _result(session, plan, found, _run(session, plan, program))


def _lacking(session: Session, plan: AwardPlan, program: int) -> list[Chunk]:
    """Return the batches that the chain does not have yet."""
    hub = session.loyalty.hub
    return [
        chunk
        for chunk in plan.chunks
        if not any(hub.read("batchDigestOf", program, plan.batch_id(chunk)))
    ]


def _show(session: Session, plan: AwardPlan, program: Program, lacking: Sequence[Chunk]) -> None:
    """Show what will be sent and what it may cost at most."""
    from crmdapp.chain.transactions import TX_GAS_CAP

    # One award to oneself tells whether the account may award at all, and the price of gas.
    trial = session.loyalty.prepare.award(program.id, session.signer.address, 1)
    price = session.sender.simulate(trial).max_fee
    batches, rows = len(lacking), sum(chunk.rows for chunk in lacking)
    before = f" of {plan.rows:,}, the others were awarded before" if rows < plan.rows else ""
    points = sum(chunk.units for chunk in lacking)
    session.out.show(
        Facts(
            [
                ("Function", "PointsHub.awardMany"),
                *origin(session),
                ("Program", brand(program)),
                ("Lines", f"{rows:,}{before}"),
                ("Points", amount(points, program)),
                ("Gas", f"up to {TX_GAS_CAP:,} in each of {batches:,} batches"),
                ("Fee ceiling", format_ether(batches * TX_GAS_CAP * price)),
            ]
        ),
        to_decide=not session.yes,
    )


def _run(session: Session, plan: AwardPlan, program: int) -> AwardReport:
    from crmdapp.loyalty.award_file import award_file as award

    with session.out.progress("Awarding", plan.rows, "lines") as bar:
        return award(session.loyalty, plan, program, progress=lambda done, *_: bar.at(done))


def _result(session: Session, plan: AwardPlan, program: Program, report: AwardReport) -> None:
    rate = report.rows_awarded / report.seconds if report.seconds else 0.0
    words = (
        f"Awarded {report.rows_awarded:,} of {report.rows:,} lines"
        + (f" ({report.rows_before:,} were awarded before)" if report.rows_before else "")
        + f", {amount(report.units, program)} in all; {report.gas:,} gas,"
        f" {format_ether(report.fee)}, {report.seconds:.1f} s, {rate:,.0f} lines/s."
    )
    session.out.result(
        {
            "program": program.id,
            "rows": report.rows,
            "rows_awarded": report.rows_awarded,
            "rows_before": report.rows_before,
            "batches": report.chunks,
            "gas_used": report.gas,
            "fee": report.fee,
            "seconds": round(report.seconds, 3),
            "file_sha256": plan.sha256,
            **points_data(report.units),
        },
        words,
    )

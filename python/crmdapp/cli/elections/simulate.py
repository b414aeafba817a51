"""``crmdapp elections simulate``: hold a whole election on the local chain."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli.chain import move_clock
from crmdapp.cli.elections._app import app
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.simulation import SimulationReport
    from crmdapp.cli._context import Session

SilentOption = Annotated[
    list[int] | None,
    typer.Option("--silent", metavar="J", help="A trustee who does nothing; repeat for more."),
]


@command(
    app,
    "simulate",
    cls=AskingCommand,
    examples=(
        "crmdapp elections simulate --voters 100 --options 3 --trustees 5,3 --yes",
        "crmdapp elections simulate --trustees 5,3 --silent 2 --bad-dealer 4 --spoiled 5",
    ),
)
def simulate(
    ctx: typer.Context,
    voters: Annotated[int, typer.Option("--voters", metavar="N", help="How many vote.")] = 100,
    options: Annotated[int, typer.Option("--options", metavar="K", help="To choose from.")] = 2,
    trustees: Annotated[
        str, typer.Option("--trustees", metavar="N,T", help="How many, and how many decrypt.")
    ] = "3,2",
    spoiled: Annotated[
        int, typer.Option("--spoiled", metavar="PERCENT", help="Voters who spoil a ballot too.")
    ] = 0,
    silent: SilentOption = None,
    bad_dealer: Annotated[
        list[int] | None,
        typer.Option("--bad-dealer", metavar="J", help="A trustee who deals a wrong share."),
    ] = None,
    precincts: Annotated[int, typer.Option("--precincts", metavar="N", help="Precincts.")] = 1,
    workers: Annotated[
        int, typer.Option("--workers", metavar="N", help="Processes that make ballots.")
    ] = 1,
    seed: Annotated[
        str, typer.Option("--seed", metavar="TEXT", help="From which keys and votes come.")
    ] = "simulation",
) -> None:
    """Hold a whole election on the local chain, timed phase by phase, and audit it.

    The chain's clock is moved forward from phase to phase. Nothing of it is secret.
    """
    from crmdapp.ballots.simulate import Simulator
    from crmdapp.ballots.simulation import SimulationPlan

    session = session_of(ctx)
    number, threshold = _pair(trustees)
    plan = SimulationPlan(
        voters=voters,
        options=options,
        trustees=number,
        threshold=threshold,
        spoiled=spoiled,
        silent=tuple(silent or ()),
        bad_dealers=tuple(bad_dealer or ()),
        precincts=precincts,
        workers=workers,
        seed=seed,
    )
    about = [*origin(session), ("Election", f"{voters:,} voters, {number} trustees")]
    session.out.show(Facts(about), to_decide=not session.yes)
    if session.dry_run:
        session.out.result({"dry_run": True}, "Nothing was sent.")
        return
    confirm(session, "Hold it?")
    session.signer.unlock()
    clock = _LocalClock(session)
    with tempfile.TemporaryDirectory(prefix="crmdapp-") as folder:
        simulator = Simulator(
            session.manifest,
            session.sender,
            plan,
            clock,
            Path(folder),
            progress=lambda name: session.out.say(f"{name} ..."),
        )
        report = simulator.run()
    _tell(session, report)


class _LocalClock:
    """The local chain's clock."""

    def __init__(self, session: Session) -> None:
        self._session = session
        move_clock(session, session.connection.block_timestamp() + 1)  # refused elsewhere

    def advance_to(self, timestamp: int) -> None:
        """Make a block of that time, unless there is a later one."""
        if timestamp > self._session.connection.block_timestamp():
            move_clock(self._session, timestamp)


def _pair(text: str) -> tuple[int, int]:
    try:
        number, threshold = (int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"{text!r} are no trustees.", hint="Write how many there are and decrypt: 5,3"
        ) from None
    return number, threshold


def _tell(session: Session, report: SimulationReport) -> None:
    rows = [
        [each.name, f"{each.seconds:,.2f}", f"{each.transactions:,}", f"{each.gas:,}"]
        for each in report.phases
    ]
    refused = ", ".join(f"{count:,} {name}" for name, count in report.refused.items())
    session.out.result(
        report.to_json(),
        Table(["Phase", ">Seconds", ">Transactions", ">Gas"], rows),
        Facts(
            [
                ("Election", str(report.election)),
                ("Result", ", ".join(f"{count:,}" for count in report.totals)),
                ("Counted", f"{report.counted:,} ballots"),
                ("Refused", refused or "none"),
                ("Excluded", ", ".join(map(str, report.excluded)) or "no dealer"),
                ("Gas", f"{report.gas_per_ballot:,} a relayed ballot"),
                ("Speed", f"{report.ballots_per_second:,.0f} ballots a second"),
                ("Audit", f"{len(report.audit)} links hold"),
            ]
        ),
    )

"""The sample's elections: one that is over and audited, and one that is open."""

from __future__ import annotations

from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.simulate import Simulator
from crmdapp.ballots.simulation import SimulationPlan, SimulationReport
from crmdapp.sample.stage import DAY, Stage

VOTERS, OPEN_VOTERS = 16, 8
ABSENT = 3
"""Voters of the open election who have not voted yet; the last one's key is ``sample-voter``."""

_HOLDER = "election office"


def finish(stage: Stage) -> None:
    """Hold a small secret election from its first day to the count, and audit it."""
    plan = SimulationPlan(
        voters=VOTERS,
        options=3,
        seed=stage.secret("finished election").hex(),
        title="Shall the town square have trees?",
    )
    _publish(stage, _simulator(stage, plan, "finished").run())


def leave_open(stage: Stage) -> None:
    """Hold another one up to its first votes, and leave it open for a week."""
    plan = SimulationPlan(
        voters=OPEN_VOTERS,
        absent=ABSENT,
        seed=stage.secret("open election").hex(),
        title="Who shall speak for the market?",
        voting_seconds=7 * DAY,
    )
    stage.keep("voter", plan.secret("voter", OPEN_VOTERS - 1))
    stage.keep("trustee", plan.secret("trustee", 1))
    _publish(stage, _simulator(stage, plan, "open").open())


def _publish(stage: Stage, report: SimulationReport) -> None:
    """Put the definition where the server looks for the words of an election."""
    from crmdapp.web.ballots.definitions import FOLDER, DefinitionShelf

    shelf = DefinitionShelf(stage.state / "ballots" / FOLDER)
    shelf.keep(read_definition(report.definition))


def _simulator(stage: Stage, plan: SimulationPlan, name: str) -> Simulator:
    folder = stage.folder / name
    folder.mkdir(exist_ok=True)
    return Simulator(stage.manifest, stage.sender(_HOLDER), plan, stage, folder)

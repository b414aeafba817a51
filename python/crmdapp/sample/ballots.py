"""The sample's elections: one that is over and audited, one that is open, and an open poll."""

from __future__ import annotations

from crmdapp.ballots.simulate import Simulator
from crmdapp.ballots.simulation import SimulationPlan
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
    _simulator(stage, plan, "finished").run()


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
    _simulator(stage, plan, "open").open()


def _simulator(stage: Stage, plan: SimulationPlan, name: str) -> Simulator:
    folder = stage.folder / name
    folder.mkdir(exist_ok=True)
    return Simulator(stage.manifest, stage.sender(_HOLDER), plan, stage, folder)

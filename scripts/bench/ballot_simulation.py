"""A whole election of 10,000 voters, simulated: how fast ballots are cast, and how fast audited.

Ballots are made in processes of their own, and taken, verified, sent and counted by the relayer
that is shipped, with its journal. Times are by the clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from crmdapp.ballots.simulate import Simulator
from crmdapp.ballots.simulation import SimulationPlan
from crmdapp.chain import Connection, Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain.deployments import deploy_all, plan
from scripts.bench.chain import START, Chain
from scripts.bench.python import rounded
from scripts.bench.table import Row
from tests.fixtures.anvil import DEV_KEYS

PLAN = SimulationPlan(
    voters=10_000, trustees=5, threshold=3, workers=2, seed="scripts.bench.ballot_simulation"
)
QUICK = SendPolicy(timeout=60, poll=0.02)  # seconds


class _Clock:
    """The chain's time, in the simulator's words."""

    def __init__(self, chain: Chain, connection: Connection) -> None:
        self._chain, self._connection = chain, connection

    def advance_to(self, timestamp: int) -> None:
        """Let time pass up to then, if it is not past."""
        left = timestamp - self._connection.block_timestamp()
        if left > 0:
            self._chain.wait(left)


def measure(chain: Chain) -> Iterator[Row]:
    """Yield the rows.

    Raises:
        SimulationFailed: The result is not what was voted for.
        AuditFailed: The audit found a broken link.
    """
    with TemporaryDirectory() as name, connect(chain.url) as connection:
        folder = Path(name)
        with Journal(folder / "journal.sqlite3") as journal:
            sender = Sender(connection, LocalSigner(DEV_KEYS[0]), journal, policy=QUICK)
            everything = plan(test_coin=True, now=START)
            manifest = deploy_all(connection, sender, everything, folder / "manifest.json")
            simulator = Simulator(manifest, sender, PLAN, _Clock(chain, connection), folder)
            report = simulator.run()
    yield Row(
        "ballots",
        f"seal, sign, relay and count {PLAN.voters:,} ballots, {PLAN.batch} in a batch",
        rounded(report.ballots_per_second),
        "ballots/s",
        target=550,
    )
    seconds = {each.name: each.seconds for each in report.phases}
    yield Row(
        "ballots",
        f"audit {PLAN.voters:,} ballots from the chain, {PLAN.workers} processes",
        rounded(seconds["collect record"] + seconds["audit"]),
        "s",
        target=60,
    )

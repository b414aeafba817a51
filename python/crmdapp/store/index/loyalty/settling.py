"""Asking the chain about the few rows whose ages the events left in doubt.

After a span of blocks the accounts in doubt are read from the hub, each at the block of its latest
change, so that the index tells what the chain tells. A node that no longer has that state leaves
them in doubt: their sums are right, and whoever shows them reads the chain (``exact`` is false).
"""

from __future__ import annotations

from crmdapp.chain.calls import BoundContract
from crmdapp.chain.connection import Connection
from crmdapp.chain.manifest import Manifest
from crmdapp.errors import NodeProblem
from crmdapp.store.index.deriving import Rows, settles
from crmdapp.store.index.loyalty._accounts import ages
from crmdapp.store.index.loyalty._doubts import doubts_of
from crmdapp.store.index.loyalty.rings import ring_of
from crmdapp.store.index.loyalty.tables import BALANCES, SUPPLIES

MOST = 2_000
"""Rows asked about after one span of blocks."""


@settles
def settle(rows: Rows, connection: Connection, manifest: Manifest, block: int) -> None:
    """Read what is in doubt from the hub, at the block of its latest change up to ``block``."""
    doubts = doubts_of(rows)
    if not doubts:
        return
    hub = connection.contract("PointsHub", manifest.address("PointsHub"))
    try:
        for program, account, changed in doubts[:MOST]:
            if account:
                _settle_balance(rows, hub, program, account, min(changed, block))
            else:
                _settle_supply(rows, hub, program, min(changed, block))
    except NodeProblem:
        return  # such as one that keeps only recent states


def _settle_balance(rows: Rows, hub: BoundContract, program: int, account: str, block: int) -> None:
    row = rows.get(BALANCES, program, account)
    if row is not None and not row["exact"]:
        by_age = hub.read("statementOf", program, account, block=block).byAge
        rows.change(BALANCES, program, account, exact=True, **ages(ring_of(by_age)))


def _settle_supply(rows: Rows, hub: BoundContract, program: int, block: int) -> None:
    row = rows.get(SUPPLIES, program)
    if row is not None and not row["exact"]:
        by_age = hub.read("liabilityOf", program, block=block)
        rows.change(SUPPLIES, program, exact=True, **ages(ring_of(by_age)))

"""A program's prices as they stand at a time: an announced pair holds from its moment on.

Source: ``pricesOf`` of contracts/loyalty/PointsNetwork.sol.
"""

from __future__ import annotations

from datetime import UTC, datetime

from crmdapp.loyalty.network_models import Prices
from crmdapp.store.index.deriving import Row


def prices_in(row: Row, now: int) -> Prices:
    """Return the prices of a program's row that hold at ``now``, Unix seconds."""
    at = row["prices_at"]
    if at and at <= now:
        return Prices(row["program"], row["next_on_ramp"], row["next_off_ramp"])
    return Prices(
        row["program"],
        row["on_ramp"],
        row["off_ramp"],
        row["next_on_ramp"],
        row["next_off_ramp"],
        datetime.fromtimestamp(at, UTC) if at else None,
    )


def announced(row: Row, on_ramp: int, off_ramp: int, effective_at: int, now: int) -> Row:
    """Return a program's row with prices that were announced at ``now``."""
    held = prices_in(row, now)
    return {
        **row,
        "on_ramp": held.on_ramp,
        "off_ramp": held.off_ramp,
        "next_on_ramp": on_ramp,
        "next_off_ramp": off_ramp,
        "prices_at": effective_at,
    }

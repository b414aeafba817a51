"""Rows of accounts and supplies, brought to the present of an event."""

from __future__ import annotations

from typing import Any

from crmdapp.loyalty.models import EpochClock
from crmdapp.loyalty.points import UNLIMITED
from crmdapp.store.index.deriving import Entry, Row, Rows
from crmdapp.store.index.errors import RowMissing
from crmdapp.store.index.loyalty._doubts import doubt
from crmdapp.store.index.loyalty.rings import EMPTY, LANES, Ring, rolled
from crmdapp.store.index.loyalty.tables import BALANCES, CLOCKS, FLOWS, ISSUERS, SUPPLIES

ONE = 1
"""Key of the only clock."""


def clock_of(rows: Rows) -> EpochClock:
    """Return the hub's clock.

    Raises:
        RowMissing: The index was begun without it.
    """
    row = rows.get(CLOCKS, ONE)
    if row is None:
        raise RowMissing("The index does not know the hub's clock.", table=CLOCKS.name)
    return EpochClock(row["genesis"], row["epoch_length"])


def epoch_of(rows: Rows, entry: Entry) -> int:
    """Return the epoch in which an event happened."""
    epoch: int | None = rows.scratch.get(EpochClock)
    if epoch is None:  # the same for all of the block
        epoch = rows.scratch[EpochClock] = clock_of(rows).epoch_at(entry.timestamp)
    return epoch


def ring_in(row: Row) -> Ring:
    """Return the points of a row by age, as of the row's epoch."""
    return (row["age_0"], row["age_1"], row["age_2"], row["age_3"])


def ages(ring: Ring) -> dict[str, int]:
    """Return a ring as columns."""
    return {"age_0": ring[0], "age_1": ring[1], "age_2": ring[2], "age_3": ring[3]}


def balance_at(rows: Rows, program: int, account: str, entry: Entry, epoch: int) -> Row:
    """Return an account's row with its points as they stand at an event; a new one if none."""
    row = rows.get(BALANCES, program, account)
    if row is None:
        rows.add(SUPPLIES, program, holders=1)
        return _opened(program, account, entry, epoch)
    if row["epoch"] == epoch:
        return row
    return {**row, "epoch": epoch, **ages(rolled(ring_in(row), row["epoch"], epoch))}


def keep_balance(rows: Rows, row: Row, ring: Ring, entry: Entry, **changes: Any) -> None:
    """Store an account's points; without points there is no doubt about their ages."""
    exact = changes.pop("exact", row["exact"]) or ring == EMPTY
    if not exact:
        doubt(rows, row["program"], row["account"])
    kept = {**row, "last_at": entry.timestamp, "exact": exact, **changes}
    kept["age_0"], kept["age_1"], kept["age_2"], kept["age_3"] = ring
    rows.replace(BALANCES, kept)


def supply_at(rows: Rows, program: int, epoch: int) -> Row:
    """Return a program's supply as it stands in an epoch, and book what expired on the way."""
    row = rows.get(SUPPLIES, program)
    if row is None:
        raise RowMissing("An event is about a program that was not created.", table=SUPPLIES.name)
    if row["epoch"] == epoch:
        return row
    for at, units in expiries(ring_in(row), row["epoch"], epoch):
        rows.add(FLOWS, program, at, expired=units)
    ring = rolled(ring_in(row), row["epoch"], epoch)
    return {**row, "epoch": epoch, "coupon_points": 0, **ages(ring)}


def expiries(ring: Ring, epoch: int, current: int) -> list[tuple[int, int]]:
    """Return the epochs, up to ``current``, at whose beginning points expired, with the units."""
    return [
        (epoch + LANES - age, ring[age])
        for age in reversed(range(LANES))
        if ring[age] and epoch + LANES - age <= current
    ]


def keep_supply(rows: Rows, row: Row, ring: Ring, **changes: Any) -> None:
    """Store a program's supply."""
    exact = changes.pop("exact", row["exact"]) or ring == EMPTY
    if not exact:
        doubt(rows, row["program"], "")
    rows.replace(SUPPLIES, row, exact=exact, **ages(ring), **changes)


def spend_budget(rows: Rows, program: int, caller: str, points: int, epoch: int) -> Row | None:
    """Book an award on its issuer's budget and return the row before.

    Nothing is booked for an unlimited issuer, or if the caller is none: then ``None``.
    """
    row = rows.get(ISSUERS, program, caller)
    if row is None or row["budget"] in (0, UNLIMITED):
        return None
    used = (row["used"] if row["epoch"] == epoch else 0) + points
    rows.replace(ISSUERS, row, used=used, epoch=epoch)
    return row


def _opened(program: int, account: str, entry: Entry, epoch: int) -> Row:
    return {
        "program": program,
        "account": account,
        "epoch": epoch,
        **ages(EMPTY),
        "qualifying": 0,
        "tier": 0,
        "debt": 0,
        "first_at": entry.timestamp,
        "last_at": entry.timestamp,
        "exact": True,
    }

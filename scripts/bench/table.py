"""Rows: what was measured, what it is held against, and how both are shown and kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

AREAS = ("customers", "loyalty", "provenance", "ballots", "index", "api")


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is held against.

    Attributes:
        target: What was aimed for.
        floor: What storage, events and calldata of the duties cost at least.
        reason: Why the target is missed, if it is; one clause.
    """

    target: int
    floor: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation, measured.

    Attributes:
        area: One of `AREAS`.
        operation: What was done, and in which state.
        ours: Our figure.
        unit: Of all figures of the row. More is better if it ends in `/s`, else less is.
        target: What was aimed for; None where nothing was and the best peer is the target.
        floor: What physics allows (for `/s`, at most; else, at least); None if not known.
        peers: Their figures for the same operation in the same state, by name.
        reason: Why the target is missed, one clause; kept and shown only if it is.
    """

    area: str
    operation: str
    ours: float
    unit: str
    target: float | None = None
    floor: float | None = None
    peers: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""

    def __post_init__(self) -> None:
        """Refuse a row that nothing can be held against."""
        if self.area not in AREAS:
            raise ValueError(f"{self.operation}: no area {self.area!r}")
        if self.target is None and not self.peers:
            raise ValueError(f"{self.operation}: neither a target nor a peer")

    @property
    def is_more_better(self) -> bool:
        """Whether the unit is a rate."""
        return self.unit.endswith("/s")

    @property
    def best_peer(self) -> str | None:
        """Name of the peer with the best figure."""
        choose = max if self.is_more_better else min
        return choose(self.peers, key=self.peers.__getitem__) if self.peers else None

    @property
    def ratio(self) -> float | None:
        """Our figure divided by the best peer's, to three decimals."""
        return round(self.ours / self.peers[self.best_peer], 3) if self.best_peer else None

    @property
    def met(self) -> bool:
        """Whether the target is reached; without one, whether no peer is better."""
        goal = self.target
        if goal is None:
            goal = self.peers[self.best_peer] if self.best_peer else self.ours
        return self.ours >= goal if self.is_more_better else self.ours <= goal

    def to_json(self) -> dict[str, Any]:
        """Return the row as `results.json` keeps it."""
        return {
            "area": self.area,
            "operation": self.operation,
            "ours": self.ours,
            "target": self.target,
            "floor": self.floor,
            "unit": self.unit,
            "peers": dict(self.peers),
            "ratio": self.ratio,
            "met": self.met,
            "reason": "" if self.met else self.reason,
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Row:
        """Return what :meth:`to_json` gave."""
        derived = ("ratio", "met")
        return cls(**{name: value for name, value in kept.items() if name not in derived})


def write_results(path: Path, meta: Mapping[str, Any], rows: Iterable[Row]) -> None:
    """Write `results.json`.

    Args:
        path: The file.
        meta: What the figures depend on.
        rows: What was measured, of every area.
    """
    results = {"meta": meta, "rows": [row.to_json() for row in rows]}
    path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def render(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the lines of the table for people, misses marked."""
    listed = list(rows)
    for area in AREAS:
        of_area = [row for row in listed if row.area == area]
        if of_area:
            yield f"{area:<60}{'ours':>12}{'target':>12}{'floor':>12}{'ratio':>8}         best peer"
            yield from (_line(row) for row in of_area)
            yield ""
    missed = [row for row in listed if not row.met]
    yield f"{len(listed)} rows, {len(missed)} missed" + (":" if missed else "")
    for row in missed:
        why = f": {row.reason}" if row.reason else ""
        yield f"  MISS {row.operation}: {_figure(row.ours)} {row.unit}, {_goal(row)}{why}"


def _line(row: Row) -> str:
    figures = "".join(f"{_figure(each):>12}" for each in (row.ours, row.target, row.floor))
    ratio = "" if row.ratio is None else f"{row.ratio:.3f}"
    peer = f"{row.best_peer} {_figure(row.peers[row.best_peer])}" if row.best_peer else "nobody"
    what = f"{row.operation} ({row.unit})"
    return f"{what:<60}{figures}{ratio:>8}  {'met ' if row.met else 'MISS'}   {peer}"


def _goal(row: Row) -> str:
    if row.target is not None:
        return f"target {_figure(row.target)}"
    assert row.best_peer is not None
    return f"{row.best_peer} {_figure(row.peers[row.best_peer])}"


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}"

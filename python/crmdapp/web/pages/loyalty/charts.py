"""Charts that the server draws: bars with their numbers, beside a table that says the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdapp.loyalty.points import to_points

WIDTH, HEIGHT = 480, 200
_TOP, _BOTTOM, _SIDE = 24, 40, 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in the units of the drawing."""

    x: float
    y: float
    width: float
    height: float
    middle: float
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart.

    Attributes:
        bars: From left to right.
        base: Height of the axis.
        summary: What it shows, in one sentence, for those who do not see it.
    """

    bars: tuple[Bar, ...]
    base: float
    summary: str
    width: int = WIDTH
    height: int = HEIGHT


def bars(values: Sequence[tuple[str, int]], summary: str) -> Chart:
    """Return a chart of labelled units; the largest fills the height."""
    most = max((units for _, units in values), default=0) or 1
    room = (WIDTH - 2 * _SIDE) / max(1, len(values))
    tall = HEIGHT - _TOP - _BOTTOM
    found = []
    for place, (label, units) in enumerate(values):
        height = round(tall * units / most, 1)
        x = round(_SIDE + place * room + room * 0.15, 1)
        found.append(
            Bar(
                x=x,
                y=round(_TOP + tall - height, 1),
                width=round(room * 0.7, 1),
                height=height,
                middle=round(x + room * 0.35, 1),
                label=label,
                text=to_points(units, grouped=True),
            )
        )
    return Chart(tuple(found), HEIGHT - _BOTTOM, summary)

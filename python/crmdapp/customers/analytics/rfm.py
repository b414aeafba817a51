"""Recency, frequency and monetary value: scores from 1 to 5 by quintile, and segments.

For each of the three, customers are put in order and cut into fifths; 5 is the best fifth. Equal
values get equal scores, so fifths may differ in size. Money is not on the chain: the points that a
customer earned stand for it, which is right as long as a program gives the same for each amount.

Source: A. M. Hughes, Strategic Database Marketing, Probus 1994, chapter 7 (scores by quintile, each
of the three on its own).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from crmdapp.customers.analytics.groups import MINIMUM, withheld
from crmdapp.customers.analytics.movements import Kind, Movement, by_account

DAY = 86_400

SEGMENTS: Mapping[str, str] = {
    "champions": "recency and frequency 4 or 5",
    "loyal": "recency and frequency 3 or more, not both 4 or 5",
    "new": "recency 4 or 5, frequency 1 or 2",
    "promising": "recency 3, frequency 1 or 2",
    "at risk": "recency 1 or 2, frequency 3 or more",
    "lapsed": "recency and frequency 1 or 2",
}
"""Name of each segment, and the scores that make it; every customer is in one."""


@dataclass(frozen=True, slots=True)
class Score:
    """One customer's scores.

    Attributes:
        account: Its address.
        days: Whole days since it last earned points.
        awards: How often it earned points.
        units: How many it earned, in units of 0.01 point.
        recency: 1 to 5; 5 is most recent.
        frequency: 1 to 5; 5 is most often.
        monetary: 1 to 5; 5 is most.
    """

    account: str
    days: int
    awards: int
    units: int
    recency: int
    frequency: int
    monetary: int

    @property
    def segment(self) -> str:
        """The segment, one of :data:`SEGMENTS`."""
        recent, often = self.recency, self.frequency
        if recent <= 2:
            return "at risk" if often >= 3 else "lapsed"
        if often <= 2:
            return "new" if recent >= 4 else "promising"
        return "champions" if recent >= 4 and often >= 4 else "loyal"


@dataclass(frozen=True, slots=True)
class SegmentFigures:
    """One segment in figures.

    Attributes:
        segment: Its name.
        people: Customers in it; ``None`` if its figures are withheld.
        days: Mean days since the last award; ``None`` if withheld or empty.
        awards: Mean number of awards; likewise.
        units: Mean units earned, rounded down; likewise.
    """

    segment: str
    people: int | None
    days: float | None
    awards: float | None
    units: int | None


def score(movements: Iterable[Movement], now: int) -> list[Score]:
    """Return the scores of all who ever earned points, by address.

    Args:
        movements: Theirs; others than awards do not count.
        now: Unix seconds; later movements do not count.
    """
    earned = by_account(each for each in movements if each.kind is Kind.EARNED and each.time <= now)
    accounts = sorted(earned)
    days = [(now - max(each.time for each in earned[account])) // DAY for account in accounts]
    awards = [len(earned[account]) for account in accounts]
    units = [sum(each.units for each in earned[account]) for account in accounts]
    rows = zip(
        accounts,
        days,
        awards,
        units,
        quintiles([-value for value in days]),
        quintiles(awards),
        quintiles(units),
        strict=True,
    )
    return [Score(*row) for row in rows]


def quintiles(values: Sequence[int]) -> list[int]:
    """Return for each value 1 to 5: 1 plus the full fifths of the values that are smaller."""
    ordered = sorted(values)
    return [1 + 5 * bisect_left(ordered, value) // len(ordered) for value in values]


def figures(scores: Sequence[Score], minimum: int = MINIMUM) -> list[SegmentFigures]:
    """Return the segments in figures, in the order of :data:`SEGMENTS`.

    Args:
        scores: Of all customers whose data may be used.
        minimum: Fewest customers of a segment that is shown.
    """
    members = {name: [each for each in scores if each.segment == name] for name in SEGMENTS}
    hidden = withheld([len(found) for found in members.values()], minimum)
    return [
        SegmentFigures(name, None, None, None, None)
        if index in hidden
        else _figures_of(name, found)
        for index, (name, found) in enumerate(members.items())
    ]


def _figures_of(name: str, found: Sequence[Score]) -> SegmentFigures:
    people = len(found)
    if not people:
        return SegmentFigures(name, 0, None, None, None)
    return SegmentFigures(
        name,
        people,
        sum(each.days for each in found) / people,
        sum(each.awards for each in found) / people,
        sum(each.units for each in found) // people,
    )

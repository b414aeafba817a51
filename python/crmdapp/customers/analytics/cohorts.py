"""Retention by cohort: who came back, by the period in which they first earned points.

A plain cohort table: each row has the customers whose first award fell into the same period, each
column says how many of them earned or spent points so many periods later. Period 0 is the first and
holds all of them. Periods that are not over are left out: they would look like losses.

Source: P. S. Fader and B. G. S. Hardie, How to project customer retention, Journal of Interactive
Marketing 21 (2007), for the table; rows here are calendar cohorts without a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crmdapp.customers.analytics.groups import MINIMUM, withheld
from crmdapp.customers.analytics.movements import Kind, Movement, by_account
from crmdapp.errors import UsageError

_ACTIVE = (Kind.EARNED, Kind.SPENT)
PERIODS_MAX = 60
"""Most periods that a table has."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """Customers who began in the same period.

    Attributes:
        begins_at: When the period begins, Unix seconds.
        people: How many they are; ``None`` if the cohort is withheld.
        active: How many of them were active k periods later, from 0 on; ``None`` for a number that
            is withheld, because it or its complement is small.
    """

    begins_at: int
    people: int | None
    active: tuple[int | None, ...]


def cohorts(
    movements: Iterable[Movement],
    start: int,
    period: int,
    now: int,
    minimum: int = MINIMUM,
) -> list[Cohort]:
    """Return the cohort table, oldest first.

    Args:
        movements: Of all customers whose data may be used.
        start: When the first period begins, Unix seconds; earlier movements do not count.
        period: Its length in seconds, at least a minute.
        now: Unix seconds.
        minimum: Fewest customers of a cohort that is shown.

    Raises:
        UsageError: The period is too short, or there are too many.
    """
    if period < 60:
        raise UsageError(f"A period has at least 60 seconds, not {period:,}.")
    whole = max(0, (now - start) // period)
    if whole > PERIODS_MAX:
        raise UsageError(
            f"There are {whole:,} periods of {period:,} seconds: too many for a table.",
            hint="Choose a longer period, or a later start.",
        )
    table: list[list[set[str]]] = [[set() for _ in range(whole - row)] for row in range(whole)]
    for account, items in by_account(movements).items():
        for row, column in _cells(items, start, period, whole):
            table[row][column].add(account)
    return _shown(table, start, period, minimum)


def _cells(
    items: Sequence[Movement], start: int, period: int, whole: int
) -> Iterable[tuple[int, int]]:
    """Yield the cells of the table in which one customer counts."""
    earned = [each.time for each in items if each.kind is Kind.EARNED]
    if not earned or min(earned) < start:
        return
    first = (min(earned) - start) // period
    for each in items:
        number = (each.time - start) // period
        if each.kind in _ACTIVE and first <= number < whole:
            yield first, number - first


def _shown(
    table: Sequence[Sequence[set[str]]], start: int, period: int, minimum: int
) -> list[Cohort]:
    hidden = withheld([len(row[0]) for row in table], minimum)
    return [
        Cohort(start + index * period, None, ())
        if index in hidden
        else _cohort(start + index * period, [len(cell) for cell in row], minimum)
        for index, row in enumerate(table)
    ]


def _cohort(begins_at: int, counts: Sequence[int], minimum: int) -> Cohort:
    people = counts[0]
    return Cohort(
        begins_at,
        people,
        tuple(None if _tells(count, people, minimum) else count for count in counts),
    )


def _tells(count: int, people: int, minimum: int) -> bool:
    """Return whether a number says much of few: of those who came, or of those who did not."""
    return 0 < count < minimum or 0 < people - count < minimum

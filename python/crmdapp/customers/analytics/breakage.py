"""How many of the points that are out will never be spent: the breakage forecast.

Points are like patients of whom some are spent and some live on. Spending takes the oldest points
first, as the ledger does, which gives each unit a life: it ends when it is spent, or is cut off
(censored) when it is given away, lapses, or is still there now. From these the Kaplan-Meier
estimator gives S(a), the share of units that are not spent by age a. A unit of age a that lapses at
age L will be broken with chance S(L) / S(a).

The interval comes from a grouped jackknife over customers, whose units are not independent of each
other. It covers chance, not change: if customers begin to behave in another way, it knows nothing
of it. Points that were received from others count towards what is out, not towards S: their age is
not in the history.

Source: E. L. Kaplan and P. Meier, JASA 53 (1958); J. Shao and D. Tu, The Jackknife and Bootstrap,
Springer 1995, section 5.5 (groups); IFRS 15, B44 to B47, for what breakage is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from crmdapp.chain._keccak import keccak
from crmdapp.customers.analytics.groups import MINIMUM, require_group
from crmdapp.customers.analytics.movements import Kind, Movement, by_account

PARTS = 10
"""Groups of customers that the jackknife leaves out in turn."""

_Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Piece:
    """Some units of one award, and how their life ended.

    Attributes:
        units: How many.
        age: Seconds from the award to the end, or to now.
        is_spent: Whether they were spent; else they were cut off at that age.
    """

    units: int
    age: int
    is_spent: bool


@dataclass(frozen=True, slots=True)
class Outstanding:
    """Units that are out now.

    Attributes:
        units: How many.
        age: Seconds since they were awarded or received.
        left: Seconds until they lapse.
    """

    units: int
    age: int
    left: int


@dataclass(frozen=True, slots=True)
class Life:
    """What became of one customer's points.

    Attributes:
        account: Its address.
        pieces: The lives of what it earned.
        outstanding: What it has now.
    """

    account: str
    pieces: tuple[Piece, ...]
    outstanding: tuple[Outstanding, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """How much of what is out will lapse.

    Attributes:
        people: Customers it is computed from.
        outstanding: Units that are out.
        expected: Units of them that are expected to lapse.
        low: Lower end of the 95 % interval, in units.
        high: Upper end, in units.
        curve: (age in seconds, share of units not spent by then), falling, from (0, 1.0) on.
    """

    people: int
    outstanding: int
    expected: int
    low: int
    high: int
    curve: tuple[tuple[int, float], ...]

    @property
    def rate(self) -> float:
        """Expected share of what is out, 0 to 1; 0 if nothing is."""
        return self.expected / self.outstanding if self.outstanding else 0.0


def lives(movements: Iterable[Movement], expires_at: Callable[[int], int], now: int) -> list[Life]:
    """Return what became of each customer's points.

    Args:
        movements: In the order in which they happened.
        expires_at: Gives for the time of an award when its points lapse, both Unix seconds.
        now: Unix seconds.
    """
    return [
        _Ledger(account, expires_at, now).read(items)
        for account, items in by_account(movements).items()
    ]


def forecast(found: Sequence[Life], minimum: int = MINIMUM) -> Forecast:
    """Return how much of what is out will lapse.

    Args:
        found: Of all customers whose data may be used.
        minimum: Fewest customers that a forecast is made from.

    Raises:
        GroupTooSmall: They are fewer.
    """
    require_group("customers whose points may be counted", len(found), minimum)
    curve = survival(piece for life in found for piece in life.pieces)
    out = [each for life in found for each in life.outstanding]
    total = sum(each.units for each in out)
    expected = _expected(curve, out)
    spread = _Z * _error(found, out)
    return Forecast(
        people=len(found),
        outstanding=total,
        expected=round(expected),
        low=max(0, round(expected - spread)),
        high=min(total, round(expected + spread)),
        curve=curve,
    )


def survival(pieces: Iterable[Piece]) -> tuple[tuple[int, float], ...]:
    """Return the Kaplan-Meier estimate as steps (age, share not spent by then), from (0, 1.0) on.

    Units that were cut off at an age count as at risk at that age: they could have been spent.
    """
    spent: defaultdict[int, int] = defaultdict(int)
    ended: defaultdict[int, int] = defaultdict(int)
    for piece in pieces:
        ended[piece.age] += piece.units
        if piece.is_spent:
            spent[piece.age] += piece.units
    at_risk, left = sum(ended.values()), 1.0
    curve = [(0, 1.0)]
    for age in sorted(ended):
        if spent[age]:
            left *= 1 - spent[age] / at_risk
            curve.append((age, left))
        at_risk -= ended[age]
    return tuple(curve)


def _expected(curve: Sequence[tuple[int, float]], out: Iterable[Outstanding]) -> float:
    """Return how many of the units that are out will lapse."""
    ages = [age for age, _ in curve]

    def left(age: int) -> float:
        return curve[bisect_right(ages, age) - 1][1]

    return sum(
        each.units * left(each.age + each.left) / left(each.age)
        for each in out
        if left(each.age) > 0
    )


def _error(found: Sequence[Life], out: Sequence[Outstanding]) -> float:
    """Return the jackknife's standard error of the expected units."""
    parts: defaultdict[int, list[Life]] = defaultdict(list)
    for life in found:
        parts[keccak(life.account.lower().encode())[0] % PARTS].append(life)
    estimates = [
        _expected(survival(_pieces_without(parts, number)), out) for number in sorted(parts)
    ]
    count = len(estimates)
    if count < 2:
        return 0.0
    mean = sum(estimates) / count
    return sqrt((count - 1) / count * sum((each - mean) ** 2 for each in estimates))


def _pieces_without(parts: Mapping[int, Sequence[Life]], number: int) -> Iterable[Piece]:
    return (
        piece
        for other, lives_ in parts.items()
        if other != number
        for life in lives_
        for piece in life.pieces
    )


@dataclass(slots=True)
class _Lot:
    """Units of one award or gift that are still there."""

    units: int
    time: int
    is_own: bool


class _Ledger:
    """Follows one customer's lots, oldest first."""

    def __init__(self, account: str, expires_at: Callable[[int], int], now: int) -> None:
        self._account = account
        self._expires_at = expires_at
        self._now = now
        self._lots: deque[_Lot] = deque()
        self._pieces: list[Piece] = []

    def read(self, items: Iterable[Movement]) -> Life:
        for each in items:
            if each.time > self._now:
                break
            self._lapse(each.time)
            if each.kind in (Kind.EARNED, Kind.RECEIVED):
                self._lots.append(_Lot(each.units, each.time, each.kind is Kind.EARNED))
            elif each.kind is not Kind.LAPSED:  # what lapsed is gone by the clock already
                self._take(each.units, each.time, is_spent=each.kind is Kind.SPENT)
        self._lapse(self._now)
        out = tuple(self._outstanding(lot) for lot in self._lots)
        for lot in self._lots:
            self._end(lot, lot.units, self._now, is_spent=False)
        return Life(self._account, tuple(self._pieces), out)

    def _outstanding(self, lot: _Lot) -> Outstanding:
        return Outstanding(lot.units, self._now - lot.time, self._expires_at(lot.time) - self._now)

    def _lapse(self, time: int) -> None:
        while self._lots and self._expires_at(self._lots[0].time) <= time:
            lot = self._lots.popleft()
            self._end(lot, lot.units, self._expires_at(lot.time), is_spent=False)

    def _take(self, units: int, time: int, *, is_spent: bool) -> None:
        while units and self._lots:
            lot = self._lots[0]
            taken = min(units, lot.units)
            self._end(lot, taken, time, is_spent=is_spent)
            lot.units -= taken
            units -= taken
            if not lot.units:
                self._lots.popleft()

    def _end(self, lot: _Lot, units: int, time: int, *, is_spent: bool) -> None:
        if lot.is_own:
            self._pieces.append(Piece(units, time - lot.time, is_spent))

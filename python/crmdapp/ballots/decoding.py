"""Finding the counts in a decrypted accumulator, and knowing beforehand whether that is possible.

The result is M = x G, where x holds the counts of all options but the first in slots of b bits.
Trying every x would take as many steps as N ballots can be split among k options, C(N + k - 1,
k - 1). The search meets in the middle: a table of the multiples of G that the lower slots can give,
and a walk that takes what the upper slots can give from M until the rest is in the table. One slot
is cut in two where needed, so for k = 2 this is the classic baby-step giant-step, of about
2 sqrt(N) steps.

For few options the steps are about the square root of all splits. For many they are far more: both
halves have to allow for all ballots being in the other, and the table is limited by memory. So what
decides is the number of steps itself (:func:`search_steps`). :func:`require_decodable` refuses what
would take too long *before* an election is created: an election whose result nobody can compute is
worse than none. Decoding itself refuses nothing: if more ballots came than were foreseen, it takes
longer.

Source: Shanks, "Class number, a theory of factorization and genera", 1971 (baby-step giant-step);
Baudron et al., PODC 2001 (counts in slots).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb, isqrt
from typing import TypeAlias

from crmdapp.ballots._affine import Affine, affine, shifted
from crmdapp.ballots.choice import OPTIONS_MAX, OPTIONS_MIN, SLOTS_MAX
from crmdapp.ballots.faults import ElectionUndecodable, ResultUndecodable
from crmdapp.ballots.group import IDENTITY, Point, multiply_base

STEPS_MAX = 1 << 26
"""Most steps of a search: some four minutes, at about 3.5 microseconds each."""

BITS_MAX = 32
"""Most bits of a count that the contracts take."""

TABLE_MAX = 1 << 20
"""Most points of the table, about 150 bytes each."""

BLOCK = 1 << 12
"""Most points that are moved on at once."""

_KEY_MASK = (1 << 62) - 1

_Block: TypeAlias = tuple[list[Affine], list[int]]
"""Points, and the x of each."""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A slot, or the lower or upper part of one.

    Attributes:
        exponent: What one unit of it adds to x.
        ballots: How many ballots one unit of it takes.
        most: Its greatest value.
        step: What one unit of it adds to the point of the walk.
        doubled: The step times 1, 2, 4, ... BLOCK.
    """

    exponent: int
    ballots: int
    most: int
    step: Point
    doubled: tuple[Affine, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How to divide the slots.

    Attributes:
        table: Points of the table.
        walk: Points of the walk, at most; it ends halfway on average.
        whole: Slots that are in the table as a whole.
        cut: How many values of the next slot the table has.
    """

    table: int
    walk: int
    whole: int
    cut: int


def splits(options: int, ballots: int) -> int:
    """Return how many ways there are to split so many ballots among so many options."""
    return comb(ballots + options - 1, options - 1)


def search_steps(options: int, ballots: int) -> int:
    """Return how many steps the search for the counts of a Choice takes at most.

    Args:
        options: k, 2 to 32.
        ballots: How many ballots the accumulator holds.
    """
    plan = _plan(options - 1, ballots)
    return plan.table + plan.walk


def bits_for(ballots: int) -> int:
    """Return the bits of a slot that can hold any count of so many ballots, at least 1."""
    return max(ballots.bit_length(), 1)


def most_ballots(options: int) -> int:
    """Return how many ballots an accumulator of a Choice may hold so that it can be decoded.

    Args:
        options: k, 2 to 32.

    Raises:
        ElectionUndecodable: A Choice has not so many options.
    """
    if not OPTIONS_MIN <= options <= OPTIONS_MAX:
        raise ElectionUndecodable(
            f"A question has {OPTIONS_MIN} to {OPTIONS_MAX} options, got {options}.",
            options=options,
        )
    low, high = 0, (1 << min(SLOTS_MAX // (options - 1), BITS_MAX)) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if search_steps(options, middle) <= STEPS_MAX:
            low = middle
        else:
            high = middle - 1
    return low


def require_decodable(options: int, ballots: int) -> int:
    """Check that the counts of a Choice can be found, and return the bits of a slot.

    Args:
        options: k, 2 to 32.
        ballots: The most that one accumulator may hold, merged precincts included.

    Raises:
        ElectionUndecodable: They cannot; ``most`` says how many ballots could be.
    """
    most = most_ballots(options)
    if ballots > most:
        raise ElectionUndecodable(
            f"{ballots:,} ballots over {options} options could not be counted.",
            options=options,
            ballots=ballots,
            most=most,
            why=f"One sum of {options} options can be decoded for up to {most:,} ballots.",
            hint="Divide the voters into smaller precincts, or make it a vector question.",
        )
    return bits_for(ballots)


def decode_choice(M: Point, options: int, bits: int, ballots: int) -> tuple[int, ...]:
    """Return the counts c_0 to c_(k-1) of a Choice's accumulator.

    Args:
        M: The result in the exponent.
        options: k.
        bits: b, of each count's slot.
        ballots: How many ballots the accumulator holds.

    Raises:
        ResultUndecodable: No counts of so many ballots give this result.
    """
    slots = [1 << bits * slot for slot in range(options - 1)]
    for x in _exponents(M, slots, ballots):
        later = [x >> bits * slot & (1 << bits) - 1 for slot in range(options - 1)]
        if sum(later) <= ballots:
            return (ballots - sum(later), *later)
    raise _undecodable(ballots)


def decode_option(M: Point, ballots: int) -> int:
    """Return how many ballots chose an option of a Vector.

    Args:
        M: The result in the exponent, of the option's accumulator.
        ballots: How many ballots the accumulator holds, below 2^32.

    Raises:
        ResultUndecodable: No count of so many ballots gives this result.
    """
    return decode_choice(M, 2, BITS_MAX, ballots)[1]


def _exponents(M: Point, slots: Sequence[int], ballots: int) -> Iterator[int]:
    """Yield the exponents x with M = x G that the slots can give; none or one."""
    lower, upper = _halves(slots, ballots)
    table: dict[int, int] = {}
    for points, exponents in _blocks(IDENTITY, lower, ballots):
        table.update(zip(map(_key, points), exponents, strict=True))
    for rests, exponents in _blocks(M, upper, ballots):
        for key, x in zip(map(_key, rests), exponents, strict=True):
            # A point and its negative have one key, and two points may: the exponent counts.
            if key in table and multiply_base(table[key] + x) == M:
                yield table[key] + x


def _key(point: Affine) -> int:
    return -1 if point is None else point[0] & _KEY_MASK


def _halves(slots: Sequence[int], ballots: int) -> tuple[list[_Slot], list[_Slot]]:
    """Divide the slots so that table and walk are about as long, one of them cut in two.

    Args:
        slots: What one ballot adds to x, slot by slot.
        ballots: How many ballots there are.
    """
    plan = _plan(len(slots), ballots)
    whole, cut = plan.whole, plan.cut
    lower = [_slot(each, 1, ballots, 1) for each in slots[:whole]]
    lower.append(_slot(slots[whole], 1, cut - 1, 1))
    upper = [_slot(each, 1, ballots, -1) for each in slots[whole + 1 :]]
    upper.append(_slot(slots[whole] * cut, cut, ballots // cut, -1))
    return lower, upper


def _plan(slots: int, ballots: int) -> _Plan:
    """Return the division with the fewest steps on average whose table is not too large."""
    plans: list[_Plan] = []
    for whole in range(slots):
        row = splits(whole + 1, ballots)
        if whole and row > TABLE_MAX:
            break
        # The walk has a part for each multiple of the cut that the next slot can have; as the
        # parts get smaller, they are fewer than the first and all of them divided by the cut.
        first, every = splits(slots - whole, ballots), splits(slots - whole + 1, ballots)
        cut = max(1, min(isqrt(every // (2 * row)), TABLE_MAX // row, ballots + 1))
        plans.append(_Plan(cut * row, first + every // cut, whole, cut))
    return min(plans, key=lambda plan: 2 * plan.table + plan.walk)


def _slot(exponent: int, ballots: int, most: int, sign: int) -> _Slot:
    step = multiply_base(sign * exponent)
    powers = [step]
    while len(powers) < BLOCK.bit_length():
        powers.append(powers[-1] + powers[-1])
    return _Slot(exponent, ballots, most, step, tuple(map(affine, powers)))


def _blocks(start: Point, slots: Sequence[_Slot], ballots: int) -> Iterator[_Block]:
    """Yield every point that the slots lead to from the start, and its x, many at a time."""
    if len(slots) == 1:
        yield from _row(start, slots[0], ballots)
        return
    if splits(len(slots) + 1, ballots) <= BLOCK:
        yield _square(start, slots, ballots)
        return
    slot, point = slots[-1], start
    for value in range(_values(slot, ballots)):
        x = value * slot.exponent
        for points, exponents in _blocks(point, slots[:-1], ballots - value * slot.ballots):
            yield points, [x + each for each in exponents]
        point = point + slot.step


def _row(start: Point, slot: _Slot, ballots: int) -> Iterator[_Block]:
    """Yield the points that one slot leads to, in blocks: each is the one before, moved on."""
    count = _values(slot, ballots)
    points: list[Affine] = [affine(start)]
    while len(points) < min(count, BLOCK):
        points += shifted(points, slot.doubled[len(points).bit_length() - 1])
    width = len(points)
    for done in range(0, count, width):
        if done:
            points = shifted(points, slot.doubled[-1])
        left = min(width, count - done)
        yield points[:left], [(done + value) * slot.exponent for value in range(left)]


def _square(start: Point, slots: Sequence[_Slot], ballots: int) -> _Block:
    """Return all the points that a few small slots lead to."""
    found: list[tuple[Affine, int, int]] = [(affine(start), 0, ballots)]
    for slot in slots:
        layer = found
        for _ in range(slot.most):
            layer = [each for each in layer if each[2] >= slot.ballots]
            if not layer:
                break
            moved = shifted([point for point, _, _ in layer], slot.doubled[0])
            layer = [
                (point, x + slot.exponent, left - slot.ballots)
                for point, (_, x, left) in zip(moved, layer, strict=True)
            ]
            found = found + layer
    return [point for point, _, _ in found], [x for _, x, _ in found]


def _values(slot: _Slot, ballots: int) -> int:
    return min(slot.most, ballots // slot.ballots) + 1


def _undecodable(ballots: int) -> ResultUndecodable:
    return ResultUndecodable(
        f"No counts of {ballots:,} ballots belong to this result.",
        why="A share, the sum or the number of ballots is wrong.",
    )

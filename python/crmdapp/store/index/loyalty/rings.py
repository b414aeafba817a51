"""Points by age, and what time and spending do to them: the ledger's own arithmetic.

A ring is a tuple of four amounts, youngest first, as of an epoch: ``ring[k]`` expires when
``epoch + 4 - k`` begins. Source: contracts/loyalty/types/EpochRing.sol.
"""

from __future__ import annotations

from collections.abc import Sequence

LANES = 4
EMPTY = (0, 0, 0, 0)

Ring = tuple[int, int, int, int]


def rolled(ring: Ring, epoch: int, current: int) -> Ring:
    """Return what is left of a ring of ``epoch`` at ``current``, which is not before it."""
    shift = current - epoch
    if shift <= 0:
        return ring
    if shift >= LANES:
        return EMPTY
    return ring_of((0,) * shift + ring[: LANES - shift])


def oldest(ring: Ring, points: int) -> Ring:
    """Return the amounts that make up ``points``, the oldest first; all there is if too few."""
    taken = [0, 0, 0, 0]
    for age in reversed(range(LANES)):
        taken[age] = min(ring[age], points)
        points -= taken[age]
    return ring_of(taken)


def plus(ring: Ring, other: Ring) -> Ring:
    """Return the sum, age by age."""
    return (ring[0] + other[0], ring[1] + other[1], ring[2] + other[2], ring[3] + other[3])


def minus(ring: Ring, other: Ring) -> Ring:
    """Return the difference, age by age; no amount falls below 0."""
    return ring_of([max(0, mine - its) for mine, its in zip(ring, other, strict=True)])


def scaled(ring: Ring, multiplier: int, divisor: int) -> Ring:
    """Return every amount times ``multiplier`` / ``divisor``, each rounded down."""
    return ring_of([amount * multiplier // divisor for amount in ring])


def at_age(age: int, points: int) -> Ring:
    """Return a ring with ``points`` of one age, 0 to 3."""
    return ring_of([0] * age + [points] + [0] * (LANES - 1 - age))


def unpacked(amounts: int) -> Ring:
    """Return the lanes of a word of the ledger, 48 bits each, youngest in the lowest bits."""
    return ring_of([amounts >> (48 * age) & ((1 << 48) - 1) for age in range(LANES)])


def lanes_in_use(ring: Ring) -> int:
    """Return how many ages hold anything."""
    return sum(amount != 0 for amount in ring)


def ring_of(amounts: Sequence[int]) -> Ring:
    """Return four amounts as a ring."""
    first, second, third, fourth = amounts
    return (first, second, third, fourth)

"""How small a group may be before its figures are withheld.

A figure about few people tells of each of them. Groups below :data:`MINIMUM` are withheld, and so
many of the others that the withheld ones cannot be computed from the total: primary and
complementary cell suppression.

Source: L. Willenborg and T. de Waal, Elements of Statistical Disclosure Control, Springer 2001,
chapter 4 (threshold rule and secondary suppression).
"""

from __future__ import annotations

from collections.abc import Sequence

from crmdapp.customers.analytics.errors import GroupTooSmall

MINIMUM = 10
"""Fewest customers of a group whose figures are shown."""


def require_group(group: str, people: int, minimum: int = MINIMUM) -> None:
    """Refuse a figure about too few.

    Args:
        group: What they have in common, for people.
        people: How many they are.
        minimum: How many there have to be.

    Raises:
        GroupTooSmall: They are fewer.
    """
    if people < minimum:
        raise GroupTooSmall(group, people, minimum)


def withheld(sizes: Sequence[int], minimum: int = MINIMUM) -> frozenset[int]:
    """Return the indexes of the groups whose figures must not be shown beside their total.

    Empty groups are shown: they are about nobody. If any group is withheld, at least two are, and
    together they have at least ``minimum`` people, else all others are withheld too.

    Args:
        sizes: People in each group; every person is in one.
        minimum: Fewest people of a group that is shown.
    """
    hidden = {index for index, size in enumerate(sizes) if 0 < size < minimum}
    rest = sorted((size, index) for index, size in enumerate(sizes) if size >= minimum)
    while hidden and rest and (len(hidden) < 2 or sum(sizes[each] for each in hidden) < minimum):
        hidden.add(rest.pop(0)[1])
    return frozenset(hidden)

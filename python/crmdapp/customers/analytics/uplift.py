"""What a campaign changed: a comparison of two proportions.

Customers who got the offer are compared with a control group that did not. The difference of the
shares who bought is the uplift, with Newcombe's interval, which holds its level for small groups
and for shares near 0 and 1, and the two-proportion z-test. It is the campaign's doing only if
chance decided who got the offer. Those who claimed a coupon are no such group: they chose to.

Source: R. G. Newcombe, Interval estimation for the difference between independent proportions,
Statistics in Medicine 17 (1998), method 10; E. B. Wilson, JASA 22 (1927), for the single shares.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

from crmdapp.customers.analytics.errors import GroupsOverlap
from crmdapp.customers.analytics.groups import MINIMUM, require_group

LEVEL = 0.95
"""Confidence level of intervals."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of a group, with Wilson's interval at :data:`LEVEL`.

    Attributes:
        people: Customers in the group.
        responded: Those of them who did what is counted.
        low: Lower end of the interval, 0 to 1.
        high: Upper end of the interval, 0 to 1.
    """

    people: int
    responded: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share itself, 0 to 1."""
        return self.responded / self.people


@dataclass(frozen=True, slots=True)
class Uplift:
    """What the offer changed.

    Attributes:
        offered: Those who got the offer.
        control: Those who did not.
        difference: Share of the first less share of the second, -1 to 1.
        low: Lower end of its interval at :data:`LEVEL`.
        high: Upper end of its interval.
        p_value: Chance of a difference at least as large, in either direction, if the offer did
            nothing; 1 if all or none responded.
    """

    offered: Share
    control: Share
    difference: float
    low: float
    high: float
    p_value: float


def share(responded: int, people: int) -> Share:
    """Return a share with its interval.

    Args:
        responded: 0 to ``people``.
        people: 1 or more.
    """
    z = _quantile()
    p, n = responded / people, people
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(people, responded, max(0.0, middle - half), min(1.0, middle + half))


def uplift(
    offered: Collection[str],
    control: Collection[str],
    responded: Collection[str],
    minimum: int = MINIMUM,
) -> Uplift:
    """Return what the offer changed.

    Args:
        offered: Customers who got the offer and whose data may be used.
        control: Customers who did not, likewise.
        responded: Those, of all, who did what is counted.
        minimum: Fewest customers of each group.

    Raises:
        GroupsOverlap: Somebody is in both.
        GroupTooSmall: One of the groups is too small.
    """
    first, second, found = set(offered), set(control), set(responded)
    if first & second:
        raise GroupsOverlap(len(first & second))
    require_group("customers with the offer who may be counted", len(first), minimum)
    require_group("customers without the offer who may be counted", len(second), minimum)
    return compare(share(len(first & found), len(first)), share(len(second & found), len(second)))


def compare(offered: Share, control: Share) -> Uplift:
    """Return the difference of two shares."""
    difference = offered.value - control.value
    below = sqrt((offered.value - offered.low) ** 2 + (control.high - control.value) ** 2)
    above = sqrt((offered.high - offered.value) ** 2 + (control.value - control.low) ** 2)
    return Uplift(
        offered,
        control,
        difference,
        difference - below,
        difference + above,
        _p_value(offered, control),
    )


def _p_value(offered: Share, control: Share) -> float:
    pooled = (offered.responded + control.responded) / (offered.people + control.people)
    error = sqrt(pooled * (1 - pooled) * (1 / offered.people + 1 / control.people))
    if not error:
        return 1.0
    return 2 * (1 - NormalDist().cdf(abs(offered.value - control.value) / error))


def _quantile() -> float:
    return NormalDist().inv_cdf((1 + LEVEL) / 2)

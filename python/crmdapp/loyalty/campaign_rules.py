"""What a campaign's definition says, and how it is applied to a customer and a purchase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.loyalty.errors import PointsOverflow
from crmdapp.loyalty.models import Statement
from crmdapp.loyalty.points import POINTS_MAX, UNITS_PER_POINT, to_points

_MONEY = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Segment:
    """Which customers a campaign is for.

    Attributes:
        kind: ``"all"``, ``"tier"``, ``"balance"``, ``"qualifying"`` or ``"addresses"``.
        least: Least tier, or least units; 0 for the other kinds.
        addresses: The customers of a list in its order; empty for the other kinds.
        sha256: SHA-256 of the list's file; empty for the other kinds.
    """

    kind: str
    least: int = 0
    addresses: tuple[str, ...] = ()
    sha256: bytes = b""

    @property
    def needs_statement(self) -> bool:
        """Whether what a customer holds decides."""
        return self.kind not in ("all", "addresses")

    def admits(self, statement: Statement) -> bool:
        """Return whether the customer of a statement belongs to the segment."""
        if self.kind == "addresses":
            return statement.account in self.addresses
        held = {
            "tier": statement.tier,
            "balance": statement.balance,
            "qualifying": statement.qualifying,
        }
        return self.kind == "all" or held[self.kind] >= self.least


@dataclass(frozen=True, slots=True)
class Offer:
    """How many points a campaign gives.

    Attributes:
        points: Units for everyone; ``None`` if it depends on what was spent.
        rate: Points per 1.00 of the currency; 0 for fixed points.
        currency: ISO 4217 code; empty for fixed points.
        multipliers: Tier and multiplier, by rising tier.
    """

    points: int | None
    rate: Fraction = Fraction(0)
    currency: str = ""
    multipliers: tuple[tuple[int, Fraction], ...] = ()

    def multiplier(self, tier: int) -> Fraction:
        """Return what points are multiplied by at a tier."""
        found = Fraction(1)
        for least, multiplier in self.multipliers:
            if tier >= least:
                found = multiplier
        return found

    def points_for(self, spent: str | None, tier: int = 0) -> int:
        """Return the units for a purchase, rounded down.

        Args:
            spent: Money, such as ``"12.34"``, if the offer depends on it; else ``None``.
            tier: The customer's tier.

        Raises:
            UsageError: It is no amount of money, is missing or not asked for, or earns nothing.
            PointsOverflow: They are 2^47 units or more.
        """
        if self.points is not None:
            if spent is not None:
                raise UsageError("The offer is a fixed number of points; nothing has to be spent.")
            return self.points
        if spent is None:
            raise UsageError(f"How much {self.currency} was spent?", hint="Say it like 12.34.")
        if not _MONEY.fullmatch(spent):
            raise UsageError(f"{spent!r} is no amount of money.", hint="Write it like 12.34.")
        units = int(Fraction(spent) * self.rate * self.multiplier(tier) * UNITS_PER_POINT)
        if units > POINTS_MAX:
            raise PointsOverflow(units)
        if units == 0:
            raise UsageError(f"{spent} {self.currency} earns less than 0.01 points.")
        return units


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign as it is defined.

    Attributes:
        name: For people.
        program: Program whose points are given.
        segment: Which customers it is for.
        offer: How many points they get.
        budget: Units of all coupons together.
        per_customer: Units of one customer's coupons together; ``None`` for no limit.
        start: First moment coupons are issued, aware.
        end: Moment from which none is issued any more, aware.
        pending_days: Days from issue until a coupon can be claimed.
        claim_days: Days from then until it ends.
        reversible: Whether claims can be reversed within the program's claw-back window.
        terms_hash: Legal terms, 32 bytes; zeros for none.
        hash: keccak256 of the definition in canonical JSON (RFC 8785), whatever the file's layout;
            for a list of addresses, ``segment`` holds the ``sha256`` of its file too.
    """

    name: str
    program: int
    segment: Segment
    offer: Offer
    budget: int
    per_customer: int | None
    start: datetime
    end: datetime
    pending_days: int
    claim_days: int
    reversible: bool
    terms_hash: bytes
    hash: bytes

    def is_open(self, moment: int) -> bool:
        """Return whether coupons are issued at a moment in Unix seconds."""
        return self.start.timestamp() <= moment < self.end.timestamp()

    def claimable(self, moment: int) -> tuple[int, int]:
        """Return first and last second in which a coupon issued at a moment can be claimed."""
        first = moment + int(timedelta(days=self.pending_days).total_seconds())
        return first, first + int(timedelta(days=self.claim_days).total_seconds())


class CampaignRefusal(CrmdappError):  # noqa: N818 - names of problems, as users see them
    """A campaign gives no coupon."""


class CampaignClosed(CampaignRefusal):
    """The campaign issues no coupons at this time.

    Args:
        campaign: Its name.
        start: First moment it issues coupons.
        end: Moment from which it issues none any more.
        now: The chain's time.
    """

    def __init__(self, campaign: str, start: datetime, end: datetime, now: datetime) -> None:
        when = f"begins {start.isoformat()}" if now < start else f"ended {end.isoformat()}"
        super().__init__(f"The campaign {campaign!r} {when}; it is {now.isoformat()}.")
        self.campaign = campaign
        self.start = start
        self.end = end
        self.now = now


class CustomerExcluded(CampaignRefusal):
    """The customer does not belong to the campaign's segment.

    Args:
        campaign: Its name.
        customer: The customer.
        why: What is missing.
    """

    def __init__(self, campaign: str, customer: str, why: str) -> None:
        super().__init__(f"The campaign {campaign!r} is not for {customer}.", why=why)
        self.campaign = campaign
        self.customer = customer


class CampaignBudgetExceeded(CampaignRefusal):
    """A coupon would exceed the campaign's budget, or what one customer may get of it.

    Args:
        points: Units of the coupon, or of all that were asked for together.
        left: Units that are left.
        customer: The customer whose share it is; empty for the campaign's own budget.
    """

    def __init__(self, points: int, left: int, customer: str = "") -> None:
        whose = f"{customer} may still get" if customer else "are left of the campaign's budget"
        super().__init__(
            f"{to_points(points, grouped=True)} points are more than the"
            f" {to_points(left, grouped=True)} that {whose}.",
            hint="A larger budget is another definition, and so another campaign.",
        )
        self.points = points
        self.left = left
        self.customer = customer

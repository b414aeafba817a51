"""Issuing a campaign's coupons: who may have one, for how much, under which number, signed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.events import ERC6909Transfer
from crmdapp.errors import PermissionDenied, UsageError
from crmdapp.loyalty.calls import require_receiver
from crmdapp.loyalty.campaign_rules import (
    CampaignBudgetExceeded,
    CampaignClosed,
    CustomerExcluded,
)
from crmdapp.loyalty.coupon_journal import CouponRequest, Limits
from crmdapp.loyalty.coupons import Coupon, SignedCoupon, expires_at, sign_coupons
from crmdapp.loyalty.points import to_points

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.loyalty.campaign_rules import Campaign, Segment
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coupon_journal import CouponJournal
    from crmdapp.loyalty.drops import Progress
    from crmdapp.loyalty.models import Statement

_WRITTEN_AT_ONCE = 500


class CouponIssuer:
    """Issues the coupons of one campaign.

    Args:
        client: The hub; nothing is sent.
        campaign: The definition.
        signer: The program's coupon key.
        journal: Where numbers and coupons are written down.

    Attributes:
        campaign: The definition.
    """

    def __init__(
        self, client: LoyaltyClient, campaign: Campaign, signer: Signer, journal: CouponJournal
    ) -> None:
        self.campaign = campaign
        self._client = client
        self._signer = signer
        self._journal = journal
        self._limits = Limits(campaign.budget, campaign.per_customer)
        genesis, domain = client.connection.genesis_hash, client.domain
        self._place = (genesis, domain, campaign.program, campaign.hash)

    def issue(self, customer: str, *, reference: str, spent: str | None = None) -> SignedCoupon:
        """Issue a customer's coupon, once per reference however often it is asked for.

        Args:
            customer: Its address.
            reference: What it is for, such as the number of a receipt.
            spent: Money, such as ``"12.34"``, if the offer depends on it.

        Raises:
            CampaignClosed: It is not the campaign's time.
            CustomerExcluded: The customer does not belong to its segment.
            CampaignBudgetExceeded: The budget, or the customer's share of it, is spent.
            PermissionDenied: The signer is not the program's coupon key.
            PointsOverflow: The purchase earns 2^47 units or more.
            UsageError: An argument is malformed, or the reference was another customer's.
        """
        to = require_receiver(customer)
        self.require_key()
        known = self._journal.find(*self._place, reference)
        if known is None:
            now = self._open_now()
            points = self.campaign.offer.points_for(spent, self._tier_of(to))
            coupon = self._promise(now, points)(to)
        else:
            coupon = replace(known, to=to)  # the journal says if it was another customer's
        return self._signed([CouponRequest(reference, coupon)])[0]

    def issue_to_all(self, *, progress: Progress | None = None) -> Iterator[SignedCoupon]:
        """Issue one coupon to every member of the segment, of a fixed number of points.

        Run again, it yields the same coupons, and new ones for new members.

        Args:
            progress: Called after each 500 with coupons issued and members in all.

        Raises:
            CampaignClosed: It is not the campaign's time.
            CampaignBudgetExceeded: They would exceed the budget together; none was issued.
            PermissionDenied: The signer is not the program's coupon key.
            UsageError: What a customer gets depends on what was spent.
        """
        self.require_key()
        now = self._open_now()
        points = self.campaign.offer.points_for(None)
        promise = self._promise(now, points)
        members = list(members_of(self._client, self.campaign))
        self._require_budget_for(members, points)
        for at in range(0, len(members), _WRITTEN_AT_ONCE):
            part = members[at : at + _WRITTEN_AT_ONCE]
            yield from self._signed([CouponRequest(_of_member(to), promise(to)) for to in part])
            if progress is not None:
                progress(at + len(part), len(members))

    def require_key(self) -> None:
        """Check that the signer is the program's coupon key.

        Raises:
            PermissionDenied: It is not, or there is none.
            ProgramUnknown: There is no such program.
        """
        program = self.campaign.program
        key = self._client.campaigns.coupon_key(program).address
        if key != self._signer.address:
            raise PermissionDenied(
                f"{self._signer.address} is not the coupon key of program {program}.",
                why=f"It is {key}." if key else "The program has none.",
                hint="Act with that key, or let the owner name this one.",
            )

    def _open_now(self) -> int:
        now = self._client.connection.block_timestamp()
        campaign = self.campaign
        if not campaign.is_open(now):
            moment = datetime.fromtimestamp(now, UTC)
            raise CampaignClosed(campaign.name, campaign.start, campaign.end, moment)
        return now

    def _tier_of(self, customer: str) -> int:
        """Return the customer's tier, having checked that the campaign is for it."""
        campaign, segment = self.campaign, self.campaign.segment
        statement = self._client.statement(campaign.program, customer)
        if not segment.admits(statement):
            raise CustomerExcluded(campaign.name, customer, _lack(segment, statement))
        return statement.tier

    def _promise(self, now: int, points: int) -> Callable[[str], Coupon]:
        """Return what makes the coupon of a customer, still without its number."""
        campaign = self.campaign
        issued = self._client.campaigns.issued(campaign.program)
        first, last = campaign.claimable(now)
        expiry = expires_at(self._client.clock, issued)
        if expiry is not None:
            last = min(last, int(expiry.timestamp()) - 1)
        if last < first:
            raise UsageError(
                f"Points given now expire {expiry}, before the coupon could be claimed.",
                why=f"It is pending for {campaign.pending_days} days.",
                hint="Define fewer pendingDays, or let the program's points live longer.",
            )

        def promise(to: str) -> Coupon:
            return Coupon(
                program=campaign.program,
                to=to,
                points=points,
                order_id=0,
                issued=issued,
                reversible=campaign.reversible,
                valid_after=first,
                deadline=last,
                campaign=campaign.hash,
                terms_hash=campaign.terms_hash,
            )

        return promise

    def _require_budget_for(self, members: Sequence[str], points: int) -> None:
        """Check that every member's coupon will be within the limits, before the first is made."""
        before = {reference for reference, _ in self._journal.coupons(*self._place)}
        fresh = [to for to in members if _of_member(to) not in before]
        left = self.campaign.budget - self._journal.tally(*self._place).units
        if points * len(fresh) > left:
            raise CampaignBudgetExceeded(points * len(fresh), left)
        most = self.campaign.per_customer
        if most is None:
            return
        for to in fresh:
            given = self._journal.given(*self._place, to)
            if given + points > most:
                raise CampaignBudgetExceeded(points, most - given, to)

    def _signed(self, requests: Sequence[CouponRequest]) -> list[SignedCoupon]:
        """Write coupons down, then sign them."""
        genesis, domain, program, _ = self._place
        first = 1
        if not self._journal.has_numbers(genesis, domain, program):
            first = next_number(self._client, program)
        coupons = self._journal.issue(genesis, domain, requests, limits=self._limits, first=first)
        return list(sign_coupons(coupons, self._signer, domain))


def members_of(client: LoyaltyClient, campaign: Campaign) -> Iterator[str]:
    """Yield the customers of a campaign's segment, each once.

    Except for a list of addresses they are found by the ledger's events: everybody who ever
    received points of the program, as far as the segment admits them now.
    """
    segment = campaign.segment
    if segment.kind == "addresses":
        yield from segment.addresses
        return
    for account in holders(client, campaign.program):
        if not segment.needs_statement or segment.admits(
            client.statement(campaign.program, account)
        ):
            yield account


def holders(client: LoyaltyClient, program: int) -> Iterator[str]:
    """Yield everybody who ever received points of a program, each once, by the ledger's events."""
    seen = {ZERO_ADDRESS}
    for log in client.events("Transfer", id=program):
        assert isinstance(log.event, ERC6909Transfer)  # what was asked for
        if log.event.receiver not in seen:
            seen.add(log.event.receiver)
            yield log.event.receiver


def next_number(client: LoyaltyClient, program: int) -> int:
    """Return the number after the highest that the chain has seen; 1 if it has seen none."""
    return max(client.campaigns.used_orders(program), default=0) + 1


def _of_member(account: str) -> str:
    return f"member {account}"


def _lack(segment: Segment, statement: Statement) -> str:
    if segment.kind == "addresses":
        return "The customer is not on its list."
    if segment.kind == "tier":
        return f"It takes tier {segment.least}, the customer has tier {statement.tier}."
    name = "points" if segment.kind == "balance" else "qualifying points"
    held = statement.balance if segment.kind == "balance" else statement.qualifying
    return f"It takes {to_points(segment.least)} {name}, the customer has {to_points(held)}."

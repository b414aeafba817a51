"""What happens when a purchase is returned: awards are reversed, redemptions refunded.

A reversal opens the award as it was stored, a refund the redemption as it was stored; the word of a
merchant alone takes or gives nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError
from crmdapp.loyalty._award_records import place_of_line, records_of
from crmdapp.loyalty.award_plan import AwardPlan, opened, validate
from crmdapp.loyalty.calls import GAS_PER_EXPIRY
from crmdapp.loyalty.events import AwardReversed, RedemptionRefunded, RedemptionStored
from crmdapp.loyalty.intents import ORDER_MAX
from crmdapp.loyalty.models import LANES
from crmdapp.loyalty.packing import RECORD_SIZE, pack_records, unpack_records
from crmdapp.loyalty.points import require_amount

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.coupons import Coupon

CLAWBACK_MAX = (1 << 32) - 1
"""Longest claw-back window, seconds (136 years)."""

_LANE_BITS = 48
_LANE_MASK = (1 << _LANE_BITS) - 1


@dataclass(frozen=True, slots=True)
class AwardedRecord:
    """One award of a batch, with what opens the batch.

    Attributes:
        batch_id: Name of the batch, 32 bytes.
        records: All records of the batch, as they were awarded.
        index: Place of the award in it, from 0.
    """

    batch_id: bytes
    records: bytes
    index: int

    @property
    def account(self) -> str:
        """The customer."""
        return self._record[0]

    @property
    def points(self) -> int:
        """Units that were awarded."""
        return self._record[1]

    @property
    def _record(self) -> tuple[str, int]:
        at = self.index * RECORD_SIZE
        return unpack_records(self.records[at : at + RECORD_SIZE])[0]

    @classmethod
    def of_line(cls, file: AwardPlan | Path | str, line: int) -> AwardedRecord:
        """Return the award that a line of an awarded file stands for.

        Args:
            file: The file as it was awarded, or the plan that ``validate`` made of it.
            line: Line number as editors show it; the header is line 1.

        Raises:
            FileRejected: The file has faults.
            FileChanged: It changed since it was checked.
            UsageError: The line is no award, or the file cannot be read.
        """
        plan = file if isinstance(file, AwardPlan) else validate(file)
        with opened(plan.path) as source:
            chunk, index = place_of_line(plan, line, source)
            return cls(plan.batch_id(chunk), records_of(plan, chunk, source), index)

    @classmethod
    def of_coupon(cls, coupon: Coupon) -> AwardedRecord:
        """Return the award that a claimed reversible coupon stands for.

        Raises:
            UsageError: The coupon is not reversible.
        """
        if not coupon.reversible:
            raise UsageError(f"Coupon {coupon.order_id} was not signed as reversible.")
        records = pack_records([(coupon.to, coupon.points)])
        return cls(coupon.order_id.to_bytes(32, "big"), records, 0)


@dataclass(frozen=True, slots=True)
class Redemption:
    """A refundable redemption, twin of the hub's struct.

    Attributes:
        program: Program whose points were spent.
        merchant: Program of the merchant where they were spent.
        from_: The customer.
        order_id: The merchant's number of the order.
        epoch: Epoch of the redemption.
        amounts: Spent units by lane of 48 bits, as they stood in ``epoch``.
        value: What ``program`` owed the merchant for them, in 10^-6 of the settlement coin; 0 at
            the program's own merchant.
    """

    program: int
    merchant: int
    from_: str
    order_id: int
    epoch: int
    amounts: int
    value: int

    @property
    def by_age(self) -> tuple[int, ...]:
        """Spent units by age in ``epoch``, youngest first."""
        return tuple(self.amounts >> (_LANE_BITS * age) & _LANE_MASK for age in range(LANES))

    @property
    def points(self) -> int:
        """Units that were spent."""
        return sum(self.by_age)

    @property
    def values(self) -> tuple[int, int, str, int, int, int, int]:
        """The fields in the order of the Solidity struct."""
        return (
            self.program,
            self.merchant,
            self.from_,
            self.order_id,
            self.epoch,
            self.amounts,
            self.value,
        )


class ReturnsCalls:
    """Calls of one PointsHub about returned purchases, checked and encoded but not sent.

    Args:
        hub: The contract.
    """

    def __init__(self, hub: BoundContract) -> None:
        self._hub = hub

    def set_clawback(self, program: int, seconds: int) -> Call:
        """Set how long awards yet to be made can be reversed.

        Raises:
            UsageError: It is no whole number of seconds from 0 to 2^32 - 1.
        """
        if not is_whole(seconds) or not 0 <= seconds <= CLAWBACK_MAX:
            raise UsageError(f"A claw-back window is 0 to {CLAWBACK_MAX:,} s, got {seconds!r}.")
        return self._hub.call("setClawback", program, seconds)

    def reverse_award(self, program: int, award: AwardedRecord, points: int) -> Call:
        """Take back points of an award.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: The amount is no whole number above 0.
        """
        units = require_amount(points)
        call = self._hub.call(
            "reverseAward", program, award.batch_id, award.records, award.index, units
        )
        return replace(call, spare_gas=GAS_PER_EXPIRY)

    def refund_redemption(self, redemption: Redemption, points: int) -> Call:
        """Give back points of a refundable redemption.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: The amount is no whole number above 0.
        """
        call = self._hub.call("refundRedemption", redemption.values, require_amount(points))
        return replace(call, spare_gas=GAS_PER_EXPIRY)


class ReturnsClient:
    """Reversals and refunds at one PointsHub, as one account makes them.

    Sending, idempotency keys and common errors are those of
    :class:`~crmdapp.loyalty.client.LoyaltyClient`.

    Source: contracts/loyalty/IPointsReturns.sol.

    Args:
        client: The hub's client.

    Attributes:
        prepare: The same transactions, checked and encoded but not sent.
    """

    def __init__(self, client: LoyaltyClient) -> None:
        self._client = client
        self._hub = client.hub
        self.prepare = ReturnsCalls(client.hub)

    # ----------------------------------------------------------------- awards

    def set_clawback(self, program: int, seconds: int, *, key: str | None = None) -> Receipt:
        """Set how long awards yet to be made can be reversed; the sender is the owner.

        Args:
            program: The program.
            seconds: From the award on, below 2^32; 0 for not at all.
            key: Idempotency key.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
        """
        return self._client.send(self.prepare.set_clawback(program, seconds), key=key)

    def clawback(self, program: int) -> int:
        """Return the seconds in which awards made now can be reversed; 0 for not at all.

        Raises:
            ProgramUnknown: There is no such program.
        """
        seconds: int = self._hub.read("clawbackOf", program)
        if seconds == 0:
            self._client.program(program)
        return seconds

    def reverse_award(
        self,
        program: int,
        award: AwardedRecord,
        points: int | None = None,
        *,
        key: str | None = None,
    ) -> Receipt:
        """Take back points of an award because its purchase was returned.

        The hub takes what the customer still has of them; the rest becomes a debt, which later
        awards and refunds of the program pay. The receipt's ``AwardReversed`` names both. A tier
        that the customer reached with them falls, unless it is dearer today than when it was
        reached: then they did not hold it.

        Args:
            program: The program.
            award: From :meth:`AwardedRecord.of_line` or :meth:`AwardedRecord.of_coupon`.
            points: Units to take back; all that is left of the award by default.
            key: Idempotency key; the points must be named with it.

        Raises:
            RecordsNotAwarded: No such batch was awarded in the program, or with other records.
            ClawbackEnded: The award can be reversed no more.
            ReversalExceedsAward: Less is left of the award.
            EpochNotLive: The award's points have expired.
            ProgramIssuerOnly: The sender is no issuer of the program.
            ProgramUnknown: There is no such program.
            UsageError: Nothing is left to take back.
        """
        _require_named(points, key)
        units = self.left_of_award(program, award) if points is None else points
        if points is None and units == 0:
            raise UsageError("The award was reversed in full before.")
        call = self.prepare.reverse_award(program, award, units)
        return self._client.send_for(call, program, key=key)

    def left_of_award(self, program: int, award: AwardedRecord) -> int:
        """Return the units of an award that were not reversed yet, by events."""
        reversed_ = 0
        for log in self._client.events("AwardReversed", program=program, batchId=award.batch_id):
            assert isinstance(log.event, AwardReversed)  # what was asked for
            if log.event.index == award.index:
                reversed_ += log.event.points
        return award.points - reversed_

    def reversible_until(self, program: int, batch_id: bytes) -> datetime | None:
        """Return the last second in which a batch can be reversed; ``None`` if there is none.

        Args:
            program: The program.
            batch_id: 32 bytes: of an awarded file's chunk, or a reversible coupon's number.
        """
        stored = int.from_bytes(self._hub.read("batchDigestOf", program, batch_id), "big")
        if stored == 0:
            return None
        return datetime.fromtimestamp(stored >> 16 & ((1 << 40) - 1), UTC)

    def debt(self, program: int, account: str) -> int:
        """Return the units that the account's next awards and refunds are netted by."""
        units: int = self._hub.read("debtOf", program, require_address(account))
        return units

    # ----------------------------------------------------------------- redemptions

    def redemptions(
        self, *, merchant: int | None = None, customer: str | None = None
    ) -> Iterator[Redemption]:
        """Yield the refundable redemptions in the order they were made, by events.

        Args:
            merchant: Only those at the merchant who runs this program.
            customer: Only those of this account.
        """
        wanted = None if customer is None else require_address(customer)
        place = {} if merchant is None else {"merchant": merchant}
        for found in self._stored(**place):
            if wanted in (None, found.from_):
                yield found

    def redemption(self, merchant: int, order_id: int) -> Redemption:
        """Return the refundable redemption of an order; the node is asked for that order alone.

        Raises:
            UsageError: There is none: the order was not redeemed, or not as refundable; or its
                number is not below 2^48.
        """
        if not is_whole(order_id) or not 0 <= order_id <= ORDER_MAX:
            raise UsageError(f"An order's number is 0 to {ORDER_MAX:,}, got {order_id!r}.")
        for found in self._stored(merchant=merchant, orderId=order_id):
            return found
        used = self._hub.read("isOrderUsed", merchant, order_id)
        raise UsageError(
            f"Order {order_id} of merchant {merchant} has no refundable redemption.",
            why="It was redeemed, but not as refundable." if used else "It was never redeemed.",
        )

    def left_of_redemption(self, redemption: Redemption) -> int:
        """Return the units of a redemption that were not refunded yet, by events."""
        refunded = 0
        order = {"merchant": redemption.merchant, "orderId": redemption.order_id}
        for log in self._client.events("RedemptionRefunded", **order):
            assert isinstance(log.event, RedemptionRefunded)  # what was asked for
            if log.event.redemption == redemption.values:
                refunded += log.event.points
        return redemption.points - refunded

    def refund_redemption(
        self, redemption: Redemption, points: int | None = None, *, key: str | None = None
    ) -> Receipt:
        """Give back points of a redemption in the ages they had; the sender is an issuer there.

        A part is of the youngest that are left of it, the last that were spent. Points that expired
        since do not come back, and what the customer owes the program is paid first, by the oldest:
        the receipt's ``RedemptionRefunded`` tells how many were credited, its ``DebtPaid`` how many
        paid. Another merchant's refund posts the value of all back to the program.

        Args:
            redemption: From :meth:`redemption` or :meth:`redemptions`.
            points: Units to give back; all that is left by default.
            key: Idempotency key; the points must be named with it.

        Raises:
            RedemptionUnknown: It was not stored so, or is refunded in full.
            RefundExceedsRedemption: Less is left of it.
            ProgramIssuerOnly: The sender is no issuer of the merchant.
            PositionOverLimit: The merchant would owe the program more than it may.
            UsageError: Nothing is left to give back.
        """
        _require_named(points, key)
        units = self.left_of_redemption(redemption) if points is None else points
        if points is None and units == 0:
            raise UsageError(f"Order {redemption.order_id} was refunded in full before.")
        call = self.prepare.refund_redemption(redemption, units)
        return self._client.send_for(call, redemption.merchant, key=key)

    def _stored(self, **indexed: int) -> Iterator[Redemption]:
        for log in self._client.events("RedemptionStored", **indexed):
            assert isinstance(log.event, RedemptionStored)  # what was asked for
            yield Redemption(*log.event.redemption)


def _require_named(points: int | None, key: str | None) -> None:
    """Check that a call that is sent once says how much: what is left changes as it is sent."""
    if points is None and key is not None:
        raise UsageError("With an idempotency key, say how many points.")

"""Coupons and drops on the chain: the coupon key, claims, cancellations, Merkle drops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.loyalty.calls import GAS_PER_EXPIRY, require_receiver
from crmdapp.loyalty.coupons import (
    BUDGET_MAX,
    NO_CAMPAIGN,
    TIME_MAX,
    SignedCoupon,
    issued_epoch,
    require_coupon,
)
from crmdapp.loyalty.errors import (
    CouponBudgetOutOfRange,
    CouponSignatureInvalid,
    DropExpired,
)
from crmdapp.loyalty.events import CouponCancelled, CouponClaimed, DropCreated
from crmdapp.loyalty.intents import ORDER_MAX
from crmdapp.loyalty.points import require_amount

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.drops import DropClaim


@dataclass(frozen=True, slots=True)
class CouponKey:
    """Which key signs a program's coupons.

    Attributes:
        program: The program.
        address: The key; ``None`` if nobody may sign coupons.
        budget: Units that coupons may give per epoch.
        used: Units that they gave in this one, whichever key had signed them.
    """

    program: int
    address: str | None
    budget: int
    used: int

    @property
    def left(self) -> int:
        """Units that coupons may still give in this epoch."""
        return max(0, self.budget - self.used)


@dataclass(frozen=True, slots=True)
class Drop:
    """Points for everyone named in a Merkle tree.

    Attributes:
        id: Its number.
        root: The tree's root, 32 bytes.
        program: Program whose points are given.
        left: Units not claimed yet.
        issued: Epoch in which the points count as issued.
        deadline: Last second in which they can be claimed, Unix time.
    """

    id: int
    root: bytes
    program: int
    left: int
    issued: int
    deadline: int


class CampaignCalls:
    """Calls of one PointsHub about coupons and drops, checked and encoded but not sent.

    Args:
        hub: The contract.
        domain: What the hub's coupons are signed for.
    """

    def __init__(self, hub: BoundContract, domain: Domain) -> None:
        self._hub = hub
        self._domain = domain

    def set_coupon_key(self, program: int, signer: str | None, budget: int) -> Call:
        """Name the key that signs the program's coupons, and its units per epoch.

        Raises:
            CouponBudgetOutOfRange: The budget is 2^34 units or more.
            UsageError: An argument is malformed.
        """
        address = ZERO_ADDRESS if signer is None else require_address(signer)
        if not is_whole(budget) or budget < 0:
            raise UsageError(f"The budget must be a whole number from 0, got {budget!r}.")
        if budget > BUDGET_MAX:
            raise CouponBudgetOutOfRange(budget)
        return self._hub.call("setCouponKey", program, address, budget)

    def claim_coupon(self, signed: SignedCoupon) -> Call:
        """Give a coupon's points to its customer.

        Raises:
            UsageError: The coupon is for another hub or chain, or malformed.
            PointsOverflow: The amount is 2^47 units or more.
        """
        require_coupon(signed.coupon)
        self._require_here("coupon", signed.domain.chain_id, signed.domain.verifying_contract)
        call = self._hub.call("claimCoupon", signed.coupon.values, signed.signature)
        return replace(call, spare_gas=GAS_PER_EXPIRY)

    def cancel_coupon(self, program: int, order_id: int) -> Call:
        """Void a coupon that was not claimed; the sender is an issuer.

        Raises:
            UsageError: The number is not below 2^48.
        """
        return self._hub.call("cancelCoupon", program, _order(order_id))

    def create_drop(
        self,
        program: int,
        root: bytes,
        points: int,
        deadline: int,
        campaign: bytes = NO_CAMPAIGN,
    ) -> Call:
        """Set up a drop; the sender is an issuer whose budget it is booked on.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: An argument is out of its range.
        """
        if not is_whole(deadline) or not 0 <= deadline <= TIME_MAX:
            raise UsageError(f"The deadline must be Unix seconds below 2^48, got {deadline!r}.")
        units = require_amount(points)
        words = _word("root", root), _word("campaign", campaign)
        return self._hub.call("createDrop", program, words[0], units, deadline, words[1])

    def claim_drop(self, claim: DropClaim) -> Call:
        """Give one customer its points of a drop.

        Raises:
            UsageError: The claim is for another hub or chain, or malformed.
            ERC6909InvalidReceiver: The customer is the zero address.
            PointsOverflow: The amount is 2^47 units or more.
        """
        self._require_here("claim", claim.chain_id, claim.hub)
        to = require_receiver(claim.to)
        points = require_amount(claim.points)
        proof = tuple(_word("proof", item) for item in claim.proof)
        call = self._hub.call("claimDrop", claim.drop, claim.index, to, points, proof)
        return replace(call, spare_gas=GAS_PER_EXPIRY)

    def _require_here(self, what: str, chain_id: int, hub: str) -> None:
        here = (self._domain.chain_id, self._domain.verifying_contract)
        if (chain_id, checksum(hub)) != here:
            raise UsageError(
                f"The {what} is for the ledger {hub} on chain {chain_id}.",
                why=f"This is the ledger {here[1]} on chain {here[0]}.",
                hint="Use the node and the deployment that it was made for.",
            )


class CampaignClient:
    """Coupons and drops of one PointsHub, as one account uses them.

    Sending, idempotency keys and common errors are those of
    :class:`~crmdapp.loyalty.client.LoyaltyClient`.

    Source: contracts/loyalty/IPointsCampaigns.sol.

    Args:
        client: The hub's client.

    Attributes:
        prepare: The same transactions, checked and encoded but not sent.
    """

    def __init__(self, client: LoyaltyClient) -> None:
        self._client = client
        self._hub = client.hub
        self.prepare = CampaignCalls(client.hub, client.domain)

    # ----------------------------------------------------------------- coupons

    def set_coupon_key(
        self, program: int, signer: str | None, budget: int, *, key: str | None = None
    ) -> Receipt:
        """Name the key that signs the program's coupons; the sender is the owner.

        Coupons of the former key that were not claimed are void from then on.

        Args:
            program: The program.
            signer: Address of the coupon key; ``None`` for no key.
            budget: Units that coupons may give per epoch, below 2^34; the bound on what a leaked
                key can do.
            key: Idempotency key.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
            CouponBudgetOutOfRange: The budget is 2^34 units or more.
        """
        return self._client.send(self.prepare.set_coupon_key(program, signer, budget), key=key)

    def coupon_key(self, program: int) -> CouponKey:
        """Return which key signs the program's coupons, its budget, and what is used of that.

        Raises:
            ProgramUnknown: There is no such program.
        """
        address, budget, used = self._hub.read("couponKeyOf", program)
        if address == ZERO_ADDRESS:
            self._client.program(program)
        return CouponKey(program, None if address == ZERO_ADDRESS else address, budget, used)

    def issued(self, program: int) -> int:
        """Return the epoch in which points that the program gives now count as issued.

        Raises:
            ProgramUnknown: There is no such program.
        """
        validity = self._client.program(program).validity
        return issued_epoch(self._hub.read("currentEpoch"), validity)

    def claim_coupon(self, signed: SignedCoupon, *, key: str | None = None) -> Receipt:
        """Give a coupon's points to its customer; anyone may, and pays the gas.

        Raises:
            CouponSignatureInvalid: The program's coupon key did not sign it.
            CouponTooEarly: It cannot be claimed yet.
            CouponExpired: Its deadline has passed.
            CouponUsed: It was claimed or cancelled before.
            CouponBudgetExceeded: The key's budget of this epoch is spent.
            CouponIssuedTooLate: Its points would live longer than those of an award made now.
            EpochNotLive: Its points have expired.
            CapExceeded: More would be outstanding than the program's cap.
            PointsOverflow: The customer or the program would hold 2^47 units or more.
            ProgramUnknown: There is no such program.
        """
        try:
            return self._client.send(self.prepare.claim_coupon(signed), key=key)
        except CouponSignatureInvalid:
            self._client.program(signed.coupon.program)
            raise

    def cancel_coupon(self, program: int, order_id: int, *, key: str | None = None) -> Receipt:
        """Void a coupon that was not claimed, as when a purchase is returned.

        Raises:
            CouponUsed: It was claimed or cancelled before.
            ProgramIssuerOnly: The sender is no issuer of the program.
            ProgramUnknown: There is no such program.
        """
        call = self.prepare.cancel_coupon(program, order_id)
        return self._client.send_for(call, program, key=key)

    def is_used(self, program: int, order_id: int) -> bool:
        """Return whether a coupon was claimed or cancelled."""
        used: bool = self._hub.read("isCouponUsed", program, _order(order_id))
        return used

    def used_orders(self, program: int) -> Iterator[int]:
        """Yield the numbers of the program's coupons that were claimed or cancelled, by events."""
        for name in ("CouponClaimed", "CouponCancelled"):
            for log in self._client.events(name, program=program):
                assert isinstance(log.event, CouponClaimed | CouponCancelled)  # as asked for
                yield log.event.order_id

    # ----------------------------------------------------------------- drops

    def create_drop(
        self,
        program: int,
        root: bytes,
        points: int,
        deadline: int,
        *,
        campaign: bytes = NO_CAMPAIGN,
        key: str | None = None,
    ) -> Drop:
        """Set up a drop; all its points are booked on the sender's budget now.

        Args:
            program: The program.
            root: Root of the tree, see :class:`crmdapp.loyalty.drops.DropTree`.
            points: Units of all customers together, 1 to 2^47 - 1.
            deadline: Last second in which they can be claimed, Unix time below 2^48.
            campaign: 32 bytes; none by default.
            key: Idempotency key.

        Returns:
            The drop as the hub keeps it.

        Raises:
            ProgramIssuerOnly: The sender may not award.
            ProgramUnknown: There is no such program.
            BudgetExceeded: The sender has fewer units left in this epoch.
        """
        call = self.prepare.create_drop(program, root, points, deadline, campaign)
        receipt = self._client.send_for(call, program, key=key)
        return self.drop(created_drop(receipt))

    def claim_drop(self, claim: DropClaim, *, key: str | None = None) -> Receipt:
        """Give one customer its points of a drop; anyone may, and pays the gas.

        Raises:
            DropExpired: The drop's deadline has passed.
            DropClaimedBefore: The customer has them.
            DropProofInvalid: The proof does not lead to the drop's root.
            DropExhausted: The drop has fewer points left.
            EpochNotLive: Its points have expired.
            CapExceeded: More would be outstanding than the program's cap.
            UsageError: There is no such drop.
        """
        try:
            return self._client.send(self.prepare.claim_drop(claim), key=key)
        except DropExpired:
            self.drop(claim.drop)
            raise

    def drop(self, drop: int) -> Drop:
        """Return a drop as it stands.

        Raises:
            UsageError: There is no such drop.
        """
        root, program, left, issued, deadline = self._hub.read("dropOf", drop)
        if program == 0:
            raise UsageError(f"There is no drop {drop}.")
        return Drop(drop, root, program, left, issued, deadline)

    def drops(self, program: int) -> Iterator[Drop]:
        """Yield the program's drops in the order they were set up."""
        for log in self._client.events("DropCreated", program=program):
            assert isinstance(log.event, DropCreated)  # what was asked for
            yield self.drop(log.event.drop)

    def is_claimed(self, drop: int, index: int) -> bool:
        """Return whether the customer of that index has its points."""
        claimed: bool = self._hub.read("isDropClaimed", drop, index)
        return claimed


def created_drop(receipt: Receipt) -> int:
    """Return the number of the drop that a transaction set up.

    Raises:
        VerificationFailed: It did not set up one.
    """
    created = receipt.events_of(DropCreated)
    if len(created) != 1:
        raise VerificationFailed(f"{receipt.hash} set up {len(created)} drops, not one.")
    return created[0].drop


def _order(order_id: int) -> int:
    if not is_whole(order_id) or not 0 <= order_id <= ORDER_MAX:
        raise UsageError(f"A coupon's number is 0 to {ORDER_MAX:,}, got {order_id!r}.")
    return order_id


def _word(name: str, value: bytes) -> bytes:
    """Return 32 bytes; the encoder itself would fill up shorter ones."""
    if len(value) != 32:
        raise UsageError(f"{name} must have 32 bytes, got {len(value)}.")
    return value

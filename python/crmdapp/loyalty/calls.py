"""The hub's transactions, checked and encoded but not sent.

Each method returns a :class:`~crmdapp.chain.calls.Call`: what a command line shows and simulates
before it asks, and what :class:`~crmdapp.loyalty.client.LoyaltyClient` sends. Nothing here asks a
node; what the hub would refuse whatever its state is refused here, by the twin of its error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.calls import BoundContract, Call
from crmdapp.errors import UsageError
from crmdapp.loyalty.errors import ERC6909InvalidReceiver, IssuerInvalid, RecordsMalformed
from crmdapp.loyalty.intents import (
    RedeemIntent,
    SignedIntent,
    TransferIntent,
    batch_terms,
    require_fits,
)
from crmdapp.loyalty.models import (
    ProgramConfig,
    require_budget,
    require_cap,
    require_tiers,
    require_validity,
)
from crmdapp.loyalty.packing import RECORD_SIZE, pack_redemptions
from crmdapp.loyalty.points import require_amount

# Most gas that expired points of one account add to a call: the event, and its copy by the face
# (measured: 3,250 and 6,305 with a face).
GAS_PER_EXPIRY = 7_000


class LoyaltyCalls:
    """Calls of one PointsHub.

    Args:
        hub: The contract.
    """

    def __init__(self, hub: BoundContract) -> None:
        self._hub = hub

    def create_program(self, config: ProgramConfig) -> Call:
        """Open a program that the sender owns."""
        return self._hub.call(
            "createProgram",
            (
                config.name,
                config.symbol,
                config.validity,
                config.cap,
                config.has_token,
                tuple(config.tiers),
            ),
        )

    def set_issuer(self, program: int, issuer: str, budget: int) -> Call:
        """Let ``issuer`` award ``budget`` units per epoch; 0 dismisses it, 2^48 - 1 is no limit.

        Raises:
            IssuerInvalid: The issuer is the zero address.
            UsageError: An argument is out of its range.
        """
        address = require_address(issuer)
        if address == ZERO_ADDRESS:
            raise IssuerInvalid(address)
        return self._hub.call("setIssuer", program, address, require_budget(budget))

    def set_validity(self, program: int, validity: int) -> Call:
        """Set how many epochs points awarded from now on live, 1 to 4.

        Raises:
            ValidityOutOfRange: It is not 1 to 4.
        """
        return self._hub.call("setValidity", program, require_validity(validity))

    def set_cap(self, program: int, cap: int) -> Call:
        """Set the most units outstanding, up to 2^47 - 1; 0 for no cap.

        Raises:
            CapOutOfRange: It is 2^47 or more.
        """
        return self._hub.call("setCap", program, require_cap(cap))

    def set_tiers(self, program: int, tiers: Sequence[int]) -> Call:
        """Set the qualifying units of each tier: rising, at most six, below 2^40.

        Raises:
            TiersTooMany: There are more than six.
            TiersNotRising: One is not above the one before it.
        """
        return self._hub.call("setTiers", program, require_tiers(tiers))

    def offer_ownership(self, program: int, to: str) -> Call:
        """Offer the program to ``to``; the zero address takes the offer back.

        Raises:
            UsageError: ``to`` is no address.
        """
        return self._hub.call("transferProgramOwnership", program, require_address(to))

    def accept_ownership(self, program: int) -> Call:
        """Take over a program that was offered to the sender."""
        return self._hub.call("acceptProgramOwnership", program)

    def award(self, program: int, to: str, points: int) -> Call:
        """Give new points to ``to``; the sender is an issuer.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            ERC6909InvalidReceiver: ``to`` is the zero address.
            UsageError: An argument is malformed.
        """
        receiver = require_receiver(to)
        return self._moving(1, "award", program, require_amount(points), receiver)

    def award_many(self, program: int, batch_id: bytes, records: bytes) -> Call:
        """Give new points to many; all or none, once per batch id.

        Args:
            program: The program.
            batch_id: 32 bytes, see :func:`crmdapp.loyalty.packing.batch_id`.
            records: See :func:`crmdapp.loyalty.packing.pack_records`.

        Raises:
            RecordsMalformed: ``records`` is empty or not a whole number of records.
            UsageError: ``batch_id`` has not 32 bytes.
        """
        if not records or len(records) % RECORD_SIZE:
            raise RecordsMalformed(len(records))
        if len(batch_id) != 32:
            raise UsageError(f"A batch id has 32 bytes, got {len(batch_id)}.")
        accounts = len(records) // RECORD_SIZE
        return self._moving(accounts, "awardMany", program, batch_id, records)

    def transfer(self, program: int, to: str, points: int) -> Call:
        """Move the sender's points to ``to``, the oldest first; they keep their expiry.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            ERC6909InvalidReceiver: ``to`` is the zero address.
            UsageError: An argument is malformed.
        """
        receiver = require_receiver(to)
        return self._moving(2, "transfer", receiver, program, require_amount(points))

    def redeem(self, program: int, points: int) -> Call:
        """Spend the sender's points, the oldest first.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: The amount is no whole number above 0.
        """
        return self._moving(1, "redeem", program, require_amount(points))

    def redeem_many(self, items: Sequence[SignedIntent]) -> Call:
        """Spend points for many orders of one merchant; the sender is an issuer of it.

        Args:
            items: Redemptions of one program's points at one merchant under the same terms.

        Raises:
            PointsOverflow: An amount is 2^47 units or more.
            UsageError: There is none, one is no redemption or of another program, merchant or
                terms, or does not fit a batch.
        """
        packed = pack_redemptions(items)
        shared = {batch_terms(item.intent) for item in items}
        if len(shared) != 1:
            raise UsageError("A batch has redemptions of one program at one merchant.")
        return self._moving(len(items), "redeemMany", shared.pop(), packed)

    def submit(self, signed: SignedIntent, *, refundable: bool = False) -> Call:
        """Carry out one signed intent; for a redemption the sender is an issuer of the merchant.

        Args:
            signed: The intent.
            refundable: Whether a redemption may be refunded later.

        Raises:
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: A value is malformed, or what is no redemption is to be refundable.
        """
        intent = signed.intent
        require_fits(intent)
        if isinstance(intent, RedeemIntent):
            return self._moving(1, "redeemBySig", intent.values, refundable, signed.signature)
        if refundable:
            raise UsageError("Only a redemption can be refunded.")
        if isinstance(intent, TransferIntent):
            require_receiver(intent.to)
            return self._moving(2, "transferBySig", intent.values, signed.signature)
        return self._moving(2, "exchangeBySig", intent.values, signed.signature)

    def _moving(self, accounts: int, function: str, *args: object) -> Call:
        """Return a call with gas for points of that many accounts that expire before its block."""
        call = self._hub.call(function, *args)
        return replace(call, spare_gas=accounts * GAS_PER_EXPIRY)


def require_receiver(address: str) -> str:
    """Return the address of someone who can hold points.

    Raises:
        ERC6909InvalidReceiver: It is the zero address, twin of the hub's refusal.
        UsageError: It is no address, or its checksum is wrong.
    """
    found = require_address(address)
    if found == ZERO_ADDRESS:
        raise ERC6909InvalidReceiver(found)
    return found

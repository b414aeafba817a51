"""Orders: redemptions that customers signed, refunds, and reversals of awards."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.chain.transactions import Receipt
from crmdapp.errors import UsageError
from crmdapp.loyalty import AwardedRecord, LoyaltyClient
from crmdapp.loyalty.events import IntentSkipped
from crmdapp.loyalty.intents import ORDER_MAX, RedeemIntent, SignedIntent
from crmdapp.loyalty.packing import RECORD_SIZE
from crmdapp.store.index.loyalty import queries_merchant
from crmdapp.web.api import CursorDep, Hash32, Model, NotFound, Octets, Page, Sent, Uint
from crmdapp.web.api.loyalty.access import OwnDep, OwnWorkDep, WorkDep
from crmdapp.web.api.loyalty.models import OTHER, WORD, RedemptionOut, example
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/programs/{program}", tags=["loyalty: orders"])

INTENTS_MAX = 200

OrderPath = Annotated[Uint, Path(description="The merchant's number of the order.")]

_SIGNED = {
    "typedData": {
        "primaryType": "RedeemIntent",
        "domain": {"name": "PointsHub", "version": "1", "chainId": 31337},
        "message": {"program": "2", "merchant": "2", "from": OTHER, "points": "500"},
    },
    "signature": "0x" + "ab" * 65,
}


class RedeemIn(Model):
    """A redemption that a customer signed, see ``/v1/intents/loyalty.redeem/prepare``."""

    model_config = example(signed=_SIGNED, refundable=True)

    signed: dict[str, Any]
    refundable: bool = Field(default=False, description="Whether it may be refunded later.")


class RedeemManyIn(Model):
    """Redemptions of one program's points at one merchant under the same terms."""

    model_config = example(signed=[_SIGNED])

    signed: list[dict[str, Any]] = Field(min_length=1, max_length=INTENTS_MAX)


class SkippedOut(Model):
    """An intent that was left out and stays usable; ``index`` is its place in the request."""

    model_config = example(index=1, order_id="4712", reason="OrderUsed")

    index: int
    order_id: Uint
    reason: str


class RedeemedOut(Model):
    """What became of a batch."""

    model_config = example(tx_hash=WORD, block=1204, redeemed=1, skipped=[])

    tx_hash: str
    block: int
    redeemed: int
    skipped: list[SkippedOut]


class RefundIn(Model):
    """Units to give back."""

    model_config = example(points="500")

    points: Uint


class ReverseIn(Model):
    """Units of one award to take back; ``records`` are those of the batch, packed.

    A reversible coupon is a batch of one record whose id is the coupon's number.
    """

    model_config = example(batch_id=WORD, records="0x" + "ab" * 26, index=0, points="500")

    batch_id: Hash32
    records: Octets = Field(description="26 bytes for each award: address, units.")
    index: int = Field(ge=0, lt=1 << 31)
    points: Uint


@router.post("/redemptions")
def redeem(number: OwnWorkDep, wanted: RedeemIn, work: WorkDep) -> Sent:
    """Carry out a redemption at the program's merchant that a customer signed."""
    signed = signed_redemption(wanted.signed, number)
    client = work.client(LoyaltyClient)
    receipt = client.submit(signed, refundable=wanted.refundable, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/redemptions/batch")
def redeem_many(number: OwnWorkDep, wanted: RedeemManyIn, work: WorkDep) -> RedeemedOut:
    """Carry out many signed redemptions in one transaction; a bad one is skipped and told."""
    items = [signed_redemption(item, number) for item in wanted.signed]
    client = work.client(LoyaltyClient)
    call = client.prepare.redeem_many(items)
    programs = (items[0].intent.program, number)
    return _redeemed(client.send_for(call, *programs, key=work.key), len(items))


@router.get("/redemptions")
def redemptions(number: OwnDep, view: ViewDep, cursor: CursorDep) -> Page[RedemptionOut]:
    """List the merchant's signed orders, the latest first."""
    rows = queries_merchant.redemptions(
        view.session, number, after=cursor.after, limit=cursor.limit
    )
    items = [RedemptionOut.model_validate(row) for row in rows]
    return Page[RedemptionOut](
        **view.page(cursor, items, rows, lambda row: (row.block, row.order_id))
    )


@router.get("/redemptions/{order_id}")
def redemption(number: OwnDep, order_id: OrderPath, view: ViewDep) -> RedemptionOut:
    """Show an order that was redeemed."""
    found = None
    if order_id <= ORDER_MAX:
        found = queries_merchant.redemption(view.session, number, order_id)
    if found is None:
        raise NotFound("No such order was redeemed.")
    return RedemptionOut.model_validate(found)


@router.post("/redemptions/{order_id}/refund")
def refund(number: OwnWorkDep, order_id: OrderPath, wanted: RefundIn, work: WorkDep) -> Sent:
    """Give back points of a refundable order, in the ages they had; expired ones not."""
    client = work.client(LoyaltyClient)
    stored = client.returns.redemption(number, order_id)
    receipt = client.returns.refund_redemption(stored, wanted.points, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/reversals")
def reverse(number: OwnWorkDep, wanted: ReverseIn, work: WorkDep) -> Sent:
    """Take back points of an award whose purchase was returned; the missing become a debt."""
    count, rest = divmod(len(wanted.records), RECORD_SIZE)
    if rest or wanted.index >= count:
        raise UsageError(f"The records hold no award {wanted.index}.")
    award = AwardedRecord(wanted.batch_id, wanted.records, wanted.index)
    returns = work.client(LoyaltyClient).returns
    receipt = returns.reverse_award(number, award, wanted.points, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def signed_redemption(data: dict[str, Any], merchant: int) -> SignedIntent:
    """Return a redemption that a customer signed for an order of the merchant.

    Raises:
        UsageError: It is none, or for another merchant.
    """
    signed = SignedIntent.from_json(data)
    if not isinstance(signed.intent, RedeemIntent):
        raise UsageError("This is no signed redemption.")
    if signed.intent.merchant != merchant:
        raise UsageError("The redemption is for another merchant's order.")
    return signed


def _redeemed(receipt: Receipt, count: int) -> RedeemedOut:
    skipped = [
        SkippedOut(
            index=item.index,
            order_id=item.order_id,
            reason=queries_merchant.reason_name(item.reason[:4].hex()),
        )
        for item in receipt.events_of(IntentSkipped)
    ]
    return RedeemedOut(
        tx_hash=receipt.hash,
        block=receipt.block,
        redeemed=count - len(skipped),
        skipped=skipped,
    )

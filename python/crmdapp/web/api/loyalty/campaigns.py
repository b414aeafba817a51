"""Coupons and drops."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.loyalty import DropClaim, LoyaltyClient, SignedCoupon, sign_coupon
from crmdapp.loyalty.drops import DEPTH_MAX
from crmdapp.store.index.loyalty import queries, queries_merchant
from crmdapp.web.api import AddressIn, ContextDep, Hash32, Model, NotFound, Sent, Uint
from crmdapp.web.api.loyalty.access import OwnDep, OwnWorkDep, WorkDep
from crmdapp.web.api.loyalty.models import ADDRESS, OTHER, WORD, CampaignOut, example
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/programs/{program}", tags=["loyalty: campaigns"])

NONE = bytes(32)

DropPath = Annotated[Uint, Path(description="Number of the drop.")]


class CouponKeyIn(Model):
    """Who signs coupons, and how much they may give in an epoch; ``null`` for nobody."""

    model_config = example(key=ADDRESS, budget="100000")

    key: AddressIn | None
    budget: Uint


class CouponKeyOut(Model):
    """Who signs coupons, and what is left of the budget in this epoch."""

    model_config = example(key=ADDRESS, budget="100000", used="2000", left="98000")

    key: AddressIn | None
    budget: Uint
    used: Uint
    left: Uint


class CouponIn(Model):
    """A coupon to sign with your account, which must be the program's coupon key."""

    model_config = example(to=OTHER, points="500", order_id="17", deadline=1800086400)

    to: AddressIn
    points: Uint
    order_id: Uint = Field(description="A number that no coupon of the program has used yet.")
    deadline: int = Field(ge=0, lt=1 << 48, description="Last second to claim it, Unix time.")
    valid_after: int = Field(0, ge=0, lt=1 << 48)
    reversible: bool = False
    campaign: Hash32 = NONE
    terms_hash: Hash32 = NONE


class SignedCouponModel(Model):
    """A signed coupon, as files and links carry it."""

    model_config = example(
        signed={"typedData": {"primaryType": "Coupon"}, "signature": "0x" + "ab" * 65}
    )

    signed: dict[str, Any]


class DropIn(Model):
    """Points for everyone named in a Merkle tree; all are booked on your budget now."""

    model_config = example(root=WORD, points="50000", deadline=1800086400, campaign=WORD)

    root: Hash32
    points: Uint
    deadline: int = Field(ge=0, lt=1 << 48)
    campaign: Hash32 = NONE


class DropOut(Model):
    """A drop as it stands."""

    model_config = example(drop="1", root=WORD, left="48000", deadline=1800086400)

    drop: Uint
    root: Hash32
    left: Uint
    deadline: int


class DropClaimIn(Model):
    """One customer's place in a drop, with its proof."""

    model_config = example(index="0", to=OTHER, points="500", proof=[WORD])

    index: Uint
    to: AddressIn
    points: Uint
    proof: list[Hash32] = Field(max_length=DEPTH_MAX)


@router.get("/campaigns")
def campaigns(number: OwnDep, view: ViewDep) -> list[CampaignOut]:
    """List campaigns with what their coupons and drops gave."""
    found = queries_merchant.campaigns(view.session, number)
    return [CampaignOut.model_validate(item) for item in found]


@router.get("/coupon-key")
def coupon_key(number: OwnDep, view: ViewDep) -> CouponKeyOut:
    """Show who signs coupons, and what is left of the budget."""
    program = queries.program(view.session, number, now=view.now)
    used = queries.supply(view.session, number, now=view.now).coupon_points
    return CouponKeyOut(
        key=program.coupon_key,
        budget=program.coupon_budget,
        used=used,
        left=max(0, program.coupon_budget - used),
    )


@router.put("/coupon-key")
def set_coupon_key(number: OwnWorkDep, wanted: CouponKeyIn, work: WorkDep) -> Sent:
    """Name the key that signs coupons; coupons of another key are void from then on."""
    client = work.client(LoyaltyClient)
    receipt = client.campaigns.set_coupon_key(number, wanted.key, wanted.budget, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/coupons")
def new_coupon(number: OwnWorkDep, wanted: CouponIn, work: WorkDep) -> SignedCouponModel:
    """Sign a coupon for a customer; nothing is sent until it is claimed."""
    client = work.client(LoyaltyClient)
    signed = sign_coupon(
        work.context.settings.signers[work.caller.account or ""],
        client.domain,
        program=number,
        to=wanted.to,
        points=wanted.points,
        order_id=wanted.order_id,
        issued=client.campaigns.issued(number),
        deadline=wanted.deadline,
        valid_after=wanted.valid_after,
        reversible=wanted.reversible,
        campaign=wanted.campaign,
        terms_hash=wanted.terms_hash,
    )
    signed.require_signed_by(client.campaigns.coupon_key(number).address or "")
    return SignedCouponModel(signed=signed.to_json())


@router.post("/coupons/claims")
def claim_coupon(number: OwnWorkDep, wanted: SignedCouponModel, work: WorkDep) -> Sent:
    """Claim a coupon for its customer; your account pays the gas."""
    signed = SignedCoupon.from_json(wanted.signed)
    if signed.coupon.program != number:
        raise NotFound("The coupon is of another program.")
    receipt = work.client(LoyaltyClient).campaigns.claim_coupon(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.delete("/coupons/{order_id}")
def cancel_coupon(
    number: OwnWorkDep,
    order_id: Annotated[Uint, Path(description="The coupon's number.")],
    work: WorkDep,
) -> Sent:
    """Make a coupon's number unusable."""
    client = work.client(LoyaltyClient)
    receipt = client.campaigns.cancel_coupon(number, order_id, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.get("/drops")
def drops(number: OwnDep, view: ViewDep, context: ContextDep) -> list[DropOut]:
    """List the program's drops with what is left of each, the latest first."""
    client = context.reader(LoyaltyClient).campaigns
    return [_drop(client.drop(drop)) for drop in queries_merchant.drops(view.session, number)]


@router.post("/drops", status_code=201)
def create_drop(number: OwnWorkDep, wanted: DropIn, work: WorkDep) -> DropOut:
    """Set up a drop."""
    client = work.client(LoyaltyClient).campaigns
    return _drop(
        client.create_drop(
            number,
            wanted.root,
            wanted.points,
            wanted.deadline,
            campaign=wanted.campaign,
            key=work.key,
        )
    )


@router.post("/drops/{drop}/claims")
def claim_drop(
    number: OwnWorkDep, drop: DropPath, wanted: DropClaimIn, view: ViewDep, work: WorkDep
) -> Sent:
    """Give a customer its points of a drop; your account pays the gas."""
    if queries_merchant.drop_program(view.session, drop) != number:
        raise NotFound("There is no such drop.")
    client = work.client(LoyaltyClient)
    claim = DropClaim(
        chain_id=client.connection.chain_id,
        hub=client.hub.address,
        drop=drop,
        index=wanted.index,
        to=wanted.to,
        points=wanted.points,
        proof=tuple(wanted.proof),
    )
    receipt = client.campaigns.claim_drop(claim, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def _drop(found: Any) -> DropOut:
    return DropOut(drop=found.id, root=found.root, left=found.left, deadline=found.deadline)

"""Programs: opening and ruling them, who may award, awarding."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.models import TIERS_MAX
from crmdapp.loyalty.packing import pack_records
from crmdapp.store.index.loyalty import queries
from crmdapp.web.api import AddressIn, Hash32, Model, NotFound, PlainText, Sent, Uint
from crmdapp.web.api.loyalty.access import OwnDep, OwnWorkDep, ProgramPath, ReaderDep, WorkDep
from crmdapp.web.api.loyalty.models import ADDRESS, OTHER, WORD, ProgramOut, example
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/programs", tags=["loyalty: programs"])

BATCH_MAX = 500
"""Most awards of one request: what fits one transaction."""


class ProgramIn(Model):
    """A program to open. Points are units of 0.01."""

    model_config = example(name="Bean", symbol="BEAN", validity=4, cap="0", tiers=["100000"])

    name: PlainText = Field(min_length=1, max_length=64)
    symbol: PlainText = Field(min_length=1, max_length=16)
    validity: int = Field(4, ge=1, le=4, description="Epochs that points live.")
    cap: Uint = Field(0, description="Most units outstanding; 0 for no cap.")
    has_token: bool = Field(default=False, description="Whether it gets an ERC-20 face.")
    tiers: list[Uint] = Field([], max_length=TIERS_MAX, description="Units that open each tier.")


class Opened(Model):
    """A program that was opened."""

    model_config = example(program="2")

    program: Uint


class RulesIn(Model):
    """Rules for points awarded from now on; what is left out stays."""

    model_config = example(validity=2, cap="5000000", tiers=["100000"], clawback=86400)

    validity: int | None = Field(None, ge=1, le=4)
    cap: Uint | None = None
    tiers: list[Uint] | None = Field(None, max_length=TIERS_MAX)
    clawback: int | None = Field(None, ge=0, lt=1 << 32, description="Seconds.")


class BudgetIn(Model):
    """Units that an issuer may award per epoch; 0 dismisses it, 2^48 - 1 is no limit."""

    model_config = example(budget="100000")

    budget: Uint


class PricesIn(Model):
    """What 1.00 point costs other programs and what this one pays, in 10^-6 of the coin."""

    model_config = example(on_ramp="20000", off_ramp="15000")

    on_ramp: Uint
    off_ramp: Uint


class OwnerIn(Model):
    """Who is offered the program; the zero address takes the offer back."""

    model_config = example(to=ADDRESS)

    to: AddressIn


class AwardIn(Model):
    """Points for one customer."""

    model_config = example(to=OTHER, points="1250")

    to: AddressIn
    points: Uint


class AwardBatchIn(Model):
    """Points for many customers, once per batch id; all or none."""

    model_config = example(batch_id=WORD, awards=[{"to": OTHER, "points": "1250"}])

    batch_id: Hash32
    awards: list[AwardIn] = Field(min_length=1, max_length=BATCH_MAX)


@router.get("")
def programs(view: ViewDep, caller: ReaderDep) -> list[ProgramOut]:
    """List the programs that you own or may award points of."""
    found = queries.programs_of(view.session, caller.merchant, now=view.now)
    return [ProgramOut.model_validate(item) for item in found]


@router.post("", status_code=201)
def open_program(wanted: ProgramIn, work: WorkDep) -> Opened:
    """Open a program that your account owns; nobody may award until you set an issuer."""
    config = ProgramConfig(
        name=wanted.name,
        symbol=wanted.symbol,
        validity=wanted.validity,
        cap=wanted.cap,
        has_token=wanted.has_token,
        tiers=tuple(wanted.tiers),
    )
    return Opened(program=work.client(LoyaltyClient).create_program(config, key=work.key).id)


@router.get("/{program}")
def program(number: OwnDep, view: ViewDep) -> ProgramOut:
    """Show a program of yours."""
    return ProgramOut.model_validate(queries.program(view.session, number, now=view.now))


@router.put("/{program}/rules")
def set_rules(number: OwnWorkDep, wanted: RulesIn, work: WorkDep) -> list[Sent]:
    """Change rules for points awarded from now on; each is a transaction of its own."""
    client = work.client(LoyaltyClient)
    receipts = client.configure(
        number, validity=wanted.validity, cap=wanted.cap, tiers=wanted.tiers, key=work.key
    )
    if wanted.clawback is not None:
        key = f"{work.key}/clawback"
        receipts.append(client.returns.set_clawback(number, wanted.clawback, key=key))
    return [Sent(tx_hash=item.hash, block=item.block) for item in receipts]


@router.put("/{program}/issuers/{issuer}")
def set_issuer(
    number: OwnWorkDep,
    issuer: Annotated[AddressIn, Path(description="Address of the issuer.")],
    wanted: BudgetIn,
    work: WorkDep,
) -> Sent:
    """Let an address award points and submit customers' redemptions."""
    client = work.client(LoyaltyClient)
    receipt = client.set_issuer(number, issuer, wanted.budget, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.put("/{program}/prices")
def announce_prices(number: OwnWorkDep, wanted: PricesIn, work: WorkDep) -> Sent:
    """Announce prices: the first hold at once, later ones after the notice."""
    network = work.client(LoyaltyClient).network
    receipt = network.announce_prices(number, wanted.on_ramp, wanted.off_ramp, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/{program}/ownership")
def offer_ownership(number: OwnWorkDep, wanted: OwnerIn, work: WorkDep) -> Sent:
    """Offer the program to somebody, who must accept."""
    receipt = work.client(LoyaltyClient).offer_ownership(number, wanted.to, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/{program}/ownership/accept")
def accept_ownership(program: ProgramPath, view: ViewDep, work: WorkDep) -> Sent:
    """Take over a program that was offered to you."""
    if not queries.is_offered(view.session, program, work.caller.merchant):
        raise NotFound("There is no such program.")
    receipt = work.client(LoyaltyClient).accept_ownership(program, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/{program}/awards")
def award(number: OwnWorkDep, wanted: AwardIn, work: WorkDep) -> Sent:
    """Give a customer new points, from your account's budget."""
    client = work.client(LoyaltyClient)
    receipt = client.award(number, wanted.to, wanted.points, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/{program}/awards/batch")
def award_many(number: OwnWorkDep, wanted: AwardBatchIn, work: WorkDep) -> Sent:
    """Give many customers new points in one transaction; a batch id is awarded once."""
    client = work.client(LoyaltyClient)
    records = pack_records((item.to, item.points) for item in wanted.awards)
    call = client.prepare.award_many(number, wanted.batch_id, records)
    receipt = client.send_for(call, number, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)

"""Gift vouchers and legal terms."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.loyalty import (
    GiftCard,
    SignedAcceptance,
    SignedPayment,
    TermsClient,
    VoucherClient,
)
from crmdapp.loyalty.terms_file import parse
from crmdapp.store.index.loyalty import queries_merchant
from crmdapp.web.api import AddressIn, Hash32, Model, NotFound, PlainText, Sent, Uint
from crmdapp.web.api.loyalty.access import OwnWorkDep, ReaderDep, WorkDep
from crmdapp.web.api.loyalty.models import ADDRESS, CardOut, GuildOut, TermsOut, example
from crmdapp.web.view import ViewDep

router = APIRouter(tags=["loyalty: vouchers and terms"])

MERCHANTS_MAX = 100
TEXT_MAX = 200_000


class GuildIn(Model):
    """Merchants that take the same gift vouchers."""

    model_config = example(merchants=[ADDRESS])

    merchants: list[AddressIn] = Field([], max_length=MERCHANTS_MAX)


class MerchantIn(Model):
    """A merchant to add."""

    model_config = example(merchant=ADDRESS)

    merchant: AddressIn


class CardIn(Model):
    """A gift voucher to buy with your account's coin.

    ``key`` is the address of the key that travels on the card; the server never sees the key.
    """

    model_config = example(key=ADDRESS, guild="1", amount="5000000", refund_at=0)

    key: AddressIn
    guild: Uint
    amount: Uint
    refund_at: int = Field(0, ge=0, lt=1 << 40)
    terms_hash: Hash32 = bytes(32)


class PaymentIn(Model):
    """A payment that the card's key signed."""

    model_config = example(
        signed={"card": {}, "typedData": {"primaryType": "GiftPayment"}, "signature": "0x"}
    )

    signed: dict[str, Any]


class TermsIn(Model):
    """A bundle of terms: the JSON document and the prose, as the command line makes them."""

    model_config = example(document='{"program": 2}', prose="# Terms")

    document: PlainText = Field(max_length=TEXT_MAX)
    prose: PlainText = Field(max_length=TEXT_MAX)


class AcceptanceIn(Model):
    """An acceptance of terms that a customer signed."""

    model_config = example(
        signed={"typedData": {"primaryType": "TermsAcceptance"}, "signature": "0x" + "ab" * 65}
    )

    signed: dict[str, Any]


@router.get("/guilds")
def guilds(view: ViewDep, caller: ReaderDep) -> list[GuildOut]:
    """List the guilds that you own or whose gift vouchers you take."""
    found = queries_merchant.guilds_of(view.session, caller.merchant)
    return [GuildOut.model_validate(item) for item in found]


@router.post("/guilds", status_code=201)
def create_guild(wanted: GuildIn, work: WorkDep) -> GuildOut:
    """Found a guild that your account owns."""
    guild = work.client(VoucherClient).create_guild(wanted.merchants, key=work.key)
    return GuildOut(guild=guild.id, owner=guild.owner, merchants=list(guild.merchants))


@router.post("/guilds/{guild}/merchants")
def add_merchant(
    guild: Annotated[Uint, Path(description="Number of the guild.")],
    wanted: MerchantIn,
    view: ViewDep,
    work: WorkDep,
) -> Sent:
    """Let another merchant take the guild's gift vouchers, for good."""
    own = queries_merchant.guilds_of(view.session, work.caller.merchant)
    if guild not in {item.guild for item in own}:
        raise NotFound("There is no such guild.")
    receipt = work.client(VoucherClient).add_merchant(guild, wanted.merchant, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.get("/cards")
def cards(view: ViewDep, caller: ReaderDep) -> list[CardOut]:
    """List the gift vouchers that you bought, the latest first."""
    found = queries_merchant.cards_of(view.session, caller.merchant)
    return [CardOut.model_validate(item) for item in found]


@router.post("/cards", status_code=201)
def buy_card(wanted: CardIn, work: WorkDep) -> CardOut:
    """Buy a gift voucher with your account's coin."""
    client = work.client(VoucherClient)
    card = GiftCard(
        wanted.key, client.sender.address, wanted.guild, wanted.refund_at, wanted.terms_hash
    )
    bought = client.buy(card, wanted.amount, key=work.key)
    return CardOut(
        card=bought.card,
        guild=wanted.guild,
        bought=bought.amount,
        spent=0,
        refunded=0,
        left=bought.amount,
    )


@router.post("/cards/payments")
def spend_card(wanted: PaymentIn, work: WorkDep) -> Sent:
    """Take a payment to your account that a card's key signed."""
    signed = SignedPayment.from_json(wanted.signed)
    if signed.payment.merchant != work.caller.merchant:
        raise NotFound("The payment is for another merchant.")
    receipt = work.client(VoucherClient).spend(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/programs/{program}/terms", status_code=201)
def publish_terms(number: OwnWorkDep, wanted: TermsIn, work: WorkDep) -> TermsOut:
    """Publish the next version of the program's terms; figures are checked against the chain."""
    bundle = parse(wanted.document.encode(), wanted.prose.encode())
    if bundle.terms.program != number:
        raise NotFound("The terms are of another program.")
    found = work.client(TermsClient).publish(bundle, key=work.key)
    return TermsOut(
        version=found.version,
        bundle_hash=found.bundle_hash,
        published_at=int(found.published_at.timestamp()),
        effective_at=int(found.effective_at.timestamp()),
        accepted=0,
    )


@router.post("/programs/{program}/terms/acceptances")
def accept_terms(number: OwnWorkDep, wanted: AcceptanceIn, work: WorkDep) -> Sent:
    """Record a customer's signed acceptance; your account pays the gas."""
    signed = SignedAcceptance.from_json(wanted.signed)
    if signed.acceptance.program != number:
        raise NotFound("The acceptance is of another program's terms.")
    receipt = work.client(TermsClient).submit(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)

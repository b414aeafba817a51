"""Selling works: prices, purchases, auctions, signed prices and offers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from crmdapp.provenance.artwork_intents import SignedListing, SignedOffer
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.store.index.provenance import queries
from crmdapp.web.api import Caller, ContextDep, Hash32, Model, Sent, Uint, Work, requires, sending
from crmdapp.web.api.provenance.models import ADDRESS, WORD, example, hexed
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import ViewDep

router = APIRouter(tags=["provenance: market"])

WorkDep = Annotated[Work, sending("provenance:write")]


class PriceIn(Model):
    """A price in price units of a row of the currency table."""

    model_config = example(price="500000000", currency=0)

    price: Uint
    currency: int = Field(0, ge=0, le=127)


class AuctionIn(Model):
    """An English auction."""

    model_config = example(reserve="500000000", currency=0, duration=86400)

    reserve: Uint
    currency: int = Field(0, ge=0, le=127)
    duration: int = Field(ge=900, le=30 * 86_400, description="Seconds.")


class BidIn(Model):
    """A bid in price units."""

    model_config = example(amount="600000000")

    amount: Uint


class DigestIn(Model):
    """Something signed that is kept here, by its EIP-712 digest."""

    model_config = example(digest=WORD)

    digest: Hash32


class AuctionOut(Model):
    """An open auction."""

    model_config = example(bidder=ADDRESS, bid="600000000", ends_at=1767312000, least="630000000")

    bidder: str | None
    bid: str
    ends_at: int
    least: str = Field(description="Least that the next bid has to be.")


@router.post("/artworks/{id}/token")
def mint(number: NumberDep, work: WorkDep) -> Sent:
    """Give the artist the token of a registered work before its first sale; anyone may."""
    return _sent(work.client(ArtworksClient).mint(number, key=work.key))


@router.post("/artworks/{id}/price")
def ask(number: NumberDep, wanted: PriceIn, work: WorkDep) -> Sent:
    """Ask a price for a work of yours; voids what was signed before."""
    client = work.client(ArtworksClient)
    return _sent(client.list(number, wanted.price, wanted.currency, key=work.key))


@router.delete("/artworks/{id}/price")
def withdraw_price(number: NumberDep, work: WorkDep) -> Sent:
    """Withdraw the price of a work of yours, and every price you signed for it."""
    return _sent(work.client(ArtworksClient).unlist(number, key=work.key))


@router.post("/artworks/{id}/purchase")
def buy(number: NumberDep, wanted: PriceIn, work: WorkDep) -> Sent:
    """Buy a work at exactly this price; at any other nothing happens."""
    client = work.client(ArtworksClient)
    return _sent(client.buy(number, wanted.price, wanted.currency, key=work.key))


@router.get("/artworks/{id}/listings")
def listings(number: NumberDep, view: ViewDep, context: ContextDep) -> list[dict[str, Any]]:
    """List prices that the seller signed and that still stand."""
    work = queries.work(view.session, number)
    found = Shelf(context.state).words("listing", subject=hexed(number), now=view.now)
    return [
        item
        for item in found
        if (listing := SignedListing.from_json(item).listing).epoch == work.epoch
        and listing.seller == work.seller
    ]


@router.post("/artworks/{id}/listings/accept")
def buy_signed(number: NumberDep, wanted: DigestIn, context: ContextDep, work: WorkDep) -> Sent:
    """Buy a work at a price that its seller signed."""
    signed = SignedListing.from_json(Shelf(context.state).word("listing", wanted.digest))
    _require_of(signed.listing.id, number)
    return _sent(work.client(ArtworksClient).buy_signed(signed, key=work.key))


@router.get("/artworks/{id}/offers")
def offers(
    number: NumberDep,
    view: ViewDep,
    context: ContextDep,
    caller: Annotated[Caller, requires("provenance:read")],
) -> list[dict[str, Any]]:
    """List offers that were signed for a work: to its owner all, to others their own."""
    work = queries.work(view.session, number)
    found = Shelf(context.state).words("offer", subject=hexed(number), now=view.now)
    if caller.merchant == work.seller:
        return found
    return [item for item in found if SignedOffer.from_json(item).signer == caller.merchant]


@router.post("/artworks/{id}/offers/accept")
def accept(number: NumberDep, wanted: DigestIn, context: ContextDep, work: WorkDep) -> Sent:
    """Sell a work of yours to who signed an offer."""
    signed = SignedOffer.from_json(Shelf(context.state).word("offer", wanted.digest))
    _require_of(signed.offer.id, number)
    return _sent(work.client(ArtworksClient).accept(signed, key=work.key))


@router.get("/artworks/{id}/auction")
def auction(number: NumberDep, view: ViewDep) -> AuctionOut | None:
    """Show the auction of a work; ``null`` without one."""
    work = queries.work(view.session, number)
    found = queries.auction(view.session, number)
    if found is None:
        return None
    least = str(found.least_bid(work.price))
    return AuctionOut(bidder=found.bidder, bid=str(found.bid), ends_at=found.ends_at, least=least)


@router.post("/artworks/{id}/auction")
def open_auction(number: NumberDep, wanted: AuctionIn, work: WorkDep) -> Sent:
    """Open an auction of a work of yours."""
    client = work.client(ArtworksClient)
    terms = (wanted.reserve, wanted.currency, wanted.duration)
    return _sent(client.open_auction(number, *terms, key=work.key))


@router.delete("/artworks/{id}/auction")
def cancel_auction(number: NumberDep, work: WorkDep) -> Sent:
    """Call off an auction of yours that has no bid."""
    client = work.client(ArtworksClient)
    return _sent(client.send(client.prepare.cancel_auction(number), key=work.key))


@router.post("/artworks/{id}/auction/bids")
def bid(number: NumberDep, wanted: BidIn, work: WorkDep) -> Sent:
    """Bid; the bidder before you is paid back."""
    return _sent(work.client(ArtworksClient).bid(number, wanted.amount, key=work.key))


@router.post("/artworks/{id}/auction/settle")
def settle(number: NumberDep, work: WorkDep) -> Sent:
    """End an auction whose time is over; anyone may."""
    client = work.client(ArtworksClient)
    return _sent(client.send(client.prepare.settle(number), key=work.key))


def _require_of(found: int, wanted: int) -> None:
    from crmdapp.web.api import NotFound

    if found != wanted:
        raise NotFound("There is nothing signed of that digest for this work.")


def _sent(receipt: Any) -> Sent:
    return Sent(tx_hash=receipt.hash, block=receipt.block)

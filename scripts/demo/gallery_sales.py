"""The picture is sold: by a signature, for a stablecoin, back again, and into a history."""

from __future__ import annotations

import json

from crmdapp.chain.events import ERC721Transfer
from crmdapp.customers.interaction_log import LogClient
from crmdapp.provenance.artwork_intents import SignedListing
from crmdapp.provenance.errors import ListingStale
from crmdapp.provenance.events import ArtworkSold
from crmdapp.provenance.sales import Purchase, purchases, record_purchases
from scripts.demo.gallery_hall import ETHER_RATE, ROYALTY, Hall, Work
from scripts.demo.stage import GALLERY_FEE

PRICE, LIVE_PRICE = "0.5", "0.002"  # ether; a live chain's is somebody's own
BARGAIN = "0.001"  # ether
RESALE, BUYBACK = "1500", "1600"  # coins
BPS = 10_000


def play(hall: Hall, work: Work) -> None:
    """Tell of the sales and check them."""
    _tell_first_sale(hall, work)
    bargain = _tell_resale(hall, work)
    _tell_round_trip(hall, work, bargain)
    _tell_history(hall, work)


def _tell_first_sale(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("A collector buys, and the artist is paid at once")
    ether = hall.reader.currency(0)
    price = ether.price(LIVE_PRICE if stage.clock.is_live else PRICE)
    listing = hall.listing("artist", work.id, price)
    stage.fund("collector", ether.base_units(price))
    before = stage.connection.balance(hall.artist.address)
    receipt = hall.trader("collector").buy_signed(_carried(listing))
    earned = stage.connection.balance(hall.artist.address) - before
    fee = ether.base_units(price) * GALLERY_FEE // BPS
    moves = [(event.from_, event.to) for event in receipt.events_of(ERC721Transfer)]
    (sold,) = receipt.events_of(ArtworkSold)
    stage.story.say(
        "The artist's offer is a signature in a file. The work becomes a token in the moment of",
        f"the sale, {receipt.gas_used:,} gas, paid by the buyer. Nobody holds the money in",
        f"between: {ether.format(earned)} are the artist's in that very transaction,",
        f"{ether.format(fee)} stay as the gallery's fee.",
    )
    nobody = "0x" + "00" * 20
    stage.check(
        "The artist got the price without the fee, to the wei",
        earned == ether.base_units(price) - fee,
        f"{earned:,} wei",
    )
    stage.check(
        "The work went from nobody to the artist to the collector",
        moves == [(nobody, hall.artist.address), (hall.artist.address, hall.collector.address)],
        f"{len(moves)} transfers in one transaction",
    )
    stage.check(
        "The sale names the signature that it rests on",
        sold.digest == listing.digest,
        f"0x{sold.digest.hex()[:8]}...",
    )
    wanted = price * ETHER_RATE // 1_000_000
    stage.check(
        "The sale earned loyalty points",
        hall.points(hall.collector.address) == wanted,
        f"{wanted / 100:,.2f} points",
    )


def _tell_resale(hall: Hall, work: Work) -> SignedListing:
    """Sell the work on; returns an older offer of the collector's to somebody else."""
    stage, coin = hall.stage, hall.coin
    stage.story.scene("It is sold on for a stablecoin, and the artist has a share")
    bargain = hall.listing("collector", work.id, hall.reader.currency(0).price(BARGAIN))
    price = coin.price(RESALE)
    amount = coin.base_units(price)
    collector, museum = hall.trader("collector"), hall.trader("museum")
    collector.list(work.id, price, coin.index)
    hall.mint_coins("museum", amount)
    people = (hall.artist.address, hall.collector.address, museum.sender.address)
    before = [hall.coins_of(address) for address in people]
    museum.buy_with_permit(work.id, price, coin.index, stage.signer("museum"))
    changes = [hall.coins_of(address) - had for address, had in zip(people, before, strict=True)]
    royalty, fee = amount * ROYALTY // BPS, amount * GALLERY_FEE // BPS
    stage.story.say(
        f"The museum signs that the gallery may take {coin.format(amount)} of it, and buys in",
        f"one transaction: {coin.format(changes[0])} to the artist, {coin.format(fee)} to the",
        "gallery, the rest to the collector.",
    )
    stage.check(
        "Royalty, fee and the rest add up, coin by coin",
        changes == [royalty, amount - royalty - fee, -amount],
        ", ".join(f"{change:+,}" for change in changes),
    )
    stage.check(
        "The contract keeps no leave to take more",
        hall.coins.read("allowance", people[2], hall.works.contract.address) == 0,
        "allowance 0",
    )
    return bargain


def _tell_round_trip(hall: Hall, work: Work, bargain: SignedListing) -> None:
    stage, coin = hall.stage, hall.coin
    stage.story.scene("The collector buys it back, and an old offer stays dead")
    price = coin.price(BUYBACK)
    collector, friend = hall.trader("collector"), hall.trader("friend")
    hall.trader("museum").list(work.id, price, coin.index)
    hall.mint_coins("collector", coin.base_units(price))
    collector.buy_with_permit(work.id, price, coin.index, stage.signer("collector"))
    ether = hall.reader.currency(0)
    stage.fund("friend", ether.base_units(bargain.listing.price))
    call = friend.prepare.buy_signed(bargain, friend.sender.address, ether)
    stage.refused(
        "A friend takes up what the collector signed before it was sold",
        lambda: friend.send(call),
        ListingStale,
    )
    stage.check(
        "The collector owns it again",
        hall.reader.state(work.id).owner == hall.collector.address,
        f"epoch {bargain.listing.epoch} became {hall.reader.state(work.id).epoch}",
    )


def _tell_history(hall: Hall, work: Work) -> None:
    stage = hall.stage
    stage.story.scene("What the collector bought is in the collector's own history")
    bought = purchases(hall.reader, [hall.collector.address])
    customer = stage.signer("collector as the gallery knows it").address
    receipts = record_purchases(hall.operator, customer, bought)
    again = record_purchases(hall.operator, customer, bought)
    hall.operator.anchor()
    log, proven = LogClient.at(stage.connection, stage.manifest), hall.reader.head()
    seen: list[Purchase] = []
    for receipt in receipts:
        receipt.check(customer)
        proof = hall.operator.proof(receipt.leaf)
        assert proof is not None  # it was anchored above
        proof.verify(list(log.batches(hall.operator.log)))
        assert receipt.contents is not None  # the customer's copy
        purchase = Purchase.from_payload(receipt.contents.payload)
        purchase.require_in(hall.reader, proven)
        seen.append(purchase)
    prices = [hall.reader.currency(each.currency).format_price(each.price) for each in seen]
    stage.story.say(
        f"The gallery noted both purchases, {' and '.join(prices)}, under a pseudonym. Each note",
        "carries its place in the history of the work, so the collector can show it to anybody,",
        "and nobody can make one up.",
        f"The gallery's program gave {hall.points(hall.collector.address) / 100:,.2f} points.",
    )
    stage.check(
        "Every purchase is anchored in the log, and proved by the work's own history",
        [item.id for item in seen] == [work.id] * 2,
        f"{len(seen)} purchases, {sum(item.token is None for item in seen)} in ether",
    )
    stage.check(
        "Noting them again notes nothing",
        [each.leaf for each in again] == [each.leaf for each in receipts],
        f"{hall.operator.anchored} interactions",
    )


def _carried(listing: SignedListing) -> SignedListing:
    """Return a listing as it comes out of a file."""
    return SignedListing.from_json(json.dumps(listing.to_json()))

"""The gallery from Python, on a chain."""

from dataclasses import replace
from decimal import Decimal

import pytest

from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import sign_listing, sign_offer
from crmdapp.provenance.coin_permits import PermitUnsupported, sign_permit
from crmdapp.provenance.errors import (
    ApprovalsMissing,
    ArtworkNotForSale,
    ArtworkRegisteredBefore,
    ArtworkSellerOnly,
    ArtworkUnknown,
    AuctionBidTooLow,
    AuctionDurationInvalid,
    AuctionOpen,
    AuctionUnknown,
    CuratorInvalid,
    CuratorsUnordered,
    CurrencyDisabled,
    CurrencyEther,
    CurrencyUnknown,
    ListingForAnother,
    ListingStale,
    PriceChanged,
    StandardsOutdated,
)
from crmdapp.provenance.events import ArtworkRegistered, ArtworkSold
from crmdapp.provenance.models import ArtworkRecord, Auction
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures
from tests.provenance.gallery_hall import COIN, CURATORS, DAY, HOUR

MILLI_ETHER = 10**6
"""Price units of 10^9 wei."""


@pytest.fixture
def submission(hall):
    return hall.submission(hall.image())


@pytest.fixture
def sold(hall, work):
    """A work of the collector."""
    hall.sell(work)
    return work


# ----------------------------------------------------------------- registration


def test_register_records_the_very_artwork(hall, submission):
    id_ = hall.client("outsider").register(submission.signed, hall.approvals(submission))
    assert id_ == submission.artwork.id == hall.reader.latest_id(submission.artwork.file_keccak)
    artwork = submission.artwork
    assert hall.reader.record(id_) == ArtworkRecord(
        artwork.artist, artwork.p_hash, 1_000, is_revoked=False, is_burned=False
    )
    (log,) = hall.reader.events("ArtworkRegistered")
    assert log.event == ArtworkRegistered(
        id_, artwork.artist, artwork.struct_hash(), artwork.values
    )


def test_register_mints_if_asked(hall):
    assert hall.reader.state(hall.register(1)).owner is None
    assert hall.reader.state(hall.register(2, mints=True)).owner == hall.address("artist")


def test_mint_gives_the_artist_the_token(hall, work):
    hall.client("outsider").mint(work)
    assert hall.reader.state(work).owner == hall.address("artist")


def test_register_refuses_a_file_twice(hall, submission):
    client, given = hall.client("outsider"), hall.approvals(submission)
    client.register(submission.signed, given)
    with pytest.raises(ArtworkRegisteredBefore):
        client.register(submission.signed, given)


def test_register_refuses_what_the_artist_did_not_sign(hall, submission):
    given = hall.approvals(submission)
    forged = replace(submission.signed, signature=submission.signed.signature[:-1] + b"\x1d")
    with pytest.raises(IntentSignatureInvalid) as refused:
        hall.client("outsider").register(forged, given)
    assert refused.value.signer == hall.address("artist")


def test_register_refuses_what_was_signed_for_another_gallery(hall, submission):
    domain = replace(submission.signed.domain, verifying_contract=hall.address("outsider"))
    elsewhere = replace(submission.signed, domain=domain)
    with pytest.raises(UsageError, match="was signed for"):
        hall.client("outsider").register(elsewhere, hall.approvals(submission))


def test_register_refuses_too_few_curators(hall, submission):
    with pytest.raises(ApprovalsMissing) as refused:
        hall.client("outsider").register(submission.signed, hall.approvals(submission, 1))
    assert refused.value.values == (1, 2)


def test_register_refuses_a_curator_twice(hall, submission):
    (one,) = hall.approvals(submission, 1)
    with pytest.raises(CuratorsUnordered):
        hall.client("outsider").register(submission.signed, [one, one])


def test_register_refuses_who_is_no_curator(hall, submission):
    from crmdapp.provenance.board_intents import sign_approval

    domain = hall.board("outsider").domain
    stranger = sign_approval(
        hall.signer("collector"), domain, submission.artwork, deadline=hall.later()
    )
    with pytest.raises(CuratorInvalid) as refused:
        hall.client("outsider").register(
            submission.signed, [*hall.approvals(submission, 1), stranger]
        )
    assert refused.value.curator == hall.address("collector")


def test_register_refuses_what_is_past_its_deadline(hall):
    submission = hall.submission(hall.image(), deadline=hall.later(HOUR))
    given = hall.approvals(submission)
    hall.node.advance(HOUR + 1)
    with pytest.raises(IntentExpired):
        hall.client("outsider").register(submission.signed, given)


def test_register_refuses_other_standards(hall):
    submission = hall.submission(hall.image(), standards_version=2)
    with pytest.raises(StandardsOutdated):
        hall.client("outsider").register(submission.signed, hall.approvals(submission))


def test_record_names_a_work_that_there_is_not(hall):
    with pytest.raises(ArtworkUnknown):
        hall.reader.record(5)
    with pytest.raises(ArtworkUnknown):
        hall.reader.latest_id(b"\x05" * 32)


# ----------------------------------------------------------------- sale


def test_buy_pays_the_artist_directly(hall, work):
    before = hall.connection.balance(hall.address("artist"))
    hall.client("artist").list(work, 100 * MILLI_ETHER)
    spent = before - hall.connection.balance(hall.address("artist"))
    receipt = hall.client("collector").buy(work, 100 * MILLI_ETHER)
    got = hall.connection.balance(hall.address("artist")) - before + spent
    assert got == 100 * MILLI_ETHER * 10**9 * 975 // 1_000  # the gallery's fee is 2.5 %
    assert hall.reader.state(work).owner == hall.address("collector")
    assert receipt.events_of(ArtworkSold) == [
        ArtworkSold(
            work,
            hall.address("artist"),
            hall.address("collector"),
            100 * MILLI_ETHER,
            0,
            bytes(32),
        )
    ]


def test_buy_refuses_a_price_that_changed(hall, work):
    hall.client("artist").list(work, 5)
    with pytest.raises(PriceChanged) as refused:
        hall.client("collector").buy(work, 4)
    assert refused.value.values == (work, 5, 0)
    with pytest.raises(PriceChanged):
        hall.client("collector").buy(work, 5, COIN)


def test_buy_refuses_what_is_not_for_sale(hall, work):
    with pytest.raises(ArtworkNotForSale):
        hall.client("collector").buy(work, 5)
    hall.client("artist").list(work, 5)
    hall.client("artist").unlist(work)
    with pytest.raises(ArtworkNotForSale):
        hall.client("collector").buy(work, 5)


def test_list_is_the_owners_alone(hall, sold):
    with pytest.raises(ArtworkSellerOnly):
        hall.client("artist").list(sold, 5)


def test_list_refuses_a_currency_that_is_disabled_or_missing(hall, work):
    gallery = hall.client("gallery")
    gallery.send(gallery.prepare.set_currency(COIN, False))
    with pytest.raises(CurrencyDisabled):
        hall.client("artist").list(work, 5, COIN)
    with pytest.raises(CurrencyUnknown):
        hall.client("artist").list(work, 5, 9)


def test_buy_is_sent_once_under_a_key(hall, work):
    hall.client("artist").list(work, 5)
    first = hall.client("collector").buy(work, 5, key="order-1")
    assert hall.client("collector").buy(work, 5, key="order-1").hash == first.hash


def test_buy_signed_and_bid_are_sent_once_under_a_key(hall, work):
    hall.sell(work)
    signed = sign_listing(
        hall.signer("collector"),
        hall.reader.domain,
        work,
        7,
        0,
        epoch=hall.reader.state(work).epoch,
        deadline=hall.later(),
    )
    buyer = hall.client("buyer")
    assert buyer.buy_signed(signed, key="a").hash == buyer.buy_signed(signed, key="a").hash
    buyer.open_auction(work, 5, 0, HOUR)
    collector = hall.client("collector")
    bid = collector.bid(work, 5, key="b")
    hall.node.advance(HOUR + 1)
    collector.send(collector.prepare.settle(work))
    assert collector.bid(work, 5, key="b").hash == bid.hash


def test_buy_with_permit_needs_no_allowance(hall, work):
    hall.client("artist").list(work, 250, COIN)
    hall.give_coins("buyer", 2_500_000)
    hall.client("buyer").buy_with_permit(work, 250, COIN, hall.signer("buyer"))
    assert hall.reader.state(work).owner == hall.address("buyer")


def test_buy_with_permit_refuses_ether_and_another_price(hall, work):
    hall.client("artist").list(work, 250, COIN)
    with pytest.raises(CurrencyEther):
        hall.client("buyer").buy_with_permit(work, 250, 0, hall.signer("buyer"))
    with pytest.raises(PriceChanged):
        hall.client("buyer").buy_with_permit(work, 251, COIN, hall.signer("buyer"))


def test_sign_permit_names_a_coin_that_takes_none(hall):
    with pytest.raises(PermitUnsupported):
        sign_permit(
            hall.connection,
            hall.signer("buyer"),
            hall.manifest.address("PointsHub"),
            hall.address("gallery"),
            1,
            deadline=hall.later(),
        )


# ----------------------------------------------------------------- signed listings and offers


@pytest.fixture
def listing(hall, sold):
    """The collector's, by signature."""

    def listing_(**changes):
        state = hall.reader.state(sold)
        values = {"epoch": state.epoch, "deadline": hall.later(), **changes}
        return sign_listing(hall.signer("collector"), hall.reader.domain, sold, 7, 0, **values)

    return listing_


def test_buy_signed_takes_up_the_sellers_word(hall, sold, listing):
    signed = listing()
    receipt = hall.client("buyer").buy_signed(signed)
    (event,) = receipt.events_of(ArtworkSold)
    assert (event.seller, event.buyer, event.digest) == (
        hall.address("collector"),
        hall.address("buyer"),
        signed.digest,
    )


def test_buy_signed_refuses_a_listing_after_a_sale_or_a_new_price(hall, sold, listing):
    signed = listing()
    hall.client("collector").list(sold, 9)
    with pytest.raises(ListingStale) as refused:
        hall.client("buyer").buy_signed(signed)
    assert refused.value.epoch == refused.value.listed + 1


def test_buy_signed_refuses_a_listing_past_its_deadline(hall, listing):
    signed = listing(deadline=hall.later(HOUR))
    hall.node.advance(HOUR + 1)
    with pytest.raises(IntentExpired):
        hall.client("buyer").buy_signed(signed)


def test_buy_signed_refuses_a_listing_for_another(hall, listing):
    signed = listing(only_buyer=hall.address("outsider"))
    with pytest.raises(ListingForAnother):
        hall.client("buyer").buy_signed(signed)
    hall.client("outsider").buy_signed(signed)


def test_buy_signed_refuses_another_price_than_was_signed(hall, listing):
    signed = listing()
    cheaper = replace(signed, listing=replace(signed.listing, price=1))
    with pytest.raises(IntentSignatureInvalid):
        hall.client("buyer").buy_signed(cheaper)


@pytest.fixture
def offer(hall, sold):
    """The buyer's, by signature, of coins that the gallery may take."""
    hall.give_coins("buyer", 10**8)
    hall.let_take_coins("buyer", 10**8)
    return sign_offer(
        hall.signer("buyer"),
        hall.reader.domain,
        sold,
        300,
        COIN,
        nonce=77,
        deadline=hall.later(),
    )


def test_accept_sells_to_who_signed(hall, sold, offer):
    receipt = hall.client("collector").accept(offer)
    (event,) = receipt.events_of(ArtworkSold)
    assert (event.buyer, event.price, event.digest) == (hall.address("buyer"), 300, offer.digest)
    assert hall.reader.state(sold).owner == hall.address("buyer")


def test_accept_is_the_owners_alone(hall, offer):
    with pytest.raises(ArtworkSellerOnly):
        hall.client("artist").accept(offer)


def test_accept_refuses_an_offer_that_was_cancelled(hall, offer):
    buyer = hall.client("buyer")
    buyer.send(buyer.prepare.cancel_nonce(77))
    with pytest.raises(IntentNonceUsed):
        hall.client("collector").accept(offer)


# ----------------------------------------------------------------- auctions


@pytest.fixture
def auction(hall, work):
    """Of the artist's work, for an hour, from 100 price units on."""
    hall.client("artist").open_auction(work, 100, 0, HOUR)
    return work


def test_bid_raises_by_five_percent(hall, auction):
    with pytest.raises(AuctionBidTooLow) as refused:
        hall.client("collector").bid(auction, 99)
    assert refused.value.values == (auction, 99, 100)
    hall.client("collector").bid(auction, 100)
    found = hall.reader.auction(auction)
    assert (found.bidder, found.bid) == (hall.address("collector"), 100)
    with pytest.raises(AuctionBidTooLow) as refused:
        hall.client("buyer").bid(auction, 104)
    assert refused.value.least == 105
    hall.client("buyer").bid(auction, 105)
    assert hall.reader.auction(auction).bidder == hall.address("buyer")


@pytest.mark.parametrize("bid", [1, 19, 20, 21, 99, 100, 101, 12_345])
def test_least_bid_is_what_the_contract_asks(hall, work, bid):
    hall.client("artist").open_auction(work, 1, 0, HOUR)
    hall.client("collector").bid(work, bid)
    buyer = hall.client("buyer")
    least = hall.reader.auction(work).least_bid(1)
    with pytest.raises(AuctionBidTooLow) as refused:
        buyer.send(buyer.prepare.bid(work, least - 1, hall.reader.currency(0)))
    assert refused.value.least == least


def test_settle_gives_the_work_to_the_bidder(hall, auction):
    hall.client("collector").bid(auction, 100)
    outsider = hall.client("outsider")
    with pytest.raises(AuctionOpen):
        outsider.send(outsider.prepare.settle(auction))
    hall.node.advance(HOUR + 1)
    outsider.send(outsider.prepare.settle(auction))
    assert hall.reader.state(auction).owner == hall.address("collector")
    with pytest.raises(AuctionUnknown):
        hall.reader.auction(auction)


def test_open_auction_refuses_a_duration_out_of_range(hall, work):
    for duration in (899, 30 * DAY + 1):
        with pytest.raises(AuctionDurationInvalid):
            hall.client("artist").open_auction(work, 100, 0, duration)


def test_cancel_auction_before_a_bid(hall, auction):
    artist = hall.client("artist")
    artist.send(artist.prepare.cancel_auction(auction))
    with pytest.raises(AuctionUnknown):
        hall.client("collector").bid(auction, 100)


def test_least_bid_rounds_up():
    assert Auction(None, 0, 1).least_bid(100) == 100
    assert Auction("0x", 1, 1).least_bid(1) == 2


# ----------------------------------------------------------------- currencies


def test_currencies_say_how_prices_count(hall):
    ether, coin = hall.reader.currencies()
    assert (ether.is_ether, ether.exponent, ether.symbol) == (True, 9, "ETH")
    assert (coin.token, coin.exponent, coin.decimals) == (hall.coin, 4, 6)
    assert coin.price("12.5") == 1_250
    assert coin.base_units(1_250) == 12_500_000
    assert coin.format_price(125_000) == "1,250 TEST"
    assert coin.amount(12_500_000) == Decimal("12.5")
    assert ether.price("0.5") == 500 * MILLI_ETHER


@pytest.mark.parametrize("text", ["", "x", "-1", "1e3", "nan", "inf", "0.001", "1_000", "1" * 40])
def test_price_refuses_what_is_no_price(hall, text):
    with pytest.raises(UsageError):
        hall.reader.currency(COIN).price(text)


def test_the_gallery_sweeps_its_fee(hall, work):
    hall.sell(work, 1_000 * MILLI_ETHER)
    gallery = hall.client("gallery")
    before = hall.connection.balance(hall.address("outsider"))
    gallery.send(gallery.prepare.sweep(0, hall.address("outsider")))
    got = hall.connection.balance(hall.address("outsider")) - before
    assert got == 25 * MILLI_ETHER * 10**9


def test_curators_are_named(hall):
    addresses = {hall.address(role) for role in CURATORS}
    assert set(hall.board("outsider").curators()) == addresses

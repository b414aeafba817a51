"""``crmdapp gallery list``, ``buy``, ``offer`` and the auctions."""

import pytest

from tests.cli.conftest import ADDRESSES


def test_buy_at_the_price_that_was_seen(crmdapp, work):
    crmdapp.send("gallery", "list", work, "0.5")
    assert crmdapp.json("gallery", "show", work)["shown"] == "0.5 ETH"
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("gallery", "buy", work, "0.4", code=6)
    assert refused["code"] == "PriceChanged"
    done = crmdapp.send("gallery", "buy", work, "0.5")
    assert done["amount"] == str(5 * 10**17)
    assert crmdapp.json("gallery", "show", work)["owner"] == ADDRESSES["friend"]


def test_buy_once_is_one_purchase(crmdapp, work):
    crmdapp.send("gallery", "list", work, "0.5")
    crmdapp.act_as("friend")
    first, again = (crmdapp.send("gallery", "buy", work, "0.5", "--once", "x") for _ in range(2))
    assert again["hash"] == first["hash"]


def test_unlist_takes_the_price_back(crmdapp, work):
    crmdapp.send("gallery", "list", work, "0.5")
    crmdapp.send("gallery", "unlist", work)
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("gallery", "buy", work, "0.5", code=6)
    assert refused["code"] == "ArtworkNotForSale"


def test_list_is_the_sellers_alone_in_a_known_currency(crmdapp, work):
    refused = crmdapp.refuse_to_send("gallery", "list", work, "5", "--currency", 9, code=6)
    assert refused["code"] == "CurrencyUnknown"
    crmdapp.refuse_to_send("gallery", "list", work, "0.0000000001", code=2)
    crmdapp.act_as("rival")
    refused = crmdapp.refuse_to_send("gallery", "list", work, "5", code=6)
    assert refused["code"] == "ArtworkSellerOnly"


def test_buy_with_a_permit_is_one_transaction(crmdapp, work, coin):
    crmdapp.send("gallery", "list", work, "12.5", "--currency", 1)
    crmdapp.act_as("friend")
    done = crmdapp.send("gallery", "buy", work, "12.5", "--currency", 1, "--permit")
    assert (done["token"], done["amount"]) == (coin, "12500000")
    refused = crmdapp.refuse_to_send("gallery", "buy", work, "1", "--permit", code=6)
    assert refused["code"] == "ArtworkNotForSale"


def test_a_signed_listing_costs_its_seller_nothing(crmdapp, sold):
    listing = crmdapp.folder / "listing.json"
    crmdapp("gallery", "sign-listing", sold, "0.7", "--out", listing)
    crmdapp.act_as("rival")
    crmdapp.send("gallery", "buy-signed", listing)
    assert crmdapp.json("gallery", "show", sold)["owner"] == ADDRESSES["rival"]
    refused = crmdapp.refuse_to_send("gallery", "buy-signed", listing, code=6)
    assert refused["code"] == "ListingStale"


def test_a_signed_listing_ends_and_is_for_whom_it_says(crmdapp, sold, node):
    listing = crmdapp.folder / "listing.json"
    crmdapp(
        *("gallery", "sign-listing", sold, "0.7", "--only-buyer", "shop", "--valid-for", "1h"),
        *("--out", listing),
    )
    crmdapp.act_as("rival")
    refused = crmdapp.refuse_to_send("gallery", "buy-signed", listing, code=6)
    assert refused["code"] == "ListingForAnother"
    node.advance(3_601)
    crmdapp.act_as("shop")
    refused = crmdapp.refuse_to_send("gallery", "buy-signed", listing, code=6)
    assert refused["code"] == "IntentExpired"


def test_sign_listing_is_the_sellers_alone(crmdapp, sold):
    crmdapp.act_as("rival")
    refused = crmdapp.error("gallery", "sign-listing", sold, "0.7", code=6)
    assert refused["code"] == "ArtworkSellerOnly"


def test_an_offer_is_taken_up_by_the_owner(crmdapp, sold, coin):
    offer = crmdapp.folder / "offer.json"
    crmdapp.act_as("rival")
    told = crmdapp("gallery", "offer", sold, "9", "--out", offer)
    assert "may take only" in told.err
    crmdapp.send("gallery", "allow", "9", "--currency", 1)
    crmdapp.act_as("friend")
    done = crmdapp.send("gallery", "accept", offer)
    assert done["shown"] == "9 TEST"
    assert crmdapp.json("gallery", "show", sold)["owner"] == ADDRESSES["rival"]


def test_an_offer_is_cancelled_and_never_in_ether(crmdapp, sold, coin):
    offer = crmdapp.folder / "offer.json"
    crmdapp.act_as("rival")
    refused = crmdapp.error("gallery", "offer", sold, "9", "--currency", 0, code=6)
    assert refused["code"] == "CurrencyEther"
    crmdapp("gallery", "offer", sold, "9", "--out", offer)
    crmdapp.send("gallery", "allow", "9", "--currency", 1)
    crmdapp.send("gallery", "cancel-offer", offer)
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("gallery", "accept", offer, code=6)
    assert refused["code"] == "IntentNonceUsed"


def test_give_and_burn(crmdapp, sold):
    crmdapp.send("gallery", "give", sold, "rival")
    assert crmdapp.json("gallery", "show", sold)["owner"] == ADDRESSES["rival"]
    crmdapp.act_as("rival")
    crmdapp.send("gallery", "burn", sold)
    assert crmdapp.json("gallery", "show", sold)["burned"] is True


def test_withdraw_says_that_nothing_is_owed(crmdapp, work):
    refused = crmdapp.refuse_to_send("gallery", "withdraw", code=6)
    assert refused["code"] == "CreditEmpty"


def test_an_auction_from_open_to_settle(crmdapp, work, node):
    crmdapp.send("gallery", "auction", "open", work, "0.5", "--duration", "1h")
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("gallery", "auction", "bid", work, "0.4", code=6)
    assert refused["code"] == "AuctionBidTooLow"
    crmdapp.send("gallery", "auction", "bid", work, "0.5")
    shown = crmdapp.json("gallery", "auction", "show", work)
    assert (shown["bidder"], shown["shown"]) == (ADDRESSES["friend"], "0.525 ETH")
    crmdapp.act_as("rival")
    crmdapp.send("gallery", "auction", "bid", work, "0.525")
    refused = crmdapp.refuse_to_send("gallery", "auction", "settle", work, code=6)
    assert refused["code"] == "AuctionOpen"
    node.advance(3_601)
    crmdapp.send("gallery", "auction", "settle", work)
    assert crmdapp.json("gallery", "show", work)["owner"] == ADDRESSES["rival"]


def test_an_auction_without_bid_is_cancelled(crmdapp, work):
    crmdapp.send("gallery", "auction", "open", work, "0.5", "--duration", "1h")
    crmdapp.send("gallery", "auction", "cancel", work)
    refused = crmdapp.error("gallery", "auction", "show", work, code=6)
    assert refused["code"] == "AuctionUnknown"
    refused = crmdapp.refuse_to_send(
        "gallery", "auction", "open", work, "0.5", "--duration", "10m", code=6
    )
    assert refused["code"] == "AuctionDurationInvalid"


# ----------------------------------------------------------------- the gallery


def test_the_gallery_manages_currencies_and_fees(crmdapp, coin, work):
    crmdapp.act_as("shop")
    rows = crmdapp.json("gallery", "currencies")["currencies"]
    assert [(row["row"], row["symbol"], row["token"]) for row in rows] == [
        (0, "ETH", None),
        (1, "TEST", coin),
    ]
    crmdapp.send("gallery", "manage", "set-currency", 1, "--disable")
    crmdapp.act_as("customer")
    refused = crmdapp.refuse_to_send("gallery", "list", work, "5", "--currency", 1, code=6)
    assert refused["code"] == "CurrencyDisabled"
    crmdapp.act_as("shop")
    crmdapp.send("gallery", "manage", "points-program", 2)
    crmdapp.send("gallery", "manage", "base-uri", "https://gallery.example/")
    crmdapp.send("gallery", "manage", "offer-role", "rival")
    crmdapp.act_as("rival")
    crmdapp.send("gallery", "manage", "accept-role")
    crmdapp.act_as("shop")
    refused = crmdapp.refuse_to_send("gallery", "manage", "base-uri", "x", code=6)
    assert refused["code"] == "GalleryOnly"


@pytest.mark.parametrize("words", ["currencies", "board show"])
def test_reading_needs_no_key(crmdapp, words):
    crmdapp.env(CRMDAPP_PRIVATE_KEY=None)
    crmdapp("gallery", *words.split())

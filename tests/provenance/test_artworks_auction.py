"""English auctions: the highest bid in time gets the work, everybody else the money back."""

import pytest

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.provenance.artwork_intents import ZERO
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import CASE, CENT, COIN, DAY, ETHER, GWEI, PRICE, of_kind, shares

# tests/mutants looks for what the fixtures deploy:
# project.PayeeMock, project.PointsHubMock, project.TestCoin

EXTENSION = 900
DURATION = DAY
RESERVE = 1_000
REFUSE, REVERT_BOMB, RETURN_BOMB, BURN_GAS, REENTER = 1, 2, 3, 4, 5  # PayeeMock.Behaviour
LAST_EPOCH = 2**24 - 1
NO_DIGEST = bytes(32)


@pytest.fixture
def open_auction(artworks, collector):
    """Opens an auction of the collector's work; returns when it ends."""

    def open_(token, *, reserve=RESERVE, currency=ETHER, duration=DURATION, by=collector):
        artworks.openAuction(token, reserve, currency, duration, sender=by)
        return artworks.auctionOf(token).endsAt

    return open_


@pytest.fixture
def auctioned(owned, open_auction):
    """The collector's work, for ether."""
    open_auction(owned)
    return owned


@pytest.fixture
def bid(artworks, buyer):
    """Bids in ether."""

    def bid_(token, amount, *, by=buyer, sent=None):
        value = amount * GWEI if sent is None else sent
        return artworks.bid(token, amount, value=value, sender=by)

    return bid_


@pytest.fixture
def bid_by_contract(artworks, relayer):
    """Bids in ether as an account with code."""

    def bid_(payee, token, amount):
        call = artworks.bid.encode_input(token, amount)
        return payee.execute(artworks, call, value=amount * GWEI, sender=relayer)

    return bid_


@pytest.fixture
def end(artworks, clock):
    """Goes to the end of a work's auction."""
    return lambda token: clock.set(artworks.auctionOf(token).endsAt)


# openAuction


def test_openAuction_starts_a_new_epoch_with_the_reserve(artworks, listed, collector, clock):
    epoch = artworks.stateOf(listed).epoch
    clock.set_next(now := clock.now + 10)
    receipt = artworks.openAuction(listed, RESERVE, COIN, DURATION, sender=collector)

    assert logs(receipt, artworks) == [
        log(
            artworks,
            "AuctionOpened",
            id=listed,
            seller=collector,
            reserve=RESERVE,
            currency=COIN,
            endsAt=now + DURATION,
        )
    ]
    assert tuple(artworks.stateOf(listed)) == (collector, RESERVE, COIN, True, epoch + 1)
    assert tuple(artworks.auctionOf(listed)) == (ZERO, 0, now + DURATION)


def test_openAuction_by_the_artist_mints_first(artworks, registered, artist, open_auction):
    open_auction(registered, by=artist)

    assert artworks.ownerOf(registered) == artist
    assert artworks.stateOf(registered).isAuctioned


def test_openAuction_is_the_sellers(project, artworks, owned, artist, thief, open_auction):
    for caller in (artist, thief):
        with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=caller.address):
            open_auction(owned, by=caller)


def test_openAuction_lasts_a_quarter_of_an_hour_to_thirty_days(
    project, artworks, owned, open_auction, collector
):
    for duration in (0, EXTENSION - 1, 30 * DAY + 1):
        with reverts(project.Artworks.AuctionDurationInvalid, duration=duration):
            open_auction(owned, duration=duration)
    for duration in (EXTENSION, 30 * DAY):
        open_auction(owned, duration=duration)
        artworks.cancelAuction(owned, sender=collector)


def test_openAuction_reverts_for_nothing_and_in_no_currency(
    project, artworks, owned, gallery, open_auction
):
    with reverts(project.Artworks.PriceInvalid, id=owned):
        open_auction(owned, reserve=0)
    with reverts(project.Artworks.CurrencyUnknown, currency=2):
        open_auction(owned, currency=2)
    artworks.setCurrency(COIN, False, 0, sender=gallery)
    with reverts(project.Artworks.CurrencyDisabled, currency=COIN):
        open_auction(owned, currency=COIN)


def test_an_auctioned_work_does_not_move_otherwise(
    project, artworks, auctioned, collector, buyer, listing, offer, fund, open_auction
):
    fund(buyer)
    signed, wanted = listing(auctioned), offer(auctioned)
    artworks.approve(buyer, auctioned, sender=collector)
    calls = (
        lambda: artworks.transferFrom(collector, buyer, auctioned, sender=collector),
        lambda: artworks.transferFrom(collector, buyer, auctioned, sender=buyer),
        lambda: artworks.safeTransferFrom(collector, buyer, auctioned, sender=collector),
        lambda: artworks.burn(auctioned, sender=collector),
        lambda: artworks.list(auctioned, PRICE, ETHER, sender=collector),
        lambda: artworks.list(auctioned, 0, ETHER, sender=collector),
        lambda: open_auction(auctioned),
        lambda: artworks.buy(auctioned, RESERVE, ETHER, value=RESERVE * GWEI, sender=buyer),
        lambda: artworks.buySigned(
            signed.values, signed.sign(collector), value=PRICE * GWEI, sender=buyer
        ),
        lambda: artworks.accept(wanted.values, wanted.sign(buyer), sender=collector),
    )
    for call in calls:
        with reverts(project.Artworks.ArtworkAuctioned, id=auctioned):
            call()
    assert artworks.ownerOf(auctioned) == collector


# bid


def test_bid_of_the_reserve_is_the_first(artworks, auctioned, buyer, bid):
    ends_at = artworks.auctionOf(auctioned).endsAt
    receipt = bid(auctioned, RESERVE)

    assert logs(receipt, artworks) == [
        log(artworks, "AuctionBid", id=auctioned, bidder=buyer, bid=RESERVE, endsAt=ends_at)
    ]
    assert tuple(artworks.auctionOf(auctioned)) == (buyer, RESERVE, ends_at)
    assert artworks.liabilityOf(ETHER) == artworks.balance == RESERVE * GWEI


def test_bid_below_the_reserve_reverts(project, auctioned, bid):
    for amount in (0, RESERVE - 1):
        with reverts(project.Artworks.AuctionBidTooLow, id=auctioned, bid=amount, least=RESERVE):
            bid(auctioned, amount)


@pytest.mark.parametrize(
    ("first", "least"), [(1, 2), (19, 20), (20, 21), (21, 23), (1_000, 1_050), (1_001, 1_052)]
)
def test_bid_has_to_be_five_percent_higher_rounded_up(
    project, artworks, owned, open_auction, bid, bidder, first, least
):
    open_auction(owned, reserve=1)
    bid(owned, first)
    with reverts(project.Artworks.AuctionBidTooLow, id=owned, bid=least - 1, least=least):
        bid(owned, least - 1, by=bidder)
    bid(owned, least, by=bidder)

    assert artworks.auctionOf(owned).bidder == bidder


def test_bid_pays_the_one_before_back(artworks, auctioned, buyer, bidder, bid):
    bid(auctioned, RESERVE)
    before = buyer.balance
    bid(auctioned, 2 * RESERVE, by=bidder)

    assert buyer.balance - before == RESERVE * GWEI
    assert artworks.liabilityOf(ETHER) == artworks.balance == 2 * RESERVE * GWEI


def test_bid_in_coin_pays_the_one_before_back(
    artworks, owned, coin, buyer, bidder, open_auction, fund
):
    open_auction(owned, currency=COIN)
    fund(buyer, 2 * RESERVE)
    fund(bidder, 2 * RESERVE)
    artworks.bid(owned, RESERVE, sender=buyer)
    artworks.bid(owned, 2 * RESERVE, sender=bidder)

    assert coin.balanceOf(buyer) == 2 * RESERVE * CENT
    assert artworks.liabilityOf(COIN) == coin.balanceOf(artworks) == 2 * RESERVE * CENT


def test_bid_over_ones_own_costs_the_difference(artworks, auctioned, buyer, bid):
    bid(auctioned, RESERVE)
    bid(auctioned, 2 * RESERVE)

    assert artworks.auctionOf(auctioned).bid == 2 * RESERVE
    assert artworks.liabilityOf(ETHER) == artworks.balance == 2 * RESERVE * GWEI


def test_bid_reverts_unless_exactly_the_bid_is_sent(
    project, artworks, auctioned, owned, bid, collector
):
    for sent in (0, RESERVE * GWEI - 1, RESERVE * GWEI + 1):
        with reverts(project.Artworks.PaymentMismatch, sent=sent, wanted=RESERVE * GWEI):
            bid(auctioned, RESERVE, sent=sent)


def test_bid_in_coin_reverts_with_ether(project, owned, open_auction, bid, fund, buyer):
    open_auction(owned, currency=COIN)
    fund(buyer)
    with reverts(project.Artworks.PaymentMismatch, sent=1, wanted=0):
        bid(owned, RESERVE, sent=1)


def test_bid_in_a_coin_that_keeps_a_fee_reverts(
    project, artworks, owned, accounts, gallery, open_auction, buyer
):
    odd = project.CoinMock.deploy(0, sender=accounts[0])
    artworks.addCurrency(odd, 0, 0, sender=gallery)
    odd.setFee(100, sender=buyer)
    odd.mint(buyer, RESERVE, sender=buyer)
    odd.approve(artworks, RESERVE, sender=buyer)
    open_auction(owned, currency=2)

    with reverts(project.Artworks.PaymentInexact, token=odd.address, amount=RESERVE, received=990):
        artworks.bid(owned, RESERVE, sender=buyer)


@pytest.mark.parametrize("behaviour", [REFUSE, REVERT_BOMB, BURN_GAS])
def test_who_refuses_its_refund_stops_no_bid(
    artworks, auctioned, bid, bid_by_contract, payee, buyer, behaviour
):
    refuser = payee(behaviour)
    bid_by_contract(refuser, auctioned, RESERVE)
    receipt = bid(auctioned, 2 * RESERVE)

    assert of_kind(receipt, "PaymentCredited", artworks) == [
        log(
            artworks,
            "PaymentCredited",
            account=refuser,
            currency=ETHER,
            amount=RESERVE * GWEI,
        )
    ]
    assert artworks.creditOf(refuser, ETHER) == RESERVE * GWEI
    assert artworks.liabilityOf(ETHER) == artworks.balance == 3 * RESERVE * GWEI
    assert artworks.auctionOf(auctioned).bidder == buyer


def test_a_refund_that_returns_a_bomb_is_paid(artworks, auctioned, bid, bid_by_contract, payee):
    bomb = payee(RETURN_BOMB)
    bid_by_contract(bomb, auctioned, RESERVE)
    bid(auctioned, 2 * RESERVE)

    assert bomb.balance == RESERVE * GWEI


def test_a_refund_that_bids_again_finds_the_door_shut(
    artworks, auctioned, bid, bid_by_contract, payee, relayer, buyer
):
    again = payee()
    bid_by_contract(again, auctioned, RESERVE)
    again.callOnPayment(artworks, artworks.bid.encode_input(auctioned, 2**64 - 1), sender=relayer)
    bid(auctioned, 2 * RESERVE)

    assert (again.calls(), again.succeeded()) == (1, False)
    assert artworks.auctionOf(auctioned).bidder == buyer


def test_who_a_coin_refuses_gets_its_bid_as_a_credit(
    project, artworks, owned, accounts, gallery, open_auction, buyer, bidder
):
    shy = project.ShyCoinMock.deploy(sender=accounts[0])
    artworks.addCurrency(shy, 0, 0, sender=gallery)
    open_auction(owned, currency=2)
    for who in (buyer, bidder):
        shy.mint(who, 2 * RESERVE, sender=who)
        shy.approve(artworks, 2 * RESERVE, sender=who)
    artworks.bid(owned, RESERVE, sender=buyer)
    shy.refuse(buyer, True, sender=buyer)
    artworks.bid(owned, 2 * RESERVE, sender=bidder)

    assert artworks.creditOf(buyer, 2) == RESERVE
    assert artworks.liabilityOf(2) == shy.balanceOf(artworks) == 3 * RESERVE


def test_bid_is_possible_until_the_last_second(
    project, artworks, auctioned, bid, bidder, buyer, clock
):
    ends_at = artworks.auctionOf(auctioned).endsAt
    clock.set_next(ends_at - 1)
    bid(auctioned, RESERVE)
    extended = artworks.auctionOf(auctioned).endsAt
    assert extended == ends_at - 1 + EXTENSION

    clock.set_next(extended)
    with reverts(project.Artworks.AuctionOver, id=auctioned, endsAt=extended):
        bid(auctioned, 2 * RESERVE, by=bidder)


def test_bid_extends_only_the_last_quarter_of_an_hour(artworks, auctioned, bid, bidder, clock):
    ends_at = artworks.auctionOf(auctioned).endsAt
    clock.set_next(ends_at - EXTENSION)
    bid(auctioned, RESERVE)
    assert artworks.auctionOf(auctioned).endsAt == ends_at

    clock.set_next(ends_at - EXTENSION + 1)
    bid(auctioned, 2 * RESERVE, by=bidder)
    assert artworks.auctionOf(auctioned).endsAt == ends_at + 1


def test_bid_reverts_without_an_auction(project, artworks, listed, registered, bid):
    for token in (listed, 5):
        with reverts(project.Artworks.AuctionUnknown, id=token):
            bid(token, PRICE)


def test_bid_of_the_highest_amount_stays_the_highest(
    project, artworks, owned, open_auction, fund, buyer, bidder
):
    top = 2**64 - 1
    open_auction(owned, currency=COIN)
    fund(buyer, top)
    fund(bidder, top)
    artworks.bid(owned, top, sender=buyer)
    least = top + -(-top * 500 // 10_000)
    with reverts(project.Artworks.AuctionBidTooLow, id=owned, bid=top, least=least):
        artworks.bid(owned, top, sender=bidder)


# cancelAuction


def test_cancelAuction_leaves_the_work_to_its_owner(artworks, auctioned, collector):
    epoch = artworks.stateOf(auctioned).epoch
    receipt = artworks.cancelAuction(auctioned, sender=collector)

    assert logs(receipt, artworks) == [log(artworks, "AuctionCancelled", id=auctioned)]
    assert tuple(artworks.stateOf(auctioned)) == (collector, 0, 0, False, epoch + 1)
    assert tuple(artworks.auctionOf(auctioned)) == (ZERO, 0, 0)


def test_cancelAuction_reverts_after_a_bid(project, artworks, auctioned, collector, buyer, bid):
    bid(auctioned, RESERVE)
    with reverts(project.Artworks.AuctionHasBids, id=auctioned, bidder=buyer.address):
        artworks.cancelAuction(auctioned, sender=collector)


def test_cancelAuction_is_the_owners(project, artworks, auctioned, thief, artist):
    for caller in (thief, artist):
        with reverts(project.Artworks.ArtworkSellerOnly, id=auctioned, caller=caller.address):
            artworks.cancelAuction(auctioned, sender=caller)


def test_cancelAuction_reverts_without_an_auction(project, artworks, listed, collector):
    with reverts(project.Artworks.AuctionUnknown, id=listed):
        artworks.cancelAuction(listed, sender=collector)


# settle


def test_settle_gives_work_and_money(
    artworks, auctioned, collector, buyer, artist, outsider, bid, end
):
    bid(auctioned, PRICE)
    epoch = artworks.stateOf(auctioned).epoch
    end(auctioned)
    before = [artist.balance, collector.balance]
    receipt = artworks.settle(auctioned, sender=outsider)

    seller_gets, royalty, fee = shares(PRICE * GWEI)
    assert logs(receipt, artworks) == [
        log(artworks, "Transfer", from_=collector, to=buyer, tokenId=auctioned),
        log(
            artworks,
            "ArtworkSold",
            id=auctioned,
            seller=collector,
            buyer=buyer,
            price=PRICE,
            currency=ETHER,
            digest=NO_DIGEST,
        ),
    ]
    assert [artist.balance - before[0], collector.balance - before[1]] == [royalty, seller_gets]
    assert artworks.balance == fee
    assert artworks.liabilityOf(ETHER) == 0
    assert artworks.ownerOf(auctioned) == buyer
    state = artworks.stateOf(auctioned)
    assert (state.price, state.isAuctioned) == (0, False)
    assert state.epoch > epoch
    assert tuple(artworks.auctionOf(auctioned)) == (ZERO, 0, 0)


def test_settle_pays_in_coin(
    artworks, owned, coin, collector, artist, buyer, outsider, open_auction, fund, end
):
    open_auction(owned, currency=COIN)
    fund(buyer)
    artworks.bid(owned, PRICE, sender=buyer)
    end(owned)
    artworks.settle(owned, sender=outsider)

    assert [coin.balanceOf(each) for each in (collector, artist, artworks)] == list(
        shares(PRICE * CENT)
    )
    assert artworks.liabilityOf(COIN) == 0


def test_settle_earns_the_bidder_points(artworks, auctioned, buyer, hub, gallery, bid, end):
    artworks.setPointsProgram(7, sender=gallery)
    artworks.setCurrency(ETHER, True, 1_000_000, sender=gallery)
    bid(auctioned, PRICE)
    end(auctioned)
    artworks.settle(auctioned, sender=gallery)

    assert hub.pointsOf(7, buyer) == PRICE


def test_settle_reverts_before_the_end(project, artworks, auctioned, bid, clock, outsider):
    bid(auctioned, RESERVE)
    ends_at = artworks.auctionOf(auctioned).endsAt
    clock.set_next(ends_at - 1)
    with reverts(project.Artworks.AuctionOpen, id=auctioned, endsAt=ends_at):
        artworks.settle(auctioned, sender=outsider)
    clock.set_next(ends_at)
    artworks.settle(auctioned, sender=outsider)


def test_settle_works_once(project, artworks, auctioned, bid, end, outsider):
    bid(auctioned, RESERVE)
    end(auctioned)
    artworks.settle(auctioned, sender=outsider)
    with reverts(project.Artworks.AuctionUnknown, id=auctioned):
        artworks.settle(auctioned, sender=outsider)


def test_settle_without_a_bid_calls_the_auction_off(artworks, auctioned, collector, outsider, end):
    end(auctioned)
    receipt = artworks.settle(auctioned, sender=outsider)

    assert logs(receipt, artworks) == [log(artworks, "AuctionCancelled", id=auctioned)]
    assert tuple(artworks.stateOf(auctioned))[:4] == (collector, 0, 0, False)


@pytest.mark.parametrize("behaviour", [REFUSE, REVERT_BOMB, BURN_GAS])
def test_a_seller_that_cannot_be_paid_stops_no_settlement(
    artworks, owned, collector, relayer, payee, buyer, bid, end, behaviour
):
    seller = payee(behaviour)
    artworks.transferFrom(collector, seller, owned, sender=collector)
    opening = artworks.openAuction.encode_input(owned, RESERVE, ETHER, DURATION)
    seller.execute(artworks, opening, sender=relayer)
    bid(owned, PRICE)
    end(owned)
    artworks.settle(owned, sender=relayer)

    assert artworks.ownerOf(owned) == buyer
    assert artworks.creditOf(seller, ETHER) == shares(PRICE * GWEI)[0]


def test_a_bidder_that_refuses_tokens_gets_it_all_the_same(
    artworks, auctioned, payee, bid_by_contract, end, relayer
):
    winner = payee(REFUSE)
    bid_by_contract(winner, auctioned, RESERVE)
    end(auctioned)
    artworks.settle(auctioned, sender=relayer)

    assert artworks.ownerOf(auctioned) == winner


def test_a_disabled_currency_stops_no_auction(
    artworks, auctioned, gallery, bid, bidder, end, outsider
):
    """What was opened before runs to its end, so no bid is stuck."""
    bid(auctioned, RESERVE)
    artworks.setCurrency(ETHER, False, 0, sender=gallery)
    bid(auctioned, 2 * RESERVE, by=bidder)
    end(auctioned)
    artworks.settle(auctioned, sender=outsider)

    assert artworks.ownerOf(auctioned) == bidder


# Revocation meanwhile


def test_a_revocation_ends_the_auction_and_calls_nobody(
    artworks, auctioned, revoke, collector, payee, bid_by_contract, relayer
):
    """The bid becomes a credit; whatever the bidder's wallet does, the record is flagged."""
    bidder = payee(BURN_GAS)
    bid_by_contract(bidder, auctioned, RESERVE)
    receipt = revoke(auctioned)

    assert logs(receipt, artworks) == [
        log(artworks, "PaymentCredited", account=bidder, currency=ETHER, amount=RESERVE * GWEI),
        log(artworks, "AuctionCancelled", id=auctioned),
        log(artworks, "ArtworkRevoked", id=auctioned, caseId=CASE),
        log(artworks, "MetadataUpdate", _tokenId=auctioned),
    ]
    assert artworks.creditOf(bidder, ETHER) == artworks.liabilityOf(ETHER) == RESERVE * GWEI
    assert artworks.ownerOf(auctioned) == collector
    assert not artworks.stateOf(auctioned).isAuctioned
    assert artworks.recordOf(auctioned).isRevoked


def test_a_revocation_after_the_end_still_gives_the_bid_back(
    project, artworks, auctioned, revoke, buyer, bid, end, outsider
):
    bid(auctioned, RESERVE)
    end(auctioned)
    revoke(auctioned)

    with reverts(project.Artworks.AuctionUnknown, id=auctioned):
        artworks.settle(auctioned, sender=outsider)
    before = outsider.balance
    artworks.withdraw(ETHER, outsider, sender=buyer)
    assert outsider.balance - before == RESERVE * GWEI
    assert artworks.balance == 0


def test_a_revocation_without_a_bid_owes_nobody(artworks, auctioned, revoke):
    receipt = revoke(auctioned)

    assert [event.name for event in logs(receipt, artworks)] == [
        "AuctionCancelled",
        "ArtworkRevoked",
        "MetadataUpdate",
    ]
    assert artworks.liabilityOf(ETHER) == 0


def test_a_revoked_work_may_be_auctioned_anew(artworks, auctioned, revoke, open_auction):
    """Like a new price: whoever bids sees the flag."""
    revoke(auctioned)
    open_auction(auctioned)

    assert artworks.stateOf(auctioned).isAuctioned


# The last epoch


def test_auctions_work_in_the_last_epoch(
    artworks, owned, open_auction, bid, end, saturate, outsider, buyer
):
    saturate(owned)
    open_auction(owned)
    state = artworks.stateOf(owned)
    assert (state.price, state.isAuctioned, state.epoch) == (RESERVE, True, LAST_EPOCH)
    bid(owned, RESERVE)
    end(owned)
    artworks.settle(owned, sender=outsider)

    assert tuple(artworks.stateOf(owned)) == (buyer, 0, 0, False, LAST_EPOCH)

"""Sales: by a price on chain, by a signed listing, by a signed offer, and what voids each."""

from dataclasses import replace

import pytest

from tests.fixtures.intents import Domain, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.provenance.artwork_intents import ZERO, permission_of, permit_of
from tests.provenance.board import approval_of, artwork_intent, signed_by
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import CENT, COIN, ETHER, GWEI, PRICE, of_kind, shares

# tests/mutants looks for what the fixtures deploy:
# project.PointsHubMock

LAST_EPOCH = 2**24 - 1
NO_DIGEST = bytes(32)
ACCEPT_ALL, BURN_GAS = 1, 4  # WalletMock.Behaviour
HIGHEST = 2**64 - 1


@pytest.fixture
def buy(artworks, buyer):
    """Buys in ether at a price on chain."""

    def buy_(token, price=PRICE, *, sent=None, by=buyer, currency=ETHER):
        value = price * GWEI if sent is None else sent
        return artworks.buy(token, price, currency, value=value, sender=by)

    return buy_


@pytest.fixture
def buy_signed(artworks, buyer, collector):
    """Buys what a listing offers, in ether."""

    def buy_signed_(intent, *, signature=None, signer=collector, by=buyer, sent=None):
        value = intent.values[3] * GWEI if sent is None else sent
        signed = intent.sign(signer) if signature is None else signature
        return artworks.buySigned(intent.values, signed, value=value, sender=by)

    return buy_signed_


@pytest.fixture
def accept(artworks, collector, buyer):
    """Takes an offer up."""

    def accept_(intent, *, signature=None, signer=buyer, by=collector):
        signed = intent.sign(signer) if signature is None else signature
        return artworks.accept(intent.values, signed, sender=by)

    return accept_


def sale_logs(artworks, token, seller, buyer, price, currency, digest=NO_DIGEST):
    return [
        log(artworks, "Transfer", from_=seller, to=buyer, tokenId=token),
        log(
            artworks,
            "ArtworkSold",
            id=token,
            seller=seller,
            buyer=buyer,
            price=price,
            currency=currency,
            digest=digest,
        ),
    ]


# list


def test_list_sets_the_price_in_a_new_epoch(artworks, owned, collector):
    epoch = artworks.stateOf(owned).epoch
    receipt = artworks.list(owned, PRICE, COIN, sender=collector)

    assert logs(receipt, artworks) == [
        log(
            artworks,
            "ArtworkListed",
            id=owned,
            seller=collector,
            price=PRICE,
            currency=COIN,
            epoch=epoch + 1,
        )
    ]
    assert tuple(artworks.stateOf(owned)) == (collector, PRICE, COIN, False, epoch + 1)


def test_list_takes_every_price(artworks, owned, collector):
    for price in (1, HIGHEST):
        artworks.list(owned, price, ETHER, sender=collector)
        assert artworks.stateOf(owned).price == price


def test_list_of_nothing_withdraws_the_price(project, artworks, listed, collector, buy):
    epoch = artworks.stateOf(listed).epoch
    receipt = artworks.list(listed, 0, 99, sender=collector)

    assert logs(receipt, artworks) == [
        log(
            artworks,
            "ArtworkListed",
            id=listed,
            seller=collector,
            price=0,
            currency=0,
            epoch=epoch + 1,
        )
    ]
    with reverts(project.Artworks.ArtworkNotForSale, id=listed):
        buy(listed)


def test_list_by_the_artist_mints_first(artworks, registered, artist):
    receipt = artworks.list(registered, PRICE, ETHER, sender=artist)

    assert [event.name for event in logs(receipt, artworks)] == ["Transfer", "ArtworkListed"]
    assert tuple(artworks.stateOf(registered)) == (artist, PRICE, ETHER, False, 1)
    assert artworks.balanceOf(artist) == 1


def test_list_of_nothing_by_the_artist_mints_nothing(
    project, artworks, registered, artist, listing, buy_signed
):
    signed = listing(registered, by=artist)
    artworks.list(registered, 0, ETHER, sender=artist)

    assert tuple(artworks.stateOf(registered)) == (ZERO, 0, 0, False, 1)
    with reverts(project.Artworks.ListingStale, id=registered, listed=0, epoch=1):
        buy_signed(signed, signer=artist)


def test_list_is_the_sellers(project, artworks, owned, registered, artist, thief, work, register):
    other = register(work("other"))
    for token, caller in ((owned, artist), (owned, thief), (other, thief)):
        with reverts(project.Artworks.ArtworkSellerOnly, id=token, caller=caller.address):
            artworks.list(token, PRICE, ETHER, sender=caller)
    with reverts(project.Artworks.ArtworkUnknown, id=5):
        artworks.list(5, PRICE, ETHER, sender=artist)


def test_list_reverts_in_a_currency_that_is_unknown_or_disabled(
    project, artworks, owned, collector, gallery
):
    with reverts(project.Artworks.CurrencyUnknown, currency=2):
        artworks.list(owned, PRICE, 2, sender=collector)
    artworks.setCurrency(COIN, False, 0, sender=gallery)
    with reverts(project.Artworks.CurrencyDisabled, currency=COIN):
        artworks.list(owned, PRICE, COIN, sender=collector)


# buy


def test_buy_moves_work_and_ether(artworks, listed, collector, buyer, artist, buy):
    before = [artist.balance, collector.balance, artworks.balance]
    epoch = artworks.stateOf(listed).epoch
    receipt = buy(listed)

    seller_gets, royalty, fee = shares(PRICE * GWEI)
    assert seller_gets + royalty + fee == PRICE * GWEI
    assert logs(receipt, artworks) == sale_logs(artworks, listed, collector, buyer, PRICE, ETHER)
    assert [
        now - then
        for now, then in zip(
            [artist.balance, collector.balance, artworks.balance], before, strict=True
        )
    ] == [royalty, seller_gets, fee]
    assert tuple(artworks.stateOf(listed)) == (buyer, 0, 0, False, epoch + 1)
    assert [artworks.balanceOf(each) for each in (collector, buyer)] == [0, 1]
    assert artworks.liabilityOf(ETHER) == 0


def test_buy_of_the_artists_own_work_pays_no_royalty_beside(
    artworks, registered, coin, artist, buyer, fund
):
    artworks.list(registered, PRICE, COIN, sender=artist)
    fund(buyer)
    receipt = artworks.buy(registered, PRICE, COIN, sender=buyer)

    # One payment, where a royalty beside would be a second one to the same artist.
    price, _, fee = shares(PRICE * CENT, royalty=0)
    assert [event for event in logs(receipt, artworks, coin) if event.emitter == coin] == [
        log(coin, "Transfer", from_=buyer, to=artist, value=price),
        log(coin, "Transfer", from_=buyer, to=artworks, value=fee),
    ]


def test_buy_moves_work_and_coin(artworks, owned, coin, collector, buyer, artist, fund):
    artworks.list(owned, PRICE, COIN, sender=collector)
    fund(buyer)
    receipt = artworks.buy(owned, PRICE, COIN, sender=buyer)

    seller_gets, royalty, fee = shares(PRICE * CENT)
    assert [event for event in logs(receipt, artworks, coin) if event.emitter != coin] == (
        sale_logs(artworks, owned, collector, buyer, PRICE, COIN)
    )
    assert [coin.balanceOf(each) for each in (collector, artist, artworks, buyer)] == [
        seller_gets,
        royalty,
        fee,
        0,
    ]


def test_buy_reverts_at_another_price(project, artworks, listed, collector, buy, fund, buyer):
    """Also if the seller changed it while the purchase was pending, in number or in currency."""
    fund(buyer)
    for price in (PRICE - 1, PRICE + 1, 0):
        with reverts(project.Artworks.PriceChanged, id=listed, price=PRICE, currency=ETHER):
            buy(listed, price)
    with reverts(project.Artworks.PriceChanged, id=listed, price=PRICE, currency=ETHER):
        buy(listed, currency=COIN, sent=0)

    artworks.list(listed, PRICE * 2, ETHER, sender=collector)
    with reverts(project.Artworks.PriceChanged, id=listed, price=PRICE * 2, currency=ETHER):
        buy(listed)
    artworks.list(listed, PRICE, COIN, sender=collector)
    with reverts(project.Artworks.PriceChanged, id=listed, price=PRICE, currency=COIN):
        buy(listed)


def test_buy_reverts_unless_exactly_the_price_is_sent(project, artworks, listed, buy):
    amount = PRICE * GWEI
    for sent in (0, amount - 1, amount + 1):
        with reverts(project.Artworks.PaymentMismatch, sent=sent, wanted=amount):
            buy(listed, sent=sent)


def test_buy_in_coin_reverts_with_ether(project, artworks, owned, collector, buyer, fund, buy):
    artworks.list(owned, PRICE, COIN, sender=collector)
    fund(buyer)
    with reverts(project.Artworks.PaymentMismatch, sent=1, wanted=0):
        buy(owned, currency=COIN, sent=1)


def test_buy_reverts_without_a_price(project, artworks, owned, registered, buy):
    for token in (owned, registered, 5):
        for price in (0, PRICE):
            with reverts(project.Artworks.ArtworkNotForSale, id=token):
                buy(token, price)


def test_buy_reverts_the_second_time(project, artworks, listed, buy, bidder):
    buy(listed)
    with reverts(project.Artworks.ArtworkNotForSale, id=listed):
        buy(listed, by=bidder)


def test_a_price_on_chain_dies_with_a_round_trip(project, artworks, listed, collector, bidder, buy):
    artworks.transferFrom(collector, bidder, listed, sender=collector)
    artworks.transferFrom(bidder, collector, listed, sender=bidder)

    with reverts(project.Artworks.ArtworkNotForSale, id=listed):
        buy(listed)


def test_what_is_listed_in_a_disabled_currency_cannot_be_bought(
    project, artworks, listed, gallery, buy, collector, listing, buy_signed
):
    signed = listing(listed)
    artworks.setCurrency(ETHER, False, 0, sender=gallery)
    with reverts(project.Artworks.CurrencyDisabled, currency=ETHER):
        buy(listed)
    with reverts(project.Artworks.CurrencyDisabled, currency=ETHER):
        buy_signed(signed)

    artworks.setCurrency(ETHER, True, 0, sender=gallery)
    buy(listed)


def test_a_revoked_work_is_sold_only_if_it_is_listed_anew(
    project, artworks, listed, revoke, collector, buy, listing, buy_signed, buyer
):
    signed = listing(listed)
    revoke(listed)
    with reverts(project.Artworks.ArtworkNotForSale, id=listed):
        buy(listed)
    epoch = artworks.stateOf(listed).epoch
    with reverts(project.Artworks.ListingStale, id=listed, listed=epoch - 1, epoch=epoch):
        buy_signed(signed)

    artworks.list(listed, PRICE, ETHER, sender=collector)
    buy(listed)
    assert artworks.ownerOf(listed) == buyer


@pytest.mark.parametrize("price", [1, 3, 39, 40, 142, 143, 9_999, 10_000, 10**9 + 7])
def test_shares_add_up_to_the_price(
    found, hub, project, work, price, accounts, chain, curators, artist, collector, buyer, relayer
):
    """To the base unit, where a price unit is one: nothing is made or lost by rounding."""
    artworks = found(hub=hub)
    coin = project.CoinMock.deploy(0, sender=accounts[0])
    artworks.addCurrency(coin, 0, 0, sender=accounts[8])
    token = sold_through(artworks, work(), chain, curators, artist, collector, relayer)
    artworks.list(token, price, 1, sender=collector)
    coin.mint(buyer, price, sender=buyer)
    coin.approve(artworks, price, sender=buyer)
    artworks.buy(token, price, 1, sender=buyer)

    paid = [coin.balanceOf(each) for each in (collector, artist, artworks)]
    assert paid == list(shares(price))
    assert sum(paid) == price


def sold_through(artworks, artwork, chain, curators, artist, collector, relayer):
    """Registers a work in any gallery and gives it to the collector."""
    domain = Domain("Artworks", artworks.address, chain.chain_id)
    board = Domain("CuratorBoard", artworks.BOARD(), chain.chain_id)
    signature = artwork_intent(domain, artwork).sign(artist)
    approvals = signed_by(approval_of(board, artwork), *curators[:3])
    token = artworks.register(artwork, signature, approvals, True, sender=relayer).return_value
    artworks.transferFrom(artist, collector, token, sender=artist)
    return token


# buyWithPermit


@pytest.fixture
def permission(artworks, coin, chain, buyer):
    """The buyer's permission to draw the price."""

    def permission_(value=PRICE * CENT, nonce=0):
        domain = Domain("Test Coin", coin.address, chain.chain_id)
        return permission_of(permit_of(domain, buyer, artworks, value, nonce), buyer)

    return permission_


@pytest.fixture
def priced_in_coin(artworks, owned, coin, collector, buyer):
    """A work for the coin, which the buyer has."""
    artworks.list(owned, PRICE, COIN, sender=collector)
    coin.mint(buyer, PRICE * CENT, sender=buyer)
    return owned


def test_buyWithPermit_needs_no_allowance(artworks, priced_in_coin, permission, buyer, coin):
    artworks.buyWithPermit(priced_in_coin, PRICE, COIN, permission(), sender=buyer)

    assert artworks.ownerOf(priced_in_coin) == buyer
    assert coin.balanceOf(buyer) == 0


def test_buyWithPermit_goes_on_if_somebody_used_the_permission_before(
    artworks, priced_in_coin, permission, buyer, coin, thief
):
    value, deadline, v, r, s = given = permission()
    coin.permit(buyer, artworks, value, deadline, v, r, s, sender=thief)
    artworks.buyWithPermit(priced_in_coin, PRICE, COIN, given, sender=buyer)

    assert artworks.ownerOf(priced_in_coin) == buyer


def test_buyWithPermit_reverts_if_there_is_no_permission_at_all(
    project, artworks, priced_in_coin, permission, buyer
):
    seller_gets, royalty, _ = shares(PRICE * CENT)
    half = PRICE * CENT // 2
    for given, allowed, needed in (
        (permission(nonce=1), 0, royalty),
        (permission(value=half), half - royalty, seller_gets),
    ):
        with reverts(
            project.TestCoin.ERC20InsufficientAllowance,
            spender=artworks.address,
            allowance=allowed,
            needed=needed,
        ):
            artworks.buyWithPermit(priced_in_coin, PRICE, COIN, given, sender=buyer)


def test_buyWithPermit_is_for_coins(project, artworks, listed, permission, buyer):
    with reverts(project.Artworks.CurrencyEther):
        artworks.buyWithPermit(listed, PRICE, ETHER, permission(), sender=buyer)
    with reverts(project.Artworks.CurrencyUnknown, currency=2):
        artworks.buyWithPermit(listed, PRICE, 2, permission(), sender=buyer)


# buySigned


def test_buySigned_mints_an_artists_work_through_to_the_buyer(
    artworks, registered, artist, buyer, listing, buy_signed
):
    signed = listing(registered, by=artist)
    before = artist.balance
    receipt = buy_signed(signed, signer=artist)

    assert logs(receipt, artworks) == [
        log(artworks, "Transfer", from_=ZERO, to=artist, tokenId=registered),
        *sale_logs(artworks, registered, artist, buyer, PRICE, ETHER, signed.digest()),
    ]
    assert tuple(artworks.stateOf(registered)) == (buyer, 0, 0, False, 1)
    assert [artworks.balanceOf(each) for each in (artist, buyer)] == [0, 1]
    assert artist.balance - before == sum(shares(PRICE * GWEI, royalty=0)[:2])


def test_buySigned_sells_an_owners_work(
    artworks, owned, collector, buyer, artist, listing, buy_signed
):
    signed = listing(owned)
    before = [artist.balance, collector.balance]
    receipt = buy_signed(signed, signature=compact(signed.sign(collector)))

    seller_gets, royalty, _ = shares(PRICE * GWEI)
    assert logs(receipt, artworks) == sale_logs(
        artworks, owned, collector, buyer, PRICE, ETHER, signed.digest()
    )
    assert [artist.balance - before[0], collector.balance - before[1]] == [royalty, seller_gets]


def test_buySigned_in_coin(artworks, owned, collector, buyer, coin, listing, buy_signed, fund):
    fund(buyer)
    buy_signed(listing(owned, currency=COIN), sent=0)

    assert artworks.ownerOf(owned) == buyer
    assert coin.balanceOf(collector) == shares(PRICE * CENT)[0]


def test_buySigned_works_once_in_either_form(
    project, artworks, registered, artist, buyer, bidder, listing, buy_signed
):
    """Also a second mint of the same work is none."""
    signed = listing(registered, by=artist)
    buy_signed(signed, signer=artist)

    for signature in (signed.sign(artist), compact(signed.sign(artist))):
        with reverts(project.Artworks.ArtworkSellerOnly, id=registered, caller=artist.address):
            buy_signed(signed, signature=signature, by=bidder)


def test_a_signed_listing_survives_the_mint(
    artworks, registered, artist, buyer, listing, buy_signed
):
    signed = listing(registered, by=artist)
    artworks.mint(registered, sender=buyer)
    buy_signed(signed, signer=artist)

    assert artworks.ownerOf(registered) == buyer


@pytest.mark.parametrize("way", ["round trip", "new price", "price off", "auction"])
def test_a_signed_listing_dies(
    project, artworks, owned, collector, bidder, listing, buy_signed, way
):
    signed = listing(owned)
    epoch = signed.values[1]
    if way == "round trip":
        artworks.transferFrom(collector, bidder, owned, sender=collector)
        artworks.transferFrom(bidder, collector, owned, sender=bidder)
    elif way == "auction":
        artworks.openAuction(owned, 1, ETHER, 900, sender=collector)
    else:
        price = PRICE if way == "new price" else 0
        artworks.list(owned, price, ETHER, sender=collector)

    now = epoch + (2 if way == "round trip" else 1)
    with reverts(project.Artworks.ListingStale, id=owned, listed=epoch, epoch=now):
        buy_signed(signed)


def test_a_signed_listing_of_an_epoch_to_come_waits(
    project, artworks, owned, collector, listing, buy_signed
):
    epoch = artworks.stateOf(owned).epoch
    with reverts(project.Artworks.ListingStale, id=owned, listed=epoch + 1, epoch=epoch):
        buy_signed(listing(owned, epoch=epoch + 1))


def test_a_signed_listing_leaves_the_price_on_chain_until_it_is_taken(
    project, artworks, listed, listing, buy_signed, buy
):
    cheaper = listing(listed, PRICE // 2)
    buy_signed(cheaper)
    with reverts(project.Artworks.ArtworkNotForSale, id=listed):
        buy(listed)


def test_no_signed_listing_holds_in_the_last_epoch(
    project, artworks, owned, collector, buyer, listing, buy_signed, buy, saturate
):
    """That epoch never ends, so there could be no way to void one. Prices on chain still work."""
    saturate(owned, LAST_EPOCH - 1)
    signed = listing(owned, epoch=LAST_EPOCH)
    with reverts(project.Artworks.ListingStale, id=owned, listed=LAST_EPOCH, epoch=LAST_EPOCH - 1):
        buy_signed(signed)
    artworks.list(owned, PRICE, ETHER, sender=collector)
    assert artworks.stateOf(owned).epoch == LAST_EPOCH
    with reverts(project.Artworks.ListingStale, id=owned, listed=LAST_EPOCH, epoch=LAST_EPOCH):
        buy_signed(signed)

    buy(owned)
    assert tuple(artworks.stateOf(owned)) == (buyer, 0, 0, False, LAST_EPOCH)


def test_the_last_but_one_epoch_is_like_any_other(
    artworks, owned, buyer, listing, buy_signed, saturate
):
    saturate(owned, LAST_EPOCH - 1)
    buy_signed(listing(owned))

    assert tuple(artworks.stateOf(owned)) == (buyer, 0, 0, False, LAST_EPOCH)


def test_buySigned_holds_until_the_deadline(
    project, artworks, owned, collector, buyer, listing, buy_signed, clock
):
    deadline = clock.now + 100
    signed = listing(owned, deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.Artworks.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        buy_signed(signed)

    deadline = clock.now + 100
    signed = listing(owned, deadline=deadline)
    clock.set_next(deadline)
    buy_signed(signed)
    assert artworks.ownerOf(owned) == buyer


def test_buySigned_for_one_buyer_is_for_no_other(
    project, artworks, owned, buyer, thief, listing, buy_signed
):
    signed = listing(owned, only=buyer)
    with reverts(
        project.Artworks.ListingForAnother,
        id=owned,
        onlyBuyer=buyer.address,
        caller=thief.address,
    ):
        buy_signed(signed, by=thief)
    buy_signed(signed)


def test_buySigned_reverts_if_the_seller_is_not_the_owner(
    project, artworks, owned, artist, thief, listing, buy_signed
):
    for seller in (artist, thief):
        with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=seller.address):
            buy_signed(listing(owned, by=seller), signer=seller)


def test_buySigned_reverts_for_nothing(project, artworks, owned, listing, buy_signed):
    with reverts(project.Artworks.PriceInvalid, id=owned):
        buy_signed(listing(owned, 0))
    with reverts(project.Artworks.CurrencyUnknown, currency=2):
        buy_signed(listing(owned, currency=2))


def test_buySigned_reverts_unless_exactly_the_price_is_sent(
    project, artworks, owned, listing, buy_signed
):
    amount = PRICE * GWEI
    for sent in (0, amount - 1, amount + 1):
        with reverts(project.Artworks.PaymentMismatch, sent=sent, wanted=amount):
            buy_signed(listing(owned), sent=sent)


def changes_of(intent, values):
    """The intent with one field after the other changed."""
    for place, value in values.items():
        changed = list(intent.values)
        changed[place] = value
        yield replace(intent, values=tuple(changed))


def bad_signatures(intent, signer, thief, other):
    """What is no signature of the signer over the intent."""
    good, at = intent.sign(signer), intent.domain
    places = [
        replace(at, chain_id=at.chain_id + 1),
        replace(at, contract=other.address),
        replace(at, name="CuratorBoard"),
        replace(at, version="2"),
    ]
    return [
        intent.sign(thief),
        high_s(good),
        good[:64] + bytes([55 - good[64]]),
        good[:32],
        bytes(65),
        b"",
        *(replace(intent, domain=place).sign(signer) for place in places),
    ]


def test_buySigned_reverts_if_the_signature_is_not_the_sellers(
    project, artworks, owned, collector, thief, board, listing, buy_signed
):
    signed = listing(owned)
    for signature in bad_signatures(signed, collector, thief, board):
        with reverts(
            project.Artworks.IntentSignatureInvalid,
            signer=collector.address,
            digest=signed.digest(),
        ):
            buy_signed(signed, signature=signature)


def test_buySigned_reverts_if_anything_was_changed(
    project, artworks, owned, collector, thief, buyer, listing, buy_signed
):
    signed = listing(owned, only=buyer)
    for changed in changes_of(signed, {3: 1, 4: COIN, 5: ZERO, 6: 2**40 - 2}):
        with reverts(
            project.Artworks.IntentSignatureInvalid,
            signer=collector.address,
            digest=changed.digest(),
        ):
            buy_signed(changed, signature=signed.sign(collector))


def test_a_listing_is_no_offer_and_an_offer_no_listing(
    project, artworks, owned, collector, buyer, listing, offer, buy_signed, accept, fund
):
    fund(buyer)
    wanted, signed = offer(owned, by=collector), listing(owned, by=buyer)
    with reverts(
        project.Artworks.IntentSignatureInvalid,
        signer=collector.address,
        digest=listing(owned).digest(),
    ):
        buy_signed(listing(owned), signature=wanted.sign(collector))
    with reverts(
        project.Artworks.IntentSignatureInvalid,
        signer=buyer.address,
        digest=offer(owned).digest(),
    ):
        accept(offer(owned), signature=signed.sign(buyer))


def test_smart_accounts_sell_by_their_word(
    project, artworks, owned, collector, buyer, listing, buy_signed, accounts
):
    wallet = project.WalletMock.deploy(collector, sender=accounts[0])
    artworks.transferFrom(collector, wallet, owned, sender=collector)
    signed = listing(owned, by=wallet)
    buy_signed(signed)

    # It has no way to take ether: what it is owed, waits.
    assert artworks.ownerOf(owned) == buyer
    assert artworks.creditOf(wallet, ETHER) == shares(PRICE * GWEI)[0]


def test_accounts_with_a_delegate_sell_by_their_key(
    project, artworks, owned, collector, buyer, listing, buy_signed, accounts, delegate
):
    refuser = project.WalletMock.deploy(accounts[0], sender=accounts[0])
    delegate(collector, refuser)
    buy_signed(listing(owned))

    assert artworks.ownerOf(owned) == buyer


# accept


def test_accept_sells_to_who_offered(
    artworks, owned, coin, collector, buyer, artist, offer, accept, fund
):
    fund(buyer)
    wanted = offer(owned)
    receipt = accept(wanted)

    seller_gets, royalty, fee = shares(PRICE * CENT)
    assert [event for event in logs(receipt, artworks, coin) if event.emitter != coin] == (
        sale_logs(artworks, owned, collector, buyer, PRICE, COIN, wanted.digest())
    )
    assert [coin.balanceOf(each) for each in (collector, artist, artworks, buyer)] == [
        seller_gets,
        royalty,
        fee,
        0,
    ]
    assert artworks.ownerOf(owned) == buyer
    assert artworks.isNonceUsed(buyer, 0)


def test_accept_by_the_artist_mints_the_work_through(
    artworks, registered, coin, artist, buyer, offer, accept, fund
):
    fund(buyer)
    receipt = accept(offer(registered), by=artist)

    moved = of_kind(receipt, "Transfer", artworks, coin)
    assert [event for event in moved if event.emitter == artworks] == [
        log(artworks, "Transfer", from_=ZERO, to=artist, tokenId=registered),
        log(artworks, "Transfer", from_=artist, to=buyer, tokenId=registered),
    ]
    assert artworks.ownerOf(registered) == buyer
    assert coin.balanceOf(artist) == sum(shares(PRICE * CENT, royalty=0)[:2])


def test_accept_works_once_in_either_form(
    project, artworks, owned, collector, buyer, offer, accept, fund
):
    """Even if the same seller owns the work again."""
    fund(buyer, 2 * PRICE)
    wanted = offer(owned)
    accept(wanted)
    artworks.transferFrom(buyer, collector, owned, sender=buyer)

    for signature in (wanted.sign(buyer), compact(wanted.sign(buyer))):
        with reverts(project.Artworks.IntentNonceUsed, signer=buyer.address, nonce=0):
            accept(wanted, signature=signature)


def test_accept_takes_one_of_two_offers_with_one_nonce(
    project, artworks, owned, collector, buyer, offer, accept, fund, register, work, artist
):
    """An offer for one work or the other."""
    fund(buyer, 2 * PRICE)
    other = register(work("other"))
    accept(offer(owned))

    with reverts(project.Artworks.IntentNonceUsed, signer=buyer.address, nonce=0):
        accept(offer(other), by=artist)
    accept(offer(other, nonce=1), by=artist)


def test_accept_reverts_after_the_offer_was_cancelled(
    project, artworks, owned, buyer, offer, accept, fund
):
    fund(buyer)
    artworks.cancelNonce(0, sender=buyer)
    with reverts(project.Artworks.IntentNonceUsed, signer=buyer.address, nonce=0):
        accept(offer(owned))


def test_accept_holds_until_the_deadline(
    project, artworks, owned, collector, buyer, offer, accept, fund, clock
):
    fund(buyer)
    deadline = clock.now + 100
    clock.set_next(deadline + 1)
    with reverts(project.Artworks.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        accept(offer(owned, deadline=deadline))

    deadline = clock.now + 100
    clock.set_next(deadline)
    accept(offer(owned, deadline=deadline))
    assert artworks.ownerOf(owned) == buyer


def test_accept_is_the_sellers(project, artworks, owned, buyer, artist, thief, offer, accept, fund):
    fund(buyer)
    for caller in (artist, thief, buyer):
        with reverts(project.Artworks.ArtworkSellerOnly, id=owned, caller=caller.address):
            accept(offer(owned), by=caller)


def test_accept_reverts_for_a_revoked_work(
    project, artworks, owned, registered, revoke, buyer, offer, accept, fund
):
    """Who offered did not know of it."""
    fund(buyer)
    revoke(owned)
    with reverts(project.Artworks.ArtworkRevokedBefore, id=owned):
        accept(offer(owned))


def test_accept_reverts_for_an_unminted_work_that_was_revoked(
    project, artworks, registered, revoke, buyer, artist, offer, accept, fund
):
    fund(buyer)
    revoke(registered)
    with reverts(project.Artworks.ArtworkRevokedBefore, id=registered):
        accept(offer(registered), by=artist)


def test_accept_reverts_in_ether_and_for_nothing(
    project, artworks, owned, buyer, offer, accept, gallery, fund
):
    fund(buyer)
    with reverts(project.Artworks.CurrencyEther):
        accept(offer(owned, currency=ETHER))
    with reverts(project.Artworks.PriceInvalid, id=owned):
        accept(offer(owned, 0))
    artworks.setCurrency(COIN, False, 0, sender=gallery)
    with reverts(project.Artworks.CurrencyDisabled, currency=COIN):
        accept(offer(owned))


def test_accept_reverts_if_the_buyer_has_not_enough(
    project, artworks, owned, buyer, offer, accept, fund, collector
):
    wanted = offer(owned)
    _, royalty, fee = shares(PRICE * CENT)
    with reverts(
        project.TestCoin.ERC20InsufficientAllowance,
        spender=artworks.address,
        allowance=0,
        needed=royalty,
    ):
        accept(wanted)
    fund(buyer, PRICE - 1)
    with reverts(
        project.TestCoin.ERC20InsufficientBalance,
        sender=buyer.address,
        balance=fee - CENT,
        needed=fee,
    ):
        accept(wanted)
    assert not artworks.isNonceUsed(buyer, 0)
    assert artworks.ownerOf(owned) == collector


def test_accept_reverts_if_the_signature_is_not_the_buyers(
    project, artworks, owned, buyer, thief, board, offer, accept, fund
):
    fund(buyer)
    wanted = offer(owned)
    for signature in bad_signatures(wanted, buyer, thief, board):
        with reverts(
            project.Artworks.IntentSignatureInvalid, signer=buyer.address, digest=wanted.digest()
        ):
            accept(wanted, signature=signature)
    for changed in changes_of(wanted, {2: PRICE + 1, 4: 1, 5: 2**40 - 2}):
        with reverts(
            project.Artworks.IntentSignatureInvalid, signer=buyer.address, digest=changed.digest()
        ):
            accept(changed, signature=wanted.sign(buyer))


def test_nobodys_offer_is_worth_nothing(project, artworks, owned, offer, accept):
    nobody = offer(owned, by=ZERO)
    with reverts(project.Artworks.IntentSignatureInvalid, signer=ZERO, digest=nobody.digest()):
        accept(nobody, signature=bytes(65))


def test_an_offer_costs_no_more_than_its_wallet_may(
    project, artworks, owned, coin, buyer, offer, accept, accounts
):
    """A smart account that burns all gas is refused like any other signature."""
    wallet = project.WalletMock.deploy(buyer, sender=accounts[0])
    wallet.setBehaviour(BURN_GAS, sender=buyer)
    wanted = offer(owned, by=wallet)
    with reverts(
        project.Artworks.IntentSignatureInvalid, signer=wallet.address, digest=wanted.digest()
    ):
        accept(wanted)


def test_an_offer_holds_for_whoever_owns_the_work(
    artworks, owned, collector, bidder, buyer, offer, accept, fund
):
    """Until its deadline, or until it is cancelled: it names the work, not the seller."""
    fund(buyer)
    artworks.transferFrom(collector, bidder, owned, sender=collector)
    accept(offer(owned), by=bidder)

    assert artworks.ownerOf(owned) == buyer


def test_a_sale_to_oneself_is_refused(
    project,
    artworks,
    listed,
    registered,
    collector,
    artist,
    listing,
    offer,
    buy,
    buy_signed,
    accept,
    fund,
):
    """It would write a price into the history that nobody paid."""
    fund(collector)
    fund(artist)
    taken = {"id": listed, "buyer": collector.address}
    with reverts(project.Artworks.ArtworkOwnedBefore, **taken):
        buy(listed, by=collector)
    with reverts(project.Artworks.ArtworkOwnedBefore, **taken):
        buy_signed(listing(listed), by=collector)
    with reverts(project.Artworks.ArtworkOwnedBefore, **taken):
        accept(offer(listed, by=collector), signer=collector)


def test_the_first_sale_to_the_artist_is_refused(
    project, artworks, registered, artist, listing, buy_signed
):
    with reverts(project.Artworks.ArtworkOwnedBefore, id=registered, buyer=artist.address):
        buy_signed(listing(registered, by=artist), signer=artist, by=artist)

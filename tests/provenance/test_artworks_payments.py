"""Money: whoever cannot be paid gets a credit, nothing is lost, nobody's wallet stops a sale."""

import pytest
from eth_abi import decode, encode
from eth_utils import keccak

from tests.fixtures.intents import Domain, address_of
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts, reverts_without_data
from tests.provenance.artwork_intents import ZERO
from tests.provenance.board import approval_of, artwork_intent, signed_by
from tests.provenance.gallery import *  # noqa: F403 - fixtures
from tests.provenance.gallery import (
    CENT,
    COIN,
    ETHER,
    FEE_BPS,
    GWEI,
    PRICE,
    PROGRAM,
    of_kind,
    shares,
)

# tests/mutants looks for what the fixtures deploy:
# project.PointsHubMock, project.TestCoin

ACCEPT, REFUSE, REVERT_BOMB, RETURN_BOMB, BURN_GAS, REENTER, SPEND_GAS = range(7)  # PayeeMock
HUB_REFUSE, HUB_REVERT_BOMB, HUB_RETURN_BOMB, HUB_BURN_GAS, HUB_SPEND_GAS = 1, 2, 3, 4, 6  # its
AMOUNT = PRICE * GWEI
PUSH_GAS, POINTS_GAS = 50_000, 200_000
ENOUGH = 1_000_000  # gas for any sale, so that who burns it all burns no block's worth


@pytest.fixture
def work_of(artworks, register, work, collector, relayer, accounts):
    """A listed work, of an artist and a seller with code if they are given."""

    def work_of_(*, artist=None, seller=None, currency=ETHER, price=PRICE, file="of others"):
        if artist is None:
            token = register(work(file), mints=True)
            owner = accounts[15]
        else:
            token = register(work(file, by=artist), mints=True, signer=None)
            owner = artist
        seller = seller or collector
        act(artworks, owner, artworks.transferFrom.encode_input(owner, seller, token), relayer)
        act(artworks, seller, artworks.list.encode_input(token, price, currency), relayer)
        return token

    return work_of_


def act(artworks, account, data, relayer, value=0):
    """Has an account call the contract, be it one with code or with a key."""
    if hasattr(account, "execute"):
        return account.execute(artworks, data, value=value, sender=relayer)
    return account.transfer(artworks, value, data=data)


@pytest.fixture
def shy(project, accounts, artworks, gallery):
    """A coin that returns nothing and refuses some accounts, as currency 2."""
    coin = project.ShyCoinMock.deploy(sender=accounts[0])
    artworks.addCurrency(coin, 0, 0, sender=gallery)
    return coin


@pytest.fixture
def odd(project, accounts, artworks, gallery):
    """A coin that misbehaves as told, as currency 2."""
    coin = project.CoinMock.deploy(0, sender=accounts[0])
    artworks.addCurrency(coin, 0, 0, sender=gallery)
    return coin


@pytest.fixture
def stocked(artworks, buyer):
    """Gives the buyer coin of another kind, which the market may draw."""

    def stocked_(coin, amount=PRICE):
        coin.mint(buyer, amount, sender=buyer)
        coin.approve(artworks, amount, sender=buyer)

    return stocked_


@pytest.fixture
def buy(artworks, buyer):
    def buy_(token, currency=ETHER):
        value = AMOUNT if currency == ETHER else 0
        return artworks.buy(token, PRICE, currency, value=value, sender=buyer, gas_limit=ENOUGH)

    return buy_


@pytest.fixture
def credited(artworks, work_of, buy, payee):
    """A seller with code that could not be paid, and what it is owed."""
    seller = payee(REFUSE)
    buy(work_of(seller=seller))
    return seller, shares(AMOUNT)[0]


# Receivers in ether


@pytest.mark.parametrize("behaviour", [REFUSE, REVERT_BOMB, BURN_GAS])
@pytest.mark.parametrize("role", ["artist", "seller", "both"])
def test_a_receiver_that_cannot_be_paid_gets_a_credit(
    artworks, work_of, buy, payee, buyer, behaviour, role
):
    artist = payee(behaviour) if role != "seller" else None
    seller = {"artist": None, "seller": payee(behaviour), "both": artist}[role]
    token = work_of(artist=artist, seller=seller)
    receipt = buy(token)

    royalty_bps = 0 if role == "both" else 700
    seller_gets, royalty, fee = shares(AMOUNT, royalty=royalty_bps)
    owed = [(artist, royalty)] if role == "artist" else [(seller, seller_gets)]
    assert of_kind(receipt, "PaymentCredited", artworks) == [
        log(artworks, "PaymentCredited", account=who, currency=ETHER, amount=amount)
        for who, amount in owed
    ]
    assert [artworks.creditOf(who, ETHER) for who, _ in owed] == [amount for _, amount in owed]
    assert artworks.liabilityOf(ETHER) == sum(amount for _, amount in owed)
    assert artworks.balance == fee + artworks.liabilityOf(ETHER)
    assert artworks.ownerOf(token) == buyer


def test_both_receivers_may_be_bad(artworks, work_of, buy, payee, buyer):
    artist, seller = payee(BURN_GAS), payee(RETURN_BOMB)
    seller.setBehaviour(REVERT_BOMB, sender=buyer)
    buy(work_of(artist=artist, seller=seller))

    seller_gets, royalty, _ = shares(AMOUNT)
    assert [artworks.creditOf(each, ETHER) for each in (artist, seller)] == [royalty, seller_gets]
    assert artworks.liabilityOf(ETHER) == royalty + seller_gets
    assert artworks.balance == AMOUNT


def test_what_a_receiver_returns_is_not_copied(artworks, work_of, buy, payee):
    """80 kB of it, which would cost the buyer as much gas again to copy."""
    plain, bomb = payee(), payee(RETURN_BOMB)
    used = [
        buy(work_of(seller=each, file=file)).gas_used
        for file, each in (("one", plain), ("two", bomb))
    ]

    assert bomb.balance == shares(AMOUNT)[0]
    assert used[1] - used[0] < 30_000  # what the bomb itself costs: 20,000


def test_a_receiver_has_gas_for_a_wallet_and_no_more(artworks, work_of, buy, payee, buyer):
    rich, poor = payee(), payee()
    rich.spend(PUSH_GAS - 5_000, sender=buyer)
    poor.spend(PUSH_GAS + 2_300, sender=buyer)
    buy(work_of(seller=rich, file="one"))
    buy(work_of(seller=poor, file="two"))

    assert artworks.creditOf(rich, ETHER) == 0
    assert rich.balance == shares(AMOUNT)[0]
    assert artworks.creditOf(poor, ETHER) == shares(AMOUNT)[0]


# No amount of gas lets a sale succeed while a payout fails


@pytest.fixture
def probe(project, accounts, artworks, coin, chain):
    """Tries a call with every amount of gas, from the same state; the buyer is a contract."""
    probe = project.GasProbeMock.deploy(sender=accounts[0])
    accounts[0].transfer(probe, 10**18)
    coin.mint(probe, PRICE * CENT, sender=accounts[0])
    approve = coin.approve.encode_input(artworks, 2**256 - 1)
    probe.execute(coin, approve, 100_000, sender=accounts[0])
    seen = "(address,bytes)[]"
    types = ["address", "uint256", "bytes", seen, "uint256", "uint256", "uint256"]
    selector = keccak(text=f"sweep({','.join(types)})")[:4]

    def probe_(data, value, views, *, top, step=211, share=48):
        """Whether it succeeded and what the views said, by amounts of gas."""
        outcomes = {}
        for least in range(0, top, step * share):
            values = [artworks.address, value, data, views, least, step, share]
            call = {
                "to": probe.address,
                "data": selector + encode(types, values),
                "gas": 30_000_000,
            }
            answer = chain.provider.web3.eth.call(call)
            (given,) = decode(["(bool,bytes,bytes[])[]"], bytes(answer))
            for number, outcome in enumerate(given):
                outcomes[least + number * step] = outcome
        return outcomes

    probe_.address = probe.address
    return probe_


def successes(outcomes):
    """What the views said after the successes; there are both successes and failures."""
    seen = [views for done, _, views in outcomes.values() if done]
    assert 20 < len(seen) < len(outcomes) - 20
    return seen


@pytest.fixture
def owed_before(artworks, work_of, buy, payee, relayer):
    """Makes receivers who are owed something already, so that owing more costs the least gas.

    Paid again, each spends so much of its gas, and gives up at once if there is less.
    """

    def owed_before_(count, spent=PUSH_GAS - 2_000):
        receivers = [payee(REFUSE) for _ in range(count)]
        buy(work_of(artist=receivers[0], seller=receivers[-1], file="sold before"))
        for each in receivers:
            each.spend(spent, sender=relayer)
        return receivers, [artworks.creditOf(each, ETHER) for each in receivers]

    return owed_before_


def credit_view(artworks, account, currency=ETHER):
    """What the account could not be paid."""
    return artworks.address, bytes(artworks.creditOf.encode_input(account, currency))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("spent", [0, PUSH_GAS - 2_000])
def test_no_gas_limit_makes_a_payout_of_a_sale_fail(artworks, work_of, owed_before, probe, spent):
    """To wallets that need little, or nearly all that they are given."""
    receivers, owed = owed_before(2, spent)
    token = work_of(artist=receivers[0], seller=receivers[1])
    data = bytes(artworks.buy.encode_input(token, PRICE, ETHER))
    views = [credit_view(artworks, each) for each in receivers]
    outcomes = probe(data, AMOUNT, views, top=480_000)

    for seen in successes(outcomes):
        assert [int.from_bytes(each) for each in seen] == owed


@pytest.fixture
def new_account(accounts):
    """Makes an account that has never been on the chain: it costs most to pay."""
    return accounts.generate_test_account


@pytest.mark.timeout(600)
def test_no_gas_limit_makes_a_payout_to_a_new_account_fail(
    artworks, probe, register, work, new_account, listing
):
    """An artist who only signs, and is paid for the first time."""
    artist = new_account()
    assert artist.balance == 0
    token = register(work("of a new account", by=artist), signer=artist)
    signed = listing(token, by=artist)
    data = bytes(artworks.buySigned.encode_input(signed.values, signed.sign(artist)))
    outcomes = probe(data, AMOUNT, [credit_view(artworks, artist)], top=420_000)

    assert {int.from_bytes(seen[0]) for seen in successes(outcomes)} == {0}


@pytest.mark.timeout(600)
def test_no_gas_limit_makes_payouts_to_two_new_accounts_fail(
    artworks, probe, register, work, new_account, listing, collector, fund
):
    """Neither artist nor seller has ever had ether: they were paid in coin, and given the work."""
    artist, seller = new_account(), new_account()
    token = register(work("of a new account", by=artist), signer=artist)
    first = listing(token, by=artist, currency=COIN)
    fund(collector)
    artworks.buySigned(first.values, first.sign(artist), sender=collector)
    artworks.transferFrom(collector, seller, token, sender=collector)
    assert [artist.balance, seller.balance] == [0, 0]
    signed = listing(token, by=seller)
    data = bytes(artworks.buySigned.encode_input(signed.values, signed.sign(seller)))
    views = [credit_view(artworks, each) for each in (artist, seller)]
    outcomes = probe(data, AMOUNT, views, top=520_000)

    for seen in successes(outcomes):
        assert [int.from_bytes(each) for each in seen] == [0, 0]


@pytest.mark.timeout(600)
def test_no_gas_limit_makes_the_refund_of_a_bid_fail(
    artworks, owned, collector, owed_before, probe, relayer
):
    (first,), owed = owed_before(1)
    artworks.openAuction(owned, PRICE, ETHER, 900, sender=collector)
    bid = artworks.bid.encode_input(owned, PRICE)
    first.execute(artworks, bid, value=AMOUNT, sender=relayer)
    data = bytes(artworks.bid.encode_input(owned, 2 * PRICE))
    outcomes = probe(data, 2 * AMOUNT, [credit_view(artworks, first)], top=420_000)

    assert {int.from_bytes(seen[0]) for seen in successes(outcomes)} == set(owed)


@pytest.mark.timeout(600)
def test_no_gas_limit_makes_a_payout_of_an_auction_fail(
    artworks, owned, collector, owed_before, probe, relayer, buyer, clock
):
    (seller,), owed = owed_before(1)
    artworks.transferFrom(collector, seller, owned, sender=collector)
    opening = artworks.openAuction.encode_input(owned, PRICE, ETHER, 900)
    seller.execute(artworks, opening, sender=relayer)
    artworks.bid(owned, PRICE, value=AMOUNT, sender=buyer)
    clock.set(clock.now + 901)
    data = bytes(artworks.settle.encode_input(owned))
    outcomes = probe(data, 0, [credit_view(artworks, seller)], top=480_000)

    assert {int.from_bytes(seen[0]) for seen in successes(outcomes)} == set(owed)


@pytest.mark.timeout(600)
def test_no_gas_limit_makes_a_payout_in_coin_fail(artworks, work_of, artist, collector, probe):
    token = work_of(currency=COIN)
    data = bytes(artworks.buy.encode_input(token, PRICE, COIN))
    views = [credit_view(artworks, each, COIN) for each in (artist, collector)]
    outcomes = probe(data, 0, views, top=320_000)

    for seen in successes(outcomes):
        assert [int.from_bytes(each) for each in seen] == [0, 0]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("currency", [ETHER, COIN])
def test_no_gas_limit_keeps_the_points_of_a_sale_back(
    artworks, work_of, hub, gallery, probe, currency
):
    """Else who takes up an offer would choose it, or an estimate find it: the least that succeeds.

    The ledger needs nearly all that it may have.
    """
    hub.setBehaviour(HUB_SPEND_GAS, sender=gallery)
    artworks.setPointsProgram(PROGRAM, sender=gallery)
    artworks.setCurrency(currency, True, 1_000_000, sender=gallery)
    token = work_of(currency=currency)
    data = bytes(artworks.buy.encode_input(token, PRICE, currency))
    value = AMOUNT if currency == ETHER else 0
    points = hub.address, bytes(hub.pointsOf.encode_input(PROGRAM, probe.address))
    outcomes = probe(data, value, [points], top=640_000)

    assert {int.from_bytes(seen[0]) for seen in successes(outcomes)} == {PRICE}


def test_too_little_gas_is_named(artworks, work_of, probe):
    """Whoever sent too little learns how much has to be left, unless it was used up before."""
    data = bytes(artworks.buy.encode_input(work_of(), PRICE, ETHER))
    outcomes = probe(data, AMOUNT, [], top=480_000, step=2_111, share=32)
    named = [reason for done, reason, _ in outcomes.values() if not done and reason]

    assert len(named) > 10
    assert {reason[:4] for reason in named} == {
        keccak(text="PaymentGasTooLow(uint256,uint256)")[:4]
    }
    for reason in named:
        left, wanted = decode(["uint256", "uint256"], reason[4:])
        assert left < wanted == 180_000


# Receivers of coin


@pytest.mark.parametrize("role", ["artist", "collector"])
def test_who_a_coin_refuses_gets_a_credit(
    request, artworks, work_of, buy, shy, stocked, buyer, role
):
    refused = request.getfixturevalue(role)
    stocked(shy)
    token = work_of(currency=2)
    shy.refuse(refused, True, sender=buyer)
    receipt = buy(token, 2)

    seller_gets, royalty, fee = shares(PRICE)
    owed = royalty if role == "artist" else seller_gets
    assert of_kind(receipt, "PaymentCredited", artworks) == [
        log(artworks, "PaymentCredited", account=refused, currency=2, amount=owed)
    ]
    assert artworks.creditOf(refused, 2) == artworks.liabilityOf(2) == owed
    assert shy.balanceOf(artworks) == owed + fee
    assert artworks.ownerOf(token) == buyer


def test_a_coin_that_returns_nothing_pays(artworks, work_of, buy, shy, stocked, collector, artist):
    stocked(shy)
    buy(work_of(currency=2), 2)

    assert [shy.balanceOf(each) for each in (collector, artist, artworks)] == list(shares(PRICE))


def test_buyWithPermit_of_a_coin_that_knows_no_permissions(artworks, work_of, shy, stocked, buyer):
    """It takes the call without a word, as some do; the allowance decides."""
    stocked(shy)
    token = work_of(currency=2)
    artworks.buyWithPermit(token, PRICE, 2, (1, 1, 27, bytes(32), bytes(32)), sender=buyer)

    assert artworks.ownerOf(token) == buyer


def test_a_coin_that_keeps_a_fee_is_refused(project, artworks, work_of, buy, odd, stocked, buyer):
    stocked(odd)
    token = work_of(currency=2)
    odd.setFee(100, sender=buyer)

    royalty = shares(PRICE)[1]
    with reverts(
        project.Artworks.PaymentInexact,
        token=odd.address,
        amount=royalty,
        received=royalty - royalty // 100,
    ):
        buy(token, 2)


def test_a_coin_that_returns_false_pays_nobody_and_sells_nothing(
    project, artworks, work_of, buy, odd, stocked, buyer, collector
):
    stocked(odd)
    token = work_of(currency=2)
    odd.setReturnsFalse(True, sender=buyer)

    with reverts(project.Artworks.SafeERC20FailedOperation, token=odd.address):
        buy(token, 2)
    assert artworks.ownerOf(token) == collector


def test_a_coin_that_re_enters_finds_every_door_shut(
    project, artworks, work_of, buy, odd, stocked, buyer, collector, artist, gallery
):
    """It is called before the seller is paid."""
    guarded = keccak(text="ReentrancyGuardReentrantCall()")[:4]
    for number, data in enumerate(
        [
            artworks.buy.encode_input(1, PRICE, 2),
            artworks.settle.encode_input(1),
            artworks.bid.encode_input(1, 1),
            artworks.withdraw.encode_input(2, buyer),
            artworks.sweep.encode_input(2, buyer),
        ]
    ):
        stocked(odd)
        token = work_of(currency=2, file=f"work {number}")
        odd.callOnTransfer(artworks, data, sender=buyer)
        buy(token, 2)
        assert not odd.succeeded()
        assert bytes(odd.answer()) == guarded
        assert artworks.ownerOf(token) == buyer


# Re-entrance by a receiver of ether


def test_a_seller_that_re_enters_finds_every_door_shut(
    artworks, work_of, buy, payee, buyer, listing, offer
):
    guarded = keccak(text="ReentrancyGuardReentrantCall()")[:4]
    signed, wanted = listing(1, epoch=0), offer(1)
    permission = (1, 1, 27, bytes(32), bytes(32))
    for number, data in enumerate(
        [
            artworks.buy.encode_input(1, PRICE, ETHER),
            artworks.buyWithPermit.encode_input(1, PRICE, COIN, permission),
            artworks.buySigned.encode_input(signed.values, b""),
            artworks.accept.encode_input(wanted.values, b""),
            artworks.bid.encode_input(1, 1),
            artworks.settle.encode_input(1),
            artworks.withdraw.encode_input(ETHER, buyer),
            artworks.sweep.encode_input(ETHER, buyer),
        ]
    ):
        seller = payee()
        token = work_of(seller=seller, file=f"work {number}")
        seller.callOnPayment(artworks, data, sender=buyer)
        buy(token)
        assert (seller.calls(), seller.succeeded()) == (1, False)
        assert bytes(seller.reason()) == guarded
        assert artworks.ownerOf(token) == buyer
        assert seller.balance == shares(AMOUNT)[0]


def test_a_seller_that_is_paid_owns_the_work_no_more(artworks, work_of, buy, payee, buyer, thief):
    """What has no guard is safe by its order: the seller cannot give the work away meanwhile."""
    seller = payee()
    token = work_of(seller=seller)
    data = artworks.transferFrom.encode_input(seller, thief, token)
    seller.callOnPayment(artworks, data, sender=buyer)
    buy(token)

    assert (seller.calls(), seller.succeeded()) == (1, False)
    assert artworks.ownerOf(token) == buyer


def test_withdraw_pays_once_though_the_receiver_calls_again(artworks, credited, payee, buyer):
    seller, owed = credited
    again = artworks.withdraw.encode_input(ETHER, seller)
    seller.callOnPayment(artworks, again, sender=buyer)
    seller.execute(artworks, again, sender=buyer)

    assert (seller.calls(), seller.succeeded()) == (1, False)
    assert seller.balance == owed
    assert artworks.liabilityOf(ETHER) == 0


# withdraw


def test_withdraw_pays_a_credit_to_whom_its_owner_says(artworks, credited, outsider, buyer):
    seller, owed = credited
    before = outsider.balance
    receipt = seller.execute(
        artworks, artworks.withdraw.encode_input(ETHER, outsider), sender=buyer
    )

    assert logs(receipt, artworks) == [
        log(artworks, "CreditWithdrawn", account=seller, currency=ETHER, amount=owed)
    ]
    assert outsider.balance - before == owed
    assert (artworks.creditOf(seller, ETHER), artworks.liabilityOf(ETHER)) == (0, 0)
    assert artworks.balance == shares(AMOUNT)[2]


def test_withdraw_pays_a_credit_in_coin(
    artworks, work_of, buy, shy, stocked, buyer, collector, outsider
):
    stocked(shy)
    token = work_of(currency=2)
    shy.refuse(collector, True, sender=buyer)
    buy(token, 2)
    artworks.withdraw(2, outsider, sender=collector)

    assert shy.balanceOf(outsider) == shares(PRICE)[0]
    assert artworks.liabilityOf(2) == 0


def test_withdraw_reverts_without_a_credit(project, artworks, credited, thief):
    with reverts(project.Artworks.CreditEmpty, account=thief.address, currency=ETHER):
        artworks.withdraw(ETHER, thief, sender=thief)
    with reverts(project.Artworks.CurrencyUnknown, currency=9):
        artworks.withdraw(9, thief, sender=thief)


def test_withdraw_leaves_the_credit_if_the_receiver_refuses(
    project, artworks, credited, payee, buyer
):
    seller, owed = credited
    refuser = payee(REFUSE)
    with reverts(project.PayeeMock.PayeeCallFailed, answer=refusal(refuser, owed)):
        seller.execute(artworks, artworks.withdraw.encode_input(ETHER, refuser), sender=buyer)

    assert artworks.creditOf(seller, ETHER) == owed


def refusal(to, amount):
    return keccak(text="CreditRefused(address,uint256)")[:4] + encode(
        ["address", "uint256"], [address_of(to), amount]
    )


def test_withdraw_is_possible_in_a_disabled_currency(artworks, credited, gallery, outsider, buyer):
    seller, owed = credited
    artworks.setCurrency(ETHER, False, 0, sender=gallery)
    before = outsider.balance
    seller.execute(artworks, artworks.withdraw.encode_input(ETHER, outsider), sender=buyer)

    assert outsider.balance - before == owed


# sweep


def test_sweep_takes_the_fees_and_nothing_else(artworks, credited, gallery, outsider):
    """Not what the contract owes: credits stay to the wei."""
    _, owed = credited
    fee = shares(AMOUNT)[2]
    before = outsider.balance
    receipt = artworks.sweep(ETHER, outsider, sender=gallery)

    assert logs(receipt, artworks) == [
        log(artworks, "FeesSwept", currency=ETHER, to=outsider, amount=fee)
    ]
    assert outsider.balance - before == fee
    assert artworks.balance == artworks.liabilityOf(ETHER) == owed


def test_sweep_leaves_the_bids(artworks, owned, collector, buyer, gallery, fund, coin, outsider):
    fund(buyer)
    artworks.openAuction(owned, PRICE, COIN, 900, sender=collector)
    artworks.bid(owned, PRICE, sender=buyer)
    receipt = artworks.sweep(COIN, outsider, sender=gallery)

    assert of_kind(receipt, "FeesSwept", artworks, coin) == [
        log(artworks, "FeesSwept", currency=COIN, to=outsider, amount=0)
    ]
    assert coin.balanceOf(artworks) == artworks.liabilityOf(COIN) == PRICE * CENT


def test_sweep_takes_ether_that_was_forced_in(
    project, artworks, credited, gallery, outsider, accounts
):
    _, owed = credited
    project.EtherForceMock.deploy(artworks, value=10**15, sender=accounts[0])
    fee = shares(AMOUNT)[2]
    assert artworks.balance == owed + fee + 10**15

    before = outsider.balance
    artworks.sweep(ETHER, outsider, sender=gallery)
    assert outsider.balance - before == fee + 10**15
    assert artworks.balance == owed


def test_ether_without_a_purchase_is_refused(artworks, accounts):
    with reverts_without_data():
        accounts[0].transfer(artworks, 1)


def test_sweep_is_the_gallerys(project, artworks, credited, thief):
    with reverts(project.Artworks.GalleryOnly, caller=thief.address):
        artworks.sweep(ETHER, thief, sender=thief)
    with reverts(project.Artworks.CurrencyUnknown, currency=9):
        artworks.sweep(9, thief, sender=artworks.gallery())


def test_sweep_reverts_if_the_receiver_refuses(project, artworks, credited, gallery, payee):
    refuser = payee(REFUSE)
    with reverts(project.Artworks.CreditRefused, to=refuser.address, amount=shares(AMOUNT)[2]):
        artworks.sweep(ETHER, refuser, sender=gallery)


# Two rows of one token


def test_two_rows_of_one_token_share_what_is_owed(
    artworks, work_of, buy, shy, stocked, gallery, buyer, collector, outsider
):
    """Neither a sweep nor a withdrawal by the other row takes what this one owes."""
    assert artworks.addCurrency(shy, 3, 0, sender=gallery).return_value == 3
    stocked(shy)
    token = work_of(currency=2)
    shy.refuse(collector, True, sender=buyer)
    buy(token, 2)
    owed, _, fee = shares(PRICE)

    assert artworks.creditOf(collector, 2) == artworks.creditOf(collector, 3) == owed
    assert artworks.liabilityOf(2) == artworks.liabilityOf(3) == owed
    artworks.sweep(3, outsider, sender=gallery)
    assert shy.balanceOf(outsider) == fee
    artworks.withdraw(3, outsider, sender=collector)
    assert (artworks.creditOf(collector, 2), artworks.liabilityOf(2)) == (0, 0)
    assert shy.balanceOf(artworks) == 0


# The table of currencies


def test_the_table_starts_with_ether_in_gwei(artworks, coin):
    assert tuple(artworks.currencyOf(ETHER)) == (ZERO, 9, True, 0)
    assert tuple(artworks.currencyOf(COIN)) == (coin, 4, True, 0)
    assert artworks.currencyCount() == 2


def test_addCurrency_appends_a_row(artworks, project, accounts, gallery):
    coin = project.CoinMock.deploy(6, sender=accounts[0])
    receipt = artworks.addCurrency(coin, 18, 2**48 - 1, sender=gallery)

    assert receipt.return_value == 2
    assert logs(receipt, artworks) == [
        log(
            artworks,
            "CurrencySet",
            currency=2,
            token=coin,
            exponent=18,
            isEnabled=True,
            pointsPerMillion=2**48 - 1,
        )
    ]
    assert tuple(artworks.currencyOf(2)) == (coin, 18, True, 2**48 - 1)


def test_addCurrency_reverts_for_what_is_no_coin(project, artworks, coin, gallery, outsider):
    for token, exponent in ((ZERO, 0), (outsider, 0), (coin, 19)):
        with reverts(project.Artworks.CurrencyInvalid, token=address_of(token), exponent=exponent):
            artworks.addCurrency(token, exponent, 0, sender=gallery)


def test_addCurrency_reverts_above_128_rows(project, artworks, coin, gallery, owned, collector):
    for _ in range(126):
        artworks.addCurrency(coin, 4, 0, sender=gallery)
    with reverts(project.Artworks.CurrencyTableFull):
        artworks.addCurrency(coin, 4, 0, sender=gallery)

    artworks.list(owned, PRICE, 127, sender=collector)
    state = artworks.stateOf(owned)
    assert (state.price, state.currency, state.isAuctioned) == (PRICE, 127, False)


def test_setCurrency_disables_and_changes_nothing_else(artworks, coin, gallery):
    receipt = artworks.setCurrency(COIN, False, 5, sender=gallery)

    assert logs(receipt, artworks) == [
        log(
            artworks,
            "CurrencySet",
            currency=COIN,
            token=coin,
            exponent=4,
            isEnabled=False,
            pointsPerMillion=5,
        )
    ]
    assert tuple(artworks.currencyOf(COIN)) == (coin, 4, False, 5)


def test_the_table_is_the_gallerys(project, artworks, coin, thief, gallery):
    calls = (
        lambda: artworks.addCurrency(coin, 4, 0, sender=thief),
        lambda: artworks.setCurrency(COIN, False, 0, sender=thief),
        lambda: artworks.setPointsProgram(1, sender=thief),
        lambda: artworks.setBaseURI("ipfs://elsewhere/", sender=thief),
        lambda: artworks.offerGallery(thief, sender=thief),
        lambda: artworks.acceptGallery(sender=thief),
    )
    for call in calls:
        with reverts(project.Artworks.GalleryOnly, caller=thief.address):
            call()
    with reverts(project.Artworks.CurrencyUnknown, currency=2):
        artworks.setCurrency(2, True, 0, sender=gallery)


# The gallery's role


def test_the_gallery_passes_its_role_on_in_two_steps(project, artworks, gallery, outsider):
    offered = artworks.offerGallery(outsider, sender=gallery)
    assert logs(offered, artworks) == [
        log(artworks, "GalleryOffered", gallery=gallery, to=outsider)
    ]
    assert (artworks.gallery(), artworks.pendingGallery()) == (gallery, outsider)

    accepted = artworks.acceptGallery(sender=outsider)
    assert logs(accepted, artworks) == [log(artworks, "GalleryChanged", from_=gallery, to=outsider)]
    assert (artworks.gallery(), artworks.pendingGallery()) == (outsider, ZERO)
    with reverts(project.Artworks.GalleryOnly, caller=gallery.address):
        artworks.setPointsProgram(1, sender=gallery)
    with reverts(project.Artworks.GalleryOnly, caller=outsider.address):
        artworks.acceptGallery(sender=outsider)


def test_an_offered_role_can_be_taken_back(project, artworks, gallery, outsider):
    artworks.offerGallery(outsider, sender=gallery)
    artworks.offerGallery(ZERO, sender=gallery)
    with reverts(project.Artworks.GalleryOnly, caller=outsider.address):
        artworks.acceptGallery(sender=outsider)


def test_the_fee_is_a_tenth_at_most(project, found, hub, gallery):
    assert found(hub=hub, fee=1_000).FEE_BPS() == 1_000
    with reverts(project.Artworks.GalleryFeeTooHigh, feeBps=1_001):
        found(hub=hub, fee=1_001)


def test_a_gallery_without_a_fee_gets_nothing(artworks):
    assert artworks.FEE_BPS() == FEE_BPS


# Points


@pytest.fixture
def earning(artworks, gallery):
    """Each cent earns two points."""
    artworks.setPointsProgram(PROGRAM, sender=gallery)
    artworks.setCurrency(COIN, True, 2_000_000, sender=gallery)


@pytest.fixture
def sale(artworks, work_of, fund, buyer):
    """A work for the coin, and its purchase."""
    fund(buyer)
    token = work_of(currency=COIN)
    return token, lambda: artworks.buy(token, PRICE, COIN, sender=buyer, gas_limit=ENOUGH)


def test_setPointsProgram_is_announced(artworks, gallery):
    receipt = artworks.setPointsProgram(PROGRAM, sender=gallery)

    assert logs(receipt, artworks) == [log(artworks, "PointsProgramSet", program=PROGRAM)]
    assert artworks.pointsProgram() == PROGRAM


def test_a_sale_earns_the_buyer_points(artworks, earning, sale, hub, coin, buyer):
    _, buy = sale
    receipt = buy()

    assert hub.pointsOf(PROGRAM, buyer) == 2 * PRICE
    assert of_kind(receipt, "PointsRefused", artworks, coin) == []


@pytest.mark.parametrize(
    ("program", "rate"), [(0, 2_000_000), (PROGRAM, 0), (PROGRAM, 1_000_000 // (PRICE + 1))]
)
def test_a_sale_earns_nothing_without_a_program_or_a_rate(
    artworks, gallery, sale, hub, coin, buyer, program, rate
):
    artworks.setPointsProgram(program, sender=gallery)
    artworks.setCurrency(COIN, True, rate, sender=gallery)
    receipt = sale[1]()

    assert hub.pointsOf(program, buyer) == 0
    assert of_kind(receipt, "PointsRefused", artworks, coin) == []


@pytest.mark.parametrize("behaviour", [HUB_REFUSE, HUB_REVERT_BOMB, HUB_BURN_GAS])
def test_a_ledger_that_refuses_stops_no_sale(artworks, earning, sale, hub, coin, buyer, behaviour):
    token, buy = sale
    hub.setBehaviour(behaviour, sender=buyer)
    receipt = buy()

    assert of_kind(receipt, "PointsRefused", artworks, coin) == [
        log(artworks, "PointsRefused", id=token, buyer=buyer, points=2 * PRICE)
    ]
    assert hub.pointsOf(PROGRAM, buyer) == 0
    assert artworks.ownerOf(token) == buyer


def test_a_ledger_gets_a_fixed_amount_of_gas(artworks, earning, sale, hub, buyer):
    hub.setBehaviour(HUB_BURN_GAS, sender=buyer)
    used = sale[1]().gas_used

    assert POINTS_GAS < used < POINTS_GAS + 200_000


def test_what_the_ledger_returns_is_not_copied(artworks, earning, sale, hub, buyer):
    """250 kB of it."""
    hub.setBehaviour(HUB_RETURN_BOMB, sender=buyer)
    used = sale[1]().gas_used

    assert hub.pointsOf(PROGRAM, buyer) == 2 * PRICE
    assert used < POINTS_GAS + 200_000


def test_a_ledger_that_re_enters_finds_the_door_shut(artworks, earning, sale, hub, buyer):
    hub.callOnAward(artworks.withdraw.encode_input(COIN, buyer), sender=buyer)
    sale[1]()

    assert not hub.succeeded()
    assert bytes(hub.answer()) == keccak(text="ReentrancyGuardReentrantCall()")[:4]
    assert hub.pointsOf(PROGRAM, buyer) == 2 * PRICE


def test_more_points_than_the_ledger_counts_are_refused(artworks, gallery, sale, coin, buyer, hub):
    artworks.setPointsProgram(PROGRAM, sender=gallery)
    rate = 2**48 * 1_000_000 // PRICE + 1
    artworks.setCurrency(COIN, True, rate, sender=gallery)
    token, buy = sale
    receipt = buy()

    assert of_kind(receipt, "PointsRefused", artworks, coin) == [
        log(artworks, "PointsRefused", id=token, buyer=buyer, points=PRICE * rate // 10**6)
    ]
    assert artworks.ownerOf(token) == buyer


@pytest.mark.parametrize("hub", [ZERO, "0x" + "11" * 20])
def test_a_gallery_without_a_ledger_sells_all_the_same(
    found, hub, coin, accounts, chain, work, curators, artist, buyer, relayer, gallery
):
    """Also if there is no contract where it should be."""
    artworks = found(hub=hub)
    artworks.addCurrency(coin, 4, 1_000_000, sender=gallery)
    artworks.setPointsProgram(PROGRAM, sender=gallery)
    token = first_of(artworks, work(), chain, curators, artist, relayer)
    artworks.list(token, PRICE, 1, sender=artist)
    coin.mint(buyer, PRICE * CENT, sender=buyer)
    coin.approve(artworks, PRICE * CENT, sender=buyer)
    artworks.buy(token, PRICE, 1, sender=buyer)

    assert artworks.ownerOf(token) == buyer


def test_the_real_ledger_takes_the_award(
    project, found, coin, accounts, chain, work, curators, artist, buyer, relayer, gallery
):
    """Its merchant names the gallery's contract an issuer of the program."""
    hub = project.PointsHub.deploy(
        chain.blocks.head.timestamp, 15_778_800, coin, sender=accounts[0]
    )
    artworks = found(hub=hub)
    config = ("Gallery", "GAL", 4, 0, False, [])
    program = hub.createProgram(config, sender=gallery).return_value
    hub.setIssuer(program, artworks, 2**48 - 1, sender=gallery)
    artworks.addCurrency(coin, 4, 1_000_000, sender=gallery)
    artworks.setPointsProgram(program, sender=gallery)
    token = first_of(artworks, work(), chain, curators, artist, relayer)
    artworks.list(token, PRICE, 1, sender=artist)
    coin.mint(buyer, PRICE * CENT, sender=buyer)
    coin.approve(artworks, PRICE * CENT, sender=buyer)
    artworks.buy(token, PRICE, 1, sender=buyer)

    assert hub.balanceOf(buyer, program) == PRICE


def first_of(artworks, artwork, chain, curators, artist, relayer):
    """Registers a work in any gallery."""
    domain = Domain("Artworks", artworks.address, chain.chain_id)
    board = Domain("CuratorBoard", artworks.BOARD(), chain.chain_id)
    signature = artwork_intent(domain, artwork).sign(artist)
    approvals = signed_by(approval_of(board, artwork), *curators[:3])
    return artworks.register(artwork, signature, approvals, True, sender=relayer).return_value

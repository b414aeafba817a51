"""The clearing house: deposits, limits and settlements, in a coin that may misbehave."""

from types import SimpleNamespace

import pytest
from eth_utils import keccak

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.loyalty.constants import ANY_TIME, EPOCH_LENGTH, INFINITE, UNLIMITED, ZERO

WINDOW = EPOCH_LENGTH // 26
LIMIT = 1_000_000
LIMIT_MAX = 2**72 - 1
NEVER_OPENED = (0, 1, 98, 99, INFINITE)
GUARDED = keccak(text="ReentrancyGuardReentrantCall()")[:4]


def deposited(house, program, giver, value):
    return log(house, "Deposited", program=program, from_=giver, value=value)


def withdrawn(house, program, to, value):
    return log(house, "Withdrawn", program=program, to=to, value=value)


def limited(house, debtor, creditor, limit):
    return log(house, "LimitSet", debtor=debtor, creditor=creditor, limit=limit)


def settled(house, debtor, creditor, value):
    return log(house, "PositionSettled", debtor=debtor, creditor=creditor, value=value)


def moved(coin, sender, receiver, amount):
    return log(coin, "Transfer", from_=sender, to=receiver, value=amount)


@pytest.fixture(autouse=True)
def books(hub, house, coin):
    """After every test the house holds what it owes, and every limit is covered."""
    yield
    programs = range(2, 2 * hub.programCount() + 2)
    held = {program: house.depositOf(program) for program in programs}
    assert sum(held.values()) == coin.balanceOf(house)
    for debtor in programs:
        limits = [hub.positionOf(debtor, creditor).limit for creditor in programs]
        assert sum(limits) == house.committedOf(debtor) <= held[debtor]


@pytest.fixture
def picture(hub, house, coin, program, abroad):
    """All that a refused call might have changed."""

    def picture_():
        return [
            coin.balanceOf(house),
            *((house.depositOf(each), house.committedOf(each)) for each in (program, abroad)),
            tuple(hub.positionOf(program, abroad)),
            tuple(hub.positionOf(abroad, program)),
        ]

    return picture_


@pytest.fixture
def owe(hub, program, abroad, issuer, rival, customer):
    """Makes a program owe the other, by points that are spent there: 0.01 and 0.04 a point."""

    def owe_(value, debtor=program, creditor=abroad):
        price = hub.pricesOf(debtor).offRamp
        points, rest = divmod(value * 100, price)
        assert rest == 0
        till = rival if debtor == abroad else issuer
        hub.award(debtor, points, customer, sender=till)
        hub.redeemAt(points, 0, debtor, creditor, ANY_TIME, sender=customer)

    return owe_


@pytest.fixture
def third(hub, outsider, deposit):
    """A third program of the network, whose owner has no other role."""
    program = hub.createProgram(("Ink", "INK", 4, 0, False, []), sender=outsider).return_value
    hub.announcePrices(program, 100, 100, sender=outsider)
    deposit(program, outsider, LIMIT)
    return program


@pytest.fixture
def network(project, accounts, hub, merchant):
    """A hub of its own, for another coin, with a program of the merchant."""

    def network_(coin):
        other = project.PointsHub.deploy(hub.GENESIS(), EPOCH_LENGTH, coin, sender=accounts[0])
        house = project.ClearingHouse.at(other.CLEARING_HOUSE())
        config = ("Bean", "BEAN", 4, 0, False, [])
        program = other.createProgram(config, sender=merchant).return_value
        coin.mint(merchant, 10**12, sender=merchant)
        coin.approve(house, 10**12, sender=merchant)
        return SimpleNamespace(hub=other, house=house, program=program)

    return network_


@pytest.fixture
def strange_coin(project, accounts):
    """A coin that misbehaves as told."""

    def strange_coin_(decimals=6):
        return accounts[0].deploy(project.CoinMock, decimals)

    return strange_coin_


# The coin


def test_constructor_keeps_coin_and_hub(hub, house, coin):
    assert house.COIN() == coin.address
    assert house.HUB() == hub.address


@pytest.mark.parametrize("decimals", [6, 7, 8])
def test_constructor_takes_coins_of_six_to_eight_decimals(
    project, accounts, strange_coin, decimals
):
    coin = strange_coin(decimals)
    house = project.ClearingHouse.deploy(coin, sender=accounts[0])

    assert house.COIN() == coin.address
    assert house.HUB() == accounts[0].address  # whoever deploys it


@pytest.mark.parametrize("decimals", [0, 5, 9, 18, 255])
def test_constructor_reverts_for_coins_of_other_decimals(
    project, hub, accounts, strange_coin, decimals
):
    coin = strange_coin(decimals)
    refusal = {"decimals": decimals}
    with reverts(project.ClearingHouse.CoinDecimalsUnsupported, **refusal):
        project.ClearingHouse.deploy(coin, sender=accounts[0])
    with reverts(project.ClearingHouse.CoinDecimalsUnsupported, **refusal):
        project.PointsHub.deploy(hub.GENESIS(), EPOCH_LENGTH, coin, sender=accounts[0])


def test_constructor_reverts_if_there_is_no_coin(project, hub, accounts, outsider):
    for nothing in (ZERO, outsider.address):
        with reverts(project.ClearingHouse.CoinInvalid, coin=nothing):
            project.ClearingHouse.deploy(nothing, sender=accounts[0])
        with reverts(project.ClearingHouse.CoinInvalid, coin=nothing):
            project.PointsHub.deploy(hub.GENESIS(), EPOCH_LENGTH, nothing, sender=accounts[0])


# deposit


def test_deposit_credits_what_arrived(house, coin, program, merchant):
    coin.mint(merchant, 500, sender=merchant)
    coin.approve(house, 500, sender=merchant)
    receipt = house.deposit(program, 300, sender=merchant)

    assert receipt.return_value == 300
    assert logs(receipt, house, coin) == [
        moved(coin, merchant, house, 300),
        deposited(house, program, merchant, 300),
    ]
    assert house.depositOf(program) == 300
    assert house.committedOf(program) == 0
    house.deposit(program, 200, sender=merchant)
    assert house.depositOf(program) == coin.balanceOf(house) == 500


def test_deposit_is_open_to_anyone(house, coin, program, abroad, outsider, deposit):
    receipt = deposit(program, outsider, 300)

    assert logs(receipt, house, coin) == [
        moved(coin, outsider, house, 300),
        deposited(house, program, outsider, 300),
    ]
    assert house.depositOf(program) == 300
    assert house.depositOf(abroad) == 0


def test_deposit_reverts_if_program_is_unknown(house, project, picture, merchant, coin):
    coin.mint(merchant, 500, sender=merchant)
    coin.approve(house, 500, sender=merchant)
    before = picture()
    for unknown in NEVER_OPENED:
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            house.deposit(unknown, 300, sender=merchant)
    assert picture() == before


def test_deposit_reverts_if_nothing_arrives(house, project, picture, program, merchant):
    before = picture()
    with reverts(project.ClearingHouse.DepositEmpty, program=program):
        house.deposit(program, 0, sender=merchant)
    assert picture() == before


def test_deposit_reverts_if_coin_was_not_approved(house, project, coin, picture, program, merchant):
    coin.mint(merchant, 500, sender=merchant)
    coin.approve(house, 299, sender=merchant)
    before = picture()
    with reverts(
        project.TestCoin.ERC20InsufficientAllowance, spender=house, allowance=299, needed=300
    ):
        house.deposit(program, 300, sender=merchant)
    assert picture() == before
    house.deposit(program, 299, sender=merchant)


def test_deposit_reverts_if_caller_has_too_little(house, project, coin, picture, program, merchant):
    coin.mint(merchant, 299, sender=merchant)
    coin.approve(house, INFINITE, sender=merchant)
    before = picture()
    with reverts(
        project.TestCoin.ERC20InsufficientBalance, sender=merchant, balance=299, needed=300
    ):
        house.deposit(program, 300, sender=merchant)
    assert picture() == before


@pytest.mark.parametrize(("fee", "credited"), [(1, 9_999), (250, 9_750), (9_999, 1)])
def test_deposit_credits_what_a_fee_leaves(network, strange_coin, merchant, fee, credited):
    coin = strange_coin()
    there = network(coin)
    coin.setFee(fee, sender=merchant)
    receipt = there.house.deposit(there.program, 10_000, sender=merchant)

    assert receipt.return_value == credited
    assert logs(receipt, there.house, coin)[-1] == deposited(
        there.house, there.program, merchant, credited
    )
    assert there.house.depositOf(there.program) == coin.balanceOf(there.house) == credited


def test_deposit_reverts_if_the_fee_leaves_nothing(project, network, strange_coin, merchant):
    coin = strange_coin()
    there = network(coin)
    coin.setFee(10_000, sender=merchant)
    with reverts(project.ClearingHouse.DepositEmpty, program=there.program):
        there.house.deposit(there.program, 10_000, sender=merchant)
    assert there.house.depositOf(there.program) == coin.balanceOf(there.house) == 0


def test_deposit_reverts_if_the_coin_returns_false(project, network, strange_coin, merchant):
    coin = strange_coin()
    there = network(coin)
    coin.setReturnsFalse(True, sender=merchant)
    with reverts(project.ClearingHouse.SafeERC20FailedOperation, token=coin):
        there.house.deposit(there.program, 10_000, sender=merchant)
    assert there.house.depositOf(there.program) == coin.balanceOf(there.house) == 0

    coin.setReturnsFalse(False, sender=merchant)
    there.house.deposit(there.program, 10_000, sender=merchant)


def test_deposit_does_not_count_what_others_sent(network, strange_coin, merchant, rival):
    coin = strange_coin()
    there = network(coin)
    coin.mint(there.house, 5, sender=rival)
    there.house.deposit(there.program, 300, sender=merchant)

    assert there.house.depositOf(there.program) == 300
    assert coin.balanceOf(there.house) == 305


@pytest.mark.parametrize(("decimals", "scale"), [(6, 1), (7, 10), (8, 100)])
def test_deposit_counts_in_millionths_of_the_coin(
    project, network, strange_coin, merchant, decimals, scale
):
    coin = strange_coin(decimals)
    there = network(coin)
    house, program = there.house, there.program
    if scale > 1:
        with reverts(project.ClearingHouse.DepositEmpty, program=program):
            house.deposit(program, scale - 1, sender=merchant)

    receipt = house.deposit(program, 300 * scale + scale - 1, sender=merchant)
    assert receipt.return_value == house.depositOf(program) == 300
    receipt = house.withdraw(program, 299, merchant, sender=merchant)
    assert moved(coin, house, merchant, 299 * scale) in logs(receipt, house, coin)
    assert house.depositOf(program) == 1
    assert coin.balanceOf(house) == 2 * scale - 1


# withdraw


def test_withdraw_pays_the_free_part_out(house, coin, program, merchant, friend, deposit):
    deposit(program, merchant, 1_000)
    receipt = house.withdraw(program, 400, friend, sender=merchant)

    assert logs(receipt, house, coin) == [
        withdrawn(house, program, friend, 400),
        moved(coin, house, friend, 400),
    ]
    assert coin.balanceOf(friend) == 400
    assert house.depositOf(program) == coin.balanceOf(house) == 600
    house.withdraw(program, 600, merchant, sender=merchant)
    assert house.depositOf(program) == 0


def test_withdraw_reverts_if_more_than_the_free_part_is_wanted(
    house, project, picture, program, abroad, merchant, deposit
):
    deposit(program, merchant, 1_000)
    house.setLimit(program, abroad, 700, sender=merchant)
    before = picture()
    for value in (301, 1_001, INFINITE):
        with reverts(
            project.ClearingHouse.DepositCommitted, program=program, needed=value, free=300
        ):
            house.withdraw(program, value, merchant, sender=merchant)
    assert picture() == before

    house.withdraw(program, 300, merchant, sender=merchant)
    with reverts(project.ClearingHouse.DepositCommitted, program=program, needed=1, free=0):
        house.withdraw(program, 1, merchant, sender=merchant)
    house.setLimit(program, abroad, 650, sender=merchant)
    house.withdraw(program, 50, merchant, sender=merchant)
    assert house.depositOf(program) == house.committedOf(program) == 650


def test_withdraw_keeps_deposits_of_programs_apart(
    house, project, program, abroad, merchant, rival, deposit
):
    deposit(program, merchant, 1_000)
    deposit(abroad, rival, 10)
    with reverts(project.ClearingHouse.DepositCommitted, program=abroad, needed=11, free=10):
        house.withdraw(abroad, 11, rival, sender=rival)


def test_withdraw_is_for_the_owner_only(
    house, project, picture, program, merchant, issuer, rival, outsider, deposit
):
    deposit(program, merchant, 500)
    deposit(program, outsider, 500)
    before = picture()
    for caller in (issuer, rival, outsider):
        with reverts(project.ClearingHouse.ProgramOwnerOnly, program=program, caller=caller):
            house.withdraw(program, 1, caller, sender=caller)
    assert picture() == before
    house.withdraw(program, 1_000, merchant, sender=merchant)


def test_withdraw_is_for_the_present_owner(hub, house, project, program, merchant, friend, deposit):
    deposit(program, merchant, 500)
    hub.transferProgramOwnership(program, friend, sender=merchant)
    with reverts(project.ClearingHouse.ProgramOwnerOnly, program=program, caller=friend):
        house.withdraw(program, 1, friend, sender=friend)
    hub.acceptProgramOwnership(program, sender=friend)
    with reverts(project.ClearingHouse.ProgramOwnerOnly, program=program, caller=merchant):
        house.withdraw(program, 1, merchant, sender=merchant)
    house.withdraw(program, 500, friend, sender=friend)


def test_withdraw_reverts_if_program_is_unknown(house, project, merchant):
    for unknown in NEVER_OPENED:
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            house.withdraw(unknown, 0, merchant, sender=merchant)


def test_withdraw_reverts_if_receiver_is_zero(house, project, picture, program, merchant, deposit):
    deposit(program, merchant, 500)
    before = picture()
    with reverts(project.TestCoin.ERC20InvalidReceiver, receiver=ZERO):
        house.withdraw(program, 500, ZERO, sender=merchant)
    assert picture() == before


def test_withdraw_lets_the_receiver_bear_a_fee(network, strange_coin, merchant, friend):
    coin = strange_coin()
    there = network(coin)
    there.house.deposit(there.program, 10_000, sender=merchant)
    coin.setFee(100, sender=merchant)
    there.house.withdraw(there.program, 4_000, friend, sender=merchant)

    assert coin.balanceOf(friend) == 3_960
    assert there.house.depositOf(there.program) == coin.balanceOf(there.house) == 6_000


def test_withdraw_reverts_if_the_coin_returns_false(project, network, strange_coin, merchant):
    coin = strange_coin()
    there = network(coin)
    there.house.deposit(there.program, 10_000, sender=merchant)
    coin.setReturnsFalse(True, sender=merchant)
    with reverts(project.ClearingHouse.SafeERC20FailedOperation, token=coin):
        there.house.withdraw(there.program, 10_000, merchant, sender=merchant)
    assert there.house.depositOf(there.program) == coin.balanceOf(there.house) == 10_000

    coin.setReturnsFalse(False, sender=merchant)
    there.house.withdraw(there.program, 10_000, merchant, sender=merchant)


def test_withdraw_reverts_if_the_coin_takes_a_fee_on_top(
    project, network, strange_coin, merchant, friend
):
    coin = strange_coin()
    there = network(coin)
    house, program = there.house, there.program
    coin.setFeeOnTop(100, sender=merchant)
    before = coin.balanceOf(merchant)
    receipt = house.deposit(program, 10_000, sender=merchant)
    assert receipt.return_value == house.depositOf(program) == coin.balanceOf(house) == 10_000
    assert coin.balanceOf(merchant) == before - 10_100  # who pays in bears it

    for value, taken in ((100, 101), (4_000, 4_040)):
        with reverts(project.ClearingHouse.CoinPaymentInexact, amount=value, taken=taken):
            house.withdraw(program, value, friend, sender=merchant)
    assert house.depositOf(program) == coin.balanceOf(house) == 10_000
    assert coin.balanceOf(friend) == 0

    coin.setFeeOnTop(0, sender=merchant)
    house.withdraw(program, 10_000, friend, sender=merchant)


def test_withdraw_reverts_to_the_house_itself(
    house, project, coin, picture, program, merchant, deposit
):
    deposit(program, merchant, 500)
    before = picture()
    for value in (1, 500):
        with reverts(project.ClearingHouse.CoinPaymentInexact, amount=value, taken=0):
            house.withdraw(program, value, house, sender=merchant)
    assert picture() == before
    house.withdraw(program, 500, merchant, sender=merchant)
    assert coin.balanceOf(merchant) == 500


# setLimit


@pytest.mark.parametrize("limit", [1, LIMIT, LIMIT_MAX])
def test_setLimit_commits_as_much_of_the_deposit(
    hub, house, program, abroad, merchant, deposit, limit
):
    deposit(program, merchant, limit)
    receipt = house.setLimit(program, abroad, limit, sender=merchant)

    assert logs(receipt, house, hub) == [limited(house, program, abroad, limit)]
    assert house.committedOf(program) == house.depositOf(program) == limit
    assert tuple(hub.positionOf(program, abroad)) == (0, limit)
    assert tuple(hub.positionOf(abroad, program)) == (0, 0)
    assert house.committedOf(abroad) == 0


def test_setLimit_sets_each_way_by_itself(hub, house, program, abroad, merchant, rival, deposit):
    deposit(program, merchant, 1_000)
    deposit(abroad, rival, 50)
    house.setLimit(program, abroad, 1_000, sender=merchant)
    house.setLimit(abroad, program, 50, sender=rival)
    assert tuple(hub.positionOf(program, abroad)) == (0, 1_000)
    assert tuple(hub.positionOf(abroad, program)) == (0, 50)

    house.setLimit(program, abroad, 7, sender=merchant)
    house.setLimit(abroad, program, 9, sender=rival)
    assert tuple(hub.positionOf(program, abroad)) == (0, 7)
    assert tuple(hub.positionOf(abroad, program)) == (0, 9)
    assert (house.committedOf(program), house.committedOf(abroad)) == (7, 9)


def test_setLimit_never_commits_more_than_the_deposit(
    hub, house, project, picture, program, abroad, third, merchant, deposit
):
    deposit(program, merchant, 1_000)
    house.setLimit(program, abroad, 600, sender=merchant)
    before = picture()
    for limit in (401, LIMIT_MAX):
        with reverts(
            project.ClearingHouse.DepositCommitted, program=program, needed=limit, free=400
        ):
            house.setLimit(program, third, limit, sender=merchant)
    with reverts(project.ClearingHouse.DepositCommitted, program=program, needed=1_001, free=1_000):
        house.setLimit(program, abroad, 1_001, sender=merchant)
    assert picture() == before

    house.setLimit(program, third, 400, sender=merchant)
    assert house.committedOf(program) == 1_000
    house.setLimit(program, abroad, 0, sender=merchant)
    house.setLimit(program, third, 1_000, sender=merchant)
    assert tuple(hub.positionOf(program, abroad)) == (0, 0)
    assert tuple(hub.positionOf(program, third)) == (0, 1_000)


@pytest.mark.parametrize("way", ["there", "back"])
def test_setLimit_never_goes_below_what_is_owed(
    hub, house, project, picture, connected, program, abroad, merchant, rival, owe, way
):
    debtor, creditor, owner = program, abroad, merchant
    if way == "back":
        debtor, creditor, owner = abroad, program, rival
    owe(40_000, debtor, creditor)
    before = picture()
    for limit in (0, 39_999):
        with reverts(
            project.PointsHub.PositionOverLimit,
            debtor=debtor,
            creditor=creditor,
            owed=40_000,
            limit=limit,
        ):
            house.setLimit(debtor, creditor, limit, sender=owner)
    assert picture() == before

    house.setLimit(debtor, creditor, 40_000, sender=owner)
    assert tuple(hub.positionOf(debtor, creditor)) == (40_000, 40_000)
    assert house.committedOf(debtor) == 40_000


def test_setLimit_of_the_creditor_may_be_none(hub, house, connected, program, abroad, rival, owe):
    owe(40_000)
    house.setLimit(abroad, program, 0, sender=rival)

    assert tuple(hub.positionOf(abroad, program)) == (0, 0)
    assert tuple(hub.positionOf(program, abroad)) == (40_000, LIMIT)


def test_setLimit_is_for_the_owner_of_the_debtor(
    house, project, picture, program, abroad, merchant, issuer, rival, outsider, deposit
):
    deposit(program, merchant, 1_000)
    before = picture()
    for caller in (issuer, rival, outsider):
        with reverts(project.ClearingHouse.ProgramOwnerOnly, program=program, caller=caller):
            house.setLimit(program, abroad, 1, sender=caller)
    assert picture() == before
    house.setLimit(program, abroad, 1, sender=merchant)


def test_setLimit_reverts_if_a_program_is_unknown(
    house, project, picture, program, merchant, deposit
):
    deposit(program, merchant, 1_000)
    before = picture()
    for unknown in NEVER_OPENED:
        for pair in ((program, unknown), (unknown, program)):
            with reverts(project.PointsHub.ProgramUnknown, program=unknown):
                house.setLimit(*pair, 1, sender=merchant)
    assert picture() == before


def test_setLimit_reverts_to_itself(house, project, picture, program, merchant, deposit):
    deposit(program, merchant, 1_000)
    before = picture()
    for limit in (0, 1):
        with reverts(project.ClearingHouse.LimitToItself, program=program):
            house.setLimit(program, program, limit, sender=merchant)
    assert picture() == before


# settle


def worth(hub, house, *programs):
    """Deposit of each, with what the others owe it and without what it owes."""
    return [
        house.depositOf(each)
        + sum(hub.positionOf(other, each).owed for other in programs)
        - sum(hub.positionOf(each, other).owed for other in programs)
        for each in programs
    ]


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("caller", ["merchant", "rival"])
def test_settle_pays_what_is_owed(
    hub, house, coin, connected, program, abroad, owe, request, way, caller
):
    debtor, creditor = (program, abroad) if way == "there" else (abroad, program)
    owe(40_000, debtor, creditor)
    before = worth(hub, house, program, abroad)
    receipt = house.settle(debtor, creditor, sender=request.getfixturevalue(caller))

    assert receipt.return_value == 40_000
    assert logs(receipt, hub, house, coin) == [settled(house, debtor, creditor, 40_000)]
    assert tuple(hub.positionOf(debtor, creditor)) == (0, LIMIT - 40_000)
    assert tuple(hub.positionOf(creditor, debtor)) == (0, LIMIT)
    assert (house.depositOf(debtor), house.committedOf(debtor)) == (LIMIT - 40_000,) * 2
    assert (house.depositOf(creditor), house.committedOf(creditor)) == (LIMIT + 40_000, LIMIT)
    assert worth(hub, house, program, abroad) == before


def test_settle_lowers_the_limit_of_either_payer(
    hub, house, connected, program, abroad, merchant, owe
):
    for debtor, creditor in ((program, abroad), (abroad, program)):
        owe(40_000, debtor, creditor)
        house.settle(debtor, creditor, sender=merchant)
        assert tuple(hub.positionOf(debtor, creditor)) == (0, LIMIT - 40_000)
        assert house.committedOf(debtor) == LIMIT - 40_000


def test_settle_lets_the_creditor_withdraw(
    house, coin, connected, program, abroad, rival, owe, project
):
    owe(40_000)
    with reverts(project.ClearingHouse.DepositCommitted, program=abroad, needed=40_000, free=0):
        house.withdraw(abroad, 40_000, rival, sender=rival)

    house.settle(program, abroad, sender=rival)
    house.withdraw(abroad, 40_000, rival, sender=rival)
    assert coin.balanceOf(rival) == 40_000


def test_settle_leaves_other_limits_covered(
    hub, house, project, connected, program, abroad, third, merchant, owe, deposit
):
    deposit(program, merchant, 500)
    house.setLimit(program, third, 500, sender=merchant)
    owe(LIMIT)
    house.settle(program, abroad, sender=merchant)

    assert tuple(hub.positionOf(program, abroad)) == (0, 0)
    assert tuple(hub.positionOf(program, third)) == (0, 500)
    assert house.depositOf(program) == house.committedOf(program) == 500
    with reverts(project.ClearingHouse.DepositCommitted, program=program, needed=1, free=0):
        house.withdraw(program, 1, merchant, sender=merchant)


def test_settle_of_nothing_changes_nothing(
    hub, house, picture, connected, program, abroad, merchant, rival, owe
):
    owe(40_000)
    before = picture()
    for debtor, creditor in ((abroad, program), (program, program), (program, 98)):
        receipt = house.settle(debtor, creditor, sender=merchant)
        assert receipt.return_value == 0
        assert logs(receipt, hub, house) == []
    assert picture() == before


def test_settle_reverts_if_a_program_is_unknown(house, project, program, merchant, outsider):
    for unknown in NEVER_OPENED:
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            house.settle(unknown, program, sender=merchant)
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            house.settle(program, unknown, sender=outsider)


def test_settle_is_open_to_anyone_the_first_time(
    hub, house, connected, program, abroad, outsider, owe
):
    owe(100)
    receipt = house.settle(program, abroad, sender=outsider)

    assert logs(receipt, hub, house) == [settled(house, program, abroad, 100)]


def test_settle_is_open_to_anyone_a_window_after_the_last(
    house, project, picture, connected, program, abroad, rival, outsider, issuer, owe, clock
):
    owe(100)
    opens = house.settle(program, abroad, sender=rival).timestamp + WINDOW
    owe(200)
    before = picture()
    for caller in (outsider, issuer):
        with reverts(
            project.ClearingHouse.SettlementTooEarly,
            debtor=program,
            creditor=abroad,
            owed=200,
            opensAt=opens,
        ):
            house.settle(program, abroad, sender=caller)
    clock.set_next(opens - 1)
    with reverts(
        project.ClearingHouse.SettlementTooEarly,
        debtor=program,
        creditor=abroad,
        owed=200,
        opensAt=opens,
    ):
        house.settle(program, abroad, sender=outsider)
    assert picture() == before

    clock.set_next(opens)
    receipt = house.settle(program, abroad, sender=outsider)
    assert (receipt.timestamp, receipt.return_value) == (opens, 200)


def test_settle_by_an_owner_is_never_too_early(
    house, connected, program, abroad, merchant, rival, owe
):
    for caller in (merchant, rival, merchant):
        owe(100)
        assert house.settle(program, abroad, sender=caller).return_value == 100


def test_settle_is_open_to_anyone_once_half_of_the_limit_is_used(
    hub, house, project, picture, connected, program, abroad, merchant, outsider, owe
):
    owe(100)
    opens = house.settle(program, abroad, sender=merchant).timestamp + WINDOW
    house.setLimit(program, abroad, 1_001, sender=merchant)
    owe(500)
    before = picture()
    with reverts(
        project.ClearingHouse.SettlementTooEarly,
        debtor=program,
        creditor=abroad,
        owed=500,
        opensAt=opens,
    ):
        house.settle(program, abroad, sender=outsider)
    assert picture() == before

    house.setLimit(program, abroad, 1_000, sender=merchant)
    assert house.settle(program, abroad, sender=outsider).return_value == 500
    assert tuple(hub.positionOf(program, abroad)) == (0, 500)


def test_settle_of_nothing_does_not_close_the_window(
    house, connected, program, abroad, merchant, outsider, owe
):
    assert house.settle(program, abroad, sender=merchant).return_value == 0
    owe(100)
    assert house.settle(program, abroad, sender=outsider).return_value == 100


def test_settle_counts_the_window_each_way_by_itself(
    house, project, connected, program, abroad, merchant, outsider, owe
):
    owe(100)
    house.settle(program, abroad, sender=merchant)
    owe(400, abroad, program)
    assert house.settle(abroad, program, sender=outsider).return_value == 400


def test_settle_makes_room_only_by_a_new_deposit(
    hub, house, project, connected, program, abroad, merchant, customer, owe, deposit
):
    owe(LIMIT)
    house.settle(program, abroad, sender=merchant)
    hub.setIssuer(program, merchant, UNLIMITED, sender=merchant)
    hub.award(program, 1, customer, sender=merchant)
    with reverts(
        project.PointsHub.PositionOverLimit, debtor=program, creditor=abroad, owed=100, limit=0
    ):
        hub.redeemAt(1, 0, program, abroad, ANY_TIME, sender=customer)
    with reverts(project.ClearingHouse.DepositCommitted, program=program, needed=100, free=0):
        house.setLimit(program, abroad, 100, sender=merchant)

    deposit(program, merchant, 100)
    house.setLimit(program, abroad, 100, sender=merchant)
    hub.redeemAt(1, 0, program, abroad, ANY_TIME, sender=customer)


# settleMany


def test_settleMany_settles_whichever_way_the_money_goes(
    hub, house, coin, connected, program, abroad, third, merchant, outsider, owe, deposit
):
    deposit(program, merchant, 700)
    house.setLimit(program, third, 700, sender=merchant)
    owe(40_000, abroad, program)
    owe(600, program, third)
    before = worth(hub, house, program, abroad, third)
    receipt = house.settleMany(program, [third, abroad], sender=merchant)

    assert logs(receipt, hub, house, coin) == [
        settled(house, program, third, 600),
        settled(house, abroad, program, 40_000),
    ]
    assert house.depositOf(program) == LIMIT + 700 - 600 + 40_000
    assert house.committedOf(program) == LIMIT + 100
    assert house.depositOf(abroad) == house.committedOf(abroad) == LIMIT - 40_000
    assert house.depositOf(third) == LIMIT + 600
    assert tuple(hub.positionOf(program, third)) == (0, 100)
    assert tuple(hub.positionOf(abroad, program)) == (0, LIMIT - 40_000)
    assert worth(hub, house, program, abroad, third) == before


def test_settleMany_settles_once_however_often_a_program_is_named(
    hub, house, connected, program, abroad, merchant, owe
):
    owe(40_000)
    receipt = house.settleMany(program, [abroad, program, abroad, 98, INFINITE], sender=merchant)

    assert logs(receipt, hub, house) == [settled(house, program, abroad, 40_000)]
    assert tuple(hub.positionOf(program, abroad)) == (0, LIMIT - 40_000)
    assert house.settleMany(program, [], sender=merchant).logs == []


def test_settleMany_starts_the_window(
    house, project, connected, program, abroad, merchant, outsider, owe
):
    owe(100)
    opens = house.settleMany(program, [abroad], sender=merchant).timestamp + WINDOW
    owe(100)
    with reverts(
        project.ClearingHouse.SettlementTooEarly,
        debtor=program,
        creditor=abroad,
        owed=100,
        opensAt=opens,
    ):
        house.settle(program, abroad, sender=outsider)


def test_settleMany_is_for_the_owner_only(
    house, project, picture, connected, program, abroad, merchant, issuer, rival, outsider, owe
):
    owe(40_000)
    before = picture()
    for caller in (issuer, rival, outsider):
        for others in ([], [abroad]):
            with reverts(project.ClearingHouse.ProgramOwnerOnly, program=program, caller=caller):
                house.settleMany(program, others, sender=caller)
    assert picture() == before
    house.settleMany(program, [abroad], sender=merchant)


def test_settleMany_reverts_if_program_is_unknown(house, project, program, merchant):
    for unknown in NEVER_OPENED:
        with reverts(project.PointsHub.ProgramUnknown, program=unknown):
            house.settleMany(unknown, [program], sender=merchant)


# Re-entry


@pytest.fixture
def accomplice(project, network, strange_coin, merchant, rival):
    """A network whose coin owns a program with a deposit and calls back during a transfer."""
    coin = strange_coin()
    there = network(coin)
    hub, house = there.hub, there.house

    def act(contract, call):
        """Lets the coin itself make a call."""
        coin.callOnTransfer(contract, call, sender=merchant)
        coin.transfer(merchant, 0, sender=merchant)
        assert coin.succeeded() is True

    act(hub, hub.createProgram.encode_input(("Spy", "SPY", 4, 0, False, [])))
    spy = hub.programCount() << 1
    assert hub.programOf(spy).owner == coin.address
    act(coin, coin.approve.encode_input(house, INFINITE))
    coin.mint(coin, 10_000, sender=merchant)
    house.deposit(there.program, 5_000, sender=merchant)
    house.deposit(spy, 5_000, sender=merchant)
    return SimpleNamespace(coin=coin, hub=hub, house=house, program=there.program, spy=spy, act=act)


@pytest.mark.parametrize("entry", ["deposit", "withdraw"])
@pytest.mark.parametrize("again", ["deposit", "withdraw", "setLimit", "settle", "settleMany"])
def test_reentry_is_refused(accomplice, merchant, entry, again):
    coin, house, program, spy = (
        accomplice.coin, accomplice.house, accomplice.program, accomplice.spy,
    )  # fmt: skip
    call = {
        "deposit": house.deposit.encode_input(spy, 100),
        "withdraw": house.withdraw.encode_input(spy, 100, coin),
        "setLimit": house.setLimit.encode_input(spy, program, 100),
        "settle": house.settle.encode_input(spy, program),
        "settleMany": house.settleMany.encode_input(spy, [program]),
    }[again]
    coin.callOnTransfer(house, call, sender=merchant)
    if entry == "deposit":
        house.deposit(program, 1_000, sender=merchant)
    else:
        house.withdraw(program, 1_000, merchant, sender=merchant)

    assert (coin.succeeded(), bytes(coin.answer())) == (False, GUARDED)
    held = {"deposit": 6_000, "withdraw": 4_000}[entry]
    assert (house.depositOf(program), house.depositOf(spy)) == (held, 5_000)
    assert house.committedOf(spy) == 0
    assert coin.balanceOf(house) == held + 5_000
    accomplice.act(house, call)  # which is allowed by itself

"""The clearing house from Python: deposits, limits, settlement."""

import pytest

from crmdapp.chain.errors import (
    ERC20InsufficientBalance,
    ERC20InvalidReceiver,
    SafeERC20FailedOperation,
)
from crmdapp.chain.transactions import TX_GAS_CAP
from crmdapp.errors import ReceiptTimeout, UsageError
from crmdapp.loyalty import LoyaltyClient, ProgramConfig, clearing
from crmdapp.loyalty.clearing import LIMIT_MAX, Deposit, Settlement
from crmdapp.loyalty.coin import Coin, CoinClient, from_decimal, to_decimal
from crmdapp.loyalty.errors import (
    DepositCommitted,
    LimitToItself,
    PositionOverLimit,
    ProgramOwnerOnly,
    ProgramUnknown,
    SettlementTooEarly,
)
from crmdapp.loyalty.events import Deposited, LimitSet, PositionSettled, Withdrawn
from tests.loyalty.constants import EPOCH_LENGTH, ZERO
from tests.loyalty.partners import *  # noqa: F403 - fixtures
from tests.loyalty.partners import FAR, LIMIT

NOWHERE = 998


@pytest.fixture
def coin(ledger):
    """Balances and allowances of the settlement coin."""
    return CoinClient(ledger.connection, ledger.coin)


@pytest.fixture
def rich(ledger, merchant):
    """The merchant's base units of the coin."""
    ledger.mint_coin("merchant", 10_000_000)
    return 10_000_000


@pytest.fixture
def spend(ledger, issuer, customer, program, abroad, connected):
    """Spends the customer's units of `program` at the rival."""

    def spend_(points):
        issuer.award(program, ledger.address("customer"), points)
        customer.network.redeem_at(program, points, abroad, min_value=0, deadline=FAR)

    return spend_


def sent_by(ledger, role):
    return ledger.connection.nonce(ledger.address(role))


# ----------------------------------------------------------------- deposits


def test_coin_tells_what_it_is(ledger, merchant):
    assert merchant.clearing.coin == Coin(ledger.coin, "TEST", 6)
    assert merchant.clearing.house.address == merchant.hub.read("CLEARING_HOUSE")


def test_deposit_approves_exactly_what_it_takes(ledger, merchant, program, rich, coin):
    clearing, before = merchant.clearing, sent_by(ledger, "merchant")
    receipt = clearing.deposit(program, 3_000_000)
    owner = ledger.address("merchant")
    assert receipt.events_of(Deposited) == [Deposited(program, owner, 3_000_000)]
    assert clearing.deposit_of(program) == Deposit(program, 3_000_000, 0)
    assert coin.balance(owner) == rich - 3_000_000
    assert coin.allowance(owner, clearing.house.address) == 0
    assert sent_by(ledger, "merchant") == before + 2


def test_deposit_uses_an_allowance_that_suffices(ledger, merchant, program, rich, coin):
    clearing = merchant.clearing
    coin.approve(merchant.sender, clearing.house.address, 5_000_000)
    before = sent_by(ledger, "merchant")
    clearing.deposit(program, 3_000_000)
    assert sent_by(ledger, "merchant") == before + 1
    # What is left of it is too little: it is taken back before the new one is given.
    clearing.deposit(program, 4_000_000)
    assert sent_by(ledger, "merchant") == before + 4
    assert coin.allowance(ledger.address("merchant"), clearing.house.address) == 0


def test_deposit_by_anyone_counts(ledger, outsider, program):
    ledger.mint_coin("outsider", 5)
    outsider.clearing.deposit(program, 5)
    assert outsider.clearing.deposit_of(program).value == 5


def test_deposit_happens_once_per_key(ledger, merchant, program, rich):
    before = sent_by(ledger, "merchant")
    first = merchant.clearing.deposit(program, 1_000_000, key="start")
    assert merchant.clearing.deposit(program, 1_000_000, key="start") == first
    assert merchant.clearing.deposit_of(program).value == 1_000_000
    assert sent_by(ledger, "merchant") == before + 2
    merchant.clearing.deposit(program, 1_000_000, key="more")
    assert merchant.clearing.deposit_of(program).value == 2_000_000


def test_deposit_goes_on_after_its_approval(ledger, merchant, program, rich, monkeypatch):
    ledger.node.automine(False)
    policy = merchant.sender.policy
    monkeypatch.setattr(merchant.sender, "policy", type(policy)(timeout=0.2, poll=0.02))
    before = sent_by(ledger, "merchant")
    for _ in range(2):
        with pytest.raises(ReceiptTimeout):
            merchant.clearing.deposit(program, 1_000_000, key="start")
    ledger.node.mine()
    assert sent_by(ledger, "merchant") == before + 1
    ledger.node.automine(True)
    merchant.clearing.deposit(program, 1_000_000, key="start")
    assert sent_by(ledger, "merchant") == before + 2
    assert merchant.clearing.deposit_of(program).value == 1_000_000


def test_deposit_approves_anew_if_another_one_used_it_up(
    ledger, merchant, program, rich, coin, monkeypatch
):
    """Killed after its approval; before it goes on, another deposit spends that."""
    house = merchant.clearing.house
    coin.approve(merchant.sender, house.address, 1_000_000, key="first:allowance")
    merchant.send(merchant.clearing.prepare.deposit(program, 1_000_000))
    merchant.clearing.deposit(program, 1_000_000, key="first")
    assert merchant.clearing.deposit_of(program).value == 2_000_000


def test_deposit_sends_nothing_if_the_coin_is_short(ledger, merchant, program, rich):
    before = sent_by(ledger, "merchant")
    with pytest.raises(ERC20InsufficientBalance) as refusal:
        merchant.clearing.deposit(program, rich + 1)
    assert refusal.value.values == (ledger.address("merchant"), rich, rich + 1)
    with pytest.raises(ProgramUnknown):
        merchant.clearing.deposit(NOWHERE, 1)
    assert sent_by(ledger, "merchant") == before


@pytest.mark.parametrize("amount", [0, -1, 1.5, 2**256, True])
def test_deposit_refuses_what_is_no_amount(merchant, program, amount):
    with pytest.raises(UsageError):
        merchant.clearing.deposit(program, amount)


def test_deposit_refuses_what_would_not_be_credited(merchant):
    finer = clearing.ClearingCalls(merchant.clearing.house, Coin(ZERO, "FINE", 8))
    assert finer.deposit(2, 1_234_500).args == (2, 1_234_500)
    with pytest.raises(UsageError, match=r"0\.00000056 FINE of the deposit would be lost"):
        finer.deposit(2, 1_234_556)


def test_deposit_of_refuses_if_program_unknown(merchant):
    with pytest.raises(ProgramUnknown):
        merchant.clearing.deposit_of(NOWHERE)


def test_withdraw_takes_the_free_part(ledger, merchant, program, abroad, connected, coin):
    clearing, owner = merchant.clearing, ledger.address("merchant")
    before = coin.balance(owner)
    with pytest.raises(DepositCommitted) as refusal:
        clearing.withdraw(program, LIMIT + 1)
    assert refusal.value.values == (program, LIMIT + 1, LIMIT)
    receipt = clearing.withdraw(program, LIMIT - 1, key="out")
    clearing.withdraw(program, LIMIT - 1, key="out")
    assert receipt.events_of(Withdrawn) == [Withdrawn(program, owner, LIMIT - 1)]
    clearing.withdraw(program, 1, ledger.address("friend"))
    assert coin.balance(owner) == before + LIMIT - 1
    assert coin.balance(ledger.address("friend")) == 1
    assert clearing.deposit_of(program) == Deposit(program, LIMIT, LIMIT)
    assert clearing.deposit_of(program).free == 0


def test_withdraw_refuses_strangers_and_nobody(ledger, merchant, outsider, program):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        outsider.clearing.withdraw(program, 1)
    assert refusal.value.values == (program, ledger.address("outsider"))
    with pytest.raises(ERC20InvalidReceiver):
        merchant.clearing.withdraw(program, 1, ZERO)
    with pytest.raises(UsageError):
        merchant.clearing.withdraw(program, 0)


def test_withdraw_of_a_coin_in_trouble_names_it(ledger, merchant, program, rich):
    merchant.clearing.deposit(program, 5)
    # From now on every call of the coin returns 0, which is `false`.
    ledger.node.set_code(ledger.coin, bytes.fromhex("60005f5260205ff3"))
    with pytest.raises(SafeERC20FailedOperation) as refusal:
        merchant.clearing.withdraw(program, 5)
    assert refusal.value.token == ledger.coin


# ----------------------------------------------------------------- limits


def test_set_limit_commits_the_deposit(merchant, program, abroad, rich):
    clearing = merchant.clearing
    clearing.deposit(program, 100)
    receipt = clearing.set_limit(program, abroad, 60)
    assert LimitSet(program, abroad, 60) in receipt.events
    assert clearing.deposit_of(program) == Deposit(program, 100, 60)
    with pytest.raises(DepositCommitted) as refusal:
        clearing.set_limit(program, abroad, 101)
    assert refusal.value.values == (program, 101, 100)
    clearing.set_limit(program, abroad, 0)
    assert clearing.deposit_of(program).committed == 0


def test_set_limit_refuses_below_what_is_owed(merchant, spend, program, abroad):
    spend(1_000)
    with pytest.raises(PositionOverLimit) as refusal:
        merchant.clearing.set_limit(program, abroad, 99_999)
    assert refusal.value.values == (program, abroad, 100_000, 99_999)
    merchant.clearing.set_limit(program, abroad, 100_000)


def test_set_limit_refuses_strangers_and_nonsense(ledger, merchant, rival, program, abroad):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        rival.clearing.set_limit(program, abroad, 0)
    assert refusal.value.values == (program, ledger.address("rival"))
    with pytest.raises(LimitToItself) as refusal:
        merchant.clearing.set_limit(program, program, 0)
    assert refusal.value.program == program
    with pytest.raises(ProgramUnknown):
        merchant.clearing.set_limit(program, NOWHERE, 0)
    for limit in (-1, LIMIT_MAX + 1, 0.5):
        with pytest.raises(UsageError):
            merchant.clearing.set_limit(program, abroad, limit)


# ----------------------------------------------------------------- settling


def test_settle_pays_and_lowers_the_limit(merchant, rival, spend, program, abroad):
    spend(1_000)
    receipt = rival.clearing.settle(program, abroad)
    assert receipt.events_of(PositionSettled) == [PositionSettled(program, abroad, 100_000)]
    assert merchant.clearing.deposit_of(program) == Deposit(program, 1_900_000, 900_000)
    assert merchant.clearing.deposit_of(abroad) == Deposit(abroad, 2_100_000, LIMIT)
    position = merchant.network.position(program, abroad)
    assert (position.owing, position.limit) == (0, LIMIT - 100_000)
    assert rival.clearing.settle(program, abroad).events == []


def test_settle_is_open_to_anyone_in_time(ledger, outsider, rival, spend, program, abroad):
    spend(1_000)
    rival.clearing.settle(program, abroad)
    opens_at = outsider.connection.block_timestamp() + EPOCH_LENGTH // 26
    spend(1_000)
    with pytest.raises(SettlementTooEarly) as refusal:
        outsider.clearing.settle(program, abroad)
    assert refusal.value.values == (program, abroad, 100_000, opens_at)
    ledger.node.advance_to(opens_at)
    outsider.clearing.settle(program, abroad)
    assert outsider.network.position(program, abroad).owing == 0


def test_settle_refuses_if_program_unknown(merchant, program):
    with pytest.raises(ProgramUnknown):
        merchant.clearing.settle(NOWHERE, program)


def test_settlements_tell_both_ways_in_order(ledger, merchant, rival, spend, program, abroad):
    spend(1_000)
    first = merchant.clearing.settle(program, abroad)
    rival.award(abroad, ledger.address("customer"), 10)
    back = ledger.client("customer").network
    back.redeem_at(abroad, 10, program, min_value=0, deadline=FAR)
    second = merchant.clearing.settle(abroad, program)
    for side in (program, abroad):
        assert list(merchant.clearing.settlements(side)) == [
            Settlement(program, abroad, 100_000, first.block, first.hash),
            Settlement(abroad, program, 4_000, second.block, second.hash),
        ]
    with pytest.raises(ProgramUnknown):
        list(merchant.clearing.settlements(NOWHERE))


def test_settle_many_settles_both_ways(ledger, merchant, rival, spend, program, abroad):
    third = rival.create_program(ProgramConfig("Third", "3RD")).id
    rival.clearing.deposit(third, 500)
    rival.clearing.set_limit(third, program, 500)
    rival.network.announce_prices(third, 100, 100)
    rival.set_issuer(third, ledger.address("rival"), 10_000)
    rival.award(third, ledger.address("customer"), 300)
    ledger.client("customer").network.redeem_at(third, 300, program, min_value=0, deadline=FAR)
    spend(1_000)
    (receipt,) = merchant.clearing.settle_many(program, [abroad, third, abroad, NOWHERE])
    assert receipt.events_of(PositionSettled) == [
        PositionSettled(program, abroad, 100_000),
        PositionSettled(third, program, 300),
    ]
    assert merchant.clearing.settle_many(program, []) == []


def test_settle_many_refuses_if_not_owner(ledger, rival, program, abroad):
    with pytest.raises(ProgramOwnerOnly):
        rival.clearing.settle_many(program, [abroad])


def test_settle_many_splits_a_long_list(merchant, program, monkeypatch):
    monkeypatch.setattr(clearing, "SETTLED_AT_ONCE", 3)
    calls = merchant.clearing.prepare.settle_many(program, [4, 6, 8, 4, 10, 12, 14, 16])
    assert [call.args[1] for call in calls] == [(4, 6, 8), (10, 12, 14), (16,)]
    receipts = merchant.clearing.settle_many(program, [4, 6, 8, 10], key="month")
    assert len(receipts) == 2
    assert merchant.clearing.settle_many(program, [4, 6, 8, 10], key="month") == receipts


def test_a_full_list_of_settlements_fits_a_transaction(ledger, merchant, spend, program, abroad):
    """Each partner costs two looks and one payment at most; what one payment costs, times 150."""
    spend(1_000)
    one = merchant.clearing.settle_many(program, [abroad])[0].gas_used
    empty = merchant.clearing.settle_many(program, [NOWHERE])[0].gas_used
    spend(100)
    merchant.clearing.settle_many(program, [abroad])
    print(f"settleMany: {one:,} with one payment, {empty:,} with none")
    assert 21_000 + clearing.SETTLED_AT_ONCE * (one - 21_000) < TX_GAS_CAP * 9 // 10


def test_reading_needs_no_account(ledger, program, connected):
    client = LoyaltyClient(ledger.connection, ledger.hub)
    assert client.clearing.deposit_of(program).value == 2 * LIMIT
    with pytest.raises(UsageError, match="no account"):
        client.clearing.deposit(program, 1)


# ----------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("text", "units", "again"),
    [
        ("12.5", 12_500_000, "12.50"),
        ("12", 12_000_000, "12.00"),
        ("0.000001", 1, "0.000001"),
        ("0", 0, "0.00"),
        ("1234567.125", 1_234_567_125_000, "1234567.125"),
        (" 007.10 ", 7_100_000, "7.10"),
    ],
)
def test_amounts_are_exact(text, units, again):
    assert from_decimal(text) == units
    assert to_decimal(units) == again
    assert from_decimal(again) == units


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1,5", ".5", "5.", "NaN", "٣", "0x1", "1 2"])
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(UsageError, match="only digits and one point"):
        from_decimal(text)


def test_amounts_have_no_more_digits_than_the_coin():
    with pytest.raises(UsageError, match="more than 6 digits"):
        from_decimal("0.0000001")
    assert from_decimal("0.00000001", 8) == 1
    with pytest.raises(UsageError, match="more than any coin counts"):
        from_decimal("9" * 70, 8)
    assert to_decimal(1_234_567_000_000, grouped=True) == "1,234,567.00"
    assert to_decimal(-5) == "-0.000005"
    assert to_decimal(5, 0) == "5"

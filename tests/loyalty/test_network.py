"""The network from Python: prices, quotes, exchange, redemption elsewhere, positions."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from crmdapp.chain.errors import IntentExpired
from crmdapp.errors import UsageError
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.errors import (
    ERC6909InsufficientBalance,
    ExchangeBelowMinimum,
    PointsOverflow,
    PositionOverLimit,
    PricesInvalid,
    ProgramNotConnected,
    ProgramOwnerOnly,
    ProgramsEqual,
    ProgramUnknown,
    RedemptionBelowMinimum,
)
from crmdapp.loyalty.events import PositionPosted, PricesAnnounced
from crmdapp.loyalty.network import Position, Prices
from crmdapp.loyalty.points import POINTS_MAX
from tests.loyalty.constants import EPOCH_LENGTH
from tests.loyalty.partners import *  # noqa: F403 - fixtures
from tests.loyalty.partners import BEAN, FAR, LIMIT, PAGE

NOWHERE = 998
NOTICE = EPOCH_LENGTH // 26


def moment(timestamp):
    return datetime.fromtimestamp(timestamp, UTC)


# ----------------------------------------------------------------- prices


def test_first_prices_hold_at_once(merchant, program):
    assert not merchant.network.prices(program).is_connected
    receipt = merchant.network.announce_prices(program, *BEAN)
    at = merchant.connection.block_timestamp()
    assert receipt.events == [PricesAnnounced(program, *BEAN, at)]
    assert merchant.network.prices(program) == Prices(program, *BEAN)


def test_later_prices_hold_after_the_notice(ledger, merchant, program):
    merchant.network.announce_prices(program, *BEAN)
    merchant.network.announce_prices(program, 30_000, 30_000)
    at = merchant.connection.block_timestamp() + NOTICE
    assert merchant.network.price_notice == NOTICE
    assert merchant.network.prices(program) == Prices(program, *BEAN, 30_000, 30_000, moment(at))
    ledger.node.advance_to(at)
    assert merchant.network.prices(program) == Prices(program, 30_000, 30_000)


def test_announce_prices_happens_once_per_key(merchant, program):
    for _ in range(2):
        merchant.network.announce_prices(program, *BEAN, key="first")
    assert merchant.network.prices(program).effective_at is None


@pytest.mark.parametrize("prices", [(20_000, 0), (0, 0), (10_000, 10_001)])
def test_announce_prices_refuses_what_would_earn(merchant, program, prices):
    with pytest.raises(PricesInvalid) as refusal:
        merchant.network.announce_prices(program, *prices)
    assert refusal.value.values == prices


@pytest.mark.parametrize("prices", [(2**48, 1), (-1, -2), (1.5, 1), (True, True)])
def test_announce_prices_refuses_what_is_no_price(merchant, program, prices):
    with pytest.raises(UsageError):
        merchant.network.announce_prices(program, *prices)


def test_announce_prices_refuses_if_not_owner(ledger, outsider, program):
    with pytest.raises(ProgramOwnerOnly) as refusal:
        outsider.network.announce_prices(program, *BEAN)
    assert refusal.value.values == (program, ledger.address("outsider"))


def test_prices_refuse_if_program_unknown(merchant):
    for ask in (merchant.network.prices, lambda p: list(merchant.network.price_history(p))):
        with pytest.raises(ProgramUnknown):
            ask(NOWHERE)


def test_price_history_tells_what_held(ledger, merchant, program):
    network = merchant.network
    assert list(network.price_history(program)) == []
    network.announce_prices(program, *BEAN)
    first = merchant.connection.block_timestamp()
    network.announce_prices(program, 21_000, 11_000)
    network.announce_prices(program, 22_000, 12_000)
    third = merchant.connection.block_timestamp()
    ledger.node.advance_to(third + NOTICE)
    network.announce_prices(program, 23_000, 13_000)
    found = list(network.price_history(program))
    assert [(item.on_ramp, item.is_replaced) for item in found] == [
        (20_000, False),
        (21_000, True),
        (22_000, False),
        (23_000, False),
    ]
    assert (found[0].announced_at, found[0].effective_at) == (moment(first), moment(first))
    assert (found[2].announced_at, found[2].effective_at) == (
        moment(third),
        moment(third + NOTICE),
    )


# ----------------------------------------------------------------- exchange


def test_exchange_gives_what_was_quoted(ledger, customer, program, abroad, connected, held):
    network, account = customer.network, ledger.address("customer")
    quote = network.quote_exchange(program, 999, abroad, account=account)
    assert quote.rate == Fraction(BEAN[1], PAGE[0]) == Fraction(1, 5)
    assert (quote.received, quote.value, quote.room) == (199, 99_900, LIMIT)
    assert quote.is_covered
    assert (quote.received, quote.value) == tuple(
        customer.hub.read("quoteExchange", program, abroad, account, 999)
    )
    receipt = network.exchange(program, 999, abroad, min_points=quote.received, deadline=FAR)
    assert receipt.events_of(PositionPosted) == [PositionPosted(program, abroad, 99_900)]
    assert customer.balance(program, account) == 1
    assert customer.balance(abroad, account) == 199


def test_exchange_keeps_the_expiry_of_each_age(
    ledger, customer, issuer, program, abroad, connected
):
    account = ledger.address("customer")
    for epoch, points in ((4, 104), (5, 203), (7, 999)):
        ledger.enter(epoch) if epoch > 4 else None
        issuer.award(program, account, points)
    network = customer.network
    quote = network.quote_exchange(program, 1_000, abroad, account=account)
    # 104 and 203 of the oldest and 693 of the youngest, each a fifth, each rounded down
    assert [lot.units for lot in quote.lots] == [20, 40, 138]
    assert quote.received == 198
    at_most = network.quote_exchange(program, 1_000, abroad)
    assert (at_most.received, at_most.lots) == (200, ())
    network.exchange(program, 1_000, abroad, min_points=198, deadline=FAR)
    assert customer.statement(abroad, account).lots == quote.lots


def test_exchange_happens_once_per_key(ledger, customer, program, abroad, connected, held):
    for _ in range(2):
        customer.network.exchange(program, 500, abroad, min_points=0, deadline=FAR, key="trip")
    assert customer.balance(program, ledger.address("customer")) == 500


def test_exchange_refuses_below_the_minimum(customer, program, abroad, connected, held):
    with pytest.raises(ExchangeBelowMinimum) as refusal:
        customer.network.exchange(program, 1_000, abroad, min_points=201, deadline=FAR)
    assert refusal.value.values == (200, 201)
    customer.network.exchange(program, 1_000, abroad, min_points=200, deadline=FAR)


def test_exchange_refuses_after_the_deadline(customer, program, abroad, connected, held):
    deadline = customer.connection.block_timestamp() - 1
    with pytest.raises(IntentExpired) as refusal:
        customer.network.exchange(program, 1_000, abroad, min_points=0, deadline=deadline)
    assert refusal.value.deadline == deadline


def test_exchange_refuses_beyond_the_limit(ledger, customer, issuer, program, abroad, connected):
    issuer.award(program, ledger.address("customer"), 10_100)
    quote = customer.network.quote_exchange(program, 10_100, abroad)
    assert not quote.is_covered
    with pytest.raises(PositionOverLimit) as refusal:
        customer.network.exchange(program, 10_100, abroad, min_points=0, deadline=FAR)
    assert refusal.value.values == (program, abroad, 1_010_000, LIMIT)
    customer.network.exchange(program, 10_000, abroad, min_points=0, deadline=FAR)


@pytest.mark.parametrize("points", [1_001, POINTS_MAX])
def test_exchange_refuses_more_than_held(
    ledger, customer, program, abroad, connected, held, points
):
    account = ledger.address("customer")
    for act in (
        lambda: customer.network.quote_exchange(program, points, abroad, account=account),
        lambda: customer.network.exchange(program, points, abroad, min_points=0, deadline=FAR),
    ):
        with pytest.raises(ERC6909InsufficientBalance) as refusal:
            act()
        assert refusal.value.values == (account, held, points, program)


def test_exchange_refuses_programs_without_prices(ledger, customer, program, abroad, held):
    for act in (
        lambda: customer.network.quote_exchange(program, 1, abroad),
        lambda: customer.network.exchange(program, 1, abroad, min_points=0, deadline=FAR),
    ):
        with pytest.raises(ProgramNotConnected) as refusal:
            act()
        assert refusal.value.program == program
    ledger.client("merchant").network.announce_prices(program, *BEAN)
    for act in (
        lambda: customer.network.quote_exchange(program, 1, abroad),
        lambda: customer.network.exchange(program, 1, abroad, min_points=0, deadline=FAR),
    ):
        with pytest.raises(ProgramNotConnected) as refusal:
            act()
        assert refusal.value.program == abroad


@pytest.mark.parametrize("direction", [1, -1], ids=["to", "from"])
def test_exchange_refuses_unknown_programs(customer, program, connected, held, direction):
    one, other = (program, NOWHERE)[::direction]
    for act in (
        lambda: customer.network.quote_exchange(one, 1, other),
        lambda: customer.network.exchange(one, 1, other, min_points=0, deadline=FAR),
    ):
        with pytest.raises(ProgramUnknown) as refusal:
            act()
        assert refusal.value.program == NOWHERE


def test_exchange_into_itself_is_refused_before_asking(customer, program, held):
    for act in (
        lambda: customer.network.quote_exchange(program, 1, program),
        lambda: customer.network.exchange(program, 1, program, min_points=0, deadline=FAR),
        lambda: customer.network.quote_redeem(program, 1, program),
        lambda: customer.network.redeem_at(program, 1, program, min_value=0, deadline=FAR),
    ):
        with pytest.raises(ProgramsEqual) as refusal:
            act()
        assert refusal.value.program == program


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"points": POINTS_MAX + 1}, PointsOverflow),
        ({"points": 0}, UsageError),
        ({"points": 1.5}, UsageError),
        ({"min_points": -1}, UsageError),
        ({"min_points": 2**48}, UsageError),
        ({"deadline": 2**40}, UsageError),
        ({"deadline": 0}, UsageError),
    ],
)
def test_exchange_refuses_what_is_no_amount(customer, program, changes, error):
    values = {"points": 1, "min_points": 0, "deadline": FAR, **changes}
    points = values.pop("points")
    with pytest.raises(error):
        customer.network.exchange(program, points, program + 2, **values)


def test_exchange_carries_gas_for_what_expires_meanwhile(customer, program, abroad):
    network = customer.network
    assert network.prepare.exchange(program, 1, abroad, 0, FAR).spare_gas == 14_000
    assert network.prepare.redeem_at(program, 1, abroad, 0, FAR).spare_gas == 7_000


def test_quote_refuses_what_no_age_can_hold(ledger, merchant, rival, program, abroad, connected):
    rival.award(abroad, ledger.address("customer"), POINTS_MAX)
    merchant.network.announce_prices(program, 1, 1)
    ledger.node.advance(NOTICE)
    with pytest.raises(PointsOverflow):
        merchant.network.quote_exchange(
            abroad, POINTS_MAX, program, account=ledger.address("customer")
        )


# ----------------------------------------------------------------- redemption elsewhere


def test_redeem_at_credits_what_was_quoted(ledger, customer, program, abroad, connected, held):
    quote = customer.network.quote_redeem(program, 333, abroad)
    assert (quote.value, quote.room, quote.is_covered) == (33_300, LIMIT, True)
    receipt = customer.network.redeem_at(program, 333, abroad, min_value=33_300, deadline=FAR)
    assert receipt.events_of(PositionPosted) == [PositionPosted(program, abroad, 33_300)]
    assert customer.balance(program, ledger.address("customer")) == held - 333


def test_redeem_at_rounds_against_the_program_that_pays(
    ledger, merchant, customer, program, abroad, connected, held
):
    merchant.network.announce_prices(program, 20_001, 10_001)
    ledger.node.advance(NOTICE)
    assert customer.network.quote_redeem(program, 1, abroad).value == 101
    receipt = customer.network.redeem_at(program, 1, abroad, min_value=101, deadline=FAR)
    assert receipt.events_of(PositionPosted)[0].value == 101


def test_redeem_at_refuses_below_the_least_value(customer, program, abroad, connected, held):
    with pytest.raises(RedemptionBelowMinimum) as refusal:
        customer.network.redeem_at(program, 100, abroad, min_value=10_001, deadline=FAR)
    assert refusal.value.values == (10_000, 10_001)


def test_redeem_at_refuses_beyond_the_limit(ledger, customer, issuer, program, abroad, connected):
    issuer.award(program, ledger.address("customer"), 10_001)
    assert not customer.network.quote_redeem(program, 10_001, abroad).is_covered
    with pytest.raises(PositionOverLimit) as refusal:
        customer.network.redeem_at(program, 10_001, abroad, min_value=0, deadline=FAR)
    assert refusal.value.values == (program, abroad, 1_000_100, LIMIT)


def test_redeem_at_refuses_without_prices_or_points(
    ledger, customer, merchant, program, abroad, held
):
    for act in (
        lambda: customer.network.quote_redeem(program, 1, abroad),
        lambda: customer.network.redeem_at(program, 1, abroad, min_value=0, deadline=FAR),
    ):
        with pytest.raises(ProgramNotConnected):
            act()
    with pytest.raises(ERC6909InsufficientBalance) as refusal:
        customer.network.redeem_at(program, 1_001, abroad, min_value=0, deadline=FAR)
    assert refusal.value.values == (ledger.address("customer"), held, 1_001, program)


def test_redeem_at_refuses_an_unknown_program(customer, program, abroad, connected, held):
    with pytest.raises(ProgramUnknown):
        customer.network.redeem_at(NOWHERE, 1, abroad, min_value=0, deadline=FAR)
    with pytest.raises(ProgramUnknown):
        customer.network.quote_redeem(program, 1, NOWHERE)


def test_redeem_at_refuses_after_the_deadline(customer, program, abroad, connected, held):
    deadline = customer.connection.block_timestamp() - 1
    with pytest.raises(IntentExpired):
        customer.network.redeem_at(program, 1, abroad, min_value=0, deadline=deadline)


# ----------------------------------------------------------------- positions


def test_position_is_seen_from_both_sides(customer, merchant, program, abroad, connected, held):
    network = merchant.network
    assert network.position(program, abroad) == Position(program, abroad, 0, 0, LIMIT, LIMIT)
    customer.network.redeem_at(program, 1_000, abroad, min_value=0, deadline=FAR)
    own, others = network.position(program, abroad), network.position(abroad, program)
    assert own == Position(program, abroad, 100_000, 0, LIMIT, LIMIT)
    assert others == Position(abroad, program, 0, 100_000, LIMIT, LIMIT)
    assert (own.net, own.room) == (100_000, LIMIT - 100_000)
    assert (others.net, others.room) == (-100_000, LIMIT + 100_000)


def test_positions_lists_every_partner(ledger, merchant, rival, program, abroad, connected):
    third, fourth = (rival.create_program(ProgramConfig(n, n)).id for n in ("Third", "Fourth"))
    rival.clearing.deposit(third, LIMIT)
    rival.clearing.set_limit(third, program, 7)
    merchant.clearing.set_limit(program, fourth, 9)
    found = list(merchant.network.positions(program))
    assert found == [
        Position(program, abroad, 0, 0, LIMIT, LIMIT),
        Position(program, third, 0, 0, 0, 7),
        Position(program, fourth, 0, 0, 9, 0),
    ]
    assert [item.other for item in merchant.network.positions(fourth)] == [program]


def test_positions_of_a_program_without_partners(merchant, program):
    assert list(merchant.network.positions(program)) == []
    with pytest.raises(ProgramUnknown):
        list(merchant.network.positions(NOWHERE))


def test_reading_needs_no_account(ledger, program, abroad, connected):
    network = LoyaltyClient(ledger.connection, ledger.hub).network
    assert network.prices(program).is_connected
    assert [item.other for item in network.positions(program)] == [abroad]
    with pytest.raises(UsageError, match="no account"):
        network.exchange(program, 1, abroad, min_points=0, deadline=FAR)


def test_values_of_prices():
    prices = Prices(2, 20_001, 10_001)
    assert [prices.value_of(points) for points in (0, 1, 99, 100, 101)] == [
        0,
        101,
        9_901,
        10_001,
        10_102,
    ]
    assert prices.rate_to(Prices(4, 50_000, 40_000)) == Fraction(10_001, 50_000)
    with pytest.raises(ProgramNotConnected) as refusal:
        prices.rate_to(Prices(6, 0, 0))
    assert refusal.value.program == 6

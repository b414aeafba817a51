"""Amounts, statements and the epoch clock as plain values."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp import loyalty
from crmdapp.errors import UsageError
from crmdapp.loyalty import EpochClock, Issuer, Liability, ProgramConfig, Statement
from crmdapp.loyalty.errors import (
    CapOutOfRange,
    PointsOverflow,
    ProgramNameEmpty,
    TiersNotRising,
    TiersTooMany,
    ValidityOutOfRange,
)
from crmdapp.loyalty.models import require_budget, require_tiers
from crmdapp.loyalty.points import POINTS_MAX, UNLIMITED, require_amount, to_points, to_units

CLOCK = EpochClock(genesis=1_700_000_000, epoch_length=100)


# ----------------------------------------------------------------- decimal points


@given(st.integers(1, POINTS_MAX))
def test_decimal_round_trip(units):
    assert to_units(to_points(units)) == units


@pytest.mark.parametrize(
    ("text", "units"),
    [("1", 100), ("0.01", 1), ("12.5", 1250), ("007.50", 750), ("1407374883553.27", POINTS_MAX)],
)
def test_to_units_reads_decimals(text, units):
    assert to_units(text) == units


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "it is empty"),
        (" ", "it is empty"),
        ("-5", "it is negative"),
        ("1,5", "a comma is no decimal point"),
        ("1.005", "more than two digits"),
        ("1e3", "only digits"),
        ("+5", "only digits"),
        ("5.", "only digits"),
        (".5", "only digits"),
        ("0x10", "only digits"),
        ("１２", "only digits"),  # noqa: RUF001 - digits of another script
        ("NaN", "only digits"),
    ],
)
def test_to_units_refuses_if_not_a_decimal(text, words):
    with pytest.raises(UsageError, match=words):
        to_units(text)


@pytest.mark.parametrize("text", ["0", "0.00", "0.0"])
def test_to_units_refuses_zero(text):
    with pytest.raises(UsageError, match="more than 0"):
        to_units(text)


@pytest.mark.parametrize("text", ["1407374883553.28", "9" * 15, "9" * 40, "9" * 20 + ".99"])
def test_to_units_refuses_what_the_hub_cannot_hold(text):
    with pytest.raises(PointsOverflow):
        to_units(text)


def test_to_units_accepts_leading_zeros_of_any_number():
    assert to_units("0" * 30 + "1.25") == 125


def test_to_points_groups_and_signs():
    assert to_points(123456789, grouped=True) == "1,234,567.89"
    assert to_points(-5) == "-0.05"


def test_require_amount_accepts_the_largest():
    assert require_amount(POINTS_MAX) == POINTS_MAX


def test_require_amount_refuses_overflow_with_the_amount():
    with pytest.raises(PointsOverflow) as refusal:
        require_amount(POINTS_MAX + 1)
    assert refusal.value.points == POINTS_MAX + 1


@pytest.mark.parametrize("amount", [0, -1, 1.5, True, "7", None])
def test_require_amount_refuses_if_not_a_positive_whole_number(amount):
    with pytest.raises(UsageError):
        require_amount(amount)


# ----------------------------------------------------------------- programs


def test_program_config_accepts_the_limits():
    config = ProgramConfig("Bean", "BEAN", 4, POINTS_MAX, True, (1, 2, 3, 4, 5, 2**40 - 1))
    assert config.tiers[-1] == 2**40 - 1


@pytest.mark.parametrize(
    ("changes", "error", "values"),
    [
        ({"name": ""}, ProgramNameEmpty, ()),
        ({"symbol": ""}, ProgramNameEmpty, ()),
        ({"validity": 0}, ValidityOutOfRange, (0,)),
        ({"validity": 5}, ValidityOutOfRange, (5,)),
        ({"cap": POINTS_MAX + 1}, CapOutOfRange, (POINTS_MAX + 1,)),
        ({"tiers": (0,)}, TiersNotRising, ((0,),)),
        ({"tiers": (5, 5)}, TiersNotRising, ((5, 5),)),
        ({"tiers": tuple(range(1, 8))}, TiersTooMany, (7,)),
    ],
)
def test_program_config_refuses_what_the_hub_refuses(changes, error, values):
    with pytest.raises(error) as refusal:
        ProgramConfig(**{"name": "Bean", "symbol": "BEAN", **changes})
    assert refusal.value.values == values


@pytest.mark.parametrize("changes", [{"validity": -1}, {"cap": -1}, {"tiers": (2**40,)}])
def test_program_config_refuses_what_cannot_be_encoded(changes):
    with pytest.raises(UsageError):
        ProgramConfig(**{"name": "Bean", "symbol": "BEAN", **changes})


def test_require_budget_accepts_no_limit_and_refuses_more():
    assert require_budget(UNLIMITED) == UNLIMITED
    with pytest.raises(UsageError, match="at most"):
        require_budget(UNLIMITED + 1)


def test_require_tiers_returns_a_tuple():
    assert require_tiers([100, 200]) == (100, 200)


def test_issuer_tells_what_is_left():
    assert Issuer(2, "0x", 100, 30, 4).left == 70
    assert Issuer(2, "0x", 20, 30, 4).left == 0
    assert Issuer(2, "0x", UNLIMITED, 0, 4).left is None


# ----------------------------------------------------------------- time


def test_clock_begins_with_epoch_four():
    assert CLOCK.epoch_at(CLOCK.genesis) == 4
    assert CLOCK.epoch_at(CLOCK.genesis + 99) == 4
    assert CLOCK.epoch_at(CLOCK.genesis + 100) == 5


def test_clock_refuses_times_before_the_first_epoch():
    with pytest.raises(UsageError, match="before the first epoch"):
        CLOCK.epoch_at(CLOCK.genesis - 1)


@given(st.integers(4, 65_535))
def test_clock_round_trip(epoch):
    start = CLOCK.start_of(epoch)
    assert start.tzinfo is UTC
    assert CLOCK.epoch_at(int(start.timestamp())) == epoch


def test_clock_stops_at_its_last_epoch():
    assert CLOCK.start_of(65_536) is None
    assert CLOCK.epoch_at(CLOCK.genesis + 10**9) == 65_535


def test_clock_beyond_the_calendar_has_no_date():
    assert EpochClock(1_700_000_000, 15_778_800).start_of(65_535) is None


def test_expiries_put_the_youngest_first():
    now = datetime.fromtimestamp(CLOCK.genesis, UTC)
    assert CLOCK.expiries(4) == tuple(now + timedelta(seconds=100 * k) for k in (4, 3, 2, 1))


# ----------------------------------------------------------------- reports


def test_statement_lists_lots_in_the_order_they_are_spent():
    statement = Statement(2, "0x", (10, 0, 30, 40), 80, 0, 4, CLOCK.expiries(4))
    assert statement.balance == 80
    assert [(lot.age, lot.units) for lot in statement.lots] == [(3, 40), (2, 30), (0, 10)]
    expiries = [lot.expires_at for lot in statement.lots]
    assert expiries == sorted(expiries)


def test_liability_lists_all_ages():
    liability = Liability(2, (10, 0, 30, 40), 4, CLOCK.expiries(4))
    assert liability.total == 80
    assert [lot.units for lot in liability.lots] == [40, 30, 0, 10]
    assert liability.shares() == (5000, 3750, 0, 1250)


@given(st.lists(st.integers(0, POINTS_MAX), min_size=4, max_size=4), st.integers(1, 10_000))
def test_shares_add_up_exactly(by_age, whole):
    shares = Liability(2, tuple(by_age), 4, CLOCK.expiries(4)).shares(whole)
    assert sum(shares) == (whole if sum(by_age) else 0)
    for share, units in zip(shares, reversed(by_age), strict=True):
        assert abs(share * sum(by_age) - units * whole) < max(1, sum(by_age))


# ----------------------------------------------------------------- surface


def test_every_declared_name_has_a_home():
    assert set(loyalty.__all__) == set(loyalty._HOMES) == set(dir(loyalty))

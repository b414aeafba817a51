"""The forecast of breakage, by a published survival table and by figures computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.analytics.breakage import Piece, forecast, lives, survival
from crmdapp.customers.analytics.errors import GroupTooSmall
from crmdapp.customers.analytics.movements import Kind, Movement

DAY = 86_400
LIFE = 100 * DAY
START = 1_700_000_000

# Remission of 21 patients on 6-mercaptopurine, in weeks; + is censored (Freireich et al., 1963).
REMISSION = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
KAPLAN_MEIER = {6: 0.8571, 7: 0.8067, 10: 0.7529, 13: 0.6902, 16: 0.6275, 22: 0.5378, 23: 0.4482}


def at(days):
    return START + days * DAY


def move(kind, units, days, account="a"):
    return Movement(account, kind, units, at(days))


def life_of(*items, now):
    (found,) = lives(items, lambda time: time + LIFE, at(now))
    return found


def people(number, *items):
    """Customers who all did the same."""
    return [
        Movement(f"0x{i:040x}", each.kind, each.units, each.time)
        for i in range(number)
        for each in items
    ]


def test_survival_is_the_published_table():
    pieces = [Piece(1, int(word.rstrip("+")), "+" not in word) for word in REMISSION.split()]

    found = dict(survival(pieces))

    assert found.pop(0) == 1.0
    assert found == {age: pytest.approx(left, abs=1e-4) for age, left in KAPLAN_MEIER.items()}


def test_lives_spends_the_oldest_points_first():
    found = life_of(
        move(Kind.EARNED, 100, 0),
        move(Kind.EARNED, 50, 10),
        move(Kind.SPENT, 120, 20),
        now=30,
    )

    assert found.pieces == (
        Piece(100, 20 * DAY, True),
        Piece(20, 10 * DAY, True),
        Piece(30, 20 * DAY, False),
    )
    assert [(each.units, each.age, each.left) for each in found.outstanding] == [
        (30, 20 * DAY, 80 * DAY)
    ]


def test_lives_lapses_by_the_clock_with_and_without_its_event():
    told = life_of(move(Kind.EARNED, 100, 0), move(Kind.LAPSED, 100, 130), now=140)
    untold = life_of(move(Kind.EARNED, 100, 0), now=140)

    assert told.pieces == untold.pieces == (Piece(100, LIFE, False),)
    assert told.outstanding == untold.outstanding == ()


def test_lives_cuts_off_what_was_given_away_and_learns_nothing_from_gifts():
    giver = life_of(move(Kind.EARNED, 100, 0), move(Kind.SENT, 60, 5), now=10)
    friend = life_of(move(Kind.RECEIVED, 60, 5), move(Kind.SPENT, 20, 7), now=10)

    assert giver.pieces == (Piece(60, 5 * DAY, False), Piece(40, 10 * DAY, False))
    assert friend.pieces == ()
    assert sum(each.units for each in friend.outstanding) == 40


def test_lives_stops_at_now():
    found = life_of(move(Kind.EARNED, 100, 0), move(Kind.SPENT, 100, 20), now=10)

    assert sum(each.units for each in found.outstanding) == 100


def test_forecast_expects_what_the_curve_says():
    # Ten people let 40 of 100 lapse: S falls to 0.4 at 20 days. Ten more earned 100 today, so
    # their units were cut off at age 0, before any was spent. 1,000 out, 0.4 of it breaks.
    old = people(10, move(Kind.EARNED, 100, 0), move(Kind.SPENT, 60, 20))
    new = [Movement(f"0x{100 + i:040x}", Kind.EARNED, 100, at(200)) for i in range(10)]

    found = forecast(lives(old + new, lambda time: time + LIFE, at(200)))

    assert (found.people, found.outstanding) == (20, 1_000)
    assert found.curve == ((0, 1.0), (20 * DAY, pytest.approx(0.4)))
    assert (found.expected, found.rate) == (400, 0.4)
    assert (found.low, found.high) == (400, 400), "all did the same: no spread between customers"


def test_forecast_has_an_interval_if_customers_differ():
    items = people(30, move(Kind.EARNED, 100, 0))
    items += [Movement(f"0x{i:040x}", Kind.SPENT, 100, at(20)) for i in range(15)]
    items += [Movement(f"0x{i:040x}", Kind.EARNED, 100, at(150)) for i in range(30)]

    found = forecast(lives(items, lambda time: time + LIFE, at(150)))

    assert found.expected == 1_500
    assert 0 < found.low < found.expected < found.high < found.outstanding


def test_forecast_of_nothing_out_is_zero():
    items = people(10, move(Kind.EARNED, 100, 0), move(Kind.SPENT, 100, 5))

    found = forecast(lives(items, lambda time: time + LIFE, at(10)))

    assert (found.outstanding, found.expected, found.low, found.high, found.rate) == (
        0,
        0,
        0,
        0,
        0.0,
    )


def test_forecast_refuses_few_customers():
    items = people(9, move(Kind.EARNED, 100, 0))

    with pytest.raises(GroupTooSmall):
        forecast(lives(items, lambda time: time + LIFE, at(10)))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 20), st.sampled_from(list(Kind)), st.integers(1, 500), st.integers(0, 90)
        ),
        max_size=60,
    )
)
def test_lives_loses_no_unit_of_what_was_earned(drawn):
    items = [
        Movement(f"0x{who:040x}", kind, units, at(day))
        for who, kind, units, day in sorted(drawn, key=lambda each: each[3])
    ]
    found = lives(items, lambda time: time + LIFE, at(95))

    earned = sum(each.units for each in items if each.kind is Kind.EARNED)
    assert sum(piece.units for life in found for piece in life.pieces) == earned
    curve = survival(piece for life in found for piece in life.pieces)
    shares = [left for _, left in curve]
    assert shares == sorted(shares, reverse=True)
    assert 0 <= shares[-1] <= 1

"""Scores by quintile and segments, by figures computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.analytics.movements import Kind, Movement
from crmdapp.customers.analytics.rfm import DAY, SEGMENTS, Score, figures, quintiles, score

NOW = 1_800_000_000


def earned(account, units, days_ago):
    return Movement(account, Kind.EARNED, units, NOW - days_ago * DAY)


def test_quintiles_cuts_ten_values_into_pairs():
    assert quintiles([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_quintiles_gives_equal_values_the_same_score():
    # One of five is smaller than 7: 1 + 5 * 1 // 5 = 2 for each of the four.
    assert quintiles([7, 7, 3, 7, 7]) == [2, 2, 1, 2, 2]


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=40))
def test_quintiles_keeps_the_order(values):
    found = quintiles(values)

    assert set(found) <= {1, 2, 3, 4, 5}
    assert all(
        a <= b
        for x, a in zip(values, found, strict=True)
        for y, b in zip(values, found, strict=True)
        if x <= y
    )


def test_score_counts_awards_alone_and_none_after_now():
    (found,) = score(
        [
            earned("a", 100, 9),
            earned("a", 50, 3),
            Movement("a", Kind.SPENT, 70, NOW - DAY),
            earned("a", 500, -1),
        ],
        NOW,
    )

    assert (found.days, found.awards, found.units) == (3, 2, 150)


def test_score_gives_the_latest_the_highest_recency():
    people = [earned(f"p{day}", 100 * day, day) for day in range(1, 6)]

    found = {each.account: each for each in score(people, NOW)}

    assert [found[f"p{day}"].recency for day in range(1, 6)] == [5, 4, 3, 2, 1]
    assert [found[f"p{day}"].monetary for day in range(1, 6)] == [1, 2, 3, 4, 5]
    assert {each.frequency for each in found.values()} == {1}


@pytest.mark.parametrize(
    ("recency", "frequency", "segment"),
    [
        (5, 4, "champions"),
        (4, 3, "loyal"),
        (3, 5, "loyal"),
        (5, 2, "new"),
        (3, 1, "promising"),
        (2, 3, "at risk"),
        (1, 2, "lapsed"),
    ],
)
def test_segment_follows_the_scores(recency, frequency, segment):
    assert Score("a", 0, 0, 0, recency, frequency, 1).segment == segment


def test_segment_is_one_of_six_for_every_score():
    named = {Score("a", 0, 0, 0, r, f, 1).segment for r in range(1, 6) for f in range(1, 6)}

    assert named == set(SEGMENTS)


def test_figures_shows_means_and_withholds_small_segments():
    scores = [Score(f"c{i}", i, 2, 100, 5, 5, 3) for i in range(12)]
    scores += [Score(f"l{i}", 90, 1, 50, 1, 1, 3) for i in range(11)]
    scores += [Score("single", 200, 9, 999_00, 1, 5, 5)]

    found = {each.segment: each for each in figures(scores)}

    assert found["champions"].people == 12
    assert found["champions"].days == 5.5
    assert found["champions"].units == 100
    assert found["at risk"].people is None
    assert found["at risk"].units is None
    assert found["lapsed"].people is None, "else the total would give the single one away"
    assert found["new"].people == 0


def test_figures_are_empty_without_customers():
    assert [each.people for each in figures(score([], NOW))] == [0] * 6

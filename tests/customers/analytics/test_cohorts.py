"""Retention tables computed by hand."""

import pytest

from crmdapp.customers.analytics.cohorts import cohorts
from crmdapp.customers.analytics.movements import Kind, Movement
from crmdapp.errors import UsageError

START, WEEK = 1_700_000_000, 7 * 86_400


def moves(prefix, people, weeks, kind=Kind.EARNED):
    return [
        Movement(f"{prefix}{i}", kind, 100, START + week * WEEK + i)
        for i in range(people)
        for week in weeks
    ]


def test_cohorts_counts_who_came_back():
    first = moves("a", 30, [0]) + moves("a", 12, [2])
    second = moves("b", 20, [1]) + moves("b", 20, [2], Kind.SPENT)

    table = cohorts(first + second, START, WEEK, START + 3 * WEEK)

    assert [each.begins_at for each in table] == [START, START + WEEK, START + 2 * WEEK]
    assert table[0].people == 30
    assert table[0].active == (30, 0, 12)
    assert table[1].active == (20, 20)
    assert table[2].active == (0,)


def test_cohorts_leaves_out_the_period_that_is_not_over():
    table = cohorts(moves("a", 30, [0, 1]), START, WEEK, START + 2 * WEEK - 1)

    assert [each.active for each in table] == [(30,)]


def test_cohorts_withholds_small_cohorts_and_one_more():
    items = moves("a", 30, [0]) + moves("b", 5, [1]) + moves("c", 12, [2])

    table = cohorts(items, START, WEEK, START + 3 * WEEK)

    assert [each.people for each in table] == [30, None, None]
    assert [each.active for each in table] == [(30, 0, 0), (), ()]


@pytest.mark.parametrize(
    ("back", "shown"), [(0, 0), (9, None), (10, 10), (20, 20), (21, None), (30, 30)]
)
def test_cohorts_withholds_numbers_that_tell_of_few(back, shown):
    items = moves("a", 30, [0]) + moves("a", back, [1])

    assert cohorts(items, START, WEEK, START + 2 * WEEK)[0].active == (30, shown)


def test_cohorts_does_not_take_gifts_for_visits():
    items = (
        moves("a", 30, [0]) + moves("a", 30, [1], Kind.RECEIVED) + moves("a", 30, [1], Kind.SENT)
    )

    assert cohorts(items, START, WEEK, START + 2 * WEEK)[0].active == (30, 0)


def test_cohorts_leaves_out_who_began_before_the_start():
    items = moves("a", 30, [-1, 0, 1])

    assert cohorts(items, START, WEEK, START + 2 * WEEK)[0].people == 0


def test_cohorts_is_empty_before_a_period_is_over():
    assert cohorts(moves("a", 30, [0]), START, WEEK, START + WEEK - 1) == []


@pytest.mark.parametrize(("period", "now"), [(59, START), (60, START + 61 * 60)])
def test_cohorts_refuses_what_is_no_table(period, now):
    with pytest.raises(UsageError):
        cohorts([], START, period, now)

"""Precincts that are counted together: none too small, none left out, none twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.definition import Precinct, _most_in_one_sum
from crmdapp.ballots.faults import TurnoutTooLow
from crmdapp.ballots.grouping import BallotGroup, group_precincts
from tests.ballots.voting import few


@pytest.mark.parametrize(
    ("ballots", "minimum", "groups"),
    [
        ([5], 5, [(0, 0, 5)]),
        ([5, 5], 5, [(0, 0, 5), (1, 1, 5)]),
        ([4, 5], 5, [(0, 1, 9)]),
        ([5, 4], 5, [(0, 1, 9)]),
        ([5, 4, 6], 5, [(0, 0, 5), (1, 2, 10)]),
        ([1, 1, 1, 1, 1], 2, [(0, 1, 2), (2, 4, 3)]),
        ([0, 0, 3, 0, 0], 1, [(0, 4, 3)]),
        ([3, 0], 1, [(0, 1, 3)]),
        ([0, 3, 0, 4, 0], 3, [(0, 1, 3), (2, 4, 4)]),
    ],
)
def test_neighbours_are_merged(ballots, minimum, groups):
    assert group_precincts(ballots, minimum) == tuple(BallotGroup(*each) for each in groups)


@pytest.mark.parametrize("ballots", [[], [0], [4], [2, 2], [0, 0, 0]])
def test_too_low_a_turnout_is_named(ballots):
    with pytest.raises(TurnoutTooLow, match="fewer than the minimum of 5") as refused:
        group_precincts(ballots, 5)
    assert (refused.value.ballots, refused.value.minimum) == (sum(ballots), 5)


def test_a_minimum_is_at_least_one():
    with pytest.raises(ValueError, match="at least 1"):
        group_precincts([5], 0)


@few(200)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=64), st.integers(1, 30))
def test_every_ballot_is_in_one_group_that_is_neither_too_small_nor_too_large(ballots, minimum):
    if sum(ballots) < minimum:
        return
    groups = group_precincts(ballots, minimum)
    covered = [p for group in groups for p in range(group.first_precinct, group.last_precinct + 1)]
    assert covered == list(range(len(ballots)))
    assert sum(group.ballots for group in groups) == sum(ballots)
    most = _most_in_one_sum(tuple(Precinct("", each) for each in ballots), minimum)
    assert all(minimum <= group.ballots <= most for group in groups)

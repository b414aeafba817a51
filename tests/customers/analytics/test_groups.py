"""Which groups are too small to be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.analytics.errors import GroupTooSmall
from crmdapp.customers.analytics.groups import MINIMUM, require_group, withheld


def test_withheld_is_empty_if_all_groups_are_large():
    assert withheld([10, 11, 0]) == frozenset()


def test_withheld_takes_a_second_group_so_that_the_total_tells_nothing():
    assert withheld([3, 40, 20]) == {0, 2}


def test_withheld_takes_no_other_group_if_two_small_ones_hide_each_other():
    assert withheld([6, 7, 40]) == {0, 1}


def test_withheld_takes_more_until_those_withheld_are_enough():
    assert withheld([1, 2, 40, 50]) == {0, 1, 2}


def test_withheld_takes_all_if_there_is_no_other():
    assert withheld([3]) == {0}
    assert withheld([9, 0]) == {0}


@given(st.lists(st.integers(0, 40), max_size=8))
def test_withheld_leaves_no_small_group_and_no_remainder_that_tells_of_few(sizes):
    hidden = withheld(sizes)

    assert all(size == 0 or size >= MINIMUM for i, size in enumerate(sizes) if i not in hidden)
    shown = [size for i, size in enumerate(sizes) if i not in hidden and size]
    if hidden and shown:
        assert sum(sizes[i] for i in hidden) >= MINIMUM
        assert len(hidden) >= 2


def test_require_group_refuses_one_fewer_than_the_minimum():
    require_group("customers", MINIMUM)
    with pytest.raises(GroupTooSmall) as refused:
        require_group("customers", MINIMUM - 1)
    assert (refused.value.people, refused.value.minimum) == (9, 10)
    assert "9 customers" in refused.value.message

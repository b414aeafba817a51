"""Uplift by published examples and by figures computed by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.customers.analytics.errors import GroupsOverlap, GroupTooSmall
from crmdapp.customers.analytics.uplift import compare, share, uplift

OFFERED = [f"o{i}" for i in range(40)]
CONTROL = [f"c{i}" for i in range(20)]


def test_share_has_the_interval_of_newcombes_example():
    # 81 of 263, method 3 of Newcombe 1998 (single proportion): 0.2553 to 0.3662.
    found = share(81, 263)

    assert found.value == pytest.approx(0.30798, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_compare_has_the_interval_of_newcombes_example():
    # 56 of 70 against 48 of 80, method 10 of Newcombe 1998 (difference): 0.0524 to 0.3339.
    found = compare(share(56, 70), share(48, 80))

    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_uplift_tests_two_proportions():
    # 20 of 40 against 4 of 20: pooled 0.4, error sqrt(0.24 * 0.075) = 0.13416, z = 2.2361.
    found = uplift(OFFERED, CONTROL, OFFERED[:20] + CONTROL[:4])

    assert (found.offered.responded, found.control.responded) == (20, 4)
    assert found.difference == pytest.approx(0.3)
    assert found.p_value == pytest.approx(0.02535, abs=1e-5)
    assert found.low > 0


@pytest.mark.parametrize("responded", [[], OFFERED + CONTROL])
def test_uplift_is_no_surprise_if_all_or_none_responded(responded):
    found = uplift(OFFERED, CONTROL, responded)

    assert (found.difference, found.p_value) == (0.0, 1.0)


def test_uplift_ignores_responses_of_others():
    assert uplift(OFFERED, CONTROL, ["outsider"]).offered.responded == 0


def test_uplift_refuses_customers_in_both_groups():
    with pytest.raises(GroupsOverlap) as refused:
        uplift(OFFERED, [*CONTROL, "o1", "o2"], [])
    assert refused.value.people == 2


@pytest.mark.parametrize(
    ("offered", "control"), [(OFFERED[:9], CONTROL), (OFFERED, CONTROL[:9]), ([], CONTROL)]
)
def test_uplift_refuses_small_groups(offered, control):
    with pytest.raises(GroupTooSmall):
        uplift(offered, control, [])


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_compare_has_the_difference_inside_and_turns_round_with_its_groups(first, second):
    there, back = compare(share(*first), share(*second)), compare(share(*second), share(*first))

    assert -1 - 1e-9 <= there.low <= there.difference + 1e-9
    assert there.difference - 1e-9 <= there.high <= 1 + 1e-9
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert 0 <= there.p_value <= 1
    assert there.p_value == pytest.approx(back.p_value)

"""Sharing a secret: any t of n have it, t - 1 know nothing, and shares can be checked."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.group import ORDER, multiply_base
from crmdapp.ballots.sharing import evaluate, evaluate_commitments, interpolate, lagrange
from tests.ballots.voting import few, scalars

polynomials = st.lists(scalars, min_size=1, max_size=5)


@few(40)
@given(polynomials, st.data())
def test_any_t_shares_give_the_secret(coefficients, data):
    t = len(coefficients)
    indices = data.draw(st.lists(st.integers(1, 15), min_size=t, max_size=15, unique=True))
    shares = {j: evaluate(coefficients, j) for j in indices}
    assert interpolate(shares) == coefficients[0]


@pytest.mark.parametrize(("n", "t"), [(3, 2), (5, 3)])
def test_every_set_of_t_trustees_will_do(n, t):
    coefficients = [7, *range(100, 99 + t)]
    shares = {j: evaluate(coefficients, j) for j in range(1, n + 1)}
    for held in combinations(shares, t):
        assert interpolate({j: shares[j] for j in held}) == 7


@few(20)
@given(scalars, scalars, scalars)
def test_fewer_shares_fit_every_secret(share, one, other):
    """For t = 2 a single share belongs to a line through any secret whatever."""
    for secret in (one, other):
        slope = (share - secret) * pow(3, -1, ORDER) % ORDER
        assert evaluate([secret, slope], 3) == share


@few(20)
@given(polynomials, st.integers(1, 15))
def test_commitments_give_the_shares_point(coefficients, j):
    commitments = [multiply_base(a) for a in coefficients]
    assert evaluate_commitments(commitments, j) == multiply_base(evaluate(coefficients, j))


def test_a_single_trustee_holds_the_secret():
    assert lagrange([4]) == {4: 1}
    assert evaluate([9], 4) == 9


@pytest.mark.parametrize("indices", [[], [1, 1], [0, 1], [-1], [ORDER]])
def test_lagrange_refuses(indices):
    with pytest.raises(ValueError, match="distinct"):
        lagrange(indices)

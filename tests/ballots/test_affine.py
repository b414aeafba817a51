"""Points moved on together are where they would be alone, the special ones too."""

from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots._affine import affine, shifted
from crmdapp.ballots.group import G, decode_settled_point, multiply_base
from tests.ballots.voting import ORDER_3, few, scalars

small = st.one_of(st.integers(-5, 5), scalars)


def coordinates(scalar):
    return affine(multiply_base(scalar))


@few(60)
@given(st.lists(small, max_size=8), small)
def test_points_are_moved_on(numbers, step):
    moved = shifted([coordinates(number) for number in numbers], coordinates(step))
    assert moved == [coordinates(number + step) for number in numbers]


def test_doubles_inverses_and_infinity_are_no_exception():
    points = [coordinates(number) for number in (3, -3, 0, 2)]
    expected = [coordinates(number + 3) for number in (3, -3, 0, 2)]
    assert shifted(points, coordinates(3)) == expected
    assert shifted(points, None) == points
    assert shifted([], coordinates(3)) == []
    assert coordinates(0) is None


def test_a_point_of_small_order_comes_round():
    point = affine(decode_settled_point(ORDER_3))
    assert shifted(shifted([point], point), point) == [None]


def test_coordinates_are_those_on_the_wire():
    x, y = coordinates(1)
    assert x.to_bytes(48, "big") + y.to_bytes(48, "big") == bytes(G.to_xy_bytes_be())

"""Points and scalars: their bytes, what is refused, and the arithmetic behind them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.faults import MessageMalformed, PointMalformed, ScalarMalformed
from crmdapp.ballots.group import (
    FIELD,
    IDENTITY,
    ORDER,
    FixedBase,
    G,
    decode_point,
    decode_scalar,
    decode_settled_point,
    encode_point,
    encode_scalar,
    halved,
    is_identity,
    msm,
    multiply,
    multiply_base,
    require_length,
)
from tests.ballots.voting import BAD_POINTS, ORDER_3, few, scalars

GENERATOR = (
    "17f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
    "08b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1"
)
whole = st.one_of(st.sampled_from([0, 1, -1, ORDER, ORDER + 1, -ORDER]), st.integers())


def test_the_generator_is_the_standard_one():
    assert encode_point(G).hex() == GENERATOR


def test_the_orders_are_those_of_the_curve():
    assert is_identity(multiply(G, ORDER - 1) + G)
    x, y = (int(GENERATOR[at : at + 96], 16) for at in (0, 96))
    assert (y * y - x**3 - 4) % FIELD == 0


@few(50)
@given(scalars)
def test_a_point_survives_its_bytes(scalar):
    point = multiply_base(scalar)
    assert decode_point(encode_point(point)) == point
    assert decode_settled_point(encode_point(point)) == point


@pytest.mark.parametrize("data", BAD_POINTS.values(), ids=BAD_POINTS)
def test_decode_point_refuses(data):
    with pytest.raises(PointMalformed, match="R: "):
        decode_point(data, "R")


@pytest.mark.parametrize("length", [0, 48, 95, 97, 128])
@pytest.mark.parametrize("decode", [decode_point, decode_settled_point])
def test_decode_point_refuses_another_length(decode, length):
    with pytest.raises(PointMalformed, match=f"has 96 bytes, got {length}"):
        decode(b"\x01" * length)


@pytest.mark.parametrize("name", ["infinity", "off the curve", "unreduced", "all ones"])
def test_decode_settled_point_refuses(name):
    with pytest.raises(PointMalformed):
        decode_settled_point(BAD_POINTS[name])


def test_decode_settled_point_leaves_the_subgroup_to_the_chain():
    point = decode_settled_point(ORDER_3)
    assert point + point + point == IDENTITY
    assert not is_identity(multiply(point, ORDER + 1))


def test_a_compressed_or_flagged_point_is_refused():
    flagged = bytes([encode_point(G)[0] | 0x80]) + encode_point(G)[1:]
    with pytest.raises(PointMalformed):
        decode_point(flagged)


def test_infinity_is_never_sent():
    with pytest.raises(PointMalformed, match="K: infinity"):
        encode_point(IDENTITY, "K")


@few(50)
@given(st.integers(0, ORDER - 1))
def test_a_scalar_survives_its_bytes(scalar):
    assert decode_scalar(encode_scalar(scalar)) == scalar


@pytest.mark.parametrize("value", [ORDER, ORDER + 1, 2 * ORDER, 2**256 - 1])
def test_decode_scalar_refuses_what_the_precompile_would_reduce(value):
    with pytest.raises(ScalarMalformed, match="not below the group's order"):
        decode_scalar(value.to_bytes(32, "big"))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_decode_scalar_refuses_another_length(length):
    with pytest.raises(ScalarMalformed, match=f"has 32 bytes, got {length}"):
        decode_scalar(bytes(length))


@pytest.mark.parametrize("value", [-1, ORDER])
def test_encode_scalar_refuses(value):
    with pytest.raises(ScalarMalformed):
        encode_scalar(value)


@few(30)
@given(scalars, whole)
def test_a_table_multiplies_as_the_library_does(base, scalar):
    point = multiply_base(base)
    assert FixedBase(point).multiply(scalar) == multiply(point, scalar)


@few(30)
@given(st.lists(st.tuples(scalars, whole), max_size=6))
def test_msm_is_the_sum_of_products(pairs):
    points = [multiply_base(base) for base, _ in pairs]
    expected = multiply_base(sum(base * scalar for base, scalar in pairs))
    assert msm(points, [scalar for _, scalar in pairs]) == expected


@few(30)
@given(st.lists(st.tuples(scalars, whole), max_size=4))
def test_halved_scalars_give_the_same_sum(pairs):
    points = [multiply_base(base) for base, _ in pairs]
    wanted = [scalar for _, scalar in pairs]
    more, halves = halved(points, wanted)
    assert msm(more, halves) == msm(points, wanted)
    assert all(0 <= half < 2**128 for half in halves)


def test_msm_refuses_points_without_scalars():
    with pytest.raises(ValueError, match="1 points, but 2 scalars"):
        msm([G], [1, 2])


def test_require_length_names_both():
    require_length(bytes(3), 3, "deal")
    with pytest.raises(MessageMalformed, match="A deal has 3 bytes here, got 4"):
        require_length(bytes(4), 3, "deal")

"""Finding counts in a sum, and knowing beforehand whether anybody could."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots import decoding
from crmdapp.ballots.decoding import (
    STEPS_MAX,
    bits_for,
    decode_choice,
    decode_option,
    most_ballots,
    require_decodable,
    search_steps,
    splits,
)
from crmdapp.ballots.faults import ElectionUndecodable, ResultUndecodable
from crmdapp.ballots.group import multiply_base
from crmdapp.errors import UsageError
from tests.ballots.voting import few


def result(counts, bits):
    return multiply_base(sum(count << bits * slot for slot, count in enumerate(counts[1:])))


@st.composite
def countings(draw):
    """Counts of a question that takes few steps to decode."""
    options = draw(st.integers(2, 8))
    most = {2: 2000, 3: 60, 4: 25, 5: 14, 6: 10, 7: 8, 8: 6}[options]
    ballots = draw(st.integers(0, most))
    cuts = sorted(
        draw(st.lists(st.integers(0, ballots), min_size=options - 1, max_size=options - 1))
    )
    return tuple(b - a for a, b in zip([0, *cuts], [*cuts, ballots], strict=True))


@few(60)
@given(countings(), st.integers(0, 12))
def test_counts_are_found(counts, spare):
    ballots = sum(counts)
    bits = bits_for(ballots) + spare
    if bits * (len(counts) - 1) > 254:
        bits = bits_for(ballots)
    assert decode_choice(result(counts, bits), len(counts), bits, ballots) == counts


@pytest.mark.parametrize("counts", [(0, 20), (20, 0), (0, 0, 9), (9, 0, 0), (0, 9, 0)])
def test_unanimous_counts_are_found(counts):
    assert decode_choice(result(counts, 20), len(counts), 20, sum(counts)) == counts


def test_a_million_ballots_over_two_options_are_found():
    assert decode_choice(result((1, 999_999), 20), 2, 20, 10**6) == (1, 999_999)
    assert decode_choice(result((999_999, 1), 20), 2, 20, 10**6) == (999_999, 1)


def test_many_options_of_few_ballots_are_found():
    counts = (1, *[0] * 29, 2, 1)
    assert decode_choice(result(counts, 8), 32, 8, 4) == counts


@few(30)
@given(st.integers(0, 3000), st.data())
def test_an_options_count_is_found(ballots, data):
    count = data.draw(st.integers(0, ballots))
    assert decode_option(multiply_base(count), ballots) == count


@pytest.mark.parametrize("exponent", [21, -1, 2**20 + 30, 10**9])
def test_a_sum_that_holds_no_counts_is_refused(exponent):
    with pytest.raises(ResultUndecodable, match="No counts of 20 ballots"):
        decode_choice(multiply_base(exponent), 2, 20, 20)
    with pytest.raises(ResultUndecodable):
        decode_option(multiply_base(exponent), 20)


def test_more_votes_than_ballots_are_refused():
    with pytest.raises(ResultUndecodable):
        decode_choice(result((0, 7, 6), 20), 3, 20, 10)


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_a_small_table_finds_the_same(monkeypatch, size):
    monkeypatch.setattr(decoding, "TABLE_MAX", size)
    for counts in ((3, 9), (1, 4, 2), (2, 0, 1, 3)):
        assert decode_choice(result(counts, 8), len(counts), 8, sum(counts)) == counts


# --------------------------------------------------------------------------- limits


@pytest.mark.parametrize(
    ("options", "most"),
    [(2, 2**32 - 1), (3, 10_768_274), (4, 51_390), (5, 4_340), (10, 78), (32, 10)],
)
def test_the_limit_is_where_the_search_gets_too_long(options, most):
    assert most_ballots(options) == most
    assert search_steps(options, most) <= STEPS_MAX
    assert options == 2 or search_steps(options, most + 1) > STEPS_MAX


@few(60)
@given(st.integers(1, 8), st.integers(0, 12))
def test_no_search_takes_more_steps_than_it_says(slots, ballots):
    """Counted, not computed: all points of table and walk."""
    halves = decoding._halves([1 << 8 * slot for slot in range(slots)], ballots)
    blocks = [
        block for half in halves for block in decoding._blocks(multiply_base(9), half, ballots)
    ]
    taken = sum(len(points) for points, _ in blocks)
    assert taken <= search_steps(slots + 1, ballots)
    assert all(len(points) == len(exponents) for points, exponents in blocks)


def test_a_small_election_takes_few_steps():
    assert search_steps(2, 10**6) < 2_200
    assert search_steps(3, 10**6) < 2_600_000
    assert search_steps(5, 1000) < 1_100_000


@pytest.mark.parametrize("options", range(2, 33))
def test_what_may_be_decoded_fits_into_the_slots(options):
    most = most_ballots(options)
    assert bits_for(most) * (options - 1) <= 254
    assert require_decodable(options, most) == bits_for(most)


@pytest.mark.parametrize("options", range(3, 33))
def test_one_ballot_more_is_refused_with_the_values(options):
    most = most_ballots(options)
    with pytest.raises(ElectionUndecodable, match="could not be counted") as refused:
        require_decodable(options, most + 1)
    found = refused.value
    assert (found.options, found.ballots, found.most) == (options, most + 1, most)
    assert isinstance(found, UsageError)
    assert f"{most:,}" in found.why
    assert "precincts" in found.hint


@pytest.mark.parametrize("options", [0, 1, 33])
def test_a_question_without_a_choice_is_refused(options):
    with pytest.raises(ElectionUndecodable, match="2 to 32 options"):
        most_ballots(options)


@pytest.mark.parametrize(("ballots", "bits"), [(0, 1), (1, 1), (2, 2), (255, 8), (256, 9)])
def test_bits_hold_every_count(ballots, bits):
    assert bits_for(ballots) == bits
    assert ballots < 2**bits


@pytest.mark.parametrize(("options", "ballots", "count"), [(2, 10, 11), (3, 2, 6), (5, 0, 1)])
def test_splits_are_counted(options, ballots, count):
    assert splits(options, ballots) == count

"""The search for look-alikes finds exactly what comparing with each work would find."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.errors import UsageError
from crmdapp.provenance import near
from crmdapp.provenance.near import Match, NearIndex, distance, nearest_variant

PHASH = 0xD1212C6CBB6B81CF
hashes = st.integers(1, 2**64 - 1)


@pytest.fixture
def few_at_once(monkeypatch):
    """Segments of seven works, so that small tests have several of them."""
    monkeypatch.setattr(near, "_SEGMENT", 7)


def compared_one_by_one(works, variants, bits):
    """What :meth:`NearIndex.search` must find, found the slow way."""
    found = []
    for work, phash in works:
        each = [(distance(variant, phash), place) for place, variant in enumerate(variants)]
        if each and phash and min(each)[0] <= bits:
            found.append(Match(work, *min(each)))
    return sorted(found, key=lambda match: match.distance)


def apart(phash, bits):
    """A hash that differs in the lowest bits."""
    return phash ^ (1 << bits) - 1


def test_distance_counts_the_bits_that_differ():
    assert distance(PHASH, PHASH) == 0
    assert distance(0b1010, 0b0110) == 2
    assert distance(0, 2**64 - 1) == 64


def test_nearest_variant_is_the_first_of_the_nearest():
    variants = [apart(PHASH, 9), apart(PHASH, 2), apart(PHASH, 2), PHASH ^ 1 << 63]
    assert nearest_variant(variants, PHASH) == (3, 1)
    assert nearest_variant(variants[:3], PHASH) == (1, 2)


def test_nearest_variant_refuses_a_file_that_is_no_picture():
    with pytest.raises(UsageError, match="no picture"):
        nearest_variant((), PHASH)


@given(hashes, st.sets(st.integers(0, 63)))
def test_distance_of_flipped_bits_is_their_number(phash, flipped):
    other = phash
    for bit in flipped:
        other ^= 1 << bit
    assert distance(phash, other) == distance(other, phash) == len(flipped)


@given(
    st.lists(hashes, max_size=40),
    st.lists(hashes, max_size=8),
    st.integers(0, 64),
)
def test_search_finds_what_comparing_each_finds(phashes, variants, bits):
    works = list(enumerate(phashes))
    assert NearIndex(works).search(variants, bits) == compared_one_by_one(works, variants, bits)


@given(
    st.lists(st.sets(st.integers(0, 63), max_size=20), min_size=1, max_size=40),
    st.integers(0, 20),
)
def test_search_finds_what_comparing_each_finds_among_look_alikes(flips, bits):
    works = [(n, PHASH ^ sum(1 << bit for bit in each)) for n, each in enumerate(flips)]
    assert NearIndex(works).search([PHASH], bits) == compared_one_by_one(works, [PHASH], bits)


def test_search_finds_what_comparing_each_finds_among_thousands():
    dice = random.Random(7)
    works = [(n, dice.getrandbits(64) or 1) for n in range(40_000)]
    variants = [works[39_999][1] ^ 0b1011, *(dice.getrandbits(64) for _ in range(7))]
    index = NearIndex(works)
    for bits in (0, 3, 8, 16):
        assert index.search(variants, bits) == compared_one_by_one(works, variants, bits)


@given(st.lists(st.tuples(hashes, st.booleans()), max_size=30), st.lists(hashes, max_size=3))
def test_search_finds_works_that_came_after_a_search(steps, variants):
    index, works = NearIndex(), []
    for number, (phash, searches) in enumerate(steps):
        index.add(number, phash)
        works.append((number, phash))
        if searches:
            assert index.search(variants, 30) == compared_one_by_one(works, variants, 30)


def test_search_finds_works_of_all_segments(few_at_once):
    works = [(n, apart(PHASH, n % 5)) for n in range(50)]
    index = NearIndex(works[:20])
    assert len(index.search([PHASH], 0)) == 4
    index.extend(works[20:])
    assert index.search([PHASH], 3) == compared_one_by_one(works, [PHASH], 3)
    assert len(index) == 50


@pytest.mark.parametrize("bits", [0, 1, 8, 16, 63, 64])
def test_search_holds_its_distance(bits):
    index = NearIndex([(1, apart(PHASH, bits))])
    assert index.search([PHASH], bits) == [Match(1, bits, 0)]
    if bits:
        assert index.search([PHASH], bits - 1) == []


def test_search_names_the_variant_and_orders_by_distance():
    index = NearIndex(
        [(30, apart(PHASH, 4)), (10, PHASH), (20, apart(PHASH, 4)), (40, ~PHASH % 2**64)]
    )
    turned = 0x0F0F_3C3C_5A5A_9696
    assert index.search([turned, PHASH], 8) == [Match(10, 0, 1), Match(30, 4, 1), Match(20, 4, 1)]


def test_search_finds_a_work_once_if_several_variants_are_near():
    index = NearIndex([(1, PHASH)])
    assert index.search([apart(PHASH, 2), apart(PHASH, 1), PHASH, PHASH], 8) == [Match(1, 0, 2)]


def test_index_takes_ids_of_tokens():
    token = 2**256 - 1
    assert NearIndex([(token, PHASH)]).search([PHASH], 0) == [Match(token, 0, 0)]


def test_files_that_are_no_pictures_are_near_to_nothing():
    index = NearIndex([(1, 0), (2, 1)])
    assert len(index) == 1
    assert index.search([0], 64) == []
    assert index.search([], 64) == []
    assert index.search([1], 0) == [Match(2, 0, 0)]


def test_search_in_an_empty_index_finds_nothing():
    assert NearIndex().search([PHASH], 64) == []


@pytest.mark.parametrize("phash", [-1, 2**64])
def test_hashes_of_other_lengths_are_refused(phash):
    with pytest.raises(UsageError, match="64 bits"):
        NearIndex().add(1, phash)
    with pytest.raises(UsageError, match="64 bits"):
        NearIndex().search([phash], 8)


@pytest.mark.parametrize("bits", [-1, 65])
def test_search_refuses_a_distance_that_is_none(bits):
    with pytest.raises(UsageError, match=f"not {bits}"):
        NearIndex().search([PHASH], bits)

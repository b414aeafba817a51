"""Decrypting an accumulator: shares, their proofs, any t of them, and results that are lies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.decryption import (
    check_choice_result,
    check_option_result,
    combine,
    partial_decryption,
    read_partial_decryption,
)
from crmdapp.ballots.elgamal import ZERO, Ciphertext, encrypt, total
from crmdapp.ballots.faults import DecryptionIncomplete, PointMalformed, ResultWrong, ShareRefused
from crmdapp.ballots.group import IDENTITY, ORDER, G, encode_point, multiply, multiply_base
from crmdapp.ballots.sharing import evaluate
from crmdapp.ballots.transcripts import shares_context
from tests.ballots.voting import BAD_POINTS, BOX, few, fresh, put

POLYNOMIAL = [0x5EC2E7, 0xC0FFEE]
K = multiply_base(POLYNOMIAL[0])
X = {j: evaluate(POLYNOMIAL, j) for j in (1, 2, 3)}
Y = {j: multiply_base(x) for j, x in X.items()}
BITS = 20


def accumulated(votes):
    return total(encrypt(K, m, fresh().draw("r", b"")) for m in votes)


def context_of(accumulator, **changes):
    fields = {
        "chain_id": 31337,
        "tally": BOX,
        "election": 7,
        "question": 0,
        "group": 0,
        "option": 0,
        "A": encode_point(accumulator.alpha),
        "B": encode_point(accumulator.beta),
        "ballots": 6,
    }
    return shares_context(**{**fields, **changes})


@pytest.fixture
def accumulator():
    """Six ballots over three options: 3, 2, 1."""
    return accumulated([0, 0, 0, 1, 1, 1 << BITS])


def shares_of(accumulator, indices=(1, 2, 3)):
    context = context_of(accumulator)
    posted = {j: partial_decryption(context, j, X[j], accumulator, fresh()) for j in indices}
    return {
        j: read_partial_decryption(context, j, Y[j], accumulator, data)
        for j, data in posted.items()
    }


@few(15)
@given(st.lists(st.integers(0, 2**BITS - 1), min_size=1, max_size=5))
def test_the_sum_is_decrypted(numbers):
    accumulator = accumulated(numbers)
    assert combine(accumulator, shares_of(accumulator), 2) == multiply_base(sum(numbers))


@pytest.mark.parametrize("held", [(1, 2), (1, 3), (2, 3), (1, 2, 3)])
def test_any_t_shares_decrypt(accumulator, held):
    M = combine(accumulator, shares_of(accumulator, held), 2)
    check_choice_result(M, (3, 2, 1), BITS, 6)


def test_fewer_do_not(accumulator):
    with pytest.raises(DecryptionIncomplete, match="1 shares are there, 2 are needed") as missing:
        combine(accumulator, shares_of(accumulator, (2,)), 2)
    assert (missing.value.left, missing.value.needed) == (1, 2)
    D = shares_of(accumulator, (1, 2))
    assert combine(accumulator, {1: D[1]}, 1) != multiply_base(2 + (1 << BITS))


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 1},
        {"tally": "0x" + "11" * 20},
        {"election": 8},
        {"question": 1},
        {"group": 1},
        {"option": 1},
        {"A": encode_point(G)},
        {"B": encode_point(G)},
        {"ballots": 7},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_share_counts_for_one_accumulator(accumulator, change):
    data = partial_decryption(context_of(accumulator), 1, X[1], accumulator, fresh())
    with pytest.raises(ShareRefused, match="does not hold") as refused:
        read_partial_decryption(context_of(accumulator, **change), 1, Y[1], accumulator, data)
    assert refused.value.trustee == 1


def test_a_share_counts_for_one_trustee(accumulator):
    context = context_of(accumulator)
    data = partial_decryption(context, 1, X[1], accumulator, fresh())
    for j, key in ((2, Y[1]), (1, Y[2]), (2, Y[2])):
        with pytest.raises(ShareRefused):
            read_partial_decryption(context, j, key, accumulator, data)


@pytest.mark.parametrize("at", [0, 96, 192, 288])
def test_every_piece_of_a_share_counts(accumulator, at):
    context = context_of(accumulator)
    data = partial_decryption(context, 1, X[1], accumulator, fresh())
    piece = bytes(32) if at == 288 else encode_point(multiply_base(5))
    with pytest.raises(ShareRefused):
        read_partial_decryption(context, 1, Y[1], accumulator, put(data, at, piece))


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
@pytest.mark.parametrize("at", [0, 96, 192])
def test_every_point_of_a_share_is_one_of_the_group(accumulator, at, bad):
    context = context_of(accumulator)
    data = partial_decryption(context, 1, X[1], accumulator, fresh())
    with pytest.raises(ShareRefused):
        read_partial_decryption(context, 1, Y[1], accumulator, put(data, at, bad))


def test_a_share_has_one_length_and_form(accumulator):
    context = context_of(accumulator)
    data = partial_decryption(context, 1, X[1], accumulator, fresh())
    z = int.from_bytes(data[288:], "big") + ORDER
    for wrong in (data[:-1], data + b"\0", put(data, 288, z.to_bytes(32, "big"))):
        with pytest.raises(ShareRefused):
            read_partial_decryption(context, 1, Y[1], accumulator, wrong)


def test_a_lying_share_cannot_be_proved(accumulator):
    """Another x than that of Y_j would move the result."""
    context = context_of(accumulator)
    data = partial_decryption(context, 1, X[1] + 1, accumulator, fresh())
    with pytest.raises(ShareRefused):
        read_partial_decryption(context, 1, Y[1], accumulator, data)


# --------------------------------------------------------------------------- results


def test_a_true_result_is_accepted(accumulator):
    check_choice_result(combine(accumulator, shares_of(accumulator), 2), (3, 2, 1), BITS, 6)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((2, 3, 1), "not what the accumulator holds"),
        ((3, 1, 2), "not what the accumulator holds"),
        ((4, 2, 1), "do not add up to 6 ballots"),
        ((3, 2, 1, 0), None),
        ((4 - 2**BITS, 2 + 2**BITS, 0), "from 0 to 2\\^20"),
        ((3, -1, 4), "from 0 to 2\\^20"),
    ],
)
def test_a_lying_result_is_refused(accumulator, counts, message):
    M = combine(accumulator, shares_of(accumulator), 2)
    if message is None:
        check_choice_result(M, counts, BITS, 6)  # an option that nobody chose
        return
    with pytest.raises(ResultWrong, match=message):
        check_choice_result(M, counts, BITS, 6)


def test_alternative_counts_satisfy_the_point_alone(accumulator):
    """Without bounds and sum, several counts would fit one sum: 2 + 2^b = (2 + 2^b) + 0 2^b."""
    M = combine(accumulator, shares_of(accumulator), 2)
    alternative = (4, 2 + 2**BITS, 0)
    assert multiply_base(alternative[1]) == M
    with pytest.raises(ResultWrong):
        check_choice_result(M, alternative, BITS, sum(alternative))


def test_an_options_result_is_checked():
    M = multiply_base(4)
    check_option_result(M, 4, 6)
    for count, ballots in ((5, 6), (3, 6), (-1, 6), (4 + ORDER, 6), (4, 3)):
        with pytest.raises(ResultWrong):
            check_option_result(M, count, ballots)


def test_randomness_that_cancels_out_needs_no_share():
    """Voters may choose r and -r together; that must not stop the count."""
    accumulator = encrypt(K, 1, 99) + encrypt(K, 0, ORDER - 99)
    assert accumulator.alpha == IDENTITY
    check_choice_result(combine(accumulator, {}, 2), (1, 1), BITS, 2)
    with pytest.raises(PointMalformed):
        partial_decryption(bytes(32), 1, X[1], accumulator, fresh())


def test_the_sum_of_no_ballots_is_nothing():
    assert total([]) == ZERO
    check_choice_result(combine(ZERO, {}, 2), (0, 0), BITS, 0)


def test_a_ciphertext_survives_its_bytes():
    one = encrypt(K, 5, 6)
    assert Ciphertext.decode(one.encode()) == one
    assert one.alpha == multiply_base(6)
    assert one.beta == multiply(K, 6) + multiply_base(5)

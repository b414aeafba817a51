"""Ballots of both kinds: what voters make is accepted, and every change to it is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots import disjunction
from crmdapp.ballots.ballot import Opening, check_opening
from crmdapp.ballots.batches import Entry, verify
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.elgamal import Ciphertext, encrypt
from crmdapp.ballots.faults import BallotRefused
from crmdapp.ballots.group import ORDER, G, encode_point, multiply, multiply_base
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.transcripts import address_word, challenge
from crmdapp.ballots.vector import Vector
from crmdapp.errors import UsageError
from tests.ballots.voting import (
    BAD_POINTS,
    CONTEXT,
    NEIGHBOUR,
    SECRET,
    VOTER,
    K,
    context_of,
    few,
    flipped,
    fresh,
    put,
)

CHOICE, VECTOR = Choice(3, 20), Vector(3, 0, 2)
QUESTIONS = {"choice": (CHOICE, (2,)), "vector": (VECTOR, (0, 2))}
OPTION_BYTES = 6 * 96 + 3 * 32

both = pytest.mark.parametrize(("question", "chosen"), QUESTIONS.values(), ids=QUESTIONS)


def sealed(question, chosen):
    return question.seal(K, CONTEXT, VOTER, chosen, fresh())


def accepted(question, body, *, key=K, context=CONTEXT, voter=VOTER):
    return verify(question, key, context, Entry(voter, body))


def decrypted(ciphertext):
    """The exponent's point."""
    return ciphertext.beta - multiply(ciphertext.alpha, SECRET)


def points_at(question):
    """Where the points of a body start."""
    if isinstance(question, Choice):
        return range(0, (2 + 2 * question.options) * 96, 96)
    parts = [option * OPTION_BYTES for option in range(question.options)]
    inside = [start + 96 * number for start in parts for number in range(6)]
    end = question.options * OPTION_BYTES
    return [*inside, *range(end, end + 2 * 96 * len(question.sums), 96)]


def scalars_at(question):
    """Where the scalars of a body start."""
    points, at, found = set(points_at(question)), 0, []
    while at < question.body_bytes:
        if at not in points:
            found.append(at)
        at += 96 if at in points else 32
    return found


# --------------------------------------------------------------------------- accepted


@few(20)
@given(st.data(), st.integers(2, 7))
def test_a_choice_is_sealed_and_accepted(data, options):
    question = Choice(options, 20)
    option = data.draw(st.integers(0, options - 1))
    ballot = sealed(question, (option,))
    read = accepted(question, ballot.body)
    assert len(ballot.body) == question.body_bytes
    assert read.tracker == ballot.tracker
    assert decrypted(read.ciphertexts[0]) == multiply_base(question.exponents[option])


@few(20)
@given(st.data(), st.integers(2, 5))
def test_a_vector_is_sealed_and_accepted(data, options):
    most = data.draw(st.integers(1, options))
    question = Vector(options, data.draw(st.integers(0, most)), most)
    chosen = data.draw(
        st.lists(st.integers(0, options - 1), min_size=question.minimum, max_size=most, unique=True)
    )
    read = accepted(question, sealed(question, tuple(chosen)).body)
    found = [decrypted(each) for each in read.ciphertexts]
    assert found == [multiply_base(int(option in chosen)) for option in range(options)]


@pytest.mark.parametrize(
    ("question", "length"),
    [
        (Choice(2, 20), 192 + 4 * 96 + 3 * 32),
        (Choice(32, 8), 192 + 64 * 96 + 63 * 32),
        (Vector(5, 1, 1), 5 * OPTION_BYTES + 2 * 96 + 32),
        (Vector(5, 0, 3), 5 * OPTION_BYTES + 8 * 96 + 7 * 32),
    ],
)
def test_body_bytes_are_those_of_the_layout(question, length):
    assert question.body_bytes == length


def test_the_exponents_are_slots():
    assert Choice(4, 20).exponents == (0, 1, 2**20, 2**40)


@both
def test_two_ballots_with_one_vote_share_no_piece(question, chosen):
    one, other = sealed(question, chosen).body, sealed(question, chosen).body
    for at in (*points_at(question), *scalars_at(question)):
        assert one[at : at + 32] != other[at : at + 32]


@both
def test_a_stuck_random_source_does_not_join_two_votes(question, chosen):
    """The same nonces for two votes would show both; hedged ones differ with the vote."""
    nonces = [Nonces(bytes(32), entropy=bytes) for _ in range(2)]
    other = (chosen[0] - 1,) if question is CHOICE else chosen[:1]
    bodies = [
        question.seal(K, CONTEXT, VOTER, vote, drawn).body
        for vote, drawn in zip((chosen, other), nonces, strict=True)
    ]
    for at in points_at(question):
        assert bodies[0][at : at + 96] != bodies[1][at : at + 96]


# --------------------------------------------------------------------------- every change


@both
def test_every_scalar_counts(question, chosen):
    body = sealed(question, chosen).body
    accepted(question, body)
    for at in scalars_at(question):
        with pytest.raises(BallotRefused):
            accepted(question, flipped(body, at + 31))


@both
def test_every_point_counts(question, chosen):
    body = sealed(question, chosen).body
    for at in points_at(question):
        with pytest.raises(BallotRefused):
            accepted(question, put(body, at, encode_point(multiply_base(at + 7))))


@both
@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_every_point_has_to_be_one_of_the_group(question, chosen, bad):
    body = sealed(question, chosen).body
    for at in points_at(question):
        with pytest.raises(BallotRefused, match="no point"):
            accepted(question, put(body, at, bad))


@both
def test_every_scalar_has_one_form(question, chosen):
    body = sealed(question, chosen).body
    for at in scalars_at(question):
        value = int.from_bytes(body[at : at + 32], "big")
        with pytest.raises(BallotRefused, match="not below the group's order"):
            accepted(question, put(body, at, (value + ORDER).to_bytes(32, "big")))


@both
def test_a_body_has_one_length(question, chosen):
    body = sealed(question, chosen).body
    for wrong in (b"", body[:-1], body + b"\0", body[:-32]):
        with pytest.raises(BallotRefused, match=r"has .* bytes, got"):
            accepted(question, wrong)


@both
@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 1},
        {"box": NEIGHBOUR},
        {"election": 8},
        {"question": 1},
        {"definition_hash": bytes(32)},
        {"K": encode_point(K + G)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_ballot_holds_in_one_place(question, chosen, change):
    body = sealed(question, chosen).body
    with pytest.raises(BallotRefused, match="proof does not hold"):
        accepted(question, body, context=context_of(**change))


@both
def test_a_ballot_holds_under_one_key(question, chosen):
    body = sealed(question, chosen).body
    with pytest.raises(BallotRefused, match="proof does not hold"):
        accepted(question, body, key=K + G)


@both
def test_a_copied_ballot_is_refused(question, chosen):
    with pytest.raises(BallotRefused, match="proof does not hold") as refused:
        accepted(question, sealed(question, chosen).body, voter=NEIGHBOUR)
    assert refused.value.voter == NEIGHBOUR


@both
def test_a_rerandomised_copy_is_refused(question, chosen):
    """Adding (s G, s K) hides the copy, but the copier cannot mend the proof."""
    body = sealed(question, chosen).body
    copied = Ciphertext.decode(body[:192]) + encrypt(K, 0, 12345)
    for voter in (VOTER, NEIGHBOUR):
        with pytest.raises(BallotRefused):
            accepted(question, put(body, 0, copied.encode()), voter=voter)


# --------------------------------------------------------------------------- dishonest votes


@pytest.mark.parametrize("m", [2, 3, -1, (1 << 20) + 1, 1 << 40, ORDER - 1, 1000])
@pytest.mark.parametrize("claimed", [0, 1, 2])
def test_a_number_that_is_no_option_cannot_be_proved(m, claimed):
    r = fresh().draw("r", b"")
    ciphertext = encrypt(K, m, r).encode()
    statement = CONTEXT + address_word(VOTER) + ciphertext
    proof = disjunction.prove("choice", statement, K, CHOICE.exponents, (claimed, r), fresh())
    with pytest.raises(BallotRefused, match="proof does not hold"):
        accepted(CHOICE, ciphertext + proof)


def dishonest_vector(numbers, claimed, total):
    """A ballot whose options hold any numbers, proved as if they were others."""
    rs = [fresh().draw("r", b"") for _ in numbers]
    place = CONTEXT + address_word(VOTER)
    pairs = [encrypt(K, m, r).encode() for m, r in zip(numbers, rs, strict=True)]
    everything, body = b"".join(pairs), b""
    for i, pair in enumerate(pairs):
        statement = place + i.to_bytes(32, "big") + everything
        body += pair + disjunction.prove(
            "option", statement, K, (0, 1), (claimed[i], rs[i]), fresh()
        )
    secret = (total - VECTOR.minimum, sum(rs) % ORDER)
    return body + disjunction.prove("sum", place + everything, K, VECTOR.sums, secret, fresh())


def test_the_dishonest_prover_can_be_honest():
    accepted(VECTOR, dishonest_vector((1, 0, 1), (1, 0, 1), 2))


@pytest.mark.parametrize(
    ("numbers", "claimed", "total"),
    [
        ((2, 0, 0), (1, 0, 0), 2),
        ((2, ORDER - 1, 0), (1, 0, 0), 1),
        ((ORDER - 1, 1, 0), (0, 1, 0), 0),
        ((1, 1, 1), (1, 1, 1), 2),
        ((1, 1, 1), (1, 1, 1), 0),
    ],
)
def test_a_vector_out_of_range_cannot_be_proved(numbers, claimed, total):
    with pytest.raises(BallotRefused, match="proof does not hold"):
        accepted(VECTOR, dishonest_vector(numbers, claimed, total))


def test_parts_of_two_ballots_cannot_be_joined():
    one, other = sealed(VECTOR, (0,)).body, sealed(VECTOR, (1,)).body
    for option in range(3):
        start = option * OPTION_BYTES
        with pytest.raises(BallotRefused):
            accepted(VECTOR, put(one, start, other[start : start + OPTION_BYTES]))
    end = 3 * OPTION_BYTES
    with pytest.raises(BallotRefused):
        accepted(VECTOR, one[:end] + other[end:])


def test_options_of_a_ballot_cannot_change_places():
    body = sealed(VECTOR, (0,)).body
    first, second = body[:OPTION_BYTES], body[OPTION_BYTES : 2 * OPTION_BYTES]
    with pytest.raises(BallotRefused):
        accepted(VECTOR, second + first + body[2 * OPTION_BYTES :])


def test_the_challenges_of_the_branches_add_up_to_the_hash():
    body = sealed(CHOICE, (1,)).body
    ballot = CHOICE.read(CONTEXT, VOTER, body)
    proof = ballot.parts[0].proof
    statement = CONTEXT + address_word(VOTER) + body[:192]
    c = challenge("choice", statement, body[192 : 192 + 6 * 96])
    assert sum(proof.c) % ORDER == c


# --------------------------------------------------------------------------- asking wrongly


@pytest.mark.parametrize("chosen", [(), (0, 1), (-1,), (3,)])
def test_a_choice_is_one_option(chosen):
    with pytest.raises(UsageError, match="Choose one option, from 0 to 2"):
        sealed(CHOICE, chosen)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ((3,), "Options are from 0 to 2"),
        ((-1,), "Options are from 0 to 2"),
        ((1, 1), "at most once"),
        ((0, 1, 2), "Choose 0 to 2 options"),
    ],
)
def test_a_vector_is_some_options(chosen, message):
    with pytest.raises(UsageError, match=message):
        sealed(VECTOR, chosen)


def test_a_vector_has_a_least_number():
    with pytest.raises(UsageError, match="Choose 1 to 1 options"):
        sealed(Vector(3, 1, 1), ())


@pytest.mark.parametrize(("options", "bits"), [(1, 20), (33, 1), (2, 0), (2, 255), (3, 128)])
def test_a_choice_has_bounds(options, bits):
    with pytest.raises(UsageError):
        Choice(options, bits)


def test_the_largest_choices_are_possible():
    assert Choice(2, 254).exponents == (0, 1)
    assert max(Choice(3, 127).exponents) == 2**127
    assert Choice(32, 8).body_bytes


@pytest.mark.parametrize(
    ("options", "least", "most"),
    [(1, 0, 1), (33, 0, 1), (3, 2, 1), (3, -1, 1), (3, 0, 4), (3, 0, 0)],
)
def test_a_vector_has_bounds(options, least, most):
    with pytest.raises(UsageError):
        Vector(options, least, most)


# --------------------------------------------------------------------------- challenged ballots


@both
def test_an_opening_shows_the_vote(question, chosen):
    ballot = sealed(question, chosen)
    check_opening(question, K, accepted(question, ballot.body), ballot.opening)


@both
def test_a_false_opening_is_refused(question, chosen):
    ballot = sealed(question, chosen)
    read, opening = accepted(question, ballot.body), ballot.opening
    other = (chosen[0] - 1,) if question is CHOICE else chosen[:1]
    for false in (
        Opening(other, opening.randomness),
        Opening(chosen, tuple(r + 1 for r in opening.randomness)),
        Opening(chosen, opening.randomness[:-1]),
        Opening(chosen, (*opening.randomness, 1)),
    ):
        with pytest.raises(BallotRefused, match="does not hold the vote"):
            check_opening(question, K, read, false)


@both
def test_the_vote_is_never_shown(question, chosen):
    ballot = sealed(question, chosen)
    shown = repr(ballot) + repr(ballot.opening)
    assert "chosen" not in shown
    assert "randomness" not in shown
    assert not any(str(r) in shown for r in ballot.opening.randomness)

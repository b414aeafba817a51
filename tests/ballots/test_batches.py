"""Batches: one multiplication for all ballots, a weight for every equation, the bad ones found."""

from dataclasses import replace

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots import batches, disjunction
from crmdapp.ballots.batches import Entry, find_bad, holds, verify, verify_batch, weights
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.faults import BallotRefused, BatchRefused
from crmdapp.ballots.group import (
    ORDER,
    G,
    decode_settled_point,
    encode_point,
    encode_scalar,
    multiply,
    multiply_base,
)
from crmdapp.ballots.transcripts import address_word, batch_seed, challenge
from crmdapp.ballots.vector import Vector
from tests.ballots.voting import (
    CONTEXT,
    INFINITY,
    ORDER_3,
    SECRET,
    VOTER,
    K,
    few,
    flipped,
    fresh,
    put,
    root,
)

QUESTION = Choice(2, 20)
VOTES_FORGED = 1000


def voter(number):
    return f"0x{number + 1:040x}"


@pytest.fixture(scope="module")
def entries():
    """Twelve ballots of twelve voters."""
    return [
        Entry(voter(number), QUESTION.seal(K, CONTEXT, voter(number), (number % 2,), fresh()).body)
        for number in range(12)
    ]


def checked(entries, question=QUESTION, **options):
    return verify_batch(question, K, CONTEXT, entries, **options)


# --------------------------------------------------------------------------- good and bad


def test_a_batch_of_good_ballots_is_accepted(entries):
    ballots = checked(entries)
    assert [ballot.voter for ballot in ballots] == [entry.voter for entry in entries]
    total = sum(
        (ballot.ciphertexts[0].beta for ballot in ballots[1:]), ballots[0].ciphertexts[0].beta
    )
    alphas = [ballot.ciphertexts[0].alpha for ballot in ballots]
    secret = multiply(sum(alphas[1:], alphas[0]), SECRET)
    assert total - secret == multiply_base(6)


def test_an_empty_batch_is_accepted():
    assert checked([]) == []


def test_a_batch_of_vectors_is_accepted():
    question = Vector(3, 1, 2)
    checked(
        [
            Entry(voter(n), question.seal(K, CONTEXT, voter(n), (n % 3,), fresh()).body)
            for n in range(4)
        ],
        question,
    )


@few(15)
@given(st.sets(st.integers(0, 11)))
def test_the_bad_ones_are_found(bad):
    good = [
        Entry(voter(n), QUESTION.seal(K, CONTEXT, voter(n), (0,), fresh()).body) for n in range(12)
    ]
    mixed = [
        Entry(entry.voter, flipped(entry.body, -1)) if number in bad else entry
        for number, entry in enumerate(good)
    ]
    if not bad:
        assert len(checked(mixed)) == 12
        return
    with pytest.raises(BatchRefused) as refused:
        checked(mixed)
    assert refused.value.bad == tuple(sorted(bad))
    assert len(refused.value.reasons) == len(bad)


def test_malformed_and_unproven_ones_are_reported_together(entries):
    mixed = list(entries)
    mixed[1] = Entry(mixed[1].voter, mixed[1].body[:-1])
    mixed[4] = Entry(mixed[4].voter, flipped(mixed[4].body, -1))
    mixed[7] = Entry(mixed[7].voter, put(mixed[7].body, 0, INFINITY))
    mixed[9] = Entry(mixed[8].voter, mixed[9].body)
    with pytest.raises(BatchRefused, match="4 of 12 ballots") as refused:
        checked(mixed)
    assert refused.value.bad == (1, 4, 7, 9)
    assert [reason[:20] for reason in refused.value.reasons] == [
        "A ballot for this qu",
        "The ballot's proof d",
        "alpha: infinity is n",
        "The ballot's proof d",
    ]


def test_errors_of_two_ballots_do_not_cancel(entries):
    """What one ballot has too much, another has too little."""
    ballots = checked(entries[:2])
    one, other = (ballot.parts[0] for ballot in ballots)
    moved = []
    for part, shift in ((one, G), (other, -G)):
        proof = replace(part.proof, A=(part.proof.A[0] + shift, *part.proof.A[1:]))
        moved.append(replace(part, proof=proof))
    broken = [replace(ballot, parts=(part,)) for ballot, part in zip(ballots, moved, strict=True)]
    assert not holds(K, CONTEXT, broken)
    assert find_bad(K, CONTEXT, broken) == [0, 1]


def test_settled_points_need_no_subgroup_check(entries):
    assert len(checked(entries, read_point=decode_settled_point)) == 12


def test_unsettled_points_do(entries):
    mixed = [Entry(entries[0].voter, put(entries[0].body, 192, ORDER_3)), *entries[1:]]
    with pytest.raises(BatchRefused) as refused:
        checked(mixed)
    assert refused.value.bad == (0,)


# --------------------------------------------------------------------------- weights


def test_every_equation_has_a_weight_of_its_own(entries):
    seed = batch_seed(CONTEXT, [bytes(32)])
    drawn = []
    for number in range(5):
        source = weights(seed, number)
        drawn += [each for _ in range(5) for each in next(source)]
    assert len(set(drawn)) == 50
    assert all(0 < each < 2**128 for each in drawn)
    assert max(drawn).bit_length() > 120


def test_the_weights_follow_from_every_ballot(entries, monkeypatch):
    seeds = []

    def drawn(seed, number):
        seeds.append(seed)
        return weights(seed, number)

    monkeypatch.setattr(batches, "weights", drawn)
    ballots = checked(entries[:3])
    assert set(seeds) == {batch_seed(CONTEXT, [ballot.tracker for ballot in ballots])}


def test_the_weights_are_the_contracts():
    seed = bytes(range(32))
    source = weights(seed, 3)
    next(source)
    drawn = keccak(seed + (3).to_bytes(32, "big") + (1).to_bytes(32, "big"))
    expected = (int.from_bytes(drawn[:16], "big"), int.from_bytes(drawn[16:], "big"))
    assert next(source) == expected


def forged_against_one_weight(question):
    """A ballot with a thousand votes, whose two B equations make up for each other."""
    a, u = 111, (222, 333)
    alpha = multiply_base(a)
    beta = multiply(K, a) + multiply_base(VOTES_FORGED)
    b = (444, 555)
    commitments = b""
    for each, extra in zip(u, b, strict=True):
        commitments += encode_point(multiply_base(each))
        commitments += encode_point(multiply(K, each) + multiply_base(extra))
    ciphertext = encode_point(alpha) + encode_point(beta)
    c = challenge("choice", CONTEXT, address_word(VOTER), ciphertext, commitments)
    # b_0 + b_1 + c_0 v + c_1 (v - 1) = 0 with c_0 + c_1 = c
    c1 = (sum(b) + c * VOTES_FORGED) % ORDER
    cs = ((c - c1) % ORDER, c1)
    z = [(each + one * a) % ORDER for each, one in zip(u, cs, strict=True)]
    return ciphertext + commitments + b"".join(map(encode_scalar, (cs[0], *z)))


def test_one_weight_a_ballot_would_accept_a_thousand_votes(monkeypatch):
    entry = Entry(VOTER, forged_against_one_weight(QUESTION))
    with pytest.raises(BallotRefused, match="proof does not hold"):
        verify(QUESTION, K, CONTEXT, entry)

    def one_weight(seed, number):
        first = next(weights(seed, number))[0]
        while True:
            yield first, first

    monkeypatch.setattr(batches, "weights", one_weight)
    ballot = verify(QUESTION, K, CONTEXT, entry)
    ciphertext = ballot.ciphertexts[0]
    held = ciphertext.beta - multiply(ciphertext.alpha, SECRET)
    assert held == multiply_base(VOTES_FORGED)


# --------------------------------------------------------------------------- weak Fiat-Shamir


def forged_against_a_weak_hash(b):
    """A ballot made after its challenge, or None: possible if the hash leaves the ciphertext out.

    With beta = a K + v G and B_i = u_i K + b_i G the equations ask for c_0 = -b_0 / v and
    c_1 = -b_1 / (v - 1), whose sum must be c: a quadratic equation for v.
    """
    a, u = 111, (222, 333)
    commitments = b""
    for each, extra in zip(u, b, strict=True):
        commitments += encode_point(multiply_base(each))
        commitments += encode_point(multiply(K, each) + multiply_base(extra))
    c = challenge("choice", CONTEXT, address_word(VOTER), commitments)
    half = (sum(b) - c) * pow(2 * c, -1, ORDER) % ORDER
    square = root((half * half + b[0] * pow(c, -1, ORDER)) % ORDER)
    if square is None:
        return None
    v = (square - half) % ORDER
    c0 = -b[0] * pow(v, -1, ORDER) % ORDER
    z = [(u[0] + c0 * a) % ORDER, (u[1] + (c - c0) * a) % ORDER]
    ciphertext = encode_point(multiply_base(a)) + encode_point(multiply(K, a) + multiply_base(v))
    return ciphertext + commitments + b"".join(map(encode_scalar, (c0, *z))), v


def test_a_hash_without_the_ciphertext_would_accept_a_ballot_that_never_decodes(monkeypatch):
    tries = (forged_against_a_weak_hash((number, 555)) for number in range(1, 20))
    body, v = next(found for found in tries if found)
    with pytest.raises(BallotRefused, match="proof does not hold"):
        verify(QUESTION, K, CONTEXT, Entry(VOTER, body))

    honest = disjunction.read

    def weak(name, statement, *others):
        return honest(name, statement[:-192], *others)

    monkeypatch.setattr(disjunction, "read", weak)
    ballot = verify(QUESTION, K, CONTEXT, Entry(VOTER, body))
    ciphertext = ballot.ciphertexts[0]
    assert ciphertext.beta - multiply(ciphertext.alpha, SECRET) == multiply_base(v)
    assert v not in (0, 1)
    assert v.bit_length() > 128


def test_the_attack_would_not_work_on_a_strong_hash():
    """The same forger, whose hash takes the ciphertext, has nothing left to choose."""
    body = QUESTION.seal(K, CONTEXT, VOTER, (1,), fresh()).body
    for shift in range(1, 4):
        beta = encode_point(
            QUESTION.read(CONTEXT, VOTER, body).ciphertexts[0].beta + multiply(G, shift)
        )
        with pytest.raises(BallotRefused):
            verify(QUESTION, K, CONTEXT, Entry(VOTER, put(body, 96, beta)))

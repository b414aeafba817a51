"""Batches and chained hashes as they stand in the record."""

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.faults import BatchMalformed
from crmdapp.ballots.record import (
    CHUNK_VOTERS,
    NO_SIGNATURE,
    CastBallot,
    decode_batch,
    encode_batch,
    next_bulletin,
    roll_chunks,
    roll_hash,
)
from tests.ballots.voting import NEIGHBOUR, VOTER, few

QUESTION = Choice(2, 20)
BODY = bytes(range(256))[: QUESTION.body_bytes % 256] + bytes(
    QUESTION.body_bytes - QUESTION.body_bytes % 256
)


def ballot(index, deadline=0, signature=NO_SIGNATURE, body=BODY):
    return CastBallot(index, deadline, signature, body)


@few(40)
@given(
    st.dictionaries(
        st.integers(0, 2**32 - 1),
        st.tuples(st.integers(0, 2**40 - 1), st.binary(min_size=64, max_size=64)),
        min_size=1,
        max_size=20,
    )
)
def test_a_batch_survives_its_bytes(found):
    ballots = [ballot(index, *others) for index, others in found.items()]
    decoded = decode_batch(QUESTION, encode_batch(ballots))
    assert decoded == tuple(sorted(ballots, key=lambda each: each.index))


def test_a_ballot_has_the_contracts_layout():
    data = encode_batch([ballot(0x01020304, 0x0A0B0C0D0E, b"\x77" * 64)])
    assert data == bytes.fromhex("01020304" + "0a0b0c0d0e" + "77" * 64) + BODY


@pytest.mark.parametrize(
    ("ballots", "message"),
    [
        ([], "1 to 255 ballots, got 0"),
        ([ballot(n) for n in range(256)], "1 to 255 ballots, got 256"),
        ([ballot(3), ballot(3)], "voter 3, behind one of voter 3"),
        ([ballot(2**32)], "32 bits"),
        ([ballot(0, 2**40)], "a deadline 40"),
        ([ballot(-1)], "32 bits"),
        ([ballot(0, signature=bytes(65))], "64 bytes, got 65"),
    ],
    ids=["none", "many", "twice", "index", "deadline", "below zero", "signature"],
)
def test_what_is_no_batch_is_not_encoded(ballots, message):
    with pytest.raises(BatchMalformed, match=message):
        encode_batch(ballots)


def test_what_is_no_batch_is_not_decoded():
    one, other = ballot(1).encode(), ballot(2).encode()
    assert len(decode_batch(QUESTION, one + other)) == 2
    for data in (b"", one[:-1], one + b"\0", other + one, one + one, one * 256):
        with pytest.raises(BatchMalformed):
            decode_batch(QUESTION, data)


def test_a_bulletin_chains_trackers():
    one, other = b"\x01" * 32, b"\x02" * 32
    first = next_bulletin(bytes(28), [one, other])
    assert first == keccak(bytes(28) + keccak(one + other))[:28]
    assert next_bulletin(first, [one]) == keccak(first + keccak(one))[:28]
    assert next_bulletin(bytes(28), [other, one]) != first
    with pytest.raises(ValueError, match="28 bytes"):
        next_bulletin(bytes(32), [one])


def test_a_roll_hash_chains_voters():
    first = keccak(bytes(32) + bytes(12) + bytes.fromhex(VOTER[2:]))
    assert roll_hash([VOTER]) == first
    assert roll_hash([VOTER, NEIGHBOUR]) == roll_hash([NEIGHBOUR], first)
    assert roll_hash([VOTER, NEIGHBOUR]) != roll_hash([NEIGHBOUR, VOTER])
    assert roll_hash([]) == bytes(32)


@pytest.mark.parametrize("count", [0, 1, CHUNK_VOTERS, CHUNK_VOTERS + 1])
def test_a_roll_is_cut_into_chunks(count):
    voters = [f"0x{number + 1:040x}" for number in range(count)]
    chunks = roll_chunks(voters)
    assert [len(chunk) // 20 for chunk in chunks] == [
        min(CHUNK_VOTERS, count - start) for start in range(0, count, CHUNK_VOTERS)
    ]
    assert b"".join(chunks) == b"".join(bytes.fromhex(voter[2:]) for voter in voters)

"""The test vectors: fresh, deterministic, and true by the words of the protocol alone."""

import json

import pytest
from eth_hash.auto import keccak

from crmdapp.ballots.decoding import decode_choice, decode_option
from crmdapp.ballots.group import IDENTITY, ORDER, decode_point, multiply, multiply_base
from tests.ballots.make_vectors import QUESTIONS, VECTORS, Places, records

RECORDS = records(Places())


def raw(text):
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.mark.parametrize("name", RECORDS)
def test_the_files_are_what_the_script_writes(name):
    kept = json.loads((VECTORS / f"{name}.json").read_text())
    assert kept == json.loads(json.dumps(RECORDS[name])), (
        "run: python -m tests.ballots.make_vectors"
    )


def test_no_file_is_left_over():
    assert {path.stem for path in VECTORS.glob("*.json")} == set(RECORDS)


def test_other_places_give_other_vectors():
    other = records(Places(chainId=1))
    assert all(other[name] != RECORDS[name] for name in RECORDS if name != "hash")


def test_the_shares_of_the_key_add_up():
    record = RECORDS["ceremony"]
    x = {j: int(each, 16) for j, each in enumerate(record["x"], start=1)}
    secret = (2 * x[1] - x[2]) % ORDER
    assert multiply_base(secret) == decode_point(raw(record["K"]))


@pytest.mark.parametrize(("name", "number"), [(q[0], n) for n, q in enumerate(QUESTIONS)])
def test_the_counts_are_what_the_sums_hold(name, number):
    record, ceremony = RECORDS[name], RECORDS["ceremony"]
    x = {j: int(each, 16) for j, each in enumerate(ceremony["x"], start=1)}
    secret = (2 * x[1] - x[2]) % ORDER
    for accumulator in record["accumulators"]:
        A, B = decode_point(raw(accumulator["A"])), decode_point(raw(accumulator["B"]))
        M = B - multiply(A, secret)
        expected = decode_point(raw(accumulator["M"])) if accumulator["M"] else IDENTITY
        assert expected == M
        if record["kind"] == "Vector":
            assert [decode_option(M, accumulator["count"])] == accumulator["counts"]
        else:
            found = decode_choice(M, record["options"], record["bits"], accumulator["count"])
            assert list(found) == accumulator["counts"]
    assert record["question"] == number


@pytest.mark.parametrize("name", [name for name, _, _ in QUESTIONS])
def test_seed_and_weights_are_hashes(name):
    record = RECORDS[name]
    trackers = b"".join(raw(ballot["tracker"]) for ballot in record["ballots"])
    assert raw(record["seed"]) == keccak(raw(record["context"]) + trackers)
    for m, branches in enumerate(record["weights"]):
        for n, (first, second) in enumerate(branches):
            drawn = keccak(raw(record["seed"]) + m.to_bytes(32, "big") + n.to_bytes(32, "big"))
            assert int(first, 16) << 128 | int(second, 16) == int.from_bytes(drawn, "big")

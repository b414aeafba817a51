"""What is hashed: tags, and that no field can be changed, dropped or moved."""

import pytest
from eth_hash.auto import keccak

from crmdapp.ballots.group import ORDER, G, encode_point, multiply_base
from crmdapp.ballots.transcripts import (
    address_word,
    ballot_context,
    batch_seed,
    ceremony_context,
    challenge,
    shares_context,
    tag,
    tracker,
    word,
)
from tests.ballots.voting import BOX, CONTEXT, NEIGHBOUR, PLACE, VOTER

CEREMONY = {"chain_id": 31337, "board": BOX, "election": 7, "round": 0}
SHARES = {
    "chain_id": 31337,
    "tally": BOX,
    "election": 7,
    "question": 2,
    "group": 3,
    "option": 1,
    "A": encode_point(G),
    "B": encode_point(multiply_base(2)),
    "ballots": 20,
}


def changed(value):
    if isinstance(value, int):
        return value + 1
    return NEIGHBOUR if isinstance(value, str) else bytes([value[0] ^ 1]) + value[1:]


def test_a_tag_is_the_hash_of_its_name():
    assert tag("choice") == keccak(b"crmdapp.ballots.v1.choice")


def test_a_challenge_is_the_hash_modulo_the_order():
    digest = keccak(tag("sum") + word(1) + encode_point(G))
    assert challenge("sum", word(1), encode_point(G)) == int.from_bytes(digest, "big") % ORDER


def test_tags_separate():
    assert len({challenge(name, word(1)) for name in ("choice", "option", "sum", "share")}) == 4


def test_the_context_is_what_the_contract_hashes():
    words = [31337, int(BOX, 16), 7, 0]
    packed = b"".join(each.to_bytes(32, "big") for each in words)
    expected = keccak(
        keccak(b"crmdapp.ballots.v1.context") + packed + PLACE["definition_hash"] + PLACE["K"]
    )
    assert expected == CONTEXT


@pytest.mark.parametrize(
    ("hashed", "fields"),
    [(ballot_context, PLACE), (ceremony_context, CEREMONY), (shares_context, SHARES)],
    ids=["context", "ceremony", "shares"],
)
def test_every_field_counts(hashed, fields):
    found = {hashed(**fields)}
    for name, value in fields.items():
        found.add(hashed(**{**fields, name: changed(value)}))
    assert len(found) == len(fields) + 1


def test_neighbouring_fields_do_not_mix():
    one = shares_context(**{**SHARES, "group": 1, "option": 2})
    other = shares_context(**{**SHARES, "group": 2, "option": 1})
    assert one != other


def test_a_tracker_takes_context_voter_and_body():
    trackers = {
        tracker(CONTEXT, VOTER, b"body"),
        tracker(CONTEXT, NEIGHBOUR, b"body"),
        tracker(CONTEXT, VOTER, b"bodz"),
        tracker(bytes(32), VOTER, b"body"),
    }
    assert len(trackers) == 4
    assert tracker(CONTEXT, VOTER, b"body") == keccak(CONTEXT + address_word(VOTER) + b"body")


def test_a_seed_takes_the_trackers_in_order():
    one, other = bytes(32), b"\x01" * 32
    assert batch_seed(CONTEXT, [one, other]) == keccak(CONTEXT + one + other)
    assert batch_seed(CONTEXT, [one, other]) != batch_seed(CONTEXT, [other, one])


@pytest.mark.parametrize("address", ["", "0x", VOTER[2:], VOTER + "0", "0x" + "zz" * 20])
def test_address_word_refuses(address):
    with pytest.raises(ValueError, match=r"address|hexadecimal"):
        address_word(address)


def test_address_word_ignores_case():
    assert address_word("0x" + "aB" * 20) == bytes(12) + b"\xab" * 20


@pytest.mark.parametrize("value", [-1, 2**256])
def test_word_refuses(value):
    with pytest.raises(OverflowError):
        word(value)


@pytest.mark.parametrize("change", [{"definition_hash": b"short"}, {"K": bytes(95)}])
def test_a_part_of_another_width_is_refused(change):
    with pytest.raises(ValueError, match="bytes"):
        ballot_context(**{**PLACE, **change})

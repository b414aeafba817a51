"""Leaves and heads: hashed as OpenZeppelin's tree and the contract hash them; the ring of heads."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.customers.heads import HeadEntry, HeadsTree
from crmdapp.customers.heads import HeadProof as Proof
from crmdapp.customers.leaves import (
    NO_WORD,
    Interaction,
    InteractionKind,
    customer_word,
    index_of,
    kind_name,
    log_of,
    next_head,
    operator_of,
    parse_kind,
    payload_hash,
    pseudonym_of,
)
from crmdapp.errors import UsageError

ROOT = Path(__file__).parents[2]
TYPES = [
    "bytes32",
    "uint64",
    "bytes32",
    "uint64",
    "bytes32",
    "uint16",
    "uint40",
    "bytes32",
    "bytes32",
]
HEAD_TYPES = ["bytes32", "bytes32", "bytes32", "uint64", "bytes32"]
COMPANY = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
LOG = log_of(COMPANY, 7)

words = st.binary(min_size=32, max_size=32)
interactions = st.builds(
    Interaction,
    log=words,
    seq=st.integers(1, 2**64 - 1),
    pseudonym=words,
    customer_seq=st.integers(1, 2**64 - 1),
    previous_leaf=words,
    kind=st.integers(1, 2**16 - 1),
    time=st.integers(0, 2**40 - 1),
    consent_id=words,
    payload_hash=words,
)


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def interaction(seq: int = 1, **changes) -> Interaction:
    values = {
        "log": LOG,
        "seq": seq,
        "pseudonym": keccak(b"customer"),
        "customer_seq": seq,
        "previous_leaf": NO_WORD,
        "kind": InteractionKind.VISIT,
        "time": 1_790_000_000,
        "consent_id": NO_WORD,
        "payload_hash": keccak(b"payload"),
    }
    return Interaction(**{**values, **changes})


def values_of(item: Interaction) -> list:
    names = Interaction.__slots__
    return [int(v) if isinstance(v := getattr(item, name), int) else v for name in names]


# ----------------------------------------------------------------- leaves


@given(interactions)
def test_leaf_is_the_double_hash_of_the_abi_encoding(item):
    assert item.leaf == keccak(keccak(encode(TYPES, values_of(item))))


@given(st.builds(HeadEntry, words, words, words, st.integers(1, 2**64 - 1), words))
def test_head_leaf_is_the_double_hash_of_the_abi_encoding(entry):
    values = [getattr(entry, name) for name in HeadEntry.__slots__]
    assert entry.leaf == keccak(keccak(encode(HEAD_TYPES, values)))


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64])
def test_tree_and_proofs_are_those_of_openzeppelins_library(count):
    items = [interaction(seq) for seq in range(1, count + 1)]
    values = [
        ["0x" + v.hex() if isinstance(v, bytes) else v for v in values_of(item)] for item in items
    ]
    done = subprocess.run(
        ["node", "tests/customers/openzeppelin_tree.cjs"],
        input=json.dumps({"types": TYPES, "values": values}),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    theirs = json.loads(done.stdout)
    tree = MerkleTree([item.leaf for item in items])
    assert "0x" + tree.root.hex() == theirs["root"]
    ours = [["0x" + node.hex() for node in tree.proof(index)] for index in range(count)]
    assert ours == theirs["proofs"]


def test_an_inner_node_is_no_leaf_of_any_interaction():
    # The second preimage: the 64 bytes below a node, offered as what a leaf is the hash of.
    leaves = [interaction(seq).leaf for seq in range(1, 5)]
    tree = MerkleTree(leaves)
    sibling, uncle = tree.proof(0)
    below = b"".join(sorted((leaves[0], sibling)))
    node = keccak(below)
    assert root_of(node, (uncle,)) == tree.root
    assert root_of(keccak(keccak(below)), (uncle,)) != tree.root  # leaves are hashed twice


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("log", b"\x01" * 31),
        ("pseudonym", b""),
        ("previous_leaf", b"\x01" * 33),
        ("consent_id", None),
        ("payload_hash", "0x" + "00" * 32),
        ("seq", 0),
        ("seq", 2**64),
        ("customer_seq", 0),
        ("kind", 0),
        ("kind", 2**16),
        ("time", 2**40),
        ("time", -1),
    ],
)
def test_interaction_refuses_what_the_contract_has_no_room_for(field, value):
    with pytest.raises(UsageError, match=field):
        interaction(**{field: value})


@given(interactions)
def test_interaction_survives_json(item):
    data = json.loads(json.dumps(item.to_json()))
    assert Interaction.from_json(JsonFields(data, "interaction")) == item


@pytest.mark.parametrize("kind", [kind for kind in InteractionKind if kind])
def test_kinds_have_names(kind):
    assert parse_kind(kind_name(kind)) == kind
    assert parse_kind(str(int(kind))) is kind


@pytest.mark.parametrize("text", ["none", "0", "65536", "lunch", "", "-1", "1" * 5_000])
def test_parse_kind_refuses_what_is_none(text):
    with pytest.raises(UsageError):
        parse_kind(text)


def test_a_kind_of_the_future_is_a_number():
    assert (parse_kind("900"), kind_name(900)) == (900, "900")


# ----------------------------------------------------------------- ids


def test_log_names_its_operator_and_number():
    assert LOG.hex() == COMPANY[2:].lower() + "00" * 11 + "07"
    assert (operator_of(LOG), index_of(LOG)) == (COMPANY, 7)


@pytest.mark.parametrize("index", [-1, 2**96])
def test_log_of_refuses_a_number_out_of_range(index):
    with pytest.raises(UsageError, match="log's number"):
        log_of(COMPANY, index)


def test_pseudonym_depends_on_log_customer_and_salt():
    customer, salt = customer_word(COMPANY), keccak(b"salt")
    known = pseudonym_of(LOG, customer, salt)
    others = {
        pseudonym_of(log_of(COMPANY, 8), customer, salt),
        pseudonym_of(LOG, word(1), salt),
        pseudonym_of(LOG, customer, keccak(b"other salt")),
    }
    assert len(others - {known}) == 3


def test_customer_is_an_address_or_a_profile():
    assert customer_word(COMPANY) == bytes(12) + bytes.fromhex(COMPANY[2:])
    assert customer_word("0x" + "ab" * 31 + "00") == b"\xab" * 31 + b"\x00"


@pytest.mark.parametrize("text", ["", "0x", "someone@example.com", "0x" + "zz" * 32])
def test_customer_word_refuses_anything_else(text):
    with pytest.raises(UsageError):
        customer_word(text)


def test_payload_hash_needs_a_whole_salt():
    assert payload_hash(word(1), b"{}") == keccak(word(1) + b"{}")
    with pytest.raises(UsageError) as refused:
        payload_hash(b"secret", b"{}")
    assert "secret" not in str(refused.value)


def test_next_head_is_the_contracts():
    kinds = ["bytes32", "bytes32", "bytes32", "uint64", "uint40"]
    values = (word(1), word(2), word(3), 4, 5)
    assert next_head(*values) == keccak(encode(kinds, values))


# ----------------------------------------------------------------- the ring of heads

rings = st.dictionaries(words, st.tuples(st.integers(1, 9), words), min_size=1, max_size=20)


@given(rings, words)
def test_heads_tree_proves_who_is_there_and_who_is_not(heads, stranger):
    tree = HeadsTree(LOG, heads)
    for pseudonym, (seq, head) in heads.items():
        proof = tree.proof(pseudonym)
        assert (proof.entry.pseudonym, proof.entry.customer_seq) == (pseudonym, seq)
        assert (proof.entry.head, proof.root) == (head, tree.root)
        assert not proof.entry.skips(pseudonym)
    if stranger not in heads:
        proof = tree.proof(stranger)
        assert proof.root == tree.root
        assert proof.entry.skips(stranger)


@given(rings, words)
def test_exactly_one_entry_covers_a_pseudonym(heads, anybody):
    tree = HeadsTree(LOG, heads)
    entries = [tree.proof(pseudonym).entry for pseudonym in heads]
    covering = [e for e in entries if e.pseudonym == anybody or e.skips(anybody)]
    assert len(covering) == 1


def test_the_last_entry_goes_round_to_the_first():
    tree = HeadsTree(LOG, {word(n): (1, word(n)) for n in (10, 20, 30)})
    last = tree.proof(word(40)).entry
    assert (last.pseudonym, last.next_pseudonym) == (word(30), word(10))
    assert tree.proof(word(5)).entry == last
    assert [last.skips(word(n)) for n in (5, 10, 15, 30, 40)] == [True, False, False, False, True]


def test_one_customer_alone_skips_everybody_else():
    entry = HeadsTree(LOG, {word(10): (1, word(1))}).proof(word(11)).entry
    assert entry.pseudonym == entry.next_pseudonym == word(10)
    assert [entry.skips(word(n)) for n in (9, 10, 11)] == [True, False, True]


def test_head_proof_survives_json_and_shows_an_edit():
    tree = HeadsTree(LOG, {word(n): (n, word(n)) for n in range(1, 6)})
    proof = tree.proof(word(3))
    assert Proof.from_json(JsonFields(json.loads(json.dumps(proof.to_json())), "proof")) == proof
    assert replace(proof, entry=replace(proof.entry, customer_seq=2)).root != tree.root


def test_a_proof_is_not_endless():
    data = HeadsTree(LOG, {word(1): (1, word(1))}).proof(word(1)).to_json()
    data["proof"] = ["0x" + "00" * 32] * 65
    with pytest.raises(UsageError, match="at most 64"):
        Proof.from_json(JsonFields(data, "proof"))


def test_leaves_load_neither_web3_nor_eth_account():
    code = "import crmdapp.customers.leaves, sys; print({'web3', 'eth_account'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

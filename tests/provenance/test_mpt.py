"""Proofs of storage, against the Ethereum project's own trees."""

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from crmdapp.chain import _rlp
from crmdapp.chain._keccak import keccak
from crmdapp.provenance.mpt import StateProofInvalid, storage_word, value_at

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5))
PAIRS = st.dictionaries(
    st.binary(min_size=1, max_size=6), st.binary(min_size=1, max_size=80), min_size=1, max_size=40
)
ADDRESS = "0x" + "11" * 20


def tree_of(pairs):
    tree = HexaryTrie({})
    for key, value in pairs.items():
        tree[keccak(key)] = value
    return tree


def proof_of(tree, key):
    """The nodes that eth_getProof gives: those that have a hash of their own."""
    nodes = [rlp.encode(node) for node in tree.get_proof(keccak(key))]
    return [raw for n, raw in enumerate(nodes) if n == 0 or len(raw) >= 32]


# ----------------------------------------------------------------- encoding


@given(ITEMS)
def test_decode_reads_what_the_peer_writes(item):
    raw = rlp.encode(item)
    assert _rlp.decode(raw) == item
    if isinstance(item, bytes) or all(isinstance(part, bytes) for part in item):
        assert _rlp.encode(item) == raw


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "81",
        "8101",
        "b800",
        "b90001ff",
        "c1",
        "c281",
        "8080",
        "c0c0",
        "f800",
        "b837" + "00" * 54,
    ],
    ids=[
        "nothing",
        "cut",
        "not shortest",
        "long form of nothing",
        "leading zero",
        "cut list",
        "cut item",
        "two items",
        "two lists",
        "long form of an empty list",
        "cut long",
    ],
)
def test_decode_refuses_what_is_not_the_one_encoding(raw):
    with pytest.raises(_rlp.RlpInvalid):
        _rlp.decode(bytes.fromhex(raw))


def test_decode_refuses_what_is_nested_too_deep():
    raw = b"\xc0"
    for _ in range(40):
        raw = _rlp._prefix(len(raw), 0xC0) + raw
    with pytest.raises(_rlp.RlpInvalid):
        _rlp.decode(raw)


# ----------------------------------------------------------------- trees


@given(PAIRS, st.binary(min_size=1, max_size=6))
def test_value_at_finds_what_is_there_and_proves_what_is_not(pairs, other):
    tree = tree_of(pairs)
    for key, value in pairs.items():
        assert value_at(tree.root_hash, key, proof_of(tree, key)) == value
    if other not in pairs:
        assert value_at(tree.root_hash, other, proof_of(tree, other)) is None


def test_value_at_knows_the_empty_tree():
    root = keccak(b"\x80")
    assert value_at(root, b"key", []) is None
    assert value_at(root, b"key", [b"\x80"]) is None


@pytest.fixture(scope="module")
def tree():
    return tree_of({bytes([n]): bytes([n]) * 40 for n in range(1, 60)})


def test_value_at_refuses_a_node_that_was_altered(tree):
    proof = proof_of(tree, b"\x07")
    for n in range(len(proof)):
        forged = list(proof)
        forged[n] = forged[n][:-1] + bytes([forged[n][-1] ^ 1])
        with pytest.raises(StateProofInvalid, match="does not lead to the header's state root"):
            value_at(tree.root_hash, b"\x07", forged)


def test_value_at_refuses_a_proof_that_is_cut_or_goes_on(tree):
    proof = proof_of(tree, b"\x07")
    with pytest.raises(StateProofInvalid, match="ends before the value"):
        value_at(tree.root_hash, b"\x07", proof[:-1])
    with pytest.raises(StateProofInvalid, match="goes on after its end"):
        value_at(tree.root_hash, b"\x07", [*proof, proof[-1]])
    with pytest.raises(StateProofInvalid, match="at most"):
        value_at(tree.root_hash, b"\x07", proof * 40)


def test_value_at_refuses_the_proof_of_another_key(tree):
    with pytest.raises(StateProofInvalid):
        value_at(tree.root_hash, b"\x08", proof_of(tree, b"\x07"))


def test_value_at_refuses_another_root(tree):
    with pytest.raises(StateProofInvalid):
        value_at(keccak(b"other"), b"\x07", proof_of(tree, b"\x07"))


# ----------------------------------------------------------------- storage


def account_with(storage_root):
    return rlp.encode([b"\x01", b"\x05", storage_root, keccak(b"")])


def state_with(account):
    return tree_of({bytes.fromhex(ADDRESS[2:]): account, b"other": b"x" * 40})


def test_storage_word_reads_a_word_through_both_trees():
    slots = tree_of({bytes(32): rlp.encode(b"\xab\xcd"), bytes(31) + b"\1": rlp.encode(b"\2")})
    state = state_with(account_with(slots.root_hash))
    proofs = proof_of(state, bytes.fromhex(ADDRESS[2:])), proof_of(slots, bytes(32))
    word = storage_word(state.root_hash, ADDRESS, bytes(32), *proofs)
    assert word == bytes(30) + b"\xab\xcd"


def test_storage_word_is_zero_where_nothing_is_kept():
    state = state_with(account_with(keccak(b"\x80")))
    proof = proof_of(state, bytes.fromhex(ADDRESS[2:]))
    assert storage_word(state.root_hash, ADDRESS, bytes(32), proof, []) == bytes(32)


def test_storage_word_names_an_account_that_there_is_not():
    state = tree_of({b"other": b"x" * 40})
    proof = proof_of(state, bytes.fromhex(ADDRESS[2:]))
    with pytest.raises(StateProofInvalid, match="has no account"):
        storage_word(state.root_hash, ADDRESS, bytes(32), proof, [])


@pytest.mark.parametrize("account", [b"\x05" * 40, rlp.encode([b"1", b"2", b"3"])])
def test_storage_word_refuses_what_is_no_account(account):
    state = state_with(account)
    proof = proof_of(state, bytes.fromhex(ADDRESS[2:]))
    with pytest.raises(StateProofInvalid):
        storage_word(state.root_hash, ADDRESS, bytes(32), proof, [])


@pytest.mark.parametrize("word", [b"", b"\0\1", b"\1" * 33], ids=["empty", "padded", "too long"])
def test_storage_word_refuses_what_is_no_word(word):
    slots = tree_of({bytes(32): rlp.encode(word), b"other": b"x" * 40})
    state = state_with(account_with(slots.root_hash))
    proofs = proof_of(state, bytes.fromhex(ADDRESS[2:])), proof_of(slots, bytes(32))
    with pytest.raises(StateProofInvalid, match="no storage word"):
        storage_word(state.root_hash, ADDRESS, bytes(32), *proofs)

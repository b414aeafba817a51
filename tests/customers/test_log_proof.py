"""Proofs of interactions: true if and only if the interaction is in the batch."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain._keccak import keccak
from crmdapp.chain.merkle import root_of
from crmdapp.customers.log_proof import InteractionProof, ProofInvalid
from crmdapp.errors import UsageError
from tests.customers.books import CUSTOMER, FRIEND, STRANGER, Books


@pytest.fixture
def books():
    """Two batches: four visits of the customer and three of the friend, then two of each."""
    books = Books()
    for count in (4, 2):
        books.notes(count)
        books.notes(count - (count == 4), FRIEND)
        books.anchor()
    return books


@pytest.fixture
def proof(books):
    """Of the customer's second visit."""
    return books.proof(books.receipts[1].leaf)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
def test_a_proof_holds_exactly_for_the_leaves_of_its_batch(counts, data):
    books = Books()
    for count in counts:
        books.notes(count)
        books.anchor()
    chosen = data.draw(st.sampled_from(books.noted))
    proof = books.proof(chosen.leaf)
    home = proof.verify(books.batches)
    assert home.first_seq <= chosen.seq <= home.last_seq
    other = data.draw(st.sampled_from(books.noted))
    claimed = replace(proof, interaction=other, leaf=other.leaf, heads=None)
    if other == chosen:
        assert claimed.verify(books.batches) == home
    else:
        with pytest.raises(ProofInvalid):
            claimed.verify(books.batches)


def test_every_change_of_a_proof_is_caught(books, proof):
    other = books.noted[0]
    word = keccak(b"other")
    batch, heads = proof.batch, proof.heads
    changed = {
        "leaf": replace(proof, leaf=word),
        "interaction": replace(proof, interaction=other),
        "leaf and interaction": replace(proof, leaf=other.leaf, interaction=other),
        "log": replace(proof, log=word),
        "kind": replace(proof, interaction=replace(proof.interaction, kind=9)),
        "shorter": replace(proof, proof=proof.proof[:-1]),
        "longer": replace(proof, proof=(*proof.proof, word)),
        "turned": replace(proof, proof=proof.proof[::-1]),
        "number": replace(proof, number=2),
        "number 0": replace(proof, number=0),
        "number 3": replace(proof, number=3),
        "head before": replace(proof, previous_head=word),
        "leaves root": replace(proof, batch=replace(batch, leaves_root=word)),
        "heads root": replace(proof, batch=replace(batch, heads_root=word)),
        "count": replace(proof, batch=replace(batch, count=batch.count + 1)),
        "time": replace(proof, batch=replace(batch, anchored_at=batch.anchored_at - 1)),
        "head": replace(proof, heads=replace(heads, entry=replace(heads.entry, head=word))),
        "head of another": replace(proof, heads=books.heads[0].proof(FRIEND)),
        "head of then": replace(proof, heads=books.heads[1].proof(CUSTOMER)),
    }
    assert proof.verify(books.batches) == books.batches[0]
    assert [name for name, item in changed.items() if is_true(item, books)] == []


def is_true(proof, books):
    try:
        proof.verify(books.batches)
    except ProofInvalid:
        return False
    return True


def test_an_inner_node_proves_nothing(books, proof):
    node = root_of(proof.leaf, proof.proof[:1])
    hidden = replace(proof, leaf=node, proof=proof.proof[1:], interaction=None, heads=None)
    assert root_of(node, hidden.proof) == proof.batch.leaves_root
    with pytest.raises(ProofInvalid, match="shows a hash"):
        hidden.verify(books.batches)
    with pytest.raises(ProofInvalid, match="another interaction"):
        hidden.verify(books.batches, proof.interaction)


def test_a_proof_of_a_hash_alone_needs_the_interaction(books, proof):
    bare = replace(proof, interaction=None)
    assert bare.verify(books.batches, proof.interaction) == books.batches[0]
    with pytest.raises(ProofInvalid, match="shows a hash"):
        bare.verify(books.batches)
    with pytest.raises(ProofInvalid, match="another interaction"):
        bare.verify(books.batches, books.noted[0])


def test_an_interaction_outside_its_batchs_places_is_caught():
    books = Books()
    books.note(seq=7)
    books.anchor()
    with pytest.raises(ProofInvalid, match="number 7 of the log"):
        books.proof(books.receipts[0].leaf).verify(books.batches)


def test_heads_that_leave_the_interaction_out_are_caught():
    books = Books()
    first, second = books.notes(2)
    books.anchor(heads={CUSTOMER: (1, first.leaf), FRIEND: (1, keccak(b"x"))})
    assert books.proof(first.leaf).verify(books.batches)
    with pytest.raises(ProofInvalid, match="leaves the interaction out"):
        books.proof(second.leaf).verify(books.batches)


def test_heads_with_another_interaction_at_the_same_place_are_caught():
    books = Books()
    receipt = books.note()
    books.anchor(heads={CUSTOMER: (1, keccak(b"another"))})
    with pytest.raises(ProofInvalid, match="two interactions at one place"):
        books.proof(receipt.leaf).verify(books.batches)


def test_the_tree_of_heads_shows_that_a_stranger_is_not_there(books):
    for tree in books.heads:
        found = tree.proof(STRANGER)
        assert found.entry.skips(STRANGER)
        assert not found.entry.skips(CUSTOMER)
        assert not found.entry.skips(FRIEND)


def test_a_proof_survives_json(proof):
    assert InteractionProof.from_json(json.dumps(proof.to_json())) == proof
    bare = replace(proof, interaction=None, heads=None)
    assert InteractionProof.from_json(json.dumps(bare.to_json())) == bare


@pytest.mark.parametrize("name", ["chainId", "contract", "log", "leaf", "proof", "batch"])
def test_from_json_names_what_is_missing(proof, name):
    data = proof.to_json()
    del data[name]
    with pytest.raises(UsageError, match=name):
        InteractionProof.from_json(data)

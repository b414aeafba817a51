"""OpenZeppelin's standard Merkle tree: its layout, its proofs, its hashing of leaves."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.errors import UsageError

# Printed by OpenZeppelin's library (npm @openzeppelin/merkle-tree): the tree of twelve leaves in
# `src/standard.test.ts.md` (seed 0), the leaf of "a" in `test/dumps/standard-v1.1_0_6.json`, and
# the root of the two values in its README.
TWELVE = [
    "157e9c38a2614a4493a0e4c38e84a1b43a932665e4d42fa2bf345824b9f101b7",
    "cd255af645cd649e62c7e56d324bc8b525a39bd311e05a1a5de00d73ff1fe253",
    "cdf36ec033d7950f6d6e01f9a66a67c3940ea15650a1300a5015d068c4543cf3",
    "276d63ffce14279caf791d010be5c715c64ec407dba2857628a9741fcd18bcd4",
    "f1e0e7f88a5f498d37d5a40af968ad629eabc52b908b9575f3a9735b3cf3a28b",
    "cd9fc8f6b33a02d7a601b0c77e7d36f230bc7871623435fe9aecb52887efefc1",
    "70ce5864fbf25654a2d3319cab6df02731e260754370f6444c03678b7e5b616a",
    "c9487ccb1a15e20f708fd5d6a93b049034d1ec516624b927b5f88ab37f20d06d",
    "ada38b6fdf007666bf5b19773191f484c99c249e44e1b07d5218f9eefb5ff9b3",
    "0b592340f8a37b1fd772c131d85d1fe11f5b5a14ff1575163be1f48cdb569b60",
    "18c5e1f567b176b912f504943387285ba231aba9fab91569f5d90e3d72e881ba",
    "fff0acc0b7c7dd4dca88db8b9ea4cb251797946d4bf09314f9487d079cbc8168",
    "f37f0986a1809cffdf18075f7ff12bdfbc6b46ac4966cbc1dbecf50e59b8146f",
    "c141a2c1fa419824b43dbded51a5087ffe99d20964d995f96fb619781a6662d2",
    "b2ec04776c599a72b9b1d2dfdee91560dc9f479643e201020ded568f68c06a80",
    "a596ffee17c3519d0311edb25ac6d28e08407856a2c6fd1db81a9260295f2851",
    "8cf4ffe7174807707948cd21858ba8360b8f37a69e12696a722c9a500970b7dd",
    "6de05019198fcc90ba19896fca48ba0c8f9dd00b7264c7a22284351f3652ea5c",
    "67c6abdc93cb48b54a8f8e02762d6582ba99455b1112824fa2913e51c14610a3",
    "53e63148bd7b5c974996c9469d0fcc9e764d34ddafec28eabb4a93399eb8b882",
    "53722a4093d3d803b22250c797e0d4fdda3aebfd9c151c8c775ffa8b440f4629",
    "4bda3fa8b7e83fdab2048e0faa3fc2edc803df4f2df2996309c71d9d560ea667",
    "02ad059b3cbe14ca74695645b9287bab95865054a44f35870ccb3224d57ae497",
]
LEAF_OF_A = "9c15a6a0eaeed500fd9eed4cbeab71f797cefcc67bfd46683e4d2e6ff7f06d1c"
ROOT_OF_TWO = "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"


def openzeppelin_leaf(kinds, values):
    return keccak(keccak(encode(kinds, values)))


def test_the_tree_is_openzeppelins():
    nodes = [bytes.fromhex(node) for node in TWELVE]
    leaves = nodes[11:]
    tree = MerkleTree(leaves)
    assert tree.root == nodes[0]
    # Their proof of the node at place 15 is its sibling, then the siblings of 7, 3 and 1.
    assert tree.proof(leaves.index(nodes[15])) == (nodes[16], nodes[8], nodes[4], nodes[2])
    assert tree.proof(leaves.index(nodes[11])) == (nodes[12], nodes[6], nodes[1])


def test_a_leaf_is_hashed_twice_as_openzeppelin_does():
    assert openzeppelin_leaf(["string"], ["a"]).hex() == LEAF_OF_A
    rows = [("0x" + "11" * 20, 5 * 10**18), ("0x" + "22" * 20, 25 * 10**17)]
    leaves = [openzeppelin_leaf(["address", "uint256"], row) for row in rows]
    assert MerkleTree(leaves).root.hex() == ROOT_OF_TWO


@given(st.sets(st.binary(min_size=32, max_size=32), min_size=1, max_size=70).map(list))
def test_every_proof_leads_to_the_root_and_no_other_does(leaves):
    tree = MerkleTree(leaves)
    for index, leaf in enumerate(leaves):
        assert root_of(leaf, tree.proof(index)) == tree.root
    stranger = keccak(b"".join(leaves))
    assert root_of(stranger, tree.proof(0)) != tree.root


def test_one_leaf_is_the_root():
    tree = MerkleTree([b"\x07" * 32])
    assert (tree.root, tree.proof(0), len(tree)) == (b"\x07" * 32, (), 1)


def test_equal_leaves_each_have_a_proof():
    tree = MerkleTree([b"\x07" * 32] * 3)
    assert {root_of(b"\x07" * 32, tree.proof(index)) for index in range(3)} == {tree.root}


@pytest.mark.parametrize("leaves", [[], [b"\x01" * 31], [b"\x01" * 32, b""]])
def test_a_tree_refuses_what_are_no_leaves(leaves):
    with pytest.raises(UsageError, match="32 bytes"):
        MerkleTree(leaves)


@pytest.mark.parametrize("index", [-1, 2])
def test_proof_refuses_an_index_that_is_not_there(index):
    with pytest.raises(UsageError, match="0 to 1"):
        MerkleTree([b"\x01" * 32, b"\x02" * 32]).proof(index)

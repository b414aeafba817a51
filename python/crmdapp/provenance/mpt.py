"""What an account's storage holds, proved against the state root in a block's header.

A node that answers ``eth_getProof`` hands out the path through the state tree to a value. Whoever
has the header from elsewhere recomputes the hashes along the path and need not believe the node.

Source: EIP-1186 (eth_getProof); Ethereum yellow paper, appendix D (Merkle Patricia tree).
"""

from __future__ import annotations

from collections.abc import Sequence

from crmdapp.chain._keccak import keccak
from crmdapp.chain._rlp import Item, RlpInvalid, decode
from crmdapp.errors import VerificationFailed

_BRANCH, _SHORT_NODE = 17, 2
_ODD, _LEAF = 1, 2
_WORD = 32
_ACCOUNT_FIELDS = 4
_STORAGE_ROOT = 2
_NODES_MAX = 65
_EMPTY = b"\x80"
_EMPTY_ROOT = keccak(_EMPTY)


class StateProofInvalid(VerificationFailed):
    """A proof of what the chain's state holds does not lead to the header's state root."""


def storage_word(
    state_root: bytes,
    address: str,
    slot: bytes,
    account_proof: Sequence[bytes],
    storage_proof: Sequence[bytes],
) -> bytes:
    """Return the 32 bytes that an account keeps in a storage slot, proved.

    Args:
        state_root: From the header of the block.
        address: The account.
        slot: Number of the slot, 32 bytes.
        account_proof: Nodes of the state tree from the root to the account.
        storage_proof: Nodes of the account's storage tree from its root to the slot.

    Raises:
        StateProofInvalid: The proof is broken, or there is no such account.
    """
    account = value_at(state_root, bytes.fromhex(address[2:]), account_proof)
    if account is None:
        raise StateProofInvalid(f"The state has no account {address}.")
    fields = _decoded(account)
    if not isinstance(fields, list) or len(fields) != _ACCOUNT_FIELDS:
        raise StateProofInvalid("The proof leads to something that is no account.")
    storage_root = fields[_STORAGE_ROOT]
    if not isinstance(storage_root, bytes) or len(storage_root) != _WORD:
        raise StateProofInvalid("The proof leads to an account without storage root.")
    value = value_at(storage_root, slot, storage_proof)
    if value is None:
        return bytes(_WORD)
    word = _decoded(value)
    if not isinstance(word, bytes) or not 0 < len(word) <= _WORD or word[0] == 0:
        raise StateProofInvalid("The proof leads to something that is no storage word.")
    return word.rjust(_WORD, b"\0")


def value_at(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """Return what a secure tree holds under a key; ``None`` if it provably holds nothing.

    Args:
        root: Hash of the root node.
        key: The key; its place in the tree is its keccak.
        proof: Nodes from the root on, as long as they are 32 bytes or more.

    Raises:
        StateProofInvalid: A node is missing, left over, or not the one that its parent names.
    """
    if len(proof) > _NODES_MAX:
        raise StateProofInvalid(f"A proof has at most {_NODES_MAX} nodes, got {len(proof):,}.")
    if root == _EMPTY_ROOT and list(proof) in ([], [_EMPTY]):
        return None
    path, nodes = _nibbles(keccak(key)), list(proof)
    reference: Item = root
    while True:
        node = _node(reference, nodes)
        found, path, is_end = _step(node, path)
        if found is None or is_end:
            break
        reference = found
    if nodes:
        raise StateProofInvalid("The proof goes on after its end.")
    assert found is None or isinstance(found, bytes)  # said by _step
    return found


def _step(node: list[Item], path: list[int]) -> tuple[Item | None, list[int], bool]:
    """Return what follows on the path, the path left, and whether that is the value."""
    if len(node) == _BRANCH:
        follower = node[path[0]] if path else node[-1]
        if follower == b"":
            return None, path, True
        if not path:
            return _value(follower), [], True
        return follower, path[1:], False
    if len(node) != _SHORT_NODE or not isinstance(node[0], bytes) or not node[0]:
        raise StateProofInvalid("The proof has a node of no known kind.")
    flags, *rest = _nibbles(node[0])
    if flags > _ODD + _LEAF or (not flags & _ODD and rest[:1] != [0]):
        raise StateProofInvalid("The proof has a node of no known kind.")
    own = rest if flags & _ODD else rest[1:]
    is_leaf = bool(flags & _LEAF)
    if path[: len(own)] != own or (is_leaf and len(path) != len(own)):
        return None, path, True
    if is_leaf:
        return _value(node[1]), [], True
    return node[1], path[len(own) :], False


def _node(reference: Item, nodes: list[bytes]) -> list[Item]:
    """Return the node that a parent names: itself if short, else the next one, by its hash."""
    if isinstance(reference, list):
        return reference
    if len(reference) != _WORD:
        raise StateProofInvalid("The proof names a node by something that is no hash.")
    if not nodes:
        raise StateProofInvalid("The proof ends before the value.")
    raw = nodes.pop(0)
    if keccak(raw) != reference:
        raise StateProofInvalid(
            "The proof does not lead to the header's state root.",
            why="A node has another hash than its parent names.",
            hint="Do not believe this node; ask another one.",
        )
    node = _decoded(raw)
    if not isinstance(node, list):
        raise StateProofInvalid("The proof has a node of no known kind.")
    return node


def _value(item: Item) -> bytes:
    if not isinstance(item, bytes):
        raise StateProofInvalid("The proof leads to something that is no value.")
    return item


def _decoded(raw: bytes) -> Item:
    try:
        return decode(raw)
    except RlpInvalid as problem:
        raise StateProofInvalid("The proof is malformed.", why=f"{problem}.") from None


def _nibbles(data: bytes) -> list[int]:
    return [half for byte in data for half in (byte >> 4, byte & 0xF)]

"""OpenZeppelin's standard Merkle tree, whatever its leaves mean.

Source: https://github.com/OpenZeppelin/merkle-tree, "Standard Merkle Trees".
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from io import BytesIO

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError

_HASH = 32


def root_of(leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """Return the root that a leaf and its proof lead to."""
    node = leaf
    for other in proof:
        node = keccak(node + other if node < other else other + node)
    return node


class MerkleTree:
    """OpenZeppelin's standard tree over hashed leaves.

    The leaves are sorted and laid from the end of an array of ``2n - 1`` nodes; node ``i`` is the
    hash of nodes ``2i + 1`` and ``2i + 2``, the smaller first. Takes some 100 bytes per leaf.

    Args:
        leaves: 32 bytes each, in the order of their indices; at least one.

    Raises:
        UsageError: There is no leaf, or one has not 32 bytes.
    """

    def __init__(self, leaves: Sequence[bytes]) -> None:
        count = len(leaves)
        if count == 0 or set(map(len, leaves)) != {_HASH}:
            raise UsageError("A Merkle tree needs leaves of 32 bytes each, at least one.")
        order = sorted(range(count), key=leaves.__getitem__)
        self._places = array("L", bytes(array("L").itemsize * count))
        for at, index in zip(range(2 * count - 2, count - 2, -1), order, strict=True):
            self._places[index] = at
        # From the last node to the first, two nodes give the one above them: whatever is appended
        # is reached by the same walk, until one node is left, the root.
        nodes = [leaves[index] for index in order]
        del order
        walk = iter(nodes)
        above = nodes.append
        for right, left in zip(walk, walk, strict=False):
            above(keccak(left + right if left < right else right + left))
        nodes.reverse()
        flat = BytesIO()  # join() would take 80 bytes more per node while it works
        flat.writelines(nodes)
        self._nodes = flat.getvalue()

    def __len__(self) -> int:
        return len(self._places)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._nodes[:_HASH]

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Return the proof of the leaf of that index, from the bottom up.

        Raises:
            UsageError: There is no such leaf.
        """
        if not 0 <= index < len(self):
            raise UsageError(f"The tree has leaves 0 to {len(self) - 1:,}, not {index}.")
        nodes = self._nodes
        found: list[bytes] = []
        at = self._places[index]
        while at:
            sibling = (at + 1 if at & 1 else at - 1) * _HASH
            found.append(nodes[sibling : sibling + _HASH])
            at = (at - 1) >> 1
        return tuple(found)

"""The tree of heads: the last interaction of every customer of a log, as of one batch.

The customers are sorted by pseudonym into a ring and each entry names the next one, so one entry
also proves that nobody stands between the two.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import require_whole
from crmdapp.chain.merkle import MerkleTree, root_of
from crmdapp.customers.leaves import SEQ_MAX, read_proof, require_word

_HEAD = struct.Struct(">32s 32s 32s 24xQ 32s")


@dataclass(frozen=True, slots=True)
class HeadEntry:
    """One leaf of the tree of heads: the last interaction of a customer, and who is next.

    Attributes:
        log: The log.
        pseudonym: The customer.
        next_pseudonym: The next customer in the ring of sorted pseudonyms; the first after the
            last, itself if alone.
        customer_seq: How many interactions of the customer there are.
        head: Leaf of the last of them.
    """

    log: bytes
    pseudonym: bytes
    next_pseudonym: bytes
    customer_seq: int
    head: bytes

    def __post_init__(self) -> None:
        for name in ("log", "pseudonym", "next_pseudonym", "head"):
            require_word(name, getattr(self, name))
        require_whole("customer_seq", self.customer_seq, SEQ_MAX, least=1)

    @property
    def leaf(self) -> bytes:
        """Its leaf: keccak of keccak of the fields, ABI-encoded."""
        return _head_leaf(
            self.log, self.pseudonym, self.next_pseudonym, self.customer_seq, self.head
        )

    def skips(self, pseudonym: bytes) -> bool:
        """Return whether it says that there is no such customer in the log."""
        first, after = self.pseudonym, self.next_pseudonym
        if first < after:
            return first < pseudonym < after
        return pseudonym > first or pseudonym < after

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "log": "0x" + self.log.hex(),
            "pseudonym": "0x" + self.pseudonym.hex(),
            "nextPseudonym": "0x" + self.next_pseudonym.hex(),
            "customerSeq": self.customer_seq,
            "head": "0x" + self.head.hex(),
        }

    @classmethod
    def from_json(cls, fields: JsonFields) -> HeadEntry:
        """Return the entry that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        return cls(
            log=fields.word("log"),
            pseudonym=fields.word("pseudonym"),
            next_pseudonym=fields.word("nextPseudonym"),
            customer_seq=fields.whole("customerSeq"),
            head=fields.word("head"),
        )


@dataclass(frozen=True, slots=True)
class HeadProof:
    """A head entry and its way to the root: of a customer, or of the gap where one would stand.

    Attributes:
        entry: The entry.
        proof: 32 bytes each, from the bottom up.
    """

    entry: HeadEntry
    proof: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The root that it leads to."""
        return root_of(self.entry.leaf, self.proof)

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "entry": self.entry.to_json(),
            "proof": ["0x" + node.hex() for node in self.proof],
        }

    @classmethod
    def from_json(cls, fields: JsonFields) -> HeadProof:
        """Return the proof that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        return cls(HeadEntry.from_json(fields.inner("entry")), read_proof(fields))


class HeadsTree:
    """The ring of all customers of a log, and the tree over it.

    Args:
        log: The log.
        heads: Number and leaf of each pseudonym's last interaction; at least one.
    """

    def __init__(self, log: bytes, heads: Mapping[bytes, tuple[int, bytes]]) -> None:
        self._log = log
        self._heads = heads
        self._ring = sorted(heads)
        after = self._ring[1:] + self._ring[:1]
        self._tree = MerkleTree(
            [
                _head_leaf(log, pseudonym, following, *heads[pseudonym])
                for pseudonym, following in zip(self._ring, after, strict=True)
            ]
        )

    def __len__(self) -> int:
        return len(self._ring)

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._tree.root

    def proof(self, pseudonym: bytes) -> HeadProof:
        """Return the customer's entry, or the one that says there is no such customer."""
        at = bisect_right(self._ring, pseudonym) - 1  # -1 is the last, whose gap goes round
        first = self._ring[at]
        after = self._ring[(at + 1) % len(self._ring)]
        entry = HeadEntry(self._log, first, after, *self._heads[first])
        return HeadProof(entry, self._tree.proof(at % len(self._ring)))


def _head_leaf(log: bytes, pseudonym: bytes, following: bytes, seq: int, head: bytes) -> bytes:
    return keccak(keccak(_HEAD.pack(log, pseudonym, following, seq, head)))

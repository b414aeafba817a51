"""The links in a local index, for one question: every item is looked up once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from crmdapp.provenance.tracing import Stay, Use

# Both are answered, in order, from an index that covers them, without a look at the table.
_OWN = "SELECT name, other, block, place, amount FROM events WHERE item = ? ORDER BY block, place"
_OTHERS = (
    "SELECT name, item, block, place, amount FROM events WHERE other = ? ORDER BY block, place"
)


class _Own:
    """What the events of an item say."""

    __slots__ = ("is_known", "made_in", "stays", "uses")

    def __init__(self, item: int, rows: Iterable[tuple[Any, ...]]) -> None:
        self.is_known = False
        self.made_in: bytes | None = None
        self.uses: list[Use] = []
        self.stays: list[Stay] = []
        for name, other, block, place, amount in rows:
            at = (block, place)
            if name == "ItemConsumed":
                self.uses.append(Use(item, other, int.from_bytes(amount, "big"), at))
            elif name == "ItemProduced":
                self.made_in = other
            elif name == "ItemCommissioned":
                self.is_known = True
            elif name == "ItemPacked":
                self.stays.append(Stay(item, int.from_bytes(other, "big"), at))
            elif name == "ItemUnpacked" and self.stays:
                self.stays[-1] = replace(self.stays[-1], until=at)


class _Others:
    """What the events of others say of a box, or of a transformation."""

    __slots__ = ("contents", "inputs", "outputs")

    def __init__(self, word: bytes, rows: Iterable[tuple[Any, ...]]) -> None:
        self.inputs: list[Use] = []
        self.outputs: list[int] = []
        self.contents: list[Stay] = []
        inside: dict[bytes, int] = {}
        for name, item, block, place, amount in rows:
            at, number = (block, place), int.from_bytes(item, "big")
            if name == "ItemConsumed":
                self.inputs.append(Use(number, word, int.from_bytes(amount, "big"), at))
            elif name == "ItemProduced":
                self.outputs.append(number)
            elif name == "ItemPacked":
                inside[item] = len(self.contents)
                self.contents.append(Stay(number, int.from_bytes(word, "big"), at))
            elif name == "ItemUnpacked" and item in inside:
                found = inside.pop(item)
                self.contents[found] = replace(self.contents[found], until=at)


class IndexLinks:
    """The links, as they stood when it was made; see :class:`crmdapp.provenance.tracing.Links`.

    Args:
        database: The index's.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._cursor = database.cursor()
        self._cursor.row_factory = None  # plain tuples, as there are many
        self._own: dict[int, _Own] = {}
        self._others: dict[bytes, _Others] = {}

    def is_known(self, item: int) -> bool:
        """Return whether anything is on record of the item."""
        return self._of(item).is_known

    def made_in(self, item: int) -> bytes | None:
        """Return the transformation that the item came out of."""
        return self._of(item).made_in

    def inputs(self, transformation: bytes) -> Iterable[Use]:
        """Return what went into a transformation, in the order of the ledger."""
        return self._about(transformation).inputs

    def outputs(self, transformation: bytes) -> Iterable[int]:
        """Return what came out of a transformation, in the order of the ledger."""
        return self._about(transformation).outputs

    def uses(self, item: int) -> Iterable[Use]:
        """Return what an item was used in, in the order of the ledger."""
        return self._of(item).uses

    def stays(self, item: int) -> Iterable[Stay]:
        """Return what an item was packed in, in the order of the ledger."""
        return self._of(item).stays

    def contents(self, item: int) -> Iterable[Stay]:
        """Return what was packed in an item, in the order of the ledger."""
        return self._about(item.to_bytes(32, "big")).contents

    def _of(self, item: int) -> _Own:
        found = self._own.get(item)
        if found is None:
            rows = self._cursor.execute(_OWN, (item.to_bytes(32, "big"),))
            found = self._own[item] = _Own(item, rows)
        return found

    def _about(self, word: bytes) -> _Others:
        found = self._others.get(word)
        if found is None:
            rows = self._cursor.execute(_OTHERS, (word,))
            found = self._others[word] = _Others(word, rows)
        return found

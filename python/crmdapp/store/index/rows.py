"""Rows of derived tables inside a batch: read once, written once for each key.

Before a row of a recent block changes, what it was is noted for the undo journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Any, Protocol

from sqlalchemy import Table

from crmdapp.store.index.errors import RowMissing
from crmdapp.store.index.schema import Address, Big, Hash

Key = tuple[Any, ...]
Row = dict[str, Any]
Before = tuple[int, Table, Key, "Row | None"]
"""A block, and what a row was before it: ``None`` if it was not there."""


class RowStore(Protocol):
    """Where rows are kept between batches."""

    def load(self, table: Table, key: Key) -> Row | None:
        """Return the row of that key; ``None`` if there is none."""

    def is_empty(self, table: Table) -> bool:
        """Return whether the table has no rows."""


class _Held:
    """What is in memory of one table.

    Attributes:
        rows: Rows by key, ``None`` for one that is not there.
        is_whole: Whether a row that is not in memory is not there at all.
        is_log: Whether a row belongs to a block, so that it changes in no later one.
        changed: Keys to write or delete.
        noted: Keys whose row before the present block is noted.
        own: Keys whose row nobody else holds, so that it may change in place in this block.
    """

    __slots__ = (
        "changed",
        "columns",
        "is_log",
        "is_whole",
        "key_of",
        "keys",
        "noted",
        "own",
        "rows",
        "zeros",
    )

    def __init__(self, table: Table, is_whole: bool) -> None:
        self.rows: dict[Key, Row | None] = {}
        self.is_whole = is_whole
        self.changed: dict[Key, None] = {}
        self.noted: set[Key] = set()
        self.own: set[Key] = set()
        self.keys = tuple(column.name for column in table.primary_key.columns)
        self.is_log = self.keys[0] == "block"
        self.columns = tuple(column.name for column in table.columns)
        self.zeros = {c.name: None if c.nullable else _zero(c.type) for c in table.columns}
        self.key_of: Any = itemgetter(*self.keys)
        if len(self.keys) == 1:
            only = self.keys[0]
            self.key_of = lambda row: (row[only],)

    def forget(self) -> None:
        """Hold no row any more; all of them are written."""
        self.rows = {}
        self.own = set()
        self.is_whole = False


class Rows:
    """Derived tables inside a batch.

    Args:
        store: Where they are kept.
        most: Rows held in memory between batches.

    Attributes:
        scratch: What derivations tell each other between the events of a block; empty at its begin.
    """

    def __init__(self, store: RowStore, *, most: int = 300_000) -> None:
        self.scratch: dict[Any, Any] = {}
        self._store = store
        self._most = most
        self._held: dict[Table, _Held] = {}
        self._block = -1
        self._noting = False
        self.befores: list[Before] = []

    # ----------------------------------------------------------------- for derivations

    def get(self, table: Table, /, *key: Any) -> Row | None:
        """Return a row; ``None`` if there is none.

        Args:
            table: A derived table.
            key: Values of its primary key columns, in their order.

        Returns:
            The row itself: do not change it, use :meth:`change` or :meth:`put`.
        """
        try:
            return self._held[table].rows[key]
        except KeyError:
            return self._fetch(table, key)

    def put(self, table: Table, /, **row: Any) -> None:
        """Insert a row, or replace the one with its key; columns left out become ``None``."""
        held = self._held.get(table) or self._hold(table)
        if len(row) != len(held.columns):
            row = _full(table, held, row)
        key = held.key_of(row)
        self._set(held, table, key, row)
        held.own.add(key)

    def replace(self, table: Table, row: Row, **columns: Any) -> None:
        """Put a row that :meth:`get` gave, or one made from it, with some columns changed.

        Args:
            table: A derived table.
            row: All columns; it stays as it is.
            columns: What is to be different; no column of the primary key.
        """
        held = self._held.get(table) or self._hold(table)
        self._set(held, table, held.key_of(row), {**row, **columns})

    def change(self, table: Table, /, *key: Any, **columns: Any) -> None:
        """Change some columns of a row that is there.

        Raises:
            RowMissing: There is no such row: the derivation is wrong, or an event is missing.
        """
        row = self.get(table, *key)
        if row is None:
            raise RowMissing(
                f"The index has no row {key} in {table.name}.", table=table.name, key=str(key)
            )
        self._set(self._held[table], table, key, {**row, **columns})

    def amend(self, table: Table, /, *key: Any, **columns: Any) -> None:
        """Change columns of a row that was put in this block, and that nobody holds from before.

        Raises:
            RowMissing: There is no such row: the derivation is wrong, or an event is missing.
        """
        held = self._held.get(table)
        if held is None or key not in held.own:
            self.change(table, *key, **columns)
            return
        row = held.rows[key]
        assert row is not None
        row.update(columns)

    def add(self, table: Table, /, *key: Any, **increments: int) -> None:
        """Add to numeric columns of a row; one that is not there begins with zeros."""
        held = self._held.get(table) or self._hold(table)
        if key in held.own:
            row = held.rows[key]
            assert row is not None
        else:
            row = self._own(held, table, key)
        for name, increment in increments.items():
            row[name] += increment

    def delete(self, table: Table, /, *key: Any) -> None:
        """Remove a row; one that is not there stays so."""
        if self.get(table, *key) is not None:
            self._set(self._held[table], table, key, None)

    # ----------------------------------------------------------------- for the engine

    @property
    def block(self) -> int:
        """The block whose events are being worked in."""
        return self._block

    def begin(self, block: int, *, noting: bool) -> None:
        """Begin a block.

        Args:
            block: Its number.
            noting: Whether what rows were before it goes into the undo journal.
        """
        self._block, self._noting = block, noting
        self.scratch.clear()
        for held in self._held.values():
            held.noted.clear()
            held.own.clear()

    def changes(self) -> Iterator[tuple[Table, list[Row], list[Key]]]:
        """Yield for each changed table its rows to write and its keys to delete."""
        for table, held in self._held.items():
            if held.changed:
                rows = held.rows
                written = [row for key in held.changed if (row := rows[key]) is not None]
                yield table, written, [key for key in held.changed if rows[key] is None]

    def settle(self) -> None:
        """Forget what was to be written: it is written. Rows stay in memory while there is room."""
        self.befores = []
        for held in self._held.values():
            held.changed.clear()
            if held.is_log:
                held.forget()
        while sum(len(held.rows) for held in self._held.values()) > self._most:
            largest = max(self._held.values(), key=lambda held: len(held.rows))
            largest.forget()

    def forget(self) -> None:
        """Forget everything: the tables may have changed otherwise."""
        self.befores = []
        self.scratch.clear()
        self._held.clear()

    def _hold(self, table: Table) -> _Held:
        held = self._held.get(table)
        if held is None:
            held = self._held[table] = _Held(table, self._store.is_empty(table))
        return held

    def _fetch(self, table: Table, key: Key) -> Row | None:
        held = self._hold(table)
        is_nowhere = held.is_whole or (held.is_log and key[0] == self._block)
        row = None if is_nowhere else self._store.load(table, key)
        held.rows[key] = row
        return row

    def _own(self, held: _Held, table: Table, key: Key) -> Row:
        """Return a row that may change in place until the block ends or the row is replaced."""
        row = self.get(table, *key)
        if row is None:
            row = {**held.zeros, **dict(zip(held.keys, key, strict=True))}
        else:
            row = row.copy()
        self._set(held, table, key, row)
        held.own.add(key)
        return row

    def _set(self, held: _Held, table: Table, key: Key, row: Row | None) -> None:
        if self._noting and key not in held.noted:
            held.noted.add(key)
            self.befores.append((self._block, table, key, self.get(table, *key)))
        held.rows[key] = row
        held.changed[key] = None
        held.own.discard(key)


def _full(table: Table, held: _Held, row: Row) -> Row:
    unknown = row.keys() - set(held.columns)
    if unknown:
        raise KeyError(f"{table.name} has no column {sorted(unknown)[0]}")
    return {name: row.get(name) for name in held.columns}


def _zero(kind: Any) -> Any:
    if isinstance(kind, Big):
        return 0
    if isinstance(kind, Address):
        return ""
    if isinstance(kind, Hash):
        return bytes(32)
    return kind.python_type()


# --------------------------------------------------------------------------- images


def _tagged(value: Any) -> Any:
    return {"x": bytes(value).hex()}


_encode = json.JSONEncoder(separators=(",", ":"), default=_tagged).encode


def image_of(values: Iterable[Any]) -> str:
    """Return the values of a row or a key, none of them an object, as text for the journal."""
    return _encode(tuple(values))


def values_of(image: str) -> list[Any]:
    """Return the values that :func:`image_of` was given."""
    return [
        bytes.fromhex(value["x"]) if isinstance(value, dict) else value
        for value in json.loads(image)
    ]

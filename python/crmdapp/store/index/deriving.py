"""How derived tables follow from events: derivations, and the rows that they read and write.

A derivation is a function of an event and the rows there are. It runs in the order of blocks and
logs, asks no node and no clock, and needs no undo of its own: before a row of a recent block
changes, what it was goes into the undo journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Table

from crmdapp.chain.decode import Event
from crmdapp.store.index.errors import RowMissing

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest

Key = tuple[Any, ...]
Row = dict[str, Any]


@dataclass(slots=True)
class Entry:
    """An event and where it happened.

    Attributes:
        block: Block number.
        timestamp: Time of the block, Unix seconds.
        tx_hash: Transaction, 0x hex.
        log_index: Position in the block, from 0.
        address: The contract that emitted it.
        contract: Its name in the manifest; of a contract that another created, its artifact's.
        event: The event, an object of the generated class.
    """

    block: int
    timestamp: int
    tx_hash: str
    log_index: int
    address: str
    contract: str
    event: Any


class RowStore(Protocol):
    """Where rows are kept between batches."""

    def load(self, table: Table, key: Key) -> Row | None:
        """Return the row of that key; ``None`` if there is none."""

    def is_empty(self, table: Table) -> bool:
        """Return whether the table has no rows."""


@dataclass(frozen=True, slots=True)
class Before:
    """What a row was before a block changed it; ``row`` is ``None`` if it was not there."""

    block: int
    table: Table
    key: Key
    row: Row | None


@dataclass(slots=True)
class _Shape:
    """What is asked of a table for each event, found once."""

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    zeros: Row


class Rows:
    """Derived tables inside a batch: rows are read once and written once for each key.

    Args:
        store: Where they are kept.
        most: Rows held in memory between batches.
    """

    def __init__(self, store: RowStore, *, most: int = 300_000) -> None:
        self._store = store
        self._most = most
        self._held: dict[Table, dict[Key, Row | None]] = {}
        self._whole: dict[Table, bool] = {}
        self._changed: dict[Table, dict[Key, None]] = {}
        self._shapes: dict[Table, _Shape] = {}
        self._block = -1
        self._noting = False
        self._noted: set[tuple[Table, Key]] = set()
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
        held = self._of(table)
        if key in held:
            return held[key]
        row = None if self._whole[table] else self._store.load(table, key)
        held[key] = row
        return row

    def put(self, table: Table, /, **row: Any) -> None:
        """Insert a row, or replace the one with its key; columns left out become ``None``."""
        shape = self._shape(table)
        self._set(table, tuple(row[name] for name in shape.keys), self._full(table, shape, row))

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
        self._set(table, key, {**row, **columns})

    def add(self, table: Table, /, *key: Any, **increments: int) -> None:
        """Add to numeric columns of a row; one that is not there begins with zeros."""
        row = self.get(table, *key)
        if row is None:
            shape = self._shape(table)
            row = {**shape.zeros, **dict(zip(shape.keys, key, strict=True))}
        else:
            row = dict(row)
        for name, increment in increments.items():
            row[name] += increment
        self._set(table, key, row)

    def delete(self, table: Table, /, *key: Any) -> None:
        """Remove a row; one that is not there stays so."""
        if self.get(table, *key) is not None:
            self._set(table, key, None)

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
        self._noted.clear()

    def changes(self) -> Iterator[tuple[Table, list[Row], list[Key]]]:
        """Yield for each changed table its rows to write and its keys to delete."""
        for table, keys in self._changed.items():
            held = self._held[table]
            rows = [row for key in keys if (row := held[key]) is not None]
            yield table, rows, [key for key in keys if held[key] is None]

    def settle(self) -> None:
        """Forget what was to be written: it is written. Rows stay in memory while there is room."""
        self._changed.clear()
        self.befores.clear()
        if sum(map(len, self._held.values())) > self._most:
            self._held.clear()
            self._whole = dict.fromkeys(self._whole, False)

    def forget(self) -> None:
        """Forget everything: the tables may have changed otherwise."""
        self._changed.clear()
        self.befores.clear()
        self._held.clear()
        self._whole.clear()

    def _of(self, table: Table) -> dict[Key, Row | None]:
        held = self._held.get(table)
        if held is None:
            held = self._held[table] = {}
            if table not in self._whole:
                self._whole[table] = self._store.is_empty(table)
        return held

    def _set(self, table: Table, key: Key, row: Row | None) -> None:
        if self._noting:
            mark = (table, key)
            if mark not in self._noted:
                self._noted.add(mark)
                self.befores.append(Before(self._block, table, key, self.get(table, *key)))
        self._of(table)[key] = row
        changed = self._changed.get(table)
        if changed is None:
            changed = self._changed[table] = {}
        changed[key] = None

    def _shape(self, table: Table) -> _Shape:
        shape = self._shapes.get(table)
        if shape is None:
            keys = tuple(column.name for column in table.primary_key.columns)
            columns = tuple(column.name for column in table.columns)
            zeros = {c.name: None if c.nullable else _zero(c.type) for c in table.columns}
            shape = self._shapes[table] = _Shape(keys, columns, zeros)
        return shape

    def _full(self, table: Table, shape: _Shape, row: Row) -> Row:
        if len(row) == len(shape.columns):
            return row
        unknown = row.keys() - set(shape.columns)
        if unknown:
            raise KeyError(f"{table.name} has no column {sorted(unknown)[0]}")
        return {name: row.get(name) for name in shape.columns}


Derivation = Callable[[Rows, Entry], None]

_DERIVATIONS: dict[tuple[str, type[Event]], list[Derivation]] = {}


def derives(contract: str, *events: type[Event]) -> Callable[[Derivation], Derivation]:
    """Register the decorated function for events of a contract.

    Args:
        contract: The contract's name in the manifest.
        events: Generated classes of the events.
    """

    def register(function: Derivation) -> Derivation:
        for event in events:
            _DERIVATIONS.setdefault((contract, event), []).append(function)
        return function

    return register


def derivations_of(contract: str, event: type[Event]) -> tuple[Derivation, ...]:
    """Return what was registered for an event of a contract, in the order of registration."""
    return tuple(_DERIVATIONS.get((contract, event), ()))


Beginning = Callable[[Rows, "Manifest"], None]
"""Puts into derived tables what derivations need and the deployment alone tells."""

Settling = Callable[[Rows, "Connection", "Manifest", int], None]
"""Asks the chain, at a block, what the events up to it left open."""

_BEGINNINGS: list[Beginning] = []
_SETTLINGS: list[Settling] = []


def begins(function: Beginning) -> Beginning:
    """Register the decorated function to be called before the first event of a process."""
    _BEGINNINGS.append(function)
    return function


def settles(function: Settling) -> Settling:
    """Register the decorated function to be called after the events of a span of blocks."""
    _SETTLINGS.append(function)
    return function


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The chain that events come from, for what is no event.

    Attributes:
        connection: The chain.
        manifest: What is deployed there.
    """

    connection: Connection
    manifest: Manifest

    def begin(self, rows: Rows) -> None:
        """Put what the deployment tells into the rows."""
        for function in _BEGINNINGS:
            function(rows, self.manifest)

    def settle(self, rows: Rows, block: int) -> None:
        """Ask the chain what events up to ``block`` left open."""
        for function in _SETTLINGS:
            function(rows, self.connection, self.manifest, block)


# --------------------------------------------------------------------------- images


def image_of(values: Iterable[Any]) -> str:
    """Return the values of a row or a key as text, for the undo journal."""
    return json.dumps([_tagged(value) for value in values], separators=(",", ":"))


def values_of(image: str) -> list[Any]:
    """Return the values that :func:`image_of` was given."""
    return [_plain(value) for value in json.loads(image)]


def _tagged(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"x": value.hex()}
    return value


def _plain(value: Any) -> Any:
    return bytes.fromhex(value["x"]) if isinstance(value, dict) else value


def _zero(kind: Any) -> Any:
    python = kind.python_type if not hasattr(kind, "impl_instance") else None
    from crmdapp.store.index.schema import Address, Big, Hash

    if isinstance(kind, Big):
        return 0
    if isinstance(kind, Address):
        return ""
    if isinstance(kind, Hash):
        return bytes(32)
    return python() if python is not None else None

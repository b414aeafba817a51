"""A copy of a ledger's events on this machine, kept in step with the chain.

Whoever traces goods asks about thousands of items; a node is asked once, for what is new. A block
that the chain has dropped takes its events along. The copy says what the node said: whether it is
complete, the steps on the ledger tell (:func:`crmdapp.provenance.item_history.check_complete`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain._database import Database
from crmdapp.chain.decode import DecodedLog, Event
from crmdapp.errors import NodeUnreachable, UsageError
from crmdapp.provenance._index_links import IndexLinks
from crmdapp.provenance.item_history import event_hash_of

if TYPE_CHECKING:
    import sqlite3

    from crmdapp.chain.connection import Connection
    from crmdapp.provenance.item_reader import ItemReader

SPAN = 50_000
"""Blocks that are taken over at a time."""

CHECKPOINTS = 256
"""How many blocks are remembered, to find where the chain was rewritten."""

IN_MEMORY = Path(":memory:")
"""An index that is gone when it is closed."""

_ATTEMPTS = 5
_VERSION = 1
_SCHEMA = """
CREATE TABLE ledger (chain_id INTEGER, genesis BLOB, address TEXT, since INTEGER);
CREATE TABLE checkpoints (block INTEGER PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE events (
    block INTEGER, place INTEGER, tx_hash TEXT NOT NULL, name TEXT NOT NULL,
    item BLOB NOT NULL, other BLOB, amount BLOB, fields TEXT NOT NULL, PRIMARY KEY (block, place)
) WITHOUT ROWID;
CREATE INDEX by_item ON events (item, block, place, name, other, amount);
CREATE INDEX by_other ON events (other, block, place, name, item, amount)
"""
_ALL = "SELECT * FROM events ORDER BY block, place"
_NAMED = "SELECT * FROM events WHERE name = ? ORDER BY block, place"
_OF_ITEM = "SELECT * FROM events WHERE item = ? AND name = ? ORDER BY block, place"
_OF_OTHER = "SELECT * FROM events WHERE other = ? AND name = ? ORDER BY block, place"
_ABOUT = """
SELECT * FROM events WHERE item = ?1 UNION ALL
SELECT * FROM events WHERE other = ?1 AND name IN ('ItemPacked', 'ItemUnpacked')
ORDER BY block, place
"""
_OTHERS = ("parent", "transformation", "device", "epc_hash")

Progress = Callable[[int, int], None]
"""Called with the block that is reached, and the last."""


class ChainUnsettled(NodeUnreachable):
    """The chain was rewritten again and again while it was read."""


class ItemIndex(Database):
    """The copy, in one SQLite file; of one ledger on one chain.

    Args:
        path: The file; created, with its folder, if missing. :data:`IN_MEMORY` for none.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="index", schema=_SCHEMA, version=_VERSION)

    # ----------------------------------------------------------------- following the chain

    def update(self, ledger: ItemReader, *, progress: Progress | None = None) -> int:
        """Take over what is new on the ledger, and drop what the chain has dropped.

        Args:
            ledger: The ledger.
            progress: Called after each span of blocks.

        Returns:
            The block that the index stands at.

        Raises:
            UsageError: The index is of another ledger or chain.
            ChainUnsettled: The chain was rewritten each time while it was read.
            NodeProblem: The node could not be asked.
        """
        self._require_same(ledger)
        connection, reached, misses = ledger.connection, -1, 0
        while True:
            number, digest = _block(connection, "latest")
            kept = self._drop_rewritten(connection)
            if kept >= number:
                return number  # and what was taken over is on the chain, seen after it was read
            if kept < reached:
                misses += 1
                _require_calm(misses)
            first = kept + 1
            reached = min(max(first, ledger.since_block) + SPAN - 1, number)
            mark = digest if reached == number else _block(connection, reached)[1]
            logs = list(connection.logs(ledger.contract.address, (), first, reached))
            self._keep(logs, reached, mark)
            if progress is not None:
                progress(reached, number)

    @property
    def block(self) -> int:
        """The last block that was taken over; -1 for none."""
        with self._reading() as db:
            found = db.execute("SELECT max(block) FROM checkpoints").fetchone()[0]
        return -1 if found is None else int(found)

    # ----------------------------------------------------------------- events

    def logs(self) -> Iterator[DecodedLog]:
        """Yield all events, in the order of the ledger."""
        yield from self._logs(_ALL)

    def logs_of(self, item: int) -> tuple[DecodedLog, ...]:
        """Return the events that name an item, as itself or as what others are packed in."""
        return tuple(self._logs(_ABOUT, _word(item)))

    def items(self, issuer: str | None = None) -> Iterator[DecodedLog]:
        """Yield the commissions of all items, or of an issuer's, in the order of the ledger."""
        for log in self._logs(_NAMED, "ItemCommissioned"):
            event: Any = log.event
            if issuer is None or event.issuer == issuer:
                yield log

    def named(self, epc_hash: bytes) -> tuple[int, ...]:
        """Return the items of all issuers that bear a name, in the order of the ledger.

        Args:
            epc_hash: keccak256 of the identity link.
        """
        rows = self._rows(_OF_OTHER, epc_hash, "ItemCommissioned")
        return tuple(int.from_bytes(row["item"], "big") for row in rows)

    def has_event(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item, or what it holds, has an event of that hash."""
        return any(event_hash_of(log) == event_hash for log in self.logs_of(item))

    def has_declared(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item's event of that hash was declared wrong."""
        rows = self._rows(_OF_ITEM, _word(item), "ErrorDeclared")
        return any(json.loads(row["fields"])[3]["hex"] == event_hash.hex() for row in rows)

    def recalled(self, items: Iterable[int]) -> tuple[int, ...]:
        """Return those of some items that their issuers called back."""
        return tuple(item for item in items if self._rows(_OF_ITEM, _word(item), "ItemRecalled"))

    def links(self) -> IndexLinks:
        """Return the links between items as they stand, for one question of tracing."""
        with self._reading() as db:
            return IndexLinks(db)

    # ----------------------------------------------------------------- inside

    def _require_same(self, ledger: ItemReader) -> None:
        connection = ledger.connection
        wanted = (
            connection.chain_id,
            connection.genesis_hash,
            ledger.contract.address,
            ledger.since_block,
        )
        with self._writing() as db:
            row = db.execute("SELECT chain_id, genesis, address FROM ledger").fetchone()
            if row is None:
                db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?)", wanted)
            elif tuple(row) != wanted[:3]:
                raise UsageError(
                    f"The index {self.path} is of the ledger {row['address']} on chain"
                    f" {row['chain_id']}.",
                    why="Another ledger is asked for, or the chain was started anew.",
                    hint="Move the file away, or name another one (--index).",
                )

    def _drop_rewritten(self, connection: Connection) -> int:
        """Drop what is beyond the last block that the chain still has; return its number."""
        with self._reading() as db:
            marks = db.execute("SELECT block, hash FROM checkpoints ORDER BY block DESC").fetchall()
        kept = -1
        for mark in marks:
            if _is_block(connection, mark["block"], mark["hash"]):
                kept = mark["block"]
                break
        if not marks or kept != marks[0]["block"]:
            with self._writing() as db:
                db.execute("DELETE FROM events WHERE block > ?", (kept,))
                db.execute("DELETE FROM checkpoints WHERE block > ?", (kept,))
                if kept < 0:
                    return int(db.execute("SELECT since FROM ledger").fetchone()[0]) - 1
        return int(kept)

    def _keep(self, logs: Sequence[DecodedLog], block: int, digest: str) -> None:
        rows = [_row(log) for log in logs if hasattr(log.event, "item")]
        with self._writing() as db:
            db.executemany("INSERT OR REPLACE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (block, digest))
            db.execute(
                "DELETE FROM checkpoints WHERE block NOT IN "
                "(SELECT block FROM checkpoints ORDER BY block DESC LIMIT ?)",
                (CHECKPOINTS,),
            )

    def _rows(self, query: str, *values: bytes | str) -> list[sqlite3.Row]:
        with self._reading() as db:
            return db.execute(query, values).fetchall()

    def _logs(self, query: str, *values: bytes | str) -> Iterator[DecodedLog]:
        with self._reading() as db:
            rows = db.execute(query, values).fetchall()
            address = self._address(db)
        yield from (_log(row, address) for row in rows)

    def _address(self, db: sqlite3.Connection) -> str:
        row = db.execute("SELECT address FROM ledger").fetchone()
        return "" if row is None else str(row[0])


def _require_calm(misses: int) -> None:
    if misses == _ATTEMPTS:
        raise ChainUnsettled(
            f"The chain was rewritten {misses} times while it was read.",
            hint="Try again when the chain is calmer, or ask another node (--rpc).",
        )


def _block(connection: Connection, block: int | str) -> tuple[int, str]:
    found = connection.block(block)
    if found is None:
        return -1, ""
    return int(found["number"], 16), str(found["hash"]).lower()


def _is_block(connection: Connection, number: int, digest: str) -> bool:
    return _block(connection, number) == (number, digest)


def _word(item: int) -> bytes:
    return item.to_bytes(32, "big")


def _row(log: DecodedLog) -> tuple[Any, ...]:
    event: Any = log.event
    other = next((getattr(event, name) for name in _OTHERS if hasattr(event, name)), None)
    word = _word(other) if isinstance(other, int) else other
    quantity = getattr(event, "quantity", None)
    values = [getattr(event, name) for name in type(event).__slots__]
    return (
        log.block,
        log.log_index,
        log.tx_hash,
        type(event).__name__,
        _word(event.item),
        word,
        None if quantity is None else int(quantity).to_bytes(8, "big"),
        json.dumps([_plain(value) for value in values], separators=(",", ":")),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return tuple(_value(item) for item in value) if isinstance(value, list) else value


def _log(row: sqlite3.Row, address: str) -> DecodedLog:
    from crmdapp.provenance import events

    kind: type[Event] = getattr(events, row["name"])
    event = kind(*(_value(value) for value in json.loads(row["fields"])))
    return DecodedLog(event, address, row["block"], row["tx_hash"], row["place"])

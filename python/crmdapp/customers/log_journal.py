"""The operator's memory on disk: every interaction it took note of, and which batch it went into.

An interaction and its signed receipt are written in one step before the receipt is given out, and a
batch with its roots before anything is sent, so a process killed at any point leaves a file from
which the next one goes on. Payloads are in it sealed (:mod:`crmdapp.customers.log_keys`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crmdapp.customers._scrubbed import ScrubbedDatabase
from crmdapp.customers.log_rows import (
    CustomerState,
    JournalBatch,
    JournalEntry,
    LogPlace,
    Recording,
    batch_of_row,
    entry_of,
)

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    contract TEXT NOT NULL,
    log BLOB NOT NULL,
    delay INTEGER NOT NULL,
    UNIQUE (chain_id, genesis, contract, log)
) STRICT;
CREATE TABLE customers (
    log INTEGER NOT NULL REFERENCES logs (id),
    pseudonym BLOB NOT NULL,
    customer_seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'erasing', 'erased')),
    PRIMARY KEY (log, pseudonym)
) STRICT, WITHOUT ROWID;
CREATE TABLE interactions (
    log INTEGER NOT NULL REFERENCES logs (id),
    seq INTEGER NOT NULL,
    pseudonym BLOB NOT NULL,
    customer_seq INTEGER NOT NULL,
    leaf BLOB NOT NULL,
    anchor_by INTEGER NOT NULL,
    receipt_hash BLOB NOT NULL,
    signature BLOB NOT NULL,
    previous_leaf BLOB,
    kind INTEGER,
    time INTEGER,
    consent_id BLOB,
    payload_hash BLOB,
    sealed BLOB,
    request BLOB
) STRICT;
CREATE UNIQUE INDEX interactions_in_order ON interactions (log, seq);
CREATE UNIQUE INDEX interactions_of_customer ON interactions (log, pseudonym, customer_seq);
CREATE UNIQUE INDEX interactions_by_leaf ON interactions (log, leaf);
CREATE UNIQUE INDEX interactions_by_receipt ON interactions (log, receipt_hash);
CREATE UNIQUE INDEX interactions_by_request ON interactions (log, request)
    WHERE request IS NOT NULL;
CREATE TABLE batches (
    log INTEGER NOT NULL REFERENCES logs (id),
    number INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    leaves_root BLOB NOT NULL,
    heads_root BLOB NOT NULL,
    is_stored INTEGER NOT NULL,
    anchored_at INTEGER,
    block INTEGER,
    tx_hash TEXT,
    head BLOB,
    PRIMARY KEY (log, number)
) STRICT;
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log INTEGER NOT NULL REFERENCES logs (id),
    seq INTEGER NOT NULL,
    is_told INTEGER NOT NULL,
    UNIQUE (log, seq)
) STRICT;
"""


_LAST = (1 << 63) - 1
_ENTRY_BY = {
    "seq": "SELECT * FROM interactions WHERE log = ? AND seq = ?",
    "leaf": "SELECT * FROM interactions WHERE log = ? AND leaf = ?",
    "receipt_hash": "SELECT * FROM interactions WHERE log = ? AND receipt_hash = ?",
}
_ENTRIES = "SELECT * FROM interactions WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq LIMIT 500"
_ENTRIES_OF = (
    "SELECT * FROM interactions WHERE log = ? AND seq BETWEEN ? AND ? AND pseudonym = ?"
    " ORDER BY seq LIMIT 500"
)


class LogJournal(ScrubbedDatabase):
    """The journal file; safe to share between threads and processes. Deleted data is overwritten.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of a newer version, or no such journal.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="log's journal", schema=_SCHEMA, version=SCHEMA_VERSION)

    # ----------------------------------------------------------------- logs

    def log(self, place: LogPlace) -> tuple[int, int] | None:
        """Return a log's number in this file and its delay; ``None`` if it is not in it."""
        with self._reading() as db:
            row = db.execute(
                "SELECT id, delay FROM logs WHERE chain_id = ? AND genesis = ? AND contract = ?"
                " AND log = ?",
                (place.chain_id, place.genesis, place.contract, place.log),
            ).fetchone()
            return None if row is None else (row[0], row[1])

    def add_log(self, place: LogPlace, delay: int) -> int:
        """Begin a log and return its number in this file."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO logs (chain_id, genesis, contract, log, delay) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (place.chain_id, place.genesis, place.contract, place.log, delay),
            )
        found = self.log(place)
        assert found is not None  # it was just written, and no log is ever removed
        return found[0]

    # ----------------------------------------------------------------- interactions

    @contextmanager
    def recording(self, log: int) -> Iterator[Recording]:
        """Give a step in which interactions are added, alone among all processes."""
        with self._writing() as db:
            yield Recording(db, log, self._name(log))

    def customer(self, log: int, pseudonym: bytes) -> CustomerState | None:
        """Return how far a customer's sequence is; ``None`` if it has none."""
        with self._reading() as db:
            row = db.execute(
                "SELECT customer_seq, head, state FROM customers WHERE log = ? AND pseudonym = ?",
                (log, pseudonym),
            ).fetchone()
            return None if row is None else CustomerState(*row)

    def entry(self, log: int, **known: int | bytes) -> JournalEntry | None:
        """Return the interaction with that ``seq``, ``leaf`` or ``receipt_hash``."""
        ((column, value),) = known.items()
        with self._reading() as db:
            row = db.execute(_ENTRY_BY[column], (log, value)).fetchone()
            return None if row is None else entry_of(row, self._name(log))

    def entries(
        self, log: int, *, first: int = 1, last: int | None = None, pseudonym: bytes | None = None
    ) -> Iterator[JournalEntry]:
        """Yield interactions in order, some hundred in memory at a time.

        Args:
            log: The log.
            first: First place in the log.
            last: Last place; to the end by default.
            pseudonym: Only this customer's.
        """
        name, at = self._name(log), first
        end = _LAST if last is None else last
        while at <= end:
            with self._reading() as db:
                if pseudonym is None:
                    rows = db.execute(_ENTRIES, (log, at, end)).fetchall()
                else:
                    rows = db.execute(_ENTRIES_OF, (log, at, end, pseudonym)).fetchall()
            if not rows:
                return
            yield from (entry_of(row, name) for row in rows)
            at = rows[-1]["seq"] + 1

    def leaves(self, log: int, first: int, last: int) -> list[bytes]:
        """Return the leaves of a range of places, in order."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT leaf FROM interactions WHERE log = ? AND seq BETWEEN ? AND ? ORDER BY seq",
                (log, first, last),
            )
            return [row[0] for row in rows]

    def heads(self, log: int, last: int) -> dict[bytes, tuple[int, bytes]]:
        """Return number and leaf of each customer's last interaction up to a place in the log."""
        with self._reading() as db:
            # Next to MAX(), SQLite takes the other columns from the row that has the maximum.
            rows = db.execute(
                "SELECT pseudonym, MAX(customer_seq), leaf FROM interactions"
                " WHERE log = ? AND seq <= ? GROUP BY pseudonym",
                (log, last),
            )
            return {row[0]: (row[1], row[2]) for row in rows}

    def last_seq(self, log: int) -> int:
        """Return the place of the last interaction; 0 if there is none."""
        with self._reading() as db:
            row = db.execute("SELECT MAX(seq) FROM interactions WHERE log = ?", (log,)).fetchone()
            return row[0] or 0

    # ----------------------------------------------------------------- batches

    def batches(self, log: int) -> list[JournalBatch]:
        """Return all batches, planned ones too, in order."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM batches WHERE log = ? ORDER BY number", (log,))
            return [batch_of_row(row) for row in rows]

    def batch_with(self, log: int, seq: int) -> JournalBatch | None:
        """Return the batch that holds a place in the log; ``None`` if it is in none yet."""
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM batches WHERE log = ? AND ? BETWEEN first_seq AND last_seq",
                (log, seq),
            ).fetchone()
            return None if row is None else batch_of_row(row)

    def plan(self, log: int, batch: JournalBatch) -> bool:
        """Write a batch down before it is sent.

        Returns:
            ``False`` if another process has planned one since; nothing was written.
        """
        with self._writing() as db:
            row = db.execute(
                "SELECT MAX(number), MAX(last_seq) FROM batches WHERE log = ?", (log,)
            ).fetchone()
            if ((row[0] or 0) + 1, (row[1] or 0) + 1) != (batch.number, batch.first_seq):
                return False
            db.execute(
                "INSERT INTO batches (log, number, first_seq, last_seq, leaves_root, heads_root,"
                " is_stored) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    log,
                    batch.number,
                    batch.first_seq,
                    batch.last_seq,
                    batch.leaves_root,
                    batch.heads_root,
                    batch.is_stored,
                ),
            )
            return True

    def settle(
        self, log: int, number: int, *, anchored_at: int, block: int, tx_hash: str, head: bytes
    ) -> None:
        """Write down where a batch is on chain."""
        with self._writing() as db:
            db.execute(
                "UPDATE batches SET anchored_at = ?, block = ?, tx_hash = ?, head = ?"
                " WHERE log = ? AND number = ?",
                (anchored_at, block, tx_hash, head, log, number),
            )

    def reopen(self, log: int, after: int) -> None:
        """Take batches up again that a reorganisation of the chain has undone.

        Args:
            log: The log.
            after: Number of the last batch that is still on chain.
        """
        with self._writing() as db:
            db.execute(
                "UPDATE batches SET anchored_at = NULL, block = NULL, tx_hash = NULL, head = NULL"
                " WHERE log = ? AND number > ?",
                (log, after),
            )

    # ----------------------------------------------------------------- notices

    def notices(self, log: int) -> list[tuple[int, JournalEntry]]:
        """Return what the company was not told of yet, oldest first, with the notices' numbers."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT n.id AS notice, i.* FROM notices n JOIN interactions i"
                " ON i.log = n.log AND i.seq = n.seq WHERE n.log = ? AND n.is_told = 0"
                " ORDER BY n.id",
                (log,),
            ).fetchall()
            return [(row["notice"], entry_of(row, self._name(log))) for row in rows]

    def told(self, notice: int) -> None:
        """Write that the company was told."""
        with self._writing() as db:
            db.execute("UPDATE notices SET is_told = 1 WHERE id = ?", (notice,))

    # ----------------------------------------------------------------- erasure

    def erasing(self, log: int) -> list[bytes]:
        """Return the customers whose erasure was begun and not finished."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT pseudonym FROM customers WHERE log = ? AND state = 'erasing'", (log,)
            )
            return [row[0] for row in rows]

    def erase(self, log: int, pseudonym: bytes) -> None:
        """Overwrite all that is known of a customer's interactions; their leaves stay.

        Raises:
            JournalProblem: Another process is reading, so old bytes are still in the file; the
                customer counts as being erased. Call again.
        """
        with self._writing() as db:
            db.execute(
                "DELETE FROM notices WHERE log = ? AND seq IN (SELECT seq FROM interactions"
                " WHERE log = ? AND pseudonym = ?)",
                (log, log, pseudonym),
            )
            db.execute(
                "UPDATE interactions SET previous_leaf = NULL, kind = NULL, time = NULL,"
                " consent_id = NULL, payload_hash = NULL, sealed = NULL, request = NULL"
                " WHERE log = ? AND pseudonym = ?",
                (log, pseudonym),
            )
        self.scrub()
        with self._writing() as db:
            db.execute(
                "UPDATE customers SET state = 'erased' WHERE log = ? AND pseudonym = ?",
                (log, pseudonym),
            )

    def _name(self, log: int) -> bytes:
        name: bytes = self._db.execute("SELECT log FROM logs WHERE id = ?", (log,)).fetchone()[0]
        return name

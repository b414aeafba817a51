"""The relayer's memory on disk: every signed intent it took, and what became of it.

An intent is written before it counts as accepted, and a batch with its members before anything is
sent, so a process killed at any point leaves a file from which the next one goes on.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.chain.typed_data import Domain
from crmdapp.loyalty.intents import KINDS, RedeemIntent, SignedIntent, read_message

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    hub TEXT NOT NULL,
    sender TEXT NOT NULL,
    program TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    is_open INTEGER NOT NULL,
    tx_hash TEXT,
    block INTEGER,
    block_hash TEXT
) STRICT;
CREATE TABLE intents (
    digest BLOB NOT NULL,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    hub TEXT NOT NULL,
    kind TEXT NOT NULL,
    program TEXT NOT NULL,
    holder TEXT NOT NULL,
    points INTEGER NOT NULL,
    counter TEXT NOT NULL,
    number TEXT NOT NULL,
    message TEXT NOT NULL,
    signature BLOB NOT NULL,
    refundable INTEGER NOT NULL,
    gas INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('accepted', 'batched', 'mined', 'skipped', 'rejected')),
    reason TEXT NOT NULL,
    batch INTEGER REFERENCES batches (id),
    position INTEGER,
    accepted_at REAL NOT NULL,
    PRIMARY KEY (digest, genesis)
) STRICT;
CREATE INDEX intents_by_state ON intents (chain_id, genesis, hub, state);
CREATE INDEX intents_by_batch ON intents (batch, position);
CREATE UNIQUE INDEX one_per_number ON intents (chain_id, genesis, hub, counter, number)
    WHERE state IN ('accepted', 'batched', 'mined');
"""
# The hub uses up numbers in one of two ways: orders of a merchant, or nonces of a holder.


@dataclass(frozen=True, slots=True)
class RelayedIntent:
    """A signed intent in the relayer's hands.

    Attributes:
        signed: The intent and its signature.
        state: ``"accepted"`` (taken, not sent yet), ``"batched"`` (sent, or about to be),
            ``"mined"`` (carried out), ``"skipped"`` (the hub left it out of its batch; it stays
            usable) or ``"rejected"`` (could not be sent at all).
        reason: Name of the hub's error if it was skipped or rejected, else empty.
        tx_hash: The transaction it was in; ``None`` before.
        block: Its block; ``None`` before.
        gas: Most gas it may take in a batch.
        refundable: Whether a redemption may be refunded later; such ones are sent one by one.
    """

    signed: SignedIntent
    state: str
    reason: str
    tx_hash: str | None
    block: int | None
    gas: int
    refundable: bool

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed: the intent's name."""
        return self.signed.digest


@dataclass(frozen=True, slots=True)
class IntentBatch:
    """Intents that are sent in one transaction.

    Attributes:
        id: Its number in the journal.
        program: The program of all of them.
        sender: The account that sends it.
        key: Idempotency key it is sent under.
        members: Position in the batch and intent, in order. An intent that was taken up again
            after it was skipped is no longer among them.
        block_hash: Block whose receipt was read; ``None`` before.
    """

    id: int
    program: int
    sender: str
    key: str
    members: tuple[tuple[int, RelayedIntent], ...]
    block_hash: str | None


class IntentJournal(Database):
    """The journal file; safe to share between threads and processes.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of a newer version, or no such journal.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="relayer's journal", schema=_SCHEMA, version=SCHEMA_VERSION)

    # ----------------------------------------------------------------- intents

    def find(self, genesis: bytes, digest: bytes) -> RelayedIntent | None:
        """Return the intent of that digest on the chain of that first block."""
        with self._reading() as db:
            row = db.execute(
                f"{_SELECT} WHERE i.digest = ? AND i.genesis = ?", (digest, genesis)
            ).fetchone()
            return None if row is None else _relayed(row)

    def add(self, genesis: bytes, signed: SignedIntent, gas: int, refundable: bool) -> bool:
        """Write an intent down as accepted; one that was skipped or rejected is taken up again.

        Returns:
            Whether it is accepted now; ``False`` if another live intent is for the same order, or
            has the same nonce of its holder.
        """
        intent = signed.intent
        counter, number = _counter_and_number(signed)
        with self._writing() as db:
            try:
                db.execute(
                    "INSERT INTO intents VALUES"
                    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'accepted', '', NULL, NULL, ?)"
                    " ON CONFLICT (digest, genesis) DO UPDATE SET state = 'accepted', reason = '',"
                    " batch = NULL, position = NULL, signature = excluded.signature,"
                    " refundable = excluded.refundable, gas = excluded.gas"
                    " WHERE state IN ('skipped', 'rejected')",
                    (
                        signed.digest,
                        *_place(genesis, signed.domain),
                        type(intent).__name__,
                        str(intent.program),
                        intent.from_,
                        intent.points,
                        counter,
                        number,
                        json.dumps(intent.message()),
                        signed.signature,
                        refundable,
                        gas,
                        time.time(),
                    ),
                )
            except sqlite3.IntegrityError:
                return False
            return True

    def reserved(self, genesis: bytes, signed: SignedIntent) -> int:
        """Return the units that other intents of the same holder, not mined yet, will take."""
        intent = signed.intent
        with self._reading() as db:
            row = db.execute(
                "SELECT COALESCE(SUM(points), 0) FROM intents WHERE chain_id = ? AND genesis = ?"
                " AND hub = ? AND program = ? AND holder = ? AND digest != ?"
                " AND state IN ('accepted', 'batched')",
                (
                    *_place(genesis, signed.domain),
                    str(intent.program),
                    intent.from_,
                    signed.digest,
                ),
            ).fetchone()
            units: int = row[0]
            return units

    def intents(self, genesis: bytes, domain: Domain, *states: str) -> list[RelayedIntent]:
        """Return the intents for one hub in those states (all if none is named), oldest first."""
        marks = ", ".join("?" * len(states))
        only = f" AND i.state IN ({marks})" if states else ""
        with self._reading() as db:
            rows = db.execute(
                f"{_SELECT} WHERE i.chain_id = ? AND i.genesis = ? AND i.hub = ?{only}"
                " ORDER BY i.accepted_at, i.rowid",
                (*_place(genesis, domain), *states),
            ).fetchall()
            return [_relayed(row) for row in rows]

    def reject(self, genesis: bytes, digest: bytes, reason: str) -> None:
        """Write that an intent cannot be sent; it is out of any batch."""
        with self._writing() as db:
            db.execute(
                "UPDATE intents SET state = 'rejected', reason = ?, batch = NULL, position = NULL"
                " WHERE digest = ? AND genesis = ? AND state IN ('accepted', 'batched')",
                (reason, digest, genesis),
            )

    # ----------------------------------------------------------------- batches

    def form(
        self, genesis: bytes, domain: Domain, sender: str, program: int, digests: Sequence[bytes]
    ) -> int | None:
        """Put accepted intents into a batch in that order, all or none.

        Returns:
            The batch's number; ``None`` if another process has taken one of them.
        """
        key = f"intents:{domain.verifying_contract}:{program}:{secrets.token_hex(16)}"
        with self._writing() as db:
            free = sum(
                db.execute(
                    "SELECT COUNT(*) FROM intents WHERE digest = ? AND genesis = ?"
                    " AND state = 'accepted'",
                    (digest, genesis),
                ).fetchone()[0]
                for digest in digests
            )
            if free != len(digests):
                return None
            batch = db.execute(
                "INSERT INTO batches (chain_id, genesis, hub, sender, program, key, is_open)"
                " VALUES (?, ?, ?, ?, ?, ?, 1)",
                (*_place(genesis, domain), sender, str(program), key),
            ).lastrowid
            db.executemany(
                "UPDATE intents SET state = 'batched', batch = ?, position = ?"
                " WHERE digest = ? AND genesis = ?",
                [(batch, place, digest, genesis) for place, digest in enumerate(digests)],
            )
            return batch

    def dissolve(self, batch: int) -> None:
        """Take a batch apart that was never sent; its members are accepted again."""
        with self._writing() as db:
            db.execute(
                "UPDATE intents SET state = 'accepted', batch = NULL, position = NULL"
                " WHERE batch = ? AND state = 'batched'",
                (batch,),
            )
            db.execute("UPDATE intents SET batch = NULL WHERE batch = ?", (batch,))
            db.execute("DELETE FROM batches WHERE id = ?", (batch,))

    def reopen(self, batch: int) -> None:
        """Take a settled batch up again whose transaction a reorganisation has undone."""
        with self._writing() as db:
            db.execute("UPDATE batches SET is_open = 1, block_hash = NULL WHERE id = ?", (batch,))
            db.execute(
                "UPDATE intents SET state = 'batched', reason = '' WHERE batch = ?", (batch,)
            )

    def batches(
        self, genesis: bytes, domain: Domain, *, settled_since: int | None = None
    ) -> list[IntentBatch]:
        """Return the open batches of a hub, or those settled in a block or later, oldest first."""
        since = -1 if settled_since is None else settled_since
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM batches WHERE chain_id = ? AND genesis = ? AND hub = ?"
                " AND is_open = ? AND (is_open = 1 OR block >= ?) ORDER BY id",
                (*_place(genesis, domain), settled_since is None, since),
            ).fetchall()
            return [self._batch(row) for row in rows]

    def batch(self, number: int) -> IntentBatch:
        """Return the batch of that number."""
        with self._reading() as db:
            return self._batch(
                db.execute("SELECT * FROM batches WHERE id = ?", (number,)).fetchone()
            )

    def settle(
        self,
        batch: int,
        *,
        tx_hash: str,
        block: int,
        block_hash: str,
        outcomes: Iterable[tuple[bytes, str, str]],
    ) -> None:
        """Write down what became of a batch, all at once.

        Args:
            batch: Its number.
            tx_hash: The transaction.
            block: Its block.
            block_hash: The block's hash.
            outcomes: Digest, state and reason of each member.
        """
        with self._writing() as db:
            db.execute(
                "UPDATE batches SET is_open = 0, tx_hash = ?, block = ?, block_hash = ?"
                " WHERE id = ?",
                (tx_hash, block, block_hash, batch),
            )
            db.executemany(
                "UPDATE intents SET state = ?, reason = ? WHERE digest = ? AND batch = ?",
                [(state, reason, digest, batch) for digest, state, reason in outcomes],
            )

    def _batch(self, row: sqlite3.Row) -> IntentBatch:
        members = self._db.execute(
            f"{_SELECT} WHERE i.batch = ? ORDER BY i.position", (row["id"],)
        ).fetchall()
        return IntentBatch(
            id=row["id"],
            program=int(row["program"]),
            sender=row["sender"],
            key=row["key"],
            members=tuple((member["position"], _relayed(member)) for member in members),
            block_hash=row["block_hash"],
        )


_SELECT = "SELECT i.*, b.tx_hash, b.block FROM intents i LEFT JOIN batches b ON b.id = i.batch"


def _place(genesis: bytes, domain: Domain) -> tuple[int, bytes, str]:
    return (domain.chain_id, genesis, domain.verifying_contract)


def _counter_and_number(signed: SignedIntent) -> tuple[str, str]:
    """Return whose numbers the hub uses up with the intent, and which one."""
    intent = signed.intent
    if isinstance(intent, RedeemIntent):
        return f"orders of {intent.merchant}", str(intent.order_id)
    return f"nonces of {intent.from_}", str(intent.nonce)


def _relayed(row: sqlite3.Row) -> RelayedIntent:
    domain = Domain("PointsHub", "1", row["chain_id"], row["hub"])
    intent = read_message(KINDS[row["kind"]], json.loads(row["message"]))
    return RelayedIntent(
        signed=SignedIntent(intent, domain, row["signature"]),
        state=row["state"],
        reason=row["reason"],
        tx_hash=row["tx_hash"],
        block=row["block"],
        gas=row["gas"],
        refundable=bool(row["refundable"]),
    )

"""The relayer's journal: every ballot it took, and every batch, before anything depends on it.

A ballot waits, is put into a batch, and ends as counted, skipped or refused. A batch and the moves
of its ballots are one transaction on the disk, written before the batch is sent. It is sent under a
key of its own, and the same bytes under the same key are sent at most once, whatever happens in
between; so a killed relayer that is started again loses no ballot and sends none twice. A batch
whose block a reorganisation undid is opened again, and goes on as if it had never been mined.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.ballots.record import CastBallot, encode_batch
from crmdapp.chain._database import Database
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.ballots.ballot_intents import SignedBallot
    from crmdapp.chain.transactions import Receipt

SCHEMA_VERSION = 2
SCHEMA = """
CREATE TABLE owner (
    name TEXT NOT NULL,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    box TEXT NOT NULL
) STRICT;
CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    election INTEGER NOT NULL,
    question INTEGER NOT NULL,
    precinct INTEGER NOT NULL,
    data BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('formed', 'mined', 'failed')),
    tx_hash TEXT NOT NULL DEFAULT '',
    block INTEGER,
    block_hash TEXT NOT NULL DEFAULT '',
    gas_used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE ballots (
    id INTEGER PRIMARY KEY,
    election INTEGER NOT NULL,
    question INTEGER NOT NULL,
    precinct INTEGER NOT NULL,
    voter_index INTEGER NOT NULL,
    voter TEXT NOT NULL,
    tracker BLOB NOT NULL UNIQUE,
    deadline INTEGER NOT NULL,
    signature BLOB NOT NULL,
    body BLOB NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('waiting', 'batched', 'counted', 'skipped', 'refused')),
    batch INTEGER REFERENCES batches (id),
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX one_on_its_way ON ballots (election, question, precinct, voter_index)
    WHERE state IN ('waiting', 'batched');
CREATE INDEX ballots_of ON ballots (batch);
CREATE INDEX batches_open ON batches (id) WHERE state = 'formed';
CREATE INDEX batches_mined ON batches (block) WHERE state = 'mined';
"""

STATES = ("waiting", "batched", "counted", "skipped", "refused")

Precinct = tuple[int, int, int]
"""Election, question and precinct."""


@dataclass(frozen=True, slots=True)
class RelayedBallot:
    """A ballot in the journal.

    Attributes:
        election: Number of the election.
        question: Number of the question.
        precinct: The voter's.
        voter: The voter's address.
        tracker: 32 bytes.
        state: ``"waiting"``, ``"batched"``, ``"counted"``, ``"skipped"`` (its voter had voted) or
            ``"refused"`` (by the box, after it was taken).
        reason: Why it was refused or skipped; empty otherwise.
        ballot: As it stands in a batch.
    """

    election: int
    question: int
    precinct: int
    voter: str
    tracker: bytes
    state: str
    reason: str
    ballot: CastBallot


@dataclass(frozen=True, slots=True)
class RelayBatch:
    """A batch in the journal that is not known to be mined.

    Attributes:
        id: Its number.
        key: Idempotency key of its transaction.
        election: Number of the election.
        question: Number of the question.
        precinct: From 0.
        data: The ballots as the box takes them.
        ballots: The ballots, in that order.
    """

    id: int
    key: str
    election: int
    question: int
    precinct: int
    data: bytes
    ballots: tuple[RelayedBallot, ...]


class RelayJournal(Database):
    """The journal file of one relayer for one ballot box.

    Args:
        path: The file; created, with its folder, if missing.
        chain_id: The chain of the box.
        genesis: Hash of its first block, 32 bytes.
        box: Address of the box.

    Raises:
        UsageError: It was begun for another box or chain.
        JournalProblem: It is damaged, of another release, or no journal.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str, *, chain_id: int, genesis: bytes, box: str) -> None:
        super().__init__(path, what="relayer's journal", schema=SCHEMA, version=SCHEMA_VERSION)
        owner = (chain_id, genesis, box)
        with self._writing() as db:
            row = db.execute("SELECT * FROM owner").fetchone()
            if row is None:
                # Of its own: two journals of one account must not share the keys of batches.
                row = {"name": secrets.token_hex(8)}
                db.execute("INSERT INTO owner VALUES (?, ?, ?, ?)", (row["name"], *owner))
            elif (row["chain_id"], row["genesis"], row["box"]) != owner:
                raise UsageError(
                    f"The journal {self.path} is of the box {row['box']} on chain"
                    f" {row['chain_id']}.",
                    hint="Name another file, or the box and chain that it was begun for.",
                )
        self._name: str = row["name"]

    # ----------------------------------------------------------------- looking

    def find(self, tracker: bytes) -> RelayedBallot | None:
        """Return the ballot of that tracker; ``None`` if it was never taken."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM ballots WHERE tracker = ?", (tracker,)).fetchone()
        return None if row is None else _relayed(row)

    def ballot_of(self, place: Precinct, index: int) -> RelayedBallot | None:
        """Return the ballot of a voter that waits, is in a batch or counted; ``None`` if none."""
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM ballots WHERE election = ? AND question = ? AND precinct = ?"
                " AND voter_index = ? AND state IN ('waiting', 'batched', 'counted')",
                (*place, index),
            ).fetchone()
        return None if row is None else _relayed(row)

    def counts(self) -> dict[str, int]:
        """Return how many ballots are in each state."""
        with self._reading() as db:
            rows = db.execute("SELECT state, count(*) FROM ballots GROUP BY state").fetchall()
        return {**dict.fromkeys(STATES, 0), **{row[0]: row[1] for row in rows}}

    def ballots(self, state: str) -> list[RelayedBallot]:
        """Return the ballots in a state, in the order in which they came."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM ballots WHERE state = ? ORDER BY id", (state,)
            ).fetchall()
        return [_relayed(row) for row in rows]

    def open_batches(self) -> list[RelayBatch]:
        """Return the batches that are not known to be mined, oldest first."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM batches WHERE state = 'formed' ORDER BY id").fetchall()
            return [self._batch(row) for row in rows]

    def mined_from(self, block: int) -> dict[tuple[int, str], list[int]]:
        """Return the numbers of the mined batches by the number and hash of their block.

        Args:
            block: The first block that is asked for; may be below 0.
        """
        found: dict[tuple[int, str], list[int]] = {}
        with self._reading() as db:
            for row in db.execute(
                "SELECT id, block, block_hash FROM batches WHERE state = 'mined' AND block >= ?",
                (block,),
            ):
                found.setdefault((row["block"], row["block_hash"]), []).append(row["id"])
        return found

    def gas_used(self) -> tuple[int, int]:
        """Return how many batches were mined, and the gas of them all."""
        with self._reading() as db:
            row = db.execute(
                "SELECT count(*), coalesce(sum(gas_used), 0) FROM batches WHERE state = 'mined'"
            ).fetchone()
        return row[0], row[1]

    # ----------------------------------------------------------------- moving

    def take(self, ballots: Sequence[SignedBallot]) -> list[bool]:
        """Write down ballots that were verified; returns once they are on the disk.

        A ballot that is there already is not written twice; if it waits, or was refused or skipped
        before, it waits on with the later deadline.

        Returns:
            Of each whether it will be sent. It will not if it was counted, or if another one of
            the same voter is on its way or was counted.
        """
        with self._writing() as db:
            return [self._take(db, ballot) for ballot in ballots]

    def form(self, sizes: dict[tuple[int, int], int]) -> list[RelayBatch]:
        """Put the ballots that wait into batches, sorted by voter.

        Args:
            sizes: Most ballots of a batch, by election and question; those of others wait on.
        """
        formed: list[RelayBatch] = []
        with self._writing() as db:
            rows = db.execute(
                "SELECT * FROM ballots WHERE state = 'waiting'"
                " ORDER BY election, question, precinct, voter_index"
            ).fetchall()
            for place, group in groupby(rows, key=_place):
                most = sizes.get(place[:2], 0)
                waiting = [_relayed(row) for row in group] if most else []
                formed += [
                    self._form(db, place, waiting[at : at + most])
                    for at in range(0, len(waiting), max(most, 1))
                ]
        return formed

    def settle(self, batch: RelayBatch, receipt: Receipt, *, skipped: int) -> None:
        """Write down that a batch is mined.

        Args:
            batch: Which.
            receipt: Its transaction's.
            skipped: Bit i: the i-th ballot did not count, because its voter had voted.
        """
        with self._writing() as db:
            db.execute(
                "UPDATE batches SET state = 'mined', tx_hash = ?, block = ?, block_hash = ?,"
                " gas_used = ? WHERE id = ?",
                (receipt.hash, receipt.block, receipt.block_hash, receipt.gas_used, batch.id),
            )
            passed = [skipped >> place & 1 for place in range(len(batch.ballots))]
            db.executemany(
                "UPDATE ballots SET state = ?, reason = ? WHERE tracker = ?",
                [
                    ("skipped", "BallotCastAlready", ballot.tracker)
                    if late
                    else ("counted", "", ballot.tracker)
                    for late, ballot in zip(passed, batch.ballots, strict=True)
                ],
            )

    def reopen(self, batches: Sequence[int]) -> None:
        """Write down that the block of mined batches is gone: their ballots are on their way again.

        A ballot that was skipped stays so if its voter has handed in another one since.

        Args:
            batches: Their numbers.
        """
        numbers = [(number,) for number in batches]
        with self._writing() as db:
            db.executemany(
                "UPDATE batches SET state = 'formed', tx_hash = '', block = NULL, block_hash = '',"
                " gas_used = 0 WHERE id = ? AND state = 'mined'",
                numbers,
            )
            db.executemany(
                "UPDATE OR IGNORE ballots SET state = 'batched', reason = '' WHERE batch = ?"
                " AND state IN ('counted', 'skipped')",
                numbers,
            )

    def fail(
        self, batch: RelayBatch, refused: dict[int, str], *, state: str = "refused"
    ) -> list[RelayBatch]:
        """Write down that a batch changed nothing, and put what is left of it into new batches.

        Args:
            batch: Which.
            refused: Why, by the position of each ballot that is taken out. If none is, the batch is
                cut into halves.
            state: What becomes of those: ``"refused"``, ``"skipped"``, or ``"waiting"`` for the
                next round.

        Returns:
            The new batches.
        """
        left = [each for place, each in enumerate(batch.ballots) if place not in refused]
        middle = len(left) if refused else (len(left) + 1) // 2
        place = (batch.election, batch.question, batch.precinct)
        with self._writing() as db:
            changed = db.execute(
                "UPDATE batches SET state = 'failed' WHERE id = ? AND state = 'formed'",
                (batch.id,),
            ).rowcount
            if not changed:
                return []  # another process was quicker
            for position, reason in refused.items():
                db.execute(
                    "UPDATE ballots SET state = ?, reason = ? WHERE tracker = ?",
                    (state, reason, batch.ballots[position].tracker),
                )
            halves = [part for part in (left[:middle], left[middle:]) if part]
            return [self._form(db, place, part) for part in halves]

    # ----------------------------------------------------------------- inside

    def _take(self, db: sqlite3.Connection, ballot: SignedBallot) -> bool:
        intent, cast = ballot.intent, ballot.cast_ballot()
        row = db.execute("SELECT * FROM ballots WHERE tracker = ?", (ballot.tracker,)).fetchone()
        if row is not None and row["state"] in ("batched", "counted"):
            return bool(row["state"] == "batched")
        rival = db.execute(
            "SELECT 1 FROM ballots WHERE election = ? AND question = ? AND precinct = ?"
            " AND voter_index = ? AND tracker != ?"
            " AND state IN ('waiting', 'batched', 'counted')",
            (intent.election, intent.question, intent.precinct, intent.index, ballot.tracker),
        ).fetchone()
        if rival is not None:
            return False
        if row is None:
            db.execute(
                "INSERT INTO ballots (election, question, precinct, voter_index, voter, tracker,"
                " deadline, signature, body, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
                (
                    intent.election,
                    intent.question,
                    intent.precinct,
                    intent.index,
                    ballot.voter,
                    ballot.tracker,
                    cast.deadline,
                    cast.signature,
                    cast.body,
                ),
            )
        elif row["state"] != "waiting" or cast.deadline > row["deadline"]:
            db.execute(
                "UPDATE ballots SET deadline = ?, signature = ?, state = 'waiting', reason = '',"
                " batch = NULL WHERE tracker = ?",
                (cast.deadline, cast.signature, ballot.tracker),
            )
        return True

    def _form(
        self, db: sqlite3.Connection, place: Precinct, ballots: Sequence[RelayedBallot]
    ) -> RelayBatch:
        data = encode_batch(each.ballot for each in ballots)
        number = db.execute(
            "INSERT INTO batches (election, question, precinct, data, state)"
            " VALUES (?, ?, ?, ?, 'formed')",
            (*place, data),
        ).lastrowid
        db.executemany(
            "UPDATE ballots SET state = 'batched', batch = ? WHERE tracker = ?",
            [(number, each.tracker) for each in ballots],
        )
        return self._batch(db.execute("SELECT * FROM batches WHERE id = ?", (number,)).fetchone())

    def _batch(self, row: sqlite3.Row) -> RelayBatch:
        rows = self._db.execute(
            "SELECT * FROM ballots WHERE batch = ? ORDER BY voter_index", (row["id"],)
        ).fetchall()
        return RelayBatch(
            id=row["id"],
            key=f"relay:{self._name}:{row['id']}",
            election=row["election"],
            question=row["question"],
            precinct=row["precinct"],
            data=row["data"],
            ballots=tuple(_relayed(each) for each in rows),
        )


def _place(row: sqlite3.Row) -> Precinct:
    return row["election"], row["question"], row["precinct"]


def _relayed(row: sqlite3.Row) -> RelayedBallot:
    return RelayedBallot(
        election=row["election"],
        question=row["question"],
        precinct=row["precinct"],
        voter=row["voter"],
        tracker=row["tracker"],
        state=row["state"],
        reason=row["reason"],
        ballot=CastBallot(row["voter_index"], row["deadline"], row["signature"], row["body"]),
    )

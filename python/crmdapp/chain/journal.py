"""The journal of sent transactions: what makes sending survive a crash.

One SQLite file holds, for every (chain id, genesis block, sender), which nonces are taken, and each
transaction's raw signed form, written and synced *before* it is handed to a node. Several processes
may share the file: every change is one transaction that locks it.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.chain._journal_rows import (
    SCHEMA,
    SCHEMA_VERSION,
    Account,
    Attempt,
    intent_of,
    is_held,
    new_lease,
    require_same,
)
from crmdapp.chain._keccak import keccak
from crmdapp.chain.calls import Call
from crmdapp.chain.fees import Fees
from crmdapp.chain.transactions import SentTransaction
from crmdapp.errors import JournalProblem

__all__ = ["Account", "Attempt", "Journal"]


class Journal(Database):
    """The journal file; safe to share between threads and processes.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of a newer version, or not a journal.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="journal", schema=SCHEMA, version=SCHEMA_VERSION)

    # ----------------------------------------------------------------- nonces

    def lease(
        self,
        account: Account,
        call: Call,
        *,
        key: str | None,
        gas: int,
        chain_nonce: int,
        seconds: float,
        again: bool = False,
    ) -> tuple[SentTransaction, str | None]:
        """Number a call, durably, for the caller alone to sign.

        The number is the lowest at or above ``chain_nonce`` that no transaction in the journal
        holds.

        Args:
            account: Sender and chain.
            call: What to send.
            key: Idempotency key; a transaction already under it is returned instead.
            gas: Gas limit.
            chain_nonce: How many transactions of the sender the chain and its queue have.
            seconds: How long the number is kept for the caller.
            again: Number a reverted transaction of that key anew.

        Returns:
            The transaction, and the lease to sign it with: ``None`` if it was there before or is
            being signed by someone else.

        Raises:
            UsageError: The key belongs to another call.
        """
        lease, now = new_lease(), time.time()
        with self._writing() as db:
            row = self._by_key(account, key)
            if row is not None:
                if row["state"] == "leased" and not is_held(row, now):
                    self._expire(row)
                    row = self._row(row["id"])
                require_same(row, call)
                if row["state"] != "dropped" and not (again and row["state"] == "reverted"):
                    return self._sent(row), None
            nonce = self._next_nonce(account, chain_nonce)
            number = self._insert(account, key, call) if row is None else row["id"]
            db.execute(
                "UPDATE transactions SET state = 'leased', nonce = ?, gas = ?, lease = ?,"
                " lease_until = ?, block = NULL, mined_hash = NULL WHERE id = ?",
                (nonce, gas, lease, now + seconds, number),
            )
            return self._sent(self._row(number)), lease

    def renumber(
        self, account: Account, number: int, nonce: int, *, chain_nonce: int, seconds: float
    ) -> str | None:
        """Number a transaction anew whose nonce someone else has used up.

        Args:
            account: Sender and chain.
            number: The transaction.
            nonce: The nonce that was lost; if the transaction has another by now nothing is done.
            chain_nonce: How many transactions of the sender the chain and its queue have.
            seconds: How long the new number is kept for the caller.

        Returns:
            The lease to sign it with; ``None`` if someone else was quicker.
        """
        lease = new_lease()
        with self._writing() as db:
            row = self._row(number)
            if row["state"] != "signed" or row["nonce"] != nonce:
                return None
            new = self._next_nonce(account, max(chain_nonce, nonce + 1))
            db.execute(
                "UPDATE transactions SET state = 'leased', nonce = ?, lease = ?, lease_until = ?"
                " WHERE id = ?",
                (new, lease, time.time() + seconds, number),
            )
            return lease

    def record_signed(
        self, number: int, lease: str, raw: bytes, fees: Fees
    ) -> SentTransaction | None:
        """Write the signed form of a leased transaction; returns once it is on the disk.

        Returns:
            The transaction; ``None`` if the lease has run out and the nonce is no longer the
            caller's: the signed form must then be thrown away.
        """
        with self._writing() as db:
            changed = db.execute(
                "UPDATE transactions SET state = 'signed', lease = NULL, lease_until = NULL"
                " WHERE id = ? AND state = 'leased' AND lease = ?",
                (number, lease),
            ).rowcount
            if not changed:
                return None
            row = self._row(number)
            self._add_attempt(number, row["nonce"], "send", raw, fees)
            return self._sent(row)

    def record_replacement(
        self, sent: SentTransaction, kind: str, raw: bytes, fees: Fees
    ) -> SentTransaction | None:
        """Write another signed form for the same nonce.

        Returns:
            The transaction; ``None`` if it is no longer waiting under that nonce.
        """
        with self._writing():
            row = self._row(sent.id)
            if row["state"] != "signed" or row["nonce"] != sent.nonce:
                return None
            self._add_attempt(sent.id, row["nonce"], kind, raw, fees)
            return self._sent(row)

    def drop(self, number: int, lease: str | None = None) -> None:
        """Give up a transaction that no node has accepted; its nonce becomes free.

        One that was sent under an earlier nonce goes back to waiting under that one instead.

        Args:
            number: The transaction.
            lease: Give it up only if this lease still holds it, keeping earlier signed forms.
        """
        with self._writing() as db:
            row = self._row(number)
            if lease is not None:
                if row["lease"] == lease:
                    self._expire(row)
            elif row["state"] == "signed":
                db.execute("DELETE FROM attempts WHERE transaction_id = ?", (number,))
                self._expire(row)

    def fill_gap(self, account: Account, nonce: int, seconds: float) -> tuple[int, str] | None:
        """Lease a free nonce to an empty transfer, so that later ones can be mined.

        Returns:
            The new transaction's number and its lease; ``None`` if the nonce is no longer free.
        """
        lease = new_lease()
        with self._writing() as db:
            holder = db.execute(
                "SELECT 1 FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
                " AND nonce = ?",
                (*account.row, nonce),
            ).fetchone()
            if holder is not None:
                return None
            number = self._insert(account, None, Call(account.sender, function="(fills a gap)"))
            db.execute(
                "UPDATE transactions SET nonce = ?, gas = 21000, lease = ?, lease_until = ?"
                " WHERE id = ?",
                (nonce, lease, time.time() + seconds, number),
            )
            return number, lease

    # ----------------------------------------------------------------- outcomes

    def record_mined(self, number: int, tx_hash: str, block: int, status: int) -> None:
        """Write that one form of a transaction is in a block."""
        with self._writing() as db:
            row = db.execute(
                "SELECT kind, nonce FROM attempts WHERE hash = ?", (tx_hash,)
            ).fetchone()
            state = "cancelled" if row["kind"] == "cancel" else "mined" if status else "reverted"
            db.execute(
                "UPDATE transactions SET state = ?, nonce = ?, block = ?, mined_hash = ?,"
                " lease = NULL, lease_until = NULL WHERE id = ?",
                (state, row["nonce"], block, tx_hash, number),
            )

    def record_vanished(self, number: int) -> None:
        """Write that the block of a mined transaction is gone: it is pending again."""
        with self._writing() as db:
            db.execute(
                "UPDATE transactions SET state = 'signed', block = NULL, mined_hash = NULL"
                " WHERE id = ? AND state IN ('mined', 'reverted', 'cancelled')",
                (number,),
            )

    # ----------------------------------------------------------------- reading

    def find(self, account: Account, hash_or_key: str) -> SentTransaction | None:
        """Return the transaction with that hash (any of its forms) or idempotency key."""
        with self._reading() as db:
            row = self._by_key(account, hash_or_key)
            if row is None:
                row = db.execute(
                    "SELECT t.* FROM transactions t JOIN attempts a ON a.transaction_id = t.id"
                    " WHERE a.hash = ? AND t.chain_id = ? AND t.genesis = ? AND t.sender = ?",
                    (hash_or_key.lower(), *account.row),
                ).fetchone()
            return None if row is None else self._sent(row)

    def find_key(self, account: Account, key: str) -> SentTransaction | None:
        """Return the transaction with that idempotency key."""
        with self._reading():
            row = self._by_key(account, key)
            return None if row is None else self._sent(row)

    def get(self, number: int) -> SentTransaction:
        """Return the transaction of that number."""
        with self._reading():
            return self._sent(self._row(number))

    def call(self, number: int) -> Call:
        """Return the call of the transaction of that number."""
        with self._reading():
            row = self._row(number)
            return Call(
                to=row["receiver"],
                data=row["data"],
                value=int(row["value"]),
                function=row["function"],
                contract=row["contract"],
            )

    def attempts(self, number: int) -> list[Attempt]:
        """Return all signed forms of a transaction, oldest first."""
        with self._reading():
            return self._attempts(number)

    def unsettled(self, account: Account) -> list[SentTransaction]:
        """Return the transactions that are numbered but not known to be mined, by nonce."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
                " AND state IN ('leased', 'signed') ORDER BY nonce",
                account.row,
            ).fetchall()
            return [self._sent(row) for row in rows]

    def settled_from(self, account: Account, nonce: int) -> list[SentTransaction]:
        """Return the transactions recorded as mined at ``nonce`` or above, by nonce."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT * FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
                " AND nonce >= ? AND state IN ('mined', 'reverted', 'cancelled') ORDER BY nonce",
                (*account.row, nonce),
            ).fetchall()
            return [self._sent(row) for row in rows]

    def expire_leases(self, account: Account) -> int:
        """Drop leases whose owner died or took too long; return how many."""
        now = time.time()
        with self._writing() as db:
            rows = db.execute(
                "SELECT * FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
                " AND state = 'leased'",
                account.row,
            ).fetchall()
            dead = [row for row in rows if not is_held(row, now)]
            for row in dead:
                self._expire(row)
            return len(dead)

    def gaps(self, account: Account, chain_nonce: int) -> list[int]:
        """Return the nonces from ``chain_nonce`` that no transaction holds but a later one does."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT nonce FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
                " AND nonce >= ?",
                (*account.row, chain_nonce),
            ).fetchall()
            held = {row["nonce"] for row in rows}
            return [
                nonce for nonce in range(chain_nonce, max(held, default=0)) if nonce not in held
            ]

    def require_same(self, number: int, call: Call) -> None:
        """Check that the transaction of that number does what ``call`` does.

        Raises:
            UsageError: It does something else.
        """
        with self._reading():
            require_same(self._row(number), call)

    def is_held(self, number: int) -> bool:
        """Return whether someone alive is signing the transaction right now."""
        with self._reading():
            row = self._row(number)
            return row["state"] == "leased" and is_held(row, time.time())

    # ----------------------------------------------------------------- inside

    def _next_nonce(self, account: Account, chain_nonce: int) -> int:
        """Return the lowest nonce from ``chain_nonce`` that no transaction holds."""
        for row in self._db.execute(
            "SELECT * FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
            " AND state = 'leased'",
            account.row,
        ).fetchall():
            if not is_held(row, time.time()):
                self._expire(row)
        held = {
            row["nonce"]
            for row in self._db.execute(
                "SELECT nonce FROM transactions WHERE chain_id = ? AND genesis = ?"
                " AND sender = ? AND nonce >= ?",
                (*account.row, chain_nonce),
            )
        }
        nonce = chain_nonce
        while nonce in held:
            nonce += 1
        return nonce

    def _insert(self, account: Account, key: str | None, call: Call) -> int:
        number = self._db.execute(
            "INSERT INTO transactions (chain_id, genesis, sender, key, intent, state, receiver,"
            " data, value, function, contract, gas, created_at)"
            " VALUES (?, ?, ?, ?, ?, 'leased', ?, ?, ?, ?, ?, 0, ?)",
            (
                *account.row,
                key,
                intent_of(call),
                call.to,
                call.data,
                str(call.value),
                call.function,
                call.contract,
                time.time(),
            ),
        ).lastrowid
        assert number is not None  # an INSERT always has a row id
        return number

    def _expire(self, row: sqlite3.Row) -> None:
        """Take a nonce back: what was sent under an earlier one waits there again."""
        earlier = self._attempts(row["id"])
        self._db.execute(
            "UPDATE transactions SET state = ?, nonce = ?, lease = NULL, lease_until = NULL"
            " WHERE id = ?",
            (
                "signed" if earlier else "dropped",
                earlier[-1].nonce if earlier else None,
                row["id"],
            ),
        )

    def _add_attempt(self, number: int, nonce: int, kind: str, raw: bytes, fees: Fees) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                "0x" + keccak(raw).hex(),
                number,
                nonce,
                kind,
                raw,
                str(fees.max_fee),
                str(fees.tip),
                time.time(),
            ),
        )

    def _row(self, number: int) -> sqlite3.Row:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM transactions WHERE id = ?", (number,)
        ).fetchone()
        if row is None:
            raise JournalProblem(f"The journal {self.path} has no transaction {number}.")
        return row

    def _by_key(self, account: Account, key: str | None) -> sqlite3.Row | None:
        if key is None:
            return None
        row: sqlite3.Row | None = self._db.execute(
            "SELECT * FROM transactions WHERE chain_id = ? AND genesis = ? AND sender = ?"
            " AND key = ?",
            (*account.row, key),
        ).fetchone()
        return row

    def _attempts(self, number: int) -> list[Attempt]:
        return [
            Attempt(
                hash=row["hash"],
                nonce=row["nonce"],
                kind=row["kind"],
                raw=row["raw"],
                max_fee=int(row["max_fee"]),
                tip=int(row["tip"]),
            )
            for row in self._db.execute(
                "SELECT * FROM attempts WHERE transaction_id = ? ORDER BY rowid", (number,)
            )
        ]

    def _sent(self, row: sqlite3.Row) -> SentTransaction:
        forms = self._attempts(row["id"])
        last = forms[-1] if forms else None
        return SentTransaction(
            id=row["id"],
            key=row["key"],
            state=row["state"],
            nonce=row["nonce"],
            hash=row["mined_hash"] or (last.hash if last else ""),
            hashes=tuple(form.hash for form in forms),
            to=row["receiver"],
            value=int(row["value"]),
            gas=row["gas"],
            max_fee=last.max_fee if last else 0,
            tip=last.tip if last else 0,
            function=row["function"],
            contract=row["contract"],
            block=row["block"],
        )

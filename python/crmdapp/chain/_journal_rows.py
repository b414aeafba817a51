"""The tables of the journal, and what their rows mean."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass

from crmdapp.chain._keccak import keccak
from crmdapp.chain.calls import Call
from crmdapp.errors import UsageError

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE transactions (
    id INTEGER PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    genesis BLOB NOT NULL,
    sender TEXT NOT NULL,
    key TEXT,
    intent BLOB NOT NULL,
    nonce INTEGER,
    state TEXT NOT NULL
        CHECK (state IN ('leased', 'signed', 'mined', 'reverted', 'cancelled', 'dropped')),
    receiver TEXT,
    data BLOB NOT NULL,
    value TEXT NOT NULL,
    function TEXT NOT NULL,
    contract TEXT NOT NULL,
    gas INTEGER NOT NULL,
    lease TEXT,
    lease_until REAL,
    block INTEGER,
    mined_hash TEXT,
    created_at REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_per_key ON transactions (chain_id, genesis, sender, key);
CREATE UNIQUE INDEX one_per_nonce ON transactions (chain_id, genesis, sender, nonce);
CREATE TABLE attempts (
    hash TEXT PRIMARY KEY,
    transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    nonce INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('send', 'cancel')),
    raw BLOB NOT NULL,
    max_fee TEXT NOT NULL,
    tip TEXT NOT NULL,
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX attempts_of ON attempts (transaction_id);
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose transactions: one sender on one chain."""

    chain_id: int
    genesis: bytes
    sender: str

    @property
    def row(self) -> tuple[int, bytes, str]:
        """The three columns that identify it."""
        return (self.chain_id, self.genesis, self.sender)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed form of a transaction."""

    hash: str
    nonce: int
    kind: str
    raw: bytes
    max_fee: int
    tip: int


def intent_of(call: Call) -> bytes:
    """Return a digest of what a call does: receiver, value and data."""
    receiver = (call.to or "").lower().encode()
    return keccak(keccak(receiver) + call.value.to_bytes(32, "big") + keccak(call.data))


def require_same(row: sqlite3.Row, call: Call) -> None:
    """Check that a key's transaction does what ``call`` does.

    Raises:
        UsageError: It does something else.
    """
    if row["intent"] != intent_of(call):
        raise UsageError(
            f"The key {row['key']!r} was used for another transaction.",
            why=f"It belongs to {row['contract'] or row['receiver'] or 'a new contract'}"
            f" {row['function']} with other arguments.",
            hint="Use a new key for a new transaction.",
        )


def new_lease() -> str:
    """Return a mark that no other process or thread has."""
    return f"{os.getpid()}:{os.urandom(8).hex()}"


def is_held(row: sqlite3.Row, now: float) -> bool:
    """Return whether a lease's owner lives and still has time."""
    if row["lease"] is None or row["lease_until"] is None or row["lease_until"] <= now:
        return False
    try:
        os.kill(int(row["lease"].split(":")[0]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""The server's own tables: API keys, sessions, stored answers, operations, webhooks.

They hold no customer's data. Keys and sessions are kept as hashes, answers sealed under what only
the caller holds; the secrets that webhooks are signed with have to be kept as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    text,
)
from sqlalchemy.orm import Session

from crmdapp.store.database import Store, open_engine

STATE = MetaData()
STATE_VERSION = 1

_PRAGMAS = (
    "secure_delete = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",
)

version = Table("web_version", STATE, Column("number", Integer, primary_key=True))

secrets = Table(
    "web_secrets",
    STATE,
    Column("name", String(32), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

api_keys = Table(
    "web_api_keys",
    STATE,
    Column("id", String(16), primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("label", String(80), nullable=False),
    Column("merchant", String(42), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("account", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
)

sessions = Table(
    "web_sessions",
    STATE,
    Column("hash", LargeBinary, primary_key=True),
    Column("address", String(42), nullable=False),
    Column("account", String(64)),
    Column("expires_at", BigInteger, nullable=False),
)

challenges = Table(
    "web_challenges",
    STATE,
    Column("nonce", String(32), primary_key=True),
    Column("visitor", LargeBinary, nullable=False),
    Column("address", String(42), nullable=False),
    Column("issued_at", BigInteger, nullable=False),
)

answers = Table(
    "web_answers",
    STATE,
    Column("key_id", String(16), primary_key=True),
    Column("key_hash", LargeBinary, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("lease", String(32)),
    Column("lease_until", Float, nullable=False),
    Column("answer", LargeBinary),
    Column("expires_at", BigInteger, nullable=False),
    Index("web_answers_by_age", "expires_at"),
)

operations = Table(
    "web_operations",
    STATE,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("account", String(64), nullable=False),
    Column("tx_hash", String(66), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

endpoints = Table(
    "web_endpoints",
    STATE,
    Column("id", String(32), primary_key=True),
    Column("merchant", String(42), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("old_secret", LargeBinary),
    Column("old_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
)

outbox = Table(
    "web_outbox",
    STATE,
    Column("id", String(40), primary_key=True),
    Column("endpoint", String(32), nullable=False, index=True),
    Column("type", String(120), nullable=False),
    Column("block_hash", LargeBinary, nullable=False),
    Column("log_index", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("detail", String(120), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index("web_outbox_due", "state", "due_at"),
    Index("web_outbox_of", "block_hash", "log_index"),
)
"""Messages to send. ``turn`` counts those of one event and endpoint: even ones tell that it
happened, odd ones that a reorg undid it."""

seen_blocks = Table(
    "web_seen_blocks",
    STATE,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
"""Blocks up to which events were taken over, and blocks whose events were."""


class State:
    """The server's own database, opened; make one with :func:`open_state`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state and changes nothing."""
        with self._store.reading() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes happen together, or not at all."""
        with self._store.writing() as session:
            yield session

    def close(self) -> None:
        """Close every connection."""
        self._store.close()


def open_state(url: str | Path, *, busy_seconds: float = 5.0) -> State:
    """Open the server's own database, making its tables if there are none.

    Args:
        url: Path of an SQLite file, which several processes of one machine may share, or
            ``postgresql://user@host/database`` for processes on several.
        busy_seconds: How long a change waits for another process.

    Raises:
        UsageError: It is no address of a database.
        StoreProblem: It cannot be used.
    """
    engine, name = open_engine(url, busy_seconds=busy_seconds, pragmas=_PRAGMAS)
    store = Store(engine, name)
    with store.writing() as session:
        if not store.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(hashtext('crmdapp web'))"))
        STATE.create_all(session.connection())
    return State(store)

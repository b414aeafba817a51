"""The tables of the index: blocks, events, the undo journal, and what is derived from the events.

Everything here was public on the chain before. The same tables serve SQLite and PostgreSQL.
A domain declares its derived tables with :func:`derived` in its own ``tables.py``.
"""

from __future__ import annotations

import hashlib
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

INDEX_VERSION = 1
"""Number of the core tables; a change of any table is noticed by itself (see `fingerprint`)."""

DOMAINS = ("loyalty", "customers", "provenance", "ballots")
"""Folders beside this module that derive tables."""

INDEX = MetaData()
"""All tables of the index, core and derived."""

BIG_DIGITS = 78
"""Digits of 2**256 - 1."""

Uint = BigInteger
"""Type of whole numbers below 2**63: times, block numbers, points."""


class Address(TypeDecorator[str]):
    """An address in its EIP-55 form, 42 characters."""

    impl = String(42)
    cache_ok = True


class Hash(TypeDecorator[bytes]):
    """32 bytes."""

    impl = LargeBinary(32)
    cache_ok = True


class Big(TypeDecorator[int]):
    """A whole number up to 2**256 - 1, kept as 78 decimal digits so that it sorts as text."""

    impl = String(BIG_DIGITS)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Return the digits."""
        del dialect  # SQLAlchemy's signature
        return None if value is None else big_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        """Return the number."""
        del dialect  # SQLAlchemy's signature
        return None if value is None else int(value)


class Words(TypeDecorator[str]):
    """Text that anybody may have written into a contract; see `plain_text`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text without what a database refuses."""
        del dialect  # SQLAlchemy's signature
        return None if value is None else plain_text(value)


def plain_text(text: str) -> str:
    """Return a text with U+FFFD for each NUL, which PostgreSQL keeps in no text."""
    return text.replace("\0", "\ufffd")


def big_text(value: int) -> str:
    """Return a number as a column of type `Big` keeps it.

    Raises:
        ValueError: It is negative, or 2**256 or more.
    """
    if value < 0 or value >> 256:
        raise ValueError(f"{value} is no unsigned number of 256 bits")
    return f"{value:078d}"


def derived(name: str, *columns: Column[Any]) -> Table:
    """Return a new derived table; its primary key columns are the identity of a row.

    Args:
        name: Its name, ``<domain>_<plural>``.
        columns: Its columns and indexes' columns; at least one is ``primary_key=True``.
    """
    return Table(name, INDEX, *columns, info={"derived": True}, sqlite_with_rowid=False)


STATE = Table(
    "index_state",
    INDEX,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("chain_id", Uint, nullable=False),
    Column("genesis", Hash, nullable=False),
    Column("first_block", Uint, nullable=False),
    Column("block", Uint, nullable=False),
    Column("hash", Hash, nullable=False),
    Column("timestamp", Uint, nullable=False),
    Column("finalized_block", Uint, nullable=False),
    Column("events", Uint, nullable=False),
    Column("undo_from", Uint, nullable=False),
)
"""The one row that says how far the index has come; there is none before the first block."""

CONTRACTS = Table(
    "index_contracts",
    INDEX,
    Column("address", Address, primary_key=True),
    Column("name", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("block", Uint, nullable=False),
)
"""Contracts whose events are kept: those of the manifest, and those that they created."""

BLOCKS = Table(
    "blocks",
    INDEX,
    Column("hash", Hash, primary_key=True),
    Column("number", Uint, nullable=False, unique=True),
    Column("parent_hash", Hash, nullable=False),
    Column("timestamp", Uint, nullable=False),
)
"""Blocks with events, and all of the latest blocks."""

EVENTS = Table(
    "events",
    INDEX,
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("address", Address, nullable=False),
    Column("contract", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tx_hash", String(66), nullable=False),
    Column("fields", Text, nullable=False),
    sqlite_with_rowid=False,  # kept in the order of the chain, so a batch is appended
)
"""Every event; ``fields`` is JSON by the names of the Python twin: addresses and bytes as hex,
numbers above 2**53 - 1 as decimal text."""

UNDO = Table(
    "undo",
    INDEX,
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("table", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("before", Text),
    sqlite_with_rowid=False,
)
"""What rows of derived tables were before a recent block changed them; ``before`` is null for a row
that was not there."""

CORE = (STATE, CONTRACTS, BLOCKS, EVENTS, UNDO)


def load_domains() -> None:
    """Import every domain's tables and derivations, so that `INDEX` is whole."""
    for domain in DOMAINS:
        for part in ("tables", "derive"):
            name = f"crmdapp.store.index.{domain}"
            if find_spec(name) is not None and find_spec(f"{name}.{part}") is not None:
                import_module(f"{name}.{part}")


def derived_tables() -> list[Table]:
    """Return the derived tables by name."""
    return [table for table in INDEX.sorted_tables if table.info.get("derived")]


def fingerprint() -> str:
    """Return a hash over all tables and columns: another one is another release's index."""
    lines = [f"version {INDEX_VERSION}"]
    for name in sorted(INDEX.tables):
        lines += [
            f"{name}.{column.name} {column.type!r} {column.primary_key}"
            for column in INDEX.tables[name].columns
        ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()

"""Opening the index: an SQLite file by default, PostgreSQL for scale.

The index holds nothing that is not on the chain and can be made anew from it, so it is kept fast:
on SQLite a power cut may take the latest batches, whole ones, and they are fetched again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Column, MetaData, String, Table, func, insert, inspect, select, text
from sqlalchemy import Index as Lookup
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from crmdapp.errors import CrmdappError
from crmdapp.store.database import BUSY_SECONDS, open_engine, problem_of
from crmdapp.store.index.errors import IndexEmpty, IndexVersionUnknown
from crmdapp.store.index.schema import (
    CONTRACTS,
    INDEX,
    STATE,
    derived_tables,
    fingerprint,
    load_domains,
)

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = NORMAL",
    "temp_store = MEMORY",
    "cache_size = -65536",
    "wal_autocheckpoint = 8000",
)
# Apart from the others, so that it is read before they are known to be there.
_VERSION = Table("index_version", MetaData(), Column("fingerprint", String(64), nullable=False))


@dataclass(frozen=True, slots=True)
class Position:
    """How far an index has come.

    Attributes:
        block: Number of the latest block in it.
        hash: Its hash.
        timestamp: Its time, Unix seconds.
        finalized_block: Latest block that the node called final; no reorg takes it back.
        chain_id: The chain's id.
        genesis: Hash of the chain's first block.
        first_block: Number of the first block in it.
        events: How many events it holds.
        undo_from: First block that can be taken back.
    """

    block: int
    hash: bytes
    timestamp: int
    finalized_block: int
    chain_id: int
    genesis: bytes
    first_block: int = 0
    events: int = 0
    undo_from: int = 0


class Index:
    """The index, opened; make one with :func:`open_index`."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._writing = engine.execution_options(crmdapp_writing=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the index, one block, and changes nothing.

        Raises:
            StoreProblem: The index cannot be read.
        """
        with self.translated(), Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes happen together at the end of the block, or not at all.

        Raises:
            StoreProblem: The index cannot be written; nothing was.
            DiskFull: The disk is full; nothing was written.
        """
        with self.translated(), self._writing.connect() as connection, connection.begin():
            yield connection

    def position(self) -> Position:
        """Return how far the index has come.

        Raises:
            IndexEmpty: It has no block yet.
            StoreProblem: It cannot be read.
        """
        with self.reading() as session:
            found = position_in(session)
        if found is None:
            raise IndexEmpty(
                f"The index {self.name} has no block yet.",
                hint="Fill it first: crmdapp index run",
            )
        return found

    def contracts(self) -> dict[str, str]:
        """Return the names of the contracts whose events are kept, by address."""
        with self.reading() as session:
            rows = session.execute(select(CONTRACTS.c.address, CONTRACTS.c.name))
            return {row.address: row.name for row in rows}

    def sizes(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        with self.reading() as session:
            return {
                name: session.execute(select(func.count()).select_from(table)).scalar_one()
                for name, table in sorted(INDEX.tables.items())
            }

    def byte_size(self) -> int:
        """Return how large the index is on disk, in bytes."""
        if self.is_sqlite:
            path = Path(str(self.engine.url.database))
            files = (path, path.with_name(path.name + "-wal"))
            return sum(item.stat().st_size for item in files if item.exists())
        with self.reading() as session:
            tables = list(INDEX.tables)
            return sum(
                session.execute(
                    text("SELECT pg_total_relation_size(CAST(:name AS regclass))"), {"name": name}
                ).scalar_one()
                for name in tables
            )

    def make_lookups(self) -> None:
        """Make the lookups of derived tables that are missing: long fillings begin without them.

        Raises:
            StoreProblem: The index cannot be written; nothing was.
        """
        with self.reading() as session:
            there = {
                found["name"]
                for indexes in inspect(session.connection()).get_multi_indexes().values()
                for found in indexes
            }
        missing = [item for item in _lookups() if item.name not in there]
        if missing:
            with self.writing() as connection:
                for item in missing:
                    item.create(connection)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Index({self.name!r})"

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise what the database raises inside as errors of this package."""
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as problem:
            raise problem_of(problem, self.name) from None
        except Exception as problem:
            if _is_postgres_error(problem):
                raise problem_of(problem, self.name) from None
            raise


def open_index(url: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> Index:
    """Open an index, making its tables if there are none.

    Args:
        url: Path of an SQLite file, ``sqlite:///path``, or ``postgresql://user@host/database``. A
            password comes from the environment (PGPASSWORD, PGPASSFILE), never in the address.
        busy_seconds: How long a transaction waits for another process, 0 to 3600.

    Raises:
        UsageError: It is no address of a database.
        StoreProblem: It cannot be opened, is locked or damaged.
        IndexVersionUnknown: Another release wrote it; it can be rebuilt.
        PermissionDenied: The file or its folder cannot be written.
        DiskFull: The disk is full.
    """
    index = _open(url, busy_seconds)
    try:
        _require_tables(index)
    except CrmdappError:
        index.close()
        raise
    return index


def rebuild_index(url: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> Index:
    """Open an index and empty it, whichever release wrote it; nothing but the index is removed.

    Raises:
        StoreProblem: It cannot be opened or written; nothing was changed.
    """
    index = _open(url, busy_seconds)
    try:
        with index.writing() as connection:
            _drop(connection)
            _make(connection)
    except CrmdappError:
        index.close()
        raise
    return index


def drop_lookups(connection: Connection) -> None:
    """Drop the lookups of derived tables, which are made faster when the rows are there."""
    for item in _lookups():
        item.drop(connection, checkfirst=True)


def position_in(session: Session | Connection) -> Position | None:
    """Return how far the index has come as a transaction sees it; ``None`` if it is empty."""
    row = session.execute(select(STATE)).mappings().first()
    if row is None:
        return None
    names = set(Position.__dataclass_fields__)
    return Position(**{name: value for name, value in row.items() if name in names})


def _open(url: str | Path, busy_seconds: float) -> Index:
    load_domains()
    engine, name = open_engine(
        url, busy_seconds=busy_seconds, pragmas=_PRAGMAS, isolation="REPEATABLE READ"
    )
    return Index(engine, name)


def _require_tables(index: Index) -> None:
    with index.translated(), index.engine.connect() as connection:
        names = set(inspect(connection).get_table_names())
    if _VERSION.name not in names:
        with index.writing() as connection:
            _make(connection)
    with index.translated(), index.engine.connect() as connection:
        found = connection.execute(select(_VERSION.c.fingerprint)).scalar_one()
    if found != fingerprint():
        raise IndexVersionUnknown(
            f"The index {index.name} was written by another release.",
            why="Its tables differ from this release's.",
            hint="Make it anew from the chain: crmdapp index run --rebuild",
        )


def _make(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        # Two processes that find no tables make them one after the other.
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('crmdapp index'))"))
    INDEX.create_all(connection)
    _VERSION.create(connection, checkfirst=True)
    if connection.execute(select(_VERSION)).first() is None:
        connection.execute(insert(_VERSION).values(fingerprint=fingerprint()))


def _drop(connection: Connection) -> None:
    # Only tables of this release: the database may hold other things.
    _VERSION.drop(connection, checkfirst=True)
    INDEX.drop_all(connection)


def _lookups() -> list[Lookup]:
    tables = derived_tables()
    return [item for table in tables for item in table.indexes if not item.unique]


def _is_postgres_error(problem: Exception) -> bool:
    if find_spec("psycopg") is None:
        return False
    import psycopg

    return isinstance(problem, psycopg.Error)

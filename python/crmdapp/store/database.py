"""Opening the store: an SQLite file by default, PostgreSQL for scale.

Every change is one transaction. On SQLite it excludes every other writer from its beginning, is on
the disk when it is over, and overwrites what it deletes.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from crmdapp.chain._files import OWN, disk_full
from crmdapp.errors import CrmdappError, DiskFull, PermissionDenied, UsageError
from crmdapp.store.errors import (
    StoreCorrupt,
    StoreDriverMissing,
    StoreLocked,
    StoreProblem,
    StoreUnreachable,
    StoreVersionUnknown,
)
from crmdapp.store.schema import SCHEMA_VERSION, Base, StoreVersionRow

BUSY_SECONDS = 10.0
"""How long a transaction waits for another process."""

CONNECT_SECONDS = 10
"""How long a server may take to answer."""

_TABLES = ("crmdapp.store.schema", "crmdapp.store.crm_schema")
_SQLITE, _POSTGRES = "sqlite", "postgresql"
_PRAGMAS = (
    "secure_delete = ON",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "temp_store = MEMORY",  # what VACUUM and sorting set aside never reaches the disk
)


class Store:
    """The store, opened; make one with :func:`open_store`."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self._writing = engine.execution_options(crmdapp_writing=True)

    @property
    def is_sqlite(self) -> bool:
        """Whether it is an SQLite file."""
        return self.engine.dialect.name == _SQLITE

    @property
    def path(self) -> Path | None:
        """The SQLite file; ``None`` on a server."""
        return Path(str(self.engine.url.database)) if self.is_sqlite else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees one state of the store and changes nothing.

        Raises:
            StoreProblem: The store cannot be read.
        """
        with self._translated(), Session(self.engine, autoflush=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes happen together at the end of the block, or not at all.

        Raises:
            StoreProblem: The store cannot be written; nothing was.
            DiskFull: The disk is full; nothing was written.
        """
        with self._translated(), Session(self._writing) as session, session.begin():
            session.connection()  # begins now, not with the first statement
            yield session

    def check(self) -> None:
        """Read the whole SQLite file and check its structure; a server checks its own.

        Raises:
            StoreCorrupt: It is damaged.
        """
        if not self.is_sqlite:
            return
        with self.reading() as session:
            found = session.execute(text("PRAGMA integrity_check(1)")).scalar_one()
        if found != "ok":
            raise _corrupt(self.name)

    def scrub(self) -> None:
        """Remove what was deleted from the files.

        SQLite: the file is written anew without free pages and the log is cut to nothing.
        PostgreSQL: the tables are written anew without dead rows; the server's own log, its
        replicas and backups keep older pages, which hold sealed values and pseudonyms only.

        Raises:
            StoreLocked: Another process reads old pages; they are removed next time.
        """
        with self._translated(), self.engine.connect() as connection:
            if not self.is_sqlite:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in Base.metadata.sorted_tables:
                    alone.execute(text(f"VACUUM (FULL) {table.name}"))
                return
            alone = connection.execution_options(crmdapp_alone=True)
            # Deleted pages are zero already (secure_delete): VACUUM only gives them back.
            alone.execute(text("VACUUM"))
            if alone.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]:
                raise _locked(self.name)

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
        return f"Store({self.name!r})"

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as problem:
            raise problem_of(problem, self.name) from None


def open_store(url: str | Path, *, busy_seconds: float = BUSY_SECONDS) -> Store:
    """Open a store, making its tables if there are none.

    Args:
        url: Path of an SQLite file, ``sqlite:///path``, or ``postgresql://user@host/database``. A
            password comes from the environment (PGPASSWORD, PGPASSFILE), never in the address.
        busy_seconds: How long a transaction waits for another process, 0 to 3600.

    Raises:
        UsageError: It is no address of a store.
        StoreDriverMissing: PostgreSQL is asked for and its driver is not installed.
        StoreUnreachable: The server does not answer, or refuses the user.
        StoreLocked: Another process holds the store.
        StoreCorrupt: It is damaged, or no store.
        StoreVersionUnknown: It is another release's.
        PermissionDenied: The file or its folder cannot be written.
        DiskFull: The disk is full.
    """
    engine, name = open_engine(url, busy_seconds=busy_seconds, pragmas=_PRAGMAS)
    store = Store(engine, name)
    try:
        _require_tables(store)
    except CrmdappError:
        store.close()
        raise
    return store


def open_engine(
    url: str | Path, *, busy_seconds: float, pragmas: Sequence[str], isolation: str = ""
) -> tuple[Engine, str]:
    """Return an engine for a database and a name for it that holds no secret.

    On SQLite a transaction begins where SQLAlchemy's does; one with the execution option
    ``crmdapp_writing`` excludes every other writer from its beginning.

    Args:
        url: As for :func:`open_store`.
        busy_seconds: How long a transaction waits for another process.
        pragmas: Settings of every SQLite connection.
        isolation: Isolation level on a server; its own by default.

    Raises:
        UsageError: It is no address of a store.
        StoreDriverMissing: PostgreSQL is asked for and its driver is not installed.
        PermissionDenied: The file or its folder cannot be written.
    """
    parsed = _parse(url)
    connect: dict[str, Any]
    if parsed.get_backend_name() == _SQLITE:
        path = _prepare_file(parsed)
        name, connect = str(path), {"timeout": busy_seconds, "check_same_thread": False}
    else:
        _require_driver()
        name = _server_name(parsed)
        wait = max(1, int(busy_seconds * 1000))
        options = f"-c lock_timeout={wait} -c client_min_messages=warning"
        if isolation:
            level = isolation.lower().replace(" ", "\\ ")
            options += f" -c default_transaction_isolation={level}"
        connect = {"connect_timeout": CONNECT_SECONDS, "options": options}
    # hide_parameters: no value, sealed or not, comes into a message or a log line.
    engine = create_engine(parsed, connect_args=connect, hide_parameters=True)
    if engine.dialect.name == _SQLITE:

        def settle(connection: sqlite3.Connection, _record: Any) -> None:
            # Transactions begin where this module says, not where Python's driver thinks.
            connection.isolation_level = None
            for pragma in pragmas:
                connection.execute(f"PRAGMA {pragma}")

        event.listen(engine, "connect", settle)
        event.listen(engine, "begin", _begin_sqlite)
    return engine, name


# --------------------------------------------------------------------------- addresses


def _parse(url: str | Path) -> URL:
    if isinstance(url, Path) or "://" not in str(url):
        return URL.create(_SQLITE, database=str(url))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise _no_address() from None
    if parsed.get_backend_name() == _SQLITE:
        if not parsed.database or parsed.database == ":memory:" or parsed.query:
            raise UsageError("A store is a file.", hint="Give its path.")
        return parsed
    if parsed.drivername not in (_POSTGRES, f"{_POSTGRES}+psycopg"):
        raise _no_address()
    if parsed.password is not None or "password" in parsed.query:
        raise UsageError(
            "The address of a store holds no password.",
            why="Others on this machine can see it on a command line.",
            hint="Put it into PGPASSWORD, or into a file named by PGPASSFILE.",
        )
    return parsed.set(drivername=f"{_POSTGRES}+psycopg")


def _no_address() -> UsageError:
    # The address stays out of the message: it may hold a password.
    return UsageError(
        "This is no address of a store.",
        hint="Use the path of an SQLite file, or postgresql://user@host/database.",
    )


def _server_name(url: URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"postgresql://{url.host or 'localhost'}{port}/{url.database or ''}"


def _require_driver() -> None:
    if find_spec("psycopg") is None:
        raise StoreDriverMissing(
            "The driver for PostgreSQL is not installed.",
            hint="Install it: pip install 'crmdapp[postgres]'",
        )


def _prepare_file(url: URL) -> Path:
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileExistsError):
            # SQLite gives its -wal and -shm files the mode of the file they belong to.
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN))
    except OSError as problem:
        raise PermissionDenied(
            f"The store {path} cannot be made.", why=str(problem.strerror)
        ) from None
    return path


# --------------------------------------------------------------------------- connections


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    if not options.get("crmdapp_alone"):  # VACUUM runs outside of any transaction
        writing = options.get("crmdapp_writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _require_tables(store: Store) -> None:
    for module in _TABLES:
        if find_spec(module) is not None:
            import_module(module)
    with store.reading() as session:
        names = set(inspect(session.connection()).get_table_names())
    if not names:
        _make_tables(store)
    elif StoreVersionRow.__tablename__ not in names:
        raise StoreCorrupt(
            f"{store.name} is a database, but no store.",
            hint="Name an empty database, or the one that holds the store.",
        )
    with store.reading() as session:
        found = list(session.scalars(select(StoreVersionRow.version)))
    if found != [SCHEMA_VERSION]:
        raise StoreVersionUnknown(
            f"The store {store.name} was written by another release.",
            why=f"Its tables have the number {found}, this release's {SCHEMA_VERSION}.",
            hint="Install that release again; the store is unchanged.",
        )


def _make_tables(store: Store) -> None:
    with store.writing() as session:
        if not store.is_sqlite:
            # Two processes that find no tables make them one after the other.
            session.execute(text("SELECT pg_advisory_xact_lock(hashtext('crmdapp store'))"))
        Base.metadata.create_all(session.connection())
        if session.scalars(select(StoreVersionRow.version)).first() is None:
            session.add(StoreVersionRow(version=SCHEMA_VERSION))


# --------------------------------------------------------------------------- problems


def problem_of(problem: Exception, name: str) -> CrmdappError:
    """Return what SQLAlchemy or a driver raised as an error of this package.

    Args:
        problem: What was raised.
        name: The database's name, without secrets.
    """
    cause: Any = None if isinstance(problem, SQLAlchemyError) else problem
    if isinstance(problem, DBAPIError):
        cause = problem.orig
    if isinstance(cause, sqlite3.Error):
        return _sqlite_problem(cause, name)
    state = str(getattr(cause, "sqlstate", None) or "")
    if state == "53100":
        return _disk_full(name)
    if state in ("55P03", "40P01", "40001"):
        return _locked(name)
    if state.startswith(("XX", "58")):
        return _corrupt(name)
    if cause is not None and (not state or state.startswith(("08", "28", "3D", "57P"))):
        return StoreUnreachable(
            f"The store {name} does not answer.",
            why="The server is down, or does not know this user, password or database.",
            hint="Check the address, PGPASSWORD and the server's log.",
        )
    # The driver's own words may quote values; its kind and number do not.
    return StoreProblem(
        f"The store {name} refused.", why=f"{type(cause or problem).__name__} {state}".strip()
    )


def _sqlite_problem(cause: sqlite3.Error, name: str) -> CrmdappError:
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return _disk_full(name)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return _locked(name)
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _corrupt(name)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return PermissionDenied(
            f"The store {name} cannot be written.",
            hint="Give yourself write permission on the file and its folder.",
        )
    shown = getattr(cause, "sqlite_errorname", "") or type(cause).__name__
    return StoreProblem(f"The store {name} refused.", why=shown)


def _disk_full(name: str) -> DiskFull:
    return disk_full(Path(name))


def _locked(name: str) -> StoreLocked:
    return StoreLocked(
        f"Another process holds the store {name}.",
        why="This one has waited; nothing was changed.",
        hint="End that process, or run the same command again later.",
    )


def _corrupt(name: str) -> StoreCorrupt:
    return StoreCorrupt(
        f"The store {name} is damaged, or no store.",
        hint="Restore it from your backup; the key file is not affected.",
    )

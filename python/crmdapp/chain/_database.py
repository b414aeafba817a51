"""An SQLite file that survives crashes and is shared by threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from crmdapp.chain._files import disk_full
from crmdapp.errors import CrmdappError, JournalProblem, PermissionDenied

BUSY_SECONDS = 60.0


class Database:
    """The file, opened; every change is one transaction that excludes every other writer.

    Args:
        path: The file; created, with its folder, if missing.
        what: What the file is, for messages, such as ``"journal"``.
        schema: Statements that create its tables, separated by ``;`` and a line break.
        version: Number of that schema.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str, *, what: str, schema: str, version: int) -> None:
        self.path = Path(path)
        self._what = what
        self._lock = threading.RLock()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as problem:
            raise PermissionDenied(
                f"The folder {self.path.parent} cannot be made.", why=str(problem.strerror)
            ) from None
        with self._translated():
            self._db = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._translated():
                self._db.row_factory = sqlite3.Row
                # FULL: a commit is on the disk before anything is done that depends on it.
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate(schema, version)
        except CrmdappError:
            self._db.close()
            raise

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
        return f"{type(self).__name__}({str(self.path)!r})"

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated():
            yield self._db

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction that excludes every other writer."""
        with self._lock, self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _migrate(self, schema: str, wanted: int) -> None:
        with self._writing() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version > wanted:
                raise JournalProblem(
                    f"The {self._what} {self.path} was written by a newer release.",
                    hint="Install that release again; the file is unchanged.",
                )
            if 0 < version < wanted:
                raise JournalProblem(
                    f"The {self._what} {self.path} was written by an older release.",
                    hint="Finish what it lists with that release, then move the file away.",
                )
            if version == 0:
                for statement in schema.split(";\n"):
                    if statement.strip():
                        db.execute(statement)
                db.execute(f"PRAGMA user_version = {wanted}")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as problem:
            raise self._problem(problem) from None

    def _problem(self, problem: sqlite3.Error) -> CrmdappError:
        text = str(problem)
        if "full" in text:
            return disk_full(self.path)
        if "readonly" in text or "unable to open" in text:
            return PermissionDenied(
                f"The {self._what} {self.path} cannot be written.",
                why=text,
                hint="Give yourself write permission on it, or set CRMDAPP_STATE_DIR.",
            )
        if "locked" in text or "busy" in text:
            return JournalProblem(
                f"Another process has held the {self._what} {self.path} for {BUSY_SECONDS:g} s.",
                hint="End that process, then run the same command again.",
            )
        return JournalProblem(
            f"The {self._what} {self.path} cannot be used.",
            why=text,
            hint="If it is damaged, move it away; check the last transactions on the chain first.",
        )

"""An SQLite file in which what is deleted is overwritten, in the file and in its log."""

from __future__ import annotations

from pathlib import Path

from crmdapp.chain._database import BUSY_SECONDS, Database
from crmdapp.errors import JournalProblem


class ScrubbedDatabase(Database):
    """The file, opened; see :class:`crmdapp.chain._database.Database`."""

    def __init__(self, path: Path | str, *, what: str, schema: str, version: int) -> None:
        super().__init__(path, what=what, schema=schema, version=version)
        with self._reading() as db:
            db.execute("PRAGMA secure_delete = ON")

    def scrub(self) -> None:
        """Write the file's log back and cut it to nothing: it still holds what was deleted.

        Raises:
            JournalProblem: Another process is reading old pages, so they are still there.
        """
        with self._reading() as db:
            busy = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise JournalProblem(
                f"Another process reads {self.path}; the deleted bytes are not gone yet.",
                why=f"It was waited for, {BUSY_SECONDS:g} s.",
                hint="End that process, then run the same command again.",
            )

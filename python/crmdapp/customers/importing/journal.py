"""How far each file's import has come, noted in one transaction with what it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from crmdapp.customers.importing.chunks import Tally
from crmdapp.customers.importing.reader import Place
from crmdapp.store.crm_schema import ImportRunRow

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from crmdapp.store.database import Store


@dataclass(frozen=True, slots=True)
class Note:
    """Where an import stands.

    Attributes:
        at: Where it goes on.
        tally: What it did so far.
        rejects: Bytes of the rejects file that count.
        finished_at: When it came to the file's end; 0 before.
    """

    at: Place
    tally: Tally
    rejects: int
    finished_at: int


class ImportJournal:
    """The notes of all imports of a store.

    Args:
        store: The store.
        clock: Gives the time, Unix seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def find(self, sha256: bytes, rules: bytes) -> Note | None:
        """Return where the import of a file stands; ``None`` if it was never begun."""
        with self._store.reading() as session:
            row = session.scalars(_query(sha256, rules)).one_or_none()
            return None if row is None else _note(row)

    def begin(self, sha256: bytes, rules: bytes, at: Place) -> Note:
        """Note that an import begins, and return where."""
        with self._store.writing() as session:
            row = session.scalars(_query(sha256, rules)).one_or_none()
            if row is None:
                row = ImportRunRow(
                    sha256=sha256,
                    rules=rules,
                    offset=at.offset,
                    line=at.line,
                    started_at=int(self._clock()),
                )
                session.add(row)
                session.flush()
                session.refresh(row)
            return _note(row)

    def move(
        self, session: Session, sha256: bytes, rules: bytes, at: Place, tally: Tally, rejects: int
    ) -> None:
        """Note how far an import is, as part of a transaction."""
        row = session.scalars(_query(sha256, rules)).one()
        row.offset, row.line, row.rejects = at.offset, at.line, rejects
        row.records, row.created, row.changed = tally.records, tally.created, tally.changed
        row.unchanged, row.rejected, row.queued = tally.unchanged, tally.rejected, tally.queued

    def finish(self, session: Session, sha256: bytes, rules: bytes) -> None:
        """Note that an import came to the file's end."""
        session.scalars(_query(sha256, rules)).one().finished_at = int(self._clock())


def _query(sha256: bytes, rules: bytes) -> Select[ImportRunRow]:
    return select(ImportRunRow).where(ImportRunRow.sha256 == sha256, ImportRunRow.rules == rules)


def _note(row: ImportRunRow) -> Note:
    tally = Tally(
        records=row.records,
        created=row.created,
        changed=row.changed,
        unchanged=row.unchanged,
        rejected=row.rejected,
        queued=row.queued,
    )
    return Note(Place(row.offset, row.line), tally, row.rejects, row.finished_at)

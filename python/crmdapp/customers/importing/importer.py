"""Importing a customer list: read as a stream, sealed in the vault, never twice.

A file goes through twice: once to look at all of it, once record by record. After every 200 records
the store remembers how far it is, together with what they changed. Killed at any point, the next
run of the same file goes on there; what the vault had taken of the chunk under way is recognised by
its evidence (the file's hash and the line) and not written again. A file that is through changes
nothing, nor does another file with the same values.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from crmdapp.chain.canonical_json import canonical_json
from crmdapp.customers.importing import files, reader
from crmdapp.customers.importing.chunks import ChunkWriter, Tally
from crmdapp.customers.importing.columns import Mapped, map_columns
from crmdapp.customers.importing.index import custodial_reader, erased
from crmdapp.customers.importing.journal import ImportJournal
from crmdapp.customers.importing.reader import Broken, Heading, Place, Row
from crmdapp.customers.importing.records import (
    ImportedCustomer,
    RecordFaults,
    Rules,
    read_record,
)
from crmdapp.customers.importing.rejects import RejectsFile
from crmdapp.errors import FileFault

if TYPE_CHECKING:
    from crmdapp.customers.importing.files import CustomerFile
    from crmdapp.customers.matching import MatchKey
    from crmdapp.customers.tags import Tagger, TagSpace
    from crmdapp.store.database import Store
    from crmdapp.store.vault import Vault

__all__ = ["CHUNK", "ImportPlan", "ImportReport", "Importer", "Progress", "plan_import"]

CHUNK = 200
"""Records between two notes of how far the import is."""

Progress = Callable[[int, int], None]
"""Called after every chunk with bytes read and bytes in all."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """A file that was looked through and can be imported.

    Attributes:
        file: The file.
        heading: How its records are laid out.
        mapped: What its columns mean.
        rules: How values are read that mean nothing by themselves.
    """

    file: CustomerFile
    heading: Heading
    mapped: Mapped
    rules: Rules

    @property
    def rules_hash(self) -> bytes:
        """SHA-256 of how the file is read: another reading is another import."""
        columns = {column: self.mapped.field_of(column) for column in self.heading.columns}
        body = {
            "columns": columns,
            "set": self.mapped.set_name,
            "encoding": self.file.encoding,
            "region": self.rules.region,
            "dates": self.rules.dates,
        }
        return hashlib.sha256(canonical_json(body)).digest()


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file, this run and those before it together.

    Attributes:
        records: Records in the file.
        created: Those that made a profile.
        changed: Those that brought something new to one.
        unchanged: Those of which everything was known.
        rejected: Those that were not imported; the rejects file says why.
        queued: Pairs of profiles for the review queue.
        skipped: Records that earlier runs had read.
        seconds: How long this run took.
    """

    records: int
    created: int
    changed: int
    unchanged: int
    rejected: int
    queued: int
    skipped: int
    seconds: float


def plan_import(
    path: Path | str,
    *,
    encoding: str | None = None,
    columns: str | None = None,
    extra: Mapping[str, str] | None = None,
    rules: Rules | None = None,
) -> ImportPlan:
    """Look a whole file through; nothing is written.

    Args:
        path: CSV, a JSON array of objects, or one JSON object per line.
        encoding: Its encoding; UTF-8 by default.
        columns: Name of its set of columns; told from the heading by default.
        extra: Fields by further columns' names.
        rules: How numbers without country and dates are read.

    Raises:
        EncodingWrong: It is in another encoding, which the message names.
        FileRejected: It is empty, no text, or a JSON array that is not closed.
        ColumnsUnknown: Its heading is not understood.
        UsageError: It cannot be read, or an option is unknown.
    """
    found = files.inspect(path, encoding)
    with files.opened(found.path) as file:
        heading = reader.read_heading(found, file)
        mapped = map_columns(heading.columns, columns, extra)
        reader.require_closed(found, file)
    return ImportPlan(found, heading, mapped, rules or Rules())


@dataclass(slots=True)
class Importer:
    """Imports customer lists into one vault.

    Attributes:
        store: The store behind the vault.
        vault: Where fields are sealed.
        tagger: Gives identifiers their tags.
        space: The registry and scope whose ids the customers bear.
        key: The company's matching key.
        readmit: Import customers who were erased on request and came back, as new ones. Otherwise
            their records are rejected: an old list must not bring them back.
        clock: Gives the time, Unix seconds.
    """

    store: Store
    vault: Vault
    tagger: Tagger
    space: TagSpace
    key: MatchKey
    readmit: bool = False
    clock: Callable[[], float] = time.time
    _erased: set[bytes] = field(default_factory=set, init=False)

    def run(
        self,
        plan: ImportPlan,
        *,
        rejects: Path | None = None,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import a file, or the rest of it.

        Args:
            plan: The file, looked through by :func:`plan_import`.
            rejects: CSV that takes line, field and reason of what is not imported; a file of that
                name must not be there, unless an earlier run of the same import began it.
            progress: Called after every chunk.

        Raises:
            FileChanged: The file is no longer what was looked through.
            UsageError: The rejects file is there already.
            StoreProblem: The store cannot be used; run the same file again.
            DiskFull: The disk is full; run the same file again.
        """
        began = time.monotonic()
        journal = ImportJournal(self.store, self.clock)
        self._erased = erased(self.store)
        started = journal.find(plan.file.sha256, self._rules_hash(plan))
        if started is not None and started.finished_at:
            return _report(started.tally, started.tally.records, began)
        if started is None and rejects is not None:
            _require_free(rejects)
        note = started or journal.begin(plan.file.sha256, self._rules_hash(plan), plan.heading.body)
        before = note.tally.records
        with (
            files.opened(plan.file.path) as file,
            RejectsFile(rejects, note.rejects, again=started is not None) as faults,
        ):
            writer = ChunkWriter(
                store=self.store,
                vault=self.vault,
                key=self.key,
                space=self.space,
                read=custodial_reader(self.vault),
                tag_of=self._tags,
                sha256=plan.file.sha256,
                now=lambda: int(self.clock()),
            )
            tally = self._records(
                plan, file, note.at, note.tally, writer, faults, journal, progress
            )
        return _report(tally, before, began)

    def _records(
        self,
        plan: ImportPlan,
        file: BinaryIO,
        at: Place,
        tally: Tally,
        writer: ChunkWriter,
        faults: RejectsFile,
        journal: ImportJournal,
        progress: Progress | None,
    ) -> Tally:
        rows = reader.read_rows(plan.file, file, plan.heading, at)
        rules = self._rules_hash(plan)
        while chunk := list(islice(rows, CHUNK)):
            customers, bad = self._read(plan, chunk)
            plan.file.require_unchanged(file)
            outcome = writer.prepare(customers)
            wrong = sorted([*bad, *outcome.faults], key=lambda fault: fault.line)
            faults.add(wrong)
            tally = tally.plus(
                records=len(chunk),
                rejected=len({fault.line for fault in wrong}),
                created=outcome.created,
                changed=outcome.changed,
                unchanged=outcome.unchanged,
            )
            place = chunk[-1].after
            length = faults.sync()
            with self.store.writing() as session:
                tally = tally.plus(queued=writer.record(session, outcome))
                journal.move(session, plan.file.sha256, rules, place, tally, length)
            if progress is not None:
                progress(place.offset, plan.file.size)
        with self.store.writing() as session:
            journal.finish(session, plan.file.sha256, rules)
        if progress is not None:
            progress(plan.file.size, plan.file.size)
        return tally

    def _read(
        self, plan: ImportPlan, chunk: Sequence[Row | Broken]
    ) -> tuple[list[ImportedCustomer], list[FileFault]]:
        customers: list[ImportedCustomer] = []
        faults: list[FileFault] = []
        for row in chunk:
            if isinstance(row, Broken):
                faults.append(FileFault(row.line, "", row.reason))
                continue
            try:
                customer = read_record(row, plan.mapped, plan.rules)
            except RecordFaults as found:
                faults.extend(found.faults)
                continue
            if self._was_erased(customer):
                reason = "this customer's data was erased on request; an old list stays out"
                faults.append(FileFault(row.line, "", reason))
            else:
                customers.append(customer)
        return customers, faults

    def _rules_hash(self, plan: ImportPlan) -> bytes:
        """Return what names a run: whom the first one turned away, the next one may take back."""
        if not self.readmit:
            return plan.rules_hash
        return hashlib.sha256(plan.rules_hash + b"readmit").digest()

    def _was_erased(self, customer: ImportedCustomer) -> bool:
        if self.readmit or not self._erased:
            return False
        return any(
            self.space.id_of(self.tagger.tag(identifier)) in self._erased
            for identifier in customer.identifiers
        )

    def _tags(self, customer: ImportedCustomer) -> Iterator[bytes]:
        """Yield the tag of each identifier, of the first generation that is not erased."""
        for identifier in customer.identifiers:
            generation = 0
            tag = self.tagger.tag(identifier)
            while self._erased and self.space.id_of(tag) in self._erased:
                generation += 1
                tag = self.tagger.tag(identifier, generation)
            yield tag


def _require_free(path: Path) -> None:
    from crmdapp.chain._files import require_creatable

    require_creatable(path)


def _report(tally: Tally, before: int, began: float) -> ImportReport:
    return ImportReport(
        records=tally.records,
        created=tally.created,
        changed=tally.changed,
        unchanged=tally.unchanged,
        rejected=tally.rejected,
        queued=tally.queued,
        skipped=before,
        seconds=time.monotonic() - began,
    )

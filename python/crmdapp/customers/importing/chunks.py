"""Writing a chunk of records: profiles and sealed fields through the vault, the rest beside them.

The vault commits by itself, so a crash may leave fields whose chunk was never noted. They carry
the file's hash and the line as evidence: the next run finds them and only adds what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select

from crmdapp.customers.importing.columns import category_of
from crmdapp.customers.importing.index import (
    Reader,
    marks_of,
    owners_of,
    profiles_of,
    sharers_of,
    unlisted_of,
    unnoted,
)
from crmdapp.customers.importing.placing import Pair, Placed, Placing, Tagged, tagged
from crmdapp.errors import FileFault
from crmdapp.store.crm_schema import DatumMarkRow, DuplicateRow, MatchKeyRow, ProfileIdRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.customers.importing.records import ImportedCustomer
    from crmdapp.customers.matching import MatchKey
    from crmdapp.customers.tags import TagSpace
    from crmdapp.store.database import Store
    from crmdapp.store.provenance import FieldValue
    from crmdapp.store.schema import Base
    from crmdapp.store.vault import Vault

__all__ = ["ChunkOutcome", "ChunkWriter", "Tally"]

SHARED = "its only identifier belongs to a customer with another name"
CLAIMED = "the customer holds the keys of this profile and takes no such data now"


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of an import; see :class:`crmdapp.customers.importing.importer.ImportReport`."""

    records: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    queued: int = 0

    def plus(self, **more: int) -> Tally:
        """Return the counts with more added."""
        return Tally(
            **{
                item.name: getattr(self, item.name) + more.get(item.name, 0)
                for item in fields(self)
            }
        )


class _Mark(NamedTuple):
    """A mark to be: of which profile's field, of which datum."""

    cid: bytes
    field: str
    mark: bytes
    datum: int


@dataclass(slots=True)
class ChunkOutcome:
    """What the vault took of a chunk, for the store's other tables.

    Attributes:
        placed: Records with their profiles.
        marks: Marks of what was written.
        pairs: For the review queue.
        faults: Records that were not taken.
        created, changed, unchanged: How many records did what.
    """

    placed: list[Placed] = field(default_factory=list)
    marks: list[_Mark] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)
    created: int = 0
    changed: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class _Wanted:
    """What one record would write."""

    placed: Placed
    values: list[FieldValue]
    marks: list[tuple[str, bytes]]
    known: list[_Mark]


@dataclass(frozen=True, slots=True)
class ChunkWriter:
    """Writes the chunks of one file.

    Attributes:
        tag_of: Gives the tags of a record's identifiers, in their order.
        sha256: SHA-256 of the file, which is the evidence.
        now: Gives the time, Unix seconds.
    """

    store: Store
    vault: Vault
    key: MatchKey
    space: TagSpace
    read: Reader
    tag_of: Callable[[ImportedCustomer], Iterable[bytes]]
    sha256: bytes
    now: Callable[[], int]

    def prepare(self, customers: Sequence[ImportedCustomer]) -> ChunkOutcome:
        """Bring profiles and fields of a chunk into the vault."""
        outcome = ChunkOutcome()
        records = [tagged(each, self._tags, self.space, self.key) for each in customers]
        placing = self._place(records, outcome)
        outcome.pairs = placing.pairs
        with self.store.reading() as session:
            there = profiles_of(session, {placed.cid for placed in outcome.placed})
        missing = [
            cid
            for cid in dict.fromkeys(placed.cid for placed in outcome.placed)
            if cid not in there
        ]
        if missing:
            self.vault.adopt(missing)
        self._write(self._wanted(outcome.placed), outcome)
        return outcome

    def record(self, session: Session, outcome: ChunkOutcome) -> int:
        """Add ids, marks, traits and pairs to a transaction; returns how many pairs were new."""
        cids = {placed.cid for placed in outcome.placed}
        cids |= {cid for pair in outcome.pairs for cid in (pair.one, pair.other)}
        rows = profiles_of(session, cids)
        ids = [
            {
                "id": each,
                "profile_id": rows[placed.cid],
                "tag": tag,
                "is_first": each == placed.cid,
            }
            for placed in outcome.placed
            for each, tag in placed.new_ids
        ]
        marks = [
            {
                "datum_id": mark.datum,
                "profile_id": rows[mark.cid],
                "field": mark.field,
                "mark": mark.mark,
            }
            for mark in outcome.marks
        ]
        _add(session, ProfileIdRow, ids)
        _add(session, DatumMarkRow, marks)
        self._add_traits(session, outcome, rows)
        return self._add_pairs(session, outcome.pairs, rows)

    # ----------------------------------------------------------------- vault

    def _tags(self, customer: ImportedCustomer) -> Sequence[bytes]:
        return tuple(self.tag_of(customer))

    def _place(self, records: Sequence[Tagged], outcome: ChunkOutcome) -> Placing:
        with self.store.reading() as session:
            ids = {each for record in records for each, _ in record.ids}
            owners = owners_of(session, ids)
            unlisted = unlisted_of(session, ids)
            sharers = sharers_of(session, {each for record in records for each in record.traits})
        placing = Placing(owners, sharers, self.read, unlisted)
        for record in records:
            placed = placing.place(record)
            if placed is None:
                outcome.faults.append(FileFault(record.customer.line, "phone", SHARED))
            else:
                outcome.placed.append(placed)
        return placing

    def _wanted(self, placed: Sequence[Placed]) -> list[_Wanted]:
        """Return what each record would write: values that its profile does not hold yet."""
        from crmdapp.store.provenance import Evidence, FieldValue, Source

        with self.store.reading() as session:
            rows = profiles_of(session, {each.cid for each in placed})
            marks = marks_of(session, rows.values())
            before = unnoted(session, self.sha256, {_reference(each.record) for each in placed})
        found: list[_Wanted] = []
        for each in placed:
            wanted = _Wanted(each, [], [], [])
            reference = _reference(each.record)
            for name, value in each.record.customer.values.items():
                mark = self.key.mark(each.cid, name, value)
                if (rows[each.cid], name, mark) in marks:
                    continue
                marks.add((rows[each.cid], name, mark))
                datum = before.get((each.cid, name, reference))
                if datum is not None:
                    wanted.known.append(_Mark(each.cid, name, mark, datum))
                    continue
                evidence = Evidence(reference, self.sha256)
                wanted.values.append(
                    FieldValue(
                        each.cid, name, category_of(name), value, Source.CSV_IMPORT, evidence
                    )
                )
                wanted.marks.append((name, mark))
            found.append(wanted)
        return found

    def _write(self, wanted: Sequence[_Wanted], outcome: ChunkOutcome) -> None:
        from crmdapp.store.errors import EpochClosed

        try:
            ids = self._write_values(wanted)
        except EpochClosed:
            # One customer takes nothing: write the others one by one.
            for each in wanted:
                try:
                    ids = self._write_values([each])
                except EpochClosed:
                    outcome.placed.remove(each.placed)
                    line = each.placed.record.customer.line
                    outcome.faults.append(FileFault(line, "", CLAIMED))
                else:
                    self._count(each, ids, outcome)
            return
        at = 0
        for each in wanted:
            self._count(each, ids[at : at + len(each.values)], outcome)
            at += len(each.values)

    def _write_values(self, wanted: Sequence[_Wanted]) -> list[int]:
        values = [value for each in wanted for value in each.values]
        return [datum.id for datum in self.vault.write_many(values)] if values else []

    def _count(self, wanted: _Wanted, ids: Sequence[int], outcome: ChunkOutcome) -> None:
        cid = wanted.placed.cid
        outcome.marks.extend(wanted.known)
        outcome.marks.extend(
            _Mark(cid, name, mark, datum)
            for (name, mark), datum in zip(wanted.marks, ids, strict=True)
        )
        if wanted.placed.is_new:
            outcome.created += 1
        elif wanted.values or wanted.known or wanted.placed.new_ids:
            outcome.changed += 1
        else:
            outcome.unchanged += 1

    # ----------------------------------------------------------------- beside the vault

    def _add_traits(self, session: Session, outcome: ChunkOutcome, rows: dict[bytes, int]) -> None:
        wanted = {
            (rows[placed.cid], trait) for placed in outcome.placed for trait in placed.record.traits
        }
        query = select(MatchKeyRow.profile_id, MatchKeyRow.trait).where(
            MatchKeyRow.profile_id.in_({profile for profile, _ in wanted})
        )
        there = {(row.profile_id, row.trait) for row in session.execute(query)}
        fresh = [{"profile_id": row, "trait": trait} for row, trait in sorted(wanted - there)]
        _add(session, MatchKeyRow, fresh)

    def _add_pairs(self, session: Session, pairs: Sequence[Pair], rows: dict[bytes, int]) -> int:
        found: dict[tuple[int, int], Pair] = {}
        for pair in pairs:
            if pair.one not in rows or pair.other not in rows:
                continue  # the record of one of them was not taken
            lower, higher = sorted((rows[pair.one], rows[pair.other]))
            kept = found.get((lower, higher))
            if kept is None or kept.score < pair.score:
                found[lower, higher] = pair
        added = 0
        for (lower, higher), pair in found.items():
            query = select(DuplicateRow).where(
                DuplicateRow.lower_id == lower, DuplicateRow.higher_id == higher
            )
            known = session.scalars(query).one_or_none()
            if known is None:
                known = DuplicateRow(lower_id=lower, higher_id=higher, score=-1, state="open")
                known.found_at = self.now()
                session.add(known)
                added += 1
            if known.state == "open" and known.score < pair.score:
                known.score, known.reasons = pair.score, ",".join(pair.reasons)
        return added


def _add(session: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Insert many rows at once; nothing if there are none."""
    if rows:
        session.execute(insert(table), rows)


def _reference(record: Tagged) -> str:
    return f"line:{record.customer.line:_}"  # long rows of digits could be personal

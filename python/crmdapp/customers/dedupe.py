"""Two profiles of one person: the review queue, and merges that can be undone.

A merge only says that one profile leads to another. Both keep their data, ids and sources, and
what comes in later goes to the profile whose identifier brought it; whoever looks at the customer
sees both together. Undoing a merge takes that one line back, so both profiles are exactly what they
would be without it. Every decision stays on record with who took it and when.

The registry's merge on chain redirects lookups in the same way; it needs both controllers or a
quorum of attestors and is sent apart: ``crmdapp customers merge``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import aliased

from crmdapp.errors import UsageError
from crmdapp.store.crm_schema import DuplicateRow, MergeRow
from crmdapp.store.errors import ProfileUnknown
from crmdapp.store.schema import ProfileRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.store.database import Store

__all__ = [
    "Duplicate",
    "DuplicateDecided",
    "DuplicateUnknown",
    "MergeNotHeld",
    "MergeRecord",
    "Merges",
    "ProfilesMerged",
]

NAME_MAX = 80
"""Most characters of the name of who decides."""

STATES = ("open", "merged", "apart")


class DuplicateUnknown(UsageError):  # noqa: N818 - named as the package names its errors
    """The review queue has no such pair."""


class DuplicateDecided(UsageError):  # noqa: N818 - named as the package names its errors
    """A pair of the review queue was decided before."""


class ProfilesMerged(UsageError):  # noqa: N818 - named as the package names its errors
    """Two profiles lead to one already."""


class MergeNotHeld(UsageError):  # noqa: N818 - named as the package names its errors
    """There is no such merge, or it was undone before."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two profiles that may be of one person.

    Attributes:
        id: Number in the queue.
        older: The profile that was there first, 32 bytes.
        newer: The other one.
        score: How alike they are, 0 to 100.
        reasons: What is alike: names of fields or identifiers, never values.
        state: ``open``, ``merged`` or ``apart``.
        found_at: When an import found them.
        decided_by: Who decided; empty while open.
        decided_at: When; ``None`` while open.
    """

    id: int
    older: bytes
    newer: bytes
    score: int
    reasons: tuple[str, ...]
    state: str
    found_at: datetime
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class MergeRecord:
    """A merge, held or undone.

    Attributes:
        id: Its number.
        source: The profile that leads on.
        into: Where it leads.
        merged_by: Who merged.
        merged_at: When.
        undone_by: Who undid it; empty while it holds.
        undone_at: When; ``None`` while it holds.
    """

    id: int
    source: bytes
    into: bytes
    merged_by: str
    merged_at: datetime
    undone_by: str
    undone_at: datetime | None


class Merges:
    """The review queue and the merges of a store.

    Args:
        store: The store.
        clock: Gives the time, Unix seconds.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    # ----------------------------------------------------------------- the queue

    def queue(self, state: str | None = "open") -> list[Duplicate]:
        """Return the pairs in a state, the likeliest first; all if it is ``None``.

        Raises:
            UsageError: There is no such state.
        """
        if state is not None and state not in STATES:
            raise UsageError(f"There is no state {state!r}: {', '.join(STATES)}.")
        older, newer = aliased(ProfileRow), aliased(ProfileRow)
        query = (
            select(DuplicateRow, older.cid, newer.cid)
            .join(older, older.id == DuplicateRow.lower_id)
            .join(newer, newer.id == DuplicateRow.higher_id)
            .order_by(DuplicateRow.score.desc(), DuplicateRow.id)
        )
        if state is not None:
            query = query.where(DuplicateRow.state == state)
        with self._store.reading() as session:
            return [_duplicate(row, one, other) for row, one, other in session.execute(query)]

    def merge(self, duplicate: int, by: str, *, into: bytes | None = None) -> MergeRecord:
        """Decide that a pair is one person: one profile leads to the other from now on.

        Args:
            duplicate: Number of the pair.
            by: Who decides; goes on record.
            into: Which of the two stays; the older by default.

        Raises:
            DuplicateUnknown: There is no such pair.
            DuplicateDecided: It was decided before.
            ProfilesMerged: Both lead to one profile already.
            UsageError: ``into`` is neither of the two, or ``by`` is empty or too long.
        """
        with self._store.writing() as session:
            row = _open(session, duplicate)
            ids = _ids(session, row)
            kept = row.lower_id if into is None else ids.get(into)
            if kept is None:
                raise UsageError(f"The profile to keep is none of pair {duplicate}.")
            gone = row.higher_id if kept == row.lower_id else row.lower_id
            made = self._merge(session, gone, kept, by)
            self._decide(row, "merged", by)
            return made

    def keep_apart(self, duplicate: int, by: str) -> None:
        """Decide that a pair is two people; it is not asked about again.

        Raises:
            DuplicateUnknown: There is no such pair.
            DuplicateDecided: It was decided before.
            UsageError: ``by`` is empty or too long.
        """
        with self._store.writing() as session:
            self._decide(_open(session, duplicate), "apart", by)

    # ----------------------------------------------------------------- merges

    def merge_profiles(self, source: bytes, into: bytes, by: str) -> MergeRecord:
        """Merge two profiles that no import has paired.

        Raises:
            ProfileUnknown: The store lacks one of them.
            ProfilesMerged: Both lead to one profile already.
            UsageError: ``by`` is empty or too long.
        """
        with self._store.writing() as session:
            one, other = _row_of(session, source), _row_of(session, into)
            return self._merge(session, one, other, by)

    def undo(self, merge: int, by: str) -> MergeRecord:
        """Take a merge back: both profiles are what they would be without it.

        The pair goes back into the queue.

        Raises:
            MergeNotHeld: There is no such merge, or it was undone before.
            UsageError: ``by`` is empty or too long.
        """
        _require_name(by)
        with self._store.writing() as session:
            row = session.get(MergeRow, merge)
            if row is None or row.undone_at:
                what = "was undone before" if row is not None else "does not exist"
                raise MergeNotHeld(
                    f"The merge {merge} {what}.",
                    hint="See which hold: crmdapp customers dedupe list --state merged",
                )
            row.undone_at, row.undone_by = self._now(), by
            lower, higher = sorted((row.from_id, row.into_id))
            query = select(DuplicateRow).where(
                DuplicateRow.lower_id == lower,
                DuplicateRow.higher_id == higher,
                DuplicateRow.state == "merged",
            )
            pair = session.scalars(query).one_or_none()
            if pair is not None:
                pair.state, pair.decided_by, pair.decided_at = "open", "", 0
            return _record(session, row)

    def log(self, profile: bytes | None = None) -> list[MergeRecord]:
        """Return all merges, undone ones too, oldest first; those of one profile if it is named."""
        query = select(MergeRow).order_by(MergeRow.id)
        with self._store.reading() as session:
            if profile is not None:
                row = _row_of(session, profile)
                query = query.where((MergeRow.from_id == row) | (MergeRow.into_id == row))
            return [_record(session, row) for row in session.scalars(query)]

    # ----------------------------------------------------------------- who is who

    def survivor(self, profile: bytes) -> bytes:
        """Return the profile that a profile leads to; itself if it was not merged.

        Raises:
            ProfileUnknown: The store has no such profile.
        """
        with self._store.reading() as session:
            root = _root(session, _row_of(session, profile))
            return _cid_of(session, root)

    def person(self, profile: bytes) -> list[bytes]:
        """Return every profile of the person that a profile is of, the surviving one first.

        Raises:
            ProfileUnknown: The store has no such profile.
        """
        with self._store.reading() as session:
            root = _root(session, _row_of(session, profile))
            return [_cid_of(session, row) for row in _below(session, root)]

    def people(self) -> list[bytes]:
        """Return one profile for each person: those that lead to no other, oldest first."""
        leading = select(MergeRow.from_id).where(MergeRow.undone_at == 0)
        query = select(ProfileRow.cid).where(ProfileRow.id.not_in(leading)).order_by(ProfileRow.id)
        with self._store.reading() as session:
            return list(session.scalars(query))

    # ----------------------------------------------------------------- internals

    def _merge(self, session: Session, source: int, into: int, by: str) -> MergeRecord:
        _require_name(by)
        # A profile that was merged stands for where it leads: links may be several steps long,
        # each can be undone for itself, and no circle can arise.
        source, into = _root(session, source), _root(session, into)
        if source == into:
            raise ProfilesMerged(
                "The two profiles lead to one already.", hint="There is nothing to merge."
            )
        row = MergeRow(from_id=source, into_id=into, merged_at=self._now(), merged_by=by)
        row.undone_at, row.undone_by = 0, ""
        session.add(row)
        session.flush()
        return _record(session, row)

    def _decide(self, row: DuplicateRow, state: str, by: str) -> None:
        row.state, row.decided_by, row.decided_at = state, _require_name(by), self._now()

    def _now(self) -> int:
        return int(self._clock())


def _require_name(by: str) -> str:
    if not by.strip() or len(by) > NAME_MAX:
        raise UsageError(f"Who decides is named by 1 to {NAME_MAX} characters.")
    return by


def _open(session: Session, duplicate: int) -> DuplicateRow:
    row = session.get(DuplicateRow, duplicate)
    if row is None:
        raise DuplicateUnknown(
            f"The review queue has no pair {duplicate}.",
            hint="See which there are: crmdapp customers dedupe list",
        )
    if row.state != "open":
        words = {"merged": "merged", "apart": "kept apart"}[row.state]
        raise DuplicateDecided(
            f"Pair {duplicate} was {words} before.",
            hint="Undo the merge first, if it was wrong: crmdapp customers dedupe undo",
        )
    return row


def _ids(session: Session, row: DuplicateRow) -> dict[bytes, int]:
    return {_cid_of(session, each): each for each in (row.lower_id, row.higher_id)}


def _cid_of(session: Session, row: int) -> bytes:
    return session.get_one(ProfileRow, row).cid


def _row_of(session: Session, cid: bytes) -> int:
    found = session.scalars(select(ProfileRow.id).where(ProfileRow.cid == cid)).one_or_none()
    if found is None:
        raise ProfileUnknown(
            f"The store has no profile 0x{cid.hex()}.", hint="It was never there, or was erased."
        )
    return found


def _root(session: Session, row: int) -> int:
    """Return where a profile leads in the end."""
    while True:
        query = select(MergeRow.into_id).where(MergeRow.from_id == row, MergeRow.undone_at == 0)
        following = session.scalars(query).one_or_none()
        if following is None:
            return row
        row = following


def _below(session: Session, root: int) -> Iterator[int]:
    """Yield a profile and all that lead to it."""
    waiting = [root]
    while waiting:
        row = waiting.pop(0)
        yield row
        query = (
            select(MergeRow.from_id)
            .where(MergeRow.into_id == row, MergeRow.undone_at == 0)
            .order_by(MergeRow.id)
        )
        waiting.extend(session.scalars(query))


def _duplicate(row: DuplicateRow, older: bytes, newer: bytes) -> Duplicate:
    return Duplicate(
        id=row.id,
        older=older,
        newer=newer,
        score=row.score,
        reasons=tuple(row.reasons.split(",")),
        state=row.state,
        found_at=datetime.fromtimestamp(row.found_at, UTC),
        decided_by=row.decided_by,
        decided_at=datetime.fromtimestamp(row.decided_at, UTC) if row.decided_at else None,
    )


def _record(session: Session, row: MergeRow) -> MergeRecord:
    return MergeRecord(
        id=row.id,
        source=_cid_of(session, row.from_id),
        into=_cid_of(session, row.into_id),
        merged_by=row.merged_by,
        merged_at=datetime.fromtimestamp(row.merged_at, UTC),
        undone_by=row.undone_by,
        undone_at=datetime.fromtimestamp(row.undone_at, UTC) if row.undone_at else None,
    )

"""What a consortium's member has evaluated: for whom, when and how much, but never what."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.errors import CrmdappError, UsageError

WINDOW = 86_400
"""Seconds that an evaluation counts against its requester's limit."""

DEFAULT_LIMIT = 10_000
"""Evaluations per requester and window, unless the member says otherwise."""

_SCHEMA = """
CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    requester TEXT NOT NULL,
    count INTEGER NOT NULL
);
CREATE INDEX evaluations_by_requester ON evaluations (requester, at);
"""


class EvaluationLimitReached(CrmdappError):  # noqa: N818 - named for the problem
    """A requester asks for more than a member evaluates for it in a day.

    Args:
        requester: Who.
        limit: Evaluations in 24 hours.
        left: How many of them are left now.
    """

    def __init__(self, requester: str = "", limit: int = 0, left: int = 0) -> None:
        super().__init__(
            f"{requester} may ask for {limit:,} evaluations in 24 hours; {left:,} are left.",
            why="The limit is what keeps a list of addresses from being tried out.",
            hint="Ask for fewer, or again later.",
        )
        self.requester = requester
        self.limit = limit
        self.left = left


@dataclass(frozen=True, slots=True)
class EvaluationEntry:
    """One request that was answered.

    Attributes:
        at: When.
        requester: Who asked.
        count: For how many identifiers.
    """

    at: datetime
    requester: str
    count: int


class EvaluationLedger(Database):
    """The member's record, in an SQLite file of its own; enforces the limit across processes.

    Args:
        path: The file; created if missing.
        limit: Evaluations per requester in 24 hours, at least 1.
        clock: Seconds since 1970.

    Raises:
        UsageError: The limit is below 1.
        JournalProblem: The file is damaged, or no such file.
        PermissionDenied: It cannot be written.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        limit: int = DEFAULT_LIMIT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if limit < 1:
            raise UsageError("A member evaluates at least once in 24 hours.")
        super().__init__(path, what="evaluation ledger", schema=_SCHEMA, version=1)
        self.limit = limit
        self._clock = clock

    def charge(self, requester: str, count: int) -> None:
        """Write down that a requester uses up evaluations.

        Raises:
            EvaluationLimitReached: They are more than it has left; nothing is written.
        """
        now = int(self._clock())
        with self._writing() as db:
            used = db.execute(
                "SELECT coalesce(sum(count), 0) FROM evaluations WHERE requester = ? AND at > ?",
                (requester, now - WINDOW),
            ).fetchone()[0]
            if used + count > self.limit:
                raise EvaluationLimitReached(requester, self.limit, max(self.limit - used, 0))
            db.execute(
                "INSERT INTO evaluations (at, requester, count) VALUES (?, ?, ?)",
                (now, requester, count),
            )

    def entries(self) -> list[EvaluationEntry]:
        """Return what was evaluated, oldest first."""
        with self._reading() as db:
            rows = db.execute("SELECT at, requester, count FROM evaluations ORDER BY id").fetchall()
        return [
            EvaluationEntry(datetime.fromtimestamp(row["at"], UTC), row["requester"], row["count"])
            for row in rows
        ]

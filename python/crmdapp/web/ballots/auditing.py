"""Audits on a server: one at a time, in a thread of its own, with their progress and reports.

What a server says of an audit is its word; whoever wants none runs ``crmdapp elections audit``. So
the report can be fetched as JSON, with the digest of the record that it rests on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock, Thread
from typing import TYPE_CHECKING

from crmdapp.ballots.audit import LINKS, audit_election
from crmdapp.ballots.audit_report import AuditReport
from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
from crmdapp.errors import CrmdappError

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest

READING = "reading"
KEPT_REPORTS = 200

Progress = Callable[[str, int, int], None]
"""Called with the link that is checked, how much of it is done, and of how much."""


@dataclass(frozen=True, slots=True)
class AuditProgress:
    """How far an audit is.

    Attributes:
        link: What is checked now; ``"reading"`` while the record is taken from the chain.
        done: How much of it.
        of: Of how much; 0 if that is not known.
        links_done: Links that were checked.
        links: All links.
    """

    link: str = READING
    done: int = 0
    of: int = 0
    links_done: int = 0
    links: int = len(LINKS)


class AuditDesk:
    """The audits of one server.

    Args:
        connection: The chain.
        manifest: Where the contracts are.
    """

    def __init__(self, connection: Connection, manifest: Manifest) -> None:
        self._connection, self._manifest = connection, manifest
        self._lock, self._one = Lock(), Lock()
        self._reports: dict[int, AuditReport] = {}
        self._progress: dict[int, AuditProgress] = {}
        self._failures: dict[int, str] = {}

    def report(self, election: int) -> AuditReport | None:
        """Return the last report of an election; ``None`` if there is none yet."""
        with self._lock:
            return self._reports.get(election)

    def progress(self, election: int) -> AuditProgress | None:
        """Return how far the audit of an election is; ``None`` if none is under way."""
        with self._lock:
            return self._progress.get(election)

    def failure(self, election: int) -> str:
        """Return why the last audit of an election could not be carried out; empty if it was."""
        with self._lock:
            return self._failures.get(election, "")

    def claim(self, election: int) -> bool:
        """Note that an audit begins; return whether none was under way."""
        with self._lock:
            if election in self._progress:
                return False
            self._progress[election] = AuditProgress()
            self._failures.pop(election, None)
            return True

    def give_up(self, election: int, reason: str) -> None:
        """Note that an audit could not be carried out."""
        with self._lock:
            self._progress.pop(election, None)
            self._failures[election] = reason

    def audit(
        self, election: int, definition: bytes | None, progress: Progress | None = None
    ) -> AuditReport:
        """Audit an election from the chain, and keep the report.

        Proofs are verified in this process, so that nothing of a server is started anew.

        Args:
            election: Its number.
            definition: Its definition in canonical form, if it is known here.
            progress: Called as the work goes on.

        Raises:
            NodeLied: A node contradicts itself or a hash that can be recomputed.
            NodeProblem: The node could not be asked.
        """

        def tell(link: str, done: int, of: int) -> None:
            self._tell(election, link, done, of)
            if progress is not None:
                progress(link, done, of)

        with self._one:
            try:
                tell(READING, 0, 0)
                contracts, since = contracts_of(self._manifest)
                record = collect_record(
                    self._connection,
                    contracts,
                    election,
                    since_block=since,
                    definition=definition,
                    progress=lambda done, of: tell(READING, done, of),
                )
                report = audit_election(record, workers=1, progress=tell)
            except BaseException:
                with self._lock:
                    self._progress.pop(election, None)
                raise
        with self._lock:
            self._progress.pop(election, None)
            self._reports[election] = report
            while len(self._reports) > KEPT_REPORTS:
                self._reports.pop(next(iter(self._reports)))
        return report

    def _tell(self, election: int, link: str, done: int, of: int) -> None:
        at = LINKS.index(link) if link in LINKS else 0
        with self._lock:
            self._progress[election] = AuditProgress(link, done, of, at)


def begin(desk: AuditDesk, election: int, definition: bytes | None) -> Thread | None:
    """Begin an audit in a thread of its own; ``None`` if one of the election is under way.

    Args:
        desk: The server's.
        election: Its number.
        definition: Its definition in canonical form, if it is known here.
    """
    if not desk.claim(election):
        return None

    def work() -> None:
        try:
            desk.audit(election, definition)
        except CrmdappError as problem:
            desk.give_up(election, problem.message or problem.code)

    thread = Thread(target=work, name=f"audit-{election}", daemon=True)
    thread.start()
    return thread

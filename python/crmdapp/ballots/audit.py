"""Auditing an election from its record alone, as a chain of links that each rest on those before.

========== =========================================================================================
Link       What holds if it holds
========== =========================================================================================
record     Every transaction is signed; events, blocks and times are in the order of the chain.
settings   The election was created once, with valid settings, and called off in time or never.
definition The definition that people read is the one of the election.
ceremony   Every trustee's message came in time, from the trustee, and proves itself; complaints
           were judged rightly.
key        The key is that of the deals that are left, and of no other.
roll       Every voter was registered in time, once, by a quorum of registrars.
freeze     The frozen roll holds these voters in this order.
forms      Ballots were checked on chain against this key and this roll.
ballots    Every batch stands in a transaction, came while voting was open, and is of voters who had
           not voted and who signed it or sent it.
proofs     Every ballot holds one valid vote.
sums       The ballots add up.
bulletin   The bulletins and counts on chain are those of these ballots.
closing    Precincts are counted together as the minimum turnout says.
shares     Every decryption is that of a trustee, of one of these sums.
counts     Every count is what its sum holds.
result     Every question has the sum of its counts, or a reason to have none.
second     A second implementation agrees on a sample (if it was asked).
========== =========================================================================================

Nothing is taken from the contracts' state, and nobody is believed: what a record does not prove is
noted. What has no bearing on the result is not looked into, as on chain: ballots that were passed
over, deadline and signature of a ballot that its voter sent. Messages that nothing rests on (of a
round that failed, of trustees beyond the quorum) are checked if they are there; that one is missing
nobody can tell. An audit of an election that is not over says how far it is.

Source: contracts/ballots; Adida, "Helios", USENIX Security 2008 (audits of the whole record).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from crmdapp.ballots.audit_ballots import (
    check_ballots,
    check_bulletin,
    check_preparation,
    check_proofs,
    check_sums,
)
from crmdapp.ballots.audit_case import Case, LinkBroken
from crmdapp.ballots.audit_ceremony import check_ceremony, check_key
from crmdapp.ballots.audit_proofs import cores
from crmdapp.ballots.audit_report import (
    BROKEN,
    HOLDS,
    UNCHECKED,
    AuditLink,
    AuditReport,
    BrokenLink,
)
from crmdapp.ballots.audit_roll import check_freeze, check_roll
from crmdapp.ballots.audit_second import SAMPLE, SecondSample, check_second, require_second
from crmdapp.ballots.audit_settings import check_definition, check_record, check_settings
from crmdapp.ballots.audit_tally import (
    QuestionResult,
    check_closing,
    check_counts,
    check_result,
    check_shares,
)
from crmdapp.ballots.evidence import ElectionRecord

__all__ = ["LINKS", "SAMPLE", "Progress", "audit_election"]

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the link, how many things are checked, and of how many (0: unknown)."""

LINKS = (
    "record",
    "settings",
    "definition",
    "ceremony",
    "key",
    "roll",
    "freeze",
    "forms",
    "ballots",
    "proofs",
    "sums",
    "bulletin",
    "closing",
    "shares",
    "counts",
    "result",
    "second",
)
"""The links in the order in which they are checked."""

_LATE_PHASES = ("Closed", "Tallied", "Void")
"""Phases that questions may differ in: the election is in the first that one of them is in."""


def audit_election(
    record: ElectionRecord,
    *,
    definition: bytes | None = None,
    workers: int | None = None,
    second_implementation: int = 0,
    progress: Progress | None = None,
) -> AuditReport:
    """Check every link of an election's chain of proof, up to the first that is broken.

    Args:
        record: The record, from a chain or a file.
        definition: The definition in its canonical form; the record's own by default.
        workers: How many processes verify proofs; as many as there are cores by default.
        second_implementation: Most ballots, and most proofs of trustees, that the second
            implementation verifies too; 0 for none.
        progress: Called as the work goes on.

    Returns:
        What was found; :meth:`AuditReport.require_holds` raises if a link is broken.

    Raises:
        UsageError: The second implementation is wanted and not installed.
        AuditProcessesLost: The processes that verify proofs were killed, or could not begin: they
            are new ones, which import the main module again.
    """
    if second_implementation:
        require_second()
    work = _Audit(record, progress)
    case = work.case
    stated = record.definition if definition is None else definition
    processes = cores() if workers is None else workers
    links: dict[str, Callable[[], int]] = {
        "record": lambda: check_record(case),
        "settings": lambda: check_settings(case),
        "definition": lambda: check_definition(case, stated),
        "ceremony": lambda: check_ceremony(case),
        "key": lambda: check_key(case),
        "roll": lambda: check_roll(case),
        "freeze": lambda: check_freeze(case),
        "forms": lambda: check_preparation(case),
        "ballots": lambda: check_ballots(case),
        "proofs": lambda: check_proofs(case, processes, work.counter("proofs")),
        "sums": lambda: check_sums(case),
        "bulletin": lambda: check_bulletin(case),
        "closing": lambda: check_closing(case),
        "shares": lambda: check_shares(case),
        "counts": lambda: check_counts(case),
        "result": work.result,
        "second": lambda: work.second(second_implementation),
    }
    for name in LINKS:
        if not work.check(name, links[name]):
            break
    return work.report()


class _Audit:
    def __init__(self, record: ElectionRecord, progress: Progress | None) -> None:
        self.case = Case(record)
        self._progress = progress
        self._checked: dict[str, int] = {}
        self._broken: BrokenLink | None = None
        self._questions: tuple[QuestionResult, ...] = ()
        self._second: SecondSample | None = None

    def check(self, name: str, link: Callable[[], int]) -> bool:
        """Check a link and return whether it holds."""
        if self._progress is not None:
            self._progress(name, 0, 0)
        try:
            self._checked[name] = link()
        except LinkBroken as found:
            self._broken = BrokenLink(name, found.place, found.reason)
            return False
        return True

    def counter(self, name: str) -> Callable[[int, int], None] | None:
        """Return what a link tells its progress to."""
        progress = self._progress
        if progress is None:
            return None
        return lambda done, of: progress(name, done, of)

    def result(self) -> int:
        """Check the link of the result."""
        self._questions = check_result(self.case)
        return len(self._questions)

    def second(self, sample: int) -> int:
        """Check the link of the second implementation."""
        if not sample:
            return 0
        self._second = found = check_second(self.case, sample, self.counter("second"))
        return found.ballots + found.proofs

    def report(self) -> AuditReport:
        """Return what was found."""
        case, record, broken = self.case, self.case.record, self._broken
        phases = [each.phase for each in self._questions]
        phase = next((each for each in _LATE_PHASES if each in phases), "")
        return AuditReport(
            chain_id=record.chain_id,
            election=record.election,
            contracts=record.contracts,
            record=record.digest,
            block=record.block,
            block_hash=record.block_hash,
            time=record.time,
            links=tuple(self._link(name) for name in LINKS),
            broken=broken,
            phase="Unknown" if broken is not None else phase or phases[0],
            voters=sum(map(len, case.rolls)),
            questions=() if broken is not None else self._questions,
            second=self._second,
            notes=tuple(case.notes),
        )

    def _link(self, name: str) -> AuditLink:
        if self._broken is not None and self._broken.link == name:
            return AuditLink(name, BROKEN, 0)
        checked = self._checked.get(name)
        if checked is None or (name in ("definition", "second") and not checked):
            return AuditLink(name, UNCHECKED, 0)
        return AuditLink(name, HOLDS, checked)

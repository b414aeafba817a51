"""What a trustee checks before it decrypts: that the sums are those of all ballots, and no others.

Whoever could have a trustee decrypt what they like would have single ballots decrypted. The
contract takes shares of its own sums alone, but a trustee has given its share away before the
contract looks at it. So the sums are taken from the election's whole record, audited up to the
close, instead of from a node's word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

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
from crmdapp.ballots.audit_report import AuditFailed
from crmdapp.ballots.audit_roll import check_freeze, check_roll
from crmdapp.ballots.audit_settings import check_definition, check_record, check_settings
from crmdapp.ballots.audit_tally import check_closing
from crmdapp.ballots.group import encode_point
from crmdapp.ballots.trustee_decryption import DecryptionTask, GroupTask

if TYPE_CHECKING:
    from crmdapp.ballots.ceremony_rounds import CeremonyRecord
    from crmdapp.ballots.evidence import ElectionRecord

Progress = Callable[[int, int], None]
"""Called with how many ballots are verified, and of how many."""


def audited_task(
    evidence: ElectionRecord, *, workers: int | None = None, progress: Progress | None = None
) -> DecryptionTask:
    """Return the sums of an election that has closed, added up from its ballots.

    Args:
        evidence: The election's whole record, from a chain or a file.
        workers: How many processes verify ballots; as many as there are cores by default.
        progress: Called as ballots are verified.

    Raises:
        AuditFailed: A link of the chain of proof is broken.
    """
    case = Case(evidence)
    processes = cores() if workers is None else workers
    links: dict[str, Callable[[], int]] = {
        "record": lambda: check_record(case),
        "settings": lambda: check_settings(case),
        "definition": lambda: check_definition(case, evidence.definition),
        "ceremony": lambda: check_ceremony(case),
        "key": lambda: check_key(case),
        "roll": lambda: check_roll(case),
        "freeze": lambda: check_freeze(case),
        "forms": lambda: check_preparation(case),
        "ballots": lambda: check_ballots(case),
        "proofs": lambda: check_proofs(case, processes, progress),
        "sums": lambda: check_sums(case),
        "bulletin": lambda: check_bulletin(case),
        "closing": lambda: check_closing(case),
    }
    for name, check in links.items():
        try:
            check()
        except LinkBroken as broken:
            raise AuditFailed(
                f"The election's record does not hold: {broken.reason}",
                link=name,
                place=broken.place,
                reason=broken.reason,
                hint="Decrypt nothing. Ask another node, and tell the other trustees.",
            ) from None
    groups = (
        GroupTask(question, number, group.ballots, sums)
        for question, closing in sorted(case.closings.items())
        for number, (group, sums) in enumerate(zip(closing.groups, closing.sums, strict=True))
    )
    return DecryptionTask(evidence.contracts.tally, case.known.minimum_turnout, tuple(groups))


def require_audited(
    task: DecryptionTask, audited: DecryptionTask, record: CeremonyRecord, evidence: ElectionRecord
) -> None:
    """Check that what is to be decrypted is what an audit came to.

    Args:
        task: What to decrypt.
        audited: From :func:`audited_task`.
        record: The ceremony.
        evidence: The election's whole record, which was audited.

    Raises:
        AuditFailed: A sum is another one, or the audit was of another election.
    """
    places = (
        (record.chain_id, evidence.chain_id),
        (record.election, evidence.election),
        (record.board, evidence.contracts.board),
        (task.tally, audited.tally),
        (task.minimum, audited.minimum),
    )
    if any(one != other for one, other in places):
        raise _other("The audit was of another election, or of other contracts.")
    known = {(each.question, each.group): _shown(each) for each in audited.groups}
    for each in task.groups:
        if known.get((each.question, each.group)) != _shown(each):
            raise _other(
                f"The sum of question {each.question}, group {each.group} is not that of its"
                " ballots."
            )


def _shown(group: GroupTask) -> tuple[object, ...]:
    points = (encode_point(point) for one in group.sums for point in (one.alpha, one.beta))
    return (group.ballots, *points)


def _other(message: str) -> AuditFailed:
    return AuditFailed(
        message,
        link="sums",
        reason=message,
        hint="Decrypt nothing. Ask another node, and tell the other trustees.",
    )

"""What pages say of a case: its step, until when, and what this curator did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.provenance.models import CaseStatus

if TYPE_CHECKING:
    from crmdapp.provenance.curators import BoardRules
    from crmdapp.store.index.provenance.queries import Case, Vote


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as a page shows it.

    Attributes:
        case: The case.
        step: ``"commit"``, ``"reveal"`` or ``"count"``.
        until: When the step ends, Unix seconds; 0 if it waits for somebody to count.
        vote: This curator's vote; ``None`` before it.
    """

    case: Case
    step: str
    until: int
    vote: Vote | None

    @property
    def awaits_me(self) -> bool:
        """Whether this curator has something to do in the step."""
        if self.step == "commit":
            return self.vote is None
        if self.step == "reveal":
            return self.vote is not None and self.vote.is_aye is None
        return True


def case_shown(case: Case, rules: BoardRules, vote: Vote | None, now: int) -> ShownCase:
    """Return how an open case stands.

    Args:
        case: The case.
        rules: The board's.
        vote: This curator's.
        now: The chain's time.
    """
    commits_end = case.opened_at + rules.commit_period
    reveals_end = commits_end + rules.reveal_period
    if now < commits_end:
        return ShownCase(case, "commit", commits_end, vote)
    if now < reveals_end:
        return ShownCase(case, "reveal", reveals_end, vote)
    return ShownCase(case, "count", 0, vote)


def share_of(case: Case, vote: Vote | None, bond: int) -> int:
    """Return what a curator's shown vote is to be paid of a lost bond, wei; 0 once it was taken.

    Args:
        case: The case.
        vote: The curator's.
        bond: The board's bond, wei.

    Source: CuratorBoard.sol, ``_shareIn``.
    """
    is_defended = case.defender is not None
    is_lost = case.status is CaseStatus.REJECTED or (
        case.status is CaseStatus.UPHELD and is_defended
    )
    if not is_lost or vote is None or vote.is_aye is None or vote.reward is not None:
        return 0
    return (bond // 2 if is_defended else bond) // (case.ayes + case.noes)

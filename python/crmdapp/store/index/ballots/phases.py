"""Where an election is at a time, from what the index keeps of it: the contracts' rules, repeated.

Nothing here is stored, because it changes by time alone. Sources: ``phaseOf`` and
``_questionPhaseOf`` of contracts/ballots/TallyGroups.sol, ``_stepOf`` of TrusteeRounds.sol,
``isFrozen`` of VoterRoll.sol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping as Row

from crmdapp.ballots.models import CeremonyStep, Phase


@dataclass(frozen=True, slots=True)
class RoundWindows:
    """The ends of a round's windows, Unix seconds; each second belongs to the one that it ends.

    Attributes:
        keys_until: Of the keys.
        commitments_until: Of the commitments.
        deals_until: Of the deals.
        complaints_until: Of the complaints.
    """

    keys_until: int
    commitments_until: int
    deals_until: int
    complaints_until: int


def round_windows(election: Row) -> RoundWindows:
    """Return the windows of the current round: as long as the first one's."""
    later = election["round_until"] - election["complaints_until"]
    names = ("keys_until", "commitments_until", "deals_until", "complaints_until")
    return RoundWindows(*(election[name] + later for name in names))


def step_at(election: Row, now: int) -> CeremonyStep:
    """Return what the ceremony waits for.

    Args:
        election: Its row.
        now: The chain's time, Unix seconds.
    """
    if election["key"] is not None:
        return CeremonyStep.FINAL
    if now >= election["opens_at"]:
        return CeremonyStep.FAILED
    windows = round_windows(election)
    if now <= windows.keys_until:
        return CeremonyStep.KEYS
    if _left(election, windows, now) < election["threshold"]:
        return CeremonyStep.SHORT
    if now <= windows.commitments_until:
        return CeremonyStep.COMMITMENTS
    if now <= windows.deals_until:
        return CeremonyStep.DEALS
    if now <= windows.complaints_until:
        return CeremonyStep.COMPLAINTS
    return CeremonyStep.FINALISATION


def _left(election: Row, windows: RoundWindows, now: int) -> int:
    """Trustees who can still deal: whoever missed a step has no part in the next."""
    if now <= windows.commitments_until:
        mask = election["keys"]
    elif now <= windows.deals_until:
        mask = election["commitments"]
    else:
        mask = election["deals"]
    return int(mask).bit_count()


def is_frozen(election: Row, now: int) -> bool:
    """Return whether registration is over and all of the roll is written down."""
    return bool(now > election["registration_until"] and election["chunks_loose"] == 0)


def is_ready(election: Row) -> bool:
    """Return whether every question takes ballots once the election is open."""
    return bool(election["prepared"] == election["questions"])


def phase_at(election: Row, questions: Sequence[Row], groups: Sequence[Row], now: int) -> Phase:
    """Return where an election is.

    Args:
        election: Its row.
        questions: Rows of its questions.
        groups: Rows of all their groups.
        now: The chain's time, Unix seconds.
    """
    if election["cancelled"]:
        return Phase.CANCELLED
    if now < election["opens_at"]:
        if election["key"] is None:
            return Phase.KEY_CEREMONY
        return Phase.FROZEN if is_frozen(election, now) else Phase.REGISTRATION
    if not is_ready(election):
        return Phase.CANCELLED
    if now < election["closes_at"]:
        return Phase.OPEN
    found = {question_phase_at(election, each, groups, now) for each in questions}
    if Phase.CLOSED in found:
        return Phase.CLOSED
    return Phase.TALLIED if Phase.TALLIED in found else Phase.VOID


def question_phase_at(election: Row, question: Row, groups: Sequence[Row], now: int) -> Phase:
    """Return where a question of an election that has closed is: Closed, Tallied or Void.

    Args:
        election: Its row.
        question: The question's row.
        groups: Rows of the election's groups, of all questions.
        now: The chain's time, Unix seconds.
    """
    if question["ground"]:
        return Phase.VOID
    is_late = now > election["shares_until"]
    if not question["groups"]:
        return Phase.VOID if is_late else Phase.CLOSED
    waiting = [
        each
        for each in groups
        if each["question"] == question["question"] and not each["tallied_by"]
    ]
    short = [each for each in waiting if each["posted"].bit_count() < election["threshold"]]
    if is_late and short:
        return Phase.VOID
    return Phase.CLOSED if waiting else Phase.TALLIED

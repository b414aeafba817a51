"""Elections as the index knows them: phase, turnout, trustees, bulletin, results.

``now`` is the chain's time, or that of a clock beside it; phases follow from it and from facts.
Lists go from the newest to the oldest, or along the chain, and go on after the last key that was
seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import RowMapping as Row
from sqlalchemy import Table, select, tuple_
from sqlalchemy.orm import Session

from crmdapp.ballots.errors import ElectionUnknown
from crmdapp.ballots.grouping import BallotGroup
from crmdapp.ballots.models import (
    CeremonyStep,
    GroupResult,
    Phase,
    QuestionKind,
    QuestionResult,
    VoidGround,
    WindowSeconds,
)
from crmdapp.store.index.ballots.phases import (
    phase_at,
    question_phase_at,
    round_windows,
    step_at,
)
from crmdapp.store.index.ballots.states import (
    Batch,
    ElectionState,
    PrecinctTurnout,
    QuestionState,
    RollPlaceOf,
    Step,
    TrusteeState,
)
from crmdapp.store.index.ballots.tables import (
    BATCHES,
    COMPLAINTS,
    COUNTS,
    ELECTIONS,
    GROUPS,
    GUARDS,
    PRECINCTS,
    QUESTIONS,
    RESULTS,
    ROLL,
    STEPS,
    WINDOWS,
)

# --------------------------------------------------------------------------- elections


def elections(
    session: Session,
    *,
    now: int,
    after: int | None = None,
    limit: int = 50,
    organiser: str | None = None,
) -> list[ElectionState]:
    """Return elections, the newest first.

    Args:
        session: The index.
        now: The chain's time, Unix seconds.
        after: Number of the last one that was seen.
        limit: Most of them.
        organiser: Those of this account only.
    """
    wanted = select(ELECTIONS).order_by(ELECTIONS.c.election.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(ELECTIONS.c.election < after)
    if organiser is not None:
        wanted = wanted.where(ELECTIONS.c.organiser == organiser)
    rows = session.execute(wanted).mappings().all()
    numbers = [row["election"] for row in rows]
    questions, groups = (_by_election(session, table, numbers) for table in (QUESTIONS, GROUPS))
    return [
        _state(row, questions.get(row["election"], []), groups.get(row["election"], []), now)
        for row in rows
    ]


def election(session: Session, number: int, *, now: int) -> ElectionState:
    """Return an election.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    row = _row(session, number)
    return _state(row, _of(session, QUESTIONS, number), _of(session, GROUPS, number), now)


def guards(session: Session, number: int, role: str) -> tuple[str, ...]:
    """Return the accounts of an election's trustees or registrars, in their order.

    Args:
        session: The index.
        number: The election's.
        role: ``"trustee"`` or ``"registrar"``.
    """
    rows = session.execute(
        select(GUARDS.c.account)
        .where(GUARDS.c.election == number, GUARDS.c.role == role)
        .order_by(GUARDS.c.place)
    )
    return tuple(rows.scalars())


def places_of(session: Session, account: str, *, limit: int = 200) -> list[RollPlaceOf]:
    """Return where an account stands on rolls, the newest election first."""
    rows = session.execute(
        select(ROLL.c.election, ROLL.c.precinct, ROLL.c.place)
        .where(ROLL.c.voter == account)
        .order_by(ROLL.c.election.desc())
        .limit(limit)
    )
    return [RollPlaceOf(*row) for row in rows]


def elections_guarded(session: Session, account: str, *, limit: int = 200) -> list[int]:
    """Return the numbers of the elections of which an account is a trustee, the newest first."""
    rows = session.execute(
        select(GUARDS.c.election)
        .where(GUARDS.c.account == account, GUARDS.c.role == "trustee")
        .order_by(GUARDS.c.election.desc())
        .limit(limit)
    )
    return list(rows.scalars())


# --------------------------------------------------------------------------- ballots


def turnout(session: Session, number: int) -> list[PrecinctTurnout]:
    """Return the ballots of each question and precinct of an election, in their order.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    _row(session, number)
    voters = {row["precinct"]: row["voters"] for row in _of(session, PRECINCTS, number)}
    return [
        PrecinctTurnout(
            row["question"],
            row["precinct"],
            row["ballots"],
            voters[row["precinct"]],
            row["bulletin"],
        )
        for row in _of(session, COUNTS, number)
    ]


def batches(
    session: Session,
    number: int,
    *,
    question: int | None = None,
    precinct: int | None = None,
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Batch]:
    """Return batches of ballots along the chain.

    Args:
        session: The index.
        number: The election's.
        question: Those of this question only.
        precinct: Those of this precinct only.
        after: Block and place of the last one that was seen.
        limit: Most of them.
    """
    c = BATCHES.c
    wanted = select(BATCHES).where(c.election == number).order_by(c.block, c.log_index)
    for column, value in ((c.question, question), (c.precinct, precinct)):
        if value is not None:
            wanted = wanted.where(column == value)
    if after is not None:
        wanted = wanted.where(tuple_(c.block, c.log_index) > after)
    names = Batch.__slots__
    return [
        Batch(**{name: row[name] for name in names})
        for row in session.execute(wanted.limit(limit)).mappings()
    ]


# --------------------------------------------------------------------------- trustees


def trustees(session: Session, number: int) -> list[TrusteeState]:
    """Return what each trustee of an election has done, and which shares are waited for.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    row = _row(session, number)
    groups = [each for each in _of(session, GROUPS, number) if not each["tallied_by"]]
    excluded = {
        each["excluded"]
        for each in _of(session, COMPLAINTS, number)
        if each["round"] == row["round"]
    }
    found = []
    for index, account in enumerate(guards(session, number, "trustee"), start=1):
        bit = 1 << index - 1
        due = (
            (each["question"], each["group_index"]) for each in groups if not each["posted"] & bit
        )
        found.append(
            TrusteeState(
                index,
                account,
                bool(row["keys"] & bit),
                bool(row["commitments"] & bit),
                bool(row["deals"] & bit),
                index in excluded,
                tuple(due),
            )
        )
    return found


def missing_trustees(states: Sequence[TrusteeState], step: CeremonyStep) -> tuple[int, ...]:
    """Return the indices of the trustees whom a step of the ceremony waits for."""
    return tuple(each.index for each in states if _is_awaited(each, step))


def _is_awaited(trustee: TrusteeState, step: CeremonyStep) -> bool:
    if step is CeremonyStep.KEYS:
        return not trustee.has_key
    if step is CeremonyStep.COMMITMENTS:
        return trustee.has_key and not trustee.has_commitment
    return (
        step is CeremonyStep.DEALS
        and trustee.has_commitment
        and not (trustee.has_deal or trustee.is_excluded)
    )


# --------------------------------------------------------------------------- results


def results(session: Session, number: int, *, now: int) -> tuple[QuestionResult, ...]:
    """Return what came out of each question of an election, as far as it is known.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    row = _row(session, number)
    groups = _of(session, GROUPS, number)
    votes: dict[tuple[int, int], list[int]] = {}
    for each in _of(session, RESULTS, number):
        votes.setdefault((each["question"], each["group_index"]), []).append(each["votes"])
    return tuple(
        _result(row, question, groups, votes, now) for question in _of(session, QUESTIONS, number)
    )


def steps(
    session: Session, number: int, *, after: tuple[int, int] | None = None, limit: int = 100
) -> list[Step]:
    """Return what happened in an election but registrations and ballots, along the chain."""
    c = STEPS.c
    wanted = select(STEPS).where(c.election == number).order_by(c.block, c.log_index).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(c.block, c.log_index) > after)
    return [
        Step(**{name: row[name] for name in Step.__slots__})
        for row in session.execute(wanted).mappings()
    ]


# --------------------------------------------------------------------------- inside


def _row(session: Session, number: int) -> Row:
    found = (
        session.execute(select(ELECTIONS).where(ELECTIONS.c.election == number)).mappings().first()
    )
    if found is None:
        raise ElectionUnknown(number)
    return found


def _of(session: Session, table: Table, number: int) -> list[Row]:
    """Return the rows of an election, by the table's key."""
    wanted = select(table).where(table.c.election == number).order_by(*table.primary_key.columns)
    return list(session.execute(wanted).mappings())


def _by_election(session: Session, table: Table, numbers: list[int]) -> dict[int, list[Row]]:
    wanted = select(table).where(table.c.election.in_(numbers))
    found: dict[int, list[Row]] = {}
    for row in session.execute(wanted.order_by(*table.primary_key.columns)).mappings():
        found.setdefault(row["election"], []).append(row)
    return found


def _state(row: Row, questions: list[Row], groups: list[Row], now: int) -> ElectionState:
    phase = phase_at(row, questions, groups, now)
    return ElectionState(
        number=row["election"],
        organiser=row["organiser"],
        definition_hash=row["definition_hash"],
        windows=WindowSeconds(*(row[name] for name in WINDOWS)),
        precincts=row["precincts"],
        minimum_turnout=row["minimum_turnout"],
        threshold=row["threshold"],
        trustees=row["trustees"],
        registrar_quorum=row["registrar_quorum"],
        voters=row["voters"],
        phase=phase,
        step=step_at(row, now),
        round=row["round"],
        round_windows=round_windows(row),
        key=row["key"] or b"",
        reason_hash=row["reason_hash"] or b"",
        created_at=row["created_at"],
        block=row["block"],
        questions=tuple(_question(row, each, groups, phase, now) for each in questions),
    )


_COUNTING = (Phase.CLOSED, Phase.TALLIED, Phase.VOID)


def _question(
    election: Row, row: Row, groups: Sequence[Row], phase: Phase, now: int
) -> QuestionState:
    counting = phase in _COUNTING
    return QuestionState(
        number=row["question"],
        kind=QuestionKind(row["kind"]),
        options=row["options"],
        minimum=row["minimum"],
        maximum=row["maximum"],
        context=row["context"] or b"",
        ballots=row["ballots"],
        batches=row["batches"],
        is_closed=bool(row["closed"]),
        phase=question_phase_at(election, row, groups, now) if counting else phase,
        ground=VoidGround(row["ground"]),
    )


def _result(
    election: Row,
    question: Row,
    groups: Sequence[Row],
    votes: Mapping[tuple[int, int], list[int]],
    now: int,
) -> QuestionResult:
    number = question["question"]
    phase = question_phase_at(election, question, groups, now)
    found = [
        GroupResult(
            each["group_index"],
            BallotGroup(each["first_precinct"], each["last_precinct"], each["ballots"]),
            tuple(votes.get((number, each["group_index"]), ())),
        )
        for each in groups
        if each["question"] == number
    ]
    totals: tuple[int, ...] = ()
    if phase is Phase.TALLIED:
        totals = tuple(map(sum, zip(*(each.counts for each in found), strict=True)))
    return QuestionResult(number, phase, question["ballots"], tuple(found), totals)

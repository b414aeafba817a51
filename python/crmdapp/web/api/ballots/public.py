"""What everybody may see of elections: no key, nothing secret, the block it is as of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response

from crmdapp.ballots.booth import check_tracker
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.models import QuestionKind
from crmdapp.store.index.ballots import queries
from crmdapp.web.api import AddressIn, CursorDep, NotFound, Page
from crmdapp.web.api.ballots.models import (
    BallotBatchOut,
    BoardBallot,
    ElectionOut,
    ElectionStepOut,
    GroupOut,
    Number,
    QuestionOut,
    QuestionResultOut,
    Recorded,
    ResultsOut,
    ShareDue,
    TrusteeOut,
    TrusteesOut,
    Turnout,
    TurnoutOut,
    WindowsOut,
)
from crmdapp.web.ballots import shown
from crmdapp.web.ballots.ceremonies import exported
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.ballots.trackers import read_tracker

router = APIRouter(prefix="/elections", tags=["elections"])

QuestionQuery = Annotated[int, Query(ge=0, le=15, description="Which question, from 0.")]


@router.get("")
def elections(
    desk: DeskDep,
    cursor: CursorDep,
    organiser: Annotated[AddressIn | None, Query(description="Of this account only.")] = None,
) -> Page[ElectionOut]:
    """List elections, the newest first."""
    with desk.indexed() as (session, position):
        after = None if cursor.after is None else int(cursor.after[0])
        rows = queries.elections(
            session,
            now=position.timestamp,
            after=after,
            limit=cursor.limit,
            organiser=organiser,
        )
    final = position.block <= position.finalized_block
    items = [election_out(desk, row, position.block, finalized=final) for row in rows]
    return Page[ElectionOut](
        **cursor.page(
            items, rows, lambda row: (row.number,), as_of_block=position.block, finalized=final
        )
    )


@router.get("/{number}")
def election(number: Number, desk: DeskDep) -> ElectionOut:
    """Show an election: where it is, when what is due, and its words if they are known here."""
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
    final = position.block <= position.finalized_block
    return election_out(desk, row, position.block, finalized=final)


@router.get("/{number}/definition", response_class=Response)
def definition(number: Number, desk: DeskDep) -> Response:
    """Give the definition in canonical JSON; its keccak256 is the hash on chain."""
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
    found = desk.shelf.election(row.definition_hash)
    if found is None:
        raise NotFound(
            "The definition was not published on this server.", hint="Ask the organiser for it."
        )
    return Response(found.canonical, media_type="application/json")


@router.get("/{number}/turnout")
def turnout(number: Number, desk: DeskDep) -> TurnoutOut:
    """Tell how many have voted, by question and precinct."""
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
        rows = queries.turnout(session, number)
    return TurnoutOut(
        election=number,
        phase=row.phase.name.lower(),
        voters=row.voters,
        precincts=[Turnout.model_validate(each) for each in rows],
        as_of_block=position.block,
    )


@router.get("/{number}/bulletin")
def bulletin(
    number: Number,
    desk: DeskDep,
    cursor: CursorDep,
    question: QuestionQuery = 0,
    precinct: Annotated[int | None, Query(ge=0, le=63)] = None,
) -> Page[BallotBatchOut]:
    """List the batches of a question along the chain, with the tracker of every counted ballot."""
    after = None if cursor.after is None else (int(cursor.after[0]), int(cursor.after[1]))
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
        rows = queries.batches(
            session, number, question=question, precinct=precinct, after=after, limit=cursor.limit
        )
    items = [batch_out(desk, row, each) for each in rows]
    return Page[BallotBatchOut](
        **cursor.page(
            items,
            rows,
            lambda each: (each.block, each.log_index),
            as_of_block=position.block,
            finalized=position.block <= position.finalized_block,
        )
    )


@router.get("/{number}/bulletin/{tracker}")
def check(
    number: Number,
    tracker: Annotated[str, Path(max_length=300, description="64 digits, or 24 words.")],
    desk: DeskDep,
    question: QuestionQuery = 0,
) -> Recorded:
    """Find a ballot among all that were counted; the whole bulletin is recomputed for it."""
    found = check_tracker(desk.client(BoxClient), number, question, read_tracker(tracker))
    return Recorded.model_validate(found)


@router.get("/{number}/trustees")
def trustees(number: Number, desk: DeskDep) -> TrusteesOut:
    """Tell what the trustees have done, and for whom the election waits."""
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
        rows = queries.trustees(session, number)
    awaited = queries.missing_trustees(rows, row.step)
    words = desk.shelf.election(row.definition_hash)
    return TrusteesOut(
        election=number,
        step=row.step.name.lower(),
        round=row.round,
        trustees=[
            TrusteeOut(
                index=each.index,
                account=each.account,
                name=None if words is None else words.trustees[each.index - 1].name,
                has_key=each.has_key,
                has_commitment=each.has_commitment,
                has_deal=each.has_deal,
                is_excluded=each.is_excluded,
                is_awaited=each.index in awaited,
                shares_due=[ShareDue(question=q, group=g) for q, g in each.shares_due],
            )
            for each in rows
        ],
        as_of_block=position.block,
    )


@router.get("/{number}/ceremony")
def ceremony(number: Number, desk: DeskDep) -> dict[str, Any]:
    """Give the record of the ceremony as a trustee's machine without a network reads it."""
    return exported(desk, number)


@router.get("/{number}/steps")
def steps(number: Number, desk: DeskDep, cursor: CursorDep) -> Page[ElectionStepOut]:
    """List what happened in an election, but registrations and ballots, along the chain."""
    after = None if cursor.after is None else (int(cursor.after[0]), int(cursor.after[1]))
    with desk.indexed() as (session, position):
        queries.election(session, number, now=position.timestamp)
        rows = queries.steps(session, number, after=after, limit=cursor.limit)
    items = [
        ElectionStepOut(
            name=row.name,
            actor=row.actor,
            question=row.question,
            block=row.block,
            timestamp=row.timestamp,
            tx_hash=row.tx_hash,
        )
        for row in rows
    ]
    return Page[ElectionStepOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.block, row.log_index),
            as_of_block=position.block,
            finalized=position.block <= position.finalized_block,
        )
    )


@router.get("/{number}/results")
def results(number: Number, desk: DeskDep) -> ResultsOut:
    """Tell what came out, as far as it is known; the contract has checked every count."""
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
        found = queries.results(session, number, now=position.timestamp)
    words = desk.shelf.election(row.definition_hash)
    return ResultsOut(
        election=number,
        phase=row.phase.name.lower(),
        voters=row.voters,
        questions=[
            _result(each, words, asked) for asked, each in zip(row.questions, found, strict=True)
        ],
        as_of_block=position.block,
    )


@router.get("/{number}/results.svg", response_class=Response)
def results_chart(number: Number, desk: DeskDep) -> Response:
    """Draw the results as a bar chart, with all of it as text for those who cannot see it."""
    return Response(results_picture(desk, number), media_type="image/svg+xml")


def results_picture(desk: BallotsDesk, number: int) -> str:
    """Return the chart of an election.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
        found = queries.results(session, number, now=position.timestamp)
    words = desk.shelf.election(row.definition_hash)
    note = f"Chain {position.chain_id}, block {position.block:,}"
    return shown.election_svg(row, words, found, note)


# --------------------------------------------------------------------------- models


def election_out(desk: BallotsDesk, row: Any, block: int, *, finalized: bool) -> ElectionOut:
    """Return the model of an election, with its words if they are known here."""
    words = desk.shelf.election(row.definition_hash)
    return ElectionOut(
        number=row.number,
        title=None if words is None else words.title,
        organiser=row.organiser,
        definition_hash=row.definition_hash,
        phase=row.phase.name.lower(),
        ceremony=row.step.name.lower(),
        windows=WindowsOut.model_validate(row.windows),
        precincts=row.precincts,
        voters=row.voters,
        minimum_turnout=row.minimum_turnout,
        threshold=row.threshold,
        trustees=row.trustees,
        registrar_quorum=row.registrar_quorum,
        questions=[
            QuestionOut(
                number=each.number,
                title=None if words is None else words.questions[each.number].title,
                kind=kind_of(each.kind),
                options=None if words is None else list(words.questions[each.number].options),
                option_count=each.options,
                minimum=each.minimum,
                maximum=each.maximum,
                ballots=each.ballots,
                phase=each.phase.name.lower(),
            )
            for each in row.questions
        ],
        as_of_block=block,
        finalized=finalized,
    )


def batch_out(desk: BallotsDesk, row: Any, batch: Any) -> BallotBatchOut:
    """Return the model of a batch, with its ballots' trackers."""
    context = row.questions[batch.question].context
    return BallotBatchOut(
        question=batch.question,
        precinct=batch.precinct,
        block=batch.block,
        timestamp=batch.timestamp,
        tx_hash=batch.tx_hash,
        counted=batch.counted,
        ballots=batch.ballots,
        bulletin=batch.bulletin,
        entries=[
            BoardBallot.model_validate(each)
            for each in desk.board.entries(row.number, batch, context)
        ],
    )


def kind_of(kind: QuestionKind) -> Literal["choice", "vector"]:
    """Return a question's kind as definitions have it."""
    return "choice" if kind is QuestionKind.CHOICE else "vector"


def _result(found: Any, words: Any, asked: Any) -> QuestionResultOut:
    number = found.question
    return QuestionResultOut(
        question=number,
        title=None if words is None else words.questions[number].title,
        options=None if words is None else list(words.questions[number].options),
        phase=(found.phase if asked.phase in shown.COUNTING else asked.phase).name.lower(),
        ground=shown.ground_of(found, asked.ground) or None,
        ballots=found.ballots,
        totals=list(found.totals) or None,
        groups=[
            GroupOut(
                group=each.group,
                first_precinct=each.precincts.first_precinct,
                last_precinct=each.precincts.last_precinct,
                ballots=each.precincts.ballots,
                counts=list(each.counts) or None,
            )
            for each in found.groups
        ],
    )

"""Elections as anybody sees them: the list, one election, its bulletin, its result, its audit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from crmdapp.ballots.booth import check_tracker
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.open_questions import FINGERPRINT_BYTES
from crmdapp.ballots.results_chart import description
from crmdapp.ballots.voting_faults import BallotNotRecorded
from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError
from crmdapp.store.index.ballots import queries
from crmdapp.store.index.ballots.states import ElectionState, PrecinctTurnout
from crmdapp.web.api.ballots.audits import begin_for
from crmdapp.web.api.ballots.public import results_picture
from crmdapp.web.ballots import shown, wording
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.ballots.trackers import read_tracker, tracker_groups, tracker_words
from crmdapp.web.pages import maybe_signed_in, page, redirect
from crmdapp.web.security.sessions import Person, PersonDep

router = APIRouter(prefix="/elections")

Number = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]

ROWS = 20
BATCHES = 25


def headed(desk: BallotsDesk, state: ElectionState, now: int, block: int) -> dict[str, Any]:
    """Return what every page of an election shows."""
    words = desk.shelf.election(state.definition_hash)
    return {
        "election": state,
        "title": shown.title_of(state, words),
        "words": words,
        "phase": wording.phase_word(state.phase),
        "badge": wording.BADGES.get(state.phase, "warn"),
        "phase_text": wording.PHASES[state.phase],
        "question_title": lambda number: shown.question_title(words, number),
        "option_names": lambda number: shown.option_names(
            words, number, state.questions[number].options
        ),
        "now": now,
        "block": block,
    }


@router.get("")
def elections_page(
    request: Request,
    desk: DeskDep,
    person: Annotated[Person | None, maybe_signed_in()],
    after: Annotated[int | None, Query(ge=1, le=(1 << 63) - 1)] = None,
) -> Response:
    """Show all elections, the newest first, and where the person has a part."""
    with desk.indexed() as (session, position):
        rows = queries.elections(session, now=position.timestamp, after=after, limit=ROWS)
        votes = (
            set()
            if person is None
            else {place.election for place in queries.places_of(session, person.address)}
        )
        guards = (
            set() if person is None else set(queries.elections_guarded(session, person.address))
        )
    shown_rows = [
        {
            **headed(desk, row, position.timestamp, position.block),
            "is_voter": row.number in votes,
            "is_trustee": row.number in guards,
        }
        for row in rows
    ]
    more = rows[-1].number if len(rows) == ROWS else None
    return page(request, "ballots/elections.html", rows=shown_rows, more=more)


@router.get("/{number}")
def election_page(request: Request, number: Number, desk: DeskDep) -> Response:
    """Show an election: where it is, who has voted, when what is due, what happened."""
    with desk.indexed() as (session, position):
        now = position.timestamp
        state = queries.election(session, number, now=now)
        counts = queries.turnout(session, number)
        trustees = queries.trustees(session, number)
        steps = queries.steps(session, number, limit=200)
    awaited = queries.missing_trustees(trustees, state.step)
    key = keccak(state.key)[:FINGERPRINT_BYTES].hex() if state.key else ""
    return page(
        request,
        "ballots/election.html",
        **headed(desk, state, now, position.block),
        windows=wording.windows_in_words(state, now),
        counts=_turnout(state, counts),
        trustees=trustees,
        awaited=awaited,
        step_text=wording.STEPS[state.step],
        fingerprint=key,
        steps=[(wording.event_words(each.name, each.actor, each.question), each) for each in steps],
        moment=wording.moment,
        iso=wording.iso,
        percent=wording.percent,
    )


def _turnout(
    state: ElectionState, counts: list[PrecinctTurnout]
) -> list[tuple[int, int, list[PrecinctTurnout]]]:
    """Return question, all ballots, and ballots by precinct."""
    return [
        (each.number, each.ballots, [row for row in counts if row.question == each.number])
        for each in state.questions
    ]


# --------------------------------------------------------------------------- bulletin


@router.get("/{number}/bulletin")
def bulletin_page(
    request: Request,
    number: Number,
    desk: DeskDep,
    question: Annotated[int, Query(ge=0, le=15)] = 0,
    tracker: Annotated[str, Query(max_length=400)] = "",
    after: Annotated[str, Query(max_length=40, pattern=r"^([0-9]{1,18}\.[0-9]{1,9})?$")] = "",
) -> Response:
    """Show every counted ballot's tracker, and look for one."""
    place = (int(after.partition(".")[0]), int(after.partition(".")[2])) if after else None
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
        rows = queries.batches(session, number, question=question, after=place, limit=BATCHES)
    context = state.questions[question].context if question < len(state.questions) else b""
    found, missing, fault = _search(desk, number, question, tracker)
    last = rows[-1] if len(rows) == BATCHES else None
    return page(
        request,
        "ballots/bulletin.html",
        **headed(desk, state, position.timestamp, position.block),
        question=question,
        batches=[(each, desk.board.entries(number, each, context)) for each in rows],
        more="" if last is None else f"{last.block}.{last.log_index}",
        wanted=tracker,
        found=found,
        missing=missing,
        fault=fault,
        moment=wording.moment,
        iso=wording.iso,
        groups=tracker_groups,
        words_of=tracker_words,
    )


def _search(
    desk: BallotsDesk, number: int, question: int, text: str
) -> tuple[Any, BallotNotRecorded | None, str]:
    """Return the ballot that is looked for; or why it is not there; or what is wrong with it."""
    if not text.strip():
        return None, None, ""
    try:
        wanted = read_tracker(text)
        return check_tracker(desk.client(BoxClient), number, question, wanted), None, ""
    except BallotNotRecorded as problem:
        return None, problem, ""
    except UsageError as problem:
        return None, None, f"{problem.message} {problem.hint}"


# --------------------------------------------------------------------------- result, audit


@router.get("/{number}/results")
def results_page(request: Request, number: Number, desk: DeskDep) -> Response:
    """Show what came out, as a chart and as tables."""
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
        found = queries.results(session, number, now=position.timestamp)
    words = desk.shelf.election(state.definition_hash)
    charted = shown.charted(state, words, found)
    return page(
        request,
        "ballots/results.html",
        **headed(desk, state, position.timestamp, position.block),
        results=list(zip(charted, found, strict=True)),
        alt=description(charted),
        percent=wording.percent,
    )


@router.get("/{number}/results.svg")
def results_svg(number: Number, desk: DeskDep) -> Response:
    """Draw the results."""
    return Response(results_picture(desk, number), media_type="image/svg+xml")


@router.get("/{number}/audit")
def audit_page(request: Request, number: Number, desk: DeskDep) -> Response:
    """Show what an audit found, link by link, or how far it is."""
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
    return page(
        request,
        "ballots/audit.html",
        **headed(desk, state, position.timestamp, position.block),
        running=desk.audits.progress(number),
        report=desk.audits.report(number),
        failure=desk.audits.failure(number),
        link_words=wording.LINKS,
        moment=wording.moment,
    )


@router.post("/{number}/audit")
def audit(number: Number, desk: DeskDep, person: PersonDep) -> Response:
    """Begin an audit for somebody who has signed in."""
    del person  # anybody who has signed in
    begun = begin_for(desk, number)
    told = "The audit has begun." if begun is not None else "An audit is under way already."
    return redirect(f"/elections/{number}/audit", told=told)

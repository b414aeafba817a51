"""The organiser's pages: create an election from a definition, and move it on.

What a definition says is shown before anything is sent: nothing of an election can be changed once
it is created. The previewed document comes back with the form, so nothing is kept in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile

from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.definition import Definition
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.models import Phase, question_text
from crmdapp.ballots.roll import RollClient
from crmdapp.ballots.tally import TallyClient
from crmdapp.chain._keccak import keccak
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.store.index.ballots import queries
from crmdapp.web.ballots import wording
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.ballots.organising import definition_in, election_of_organiser
from crmdapp.web.errors import RequestInvalid
from crmdapp.web.pages import page, redirect
from crmdapp.web.pages.ballots.elections import headed
from crmdapp.web.pages.loyalty import desk as sending
from crmdapp.web.problems import status_of
from crmdapp.web.security.sessions import Person, PersonDep

router = APIRouter(prefix="/elections")

Number = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
Once = Annotated[str, Form(max_length=32)]

DEFINITION_MAX = 256 * 1024
"""Most bytes of a definition's file."""

REASON_MAX = 10_000

_YAML = (".yaml", ".yml")


@router.get("/new")
def new_page(request: Request, person: PersonDep) -> Response:
    """Ask an organiser for the definition's file."""
    del person  # anybody who has signed in
    return _new(request)


@router.post("/new/check")
def check(request: Request, person: PersonDep, file: Annotated[UploadFile, File()]) -> Response:
    """Show what a definition would create, or what is wrong with it, field by field."""
    del person
    try:
        found = definition_in(_read(file), yaml=(file.filename or "").lower().endswith(_YAML))
    except CrmdappError as problem:
        return _new(request, problem=problem)
    return _preview(request, found)


@router.post("/new")
def create(
    request: Request,
    desk: DeskDep,
    person: PersonDep,
    once: Once,
    definition: Annotated[str, Form()] = "",
) -> Response:
    """Create an election of the person's, who becomes its organiser."""
    try:
        data = definition.encode()
        if len(data) > DEFINITION_MAX:
            raise _too_large()
        found = definition_in(data, yaml=False)
    except CrmdappError as problem:
        return _new(request, problem=problem)
    try:
        client = sending.client_of(desk.context, person, ElectionsClient)
        call, key = client.create_call(found), sending.form_key("election", once)
        number = client.number_in(client.send(call, key=key))
        desk.shelf.keep(found)
    except CrmdappError as problem:
        if status_of(problem) == 503:
            raise
        return _preview(request, found, problem=problem)
    return redirect(f"/elections/{number}/organise", told=f"Election {number} is created.")


@router.get("/{number}/organise")
def organise_page(request: Request, number: Number, desk: DeskDep, person: PersonDep) -> Response:
    """Show an organiser where the election is, and what can be done about it now."""
    return _organise(request, number, desk, person)


@router.post("/{number}/organise/freeze")
def freeze(request: Request, number: Number, desk: DeskDep, person: PersonDep) -> Response:
    """Write the roll down for ever, once registration has ended."""

    def act() -> str:
        sending.client_of(desk.context, person, RollClient).freeze(number)
        return "The roll is frozen."

    return _done(request, number, desk, person, act)


@router.post("/{number}/organise/prepare")
def prepare(
    request: Request, number: Number, desk: DeskDep, person: PersonDep, once: Once
) -> Response:
    """Let every question take ballots, once roll and key are final."""

    def act() -> str:
        box, key = sending.client_of(desk.context, person, BoxClient), _key("prepare", once)
        for question in _questions(desk, number):
            if not box.is_prepared(number, question):
                box.prepare(number, question, key=f"{key}/{question}")
        return "The questions can take ballots."

    return _done(request, number, desk, person, act)


@router.post("/{number}/organise/close")
def close(
    request: Request, number: Number, desk: DeskDep, person: PersonDep, once: Once
) -> Response:
    """Form the sums that trustees decrypt, once voting has ended."""

    def act() -> str:
        tally, key = sending.client_of(desk.context, person, TallyClient), _key("close", once)
        for question in _questions(desk, number):
            if not tally.is_closed(number, question):
                tally.close(number, question, key=f"{key}/{question}")
        return "The questions are closed. The trustees can decrypt the sums."

    return _done(request, number, desk, person, act)


@router.post("/{number}/organise/cancel")
def cancel(
    request: Request,
    number: Number,
    desk: DeskDep,
    person: PersonDep,
    once: Once,
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Call the election off before it opens; the chain keeps the hash of the reasons."""

    def act() -> str:
        text = reason.strip().replace("\r\n", "\n")
        if not 0 < len(text) <= REASON_MAX:
            raise UsageError(f"Write the reasons, in up to {REASON_MAX:,} characters.")
        client = sending.client_of(desk.context, person, ElectionsClient)
        client.cancel(number, keccak(text.encode()), key=_key("cancel", once))
        return "The election is called off."

    return _done(request, number, desk, person, act)


# --------------------------------------------------------------------------- inside


def _read(file: UploadFile) -> bytes:
    data = file.file.read(DEFINITION_MAX + 1)
    if len(data) > DEFINITION_MAX:
        raise _too_large()
    return data


def _too_large() -> UsageError:
    return UsageError(f"The definition is larger than {DEFINITION_MAX >> 10} KB.")


def _key(step: str, once: str) -> str:
    return sending.form_key(f"election-{step}", once)


def _questions(desk: BallotsDesk, number: int) -> range:
    return range(len(desk.client(ElectionsClient).election(number).questions))


def _done(
    request: Request, number: int, desk: BallotsDesk, person: Person, act: Callable[[], str]
) -> Response:
    """Do what the organiser asks for; what is wrong stands on the page."""
    election_of_organiser(desk, number, person.address)
    try:
        told = act()
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        return _organise(request, number, desk, person, problem=problem)
    return redirect(f"/elections/{number}/organise", told=told)


def _new(request: Request, *, problem: CrmdappError | None = None) -> Response:
    faults = problem.faults if isinstance(problem, RequestInvalid) else ()
    return page(
        request,
        "ballots/new.html",
        status=200 if problem is None else status_of(problem),
        problem=problem,
        faults=faults,
        most=DEFINITION_MAX >> 10,
    )


def _preview(
    request: Request, found: Definition, *, problem: CrmdappError | None = None
) -> Response:
    return page(
        request,
        "ballots/preview.html",
        status=200 if problem is None else status_of(problem),
        found=found,
        questions=[(asked, question_text(asked)) for asked in found.questions],
        windows=_windows(found),
        text=found.canonical.decode(),
        once=sending.fresh(),
        problem=problem,
    )


def _windows(found: Definition) -> list[tuple[str, str, str]]:
    """Return what ends when, with the time as machines and as people read it."""
    labels = [ahead for _, ahead, _ in wording.WINDOWS]
    times = found.windows.seconds
    return [
        (label, wording.iso(at), wording.moment(at))
        for label, at in zip(labels, times, strict=True)
    ]


def _organise(
    request: Request,
    number: int,
    desk: BallotsDesk,
    person: Person,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    election_of_organiser(desk, number, person.address)
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
    return page(
        request,
        "ballots/organise.html",
        status=200 if problem is None else status_of(problem),
        **headed(desk, state, position.timestamp, position.block),
        **_steps(desk, number, state.phase),
        windows=wording.windows_in_words(state, position.timestamp),
        step_text=wording.STEPS[state.step],
        once=sending.fresh(),
        problem=problem,
    )


def _steps(desk: BallotsDesk, number: int, phase: Phase) -> dict[str, Any]:
    """Return which steps wait for somebody to take them now, as the chain says."""
    election = desk.client(ElectionsClient).election(number)
    now, windows = desk.context.connection.block_timestamp(), election.windows
    is_over = phase in (Phase.CANCELLED, Phase.VOID, Phase.TALLIED)
    is_before = not is_over and now < windows.opens_at
    frozen = desk.client(RollClient).is_frozen(number)
    box, tally = desk.client(BoxClient), desk.client(TallyClient)
    questions = range(len(election.questions))
    ended = not is_over and now >= windows.closes_at
    return {
        "may_freeze": is_before and not frozen and now > windows.registration_until,
        "may_prepare": phase is Phase.FROZEN
        and is_before
        and not all(box.is_prepared(number, each) for each in questions),
        "may_close": ended and not all(tally.is_closed(number, each) for each in questions),
        "may_cancel": is_before,
    }

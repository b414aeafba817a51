"""A curator's votes: committed first, shown later, with the salt in a file of this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.provenance.votes import Ballot
from crmdapp.store.index.provenance import queries
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import words
from crmdapp.web.pages.provenance.cases import case_shown, share_of
from crmdapp.web.problems import status_of
from crmdapp.web.view import View, ViewDep, view_of

if TYPE_CHECKING:
    from crmdapp.store.index.provenance.queries import Case

router = APIRouter(prefix="/curator/cases")

PersonDep = Annotated[Person, signed_in()]
Once = Annotated[str, Form(max_length=32)]


@router.get("/{case_id}")
def case(
    request: Request, context: ContextDep, view: ViewDep, person: PersonDep, case_id: Hash32
) -> Response:
    """Show a case, its votes, and what this curator can do."""
    return _case(request, context, view, person, case_id)


@router.post("/{case_id}/commit")
def commit(
    request: Request,
    context: ContextDep,
    person: PersonDep,
    case_id: Hash32,
    once: Once,
    vote: Annotated[Literal["aye", "no"], Form()],
) -> Response:
    """Commit a vote; the salt stays in a file that only this account of the machine reads."""

    def act() -> str:
        client = desk.client_of(context, person, BoardClient)
        ballot = _drawn(context, case_id, person.address, vote == "aye")
        client.commit_vote(ballot, key=desk.form_key("commit", once))
        return "Your vote is committed. Come back to show it."

    return carry_out(request, context, person, case_id, act)


@router.post("/{case_id}/reveal")
def reveal(
    request: Request, context: ContextDep, person: PersonDep, case_id: Hash32, once: Once
) -> Response:
    """Show the vote that was committed here."""

    def act() -> str:
        client = desk.client_of(context, person, BoardClient)
        ballot = Ballot.read(_place(context, case_id, person.address))
        client.reveal_vote(ballot, key=desk.form_key("reveal", once))
        return "Your vote is shown."

    return carry_out(request, context, person, case_id, act)


@router.post("/{case_id}/conclude")
def conclude(
    request: Request, context: ContextDep, person: PersonDep, case_id: Hash32, once: Once
) -> Response:
    """Count the votes of a case whose time is over."""

    def act() -> str:
        client = desk.client_of(context, person, BoardClient)
        status = client.conclude(case_id, key=desk.form_key("conclude", once))
        return f"The case is {words.STATUSES[status]}."

    return carry_out(request, context, person, case_id, act)


def carry_out(
    request: Request, context: Context, person: Person, case_id: bytes, act: Callable[[], str]
) -> Response:
    """Do what a form asks for, and go to the case's page; what is wrong stands on it."""
    try:
        told = act()
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return _case(request, context, view, person, case_id, problem=problem)
        raise
    return redirect(f"/curator/cases/0x{case_id.hex()}", told=told)


def _place(context: Context, case_id: bytes, curator: str) -> Path:
    return context.settings.state_dir / "ballots" / f"{case_id.hex()}-{curator.lower()}.json"


def _drawn(context: Context, case_id: bytes, curator: str, is_aye: bool) -> Ballot:
    """Return a vote whose salt is kept; one that was drawn before is used again.

    Raises:
        UsageError: The server runs elsewhere than the curator's key, or another vote is kept.
    """
    if not context.settings.local:
        raise UsageError(
            "Votes are cast on your own machine.",
            why="Whoever keeps the salt knows the vote before it is shown.",
            hint="crmdapp gallery case vote",
        )
    place = _place(context, case_id, curator)
    if place.exists():
        kept = Ballot.read(place)
        if kept.is_aye != is_aye:
            raise UsageError("You drew another vote for this case before; it counts.")
        return kept
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ballot = Ballot.draw(case_id, curator, is_aye)
    ballot.write(place)
    return ballot


def _may_defend(view: View, case: Case, account: str) -> bool:
    """Return whether an account may put up a bond for the record that a case challenges."""
    if case.ground is Ground.SUBMISSION or case.defender is not None:
        return False
    work = queries.work(view.session, case.work)
    return account in (work.owner, work.artwork.artist)


def _case(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    case_id: bytes,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    found = queries.case(view.session, case_id)
    votes = queries.votes(view.session, case_id)
    own = next((vote for vote in votes if vote.curator == person.address), None)
    rules = context.reader(BoardClient).rules
    return page(
        request,
        "provenance/case.html",
        status=200 if problem is None else status_of(problem),
        shown=case_shown(found, rules, own, view.now),
        case=found,
        votes=votes,
        is_open=found.status is CaseStatus.OPEN,
        is_curator=person.address in queries.curators(view.session),
        is_party=person.address in (found.opener, found.defender),
        may_defend=_may_defend(view, found, person.address),
        bond=words.ether(rules.bond),
        share=words.ether(share) if (share := share_of(found, own, rules.bond)) else "",
        has_ballot=_place(context, case_id, person.address).exists(),
        once=desk.fresh(),
        problem=problem,
    )

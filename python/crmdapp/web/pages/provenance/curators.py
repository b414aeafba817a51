"""The curators' desk: what waits for an approval or a vote, and looking at a work before that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.board_intents import sign_approval
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.errors import CuratorOnly
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.models import CaseStatus
from crmdapp.provenance.review import near_works
from crmdapp.store.index.provenance import queries
from crmdapp.web.api.provenance.submissions import (
    DAY,
    submission_out,
    take_approval,
    visible,
)
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import hall, words
from crmdapp.web.pages.provenance.cases import case_shown
from crmdapp.web.pages.provenance.pictures import on_disk, thumbnail
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.shelf import Draft, Shelf
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter(prefix="/curator")

PersonDep = Annotated[Person, signed_in()]


@router.get("")
def desk_page(request: Request, context: ContextDep, view: ViewDep, person: PersonDep) -> Response:
    """Show what waits for this curator."""
    board = queries.board(view.session)
    if board is None or person.address not in board.curators:
        return page(request, "provenance/no_curator.html", board=board)
    drafts = Shelf(context.state).submissions()
    states = [submission_out(context, view, draft, near=False) for draft in drafts]
    waiting = [item for item in states if not item.is_registered]
    votes = {vote.case_id: vote for vote in queries.votes_of(view.session, person.address)}
    rules = context.reader(BoardClient).rules
    cases = queries.cases(view.session, status=CaseStatus.OPEN)
    credit = queries.bond_credit_of(view.session, person.address, rules.bond)
    return page(
        request,
        "provenance/curator.html",
        board=board,
        bond=words.ether(rules.bond),
        credit=words.ether(credit) if credit else "",
        mine=[item for item in waiting if person.address not in item.approved_by],
        done=[item for item in waiting if person.address in item.approved_by],
        cases=[case_shown(item, rules, votes.get(item.case_id), view.now) for item in cases],
        concluded=[
            item
            for item in queries.cases(view.session, limit=20)
            if item.status is not CaseStatus.OPEN
        ],
    )


@router.get("/submissions/{record_hash}")
def review(
    request: Request, context: ContextDep, view: ViewDep, person: PersonDep, record_hash: Hash32
) -> Response:
    """Show a submission to a curator, recomputed from its file."""
    return _review(request, context, view, person, record_hash)


@router.get("/submissions/{record_hash}/picture")
def picture(context: ContextDep, view: ViewDep, person: PersonDep, record_hash: Hash32) -> Response:
    """Give a small picture of a submission to its artist and the curators."""
    visible(context, view, record_hash, person.address)
    return Response(thumbnail(context, record_hash), media_type="image/jpeg")


@router.get("/submissions/{record_hash}/file")
def file_of(context: ContextDep, view: ViewDep, person: PersonDep, record_hash: Hash32) -> Response:
    """Give a submission's file to its artist and the curators."""
    visible(context, view, record_hash, person.address)
    data, _ = Shelf(context.state).file(record_hash)
    headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/submissions/{record_hash}/approve")
def approve(
    request: Request, context: ContextDep, person: PersonDep, record_hash: Hash32
) -> Response:
    """Approve a work with the curator's own key file."""
    try:
        for view in view_of(context):
            draft = visible(context, view, record_hash, person.address)
            _approve(context, view, person, draft)
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return _review(request, context, view, person, record_hash, problem=problem)
        raise
    return redirect(f"/curator/submissions/0x{record_hash.hex()}", told="You approved it.")


def _approve(context: Context, view: View, person: Person, draft: Draft) -> None:
    signer = desk.signer_of(context, person)
    if signer is None:
        raise UsageError("Your key is in your browser's wallet: sign there.")
    _recheck(context, draft)
    domain = context.reader(BoardClient).domain
    if person.address == draft.artist:
        raise CuratorOnly(person.address)
    signed = sign_approval(signer, domain, draft.artwork, deadline=view.now + 30 * DAY)
    take_approval(context, view, draft, signed.to_json(), person.address)


def _recheck(context: Context, draft: Draft) -> tuple[int, ...]:
    """Recompute all that the artist states of the file; return its variants.

    Raises:
        SubmissionMismatch: A hash or a statement is not the file's.
        NotFound: The artist has not signed it.
    """
    data, _ = Shelf(context.state).file(draft.record_hash)
    with on_disk(data) as path:
        found = fingerprint(path)
    draft.submission.require_of(found)
    return found.variants


def _review(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    record_hash: bytes,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    draft = visible(context, view, record_hash, person.address)
    if person.address not in queries.curators(view.session):
        raise NotFound("There is no such submission.")
    fault: CrmdappError | None = None
    variants: tuple[int, ...] = ()
    try:
        variants = _recheck(context, draft)
    except CrmdappError as wrong:
        fault = wrong
    known = queries.standing_works(view.session)
    near = near_works(known, variants, beside=draft.artwork.file_keccak)[:20]
    rows = [queries.work(view.session, item.work.id) for item in near]
    return page(
        request,
        "provenance/review.html",
        status=200 if problem is None else status_of(problem),
        draft=draft,
        state=submission_out(context, view, draft, near=False),
        fault=fault,
        near=list(zip(hall.shown(context, view.session, rows), near, strict=True)),
        has_picture=draft.artwork.p_hash != 0,
        is_artist=draft.artist == person.address,
        signs_here=desk.signer_of(context, person) is not None,
        me=person.address,
        once=desk.fresh(),
        problem=problem,
    )

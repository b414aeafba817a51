"""The artist's desk: hand in a work, sign it, see who approved it, have it registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.artwork_intents import sign_artwork
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.errors import CaseUnknown
from crmdapp.provenance.models import CaseStatus
from crmdapp.store.index.provenance import queries
from crmdapp.web.api.provenance.submissions import handed_in, submission_out, visible
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import words
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.files import FILE_MAX
from crmdapp.web.provenance.shelf import Draft, Shelf
from crmdapp.web.view import View, ViewDep, view_of

if TYPE_CHECKING:
    from crmdapp.provenance.board_intents import SignedApproval
    from crmdapp.store.index.provenance.queries import Case

router = APIRouter(prefix="/gallery")

PersonDep = Annotated[Person, signed_in()]
Once = Annotated[str, Form(max_length=32)]
Line = Annotated[str, Form(max_length=200)]

_PERCENT = 100


@router.get("/submit")
def submit_page(
    request: Request, context: ContextDep, view: ViewDep, person: PersonDep
) -> Response:
    """Offer to hand in a work, and list those that the person handed in."""
    return _submit_page(request, context, view, person)


@router.post("/submit")
def submit(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    person: PersonDep,
    file: Annotated[UploadFile, File()],
    name: Line = "",
    artist: Line = "",
    year: Line = "",
    medium: Line = "",
    dimensions: Line = "",
    description: Annotated[str, Form(max_length=5_000)] = "",
    royalty: Annotated[int, Form(ge=0, le=25)] = 10,
) -> Response:
    """Take the fingerprint of a work's file, and sign the record if the key is here."""
    more = {"year": year, "medium": medium, "dimensions": dimensions, "description": description}
    try:
        if any("\x00" in text for text in (name, artist, *more.values())):
            raise UsageError("A text has a character that cannot be kept.")
        told = (name, artist, more)
        bps = royalty * _PERCENT
        draft = handed_in(context, view, file, told, person.address, royalty_bps=bps)
        _sign(context, person, draft)
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        return _submit_page(request, context, view, person, problem=problem)
    return redirect(_path(draft.record_hash), told=f"{draft.metadata.name} was handed in.")


@router.get("/submissions/{record_hash}")
def submission(
    request: Request, context: ContextDep, view: ViewDep, person: PersonDep, record_hash: Hash32
) -> Response:
    """Show a submission to its artist: what was signed, who approved."""
    return submission_page(request, context, view, person, record_hash)


@router.post("/submissions/{record_hash}/register")
def register(
    request: Request, context: ContextDep, person: PersonDep, record_hash: Hash32, once: Once
) -> Response:
    """Register a work that enough curators approved; the person's account pays the gas."""
    try:
        draft = _visible(context, person, record_hash)
        approvals = _approvals(context, record_hash)
        client = desk.client_of(context, person, ArtworksClient)
        key = desk.form_key("register", once)
        id_ = client.register(draft.submission.signed, approvals, key=key)
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return submission_page(request, context, view, person, record_hash, problem=problem)
        raise
    return redirect(words.work_path(id_), told=f"{draft.metadata.name} is registered.")


def _sign(context: Context, person: Person, draft: Draft) -> None:
    signer = desk.signer_of(context, person)
    if signer is not None and draft.signed is None:
        domain = context.reader(ArtworksClient).domain
        Shelf(context.state).sign(sign_artwork(signer, domain, draft.artwork))


def _approvals(context: Context, record_hash: bytes) -> list[SignedApproval]:
    """Return the approvals to register a work with: none if the curators admitted it by vote."""
    for view in view_of(context):
        if _is_admitted(_case_of(view, record_hash)):
            return []
    return Shelf(context.state).approvals(record_hash)


def _case_of(view: View, record_hash: bytes) -> Case | None:
    """Return the vote on a submission, whose case has the record's hash; ``None`` without one."""
    try:
        return queries.case(view.session, record_hash)
    except CaseUnknown:
        return None


def _is_admitted(case: Case | None) -> bool:
    return case is not None and case.status is CaseStatus.UPHELD


def _visible(context: Context, person: Person, record_hash: bytes) -> Draft:
    for view in view_of(context):
        found = visible(context, view, record_hash, person.address)
    return found


def _submit_page(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    own = Shelf(context.state).submissions(person.address, limit=50)
    return page(
        request,
        "provenance/submit.html",
        status=200 if problem is None else status_of(problem),
        own=[submission_out(context, view, draft, near=False) for draft in own],
        has_gallery=queries.board(view.session) is not None,
        signs_here=desk.signer_of(context, person) is not None,
        problem=problem,
        file_max=FILE_MAX >> 20,
    )


def submission_page(
    request: Request,
    context: Context,
    view: View,
    person: Person,
    record_hash: bytes,
    *,
    problem: CrmdappError | None = None,
) -> Response:
    """Return a submission's page, with what was wrong with a form on it."""
    draft = visible(context, view, record_hash, person.address)
    asked = _case_of(view, record_hash)
    return page(
        request,
        "provenance/submission.html",
        status=200 if problem is None else status_of(problem),
        draft=draft,
        state=submission_out(context, view, draft, near=False),
        id_=draft.artwork.id,
        asked=asked,
        is_admitted=_is_admitted(asked),
        bond=words.ether(context.reader(BoardClient).rules.bond),
        is_artist=draft.artist == person.address,
        once=desk.fresh(),
        problem=problem,
    )


def _path(record_hash: bytes) -> str:
    return f"/gallery/submissions/0x{record_hash.hex()}"

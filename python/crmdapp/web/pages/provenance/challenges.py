"""Asking the curators: challenges of works, votes on submissions, and the bonds under both."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.fingerprints import hash_file
from crmdapp.provenance.models import Ground
from crmdapp.store.index.provenance import queries
from crmdapp.web.api.provenance.submissions import visible
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import hall, words
from crmdapp.web.pages.provenance.submitting import submission_page
from crmdapp.web.pages.provenance.votes import carry_out
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.files import FILE_MAX, held
from crmdapp.web.provenance.numbers import NumberDep, word_of
from crmdapp.web.view import View, ViewDep, view_of

router = APIRouter()

PersonDep = Annotated[Person, signed_in()]
Once = Annotated[str, Form(max_length=32)]
GroundName = Literal["near_duplicate", "earlier_work", "false_record", "standards"]


@router.get("/gallery/{id}/challenge")
def challenge_page(
    request: Request, context: ContextDep, view: ViewDep, id_: NumberDep, person: PersonDep
) -> Response:
    """Offer to challenge a work's record, and say what it costs."""
    del person  # anybody who has signed in
    return _challenge_page(request, context, view, id_)


@router.post("/gallery/{id}/challenge")
def challenge(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    ground: Annotated[GroundName, Form()],
    earlier: Annotated[str, Form(max_length=80)] = "",
    evidence: Annotated[str, Form(max_length=66)] = "",
) -> Response:
    """Challenge a work's record against a bond; ``evidence`` is the Keccak-256 of a file."""
    try:
        client = desk.client_of(context, person, BoardClient)
        case_id = client.challenge(
            id_,
            Ground[ground.upper()],
            earlier_id=_word(earlier, "earlier work"),
            evidence_hash=_word(evidence, "hash of the evidence").to_bytes(32, "big"),
            key=desk.form_key("challenge", once),
        )
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return _challenge_page(request, context, view, id_, problem=problem)
        raise
    return redirect(_case_path(case_id), told="The curators are asked. Your bond is put up.")


@router.post("/gallery/{id}/challenge/evidence")
def evidence_hash(
    request: Request,
    context: ContextDep,
    view: ViewDep,
    id_: NumberDep,
    person: PersonDep,
    file: Annotated[UploadFile, File()],
) -> Response:
    """Take the hash of a file for the challenge's form; the file is not kept."""
    del person  # anybody who has signed in
    try:
        with held(file) as path:
            found = hash_file(path).keccak
    except UsageError as problem:
        return _challenge_page(request, context, view, id_, problem=problem)
    return _challenge_page(request, context, view, id_, evidence="0x" + found.hex())


@router.post("/gallery/submissions/{record_hash}/vote")
def ask_all(
    request: Request, context: ContextDep, person: PersonDep, record_hash: Hash32, once: Once
) -> Response:
    """Ask all curators for a vote on a submission of the person's, against a bond."""
    try:
        for view in view_of(context):
            draft = visible(context, view, record_hash, person.address)
        client = desk.client_of(context, person, BoardClient)
        case_id = client.submit(draft.submission.artwork, key=desk.form_key("vote", once))
    except CrmdappError as problem:
        if status_of(problem) in (503, 404):
            raise
        for view in view_of(context):
            return submission_page(request, context, view, person, record_hash, problem=problem)
        raise
    return redirect(_case_path(case_id), told="All curators are asked. Your bond is put up.")


@router.post("/curator/cases/{case_id}/defend")
def defend(
    request: Request, context: ContextDep, person: PersonDep, case_id: Hash32, once: Once
) -> Response:
    """Stand up for a record of the person's with an equal bond."""

    def act() -> str:
        client = desk.client_of(context, person, BoardClient)
        client.defend(case_id, key=desk.form_key("defend", once))
        return "You stand up for the record. Your bond is put up."

    return carry_out(request, context, person, case_id, act)


@router.post("/curator/cases/{case_id}/reward")
def reward(
    request: Request, context: ContextDep, person: PersonDep, case_id: Hash32, once: Once
) -> Response:
    """Credit a curator's share of a lost bond."""

    def act() -> str:
        client = desk.client_of(context, person, BoardClient)
        client.send(client.prepare.claim_reward(case_id), key=desk.form_key("reward", once))
        return "Your share is credited. Withdraw it under Money to withdraw."

    return carry_out(request, context, person, case_id, act)


def _challenge_page(
    request: Request,
    context: Context,
    view: View,
    id_: int,
    *,
    evidence: str = "",
    problem: CrmdappError | None = None,
) -> Response:
    found = queries.work(view.session, id_)
    (item,) = hall.shown(context, view.session, [found])
    rules = context.reader(BoardClient).rules
    return page(
        request,
        "provenance/challenge.html",
        status=200 if problem is None else status_of(problem),
        item=item,
        work=found,
        bond=words.ether(rules.bond),
        evidence=evidence,
        rules=rules,
        grounds=[
            (ground.name.lower(), words.GROUNDS[ground])
            for ground in Ground
            if ground > Ground.SUBMISSION
        ],
        once=desk.fresh(),
        problem=problem,
        file_max=FILE_MAX >> 20,
    )


def _word(text: str, name: str) -> int:
    """Return a number of 256 bits that a form has; 0 if its field is empty."""
    return word_of(text.strip(), name) if text.strip() else 0


def _case_path(case_id: bytes) -> str:
    return f"/curator/cases/0x{case_id.hex()}"

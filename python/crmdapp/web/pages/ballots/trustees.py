"""The trustee's desk: the ceremony as a checklist, backup test, messages in and out, decryption.

It exists on the trustee's own machine only. The key file is opened for one request, with its
password, and forgotten; what comes out of it is public. A machine without a network does the same
with ``crmdapp elections ceremony`` and the record that is exported here.
"""

from __future__ import annotations

import json
from pathlib import Path as File
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import JSONResponse

from crmdapp.ballots.board import BoardClient
from crmdapp.ballots.ceremony_record import check_round, read_ceremony
from crmdapp.ballots.ceremony_rounds import CeremonyRecord
from crmdapp.ballots.errors import QuestionNotClosed
from crmdapp.ballots.faults import TrusteeKeyForeign
from crmdapp.ballots.models import CeremonyStep
from crmdapp.ballots.tally import TallyClient
from crmdapp.ballots.trustee import backup_test, next_duty
from crmdapp.ballots.trustee_decryption import PostShares, decrypt_shares, read_task
from crmdapp.ballots.trustee_duties import Duty, Nothing
from crmdapp.ballots.trustee_files import message_from_json, message_to_json
from crmdapp.ballots.trustee_key import TrusteeKey
from crmdapp.errors import UsageError
from crmdapp.store.index.ballots import queries
from crmdapp.web.ballots import ceremonies, wording
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound, RequestConflict
from crmdapp.web.pages import maybe_signed_in, page, redirect
from crmdapp.web.pages.ballots.elections import Number, headed
from crmdapp.web.security.sessions import Person, PersonDep

router = APIRouter(prefix="/elections")

MESSAGE_MAX = 2_000_000
"""Most bytes of a message."""

KeyFile = Annotated[str, Form(min_length=1, max_length=1_000)]
Password = Annotated[str, Form(min_length=1, max_length=1_024)]
Deed = Annotated[str, Form(alias="do", pattern="^(show|post)$")]

KINDS = {
    "key": "Register your key",
    "commitment": "Commit to your deal",
    "deal": "Post your deal",
    "complaints": "Complain of a wrong share",
    "finalise": "Make the joint key",
    "restart": "Begin another round",
    "shares": "Decrypt the sums",
}
"""What a message does, in words."""


def own_desk(context: Context) -> None:
    """Refuse what belongs on the trustee's own machine.

    Raises:
        NotFound: The server is run by others.
    """
    if not context.settings.local:
        raise NotFound(
            "This server takes no key of a trustee.",
            hint="Use a machine of your own: crmdapp up, or crmdapp elections ceremony.",
        )


@router.get("/{number}/trustee")
def trustee_page(
    request: Request,
    number: Number,
    desk: DeskDep,
    person: Annotated[Person | None, maybe_signed_in()],
) -> Response:
    """Show the desk; on a remote server, what to do on one's own machine."""
    return _desk_page(request, number, desk, person)


@router.get("/{number}/trustee/record.json")
def record(number: Number, desk: DeskDep) -> Response:
    """Export the public record of the ceremony, for a machine without a network."""
    name = f"record-{number}.json"
    return JSONResponse(
        ceremonies.exported(desk, number),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/{number}/trustee/key")
def new_key(
    number: Number, context: ContextDep, person: PersonDep, file: KeyFile, password: Password
) -> Response:
    """Make a trustee's key file on this machine."""
    del person  # whoever has signed in here
    own_desk(context)
    TrusteeKey.create(File(file).expanduser(), password)
    told = "The key file is made. Copy it to a second place before you use it."
    return redirect(f"/elections/{number}/trustee", told=told)


@router.post("/{number}/trustee/next")
def next_step(
    request: Request,
    number: Number,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    file: KeyFile,
    password: Password,
    deed: Deed = "show",
) -> Response:
    """Do what is next in the ceremony: as a message to be carried, or posted at once."""
    own_desk(context)
    key = TrusteeKey.open(File(file).expanduser(), password)
    found = read_ceremony(desk.client(BoardClient), number)
    duty = next_duty(found, key, _index(found, key, person))
    return _done(request, number, desk, person, duty, deed)


@router.post("/{number}/trustee/backup-test")
def test_backup(
    request: Request,
    number: Number,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    file: KeyFile,
    password: Password,
) -> Response:
    """Show that a key file, such as a copy, is the trustee's and opens its share of the key."""
    own_desk(context)
    key = TrusteeKey.open(File(file).expanduser(), password)
    found = read_ceremony(desk.client(BoardClient), number)
    tested = backup_test(key, found, _index(found, key, person))
    return _desk_page(request, number, desk, person, tested=tested)


@router.post("/{number}/trustee/decrypt")
def decrypt(
    request: Request,
    number: Number,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    file: KeyFile,
    password: Password,
    deed: Deed = "show",
) -> Response:
    """Decrypt the trustee's share of the sums: as a message to be carried, or posted at once."""
    own_desk(context)
    key = TrusteeKey.open(File(file).expanduser(), password)
    found = read_ceremony(desk.client(BoardClient), number)
    try:
        index = _index(found, key, person)
        task = read_task(desk.client(TallyClient), number, index=index)
    except QuestionNotClosed:
        raise RequestConflict(
            "There is nothing to decrypt: the questions are not closed.",
            hint="Wait until voting has ended and somebody has closed them.",
        ) from None
    if not task.groups:
        raise RequestConflict("There is nothing left for this trustee to decrypt.")
    duty = decrypt_shares(key, found, index, task)
    return _done(request, number, desk, person, duty, deed)


@router.post("/{number}/trustee/post")
def post_message(
    number: Number, desk: DeskDep, context: ContextDep, person: PersonDep, message: UploadFile
) -> Response:
    """Post a message that was made on a machine without a network."""
    own_desk(context)
    data = message.file.read(MESSAGE_MAX + 1)
    if len(data) > MESSAGE_MAX:
        raise UsageError(f"A message has at most {MESSAGE_MAX:,} bytes.")
    return _post(desk, person, message_from_json(data), number)


# --------------------------------------------------------------------------- inside


def _index(found: CeremonyRecord, key: TrusteeKey, person: Person) -> int:
    """Return which trustee acts: as its key was registered, or by the account.

    Raises:
        UsageError: Neither tells.
    """
    checked = check_round(found)
    for j, registered in enumerate(checked.keys, start=1):
        if registered is not None:
            try:
                key.require_own(checked.ceremony, j, registered)
            except TrusteeKeyForeign:
                continue
            return j
    return found.index_of(person.address)


def _done(
    request: Request, number: int, desk: BallotsDesk, person: Person, duty: Duty, deed: str
) -> Response:
    if deed == "post" and not isinstance(duty, Nothing):
        return _post(desk, person, duty, number)
    return _desk_page(request, number, desk, person, duty=duty)


def _post(desk: BallotsDesk, person: Person, duty: Duty, number: int) -> Response:
    if person.signer is None:
        raise UsageError(
            "Posting needs an account of this machine.",
            hint="Sign in with the trustee's key file, or post it with crmdapp elections ceremony"
            " post.",
        )
    receipts = ceremonies.post(desk, duty, desk.context.sender_of(person.signer), number)
    told = f"Posted: {KINDS.get(duty.kind, duty.kind).lower()}, in block {receipts[-1].block}."
    return redirect(f"/elections/{number}/trustee", told=told)


def _desk_page(
    request: Request,
    number: int,
    desk: BallotsDesk,
    person: Person | None,
    *,
    duty: Duty | None = None,
    tested: Any = None,
) -> Response:
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
        trustees = queries.trustees(session, number)
    own = [each for each in trustees if person is not None and each.account == person.address]
    is_message = duty is not None and not isinstance(duty, Nothing)
    return page(
        request,
        "ballots/trustee.html" if desk.context.settings.local else "ballots/desk_elsewhere.html",
        **headed(desk, state, position.timestamp, position.block),
        trustees=trustees,
        awaited=queries.missing_trustees(trustees, state.step),
        own=own[0] if own else None,
        step=state.step,
        step_text=wording.STEPS[state.step],
        is_final=state.step is CeremonyStep.FINAL,
        windows=wording.windows_in_words(state, position.timestamp)[:4],
        duty=duty,
        duty_text=KINDS.get(duty.kind, duty.kind) if duty is not None else "",
        message=json.dumps(message_to_json(duty), indent=2) if duty and is_message else "",
        is_shares=isinstance(duty, PostShares),
        tested=tested,
    )

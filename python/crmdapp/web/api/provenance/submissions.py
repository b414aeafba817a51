"""Works on their way into the gallery: handed in, signed by the artist, approved, registered.

Artist and curators see a submission, nobody else: it may never be registered.
"""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Path, Response, UploadFile
from pydantic import Field

from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import Artwork, SignedArtwork, require_artwork
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import Approval, SignedApproval
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.errors import CuratorOnly
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.review import near_works
from crmdapp.provenance.submission import metadata_of
from crmdapp.store.index.provenance import queries
from crmdapp.web.api import (
    AddressIn,
    Caller,
    ContextDep,
    Hash32,
    Model,
    NotFound,
    PlainText,
    Work,
    changing,
    requires,
    sending,
)
from crmdapp.web.api.intents import TypedDataDocument
from crmdapp.web.api.provenance.models import ADDRESS, WORD, RecordOut, example, hexed
from crmdapp.web.context import Context
from crmdapp.web.models import Octets
from crmdapp.web.provenance.files import held
from crmdapp.web.provenance.shelf import Draft, Shelf
from crmdapp.web.view import View, ViewDep

router = APIRouter(prefix="/submissions", tags=["provenance: submissions"])

DAY = 86_400
ReaderDep = Annotated[Caller, requires("provenance:read")]
RecordPath = Annotated[Hash32, Path(examples=[WORD])]


class PreparedOut(Model):
    """What the artist is to sign, and what is told about the work."""

    record_hash: Hash32
    typedData: TypedDataDocument  # noqa: N815 - as wallets and files write it
    metadata: dict[str, Any]


class SignedWorkWordIn(Model):
    """Typed data and its signature; of an approval, also who signed."""

    model_config = example(
        typedData={"types": {}, "primaryType": "Artwork", "domain": {}, "message": {}},
        signature="0x" + "ab" * 65,
    )

    typedData: TypedDataDocument  # noqa: N815 - as wallets and files write it
    signature: Octets
    signer: AddressIn | None = None


class SubmissionOut(Model):
    """A work on its way."""

    model_config = example(
        record_hash=WORD,
        id=WORD,
        artist=ADDRESS,
        title="Harbour",
        media_type="image/png",
        is_signed=True,
        approved_by=[ADDRESS],
        quorum=2,
        is_registered=False,
        record=None,
        metadata={"name": "Harbour", "artist": "A. Painter"},
        near=[],
    )

    record_hash: Hash32
    id: str
    artist: str
    title: str
    media_type: str
    is_signed: bool
    approved_by: list[str]
    quorum: int
    is_registered: bool
    record: RecordOut | None
    metadata: dict[str, Any]
    near: list[str] = Field([], description="Registered works that look like it.")


class RegisteredOut(Model):
    """A work that was registered."""

    model_config = example(id=WORD)

    id: str


@router.post("/prepare")
def prepare(
    context: ContextDep,
    view: ViewDep,
    work: Annotated[Work, changing("provenance:write")],
    file: Annotated[UploadFile, File()],
    name: Annotated[PlainText, Form(max_length=200)],
    artist: Annotated[PlainText, Form(max_length=200, description="Name of the artist.")],
    account: Annotated[AddressIn, Form(description="The artist's account, which signs.")],
    year: Annotated[PlainText, Form(max_length=40)] = "",
    medium: Annotated[PlainText, Form(max_length=200)] = "",
    dimensions: Annotated[PlainText, Form(max_length=200)] = "",
    description: Annotated[PlainText, Form(max_length=5_000)] = "",
    royalty_bps: Annotated[int, Form(ge=0, le=2_500)] = 1_000,
    succession: Annotated[int, Form(ge=0, le=255)] = 0,
    valid_days: Annotated[int, Form(ge=1, le=90)] = 30,
) -> PreparedOut:
    """Hand in a work's file; get what its artist has to sign. Nothing is on the chain yet."""
    del work  # any with the scope; the artist's signature decides
    told = {"year": year, "medium": medium, "dimensions": dimensions, "description": description}
    draft = handed_in(
        context,
        view,
        file,
        (name, artist, told),
        account,
        royalty_bps=royalty_bps,
        succession=succession,
        valid_days=valid_days,
    )
    domain = context.reader(ArtworksClient).domain
    return PreparedOut(
        record_hash=draft.record_hash,
        typedData=TypedDataDocument(**draft.artwork.to_json(domain)),
        metadata=draft.metadata.to_json(),
    )


@router.post("", status_code=201)
def submit(
    signed: SignedWorkWordIn,
    context: ContextDep,
    view: ViewDep,
    work: Annotated[Work, changing("provenance:write")],
) -> SubmissionOut:
    """Bring the artist's signature under a work that was handed in: curators see it from now on."""
    del work  # any with the scope; the signature decides
    return submission_out(context, view, taken(context, signed.model_dump(mode="json")))


@router.get("")
def submissions(context: ContextDep, view: ViewDep, caller: ReaderDep) -> list[SubmissionOut]:
    """List your submissions; a curator sees all that artists signed."""
    is_curator = caller.merchant in queries.curators(view.session)
    found = Shelf(context.state).submissions(None if is_curator else caller.merchant)
    return [submission_out(context, view, draft, near=False) for draft in found]


@router.get("/{record_hash}")
def submission(
    record_hash: RecordPath, context: ContextDep, view: ViewDep, caller: ReaderDep
) -> SubmissionOut:
    """Show a submission, with the registered works that look like it."""
    return submission_out(context, view, visible(context, view, record_hash, caller.merchant))


@router.get("/{record_hash}/file", response_class=Response)
def file_of(
    record_hash: RecordPath, context: ContextDep, view: ViewDep, caller: ReaderDep
) -> Response:
    """Give a submission's file to its artist and the curators."""
    visible(context, view, record_hash, caller.merchant)
    data, _ = Shelf(context.state).file(record_hash)
    headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "sandbox"}
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.post("/{record_hash}/approvals/prepare")
def prepare_approval(
    record_hash: RecordPath, context: ContextDep, view: ViewDep, caller: ReaderDep
) -> TypedDataDocument:
    """Give a curator what to sign to approve a work. Look at its file first."""
    draft = visible(context, view, record_hash, caller.merchant)
    return TypedDataDocument(**approval_of(context, draft))


@router.post("/{record_hash}/approvals", status_code=201)
def approve(
    record_hash: RecordPath,
    signed: SignedWorkWordIn,
    context: ContextDep,
    view: ViewDep,
    work: Annotated[Work, changing("provenance:write")],
) -> SubmissionOut:
    """Bring a curator's signed approval."""
    draft = visible(context, view, record_hash, work.caller.merchant)
    body = signed.model_dump(mode="json")
    take_approval(context, view, draft, body, signed.signer or work.caller.merchant)
    return submission_out(context, view, draft)


@router.post("/{record_hash}/register", status_code=201)
def register(
    record_hash: RecordPath,
    context: ContextDep,
    view: ViewDep,
    work: Annotated[Work, sending("provenance:write")],
) -> RegisteredOut:
    """Register a work with the approvals that are here; your account pays the gas."""
    draft = visible(context, view, record_hash, work.caller.merchant)
    approvals = Shelf(context.state).approvals(record_hash)
    client = work.client(ArtworksClient)
    number = client.register(draft.submission.signed, approvals, key=work.key)
    return RegisteredOut(id=hexed(number))


# ----------------------------------------------------------------- shared with the pages


def handed_in(
    context: Context,
    view: View,
    file: UploadFile,
    told: tuple[str, str, dict[str, str]],
    account: str,
    *,
    royalty_bps: int,
    succession: int = 0,
    valid_days: int = 30,
) -> Draft:
    """Keep a work's file and record until its artist signs.

    Args:
        context: What all requests share.
        view: The index.
        file: The file.
        told: Title, artist's name, and the optional texts of the metadata.
        account: Who is to sign.
        royalty_bps: Hundredths of a percent of each resale.
        succession: One more than the revoked record's of this file.
        valid_days: For how long the signature can be used.
    """
    board = queries.board(view.session)
    if board is None:
        raise NotFound("There is no gallery on this chain.")
    with held(file) as path:
        found = fingerprint(path)
        data = path.read_bytes()
    name, artist, more = told
    metadata = metadata_of(found, name, artist, **more)
    # Whole days, so that handing in the same file again gives the same record.
    deadline = (view.now // DAY + valid_days + 1) * DAY
    record = Artwork(
        file_keccak=found.keccak,
        file_sha256=found.sha256,
        cid_digest=found.cid_digest,
        p_hash=found.phash,
        metadata_hash=metadata.hash,
        artist=account,
        royalty_bps=royalty_bps,
        succession=succession,
        standards_version=board.standards_version,
        deadline=deadline,
    )
    shelf = Shelf(context.state)
    digest = shelf.draft(require_artwork(record), metadata, data, file.filename or "work")
    return shelf.submission(digest)


def taken(context: Context, body: dict[str, Any]) -> Draft:
    """Keep the artist's signature.

    Raises:
        UsageError: It was signed for another gallery.
        NotFound: The file was not handed in here.
    """
    signed = SignedArtwork.from_json(_plain(body))
    if signed.domain != context.reader(ArtworksClient).domain:
        raise UsageError("This was signed for another gallery, or another chain.")
    return Shelf(context.state).sign(signed)


def visible(context: Context, view: View, record_hash: bytes, account: str) -> Draft:
    """Return a submission that an account may see: its artist, and of a signed one curators.

    Raises:
        NotFound: There is none, or it is not for this account; nothing tells which.
    """
    draft = Shelf(context.state).submission(record_hash)
    is_judge = draft.signed is not None and account in queries.curators(view.session)
    if draft.artist != account and not is_judge:
        raise NotFound("There is no such submission.")
    return draft


def approval_of(context: Context, draft: Draft) -> dict[str, Any]:
    """Return what a curator signs to approve a work."""
    board = context.reader(BoardClient)
    deadline = max(context.connection.block_timestamp(), int(time.time())) + 30 * DAY
    return Approval(draft.artwork, deadline).to_json(board.domain)


def take_approval(
    context: Context, view: View, draft: Draft, body: dict[str, Any], signer: str
) -> None:
    """Keep a curator's approval of the very record.

    Raises:
        CuratorOnly: Who signed is no curator, or is the artist.
        UsageError: It approves something else.
        IntentSignatureInvalid: The curator did not sign.
    """
    signed = SignedApproval.from_json({**_plain(body), "signer": signer})
    is_other = signed.approval.artwork != draft.artwork
    if is_other or signed.domain != context.reader(BoardClient).domain:
        raise UsageError("This approves another work, or is for another board.")
    if signer not in queries.curators(view.session) or signer == draft.artist:
        raise CuratorOnly(signer)
    signed.require_signed_by_key()
    Shelf(context.state).approve(signed)


def submission_out(
    context: Context, view: View, draft: Draft, *, near: bool = True
) -> SubmissionOut:
    """Return the model of a submission."""
    board = queries.board(view.session)
    approvals = Shelf(context.state).approvals(draft.record_hash)
    records = queries.works_of_file(view.session, draft.artwork.file_keccak)
    like: list[str] = []
    if near and draft.artwork.p_hash:
        works = queries.standing_works(view.session)
        found = near_works(works, (draft.artwork.p_hash,), beside=draft.artwork.file_keccak)
        like = [hexed(item.work.id) for item in found[:20]]
    return SubmissionOut(
        record_hash=draft.record_hash,
        id=hexed(draft.artwork.id),
        artist=draft.artist,
        title=draft.metadata.name,
        media_type=draft.media_type,
        is_signed=draft.signed is not None,
        approved_by=[item.signer for item in approvals],
        quorum=0 if board is None else board.quorum,
        is_registered=any(row.record_hash == draft.record_hash for row in records),
        record=RecordOut.of(draft.artwork),
        metadata=draft.metadata.to_json(),
        near=like,
    )


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in ("typedData", "signature")}

"""Who decides: works put to the board's vote, changes of the board, the gallery's settings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.chain.calls import Call
from crmdapp.errors import UsageError
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import BoardChange, ChangeApproval, SignedChangeApproval
from crmdapp.provenance.curators import BoardClient
from crmdapp.web.api import (
    AddressIn,
    Caller,
    ContextDep,
    Hash32,
    Model,
    NotFound,
    PlainText,
    Sent,
    Uint,
    Work,
    requires,
    sending,
)
from crmdapp.web.api.intents import TypedDataDocument
from crmdapp.web.api.provenance.board import OpenedOut
from crmdapp.web.api.provenance.models import ADDRESS, WORD, example
from crmdapp.web.api.provenance.submissions import SignedWorkWordIn, visible
from crmdapp.web.view import ViewDep

router = APIRouter(tags=["provenance: board"])

WorkDep = Annotated[Work, sending("provenance:write")]
CurrencyPath = Annotated[int, Path(ge=0, le=127)]

_CURATORS_MAX = 100
_APPROVAL_SECONDS = 30 * 86_400


class BoardChangeIn(Model):
    """A change of the board; more than half of the curators have to sign it."""

    model_config = example(admitted=[ADDRESS], dismissed=[], quorum=2, standards_hash=WORD)

    admitted: list[AddressIn] = Field([], max_length=_CURATORS_MAX)
    dismissed: list[AddressIn] = Field([], max_length=_CURATORS_MAX)
    quorum: int = Field(ge=1, le=_CURATORS_MAX, description="Curators who approve a work.")
    standards_hash: Hash32 = Field(bytes(32), description="Of new standards; zeros: they stay.")


class BoardApprovalsIn(Model):
    """What curators signed to change the board."""

    approvals: list[SignedWorkWordIn] = Field(min_length=1, max_length=_CURATORS_MAX)


class CurrencyIn(Model):
    """In what else works may be priced: a price unit is 10^exponent base units."""

    model_config = example(token=ADDRESS, exponent=0, points_per_million=0)

    token: AddressIn
    exponent: int = Field(ge=0, le=18)
    points_per_million: int = Field(0, ge=0)


class CurrencyChangeIn(Model):
    """Whether works may be priced in a currency, and the points that a purchase earns."""

    model_config = example(is_enabled=True, points_per_million=0)

    is_enabled: bool
    points_per_million: int = Field(0, ge=0)


class PointsProgramIn(Model):
    """The program whose points sales earn; 0 for none."""

    model_config = example(program="1")

    program: Uint


class BaseUriIn(Model):
    """Where the metadata of works is served."""

    model_config = example(base="https://gallery.example/works/")

    base: PlainText = Field(max_length=500)


class GalleryOfferIn(Model):
    """Who is to run the gallery; the zero address takes an offer back."""

    model_config = example(to=ADDRESS)

    to: AddressIn


@router.post("/submissions/{record_hash}/case", status_code=201)
def put_to_vote(
    record_hash: Annotated[Hash32, Path(examples=[WORD])],
    context: ContextDep,
    view: ViewDep,
    work: WorkDep,
) -> OpenedOut:
    """Put a work of yours to the vote of all curators, against a bond."""
    draft = visible(context, view, record_hash, work.caller.merchant)
    if draft.artist != work.caller.merchant:
        raise NotFound("There is no such submission.")
    return OpenedOut(case_id=work.client(BoardClient).submit(draft.artwork, key=work.key))


@router.post("/board/changes/prepare")
def prepare_change(
    wanted: BoardChangeIn,
    context: ContextDep,
    view: ViewDep,
    caller: Annotated[Caller, requires("provenance:read")],  # noqa: ARG001 - needs a key
) -> TypedDataDocument:
    """Give curators what to sign to change the board as it is now."""
    client = context.reader(BoardClient)
    change = BoardChange(
        tuple(sorted(wanted.admitted, key=_number)),
        tuple(sorted(wanted.dismissed, key=_number)),
        wanted.quorum,
        wanted.standards_hash,
        client.state().epoch,
    )
    approval = ChangeApproval(change, view.now + _APPROVAL_SECONDS)
    return TypedDataDocument.model_validate(approval.to_json(client.domain))


@router.post("/board/changes")
def change_board(wanted: BoardApprovalsIn, work: WorkDep) -> Sent:
    """Change the board as more than half of its curators signed; anyone may bring it."""
    client = work.client(BoardClient)
    approvals = [SignedChangeApproval.from_json(_signed(item)) for item in wanted.approvals]
    if any(item.domain != client.domain for item in approvals):
        raise UsageError("This was signed for another board, or another chain.")
    return _sent(client.change(approvals[0].approval.change, approvals, key=work.key))


@router.post("/gallery/currencies")
def add_currency(wanted: CurrencyIn, work: WorkDep) -> Sent:
    """Let works be priced in another currency; the gallery only."""
    prepare = work.client(ArtworksClient).prepare
    call = prepare.add_currency(wanted.token, wanted.exponent, wanted.points_per_million)
    return _carried_out(work, call)


@router.post("/gallery/currencies/{currency}")
def set_currency(currency: CurrencyPath, wanted: CurrencyChangeIn, work: WorkDep) -> Sent:
    """Enable or disable a currency, and set the points that it earns; the gallery only."""
    prepare = work.client(ArtworksClient).prepare
    call = prepare.set_currency(currency, wanted.is_enabled, wanted.points_per_million)
    return _carried_out(work, call)


@router.post("/gallery/fees/{currency}/withdrawal")
def sweep(currency: CurrencyPath, work: WorkDep) -> Sent:
    """Take the gallery's fees in a currency to your account; the gallery only."""
    client = work.client(ArtworksClient)
    return _carried_out(work, client.prepare.sweep(currency, client.sender.address))


@router.post("/gallery/points-program")
def set_points_program(wanted: PointsProgramIn, work: WorkDep) -> Sent:
    """Give points of a program for sales; the gallery only."""
    prepare = work.client(ArtworksClient).prepare
    return _carried_out(work, prepare.set_points_program(wanted.program))


@router.post("/gallery/base-uri")
def set_base_uri(wanted: BaseUriIn, work: WorkDep) -> Sent:
    """Name where the metadata of works is served; the gallery only."""
    return _carried_out(work, work.client(ArtworksClient).prepare.set_base_uri(wanted.base))


@router.post("/gallery/offer")
def offer_gallery(wanted: GalleryOfferIn, work: WorkDep) -> Sent:
    """Offer the gallery to another account; the gallery only."""
    return _carried_out(work, work.client(ArtworksClient).prepare.offer_gallery(wanted.to))


@router.post("/gallery/acceptance")
def accept_gallery(work: WorkDep) -> Sent:
    """Take over a gallery that was offered to you."""
    return _carried_out(work, work.client(ArtworksClient).prepare.accept_gallery())


def _carried_out(work: Work, call: Call) -> Sent:
    return _sent(work.client(ArtworksClient).send(call, key=work.key))


def _signed(item: SignedWorkWordIn) -> dict[str, Any]:
    if item.signer is None:
        raise UsageError("An approval does not say who signed it.", hint="Give its signer.")
    body: dict[str, Any] = item.model_dump(mode="json")
    return body


def _number(address: str) -> int:
    return int(address, 16)


def _sent(receipt: Any) -> Sent:
    return Sent(tx_hash=receipt.hash, block=receipt.block)

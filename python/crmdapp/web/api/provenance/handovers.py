"""Hand-overs: the giver signs, the taker submits; both signatures, or nothing moves."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from crmdapp.provenance.errors import ItemCustodianOnly
from crmdapp.provenance.item_intents import Handover, SignedHandover, require_handover
from crmdapp.provenance.items import ItemsClient
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api import (
    AddressIn,
    Caller,
    ContextDep,
    Hash32,
    Model,
    NotFound,
    Sent,
    Work,
    changing,
    requires,
    sending,
)
from crmdapp.web.api.intents import TypedDataDocument
from crmdapp.web.api.provenance.models import ADDRESS, WORD, example, hexed
from crmdapp.web.context import Context
from crmdapp.web.models import Octets
from crmdapp.web.provenance.numbers import word_of
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import View, ViewDep

router = APIRouter(prefix="/handovers", tags=["provenance: custody"])

DAY = 86_400


class HandoverIn(Model):
    """Items of yours, and who takes them."""

    model_config = example(items=[WORD], to=ADDRESS, valid_for=86400)

    items: list[Annotated[str, Field(max_length=80)]] = Field(min_length=1, max_length=100)
    to: AddressIn
    valid_for: int = Field(DAY, ge=60, le=30 * DAY, description="Seconds.")
    event_hash: Hash32 = bytes(32)


class SignedHandoverIn(Model):
    """Typed data and the giver's signature."""

    model_config = example(
        typedData={"types": {}, "primaryType": "Handover", "domain": {}, "message": {}},
        signature="0x" + "ab" * 65,
    )

    typedData: TypedDataDocument  # noqa: N815 - as wallets and files write it
    signature: Octets


class HandoverOut(Model):
    """A hand-over that waits for who takes."""

    model_config = example(
        digest=WORD, giver=ADDRESS, taker=ADDRESS, items=[WORD], deadline=1767312000
    )

    digest: Hash32
    giver: str
    taker: str
    items: list[str]
    deadline: int

    @classmethod
    def of(cls, signed: SignedHandover) -> HandoverOut:
        """Return the model of a signed hand-over."""
        word = signed.handover
        return cls(
            digest=signed.digest,
            giver=word.from_,
            taker=word.to,
            items=[hexed(item) for item in word.items],
            deadline=word.deadline,
        )


@router.post("/prepare")
def prepare(
    wanted: HandoverIn,
    context: ContextDep,
    view: ViewDep,
    caller: Annotated[Caller, requires("provenance:write")],
) -> TypedDataDocument:
    """Give what you are to sign to hand items of yours over."""
    numbers = [word_of(text, "items") for text in wanted.items]
    word = handover_of(
        view, numbers, caller.merchant, wanted.to, wanted.valid_for, wanted.event_hash
    )
    return TypedDataDocument(**word.to_json(context.reader(ItemsClient).domain))


@router.post("", status_code=201)
def offer(
    signed: SignedHandoverIn,
    context: ContextDep,
    work: Annotated[Work, changing("provenance:write")],
) -> HandoverOut:
    """Bring the giver's signature; who takes finds it under its waiting hand-overs."""
    del work  # any with the scope; the signature decides
    return HandoverOut.of(keep(context, signed.model_dump(mode="json")))


@router.get("")
def waiting(
    context: ContextDep, view: ViewDep, caller: Annotated[Caller, requires("provenance:read")]
) -> list[HandoverOut]:
    """List hand-overs that wait for you to take."""
    return [HandoverOut.of(signed) for signed in waiting_for(context, view, caller.merchant)]


@router.post("/{digest}/receipt")
def receive(
    digest: Annotated[Hash32, Path(examples=[WORD])],
    context: ContextDep,
    work: Annotated[Work, sending("provenance:write")],
) -> Sent:
    """Take over items that were signed over to your account."""
    signed = SignedHandover.from_json(Shelf(context.state).word("handover", digest))
    if signed.handover.to != work.sender.address:
        raise NotFound("There is nothing signed of that digest here.")
    receipt = work.client(ItemsClient).receive(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


# ----------------------------------------------------------------- shared with the pages


def handover_of(
    view: View,
    numbers: list[int],
    giver: str,
    taker: str,
    valid_for: int = DAY,
    event_hash: bytes = bytes(32),
) -> Handover:
    """Return what a giver signs, with the steps of the items as they stand.

    Raises:
        ItemUnknown: There is no such item.
        ItemCustodianOnly: Somebody else has it.
        HandoverReceiverInvalid: Nobody takes it, or the giver itself.
    """
    rows = [queries.item(view.session, number) for number in numbers]
    for row in rows:
        if row.custodian != giver:
            raise ItemCustodianOnly(row.item, row.custodian, giver)
    # Not before what happened last, and not ahead of the chain.
    when = max([view.position.timestamp, *(row.last_time for row in rows)])
    return require_handover(
        Handover(
            tuple(numbers),
            tuple(row.step for row in rows),
            giver,
            taker,
            when,
            event_hash,
            view.now + valid_for,
        )
    )


def keep(context: Context, body: dict[str, Any]) -> SignedHandover:
    """Keep a hand-over that its giver signed until who takes submits it.

    Raises:
        UsageError: It is none, or for another ledger.
        IntentSignatureInvalid: The giver did not sign.
        HandoverStale: An item has moved on since.
        ItemCustodianOnly: Somebody else has an item.
    """
    signed = SignedHandover.from_json({name: body[name] for name in ("typedData", "signature")})
    context.reader(ItemsClient).require_standing(signed)
    signed.require_signed_by_key()
    word = signed.handover
    Shelf(context.state).keep(
        "handover",
        hexed(word.items[0]),
        signed.digest,
        signer=word.from_,
        taker=word.to,
        deadline=word.deadline,
        signed=signed.to_json(),
    )
    return signed


def waiting_for(context: Context, view: View, taker: str) -> list[SignedHandover]:
    """Return hand-overs that wait for somebody and could still be carried out."""
    found = Shelf(context.state).words("handover", taker=taker, now=view.now)
    return [
        signed for signed in map(SignedHandover.from_json, found) if _stands(view, signed.handover)
    ]


def _stands(view: View, word: Handover) -> bool:
    known = queries.items(view.session, word.items)
    return all(
        (row := known.get(item)) is not None and (row.step, row.custodian) == (step, word.from_)
        for item, step in zip(word.items, word.steps, strict=True)
    )

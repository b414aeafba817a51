"""Offers in a coin: a buyer's word to an owner, who takes it up or not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import SignedOffer, sign_offer
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.web.api.intents.kinds import KINDS
from crmdapp.web.api.intents.provenance import OfferWanted
from crmdapp.web.api.provenance.models import hexed
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person
from crmdapp.web.pages.loyalty import desk
from crmdapp.web.pages.provenance import coins
from crmdapp.web.pages.provenance.market import Once, PersonDep, PriceForm, Row, currency_of, done
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.provenance.shelf import Shelf

router = APIRouter(prefix="/gallery")

_DAY = 86_400


@router.post("/{id}/offers/prepare")
def prepare(context: ContextDep, id_: NumberDep, person: PersonDep, wanted: PriceForm) -> Response:
    """Give the buyer's wallet the offer to sign."""
    row = currency_of(context, wanted.currency)
    asked = OfferWanted(
        work=hexed(id_),
        buyer=person.address,
        price=row.price(wanted.price.strip()),
        currency=row.index,
    )
    return JSONResponse(KINDS["provenance.offer"].kind.prepare(context, asked))


@router.post("/{id}/offers")
def offer(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    price: Annotated[str, Form(max_length=80)] = "",
    currency: Row = 1,
    days: Annotated[int, Form(ge=1, le=90)] = 7,
) -> Response:
    """Offer to buy a work: let the gallery take the coins, sign, and leave it here."""

    def act() -> str:
        client = desk.client_of(context, person, ArtworksClient)
        client.record(id_)
        row, key = client.currency(currency), desk.form_key("offer", once)
        units = row.price(price.strip())
        signed = _signed(context, person, (id_, units, currency), key, days)
        coins.allow(client, row, units, key=key)
        _keep(context, signed)
        return f"You offered {row.format_price(units)}."

    return done(request, context, id_, person, act)


@router.post("/{id}/offers/accept")
def accept(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    digest: Annotated[Hash32, Form()],
) -> Response:
    """Sell a work of the person's to who signed an offer."""

    def act() -> str:
        signed = _offer(context, id_, digest)
        client = desk.client_of(context, person, ArtworksClient)
        client.accept(signed, key=desk.form_key("accept", once))
        return "It is sold."

    return done(request, context, id_, person, act)


@router.post("/{id}/offers/allow")
def allow(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    digest: Annotated[Hash32, Form()],
) -> Response:
    """Let the gallery take the coins that an offer of the person's is about."""

    def act() -> str:
        signed = _own_offer(context, id_, digest, person)
        client = desk.client_of(context, person, ArtworksClient)
        row = client.currency(signed.offer.currency)
        coins.allow(client, row, signed.offer.price, key=desk.form_key("allow", once))
        return f"The gallery may take {row.format_price(signed.offer.price)} of yours."

    return done(request, context, id_, person, act)


@router.post("/{id}/offers/withdraw")
def withdraw(
    request: Request,
    context: ContextDep,
    id_: NumberDep,
    person: PersonDep,
    once: Once,
    digest: Annotated[Hash32, Form()],
) -> Response:
    """Take back an offer of the person's, on the chain, so that nobody can take it up."""

    def act() -> str:
        signed = _own_offer(context, id_, digest, person)
        client = desk.client_of(context, person, ArtworksClient)
        call = client.prepare.cancel_nonce(signed.offer.nonce)
        client.send(call, key=desk.form_key("withdraw-offer", once))
        return "Your offer is void."

    return done(request, context, id_, person, act)


def _offer(context: Context, id_: int, digest: bytes) -> SignedOffer:
    signed = SignedOffer.from_json(Shelf(context.state).word("offer", digest))
    if signed.offer.id != id_:
        raise NotFound("There is no such offer for this work.")
    return signed


def _own_offer(context: Context, id_: int, digest: bytes, person: Person) -> SignedOffer:
    signed = _offer(context, id_, digest)
    if signed.signer != person.address:
        raise NotFound("There is no such offer for this work.")
    return signed


def _signed(
    context: Context, person: Person, asked: tuple[int, int, int], key: str, days: int
) -> SignedOffer:
    """Return an offer that the person's key here signed: of a work, price units and a currency.

    Raises:
        UsageError: The key is in the person's browser.
    """
    signer = desk.signer_of(context, person)
    if signer is None:
        raise UsageError("Your key is in your browser's wallet: sign there.")
    return sign_offer(
        signer,
        context.reader(ArtworksClient).domain,
        *asked,
        nonce=int.from_bytes(keccak(key.encode()), "big"),  # a form sent twice offers once
        deadline=context.connection.block_timestamp() + days * _DAY,
    )


def _keep(context: Context, signed: SignedOffer) -> None:
    Shelf(context.state).keep(
        "offer",
        hexed(signed.offer.id),
        signed.digest,
        signer=signed.signer,
        deadline=signed.offer.deadline,
        signed=signed.to_json(),
    )

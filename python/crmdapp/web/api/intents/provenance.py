"""What artists, sellers, buyers and custodians sign: kept here for who takes it up, or carried out.

A price or an offer that was signed is not sent to the chain: it waits here, and whoever takes it
up sends it. So does a hand-over of which only the giver has signed; with both signatures it would
be carried out at once.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import (
    Listing,
    Offer,
    SignedArtwork,
    SignedListing,
    SignedOffer,
    require_listing,
    require_offer,
)
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import SignedApproval
from crmdapp.provenance.item_intents import SignedHandover
from crmdapp.provenance.items import ItemsClient
from crmdapp.web.api.intents.kinds import Relayed, Relaying, intent_kind
from crmdapp.web.api.provenance import handovers, submissions
from crmdapp.web.api.provenance.models import ADDRESS, WORD, example, hexed
from crmdapp.web.context import Context
from crmdapp.web.models import AddressIn, Hash32, Model, Uint
from crmdapp.web.provenance.numbers import word_of
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import view_of

ValidFor = Annotated[int, Field(ge=60, le=90 * 86_400, description="Seconds.")]
IdText = Annotated[str, Field(max_length=80, description="0x and 64 hex digits.")]
_DAY = 86_400


class ListingWanted(Model):
    """A price to sign; costs no gas."""

    model_config = example(work=WORD, seller=ADDRESS, price="500000000", currency=0)

    work: IdText
    seller: AddressIn
    price: Uint
    currency: int = Field(0, ge=0, le=127)
    only_buyer: AddressIn = ZERO_ADDRESS
    valid_for: ValidFor = 30 * _DAY


class OfferWanted(Model):
    """An offer to sign, in a coin."""

    model_config = example(work=WORD, buyer=ADDRESS, price="1250", currency=1)

    work: IdText
    buyer: AddressIn
    price: Uint
    currency: int = Field(1, ge=0, le=127)
    valid_for: ValidFor = 7 * _DAY


class SubmissionWanted(Model):
    """A work that was handed in, to be signed by its artist."""

    model_config = example(record_hash=WORD)

    record_hash: Hash32


class HandoverWanted(Model):
    """Items to hand over."""

    model_config = example(items=WORD, giver=ADDRESS, to=ADDRESS)

    items: str = Field(max_length=8_000, description="Ids, separated by blanks or commas.")
    giver: AddressIn
    to: AddressIn
    valid_for: ValidFor = _DAY


@intent_kind(
    "provenance.listing", contract="Artworks", primary_type="Listing", request=ListingWanted
)
class ProvenanceListing:
    """Ask a price for a work by signature."""

    @staticmethod
    def prepare(context: Context, wanted: ListingWanted) -> dict[str, Any]:
        """Return the listing, of the work's epoch as it stands."""
        client = context.reader(ArtworksClient)
        number = word_of(wanted.work, "work")
        client.record(number)
        listing = Listing(
            number,
            client.state(number).epoch,
            wanted.seller,
            wanted.price,
            wanted.currency,
            wanted.only_buyer,
            context.connection.block_timestamp() + wanted.valid_for,
        )
        return require_listing(listing).to_json(client.domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedListing:
        """Return the signed listing."""
        return SignedListing.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedListing) -> Relayed:
        """Keep it for buyers."""
        client = relaying.context.reader(ArtworksClient)
        client.require_signed(signed)
        client.require_fresh(signed)
        word = signed.listing
        _keep(relaying, "listing", hexed(word.id), signed, word.only_buyer)
        return Relayed(state="done")


@intent_kind("provenance.offer", contract="Artworks", primary_type="Offer", request=OfferWanted)
class ProvenanceOffer:
    """Offer a price for a work by signature."""

    @staticmethod
    def prepare(context: Context, wanted: OfferWanted) -> dict[str, Any]:
        """Return the offer."""
        client = context.reader(ArtworksClient)
        number = word_of(wanted.work, "work")
        client.record(number)
        deadline = context.connection.block_timestamp() + wanted.valid_for
        nonce = secrets.randbits(256)
        offer = Offer(number, wanted.buyer, wanted.price, wanted.currency, nonce, deadline)
        return require_offer(offer).to_json(client.domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedOffer:
        """Return the signed offer."""
        return SignedOffer.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedOffer) -> Relayed:
        """Keep it for the owner."""
        relaying.context.reader(ArtworksClient).require_signed(signed)
        _keep(relaying, "offer", hexed(signed.offer.id), signed)
        return Relayed(state="done")


@intent_kind(
    "provenance.artwork", contract="Artworks", primary_type="Artwork", request=SubmissionWanted
)
class ProvenanceArtwork:
    """Sign a work as its artist."""

    @staticmethod
    def prepare(context: Context, wanted: SubmissionWanted) -> dict[str, Any]:
        """Return the record of a work that was handed in."""
        draft = Shelf(context.state).submission(wanted.record_hash)
        return draft.artwork.to_json(context.reader(ArtworksClient).domain)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedArtwork:
        """Return the signed record."""
        return SignedArtwork.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedArtwork) -> Relayed:
        """Keep it for the curators."""
        if signed.domain != relaying.context.reader(ArtworksClient).domain:
            raise UsageError("This was signed for another gallery, or another chain.")
        Shelf(relaying.context.state).sign(signed)
        return Relayed(state="done")


@intent_kind(
    "provenance.approval",
    contract="CuratorBoard",
    primary_type="Approval",
    request=SubmissionWanted,
)
class ProvenanceApproval:
    """Approve a work as a curator."""

    @staticmethod
    def prepare(context: Context, wanted: SubmissionWanted) -> dict[str, Any]:
        """Return the approval of a signed submission."""
        draft = Shelf(context.state).submission(wanted.record_hash)
        _ = draft.submission  # only what its artist signed
        return submissions.approval_of(context, draft)

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedApproval:
        """Return the signed approval; its signer is who the signature recovers to."""
        from crmdapp.chain.signed import long_form
        from crmdapp.chain.typed_data import recover

        found = SignedApproval.from_json({**body, "signer": ZERO_ADDRESS})
        signer = recover(found.digest, long_form(found.signature))
        return SignedApproval(found.approval, found.domain, signer, found.signature)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedApproval) -> Relayed:
        """Keep it; when there are enough, anybody registers the work."""
        context = relaying.context
        digest = signed.approval.artwork.struct_hash()
        draft = Shelf(context.state).submission(digest)
        for view in view_of(context):
            submissions.take_approval(context, view, draft, signed.to_json(), signed.signer)
        return Relayed(state="done")


@intent_kind(
    "provenance.handover", contract="ItemLedger", primary_type="Handover", request=HandoverWanted
)
class ProvenanceHandover:
    """Hand items over."""

    @staticmethod
    def prepare(context: Context, wanted: HandoverWanted) -> dict[str, Any]:
        """Return the hand-over, with the items' steps as they stand."""
        texts = wanted.items.replace(",", " ").split()
        numbers = [word_of(text, "items") for text in texts[:100]]
        made: dict[str, Any] = {}
        for view in view_of(context):
            word = handovers.handover_of(view, numbers, wanted.giver, wanted.to, wanted.valid_for)
            made = word.to_json(context.reader(ItemsClient).domain)
        return made

    @staticmethod
    def read(body: Mapping[str, Any]) -> SignedHandover:
        """Return the hand-over, the giver's signature or the taker's under it."""
        return SignedHandover.from_json(body)

    @staticmethod
    def relay(relaying: Relaying, signed: SignedHandover) -> Relayed:
        """Keep the giver's word; with the taker's signature beside it, carry it out."""
        context = relaying.context
        if signed.signed_by_key():
            handovers.keep(context, signed.to_json())
            return Relayed(state="done")
        kept = Shelf(context.state).word("handover", signed.digest)
        both = SignedHandover.from_json({**kept, "toSignature": "0x" + signed.signature.hex()})
        both.require_accepted_by_key()
        client = relaying.client(ItemsClient)
        return relaying.sent(client.relay(both, key=relaying.key))


def _keep(relaying: Relaying, kind: str, subject: str, signed: Any, taker: str = "") -> None:
    Shelf(relaying.context.state).keep(
        kind,
        subject,
        signed.digest,
        signer=signed.signer,
        taker=taker,
        deadline=signed.content.deadline,
        signed=signed.to_json(),
    )

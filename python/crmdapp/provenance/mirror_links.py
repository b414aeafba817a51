"""Links of the history as lines of JSON: read back, and chained again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from crmdapp.chain._signed_json import JsonFields, read_struct
from crmdapp.chain.events import ERC721Transfer
from crmdapp.errors import UsageError
from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.events import ArtworkRegistered, ArtworkRevoked, ArtworkSold
from crmdapp.provenance.history import NO_HEAD, HistoryLink, ProvenanceEvent, next_head
from crmdapp.provenance.models import CURRENCY_MAX, ID_MAX, PRICE_MAX


def link_of(data: Any) -> HistoryLink:
    """Return the link that :meth:`~.history.HistoryLink.to_json` gave; its heads are claims.

    Raises:
        UsageError: It is none; the message names the field.
    """
    fields = JsonFields.parse(data, "event of the history")
    id_ = fields.whole("id", ID_MAX)
    return HistoryLink(
        number=fields.whole("number"),
        id=id_,
        event=_event(fields, id_),
        at=fields.whole("at"),
        block=fields.whole("block"),
        tx_hash=fields.text("tx"),
        previous_head=fields.word("previousHead"),
        head=fields.word("head"),
    )


def replayed(links: Iterable[HistoryLink], head: bytes = NO_HEAD) -> Iterator[HistoryLink]:
    """Yield links with the heads and numbers that they really have."""
    for number, link in enumerate(links, start=1):
        after = next_head(head, link.event, link.at)
        yield replace(link, number=number, previous_head=head, head=after)
        head = after


def _event(fields: JsonFields, id_: int) -> ProvenanceEvent:
    kind = fields.text("event")
    if kind == "Transfer":
        return ERC721Transfer(fields.address("from"), fields.address("to"), id_)
    if kind == "ArtworkRegistered":
        artwork = read_struct(Artwork, fields.inner("artwork"))
        return ArtworkRegistered(
            id_, fields.address("artist"), fields.word("artworkHash"), artwork.values
        )
    if kind == "ArtworkSold":
        return ArtworkSold(
            id_,
            fields.address("seller"),
            fields.address("buyer"),
            fields.whole("price", PRICE_MAX),
            fields.whole("currency", CURRENCY_MAX),
            fields.word("digest"),
        )
    if kind == "ArtworkRevoked":
        return ArtworkRevoked(id_, fields.word("caseId"))
    raise UsageError(f"There is no event {kind[:40]!r} in a history.")

"""What a replay of the gallery's whole history says about a work, made once for a block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.certificate import certificate_of
from crmdapp.provenance.history import head_at
from crmdapp.provenance.registration import registration_of
from crmdapp.provenance.verification import verify_work
from crmdapp.web.provenance.shelf import Shelf

if TYPE_CHECKING:
    from crmdapp.provenance.certificate import Certificate
    from crmdapp.provenance.history import ArtworkHistory
    from crmdapp.provenance.registration import Registration
    from crmdapp.provenance.verification import Verdict
    from crmdapp.store.index import Position
    from crmdapp.web.context import Context


def certificate_at(context: Context, position: Position, number: int) -> Certificate:
    """Return the certificate of a work, as of a block of the index.

    Raises:
        HistoryIncomplete: The node's events do not lead to the head on chain.
    """
    client = context.reader(ArtworksClient)

    def replay() -> tuple[bytes, tuple[ArtworkHistory, Registration | None]]:
        proven = head_at(client, block=position.block)
        story = client.history(number, proven)
        link = story.registered
        shown = None if link is None else registration_of(client, link)
        return proven.header.hash, (story, shown)

    story, shown = context.remembered.get(("story", number), position.hash, replay)
    # What the artist told about the work is no part of the chain, and may be taken back.
    digest = b"" if story.artwork is None else story.artwork.struct_hash()
    metadata = Shelf(context.state).known([digest]).get(digest)
    chain_id = context.connection.chain_id
    return certificate_of(story, chain_id, client.contract.address, shown, metadata)


def verdict_at(context: Context, position: Position, number: int) -> Verdict:
    """Return what the chain says about a work, as of a block of the index; not to be changed."""
    client = context.reader(ArtworksClient)

    def replay() -> tuple[bytes, Verdict]:
        proven = head_at(client, block=position.block)
        return proven.header.hash, verify_work(client, number, proven)

    return context.remembered.get(("verdict", number), position.hash, replay)

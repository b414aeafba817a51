"""Who signed a work's record: read from the transaction that registered it.

The contract keeps no signatures; they stand in the transaction for ever. A node that shows others
gains nothing: they are checked against the record, to which the history commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain.decode import as_bytes, plain
from crmdapp.provenance.artwork_intents import Artwork, SignedArtwork
from crmdapp.provenance.board_intents import Approval, SignedApproval, board_domain

if TYPE_CHECKING:
    from crmdapp.provenance.artwork_reader import ArtworksReader
    from crmdapp.provenance.history import HistoryLink


@dataclass(frozen=True, slots=True)
class Registration:
    """What the transaction that registered a work carried.

    Attributes:
        signed: The record, signed by the artist.
        approvals: The curators'; none if the board admitted the work by vote.
    """

    signed: SignedArtwork
    approvals: tuple[SignedApproval, ...]


def registration_of(client: ArtworksReader, link: HistoryLink) -> Registration | None:
    """Return who signed a work, or ``None`` if its transaction does not show it.

    A transaction that a smart account or another contract carried out hides the call in its own.

    Args:
        client: The contract.
        link: The work's registration.
    """
    found = client.connection.request("eth_getTransactionByHash", [link.tx_hash])
    if not isinstance(found, Mapping):
        return None
    values = _arguments(client, found)
    if values is None:
        return None
    record, signature, approvals, _ = values
    artwork = Artwork(*record)
    domain = board_domain(client.connection.chain_id, client.board)
    return Registration(
        SignedArtwork(artwork, client.domain, signature),
        tuple(
            SignedApproval(Approval(artwork, deadline), domain, curator, signed)
            for curator, deadline, signed in approvals
        ),
    )


def _arguments(client: ArtworksReader, transaction: Mapping[str, Any]) -> tuple[Any, ...] | None:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    entry = client.contract.function("register")
    data = as_bytes(transaction.get("input") or transaction.get("data") or "0x")
    target = str(transaction.get("to") or "").lower()
    if target != client.contract.address.lower() or data[:4] != entry.selector:
        return None
    try:
        values = decode(list(entry.inputs), data[4:])
    except (DecodingError, ValueError):
        return None
    return tuple(plain(kind, value) for kind, value in zip(entry.inputs, values, strict=True))

"""Offers as a work's page shows them: to its owner all, to a buyer the own ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.errors import NodeProblem
from crmdapp.provenance.artwork_intents import SignedOffer
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.web.api.provenance.models import hexed
from crmdapp.web.pages.provenance import coins, hall
from crmdapp.web.provenance.shelf import Shelf

if TYPE_CHECKING:
    from crmdapp.provenance.models import Currency
    from crmdapp.web.context import Context
    from crmdapp.web.pages import Person
    from crmdapp.web.view import View

SHOWN_MAX = 20


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer as the work's page shows it.

    Attributes:
        digest: Of what was signed, 32 bytes.
        buyer: Who signed it.
        price: For people.
        deadline: Last moment, Unix seconds.
        is_own: Whether it is the visitor's.
        is_covered: Whether the buyer has the coins and lets the gallery take them; ``None`` if
            nobody says.
    """

    digest: bytes
    buyer: str
    price: str
    deadline: int
    is_own: bool
    is_covered: bool | None


def offers_for(
    context: Context, view: View, id_: int, seller: str | None, person: Person | None
) -> list[ShownOffer]:
    """Return the offers for a work that a person may see: to its owner all, to others their own.

    Args:
        context: The server's.
        view: The index.
        id_: The work.
        seller: Who may sell it.
        person: Who looks.
    """
    if person is None:
        return []
    told = Shelf(context.state).words("offer", subject=hexed(id_), now=view.now)
    found = [SignedOffer.from_json(item) for item in told]
    mine = [item for item in found if person.address in (seller, item.signer)]
    table = hall.currencies(context, view.session)
    open_ = [item for item in mine if _is_open(context, item) and item.offer.currency in table]
    return [_shown(context, table[item.offer.currency], item, person) for item in open_[:SHOWN_MAX]]


def _is_open(context: Context, signed: SignedOffer) -> bool:
    """Return whether nobody took an offer up or back, as far as the node says."""
    contract = context.reader(ArtworksClient).contract
    try:
        return not contract.read("isNonceUsed", signed.signer, signed.offer.nonce)
    except NodeProblem:
        return True


def _shown(context: Context, row: Currency, signed: SignedOffer, person: Person) -> ShownOffer:
    word = signed.offer
    return ShownOffer(
        signed.digest,
        word.buyer,
        row.format_price(word.price),
        word.deadline,
        word.buyer == person.address,
        coins.is_covered(context, row, word.buyer, word.price),
    )

"""What the pages of works share: titles, prices in words, who may do what."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import NodeProblem
from crmdapp.provenance.artwork_intents import SignedListing
from crmdapp.provenance.artwork_reader import ArtworksReader
from crmdapp.provenance.models import ETHER_DECIMALS, Currency
from crmdapp.store.index.provenance import queries
from crmdapp.web.provenance.shelf import Shelf

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.provenance.submission import ArtworkMetadata
    from crmdapp.store.index.provenance.queries import CurrencyRow, Work
    from crmdapp.web.context import Context
    from crmdapp.web.pages import Person

_TOLD: dict[tuple[int, str], tuple[str, int]] = {}
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Shown:
    """A work as a page shows it.

    Attributes:
        work: The work.
        metadata: What is told about it, checked against the record; ``None`` if it is not here.
        price: What it costs, for people; empty if it is not for sale.
    """

    work: Work
    metadata: ArtworkMetadata | None
    price: str

    @property
    def has_picture(self) -> bool:
        """Whether its file may be shown as a picture."""
        return self.metadata is not None and self.work.artwork.p_hash != 0

    @property
    def title(self) -> str:
        """Its title, or its number if nobody told the title."""
        if self.metadata is None:
            return f"Work 0x{self.work.id:064x}"[:15] + "…"
        return self.metadata.name


def shown(context: Context, session: Session, works: list[Work]) -> list[Shown]:
    """Return works with what is told about them and what they cost."""
    told = metadata_of(context, works)
    table = currencies(context, session)
    return [
        Shown(item, told.get(item.id), price_text(table, item.price, item.currency))
        for item in works
    ]


def metadata_of(context: Context, works: list[Work]) -> dict[int, ArtworkMetadata]:
    """Return what is told about works, by id; only what their records commit to."""
    known = Shelf(context.state).known([item.record_hash for item in works])
    return {
        item.id: known[item.record_hash]
        for item in works
        if item.record_hash in known and known[item.record_hash].hash == item.artwork.metadata_hash
    }


def currencies(context: Context, session: Session) -> dict[int, Currency]:
    """Return the currency table; a coin's own words are asked from the node once."""
    return {row.currency: _currency(context, row) for row in queries.currencies(session)}


def price_text(table: dict[int, Currency], price: int | None, currency: int | None) -> str:
    """Return a price for people; empty for none."""
    if not price:
        return ""
    row = table.get(currency or 0)
    return f"{price:,} units" if row is None else row.format_price(price)


@dataclass(frozen=True, slots=True)
class Offered:
    """A price that the seller signed.

    Attributes:
        digest: Of what was signed, 32 bytes.
        price: For people.
        deadline: Last moment, Unix seconds.
    """

    digest: bytes
    price: str
    deadline: int


def offered(
    found: list[dict[str, Any]], table: dict[int, Currency], person: Person | None
) -> list[Offered]:
    """Return the signed prices that a person could take up."""
    signed = [SignedListing.from_json(item) for item in found]
    takers = {ZERO_ADDRESS, ZERO_ADDRESS if person is None else person.address}
    return [
        Offered(
            item.digest,
            price_text(table, item.listing.price, item.listing.currency),
            item.listing.deadline,
        )
        for item in signed
        if item.listing.only_buyer in takers
    ]


def _currency(context: Context, row: CurrencyRow) -> Currency:
    symbol, decimals = "ETH", ETHER_DECIMALS
    if row.token is not None:
        symbol, decimals = _told_of(context, row)
    return Currency(
        row.currency,
        row.token,
        row.exponent,
        row.is_enabled,
        row.points_per_million,
        symbol,
        decimals,
    )


def _told_of(context: Context, row: CurrencyRow) -> tuple[str, int]:
    place = (context.connection.chain_id, str(row.token))
    with _LOCK:
        if place in _TOLD:
            return _TOLD[place]
    try:
        found = context.reader(ArtworksReader).currency(row.currency)
    except NodeProblem:
        # Pages that only read need no node: the amount is shown in base units then.
        return f"base units of {str(row.token)[:8]}…", 0
    with _LOCK:
        _TOLD[place] = (found.symbol, found.decimals)
    return found.symbol, found.decimals

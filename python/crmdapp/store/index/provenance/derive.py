"""From events to rows: works and their market.

The board and the items have modules of their own, imported for what they register.

Source: contracts/provenance/types/ArtworkWords.sol (what each event does to a work's owner word).
"""

from __future__ import annotations

from typing import Any

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.events import ERC721Transfer
from crmdapp.provenance import events
from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.models import EPOCH_MAX, account_or_none
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.provenance import derive_board, derive_items
from crmdapp.store.index.provenance.tables import (
    ARTWORK_EVENTS,
    ARTWORKS,
    AUCTIONS,
    CREDITS,
    CURRENCIES,
    GALLERIES,
)

__all__ = ["derive_board", "derive_items"]

_ART = "Artworks"
_NOBODY: dict[str, Any] = {"price": 0, "currency": 0, "is_auctioned": False}

# ----------------------------------------------------------------- works


@derives(_ART, events.ArtworkRegistered)
def artwork_registered(rows: Rows, entry: Entry) -> None:
    """Enter a record; nobody owns it before its token is made."""
    event = entry.event
    record = Artwork(*event.artwork)
    rows.put(
        ARTWORKS,
        id=event.id,
        artist=event.artist,
        record_hash=event.artwork_hash,
        file_keccak=record.file_keccak,
        file_sha256=record.file_sha256,
        cid_digest=record.cid_digest,
        p_hash=record.p_hash,
        metadata_hash=record.metadata_hash,
        royalty_bps=record.royalty_bps,
        succession=record.succession,
        standards_version=record.standards_version,
        deadline=record.deadline,
        registered_block=entry.block,
        registered_place=entry.log_index,
        registered_at=entry.timestamp,
        registered_tx=entry.tx_hash,
        owner=None,
        epoch=0,
        is_revoked=False,
        is_burned=False,
        revoked_by=None,
        open_challenges=0,
        sales=0,
        **_NOBODY,
    )
    _note(rows, entry, event.id, giver=event.artist, word=event.artwork_hash)


@derives(_ART, ERC721Transfer)
def artwork_transferred(rows: Rows, entry: Entry) -> None:
    """Move a work: the price goes, and what was signed, but for the first owner's."""
    event = entry.event
    work = _row(rows, event.token_id)
    is_mint = event.from_ == ZERO_ADDRESS
    # An auction that ends in a sale clears the word, and the sale moves it once more.
    steps = 0 if is_mint else 2 if work["is_auctioned"] else 1
    rows.change(
        ARTWORKS,
        event.token_id,
        owner=account_or_none(event.to),
        epoch=_later(work["epoch"], steps),
        is_burned=work["is_burned"] or event.to == ZERO_ADDRESS,
        **_NOBODY,
    )
    _end_auction(rows, event.token_id)
    giver, taker = account_or_none(event.from_), account_or_none(event.to)
    _note(rows, entry, event.token_id, giver=giver, taker=taker)


@derives(_ART, events.ArtworkListed)
def artwork_listed(rows: Rows, entry: Entry) -> None:
    """Set the price; 0 withdraws it."""
    event = entry.event
    rows.change(ARTWORKS, event.id, price=event.price, currency=event.currency, epoch=event.epoch)
    _note(rows, entry, event.id, giver=event.seller, price=event.price, currency=event.currency)


@derives(_ART, events.ArtworkSold)
def artwork_sold(rows: Rows, entry: Entry) -> None:
    """Count a sale; the transfer stands in an event of its own."""
    event = entry.event
    rows.change(ARTWORKS, event.id, sales=_row(rows, event.id)["sales"] + 1)
    _note(
        rows,
        entry,
        event.id,
        giver=event.seller,
        taker=event.buyer,
        price=event.price,
        currency=event.currency,
        word=event.digest,
    )


@derives(_ART, events.ArtworkRevoked)
def artwork_revoked(rows: Rows, entry: Entry) -> None:
    """Flag a record that the curators found against, and take it off sale."""
    event = entry.event
    epoch = _later(_row(rows, event.id)["epoch"], 1)
    rows.change(
        ARTWORKS, event.id, is_revoked=True, revoked_by=event.case_id, epoch=epoch, **_NOBODY
    )
    _note(rows, entry, event.id, word=event.case_id)


@derives(_ART, events.AuctionOpened)
def auction_opened(rows: Rows, entry: Entry) -> None:
    """Enter an auction; its reserve stands where the price does."""
    event = entry.event
    rows.change(
        ARTWORKS,
        event.id,
        price=event.reserve,
        currency=event.currency,
        is_auctioned=True,
        epoch=_later(_row(rows, event.id)["epoch"], 1),
    )
    rows.put(
        AUCTIONS,
        work=event.id,
        seller=event.seller,
        reserve=event.reserve,
        currency=event.currency,
        bidder=None,
        bid=0,
        ends_at=event.ends_at,
    )
    _note(rows, entry, event.id, giver=event.seller, price=event.reserve, currency=event.currency)


@derives(_ART, events.AuctionBid)
def auction_bid(rows: Rows, entry: Entry) -> None:
    """Enter the highest bid."""
    event = entry.event
    rows.change(AUCTIONS, event.id, bidder=event.bidder, bid=event.bid, ends_at=event.ends_at)
    currency = _row(rows, event.id)["currency"]
    _note(rows, entry, event.id, taker=event.bidder, price=event.bid, currency=currency)


@derives(_ART, events.AuctionCancelled)
def auction_cancelled(rows: Rows, entry: Entry) -> None:
    """End an auction without a sale."""
    event = entry.event
    epoch = _later(_row(rows, event.id)["epoch"], 1)
    rows.change(ARTWORKS, event.id, epoch=epoch, **_NOBODY)
    _end_auction(rows, event.id)
    _note(rows, entry, event.id)


# ----------------------------------------------------------------- money


@derives(_ART, events.CurrencySet)
def currency_set(rows: Rows, entry: Entry) -> None:
    """Enter a row of the currency table, or its new state."""
    event = entry.event
    rows.put(
        CURRENCIES,
        currency=event.currency,
        token=account_or_none(event.token),
        exponent=event.exponent,
        is_enabled=event.is_enabled,
        points_per_million=event.points_per_million,
    )


@derives(_ART, events.PaymentCredited)
def payment_credited(rows: Rows, entry: Entry) -> None:
    """Add to what waits for an account."""
    event = entry.event
    rows.add(CREDITS, event.account, _token(rows, event.currency), amount=event.amount)


@derives(_ART, events.CreditWithdrawn)
def credit_withdrawn(rows: Rows, entry: Entry) -> None:
    """Empty what waited for an account: it is paid out whole."""
    event = entry.event
    rows.delete(CREDITS, event.account, _token(rows, event.currency))


@derives(_ART, events.GalleryChanged)
def gallery_changed(rows: Rows, entry: Entry) -> None:
    """Enter who has the gallery's role."""
    before = rows.get(GALLERIES, entry.address)
    program = 0 if before is None else before["points_program"]
    rows.put(
        GALLERIES,
        contract=entry.address,
        gallery=entry.event.to,
        offered_to=None,
        points_program=program,
    )


@derives(_ART, events.GalleryOffered)
def gallery_offered(rows: Rows, entry: Entry) -> None:
    """Enter to whom the role is offered."""
    rows.change(GALLERIES, entry.address, offered_to=account_or_none(entry.event.to))


@derives(_ART, events.PointsProgramSet)
def points_program_set(rows: Rows, entry: Entry) -> None:
    """Enter the program whose points sales earn; 0 for none."""
    rows.change(GALLERIES, entry.address, points_program=entry.event.program)


# ----------------------------------------------------------------- inside


def _row(rows: Rows, work: int) -> dict[str, Any]:
    found = rows.get(ARTWORKS, work)
    assert found is not None  # every event of a work comes after its registration
    return found


def _later(epoch: int, steps: int) -> int:
    """Return an epoch some steps on; the last one never ends."""
    return min(int(epoch) + steps, EPOCH_MAX)


def _end_auction(rows: Rows, work: int) -> None:
    if rows.get(AUCTIONS, work) is not None:
        rows.delete(AUCTIONS, work)


def _note(rows: Rows, entry: Entry, work: int, **told: Any) -> None:
    values: dict[str, Any] = dict.fromkeys(("giver", "taker", "price", "currency", "word"))
    name = type(entry.event).__name__
    rows.put(
        ARTWORK_EVENTS,
        block=entry.block,
        place=entry.log_index,
        work=work,
        kind="Transfer" if name == "ERC721Transfer" else name,
        at=entry.timestamp,
        tx_hash=entry.tx_hash,
        **{**values, **told},
    )


def _token(rows: Rows, currency: int) -> str:
    """Return the coin of a row of the table: credits of two rows in one coin are one."""
    row = rows.get(CURRENCIES, currency)
    return "" if row is None or row["token"] is None else str(row["token"])

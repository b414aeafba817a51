"""How the pages of works and items say what stands on the chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.provenance.item_models import biz_step_text, disposition_text, quantity_text
from crmdapp.provenance.models import ETHER_DECIMALS, CaseStatus, Currency, Ground
from crmdapp.web.pages import template_filter
from crmdapp.web.pages.loyalty.words import moment, short

if TYPE_CHECKING:
    from crmdapp.store.index.provenance.queries import Work

EVENTS = {
    "ArtworkRegistered": "Registered",
    "ArtworkListed": "Price set",
    "ArtworkSold": "Sold",
    "ArtworkRevoked": "Revoked by the curators",
    "AuctionOpened": "Auction opened",
    "AuctionBid": "Bid",
    "AuctionCancelled": "Auction called off",
    "Transfer": "Transferred",
    "ItemCommissioned": "Registered",
    "ItemProduced": "Made of other goods",
    "ItemConsumed": "Used",
    "ItemObserved": "Noted",
    "CustodyHandedOver": "Handed over",
    "ItemPacked": "Packed",
    "ItemUnpacked": "Unpacked",
    "ItemContentChanged": "Content changed",
    "ItemRetired": "Ended",
    "ErrorDeclared": "An earlier event declared wrong",
    "ItemRecalled": "Recalled by its issuer",
    "TagClaimed": "Seal broken",
    "DeviceAssigned": "Sensor assigned",
    "ReadingsAnchored": "Sensor readings anchored",
}
"""Words for what happens to works and items."""

GROUNDS = {
    Ground.NONE: "no ground",
    Ground.SUBMISSION: "submission of a work",
    Ground.NEAR_DUPLICATE: "near-duplicate of an earlier work",
    Ground.EARLIER_WORK: "somebody else's earlier work",
    Ground.FALSE_RECORD: "false record",
    Ground.STANDARDS: "against the standards",
}

STATUSES = {
    CaseStatus.NONE: "none",
    CaseStatus.OPEN: "open",
    CaseStatus.UPHELD: "upheld",
    CaseStatus.REJECTED: "rejected",
    CaseStatus.UNDECIDED: "undecided",
}

_ETHER = Currency(0, None, 9, True, 0, "ETH", ETHER_DECIMALS)

LEVELS = ("piece", "case", "pallet", "container", "ship's hold")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line that says how things stand.

    Attributes:
        text: The line.
        mark: ``""`` if all is well, ``"warn"`` or ``"bad"``: the class of its box.
    """

    text: str
    mark: str = ""


def work_verdict(work: Work) -> Verdict:
    """Return how a work's record stands."""
    since = moment(work.registered_at)
    if work.is_revoked:
        return Verdict("The curators found against this record. It does not stand.", "bad")
    if work.is_burned:
        return Verdict("Its owner destroyed the token. The record stays as history.", "warn")
    if work.open_challenges:
        return Verdict(
            f"The record stands since {since}, but somebody challenged it, and the curators"
            " have not decided.",
            "warn",
        )
    return Verdict(f"The record stands since {since}: signed by the artist, admitted by curators.")


def happening(kind: str) -> str:
    """Return the words for an event."""
    return EVENTS.get(kind, kind)


def work_path(id_: int) -> str:
    """Return the address of a work's page."""
    return f"/gallery/0x{id_:064x}"


def item_path(item: int) -> str:
    """Return the address of an item's page."""
    return f"/products/0x{item:064x}"


def short_word(number: int | bytes) -> str:
    """Return the beginning and end of a number of 256 bits."""
    text = number.hex() if isinstance(number, bytes) else f"{number:064x}"
    return f"0x{text[:6]}…{text[-4:]}"


def ether(wei: int) -> str:
    """Return wei as ether: ``0.01 ETH``."""
    return _ETHER.format(wei)


def percent(bps: int) -> str:
    """Return hundredths of a percent: ``7.5 %``."""
    return f"{bps / 100:g} %"


def business(code: int | None) -> str:
    """Return a business step in words; empty for none."""
    return biz_step_text(code or 0).replace("_", " ")


def state(code: int | None) -> str:
    """Return a disposition in words; empty for none."""
    return disposition_text(code or 0).replace("_", " ")


for _name, _function in (
    ("happening", happening),
    ("work_path", work_path),
    ("item_path", item_path),
    ("short_word", short_word),
    ("percent", percent),
    ("business", business),
    ("state_words", state),
    ("quantity", quantity_text),
    ("ground_words", GROUNDS.__getitem__),
    ("status_words", STATUSES.__getitem__),
    ("level_words", LEVELS.__getitem__),
):
    template_filter(_name, _function)

__all__ = ["Verdict", "happening", "item_path", "moment", "short", "work_path", "work_verdict"]

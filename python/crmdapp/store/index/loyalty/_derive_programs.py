"""Programs and their rules, terms and gift vouchers: every event says what it sets."""

from __future__ import annotations

import json

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.loyalty import events
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.loyalty import prices
from crmdapp.store.index.loyalty._accounts import ages, epoch_of
from crmdapp.store.index.loyalty.rings import EMPTY
from crmdapp.store.index.loyalty.tables import (
    ACCEPTANCES,
    CARDS,
    DEPOSITS,
    GUILD_MERCHANTS,
    GUILDS,
    ISSUERS,
    PROGRAMS,
    SUPPLIES,
    TERMS,
)


@derives("PointsHub", events.ProgramCreated)
def program_created(rows: Rows, entry: Entry) -> None:
    """A program begins without points; its rules follow in events of the same transaction."""
    event = entry.event
    rows.put(
        PROGRAMS,
        program=event.program,
        name=event.name,
        symbol=event.symbol,
        owner=event.owner,
        pending_owner=None,
        validity=1,
        cap=0,
        tiers="[]",
        clawback=0,
        on_ramp=0,
        off_ramp=0,
        next_on_ramp=0,
        next_off_ramp=0,
        prices_at=0,
        coupon_key=None,
        coupon_budget=0,
        dropped_in=0,
        created_at=entry.timestamp,
    )
    rows.put(
        SUPPLIES,
        program=event.program,
        epoch=epoch_of(rows, entry),
        **ages(EMPTY),
        coupon_points=0,
        holders=0,
        exact=True,
    )
    rows.put(DEPOSITS, program=event.program, deposit=0, committed=0)


@derives("PointsHub", events.ProgramOwnershipOffered)
def ownership_offered(rows: Rows, entry: Entry) -> None:
    """The offer to the zero address takes an offer back."""
    to = entry.event.to
    rows.change(PROGRAMS, entry.event.program, pending_owner=None if to == ZERO_ADDRESS else to)


@derives("PointsHub", events.ProgramOwnershipTransferred)
def ownership_transferred(rows: Rows, entry: Entry) -> None:
    """An offer was accepted, or the program created."""
    rows.change(PROGRAMS, entry.event.program, owner=entry.event.to, pending_owner=None)


@derives("PointsHub", events.ValiditySet)
def validity_set(rows: Rows, entry: Entry) -> None:
    """For points awarded from now on."""
    rows.change(PROGRAMS, entry.event.program, validity=entry.event.validity)


@derives("PointsHub", events.CapSet)
def cap_set(rows: Rows, entry: Entry) -> None:
    """0 is no cap."""
    rows.change(PROGRAMS, entry.event.program, cap=entry.event.cap)


@derives("PointsHub", events.TiersSet)
def tiers_set(rows: Rows, entry: Entry) -> None:
    """A tier once reached stays, so no account changes."""
    rows.change(PROGRAMS, entry.event.program, tiers=json.dumps(list(entry.event.tiers)))


@derives("PointsHub", events.ClawbackSet)
def clawback_set(rows: Rows, entry: Entry) -> None:
    """For batches awarded from now on."""
    rows.change(PROGRAMS, entry.event.program, clawback=entry.event.window)


@derives("PointsHub", events.IssuerSet)
def issuer_set(rows: Rows, entry: Entry) -> None:
    """What was used in this epoch stays counted."""
    event = entry.event
    row = rows.get(ISSUERS, event.program, event.issuer) or {
        "program": event.program,
        "issuer": event.issuer,
        "used": 0,
        "epoch": 0,
    }
    rows.put(ISSUERS, **{**row, "budget": event.budget})


@derives("PointsHub", events.CouponKeySet)
def coupon_key_set(rows: Rows, entry: Entry) -> None:
    """The zero address is no key."""
    event = entry.event
    key = None if event.key == ZERO_ADDRESS else event.key
    rows.change(PROGRAMS, event.program, coupon_key=key, coupon_budget=event.budget)


@derives("PointsHub", events.PricesAnnounced)
def prices_announced(rows: Rows, entry: Entry) -> None:
    """Prices that hold by now replace the older ones."""
    event = entry.event
    row = rows.get(PROGRAMS, event.program)
    assert row is not None
    at = entry.timestamp
    rows.put(
        PROGRAMS,
        **prices.announced(row, event.on_ramp, event.off_ramp, event.effective_at, at),
    )


@derives("ProgramTerms", events.TermsPublished)
def terms_published(rows: Rows, entry: Entry) -> None:
    """Versions count from 0."""
    event = entry.event
    rows.put(
        TERMS,
        program=event.program,
        version=event.version,
        bundle_hash=event.bundle_hash,
        published_at=entry.timestamp,
        effective_at=event.effective_at,
    )


@derives("ProgramTerms", events.TermsAccepted)
def terms_accepted(rows: Rows, entry: Entry) -> None:
    """Accepting again changes nothing."""
    event = entry.event
    if rows.get(ACCEPTANCES, event.program, event.bundle_hash, event.member) is None:
        rows.put(
            ACCEPTANCES,
            program=event.program,
            bundle_hash=event.bundle_hash,
            member=event.member,
            accepted_at=entry.timestamp,
        )


@derives("GiftVoucher", events.GuildCreated)
def guild_created(rows: Rows, entry: Entry) -> None:
    """Merchants that take the same gift vouchers."""
    event = entry.event
    rows.put(GUILDS, guild=event.guild, owner=event.owner, created_at=entry.timestamp)


@derives("GiftVoucher", events.MerchantAdded)
def merchant_added(rows: Rows, entry: Entry) -> None:
    """Adding again changes nothing."""
    event = entry.event
    if rows.get(GUILD_MERCHANTS, event.guild, event.merchant) is None:
        rows.put(
            GUILD_MERCHANTS,
            guild=event.guild,
            merchant=event.merchant,
            added_at=entry.timestamp,
        )


@derives("GiftVoucher", events.CardBought)
def card_bought(rows: Rows, entry: Entry) -> None:
    """A card can be bought once."""
    event = entry.event
    rows.put(
        CARDS,
        card=event.card,
        buyer=event.buyer,
        guild=event.guild,
        bought=event.amount,
        spent=0,
        refunded=0,
        bought_at=entry.timestamp,
    )


@derives("GiftVoucher", events.CardSpent)
def card_spent(rows: Rows, entry: Entry) -> None:
    """A card may be spent in parts."""
    rows.add(CARDS, entry.event.card, spent=entry.event.amount)


@derives("GiftVoucher", events.CardRefunded)
def card_refunded(rows: Rows, entry: Entry) -> None:
    """All that was left went back to the buyer."""
    rows.add(CARDS, entry.event.card, refunded=entry.event.amount)

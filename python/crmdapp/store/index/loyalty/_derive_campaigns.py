"""Coupons and drops: points that just arrived, told apart by the event after them."""

from __future__ import annotations

from crmdapp.loyalty import events
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.loyalty._accounts import epoch_of
from crmdapp.store.index.loyalty._derive_points import award_lane, credit
from crmdapp.store.index.loyalty._trail import Mint, trail_of
from crmdapp.store.index.loyalty.rings import LANES, at_age
from crmdapp.store.index.loyalty.tables import (
    COUPONS,
    DROP_CLAIMS,
    DROPS,
    ISSUERS,
    MOVES,
    PROGRAMS,
    SUPPLIES,
)


@derives("PointsHub", events.CouponClaimed)
def coupon_claimed(rows: Rows, entry: Entry) -> None:
    """The points count on the coupon key's budget, not on an issuer's.

    The event does not say in which epoch the coupon's points count as issued: at the latest, as an
    award of today would. That is certain only if points live for one epoch.
    """
    event = entry.event
    mint = trail_of(rows, entry).mints[-1]
    age = award_lane(rows, event.program)
    units = mint.points + mint.paid
    _recredit(rows, entry, mint, age, exact=age == LANES - 1 or not mint.points)
    rows.add(SUPPLIES, event.program, coupon_points=units)
    rows.change(
        MOVES,
        entry.block,
        mint.log_index,
        kind="coupon",
        order_id=event.order_id,
        reference=event.campaign,
    )
    rows.put(
        COUPONS,
        program=event.program,
        order_id=event.order_id,
        state="claimed",
        campaign=event.campaign,
        account=event.to,
        points=units,
        epoch=epoch_of(rows, entry),
        at=entry.timestamp,
    )


@derives("PointsHub", events.CouponCancelled)
def coupon_cancelled(rows: Rows, entry: Entry) -> None:
    """Its number can not be used any more."""
    event = entry.event
    rows.put(
        COUPONS,
        program=event.program,
        order_id=event.order_id,
        state="cancelled",
        campaign=None,
        account=None,
        points=0,
        epoch=epoch_of(rows, entry),
        at=entry.timestamp,
    )


@derives("PointsHub", events.DropCreated)
def drop_created(rows: Rows, entry: Entry) -> None:
    """Its points count as issued today. Whose budget they spent, no event tells."""
    event = entry.event
    epoch = epoch_of(rows, entry)
    rows.put(
        DROPS,
        drop=event.drop,
        program=event.program,
        campaign=event.campaign,
        root=event.root,
        issued=epoch - award_lane(rows, event.program),
        claims=0,
        claimed=0,
        created_at=entry.timestamp,
    )
    rows.change(PROGRAMS, event.program, dropped_in=epoch)


@derives("PointsHub", events.DropClaimed)
def drop_claimed(rows: Rows, entry: Entry) -> None:
    """The points go into the lane of the drop."""
    event = entry.event
    mint = trail_of(rows, entry).mints[-1]
    drop = rows.get(DROPS, event.drop)
    assert drop is not None
    units = mint.points + mint.paid
    _recredit(rows, entry, mint, epoch_of(rows, entry) - drop["issued"])
    rows.change(MOVES, entry.block, mint.log_index, kind="drop", reference=drop["campaign"])
    rows.add(DROPS, event.drop, claims=1, claimed=units)
    rows.put(
        DROP_CLAIMS,
        drop=event.drop,
        index=event.index,
        account=event.to,
        points=units,
        claimed_at=entry.timestamp,
    )


def _recredit(rows: Rows, entry: Entry, mint: Mint, age: int, *, exact: bool = True) -> None:
    """Book points again that were taken for an award: in another lane, on no issuer's budget."""
    if mint.issuer is not None:
        rows.put(ISSUERS, **mint.issuer)
    credit(rows, entry, mint, at_age(age, mint.points), counts=True, exact=exact)

"""Orders, returns and positions between merchants."""

from __future__ import annotations

from crmdapp.loyalty import events
from crmdapp.store.index.deriving import Entry, Row, Rows, derives
from crmdapp.store.index.loyalty._accounts import (
    balance_at,
    epoch_of,
    keep_balance,
    keep_supply,
    ring_in,
    supply_at,
)
from crmdapp.store.index.loyalty._derive_points import award_lane, credit, no_award
from crmdapp.store.index.loyalty._trail import Burn, trail_of
from crmdapp.store.index.loyalty.rings import (
    LANES,
    Ring,
    at_age,
    minus,
    oldest,
    plus,
    rolled,
    unpacked,
)
from crmdapp.store.index.loyalty.tables import (
    BATCHES,
    COUPONS,
    DEPOSITS,
    FLOWS,
    MOVES,
    POSITIONS,
    PROGRAMS,
    REDEMPTIONS,
    SETTLEMENTS,
    SKIPS,
)

_ORDER_BYTES = 6


@derives("PointsHub", events.OrdersRedeemed)
def orders_redeemed(rows: Rows, entry: Entry) -> None:
    """The orders of the latest movements, in their order."""
    event = entry.event
    trail = trail_of(rows, entry)
    packed = event.order_ids
    orders = [
        int.from_bytes(packed[at : at + _ORDER_BYTES]) for at in range(0, len(packed), _ORDER_BYTES)
    ]
    burns = [burn for burn in trail.burns if burn.program == event.program]
    value = trail.posted[2] if trail.posted is not None and len(orders) == 1 else 0
    for order, burn in zip(reversed(orders), reversed(burns), strict=False):
        _order_redeemed(rows, entry, order, burn, value)
    trail.burns.clear()
    trail.posted = None


@derives("PointsHub", events.RedemptionStored)
def redemption_stored(rows: Rows, entry: Entry) -> None:
    """The order's own event follows."""
    event = entry.event
    rows.put(
        REDEMPTIONS,
        merchant=event.merchant,
        order_id=event.order_id,
        program=event.redemption[0],
        account=event.redemption[2],
        points=sum(unpacked(event.redemption[5])),
        refundable=True,
        refunded=0,
        value=event.redemption[6],
        redeemed_at=entry.timestamp,
        block=entry.block,
    )


@derives("PointsHub", events.RedemptionRefunded)
def redemption_refunded(rows: Rows, entry: Entry) -> None:
    """Points that just arrived are no award: they return to the lanes they were spent from."""
    event = entry.event
    mint = trail_of(rows, entry).mints[-1]
    program, merchant, _, order_id, epoch, amounts, _ = event.redemption
    row = rows.get(REDEMPTIONS, merchant, order_id)
    refunded = row["refunded"] if row else 0
    now = epoch_of(rows, entry)
    lanes = _returned(unpacked(amounts), epoch, now, refunded, event.points, event.credited)
    no_award(rows, entry, mint, "refunded")
    credit(rows, entry, mint, lanes, counts=False)
    rows.change(MOVES, entry.block, mint.log_index, merchant=merchant, order_id=order_id)
    rows.add(FLOWS, program, now, refunded=event.credited + mint.paid)
    rows.change(REDEMPTIONS, merchant, order_id, refunded=refunded + event.points)


@derives("PointsHub", events.BatchAwarded)
def batch_awarded(rows: Rows, entry: Entry) -> None:
    """The latest points that came are the batch's records."""
    event = entry.event
    trail = trail_of(rows, entry)
    for mint in trail.mints[max(0, len(trail.mints) - event.count) :]:
        rows.amend(MOVES, entry.block, mint.log_index, reference=event.batch_id)
    program = rows.get(PROGRAMS, event.program)
    assert program is not None
    rows.put(
        BATCHES,
        program=event.program,
        batch_id=event.batch_id,
        count=event.count,
        points=event.points,
        issued=epoch_of(rows, entry) - award_lane(rows, event.program),
        clawback_ends_at=entry.timestamp + program["clawback"],
        awarded_at=entry.timestamp,
        reversed=0,
        block=entry.block,
    )


@derives("PointsHub", events.AwardReversed)
def award_reversed(rows: Rows, entry: Entry) -> None:
    """Points that just left were taken from their own lane, not from the oldest."""
    event = entry.event
    burn = trail_of(rows, entry).burns.pop()
    epoch = epoch_of(rows, entry)
    issued, exact = _issued_in(rows, event.program, event.batch_id, epoch)
    taken = at_age(epoch - issued, burn.points)
    row = balance_at(rows, event.program, event.account, entry, epoch)
    supply = supply_at(rows, event.program, epoch)
    exact = exact or not burn.points
    keep_balance(
        rows,
        row,
        minus(plus(ring_in(row), burn.ring), taken),
        entry,
        qualifying=max(0, row["qualifying"] - event.points),
        debt=row["debt"] + event.debt,
        exact=row["exact"] and exact,
    )
    ring = minus(plus(ring_in(supply), burn.ring), taken)
    keep_supply(rows, supply, ring, exact=supply["exact"] and exact)
    _book_reversal(rows, entry, burn, epoch)


@derives("PointsHub", events.IntentSkipped)
def intent_skipped(rows: Rows, entry: Entry) -> None:
    """A signed redemption that a batch left out; it stays usable."""
    event = entry.event
    rows.put(
        SKIPS,
        block=entry.block,
        log_index=entry.log_index,
        timestamp=entry.timestamp,
        program=event.program,
        account=event.from_,
        order_id=event.order_id,
        reason=event.reason[:4].hex(),
    )


# --------------------------------------------------------------------------- positions


@derives("PointsHub", events.PositionPosted)
def position_posted(rows: Rows, entry: Entry) -> None:
    """The value first lowers what the other owes."""
    event = entry.event
    trail = trail_of(rows, entry)
    burn = trail.burns[-1] if trail.burns else None
    if burn is not None and burn.program == event.debtor:
        rows.change(MOVES, entry.block, burn.log_index, merchant=event.creditor)
    trail.posted = (event.debtor, event.creditor, event.value, burn)
    back = _position(rows, event.creditor, event.debtor)
    lowered = min(back["owed"], event.value)
    if lowered:
        rows.put(POSITIONS, **{**back, "owed": back["owed"] - lowered})
    forth = _position(rows, event.debtor, event.creditor)
    rows.put(POSITIONS, **{**forth, "owed": forth["owed"] + event.value - lowered})


@derives("ClearingHouse", events.PositionSettled)
def position_settled(rows: Rows, entry: Entry) -> None:
    """All that was owed is paid, and the limit falls with the deposit."""
    event = entry.event
    row = _position(rows, event.debtor, event.creditor)
    rows.put(
        POSITIONS,
        **{**row, "owed": 0, "limit": row["limit"] - event.value, "settled_at": entry.timestamp},
    )
    rows.add(DEPOSITS, event.debtor, deposit=-event.value, committed=-event.value)
    rows.add(DEPOSITS, event.creditor, deposit=event.value)
    rows.put(
        SETTLEMENTS,
        block=entry.block,
        log_index=entry.log_index,
        timestamp=entry.timestamp,
        debtor=event.debtor,
        creditor=event.creditor,
        value=event.value,
    )


@derives("ClearingHouse", events.LimitSet)
def limit_set(rows: Rows, entry: Entry) -> None:
    """The deposit that backs the limit is committed."""
    event = entry.event
    row = _position(rows, event.debtor, event.creditor)
    rows.put(POSITIONS, **{**row, "limit": event.limit})
    rows.add(DEPOSITS, event.debtor, committed=event.limit - row["limit"])


@derives("ClearingHouse", events.Deposited)
def deposited(rows: Rows, entry: Entry) -> None:
    """Anybody may deposit for a program."""
    rows.add(DEPOSITS, entry.event.program, deposit=entry.event.value)


@derives("ClearingHouse", events.Withdrawn)
def withdrawn(rows: Rows, entry: Entry) -> None:
    """Only what backs no limit can be withdrawn."""
    rows.add(DEPOSITS, entry.event.program, deposit=-entry.event.value)


def _position(rows: Rows, debtor: int, creditor: int) -> Row:
    return rows.get(POSITIONS, debtor, creditor) or {
        "debtor": debtor,
        "creditor": creditor,
        "owed": 0,
        "limit": 0,
        "settled_at": 0,
    }


def _order_redeemed(rows: Rows, entry: Entry, order: int, burn: Burn, value: int) -> None:
    merchant = entry.event.merchant
    rows.change(MOVES, entry.block, burn.log_index, merchant=merchant, order_id=order)
    if rows.get(REDEMPTIONS, merchant, order) is not None:
        return  # stored for refunds by the event before
    rows.put(
        REDEMPTIONS,
        merchant=merchant,
        order_id=order,
        program=burn.program,
        account=burn.account,
        points=burn.points,
        refundable=False,
        refunded=0,
        value=value,
        redeemed_at=entry.timestamp,
        block=entry.block,
    )


def _returned(spent: Ring, epoch: int, now: int, refunded: int, points: int, credited: int) -> Ring:
    """Return the lanes that a refund credits.

    Of what is not refunded yet the youngest go first; what expired does not come back, and of the
    rest the oldest pay a debt.
    """
    left = sum(spent) - refunded
    part = minus(oldest(spent, left), oldest(spent, left - points))
    live = rolled(part, epoch, now)
    return minus(live, oldest(live, sum(live) - credited))


def _issued_in(rows: Rows, program: int, batch_id: bytes, epoch: int) -> tuple[int, bool]:
    """Return the epoch that a batch's points count as issued in, and whether that is certain."""
    batch = rows.get(BATCHES, program, batch_id)
    if batch is not None:
        return batch["issued"], True
    coupon = rows.get(COUPONS, program, int.from_bytes(batch_id))
    lane = award_lane(rows, program)
    issued = coupon["epoch"] - lane if coupon else epoch - lane
    return max(issued, epoch - LANES + 1), False


def _book_reversal(rows: Rows, entry: Entry, burn: Burn, epoch: int) -> None:
    event = entry.event
    rows.change(MOVES, entry.block, burn.log_index, kind="reversed", reference=event.batch_id)
    rows.add(
        FLOWS,
        event.program,
        epoch,
        redeemed=-burn.points,
        redemptions=-1,
        reversed=burn.points,
    )
    if rows.get(BATCHES, event.program, event.batch_id) is not None:
        rows.add(BATCHES, event.program, event.batch_id, reversed=event.points)

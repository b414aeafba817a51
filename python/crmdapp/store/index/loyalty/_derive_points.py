"""Every movement of points, from ``Transfer`` and the events around it.

The ledger's rules are followed exactly: a spend takes the oldest points first, an award lands in
the lane of the program's validity, an exchange scales lane by lane, and what expired leaves by an
event of its own, before anything else happens to the account.

Two things are not in any event: which lane a holder moved by ``transferAtEpoch``, and the epoch
that a coupon names in its calldata. The usual rule is followed for both, and the row is marked as
not exact until it is empty, or until `crmdapp.store.index.loyalty.settling` has asked the chain.
"""

from __future__ import annotations

from crmdapp.chain import events as common
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.loyalty import events
from crmdapp.loyalty.models import QUALIFYING_MAX
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.loyalty._accounts import (
    balance_at,
    epoch_of,
    keep_balance,
    keep_supply,
    ring_in,
    spend_budget,
    supply_at,
)
from crmdapp.store.index.loyalty._trail import Burn, Mint, Trail, trail_of
from crmdapp.store.index.loyalty.prices import prices_in
from crmdapp.store.index.loyalty.rings import (
    LANES,
    Ring,
    at_age,
    lanes_in_use,
    minus,
    oldest,
    plus,
    rolled,
    scaled,
)
from crmdapp.store.index.loyalty.tables import BALANCES, FLOWS, ISSUERS, MOVES, PROGRAMS


@derives("PointsHub", common.ERC6909Transfer)
def transferred(rows: Rows, entry: Entry) -> None:
    """Points came, went, or changed hands."""
    event = entry.event
    if event.sender == ZERO_ADDRESS:
        _arrived(rows, entry)
    elif event.receiver == ZERO_ADDRESS:
        _left(rows, entry)
    else:
        _changed_hands(rows, entry)


@derives("PointsHub", events.DebtPaid)
def debt_paid(rows: Rows, entry: Entry) -> None:
    """Points that were to arrive paid a debt instead; the rest arrives by the next event."""
    event = entry.event
    trail_of(rows, entry).paid = (event.program, event.account, event.points)
    row = rows.get(BALANCES, event.program, event.account)
    debt = (row["debt"] if row else 0) - event.points
    rows.change(BALANCES, event.program, event.account, debt=debt)
    rows.add(FLOWS, event.program, epoch_of(rows, entry), debt_paid=event.points)


@derives("PointsHub", events.TierRaised, events.TierLowered)
def tier_changed(rows: Rows, entry: Entry) -> None:
    """The event comes before the points that raised the tier."""
    event = entry.event
    row = balance_at(rows, event.program, event.account, entry, epoch_of(rows, entry))
    # Points that expired are told by an event before this one, so the row may be brought forward.
    keep_balance(rows, row, ring_in(row), entry, tier=event.tier)


def award_lane(rows: Rows, program: int) -> int:
    """Return the age that points awarded now begin with."""
    row = rows.get(PROGRAMS, program)
    return LANES - row["validity"] if row else 0


def credit(
    rows: Rows, entry: Entry, mint: Mint, ring: Ring, *, counts: bool, exact: bool = True
) -> None:
    """Add points that came to the rows as they were before them.

    Args:
        rows: The derived tables.
        entry: The event.
        mint: The points; their rows before are taken from here.
        ring: The points by age.
        counts: Whether they count towards a tier, as an award does.
        exact: Whether the ages are beyond doubt.
    """
    row, supply = mint.balance, mint.supply
    qualifying = row["qualifying"]
    if counts:
        qualifying = min(QUALIFYING_MAX, qualifying + mint.points + mint.paid)
    keep_balance(
        rows,
        row,
        plus(ring_in(row), ring),
        entry,
        qualifying=qualifying,
        exact=row["exact"] and exact,
    )
    keep_supply(rows, supply, plus(ring_in(supply), ring), exact=supply["exact"] and exact)


def no_award(rows: Rows, entry: Entry, mint: Mint, kind: str) -> None:
    """Take back what was booked for an award: the points came otherwise."""
    if mint.issuer is not None:
        rows.put(ISSUERS, **mint.issuer)
    rows.add(
        FLOWS,
        mint.program,
        epoch_of(rows, entry),
        awarded=-mint.points - mint.paid,
        awards=-1,
    )
    rows.change(MOVES, entry.block, mint.log_index, kind=kind)


def _arrived(rows: Rows, entry: Entry) -> None:
    event = entry.event
    epoch = epoch_of(rows, entry)
    trail = trail_of(rows, entry)
    balance = balance_at(rows, event.id, event.receiver, entry, epoch)
    paid = trail.take_paid(event.id, event.receiver)
    supply = supply_at(rows, event.id, epoch)
    mint = Mint(
        event.id, event.receiver, event.amount, paid, entry.log_index, balance, supply, None
    )
    trail.mints.append(mint)
    _note(rows, entry, "awarded")
    if _is_exchange(rows, entry, trail, mint):
        return
    units = event.amount + paid
    mint.issuer = spend_budget(rows, event.id, event.caller, units, epoch)
    credit(rows, entry, mint, at_age(award_lane(rows, event.id), event.amount), counts=True)
    rows.add(FLOWS, event.id, epoch, awarded=units, awards=1)


def _left(rows: Rows, entry: Entry) -> None:
    event = entry.event
    epoch = epoch_of(rows, entry)
    trail = trail_of(rows, entry)
    if _expired(rows, entry, epoch):
        return
    row = balance_at(rows, event.id, event.sender, entry, epoch)
    supply = supply_at(rows, event.id, epoch)
    taken = oldest(ring_in(row), event.amount)
    keep_balance(rows, row, minus(ring_in(row), taken), entry)
    exact = row["exact"] or not event.amount
    keep_supply(rows, supply, minus(ring_in(supply), taken), exact=supply["exact"] and exact)
    rows.add(FLOWS, event.id, epoch, redeemed=event.amount, redemptions=1)
    _note(rows, entry, "redeemed")
    trail.burns.append(Burn(event.id, event.sender, event.amount, taken, exact, entry.log_index))


def _expired(rows: Rows, entry: Entry, epoch: int) -> bool:
    """Whether the points left because their time was over.

    It is the first that an account's event of a later epoch tells, and exactly what fell off. The
    supply forgets such points by itself.
    """
    event = entry.event
    row = rows.get(BALANCES, event.id, event.sender)
    if row is None or row["epoch"] >= epoch:
        return False
    before = ring_in(row)
    left = rolled(before, row["epoch"], epoch)
    gone = sum(before) - sum(left)
    if not gone or (gone != event.amount and row["exact"]):
        return False
    if gone != event.amount:  # the ages were not known: what left tells more of them
        left = oldest(before, sum(before) - event.amount)
    keep_balance(rows, {**row, "epoch": epoch}, left, entry)
    _note(rows, entry, "expired")
    return True


def _changed_hands(rows: Rows, entry: Entry) -> None:
    event = entry.event
    epoch = epoch_of(rows, entry)
    trail_of(rows, entry)
    giver = balance_at(rows, event.id, event.sender, entry, epoch)
    held = ring_in(giver)
    taken = oldest(held, event.amount)
    sure = not event.amount or (giver["exact"] and not _may_choose_lane(entry, held))
    keep_balance(rows, giver, minus(held, taken), entry, exact=sure and giver["exact"])
    taker = balance_at(rows, event.id, event.receiver, entry, epoch)
    keep_balance(rows, taker, plus(ring_in(taker), taken), entry, exact=taker["exact"] and sure)
    rows.add(FLOWS, event.id, epoch, transferred=event.amount)
    _note(rows, entry, "transferred")


def _may_choose_lane(entry: Entry, held: Ring) -> bool:
    """Whether a holder may have moved a lane of its choice, which the event does not tell.

    Only the holder itself or the program's ERC-20 face can, and it matters only if the holder keeps
    points and has them in several lanes.
    """
    event = entry.event
    by_holder = event.caller == event.sender or event.id & 1 != 0
    return by_holder and event.amount < sum(held) and lanes_in_use(held) > 1


def _is_exchange(rows: Rows, entry: Entry, trail: Trail, mint: Mint) -> bool:
    """Carry out the second half of an exchange: burn, posting and mint, one after the other."""
    posted, trail.posted = trail.posted, None
    if posted is None:
        return False
    debtor, creditor, _, burn = posted
    if burn is None:
        return False
    if (creditor, mint.account) != (mint.program, burn.account) or debtor != burn.program:
        return False
    ring = _exchanged(rows, entry, burn, mint)
    # Lanes are rounded down one by one, so ages in doubt move the sum by up to three units.
    if abs(sum(ring) - mint.points) > (0 if burn.exact else LANES - 1):
        return False
    ring = plus(ring, at_age(0, mint.points - sum(ring)))
    credit(rows, entry, mint, ring, counts=False, exact=burn.exact)
    epoch = epoch_of(rows, entry)
    rows.add(FLOWS, mint.program, epoch, exchanged_in=mint.points)
    rows.add(
        FLOWS,
        burn.program,
        epoch,
        exchanged_out=burn.points,
        redeemed=-burn.points,
        redemptions=-1,
    )
    rows.change(MOVES, entry.block, mint.log_index, kind="exchanged_in", merchant=burn.program)
    rows.change(MOVES, entry.block, burn.log_index, kind="exchanged_out")
    return True


def _exchanged(rows: Rows, entry: Entry, burn: Burn, mint: Mint) -> Ring:
    giving, taking = rows.get(PROGRAMS, burn.program), rows.get(PROGRAMS, mint.program)
    assert giving is not None
    assert taking is not None
    off_ramp = prices_in(giving, entry.timestamp).off_ramp
    return scaled(burn.ring, off_ramp, prices_in(taking, entry.timestamp).on_ramp or 1)


def _note(rows: Rows, entry: Entry, kind: str) -> None:
    event = entry.event
    rows.put(
        MOVES,
        block=entry.block,
        log_index=entry.log_index,
        timestamp=entry.timestamp,
        program=event.id,
        kind=kind,
        sender=_someone(event.sender),
        receiver=_someone(event.receiver),
        points=event.amount,
        caller=event.caller,
        merchant=None,
        order_id=None,
        reference=None,
    )


def _someone(address: str) -> str | None:
    return None if address == ZERO_ADDRESS else address

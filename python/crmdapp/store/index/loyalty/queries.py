"""What customers and merchants ask the index: wallets, histories, programs and their customers.

Times that decide (``now``) come from the caller: the chain's time, or the wall clock's. Lists go by
key, never by offset: ``after`` is the key of the last row that was seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, tuple_
from sqlalchemy.orm import Session

from crmdapp.loyalty.errors import ProgramUnknown
from crmdapp.loyalty.models import EpochClock, Liability, Statement
from crmdapp.store.index.errors import IndexEmpty
from crmdapp.store.index.loyalty._accounts import ring_in
from crmdapp.store.index.loyalty.prices import prices_in
from crmdapp.store.index.loyalty.rings import rolled
from crmdapp.store.index.loyalty.tables import (
    BALANCES,
    CLOCKS,
    ISSUERS,
    MOVES,
    PROGRAMS,
    SUPPLIES,
)
from crmdapp.store.index.loyalty.views import Balance, Move, ProgramView, Supply
from crmdapp.store.index.schema import EVENTS


def clock(session: Session) -> EpochClock:
    """Return the hub's clock.

    Raises:
        IndexEmpty: The index has seen no event of the hub yet.
    """
    row = session.execute(select(CLOCKS)).mappings().first()
    if row is None:
        raise IndexEmpty("The index has nothing of the points hub yet.")
    return EpochClock(row["genesis"], row["epoch_length"])


# --------------------------------------------------------------------------- programs


def program(session: Session, number: int, *, now: int) -> ProgramView:
    """Return a program.

    Raises:
        ProgramUnknown: There is none of that number.
    """
    query = select(PROGRAMS).where(PROGRAMS.c.program == number)
    row = session.execute(query).mappings().first() if number < 1 << 63 else None
    if row is None:
        raise ProgramUnknown(number)
    return _program(row, now)


def programs(
    session: Session,
    *,
    now: int,
    owner: str | None = None,
    after: tuple[int] | None = None,
    limit: int = 50,
) -> list[ProgramView]:
    """Return programs in the order of their numbers, of one owner if named."""
    query = select(PROGRAMS).order_by(PROGRAMS.c.program).limit(limit)
    if owner is not None:
        query = query.where(PROGRAMS.c.owner == owner)
    if after is not None:
        query = query.where(PROGRAMS.c.program > after[0])
    return [_program(row, now) for row in session.execute(query).mappings()]


def programs_of(session: Session, address: str, *, now: int, limit: int = 200) -> list[ProgramView]:
    """Return the programs that an address owns, or may award points of."""
    issued = select(ISSUERS.c.program).where(ISSUERS.c.issuer == address, ISSUERS.c.budget != 0)
    query = (
        select(PROGRAMS)
        .where(or_(PROGRAMS.c.owner == address, PROGRAMS.c.program.in_(issued)))
        .order_by(PROGRAMS.c.program)
        .limit(limit)
    )
    return [_program(row, now) for row in session.execute(query).mappings()]


def may_see(session: Session, number: int, address: str) -> bool:
    """Return whether a program's figures are an address's own: its owner's or an issuer's."""
    if number >= 1 << 63:
        return False
    owner = select(PROGRAMS.c.program).where(
        PROGRAMS.c.program == number, PROGRAMS.c.owner == address
    )
    issuer = select(ISSUERS.c.program).where(
        ISSUERS.c.program == number, ISSUERS.c.issuer == address, ISSUERS.c.budget != 0
    )
    return session.execute(owner.union_all(issuer)).first() is not None


def is_offered(session: Session, number: int, address: str) -> bool:
    """Return whether a program was offered to an address, which may take it over."""
    if number >= 1 << 63:
        return False
    query = select(PROGRAMS.c.program).where(
        PROGRAMS.c.program == number, PROGRAMS.c.pending_owner == address
    )
    return session.execute(query).first() is not None


def names_of(session: Session, numbers: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return name and symbol of programs."""
    query = select(PROGRAMS.c.program, PROGRAMS.c.name, PROGRAMS.c.symbol).where(
        PROGRAMS.c.program.in_(sorted(set(numbers)))
    )
    return {row.program: (row.name, row.symbol) for row in session.execute(query)}


def supply(session: Session, number: int, *, now: int) -> Supply:
    """Return what a program owes its customers at ``now``, by age.

    Raises:
        ProgramUnknown: There is none of that number.
    """
    query = select(SUPPLIES).where(SUPPLIES.c.program == number)
    row = session.execute(query).mappings().first() if number < 1 << 63 else None
    if row is None:
        raise ProgramUnknown(number)
    hours = clock(session)
    epoch = max(hours.epoch_at(now), row["epoch"])
    ring = rolled(ring_in(dict(row)), row["epoch"], epoch)
    points = row["coupon_points"] if row["epoch"] == epoch else 0
    owed = Liability(number, ring, epoch, hours.expiries(epoch))
    return Supply(owed, points, row["holders"], row["exact"])


# --------------------------------------------------------------------------- customers


def wallet(session: Session, account: str, *, now: int, empty: bool = False) -> list[Balance]:
    """Return what an account holds in every program, at ``now``.

    Args:
        session: The index.
        account: Whose points.
        now: Unix seconds.
        empty: Also programs in which the account has neither points nor a debt left.
    """
    query = (
        select(BALANCES, PROGRAMS)
        .join(PROGRAMS, PROGRAMS.c.program == BALANCES.c.program)
        .where(BALANCES.c.account == account)
        .order_by(BALANCES.c.program)
    )
    hours = clock(session)
    found = [_balance(row, _program(row, now), hours, now) for row in _rows(session, query)]
    return [item for item in found if empty or item.points or item.debt]


def balance(session: Session, number: int, account: str, *, now: int) -> Balance:
    """Return what an account holds in one program; nothing if it never got any.

    Raises:
        ProgramUnknown: There is none of that number.
    """
    view = program(session, number, now=now)
    query = select(BALANCES).where(BALANCES.c.program == number, BALANCES.c.account == account)
    row = session.execute(query).mappings().first()
    hours = clock(session)
    if row is not None:
        return _balance(row, view, hours, now)
    epoch = hours.epoch_at(now)
    nothing = Statement(number, account, (0, 0, 0, 0), 0, 0, epoch, hours.expiries(epoch))
    return Balance(view, nothing, 0, True, 0, 0)


def customers(
    session: Session,
    number: int,
    *,
    now: int,
    after: tuple[str] | None = None,
    limit: int = 50,
) -> list[Balance]:
    """Return everybody who ever held a program's points, in the order of addresses.

    Raises:
        ProgramUnknown: There is none of that number.
    """
    view = program(session, number, now=now)
    query = select(BALANCES).where(BALANCES.c.program == number)
    if after is not None:
        query = query.where(BALANCES.c.account > after[0])
    hours = clock(session)
    rows = _rows(session, query.order_by(BALANCES.c.account).limit(limit))
    return [_balance(row, view, hours, now) for row in rows]


# --------------------------------------------------------------------------- histories


def history(
    session: Session,
    account: str,
    *,
    program: int | None = None,
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Move]:
    """Return the movements of an account's points, the latest first, of one program if named."""
    sides = [
        _moves(MOVES.c[side] == account, program, after, limit) for side in ("sender", "receiver")
    ]
    found = {move.key: move for side in sides for move in _as_moves(session, side)}
    return [found[key] for key in sorted(found, reverse=True)[:limit]]


def program_history(
    session: Session,
    number: int,
    *,
    kinds: Sequence[str] = (),
    after: tuple[int, int] | None = None,
    limit: int = 50,
) -> list[Move]:
    """Return the movements of a program's points, the latest first, of some kinds if named."""
    where: ColumnElement[bool] = MOVES.c.program == number
    if kinds:
        where = and_(where, MOVES.c.kind.in_(kinds))
    return _as_moves(session, _moves(where, None, after, limit))


def _moves(
    where: ColumnElement[bool], program: int | None, after: tuple[int, int] | None, limit: int
) -> Any:
    event = and_(EVENTS.c.block == MOVES.c.block, EVENTS.c.log_index == MOVES.c.log_index)
    query = select(MOVES, EVENTS.c.tx_hash).join(EVENTS, event).where(where)
    if program is not None:
        query = query.where(MOVES.c.program == program)
    if after is not None:
        query = query.where(tuple_(MOVES.c.block, MOVES.c.log_index) < tuple_(*after))
    return query.order_by(MOVES.c.block.desc(), MOVES.c.log_index.desc()).limit(limit)


def _as_moves(session: Session, query: Any) -> list[Move]:
    return [Move(**row) for row in session.execute(query).mappings()]


# --------------------------------------------------------------------------- inside


def _rows(session: Session, query: Any) -> list[RowMapping]:
    return list(session.execute(query).mappings())


def _program(row: RowMapping, now: int) -> ProgramView:
    return ProgramView(
        program=row["program"],
        name=row["name"],
        symbol=row["symbol"],
        owner=row["owner"],
        pending_owner=row["pending_owner"],
        validity=row["validity"],
        cap=row["cap"],
        tiers=tuple(json.loads(row["tiers"])),
        clawback=row["clawback"],
        coupon_key=row["coupon_key"],
        coupon_budget=row["coupon_budget"],
        dropped_in=row["dropped_in"],
        prices=prices_in(dict(row), now),
        created_at=row["created_at"],
    )


def _balance(row: RowMapping, view: ProgramView, hours: EpochClock, now: int) -> Balance:
    epoch = max(hours.epoch_at(now), row["epoch"])
    statement = Statement(
        program=view.program,
        account=row["account"],
        by_age=rolled(ring_in(dict(row)), row["epoch"], epoch),
        qualifying=row["qualifying"],
        tier=row["tier"],
        epoch=epoch,
        expiries=hours.expiries(epoch),
    )
    return Balance(view, statement, row["debt"], row["exact"], row["first_at"], row["last_at"])

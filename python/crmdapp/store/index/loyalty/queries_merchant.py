"""What a merchant asks the index: figures by epoch, budgets, positions, campaigns, orders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, Table, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from crmdapp.chain.decode import decode_error
from crmdapp.loyalty.points import UNLIMITED
from crmdapp.store.index.loyalty._accounts import expiries, ring_in
from crmdapp.store.index.loyalty.queries import clock, names_of, program
from crmdapp.store.index.loyalty.tables import (
    ACCEPTANCES,
    BATCHES,
    CARDS,
    COUPONS,
    DEPOSITS,
    DROPS,
    FLOWS,
    GUILD_MERCHANTS,
    GUILDS,
    ISSUERS,
    POSITIONS,
    REDEMPTIONS,
    SETTLEMENTS,
    SKIPS,
    SUPPLIES,
    TERMS,
)
from crmdapp.store.index.loyalty.views import (
    BatchView,
    CampaignView,
    CardView,
    DepositView,
    Flow,
    GuildView,
    IssuerView,
    PositionView,
    RedemptionView,
    SettlementView,
    SkipView,
    TermsView,
)

_FLOW_COLUMNS = tuple(Flow.__dataclass_fields__)


def flows(session: Session, number: int, *, now: int, epochs: int = 8) -> list[Flow]:
    """Return what happened in the latest epochs, the present one last; quiet epochs are zeros.

    Raises:
        ProgramUnknown: There is none of that number.
    """
    program(session, number, now=now)
    last = clock(session).epoch_at(now)
    first = max(4, last - epochs + 1)
    query = select(FLOWS).where(FLOWS.c.program == number, FLOWS.c.epoch >= first)
    kept = {row["epoch"]: row for row in session.execute(query).mappings()}
    late = _late_expiries(session, number, last)
    return [_flow(epoch, kept.get(epoch), late.get(epoch, 0)) for epoch in range(first, last + 1)]


def issuers(session: Session, number: int, *, now: int) -> list[IssuerView]:
    """Return who may award, with what is left of each budget in this epoch."""
    view = program(session, number, now=now)
    epoch = clock(session).epoch_at(now)
    query = select(ISSUERS).where(ISSUERS.c.program == number, ISSUERS.c.budget != 0)
    found = []
    for row in session.execute(query.order_by(ISSUERS.c.issuer)).mappings():
        used = row["used"] if row["epoch"] == epoch else 0
        left = None if row["budget"] == UNLIMITED else max(0, row["budget"] - used)
        exact = left is None or view.dropped_in != epoch
        found.append(IssuerView(number, row["issuer"], row["budget"], used, left, exact))
    return found


def positions(session: Session, number: int) -> list[PositionView]:
    """Return what a program and each other program owe each other, in 10^-6 coin."""
    query = select(POSITIONS).where(
        or_(POSITIONS.c.debtor == number, POSITIONS.c.creditor == number)
    )
    forth: dict[int, RowMapping] = {}
    back: dict[int, RowMapping] = {}
    for row in session.execute(query).mappings():
        if row["debtor"] == number:
            forth[row["creditor"]] = row
        else:
            back[row["debtor"]] = row
    others = sorted(forth.keys() | back.keys())
    names = names_of(session, others)
    return [
        _position(number, other, names.get(other, ("", ""))[0], forth.get(other), back.get(other))
        for other in others
    ]


def deposit(session: Session, number: int) -> DepositView:
    """Return a program's deposit at the clearing house."""
    row = session.execute(select(DEPOSITS).where(DEPOSITS.c.program == number)).mappings().first()
    return DepositView(number, 0, 0) if row is None else DepositView(**row)


def settlements(
    session: Session, number: int, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[SettlementView]:
    """Return payments of and to a program, the latest first."""
    where = or_(SETTLEMENTS.c.debtor == number, SETTLEMENTS.c.creditor == number)
    query = _latest(SETTLEMENTS, after, limit).where(where)
    return [SettlementView(**row) for row in session.execute(query).mappings()]


def campaigns(session: Session, number: int) -> list[CampaignView]:
    """Return what each campaign gave, at most 500."""
    coupons = session.execute(
        select(COUPONS.c.campaign, func.count(), func.sum(COUPONS.c.points))
        .where(COUPONS.c.program == number, COUPONS.c.campaign.is_not(None))
        .group_by(COUPONS.c.campaign)
        .limit(500)
    )
    found = {row[0]: [row[1], 0, 0, int(row[2])] for row in coupons}
    drops = session.execute(
        select(DROPS.c.campaign, func.count(), func.sum(DROPS.c.claims), func.sum(DROPS.c.claimed))
        .where(DROPS.c.program == number)
        .group_by(DROPS.c.campaign)
        .limit(500)
    )
    for name, count, claims, points in drops:
        figures = found.setdefault(name, [0, 0, 0, 0])
        figures[1] += count
        figures[2] += int(claims)
        figures[3] += int(points)
    return [CampaignView(name, *figures) for name, figures in sorted(found.items())]


def drops(session: Session, number: int, *, limit: int = 200) -> list[int]:
    """Return the numbers of a program's drops, the latest first."""
    query = select(DROPS.c.drop).where(DROPS.c.program == number)
    return list(session.execute(query.order_by(DROPS.c.drop.desc()).limit(limit)).scalars())


def drop_program(session: Session, drop: int) -> int | None:
    """Return the program of a drop; ``None`` if there is no such drop."""
    if drop >= 1 << 63:
        return None
    query = select(DROPS.c.program).where(DROPS.c.drop == drop)
    return session.execute(query).scalar_one_or_none()


def redemptions(
    session: Session, merchant: int, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[RedemptionView]:
    """Return a merchant's orders, the latest first."""
    place = (REDEMPTIONS.c.block, REDEMPTIONS.c.order_id)
    query = select(REDEMPTIONS).where(REDEMPTIONS.c.merchant == merchant)
    if after is not None:
        query = query.where(tuple_(*place) < tuple_(*after))
    query = query.order_by(place[0].desc(), place[1].desc()).limit(limit)
    return [RedemptionView(**row) for row in session.execute(query).mappings()]


def redemption(session: Session, merchant: int, order_id: int) -> RedemptionView | None:
    """Return an order of a merchant; ``None`` if it was not redeemed."""
    query = select(REDEMPTIONS).where(
        REDEMPTIONS.c.merchant == merchant, REDEMPTIONS.c.order_id == order_id
    )
    row = session.execute(query).mappings().first()
    return None if row is None else RedemptionView(**row)


def batches(
    session: Session, number: int, *, after: tuple[int, bytes] | None = None, limit: int = 50
) -> list[BatchView]:
    """Return a program's batches of awards, the latest first."""
    query = select(BATCHES).where(BATCHES.c.program == number)
    if after is not None:
        earlier = BATCHES.c.block < after[0]
        same = and_(BATCHES.c.block == after[0], BATCHES.c.batch_id < after[1])
        query = query.where(or_(earlier, same))
    query = query.order_by(BATCHES.c.block.desc(), BATCHES.c.batch_id.desc()).limit(limit)
    return [BatchView(**row) for row in session.execute(query).mappings()]


def skips(
    session: Session, number: int, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[SkipView]:
    """Return signed redemptions of a program's points that were left out, the latest first."""
    query = _latest(SKIPS, after, limit).where(SKIPS.c.program == number)
    return [
        SkipView(**{**row, "reason": reason_name(row["reason"])})
        for row in session.execute(query).mappings()
    ]


def reason_name(selector: str) -> str:
    """Return the name of the error that a selector, 8 hex digits, belongs to."""
    data = bytes.fromhex(selector) + bytes(32 * 8)
    return type(decode_error(data)).__name__


def terms(session: Session, number: int) -> list[TermsView]:
    """Return the versions of a program's terms, the latest first, with how many accepted each."""
    counted = (
        select(func.count())
        .where(
            ACCEPTANCES.c.program == TERMS.c.program,
            ACCEPTANCES.c.bundle_hash == TERMS.c.bundle_hash,
        )
        .scalar_subquery()
    )
    query = (
        select(TERMS, counted.label("accepted"))
        .where(TERMS.c.program == number)
        .order_by(TERMS.c.version.desc())
    )
    return [TermsView(**row) for row in session.execute(query).mappings()]


def guilds_of(session: Session, address: str, *, limit: int = 100) -> list[GuildView]:
    """Return the guilds that an address owns or takes gift vouchers of."""
    member = select(GUILD_MERCHANTS.c.guild).where(GUILD_MERCHANTS.c.merchant == address)
    query = select(GUILDS).where(or_(GUILDS.c.owner == address, GUILDS.c.guild.in_(member)))
    found = []
    for row in session.execute(query.order_by(GUILDS.c.guild).limit(limit)).mappings():
        merchants = session.execute(
            select(GUILD_MERCHANTS.c.merchant)
            .where(GUILD_MERCHANTS.c.guild == row["guild"])
            .order_by(GUILD_MERCHANTS.c.merchant)
        ).scalars()
        found.append(GuildView(row["guild"], row["owner"], tuple(merchants)))
    return found


def cards_of(session: Session, buyer: str, *, limit: int = 200) -> list[CardView]:
    """Return the gift vouchers that an address bought, the latest first."""
    query = select(CARDS).where(CARDS.c.buyer == buyer).order_by(CARDS.c.bought_at.desc())
    return [CardView(**row) for row in session.execute(query.limit(limit)).mappings()]


def card(session: Session, number: bytes) -> CardView | None:
    """Return a gift voucher; ``None`` if it was never bought."""
    row = session.execute(select(CARDS).where(CARDS.c.card == number)).mappings().first()
    return None if row is None else CardView(**row)


def _latest(table: Table, after: tuple[int, int] | None, limit: int) -> Any:
    query = select(table)
    if after is not None:
        query = query.where(tuple_(table.c.block, table.c.log_index) < tuple_(*after))
    return query.order_by(table.c.block.desc(), table.c.log_index.desc()).limit(limit)


def _late_expiries(session: Session, number: int, epoch: int) -> dict[int, int]:
    """Return what expired since the supply was last touched, by epoch."""
    query = select(SUPPLIES).where(SUPPLIES.c.program == number)
    row = session.execute(query).mappings().one()
    return dict(expiries(ring_in(dict(row)), row["epoch"], epoch))


def _flow(epoch: int, row: RowMapping | None, late: int) -> Flow:
    values = {name: 0 if row is None else row[name] for name in _FLOW_COLUMNS}
    return Flow(**{**values, "epoch": epoch, "expired": values["expired"] + late})


def _position(
    number: int,
    other: int,
    name: str,
    forth: RowMapping | None,
    back: RowMapping | None,
) -> PositionView:
    return PositionView(
        program=number,
        other=other,
        other_name=name,
        owed=forth["owed"] if forth else 0,
        limit=forth["limit"] if forth else 0,
        due=back["owed"] if back else 0,
        due_limit=back["limit"] if back else 0,
        settled_at=max(row["settled_at"] if row else 0 for row in (forth, back)),
    )

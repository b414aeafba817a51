"""Questions about works, their market and the board of curators.

Lists go by key: the last row's ``cursor`` is the next call's ``after``. What ends with time is
told by ``now``, the chain's or the caller's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, or_, select

from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.errors import ArtworkUnknown, CaseUnknown
from crmdapp.provenance.models import Auction, CaseStatus, Ground
from crmdapp.provenance.review import RegisteredWork
from crmdapp.store.index.provenance.rows import (
    Board,
    Case,
    CurrencyRow,
    Place,
    Vote,
    Work,
    WorkEvent,
)
from crmdapp.store.index.provenance.tables import (
    ARTWORK_EVENTS,
    ARTWORKS,
    AUCTIONS,
    BOARDS,
    BOND_FLOWS,
    CASES,
    CREDITS,
    CURATORS,
    CURRENCIES,
    GALLERIES,
    VOTES,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

__all__ = [
    "Board",
    "Case",
    "CurrencyRow",
    "Place",
    "Vote",
    "Work",
    "WorkEvent",
    "auction",
    "board",
    "bond_credit_of",
    "case",
    "cases",
    "credit_of",
    "curators",
    "currencies",
    "each",
    "gallery",
    "newest",
    "oldest",
    "sales_of",
    "standing_works",
    "timeline",
    "votes",
    "votes_of",
    "work",
    "works",
    "works_of_file",
]


# ----------------------------------------------------------------- works


def works(
    session: Session,
    *,
    artist: str | None = None,
    owner: str | None = None,
    for_sale: bool = False,
    auctioned: bool = False,
    after: Place | None = None,
    limit: int = 24,
) -> list[Work]:
    """Return registered works, the newest first.

    Args:
        session: From :meth:`~crmdapp.store.index.Index.reading`.
        artist: Only this artist's.
        owner: Only this owner's.
        for_sale: Only those with a price.
        auctioned: Only those in an auction.
        after: Cursor of the last one seen.
        limit: Most of them.
    """
    table = ARTWORKS.c
    query = select(ARTWORKS)
    if artist is not None:
        query = query.where(table.artist == artist)
    if owner is not None:
        query = query.where(table.owner == owner)
    if for_sale:
        query = query.where(table.price != 0, table.is_auctioned.is_(False))
    if auctioned:
        query = query.where(table.is_auctioned.is_(True))
    query = newest(query, (table.registered_block, table.registered_place), after, limit)
    return [_work(row) for row in session.execute(query)]


def work(session: Session, id_: int) -> Work:
    """Return a work.

    Raises:
        ArtworkUnknown: No such work is registered.
    """
    row = session.execute(select(ARTWORKS).where(ARTWORKS.c.id == id_)).one_or_none()
    if row is None:
        raise ArtworkUnknown(id_)
    return _work(row)


def works_of_file(session: Session, file_keccak: bytes) -> list[Work]:
    """Return the records of a file, the last first; those before it were revoked."""
    query = select(ARTWORKS).where(ARTWORKS.c.file_keccak == file_keccak)
    found = [_work(row) for row in session.execute(query)]
    return sorted(found, key=lambda item: item.artwork.succession, reverse=True)


def standing_works(session: Session) -> list[RegisteredWork]:
    """Return all works whose record stands, as far as it matters for likeness, the first first."""
    table = ARTWORKS.c
    query = (
        select(table.id, table.file_keccak, table.p_hash, table.artist, table.registered_at)
        .where(table.is_revoked.is_(False))
        .order_by(table.registered_block, table.registered_place)
    )
    return [RegisteredWork(*row, n) for n, row in enumerate(session.execute(query), start=1)]


def timeline(
    session: Session, id_: int, *, after: Place | None = None, limit: int = 200
) -> list[WorkEvent]:
    """Return what happened to a work, the first first."""
    query = select(ARTWORK_EVENTS).where(ARTWORK_EVENTS.c.work == id_)
    order = (ARTWORK_EVENTS.c.block, ARTWORK_EVENTS.c.place)
    query = oldest(query, order, after, limit)
    return [_event(row) for row in session.execute(query)]


def sales_of(
    session: Session, account: str, *, after: Place | None = None, limit: int = 50
) -> list[WorkEvent]:
    """Return the sales in which an account bought or sold, the newest first."""
    table = ARTWORK_EVENTS.c
    query = select(ARTWORK_EVENTS).where(
        table.kind == "ArtworkSold", or_(table.giver == account, table.taker == account)
    )
    query = newest(query, (table.block, table.place), after, limit)
    return [_event(row) for row in session.execute(query)]


def auction(session: Session, id_: int) -> Auction | None:
    """Return a work's auction; ``None`` if there is none."""
    row = session.execute(select(AUCTIONS).where(AUCTIONS.c.work == id_)).one_or_none()
    return None if row is None else Auction(row.bidder, row.bid, row.ends_at)


def currencies(session: Session) -> list[CurrencyRow]:
    """Return the currency table."""
    query = select(CURRENCIES).order_by(CURRENCIES.c.currency)
    return [CurrencyRow(*row) for row in session.execute(query)]


def credit_of(session: Session, account: str) -> dict[str, int]:
    """Return what waits for an account, base units by coin; ether under ``""``."""
    query = select(CREDITS.c.token, CREDITS.c.amount).where(CREDITS.c.account == account)
    return {row.token: row.amount for row in session.execute(query)}


def gallery(session: Session) -> str | None:
    """Return who has the gallery's role; ``None`` if there is no gallery."""
    found: str | None = session.execute(select(GALLERIES.c.gallery)).scalar()
    return found


# ----------------------------------------------------------------- the board


def board(session: Session) -> Board | None:
    """Return the board as it is; ``None`` if there is none."""
    row = session.execute(select(BOARDS)).one_or_none()
    if row is None:
        return None
    return Board(
        curators(session),
        row.quorum,
        row.epoch,
        row.standards_version,
        row.standards_hash,
        row.standards_since,
    )


def curators(session: Session) -> tuple[str, ...]:
    """Return who is a curator now, by rising address."""
    found = session.execute(select(CURATORS.c.account)).scalars()
    return tuple(sorted(found, key=lambda account: int(account, 16)))


def cases(
    session: Session,
    *,
    status: CaseStatus | None = None,
    work: int | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> list[Case]:
    """Return cases, the newest first."""
    query = select(CASES)
    if status is not None:
        query = query.where(CASES.c.status == int(status))
    if work is not None:
        query = query.where(CASES.c.work == work)
    query = newest(query, (CASES.c.opened_block, CASES.c.opened_place), after, limit)
    return [_case(row) for row in session.execute(query)]


def case(session: Session, case_id: bytes) -> Case:
    """Return a case.

    Raises:
        CaseUnknown: There is no such case.
    """
    row = session.execute(select(CASES).where(CASES.c.case_id == case_id)).one_or_none()
    if row is None:
        raise CaseUnknown(case_id)
    return _case(row)


def votes(session: Session, case_id: bytes) -> list[Vote]:
    """Return the votes of a case, in the order in which they were committed."""
    query = select(VOTES).where(VOTES.c.case_id == case_id)
    query = query.order_by(VOTES.c.committed_at, VOTES.c.curator)
    return [Vote(*row) for row in session.execute(query)]


def votes_of(session: Session, curator: str, *, limit: int = 200) -> list[Vote]:
    """Return a curator's votes, the newest first."""
    query = select(VOTES).where(VOTES.c.curator == curator)
    query = query.order_by(VOTES.c.committed_at.desc(), VOTES.c.case_id).limit(limit)
    return [Vote(*row) for row in session.execute(query)]


def bond_credit_of(session: Session, account: str, bond: int) -> int:
    """Return the wei that an account may withdraw from the board.

    Args:
        session: From :meth:`~crmdapp.store.index.Index.reading`.
        account: The opener or defender of cases, or a curator.
        bond: The board's bond, wei, which no event tells.
    """
    flow = session.execute(select(BOND_FLOWS).where(BOND_FLOWS.c.account == account)).one_or_none()
    total = 0 if flow is None else flow.rewarded - flow.withdrawn
    is_party = or_(CASES.c.opener == account, CASES.c.defender == account)
    query = select(CASES).where(is_party, CASES.c.status != int(CaseStatus.OPEN))
    return int(
        total + sum(_bonds_back(_case(row), account, bond) for row in session.execute(query))
    )


def _bonds_back(found: Case, account: str, bond: int) -> int:
    """Return what a concluded case gave back to one of its parties."""
    if found.status is CaseStatus.UNDECIDED:
        return bond * ((found.opener == account) + (found.defender == account))
    is_defended = found.defender is not None
    winner = found.opener
    if is_defended and found.status is CaseStatus.REJECTED:
        winner = str(found.defender)
    if winner != account:
        return 0
    is_lost = found.status is CaseStatus.REJECTED or is_defended
    shown = found.ayes + found.noes
    share = (bond // 2 if is_defended else bond) // shown if is_lost else 0
    return bond * (1 + is_defended) - share * shown


# ----------------------------------------------------------------- inside


def newest(
    query: Select[Any], order: tuple[ColumnElement[int], ...], after: Place | None, limit: int
) -> Select[Any]:
    """Return a query that goes on behind a place, backwards in the order of the chain."""
    block, place = order
    if after is not None:
        behind = or_(block < after[0], and_(block == after[0], place < after[1]))
        query = query.where(behind)
    return query.order_by(block.desc(), place.desc()).limit(limit)


def oldest(
    query: Select[Any], order: tuple[ColumnElement[int], ...], after: Place | None, limit: int
) -> Select[Any]:
    """Return a query that goes on behind a place, in the order of the chain."""
    block, place = order
    if after is not None:
        query = query.where(or_(block > after[0], and_(block == after[0], place > after[1])))
    return query.order_by(block, place).limit(limit)


def each(session: Session, table: Table) -> Iterator[Row[Any]]:
    """Yield all rows of a table by primary key."""
    yield from session.execute(select(table).order_by(*table.primary_key.columns))


def _work(row: Row[Any]) -> Work:
    record = Artwork(
        row.file_keccak,
        row.file_sha256,
        row.cid_digest,
        row.p_hash,
        row.metadata_hash,
        row.artist,
        row.royalty_bps,
        row.succession,
        row.standards_version,
        row.deadline,
    )
    names = [name for name in Work.__slots__ if name != "artwork"]
    return Work(record, *(getattr(row, name) for name in names))


def _event(row: Row[Any]) -> WorkEvent:
    return WorkEvent(*(getattr(row, name) for name in WorkEvent.__slots__))


def _case(row: Row[Any]) -> Case:
    told = {name: getattr(row, name) for name in Case.__slots__}
    told["ground"], told["status"] = Ground(row.ground), CaseStatus(row.status)
    told["artwork"] = None if row.artwork is None else _submitted(row.artwork)
    return Case(**told)


def _submitted(text: str) -> Artwork:
    """Return the record of a submission; its artist is the one word of 20 bytes, in hex too."""
    values = json.loads(text)
    words: list[Any] = [
        bytes.fromhex(value[2:]) if isinstance(value, str) and len(value) == 66 else value
        for value in values
    ]
    return Artwork(*words)

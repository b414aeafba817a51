"""Questions about logs, attestations, badges and rewards, answered by the index alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.orm import Session

from crmdapp.customers.attestations import AttestationStatus
from crmdapp.store.index.customers.models import (
    IndexedAttestation,
    IndexedBadge,
    IndexedBatch,
    IndexedChallenge,
    IndexedLog,
    IndexedReward,
    IndexedTopic,
)
from crmdapp.store.index.customers.queries import PAGE
from crmdapp.store.index.customers.tables import (
    ATTESTATIONS,
    BADGES,
    BATCHES,
    CHALLENGES,
    DISOWNED,
    LOGS,
    REWARDS,
    TOPICS,
)


def logs_of(session: Session, operator: str) -> list[IndexedLog]:
    """Return the logs of an account, by number."""
    query = select(LOGS).where(LOGS.c.operator == operator).order_by(LOGS.c.log)
    return [_of(IndexedLog, row) for row in _rows(session, query)]


def log_at(session: Session, log: bytes) -> IndexedLog | None:
    """Return a log; ``None`` if it was neither opened nor anchored in."""
    rows = _rows(session, select(LOGS).where(LOGS.c.log == log))
    return next((_of(IndexedLog, row) for row in rows), None)


def batches_of(
    session: Session, log: bytes, *, before: int | None = None, limit: int = PAGE
) -> list[IndexedBatch]:
    """Return the batches of a log, newest first.

    Args:
        session: Of the index.
        log: Which.
        before: Number of the last batch of the page before.
        limit: Most rows.
    """
    query = select(BATCHES).where(BATCHES.c.log == log)
    if before is not None:
        query = query.where(BATCHES.c.number < before)
    query = query.order_by(BATCHES.c.number.desc()).limit(limit)
    return [_of(IndexedBatch, row) for row in _rows(session, query)]


def challenges_of(
    session: Session,
    log: bytes,
    *,
    only_open: bool = False,
    after: bytes | None = None,
    limit: int = PAGE,
) -> list[IndexedChallenge]:
    """Return the challenges of a log, by receipt.

    Args:
        session: Of the index.
        log: Which.
        only_open: Whether those that are answered or flagged are left out.
        after: Receipt of the last challenge of the page before.
        limit: Most rows.
    """
    columns = CHALLENGES.c
    query = select(CHALLENGES).where(columns.log == log)
    if only_open:
        query = query.where(columns.answered.is_(False), columns.flagged.is_(False))
    if after is not None:
        query = query.where(columns.receipt_hash > after)
    query = query.order_by(columns.receipt_hash).limit(limit)
    return [_of(IndexedChallenge, row) for row in _rows(session, query)]


def count_open_challenges(session: Session, log: bytes) -> int:
    """Return how many challenges of a log wait for an answer or a flag."""
    columns = CHALLENGES.c
    query = select(func.count()).select_from(CHALLENGES)
    query = query.where(columns.log == log, columns.answered.is_(False))
    return session.scalar(query.where(columns.flagged.is_(False))) or 0


def topics_of(session: Session, owner: str) -> list[IndexedTopic]:
    """Return the topics of an owner, by number."""
    query = select(TOPICS).where(TOPICS.c.owner == owner).order_by(TOPICS.c.topic)
    return [_of(IndexedTopic, row) for row in _rows(session, query)]


def attestations_by(
    session: Session,
    attestor: str,
    *,
    now: int,
    after: bytes | None = None,
    limit: int = PAGE,
) -> list[IndexedAttestation]:
    """Return the words of an attestor, by statement.

    Args:
        session: Of the index.
        attestor: Whose.
        now: Unix seconds.
        after: Statement of the last row of the page before.
        limit: Most rows.
    """
    columns = ATTESTATIONS.c
    query = _attestations().where(columns.attestor == attestor).order_by(columns.uid)
    if after is not None:
        query = query.where(columns.uid > after)
    return [_attestation(row, now) for row in _rows(session, query.limit(limit))]


def attestations_on(session: Session, uid: bytes, *, now: int) -> list[IndexedAttestation]:
    """Return all words on a statement, by attestor."""
    columns = ATTESTATIONS.c
    query = _attestations().where(columns.uid == uid).order_by(columns.attestor)
    return [_attestation(row, now) for row in _rows(session, query)]


def badge_of(session: Session, identity: str) -> IndexedBadge | None:
    """Return the badge of an identity; ``None`` if it has none, or burned it."""
    query = select(BADGES).where(BADGES.c.identity == identity, BADGES.c.holder.is_not(None))
    return next((_of(IndexedBadge, row) for row in _rows(session, query)), None)


def rewards_of(
    session: Session, sponsor: str, *, before: int | None = None, limit: int = PAGE
) -> list[IndexedReward]:
    """Return the reward campaigns of a sponsor, newest first.

    Args:
        session: Of the index.
        sponsor: Whose.
        before: Number of the last campaign of the page before.
        limit: Most rows.
    """
    query = select(REWARDS).where(REWARDS.c.sponsor == sponsor)
    if before is not None:
        query = query.where(REWARDS.c.campaign < before)
    query = query.order_by(REWARDS.c.campaign.desc()).limit(limit)
    return [_of(IndexedReward, row) for row in _rows(session, query)]


def _attestations() -> Select[Any]:
    disowned = DISOWNED.c.at.is_not(None).label("disowned")
    joined = ATTESTATIONS.outerjoin(DISOWNED, DISOWNED.c.uid == ATTESTATIONS.c.uid)
    return select(ATTESTATIONS, disowned).select_from(joined)


def _attestation(row: RowMapping, now: int) -> IndexedAttestation:
    issued = row["status"] == int(AttestationStatus.ISSUED)
    in_time = row["expiry"] == 0 or now < row["expiry"]
    disowned = bool(row["disowned"])
    return IndexedAttestation(
        **{**row, "disowned": disowned, "stands": issued and in_time and not disowned}
    )


def _of(kind: type[Any], row: RowMapping) -> Any:
    return kind(**{name: row[name] for name in kind.__slots__})


def _rows(session: Session, query: Select[Any]) -> Any:
    return session.execute(query).mappings()

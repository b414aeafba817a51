"""Events of the index become messages, each once; what a reorg undoes becomes another message.

Reading goes on from the last block that was taken over and is still on the chain. A message's id
follows from its event, so that taking an event over twice makes no second message.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.orm import Session

from crmdapp.store.index.database import position_in
from crmdapp.store.index.schema import BLOCKS, EVENTS
from crmdapp.web.state import endpoints, outbox, seen_blocks
from crmdapp.web.webhooks.holders import holders_of
from crmdapp.web.webhooks.owners import owners_of

if TYPE_CHECKING:
    from crmdapp.store.index import Position
    from crmdapp.web.context import Context

EVENTS_AT_ONCE = 1_000
KEPT_BLOCKS = 1_024
UNDONE = ".undone"


@dataclass(frozen=True, slots=True)
class _Endpoint:
    id: str
    merchant: str
    events: frozenset[str]

    def wants(self, kind: str) -> bool:
        return not self.events or kind in self.events or kind.partition(".")[0] in self.events


def gather(context: Context) -> int:
    """Take over what the index has that no message tells yet; return how many were made.

    Raises:
        StoreProblem: A database cannot be used; nothing was taken over.
    """
    with context.index.reading() as index, context.state.writing() as session:
        position = position_in(index)
        if position is None:
            return 0
        _alone(session)
        listening = _listening(session)
        made, start = _undo(session, index, position)
        if start is None or not listening:
            _see(session, position.block, position.hash)
            return made
        rows, is_all = _events(index, start + 1, position)
        for row in rows:
            made += _tell(context, session, index, row, listening)
        if is_all:
            _see(session, position.block, position.hash)
        else:
            _see(session, rows[-1].block, bytes(rows[-1].hash))
        _forget_old(session)
        return made


def message_id(endpoint: str, block_hash: bytes, log_index: int, turn: int) -> str:
    """Return the id of a message: the same for the same event, endpoint and turn."""
    text_ = f"{endpoint}/{block_hash.hex()}/{log_index}/{turn}"
    return "msg_" + hashlib.sha256(text_.encode()).hexdigest()[:32]


def _alone(session: Session) -> None:
    """Let one process at a time take events over; SQLite's writing does so by itself."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext('crmdapp outbox'))"))


def _listening(session: Session) -> list[_Endpoint]:
    rows = session.execute(select(endpoints).where(endpoints.c.disabled_at.is_(None)))
    return [_Endpoint(row.id, row.merchant, frozenset(row.events.split())) for row in rows]


# --------------------------------------------------------------------------- forward


def _events(index: Session, first: int, position: Position) -> tuple[list[Any], bool]:
    """Return events from a block on, of whole blocks only, and whether those are all."""
    query = (
        select(EVENTS, BLOCKS.c.hash, BLOCKS.c.timestamp)
        .join(BLOCKS, BLOCKS.c.number == EVENTS.c.block)
        .where(EVENTS.c.block >= first, EVENTS.c.block <= position.block)
        .order_by(EVENTS.c.block, EVENTS.c.log_index)
    )
    rows = list(index.execute(query.limit(EVENTS_AT_ONCE)))
    if len(rows) < EVENTS_AT_ONCE:
        return rows, True
    last = rows[-1].block
    if rows[0].block < last:
        return [row for row in rows if row.block < last], False
    return list(index.execute(query.where(EVENTS.c.block == last))), False


def _tell(
    context: Context, session: Session, index: Session, row: Any, listening: Iterable[_Endpoint]
) -> int:
    kind = f"{row.contract}.{row.name}"
    wanting = [item for item in listening if item.wants(kind)]
    if not wanting:
        return 0
    fields = json.loads(row.fields)
    owners = owners_of(index, row.contract, row.name, fields)
    owners |= holders_of(context, row.contract, fields, (item.merchant for item in wanting))
    made = 0
    for item in wanting:
        if item.merchant in owners:
            made += _add(session, item.id, kind, row, fields)
    if made:
        _see(session, row.block, bytes(row.hash))
    return made


def _add(session: Session, endpoint: str, kind: str, row: Any, fields: Any) -> int:
    turn = session.scalar(
        select(func.count())
        .select_from(outbox)
        .where(
            outbox.c.endpoint == endpoint,
            outbox.c.block_hash == bytes(row.hash),
            outbox.c.log_index == row.log_index,
        )
    )
    if turn is None or turn % 2:
        return 0  # told already, and not undone since
    data = {
        "contract": row.contract,
        "event": row.name,
        "fields": fields,
        "tx_hash": row.tx_hash,
        "block": row.block,
        "block_hash": "0x" + bytes(row.hash).hex(),
        "log_index": row.log_index,
    }
    happened = datetime.fromtimestamp(row.timestamp, UTC).isoformat()
    body = {"type": kind, "timestamp": happened, "data": data}
    _put(session, endpoint, kind, bytes(row.hash), row.log_index, turn, body)
    return 1


def _put(
    session: Session,
    endpoint: str,
    kind: str,
    block_hash: bytes,
    log_index: int,
    turn: int,
    body: dict[str, Any],
) -> None:
    now = time.time()
    session.execute(
        insert(outbox).values(
            id=message_id(endpoint, block_hash, log_index, turn),
            endpoint=endpoint,
            type=kind,
            block_hash=block_hash,
            log_index=log_index,
            turn=turn,
            body=json.dumps(body, separators=(",", ":")),
            state="waiting",
            attempts=0,
            due_at=now,
            lease_until=0.0,
            detail="",
            created_at=int(now),
        )
    )


# --------------------------------------------------------------------------- backward


def _undo(session: Session, index: Session, position: Position) -> tuple[int, int | None]:
    """Tell whoever heard of events in blocks that are not on the chain any more.

    Returns:
        How many messages were made, and the last block that was taken over and is still there;
        ``None`` if none ever was.
    """
    final = position.finalized_block
    kept = index.execute(select(BLOCKS.c.hash).where(BLOCKS.c.number > final))
    there = {bytes(row.hash) for row in kept} | {position.hash}
    seen = list(session.execute(select(seen_blocks).order_by(seen_blocks.c.number)))
    gone = [row for row in seen if row.number > final and bytes(row.hash) not in there]
    made = 0
    for row in gone:
        made += _tell_undone(session, bytes(row.hash))
        session.execute(delete(seen_blocks).where(seen_blocks.c.number == row.number))
    lost = {row.number for row in gone}
    left = [row.number for row in seen if row.number not in lost]
    # Without a block that is still there, everything from the first lost one on is read again.
    start = max(left, default=min(lost) - 1 if lost else None)
    return made, start


def _tell_undone(session: Session, block_hash: bytes) -> int:
    latest: dict[tuple[str, int], Any] = {}
    query = select(outbox).where(outbox.c.block_hash == block_hash).order_by(outbox.c.turn)
    for row in session.execute(query):
        latest[row.endpoint, row.log_index] = row
    told = [row for row in latest.values() if row.turn % 2 == 0]
    for row in told:
        body = {**json.loads(row.body), "type": row.type + UNDONE, "undoes": row.id}
        _put(
            session,
            row.endpoint,
            row.type + UNDONE,
            block_hash,
            row.log_index,
            row.turn + 1,
            body,
        )
    return len(told)


def _see(session: Session, number: int, block_hash: bytes) -> None:
    known = session.scalar(select(seen_blocks.c.hash).where(seen_blocks.c.number == number))
    if known is None:
        session.execute(insert(seen_blocks).values(number=number, hash=block_hash))
    elif bytes(known) != block_hash:
        change = update(seen_blocks).where(seen_blocks.c.number == number)
        session.execute(change.values(hash=block_hash))


def _forget_old(session: Session) -> None:
    newest = session.scalar(select(func.max(seen_blocks.c.number))) or 0
    old = seen_blocks.c.number < newest - KEPT_BLOCKS
    session.execute(delete(seen_blocks).where(old))

"""Writing blocks into the index, and taking them back, one transaction each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import Connection

from crmdapp.errors import CrmdappError
from crmdapp.store.index.database import Index, Position, drop_lookups, position_in
from crmdapp.store.index.deriving import (
    Derivation,
    Entry,
    Surroundings,
    derivations_of,
)
from crmdapp.store.index.engine.blocks import Block
from crmdapp.store.index.engine.contracts import Contract, Contracts
from crmdapp.store.index.engine.decoding import Decoder, Decoders
from crmdapp.store.index.engine.sql import Sql
from crmdapp.store.index.errors import DerivationFailed, IndexBusy, ReorgTooDeep
from crmdapp.store.index.rows import Rows, image_of, values_of
from crmdapp.store.index.schema import BLOCKS, CONTRACTS, EVENTS, INDEX, STATE, UNDO

KEPT_BLOCKS = 128
"""Latest blocks that a reorg may take back."""

_FAR = 2


class Writer:
    """Writes blocks; nothing else writes into the index meanwhile.

    Args:
        index: The index.
        contracts: What is followed.
        kept: Latest blocks that can be taken back.
        surroundings: The chain, for what derivations need and no event tells.
    """

    def __init__(
        self,
        index: Index,
        contracts: Contracts,
        *,
        kept: int = KEPT_BLOCKS,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._surroundings = surroundings
        self._index = index
        self._contracts = contracts
        self._kept = kept
        self._decoders = Decoders()
        self._sql = Sql(index.is_sqlite, index.engine.dialect)
        self._rows = Rows(self._sql)
        self._plans: dict[tuple[str, Decoder], tuple[Derivation, ...]] = {}

    def begin(self, chain_id: int, genesis: bytes, parent: Block, head: int) -> Position:
        """Write the position before the first block.

        Args:
            chain_id: The chain's id.
            genesis: Hash of its first block.
            parent: The block before the first one to be written.
            head: Number of the chain's latest block; if it is far, lookups are made at the end.

        Raises:
            IndexBusy: Another process has begun.
            StoreProblem: The index cannot be written; nothing was.
        """
        position = Position(
            parent.number,
            parent.hash,
            parent.timestamp,
            0,
            chain_id,
            genesis,
            parent.number + 1,
            0,
            parent.number + 1,
        )
        with self._index.writing() as connection:
            if position_in(connection) is not None:
                raise self._busy()
            connection.execute(insert(STATE).values(id=1, **_state_values(position)))
            if head - parent.number > _FAR * self._kept:
                drop_lookups(connection)
        return position

    def apply(
        self, position: Position, blocks: Sequence[Block], *, head: int, finalized: int
    ) -> Position:
        """Write the blocks after a position.

        Args:
            position: Where the index is.
            blocks: The next blocks, checked.
            head: Number of the chain's latest block.
            finalized: Number of the latest final block.

        Returns:
            Where the index is now.

        Raises:
            IndexBusy: Another process has written meanwhile.
            DerivationFailed: An event cannot be worked in.
            StoreProblem: The index cannot be written; nothing was.
        """
        keep_from = head - self._kept + 1
        try:
            with self._index.writing() as connection:
                self._require(connection, position)
                self._sql.use(connection)
                events = self._derive(blocks, keep_from)
                self._store(connection, blocks, events, keep_from)
                last = blocks[-1]
                moved = Position(
                    last.number,
                    last.hash,
                    last.timestamp,
                    max(finalized, position.finalized_block),
                    position.chain_id,
                    position.genesis,
                    position.first_block,
                    position.events + len(events),
                    max(keep_from, position.undo_from),
                )
                connection.execute(update(STATE).values(**_state_values(moved)))
                self._prune(connection, position.block, keep_from)
        except BaseException:
            self._rows.forget()
            raise
        self._rows.settle()
        return moved

    def take_back(self, position: Position, ancestor: int) -> Position:
        """Undo every block after one.

        Args:
            position: Where the index is.
            ancestor: Number of the latest block that stays.

        Returns:
            Where the index is now.

        Raises:
            ReorgTooDeep: The journal does not go back so far.
            IndexBusy: Another process has written meanwhile.
            StoreProblem: The index cannot be written; nothing was.
        """
        self._rows.forget()
        with self._index.writing() as connection:
            self._require(connection, position)
            self._sql.use(connection)
            block = connection.execute(select(BLOCKS).where(BLOCKS.c.number == ancestor)).first()
            if block is None or ancestor + 1 < position.undo_from:
                raise too_deep(position)
            self._restore(connection, ancestor)
            gone = connection.execute(delete(EVENTS).where(EVENTS.c.block > ancestor)).rowcount
            connection.execute(delete(BLOCKS).where(BLOCKS.c.number > ancestor))
            connection.execute(delete(UNDO).where(UNDO.c.block > ancestor))
            connection.execute(delete(CONTRACTS).where(CONTRACTS.c.block > ancestor))
            moved = Position(
                ancestor,
                block.hash,
                block.timestamp,
                position.finalized_block,
                position.chain_id,
                position.genesis,
                position.first_block,
                position.events - gone,
                position.undo_from,
            )
            connection.execute(update(STATE).values(**_state_values(moved)))
        self._contracts.keep(ancestor)
        return moved

    # ----------------------------------------------------------------- inside

    def _derive(self, blocks: Sequence[Block], keep_from: int) -> list[tuple[Any, ...]]:
        """Work events into the rows and return them as rows of the table of events."""
        events: list[tuple[Any, ...]] = []
        rows, contracts, decode = self._rows, self._contracts, self._decoders.decode
        if self._surroundings is not None:
            self._surroundings.begin(rows)
        for block in blocks:
            if not block.logs:
                continue
            number, timestamp = block.number, block.timestamp
            rows.begin(number, noting=number >= keep_from)
            for log in block.logs:
                contract = contracts.get(log["address"].lower())
                found = decode(log)
                if contract is None or found is None:
                    continue
                decoder, values = found
                place, tx_hash = int(log["logIndex"], 16), log["transactionHash"]
                address, name = contract.address, contract.name
                fields = decoder.fields(values)
                events.append((number, place, address, name, decoder.name, tx_hash, fields))
                plan = self._plan(name, decoder)
                if plan:
                    event = decoder.twin(*values)
                    _run(plan, rows, Entry(number, timestamp, tx_hash, place, address, name, event))
        if self._surroundings is not None:
            # What they change belongs to the last block, and goes with it.
            rows.begin(blocks[-1].number, noting=blocks[-1].number >= keep_from)
            self._surroundings.settle(rows, blocks[-1].number)
        return events

    def _plan(self, name: str, decoder: Decoder) -> tuple[Derivation, ...]:
        key = (name, decoder)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = derivations_of(name, decoder.twin)
        return plan

    def _store(
        self,
        connection: Connection,
        blocks: Sequence[Block],
        events: list[tuple[Any, ...]],
        keep_from: int,
    ) -> None:
        kept = [
            (block.hash, block.number, block.parent_hash, block.timestamp)
            for block in blocks
            if block.logs or block.number >= keep_from
        ]
        self._sql.insert(BLOCKS, kept)
        self._sql.insert(EVENTS, events)
        undo: list[tuple[Any, ...]] = []
        for seq, (block, table, key, row) in enumerate(self._rows.befores):
            before = None if row is None else image_of(self._sql.values(table, row))
            undo.append((block, seq, table.name, image_of(key), before))
        self._sql.insert(UNDO, undo)
        for table, changed, deleted in self._rows.changes():
            self._sql.upsert(table, changed)
            self._sql.delete(table, deleted)
        self._add_contracts(connection, blocks[-1].number)

    def _restore(self, connection: Connection, ancestor: int) -> None:
        """Put back what rows were; the first image after the ancestor is the one that counts."""
        journal = (
            select(UNDO.c.table, UNDO.c.key, UNDO.c.before)
            .where(UNDO.c.block > ancestor)
            .order_by(UNDO.c.block, UNDO.c.seq)
        )
        first: dict[tuple[str, str], str | None] = {}
        for table, key, before in connection.execute(journal):
            first.setdefault((table, key), before)
        by_table: dict[str, tuple[list[dict[str, Any]], list[tuple[Any, ...]]]] = {}
        for (name, key), before in first.items():
            rows, keys = by_table.setdefault(name, ([], []))
            if before is None:
                keys.append(tuple(values_of(key)))
            else:
                columns = [column.name for column in INDEX.tables[name].columns]
                rows.append(dict(zip(columns, values_of(before), strict=True)))
        for name, (rows, keys) in by_table.items():
            self._sql.upsert(INDEX.tables[name], rows)
            self._sql.delete(INDEX.tables[name], keys)

    def _prune(self, connection: Connection, before: int, keep_from: int) -> None:
        connection.execute(delete(UNDO).where(UNDO.c.block < keep_from))
        has_events = select(EVENTS.c.block).where(EVENTS.c.block == BLOCKS.c.number).exists()
        old = (BLOCKS.c.number < keep_from) & (BLOCKS.c.number >= before - 2 * self._kept)
        connection.execute(delete(BLOCKS).where(old & ~has_events))

    def _add_contracts(self, connection: Connection, last: int) -> None:
        """Write which contracts are followed, but none that was created after a block."""
        created = [item for item in self._contracts if item.block <= last]
        known = connection.execute(select(func.count()).select_from(CONTRACTS)).scalar_one()
        if known == len(created):
            return
        there = set(connection.execute(select(CONTRACTS.c.address)).scalars())
        new = [_contract_values(item) for item in created if item.address not in there]
        if new:
            connection.execute(insert(CONTRACTS), new)

    def _require(self, connection: Connection, position: Position) -> None:
        found = position_in(connection)
        if found is None or (found.block, found.hash) != (position.block, position.hash):
            raise self._busy()

    def _busy(self) -> IndexBusy:
        return IndexBusy(
            f"Another process writes into the index {self._index.name}.",
            why="It is at another block than this process left it at.",
            hint="Let one process follow the chain; any number may read.",
        )


def too_deep(position: Position) -> ReorgTooDeep:
    """Return the error for a reorg that goes back further than the journal."""
    return ReorgTooDeep(
        f"The chain changed before block {position.undo_from:,}, further back than can be undone.",
        block=position.block,
        kept=position.undo_from,
        why="The undo journal holds the latest blocks only.",
        hint="Make the index anew from the chain: crmdapp index run --rebuild",
    )


def _run(plan: Iterable[Derivation], rows: Rows, entry: Entry) -> None:
    try:
        for derivation in plan:
            derivation(rows, entry)
    except CrmdappError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, IndexError) as problem:
        raise DerivationFailed(
            f"{type(entry.event).__name__} of {entry.contract} in block {entry.block:,} cannot be "
            "worked into the index.",
            why=f"{type(problem).__name__}: {problem}"[:300],
            hint="Rebuild the index (crmdapp index run --rebuild); if that fails, report it.",
        ) from problem


def _state_values(position: Position) -> dict[str, Any]:
    return {name: getattr(position, name) for name in Position.__dataclass_fields__}


def _contract_values(item: Contract) -> dict[str, Any]:
    return {
        "address": item.address,
        "name": item.name,
        "contract": item.contract,
        "block": item.block,
    }

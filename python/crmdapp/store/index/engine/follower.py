"""Following a chain into the index: fetch, check, write; and walk back when the chain changes."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from crmdapp.chain.connection import Connection
from crmdapp.chain.manifest import Manifest
from crmdapp.errors import NodeProblem
from crmdapp.store.index.database import Index, Position, position_in
from crmdapp.store.index.deriving import Surroundings
from crmdapp.store.index.engine.blocks import Block
from crmdapp.store.index.engine.contracts import Contract, Contracts
from crmdapp.store.index.engine.source import Source
from crmdapp.store.index.engine.writer import KEPT_BLOCKS, Writer, too_deep
from crmdapp.store.index.errors import IndexChainDiffers, IndexContractsDiffer
from crmdapp.store.index.schema import BLOCKS, CONTRACTS

_WALK = 64
"""Blocks compared at once while walking back to a common ancestor."""

_ORIGIN = Block(-1, bytes(32), bytes(32), 0, 0)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did.

    Attributes:
        block: The index's latest block now.
        head: The chain's latest block.
        events: Events written, all in all.
        taken_back: Blocks that a reorg took back in this step.
    """

    block: int
    head: int
    events: int
    taken_back: int = 0

    @property
    def is_done(self) -> bool:
        """Whether the index is at the chain's latest block."""
        return self.block >= self.head


class Follower:
    """Follows a chain into an index; one follower to an index.

    Args:
        index: The index.
        connection: The chain.
        manifest: What is deployed there.
        kept: Latest blocks that a reorg may take back.

    Raises:
        IndexChainDiffers: The index is about another chain.
        IndexContractsDiffer: The index lacks past events of a contract of the manifest.
    """

    def __init__(
        self,
        index: Index,
        connection: Connection,
        manifest: Manifest,
        *,
        kept: int = KEPT_BLOCKS,
    ) -> None:
        self._index = index
        self._connection = connection
        self._contracts = Contracts.of(manifest)
        self._position = self._resume()
        self._source = Source(connection, self._contracts)
        surroundings = Surroundings(connection, manifest)
        self._writer = Writer(index, self._contracts, kept=kept, surroundings=surroundings)
        self._head, self._finalized = _ORIGIN, 0
        self._is_whole = False
        self._fetching = ThreadPoolExecutor(1, thread_name_prefix="crmdapp-index")
        self._pending: Future[list[Block]] | None = None

    def step(self) -> Step:
        """Bring the index one span of blocks closer to the chain's head.

        Raises:
            NodeProblem: No node gives blocks that prove themselves.
            ReorgTooDeep: The chain changed further back than can be undone.
            StoreProblem: The index cannot be written; nothing was.
        """
        with _collector_paused():
            step = self._take_prefetched() or self._look()
        if step.is_done and not self._is_whole:
            self._index.make_lookups()
            self._is_whole = True
        return step

    def run(
        self,
        until: int | None = None,
        progress: Callable[[Step], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Step:
        """Bring the index to the chain's head, or to a block.

        Args:
            until: The block; the head by default.
            progress: Told after each step.
            stop: Ends it early when set.

        Raises:
            NodeProblem: No node gives blocks that prove themselves.
            ReorgTooDeep: The chain changed further back than can be undone.
            StoreProblem: The index cannot be written; nothing was.
        """
        while True:
            step = self.step()
            if progress is not None:
                progress(step)
            if step.is_done or (until is not None and step.block >= until):
                return step
            if stop is not None and stop.is_set():
                return step

    def follow(
        self,
        stop: threading.Event,
        *,
        poll: float = 1.0,
        progress: Callable[[Step], None] | None = None,
        trouble: Callable[[NodeProblem], None] | None = None,
    ) -> None:
        """Keep the index at the chain's head until told to stop.

        Args:
            stop: Ends it when set.
            poll: Seconds between two looks at the head.
            progress: Told after each step.
            trouble: Told when no node answers; the next look tries again. Without it the problem
                is raised.
        """
        while not stop.is_set():
            try:
                self.run(progress=progress, stop=stop)
            except NodeProblem as problem:
                if trouble is None:
                    raise
                trouble(problem)
            stop.wait(poll)

    def close(self) -> None:
        """Close the connections to the nodes."""
        self._fetching.shutdown(wait=True, cancel_futures=True)
        self._source.close()

    # ----------------------------------------------------------------- inside

    def _look(self) -> Step:
        """Ask for the head and bring the index closer to it."""
        head = self._head = self._source.head()
        position = self._position or self._begin()
        if head.number < position.block:
            head = self._head = self._source.highest()
        taken_back = 0
        if not self._is_on_chain(position, head):
            ancestor = self._ancestor(position, head)
            taken_back = position.block - ancestor
            if taken_back:
                position = self._position = self._writer.take_back(position, ancestor)
        if head.number > position.block:
            self._finalized = self._source.finalized()
            blocks = self._source.fetch(position.block + 1, head.number)
            # If the chain changed since the head was read, the next step sees it.
            if position.block < 0 or blocks[0].parent_hash == position.hash:
                position = self._store(position, blocks)
        return Step(position.block, head.number, position.events, taken_back)

    def _resume(self) -> Position | None:
        with self._index.reading() as session:
            position = position_in(session)
            rows = session.execute(select(CONTRACTS)).mappings().all()
        if position is None:
            return None
        chain = (self._connection.chain_id, self._connection.genesis_hash)
        if (position.chain_id, position.genesis) != chain:
            raise IndexChainDiffers(
                f"The index {self._index.name} is about another chain.",
                why=f"It was made from chain {position.chain_id}, or from one started anew.",
                hint="Name another index, or make this one anew: crmdapp index run --rebuild",
            )
        kept = {row["address"]: Contract(**row) for row in rows}
        self._require_contracts(position, kept)
        for item in kept.values():
            self._contracts.add(item)
        return position

    def _require_contracts(self, position: Position, kept: dict[str, Contract]) -> None:
        late = [
            item.name
            for item in self._contracts
            if item.address not in kept and item.block <= position.block
        ]
        if late:
            raise IndexContractsDiffer(
                f"The index {self._index.name} does not follow {late[0]} of the manifest.",
                why=f"It is at block {position.block:,} and lacks the contract's earlier events.",
                hint="Make it anew from the chain: crmdapp index run --rebuild",
            )

    def _begin(self) -> Position:
        first = max(self._contracts.first_block - 1, 0)
        found = self._source.headers([first])[0]
        parent = _ORIGIN if found is None or first == 0 else found
        self._position = self._writer.begin(
            self._connection.chain_id,
            self._connection.genesis_hash,
            parent,
            self._head.number,
        )
        return self._position

    def _is_on_chain(self, position: Position, head: Block) -> bool:
        if head.number < position.block:
            return False
        if head.number == position.block:
            return head.hash == position.hash
        if position.block < 0:
            return True
        found = self._source.headers([position.block])[0]
        return found is not None and found.hash == position.hash

    def _ancestor(self, position: Position, head: Block) -> int:
        """Return the latest block that the index and the chain have in common."""
        last = min(position.block, head.number)
        while True:
            kept = self._kept_hashes(last)
            if not kept:
                raise too_deep(position)
            found = self._source.headers(list(kept))
            for block in found:
                if block is not None and block.hash == kept[block.number]:
                    return block.number
            last = min(kept) - 1

    def _kept_hashes(self, last: int) -> dict[int, bytes]:
        rows = (
            select(BLOCKS.c.number, BLOCKS.c.hash)
            .where(BLOCKS.c.number <= last)
            .order_by(BLOCKS.c.number.desc())
            .limit(_WALK)
        )
        with self._index.reading() as session:
            return {row.number: row.hash for row in session.execute(rows)}

    def _store(self, position: Position, blocks: Sequence[Block]) -> Position:
        """Write blocks while the next ones are being fetched."""
        last, head = blocks[-1].number, self._head.number
        if last < head:
            self._pending = self._fetching.submit(self._source.fetch, last + 1, head)
        self._position = self._writer.apply(position, blocks, head=head, finalized=self._finalized)
        return self._position

    def _take_prefetched(self) -> Step | None:
        """Write what was fetched meanwhile; ``None`` if nothing was, or the chain has changed."""
        pending, self._pending = self._pending, None
        if pending is None or self._position is None:
            return None
        blocks = pending.result()
        position = self._position
        if (blocks[0].number, blocks[0].parent_hash) != (position.block + 1, position.hash):
            return None
        position = self._store(position, blocks)
        return Step(position.block, self._head.number, position.events)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from walking over each batch; its logs hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

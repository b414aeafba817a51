"""Fetching blocks with their logs from several nodes, none of which is believed without proof."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from crmdapp.chain._node_client import NodeClient
from crmdapp.chain.connection import Connection
from crmdapp.errors import NodeProblem, NodeRefused, NodeUnreachable
from crmdapp.store.index.engine.blocks import (
    Block,
    Log,
    is_complete,
    place_logs,
    read_block,
    require_chain,
    require_whole,
)
from crmdapp.store.index.engine.bloom import bits_of
from crmdapp.store.index.engine.contracts import Contracts
from crmdapp.store.index.errors import BlockContradicted

T = TypeVar("T")

HEADERS_AT_ONCE = 250
"""Headers asked for in one HTTP request."""

EVENTS_AT_ONCE = 12_000
"""Events that a span of blocks should bring; spans grow and shrink towards it."""

LONGEST_SPAN = 4_000
_FIRST_SPAN = 16
_PAUSE = 0.05


class Source:
    """Gives blocks that prove themselves, from the first node that does.

    Args:
        connection: The chain; each of its nodes is asked by itself.
        contracts: Whose logs are wanted; grows with what they create.
    """

    def __init__(self, connection: Connection, contracts: Contracts) -> None:
        self._nodes = connection.each_node()
        self._contracts = contracts
        self._first = 0
        self.span = _FIRST_SPAN

    def head(self) -> Block:
        """Return the latest block.

        Raises:
            NodeProblem: No node gives one that proves itself.
        """
        return self._ask(_head)

    def highest(self) -> Block:
        """Return the latest block of the node that is furthest: others may only be behind.

        Raises:
            NodeProblem: No node gives one that proves itself.
        """
        time.sleep(_PAUSE)
        found: list[Block] = []
        problems: list[NodeProblem] = []
        for node in self._nodes:
            try:
                found.append(_head(node))
            except NodeProblem as problem:
                problems.append(problem)
        if not found:
            raise problems[0]
        return max(found, key=lambda block: block.number)

    def finalized(self) -> int:
        """Return the number of the latest block that a node calls final; 0 if it tells of none."""
        try:
            found = self._ask(lambda node: node.request("eth_getBlockByNumber", "finalized", False))
            return int(found["number"], 16)
        except (NodeRefused, KeyError, TypeError, ValueError):
            return 0  # not every chain has such a thing

    def headers(self, numbers: Sequence[int]) -> list[Block | None]:
        """Return blocks by number, ``None`` where the node has none."""
        return self._ask(lambda node: _headers(node, numbers))

    def fetch(self, first: int, last: int) -> list[Block]:
        """Return the blocks of a span with the logs of all contracts that are followed.

        Args:
            first: First block.
            last: Last block wanted; the span may end earlier.

        Raises:
            BlockContradicted: Every node contradicts itself.
            NodeProblem: No node answers.
        """
        while True:
            end = min(last, first + self.span - 1)
            try:
                blocks = self._ask(partial(self._span, first=first, last=end))
            except (NodeRefused, NodeUnreachable) as problem:
                if end == first:
                    raise
                # One that gives no answer may need more time than there is for so many blocks.
                part = 2 if isinstance(problem, NodeRefused) else 16
                self.span = max(1, (end - first + 1) // part)
                continue
            self._adapt(len(blocks), sum(len(block.logs) for block in blocks))
            return blocks

    def close(self) -> None:
        """Close the kept connections."""
        for node in self._nodes:
            node.close()

    # ----------------------------------------------------------------- inside

    def _ask(self, question: Callable[[NodeClient], T]) -> T:
        """Return what the first node that answers without contradiction says.

        A contradiction may come from a reorg between two requests, so it is read once more.
        """
        problems: list[NodeProblem] = []
        for number in range(len(self._nodes)):
            place = (self._first + number) % len(self._nodes)
            try:
                answer = _twice(self._nodes[place], question)
            except NodeProblem as problem:
                problems.append(problem)
            else:
                self._first = place
                return answer
        lies = [item for item in problems if isinstance(item, BlockContradicted)]
        refusals = [item for item in problems if isinstance(item, NodeRefused)]
        raise (lies or refusals or problems)[0]

    def _span(self, node: NodeClient, first: int, last: int) -> list[Block]:
        headers = _headers(node, range(first, last + 1))
        blocks: list[Block] = []
        for number, block in enumerate(headers, first):
            if block is None:
                raise BlockContradicted(f"The node has no block {number:,}.", block=number)
            blocks.append(block)
        require_chain(blocks)
        logs = self._logs(node, first, last)
        place_logs(blocks, logs)
        self._require_all_logs(node, blocks)
        return blocks

    def _logs(self, node: NodeClient, first: int, last: int) -> list[Log]:
        """Return the logs of the contracts, and of those that the logs tell were created."""
        wanted = self._contracts.addresses()
        logs: list[Log] = []
        while wanted:
            found = node.request(
                "eth_getLogs",
                {"fromBlock": hex(first), "toBlock": hex(last), "address": list(wanted)},
            )
            if not isinstance(found, list):
                raise BlockContradicted("The node gave no list of logs.", block=first)
            logs = _merged(logs, found)
            wanted = self._contracts.discover(found)
        return logs

    def _require_all_logs(self, node: NodeClient, blocks: Sequence[Block]) -> None:
        addresses = self._contracts.addresses()
        watched = [bits_of(address) for address in addresses]
        doubtful = [block for block in blocks if not is_complete(block, watched)]
        if not doubtful:
            return
        known = frozenset(addresses)
        rows = [({"blockHash": block.text_hash},) for block in doubtful]
        answers = node.batch("eth_getLogs", rows)
        for block, everything in zip(doubtful, answers, strict=True):
            require_whole(block, everything, known)

    def _adapt(self, blocks: int, events: int) -> None:
        if events > 2 * EVENTS_AT_ONCE:
            self.span = max(1, blocks // 2)
        elif events < EVENTS_AT_ONCE and blocks >= self.span:
            self.span = min(self.span * 2, LONGEST_SPAN)


def _twice(node: NodeClient, question: Callable[[NodeClient], T]) -> T:
    try:
        return question(node)
    except BlockContradicted:
        time.sleep(_PAUSE)
        return question(node)


def _head(node: NodeClient) -> Block:
    return read_block(node.request("eth_getBlockByNumber", "latest", False))


def _headers(node: NodeClient, numbers: Sequence[int]) -> list[Block | None]:
    found: list[Block | None] = []
    for start in range(0, len(numbers), HEADERS_AT_ONCE):
        part = numbers[start : start + HEADERS_AT_ONCE]
        rows: list[Any] = [(hex(number), False) for number in part]
        answers = node.batch("eth_getBlockByNumber", rows)
        for number, answer in zip(part, answers, strict=True):
            found.append(None if answer is None else read_block(answer, number))
    return found


def _merged(logs: list[Log], more: list[Log]) -> list[Log]:
    if not logs or not more:
        return logs or more
    return sorted(
        [*logs, *more], key=lambda log: (int(log["blockNumber"], 16), int(log["logIndex"], 16))
    )

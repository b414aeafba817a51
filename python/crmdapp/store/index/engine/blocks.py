"""Blocks as a node gives them, believed only as far as they prove themselves.

A header's hash is recomputed from its fields, so parent, time and logs bloom are the chain's and
not the node's. Logs must stand in the block that their hash names, and together with the bloom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from crmdapp.errors import VerificationFailed
from crmdapp.provenance.headers import read_header
from crmdapp.store.index.engine.bloom import bits_of, holds
from crmdapp.store.index.errors import BlockContradicted, LogInvented, LogOmitted

Log = Mapping[str, Any]


@dataclass(slots=True)
class Block:
    """A block whose header has the hash it should.

    Attributes:
        number: Its number.
        hash: Its hash, 32 bytes.
        parent_hash: Hash of the block before it.
        timestamp: Unix seconds.
        bloom: The logs bloom as a number.
        logs: Logs of the contracts that are followed, in order; filled in later.
    """

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    bloom: int
    logs: list[Log] = field(default_factory=list)

    @property
    def text_hash(self) -> str:
        """Its hash as 0x hex."""
        return "0x" + self.hash.hex()


def read_block(found: Any, number: int | None = None) -> Block:
    """Return the block in a node's answer.

    Args:
        found: The answer to ``eth_getBlockByNumber``.
        number: The number it must have; any by default.

    Raises:
        BlockContradicted: It is malformed, another block, or its fields do not give its hash.
    """
    shown = -1 if number is None else number
    if not isinstance(found, Mapping):
        raise BlockContradicted("The node gave no block.", block=shown)
    try:
        header = read_header(found)
        block = Block(
            header.number,
            header.hash,
            bytes.fromhex(found["parentHash"][2:]),
            header.timestamp,
            int(found["logsBloom"], 16),
        )
    except VerificationFailed as problem:
        raise BlockContradicted(
            f"The node gave a header of block {shown:,} that does not have the block's hash.",
            block=shown,
            why=problem.why,
            hint=problem.hint,
        ) from None
    if number is not None and block.number != number:
        raise BlockContradicted(
            f"The node gave block {block.number:,} for block {number:,}.", block=number
        )
    return block


def require_chain(blocks: Sequence[Block]) -> None:
    """Check that each block is the child of the one before it.

    Raises:
        BlockContradicted: One is not.
    """
    for parent, block in pairwise(blocks):
        if block.parent_hash != parent.hash:
            raise BlockContradicted(
                f"Block {block.number:,} does not follow block {parent.number:,}.",
                block=block.number,
                why=f"Its parent is 0x{block.parent_hash.hex()}, not {parent.text_hash}.",
            )


def place_logs(blocks: Sequence[Block], logs: Sequence[Log]) -> None:
    """Put logs into their blocks.

    Raises:
        BlockContradicted: A log is of another block, removed, malformed or out of order.
    """
    by_hash = {block.text_hash: block for block in blocks}
    last: tuple[str, int] = ("", -1)
    for log in logs:
        try:
            stated, index = log["blockHash"], int(log["logIndex"], 16)
            block = by_hash[stated]
            right = int(log["blockNumber"], 16) == block.number and not log.get("removed")
        except (KeyError, TypeError, ValueError):
            raise _misplaced(log) from None
        if not right or (last[0] == stated and index <= last[1]):
            raise _misplaced(log)
        block.logs.append(log)
        last = (stated, index)


def bits_in(logs: Sequence[Log]) -> int:
    """Return the bloom of some logs."""
    items: set[str] = set()
    for log in logs:
        items.add(log["address"].lower())
        items.update(log["topics"])
    bits = 0
    for item in items:
        bits |= bits_of(item.lower())
    return bits


def is_complete(block: Block, watched: Sequence[int]) -> bool:
    """Return whether the block's header shows that no log of a followed contract is missing.

    Args:
        block: The block with its logs.
        watched: Bloom bits of the address of each contract that is followed.

    Returns:
        False if only all logs of the block can tell.

    Raises:
        LogInvented: A log is not in the header's bloom.
    """
    bits = bits_in(block.logs)
    if not holds(block.bloom, bits):
        raise LogInvented(
            f"The node gave a log that block {block.number:,} does not hold.",
            block=block.number,
            why="Its header's logs bloom lacks the log's bits.",
            hint="Do not trust this node.",
        )
    if bits == block.bloom and _is_gapless(block.logs):
        return True
    return not any(holds(block.bloom, each) for each in watched)


def require_whole(block: Block, everything: Sequence[Log], addresses: frozenset[str]) -> None:
    """Check all logs of a block against its header and the logs kept of it.

    Args:
        block: The block with the logs of the contracts that are followed.
        everything: All of its logs, of any contract.
        addresses: Contracts that are followed, lower case.

    Raises:
        LogOmitted: A log is missing.
        LogInvented: A log is not in the header's bloom.
    """
    bits = bits_in(everything)
    if not holds(block.bloom, bits):
        raise LogInvented(
            f"The node gave a log that block {block.number:,} does not hold.", block=block.number
        )
    own = [_core(log) for log in everything if log["address"].lower() in addresses]
    kept = [_core(log) for log in block.logs]
    if bits != block.bloom or not _is_gapless(everything) or own != kept:
        raise LogOmitted(
            f"The node left out a log of block {block.number:,}.",
            block=block.number,
            why="The block's header vouches for more than the node gave.",
            hint="Use another node; nothing of the block was stored.",
        )


def _core(log: Log) -> tuple[Any, ...]:
    return (log["logIndex"], log["address"], log["topics"], log["data"])


def _is_gapless(logs: Sequence[Log]) -> bool:
    return not logs or (int(logs[0]["logIndex"], 16), int(logs[-1]["logIndex"], 16)) == (
        0,
        len(logs) - 1,
    )


def _misplaced(log: Log) -> BlockContradicted:
    try:
        block = int(log["blockNumber"], 16)
    except (KeyError, TypeError, ValueError):
        block = -1
    return BlockContradicted(
        f"The node gave a log that is not in block {block:,} as the chain has it.",
        block=block,
        why="Its block hash, number or position differs.",
    )

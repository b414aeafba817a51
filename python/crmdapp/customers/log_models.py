"""What a log's contract says of it: batches, its standing, challenges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdapp.customers.leaves import Interaction, next_head
from crmdapp.customers.receipts import InteractionReceipt


@dataclass(frozen=True, slots=True)
class Batch:
    """Twin of Solidity's struct: one batch, as it stands in the chain of heads.

    Attributes:
        leaves_root: Root over the batch's interactions.
        heads_root: Root over the last interaction of every customer of the log.
        count: Interactions in the batch.
        anchored_at: Unix seconds.
    """

    leaves_root: bytes
    heads_root: bytes
    count: int
    anchored_at: int

    @property
    def values(self) -> tuple[bytes, bytes, int, int]:
        """The fields as the contract takes them."""
        return (self.leaves_root, self.heads_root, self.count, self.anchored_at)

    def head_after(self, previous: bytes) -> bytes:
        """Return the log's head after it."""
        return next_head(previous, *self.values)


@dataclass(frozen=True, slots=True)
class AnchoredBatch:
    """A batch and where it stands.

    Attributes:
        number: Its number in the log, from 1.
        first_seq: Place of its first interaction in the log, from 1.
        previous_head: The log's head before it.
        head: The log's head after it.
        batch: The batch.
        block: Block it is in.
        tx_hash: The transaction that anchored it.
    """

    number: int
    first_seq: int
    previous_head: bytes
    head: bytes
    batch: Batch
    block: int
    tx_hash: str

    @property
    def last_seq(self) -> int:
        """Place of its last interaction in the log."""
        return self.first_seq + self.batch.count - 1


@dataclass(frozen=True, slots=True)
class LogStanding:
    """What a log promises and how it kept it.

    Attributes:
        delay: Seconds, at most, from a receipt to its anchor; 0 if the log was not opened.
        flags: Receipts that were not answered, and forks that were shown.
    """

    delay: int
    flags: int


@dataclass(frozen=True, slots=True)
class Challenge:
    """A receipt that was overdue when somebody posted it.

    Attributes:
        receipt_hash: Which receipt.
        answer_by: Unix seconds; 0 if it was never challenged.
        answered: Whether its interaction was shown to be anchored.
        flagged: Whether the log was flagged for it.
    """

    receipt_hash: bytes
    answer_by: int
    answered: bool
    flagged: bool

    @property
    def is_open(self) -> bool:
        """Whether it still waits for its answer or its flag."""
        return self.answer_by != 0 and not self.answered and not self.flagged


def is_fork(first: InteractionReceipt, second: InteractionReceipt) -> bool:
    """Return whether two receipts are for two interactions at one place of one customer."""
    return first.leaf != second.leaf and (first.log, first.pseudonym, first.customer_seq) == (
        second.log,
        second.pseudonym,
        second.customer_seq,
    )


def batch_of(interaction: Interaction, batches: Sequence[AnchoredBatch]) -> AnchoredBatch | None:
    """Return the batch that an interaction must be in by its place; ``None`` if none is yet."""
    return next(
        (item for item in batches if item.first_seq <= interaction.seq <= item.last_seq), None
    )

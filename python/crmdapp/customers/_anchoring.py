"""Bringing what waits in a journal onto the chain, once, whatever happens in between."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmdapp.chain._whole import require_whole
from crmdapp.chain.merkle import MerkleTree
from crmdapp.customers.heads import HeadsTree
from crmdapp.customers.interaction_log import BatchesOmitted
from crmdapp.customers.leaves import NO_WORD, SEQ_MAX, log_of
from crmdapp.customers.log_models import AnchoredBatch, Batch
from crmdapp.customers.log_rows import JournalBatch
from crmdapp.errors import JournalProblem, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.log_journal import LogJournal

_SETTLED_BLOCKS = 64


class LogForeignBatch(JournalProblem):
    """The chain has a batch of the log that the journal does not know."""


class Anchoring:
    """Carries the batches of one log from its journal to the chain.

    Args:
        client: The contract, with the account that anchors.
        journal: The journal.
        number: The log's number in the journal.
        index: The log's number among the account's.
    """

    def __init__(self, client: LogClient, journal: LogJournal, number: int, index: int) -> None:
        self._client = client
        self._journal = journal
        self._id = number
        self._index = index
        self._log = log_of(client.sender.address, index)

    def waiting(self) -> int:
        """Return how many interactions are in no batch on chain."""
        anchored = [item for item in self._journal.batches(self._id) if item.block is not None]
        return self._journal.last_seq(self._id) - (anchored[-1].last_seq if anchored else 0)

    def run(self, *, most: int | None, stored: bool) -> list[AnchoredBatch]:
        """Anchor all that waits; see :meth:`crmdapp.customers.operator.LogOperator.anchor`."""
        if most is not None:
            require_whole("The most of a batch", most, SEQ_MAX, least=1)
        known = self._reconcile()
        while True:
            batches = self._journal.batches(self._id)
            planned = [item for item in batches if item.block is None]
            for batch in planned:
                self._send(batch)
            if not planned and not self._plan(batches, most, stored):
                break
        return [self.placed(batch) for batch in self._journal.batches(self._id)[known:]]

    def placed(self, batch: JournalBatch) -> AnchoredBatch:
        """Return a batch of the journal that is on chain with its place in the chain of heads."""
        before = NO_WORD
        if batch.number > 1:
            before = self._journal.batches(self._id)[batch.number - 2].head or NO_WORD
        assert batch.anchored_at is not None
        assert batch.block is not None
        assert batch.head is not None
        return AnchoredBatch(
            number=batch.number,
            first_seq=batch.first_seq,
            previous_head=before,
            head=batch.head,
            batch=Batch(batch.leaves_root, batch.heads_root, batch.count, batch.anchored_at),
            block=batch.block,
            tx_hash=batch.tx_hash or "",
        )

    # ----------------------------------------------------------------- the chain's view

    def _reconcile(self) -> int:
        """Bring the journal to what is on chain; return how many batches it knew to be there.

        A process killed after sending finds its batch here; a reorganisation that moved or undid
        one is found here too.
        """
        batches = self._journal.batches(self._id)
        known = [item for item in batches if item.block is not None]
        start = self._settled(known)
        try:
            found = self._client.batches(self._log, after=start)
        except BatchesOmitted:
            if start is None:
                raise
            start, found = None, self._client.batches(self._log)
        at = 0 if start is None else start.number
        for item in found:
            self._match(batches, item)
        total = at + len(found)
        if total < len(known):
            self._journal.reopen(self._id, total)
        return min(total, len(known))

    def _settled(self, known: list[JournalBatch]) -> AnchoredBatch | None:
        """Return the last batch that no reorganisation will move; ``None`` if there is none."""
        deep = self._client.connection.block_number() - _SETTLED_BLOCKS
        old = [item for item in known if item.block is not None and item.block <= deep]
        return self.placed(old[-1]) if old else None

    def _match(self, batches: list[JournalBatch], found: AnchoredBatch) -> None:
        mine = batches[found.number - 1] if found.number <= len(batches) else None
        theirs = found.batch
        if mine is None or (mine.leaves_root, mine.heads_root, mine.count) != (
            theirs.leaves_root,
            theirs.heads_root,
            theirs.count,
        ):
            raise LogForeignBatch(
                f"Batch {found.number:,} of the log on chain is not in this journal.",
                why="It was restored from an old copy, or the log was anchored from another one.",
                hint="Use the journal that anchored it; going on from here would fork the log.",
            )
        if (mine.head, mine.block) != (found.head, found.block):
            self._journal.settle(
                self._id,
                found.number,
                anchored_at=theirs.anchored_at,
                block=found.block,
                tx_hash=found.tx_hash,
                head=found.head,
            )

    # ----------------------------------------------------------------- sending

    def _plan(self, batches: list[JournalBatch], most: int | None, stored: bool) -> bool:
        """Write the next batch down; ``False`` if nothing waits."""
        first = batches[-1].last_seq + 1 if batches else 1
        last = self._journal.last_seq(self._id)
        if most is not None:
            last = min(last, first + most - 1)
        if last < first:
            return False
        leaves = self._journal.leaves(self._id, first, last)
        batch = JournalBatch(
            number=len(batches) + 1,
            first_seq=first,
            last_seq=last,
            leaves_root=MerkleTree(leaves).root,
            heads_root=HeadsTree(self._log, self._journal.heads(self._id, last)).root,
            is_stored=stored,
        )
        self._journal.plan(self._id, batch)  # if another process was faster, its batch is sent
        return True

    def _send(self, batch: JournalBatch) -> None:
        call = self._client.prepare.anchor(
            self._index,
            batch.leaves_root,
            batch.heads_root,
            batch.count,
            stored=batch.is_stored,
        )
        sender = self._client.sender
        # The roots are in the key: a journal put back from a copy sends the same batch only once.
        key = f"anchor:{self._log.hex()}:{batch.number}:{batch.leaves_root.hex()}"
        receipt = sender.wait(sender.send(call, key=key, again_if_reverted=True))
        event = self._event(receipt)
        self._journal.settle(
            self._id,
            batch.number,
            anchored_at=self._client.connection.block_timestamp(receipt.block),
            block=receipt.block,
            tx_hash=receipt.hash,
            head=event.head,
        )

    def _event(self, receipt: Receipt) -> Any:
        for event in receipt.events:
            if type(event).__name__ == "InteractionsAnchored":
                return event
        raise VerificationFailed(
            f"{receipt.hash} anchored nothing.",
            hint="Do not trust this node; compare the receipt with another one.",
        )

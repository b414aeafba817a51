"""The contract of interaction logs: opening, anchoring, and holding an operator to its receipts.

What a node says of a log is never believed: its batches are hashed into the chain of heads again,
and the result must be the head that the contract holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crmdapp.chain._whole import require_whole
from crmdapp.chain.client import ContractClient
from crmdapp.chain.merkle import root_of
from crmdapp.chain.signed import long_form
from crmdapp.customers.leaves import INDEX_MAX, NO_WORD, SEQ_MAX, require_word
from crmdapp.customers.log_models import AnchoredBatch, Batch, Challenge, LogStanding, is_fork
from crmdapp.customers.receipts import InteractionReceipt, SignedReceipt, log_domain
from crmdapp.errors import NodeLied, UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain

DELAY_MIN = 60
"""Seconds that a log promises at least from a receipt to its anchor."""

DELAY_MAX = 30 * 86_400
"""Seconds that it promises at most."""

_ATTEMPTS = 3


class BatchesOmitted(NodeLied):
    """A node leaves batches of a log out, or tells others than were anchored."""


class LeafNotAnchored(VerificationFailed):
    """An interaction is in no batch of its log."""


class LogCalls:
    """Calls of one InteractionLog, checked and encoded but not sent.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: BoundContract) -> None:
        self._contract = contract

    def open(self, index: int, delay: int, notice_hash: bytes = NO_WORD) -> Call:
        """Open a log of the sender and promise its delay, once and for ever.

        Raises:
            UsageError: The number, the delay or the hash is out of its range.
        """
        require_whole("The delay in seconds", delay, DELAY_MAX, least=DELAY_MIN)
        notice = require_word("The notice's hash", notice_hash)
        return self._contract.call("open", _index(index), delay, notice)

    def anchor(
        self, index: int, leaves_root: bytes, heads_root: bytes, count: int, *, stored: bool = False
    ) -> Call:
        """Anchor a batch in a log of the sender.

        Args:
            index: The log's number.
            leaves_root: Root over the batch's interactions.
            heads_root: Root over all customers' heads.
            count: Interactions in the batch.
            stored: Keep the root, so that contracts can verify against it.

        Raises:
            UsageError: A value is malformed.
        """
        return self._contract.call(
            "anchorStored" if stored else "anchor",
            _index(index),
            require_word("leaves_root", leaves_root),
            require_word("heads_root", heads_root),
            require_whole("count", count, SEQ_MAX, least=1),
        )

    def challenge(self, signed: SignedReceipt) -> Call:
        """Post a receipt whose time is over."""
        return self._contract.call("challenge", signed.receipt.values, long_form(signed.signature))

    def answer(
        self,
        receipt: InteractionReceipt,
        proof: Sequence[bytes],
        batches: Sequence[AnchoredBatch],
    ) -> Call:
        """Show that a challenged receipt's interaction was anchored.

        Args:
            receipt: The receipt.
            proof: From its leaf to the first batch's root.
            batches: From the interaction's batch to the last one anchored; at least one.
        """
        return self._contract.call(
            "answer",
            receipt.values,
            tuple(proof),
            batches[0].previous_head,
            tuple(item.batch.values for item in batches),
        )

    def flag(self, receipt: InteractionReceipt) -> Call:
        """Flag the log of a challenged receipt that was not answered in time."""
        return self._contract.call("flag", receipt.values)

    def prove_fork(self, first: SignedReceipt, second: SignedReceipt) -> Call:
        """Flag a log by two receipts for one place in a customer's sequence.

        Raises:
            UsageError: They are for two places, or for the same interaction.
        """
        if not is_fork(first.receipt, second.receipt):
            raise UsageError(
                "These receipts show no fork.",
                why="A fork is two interactions with the same number of the same customer.",
            )
        return self._contract.call(
            "proveFork",
            first.receipt.values,
            long_form(first.signature),
            second.receipt.values,
            long_form(second.signature),
        )


class LogClient(ContractClient):
    """The interaction logs of one contract, seen and used by one account.

    Methods that send take an idempotency ``key``, simulate before they send, and raise the twins of
    the contract's errors.

    Source: contracts/customers/IInteractionLog.sol.

    Args:
        connection: The chain.
        address: Address of the InteractionLog contract.
        sender: The account that sends; ``None`` for reading only.
        since_block: Block of its deployment, where searches for events begin.
    """

    CONTRACT = "InteractionLog"

    @cached_property
    def prepare(self) -> LogCalls:
        """The same transactions, checked and encoded but not sent."""
        return LogCalls(self.contract)

    @cached_property
    def domain(self) -> Domain:
        """What receipts, feedback and replies are signed for."""
        return log_domain(self.connection.chain_id, self.contract.address)

    # ----------------------------------------------------------------- the operator

    def open(
        self, index: int, delay: int, notice_hash: bytes = NO_WORD, *, key: str | None = None
    ) -> Receipt:
        """Open log number ``index`` of the sender and promise its delay, once and for ever.

        Args:
            index: The log's number among the sender's.
            delay: Seconds, at most, from a receipt to its anchor: 60 to 30 days.
            notice_hash: Hash of the privacy notice that the log is kept under; zeros for none.
            key: Idempotency key.

        Raises:
            LogOpenedBefore: It was opened before.
            UsageError: A value is out of its range.
        """
        return self.send(self.prepare.open(index, delay, notice_hash), key=key)

    def anchor(
        self,
        index: int,
        leaves_root: bytes,
        heads_root: bytes,
        count: int,
        *,
        stored: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Anchor a batch; :meth:`crmdapp.customers.operator.LogOperator.anchor` does it safely."""
        call = self.prepare.anchor(index, leaves_root, heads_root, count, stored=stored)
        return self.send(call, key=key)

    def answer(
        self, receipt: InteractionReceipt, proof: Sequence[bytes], *, key: str | None = None
    ) -> Receipt:
        """Answer a challenge: show that the receipt's interaction was anchored.

        Args:
            receipt: The receipt.
            proof: From its leaf to the root of its batch.
            key: Idempotency key.

        Raises:
            LeafNotAnchored: No batch of the log has the root that the proof leads to.
            ReceiptNotChallenged: Nobody challenged it.
            ReceiptSettled: It was answered, or flagged, before.
            AnswerWindowClosed: The time to answer is over.
            BatchesOmitted: The node leaves batches out.
        """
        return self.send(self.answer_call(receipt, proof), key=key)

    def answer_call(self, receipt: InteractionReceipt, proof: Sequence[bytes]) -> Call:
        """Return the call of :meth:`answer`, not sent."""
        batches = self.batches(receipt.log)
        root = root_of(receipt.leaf, proof)
        for item in batches:
            if item.batch.leaves_root == root:
                return self.prepare.answer(receipt, proof, batches[item.number - 1 :])
        raise LeafNotAnchored(
            "No batch of the log has the root that the proof leads to.",
            hint="Anchor the interaction first, and make the proof from its batch.",
        )

    # ----------------------------------------------------------------- everybody

    def challenge(self, signed: SignedReceipt, *, key: str | None = None) -> Receipt:
        """Post a receipt whose time is over.

        Raises:
            ReceiptNotOverdue: Its time is not over.
            ReceiptChallengedBefore: Somebody posted it before.
            ReceiptSignatureInvalid: The log's operator did not sign it.
            LogNotOpened: There is no such log.
        """
        return self.send(self.prepare.challenge(signed), key=key)

    def flag(self, receipt: InteractionReceipt, *, key: str | None = None) -> Receipt:
        """Flag the log of a challenged receipt that was not answered in time.

        Raises:
            AnswerWindowOpen: There is still time to answer.
            ReceiptNotChallenged: Nobody challenged it.
            ReceiptSettled: It was answered, or flagged, before.
        """
        return self.send(self.prepare.flag(receipt), key=key)

    def prove_fork(
        self, first: SignedReceipt, second: SignedReceipt, *, key: str | None = None
    ) -> Receipt:
        """Flag a log at once by two receipts for one place in a customer's sequence.

        Raises:
            UsageError: They show no fork.
            ForkShownBefore: This fork was shown before.
            ReceiptSignatureInvalid: The log's operator did not sign one of them.
        """
        return self.send(self.prepare.prove_fork(first, second), key=key)

    # ----------------------------------------------------------------- reading

    def standing(self, log: bytes) -> LogStanding:
        """Return what a log promises and how it kept it."""
        return LogStanding(*self.contract.read("standingOf", require_word("log", log)))

    def head(self, log: bytes, *, block: int | str = "latest") -> bytes:
        """Return a log's head; zeros if nothing was anchored."""
        found: bytes = self.contract.read("headOf", require_word("log", log), block=block)
        return found

    def batches(
        self, log: bytes, *, after: AnchoredBatch | None = None
    ) -> tuple[AnchoredBatch, ...]:
        """Return all batches of a log, oldest first, proved complete and unchanged.

        The node's events are hashed into the chain of heads; what comes out must be the head that
        the contract holds.

        Args:
            log: The log.
            after: A batch that is known to be on chain: only those after it are read.

        Raises:
            BatchesOmitted: It is not: the node leaves a batch out, or tells another one.
        """
        require_word("log", log)
        for attempt in range(1, _ATTEMPTS + 1):
            block = self.connection.block_number()
            head = self.head(log, block=block)
            first = None if after is None else after.block
            events = self.events("InteractionsAnchored", from_block=first, to_block=block, log=log)
            try:
                return self._chained(log, events, head, after)
            except BatchesOmitted:
                if attempt == _ATTEMPTS:
                    raise  # a reorganisation between two questions would not last
        raise AssertionError  # the last attempt returns or raises

    def verify(self, log: bytes, leaves_root: bytes, proof: Sequence[bytes], leaf: bytes) -> bool:
        """Return whether the contract itself finds ``leaf`` in a batch anchored as stored."""
        found: bool = self.contract.read("verify", log, leaves_root, tuple(proof), leaf)
        return found

    def challenge_of(self, receipt: InteractionReceipt | bytes) -> Challenge:
        """Return the challenge of a receipt, or of a receipt's hash."""
        name = receipt if isinstance(receipt, bytes) else receipt.struct_hash()
        return Challenge(name, *self.contract.read("challengeOf", require_word("hash", name)))

    def open_challenges(self, log: bytes) -> Iterator[Challenge]:
        """Yield the challenges of a log that are neither answered nor flagged, oldest first."""
        require_word("log", log)
        for item in self.events("ReceiptChallenged", log=log):
            event: Any = item.event
            found = self.challenge_of(event.receipt_hash)
            if found.is_open:
                yield found

    def _chained(
        self, log: bytes, events: Iterator[DecodedLog], head: bytes, after: AnchoredBatch | None
    ) -> tuple[AnchoredBatch, ...]:
        found: list[AnchoredBatch] = []
        last, seq, number = NO_WORD, 1, 0
        if after is not None:
            last, seq, number = after.head, after.last_seq + 1, after.number
            events = _those_after(events, after.head)
        for item in events:
            event: Any = item.event
            at = self.connection.block_timestamp(item.block)
            batch = Batch(event.leaves_root, event.heads_root, event.count, at)
            reached = batch.head_after(last)
            if reached != event.head or event.log != log:
                raise _omitted(log, f"It is not whole before block {item.block:,}.")
            number += 1
            found.append(AnchoredBatch(number, seq, last, reached, batch, item.block, item.tx_hash))
            last, seq = reached, seq + batch.count
        if last != head:
            raise _omitted(log, f"It ends before the contract's head, after {number:,} batches.")
        return tuple(found)


def _those_after(events: Iterator[DecodedLog], head: bytes) -> Iterator[DecodedLog]:
    """Return the events after the one that led to a head."""
    for item in events:
        event: Any = item.event
        if event.head == head:
            break
    return events


def _index(index: int) -> int:
    return require_whole("The log's number", index, INDEX_MAX)


def _omitted(log: bytes, why: str) -> BatchesOmitted:
    return BatchesOmitted(
        f"The node's list of batches of log 0x{log.hex()} is not the log's.",
        why=f"Hashed one after the other they must give the contract's head. {why}",
        hint="Do not trust this node for logs; ask another one (--rpc).",
    )

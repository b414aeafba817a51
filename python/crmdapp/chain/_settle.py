"""From "signed" to "in a block that stays": receipts, reorgs, lost nonces, reasons of reverts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from crmdapp.chain.connection import Connection
from crmdapp.chain.journal import Account, Attempt, Journal
from crmdapp.chain.transactions import Receipt, SendPolicy, SentTransaction, receipt_of
from crmdapp.errors import (
    ContractError,
    NodeProblem,
    NodeRefused,
    ReceiptTimeout,
    TransactionReverted,
    UsageError,
)

_RESEND_SECONDS = 1.0
_FIRST_POLL = 0.01
_POLL_GROWTH = 1.6
_MOST_AT_ONCE = 500


class Settlement:
    """Follows one account's transactions into the chain.

    Args:
        connection: The chain.
        journal: Where outcomes are written.
        account: Whose transactions.
        policy: How long and how deep to wait.
        sign_again: Signs and sends a transaction that was given a new nonce; takes its number and
            lease.
    """

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        account: Account,
        policy: SendPolicy,
        sign_again: Callable[[int, str], None],
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._account = account
        self._policy = policy
        self._sign_again = sign_again

    def chain_nonce(self) -> int:
        """Return how many of the account's transactions the chain and its queue have.

        Transactions recorded as mined at or above the chain's count were undone by a reorg (or the
        chain was put back to an earlier state): those become pending again and are sent again, so
        that the numbers after them do not wait for ever.
        """
        sender = self._account.sender
        mined = self._connection.nonce(sender, "latest")
        for sent in self._journal.settled_from(self._account, mined):
            if self.look(sent) is None:
                self.send_again(self._journal.get(sent.id))
        return max(mined, self._connection.nonce(sender, "pending"))

    def wait(self, sent: SentTransaction, timeout: float, confirmations: int) -> Receipt:
        """Return the receipt once it has that many confirmations.

        Raises:
            ReceiptTimeout: It is still pending.
            UsageError: It was never sent.
            NodeProblem: The node could not be asked.
        """
        deadline = time.monotonic() + timeout
        poll = min(_FIRST_POLL, self._policy.poll)
        resend_at = time.monotonic() + _RESEND_SECONDS
        while True:
            receipt = self.look(sent)
            if receipt is not None and self._is_deep(receipt, confirmations):
                return receipt
            now = time.monotonic()
            if receipt is None:
                sent = self._journal.get(sent.id)
                if sent.state == "dropped":
                    raise UsageError(
                        f"The transaction {sent.key or sent.function} was never sent.",
                        why="It was not signed, or every node refused it.",
                        hint="Send it again; with its key it cannot happen twice.",
                    )
                if sent.state in ("signed", "leased"):
                    if self._lost_nonce(sent):
                        sent = self._journal.get(sent.id)
                    elif now >= resend_at:
                        self.clear_the_way(sent.nonce)
                        self.send_again(sent)
                        resend_at = now + _RESEND_SECONDS
            if now >= deadline:
                raise _still_pending(sent, timeout, receipt, confirmations)
            time.sleep(min(poll, max(0.0, deadline - now)))
            poll = min(poll * _POLL_GROWTH, self._policy.poll)

    def look(self, sent: SentTransaction) -> Receipt | None:
        """Return the receipt of whichever form is mined now, and write the outcome down."""
        attempts = self._journal.attempts(sent.id)
        nonce = self._journal.get(sent.id).nonce
        for attempt in reversed(attempts):
            raw = self._canonical_receipt(attempt.hash)
            if raw is None:
                continue
            receipt = receipt_of(raw, sent.key, attempt.nonce)
            if receipt.status != 1 and attempt.nonce != nonce:
                continue  # reverted before, and asked for anew since
            if sent.block != receipt.block or sent.hash != receipt.hash or _is_pending(sent):
                self._journal.record_mined(sent.id, receipt.hash, receipt.block, receipt.status)
            return receipt
        if attempts and not _is_pending(sent) and sent.state != "dropped":
            self._journal.record_vanished(sent.id)
        return None

    def revive(self, sent: SentTransaction) -> None:
        """Hand a pending transaction to the node again if no node has it any more."""
        if self.look(sent) is None:
            sent = self._journal.get(sent.id)
            if sent.state == "signed" and not self._connection.knows(sent.hash):
                self.send_again(sent)

    def clear_the_way(self, nonce: int | None = None) -> list[int]:
        """See to it that nothing before ``nonce`` (or any nonce) keeps later ones from being mined.

        Numbers given out but never used, because their process died before signing, are filled
        with an empty transfer; transactions no node has any more are sent again.

        Returns:
            The journal's numbers of the empty transfers.
        """
        filled: list[int] = []
        self._journal.expire_leases(self._account)
        for gap in self._journal.gaps(self._account, self.chain_nonce())[:_MOST_AT_ONCE]:
            if nonce is None or gap < nonce:
                leased = self._journal.fill_gap(self._account, gap, self._policy.lease_seconds)
                if leased is not None:
                    self._sign_again(*leased)
                    filled.append(leased[0])
        for sent in self._journal.unsettled(self._account)[:_MOST_AT_ONCE]:
            if nonce is None or (sent.nonce is not None and sent.nonce < nonce):
                self.revive(sent)
        return filled

    def send_again(self, sent: SentTransaction) -> None:
        """Hand every signed form under the current nonce to the node, the latest first.

        Refusals are left to the next look at the chain: only a receipt tells what happened.
        """
        for attempt in self._current_forms(sent):
            try:
                self._connection.broadcast(attempt.raw)
            except NodeRefused:
                continue
            return

    def revert_reason(self, sent: SentTransaction, receipt: Receipt) -> TransactionReverted:
        """Return why a mined transaction was reverted, found by replaying it at its block."""
        reason = self._replayed(sent, receipt)
        if reason is None:
            used_all = receipt.gas_used >= sent.gas
            reason = TransactionReverted(
                f"The transaction {receipt.hash} was reverted.",
                why="It ran out of gas."
                if used_all
                else "Replaying it on the state around its block does not revert.",
                hint="Send it again; it may have met the state between two others.",
            )
        reason.tx_hash = receipt.hash
        reason.block = receipt.block
        return reason

    # ----------------------------------------------------------------- inside

    def _canonical_receipt(self, tx_hash: str) -> dict[str, Any] | None:
        """Return the receipt if its block is on the chain; some nodes keep orphans' receipts."""
        raw = self._connection.receipt(tx_hash)
        if raw is None or raw.get("blockHash") is None:
            return None
        block = self._connection.block(int(raw["blockNumber"], 16))
        return raw if block is not None and block["hash"] == raw["blockHash"] else None

    def _is_deep(self, receipt: Receipt, confirmations: int) -> bool:
        if confirmations <= 1:
            return True
        return self._connection.block_number() - receipt.block + 1 >= confirmations

    def _current_forms(self, sent: SentTransaction) -> list[Attempt]:
        return [
            attempt
            for attempt in reversed(self._journal.attempts(sent.id))
            if attempt.nonce == sent.nonce
        ]

    def _lost_nonce(self, sent: SentTransaction) -> bool:
        """Sign a transaction anew if a transaction from elsewhere has used up its nonce for good.

        The signed forms under the old nonce can then never be mined, so it still happens once.
        """
        if sent.state != "signed" or sent.nonce is None:
            return False
        if self._settled_nonce() <= sent.nonce:
            return False
        hashes = {attempt.hash for attempt in self._journal.attempts(sent.id)}
        # A missing receipt proves nothing: nodes raise the nonce before they serve the receipt.
        mined = self._mined_beside(sent.nonce)
        if mined is None or hashes & mined:
            return False
        for tx_hash in hashes:
            answers = self._connection.ask_each("eth_getTransactionReceipt", [tx_hash])
            if not answers or any(answers):
                return False  # mined after all, or nobody there to say that it is not
        lease = self._journal.renumber(
            self._account,
            sent.id,
            sent.nonce,
            chain_nonce=self._connection.nonce(self._account.sender, "pending"),
            seconds=self._policy.lease_seconds,
        )
        if lease is None:
            return False
        self._sign_again(sent.id, lease)
        return True

    def _mined_beside(self, nonce: int) -> set[str] | None:
        """Return the transactions of the block in which the account's nonce passed ``nonce``.

        While a node makes a block, what it says of the head's state may be that block's already.
        So the head counts only if the account's transaction with that nonce is in it.

        Returns:
            Their hashes; ``None`` if the node cannot tell yet which block that was.
        """
        try:
            head = after = self._connection.block_number()
            step = 1
            while not self._is_before(before := max(0, after - step), nonce):
                if before == 0:
                    return None
                step *= 2
            while after - before > 1:
                middle = (before + after) // 2
                if self._is_before(middle, nonce):
                    before = middle
                else:
                    after = middle
            block = self._connection.block(after, full=True)
        except NodeRefused:
            return None  # it no longer keeps that state
        if block is None or self._is_before(after, nonce):
            return None
        mined = block.get("transactions", ())
        if after == head and not any(self._took(tx, nonce) for tx in mined):
            return None
        return {str(tx["hash"]).lower() for tx in mined}

    def _took(self, tx: dict[str, Any], nonce: int) -> bool:
        """Return whether a mined transaction is the account's with that nonce."""
        is_own = str(tx["from"]).lower() == self._account.sender.lower()
        return is_own and int(tx["nonce"], 16) == nonce

    def _is_before(self, block: int, nonce: int) -> bool:
        """Return whether the account had not used ``nonce`` yet after that block."""
        return self._connection.nonce(self._account.sender, block) <= nonce

    def _settled_nonce(self) -> int:
        """Return the account's transaction count as deep as the policy calls settled."""
        depth = self._policy.confirmations - 1
        if depth <= 0:
            return self._connection.nonce(self._account.sender, "latest")
        head = self._connection.block_number()
        return self._connection.nonce(self._account.sender, max(0, head - depth))

    def _replayed(self, sent: SentTransaction, receipt: Receipt) -> TransactionReverted | None:
        call = self._journal.call(sent.id)
        for block in (receipt.block - 1, receipt.block):
            try:
                self._connection.eth_call(
                    call, sender=self._account.sender, block=max(0, block), gas=sent.gas
                )
            except ContractError as reason:
                return reason
            except TransactionReverted as reason:
                if receipt.gas_used < sent.gas:
                    return reason
            except NodeProblem:
                continue  # the node no longer keeps that state
        return None


def _is_pending(sent: SentTransaction) -> bool:
    return sent.state in ("leased", "signed")


def _still_pending(
    sent: SentTransaction, timeout: float, receipt: Receipt | None, confirmations: int
) -> ReceiptTimeout:
    if not sent.hash:
        return ReceiptTimeout(
            f"The transaction with number {sent.nonce} is not signed after {timeout:g} s.",
            why="Another process is signing it.",
            hint="Look for that process; it may wait for a confirmation on a device.",
        )
    if receipt is not None:
        why = f"It is in block {receipt.block} but has not {confirmations} confirmations yet."
    else:
        why = "No node has a receipt for it. It has not failed and may still be mined."
    return ReceiptTimeout(
        f"The transaction {sent.hash} is still pending after {timeout:g} s.",
        tx_hash=sent.hash,
        why=why,
        hint=f"Wait (crmdapp tx wait {sent.hash}) or offer more (crmdapp tx speed-up {sent.hash}).",
    )

"""Sending transactions so that none is lost and none is sent twice.

A transaction is numbered and its signed form written to the journal before any node sees it. Killed
at any point, the next process finds in the journal either nothing (it was never signed, so it can
never be mined) or the signed form (sending the same bytes again is harmless).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from crmdapp.chain._answers import is_funds_missing, is_nonce_used, is_underpriced
from crmdapp.chain._pricing import Pricing
from crmdapp.chain._settle import Settlement
from crmdapp.chain.accounts import Signer
from crmdapp.chain.calls import Call
from crmdapp.chain.connection import Connection
from crmdapp.chain.fees import Fees
from crmdapp.chain.journal import Account, Journal
from crmdapp.chain.transactions import Receipt, SendPolicy, SentTransaction, Simulation
from crmdapp.errors import (
    Cancelled,
    CrmdappError,
    FundsMissing,
    GasCapExceeded,
    NodeProblem,
    NodeRefused,
    ReceiptTimeout,
    TransactionReverted,
    UsageError,
)

__all__ = ["Sender", "Simulation"]


class Sender:
    """Sends one account's transactions on one chain.

    Args:
        connection: The chain.
        signer: Who signs.
        journal: Where transactions are written before they are sent.
        policy: Prices, limits and waiting times.
    """

    def __init__(
        self,
        connection: Connection,
        signer: Signer,
        journal: Journal,
        *,
        policy: SendPolicy | None = None,
    ) -> None:
        self.connection = connection
        self.journal = journal
        self.policy = policy or SendPolicy()
        self._signer = signer
        self._pricing = Pricing(connection, signer.address, self.policy)
        self._account = Account(connection.chain_id, connection.genesis_hash, signer.address)
        self._settlement = Settlement(
            connection, journal, self._account, self.policy, self._sign_again
        )

    def __repr__(self) -> str:
        return f"Sender({self.address}, chain_id={self.connection.chain_id})"

    @property
    def address(self) -> str:
        """The account that sends."""
        return self._signer.address

    # ----------------------------------------------------------------- asking

    def simulate(self, call: Call) -> Simulation:
        """Return what ``call`` would do and cost; nothing is sent.

        Raises:
            ContractError: The contract would refuse, as the twin of its error.
            TransactionReverted: It would be reverted without a reason.
            FundsMissing: The account cannot pay.
            GasCapExceeded: It needs more gas than one transaction may use.
            NodeProblem: The node could not be asked.
        """
        return self._pricing.simulate(call)

    def pending(self) -> list[SentTransaction]:
        """Return the transactions not known to be mined, by nonce; asks no node."""
        return self.journal.unsettled(self._account)

    def status(self, hash_or_key: str) -> SentTransaction:
        """Return the transaction with that hash or idempotency key; asks no node.

        Raises:
            UsageError: The journal has no such transaction of this account on this chain.
        """
        sent = self.journal.find(self._account, hash_or_key)
        if sent is None:
            raise UsageError(
                f"The journal has no transaction {hash_or_key!r} of {self.address}.",
                hint="Check the account, the chain and the state folder.",
            )
        return sent

    # ----------------------------------------------------------------- sending

    def send(
        self,
        call: Call,
        *,
        key: str | None = None,
        gas: int | None = None,
        again_if_reverted: bool = False,
    ) -> SentTransaction:
        """Send ``call``, once.

        Args:
            call: What to send.
            key: Idempotency key: whatever happens in between, a transaction is sent at most once
                per account, chain and key, and the earlier one is returned from then on.
            gas: Gas limit, for calls whose need is known; the call is then simulated with it
                instead of estimated, which is much faster for large batches.
            again_if_reverted: Send a transaction of that key anew if it was mined and reverted,
                which changed nothing.

        Raises:
            ContractError: The contract would refuse, as the twin of its error; nothing was sent.
            TransactionReverted: It would be reverted without a reason; nothing was sent.
            FundsMissing: The account cannot pay; nothing was sent.
            GasCapExceeded: It needs too much gas; nothing was sent.
            KeyProblem: The signer cannot sign; nothing was sent.
            DiskFull: The journal cannot be written; nothing was sent.
            UsageError: The key belongs to another call; nothing was sent.
            NodeRefused: The node refuses the transaction; it is not pending.
            NodeUnreachable: No node answers. If the message names a hash the transaction is in the
                journal and may have arrived: call again with the same key, or :meth:`resume`.
        """
        earlier = self._earlier(call, key, again_if_reverted)
        if earlier is not None:
            return earlier
        pricing = self._pricing
        gas = pricing.gas(call) if gas is None else pricing.tried(call, gas)
        fees = pricing.fees.suggest()
        pricing.require_funds(call, gas, fees)
        sent, lease = self.journal.lease(
            self._account,
            call,
            key=key,
            gas=gas,
            chain_nonce=self._settlement.chain_nonce(),
            seconds=self.policy.lease_seconds,
            again=again_if_reverted,
        )
        if lease is None:  # another process has numbered it since
            return self._earlier(call, key, again_if_reverted) or sent
        return self._deliver(self._sign(sent, lease, call, fees))

    def send_many(
        self,
        items: Iterable[tuple[str, Call]],
        *,
        window: int = 8,
        gas: int | None = None,
        again_if_reverted: bool = False,
    ) -> Iterator[Receipt]:
        """Send calls in order, several under way at a time, and yield their receipts in order.

        Run again with the same keys after any interruption, it sends only what was not sent.

        Args:
            items: Idempotency key and call of each.
            window: Most transactions under way, 1 to 1,000.
            gas: Gas limit of each, as in :meth:`send`.
            again_if_reverted: As in :meth:`send`.

        Raises:
            ContractError: A contract refused, as the twin of its error, after the receipts of all
                items before it; what was sent after it stays in the journal.
            ReceiptTimeout: A transaction is still pending.
            CrmdappError: Whatever :meth:`send` raises.
        """
        if not 1 <= window <= 1_000:
            raise UsageError(f"The window must be from 1 to 1,000, not {window}.")
        waiting: deque[SentTransaction] = deque()
        for key, call in items:
            try:
                sent = self.send(call, key=key, gas=gas, again_if_reverted=again_if_reverted)
            except (TransactionReverted, GasCapExceeded, FundsMissing, UsageError):
                # What was sent before the refused item is still reported.
                while waiting:
                    yield self.wait(waiting.popleft())
                raise
            waiting.append(sent)
            while len(waiting) >= window:
                yield self.wait(waiting.popleft())
        while waiting:
            yield self.wait(waiting.popleft())

    # ----------------------------------------------------------------- waiting

    def wait(
        self,
        tx: SentTransaction | str,
        *,
        timeout: float | None = None,
        confirmations: int | None = None,
    ) -> Receipt:
        """Return the receipt once the transaction is in a block that stays.

        Meanwhile a transaction the nodes have forgotten is sent again, and one whose nonce a
        transaction from elsewhere has used up is signed and sent with a new one.

        Args:
            tx: The transaction, or its hash or key.
            timeout: Seconds to wait; the policy's by default.
            confirmations: Blocks from the receipt's own to the latest; the policy's by default.

        Raises:
            ReceiptTimeout: It is still pending; it has not failed.
            ContractError: It was mined and reverted, as the twin of the contract's error.
            TransactionReverted: It was mined and reverted without a reason.
            Cancelled: Its cancellation was mined.
            UsageError: The journal has no such transaction, or it was never sent.
            NodeProblem: The node could not be asked.
        """
        receipt = self._settlement.wait(
            self._of(tx),
            self.policy.timeout if timeout is None else timeout,
            self.policy.confirmations if confirmations is None else confirmations,
        )
        sent = self.journal.find(self._account, receipt.hash)
        if sent is not None and sent.state == "cancelled":
            raise Cancelled(
                f"The transaction was cancelled: {receipt.hash} took its place.",
                hint="Send it again under a new key if it is wanted after all.",
            )
        if receipt.status != 1 and sent is not None:
            raise self._settlement.revert_reason(sent, receipt)
        return receipt

    def resume(self, *, timeout: float | None = None) -> list[Receipt]:
        """Bring everything left unfinished to an end and return the receipts by nonce.

        Looks for the receipts of all pending transactions, sends again what the nodes have
        forgotten, signs anew what lost its nonce to a transaction from elsewhere, and fills nonces
        that were given out but never used with an empty transfer. A reverted transaction is
        returned with status 0, not raised. What is still pending at the end stays pending.

        Args:
            timeout: Seconds to wait in all; the policy's by default.

        Raises:
            NodeProblem: The node could not be asked.
        """
        deadline = time.monotonic() + (self.policy.timeout if timeout is None else timeout)
        waiting = self.pending()
        waiting += [self.journal.get(number) for number in self._settlement.clear_the_way()]
        receipts: list[Receipt] = []
        for sent in waiting:
            if self.journal.get(sent.id).state == "dropped":
                continue  # its process died before it was signed
            left = max(0.0, deadline - time.monotonic())
            try:
                receipts.append(self._settlement.wait(sent, left, self.policy.confirmations))
            except ReceiptTimeout:
                continue
        return sorted(receipts, key=lambda receipt: receipt.nonce)

    # ----------------------------------------------------------------- replacing

    def speed_up(self, tx: SentTransaction | str) -> SentTransaction:
        """Offer more for a pending transaction; whichever form is mined, it happens once.

        Raises:
            UsageError: The journal has no such transaction, or it is not pending.
            FundsMissing: The account cannot pay the higher fee.
            NodeProblem: The node could not be asked or refuses.
        """
        sent = self._require_pending(tx)
        fees = self._pricing.fees.bumped(sent.max_fee, sent.tip)
        return self._replace(sent, "send", self.journal.call(sent.id), sent.gas, fees)

    def cancel(self, tx: SentTransaction | str) -> SentTransaction:
        """Replace a pending transaction by an empty transfer to oneself under the same nonce.

        The original may still win: :meth:`wait` tells which form was mined.

        Raises:
            UsageError: The journal has no such transaction, or it is not pending.
            FundsMissing: The account cannot pay the higher fee.
            NodeProblem: The node could not be asked or refuses.
        """
        sent = self._require_pending(tx)
        fees = self._pricing.fees.bumped(sent.max_fee, sent.tip)
        empty = Call(self.address)
        return self._replace(sent, "cancel", empty, self._pricing.gas(empty), fees)

    # ----------------------------------------------------------------- inside

    def _of(self, tx: SentTransaction | str) -> SentTransaction:
        return self.status(tx) if isinstance(tx, str) else self.journal.get(tx.id)

    def _require_pending(self, tx: SentTransaction | str) -> SentTransaction:
        sent = self._of(tx)
        if sent.state == "signed" and self._settlement.look(sent) is not None:
            sent = self.journal.get(sent.id)
        if sent.state != "signed":
            raise UsageError(
                f"The transaction {sent.hash or sent.key} is not pending, it is {sent.state}.",
                hint="Only a pending transaction can be replaced.",
            )
        return sent

    def _sign(self, sent: SentTransaction, lease: str, call: Call, fees: Fees) -> SentTransaction:
        """Sign a leased transaction and write it down; the lease is given up if that fails."""
        try:
            raw = self._raw(call, sent, sent.gas, fees)
            signed = self.journal.record_signed(sent.id, lease, raw, fees)
        except BaseException:
            self.journal.drop(sent.id, lease)
            raise
        if signed is None:
            raise CrmdappError(
                "Signing took too long; the transaction's number was given to another.",
                why=f"A number is kept for {self.policy.lease_seconds:g} s.",
                hint="Nothing was sent. Try again and confirm sooner.",
            )
        return signed

    def _raw(self, call: Call, sent: SentTransaction, gas: int, fees: Fees) -> bytes:
        tx: dict[str, Any] = {
            "type": 2,
            "chainId": self.connection.chain_id,
            "nonce": sent.nonce,
            "value": call.value,
            "data": call.data,
            "gas": gas,
            "maxFeePerGas": fees.max_fee,
            "maxPriorityFeePerGas": fees.tip,
        }
        if call.to is not None:
            tx["to"] = call.to
        return self._signer.sign_transaction(tx)

    def _deliver(self, sent: SentTransaction) -> SentTransaction:
        """Hand a signed, journalled transaction to the node."""
        try:
            self.connection.broadcast(self.journal.attempts(sent.id)[-1].raw)
        except NodeRefused as problem:
            if is_nonce_used(problem) or is_underpriced(problem):
                return sent  # somebody else's transaction has this nonce; wait() sorts it out
            if problem.ambiguous:
                return sent  # another node may have taken it before this one refused
            self.journal.drop(sent.id)
            if is_funds_missing(problem.why):
                raise FundsMissing(
                    f"The node says that {self.address} cannot pay.",
                    address=self.address,
                    balance=self.connection.balance(self.address),
                    needed=sent.gas * sent.max_fee + sent.value,
                    why=problem.why,
                    hint="Send some of the chain's currency to the account.",
                ) from None
            raise
        except NodeProblem as problem:
            problem.message += f" The transaction {sent.hash} is in the journal."
            problem.hint = f"It may have arrived: crmdapp tx wait {sent.hash}. {problem.hint}"
            raise
        return sent

    def _earlier(self, call: Call, key: str | None, again: bool) -> SentTransaction | None:
        """Return the transaction that has this key, making sure that a node has it.

        ``None`` if there is none, or if it is to be numbered (again).
        """
        sent = None if key is None else self.journal.find_key(self._account, key)
        while sent is not None and self.journal.is_held(sent.id):
            time.sleep(0.02)  # another process is signing it; its lease ends some day
            sent = self.journal.get(sent.id)
        if sent is None:
            return None
        self.journal.require_same(sent.id, call)
        if sent.state in ("leased", "dropped") or (again and sent.state == "reverted"):
            return None
        if sent.state == "signed":
            self._settlement.revive(sent)
        return self.journal.get(sent.id)

    def _replace(
        self, sent: SentTransaction, kind: str, call: Call, gas: int, fees: Fees
    ) -> SentTransaction:
        self._pricing.require_funds(call, gas, fees)
        raw = self._raw(call, sent, gas, fees)
        replaced = self.journal.record_replacement(sent, kind, raw, fees)
        if replaced is None:
            raise UsageError(f"The transaction {sent.hash} is no longer pending.")
        try:
            self.connection.broadcast(raw)
        except NodeRefused as problem:
            if not is_nonce_used(problem):
                raise
        return replaced

    def _sign_again(self, number: int, lease: str) -> None:
        """Sign a transaction that was given a new nonce, and send it."""
        sent = self.journal.get(number)
        self._deliver(
            self._sign(sent, lease, self.journal.call(number), self._pricing.fees.suggest())
        )

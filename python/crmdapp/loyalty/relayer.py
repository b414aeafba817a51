"""The merchant's relayer: customers sign, the merchant submits and pays the gas.

Redemptions travel in batches (``redeemMany``); what moves points (``transferBySig``), changes them
(``exchangeBySig``) or may be refunded later (``redeemBySig``) travels one by one. Every intent
taken ends in one of three ways, and the journal on disk tells which: mined, skipped by the hub
(with the name of its error; it stays usable), or rejected before it was sent. A process killed
between any two steps is resumed by the next :meth:`Relayer.flush`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.chain.calls import Call
from crmdapp.chain.decode import as_address, decode_log
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.errors import (
    ContractError,
    CrmdappError,
    GasCapExceeded,
    TransactionReverted,
    UsageError,
    VerificationFailed,
)
from crmdapp.loyalty._intent_checks import IntentChecks, taken
from crmdapp.loyalty.errors import ERC6909InsufficientBalance, OrderUsed, PositionOverLimit
from crmdapp.loyalty.events import IntentSkipped, OrdersRedeemed
from crmdapp.loyalty.intent_journal import IntentBatch, IntentJournal, RelayedIntent
from crmdapp.loyalty.intents import RedeemIntent, SignedIntent, batch_terms, require_fits

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.client import LoyaltyClient

BATCH_GAS = 13_000_000
"""Gas that the intents of a batch may take together at worst, below the chain's 16,777,216."""

_RECHECK_BLOCKS = 64

_SKIP_REASONS = {
    twin.selector: twin.__name__
    for twin in (
        IntentExpired,
        OrderUsed,
        IntentSignatureInvalid,
        ERC6909InsufficientBalance,
        PositionOverLimit,
    )
}


@dataclass(frozen=True, slots=True)
class FlushProblem:
    """A batch that could not be sent; its intents are kept for the next flush.

    Attributes:
        program: The program.
        intents: How many intents wait.
        error: Why.
    """

    program: int
    intents: int
    error: CrmdappError


@dataclass(frozen=True, slots=True)
class FlushReport:
    """What one flush achieved.

    Attributes:
        settled: Intents that were mined, skipped or rejected in it.
        receipts: Receipts of the transactions.
        problems: Batches that could not be sent.
    """

    settled: tuple[RelayedIntent, ...]
    receipts: tuple[Receipt, ...]
    problems: tuple[FlushProblem, ...]

    def count(self, state: str) -> int:
        """Return how many intents ended as ``"mined"``, ``"skipped"`` or ``"rejected"``."""
        return sum(item.state == state for item in self.settled)


class Relayer:
    """Takes signed intents for one hub and submits them from one account.

    Args:
        client: The hub, with the account that submits; for redemptions it is an issuer.
        journal: Where intents and batches are written down.
    """

    def __init__(self, client: LoyaltyClient, journal: IntentJournal) -> None:
        self._client = client
        self._sender = client.sender
        self._journal = journal
        self._connection = client.connection
        self._genesis = client.connection.genesis_hash
        self._checks = IntentChecks(client, journal)

    # ----------------------------------------------------------------- taking

    def accept(self, signed: SignedIntent, *, refundable: bool = False) -> RelayedIntent:
        """Take an intent if it could be carried out now; it is on the disk when this returns.

        An intent taken before is returned as it stands; one that was skipped or rejected is
        checked and taken up again.

        Args:
            signed: The intent.
            refundable: Whether a redemption may be refunded later, which costs a storage slot.

        Raises:
            IntentSignatureInvalid: The holder did not sign it, or not for this hub and chain.
            IntentExpired: Its deadline has passed.
            OrderUsed: The order was redeemed, or another intent for it was taken.
            IntentNonceUsed: The nonce was used, or another intent with it was taken.
            ERC6909InsufficientBalance: The holder has fewer units than this intent and those taken
                before need.
            ProgramUnknown: There is no such program.
            ProgramIssuerOnly: The relayer's account may not submit redemptions of the merchant.
            ProgramNotConnected: The program of a redemption elsewhere has published no prices.
            PointsOverflow: The amount is 2^47 units or more.
            UsageError: Another number is out of its range, or what is no redemption is to be
                refundable.
            NodeProblem: The node could not be asked; nothing was taken.
            DiskFull: The journal cannot be written; nothing was taken.
        """
        # What was signed is judged for this hub and chain, whatever the message says of itself.
        signed = SignedIntent(signed.intent, self._client.domain, signed.signature)
        require_fits(signed.intent)
        known = self._journal.find(self._genesis, signed.digest)
        if known is not None and known.state in ("accepted", "batched", "mined"):
            return known
        if refundable and not isinstance(signed.intent, RedeemIntent):
            raise UsageError("Only a redemption can be refunded.")
        gas = self._checks.require_usable(signed)
        if not self._journal.add(self._genesis, signed, gas, refundable):
            raise taken(signed)
        found = self._journal.find(self._genesis, signed.digest)
        assert found is not None  # it was just written, and nothing is ever removed
        return found

    def intents(self, *states: str) -> list[RelayedIntent]:
        """Return the intents in those states (all if none is named), oldest first; asks no node."""
        return self._journal.intents(self._genesis, self._client.domain, *states)

    # ----------------------------------------------------------------- submitting

    def flush(self) -> FlushReport:
        """Submit everything taken so far and wait until all of it is settled.

        Batches left open by a process that was killed come first: what was sent is not sent again,
        what was not sent is. A batch that the hub refuses as a whole is reported in ``problems``
        and tried again by the next flush; it does not hold up the others.

        Raises:
            UsageError: An open batch was sent from another account; flush from that one first.
            ReceiptTimeout: A transaction is still pending; flush again.
            FundsMissing: The account cannot pay; flush again when it can.
            KeyProblem: The key cannot sign.
            NodeProblem: The node could not be asked; flush again.
            DiskFull: The journal cannot be written; flush again.
            VerificationFailed: The events of a batch do not add up to its intents.
        """
        work = _Work([], [], [])
        self._recheck(work)
        for batch in self._journal.batches(self._genesis, self._client.domain):
            self._carry(batch, work)
        self._drop_expired(work)
        for program, group in self._groups():
            self._submit(program, group, work)
        return FlushReport(tuple(work.settled), tuple(work.receipts), tuple(work.problems))

    def _groups(self) -> Iterator[tuple[int, list[RelayedIntent]]]:
        """Yield what waits, in batches that one transaction can carry."""
        waiting: dict[tuple[int, int, bytes], list[RelayedIntent]] = {}
        for item in self.intents("accepted"):
            if _travels_alone(item):
                yield item.signed.intent.program, [item]
            else:
                waiting.setdefault(batch_terms(item.signed.intent), []).append(item)
        for (program, _, _), items in waiting.items():
            group: list[RelayedIntent] = []
            gas = 0
            for item in items:
                if group and gas + item.gas > BATCH_GAS:
                    yield program, group
                    group, gas = [], 0
                group.append(item)
                gas += item.gas
            yield program, group

    def _submit(self, program: int, group: list[RelayedIntent], work: _Work) -> None:
        """Write a batch down and carry it out; halve it if it needs too much gas."""
        number = self._journal.form(
            self._genesis,
            self._client.domain,
            self._sender.address,
            program,
            [item.digest for item in group],
        )
        if number is None:
            return  # another process took some of them; the next flush takes the others
        if self._carry(self._journal.batch(number), work):
            return
        if len(group) == 1:
            self._reject(group[0], GasCapExceeded.__name__, work)
            return
        half = len(group) // 2
        self._submit(program, group[:half], work)
        self._submit(program, group[half:], work)

    def _carry(self, batch: IntentBatch, work: _Work) -> bool:
        """Bring a batch that is written down to its end, wherever it stopped.

        Returns:
            ``False`` if it needs too much gas and was taken apart.
        """
        if batch.sender != self._sender.address:
            raise UsageError(
                f"A batch of {len(batch.members)} intents was sent from {batch.sender}.",
                why="Sending it again from another account would submit it twice.",
                hint="Flush from that account first.",
            )
        items = [item for _, item in batch.members]
        try:
            sent = self._sender.send(self._call(batch), key=batch.key, again_if_reverted=True)
            receipt = self._sender.wait(sent)
        except GasCapExceeded as refusal:
            if not self._was_sent(batch):
                self._journal.dissolve(batch.id)
                return False
            work.problems.append(FlushProblem(batch.program, len(items), refusal))
        except TransactionReverted as refusal:
            self._refused(batch, items, refusal, work)
        else:
            self._settle(batch, receipt, work)
        return True

    def _refused(
        self,
        batch: IntentBatch,
        items: list[RelayedIntent],
        refusal: TransactionReverted,
        work: _Work,
    ) -> None:
        """Deal with a batch that the hub refuses as a whole."""
        if not self._was_sent(batch):
            self._journal.dissolve(batch.id)
            single = items[0]
            if _travels_alone(single) and isinstance(refusal, ContractError):
                self._reject(single, refusal.code, work)
                return
        work.problems.append(FlushProblem(batch.program, len(items), refusal))

    def _call(self, batch: IntentBatch) -> Call:
        items = [item for _, item in batch.members]
        if _travels_alone(items[0]):
            return self._client.prepare.submit(items[0].signed, refundable=items[0].refundable)
        return self._client.prepare.redeem_many([item.signed for item in items])

    def _was_sent(self, batch: IntentBatch) -> bool:
        try:
            return self._sender.status(batch.key).state != "dropped"
        except UsageError:
            return False

    # ----------------------------------------------------------------- settling

    def _settle(self, batch: IntentBatch, receipt: Receipt, work: _Work) -> None:
        outcomes = list(self._outcomes(batch, receipt))
        self._journal.settle(
            batch.id,
            tx_hash=receipt.hash,
            block=receipt.block,
            block_hash=receipt.block_hash,
            outcomes=outcomes,
        )
        work.receipts.append(receipt)
        work.settled.extend(self._now(digest) for digest, _, _ in outcomes)

    def _outcomes(self, batch: IntentBatch, receipt: Receipt) -> Iterator[tuple[bytes, str, str]]:
        """Yield digest, state and reason of each member, as the hub's events tell."""
        skipped: dict[int, bytes] = {}
        redeemed: set[int] = set()
        for log in receipt.logs:
            if as_address(log["address"]) != self._client.hub.address:
                continue
            decoded = decode_log(log)
            event = decoded.event if decoded is not None else None
            if isinstance(event, IntentSkipped):
                skipped[event.index] = event.reason
            elif isinstance(event, OrdersRedeemed):
                redeemed.update(_order_ids(event.order_ids))
        for position, item in batch.members:
            intent = item.signed.intent
            if position in skipped:
                selector = skipped[position]
                reason = _SKIP_REASONS.get(selector, "0x" + selector.hex())
                yield item.digest, "skipped", reason
            elif not isinstance(intent, RedeemIntent) or intent.order_id in redeemed:
                yield item.digest, "mined", ""
            else:
                raise VerificationFailed(
                    f"{receipt.hash} neither redeemed nor skipped order {intent.order_id}.",
                    hint="Do not trust this node; compare the receipt with another one.",
                )

    def _recheck(self, work: _Work) -> None:
        """Settle again what a reorganisation of the chain moved or undid."""
        recent = max(0, self._connection.block_number() - _RECHECK_BLOCKS)
        domain = self._client.domain
        for batch in self._journal.batches(self._genesis, domain, settled_since=recent):
            if batch.sender != self._sender.address:
                continue
            try:
                receipt = self._sender.wait(batch.key)
            except TransactionReverted:
                self._journal.reopen(batch.id)
                continue
            if receipt.block_hash != batch.block_hash:
                self._settle(batch, receipt, work)

    def _drop_expired(self, work: _Work) -> None:
        now = self._connection.block_timestamp()
        for item in self.intents("accepted"):
            if item.signed.intent.deadline < now:
                self._reject(item, IntentExpired.__name__, work)

    def _reject(self, item: RelayedIntent, reason: str, work: _Work) -> None:
        self._journal.reject(self._genesis, item.digest, reason)
        work.settled.append(self._now(item.digest))

    def _now(self, digest: bytes) -> RelayedIntent:
        found = self._journal.find(self._genesis, digest)
        assert found is not None  # nothing is ever removed from the journal
        return found


@dataclass(frozen=True, slots=True)
class _Work:
    """What a flush has done so far."""

    settled: list[RelayedIntent]
    receipts: list[Receipt]
    problems: list[FlushProblem]


def _travels_alone(item: RelayedIntent) -> bool:
    return item.refundable or not isinstance(item.signed.intent, RedeemIntent)


def _order_ids(packed: bytes) -> Iterable[int]:
    return (int.from_bytes(packed[at : at + 6], "big") for at in range(0, len(packed), 6))

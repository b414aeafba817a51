"""The company's side of an interaction log: take note, sign, anchor, answer, erase.

Every interaction taken is on the disk, with its place in the log and in the customer's sequence and
with its signed receipt, before the receipt is given out. Batches are on the disk before they are
sent. So a process killed at any point loses nothing, and the next :meth:`LogOperator.anchor`
doubles nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crmdapp.chain.merkle import MerkleTree
from crmdapp.customers._anchoring import Anchoring
from crmdapp.customers._recorder import Clock, Progress, Recorder
from crmdapp.customers.heads import HeadsTree
from crmdapp.customers.leaves import (
    NO_WORD,
    InteractionKind,
    customer_word,
    index_of,
    log_of,
    require_word,
)
from crmdapp.customers.log_export import ExportedBatch, ExportedInteraction, write_export
from crmdapp.customers.log_models import AnchoredBatch
from crmdapp.customers.log_proof import InteractionProof
from crmdapp.customers.log_rows import JournalBatch, JournalEntry, LogPlace
from crmdapp.customers.noting import Hook, LogUnopened, NewInteraction, Notice
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.transactions import Receipt
    from crmdapp.chain.typed_data import Domain
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.log_journal import LogJournal
    from crmdapp.customers.log_keys import LogKeys


_ERASURE = "crmdapp:erasure"


class LogOperator:
    """Keeps one log of the account that anchors it.

    Args:
        client: The contract, with the account that anchors.
        journal: Where interactions, receipts and batches are written down.
        keys: Who is behind the pseudonyms, and the keys of their payloads.
        signer: The same account's key: it signs the receipts.
        index: The log's number among the account's.
        clock: Unix seconds.

    Attributes:
        log: The log.
        delay: Seconds, at most, from a receipt to its anchor, as promised on chain.

    Raises:
        LogUnopened: The log was not opened.
        UsageError: The signer is another account than the one that anchors.
        NodeProblem: The node could not be asked, and this log is not in the journal yet.
    """

    def __init__(
        self,
        client: LogClient,
        journal: LogJournal,
        keys: LogKeys,
        *,
        signer: Signer,
        index: int = 0,
        clock: Clock = time.time,
    ) -> None:
        if signer.address != client.sender.address:
            raise UsageError(
                f"{signer.address} is to sign and {client.sender.address} to anchor.",
                hint="Both are done by the account that the log belongs to.",
            )
        self.log = log_of(signer.address, index)
        self._client = client
        self._journal = journal
        self._keys = keys
        self._signer = signer
        self._id, self.delay = self._opened()
        self._recorder = Recorder(
            journal, self._id, keys, signer, client.domain, self.log, self.delay, clock
        )
        self._anchoring = Anchoring(client, journal, self._id, index_of(self.log))
        self._tree: tuple[int, MerkleTree] | None = None
        self._finish_erasures()

    @property
    def domain(self) -> Domain:
        """What receipts, feedback and replies are signed for."""
        return self._client.domain

    # ----------------------------------------------------------------- noting

    def pseudonym(self, customer: str) -> bytes:
        """Return a customer's pseudonym in this log, a new random one if it had none.

        Args:
            customer: The customer's pairwise identity address, or its profile's id in hex.

        Raises:
            UsageError: It is neither.
        """
        return self._keys.link(self.log, customer_word(customer)).pseudonym

    def known_pseudonym(self, customer: str) -> bytes | None:
        """Return a customer's pseudonym; ``None`` if it has none, or was erased."""
        return self._keys.pseudonym(self.log, customer_word(customer))

    def pseudonyms(self, customers: Iterable[str]) -> list[bytes]:
        """Return the pseudonyms of many customers, in order, new ones made in one step."""
        words = [customer_word(customer) for customer in customers]
        return [link.pseudonym for link in self._keys.links(self.log, words)]

    def record(
        self,
        pseudonym: bytes,
        kind: int,
        payload: Mapping[str, Any],
        consent_id: bytes = NO_WORD,
        *,
        key: str | None = None,
        notify: bool = False,
    ) -> SignedReceipt:
        """Take note of an interaction; it and its receipt are on the disk when this returns.

        Args:
            pseudonym: The customer's, from :meth:`pseudonym`.
            kind: What it was.
            payload: Details, as JSON data of at most 64 KiB.
            consent_id: The consent it rests on, 32 bytes; zeros for none.
            key: The caller's name for it, such as an order number. Called again with the same one,
                the same receipt is returned and nothing is noted twice.
            notify: Whether the company is to be told, see :meth:`notices`.

        Raises:
            PseudonymUnknown: No customer has this pseudonym.
            CustomerErased: The customer was erased.
            InteractionDiffers: Another interaction was noted under this key.
            PayloadInvalid: The payload is no JSON object, or too large.
            UsageError: Another argument is malformed.
            KeyProblem: The key cannot sign; nothing was noted.
            DiskFull: The journal cannot be written; nothing was noted.
        """
        new = NewInteraction(pseudonym, kind, payload, consent_id, key, notify)
        return next(self.record_many([new]))

    def record_many(
        self, interactions: Iterable[NewInteraction], *, progress: Progress | None = None
    ) -> Iterator[SignedReceipt]:
        """Take note of many interactions in order, yielding their receipts as they are safe.

        Args:
            interactions: What happened; written 500 at a time, each 500 together or not at all.
            progress: Called after each 500 with how many are noted, and ``None``.

        Raises:
            CrmdappError: What :meth:`record` raises; of the 500 that it is among, none was noted.
        """
        yield from self._recorder.record_many(interactions, progress)

    def receipt(self, leaf: bytes) -> SignedReceipt | None:
        """Return the receipt of an interaction again, with its contents unless erased."""
        entry = self._journal.entry(self._id, leaf=require_word("leaf", leaf))
        return None if entry is None else self._recorder.signed(entry)

    def receipts(
        self, *, pseudonym: bytes | None = None, first: int = 1
    ) -> Iterator[SignedReceipt]:
        """Yield the receipts of the log in order, with contents unless erased.

        Args:
            pseudonym: Only this customer's.
            first: First place in the log.
        """
        for entry in self._journal.entries(self._id, first=first, pseudonym=pseudonym):
            yield self._recorder.signed(entry)

    # ----------------------------------------------------------------- anchoring

    def anchor(self, *, most: int | None = None, stored: bool = False) -> list[AnchoredBatch]:
        """Anchor all that waits, and return the batches that were not known to be on chain.

        Batches left open by a process that was killed come first: what was sent is not sent again,
        what was not sent is.

        Args:
            most: Most interactions in one batch; all that wait by default.
            stored: Let the contract keep the roots, so that other contracts can verify.

        Raises:
            LogForeignBatch: The chain has a batch that this journal does not know.
            BatchesOmitted: The node leaves batches out.
            ReceiptTimeout: A transaction is still pending; call again.
            FundsMissing: The account cannot pay; call again when it can.
            NodeProblem: The node could not be asked; call again.
            DiskFull: The journal cannot be written; call again.
        """
        return self._anchoring.run(most=most, stored=stored)

    @property
    def waiting(self) -> int:
        """How many interactions are in no batch on chain yet; asks no node."""
        return self._anchoring.waiting()

    @property
    def anchored(self) -> int:
        """How many interactions are in batches on chain; asks no node."""
        return self._journal.last_seq(self._id) - self.waiting

    def proof(self, leaf: bytes) -> InteractionProof | None:
        """Return the proof that an interaction is anchored; ``None`` if it is not yet.

        Raises:
            UsageError: The log has no such interaction.
        """
        entry = self._journal.entry(self._id, leaf=require_word("leaf", leaf))
        if entry is None:
            raise UsageError("The log has no such interaction.", hint="Check the leaf and the log.")
        batch = self._journal.batch_with(self._id, entry.seq)
        if batch is None or batch.anchored_at is None:
            return None
        tree = self._tree_of(batch.number, batch.first_seq, batch.last_seq)
        heads = HeadsTree(self.log, self._journal.heads(self._id, batch.last_seq))
        placed = self._anchoring.placed(batch)
        return InteractionProof(
            domain=self._client.domain,
            log=self.log,
            leaf=leaf,
            interaction=entry.interaction,
            proof=tree.proof(entry.seq - batch.first_seq),
            number=batch.number,
            previous_head=placed.previous_head,
            batch=placed.batch,
            heads=heads.proof(entry.receipt.pseudonym),
        )

    def export(
        self, path: Path | str, *, first: int = 1, progress: Callable[[int], None] | None = None
    ) -> int:
        """Write the batches that are on chain to a new file for auditors; return the interactions.

        Args:
            path: The file.
            first: Number of the first batch; an audit of the whole log needs all of them.
            progress: Called after each 1,000 interactions with how many are written.

        Raises:
            UsageError: The file exists, or its folder does not.
            PermissionDenied: It cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        batches = (
            (
                ExportedBatch(self._client.domain, self.log, batch.number, batch.count),
                map(_exported, self._entries(batch)),
            )
            for batch in self._journal.batches(self._id)
            if batch.number >= first and batch.block is not None
        )
        return write_export(path, batches, progress=progress)

    # ----------------------------------------------------------------- challenges

    def answer_all(self) -> list[tuple[bytes, Receipt | None]]:
        """Answer every open challenge of the log, anchoring what waits first.

        Returns:
            Hash of each challenged receipt, and the transaction; ``None`` if this journal does not
            know the receipt, or the window to answer is over.
        """
        now = self._client.connection.block_timestamp()
        answers: list[tuple[bytes, Receipt | None]] = []
        for posted in list(self._client.open_challenges(self.log)):
            entry = self._journal.entry(self._id, receipt_hash=posted.receipt_hash)
            if entry is None or posted.answer_by < now:
                answers.append((posted.receipt_hash, None))
                continue
            proof = self.proof(entry.leaf)
            if proof is None:
                self.anchor()
                proof = self.proof(entry.leaf)
            assert proof is not None  # it was just anchored
            key = f"answer:{posted.receipt_hash.hex()}:{proof.number}"
            answers.append(
                (posted.receipt_hash, self._client.answer(entry.receipt, proof.proof, key=key))
            )
        return answers

    # ----------------------------------------------------------------- telling the company

    def notices(self) -> list[Notice]:
        """Return what the company was not told of yet, oldest first."""
        return [
            Notice(number, self._recorder.signed(entry))
            for number, entry in self._journal.notices(self._id)
        ]

    def tell(self, hook: Hook) -> int:
        """Call ``hook`` with each notice; return how many there were.

        What the hook was called with comes again if it, or this process, dies before it returns.
        """
        count = 0
        for notice in self.notices():
            hook(notice)
            self.told(notice)
            count += 1
        return count

    def told(self, notice: Notice) -> None:
        """Write that the company was told: the notice does not come again."""
        self._journal.told(notice.number)

    # ----------------------------------------------------------------- erasing

    def erase(self, pseudonym: bytes) -> SignedReceipt:
        """Note the erasure, then destroy all that is known of a customer in this log.

        Payloads, salts, payload hashes and what ties the pseudonym to a person are overwritten in
        both files. The leaves stay, as hashes that say nothing, so the log's proofs still hold.
        Called again, it finishes what a killed process began and returns the same receipt, then
        without contents.

        Raises:
            PseudonymUnknown: No customer has this pseudonym.
            JournalProblem: Another process is reading the files, which still hold old bytes; call
                again.
        """
        known = self._journal.customer(self._id, require_word("pseudonym", pseudonym))
        if known is not None and known.state != "live":
            self._destroy(pseudonym)
            entry = self._journal.entry(self._id, leaf=known.head)
            assert entry is not None  # a leaf is never removed
            return self._recorder.signed(entry)
        receipt = self._recorder.record_last(
            NewInteraction(pseudonym, InteractionKind.ERASURE, {}, key=_ERASURE)
        )
        self._destroy(pseudonym)
        return receipt

    # ----------------------------------------------------------------- inside

    def _opened(self) -> tuple[int, int]:
        client = self._client
        place = LogPlace(
            client.connection.chain_id,
            client.connection.genesis_hash,
            client.contract.address,
            self.log,
        )
        known = self._journal.log(place)
        if known is not None:
            return known
        delay = client.standing(self.log).delay
        if delay == 0:
            raise LogUnopened(
                f"Log {index_of(self.log)} of {self._signer.address} was not opened.",
                hint="Open it once, with the delay that it promises: crmdapp customers log open",
            )
        return self._journal.add_log(place, delay), delay

    def _entries(self, batch: JournalBatch) -> Iterator[JournalEntry]:
        return self._journal.entries(self._id, first=batch.first_seq, last=batch.last_seq)

    def _tree_of(self, number: int, first: int, last: int) -> MerkleTree:
        if self._tree is None or self._tree[0] != number:
            self._tree = (number, MerkleTree(self._journal.leaves(self._id, first, last)))
        return self._tree[1]

    def _destroy(self, pseudonym: bytes) -> None:
        self._keys.destroy(self.log, pseudonym)
        self._journal.erase(self._id, pseudonym)

    def _finish_erasures(self) -> None:
        for pseudonym in self._journal.erasing(self._id):
            self._destroy(pseudonym)


def _exported(entry: JournalEntry) -> ExportedInteraction:
    receipt = entry.receipt
    return ExportedInteraction(
        entry.seq, receipt.pseudonym, receipt.customer_seq, receipt.leaf, entry.interaction
    )

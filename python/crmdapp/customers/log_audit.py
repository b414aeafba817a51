"""Auditing a whole published log against the chain, one line at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from crmdapp.chain.merkle import MerkleTree
from crmdapp.customers.audit import Finding, FindingKind, Published
from crmdapp.customers.heads import HeadsTree
from crmdapp.customers.leaves import NO_WORD
from crmdapp.customers.log_export import ExportedBatch, ExportedInteraction, read_export
from crmdapp.customers.log_models import AnchoredBatch
from crmdapp.customers.log_proof import InteractionProof
from crmdapp.errors import UsageError

FINDINGS_MAX = 1_000
"""Findings that an audit tells one by one; it counts the others."""

_TOLD_EACH = 1_000

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LogAudit:
    """What an audit of a published log found.

    Attributes:
        findings: What does not fit, the first 1,000.
        faults: How many things do not fit in all.
        interactions: How many were read.
        customers: How many pseudonyms they are of.
        erased: How many of the interactions show their leaf alone.
        published: What was proved of the customers that were asked for.
    """

    findings: tuple[Finding, ...]
    faults: int
    interactions: int
    customers: int
    erased: int
    published: Published


def audit_log(
    path: Path | str,
    log: bytes,
    batches: Sequence[AnchoredBatch],
    *,
    delay: int,
    customers: Collection[bytes] = (),
    progress: Progress | None = None,
) -> LogAudit:
    """Check a published log, from its first batch on, against the batches on chain.

    Memory grows with the customers (some 250 bytes each) and with the leaves of the largest batch
    (some 250 bytes each), not with the file.

    Args:
        path: The file, see :mod:`crmdapp.customers.log_export`.
        log: The log.
        batches: Its batches, from :meth:`crmdapp.customers.interaction_log.LogClient.batches`.
        delay: Seconds from an interaction to its anchor, at most, as the log promised.
        customers: Pseudonyms whose interactions are wanted, for
            :func:`crmdapp.customers.audit.audit_receipts`.
        progress: Called after each 1,000 interactions with those read and those on chain.

    Raises:
        FileRejected: The file is no export; the fault names the line.
        UsageError: It cannot be read, is of another log, or its batches are not in order.
    """
    work = _Audit(log, batches, delay, frozenset(customers), progress)
    for exported, interactions in read_export(path):
        work.take(exported, interactions)
    return work.result()


def prove_published(
    path: Path | str, leaf: bytes, batches: Sequence[AnchoredBatch]
) -> InteractionProof | None:
    """Return the proof of an interaction, made from a published log; ``None`` if it is not in it.

    Nobody but the customer needs to know which interaction is wanted.

    Args:
        path: The file, see :mod:`crmdapp.customers.log_export`; from its first batch on.
        leaf: The interaction's leaf.
        batches: The log's batches on chain.

    Raises:
        FileRejected: The file is no export; the fault names the line.
        ProofInvalid: The batch that the file shows it in is another one on chain.
    """
    heads: dict[bytes, tuple[int, bytes]] = {}
    for exported, interactions in read_export(path):
        leaves: list[bytes] = []
        found: ExportedInteraction | None = None
        for item in interactions:
            heads[item.pseudonym] = (item.customer_seq, item.leaf)
            leaves.append(item.leaf)
            found = item if item.leaf == leaf else found
        if found is None:
            continue
        if exported.number > len(batches):
            return None  # it waits for its block
        anchored = batches[exported.number - 1]
        proof = InteractionProof(
            domain=exported.domain,
            log=exported.log,
            leaf=leaf,
            interaction=found.interaction,
            proof=MerkleTree(leaves).proof(leaves.index(leaf)),
            number=anchored.number,
            previous_head=anchored.previous_head,
            batch=anchored.batch,
            heads=HeadsTree(exported.log, heads).proof(found.pseudonym),
        )
        if found.interaction is not None:
            proof.verify(batches)
        return proof
    return None


class _Audit:
    def __init__(
        self,
        log: bytes,
        batches: Sequence[AnchoredBatch],
        delay: int,
        wanted: frozenset[bytes],
        progress: Progress | None,
    ) -> None:
        self._log = log
        self._batches = batches
        self._delay = delay
        self._wanted = wanted
        self._progress = progress
        self._total = batches[-1].last_seq if batches else 0
        self._heads: dict[bytes, tuple[int, bytes]] = {}
        self._number = self._seq = self._erased = self._faults = 0
        self._findings: list[Finding] = []
        self._rows: list[tuple[AnchoredBatch, ExportedInteraction]] = []
        self._is_proved = True

    def take(self, exported: ExportedBatch, interactions: Iterator[ExportedInteraction]) -> None:
        anchored = self._expected(exported)
        leaves: list[bytes] = []
        rows: list[tuple[AnchoredBatch, ExportedInteraction]] = []
        for item in interactions:
            self._follow(item, anchored)
            leaves.append(item.leaf)
            if item.pseudonym in self._wanted:
                rows.append((anchored, item))
        number, batch = anchored.number, anchored.batch
        if len(leaves) != batch.count or MerkleTree(leaves).root != batch.leaves_root:
            self._is_proved = False
            self._find(
                FindingKind.EDITED,
                f"The interactions of batch {number} are not those that were anchored:"
                " one was left out, added or changed.",
                batch=number,
            )
            return
        self._rows += rows
        if HeadsTree(self._log, self._heads).root != batch.heads_root:
            self._find(
                FindingKind.FORKED,
                f"The tree of heads of batch {number} counts other interactions than the log has.",
                batch=number,
            )

    def result(self) -> LogAudit:
        missing = len(self._batches) - self._number
        if missing > 0:
            last = self._batches[-1].number
            reason = f"Batches {self._number + 1} to {last} are on chain and not in the file."
            self._find(FindingKind.OMITTED, reason, batch=self._number + 1)
        return LogAudit(
            findings=tuple(self._findings),
            faults=self._faults,
            interactions=self._seq,
            customers=len(self._heads),
            erased=self._erased,
            published=Published(tuple(self._rows), self._is_proved and missing == 0),
        )

    def _expected(self, exported: ExportedBatch) -> AnchoredBatch:
        self._number += 1
        if exported.log != self._log:
            raise UsageError("The file is of another log.", hint="Check which log is meant.")
        if exported.number != self._number:
            raise UsageError(
                f"The file has batch {exported.number:,} where {self._number:,} is due.",
                hint="Audit a file that begins with batch 1 and leaves none out.",
            )
        if exported.number > len(self._batches):
            raise UsageError(
                f"The file has batch {exported.number:,}, the chain {len(self._batches):,}.",
                hint="Wait until it is anchored, or ask another node.",
            )
        return self._batches[exported.number - 1]

    def _follow(self, item: ExportedInteraction, anchored: AnchoredBatch) -> None:
        """Check an interaction's place in the log and in the customer's sequence."""
        self._seq += 1
        if item.seq != self._seq:
            reason = f"Number {item.seq:,} of the log stands at place {self._seq:,}."
            self._find(FindingKind.GAP, reason, batch=anchored.number)
        seq, head = self._heads.get(item.pseudonym, (0, NO_WORD))
        known = item.interaction
        if item.customer_seq != seq + 1:
            kind = FindingKind.FORKED if item.customer_seq <= seq else FindingKind.GAP
            reason = f"A customer's number {item.customer_seq:,} follows its number {seq:,}."
            self._find(kind, reason, item.customer_seq, anchored.number)
        elif known is not None and known.previous_leaf != head:
            reason = f"A customer's number {item.customer_seq:,} names another one before it."
            self._find(FindingKind.EDITED, reason, item.customer_seq, anchored.number)
        self._heads[item.pseudonym] = (item.customer_seq, item.leaf)
        if known is None:
            self._erased += 1
        elif anchored.batch.anchored_at > known.time + self._delay:
            reason = f"Number {item.seq:,} was anchored after the promised time."
            self._find(FindingKind.LATE, reason, item.customer_seq, anchored.number)
        if self._progress is not None and self._seq % _TOLD_EACH == 0:
            self._progress(self._seq, self._total)

    def _find(
        self, kind: FindingKind, reason: str, customer_seq: int | None = None, batch: int = 0
    ) -> None:
        self._faults += 1
        if len(self._findings) < FINDINGS_MAX:
            self._findings.append(Finding(kind, reason, customer_seq, batch))

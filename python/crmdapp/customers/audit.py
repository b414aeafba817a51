"""Holding a company to its log: what a customer's receipts, proofs and the published log say.

An interaction that the company signed for must be in a batch on chain, in time, unchanged, and
counted in the customer's head of every batch after it. What does not fit is a finding that says why
and carries the receipts that show it: two of a fork are enough for ``prove_fork`` on chain, an
overdue one for ``challenge``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crmdapp.customers.heads import HeadProof
from crmdapp.customers.leaves import Interaction
from crmdapp.customers.log_export import ExportedInteraction
from crmdapp.customers.log_models import AnchoredBatch
from crmdapp.customers.log_proof import InteractionProof, ProofInvalid
from crmdapp.customers.receipts import ReceiptInvalid, SignedReceipt


class FindingKind(StrEnum):
    """What is wrong."""

    FORGED = "forged"
    """A receipt is not signed by the log's operator, or does not fit what came with it."""
    OMITTED = "omitted"
    """An interaction, or a batch, that must be there is not."""
    EDITED = "edited"
    """Something else is at its place."""
    FORKED = "forked"
    """The company tells two stories of the same place."""
    GAP = "gap"
    """A number in a sequence is missing."""
    LATE = "late"
    """It was anchored after the promised time."""
    OVERDUE = "overdue"
    """Its time is over and nobody has shown that it is anchored: challenge it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        kind: What is wrong.
        reason: In a sentence.
        customer_seq: Place in the customer's sequence; ``None`` if it is about no single one.
        batch: Number of the batch it is about; ``None`` likewise.
        receipts: The receipts that show it.
    """

    kind: FindingKind
    reason: str
    customer_seq: int | None = None
    batch: int | None = None
    receipts: tuple[SignedReceipt, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What a published log says of some customers, as :func:`audit_log` found it.

    Attributes:
        rows: Their interactions, each with the batch that provably holds it.
        is_complete: Whether every batch on chain was published and proved.
    """

    rows: tuple[tuple[AnchoredBatch, ExportedInteraction], ...] = ()
    is_complete: bool = False


NOTHING_PUBLISHED = Published()


def audit_receipts(
    receipts: Iterable[SignedReceipt],
    batches: Sequence[AnchoredBatch],
    *,
    now: int,
    delay: int | None = None,
    proofs: Iterable[InteractionProof] = (),
    heads: Iterable[HeadProof] = (),
    published: Published = NOTHING_PUBLISHED,
) -> list[Finding]:
    """Check a customer's receipts of one log against all that is known of the log.

    Args:
        receipts: The customer's.
        batches: The log's, from :meth:`crmdapp.customers.interaction_log.LogClient.batches`.
        now: Time of the chain, Unix seconds.
        delay: Seconds that the log promised at most; ``None`` not to look at what receipts promise.
        proofs: Proofs of interactions that the company gave.
        heads: Entries of the tree of heads that the company gave: the customer's, or of the gap
            where it would stand.
        published: What an audit of the published log found of this customer.

    Raises:
        ProofInvalid: A proof proves nothing: it is no evidence for or against.
    """
    view = _View(batches, now)
    findings, genuine = _genuine(receipts)
    known = _interactions(genuine)
    for proof in proofs:
        view.take_proof(proof, known.get(proof.leaf))
    for entry in heads:
        view.take_heads(entry)
    view.take_published(published)
    findings += _forks(genuine)
    findings += _chains(genuine)
    if delay is not None:
        findings += _promises(genuine, delay)
    for places in genuine.values():
        for receipt in places.values():
            findings += view.judge(receipt[0])
    return findings + view.conflicts(genuine)


_Places = dict[bytes, dict[int, list[SignedReceipt]]]


def _genuine(receipts: Iterable[SignedReceipt]) -> tuple[list[Finding], _Places]:
    """Return what is forged, and the others by pseudonym and place, each leaf once."""
    findings: list[Finding] = []
    found: _Places = {}
    for signed in receipts:
        receipt = signed.receipt
        try:
            signed.check()
        except ReceiptInvalid as problem:
            seq = receipt.customer_seq
            findings.append(Finding(FindingKind.FORGED, problem.message, seq, None, (signed,)))
            continue
        place = found.setdefault(receipt.pseudonym, {}).setdefault(receipt.customer_seq, [])
        if all(other.leaf != signed.leaf for other in place):
            place.append(signed)
    return findings, found


def _interactions(genuine: _Places) -> dict[bytes, Interaction]:
    """Return the interactions that came with the receipts, by leaf."""
    return {
        signed.leaf: signed.contents.interaction
        for places in genuine.values()
        for same in places.values()
        for signed in same
        if signed.contents is not None
    }


def _forks(genuine: _Places) -> list[Finding]:
    return [
        Finding(
            FindingKind.FORKED,
            f"The company signed {len(same)} different interactions as your number {seq}.",
            seq,
            None,
            tuple(same),
        )
        for places in genuine.values()
        for seq, same in sorted(places.items())
        if len(same) > 1
    ]


def _chains(genuine: _Places) -> list[Finding]:
    """Return gaps, and interactions that follow another one than the customer holds."""
    findings: list[Finding] = []
    for places in genuine.values():
        for seq in range(1, max(places) + 1):
            if seq not in places:
                reason = f"You hold no receipt for your number {seq}; ask the company for it."
                findings.append(Finding(FindingKind.GAP, reason, seq))
        for seq, same in sorted(places.items()):
            contents, before = same[0].contents, places.get(seq - 1)
            if contents is None or before is None or len(before) > 1 or len(same) > 1:
                continue
            if contents.interaction.previous_leaf != before[0].leaf:
                reason = f"Your number {seq} follows another number {seq - 1} than you hold."
                evidence = (before[0], same[0])
                findings.append(Finding(FindingKind.EDITED, reason, seq - 1, None, evidence))
    return findings


def _promises(genuine: _Places, delay: int) -> list[Finding]:
    """Return receipts that promise an anchor later than the log does, so that none is overdue."""
    findings: list[Finding] = []
    for places in genuine.values():
        for seq, same in sorted(places.items()):
            for signed in same:
                contents, by = signed.contents, signed.receipt.anchor_by
                if contents is not None and by > contents.interaction.time + delay:
                    over = by - contents.interaction.time - delay
                    reason = (
                        f"Your number {seq} is promised {over:,} s later than the log promises."
                    )
                    findings.append(Finding(FindingKind.LATE, reason, seq, None, (signed,)))
    return findings


class _View:
    """What is known of a log, and what it says of a receipt."""

    def __init__(self, batches: Sequence[AnchoredBatch], now: int) -> None:
        self._batches = batches
        self._now = now
        self._held: dict[bytes, AnchoredBatch] = {}
        self._places: dict[tuple[bytes, int], set[bytes]] = {}
        self._heads: dict[int, list[HeadProof]] = {}
        self._is_complete = False

    def take_proof(self, proof: InteractionProof, known: Interaction | None) -> None:
        found = proof.verify(self._batches, known)
        stated = known or proof.interaction
        assert stated is not None  # a proof of a hash alone is refused
        self._held.setdefault(proof.leaf, found)
        place = (stated.pseudonym, stated.customer_seq)
        self._places.setdefault(place, set()).add(proof.leaf)
        if proof.heads is not None:
            self._heads.setdefault(found.number, []).append(proof.heads)

    def take_heads(self, heads: HeadProof) -> None:
        root = heads.root
        for item in self._batches:
            if item.batch.heads_root == root:
                self._heads.setdefault(item.number, []).append(heads)
                return
        raise ProofInvalid(
            "The entry is in no tree of heads that was anchored.",
            hint="Ask the company for the entry as of its last batch.",
        )

    def take_published(self, published: Published) -> None:
        for batch, item in published.rows:
            self._held.setdefault(item.leaf, batch)
            self._places.setdefault((item.pseudonym, item.customer_seq), set()).add(item.leaf)
        self._is_complete = published.is_complete

    def judge(self, signed: SignedReceipt) -> list[Finding]:
        receipt = signed.receipt
        seq, evidence = receipt.customer_seq, (signed,)
        held = self._held.get(receipt.leaf)
        if held is not None:
            if held.batch.anchored_at <= receipt.anchor_by:
                return []
            late = held.batch.anchored_at - receipt.anchor_by
            reason = f"Your number {seq} was anchored {late:,} s after the promised time."
            return [Finding(FindingKind.LATE, reason, seq, held.number, evidence)]
        if self._places.get((receipt.pseudonym, seq)):
            reason = f"The log has another interaction as your number {seq}."
            return [Finding(FindingKind.EDITED, reason, seq, None, evidence)]
        if (found := self._by_heads(signed)) is not None:
            return [found]
        if self._now <= receipt.anchor_by:
            return []
        if self._is_complete:
            reason = f"The published log leaves your number {seq} out."
            return [Finding(FindingKind.OMITTED, reason, seq, None, evidence)]
        reason = f"Your number {seq} is overdue, and nobody has shown that it is anchored."
        return [Finding(FindingKind.OVERDUE, reason, seq, None, evidence)]

    def conflicts(self, genuine: _Places) -> list[Finding]:
        """Return heads that contradict each other, or interactions that are on chain."""
        findings: list[Finding] = []
        for number, heads in sorted(self._heads.items()):
            for pseudonym, places in genuine.items():
                about = {_story(item, pseudonym) for item in heads} - {None}
                if len(about) > 1:
                    reason = f"Batch {number} has two entries that cover your pseudonym."
                    findings.append(Finding(FindingKind.FORKED, reason, None, number))
                    continue
                for story in about:
                    findings += self._against_held(number, places, story or (0, b""))
        return findings

    def _by_heads(self, signed: SignedReceipt) -> Finding | None:
        """Return what the tree of heads says of an interaction that nobody has shown."""
        receipt = signed.receipt
        for number, heads in sorted(self._heads.items()):
            at = self._batches[number - 1].batch.anchored_at
            for item in heads:
                story = _story(item, receipt.pseudonym)
                if story is None:
                    continue
                seq, head = story
                if seq == receipt.customer_seq and head != receipt.leaf:
                    reason = f"In batch {number} another interaction is your number {seq}."
                    return Finding(FindingKind.EDITED, reason, seq, number, (signed,))
                if seq < receipt.customer_seq and at > receipt.anchor_by:
                    reason = (
                        f"Batch {number} was anchored after your number {receipt.customer_seq}"
                        f" was due, and knows {seq} of your interactions."
                    )
                    place = receipt.customer_seq
                    return Finding(FindingKind.OMITTED, reason, place, number, (signed,))
        return None

    def _against_held(
        self, number: int, places: dict[int, list[SignedReceipt]], story: tuple[int, bytes]
    ) -> list[Finding]:
        seq, head = story
        findings: list[Finding] = []
        for place, same in sorted(places.items()):
            held = self._held.get(same[0].leaf)
            if held is None or held.number > number:
                continue
            if place > seq:
                reason = (
                    f"Your number {place} is in batch {held.number}, and the tree of heads of batch"
                    f" {number} leaves it out."
                )
                evidence = (same[0],)
                findings.append(Finding(FindingKind.OMITTED, reason, place, number, evidence))
            elif place == seq and head != same[0].leaf:
                reason = f"Batch {number} holds two interactions as your number {place}."
                evidence = (same[0],)
                findings.append(Finding(FindingKind.FORKED, reason, place, number, evidence))
        return findings


def _story(heads: HeadProof, pseudonym: bytes) -> tuple[int, bytes] | None:
    """Return how many interactions an entry counts of a customer, and the last one's leaf."""
    entry = heads.entry
    if entry.pseudonym == pseudonym:
        return (entry.customer_seq, entry.head)
    return (0, b"") if entry.skips(pseudonym) else None

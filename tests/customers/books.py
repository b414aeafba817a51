"""A company that keeps its log as it likes: honest or not, without a chain."""

from dataclasses import dataclass, field, replace

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.merkle import MerkleTree
from crmdapp.customers.heads import HeadsTree
from crmdapp.customers.leaves import NO_WORD, Interaction, InteractionKind, log_of, payload_hash
from crmdapp.customers.log_export import ExportedBatch, ExportedInteraction, write_export
from crmdapp.customers.log_models import AnchoredBatch, Batch
from crmdapp.customers.log_proof import InteractionProof
from crmdapp.customers.receipts import (
    InteractionReceipt,
    ReceiptContents,
    SignedReceipt,
    log_domain,
    payload_bytes,
)
from tests.fixtures.anvil import DEV_KEYS

COMPANY = LocalSigner(DEV_KEYS[4])
LOG = log_of(COMPANY.address)
DOMAIN = log_domain(31337, "0x" + "11" * 20)
BEGIN = 1_790_000_000
DELAY = 3_600
CUSTOMER, FRIEND, STRANGER = (keccak(name) for name in (b"customer", b"friend", b"stranger"))


def receipt_of(interaction, payload, salt, anchor_by=None):
    """The receipt of an interaction, signed by the company."""
    receipt = InteractionReceipt(
        interaction.log,
        interaction.pseudonym,
        interaction.customer_seq,
        interaction.leaf,
        interaction.time + DELAY if anchor_by is None else anchor_by,
    )
    contents = ReceiptContents(interaction, payload, salt)
    return SignedReceipt(receipt, DOMAIN, receipt.sign(COMPANY, DOMAIN), contents)


@dataclass
class Books:
    """What the company noted, and the batches it anchored."""

    noted: list[Interaction] = field(default_factory=list)
    receipts: list[SignedReceipt] = field(default_factory=list)
    batches: list[AnchoredBatch] = field(default_factory=list)
    published: list[list[Interaction]] = field(default_factory=list)
    heads: list[HeadsTree] = field(default_factory=list)

    def note(self, pseudonym=CUSTOMER, **changes) -> SignedReceipt:
        """Note a visit and sign its receipt."""
        mine = [item for item in self.noted if item.pseudonym == pseudonym]
        payload, salt = {"n": len(self.noted)}, keccak(len(self.noted).to_bytes(4, "big"))
        values = {
            "log": LOG,
            "seq": len(self.noted) + 1,
            "pseudonym": pseudonym,
            "customer_seq": len(mine) + 1,
            "previous_leaf": mine[-1].leaf if mine else NO_WORD,
            "kind": InteractionKind.VISIT,
            "time": BEGIN + len(self.noted),
            "consent_id": NO_WORD,
            "payload_hash": payload_hash(salt, payload_bytes(payload)),
        }
        interaction = Interaction(**{**values, **changes})
        self.noted.append(interaction)
        self.receipts.append(receipt_of(interaction, payload, salt))
        return self.receipts[-1]

    def notes(self, count, pseudonym=CUSTOMER):
        return [self.note(pseudonym) for _ in range(count)]

    def anchor(self, items=None, *, at=BEGIN + 60, heads=None) -> AnchoredBatch:
        """Anchor these interactions, or all that wait."""
        done = sum(len(batch) for batch in self.published)
        chosen = self.noted[done:] if items is None else items
        self.published.append(list(chosen))
        if heads is None:
            heads = {
                item.pseudonym: (item.customer_seq, item.leaf)
                for part in self.published
                for item in part
            }
        self.heads.append(HeadsTree(LOG, heads))
        root = MerkleTree([item.leaf for item in chosen]).root
        batch = Batch(root, self.heads[-1].root, len(chosen), at)
        before = self.batches[-1].head if self.batches else NO_WORD
        first = self.batches[-1].last_seq + 1 if self.batches else 1
        number = len(self.batches) + 1
        self.batches.append(
            AnchoredBatch(number, first, before, batch.head_after(before), batch, number, "0x")
        )
        return self.batches[-1]

    def proof(self, leaf, number=None) -> InteractionProof:
        """The proof of an interaction in the batch that holds it."""
        for batch, items in zip(self.batches, self.published, strict=True):
            leaves = [item.leaf for item in items]
            if leaf in leaves and number in (None, batch.number):
                at = leaves.index(leaf)
                return InteractionProof(
                    DOMAIN,
                    LOG,
                    leaf,
                    items[at],
                    MerkleTree(leaves).proof(at),
                    batch.number,
                    batch.previous_head,
                    batch.batch,
                    self.heads[batch.number - 1].proof(items[at].pseudonym),
                )
        raise AssertionError("it is in no batch")

    def export(self, path, *, published=None, erased=(), **changes):
        """Write the log for auditors, or what the company says is its log."""
        parts = self.published if published is None else published
        write_export(
            path,
            (
                (
                    replace(ExportedBatch(DOMAIN, LOG, number, len(part)), **changes),
                    [exported(item, erased) for item in part],
                )
                for number, part in enumerate(parts, start=1)
            ),
        )
        return path


def exported(item, erased=()):
    shown = None if item.pseudonym in erased else item
    return ExportedInteraction(item.seq, item.pseudonym, item.customer_seq, item.leaf, shown)

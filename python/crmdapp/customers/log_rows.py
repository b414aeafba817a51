"""What the operator's journal is made of: interactions, batches, how far each customer is."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from crmdapp.customers.leaves import NO_WORD, Interaction
from crmdapp.customers.receipts import InteractionReceipt


@dataclass(frozen=True, slots=True)
class LogPlace:
    """Which log, on which chain.

    Attributes:
        chain_id: The chain.
        genesis: Hash of its first block, so that a local chain started anew is another one.
        contract: Address of the InteractionLog contract.
        log: The log.
    """

    chain_id: int
    genesis: bytes
    contract: str
    log: bytes


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An interaction in the journal.

    Attributes:
        seq: Its place in the log.
        receipt: What was signed for it.
        signature: The operator's.
        interaction: The interaction; ``None`` once the customer was erased.
        sealed: Its salt and payload, sealed; ``None`` once the customer was erased.
    """

    seq: int
    receipt: InteractionReceipt
    signature: bytes
    interaction: Interaction | None
    sealed: bytes | None = field(default=None, repr=False)

    @property
    def leaf(self) -> bytes:
        """The interaction's leaf."""
        return self.receipt.leaf


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """A batch in the journal.

    Attributes:
        number: Its number in the log, from 1.
        first_seq: Its first interaction.
        last_seq: Its last one.
        leaves_root: Root over its interactions.
        heads_root: Root over all customers' heads after it.
        is_stored: Whether the contract keeps the root.
        anchored_at: Unix seconds; ``None`` while it is planned, or sent and not seen on chain.
        block: Its block, likewise.
        tx_hash: Its transaction, likewise.
        head: The log's head after it, likewise.
    """

    number: int
    first_seq: int
    last_seq: int
    leaves_root: bytes
    heads_root: bytes
    is_stored: bool
    anchored_at: int | None = None
    block: int | None = None
    tx_hash: str | None = None
    head: bytes | None = None

    @property
    def count(self) -> int:
        """Interactions in it."""
        return self.last_seq - self.first_seq + 1


@dataclass(frozen=True, slots=True)
class CustomerState:
    """How far a customer's sequence is.

    Attributes:
        customer_seq: Number of its last interaction, 0 before the first.
        head: Leaf of it; zeros before the first.
        state: ``"live"``, ``"erasing"`` or ``"erased"``.
    """

    customer_seq: int
    head: bytes
    state: str


class Recording:
    """A step in which interactions are added; all of them are on the disk after it, or none."""

    def __init__(self, db: sqlite3.Connection, log: int, name: bytes) -> None:
        self._db, self._log, self._name = db, log, name
        row = db.execute("SELECT MAX(seq) FROM interactions WHERE log = ?", (log,)).fetchone()
        self._seq: int = row[0] or 0

    @property
    def next_seq(self) -> int:
        """The place of the next interaction in the log."""
        return self._seq + 1

    def customer(self, pseudonym: bytes) -> CustomerState:
        """Return how far a customer's sequence is."""
        row = self._db.execute(
            "SELECT customer_seq, head, state FROM customers WHERE log = ? AND pseudonym = ?",
            (self._log, pseudonym),
        ).fetchone()
        return CustomerState(0, NO_WORD, "live") if row is None else CustomerState(*row)

    def find(self, request: bytes) -> JournalEntry | None:
        """Return the interaction that was added under that name."""
        row = self._db.execute(
            "SELECT * FROM interactions WHERE log = ? AND request = ?", (self._log, request)
        ).fetchone()
        return None if row is None else entry_of(row, self._name)

    def add(self, entry: JournalEntry, request: bytes | None, *, notice: bool = False) -> None:
        """Add the next interaction.

        Args:
            entry: The interaction, its receipt and its sealed payload.
            request: The name it is not to be added twice under.
            notice: Tell the company of it, see :meth:`LogJournal.notices`.
        """
        interaction, receipt = entry.interaction, entry.receipt
        assert interaction is not None  # only an erasure removes it
        self._db.execute(
            "INSERT INTO interactions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self._log,
                entry.seq,
                receipt.pseudonym,
                receipt.customer_seq,
                receipt.leaf,
                receipt.anchor_by,
                receipt.struct_hash(),
                entry.signature,
                interaction.previous_leaf,
                int(interaction.kind),
                interaction.time,
                interaction.consent_id,
                interaction.payload_hash,
                entry.sealed,
                request,
            ),
        )
        self._db.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?, 'live') ON CONFLICT (log, pseudonym)"
            " DO UPDATE SET customer_seq = excluded.customer_seq, head = excluded.head",
            (self._log, receipt.pseudonym, receipt.customer_seq, receipt.leaf),
        )
        if notice:
            self._db.execute(
                "INSERT INTO notices (log, seq, is_told) VALUES (?, ?, 0)", (self._log, entry.seq)
            )
        self._seq = entry.seq

    def close(self, pseudonym: bytes) -> None:
        """Take no more interactions of a customer: it is about to be erased."""
        self._db.execute(
            "UPDATE customers SET state = 'erasing' WHERE log = ? AND pseudonym = ?",
            (self._log, pseudonym),
        )


def entry_of(row: sqlite3.Row, log: bytes) -> JournalEntry:
    """Return the interaction that a row holds."""
    interaction = None
    if row["payload_hash"] is not None:
        interaction = Interaction(
            log=log,
            seq=row["seq"],
            pseudonym=row["pseudonym"],
            customer_seq=row["customer_seq"],
            previous_leaf=row["previous_leaf"],
            kind=row["kind"],
            time=row["time"],
            consent_id=row["consent_id"],
            payload_hash=row["payload_hash"],
        )
    receipt = InteractionReceipt(
        log, row["pseudonym"], row["customer_seq"], row["leaf"], row["anchor_by"]
    )
    return JournalEntry(row["seq"], receipt, row["signature"], interaction, row["sealed"])


def batch_of_row(row: sqlite3.Row) -> JournalBatch:
    """Return the batch that a row holds."""
    return JournalBatch(
        number=row["number"],
        first_seq=row["first_seq"],
        last_seq=row["last_seq"],
        leaves_root=row["leaves_root"],
        heads_root=row["heads_root"],
        is_stored=bool(row["is_stored"]),
        anchored_at=row["anchored_at"],
        block=row["block"],
        tx_hash=row["tx_hash"],
        head=row["head"],
    )

"""Taking note of interactions: place, leaf, signed receipt and sealed payload in one step."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from crmdapp.customers.leaves import (
    TIME_MAX,
    WORD,
    Interaction,
    kind_name,
    payload_hash,
    require_word,
)
from crmdapp.customers.log_rows import JournalEntry, Recording
from crmdapp.customers.noting import (
    CustomerErased,
    InteractionDiffers,
    NewInteraction,
    PseudonymUnknown,
)
from crmdapp.customers.receipts import (
    InteractionReceipt,
    ReceiptContents,
    SignedReceipt,
    payload_bytes,
)

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.typed_data import Domain
    from crmdapp.customers.log_journal import LogJournal
    from crmdapp.customers.log_keys import CustomerLink, LogKeys

Clock = Callable[[], float]
Progress = Callable[[int, int | None], None]

RECORDED_AT_ONCE = 500
"""Interactions that are written in one step."""


class Recorder:
    """Adds interactions to one log of a journal.

    Args:
        journal: The journal.
        number: The log's number in it.
        keys: Who is behind the pseudonyms, and the keys of their payloads.
        signer: Signs the receipts.
        domain: What they are signed for.
        log: The log.
        delay: Seconds from a receipt to its anchor, at most.
        clock: Unix seconds.
    """

    def __init__(
        self,
        journal: LogJournal,
        number: int,
        keys: LogKeys,
        signer: Signer,
        domain: Domain,
        log: bytes,
        delay: int,
        clock: Clock,
    ) -> None:
        self.log = log
        self.delay = delay
        self._journal = journal
        self._id = number
        self._keys = keys
        self._signer = signer
        self._domain = domain
        self._clock = clock

    def record_many(
        self, interactions: Iterable[NewInteraction], progress: Progress | None
    ) -> Iterator[SignedReceipt]:
        """See :meth:`crmdapp.customers.operator.LogOperator.record_many`."""
        source = iter(interactions)
        done = 0
        while part := list(islice(source, RECORDED_AT_ONCE)):
            prepared = [(new, self._checked(new)) for new in part]
            with self._journal.recording(self._id) as step:
                receipts = [self._record(step, new, *checked) for new, checked in prepared]
            done += len(receipts)
            yield from receipts
            if progress is not None:
                progress(done, None)

    def record_last(self, new: NewInteraction) -> SignedReceipt:
        """Take note of the last interaction of a customer; no other is taken after it."""
        checked = self._checked(new)
        with self._journal.recording(self._id) as step:
            receipt = self._record(step, new, *checked)
            step.close(new.pseudonym)
        return receipt

    def _checked(self, new: NewInteraction) -> tuple[CustomerLink, bytes]:
        """Return the customer and the payload's bytes, before anything is locked."""
        data = payload_bytes(new.payload)
        link = self._keys.find(self.log, require_word("pseudonym", new.pseudonym))
        if link is not None:
            return link, data
        known = self._journal.customer(self._id, new.pseudonym)
        if known is not None and known.state != "live":
            raise _erased()
        raise PseudonymUnknown(
            "No customer of this log has this pseudonym.",
            hint="Ask for it with the customer's identity address or profile id.",
        )

    def _record(
        self, step: Recording, new: NewInteraction, link: CustomerLink, data: bytes
    ) -> SignedReceipt:
        request = None if new.key is None else link.name_of(new.key)
        known = None if request is None else step.find(request)
        if known is not None:
            return self._same(known, new, data)
        customer = step.customer(new.pseudonym)
        if customer.state != "live":
            raise _erased()
        now, salt = int(self._clock()), secrets.token_bytes(WORD)
        interaction = Interaction(
            log=self.log,
            seq=step.next_seq,
            pseudonym=new.pseudonym,
            customer_seq=customer.customer_seq + 1,
            previous_leaf=customer.head,
            kind=new.kind,
            time=now,
            consent_id=new.consent_id,
            payload_hash=payload_hash(salt, data),
        )
        receipt = InteractionReceipt(
            log=self.log,
            pseudonym=new.pseudonym,
            customer_seq=interaction.customer_seq,
            leaf=interaction.leaf,
            anchor_by=min(now + self.delay, TIME_MAX),
        )
        signature = receipt.sign(self._signer, self._domain)
        sealed = link.seal(salt + data, _place(interaction))
        entry = JournalEntry(interaction.seq, receipt, signature, interaction, sealed)
        step.add(entry, request, notice=new.notify)
        contents = ReceiptContents(interaction, dict(new.payload), salt, link.salt)
        return SignedReceipt(receipt, self._domain, signature, contents)

    def _same(self, known: JournalEntry, new: NewInteraction, data: bytes) -> SignedReceipt:
        """Return the receipt of what was noted under the same key, if it is the same."""
        signed = self.signed(known)
        contents = signed.contents
        if contents is not None and (
            contents.interaction.kind,
            contents.interaction.consent_id,
            payload_bytes(contents.payload),
        ) == (new.kind, new.consent_id, data):
            return signed
        kind = kind_name(known.interaction.kind) if known.interaction else "interaction"
        raise InteractionDiffers(
            f"Under this key another {kind} of the customer was noted.",
            hint="Use a key of its own for each interaction, such as the order's number.",
        )

    def signed(self, entry: JournalEntry) -> SignedReceipt:
        return SignedReceipt(entry.receipt, self._domain, entry.signature, self._contents(entry))

    def _contents(self, entry: JournalEntry) -> ReceiptContents | None:
        interaction = entry.interaction
        if interaction is None or entry.sealed is None:
            return None
        link = self._keys.find(self.log, interaction.pseudonym)
        if link is None:
            return None
        opened = link.open(entry.sealed, _place(interaction))
        return ReceiptContents(interaction, json.loads(opened[WORD:]), opened[:WORD], link.salt)


def _place(interaction: Interaction) -> bytes:
    """Return where a sealed payload belongs: it opens nowhere else."""
    seq = interaction.customer_seq.to_bytes(8, "big")
    return b"crmdapp.customers.payload" + interaction.log + interaction.pseudonym + seq


def _erased() -> CustomerErased:
    return CustomerErased(
        "The customer was erased; nothing more is noted under this pseudonym.",
        hint="If the person is a customer again, it gets a new pseudonym.",
    )

"""Registering and linking many at once: one signature and one transaction for hundreds."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import require_whole
from crmdapp.chain.signed import DEADLINE_MAX
from crmdapp.customers.events import CustomerRegistered, RecordSkipped, TagLinked
from crmdapp.customers.registry_intents import RegistrationBatch, TagLinkBatch
from crmdapp.customers.registry_signing import (
    RegistrationRecord,
    TagLinkRecord,
    pack_links,
    pack_registrations,
    sign_registry,
)

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.transactions import SentTransaction
    from crmdapp.customers.registry import RegistryClient

RecordT = TypeVar("RecordT", RegistrationRecord, TagLinkRecord)

BATCH_MAX = 500
"""Records per transaction: as many as stay below the gas cap of one (EIP-7825) with a third to
spare, so that a chain which prices storage higher takes them too."""

_GAS_PER_BATCH = 120_000
_GAS_PER_RECORD = 32_000
_WINDOW = 4


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of many records.

    Attributes:
        done: Ids that were registered or linked, in order.
        skipped: Ids that were taken before, or that could not be linked; nothing happened to them.
        transactions: How many it took.
        gas_used: Gas of all of them.
    """

    done: tuple[bytes, ...] = ()
    skipped: tuple[bytes, ...] = ()
    transactions: int = 0
    gas_used: int = 0


Progress = Callable[[int], None]
"""Called with the number of records settled so far."""


def register_many(
    client: RegistryClient,
    attestor: Signer,
    scope: int,
    records: Iterable[RegistrationRecord],
    *,
    deadline: int,
    key: str,
    batch: int = BATCH_MAX,
    progress: Progress | None = None,
) -> BatchReport:
    """Register many people whom one attestor verified.

    Stopped at any point and run again with the same records and key, it goes on where it stopped:
    what was sent is not sent again, and what is on chain already is skipped by the registry.

    Args:
        client: The registry, with the account that pays.
        attestor: The attestor's key; it may be another than the account that pays.
        scope: The scope.
        records: The people, each tag once.
        deadline: Last second the signatures can be submitted, Unix time below 2^40.
        key: Idempotency key of all of them together.
        batch: Records per transaction, 1 to 500.
        progress: Told after each transaction.

    Raises:
        AttestorInvalid: The attestor may not give such a level in the scope.
        IntentExpired: The deadline has passed.
        UsageError: A record is malformed, or a tag stands twice in a batch.
        CrmdappError: Whatever sending raises.
    """
    require_whole("deadline", deadline, DEADLINE_MAX)

    def intents() -> Iterator[tuple[int, RegistrationBatch]]:
        for part in _batches(records, batch):
            yield len(part), RegistrationBatch(scope, pack_registrations(part), deadline)

    return _send_all(client, attestor, intents(), key, progress)


def link_many(
    client: RegistryClient,
    attestor: Signer,
    scope: int,
    records: Iterable[TagLinkRecord],
    *,
    deadline: int,
    key: str,
    batch: int = BATCH_MAX,
    progress: Progress | None = None,
) -> BatchReport:
    """Link many further tags, as when a pepper is replaced; see :func:`register_many`.

    Raises:
        AttestorInvalid: The signer is no attestor of the scope.
        IntentExpired: The deadline has passed.
        UsageError: A record is malformed, or a tag stands twice in a batch.
        CrmdappError: Whatever sending raises.
    """
    require_whole("deadline", deadline, DEADLINE_MAX)

    def intents() -> Iterator[tuple[int, TagLinkBatch]]:
        for part in _batches(records, batch):
            yield len(part), TagLinkBatch(scope, pack_links(part), deadline)

    return _send_all(client, attestor, intents(), key, progress)


def _batches(records: Iterable[RecordT], size: int) -> Iterator[Sequence[RecordT]]:
    require_whole("batch", size, BATCH_MAX, least=1)
    source = iter(records)
    while part := tuple(islice(source, size)):
        yield part


def _send_all(
    client: RegistryClient,
    attestor: Signer,
    intents: Iterable[tuple[int, RegistrationBatch | TagLinkBatch]],
    key: str,
    progress: Progress | None,
) -> BatchReport:
    """Send batches, several under way at a time, and collect what became of them in order."""
    waiting: deque[tuple[int, SentTransaction]] = deque()
    report, settled = BatchReport(), 0

    def settle() -> None:
        nonlocal report, settled
        count, sent = waiting.popleft()
        report = _counted(report, client, sent)
        settled += count
        if progress is not None:
            progress(settled)

    for count, intent in intents:
        waiting.append((count, _sent(client, attestor, intent, count, key)))
        if len(waiting) >= _WINDOW:
            settle()
    while waiting:
        settle()
    return report


def _sent(
    client: RegistryClient,
    attestor: Signer,
    intent: RegistrationBatch | TagLinkBatch,
    count: int,
    key: str,
) -> SentTransaction:
    """Send one batch, or find the transaction that an earlier run sent for it.

    The key names the records alone: a later run has another deadline, so another signature.
    """
    name = f"{key}:{keccak(intent.records).hex()[:32]}"
    if client.was_sent(name):
        return client.sender.status(name)
    signed = sign_registry(intent, attestor, client.domain)
    gas = _GAS_PER_BATCH + count * _GAS_PER_RECORD
    call = client.prepare.submit(signed)
    return client.sender.send(call, key=name, gas=gas, again_if_reverted=True)


def _counted(report: BatchReport, client: RegistryClient, sent: SentTransaction) -> BatchReport:
    receipt = client.sender.wait(sent)
    done = [event.cid for event in receipt.events_of(CustomerRegistered)]
    done += [event.id for event in receipt.events_of(TagLinked)]
    skipped = [event.cid for event in receipt.events_of(RecordSkipped)]
    return BatchReport(
        (*report.done, *done),
        (*report.skipped, *skipped),
        report.transactions + 1,
        report.gas_used + receipt.gas_used,
    )

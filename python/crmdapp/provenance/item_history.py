"""One item's history: complete by the ledger's own count, with its documents beside it.

The ledger counts an item's events. A node that leaves one out leaves a gap, one that makes one up
is at odds with the count, so a history is right or refused. What the events mean in full stands in
EPCIS documents, which partners keep; the hash on the ledger tells the true ones from the altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crmdapp.chain.decode import DecodedLog
from crmdapp.errors import NodeLied, UsageError
from crmdapp.provenance.gs1.capturing import CapturedEvent, captured
from crmdapp.provenance.item_models import NO_WORD, Item, item_text
from crmdapp.provenance.tracing import LATEST, Moment

if TYPE_CHECKING:
    from crmdapp.provenance.gs1.errors import EpcisFault
    from crmdapp.provenance.item_reader import ItemReader

_SUFFIXES = (".json", ".jsonld")
_PACKING = ("ItemPacked", "ItemUnpacked")
_MOVING = ("CustodyHandedOver", "ItemObserved", "ReadingsAnchored")
_DEPTH_MAX = 4


class ItemHistoryIncomplete(NodeLied):
    """A node leaves events of an item out, or tells others than there are.

    Args:
        item: The item.
        steps: How many events it has had, as the ledger counts.
        gap: The first step that is missing, twice there, or too many.
    """

    def __init__(self, item: int = 0, steps: int = 0, gap: int = 0) -> None:
        super().__init__(
            f"The node's events of item {item_text(item)} are not all: the ledger counts"
            f" {steps:,}, step {gap:,} is missing or wrong.",
            why="The node hides a log, has pruned it, or made one up.",
            hint="Do not trust this node for histories; ask another one (--rpc).",
        )
        self.item = item
        self.steps = steps
        self.gap = gap


class LogSource(Protocol):
    """Where an item's events come from: the ledger, or a local index."""

    def logs_of(self, item: int) -> Sequence[DecodedLog]:
        """Return the events that name an item, as itself or as what others are packed in."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of an item.

    Attributes:
        log: The event and where it stands.
        step: The item's step after it; ``None`` for events that are counted elsewhere (seals,
            devices, windows of readings).
        document: Its EPCIS event; ``None`` if it is not at hand.
        contradictions: What the document says otherwise than the ledger.
        declared_wrong: It was declared wrong later.
    """

    log: DecodedLog
    step: int | None
    document: CapturedEvent | None = None
    contradictions: tuple[str, ...] = ()
    declared_wrong: bool = False

    @property
    def kind(self) -> str:
        """Name of the event, as in Solidity."""
        return type(self.log.event).__name__

    @property
    def event_hash(self) -> bytes:
        """Event hash of its document; zeros for none."""
        return event_hash_of(self.log)

    @property
    def moment(self) -> Moment:
        """Block and place in it."""
        return (self.log.block, self.log.log_index)


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """An item's events, all of them.

    Attributes:
        item: The item.
        state: How it stands.
        entries: Its events, in the order of the ledger.
        altered: Documents whose id is on the ledger, but whose content is not what was hashed.
        unmatched: Documents that name the item, but of which nothing is on the ledger.
        faults: What in the files is no event: (file, fault).
    """

    item: int
    state: Item
    entries: tuple[HistoryEntry, ...]
    altered: tuple[CapturedEvent, ...] = ()
    unmatched: tuple[CapturedEvent, ...] = ()
    faults: tuple[tuple[str, EpcisFault], ...] = ()

    @property
    def issuer(self) -> str:
        """Who commissioned it."""
        event: Any = self.entries[0].log.event
        address: str = event.issuer
        return address

    @property
    def epc_hash(self) -> bytes:
        """keccak256 of its identity link."""
        event: Any = self.entries[0].log.event
        word: bytes = event.epc_hash
        return word

    @property
    def missing(self) -> tuple[HistoryEntry, ...]:
        """The events that have a document, which is not at hand."""
        return tuple(
            entry
            for entry in self.entries
            if entry.document is None and entry.event_hash != NO_WORD
        )

    @property
    def documents_hold(self) -> bool:
        """Whether nothing among the documents is at odds with the ledger."""
        return not (
            self.altered or self.unmatched or any(entry.contradictions for entry in self.entries)
        )


@dataclass(frozen=True, slots=True)
class Documents:
    """EPCIS events at hand.

    Attributes:
        events: All valid ones.
        faults: What was wrong: (file, fault).
    """

    events: tuple[CapturedEvent, ...] = ()
    faults: tuple[tuple[str, EpcisFault], ...] = ()
    _by_hash: dict[bytes, CapturedEvent] = field(default_factory=dict, repr=False, compare=False)

    def of_hash(self, digest: bytes) -> CapturedEvent | None:
        """Return the event with that hash."""
        if not self._by_hash:
            # An event and the declaration that it was wrong have one hash: the event counts.
            first = sorted(self.events, key=lambda event: not event.event.is_error_declaration)
            self._by_hash.update({event.event_hash: event for event in first})
        return self._by_hash.get(digest)


def read_documents(path: Path) -> Documents:
    """Return the events of an EPCIS file, or of all ``.json`` and ``.jsonld`` files of a folder.

    What is no event is not taken, and told.

    Raises:
        UsageError: There is no such file, or no file in the folder.
        PermissionDenied: A file cannot be read.
    """
    files = (
        sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
        if path.is_dir()
        else [path]
    )
    if not files:
        raise UsageError(
            f"There is no EPCIS file in {path}.", hint=f"It would end in {' or '.join(_SUFFIXES)}."
        )
    events: list[CapturedEvent] = []
    faults: list[tuple[str, EpcisFault]] = []
    for file in files:
        stream = captured(file)
        events += stream
        faults += [(file.name, fault) for fault in stream.faults]
    return Documents(tuple(events), tuple(faults))


def read_history(
    ledger: ItemReader,
    item: int,
    *,
    source: LogSource | None = None,
    block: int | str = "latest",
    documents: Documents | None = None,
) -> ItemHistory:
    """Return an item's history, checked against the ledger's count.

    Args:
        ledger: The ledger.
        item: The item.
        source: Where its events are; the ledger itself by default.
        block: The block that an index stands at.
        documents: EPCIS events at hand.

    Raises:
        ItemUnknown: There is no such item.
        ItemHistoryIncomplete: An event is missing, twice there, or made up.
        NodeProblem: The node could not be asked.
    """
    at = ledger.connection.block_number() if block == "latest" else block
    state = ledger.item(item, block=at)
    logs = ledger.logs_of(item, to_block=at) if source is None else source.logs_of(item)
    entries = check_complete(item, state.step, logs)
    return _documented(ItemHistory(item, state, entries), documents or Documents())


def check_complete(item: int, steps: int, logs: Iterable[DecodedLog]) -> tuple[HistoryEntry, ...]:
    """Return an item's events as entries, after a check that all are there.

    Args:
        item: The item.
        steps: How many events it has had, as the ledger says.
        logs: What names it, in the order of the ledger.

    Raises:
        ItemHistoryIncomplete: A step is missing, twice there, or too many.
    """
    entries: list[HistoryEntry] = []
    reached = 0
    for log in logs:
        step = step_of(log, item)
        entries.append(HistoryEntry(log, step))
        if step is None:
            continue
        if step != reached + 1:
            raise ItemHistoryIncomplete(item, steps, reached + 1)
        reached = step
    if reached != steps or not entries or entries[0].kind != "ItemCommissioned":
        raise ItemHistoryIncomplete(item, steps, min(reached, steps) + 1)
    return tuple(entries)


def step_of(log: DecodedLog, item: int) -> int | None:
    """Return an item's step after an event; ``None`` for one that is counted elsewhere."""
    event: Any = log.event
    kind = type(event).__name__
    if kind == "ItemCommissioned":
        return 1
    if kind in _PACKING and event.parent == item:
        parent_step: int = event.parent_step
        return parent_step
    return getattr(event, "step", None)


def event_hash_of(log: DecodedLog) -> bytes:
    """Return the event hash that an event bears; zeros for none."""
    event: Any = log.event
    if type(event).__name__ == "ErrorDeclared":
        word: bytes = event.correction_hash
        return word
    what = getattr(event, "what", None)
    return what[3] if what is not None else getattr(event, "event_hash", NO_WORD)


def event_time_of(log: DecodedLog) -> int | None:
    """Return when an event was, as its reporter says; ``None`` if it does not."""
    event: Any = log.event
    what = getattr(event, "what", None)
    if what is not None:
        return int(what[2])
    for name in ("event_time", "claimed_at", "starts_at"):
        if hasattr(event, name):
            return int(getattr(event, name))
    return None


def journey(source: LogSource, item: int) -> tuple[tuple[int, DecodedLog], ...]:
    """Return what happened to an item and, while it was packed, to what it was packed in.

    Each event stands beside the item that it is an event of, in the order of the ledger.
    """
    found: dict[Moment, tuple[int, DecodedLog]] = {}
    _walk(source, item, (0, 0), LATEST, found, _DEPTH_MAX)
    return tuple(found[moment] for moment in sorted(found))


def _walk(
    source: LogSource,
    item: int,
    since: Moment,
    until: Moment,
    found: dict[Moment, tuple[int, DecodedLog]],
    depth: int,
) -> None:
    logs = source.logs_of(item)
    is_box = depth < _DEPTH_MAX
    entered: tuple[int, Moment] | None = None
    for log in logs:
        event: Any = log.event
        at, kind = (log.block, log.log_index), type(event).__name__
        is_own = event.item == item
        if since < at <= until and is_own and (not is_box or kind in _MOVING):
            found[at] = (item, log)
        if is_own and kind == "ItemPacked":
            entered = (event.parent, at)
        elif is_own and kind == "ItemUnpacked" and entered is not None:
            _enter(source, entered, at, (since, until), found, depth)
            entered = None
    if entered is not None:
        _enter(source, entered, LATEST, (since, until), found, depth)


def _enter(
    source: LogSource,
    entered: tuple[int, Moment],
    left: Moment,
    span: tuple[Moment, Moment],
    found: dict[Moment, tuple[int, DecodedLog]],
    depth: int,
) -> None:
    parent, at = entered
    first, last = max(at, span[0]), min(left, span[1])
    if first < last and depth:
        _walk(source, parent, first, last, found, depth - 1)


def _documented(history: ItemHistory, documents: Documents) -> ItemHistory:
    wrong = set(_declared_wrong(history.entries))
    word = history.epc_hash
    entries = tuple(_matched(entry, word, wrong, documents) for entry in history.entries)
    known = {entry.event_hash for entry in entries} | wrong
    altered, unmatched = [], []
    for event in documents.events:
        if event.event_hash in known:
            continue
        if event.stated_hash in known:
            altered.append(event)
        elif word in event.items:
            unmatched.append(event)
    return ItemHistory(
        history.item, history.state, entries, tuple(altered), tuple(unmatched), documents.faults
    )


def _declared_wrong(entries: Iterable[HistoryEntry]) -> Iterator[bytes]:
    for entry in entries:
        if entry.kind == "ErrorDeclared":
            event: Any = entry.log.event
            yield event.event_hash


def _matched(
    entry: HistoryEntry, epc_hash: bytes, wrong: set[bytes], documents: Documents
) -> HistoryEntry:
    digest = entry.event_hash
    document = None if digest == NO_WORD else documents.of_hash(digest)
    said = () if document is None else tuple(_contradictions(entry, epc_hash, document))
    is_wrong = digest != NO_WORD and digest in wrong and entry.kind != "ErrorDeclared"
    return HistoryEntry(entry.log, entry.step, document, said, is_wrong)


def _contradictions(entry: HistoryEntry, epc_hash: bytes, document: CapturedEvent) -> Iterator[str]:
    if epc_hash not in document.items:
        yield "the document does not name the item"
    if entry.kind == "ErrorDeclared":
        return
    time = event_time_of(entry.log)
    if time is not None and time != document.event_time:
        yield f"the document is of {document.event_time}, the ledger of {time}"
    event: Any = entry.log.event
    what = getattr(event, "what", None)
    if what is None:
        return
    for name, told, meant in (
        ("business step", what[0], document.biz_step),
        ("disposition", what[1], document.disposition),
    ):
        if told and told != meant:
            yield f"the {name} of the document has code {meant}, that of the ledger {told}"

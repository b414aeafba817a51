"""Capture: a partner's EPCIS file, validated, with what the ledger needs of every event.

On chain an event of an item is a few numbers: when it was, one byte for the business step, one for
the disposition, and the event hash, by which anyone who holds the document proves that it is the
one meant. The document itself stays with the partners.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from crmdapp.errors import UsageError
from crmdapp.provenance.gs1._canonical import read_time
from crmdapp.provenance.gs1._reading import DocumentBroken, DocumentReader, Progress, RawEvent
from crmdapp.provenance.gs1.cbv import BIZ_STEPS, DISPOSITIONS, NO_CODE, CbvTermUnknown
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.gs1.errors import EpcisFault, EpcisRejected, EventUnhashable
from crmdapp.provenance.gs1.event import EpcisEvent, context_namespaces
from crmdapp.provenance.gs1.hashing import event_hash, hash_of_id
from crmdapp.provenance.gs1.validation import SKEW, validate_event, validate_header

__all__ = [
    "FAULTS_MAX",
    "WHOLE_MAX",
    "Capture",
    "CaptureStream",
    "CapturedEvent",
    "capture",
    "captured",
]

FAULTS_MAX = 1000
"""Most faults that are listed; more are counted."""

WHOLE_MAX = 1 << 26
"""Largest file in bytes that :func:`capture` takes whole into memory."""


@dataclass(frozen=True, slots=True)
class CapturedEvent:
    """A valid event and what the ledger keeps of it.

    Attributes:
        path: Its JSON path in the document.
        event: The event.
        event_hash: GS1 event hash, 32 bytes.
        event_time: When it was, in whole Unix seconds.
        biz_step: Code of the business step; 0 for none, that of ``other`` for a step of another
            vocabulary.
        disposition: Code of the disposition; 0 for none or one of another vocabulary.
    """

    path: str
    event: EpcisEvent
    event_hash: bytes
    event_time: int
    biz_step: int
    disposition: int

    @property
    def items(self) -> dict[bytes, str]:
        """Ids on chain of all things and lots that it names, each with its identity link."""
        return {epc_hash(epc): epc for epc in (*self.event.epcs(), *self.event.lots())}

    @property
    def stated_hash(self) -> bytes | None:
        """The hash that its eventID states; ``None`` if that is no event hash.

        Another hash than :attr:`event_hash` means that the event was altered, or that its sender
        computes hashes by an older release of the algorithm.
        """
        return hash_of_id(self.event.event_id or "")


@dataclass(frozen=True, slots=True)
class Capture:
    """A partner's document.

    Attributes:
        name: The file's name.
        header: What stands around the events.
        events: The valid events, in the order of the document.
        faults: What is wrong with the others and with the header, at most :data:`FAULTS_MAX`.
        more: How many faults there are beyond those.
    """

    name: str
    header: dict[str, Any]
    events: tuple[CapturedEvent, ...]
    faults: tuple[EpcisFault, ...]
    more: int = 0

    def require_valid(self) -> None:
        """Check that nothing is wrong with the document.

        Raises:
            EpcisRejected: Something is; it lists the faults.
        """
        if self.faults:
            raise EpcisRejected(self.name, self.faults, self.more)


def capture(
    path: Path | str,
    *,
    now: datetime | None = None,
    skew: timedelta = SKEW,
    progress: Progress | None = None,
) -> Capture:
    """Read and validate a document, with all that is wrong with it.

    Args:
        path: The file, at most :data:`WHOLE_MAX` bytes; :func:`captured` reads longer ones.
        now: The present time, aware; the clock's without it.
        skew: How far times may lie in the future.
        progress: Told how many bytes of how many have been read.

    Raises:
        UsageError: There is no such file, it is a folder, or longer than that.
        PermissionDenied: It cannot be read.
    """
    place = Path(path)
    if place.is_file() and place.stat().st_size > WHOLE_MAX:
        raise UsageError(
            f"{place.name} is longer than {WHOLE_MAX >> 20} MiB.",
            why="Its events would be held in memory all at once.",
            hint="Take its events one at a time: captured(path).",
        )
    stream = captured(place, now=now, skew=skew, progress=progress)
    events = tuple(stream)
    return Capture(place.name, stream.header, events, tuple(stream.faults), stream.more)


def captured(
    path: Path | str,
    *,
    now: datetime | None = None,
    skew: timedelta = SKEW,
    progress: Progress | None = None,
) -> CaptureStream:
    """Return the valid events of a document of any length, to be taken one at a time.

    Whether the document as a whole is valid is known only behind the last one.

    Args:
        path: The file.
        now: The present time, aware; the clock's without it.
        skew: How far times may lie in the future.
        progress: Told how many bytes of how many have been read.
    """
    return CaptureStream(Path(path), now or datetime.now(UTC), skew, progress)


@dataclass
class CaptureStream:
    """The events of a document as they are read; what is wrong with it gathers meanwhile.

    Attributes:
        path: The file.
        now: The present time.
        skew: How far times may lie in the future.
        progress: Told how many bytes of how many have been read.
        header: What stands around the events; whole behind the last one.
        faults: What is wrong so far, at most :data:`FAULTS_MAX`.
        more: How many faults there are beyond those.
        count: How many events were read so far, valid or not.
    """

    path: Path
    now: datetime
    skew: timedelta = SKEW
    progress: Progress | None = None
    header: dict[str, Any] = field(default_factory=dict)
    faults: list[EpcisFault] = field(default_factory=list)
    more: int = 0
    count: int = 0
    _seen: dict[bytes, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[CapturedEvent]:
        self.faults, self.more, self.count, self._seen = [], 0, 0, {}
        with DocumentReader(self.path, self.progress) as reader:
            self.header = reader.header
            try:
                yield from self._events(reader)
            except DocumentBroken as broken:
                self._add([broken.fault])
                return
            faults = validate_header(reader.header, now=self.now, skew=self.skew)
            # What was wrong around the events comes first, as it stands in the document.
            found, self.faults = self.faults, []
            self._add([*faults, *reader.faults])
            self._add(found)

    def _events(self, reader: DocumentReader) -> Iterator[CapturedEvent]:
        namespaces: dict[str, str] | None = None
        for raw in reader.events():
            self.count += 1
            if namespaces is None:
                namespaces = context_namespaces(reader.context)
            found, faults = self._event(raw, namespaces)
            self._add(faults)
            if found is not None:
                yield found

    def _event(
        self, raw: RawEvent, namespaces: dict[str, str]
    ) -> tuple[CapturedEvent | None, list[EpcisFault]]:
        if not isinstance(raw.value, dict):
            fault = EpcisFault(0, raw.path, "it has to be an event: an object")
            return None, [*raw.faults, fault]
        event = EpcisEvent(raw.value, namespaces)
        faults = [*raw.faults, *validate_event(event, raw.path, now=self.now, skew=self.skew)]
        faults += self._twice(event, raw.path)
        if faults:
            return None, faults
        try:
            return _captured(event, raw.path), []
        except EventUnhashable as problem:
            return None, [EpcisFault(0, raw.path + problem.path[1:], problem.reason)]

    def _twice(self, event: EpcisEvent, path: str) -> list[EpcisFault]:
        if event.event_id is None:
            return []
        # An event and the declaration that it was wrong have one id, by the standard.
        text = f"{event.event_id}\n{event.is_error_declaration}"
        key = hashlib.sha256(text.encode(errors="replace")).digest()[:16]
        if key in self._seen:
            hint = "every event has its own id"
            other = f"{path.rpartition('[')[0]}[{self._seen[key]}]"
            reason = f"the event at {other} has this id already"
            return [EpcisFault(0, f"{path}.eventID", reason, hint)]
        self._seen[key] = self.count - 1
        return []

    def _add(self, faults: list[EpcisFault]) -> None:
        room = max(FAULTS_MAX - len(self.faults), 0)
        self.faults.extend(faults[:room])
        self.more += len(faults[room:])


def _captured(event: EpcisEvent, path: str) -> CapturedEvent:
    moment = read_time(str(event.data["eventTime"]))
    assert moment is not None  # it was validated
    return CapturedEvent(
        path,
        event,
        event_hash(event),
        int(moment.timestamp()),
        _step_code(event.data.get("bizStep")),
        _disposition_code(event.data.get("disposition")),
    )


def _step_code(word: object) -> int:
    if not isinstance(word, str):
        return NO_CODE
    try:
        return BIZ_STEPS.code(word)
    except CbvTermUnknown:
        return BIZ_STEPS.code("other")


def _disposition_code(word: object) -> int:
    try:
        return DISPOSITIONS.code(word) if isinstance(word, str) else NO_CODE
    except CbvTermUnknown:
        return NO_CODE

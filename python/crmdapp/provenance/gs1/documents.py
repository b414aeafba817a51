"""Writing EPCIS 2.0 documents, as JSON that any partner's software takes.

What was read is written again with nothing lost: fields of partners' own, their prefixes, numbers
with all their digits. Two senders may mean different things by one prefix; then the second one's
meaning is written into the event itself.

Source: GS1 EPCIS 2.0, section 10 (JSON); JSON-LD 1.1, section 4.1 (scoped contexts).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path
from typing import Any

from crmdapp.chain._files import SHARED, create
from crmdapp.provenance.gs1.event import CONTEXT_URI, EpcisEvent, context_namespaces

__all__ = ["document_header", "document_text", "export"]

SCHEMA_VERSION = "2.0"

_QUERY = "EPCISQueryDocument"
_SPLIT = "\0"  # stands in no JSON


def export(
    events: Iterable[EpcisEvent],
    path: Path | str,
    *,
    header: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> int:
    """Write events as an EPCIS document into a new file, whole or not at all.

    Args:
        events: The events; they are taken one at a time, so there may be any number.
        path: The file, which must not exist.
        header: What else the document holds; without it a plain header that declares the prefixes
            of the first event.
        now: The creation date, the present time without it.

    Returns:
        How many events were written.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    count = 0
    rest = iter(events)
    first = list(islice(rest, 1))

    def counted() -> Iterator[EpcisEvent]:
        nonlocal count
        for event in chain(first, rest):
            count += 1
            yield event

    if header is None:
        header = document_header(first[0].namespaces if first else {}, now=now)
    pieces = document_text(counted(), header)
    create(Path(path), (piece.encode() for piece in pieces), mode=SHARED)
    return count


def document_header(
    namespaces: Mapping[str, str], *, now: datetime | None = None
) -> dict[str, Any]:
    """Return a document of EPCIS without events.

    Args:
        namespaces: Prefixes and what they stand for.
        now: The creation date, the present time without it.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    return {
        "@context": [CONTEXT_URI, dict(namespaces)] if namespaces else [CONTEXT_URI],
        "type": "EPCISDocument",
        "schemaVersion": SCHEMA_VERSION,
        "creationDate": moment.removesuffix("+00:00") + "Z",
        "epcisBody": {},
    }


def document_text(events: Iterable[EpcisEvent], header: Mapping[str, Any]) -> Iterator[str]:
    """Yield a document in pieces, one for every event.

    Args:
        events: The events.
        header: What stands around them; events of another document bring along their prefixes.
    """
    declared = context_namespaces(header.get("@context"))
    before, after = _dump(_with_place(header)).split(json.dumps(_SPLIT))
    yield before + "["
    separator = "\n"
    for event in events:
        yield separator + _dump(_own(event, declared))
        separator = ",\n"
    yield "\n]" + after + "\n"


def _own(event: EpcisEvent, declared: Mapping[str, str]) -> Mapping[str, Any]:
    """The event, with the prefixes that the document around it does not declare alike."""
    missing = {
        prefix: address
        for prefix, address in event.namespaces.items()
        if declared.get(prefix) != address
    }
    if not missing:
        return event.data
    own = event.data.get("@context")
    parts = own if isinstance(own, list) else [own] if own is not None else []
    return {**event.data, "@context": [missing, *parts]}


def _with_place(header: Mapping[str, Any]) -> dict[str, Any]:
    """The header with a mark where the events belong."""
    names = ("queryResults", "resultsBody") if header.get("type") == _QUERY else ()
    whole = dict(header)
    whole["epcisBody"] = place = dict(whole.get("epcisBody") or {})
    for name in names:
        place[name] = dict(place.get(name) or {})
        place = place[name]
    place.pop("event", None)
    place["eventList"] = _SPLIT
    return whole


def _dump(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except TypeError:
        return _slow_dump(value)


def _slow_dump(value: Any) -> str:
    """The same for values with a ``Decimal`` somewhere, which Python's writer does not know."""
    if isinstance(value, Mapping):
        members = (f"{json.dumps(k, ensure_ascii=False)}:{_slow_dump(v)}" for k, v in value.items())
        return f"{{{','.join(members)}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(_slow_dump(item) for item in value)}]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)

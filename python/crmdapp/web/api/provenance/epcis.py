"""EPCIS 2.0: a partner's document becomes steps on the ledger; what was captured can be had again.

The document stays here, for who brought it; on the chain go its hash and a few codes.
Source: GS1 EPCIS 2.0, section 8.2 (query documents); CBV 2.0 (event hash).
"""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from crmdapp.chain._keccak import keccak
from crmdapp.provenance.gs1.capturing import CapturedEvent, capture
from crmdapp.provenance.item_capture import CapturePlan, Capturing
from crmdapp.provenance.items import ItemsClient
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api import Caller, ContextDep, CursorDep, Model, Work, requires, sending
from crmdapp.web.api.provenance.models import WORD, example, hexed
from crmdapp.web.provenance.shelf import Shelf
from crmdapp.web.view import View, ViewDep

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIRouter(prefix="/epcis", tags=["provenance: EPCIS"])

_EXAMPLE = {
    "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-01-05T08:00:00Z",
    "epcisBody": {
        "eventList": [
            {
                "type": "ObjectEvent",
                "eventTime": "2026-01-05T07:00:00Z",
                "eventTimeZoneOffset": "+00:00",
                "epcList": ["https://id.gs1.org/01/09506000134352/21/B7"],
                "action": "ADD",
                "bizStep": "commissioning",
                "disposition": "active",
            }
        ]
    },
}


class CapturedStepOut(Model):
    """A call that an event became, or will become."""

    event_hash: str
    function: str
    items: list[str]
    tx_hash: str | None = None


class LeftOutOut(Model):
    """An event, or a part of it, that becomes no step."""

    path: str
    reason: str


class CaptureOut(Model):
    """What became of a document."""

    model_config = example(
        steps=[{"event_hash": WORD, "function": "commission", "items": [WORD], "tx_hash": WORD}],
        left_out=[],
        recorded=0,
        events=1,
    )

    steps: list[CapturedStepOut]
    left_out: list[LeftOutOut]
    recorded: int = Field(description="Events that were on the ledger before.")
    events: int


class _Recorded:
    """What the index says is on the ledger."""

    def __init__(self, view: View) -> None:
        self._session = view.session

    def named(self, epc_hash: bytes) -> Sequence[int]:
        """Return the items of all issuers that bear a name."""
        return [row.item for row in queries.named(self._session, epc_hash)]

    def has_event(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item has an event of that hash."""
        rows = queries.history(self._session, item, limit=queries.EVENTS_MAX)
        return any(row.event_hash == event_hash for row in rows)

    def has_declared(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item's event of that hash was declared wrong."""
        rows = queries.history(self._session, item, limit=queries.EVENTS_MAX)
        return any(row.corrects == event_hash for row in rows)


@router.post("/capture")
def capture_document(
    document: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
    view: ViewDep,
    context: ContextDep,
    work: Annotated[Work, sending("provenance:write")],
    dry_run: Annotated[bool, Query(description="Only say what would be sent.")] = False,
) -> CaptureOut:
    """Record a partner's events on the ledger, in the order of time, each once.

    A document with a fault is refused whole, with the JSON path of each fault. Nobody's custody
    moves by a document: that takes the signatures of both.
    """
    found = _read(document)
    client = work.client(ItemsClient)
    plan = Capturing(client.prepare, client.sender.address, _Recorded(view)).plan(found)
    hashes: list[str] = []
    if not dry_run:
        for event in found:
            Shelf(context.state).keep_event(
                work.caller.merchant, event.event_hash, event.event_time, event.event.data
            )
        for action in plan.actions:
            # By what it does, not by its place: asked again after a half, the plan is the rest.
            key = f"{work.key}/{keccak(action.call.data).hex()}"
            hashes.append(client.send(action.call, key=key).hash)
    return _out(plan, hashes, len(found))


@router.get("/events")
def events(
    context: ContextDep,
    cursor: CursorDep,
    caller: Annotated[Caller, requires("provenance:read")],
) -> dict[str, Any]:
    """Give the events that you captured, as an EPCIS query document, in the order of time."""
    after = None if cursor.after is None else (int(cursor.after[0]), bytes(cursor.after[1]))
    shelf = Shelf(context.state)
    rows = shelf.events(caller.merchant, after=after, limit=cursor.limit)
    next_cursor = cursor.to(rows[-1][:2]) if len(rows) >= cursor.limit else None
    return {
        "@context": _EXAMPLE["@context"],
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "epcisBody": {
            "queryResults": {
                "queryName": "SimpleEventQuery",
                "resultsBody": {"eventList": [row[2] for row in rows]},
            }
        },
        "next_cursor": next_cursor,
    }


def _read(document: dict[str, Any]) -> tuple[CapturedEvent, ...]:
    with tempfile.TemporaryDirectory(prefix="crmdapp-") as folder:
        path = Path(folder) / "document.jsonld"
        path.write_text(json.dumps(document), encoding="utf-8")
        found = capture(path)
    found.require_valid()
    return found.events


def _out(plan: CapturePlan, hashes: list[str], events: int) -> CaptureOut:
    sent: list[str | None] = [*hashes] or [None] * len(plan.actions)
    return CaptureOut(
        steps=[
            CapturedStepOut(
                event_hash="0x" + action.captured.event_hash.hex(),
                function=action.function,
                items=[hexed(item) for item in action.items],
                tx_hash=tx_hash,
            )
            for action, tx_hash in zip(plan.actions, sent, strict=True)
        ],
        left_out=[LeftOutOut(path=item.path, reason=item.reason) for item in plan.left_out],
        recorded=len(plan.recorded),
        events=events,
    )

"""``crmdapp items capture`` and ``export``: partners' EPCIS files in, histories out."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli._values import format_time
from crmdapp.cli.items._app import BAG, app
from crmdapp.cli.items._common import (
    DocumentsOption,
    IndexOption,
    IssuerOption,
    LedgerOption,
    desk,
    documents_in,
    indexed,
    item_named,
    reader,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_capture import CapturePlan
    from crmdapp.provenance.item_history import HistoryEntry
    from crmdapp.provenance.items import ItemsClient

_ACTIONS = {"ItemCommissioned": "ADD", "ItemRetired": "DELETE"}


@command(
    app,
    "capture",
    cls=AskingCommand,
    examples=(
        "crmdapp items capture partner.json --dry-run",
        "crmdapp items capture partner.json --yes --json",
    ),
)
def capture(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="EPCIS 2.0 document, JSON-LD.")],
    index: IndexOption = None,
) -> None:
    """Put a partner's EPCIS events about the account's items on the ledger, in order of time.

    What is on the ledger already is not sent again, so that the same file can be captured twice.
    What has no counterpart is told.
    """
    from crmdapp.provenance.gs1.capturing import capture as read
    from crmdapp.provenance.item_capture import Capturing

    session = session_of(ctx)
    client = desk(session)
    document = read(file)
    document.require_valid()
    with indexed(session, client, index) as copy:
        plan = Capturing(client.prepare, session.signer.address, copy).plan(document.events)
    session.out.show(Facts(_about(session, plan)), to_decide=not session.yes)
    for part in plan.left_out:
        session.out.warn(f"{part.path}: {part.reason}.")
    hashes: list[str] = []
    if plan.actions and not session.dry_run:
        session.sender.simulate(plan.actions[0].call)
        confirm(session, f"Send these {len(plan.actions)}?")
        session.signer.unlock()
        hashes = _send(session, client, plan)
    session.out.result(
        {
            "events": len(document.events),
            "dry_run": session.dry_run,
            "recorded_before": [item.path for item in plan.recorded],
            "left_out": [{"path": part.path, "reason": part.reason} for part in plan.left_out],
            "actions": [
                {
                    "path": action.captured.path,
                    "function": action.function,
                    "items": [f"0x{item:064x}" for item in action.items],
                    "event_hash": action.captured.event_hash,
                }
                for action in plan.actions
            ],
            "transactions": hashes,
        },
        Table(
            ("Event", "Time", "Becomes", ">Items"),
            [
                [
                    action.captured.path,
                    format_time(action.captured.event_time),
                    action.function,
                    str(len(action.items)),
                ]
                for action in plan.actions
            ],
        ),
        "Nothing was sent." if not hashes else f"{len(hashes):,} transactions.",
    )


def _send(session: Session, client: ItemsClient, plan: CapturePlan) -> list[str]:
    """Send one after the other: each may need those before it."""
    hashes: list[str] = []
    with session.out.progress("Capturing", len(plan.actions), "events") as progress:
        for done, action in enumerate(plan.actions, start=1):
            hashes.append(client.send(action.call).hash)
            progress.at(done)
    return hashes


def _about(session: Session, plan: CapturePlan) -> list[tuple[str, str]]:
    counts: dict[str, int] = {}
    for action in plan.actions:
        counts[action.function] = counts.get(action.function, 0) + 1
    return [
        *origin(session),
        *((name, f"{count:,}") for name, count in counts.items()),
        ("Recorded before", f"{len(plan.recorded):,}"),
        ("Left out", f"{len(plan.left_out):,}"),
    ]


@command(
    app,
    "export",
    examples=(
        f"crmdapp items export {BAG} history.json --documents epcis/",
        f"crmdapp items export {BAG} history.json --json",
    ),
)
def export(
    ctx: typer.Context,
    link: Annotated[str, typer.Argument(metavar="LINK", help="The item's GS1 Digital Link.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="New EPCIS document.")],
    issuer: IssuerOption = None,
    documents: DocumentsOption = None,
    ledger: LedgerOption = None,
    index: IndexOption = None,
) -> None:
    """Write an item's history as an EPCIS document.

    Documents at hand are taken whole, if they are those of the ledger; for other events stands what
    the ledger says itself.
    """
    from crmdapp.provenance.gs1 import export as write
    from crmdapp.provenance.gs1.digital_link import parse_digital_link
    from crmdapp.provenance.gs1.epc import identifier
    from crmdapp.provenance.gs1.event import EpcisEvent
    from crmdapp.provenance.item_history import read_history

    session = session_of(ctx)
    client = reader(session, ledger)
    if link.startswith("0x"):
        raise UsageError("An id does not say the item's link.", hint="Name it by its link.")
    name = identifier(link) or parse_digital_link(link)
    id_ = item_named(session, client, link, issuer)
    with indexed(session, client, index) as copy:
        found = read_history(
            client, id_, source=copy, block=copy.block, documents=documents_in(documents)
        )
    events, verified = [], 0
    for entry in found.entries:
        if entry.kind == "ErrorDeclared" and entry.document is None:
            continue
        if entry.document is not None and not entry.contradictions:
            events.append(entry.document.event)
            verified += 1
        elif (data := _said(name.identity, entry)) is not None:
            events.append(EpcisEvent(data))
    count = write(events, file)
    session.out.result(
        {"file": file, "events": count, "verified": verified},
        f"{count:,} events written to {file}, {verified:,} of them from verified documents.",
    )


def _said(link: str, entry: HistoryEntry) -> dict[str, Any] | None:
    from crmdapp.provenance.item_capture import synthetic_event
    from crmdapp.provenance.item_history import event_time_of
    from crmdapp.provenance.item_models import biz_step_text, disposition_text

    event: Any = entry.log.event
    when = event_time_of(entry.log)
    what = getattr(event, "what", None)
    if when is None or (what is None and entry.kind != "CustodyHandedOver"):
        return None
    moment = datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds")
    return synthetic_event(
        link,
        {
            "eventTime": moment.replace("+00:00", "Z"),
            "action": _ACTIONS.get(entry.kind, "OBSERVE"),
            "bizStep": biz_step_text(what[0]) if what else "",
            "disposition": disposition_text(what[1]) if what else "",
        },
    )

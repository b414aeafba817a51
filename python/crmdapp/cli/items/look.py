"""``crmdapp items``: look at items: show, history, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import person
from crmdapp.cli.items._app import BAG, GREEN, app
from crmdapp.cli.items._common import (
    DocumentsOption,
    IndexOption,
    IssuerOption,
    ItemArgument,
    LedgerOption,
    documents_in,
    indexed,
    item_data,
    item_named,
    reader,
)
from crmdapp.errors import EXIT_VERIFICATION

if TYPE_CHECKING:
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_history import HistoryEntry, ItemHistory
    from crmdapp.provenance.item_verification import ItemVerdict

_LEDGER = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@command(
    app,
    "show",
    examples=(f"crmdapp items show {BAG}", f"crmdapp items show {GREEN} --json"),
)
def show(
    ctx: typer.Context,
    item: ItemArgument,
    issuer: IssuerOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Show how an item stands: who has it, in which box, what is left of a lot."""
    from crmdapp.provenance.item_models import item_text, quantity_text

    session = session_of(ctx)
    client = reader(session, ledger)
    id_ = item_named(session, client, item, issuer)
    state = client.item(id_)
    holder, parents, lot = client.custodian(id_), client.parents(id_), client.lot(id_)
    seal, claimed_at = client.tag(id_)
    data = item_data(id_, state)
    data |= {
        "custodian": holder,
        "parents": [item_text(parent) for parent in parents],
        "quantity": quantity_text(lot.quantity) if state.is_lot else None,
        "unit": lot.unit if state.is_lot else None,
        "certifier": lot.certifier if state.is_lot else None,
        "seal": seal,
        "claimed_at": iso_time(claimed_at) if claimed_at else None,
    }
    words = [data["biz_step"], data["disposition"]]
    pairs = [
        ("Item", item_text(id_)),
        ("Custodian", person(session, holder)),
        ("Step", f"{state.step:,}, {format_time(state.last_time)}"),
        ("State", ", ".join(word for word in [*words, *_flags(data)] if word) or "-"),
    ]
    if state.is_lot:
        pairs.append(("Left", f"{quantity_text(lot.quantity)} {lot.unit}"))
    pairs += [("Packed in", item_text(parent)) for parent in parents]
    if seal is not None:
        pairs.append(("Seal", f"broken {format_time(claimed_at)}" if claimed_at else "whole"))
    session.out.result(data, Facts(pairs))


@command(
    app,
    "history",
    examples=(
        f"crmdapp items history {BAG}",
        f"crmdapp items history {BAG} --documents epcis/ --json",
    ),
)
def history(
    ctx: typer.Context,
    item: ItemArgument,
    issuer: IssuerOption = None,
    documents: DocumentsOption = None,
    ledger: LedgerOption = None,
    index: IndexOption = None,
) -> None:
    """List all events of an item, complete by the ledger's count, with the documents beside them.

    Exit code 8 if a document is at odds with the ledger.
    """
    from crmdapp.provenance.item_history import read_history

    session = session_of(ctx)
    client = reader(session, ledger)
    id_ = item_named(session, client, item, issuer)
    with indexed(session, client, index) as copy:
        found = read_history(
            client, id_, source=copy, block=copy.block, documents=documents_in(documents)
        )
    rows = [_row(session, entry) for entry in found.entries]
    session.out.result(
        _history_data(found),
        Table((">Step", "Time", "Event", "What", "Document"), rows),
        *_document_lines(found, asked=documents is not None),
    )
    if not found.documents_hold:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "verify",
    examples=(
        f"crmdapp items verify {BAG}",
        f"crmdapp items verify {BAG} --ledger {_LEDGER} --rpc https://rpc.example.org",
    ),
)
def verify(
    ctx: typer.Context,
    item: ItemArgument,
    issuer: IssuerOption = None,
    documents: DocumentsOption = None,
    ledger: LedgerOption = None,
    index: IndexOption = None,
) -> None:
    """Verify an item with nothing but a node: its history, what it is made of, recalls, documents.

    Exit code 8 if something speaks against it.
    """
    from crmdapp.provenance.item_verification import verify_item

    session = session_of(ctx)
    client = reader(session, ledger)
    id_ = item_named(session, client, item, issuer)
    with indexed(session, client, index) as copy:
        verdict = verify_item(client, copy, id_, documents_in(documents))
    tell_verdict(session, verdict)


def tell_verdict(session: Session, verdict: ItemVerdict, **more: Any) -> None:
    """Print what was found out, and end with exit code 8 if something speaks against the item."""
    from crmdapp.provenance.item_models import item_text

    state = verdict.state
    data: dict[str, Any] = {
        "genuine": verdict.holds,
        "problems": [{"code": item.code, "text": item.text} for item in verdict.problems],
        "item": item_text(verdict.item),
    }
    pairs = [("Item", item_text(verdict.item))]
    if state is not None and verdict.history is not None and verdict.trace is not None:
        data |= item_data(verdict.item, state)
        data |= {
            "issuer": verdict.history.issuer,
            "custodian": verdict.custodian,
            "parents": [item_text(parent) for parent in verdict.parents],
            "claimed_at": iso_time(verdict.claimed_at) if verdict.claimed_at else None,
            "holder": verdict.holder,
            "made_of": len(verdict.trace.items) - 1,
        }
        words = [data["biz_step"], data["disposition"]]
        pairs += [
            ("Issuer", person(session, verdict.history.issuer)),
            ("Should be with", person(session, str(verdict.custodian))),
            ("State", ", ".join(word for word in [*words, *_flags(data)] if word) or "-"),
            ("Since", format_time(state.last_time)),
            ("History", f"{state.step:,} events, complete"),
            ("Made of", f"{len(verdict.trace.items) - 1:,} items, all complete"),
        ]
        if verdict.seal is not None:
            broken = f"broken {format_time(verdict.claimed_at)} by {verdict.holder}"
            pairs.append(("Seal", broken if verdict.claimed_at else "whole"))
    lines = [f"{'NOT ' if problem else ''}{text}" for problem, text in _lines(verdict)]
    session.out.result({**data, **more}, Facts(pairs), *lines)
    if not verdict.holds:
        raise typer.Exit(EXIT_VERIFICATION)


def _lines(verdict: ItemVerdict) -> list[tuple[bool, str]]:
    if verdict.holds:
        return [(False, "Nothing speaks against it.")]
    return [(True, f"TO BE TRUSTED: {problem.text}") for problem in verdict.problems]


def _flags(data: dict[str, Any]) -> list[str]:
    words = {
        "is_packed": "packed",
        "is_lot": "lot",
        "is_retired": "ended",
        "is_recalled": "RECALLED",
    }
    return [word for name, word in words.items() if data[name]]


def what_happened(log: DecodedLog) -> str:
    """Return what an event says, for people."""
    from crmdapp.provenance.item_models import biz_step_text, disposition_text

    event: Any = log.event
    what = getattr(event, "what", None)
    if what is not None:
        words = [biz_step_text(what[0]), disposition_text(what[1])]
        return ", ".join(word for word in words if word) or _words(type(event).__name__)
    if type(event).__name__ == "CustodyHandedOver":
        return "handed over"
    return _words(type(event).__name__)


def _words(name: str) -> str:
    from crmdapp.errors import snake_case

    return snake_case(name).removeprefix("item_").replace("_", " ")


def _row(session: Session, entry: HistoryEntry) -> list[str]:
    from crmdapp.provenance.item_history import event_time_of
    from crmdapp.provenance.item_models import NO_WORD

    event: Any = entry.log.event
    when = event_time_of(entry.log)
    document = "verified" if entry.document is not None else "not at hand"
    if entry.event_hash == NO_WORD:
        document = ""
    if entry.contradictions:
        document = "; ".join(entry.contradictions)
    what = what_happened(entry.log)
    if entry.kind == "CustodyHandedOver":
        what = f"to {person(session, event.to)}"
    return [
        "" if entry.step is None else f"{entry.step:,}",
        "" if when is None else format_time(when),
        _words(entry.kind),
        f"{what} (declared wrong)" if entry.declared_wrong else what,
        document,
    ]


def _history_data(found: ItemHistory) -> dict[str, Any]:
    from crmdapp.cli.customers.profile import log_data

    return {
        **item_data(found.item, found.state),
        "issuer": found.issuer,
        "complete": True,
        "documents_hold": found.documents_hold,
        "entries": [
            {
                **log_data(entry.log),
                "step": entry.step,
                "event_hash": entry.event_hash,
                "document": None if entry.document is None else entry.document.path,
                "contradictions": list(entry.contradictions),
                "declared_wrong": entry.declared_wrong,
            }
            for entry in found.entries
        ],
        "altered": [event.path for event in found.altered],
        "unmatched": [event.path for event in found.unmatched],
        "faults": [{"file": name, "fault": str(fault)} for name, fault in found.faults],
    }


def _document_lines(found: ItemHistory, *, asked: bool) -> list[str]:
    lines = [f"Complete: {found.state.step:,} events, as the ledger counts."]
    if not asked:
        return lines
    lines += [f"ALTERED: {event.path} is not what was recorded." for event in found.altered]
    lines += [f"NOT RECORDED: {event.path} is not on the ledger." for event in found.unmatched]
    lines += [f"FAULT: {name}: {fault}" for name, fault in found.faults]
    if found.missing:
        lines.append(f"{len(found.missing):,} events have documents that are not at hand.")
    return lines

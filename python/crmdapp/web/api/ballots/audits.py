"""Audits over HTTP: begun by a key, done in the background, read by everybody."""

from __future__ import annotations

from threading import Thread
from typing import Annotated

from fastapi import APIRouter, Response

from crmdapp.store.index.ballots import queries
from crmdapp.web.api import Caller, requires
from crmdapp.web.api.ballots.models import AuditOut, Number
from crmdapp.web.ballots.auditing import begin
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep

router = APIRouter(prefix="/elections", tags=["elections"])


@router.post("/{number}/audit", status_code=202)
def begin_audit(
    number: Number,
    desk: DeskDep,
    caller: Annotated[Caller, requires("ballots:read")],
    response: Response,
) -> AuditOut:
    """Begin an audit of everything that the chain has of an election; one runs at a time.

    Look at the same address for its progress and its report. Whoever wants to trust nobody's
    server runs ``crmdapp elections audit``.
    """
    del caller  # any with the scope
    begin_for(desk, number)
    response.headers["Location"] = f"/v1/elections/{number}/audit"
    return audit_out(desk, number)


@router.get("/{number}/audit")
def audit(number: Number, desk: DeskDep) -> AuditOut:
    """Tell how far an audit is, or what the last one found: every link, and the first broken."""
    with desk.indexed() as (session, position):
        queries.election(session, number, now=position.timestamp)
    return audit_out(desk, number)


def begin_for(desk: BallotsDesk, number: int) -> Thread | None:
    """Begin an audit with the words that are known here; ``None`` if one is under way.

    Raises:
        ElectionUnknown: There is none of that number.
    """
    with desk.indexed() as (session, position):
        row = queries.election(session, number, now=position.timestamp)
    words = desk.shelf.election(row.definition_hash)
    return begin(desk.audits, number, None if words is None else words.canonical)


def audit_out(desk: BallotsDesk, number: int) -> AuditOut:
    """Return the model of the audit of an election."""
    running = desk.audits.progress(number)
    if running is not None:
        return AuditOut(
            election=number,
            state="running",
            link=running.link,
            links_done=running.links_done,
            links=running.links,
            done=running.done,
            of=running.of,
        )
    report, failure = desk.audits.report(number), desk.audits.failure(number)
    if failure:
        return AuditOut(election=number, state="failed", broken={"reason": failure})
    if report is None:
        return AuditOut(election=number, state="none")
    found = report.broken
    return AuditOut(
        election=number,
        state="done",
        holds=report.holds,
        broken=None
        if found is None
        else {"link": found.link, "place": found.place, "reason": found.reason},
        report=report.to_json(),
    )

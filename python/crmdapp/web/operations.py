"""What takes longer than a request: 202 now, the outcome later under ``/v1/operations/{id}``."""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import insert, select

from crmdapp.errors import CrmdappError, ReceiptTimeout
from crmdapp.web import state as tables
from crmdapp.web.context import ContextDep, context_of
from crmdapp.web.errors import NotFound
from crmdapp.web.models import Model
from crmdapp.web.security.callers import Caller, requires

router = APIRouter(prefix="/v1/operations", tags=["operations"])


class Operation(Model):
    """A transaction that was sent, and what became of it.

    Attributes:
        id: Its name.
        state: ``pending``, ``done``, or ``failed``.
        tx_hash: Hash of the transaction; it may change while it is pending.
        block: Block it is in.
        problem: Why it failed: a problem document.
    """

    id: str
    state: Literal["pending", "done", "failed"]
    tx_hash: str
    block: int | None = None
    problem: dict[str, Any] | None = None


def pending(request: Request, problem: ReceiptTimeout) -> Response:
    """Answer 202 for a transaction that was sent and is not mined yet.

    A transaction of no account of an API key's, such as one that a browser wallet sent, has no
    operation: the answer then names its hash alone.
    """
    context = context_of(request)
    caller: Caller | None = getattr(request.state, "caller", None)
    account = getattr(request.state, "account", None)
    body: dict[str, Any] = {"state": "pending", "tx_hash": problem.tx_hash}
    headers = {"Retry-After": "5", "Cache-Control": "no-store"}
    if caller is not None and account is not None:
        number = secrets.token_hex(12)
        with context.state.writing() as session:
            session.execute(
                insert(tables.operations).values(
                    id=number,
                    owner=caller.merchant,
                    account=account,
                    tx_hash=problem.tx_hash,
                    created_at=int(time.time()),
                )
            )
        body["id"] = number
        headers["Location"] = f"/v1/operations/{number}"
    return JSONResponse(body, 202, headers)


@router.get("/{operation_id}")
def operation(
    operation_id: str, context: ContextDep, caller: Annotated[Caller, requires()]
) -> Operation:
    """Tell what became of a transaction that was still pending when its request was answered."""
    table = tables.operations
    with context.state.reading() as session:
        row = session.execute(select(table).where(table.c.id == operation_id)).first()
    if row is None or row.owner != caller.merchant:
        raise NotFound("There is no such operation.")
    sender = context.sender(row.account)
    try:
        receipt = sender.wait(row.tx_hash, timeout=0)
    except ReceiptTimeout as problem:
        return Operation(id=row.id, state="pending", tx_hash=problem.tx_hash or row.tx_hash)
    except CrmdappError as problem:
        from crmdapp.web.problems import document, status_of

        if status_of(problem) == 503:
            raise
        return Operation(id=row.id, state="failed", tx_hash=row.tx_hash, problem=document(problem))
    return Operation(id=row.id, state="done", tx_hash=receipt.hash, block=receipt.block)

"""Whether the server lives, and whether it can do its work."""

from __future__ import annotations

import hmac
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ConfigDict
from sqlalchemy import text

from crmdapp.errors import CrmdappError
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import KeyNeeded
from crmdapp.web.models import Model
from crmdapp.web.security.callers import token_of
from crmdapp.web.settings import is_loopback

router = APIRouter(tags=["operations"])

LAG_MAX = 20
"""Blocks that the index may be behind the chain and still be ready."""


class Alive(Model):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Check(Model):
    """One thing that the server needs.

    Attributes:
        ok: Whether it works.
        detail: Name of what is wrong, or a figure.
    """

    ok: bool
    detail: str = ""


class Readiness(Model):
    """Everything that the server needs.

    Attributes:
        ready: Whether all of it works.
        node: The chain's node answers.
        index: The index is at most 20 blocks behind.
        database: The server's own database can be read.
        lag: Blocks that the index is behind; ``null`` if the node does not answer.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "ready": True,
                    "node": {"ok": True, "detail": ""},
                    "index": {"ok": True, "detail": ""},
                    "database": {"ok": True, "detail": ""},
                    "lag": 0,
                }
            ]
        }
    )

    ready: bool
    node: Check
    index: Check
    database: Check
    lag: int | None


@router.get("/healthz")
async def alive() -> Alive:
    """Tell that the process answers; asks nothing else."""
    return Alive()


@router.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def ready(request: Request, context: ContextDep) -> Response:
    """Tell whether node, index and database work; 503 if one does not."""
    found = readiness(context, getattr(request.app.state.following, "problem", ""))
    return JSONResponse(found.model_dump(), 200 if found.ready else 503)


@router.get("/metrics", include_in_schema=False)
def metrics(
    request: Request,
    context: ContextDep,
    authorization: Annotated[str | None, Header()] = None,
) -> Response:
    """Give Prometheus its figures: to this machine, or to who has the token."""
    token = context.settings.metrics_token
    client = request.client.host if request.client else ""
    given = token_of(authorization) or ""
    allowed = (
        hmac.compare_digest(given.encode(), token.encode())
        if token
        else is_loopback(client) and not context.settings.proxies
    )
    if not allowed:
        raise KeyNeeded("This needs the server's metrics token.")
    from crmdapp.web.metrics import CONTENT_TYPE

    return Response(request.app.state.metrics.text(context), media_type=CONTENT_TYPE)


def readiness(context: Context, following: str = "") -> Readiness:
    """Return how everything that the server needs does; raises nothing."""
    heads = [int(head, 16) for head in context.connection.ask_each("eth_blockNumber")]
    node = Check(ok=bool(heads), detail="" if heads else "NodeUnreachable")
    index, block = _index(context)
    lag = max(heads) - block if heads and block is not None else None
    if index.ok and lag is not None and lag > LAG_MAX:
        index = Check(ok=False, detail=following or f"{lag} blocks behind")
    database = _database(context)
    return Readiness(
        ready=node.ok and index.ok and database.ok,
        node=node,
        index=index,
        database=database,
        lag=None if lag is None else max(0, lag),
    )


def _index(context: Context) -> tuple[Check, int | None]:
    try:
        return Check(ok=True), context.index.position().block
    except CrmdappError as problem:
        return Check(ok=False, detail=problem.code), None


def _database(context: Context) -> Check:
    try:
        with context.state.reading() as session:
            session.execute(text("SELECT 1"))
    except CrmdappError as problem:
        return Check(ok=False, detail=problem.code)
    return Check(ok=True)

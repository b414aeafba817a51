"""Webhooks: endpoints of a merchant, their secrets, and messages that could not be delivered."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from sqlalchemy import delete, insert, select, tuple_, update

from crmdapp.web.api import (
    Caller,
    ContextDep,
    CursorDep,
    Model,
    NotFound,
    Page,
    Work,
    changing,
    requires,
)
from crmdapp.web.context import Context
from crmdapp.web.errors import RequestConflict
from crmdapp.web.state import endpoints, outbox
from crmdapp.web.webhooks.targets import URL_MAX, target_of

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

ENDPOINTS_MAX = 20
"""Most endpoints of one merchant."""

ROTATION_SECONDS = 86_400
"""How long messages bear the old secret's signature too."""

EventName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,60}(\.[A-Za-z0-9]{1,60})?$")]
Calls = Annotated[Caller, requires("webhooks")]
Changes = Annotated[Work, changing("webhooks")]
_URL = "https://shop.example/hooks"


class EndpointIn(Model):
    """Where to send what.

    Attributes:
        url: An https address that the internet reaches.
        events: Contracts or events, such as ``PointsHub`` or ``PointsHub.OrdersRedeemed``; all
            that concern the merchant if empty.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": _URL, "events": ["PointsHub.OrdersRedeemed"]}]}
    )

    url: str = Field(min_length=8, max_length=URL_MAX)
    events: list[EventName] = Field(default=[], max_length=50)


class Endpoint(Model):
    """An endpoint.

    Attributes:
        id: Its name.
        url: Where messages go.
        events: What it is told; everything if empty.
        created_at: Unix seconds.
        disabled: Whether it answered 410 and gets no messages any more.
    """

    id: str
    url: str
    events: list[str]
    created_at: int
    disabled: bool


class EndpointWithSecret(Endpoint):
    """A new endpoint, or one with a new secret, which is shown this once.

    Attributes:
        secret: ``whsec_`` and base64: the key of the HMAC-SHA256 in ``webhook-signature``.
    """

    secret: str


class WebhookMessage(Model):
    """A message.

    Attributes:
        id: The ``webhook-id`` that it bears at every attempt.
        type: Contract and event; with ``.undone`` if a reorg undid it.
        state: ``waiting``, ``delivered`` or ``dead``.
        attempts: Attempts so far.
        detail: What the last one met.
        created_at: Unix seconds.
    """

    id: str
    type: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    detail: str
    created_at: int


@router.get("")
def list_endpoints(context: ContextDep, caller: Calls) -> list[Endpoint]:
    """List the merchant's endpoints."""
    with context.state.reading() as session:
        query = select(endpoints).where(endpoints.c.merchant == caller.merchant)
        return [_endpoint(row) for row in session.execute(query.order_by(endpoints.c.id))]


@router.post("", status_code=201)
def add_endpoint(context: ContextDep, work: Changes, wanted: EndpointIn) -> EndpointWithSecret:
    """Register an endpoint; its secret is shown this once."""
    target_of(wanted.url, context.settings)
    row = {
        "id": "ep_" + secrets.token_hex(12),
        "merchant": work.caller.merchant,
        "url": wanted.url,
        "events": " ".join(sorted(set(wanted.events))),
        "secret": secrets.token_bytes(32),
        "created_at": int(time.time()),
    }
    with context.state.writing() as session:
        own = select(endpoints.c.id).where(endpoints.c.merchant == work.caller.merchant)
        if len(session.execute(own).all()) >= ENDPOINTS_MAX:
            raise RequestConflict(f"A merchant has at most {ENDPOINTS_MAX} endpoints.")
        session.execute(insert(endpoints).values(**row))
    return _with_secret(context, work.caller, str(row["id"]))


@router.post("/{endpoint_id}/secret")
def rotate_secret(context: ContextDep, work: Changes, endpoint_id: str) -> EndpointWithSecret:
    """Give an endpoint a new secret; for a day messages are signed with the old one too."""
    row = _own(context, work.caller, endpoint_id)
    values = {
        "secret": secrets.token_bytes(32),
        "old_secret": row.secret,
        "old_until": int(time.time()) + ROTATION_SECONDS,
    }
    with context.state.writing() as session:
        session.execute(update(endpoints).where(endpoints.c.id == endpoint_id).values(**values))
    return _with_secret(context, work.caller, endpoint_id)


@router.delete("/{endpoint_id}", status_code=204)
def remove_endpoint(context: ContextDep, work: Changes, endpoint_id: str) -> None:
    """Remove an endpoint and its messages."""
    _own(context, work.caller, endpoint_id)
    with context.state.writing() as session:
        session.execute(delete(outbox).where(outbox.c.endpoint == endpoint_id))
        session.execute(delete(endpoints).where(endpoints.c.id == endpoint_id))


@router.get("/{endpoint_id}/messages")
def list_messages(
    context: ContextDep,
    caller: Calls,
    cursor: CursorDep,
    endpoint_id: str,
    state: Literal["waiting", "delivered", "dead"] | None = None,
) -> Page[WebhookMessage]:
    """List an endpoint's messages, oldest first; those that are ``dead`` want a look."""
    _own(context, caller, endpoint_id)
    place = tuple_(outbox.c.created_at, outbox.c.id)
    query = select(outbox).where(outbox.c.endpoint == endpoint_id)
    if state is not None:
        query = query.where(outbox.c.state == state)
    if cursor.after is not None:
        query = query.where(place > cursor.after)
    with context.state.reading() as session:
        ordered = query.order_by(outbox.c.created_at, outbox.c.id).limit(cursor.limit)
        rows = list(session.execute(ordered))
    return Page[WebhookMessage](
        **cursor.page(
            [_message(row) for row in rows],
            rows,
            lambda row: (row.created_at, row.id),
            as_of_block=context.index.position().block,
            finalized=False,
        )
    )


@router.post("/{endpoint_id}/messages/{message_id}/retry")
def retry_message(
    context: ContextDep, work: Changes, endpoint_id: str, message_id: str
) -> WebhookMessage:
    """Send a message again, from the first attempt on; its id stays."""
    _own(context, work.caller, endpoint_id)
    its = (outbox.c.id == message_id) & (outbox.c.endpoint == endpoint_id)
    values = {"state": "waiting", "attempts": 0, "due_at": time.time(), "lease_until": 0.0}
    with context.state.writing() as session:
        session.execute(update(outbox).where(its).values(**values))
        row = session.execute(select(outbox).where(its)).first()
    if row is None:
        raise NotFound("There is no such message.")
    return _message(row)


def _own(context: Context, caller: Caller, endpoint_id: str) -> Any:
    with context.state.reading() as session:
        row = session.execute(select(endpoints).where(endpoints.c.id == endpoint_id)).first()
    if row is None or row.merchant != caller.merchant:
        raise NotFound("There is no such endpoint.")
    return row


def _endpoint(row: Any) -> Endpoint:
    return Endpoint(**_fields(row))


def _fields(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events.split(),
        "created_at": row.created_at,
        "disabled": row.disabled_at is not None,
    }


def _with_secret(context: Context, caller: Caller, endpoint_id: str) -> EndpointWithSecret:
    row = _own(context, caller, endpoint_id)
    text = "whsec_" + base64.b64encode(row.secret).decode()
    return EndpointWithSecret(**_fields(row), secret=text)


def _message(row: Any) -> WebhookMessage:
    return WebhookMessage(
        id=row.id,
        type=row.type,
        state=row.state,
        attempts=row.attempts,
        detail=row.detail,
        created_at=row.created_at,
    )

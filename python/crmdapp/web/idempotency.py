"""The same request sent twice happens once and gets the same answer.

A finished answer is kept for a day, sealed under the caller's own API key, of which the server
keeps only a hash: whoever reads the database reads no answer. A crash between sending a transaction
and keeping the answer does no harm: the journal of transactions bears a key derived from this one,
and never sends a second.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crmdapp.errors import CrmdappError
from crmdapp.web.context import Context, context_of
from crmdapp.web.errors import IdempotencyKeyReused, RequestInFlight
from crmdapp.web.problems import answer
from crmdapp.web.security.callers import KEY_LENGTH_MAX, caller_of, token_of
from crmdapp.web.state import answers

KEPT_SECONDS = 86_400
LEASE_SECONDS = 120.0
HEADER = "idempotency-key"

_LOG = logging.getLogger("crmdapp.web")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEPT_HEADERS = (b"content-type", b"location")
_NONCE_BYTES = 12


@dataclass(slots=True)
class _Named:
    """A request with an Idempotency-Key, and what is known of it."""

    context: Context
    key_id: str
    key_hash: bytes
    fingerprint: bytes
    seal: AESGCM
    lease: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def row(self) -> Any:
        """Where its row is."""
        return (answers.c.key_id == self.key_id) & (answers.c.key_hash == self.key_hash)

    @property
    def bound(self) -> bytes:
        """What the sealed answer is bound to."""
        return self.key_id.encode() + self.key_hash + self.fingerprint


class Idempotency:
    """ASGI middleware: answers a repeated request from what is kept.

    Args:
        app: What comes after.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not _is_named(scope):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        request = Request(scope)
        try:
            found = await run_in_threadpool(_begin, request, body)
        except CrmdappError as problem:
            await answer(request, problem)(scope, receive, send)
            return
        if isinstance(found, Response):
            await found(scope, receive, send)
        elif found is None:
            await self._app(scope, _again(body, receive), send)
        else:
            await self._run(found, scope, _again(body, receive), send)

    async def _run(self, named: _Named, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry the request out and keep its answer before it is sent."""
        start: Message = {}
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await run_in_threadpool(_end_if_possible, named, start, b"".join(parts))
                await send(start)
                await send({"type": "http.response.body", "body": b"".join(parts)})

        try:
            await self._app(scope, receive, held)
        except BaseException:
            await run_in_threadpool(_release, named)
            raise


def _is_named(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in _CHANGING:
        return False
    if not scope["path"].startswith("/v1/"):
        return False
    names = [value for name, value in scope["headers"] if name == HEADER.encode()]
    return len(names) == 1 and 0 < len(names[0]) <= KEY_LENGTH_MAX


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read once more, then what the connection tells."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


# --------------------------------------------------------------------------- rows


def _begin(request: Request, body: bytes) -> _Named | Response | None:
    """Take the request up: a row to end, an answer that is kept, or ``None`` without a caller."""
    named = _name(request, body)
    if named is None:
        return None  # whoever calls without a valid key is refused by the route
    now = time.time()
    with named.context.state.writing() as session:
        session.execute(delete(answers).where(answers.c.expires_at < int(now)))
        # Two processes that find a row, or none, take it up one after the other.
        row = session.execute(select(answers).where(named.row).with_for_update()).first()
        if row is None:
            _insert(session, named, now)
            return named
        _require_same(named, row)
        if row.answer is not None:
            return _unseal(named, row.answer)
        if row.lease is not None and row.lease_until > now:
            raise _in_flight()
        lease = {"lease": named.lease, "lease_until": now + LEASE_SECONDS}
        session.execute(update(answers).where(named.row).values(**lease))
    return named


def _insert(session: Session, named: _Named, now: float) -> None:
    try:
        session.execute(insert(answers).values(**_values(named, now)))
    except IntegrityError:
        raise _in_flight() from None  # another process was first


def _name(request: Request, body: bytes) -> _Named | None:
    context = context_of(request)
    caller = caller_of(context, request)
    token = token_of(request.headers.get("authorization"))
    if caller is None or token is None:
        return None
    given = request.headers[HEADER].encode("latin-1")
    what = f"{request.method} {request.url.path}?{request.url.query}\0".encode()
    kind = request.headers.get("content-type", "").encode("latin-1")
    return _Named(
        context,
        caller.key_id,
        hashlib.sha256(given).digest(),
        hashlib.sha256(what + kind + b"\0" + body).digest(),
        AESGCM(HKDF(SHA256(), 32, None, b"crmdapp stored answers").derive(token.encode())),
    )


def _values(named: _Named, now: float) -> dict[str, Any]:
    return {
        "key_id": named.key_id,
        "key_hash": named.key_hash,
        "fingerprint": named.fingerprint,
        "lease": named.lease,
        "lease_until": now + LEASE_SECONDS,
        "expires_at": int(now) + KEPT_SECONDS,
    }


def _require_same(named: _Named, row: Any) -> None:
    if not secrets.compare_digest(bytes(row.fingerprint), named.fingerprint):
        raise IdempotencyKeyReused(
            "This Idempotency-Key belongs to another request.",
            hint="Send another request under a key of its own.",
        )


def _in_flight() -> RequestInFlight:
    return RequestInFlight(
        "A request with this Idempotency-Key is being carried out.", hint="Ask again in a moment."
    )


def _end(named: _Named, start: Message, body: bytes) -> None:
    """Keep a final answer; forget a refused request; let one without an outcome be repeated."""
    status = start["status"]
    if 200 <= status < 300 and status != 202:
        sealed = _sealed(named, start, body)
        change: Any = update(answers).values(answer=sealed, lease=None)
    elif 400 <= status < 500:
        change = delete(answers)
    else:
        change = update(answers).values(lease=None)
    with named.context.state.writing() as session:
        session.execute(change.where(named.row, answers.c.lease == named.lease))


def _end_if_possible(named: _Named, start: Message, body: bytes) -> None:
    # What was asked has been done: the answer goes out even if it cannot be kept, and a repetition
    # finds the transaction in the journal.
    try:
        _end(named, start, body)
    except CrmdappError as problem:
        _LOG.warning("an answer was not kept: %s", problem.code)


def _release(named: _Named) -> None:
    with named.context.state.writing() as session:
        held = update(answers).where(named.row, answers.c.lease == named.lease)
        session.execute(held.values(lease=None))


def _sealed(named: _Named, start: Message, body: bytes) -> bytes:
    headers = [
        [name.decode("latin-1"), value.decode("latin-1")]
        for name, value in start["headers"]
        if name.lower() in _KEPT_HEADERS
    ]
    kept = {"status": start["status"], "headers": headers, "body": body.hex()}
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + named.seal.encrypt(nonce, json.dumps(kept).encode(), named.bound)


def _unseal(named: _Named, sealed: bytes) -> Response:
    try:
        raw = named.seal.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], named.bound)
    except InvalidTag:
        raise _in_flight() from None  # the row was altered: nothing of it is believed
    kept = json.loads(raw)
    response = Response(bytes.fromhex(kept["body"]), kept["status"], dict(kept["headers"]))
    response.headers["Idempotency-Replayed"] = "true"
    return response

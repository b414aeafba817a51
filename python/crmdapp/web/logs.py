"""Structured logs: one JSON object a line, without addresses, keys, query strings or bodies."""

from __future__ import annotations

import json
import logging
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from crmdapp.web.metrics import Metrics

_LOG = logging.getLogger("crmdapp.web.access")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; an exception's text stays out, as it may quote what was sent."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
        return json.dumps(line, ensure_ascii=False)


def log_to(stream: TextIO) -> None:
    """Write this package's and the server's log lines to a stream as JSON."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    for name, level in (("crmdapp", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(level)
        logger.propagate = False


class Watch:
    """ASGI middleware: names, logs and counts every request.

    Args:
        app: What comes after.
        metrics: Where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        request.state.request_id = secrets.token_hex(8)
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._tell(request, status, time.perf_counter() - began)

    def _tell(self, request: Request, status: int, seconds: float) -> None:
        method = request.method if request.method in _METHODS else "other"
        route = getattr(request.scope.get("route"), "path", "") or "other"
        code = getattr(request.state, "problem", "")
        self._metrics.count(method, route, status, seconds, code)
        caller = getattr(request.state, "caller", None)
        fields = {
            "request_id": request.state.request_id,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        if code:
            fields["problem"] = code
        if caller is not None:
            fields["key_id"] = caller.key_id
        _LOG.info("request", extra={"fields": fields})

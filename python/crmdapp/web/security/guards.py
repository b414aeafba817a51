"""What every request passes before anything reads it, and what every answer bears."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crmdapp.web.errors import (
    BodyTooLarge,
    HostUnknown,
    OriginRefused,
    RequestMalformed,
    RequestProblem,
)
from crmdapp.web.problems import answer, unforeseen

if TYPE_CHECKING:
    from crmdapp.web.settings import Settings

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": with it browsers send the forms of our own pages with Origin: null.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}


_DEPTH_MAX = 64
# What matters for how deep JSON is nested: strings, what is escaped in them, and brackets.
_MARKS = re.compile(rb'(?P<quote>")|\\.|(?P<open>[\[{])|(?P<close>[\]}])', re.DOTALL)


class _RefusedError(Exception):
    """The rest of a body is not read."""


class Guards:
    """ASGI middleware: refuses what cannot be meant for this server.

    Args:
        app: What comes after.
        settings: How the server is set up.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        sender = self._dressed(scope, send, request.state.request_id)
        problem = self._problem(request)
        if problem is not None:
            await answer(request, problem)(scope, receive, sender)
            return
        is_upload = _is_upload(request.headers)
        body = _Body(receive, self._limit(request.headers), None if is_upload else _Nesting())
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            if body.problem is not None:
                return  # whatever was made of the part that was read
            started = started or message["type"] == "http.response.start"
            await sender(message)

        response: Response | None = None
        try:
            await self._app(scope, body, watched)
        except Exception as cause:  # noqa: BLE001 - whatever it is, it ends as an answer
            response = unforeseen(request, cause) if body.problem is None else None
        if body.problem is not None:
            response = answer(request, body.problem)
        if response is not None and not started:
            await response(scope, receive, sender)

    def _problem(self, request: Request) -> RequestProblem | None:
        headers = request.headers
        if _host(headers.get("host", "")) not in self._settings.names:
            return HostUnknown(
                "This server does not have the name that the request asks for.",
                hint="Use the address that it printed when it was started.",
            )
        if request.method not in _SAFE and self._is_foreign(headers):
            return OriginRefused("A page of another site made this request.")
        length = headers.get("content-length", "0")
        limit = self._limit(headers)
        if not length.isascii() or not length.isdigit() or int(length) > limit:
            return BodyTooLarge(limit)
        return None

    def _is_foreign(self, headers: Headers) -> bool:
        """Browsers say where a request comes from; programs do not, and send no cookie."""
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return True
        origin = headers.get("origin")
        if origin is None:
            return False
        return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()

    def _limit(self, headers: Headers) -> int:
        return self._settings.upload_limit if _is_upload(headers) else self._settings.body_limit

    def _dressed(self, scope: Scope, send: Send, request_id: str) -> Send:
        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
                if self._settings.secure:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        return dressed


class _Body:
    """A request's body, read no further than it may be long and nested, whatever it claimed."""

    def __init__(self, receive: Receive, limit: int, nesting: _Nesting | None) -> None:
        self._receive, self._limit, self._nesting = receive, limit, nesting
        self._seen = 0
        self.problem: RequestProblem | None = None

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            chunk = message.get("body", b"")
            self._seen += len(chunk)
            if self._seen > self._limit:
                self.problem = BodyTooLarge(self._limit)
            elif self._nesting is not None and self._nesting.feed(chunk) > _DEPTH_MAX:
                self.problem = RequestMalformed(
                    f"The body is nested more than {_DEPTH_MAX} deep.",
                    hint="Compare it with /openapi.json.",
                )
            if self.problem is not None:
                raise _RefusedError
        return message


class _Nesting:
    """How deep JSON is nested, as it comes in.

    Python's reader dies of deep nesting in a process that allows deep recursion.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._in_string = False
        self._rest = b""

    def feed(self, chunk: bytes) -> int:
        """Take more of the text and return how deep it came to be nested in it."""
        data, end, deepest = self._rest + chunk, 0, 0
        for mark in _MARKS.finditer(data):
            end = mark.end()
            if mark["quote"]:
                self._in_string = not self._in_string
            elif not self._in_string and (mark["open"] or mark["close"]):
                self._depth += 1 if mark["open"] else -1
                deepest = max(deepest, self._depth)
        # What a backslash at the end escapes comes with the next chunk.
        self._rest = b"\\" if end < len(data) and data.endswith(b"\\") else b""
        return deepest


def _is_upload(headers: Headers) -> bool:
    return headers.get("content-type", "").lower().startswith("multipart/form-data")


def _host(header: str) -> str:
    """Return the name in a Host header, without port and brackets, in small letters."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]

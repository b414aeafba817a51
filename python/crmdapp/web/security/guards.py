"""What every request passes before anything reads it, and what every answer bears."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crmdapp.web.errors import BodyTooLarge, HostUnknown, OriginRefused, RequestProblem
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


class _TooLargeError(Exception):
    """More bytes came than were allowed."""


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
        body = _Body(receive, self._limit(request.headers))
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            if body.is_too_large:
                return  # whatever was made of the part that was read
            started = started or message["type"] == "http.response.start"
            await sender(message)

        response: Response | None = None
        try:
            await self._app(scope, body, watched)
        except Exception as cause:  # noqa: BLE001 - whatever it is, it ends as an answer
            response = unforeseen(request, cause) if not body.is_too_large else None
        if body.is_too_large:
            response = answer(request, BodyTooLarge(body.limit))
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
        is_form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        return self._settings.upload_limit if is_form else self._settings.body_limit

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
    """A request's body, read no further than it may be long, whatever length it claimed."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self.limit = receive, limit
        self._seen = 0
        self.is_too_large = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            if self._seen > self.limit:
                self.is_too_large = True
                raise _TooLargeError
        return message


def _host(header: str) -> str:
    """Return the name in a Host header, without port and brackets, in small letters."""
    name = header.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    return name.partition(":")[0]

"""How many requests one key, or one network address, may make: a token bucket for each.

Each process counts for itself: several processes together let through as many times more.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crmdapp.web.errors import RateLimited
from crmdapp.web.problems import answer
from crmdapp.web.security.api_keys import hash_of
from crmdapp.web.security.callers import is_known, token_of

if TYPE_CHECKING:
    from crmdapp.web.settings import Settings

_BUCKETS_MAX = 20_000
_FREE = ("/healthz", "/readyz", "/metrics", "/static/")


class Buckets:
    """Token buckets by name.

    Args:
        rate: Tokens a second that each gets.
        burst: Most tokens of each.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self._kept: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: bytes, *, now: float | None = None) -> tuple[int, float]:
        """Take a token and return how many are left, and seconds to wait if there was none.

        Args:
            name: Whose bucket.
            now: A clock that never goes back, seconds; the machine's by default.
        """
        now = time.monotonic() if now is None else now
        with self._lock:
            left, since = self._kept.pop(name, (float(self.burst), now))
            left = min(float(self.burst), left + (now - since) * self.rate)
            wait = 0.0 if left >= 1 else (1 - left) / self.rate
            if not wait:
                left -= 1
            self._kept[name] = (left, now)
            while len(self._kept) > _BUCKETS_MAX:
                self._kept.popitem(last=False)
        return int(left), wait


class RateLimits:
    """ASGI middleware: refuses a key or address that asks too often.

    Args:
        app: What comes after.
        settings: How the server is set up.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._keys = Buckets(settings.rate, settings.burst)
        self._addresses = Buckets(settings.address_rate, settings.address_burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(_FREE):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        token = token_of(request.headers.get("authorization"))
        # A made-up key has no bucket of its own, or making up keys would get round the limit.
        if token is not None and is_known(request, token):
            buckets, name = self._keys, hash_of(token)
        else:
            buckets, name = self._addresses, hash_of(self._address(request))
        left, wait = buckets.take(name)
        if wait:
            problem = RateLimited(max(1, math.ceil(wait)))
            await answer(request, problem)(scope, receive, _counted(send, buckets, 0))
            return
        await self._app(scope, receive, _counted(send, buckets, left))

    def _address(self, request: Request) -> str:
        if self._settings.proxies:
            # The proxy appends the address that it saw: everything before may be made up.
            last = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
            if last:
                return last
        return request.client.host if request.client else ""


def _counted(send: Send, buckets: Buckets, left: int) -> Send:
    async def counted(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            window = max(1, math.ceil(buckets.burst / buckets.rate))
            headers["RateLimit-Policy"] = f'"default";q={buckets.burst};w={window}'
            headers["RateLimit"] = f'"default";r={left};t={window}'
        await send(message)

    return counted

"""Figures for Prometheus. Labels are routes, methods and statuses: no address, key or name."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from sqlalchemy import func, select

from crmdapp.web.state import outbox

if TYPE_CHECKING:
    from crmdapp.web.context import Context

CONTENT_TYPE = CONTENT_TYPE_LATEST
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._requests = Counter(
            "crmdapp_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "crmdapp_request_seconds",
            "Seconds until the answer was sent.",
            ("route",),
            buckets=_BOUNDS,
            registry=self._registry,
        )
        self._problems = Counter(
            "crmdapp_problems", "Problems answered.", ("code",), registry=self._registry
        )
        self._lag = Gauge(
            "crmdapp_index_lag_blocks", "Blocks behind the chain.", registry=self._registry
        )
        self._ready = Gauge(
            "crmdapp_ready", "Whether a part works.", ("part",), registry=self._registry
        )
        self._outbox = Gauge(
            "crmdapp_webhook_messages", "Messages by state.", ("state",), registry=self._registry
        )

    def count(self, method: str, route: str, status: int, seconds: float, code: str) -> None:
        """Count one answer.

        Args:
            method: HTTP method.
            route: The route's pattern, never the path itself.
            status: HTTP status.
            seconds: How long it took.
            code: Name of the problem that it told; empty if none.
        """
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if code:
            self._problems.labels(code).inc()

    def text(self, context: Context) -> bytes:
        """Return all figures in Prometheus' text form."""
        from crmdapp.web.health import readiness

        found = readiness(context)
        with self._lock:
            self._lag.set(-1 if found.lag is None else found.lag)
            for part in ("node", "index", "database"):
                self._ready.labels(part).set(getattr(found, part).ok)
            if found.database.ok:
                self._count_outbox(context)
            return generate_latest(self._registry)

    def _count_outbox(self, context: Context) -> None:
        with context.state.reading() as session:
            rows = session.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
            counts = {str(state): int(number) for state, number in rows}
        for state in ("waiting", "delivered", "dead"):
            self._outbox.labels(state).set(counts.get(state, 0))

"""Sending messages until their endpoint takes them: signed, at least once, later and later.

Source: Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import random
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from sqlalchemy import select, update

from crmdapp.errors import CrmdappError
from crmdapp.web.state import endpoints, outbox
from crmdapp.web.webhooks.outbox import gather
from crmdapp.web.webhooks.targets import Target, target_of

if TYPE_CHECKING:
    from crmdapp.web.context import Context

RESTS = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds between attempts, each up to a fifth longer or shorter; after the last, a message is
dead."""

CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
LEASE_SECONDS = 60.0
AT_ONCE = 16
GONE = 410

_LOG = logging.getLogger("crmdapp.web")


@dataclass(frozen=True, slots=True)
class Message:
    """A message to be sent now.

    Attributes:
        id: Its id, the same at every attempt.
        url: Where to.
        body: JSON text.
        secrets: Secrets that sign it, the newest first.
        attempts: Attempts made before.
        endpoint: Its endpoint.
    """

    id: str
    url: str
    body: str
    secrets: tuple[bytes, ...]
    attempts: int
    endpoint: str


def sign(message_id: str, timestamp: int, body: bytes, secret: bytes) -> str:
    """Return one signature of the ``webhook-signature`` header."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


class Delivery:
    """A thread that takes events over and sends messages.

    Args:
        context: What all requests share.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crmdapp-webhooks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the messages under way and end."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        with ThreadPoolExecutor(8, "crmdapp-webhook") as pool:
            while not self._stopping.is_set():
                try:
                    busy = bool(gather(self._context)) | bool(deliver(self._context, pool))
                except CrmdappError as problem:
                    _LOG.warning("webhooks cannot go on: %s", problem.code)
                    busy = False
                except Exception as problem:  # noqa: BLE001 - the next round may fare better
                    # The text of the exception may hold what was sent.
                    _LOG.error("webhooks met something unforeseen: %s", type(problem).__name__)
                    busy = False
                if not busy:
                    self._stopping.wait(self._context.settings.poll)


def deliver(context: Context, pool: ThreadPoolExecutor) -> int:
    """Send what is due and return how many messages were tried.

    Raises:
        StoreProblem: The database cannot be used; what was sent may be sent again.
    """
    claimed = _claim(context)
    for message, outcome in zip(
        claimed, pool.map(lambda item: _post(context, item), claimed), strict=True
    ):
        _settle(context, message, outcome)
    return len(claimed)


def _claim(context: Context) -> list[Message]:
    """Take due messages for a minute; a process that dies meanwhile loses them to another."""
    now = time.time()
    with context.state.writing() as session:
        query = (
            select(outbox, endpoints)
            .join(endpoints, endpoints.c.id == outbox.c.endpoint)
            .where(
                outbox.c.state == "waiting",
                outbox.c.due_at <= now,
                outbox.c.lease_until <= now,
                endpoints.c.disabled_at.is_(None),
            )
            .order_by(outbox.c.due_at, outbox.c.id)
            .limit(AT_ONCE)
        )
        if session.get_bind().dialect.name == "postgresql":
            query = query.with_for_update(of=outbox, skip_locked=True)
        found = [_message(row, now) for row in session.execute(query)]
        names = [item.id for item in found]
        change = update(outbox).where(outbox.c.id.in_(names))
        session.execute(change.values(lease_until=now + LEASE_SECONDS))
    return found


def _message(row: Any, now: float) -> Message:
    secrets = [bytes(row.secret)]
    if row.old_secret is not None and row.old_until is not None and now < row.old_until:
        secrets.append(bytes(row.old_secret))
    return Message(row.id, row.url, row.body, tuple(secrets), row.attempts, row.endpoint)


def _post(context: Context, message: Message) -> tuple[int, str]:
    """Send a message once; return the status, 0 without an answer, and a word for people."""
    try:
        target = target_of(message.url, context.settings)
        return _send(target, message), ""
    except CrmdappError as problem:
        return 0, problem.code
    except urllib3.exceptions.HTTPError as problem:
        return 0, type(problem).__name__


def _send(target: Target, message: Message) -> int:
    body, now = message.body.encode(), int(time.time())
    headers = {
        "Content-Type": "application/json",
        "Host": target.host if target.port in (80, 443) else f"{target.host}:{target.port}",
        "User-Agent": "crmdapp-webhooks/1",
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": " ".join(
            sign(message.id, now, body, secret) for secret in message.secrets
        ),
    }
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    with _pool(target, timeout) as pool:
        # No redirect is followed: it could lead where the address itself may not.
        answer = pool.urlopen(
            "POST",
            target.path,
            body,
            headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        answer.close()
        return int(answer.status)


def _pool(target: Target, timeout: urllib3.Timeout) -> Any:
    """Connect to the address that was checked, whatever the name resolves to by now."""
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(target.ip, target.port, timeout=timeout, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        timeout=timeout,
        maxsize=1,
        server_hostname=target.host,
        assert_hostname=target.host,
        ssl_context=ssl.create_default_context(),
    )


def _settle(context: Context, message: Message, outcome: tuple[int, str]) -> None:
    status, word = outcome
    attempts = message.attempts + 1
    values: dict[str, Any] = {"attempts": attempts, "lease_until": 0.0}
    values["detail"] = word or f"status {status}"
    if 200 <= status < 300:
        values["state"] = "delivered"
    elif status == GONE or attempts > len(RESTS):
        values["state"] = "dead"
    else:
        values["due_at"] = time.time() + RESTS[attempts - 1] * random.uniform(0.8, 1.2)
    with context.state.writing() as session:
        session.execute(update(outbox).where(outbox.c.id == message.id).values(**values))
        if status == GONE:
            disabled = update(endpoints).where(endpoints.c.id == message.endpoint)
            session.execute(disabled.values(disabled_at=int(time.time())))

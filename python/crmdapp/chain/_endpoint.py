"""One node address: a request, its answer, and every way it can fail."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from crmdapp.chain._redact import redact_url
from crmdapp.errors import NodeProblem

MAX_ANSWER = 256 * 1024 * 1024
"""Largest answer read, in bytes; a node that sends more is not believed."""

_CHUNK = 65_536


class EndpointError(Exception):
    """One attempt at one endpoint gave no usable answer.

    Attributes:
        detail: What went wrong, without secrets.
        sent: Whether the node may have acted on the request.
        rest: Seconds the node asks to be left alone, 0 if it did not say.
        reached: Whether something answered at all.
    """

    def __init__(self, detail: str, *, sent: bool, rest: float = 0.0, reached: bool = True) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sent = sent
        self.rest = rest
        self.reached = reached


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How one endpoint does.

    Attributes:
        url: Its address without secrets.
        state: ``"untried"``, ``"good"``, ``"resting"`` (failed, will be tried again) or
            ``"set aside"`` (serves another chain or contradicts the others).
        detail: The last thing that went wrong; empty if nothing did.
    """

    url: str
    state: str
    detail: str


class Endpoint:
    """One node address and what is known about it."""

    def __init__(self, url: str, timeout: float) -> None:
        self.url = url
        self.label = redact_url(url)
        self.timeout = timeout
        self.proven = False
        self.failures = 0
        self.resume_at = 0.0
        self.detail = ""
        self.rejected: NodeProblem | None = None
        self._session: Any = None
        self._ids = count(1)

    def post(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Return the JSON-RPC answer, which has ``result`` or ``error``.

        Raises:
            EndpointError: There was no usable answer.
        """
        number = next(self._ids)
        body = {"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)}
        return self._judge(*self._exchange(body), number)

    def post_batch(self, method: str, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
        """Return the JSON-RPC answers to several calls of one method, in the order of ``rows``.

        Raises:
            EndpointError: There was no usable answer to some of them.
        """
        first = next(self._ids)
        body = []
        for number, params in enumerate(rows, first):
            body.append({"jsonrpc": "2.0", "id": number, "method": method, "params": list(params)})
        for _ in range(len(rows) - 1):
            next(self._ids)
        status, headers, content = self._exchange(body)
        return self._judge_batch(status, headers, content, range(first, first + len(rows)))

    def _exchange(self, body: Any) -> tuple[int, Any, bytes]:
        """Return status, headers and content of one HTTP request.

        Raises:
            EndpointError: It was not answered.
        """
        import requests

        started = time.monotonic()
        try:
            with self._open().post(
                self.url,
                data=json.dumps(body).encode(),
                timeout=(min(self.timeout, 5.0), self.timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                content = self._read(response, started)
                status, headers = response.status_code, response.headers
        except requests.exceptions.ConnectTimeout:
            raise EndpointError("did not accept a connection", sent=False, reached=False) from None
        except requests.exceptions.Timeout:
            raise EndpointError(f"gave no answer within {self.timeout:g} s", sent=True) from None
        except requests.exceptions.SSLError:
            raise EndpointError("its TLS certificate is not accepted", sent=False) from None
        except requests.exceptions.ConnectionError as problem:
            # The text of the exception may repeat the address with its secrets.
            if "NewConnectionError" in repr(problem) or "NameResolutionError" in repr(problem):
                detail = "refused the connection or has an unknown name"
                raise EndpointError(detail, sent=False, reached=False) from None
            raise EndpointError("dropped the connection", sent=True) from None
        except requests.exceptions.RequestException as problem:
            raise EndpointError(f"broke off ({type(problem).__name__})", sent=True) from None
        return status, headers, content

    def status(self) -> EndpointStatus:
        """Return how the endpoint does."""
        if self.rejected is not None:
            state = "set aside"
        elif self.resume_at > time.monotonic():
            state = "resting"
        else:
            state = "good" if self.proven else "untried"
        return EndpointStatus(self.label, state, self.detail)

    def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self) -> Any:
        if self._session is None:
            import requests

            self._session = requests.Session()
            self._session.headers["Content-Type"] = "application/json"
            if (urlsplit(self.url).hostname or "") in ("127.0.0.1", "localhost", "::1"):
                self._session.trust_env = False  # no proxy stands before the own machine
        return self._session

    def _read(self, response: Any, started: float) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(_CHUNK):
            content += chunk
            if len(content) > MAX_ANSWER:
                raise EndpointError(f"sent more than {MAX_ANSWER:,} bytes", sent=True)
            if time.monotonic() - started > self.timeout:
                raise EndpointError(
                    f"had not answered in full within {self.timeout:g} s", sent=True
                )
        return bytes(content)

    def _judge(self, status: int, headers: Any, content: bytes, number: int) -> dict[str, Any]:
        answer = self._parse(status, headers, content)
        if not _is_answer(answer):
            detail = f"answered HTTP {status}" if status != 200 else "gave no JSON-RPC answer"
            raise EndpointError(detail, sent=True)
        if answer.get("id") != number:
            raise EndpointError("answered another request than it was asked", sent=True)
        found: dict[str, Any] = answer
        return found

    def _judge_batch(
        self, status: int, headers: Any, content: bytes, numbers: range
    ) -> list[dict[str, Any]]:
        answers = self._parse(status, headers, content)
        if not isinstance(answers, list) or not all(map(_is_answer, answers)):
            raise EndpointError("gave no answer to several requests at once", sent=True)
        by_id = {answer.get("id"): answer for answer in answers}
        if len(answers) != len(numbers) or any(number not in by_id for number in numbers):
            raise EndpointError("answered other requests than it was asked", sent=True)
        return [by_id[number] for number in numbers]

    def _parse(self, status: int, headers: Any, content: bytes) -> Any:
        if status == 429 or status in (502, 503, 504):
            rest = _retry_after(headers.get("Retry-After"))
            words = "asks for fewer requests" if status == 429 else "is out of order"
            raise EndpointError(f"{words} (HTTP {status})", sent=status != 429, rest=rest)
        try:
            return json.loads(content)
        except ValueError:
            detail = f"answered HTTP {status}" if status != 200 else "answered with broken JSON"
            raise EndpointError(detail, sent=True) from None


def _is_answer(answer: Any) -> bool:
    return isinstance(answer, dict) and ("result" in answer) != (answer.get("error") is not None)


def _retry_after(value: str | None) -> float:
    if not value:
        return 0.0
    try:
        return min(max(float(value), 0.0), 3600.0)
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value).timestamp()
    except (TypeError, ValueError):
        return 0.0
    return min(max(when - time.time(), 0.0), 3600.0)

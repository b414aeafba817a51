"""Every problem as an RFC 9457 document, or as a page for people.

A document bears the name that Python, the command line and the contract give the problem. It never
repeats what was sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from crmdapp.errors import (
    Cancelled,
    ContractError,
    CrmdappError,
    DiskFull,
    FundsMissing,
    JournalProblem,
    KeyProblem,
    NodeProblem,
    PermissionDenied,
    ReceiptTimeout,
    jsonable,
)
from crmdapp.store.errors import StoreLocked, StoreProblem, StoreUnreachable
from crmdapp.web.errors import (
    MediaTypeUnsupported,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    RequestInvalid,
    RequestMalformed,
    RequestProblem,
    Unforeseen,
)
from crmdapp.wording import put_into_words

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5

_LOG = logging.getLogger("crmdapp.web")

_STATUSES: tuple[tuple[type[CrmdappError], int], ...] = (
    (FundsMissing, 409),
    (PermissionDenied, 403),
    (KeyProblem, 409),
    (NodeProblem, 503),
    (JournalProblem, 503),
    (DiskFull, 503),
    (StoreLocked, 503),
    (StoreUnreachable, 503),
    (Cancelled, 409),
)
_SUFFIXES = (
    (("Unknown", "Missing", "NotFound"), 404),
    (("Only", "Unauthorized", "NotAllowed", "Denied"), 403),
    (("Used", "Exists", "Taken", "Already"), 409),
)
_NAME_PARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_BODIES = ("", "application/json", "multipart/form-data", "application/x-www-form-urlencoded")
_API_PLACES = ("/v1", "/openapi.json", "/healthz", "/readyz", "/metrics")


def status_of(problem: CrmdappError) -> int:
    """Return the HTTP status of a problem.

    The request's own problems say theirs; a node or database that does not answer is 503; what a
    contract or the client refuses is 404, 403 or 409 if its name says so, and 422 otherwise.
    """
    return status_of_class(type(problem))


def status_of_class(kind: type[CrmdappError]) -> int:
    """Return the HTTP status of every problem of that kind."""
    if issubclass(kind, RequestProblem):
        return kind.status
    for base, status in _STATUSES:
        if issubclass(kind, base):
            return status
    if kind is StoreProblem:
        return 503
    for endings, status in _SUFFIXES:
        if kind.__name__.endswith(endings):
            return status
    return 422


def document(problem: CrmdappError, request_id: str = "") -> dict[str, Any]:
    """Return the RFC 9457 document of a problem."""
    if isinstance(problem, ContractError):
        put_into_words(problem)
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": title_of(type(problem)),
        "status": status_of(problem),
        "detail": problem.message,
        "code": problem.code,
        "fields": _fields(problem),
        "hint": problem.hint,
    }
    if problem.why:
        body["why"] = problem.why
    if request_id:
        body["instance"] = f"/requests/{request_id}"
    return body


def title_of(kind: type[CrmdappError]) -> str:
    """Return what a kind of problem is, in one line: its docstring's first sentence.

    A contract's error that says no more than its signature has its name in words.
    """
    text = " ".join((getdoc(kind) or "").partition("\n\n")[0].split()).replace("``", "")
    if not text or text.startswith(f"{kind.__name__}("):
        return _NAME_PARTS.sub(" ", kind.__name__).capitalize()
    return text.partition(". ")[0].rstrip(".")


def answer(request: Request, problem: CrmdappError) -> Response:
    """Return a problem as the asker reads it: a document for programs, a page for people."""
    status, headers = status_of(problem), _headers(problem)
    request.state.problem = problem.code
    if wants_page(request):
        from crmdapp.web.pages import problem_page

        return problem_page(request, problem, status, headers)
    body = document(problem, getattr(request.state, "request_id", ""))
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def wants_page(request: Request) -> bool:
    """Return whether a person looks at the answer.

    What a problem's ``type`` leads to is for both: the ``Accept`` header says who asks.
    """
    if request.url.path.startswith("/problems"):
        return "text/html" in request.headers.get("accept", "").lower()
    return not request.url.path.startswith(_API_PLACES)


def install(app: FastAPI) -> None:
    """Let an app answer every problem in this form."""
    app.add_exception_handler(CrmdappError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def _on_known(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, CrmdappError)  # what the handler is registered for
    if isinstance(problem, ReceiptTimeout):
        from crmdapp.web.operations import pending

        return pending(request, problem) if not wants_page(request) else _waiting(request, problem)
    return answer(request, problem)


def _waiting(request: Request, problem: ReceiptTimeout) -> Response:
    """Return the page about a transaction that was sent and is not mined yet: no failure."""
    from crmdapp.web.pages import problem_page

    request.state.problem = problem.code
    return problem_page(request, problem, 202, {"Cache-Control": "no-store"})


def _on_invalid(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)  # what the handler is registered for
    return answer(request, _invalid(request, problem))


def _invalid(request: Request, problem: RequestValidationError) -> RequestProblem:
    found = problem.errors()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _BODIES and any(item["loc"] == ("body",) for item in found):
        return MediaTypeUnsupported(
            "This address does not take a body of that content type.", hint="Send application/json."
        )
    if any(item["type"] in ("json_invalid", "recursion_loop") for item in found):
        return RequestMalformed("The body is not JSON.", hint="Send application/json in UTF-8.")
    faults = tuple(
        (".".join(str(part) for part in item["loc"]), str(item["msg"])) for item in found[:20]
    )
    places = ", ".join(place for place, _ in faults[:5])
    return RequestInvalid(f"The request is not valid: {places}.", faults)


def _on_http(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)  # what the handler is registered for
    known: RequestProblem
    if problem.status_code == 404:
        known = NotFound("There is nothing at this address.")
    elif problem.status_code == 405:
        known = MethodNotAllowed("This address does not take this method.")
    elif problem.status_code < 500:
        known = RequestMalformed("The request cannot be read.")
    else:
        known = Unforeseen("Something unforeseen happened.")
    response = answer(request, known)
    for name, value in (problem.headers or {}).items():
        response.headers[name] = value
    return response


def unforeseen(request: Request, problem: Exception) -> Response:
    """Return the answer to a mistake of the server's own, and log where it is."""
    # The text of the exception may hold what was sent: its type and place say enough.
    place = problem.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else ""
    _LOG.error("unforeseen %s at %s", type(problem).__name__, where)
    return answer(
        request,
        Unforeseen(
            "Something unforeseen happened.",
            why="This is a mistake in the server, not in the request.",
            hint="Tell whoever runs it the request id.",
        ),
    )


def _fields(problem: CrmdappError) -> dict[str, Any]:
    if isinstance(problem, ContractError):
        pairs = enumerate(zip(problem.fields, problem.values, strict=True))
        return {name or str(place): _decimal(value) for place, (name, value) in pairs}
    if isinstance(problem, RequestInvalid):
        return dict(problem.faults)
    return {
        name: _decimal(value)
        for name, value in problem.details().items()
        if name not in ("raw", "data")
    }


def _decimal(value: Any) -> Any:
    """Numbers as decimal strings: JavaScript would round large ones."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_decimal(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _decimal(item) for name, item in value.items()}
    return jsonable(value)


def _headers(problem: CrmdappError) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(problem, RateLimited):
        headers["Retry-After"] = str(problem.retry_after)
    elif status_of(problem) == 503:
        headers["Retry-After"] = str(RETRY_SECONDS)
    elif status_of(problem) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers

"""Pages for people: rendered by the server, usable without scripts except where a wallet signs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from crmdapp.errors import ContractError, CrmdappError
from crmdapp.web.context import context_of
from crmdapp.web.errors import SignInNeeded
from crmdapp.web.security.sessions import form_token, keep_visit, person_of
from crmdapp.wording import put_into_words

SENT_COOKIE = "crmdapp_sent"
"""Says for some seconds that the visitor has sent something; wallet.js sets it too."""

TOLD_COOKIE = "crmdapp_told"
_TOLD_MAX = 300
_SENT_SECONDS = 10

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class NavLink:
    """A link of the navigation.

    Attributes:
        label: Its words.
        href: Where it leads.
        role: Heading under which it stands: ``"Customer"``, ``"Merchant"``, ``"Gallery"``,
            ``"Products"`` or ``"Elections"``.
    """

    label: str
    href: str
    role: str


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Return a page.

    Args:
        request: The request, whose visitor the page is for.
        template: File in ``templates/``; it extends ``base.html`` and fills its blocks ``title``,
            ``content`` and, if it needs scripts, ``scripts``.
        status: HTTP status.
        values: What the template shows; all of it is escaped. A contract's error that is the
            ``problem`` is put into words.
    """
    if isinstance(problem := values.get("problem"), ContractError):
        put_into_words(problem)
    context = context_of(request)
    shared = {
        "request": request,
        "person": person_of(request, context),
        "csrf": lambda: _form_field(request),
        "csrf_token": form_token(request),
        "links": _links(request),
        "path": request.url.path,
        "told": unquote(request.cookies.get(TOLD_COOKIE, ""))[:_TOLD_MAX],
        "chain_id": context.connection.chain_id,
        "is_local": context.settings.local,
    }
    body = _TEMPLATES.get_template(template).render({**shared, **values})
    response = HTMLResponse(body, status)
    if shared["told"]:
        response.delete_cookie(TOLD_COOKIE, path="/")
    keep_visit(request, response)
    return response


def redirect(to: str, *, told: str = "") -> Response:
    """Return what sends the browser to a page of this server after a form.

    Args:
        to: Path, beginning with one ``/``.
        told: A sentence that the next page shows once.
    """
    safe = to if to.startswith("/") and not to.startswith(("//", "/\\")) else "/"
    response = RedirectResponse(safe, 303)
    response.set_cookie(SENT_COOKIE, "1", max_age=_SENT_SECONDS, samesite="strict")
    if told:
        response.set_cookie(
            TOLD_COOKIE, quote(told[:_TOLD_MAX]), max_age=60, httponly=True, samesite="strict"
        )
    return response


def catch_up(request: Request) -> None:
    """Let the index take in what the visitor has just sent, so that the page shows it.

    A server that leaves the index to another process shows it when that has seen it.
    """
    following = request.app.state.following
    if following is not None and request.method == "GET" and SENT_COOKIE in request.cookies:
        with suppress(CrmdappError):  # the page shows what the index has
            following.catch_up()


def template_filter(name: str, function: Any) -> None:
    """Let templates use a function as ``{{ value | name }}``."""
    _TEMPLATES.filters[name] = function


def problem_page(
    request: Request, problem: CrmdappError, status: int, headers: Mapping[str, str]
) -> Response:
    """Return the page that tells a person what went wrong and what to do."""
    if isinstance(problem, SignInNeeded) and request.method == "GET":
        return RedirectResponse(f"/sign-in?next={quote(request.url.path)}", 303)
    request_id = getattr(request.state, "request_id", "")
    response = page(request, "problem.html", status=status, problem=problem, request_id=request_id)
    response.headers.update(headers)
    return response


def _form_field(request: Request) -> Markup:
    token = escape(form_token(request))
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token)


def _links(request: Request) -> list[tuple[str, list[NavLink]]]:
    roles: dict[str, list[NavLink]] = {}
    for link in request.app.state.links:
        roles.setdefault(link.role, []).append(link)
    return list(roles.items())


from crmdapp.web.security.sessions import Person as Person  # noqa: E402 - for `from pages import`
from crmdapp.web.security.sessions import maybe_signed_in as maybe_signed_in  # noqa: E402
from crmdapp.web.security.sessions import signed_in as signed_in  # noqa: E402

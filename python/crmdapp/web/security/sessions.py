"""Visitors and sessions: a random cookie, kept as a hash; forms are bound to it.

A visitor who has not signed in has a cookie too, so that every form can be bound to one.
"""

from __future__ import annotations

import hmac
import secrets
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from sqlalchemy import delete, insert, select

from crmdapp.web import state as tables
from crmdapp.web.context import Context, ContextDep, context_of
from crmdapp.web.errors import FormExpired, SignInNeeded
from crmdapp.web.security.api_keys import hash_of

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

SESSION_SECONDS = 12 * 3600
FORM_FIELD = "csrf_token"
FORM_HEADER = "x-csrf-token"
STEP_FIELD = "wallet_step"
"""Field of a form that names a transaction which the wallet has sent for it."""

_TOKEN_BYTES = 32
_TOKEN_LENGTHS = range(40, 64)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class SentForm:
    """A form as its visitor sent it, to be sent again when a wallet has confirmed what it needs.

    Attributes:
        visitor: Hash of the visitor's token, hex.
        action: Path and query that it was sent to.
        fields: Names and values in order, but for the form's token and the steps.
        steps: What the visitor's wallet has sent for it, see :mod:`crmdapp.web.wallets`.
    """

    visitor: str
    action: str
    fields: tuple[tuple[str, str], ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in.

    Attributes:
        address: Who, proven by a signature or by opening the key file.
        signer: The opened key, on the person's own machine; ``None`` where a browser wallet signs.
        form: The form that this request bears, see :func:`sent_form`.
    """

    address: str
    signer: Signer | None = field(default=None, repr=False)
    form: SentForm | None = field(default=None, repr=False)


def signed_in() -> Any:
    """Return a dependency that gives the :class:`Person` who has signed in.

    Without one, the page says where to sign in.
    """
    return Depends(_person)


def _person(request: Request, context: ContextDep) -> Person:
    person = person_of(request, context)
    if person is None:
        raise SignInNeeded(
            "Sign in to see this page.", hint="Your browser's wallet, or a key file, will do."
        )
    return person


def person_of(request: Request, context: Context) -> Person | None:
    """Return who has signed in; ``None`` for a visitor."""
    if not hasattr(request.state, "person"):
        request.state.person = _look_up(request, context)
    found: Person | None = request.state.person
    return found


def maybe_signed_in() -> Any:
    """Return a dependency that gives the :class:`Person`, or ``None`` for a visitor."""

    def person(request: Request, context: ContextDep) -> Person | None:
        return person_of(request, context)

    return Depends(person)


# --------------------------------------------------------------------------- cookies


def cookie_name(context: Context) -> str:
    """Return the session cookie's name; the prefix makes browsers enforce https and no domain."""
    return "__Host-crmdapp" if context.settings.secure else "crmdapp"


def visit_of(request: Request) -> str:
    """Return the visitor's token: the cookie's, or a new one that :func:`keep_visit` will set."""
    kept: str | None = getattr(request.state, "visit", None)
    if kept is None:
        sent = request.cookies.get(cookie_name(context_of(request)), "")
        request.state.new_visit = len(sent) not in _TOKEN_LENGTHS
        kept = secrets.token_urlsafe(_TOKEN_BYTES) if request.state.new_visit else sent
        request.state.visit = kept
    return kept


def keep_visit(request: Request, response: Response) -> None:
    """Set the cookie of a new visitor."""
    if getattr(request.state, "new_visit", False):
        set_cookie(context_of(request), response, request.state.visit)


def set_cookie(context: Context, response: Response, token: str) -> None:
    """Give the browser a token: for this server only, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(context),
        token,
        max_age=SESSION_SECONDS,
        path="/",
        secure=context.settings.secure,
        httponly=True,
        samesite="strict",
    )


# --------------------------------------------------------------------------- sessions


def begin(
    request: Request,
    response: Response,
    address: str,
    *,
    account: str | None = None,
    signer: Signer | None = None,
) -> None:
    """Begin a session under a new token, and end the one that the browser had."""
    context = context_of(request)
    end(request)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = int(time.time())
    with context.state.writing() as session:
        session.execute(delete(tables.sessions).where(tables.sessions.c.expires_at < now))
        session.execute(
            insert(tables.sessions).values(
                hash=hash_of(token),
                address=address,
                account=account,
                expires_at=now + SESSION_SECONDS,
            )
        )
    if signer is not None:
        context.unlocked[hash_of(token)] = signer
    set_cookie(context, response, token)
    request.state.new_visit = False


def end(request: Request) -> None:
    """End the browser's session and forget its opened key."""
    context = context_of(request)
    place = hash_of(visit_of(request))
    context.unlocked.pop(place, None)
    with context.state.writing() as session:
        session.execute(delete(tables.sessions).where(tables.sessions.c.hash == place))


def _look_up(request: Request, context: Context) -> Person | None:
    place = hash_of(visit_of(request))
    if request.state.new_visit:
        return None
    table = tables.sessions
    with context.state.reading() as session:
        row = session.execute(
            select(table).where(table.c.hash == place, table.c.expires_at > int(time.time()))
        ).first()
    if row is None:
        return None
    signer = context.unlocked.get(place)
    if row.account is not None and signer is None:
        return None  # the server was started again: the key file has to be opened again
    return Person(row.address, signer, sent_form(request))


# --------------------------------------------------------------------------- forms


def form_token(request: Request) -> str:
    """Return what a form of this visitor has to bear, in ``csrf_token`` or ``X-CSRF-Token``."""
    secret = context_of(request).secret("forms")
    return hmac.new(secret, visit_of(request).encode(), sha256).hexdigest()


async def guard_form(request: Request) -> None:
    """Refuse a form that this server did not make for this visitor.

    Raises:
        FormExpired: Its token is missing or another visitor's.
    """
    if request.method in _SAFE:
        return
    given, hint = request.headers.get(FORM_HEADER, ""), "nothing was changed"
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not given and kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
        request.state.form = await request.form()
        found = request.state.form.get(FORM_FIELD)
        given = found if isinstance(found, str) else ""
        if STEP_FIELD in request.state.form:
            hint = "look first what your wallet has sent: it is on the chain"
    if not given or not hmac.compare_digest(given.encode(), form_token(request).encode()):
        raise FormExpired(
            "This form is not valid any more.",
            hint=f"Load the page again and repeat what you did; {hint}.",
        )


def sent_form(request: Request) -> SentForm | None:
    """Return the form that a request bears, once :func:`guard_form` has let it pass.

    ``None`` if it bears none, or one that no page may hold to send it again: with a file, or with
    a password.
    """
    form = getattr(request.state, "form", None)
    if form is None or "password" in form:
        return None
    pairs = tuple((name, text) for name, text in form.multi_items() if isinstance(text, str))
    if len(pairs) != len(form.multi_items()):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return SentForm(
        visitor=hash_of(visit_of(request)).hex(),
        action=quote(request.scope["path"]) + query,
        fields=tuple(pair for pair in pairs if pair[0] not in (FORM_FIELD, STEP_FIELD)),
        steps=tuple(text for name, text in pairs if name == STEP_FIELD),
    )


PersonDep = Annotated[Person, signed_in()]
"""Who has signed in: ``person: PersonDep``."""

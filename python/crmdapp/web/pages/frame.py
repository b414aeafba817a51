"""Pages that belong to no domain: the start, signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from crmdapp.chain.accounts import Keystore
from crmdapp.errors import KeyProblem, UsageError
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound, SignInRefused
from crmdapp.web.models import AddressIn, Model, Octets
from crmdapp.web.pages import page, redirect
from crmdapp.web.security import sessions, sign_in
from crmdapp.web.security.api_keys import hash_of

router = APIRouter()


class Challenge(Model):
    """Who wants to sign in."""

    address: AddressIn


class Answer(Model):
    """The signature of a challenge."""

    nonce: str
    signature: Octets
    next: str = "/"


@router.get("/")
def start(request: Request) -> Response:
    """Show where everything is."""
    return page(request, "start.html")


@router.get("/sign-in")
def sign_in_page(request: Request, context: ContextDep, next: str = "/") -> Response:  # noqa: A002 - the field's public name
    """Offer the ways to sign in."""
    names = [item.name for item in _keystore(context).list()] if context.settings.local else []
    return page(request, "sign_in.html", names=names, next=next, problem="")


@router.post("/sign-in/challenge")
def make_challenge(request: Request, context: ContextDep, wanted: Challenge) -> Response:
    """Give a wallet the message to sign."""
    visitor = hash_of(sessions.visit_of(request))
    nonce, text = sign_in.challenge(context, wanted.address, visitor, _origin(request, context))
    return JSONResponse({"nonce": nonce, "message": text})


@router.post("/sign-in/wallet")
def take_answer(request: Request, context: ContextDep, given: Answer) -> Response:
    """Begin a session for whoever signed the message."""
    visitor = hash_of(sessions.visit_of(request))
    origin = _origin(request, context)
    address = sign_in.answer(context, given.nonce, given.signature, visitor, origin)
    response = JSONResponse({"next": redirect(given.next).headers["location"]})
    sessions.begin(request, response, address)
    return response


@router.post("/sign-in/key-file")
def open_key_file(
    request: Request,
    context: ContextDep,
    name: Annotated[str, Form(max_length=64)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the field's public name
) -> Response:
    """Begin a session with a key file of this machine; only a local server has this."""
    keystore = _keystore(context)
    try:
        signer = keystore.unlock(name, password)
    except (KeyProblem, UsageError) as problem:
        names = [item.name for item in keystore.list()]
        told = problem.message
        return page(request, "sign_in.html", status=401, names=names, next=next, problem=told)
    response = redirect(next)
    sessions.begin(request, response, signer.address, account=name, signer=signer)
    return response


@router.post("/sign-out")
def sign_out(request: Request) -> Response:
    """End the session."""
    sessions.end(request)
    return redirect("/", told="You have signed out.")


def _keystore(context: Context) -> Keystore:
    if not context.settings.local or context.settings.keystore is None:
        raise NotFound("This server opens no key files.")
    return Keystore(context.settings.keystore)


def _origin(request: Request, context: Context) -> str:
    if context.settings.public_url:
        return context.settings.public_url.rstrip("/")
    host = request.headers.get("host")
    if not host:
        raise SignInRefused("The request has no Host header.")
    return f"{request.url.scheme}://{host}"

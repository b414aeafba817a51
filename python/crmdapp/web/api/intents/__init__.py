"""Signed intents: prepared here, signed by the person's own wallet, carried out once."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict

from crmdapp.errors import ReceiptTimeout, UsageError
from crmdapp.web.api.intents.kinds import KINDS, Registered, Relayed, Relaying, intent_kind
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import KeyNeeded, RequestInvalid, ScopeMissing
from crmdapp.web.models import Model, Octets
from crmdapp.web.security.callers import caller_of
from crmdapp.web.security.sessions import guard_form, person_of

__all__ = ["KINDS", "MODULES", "Relayed", "Relaying", "intent_kind", "router"]

MODULES = (
    "crmdapp.web.api.intents.loyalty",
    "crmdapp.web.api.intents.network",
    "crmdapp.web.api.intents.customers",
    "crmdapp.web.api.intents.provenance",
    "crmdapp.web.api.intents.ballots",
)
"""Modules that add kinds."""

router = APIRouter(prefix="/v1/intents", tags=["intents"])


class TypedDataDocument(Model):
    """EIP-712 typed data, as ``eth_signTypedData_v4`` takes it."""

    types: dict[str, list[dict[str, str]]]
    primaryType: str  # noqa: N815 - EIP-712's own name
    domain: dict[str, Any]
    message: dict[str, Any]


class SignedDocument(Model):
    """What a wallet signed, and its signature."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "typedData": {
                        "types": {"TransferIntent": [{"name": "program", "type": "uint256"}]},
                        "primaryType": "TransferIntent",
                        "domain": {"name": "PointsHub", "version": "1", "chainId": 31337},
                        "message": {"program": "1"},
                    },
                    "signature": "0x" + "ab" * 65,
                }
            ]
        }
    )

    typedData: TypedDataDocument  # noqa: N815 - as wallets and files write it
    signature: Octets


@router.post("", response_model=Relayed, responses={202: {"model": Relayed}})
async def submit(request: Request, context: ContextDep, signed: SignedDocument) -> Any:
    """Carry out what somebody permitted by a signature, once; this server's account pays.

    Needs an API key with the scope ``relay``, or the session of the person who signed. The
    signature names the request, so it needs no Idempotency-Key: sent again, the same intent tells
    how it stands.
    """
    from starlette.concurrency import run_in_threadpool

    account = await run_in_threadpool(_account, request, context)
    if account is None:
        await guard_form(request)
    return await run_in_threadpool(_relay, request, context, signed, account)


def _account(request: Request, context: Context) -> str | None:
    """Return the account of the API key that relays; ``None`` for a signed-in person."""
    caller = caller_of(context, request)
    if caller is None:
        return None
    if not caller.scopes & {"relay", "admin"}:
        raise ScopeMissing("The API key lacks relay.", ("relay",))
    if caller.account is None:
        raise ScopeMissing("The API key has no account to send with.", ("account",))
    request.state.account = caller.account
    return caller.account


def _relay(
    request: Request, context: Context, document: SignedDocument, account: str | None
) -> Relayed | Response:
    body = document.model_dump(mode="json")
    registered = _kind(context, body["typedData"])
    signed = registered.kind.read(body)
    if account is None:
        account = _payer(request, context, signed)
    key = f"intent/{signed.digest.hex()}"
    try:
        return registered.kind.relay(Relaying(context, account, key), signed)
    except ReceiptTimeout as problem:
        pending = Relayed(state="pending", tx_hash=problem.tx_hash or None)
        return JSONResponse(pending.model_dump(), 202, {"Retry-After": "5"})


def _kind(context: Context, typed: dict[str, Any]) -> Registered:
    """Return the kind that typed data is of; it must be for this chain and its contract."""
    place = str(typed["domain"].get("verifyingContract", "")).lower()
    for item in KINDS.values():
        known = context.manifest.get(item.contract)
        is_it = known is not None and bool(known.address) and known.address.lower() == place
        if is_it and item.primary_type == typed["primaryType"]:
            return item
    raise RequestInvalid(
        "This server carries out nothing of that type for that contract.",
        (("body.typedData", "primaryType and verifyingContract name no kind of intent"),),
    )


def _payer(request: Request, context: Context, signed: Any) -> str:
    person = person_of(request, context)
    if person is None:
        raise KeyNeeded("This needs an API key with the scope relay, or a signed-in person.")
    if getattr(signed, "signer", None) != person.address and not signed.signed_by(person.address):
        raise UsageError("Somebody else signed this: sign in as the one who did.")
    if context.settings.relayer is None:
        raise ScopeMissing("This server pays for nobody.", ("relay",))
    return context.settings.relayer


def _prepare(registered: Registered) -> Callable[..., Any]:
    def prepare(context: Context, wanted: Model) -> Any:
        return registered.kind.prepare(context, wanted)

    # The model is known only now; an annotation in the text could not name it.
    prepare.__annotations__.update(context=ContextDep, wanted=registered.request)
    return prepare


def _add_routes() -> None:
    for name in MODULES:
        import_module(name)
    for item in KINDS.values():
        summary = (item.kind.__doc__ or item.name).strip().splitlines()[0]
        router.add_api_route(
            f"/{item.name}/prepare",
            _prepare(item),
            methods=["POST"],
            response_model=TypedDataDocument,
            name=f"prepare {item.name}",
            summary=summary,
            description=f"{summary} Returns the EIP-712 data to sign; changes nothing.",
        )


_add_routes()

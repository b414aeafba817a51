"""Who calls the API: an API key, what it may do, and what sends for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Header, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from crmdapp.web.context import Context, ContextDep, context_of
from crmdapp.web.errors import IdempotencyKeyMissing, KeyNeeded, RequestMalformed, ScopeMissing
from crmdapp.web.security.api_keys import ApiKey, ApiKeys, hash_of

if TYPE_CHECKING:
    from crmdapp.chain.client import ContractClient
    from crmdapp.chain.sender import Sender

ClientT = TypeVar("ClientT", bound="ContractClient")

KEY_LENGTH_MAX = 200
"""Most characters of an Idempotency-Key."""

_CACHE_SECONDS = 2.0
_BEARER = HTTPBearer(auto_error=False, description="An API key: crmdapp api-keys new")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls.

    Attributes:
        key_id: The API key's public name.
        merchant: Address the key acts for: the tenant.
        scopes: What it may do.
        account: Name of the server's account that sends for it; ``None`` if it may not send.
    """

    key_id: str
    merchant: str
    scopes: frozenset[str]
    account: str | None


def requires(*scopes: str) -> Any:
    """Return a dependency that gives the :class:`Caller` whose key has all these scopes.

    Args:
        scopes: Scopes needed; a key with ``admin`` has every one of them.
    """

    def caller(
        request: Request,
        context: ContextDep,
        _bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Caller:
        found = caller_of(context, request)
        if found is None:
            raise KeyNeeded(
                "This needs an API key.",
                hint="Send it as Authorization: Bearer crm_... (crmdapp api-keys new).",
            )
        missing = () if "admin" in found.scopes else tuple(sorted(set(scopes) - found.scopes))
        if missing:
            raise ScopeMissing(f"The API key lacks {', '.join(missing)}.", missing)
        return found

    return Depends(caller)


def caller_of(context: Context, request: Request) -> Caller | None:
    """Return who calls; ``None`` without a valid key."""
    if not hasattr(request.state, "caller"):
        request.state.caller = _look_up(context, token_of(request.headers.get("authorization")))
    found: Caller | None = request.state.caller
    return found


def token_of(header: str | None) -> str | None:
    """Return the bearer token of an Authorization header; ``None`` if it has none."""
    kind, _, token = (header or "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


_known: dict[tuple[int, bytes], tuple[float, Caller | None]] = {}


def _look_up(context: Context, token: str | None) -> Caller | None:
    if token is None or len(token) > KEY_LENGTH_MAX:
        return None
    # A revoked key is refused within two seconds by all processes; nothing else is kept.
    place = (id(context), hash_of(token))
    now = time.monotonic()
    kept = _known.get(place)
    if kept is not None and now - kept[0] < _CACHE_SECONDS:
        return kept[1]
    key = ApiKeys(context.state).find(token)
    found = None if key is None else _caller(key)
    if len(_known) > 10_000:
        _known.clear()
    if found is not None:
        _known[place] = (now, found)
    return found


def is_known(request: Request, token: str) -> bool:
    """Return whether a token was a valid key a moment ago; asks no database."""
    return (id(context_of(request)), hash_of(token)) in _known


def _caller(key: ApiKey) -> Caller:
    return Caller(key.id, key.merchant, key.scopes, key.account)


# --------------------------------------------------------------------------- changing, sending


class Work:
    """One request that sends.

    Attributes:
        context: What all requests share.
        caller: Who asks.
        key: Idempotency key for the journal; no other caller's request has it. A handler that
            sends several transactions appends to it: ``f"{work.key}/2"``.
    """

    def __init__(self, context: Context, caller: Caller, key: str) -> None:
        self.context, self.caller, self.key = context, caller, key

    @property
    def sender(self) -> Sender:
        """What sends for the caller.

        Raises:
            ScopeMissing: The API key has no account to send with.
            KeystoreMissing: The server did not open that account.
        """
        if self.caller.account is None:
            raise ScopeMissing("The API key has no account to send with.", ("account",))
        return self.context.sender(self.caller.account)

    def client(self, kind: type[ClientT]) -> ClientT:
        """Return the client of a contract with the caller's sender.

        Raises:
            ContractMissing: The contract is not deployed.
            ScopeMissing: The API key has no account to send with.
        """
        reader = self.context.reader(kind)
        return kind(
            self.context.connection,
            reader.contract.address,
            self.sender,
            since_block=reader.since_block,
        )


_IdempotencyKey = Annotated[
    str | None,
    Header(
        description="Names this request: sent again with it, nothing happens twice.",
        max_length=KEY_LENGTH_MAX,
        examples=["order-4711"],
    ),
]


def changing(*scopes: str) -> Any:
    """Return a dependency that gives the :class:`Work` of a request that changes something.

    The request must bear an Idempotency-Key, and its API key all these scopes.
    """
    needed = requires(*scopes)

    def work(
        context: ContextDep,
        caller: Caller = needed,  # a default, because annotations cannot see it
        idempotency_key: _IdempotencyKey = None,
    ) -> Work:
        return Work(context, caller, f"api/{caller.key_id}/{key_name(idempotency_key)}")

    return Depends(work)


def sending(*scopes: str) -> Any:
    """Return a dependency like :func:`changing` that also requires an account to send with."""
    changed = changing(*scopes)

    def work(request: Request, found: Work = changed) -> Work:
        request.state.account = found.caller.account
        _ = found.sender
        return found

    return Depends(work)


def key_name(given: str | None) -> str:
    """Return an Idempotency-Key as the journal keeps it: its hash, since callers choose freely.

    Raises:
        IdempotencyKeyMissing: There is none.
        RequestMalformed: It is too long or not printable.
    """
    if not given:
        raise IdempotencyKeyMissing(
            "This request changes something and has no Idempotency-Key.",
            hint="Send one of your own choice, such as your order's number.",
        )
    if len(given) > KEY_LENGTH_MAX or not given.isprintable():
        raise RequestMalformed(
            f"An Idempotency-Key has 1 to {KEY_LENGTH_MAX} printable characters."
        )
    return hash_of(given).hex()[:40]

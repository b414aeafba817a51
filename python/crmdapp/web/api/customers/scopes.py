"""Scopes: name spaces of profiles, and who may verify people in them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.orm import Session

from crmdapp.customers.registry import RegistryClient
from crmdapp.store.index.customers import queries
from crmdapp.store.index.customers.models import IndexedScope
from crmdapp.web.api.customers._reading import as_of, is_final
from crmdapp.web.api.customers.models import AttestorOut, LevelIn, ScopeIn, ScopeOut
from crmdapp.web.api.customers.office import signer_of
from crmdapp.web.context import ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import AddressIn, Sent
from crmdapp.web.paging import CursorDep, Page
from crmdapp.web.security.callers import Caller, Work, requires, sending

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Work, sending("customers:write")]
ScopePath = Annotated[int, Path(ge=1, lt=1 << 24)]


@router.get("/scopes")
def list_scopes(context: ContextDep, caller: Reader, cursor: CursorDep) -> Page[ScopeOut]:
    """List the scopes that the company owns."""
    with as_of(context) as (session, position):
        after = None if cursor.after is None else int(cursor.after[0])
        rows = queries.scopes_of(session, caller.merchant, after=after, limit=cursor.limit)
        items = [_shown(session, row) for row in rows]
    return Page[ScopeOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.scope,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.post("/scopes", status_code=201)
def open_scope(wanted: ScopeIn, work: Writer) -> ScopeOut:
    """Open a scope that the company owns, with its first attestors."""
    signer_of(work)
    made = work.client(RegistryClient).create_scope(
        {item.address: item.level for item in wanted.attestors},
        recovery_delay=wanted.recovery_delay,
        quorum=wanted.quorum,
        self_registration=wanted.self_registration,
        key=work.key,
    )
    created = int(made.created_at.timestamp())
    attestors = [
        AttestorOut(attestor=item.address, level=item.level, active_at=created)
        for item in wanted.attestors
    ]
    return ScopeOut(scope=made.id, owner=made.owner, created_at=created, attestors=attestors)


@router.get("/scopes/{scope}")
def show_scope(scope: ScopePath, context: ContextDep, caller: Reader) -> ScopeOut:
    """Show a scope that the company owns."""
    with as_of(context) as (session, _):
        return _shown(session, _own(session, scope, caller.merchant))


@router.put("/scopes/{scope}/attestors/{attestor}")
def set_attestor(scope: ScopePath, attestor: AddressIn, wanted: LevelIn, work: Writer) -> Sent:
    """Admit an attestor or raise its level after the scope's delay; lower it at once."""
    with as_of(work.context) as (session, _):
        _own(session, scope, work.caller.merchant)
    signer_of(work)
    client = work.client(RegistryClient)
    receipt = client.set_attestor(scope, attestor, wanted.level, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def _own(session: Session, scope: int, merchant: str) -> IndexedScope:
    found = queries.scope_at(session, scope)
    if found is None or found.owner != merchant:
        raise NotFound("There is no such scope of this company.")
    return found


def _shown(session: Session, row: IndexedScope) -> ScopeOut:
    attestors = [
        AttestorOut(attestor=item.attestor, level=item.level, active_at=item.active_at)
        for item in queries.attestors_of(session, row.scope)
        if item.level
    ]
    return ScopeOut(
        scope=row.scope, owner=row.owner, created_at=row.created_at, attestors=attestors
    )

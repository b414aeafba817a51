"""Profiles: registered, linked, merged, ended; and the company's list of its customers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select

from crmdapp.chain.transactions import Receipt
from crmdapp.customers.models import Guardians
from crmdapp.customers.registering import BatchReport
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import (
    EraseIntent,
    MergeIntent,
    RecoveryIntent,
    RotateIntent,
    TagLink,
    UnmergeIntent,
)
from crmdapp.customers.registry_signing import RegistrationRecord, SignedRegistryIntent
from crmdapp.store._rows import newest
from crmdapp.store.index.customers import queries
from crmdapp.store.index.customers.models import IndexedProfile
from crmdapp.store.schema import ProfileRow
from crmdapp.web.api.customers._reading import (
    as_of,
    is_final,
    is_in_vault,
    no_customer,
    owns_scope_of,
)
from crmdapp.web.api.customers.models import (
    ChangeOut,
    ExecuteIn,
    ProfileOut,
    RecoveryIn,
    RegistrationBatchIn,
    RegistrationBatchOut,
    SeveralSigned,
    SignedStatementIn,
)
from crmdapp.web.api.customers.office import Office, has_office, opened, signer_of
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Hash32, Sent
from crmdapp.web.paging import CursorDep, Page
from crmdapp.web.security.callers import Caller, Work, requires, sending

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Work, sending("customers:write")]

_DAY = 86_400


@router.get("/profiles")
def list_profiles(
    context: ContextDep,
    caller: Reader,
    cursor: CursorDep,
    custodial: Annotated[bool | None, Query(description="Only those in custody, or not.")] = None,
) -> Page[ProfileOut]:
    """List the company's customers, by the order in which its vault got to know them."""
    with opened(context, caller.merchant) as office, as_of(context) as (session, position):
        after = 0 if cursor.after is None else int(cursor.after[0])
        rows = customers_page(office, after=after, limit=cursor.limit, custodial=custodial)
        on_chain = queries.profiles_at(session, [row.cid for row in rows])
        items = [profile_shown(office, row, on_chain.get(row.cid)) for row in rows]
    return Page[ProfileOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.id,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.get("/profiles/{cid}")
def show_profile(cid: Hash32, context: ContextDep, caller: Reader) -> ProfileOut:
    """Show one customer of the company."""
    with as_of(context) as (session, _):
        found = queries.profile_at(session, cid)
    if has_office(context, caller.merchant):
        with opened(context, caller.merchant) as office, office.vault.store.reading() as held:
            row = held.scalar(select(ProfileRow).where(ProfileRow.cid == cid))
            if row is not None:
                return profile_shown(office, row, found)
    if found is None or not owns_scope_of(context, caller.merchant, cid):
        raise no_customer()
    return _merged(ProfileOut(cid=cid, custodial=False, added_at=0, registered=True), found)


@router.get("/profiles/{cid}/history")
def profile_history(
    cid: Hash32, context: ContextDep, caller: Reader, cursor: CursorDep
) -> Page[ChangeOut]:
    """List what happened to a profile on chain, newest first."""
    _require_own(context, caller.merchant, cid)
    with as_of(context) as (session, position):
        before = None if cursor.after is None else (int(cursor.after[0]), int(cursor.after[1]))
        about = ["0x" + cid.hex()]
        rows = queries.changes_about(session, about, before=before, limit=cursor.limit)
    items = [
        ChangeOut(kind=row.kind, detail=row.detail, at=row.at, block=row.block, tx_hash=row.tx_hash)
        for row in rows
    ]
    return Page[ChangeOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.block, row.log_index),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.post("/profiles", status_code=201)
def register(wanted: SignedStatementIn, work: Writer) -> ProfileOut:
    """Register one person with the signature of an attestor; the company pays the gas."""
    signed = SignedRegistryIntent.from_json(wanted.signed, "Registration")
    made = work.client(RegistryClient).register(signed, key=work.key)
    return ProfileOut(
        cid=made.cid,
        custodial=False,
        added_at=0,
        registered=True,
        controller=made.controller,
        level=made.level,
        epoch=made.epoch,
        status=made.status.name.lower(),
        tags=1,
        registered_at=0 if made.registered_at is None else int(made.registered_at.timestamp()),
        erased_at=0,
    )


@router.post("/profiles/batch")
def register_batch(wanted: RegistrationBatchIn, work: Writer) -> RegistrationBatchOut:
    """Register people whom the company's own account verified, as an attestor of the scope.

    Who is registered already is left alone and counted as known.
    """
    client, attestor = work.client(RegistryClient), signer_of(work)
    records = [
        RegistrationRecord(item.tag, item.root, item.controller, item.level)
        for item in wanted.records
    ]
    deadline = client.connection.block_timestamp() + _DAY
    made = client.register_many(attestor, wanted.scope, records, deadline=deadline, key=work.key)
    return _batch(made)


@router.post("/profiles/{cid}/links")
def link_tag(cid: Hash32, wanted: SignedStatementIn, work: Writer) -> Sent:
    """Link a further identifier to a profile with the signature of an attestor."""
    signed = SignedRegistryIntent.from_json(wanted.signed, "TagLink")
    assert isinstance(signed.intent, TagLink)  # the only kind that was asked for
    _require_own(work.context, work.caller.merchant, cid)
    _require_same(cid, signed.intent.cid)
    return _sent(work.client(RegistryClient).submit(signed, key=work.key))


@router.post("/merges")
def merge(wanted: SeveralSigned, work: Writer) -> Sent:
    """Let lookups of one profile lead to another: signed by both keys, or by a quorum."""
    signed = _all(wanted, "MergeIntent")
    for item in signed:
        assert isinstance(item.intent, MergeIntent)  # the only kind that was asked for
        _require_own(work.context, work.caller.merchant, item.intent.from_)
        _require_own(work.context, work.caller.merchant, item.intent.into)
    return _sent(work.client(RegistryClient).merge(signed, key=work.key))


@router.post("/unmerges")
def unmerge(wanted: SeveralSigned, work: Writer) -> Sent:
    """Undo a merge: signed by either key, or by a quorum."""
    signed = _all(wanted, "UnmergeIntent")
    for item in signed:
        assert isinstance(item.intent, UnmergeIntent)  # the only kind that was asked for
        _require_own(work.context, work.caller.merchant, item.intent.from_)
    return _sent(work.client(RegistryClient).unmerge(signed, key=work.key))


@router.post("/profiles/{cid}/tombstone")
def end_profile(cid: Hash32, wanted: SignedStatementIn, work: Writer) -> Sent:
    """End a profile on chain with its customer's signature; what the vault holds is apart."""
    signed = SignedRegistryIntent.from_json(wanted.signed, "EraseIntent")
    assert isinstance(signed.intent, EraseIntent)  # the only kind that was asked for
    _require_own(work.context, work.caller.merchant, cid)
    _require_same(cid, signed.intent.cid)
    return _sent(work.client(RegistryClient).submit(signed, key=work.key))


@router.post("/rotations")
def rotate(wanted: SeveralSigned, work: Writer) -> Sent:
    """Replace a profile's key: signed by the old one and the new one."""
    signed = _all(wanted, "RotateIntent")
    for item in signed:
        assert isinstance(item.intent, RotateIntent)  # the only kind that was asked for
        _require_own(work.context, work.caller.merchant, item.intent.cid)
    return _sent(work.client(RegistryClient).rotate(signed, key=work.key))


@router.post("/recoveries")
def propose_recovery(wanted: RecoveryIn, work: Writer) -> Sent:
    """Announce a new key for a lost one: signed by guardians or attestors, and the new key."""
    signed = _all(wanted, "RecoveryIntent")
    for item in signed:
        assert isinstance(item.intent, RecoveryIntent)  # the only kind that was asked for
        _require_own(work.context, work.caller.merchant, item.intent.cid)
    guardians = None if wanted.guardians is None else Guardians.from_json(wanted.guardians)
    client = work.client(RegistryClient)
    return _sent(client.propose_recovery(signed, guardians, key=work.key))


@router.post("/recoveries/{cid}/execution")
def execute_recovery(cid: Hash32, wanted: ExecuteIn, work: Writer) -> Sent:
    """Put the announced key in its place after the delay."""
    _require_own(work.context, work.caller.merchant, cid)
    client = work.client(RegistryClient)
    return _sent(client.recover(cid, by_guardians=wanted.by_guardians, key=work.key))


# ------------------------------------------------------------------------------------- steps


def customers_page(
    office: Office, *, after: int = 0, limit: int = 50, custodial: bool | None = None
) -> list[ProfileRow]:
    """Return profiles of a company's vault by number.

    Args:
        office: The company's.
        after: Number of the last one of the page before.
        limit: Most rows.
        custodial: Only those in custody, or only the others.
    """
    query = select(ProfileRow).where(ProfileRow.id > after).order_by(ProfileRow.id)
    if custodial is not None:
        query = query.where(ProfileRow.custodial.is_(custodial))
    with office.vault.store.reading() as session:
        rows = list(session.scalars(query.limit(limit)))
        session.expunge_all()
    return rows


def profile_shown(office: Office, row: ProfileRow, found: IndexedProfile | None) -> ProfileOut:
    """Return a customer as the vault and the registry know it."""
    with office.vault.store.reading() as session:
        fields = tuple(sorted({item.field for item in newest(session, row.id)}))
    shown = ProfileOut(
        cid=row.cid,
        custodial=row.custodial,
        added_at=row.added_at,
        registered=found is not None,
        fields=fields,
        consents=len(office.book.of_subjects(office.subjects_of(row.cid))),
    )
    return shown if found is None else _merged(shown, found)


def _merged(shown: ProfileOut, found: IndexedProfile) -> ProfileOut:
    return shown.model_copy(
        update={
            "controller": found.controller,
            "level": found.level,
            "epoch": found.epoch,
            "status": found.status.name.lower(),
            "tags": found.tags,
            "merged_into": found.merged_into,
            "registered_at": found.registered_at,
            "erased_at": found.erased_at,
        }
    )


def _require_own(context: Context, merchant: str, cid: bytes) -> None:
    if has_office(context, merchant):
        with opened(context, merchant) as office:
            if is_in_vault(office, cid):
                return
    if not owns_scope_of(context, merchant, cid):
        raise no_customer()


def _require_same(cid: bytes, signed: bytes) -> None:
    if cid != signed:
        raise no_customer()


def _all(wanted: SeveralSigned, kind: str) -> list[SignedRegistryIntent]:
    return [SignedRegistryIntent.from_json(item, kind) for item in wanted.signed]


def _sent(receipt: Receipt) -> Sent:
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def _batch(made: BatchReport) -> RegistrationBatchOut:
    return RegistrationBatchOut(
        registered=len(made.done), known=len(made.skipped), gas_used=made.gas_used
    )

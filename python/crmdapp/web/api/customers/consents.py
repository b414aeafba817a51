"""Consents: asked for, given, taken back, renewed, given up, checked, confirmed in writing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from crmdapp.customers import codes
from crmdapp.customers.answers import read_denial, require_answer
from crmdapp.customers.consent_book import BookedConsent
from crmdapp.customers.consent_intents import SignedGrant, SignedRenewal, SignedWithdrawal
from crmdapp.customers.consent_models import ConsentState, ConsentStatus
from crmdapp.customers.consent_notes import note_denial, note_grant, note_request
from crmdapp.customers.consent_receipts import ISO, KANTARA, issue_receipt
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.noting import LogUnopened
from crmdapp.customers.request_draft import draft_request
from crmdapp.customers.requests import SignedRequest, ask, read_request
from crmdapp.errors import UsageError
from crmdapp.store.index.customers import queries
from crmdapp.store.index.customers.models import IndexedConsent
from crmdapp.web.api.customers._reading import as_of, consent_state, is_final
from crmdapp.web.api.customers.models import (
    ChangeOut,
    CheckIn,
    CheckOut,
    ConsentCounts,
    ConsentOut,
    DenialIn,
    GrantIn,
    GrantOut,
    GrantsIn,
    GrantsOut,
    ReceiptOut,
    RequestIn,
    RequestOut,
    SignedStatementIn,
    VaultReceiptOut,
)
from crmdapp.web.api.customers.office import (
    Office,
    name_in_log,
    opened,
    opened_book,
    opened_log,
    signer_of,
)
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import AddressIn, Hash32, Sent
from crmdapp.web.paging import CursorDep, Page
from crmdapp.web.security.callers import Caller, Work, changing, requires, sending

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Changer = Annotated[Work, changing("customers:write")]
Writer = Annotated[Work, sending("customers:write")]


# ------------------------------------------------------------------------------------- asking


@router.post("/consents/requests", status_code=201)
def request_consent(wanted: RequestIn, work: Changer) -> RequestOut:
    """Sign a request for a consent, and keep its terms. The same key gives the same request."""
    signer, context = signer_of(work), work.context
    client = context.reader(ConsentClient)
    now = client.connection.block_timestamp()
    with opened(context, work.caller.merchant) as office:
        request = draft_request(
            wanted.draft,
            data_controller=signer.address,
            domain=client.domain,
            notice=wanted.notice.encode(),
            public_key=office.vault.keys.reading_public_key,
            now=now,
            answer_by=now + wanted.answer_within,
        )
        signed = ask(signer, request)
        office.book.add(request.terms, now, signed)
        _note(work, office, request.terms.subject, request=signed)
    return RequestOut(consent_id=request.terms.consent_id, request=signed.document.text)


@router.post("/consents/denials")
def record_denial(wanted: DenialIn, work: Changer) -> ReceiptOut:
    """Take note of a customer's signed no in the interaction log."""
    asked, said = read_request(wanted.request), read_denial(wanted.denial)
    require_answer(asked, said)
    context = work.context
    said.require_signed_by(context.reader(ConsentClient).owner_of(said.subject))
    with opened(context, work.caller.merchant) as office:
        office.consent(said.consent_id)
        with opened_log(context, signer_of(work)) as log:
            cid = office.profile_of(said.subject)
            name = said.subject if cid is None else name_in_log(office, log, cid)
            note_denial(log, log.pseudonym(name), said)
    return ReceiptOut(kind="consent-denial+jwt", document=said.document.text)


# ------------------------------------------------------------------------------------- given


@router.post("/consents", status_code=201)
def record_grant(wanted: GrantIn, work: Writer) -> GrantOut:
    """Relay a customer's signed agreement; the company pays the gas, the chain learns no term."""
    signed = SignedGrant.from_json(wanted.grant)
    asked = None if wanted.request is None else read_request(wanted.request)
    if asked is not None:
        require_answer(asked, signed)
    terms, context = signed.grant.terms, work.context
    now = context.connection.block_timestamp()
    with opened(context, work.caller.merchant) as office:
        office.book.add(terms, now, asked)
        receipt = work.client(ConsentClient).grant_by_sig(signed, key=work.key)
        _note(work, office, terms.subject, grant=signed)
    return GrantOut(consent_id=terms.consent_id, granted=True, reason="", tx_hash=receipt.hash)


@router.post("/consents/batch")
def record_grants(wanted: GrantsIn, work: Writer) -> GrantsOut:
    """Relay many agreements; what does not hold is skipped and named."""
    signed = [SignedGrant.from_json(item) for item in wanted.grants]
    now = work.context.connection.block_timestamp()
    with opened_book(work.context, work.caller.merchant) as book:
        for item in signed:
            book.add(item.grant.terms, now)
    told = work.client(ConsentClient).grant_many(signed, key=work.key)
    outcomes = [
        GrantOut(
            consent_id=item.consent_id,
            granted=item.is_granted,
            reason=item.reason,
            tx_hash=item.tx_hash,
        )
        for item in told
    ]
    return GrantsOut(outcomes=outcomes)


# ------------------------------------------------------------------------------------- changed


@router.post("/consents/{consent_id}/withdrawal")
def record_withdrawal(
    consent_id: Hash32, wanted: SignedStatementIn, work: Writer
) -> VaultReceiptOut:
    """Relay a customer's signed withdrawal, and destroy the keys that it had wrapped."""
    signed = SignedWithdrawal.from_json(wanted.signed)
    with opened(work.context, work.caller.merchant) as office:
        booked = office.consent(consent_id)
        _require_about(booked, signed.withdrawal.subject, signed.withdrawal.consent_id)
        receipt = work.client(ConsentClient).withdraw_by_sig(signed, key=work.key)
        destroyed = office.vault.withdraw(consent_id)
    return VaultReceiptOut(
        receipt_hash=destroyed.hash,
        receipt=destroyed.to_json(),
        tx_hash=receipt.hash,
        block=receipt.block,
    )


@router.post("/consents/{consent_id}/renewal")
def record_renewal(consent_id: Hash32, wanted: SignedStatementIn, work: Writer) -> Sent:
    """Relay a customer's signed later end of a consent."""
    signed = SignedRenewal.from_json(wanted.signed)
    with opened_book(work.context, work.caller.merchant) as book:
        booked = book.get(consent_id)
    if booked is None:
        raise _no_consent()
    _require_about(booked, signed.renewal.subject, signed.renewal.consent_id)
    receipt = work.client(ConsentClient).renew_by_sig(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.delete("/consents/{consent_id}")
def give_up(consent_id: Hash32, work: Writer) -> VaultReceiptOut:
    """Give a consent up that the company was given, and destroy the keys it came with."""
    signer_of(work)
    with opened(work.context, work.caller.merchant) as office:
        booked = office.consent(consent_id)
        receipt = work.client(ConsentClient).revoke(booked.terms, key=work.key)
        destroyed = office.vault.withdraw(consent_id)
    return VaultReceiptOut(
        receipt_hash=destroyed.hash,
        receipt=destroyed.to_json(),
        tx_hash=receipt.hash,
        block=receipt.block,
    )


# ------------------------------------------------------------------------------------- read


@router.get("/consents")
def list_consents(
    context: ContextDep,
    caller: Reader,
    cursor: CursorDep,
    subject: Annotated[AddressIn | None, Query(description="Only this customer's.")] = None,
) -> Page[ConsentOut]:
    """List the consents of the company, by id."""
    after = None if cursor.after is None else bytes(cursor.after[0])
    with opened_book(context, caller.merchant) as book:
        if subject is None:
            rows = book.page(after=after, limit=cursor.limit)
        else:
            every = book.of_subjects([subject])
            rows = [row for row in every if row.terms.consent_id > (after or b"")][: cursor.limit]
    with as_of(context) as (session, position):
        found = queries.consents_at(session, [row.key for row in rows])
    items = [shown(row, found.get(row.key), position.timestamp) for row in rows]
    return Page[ConsentOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.terms.consent_id,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.get("/consents/status")
def count_consents(context: ContextDep, caller: Reader) -> ConsentCounts:
    """Count the company's consents by what they are good for now."""
    return consent_counts(context, caller.merchant)


@router.get("/consents/{consent_id}")
def show_consent(consent_id: Hash32, context: ContextDep, caller: Reader) -> ConsentOut:
    """Show one consent of the company."""
    with opened_book(context, caller.merchant) as book:
        booked = book.get(consent_id)
    if booked is None:
        raise _no_consent()
    with as_of(context) as (session, position):
        found = queries.consents_at(session, [booked.key])
    return shown(booked, found.get(booked.key), position.timestamp)


@router.get("/consents/{consent_id}/history")
def consent_history(consent_id: Hash32, context: ContextDep, caller: Reader) -> list[ChangeOut]:
    """List what happened to a consent on chain, oldest first."""
    with opened_book(context, caller.merchant) as book:
        booked = book.get(consent_id)
    if booked is None:
        raise _no_consent()
    changes = context.reader(ConsentClient).history(*booked.key)
    return [
        ChangeOut(
            kind=item.kind,
            detail="" if item.expiry is None else str(item.expiry),
            at=item.at,
            block=item.block,
            tx_hash=item.tx_hash,
        )
        for item in changes
    ]


@router.post("/consents/{consent_id}/check")
def check_consent(
    consent_id: Hash32, wanted: CheckIn, context: ContextDep, caller: Reader
) -> CheckOut:
    """Ask the chain whether a consent holds now and covers all of these purposes and data.

    This is what to ask before data is used; it changes nothing and needs no Idempotency-Key.
    """
    with opened_book(context, caller.merchant) as book:
        booked = book.get(consent_id)
    if booked is None:
        raise _no_consent()
    client = context.reader(ConsentClient)
    block = client.connection.block_number()
    holds = client.check(
        booked.terms,
        codes.purpose_bits(wanted.purposes),
        codes.category_bits(wanted.categories),
        block=block,
    )
    return CheckOut(holds=holds, block=block)


@router.post("/consents/{consent_id}/receipt")
def consent_receipt(
    consent_id: Hash32,
    work: Changer,
    form: Annotated[str, Query(pattern="^(iso|kantara)$", description="Which form.")] = "iso",
) -> ReceiptOut:
    """Sign a receipt of a consent: ISO/IEC TS 27560, or Kantara 1.1."""
    signer, client = signer_of(work), work.context.reader(ConsentClient)
    with opened_book(work.context, work.caller.merchant) as book:
        booked = book.get(consent_id)
    if booked is None:
        raise _no_consent()
    request = booked.signed_request().request
    kind = ISO if form == "iso" else KANTARA
    now = client.connection.block_timestamp()
    made = issue_receipt(signer, request, client.history(*booked.key), issued_at=now, kind=kind)
    return ReceiptOut(kind=kind, document=made.document.text)


# ------------------------------------------------------------------------------------- steps


def consent_counts(context: Context, merchant: str) -> ConsentCounts:
    """Return how many of a company's consents are good for what."""
    with opened_book(context, merchant) as book:
        keys = book.spans()
    with as_of(context) as (session, position):
        found = queries.consents_at(session, [(item[0], item[1]) for item in keys])
    counts = dict.fromkeys(ConsentState, 0)
    for subject, consent_id, begins, ends in keys:
        row = found.get((subject, consent_id))
        counts[_state(row, begins, ends, position.timestamp)] += 1
    return ConsentCounts(
        **{state.value: count for state, count in counts.items()}, as_of=position.timestamp
    )


def shown(booked: BookedConsent, found: IndexedConsent | None, now: int) -> ConsentOut:
    """Return a consent for its company: the terms in words, and where it stands.

    Args:
        booked: With its terms.
        found: What the index has of it.
        now: Unix seconds.
    """
    own = booked.terms.permission
    renewed = 0 if found is None else found.renewed_until
    return ConsentOut(
        consent_id=booked.terms.consent_id,
        subject=own.subject,
        state=consent_state(found, booked.terms, now).value,
        purposes=sorted(own.purpose_terms),
        categories=sorted(own.category_terms),
        jurisdiction=own.jurisdiction.decode(),
        valid_from=own.valid_from,
        ends_at=max(own.valid_until, renewed),
        granted_at=0 if found is None else found.granted_at,
        ended_at=0 if found is None else found.ended_at,
        version=0 if found is None else found.version,
        reward=own.reward_id or None,
    )


def _state(found: IndexedConsent | None, begins: int, ends: int, now: int) -> ConsentState:
    if found is None:
        return ConsentState.UNKNOWN
    if found.status is ConsentStatus.WITHDRAWN:
        return ConsentState.WITHDRAWN
    if found.status is ConsentStatus.REVOKED:
        return ConsentState.REVOKED
    if now < begins:
        return ConsentState.PENDING
    return ConsentState.ACTIVE if now < max(ends, found.renewed_until) else ConsentState.EXPIRED


def _note(
    work: Work,
    office: Office,
    subject: str,
    *,
    grant: SignedGrant | None = None,
    request: SignedRequest | None = None,
) -> None:
    """Put what was asked or given into the company's log, if it has opened one."""
    try:
        with opened_log(work.context, signer_of(work)) as log:
            cid = office.profile_of(subject)
            name = subject if cid is None else name_in_log(office, log, cid)
            pseudonym = log.pseudonym(name)
            if request is not None:
                note_request(log, pseudonym, request)
            if grant is not None:
                note_grant(log, pseudonym, grant.relayed)
    except LogUnopened:
        return


def _require_about(booked: BookedConsent, subject: str, consent_id: bytes) -> None:
    if (subject, consent_id) != booked.key:
        raise UsageError(
            "What was signed is about another consent.", hint="Sign for this very consent."
        )


def _no_consent() -> NotFound:
    return NotFound("There is no such consent of this company.")

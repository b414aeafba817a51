"""Requests of the people whom the data is about, and segments of those who agreed."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.export import CustomerExport, NotedConsent, NotedInteraction, collect
from crmdapp.customers.noting import LogUnopened
from crmdapp.customers.report import report_html
from crmdapp.customers.segments import (
    Condition,
    ConsentedReader,
    Held,
    Segment,
    SegmentReport,
    find_segment,
)
from crmdapp.store.epochs import SignedErasure
from crmdapp.store.index.customers import queries
from crmdapp.web.api import Caller, Context, ContextDep, Hash32, Work, changing, requires
from crmdapp.web.api.customers._reading import as_of, consent_state, is_in_vault, no_customer
from crmdapp.web.api.customers.models import VaultReceiptOut
from crmdapp.web.api.customers.models_vault import ErasureIn, ExportOut, SegmentIn, SegmentOut
from crmdapp.web.api.customers.office import (
    JOURNAL,
    Office,
    company_signer,
    opened,
    opened_log,
)
from crmdapp.web.api.customers.subject_erasure import erase_customer

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Changer = Annotated[Work, changing("customers:write")]


@router.post("/segments")
def segment(wanted: SegmentIn, context: ContextDep, caller: Reader) -> SegmentOut:
    """Find customers by data whose consent covers the purpose; nobody else is looked at.

    It changes nothing and needs no Idempotency-Key.
    """
    with opened(context, caller.merchant) as office:
        told = segment_of(context, office, wanted.purpose, wanted.where)
    return SegmentOut(
        members=list(told.members),
        count=len(told.members),
        asked=told.asked,
        total=told.total,
        left_out=dict(told.left_out),
    )


@router.post("/profiles/{cid}/export")
def export(cid: Hash32, context: ContextDep, caller: Reader) -> ExportOut:
    """Give everything the company has about one customer; the customer's device opens it."""
    with opened(context, caller.merchant) as office:
        told = export_of(context, office, cid)
    return ExportOut(export=told.to_json(), data=len(told.data), sealed=told.sealed)


@router.get("/profiles/{cid}/report", response_class=HTMLResponse)
def report(cid: Hash32, context: ContextDep, caller: Reader) -> HTMLResponse:
    """Give the same as one page of HTML that loads nothing from elsewhere."""
    with opened(context, caller.merchant) as office:
        told = export_of(context, office, cid)
    return HTMLResponse(report_html(told))


@router.post("/profiles/{cid}/erasure")
def erase(cid: Hash32, wanted: ErasureIn, work: Changer) -> VaultReceiptOut:
    """Destroy keys, wraps, salts, links, data and terms of a customer for ever.

    The receipt's hash is for the customer, who ends the profile on chain with it.
    """
    signed = None if wanted.request is None else SignedErasure.from_json(wanted.request)
    with opened(work.context, work.caller.merchant) as office:
        if not is_in_vault(office, cid):
            raise no_customer()
        receipt = erase_customer(work.context, office, cid, signed)
    return VaultReceiptOut(receipt_hash=receipt.hash, receipt=receipt.to_json())


# ------------------------------------------------------------------------------------- steps


def segment_of(context: Context, office: Office, purpose: str, where: list[str]) -> SegmentReport:
    """Return who fits a description, by consented data alone.

    Args:
        context: The server's.
        office: The company's.
        purpose: The term of the purpose.
        where: Conditions, such as ``country is DE``.

    Raises:
        CodeUnknown: There is no such purpose.
        UsageError: A condition is none.
    """
    wanted = Segment(purpose, tuple(Condition.parse(text) for text in where))
    client = context.reader(ConsentClient)
    held = []
    for booked in office.book.everything():
        profile = office.profile_of(booked.terms.subject)
        if profile is not None:
            held.append(Held(profile, booked.terms))
    reader = ConsentedReader(office.vault, owner_of=client.owner_of, clock=time.time)
    return find_segment(
        wanted, office.merges.people(), held, is_active=client.check, read=reader.read
    )


def export_of(context: Context, office: Office, cid: bytes) -> CustomerExport:
    """Return everything a company has about one customer.

    Raises:
        NotFound: It is no customer of the company.
    """
    if not is_in_vault(office, cid):
        raise no_customer()
    subjects = {
        subject for profile in office.merges.person(cid) for subject in office.subjects_of(profile)
    }
    booked = office.book.of_subjects(subjects)
    with as_of(context) as (session, position):
        found = queries.consents_at(session, [item.key for item in booked])
    consents = [
        NotedConsent(
            item.terms,
            consent_state(found.get(item.key), item.terms, position.timestamp).value,
        )
        for item in booked
    ]
    return collect(
        office.vault,
        office.merges,
        cid,
        company=office.merchant,
        consents=consents,
        interactions=_interactions(context, office, cid, subjects),
    )


def _interactions(
    context: Context, office: Office, cid: bytes, subjects: set[str]
) -> list[NotedInteraction]:
    signer = company_signer(context, office.merchant)
    if signer is None or not (office.folder / JOURNAL).is_file():
        return []
    found: list[NotedInteraction] = []
    try:
        with opened_log(context, signer) as log:
            for name in (*sorted(subjects), "0x" + cid.hex()):
                pseudonym = log.known_pseudonym(name)
                if pseudonym is None:
                    continue
                for item in log.receipts(pseudonym=pseudonym):
                    if item.contents is not None:
                        known = item.contents
                        found.append(NotedInteraction(known.interaction, known.payload))
    except LogUnopened:
        return []
    return found

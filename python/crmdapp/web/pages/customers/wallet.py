"""The data wallet: who has which data of mine, switch it off, take it along, have it erased."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from crmdapp.chain.addresses import checksum
from crmdapp.customers.consent_intents import sign_withdrawal
from crmdapp.customers.consents import ConsentClient
from crmdapp.errors import UsageError
from crmdapp.store.index.customers import queries
from crmdapp.web.api.customers._reading import as_of
from crmdapp.web.api.customers.ending import end_consent
from crmdapp.web.api.customers.office import opened
from crmdapp.web.api.customers.people import export_of
from crmdapp.web.api.customers.subject_erasure import erase_customer
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.models import AddressIn, Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.customers.holdings import Holding, companies_with, data_wallet
from crmdapp.web.pages.customers.words import CHANGES, STATES

router = APIRouter()

SignedIn = Annotated[Person, signed_in()]

_HOUR = 3_600


@router.get("/wallet/data")
def show_wallet(request: Request, context: ContextDep, person: SignedIn) -> Response:
    """Show who has which data of the person, what for and until when."""
    found = data_wallet(context, person.address)
    return page(
        request,
        "customers/wallet.html",
        found=found,
        states=STATES,
        changes=CHANGES,
        signs_here=person.signer is not None,
    )


@router.get("/wallet/data/consents/{consent_id}")
def ask_to_end(
    consent_id: Hash32, request: Request, context: ContextDep, person: SignedIn
) -> Response:
    """Show one consent, and what switching it off means."""
    holding = _holding(context, person, consent_id)
    return page(
        request,
        "customers/consent.html",
        item=holding,
        states=STATES,
        signs_here=person.signer is not None,
    )


@router.post("/wallet/data/consents/{consent_id}/withdrawal")
def end(consent_id: Hash32, context: ContextDep, person: SignedIn) -> Response:
    """Switch a consent off with the key that is open on this machine."""
    holding = _holding(context, person, consent_id)
    if person.signer is None:
        raise UsageError(
            "Your wallet has to sign this.", hint="Use the button on the page of the consent."
        )
    if holding.can_end:
        _withdraw(context, person, holding)
    return redirect("/wallet/data", told=f"{holding.name} may not read this any more.")


@router.get("/wallet/data/export")
def export(context: ContextDep, person: SignedIn) -> Response:
    """Give everything that companies here have of the person, as a file."""
    exports = []
    for merchant, cid in companies_with(context, person.address):
        with opened(context, merchant) as office:
            exports.append(export_of(context, office, cid).to_json())
    body = json.dumps({"format": "crmdapp data wallet", "version": 1, "exports": exports}, indent=2)
    headers = {
        "Content-Disposition": 'attachment; filename="my-data.json"',
        "Cache-Control": "no-store",
    }
    return Response(body, media_type="application/json", headers=headers)


@router.get("/wallet/data/erase/{company}")
def ask_to_erase(
    company: AddressIn, request: Request, context: ContextDep, person: SignedIn
) -> Response:
    """Say what erasing means, and ask."""
    name, _ = _known(context, person, company)
    return page(
        request, "customers/erase.html", company=company, name=name, problem="", receipt=None
    )


@router.post("/wallet/data/erase/{company}")
def erase(
    company: AddressIn,
    request: Request,
    context: ContextDep,
    person: SignedIn,
    sure: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Destroy what a company has of the person, and show its signed receipt."""
    name, cid = _known(context, person, company)
    if sure != "yes":
        return page(
            request,
            "customers/erase.html",
            status=422,
            company=company,
            name=name,
            problem="Nothing was erased: tick the box if you are sure.",
            receipt=None,
        )
    with as_of(context) as (session, _):
        profile = queries.profile_at(session, cid)
    with opened(context, company) as office:
        receipt = erase_customer(context, office, cid)
    is_controller = profile is not None and profile.controller == checksum(person.address)
    return page(
        request,
        "customers/erase.html",
        company=company,
        name=name,
        problem="",
        receipt="0x" + receipt.hash.hex(),
        profile=profile if is_controller else None,
    )


# ------------------------------------------------------------------------------------- steps


def _holding(context: Context, person: Person, consent_id: bytes) -> Holding:
    found = data_wallet(context, person.address).holding(consent_id)
    if found is None:
        raise NotFound("There is no such consent of yours.")
    return found


def _known(context: Context, person: Person, company: str) -> tuple[str, bytes]:
    for merchant, cid in companies_with(context, person.address):
        if merchant == company:
            kept = data_wallet(context, person.address).kept
            return next(item.name for item in kept if item.company == company), cid
    raise NotFound("This company has nothing of yours on this server.")


def _withdraw(context: Context, person: Person, holding: Holding) -> None:
    assert person.signer is not None  # the caller has looked
    reader = context.reader(ConsentClient)
    deadline = context.connection.block_timestamp() + _HOUR
    signed = sign_withdrawal(
        person.signer, reader.domain, holding.subject, holding.consent_id, deadline=deadline
    )
    relayer = context.settings.relayer
    sender = context.sender_of(person.signer) if relayer is None else context.sender(relayer)
    client = ConsentClient.at(context.connection, context.manifest, sender)
    client.withdraw_by_sig(signed, key=f"wallet/withdraw/{holding.consent_id.hex()}")
    end_consent(context, holding.subject, holding.consent_id)

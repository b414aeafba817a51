"""A company's customers: consents, segments, the interaction log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response

from crmdapp.chain.accounts import Signer
from crmdapp.customers.codes import PURPOSES
from crmdapp.customers.segments import SegmentReport
from crmdapp.errors import UsageError
from crmdapp.store.index.customers import queries
from crmdapp.web.api.customers._reading import as_of, is_in_vault, no_customer
from crmdapp.web.api.customers.consents import consent_counts, shown
from crmdapp.web.api.customers.log import logs_shown
from crmdapp.web.api.customers.office import (
    Office,
    company_signer,
    has_office,
    make_office,
    opened,
    opened_log,
)
from crmdapp.web.api.customers.people import segment_of
from crmdapp.web.api.customers.profiles import customers_page, profile_shown
from crmdapp.web.api.customers.vault import disclosure_shown, vault_shown
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.models import Hash32
from crmdapp.web.pages import Person, page, redirect, signed_in
from crmdapp.web.pages.customers.words import category

router = APIRouter()

SignedIn = Annotated[Person, signed_in()]
Number = Annotated[int, Path(ge=0, lt=1 << 53)]

_ROWS = 25
_STATES = ("active", "pending", "unknown", "expired", "withdrawn", "revoked")


@router.get("/merchant/customers")
def show_customers(
    request: Request,
    context: ContextDep,
    person: SignedIn,
    after: Annotated[int, Query(ge=0, lt=1 << 62)] = 0,
) -> Response:
    """Show the customers of the company that has signed in, and how it keeps its promises."""
    return _customers(request, context, person.address, after=after)


@router.post("/merchant/customers/segments")
def count_segment(
    request: Request,
    context: ContextDep,
    person: SignedIn,
    purpose: Annotated[str, Form(max_length=120)] = "",
    where: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Count customers who fit a description; it may name a person, so it is in no address."""
    return _customers(request, context, person.address, purpose=purpose, where=where)


@router.get("/merchant/customers/{cid}")
def show_customer(cid: Hash32, request: Request, context: ContextDep, person: SignedIn) -> Response:
    """Show what the company knows of one customer: where from, to whom, by which consent."""
    merchant = person.address
    if not has_office(context, merchant):
        raise no_customer()
    with opened(context, merchant) as office:
        if not is_in_vault(office, cid):
            raise no_customer()
        booked = office.book.of_subjects(office.subjects_of(cid))
        with as_of(context) as (session, position):
            found = queries.consents_at(session, [item.key for item in booked])
            profile = queries.profile_at(session, cid)
            changes = queries.changes_about(session, ["0x" + cid.hex()])
        data = [item.datum for item in office.vault.ciphertexts(cid)]
        told = [disclosure_shown(item) for item in office.vault.passed_on_to(cid)]
    return page(
        request,
        "customers/merchant_customer.html",
        cid=cid,
        profile=profile,
        data=[(item, category(item.category)) for item in data],
        consents=[shown(item, found.get(item.key), position.timestamp) for item in booked],
        told=told,
        changes=changes,
    )


@router.post("/merchant/customers/vault")
def make_vault(context: ContextDep, person: SignedIn) -> Response:
    """Make the company's vault."""
    make_office(context, person.address)
    return redirect("/merchant/customers", told="The vault is there. Back its folder up.")


@router.post("/merchant/customers/logs/{index}/anchor")
def anchor(index: Number, context: ContextDep, person: SignedIn) -> Response:
    """Anchor what waits in a log."""
    with opened_log(context, _signer(context, person), index) as log:
        made = log.anchor()
    count = sum(item.batch.count for item in made)
    return redirect("/merchant/customers", told=f"{count:,} interactions were anchored.")


@router.post("/merchant/customers/logs/{index}/answer")
def answer(index: Number, context: ContextDep, person: SignedIn) -> Response:
    """Answer the open challenges of a log."""
    with opened_log(context, _signer(context, person), index) as log:
        told = log.answer_all()
    count = sum(receipt is not None for _, receipt in told)
    return redirect("/merchant/customers", told=f"{count:,} challenges were answered.")


# ------------------------------------------------------------------------------------- steps


def _customers(
    request: Request,
    context: Context,
    merchant: str,
    *,
    after: int = 0,
    purpose: str = "",
    where: str = "",
) -> Response:
    if not has_office(context, merchant):
        return page(request, "customers/merchant_empty.html")
    with opened(context, merchant) as office:
        rows = customers_page(office, after=after, limit=_ROWS)
        with as_of(context) as (session, position):
            on_chain = queries.profiles_at(session, [row.cid for row in rows])
        items = [profile_shown(office, row, on_chain.get(row.cid)) for row in rows]
        segment, problem = _segment(context, office, purpose, where)
        kept = vault_shown(office)
    counts = consent_counts(context, merchant).model_dump()
    return page(
        request,
        "customers/merchant.html",
        items=items,
        next_after=rows[-1].id if len(rows) == _ROWS else 0,
        kept=kept,
        counts=[(state, counts[state]) for state in _STATES],
        most=max([counts[state] for state in _STATES] + [1]),
        logs=logs_shown(context, merchant),
        can_send=company_signer(context, merchant) is not None,
        purposes=[item for item in PURPOSES if not item.retired],
        purpose=purpose or "DirectMarketing",
        where=where,
        segment=segment,
        problem=problem,
        block=position.block,
    )


def _signer(context: Context, person: Person) -> Signer:
    found = person.signer or company_signer(context, person.address)
    if found is None:
        raise UsageError(
            "This server has not opened your account.",
            hint="Anchor with the command line, or start the server with --account.",
        )
    return found


def _segment(
    context: Context, office: Office, purpose: str, where: str
) -> tuple[SegmentReport | None, str]:
    """Return a segment, or what is wrong with its description; neither if none was asked for."""
    conditions = [line.strip() for line in where.split(";") if line.strip()]
    if not conditions:
        return None, ""
    try:
        return segment_of(context, office, purpose, conditions), ""
    except UsageError as problem:
        return None, problem.message

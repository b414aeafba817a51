"""The vault: sealed data in, wrapped keys in, sealed data out to whoever has the consent.

The server never has a key of a customer. It seals what it is told, and what it releases opens with
the key of the company that the customer wrapped it for.
"""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter
from sqlalchemy import func, select

from crmdapp.chain.addresses import checksum
from crmdapp.customers.codes import CATEGORIES, PURPOSES, category_bits, code, names
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.release import SignedRelease
from crmdapp.customers.release_desk import HEAD_AGE_MAX, ReleaseDesk
from crmdapp.customers.survivorship import passed_on_to
from crmdapp.store.epochs import KeyPackage
from crmdapp.store.errors import DatumUnknown
from crmdapp.store.provenance import Ciphertext, Datum, Disclosure, Evidence, FieldValue
from crmdapp.store.schema import DatumRow, ProfileRow
from crmdapp.web.api import (
    AddressIn,
    Caller,
    ContextDep,
    Hash32,
    NotFound,
    Work,
    changing,
    requires,
)
from crmdapp.web.api.customers._reading import is_in_vault, no_customer
from crmdapp.web.api.customers.models_vault import (
    DataIn,
    DataOut,
    DatumOut,
    DatumTraceOut,
    DisclosureOut,
    DisclosuresOut,
    EnrolIn,
    PackageIn,
    PackageOut,
    ProfileClaimIn,
    ReleaseIn,
    ReleaseOut,
    VaultOut,
)
from crmdapp.web.api.customers.office import (
    Office,
    company_signer,
    make_office,
    name_in_log,
    opened,
    opened_log,
    opened_releases,
)

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Changer = Annotated[Work, changing("customers:write")]


@router.post("/vault", status_code=201)
def make_vault(work: Changer) -> VaultOut:
    """Make the company's vault with new keys; one that is there stays as it is."""
    make_office(work.context, work.caller.merchant)
    with opened(work.context, work.caller.merchant) as office:
        return vault_shown(office)


@router.get("/vault")
def show_vault(context: ContextDep, caller: Reader) -> VaultOut:
    """Show what is in the company's vault, and the key that customers wrap theirs to."""
    with opened(context, caller.merchant) as office:
        return vault_shown(office)


@router.post("/vault/profiles", status_code=201)
def enrol(wanted: EnrolIn, work: Changer) -> PackageOut:
    """Add a profile whose keys its customer has."""
    with opened(work.context, work.caller.merchant) as office:
        office.vault.enrol(wanted.cid, wanted.subject)
    return PackageOut(cid=wanted.cid, keys=0, wraps=0)


@router.post("/vault/packages")
def accept_package(wanted: PackageIn, work: Changer) -> PackageOut:
    """Take the public keys and wrapped keys that a customer's device signed."""
    package = KeyPackage.from_json(wanted.package)
    with opened(work.context, work.caller.merchant) as office:
        office.vault.accept(package)
    return _package(package)


@router.post("/vault/claims")
def claim_profile(wanted: ProfileClaimIn, work: Changer) -> PackageOut:
    """Hand a custodial profile to its customer: sealed to their keys, the company's destroyed."""
    package = KeyPackage.from_json(wanted.package)
    cid = package.bundle.bundle.profile
    with opened(work.context, work.caller.merchant) as office:
        office.vault.claim(cid, wanted.subject, package)
    return _package(package)


@router.post("/vault/expiries")
def expire_consents(work: Changer) -> dict[str, int]:
    """Destroy the keys of every consent that is over; run it daily."""
    with opened(work.context, work.caller.merchant) as office:
        return {"expired": len(office.vault.expire())}


@router.post("/profiles/{cid}/data", status_code=201)
def write_data(cid: Hash32, wanted: DataIn, work: Changer) -> DataOut:
    """Seal values to the customer's keys, all or none. No answer or log repeats a value."""
    values = [
        FieldValue(
            cid,
            item.field,
            code(item.category, CATEGORIES).bit,
            item.value,
            item.source,
            Evidence(item.reference),
        )
        for item in wanted.data
    ]
    with opened(work.context, work.caller.merchant) as office:
        made = office.vault.write_many(values)
    return DataOut(data=[_datum(item) for item in made])


@router.get("/profiles/{cid}/data")
def list_data(
    cid: Hash32, context: ContextDep, caller: Reader, category: str | None = None
) -> DataOut:
    """List a customer's sealed data, newest versions; opening them takes a consent or custody."""
    bits = None if category is None else category_bits([category])
    with opened(context, caller.merchant) as office:
        found = office.vault.ciphertexts(cid, bits)
    return DataOut(data=[_sealed(item) for item in found])


@router.get("/profiles/{cid}/disclosures")
def list_disclosures(cid: Hash32, context: ContextDep, caller: Reader) -> DisclosuresOut:
    """List to whom a customer's data was passed on, of all merged profiles; oldest first."""
    with opened(context, caller.merchant) as office:
        if not is_in_vault(office, cid):
            raise no_customer()
        told = passed_on_to(office.vault, office.merges, cid)
    return DisclosuresOut(disclosures=[disclosure_shown(item) for item in told])


@router.get("/data/{datum}")
def trace(datum: int, context: ContextDep, caller: Reader) -> DatumTraceOut:
    """Tell where a datum came from and to whom it was passed on."""
    with opened(context, caller.merchant) as office:
        try:
            told = office.vault.trace(datum)
        except (DatumUnknown, OverflowError):
            raise NotFound("There is no such datum of this company.") from None
    about = told.datum
    return DatumTraceOut(
        id=about.id,
        cid=about.profile,
        field=about.field,
        source=str(about.source),
        reference=about.evidence.reference,
        written_at=about.written_at,
        custodial=told.custodial,
        disclosures=[disclosure_shown(item) for item in told.disclosures],
    )


@router.post("/vaults/{keeper}/releases")
def release(keeper: AddressIn, wanted: ReleaseIn, work: Changer) -> ReleaseOut:
    """Ask the vault of a company, one's own or another's, for what a consent permits.

    The request is signed by the company that has the consent. The chain is asked before anything is
    given out, and the disclosure is in the customer's log by then; a refusal is, too.
    """
    signed = SignedRelease.from_json(wanted.request)
    if checksum(signed.request.data_controller) != checksum(work.caller.merchant):
        raise NotFound("There is no such consent of this company.")
    context = work.context
    signer = company_signer(context, keeper)
    if signer is None:
        raise NotFound("This company keeps no vault on this server.")
    client = context.reader(ConsentClient)
    with (
        opened(context, keeper) as office,
        opened_log(context, signer) as log,
        opened_releases(context, keeper) as book,
    ):
        desk = ReleaseDesk(
            office.vault,
            client,
            log,
            book,
            customer_of=lambda cid: name_in_log(office, log, cid),
            head_age=_head_age(context.settings.local),
            clock=time.time,
        )
        given = desk.answer(signed)
    return ReleaseOut(
        release=given.release.to_json(),
        leaf=given.receipt.leaf,
        anchor_by=given.receipt.receipt.anchor_by,
    )


# ------------------------------------------------------------------------------------- steps


def disclosure_shown(item: Disclosure) -> DisclosureOut:
    """Return a disclosure with its purposes in words."""
    return DisclosureOut(
        recipient=item.recipient,
        consent_id=item.consent_id,
        purposes=list(names(item.purposes, PURPOSES)),
        data=list(item.data),
        at=item.disclosed_at,
        log=item.log_id,
        seq=item.seq,
    )


def _head_age(is_local: bool) -> int:
    # A chain of one's own makes blocks only when something is sent: its head may be old and true.
    return 86_400 if is_local else HEAD_AGE_MAX


def vault_shown(office: Office) -> VaultOut:
    """Return what is in a company's vault, by numbers."""
    keys = office.vault.keys
    with office.vault.store.reading() as session:
        custodial = select(func.count()).where(ProfileRow.custodial)
        return VaultOut(
            signer=keys.signer.address,
            reading_key=keys.reading_public_key,
            profiles=session.scalar(select(func.count()).select_from(ProfileRow)) or 0,
            custodial=session.scalar(custodial) or 0,
            data=session.scalar(select(func.count()).select_from(DatumRow)) or 0,
            wraps=keys.rows("SELECT COUNT(*) FROM wraps")[0][0],
        )


def _package(package: KeyPackage) -> PackageOut:
    bundle = package.bundle.bundle
    return PackageOut(cid=bundle.profile, keys=len(bundle.keys), wraps=len(package.wraps))


def _datum(item: Datum) -> DatumOut:
    return DatumOut(
        id=item.id,
        field=item.field,
        category=CATEGORIES[item.category].term,
        version=item.version,
        source=str(item.source),
        reference=item.evidence.reference,
        written_at=item.written_at,
        key_id=item.key_id,
    )


def _sealed(item: Ciphertext) -> DatumOut:
    return _datum(item.datum).model_copy(update={"sealed": "0x" + item.sealed.hex()})

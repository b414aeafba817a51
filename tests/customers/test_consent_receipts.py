"""Receipts of consents: public words that follow from the request, and a chain that agrees."""

import json
import re
from dataclasses import replace

import pytest

from crmdapp.customers import codes
from crmdapp.customers.answers import agree
from crmdapp.customers.consent_models import ConsentChange, ConsentState
from crmdapp.customers.consent_receipts import (
    CONTEXT,
    ISO,
    KANTARA,
    ReceiptContradicted,
    issue_receipt,
    read_receipt,
    verify_receipt,
)
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.requests import RequestInvalid, ask
from crmdapp.customers.signed_documents import DocumentInvalid, sign_document
from crmdapp.errors import UsageError
from tests.customers.consent_terms import (
    COMPANY,
    FROM,
    HOW,
    RIVAL,
    SUBJECT,
    UNTIL,
    WHO,
    request_for,
    terms_for,
)
from tests.customers.registry_office import *  # noqa: F403 - fixtures

ID = "7b2a7f0e-6a4f-4d4e-9a0b-1f4c7b0d6a11"
GRANTED = ConsentChange("granted", FROM + 100, None, 7, "0x" + "0a" * 32)
RENEWED = ConsentChange("renewed", FROM + 200, UNTIL + 9, 8, "0x" + "0b" * 32)
WITHDRAWN = ConsentChange("withdrawn", FROM + 300, None, 9, "0x" + "0c" * 32)
REVOKED = ConsentChange("revoked", FROM + 300, None, 9, "0x" + "0d" * 32)

KINDS = pytest.mark.parametrize("kind", [ISO, KANTARA])


def receipt_for(request=None, changes=(GRANTED,), **values):
    settings = {"issued_at": FROM + 400, "receipt_id": ID, **values}
    return issue_receipt(COMPANY, request or request_for(), changes, **settings)


def names_in(data):
    if isinstance(data, dict):
        return set(data) | {name for item in data.values() for name in names_in(item)}
    if isinstance(data, list):
        return {name for item in data for name in names_in(item)}
    return set()


@KINDS
def test_a_receipt_is_read_as_it_was_signed(kind):
    request = request_for(recipients=("Courier",))
    receipt = receipt_for(request, (GRANTED, RENEWED, WITHDRAWN), kind=kind)
    found = read_receipt(receipt.document.text, kind)
    assert found == receipt
    assert found.request == request
    assert found.changes == (GRANTED, RENEWED, WITHDRAWN)


def test_receipts_have_ids_of_their_own():
    first, second = (receipt_for(receipt_id=None) for _ in range(2))
    assert first.receipt_id != second.receipt_id
    assert re.fullmatch(r"[0-9a-f-]{36}", first.receipt_id)


# ----------------------------------------------------------------- ISO/IEC TS 27560


def test_the_iso_form_has_every_required_field():
    data = receipt_for().document.payload
    body = {name: value for name, value in data.items() if name not in ("@context", "crmdapp")}
    required = {item.name for item in codes.RECEIPT_FIELDS if item.required}
    assert required <= names_in(body)
    known = {item.name for item in codes.RECEIPT_FIELDS}
    assert set(CONTEXT) == known | {"dpv", "dct"}
    sections = {item.section for item in codes.RECEIPT_FIELDS}
    assert names_in(body["consent_record"]) - {"url", "keccak256"} <= known | sections


def test_the_iso_form_says_what_was_agreed_to():
    terms = terms_for(
        purposes=["Advertising"], categories=["BloodType", "EmailAddressWork"], explicit=True
    )
    data = receipt_for(request_for(terms)).document.payload
    record = data["consent_record"]
    assert record["record_id"] == "0x" + terms.consent_id.hex()
    assert record["pii_principal_id"] == f"did:pkh:eip155:31337:{SUBJECT.address}"
    (process,) = record["purposes"]
    assert process["purpose"] == HOW.service
    assert "https://w3id.org/dpv#Advertising" in process["purpose_type"]
    assert process["lawful_basis"] == "https://w3id.org/dpv#Consent"
    assert process["pii_information"] == [
        {"pii_type": "https://w3id.org/dpv/pd#BloodType", "special_pii_category": True},
        {"pii_type": "https://w3id.org/dpv/pd#EmailAddressWork", "special_pii_category": False},
    ]
    assert process["storage_locations"] == ["AT", "DE"]
    assert process["jurisdiction"] == "AT"
    assert record["parties"][0]["party_name"] == WHO.name
    (event,) = record["events"]
    assert event == {
        "event_time": "2026-01-01T00:01:40Z",
        "validity_duration": "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z",
        "entity_id": f"did:pkh:eip155:31337:{SUBJECT.address}",
        "event_type": "dpv:ExplicitlyExpressedConsent",
        "event_state": "https://w3id.org/dpv#ConsentGiven",
    }


def test_the_iso_form_tells_what_became_of_it():
    ended = receipt_for(changes=(GRANTED, RENEWED, WITHDRAWN)).document.payload
    events = ended["consent_record"]["events"]
    assert [item["event_state"].partition("#")[2] for item in events] == [
        "ConsentGiven",
        "RenewedConsentGiven",
        "ConsentWithdrawn",
    ]
    assert events[1]["validity_duration"].endswith("/2027-01-01T00:00:09Z")
    assert {item["event_type"] for item in events} == {"dpv:ExpressedConsent"}
    given_up = receipt_for(changes=(GRANTED, REVOKED)).document.payload["consent_record"]
    assert given_up["events"][1]["event_state"] == "https://w3id.org/dpv#ConsentRevoked"
    assert given_up["events"][1]["entity_id"].endswith(COMPANY.address)


def test_every_status_is_in_the_vocabulary():
    for change in (GRANTED, RENEWED, WITHDRAWN, REVOKED):
        (*_, event) = receipt_for(changes=(GRANTED, change)).document.payload["consent_record"][
            "events"
        ]
        assert event["event_state"] in {item.iri for item in codes.CONSENT_STATUSES}


# ----------------------------------------------------------------- Kantara 1.1


def test_the_kantara_form_has_the_fields_of_its_specification():
    terms = terms_for(categories=["BloodType"], explicit=True, recipients=["Courier"])
    request = request_for(terms, recipients=("Courier",))
    data = dict(receipt_for(request, kind=KANTARA).document.payload)
    data.pop("crmdapp")
    (service,) = data.pop("services")
    (controller,) = data.pop("piiControllers")
    (purpose,) = service.pop("purposes")
    assert data == {
        "version": "KI-CR-v1.1.0",
        "jurisdiction": "AT",
        "consentTimestamp": FROM + 100,
        "collectionMethod": "EIP-712 signature",
        "consentReceiptID": ID,
        "publicKey": f"did:pkh:eip155:31337:{COMPANY.address}",
        "language": "en",
        "piiPrincipalId": f"did:pkh:eip155:31337:{SUBJECT.address}",
        "policyUrl": HOW.notice_url,
        "sensitive": True,
        "spiCat": ["BloodType"],
    }
    assert service == {"service": HOW.service}
    assert controller["piiController"] == WHO.name
    assert controller["address"] == {"streetAddress": WHO.address, "addressCountry": "AT"}
    assert purpose["purposeCategory"] == ["DirectMarketing"]
    assert purpose["piiCategory"] == ["BloodType"]
    assert purpose["thirdPartyDisclosure"] is True
    assert purpose["thirdPartyName"] == "Courier"
    assert purpose["termination"] == "2027-01-01T00:00:00Z; kept P1Y"


def test_the_kantara_form_names_no_third_party_if_there_is_none():
    data = receipt_for(kind=KANTARA).document.payload
    (purpose,) = data["services"][0]["purposes"]
    assert purpose["thirdPartyDisclosure"] is False
    assert "thirdPartyName" not in purpose
    assert data["sensitive"] is False


# ----------------------------------------------------------------- what is refused


def test_only_the_company_of_the_terms_gives_receipts():
    with pytest.raises(RequestInvalid, match="not the data controller"):
        issue_receipt(RIVAL, request_for(), (GRANTED,), issued_at=FROM)
    forged = sign_document(RIVAL, 31337, ISO, receipt_for().document.payload)
    with pytest.raises(DocumentInvalid, match="but the consent is for"):
        read_receipt(forged.text)


@pytest.mark.parametrize(
    ("changes", "values", "message"),
    [
        ((), {}, "not granted"),
        ((WITHDRAWN,), {}, "not granted"),
        ((GRANTED,), {"issued_at": -1}, "issued_at"),
        ((GRANTED,), {"receipt_id": "one"}, "UUID"),
        ((GRANTED,), {"kind": "receipt"}, "of the kind"),
    ],
)
def test_a_receipt_of_nothing_is_not_signed(changes, values, message):
    with pytest.raises(UsageError, match=message):
        receipt_for(changes=changes, **values)


@KINDS
def test_a_receipt_that_says_anything_else_is_refused(kind):
    honest = receipt_for(kind=kind).document.payload
    read_receipt(sign_document(COMPANY, 31337, kind, honest).text, kind)
    for edit in edits(kind):
        data = json.loads(json.dumps(honest))
        edit(data)
        with pytest.raises((UsageError, DocumentInvalid)):
            read_receipt(sign_document(COMPANY, 31337, kind, data).text, kind)


def edits(kind):
    """Lies that a company might sign, with its own key."""
    yield lambda data: data.update(extra=1)
    yield lambda data: data["crmdapp"].update(extra=1)
    yield lambda data: data["crmdapp"]["changes"][0].update(kind="sold")
    yield lambda data: data["crmdapp"]["changes"][0].update(kind="withdrawn")
    yield lambda data: data["crmdapp"].update(changes=[])
    yield lambda data: data["crmdapp"]["request"].update(recipients=["Everybody"])
    if kind == ISO:
        process = ("consent_record", "purposes", 0)
        yield setter(process, "purpose_type", ["https://w3id.org/dpv#Advertising"])
        yield setter(process, "recipient_third_parties", ["Everybody"])
        yield setter(("consent_record",), "pii_principal_id", "did:pkh:eip155:1:0x12")
        yield setter(("consent_record", "events", 0), "event_time", "2020-01-01T00:00:00Z")
        yield setter(("@context",), "purpose", "dpv:hasRecipient")
    else:
        yield lambda data: data.update(sensitive=True)
        yield lambda data: data.update(consentTimestamp=FROM)


def setter(path, name, value):
    def edit(data):
        for step in path:
            data = data[step]
        assert name in data
        data[name] = value

    return edit


def test_one_form_is_not_taken_for_the_other():
    with pytest.raises(DocumentInvalid):
        read_receipt(receipt_for(kind=KANTARA).document.text)


# ----------------------------------------------------------------- the chain


@pytest.fixture
def registry(office):
    return office.client("outsider", ConsentClient)


@pytest.fixture
def agreed(office, registry):
    """A request that the customer has agreed to, on chain."""
    now = office.now
    terms = terms_for(
        office.signer("company"), office.signer("customer"), valid_from=now, valid_until=now + 9_000
    )
    request = request_for(terms, registry.domain, asked_at=now, answer_by=now + 600)
    signed = ask(office.signer("company"), request)
    registry.grant_by_sig(agree(office.signer("customer"), signed, now))
    return request


def receipt_of(office, registry, request, kind=ISO):
    changes = registry.history(request.terms.subject, request.terms.consent_id)
    company = office.signer("company")
    return issue_receipt(company, request, changes, issued_at=office.now, kind=kind)


@KINDS
def test_verify_agrees_with_what_happened(office, registry, agreed, kind):
    receipt = receipt_of(office, registry, agreed, kind)
    found = read_receipt(receipt.document.text, kind)
    assert verify_receipt(found, registry) is ConsentState.ACTIVE


def test_verify_tells_what_happened_since(office, registry, agreed):
    receipt = receipt_of(office, registry, agreed)
    customer = office.client("customer", ConsentClient)
    customer.withdraw(agreed.terms.subject, agreed.terms.consent_id)
    assert verify_receipt(receipt, registry) is ConsentState.WITHDRAWN
    assert verify_receipt(receipt_of(office, registry, agreed), registry) is ConsentState.WITHDRAWN


def test_verify_refuses_what_did_not_happen(office, registry, agreed):
    honest = receipt_of(office, registry, agreed)
    (granted,) = honest.changes
    company = office.signer("company")
    for changes in (
        (replace(granted, at=granted.at - 1),),
        (replace(granted, tx_hash="0x" + "0e" * 32),),
        (granted, replace(WITHDRAWN, at=granted.at)),
    ):
        lie = issue_receipt(company, agreed, changes, issued_at=office.now)
        with pytest.raises(ReceiptContradicted, match="does not say what the receipt says"):
            verify_receipt(read_receipt(lie.document.text), registry)


def test_verify_refuses_another_registry_or_chain(office, registry, agreed):
    assert verify_receipt(receipt_of(office, registry, agreed), registry)
    for domain in (
        replace(agreed.domain, chain_id=1),
        replace(agreed.domain, verifying_contract=office.address("outsider")),
    ):
        abroad = replace(agreed, domain=domain)
        with pytest.raises(ReceiptContradicted, match="is for the registry"):
            verify_receipt(receipt_of(office, registry, abroad), registry)

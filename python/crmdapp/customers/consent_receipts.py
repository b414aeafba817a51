"""Receipts of consents: what a company confirms in writing, and whether the chain agrees.

A receipt says in public words what was agreed to and what became of it. Beside that it holds the
request it comes from, from which every word of it follows: a receipt that says anything else is
refused. It is signed by the company, and the chain is asked whether it happened.

The first form is a consent record and receipt of ISO/IEC TS 27560 in JSON-LD, whose context gives
each field its meaning in the Data Privacy Vocabulary. The second is a consent receipt of the
Kantara Initiative. A receipt names the customer by the pairwise identity alone, but holds the salts
of the terms: keep it like the data that it is about.

Source: ISO/IEC TS 27560:2023; W3C DPV's guide to it, https://w3id.org/dpv/guides/consent-27560;
Kantara Initiative Consent Receipt Specification 1.1.0.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum
from crmdapp.customers import codes
from crmdapp.customers.consent_models import ConsentChange, ConsentState
from crmdapp.customers.requests import ConsentRequest, RequestInvalid
from crmdapp.customers.signed_documents import (
    DocumentInvalid,
    SignedDocument,
    account_did,
    read_document,
    sign_document,
)
from crmdapp.customers.special_categories import special_categories
from crmdapp.customers.terms import MOMENT_MAX
from crmdapp.customers.terms_file import require_same
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.consents import ConsentClient

ISO = "consent-receipt+jwt"
KANTARA = "kantara-consent-receipt+jwt"

CONTEXT: Mapping[str, str] = {
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    **{item.name: item.relation for item in codes.RECEIPT_FIELDS},
}
"""Meaning of each field of a receipt, as JSON-LD's context."""

_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#"
_STATES = {
    "granted": "ConsentGiven",
    "renewed": "RenewedConsentGiven",
    "revoked": "ConsentRevoked",
    "withdrawn": "ConsentWithdrawn",
}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ReceiptContradicted(VerificationFailed):
    """The chain does not say what a receipt says."""


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """A company's receipt.

    Attributes:
        request: What was agreed to.
        changes: What became of it, from the grant on, as of the receipt.
        receipt_id: A UUID.
        issued_at: Unix seconds.
        document: The signed document.
    """

    request: ConsentRequest
    changes: tuple[ConsentChange, ...]
    receipt_id: str
    issued_at: int
    document: SignedDocument = field(repr=False)


def issue_receipt(
    signer: Signer,
    request: ConsentRequest,
    changes: Sequence[ConsentChange],
    *,
    issued_at: int,
    kind: str = ISO,
    receipt_id: str | None = None,
) -> ConsentReceipt:
    """Sign a receipt; needs no node.

    Args:
        signer: The company's account, the data controller of the terms.
        request: What was agreed to.
        changes: From :meth:`~crmdapp.customers.consents.ConsentClient.history`.
        issued_at: Unix seconds.
        kind: :data:`ISO` or :data:`KANTARA`.
        receipt_id: A UUID; a random one by default.

    Raises:
        RequestInvalid: The signer is not the data controller of the terms.
        UsageError: Nothing was granted, or a value is out of its range.
        KeyProblem: The signer cannot sign.
    """
    if checksum(signer.address) != checksum(request.terms.data_controller.account):
        raise RequestInvalid(
            f"{signer.address} is not the data controller of these terms.",
            hint="Sign with the account that the terms name.",
        )
    name = receipt_id or str(uuid.uuid4())
    payload = _payload(request, tuple(changes), name, issued_at, kind)
    document = sign_document(signer, request.domain.chain_id, kind, payload)
    return ConsentReceipt(request, tuple(changes), name, issued_at, document)


def read_receipt(text: str | bytes, kind: str = ISO) -> ConsentReceipt:
    """Return a receipt that its company has signed, and that says what its request says.

    Args:
        text: The receipt.
        kind: :data:`ISO` or :data:`KANTARA`.

    Raises:
        DocumentInvalid: It is malformed, altered, or signed by somebody else.
        UsageError: It does not follow from its request; the message names the field.
    """
    document = read_document(text, kind)
    fields = JsonFields(document.payload, "receipt").inner("crmdapp")
    evidence = document.payload["crmdapp"]
    request = ConsentRequest.from_json(evidence.get("request"))
    receipt = ConsentReceipt(
        request=request,
        changes=tuple(_change(item) for item in fields.items("changes")),
        receipt_id=fields.text("receipt_id"),
        issued_at=fields.whole("issued_at", MOMENT_MAX),
        document=document,
    )
    account = checksum(request.terms.data_controller.account)
    if (document.account, document.chain_id) != (account, request.domain.chain_id):
        raise DocumentInvalid(
            f"The receipt is signed by {document.account}, but the consent is for {account}."
        )
    same = _payload(request, receipt.changes, receipt.receipt_id, receipt.issued_at, kind)
    require_same(document.payload, same, "receipt")
    return receipt


def verify_receipt(receipt: ConsentReceipt, client: ConsentClient) -> ConsentState:
    """Return what a consent is good for now, if all that its receipt says happened.

    Args:
        receipt: From :func:`read_receipt`.
        client: The registry.

    Raises:
        ReceiptContradicted: It is for another registry or chain, or the chain tells another story.
    """
    request = receipt.request
    if request.domain.separator() != client.domain.separator():
        raise ReceiptContradicted(
            f"The receipt is for the registry {request.domain.verifying_contract}"
            f" on chain {request.domain.chain_id}."
        )
    subject, consent_id = request.terms.subject, request.terms.consent_id
    told = client.history(subject, consent_id)
    # What happened after the receipt was issued does not make it false.
    if list(receipt.changes) != told[: len(receipt.changes)]:
        raise ReceiptContradicted(
            "The chain does not say what the receipt says.",
            why=f"The chain has {len(told)} changes of this consent,"
            f" the receipt {len(receipt.changes)}.",
            hint="Ask another node. If it agrees with this one, the company signed an untruth.",
        )
    now = client.connection.block_timestamp()
    return client.consent(subject, consent_id).state(request.terms, now)


# --------------------------------------------------------------------------- what it says


def _payload(
    request: ConsentRequest,
    changes: tuple[ConsentChange, ...],
    receipt_id: str,
    issued_at: int,
    kind: str,
) -> dict[str, Any]:
    require_whole("issued_at", issued_at, MOMENT_MAX)
    if not changes or changes[0].kind != "granted":
        raise UsageError("There is no receipt of a consent that was not granted.")
    if not _ID.fullmatch(receipt_id):
        raise UsageError("The receipt's id must be a UUID.")
    if kind not in _FORMS:
        raise UsageError(f"A receipt is of the kind {ISO} or {KANTARA}.")
    evidence = {
        "request": request.to_json(),
        "changes": [_change_json(item) for item in changes],
        "receipt_id": receipt_id,
        "issued_at": issued_at,
    }
    return {**_FORMS[kind](request, changes, receipt_id), "crmdapp": evidence}


def _iso(
    request: ConsentRequest, changes: tuple[ConsentChange, ...], receipt_id: str
) -> dict[str, Any]:
    how, permission = request.handling, request.terms.permission
    controller = account_did(request.domain.chain_id, request.terms.data_controller.account)
    return {
        "@context": dict(CONTEXT),
        "receipt_id": receipt_id,
        "schema_version": _SCHEMA + "receipt-record",
        "consent_record": {
            "schema_version": _SCHEMA + "record",
            "record_id": _hex(request.terms.consent_id),
            "pii_principal_id": account_did(request.domain.chain_id, permission.subject),
            "privacy_notice": {"url": how.notice_url, "keccak256": _hex(permission.notice_hash)},
            "language": how.language,
            "purposes": [
                {
                    "purpose": how.service,
                    "purpose_type": _iris(permission.purposes, codes.PURPOSES),
                    "lawful_basis": codes.code("Consent", codes.LEGAL_BASES).iri,
                    "pii_information": _pii(permission.categories),
                    "pii_controllers": [controller],
                    "storage_locations": list(how.storage),
                    "retention_period": how.retention,
                    "jurisdiction": permission.jurisdiction.decode(),
                    "recipient_third_parties": list(request.recipients),
                    "withdrawal_method": how.withdrawal,
                }
            ],
            "parties": [_party(request, controller)],
            "events": [_event(request, item) for item in changes],
        },
    }


def _party(request: ConsentRequest, controller: str) -> dict[str, Any]:
    who = request.company
    return {
        "party_id": controller,
        "party_name": who.name,
        "party_address": f"{who.address}, {who.country}",
        "party_contact": who.contact,
        "party_email": who.email,
        "party_phone": who.phone,
        "party_url": who.url,
        "party_role": "dpv:DataController",
        "party_type": "dpv:DataController",
    }


def _event(request: ConsentRequest, change: ConsentChange) -> dict[str, Any]:
    permission, chain_id = request.terms.permission, request.domain.chain_id
    who = permission.subject if change.kind != "revoked" else request.terms.data_controller.account
    end = permission.valid_until if change.expiry is None else change.expiry
    explicit = (
        "dpv:ExplicitlyExpressedConsent" if permission.is_explicit else "dpv:ExpressedConsent"
    )
    return {
        "event_time": _moment(change.at),
        "validity_duration": f"{_moment(permission.valid_from)}/{_moment(end)}",
        "entity_id": account_did(chain_id, who),
        "event_type": explicit,
        "event_state": codes.code(_STATES[change.kind], codes.CONSENT_STATUSES).iri,
    }


def _pii(categories: int) -> list[dict[str, Any]]:
    special = set(special_categories(categories))
    return [
        {"pii_type": each.iri, "special_pii_category": each.term in special}
        for each in codes.CATEGORIES
        if categories >> each.bit & 1
    ]


def _kantara(
    request: ConsentRequest, changes: tuple[ConsentChange, ...], receipt_id: str
) -> dict[str, Any]:
    who, how, permission = request.company, request.handling, request.terms.permission
    special = list(special_categories(permission.categories))
    purpose = {
        "purpose": how.service,
        "purposeCategory": list(permission.purpose_terms),
        "consentType": "EXPLICIT",  # a signature over the terms always is
        "piiCategory": list(permission.category_terms),
        "primaryPurpose": True,
        "termination": f"{_moment(permission.valid_until)}; kept {how.retention}",
        "thirdPartyDisclosure": bool(request.recipients),
    }
    if request.recipients:
        purpose["thirdPartyName"] = ", ".join(request.recipients)
    controller = {
        "piiController": who.name,
        "onBehalf": False,
        "contact": who.contact,
        "address": {"streetAddress": who.address, "addressCountry": who.country},
        "email": who.email,
        "phone": who.phone,
        "piiControllerUrl": who.url,
    }
    return {
        "version": "KI-CR-v1.1.0",
        "jurisdiction": permission.jurisdiction.decode(),
        "consentTimestamp": changes[0].at,
        "collectionMethod": "EIP-712 signature",
        "consentReceiptID": receipt_id,
        "publicKey": account_did(request.domain.chain_id, request.terms.data_controller.account),
        "language": how.language,
        "piiPrincipalId": account_did(request.domain.chain_id, permission.subject),
        "piiControllers": [controller],
        "policyUrl": how.notice_url,
        "services": [{"service": how.service, "purposes": [purpose]}],
        "sensitive": bool(special),
        "spiCat": special,
    }


_Form = Callable[[ConsentRequest, tuple[ConsentChange, ...], str], dict[str, Any]]
_FORMS: dict[str, _Form] = {ISO: _iso, KANTARA: _kantara}


def _change_json(change: ConsentChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "at": change.at,
        "expiry": change.expiry,
        "block": change.block,
        "tx_hash": change.tx_hash,
    }


def _change(data: Any) -> ConsentChange:
    fields = JsonFields(data, "change")
    if fields.text("kind") not in _STATES:
        raise UsageError("The receipt tells of a change of no known kind.")
    renewed = fields.text("kind") == "renewed"
    return ConsentChange(
        kind=fields.text("kind"),
        at=fields.whole("at", MOMENT_MAX),
        expiry=fields.whole("expiry") if renewed else None,
        block=fields.whole("block"),
        tx_hash=_hex(fields.word("tx_hash")),
    )


def _iris(bits: int, table: tuple[codes.Code, ...]) -> list[str]:
    return [each.iri for each in table if bits >> each.bit & 1]


def _moment(seconds: int) -> str:
    # A renewal by another program may lie beyond the calendar.
    moment = datetime.fromtimestamp(min(seconds, MOMENT_MAX), UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _hex(value: bytes) -> str:
    return "0x" + value.hex()

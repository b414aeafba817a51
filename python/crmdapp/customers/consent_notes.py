"""Requests and answers in the interaction log: neither side can say later that it was not so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdapp.customers.leaves import InteractionKind

if TYPE_CHECKING:
    from crmdapp.customers.answers import ConsentDenial
    from crmdapp.customers.consent_intents import SignedConsent
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.receipts import SignedReceipt
    from crmdapp.customers.requests import SignedRequest


def note_request(log: LogOperator, pseudonym: bytes, signed: SignedRequest) -> SignedReceipt:
    """Take note of what was asked, word for word; once, however often it is called.

    Args:
        log: The company's log.
        pseudonym: The customer's in it.
        signed: The request.

    Raises:
        CrmdappError: Whatever :meth:`crmdapp.customers.operator.LogOperator.record` raises.
    """
    payload = {"event": "consent-request", "document": signed.document.text}
    key = f"consent-request:{signed.hash.hex()}"
    kind = InteractionKind.CONSENT_REQUEST
    return log.record(pseudonym, kind, payload, signed.request.terms.consent_id, key=key)


def note_denial(log: LogOperator, pseudonym: bytes, denial: ConsentDenial) -> SignedReceipt:
    """Take note of a customer's no, with its signature; once, however often it is called.

    Args:
        log: The company's log.
        pseudonym: The customer's in it.
        denial: The no; the caller has checked who signed it and what it answers.

    Raises:
        CrmdappError: Whatever :meth:`crmdapp.customers.operator.LogOperator.record` raises.
    """
    payload = {"event": "consent-denied", "document": denial.document.text}
    key = f"consent-denied:{denial.document.hash.hex()}"
    return log.record(
        pseudonym, InteractionKind.CONSENT_DENIED, payload, denial.consent_id, key=key
    )


def note_grant(log: LogOperator, pseudonym: bytes, signed: SignedConsent) -> SignedReceipt:
    """Take note of a customer's yes; once, however often it is called.

    Args:
        log: The company's log.
        pseudonym: The customer's in it.
        signed: The grant as it is relayed.

    Raises:
        CrmdappError: Whatever :meth:`crmdapp.customers.operator.LogOperator.record` raises.
    """
    payload = {"event": "consent-granted", "grant": signed.to_json()}
    key = f"consent-granted:{signed.digest.hex()}"
    return log.record(
        pseudonym, InteractionKind.CONSENT_GRANTED, payload, signed.consent_id, key=key
    )

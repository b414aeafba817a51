"""A customer answers a company's request: agrees to exactly what was asked, or says no.

The company that asked, and the one that was refused, cannot pretend that it was otherwise: request,
agreement and denial enter the interaction log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum
from crmdapp.customers.consent_intents import SignedGrant, sign_grant
from crmdapp.customers.signed_documents import (
    DocumentInvalid,
    SignedDocument,
    read_document,
    sign_document,
)
from crmdapp.customers.terms import MOMENT_MAX
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.requests import SignedRequest

DENIAL = "consent-denial+jwt"
FORMAT = "crmdapp-consent-denial/1"


class AnswerDiffers(VerificationFailed):
    """The customer's answer is not about what was asked."""


@dataclass(frozen=True, slots=True)
class ConsentDenial:
    """A customer's no to a request, signed.

    Attributes:
        request_hash: Of the request, 32 bytes.
        consent_id: Of its terms, 32 bytes.
        subject: The customer's identity for the company.
        denied_at: Unix seconds.
        document: The signed document.
    """

    request_hash: bytes
    consent_id: bytes
    subject: str
    denied_at: int
    document: SignedDocument = field(repr=False)

    def require_signed_by(self, owner: str) -> None:
        """Check that the subject's current owner signed.

        Args:
            owner: From the DidRegistry.

        Raises:
            DocumentInvalid: Somebody else did.
        """
        if self.document.account != checksum(owner):
            raise DocumentInvalid(
                f"The denial is signed by {self.document.account}, not by the owner of"
                f" {self.subject}."
            )


def agree(signer: Signer, signed: SignedRequest, now: int) -> SignedGrant:
    """Sign that the customer agrees to exactly what was asked; needs no node.

    It can be submitted until the request's time to answer is over.

    Args:
        signer: The current owner of the subject.
        signed: The request.
        now: Unix seconds.

    Raises:
        RequestExpired: The time to answer is over.
        KeyProblem: The signer cannot sign.
    """
    request = signed.request
    request.require_open(now)
    return sign_grant(signer, request.domain, request.terms, deadline=request.answer_by)


def deny(signer: Signer, signed: SignedRequest, denied_at: int) -> ConsentDenial:
    """Sign a no; needs no node.

    Args:
        signer: The current owner of the subject.
        signed: The request.
        denied_at: Unix seconds.

    Raises:
        UsageError: The moment is out of range.
        KeyProblem: The signer cannot sign.
    """
    request = signed.request
    require_whole("denied_at", denied_at, MOMENT_MAX)
    payload = {
        "format": FORMAT,
        "request": "0x" + signed.hash.hex(),
        "consent_id": "0x" + request.terms.consent_id.hex(),
        "subject": checksum(request.terms.subject),
        "denied_at": denied_at,
    }
    document = sign_document(signer, request.domain.chain_id, DENIAL, payload)
    return _denial(document)


def read_denial(text: str | bytes) -> ConsentDenial:
    """Return a signed no; by whom, :meth:`ConsentDenial.require_signed_by` checks.

    Raises:
        DocumentInvalid: It is malformed or altered.
        UsageError: What it says is no denial.
    """
    return _denial(read_document(text, DENIAL))


def require_answer(signed: SignedRequest, answer: SignedGrant | ConsentDenial) -> None:
    """Check that an answer is about a request, and exactly about that.

    Who signed it, only the chain can tell: see ``require_signed_by`` of both.

    Raises:
        AnswerDiffers: It is about other terms, another registry or chain, or another request.
    """
    request = signed.request
    if isinstance(answer, ConsentDenial):
        same = (answer.request_hash, answer.consent_id, answer.subject) == (
            signed.hash,
            request.terms.consent_id,
            checksum(request.terms.subject),
        )
    else:
        same = (answer.grant.terms.consent_id, answer.domain.separator()) == (
            request.terms.consent_id,
            request.domain.separator(),
        )
    if not same:
        raise AnswerDiffers(
            "The answer is not about what was asked.",
            why="It is for other terms, another registry or chain, or another request.",
        )


def _denial(document: SignedDocument) -> ConsentDenial:
    fields = JsonFields(document.payload, "denial")
    if fields.text("format") != FORMAT:
        raise UsageError(f"The denial is not in the format {FORMAT}.")
    return ConsentDenial(
        request_hash=fields.word("request"),
        consent_id=fields.word("consent_id"),
        subject=fields.address("subject"),
        denied_at=fields.whole("denied_at", MOMENT_MAX),
        document=document,
    )

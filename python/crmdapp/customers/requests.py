"""A company asks for a consent.

The request shows everything that the terms hold as a hash only, and its signature is the company's
word that it asked for exactly this. What the customer signs is the terms of the request, unchanged;
see :mod:`crmdapp.customers.answers`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING, Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum
from crmdapp.chain.typed_data import Domain
from crmdapp.customers import codes
from crmdapp.customers.signed_documents import (
    DocumentInvalid,
    SignedDocument,
    read_document,
    sign_document,
)
from crmdapp.customers.terms import (
    MOMENT_MAX,
    ConsentTerms,
    consent_domain,
    recipients_hash,
    require_terms,
)
from crmdapp.customers.terms_file import require_same, terms_json, terms_of
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

REQUEST = "consent-request+jwt"

FORMAT = "crmdapp-consent-request/1"

TEXT_MAX = 500
"""Most characters of a text in a request."""

_LANGUAGE = re.compile(r"[a-z]{2}")
_DURATION = re.compile(r"P(?=[0-9])(?:[0-9]{1,4}Y)?(?:[0-9]{1,4}M)?(?:[0-9]{1,5}D)?")


class RequestInvalid(UsageError):  # noqa: N818 - named as the package names its errors
    """A request for a consent is incomplete or contradicts itself."""


class RequestExpired(UsageError):  # noqa: N818 - named as the package names its errors
    """The time to answer a request is over."""


class NoticeDiffers(VerificationFailed):
    """The privacy notice is not the one that the terms name."""


@dataclass(frozen=True, slots=True)
class Company:
    """Who asks, as the customer is shown.

    Attributes:
        name: Its name.
        address: Street and town.
        country: ISO 3166-1 alpha-2.
        contact: Its data-protection officer, or who else answers.
        email: Where to write to.
        phone: Where to call.
        url: Its site.
    """

    name: str
    address: str
    country: str
    contact: str
    email: str
    phone: str
    url: str


@dataclass(frozen=True, slots=True)
class Handling:
    """What the company promises about the data, as the customer is shown.

    Attributes:
        service: What the data is read for, in a few words.
        notice_url: Where the privacy notice is.
        language: Of the notice and of these texts, ISO 639-1, such as ``en``.
        storage: Countries where the data is kept, ISO 3166-1 alpha-2.
        retention: How long, an ISO 8601 duration in years, months and days, such as ``P1Y``.
        withdrawal: How to take the consent back.
    """

    service: str
    notice_url: str
    language: str
    storage: tuple[str, ...]
    retention: str
    withdrawal: str


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """What a company asks for.

    Attributes:
        terms: What the customer would agree to.
        domain: The registry and chain that the consent is for.
        company: Who asks.
        handling: What it promises.
        recipients: Who else gets the data, sorted.
        public_key: The company's X25519 key, 32 bytes: the data is wrapped to it.
        asked_at: Unix seconds.
        answer_by: Last second for an answer, Unix time.
    """

    terms: ConsentTerms
    domain: Domain
    company: Company
    handling: Handling
    recipients: tuple[str, ...]
    public_key: bytes
    asked_at: int
    answer_by: int

    def to_json(self) -> dict[str, Any]:
        """Return the request as JSON data."""
        return {
            "format": FORMAT,
            "chain_id": self.domain.chain_id,
            "registry": checksum(self.domain.verifying_contract),
            "terms": terms_json(self.terms),
            "company": asdict(self.company),
            "handling": {**asdict(self.handling), "storage": list(self.handling.storage)},
            "recipients": list(self.recipients),
            "public_key": "0x" + self.public_key.hex(),
            "asked_at": self.asked_at,
            "answer_by": self.answer_by,
        }

    @classmethod
    def from_json(cls, data: Any) -> ConsentRequest:
        """Return the request that :meth:`to_json` gave.

        Raises:
            RequestInvalid: It is incomplete or contradicts itself.
            CodeUnknown: A purpose or category is not in the vocabulary.
            ConsentTermsInvalid: Its terms make no consent.
            UsageError: A member is missing, malformed or unknown.
        """
        fields = JsonFields(data, "request")
        if fields.text("format") != FORMAT:
            raise UsageError(f"The request is not in the format {FORMAT}.")
        who, how = fields.inner("company"), fields.inner("handling")
        found = cls(
            terms=terms_of(_member(data, "terms")),
            domain=consent_domain(fields.whole("chain_id"), fields.address("registry")),
            company=Company(
                **{item.name: who.text(item.name) for item in dataclass_fields(Company)}
            ),
            handling=Handling(
                service=how.text("service"),
                notice_url=how.text("notice_url"),
                language=how.text("language"),
                storage=_texts(how, "storage"),
                retention=how.text("retention"),
                withdrawal=how.text("withdrawal"),
            ),
            recipients=_texts(fields, "recipients"),
            public_key=fields.word("public_key"),
            asked_at=fields.whole("asked_at", MOMENT_MAX),
            answer_by=fields.whole("answer_by", MOMENT_MAX),
        )
        require_request(found)
        require_same(data, found.to_json(), "request")
        return found

    def require_open(self, now: int) -> None:
        """Check that it can still be answered.

        Args:
            now: Unix seconds.

        Raises:
            RequestExpired: It cannot.
        """
        if now > self.answer_by:
            raise RequestExpired(
                "The time to answer this request is over.", hint="Let the company ask again."
            )

    def require_notice(self, notice: bytes) -> None:
        """Check that a privacy notice is the one that the terms name.

        Args:
            notice: The file, byte by byte.

        Raises:
            NoticeDiffers: It is another one.
        """
        if keccak(notice) != self.terms.permission.notice_hash:
            raise NoticeDiffers(
                "This is not the privacy notice that the request names.",
                hint="Get it again from where the request says; it must not be reformatted.",
            )


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request, signed by the company that asks.

    Attributes:
        request: What it asks for.
        document: The signed document.
    """

    request: ConsentRequest
    document: SignedDocument = field(repr=False)

    @property
    def hash(self) -> bytes:
        """Names the request, 32 bytes."""
        return self.document.hash


def require_request(request: ConsentRequest) -> ConsentRequest:
    """Return a request that is complete and agrees with its own terms.

    Raises:
        RequestInvalid: It is not, or does not.
        CodeUnknown: A purpose or category is not in the vocabulary.
        ConsentTermsInvalid: Its terms make no consent.
    """
    permission = require_terms(request.terms).permission
    recipients = request.recipients
    if recipients != tuple(sorted(set(recipients))):
        raise RequestInvalid("The request's recipients are not sorted, or one stands there twice.")
    if recipients_hash(recipients) != permission.recipients_hash:
        raise RequestInvalid("The request's recipients are not those of its terms.")
    if len(request.public_key) != 32 or not any(request.public_key):
        raise RequestInvalid("The request's public_key must be an X25519 key of 32 bytes.")
    for name, moment in (("asked_at", request.asked_at), ("answer_by", request.answer_by)):
        require_whole(name, moment, MOMENT_MAX)
    if not request.asked_at <= request.answer_by < permission.valid_until:
        raise RequestInvalid("The time to answer must lie after the question, within the consent.")
    _require_texts(request)
    return request


def ask(signer: Signer, request: ConsentRequest) -> SignedRequest:
    """Sign a request; needs no node.

    Args:
        signer: The company's account, the data controller of the terms.
        request: What is asked for.

    Raises:
        RequestInvalid: It is incomplete, or the signer is not its data controller.
        UsageError: Its terms make no consent.
        KeyProblem: The signer cannot sign.
    """
    require_request(request)
    if checksum(signer.address) != checksum(request.terms.data_controller.account):
        raise RequestInvalid(
            f"{signer.address} is not the data controller of these terms.",
            hint="Sign with the account that the terms name.",
        )
    document = sign_document(signer, request.domain.chain_id, REQUEST, request.to_json())
    return SignedRequest(request, document)


def read_request(text: str | bytes) -> SignedRequest:
    """Return a request that the company of its terms has signed.

    Raises:
        DocumentInvalid: It is malformed, altered, or signed by somebody else.
        UsageError: What it says is no request; see :meth:`ConsentRequest.from_json`.
    """
    document = read_document(text, REQUEST)
    request = ConsentRequest.from_json(document.payload)
    account = request.terms.data_controller.account
    if (document.account, document.chain_id) != (checksum(account), request.domain.chain_id):
        raise DocumentInvalid(
            f"The request is signed by {document.account}, but the terms are for {account}."
        )
    return SignedRequest(request, document)


def _require_texts(request: ConsentRequest) -> None:
    who, how = request.company, request.handling
    texts = {f"company.{name}": text for name, text in asdict(who).items()} | {
        "handling.service": how.service,
        "handling.notice_url": how.notice_url,
        "handling.withdrawal": how.withdrawal,
    }
    for name, text in texts.items():
        if not text.strip() or len(text) > TEXT_MAX or not text.isprintable():
            raise RequestInvalid(
                f"The request's {name} must be a line of 1 to {TEXT_MAX} printable characters."
            )
    if who.country not in codes.JURISDICTIONS:
        raise RequestInvalid("The request's company.country must be one (ISO 3166-1 alpha-2).")
    if not how.storage or not all(item in codes.JURISDICTIONS for item in how.storage):
        raise RequestInvalid("The request's storage must be countries (ISO 3166-1 alpha-2).")
    if not _LANGUAGE.fullmatch(how.language):
        raise RequestInvalid("The request's language must be two letters (ISO 639-1), such as en.")
    if not _DURATION.fullmatch(how.retention):
        raise RequestInvalid("The request's retention must be a duration, such as P1Y or P90D.")


def _texts(fields: JsonFields, name: str) -> tuple[str, ...]:
    found = tuple(fields.items(name))
    if not all(isinstance(item, str) for item in found):
        raise RequestInvalid(f"The request's {name} must be texts.")
    return found


def _member(data: Any, name: str) -> Any:
    return data.get(name) if isinstance(data, Mapping) else None

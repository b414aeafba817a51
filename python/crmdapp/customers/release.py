"""A company asks for the data that a consent lets it read, and opens what it gets.

The request is signed for one registry on one chain, one consent, one use and a short time. The
answer holds sealed data and wrapped keys, and opens with the company's own reading key alone: it
is worth nothing to anybody else, whoever asked for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import checksum
from crmdapp.chain.signed import DEADLINE_MAX, SignedPermission, unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers.terms import ConsentTerms
from crmdapp.customers.terms_file import terms_json, terms_of
from crmdapp.errors import UsageError, VerificationFailed
from crmdapp.store.epochs import SignedWrap, open_wrap
from crmdapp.store.sealing import Place, open_field

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

FORMAT = "crmdapp-release/1"

_UINT128_MAX = (1 << 128) - 1
_WORD_MAX = (1 << 256) - 1


class ReleaseInvalid(VerificationFailed):
    """An answer is not about what was asked, or holds more than the consent covers."""


@dataclass(frozen=True, slots=True)
class ReleaseRequest(TypedData):
    """What a company asks for (EIP-712); no contract takes it.

    Attributes:
        consent_id: The consent, 32 bytes.
        data_controller: The company, who signs.
        purposes: What it wants to use the data for: bits.
        categories: Which data it wants: bits.
        nonce: Any number it has not used yet, below 2^256.
        deadline: Last second it may be answered, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "ReleaseRequest(bytes32 consentId,address dataController,uint128 purposes,"
        "uint256 categories,uint256 nonce,uint40 deadline)"
    )

    consent_id: bytes
    data_controller: str
    purposes: int
    categories: int
    nonce: int
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedRelease(SignedPermission):
    """A request with its signature, and the terms that it rests on.

    Attributes:
        request: What is asked for.
        terms: The terms of the consent. Their hash is signed, as the id of the consent.
        domain: The registry and chain it is for.
        signature: By the company's key.
    """

    request: ReleaseRequest
    terms: ConsentTerms
    domain: Domain
    signature: bytes

    @property
    def content(self) -> ReleaseRequest:
        """What was signed: the request."""
        return self.request

    @property
    def signer(self) -> str:
        """Who has to sign: the company."""
        return self.request.data_controller

    @property
    def is_of_its_terms(self) -> bool:
        """Whether the terms are those of the consent, and the company is theirs."""
        company = checksum(self.terms.data_controller.account)
        return (self.request.consent_id, checksum(self.request.data_controller)) == (
            self.terms.consent_id,
            company,
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data. It holds the salts of the terms: not for others."""
        return {**SignedPermission.to_json(self), "terms": terms_json(self.terms)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedRelease:
        """Return the request that :meth:`to_json` gave.

        Raises:
            UsageError: It is no signed request; the message names the field.
            CodeUnknown: A purpose or category of the terms is not in the vocabulary.
            ConsentTermsInvalid: The terms make no consent.
        """
        fields = SignedJson(data, "release request", "ReleaseRequest")
        message = fields.message
        request = ReleaseRequest(
            consent_id=message.word("consentId"),
            data_controller=message.address("dataController"),
            purposes=message.whole("purposes", _UINT128_MAX),
            categories=message.whole("categories"),
            nonce=message.whole("nonce"),
            deadline=message.whole("deadline", DEADLINE_MAX),
        )
        terms = terms_of(fields.outer.value("terms"))
        return cls(request, terms, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class ReleasedField:
    """One sealed datum.

    Attributes:
        field: Its name.
        category: Category of personal data, 0 to 255.
        version: From 1.
        key_id: The key it is sealed to, 32 bytes.
        sealed: The value, sealed.
    """

    field: str
    category: int
    version: int
    key_id: bytes
    sealed: bytes = member(repr=False)


@dataclass(frozen=True, slots=True)
class Release:
    """The answer to a request.

    Attributes:
        request: Digest of the request, 32 bytes.
        consent_id: The consent it rests on, 32 bytes.
        profile: Id of the customer, 32 bytes.
        domain: The registry and chain.
        block: Number of the block at which the consent held.
        wraps: The keys, wrapped to the company's reading key.
        fields: The data, sealed.
    """

    request: bytes
    consent_id: bytes
    profile: bytes
    domain: Domain
    block: int
    wraps: tuple[SignedWrap, ...]
    fields: tuple[ReleasedField, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "format": FORMAT,
            "request": "0x" + self.request.hex(),
            "consentId": "0x" + self.consent_id.hex(),
            "profile": "0x" + self.profile.hex(),
            "domain": self.domain.to_json(),
            "block": self.block,
            "wraps": [item.to_json() for item in self.wraps],
            "fields": [
                {
                    "field": item.field,
                    "category": item.category,
                    "version": item.version,
                    "keyId": "0x" + item.key_id.hex(),
                    "sealed": "0x" + item.sealed.hex(),
                }
                for item in self.fields
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> Release:
        """Return the answer that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = JsonFields.parse(data, "release")
        if fields.text("format") != FORMAT:
            raise UsageError(f"The release is not in the format {FORMAT}.")
        return cls(
            request=fields.word("request"),
            consent_id=fields.word("consentId"),
            profile=fields.word("profile"),
            domain=fields.domain(),
            block=fields.whole("block"),
            wraps=tuple(SignedWrap.from_json(item) for item in fields.items("wraps")),
            fields=tuple(_field(item) for item in fields.items("fields")),
        )


@dataclass(frozen=True, slots=True)
class OpenedField:
    """One datum in the clear.

    Attributes:
        field: Its name.
        category: Category of personal data, 0 to 255.
        version: From 1.
        value: The value.
    """

    field: str
    category: int
    version: int
    value: bytes = member(repr=False)


def sign_release(
    signer: Signer,
    domain: Domain,
    terms: ConsentTerms,
    *,
    purposes: int,
    categories: int,
    nonce: int,
    deadline: int | datetime,
) -> SignedRelease:
    """Sign a request for data; needs no node.

    Args:
        signer: The company.
        domain: From :func:`~crmdapp.customers.terms.consent_domain`.
        terms: The terms of the consent.
        purposes: Bits, all of them permitted by the terms.
        categories: Bits, all of them permitted by the terms.
        nonce: Any number the company has not used yet, below 2^256; random ones will do.
        deadline: Last moment it may be answered, by the vault's clock: Unix seconds below 2^40 or
            an aware datetime.

    Raises:
        UsageError: The terms are of another company, do not cover what is asked for, or a value is
            out of its range.
        KeyProblem: The signer cannot sign.
    """
    if checksum(signer.address) != checksum(terms.data_controller.account):
        raise UsageError(f"{signer.address} is not the data controller of these terms.")
    if not terms.covers(purposes, categories):
        raise UsageError(
            "The terms do not permit all that is asked for.",
            hint="Ask for less, or ask the customer for another consent.",
        )
    request = ReleaseRequest(
        terms.consent_id,
        signer.address,
        purposes,
        categories,
        require_whole("nonce", nonce, _WORD_MAX),
        require_whole("deadline", unix_seconds(deadline), DEADLINE_MAX),
    )
    return SignedRelease(request, terms, domain, request.sign(signer, domain))


def open_release(
    release: Release,
    signed: SignedRelease,
    reading_key: Callable[[bytes], bytes],
    *,
    owner_of: Callable[[str], str],
    now: int,
) -> list[OpenedField]:
    """Return the data of an answer in the clear, as the company that asked.

    Args:
        release: The answer.
        signed: The request.
        reading_key: Gives the company's private reading key for its public one, such as
            :meth:`crmdapp.store.keys.OperatorKeys.reading_key`.
        owner_of: Gives the owner of an identity, such as
            :meth:`crmdapp.customers.consents.ConsentClient.owner_of`.
        now: Unix seconds.

    Raises:
        ReleaseInvalid: It answers another request, holds data that was not asked for, or a key to
            it is missing.
        WrapInvalid: A wrapped key is not by the customer, over, or not what it says.
        SealedInvalid: A key is wrapped for somebody else, or data was altered.
    """
    _require_answer(release, signed)
    keys: dict[bytes, bytes] = {}
    for wrapped in release.wraps:
        wrap = wrapped.wrap
        private = reading_key(wrap.grantee_key)
        keys[wrap.key_id] = open_wrap(wrapped, private, owner=owner_of(wrap.subject), now=now)
    return [_open(item, release, keys) for item in release.fields]


def _require_answer(release: Release, signed: SignedRelease) -> None:
    separator = signed.domain.separator()
    asked = (signed.digest, signed.request.consent_id, separator)
    if (release.request, release.consent_id, release.domain.separator()) != asked:
        raise ReleaseInvalid("This is the answer to another request.")
    for wrapped in release.wraps:
        told = (wrapped.wrap.consent_id, wrapped.wrap.profile, wrapped.domain.separator())
        if told != (release.consent_id, release.profile, separator):
            raise ReleaseInvalid("A wrapped key is for another consent, customer or registry.")
        if checksum(wrapped.wrap.subject) != checksum(signed.terms.subject):
            raise ReleaseInvalid("A wrapped key is by somebody else than the subject of the terms.")
    if any(not signed.request.categories >> item.category & 1 for item in release.fields):
        # Data that nobody agreed to is not even opened.
        raise ReleaseInvalid("The answer holds data of a category that was not asked for.")


def _open(item: ReleasedField, release: Release, keys: Mapping[bytes, bytes]) -> OpenedField:
    if item.key_id not in keys:
        raise ReleaseInvalid(
            "A key to the data is missing.", hint="Ask the customer's device for a new wrap."
        )
    place = Place(
        release.domain.chain_id,
        release.domain.verifying_contract,
        release.profile,
        item.field,
        item.category,
        item.version,
        item.key_id,
    )
    value = open_field(keys[item.key_id], item.sealed, place)
    return OpenedField(item.field, item.category, item.version, value)


def _field(data: Any) -> ReleasedField:
    fields = JsonFields(data, "released field")
    try:
        sealed = bytes.fromhex(fields.text("sealed").removeprefix("0x"))
    except ValueError:
        raise UsageError("The released field's sealed is no hex data.") from None
    return ReleasedField(
        field=fields.text("field"),
        category=fields.whole("category", 255),
        version=fields.whole("version"),
        key_id=fields.word("keyId"),
        sealed=sealed,
    )

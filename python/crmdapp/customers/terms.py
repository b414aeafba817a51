"""What a customer agrees to: who may read which data, what for, and until when.

The classes are the twins of the EIP-712 structs of ``ConsentRegistry``. The chain sees no more of
them than a hash, the id of the consent. It gives nothing away as long as the two salts are kept
secret, so neither is ever printed, logged or quoted.

Source: contracts/customers/IConsentRegistry.sol; EIP-712.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.signed import unix_seconds
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.customers import codes
from crmdapp.customers.special_categories import special_categories
from crmdapp.errors import UsageError

MOMENT_MAX = 253_402_300_799
"""Latest moment, Unix seconds: the end of the year 9999, which every calendar can show."""

EXPLICIT = 1
"""Flag: the customer agreed explicitly that special categories of data are read."""

NO_RECIPIENTS = bytes(32)
"""The hash of no further recipients."""

_DATA_CONTROLLER = "DataController(address account,bytes32 salt)"
_PERMISSION = (
    "Permission(address subject,uint128 purposes,uint256 categories,bytes32 recipientsHash,"
    "uint40 validFrom,uint40 validUntil,bytes32 noticeHash,bytes2 jurisdiction,uint8 flags,"
    "uint256 rewardId,bytes32 salt)"
)
_CONSENT_TERMS = "ConsentTerms(DataController dataController,Permission permission)"

_WORD_MAX = (1 << 256) - 1


class ConsentTermsInvalid(UsageError):  # noqa: N818 - named as the package names its errors
    """Nobody could give or use a consent with these terms.

    Args:
        field: Which of the terms is wrong, by its name in Solidity.
        reason: What is wrong with it.
        hint: What to do about it.
    """

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"The consent's {field} {reason}.", hint=hint)
        self.field = field


class ExplicitConsentMissing(ConsentTermsInvalid):
    """The terms include special categories of data, but are not marked as explicit.

    Args:
        categories: Terms of the special categories.
    """

    def __init__(self, categories: tuple[str, ...]) -> None:
        super().__init__(
            "flags",
            f"do not say that it is explicit, but it includes {', '.join(categories)}",
            hint="Ask for explicit consent (GDPR, article 9), or leave these categories out.",
        )
        self.categories = categories


@dataclass(frozen=True, slots=True)
class DataController(TypedData):
    """The company that may read.

    Attributes:
        account: Its address.
        salt: 32 random bytes, secret.
    """

    TYPE: ClassVar[str] = _DATA_CONTROLLER

    account: str
    salt: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Permission(TypedData):
    """What the company may do.

    Attributes:
        subject: The customer's identity for this company.
        purposes: Bit n: purpose n of :data:`crmdapp.customers.codes.PURPOSES`.
        categories: Bit n: category n of :data:`crmdapp.customers.codes.CATEGORIES`.
        recipients_hash: From :func:`recipients_hash`; zeros if there are none.
        valid_from: Unix seconds, inclusive.
        valid_until: Unix seconds, exclusive.
        notice_hash: keccak256 of the privacy notice that was shown.
        jurisdiction: ISO 3166-1 alpha-2, two ASCII letters.
        flags: :data:`EXPLICIT` or 0.
        reward_id: Campaign of DataRewards; 0 if none.
        salt: 32 random bytes, secret.
    """

    TYPE: ClassVar[str] = _PERMISSION

    subject: str
    purposes: int
    categories: int
    recipients_hash: bytes
    valid_from: int
    valid_until: int
    notice_hash: bytes
    jurisdiction: bytes
    flags: int
    reward_id: int
    salt: bytes = field(repr=False)

    @property
    def purpose_terms(self) -> tuple[str, ...]:
        """The purposes as terms of DPV.

        Raises:
            CodeUnknown: There is one that the vocabulary does not have.
        """
        return tuple(codes.names(self.purposes, codes.PURPOSES))

    @property
    def category_terms(self) -> tuple[str, ...]:
        """The categories as terms of DPV's personal data.

        Raises:
            CodeUnknown: There is one that the vocabulary does not have.
        """
        return tuple(codes.names(self.categories, codes.CATEGORIES))

    @property
    def is_explicit(self) -> bool:
        """Whether the customer agrees explicitly that special categories are read."""
        return bool(self.flags & EXPLICIT)


@dataclass(frozen=True, slots=True)
class ConsentTerms(TypedData):
    """What a customer agrees to; the struct's hash is the id of the consent.

    Attributes:
        data_controller: The company that may read.
        permission: What it may do.
    """

    TYPE: ClassVar[str] = _CONSENT_TERMS + _DATA_CONTROLLER + _PERMISSION

    data_controller: DataController
    permission: Permission

    @property
    def consent_id(self) -> bytes:
        """The id of the consent, 32 bytes.

        Raises:
            UsageError: A field does not fit its type.
        """
        return self.struct_hash()

    @property
    def subject(self) -> str:
        """The customer's identity for this company."""
        return self.permission.subject

    def covers(self, purposes: int, categories: int) -> bool:
        """Return whether all of these are permitted; as on chain, asking for nothing is not."""
        own = self.permission
        asked = bool(purposes) and bool(categories)
        return asked and not purposes & ~own.purposes and not categories & ~own.categories


@dataclass(frozen=True, slots=True)
class ConsentGrant(TypedData):
    """What a customer signs to agree.

    Attributes:
        terms: What to.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "ConsentGrant(ConsentTerms terms,uint40 deadline)"
        + _CONSENT_TERMS
        + _DATA_CONTROLLER
        + _PERMISSION
    )

    terms: ConsentTerms
    deadline: int


@dataclass(frozen=True, slots=True)
class ConsentWithdrawal(TypedData):
    """What a customer signs to take a consent back, for ever.

    Attributes:
        subject: The customer's identity for this company.
        consent_id: The consent, 32 bytes.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = "ConsentWithdrawal(address subject,bytes32 consentId,uint40 deadline)"

    subject: str
    consent_id: bytes
    deadline: int


@dataclass(frozen=True, slots=True)
class ConsentRenewal(TypedData):
    """What a customer signs to let a consent last longer.

    Attributes:
        subject: The customer's identity for this company.
        consent_id: The consent, 32 bytes.
        expiry: Its new end, Unix seconds, exclusive.
        deadline: Last second it may be submitted, Unix time below 2^40.
    """

    TYPE: ClassVar[str] = (
        "ConsentRenewal(address subject,bytes32 consentId,uint40 expiry,uint40 deadline)"
    )

    subject: str
    consent_id: bytes
    expiry: int
    deadline: int


def new_terms(
    *,
    data_controller: str,
    subject: str,
    purposes: Iterable[str],
    categories: Iterable[str],
    valid_from: int | datetime,
    valid_until: int | datetime,
    notice_hash: bytes,
    jurisdiction: str,
    recipients: Iterable[str] = (),
    explicit: bool = False,
    reward_id: int = 0,
) -> ConsentTerms:
    """Return terms with fresh salts; a broad purpose or category includes all that are narrower.

    Args:
        data_controller: Address of the company.
        subject: The customer's identity for it.
        purposes: Terms of DPV, such as ``Marketing``.
        categories: Terms of DPV's personal data, such as ``EmailAddress``.
        valid_from: Unix seconds or an aware datetime, inclusive.
        valid_until: The same, exclusive.
        notice_hash: keccak256 of the privacy notice, 32 bytes.
        jurisdiction: ISO 3166-1 alpha-2, such as ``DE``.
        recipients: Who else gets the data: names, addresses or DIDs.
        explicit: Whether the customer is asked explicitly for special categories.
        reward_id: Campaign of DataRewards.

    Raises:
        CodeUnknown: A term is not in the vocabulary, or the country is none.
        ConsentTermsInvalid: The terms make no consent; it names the field.
        UsageError: An address is malformed, or a datetime has no time zone.
    """
    permission = Permission(
        subject=require_address(subject),
        purposes=codes.covered(codes.purpose_bits(purposes), codes.PURPOSES),
        categories=codes.covered(codes.category_bits(categories), codes.CATEGORIES),
        recipients_hash=recipients_hash(recipients),
        valid_from=unix_seconds(valid_from, "The beginning"),
        valid_until=unix_seconds(valid_until, "The end"),
        notice_hash=notice_hash,
        jurisdiction=codes.jurisdiction(jurisdiction).encode(),
        flags=EXPLICIT if explicit else 0,
        reward_id=reward_id,
        salt=secrets.token_bytes(32),
    )
    company = DataController(require_address(data_controller), secrets.token_bytes(32))
    return require_terms(ConsentTerms(company, permission))


def require_terms(terms: ConsentTerms) -> ConsentTerms:
    """Return terms that make a consent.

    Raises:
        CodeUnknown: A purpose or category is not in the vocabulary.
        ConsentTermsInvalid: Another field is out of its range; it names the field.
        ExplicitConsentMissing: They include special categories and are not explicit.
    """
    company, permission = terms.data_controller, terms.permission
    _require_person("dataController.account", company.account)
    _require_person("subject", permission.subject)
    for name, salt in (("dataController.salt", company.salt), ("salt", permission.salt)):
        if not _is_word(salt) or not any(salt):
            raise ConsentTermsInvalid(name, "must be 32 random bytes")
    _require_codes(permission)
    _require_time(permission)
    if not _is_word(permission.notice_hash) or not any(permission.notice_hash):
        raise ConsentTermsInvalid(
            "noticeHash", "must be 32 bytes and not zeros", hint="Show a privacy notice; hash it."
        )
    if not _is_word(permission.recipients_hash):
        raise ConsentTermsInvalid("recipientsHash", "must be 32 bytes")
    _require_country(permission.jurisdiction)
    if permission.flags not in (0, EXPLICIT):
        raise ConsentTermsInvalid("flags", f"must be 0 or {EXPLICIT}")
    if not is_whole(permission.reward_id) or not 0 <= permission.reward_id <= _WORD_MAX:
        raise ConsentTermsInvalid("rewardId", "must be a whole number below 2^256")
    special = special_categories(permission.categories)
    if special and not permission.is_explicit:
        raise ExplicitConsentMissing(special)
    return terms


def recipients_hash(recipients: Iterable[str]) -> bytes:
    """Return the hash of a list of recipients, whatever its order; zeros if it is empty.

    It is keccak256 of the sorted list without repetitions as canonical JSON (RFC 8785).

    Raises:
        UsageError: One of them is empty.
    """
    found = sorted(set(recipients))
    if not all(item.strip() for item in found):
        raise UsageError("A recipient has no name.")
    return keccak(canonical_json(found)) if found else NO_RECIPIENTS


def consent_domain(chain_id: int, registry: str) -> Domain:
    """Return the domain that consents are signed for.

    Args:
        chain_id: The chain's id.
        registry: Address of the ConsentRegistry on it.

    Raises:
        UsageError: ``registry`` is no address.
    """
    return Domain("ConsentRegistry", "1", chain_id, require_address(registry))


def _require_person(name: str, address: str) -> None:
    try:
        found = checksum(address)
    except (TypeError, ValueError):
        raise ConsentTermsInvalid(name, "must be an address") from None
    if found == ZERO_ADDRESS:
        raise ConsentTermsInvalid(name, "is the zero address, which is nobody")


def _require_codes(permission: Permission) -> None:
    for name, bits in (("purposes", permission.purposes), ("categories", permission.categories)):
        if not is_whole(bits) or bits <= 0:
            raise ConsentTermsInvalid(name, "must name at least one")
    # Naming the bits knows all of them, or tells which not.
    codes.names(permission.purposes, codes.PURPOSES)
    codes.names(permission.categories, codes.CATEGORIES)


def _require_country(jurisdiction: bytes) -> None:
    hint = "Use two capital letters (ISO 3166-1 alpha-2), such as DE."
    if jurisdiction.decode("ascii", errors="replace") not in codes.JURISDICTIONS:
        raise ConsentTermsInvalid("jurisdiction", "is no country", hint=hint)


def _require_time(permission: Permission) -> None:
    for name, moment in (
        ("validFrom", permission.valid_from),
        ("validUntil", permission.valid_until),
    ):
        if not is_whole(moment) or not 0 <= moment <= MOMENT_MAX:
            raise ConsentTermsInvalid(name, "must be Unix seconds before the year 10000")
    if permission.valid_from >= permission.valid_until:
        raise ConsentTermsInvalid("validUntil", "is not after validFrom")


def _is_word(value: Any) -> bool:
    return isinstance(value, bytes) and len(value) == 32

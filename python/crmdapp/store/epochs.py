"""What the customer signs for the vault: published keys, wrapped keys, a request to erase.

All of it is EIP-712 data under the domain of the consent registry, so chain and contract are part
of every signature. Contracts never see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crmdapp.chain._signed_json import JsonFields, SignedJson, read_json
from crmdapp.chain.addresses import checksum
from crmdapp.chain.signed import DEADLINE_MAX, Signed
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import UsageError
from crmdapp.store.errors import GranteeKeyInvalid, WrapInvalid
from crmdapp.store.sealing import (
    KEY_SIZE,
    OVERHEAD,
    context,
    key_id_of,
    open_,
    public_key,
    require_public_key,
    seal,
)

CATEGORY_MAX = 255
"""Highest number of a category of personal data."""

EPOCH_MAX = (1 << 32) - 1

_WRAP_SIZE = KEY_SIZE + OVERHEAD
_EPOCH_KEY = "EpochKey(uint8 category,uint32 epoch,bytes32 publicKey,uint40 closesAt)"


def vault_domain(chain_id: int, consent_registry: str) -> Domain:
    """Return what signatures for the vault are for: the consent registry on its chain."""
    return Domain("ConsentRegistry", "1", chain_id, checksum(consent_registry))


@dataclass(frozen=True, slots=True)
class EpochKey(TypedData):
    """The key that a category is sealed to during one epoch (EIP-712).

    Attributes:
        category: Number of the category, 0 to 255.
        epoch: From 1; a number is never used twice in a category.
        public_key: X25519, 32 bytes.
        closes_at: When nothing more is sealed to it, Unix seconds; 0 for no such time.
    """

    TYPE: ClassVar[str] = _EPOCH_KEY
    category: int
    epoch: int
    public_key: bytes
    closes_at: int


@dataclass(frozen=True, slots=True)
class KeyBundle(TypedData):
    """The customer's public keys in force, present epoch and those to come (EIP-712).

    Attributes:
        profile: Id of the customer, 32 bytes.
        subject: The customer's identity for the company that keeps the vault.
        signers: The customer's identities for the companies that were given consent.
        keys: By category and epoch. A key published before that is missing here is closed.
        issued_at: Unix seconds; a later bundle replaces an earlier one.
    """

    TYPE: ClassVar[str] = (
        "KeyBundle(bytes32 profile,address subject,address[] signers,EpochKey[] keys,"
        "uint40 issuedAt)" + _EPOCH_KEY
    )
    profile: bytes
    subject: str
    signers: tuple[str, ...]
    keys: tuple[EpochKey, ...]
    issued_at: int


@dataclass(frozen=True, slots=True)
class KeyWrap(TypedData):
    """The private key of one epoch, sealed for whom a consent lets read (EIP-712).

    Attributes:
        consent_id: The consent, 32 bytes.
        profile: Id of the customer, 32 bytes.
        subject: The customer's identity that gave the consent.
        category: Number of the category, 0 to 255.
        epoch: Number of the epoch.
        key_id: Id of the key, 32 bytes.
        grantee_key: X25519 public key it is sealed to, 32 bytes.
        sealed: The private key, sealed.
        expiry: End of the consent, Unix seconds, exclusive.
    """

    TYPE: ClassVar[str] = (
        "KeyWrap(bytes32 consentId,bytes32 profile,address subject,uint8 category,uint32 epoch,"
        "bytes32 keyId,bytes32 granteeKey,bytes sealed,uint40 expiry)"
    )
    consent_id: bytes
    profile: bytes
    subject: str
    category: int
    epoch: int
    key_id: bytes
    grantee_key: bytes
    sealed: bytes
    expiry: int


@dataclass(frozen=True, slots=True)
class ErasureRequest(TypedData):
    """The customer wants everything in the vault destroyed (EIP-712).

    Attributes:
        profile: Id of the customer, 32 bytes.
        subject: The customer's identity for the company that keeps the vault.
        deadline: Until when the request holds, Unix seconds, inclusive.
    """

    TYPE: ClassVar[str] = "ErasureRequest(bytes32 profile,address subject,uint40 deadline)"
    profile: bytes
    subject: str
    deadline: int


@dataclass(frozen=True, slots=True)
class SignedBundle(Signed):
    """Published keys with the customer's signature."""

    bundle: KeyBundle
    domain: Domain
    signature: bytes

    @property
    def content(self) -> KeyBundle:
        """What was signed."""
        return self.bundle

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedBundle:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no such data; the message names the field.
        """
        fields = SignedJson(data, "signed bundle of keys", "KeyBundle")
        message = fields.message
        signers = [JsonFields({"signer": item}, "signer") for item in message.items("signers")]
        keys = [JsonFields(item, "epoch's key") for item in message.items("keys")]
        bundle = KeyBundle(
            profile=message.word("profile"),
            subject=message.address("subject"),
            signers=tuple(item.address("signer") for item in signers),
            keys=tuple(
                EpochKey(
                    category=item.whole("category", CATEGORY_MAX),
                    epoch=item.whole("epoch", EPOCH_MAX),
                    public_key=item.word("publicKey"),
                    closes_at=item.whole("closesAt", DEADLINE_MAX),
                )
                for item in keys
            ),
            issued_at=message.whole("issuedAt", DEADLINE_MAX),
        )
        return cls(bundle, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedWrap(Signed):
    """A wrapped key in its envelope: the customer's signature."""

    wrap: KeyWrap
    domain: Domain
    signature: bytes

    @property
    def content(self) -> KeyWrap:
        """What was signed."""
        return self.wrap

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedWrap:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no such data; the message names the field.
        """
        fields = SignedJson(data, "signed wrap", "KeyWrap")
        message = fields.message
        try:
            sealed = bytes.fromhex(message.text("sealed").removeprefix("0x"))
        except ValueError:
            raise UsageError("The signed wrap's sealed is no hex data.") from None
        wrap = KeyWrap(
            consent_id=message.word("consentId"),
            profile=message.word("profile"),
            subject=message.address("subject"),
            category=message.whole("category", CATEGORY_MAX),
            epoch=message.whole("epoch", EPOCH_MAX),
            key_id=message.word("keyId"),
            grantee_key=message.word("granteeKey"),
            sealed=sealed,
            expiry=message.whole("expiry", DEADLINE_MAX),
        )
        return cls(wrap, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class SignedErasure(Signed):
    """A request to erase with the customer's signature."""

    request: ErasureRequest
    domain: Domain
    signature: bytes

    @property
    def content(self) -> ErasureRequest:
        """What was signed."""
        return self.request

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedErasure:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no such data; the message names the field.
        """
        fields = SignedJson(data, "signed request to erase", "ErasureRequest")
        request = ErasureRequest(
            profile=fields.message.word("profile"),
            subject=fields.message.address("subject"),
            deadline=fields.message.whole("deadline", DEADLINE_MAX),
        )
        return cls(request, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """What the customer's device hands to the vault after each change.

    Attributes:
        bundle: The keys in force.
        wraps: Wraps that were not handed over before.
    """

    bundle: SignedBundle
    wraps: tuple[SignedWrap, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        wraps = [item.to_json() for item in self.wraps]
        return {"bundle": self.bundle.to_json(), "wraps": wraps}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> KeyPackage:
        """Return what :meth:`to_json` gave.

        Raises:
            UsageError: It is no such data; the message names the field.
        """
        body: Any = _read(data) if isinstance(data, str | bytes) else data
        fields = JsonFields(body, "package of keys")
        fields.inner("bundle")  # says what is missing
        bundle = SignedBundle.from_json(body["bundle"])
        return cls(bundle, tuple(SignedWrap.from_json(item) for item in fields.items("wraps")))


# --------------------------------------------------------------------------- wrapping


def make_wrap(
    private_key: bytes,
    *,
    domain: Domain,
    consent_id: bytes,
    profile: bytes,
    subject: str,
    category: int,
    epoch: int,
    grantee_key: bytes,
    expiry: int,
) -> KeyWrap:
    """Return an epoch's private key sealed for a consent; only the customer has the key for it.

    Raises:
        GranteeKeyInvalid: Nobody could hold the private half of the grantee's key.
    """
    grantee_key = require_public_key(grantee_key)
    key_id = key_id_of(profile, category, epoch, public_key(private_key))
    info = _wrap_info(domain, consent_id, key_id, expiry)
    sealed = seal(grantee_key, private_key, info)
    return KeyWrap(
        consent_id, profile, subject, category, epoch, key_id, grantee_key, sealed, expiry
    )


def open_wrap(signed: SignedWrap, reading_key: bytes, *, owner: str, now: int) -> bytes:
    """Return the epoch's private key in a wrap, as its grantee.

    Args:
        signed: The wrap.
        reading_key: The grantee's private key, 32 bytes.
        owner: Who owns the wrap's subject now, as the registry of identities says.
        now: Unix seconds.

    Raises:
        WrapInvalid: The customer did not sign it, it is over, or what it holds is not the key it
            names.
        SealedInvalid: It is for another grantee, consent or chain, or was altered.
    """
    wrap = signed.wrap
    require_wrap(signed, owner=owner, now=now)
    info = _wrap_info(signed.domain, wrap.consent_id, wrap.key_id, wrap.expiry)
    private_key = open_(reading_key, wrap.sealed, info)
    try:
        opened = key_id_of(wrap.profile, wrap.category, wrap.epoch, public_key(private_key))
    except GranteeKeyInvalid:
        opened = b""
    if opened != wrap.key_id:
        raise WrapInvalid(
            "The wrap holds another key than it names.",
            hint="Ask the customer's device for a new one.",
        )
    return private_key


def require_wrap(signed: SignedWrap, *, owner: str, now: int) -> None:
    """Check what can be checked of a wrap without opening it.

    Raises:
        WrapInvalid: The subject's owner did not sign it, it is over, or it is malformed.
    """
    wrap = signed.wrap
    if len(wrap.sealed) != _WRAP_SIZE:
        raise WrapInvalid(f"A wrapped key has {_WRAP_SIZE} bytes, got {len(wrap.sealed)}.")
    if wrap.expiry <= now:
        raise WrapInvalid(
            "The wrap's consent is over.",
            why=f"It ended at {wrap.expiry}.",
            hint="Ask the customer to renew the consent.",
        )
    if not signed.signed_by(owner):
        raise WrapInvalid(
            "The wrap is not signed by the customer.",
            why=f"{owner} owns the identity it names.",
            hint="Ask the customer's device for a new one.",
        )


def _wrap_info(domain: Domain, consent_id: bytes, key_id: bytes, expiry: int) -> bytes:
    registry = bytes.fromhex(domain.verifying_contract[2:])
    # The key id names profile, category and epoch.
    return context("crmdapp wrap", domain.chain_id, registry, consent_id, key_id, expiry)


def _read(data: str | bytes) -> Any:
    try:
        return read_json(data if isinstance(data, str) else data.decode(errors="replace"))
    except ValueError as problem:
        raise UsageError("The package of keys is not JSON.", why=str(problem)) from None

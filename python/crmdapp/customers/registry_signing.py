"""Signing for the customer registry, with nothing but a key, and reading what others signed.

With the chain id, the registry's address and a key, each permission is signed offline and travels
as JSON. Most structs do not name who has to sign them, because several may: an attestor, a
controller, a guardian. So the JSON says who did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain._signed_json import SignedJson, read_struct
from crmdapp.chain.addresses import ZERO_ADDRESS, checksum, require_address
from crmdapp.chain.signed import SignedWithSigner
from crmdapp.chain.typed_data import Domain
from crmdapp.customers.models import Approval, require_cid
from crmdapp.customers.registry_intents import KINDS, MergeIntent, RegistryIntent
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

REGISTRATION_SIZE = 85
"""Bytes of one record of a batch of registrations."""

TAG_LINK_SIZE = 64
"""Bytes of one record of a batch of tag links."""

_CID_FIELDS = ("cid", "from_", "into")
_KEY_FIELDS = ("controller", "new_controller")


@dataclass(frozen=True, slots=True)
class SignedRegistryIntent(SignedWithSigner):
    """One signature under one intent.

    Attributes:
        intent: What is permitted.
        signer: Who signed: an attestor, a controller, a guardian.
        domain: The registry and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    intent: RegistryIntent
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self) -> RegistryIntent:
        """What was signed: the intent."""
        return self.intent

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes, *kinds: str) -> SignedRegistryIntent:
        """Return the signed intent that :meth:`to_json` gave, or a wallet's typed data signed.

        Numbers may be JSON numbers, or strings in decimal or 0x hex, as wallets write them.

        Args:
            data: JSON text, or read JSON.
            kinds: Names of the structs it may be about; all if none is given.

        Raises:
            UsageError: It is no such signed intent; the message names the field.
        """
        fields = SignedJson(data, "signed intent", *(kinds or KINDS))
        intent = read_struct(KINDS[fields.kind], fields.message)
        require_sensible(intent)
        signer = fields.outer.address("signer")
        return cls(intent, signer, fields.domain(), fields.signature())


@dataclass(frozen=True, slots=True)
class RegistrationRecord:
    """One person of a batch.

    Attributes:
        tag: Keyed hash of the identifier, 32 bytes.
        root: Commitment to the profile, 32 bytes.
        controller: The key that will speak for the person.
        level: How well the person was verified, 0 to 255.
    """

    tag: bytes
    root: bytes
    controller: str
    level: int


@dataclass(frozen=True, slots=True)
class TagLinkRecord:
    """One further tag of a batch.

    Attributes:
        tag: Keyed hash of the further identifier, 32 bytes.
        cid: The person's profile, 32 bytes.
    """

    tag: bytes
    cid: bytes


def registry_domain(chain_id: int, registry: str) -> Domain:
    """Return the domain that a registry's intents are signed for.

    Args:
        chain_id: The chain's id.
        registry: Address of the CustomerRegistry on it.

    Raises:
        UsageError: ``registry`` is no address.
    """
    return Domain("CustomerRegistry", "1", chain_id, require_address(registry))


def sign_registry(intent: RegistryIntent, signer: Signer, domain: Domain) -> SignedRegistryIntent:
    """Sign an intent; needs no node.

    Args:
        intent: What is permitted.
        signer: An attestor, a controller, a guardian.
        domain: From :func:`registry_domain`.

    Raises:
        UsageError: A value is out of its range, or can not be meant: no key, one profile twice.
        KeyProblem: The signer cannot sign.
    """
    require_sensible(intent)
    return SignedRegistryIntent(intent, signer.address, domain, intent.sign(signer, domain))


def approvals_of(signed: Sequence[SignedRegistryIntent]) -> tuple[Approval, ...]:
    """Return several signatures under one intent as the registry takes them.

    Raises:
        UsageError: There is none, they are under different intents or for different registries,
            or somebody signed twice.
    """
    if not signed:
        raise UsageError("Nobody has signed.", hint="Give at least one signed intent.")
    first = signed[0]
    for item in signed:
        if item.digest != first.digest:
            raise UsageError(
                "The signatures are under different intents.",
                why=f"{item.signer} signed something else than {first.signer}.",
                hint="Let all sign the same file: crmdapp customers countersign FILE",
            )
    by_signer = {int(item.signer, 16): item for item in signed}
    if len(by_signer) != len(signed):
        raise UsageError(
            "Somebody signed twice.", hint="Each signer counts once: leave out the second file."
        )
    return tuple(
        Approval(checksum(item.signer), item.signature) for _, item in sorted(by_signer.items())
    )


def pack_registrations(records: Iterable[RegistrationRecord]) -> bytes:
    """Return the records of a :class:`~crmdapp.customers.registry_intents.RegistrationBatch`.

    Raises:
        UsageError: There is none, one is malformed, or a tag stands there twice.
    """
    seen: set[bytes] = set()
    return _joined(_registration(record, seen) for record in records)


def pack_links(records: Iterable[TagLinkRecord]) -> bytes:
    """Return the records of a :class:`~crmdapp.customers.registry_intents.TagLinkBatch`.

    Raises:
        UsageError: There is none, one is malformed, or a tag stands there twice.
    """
    seen: set[bytes] = set()
    return _joined(
        _once(_word(record.tag, "tag"), seen) + require_cid(record.cid) for record in records
    )


def registrations_in(records: bytes) -> Iterator[RegistrationRecord]:
    """Yield the records that :func:`pack_registrations` packed.

    Raises:
        UsageError: The length is no multiple of a record's.
    """
    for part in _parts(records, REGISTRATION_SIZE):
        controller = checksum("0x" + part[64:84].hex())
        yield RegistrationRecord(part[:32], part[32:64], controller, part[84])


def links_in(records: bytes) -> Iterator[TagLinkRecord]:
    """Yield the records that :func:`pack_links` packed.

    Raises:
        UsageError: The length is no multiple of a record's.
    """
    for part in _parts(records, TAG_LINK_SIZE):
        yield TagLinkRecord(part[:32], part[32:])


def require_sensible(intent: RegistryIntent) -> None:
    """Check what the encoding alone would let pass: nobody's key, an id that can be none.

    Raises:
        UsageError: The intent can not be meant.
    """
    for name in _CID_FIELDS:
        if hasattr(intent, name):
            require_cid(getattr(intent, name))
    for name in _KEY_FIELDS:
        if hasattr(intent, name):
            require_key(getattr(intent, name))
    if isinstance(intent, MergeIntent) and intent.from_ == intent.into:
        raise UsageError("A profile can not be merged with itself.")


def require_key(address: str) -> str:
    """Return the address of a key that can speak for somebody.

    Raises:
        UsageError: It is no address, or the zero address, whose key nobody has.
    """
    found = require_address(address)
    if found == ZERO_ADDRESS:
        raise UsageError("The zero address is nobody's key.", hint="Name the customer's own key.")
    return found


# --------------------------------------------------------------------------- inside


def _joined(parts: Iterable[bytes]) -> bytes:
    packed = b"".join(parts)
    if not packed:
        raise UsageError("The batch is empty.")
    return packed


def _registration(record: RegistrationRecord, seen: set[bytes]) -> bytes:
    if not 0 <= record.level <= 255:
        raise UsageError(f"A level is from 0 to 255, got {record.level!r}.")
    return (
        _once(_word(record.tag, "tag"), seen)
        + _word(record.root, "root")
        + bytes.fromhex(require_key(record.controller)[2:])
        + bytes([record.level])
    )


def _once(tag: bytes, seen: set[bytes]) -> bytes:
    if tag in seen:
        raise UsageError(
            f"The tag 0x{tag.hex()} stands twice in the batch.",
            hint="One person has one profile: leave out the second record.",
        )
    seen.add(tag)
    return tag


def _word(value: bytes, what: str) -> bytes:
    if len(value) != 32:
        raise UsageError(f"A {what} has 32 bytes.")
    return value


def _parts(records: bytes, size: int) -> Iterator[bytes]:
    if not records or len(records) % size:
        raise UsageError(f"The records are no multiple of {size} bytes.")
    for start in range(0, len(records), size):
        yield records[start : start + size]

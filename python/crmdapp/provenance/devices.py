"""Devices with a P-256 key: sensors that sign what they measured, chips in a label.

P-256 is what cheap secure elements speak; the chain verifies it through the precompile at 0x100.

Source: contracts/provenance/IItemLedger.sol; EIP-7951; FIPS 186-5 (ECDSA).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain._files import OWN, create
from crmdapp.chain._secret_files import read_private
from crmdapp.chain._signed_json import JsonFields, SignedJson, read_struct
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.chain.typed_data import Domain, TypedData
from crmdapp.errors import (
    KeyProblem,
    KeystoreCorrupt,
    KeystoreMissing,
)
from crmdapp.provenance.item_intents import DeviceAssignment
from crmdapp.provenance.item_models import ITEM_MAX, DeviceKey, DeviceSignature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

WINDOW_MAX = (1 << 64) - 1


class Device:
    """A device's private key, which signs digests.

    Args:
        key: A key on the curve P-256.

    Raises:
        KeyProblem: It is on another curve.
    """

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        if key.curve.name != "secp256r1":
            raise KeyProblem(
                "A device's key is on the curve P-256 (secp256r1).",
                why=f"It is on {key.curve.name}.",
            )
        self._key = key

    def __repr__(self) -> str:
        return f"Device(0x{self.id.hex()})"

    @classmethod
    def new(cls) -> Device:
        """Return a device with a fresh key."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def load(cls, path: Path) -> Device:
        """Return the device whose key :meth:`save` wrote, or another tool, as PEM (PKCS #8).

        Raises:
            KeystoreMissing: There is no such file.
            KeystoreCorrupt: It holds something else.
            KeyProblem: The key is on another curve.
            PermissionDenied: It cannot be read, or others than its owner can read it.
        """
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        absent = KeystoreMissing(
            f"There is no key file {path}.", hint="Make one: crmdapp items sensor new FILE"
        )
        data = read_private(path, "device's key", absent)
        try:
            key = load_pem_private_key(data, password=None)
        except (ValueError, TypeError):
            key = None
        # Outside of any handler: no exception may carry the content along.
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeystoreCorrupt(
                f"{path} is no device's key file.",
                why="It was cut off, changed, locked by a password, or made for something else.",
                hint="Put back the copy you keep of it, or make a new key and assign it.",
            )
        return cls(key)

    def save(self, path: Path) -> None:
        """Write the key to a new file with mode 0600, whole or not at all.

        It is not locked by a password: a device starts without anybody there.

        Raises:
            UsageError: There is such a file already, or no such folder.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        from cryptography.hazmat.primitives import serialization

        pem = self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        create(path, pem, mode=OWN)

    @property
    def key(self) -> DeviceKey:
        """The public key."""
        numbers = self._key.public_key().public_numbers()
        return DeviceKey(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))

    @property
    def id(self) -> bytes:
        """The device's id, 32 bytes."""
        return self.key.device

    def sign_digest(self, digest: bytes) -> DeviceSignature:
        """Return the signature of 32 bytes."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.asymmetric.utils import (
            Prehashed,
            decode_dss_signature,
        )

        # SHA-256 is named for its length only: the digest is signed as it is.
        signature = self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
        r, s = decode_dss_signature(signature)
        return DeviceSignature(r.to_bytes(32, "big"), s.to_bytes(32, "big"))

    def sign(self, content: TypedData, domain: Domain) -> DeviceSignature:
        """Return the signature of typed data."""
        return self.sign_digest(content.digest(domain))


def verified(key: DeviceKey, digest: bytes, signature: DeviceSignature) -> bool:
    """Return whether the device with that key signed 32 bytes, as the chain's precompile says."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import (
        Prehashed,
        encode_dss_signature,
    )

    x, y = int.from_bytes(key.x, "big"), int.from_bytes(key.y, "big")
    r, s = int.from_bytes(signature.r, "big"), int.from_bytes(signature.s, "big")
    try:
        public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        public.verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class SignedAssignment:
    """A device's word that it serves an item.

    Attributes:
        assignment: What was signed.
        key: The device's.
        domain: The contract and chain it is meant for.
        signature: By the device.
    """

    assignment: DeviceAssignment
    key: DeviceKey
    domain: Domain
    signature: DeviceSignature

    def check(self) -> None:
        """Check that the device signed.

        Raises:
            DeviceUnknown: The key is of another device.
            DeviceSignatureInvalid: It did not sign.
        """
        check_device(
            self.assignment.device, self.key, self.assignment.digest(self.domain), self.signature
        )

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "key": ..., "signature": ...}``."""
        return device_json(self.assignment, self.domain, self.key, self.signature)

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> SignedAssignment:
        """Return the assignment that :meth:`to_json` gave.

        Raises:
            UsageError: It is none; the message names the field.
        """
        fields = SignedJson(data, "signed assignment", "DeviceAssignment")
        assignment = read_struct(DeviceAssignment, fields.message)
        return cls(assignment, *read_device(fields.outer, fields.domain()))


def sign_assignment(
    device: Device, domain: Domain, item: int, custodian: str, *, window: int
) -> SignedAssignment:
    """Sign, as a device, that it serves an item.

    Args:
        device: The device.
        domain: From :func:`crmdapp.provenance.item_intents.ledger_domain`.
        item: The item.
        custodian: Who has the item.
        window: The last that the device anchored; 0 for none.
    """
    assignment = DeviceAssignment(
        device.id,
        require_whole("item", item, ITEM_MAX),
        require_address(custodian),
        require_whole("window", window, WINDOW_MAX),
    )
    return SignedAssignment(assignment, device.key, domain, device.sign(assignment, domain))


def check_device(device: bytes, key: DeviceKey, digest: bytes, signature: DeviceSignature) -> None:
    """Check that a device signed a digest.

    Raises:
        DeviceUnknown: The key is of another device.
        DeviceSignatureInvalid: It did not sign.
    """
    from crmdapp.provenance.errors import DeviceSignatureInvalid, DeviceUnknown

    if key.device != device:
        raise DeviceUnknown(device)
    if not verified(key, digest, signature):
        raise DeviceSignatureInvalid(device, digest)


def device_json(
    content: TypedData, domain: Domain, key: DeviceKey, signature: DeviceSignature
) -> dict[str, Any]:
    """Return what a device signed, as JSON data."""
    return {
        "typedData": content.to_json(domain),
        "key": {"x": "0x" + key.x.hex(), "y": "0x" + key.y.hex()},
        "signature": {"r": "0x" + signature.r.hex(), "s": "0x" + signature.s.hex()},
    }


def read_device(outer: JsonFields, domain: Domain) -> tuple[DeviceKey, Domain, DeviceSignature]:
    """Return key, domain and signature of what :func:`device_json` gave.

    Raises:
        UsageError: One is malformed; the message names it.
    """
    key, signature = outer.inner("key"), outer.inner("signature")
    return (
        DeviceKey(key.word("x"), key.word("y")),
        domain,
        DeviceSignature(signature.word("r"), signature.word("s")),
    )

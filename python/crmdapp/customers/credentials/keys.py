"""Keys that sign credentials: ES256K for Ethereum accounts, ES256 for everybody else's P-256 keys.

Source: RFC 7518, section 3.4 (ES256); RFC 8812, section 3.2 (ES256K); RFC 7517 (JWK).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum, require_address
from crmdapp.chain.typed_data import HALF_ORDER, recover
from crmdapp.customers.credentials._json import decode, encode
from crmdapp.customers.credentials.refusals import CredentialMalformed
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import (
        EllipticCurvePrivateKey,
        EllipticCurvePublicKey,
    )

    from crmdapp.chain.accounts import Signer

ES256 = "ES256"
ES256K = "ES256K"

SIGNATURE_SIZE = 64
"""Bytes of r and s of both algorithms."""

_CURVES = {"P-256": ES256, "secp256k1": ES256K}


class SigningKey(Protocol):
    """What signs a token."""

    @property
    def algorithm(self) -> str:
        """``alg`` of the token's header."""

    def sign(self, data: bytes) -> bytes:
        """Return r and s, 64 bytes."""

    def jwk(self) -> dict[str, Any]:
        """Return the public key as a JWK, for ``cnf``."""


class VerifyingKey(Protocol):
    """What a token's signature is checked with."""

    @property
    def algorithm(self) -> str:
        """The only ``alg`` that this key is used with."""

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Return whether the key signed the data."""


class AccountKey:
    """An Ethereum account that signs tokens with ES256K.

    What it signs is a SHA-256 hash of printable text with a dot in it, so no such signature is one
    under a transaction or EIP-712 data, which begin otherwise and are hashed by keccak.

    Args:
        signer: The account.
    """

    algorithm = ES256K

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @property
    def address(self) -> str:
        """The account."""
        return self._signer.address

    def sign(self, data: bytes) -> bytes:
        """Return r and s, 64 bytes, s low.

        Raises:
            KeyProblem: The signer cannot sign.
        """
        return self._signer.sign_digest(hashlib.sha256(data).digest())[:SIGNATURE_SIZE]

    def jwk(self) -> dict[str, Any]:
        """Return the account's public key, recovered from a signature of it.

        Raises:
            KeyProblem: The signer cannot sign.
        """
        from coincurve import PublicKey

        digest = hashlib.sha256(b"crmdapp public key").digest()
        signature = self._signer.sign_digest(digest)
        raw = signature[:64] + bytes([signature[64] - 27])
        public = PublicKey.from_signature_and_message(raw, digest, hasher=None)
        return _ec_jwk("secp256k1", public.format(compressed=False)[1:])


class AccountPublicKey:
    """The key of an Ethereum account of which only the address is known.

    Args:
        address: The account.

    Raises:
        UsageError: It is no address.
    """

    algorithm = ES256K

    def __init__(self, address: str) -> None:
        self.address = require_address(address)

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Return whether the account's key signed the data, s low."""
        if len(signature) != SIGNATURE_SIZE:
            return False
        digest = hashlib.sha256(data).digest()
        return any(_recovered(digest, signature + bytes([v])) == self.address for v in (27, 28))


class P256Key:
    """A P-256 key that signs tokens with ES256.

    Args:
        private_key: The key.

    Raises:
        UsageError: It is of another curve.
    """

    algorithm = ES256

    def __init__(self, private_key: EllipticCurvePrivateKey) -> None:
        if private_key.curve.name != "secp256r1":
            raise UsageError("ES256 needs a key of the curve P-256.")
        self._key = private_key

    @classmethod
    def random(cls) -> P256Key:
        """Return a fresh key from the system's randomness."""
        from cryptography.hazmat.primitives.asymmetric import ec

        return cls(ec.generate_private_key(ec.SECP256R1()))

    def sign(self, data: bytes) -> bytes:
        """Return r and s, 64 bytes."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        r, s = utils.decode_dss_signature(self._key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jwk(self) -> dict[str, Any]:
        """Return the public key."""
        numbers = self._key.public_key().public_numbers()
        return _ec_jwk("P-256", numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"))


class JwkPublicKey:
    """A public key given as a JWK: of P-256 for ES256, of secp256k1 for ES256K.

    Args:
        jwk: The JWK. Members that say nothing about the key itself are ignored.

    Raises:
        CredentialMalformed: It is no public key of these curves, names another algorithm, or
            holds a private key.
    """

    def __init__(self, jwk: object) -> None:
        if not isinstance(jwk, Mapping) or jwk.get("kty") != "EC" or jwk.get("crv") not in _CURVES:
            raise CredentialMalformed("The key is no JWK of the curves P-256 or secp256k1.")
        if "d" in jwk:
            raise CredentialMalformed("The key's JWK holds a private key.")
        self.algorithm = _CURVES[jwk["crv"]]
        if jwk.get("alg", self.algorithm) != self.algorithm:
            raise CredentialMalformed("The key's JWK names another algorithm than its curve's.")
        self._point = b"\x04" + _coordinate(jwk, "x") + _coordinate(jwk, "y")
        self._key = self._read()

    @property
    def address(self) -> str | None:
        """The Ethereum account of the key; ``None`` if it is no key of one."""
        if self.algorithm != ES256K:
            return None
        return checksum("0x" + keccak(self._point[1:])[12:].hex())

    def verifies(self, data: bytes, signature: bytes) -> bool:
        """Return whether the key signed the data."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils

        if len(signature) != SIGNATURE_SIZE:
            return False
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if self.algorithm == ES256K and s > HALF_ORDER:
            return False  # the mirrored twin, which Ethereum does not take either
        try:
            encoded = utils.encode_dss_signature(r, s)
            self._key.verify(encoded, data, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True

    def _read(self) -> EllipticCurvePublicKey:
        from cryptography.hazmat.primitives.asymmetric import ec

        curve = ec.SECP256R1() if self.algorithm == ES256 else ec.SECP256K1()
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, self._point)
        except ValueError:
            raise CredentialMalformed("The key's JWK is no point of its curve.") from None


def _coordinate(jwk: Mapping[str, Any], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise CredentialMalformed("The key's JWK has no coordinates.")
    data = decode(value, "The key's coordinate")
    if len(data) != 32:
        raise CredentialMalformed("A coordinate of the key has not 32 bytes.")
    return data


def _ec_jwk(curve: str, point: bytes) -> dict[str, Any]:
    return {"kty": "EC", "crv": curve, "x": encode(point[:32]), "y": encode(point[32:])}


def _recovered(digest: bytes, signature: bytes) -> str | None:
    try:
        return recover(digest, signature)
    except VerificationFailed:
        return None

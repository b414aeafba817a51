"""What is signed off chain and carried out by whoever submits it: checked, written and read alike.

A domain's class is a frozen dataclass with the fields ``domain`` and ``signature`` beside what was
signed, and names it::

    @dataclass(frozen=True, slots=True)
    class SignedTransfer(SignedPermission):
        transfer: TransferIntent
        domain: Domain
        signature: bytes

        @property
        def content(self) -> TransferIntent:
            return self.transfer

        @property
        def signer(self) -> str:
            return self.transfer.from_

Signatures of keys are taken in their 65 bytes (r, s, v) and in the 64 of ERC-2098, as the contracts
take them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from crmdapp.chain.addresses import checksum
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.typed_data import Domain, TypedData, recover
from crmdapp.errors import UsageError, VerificationFailed

DEADLINE_MAX = (1 << 40) - 1
"""Latest deadline, Unix seconds, 40 bits (the year 36812)."""

_COMPACT_SIZE, _LONG_SIZE = 64, 65


class Signed(ABC):
    """Typed data, the contract and chain it was signed for, and the signature.

    Attributes:
        domain: The contract and chain it is meant for.
        signature: 65 bytes (r, s, v) or 64 (ERC-2098) of a key, or whatever a smart account
            accepts (ERC-1271).
    """

    __slots__ = ()

    domain: Domain
    signature: bytes

    @property
    @abstractmethod
    def content(self) -> TypedData:
        """What was signed."""

    @property
    def digest(self) -> bytes:
        """The 32 bytes that were signed: a name for the content, whatever the signature."""
        return self.content.digest(self.domain)

    def signed_by(self, address: str) -> bool:
        """Return whether that key signed; a smart account may still accept if not."""
        try:
            return recover(self.digest, long_form(self.signature)) == checksum(address)
        except VerificationFailed:
            return False

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signature": "0x..."}``, the first as wallets sign it."""
        return {
            "typedData": self.content.to_json(self.domain),
            "signature": "0x" + self.signature.hex(),
        }


class SignedPermission(Signed):
    """Signed data that names who has to sign it."""

    __slots__ = ()

    @property
    @abstractmethod
    def signer(self) -> str:
        """Who has to sign."""

    def signed_by_key(self) -> bool:
        """Return whether the signer's own key signed; a smart account may still accept if not."""
        return self.signed_by(self.signer)

    def require_signed_by_key(self) -> None:
        """Check that the signer's own key signed.

        Raises:
            IntentSignatureInvalid: It did not: forged, altered, mirrored (high s), or signed for
                another contract or chain.
        """
        if not self.signed_by_key():
            raise IntentSignatureInvalid(checksum(self.signer), self.digest)


class SignedWithSigner(Signed):
    """Signed data that does not name who has to sign, as several may; so the signer stands beside.

    Attributes:
        signer: Who signed.
    """

    __slots__ = ()

    signer: str

    def to_json(self) -> dict[str, Any]:
        """Return ``{"typedData": ..., "signer": "0x...", "signature": "0x..."}``."""
        return {
            "typedData": self.content.to_json(self.domain),
            "signer": self.signer,
            "signature": "0x" + self.signature.hex(),
        }

    def signed_by_key(self) -> bool:
        """Return whether the signer's own key signed; a smart account may still accept if not."""
        return self.signed_by(self.signer)

    def require_signed_by_key(self) -> None:
        """Check that the signer's own key signed.

        Raises:
            IntentSignatureInvalid: It did not: forged, altered, mirrored (high s), or signed for
                another contract or chain.
        """
        if not self.signed_by_key():
            raise IntentSignatureInvalid(checksum(self.signer), self.digest)


def long_form(signature: bytes) -> bytes:
    """Return a compact signature (ERC-2098, 64 bytes) in its 65 bytes; others unchanged."""
    if len(signature) != _COMPACT_SIZE:
        return signature
    s_and_parity = int.from_bytes(signature[32:], "big")
    s = s_and_parity & ((1 << 255) - 1)
    return signature[:32] + s.to_bytes(32, "big") + bytes([27 + (s_and_parity >> 255)])


def compact(signature: bytes) -> bytes:
    """Return a key's 65-byte signature in the 64 bytes of ERC-2098; others unchanged.

    A byte less of calldata, and a word less of its encoding.
    """
    if len(signature) != _LONG_SIZE or signature[64] not in (27, 28):
        return signature
    s = int.from_bytes(signature[32:64], "big") | (signature[64] - 27) << 255
    return signature[:32] + s.to_bytes(32, "big")


def unix_seconds(moment: int | datetime, what: str = "The deadline") -> int:
    """Return a moment in Unix seconds; a number is returned as it is.

    Args:
        moment: Unix seconds, or an aware datetime.
        what: What to call it, at the beginning of a message.

    Raises:
        UsageError: It is a datetime without time zone.
    """
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise UsageError(f"{what} has no time zone.", hint="Use an aware datetime, such as UTC.")
    return int(moment.timestamp())

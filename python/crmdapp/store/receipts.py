"""Signed receipts of what the vault did: a withdrawal, an expiry, an erasure.

A receipt is canonical JSON (RFC 8785) with the operator's signature over keccak256 of a fixed
prefix and those bytes. Its hash is what an erasure on chain reports; a random number in the body
keeps it from being guessed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import JsonFields
from crmdapp.chain.accounts import Signer
from crmdapp.chain.addresses import checksum
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.typed_data import Domain, recover
from crmdapp.errors import UsageError, VerificationFailed

_PREFIX = b"crmdapp vault receipt\n"


class ReceiptKind(StrEnum):
    """What was done."""

    WITHDRAWAL = "withdrawal"
    EXPIRY = "expiry"
    ERASURE = "erasure"


@dataclass(frozen=True, slots=True)
class VaultReceipt:
    """What the operator signed.

    Attributes:
        body: JSON data: ``kind, chainId, registry, operator, at, number`` and, of a withdrawal or
            an expiry, ``consentId``, ``wraps`` deleted and ``epochs`` closed; of an erasure,
            ``profile`` and how many ``keys, wraps, salts, links, data`` were destroyed.
        signature: The operator's, 65 bytes.
    """

    body: Mapping[str, Any]
    signature: bytes

    @property
    def kind(self) -> ReceiptKind:
        """What was done."""
        return ReceiptKind(self.body["kind"])

    @property
    def hash(self) -> bytes:
        """What was signed, 32 bytes; the ``receiptHash`` of an erasure on chain."""
        return keccak(_PREFIX + canonical_json(dict(self.body)))

    def signed_by(self, operator: str) -> bool:
        """Return whether that key signed."""
        try:
            return recover(self.hash, self.signature) == checksum(operator)
        except VerificationFailed:
            return False

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"receipt": dict(self.body), "signature": "0x" + self.signature.hex()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | str | bytes) -> VaultReceipt:
        """Return what :meth:`to_json` gave; whether it is signed is for :meth:`signed_by`.

        Raises:
            UsageError: It is no such data.
        """
        fields = JsonFields.parse(data, "receipt of the vault")
        body = fields.inner("receipt")
        try:
            kind = ReceiptKind(body.text("kind"))
        except ValueError:
            raise UsageError("The receipt is of no kind that a vault gives.") from None
        found: dict[str, Any] = {
            "kind": kind.value,
            "registry": body.address("registry"),
            "operator": body.address("operator"),
            "number": body.text("number"),
        }
        names = ("consentId",) if kind is not ReceiptKind.ERASURE else ("profile",)
        found |= {name: "0x" + body.word(name).hex() for name in names}
        counts = ("chainId", "at", *COUNTS[kind])
        found |= {name: body.whole(name) for name in counts}
        return cls(found, fields.signature())


COUNTS: Mapping[ReceiptKind, tuple[str, ...]] = {
    ReceiptKind.WITHDRAWAL: ("wraps", "epochs"),
    ReceiptKind.EXPIRY: ("wraps", "epochs"),
    ReceiptKind.ERASURE: ("keys", "wraps", "salts", "links", "data"),
}
"""What each kind counts."""


def receipt_body(
    kind: ReceiptKind, domain: Domain, operator: str, at: int, **about: Any
) -> dict[str, Any]:
    """Return what a receipt says."""
    return {
        "kind": kind.value,
        "chainId": domain.chain_id,
        "registry": domain.verifying_contract,
        "operator": operator,
        "at": at,
        "number": secrets.token_hex(16),
        **about,
    }


def sign_receipt(body: Mapping[str, Any], signer: Signer) -> VaultReceipt:
    """Return the receipt with the operator's signature.

    Raises:
        KeyProblem: The operator's key cannot sign.
    """
    unsigned = VaultReceipt(body, b"")
    return VaultReceipt(body, signer.sign_digest(unsigned.hash))

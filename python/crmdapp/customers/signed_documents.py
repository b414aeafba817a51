"""JSON documents signed by the key of an account: requests, denials and receipts of consents.

The form is a JSON Web Signature in its compact form, by secp256k1 over SHA-256 (``ES256K``), so any
JOSE library that knows the algorithm reads it. The header says which account signed, as a did:pkh;
the public key is recovered from the signature, as the chain does it. The chain never sees these
documents and no contract takes their signatures, which are over another hash than EIP-712's.

Source: RFC 7515 (JWS), RFC 8812 section 3.1 (ES256K), RFC 8785 (the payload's bytes), CAIP-10.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdapp.chain._json_lines import read_json
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.chain.typed_data import recover
from crmdapp.errors import FileRejected, UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer

SIZE_MAX = 1 << 20
"""Most characters of a signed document."""

_ALGORITHM = "ES256K"
_ACCOUNT = re.compile(r"did:pkh:eip155:([1-9][0-9]{0,77}):(0x[0-9a-fA-F]{40})")
_PART = re.compile(r"[A-Za-z0-9_-]+")


class DocumentInvalid(VerificationFailed):
    """A signed document is malformed, altered, or not by the account that it names."""


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A document and who signed it.

    Attributes:
        kind: What it is, such as ``consent-request+jwt``.
        payload: What it says.
        account: Address of the key that signed.
        chain_id: The chain that the account is of.
        text: The document as it travels.
    """

    kind: str
    payload: Mapping[str, Any] = field(repr=False)
    account: str
    chain_id: int
    text: str = field(repr=False)

    @property
    def hash(self) -> bytes:
        """keccak256 of what was signed: a name for the document, whatever the signature."""
        return keccak(self.text.rpartition(".")[0].encode())


def account_did(chain_id: int, address: str) -> str:
    """Return an account as a did:pkh.

    Source: CAIP-10, https://chainagnostic.org/CAIPs/caip-10; did:pkh method.
    """
    return f"did:pkh:eip155:{chain_id}:{checksum(address)}"


def sign_document(
    signer: Signer, chain_id: int, kind: str, payload: Mapping[str, Any]
) -> SignedDocument:
    """Sign a document; needs no node.

    Args:
        signer: Whose key signs.
        chain_id: The chain that the account is of.
        kind: What it is, such as ``consent-request+jwt``.
        payload: JSON data.

    Raises:
        UsageError: The payload has no canonical JSON form, or is too large.
        KeyProblem: The signer cannot sign.
    """
    header = {"alg": _ALGORITHM, "kid": account_did(chain_id, signer.address), "typ": kind}
    signed = f"{_encode(canonical_json(header))}.{_encode(canonical_json(dict(payload)))}"
    if len(signed) > SIZE_MAX - 100:
        raise UsageError(f"A document has at most {SIZE_MAX:,} characters.")
    signature = signer.sign_digest(hashlib.sha256(signed.encode()).digest())
    text = f"{signed}.{_encode(signature[:64])}"
    return SignedDocument(kind, dict(payload), checksum(signer.address), chain_id, text)


def read_document(text: str | bytes, kind: str) -> SignedDocument:
    """Return a document whose signature is by the account it names.

    Whether that is the right account is for the caller to say. Nothing of the document is quoted.

    Args:
        text: The document; white space around it does not matter.
        kind: What it must be.

    Raises:
        DocumentInvalid: It is malformed, of another kind, altered, or not by that account.
    """
    plain = text.decode(errors="replace") if isinstance(text, bytes) else text
    plain = plain.strip()
    parts = plain.split(".") if len(plain) <= SIZE_MAX else []
    if len(parts) != 3:
        raise DocumentInvalid("This is no signed document.", why="It is no compact JWS (RFC 7515).")
    header, payload = _object(parts[0], "header"), _object(parts[1], "payload")
    if set(header) != {"alg", "kid", "typ"} or header["alg"] != _ALGORITHM:
        raise DocumentInvalid(
            "The document's header is not usable.",
            why=f"It must have alg ({_ALGORITHM}), kid and typ, and nothing else.",
        )
    if header["typ"] != kind:
        raise DocumentInvalid(f"This is not a document of the kind {kind}.")
    named = _ACCOUNT.fullmatch(header["kid"]) if isinstance(header["kid"], str) else None
    if named is None:
        raise DocumentInvalid("The document does not name the account that signed it (did:pkh).")
    account = checksum(named[2])
    if account not in _signers(f"{parts[0]}.{parts[1]}", _decode(parts[2], "signature")):
        raise DocumentInvalid(
            f"The document is not signed by {account}.", why="It was altered, or forged."
        )
    return SignedDocument(kind, payload, account, int(named[1]), plain)


def load_document(path: Path, kind: str) -> SignedDocument:
    """Return the document in a file; see :func:`read_document`.

    Raises:
        UsageError: The file cannot be read.
        DocumentInvalid: It is no such document.
    """
    try:
        with path.open("rb") as file:
            return read_document(file.read(SIZE_MAX + 1), kind)
    except OSError as problem:
        raise UsageError(f"{path} cannot be read.", why=str(problem.strerror)) from None


def _signers(signed: str, signature: bytes) -> set[str]:
    """Return the two addresses that a signature without its last byte may be of."""
    if len(signature) != 64:
        raise DocumentInvalid("The document's signature does not have 64 bytes.")
    digest = hashlib.sha256(signed.encode()).digest()
    found: set[str] = set()
    for parity in (27, 28):
        try:
            found.add(recover(digest, signature + bytes([parity])))
        except VerificationFailed:
            continue
    return found


def _object(part: str, name: str) -> dict[str, Any]:
    try:
        found = read_json(_decode(part, name), name).plain()
    except FileRejected:
        found = None
    if not isinstance(found, dict):
        raise DocumentInvalid(f"The document's {name} is no JSON object.")
    return found


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(part: str, name: str) -> bytes:
    """Return base64url data; a second way to write the same bytes is refused."""
    try:
        data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        data = b""
    if not _PART.fullmatch(part) or _encode(data) != part:
        raise DocumentInvalid(f"The document's {name} is no base64url.")
    return data

"""Signing in by a signature of a wallet: a message of ERC-4361's form, good once.

Source: ERC-4361, https://eips.ethereum.org/EIPS/eip-4361; smart accounts answer by ERC-1271.
"""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select

from crmdapp.chain._keccak import keccak
from crmdapp.chain.calls import Call
from crmdapp.chain.signed import long_form
from crmdapp.chain.typed_data import recover
from crmdapp.errors import NodeRefused, TransactionReverted, VerificationFailed
from crmdapp.web import state as tables
from crmdapp.web.errors import SignInRefused

if TYPE_CHECKING:
    from crmdapp.web.context import Context

CHALLENGE_SECONDS = 600
SIGNATURE_MAX = 4096
_MAGIC = bytes.fromhex("1626ba7e")
_ACCOUNT_GAS = 500_000  # what a smart account may spend: enough to check a passkey in Solidity
_CALL_GAS = 21_000
_GAS_PER_BYTE = 40
_STATEMENT = "Sign in. This costs nothing, moves nothing, and gives no permission."


def challenge(context: Context, address: str, visitor: bytes, origin: str) -> tuple[str, str]:
    """Return a fresh nonce and the message to sign with it.

    Args:
        context: What all requests share.
        address: Who wants to sign in, checksummed.
        visitor: Hash of the visitor's cookie; the answer must come from the same browser.
        origin: Scheme, host and port under which the visitor sees the server.
    """
    now = int(time.time())
    nonce = secrets.token_hex(16)
    table = tables.challenges
    with context.state.writing() as session:
        session.execute(delete(table).where(table.c.issued_at < now - CHALLENGE_SECONDS))
        session.execute(
            insert(table).values(nonce=nonce, visitor=visitor, address=address, issued_at=now)
        )
    return nonce, message(context, address, nonce, now, origin)


def message(context: Context, address: str, nonce: str, issued_at: int, origin: str) -> str:
    """Return the text that a wallet shows and signs."""
    return (
        f"{urlsplit(origin).netloc} wants you to sign in with your Ethereum account:\n"
        f"{address}\n\n{_STATEMENT}\n\n"
        f"URI: {origin}\nVersion: 1\nChain ID: {context.connection.chain_id}\nNonce: {nonce}\n"
        f"Issued At: {_time(issued_at)}\nExpiration Time: {_time(issued_at + CHALLENGE_SECONDS)}"
    )


def answer(context: Context, nonce: str, signature: bytes, visitor: bytes, origin: str) -> str:
    """Return the address that signed the message of that nonce; the nonce is used up by it.

    Raises:
        SignInRefused: The nonce is unknown, used, too old or another visitor's, or the signature
            is not by the address.
        NodeProblem: The node could not be asked whether a smart account accepts.
    """
    table = tables.challenges
    with context.state.writing() as session:
        row = session.execute(select(table).where(table.c.nonce == nonce)).first()
        session.execute(delete(table).where(table.c.nonce == nonce))
    fresh = row is not None and 0 <= time.time() - row.issued_at + 60 <= CHALLENGE_SECONDS + 60
    if row is None or not fresh or not secrets.compare_digest(bytes(row.visitor), visitor):
        raise SignInRefused(
            "This sign-in is too old, or was used already.", hint="Begin again on the page."
        )
    digest = signed_digest(message(context, row.address, nonce, row.issued_at, origin))
    if not _signed(context, row.address, digest, signature):
        raise SignInRefused("The signature is not by the account that wants to sign in.")
    return str(row.address)


def signed_digest(text: str) -> bytes:
    """Return the 32 bytes that ``personal_sign`` signs for a text (ERC-191)."""
    raw = text.encode()
    return keccak(b"\x19Ethereum Signed Message:\n" + str(len(raw)).encode() + raw)


def _signed(context: Context, address: str, digest: bytes, signature: bytes) -> bool:
    try:
        if recover(digest, long_form(signature)) == address:
            return True
    except VerificationFailed:
        pass
    if not context.connection.code(address):
        return False
    padded = signature.ljust(-(-len(signature) // 32) * 32, b"\0")
    data = _MAGIC + digest + (64).to_bytes(32, "big") + len(signature).to_bytes(32, "big") + padded
    gas = _ACCOUNT_GAS + _CALL_GAS + _GAS_PER_BYTE * len(data)
    try:
        answer = context.connection.eth_call(Call(address, data), gas=gas)
    except (TransactionReverted, NodeRefused):
        return False
    return answer[:32] == _MAGIC.ljust(32, b"\0")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

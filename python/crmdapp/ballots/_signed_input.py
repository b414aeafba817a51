"""Signed transactions as bytes: what hash they have, who signed them, and what they say.

A transaction in this form proves itself. Whoever keeps it needs no node to know its sender and its
input, and nobody can change either without the sender's key.

Source: Ethereum yellow paper, 4.2; EIP-155, EIP-2718, EIP-2930, EIP-1559, EIP-4844, EIP-7702.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmdapp.chain._keccak import keccak
from crmdapp.chain._rlp import RlpInvalid, decode, encode, number
from crmdapp.chain.addresses import checksum
from crmdapp.chain.typed_data import recover
from crmdapp.errors import VerificationFailed

_NUMBER, _BYTES, _ACCESS, _HASHES, _PERMITS = "number", "bytes", "access", "hashes", "permits"

_START = (("nonce", _NUMBER),)
_TIPPED = (("maxPriorityFeePerGas", _NUMBER), ("maxFeePerGas", _NUMBER))
_BODY = (("gas", _NUMBER), ("to", _BYTES), ("value", _NUMBER), ("input", _BYTES))
_CHAIN, _LISTED = (("chainId", _NUMBER),), (("accessList", _ACCESS),)

_LEGACY = (*_START, ("gasPrice", _NUMBER), *_BODY)
# The signed fields of each type of transaction, in their order; the signature follows them.
_TYPES: Mapping[int, tuple[tuple[str, str], ...]] = {
    1: (*_CHAIN, *_START, ("gasPrice", _NUMBER), *_BODY, *_LISTED),
    2: (*_CHAIN, *_START, *_TIPPED, *_BODY, *_LISTED),
    3: (
        *_CHAIN,
        *_START,
        *_TIPPED,
        *_BODY,
        *_LISTED,
        ("maxFeePerBlobGas", _NUMBER),
        ("blobVersionedHashes", _HASHES),
    ),
    4: (*_CHAIN, *_START, *_TIPPED, *_BODY, *_LISTED, ("authorizationList", _PERMITS)),
}
_SIGNATURE = ("v", "r", "s")
_REPLAYABLE = 27
_BOUND = 35


class TransactionInvalid(VerificationFailed):
    """Bytes are no signed transaction, or none of this chain."""


@dataclass(frozen=True, slots=True)
class SignedInput:
    """What a signed transaction says.

    Attributes:
        hash: Its hash, 32 bytes.
        sender: Who signed it.
        to: Whom it calls; empty if it creates a contract.
        data: Its input.
    """

    hash: bytes
    sender: str
    to: str
    data: bytes


def read_signed(raw: bytes, chain_id: int) -> SignedInput:
    """Return what a signed transaction says.

    Args:
        raw: The transaction as ``eth_sendRawTransaction`` takes it.
        chain_id: The chain that it has to be of.

    Raises:
        TransactionInvalid: It is none, of an unknown type, of another chain, or signed by nobody.
    """
    is_typed = bool(raw) and raw[0] in _TYPES
    names = _TYPES[raw[0]] if is_typed else _LEGACY
    try:
        items: Any = decode(raw[1:] if is_typed else raw)
    except RlpInvalid as problem:
        raise TransactionInvalid("These bytes are no transaction.", why=f"{problem}.") from None
    if not isinstance(items, list) or len(items) != len(names) + len(_SIGNATURE):
        raise TransactionInvalid("A transaction has another number of fields.")
    signed = items[: len(names)]
    fields = dict(zip((name for name, _ in names), signed, strict=True))
    if any(not isinstance(fields[name], bytes) for name in ("to", "input")):
        raise TransactionInvalid("A transaction's receiver or input is malformed.")
    v, r, s = (_whole(item) for item in items[len(names) :])
    if is_typed:
        parity, chain = v, _whole(fields["chainId"])
        digest = keccak(raw[:1] + encode(signed))
    elif v >= _BOUND:
        parity, chain = (v - _BOUND) % 2, (v - _BOUND) // 2
        digest = keccak(encode([*signed, number(chain), b"", b""]))
    else:
        parity, chain = v - _REPLAYABLE, chain_id
        digest = keccak(encode(signed))
    if chain != chain_id:
        raise TransactionInvalid(f"A transaction is of chain {chain}, not {chain_id}.")
    try:
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])
        sender = recover(digest, signature)
        to = fields["to"] and checksum("0x" + fields["to"].hex())
    except (OverflowError, ValueError, VerificationFailed) as problem:
        raise TransactionInvalid(
            "A transaction's signature or receiver is malformed.", why=str(problem)
        ) from None
    return SignedInput(keccak(raw), sender, to or "", fields["input"])


def signed_form(transaction: Mapping[str, Any]) -> bytes:
    """Return the bytes of a transaction that a node gave as JSON.

    Args:
        transaction: As ``eth_getTransactionByHash`` returns it.

    Raises:
        TransactionInvalid: It is of an unknown type, or a field is missing or malformed.
    """
    try:
        kind = int(transaction.get("type") or "0x0", 16)
        names = _TYPES[kind] if kind else _LEGACY
        items = [_item(transaction.get(name), form) for name, form in names]
        items += [_item(_part(transaction, name, kind), _NUMBER) for name in _SIGNATURE]
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise TransactionInvalid(
            "The node gave a transaction of an unknown form.", why=f"{problem!r}."
        ) from None
    return (bytes([kind]) if kind else b"") + encode(items)


def _part(transaction: Mapping[str, Any], name: str, kind: int) -> Any:
    """Return a part of the signature: ``v`` of a typed one is its parity, under either name."""
    if name == "v" and kind and transaction.get("yParity") is not None:
        return transaction["yParity"]
    return transaction[name]


def _item(value: Any, form: str) -> Any:
    if form == _NUMBER:
        return number(int(value, 16))
    if form == _BYTES:
        return bytes.fromhex((value or "0x").removeprefix("0x"))
    if form == _HASHES:
        return [_item(each, _BYTES) for each in value]
    if form == _ACCESS:
        return [
            [_item(each["address"], _BYTES), _item(each["storageKeys"], _HASHES)]
            for each in value or ()
        ]
    return [
        [
            _item(each["chainId"], _NUMBER),
            _item(each["address"], _BYTES),
            *(
                _item(_part(each, name, 1) if name == "v" else each[name], _NUMBER)
                for name in ("nonce", *_SIGNATURE)
            ),
        ]
        for each in value
    ]


def _whole(item: Any) -> int:
    if not isinstance(item, bytes):
        raise TransactionInvalid("A transaction's number is malformed.")
    return int.from_bytes(item, "big")

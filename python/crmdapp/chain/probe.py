"""What a chain offers beyond the basics, found out by asking it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from crmdapp.chain._answers import is_funds_missing
from crmdapp.chain.accounts import LocalSigner
from crmdapp.chain.calls import Call
from crmdapp.chain.connection import Connection
from crmdapp.chain.transactions import TX_GAS_CAP
from crmdapp.errors import CrmdappError, NodeRefused, TransactionReverted

MOST_SKEW = 120
"""Seconds the chain's clock may differ from this machine's before it is pointed out."""

_BLS_G1_ADD = "0x000000000000000000000000000000000000000b"
_P256_VERIFY = "0x0000000000000000000000000000000000000100"
# RFC 6979, appendix A.2.5: P-256, SHA-256, message "sample": digest, r, s, public key x, y.
_P256_VECTOR = bytes.fromhex(
    "af2bdbe1aa9b6ec1e2ade1d694f41fc71a831d0268e9891562113d8a62add1bf"
    "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
)


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing a chain offers or not.

    Attributes:
        name: What was looked for.
        present: Whether it is there; ``None`` if it could not be found out.
        detail: What was seen.
    """

    name: str
    present: bool | None
    detail: str


def probe(connection: Connection, *, now: Callable[[], float] = time.time) -> list[Feature]:
    """Return what the chain offers; nothing on it is changed.

    Args:
        connection: The chain.
        now: This machine's clock, Unix seconds.
    """
    checks: tuple[tuple[str, Callable[[Connection], tuple[bool | None, str]]], ...] = (
        ("client", _client),
        ("EIP-1559 fees", _fee_market),
        ("EIP-2537 BLS12-381 precompiles", _bls),
        ("P-256 precompile at 0x100", _p256),
        ("EIP-7825 gas cap per transaction", _gas_cap),
        ("finality tag", _finality),
        ("clock", lambda chain: _clock(chain, now())),
    )
    found: list[Feature] = []
    for name, check in checks:
        try:
            present, detail = check(connection)
        except CrmdappError as problem:
            present, detail = None, f"{problem.message} {problem.why}".strip()
        found.append(Feature(name, present, detail))
    return found


def _client(connection: Connection) -> tuple[bool | None, str]:
    return True, str(connection.request("web3_clientVersion"))[:120]


def _fee_market(connection: Connection) -> tuple[bool | None, str]:
    block = connection.block() or {}
    if "baseFeePerGas" not in block:
        return False, "blocks have no base fee"
    return True, f"base fee {int(block['baseFeePerGas'], 16):,} wei"


def _bls(connection: Connection) -> tuple[bool | None, str]:
    # Two points at infinity add up to infinity: 128 zero bytes, where the precompile exists.
    result = _precompile(connection, _BLS_G1_ADD, bytes(256))
    if result == bytes(128):
        return True, "G1 addition answers"
    return False, "G1 addition does not answer"


def _p256(connection: Connection) -> tuple[bool | None, str]:
    if _precompile(connection, _P256_VERIFY, _P256_VECTOR) != (1).to_bytes(32, "big"):
        return False, "a good signature is not accepted"
    bad = bytearray(_P256_VECTOR)
    bad[0] ^= 1
    if _precompile(connection, _P256_VERIFY, bytes(bad)):
        return False, "a bad signature is accepted"
    return True, "accepts a good signature and refuses a bad one"


def _gas_cap(connection: Connection) -> tuple[bool | None, str]:
    """Offer a transaction above the cap that nobody can pay for, and look at what is wrong with it.

    A throw-away key without funds signs it, so no node can accept it: one that knows the cap names
    the gas, one that does not names the missing funds.
    """
    head = connection.block() or {}
    limit = int(head.get("gasLimit", "0x0"), 16)
    if limit <= TX_GAS_CAP:
        return None, f"a block holds only {limit:,} gas, too little to tell"
    # High enough for the next block, and no more: nodes refuse fees that look like a mistake.
    price = 2 * int(head.get("baseFeePerGas", "0x0"), 16) + 1
    funds, above = _refused(connection, 21_000, price), _refused(connection, TX_GAS_CAP + 1, price)
    if funds is None or above is None:
        return None, "the node accepts transactions nobody can pay for"
    if above == funds or is_funds_missing(above):
        return False, f"{TX_GAS_CAP + 1:,} gas are allowed"
    return (True, f"above {TX_GAS_CAP:,} gas: {above}") if "gas" in above.lower() else (None, above)


def _refused(connection: Connection, gas: int, price: int) -> str | None:
    signer = LocalSigner.random()
    tx = {
        "type": 2,
        "chainId": connection.chain_id,
        "nonce": 0,
        "to": signer.address,
        "value": 0,
        "data": b"",
        "gas": gas,
        "maxFeePerGas": price,
        "maxPriorityFeePerGas": 1,
    }
    try:
        connection.broadcast(signer.sign_transaction(tx))
    except NodeRefused as problem:
        return problem.why
    return None


def _finality(connection: Connection) -> tuple[bool | None, str]:
    try:
        block = connection.block("finalized")
    except NodeRefused as problem:
        return False, problem.why
    if block is None:
        return False, "no finalized block yet"
    return True, f"block {int(block['number'], 16):,} of {connection.block_number():,} is final"


def _clock(connection: Connection, now: float) -> tuple[bool | None, str]:
    if connection.block_number() == 0:
        return None, "there is no block yet but the first"
    skew = connection.block_timestamp() - int(now)
    if skew > MOST_SKEW:
        return False, f"the latest block is {skew:,} s ahead of this machine's clock"
    if skew < -MOST_SKEW:
        return None, f"the latest block is {-skew:,} s old: no block since, or a wrong clock"
    return True, f"the latest block is {skew:+,} s from this machine's clock"


def _precompile(connection: Connection, address: str, data: bytes) -> bytes:
    try:
        return connection.eth_call(Call(address, data))
    except TransactionReverted:
        return b""

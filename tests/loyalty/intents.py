"""What customers sign for the points hub, and the packings the hub takes."""

from typing import Any

from tests.fixtures.intents import Intent, address_of

_TRANSFER = [
    ("program", "uint256"),
    ("from", "address"),
    ("to", "address"),
    ("points", "uint48"),
    ("nonce", "uint256"),
    ("deadline", "uint40"),
]
_REDEEM = [
    ("program", "uint256"),
    ("from", "address"),
    ("points", "uint48"),
    ("orderId", "uint48"),
    ("deadline", "uint40"),
]


def transfer_intent(domain, program, holder, to, points, nonce, deadline) -> Intent:
    """Permission of `holder` to move points to `to`."""
    values = (program, address_of(holder), address_of(to), points, nonce, deadline)
    return Intent(domain, "TransferIntent", _TRANSFER, values)


def redeem_intent(domain, program, holder, points, order_id, deadline) -> Intent:
    """Permission of `holder` to spend points on an order."""
    return Intent(
        domain, "RedeemIntent", _REDEEM, (program, address_of(holder), points, order_id, deadline)
    )


def pack_intent(intent: Intent, signature: bytes) -> bytes:
    """One element of `redeemMany`."""
    _, holder, points, order_id, deadline = intent.values
    return (
        bytes.fromhex(holder[2:])
        + points.to_bytes(6)
        + order_id.to_bytes(6)
        + deadline.to_bytes(5)
        + len(signature).to_bytes(2)
        + signature
    )


def pack_records(*records: tuple[Any, int]) -> bytes:
    """What `awardMany` takes: address and units, 26 bytes each."""
    return b"".join(
        bytes.fromhex(address_of(to)[2:]) + points.to_bytes(6) for to, points in records
    )

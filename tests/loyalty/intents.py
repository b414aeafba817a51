"""What customers sign for the points hub, and the packings the hub takes."""

from typing import Any

from tests.fixtures.intents import Intent, address_of

NO_TERMS = bytes(32)

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
    ("merchant", "uint256"),
    ("termsHash", "bytes32"),
    ("from", "address"),
    ("points", "uint48"),
    ("orderId", "uint48"),
    ("deadline", "uint40"),
]
_EXCHANGE = [
    ("program", "uint256"),
    ("toProgram", "uint256"),
    ("from", "address"),
    ("points", "uint48"),
    ("minPoints", "uint48"),
    ("termsHash", "bytes32"),
    ("nonce", "uint256"),
    ("deadline", "uint40"),
]
_COUPON = [
    ("program", "uint256"),
    ("to", "address"),
    ("points", "uint48"),
    ("orderId", "uint48"),
    ("issued", "uint16"),
    ("reversible", "bool"),
    ("validAfter", "uint48"),
    ("deadline", "uint48"),
    ("campaign", "bytes32"),
    ("termsHash", "bytes32"),
]


def transfer_intent(domain, program, holder, to, points, nonce, deadline) -> Intent:
    """Permission of `holder` to move points to `to`."""
    values = (program, address_of(holder), address_of(to), points, nonce, deadline)
    return Intent(domain, "TransferIntent", _TRANSFER, values)


def redeem_intent(
    domain, program, holder, points, order_id, deadline, merchant=None, terms=NO_TERMS
) -> Intent:
    """Permission of `holder` to spend points on an order, at home or at another merchant."""
    place = program if merchant is None else merchant
    values = (program, place, terms, address_of(holder), points, order_id, deadline)
    return Intent(domain, "RedeemIntent", _REDEEM, values)


def exchange_intent(
    domain, program, to_program, holder, points, least, nonce, deadline, terms=NO_TERMS
) -> Intent:
    """Permission of `holder` to change points into another program's."""
    values = (program, to_program, address_of(holder), points, least, terms, nonce, deadline)
    return Intent(domain, "ExchangeIntent", _EXCHANGE, values)


def coupon_intent(
    domain,
    program,
    to,
    points,
    order_id,
    issued,
    reversible=False,
    valid_after=0,
    deadline=2**48 - 1,
    campaign=bytes(32),
    terms=NO_TERMS,
) -> Intent:
    """Promise of a program's coupon key to give points to a customer."""
    what = (program, address_of(to), points, order_id, issued, reversible)
    values = (*what, valid_after, deadline, campaign, terms)
    return Intent(domain, "Coupon", _COUPON, values)


def pack_intent(intent: Intent, signature: bytes) -> bytes:
    """One element of `redeemMany`."""
    _, _, _, holder, points, order_id, deadline = intent.values
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

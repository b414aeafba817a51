"""The packed forms in which the hub reads batches: award records and signed redemptions."""

from __future__ import annotations

from collections.abc import Iterable

from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import SIGNATURE_MAX
from crmdapp.chain.addresses import checksum
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.loyalty.intents import RedeemIntent, SignedIntent, require_fits
from crmdapp.loyalty.points import require_amount

RECORD_SIZE = 26
_INTENT_HEAD = 39

BATCH_HASH_SHIFT = 56
"""Low bits of a stored batch that are not its hash: end of the claw-back 40, epoch of issue 16."""


def pack_records(records: Iterable[tuple[str, int]]) -> bytes:
    """Return awards as ``awardMany`` reads them: address (20 bytes), units (6), one after another.

    Args:
        records: Address (0x hex of any case) and units, 1 to 2^47 - 1, of each award.

    Raises:
        PointsOverflow: An amount is 2^47 units or more.
        UsageError: An address or amount is malformed.
    """
    parts: list[bytes] = []
    for address, units in records:
        try:
            parts.append(bytes.fromhex(checksum(address)[2:]))
        except ValueError as problem:
            raise UsageError(f"{problem}.") from None
        parts.append(require_amount(units).to_bytes(6, "big"))
    return b"".join(parts)


def unpack_records(packed: bytes) -> list[tuple[str, int]]:
    """Return address and units of each award; the inverse of :func:`pack_records`.

    Raises:
        UsageError: ``packed`` is not a whole number of records.
    """
    if len(packed) % RECORD_SIZE:
        raise UsageError(f"Records have {RECORD_SIZE} bytes each, got {len(packed)} bytes.")
    return [
        (
            checksum("0x" + packed[at : at + 20].hex()),
            int.from_bytes(packed[at + 20 : at + RECORD_SIZE], "big"),
        )
        for at in range(0, len(packed), RECORD_SIZE)
    ]


def batch_id(file_hash: bytes, chunk: int) -> bytes:
    """Return the name of one chunk of a file: ``keccak256(abi.encode(file_hash, chunk))``.

    Args:
        file_hash: 32 bytes.
        chunk: Number of the chunk, from 0.
    """
    return keccak(file_hash + chunk.to_bytes(32, "big"))


def records_digest(records: bytes) -> int:
    """Return what the hub stores of the records of a batch: the high 200 bits of their keccak."""
    return int.from_bytes(keccak(records), "big") >> BATCH_HASH_SHIFT


def pack_redemptions(items: Iterable[SignedIntent]) -> bytes:
    """Return signed redemptions as ``redeemMany`` reads them.

    Each is: address from (20 bytes), units (6), order id (6), deadline (5), length of the
    signature (2), signature. What they have in common is an argument of its own.

    Raises:
        PointsOverflow: An amount is 2^47 units or more.
        UsageError: An item is no redemption, or a value does not fit.
    """
    parts: list[bytes] = []
    for item in items:
        intent = item.intent
        if not isinstance(intent, RedeemIntent):
            raise UsageError("Only redemptions travel in batches; others are sent one by one.")
        require_fits(intent)
        if len(item.signature) > SIGNATURE_MAX:
            raise UsageError(f"A signature has at most {SIGNATURE_MAX:,} bytes.")
        parts += (
            bytes.fromhex(intent.from_[2:]),
            intent.points.to_bytes(6, "big"),
            intent.order_id.to_bytes(6, "big"),
            intent.deadline.to_bytes(5, "big"),
            len(item.signature).to_bytes(2, "big"),
            item.signature,
        )
    return b"".join(parts)


def unpack_redemptions(
    terms: tuple[int, int, bytes], packed: bytes, domain: Domain
) -> list[SignedIntent]:
    """Return the signed redemptions of a batch; the inverse of :func:`pack_redemptions`.

    Args:
        terms: Program, merchant and terms hash of all of them (the hub's ``RedeemTerms``).
        packed: The batch.
        domain: The hub and chain they are for.

    Raises:
        UsageError: ``packed`` ends in the middle of an intent.
    """
    found: list[SignedIntent] = []
    at = 0
    while at < len(packed):
        head = packed[at : at + _INTENT_HEAD]
        end = at + _INTENT_HEAD + int.from_bytes(head[37:39], "big")
        if len(head) < _INTENT_HEAD or end > len(packed):
            raise UsageError(f"The batch ends in the middle of the intent at byte {at}.")
        intent = RedeemIntent(
            *terms,
            checksum("0x" + head[:20].hex()),
            int.from_bytes(head[20:26], "big"),
            int.from_bytes(head[26:32], "big"),
            int.from_bytes(head[32:37], "big"),
        )
        found.append(SignedIntent(intent, domain, packed[at + _INTENT_HEAD : end]))
        at = end
    return found

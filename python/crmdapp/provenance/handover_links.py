"""A signed hand-over as a short text for a QR code: from one phone to another, without a network.

The bytes have fixed places, so nothing is named: version, chain, contract, giver, taker, times,
hash, items with their steps, signatures; behind ``crmdapp:handover:``, in URL-safe base 64.

Source: RFC 4648, section 5.
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BinasciiError

from crmdapp.chain.addresses import checksum
from crmdapp.errors import UsageError
from crmdapp.provenance.item_intents import (
    Handover,
    SignedHandover,
    ledger_domain,
    require_handover,
)

PREFIX = "crmdapp:handover:"

ITEMS_MAX = 40
"""Most items of a hand-over in one QR code; a pallet is one item."""

_VERSION = 1
_HEAD = struct.Struct(">BQ20s20s20sQQ32sB")
_ITEM = struct.Struct(">32sI")
_SIZE = struct.Struct(">H")


def handover_link(signed: SignedHandover) -> str:
    """Return a signed hand-over as text.

    Raises:
        UsageError: It has more items than a QR code bears.
    """
    handover, domain = signed.handover, signed.domain
    if len(handover.items) > ITEMS_MAX:
        raise UsageError(
            f"{len(handover.items)} items are more than a QR code bears ({ITEMS_MAX}).",
            hint="Write a file (--out FILE.json), or pack them and hand over the pallet.",
        )
    parts = [
        _HEAD.pack(
            _VERSION,
            domain.chain_id,
            *(_raw(each) for each in (domain.verifying_contract, handover.from_, handover.to)),
            handover.event_time,
            handover.deadline,
            handover.event_hash,
            len(handover.items),
        )
    ]
    parts += [
        _ITEM.pack(item.to_bytes(32, "big"), step)
        for item, step in zip(handover.items, handover.steps, strict=True)
    ]
    for signature in (signed.signature, signed.to_signature):
        parts += [_SIZE.pack(len(signature)), signature]
    return PREFIX + urlsafe_b64encode(b"".join(parts)).decode().rstrip("=")


def read_handover(text: str) -> SignedHandover:
    """Return the signed hand-over in a text: a link, or the JSON of a file.

    Raises:
        UsageError: It is neither; the message names the field of JSON.
        ItemListInvalid: There is no item, or not as many steps as items.
        HandoverReceiverInvalid: Nobody takes it.
    """
    stripped = text.strip()
    if not stripped.startswith(PREFIX):
        return SignedHandover.from_json(text)
    body = stripped.removeprefix(PREFIX)
    try:
        return _parsed(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (BinasciiError, ValueError, struct.error):
        raise UsageError(
            "The link holds no signed hand-over.",
            why="It was cut off, or made by another release.",
            hint="Scan it again, or ask for the file.",
        ) from None


def _parsed(data: bytes) -> SignedHandover:
    version, chain, contract, giver, taker, time, deadline, digest, count = _HEAD.unpack_from(data)
    if version != _VERSION:
        raise ValueError(version)
    at = _HEAD.size
    rows = [_ITEM.unpack_from(data, at + n * _ITEM.size) for n in range(count)]
    at += count * _ITEM.size
    signatures: list[bytes] = []
    for _ in range(2):
        (size,) = _SIZE.unpack_from(data, at)
        signatures.append(data[at + _SIZE.size : at + _SIZE.size + size])
        at += _SIZE.size + size
    if at != len(data):
        raise ValueError(at)
    handover = Handover(
        tuple(int.from_bytes(item, "big") for item, _ in rows),
        tuple(step for _, step in rows),
        checksum("0x" + giver.hex()),
        checksum("0x" + taker.hex()),
        time,
        digest,
        deadline,
    )
    domain = ledger_domain(chain, checksum("0x" + contract.hex()))
    return SignedHandover(require_handover(handover), domain, *signatures)


def _raw(address: str) -> bytes:
    return bytes.fromhex(address[2:])

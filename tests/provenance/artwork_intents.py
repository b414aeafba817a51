"""What sellers and buyers of works sign, by eth-account's own encoder, and the history's head."""

from collections.abc import Iterable
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.intents import Domain, Intent, address_of
from tests.fixtures.logs import Log

ANY_TIME = 2**40 - 1
ZERO = "0x" + "00" * 20

_KINDS = {
    "Listing": "uint256 id,uint24 epoch,address seller,uint64 price,uint8 currency,"
    "address onlyBuyer,uint40 deadline",
    "Offer": "uint256 id,address buyer,uint64 price,uint8 currency,uint256 nonce,uint40 deadline",
    "Permit": "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline",
}
_ARTWORK = "(bytes32,bytes32,bytes32,uint64,bytes32,address,uint16,uint8,uint32,uint40)"
_LINKS = {
    "Transfer": ("Transfer(address,address,uint256)", "tokenId"),
    "ArtworkRegistered": (
        f"ArtworkRegistered(uint256,address,bytes32,{_ARTWORK})",
        "id",
    ),
    "ArtworkSold": ("ArtworkSold(uint256,address,address,uint64,uint8,bytes32)", "id"),
    "ArtworkRevoked": ("ArtworkRevoked(uint256,bytes32)", "id"),
}


def listing_of(
    domain: Domain,
    work: int,
    seller: Any,
    price: int,
    *,
    epoch: int = 0,
    currency: int = 0,
    only: Any = ZERO,
    deadline: int = ANY_TIME,
) -> Intent:
    """A seller's word."""
    values = (work, epoch, address_of(seller), price, currency, address_of(only), deadline)
    return Intent(domain, "Listing", _members("Listing"), values)


def offer_of(
    domain: Domain,
    work: int,
    buyer: Any,
    price: int,
    *,
    currency: int = 1,
    nonce: int = 0,
    deadline: int = ANY_TIME,
) -> Intent:
    """A buyer's word."""
    values = (work, address_of(buyer), price, currency, nonce, deadline)
    return Intent(domain, "Offer", _members("Offer"), values)


def permit_of(domain: Domain, owner: Any, spender: Any, value: int, nonce: int = 0) -> Intent:
    """ERC-2612 permission of a coin, for any time."""
    values = (address_of(owner), address_of(spender), value, nonce, ANY_TIME)
    return Intent(domain, "Permit", _members("Permit"), values)


def permission_of(permit: Intent, signer: Any) -> tuple[int, int, int, bytes, bytes]:
    """The permission as the market takes it."""
    signature = permit.sign(signer)
    return permit.values[2], permit.values[4], signature[64], signature[:32], signature[32:64]


def head_after(head: bytes, events: Iterable[tuple[Log, int]]) -> bytes:
    """The history's head after events, each with the time of its block.

    What is no event of provenance does not count.
    """
    for event, timestamp in events:
        if event.name not in _LINKS:
            continue
        signature, name = _LINKS[event.name]
        first, second, detail = _link(event)
        types = ["bytes32", "bytes32", "uint256", "address", "address", "bytes32", "uint256"]
        values = [head, keccak(text=signature), event.fields[name], first, second, detail]
        head = keccak(encode(types, [*values, timestamp]))
    return head


def _link(event: Log) -> tuple[str, str, bytes]:
    fields = event.fields
    if event.name == "Transfer":
        return fields["from"], fields["to"], bytes(32)
    if event.name == "ArtworkRegistered":
        return fields["artist"], ZERO, fields["artworkHash"]
    if event.name == "ArtworkRevoked":
        return ZERO, ZERO, fields["caseId"]
    sale = (fields["price"], fields["currency"], fields["digest"])
    detail = keccak(encode(["uint64", "uint8", "bytes32"], sale))
    return fields["seller"], fields["buyer"], detail


def _members(kind: str) -> list[tuple[str, str]]:
    return [(name, type_) for type_, name in (member.split() for member in _KINDS[kind].split(","))]

"""Ethereum addresses: read in any case, kept in the checksummed form of EIP-55."""

from __future__ import annotations

import re

from crmdapp.chain._keccak import keccak
from crmdapp.errors import UsageError

ZERO_ADDRESS = "0x" + "00" * 20

_ADDRESS = re.compile(r"^0x[0-9a-fA-F]{40}$")


def _pair(byte: int, mark: int) -> str:
    digits = f"{byte:02x}"
    high = digits[0].upper() if mark & 0x80 else digits[0]
    return high + (digits[1].upper() if mark & 0x08 else digits[1])


# Two digits of an address at a time, by the byte of the hash that says which are capitals.
_BY_MARK = {mark: [_pair(byte, mark) for byte in range(256)] for mark in (0, 0x08, 0x80, 0x88)}
_PAIRS = [_BY_MARK[mark & 0x88] for mark in range(256)]


def checksum(address: str) -> str:
    """Return ``address`` in its EIP-55 form, whatever its case was.

    Raises:
        ValueError: ``address`` is not 0x and 40 hex digits.
    """
    if not _ADDRESS.match(address):
        raise ValueError(f"{address!r} is not an address (0x and 40 hex digits)")
    lower = address[2:].lower()
    marks = keccak(lower.encode())
    pairs = zip(bytes.fromhex(lower), marks, strict=False)
    return "0x" + "".join([_PAIRS[mark][byte] for byte, mark in pairs])


def parse_address(text: str) -> str:
    """Return the EIP-55 form of an address a person typed.

    One case throughout carries no checksum and is accepted; mixed case must be the right one.

    Raises:
        ValueError: ``text`` is no address, or its checksum is wrong.
    """
    address = checksum(text.strip())
    body = text.strip()[2:]
    if body not in (body.lower(), body.upper()) and text.strip() != address:
        raise ValueError(f"{text.strip()!r} has a wrong checksum: a character was mistyped")
    return address


def require_address(address: str) -> str:
    """Return an address in its EIP-55 form; mixed case must be the right one.

    Raises:
        UsageError: It is no address, or its checksum is wrong.
    """
    try:
        return parse_address(address)
    except ValueError as problem:
        raise UsageError(f"{problem}.", hint="Copy the address again.") from None


def contract_address(sender: str, nonce: int) -> str:
    """Return the address a contract gets that ``sender`` creates with ``nonce``."""
    body = b"\x94" + bytes.fromhex(sender[2:]) + _rlp_integer(nonce)
    return checksum("0x" + keccak(bytes([0xC0 + len(body)]) + body)[12:].hex())


def _rlp_integer(value: int) -> bytes:
    if value == 0:
        return b"\x80"
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return raw if value < 0x80 else bytes([0x80 + len(raw)]) + raw

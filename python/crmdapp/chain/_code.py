"""Whether the code at an address is an artifact's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crmdapp.chain.artifacts import Artifact

_PUSH20 = 0x73
_ADDRESS_OPCODE = 0x30
_LONGEST_TAIL = 128


class Placed(Protocol):
    """Where a contract is and which libraries it was linked to."""

    @property
    def address(self) -> str:
        """Its address."""

    @property
    def libraries(self) -> Mapping[str, str]:
        """Library name -> address."""


def same_code(code: bytes, artifact: Artifact, placed: Placed) -> bool:
    """Return whether ``code`` is the artifact's, metadata left out and immutables masked."""
    expected = bytearray(artifact.runtime_code(placed.libraries))
    found = bytearray(code)
    if len(found) != len(expected):
        return strip_metadata(bytes(found)) == strip_metadata(bytes(expected))
    if expected[:22] == bytes([_PUSH20, *bytes(20), _ADDRESS_OPCODE]):
        # A library carries its own address to refuse direct calls; it is written on creation.
        expected[1:21] = bytes.fromhex(placed.address[2:])
    for start, length in artifact.immutables:
        expected[start : start + length] = found[start : start + length] = bytes(length)
    return strip_metadata(bytes(found)) == strip_metadata(bytes(expected))


def strip_metadata(code: bytes) -> bytes:
    """Return ``code`` without the CBOR map solc appends (hash of its metadata, version).

    Source: Solidity documentation, "Contract Metadata", encoding of the metadata hash.
    """
    if len(code) < 2:
        return code
    size = int.from_bytes(code[-2:], "big")
    start = len(code) - 2 - size
    # A CBOR map of one to five entries begins with 0xa1 to 0xa5.
    if 0 < size <= _LONGEST_TAIL and start >= 0 and 0xA1 <= code[start] <= 0xA5:
        return code[:start]
    return code

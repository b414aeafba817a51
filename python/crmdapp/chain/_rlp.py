"""Recursive length prefix: the encoding of block headers and of the state tree's nodes.

Read strictly: every item has exactly one encoding here, so nothing can be hidden in another.

Source: Ethereum yellow paper, appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Item: TypeAlias = "bytes | list[Item]"

_SHORT = 55
_DEPTH_MAX = 16


class RlpInvalid(ValueError):  # noqa: N818 - named for the problem, like all errors here
    """Bytes are not the one encoding of anything."""


def encode(item: bytes | Sequence[bytes]) -> bytes:
    """Return the encoding of bytes, or of a list of bytes."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(encode(part) for part in item)
    return _prefix(len(body), 0xC0) + body


def number(value: int) -> bytes:
    """Return a whole number as an item: big-endian, without leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode(data: bytes) -> Item:
    """Return what the bytes encode.

    Raises:
        RlpInvalid: They are no encoding, another one than the shortest, or something follows.
    """
    item, end = _read(data, 0, _DEPTH_MAX)
    if end != len(data):
        raise RlpInvalid("something follows the item")
    return item


def _prefix(size: int, offset: int) -> bytes:
    if size <= _SHORT:
        return bytes([offset + size])
    length = number(size)
    return bytes([offset + _SHORT + len(length)]) + length


def _read(data: bytes, at: int, depth: int) -> tuple[Item, int]:
    if at >= len(data):
        raise RlpInvalid("the data ends early")
    if not depth:
        raise RlpInvalid("nested too deep")
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    if first < 0xC0:
        start, end = _extent(data, at, 0x80)
        if end - start == 1 and data[start] < 0x80:
            raise RlpInvalid("a byte stands for itself")
        return data[start:end], end
    start, end = _extent(data, at, 0xC0)
    items: list[Item] = []
    while start < end:
        item, start = _read(data, start, depth - 1)
        items.append(item)
    if start != end:
        raise RlpInvalid("an item is longer than its list")
    return items, end


def _extent(data: bytes, at: int, offset: int) -> tuple[int, int]:
    """Return where the content of the item at ``at`` begins and ends."""
    size, start = data[at] - offset, at + 1
    if size > _SHORT:
        start += size - _SHORT
        length = data[at + 1 : start]
        size = int.from_bytes(length, "big")
        if not length or length[0] == 0 or size <= _SHORT:
            raise RlpInvalid("a length is not the shortest")
    if start + size > len(data):
        raise RlpInvalid("the data ends early")
    return start, start + size

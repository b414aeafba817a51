"""Whether a picture's file has its end: formats say themselves where they stop.

A decoder is content once it has the first picture. So a file that lost its tail on the way would
be recorded for good, where a later picture or the last rows are missing. JPEG and BMP are left to
the decoder, which notices; of a TIFF's later pages nothing is known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from os import SEEK_CUR
from typing import BinaryIO

_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = b"\x2c", b"\x21", b"\x3b"


class TailMissingError(Exception):
    """The file ends before its format does."""


def require_whole(file: BinaryIO, media_type: str, size: int) -> None:
    """Check that nothing is missing at the end; bytes after the picture are no fault.

    Args:
        file: Read from its beginning; its position is then anywhere.
        media_type: What it is.
        size: Bytes of it.

    Raises:
        TailMissingError: It is cut, or so malformed that its end cannot be found.
    """
    find_end = _ENDS.get(media_type)
    if find_end is not None:
        file.seek(0)
        if find_end(file, size) > size:
            raise TailMissingError


def _png_end(file: BinaryIO, size: int) -> int:
    at, kind = 8, b""
    while kind != b"IEND":
        file.seek(at)
        length, kind = struct.unpack(">I4s", _read(file, 8))
        at += 12 + length
        if at > size:
            break
    return at


def _gif_end(file: BinaryIO, _size: int) -> int:
    _skip_colours(file, _read(file, 13)[10])
    while (block := _read(file, 1)) != _GIF_END:
        if block == _GIF_IMAGE:
            _skip_colours(file, _read(file, 9)[8])
        elif block != _GIF_EXTENSION:
            raise TailMissingError
        file.seek(1, SEEK_CUR)  # the size of the first code, or the extension's label
        while length := _read(file, 1)[0]:
            file.seek(length, SEEK_CUR)
    return file.tell()


def _skip_colours(file: BinaryIO, flags: int) -> None:
    """Step over the table of colours that the flags before it announce."""
    if flags & 0x80:
        file.seek(3 << (flags & 7) + 1, SEEK_CUR)


def _webp_end(file: BinaryIO, _size: int) -> int:
    return 8 + int.from_bytes(_read(file, 8)[4:], "little")


def _boxes_end(file: BinaryIO, size: int) -> int:
    at = 0
    while at < size:
        file.seek(at)
        length = int.from_bytes(_read(file, 8)[:4], "big")
        if length == 1:  # the length did not fit, and follows
            length = int.from_bytes(_read(file, 8), "big")
        if length == 0:  # to the end of the file
            return size
        if length < 8:
            raise TailMissingError
        at += length
    return at


def _tiff_end(file: BinaryIO, _size: int) -> int:
    """The end of the first list of fields; the decoder misses what the fields point to."""
    head = _read(file, 16)
    order = "<" if head.startswith(b"I") else ">"
    if head[2:4] in (b"+\0", b"\0+"):  # BigTIFF
        (at,) = struct.unpack_from(order + "Q", head, 8)
        file.seek(at)
        (fields,) = struct.unpack(order + "Q", _read(file, 8))
        return int(at + 8 + 20 * fields)
    (at,) = struct.unpack_from(order + "I", head, 4)
    file.seek(at)
    (fields,) = struct.unpack(order + "H", _read(file, 2))
    return int(at + 2 + 12 * fields)


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise TailMissingError
    return data


_ENDS: dict[str, Callable[[BinaryIO, int], int]] = {
    "image/png": _png_end,
    "image/gif": _gif_end,
    "image/webp": _webp_end,
    "image/avif": _boxes_end,
    "image/jp2": _boxes_end,
    "image/tiff": _tiff_end,
}

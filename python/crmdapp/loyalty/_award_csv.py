"""Reading an award file: lines to packed records, with every fault named by line and column.

Lines are read one at a time, so a file of any size needs little memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from crmdapp.chain._keccak import keccak
from crmdapp.errors import FileFault, UsageError
from crmdapp.loyalty.errors import PointsOverflow
from crmdapp.loyalty.points import POINTS_MAX, to_points, to_units

HEADER = ("address", "points")
LINE_MAX = 1_000

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")

# An address and its keccak as rows of 0 and 1, to compare the case of all letters at once.
_IS_LETTER = str.maketrans("0123456789abcdefABCDEF", "0" * 10 + "1" * 12)
_IS_UPPER = str.maketrans("0123456789abcdefABCDEF", "0" * 16 + "1" * 6)
_IS_HIGH = str.maketrans("0123456789abcdef", "0" * 8 + "1" * 8)


class RowFault(Exception):  # noqa: N818 - a fault of the file, never seen by callers
    """One line cannot be used.

    Args:
        field: Column; empty for the line as a whole.
        reason: What is wrong.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.field = field
        self.reason = reason

    def at(self, line: int) -> FileFault:
        """Return the fault with its line number."""
        return FileFault(line, self.field, self.reason)


def lines_of(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield each line with its end, in pieces of at most ``LINE_MAX`` bytes.

    The second value tells whether the piece is a whole line.
    """
    while piece := file.readline(LINE_MAX):
        yield piece, piece.endswith(b"\n") or len(piece) < LINE_MAX


def check_header(raw: bytes) -> None:
    """Check the first line.

    Raises:
        RowFault: It is not ``address,points``.
    """
    if raw.startswith(_UTF16_MARKS):
        raise RowFault("", "the file is UTF-16; save it as CSV UTF-8")
    names = tuple(name.strip() for name in _columns(raw.removeprefix(_UTF8_MARK)))
    if names != HEADER:
        shown = ",".join(names)[:60]
        raise RowFault("", f"the header must be 'address,points', got {shown!r}{_advice(names)}")


def record_of(raw: bytes) -> bytes | None:
    """Return the packed record of one line: address (20 bytes), units (6); ``None`` if it is blank.

    Raises:
        RowFault: The line cannot be used; only the first fault of a line is told.
    """
    columns = _columns(raw)
    if len(columns) != 2:
        if len(columns) == 1 and not columns[0].strip():
            return None
        hint = " (amounts take a point, not a comma)" if len(columns) == 3 else ""
        raise RowFault("", f"{len(columns)} columns instead of 2{hint}")
    return _account(columns[0].strip()) + _units(columns[1].strip())


def _columns(raw: bytes) -> list[str]:
    try:
        text = raw.decode().rstrip("\r\n")
    except UnicodeDecodeError as problem:
        byte = raw[problem.start]
        raise RowFault("", f"byte 0x{byte:02x} is not UTF-8; save the file as CSV UTF-8") from None
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as problem:
        raise RowFault("", f"the quotes do not match ({problem})") from None


def _account(text: str) -> bytes:
    if not _ADDRESS.fullmatch(text):
        raise RowFault("address", f"{text[:60]!r} is not an address (0x and 40 hex digits)")
    digits = text[2:]
    lower = digits.lower()
    if digits not in (lower, digits.upper()) and not _has_checksum(digits, lower):
        raise RowFault("address", f"{text} has a wrong checksum: a character was mistyped")
    account = bytes.fromhex(lower)
    if not any(account):
        raise RowFault("address", "the zero address can hold no points")
    return account


def _has_checksum(digits: str, lower: str) -> bool:
    """Return whether exactly those letters are capitals that EIP-55 wants."""
    high = int(keccak(lower.encode()).hex()[:40].translate(_IS_HIGH), 2)
    letters = int(lower.translate(_IS_LETTER), 2)
    return int(digits.translate(_IS_UPPER), 2) == high & letters


def _units(text: str) -> bytes:
    try:
        return to_units(text).to_bytes(6, "big")
    except PointsOverflow:
        most = to_points(POINTS_MAX, grouped=True)
        raise RowFault("points", f"{text[:60]} is more than {most} points") from None
    except UsageError as problem:
        raise RowFault("points", problem.message.rstrip(".")[:160]) from None


def _advice(names: tuple[str, ...]) -> str:
    if names == HEADER[::-1]:
        return "; swap the columns"
    if len(names) == 1 and ";" in names[0]:
        return "; separate the columns by commas"
    if len(names) == 2 and _ADDRESS.fullmatch(names[0]):
        return "; put 'address,points' on the first line"
    return ""

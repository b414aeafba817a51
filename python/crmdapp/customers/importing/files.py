"""A customer list on the disk: what it is, checked from end to end before anything is written.

The first pass over a file takes its SHA-256, finds out whether it is text and in which encoding,
and for JSON whether every brace is closed. It needs a few megabytes, whatever the file's size.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from crmdapp.errors import FileChanged, FileFault, FileRejected, UsageError

__all__ = ["ENCODINGS", "CustomerFile", "EncodingWrong", "inspect", "opened"]

ENCODINGS = {
    "utf-8": "utf-8",
    "utf-16": "utf-16",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "latin-1": "latin-1",
    "iso-8859-1": "latin-1",
    "iso-8859-15": "iso-8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
"""Encodings a file may be said to have, with the name Python gives them."""

_BLOCK = 1 << 20
_UTF8_MARK = b"\xef\xbb\xbf"
# The longer marks first: UTF-32 begins like UTF-16.
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32", ""),
    (b"\x00\x00\xfe\xff", "UTF-32", ""),
    (b"\xff\xfe", "UTF-16", "utf-16-le"),
    (b"\xfe\xff", "UTF-16", "utf-16-be"),
)
_PACKED = ((b"PK\x03\x04", "a ZIP or Excel file"), (b"\x1f\x8b", "a gzip file"))


class EncodingWrong(FileRejected):
    """A file is in another encoding than it is read in."""


@dataclass(frozen=True, slots=True)
class CustomerFile:
    """A file that was looked through.

    Attributes:
        path: The file.
        size: Its bytes.
        sha256: SHA-256 of them.
        encoding: Python's name of its encoding.
        layout: ``csv``, ``json`` (one array) or ``jsonl`` (one object per line).
        start: Where its text begins, after a byte order mark.
        stamp: When it was changed last, in nanoseconds, as the file system tells.
    """

    path: Path
    size: int
    sha256: bytes
    encoding: str
    layout: str
    start: int
    stamp: int

    def require_unchanged(self, file: BinaryIO) -> None:
        """Check that the open file is still what was looked through.

        Raises:
            FileChanged: Its size, time or place is another.
        """
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self.size, self.stamp):
            raise FileChanged(
                f"{self.path.name} changed while it was imported.",
                [FileFault(0, "", "its size or time is no longer the one that was checked")],
                why="What was imported so far stays, with the hash of the file as it was.",
                hint="Import the changed file: what is known already is not imported again.",
            )


def inspect(path: Path | str, encoding: str | None = None) -> CustomerFile:
    """Look a whole file through; nothing is imported.

    Args:
        path: The file.
        encoding: One of :data:`ENCODINGS`; UTF-8, with or without mark, by default.

    Raises:
        EncodingWrong: It is in another encoding, which the message names as far as it can be told.
        FileRejected: It is empty or not text.
        UsageError: It cannot be read, or the encoding is not one of those known.
    """
    place = Path(path)
    wanted = _known(encoding)
    with opened(place) as file:
        status = os.fstat(file.fileno())
        head = file.read(4)
        python_name, start = _choose(place.name, head, wanted)
        sha256 = hashlib.sha256()
        first = _read_through(place.name, file, python_name, start, sha256)
    if not first:
        raise FileRejected(f"{place.name} is empty.", [FileFault(0, "", "there is nothing in it")])
    layout = {"[": "json", "{": "jsonl"}.get(first, "csv")
    if layout != "csv" and python_name != "utf-8":
        raise _wrong(place.name, 1, "JSON is UTF-8", "Save it as UTF-8 (RFC 8259).")
    return CustomerFile(
        place, status.st_size, sha256.digest(), python_name, layout, start, status.st_mtime_ns
    )


def _known(encoding: str | None) -> str | None:
    if encoding is None:
        return None
    name = encoding.lower().replace("_", "-")
    if name not in ENCODINGS:
        raise UsageError(
            f"There is no encoding {encoding!r}.", hint=f"Choose one of {', '.join(ENCODINGS)}."
        )
    return ENCODINGS[name]


def _choose(name: str, head: bytes, wanted: str | None) -> tuple[str, int]:
    """Return Python's name of the encoding and the length of its mark."""
    for mark, what in _PACKED:
        if head.startswith(mark):
            raise FileRejected(
                f"{name} is {what}.",
                [FileFault(0, "", f"it is {what}, not text")],
                hint="Unpack it, or save it as CSV UTF-8.",
            )
    for mark, title, python_name in _MARKS:
        if not head.startswith(mark):
            continue
        if wanted in ("utf-16", python_name) and python_name:
            return python_name, len(mark)
        option = " or add --encoding utf-16" if python_name else ""
        raise _wrong(name, 1, f"it is {title}", f"Save it as CSV UTF-8{option}.")
    if wanted == "utf-16":
        return "utf-16-le", 0
    marked = head.startswith(_UTF8_MARK) and wanted in (None, "utf-8")
    return wanted or "utf-8", len(_UTF8_MARK) if marked else 0


def _read_through(
    name: str, file: BinaryIO, encoding: str, start: int, sha256: hashlib._Hash
) -> str:
    """Decode the whole file and return its first character that is not blank."""
    decoder = codecs.getincrementaldecoder(encoding)()
    first, line = "", 1
    for number, block in enumerate(_blocks(file)):
        sha256.update(block)
        raw = block[start:] if number == 0 else block
        try:
            text = decoder.decode(raw)
        except UnicodeDecodeError as problem:
            line += problem.object.count(b"\n", 0, problem.start)
            raise _undecodable(name, line, encoding, problem) from None
        if "\0" in text:
            raise _no_text(name, line + text.count("\n", 0, text.index("\0")))
        line += text.count("\n")
        first = first or text.lstrip()[:1]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as problem:
        raise _undecodable(name, line, encoding, problem) from None
    return first


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while block := file.read(_BLOCK):
        yield block


def _undecodable(name: str, line: int, encoding: str, problem: UnicodeDecodeError) -> EncodingWrong:
    if b"\0" in problem.object:
        return _no_text(name, line)
    if encoding != "utf-8":
        return _wrong(name, line, f"it is not {encoding}", "Give the encoding it was saved in.")
    byte = problem.object[problem.start]
    return _wrong(
        name,
        line,
        f"byte 0x{byte:02x} is not UTF-8: it looks like Latin-1 or Windows-1252",
        "Save it as CSV UTF-8, or add --encoding windows-1252 (or latin-1).",
    )


def _no_text(name: str, line: int) -> EncodingWrong:
    return _wrong(
        name,
        line,
        "it holds NUL characters: it is UTF-16 without a mark, or no text",
        "Save it as CSV UTF-8; if it is UTF-16, add --encoding utf-16-le or utf-16-be.",
    )


def _wrong(name: str, line: int, reason: str, hint: str) -> EncodingWrong:
    return EncodingWrong(
        f"{name} cannot be read: {reason}.", [FileFault(line, "", reason)], hint=hint
    )


def opened(path: Path) -> BinaryIO:
    """Return the file, opened for reading.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a file.") from None
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be read: {problem.strerror}.", hint="Check its name and permissions."
        ) from None

"""Records out of a file, one at a time, each with the line and the byte it ends at.

A record that cannot be read becomes a fault and reading goes on behind it. No fault quotes what
stands in the file: it may be personal.
"""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from crmdapp.customers.importing.files import CustomerFile
from crmdapp.errors import FileFault, FileRejected

__all__ = [
    "RECORD_MAX",
    "Broken",
    "Heading",
    "Place",
    "Row",
    "read_heading",
    "read_rows",
    "require_closed",
]

RECORD_MAX = 1 << 16
"""Most bytes of one record; a longer one is a fault."""

LINES_MAX = 100
"""Most lines of one CSV record: a quote that is not closed must not swallow the file."""

_DELIMITERS = ",;\t|"
_DEPTH_MAX = 32
_FIRST_RECORDS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on.

    Attributes:
        offset: In bytes from the file's start.
        line: Number of the line that begins there, from 1.
    """

    offset: int
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        line: Where it begins.
        values: Its texts by column; ``None`` for something that is no text or number.
        after: What follows it.
    """

    line: int
    values: Mapping[str, str | None]
    after: Place


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that cannot be read.

    Attributes:
        line: Where it begins.
        reason: Why, without anything of what it holds.
        after: What follows it.
    """

    line: int
    reason: str
    after: Place


@dataclass(frozen=True, slots=True)
class Heading:
    """How a file's records are laid out.

    Attributes:
        columns: The columns' names; of JSON, all names of the first 100 records.
        delimiter: What separates the columns of CSV; empty for JSON.
        body: Where the records begin.
    """

    columns: tuple[str, ...]
    delimiter: str
    body: Place


def read_heading(source: CustomerFile, file: BinaryIO) -> Heading:
    """Return how the file's records are laid out.

    Raises:
        FileRejected: There is no heading, or no record.
    """
    start = Place(source.start, 1)
    if source.layout != "csv":
        columns: dict[str, None] = {}
        for number, row in enumerate(read_rows(source, file, Heading((), "", start), start)):
            if isinstance(row, Row):
                columns.update(dict.fromkeys(row.values))
            if number + 1 >= _FIRST_RECORDS:
                break
        return Heading(tuple(columns), "", start)
    lines = _Lines(file, source.encoding, start)
    text = ""
    while not text.strip():
        found = lines.take()
        if found is None:
            raise _rejected(source, 0, "it has no heading")
        text = found.text
    if "\r" in text.rstrip("\r\n"):
        raise _rejected(source, 1, "its lines end in CR alone; save it as CSV UTF-8")
    delimiter = max(_DELIMITERS, key=text.count)
    try:
        columns_read = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, strict=True))
    except csv.Error:
        raise _rejected(source, lines.place.line - 1, "the heading's quotes do not match") from None
    return Heading(tuple(name.strip() for name in columns_read), delimiter, lines.place)


def read_rows(
    source: CustomerFile, file: BinaryIO, heading: Heading, at: Place
) -> Iterator[Row | Broken]:
    """Yield the records from a place on, in order.

    Raises:
        FileRejected: A JSON array breaks off, or is followed by something.
    """
    if source.layout == "csv":
        return _csv_rows(_Lines(file, source.encoding, at), heading)
    if source.layout == "jsonl":
        return _json_lines(_Lines(file, source.encoding, at))
    return _json_items(source, file, at)


def _rejected(source: CustomerFile, line: int, reason: str) -> FileRejected:
    return FileRejected(
        f"{source.path.name} cannot be imported: {reason}.",
        [FileFault(line, "", reason)],
        hint="Mend it and run the same command again.",
    )


# --------------------------------------------------------------------------- lines


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as it was read.

    Attributes:
        text: Its text, with its end.
        number: Its number, from 1.
        after: What follows it.
        whole: Whether it is all of it; a line of more than ``RECORD_MAX`` bytes is cut.
    """

    text: str
    number: int
    after: Place
    whole: bool


class _Lines:
    """The lines of a file, which can be put back."""

    def __init__(self, file: BinaryIO, encoding: str, at: Place) -> None:
        file.seek(at.offset)
        self.place = at
        self._encoding = encoding
        self._waiting: deque[_Line] = deque()
        self._readline: Callable[[], bytes] = lambda: file.readline(RECORD_MAX)
        if encoding.startswith("utf-16"):
            newline = "\n".encode(encoding)
            self._readline = lambda: _wide_line(file, newline)
        self._newline = "\n".encode(encoding)

    def take(self) -> _Line | None:
        """Return the next line; ``None`` at the end."""
        line = self._waiting.popleft() if self._waiting else self._read()
        if line is not None:
            self.place = line.after
        return line

    def put_back(self, lines: list[_Line]) -> None:
        """Let lines that were taken be taken again."""
        self._waiting.extendleft(reversed(lines))

    def _read(self) -> _Line | None:
        raw = self._readline()
        if not raw:
            return None
        whole, size, piece = self._is_whole(raw), len(raw), raw
        while not self._is_whole(piece):  # the rest of a line that is too long
            piece = self._readline()
            size += len(piece)
        number, offset = self.place.line, self.place.offset
        text = raw.decode(self._encoding, errors="strict" if whole else "ignore")
        return _Line(text, number, Place(offset + size, number + 1), whole)

    def _is_whole(self, raw: bytes) -> bool:
        return len(raw) < RECORD_MAX or raw.endswith(self._newline)


def _wide_line(file: BinaryIO, newline: bytes) -> bytes:
    """Return a line of UTF-16, of which a newline's byte may be half of another character."""
    raw = b""
    while len(raw) < RECORD_MAX:
        piece = file.readline(RECORD_MAX - len(raw))
        raw += piece
        if len(raw) % 2:
            raw += file.read(1)
        if not piece or raw.endswith(newline):
            break
    return raw


# --------------------------------------------------------------------------- CSV


def _csv_rows(lines: _Lines, heading: Heading) -> Iterator[Row | Broken]:
    columns = heading.columns
    while (first := lines.take()) is not None:
        if not first.whole:
            yield Broken(first.number, f"it has more than {RECORD_MAX:,} bytes", first.after)
            continue
        taken = [first]
        cells, reason = _cells(lines, taken, heading.delimiter)
        if cells is not None and len(cells) == 1 and not cells[0].strip():
            continue  # a blank line
        if cells is not None and len(cells) != len(columns):
            reason = f"{len(cells)} columns instead of {len(columns)}"
            cells = None
        if cells is None:
            # A stray quote may have joined lines that are records of their own: read them again.
            lines.put_back(taken[1:])
            lines.place = first.after
            yield Broken(first.number, reason, first.after)
            continue
        yield Row(first.number, _first_of_each(columns, cells), taken[-1].after)


def _cells(lines: _Lines, taken: list[_Line], delimiter: str) -> tuple[list[str] | None, str]:
    """Return a record's cells, taking as many lines as its quotes need."""
    text = taken[0].text
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter), ""
    size = len(text)
    while True:
        try:
            texts = [line.text for line in taken]
            return next(csv.reader(texts, delimiter=delimiter, strict=True)), ""
        except csv.Error as problem:
            if "unexpected end" not in str(problem):
                return None, "its quotes do not match"
        following = lines.take() if len(taken) < LINES_MAX else None
        if following is None:
            return None, "a quote is not closed"
        taken.append(following)
        size += len(following.text)
        if size > RECORD_MAX or not following.whole:
            return None, "a quote is not closed"


def _first_of_each(columns: tuple[str, ...], cells: list[str]) -> dict[str, str | None]:
    """Return the cells by column; of columns with one name the first that is not blank."""
    found: dict[str, str | None] = {}
    for column, cell in zip(columns, cells, strict=True):
        if not found.get(column):
            found[column] = cell
    return found


# --------------------------------------------------------------------------- JSON


def _json_lines(lines: _Lines) -> Iterator[Row | Broken]:
    while (line := lines.take()) is not None:
        if not line.whole:
            yield Broken(line.number, f"it has more than {RECORD_MAX:,} bytes", line.after)
        elif line.text.strip():
            yield _json_row(line.text, line.number, line.after)


def _json_row(text: str | bytes, line: int, after: Place) -> Row | Broken:
    try:
        record = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as problem:
        known = isinstance(problem, _JsonFault)
        return Broken(line, str(problem) if known else "it is not JSON", after)
    if not isinstance(record, dict):
        return Broken(line, "it is no JSON object", after)
    return Row(line, _flat(record), after)


class _JsonFault(ValueError):  # noqa: N818 - becomes a fault of the file
    """JSON that readers disagree about."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _JsonFault("a name stands in it twice")
    return found


def _no_constant(_: str) -> Any:
    raise _JsonFault("NaN and Infinity are not JSON")


def _flat(record: Mapping[str, Any]) -> dict[str, str | None]:
    """Return a record's texts by name, whatever its product wraps them in.

    HubSpot keeps fields under ``properties``, Salesforce those of a related record under its name;
    Odoo writes ``false`` for nothing and ``[id, name]`` for a related record.
    """
    found: dict[str, str | None] = {}
    for name, value in record.items():
        if name == "properties" and isinstance(value, dict):
            found.update({key: _text(inner) for key, inner in value.items()})
        elif isinstance(value, dict):
            found.update({f"{name}.{key}": _text(inner) for key, inner in value.items()})
        else:
            found[name] = _text(value)
    return found


def _text(value: Any) -> str | None:
    if value is None or value is False:
        return ""
    if value is True:
        return "true"
    if isinstance(value, str):
        return value if value.isascii() or _is_whole_text(value) else None
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], str):
        return value[1]
    return "" if value == [] else None


def _is_whole_text(value: str) -> bool:
    """Return whether a text holds no half of a surrogate pair."""
    return not any("\ud800" <= char <= "\udfff" for char in value)


_MARK = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
_BETWEEN = re.compile(rb"[ \t\r\n]*")
_BLOCK = 1 << 18


def require_closed(source: CustomerFile, file: BinaryIO) -> None:
    """Check that every object of a JSON array is closed, and the array too.

    Raises:
        FileRejected: It breaks off, or is followed by something.
    """
    if source.layout == "json":
        for _ in _spans(source, file, Place(source.start, 1)):
            pass


def _json_items(source: CustomerFile, file: BinaryIO, at: Place) -> Iterator[Row | Broken]:
    for raw, line, after in _spans(source, file, at):
        yield _json_row(raw, line, after)


def _spans(source: CustomerFile, file: BinaryIO, at: Place) -> Iterator[tuple[bytes, int, Place]]:
    """Yield the objects of one array, their first lines, what follows; none is held but one."""
    window = _Window(file, at)
    if at.offset == source.start:
        window.skip_blank()
        window.drop(1)  # the bracket that told the layout
        is_first = True
    else:
        is_first = False
    while True:
        window.skip_blank()
        mark = window.peek()
        if mark == b"]":
            window.drop(1)
            window.skip_blank()
            if window.peek():
                raise _rejected(source, window.line, "something follows the end of the array")
            return
        if not is_first and mark == b",":
            window.drop(1)
            window.skip_blank()
            mark = window.peek()
        elif not is_first:
            raise _rejected(source, window.line, "a comma or the end of the array is missing")
        is_first = False
        if mark != b"{":
            raise _rejected(source, window.line, "an object is missing")
        line = window.line
        size = window.object_size()
        if size is None:
            raise _rejected(
                source, line, f"an object is not closed, or has more than {RECORD_MAX:,} bytes"
            )
        raw = window.drop(size)
        yield raw, line, window.place


class _Window:
    """The part of a file that is in memory."""

    def __init__(self, file: BinaryIO, at: Place) -> None:
        file.seek(at.offset)
        self._file = file
        self._data = b""
        self._at = 0
        self._offset = at.offset
        self.line = at.line

    @property
    def place(self) -> Place:
        """Where the window begins."""
        return Place(self._offset + self._at, self.line)

    def peek(self) -> bytes:
        """Return the next byte; nothing at the end."""
        if self._at == len(self._data):
            self._more()
        return self._data[self._at : self._at + 1]

    def drop(self, size: int) -> bytes:
        """Return the next bytes, which are in the window, and leave them behind."""
        taken = self._data[self._at : self._at + size]
        self.line += taken.count(b"\n")
        self._at += len(taken)
        return taken

    def skip_blank(self) -> None:
        """Leave spaces and line ends behind."""
        while self.peek():
            blank = _BETWEEN.match(self._data, self._at)
            assert blank is not None  # it matches nothing, too
            self.drop(len(blank[0]))
            if self._at < len(self._data):
                return

    def object_size(self) -> int | None:
        """Return how long the object is that begins here; ``None`` if it does not end in time."""
        while True:
            size = self._closed_at()
            if size is not None:
                return size if size <= RECORD_MAX else None
            if len(self._data) - self._at > RECORD_MAX or not self._more():
                return None

    def _closed_at(self) -> int | None:
        depth = 0
        for mark in _MARK.finditer(self._data, self._at):
            char = mark[0]
            if char in (b"{", b"["):
                depth += 1
                if depth > _DEPTH_MAX:
                    return RECORD_MAX + 1
            elif char in (b"}", b"]"):
                depth -= 1
                if depth == 0:
                    return mark.end() - self._at
            elif char == b'"':
                return None  # a text that goes on behind the window
        return None

    def _more(self) -> bool:
        block = self._file.read(_BLOCK)
        self._offset += self._at
        self._data = self._data[self._at :] + block
        self._at = 0
        return bool(block)

"""EPCIS documents read one event at a time, so that a file of any length needs little memory.

JSON's own reader wants a document whole. Here it is given the events one after another out of a
window that slides over the file; what stands around them is kept aside. Names that stand twice in
an object, constants that JSON does not have and halves of characters are faults, not guesses.

Source: RFC 8259 (grammar), RFC 7493 section 2 (unique names, whole characters).
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from crmdapp.errors import PermissionDenied, UsageError
from crmdapp.provenance.gs1.errors import EpcisFault
from crmdapp.provenance.gs1.event import EVENT_TYPES

__all__ = ["VALUE_MAX", "DocumentBroken", "DocumentReader", "Progress", "RawEvent", "member"]

VALUE_MAX = 1 << 24
"""Most characters of one event, or of one value of the header."""

DEPTH_MAX = 100
"""Levels of lists and objects in one value; events have some ten."""

Progress = Callable[[int, int], None]
"""Told how many bytes of how many have been read."""

_CHUNK = 1 << 18
_SPACE = re.compile(r"[ \t\r\n]*")
_BRACKET_OR_TEXT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[\[\]{}]', re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_INSIDE = {
    "$": ("epcisBody",),
    "$.epcisBody": ("eventList", "event", "queryResults"),
    "$.epcisBody.queryResults": ("resultsBody",),
    "$.epcisBody.queryResults.resultsBody": ("eventList",),
}


class DocumentBroken(Exception):  # noqa: N818 - a fault of the file, never seen by callers
    """Nothing more can be read.

    Args:
        fault: Where and why.
    """

    def __init__(self, fault: EpcisFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


class Doubled(dict[str, Any]):
    """An object in which a name stands twice; the last one counts."""


@dataclass(frozen=True, slots=True)
class RawEvent:
    """An event as it stands in the file, not yet validated.

    Attributes:
        path: Its JSON path.
        value: What stands there, an object for a valid event.
        faults: What was wrong with its JSON.
    """

    path: str
    value: Any
    faults: tuple[EpcisFault, ...] = ()


class DocumentReader:
    """One file, read once from front to back; use it in a ``with`` block.

    Args:
        path: The file.
        progress: Told after every piece that was read.

    Attributes:
        header: What stands around the events; whole once the events are read.
        faults: What was wrong with the JSON of the header so far.

    Raises:
        UsageError: There is no such file, or it is a folder.
        PermissionDenied: It cannot be read.
    """

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.header: dict[str, Any] = {}
        self.faults: list[EpcisFault] = []
        self._path = path
        self._ahead: Any = None
        self._is_ahead = False
        self._file = _opened(path)
        self._source = _Window(self._file, path.stat().st_size, progress)

    @property
    def context(self) -> Any:
        """The document's ``@context``, even if it stands behind the events."""
        return self.header.get("@context", self._ahead)

    def events(self) -> Iterator[RawEvent]:
        """Yield the events in the order of the file.

        Raises:
            DocumentBroken: It is no JSON from somewhere on.
        """
        self._source.begin()
        yield from self._object("$", self.header)
        self._source.require_end()
        if self.header.get("type") in EVENT_TYPES and "epcisBody" not in self.header:
            yield RawEvent("$", self.header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def _object(self, path: str, found: dict[str, Any]) -> Iterator[RawEvent]:
        source = self._source
        source.take("{", path)
        if source.peek() == "}":
            source.take("}", path)
            return
        separator = ","
        while separator == ",":
            name, _ = source.value(path)
            if not isinstance(name, str):
                raise source.broken(path, "a name in quotes is missing")
            place = member(path, name)
            source.take(":", place)
            if name in found:
                self.faults.append(_twice(place))
            yield from self._member(path, name, place, found)
            separator = source.take(",}", path)

    def _member(
        self, path: str, name: str, place: str, found: dict[str, Any]
    ) -> Iterator[RawEvent]:
        opening = self._source.peek()
        if name not in _INSIDE.get(path, ()):
            found[name], faults = self._source.value(place)
            self.faults.extend(faults)
        elif name == "event":
            self._look_ahead()
            found[name] = None
            yield RawEvent(place, *self._source.value(place))
        elif name == "eventList" and opening == "[":
            self._look_ahead()
            found[name] = []
            yield from self._list(place)
        elif opening == "{" and name != "eventList":
            found[name] = {}
            yield from self._object(place, found[name])
        else:
            found[name], faults = self._source.value(place)
            wanted = "a list of events" if name == "eventList" else "an object"
            self.faults.extend([*faults, EpcisFault(0, place, f"it has to be {wanted}")])

    def _list(self, path: str) -> Iterator[RawEvent]:
        source = self._source
        source.take("[", path)
        if source.peek() == "]":
            source.take("]", path)
            return
        number, separator = 0, ","
        while separator == ",":
            place = f"{path}[{number}]"
            yield RawEvent(place, *source.value(place))
            separator = source.take(",]", place)
            number += 1

    def _look_ahead(self) -> None:
        """Fetch an ``@context`` that stands behind the events, for they cannot wait for it."""
        if "@context" in self.header or self._is_ahead:
            return
        with DocumentReader(self._path) as other:
            other._is_ahead = True
            for _ in other.events():
                pass
            self._ahead = other.header.get("@context")


def _is_deep(text: str, at: int) -> bool:
    """Return whether the value that begins there is nested deeper than any event has to be."""
    depth = 0
    for token in _BRACKET_OR_TEXT.finditer(text, at):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        if depth > DEPTH_MAX:
            return True
        if depth <= 0:
            break
    return False


class _Window:
    """The part of the file that is looked at, as text."""

    def __init__(self, file: BinaryIO, size: int, progress: Progress | None) -> None:
        self._file = file
        self._size = size
        self._progress = progress
        self._read = 0
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._bytes = codecs.getincrementaldecoder("utf-8")()
        self._faulty = False
        self._json = json.JSONDecoder(
            object_pairs_hook=self._pairs, parse_float=_number, parse_constant=_no_constant
        )

    def begin(self) -> None:
        self._more("$")
        if self.peek() == "":
            raise self.broken("$", "the file is empty")

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            assert space is not None  # it matches nothing, too
            self._at = space.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more("$"):
                return ""

    def take(self, wanted: str, path: str) -> str:
        """The next character, which has to be one of these."""
        found = self.peek()
        if found == "" or found not in wanted:
            shown = repr(found) if found else "the end of the file"
            raise self.broken(path, f"{' or '.join(wanted)} is missing before {shown}")
        self._at += 1
        return found

    def value(self, path: str) -> tuple[Any, tuple[EpcisFault, ...]]:
        """The next value and what is wrong inside of it."""
        self.peek()
        while True:
            self._faulty = False
            # Python's decoder recurses as deep as a document wants, beyond the end of the stack.
            if _is_deep(self._text, self._at):
                raise self.broken(path, f"it is nested more than {DEPTH_MAX} deep")
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except ValueError as problem:
                self._grow(path, problem)
                continue
            # A number at the window's end may go on behind it.
            if end < len(self._text) or self._ended or not self._more(path):
                break
        faulty = self._faulty or _halves(self._text, self._at, end)
        self._at = end
        return value, tuple(_faults(value, path)) if faulty else ()

    def require_end(self) -> None:
        if self.peek() != "":
            raise self.broken("$", "something follows the end of the document")

    def broken(self, path: str, reason: str) -> DocumentBroken:
        line = self._line + self._text.count("\n", 0, self._at)
        return DocumentBroken(EpcisFault(line, path, reason, "nothing behind it was read"))

    def _grow(self, path: str, problem: ValueError) -> None:
        size = len(self._text) - self._at
        if size > VALUE_MAX:
            raise self.broken(path, f"it is no JSON, or longer than {VALUE_MAX:,} characters")
        if self._more(path, max(_CHUNK, size)):
            return
        if isinstance(problem, json.JSONDecodeError):
            self._at = min(problem.pos, len(self._text))
            raise self.broken(path, f"it is no JSON: {problem.msg.lower()}")
        raise self.broken(path, f"it is no JSON: {problem}")

    def _more(self, path: str, size: int = 0) -> bool:
        """Read on; ``False`` at the end of the file."""
        if self._ended:
            return False
        data = self._file.read(size or _CHUNK)
        if not self._read and data.startswith(_MARKS):
            hint = "it begins with a byte order mark; save it as UTF-8 without one"
            raise self.broken(path, hint)
        self._read += len(data)
        self._ended = not data
        self._line += self._text.count("\n", 0, self._at)
        try:
            text = self._bytes.decode(data, final=self._ended)
        except UnicodeDecodeError:
            raise self.broken(path, "it is not UTF-8; save the file as UTF-8") from None
        self._text, self._at = self._text[self._at :] + text, 0
        if self._progress is not None:
            self._progress(self._read, max(self._size, self._read))
        return not self._ended

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        self._faulty = True
        return Doubled(found)


def member(path: str, name: str) -> str:
    """Return the JSON path of a member of an object."""
    return f"{path}.{name}" if _NAME.fullmatch(name) else f"{path}[{json.dumps(name)}]"


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise UsageError(f"There is no file {path}.", hint="Check the path.") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder.", hint="Name one file in it.") from None
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be read.", why=str(problem.strerror)) from None


def _number(text: str) -> float | Decimal:
    """A fraction as ``float`` if that keeps all its digits, else as ``Decimal``."""
    value, exact = float(text), Decimal(text)
    return value if Decimal(repr(value)) == exact else exact


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _halves(text: str, start: int, end: int) -> bool:
    return text.find("\\ud", start, end) >= 0 or text.find("\\uD", start, end) >= 0


def _faults(value: Any, path: str) -> Iterator[EpcisFault]:
    if isinstance(value, Doubled):
        yield _twice(path)
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _faults(name, path)
            yield from _faults(item, member(path, name) if _is_whole(name) else path)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _faults(item, f"{path}[{number}]")
    elif isinstance(value, str) and not _is_whole(value):
        yield EpcisFault(0, path, "half of a surrogate pair is no character")


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _twice(path: str) -> EpcisFault:
    return EpcisFault(0, path, "a name stands there twice", "keep the one that is meant")

"""JSON that knows where it stands: every value with the line it begins on.

Python's own reader keeps no lines, lets a name appear twice and takes numbers that other readers
round. What is read here is I-JSON (RFC 7493), the part of JSON that RFC 8785 can put into one
canonical form: names are unique, strings are whole Unicode, whole numbers are exact in a double.

Source: RFC 8259 (grammar), RFC 7493 section 2, RFC 8785 section 3.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crmdapp.errors import FileFault, FileRejected

WHOLE_MAX = (1 << 53) - 1
"""Largest whole number that every JSON reader keeps exactly."""

DEPTH_MAX = 32

_SPACE = re.compile(r"[ \t\r\n]*")
_TOKEN = re.compile(
    r"(?P<mark>[{}\[\]:,])"
    r'|(?P<string>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*")'
    r"|(?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<word>true|false|null)"
)
_WORDS = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Node:
    """A value of the document.

    Attributes:
        value: A ``dict`` of nodes by name, a ``list`` of nodes, or a plain string, whole number,
            fraction (``float``), truth value or ``None``.
        line: Line it begins on, the first is 1; of a member: the line of its name.
    """

    value: Any
    line: int

    def plain(self) -> Any:
        """Return the value without lines."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value


class JsonFault(Exception):  # noqa: N818 - a fault of the file, never seen by callers
    """The document is no JSON, or none that has a canonical form."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    line: int


def read_json(data: bytes, name: str) -> Node:
    """Return the document with its lines.

    Args:
        data: UTF-8 without a byte order mark.
        name: What to call the file.

    Raises:
        FileRejected: It is no JSON, or none that has a canonical form; the fault names the line.
    """
    text = read_text(data, name)
    tokens = _Tokens(text)
    try:
        node = _value(tokens, DEPTH_MAX)
        tokens.require_end()
    except JsonFault as fault:
        raise rejected(name, [FileFault(tokens.line, "", str(fault))]) from None
    return node


def read_text(data: bytes, name: str) -> str:
    """Return UTF-8 bytes as text.

    Raises:
        FileRejected: They are something else, or begin with a byte order mark.
    """
    if data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        reason = "it begins with a byte order mark; save it as UTF-8 without one"
        raise rejected(name, [FileFault(1, "", reason)])
    try:
        return data.decode()
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        reason = f"byte 0x{data[problem.start]:02x} is not UTF-8; save the file as UTF-8"
        raise rejected(name, [FileFault(line, "", reason)]) from None


def rejected(name: str, faults: list[FileFault]) -> FileRejected:
    """Return the refusal of a file with these faults."""
    plural = "s" if len(faults) > 1 else ""
    return FileRejected(
        f"{name} has {len(faults)} fault{plural}.",
        faults,
        hint="Mend the lines named and run the same command again.",
    )


class _Tokens:
    def __init__(self, text: str) -> None:
        self.line = 1
        self._text = text
        self._tokens = self._scan()

    def take(self) -> _Token:
        return next(self._tokens)

    def require_end(self) -> None:
        if self.take().kind != "end":
            raise JsonFault("something follows the end of the document")

    def _scan(self) -> Iterator[_Token]:
        at = 0
        while True:
            space = _SPACE.match(self._text, at)
            assert space is not None  # it matches nothing, too
            self.line += space[0].count("\n")
            at = space.end()
            if at == len(self._text):
                yield _Token("end", "the end of the file", self.line)
                return
            token = _TOKEN.match(self._text, at)
            if token is None:
                raise JsonFault(f"it is not JSON from {_shown(self._text[at : at + 30])} on")
            assert token.lastgroup is not None
            yield _Token(token.lastgroup, token[0], self.line)
            at = token.end()


def _value(tokens: _Tokens, depth: int) -> Node:
    return _value_of(tokens.take(), tokens, depth)


def _value_of(token: _Token, tokens: _Tokens, depth: int) -> Node:
    if depth == 0:
        raise JsonFault(f"it is nested more than {DEPTH_MAX} deep")
    if token.text == "{":
        return Node(_members(tokens, depth - 1), token.line)
    if token.text == "[":
        return Node(_items(tokens, depth - 1), token.line)
    if token.kind == "string":
        return Node(_string(token.text), token.line)
    if token.kind == "number":
        return Node(_number(token.text), token.line)
    if token.kind == "word":
        return Node(_WORDS[token.text], token.line)
    raise JsonFault(f"a value is missing before {_shown(token.text)}")


def _members(tokens: _Tokens, depth: int) -> dict[str, Node]:
    found: dict[str, Node] = {}
    token = tokens.take()
    if token.text == "}":
        return found
    while True:
        if token.kind != "string":
            raise JsonFault(f"a name in quotes is missing before {_shown(token.text)}")
        name = _string(token.text)
        if name in found:
            raise JsonFault(f"{_shown(name)} stands there twice")
        _require(tokens.take(), ":")
        found[name] = Node(_value(tokens, depth).value, token.line)
        if _require(tokens.take(), ",", "}") == "}":
            return found
        token = tokens.take()


def _items(tokens: _Tokens, depth: int) -> list[Node]:
    found: list[Node] = []
    token = tokens.take()
    if token.text == "]":
        return found
    while True:
        found.append(_value_of(token, tokens, depth))
        if _require(tokens.take(), ",", "]") == "]":
            return found
        token = tokens.take()


def _require(token: _Token, *wanted: str) -> str:
    if token.kind != "mark" or token.text not in wanted:
        marks = " or ".join(wanted)
        raise JsonFault(f"{marks} is missing before {_shown(token.text)}")
    return token.text


def _string(text: str) -> str:
    value: str = json.loads(text)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise JsonFault("half of a surrogate pair is no character") from None
    return value


def _number(text: str) -> int | float:
    if not text.lstrip("-").isdigit():
        return float(text)
    if len(text) > len(str(WHOLE_MAX)) + 1 or abs(int(text)) > WHOLE_MAX:
        raise JsonFault(f"{text[:30]} is beyond {WHOLE_MAX:,}, where readers of JSON round")
    return int(text)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 30 else text[:27] + "...")

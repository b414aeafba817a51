"""Decoders with a fixed layout, made once for each event from the types of its generated class.

Where all of an event's data is of fixed size, as it is in most, each value sits at a known place of
the hex text that the node sends, and one look and one check each take it out. The result is what
:func:`crmdapp.chain.decode.decode_log` gives; events with data of varying size go that way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crmdapp.chain.addresses import checksum
from crmdapp.chain.decode import Event, decode_log, event_attribute, event_classes

Reader = Callable[[str], Any]
"""Takes a word, 0x and 64 hex digits."""

Writer = Callable[[Any], str]
"""Takes a value and returns its JSON text."""

WHOLE_MAX = (1 << 53) - 1
"""Largest whole number that every JSON reader keeps exactly."""

_ADDRESS_PAD = "0x" + "0" * 24
_MOST_ADDRESSES = 200_000
_HASHED = ("string", "bytes")


class Mismatch(Exception):  # noqa: N818 - never leaves the engine
    """A log's bytes are not those of the event."""


class Decoder:
    """Takes logs of one event apart.

    Args:
        twin: The event's generated class.
    """

    def __init__(self, twin: type[Event]) -> None:
        self.twin = twin
        self.name = twin.__name__
        self.topics = sum(twin.indexed)
        self._names = tuple(event_attribute(field) for field in twin.fields)
        self._template, self._writers = _template(twin, self._names)
        self._readers = _readers(twin)
        data = sum(1 for indexed in twin.indexed if not indexed)
        self._size = 2 + 64 * data

    @property
    def is_fixed(self) -> bool:
        """Whether every value has a known place."""
        return self._readers is not None

    def values(self, log: Mapping[str, Any]) -> list[Any]:
        """Return the event's values in order of declaration.

        Raises:
            Mismatch: The log is not of this event.
        """
        topics, data = log["topics"], log["data"]
        if len(topics) != self.topics + 1:
            raise Mismatch
        if self._readers is None:
            return self._slowly(log)
        if len(data) < self._size:
            raise Mismatch
        try:
            return [
                reader(topics[place]) if place > 0 else reader("0x" + data[-place : 64 - place])
                for reader, place in self._readers
            ]
        except ValueError:
            raise Mismatch from None

    def fields(self, values: list[Any]) -> str:
        """Return the values as JSON text by attribute name."""
        return self._template % tuple(
            [write(value) for write, value in zip(self._writers, values, strict=True)]
        )

    def _slowly(self, log: Mapping[str, Any]) -> list[Any]:
        found = decode_log(log)
        if found is None or type(found.event) is not self.twin:
            raise Mismatch
        return [getattr(found.event, name) for name in self._names]


class Decoders:
    """Finds the decoder of a log."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Decoder, ...]] = {}

    def of(self, topic: str) -> tuple[Decoder, ...]:
        """Return the decoders of events with that first topic, 0x hex in lower case."""
        found = self._found.get(topic)
        if found is None:
            twins = event_classes(bytes.fromhex(topic[2:]))
            found = self._found[topic] = tuple(Decoder(twin) for twin in twins)
        return found

    def decode(self, log: Mapping[str, Any]) -> tuple[Decoder, list[Any]] | None:
        """Return a log's decoder and values; ``None`` if no generated class fits."""
        topics = log["topics"]
        for decoder in self.of(topics[0].lower()) if topics else ():
            try:
                return decoder, decoder.values(log)
            except Mismatch:
                continue
        return None


def plain_json(value: Any) -> Any:
    """Return a decoded value as JSON keeps it without loss in any reader."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return value if -WHOLE_MAX <= value <= WHOLE_MAX else str(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, (tuple, list)):
        return [plain_json(item) for item in value]
    return value


def _template(twin: type[Event], names: Sequence[str]) -> tuple[str, tuple[Writer, ...]]:
    """Return the JSON text of an event with places for its values, and what writes each value."""
    parts = [f'"{name}":%s' for name in names]
    writers = [
        _write if indexed and _is_hashed(kind) else _WRITERS.get(kind.rstrip("0123456789"), _write)
        for kind, indexed in zip(twin.types, twin.indexed, strict=True)
    ]
    return "{" + ",".join(parts) + "}", tuple(writers)


def _write(value: Any) -> str:
    return json.dumps(plain_json(value), separators=(",", ":"), ensure_ascii=False)


def _write_whole(value: int) -> str:
    return str(value) if -WHOLE_MAX <= value <= WHOLE_MAX else f'"{value}"'


_WRITERS: dict[str, Writer] = {
    "address": '"{}"'.format,
    "uint": _write_whole,
    "int": _write_whole,
}


def _readers(twin: type[Event]) -> list[tuple[Reader, int]] | None:
    """Return a reader and a place for each value: a topic's number, or minus the place in data."""
    found: list[tuple[Reader, int]] = []
    topic, offset = 1, 2
    for kind, indexed in zip(twin.types, twin.indexed, strict=True):
        if indexed:
            reader = _raw if _is_hashed(kind) else _reader(kind)
            place, topic = topic, topic + 1
        else:
            reader = _reader(kind)
            place, offset = -offset, offset + 64
        if reader is None:
            return None
        found.append((reader, place))
    return found


def _is_hashed(kind: str) -> bool:
    return kind in _HASHED or kind.endswith(("]", ")"))


def _reader(kind: str) -> Reader | None:
    if _is_hashed(kind):
        return None  # of varying size
    if kind == "address":
        return _address
    if kind == "bool":
        return _bool
    if kind.startswith("uint"):
        return _uint(int(kind[4:]))
    if kind.startswith("int"):
        return _int(int(kind[3:]))
    if kind.startswith("bytes"):
        return _bytes(int(kind[5:]))
    return None


class _Addresses(dict[str, str]):
    """The addresses in words, those seen before without computing."""

    def __missing__(self, word: str) -> str:
        if word[:26] != _ADDRESS_PAD or len(word) != 66:
            raise Mismatch
        if len(self) >= _MOST_ADDRESSES:
            self.clear()
        address = self[word] = checksum("0x" + word[26:])
        return address


_address: Reader = _Addresses().__getitem__


def _bool(word: str) -> bool:
    value = int(word, 16)
    if value > 1:
        raise Mismatch
    return value == 1


def _raw(word: str) -> bytes:
    return bytes.fromhex(word[2:])


def _whole(word: str) -> int:
    return int(word, 16)


def _uint(bits: int) -> Reader:
    if bits == 256:
        return _whole

    def read(word: str) -> int:
        value = int(word, 16)
        if value >> bits:
            raise Mismatch
        return value

    return read


def _int(bits: int) -> Reader:
    half = 1 << (bits - 1)

    def read(word: str) -> int:
        value = int(word, 16)
        if value >> 255:
            value -= 1 << 256
        if not -half <= value < half:
            raise Mismatch
        return value

    return read


def _bytes(size: int) -> Reader:
    if size == 32:
        return _raw
    end = 2 + 2 * size
    rest = "0" * (64 - 2 * size)

    def read(word: str) -> bytes:
        if word[end:] != rest:
            raise Mismatch
        return bytes.fromhex(word[2:end])

    return read

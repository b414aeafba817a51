"""The GS1 event hash: 32 bytes that every partner computes alike from XML or JSON.

An event is written out as one string, its fields in a fixed order, lists sorted, values in one
form, and hashed with SHA-256. What senders add themselves comes last. Left out are the sender's
eventID, the recordTime, the certification and an error declaration: an event and its own error
declaration have the same hash.

The published package for this (epcis-event-hash-generator 1.9.3) calls itself a prototype, asks for
a web server, fetches contexts from the network, keeps namespaces in one global of the process, and
lets the order of JSON members change a hash; it reproduces 20 of the 32 hashes that its authors
publish today. Those, which a second implementation (OpenEPCIS) agrees with, are followed here.

Source: GS1 CBV 2.0, section 8.9; vectors "CBV2.0" of
https://github.com/RalphTro/epcis-event-hash-generator.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from crmdapp.provenance.gs1 import cbv
from crmdapp.provenance.gs1._canonical import canonical_text, canonical_time
from crmdapp.provenance.gs1.cbv import CbvTermUnknown, Vocabulary
from crmdapp.provenance.gs1.errors import EventUnhashable
from crmdapp.provenance.gs1.event import EpcisEvent, expanded

__all__ = ["event_hash", "event_id", "hash_of_id", "pre_hash"]

IGNORED = frozenset(
    {
        "@context",
        "type",
        "eventID",
        "recordTime",
        "certificationInfo",
        "errorDeclaration",
        "comment",
        "rdfs:comment",
    }
)
"""Fields of an event that its hash does not cover."""

DEPTH_MAX = 32
"""How deep extensions may be nested."""

_ID = re.compile(r"ni:///sha-256;([0-9a-f]{64})\?ver=CBV2\.0")
_TIMES = frozenset({"eventTime", "time", "startTime", "endTime"})
_QUANTITY = ("epcClass", "quantity", "uom")
_METADATA = (
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
)
_REPORT = (
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
)


def event_hash(event: EpcisEvent) -> bytes:
    """Return the event hash: 32 bytes.

    Raises:
        EventUnhashable: A prefix is not declared, or a part has no form the hash knows.
    """
    return hashlib.sha256(pre_hash(event).encode()).digest()


def event_id(event: EpcisEvent) -> str:
    """Return the event hash as id of the event, ``ni:///sha-256;...?ver=CBV2.0``.

    Raises:
        EventUnhashable: As of :func:`event_hash`.
    """
    return f"ni:///sha-256;{event_hash(event).hex()}?ver=CBV2.0"


def hash_of_id(text: str) -> bytes | None:
    """Return the hash that an event id states, ``None`` if it is an id of another kind."""
    found = _ID.fullmatch(text)
    return bytes.fromhex(found[1]) if found else None


def pre_hash(event: EpcisEvent) -> str:
    """Return the string that is hashed.

    Raises:
        EventUnhashable: As of :func:`event_hash`.
    """
    return _Writer(event).event()


class _Writer:
    def __init__(self, event: EpcisEvent) -> None:
        self._data = event.data
        self._namespaces = event.all_namespaces()

    def event(self) -> str:
        if not isinstance(self._data.get("type"), str):
            raise EventUnhashable("$.type", "it has to be one of the types of EPCIS")
        standard = [f"eventType={self._data['type']}"]
        added: list[str] = []
        for name, write in _FIELDS:
            if name in self._data:
                own, others = write(self, name, self._data[name], f"$.{name}")
                standard.append(own)
                added.append(others)
        known = IGNORED.union(name for name, _ in _FIELDS)
        rest = {name: value for name, value in self._data.items() if name not in known}
        return "".join([*standard, *added, *self.extensions(rest, "$")])

    # Each of the following returns what a field adds to the string, and what the extensions
    # inside of it add at the string's end.

    def simple(self, name: str, value: object, path: str) -> tuple[str, str]:
        return self.scalar(name, value, path), ""

    def word(self, name: str, value: object, path: str) -> tuple[str, str]:
        return self.scalar(name, value, path, _WORDS[name]), ""

    def epcs(self, name: str, value: object, path: str) -> tuple[str, str]:
        found = [
            self.scalar("epc", each, f"{path}[{n}]") for n, each in enumerate(_list(value, path))
        ]
        return _joined(name, sorted(found)), ""

    def quantities(self, name: str, value: object, path: str) -> tuple[str, str]:
        return self.elements(name, "quantityElement", value, path, _QUANTITY)

    def dispositions(self, name: str, value: object, path: str) -> tuple[str, str]:
        found = _mapping(value, path)
        own: list[str] = []
        for key in ("set", "unset"):
            listed = found.get(key, [])
            own += sorted(
                self.scalar(key, each, f"{path}.{key}", cbv.DISPOSITIONS)
                for each in (listed if isinstance(listed, list) else [listed])
            )
        return _joined(name, own), _joined(name, self.added(found, ("set", "unset"), path))

    def place(self, name: str, value: object, path: str) -> tuple[str, str]:
        # A bare string is short for an object with that id.
        found = {"id": value} if isinstance(value, str) else _mapping(value, path)
        own = [self.scalar("id", found["id"], f"{path}.id")] if "id" in found else []
        return _joined(name, own), _joined(name, self.added(found, ("id",), path))

    def typed(self, name: str, value: object, path: str) -> tuple[str, str]:
        element = name.removesuffix("List")
        own, added = [], []
        for number, item in enumerate(_list(value, path)):
            place = f"{path}[{number}]"
            found = _mapping(item, place)
            own.append(
                "".join(
                    self.scalar(key, found[key], f"{place}.{key}", _WORDS.get((name, key)))
                    for key in ("type", element)
                    if key in found
                )
            )
            added.append(_joined(element, self.added(found, ("type", element), place)))
        return _joined(name, sorted(own)), _joined(name, sorted(added))

    def sensors(self, name: str, value: object, path: str) -> tuple[str, str]:
        del name  # CBV 2.0 does not write the list's name, 2.1 does
        pairs = [
            self.sensor(_mapping(item, f"{path}[{n}]"), f"{path}[{n}]")
            for n, item in enumerate(_list(value, path))
        ]
        return "".join(sorted(own for own, _ in pairs)), "".join(sorted(more for _, more in pairs))

    def sensor(self, found: Mapping[str, Any], path: str) -> tuple[str, str]:
        own, added = "", ""
        if "sensorMetadata" in found:
            place = f"{path}.sensorMetadata"
            metadata = _mapping(found["sensorMetadata"], place)
            own = _joined("sensorMetadata", self.members(metadata, _METADATA, place))
            added = _joined("sensorMetadata", self.added(metadata, _METADATA, place))
        reports = self.elements(
            "", "sensorReport", found.get("sensorReport", []), f"{path}.sensorReport", _REPORT
        )
        more = self.added(found, ("sensorMetadata", "sensorReport"), path)
        return (
            _joined("sensorElement", [own, reports[0]]),
            _joined("sensorElement", [added, reports[1], *more]),
        )

    def ilmd(self, name: str, value: object, path: str) -> tuple[str, str]:
        return _joined(name, self.extensions(_mapping(value, path), path)), ""

    def elements(
        self, name: str, element: str, value: object, path: str, order: tuple[str, ...]
    ) -> tuple[str, str]:
        own, added = [], []
        for number, item in enumerate(_list(value, path)):
            place = f"{path}[{number}]"
            found = _mapping(item, place)
            own.append(_joined(element, self.members(found, order, place)))
            added.append(_joined(element, self.added(found, order, place)))
        return _joined(name, sorted(own)), _joined(name, sorted(added))

    def members(self, found: Mapping[str, Any], order: tuple[str, ...], path: str) -> list[str]:
        return [
            self.scalar(key, found[key], f"{path}.{key}", _WORDS.get(("sensorReport", key)))
            if order is _REPORT
            else self.scalar(key, found[key], f"{path}.{key}")
            for key in order
            if key in found
        ]

    def added(self, found: Mapping[str, Any], standard: tuple[str, ...], path: str) -> list[str]:
        """What stands in an object of EPCIS beside its own fields."""
        rest = {key: value for key, value in found.items() if key not in standard}
        return self.extensions(rest, path)

    def extensions(self, found: Mapping[str, Any], path: str, depth: int = DEPTH_MAX) -> list[str]:
        texts: list[str] = []
        for key, value in found.items():
            if key in ("rdfs:comment", "comment"):
                continue
            name = self.name(key, path)
            texts += [self.extension(name, item, f"{path}.{key}", depth) for item in _flat(value)]
        return sorted(texts)

    def extension(self, name: str, value: object, path: str, depth: int) -> str:
        if depth == 0:
            raise EventUnhashable(path, f"it is nested more than {DEPTH_MAX} deep")
        if isinstance(value, Mapping):
            return name + "".join(self.extensions(value, path, depth - 1))
        text = _text(value, path)
        return f"{name}={canonical_text(text)}" if text else name

    def name(self, key: str, path: str) -> str:
        found = expanded(key, self._namespaces)
        if found is None:
            prefix = key.partition(":")[0]
            raise EventUnhashable(f"{path}.{key}", f"@context does not declare {prefix!r}")
        namespace, local = found
        return f"{{{namespace}}}{local}" if namespace else local

    def scalar(self, key: str, value: object, path: str, words: Vocabulary | None = None) -> str:
        text = _text(value, path)
        if not text:
            return ""
        if key in _TIMES:
            return f"{key}={canonical_time(text)}"
        if words is not None:
            try:
                return f"{key}={words.iri(text)}"
            except CbvTermUnknown:
                pass  # a term of the sender's own
        return f"{key}={canonical_text(text)}"


def _text(value: object, path: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if value is None:
        return ""
    raise EventUnhashable(path, "it has to be a single value")


def _list(value: object, path: str) -> Iterable[object]:
    if not isinstance(value, list):
        raise EventUnhashable(path, "it has to be a list")
    return value


def _mapping(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise EventUnhashable(path, "it has to be an object")
    return value


def _flat(value: object) -> Iterable[object]:
    if isinstance(value, list):
        for item in value:
            yield from _flat(item)
    else:
        yield value


def _joined(name: str, parts: Iterable[str]) -> str:
    text = "".join(parts)
    return name + text if text else ""


_WORDS: dict[Any, Vocabulary] = {
    "bizStep": cbv.BIZ_STEPS,
    "disposition": cbv.DISPOSITIONS,
    ("bizTransactionList", "type"): cbv.TRANSACTION_TYPES,
    ("sourceList", "type"): cbv.PARTY_TYPES,
    ("destinationList", "type"): cbv.PARTY_TYPES,
    ("sensorReport", "type"): cbv.MEASUREMENT_TYPES,
    ("sensorReport", "exception"): cbv.ALERT_TYPES,
}

_Write = Callable[[_Writer, str, object, str], tuple[str, str]]

_FIELDS: tuple[tuple[str, _Write], ...] = (
    ("eventTime", _Writer.simple),
    ("eventTimeZoneOffset", _Writer.simple),
    ("epcList", _Writer.epcs),
    ("parentID", _Writer.simple),
    ("inputEPCList", _Writer.epcs),
    ("childEPCs", _Writer.epcs),
    ("quantityList", _Writer.quantities),
    ("childQuantityList", _Writer.quantities),
    ("inputQuantityList", _Writer.quantities),
    ("outputEPCList", _Writer.epcs),
    ("outputQuantityList", _Writer.quantities),
    ("action", _Writer.simple),
    ("transformationID", _Writer.simple),
    ("bizStep", _Writer.word),
    ("disposition", _Writer.word),
    ("persistentDisposition", _Writer.dispositions),
    ("readPoint", _Writer.place),
    ("bizLocation", _Writer.place),
    ("bizTransactionList", _Writer.typed),
    ("sourceList", _Writer.typed),
    ("destinationList", _Writer.typed),
    ("sensorElementList", _Writer.sensors),
    ("ilmd", _Writer.ilmd),
)

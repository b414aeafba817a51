"""Validation of EPCIS documents beyond their schema: what a schema cannot see goes on a ledger too.

Nothing is fetched: a prefix counts as declared only if the file itself says what it stands for,
because the event hash covers the namespace. All faults are reported, each with its JSON path.

Source: GS1 EPCIS 2.0, sections 7.3 and 7.4; GS1 CBV 2.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from crmdapp.provenance.gs1 import cbv
from crmdapp.provenance.gs1._canonical import read_time
from crmdapp.provenance.gs1._checks import Checks
from crmdapp.provenance.gs1._parts import PARTS
from crmdapp.provenance.gs1._reading import member
from crmdapp.provenance.gs1.errors import SHOWN, EpcisFault
from crmdapp.provenance.gs1.event import (
    EVENT_TYPES,
    EpcisEvent,
    context_namespaces,
    names_epcis,
    unknown_contexts,
)

__all__ = ["ACTIONS", "SKEW", "validate_event", "validate_header"]

ACTIONS = ("ADD", "OBSERVE", "DELETE")

SKEW = timedelta(hours=1)
"""How far an event may lie in the future, because clocks differ; the ledger allows as much."""

_OFFSET = re.compile(r"[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VERSION = re.compile(r"2\.[0-9]+(?:\.[0-9]+)?")

_COMMON = (
    "@context",
    "type",
    "eventID",
    "eventTime",
    "eventTimeZoneOffset",
    "recordTime",
    "errorDeclaration",
    "certificationInfo",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
)
_OF_TYPE = {
    "ObjectEvent": ("action", "epcList", "quantityList", "ilmd"),
    "AggregationEvent": ("action", "parentID", "childEPCs", "childQuantityList"),
    "TransactionEvent": ("action", "parentID", "epcList", "quantityList"),
    "TransformationEvent": (
        "inputEPCList",
        "inputQuantityList",
        "outputEPCList",
        "outputQuantityList",
        "transformationID",
        "ilmd",
    ),
    "AssociationEvent": ("action", "parentID", "childEPCs", "childQuantityList"),
}
_HEADER = (
    "@context",
    "id",
    "type",
    "schemaVersion",
    "creationDate",
    "sender",
    "receiver",
    "instanceIdentifier",
    "epcisHeader",
    "epcisBody",
)
_DOCUMENTS = ("EPCISDocument", "EPCISQueryDocument")


def validate_event(
    event: EpcisEvent, path: str = "$", *, now: datetime, skew: timedelta = SKEW
) -> tuple[EpcisFault, ...]:
    """Return what is wrong with an event.

    Args:
        event: The event.
        path: Its JSON path in the document.
        now: The present time, aware.
        skew: How far times may lie in the future.
    """
    checks = Checks(event.all_namespaces(), now, skew)
    data = dict(event.data)
    kind = data.get("type")
    if kind not in EVENT_TYPES:
        shown = "the type is missing" if kind is None else f"{str(kind)[:SHOWN]!r} is no event type"
        checks.fault(f"{path}.type", shown, f"one of {', '.join(EVENT_TYPES)}")
        return tuple(checks.faults)
    checks.fields(data, (*_COMMON, *_OF_TYPE[kind]), path)
    _context(checks, data, path)
    _times(checks, data, path)
    _words(checks, data, path)
    for name, check in PARTS.items():
        if name in data and name in (*_COMMON, *_OF_TYPE[kind]):
            check(checks, data[name], f"{path}.{name}")
    _RULES[kind](checks, data, path)
    return tuple(checks.faults)


def validate_header(
    header: Mapping[str, Any], *, now: datetime, skew: timedelta = SKEW
) -> tuple[EpcisFault, ...]:
    """Return what is wrong with a document around its events.

    Args:
        header: The document without its events.
        now: The present time, aware.
        skew: How far times may lie in the future.
    """
    checks = Checks(EpcisEvent(header).all_namespaces(), now, skew)
    if header.get("type") in EVENT_TYPES and "epcisBody" not in header:
        _epcis_context(checks, header)
        return tuple(checks.faults)  # a single event, checked as such
    checks.fields(header, _HEADER, "$")
    _epcis_context(checks, header)
    if header.get("type") not in _DOCUMENTS:
        checks.fault("$.type", "it is no EPCIS document", f"one of {', '.join(_DOCUMENTS)}")
    version = header.get("schemaVersion")
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        checks.fault("$.schemaVersion", "it has to be 2.0", "convert older documents first")
    if "creationDate" in header:
        checks.past(header["creationDate"], "$.creationDate")
    else:
        checks.fault("$", "the creationDate is missing")
    for name in ("sender", "receiver"):
        if name in header:
            checks.epc(header[name], f"$.{name}")
    _body(checks, header)
    return tuple(checks.faults)


def _body(checks: Checks, header: Mapping[str, Any]) -> None:
    is_query = header.get("type") == "EPCISQueryDocument"
    path, found = "$", header
    for name in ("epcisBody", "queryResults", "resultsBody") if is_query else ("epcisBody",):
        inner = found.get(name)
        if not isinstance(inner, dict):
            checks.fault(path, f"the {name} is missing")
            return
        path, found = f"{path}.{name}", inner
    if "eventList" not in found and "event" not in found:
        checks.fault(path, "the eventList is missing")


def _epcis_context(checks: Checks, header: Mapping[str, Any]) -> None:
    context = header.get("@context")
    if not names_epcis(context):
        checks.fault(
            '$["@context"]',
            "it does not name the context of EPCIS",
            "begin it with https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
        )
    _context(checks, header, "$")


def _context(checks: Checks, found: Mapping[str, Any], path: str) -> None:
    if "@context" not in found:
        return
    place = member(path, "@context")
    context = found["@context"]
    for address in unknown_contexts(context):
        checks.fault(
            place,
            f"{address[:SHOWN]!r} would have to be fetched",
            "write its prefixes into the file",
        )
    for prefix, address in context_namespaces(context).items():
        checks.uri(address, member(place, prefix))


def _times(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    for name in ("eventTime", "eventTimeZoneOffset"):
        if name not in data:
            checks.fault(path, f"the {name} is missing")
    moment = checks.past(data["eventTime"], f"{path}.eventTime") if "eventTime" in data else None
    if moment is not None and moment < _EPOCH:
        checks.fault(f"{path}.eventTime", "it lies before 1970", "the ledger has no such times")
    if "eventTimeZoneOffset" in data:
        _offset(checks, data, path)
    if "recordTime" in data:
        recorded = checks.past(data["recordTime"], f"{path}.recordTime")
        if recorded is not None and moment is not None and recorded < moment - checks.skew:
            checks.fault(f"{path}.recordTime", "it lies before the eventTime")


def _offset(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    place = f"{path}.eventTimeZoneOffset"
    text = checks.text(data["eventTimeZoneOffset"], place)
    if text is None:
        return
    if not _OFFSET.fullmatch(text):
        checks.fault(place, f"{text[:SHOWN]!r} is no offset", "write it as +02:00")
        return
    written = str(data.get("eventTime", ""))
    own = written[-6:]
    # A time in UTC says nothing of the place; one with another offset says another place.
    if read_time(written) is not None and not written.endswith(("Z", "+00:00", "-00:00", text)):
        checks.fault(place, f"the eventTime has the offset {own}, this says {text}")


def _words(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    if "bizStep" in data:
        checks.word(data["bizStep"], cbv.BIZ_STEPS, f"{path}.bizStep")
    if "disposition" in data:
        checks.word(data["disposition"], cbv.DISPOSITIONS, f"{path}.disposition")
    if "eventID" in data:
        checks.uri(data["eventID"], f"{path}.eventID")


def _action(checks: Checks, data: Mapping[str, Any], path: str) -> object:
    action = data.get("action")
    if action is None:
        checks.fault(path, "the action is missing", f"one of {', '.join(ACTIONS)}")
    elif action not in ACTIONS:
        shown = str(action)[:SHOWN]
        checks.fault(f"{path}.action", f"{shown!r} is no action", f"one of {', '.join(ACTIONS)}")
    return action


def _object_rules(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    action = _action(checks, data, path)
    if not any(data.get(name) for name in ("epcList", "quantityList", "sensorElementList")):
        checks.fault(path, "it is about nothing", "fill the epcList or the quantityList")
    if "ilmd" in data and action != "ADD":
        hint = "master data comes with the commissioning: action ADD"
        checks.fault(f"{path}.ilmd", "ILMD stands only where things come into being", hint)


def _aggregation_rules(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    action = _action(checks, data, path)
    if "parentID" not in data and action != "OBSERVE":
        checks.fault(path, "the parentID is missing")
    _children(checks, data, path, action)


def _association_rules(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    action = _action(checks, data, path)
    if "parentID" not in data:
        checks.fault(path, "the parentID is missing")
    _children(checks, data, path, action)


def _transaction_rules(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    action = _action(checks, data, path)
    if not data.get("bizTransactionList"):
        checks.fault(path, "the bizTransactionList is missing")
    # DELETE without things takes all of them out of the transaction.
    named = any(data.get(name) for name in ("epcList", "quantityList", "parentID"))
    if action != "DELETE" and not named:
        checks.fault(path, "it is about nothing", "fill the epcList or the quantityList")


def _transformation_rules(checks: Checks, data: Mapping[str, Any], path: str) -> None:
    inputs = any(data.get(name) for name in ("inputEPCList", "inputQuantityList"))
    outputs = any(data.get(name) for name in ("outputEPCList", "outputQuantityList"))
    if not inputs and not outputs:
        checks.fault(path, "it has neither inputs nor outputs")
    elif not (inputs and outputs) and "transformationID" not in data:
        missing = "outputs" if inputs else "inputs"
        hint = "a transformationID ties it to the event that has them"
        checks.fault(path, f"it has no {missing}", hint)


def _children(checks: Checks, data: Mapping[str, Any], path: str, action: object) -> None:
    # DELETE without children takes all of them out of the parent.
    if action != "DELETE" and not any(data.get(n) for n in ("childEPCs", "childQuantityList")):
        checks.fault(path, "it has no children", "fill childEPCs or childQuantityList")


_RULES = {
    "ObjectEvent": _object_rules,
    "AggregationEvent": _aggregation_rules,
    "TransactionEvent": _transaction_rules,
    "TransformationEvent": _transformation_rules,
    "AssociationEvent": _association_rules,
}

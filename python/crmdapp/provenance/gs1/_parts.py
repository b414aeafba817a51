"""Validation of what stands inside of events: quantities, places, parties, sensors, corrections.

Source: GS1 EPCIS 2.0, sections 7.3.3 to 7.3.7; GS1 CBV 2.0, section 7.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from crmdapp.provenance.gs1 import cbv
from crmdapp.provenance.gs1._checks import Checks
from crmdapp.provenance.gs1._reading import member
from crmdapp.provenance.gs1.digital_link import DigitalLink

__all__ = ["PARTS"]

_UNIT = re.compile(r"[A-Z0-9]{2,3}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_METADATA_URIS = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_REPORT_URIS = (
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "microorganism",
    "chemicalSubstance",
    "coordinateReferenceSystem",
    "uriValue",
)
_REPORT_NUMBERS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_REPORT_TEXTS = ("stringValue", "component", "uom")
_PERCENT = 100


def epcs(checks: Checks, value: object, path: str) -> None:
    """Check a list of single things; none may stand there twice."""
    seen: dict[str, str] = {}
    for number, item in enumerate(checks.listed(value, path)):
        place = f"{path}[{number}]"
        found = checks.epc(item, place)
        if found is None:
            continue
        text, link = found
        if link is not None and not link.is_instance:
            hint = "name it in the quantity list instead"
            checks.fault(place, f"{text!r} is a class of things, not one of them", hint)
        identity = link.identity if link is not None else text
        if identity in seen:
            checks.fault(place, f"the same stands at {seen[identity]} already")
        seen.setdefault(identity, place)


def epc(checks: Checks, value: object, path: str) -> None:
    """Check one thing."""
    checks.epc(value, path)


def quantities(checks: Checks, value: object, path: str) -> None:
    """Check a list of quantities of classes."""
    for number, item in enumerate(checks.listed(value, path)):
        place = f"{path}[{number}]"
        found = checks.mapping(item, place)
        if found is not None:
            _quantity(checks, found, place)


def place_(checks: Checks, value: object, path: str) -> None:
    """Check a read point or business location."""
    found = checks.mapping(value, path)
    if found is None:
        return
    checks.fields(found, ("id",), path)
    if "id" in found:
        checks.epc(found["id"], f"{path}.id")
    else:
        checks.fault(path, "the id is missing")


def transactions(checks: Checks, value: object, path: str) -> None:
    """Check a list of business documents."""
    _typed(checks, value, path, "bizTransaction", needs_type=False)


def sources(checks: Checks, value: object, path: str) -> None:
    """Check a list of sources."""
    _typed(checks, value, path, "source", needs_type=True)


def destinations(checks: Checks, value: object, path: str) -> None:
    """Check a list of destinations."""
    _typed(checks, value, path, "destination", needs_type=True)


def persistent(checks: Checks, value: object, path: str) -> None:
    """Check dispositions that last until they are unset."""
    found = checks.mapping(value, path)
    if found is None:
        return
    checks.fields(found, ("set", "unset"), path)
    named: dict[str, str] = {}
    for key in ("set", "unset"):
        for number, item in enumerate(checks.listed(found.get(key, []), f"{path}.{key}")):
            place = f"{path}.{key}[{number}]"
            checks.word(item, cbv.DISPOSITIONS, place)
            if item in named:
                checks.fault(place, f"the same stands at {named[item]} already")
            elif isinstance(item, str):
                named[item] = place
    if not named and not found.get("set") and not found.get("unset"):
        checks.fault(path, "it sets and unsets nothing", "leave the field out")


def error(checks: Checks, value: object, path: str) -> None:
    """Check the declaration that an event is wrong."""
    found = checks.mapping(value, path)
    if found is None:
        return
    checks.fields(found, ("declarationTime", "reason", "correctiveEventIDs"), path)
    if "declarationTime" in found:
        checks.past(found["declarationTime"], f"{path}.declarationTime")
    else:
        checks.fault(path, "the declarationTime is missing")
    if "reason" in found:
        checks.word(found["reason"], cbv.ERROR_REASONS, f"{path}.reason")
    place = f"{path}.correctiveEventIDs"
    for number, item in enumerate(checks.listed(found.get("correctiveEventIDs", []), place)):
        checks.uri(item, f"{place}[{number}]")


def certification(checks: Checks, value: object, path: str) -> None:
    """Check where certificates are."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            checks.uri(item, f"{path}[{number}]")
    else:
        checks.uri(value, path)


def sensors(checks: Checks, value: object, path: str) -> None:
    """Check a list of sensor elements."""
    for number, item in enumerate(checks.listed(value, path)):
        place = f"{path}[{number}]"
        found = checks.mapping(item, place)
        if found is None:
            continue
        checks.fields(found, ("sensorMetadata", "sensorReport"), place)
        if "sensorMetadata" in found:
            _metadata(checks, found["sensorMetadata"], f"{place}.sensorMetadata")
        reports = checks.listed(found.get("sensorReport", []), f"{place}.sensorReport")
        if not reports:
            checks.fault(place, "it has no sensorReport", "a sensor element reports something")
        for at, report in enumerate(reports):
            _report(checks, report, f"{place}.sensorReport[{at}]")


def ilmd(checks: Checks, value: object, path: str) -> None:
    """Check master data of an instance or lot: all of it has a namespace."""
    found = checks.mapping(value, path)
    for name, item in (found or {}).items():
        if ":" not in name:
            hint = "write it with a prefix that @context declares, such as cbvmda:lotNumber"
            checks.fault(member(path, name), "ILMD has no fields without a namespace", hint)
        else:
            checks.extension(name, item, path)


def _quantity(checks: Checks, found: dict[str, Any], path: str) -> None:
    checks.fields(found, ("epcClass", "quantity", "uom"), path)
    if "epcClass" not in found:
        checks.fault(path, "the epcClass is missing")
    else:
        named = checks.epc(found["epcClass"], f"{path}.epcClass")
        if named is not None and _is_one(*named):
            hint = "name it in the list of EPCs instead"
            checks.fault(f"{path}.epcClass", f"{named[0]!r} is one thing, not a class", hint)
    amount = None
    if "quantity" in found:
        amount = checks.number(found["quantity"], f"{path}.quantity")
        if amount is not None and amount < 0:
            checks.fault(f"{path}.quantity", f"{amount} is less than nothing")
    if "uom" in found:
        _unit(checks, found["uom"], f"{path}.uom")
        if "quantity" not in found:
            checks.fault(f"{path}.uom", "a unit needs a quantity")
    elif amount is not None and amount != int(amount):
        hint = 'add the unit: "uom": "KGM"'
        checks.fault(f"{path}.quantity", f"{amount} without a unit is no count of things", hint)


def _is_one(text: str, link: DigitalLink | None) -> bool:
    # Of the other keys a link cannot say that it stands for a class, as a URN's pattern does.
    if link is None or not link.is_instance:
        return False
    return link.key in ("01", "8006", "8010") or text.startswith("urn:epc:id:")


def _unit(checks: Checks, value: object, path: str) -> None:
    text = checks.text(value, path)
    if text is not None and not _UNIT.fullmatch(text):
        hint = "take the code of UN/ECE Recommendation 20, such as KGM or CEL"
        checks.fault(path, f"{text[:20]!r} is no unit", hint)


def _typed(checks: Checks, value: object, path: str, name: str, *, needs_type: bool) -> None:
    words = cbv.PARTY_TYPES if needs_type else cbv.TRANSACTION_TYPES
    for number, item in enumerate(checks.listed(value, path)):
        place = f"{path}[{number}]"
        found = checks.mapping(item, place)
        if found is None:
            continue
        checks.fields(found, ("type", name), place)
        if "type" in found:
            checks.word(found["type"], words, f"{place}.type")
        elif needs_type:
            checks.fault(place, "the type is missing", f"say which: {', '.join(words.terms)}")
        if name in found:
            checks.epc(found[name], f"{place}.{name}")
        else:
            checks.fault(place, f"the {name} is missing")


def _metadata(checks: Checks, value: object, path: str) -> None:
    found = checks.mapping(value, path)
    if found is None:
        return
    checks.fields(found, ("time", "startTime", "endTime", *_METADATA_URIS), path)
    moments: dict[str, datetime | None] = {
        name: checks.past(found[name], f"{path}.{name}")
        for name in ("time", "startTime", "endTime")
        if name in found
    }
    start, end = moments.get("startTime"), moments.get("endTime")
    if start is not None and end is not None and start > end:
        checks.fault(f"{path}.endTime", "it lies before the startTime")
    for name in _METADATA_URIS:
        if name in found:
            checks.epc(found[name], f"{path}.{name}")


def _report(checks: Checks, value: object, path: str) -> None:
    found = checks.mapping(value, path)
    if found is None:
        return
    known = ("type", "exception", "time", "booleanValue", "hexBinaryValue")
    checks.fields(found, (*known, *_REPORT_URIS, *_REPORT_NUMBERS, *_REPORT_TEXTS), path)
    if "type" not in found and "exception" not in found:
        checks.fault(path, "it has neither type nor exception", "say what was measured")
    for name, words in (("type", cbv.MEASUREMENT_TYPES), ("exception", cbv.ALERT_TYPES)):
        if name in found:
            checks.word(found[name], words, f"{path}.{name}")
    _each(checks.past, found, ("time",), path)
    _each(checks.epc, found, _REPORT_URIS, path)
    _each(checks.text, found, _REPORT_TEXTS, path)
    if not isinstance(found.get("booleanValue", True), bool):
        checks.fault(f"{path}.booleanValue", "it has to be true or false without quotes")
    _hex(checks, found, path)
    _numbers(checks, found, path)


def _each(
    check: Callable[[object, str], object], found: dict[str, Any], names: tuple[str, ...], path: str
) -> None:
    for name in names:
        if name in found:
            check(found[name], f"{path}.{name}")


def _hex(checks: Checks, found: dict[str, Any], path: str) -> None:
    if "hexBinaryValue" not in found:
        return
    text = checks.text(found["hexBinaryValue"], f"{path}.hexBinaryValue")
    if text is not None and not _HEX.fullmatch(text):
        checks.fault(f"{path}.hexBinaryValue", "it has to be whole bytes in hexadecimal digits")


def _numbers(checks: Checks, found: dict[str, Any], path: str) -> None:
    numbers: dict[str, float | Decimal | None] = {
        name: checks.number(found[name], f"{path}.{name}")
        for name in _REPORT_NUMBERS
        if name in found
    }
    least, most = numbers.get("minValue"), numbers.get("maxValue")
    if least is not None and most is not None and least > most:
        checks.fault(f"{path}.maxValue", f"{most} is less than the minValue {least}")
    rank = numbers.get("percRank")
    if rank is not None and not 0 <= rank <= _PERCENT:
        checks.fault(f"{path}.percRank", f"{rank} is no percentage")


PARTS = {
    "epcList": epcs,
    "parentID": epc,
    "childEPCs": epcs,
    "inputEPCList": epcs,
    "outputEPCList": epcs,
    "quantityList": quantities,
    "childQuantityList": quantities,
    "inputQuantityList": quantities,
    "outputQuantityList": quantities,
    "transformationID": epc,
    "readPoint": place_,
    "bizLocation": place_,
    "bizTransactionList": transactions,
    "sourceList": sources,
    "destinationList": destinations,
    "persistentDisposition": persistent,
    "errorDeclaration": error,
    "certificationInfo": certification,
    "sensorElementList": sensors,
    "ilmd": ilmd,
}
"""Who checks which field."""

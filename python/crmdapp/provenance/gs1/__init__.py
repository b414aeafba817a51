"""GS1 standards: identifiers, vocabulary, EPCIS documents and the event hash.

The names below are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdapp.provenance.gs1.capturing import Capture as Capture
    from crmdapp.provenance.gs1.capturing import CapturedEvent as CapturedEvent
    from crmdapp.provenance.gs1.capturing import CaptureStream as CaptureStream
    from crmdapp.provenance.gs1.capturing import capture as capture
    from crmdapp.provenance.gs1.capturing import captured as captured
    from crmdapp.provenance.gs1.cbv import ALERT_TYPES as ALERT_TYPES
    from crmdapp.provenance.gs1.cbv import BIZ_STEPS as BIZ_STEPS
    from crmdapp.provenance.gs1.cbv import DISPOSITIONS as DISPOSITIONS
    from crmdapp.provenance.gs1.cbv import ERROR_REASONS as ERROR_REASONS
    from crmdapp.provenance.gs1.cbv import MEASUREMENT_TYPES as MEASUREMENT_TYPES
    from crmdapp.provenance.gs1.cbv import PARTY_TYPES as PARTY_TYPES
    from crmdapp.provenance.gs1.cbv import TRANSACTION_TYPES as TRANSACTION_TYPES
    from crmdapp.provenance.gs1.cbv import Vocabulary as Vocabulary
    from crmdapp.provenance.gs1.digital_link import DigitalLink as DigitalLink
    from crmdapp.provenance.gs1.digital_link import build_digital_link as build_digital_link
    from crmdapp.provenance.gs1.digital_link import parse_digital_link as parse_digital_link
    from crmdapp.provenance.gs1.documents import document_header as document_header
    from crmdapp.provenance.gs1.documents import export as export
    from crmdapp.provenance.gs1.epc import canonical_epc as canonical_epc
    from crmdapp.provenance.gs1.epc import epc_hash as epc_hash
    from crmdapp.provenance.gs1.epc import from_urn as from_urn
    from crmdapp.provenance.gs1.epc import identifier as identifier
    from crmdapp.provenance.gs1.epc import to_urn as to_urn
    from crmdapp.provenance.gs1.errors import CbvTermUnknown as CbvTermUnknown
    from crmdapp.provenance.gs1.errors import EpcisFault as EpcisFault
    from crmdapp.provenance.gs1.errors import EpcisRejected as EpcisRejected
    from crmdapp.provenance.gs1.errors import EventUnhashable as EventUnhashable
    from crmdapp.provenance.gs1.errors import Gs1IdentifierInvalid as Gs1IdentifierInvalid
    from crmdapp.provenance.gs1.event import EpcisEvent as EpcisEvent
    from crmdapp.provenance.gs1.hashing import event_hash as event_hash
    from crmdapp.provenance.gs1.hashing import event_id as event_id
    from crmdapp.provenance.gs1.keys import check_digit as check_digit
    from crmdapp.provenance.gs1.keys import gtin14 as gtin14
    from crmdapp.provenance.gs1.keys import require_check_digit as require_check_digit
    from crmdapp.provenance.gs1.validation import validate_event as validate_event
    from crmdapp.provenance.gs1.validation import validate_header as validate_header

_HOMES = {
    "ALERT_TYPES": "cbv",
    "BIZ_STEPS": "cbv",
    "Capture": "capturing",
    "CaptureStream": "capturing",
    "CapturedEvent": "capturing",
    "CbvTermUnknown": "errors",
    "DISPOSITIONS": "cbv",
    "DigitalLink": "digital_link",
    "ERROR_REASONS": "cbv",
    "EpcisEvent": "event",
    "EpcisFault": "errors",
    "EpcisRejected": "errors",
    "EventUnhashable": "errors",
    "Gs1IdentifierInvalid": "errors",
    "MEASUREMENT_TYPES": "cbv",
    "PARTY_TYPES": "cbv",
    "TRANSACTION_TYPES": "cbv",
    "Vocabulary": "cbv",
    "build_digital_link": "digital_link",
    "canonical_epc": "epc",
    "capture": "capturing",
    "captured": "capturing",
    "check_digit": "keys",
    "document_header": "documents",
    "epc_hash": "epc",
    "event_hash": "hashing",
    "event_id": "hashing",
    "export": "documents",
    "from_urn": "epc",
    "gtin14": "keys",
    "identifier": "epc",
    "parse_digital_link": "digital_link",
    "require_check_digit": "keys",
    "to_urn": "epc",
    "validate_event": "validation",
    "validate_header": "validation",
}

__all__ = [
    "ALERT_TYPES",
    "BIZ_STEPS",
    "DISPOSITIONS",
    "ERROR_REASONS",
    "MEASUREMENT_TYPES",
    "PARTY_TYPES",
    "TRANSACTION_TYPES",
    "Capture",
    "CaptureStream",
    "CapturedEvent",
    "CbvTermUnknown",
    "DigitalLink",
    "EpcisEvent",
    "EpcisFault",
    "EpcisRejected",
    "EventUnhashable",
    "Gs1IdentifierInvalid",
    "Vocabulary",
    "build_digital_link",
    "canonical_epc",
    "capture",
    "captured",
    "check_digit",
    "document_header",
    "epc_hash",
    "event_hash",
    "event_id",
    "export",
    "from_urn",
    "gtin14",
    "identifier",
    "parse_digital_link",
    "require_check_digit",
    "to_urn",
    "validate_event",
    "validate_header",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'crmdapp.provenance.gs1' has no attribute {name!r}") from None
    value = getattr(import_module(f"crmdapp.provenance.gs1.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

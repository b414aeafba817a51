"""EPCIS documents as partners send them, for tests."""

import json

from crmdapp.provenance.gs1.event import CONTEXT_URI, EpcisEvent
from crmdapp.provenance.gs1.hashing import event_hash, event_id


def event(kind="ObjectEvent", time="2026-01-02T03:04:05Z", **fields):
    """One event, with an action if its kind has one."""
    data = {"type": kind, "eventTime": time, "eventTimeZoneOffset": "+00:00"}
    if kind != "TransformationEvent":
        data["action"] = "OBSERVE"
    return {**data, **fields}


def with_id(data):
    """An event that states its own hash."""
    return {**data, "eventID": event_id(EpcisEvent(data))}


def hash_of(data):
    """Its event hash, 32 bytes."""
    return event_hash(EpcisEvent(data))


def document(path, *events):
    """A file with these events."""
    body = {
        "@context": [CONTEXT_URI],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-02T03:04:05Z",
        "epcisBody": {"eventList": list(events)},
    }
    path.write_text(json.dumps(body))
    return path

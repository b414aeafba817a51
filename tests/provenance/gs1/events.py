"""Events to test with: one valid event of every type, and all kinds of them for properties."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from hypothesis import strategies as st

from crmdapp.provenance.gs1.cbv import BIZ_STEPS, DISPOSITIONS, PARTY_TYPES, TRANSACTION_TYPES
from crmdapp.provenance.gs1.documents import document_header
from crmdapp.provenance.gs1.event import EVENT_TYPES, EpcisEvent
from crmdapp.provenance.gs1.keys import check_digit

VECTORS = json.loads((Path(__file__).parent / "vectors" / "event_hashes.json").read_text())

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMESPACES = {"roast": "https://ns.coffee.example/roast/", "farm": "https://ns.farm.example#"}

CUP = "urn:epc:id:sgtin:4012345.011111.9876"
PALLET = "urn:epc:id:sscc:4012345.0000000333"
FARM = "urn:epc:id:sgln:4012345.00005.0"
BEANS = "urn:epc:class:lgtin:4012345.012345.998877"
ORDER = "urn:epcglobal:cbv:bt:4012345000009:4711"


def event(type_="ObjectEvent", **changed):
    """The JSON of a valid event; a field changed to ``...`` is left out."""
    common = {
        "type": type_,
        "eventTime": "2026-05-04T10:00:00.000+02:00",
        "eventTimeZoneOffset": "+02:00",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "readPoint": {"id": FARM},
    }
    fields = common | deepcopy(_OF_TYPE[type_]) | changed
    return {name: value for name, value in fields.items() if value is not ...}


def document(*events, **changed):
    """The JSON of a valid document with these events."""
    header = document_header(NAMESPACES, now=NOW) | changed
    return header | {"epcisBody": {"eventList": list(events)}}


def as_event(data, **namespaces):
    return EpcisEvent(data, NAMESPACES | namespaces)


_OF_TYPE = {
    "ObjectEvent": {"action": "OBSERVE", "epcList": [CUP]},
    "AggregationEvent": {"action": "ADD", "parentID": PALLET, "childEPCs": [CUP]},
    "TransactionEvent": {
        "action": "ADD",
        "epcList": [CUP],
        "bizTransactionList": [{"type": "po", "bizTransaction": ORDER}],
    },
    "TransformationEvent": {
        "inputQuantityList": [{"epcClass": BEANS, "quantity": 60.5, "uom": "KGM"}],
        "outputEPCList": [CUP],
    },
    "AssociationEvent": {
        "action": "ADD",
        "parentID": "urn:epc:id:grai:4012345.55555.987",
        "childEPCs": ["urn:epc:id:giai:4000001.12345"],
    },
}

# --------------------------------------------------------------------------- for properties

serials = st.text("ABCabc0123456789-._!'()*+,:;=/&%<>?\"", min_size=1, max_size=12)
digits = st.text("0123456789", min_size=1)


def closed(count):
    """Keys of so many digits whose last one is their check digit."""
    body = st.text("0123456789", min_size=count - 1, max_size=count - 1)
    return body.map(lambda text: text + check_digit(text))


names = st.text("abcdefghij", min_size=1, max_size=5)
plain_texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
numbers = st.one_of(
    st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6, allow_nan=False).map(lambda n: round(n, 4))
)
extended = st.recursive(
    st.one_of(plain_texts, numbers, st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(names.map(lambda name: f"farm:{name}"), inner, max_size=3),
    ),
    max_leaves=6,
)
extensions = st.dictionaries(names.map(lambda name: f"roast:{name}"), extended, max_size=3)
zones = st.integers(-14 * 4, 14 * 4).map(lambda n: timezone(timedelta(minutes=15 * n)))
moments = st.datetimes(datetime(1971, 1, 1), datetime(2026, 5, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000)
)
cups = st.integers(1, 10**9).map(lambda n: f"urn:epc:id:sgtin:4012345.011111.{n}")
lots = st.integers(1, 10**6).map(lambda n: f"urn:epc:class:lgtin:4012345.012345.L{n}")
places = st.integers(0, 99999).map(lambda n: f"urn:epc:id:sgln:4012345.{n:05}.0")
amounts = st.fixed_dictionaries(
    {"epcClass": lots, "quantity": st.integers(1, 10**6)}, optional={"uom": st.just("KGM")}
)
reports = st.fixed_dictionaries(
    {"type": st.sampled_from(["Temperature", "RelativeHumidity"]), "value": numbers}
)


@st.composite
def events(draw):
    """The JSON of a valid event of any type."""
    kind = draw(st.sampled_from(EVENT_TYPES))
    zone = draw(zones)
    moment = draw(moments).astimezone(zone)
    found = event(
        kind,
        eventTime=moment.isoformat(timespec="milliseconds"),
        eventTimeZoneOffset=moment.isoformat()[-6:],
        bizStep=draw(st.sampled_from(BIZ_STEPS.terms)),
        disposition=draw(st.sampled_from(DISPOSITIONS.terms)),
        readPoint={"id": draw(places)} | draw(extensions),
    )
    for name, strategy in {
        "epcList": st.lists(cups, min_size=1, max_size=4, unique=True),
        "childEPCs": st.lists(cups, min_size=1, max_size=4, unique=True),
        "outputEPCList": st.lists(cups, min_size=1, max_size=4, unique=True),
        "inputQuantityList": st.lists(amounts, min_size=1, max_size=3),
    }.items():
        if name in found and kind != "AssociationEvent":
            found[name] = draw(strategy)
    if draw(st.booleans()):
        found["bizTransactionList"] = draw(
            st.lists(
                st.fixed_dictionaries(
                    {"type": st.sampled_from(TRANSACTION_TYPES.terms), "bizTransaction": places}
                ),
                min_size=1,
                max_size=3,
            )
        )
    if draw(st.booleans()):
        found["sourceList"] = [{"type": draw(st.sampled_from(PARTY_TYPES.terms)), "source": FARM}]
    if draw(st.booleans()):
        found["sensorElementList"] = draw(
            st.lists(
                st.fixed_dictionaries({"sensorReport": st.lists(reports, min_size=1, max_size=3)}),
                min_size=1,
                max_size=2,
            )
        )
    return found | draw(extensions)

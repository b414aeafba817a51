"""Validation beyond the schema: every rule with what breaks it, where, and what to do."""

from datetime import timedelta

import pytest
from hypothesis import given

from crmdapp.provenance.gs1.event import CONTEXT_URI, EVENT_TYPES, EpcisEvent
from crmdapp.provenance.gs1.validation import SKEW, validate_event, validate_header
from tests.provenance.gs1.events import (
    BEANS,
    CUP,
    FARM,
    NOW,
    ORDER,
    PALLET,
    as_event,
    document,
    event,
    events,
)

LATER = "2026-05-04T10:00:00Z"
MEASURED = {"type": "Mass", "value": 5}
GTIN = "https://id.gs1.org/01/04012345111118"


def faults(data, **options):
    return validate_event(as_event(data), "$", now=NOW, **options)


def one(data, **options):
    found = faults(data, **options)
    assert len(found) == 1, [str(fault) for fault in found]
    return found[0]


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_valid_events_have_no_faults(type_):
    assert faults(event(type_)) == ()


@given(events())
def test_all_kinds_of_valid_events_have_no_faults(data):
    assert faults(data) == ()


def test_all_faults_are_found_with_their_paths():
    data = event(
        eventTime="2026-05-04T10:00:00",
        bizStep="shiping",
        epcList=[f"{GTIN}/21/1", "https://id.gs1.org/01/04012345111119/21/1"],
        action="MOVE",
        ilmd={"lot": 1},
    )
    found = validate_event(as_event(data), "$.epcisBody.eventList[3]", now=NOW)
    assert [fault.path.removeprefix("$.epcisBody.eventList[3].") for fault in found] == [
        "eventTime",
        "bizStep",
        "epcList[1]",
        "ilmd.lot",
        "action",
        "ilmd",
    ]


# --------------------------------------------------------------------------- types and fields


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        (..., "the type is missing"),
        ("ObjectEvnt", "'ObjectEvnt' is no event type"),
        ("objectevent", "'objectevent' is no event type"),
        (["ObjectEvent"], "\"['ObjectEvent']\" is no event type"),
        ({}, "'{}' is no event type"),
    ],
)
def test_an_event_has_a_type(type_, reason):
    data = event() | {"type": type_}
    fault = one({name: value for name, value in data.items() if value is not ...})
    assert (fault.path, fault.reason) == ("$.type", reason)
    assert "TransformationEvent" in fault.hint


@pytest.mark.parametrize(
    ("type_", "field", "reason"),
    [
        ("ObjectEvent", "eventTime", "the eventTime is missing"),
        ("ObjectEvent", "eventTimeZoneOffset", "the eventTimeZoneOffset is missing"),
        ("ObjectEvent", "action", "the action is missing"),
        ("ObjectEvent", "epcList", "it is about nothing"),
        ("AggregationEvent", "action", "the action is missing"),
        ("AggregationEvent", "parentID", "the parentID is missing"),
        ("AggregationEvent", "childEPCs", "it has no children"),
        ("TransactionEvent", "action", "the action is missing"),
        ("TransactionEvent", "bizTransactionList", "the bizTransactionList is missing"),
        ("TransactionEvent", "epcList", "it is about nothing"),
        ("TransformationEvent", "inputQuantityList", "it has no inputs"),
        ("TransformationEvent", "outputEPCList", "it has no outputs"),
        ("AssociationEvent", "action", "the action is missing"),
        ("AssociationEvent", "parentID", "the parentID is missing"),
        ("AssociationEvent", "childEPCs", "it has no children"),
    ],
)
def test_what_a_type_needs(type_, field, reason):
    fault = one(event(type_, **{field: ...}))
    assert (fault.path, fault.reason) == ("$", reason)


@pytest.mark.parametrize(
    ("type_", "changed"),
    [
        ("AggregationEvent", {"action": "OBSERVE", "parentID": ...}),
        ("AggregationEvent", {"action": "DELETE", "childEPCs": ...}),
        ("AssociationEvent", {"action": "DELETE", "childEPCs": ...}),
        ("TransactionEvent", {"action": "DELETE", "epcList": ...}),
        ("TransactionEvent", {"epcList": ..., "parentID": PALLET}),
        ("TransformationEvent", {"inputQuantityList": ..., "transformationID": "urn:uuid:1"}),
        (
            "ObjectEvent",
            {"epcList": ..., "sensorElementList": [{"sensorReport": [{"type": "Mass"}]}]},
        ),
        ("ObjectEvent", {"action": "ADD", "ilmd": {"roast:grade": "A", "cbvmda:lotNumber": "1"}}),
        ("ObjectEvent", {"bizStep": "https://roaster.example/steps/roasting"}),
        ("ObjectEvent", {"bizStep": "roast:roasting", "disposition": "urn:x:warm"}),
        ("ObjectEvent", {"rdfs:comment": "declared by EPCIS itself", "https://x.example/y": 1}),
        ("ObjectEvent", {"eventTime": "2026-05-04T08:00:00Z"}),
        ("ObjectEvent", {"epcList": ["urn:uuid:5f1e", "urn:epc:id:gid:95100000.12345.400"]}),
    ],
)
def test_what_a_type_may_leave_out_or_add(type_, changed):
    assert faults(event(type_, **changed)) == ()


def test_a_transformation_of_nothing_into_nothing():
    fault = one(event("TransformationEvent", inputQuantityList=..., outputEPCList=[]))
    assert fault.reason == "it has neither inputs nor outputs"


@pytest.mark.parametrize(
    ("type_", "name", "hint"),
    [
        ("ObjectEvent", "bizstep", "did you mean bizStep"),
        ("ObjectEvent", "childEPCs", "an extension needs a prefix: my:name"),
        ("TransformationEvent", "action", "an extension needs a prefix: my:name"),
        ("AggregationEvent", "ilmd", "an extension needs a prefix: my:name"),
    ],
)
def test_unknown_fields_are_told_the_nearest(type_, name, hint):
    fault = one(event(type_, **{name: [CUP]}))
    assert fault.path == f"$.{name}"
    assert fault.reason == "EPCIS has no such field here"
    assert fault.hint == hint


@pytest.mark.parametrize("action", ["add", "MOVE", "", 1, {}, ["ADD"]])
def test_action_is_one_of_three(action):
    found = faults(event(action=action))
    assert found[0].path == "$.action"
    assert found[0].reason.endswith("is no action")
    assert found[0].hint == "one of ADD, OBSERVE, DELETE"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("epcList", CUP, "it has to be a list, not a text"),
        ("epcList", [1], "it has to be a text, not a number"),
        ("epcList", [None], "it has to be a text, not null"),
        ("epcList", [True], "it has to be a text, not true or false"),
        ("readPoint", FARM, "it has to be an object, not a text"),
        ("readPoint", [], "it has to be an object, not a list"),
        ("bizStep", {}, "it has to be a text, not an object"),
        ("eventID", " ", "it is empty"),
        ("eventID", "no uri", "'no uri' is no URI"),
        ("eventID", "urn:x:" + "y" * 70_000, "it is longer than 65,536 characters"),
    ],
)
def test_values_have_their_kind(name, value, reason):
    fault = one(event(**{name: value}) | ({"quantityList": [{"epcClass": BEANS}]}))
    assert fault.path.startswith(f"$.{name}")
    assert fault.reason == reason


# --------------------------------------------------------------------------- words and prefixes


@pytest.mark.parametrize(
    ("name", "value", "reason", "hint"),
    [
        ("bizStep", "shiping", "there is no business step 'shiping'", "Did you mean shipping or"),
        (
            "bizStep",
            "urn:epcglobal:cbv:bizstep:reciving",
            "there is no business step 'urn:epcglobal:cbv:bizstep:reciving'",
            "Did you mean receiving or",
        ),
        (
            "disposition",
            "https://ref.gs1.org/cbv/Disp-in_transitt",
            "there is no disposition 'https://ref.gs1.org/cbv/Disp-in_transitt'",
            "Did you mean in_transit",
        ),
        (
            "bizStep",
            "rost:roasting",
            "the prefix 'rost' is not declared",
            'add {"rost": "https://..."} to @context',
        ),
    ],
)
def test_words_are_terms_or_ones_of_a_declared_vocabulary(name, value, reason, hint):
    fault = one(event(**{name: value}))
    assert (fault.path, fault.reason) == (f"$.{name}", reason)
    assert fault.hint.startswith(hint)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"rost:grade": "A"}, '$["rost:grade"]'),
        ({"roast:grade": {"rost:fine": 1}}, '$["roast:grade"]["rost:fine"]'),
        ({"roast:grade": [[{"rost:fine": 1}]]}, '$["roast:grade"][0][0]["rost:fine"]'),
        ({"readPoint": {"id": FARM, "rost:gate": 1}}, '$.readPoint["rost:gate"]'),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "Mass", "rost:x": 1}]}]},
            '$.sensorElementList[0].sensorReport[0]["rost:x"]',
        ),
        ({"action": "ADD", "ilmd": {"rost:grade": "A"}}, '$.ilmd["rost:grade"]'),
    ],
)
def test_undeclared_prefixes_are_found_everywhere(changed, path):
    fault = one(event(**changed))
    assert (fault.path, fault.reason) == (path, "the prefix 'rost' is not declared")


def test_endless_nesting_is_a_fault():
    inner = "x"
    for _ in range(30):
        inner = {"roast:in": inner}
    assert one(event(**{"roast:in": inner})).reason == "it is nested more than 24 deep"


def test_contexts_of_events_are_never_fetched():
    far = event(**{"x:grade": "A"}) | {"@context": ["https://x.example/context.jsonld"]}
    found = faults(far)
    assert [fault.path for fault in found] == ['$["x:grade"]', '$["@context"]']
    assert found[1].reason == "'https://x.example/context.jsonld' would have to be fetched"
    near = event(**{"x:grade": "A"}) | {"@context": {"x": "https://x.example/"}}
    assert faults(near) == ()
    assert one(event() | {"@context": {"x": "nowhere"}}).reason == "'nowhere' is no URI"


# --------------------------------------------------------------------------- ILMD


@pytest.mark.parametrize("action", ["OBSERVE", "DELETE"])
def test_ilmd_stands_only_where_things_come_into_being(action):
    fault = one(event(action=action, ilmd={"roast:grade": "A"}))
    assert (fault.path, fault.hint) == (
        "$.ilmd",
        "master data comes with the commissioning: action ADD",
    )


@pytest.mark.parametrize("type_", ["ObjectEvent", "TransformationEvent"])
def test_ilmd_has_a_namespace(type_):
    changed = {"action": "ADD"} if type_ == "ObjectEvent" else {}
    fault = one(event(type_, ilmd={"lotNumber": "L1"}, **changed))
    assert (fault.path, fault.reason) == (
        "$.ilmd.lotNumber",
        "ILMD has no fields without a namespace",
    )


# --------------------------------------------------------------------------- times


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        ("2026-05-04T10:00:00", "'2026-05-04T10:00:00' has no time zone"),
        ("2026-05-04", "'2026-05-04' is no time"),
        ("2026-02-30T10:00:00Z", "'2026-02-30T10:00:00Z' is no time"),
        ("2026-05-04T24:00:00Z", "'2026-05-04T24:00:00Z' is no time"),
        ("2026-05-04T10:00:00+15:00", "'2026-05-04T10:00:00+15:00' is no time"),
        ("04.05.2026 10:00", "'04.05.2026 10:00' is no time"),
        ("٢٠٢٦-05-04T10:00:00Z", "'٢٠٢٦-05-04T10:00:00Z' is no time"),
        (1777881600, "it has to be a text, not a number"),
        ("1969-12-31T23:59:59Z", "it lies before 1970"),
        ("0001-01-01T00:00:00+14:00", "'0001-01-01T00:00:00+14:00' is no time"),
    ],
)
def test_times_have_a_zone_and_exist(time, reason):
    fault = one(event(eventTime=time))
    assert (fault.path, fault.reason) == ("$.eventTime", reason)


def test_nothing_before_1970_is_taken():
    assert faults(event(eventTime="1970-01-01T00:00:00Z")) == ()
    assert one(event(eventTime="1969-12-31T23:59:59Z")).path == "$.eventTime"


def test_events_of_the_future_are_refused_beyond_the_skew():
    latest = NOW + SKEW
    assert faults(event(eventTime=latest.isoformat())) == ()
    fault = one(event(eventTime=(latest + timedelta(seconds=1)).isoformat()))
    assert fault.path == "$.eventTime"
    assert fault.reason == "it lies in the future: now is 2026-05-04T12:00:00+00:00"
    assert faults(event(eventTime="2026-05-05T11:00:00Z"), skew=timedelta(days=1)) == ()


@pytest.mark.parametrize("offset", ["2:00", "+2:00", "+0200", "Z", "+15:00", "+02:60", "CET"])
def test_offsets_have_their_form(offset):
    fault = one(event(eventTimeZoneOffset=offset))
    assert (fault.path, fault.reason) == (
        "$.eventTimeZoneOffset",
        f"{offset!r} is no offset",
    )


def test_an_offset_that_contradicts_the_time():
    fault = one(event(eventTimeZoneOffset="+03:00"))
    assert fault.path == "$.eventTimeZoneOffset"
    assert fault.reason == "the eventTime has the offset +02:00, this says +03:00"
    assert faults(event(eventTime="2026-05-04T08:00:00+00:00")) == ()


def test_nothing_is_recorded_before_it_happened():
    assert faults(event(recordTime="2026-05-04T07:30:00Z")) == ()
    fault = one(event(recordTime="2026-05-04T06:59:59Z"))
    assert (fault.path, fault.reason) == ("$.recordTime", "it lies before the eventTime")


# --------------------------------------------------------------------------- identifiers


@pytest.mark.parametrize(
    ("epc", "reason"),
    [
        ("https://id.gs1.org/01/04012345111119/21/1", "digit of the GTIN is 9, it should be 8"),
        ("https://id.gs1.org/00/106141412345678900", "digit of the SSCC is 0, it should be 8"),
        ("urn:epc:id:sgtin:4012345.01111.1", "have 13 digits together"),
        ("urn:epc:tag:sgtin-96:1.4012345.011111.1", "no EPC URI of a thing"),
        (GTIN, "is a class of things, not one of them"),
        (BEANS, "is a class of things, not one of them"),
        ("urn:epc:idpat:sgtin:4012345.011111.*", "is a class of things, not one of them"),
    ],
)
def test_things_are_single_and_valid(epc, reason):
    fault = one(event(epcList=[CUP, epc]))
    assert fault.path == "$.epcList[1]"
    assert reason in fault.reason


def test_a_thing_stands_in_a_list_once_in_whatever_form():
    fault = one(event(epcList=[CUP, "urn:uuid:1", f"{GTIN}/21/9876"]))
    assert (fault.path, fault.reason) == ("$.epcList[2]", "the same stands at $.epcList[0] already")


@pytest.mark.parametrize(
    ("type_", "changed", "path"),
    [
        ("AggregationEvent", {"parentID": f"{GTIN[:-1]}9"}, "$.parentID"),
        ("ObjectEvent", {"readPoint": {"id": "urn:epc:id:sgln:1.2.3"}}, "$.readPoint.id"),
        ("ObjectEvent", {"bizLocation": {"id": "here"}}, "$.bizLocation.id"),
        ("ObjectEvent", {"bizLocation": {}}, "$.bizLocation"),
        ("TransformationEvent", {"transformationID": "T1"}, "$.transformationID"),
        ("ObjectEvent", {"certificationInfo": ["x"]}, "$.certificationInfo[0]"),
        ("ObjectEvent", {"certificationInfo": "x"}, "$.certificationInfo"),
    ],
)
def test_identifiers_are_checked_wherever_they_stand(type_, changed, path):
    assert one(event(type_, **changed)).path == path


# --------------------------------------------------------------------------- quantities


@pytest.mark.parametrize(
    ("element", "path", "reason"),
    [
        ({}, "", "the epcClass is missing"),
        ({"epcClass": BEANS, "quantity": 1.5}, ".quantity", "1.5 without a unit is no count"),
        ({"epcClass": BEANS, "quantity": -1, "uom": "KGM"}, ".quantity", "-1 is less than nothing"),
        ({"epcClass": BEANS, "quantity": "60"}, ".quantity", "a number without quotes, not a text"),
        ({"epcClass": BEANS, "quantity": True}, ".quantity", "not true or false"),
        ({"epcClass": BEANS, "uom": "KGM"}, ".uom", "a unit needs a quantity"),
        ({"epcClass": BEANS, "quantity": 1, "uom": "kg"}, ".uom", "'kg' is no unit"),
        ({"epcClass": CUP, "quantity": 1}, ".epcClass", "is one thing, not a class"),
        ({"epcClass": f"{GTIN}/21/1"}, ".epcClass", "is one thing, not a class"),
        ({"epcClass": f"{GTIN[:-1]}9"}, ".epcClass", "digit of the GTIN is 9"),
        ({"epcClass": BEANS, "colour": "green"}, ".colour", "EPCIS has no such field here"),
        ("BEANS", "", "it has to be an object"),
    ],
)
def test_quantities_count_or_measure_classes(element, path, reason):
    fault = one(event(quantityList=[{"epcClass": GTIN}, element]))
    assert fault.path == f"$.quantityList[1]{path}"
    assert reason in fault.reason


def test_a_count_of_things_is_whole():
    fault = one(event(quantityList=[{"epcClass": BEANS, "quantity": 1.5}]))
    assert fault.hint == 'add the unit: "uom": "KGM"'


def test_one_thing_is_no_class():
    fault = one(event(quantityList=[{"epcClass": CUP, "quantity": 1}]))
    assert fault.hint == "name it in the list of EPCs instead"


@pytest.mark.parametrize(
    "element",
    [
        {"epcClass": BEANS},
        {"epcClass": BEANS, "quantity": 17},
        {"epcClass": BEANS, "quantity": 17.0},
        {"epcClass": GTIN, "quantity": 0.5, "uom": "KGM"},
        {"epcClass": "urn:epc:idpat:grai:4012345.66666.*", "quantity": 2},
        {"epcClass": "https://roaster.example/blends/7", "quantity": 2},
    ],
)
def test_valid_quantities(element):
    assert faults(event(quantityList=[element])) == ()


# --------------------------------------------------------------------------- parties, corrections


@pytest.mark.parametrize(
    ("changed", "path", "reason"),
    [
        ({"bizTransactionList": [{}]}, "bizTransactionList[0]", "the bizTransaction is missing"),
        (
            {"bizTransactionList": [{"type": "pp", "bizTransaction": ORDER}]},
            "bizTransactionList[0].type",
            "there is no business transaction type 'pp'",
        ),
        (
            {"sourceList": [{"source": FARM}]},
            "sourceList[0]",
            "the type is missing",
        ),
        (
            {"sourceList": [{"type": "owner", "source": FARM}]},
            "sourceList[0].type",
            "there is no source or destination type 'owner'",
        ),
        (
            {"destinationList": [{"type": "location"}]},
            "destinationList[0]",
            "the destination is missing",
        ),
        ({"persistentDisposition": {}}, "persistentDisposition", "it sets and unsets nothing"),
        (
            {"persistentDisposition": {"set": ["damaged"], "unset": ["damaged"]}},
            "persistentDisposition.unset[0]",
            "the same stands at $.persistentDisposition.set[0] already",
        ),
        (
            {"persistentDisposition": {"set": ["damagd"]}},
            "persistentDisposition.set[0]",
            "there is no disposition 'damagd'",
        ),
        ({"errorDeclaration": {}}, "errorDeclaration", "the declarationTime is missing"),
        (
            {"errorDeclaration": {"declarationTime": "2026-05-04T10:00:00Z", "reason": "typo"}},
            "errorDeclaration.reason",
            "there is no error reason 'typo'",
        ),
        (
            {
                "errorDeclaration": {
                    "declarationTime": "2026-05-04T10:00:00Z",
                    "correctiveEventIDs": ["x"],
                }
            },
            "errorDeclaration.correctiveEventIDs[0]",
            "'x' is no URI",
        ),
    ],
)
def test_parties_and_corrections(changed, path, reason):
    fault = one(event(**changed))
    assert (fault.path, fault.reason) == (f"$.{path}", reason)


# --------------------------------------------------------------------------- sensors


def sensed(*, metadata=None, **report):
    element = {"sensorReport": [{"type": "Temperature", "value": 5} | report]}
    if metadata is not None:
        element["sensorMetadata"] = metadata
    return event(sensorElementList=[element])


@pytest.mark.parametrize(
    ("data", "path", "reason"),
    [
        (event(sensorElementList=[{}]), "", "it has no sensorReport"),
        (event(sensorElementList=[{"sensorReport": [{}]}]), ".sensorReport[0]", "neither type nor"),
        (sensed(type="Temprature"), ".sensorReport[0].type", "there is no measurement type"),
        (sensed(type="rost:Aroma"), ".sensorReport[0].type", "prefix 'rost' is not declared"),
        (sensed(exception="ALARM"), ".sensorReport[0].exception", "there is no sensor alert"),
        (sensed(value="5"), ".sensorReport[0].value", "a number without quotes, not a text"),
        (sensed(minValue=6, maxValue=5), ".sensorReport[0].maxValue", "5 is less than"),
        (sensed(percRank=101), ".sensorReport[0].percRank", "101 is no percentage"),
        (sensed(booleanValue="true"), ".sensorReport[0].booleanValue", "true or false"),
        (sensed(hexBinaryValue="f0f"), ".sensorReport[0].hexBinaryValue", "whole bytes"),
        (sensed(stringValue=5), ".sensorReport[0].stringValue", "a text, not a number"),
        (sensed(uriValue="x"), ".sensorReport[0].uriValue", "'x' is no URI"),
        (sensed(time="noon"), ".sensorReport[0].time", "'noon' is no time"),
        (sensed(metadata=[]), ".sensorMetadata", "it has to be an object"),
        (
            sensed(
                metadata={"startTime": "2026-05-04T10:00:00Z", "endTime": "2026-05-04T09:00:00Z"}
            ),
            ".sensorMetadata.endTime",
            "it lies before the startTime",
        ),
        (sensed(metadata={"time": "2027-05-04T10:00:00Z"}), ".sensorMetadata.time", "future"),
        (sensed(metadata={"deviceID": "x"}), ".sensorMetadata.deviceID", "'x' is no URI"),
    ],
)
def test_sensors(data, path, reason):
    fault = one(data)
    assert fault.path == f"$.sensorElementList[0]{path}"
    assert reason in fault.reason


def test_all_that_a_sensor_may_say():
    metadata = {
        "time": "2026-05-04T10:00:00Z",
        "startTime": "2026-05-04T09:00:00Z",
        "endTime": "2026-05-04T10:00:00Z",
        "deviceID": "urn:epc:id:giai:4000001.111",
        "rawData": "https://example.org/8004/401234599999",
        "farm:field": "north",
    }
    report = {
        "exception": "ALARM_CONDITION",
        "minValue": 1,
        "maxValue": 1,
        "percRank": 100,
        "booleanValue": False,
        "hexBinaryValue": "F0f0",
        "uom": "CEL",
        "component": "cbv:Comp-latitude",
        "farm:note": "calibrated",
    }
    assert faults(sensed(metadata=metadata, **report)) == ()


# --------------------------------------------------------------------------- the header


def header(**changed):
    found = document(**{name: value for name, value in changed.items() if value is not ...})
    return {name: value for name, value in found.items() if changed.get(name) is not ...}


def test_a_valid_header_has_no_faults():
    assert validate_header(header(), now=NOW) == ()
    assert validate_header(header(sender=FARM, **{"roast:batch": 7}), now=NOW) == ()
    single = EpcisEvent({"@context": CONTEXT_URI} | event())
    assert validate_header(single.data, now=NOW) == ()


@pytest.mark.parametrize(
    ("changed", "path", "reason"),
    [
        ({"@context": ...}, '$["@context"]', "it does not name the context of EPCIS"),
        ({"@context": [{"x": "https://x.example/"}]}, '$["@context"]', "it does not name"),
        (
            {"@context": [CONTEXT_URI, "https://x.example/c.jsonld"]},
            '$["@context"]',
            "'https://x.example/c.jsonld' would have to be fetched",
        ),
        ({"type": "EPCISDoc"}, "$.type", "it is no EPCIS document"),
        ({"schemaVersion": "1.2"}, "$.schemaVersion", "it has to be 2.0"),
        ({"schemaVersion": 2.0}, "$.schemaVersion", "it has to be 2.0"),
        ({"creationDate": ...}, "$", "the creationDate is missing"),
        ({"creationDate": "today"}, "$.creationDate", "'today' is no time"),
        ({"creationDate": "2027-01-01T00:00:00Z"}, "$.creationDate", "it lies in the future"),
        ({"sender": "me"}, "$.sender", "'me' is no URI"),
        ({"sendr": FARM}, "$.sendr", "EPCIS has no such field here"),
        ({"rost:batch": 7}, '$["rost:batch"]', "the prefix 'rost' is not declared"),
    ],
)
def test_headers(changed, path, reason):
    [fault] = validate_header(header(**changed), now=NOW)
    assert fault.path == path
    assert fault.reason.startswith(reason)


@pytest.mark.parametrize(
    ("type_", "body", "path", "reason"),
    [
        ("EPCISDocument", ..., "$", "the epcisBody is missing"),
        ("EPCISDocument", {}, "$.epcisBody", "the eventList is missing"),
        ("EPCISQueryDocument", {}, "$.epcisBody", "the queryResults is missing"),
        (
            "EPCISQueryDocument",
            {"queryResults": {"resultsBody": {}}},
            "$.epcisBody.queryResults.resultsBody",
            "the eventList is missing",
        ),
    ],
)
def test_bodies(type_, body, path, reason):
    found = header(type=type_) | {"epcisBody": body}
    whole = {name: value for name, value in found.items() if value is not ...}
    [fault] = validate_header(whole, now=NOW)
    assert (fault.path, fault.reason) == (path, reason)

"""The event hash: what is published, what it must not depend on, and what it must."""

import hashlib
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.provenance.gs1._canonical import canonical_number, canonical_text, canonical_time
from crmdapp.provenance.gs1.cbv import BIZ_STEPS, DISPOSITIONS
from crmdapp.provenance.gs1.epc import canonical_epc
from crmdapp.provenance.gs1.errors import EventUnhashable
from crmdapp.provenance.gs1.event import EVENT_TYPES, EpcisEvent, context_namespaces
from crmdapp.provenance.gs1.hashing import event_hash, event_id, hash_of_id, pre_hash
from tests.provenance.gs1.events import (
    CUP,
    VECTORS,
    as_event,
    event,
    events,
    extensions,
    zones,
)


def published():
    for vector in VECTORS["vectors"]:
        body = vector["document"]["epcisBody"]
        found = body.get("eventList") or body["queryResults"]["resultsBody"]["eventList"]
        namespaces = context_namespaces(vector["document"]["@context"])
        for number, (data, known) in enumerate(zip(found, vector["hashes"], strict=True)):
            yield pytest.param(EpcisEvent(data, namespaces), known, id=f"{vector['name']}-{number}")


@pytest.mark.parametrize(("found", "known"), published())
def test_event_hash_is_what_is_published(found, known):
    assert event_hash(found).hex() == known
    assert event_id(found) == f"ni:///sha-256;{known}?ver=CBV2.0"
    assert hash_of_id(event_id(found)) == bytes.fromhex(known)


def test_the_published_hashes_cover_all_types_of_events():
    assert {param.values[0].type for param in published()} == set(EVENT_TYPES)
    assert len({param.values[1] for param in published()}) == 32


def test_pre_hash_is_the_string_that_the_standard_describes():
    found = as_event(event(bizTransactionList=[{"bizTransaction": "urn:x:2", "type": "po"}]))
    text = (
        "eventType=ObjectEventeventTime=2026-05-04T08:00:00.000ZeventTimeZoneOffset=+02:00"
        "epcListepc=https://id.gs1.org/01/04012345111118/21/9876action=OBSERVE"
        "bizStep=https://ref.gs1.org/cbv/BizStep-shipping"
        "disposition=https://ref.gs1.org/cbv/Disp-in_transit"
        "readPointid=https://id.gs1.org/414/4012345000054"
        "bizTransactionListtype=https://ref.gs1.org/cbv/BTT-pobizTransaction=urn:x:2"
    )
    assert pre_hash(found) == text
    assert event_hash(found) == hashlib.sha256(text.encode()).digest()


# --------------------------------------------------------------------------- what does not matter


def shuffled(draw, value):
    """The same JSON with members in another order, and lists whose order says nothing."""
    if isinstance(value, dict):
        names = draw(st.permutations(list(value)))
        return {name: shuffled(draw, value[name]) for name in names}
    if isinstance(value, list):
        return [shuffled(draw, item) for item in draw(st.permutations(value))]
    return value


@given(events(), st.data())
def test_the_order_of_members_and_lists_does_not_matter(data, other):
    assert event_hash(as_event(shuffled(other.draw, data))) == event_hash(as_event(data))


@given(events(), zones)
def test_the_zone_a_time_is_written_in_does_not_matter(data, zone):
    moment = datetime.fromisoformat(data["eventTime"])
    for text in (
        moment.astimezone(zone).isoformat(timespec="milliseconds"),
        moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z",
    ):
        assert event_hash(as_event(data | {"eventTime": text})) == event_hash(as_event(data))


@given(events())
def test_epc_uris_and_links_on_any_domain_do_not_matter(data):
    def linked(value):
        if isinstance(value, dict):
            return {
                name: linked(item) if not name.startswith("farm:") else item
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [linked(item) for item in value]
        if isinstance(value, str) and value.startswith("urn:epc:"):
            link = canonical_epc(value).replace("https://id.gs1.org", "http://shop.example/de")
            return f"{link}?17=271231"
        return value

    assert event_hash(as_event(linked(data))) == event_hash(as_event(data))


@given(events())
def test_the_form_of_a_term_does_not_matter(data):
    written = {event_hash(as_event(data))}
    for step in BIZ_STEPS.forms:
        for disposition in DISPOSITIONS.forms:
            terms = {
                "bizStep": step + data["bizStep"],
                "disposition": disposition + data["disposition"],
            }
            written.add(event_hash(as_event(data | terms)))
    assert len(written) == 1


@given(events())
def test_the_name_of_a_prefix_does_not_matter(data):
    def renamed(value):
        if isinstance(value, dict):
            return {n.replace("roast:", "r2:"): renamed(item) for n, item in value.items()}
        return [renamed(item) for item in value] if isinstance(value, list) else value

    other = as_event(renamed(data), r2="https://ns.coffee.example/roast/")
    assert event_hash(other) == event_hash(as_event(data))


@given(events())
def test_ids_and_corrections_do_not_matter(data):
    added = {
        "eventID": "urn:uuid:5f1e",
        "recordTime": "2026-05-04T11:00:00Z",
        "errorDeclaration": {"declarationTime": "2026-05-04T11:00:00Z"},
        "certificationInfo": "https://certificates.example/1",
        "rdfs:comment": "checked twice",
    }
    assert event_hash(as_event(data | added)) == event_hash(as_event(data))


def test_the_way_a_number_is_written_does_not_matter():
    def amount(quantity):
        element = {"epcClass": "urn:epc:class:lgtin:4012345.012345.1", "quantity": quantity}
        return event_hash(as_event(event(quantityList=[element | {"uom": "KGM"}])))

    assert len({amount(60), amount(60.0), amount(Decimal("60.000")), amount(6e1)}) == 1
    assert amount(60.5) != amount(60)


def test_a_place_written_short_is_the_same_place():
    long, short = {"id": "urn:epc:id:sgln:4012345.00005.0"}, "urn:epc:id:sgln:4012345.00005.0"
    assert event_hash(as_event(event(readPoint=long))) == event_hash(
        as_event(event(readPoint=short))
    )


# --------------------------------------------------------------------------- what does matter


def leaves(value, path=()):
    if isinstance(value, dict):
        for name, item in value.items():
            yield from leaves(item, (*path, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    else:
        yield path


@given(events(), st.data())
def test_every_value_matters(data, other):
    path = other.draw(st.sampled_from(list(leaves(data))))
    changed = deepcopy(data)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = "urn:x:changed"
    assert event_hash(as_event(changed)) != event_hash(as_event(data))


@given(events(), st.data())
def test_every_field_matters(data, other):
    name = other.draw(st.sampled_from(sorted(data.keys() - {"type"})))
    rest = {key: value for key, value in data.items() if key != name}
    if data[name] in ([], {}, ""):
        return
    if isinstance(data[name], list) and name.startswith("roast:"):
        return  # an empty list nested in a list says nothing either
    assert event_hash(as_event(rest)) != event_hash(as_event(data))


@pytest.mark.parametrize(
    ("where", "extra"),
    [
        ("quantityList", [{"epcClass": "urn:x:1", "roast:grade": "A"}]),
        ("persistentDisposition", {"set": ["damaged"], "roast:grade": "A"}),
        ("bizTransactionList", [{"bizTransaction": "urn:x:1", "roast:grade": "A"}]),
        ("sourceList", [{"type": "location", "source": "urn:x:1", "roast:grade": "A"}]),
        ("sensorElementList", [{"sensorReport": [{"value": 1, "roast:grade": "A"}]}]),
        ("sensorElementList", [{"sensorReport": [{"value": 1}], "roast:grade": "A"}]),
        ("sensorElementList", [{"sensorMetadata": {"roast:grade": "A"}}]),
        ("ilmd", {"roast:grade": "A"}),
        ("unheardOf", "A"),
    ],
)
def test_what_partners_add_matters_wherever_it_stands(where, extra):
    def with_grade(grade):
        text = repr(extra).replace("'A'", repr(grade))
        return pre_hash(as_event(event(**{where: eval(text)})))  # of this very table

    assert with_grade("A") != with_grade("B")
    assert with_grade("A").endswith("=A")


def test_namespaces_matter_not_prefixes():
    one = EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://one.example/"})
    other = EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://other.example/"})
    spelt = EpcisEvent(event(**{"https://one.example/grade": "A"}))
    assert event_hash(one) != event_hash(other)
    assert event_hash(one) == event_hash(spelt)
    assert pre_hash(one).endswith("{https://one.example/}grade=A")


def test_an_event_may_bring_its_own_context():
    own = event(**{"x:grade": "A"}) | {"@context": [{"x": "https://one.example/"}]}
    around = EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://one.example/"})
    assert event_hash(EpcisEvent(own)) == event_hash(around)


def test_words_of_partners_are_no_terms_of_the_vocabulary():
    found = pre_hash(as_event(event(**{"roast:state": "active", "roast:lot": "po"})))
    assert "{https://ns.coffee.example/roast/}state=active" in found
    assert "{https://ns.coffee.example/roast/}lot=po" in found


def test_hashes_of_one_document_do_not_leak_into_the_next():
    event_hash(EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://one.example/"}))
    with pytest.raises(EventUnhashable):
        event_hash(EpcisEvent(event(**{"x:grade": "A"})))


@given(extensions)
def test_extensions_are_sorted_by_what_they_say(found):
    text = pre_hash(as_event(event(**found)))
    assert text.startswith(pre_hash(as_event(event())))


# --------------------------------------------------------------------------- what has no hash


@pytest.mark.parametrize(
    ("changed", "path", "reason"),
    [
        ({"x:grade": "A"}, "$.x:grade", "@context does not declare 'x'"),
        ({"ilmd": {"x:grade": "A"}}, "$.ilmd.x:grade", "@context does not declare 'x'"),
        ({"epcList": CUP}, "$.epcList", "it has to be a list"),
        ({"epcList": [{}]}, "$.epcList[0]", "it has to be a single value"),
        ({"bizTransactionList": ["x"]}, "$.bizTransactionList[0]", "it has to be an object"),
        ({"type": None}, "$.type", "it has to be one of the types of EPCIS"),
    ],
)
def test_event_hash_refuses_what_it_cannot_read(changed, path, reason):
    with pytest.raises(EventUnhashable) as caught:
        event_hash(as_event(event() | changed))
    assert (caught.value.path, caught.value.reason) == (path, reason)


def test_event_hash_refuses_endless_nesting():
    inner = "x"
    for _ in range(40):
        inner = {"roast:in": inner}
    with pytest.raises(EventUnhashable, match="it is nested more than 32 deep"):
        event_hash(as_event(event(**{"roast:in": inner})))


@pytest.mark.parametrize(
    "text",
    [
        "urn:uuid:5f1e",
        "ni:///sha-256;00?ver=CBV2.0",
        f"ni:///sha-256;{'0' * 64}?ver=CBV2.1",
        f"ni:///sha-256;{'A' * 64}?ver=CBV2.0",
        f"ni:///sha-512;{'0' * 64}?ver=CBV2.0",
    ],
)
def test_hash_of_id_knows_its_own_kind_alone(text):
    assert hash_of_id(text) is None


# --------------------------------------------------------------------------- single values


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2020-03-04T11:00:30+01:00", "2020-03-04T10:00:30.000Z"),
        ("2023-02-02T11:04:03.1415Z", "2023-02-02T11:04:03.142Z"),
        ("2023-02-02T11:04:03.1425Z", "2023-02-02T11:04:03.143Z"),
        ("2023-02-02T11:04:03.14149999Z", "2023-02-02T11:04:03.141Z"),
        ("2023-12-31T23:59:59.9995Z", "2024-01-01T00:00:00.000Z"),
        ("2023-02-02T11:04:03", "2023-02-02T11:04:03"),
        ("2023-02-30T11:04:03Z", "2023-02-30T11:04:03Z"),
        ("9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.9999Z"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_canonical_time(text, written):
    assert canonical_time(text) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1.0", "1"),
        ("0.34340", "0.3434"),
        ("+007", "7"),
        ("-0.0", "0"),
        ("1e3", "1000"),
        ("5e-05", "0.00005"),
        (".5", "0.5"),
        ("100", "100"),
        ("12345678901234567890", "12345678901234567890"),
        ("0.1234567890123456789", "0.1234567890123456789"),
        ("1e9999", "1e9999"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("infinity", "infinity"),
        ("٣", "٣"),
        ("", ""),
    ],
)
def test_canonical_number(text, written):
    assert canonical_number(text) == written


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_canonical_number_keeps_the_value(number):
    assert Decimal(canonical_number(repr(number))) == Decimal(repr(number))


@given(st.integers(), st.integers())
def test_canonical_number_keeps_numbers_apart(one, other):
    same = canonical_number(str(one)) == canonical_number(str(other))
    assert same == (one == other)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  spaced ", "spaced"),
        ("gs1:Temperature", "https://ref.gs1.org/voc/Temperature"),
        ("cbv:Comp-latitude", "https://ref.gs1.org/cbv/Comp-latitude"),
        ("urn:epcglobal:cbv:btt:po", "https://ref.gs1.org/cbv/BTT-po"),
        ("urn:epcglobal:cbv:bt:4012345000009:1", "urn:epcglobal:cbv:bt:4012345000009:1"),
        ("roast:dark", "roast:dark"),
        ("https://example.org/8004/401234599999", "https://id.gs1.org/8004/401234599999"),
    ],
)
def test_canonical_text(text, written):
    assert canonical_text(text) == written

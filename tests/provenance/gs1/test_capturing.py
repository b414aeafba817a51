"""Capture: what the ledger needs of a partner's file, and all that is wrong with it."""

import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.errors import FileRejected, UsageError, jsonable
from crmdapp.provenance.gs1 import capturing
from crmdapp.provenance.gs1.capturing import FAULTS_MAX, capture, captured
from crmdapp.provenance.gs1.cbv import BIZ_STEPS, DISPOSITIONS
from crmdapp.provenance.gs1.documents import export
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.gs1.errors import EpcisFault, EpcisRejected
from crmdapp.provenance.gs1.hashing import event_hash, event_id
from tests.provenance.gs1.events import (
    BEANS,
    CUP,
    NOW,
    PALLET,
    VECTORS,
    as_event,
    document,
    event,
    events,
)

PATH = "$.epcisBody.eventList"


@pytest.fixture
def file(tmp_path):
    def written(*listed, **changed):
        path = tmp_path / "partner.json"
        path.write_text(json.dumps(document(*listed, **changed)))
        return path

    return written


def test_capture_gives_what_the_ledger_needs(file):
    found = capture(file(event(), event("TransformationEvent")), now=NOW)
    found.require_valid()
    first = found.events[0]
    assert first.path == f"{PATH}[0]"
    assert first.event_hash == event_hash(as_event(event()))
    assert first.event_time == 1777881600
    assert first.biz_step == BIZ_STEPS.code("shipping")
    assert first.disposition == DISPOSITIONS.code("in_transit")
    assert first.items == {epc_hash(CUP): "https://id.gs1.org/01/04012345111118/21/9876"}
    assert set(found.events[1].items) == {epc_hash(CUP), epc_hash(BEANS)}
    assert found.header["type"] == "EPCISDocument"
    assert found.name == "partner.json"


def test_items_of_an_aggregation_are_its_parent_and_its_children(file):
    [found] = capture(file(event("AggregationEvent")), now=NOW).events
    assert set(found.items) == {epc_hash(PALLET), epc_hash(CUP)}


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"bizStep": ..., "disposition": ...}, (0, 0)),
        ({"bizStep": "cbv:BizStep-accepting", "disposition": "active"}, (1, 1)),
        ({"bizStep": "roast:roasting", "disposition": "roast:warm"}, (21, 0)),
    ],
)
def test_terms_become_codes_and_those_of_others_none_or_other(changed, codes, file):
    [found] = capture(file(event(**changed)), now=NOW).events
    assert (found.biz_step, found.disposition) == codes


def test_parts_of_a_second_are_cut_off(file):
    [found] = capture(file(event(eventTime="2026-05-04T08:00:00.999Z")), now=NOW).events
    assert found.event_time == 1777881600


def test_capture_returns_the_valid_events_and_the_faults_of_the_others(file):
    path = file(event(), event(bizStep="shiping"), "event", event(action="MOVE"), typ="x")
    found = capture(path, now=NOW)
    assert [each.path for each in found.events] == [f"{PATH}[0]"]
    assert [fault.path for fault in found.faults] == [
        "$.typ",
        f"{PATH}[1].bizStep",
        f"{PATH}[2]",
        f"{PATH}[3].action",
    ]
    with pytest.raises(EpcisRejected) as caught:
        found.require_valid()
    assert str(caught.value) == "partner.json has 4 faults."
    assert caught.value.found == found.faults
    assert isinstance(caught.value, FileRejected)


def test_a_fault_says_where_why_and_what_to_do(file):
    [fault] = capture(file(event(bizStep="shiping")), now=NOW).faults
    assert fault == EpcisFault(
        0,
        f"{PATH}[0].bizStep",
        "there is no business step 'shiping'",
        "Did you mean shipping or void_shipping or sampling?",
    )
    assert str(fault) == f"{PATH}[0].bizStep: {fault.reason}; {fault.hint}"
    details = EpcisRejected("x", [fault]).to_dict()["details"]
    assert details["faults"][0] == {
        "path": f"{PATH}[0].bizStep",
        "line": 0,
        "reason": fault.reason,
        "hint": fault.hint,
    }
    assert jsonable(fault)["field"] == fault.path


def test_no_event_is_taken_whose_json_is_ambiguous(file, tmp_path):
    path = tmp_path / "twice.json"
    text = file(event()).read_text()
    path.write_text(text.replace('"bizStep"', '"action": "DELETE", "bizStep"'))
    found = capture(path, now=NOW)
    assert found.events == ()
    assert found.faults[0].reason == "a name stands there twice"


def test_a_file_that_breaks_off_keeps_what_was_read(file, tmp_path):
    whole = file(event(), event(action="MOVE"), event()).read_text()
    path = tmp_path / "cut.json"
    path.write_text(whole[: whole.rindex("eventTime")])
    found = capture(path, now=NOW)
    assert len(found.events) == 1
    assert [fault.path for fault in found.faults] == [f"{PATH}[1].action", f"{PATH}[2]"]
    assert str(found.faults[1]).startswith(f"{PATH}[2] (line 1): it is no JSON")


def test_event_ids_are_unique_but_for_the_error_declaration(file):
    first = event(eventID="urn:uuid:1")
    declared = first | {"errorDeclaration": {"declarationTime": "2026-05-04T10:00:00Z"}}
    assert capture(file(first, declared, event()), now=NOW).faults == ()
    found = capture(file(first, declared, event(eventID="urn:uuid:1"), declared), now=NOW)
    assert [fault.path for fault in found.faults] == [f"{PATH}[2].eventID", f"{PATH}[3].eventID"]
    assert found.faults[0].reason == f"the event at {PATH}[0] has this id already"
    assert found.faults[1].reason == f"the event at {PATH}[1] has this id already"


def test_an_event_and_its_error_declaration_have_one_hash(file):
    declared = event() | {"errorDeclaration": {"declarationTime": "2026-05-04T10:00:00Z"}}
    one, other = capture(file(event(), declared), now=NOW).events
    assert one.event_hash == other.event_hash
    assert (one.event.is_error_declaration, other.event.is_error_declaration) == (False, True)


def test_a_stated_hash_shows_whether_the_event_was_altered(file):
    named = event(eventID=event_id(as_event(event())))
    altered = named | {"disposition": "damaged", "eventID": event_id(as_event(event()))}
    [true] = capture(file(named), now=NOW).events
    [false] = capture(file(altered), now=NOW).events
    [silent] = capture(file(event(eventID="urn:uuid:1")), now=NOW).events
    assert true.stated_hash == true.event_hash
    assert false.stated_hash != false.event_hash
    assert silent.stated_hash is None


def test_endless_faults_are_counted_not_kept(file, monkeypatch):
    monkeypatch.setattr(capturing, "FAULTS_MAX", 3)
    found = capture(file(*[event(action="MOVE")] * 10), now=NOW)
    assert (len(found.faults), found.more) == (3, 7)
    with pytest.raises(EpcisRejected) as caught:
        found.require_valid()
    assert str(caught.value) == "partner.json has 10 faults."
    assert caught.value.why == "Only the first 3 are listed."
    assert FAULTS_MAX == 1000


def test_capture_sends_long_files_to_the_stream(file, monkeypatch):
    path = file(event())
    monkeypatch.setattr(capturing, "WHOLE_MAX", path.stat().st_size - 1)
    with pytest.raises(UsageError, match=r"partner\.json is longer than") as caught:
        capture(path, now=NOW)
    assert "captured(path)" in caught.value.hint
    assert len(list(captured(path, now=NOW))) == 1


def test_a_stream_can_be_read_twice(file):
    stream = captured(file(event(eventID="urn:uuid:1"), event(action="x")), now=NOW)
    for _ in range(2):
        assert len(list(stream)) == 1
        assert (stream.count, len(stream.faults), stream.more) == (2, 1, 0)


def test_capture_of_no_file(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        capture(tmp_path / "none.json")


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_published_documents_keep_their_hashes(vector, tmp_path):
    path = tmp_path / "published.json"
    path.write_text(json.dumps(vector["document"]))
    found = capture(path, now=NOW)
    known = {
        "epcisDocWithAllGS1Keys": "the same stands at",  # a parcel in both of its forms
        "epclist_normalisation": "is a class of things",  # classes among the single things
        "epcisDocWithCustomExtensions": "has this id already",
    }.get(vector["name"])
    assert all(known is not None and known in fault.reason for fault in found.faults)
    hashes = [each.event_hash.hex() for each in found.events]
    assert hashes == vector["hashes"][: len(hashes)]
    assert len(hashes) == len(vector["hashes"]) - (1 if known else 0)


@settings(max_examples=30)
@given(st.lists(events(), min_size=1, max_size=3))
def test_what_was_exported_is_captured_with_the_same_hashes(tmp_path_factory, listed):
    path = tmp_path_factory.mktemp("captured") / "events.json"
    given_ = [as_event(data) for data in listed]
    export(given_, path, now=NOW)
    found = capture(path, now=NOW)
    assert found.faults == ()
    assert [each.event.data for each in found.events] == listed
    assert [each.event_hash for each in found.events] == [event_hash(each) for each in given_]


# --------------------------------------------------------------------------- limits

PROGRAM = """
import sys
from pathlib import Path
from crmdapp.provenance.gs1.capturing import captured
assert sum(1 for _ in captured(sys.argv[1])) == int(sys.argv[2])
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux alone")
def test_captured_takes_no_more_memory_for_a_longer_file(tmp_path):
    peaks = []
    for count in (500, 4000):
        path = tmp_path / f"{count}.json"
        export(
            (
                as_event(event(eventID=f"urn:uuid:{n}", **{"roast:note": "x" * 1000}))
                for n in range(count)
            ),
            path,
            now=NOW,
        )
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path), str(count)],
            capture_output=True,
            text=True,
            check=True,
        )
        peaks.append(int(done.stdout))
    assert peaks[1] < 100_000_000
    assert peaks[1] - peaks[0] < 4_000_000  # the longer file has 5 MB more


def test_importing_the_package_loads_nothing_heavy():
    program = (
        "import sys, crmdapp.provenance.gs1 as gs1; gs1.capture, gs1.export, gs1.event_hash;"
        "heavy = ('web3', 'eth_account', 'PIL', 'requests');"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_every_public_name_is_there():
    from crmdapp.provenance import gs1

    assert all(getattr(gs1, name) is not None for name in gs1.__all__)
    assert sorted(gs1.__all__) == dir(gs1)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = gs1.nothing

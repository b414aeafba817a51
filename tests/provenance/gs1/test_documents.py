"""Documents written and read again: nothing is lost, and nothing is believed that is no JSON."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.errors import DiskFull, UsageError
from crmdapp.provenance.gs1 import _reading
from crmdapp.provenance.gs1._reading import DocumentBroken, DocumentReader
from crmdapp.provenance.gs1.documents import document_text, export
from crmdapp.provenance.gs1.event import CONTEXT_URI, EpcisEvent
from tests.provenance.gs1.events import (
    NAMESPACES,
    NOW,
    VECTORS,
    as_event,
    document,
    event,
    events,
    extended,
)


@pytest.fixture
def file(tmp_path):
    def written(value, name="document.json"):
        path = tmp_path / name
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value).encode())
        return path

    return written


def read(path):
    with DocumentReader(path) as reader:
        found = list(reader.events())
        return reader, found


def broken(path):
    with DocumentReader(path) as reader, pytest.raises(DocumentBroken) as caught:
        list(reader.events())
    return caught.value.fault


def without_events(whole):
    """The document with empty lists, as a reader keeps it."""
    if not isinstance(whole, dict):
        return whole
    return {name: [] if name == "eventList" else without_events(v) for name, v in whole.items()}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
@pytest.mark.parametrize("chunk", [1 << 18, 7])
def test_a_published_document_is_read_whole(vector, chunk, file, monkeypatch):
    monkeypatch.setattr(_reading, "_CHUNK", chunk)
    whole = vector["document"]
    body = whole["epcisBody"]
    is_query = "queryResults" in body
    listed = body["queryResults"]["resultsBody"]["eventList"] if is_query else body["eventList"]
    path = "$.epcisBody.queryResults.resultsBody" if is_query else "$.epcisBody"
    reader, found = read(file(whole))
    assert [raw.value for raw in found] == listed
    assert [raw.path for raw in found] == [f"{path}.eventList[{n}]" for n in range(len(listed))]
    assert reader.header == without_events(whole)
    assert reader.faults == []


@settings(max_examples=30)
@given(st.lists(events(), max_size=3), st.integers(1, 40))
def test_read_undoes_export(tmp_path_factory, listed, chunk):
    path = tmp_path_factory.mktemp("export") / "events.json"
    assert export(map(as_event, listed), path, now=NOW) == len(listed)
    before, _reading._CHUNK = _reading._CHUNK, chunk
    try:
        reader, found = read(path)
    finally:
        _reading._CHUNK = before
    assert [raw.value for raw in found] == listed
    assert all(raw.faults == () for raw in found)
    context = [CONTEXT_URI, NAMESPACES] if listed else [CONTEXT_URI]
    assert reader.header == document(**{"@context": context}) | {"epcisBody": {"eventList": []}}


@given(extended)
def test_any_json_comes_back_as_it_went(value):
    text = "".join(document_text([EpcisEvent({"x:y": value})], {"type": "EPCISDocument"}))
    assert json.loads(text)["epcisBody"]["eventList"] == [{"x:y": value}]


def test_numbers_keep_all_their_digits(file):
    digits = "0.12345678901234567890123"
    text = json.dumps(document(event(**{"roast:exact": "@", "roast:plain": 0.1})))
    _, [found] = read(file(text.replace('"@"', digits).encode()))
    assert found.value["roast:exact"] == Decimal(digits)
    assert found.value["roast:plain"] == 0.1
    written = "".join(document_text([as_event(found.value)], document()))
    assert digits in written
    assert json.loads(written)["epcisBody"]["eventList"][0]["roast:plain"] == 0.1


def test_a_query_document_is_written_where_its_events_belong(file):
    whole = next(v for v in VECTORS["vectors"] if v["name"] == "epcisQueryDocument")["document"]
    reader, found = read(file(whole))
    namespaces = {"example": "http://ns.example.com/epcis/"}
    text = document_text((EpcisEvent(raw.value, namespaces) for raw in found), reader.header)
    assert json.loads("".join(text)) == whole


@pytest.mark.parametrize("name", ["event", "whole"])
def test_a_single_event_is_read(name, file):
    single = event()
    whole = {"@context": CONTEXT_URI} | single
    if name == "event":
        whole = document() | {"epcisBody": {"event": single}}
    _, [found] = read(file(whole))
    assert found.path == ("$.epcisBody.event" if name == "event" else "$")
    assert found.value["epcList"] == single["epcList"]


def test_a_context_behind_the_events_counts(file):
    whole = document(event())
    context = whole.pop("@context")
    with DocumentReader(file(whole | {"@context": context})) as reader:
        rest = reader.events()
        next(rest)
        assert reader.context == context
        assert "@context" not in reader.header
        assert list(rest) == []
        assert reader.header["@context"] == context


def test_progress_reaches_the_size_of_the_file(file, monkeypatch):
    monkeypatch.setattr(_reading, "_CHUNK", 100)
    path = file(document(*[event()] * 20))
    told = []
    with DocumentReader(path, lambda *figures: told.append(figures)) as reader:
        assert sum(1 for _ in reader.events()) == 20
    size = path.stat().st_size
    assert told[0] == (100, size)
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


# --------------------------------------------------------------------------- what is no document


@pytest.mark.parametrize(
    ("data", "path", "line", "reason"),
    [
        (b"", "$", 1, "the file is empty"),
        (b" \n\n ", "$", 3, "the file is empty"),
        (b"[]", "$", 1, "{ is missing before '['"),
        (b"<epcis/>", "$", 1, "{ is missing before '<'"),
        (b"\xef\xbb\xbf{}", "$", 1, "byte order mark"),
        (b'{"type": "\xff"}', "$", 1, "it is not UTF-8"),
        (b"{} {}", "$", 1, "something follows the end of the document"),
        (b'{"a": 1,}', "$", 1, "it is no JSON"),
        (b'{"a" 1}', "$.a", 1, ": is missing before '1'"),
        (b"{1: 2}", "$", 1, "a name in quotes is missing"),
        (b'{"a": NaN}', "$.a", 1, "NaN is no number of JSON"),
        (b'{\n"a": tru}', "$.a", 2, "it is no JSON"),
        (b'{"epcisBody":\n{"eventList": [{"a": 1}\n', "$.epcisBody.eventList[0]", 3, "missing"),
        (
            b'{"@context": 1, "epcisBody":\n{"eventList": [{},\n{"a": "b]}}',
            "$.epcisBody.eventList[1]",
            3,
            "it is no JSON",
        ),
        (b'{"a": ' + b"[" * 100, "$.a", 1, "it is no JSON"),
        (b'{"a": ' + b"[" * 101, "$.a", 1, "it is nested more than 100 deep"),
        (b'{"a": "' + b"[" * 101, "$.a", 1, "it is no JSON"),
        (b'{"a": ' + b"[" * 100_000, "$.a", 1, "it is nested more than 100 deep"),
    ],
    ids=[
        "nothing",
        "spaces",
        "a list",
        "XML",
        "a byte order mark",
        "not UTF-8",
        "two documents",
        "a comma too many",
        "no colon",
        "a number for a name",
        "a constant",
        "half a word",
        "the end after an event",
        "the end inside an event",
        "a hundred lists",
        "a list too deep",
        "lists inside a text",
        "endless lists",
    ],
)
def test_a_broken_document_is_told_where_it_breaks(data, path, line, reason, file):
    fault = broken(file(data))
    assert (fault.path, fault.line) == (path, line)
    assert reason in fault.reason


def test_an_endless_value_is_refused_before_it_fills_the_memory(file, monkeypatch):
    monkeypatch.setattr(_reading, "VALUE_MAX", 1000)
    monkeypatch.setattr(_reading, "_CHUNK", 100)
    fault = broken(file(b'{"@context": [], "a": "' + b"x" * 10_000))
    assert fault.path == "$.a"
    assert fault.reason == "it is no JSON, or longer than 1,000 characters"


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ('{"a": 1, "a": 2}', "$.epcisBody.eventList[0]", "a name stands there twice"),
        (
            '{"b": [{"c": {}}, {"d:e": 1, "d:e": 2}]}',
            "$.epcisBody.eventList[0].b[1]",
            "a name stands there twice",
        ),
        ('{"a": "\\ud800"}', "$.epcisBody.eventList[0].a", "half of a surrogate pair"),
        ('{"a": "\\uD83D"}', "$.epcisBody.eventList[0].a", "half of a surrogate pair"),
    ],
)
def test_what_readers_would_guess_is_a_fault_of_the_event(text, path, reason, file):
    data = json.dumps(document("@")).replace('"@"', text).encode()
    _, [found] = read(file(data))
    assert [fault.path for fault in found.faults] == [path]
    assert found.faults[0].reason.startswith(reason)


def test_half_a_character_is_a_fault(file):
    _, [found] = read(file(json.dumps(document({"a": "\ud800"})).encode()))
    assert [fault.path for fault in found.faults] == ["$.epcisBody.eventList[0].a"]


def test_a_number_may_go_on_behind_the_window(file, monkeypatch):
    data = b'{"a": 1234567}'
    for size in range(1, len(data)):
        monkeypatch.setattr(_reading, "_CHUNK", size)
        reader, _ = read(file(data))
        assert reader.header == {"a": 1234567}


def test_whole_surrogate_pairs_are_characters(file):
    _, [found] = read(file(document({"a": "\N{HOT BEVERAGE}\N{CUSTARD}"})))
    assert found.faults == ()


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ('{"type": 1, "type": 2}', "$.type"),
        ('{"sender": {"a": 1, "a": 2}}', "$.sender"),
        ('{"epcisBody": []}', "$.epcisBody"),
        ('{"epcisBody": {"eventList": {}}}', "$.epcisBody.eventList"),
        ('{"epcisBody": {"queryResults": 1}}', "$.epcisBody.queryResults"),
    ],
)
def test_what_is_wrong_around_the_events_is_kept(data, path, file):
    reader, found = read(file(data.encode()))
    assert found == []
    assert [fault.path for fault in reader.faults] == [path]


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        DocumentReader(tmp_path / "none.json")
    with pytest.raises(UsageError, match="is a folder"):
        DocumentReader(tmp_path)


# --------------------------------------------------------------------------- writing


def test_export_declares_the_prefixes_of_the_first_event(tmp_path):
    assert export([as_event(event(**{"roast:grade": "A"}))], tmp_path / "e.json", now=NOW) == 1
    whole = json.loads((tmp_path / "e.json").read_text())
    assert whole["@context"] == [CONTEXT_URI, NAMESPACES]
    assert whole["creationDate"] == "2026-05-04T12:00:00.000Z"
    assert whole["schemaVersion"] == "2.0"


def test_export_keeps_what_two_senders_mean_by_one_prefix(tmp_path):
    one = EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://one.example/"})
    other = EpcisEvent(event(**{"x:grade": "A"}), {"x": "https://other.example/"})
    export([one, other], tmp_path / "e.json", now=NOW)
    listed = json.loads((tmp_path / "e.json").read_text())["epcisBody"]["eventList"]
    assert "@context" not in listed[0]
    assert listed[1]["@context"] == [{"x": "https://other.example/"}]
    assert EpcisEvent(listed[1], one.namespaces).all_namespaces()["x"] == "https://other.example/"


def test_export_never_overwrites(tmp_path):
    (tmp_path / "e.json").write_text("mine")
    with pytest.raises(UsageError, match="There is a file"):
        export([], tmp_path / "e.json")
    assert (tmp_path / "e.json").read_text() == "mine"


def test_export_leaves_nothing_behind_if_the_events_break_off(tmp_path):
    def breaking():
        yield as_event(event())
        raise DiskFull("no room")

    with pytest.raises(DiskFull):
        export(breaking(), tmp_path / "e.json")
    assert list(tmp_path.iterdir()) == []

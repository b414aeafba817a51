"""Definitions in YAML: the same meaning as in JSON, the same hash, and faults by line."""

import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots._documents import read_document
from crmdapp.ballots.definition import load_definition, read_definition
from crmdapp.ballots.poll_definition import load_poll, read_poll
from crmdapp.errors import FileRejected
from tests.ballots.test_definition import GOOD, TOWN

YAML = f"""\
# What the town votes on.
format: crmdapp-election-1
title: Council of the town library
questions:
  - title: Longer hours?
    kind: choice
    options: [Yes, No, Blank]
  - {{title: "Who?", kind: vector, options: [A, B, C], min: 1, max: 2}}
precincts:
  - name: North
    voters: 800
  - name: South
    voters: 650
minimum_turnout: 10
trustees:
  - {{name: Trustee 3, address: {TOWN[3]}}}
  - {{name: Trustee 1, address: "{TOWN[1]}"}}
  - {{name: Trustee 2, address: {TOWN[2]}}}
threshold: 2
registrars:
  - {{name: Registrar 6, address: {TOWN[6]}}}
  - {{name: Registrar 5, address: {TOWN[5]}}}
registrar_quorum: 1
windows:
  keys_until: 2026-06-01T12:00:00+02:00
  commitments_until: 2026-06-02T12:00:00+02:00
  deals_until: "2026-06-03T12:00:00+02:00"
  complaints_until: 2026-06-04T12:00:00+02:00
  registration_until: 2026-06-03T00:00:00Z
  opens_at: 2026-06-07T08:00:00Z
  closes_at: 2026-06-07T20:00:00Z
  shares_until: 2026-06-14T20:00:00Z
"""


def read(text):
    return read_definition(text.encode(), "election.yaml")


def fault_of(text):
    with pytest.raises(FileRejected) as refused:
        read(text)
    (fault,) = refused.value.faults
    return fault


def test_yaml_and_json_that_say_the_same_have_one_hash():
    assert read(YAML).hash == read_definition(json.dumps(GOOD).encode()).hash


@pytest.mark.parametrize("suffix", ["yaml", "yml", "YML"])
def test_a_file_is_read_by_its_suffix(tmp_path, suffix):
    path = tmp_path / f"election.{suffix}"
    path.write_text(YAML)
    assert load_definition(path) == read(YAML)
    wrong = tmp_path / "election.json"
    wrong.write_text(YAML)
    with pytest.raises(FileRejected, match=r"election\.json"):
        load_definition(wrong)


def test_json_is_yaml_too():
    assert read(json.dumps(GOOD)).hash == read(YAML).hash


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_whatever_json_says_yaml_says_too(value, flowing):
    written = yaml.safe_dump({"value": value}, default_flow_style=flowing)
    assert read_document(written.encode(), "document.yaml").plain() == {"value": value}
    assert read_document(json.dumps({"value": value}).encode(), "document.json").plain() == {
        "value": value
    }


@given(st.text() | st.text(alphabet="ab: -[]{},&*!|>'\"\n\t#?%@`~<=01.", max_size=40))
def test_no_text_breaks_the_reader(text):
    with suppress(FileRejected):
        read_document(text.encode(), "document.yaml")


def test_words_that_yaml_would_turn_into_something_else_stay_words():
    for words in (("on", "null", "~"), ("12:30", "0x1f", "1_000"), ("2026-01-01", "017", "no")):
        written = ", ".join("'null'" if word == "null" else word for word in words)
        found = read(YAML.replace("Yes, No, Blank", written))
        assert found.questions[0].options == words


def test_numbers_and_truth_values_are_what_json_has():
    assert fault_of(YAML.replace("threshold: 2", "threshold: true")).reason.endswith("got true")
    assert fault_of(YAML.replace("threshold: 2", "threshold: 1.5")).reason.endswith("got 1.5")
    assert fault_of(YAML.replace("threshold: 2", "threshold: null")).reason.endswith("got null")
    assert fault_of(YAML.replace("threshold: 2", "threshold: '2'")).reason.endswith("got '2'")


def test_a_fault_names_line_and_field():
    fault = fault_of(YAML.replace("voters: 650", "voters: 0"))
    assert (fault.line, fault.field) == (13, "precincts[1].voters")
    assert "from 1 to" in fault.reason


REFUSED = [
    ("title: Council of the town library", "title: A\ntitle: B", 4, "stands there twice"),
    ("max: 2}", "max: 2, max: 3}", 8, "stands there twice"),
    ("title: Council of the town library", "title: &a A", 3, "anchors and aliases"),
    ("title: Council of the town library", "title: *a", 3, "anchors and aliases"),
    ("title: Council of the town library", "title: !!python/name:os.system x", 3, "not taken"),
    ("title: Council of the town library", "title: !!binary YQ==", 3, "not taken"),
    ("title: Council of the town library", "title: !!set {a, b}", 3, "not taken"),
    ("title: Council of the town library", "? [a]\n: b", 3, "a name is text"),
    ("title: Council of the town library", "<<: {a: 1}", 3, "a name is text"),
    ("threshold: 2", "threshold: 9007199254740992", 19, "where readers of JSON round"),
    ("threshold: 2", "threshold: [", 21, "it is not YAML"),
    ("threshold: 2", "\tthreshold: 2", 19, "it is not YAML"),
    ("threshold: 2", "---\nthreshold: 2", 19, "it is not YAML"),
    ("threshold: 2", "threshold: " + "[" * 40 + "]" * 40, 19, "nested more than 32 deep"),
    ("threshold: 2", "threshold: \x01", 0, "it is not YAML"),
]


@pytest.mark.parametrize(("good", "bad", "line", "reason"), REFUSED)
def test_what_yaml_could_mean_in_two_ways_is_refused(good, bad, line, reason):
    assert good in YAML
    fault = fault_of(YAML.replace(good, bad))
    assert reason in fault.reason
    assert fault.line == line


def test_an_empty_file_is_refused():
    assert fault_of("# nothing\n").reason == "it is empty"
    with pytest.raises(FileRejected):
        read_definition(b"\xff\xfe", "election.yaml")


POLL = """\
format: crmdapp-poll-1
title: Which bench?
options: [Wood, Stone]
opens_at: 2026-06-01T12:00:00Z
closes_at: 2026-06-08T12:00:00Z
"""


def test_a_poll_is_read_in_both_forms(tmp_path):
    path = tmp_path / "poll.yml"
    path.write_text(POLL)
    found = load_poll(path)
    assert (found.title, found.options, found.weights) == ("Which bench?", ("Wood", "Stone"), None)
    same = json.dumps(
        {
            "closes_at": "2026-06-08T12:00:00Z",
            "opens_at": "2026-06-01T12:00:00Z",
            "format": "crmdapp-poll-1",
            "title": "Which bench?",
            "options": ["Wood", "Stone"],
        }
    )
    assert read_poll(same.encode()).hash == found.hash


@pytest.mark.parametrize(
    ("more", "field", "reason"),
    [
        ("weights: {token: 0x00, block: 1}", "weights.token", "EIP-55 checksum"),
        (f"weights: {{token: {TOWN[0]}}}", "weights.block", "it is missing"),
        (f"weights: {{token: {TOWN[0]}, block: 0}}", "weights.block", "from 1 to"),
        (f"weights: {{token: {TOWN[0]}, block: 1, id: -1}}", "weights.id", "from 0 to"),
        (f"weights: {{token: {TOWN[0]}, block: 1, more: 1}}", "weights.more", "no such field"),
        ("weights: everybody", "weights", "must be an object"),
        ("more: 1", "more", "no such field"),
    ],
)
def test_faults_of_a_poll_name_the_field(more, field, reason):
    with pytest.raises(FileRejected) as refused:
        read_poll((POLL + more).encode(), "poll.yaml")
    (fault,) = [each for each in refused.value.faults if each.field == field]
    assert reason in fault.reason
    assert fault.line == 6


def test_a_poll_closes_after_it_opens():
    late = POLL.replace("2026-06-08", "2026-06-01")
    with pytest.raises(FileRejected) as refused:
        read_poll(late.encode(), "poll.yaml")
    assert [each.field for each in refused.value.faults] == ["closes_at"]

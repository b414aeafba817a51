"""Auditors at the command line: from a file without any node, and from a chain."""

import json

import pytest

from crmdapp.chain import Manifest, connect
from crmdapp.errors import EXIT_OK, EXIT_USAGE, EXIT_VERIFICATION
from tests.ballots.records import ELECTION, story
from tests.ballots.station import OF_THREE, Station
from tests.ballots.voting import flipped
from tests.cli.conftest import ADDRESSES

AUDIT = ("elections", "audit", ELECTION)


@pytest.fixture
def record(offline):
    """A record of a small election that was never on a chain."""
    place = offline.folder / "record.jsonl.gz"
    story().signed().save(place)
    return place


@pytest.fixture
def altered(offline):
    """The same with a byte of a ballot changed, signed anew."""
    drafted = story()
    batch = drafted.drafts[drafted.of("cast a")].args[3]
    place = offline.folder / "altered.jsonl"
    drafted.put("cast a", lambda d: d.arg(3, flipped(batch, 300))).signed().save(place)
    return place


def test_audit_of_a_file_needs_no_node(offline, record):
    report = offline.json(*AUDIT, "--record", record, "--workers", 1)["report"]
    assert report["holds"]
    assert report["phase"] == "Tallied"
    assert [each["counts"] for each in report["questions"]] == [[2, 2, 3], [1, 2, 1]]


def test_audit_shows_links_and_votes_in_the_definition_s_words(offline, record):
    shown = offline(*AUDIT, "--record", record, "--workers", 1)
    assert shown.code == EXIT_OK
    for part in (
        "bulletin",
        "Which colour?",
        "Blue",
        "Tallied",
        "9",
        story().signed().digest.hex(),
    ):
        assert part in shown.out
    assert "Verifying" in shown.err


def test_audit_names_the_broken_link_and_ends_with_8(offline, altered):
    out = offline.folder / "report.json"
    error = offline.error(*AUDIT, "--record", altered, "--out", out, code=EXIT_VERIFICATION)
    assert error["code"] == "AuditFailed"
    assert error["fields"]["link"] == "ballots"
    assert "BallotsCast" in error["fields"]["place"]
    assert json.loads(out.read_text())["report"]["broken"]["link"] == "ballots"
    told = offline(*AUDIT, "--record", altered, code=EXIT_VERIFICATION)
    assert "The link 'ballots' of election 7 is broken" in told.err


def test_audit_refuses_a_file_that_was_changed(offline, record):
    (offline.folder / "cut.gz").write_bytes(record.read_bytes()[:-20])
    cut = offline.folder / "cut.gz"
    error = offline.error(*AUDIT, "--record", cut, code=EXIT_VERIFICATION)
    assert error["code"] == "RecordMalformed"


def test_audit_is_of_the_election_that_is_named(offline, record):
    offline.error("elections", "audit", 8, "--record", record, code=EXIT_USAGE)
    offline.error(*AUDIT, "--record", offline.folder / "none", code=EXIT_USAGE)
    offline.error(*AUDIT, "--record", record, "--out", record, code=EXIT_USAGE)
    offline.error(*AUDIT, "--record", record, "--sign", code=EXIT_USAGE)


def test_a_signed_report_is_verified(offline, record):
    out = offline.folder / "report.json"
    offline.act_as("shop")
    offline(
        *AUDIT, "--record", record, "--sign", "--out", out, "--second-implementation", "--sample", 1
    )
    found = offline.json("elections", "verify-report", out, "--record", record)
    assert found["signer"] == ADDRESSES["shop"]
    assert found["secondImplementation"] == {"ballots": 1, "proofs": 1}
    shown = offline("elections", "verify-report", out, "--auditor", ADDRESSES["shop"])
    assert "every link holds" in shown.out
    verify = ("elections", "verify-report", out)
    offline.error(*verify, "--auditor", ADDRESSES["friend"], code=EXIT_VERIFICATION)
    other = offline.folder / "other.jsonl"
    story().signed(block=9_999).save(other)
    offline.error(*verify, "--record", other, code=EXIT_VERIFICATION)
    data = json.loads(out.read_text())
    data["report"]["voters"] = 10
    out.write_text(json.dumps(data))
    assert offline.error(*verify, code=EXIT_VERIFICATION)["code"] == "AuditReportRefused"


def test_audit_of_a_chain_keeps_the_record(crmdapp, node, tmp_path):
    with connect(node.url) as connection:
        manifest = Manifest.load(crmdapp.folder / "deployments" / "31337.json")
        folder = tmp_path / "station"
        folder.mkdir()
        station = Station(node, manifest, folder, connection)
        held = station.hold_election(
            "tallied", voters=(3,), votes=[[[1, 0, 2]]], questions=[OF_THREE]
        )
        station.close()
    definition = crmdapp.folder / "definition.json"
    definition.write_bytes(held.definition.canonical)
    kept = crmdapp.folder / "record.jsonl"
    words = ("elections", "audit", held.number, "--workers", 1)
    shown = crmdapp(*words, "--definition", definition, "--save", kept)
    assert "Reading" in shown.err
    assert "Green" in shown.out
    again = crmdapp.json(*words, "--record", kept)["report"]
    assert again["questions"][0]["counts"] == [1, 1, 1]
    assert again["notes"] == []

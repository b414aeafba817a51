"""What `make bench` holds its figures against, and whether the committed ones are fresh."""

import json

import pytest

from crmdapp.chain import artifacts
from scripts.bench import __main__ as bench
from scripts.bench.compile import code_digest
from scripts.bench.table import AREAS, Row, render, write_results

KEYS = ["area", "operation", "ours", "target", "floor", "unit", "peers", "ratio", "met", "reason"]


@pytest.fixture(scope="module")
def results():
    return json.loads(bench.RESULTS.read_text(encoding="utf-8"))


def test_results_have_the_agreed_keys(results):
    assert results["rows"]
    for row in results["rows"]:
        assert list(row) == KEYS
        assert row["area"] in AREAS
        assert row["met"] in (True, False)


def test_results_agree_with_themselves(results):
    for stored in results["rows"]:
        row = Row(**{key: stored[key] for key in KEYS if key not in ("ratio", "met")})
        assert row.to_json() == stored


def test_results_say_why_a_target_of_gas_is_missed(results):
    missed = [row for row in results["rows"] if row["unit"] == "gas" and not row["met"]]
    assert [row["operation"] for row in missed if not row["reason"]] == []


def test_results_of_ballots_are_not_below_what_physics_allows(results):
    rows = [row for row in results["rows"] if row["area"] == "ballots" and row["floor"]]
    assert rows
    assert [row["operation"] for row in rows if row["ours"] < row["floor"]] == []


def test_results_are_those_of_the_present_contracts(results):
    code = {
        name: code_digest(artifacts.load(name).deployed_bytecode)
        for name in results["meta"]["code"]
    }
    assert results["meta"]["code"] == code, "run make bench"


@pytest.mark.parametrize(
    ("ours", "unit", "met"),
    [
        (99, "gas", True),
        (100, "gas", True),
        (101, "gas", False),
        (101, "rows/s", True),
        (99, "rows/s", False),
    ],
)
def test_met_compares_with_the_target(ours, unit, met):
    assert Row("loyalty", "redeem", ours, unit, target=100).met is met


@pytest.mark.parametrize(("unit", "met", "ratio"), [("gas", False, 1.25), ("rows/s", False, 0.833)])
def test_met_and_ratio_take_the_best_peer_if_there_is_no_target(unit, met, ratio):
    row = Row("loyalty", "redeem", 100, unit, peers={"low": 80, "high": 120})
    assert row.met is met
    assert row.ratio == ratio


def test_ratio_is_none_without_a_peer():
    assert Row("loyalty", "redeem", 100, "gas", target=100).ratio is None


@pytest.mark.parametrize("wrong", [{"area": "weather", "target": 1}, {"area": "loyalty"}])
def test_row_raises_if_nothing_can_be_held_against_it(wrong):
    with pytest.raises(ValueError, match="redeem"):
        Row(operation="redeem", ours=1, unit="gas", **wrong)


def test_render_marks_a_miss():
    lines = list(render([Row("loyalty", "redeem", 1_001, "gas", target=1_000)]))
    assert any("MISS" in line and "1,001" in line for line in lines)
    assert lines[-1] == "  MISS redeem: 1,001 gas, target 1,000"


def test_render_says_why_a_target_is_missed():
    row = Row("loyalty", "redeem", 1_001, "gas", target=1_000, reason="it is reported")
    assert list(render([row]))[-1] == "  MISS redeem: 1,001 gas, target 1,000: it is reported"


@pytest.mark.parametrize(("ours", "reason"), [(100, ""), (101, "it is reported")])
def test_reason_is_kept_only_if_the_target_is_missed(ours, reason):
    row = Row("loyalty", "redeem", ours, "gas", target=100, reason="it is reported")
    assert row.to_json()["reason"] == reason


def test_write_results_writes_what_was_measured(tmp_path):
    path = tmp_path / "results.json"
    row = Row("loyalty", "redeem", 1, "gas", target=2)
    write_results(path, {"code": {}}, [row])
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "meta": {"code": {}},
        "rows": [row.to_json()],
    }


def test_row_comes_back_from_what_was_kept():
    for ours in (1, 3):
        row = Row("loyalty", "redeem", ours, "gas", 2, 1, {"peer": 4}, "it is reported")
        assert Row.from_json(row.to_json()).to_json() == row.to_json()


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """The bench with results of two areas, measuring nothing itself."""
    rows = [Row("loyalty", "redeem", 1, "gas", 2), Row("api", "ask", 5, "s", 9)]
    write_results(tmp_path / "results.json", {"code": "a"}, rows)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(bench, "_meta", lambda: {"code": "a"})
    anew = [Row("loyalty", "redeem", 2, "gas", 2), Row("loyalty", "award", 3, "gas", 4)]
    monkeypatch.setattr(bench, "_measure", lambda area: anew)
    return tmp_path / "results.json"


def test_area_is_kept_beside_the_others(kept):
    assert bench.main(["--area", "loyalty", "--keep"]) == 0
    rows = json.loads(kept.read_text(encoding="utf-8"))["rows"]
    assert [(row["operation"], row["ours"]) for row in rows] == [
        ("redeem", 2),
        ("award", 3),
        ("ask", 5),
    ]


def test_area_alone_writes_nothing(kept):
    before = kept.read_bytes()
    assert bench.main(["--area", "loyalty"]) == 0
    assert kept.read_bytes() == before


def test_area_is_not_kept_beside_rows_of_other_code(kept, monkeypatch, capsys):
    before = kept.read_bytes()
    monkeypatch.setattr(bench, "_meta", lambda: {"code": "b"})
    assert bench.main(["--area", "loyalty", "--keep"]) == 1
    assert "measure everything anew" in capsys.readouterr().err
    assert kept.read_bytes() == before

"""A whole election by one command."""

import shutil
from pathlib import Path

import pytest

from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import key_of
from tests.cli.conftest import Crmdapp, clean_environment


@pytest.fixture
def elections(station, monkeypatch, capsys, tmp_path):
    clean_environment(monkeypatch, tmp_path)
    (tmp_path / "deployments").mkdir()
    shutil.copy(Path(station.node._folder) / "31337.json", tmp_path / "deployments")
    monkeypatch.setenv("CRMDAPP_RPC", station.node.url)
    station.sender("operator")
    monkeypatch.setenv("CRMDAPP_PRIVATE_KEY", key_of("operator"))
    return Crmdapp(monkeypatch, capsys, tmp_path)


def test_simulate_holds_an_election_and_audits_it(elections):
    told = elections.send(
        "elections",
        "simulate",
        "--voters",
        7,
        "--options",
        3,
        "--trustees",
        "4,2",
        "--silent",
        1,
        "--bad-dealer",
        2,
        "--spoiled",
        100,
    )
    assert (told["counted"], sum(told["totals"])) == (7, 7)
    assert told["excluded_dealers"] == [2]
    assert sum(told["refused"].values()) == 6
    assert {"proofs", "result"} <= set(told["audited_links"])
    assert told["gas_per_ballot"] > 50_000


def test_simulate_shows_a_table(elections):
    shown = elections("elections", "simulate", "--voters", 2, "--trustees", "1,1", "--yes")
    assert "vote by relayer" in shown.out
    assert "ballots a second" in shown.out


def test_simulate_is_rehearsed(elections):
    assert elections.json("elections", "simulate", "--dry-run")["dry_run"]


@pytest.mark.parametrize("trustees", ["3", "a,b", "1,2,3", "2,3", "0,0"])
def test_simulate_is_refused_with_trustees_that_cannot_be(elections, trustees):
    error = elections.refuse_to_send("elections", "simulate", "--trustees", trustees, code=2)
    assert error["code"] == "UsageError"

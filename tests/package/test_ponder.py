"""The benchmark goes on without Ponder, and does not believe it if its tables differ from ours."""

import sys
import time

import pytest

from crmdapp.store.index import open_index
from crmdapp.store.index.loyalty.tables import BALANCES
from scripts.bench import ponder_run
from scripts.bench.chain import BenchError

HOLDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
NONE = {"transfers": 0, "batches": 0}


@pytest.fixture
def index(tmp_path):
    """Ours: one customer holds 3 new and 4 old points in program 2."""
    zeros = dict.fromkeys(("epoch", "qualifying", "tier", "debt", "first_at", "last_at"), 0)
    ages = {"age_0": 3, "age_1": 0, "age_2": 0, "age_3": 4}
    with open_index(tmp_path / "index.sqlite3") as opened:
        with opened.writing() as connection:
            row = {"program": 2, "account": HOLDER, **ages, **zeros, "exact": True}
            connection.execute(BALANCES.insert(), row)
        yield opened


def test_backfill_leaves_ponder_out_if_it_is_not_installed_in_time(monkeypatch, capsys, index):
    monkeypatch.setattr(ponder_run, "INSTALL_SECONDS", 0)
    assert ponder_run.backfill(None, HOLDER, index) == {}
    assert capsys.readouterr().err == "  without Ponder: not installed within 0 s\n"


def test_compare_accepts_balances_equal_to_ours(index):
    ponder_run._compare(NONE, [["2", HOLDER.lower(), "7"]], index)


@pytest.mark.parametrize("theirs", [[], [["2", HOLDER.lower(), "6"]], [["1", HOLDER.lower(), "7"]]])
def test_compare_raises_if_balances_differ(index, theirs):
    with pytest.raises(BenchError, match="balances differ"):
        ponder_run._compare(NONE, theirs, index)


def test_compare_raises_if_a_transfer_is_missing(index):
    with pytest.raises(BenchError, match="Ponder has 1 transfers, the index 0"):
        ponder_run._compare({**NONE, "transfers": 1}, [["2", HOLDER.lower(), "7"]], index)


def test_process_ends_with_its_block(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
        begin = time.monotonic()
        with ponder_run._process(sleep, {}, log) as process:
            assert process.poll() is None
    assert process.returncode < 0
    assert time.monotonic() - begin < 10


def test_ponder_is_told_nothing_of_the_user_and_sends_no_telemetry(monkeypatch):
    for name in ("DATABASE_URL", "HTTPS_PROXY", "PORT"):
        monkeypatch.setenv(name, "5")

    class Node:
        chain_id = 31337
        url = "http://127.0.0.1:9"

    environment = ponder_run._environment(Node, HOLDER, "folder")
    assert environment["PONDER_TELEMETRY_DISABLED"] == "true"
    assert sorted(name for name in environment if not name.startswith("BENCH_")) == [
        "HOME",
        "PATH",
        "PONDER_TELEMETRY_DISABLED",
    ]

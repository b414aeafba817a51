"""``crmdapp index``: filling, showing, comparing."""

import signal
import subprocess
import time

import pytest
from sqlalchemy import text

from crmdapp.store.index import open_index
from crmdapp.store.index.verifying import Compared, Comparison, require_equal
from tests.cli.conftest import ADDRESSES, CRMDAPP


@pytest.fixture
def indexed(crmdapp):
    """The command line after the index was filled."""
    crmdapp.json("index", "run", "--once")
    return crmdapp


def path_of(crmdapp):
    return crmdapp.state / "index.sqlite3"


def test_run_fills_the_index(crmdapp):
    found = crmdapp.json("index", "run", "--once")
    assert found["block"] == found["head"] > 0
    assert found["events"] > 0
    assert path_of(crmdapp).exists()


def test_run_goes_on_where_it_ended(indexed):
    before = indexed.json("index", "run", "--once")
    indexed.act_as("shop")
    indexed.send("loyalty", "award", "2", ADDRESSES["customer"], "1.00")
    after = indexed.json("index", "run", "--once")
    assert after["events"] > before["events"]


def test_run_rebuilds(indexed):
    with open_index(path_of(indexed)) as index, index.writing() as connection:
        connection.execute(text("DELETE FROM events"))
    found = indexed.json("index", "run", "--once", "--rebuild")
    assert indexed.json("index", "status")["rows"]["events"] == found["events"] > 0


def test_run_names_an_index_elsewhere(crmdapp, tmp_path):
    place = tmp_path / "other.sqlite3"
    crmdapp.json("index", "run", "--once", "--index", place)
    assert crmdapp.json("index", "status", "--index", place)["index"] == str(place)


def test_run_shows_people_a_sentence(crmdapp):
    shown = crmdapp("index", "run", "--once")
    assert "The index is at block" in shown.out
    assert "Indexing:" in shown.err


@pytest.fixture
def follower(crmdapp):
    """A process that follows the chain."""
    command = [*CRMDAPP, "index", "run", "--poll", "0.05", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        yield process
        process.kill()


def test_run_follows_until_interrupted(crmdapp, follower, node):
    while "Following the chain" not in (line := follower.stderr.readline()):
        assert line, "it ended by itself"
    crmdapp.act_as("shop")
    crmdapp.send("loyalty", "award", "2", ADDRESSES["customer"], "1.00")
    head, deadline = int(node.rpc("eth_blockNumber"), 16), time.monotonic() + 20
    with open_index(path_of(crmdapp)) as index:
        while index.position().block < head:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    follower.send_signal(signal.SIGINT)
    out, _ = follower.communicate(timeout=20)
    assert (follower.returncode, f'"block": {head}' in out) == (0, True)


def test_status_shows_position_and_size(indexed):
    found = indexed.json("index", "status")
    assert (found["chain_id"], found["lag"]) == (31337, 0)
    assert found["rows"]["events"] == found["events"] > 0
    assert found["bytes"] > 0
    shown = indexed("index", "status").out
    assert "0 blocks behind block" in shown
    assert "loyalty_balances" in shown


def test_status_tells_how_far_behind_it_is(indexed, node):
    node.mine(3)
    assert indexed.json("index", "status")["lag"] == 3


def test_status_needs_no_node(indexed):
    indexed.env(CRMDAPP_RPC="http://127.0.0.1:1")
    assert indexed.json("index", "status")["lag"] is None


def test_status_of_an_empty_index_is_an_error(crmdapp):
    found = crmdapp.error("index", "status", code=1)
    assert found["code"] == "IndexEmpty"
    assert "crmdapp index run" in found["hint"]


def test_verify_finds_no_difference(indexed):
    indexed.act_as("shop")
    indexed.send("loyalty", "award", "2", ADDRESSES["customer"], "1.00")
    indexed.json("index", "run", "--once")
    found = indexed.json("index", "verify")
    assert found["compared"] > 0
    assert found["differences"] == []
    assert "values compared" in indexed("index", "verify").out


def test_verify_names_what_differs(indexed):
    indexed.act_as("shop")
    indexed.send("loyalty", "award", "2", ADDRESSES["customer"], "1.00")
    indexed.json("index", "run", "--once")
    with open_index(path_of(indexed)) as index, index.writing() as connection:
        connection.execute(text("UPDATE loyalty_balances SET age_0 = age_0 + 7"))
    found = indexed.error("index", "verify", code=8)
    assert found["code"] == "IndexDiffers"
    assert found["fields"]["differences"] >= 1
    assert "loyalty_balances" in found["why"]
    shown = indexed("index", "verify", code=8)
    assert "loyalty_balances" in shown.out


def test_require_equal_accepts_equal_values():
    result = Comparison(5)
    result.take(Compared("loyalty_balances", "program 2", "points", 3, 3))
    require_equal(result)
    assert (result.compared, result.differences) == (1, [])

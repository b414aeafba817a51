"""The local chain: start, stop, state that stays, and play money."""

import socket

import pytest

from tests.cli.conftest import ADDRESSES
from tests.fixtures.anvil import Anvil
from tests.fixtures.ports import free_port


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def local(offline, port):
    """The command line whose node is the local chain; it is stopped in the end."""
    offline.env(CRMDAPP_RPC=f"http://127.0.0.1:{port}")
    yield offline
    offline("chain", "down")


def test_up_status_fund_down_and_the_state_stays(local, port):
    started = local.json("chain", "up", "--port", port)
    assert (started["running"], started["chain_id"], started["port"]) == (True, 31337, port)
    assert local.json("chain", "up", "--port", port)["pid"] == started["pid"]
    assert local.json("chain", "status")["running"]
    funded = local.send("chain", "fund", ADDRESSES["friend"], "0.5")
    assert funded["value"] == 5 * 10**17
    stopped = local.json("chain", "down")
    assert not stopped["running"]
    assert not local.json("chain", "status", code=5)["running"]
    local.json("chain", "up", "--port", port)
    again = local.send("chain", "fund", ADDRESSES["friend"], "0.25")
    assert again["balance"] == funded["balance"] + 25 * 10**16


def test_up_names_a_port_in_use(offline, port):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        problem = offline.error("chain", "up", "--port", port, code=5)
    assert problem["code"] == "PortInUse"
    assert str(port) in problem["message"]


def test_up_names_a_missing_anvil(offline, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr("sys.prefix", str(offline.folder))
    problem = offline.error("chain", "up", code=5)
    assert problem["code"] == "AnvilMissing"
    assert "npm install" in problem["hint"]


def test_down_without_a_chain_is_no_error(offline):
    assert offline.json("chain", "down")["running"] is False


def test_fund_asks_first(crmdapp, answer):
    answer("n\n")
    crmdapp("chain", "fund", "friend", "1", code=3)
    data = crmdapp.json("chain", "fund", "friend", "1", "--dry-run")
    assert (data["dry_run"], data["value"]) == (True, 10**18)


@pytest.mark.parametrize("ether", ["0", "-1", "1e3", "0.0000000000000000001", "much"])
def test_fund_refuses_what_is_no_amount(crmdapp, ether):
    problem = crmdapp.error("chain", "fund", "friend", "--yes", "--", ether, code=2)
    assert problem["code"] == "UsageError"


def test_fund_refuses_every_other_chain(crmdapp):
    with Anvil(chain_id=1337) as other:
        problem = crmdapp.refuse_to_send("chain", "fund", "friend", "1", "--rpc", other.url, code=5)
    assert problem["code"] == "WrongChain"
    assert problem["fields"] == {"expected": 31337, "actual": 1337}


def test_fund_refuses_a_node_that_is_not_on_this_machine(crmdapp, node):
    far = f"http://127.1:{node.port}"  # on this machine, but by no name that says so
    crmdapp.env(CRMDAPP_RPC=f"{node.url} {far}")
    assert crmdapp.refuse_to_send("chain", "fund", "friend", "1", code=5)["code"] == "WrongChain"


def test_forward_moves_the_clock_by_a_span_or_to_a_time(crmdapp, node):
    before = crmdapp.json("chain", "forward", "1s")["time"]
    assert crmdapp.json("chain", "forward", "2h")["time"] == before + 7_200
    then = crmdapp.json("chain", "forward", "2040-06-01T12:00:00+02:00")["time"]
    assert then == 2_222_157_600
    assert node.now == then


@pytest.mark.parametrize("when", ["2020-01-31", "0h", "soon"])
def test_forward_refuses_the_past_and_what_is_no_time(crmdapp, when):
    problem = crmdapp.error("chain", "forward", when, code=2)
    assert problem["code"] == "UsageError"
    assert repr(when) in problem["message"]


def test_forward_moves_no_clock_but_that_of_the_local_chain(crmdapp):
    with Anvil(chain_id=77) as other:
        crmdapp.env(CRMDAPP_RPC=other.url)
        problem = crmdapp.error("chain", "forward", "2h", code=5)
    assert problem["code"] == "WrongChain"
    assert "clock" in problem["message"]

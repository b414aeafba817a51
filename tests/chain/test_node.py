"""The local node: starts detached, keeps its state, and says what is wrong."""

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from crmdapp.chain import Call, LocalSigner, Sender, connect, node
from crmdapp.errors import AnvilMissing, NodeCrashed, PortInUse, UsageError
from tests.chain.conftest import QUICK, STRANGER
from tests.fixtures.anvil import DEV_KEYS
from tests.fixtures.ports import free_port


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "node"
    yield folder
    node.down(folder)


def test_up_serves_the_chain_on_loopback(folder, port):
    status = node.up(folder, port, 4242)
    assert (status.running, status.port, status.chain_id) == (True, port, 4242)
    assert status.detail == "block 0"
    with connect(status.url, chain_id=4242) as connection:
        assert connection.block_number() == 0
    listening = subprocess.run(["cat", "/proc/net/tcp"], capture_output=True, text=True, check=True)
    assert f"0100007F:{port:04X}" in listening.stdout
    assert f"00000000:{port:04X}" not in listening.stdout


def test_up_leaves_a_running_node_alone(folder, port):
    first = node.up(folder, port)
    assert node.up(folder, port).pid == first.pid
    with pytest.raises(UsageError, match=f"runs already, on port {port}"):
        node.up(folder, port + 1)


def test_down_keeps_the_state(folder, port, journal):
    status = node.up(folder, port)
    signer = LocalSigner(DEV_KEYS[0])
    with connect(status.url) as connection:
        genesis = connection.genesis_hash
        sender = Sender(connection, signer, journal, policy=QUICK)
        sent = sender.wait(sender.send(Call(STRANGER, value=5), key="sale"))
    assert not node.down(folder).running
    assert not node.status(folder).running
    status = node.up(folder, port)
    with connect(status.url) as connection:
        assert connection.genesis_hash == genesis
        assert connection.balance(STRANGER) == 5
        sender = Sender(connection, signer, journal, policy=QUICK)
        assert sender.send(Call(STRANGER, value=5), key="sale").hash == sent.hash
        assert connection.balance(STRANGER) == 5
    assert (folder / "state.backup.json").exists()


def test_down_keeps_the_genesis_however_often(folder, port, journal):
    found = []
    for _ in range(4):
        with connect(node.up(folder, port).url) as connection:
            sender = Sender(connection, LocalSigner(DEV_KEYS[0]), journal, policy=QUICK)
            sender.wait(sender.send(Call(STRANGER, value=1)))
            found.append((connection.genesis_hash, connection.block_number()))
        node.down(folder)
        time.sleep(1.1)  # the clock shows another second
    assert found == [(found[0][0], number) for number in (1, 2, 3, 4)]
    kept = json.loads((folder / "state.json").read_text())["blocks"]
    assert sum(int(block["header"]["number"], 16) == 0 for block in kept) == 1


def test_up_outlives_the_process_that_called_it(folder, port):
    program = f"from crmdapp.chain import node; print(node.up({str(folder)!r}, {port}).pid)"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120
    )
    status = node.status(folder)
    assert (status.running, status.pid) == (True, int(found.stdout))
    assert os.getsid(status.pid) != os.getsid(0)


def test_up_raises_if_the_port_is_taken(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortInUse) as caught:
            node.up(folder, taken)
    assert str(taken) in caught.value.message
    assert "no Ethereum node" in caught.value.why
    assert "--port" in caught.value.hint


def test_up_names_the_other_node_on_the_port(folder, shared_node):
    with pytest.raises(PortInUse) as caught:
        node.up(folder, shared_node.port)
    assert "Ethereum node with chain id 31337 (anvil" in caught.value.why


def test_up_raises_if_anvil_is_missing(folder, port, monkeypatch):
    monkeypatch.setattr(node, "_candidates", lambda: iter(()))
    with pytest.raises(AnvilMissing) as caught:
        node.up(folder, port)
    assert "npm install" in caught.value.hint
    assert caught.value.exit_code == 5


def test_up_raises_with_its_last_words_if_it_crashes(folder, port):
    folder.mkdir()
    (folder / "state.json").write_text('{"nonsense": 1}')
    with pytest.raises(NodeCrashed) as caught:
        node.up(folder, port)
    assert caught.value.why
    assert str(folder / "node.log") in caught.value.hint
    assert not (folder / "node.json").exists()


def test_up_raises_if_the_state_was_cut_off(folder, port):
    folder.mkdir()
    (folder / "state.json").write_text('{"block": {"number": ')
    with pytest.raises(NodeCrashed, match="is damaged") as caught:
        node.up(folder, port)
    assert "state.backup.json" in caught.value.hint


@pytest.mark.parametrize("number", [0, -1, 65_536])
def test_up_refuses_if_the_port_is_no_port(folder, number):
    with pytest.raises(UsageError, match="port"):
        node.up(folder, number)


def test_status_tells_if_it_was_killed(folder, port):
    pid = node.up(folder, port).pid
    os.kill(pid, signal.SIGKILL)
    while node.status(folder).running:
        time.sleep(0.01)
    status = node.status(folder)
    assert (status.running, status.pid) == (False, None)
    assert status.detail.startswith("stopped by itself")
    assert node.up(folder, port).running


def test_down_leaves_another_program_with_its_old_id_alone(folder):
    folder.mkdir()
    record = {"pid": os.getpid(), "port": 1, "chain_id": 1}
    (folder / "node.json").write_text(json.dumps(record))
    assert not node.down(folder).running
    assert not (folder / "node.json").exists()


def test_status_of_a_node_never_started(folder):
    assert node.status(folder).detail == "not started"


def test_up_uses_the_timestamp_of_a_new_chain_only(folder, port):
    status = node.up(folder, port, timestamp=1_700_000_000)
    with connect(status.url) as connection:
        assert connection.block_timestamp() == 1_700_000_000

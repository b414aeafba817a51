"""kill -9 at every point of sending: nothing is lost and nothing happens twice."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crmdapp.chain import Call, Journal, LocalSigner, Sender, connect
from tests.chain.conftest import QUICK
from tests.chain.killed_sender import POINTS, receiver
from tests.fixtures.anvil import DEV_KEYS

ROOT = Path(__file__).parents[2]
PAYER = LocalSigner(DEV_KEYS[0]).address
ITEMS = 8


@pytest.fixture
def start(node, tmp_path):
    """Starts the sending process; what still runs at the end is killed."""
    started = []

    def start(*words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.chain.killed_sender", node.url]
        process = subprocess.Popen([*command, str(tmp_path / "j.sqlite3"), *words], cwd=ROOT)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def amounts(node, first, last):
    balances = (node.rpc("eth_getBalance", receiver(n), "latest") for n in range(first, last))
    return [int(balance, 16) for balance in balances]


@pytest.mark.parametrize("point", POINTS)
def test_send_many_goes_on_after_kill(node, start, tmp_path, point):
    assert start("0", str(ITEMS), point).wait(timeout=120) == -signal.SIGKILL
    assert sum(amounts(node, 0, ITEMS)) < sum(range(1, ITEMS + 1))
    assert start("0", str(ITEMS)).wait(timeout=120) == 0
    assert amounts(node, 0, ITEMS) == list(range(1, ITEMS + 1))


@pytest.mark.parametrize("point", POINTS)
def test_resume_completes_after_kill(node, start, tmp_path, point):
    """Without running the command again: every signed transaction lands, no number is wasted."""
    node.automine(False)
    process = start("0", str(ITEMS), point)
    if point == "mined":
        while process.poll() is None:
            node.mine()
            time.sleep(0.05)
    assert process.wait(timeout=120) == -signal.SIGKILL
    node.automine(True)
    with connect(node.url) as connection, Journal(tmp_path / "j.sqlite3") as journal:
        sender = Sender(connection, LocalSigner(DEV_KEYS[0]), journal, policy=QUICK)
        signed = [item for item in sender.pending() if item.state == "signed"]
        receipts = sender.resume()
        assert [receipt.key for receipt in receipts] == [item.key for item in signed]
        assert sender.pending() == []
        sent = sender.wait(sender.send(Call(receiver(99), value=1)))
        assert sent.nonce == connection.nonce(sender.address) - 1
    got = amounts(node, 0, ITEMS)
    assert all(amount in (0, n + 1) for n, amount in enumerate(got))
    assert sum(1 for amount in got if amount) >= len(signed)


def test_send_many_survives_kills_at_random_times(node, start):
    chance = random.Random(2026)
    count = 40
    arrived = 0
    for _ in range(4):
        process = start("0", str(count))
        arrived += chance.randint(1, 9)
        while int(node.rpc("eth_getTransactionCount", PAYER, "latest"), 16) < arrived:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert start("0", str(count)).wait(timeout=120) == 0
    assert amounts(node, 0, count) == list(range(1, count + 1))


def test_two_processes_share_a_journal(node, start):
    left, right = start("0", "15"), start("15", "30")
    assert (left.wait(timeout=120), right.wait(timeout=120)) == (0, 0)
    assert amounts(node, 0, 30) == list(range(1, 31))


def test_two_processes_with_the_same_keys_send_once(node, start):
    twins = [start("0", "12"), start("0", "12")]
    assert [process.wait(timeout=120) for process in twins] == [0, 0]
    assert amounts(node, 0, 12) == list(range(1, 13))

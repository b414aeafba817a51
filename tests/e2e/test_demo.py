"""The demo as somebody runs it: it holds, it notices when something does not, it cleans up."""

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from crmdapp import Journal, LocalSigner, connect
from crmdapp.errors import FundsMissing
from scripts.demo import purchases
from scripts.demo.stage import give_ether
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.fixtures.flaky_rpc import FlakyRpc, rpc_error

ROOT = Path(__file__).resolve().parents[2]
MARK = "CRMDAPP_DEMO_TEST"
FEW = ("--members", "6")
SECONDS = 900  # all chapters take two minutes on two idle cores

pytestmark = pytest.mark.timeout(SECONDS)

TAMPERED = """
import sys
from scripts.demo.ledger import Ledger
from scripts.demo.__main__ import main
book = Ledger.award
Ledger.award = lambda self, to, units: book(self, to, units + (self.awarded == 0))
sys.exit(main(["--members", "6"]))
"""


TAMPERED_NETWORK = """
import sys
from scripts.demo.network import Network
from scripts.demo.__main__ import main
owed = Network.owed
Network.owed = lambda self, debtor, creditor: owed(self, debtor, creditor) + 1
sys.exit(main(["--chapter", "network"]))
"""


TAMPERED_PROVENANCE = """
import sys
from scripts.demo.gallery_hall import Hall
from scripts.demo.__main__ import main
coins = Hall.coins_of
Hall.coins_of = lambda self, address: coins(self, address) // 2
sys.exit(main(["--chapter", "provenance"]))
"""


TAMPERED_BALLOTS = """
import sys
from scripts.demo.ballots import Members
from scripts.demo.__main__ import main
Members.require = lambda self, uid: None
sys.exit(main(["--chapter", "ballots", "--members", "6"]))
"""


@pytest.fixture
def mark():
    """A word in the environment of everything that a test starts."""
    return str(uuid.uuid4())


@pytest.fixture
def environ(mark, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRMDAPP")}
    return {**kept, MARK: mark, "HOME": str(tmp_path), "COLUMNS": "100"}


@pytest.fixture
def demo(environ):
    """Runs the demo with some arguments; returns the finished process."""

    def run(*arguments, **variables):
        return subprocess.run(
            [sys.executable, *(arguments or ("-m", "scripts.demo"))],
            cwd=ROOT,
            env={**environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS - 20,
        )

    return run


def left_running(mark):
    """Processes whose environment has the mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_bytes())
        except OSError:
            continue
    return found


def test_demo_holds_and_leaves_nothing_running(demo, mark):
    done = demo()

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "FAILED" not in done.stdout
    assert "checks hold." in done.stdout
    assert "\x1b" not in done.stdout
    for scene in (
        "Tiers rise",
        "oldest points",
        "gift keeps its age",
        "expire",
        "without ether",
        "Three merchants join",
        "dines on miles",
        "changes miles into books",
        "A coupon",
        "part of the dinner comes back",
        "One wallet",
        "The merchants settle",
        "She takes it back",
        "three curators look at it",
        "cited and goes to the curators",
        "the artist is paid at once",
        "an old offer stays dead",
        "A stranger checks the certificate",
        "a copy of the whole gallery",
        "changes hands, with both signatures",
        "how warm it was",
        "its label turns up elsewhere",
        "The farm calls the lot back",
        "held against the ledger",
        "names nobody",
        "Somebody adds one vote",
        "An auditor who believes nobody",
        "Somebody changes the record",
    ):
        assert scene in done.stdout
    assert left_running(mark) == []


@pytest.mark.parametrize(
    "story",
    [TAMPERED, TAMPERED_NETWORK, TAMPERED_PROVENANCE, TAMPERED_BALLOTS],
    ids=["loyalty", "network", "provenance", "ballots"],
)
def test_demo_fails_if_books_differ_from_chain(demo, mark, story):
    done = demo("-c", story)

    assert done.returncode == 8, done.stdout[-3000:] + done.stderr
    assert "FAILED" in done.stdout
    assert "checks hold." not in done.stdout
    assert left_running(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_demo_leaves_nothing_running_if_interrupted(environ, mark, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.demo"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        if "opens a program" in line:
            break
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert left_running(mark) == []


@pytest.mark.parametrize("chapter", ["loyalty", "network", "customers", "provenance", "ballots"])
def test_demo_fits_a_narrow_terminal(demo, chapter):
    done = demo("-m", "scripts.demo", "--chapter", chapter, *FEW, COLUMNS="40")

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert [line for line in done.stdout.splitlines() if len(line) > 40] == []


def test_demo_says_what_a_node_cannot_show(demo):
    """In real time, on a chain without P-256, at a node without proofs of storage."""
    with Anvil(hardfork="prague") as chain, FlakyRpc(chain.url) as node:
        node.plan(rpc_error(-32601, "no such method"), method="eth_getProof", times=-1)
        done = demo("-m", "scripts.demo", "--chapter", "provenance", "--rpc", node.url)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "the half about art is left out" in done.stdout
    assert "that scene is left out" in done.stdout
    assert "The farm calls the lot back" in done.stdout


def test_demo_names_node_if_unreachable(demo):
    done = demo("-m", "scripts.demo", "--rpc", "http://127.0.0.1:9")

    assert done.returncode == 5
    assert done.stderr.startswith("NodeUnreachable:")


def test_demo_says_who_could_pay_if_nobody_does(demo):
    with Anvil(options=("--accounts", "0")) as chain:
        done = demo("-m", "scripts.demo", "--rpc", chain.url)

    assert done.returncode == 4
    assert "CRMDAPP_PRIVATE_KEY" in done.stderr


def test_give_ether_takes_it_from_the_payer(tmp_path):
    nobody = LocalSigner.random().address
    with (
        Anvil() as chain,
        connect(chain.url) as connection,
        Journal(tmp_path / "journal.sqlite3") as journal,
    ):
        give_ether(connection, journal, LocalSigner(DEV_KEYS[1]), nobody, 3)
        assert connection.balance(nobody) == 3

        with pytest.raises(FundsMissing):
            give_ether(connection, journal, LocalSigner.random(), nobody, 3)


def test_purchases_are_what_their_generator_writes():
    assert purchases.main(["--check"]) == 0


def test_purchases_check_fails_if_file_differs(tmp_path, monkeypatch):
    changed = tmp_path / "purchases.csv"
    changed.write_text(purchases.FILE.read_text().replace("4.20", "4.30", 1))
    monkeypatch.setattr(purchases, "FILE", changed)

    assert purchases.main(["--check"]) == 1


def test_purchases_are_rejected_if_header_differs(tmp_path):
    other = tmp_path / "purchases.csv"
    other.write_text("when,who\n")

    with pytest.raises(ValueError, match="the first line must be time,order,member,amount"):
        purchases.read(other)

"""One anvil per test process; each test gets it as it was."""

import ape
import pytest

from crmdapp.chain import Call, Journal, LocalSigner, Sender, SendPolicy, connect
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.fixtures.flaky_rpc import FlakyRpc

STRANGER = "0x000000000000000000000000000000000000dEaD"


@ape.fixture(chain_isolation=False, scope="session")
def shared_node():
    with Anvil() as node:
        node.mine()
        yield node


@pytest.fixture
def node(shared_node):
    mark = shared_node.snapshot()
    yield shared_node
    shared_node.revert(mark)
    shared_node.automine(True)


@pytest.fixture
def own_node():
    with Anvil() as node:
        node.mine()
        yield node


@pytest.fixture
def proxy(node):
    with FlakyRpc(node.url) as proxy:
        yield proxy


@pytest.fixture
def connection(node):
    with connect(node.url) as connection:
        yield connection


@pytest.fixture
def payer():
    return LocalSigner(DEV_KEYS[0])


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.sqlite3") as journal:
        yield journal


QUICK = SendPolicy(timeout=60.0, poll=0.02)


@pytest.fixture
def sender(connection, payer, journal):
    return Sender(connection, payer, journal, policy=QUICK)


@pytest.fixture
def gift():
    """A transfer of some wei to the stranger."""
    return lambda wei: Call(STRANGER, value=wei)


@pytest.fixture
def received(node):
    """What the stranger has got."""
    before = int(node.rpc("eth_getBalance", STRANGER, "latest"), 16)
    return lambda: int(node.rpc("eth_getBalance", STRANGER, "latest"), 16) - before

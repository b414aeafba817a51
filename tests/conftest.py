"""Who takes part in the tests of contracts, and their clock.

The roles are accounts of Ape's test provider. Whatever a test does to the chain is undone after it
(Ape's isolation), so every test starts from the fixtures it names. Roles are fixtures of the test,
because Ape counts wider ones as chain state and would rebuild what was deployed for each of them.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

import ape
import pytest
from ape.pytest.fixtures import FixtureMap
from eth_account import Account
from hypothesis import HealthCheck, settings

from tests.fixtures.ports import free_port
from tests.fixtures.tracebacks import pytest_exception_interact  # noqa: F401 - a hook of pytest

ROOT = Path(__file__).parents[1]

# No test fails because the machine is slow.
settings.register_profile("any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any pace")


def _fixtures_of(cls, item):
    """The fixtures that the test sees, by their scope.

    Ape asks for those of the same name in all files. Where one of them lasts for a module, it would
    set the test's own up before it remembers the chain, and leave to the next test what that did.
    """
    fixtures, seen = cls(item), item._fixtureinfo.name2fixturedefs
    for name in item.fixturenames:
        if name in seen and fixtures.is_known(name):
            fixtures[seen[name][-1].scope].append(name)
    return fixtures


FixtureMap.from_test_item = classmethod(_fixtures_of)


def pytest_configure(config):
    """Names the port of Ape's chain, and compiles all contracts anew if a source changed.

    Ape itself takes a port that may go to an outgoing connection before its chain has it. And it
    compiles the changed file alone, so that contracts which import it would be tested as they were
    before.
    """
    ape.config.get_config("foundry").host = f"http://127.0.0.1:{free_port()}"
    if hasattr(config, "workerinput"):
        return  # the process that started this one has compiled them
    sources = sorted((ROOT / "contracts").rglob("*.sol"))
    texts = [f"{path.relative_to(ROOT)}\0{path.read_text()}\0" for path in sources]
    digest = hashlib.sha256("".join(texts).encode()).hexdigest()
    stamp = ROOT / ".build" / "tested-sources"
    if stamp.exists() and stamp.read_text() == digest:
        return
    if (ROOT / ".build" / "__local__.json").exists():
        # What is wrong with a source that does not compile, the tests will say.
        command = [sys.executable, "-c", "from ape._cli import cli; cli()", "compile", "--force"]
        subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest)


@pytest.fixture
def merchant(accounts):
    """Owns programs."""
    return accounts[1]


@pytest.fixture
def issuer(accounts):
    """The merchant's till: awards points, submits redemptions."""
    return accounts[2]


@pytest.fixture
def customer(accounts):
    """Holds points."""
    return accounts[3]


@pytest.fixture
def friend(accounts):
    """Gets points of the customer."""
    return accounts[4]


@pytest.fixture
def spender(accounts):
    """Has an allowance of the customer."""
    return accounts[5]


@pytest.fixture
def operator(accounts):
    """May move everything of the customer (ERC-6909)."""
    return accounts[6]


@pytest.fixture
def relayer(accounts):
    """Submits what others signed and may do nothing else."""
    return accounts[7]


@pytest.fixture
def rival(accounts):
    """Owns a program of its own, and wants somebody else's."""
    return accounts[8]


@pytest.fixture
def outsider(accounts):
    """Has no role at all."""
    return accounts[9]


class Clock:
    """Moves the chain's time forward. The only place where contract tests do."""

    def __init__(self, chain):
        self._chain = chain

    @property
    def now(self) -> int:
        """Time of the latest block, in seconds since 1970."""
        return self._chain.blocks.head.timestamp

    def set(self, timestamp: int) -> None:
        """Mines a block at `timestamp`."""
        self._chain.pending_timestamp = timestamp
        self._chain.mine()

    def set_next(self, timestamp: int) -> None:
        """The next transaction happens at `timestamp`."""
        self._chain.pending_timestamp = timestamp


@pytest.fixture
def clock(chain):
    """The chain's time."""
    return Clock(chain)


@pytest.fixture
def delegate(chain, accounts):
    """Gives an account the code of a contract (EIP-7702); its key keeps working."""

    def delegate_(account, contract):
        w3, sponsor = chain.provider.web3, accounts[0]
        key = Account.from_key(account.private_key)
        permission = {
            "chainId": chain.chain_id,
            "address": contract.address,
            "nonce": w3.eth.get_transaction_count(account.address),
        }
        transaction = {
            "type": 4,
            "chainId": chain.chain_id,
            "nonce": w3.eth.get_transaction_count(sponsor.address),
            "to": account.address,
            "value": 0,
            "gas": 100_000,
            "maxFeePerGas": 10**9,
            "maxPriorityFeePerGas": 0,
            "authorizationList": [key.sign_authorization(permission)],
        }
        signed = Account.from_key(sponsor.private_key).sign_transaction(transaction)
        w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction))
        assert w3.eth.get_code(account.address) == b"\xef\x01\x00" + bytes.fromhex(
            contract.address[2:]
        )

    return delegate_

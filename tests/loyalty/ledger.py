"""A points hub on a chain of its own, for the tests of the Python client.

One chain and one hub per test process; each test finds them as they were after deployment. Roles
are those of the contract tests.
"""

from dataclasses import dataclass, field
from pathlib import Path

import ape
import pytest

from crmdapp.chain import Connection, Journal, LocalSigner, Manifest, Sender, SendPolicy, connect
from crmdapp.chain.deployments import deploy_all, plan
from crmdapp.loyalty import LoyaltyClient, Program, ProgramConfig
from crmdapp.loyalty.points import UNLIMITED
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.loyalty.constants import EPOCH_LENGTH

QUICK = SendPolicy(timeout=60.0, poll=0.02)


@dataclass
class Ledger:
    """The chain, the hub on it, and who uses it."""

    node: Anvil
    manifest: Manifest
    genesis: int
    folder: Path
    connection: Connection
    signers: dict[str, LocalSigner]
    clients: dict[str, LoyaltyClient] = field(default_factory=dict)

    @property
    def hub(self) -> str:
        """Address of the hub."""
        return self.manifest.address("PointsHub")

    @property
    def coin(self) -> str:
        """Address of the test coin."""
        return self.manifest.address("TestCoin")

    @property
    def voucher(self) -> str:
        """Address of the contract of money-backed gift cards."""
        return self.manifest.address("GiftVoucher")

    @property
    def terms(self) -> str:
        """Address of the contract of legal terms."""
        return self.manifest.address("ProgramTerms")

    def mint_coin(self, role: str, amount: int) -> None:
        """Give a role base units of the test coin."""
        sender = self.client(role).sender
        coin = self.connection.contract("TestCoin", self.coin)
        sender.wait(sender.send(coin.call("mint", sender.address, amount)))

    def client(self, role: str, policy: SendPolicy = QUICK) -> LoyaltyClient:
        """The hub as that role uses it."""
        if role not in self.clients:
            journal = Journal(self.folder / "journal.sqlite3")
            sender = Sender(self.connection, self.signers[role], journal, policy=policy)
            self.clients[role] = LoyaltyClient(self.connection, self.hub, sender)
        return self.clients[role]

    def address(self, role: str) -> str:
        return self.signers[role].address

    def open_program(self, budget: int = UNLIMITED, **config) -> Program:
        """A program of the merchant whose issuer may award."""
        merchant = self.client("merchant")
        settings = {"name": "Bean", "symbol": "BEAN", **config}
        program = merchant.create_program(ProgramConfig(**settings))
        merchant.set_issuer(program.id, self.address("issuer"), budget)
        return program

    def enter(self, epoch: int) -> None:
        """Go to the first second of an epoch."""
        self.node.advance_to(self.genesis + (epoch - 4) * EPOCH_LENGTH)

    def close(self) -> None:
        for client in self.clients.values():
            client.sender.journal.close()


ROLES = ("merchant", "issuer", "customer", "friend", "outsider")


@ape.fixture(chain_isolation=False, scope="session")
def hub_on_chain():
    with Anvil() as node, connect(node.url) as connection:
        node.mine()
        genesis = connection.block_timestamp()
        deployer = LocalSigner.random()
        node.set_balance(deployer.address, 10**20)
        folder = Path(node._folder)
        with Journal(folder / "deployer.sqlite3") as journal:
            sender = Sender(connection, deployer, journal, policy=QUICK)
            steps = plan(genesis, EPOCH_LENGTH, test_coin=True)
            manifest = deploy_all(connection, sender, steps, folder / "31337.json")
        yield node, manifest, genesis


@pytest.fixture
def ledger(hub_on_chain, tmp_path):
    node, manifest, genesis = hub_on_chain
    mark = node.snapshot()
    signers = {role: LocalSigner(key) for role, key in zip(ROLES, DEV_KEYS, strict=True)}
    with connect(node.url) as connection:
        ledger = Ledger(node, manifest, genesis, tmp_path, connection, signers)
        yield ledger
        ledger.close()
    node.revert(mark)
    node.automine(True)


@pytest.fixture
def merchant(ledger):
    """Owns programs."""
    return ledger.client("merchant")


@pytest.fixture
def issuer(ledger):
    """The merchant's till: awards points, submits redemptions."""
    return ledger.client("issuer")


@pytest.fixture
def customer(ledger):
    """Holds points."""
    return ledger.client("customer")


@pytest.fixture
def friend(ledger):
    """Gets points of the customer."""
    return ledger.client("friend")


@pytest.fixture
def outsider(ledger):
    """Has no role at all."""
    return ledger.client("outsider")


@pytest.fixture
def program(ledger):
    return ledger.open_program().id

"""The customers' contracts on a chain of their own, for the tests of the Python client.

One chain per test process, deployed by the real plan; each test finds it as it was after
deployment. A test module takes the fixtures it wants by
``from tests.customers.registry_office import *``.
"""

from dataclasses import dataclass, field
from pathlib import Path

import ape
import pytest

from crmdapp.chain import (
    Connection,
    Journal,
    LocalSigner,
    Manifest,
    Sender,
    SendPolicy,
    connect,
)
from crmdapp.chain._keccak import keccak
from crmdapp.chain.client import ContractClient
from crmdapp.chain.deployments import deploy_all, plan
from crmdapp.customers.models import Customer, Scope
from crmdapp.customers.registry import RegistryClient
from crmdapp.customers.registry_intents import Registration
from crmdapp.customers.registry_signing import sign_registry
from tests.fixtures.anvil import DEV_KEYS, Anvil

DAY = 86_400
EPOCH_LENGTH = 3_600
QUICK = SendPolicy(timeout=60.0, poll=0.02)
ROLES = ("attestor", "customer", "guardian", "outsider", "company")
FURTHER_ROLES = ("examiner", "friend", "successor", "operator", "relative")
ROOT = keccak(b"root of a profile")


@dataclass
class Office:
    """The chain, the contracts on it, and who uses them."""

    node: Anvil
    manifest: Manifest
    folder: Path
    connection: Connection
    signers: dict[str, LocalSigner]
    senders: dict[str, Sender] = field(default_factory=dict)

    def signer(self, role: str) -> LocalSigner:
        """The key of a role."""
        return self.signers[role]

    def address(self, role: str) -> str:
        """The address of a role."""
        return self.signers[role].address

    def sender(self, role: str) -> Sender:
        """What sends a role's transactions."""
        if role not in self.senders:
            journal = Journal(self.folder / "journal.sqlite3")
            self.senders[role] = Sender(self.connection, self.signers[role], journal, policy=QUICK)
        return self.senders[role]

    def client(self, role: str, kind: type[ContractClient] = RegistryClient):
        """A contract as that role uses it."""
        return kind.at(self.connection, self.manifest, self.sender(role))

    def reader(self, kind: type[ContractClient] = RegistryClient):
        """A contract as somebody without an account sees it."""
        return kind.at(self.connection, self.manifest)

    @property
    def now(self) -> int:
        """Time of the latest block, Unix seconds."""
        return self.connection.block_timestamp()

    def later(self, seconds: int = DAY) -> int:
        """A deadline."""
        return self.now + seconds

    def open_scope(self, *, quorum: int = 1, delay: int = DAY, **settings) -> Scope:
        """A scope of the company with the attestor (level 3) and the examiner (level 2)."""
        attestors = {self.address("attestor"): 3, self.address("examiner"): 2}
        company = self.client("company")
        return company.create_scope(attestors, recovery_delay=delay, quorum=quorum, **settings)

    def register(self, scope: int, controller: str = "customer", **values) -> Customer:
        """A profile whose controller is a role, verified by the attestor."""
        settings = {
            "scope": scope,
            "tag": keccak(controller.encode()),
            "root": ROOT,
            "controller": self.address(controller),
            "level": 2,
            "deadline": self.later(),
            **values,
        }
        company = self.client("company")
        signed = sign_registry(Registration(**settings), self.signer("attestor"), company.domain)
        return company.register(signed)

    def close(self) -> None:
        for sender in self.senders.values():
            sender.journal.close()


@ape.fixture(chain_isolation=False, scope="session")
def office_on_chain():
    with Anvil() as node, connect(node.url) as connection:
        node.mine()
        deployer = LocalSigner.random()
        node.set_balance(deployer.address, 10**20)
        signers = {role: LocalSigner(key) for role, key in zip(ROLES, DEV_KEYS, strict=True)}
        for role in FURTHER_ROLES:
            signers[role] = LocalSigner(keccak(role.encode()))
            node.set_balance(signers[role].address, 10**20)
        folder = Path(node._folder)
        with Journal(folder / "deployer.sqlite3") as journal:
            sender = Sender(connection, deployer, journal, policy=QUICK)
            steps = plan(connection.block_timestamp(), EPOCH_LENGTH, test_coin=True)
            manifest = deploy_all(connection, sender, steps, folder / "31337.json")
        yield node, manifest, signers


@pytest.fixture
def office(office_on_chain, tmp_path):
    """The contracts, as they were after deployment."""
    node, manifest, signers = office_on_chain
    mark = node.snapshot()
    with connect(node.url) as connection:
        office = Office(node, manifest, tmp_path, connection, signers)
        yield office
        office.close()
    node.revert(mark)
    node.automine(True)


@pytest.fixture
def scope(office):
    """A scope of the company: the attestor gives up to level 3, the examiner up to 2."""
    return office.open_scope().id


@pytest.fixture
def profile(office, scope):
    """The customer's profile in it."""
    return office.register(scope)

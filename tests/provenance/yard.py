"""The ledger of items on a chain of its own, and who moves goods on it, for tests of the client.

A test module takes the fixtures it wants by ``from tests.provenance.yard import *``.
"""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import ape
import pytest

from crmdapp.chain import Connection, Journal, LocalSigner, Manifest, Sender, SendPolicy, connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain.deployments import Planned, deploy_all
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_models import Commission, ItemStep
from crmdapp.provenance.item_signing import sign_handover
from crmdapp.provenance.items import ItemsClient
from tests.fixtures.anvil import DEV_KEYS, Anvil

HOUR = 3_600
QUICK = SendPolicy(timeout=60.0, poll=0.02)
ROLES = ("farmer", "roaster", "carrier", "certifier", "outsider")
GTIN = "https://id.gs1.org/01/09506000134352"
SSCC = "https://id.gs1.org/00/095060001343"


def sgtin(serial) -> str:
    """The link of one bag of coffee."""
    return f"{GTIN}/21/{serial}"


def lot_link(number) -> str:
    """The link of a lot of coffee."""
    return f"{GTIN}/10/{number}"


@dataclass
class Yard:
    """The chain, the ledger on it, and who uses it."""

    node: Anvil
    manifest: Manifest
    folder: Path
    connection: Connection
    senders: dict[str, Sender] = field(default_factory=dict)
    numbers: count = field(default_factory=count)

    def signer(self, role: str) -> LocalSigner:
        """The key of a role."""
        return LocalSigner(DEV_KEYS[ROLES.index(role)])

    def address(self, role: str) -> str:
        """The address of a role."""
        return self.signer(role).address

    def client(self, role: str = "farmer") -> ItemsClient:
        """The ledger as that role uses it."""
        if role not in self.senders:
            journal = Journal(self.folder / "journal.sqlite3")
            self.senders[role] = Sender(self.connection, self.signer(role), journal, policy=QUICK)
        return ItemsClient.at(self.connection, self.manifest, self.senders[role])

    def reader(self) -> ItemsClient:
        """The ledger as somebody without an account sees it."""
        return ItemsClient.at(self.connection, self.manifest)

    @property
    def now(self) -> int:
        """Time of the latest block, Unix seconds."""
        return self.connection.block_timestamp()

    def step(self, event_hash: bytes = bytes(32), **words) -> ItemStep:
        """Something that happens now."""
        return ItemStep.of(self.now, event_hash=event_hash, **words)

    def make(self, role: str = "farmer", *names, **values) -> tuple[int, ...]:
        """Serial items of a role, named or numbered on."""
        wanted = names or (f"N{next(self.numbers)}",)
        items = [Commission(epc_hash(sgtin(name)), **values) for name in wanted]
        return self.client(role).commission(items, self.step(biz_step="commissioning"))

    def lot(self, role: str = "farmer", quantity: int = 60_000, unit: str = "KGM", **values) -> int:
        """A lot of a role."""
        link = lot_link(f"L{next(self.numbers)}")
        lot = Commission(epc_hash(link), quantity=quantity, unit=unit, **values)
        return self.client(role).commission([lot], self.step())[0]

    def hand_over(self, items, giver: str = "farmer", taker: str = "roaster"):
        """Move items from one role to another; returns the receipt."""
        client = self.client(giver)
        signed = sign_handover(
            self.signer(giver),
            client.domain,
            client.steps(items),
            self.address(taker),
            event_time=self.now,
            deadline=self.now + HOUR,
        )
        return self.client(taker).receive(signed)

    def close(self) -> None:
        for sender in self.senders.values():
            sender.journal.close()


@ape.fixture(chain_isolation=False, scope="session")
def yard_on_chain():
    with Anvil() as node, connect(node.url) as connection:
        node.mine()
        deployer = LocalSigner(keccak(b"deployer"))
        node.set_balance(deployer.address, 10**20)
        folder = Path(node._folder)
        with Journal(folder / "deployer.sqlite3") as journal:
            sender = Sender(connection, deployer, journal, policy=QUICK)
            manifest = deploy_all(
                connection, sender, [Planned("ItemLedger")], folder / "31337.json"
            )
        yield node, manifest


@pytest.fixture
def yard(yard_on_chain, tmp_path):
    """The ledger as it was after deployment."""
    node, manifest = yard_on_chain
    mark = node.snapshot()
    with connect(node.url) as connection:
        yard = Yard(node, manifest, tmp_path, connection)
        yield yard
        yard.close()
    node.revert(mark)
    node.automine(True)

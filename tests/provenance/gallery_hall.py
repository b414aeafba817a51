"""The gallery on a chain of its own, and who uses it, for the tests of the Python client.

One chain per test process, deployed by the real plan; each test finds it as it was after
deployment. A test module takes the fixtures it wants by
``from tests.provenance.gallery_hall import *``.
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
from crmdapp.chain._plan import GallerySettings
from crmdapp.chain.client import ContractClient
from crmdapp.chain.deployments import deploy_all, plan
from crmdapp.provenance.artworks import ArtworksClient
from crmdapp.provenance.board_intents import sign_approval
from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.fingerprints import fingerprint
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.provenance.submission import Submission, metadata_of, submit_work
from crmdapp.provenance.votes import Ballot
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.provenance.pictures import painting

DAY = 86_400
HOUR = 3_600
BOND = 10**16
COIN = 1
"""Row of the test coin in the currency table."""

ETHER_UNIT = 10**18
QUICK = SendPolicy(timeout=60.0, poll=0.02)
ROLES = ("gallery", "artist", "collector", "buyer", "outsider")
CURATORS = ("first curator", "second curator", "third curator")


@dataclass
class Hall:
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

    def client(self, role: str, kind: type[ContractClient] = ArtworksClient):
        """A contract as that role uses it."""
        return kind.at(self.connection, self.manifest, self.sender(role))

    def board(self, role: str) -> BoardClient:
        """The board as that role uses it."""
        return self.client(role, BoardClient)

    @property
    def reader(self) -> ArtworksClient:
        """The gallery as somebody without an account sees it."""
        return ArtworksClient.at(self.connection, self.manifest)

    @property
    def now(self) -> int:
        """Time of the latest block, Unix seconds."""
        return self.connection.block_timestamp()

    def later(self, seconds: int = DAY) -> int:
        """A deadline."""
        return self.now + seconds

    @property
    def coin(self) -> str:
        """The test coin."""
        return self.manifest.address("TestCoin")

    def give_coins(self, role: str, amount: int) -> None:
        """Mint test coins, base units."""
        contract = self.connection.contract("TestCoin", self.coin)
        self.sender(role).wait(
            self.sender(role).send(contract.call("mint", self.address(role), amount))
        )

    def let_take_coins(self, role: str, amount: int) -> None:
        """Let the gallery's contract take coins of a role."""
        contract = self.connection.contract("TestCoin", self.coin)
        spender = self.manifest.address("Artworks")
        self.sender(role).wait(self.sender(role).send(contract.call("approve", spender, amount)))

    def image(self, name: str = "work.png", seed: int = 1) -> Path:
        """A picture of its own for each seed."""
        path = self.folder / name
        painting(seed).save(path)
        return path

    def submission(self, path: Path, role: str = "artist", **settings) -> Submission:
        """A work that a role signed as its artist."""
        found = fingerprint(path)
        values = {
            "royalty_bps": 1_000,
            "standards_version": 1,
            "deadline": self.later(),
            **settings,
        }
        metadata = metadata_of(found, "Harbour", "A. Painter", year="2026", medium="oil")
        return submit_work(self.signer(role), self.reader.domain, found, metadata, **values)

    def approvals(self, submission: Submission, count: int = 3):
        """Approvals of the first curators."""
        domain = self.board("outsider").domain
        return [
            sign_approval(self.signer(role), domain, submission.artwork, deadline=self.later())
            for role in CURATORS[:count]
        ]

    def register(self, seed: int = 1, *, mints: bool = False, **settings) -> int:
        """A registered work."""
        submission = self.submission(self.image(f"work-{seed}.png", seed), **settings)
        client = self.client("outsider")
        return client.register(submission.signed, self.approvals(submission), mints=mints)

    def sell(self, id_: int, price: int = 5, seller: str = "artist", buyer: str = "collector"):
        """A sale for ether, price in price units."""
        self.client(seller).list(id_, price)
        return self.client(buyer).buy(id_, price)

    def decide(self, case_id: bytes, *votes: bool) -> CaseStatus:
        """What comes of a case in which the curators vote like this, in their order."""
        ballots = {
            role: Ballot.draw(case_id, self.address(role), vote)
            for role, vote in zip(CURATORS, votes, strict=False)
        }
        for role, ballot in ballots.items():
            self.board(role).commit_vote(ballot)
        self.node.advance(HOUR)
        for role, ballot in ballots.items():
            self.board(role).reveal_vote(ballot)
        self.node.advance(HOUR)
        return self.board("outsider").conclude(case_id)

    def revoke(self, id_: int) -> bytes:
        """A challenge that all curators uphold."""
        case_id = self.board("outsider").challenge(id_, Ground.FALSE_RECORD)
        assert self.decide(case_id, True, True, True) is CaseStatus.UPHELD
        return case_id

    def close(self) -> None:
        for sender in self.senders.values():
            sender.journal.close()


@ape.fixture(chain_isolation=False, scope="session")
def hall_on_chain():
    with Anvil() as node, connect(node.url) as connection:
        node.mine()
        deployer = LocalSigner.random()
        node.set_balance(deployer.address, 10**20)
        signers = {role: LocalSigner(key) for role, key in zip(ROLES, DEV_KEYS, strict=True)}
        for role in CURATORS:
            signers[role] = LocalSigner(keccak(role.encode()))
            node.set_balance(signers[role].address, 10**20)
        folder = Path(node._folder)
        settings = GallerySettings(
            owner=signers["gallery"].address,
            curators=tuple(signers[role].address for role in CURATORS),
            quorum=2,
            fee_bps=250,
            standards_hash=keccak(b"standards"),
            bond=BOND,
            commit_period=HOUR,
            reveal_period=HOUR,
            notice=DAY,
        )
        with Journal(folder / "deployer.sqlite3") as journal:
            sender = Sender(connection, deployer, journal, policy=QUICK)
            now = connection.block_timestamp()
            steps = plan(now, HOUR, test_coin=True, gallery=settings)
            manifest = deploy_all(connection, sender, steps, folder / "31337.json")
        with Journal(folder / "gallery.sqlite3") as journal:
            sender = Sender(connection, signers["gallery"], journal, policy=QUICK)
            gallery = ArtworksClient.at(connection, manifest, sender)
            gallery.send(gallery.prepare.add_currency(manifest.address("TestCoin"), 4))
        yield node, manifest, signers


@pytest.fixture
def hall(hall_on_chain, tmp_path):
    """The contracts, as they were after deployment."""
    node, manifest, signers = hall_on_chain
    mark = node.snapshot()
    with connect(node.url) as connection:
        hall = Hall(node, manifest, tmp_path, connection, signers)
        yield hall
        hall.close()
    node.revert(mark)
    node.automine(True)


@pytest.fixture
def work(hall):
    """A registered work, not minted."""
    return hall.register()

"""A chain with all contracts, on which things happen, and indexes that follow it."""

import contextlib
import json
import random
from contextlib import contextmanager
from pathlib import Path

import ape
import pytest
from sqlalchemy import select

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain._plan import GallerySettings, plan
from crmdapp.chain.deployments import deploy_all
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.packing import pack_records
from crmdapp.store.index import Follower, open_index
from crmdapp.store.index.schema import BLOCKS, CONTRACTS, EVENTS, derived_tables
from tests.fixtures.anvil import DEV_KEYS, Anvil
from tests.fixtures.flaky_rpc import FlakyRpc
from tests.fixtures.postgres import postgres  # noqa: F401 - a fixture

POLICY = SendPolicy(timeout=60.0, poll=0.02)
HOUR = 3600
UNLIMITED = 2**47 - 1
ROLES = ("merchant", "customer", "friend", "rival", "outsider")


class Village:
    """A chain, its contracts, two programs of the merchant, and what people do there."""

    def __init__(self, node, connection, manifest, programs):
        self.node, self.connection, self.manifest = node, connection, manifest
        self.programs = programs
        self.address = {
            role: LocalSigner(key).address for role, key in zip(ROLES, DEV_KEYS, strict=True)
        }
        self.hub = connection.contract("PointsHub", manifest.address("PointsHub"))
        self._batches = 0

    def act(self, role, function, *args):
        """A transaction of a role, which the node signs; it may revert."""
        call = self.hub.call(function, *args)
        message = {"from": self.address[role], "to": call.to, "data": "0x" + call.data.hex()}
        with contextlib.suppress(RuntimeError):
            self.node.rpc("eth_sendTransaction", {**message, "gas": hex(3_000_000)})
            self.node.settle()

    def award(self, program, accounts, points=100):
        """Points for several accounts in one transaction."""
        self._batches += 1
        batch = keccak(f"{self._batches} {random.random()}".encode())
        packed = pack_records((account, points) for account in accounts)
        self.act("merchant", "awardMany", program, batch, packed)

    def live(self, transactions=12, seed=1):
        """Some transactions, most of which have events."""
        choose = random.Random(seed)
        for _ in range(transactions):
            self.happen(choose)

    def happen(self, choose):
        """One transaction."""
        program = choose.choice(self.programs)
        who, whom = choose.sample(ROLES, 2)
        points = choose.randrange(1, 60)
        kind = choose.randrange(5)
        if kind <= 1:
            accounts = [self.address[role] for role in choose.sample(ROLES, 3)]
            self.award(program, accounts, points)
        elif kind == 2:
            self.act(who, "transfer", self.address[whom], program, points)
        elif kind == 3:
            self.act(who, "approve", self.address[whom], program, points)
        else:
            self.act(who, "setOperator", self.address[whom], bool(points % 2))


@ape.fixture(chain_isolation=False, scope="session")
def founded():
    """The chain as it begins."""
    with Anvil(options=("--slots-in-an-epoch", "32")) as node, connect(node.url) as connection:
        signer = LocalSigner(DEV_KEYS[0])
        folder = Path(node._folder)
        with Journal(folder / "journal.sqlite3") as journal:
            sender = Sender(connection, signer, journal, policy=POLICY)
            steps = plan(node.now, HOUR, test_coin=True, gallery=GallerySettings(signer.address))
            manifest = deploy_all(connection, sender, steps, folder / "31337.json")
            merchant = LoyaltyClient.at(connection, manifest, sender)
            programs = []
            for name, has_token in (("BEAN", False), ("FACE", True)):
                program = merchant.create_program(ProgramConfig(name, name, has_token=has_token))
                merchant.set_issuer(program.id, signer.address, UNLIMITED)
                programs.append(program.id)
        yield node, manifest, programs


@pytest.fixture
def village(founded):
    node, manifest, programs = founded
    mark = node.snapshot()
    with connect(node.url) as connection:
        yield Village(node, connection, manifest, programs)
    node.revert(mark)
    node.automine(True)


@pytest.fixture(params=["sqlite", "postgres"])
def index_url(request, tmp_path):
    """Where an index can be made: in a file and on a server."""
    with place_of_index(request, tmp_path) as url:
        yield url


@contextmanager
def place_of_index(request, folder):
    """An address for an index: a server's if the fixture is given ``postgres``, else a file's."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield str(folder / "index.sqlite3")
        return
    server = request.getfixturevalue("postgres")
    address = server.new_database()
    yield address
    server.drop(address)


@pytest.fixture
def index(index_url):
    with open_index(index_url, busy_seconds=0.3) as index:
        yield index


@pytest.fixture
def file_index(tmp_path):
    with open_index(tmp_path / "file.sqlite3", busy_seconds=0.3) as index:
        yield index


@pytest.fixture
def following(village):
    """Makes followers of the village's chain, through one node or several."""
    made = []

    def follow(index, *urls, **settings):
        connection = connect(list(urls or [village.node.url]), timeout=5)
        follower = Follower(index, connection, village.manifest, **settings)
        made.append((follower, connection))
        return follower

    yield follow
    for follower, connection in made:
        follower.close()
        connection.close()


@pytest.fixture
def proxy(village):
    """A node between the follower and the chain that misbehaves on order."""
    with FlakyRpc(village.node.url) as proxy:
        yield proxy


@pytest.fixture
def fresh(following, tmp_path):
    """What an index made anew from the chain holds."""
    count = iter(range(1000))

    def make():
        with open_index(tmp_path / f"fresh{next(count)}.sqlite3") as index:
            following(index).run()
            return contents(index)

    return make


def contents(index):
    """All rows of the index that follow from the chain alone, by table."""
    tables = (EVENTS, CONTRACTS, *derived_tables())
    with index.reading() as session:
        found = {
            table.name: [
                tuple(row)
                for row in session.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables
        }
        held = select(BLOCKS.c.number, BLOCKS.c.hash).where(
            BLOCKS.c.number.in_(select(EVENTS.c.block))
        )
        found["blocks"] = sorted(tuple(row) for row in session.execute(held))
    return found


def altered(method, change):
    """A fault that changes the result of a request: ``change(result) -> result``."""

    def fault(request):
        answer = json.loads(request.forward().body)
        return request.reply(change(answer["result"]))

    return {"fault": fault, "method": method}


def without_one_log(logs):
    return logs[:-1]

"""A chain with every contract, those who act on it, and a real server over it."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import uvicorn

from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain._keccak import keccak
from crmdapp.chain._plan import GallerySettings
from crmdapp.chain.deployments import deploy_all, plan
from crmdapp.loyalty import LoyaltyClient, ProgramConfig
from crmdapp.loyalty.points import UNLIMITED
from crmdapp.web.app import create_app
from crmdapp.web.context import Context
from crmdapp.web.security.api_keys import SCOPES, ApiKeys
from crmdapp.web.settings import Settings
from tests.fixtures.anvil import Anvil
from tests.fixtures.ports import free_port

ROLES = (
    "merchant",
    "rival",
    "customer",
    "friend",
    "artist",
    "curator",
    "collector",
    "carrier",
    "organiser",
    "outsider",
)
"""Who acts: each has ether and an account of that name on the server."""

EPOCH_LENGTH = 3_600
RICH = 10**22
POLICY = SendPolicy(timeout=30.0, poll=0.02)
ALL_SCOPES = tuple(scope for scope in SCOPES if scope != "admin")


class Town:
    """A chain with every contract of the package.

    Attributes:
        node: The chain's process.
        connection: The chain.
        manifest: What is deployed; ``manifest_path`` is its file.
    """

    def __init__(self, node: Anvil, folder: Path) -> None:
        self.node = node
        self.folder = folder
        self.manifest_path = folder / "31337.json"
        self.connection = connect(node.url)
        self._journals = 0
        self.journal = Journal(folder / "town-0.sqlite3")
        self.signers = {role: LocalSigner(keccak(f"web {role}".encode())) for role in ROLES}
        node.mine()
        for role in ROLES:
            node.set_balance(self.address(role), RICH)
        gallery = GallerySettings(self.address("curator"), curators=(self.address("curator"),))
        steps = plan(
            self.connection.block_timestamp(), EPOCH_LENGTH, test_coin=True, gallery=gallery
        )
        deployer = LocalSigner(keccak(b"web deployer"))
        node.set_balance(deployer.address, RICH)
        sender = Sender(self.connection, deployer, self.journal, policy=POLICY)
        self.manifest = deploy_all(self.connection, sender, steps, self.manifest_path)

    def signer(self, role: str) -> LocalSigner:
        return self.signers[role]

    def address(self, role: str) -> str:
        return self.signers[role].address

    def sender(self, role: str) -> Sender:
        return Sender(self.connection, self.signers[role], self.journal, policy=POLICY)

    def client(self, kind: type, role: str | None = None):
        """The client of a contract, sending as that role; for reading only without one."""
        sender = None if role is None else self.sender(role)
        return kind.at(self.connection, self.manifest, sender)

    def now(self) -> int:
        """The chain's time."""
        return self.connection.block_timestamp()

    def open_program(self, role: str = "merchant", **config) -> int:
        """The number of a new program of that role, who may award."""
        client = self.client(LoyaltyClient, role)
        values = {"name": "Bean", "symbol": "BEAN", **config}
        program = client.create_program(ProgramConfig(**values))
        client.set_issuer(program.id, self.address(role), UNLIMITED)
        return program.id

    def forget_journal(self) -> None:
        """Begin a new journal: the chain was put back to before what the old one holds."""
        self.journal.close()
        self._journals += 1
        self.journal = Journal(self.folder / f"town-{self._journals}.sqlite3")

    def close(self) -> None:
        self.journal.close()
        self.connection.close()


class Server:
    """A real server on a free port.

    Attributes:
        url: Its address.
        settings: How it is set up.
        app: The application, with ``app.state.context``.
        town: The chain that it is about.
    """

    def __init__(self, town: Town, settings: Settings) -> None:
        self.town = town
        self.settings = settings
        self.app = create_app(settings)
        self.url = f"http://127.0.0.1:{settings.port}"
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=settings.port, log_config=None, access_log=False
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._texts: dict[object, str] = {}
        self._clients: list[httpx.Client] = []

    @property
    def context(self) -> Context:
        return self.app.state.context

    def start(self) -> None:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the server ended at once"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self._server.should_exit = True
        self._thread.join()

    def settle(self) -> None:
        """The index holds everything that is on the chain now."""
        assert self.app.state.following.catch_up(60)

    def key(self, role: str, scopes: tuple[str, ...] = ALL_SCOPES) -> str:
        """The text of an API key of that role, which sends from the role's account."""
        place = (role, scopes)
        if place not in self._texts:
            address = self.town.address(role)
            keys = ApiKeys(self.context.state)
            _, text = keys.new(address, scopes, label=role, account=role)
            self._texts[place] = text
        return self._texts[place]

    def api(self, role: str | None = None, scopes: tuple[str, ...] = ALL_SCOPES) -> httpx.Client:
        """A client with that role's API key; without one, without a role."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.key(role, scopes)}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False)
        self._clients.append(client)
        return client


@contextmanager
def served(town: Town, folder: Path, **changes):
    """A server over a town, with its own index and state in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(
        rpc=(town.node.url,),
        manifest=town.manifest_path,
        state_dir=folder,
        index=folder / "index.sqlite3",
        keystore=folder / "keystore",
        port=free_port(),
        local=True,
        poll=0.2,
        signers=dict(town.signers),
        relayer="merchant",
        rate=10_000.0,
        burst=10_000,
        address_rate=10_000.0,
        address_burst=10_000,
    )
    server = Server(town, replace(settings, **changes))
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)

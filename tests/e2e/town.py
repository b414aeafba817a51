"""Who takes part in the portable tests, and where: some chain, a hub on it with short epochs."""

import io
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path

import pytest

from crmdapp.chain import (
    BoundContract,
    Call,
    Journal,
    LocalSigner,
    Manifest,
    Receipt,
    Sender,
    SendPolicy,
    connect,
    signer_from_environment,
)
from crmdapp.cli.main import run
from crmdapp.config import PRIVATE_KEY_VARIABLE
from crmdapp.loyalty import LoyaltyClient, Program, ProgramConfig
from crmdapp.loyalty.points import UNLIMITED
from scripts.demo.stage import give_ether
from tests.cli.conftest import clean_environment
from tests.fixtures.anvil import Anvil

NODE_VARIABLE = "CRMDAPP_TEST_RPC"
"""Address of the node to test on; without it the tests run on a chain of their own."""

EPOCH_LENGTH = 60  # seconds, the shortest that the hub accepts
POLICY = SendPolicy(timeout=120.0, poll=0.1)

GAS = {
    "merchant": 20_000_000,
    "issuer": 4_000_000,
    "customer": 2_000_000,
    "friend": 1_000_000,
    "rival": 2_000_000,
}
"""Roles that send, and the gas each is given ether for."""
COINS = 100_000_000
"""Base units of the settlement coin that a shop has when it joins: 100.00."""

PRICE_MARGIN = 5  # times the present gas price that they can pay


class Town:
    """A hub on some chain, and those who use it.

    Attributes:
        connection: The chain.
        journal: Everything that the roles sent.
        folder: State of the command line.
    """

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        given = os.environ.get(NODE_VARIABLE)
        has_key = given and os.environ.get(PRIVATE_KEY_VARIABLE)
        self._own = None if given else stack.enter_context(Anvil())
        self._payer = signer_from_environment() if has_key else None
        self.folder = folder
        self.rpc = given or self._own.url
        self.connection = stack.enter_context(connect(self.rpc))
        self.journal = stack.enter_context(Journal(folder / "journal.sqlite3"))
        self._keys = {role: "0x" + secrets.token_hex(32) for role in GAS}
        price = int(self.connection.request("eth_gasPrice"), 16)
        for role, gas in GAS.items():
            self.pay(self.address(role), gas * PRICE_MARGIN * price)
        self.crmdapp("deploy", "--epoch-length", EPOCH_LENGTH, "--yes")
        self.manifest = Manifest.load(folder / "deployments" / f"{self.connection.chain_id}.json")

    def crmdapp(self, *words: object, role: str = "merchant", code: int = 0) -> object:
        """What a command of that role prints; it must end with that exit code."""
        shown = io.StringIO()
        with pytest.MonkeyPatch.context() as environ, redirect_stdout(shown):
            clean_environment(environ, self.folder)
            environ.setenv("CRMDAPP_RPC", self.rpc)
            environ.setenv(PRIVATE_KEY_VARIABLE, self._keys[role])
            ended = run([str(word) for word in (*words, "--json")])
        assert ended == code, f"{words}: exit code {ended}\n{shown.getvalue()}"
        return json.loads(shown.getvalue())

    def signer(self, role: str) -> LocalSigner:
        return LocalSigner(self._keys[role])

    def address(self, role: str) -> str:
        return self.signer(role).address

    def sender(self, role: str) -> Sender:
        return Sender(self.connection, self.signer(role), self.journal, policy=POLICY)

    def client(self, role: str) -> LoyaltyClient:
        return LoyaltyClient.at(self.connection, self.manifest, self.sender(role))

    def send(self, role: str, call: Call) -> Receipt:
        sender = self.sender(role)
        return sender.wait(sender.send(call))

    def open_program(self, budget: int = UNLIMITED, **config: object) -> Program:
        """A program of the merchant whose issuer may award."""
        merchant = self.client("merchant")
        program = merchant.create_program(ProgramConfig(name="Bean", symbol="BEAN", **config))
        merchant.set_issuer(program.id, self.address("issuer"), budget)
        return program

    def face(self, program: Program) -> BoundContract:
        return self.connection.contract("PointsToken", program.token)

    @property
    def coin(self) -> BoundContract:
        """The settlement coin, of which everybody may mint."""
        return self.connection.contract("TestCoin", self.manifest.address("TestCoin"))

    def join(self, role: str, *words: object) -> int:
        """The number of a new program of the role, who is its own till and has coin."""
        self.send(role, self.coin.call("mint", self.address(role), COINS))
        line = ("join", "Shop", "SHOP", *words, "--issuer", self.address(role), "--yes")
        return self.crmdapp("loyalty", *line, role=role)["program"]

    def pay(self, address: str, wei: int) -> None:
        give_ether(self.connection, self.journal, self._payer, address, wei)

    def wait_until(self, timestamp: int) -> None:
        """A block of the chain is that late. Some chains make one only for a transaction."""
        if self._own:
            self._own.advance_to(timestamp)
        while self.connection.block_timestamp() < timestamp:
            time.sleep(max(0.5, timestamp - time.time()))
            self.pay(self.address("merchant"), 1)

    @contextmanager
    def slow_blocks(self) -> Iterator[None]:
        """Transactions wait for the block to end, unless a node puts them into one at once."""
        if self._own:
            self._own.automine(False)
        try:
            yield
        finally:
            if self._own:
                self._own.automine(True)
                self._own.mine()

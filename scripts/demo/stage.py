"""What every chapter of the demo plays on: a chain, its time, keys, ether, and a list of checks."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from crmdapp import Connection, Journal, LocalSigner, Sender, connect, signer_from_environment
from crmdapp.chain import Call, Manifest, SendPolicy, Signer
from crmdapp.chain._keccak import keccak
from crmdapp.chain.deployments import GallerySettings, deploy_all, plan
from crmdapp.config import PRIVATE_KEY_VARIABLE
from crmdapp.errors import ContractError, CrmdappError, FundsMissing, NodeRefused
from scripts.demo.clocks import Clock, RealClock, SimulatedClock
from scripts.demo.printing import Story
from scripts.demo.purchases import OPENING
from tests.fixtures.anvil import Anvil

PRICE_MARGIN = 5  # times the present gas price that an account can pay
DEPLOYMENT_GAS = 16_000_000
POLL = 0.02  # seconds between two looks at a chain
LIVE_MEMBERS = 12

GALLERY = "gallery"
CURATORS = ("curator Ada", "curator Bo", "curator Cy")
GALLERY_FEE = 250  # hundredths of a percent
STANDARDS = b"The artist's own picture, like no other here, and named by what it is.\n"
BOND = 10**15  # wei
VOTING = 3_600  # seconds in which votes are committed, and then shown; no board allows fewer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold.

    Attributes:
        name: What must hold.
        passed: Whether it does.
        detail: The figures.
    """

    name: str
    passed: bool
    detail: str


class Stage:
    """One run of the demo.

    Attributes:
        story: Where it is told.
        connection: The chain.
        clock: The chain's time.
        journal: Every transaction of this run.
        folder: Files of this run; gone when it ends.
        members: How many customers take part at most; ``None`` for all.
        manifest: What was deployed.
        checks: What was checked so far.
        rpc: The node's address, for those who bring nothing else.
    """

    def __init__(
        self,
        story: Story,
        connection: Connection,
        clock: Clock,
        journal: Journal,
        folder: Path,
        members: int | None,
        stack: ExitStack,
        rpc: str,
        payer: Signer | None = None,
    ) -> None:
        self._stack = stack
        self._payer = payer
        self.rpc = rpc
        self.story = story
        self.connection = connection
        self.clock = clock
        self.journal = journal
        self.folder = folder
        self.members = members
        self.manifest = Manifest(connection.chain_id, "")
        self.checks: list[Check] = []
        # On a chain that others use too, keys must be new; on our own, every run is the same.
        self._salt = os.urandom(16).hex() if clock.is_live else ""
        self._senders: dict[str, Sender] = {}

    def signer(self, role: str) -> LocalSigner:
        """Return the key of a role."""
        return LocalSigner(hashlib.sha256(f"crmdapp demo {self._salt}{role}".encode()).digest())

    def sender(self, role: str, gas: int) -> Sender:
        """Return who sends the transactions of a role.

        Args:
            role: Name of the role.
            gas: Gas that the role will need; when it is first asked for, it gets ether for that.
        """
        if role not in self._senders:
            signer = self.signer(role)
            wei = gas * PRICE_MARGIN * int(self.connection.request("eth_gasPrice"), 16)
            give_ether(self.connection, self.journal, self._payer, signer.address, wei)
            self._senders[role] = _sender(self.connection, signer, self.journal)
        return self._senders[role]

    def fund(self, role: str, wei: int) -> None:
        """Give a role ether to spend, besides what it needs for gas."""
        give_ether(self.connection, self.journal, self._payer, self.signer(role).address, wei)

    def deploy(self) -> None:
        """Put the contracts on the chain, with the clock of the story, unless they are there."""
        if len(self.manifest):
            return
        gallery = GallerySettings(
            owner=self.signer(GALLERY).address,
            curators=tuple(self.signer(role).address for role in CURATORS),
            quorum=len(CURATORS),
            fee_bps=GALLERY_FEE,
            standards_hash=keccak(STANDARDS),
            bond=BOND,
            commit_period=VOTING,
            reveal_period=VOTING,
        )
        steps = plan(
            self.clock.timestamp(OPENING),
            self.clock.epoch_length,
            test_coin=True,
            gallery=gallery,
        )
        path = self.folder / "deployments" / f"{self.connection.chain_id}.json"
        self.manifest = deploy_all(
            self.connection, self.sender("deployer", DEPLOYMENT_GAS), steps, path
        )

    def open(self, resource: AbstractContextManager[T]) -> T:
        """Open something that is closed when the run ends."""
        return self._stack.enter_context(resource)

    def check(self, name: str, passed: bool, detail: str) -> None:
        """Note whether something holds."""
        self.checks.append(Check(name, passed, detail))

    def refused(
        self,
        attempt: str,
        act: Callable[[], object],
        by: type[CrmdappError] = ContractError,
    ) -> None:
        """Check that something is refused, and tell how.

        Args:
            attempt: What is tried.
            act: Tries it.
            by: The error that it has to end with; one of a contract's by default.
        """
        try:
            act()
        except by as error:
            self.story.refusal(attempt, error)
            self.check(attempt, True, f"refused: {error.code}")
        else:
            self.check(attempt, False, "was not refused")


@contextmanager
def on_own_chain(story: Story, members: int | None) -> Iterator[Stage]:
    """A chain that begins with the story and is gone when the block ends."""
    with ExitStack() as stack:
        folder = _folder(stack)
        chain = stack.enter_context(Anvil(timestamp=int(OPENING.timestamp())))
        connection = stack.enter_context(connect(chain.url))
        journal = stack.enter_context(Journal(folder / "journal.sqlite3"))
        yield Stage(
            story, connection, SimulatedClock(chain), journal, folder, members, stack, chain.url
        )


@contextmanager
def on_node(story: Story, rpc: str, members: int | None, epoch_length: int) -> Iterator[Stage]:
    """Somebody's node, in real time.

    Raises:
        FundsMissing: Nobody there pays for the story.
        NodeProblem: The node does not answer.
    """
    with ExitStack() as stack:
        folder = _folder(stack)
        connection = stack.enter_context(connect(rpc))
        journal = stack.enter_context(Journal(folder / "journal.sqlite3"))
        payer = signer_from_environment() if os.environ.get(PRIVATE_KEY_VARIABLE) else None
        nobody = LocalSigner.random().address
        clock = RealClock(
            connection, epoch_length, lambda: give_ether(connection, journal, payer, nobody, 1)
        )
        members = members or LIVE_MEMBERS
        yield Stage(story, connection, clock, journal, folder, members, stack, rpc, payer)


def give_ether(
    connection: Connection, journal: Journal, payer: Signer | None, address: str, wei: int
) -> None:
    """Give an address ether.

    Args:
        connection: The chain.
        journal: Where the payer's transactions are written down.
        payer: Who pays; ``None`` for an account that the node itself holds.
        address: Who gets it.
        wei: How much.

    Raises:
        FundsMissing: The payer has too little, or the node holds no account.
    """
    if payer is not None:
        sender = _sender(connection, payer, journal)
        sender.wait(sender.send(Call(address, value=wei)))
        return
    message = {"from": _account_of(connection), "to": address, "value": hex(wei)}
    tx_hash = str(connection.request("eth_sendTransaction", [message])).lower()
    while connection.receipt(tx_hash) is None:
        time.sleep(POLL)


def _account_of(connection: Connection) -> str:
    try:
        accounts = connection.request("eth_accounts")
    except NodeRefused:
        accounts = []
    if not accounts:
        raise FundsMissing(
            "Nobody pays for the story: the node holds no account.",
            hint=f"Put the key of an account with ether into {PRIVATE_KEY_VARIABLE}.",
        )
    return str(accounts[0])


def _sender(connection: Connection, signer: Signer, journal: Journal) -> Sender:
    return Sender(connection, signer, journal, policy=SendPolicy(poll=POLL))


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(TemporaryDirectory(prefix="crmdapp-demo-")))

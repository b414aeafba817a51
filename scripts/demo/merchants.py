"""The merchants and customers of the network chapter, and what they do.

Customers hold a key and no ether: they sign, and a merchant's till submits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from crmdapp import LocalSigner, LoyaltyClient
from crmdapp.loyalty.intent_journal import IntentJournal
from crmdapp.loyalty.intents import SignedIntent
from crmdapp.loyalty.joining import Joined, JoinPlan, join
from crmdapp.loyalty.models import ProgramConfig
from crmdapp.loyalty.relayer import FlushReport, Relayer
from crmdapp.loyalty.wallet import Holding, Wallet
from scripts.demo.stage import Stage

OWNER_GAS, TILL_GAS = 5_000_000, 10_000_000
HOUR = 3600
COIN = 1_000_000
"""Units of value, and base units of the test coin, in one coin."""


@dataclass(frozen=True, slots=True)
class Trade:
    """What a merchant decides.

    Attributes:
        name: Brand.
        symbol: Of its points.
        validity: Epochs that its points live.
        on_ramp: What a point costs, in 10^-6 of the coin.
        off_ramp: What a point pays that leaves.
        deposit: Coins it pays in.
        limit: Coins that it may owe each merchant who joined before it.
    """

    name: str
    symbol: str
    validity: int
    on_ramp: int
    off_ramp: int
    deposit: int
    limit: int


class Merchant:
    """A shop of the network.

    Attributes:
        trade: What it decided.
        owner: The owner's client: rules, prices, deposit.
        till: The till's client: awards, and submits what customers signed.
        joined: What became of joining.
    """

    def __init__(self, stage: Stage, trade: Trade, partners: Sequence[Merchant]) -> None:
        self.trade = trade
        self._stage = stage
        self.owner = self._client("owner", OWNER_GAS)
        self.till = self._client("till", TILL_GAS)
        self._mint(trade.deposit * COIN)
        plan = JoinPlan(
            config=ProgramConfig(trade.name, trade.symbol, validity=trade.validity),
            on_ramp=trade.on_ramp,
            off_ramp=trade.off_ramp,
            issuer=self.till.sender.address,
            deposit=trade.deposit * COIN,
            limits=tuple((partner.program, trade.limit * COIN) for partner in partners),
        )
        self.joined: Joined = join(self.owner, plan, key=f"join {trade.symbol}")

    @property
    def program(self) -> int:
        """The number of its program."""
        return self.joined.program.id

    @cached_property
    def _relayer(self) -> Relayer:
        file = self._stage.folder / f"{self.trade.symbol}.sqlite3"
        return Relayer(self.till, self._stage.open(IntentJournal(file)))

    def accept(self, newcomer: Merchant) -> None:
        """Let this merchant owe a newcomer, up to its own limit."""
        self.owner.clearing.set_limit(self.program, newcomer.program, self.trade.limit * COIN)

    def relay(self, *signed: SignedIntent, refundable: bool = False) -> FlushReport:
        """Submit what customers signed."""
        for item in signed:
            self._relayer.accept(item, refundable=refundable)
        report = self._relayer.flush()
        for problem in report.problems:
            raise problem.error
        return report

    def _client(self, part: str, gas: int) -> LoyaltyClient:
        sender = self._stage.sender(f"{self.trade.name} {part}", gas)
        return LoyaltyClient.at(self._stage.connection, self._stage.manifest, sender)

    def _mint(self, amount: int) -> None:
        """Take coins, as only a test coin allows."""
        address = self._stage.manifest.address("TestCoin")
        coin, sender = self._stage.connection.contract("TestCoin", address), self.owner.sender
        sender.wait(sender.send(coin.call("mint", sender.address, amount)))


class Customer:
    """Somebody with a key and no ether.

    Attributes:
        name: First name.
        key: The key on the own device.
    """

    def __init__(self, stage: Stage, name: str) -> None:
        self.name = name
        self.key: LocalSigner = stage.signer(f"customer {name}")
        self._stage = stage

    @property
    def address(self) -> str:
        """Where the points are."""
        return self.key.address

    @property
    def deadline(self) -> int:
        """An hour from now, Unix seconds."""
        return self._stage.connection.block_timestamp() + HOUR

    def ether(self) -> int:
        """Return the wei that the customer has."""
        return int(self._stage.connection.request("eth_getBalance", [self.address, "latest"]), 16)

    def holdings(self, client: LoyaltyClient) -> Iterator[Holding]:
        """Yield what the customer has of every brand."""
        return Wallet(client, self.address).holdings()

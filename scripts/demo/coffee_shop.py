"""The coffee shop of the loyalty chapter: its program, its till, its members, and its own books.

Everything goes through the package's public client, as a merchant's software would; everything is
booked in a :class:`~scripts.demo.ledger.Ledger` too, under the epoch in which the chain did it.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from crmdapp import LocalSigner, LoyaltyClient
from crmdapp.chain import BoundContract, Receipt
from crmdapp.loyalty.award_file import AwardReport, award_file, validate
from crmdapp.loyalty.events import BatchAwarded, OrdersRedeemed
from crmdapp.loyalty.intent_journal import IntentJournal
from crmdapp.loyalty.intents import RedeemIntent, SignedIntent, sign_redeem
from crmdapp.loyalty.models import Program, ProgramConfig
from crmdapp.loyalty.points import to_points
from crmdapp.loyalty.relayer import Relayer
from scripts.demo.ledger import Account, Ledger
from scripts.demo.purchases import Purchase
from scripts.demo.stage import Stage

NAME, SYMBOL = "Kettle & Crumb", "CRUMB"
VALIDITY = 2  # epochs: this half-year and the next
TIERS = {"Bronze": 50_00, "Silver": 150_00, "Gold": 300_00}
BUDGET = 20_000_00  # units per epoch that the till may give
REWARD = 40_00  # units for a coffee on the house
REWARDS_MAX = 3  # coffees in one order
EAGER = 0.3  # chance per month that a member who can, asks for one
ORDER_SIZE = 6  # bytes of an order id in OrdersRedeemed
HOUR = 3600
FLUSHES_MAX = 5
OWNER_GAS, TILL_GAS, MEMBER_GAS = 2_000_000, 80_000_000, 500_000


@dataclass(frozen=True, slots=True)
class Rewards:
    """What became of a round of signed redemptions.

    Attributes:
        orders: Orders that were redeemed.
        units: What they cost together.
        gas: Gas they used together.
    """

    orders: int
    units: int
    gas: int


class CoffeeShop:
    """A merchant with a program of its own.

    Attributes:
        stage: Where it is.
        owner: The owner's client: sets the rules, awards nothing.
        till: The till's client: awards, and submits what customers signed.
        program: The program.
        book: What the shop expects the ledger to hold.
        files: Award files so far, and what became of each.
        orders: Order ids that the chain redeemed by signature.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.owner = self._client("coffee shop owner", OWNER_GAS)
        self.till = self._client("coffee shop till", TILL_GAS)
        config = ProgramConfig(
            NAME, SYMBOL, validity=VALIDITY, has_token=True, tiers=tuple(TIERS.values())
        )
        self.program: Program = self.owner.create_program(config, key="create")
        self.owner.set_issuer(self.program.id, self.till.sender.address, BUDGET, key="till")
        self.book = Ledger(self.program.tiers, VALIDITY)
        self.files: dict[Path, AwardReport] = {}
        self.orders: list[int] = []
        self._relayer = Relayer(
            self.till, stage.open(IntentJournal(stage.folder / "intents.sqlite3"))
        )
        self._order_ids = count(1)
        self._mood = random.Random(NAME)
        self._keys: dict[int, LocalSigner] = {}
        self._wallets: set[int] = set()
        self._epochs: dict[int, int] = {}

    # ----------------------------------------------------------------- members

    def key(self, member: int) -> LocalSigner:
        """Return the key on a member's phone."""
        if member not in self._keys:
            self._keys[member] = self.stage.signer(f"member {member}")
        return self._keys[member]

    def address(self, member: int) -> str:
        """Return a member's address."""
        return self.key(member).address

    def page(self, member: int) -> Account:
        """Return a member's page in the shop's books."""
        return self.book.account(self.address(member))

    def members(self) -> Iterator[int]:
        """Yield every card that was ever used."""
        yield from sorted(self._keys)

    def wallet(self, member: int) -> LoyaltyClient:
        """Return the client of a member who acts alone, and give the member ether for that."""
        self._wallets.add(member)
        return self._client(f"member {member}", MEMBER_GAS)

    def has_wallet(self, member: int) -> bool:
        """Return whether a member was given ether."""
        return member in self._wallets

    @cached_property
    def face(self) -> BoundContract:
        """The program's ERC-20 face, as a wallet sees it."""
        assert self.program.token is not None, "the program was created with a face"
        return self.stage.connection.contract("PointsToken", self.program.token)

    # ----------------------------------------------------------------- awards

    def award(self, name: str, purchases: Iterable[Purchase]) -> AwardReport:
        """Award a point for every euro of a list of purchases, through an award file."""
        lines = [(self.address(item.member), item.amount) for item in purchases]
        file = self.stage.folder / f"award-{name}.csv"
        with file.open("w", encoding="utf-8", newline="") as text:
            rows = csv.writer(text, lineterminator="\n")
            rows.writerow(("address", "points"))
            rows.writerows((address, to_points(units)) for address, units in lines)
        plan = validate(file)
        since = self._next_block()
        report = award_file(self.till, plan, self.program.id)
        self.files[file] = report
        blocks = self._blocks_of_batches(since)
        for chunk in plan.chunks:
            self.turn_to(blocks[plan.batch_id(chunk)])
            for address, units in lines[: chunk.rows]:
                self.book.award(address, units)
            del lines[: chunk.rows]
        return report

    # ----------------------------------------------------------------- signed redemptions

    def collect_rewards(self) -> Rewards:
        """Let members who are in the mood sign for coffees, and submit their signatures."""
        signed = []
        for member in self.members():
            affordable = min(self.page(member).balance // REWARD, REWARDS_MAX)
            if self._mood.random() < EAGER and affordable:
                signed.append(self.order(member, affordable * REWARD))
        return self.relay(signed)

    def order(self, member: int, units: int) -> SignedIntent:
        """Have a member sign for a new order."""
        return sign_redeem(
            self.key(member),
            self.till.domain,
            program=self.program.id,
            points=units,
            order_id=next(self._order_ids),
            deadline=self.stage.connection.block_timestamp() + HOUR,
        )

    def relay(self, intents: Iterable[SignedIntent]) -> Rewards:
        """Submit signed redemptions in batches, and book what the chain did with them."""
        waiting: dict[int, RedeemIntent] = {}
        for signed in intents:
            intent = self._relayer.accept(signed).signed.intent
            assert isinstance(intent, RedeemIntent)
            waiting[intent.order_id] = intent
        receipts = self._flush() if waiting else []
        redeemed: list[RedeemIntent] = []
        for receipt in receipts:
            self.turn_to(receipt.block)
            for event in receipt.events_of(OrdersRedeemed):
                for order in unpack_orders(event.order_ids):
                    self.book.spend(waiting[order].from_, waiting[order].points)
                    self.orders.append(order)
                    redeemed.append(waiting[order])
        return Rewards(
            len(redeemed),
            sum(intent.points for intent in redeemed),
            sum(receipt.gas_used for receipt in receipts),
        )

    def _flush(self) -> list[Receipt]:
        """Flush until nothing is left: a batch may run out of gas if an epoch ends on its way."""
        receipts: list[Receipt] = []
        for _ in range(FLUSHES_MAX):
            report = self._relayer.flush()
            receipts += report.receipts
            if not report.problems:
                return receipts
        raise report.problems[0].error

    # ----------------------------------------------------------------- the shop's clock

    def turn_to(self, block: int) -> None:
        """Turn the shop's books to the epoch in which a block was made."""
        if block not in self._epochs:
            timestamp = self.stage.connection.block_timestamp(block)
            self._epochs[block] = self.till.clock.epoch_at(timestamp)
        self.book.roll(self._epochs[block])

    def booked(self, receipt: Receipt) -> Receipt:
        """Turn the books to a receipt's epoch and return the receipt."""
        self.turn_to(receipt.block)
        return receipt

    def now(self) -> int:
        """Turn the books to the latest block and return its number."""
        block = self.stage.connection.block_number()
        self.turn_to(block)
        return block

    # ----------------------------------------------------------------- inside

    def _client(self, role: str, gas: int) -> LoyaltyClient:
        sender = self.stage.sender(role, gas)
        return LoyaltyClient.at(self.stage.connection, self.stage.manifest, sender)

    def _next_block(self) -> int:
        return self.stage.connection.block_number() + 1

    def _blocks_of_batches(self, since: int) -> dict[bytes, int]:
        found: dict[bytes, int] = {}
        for log in self.till.events("BatchAwarded", from_block=since, program=self.program.id):
            assert isinstance(log.event, BatchAwarded)
            found[log.event.batch_id] = log.block
        return found


def unpack_orders(packed: bytes) -> list[int]:
    """Return the order ids of an OrdersRedeemed event."""
    return [
        int.from_bytes(packed[start : start + ORDER_SIZE], "big")
        for start in range(0, len(packed), ORDER_SIZE)
    ]

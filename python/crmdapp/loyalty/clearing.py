"""The programs' deposits, and the settlement of what they owe each other.

What is paid in is counted in base units of the settlement coin; deposits, limits and settlements
are values, in 10^-6 of it (see :mod:`crmdapp.loyalty.coin`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import ZERO_ADDRESS, require_address
from crmdapp.chain.errors import ERC20InsufficientBalance, ERC20InvalidReceiver
from crmdapp.errors import UsageError
from crmdapp.loyalty.coin import Coin, CoinClient, require_units
from crmdapp.loyalty.errors import LimitToItself
from crmdapp.loyalty.events import PositionSettled

if TYPE_CHECKING:
    from crmdapp.chain.calls import BoundContract, Call
    from crmdapp.chain.decode import DecodedLog
    from crmdapp.chain.transactions import Receipt
    from crmdapp.loyalty.client import LoyaltyClient

LIMIT_MAX = (1 << 72) - 1
"""Highest limit, in 10^-6 of the coin."""

SETTLED_AT_ONCE = 150
"""Most programs that one transaction settles with; it stays under the cap of one's gas."""

_AMOUNT_MAX = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Deposit:
    """What a program has in the clearing house, in 10^-6 of the coin.

    Attributes:
        program: The program.
        value: All of it.
        committed: The part that covers its limits; never above ``value``.
    """

    program: int
    value: int
    committed: int

    @property
    def free(self) -> int:
        """The part that can be withdrawn, or cover further limits."""
        return self.value - self.committed


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one program paid another.

    Attributes:
        debtor: The program that paid.
        creditor: The program that was paid.
        value: In 10^-6 of the coin.
        block: Block it happened in.
        tx_hash: Its transaction, 0x hex.
    """

    debtor: int
    creditor: int
    value: int
    block: int
    tx_hash: str


class ClearingCalls:
    """Calls of one ClearingHouse, checked and encoded but not sent.

    Args:
        house: The contract.
        coin: The coin it holds.
    """

    def __init__(self, house: BoundContract, coin: Coin) -> None:
        self._house = house
        self._coin = coin

    def deposit(self, program: int, amount: int) -> Call:
        """Add ``amount`` base units of the sender's coin, which must have been approved.

        Raises:
            UsageError: It is no whole number above 0, or too finely divided to be credited.
        """
        require_units("The deposit", amount, _AMOUNT_MAX)
        lost = amount % self._coin.scale
        if lost:
            raise UsageError(
                f"{self._coin.to_decimal(lost)} {self._coin.symbol} of the deposit would be lost.",
                why="Deposits are counted in 10^-6 of the coin.",
                hint="Pay in an amount with at most six digits after the point.",
            )
        return self._house.call("deposit", program, amount)

    def withdraw(self, program: int, value: int, to: str) -> Call:
        """Take ``value`` out of the free part of the deposit; the sender owns the program.

        Raises:
            ERC20InvalidReceiver: ``to`` is the zero address.
            UsageError: An argument is malformed.
        """
        receiver = require_address(to)
        if receiver == ZERO_ADDRESS:
            raise ERC20InvalidReceiver(receiver)
        require_units("The value", value, _AMOUNT_MAX // self._coin.scale)
        return self._house.call("withdraw", program, value, receiver)

    def set_limit(self, debtor: int, creditor: int, limit: int) -> Call:
        """Set the most that the sender's program ``debtor`` may owe ``creditor``.

        Raises:
            LimitToItself: The two are one.
            UsageError: It is no whole number below 2^72.
        """
        if debtor == creditor:
            raise LimitToItself(debtor)
        require_units("The limit", limit, LIMIT_MAX, least=0)
        return self._house.call("setLimit", debtor, creditor, limit)

    def settle(self, debtor: int, creditor: int) -> Call:
        """Pay what ``debtor`` owes ``creditor`` out of its deposit."""
        return self._house.call("settle", debtor, creditor)

    def settle_many(self, program: int, others: Sequence[int]) -> list[Call]:
        """Settle ``program`` with each of ``others``, in as many calls as the gas cap asks for.

        Raises:
            UsageError: A number is no program's.
        """
        wanted = list(dict.fromkeys(others))  # whom it names twice, a call would visit twice
        return [
            self._house.call("settleMany", program, tuple(wanted[first : first + SETTLED_AT_ONCE]))
            for first in range(0, len(wanted), SETTLED_AT_ONCE)
        ]


class ClearingClient:
    """The clearing house of one hub, seen and used by one account.

    What holds for :class:`~crmdapp.loyalty.client.LoyaltyClient` holds here: methods that send take
    an idempotency ``key``, simulate before they send, and raise the twins of the contracts' errors.

    Source: contracts/loyalty/IClearingHouse.sol.

    Args:
        client: The hub and the account.
    """

    def __init__(self, client: LoyaltyClient) -> None:
        self._client = client

    @cached_property
    def house(self) -> BoundContract:
        """The contract, for reading what this class does not."""
        return self._client.network.house

    @cached_property
    def money(self) -> CoinClient:
        """Balances and allowances of the settlement coin."""
        return CoinClient(self._client.connection, self.house.read("COIN"))

    @property
    def coin(self) -> Coin:
        """What the settlement coin is called and how it counts."""
        return self.money.coin

    @cached_property
    def prepare(self) -> ClearingCalls:
        """The same transactions, checked and encoded but not sent."""
        return ClearingCalls(self.house, self.coin)

    # ----------------------------------------------------------------- deposits

    def deposit(self, program: int, amount: int, *, key: str | None = None) -> Receipt:
        """Add coin of the sender to a program's deposit; anyone may.

        If the clearing house may not take as much yet, exactly that much is approved first, in a
        transaction of its own. What is credited is what arrives: see the event ``Deposited``.

        Args:
            program: The program.
            amount: Base units of the coin, a multiple of 10^-6 of it.
            key: Idempotency key of both; killed in between, the next call with it goes on.

        Returns:
            The receipt of the deposit.

        Raises:
            ERC20InsufficientBalance: The sender has less; nothing was sent.
            ProgramUnknown: There is no such program; nothing was sent.
            DepositEmpty: Nothing arrived.
            SafeERC20FailedOperation: The coin refuses without a reason.
        """
        call = self.prepare.deposit(program, amount)
        sender = self._client.sender
        if key is None or not self._client.was_sent(key):
            self._client.program(program)
            self.require_balance(amount)
            approval = None if key is None else f"{key}:allowance"
            self.money.approve(sender, self.house.address, amount, key=approval)
        return sender.wait(sender.send(call, key=key, again_if_reverted=True))

    def require_balance(self, amount: int) -> None:
        """Check that the sender has ``amount`` base units of the coin.

        Raises:
            ERC20InsufficientBalance: It has less, the twin of the coin's refusal.
        """
        owner = self._client.sender.address
        balance = self.money.balance(owner)
        if balance < amount:
            raise ERC20InsufficientBalance(owner, balance, amount)

    def withdraw(
        self, program: int, value: int, to: str | None = None, *, key: str | None = None
    ) -> Receipt:
        """Take coin out of the part of the deposit that covers no limit.

        Args:
            program: The program, which the sender owns.
            value: In 10^-6 of the coin.
            to: Who gets it; the sender by default.
            key: Idempotency key.

        Raises:
            DepositCommitted: Less is free.
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
            ERC20InvalidReceiver: ``to`` is the zero address.
        """
        receiver = self._client.sender.address if to is None else to
        return self._client.send(self.prepare.withdraw(program, value, receiver), key=key)

    def deposit_of(self, program: int) -> Deposit:
        """Return what a program has in the clearing house.

        Raises:
            ProgramUnknown: There is no such program.
        """
        block = self._client.connection.block_number()
        value = self.house.read("depositOf", program, block=block)
        committed = self.house.read("committedOf", program, block=block)
        if value == 0:
            self._client.program(program)
        return Deposit(program, value, committed)

    def set_limit(
        self, debtor: int, creditor: int, limit: int, *, key: str | None = None
    ) -> Receipt:
        """Set the most that ``debtor`` may owe ``creditor``: so many points may be spent there.

        The limit is taken out of the free part of the deposit of ``debtor``, which the sender owns.

        Args:
            debtor: The program whose points may be spent or exchanged.
            creditor: The program where they may.
            limit: In 10^-6 of the coin, below 2^72; 0 for nothing.
            key: Idempotency key.

        Raises:
            DepositCommitted: The deposit does not cover it beside the other limits.
            PositionOverLimit: More is owed already.
            LimitToItself: The two are one.
            ProgramOwnerOnly: The sender does not own ``debtor``.
            ProgramUnknown: One of the two does not exist.
        """
        return self._client.send(self.prepare.set_limit(debtor, creditor, limit), key=key)

    # ----------------------------------------------------------------- settling

    def settle(self, debtor: int, creditor: int, *, key: str | None = None) -> Receipt:
        """Pay what ``debtor`` owes ``creditor`` out of its deposit; the limit falls by as much.

        The two owners always may; anyone once half of the limit is used, or a 26th of an epoch
        after the last settlement. What is not owed is not paid, and no error.

        Raises:
            SettlementTooEarly: The sender has to wait.
            ProgramUnknown: One of the two does not exist.
        """
        return self._client.send(self.prepare.settle(debtor, creditor), key=key)

    def settle_many(
        self, program: int, others: Sequence[int], *, key: str | None = None
    ) -> list[Receipt]:
        """Settle the sender's program with each of ``others``, whichever way the money goes.

        A list too long for one transaction is split; each part settles or not as a whole.

        Args:
            program: The program, which the sender owns.
            others: The other programs; one named twice counts once.
            key: Idempotency key of all parts together.

        Raises:
            ProgramOwnerOnly: The sender does not own the program.
            ProgramUnknown: There is no such program.
        """
        return [
            self._client.send(call, key=None if key is None else f"{key}:{number}")
            for number, call in enumerate(self.prepare.settle_many(program, others), 1)
        ]

    def settlements(self, program: int) -> Iterator[Settlement]:
        """Yield all that a program paid and was paid, in order, asking in ranges a node bears.

        Raises:
            ProgramUnknown: There is no such program.
        """
        self._client.program(program)
        since = self._client.since_block
        sides = [
            self.house.events("PositionSettled", from_block=since, **{side: program})
            for side in ("debtor", "creditor")
        ]
        for log in heapq.merge(*sides, key=_place):
            event = log.event
            assert isinstance(event, PositionSettled)  # what was asked for
            yield Settlement(event.debtor, event.creditor, event.value, log.block, log.tx_hash)


def _place(log: DecodedLog) -> tuple[int, int]:
    return (log.block, log.log_index)

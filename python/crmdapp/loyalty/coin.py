"""The stablecoin that merchants settle in: exact amounts, balances and allowances.

Amounts of the coin are whole base units, 10^-decimals of it, as every ERC-20 counts. What the
network calls a *value* (prices, positions, deposits, limits) is counted in 10^-6 of the coin,
however many decimals it has. Only the functions here know the decimal form, and none of them uses
floating point.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.sender import Sender
    from crmdapp.chain.transactions import Receipt

VALUE_DECIMALS = 6
"""Digits after the point of a value: prices, positions, deposits and limits."""

_AMOUNT_MAX = (1 << 256) - 1
_DECIMAL = re.compile(r"([0-9]{1,70})(?:\.([0-9]+))?", re.ASCII)
_SHORTEST = 2
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Coin:
    """An ERC-20 coin.

    Attributes:
        address: The contract.
        symbol: Short form shown beside amounts; the contract's own word, it proves nothing.
        decimals: Digits after the point that its base units stand for.
    """

    address: str
    symbol: str
    decimals: int

    @property
    def scale(self) -> int:
        """Base units in one unit of value, which is 10^-6 of the coin."""
        return int(10 ** (self.decimals - VALUE_DECIMALS))

    def to_base_units(self, text: str) -> int:
        """Return an amount of the coin that a person wrote in base units.

        Raises:
            UsageError: It is no such amount.
        """
        return from_decimal(text, self.decimals)

    def to_decimal(self, amount: int, *, grouped: bool = False) -> str:
        """Return base units as the coin's own amount, such as ``"12.50"``."""
        return to_decimal(amount, self.decimals, grouped=grouped)


class CoinClient:
    """One ERC-20 coin, whoever wrote it.

    Reading methods may raise ``NodeProblem`` and ``ContractMissing``.

    Args:
        connection: The chain.
        address: The coin's contract.

    Attributes:
        contract: The coin's contract, with the functions of ERC-20.
    """

    def __init__(self, connection: Connection, address: str) -> None:
        from crmdapp.chain import artifacts
        from crmdapp.chain.calls import BoundContract

        abi = artifacts.load("TestCoin").abi
        self.contract = BoundContract(connection, "Coin", require_address(address), abi)

    @cached_property
    def coin(self) -> Coin:
        """What the coin is called and how it counts."""
        symbol, decimals = self.contract.read("symbol"), self.contract.read("decimals")
        return Coin(self.contract.address, symbol, decimals)

    def balance(self, account: str) -> int:
        """Return the base units that ``account`` has."""
        units: int = self.contract.read("balanceOf", account)
        return units

    def allowance(self, owner: str, spender: str) -> int:
        """Return the base units of ``owner`` that ``spender`` may take."""
        units: int = self.contract.read("allowance", owner, spender)
        return units

    def approvals(self, owner: str, spender: str, amount: int) -> list[Call]:
        """Return the calls that let ``spender`` take ``amount`` base units and no more.

        None if it may take as many already. Where it may take fewer, the old permission is taken
        back first: some coins refuse to change one that is in use.
        """
        allowed = self.allowance(owner, spender)
        if allowed >= amount:
            return []
        steps = [0, amount] if allowed else [amount]
        return [self.contract.call("approve", spender, step) for step in steps]

    def approve(
        self, sender: Sender, spender: str, amount: int, *, key: str | None = None
    ) -> list[Receipt]:
        """Let ``spender`` take ``amount`` base units of the sender's, if it may not yet.

        Args:
            sender: Whose coin it is.
            spender: Who may take it.
            amount: How many base units; nothing beyond them is permitted.
            key: Idempotency key. If the permission that was sent under it has been used up
                meanwhile, it is given again.

        Raises:
            ContractError: The coin refuses, as the twin of its error.
        """
        receipts: list[Receipt] = []
        for number in range(1, _TRIES + 1):
            for call in self.approvals(sender.address, spender, amount):
                step = "approve" if call.args[1] else "clear"
                name = None if key is None else f"{key}:{step}:{number}"
                sent = sender.send(call, key=name, again_if_reverted=True)
                receipts.append(sender.wait(sent))
            if self.allowance(sender.address, spender) >= amount:
                break
        return receipts


def from_decimal(text: str, decimals: int = VALUE_DECIMALS) -> int:
    """Return the whole units of an amount that a person wrote: ``"12.5"`` gives 12,500,000.

    Args:
        text: Decimal digits, at most ``decimals`` of them after the point.
        decimals: Digits that a unit stands behind the point.

    Raises:
        UsageError: It is no such number; the message says what is wrong with it.
    """
    match = _DECIMAL.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is no amount of the coin: only digits and one point are allowed.",
            hint="Write it like 12 or 12.50.",
        )
    whole, part = match[1], match[2] or ""
    if len(part) > decimals:
        raise UsageError(
            f"{text!r} has more than {decimals} digits after the point.",
            hint=f"The smallest amount is {to_decimal(1, decimals)}.",
        )
    units = int(whole + part.ljust(decimals, "0"))
    if units > _AMOUNT_MAX:
        raise UsageError(f"{text!r} is more than any coin counts.")
    return units


def to_decimal(amount: int, decimals: int = VALUE_DECIMALS, *, grouped: bool = False) -> str:
    """Return units as a decimal with the digits that matter, two at least: ``"0.0125"``.

    Args:
        amount: Any whole number; negative ones keep their sign.
        decimals: Digits that a unit stands behind the point.
        grouped: Put commas between thousands.
    """
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**decimals)
    digits = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    shortest = min(_SHORTEST, decimals)
    shown = f"{whole:,}" if grouped else f"{whole}"
    digits = digits.ljust(shortest, "0")
    return f"{sign}{shown}.{digits}" if digits else f"{sign}{shown}"


def require_units(what: str, amount: int, most: int, *, least: int = 1) -> int:
    """Return ``amount`` if it is a whole number from ``least`` to ``most``.

    Raises:
        UsageError: It is not; the message calls it ``what``.
    """
    return require_whole(what, amount, most, least=least)

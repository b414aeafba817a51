"""What a call needs and costs, asked before it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from crmdapp.chain.calls import Call
from crmdapp.chain.connection import Connection
from crmdapp.chain.fees import Fees, FeeSource
from crmdapp.chain.transactions import SendPolicy, Simulation
from crmdapp.errors import FundsMissing, GasCapExceeded, NodeRefused

T = TypeVar("T")


class Pricing:
    """Gas, fees and funds of one account's calls.

    Args:
        connection: The chain.
        address: Who is to send and pay.
        policy: Margins and limits.
    """

    def __init__(self, connection: Connection, address: str, policy: SendPolicy) -> None:
        self.fees = FeeSource(connection, policy)
        self._connection = connection
        self._address = address
        self._policy = policy
        self._tag = "pending"

    def simulate(self, call: Call) -> Simulation:
        """Return what a call would do and cost; nothing is sent.

        Raises:
            ContractError: The contract would refuse, as the twin of its error.
            GasCapExceeded: It needs more gas than one transaction may use.
            FundsMissing: The account cannot pay.
        """
        result = self._ahead(
            lambda tag: self._connection.eth_call(call, sender=self._address, block=tag)
        )
        gas = self.gas(call)
        fees = self.fees.suggest()
        cost = self.require_funds(call, gas, fees)
        return Simulation(gas, fees.max_fee, fees.tip, cost, result)

    def gas(self, call: Call) -> int:
        """Return the gas limit to send a call with: estimate, margin and spare gas, capped.

        Raises:
            ContractError: The contract would refuse, as the twin of its error.
            GasCapExceeded: It needs more gas than one transaction may use.
            FundsMissing: The account cannot pay the value.
        """
        cap = self._policy.gas_cap
        try:
            needed = self._ahead(
                lambda tag: self._connection.estimate_gas(call, sender=self._address, block=tag)
            )
        except NodeRefused as problem:
            text = problem.why.lower()
            if "gas" in text and any(word in text for word in ("cap", "limit", "exceed", "high")):
                raise _too_much_gas(call, 0, cap, problem.why) from None
            raise
        if needed > cap:
            raise _too_much_gas(call, needed, cap, "")
        margin = needed * self._policy.gas_margin_percent // 100
        return min(cap, needed + margin + call.spare_gas)

    def tried(self, call: Call, gas: int) -> int:
        """Return ``gas`` if the call succeeds with it.

        Raises:
            ContractError: The contract would refuse, as the twin of its error.
            GasCapExceeded: It is more gas than one transaction may use.
        """
        if gas > self._policy.gas_cap:
            raise _too_much_gas(call, gas, self._policy.gas_cap, "")
        self._ahead(
            lambda tag: self._connection.eth_call(call, sender=self._address, block=tag, gas=gas)
        )
        return gas

    def require_funds(self, call: Call, gas: int, fees: Fees) -> int:
        """Return the most wei the call may take from the account, its value included.

        Raises:
            FundsMissing: The account has less.
        """
        cost = gas * fees.max_fee + call.value
        balance = self._connection.balance(self._address)
        if balance < cost:
            raise FundsMissing(
                f"{self._address} has {balance:,} wei, the transaction may cost {cost:,} wei.",
                address=self._address,
                balance=balance,
                needed=cost,
                why=f"{gas:,} gas at up to {fees.max_fee:,} wei, and {call.value:,} wei to send.",
                hint=f"Send at least {cost - balance:,} wei to the account.",
            )
        return cost

    def _ahead(self, ask: Callable[[str], T]) -> T:
        """Ask about the block the transaction will be in; of nodes that know none, the latest."""
        try:
            return ask(self._tag)
        except NodeRefused as problem:
            if self._tag == "latest" or "pending" not in problem.why.lower():
                raise
        self._tag = "latest"
        return ask(self._tag)


def _too_much_gas(call: Call, needed: int, cap: int, why: str) -> GasCapExceeded:
    figure = f"{needed:,} gas" if needed else "more gas"
    return GasCapExceeded(
        f"{call} needs {figure}, one transaction may use {cap:,}.",
        needed=needed,
        cap=cap,
        why=why,
        hint="Split the batch into smaller ones.",
    )

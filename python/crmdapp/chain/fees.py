"""What to offer for gas (EIP-1559)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crmdapp.chain.connection import Connection
from crmdapp.chain.transactions import SendPolicy
from crmdapp.errors import CrmdappError, NodeRefused

GWEI = 10**9
_HISTORY_BLOCKS = 5
_FRESH_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Fees:
    """An offer per gas, in wei.

    Attributes:
        max_fee: Most that is paid, base fee and tip together.
        tip: What the block's builder gets of it.
        base_fee: The chain's base fee the offer was made for.
    """

    max_fee: int
    tip: int
    base_fee: int


class FeeSource:
    """Offers that follow the chain, asked for at most every two seconds.

    Args:
        connection: The chain.
        policy: Tip, ceiling and base fee factor.
    """

    def __init__(self, connection: Connection, policy: SendPolicy) -> None:
        self._connection = connection
        self._policy = policy
        self._latest: Fees | None = None
        self._asked_at = 0.0

    def suggest(self) -> Fees:
        """Return an offer that is mined soon: base fee times the factor, plus the tip.

        Raises:
            CrmdappError: The policy's ceiling is below the chain's base fee.
            NodeProblem: The node could not be asked.
        """
        now = time.monotonic()
        if self._latest is None or now - self._asked_at > _FRESH_SECONDS:
            self._latest = self._ask()
            self._asked_at = now
        return self._latest

    def bumped(self, max_fee: int, tip: int) -> Fees:
        """Return an offer that replaces one of ``max_fee`` and ``tip``.

        Both grow by the policy's percentage, rounded up, or to what the chain suggests now if that
        is more; a node refuses a replacement in which one of them does not grow.

        Raises:
            CrmdappError: The policy's ceiling forbids it.
            NodeProblem: The node could not be asked.
        """
        self._latest = None
        now = self.suggest()
        permille = int(self._policy.replacement_percent * 10)
        new_tip = max(now.tip, _grown(tip, permille))
        new_max = max(now.max_fee, _grown(max_fee, permille), new_tip)
        ceiling = self._policy.max_fee
        if ceiling is not None and new_max > ceiling:
            if _grown(max_fee, permille) > ceiling:
                raise CrmdappError(
                    "The replacement would cost more per gas than the ceiling allows.",
                    why=f"It needs {_grown(max_fee, permille):,} wei, the ceiling is {ceiling:,}.",
                    hint="Raise the ceiling, or wait.",
                )
            new_max = ceiling
            new_tip = min(new_tip, new_max)
        return Fees(new_max, new_tip, now.base_fee)

    def _ask(self) -> Fees:
        base_fee, tip = self._history()
        if self._policy.tip is not None:
            tip = self._policy.tip
        max_fee = base_fee * self._policy.base_fee_factor + tip
        ceiling = self._policy.max_fee
        if ceiling is not None and max_fee > ceiling:
            if base_fee > ceiling:
                raise CrmdappError(
                    "Gas costs more than the ceiling allows.",
                    why=f"The base fee is {base_fee:,} wei, the ceiling is {ceiling:,}.",
                    hint="Raise the ceiling, or try when the chain is less busy.",
                )
            max_fee = ceiling
        return Fees(max_fee, min(tip, max_fee), base_fee)

    def _history(self) -> tuple[int, int]:
        """Return the next block's base fee and the usual tip."""
        try:
            history = self._connection.request(
                "eth_feeHistory", [hex(_HISTORY_BLOCKS), "latest", [50]]
            )
            base_fee = int(history["baseFeePerGas"][-1], 16)
        except (NodeRefused, KeyError, IndexError, TypeError, ValueError):
            block = self._connection.block() or {}
            return int(block.get("baseFeePerGas", "0x0"), 16), self._usual_tip()
        rewards = history.get("reward") or []
        paid = sorted(int(row[0], 16) for row in rewards if row and int(row[0], 16) > 0)
        return base_fee, paid[len(paid) // 2] if paid else self._usual_tip()

    def _usual_tip(self) -> int:
        try:
            return int(self._connection.request("eth_maxPriorityFeePerGas"), 16)
        except (NodeRefused, TypeError, ValueError):
            return GWEI


def _grown(value: int, permille: int) -> int:
    return -(-value * (1000 + permille) // 1000)

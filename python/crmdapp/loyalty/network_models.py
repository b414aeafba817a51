"""What the network between programs knows, as plain values.

The classes bear the names of the Solidity structs they mirror. Values are in 10^-6 of the
settlement coin, prices per 1.00 point, times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from crmdapp.loyalty.coin import require_units
from crmdapp.loyalty.errors import PricesInvalid, ProgramNotConnected
from crmdapp.loyalty.models import Lot
from crmdapp.loyalty.points import UNITS_PER_POINT

PRICE_MAX = (1 << 48) - 1
"""Highest price, in 10^-6 of the coin per 1.00 point."""


@dataclass(frozen=True, slots=True)
class Prices:
    """What a program asks and pays for its points, in 10^-6 of the coin per 1.00 point.

    Attributes:
        program: The program.
        on_ramp: Price at which other programs' customers buy in; 0 if it is not connected.
        off_ramp: What it pays for a point that leaves it; never above ``on_ramp``.
        next_on_ramp: Announced price; 0 for none.
        next_off_ramp: Announced price; 0 for none.
        effective_at: When the announced prices replace the others; ``None`` for none.
    """

    program: int
    on_ramp: int
    off_ramp: int
    next_on_ramp: int = 0
    next_off_ramp: int = 0
    effective_at: datetime | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the program takes part in the network."""
        return self.on_ramp != 0

    def value_of(self, points: int) -> int:
        """Return what the program owes for units that leave it, in 10^-6 of the coin.

        Rounded up, as the hub does: against the program that pays.
        """
        return -(-points * self.off_ramp // UNITS_PER_POINT)

    def rate_to(self, other: Prices) -> Fraction:
        """Return how many points of another program one of this program's becomes.

        Raises:
            ProgramNotConnected: One of the two has published no prices.
        """
        for prices in (self, other):
            if not prices.is_connected:
                raise ProgramNotConnected(prices.program)
        return Fraction(self.off_ramp, other.on_ramp)


@dataclass(frozen=True, slots=True)
class PriceChange:
    """Prices that a program announced.

    Attributes:
        program: The program.
        on_ramp: 10^-6 of the coin per 1.00 point.
        off_ramp: 10^-6 of the coin per 1.00 point.
        announced_at: When it was announced.
        effective_at: When it was to hold: at once for a program's first prices.
        is_replaced: Whether another announcement took its place before it held.
        tx_hash: Transaction of the announcement, 0x hex.
    """

    program: int
    on_ramp: int
    off_ramp: int
    announced_at: datetime
    effective_at: datetime
    is_replaced: bool
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What an exchange would do now; prices change only after a notice.

    Attributes:
        program: Program the points leave.
        to_program: Program they become points of.
        points: Units that leave.
        received: Units that arrive. Without an account it is the most that can arrive: each age
            of the points is rounded down by itself.
        value: What ``program`` would owe ``to_program`` for it, in 10^-6 of the coin.
        rate: Points of ``to_program`` for one point.
        room: What ``program`` may owe ``to_program`` beyond what it owes, in 10^-6 of the coin.
        lots: The units that arrive, the first to expire first; empty without an account.
    """

    program: int
    to_program: int
    points: int
    received: int
    value: int
    rate: Fraction
    room: int
    lots: tuple[Lot, ...] = ()

    @property
    def is_covered(self) -> bool:
        """Whether the limit between the two programs suffices for it."""
        return self.value <= self.room


@dataclass(frozen=True, slots=True)
class RedemptionQuote:
    """What points of one program are worth at the merchant of another.

    Attributes:
        program: Program whose points are spent.
        merchant: Program of the merchant.
        points: Units spent.
        value: What ``program`` would owe the merchant for them, in 10^-6 of the coin.
        room: What ``program`` may owe the merchant beyond what it owes, in 10^-6 of the coin.
    """

    program: int
    merchant: int
    points: int
    value: int
    room: int

    @property
    def is_covered(self) -> bool:
        """Whether the limit between the two programs suffices for it."""
        return self.value <= self.room


@dataclass(frozen=True, slots=True)
class Position:
    """What two programs owe each other, as ``program`` sees it, in 10^-6 of the coin.

    Attributes:
        program: The program.
        other: The other program.
        owing: What ``program`` owes ``other``; 0 if it is the other way round.
        owed: What ``other`` owes ``program``; 0 if it is the other way round.
        limit: Most that ``program`` may owe ``other``.
        other_limit: Most that ``other`` may owe ``program``.
    """

    program: int
    other: int
    owing: int
    owed: int
    limit: int
    other_limit: int

    @property
    def net(self) -> int:
        """What ``program`` owes ``other``; negative the other way round."""
        return self.owing - self.owed

    @property
    def room(self) -> int:
        """What ``program`` may owe ``other`` beyond what it owes."""
        return self.limit - self.net


def require_prices(on_ramp: int, off_ramp: int) -> tuple[int, int]:
    """Return the two prices if a program may have them.

    Raises:
        PricesInvalid: Not 0 < ``off_ramp`` <= ``on_ramp``, the twin of the hub's refusal.
        UsageError: A price is no whole number below 2^48.
    """
    require_units("The on-ramp price", on_ramp, PRICE_MAX, least=0)
    require_units("The off-ramp price", off_ramp, PRICE_MAX, least=0)
    if off_ramp == 0 or off_ramp > on_ramp:
        raise PricesInvalid(on_ramp, off_ramp)
    return on_ramp, off_ramp

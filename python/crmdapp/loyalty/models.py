"""What the loyalty ledger knows, as plain values.

The classes bear the names of the Solidity structs they mirror. Amounts are whole units of 0.01
point, times are aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crmdapp.chain._whole import is_whole
from crmdapp.errors import UsageError
from crmdapp.loyalty.errors import (
    CapOutOfRange,
    ProgramNameEmpty,
    TiersNotRising,
    TiersTooMany,
    ValidityOutOfRange,
)
from crmdapp.loyalty.points import POINTS_MAX, UNLIMITED

LANES = 4
"""Epochs that points can live, and ages that the ledger tells apart."""

FIRST_EPOCH = 4
LAST_EPOCH = (1 << 16) - 1
"""The hub's clock stops there, and nothing expires any more."""

TIERS_MAX = 6
QUALIFYING_MAX = (1 << 40) - 1


@dataclass(frozen=True, slots=True)
class EpochClock:
    """The hub's one clock: when which epoch begins.

    Attributes:
        genesis: Start of the first epoch (number 4), Unix seconds.
        epoch_length: Seconds in an epoch, at least 60.
    """

    genesis: int
    epoch_length: int

    def epoch_at(self, timestamp: int) -> int:
        """Return the epoch at a time in Unix seconds, 4 to 65,535.

        Raises:
            UsageError: The time is before the first epoch.
        """
        if timestamp < self.genesis:
            raise UsageError(f"{timestamp} is before the first epoch, which began {self.genesis}.")
        return min((timestamp - self.genesis) // self.epoch_length + FIRST_EPOCH, LAST_EPOCH)

    def start_of(self, epoch: int) -> datetime | None:
        """Return when an epoch begins; ``None`` if that is beyond the clock or the calendar."""
        if epoch > LAST_EPOCH:
            return None
        try:
            return datetime.fromtimestamp(
                self.genesis + (epoch - FIRST_EPOCH) * self.epoch_length, UTC
            )
        except (OverflowError, ValueError, OSError):
            return None

    def expiries(self, epoch: int) -> tuple[datetime | None, ...]:
        """Return when the points of each age expire, youngest first, as seen in ``epoch``."""
        return tuple(self.start_of(epoch + LANES - age) for age in range(LANES))


@dataclass(frozen=True, slots=True)
class ProgramConfig:
    """What a merchant decides when it opens a program.

    Attributes:
        name: Brand shown by wallets, not empty.
        symbol: Short form shown beside amounts, not empty.
        validity: Epochs that awarded points live, 1 to 4, the epoch of the award included.
        cap: Most units outstanding at any time, up to 2^47 - 1; 0 for no cap.
        has_token: Whether the program gets an ERC-20 face; can not be changed later.
        tiers: Qualifying units that open tier 1, 2, ...; rising, at most six, below 2^40.

    Raises:
        ProgramNameEmpty: Name or symbol is empty.
        ValidityOutOfRange: The validity is not 1 to 4.
        CapOutOfRange: The cap is 2^47 or more.
        TiersTooMany: There are more than six tiers.
        TiersNotRising: A tier is not above the one before it.
        UsageError: A number is negative, or no whole number.
    """

    name: str
    symbol: str
    validity: int = LANES
    cap: int = 0
    has_token: bool = False
    tiers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or not self.symbol:
            raise ProgramNameEmpty
        require_validity(self.validity)
        require_cap(self.cap)
        require_tiers(self.tiers)


@dataclass(frozen=True, slots=True)
class Program:
    """A program as it stands.

    Attributes:
        id: Its ERC-6909 id; odd if it has an ERC-20 face.
        name: Brand shown by wallets. Anyone can take any name: it proves nothing by itself.
        symbol: Short form shown beside amounts.
        owner: Who runs it.
        pending_owner: Who was offered it and has not accepted; ``None`` for nobody.
        token: Address of the ERC-20 face; ``None`` if it has none.
        validity: Epochs that points awarded now live, 1 to 4.
        cap: Most units outstanding; 0 for no cap.
        tiers: Qualifying units that open tier 1, 2, ...
    """

    id: int
    name: str
    symbol: str
    owner: str
    pending_owner: str | None
    token: str | None
    validity: int
    cap: int
    tiers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Issuer:
    """What an issuer may award.

    Attributes:
        program: The program.
        address: The issuer.
        budget: Units per epoch; 0 for nothing, 2^48 - 1 for no limit.
        used: Units awarded in ``epoch``; not counted for an unlimited issuer.
        epoch: The present epoch.
    """

    program: int
    address: str
    budget: int
    used: int
    epoch: int

    @property
    def is_unlimited(self) -> bool:
        """Whether the budget is no limit."""
        return self.budget == UNLIMITED

    @property
    def left(self) -> int | None:
        """Units that may still be awarded in this epoch; ``None`` for no limit."""
        return None if self.is_unlimited else max(0, self.budget - self.used)


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that expire together.

    Attributes:
        age: 0 for the youngest, 3 for the oldest, which are spent first.
        units: How many.
        expires_at: When they expire; ``None`` if never within the calendar.
    """

    age: int
    units: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a customer holds in one program.

    Attributes:
        program: The program.
        account: The customer.
        by_age: Units by age; ``[0]`` are the youngest, ``[3]`` expire and are spent first.
        qualifying: Units ever awarded, up to 2^40 - 1; they decide the tier.
        tier: 0 for none, else the highest tier reached.
        epoch: The present epoch.
        expiries: When the points of each age expire.
    """

    program: int
    account: str
    by_age: tuple[int, ...]
    qualifying: int
    tier: int
    epoch: int
    expiries: tuple[datetime | None, ...]

    @property
    def balance(self) -> int:
        """Units that can be spent now."""
        return sum(self.by_age)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The points in the order they are spent, without empty ages."""
        return tuple(lot for lot in reversed(_lots(self.by_age, self.expiries)) if lot.units)


@dataclass(frozen=True, slots=True)
class Liability:
    """What a program owes its customers, by age.

    Attributes:
        program: The program.
        by_age: Units by age; ``[0]`` are the youngest, ``[3]`` expire first.
        epoch: The present epoch.
        expiries: When the points of each age expire.
    """

    program: int
    by_age: tuple[int, ...]
    epoch: int
    expiries: tuple[datetime | None, ...]

    @property
    def total(self) -> int:
        """Units outstanding."""
        return sum(self.by_age)

    @property
    def lots(self) -> tuple[Lot, ...]:
        """All four ages, the first to expire first; empty ages included."""
        return tuple(reversed(_lots(self.by_age, self.expiries)))

    def shares(self, whole: int = 10_000) -> tuple[int, ...]:
        """Return each of ``lots`` as a part of ``whole``, such as hundredths of a percent.

        The parts add up to ``whole`` exactly (largest remainder), so a chart has no gap; all are 0
        if nothing is outstanding.
        """
        units = [lot.units for lot in self.lots]
        total = sum(units)
        if total == 0:
            return (0,) * len(units)
        parts = [unit * whole // total for unit in units]
        by_remainder = sorted(range(len(units)), key=lambda i: -(units[i] * whole % total))
        for i in by_remainder[: whole - sum(parts)]:
            parts[i] += 1
        return tuple(parts)


def require_validity(validity: int) -> int:
    """Return ``validity`` if points may live that many epochs, 1 to 4.

    Raises:
        ValidityOutOfRange: They may not.
        UsageError: It is no whole number.
    """
    _require_whole("The validity", validity)
    if not 1 <= validity <= LANES:
        raise ValidityOutOfRange(validity)
    return validity


def require_cap(cap: int) -> int:
    """Return ``cap`` if it can be a program's cap, 0 to 2^47 - 1 units.

    Raises:
        CapOutOfRange: It is more.
        UsageError: It is negative or no whole number.
    """
    if _require_whole("The cap", cap) > POINTS_MAX:
        raise CapOutOfRange(cap)
    return cap


def require_budget(budget: int) -> int:
    """Return ``budget`` if it can be an issuer's budget, 0 to 2^48 - 1 units.

    Raises:
        UsageError: It is outside that range or no whole number.
    """
    if _require_whole("The budget", budget) > UNLIMITED:
        raise UsageError(f"A budget is at most {UNLIMITED:,} units (no limit), got {budget:,}.")
    return budget


def require_tiers(tiers: Sequence[int]) -> tuple[int, ...]:
    """Return ``tiers`` if they can be a program's tiers: rising units, at most six.

    Raises:
        TiersTooMany: There are more than six.
        TiersNotRising: One is not above the one before it, or the first is 0.
        UsageError: One is negative, no whole number, or 2^40 or more.
    """
    found = tuple(tiers)
    if len(found) > TIERS_MAX:
        raise TiersTooMany(len(found))
    previous = 0
    for tier in found:
        if _require_whole("A tier", tier) > QUALIFYING_MAX:
            raise UsageError(f"A tier is at most {QUALIFYING_MAX:,} units, got {tier:,}.")
        if tier <= previous:
            raise TiersNotRising(found)
        previous = tier
    return found


def _require_whole(what: str, value: int) -> int:
    if not is_whole(value) or value < 0:
        raise UsageError(f"{what} must be a whole number from 0, got {value!r}.")
    return value


def _lots(by_age: tuple[int, ...], expiries: tuple[datetime | None, ...]) -> list[Lot]:
    return [
        Lot(age, units, expires_at)
        for age, (units, expires_at) in enumerate(zip(by_age, expiries, strict=True))
    ]

"""What the gallery's contracts keep: works, prices, auctions, the board and its cases."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import UsageError

ID_MAX = (1 << 256) - 1
PRICE_MAX = (1 << 64) - 1
"""Highest price, in a currency's price units."""

CURRENCY_MAX = 255
EPOCH_MAX = (1 << 24) - 1
"""A work's last epoch, in which nothing signed is accepted."""

ROYALTY_MAX = 2_500
"""Highest royalty, hundredths of a percent."""

SUCCESSION_MAX = 255
POINTS_RATE_MAX = (1 << 48) - 1
DURATION_LEAST = 900
DURATION_MOST = 30 * 86_400
"""Length of an auction, seconds."""

CURATORS_MAX = 64
RAISE_PERCENT = 5
ETHER = 0
"""Row of the currency table in which ether stands."""

ETHER_DECIMALS = 18
NEAR_DISTANCE = 8
"""Bits in which the perceptual hashes of near-duplicates may differ."""


class Ground(IntEnum):
    """Why a work's record is challenged; a submission is no challenge."""

    NONE = 0
    SUBMISSION = 1
    NEAR_DUPLICATE = 2
    EARLIER_WORK = 3
    FALSE_RECORD = 4
    STANDARDS = 5


class CaseStatus(IntEnum):
    """Where a case stands."""

    NONE = 0
    OPEN = 1
    UPHELD = 2
    REJECTED = 3
    UNDECIDED = 4


@dataclass(frozen=True, slots=True)
class ArtworkRecord:
    """What is kept of a work for ever.

    Attributes:
        artist: Who signed it and is paid.
        p_hash: 64-bit perceptual hash; 0 if the file is no picture.
        royalty_bps: Hundredths of a percent of each resale.
        is_revoked: The curators found against it.
        is_burned: Its owner destroyed the token.
    """

    artist: str
    p_hash: int
    royalty_bps: int
    is_revoked: bool
    is_burned: bool


@dataclass(frozen=True, slots=True)
class ArtworkState:
    """Who owns a work and what it costs.

    Attributes:
        owner: ``None`` if it is not minted, or burned.
        price: Price units; 0 if it is not for sale; in an auction the reserve.
        currency: Row of the currency table.
        is_auctioned: Whether an auction is open.
        epoch: Rises with each transfer and each change of price.
    """

    owner: str | None
    price: int
    currency: int
    is_auctioned: bool
    epoch: int


@dataclass(frozen=True, slots=True)
class Currency:
    """A row of the currency table, with what its token says of itself.

    Attributes:
        index: Its number.
        token: ERC-20; ``None`` is ether.
        exponent: A price unit is 10^exponent base units.
        is_enabled: Whether new prices may be in it.
        points_per_million: Loyalty units given for 1,000,000 price units; 0 for none.
        symbol: The token's own word; it proves nothing.
        decimals: Digits after the point that base units stand for.
    """

    index: int
    token: str | None
    exponent: int
    is_enabled: bool
    points_per_million: int
    symbol: str
    decimals: int

    @property
    def is_ether(self) -> bool:
        """Whether it is the chain's own currency."""
        return self.token is None

    def base_units(self, price: int) -> int:
        """Return price units in base units."""
        return int(price * 10**self.exponent)

    def amount(self, base_units: int) -> Decimal:
        """Return base units as the exact decimal amount."""
        return Decimal(f"{base_units}E-{self.decimals}")

    def price(self, text: str) -> int:
        """Return the price units of a decimal amount that a person wrote, such as ``"0.5"``.

        Raises:
            UsageError: It is no such amount, or finer or larger than a price can be.
        """
        from crmdapp.loyalty import Coin

        # Exact whatever the length, which decimal numbers are not.
        amount = Coin(self.token or ZERO_ADDRESS, self.symbol, self.decimals).to_base_units(text)
        units, rest = divmod(amount, int(10**self.exponent))
        if rest or units > PRICE_MAX:
            least = self.format(self.base_units(1))
            most = self.format(self.base_units(PRICE_MAX))
            raise UsageError(
                f"{text!r} {self.symbol} is no price.",
                hint=f"Prices are multiples of {least}, at most {most}.",
            )
        return units

    def format(self, base_units: int) -> str:
        """Return base units for people: ``"1,250.5 TEST"``."""
        whole, rest = divmod(base_units, 10**self.decimals)
        digits = f"{rest:0{self.decimals}d}".rstrip("0") if self.decimals else ""
        return f"{whole:,}{'.' + digits if digits else ''} {self.symbol}"

    def format_price(self, price: int) -> str:
        """Return price units for people."""
        return self.format(self.base_units(price))


@dataclass(frozen=True, slots=True)
class Auction:
    """An English auction.

    Attributes:
        bidder: Who bid most; ``None`` if nobody bid.
        bid: Price units.
        ends_at: Unix seconds; 0 if there is none.
    """

    bidder: str | None
    bid: int
    ends_at: int

    def least_bid(self, reserve: int) -> int:
        """Return the least that the next bid has to be, price units.

        Args:
            reserve: Price units.
        """
        if self.bidder is None:
            return reserve
        # 5 % more, rounded up, as the contract rounds.
        return self.bid + max(1, -(-self.bid * RAISE_PERCENT // 100))


@dataclass(frozen=True, slots=True)
class BoardState:
    """The board as it is.

    Attributes:
        curators: How many there are.
        quorum: How many have to approve a work.
        epoch: Changes so far.
        standards_version: Number of the standards, from 1.
        standards_since: Unix seconds.
    """

    curators: int
    quorum: int
    epoch: int
    standards_version: int
    standards_since: int


@dataclass(frozen=True, slots=True)
class CuratorCase:
    """A question put to the curators.

    Attributes:
        opener: The artist who submitted, or the challenger.
        opened_at: Unix seconds.
        ayes: Revealed votes for the opener.
        noes: Revealed votes against.
        ground: Why.
        status: Where it stands.
        is_defended: Whether somebody put up a bond for the record.
    """

    opener: str
    opened_at: int
    ayes: int
    noes: int
    ground: Ground
    status: CaseStatus
    is_defended: bool


def account_or_none(address: str) -> str | None:
    """Return an address, or ``None`` for the zero address."""
    return None if address == ZERO_ADDRESS else address

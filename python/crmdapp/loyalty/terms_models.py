"""What legal terms say, as plain values.

Amounts are whole units of 0.01 point, prices 10^-6 of the settlement coin, times seconds.
``TermsFacts`` is the twin of the Solidity struct.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crmdapp.loyalty.models import Program

FORMAT = "crmdapp-terms/1"


@dataclass(frozen=True, slots=True)
class TermsTier:
    """A tier as the terms promise it.

    Attributes:
        name: What customers call it.
        threshold: Qualifying units that open it.
        multiplier: Percent of the usual points that its members earn; 100 for no more than usual.
            The ledger does not know it: the merchant awards accordingly.
    """

    name: str
    threshold: int
    multiplier: int


@dataclass(frozen=True, slots=True)
class EarnRule:
    """What earns points. The ledger does not know it: the merchant awards accordingly.

    Attributes:
        event: Such as ``purchase`` or ``sign-up``.
        units: Units of 0.01 point.
        per: Amount and currency (ISO 4217) that earn them each time, such as ``1.00 EUR``; ``None``
            if they are earned once for each event.
    """

    event: str
    units: int
    per: str | None = None


@dataclass(frozen=True, slots=True)
class TermsPrices:
    """What the program asks and pays for a point, in 10^-6 of the settlement coin per 1.00 point.

    Attributes:
        coin: The settlement coin.
        on_ramp: What a point costs that customers of other programs buy.
        off_ramp: What the program pays for a point that leaves it.
    """

    coin: str
    on_ramp: int
    off_ramp: int


@dataclass(frozen=True, slots=True)
class TermsFacts:
    """What the chain compares when terms are published, twin of the Solidity struct.

    Attributes:
        epoch_length: Seconds in an epoch.
        validity: Epochs that points awarded now live.
        cap: Most units outstanding; 0 for no cap.
        tiers: Qualifying units that open tier 1, 2, ...
        on_ramp: 10^-6 of the settlement coin per 1.00 point; 0 if the program is not connected.
        off_ramp: As ``on_ramp``.
        clawback: Seconds in which an award made now can be reversed.
    """

    epoch_length: int
    validity: int
    cap: int
    tiers: tuple[int, ...]
    on_ramp: int
    off_ramp: int
    clawback: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What ``terms.json`` says.

    Attributes:
        version: Number of this version of the program's terms, from 0.
        chain_id: The chain.
        ledger: Address of the PointsHub.
        program: Number of the program.
        name: Its brand.
        symbol: Short form shown beside amounts.
        operator: Who runs the program: the customer's counterpart.
        genesis: Start of the ledger's first epoch, Unix seconds.
        epoch_length: Seconds in an epoch.
        validity: Epochs that awarded points live, the epoch of the award included, 1 to 4.
        cap: Most units outstanding; 0 for no cap.
        tiers: The tiers, rising.
        earn: What earns points; empty if the merchant announces that elsewhere.
        prices: ``None`` if the program is not connected to others.
        gifts: Whether members may give points away; the ledger lets everybody.
        money_cards: Whether the merchant sells gift cards that hold money.
        clawback: Seconds in which points can be taken back after a purchase was returned.
        governing_law: The law that governs the terms.
    """

    version: int
    chain_id: int
    ledger: str
    program: int
    name: str
    symbol: str
    operator: str
    genesis: int
    epoch_length: int
    validity: int
    cap: int
    tiers: tuple[TermsTier, ...]
    earn: tuple[EarnRule, ...]
    prices: TermsPrices | None
    gifts: bool
    money_cards: bool
    clawback: int
    governing_law: str

    @property
    def facts(self) -> TermsFacts:
        """What the chain will compare."""
        return TermsFacts(
            epoch_length=self.epoch_length,
            validity=self.validity,
            cap=self.cap,
            tiers=tuple(tier.threshold for tier in self.tiers),
            on_ramp=self.prices.on_ramp if self.prices else 0,
            off_ramp=self.prices.off_ramp if self.prices else 0,
            clawback=self.clawback,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON data."""
        prices = self.prices
        return {
            "format": FORMAT,
            "version": self.version,
            "chain_id": self.chain_id,
            "ledger": self.ledger,
            "program": self.program,
            "name": self.name,
            "symbol": self.symbol,
            "operator": self.operator,
            "genesis": self.genesis,
            "epoch_seconds": self.epoch_length,
            "validity_epochs": self.validity,
            "cap_units": self.cap,
            "tiers": [
                {
                    "name": tier.name,
                    "threshold_units": tier.threshold,
                    "multiplier_percent": tier.multiplier,
                }
                for tier in self.tiers
            ],
            "earn": [
                {"event": rule.event, "units": rule.units}
                | ({} if rule.per is None else {"per": rule.per})
                for rule in self.earn
            ],
            "prices": None
            if prices is None
            else {
                "coin": prices.coin,
                "on_ramp_micros": prices.on_ramp,
                "off_ramp_micros": prices.off_ramp,
            },
            "gifts": {"points": self.gifts, "money_cards": self.money_cards},
            "clawback_seconds": self.clawback,
            "governing_law": self.governing_law,
        }


@dataclass(frozen=True, slots=True)
class TermsVersion:
    """One published version of a program's terms, twin of the Solidity struct.

    Attributes:
        program: The program.
        version: Its number, from 0.
        bundle_hash: Names JSON and prose, 32 bytes.
        published_at: When it was published.
        effective_at: When it takes effect, one epoch later; the first at once.
    """

    program: int
    version: int
    bundle_hash: bytes
    published_at: datetime
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What the chain knows of all that terms can say, as of one block.

    Attributes:
        chain_id: The chain.
        ledger: Address of the PointsHub.
        genesis: Start of the ledger's first epoch, Unix seconds.
        program: The program.
        facts: What ``ProgramTerms`` compares.
        coin: The settlement coin.
        announced: Prices that hold later: on-ramp, off-ramp and when; ``None`` if there are none.
        versions: The published versions, oldest first.
        timestamp: Time of the block, Unix seconds.
    """

    chain_id: int
    ledger: str
    genesis: int
    program: Program
    facts: TermsFacts
    coin: str
    announced: tuple[int, int, datetime] | None
    versions: tuple[TermsVersion, ...]
    timestamp: int

    @property
    def current(self) -> TermsVersion | None:
        """The version that holds; ``None`` if none was published."""
        held = [item for item in self.versions if item.effective_at.timestamp() <= self.timestamp]
        return held[-1] if held else None

    def version_of(self, bundle_hash: bytes) -> TermsVersion | None:
        """Return the published version with that hash; ``None`` if there is none."""
        return next((item for item in self.versions if item.bundle_hash == bundle_hash), None)

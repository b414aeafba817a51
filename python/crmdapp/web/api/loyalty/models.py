"""What loyalty answers are made of. Points are units of 0.01, values 10^-6 of the coin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ConfigDict

from crmdapp.store.index.loyalty import views
from crmdapp.web.api import AddressIn, Hash32, Model, Uint

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
WORD = "0x" + "ab" * 32
AT = "2026-11-22T12:00:00Z"


def example(**values: Any) -> ConfigDict:
    """Return the settings of a model with an example."""
    return ConfigDict(json_schema_extra={"examples": [values]})


class PricesOut(Model):
    """What a program asks (``on_ramp``) and pays (``off_ramp``) for 1.00 point."""

    model_config = example(on_ramp="20000", off_ramp="15000", is_connected=True)

    on_ramp: Uint
    off_ramp: Uint
    next_on_ramp: Uint = 0
    next_off_ramp: Uint = 0
    effective_at: datetime | None = None
    is_connected: bool


class ProgramOut(Model):
    """A program. Anyone can take any name: it proves nothing by itself."""

    model_config = example(
        program="2",
        name="Bean",
        symbol="BEAN",
        owner=ADDRESS,
        pending_owner=None,
        validity=4,
        cap="0",
        tiers=["100000"],
        clawback=86400,
        prices={"on_ramp": "20000", "off_ramp": "15000", "is_connected": True},
    )

    program: Uint
    name: str
    symbol: str
    owner: AddressIn
    pending_owner: AddressIn | None
    validity: int
    cap: Uint
    tiers: list[Uint]
    clawback: int
    prices: PricesOut


class LotOut(Model):
    """Points that expire together; ``expires_at`` is ``null`` if never within the calendar."""

    model_config = example(units="1250", expires_at=AT)

    units: Uint
    expires_at: datetime | None


class BalanceOut(Model):
    """What a customer holds in a program. ``exact`` is false if the ages are not certain yet."""

    model_config = example(
        program="2",
        account=OTHER,
        points="1250",
        lots=[{"units": "1250", "expires_at": AT}],
        tier=1,
        qualifying="5000",
        next_tier="100000",
        debt="0",
        exact=True,
    )

    program: Uint
    account: AddressIn
    points: Uint
    lots: list[LotOut]
    tier: int
    qualifying: Uint
    next_tier: Uint | None
    debt: Uint
    exact: bool

    @classmethod
    def of(cls, balance: views.Balance) -> BalanceOut:
        """Return it as the API tells it."""
        return cls(
            program=balance.program.program,
            account=balance.statement.account,
            points=balance.points,
            lots=[LotOut(units=lot.units, expires_at=lot.expires_at) for lot in balance.lots],
            tier=balance.statement.tier,
            qualifying=balance.statement.qualifying,
            next_tier=balance.next_tier,
            debt=balance.debt,
            exact=balance.exact,
        )


class LiabilityOut(Model):
    """What a program owes its customers: all four ages, the first to expire first."""

    model_config = example(
        program="2", total="1250", lots=[{"units": "1250", "expires_at": AT}], holders="12"
    )

    program: Uint
    total: Uint
    lots: list[LotOut]
    holders: Uint

    @classmethod
    def of(cls, supply: views.Supply) -> LiabilityOut:
        """Return it as the API tells it."""
        owed = supply.liability
        return cls(
            program=owed.program,
            total=owed.total,
            lots=[LotOut(units=lot.units, expires_at=lot.expires_at) for lot in owed.lots],
            holders=supply.holders,
        )


class FlowOut(Model):
    """What happened to a program's points in an epoch; ``expired`` at its beginning."""

    model_config = example(epoch=5, awarded="5000", redeemed="1200", expired="0", awards=3)

    epoch: int
    awarded: Uint = 0
    redeemed: Uint = 0
    expired: Uint = 0
    transferred: Uint = 0
    exchanged_in: Uint = 0
    exchanged_out: Uint = 0
    refunded: Uint = 0
    reversed: Uint = 0
    debt_paid: Uint = 0
    awards: int = 0
    redemptions: int = 0


class MoveOut(Model):
    """One movement of points."""

    model_config = example(
        kind="awarded",
        timestamp=1800000000,
        program="2",
        sender=None,
        receiver=OTHER,
        points="1250",
        caller=ADDRESS,
        merchant=None,
        order_id=None,
        reference=None,
        block=1204,
        log_index=0,
        tx_hash=WORD,
    )

    kind: str
    timestamp: int
    program: Uint
    sender: AddressIn | None
    receiver: AddressIn | None
    points: Uint
    caller: AddressIn
    merchant: Uint | None
    order_id: Uint | None
    reference: Hash32 | None
    block: int
    log_index: int
    tx_hash: str


class IssuerOut(Model):
    """Who may award. ``left`` is ``null`` for no limit; ``exact`` is false after a drop."""

    model_config = example(issuer=ADDRESS, budget="100000", used="2500", left="97500", exact=True)

    issuer: AddressIn
    budget: Uint
    used: Uint
    left: Uint | None
    exact: bool


class AwardBatchOut(Model):
    """A batch of awards."""

    model_config = example(
        batch_id=WORD,
        count=2,
        points="2500",
        clawback_ends_at=1800086400,
        awarded_at=1800000000,
        reversed="0",
        block=1204,
    )

    batch_id: Hash32
    count: int
    points: Uint
    clawback_ends_at: int
    awarded_at: int
    reversed: Uint
    block: int


class SkipOut(Model):
    """A signed redemption that was left out of its batch, with the contract's error."""

    model_config = example(
        timestamp=1800000000, account=OTHER, order_id="4711", reason="OrderUsed", block=1204
    )

    timestamp: int
    account: AddressIn
    order_id: Uint
    reason: str
    block: int


class RedemptionOut(Model):
    """An order that was redeemed."""

    model_config = example(
        merchant="2",
        order_id="4711",
        program="2",
        account=OTHER,
        points="500",
        refundable=True,
        refunded="0",
        value="0",
        redeemed_at=1800000000,
        block=1204,
    )

    merchant: Uint
    order_id: Uint
    program: Uint
    account: AddressIn | None
    points: Uint
    refundable: bool
    refunded: Uint
    value: Uint
    redeemed_at: int
    block: int


class PositionOut(Model):
    """What the program owes another (``owed``) and is owed (``due``), each with its limit."""

    model_config = example(
        other="4",
        other_name="Leaf",
        owed="150000",
        limit="5000000",
        due="0",
        due_limit="1000000",
        settled_at=0,
    )

    other: Uint
    other_name: str
    owed: Uint
    limit: Uint
    due: Uint
    due_limit: Uint
    settled_at: int


class DepositOut(Model):
    """A program's deposit; ``committed`` backs its limits, ``free`` may be withdrawn."""

    model_config = example(deposit="5000000", committed="4000000", free="1000000")

    deposit: Uint
    committed: Uint
    free: Uint


class SettlementOut(Model):
    """A payment between two programs."""

    model_config = example(
        timestamp=1800000000, debtor="2", creditor="4", value="150000", block=1204
    )

    timestamp: int
    debtor: Uint
    creditor: Uint
    value: Uint
    block: int


class CampaignOut(Model):
    """What coupons and drops of one name gave."""

    model_config = example(campaign=WORD, coupons=12, drops=0, claims=0, points="12000")

    campaign: Hash32
    coupons: int
    drops: int
    claims: int
    points: Uint


class TermsOut(Model):
    """A version of a program's terms, and how many customers accepted it."""

    model_config = example(
        version=0, bundle_hash=WORD, published_at=1800000000, effective_at=1800000000, accepted=3
    )

    version: int
    bundle_hash: Hash32
    published_at: int
    effective_at: int
    accepted: int


class CardOut(Model):
    """A gift voucher, in base units of the coin."""

    model_config = example(
        card=WORD, guild="1", bought="5000000", spent="1000000", refunded="0", left="4000000"
    )

    card: Hash32
    guild: Uint
    bought: Uint
    spent: Uint
    refunded: Uint
    left: Uint


class GuildOut(Model):
    """Merchants that take the same gift vouchers."""

    model_config = example(guild="1", owner=ADDRESS, merchants=[ADDRESS])

    guild: Uint
    owner: AddressIn
    merchants: list[AddressIn]

"""What the index tells about loyalty, as plain values.

Points are units of 0.01, values are 10^-6 of the settlement coin, times are Unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmdapp.loyalty.models import Liability, Lot, Statement
from crmdapp.loyalty.network_models import Prices


@dataclass(frozen=True, slots=True)
class ProgramView:
    """A program as the index knows it.

    Attributes:
        program: Its id; odd if it has an ERC-20 face.
        name: Its brand; anyone can take any name.
        symbol: Short form.
        owner: Who runs it.
        pending_owner: Who was offered it.
        validity: Epochs that points awarded now live.
        cap: Most units outstanding; 0 for no cap.
        tiers: Qualifying units that open tier 1, 2, ...
        clawback: Seconds in which awards can be reversed.
        coupon_key: Who signs coupons; ``None`` for nobody.
        coupon_budget: Units that coupons may give in an epoch.
        dropped_in: Epoch of the latest drop; 0 for none.
        prices: What it asks and pays for its points.
        created_at: When it was created.
    """

    program: int
    name: str
    symbol: str
    owner: str
    pending_owner: str | None
    validity: int
    cap: int
    tiers: tuple[int, ...]
    clawback: int
    coupon_key: str | None
    coupon_budget: int
    dropped_in: int
    prices: Prices
    created_at: int


@dataclass(frozen=True, slots=True)
class Balance:
    """What a customer holds in one program.

    Attributes:
        program: The program.
        statement: Points by age, tier and qualifying points.
        debt: Units that the next awards are netted by.
        exact: Whether the ages are beyond doubt; if not, the chain tells them.
        first_at: When it first got points.
        last_at: When its points last changed.
    """

    program: ProgramView
    statement: Statement
    debt: int
    exact: bool
    first_at: int
    last_at: int

    @property
    def points(self) -> int:
        """Units that can be spent now."""
        return self.statement.balance

    @property
    def lots(self) -> tuple[Lot, ...]:
        """The points in the order they are spent, each lot with its expiry."""
        return self.statement.lots

    @property
    def next_tier(self) -> int | None:
        """Qualifying units that open the next tier; ``None`` on the highest one."""
        above = [tier for tier in self.program.tiers if tier > self.statement.qualifying]
        return above[0] if above and self.statement.tier < len(self.program.tiers) else None


@dataclass(frozen=True, slots=True)
class Supply:
    """What a program owes its customers.

    Attributes:
        liability: Units by age, with their expiries.
        coupon_points: Units that coupons gave in this epoch.
        holders: Accounts that ever held points.
        exact: Whether the ages are beyond doubt.
    """

    liability: Liability
    coupon_points: int
    holders: int
    exact: bool


@dataclass(frozen=True, slots=True)
class Flow:
    """What happened to a program's points in one epoch; see the columns of ``FLOWS``."""

    epoch: int
    awarded: int
    redeemed: int
    expired: int
    transferred: int
    exchanged_in: int
    exchanged_out: int
    refunded: int
    reversed: int
    debt_paid: int
    awards: int
    redemptions: int


@dataclass(frozen=True, slots=True)
class Move:
    """One movement of points.

    Attributes:
        kind: ``awarded``, ``coupon``, ``drop``, ``redeemed``, ``refunded``, ``reversed``,
            ``transferred``, ``exchanged_in``, ``exchanged_out`` or ``expired``.
        sender: Whose points went; ``None`` for new points.
        receiver: Whose points they are now; ``None`` if they left the ledger.
        merchant: Program where they were spent, or that they went to or came from.
        order_id: The merchant's order, or the coupon's number.
        reference: Campaign or batch.
        tx_hash: The transaction.
    """

    block: int
    log_index: int
    timestamp: int
    program: int
    kind: str
    sender: str | None
    receiver: str | None
    points: int
    caller: str
    merchant: int | None
    order_id: int | None
    reference: bytes | None
    tx_hash: str

    @property
    def key(self) -> tuple[int, int]:
        """Its place in a list."""
        return (self.block, self.log_index)


@dataclass(frozen=True, slots=True)
class IssuerView:
    """Who may award how much in this epoch; ``left`` is ``None`` for no limit.

    ``exact`` is false in an epoch with a drop, whose points the events do not tell.
    """

    program: int
    issuer: str
    budget: int
    used: int
    left: int | None
    exact: bool


@dataclass(frozen=True, slots=True)
class PositionView:
    """What a program and another owe each other, and may owe."""

    program: int
    other: int
    other_name: str
    owed: int
    limit: int
    due: int
    due_limit: int
    settled_at: int


@dataclass(frozen=True, slots=True)
class DepositView:
    """What a program deposited; ``committed`` backs its limits."""

    program: int
    deposit: int
    committed: int

    @property
    def free(self) -> int:
        """What may be withdrawn."""
        return self.deposit - self.committed


@dataclass(frozen=True, slots=True)
class SettlementView:
    """A payment between two programs."""

    block: int
    log_index: int
    timestamp: int
    debtor: int
    creditor: int
    value: int


@dataclass(frozen=True, slots=True)
class CampaignView:
    """Coupons and drops under one name.

    Attributes:
        campaign: The name, 32 bytes.
        coupons: Coupons claimed.
        drops: Drops created.
        claims: Claims of those drops.
        points: Units given.
    """

    campaign: bytes
    coupons: int
    drops: int
    claims: int
    points: int


@dataclass(frozen=True, slots=True)
class RedemptionView:
    """A signed order that was redeemed."""

    merchant: int
    order_id: int
    program: int
    account: str | None
    points: int
    refundable: bool
    refunded: int
    value: int
    redeemed_at: int
    block: int


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch of awards; ``reversed`` are units taken back of it."""

    program: int
    batch_id: bytes
    count: int
    points: int
    issued: int
    clawback_ends_at: int
    awarded_at: int
    reversed: int
    block: int


@dataclass(frozen=True, slots=True)
class SkipView:
    """A signed redemption that a batch left out; ``reason`` is the name of the error."""

    block: int
    log_index: int
    timestamp: int
    program: int
    account: str
    order_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class TermsView:
    """A version of a program's terms."""

    program: int
    version: int
    bundle_hash: bytes
    published_at: int
    effective_at: int
    accepted: int


@dataclass(frozen=True, slots=True)
class CardView:
    """A gift voucher, in base units of the coin."""

    card: bytes
    buyer: str
    guild: int
    bought: int
    spent: int
    refunded: int
    bought_at: int

    @property
    def left(self) -> int:
        """What can still be spent."""
        return self.bought - self.spent - self.refunded


@dataclass(frozen=True, slots=True)
class GuildView:
    """Merchants that take the same gift vouchers."""

    guild: int
    owner: str
    merchants: tuple[str, ...]

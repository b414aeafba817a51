"""What the index keeps about loyalty, one row per fact that the contracts hold.

Points are units of 0.01. Lanes are stored as the ledger stores them: the epoch at which they were
last touched, and the units by age at that epoch, youngest first. What expired since is worked out
when a row is read, so that no row changes only because time passes.

Source: contracts/loyalty/types/EpochRing.sol, AccountStanding.sol, ProgramSettings.sol.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, String, Text

from crmdapp.store.index.schema import Address, Big, Hash, Uint, Words, derived

CLOCKS = derived(
    "loyalty_clocks",
    Column("id", Uint, primary_key=True, autoincrement=False),
    Column("genesis", Uint, nullable=False),
    Column("epoch_length", Uint, nullable=False),
)
"""When the hub's epochs begin; from the deployment, since no event tells."""

PROGRAMS = derived(
    "loyalty_programs",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("name", Words, nullable=False),
    Column("symbol", Words, nullable=False),
    Column("owner", Address, nullable=False, index=True),
    Column("pending_owner", Address, nullable=True),
    Column("validity", Uint, nullable=False),
    Column("cap", Uint, nullable=False),
    Column("tiers", Text, nullable=False),  # JSON list of units
    Column("clawback", Uint, nullable=False),
    Column("on_ramp", Uint, nullable=False),
    Column("off_ramp", Uint, nullable=False),
    Column("next_on_ramp", Uint, nullable=False),
    Column("next_off_ramp", Uint, nullable=False),
    Column("prices_at", Uint, nullable=False),  # when the next prices hold; 0 if none
    Column("coupon_key", Address, nullable=True),
    Column("coupon_budget", Uint, nullable=False),
    Column("dropped_in", Uint, nullable=False),  # epoch of the latest drop; 0 for none
    Column("created_at", Uint, nullable=False),
)

SUPPLIES = derived(
    "loyalty_supplies",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("epoch", Uint, nullable=False),
    Column("age_0", Uint, nullable=False),
    Column("age_1", Uint, nullable=False),
    Column("age_2", Uint, nullable=False),
    Column("age_3", Uint, nullable=False),
    Column("coupon_points", Uint, nullable=False),  # given by the coupon key in `epoch`
    Column("holders", Uint, nullable=False),  # accounts that ever held points
    Column("exact", Boolean, nullable=False),
)
"""Outstanding points by age. ``exact`` as in ``BALANCES``."""

BALANCES = derived(
    "loyalty_balances",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("account", Address, primary_key=True),
    Column("epoch", Uint, nullable=False),
    Column("age_0", Uint, nullable=False),
    Column("age_1", Uint, nullable=False),
    Column("age_2", Uint, nullable=False),
    Column("age_3", Uint, nullable=False),
    Column("qualifying", Uint, nullable=False),
    Column("tier", Uint, nullable=False),
    Column("debt", Uint, nullable=False),
    Column("first_at", Uint, nullable=False),
    Column("last_at", Uint, nullable=False),
    Column("exact", Boolean, nullable=False),
)
"""Points of one customer in one program.

``exact`` is false while events leave open in which lanes the points lie: a holder may have moved
one lane (``transferAtEpoch``), and a coupon names the lane only in its calldata. Their sum is right
all the same. The lanes are then those of the usual rule, oldest first, or the program's lane.
"""
Index("ix_loyalty_balances_account", BALANCES.c.account, BALANCES.c.program)

ISSUERS = derived(
    "loyalty_issuers",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("issuer", Address, primary_key=True),
    Column("budget", Uint, nullable=False),
    Column("used", Uint, nullable=False),
    Column("epoch", Uint, nullable=False),  # the epoch in which `used` was used
)
"""Who may award how much. In an epoch with a drop (``dropped_in`` of the program) ``used`` may be
short: a drop spends its issuer's budget, but its event tells neither issuer nor points."""
Index("ix_loyalty_issuers_issuer", ISSUERS.c.issuer, ISSUERS.c.program)

FLOWS = derived(
    "loyalty_flows",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("epoch", Uint, primary_key=True, autoincrement=False),
    Column("awarded", Uint, nullable=False),  # debts paid included
    Column("redeemed", Uint, nullable=False),  # at any merchant
    Column("expired", Uint, nullable=False),  # at the beginning of the epoch
    Column("transferred", Uint, nullable=False),
    Column("exchanged_in", Uint, nullable=False),
    Column("exchanged_out", Uint, nullable=False),
    Column("refunded", Uint, nullable=False),
    Column("reversed", Uint, nullable=False),
    Column("debt_paid", Uint, nullable=False),
    Column("awards", Uint, nullable=False),
    Column("redemptions", Uint, nullable=False),
)

MOVES = derived(
    "loyalty_moves",
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Uint, primary_key=True, autoincrement=False),
    Column("timestamp", Uint, nullable=False),
    Column("program", Uint, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("sender", Address, nullable=True),
    Column("receiver", Address, nullable=True),
    Column("points", Uint, nullable=False),
    Column("caller", Address, nullable=False),
    Column("merchant", Uint, nullable=True),  # program where they were spent or went
    Column("order_id", Uint, nullable=True),
    Column("reference", Hash, nullable=True),  # campaign or batch
)
"""Every movement of points, told apart by the events around it."""
Index("ix_loyalty_moves_sender", MOVES.c.sender, MOVES.c.block, MOVES.c.log_index)
Index("ix_loyalty_moves_receiver", MOVES.c.receiver, MOVES.c.block, MOVES.c.log_index)
Index("ix_loyalty_moves_program", MOVES.c.program, MOVES.c.block, MOVES.c.log_index)

SKIPS = derived(
    "loyalty_skips",
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Uint, primary_key=True, autoincrement=False),
    Column("timestamp", Uint, nullable=False),
    Column("program", Uint, nullable=False),
    Column("account", Address, nullable=False),
    Column("order_id", Uint, nullable=False),
    Column("reason", String(8), nullable=False),  # selector of the error, hex
)
"""Signed redemptions that a batch left out, and why."""
Index("ix_loyalty_skips_program", SKIPS.c.program, SKIPS.c.block, SKIPS.c.log_index)

BATCHES = derived(
    "loyalty_batches",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("batch_id", Hash, primary_key=True),
    Column("count", Uint, nullable=False),
    Column("points", Uint, nullable=False),
    Column("issued", Uint, nullable=False),
    Column("clawback_ends_at", Uint, nullable=False),
    Column("awarded_at", Uint, nullable=False),
    Column("reversed", Uint, nullable=False),
    Column("block", Uint, nullable=False),
)

REDEMPTIONS = derived(
    "loyalty_redemptions",
    Column("merchant", Uint, primary_key=True, autoincrement=False),
    Column("order_id", Uint, primary_key=True, autoincrement=False),
    Column("program", Uint, nullable=False),
    Column("account", Address, nullable=True),
    Column("points", Uint, nullable=False),
    Column("refundable", Boolean, nullable=False),
    Column("refunded", Uint, nullable=False),
    Column("value", Big, nullable=False),  # owed to the merchant, 10^-6 coin
    Column("redeemed_at", Uint, nullable=False),
    Column("block", Uint, nullable=False),
)
"""Signed orders that were redeemed. Plain redemptions have no order and are in ``MOVES`` only."""

POSITIONS = derived(
    "loyalty_positions",
    Column("debtor", Uint, primary_key=True, autoincrement=False),
    Column("creditor", Uint, primary_key=True, autoincrement=False),
    Column("owed", Big, nullable=False),
    Column("limit", Big, nullable=False),
    Column("settled_at", Uint, nullable=False),
)
"""What one program owes another, in 10^-6 of the settlement coin; of a pair, one side is 0."""
Index("ix_loyalty_positions_creditor", POSITIONS.c.creditor, POSITIONS.c.debtor)

DEPOSITS = derived(
    "loyalty_deposits",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("deposit", Big, nullable=False),
    Column("committed", Big, nullable=False),
)

SETTLEMENTS = derived(
    "loyalty_settlements",
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Uint, primary_key=True, autoincrement=False),
    Column("timestamp", Uint, nullable=False),
    Column("debtor", Uint, nullable=False),
    Column("creditor", Uint, nullable=False),
    Column("value", Big, nullable=False),
)
Index(
    "ix_loyalty_settlements_debtor",
    SETTLEMENTS.c.debtor,
    SETTLEMENTS.c.block,
    SETTLEMENTS.c.log_index,
)
Index(
    "ix_loyalty_settlements_creditor",
    SETTLEMENTS.c.creditor,
    SETTLEMENTS.c.block,
    SETTLEMENTS.c.log_index,
)

COUPONS = derived(
    "loyalty_coupons",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("order_id", Uint, primary_key=True, autoincrement=False),
    Column("state", String(9), nullable=False),  # claimed or cancelled
    Column("campaign", Hash, nullable=True),
    Column("account", Address, nullable=True),
    Column("points", Uint, nullable=False),
    Column("epoch", Uint, nullable=False),
    Column("at", Uint, nullable=False),
)
"""Coupons that were claimed or cancelled; the chain does not know the others."""
Index("ix_loyalty_coupons_campaign", COUPONS.c.program, COUPONS.c.campaign)

DROPS = derived(
    "loyalty_drops",
    Column("drop", Uint, primary_key=True, autoincrement=False),
    Column("program", Uint, nullable=False, index=True),
    Column("campaign", Hash, nullable=False),
    Column("root", Hash, nullable=False),
    Column("issued", Uint, nullable=False),
    Column("claims", Uint, nullable=False),
    Column("claimed", Uint, nullable=False),
    Column("created_at", Uint, nullable=False),
)

DROP_CLAIMS = derived(
    "loyalty_drop_claims",
    Column("drop", Uint, primary_key=True, autoincrement=False),
    Column("index", Big, primary_key=True),
    Column("account", Address, nullable=False),
    Column("points", Uint, nullable=False),
    Column("claimed_at", Uint, nullable=False),
)

TERMS = derived(
    "loyalty_terms",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("version", Uint, primary_key=True, autoincrement=False),
    Column("bundle_hash", Hash, nullable=False),
    Column("published_at", Uint, nullable=False),
    Column("effective_at", Uint, nullable=False),
)

ACCEPTANCES = derived(
    "loyalty_acceptances",
    Column("program", Uint, primary_key=True, autoincrement=False),
    Column("bundle_hash", Hash, primary_key=True),
    Column("member", Address, primary_key=True),
    Column("accepted_at", Uint, nullable=False),
)
Index("ix_loyalty_acceptances_member", ACCEPTANCES.c.member, ACCEPTANCES.c.program)

GUILDS = derived(
    "loyalty_guilds",
    Column("guild", Uint, primary_key=True, autoincrement=False),
    Column("owner", Address, nullable=False, index=True),
    Column("created_at", Uint, nullable=False),
)

GUILD_MERCHANTS = derived(
    "loyalty_guild_merchants",
    Column("guild", Uint, primary_key=True, autoincrement=False),
    Column("merchant", Address, primary_key=True),
    Column("added_at", Uint, nullable=False),
)
Index("ix_loyalty_guild_merchants_merchant", GUILD_MERCHANTS.c.merchant, GUILD_MERCHANTS.c.guild)

CARDS = derived(
    "loyalty_cards",
    Column("card", Hash, primary_key=True),
    Column("buyer", Address, nullable=False, index=True),
    Column("guild", Uint, nullable=False, index=True),
    Column("bought", Big, nullable=False),
    Column("spent", Big, nullable=False),
    Column("refunded", Big, nullable=False),
    Column("bought_at", Uint, nullable=False),
)
"""Gift vouchers, in base units of the coin."""

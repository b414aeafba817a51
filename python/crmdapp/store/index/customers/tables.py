"""What the index keeps of customers, consents, attestations, logs, badges and rewards.

Everything here follows from events, so it is pseudonymous and public. Two facts are in no event:
the scope of a profile, and the company that a consent is given to. The first is asked of the
registry, the second is known to whoever holds the terms.

Times are Unix seconds; 0 is never, where the contracts say so too.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String

from crmdapp.store.index.schema import Address, Big, Hash, Uint, derived

SCOPES = derived(
    "customers_scopes",
    Column("scope", Uint, primary_key=True, autoincrement=False),
    Column("owner", Address, nullable=False),
    Column("offered_to", Address),
    Column("created_at", Uint, nullable=False),
)
"""Name spaces of profiles; ``offered_to`` is whom the owner offered it, until that one accepts."""

ATTESTORS = derived(
    "customers_attestors",
    Column("scope", Uint, primary_key=True, autoincrement=False),
    Column("attestor", Address, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("active_at", Uint, nullable=False),
)
"""Who may verify people in a scope; level 0: not any more."""

PROFILES = derived(
    "customers_profiles",
    Column("cid", Hash, primary_key=True),
    Column("controller", Address),
    Column("level", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("status", Integer, nullable=False),
    Column("root", Hash, nullable=False),
    Column("merged_into", Hash),
    Column("merged_at", Uint, nullable=False),
    Column("receipt_hash", Hash),
    Column("erased_at", Uint, nullable=False),
    Column("tags", Integer, nullable=False),
    Column("registered_at", Uint, nullable=False),
    Column("registered_in", Uint, nullable=False),
)
"""Profiles. ``status`` is a :class:`~crmdapp.customers.models.CustomerStatus`; ``tags`` counts the
ids that lead to it, its own one among them; ``registered_in`` is a block."""
Index("customers_profiles_by_controller", PROFILES.c.controller)

TAGS = derived(
    "customers_tags",
    Column("id", Hash, primary_key=True),
    Column("cid", Hash, nullable=False),
)
"""Further ids, and the profile each was linked to. Merges do not change this table."""
Index("customers_tags_by_cid", TAGS.c.cid)

GUARDIANS = derived(
    "customers_guardians",
    Column("cid", Hash, primary_key=True),
    Column("current", Hash),
    Column("announced", Hash),
    Column("active_at", Uint, nullable=False),
)
"""Hashes of guardians: those who count, and those who will from ``active_at`` on (0: none)."""

RECOVERIES = derived(
    "customers_recoveries",
    Column("cid", Hash, primary_key=True),
    Column("by_guardians", Boolean, primary_key=True),
    Column("new_controller", Address, nullable=False),
    Column("ready_at", Uint, nullable=False),
)
"""Recoveries that wait. A rotation to the very key that a ready one proposes counts as the
recovery: their events are the same."""

IDENTITIES = derived(
    "customers_identities",
    Column("identity", Address, primary_key=True),
    Column("owner", Address),
    Column("cid", Hash),
    Column("changed_in", Uint, nullable=False),
)
"""Identities that ever changed; any other is its own owner. ``owner`` is null once it has ended."""

CONSENTS = derived(
    "customers_consents",
    Column("subject", Address, primary_key=True),
    Column("consent_id", Hash, primary_key=True),
    Column("status", Integer, nullable=False),
    Column("granted_at", Uint, nullable=False),
    Column("renewed_until", Uint, nullable=False),
    Column("version", Integer, nullable=False),
    Column("ended_at", Uint, nullable=False),
)
"""Consents. ``status`` is a :class:`~crmdapp.customers.consent_models.ConsentStatus`."""
Index("customers_consents_by_id", CONSENTS.c.consent_id)

CHANGES = derived(
    "customers_changes",
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Integer, primary_key=True, autoincrement=False),
    Column("about", String(66), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("detail", String(80), nullable=False),
    Column("at", Uint, nullable=False),
    Column("tx_hash", String(66), nullable=False),
)
"""What happened to a subject's consents, a profile or a log, for histories. ``about`` is the
subject's address, or a profile's or log's id in hex; ``detail`` the consent, receipt or key."""
Index("customers_changes_about", CHANGES.c.about, CHANGES.c.block, CHANGES.c.log_index)

TOPICS = derived(
    "customers_topics",
    Column("topic", Uint, primary_key=True, autoincrement=False),
    Column("owner", Address, nullable=False),
    Column("offered_to", Address),
    Column("quorum", Integer, nullable=False),
    Column("schema_hash", Hash, nullable=False),
)
"""Kinds of claims."""

STANDINGS = derived(
    "customers_standings",
    Column("topic", Uint, primary_key=True, autoincrement=False),
    Column("attestor", Address, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("begins", Uint, nullable=False),
    Column("ends", Uint, nullable=False),
)
"""Who may attest to a topic; ``ends`` 0 is no end."""

ATTESTATIONS = derived(
    "customers_attestations",
    Column("uid", Hash, primary_key=True),
    Column("attestor", Address, primary_key=True),
    Column("topic", Uint, nullable=False),
    Column("level", Integer, nullable=False),
    Column("issued_at", Uint, nullable=False),
    Column("expiry", Uint, nullable=False),
    Column("status", Integer, nullable=False),
)
"""Words of attestors on statements; ``expiry`` 0 is no end."""
Index("customers_attestations_by_attestor", ATTESTATIONS.c.attestor, ATTESTATIONS.c.uid)

DISOWNED = derived(
    "customers_disowned",
    Column("uid", Hash, primary_key=True),
    Column("at", Uint, nullable=False),
)
"""Statements that the person they are about rejected."""

LOGS = derived(
    "customers_logs",
    Column("log", Hash, primary_key=True),
    Column("operator", Address, nullable=False),
    Column("delay", Uint, nullable=False),
    Column("notice_hash", Hash),
    Column("opened_at", Uint, nullable=False),
    Column("head", Hash),
    Column("batches", Uint, nullable=False),
    Column("interactions", Big, nullable=False),
    Column("flags", Integer, nullable=False),
    Column("anchored_at", Uint, nullable=False),
)
"""Interaction logs, as large as their operators say. ``delay`` 0: anchored in, but never opened;
``anchored_at`` is the last."""
Index("customers_logs_by_operator", LOGS.c.operator)

BATCHES = derived(
    "customers_batches",
    Column("log", Hash, primary_key=True),
    Column("number", Uint, primary_key=True, autoincrement=False),
    Column("first_seq", Big, nullable=False),
    Column("leaves_root", Hash, nullable=False),
    Column("heads_root", Hash, nullable=False),
    Column("count", Big, nullable=False),
    Column("anchored_at", Uint, nullable=False),
    Column("previous_head", Hash),
    Column("head", Hash, nullable=False),
    Column("block", Uint, nullable=False),
    Column("tx_hash", String(66), nullable=False),
)
"""Anchored batches, numbered from 1 in their log; ``previous_head`` is null for the first."""

CHALLENGES = derived(
    "customers_challenges",
    Column("receipt_hash", Hash, primary_key=True),
    Column("log", Hash, nullable=False),
    Column("challenged_at", Uint, nullable=False),
    Column("answer_by", Uint, nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("anchored_at", Uint, nullable=False),
    Column("flagged", Boolean, nullable=False),
)
"""Receipts that were overdue when somebody posted them."""
Index("customers_challenges_by_log", CHALLENGES.c.log, CHALLENGES.c.receipt_hash)

FORKS = derived(
    "customers_forks",
    Column("log", Hash, primary_key=True),
    Column("first_receipt", Hash, primary_key=True),
    Column("second_receipt", Hash, primary_key=True),
    Column("shown_at", Uint, nullable=False),
)
"""Pairs of receipts for one place of one customer."""

BADGES = derived(
    "customers_badges",
    Column("token_id", Big, primary_key=True),
    Column("identity", Address, nullable=False),
    Column("holder", Address),
    Column("topic", Uint, nullable=False),
    Column("attestor", Address),
    Column("issued_at", Uint, nullable=False),
)
"""Identity badges; ``holder`` is null once burned."""
Index("customers_badges_by_identity", BADGES.c.identity)

REWARDS = derived(
    "customers_rewards",
    Column("campaign", Uint, primary_key=True, autoincrement=False),
    Column("sponsor", Address, nullable=False),
    Column("kind", Integer, nullable=False),
    Column("asset", Big, nullable=False),
    Column("budget", Big, nullable=False),
    Column("paid", Big, nullable=False),
    Column("claims", Uint, nullable=False),
    Column("claims_root", Hash),
    Column("head", Hash),
    Column("returned", Big, nullable=False),
    Column("created_at", Uint, nullable=False),
)
"""Reward campaigns; ``claims`` counts the paid ones. The cap, the purposes and the end are in no
event."""
Index("customers_rewards_by_sponsor", REWARDS.c.sponsor, REWARDS.c.campaign)

REWARD_CLAIMS = derived(
    "customers_reward_claims",
    Column("campaign", Uint, primary_key=True, autoincrement=False),
    Column("index", Big, primary_key=True),
    Column("payee", Address, nullable=False),
    Column("amount", Big, nullable=False),
    Column("paid_at", Uint, nullable=False),
)
"""Claims that were paid."""
Index("customers_reward_claims_by_payee", REWARD_CLAIMS.c.payee)

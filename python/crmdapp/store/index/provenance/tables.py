"""Tables of works, their market and curators, and of items with their custody.

Numbers that may reach 2^63 (ids, prices, quantities, amounts) are ``Big``. Times are Unix seconds.
What is nobody's, or nothing, is NULL. Nothing here passes by itself: what ends with a deadline
(an auction, the steps of a case) is told from the times that are kept.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Text

from crmdapp.store.index.schema import Address, Big, Hash, derived

ARTWORKS = derived(
    "provenance_artworks",
    Column("id", Big, primary_key=True),
    Column("artist", Address, nullable=False),
    Column("record_hash", Hash, nullable=False),
    Column("file_keccak", Hash, nullable=False),
    Column("file_sha256", Hash, nullable=False),
    Column("cid_digest", Hash, nullable=False),
    Column("p_hash", Big, nullable=False),
    Column("metadata_hash", Hash, nullable=False),
    Column("royalty_bps", Integer, nullable=False),
    Column("succession", Integer, nullable=False),
    Column("standards_version", BigInteger, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("registered_block", BigInteger, nullable=False),
    Column("registered_place", BigInteger, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("registered_tx", String(66), nullable=False),
    Column("owner", Address),
    Column("price", Big, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("is_auctioned", Boolean, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("is_revoked", Boolean, nullable=False),
    Column("is_burned", Boolean, nullable=False),
    Column("revoked_by", Hash),
    Column("open_challenges", Integer, nullable=False),
    Column("sales", Integer, nullable=False),
)
"""Registered works: the record for ever, who owns it, what it costs."""

Index("provenance_artworks_order", ARTWORKS.c.registered_block, ARTWORKS.c.registered_place)
Index("provenance_artworks_artist", ARTWORKS.c.artist)
Index("provenance_artworks_owner", ARTWORKS.c.owner)
Index("provenance_artworks_file", ARTWORKS.c.file_keccak)

AUCTIONS = derived(
    "provenance_auctions",
    Column("work", Big, primary_key=True),
    Column("seller", Address, nullable=False),
    Column("reserve", Big, nullable=False),
    Column("currency", Integer, nullable=False),
    Column("bidder", Address),
    Column("bid", Big, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
"""Auctions that were neither settled nor called off."""

ARTWORK_EVENTS = derived(
    "provenance_artwork_events",
    Column("block", BigInteger, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("work", Big, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=False),
    Column("giver", Address),
    Column("taker", Address),
    Column("price", Big),
    Column("currency", Integer),
    Column("word", Hash),
)
"""What happened to works, in the order of the chain.

``giver`` is the artist who registered, the seller, who gave; ``taker`` the buyer, the bidder, who
got. ``word`` is the digest of what the absent party signed, or the case that revoked.
"""

Index("provenance_artwork_events_work", ARTWORK_EVENTS.c.work, ARTWORK_EVENTS.c.block)
Index("provenance_artwork_events_giver", ARTWORK_EVENTS.c.giver, ARTWORK_EVENTS.c.block)
Index("provenance_artwork_events_taker", ARTWORK_EVENTS.c.taker, ARTWORK_EVENTS.c.block)

CURRENCIES = derived(
    "provenance_currencies",
    Column("currency", Integer, primary_key=True),
    Column("token", Address),
    Column("exponent", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("points_per_million", BigInteger, nullable=False),
)
"""In what works are priced; a row without token is ether."""

CREDITS = derived(
    "provenance_credits",
    Column("account", Address, primary_key=True),
    Column("token", String(42), primary_key=True),
    Column("amount", Big, nullable=False),
)
"""What could not be paid out and waits, base units; ``token`` is empty for ether."""

GALLERIES = derived(
    "provenance_galleries",
    Column("contract", Address, primary_key=True),
    Column("gallery", Address, nullable=False),
    Column("offered_to", Address),
    Column("points_program", Big, nullable=False),
)
"""Who has the gallery's role."""

BOARDS = derived(
    "provenance_boards",
    Column("contract", Address, primary_key=True),
    Column("curators", Integer, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("standards_version", BigInteger, nullable=False),
    Column("standards_hash", Hash, nullable=False),
    Column("standards_since", BigInteger, nullable=False),
)
"""The board as it is."""

CURATORS = derived(
    "provenance_curators",
    Column("account", Address, primary_key=True),
    Column("since", BigInteger, nullable=False),
)
"""Who is a curator now, and since when."""

CASES = derived(
    "provenance_cases",
    Column("case_id", Hash, primary_key=True),
    Column("work", Big, nullable=False),
    Column("ground", Integer, nullable=False),
    Column("opener", Address, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_block", BigInteger, nullable=False),
    Column("opened_place", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=False),
    Column("earlier", Big),
    Column("evidence_hash", Hash),
    Column("artwork", Text),
    Column("defender", Address),
    Column("status", Integer, nullable=False),
    Column("ayes", Integer, nullable=False),
    Column("noes", Integer, nullable=False),
    Column("concluded_at", BigInteger),
)
"""Questions to the curators: submissions (with the record, as JSON) and challenges."""

Index("provenance_cases_work", CASES.c.work)
Index("provenance_cases_status", CASES.c.status, CASES.c.opened_block)
Index("provenance_cases_opener", CASES.c.opener)
Index("provenance_cases_defender", CASES.c.defender)

VOTES = derived(
    "provenance_votes",
    Column("case_id", Hash, primary_key=True),
    Column("curator", Address, primary_key=True),
    Column("commitment", Hash, nullable=False),
    Column("committed_at", BigInteger, nullable=False),
    Column("is_aye", Boolean),
    Column("revealed_at", BigInteger),
    Column("reward", Big),
)
"""Votes: committed, then shown, then rewarded (wei) if a bond was lost."""

Index("provenance_votes_curator", VOTES.c.curator)

BOND_FLOWS = derived(
    "provenance_bond_flows",
    Column("account", Address, primary_key=True),
    Column("rewarded", Big, nullable=False),
    Column("withdrawn", Big, nullable=False),
)
"""Wei that an account got for votes and took out; bonds themselves follow from the cases."""

ITEMS = derived(
    "provenance_items",
    Column("item", Big, primary_key=True),
    Column("issuer", Address, nullable=False),
    Column("epc_hash", Hash, nullable=False),
    Column("custodian", Address, nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("biz_step", Integer, nullable=False),
    Column("disposition", Integer, nullable=False),
    Column("level", Integer, nullable=False),
    Column("parent", Big),
    Column("is_lot", Boolean, nullable=False),
    Column("is_retired", Boolean, nullable=False),
    Column("is_recalled", Boolean, nullable=False),
    Column("recalled_at", BigInteger),
    Column("recall_reason", Hash),
    Column("last_time", BigInteger, nullable=False),
    Column("last_event_hash", Hash),
    Column("quantity", Big, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("certifier", Address),
    Column("tag", Address),
    Column("claimed_at", BigInteger),
    Column("holder", Address),
    Column("made_in", Hash),
    Column("commissioned_at", BigInteger, nullable=False),
    Column("commissioned_block", BigInteger, nullable=False),
    Column("commissioned_place", BigInteger, nullable=False),
)
"""Items as they stand. ``custodian`` of a packed one is who had it when it was packed; who has it
now is its outermost parent's custodian."""

Index("provenance_items_epc", ITEMS.c.epc_hash)
Index("provenance_items_parent", ITEMS.c.parent)
Index("provenance_items_custodian", ITEMS.c.custodian, ITEMS.c.commissioned_block)
Index("provenance_items_issuer", ITEMS.c.issuer, ITEMS.c.commissioned_block)

ITEM_EVENTS = derived(
    "provenance_item_events",
    Column("block", BigInteger, primary_key=True),
    Column("place", BigInteger, primary_key=True),
    Column("item", Big, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("step", BigInteger),
    Column("other", Hash),
    Column("other_step", BigInteger),
    Column("quantity", Big),
    Column("giver", Address),
    Column("taker", Address),
    Column("biz_step", Integer),
    Column("disposition", Integer),
    Column("event_time", BigInteger),
    Column("event_hash", Hash),
    Column("corrects", Hash),
    Column("count", BigInteger),
    Column("window", Big),
    Column("ends_at", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("tx_hash", String(66), nullable=False),
)
"""What happened to items, in the order of the chain, and what leads from one to another.

``other`` is the parent, the transformation or the device, 32 bytes; ``other_step`` the parent's
step; ``giver`` and ``taker`` the parties of a hand-over, else who did it, or who holds it; ``at``
the block's time, ``event_time`` the reporter's.
"""

Index("provenance_item_events_item", ITEM_EVENTS.c.item, ITEM_EVENTS.c.block, ITEM_EVENTS.c.place)
Index("provenance_item_events_other", ITEM_EVENTS.c.other, ITEM_EVENTS.c.block, ITEM_EVENTS.c.place)
Index("provenance_item_events_hash", ITEM_EVENTS.c.event_hash)

DEVICES = derived(
    "provenance_devices",
    Column("device", Hash, primary_key=True),
    Column("item", Big, nullable=False),
    Column("window", Big, nullable=False),
    Column("key_x", Hash, nullable=False),
    Column("key_y", Hash, nullable=False),
    Column("assigned_by", Address, nullable=False),
    Column("assigned_at", BigInteger, nullable=False),
)
"""Devices, what they serve, and their last window."""

Index("provenance_devices_item", DEVICES.c.item)

WINDOWS = derived(
    "provenance_windows",
    Column("device", Hash, primary_key=True),
    Column("window", Big, primary_key=True),
    Column("item", Big, nullable=False),
    Column("root", Hash, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("anchored_at", BigInteger, nullable=False),
)
"""Windows of readings that devices anchored."""

Index("provenance_windows_item", WINDOWS.c.item)

"""What the index keeps of elections and polls: facts of the chain, no names, no votes.

Titles, options and names of people stand in definitions, which are files; the chain has their
hashes. Masks of trustees have bit j - 1 for trustee j, as in the contracts. Times are Unix seconds.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, Text

from crmdapp.store.index.schema import Address, Big, Hash, Uint, derived

WINDOWS = (
    "keys_until",
    "commitments_until",
    "deals_until",
    "complaints_until",
    "registration_until",
    "opens_at",
    "closes_at",
    "shares_until",
)
"""Columns of an election's windows, in the order of the contract's struct."""

ELECTIONS = derived(
    "ballots_elections",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("organiser", Address, nullable=False, index=True),
    Column("definition_hash", Hash, nullable=False, index=True),
    *(Column(name, Uint, nullable=False) for name in WINDOWS),
    Column("precincts", Uint, nullable=False),
    Column("minimum_turnout", Uint, nullable=False),
    Column("threshold", Uint, nullable=False),
    Column("registrar_quorum", Uint, nullable=False),
    Column("questions", Uint, nullable=False),
    Column("trustees", Uint, nullable=False),
    Column("prepared", Uint, nullable=False),  # questions that take ballots once it is open
    Column("cancelled", Uint, nullable=False),  # 1: the organiser called it off
    Column("reason_hash", Hash),
    Column("voters", Uint, nullable=False),
    Column("chunks_loose", Uint, nullable=False),  # parts of the roll that are not frozen yet
    Column("round", Uint, nullable=False),  # of the ceremony, from 0
    Column("round_until", Uint, nullable=False),  # end of the round's complaints
    Column("keys", Uint, nullable=False),  # masks of the current round
    Column("commitments", Uint, nullable=False),
    Column("deals", Uint, nullable=False),
    Column("key", LargeBinary),  # K, 96 bytes; none before the ceremony is final
    Column("block", Uint, nullable=False),
    Column("created_at", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
)

GUARDS = derived(
    "ballots_guards",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("role", Text, primary_key=True),  # "trustee" or "registrar"
    Column("place", Uint, primary_key=True, autoincrement=False),  # a trustee's index, from 1
    Column("account", Address, nullable=False, index=True),
)

QUESTIONS = derived(
    "ballots_questions",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, primary_key=True, autoincrement=False),
    Column("kind", Uint, nullable=False),  # QuestionKind
    Column("options", Uint, nullable=False),
    Column("minimum", Uint, nullable=False),
    Column("maximum", Uint, nullable=False),
    Column("bits", Uint, nullable=False),
    Column("context", Hash),  # CONTEXT; none before it is prepared
    Column("ballots", Uint, nullable=False),
    Column("batches", Uint, nullable=False),
    Column("closed", Uint, nullable=False),
    Column("ground", Uint, nullable=False),  # VoidGround
    Column("groups", Uint, nullable=False),  # 0 before it is closed
    Column("tallied", Uint, nullable=False),  # groups whose counts are proved
)

PRECINCTS = derived(
    "ballots_precincts",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("precinct", Uint, primary_key=True, autoincrement=False),
    Column("voters", Uint, nullable=False),
    Column("chunks_frozen", Uint, nullable=False),
    Column("roll_hash", Hash, nullable=False),
)

ROLL = derived(
    "ballots_roll",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("precinct", Uint, primary_key=True, autoincrement=False),
    Column("place", Uint, primary_key=True, autoincrement=False),
    Column("voter", Address, nullable=False),
    Column("nullifier", Hash, nullable=False),
    Column("block", Uint, nullable=False),
)

COMPLAINTS = derived(
    "ballots_complaints",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("round", Uint, primary_key=True, autoincrement=False),
    Column("trustee", Uint, primary_key=True, autoincrement=False),
    Column("dealer", Uint, primary_key=True, autoincrement=False),
    Column("excluded", Uint, nullable=False),
)

COUNTS = derived(
    "ballots_counts",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, primary_key=True, autoincrement=False),
    Column("precinct", Uint, primary_key=True, autoincrement=False),
    Column("ballots", Uint, nullable=False),
    Column("batches", Uint, nullable=False),
    Column("bulletin", LargeBinary, nullable=False),  # 28 bytes
)

BATCHES = derived(
    "ballots_batches",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, nullable=False),
    Column("precinct", Uint, nullable=False),
    Column("timestamp", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
    Column("counted", Uint, nullable=False),  # ballots that it added
    Column("ballots", Uint, nullable=False),  # of the precinct, these included
    Column("skipped", Big, nullable=False),
    Column("bulletin", LargeBinary, nullable=False),
)

SHARES = derived(
    "ballots_shares",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, primary_key=True, autoincrement=False),
    Column("group_index", Uint, primary_key=True, autoincrement=False),
    Column("trustee", Uint, primary_key=True, autoincrement=False),
    Column("timestamp", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
)

GROUPS = derived(
    "ballots_groups",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, primary_key=True, autoincrement=False),
    Column("group_index", Uint, primary_key=True, autoincrement=False),
    Column("first_precinct", Uint, nullable=False),
    Column("last_precinct", Uint, nullable=False),
    Column("ballots", Uint, nullable=False),
    Column("posted", Uint, nullable=False),  # mask of trustees whose shares were posted
    Column("tallied_by", Uint, nullable=False),  # mask of those whose shares prove the counts
    Column("tx_hash", Text, nullable=False),  # that proved them; empty before
)

RESULTS = derived(
    "ballots_group_counts",
    Column("election", Uint, primary_key=True, autoincrement=False),
    Column("question", Uint, primary_key=True, autoincrement=False),
    Column("group_index", Uint, primary_key=True, autoincrement=False),
    Column("option", Uint, primary_key=True, autoincrement=False),
    Column("votes", Uint, nullable=False),
)

STEPS = derived(
    "ballots_steps",
    Column("block", Uint, primary_key=True, autoincrement=False),
    Column("log_index", Uint, primary_key=True, autoincrement=False),
    Column("election", Uint, nullable=False),
    Column("name", Text, nullable=False),  # the event's
    Column("actor", Uint, nullable=False),  # a trustee's index; 0: anybody
    Column("question", Uint, nullable=False),
    Column("timestamp", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
)

POLLS = derived(
    "ballots_polls",
    Column("poll", Uint, primary_key=True, autoincrement=False),
    Column("creator", Address, nullable=False, index=True),
    Column("definition_hash", Hash, nullable=False, index=True),
    Column("weights_root", Hash, nullable=False),
    Column("weights_block", Uint, nullable=False),
    Column("opens_at", Uint, nullable=False),
    Column("closes_at", Uint, nullable=False),
    Column("options", Uint, nullable=False),
    Column("votes", Uint, nullable=False),
    Column("block", Uint, nullable=False),
    Column("created_at", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
)

POLL_TOTALS = derived(
    "ballots_poll_totals",
    Column("poll", Uint, primary_key=True, autoincrement=False),
    Column("option", Uint, primary_key=True, autoincrement=False),
    Column("votes", Uint, nullable=False),
    Column("weight", Big, nullable=False),
)

POLL_VOTES = derived(
    "ballots_poll_votes",
    Column("poll", Uint, primary_key=True, autoincrement=False),
    Column("voter", Address, primary_key=True),
    Column("option", Uint, nullable=False),
    Column("weight", Big, nullable=False),
    Column("block", Uint, nullable=False),
    Column("log_index", Uint, nullable=False),
    Column("timestamp", Uint, nullable=False),
    Column("tx_hash", Text, nullable=False),
)

Index("ballots_roll_voter", ROLL.c.voter, ROLL.c.election)
Index("ballots_steps_election", STEPS.c.election, STEPS.c.block, STEPS.c.log_index)
Index("ballots_poll_votes_order", POLL_VOTES.c.poll, POLL_VOTES.c.block, POLL_VOTES.c.log_index)

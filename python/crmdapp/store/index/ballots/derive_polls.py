"""Public votes from their events, in order."""

from __future__ import annotations

from crmdapp.ballots import events
from crmdapp.store.index.ballots.tables import POLL_TOTALS, POLL_VOTES, POLLS
from crmdapp.store.index.deriving import Entry, Rows, derives


@derives("OpenBallots", events.PollCreated)
def poll_created(rows: Rows, entry: Entry) -> None:
    """Enter a public vote, with a total of nothing for each option."""
    event = entry.event
    digest, root, block, opens, closes, options = event.settings
    rows.put(
        POLLS,
        poll=event.poll,
        creator=event.creator,
        definition_hash=bytes(digest),
        weights_root=bytes(root),
        weights_block=block,
        opens_at=opens,
        closes_at=closes,
        options=options,
        votes=0,
        block=entry.block,
        created_at=entry.timestamp,
        tx_hash=entry.tx_hash,
    )
    for option in range(options):
        rows.put(POLL_TOTALS, poll=event.poll, option=option, votes=0, weight=0)


@derives("OpenBallots", events.OpenVoteCast)
def open_vote_cast(rows: Rows, entry: Entry) -> None:
    """Enter a public vote of somebody, which stands for ever."""
    event = entry.event
    rows.put(
        POLL_VOTES,
        poll=event.poll,
        voter=event.voter,
        option=event.option,
        weight=event.weight,
        block=entry.block,
        log_index=entry.log_index,
        timestamp=entry.timestamp,
        tx_hash=entry.tx_hash,
    )
    rows.add(POLLS, event.poll, votes=1)
    rows.add(POLL_TOTALS, event.poll, event.option, votes=1, weight=event.weight)

"""Public votes as the index knows them: everybody sees who voted how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import RowMapping as Row
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from crmdapp.ballots.errors import PollUnknown
from crmdapp.store.index.ballots.tables import POLL_TOTALS, POLL_VOTES, POLLS


@dataclass(frozen=True, slots=True)
class PollState:
    """A public vote.

    Attributes:
        number: From 1.
        creator: Who created it.
        definition_hash: keccak256 of the canonical definition, 32 bytes.
        weights_root: Root of the tree of weights; zeros if every account has one vote.
        weights_block: Block whose state the weights come from; 0 without a root.
        opens_at: First second in which votes count, Unix time.
        closes_at: First second in which they do not.
        options: How many there are.
        votes: Accounts that voted.
        weights: Weight of each option.
        counts: Accounts that voted for each option.
        created_at: Unix seconds.
        block: Its block.
    """

    number: int
    creator: str
    definition_hash: bytes
    weights_root: bytes
    weights_block: int
    opens_at: int
    closes_at: int
    options: int
    votes: int
    weights: tuple[int, ...]
    counts: tuple[int, ...]
    created_at: int
    block: int

    @property
    def is_weighted(self) -> bool:
        """Whether votes have the weights of a tree."""
        return any(self.weights_root)

    def state_at(self, now: int) -> Literal["early", "open", "closed"]:
        """Return ``"early"``, ``"open"`` or ``"closed"``."""
        if now < self.opens_at:
            return "early"
        return "open" if now < self.closes_at else "closed"


@dataclass(frozen=True, slots=True)
class PollVote:
    """A vote of somebody.

    Attributes:
        voter: Whose.
        option: From 0.
        weight: Its weight.
        block: Its block.
        log_index: Place in the block.
        timestamp: Unix seconds.
        tx_hash: The transaction, 0x hex.
    """

    voter: str
    option: int
    weight: int
    block: int
    log_index: int
    timestamp: int
    tx_hash: str


def polls(
    session: Session, *, after: int | None = None, limit: int = 50, creator: str | None = None
) -> list[PollState]:
    """Return public votes, the newest first, after the last number that was seen."""
    wanted = select(POLLS).order_by(POLLS.c.poll.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(POLLS.c.poll < after)
    if creator is not None:
        wanted = wanted.where(POLLS.c.creator == creator)
    rows = session.execute(wanted).mappings().all()
    totals = _totals(session, [row["poll"] for row in rows])
    return [_state(row, totals[row["poll"]]) for row in rows]


def poll(session: Session, number: int) -> PollState:
    """Return a public vote.

    Raises:
        PollUnknown: There is none of that number.
    """
    row = session.execute(select(POLLS).where(POLLS.c.poll == number)).mappings().first()
    if row is None:
        raise PollUnknown(number)
    return _state(row, _totals(session, [number])[number])


def votes(
    session: Session, number: int, *, after: tuple[int, int] | None = None, limit: int = 50
) -> list[PollVote]:
    """Return the votes of a poll along the chain, after the block and place last seen."""
    c = POLL_VOTES.c
    wanted = select(POLL_VOTES).where(c.poll == number).order_by(c.block, c.log_index)
    if after is not None:
        wanted = wanted.where(tuple_(c.block, c.log_index) > after)
    return [
        PollVote(**{name: row[name] for name in PollVote.__slots__})
        for row in session.execute(wanted.limit(limit)).mappings()
    ]


def vote_of(session: Session, number: int, voter: str) -> PollVote | None:
    """Return how an account voted; ``None`` if it did not."""
    c = POLL_VOTES.c
    wanted = select(POLL_VOTES).where(c.poll == number, c.voter == voter)
    row = session.execute(wanted).mappings().first()
    return None if row is None else PollVote(**{name: row[name] for name in PollVote.__slots__})


def _totals(session: Session, numbers: list[int]) -> dict[int, list[Row]]:
    c = POLL_TOTALS.c
    wanted = select(POLL_TOTALS).where(c.poll.in_(numbers)).order_by(c.poll, c.option)
    found: dict[int, list[Row]] = {number: [] for number in numbers}
    for row in session.execute(wanted).mappings():
        found[row["poll"]].append(row)
    return found


def _state(row: Row, totals: list[Row]) -> PollState:
    return PollState(
        number=row["poll"],
        creator=row["creator"],
        definition_hash=row["definition_hash"],
        weights_root=row["weights_root"],
        weights_block=row["weights_block"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        options=row["options"],
        votes=row["votes"],
        weights=tuple(each["weight"] for each in totals),
        counts=tuple(each["votes"] for each in totals),
        created_at=row["created_at"],
        block=row["block"],
    )

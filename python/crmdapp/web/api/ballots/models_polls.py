"""What the API of public votes takes and gives."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import Field

from crmdapp.web.api.ballots.models import HASH, TX, VOTER, example
from crmdapp.web.models import AddressIn, Hash32, Model, Octets, Uint

PollNumber = Annotated[int, Path(ge=1, le=(1 << 63) - 1, description="Number of the poll.")]


class PollOut(Model):
    """A public vote as it stands at a block."""

    model_config = example(
        number=1,
        title="Which bench?",
        creator=VOTER,
        definition_hash=HASH,
        state="open",
        opens_at=2_067_000_000,
        closes_at=2_067_604_800,
        options=["Wood", "Stone"],
        option_count=2,
        weighted=False,
        weights_block=0,
        votes=3,
        counts=[1, 2],
        weights=["1", "2"],
        as_of_block=1204,
        finalized=False,
    )

    number: int
    title: str | None
    creator: str
    definition_hash: Hash32
    state: Literal["early", "open", "closed"]
    opens_at: int
    closes_at: int
    options: list[str] | None
    option_count: int
    weighted: bool
    weights_block: int
    votes: int
    counts: list[int]
    weights: list[Uint]
    as_of_block: int
    finalized: bool


class PollCreated(Model):
    """A public vote that was created."""

    model_config = example(poll=1, definition_hash=HASH, tx_hash=TX, block=1204)

    poll: int
    definition_hash: Hash32
    tx_hash: str
    block: int


class PollVoteOut(Model):
    """Somebody's public vote."""

    model_config = example(
        voter=VOTER,
        option=1,
        weight="1",
        block=1204,
        log_index=0,
        timestamp=2_067_000_100,
        tx_hash=TX,
    )

    voter: str
    option: int
    weight: Uint
    block: int
    log_index: int
    timestamp: int
    tx_hash: str


class PollVoteIn(Model):
    """How to vote; everybody will see it."""

    model_config = example(option=1)

    option: Annotated[int, Field(ge=0, le=63)]


class WalletVote(PollVoteIn):
    """Who will vote, and how; everybody will see it."""

    model_config = example(voter=VOTER, option=1)

    voter: AddressIn


class WalletCall(Model):
    """A transaction for the voter's own wallet to send: a public vote takes no signature else."""

    model_config = example(to=VOTER, data="0x0121b93f", chain_id=31337, value="0x0")

    to: str
    data: Octets
    chain_id: int
    value: str

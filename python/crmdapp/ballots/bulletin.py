"""A precinct's bulletin: every batch of ballots, from the inputs of the transactions.

The box keeps one hash that chains the trackers of all ballots it has counted. Whoever reads the
batches can recompute it; if it comes out, every ballot is there, in order, just as it was counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.ballots.faults import BatchMalformed
from crmdapp.ballots.record import BULLETIN_BYTES, CastBallot, decode_batch, next_bulletin
from crmdapp.ballots.voting_faults import BallotNotRecorded
from crmdapp.errors import NodeLied

if TYPE_CHECKING:
    from crmdapp.ballots.box import BoxClient
    from crmdapp.ballots.open_questions import OpenQuestion
    from crmdapp.chain.decode import DecodedLog


@dataclass(frozen=True, slots=True)
class RecordedBatch:
    """Ballots that one transaction brought to the box.

    Attributes:
        block: Its block.
        tx_hash: The transaction, 0x hex.
        ballots: In the transaction's input, in order.
        skipped: Positions of those that did not count, because their voters had voted.
        bulletin: The precinct's after it, 28 bytes.
        count: Ballots of the precinct, these included.
    """

    block: int
    tx_hash: str
    ballots: tuple[CastBallot, ...]
    skipped: frozenset[int]
    bulletin: bytes
    count: int

    @property
    def counted(self) -> tuple[CastBallot, ...]:
        """The ballots that count."""
        return tuple(
            ballot for place, ballot in enumerate(self.ballots) if place not in self.skipped
        )


@dataclass(frozen=True, slots=True)
class BallotRecord:
    """A ballot that was counted, and where everybody finds it.

    Attributes:
        tracker: 32 bytes.
        voter: Whose it is.
        precinct: The voter's.
        index: The voter's within the precinct.
        block: Block of the transaction.
        tx_hash: The transaction, 0x hex.
        ballots: Ballots of the precinct that are counted by now.
        bulletin: The hash that chains them, 28 bytes.
    """

    tracker: bytes
    voter: str
    precinct: int
    index: int
    block: int
    tx_hash: str
    ballots: int
    bulletin: bytes


def read_batches(
    box: BoxClient,
    question: OpenQuestion,
    precinct: int,
    *,
    from_block: int = 0,
    to_block: int | str = "latest",
) -> Iterator[RecordedBatch]:
    """Yield the batches of a precinct in order.

    Raises:
        NodeLied: An input does not hold the ballots that its event counts.
    """
    first = max(from_block, box.elections.created(question.election.number).block)
    place = {"question": question.number, "precinct": precinct}
    for log in box.events(
        "BallotsCast",
        from_block=first,
        to_block=to_block,
        election=question.election.number,
        **place,
    ):
        yield _recorded(box, question, log)


def find_ballot(
    box: BoxClient, question: OpenQuestion, precinct: int, tracker: bytes
) -> BallotRecord:
    """Find a ballot on a precinct's bulletin, which is recomputed from the first batch on.

    Args:
        box: The ballot box.
        question: The question.
        precinct: The voter's.
        tracker: The ballot's, 32 bytes.

    Raises:
        BallotNotRecorded: It is not there.
        NodeLied: The batches do not come out at the bulletin of the box.
    """
    last = box.connection.block_number()
    voters = question.voters(precinct)
    bulletin, count = bytes(BULLETIN_BYTES), 0
    found: tuple[CastBallot, RecordedBatch] | None = None
    for batch in read_batches(box, question, precinct, to_block=last):
        counted = batch.counted
        if any(ballot.index >= len(voters) for ballot in counted):
            raise _not_the_bulletin(question, precinct)
        trackers = [question.tracker(voters[each.index], each.body) for each in counted]
        bulletin, count = next_bulletin(bulletin, trackers), count + len(counted)
        if (bulletin, count) != (batch.bulletin, batch.count):
            raise _not_the_bulletin(question, precinct)
        if tracker in trackers:
            found = counted[trackers.index(tracker)], batch
    place = (question.election.number, question.number, precinct)
    stated = box.bulletin(*place, block=last), box.count(*place, block=last)
    if (bulletin, count) != stated:
        raise _not_the_bulletin(question, precinct)
    if found is None:
        raise BallotNotRecorded(
            "No ballot of this tracker was counted.",
            tracker=tracker,
            why=f"The {count:,} ballots of precinct {precinct} are all there; it is none of them.",
            hint="If you cast it through a relayer, cast it directly, before the election closes.",
        )
    ballot, batch = found
    return BallotRecord(
        tracker=tracker,
        voter=voters[ballot.index],
        precinct=precinct,
        index=ballot.index,
        block=batch.block,
        tx_hash=batch.tx_hash,
        ballots=count,
        bulletin=bulletin,
    )


def _recorded(box: BoxClient, question: OpenQuestion, log: DecodedLog) -> RecordedBatch:
    event: Any = log.event
    ballots = _input(box, question, event.precinct, log.tx_hash)
    skipped = frozenset(place for place in range(len(ballots)) if event.skipped >> place & 1)
    return RecordedBatch(
        log.block, log.tx_hash, ballots, skipped, bytes(event.bulletin), event.count
    )


def _input(
    box: BoxClient, question: OpenQuestion, precinct: int, tx_hash: str
) -> tuple[CastBallot, ...]:
    """Return the ballots in a transaction's input."""
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    function = box.contract.function("castBatch")
    found = box.connection.request("eth_getTransactionByHash", [tx_hash])
    data = _data(found)
    try:
        if data[:4] != function.selector:
            raise _not_the_input(tx_hash)
        election, number, of, ballots = decode(function.inputs, data[4:])
        if (election, number, of) != (question.election.number, question.number, precinct):
            raise _not_the_input(tx_hash)
        return decode_batch(question.encoding, ballots)
    except (DecodingError, BatchMalformed):
        raise _not_the_input(tx_hash) from None


def _data(found: object) -> bytes:
    text = found.get("input") if isinstance(found, Mapping) else None
    try:
        return bytes.fromhex(str(text).removeprefix("0x"))
    except ValueError:
        return b""


def _not_the_input(tx_hash: str) -> NodeLied:
    return NodeLied(
        f"The node gives no batch of ballots as the input of {tx_hash}.",
        why="The box counts ballots of a transaction's input alone.",
        hint="Ask another node.",
    )


def _not_the_bulletin(question: OpenQuestion, precinct: int) -> NodeLied:
    return NodeLied(
        f"The ballots of election {question.election.number}, question {question.number},"
        f" precinct {precinct} do not come out at the box's bulletin.",
        why="The node leaves ballots out, or gives others than were counted.",
        hint="Ask another node, one that keeps all events and transactions.",
    )

"""What stands in the chain's record: batches of ballots, and the hashes that chain them.

A batch is its ballots, one behind the other: voter's index 4 bytes, deadline 5, signature 64 (r and
yParityAndS of ERC-2098; zeros where the voter sends the ballot), then the body. The bulletin of a
precinct chains the trackers of all counted ballots, the roll hash its voters; both start at zero.

Source: contracts/ballots/IBallotBox.sol and IVoterRoll.sol; ERC-2098 (compact signatures).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from crmdapp.ballots.ballot import Question
from crmdapp.ballots.faults import BatchMalformed
from crmdapp.ballots.transcripts import ADDRESS_BYTES, WORD_BYTES, address_word, keccak

INDEX_BYTES, DEADLINE_BYTES, SIGNATURE_BYTES = 4, 5, 64
HEAD_BYTES = INDEX_BYTES + DEADLINE_BYTES + SIGNATURE_BYTES

BATCH_MAX = 255
"""Most ballots of a batch."""

BULLETIN_BYTES = 28
NO_SIGNATURE = bytes(SIGNATURE_BYTES)
"""In place of a signature, where the voter sends the ballot."""

CHUNK_VOTERS = 1_228
"""Voters of a precinct that are frozen as the code of one contract."""


@dataclass(frozen=True, slots=True)
class CastBallot:
    """A ballot as it stands in a batch.

    Attributes:
        index: The voter's, in its precinct, from 0.
        deadline: Last second, since 1970, in which it may be counted.
        signature: The voter's, 64 bytes; zeros where the voter sends it.
        body: Ciphertexts and proofs.
    """

    index: int
    deadline: int
    signature: bytes
    body: bytes

    def encode(self) -> bytes:
        """Return the ballot's bytes.

        Raises:
            BatchMalformed: A number is out of range, or the signature has another length.
        """
        if len(self.signature) != SIGNATURE_BYTES:
            raise BatchMalformed(f"A signature has 64 bytes, got {len(self.signature)}.")
        try:
            head = self.index.to_bytes(INDEX_BYTES, "big")
            head += self.deadline.to_bytes(DEADLINE_BYTES, "big")
        except OverflowError:
            raise BatchMalformed(
                f"An index has 32 bits and a deadline 40, got {self.index} and {self.deadline}."
            ) from None
        return head + self.signature + self.body


def encode_batch(ballots: Iterable[CastBallot]) -> bytes:
    """Return the bytes of a batch, sorted by voter.

    Raises:
        BatchMalformed: It has no ballots or too many, two of one voter, or a number out of range.
    """
    ordered = sorted(ballots, key=lambda ballot: ballot.index)
    _require_rising(ordered)
    return b"".join(ballot.encode() for ballot in ordered)


def decode_batch(question: Question, data: bytes) -> tuple[CastBallot, ...]:
    """Return the ballots in a batch.

    Args:
        question: What they answer.
        data: The batch, as it stands in the transaction's input.

    Raises:
        BatchMalformed: It is not made of 1 to 255 ballots of this question by rising voter.
    """
    size = HEAD_BYTES + question.body_bytes
    if len(data) % size:
        raise BatchMalformed(
            f"A batch of this question is a multiple of {size:,} bytes, got {len(data):,}."
        )
    found = tuple(_decode(data[at : at + size]) for at in range(0, len(data), size))
    _require_rising(found)
    return found


def next_bulletin(bulletin: bytes, trackers: Iterable[bytes]) -> bytes:
    """Return the bulletin after a batch, 28 bytes.

    Args:
        bulletin: What it was before, 28 bytes; zeros at first.
        trackers: Of the ballots that count, in the batch's order, 32 bytes each.

    Raises:
        ValueError: The bulletin has another length.
    """
    if len(bulletin) != BULLETIN_BYTES:
        raise ValueError(f"a bulletin has {BULLETIN_BYTES} bytes, got {len(bulletin)}")
    return keccak(bulletin + keccak(b"".join(trackers)))[:BULLETIN_BYTES]


def roll_hash(voters: Iterable[str], start: bytes = bytes(WORD_BYTES)) -> bytes:
    """Return the running hash of a precinct after these voters, 32 bytes.

    Args:
        voters: Their addresses, in the order of registration.
        start: The hash before the first of them.
    """
    found = start
    for voter in voters:
        found = keccak(found + address_word(voter))
    return found


def roll_chunks(voters: Iterable[str]) -> tuple[bytes, ...]:
    """Return what freezes a precinct's roll, chunk by chunk: 20 bytes a voter."""
    packed = b"".join(address_word(voter)[-ADDRESS_BYTES:] for voter in voters)
    size = CHUNK_VOTERS * ADDRESS_BYTES
    return tuple(packed[at : at + size] for at in range(0, len(packed), size))


def _decode(data: bytes) -> CastBallot:
    deadline_ends = INDEX_BYTES + DEADLINE_BYTES
    return CastBallot(
        index=int.from_bytes(data[:INDEX_BYTES], "big"),
        deadline=int.from_bytes(data[INDEX_BYTES:deadline_ends], "big"),
        signature=data[deadline_ends:HEAD_BYTES],
        body=data[HEAD_BYTES:],
    )


def _require_rising(ballots: Iterable[CastBallot]) -> None:
    indices = [ballot.index for ballot in ballots]
    if not 1 <= len(indices) <= BATCH_MAX:
        raise BatchMalformed(f"A batch has 1 to {BATCH_MAX} ballots, got {len(indices):,}.")
    for number, (one, other) in enumerate(pairwise(indices), start=1):
        if other <= one:
            raise BatchMalformed(
                f"Ballot {number} is of voter {other}, behind one of voter {one}.",
                why="Ballots of a batch stand by rising voter, one each.",
            )

"""What is hashed, and how: the domain tags, the challenges, the contexts, the tracker.

A transcript is a tag followed by parts of fixed width, simply concatenated: integers, addresses and
hashes as 32-byte words, points as 96 bytes, scalars as 32. As every width is fixed by the tag, no
byte can pass from one part to another. A challenge takes everything that the statement is about
(strong Fiat-Shamir): chain, contract, election, question, key, voter, ciphertext, commitments.

    tag(name)         = keccak256("crmdapp.ballots.v1." || name)
    H(name, parts...) = keccak256(tag(name) || parts...) mod r

Source: Bernhard, Pereira, Warinschi, "How not to prove yourself: pitfalls of the Fiat-Shamir
heuristic and applications to Helios", ASIACRYPT 2012; FIPS 202 with Ethereum's padding (keccak256).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from crmdapp.ballots.group import ORDER, POINT_BYTES
from crmdapp.chain._keccak import keccak

PREFIX = "crmdapp.ballots.v1."

WORD_BYTES = 32
ADDRESS_BYTES = 20

__all__ = [
    "ADDRESS_BYTES",
    "PREFIX",
    "WORD_BYTES",
    "address_word",
    "ballot_context",
    "batch_seed",
    "ceremony_context",
    "challenge",
    "keccak",
    "shares_context",
    "tag",
    "tracker",
    "word",
]


@lru_cache(maxsize=64)
def tag(name: str) -> bytes:
    """Return the 32 bytes that separate one kind of transcript from all others."""
    return keccak((PREFIX + name).encode())


def challenge(name: str, *parts: bytes) -> int:
    """Return H(name, parts...), the challenge of a transcript, 0 to r - 1.

    Reducing 256 bits modulo r favours some values by a factor of at most 3 to 2; a challenge stays
    as hard to hit as one of 254 bits.

    Args:
        name: The domain tag's name.
        parts: Each of the width that the tag gives its place.
    """
    return int.from_bytes(keccak(tag(name) + b"".join(parts)), "big") % ORDER


def word(value: int) -> bytes:
    """Return an integer as a 32-byte word.

    Raises:
        OverflowError: It is negative or has more than 256 bits.
    """
    return value.to_bytes(WORD_BYTES, "big")


def address_word(address: str) -> bytes:
    """Return an address as a 32-byte word.

    Args:
        address: 0x and 40 hexadecimal digits, in any case.

    Raises:
        ValueError: It is no address.
    """
    digits = address.removeprefix("0x")
    if len(digits) != 2 * ADDRESS_BYTES or digits == address:
        raise ValueError("an address is 0x and 40 hexadecimal digits")
    return bytes.fromhex(digits).rjust(WORD_BYTES, b"\0")


def ballot_context(
    *, chain_id: int, box: str, election: int, question: int, definition_hash: bytes, K: bytes
) -> bytes:
    """Return CONTEXT, the 32 bytes that bind a ballot to its question.

    Args:
        chain_id: Chain of the contracts.
        box: Address of the BallotBox.
        election: Number of the election, from 1.
        question: Number of the question, from 0.
        definition_hash: keccak256 of the definition's canonical JSON, 32 bytes.
        K: The trustees' joint key, 96 bytes.
    """
    return keccak(
        tag("context")
        + word(chain_id)
        + address_word(box)
        + word(election)
        + word(question)
        + _hash(definition_hash)
        + _point(K)
    )


def ceremony_context(*, chain_id: int, board: str, election: int, round: int) -> bytes:  # noqa: A002 - the contract's word
    """Return CEREMONY, the 32 bytes that bind keys and deals to one round of one election.

    Args:
        chain_id: Chain of the contracts.
        board: Address of the TrusteeBoard.
        election: Number of the election, from 1.
        round: Number of the ceremony's round, as the board counts them.
    """
    return keccak(
        tag("ceremony") + word(chain_id) + address_word(board) + word(election) + word(round)
    )


def shares_context(
    *,
    chain_id: int,
    tally: str,
    election: int,
    question: int,
    group: int,
    option: int,
    A: bytes,
    B: bytes,
    ballots: int,
) -> bytes:
    """Return SHARES, the 32 bytes that bind a partial decryption to one accumulator.

    Args:
        chain_id: Chain of the contracts.
        tally: Address of the Tally.
        election: Number of the election, from 1.
        question: Number of the question, from 0.
        group: Number of the group of precincts that are counted together.
        option: Option of a Vector's accumulator; 0 for a Choice.
        A: Sum of the alphas, 96 bytes.
        B: Sum of the betas, 96 bytes.
        ballots: Ballots in the accumulator.
    """
    numbers = (election, question, group, option)
    return keccak(
        tag("shares")
        + word(chain_id)
        + address_word(tally)
        + b"".join(word(number) for number in numbers)
        + _point(A)
        + _point(B)
        + word(ballots)
    )


def tracker(context: bytes, voter: str, body: bytes) -> bytes:
    """Return TRACKER, the 32 bytes by which a voter finds their ballot.

    Args:
        context: CONTEXT, 32 bytes.
        voter: The voter's address.
        body: The ballot's body: every point and scalar of ciphertext and proof.
    """
    return keccak(_hash(context) + address_word(voter) + body)


def batch_seed(context: bytes, trackers: Iterable[bytes]) -> bytes:
    """Return the 32 bytes from which the weights of a batch come.

    Args:
        context: CONTEXT, 32 bytes.
        trackers: Of the ballots that are not skipped, in the batch's order, 32 bytes each.
    """
    return keccak(_hash(context) + b"".join(_hash(each) for each in trackers))


def _hash(data: bytes) -> bytes:
    if len(data) != WORD_BYTES:
        raise ValueError(f"a hash has {WORD_BYTES} bytes, got {len(data)}")
    return data


def _point(data: bytes) -> bytes:
    if len(data) != POINT_BYTES:
        raise ValueError(f"a point has {POINT_BYTES} bytes, got {len(data)}")
    return data

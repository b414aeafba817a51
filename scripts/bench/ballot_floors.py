"""What physics allows a ballot to cost at least: precompiles, calldata, storage, events.

Source: EIP-2537 (multi-scalar multiplication by its number of pairs), EIP-2028, EIP-2929.
"""

from __future__ import annotations

from crmdapp.ballots.choice import Choice
from crmdapp.ballots.record import CHUNK_VOTERS, HEAD_BYTES
from crmdapp.ballots.vector import Vector

WORD_VOTERS = 256
TRANSACTION = 21_000
RANDOM_BYTE = 15.95  # of calldata; one of 256 is zero
FRESH_WORD, OLD_WORD = 22_100, 5_000  # written for the first time in a transaction
RECOVERY = 3_000  # of a signer
ADDITION = 375  # of two points
CODE = 2_600  # of another contract, for the first time
CALL = 2_800  # calldata of castBatch around the ballots, and its event

_MSM_PAIR = 12_000
_MSM_MANY = 128
_MSM_DISCOUNT = {  # per mille of the price of a pair
    3: 848, 6: 750, 7: 738, 8: 728, 9: 719, 10: 712, 11: 705, 14: 687, 24: 648, 32: 627, 34: 623,
    42: 608, 62: 579, 112: 531, 122: 523, 128: 519,
}  # fmt: skip

_LOGGED_BYTE = 8
_READ_WORD = 2_100
_TOPIC = 375
_CODE_BYTE = 200
_CREATION = 32_000
_HASH = 42  # of two words


def msm(pairs: int) -> int:
    """Gas of a multi-scalar multiplication of so many points."""
    return _MSM_PAIR * pairs * _MSM_DISCOUNT[min(pairs, _MSM_MANY)] // 1000


def cast(question: Choice | Vector, ballots: int, words: int, *, direct: bool = False) -> int:
    """Gas of each ballot of a batch.

    Args:
        question: What is asked.
        ballots: How many are in the batch.
        words: How many words of voted bits they are in, one beside the other.
        direct: Nobody signs: the voter sends it.
    """
    sums, points, scalars = _parts(question)
    chunks = -(-words * WORD_VOTERS // CHUNK_VOTERS)
    batch = TRANSACTION + CALL + CODE * (1 + chunks) + OLD_WORD * (words + 1 + 6 * sums)
    batch += msm(ballots * points + 2)
    size = 96 * points + 32 * scalars
    size += 0 if direct else HEAD_BYTES
    each = size * RANDOM_BYTE + 2 * sums * ADDITION + (0 if direct else RECOVERY)
    return round(batch / ballots + each)


def step(
    *, data: int, logged: int, pairs: int = 0, fresh: int = 0, old: int = 0, read: int = 0
) -> int:
    """Gas of what a trustee sends.

    Args:
        data: Random bytes in it.
        logged: Bytes of its event, next to four topics.
        pairs: Points of its multi-scalar multiplication.
        fresh: Words it writes for the first time.
        old: Words it writes over.
        read: Other words it reads.
    """
    gas = TRANSACTION + data * RANDOM_BYTE + 5 * _TOPIC + _LOGGED_BYTE * logged
    gas += fresh * FRESH_WORD + old * OLD_WORD + read * _READ_WORD
    return round(gas + (msm(pairs) if pairs else 0))


def registration(signatures: int, batch: int) -> int:
    """Gas of each voter of a batch whom so many registrars sign for."""
    data = 32 + 20 + 64 * signatures
    whole = TRANSACTION + 2 * OLD_WORD  # the roll's hash and count
    event = 4 * _TOPIC + 96 * _LOGGED_BYTE
    return round(whole / batch + data * RANDOM_BYTE + FRESH_WORD + signatures * RECOVERY + event)


def freezing(voters: int) -> int:
    """Gas of each voter of a chunk of the roll."""
    whole = TRANSACTION + _CREATION + FRESH_WORD + OLD_WORD
    return round(whole / voters + 20 * (RANDOM_BYTE + _CODE_BYTE) + _HASH)


def _parts(question: Choice | Vector) -> tuple[int, int, int]:
    """Ciphertexts, points and scalars of a ballot."""
    if isinstance(question, Choice):
        branches = question.options
        return 1, 2 + 2 * branches, 2 * branches - 1
    options, branches = question.options, len(question.sums)
    return options, 6 * options + 2 * branches, 3 * options + 2 * branches - 1

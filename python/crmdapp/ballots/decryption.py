"""Decrypting an accumulator, and nothing else, with the shares of any t trustees.

Trustee j posts D_j = x_j A and proves that its logarithm to A is that of Y_j to G. Any t valid ones
give x A = sum of lambda_j D_j, and B - x A is the result in the exponent.

Source: Desmedt and Frankel, "Threshold cryptosystems", CRYPTO 1989; Chaum and Pedersen, CRYPTO
1992.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.faults import (
    DecryptionIncomplete,
    ProofRefused,
    ResultWrong,
    ShareRefused,
    WireMalformed,
)
from crmdapp.ballots.group import (
    POINT_BYTES,
    Point,
    decode_point,
    encode_point,
    is_identity,
    msm,
    multiply,
    multiply_base,
    require_length,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.proofs import EQUALITY_BYTES, Equality, prove_equality, verify_equality
from crmdapp.ballots.sharing import lagrange
from crmdapp.ballots.transcripts import word

TAG = "decryption"

SHARE_BYTES = POINT_BYTES + EQUALITY_BYTES


def partial_decryption(
    shares: bytes, j: int, x: int, accumulator: Ciphertext, nonces: Nonces
) -> bytes:
    """Return what trustee j posts for an accumulator: D || A1 || A2 || z, 320 bytes.

    Args:
        shares: SHARES, 32 bytes.
        j: The trustee's index, from 1.
        x: Its share of the joint key. Secret.
        accumulator: The sum of all ballots.
        nonces: Where the proof's nonce comes from.

    Raises:
        PointMalformed: The accumulator's alpha is infinity; it needs no decryption.
    """
    D = multiply(accumulator.alpha, x)
    bases = (multiply_base(x), accumulator.alpha, D)
    proof = prove_equality(TAG, (shares, word(j)), x, bases, nonces)
    return encode_point(D) + proof.encode()


def read_partial_decryption(
    shares: bytes, j: int, Y: Point, accumulator: Ciphertext, data: bytes
) -> Point:
    """Return D_j from what trustee j posted, with its proof checked.

    Args:
        shares: SHARES, 32 bytes.
        j: The trustee's index, from 1.
        Y: Its verification key.
        accumulator: The sum of all ballots.
        data: What it posted.

    Raises:
        ShareRefused: It is malformed, or the proof does not hold.
    """
    try:
        require_length(data, SHARE_BYTES, "share")
        D = decode_point(data[:POINT_BYTES], "D")
        proof = Equality.decode(data[POINT_BYTES:])
        verify_equality(TAG, (shares, word(j)), (Y, accumulator.alpha, D), proof)
    except (WireMalformed, ProofRefused) as problem:
        raise ShareRefused(
            f"The share of trustee {j} is refused: {problem}", trustee=j, why=problem.why
        ) from None
    return D


def combine(accumulator: Ciphertext, partial: Mapping[int, Point], threshold: int) -> Point:
    """Return the result in the exponent, M = B - sum of lambda_j D_j.

    Args:
        accumulator: The sum of all ballots.
        partial: Checked D_j by index; the lowest t are used.
        threshold: t.

    Raises:
        DecryptionIncomplete: There are fewer than t.
    """
    if is_identity(accumulator.alpha):
        return accumulator.beta  # all randomness cancelled out: x A is infinity for every x
    if len(partial) < threshold:
        raise DecryptionIncomplete(
            f"{len(partial)} shares are there, {threshold} are needed.",
            left=len(partial),
            needed=threshold,
        )
    used = sorted(partial)[:threshold]
    weights = lagrange(used)
    return accumulator.beta - msm([partial[j] for j in used], [weights[j] for j in used])


def check_choice_result(M: Point, counts: Sequence[int], bits: int, ballots: int) -> None:
    """Check the counts of a Choice's accumulator as the chain does.

    Args:
        M: The result in the exponent.
        counts: c_0 to c_(k-1).
        bits: b, of each count's slot.
        ballots: How many ballots the accumulator holds.

    Raises:
        ResultWrong: A count does not fit its slot, they do not add up to the ballots, or they are
            not what the accumulator holds.
    """
    if any(not 0 <= count < 1 << bits for count in counts):
        raise ResultWrong(f"A count is from 0 to 2^{bits}, exclusive: {list(counts)}.")
    if sum(counts) != ballots:
        raise ResultWrong(f"The counts {list(counts)} do not add up to {ballots:,} ballots.")
    exponent = sum(count << bits * slot for slot, count in enumerate(counts[1:]))
    _require_exponent(M, exponent, counts)


def check_option_result(M: Point, count: int, ballots: int) -> None:
    """Check the count of one option of a Vector as the chain does.

    Args:
        M: The result in the exponent.
        count: How many chose the option.
        ballots: How many ballots the accumulator holds.

    Raises:
        ResultWrong: There are fewer ballots, or it is not what the accumulator holds.
    """
    if not 0 <= count <= ballots:
        raise ResultWrong(f"{count:,} of {ballots:,} ballots cannot have chosen an option.")
    _require_exponent(M, count, (count,))


def _require_exponent(M: Point, exponent: int, counts: Sequence[int]) -> None:
    if multiply_base(exponent) != M:
        raise ResultWrong(
            f"The counts {list(counts)} are not what the accumulator holds.",
            why="B - sum of lambda_j D_j is another point.",
        )

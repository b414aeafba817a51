"""One dealer's part of the joint key: a secret, shared among all trustees in one message.

``R | PoK(rho) | PoK(a_0) | C_0 .. C_(t-1) | c_1 .. c_n``: points of 96 bytes, proofs of 128 bytes
(A || z), scalars of 32. R = rho G, C_k = a_k G, c_j = f(j) + H("share", ceremony, i, j, rho E_j)
modulo r. That pad takes the place of authenticated encryption: a contract can judge it, and the
commitments authenticate the share. A trustee who has registered no key gets the scalar 0.

Source: Pedersen, EUROCRYPT 1991; Feldman, FOCS 1987; Schindler et al., IACR ePrint 2019/985.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmdapp.ballots.faults import DealRefused, ProofRefused, WireMalformed
from crmdapp.ballots.group import (
    ORDER,
    POINT_BYTES,
    SCALAR_BYTES,
    Point,
    decode_point,
    decode_scalar,
    encode_point,
    encode_scalar,
    multiply,
    multiply_base,
    require_length,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.proofs import (
    KNOWLEDGE_BYTES,
    Knowledge,
    prove_knowledge,
    verify_knowledge,
)
from crmdapp.ballots.sharing import evaluate
from crmdapp.ballots.transcripts import address_word, challenge, keccak, word

PAD_TAG = "deal-pad"
SECRET_TAG = "deal-secret"  # noqa: S105 - the name of a domain tag
SHARE_TAG = "share"

_HEAD_BYTES = POINT_BYTES + 2 * KNOWLEDGE_BYTES


@dataclass(frozen=True, slots=True)
class Deal:
    """A deal as it was read, its proofs checked.

    Attributes:
        ceremony: CEREMONY, 32 bytes.
        dealer: The dealer's index i, from 1.
        R: rho G.
        C: Commitments to the polynomial, t points.
        encrypted: The encrypted share of each trustee, n scalars; that of trustee j at j - 1, and 0
            for one without a key.
    """

    ceremony: bytes
    dealer: int
    R: Point
    C: tuple[Point, ...]
    encrypted: tuple[int, ...]


def deal_bytes(threshold: int, trustees: int) -> int:
    """Return the length of a deal."""
    return _HEAD_BYTES + POINT_BYTES * threshold + SCALAR_BYTES * trustees


def share_pad(ceremony: bytes, i: int, j: int, S: Point) -> int:
    """Return what hides the share of dealer i for trustee j, 0 to r - 1.

    Args:
        ceremony: CEREMONY, 32 bytes.
        i: The dealer's index, from 1.
        j: The trustee's index, from 1.
        S: rho_i E_j = e_j R_i.
    """
    return challenge(SHARE_TAG, ceremony, word(i), word(j), encode_point(S))


def make_deal(
    ceremony: bytes,
    i: int,
    dealer: str,
    threshold: int,
    keys: Sequence[Point | None],
    nonces: Nonces,
) -> bytes:
    """Return a deal; its secrets are forgotten, for nobody needs them again.

    Args:
        ceremony: CEREMONY, 32 bytes.
        i: The dealer's index, from 1.
        dealer: The dealer's address.
        threshold: t, 1 to n.
        keys: E_1 to E_n of all trustees, the dealer's own too; ``None`` for one who has none.
        nonces: Where the secrets come from.

    Raises:
        DealRefused: The threshold or the index is out of range.
    """
    if not 1 <= threshold <= len(keys) or not 1 <= i <= len(keys):
        raise DealRefused(
            f"Dealer {i} cannot share with threshold {threshold} among {len(keys)} trustees.",
            dealer=i,
        )
    statement = ceremony + word(i) + b"".join(encode_point(E) for E in keys if E is not None)
    rho = nonces.draw("rho", statement)
    a = [nonces.draw("coefficient", statement + word(k)) for k in range(threshold)]
    R, C = multiply_base(rho), [multiply_base(each) for each in a]
    context = (ceremony, word(i), address_word(dealer))
    encrypted = [
        0 if E is None else (evaluate(a, j) + share_pad(ceremony, i, j, multiply(E, rho))) % ORDER
        for j, E in enumerate(keys, start=1)
    ]
    return (
        encode_point(R)
        + prove_knowledge(PAD_TAG, context, rho, R, nonces).encode()
        + prove_knowledge(SECRET_TAG, context, a[0], C[0], nonces).encode()
        + b"".join(map(encode_point, C))
        + b"".join(map(encode_scalar, encrypted))
    )


def read_deal(
    ceremony: bytes,
    i: int,
    dealer: str,
    threshold: int,
    keys: Sequence[Point | None],
    data: bytes,
) -> Deal:
    """Return the deal in bytes, its proofs checked; whether its shares are right is not public.

    Args:
        ceremony: CEREMONY, 32 bytes.
        i: The dealer's index, from 1.
        dealer: The dealer's address.
        threshold: t.
        keys: E_1 to E_n of all trustees; ``None`` for one who has none.
        data: The deal.

    Raises:
        DealRefused: It is malformed, has a share for a trustee without a key, or a proof does not
            hold.
    """
    try:
        require_length(data, deal_bytes(threshold, len(keys)), "deal")
        R = decode_point(data[:POINT_BYTES], "R")
        pad = Knowledge.decode(data[POINT_BYTES : POINT_BYTES + KNOWLEDGE_BYTES])
        secret = Knowledge.decode(data[POINT_BYTES + KNOWLEDGE_BYTES : _HEAD_BYTES])
        shares_at = _HEAD_BYTES + POINT_BYTES * threshold
        C = tuple(
            decode_point(data[at : at + POINT_BYTES], f"C_{k}")
            for k, at in enumerate(range(_HEAD_BYTES, shares_at, POINT_BYTES))
        )
        encrypted = tuple(
            decode_scalar(data[at : at + SCALAR_BYTES], f"the share of trustee {j}")
            for j, at in enumerate(range(shares_at, len(data), SCALAR_BYTES), start=1)
        )
        context = (ceremony, word(i), address_word(dealer))
        verify_knowledge(PAD_TAG, context, R, pad)
        verify_knowledge(SECRET_TAG, context, C[0], secret)
    except (WireMalformed, ProofRefused) as problem:
        raise DealRefused(
            f"The deal of dealer {i} is refused: {problem}", dealer=i, why=problem.why
        ) from None
    for j, (E, c) in enumerate(zip(keys, encrypted, strict=True), start=1):
        if E is None and c:
            raise DealRefused(
                f"The deal of dealer {i} has a share for trustee {j}, who has no key.", dealer=i
            )
    return Deal(ceremony, i, R, C, encrypted)


def deal_hash(data: bytes) -> bytes:
    """Return the hash that the board keeps of a deal, 32 bytes."""
    return keccak(data)


def deal_commitment(ceremony: bytes, i: int, data: bytes) -> bytes:
    """Return what a dealer posts before anybody shows a deal, 32 bytes."""
    return keccak(ceremony + word(i) + deal_hash(data))

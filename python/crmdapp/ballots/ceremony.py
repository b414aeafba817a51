"""How trustees make one joint key that any t of all n can use, and nobody alone.

Everything here is a pure function of what was posted and of one trustee's own secret; a trustee
keeps nothing else. In order:

1. Trustee j posts E_j = e_j G with a proof that it knows e_j (:func:`key_message`).
2. Dealer i makes a deal (:func:`make_deal`), posts its commitment, and when all have, the deal:
   ``R | PoK(rho) | PoK(a_0) | C_0 .. C_(t-1) | c_1 .. c_n``. The share of trustee j is hidden by
   a pad from rho_i E_j, which dealer and trustee both can compute.
3. Trustee j opens its shares (:func:`open_share`); a wrong one it shows to everybody
   (:func:`complain`), and anyone can tell who lied (:func:`judge`).
4. K is the sum of the C_0 of the deals that are left, Y_j the key to check trustee j's work
   (:func:`finalise`).

Source: Pedersen, "A threshold cryptosystem without a trusted party", EUROCRYPT 1991; Gennaro,
Jarecki, Krawczyk, Rabin, J. Cryptology 20 (2007) (what a last mover can and cannot do); complaints
that open the pad and prove it: Schindler et al., "EthDKG", IACR ePrint 2019/985.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from crmdapp.ballots.deal import Deal, share_pad
from crmdapp.ballots.faults import (
    CeremonyIncomplete,
    ComplaintRefused,
    DealShareWrong,
    ProofRefused,
    TrusteeKeyForeign,
    TrusteeKeyRefused,
    WireMalformed,
)
from crmdapp.ballots.group import (
    IDENTITY,
    ORDER,
    POINT_BYTES,
    Point,
    decode_point,
    encode_point,
    is_identity,
    multiply,
    multiply_base,
    require_length,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.proofs import (
    EQUALITY_BYTES,
    KNOWLEDGE_BYTES,
    Equality,
    Knowledge,
    prove_equality,
    prove_knowledge,
    verify_equality,
    verify_knowledge,
)
from crmdapp.ballots.sharing import evaluate_commitments
from crmdapp.ballots.transcripts import address_word, word

KEY_TAG = "trustee-key"
COMPLAINT_TAG = "complaint"

KEY_MESSAGE_BYTES = POINT_BYTES + KNOWLEDGE_BYTES
COMPLAINT_BYTES = 2 * POINT_BYTES + EQUALITY_BYTES


class Liar(Enum):
    """Who a complaint shows to have lied; that one is left out as a dealer."""

    DEALER = "dealer"
    COMPLAINER = "complainer"


@dataclass(frozen=True, slots=True)
class JointKey:
    """What the ceremony yields.

    Attributes:
        K: The key to encrypt with.
        Y: The verification key of each trustee, by its index from 1.
        dealers: Whose deals it is made of, rising.
    """

    K: Point
    Y: Mapping[int, Point]
    dealers: tuple[int, ...]


def new_key(ceremony: bytes, j: int, nonces: Nonces) -> int:
    """Return a fresh secret e_j for trustee j, 1 to r - 1: all that a trustee has to keep.

    Args:
        ceremony: CEREMONY, 32 bytes.
        j: The trustee's index, from 1.
        nonces: Where it comes from.
    """
    return nonces.draw(KEY_TAG, ceremony + word(j))


def key_message(ceremony: bytes, j: int, trustee: str, e: int, nonces: Nonces) -> bytes:
    """Return what trustee j registers: E || A || z, 224 bytes.

    Args:
        ceremony: CEREMONY, 32 bytes.
        j: The trustee's index, from 1.
        trustee: Its address.
        e: Its secret, 1 to r - 1.
        nonces: Where the proof's nonce comes from.
    """
    E = multiply_base(e)
    context = (ceremony, word(j), address_word(trustee))
    return encode_point(E) + prove_knowledge(KEY_TAG, context, e, E, nonces).encode()


def read_key(ceremony: bytes, j: int, trustee: str, message: bytes) -> Point:
    """Return E_j from what trustee j registered, with its proof checked.

    Raises:
        TrusteeKeyRefused: It is malformed, or the proof does not hold.
    """
    try:
        require_length(message, KEY_MESSAGE_BYTES, "key message")
        E = decode_point(message[:POINT_BYTES], "E")
        proof = Knowledge.decode(message[POINT_BYTES:])
        verify_knowledge(KEY_TAG, (ceremony, word(j), address_word(trustee)), E, proof)
    except (WireMalformed, ProofRefused) as problem:
        raise TrusteeKeyRefused(
            f"The key of trustee {j} is refused: {problem}", trustee=j, why=problem.why
        ) from None
    return E


def open_share(deal: Deal, j: int, e: int) -> int:
    """Return s_ij, the share of a deal that is for trustee j, checked against the commitments.

    Args:
        deal: The deal of dealer i.
        j: The trustee's index, from 1.
        e: Its secret.

    Raises:
        DealShareWrong: The dealer lied: complain.
    """
    S = multiply(deal.R, e)
    if not is_identity(_defect(deal, j, S)):
        raise DealShareWrong(
            f"Dealer {deal.dealer} gave trustee {j} a share that it did not commit to.",
            dealer=deal.dealer,
            trustee=j,
            hint="Complain before the complaints close.",
        )
    return _uncovered(deal, j, S)


def complain(deal: Deal, j: int, e: int, nonces: Nonces) -> bytes:
    """Return trustee j's complaint about a deal: S || A1 || A2 || z || defect, 416 bytes.

    The defect is s G less what the dealer committed to; 96 zeros stand for infinity, which shows
    that the share is right. With it at hand a contract can check one sum instead of computing one.
    It reveals the share to everybody, so a true share must never be complained about.

    Args:
        deal: The deal of dealer i.
        j: The trustee's index, from 1.
        e: Its secret.
        nonces: Where the proof's nonce comes from.
    """
    S = multiply(deal.R, e)
    bases = (multiply_base(e), deal.R, S)
    proof = prove_equality(COMPLAINT_TAG, _complaint_context(deal, j), e, bases, nonces)
    return encode_point(S) + proof.encode() + _encode_defect(_defect(deal, j, S))


def judge(deal: Deal, j: int, E: Point, complaint: bytes) -> Liar:
    """Return who a complaint shows to have lied.

    Args:
        deal: The deal of dealer i.
        j: The index of the trustee who complains, from 1.
        E: The key it registered.
        complaint: What it posted.

    Raises:
        ComplaintRefused: It is malformed, does not prove that it opens the share, or claims another
            defect than there is.
    """
    try:
        require_length(complaint, COMPLAINT_BYTES, "complaint")
        S = decode_point(complaint[:POINT_BYTES], "S")
        proof = Equality.decode(complaint[POINT_BYTES:-POINT_BYTES])
        verify_equality(COMPLAINT_TAG, _complaint_context(deal, j), (E, deal.R, S), proof)
    except (WireMalformed, ProofRefused) as problem:
        raise ComplaintRefused(
            f"The complaint of trustee {j} about dealer {deal.dealer} is refused: {problem}",
            dealer=deal.dealer,
            trustee=j,
            why=problem.why,
        ) from None
    defect = _defect(deal, j, S)
    if complaint[-POINT_BYTES:] != _encode_defect(defect):
        raise ComplaintRefused(
            f"The complaint of trustee {j} about dealer {deal.dealer} claims a wrong defect.",
            dealer=deal.dealer,
            trustee=j,
        )
    return Liar.COMPLAINER if is_identity(defect) else Liar.DEALER


def finalise(deals: Sequence[Deal], threshold: int, trustees: int) -> JointKey:
    """Return the joint key of the deals that are left.

    Args:
        deals: Those that came in time, are valid, and whose dealer is not shown to have lied.
        threshold: t; also the least deals.
        trustees: n.

    Raises:
        CeremonyIncomplete: Fewer than t deals are left, or the sum is infinity.
    """
    dealers = tuple(sorted(deal.dealer for deal in deals))
    if len(dealers) < threshold or len(set(dealers)) != len(dealers):
        raise CeremonyIncomplete(
            f"{len(dealers)} valid deals are left, {threshold} are needed.",
            left=len(dealers),
            needed=threshold,
            hint="Start another round of the ceremony.",
        )
    summed = [IDENTITY] * threshold
    for deal in deals:
        summed = [one + other for one, other in zip(summed, deal.C, strict=True)]
    Y = {j: evaluate_commitments(summed, j) for j in range(1, trustees + 1)}
    if any(map(is_identity, (summed[0], *Y.values()))):
        raise CeremonyIncomplete("The deals add up to infinity.", hint="Start another round.")
    return JointKey(summed[0], Y, dealers)


def trustee_secret(deals: Sequence[Deal], j: int, e: int, joint: JointKey) -> int:
    """Return x_j, trustee j's share of the joint key: the sum of its shares of all deals left.

    Args:
        deals: Those that :func:`finalise` got.
        j: The trustee's index, from 1.
        e: Its secret.
        joint: The joint key.

    Raises:
        DealShareWrong: A dealer lied and nobody complained.
        TrusteeKeyForeign: The secret is not that of trustee j in this ceremony.
    """
    x = 0
    for deal in deals:
        if deal.dealer in joint.dealers:
            x = (x + open_share(deal, j, e)) % ORDER
    if multiply_base(x) != joint.Y[j]:
        raise TrusteeKeyForeign(
            f"This key is not that of trustee {j} in this ceremony.",
            hint="Use the key file that registered the key, and all deals of the final round.",
        )
    return x


def _uncovered(deal: Deal, j: int, S: Point) -> int:
    return (deal.encrypted[j - 1] - share_pad(deal.ceremony, deal.dealer, j, S)) % ORDER


def _defect(deal: Deal, j: int, S: Point) -> Point:
    return multiply_base(_uncovered(deal, j, S)) - evaluate_commitments(deal.C, j)


def _encode_defect(defect: Point) -> bytes:
    return bytes(POINT_BYTES) if is_identity(defect) else encode_point(defect)


def _complaint_context(deal: Deal, j: int) -> tuple[bytes, ...]:
    return deal.ceremony, word(deal.dealer), word(j)

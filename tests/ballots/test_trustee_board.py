"""The ceremony: a key that no trustee alone makes, chooses or spoils."""

import pytest
from eth_utils import keccak
from py_arkworks_bls12381 import G1Point

from crmdapp.ballots.ceremony import Liar, judge
from crmdapp.ballots.deal import deal_commitment, deal_hash, share_pad
from crmdapp.ballots.faults import ComplaintRefused
from crmdapp.ballots.group import (
    ORDER,
    decode_point,
    encode_point,
    encode_scalar,
    multiply,
    multiply_base,
)
from crmdapp.ballots.proofs import prove_equality, prove_knowledge
from crmdapp.ballots.sharing import evaluate_commitments
from crmdapp.ballots.transcripts import address_word, ceremony_context, word
from tests.ballots.trustees import *  # noqa: F403 - fixtures
from tests.ballots.trustees import (
    COMMITMENTS,
    COMPLAINTS,
    DEALS,
    FAILED,
    FINAL,
    FINALISATION,
    INFINITY,
    KEYS,
    NO_POINTS,
    OUTSIDE_SUBGROUP,
    SHORT,
    STEP,
    Schedule,
    challenge_of,
    nonces_of,
    replaced,
    secret_of,
    wire,
    with_scalar,
)
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NOTHING = bytes(32)
ANY_HASH = keccak(text="any")
R_AT, PAD_PROOF_AT, SECRET_PROOF_AT, COMMITMENTS_AT = 0, 96, 224, 352  # in a deal
S_AT, A1_AT, A2_AT, Z_AT, DEFECT_AT = 0, 96, 192, 288, 320  # in a complaint


@pytest.fixture
def errors(project):
    return project.TrusteeBoard


@pytest.fixture
def register(board, committee):
    """Registers trustee 1's key with some of it changed."""

    def register_(*, key=None, proof=None, index=1, of=1, sender=None):
        own_key, own_proof = committee.key_message(of)
        return board.registerKey(
            committee.election,
            index,
            own_key if key is None else key,
            own_proof if proof is None else proof,
            sender=sender or committee.account(of),
        )

    return register_


@pytest.fixture
def post(committee):
    """Commits dealer 1 to a deal, and posts it."""

    def post_(deal):
        committee.commit(1, deal)
        for i in (2, 3):
            committee.commit(i)
        committee.wait_for(DEALS)
        return committee.post(1)

    return post_


@pytest.fixture
def accused(committee):
    """Dealer 1 gave trustee 2 a wrong share, and complaints are heard."""
    return committee.until(COMPLAINTS, wrong={1: (2,)})


@pytest.fixture
def complain(board):
    """Complains as trustee 2 about dealer 1, with some of it changed."""

    def complain_(
        committee, complaint=None, *, index=2, dealer=1, key=None, deal=None, sender=None
    ):
        return board.complain(
            committee.election,
            index,
            dealer,
            committee.key(index) if key is None else key,
            committee.deals[1] if deal is None else deal,
            committee.complaint(2, 1) if complaint is None else complaint,
            sender=sender or committee.account(index),
        )

    return complain_


def forged_proof(tag, context, x, point, nonce=7):
    """A proof of knowledge of x, for a point whose logarithm it is not."""
    A = encode_point(multiply_base(nonce))
    c = challenge_of(tag, *context, point, A)
    return A + encode_scalar((nonce + c * x) % ORDER)


def defect_of(deal, j, S):
    """How far the share that S uncovers is from what the dealer committed to."""
    pad = share_pad(deal.ceremony, deal.dealer, j, S)
    shown = multiply_base(deal.encrypted[j - 1] - pad)
    return wire(shown - evaluate_commitments(deal.C, j))


# registerKey


def test_registerKey_keeps_the_hash_of_a_key(board, committee):
    receipt = committee.register(2)
    key, proof = committee.key_message(2)
    assert logs(receipt, board) == [
        log(
            board,
            "TrusteeKeyRegistered",
            election=committee.election,
            round=0,
            index=2,
            key=key,
            proof=proof,
        )
    ]
    assert board.trusteeKeyHashOf(committee.election, 2) == keccak(key)
    assert board.trusteeKeyHashOf(committee.election, 1) == NOTHING
    assert board.ceremonyOf(committee.election).keys == 0b010


def test_registerKey_is_for_the_trustee_of_the_index_alone(errors, committee, register, outsider):
    election = committee.election
    for index, sender in (
        (1, outsider),
        (2, committee.account(1)),
        (0, committee.account(1)),
        (4, committee.account(1)),
        (255, committee.account(1)),
    ):
        with reverts(errors.TrusteeInvalid, election=election, index=index, caller=sender):
            register(index=index, sender=sender)


def test_registerKey_reverts_if_the_trustee_has_a_key(errors, committee, register):
    register()
    with reverts(errors.TrusteeKeyRegisteredBefore, election=committee.election, index=1):
        register()


def test_registerKey_reverts_for_a_copied_key(errors, committee, register):
    """Trustee 2 shows the key of trustee 1, with its proof."""
    key, proof = committee.key_message(1)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=2):
        register(index=2, of=2, key=key, proof=proof)


def test_registerKey_reverts_for_a_rogue_key(errors, committee, register):
    """A key that is chosen by the others', and whose logarithm nobody knows."""
    others = decode_point(committee.key(1)) + decode_point(committee.key(2))
    rogue = encode_point(multiply_base(secret_of("rogue")) - others)
    context = (committee.context, word(3), address_word(committee.account(3).address))
    proof = forged_proof("trustee-key", context, secret_of("rogue"), rogue)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=3):
        register(index=3, of=3, key=rogue, proof=proof)


def test_registerKey_takes_no_key_that_was_chosen_after_the_challenge(errors, committee, register):
    """Weak Fiat-Shamir: were the key not hashed, one could be made of anybody's, and proved."""
    context = (committee.context, word(3), address_word(committee.account(3).address))
    A, z = decode_point(committee.key(1)), secret_of("z")
    c = challenge_of("trustee-key", *context, encode_point(A))
    rogue = encode_point(multiply(multiply_base(z) - A, pow(c, -1, ORDER)))
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=3):
        register(index=3, of=3, key=rogue, proof=encode_point(A) + encode_scalar(z))


@pytest.mark.parametrize("what", ["chain_id", "board", "election", "round"])
def test_registerKey_reverts_for_a_proof_from_elsewhere(
    errors, committee, board, register, elections, what
):
    here = {
        "chain_id": committee.chain_id,
        "board": board.address,
        "election": committee.election,
        "round": 0,
    }
    there = elections.address if what == "board" else here[what] + 1
    context = ceremony_context(**{**here, what: there})
    key, proof = committee.key_message(1, context=context)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        register(key=key, proof=proof)


def test_registerKey_reverts_for_another_statement(errors, committee, register):
    """The challenge takes the key and the commitment."""
    key, proof = committee.key_message(1)
    other, other_proof = committee.key_message(1, secret=secret_of("other"))
    for wrong in (
        {"key": other, "proof": proof},
        {"key": key, "proof": other_proof},
        {"key": key, "proof": proof[:96] + other_proof[96:]},
        {"key": key, "proof": other_proof[:96] + proof[96:]},
    ):
        with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
            register(**wrong)


def test_registerKey_reverts_for_a_scalar_that_is_not_reduced(errors, committee, register):
    _, proof = committee.key_message(1)
    z = int.from_bytes(proof[96:])
    for scalar in (z + ORDER, ORDER):
        with reverts(errors.ScalarInvalid, scalar=scalar):
            register(proof=with_scalar(proof, 96, scalar))


def test_registerKey_reverts_for_infinity(errors, committee, register):
    _, proof = committee.key_message(1)
    for wrong in ({"key": INFINITY}, {"proof": INFINITY + proof[96:]}):
        with reverts(errors.PointInfinite):
            register(**wrong)


@pytest.mark.parametrize("point", NO_POINTS.values(), ids=NO_POINTS)
def test_registerKey_reverts_for_what_is_no_point(errors, committee, register, point):
    _, proof = committee.key_message(1)
    for wrong in ({"key": point}, {"proof": point + proof[96:]}):
        with reverts(errors.PointsInvalid):
            register(**wrong)


def test_registerKey_reverts_for_other_lengths(errors, committee, register):
    key, proof = committee.key_message(1)
    for length in (0, 95, 97):
        with reverts(errors.PointLengthInvalid, length=length):
            register(key=(key + b"\0")[:length])
    for length in (0, 127, 129):
        with reverts(errors.KnowledgeProofLengthInvalid, length=length):
            register(proof=(proof + b"\0")[:length])


def test_registerKey_reverts_out_of_time(errors, committee, register, clock):
    clock.set_next(committee.schedule.keys_until)
    register()
    for time, step in (
        (committee.schedule.keys_until + 1, SHORT),  # one key of two
        (committee.schedule.opens_at, FAILED),
    ):
        clock.set_next(time)
        with reverts(errors.CeremonyStepInvalid, election=committee.election, step=step):
            register(index=2, of=2)


def test_registerKey_reverts_if_the_election_was_cancelled(
    errors, project, committee, elections, register, organiser
):
    elections.cancel(committee.election, ANY_HASH, sender=organiser)
    with reverts(project.Elections.ElectionWasCancelled, election=committee.election):
        register()


def test_registerKey_reverts_for_an_unknown_election(project, board, committee, outsider):
    key, proof = committee.key_message(1)
    for election in (0, committee.election + 1):
        with reverts(project.Elections.ElectionUnknown, election=election):
            board.registerKey(election, 1, key, proof, sender=outsider)


# commitDeal


def test_commitDeal_keeps_the_commitment(board, committee):
    committee.until(COMMITMENTS)
    receipt = committee.commit(3)
    commitment = deal_commitment(committee.context, 3, committee.deals[3])
    assert logs(receipt, board) == [
        log(
            board,
            "DealCommitted",
            election=committee.election,
            round=0,
            dealer=3,
            commitment=commitment,
        )
    ]
    assert board.dealRecordOf(committee.election, 3) == commitment
    assert board.ceremonyOf(committee.election).commitments == 0b100


def test_commitDeal_reverts_for_anybody_else(errors, board, committee, outsider):
    committee.until(COMMITMENTS)
    for dealer, sender in ((1, outsider), (2, committee.account(1))):
        with reverts(
            errors.TrusteeInvalid, election=committee.election, index=dealer, caller=sender
        ):
            board.commitDeal(committee.election, dealer, ANY_HASH, sender=sender)
    for dealer in (0, 4, 255):
        with reverts(errors.TrusteeKeyMissing, election=committee.election, index=dealer):
            board.commitDeal(committee.election, dealer, ANY_HASH, sender=outsider)


def test_commitDeal_reverts_without_a_key(errors, committee):
    committee.until(COMMITMENTS, keys=(1, 2))
    with reverts(errors.TrusteeKeyMissing, election=committee.election, index=3):
        committee.commit(3)


def test_commitDeal_reverts_if_the_dealer_committed(errors, committee):
    """Nobody takes a commitment back once others are seen."""
    committee.until(COMMITMENTS)
    committee.commit(1)
    with reverts(errors.DealCommittedBefore, election=committee.election, dealer=1):
        committee.commit(1, committee.deal(1, wrong_for=(2,)))


def test_commitDeal_reverts_out_of_time(errors, committee, clock):
    for j in committee.everybody:
        committee.register(j)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=KEYS):
        committee.commit(1)
    committee.wait_for(COMMITMENTS)
    committee.commit(1)
    clock.set_next(committee.schedule.commitments_until)
    committee.commit(2)
    committee.wait_for(DEALS)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=DEALS):
        committee.commit(3)


# postDeal


def test_postDeal_keeps_what_others_have_to_show(board, committee):
    committee.until(DEALS)
    receipt = committee.post(2)
    deal = committee.deals[2]
    assert logs(receipt, board) == [
        log(board, "DealPosted", election=committee.election, round=0, dealer=2, deal=deal)
    ]
    commitments = deal[COMMITMENTS_AT : COMMITMENTS_AT + 192]
    assert board.dealRecordOf(committee.election, 2) == keccak(
        deal_hash(deal) + keccak(commitments)
    )
    assert board.ceremonyOf(committee.election).deals == 0b010


def test_postDeal_reverts_for_anybody_else(errors, board, committee, outsider):
    committee.until(DEALS)
    for sender in (outsider, committee.account(2)):
        with reverts(errors.TrusteeInvalid, election=committee.election, index=1, caller=sender):
            board.postDeal(committee.election, 1, committee.deals[1], sender=sender)


def test_postDeal_reverts_for_another_deal_than_committed(errors, committee):
    committee.until(DEALS)
    committee.deals[1] = committee.deal(1, wrong_for=(2,))
    with reverts(errors.DealMismatch, election=committee.election, dealer=1):
        committee.post(1)


def test_postDeal_reverts_without_a_commitment(errors, committee):
    committee.until(DEALS, dealers=(1, 2))
    committee.deals[3] = committee.deal(3)
    with reverts(errors.DealMissing, election=committee.election, dealer=3):
        committee.post(3)


def test_postDeal_reverts_if_the_deal_was_posted(errors, committee):
    committee.until(DEALS)
    committee.post(1)
    with reverts(errors.DealPostedBefore, election=committee.election, dealer=1):
        committee.post(1)


def test_postDeal_reverts_out_of_time(errors, committee, clock):
    committee.until(COMMITMENTS)
    for i in committee.everybody:
        committee.commit(i)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=COMMITMENTS):
        committee.post(1)
    committee.wait_for(DEALS)
    committee.post(1)
    clock.set_next(committee.schedule.deals_until)
    committee.post(2)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=COMPLAINTS):
        clock.set_next(committee.schedule.deals_until + 1)
        committee.post(3)


def test_postDeal_reverts_for_a_copied_commitment(errors, board, committee):
    """Who repeats another's commitment cannot open it, not even by the other's deal."""
    committee.until(COMMITMENTS)
    committee.commit(1)
    copied = deal_commitment(committee.context, 1, committee.deals[1])
    board.commitDeal(committee.election, 2, copied, sender=committee.account(2))
    committee.wait_for(DEALS)
    committee.post(1)
    committee.deals[2] = committee.deals[1]
    with reverts(errors.DealMismatch, election=committee.election, dealer=2):
        committee.post(2)


def test_postDeal_reverts_for_a_copied_deal(errors, committee):
    """Even who knew another's deal in time cannot deal it as their own."""
    committee.until(COMMITMENTS)
    for i in committee.everybody:
        committee.commit(i, committee.deal(1))
    committee.wait_for(DEALS)
    committee.post(1)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=2):
        committee.post(2)


def test_postDeal_reverts_for_a_rogue_commitment(errors, committee, post):
    """C_0 is chosen by that of another, so that the key would be the dealer's alone."""
    committee.until(COMMITMENTS)
    deal = committee.deal(1)
    other = decode_point(committee.deal(2)[COMMITMENTS_AT : COMMITMENTS_AT + 96])
    rogue = encode_point(multiply_base(secret_of("mine")) - other)
    context = (committee.context, word(1), address_word(committee.account(1).address))
    proof = forged_proof("deal-secret", context, secret_of("mine"), rogue)
    deal = replaced(replaced(deal, COMMITMENTS_AT, rogue), SECRET_PROOF_AT, proof)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        post(deal)


@pytest.mark.parametrize("place", [R_AT, PAD_PROOF_AT, SECRET_PROOF_AT, COMMITMENTS_AT])
def test_postDeal_reverts_for_another_statement(errors, committee, post, place):
    committee.until(COMMITMENTS)
    other = encode_point(multiply_base(secret_of("other")))
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        post(replaced(committee.deal(1), place, other))


def test_postDeal_reverts_if_the_proofs_are_swapped(errors, committee, post):
    """Each proof has a tag: one of the pad's key says nothing of the secret."""
    committee.until(COMMITMENTS)
    context = (committee.context, word(1), address_word(committee.account(1).address))
    x, deal = secret_of("same"), committee.deal(1)
    X, nonces = multiply_base(x), nonces_of("swap")
    pad = prove_knowledge("deal-pad", context, x, X, nonces).encode()
    secret = prove_knowledge("deal-secret", context, x, X, nonces).encode()
    deal = replaced(replaced(deal, R_AT, encode_point(X)), COMMITMENTS_AT, encode_point(X))
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        post(replaced(deal, PAD_PROOF_AT, secret + pad))


def test_postDeal_reverts_if_errors_of_two_proofs_cancel_out(errors, committee, post):
    """One too much in one z and one too little in the other: each equation has its own weight."""
    committee.until(COMMITMENTS)
    deal = committee.deal(1)
    for place, by in ((PAD_PROOF_AT + 96, 1), (SECRET_PROOF_AT + 96, ORDER - 1)):
        z = int.from_bytes(deal[place : place + 32])
        deal = with_scalar(deal, place, (z + by) % ORDER)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        post(deal)


@pytest.mark.parametrize("election_after", [0, 1])
def test_postDeal_reverts_for_a_deal_of_elsewhere(errors, committee, post, board, election_after):
    committee.until(COMMITMENTS)
    context = ceremony_context(
        chain_id=committee.chain_id,
        board=board.address,
        election=committee.election + election_after,
        round=1 - election_after,
    )
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        post(committee.deal(1, context=context))


@pytest.mark.parametrize("point", NO_POINTS.values(), ids=NO_POINTS)
@pytest.mark.parametrize("place", [R_AT, COMMITMENTS_AT, COMMITMENTS_AT + 96])
def test_postDeal_reverts_for_what_is_no_point(errors, committee, post, place, point):
    """Also of a commitment that no proof is about."""
    committee.until(COMMITMENTS)
    with reverts(errors.PointsInvalid):
        post(replaced(committee.deal(1), place, point))


def test_postDeal_reverts_for_a_commitment_off_by_a_small_point(errors, committee, post):
    """The cofactor is divisible by 3: such a sum would have many forms."""
    committee.until(COMMITMENTS)
    deal = committee.deal(1)
    small = G1Point.from_xy_bytes_unchecked_be(OUTSIDE_SUBGROUP)
    last = decode_point(deal[COMMITMENTS_AT + 96 : COMMITMENTS_AT + 192])
    moved = bytes((last + small).to_xy_bytes_be())
    with reverts(errors.PointsInvalid):
        post(replaced(deal, COMMITMENTS_AT + 96, moved))


@pytest.mark.parametrize("place", [R_AT, SECRET_PROOF_AT, COMMITMENTS_AT, COMMITMENTS_AT + 96])
def test_postDeal_reverts_for_infinity(errors, committee, post, place):
    committee.until(COMMITMENTS)
    with reverts(errors.PointInfinite):
        post(replaced(committee.deal(1), place, INFINITY))


def test_postDeal_reverts_for_scalars_that_are_not_reduced(errors, committee, post, chain):
    committee.until(COMMITMENTS)
    deal = committee.deal(1)
    for place in (PAD_PROOF_AT + 96, SECRET_PROOF_AT + 96, committee.share_place(3)):
        scalar = int.from_bytes(deal[place : place + 32]) + ORDER
        with chain.isolate(), reverts(errors.ScalarInvalid, scalar=scalar):
            post(with_scalar(deal, place, scalar))


def test_postDeal_reverts_for_other_lengths(errors, committee, post, chain):
    committee.until(COMMITMENTS)
    deal = committee.deal(1)
    for length in (1, len(deal) - 1, len(deal) + 1, len(deal) - 32):
        with (
            chain.isolate(),
            reverts(errors.DealLengthInvalid, length=length, expected=len(deal)),
        ):
            post((deal + b"\0")[:length])


def test_postDeal_reverts_for_a_share_that_nobody_can_hide(errors, committee):
    committee.until(COMMITMENTS, keys=(1, 2))
    deal = committee.deal(1)
    place = committee.share_place(3)
    assert deal[place : place + 32] == NOTHING
    committee.commit(1, with_scalar(deal, place, 1))
    committee.commit(2)
    committee.wait_for(DEALS)
    committee.post(2)
    with reverts(errors.DealShareUnexpected, election=committee.election, dealer=1, index=3):
        committee.post(1)


# complain


def test_complain_excludes_who_dealt_a_wrong_share(board, accused):
    receipt = accused.complain(2, 1)
    complaint = accused.complaint(2, 1)
    assert logs(receipt, board) == [
        log(
            board,
            "ComplaintJudged",
            election=accused.election,
            round=0,
            index=2,
            dealer=1,
            excluded=1,
            complaint=complaint,
        )
    ]
    assert board.ceremonyOf(accused.election).deals == 0b110
    assert judge(accused.read(1), 2, decode_point(accused.key(2)), complaint) == Liar.DEALER


def test_complain_excludes_who_complains_without_reason(board, accused):
    receipt = accused.complain(2, 3)
    [judged] = logs(receipt, board)
    assert (judged.fields["dealer"], judged.fields["excluded"]) == (3, 2)
    assert board.ceremonyOf(accused.election).deals == 0b101
    complaint = accused.complaint(2, 3)
    assert judge(accused.read(3), 2, decode_point(accused.key(2)), complaint) == Liar.COMPLAINER


def test_complain_without_reason_costs_nothing_else_who_dealt_nothing(board, committee):
    committee.until(COMPLAINTS, deals=(1, 3))
    receipt = committee.complain(2, 3)
    assert logs(receipt, board)[0].fields["excluded"] == 2
    assert board.ceremonyOf(committee.election).deals == 0b101


def test_complain_about_the_own_deal_takes_it_back(board, accused):
    """A last mover may withhold a deal as well: that chooses among keys, and learns none."""
    accused.complain(2, 2)
    assert board.ceremonyOf(accused.election).deals == 0b101


def test_complain_without_reason_cannot_name_a_defect(errors, accused):
    """Trustee 2 claims that the right share of dealer 3 is wrong."""
    complaint = accused.complaint(2, 3)
    assert complaint[DEFECT_AT:] == INFINITY
    wrong = replaced(complaint, DEFECT_AT, encode_point(multiply_base(1)))
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=3):
        accused.board.complain(
            accused.election,
            2,
            3,
            accused.key(2),
            accused.deals[3],
            wrong,
            sender=accused.account(2),
        )


def test_complain_with_reason_cannot_hide_the_defect(errors, accused, complain):
    wrong = replaced(accused.complaint(2, 1), DEFECT_AT, INFINITY)
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=1):
        complain(accused, wrong)


def test_complain_cannot_uncover_by_another_secret(errors, accused, complain):
    """A false S would uncover a false share of an honest dealer: its proof does not hold."""
    deal = accused.read(3)
    S = multiply(deal.R, accused.secret(2) + 1)
    bases = (multiply_base(accused.secret(2)), deal.R, S)
    context = (accused.context, word(3), word(2))
    proof = prove_equality("complaint", context, accused.secret(2), bases, nonces_of("S"))
    complaint = encode_point(S) + proof.encode() + defect_of(deal, 2, S)
    with pytest.raises(ComplaintRefused):
        judge(deal, 2, decode_point(accused.key(2)), complaint)
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=3):
        accused.board.complain(
            accused.election,
            2,
            3,
            accused.key(2),
            accused.deals[3],
            complaint,
            sender=accused.account(2),
        )


def accuse(committee, j, i, *, shift=0, is_weak=False):
    """A complaint of trustee j about dealer i, forged.

    Args:
        shift: What the first commitment is too large by, and the second too small.
        is_weak: The challenge leaves S out, and S is chosen by it.
    """
    deal, e = committee.read(i), committee.secret(j)
    w = secret_of("w")
    S = multiply(deal.R, e)
    A1 = multiply_base(w + shift)
    A2 = multiply(deal.R, w) - multiply_base(shift)
    if is_weak:
        A2 = multiply_base(secret_of("any"))
    parts = [committee.context, word(i), word(j), committee.key(j), encode_point(deal.R)]
    if not is_weak:
        parts.append(encode_point(S))
    c = challenge_of("complaint", *parts, encode_point(A1), encode_point(A2))
    z = (w + c * e) % ORDER
    if is_weak:
        S = multiply(multiply(deal.R, z) - A2, pow(c, -1, ORDER))
    head = b"".join(map(encode_point, (S, A1, A2))) + encode_scalar(z)
    return head + defect_of(deal, j, S)


def test_complain_refuses_a_proof_whose_errors_cancel_out(errors, accused, complain):
    """Each of the two equations has a weight of its own."""
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=1):
        complain(accused, accuse(accused, 2, 1, shift=5))
    complain(accused, accuse(accused, 2, 1))


def test_complain_takes_no_secret_that_was_chosen_after_the_challenge(errors, accused, complain):
    """Weak Fiat-Shamir: were S not hashed, an honest dealer could be accused."""
    forged = accuse(accused, 2, 3, is_weak=True)
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=3):
        complain(accused, forged, dealer=3, deal=accused.deals[3])


def test_complain_takes_no_defect_that_was_chosen_after_the_weights(errors, accused, complain):
    """Were the defect not a part of what the weights come from, it could make up for a false S."""
    deal, e, w = accused.read(3), accused.secret(2), secret_of("w")
    S = multiply_base(secret_of("false"))
    A1, A2 = multiply_base(w), multiply(deal.R, w)
    points = [accused.key(2), *map(encode_point, (deal.R, S, A1, A2))]
    c = challenge_of("complaint", accused.context, word(3), word(2), *points)
    z = (w + c * e) % ORDER
    head = b"".join(map(encode_point, (S, A1, A2))) + encode_scalar(z)
    error = multiply(deal.R, z) - A2 - multiply(S, c)
    for seen in (head, head + INFINITY):
        weights = keccak(word(c) + accused.record(3) + keccak(seen))
        weight = int.from_bytes(weights[16:])
        true = decode_point(defect_of(deal, 2, S))
        defect = encode_point(true + multiply(error, weight))
        with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=3):
            complain(accused, head + defect, dealer=3, deal=accused.deals[3])


@pytest.mark.parametrize("place", [S_AT, A1_AT, A2_AT, DEFECT_AT])
def test_complain_reverts_for_another_point(errors, accused, complain, place):
    other = encode_point(multiply_base(secret_of("other")))
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=1):
        complain(accused, replaced(accused.complaint(2, 1), place, other))


def test_complain_reverts_for_another_response(errors, accused, complain):
    complaint = accused.complaint(2, 1)
    z = int.from_bytes(complaint[Z_AT : Z_AT + 32])
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=1):
        complain(accused, with_scalar(complaint, Z_AT, (z + 1) % ORDER))
    with reverts(errors.ScalarInvalid, scalar=z + ORDER):
        complain(accused, with_scalar(complaint, Z_AT, z + ORDER))


@pytest.mark.parametrize("point", NO_POINTS.values(), ids=NO_POINTS)
@pytest.mark.parametrize("place", [S_AT, A1_AT, A2_AT])
def test_complain_reverts_for_what_is_no_point(errors, accused, complain, place, point):
    with reverts(errors.PointsInvalid):
        complain(accused, replaced(accused.complaint(2, 1), place, point))


@pytest.mark.parametrize("place", [S_AT, A1_AT, A2_AT])
def test_complain_reverts_for_infinity(errors, accused, complain, place):
    with reverts(errors.PointInfinite):
        complain(accused, replaced(accused.complaint(2, 1), place, INFINITY))


def test_complain_is_for_the_trustee_alone(errors, accused, complain, outsider):
    """Nobody gets a trustee excluded by a complaint in its name."""
    for sender in (outsider, accused.account(3)):
        with reverts(errors.TrusteeInvalid, election=accused.election, index=2, caller=sender):
            complain(accused, sender=sender)


def test_complain_of_another_trustee_cannot_be_repeated(errors, accused, complain):
    with reverts(errors.ComplaintInvalid, election=accused.election, index=3, dealer=1):
        complain(accused, index=3)


def test_complain_about_another_dealer_cannot_be_repeated(errors, accused, complain):
    with reverts(errors.ComplaintInvalid, election=accused.election, index=2, dealer=3):
        complain(accused, dealer=3, deal=accused.deals[3])


def test_complain_reverts_for_another_key_or_deal(errors, accused, complain):
    with reverts(errors.TrusteeKeyMismatch, election=accused.election, index=2):
        complain(accused, key=accused.key(3))
    for wrong in (accused.deals[3], accused.deal(1)):
        with reverts(errors.DealMismatch, election=accused.election, dealer=1):
            complain(accused, deal=wrong)


def test_complain_reverts_about_a_deal_that_does_not_count(errors, accused, complain):
    for dealer in (0, 4, 16, 17, 255):
        with reverts(errors.DealMissing, election=accused.election, dealer=dealer):
            complain(accused, dealer=dealer)
    complain(accused)
    with reverts(errors.DealMissing, election=accused.election, dealer=1):
        complain(accused)


def test_complain_reverts_for_other_lengths(errors, accused, complain):
    complaint, deal = accused.complaint(2, 1), accused.deals[1]
    for length in (0, len(complaint) - 1, len(complaint) + 1):
        with reverts(errors.ComplaintLengthInvalid, length=length):
            complain(accused, (complaint + b"\0")[:length])
    for length in (0, len(deal) - 32, len(deal) + 1):
        with reverts(errors.DealLengthInvalid, length=length, expected=len(deal)):
            complain(accused, deal=(deal + b"\0")[:length])


def test_complain_reverts_out_of_time(errors, committee, complain, clock):
    committee.until(DEALS, wrong={1: (2,)})
    for i in committee.everybody:
        committee.post(i)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=DEALS):
        complain(committee)
    clock.set_next(committee.schedule.complaints_until + 1)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=FINALISATION):
        complain(committee)


def test_complain_in_the_last_second_counts(committee, complain, clock, board):
    committee.until(COMPLAINTS, wrong={1: (2,)})
    clock.set_next(committee.schedule.complaints_until)
    complain(committee)
    assert board.ceremonyOf(committee.election).deals == 0b110


# finalise


@pytest.mark.parametrize(("size", "threshold"), [(1, 1), (3, 2), (4, 4), (5, 3), (9, 5), (7, 1)])
def test_finalise_makes_the_key_and_what_shares_are_checked_by(elect, board, size, threshold):
    committee = elect(size, threshold).until(FINALISATION)
    receipt = committee.finalise()
    joint = committee.joint()
    assert board.keyOf(committee.election) == encode_point(joint.K)
    for j in committee.everybody:
        assert board.verificationKeyOf(committee.election, j) == encode_point(joint.Y[j])
    assert logs(receipt, board) == [
        log(
            board,
            "CeremonyFinalised",
            election=committee.election,
            round=0,
            dealers=2**size - 1,
            key=encode_point(joint.K),
        )
    ]
    assert board.isFinal(committee.election)
    assert board.stepOf(committee.election) == FINAL


def test_finalise_writes_fifteen_trustees_keys(board, elect):
    committee = elect(15, 15).until(FINALISATION)
    committee.finalise()
    joint = committee.joint()
    assert [board.verificationKeyOf(committee.election, j) for j in committee.everybody] == [
        encode_point(joint.Y[j]) for j in committee.everybody
    ]


def test_finalise_keeps_the_keys_as_code(board, committee, chain):
    committee.until(FINALISATION).finalise()
    joint = committee.joint()
    code = chain.provider.get_code(board.keyCodeOf(committee.election))
    keys = [joint.K, *(joint.Y[j] for j in committee.everybody)]
    assert bytes(code) == b"\0" + b"".join(map(encode_point, keys))


def test_finalise_leaves_out_who_was_excluded(board, accused):
    accused.complain(2, 1)
    accused.wait_for(FINALISATION)
    receipt = accused.finalise(2, 3)
    joint = accused.joint(2, 3)
    assert board.keyOf(accused.election) == encode_point(joint.K)
    # Whoever was excluded as a dealer holds a share of the others' key.
    assert board.verificationKeyOf(accused.election, 1) == encode_point(joint.Y[1])
    [finalised] = logs(receipt, board)
    assert finalised.fields["dealers"] == 0b110


def test_finalise_takes_no_deal_of_who_was_excluded(errors, accused):
    accused.complain(2, 1)
    accused.wait_for(FINALISATION)
    size = 2 * (2 * 96 + 32)
    with reverts(errors.DealLengthInvalid, length=size // 2 * 3, expected=size):
        accused.finalise(1, 2, 3)
    with reverts(errors.DealMismatch, election=accused.election, dealer=2):
        accused.finalise(1, 3)


def test_finalise_takes_no_deal_of_who_kept_silent(board, committee):
    committee.until(FINALISATION, deals=(1, 3))
    committee.finalise(1, 3)
    joint = committee.joint(1, 3)
    assert board.keyOf(committee.election) == encode_point(joint.K)
    assert board.verificationKeyOf(committee.election, 2) == encode_point(joint.Y[2])


def test_finalise_reverts_for_other_deals(errors, board, committee, bystander):
    committee.until(FINALISATION)
    given = committee.final_deals(1, 2, 3)
    size = len(given) // 3
    wrong = {
        1: replaced(given, 0, given[size : size + 96]),  # another commitment
        2: given[: 2 * size - 1] + b"\0" + given[2 * size :],  # another hash
        3: given[: 2 * size] + given[:size],  # another's deal
    }
    for dealer, deals in wrong.items():
        with reverts(errors.DealMismatch, election=committee.election, dealer=dealer):
            board.finalise(committee.election, deals, sender=bystander)
    with reverts(errors.DealMismatch, election=committee.election, dealer=1):
        board.finalise(committee.election, committee.final_deals(2, 1, 3), sender=bystander)
    for length in (0, 2 * size, 3 * size - 1, 3 * size + 1):
        with reverts(errors.DealLengthInvalid, length=length, expected=3 * size):
            board.finalise(committee.election, (given + b"\0")[:length], sender=bystander)
    board.finalise(committee.election, given, sender=bystander)


def test_finalise_reverts_before_the_complaints_are_heard(errors, committee, clock):
    committee.until(COMPLAINTS)
    clock.set_next(committee.schedule.complaints_until)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=COMPLAINTS):
        committee.finalise()
    clock.set_next(committee.schedule.complaints_until + 1)
    committee.finalise()


def test_finalise_reverts_once_the_election_should_have_opened(errors, board, committee, clock):
    committee.until(FINALISATION)
    clock.set_next(committee.schedule.opens_at)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=FAILED):
        committee.finalise()
    with reverts(errors.CeremonyNotFinal, election=committee.election):
        board.keyOf.transact(committee.election, sender=committee.account(1))


def test_finalise_works_in_the_last_second_before_the_election_opens(board, committee, clock):
    committee.until(FINALISATION)
    clock.set_next(committee.schedule.opens_at - 1)
    committee.finalise()
    clock.set(committee.schedule.opens_at)
    assert board.stepOf(committee.election) == FINAL


def test_finalise_happens_once(errors, committee):
    committee.until(FINALISATION).finalise()
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=FINAL):
        committee.finalise()
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=FINAL):
        committee.board.restart(committee.election, sender=committee.account(1))


# restart


@pytest.mark.parametrize(
    ("done", "step"),
    [
        ({"keys": (2,)}, COMMITMENTS),
        ({"dealers": (1,)}, DEALS),
        ({"deals": (3,)}, COMPLAINTS),
    ],
    ids=["keys", "commitments", "deals"],
)
def test_restart_begins_a_round_if_too_few_are_left(board, committee, bystander, done, step):
    committee.until(min(step, FINALISATION), **done)
    assert board.stepOf(committee.election) == SHORT
    receipt = committee.restart(bystander)
    assert board.stepOf(committee.election) == KEYS
    state = board.ceremonyOf(committee.election)
    assert (state.round, state.keys, state.commitments, state.deals) == (1, 0, 0, 0)
    begun = receipt.timestamp
    assert committee.windows() == tuple(begun + STEP * n for n in (1, 2, 3, 4))
    assert logs(receipt, board) == [
        log(
            board,
            "CeremonyRestarted",
            election=committee.election,
            round=1,
            complaintsUntil=begun + 4 * STEP,
        )
    ]


def test_restart_begins_a_round_if_exclusions_leave_too_few(board, committee, bystander):
    committee.until(COMPLAINTS, wrong={1: (2,), 3: (2,)})
    committee.complain(2, 1)
    assert board.stepOf(committee.election) == COMPLAINTS
    committee.complain(2, 3)
    assert board.stepOf(committee.election) == SHORT
    committee.restart(bystander)
    committee.until(FINALISATION)
    committee.finalise()
    assert board.keyOf(committee.election) == encode_point(committee.joint().K)
    assert board.roundOf(committee.election) == 1


def test_restart_leaves_nothing_of_the_round_before(errors, board, committee, bystander):
    committee.until(COMPLAINTS, deals=(1,))
    old = committee.key_message(1)
    old_deal = committee.deals[1]
    committee.restart(bystander)
    assert board.trusteeKeyHashOf(committee.election, 1) == NOTHING
    assert board.dealRecordOf(committee.election, 1) == NOTHING
    assert board.contextOf(committee.election) == committee.context
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        board.registerKey(committee.election, 1, *old, sender=committee.account(1))
    committee.until(COMMITMENTS)
    committee.commit(1, old_deal)
    committee.commit(2)
    committee.wait_for(DEALS)
    with reverts(errors.KnowledgeProofInvalid, election=committee.election, index=1):
        committee.post(1)


def test_restart_reverts_while_enough_are_left(errors, board, committee, bystander):
    for step, act in (
        (KEYS, lambda: None),
        (COMMITMENTS, lambda: committee.until(COMMITMENTS)),
    ):
        act()
        with reverts(errors.CeremonyStepInvalid, election=committee.election, step=step):
            board.restart(committee.election, sender=bystander)
    for i in (1, 2):
        committee.commit(i)
    committee.wait_for(DEALS)
    for i in (1, 2):
        committee.post(i)
    for step in (COMPLAINTS, FINALISATION):
        committee.wait_for(step)
        with reverts(errors.CeremonyStepInvalid, election=committee.election, step=step):
            board.restart(committee.election, sender=bystander)


def test_restart_reverts_if_the_round_would_end_too_late(errors, board, elect, clock, bystander):
    now = clock.now
    steps = [now + STEP * n for n in (1, 2, 3, 4, 4)]
    committee = elect(schedule=Schedule(*steps, now + 6 * STEP, now + 7 * STEP, now + 8 * STEP))
    opens = committee.schedule.opens_at
    late = opens - 4 * STEP
    clock.set_next(late)
    with reverts(
        errors.CeremonyRestartLate, election=committee.election, until=opens, opensAt=opens
    ):
        board.restart(committee.election, sender=bystander)


def test_restart_reverts_once_the_election_should_have_opened(
    errors, board, committee, clock, bystander
):
    clock.set_next(committee.schedule.opens_at)
    with reverts(errors.CeremonyStepInvalid, election=committee.election, step=FAILED):
        board.restart(committee.election, sender=bystander)


# views


def test_keys_are_unknown_until_the_end(errors, board, committee, bystander):
    election = committee.until(FINALISATION).election
    for view, arguments in (
        (board.keyOf, ()),
        (board.verificationKeyOf, (1,)),
        (board.keyCodeOf, ()),
    ):
        with reverts(errors.CeremonyNotFinal, election=election):
            view.transact(election, *arguments, sender=bystander)
    assert board.isFinal(election) is False


def test_verificationKeyOf_knows_the_trustees_alone(errors, board, committee, bystander):
    committee.until(FINALISATION).finalise()
    for index in (0, 4, 255):
        with reverts(
            errors.TrusteeInvalid, election=committee.election, index=index, caller=bystander
        ):
            board.verificationKeyOf.transact(committee.election, index, sender=bystander)


def test_the_ceremony_says_where_it_is(board, committee, elections):
    assert board.ELECTIONS() == elections.address
    assert board.contextOf(committee.election) == committee.context
    state = board.ceremonyOf(committee.election)
    assert (state.step, state.round, state.keys) == (KEYS, 0, 0)
    assert committee.windows() == tuple(committee.schedule)[:4]
    for step in (COMMITMENTS, DEALS, COMPLAINTS):
        {
            COMMITMENTS: lambda: [committee.register(j) for j in committee.everybody],
            DEALS: lambda: [committee.commit(j) for j in committee.everybody],
            COMPLAINTS: lambda: [committee.post(j) for j in committee.everybody],
        }[step]()
        committee.wait_for(step)
        assert board.stepOf(committee.election) == step


def test_two_elections_have_keys_of_their_own(board, elect):
    first, second = elect(), elect(2, 1)
    first.until(COMMITMENTS)
    assert board.ceremonyOf(second.election).keys == 0
    assert board.trusteeKeyHashOf(second.election, 1) == NOTHING

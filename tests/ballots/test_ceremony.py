"""The trustees' ceremony: keys, deals, complaints, the joint key, and every lie in it."""

import hashlib
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots import ceremony as steps
from crmdapp.ballots.ceremony import (
    Liar,
    complain,
    finalise,
    judge,
    key_message,
    new_key,
    open_share,
    read_key,
    trustee_secret,
)
from crmdapp.ballots.deal import (
    deal_bytes,
    deal_commitment,
    deal_hash,
    make_deal,
    read_deal,
)
from crmdapp.ballots.faults import (
    CeremonyIncomplete,
    ComplaintRefused,
    DealRefused,
    DealShareWrong,
    TrusteeKeyForeign,
    TrusteeKeyRefused,
)
from crmdapp.ballots.group import (
    ORDER,
    G,
    encode_point,
    encode_scalar,
    multiply,
    multiply_base,
)
from crmdapp.ballots.proofs import prove_knowledge
from crmdapp.ballots.sharing import interpolate
from crmdapp.ballots.transcripts import address_word, ceremony_context, keccak, word
from tests.ballots.voting import BAD_POINTS, BOX, NEIGHBOUR, VOTER, few, flipped, fresh, put

CEREMONY = ceremony_context(chain_id=31337, board=BOX, election=7, round=0)
OTHER_ROUND = ceremony_context(chain_id=31337, board=BOX, election=7, round=1)
HEAD = 96 + 128 + 128


def account(j):
    return "0x" + hashlib.sha256(bytes([j])).digest()[:20].hex()


class Trustees:
    """n trustees, t of whom decrypt; some may have no key."""

    def __init__(self, n, t, silent=()):
        self.n, self.t = n, t
        self.e = {j: new_key(CEREMONY, j, fresh()) for j in range(1, n + 1)}
        self.keys = [
            None
            if j in silent
            else read_key(CEREMONY, j, account(j), key_message(CEREMONY, j, account(j), e, fresh()))
            for j, e in self.e.items()
        ]
        self.posted = {i: self.make(i) for i in self.e if i not in silent}
        self.deals = {i: self.read(i, data) for i, data in self.posted.items()}

    def make(self, i):
        return make_deal(CEREMONY, i, account(i), self.t, self.keys, fresh())

    def read(self, i, data):
        return read_deal(CEREMONY, i, account(i), self.t, self.keys, data)

    def share_at(self, j):
        """Where the share of trustee j stands in a deal."""
        return HEAD + 96 * self.t + 32 * (j - 1)

    def spoil(self, i, j):
        """The deal of i with another share for j."""
        c = (self.deals[i].encrypted[j - 1] + 1) % ORDER
        return self.read(i, put(self.posted[i], self.share_at(j), encode_scalar(c)))


@pytest.fixture(scope="module")
def three():
    """Three trustees, two of whom decrypt."""
    return Trustees(3, 2)


# --------------------------------------------------------------------------- the whole


@pytest.mark.parametrize(("n", "t"), [(1, 1), (3, 2), (3, 3), (5, 3)])
def test_any_t_trustees_hold_the_joint_secret(n, t):
    trustees = Trustees(n, t)
    joint = finalise(list(trustees.deals.values()), t, n)
    deals = list(trustees.deals.values())
    x = {j: trustee_secret(deals, j, e, joint) for j, e in trustees.e.items()}
    assert all(multiply_base(x[j]) == joint.Y[j] for j in x)
    for held in combinations(x, t):
        assert multiply_base(interpolate({j: x[j] for j in held})) == joint.K
    assert joint.dealers == tuple(range(1, n + 1))


def test_fewer_than_t_hold_another_secret(three):
    deals = list(three.deals.values())
    joint = finalise(deals, 2, 3)
    x = trustee_secret(deals, 1, three.e[1], joint)
    assert multiply_base(interpolate({1: x})) != joint.K


def test_a_trustee_without_a_key_gets_no_share_and_the_others_go_on():
    trustees = Trustees(4, 2, silent=(2,))
    deals = list(trustees.deals.values())
    assert [deal.encrypted[1] for deal in deals] == [0, 0, 0]
    joint = finalise(deals, 2, 4)
    x = {j: trustee_secret(deals, j, trustees.e[j], joint) for j in (1, 3, 4)}
    for held in combinations(x, 2):
        assert multiply_base(interpolate({j: x[j] for j in held})) == joint.K


def test_an_excluded_dealer_keeps_its_shares(three):
    left = [three.deals[2], three.deals[3]]
    joint = finalise(left, 2, 3)
    x = {j: trustee_secret(left, j, three.e[j], joint) for j in (1, 2)}
    assert multiply_base(interpolate(x)) == joint.K
    assert joint.dealers == (2, 3)


def test_deals_that_do_not_count_are_passed_over(three):
    left = [three.deals[2], three.deals[3]]
    joint = finalise(left, 2, 3)
    everything = list(three.deals.values())
    assert trustee_secret(everything, 1, three.e[1], joint) == trustee_secret(
        left, 1, three.e[1], joint
    )


def test_the_order_of_deals_does_not_matter(three):
    deals = list(three.deals.values())
    assert finalise(deals, 2, 3) == finalise(deals[::-1], 2, 3)


# --------------------------------------------------------------------------- keys


def test_a_key_counts_for_one_trustee_in_one_round():
    message = key_message(CEREMONY, 1, VOTER, 77, fresh())
    assert read_key(CEREMONY, 1, VOTER, message) == multiply_base(77)
    for ceremony, j, trustee in (
        (OTHER_ROUND, 1, VOTER),
        (CEREMONY, 2, VOTER),
        (CEREMONY, 1, NEIGHBOUR),
    ):
        with pytest.raises(TrusteeKeyRefused, match="does not hold") as refused:
            read_key(ceremony, j, trustee, message)
        assert refused.value.trustee == j


def test_every_piece_of_a_key_message_counts():
    message = key_message(CEREMONY, 1, VOTER, 77, fresh())
    for at, piece in ((0, encode_point(G)), (96, encode_point(G)), (192, bytes(32))):
        with pytest.raises(TrusteeKeyRefused):
            read_key(CEREMONY, 1, VOTER, put(message, at, piece))
    for wrong in (message[:-1], message + b"\0"):
        with pytest.raises(TrusteeKeyRefused, match="has 224 bytes here"):
            read_key(CEREMONY, 1, VOTER, wrong)


@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_a_key_is_a_point_of_the_group(bad):
    message = key_message(CEREMONY, 1, VOTER, 77, fresh())
    for at in (0, 96):
        with pytest.raises(TrusteeKeyRefused):
            read_key(CEREMONY, 1, VOTER, put(message, at, bad))


def test_a_copied_key_is_refused(three):
    """Who copies another's key cannot prove to know its secret."""
    other = key_message(CEREMONY, 1, VOTER, 77, fresh())
    with pytest.raises(TrusteeKeyRefused):
        read_key(CEREMONY, 2, NEIGHBOUR, other)


# --------------------------------------------------------------------------- deals


@few(10)
@given(st.integers(1, 5), st.data())
def test_a_deal_has_one_length(n, data):
    t = data.draw(st.integers(1, n))
    trustees = Trustees(n, t)
    assert {len(each) for each in trustees.posted.values()} == {deal_bytes(t, n)}
    assert deal_bytes(t, n) == 352 + 96 * t + 32 * n


def test_a_deal_counts_for_one_dealer_in_one_round(three):
    data = three.posted[1]
    for ceremony, i, dealer in (
        (OTHER_ROUND, 1, account(1)),
        (CEREMONY, 2, account(1)),
        (CEREMONY, 1, account(2)),
    ):
        with pytest.raises(DealRefused, match="does not hold") as refused:
            read_deal(ceremony, i, dealer, 2, three.keys, data)
        assert refused.value.dealer == i


def test_the_proofs_of_a_deal_cannot_change_places(three):
    data = three.posted[1]
    with pytest.raises(DealRefused):
        three.read(1, put(data, 96, data[224:352]))


@pytest.mark.parametrize("at", [0, 96, 224, HEAD])
def test_every_proved_point_of_a_deal_counts(three, at):
    with pytest.raises(DealRefused):
        three.read(1, put(three.posted[1], at, encode_point(multiply_base(9))))


@pytest.mark.parametrize("at", [0, 96, 224, HEAD, HEAD + 96])
@pytest.mark.parametrize("bad", BAD_POINTS.values(), ids=BAD_POINTS)
def test_every_point_of_a_deal_is_one_of_the_group(three, at, bad):
    with pytest.raises(DealRefused):
        three.read(1, put(three.posted[1], at, bad))


@pytest.mark.parametrize("at", [192, 320, HEAD + 192, HEAD + 224])
def test_every_scalar_of_a_deal_has_one_form(three, at):
    value = int.from_bytes(three.posted[1][at : at + 32], "big")
    with pytest.raises(DealRefused, match="not below"):
        three.read(1, put(three.posted[1], at, (value + ORDER).to_bytes(32, "big")))


def test_a_deal_of_another_length_is_refused(three):
    for wrong in (three.posted[1][:-32], three.posted[1] + bytes(32), b""):
        with pytest.raises(DealRefused, match="A deal has 640 bytes here"):
            three.read(1, wrong)


def test_a_share_for_nobody_is_refused():
    trustees = Trustees(3, 2, silent=(2,))
    data = put(trustees.posted[1], trustees.share_at(2), bytes(31) + b"\x01")
    with pytest.raises(DealRefused, match="share for trustee 2, who has no key"):
        trustees.read(1, data)


@pytest.mark.parametrize(("i", "t"), [(0, 2), (4, 2), (1, 0), (1, 4)])
def test_a_deal_out_of_range_is_not_made(three, i, t):
    with pytest.raises(DealRefused, match="cannot share"):
        make_deal(CEREMONY, i, account(1), t, three.keys, fresh())


def test_a_commitment_binds_deal_dealer_and_round(three):
    data = three.posted[1]
    assert deal_commitment(CEREMONY, 1, data) == keccak(CEREMONY + word(1) + deal_hash(data))
    others = {
        deal_commitment(OTHER_ROUND, 1, data),
        deal_commitment(CEREMONY, 2, data),
        deal_commitment(CEREMONY, 1, flipped(data, 0)),
    }
    assert deal_commitment(CEREMONY, 1, data) not in others
    assert len(others) == 3


def test_a_rogue_deal_that_cancels_the_others_is_refused(three):
    """C_0 = X - (the others' C_0) would give K = X, but nobody knows its logarithm."""
    x = 4242
    C0 = multiply_base(x) - three.deals[1].C[0] - three.deals[2].C[0]
    context = (CEREMONY, word(3), address_word(account(3)))
    data = put(three.posted[3], HEAD, encode_point(C0))
    proof = prove_knowledge("deal-secret", context, x, C0, fresh()).encode()
    with pytest.raises(DealRefused, match="'deal-secret' does not hold"):
        three.read(3, put(data, 224, proof))


def test_two_deals_of_one_dealer_share_nothing(three):
    one, other = three.posted[1], three.make(1)
    for at in range(0, len(one), 32):
        assert one[at : at + 32] != other[at : at + 32]


# --------------------------------------------------------------------------- complaints


def test_a_bad_share_is_found_and_proved(three):
    spoiled = three.spoil(1, 3)
    with pytest.raises(DealShareWrong) as wrong:
        open_share(spoiled, 3, three.e[3])
    assert (wrong.value.dealer, wrong.value.trustee) == (1, 3)
    complaint = complain(spoiled, 3, three.e[3], fresh())
    assert judge(spoiled, 3, three.keys[2], complaint) is Liar.DEALER
    open_share(spoiled, 2, three.e[2])


def test_a_false_complaint_shows_its_maker(three):
    complaint = complain(three.deals[1], 3, three.e[3], fresh())
    assert complaint[-96:] == bytes(96)
    assert judge(three.deals[1], 3, three.keys[2], complaint) is Liar.COMPLAINER


def test_a_complaint_cannot_name_another_secret_point(three):
    """With another S a true share would look wrong: the proof ties S to E_j and R_i."""
    deal, E = three.deals[1], three.keys[2]
    for e in (three.e[2], three.e[3] + 1):
        complaint = complain(deal, 3, e, fresh())
        with pytest.raises(ComplaintRefused, match="does not hold") as refused:
            judge(deal, 3, E, complaint)
        assert (refused.value.dealer, refused.value.trustee) == (1, 3)
    moved = put(complain(deal, 3, three.e[3], fresh()), 0, encode_point(G))
    with pytest.raises(ComplaintRefused):
        judge(deal, 3, E, moved)


def test_a_complaint_counts_for_one_deal_one_trustee_one_round(three):
    spoiled = three.spoil(1, 3)
    complaint = complain(spoiled, 3, three.e[3], fresh())
    with pytest.raises(ComplaintRefused):
        judge(three.deals[2], 3, three.keys[2], complaint)
    with pytest.raises(ComplaintRefused):
        judge(spoiled, 2, three.keys[1], complaint)


@pytest.mark.parametrize("at", [0, 96, 192, 288, 320])
def test_every_piece_of_a_complaint_counts(three, at):
    spoiled = three.spoil(1, 3)
    complaint = complain(spoiled, 3, three.e[3], fresh())
    piece = bytes(32) if at == 288 else encode_point(multiply_base(3))
    with pytest.raises(ComplaintRefused):
        judge(spoiled, 3, three.keys[2], put(complaint, at, piece))


@pytest.mark.parametrize("spoil", [True, False])
def test_a_complaint_cannot_claim_another_defect(three, spoil):
    deal = three.spoil(1, 3) if spoil else three.deals[1]
    complaint = complain(deal, 3, three.e[3], fresh())
    claimed = bytes(96) if spoil else encode_point(G)
    with pytest.raises(ComplaintRefused, match="claims a wrong defect"):
        judge(deal, 3, three.keys[2], put(complaint, 320, claimed))


def test_a_complaint_of_another_length_is_refused(three):
    complaint = complain(three.deals[1], 3, three.e[3], fresh())
    for wrong in (complaint[:-1], complaint + b"\0", complaint[:320]):
        with pytest.raises(ComplaintRefused, match="has 416 bytes here"):
            judge(three.deals[1], 3, three.keys[2], wrong)


def test_a_share_is_hidden_from_the_others(three):
    deal = three.deals[1]
    true = open_share(deal, 3, three.e[3])
    assert deal.encrypted[2] != true
    with pytest.raises(DealShareWrong):
        open_share(deal, 3, three.e[2])


# --------------------------------------------------------------------------- the joint key


def test_too_few_deals_make_no_key(three):
    with pytest.raises(CeremonyIncomplete, match="1 valid deals are left, 2 are needed") as short:
        finalise([three.deals[1]], 2, 3)
    assert (short.value.left, short.value.needed) == (1, 2)


def test_one_deal_does_not_count_twice(three):
    with pytest.raises(CeremonyIncomplete):
        finalise([three.deals[1], three.deals[1]], 2, 3)


def test_deals_that_cancel_out_make_no_key(three, monkeypatch):
    first = three.deals[1]
    mirrored = type(first)(
        first.ceremony, 2, first.R, tuple(multiply(C, -1) for C in first.C), first.encrypted
    )
    with pytest.raises(CeremonyIncomplete, match="infinity"):
        finalise([first, mirrored], 2, 3)


def test_a_foreign_key_is_named(three):
    deals = list(three.deals.values())
    joint = finalise(deals[:2], 2, 3)
    with pytest.raises(DealShareWrong):
        trustee_secret(deals, 1, three.e[2], joint)
    with pytest.raises(TrusteeKeyForeign, match="not that of trustee 1"):
        trustee_secret(deals[:1], 1, three.e[1], joint)


def test_the_tags_of_the_ceremony_differ():
    from crmdapp.ballots import deal

    tags = (steps.KEY_TAG, steps.COMPLAINT_TAG, deal.PAD_TAG, deal.SECRET_TAG, deal.SHARE_TAG)
    assert len(set(tags)) == 5

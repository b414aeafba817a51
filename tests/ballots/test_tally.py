"""Trustees decrypt sums of ballots, and a wrong count is refused."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pytest
from eth_utils import keccak
from py_arkworks_bls12381 import G1Point

from crmdapp.ballots.elgamal import Ciphertext
from crmdapp.ballots.group import (
    ORDER,
    decode_point,
    decode_settled_point,
    encode_point,
    multiply,
    multiply_base,
)
from crmdapp.ballots.grouping import group_precincts
from crmdapp.ballots.sharing import lagrange
from crmdapp.ballots.transcripts import address_word, word
from tests.ballots.trustees import *  # noqa: F403 - fixtures
from tests.ballots.trustees import (
    CHOICE,
    COMPLAINTS,
    FINALISATION,
    INFINITY,
    NO_POINTS,
    OUTSIDE_SUBGROUP,
    VECTOR,
    YES_NO,
    ChainTime,
    Committee,
    Guard,
    add_up,
    challenge_of,
    encrypted_sum,
    replaced,
    secret_of,
    with_scalar,
)
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

(
    UNKNOWN,
    KEY_CEREMONY,
    REGISTRATION,
    FROZEN,
    OPEN,
    CLOSED,
    TALLIED,
    CANCELLED,
    VOID,
) = range(9)  # Phase
TURNOUT, SHARES = 1, 2  # VoidGround
A1_AT, A2_AT, Z_AT, SHARE = 96, 192, 288, 320  # in a share
ONE_OF_THREE = (CHOICE, 3, 1, 1, 4)
APPROVAL = (VECTOR, 3, 0, 3, 0)
REASON = keccak(text="reason")


@dataclass
class Poll:
    """An election and its ballots, as sums.

    Attributes:
        votes: Of each question and precinct the ballots, and the votes for each option.
    """

    committee: Committee
    guard: Guard
    box: Any
    tally: Any
    clock: Any
    sender: Any
    questions: tuple[tuple[int, ...], ...]
    minimum: int
    votes: dict[int, list[tuple[int, list[int]]]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.committee.election

    @property
    def threshold(self) -> int:
        return self.committee.threshold

    def sums_per(self, question: int) -> int:
        kind, options, *_ = self.questions[question]
        return 1 if kind == CHOICE else options

    def exponent(self, question: int, counts: list[int], option: int) -> int:
        """What a sum of these votes holds."""
        kind, *_, bits = self.questions[question]
        if kind == VECTOR:
            return counts[option]
        return sum(count << bits * slot for slot, count in enumerate(counts[1:]))

    def sum_of(self, question: int, precinct: int, option: int) -> Ciphertext:
        """A precinct's."""
        counts = self.votes[question][precinct][1]
        exponent = self.exponent(question, counts, option)
        return encrypted_sum(self.guard.joint.K, exponent, question, precinct, option)

    def cast(self) -> "Poll":
        """Puts the ballots in the box."""
        for question, precincts in self.votes.items():
            for precinct, (ballots, _) in enumerate(precincts):
                if ballots == 0:
                    continue
                self.box.setCount(self.number, question, precinct, ballots, sender=self.sender)
                for option in range(self.sums_per(question)):
                    points = self.sum_of(question, precinct, option).encode()
                    words = [points[at : at + 32] for at in range(0, 192, 32)]
                    self.box.setSum(
                        self.number, question, precinct, option, words, sender=self.sender
                    )
        return self

    def groups(self, question: int) -> Any:
        """What the package makes of the precincts."""
        ballots = [ballots for ballots, _ in self.votes[question]]
        return group_precincts(ballots, self.minimum)

    def accumulator(self, question: int, group: int, option: int) -> Ciphertext:
        bounds = self.groups(question)[group]
        precincts = range(bounds.first_precinct, bounds.last_precinct + 1)
        return add_up(
            [
                self.sum_of(question, precinct, option)
                for precinct in precincts
                if self.votes[question][precinct][0]
            ]
        )

    def counts(self, question: int = 0, group: int = 0) -> list[int]:
        """The votes for each option in a group."""
        bounds = self.groups(question)[group]
        precincts = self.votes[question][bounds.first_precinct : bounds.last_precinct + 1]
        return [sum(column) for column in zip(*(counts for _, counts in precincts), strict=True)]

    def context(self, question: int = 0, group: int = 0, option: int = 0) -> bytes:
        ballots = self.groups(question)[group].ballots
        accumulator = self.accumulator(question, group, option)
        return self.guard.context(question, group, option, accumulator, ballots)

    def shares_of(self, j: int, question: int = 0, group: int = 0, secret: int | None = None):
        """What trustee j posts."""
        return b"".join(
            self.guard.share(
                j,
                self.context(question, group, option),
                self.accumulator(question, group, option),
                secret,
            )
            for option in range(self.sums_per(question))
        )

    def shares(self, trustees: Any, question: int = 0, group: int = 0) -> bytes:
        return b"".join(self.shares_of(j, question, group) for j in trustees)

    def decryptions(self, trustees: Any, question: int = 0, group: int = 0) -> bytes:
        shares = self.shares(trustees, question, group)
        return b"".join(shares[at : at + 96] for at in range(0, len(shares), SHARE))

    @cached_property
    def quorum(self) -> tuple[int, ...]:
        return tuple(range(1, self.threshold + 1))

    def close(self, question: int = 0) -> Any:
        return self.tally.close(self.number, question, sender=self.sender)

    def post(self, j: int, shares: bytes | None = None, question: int = 0, group: int = 0) -> Any:
        return self.tally.postShares(
            self.number,
            question,
            group,
            j,
            self.shares_of(j, question, group) if shares is None else shares,
            sender=self.sender,
        )

    def count(
        self,
        *,
        trustees: tuple[int, ...] | None = None,
        bits: int | None = None,
        shares: bytes | None = None,
        counts: list[int] | None = None,
        question: int = 0,
        group: int = 0,
        sender: Any = None,
    ) -> Any:
        """Tallies in one go, with whatever the test changes."""
        trustees = trustees or self.quorum
        return self.tally.tally(
            self.number,
            question,
            group,
            bits_of(trustees) if bits is None else bits,
            self.shares(trustees, question, group) if shares is None else shares,
            self.counts(question, group) if counts is None else counts,
            sender=sender or self.sender,
        )

    def count_posted(
        self,
        *,
        trustees: tuple[int, ...] | None = None,
        bits: int | None = None,
        decryptions: bytes | None = None,
        counts: list[int] | None = None,
        question: int = 0,
        group: int = 0,
    ) -> Any:
        trustees = trustees or self.quorum
        return self.tally.tallyPosted(
            self.number,
            question,
            group,
            bits_of(trustees) if bits is None else bits,
            self.decryptions(trustees, question, group) if decryptions is None else decryptions,
            self.counts(question, group) if counts is None else counts,
            sender=self.sender,
        )


def bits_of(trustees):
    """Bit j - 1 of trustee j."""
    return sum(1 << (j - 1) for j in trustees)


def forged_share(poll, j, *, shifts=(0, 0), option=0, x=None, D=None, is_weak=False):
    """A share of trustee j whose proof does not hold, unless nothing is changed.

    Args:
        shifts: What the commitments are too large by.
        x: What the proof says to be the secret; that of the trustee.
        D: What it says to be the decryption; the right one.
        is_weak: The challenge leaves D out, and D is chosen by it.
    """
    own, w = poll.guard.secret(j), secret_of("w", j)
    accumulator, context = poll.accumulator(0, 0, option), poll.context(0, 0, option)
    A = accumulator.alpha
    x = own if x is None else x
    D = multiply(A, own) if D is None else D
    A1 = multiply_base(w + shifts[0])
    A2 = multiply(A, w) + multiply_base(shifts[1])
    if is_weak:
        A2 = A2 + multiply_base(1)
    statement = [context, word(j), encode_point(multiply_base(own)), encode_point(A)]
    if not is_weak:
        statement.append(encode_point(D))
    c = challenge_of("decryption", *statement, encode_point(A1), encode_point(A2))
    z = (w + c * x) % ORDER
    if is_weak:
        D = multiply(multiply(A, z) - A2, pow(c, -1, ORDER))
    return b"".join(map(encode_point, (D, A1, A2))) + z.to_bytes(32)


@pytest.fixture(scope="module")
def box(project, accounts, elections, board):
    return project.BallotBoxMock.deploy(elections, board, sender=accounts[0])


@pytest.fixture(scope="module")
def tally(project, accounts, box):
    return project.Tally.deploy(box, sender=accounts[0])


@pytest.fixture(scope="module")
def hold(elect, accounts, box, tally, chain):
    """Holds an election up to its end: a yes-no question, unless it is told otherwise."""
    bystander, clock = accounts[19], ChainTime(chain)

    def hold_(
        *votes,
        questions=(YES_NO,),
        minimum=1,
        trustees=3,
        threshold=2,
        wrong=None,
        dealers=None,
    ):
        given = votes or ([(100, [70, 30])],)
        committee = elect(
            trustees,
            threshold,
            precincts=len(given[0]),
            minimum=minimum,
            questions=questions,
        )
        committee.until(COMPLAINTS, wrong=wrong)
        for i, (j, *_) in (wrong or {}).items():
            committee.complain(j, i)
        committee.wait_for(FINALISATION)
        dealers = tuple(i for i in committee.everybody if i not in (wrong or {}))
        committee.finalise(*dealers)
        box.setFrozen(committee.election, sender=bystander)
        box.setReady(committee.election, sender=bystander)
        poll = Poll(
            committee,
            Guard(committee, tally, dealers),
            box,
            tally,
            clock,
            bystander,
            questions,
            minimum,
            dict(enumerate(given)),
        ).cast()
        clock.set(committee.schedule.closes_at)
        return poll

    return hold_


@pytest.fixture(scope="module")
def poll(hold):
    """Of 100 voters, 30 say yes. It is held once: tests change the chain, not this."""
    poll = hold()
    poll.close()
    return poll


@pytest.fixture
def errors(project):
    return project.Tally


def place_of(poll, question=0, group=0):
    return {"election": poll.number, "question": question, "group": group}


# close


@pytest.mark.parametrize(
    ("ballots", "minimum", "ends"),
    [
        ([1], 1, 0b1),
        ([5, 5, 5], 5, 0b111),
        ([5, 5, 5], 6, 0b100),  # two of them, and the last joins
        ([3, 3, 6, 2, 9], 6, 0b10110),
        ([3, 3, 6, 2, 3], 6, 0b10010),  # 2 and 3 are left over
        ([0, 0, 7, 0, 0], 7, 0b10000),
        ([9, 0, 0, 0, 0], 9, 0b10000),
        ([0, 9, 9, 0, 9], 9, 0b10110),
        ([4, 4, 4, 4, 3], 20, None),
        ([0, 0], 1, None),
    ],
)
def test_close_forms_groups_of_neighbours(hold, box, tally, ballots, minimum, ends, errors):
    poll = hold([(n, [n, 0]) for n in ballots], minimum=minimum)
    receipt = poll.close()
    if ends is None:
        assert logs(receipt, tally) == [
            log(tally, "QuestionVoided", election=poll.number, question=0, ground=TURNOUT)
        ]
        assert tally.questionPhaseOf(poll.number, 0) == tally.phaseOf(poll.number) == VOID
        return
    assert logs(receipt, tally) == [
        log(
            tally,
            "QuestionClosed",
            election=poll.number,
            question=0,
            groupEnds=ends,
            ballots=sum(ballots),
        )
    ]
    groups = poll.groups(0)
    assert tally.groupCountOf(poll.number, 0) == len(groups) == bin(ends).count("1")
    for number, group in enumerate(groups):
        found = tally.groupOf(poll.number, 0, number)
        assert (found.firstPrecinct, found.lastPrecinct, found.ballots) == (
            group.first_precinct,
            group.last_precinct,
            group.ballots,
        )
    with reverts(errors.GroupUnknown, **place_of(poll, group=len(groups))):
        tally.groupOf.transact(poll.number, 0, len(groups), sender=poll.sender)


def test_close_takes_64_precincts(hold, tally):
    poll = hold([(1 + n % 3, [1, n % 3]) for n in range(64)], minimum=4)
    poll.close()
    groups = poll.groups(0)
    assert tally.groupCountOf(poll.number, 0) == len(groups)
    last = tally.groupOf(poll.number, 0, len(groups) - 1)
    assert (last.lastPrecinct, last.ballots) == (63, groups[-1].ballots)
    for group in (0, len(groups) - 1):
        poll.count(group=group)
        assert tally.countsOf(poll.number, 0, group) == poll.counts(0, group)


def test_close_closes_each_question_by_its_own_turnout(hold, tally):
    poll = hold(
        [(5, [5, 0]), (2, [1, 1])],
        [(1, [1, 0]), (0, [0, 0])],
        questions=(YES_NO, YES_NO),
        minimum=2,
    )
    poll.close(0)
    poll.close(1)
    assert tally.groupCountOf(poll.number, 0) == 2
    assert tally.questionPhaseOf(poll.number, 1) == VOID
    assert tally.phaseOf(poll.number) == CLOSED
    poll.count(group=0)
    poll.count(group=1)
    assert tally.phaseOf(poll.number) == TALLIED


def test_close_reverts_before_the_end(elect, box, tally, clock, errors, bystander):
    committee = elect().until(FINALISATION)
    committee.finalise()
    box.setReady(committee.election, sender=bystander)
    clock.set_next(committee.schedule.closes_at - 1)
    with reverts(errors.PhaseInvalid, election=committee.election, phase=OPEN):
        tally.close(committee.election, 0, sender=bystander)


def test_close_reverts_if_the_election_was_not_ready(elect, tally, clock, errors, bystander):
    committee = elect().until(FINALISATION)
    committee.finalise()
    clock.set(committee.schedule.closes_at)
    with reverts(errors.PhaseInvalid, election=committee.election, phase=CANCELLED):
        tally.close(committee.election, 0, sender=bystander)
    with reverts(errors.QuestionNotClosed, election=committee.election, question=0):
        tally.questionPhaseOf.transact(committee.election, 0, sender=bystander)


def test_close_happens_once(poll, hold, errors):
    with reverts(errors.QuestionClosedBefore, election=poll.number, question=0):
        poll.close()
    void = hold([(1, [1, 0])], minimum=2)
    void.close()
    with reverts(errors.QuestionClosedBefore, election=void.number, question=0):
        void.close()


def test_close_reverts_for_an_unknown_question(project, poll):
    with reverts(project.Elections.QuestionUnknown, election=poll.number, question=1):
        poll.close(1)
    with reverts(project.Elections.ElectionUnknown, election=poll.number + 1):
        poll.tally.close(poll.number + 1, 0, sender=poll.sender)


# tally


@pytest.mark.parametrize("trustees", [(1, 2), (1, 3), (2, 3)])
def test_tally_takes_any_quorum(poll, tally, trustees):
    receipt = poll.count(trustees=trustees)
    assert logs(receipt, tally) == [
        log(
            tally,
            "GroupTallied",
            election=poll.number,
            question=0,
            group=0,
            trustees=bits_of(trustees),
            counts=[70, 30],
        )
    ]
    assert tally.countsOf(poll.number, 0, 0) == [70, 30]
    assert tally.totalsOf(poll.number, 0) == [70, 30]
    assert tally.isTallied(poll.number, 0, 0)
    assert tally.phaseOf(poll.number) == TALLIED


@pytest.mark.parametrize(
    ("size", "threshold", "trustees"),
    [
        (1, 1, (1,)),
        (4, 1, (3,)),
        (5, 3, (2, 4, 5)),
        (9, 5, (1, 3, 5, 7, 9)),
        (15, 4, (1, 2, 14, 15)),
        (15, 8, (1, 3, 5, 7, 9, 11, 13, 15)),
        (15, 15, tuple(range(1, 16))),
    ],
)
def test_tally_interpolates(hold, tally, size, threshold, trustees):
    poll = hold(trustees=size, threshold=threshold)
    poll.close()
    poll.count(trustees=trustees)
    assert tally.countsOf(poll.number, 0, 0) == [70, 30]


def test_tally_takes_shares_of_who_was_excluded_as_a_dealer(hold, tally):
    """Dealer 1 dealt trustee 2 a wrong share; both decrypt, and the one is not missed."""
    poll = hold(wrong={1: (2,)})
    poll.close()
    poll.count(trustees=(1, 2))
    assert tally.countsOf(poll.number, 0, 0) == [70, 30]


def test_tally_takes_a_choice_of_many(hold, tally):
    votes = [3, 0, 5, 1, 0, 0, 2, 31, 0, 4]
    poll = hold([(sum(votes), votes)], questions=((CHOICE, 10, 1, 1, 6),))
    poll.close()
    poll.count()
    assert tally.countsOf(poll.number, 0, 0) == votes
    assert tally.totalsOf(poll.number, 0) == votes


@pytest.mark.parametrize(
    ("options", "bits"), [(2, 32), (32, 8), (8, 32)], ids=["2 of 32", "32 of 8", "8 of 32"]
)
def test_tally_takes_the_largest_sums(hold, tally, options, bits):
    most = 2**bits - 1
    votes = [0] * (options - 1) + [most]
    poll = hold([(most, votes)], questions=((CHOICE, options, 1, 1, bits),))
    poll.close()
    poll.count()
    assert tally.countsOf(poll.number, 0, 0) == votes


def test_tally_takes_a_vector(hold, tally):
    poll = hold([(9, [9, 0, 4])], questions=(APPROVAL,))
    poll.close()
    poll.count(trustees=(1, 3))
    assert tally.countsOf(poll.number, 0, 0) == [9, 0, 4]


def test_tally_takes_a_vector_of_32(hold, tally):
    votes = [n % 8 for n in range(32)]
    poll = hold([(7, votes)], questions=((VECTOR, 32, 1, 32, 0),))
    poll.close()
    poll.count()
    assert tally.countsOf(poll.number, 0, 0) == votes


def test_tally_adds_up_the_precincts_of_a_group(hold, tally):
    poll = hold([(2, [2, 0]), (0, [0, 0]), (3, [1, 2]), (9, [4, 5]), (1, [0, 1])], minimum=5)
    poll.close()
    for group in (1, 0):
        poll.count(group=group)
    assert tally.countsOf(poll.number, 0, 0) == [3, 2]
    assert tally.countsOf(poll.number, 0, 1) == [4, 6]
    assert tally.totalsOf(poll.number, 0) == [7, 8]


def test_tally_proves_each_question(hold, tally):
    poll = hold(
        [(9, [4, 5])],
        [(8, [1, 2, 5])],
        [(7, [7, 0, 1])],
        questions=(YES_NO, ONE_OF_THREE, APPROVAL),
    )
    for question in (2, 0, 1):
        poll.close(question)
        poll.count(question=question)
    assert [tally.totalsOf(poll.number, q) for q in range(3)] == [[4, 5], [1, 2, 5], [7, 0, 1]]


@pytest.mark.parametrize("counts", [[71, 29], [69, 31], [100, 0], [0, 100], [30, 70]])
def test_tally_refuses_another_result(poll, errors, counts):
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(counts=counts)


def test_tally_refuses_counts_that_do_not_add_up_to_the_ballots(poll, errors):
    """B - xA fixes all counts but the first, which the number of ballots does."""
    for counts, total in (([69, 30], 99), ([71, 30], 101), ([0, 30], 30)):
        with reverts(errors.CountsSumInvalid, sum=total, ballots=100):
            poll.count(counts=counts)


def test_tally_refuses_a_count_that_overflows_its_bits(hold, errors):
    """16 votes for an option look like one for the next, if its count has 4 bits."""
    poll = hold([(15, [14, 0, 1])], questions=(ONE_OF_THREE,))
    poll.close()
    with reverts(errors.CountInvalid, option=1, count=16, ballots=15):
        poll.count(counts=[0, 16, 0])
    for option in range(3):
        counts = [0, 0, 0]
        counts[option] = 2**32 - 1
        with reverts(errors.CountInvalid, option=option, count=2**32 - 1, ballots=15):
            poll.count(counts=counts)
    poll.count()


def test_tally_refuses_a_total_that_wraps(poll, errors):
    """Counts are added up in 256 bits: no two of them make 100 again."""
    with reverts(errors.CountInvalid, option=0, count=2**32 - 1, ballots=100):
        poll.count(counts=[2**32 - 1, 101])


def test_tally_refuses_more_votes_for_an_option_than_ballots(hold, errors):
    poll = hold([(9, [9, 0, 4])], questions=(APPROVAL,))
    poll.close()
    with reverts(errors.CountInvalid, option=2, count=10, ballots=9):
        poll.count(counts=[9, 0, 10])
    for counts in ([9, 0, 3], [8, 0, 4], [9, 1, 4], [8, 1, 4], [9, 4, 0]):
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(counts=counts)


def test_tally_refuses_counts_whose_errors_cancel_out(hold, errors):
    """Each option of a vector has a weight of its own."""
    poll = hold([(9, [5, 5, 5])], questions=(APPROVAL,))
    poll.close()
    for counts in ([4, 6, 5], [5, 4, 6], [6, 3, 6]):
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(counts=counts)


def test_tally_refuses_other_lengths(poll, errors):
    shares = poll.shares(poll.quorum)
    for length in (0, SHARE, 2 * SHARE - 1, 2 * SHARE + 1):
        with reverts(errors.SharesLengthInvalid, length=length, expected=2 * SHARE):
            poll.count(shares=(shares + b"\0")[:length])
    for counts in ([], [100], [70, 30, 0]):
        with reverts(errors.CountsLengthInvalid, length=len(counts), expected=2):
            poll.count(counts=counts)


@pytest.mark.parametrize(
    "bits",
    [0, 0b001, 0b111, 0b1001, 0b1000000000000001, 0xFFFF],
    ids=["nobody", "too few", "too many", "unknown", "the last bit", "everybody"],
)
def test_tally_refuses_trustees_who_are_no_quorum(poll, errors, bits):
    """Indices are bits: none is zero or comes twice."""
    shares = poll.shares((1, 2))
    with reverts(errors.TrusteesInvalid, election=poll.number, trustees=bits):
        poll.count(bits=bits, shares=shares)


def test_tally_refuses_shares_under_other_indices(poll, errors):
    shares = poll.shares((1, 2))
    first, second = shares[:SHARE], shares[SHARE:]
    for trustees, given in (((1, 3), shares), ((2, 3), shares), ((1, 2), second + first)):
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(trustees=trustees, shares=given)


def test_tally_refuses_one_share_twice(poll, errors):
    share = poll.shares_of(1)
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(shares=share + share)


@pytest.mark.parametrize("place", [0, A1_AT, A2_AT, SHARE, SHARE + A1_AT, SHARE + A2_AT])
def test_tally_refuses_a_wrong_share(poll, errors, place):
    other = encode_point(multiply_base(secret_of("other")))
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(shares=replaced(poll.shares(poll.quorum), place, other))


def test_tally_refuses_another_response(poll, errors):
    shares = poll.shares(poll.quorum)
    for place in (Z_AT, SHARE + Z_AT):
        z = int.from_bytes(shares[place : place + 32])
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(shares=with_scalar(shares, place, (z + 1) % ORDER))
        with reverts(errors.ScalarInvalid, scalar=z + ORDER):
            poll.count(shares=with_scalar(shares, place, z + ORDER))


def test_tally_refuses_shares_that_agree_on_a_false_result(poll, errors):
    """The trustees of a quorum move their D so that the counts they want come out."""
    shares = poll.shares((1, 2))
    weight = lagrange((1, 2))[1]
    # 10 votes for yes become 10 votes for no.
    moved = multiply(multiply_base(10), pow(weight, -1, ORDER))
    D = encode_point(decode_point(shares[:96]) + moved)
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(shares=replaced(shares, 0, D), counts=[80, 20])


def test_tally_refuses_proofs_whose_errors_cancel_out(poll, errors):
    """Each equation has a weight of its own, of one share and of several."""
    second = poll.shares_of(2)
    for wrong in (
        forged_share(poll, 1, shifts=(5, -5)) + second,
        forged_share(poll, 1, shifts=(5, 0)) + forged_share(poll, 2, shifts=(-5, 0)),
        forged_share(poll, 1, shifts=(0, 5)) + forged_share(poll, 2, shifts=(0, -5)),
    ):
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(shares=wrong)
    poll.count(shares=forged_share(poll, 1) + second)


def test_tally_refuses_proofs_that_make_up_for_a_false_count(poll, errors):
    """The counts are off by 10 votes, and so is a proof, the other way."""
    for shifts in ((10, 0), (-10, 0), (0, 10), (0, -10)):
        wrong = forged_share(poll, 1, shifts=shifts) + poll.shares_of(2)
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(shares=wrong, counts=[60, 40])


def test_tally_refuses_proofs_that_were_made_for_known_weights(poll, errors):
    """If the weights did not depend on the proofs, a proof could make up for the counts."""
    seed = keccak(keccak(poll.context(0, 0, 0)) + bytes(32))
    weight = int.from_bytes(keccak(seed + word(0))[:16])
    for votes in (10, -10):
        shift = votes * pow(weight, -1, ORDER) % ORDER
        wrong = forged_share(poll, 1, shifts=(shift, 0)) + poll.shares_of(2)
        with reverts(errors.TallyInvalid, **place_of(poll)):
            poll.count(shares=wrong, counts=[60, 40])


@pytest.mark.parametrize("point", NO_POINTS.values(), ids=NO_POINTS)
@pytest.mark.parametrize("place", [0, A1_AT, A2_AT])
def test_tally_refuses_what_is_no_point(poll, errors, place, point):
    with reverts(errors.PointsInvalid):
        poll.count(shares=replaced(poll.shares(poll.quorum), place, point))


@pytest.mark.parametrize("place", [0, A1_AT, A2_AT])
def test_tally_refuses_a_share_off_by_a_small_point(poll, errors, place):
    shares = poll.shares(poll.quorum)
    small = G1Point.from_xy_bytes_unchecked_be(OUTSIDE_SUBGROUP)
    moved = decode_settled_point(shares[place : place + 96]) + small
    with reverts(errors.PointsInvalid):
        poll.count(shares=replaced(shares, place, bytes(moved.to_xy_bytes_be())))


@pytest.mark.parametrize("place", [0, A1_AT, A2_AT])
def test_tally_refuses_infinity(poll, errors, place):
    with reverts(errors.PointInfinite):
        poll.count(shares=replaced(poll.shares(poll.quorum), place, INFINITY))


def test_tally_refuses_a_sum_of_nothing(hold, box, errors):
    """All voters of a group who work together may make their sum infinity; it stays closed."""
    poll = hold()
    words = [bytes(32)] * 6
    shares = poll.shares(poll.quorum)
    box.setSum(poll.number, 0, 0, 0, words, sender=poll.sender)
    poll.close()
    with reverts(errors.PointInfinite):
        poll.count(shares=shares)


# Replays


def test_tally_refuses_shares_of_another_election(hold, errors):
    first, second = hold(), hold()
    first.close()
    second.close()
    with reverts(errors.TallyInvalid, **place_of(second)):
        second.count(shares=first.shares(first.quorum))


def test_tally_refuses_shares_of_another_question_or_group(hold, errors):
    """Even if its sum is the same: shares are bound to their place."""
    same = [(9, [4, 5]), (9, [4, 5])]
    poll = hold(same, same, questions=(YES_NO, YES_NO), minimum=9)
    poll.close(0)
    poll.close(1)
    accumulator = poll.accumulator(0, 0, 0)
    words = [accumulator.encode()[at : at + 32] for at in range(0, 192, 32)]
    for question, precinct in ((0, 1), (1, 0)):
        poll.box.setSum(poll.number, question, precinct, 0, words, sender=poll.sender)
    shares = poll.shares(poll.quorum)
    for question, group in ((0, 1), (1, 0)):
        with reverts(errors.TallyInvalid, **place_of(poll, question, group)):
            poll.count(question=question, group=group, shares=shares, counts=[4, 5])
    poll.count(shares=shares)


def test_tally_refuses_shares_of_another_option(hold, errors):
    poll = hold([(9, [4, 4, 4])], questions=(APPROVAL,))
    poll.close()
    shares = poll.shares(poll.quorum)
    swapped = shares[SHARE : 2 * SHARE] + shares[:SHARE] + shares[2 * SHARE :]
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(shares=swapped)


@pytest.mark.parametrize("what", ["chain_id", "tally", "ballots"])
def test_tally_refuses_shares_of_elsewhere(poll, errors, what, box):
    guard, accumulator = poll.guard, poll.accumulator(0, 0, 0)
    secrets = {j: guard.secret(j) for j in poll.quorum}
    if what == "chain_id":
        elsewhere = replace(guard.committee, chain_id=guard.committee.chain_id + 1)
        guard = replace(guard, committee=elsewhere)
    elif what == "tally":
        guard = replace(guard, tally=box)
    ballots = 101 if what == "ballots" else 100
    context = guard.context(0, 0, 0, accumulator, ballots)
    shares = b"".join(guard.share(j, context, accumulator, x) for j, x in secrets.items())
    with reverts(errors.TallyInvalid, **place_of(poll)):
        poll.count(shares=shares)


def test_tally_refuses_to_decrypt_a_single_ballot(poll, errors):
    """What trustees decrypt is named by its place; no ballot has one."""
    ballot = encrypted_sum(poll.guard.joint.K, 1, "a single ballot")
    context = poll.guard.context(0, 0, 0, ballot, 1)
    share = poll.guard.share(1, context, ballot)
    with reverts(errors.SharesInvalid, **place_of(poll)):
        poll.post(1, share)


# When and by whom


def test_tally_refuses_to_decrypt_early(hold, errors, elect, box, tally, clock, bystander):
    committee = elect().until(FINALISATION)
    committee.finalise()
    box.setReady(committee.election, sender=bystander)
    poll = Poll(
        committee,
        Guard(committee, tally, (1, 2, 3)),
        box,
        tally,
        clock,
        bystander,
        (YES_NO,),
        1,
        {0: [(100, [70, 30])]},
    ).cast()
    for time in (committee.schedule.opens_at, committee.schedule.closes_at - 1):
        clock.set(time)
        for act in (poll.count, poll.count_posted, lambda: poll.post(1)):
            with reverts(errors.QuestionNotClosed, election=poll.number, question=0):
                act()
    clock.set(committee.schedule.closes_at)
    with reverts(errors.QuestionNotClosed, election=poll.number, question=0):
        poll.post(1)
    poll.close()
    poll.count()


def test_tally_works_in_the_last_second(poll, clock):
    clock.set_next(poll.committee.schedule.shares_until)
    poll.count()


def test_shares_are_refused_late(poll, errors, clock):
    until = poll.committee.schedule.shares_until
    clock.set_next(until + 1)
    with reverts(errors.SharesLate, election=poll.number, sharesUntil=until):
        poll.count()
    with reverts(errors.SharesLate, election=poll.number, sharesUntil=until):
        poll.post(1)


def test_tally_happens_once(poll, errors):
    poll.count()
    for act in (poll.count, poll.count_posted, lambda: poll.post(3)):
        with reverts(errors.GroupTalliedBefore, **place_of(poll)):
            act()


def test_tally_is_sent_by_a_key(poll, errors, project, bystander, delegate, box):
    """The shares stand in the input of a transaction, where auditors find them."""
    party = project.PartyMock.deploy(sender=bystander)
    call = poll.tally.tally.encode_input(
        poll.number, 0, 0, 0b11, poll.shares(poll.quorum), [70, 30]
    )
    refusal = keccak(text="TallyCallerInvalid(address)")[:4] + address_word(party.address)
    with reverts(project.PartyMock.CallRefused, reason=refusal):
        party.execute(poll.tally, call, sender=bystander)
    delegate(bystander, party)
    with reverts(errors.TallyCallerInvalid, caller=bystander):
        poll.count()


def test_an_unknown_group_has_no_shares(poll, errors):
    for act in (
        lambda: poll.count(group=1, shares=b"", counts=[70, 30]),
        lambda: poll.count_posted(group=1, decryptions=b"", counts=[70, 30]),
        lambda: poll.post(1, b"", group=1),
    ):
        with reverts(errors.GroupUnknown, **place_of(poll, group=1)):
            act()


# postShares, tallyPosted


def test_postShares_records_a_share(poll, tally):
    shares = poll.shares_of(2)
    receipt = poll.post(2, shares)
    assert logs(receipt, tally) == [
        log(
            tally,
            "SharesPosted",
            election=poll.number,
            question=0,
            group=0,
            index=2,
            shares=shares,
        )
    ]
    assert tally.postedOf(poll.number, 0, 0) == 0b010


def test_tallyPosted_needs_no_more_than_the_decryptions(poll, tally, clock):
    for j in (1, 3):
        poll.post(j)
    # Also when the time for shares is over.
    clock.set(poll.committee.schedule.shares_until + 1)
    assert tally.phaseOf(poll.number) == CLOSED
    receipt = poll.count_posted(trustees=(1, 3))
    assert logs(receipt, tally) == [
        log(
            tally,
            "GroupTallied",
            election=poll.number,
            question=0,
            group=0,
            trustees=0b101,
            counts=[70, 30],
        )
    ]
    assert tally.phaseOf(poll.number) == TALLIED


def test_tallyPosted_takes_a_vector(hold, tally):
    poll = hold([(9, [9, 0, 4])], questions=(APPROVAL,), trustees=5, threshold=3)
    poll.close()
    for j in (5, 2, 3, 1):
        poll.post(j)
    assert tally.postedOf(poll.number, 0, 0) == 0b10111
    poll.count_posted(trustees=(1, 3, 5))
    assert tally.countsOf(poll.number, 0, 0) == [9, 0, 4]


def test_a_silent_trustee_is_not_missed(hold, tally):
    poll = hold(trustees=5, threshold=3)
    poll.close()
    for j in (1, 4, 5):
        poll.post(j)
    poll.count_posted(trustees=(1, 4, 5))
    assert tally.totalsOf(poll.number, 0) == [70, 30]


def test_tallyPosted_refuses_another_result(hold, errors):
    poll = hold([(9, [9, 0, 4])], questions=(APPROVAL,))
    poll.close()
    for j in poll.quorum:
        poll.post(j)
    for counts in ([9, 0, 3], [8, 1, 4], [9, 4, 0], [8, 0, 5]):
        with reverts(errors.CountsInvalid, **place_of(poll)):
            poll.count_posted(counts=counts)
    with reverts(errors.CountInvalid, option=0, count=10, ballots=9):
        poll.count_posted(counts=[10, 0, 4])


def test_tallyPosted_refuses_counts_of_a_choice_that_cannot_be(poll, errors):
    for j in poll.quorum:
        poll.post(j)
    with reverts(errors.CountsSumInvalid, sum=99, ballots=100):
        poll.count_posted(counts=[69, 30])
    with reverts(errors.CountInvalid, option=0, count=1024, ballots=100):
        poll.count_posted(counts=[1024, 30])
    with reverts(errors.CountsInvalid, **place_of(poll)):
        poll.count_posted(counts=[71, 29])


def test_tallyPosted_takes_no_share_that_was_not_posted(poll, errors):
    poll.post(1)
    with reverts(errors.SharesMissing, **place_of(poll), index=2):
        poll.count_posted()
    poll.post(2)
    given = poll.decryptions((1, 2))
    for index, wrong in (
        (1, replaced(given, 0, given[96:])),
        (2, replaced(given, 96, given[:96])),
    ):
        with reverts(errors.SharesMismatch, **place_of(poll), index=index):
            poll.count_posted(decryptions=wrong)
    for length in (0, 96, 191, 193):
        with reverts(errors.SharesLengthInvalid, length=length, expected=192):
            poll.count_posted(decryptions=(given + b"\0")[:length])
    for bits in (0, 0b1, 0b111, 0b1001):
        with reverts(errors.TrusteesInvalid, election=poll.number, trustees=bits):
            poll.count_posted(bits=bits, decryptions=given)
    poll.count_posted()


def test_postShares_refuses_a_wrong_share(poll, errors):
    share = poll.shares_of(1)
    other = encode_point(multiply_base(secret_of("other")))
    for place in (0, A1_AT, A2_AT):
        with reverts(errors.SharesInvalid, **place_of(poll)):
            poll.post(1, replaced(share, place, other))
    z = int.from_bytes(share[Z_AT:])
    with reverts(errors.SharesInvalid, **place_of(poll)):
        poll.post(1, with_scalar(share, Z_AT, (z + 1) % ORDER))
    with reverts(errors.ScalarInvalid, scalar=z + ORDER):
        poll.post(1, with_scalar(share, Z_AT, z + ORDER))
    for length in (0, SHARE - 1, SHARE + 1):
        with reverts(errors.SharesLengthInvalid, length=length, expected=SHARE):
            poll.post(1, (share + b"\0")[:length])
    poll.post(1, share)


@pytest.mark.parametrize("point", [*NO_POINTS.values(), INFINITY], ids=[*NO_POINTS, "infinity"])
def test_postShares_refuses_what_is_no_point(poll, errors, point):
    error = errors.PointInfinite if point == INFINITY else errors.PointsInvalid
    for place in (0, A1_AT, A2_AT):
        with reverts(error):
            poll.post(1, replaced(poll.shares_of(1), place, point))


def test_postShares_refuses_errors_that_cancel_out(hold, errors):
    poll = hold([(9, [9, 0, 4])], questions=(APPROVAL,))
    poll.close()
    last = poll.shares_of(1)[2 * SHARE :]
    for first, second in (
        ((5, 0), (-5, 0)),
        ((0, 5), (0, -5)),
        ((5, 0), (0, -5)),
        ((5, -5), (0, 0)),
    ):
        wrong = forged_share(poll, 1, shifts=first) + forged_share(poll, 1, shifts=second, option=1)
        with reverts(errors.SharesInvalid, **place_of(poll)):
            poll.post(1, wrong + last)


def test_postShares_refuses_a_proof_of_half_the_statement(poll, errors):
    own, A = poll.guard.secret(1), poll.accumulator(0, 0, 0).alpha
    for wrong in (
        {"D": multiply(A, own + 1)},  # z G = A1 + c Y alone holds
        {"D": multiply(A, own + 1), "x": own + 1},  # z A = A2 + c D alone holds
    ):
        with reverts(errors.SharesInvalid, **place_of(poll)):
            poll.post(1, forged_share(poll, 1, **wrong))
    poll.post(1, forged_share(poll, 1))


def test_postShares_takes_no_decryption_that_was_chosen_after_the_challenge(poll, errors):
    """Weak Fiat-Shamir: were D not hashed, a trustee could post a false one."""
    with reverts(errors.SharesInvalid, **place_of(poll)):
        poll.post(1, forged_share(poll, 1, is_weak=True))


def test_postShares_refuses_a_share_of_another_trustee(poll, errors):
    with reverts(errors.SharesInvalid, **place_of(poll)):
        poll.post(2, poll.shares_of(1))
    for index in (0, 4, 255):
        with reverts(errors.TrusteeUnknown, election=poll.number, index=index):
            poll.post(index, poll.shares_of(1))


def test_postShares_happens_once(poll, errors):
    poll.post(1)
    with reverts(errors.SharesPostedBefore, **place_of(poll), index=1):
        poll.post(1)


# voidQuestion


def test_voidQuestion_needs_too_few_shares_in_time(poll, tally, errors, clock, bystander):
    poll.post(1)
    with reverts(errors.QuestionNotVoid, election=poll.number, question=0):
        tally.voidQuestion(poll.number, 0, sender=bystander)
    clock.set(poll.committee.schedule.shares_until + 1)
    assert tally.phaseOf(poll.number) == VOID
    receipt = tally.voidQuestion(poll.number, 0, sender=bystander)
    assert logs(receipt, tally) == [
        log(tally, "QuestionVoided", election=poll.number, question=0, ground=SHARES)
    ]
    assert tally.questionPhaseOf(poll.number, 0) == VOID
    for act in (
        lambda: tally.voidQuestion(poll.number, 0, sender=bystander),
        poll.count,
        poll.count_posted,
        lambda: poll.post(2),
    ):
        with reverts(errors.QuestionIsVoid, election=poll.number, question=0, ground=SHARES):
            act()


def test_voidQuestion_reverts_if_there_are_shares_enough(poll, tally, errors, clock, bystander):
    for j in poll.quorum:
        poll.post(j)
    clock.set(poll.committee.schedule.shares_until + 1)
    with reverts(errors.QuestionNotVoid, election=poll.number, question=0):
        tally.voidQuestion(poll.number, 0, sender=bystander)
    poll.count_posted()
    with reverts(errors.QuestionNotVoid, election=poll.number, question=0):
        tally.voidQuestion(poll.number, 0, sender=bystander)


def test_a_question_is_void_if_one_group_is(hold, tally, errors, clock, bystander):
    poll = hold([(9, [4, 5]), (9, [3, 6])], minimum=9)
    poll.close()
    poll.count(group=0)
    clock.set(poll.committee.schedule.shares_until + 1)
    assert tally.phaseOf(poll.number) == VOID
    tally.voidQuestion(poll.number, 0, sender=bystander)
    with reverts(errors.QuestionNotTallied, election=poll.number, question=0):
        tally.totalsOf.transact(poll.number, 0, sender=bystander)


def test_a_question_that_nobody_closed_in_time_is_void(hold, tally, clock, errors):
    poll = hold()
    assert tally.phaseOf(poll.number) == CLOSED
    clock.set(poll.committee.schedule.shares_until + 1)
    assert tally.phaseOf(poll.number) == VOID
    poll.close()
    assert tally.phaseOf(poll.number) == VOID


def test_too_few_ballots_are_never_decrypted(hold, tally, errors):
    poll = hold([(4, [4, 0]), (5, [5, 0])], minimum=10)
    poll.close()
    for act in (
        lambda: poll.tally.postShares(poll.number, 0, 0, 1, b"", sender=poll.sender),
        lambda: poll.tally.tally(poll.number, 0, 0, 3, b"", [9, 0], sender=poll.sender),
        lambda: poll.tally.tallyPosted(poll.number, 0, 0, 3, b"", [9, 0], sender=poll.sender),
        lambda: poll.tally.groupOf.transact(poll.number, 0, 0, sender=poll.sender),
    ):
        with reverts(errors.QuestionIsVoid, election=poll.number, question=0, ground=TURNOUT):
            act()


# phaseOf


def test_an_election_goes_through_its_phases(elect, tally, box, clock, bystander):
    committee = elect()
    election, schedule = committee.election, committee.schedule
    assert tally.phaseOf(0) == tally.phaseOf(election + 1) == UNKNOWN
    assert tally.phaseOf(election) == KEY_CEREMONY
    committee.until(FINALISATION)
    assert tally.phaseOf(election) == KEY_CEREMONY
    committee.finalise()
    assert tally.phaseOf(election) == REGISTRATION
    box.setFrozen(election, sender=bystander)
    assert tally.phaseOf(election) == FROZEN
    clock.set(schedule.opens_at - 1)
    box.setReady(election, sender=bystander)
    clock.set(schedule.opens_at)
    assert tally.phaseOf(election) == OPEN
    clock.set(schedule.closes_at - 1)
    assert tally.phaseOf(election) == OPEN
    clock.set(schedule.closes_at)
    assert tally.phaseOf(election) == CLOSED


def test_an_election_that_is_not_ready_in_time_is_cancelled(committee, tally, clock):
    clock.set(committee.schedule.opens_at - 1)
    assert tally.phaseOf(committee.election) == KEY_CEREMONY
    clock.set(committee.schedule.opens_at)
    assert tally.phaseOf(committee.election) == CANCELLED


def test_an_election_that_was_called_off_is_cancelled(
    committee, elections, tally, box, clock, organiser, bystander, errors
):
    elections.cancel(committee.election, REASON, sender=organiser)
    assert tally.phaseOf(committee.election) == CANCELLED
    box.setReady(committee.election, sender=bystander)
    clock.set(committee.schedule.closes_at)
    assert tally.phaseOf(committee.election) == CANCELLED
    with reverts(errors.PhaseInvalid, election=committee.election, phase=CANCELLED):
        tally.close(committee.election, 0, sender=bystander)


# views


def test_sumOf_says_what_shares_are_bound_to(hold, tally, errors):
    poll = hold([(4, [4, 0, 1]), (5, [0, 5, 2])], questions=(APPROVAL,), minimum=9)
    poll.close()
    for option in range(3):
        accumulator = poll.accumulator(0, 0, option)
        found = tally.sumOf(poll.number, 0, 0, option)
        assert (found.alpha, found.beta) == (
            encode_point(accumulator.alpha),
            encode_point(accumulator.beta),
        )
        assert found.context == poll.context(0, 0, option)
    with reverts(errors.CountsLengthInvalid, length=3, expected=3):
        tally.sumOf.transact(poll.number, 0, 0, 3, sender=poll.sender)


def test_counts_are_unknown_until_they_are_proved(poll, tally, errors):
    with reverts(errors.GroupNotTallied, **place_of(poll)):
        tally.countsOf.transact(poll.number, 0, 0, sender=poll.sender)
    with reverts(errors.QuestionNotTallied, election=poll.number, question=0):
        tally.totalsOf.transact(poll.number, 0, sender=poll.sender)
    assert tally.isTallied(poll.number, 0, 0) is False
    assert tally.postedOf(poll.number, 0, 0) == 0


def test_the_tally_names_its_box(tally, box):
    assert tally.BOX() == box.address

"""The tally through its client: closing, shares, counts that prove themselves, and no result."""

import pytest

from crmdapp.ballots.errors import (
    CountsInvalid,
    CountsSumInvalid,
    GroupTalliedBefore,
    GroupUnknown,
    PhaseInvalid,
    QuestionClosedBefore,
    QuestionIsVoid,
    QuestionNotClosed,
    QuestionNotTallied,
    QuestionNotVoid,
    SharesInvalid,
    SharesLate,
    SharesMissing,
    SharesPostedBefore,
    TallyInvalid,
    TrusteesInvalid,
    TrusteeUnknown,
)
from crmdapp.ballots.faults import DecryptionIncomplete, ShareRefused
from crmdapp.ballots.grouping import BallotGroup
from crmdapp.ballots.models import GroupResult, Phase, QuestionResult, VoidGround
from crmdapp.ballots.tally import split_shares
from crmdapp.errors import NodeLied
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, YES_NO

VOTES = [[[1, 0, 1], [1, 1]], [[(0, 1), (0,), ()], [(2,), (1, 2)]]]


@pytest.fixture
def held(station):
    """An election of a choice and a vector that has closed; two trustees of three decrypt."""
    return station.hold_election(
        "closed", voters=(3, 2), votes=VOTES, questions=[YES_NO, UP_TO_TWO]
    )


@pytest.fixture
def tally(station):
    return station.tally("bystander")


def post(held, tally, question, group, *trustees):
    for j in trustees:
        shares = held.shares(j, question, group)
        tally.post_shares(held.number, question, group, j, shares)


# ----------------------------------------------------------------- closing


def test_a_question_is_closed_once_when_its_election_has_closed(station):
    held = station.hold_election("open", voters=(2, 2))
    held.vote([[[0, 1], [1, None]]])
    tally = station.tally("bystander")
    with pytest.raises(PhaseInvalid) as refused:
        tally.close(held.number, 0)
    assert refused.value == PhaseInvalid(held.number, Phase.OPEN)
    with pytest.raises(QuestionNotClosed):
        tally.question_phase(held.number, 0)
    station.advance_to(held.election.windows.closes_at)
    assert tally.phase(held.number) is Phase.CLOSED
    assert not tally.is_closed(held.number, 0)
    assert tally.result(held.number, 0) == QuestionResult(0, Phase.CLOSED, 3, (), ())

    tally.close(held.number, 0)

    assert tally.is_closed(held.number, 0)
    # The second precinct has one ballot, under the minimum of two: both are one group.
    assert tally.groups(held.number, 0) == (BallotGroup(0, 1, 3),)
    with pytest.raises(QuestionClosedBefore):
        tally.close(held.number, 0)
    with pytest.raises(GroupUnknown):
        tally.sums(held.number, 0, 1)


def test_phases_are_told_from_the_first_to_the_last(station):
    held = station.hold_election("keys", voters=(2,))
    seen = [held.phase]
    for step in ("registration", "frozen", "open"):
        getattr(held, f"to_{step}")()
        seen.append(held.phase)
    held.vote([[[0, 1]]])
    held.to_closed()
    seen.append(held.phase)
    held.to_tallied()
    seen.append(held.phase)
    assert seen == [
        Phase.KEY_CEREMONY,
        Phase.REGISTRATION,
        Phase.FROZEN,
        Phase.OPEN,
        Phase.CLOSED,
        Phase.TALLIED,
    ]
    assert station.tally().phase(held.number + 1) is Phase.UNKNOWN


# ----------------------------------------------------------------- counting


def test_posted_shares_are_counted_by_anybody(held, tally):
    post(held, tally, 0, 0, 3, 1)
    assert tally.posted(held.number, 0, 0) == (1, 3)
    assert tally.posted_shares(held.number, 0, 0).keys() == {1, 3}
    assert tally.tally_group(held.number, 0, 0) == (1, 2)
    assert tally.counts(held.number, 0, 0) == (1, 2)
    assert tally.question_phase(held.number, 0) is Phase.CLOSED
    with pytest.raises(QuestionNotTallied):
        tally.totals(held.number, 0)
    with pytest.raises(GroupTalliedBefore):
        post(held, tally, 0, 0, 2)

    post(held, tally, 0, 1, 1, 2, 3)
    assert tally.tally_group(held.number, 0, 1) == (0, 2)

    assert tally.totals(held.number, 0) == (1, 4)
    assert tally.result(held.number, 0) == QuestionResult(
        question=0,
        phase=Phase.TALLIED,
        ballots=5,
        groups=(
            GroupResult(0, BallotGroup(0, 0, 3), (1, 2)),
            GroupResult(1, BallotGroup(1, 1, 2), (0, 2)),
        ),
        totals=(1, 4),
    )
    assert [log.event.group for log in tally.events_of("GroupTallied", held.number)] == [0, 1]


def test_shares_are_posted_with_the_counts(held, tally):
    shares = {j: held.shares(j, 1, 0) for j in (2, 3)}
    assert tally.tally_group(held.number, 1, 0, shares) == (2, 1, 0)
    assert tally.posted(held.number, 1, 0) == ()
    assert tally.result(held.number, 1).groups[1].counts == ()
    # More than enough: the lowest are used.
    every = {j: held.shares(j, 1, 1) for j in (1, 2, 3)}
    assert tally.tally_group(held.number, 1, 1, every) == (0, 1, 2)
    assert tally.totals(held.number, 1) == (2, 2, 2)


def test_late_counts_are_taken_of_shares_that_were_in_time(station, held, tally):
    post(held, tally, 0, 0, 1, 2)
    post(held, tally, 0, 1, 1, 2)
    shares = {j: held.shares(j, 1, 0) for j in (1, 2)}
    late = held.shares(3, 0, 0)
    station.advance_to(held.election.windows.shares_until + 1)
    until = held.election.windows.shares_until
    for refuse in (
        lambda: tally.post_shares(held.number, 0, 0, 3, late),
        lambda: tally.tally_group(held.number, 1, 0, shares),
    ):
        with pytest.raises(SharesLate) as refused:
            refuse()
        assert refused.value == SharesLate(held.number, until)
    tally.tally_group(held.number, 0, 0)
    tally.tally_group(held.number, 0, 1)
    assert tally.totals(held.number, 0) == (1, 4)


def test_wrong_counts_are_refused(held, tally):
    shares = {j: held.shares(j, 0, 0) for j in (1, 2)}
    with pytest.raises(TallyInvalid) as refused:
        tally.tally(held.number, 0, 0, shares, (2, 1))
    assert refused.value == TallyInvalid(held.number, 0, 0)
    with pytest.raises(CountsSumInvalid) as refused:
        tally.tally(held.number, 0, 0, shares, (1, 3))
    assert refused.value == CountsSumInvalid(4, 3)
    with pytest.raises(TrusteesInvalid):
        tally.tally(held.number, 0, 0, {1: shares[1]}, (1, 2))
    with pytest.raises(SharesMissing):
        tally.tally_posted(held.number, 0, 0, shares, (1, 2))
    post(held, tally, 0, 0, 1, 2)
    posted = tally.posted_shares(held.number, 0, 0)
    with pytest.raises(CountsInvalid):
        tally.tally_posted(held.number, 0, 0, posted, (2, 1))
    tally.tally_posted(held.number, 0, 0, posted, (1, 2))


def test_wrong_shares_are_refused_before_anything_is_sent(held, tally):
    number, good = held.number, held.shares(1, 0, 0)
    other = held.shares(2, 0, 1)  # of another group
    with pytest.raises(ShareRefused, match="trustee 2"):
        tally.tally_group(number, 0, 0, {1: good, 2: other})
    with pytest.raises(ShareRefused, match="gives 2 shares, 1 are needed"):
        tally.tally_group(number, 0, 0, {1: good, 2: other * 2})
    with pytest.raises(DecryptionIncomplete) as refused:
        tally.tally_group(number, 0, 0)
    assert (refused.value.left, refused.value.needed) == (0, 2)
    assert tally.sender.pending() == []
    with pytest.raises(SharesInvalid):
        tally.post_shares(number, 0, 0, 2, other)
    with pytest.raises(TrusteeUnknown):
        tally.post_shares(number, 0, 0, 4, good)
    tally.post_shares(number, 0, 0, 1, good)
    with pytest.raises(SharesPostedBefore):
        tally.post_shares(number, 0, 0, 1, good)


@pytest.mark.parametrize("data", [b"", b"\0" * 319, b"\0" * 641])
def test_shares_are_whole(data):
    with pytest.raises(ShareRefused):
        split_shares(data)


def test_a_node_that_misstates_a_sum_is_caught(held, tally, monkeypatch):
    assert len(tally.sums(held.number, 1, 0)) == 3
    read = tally.contract.read

    def lie(function, *place, **when):
        answer = read(function, *place, **when)
        return answer if function != "sumOf" else (answer[1], answer[0], answer[2])

    monkeypatch.setattr(tally.contract, "read", lie)
    with pytest.raises(NodeLied, match="misstates the sum"):
        tally.sums(held.number, 1, 0)


# ----------------------------------------------------------------- no result


def test_too_few_ballots_are_never_decrypted(station):
    held = station.hold_election(
        "closed",
        voters=(3,),
        votes=[[[1, None, None]], [[0, 1, 2]]],
        questions=[YES_NO, OF_THREE],
    )
    tally = station.tally("bystander")
    assert tally.question_phase(held.number, 0) is Phase.VOID
    assert tally.void_ground(held.number, 0) is VoidGround.TURNOUT
    assert tally.result(held.number, 0) == QuestionResult(0, Phase.VOID, 1, (), ())
    with pytest.raises(QuestionIsVoid) as refused:
        tally.sums(held.number, 0, 0)
    assert refused.value == QuestionIsVoid(held.number, 0, VoidGround.TURNOUT)
    held.to_tallied()
    assert tally.phase(held.number) is Phase.TALLIED
    assert tally.totals(held.number, 1) == (1, 1, 1)


def test_too_few_shares_in_time_leave_a_question_void(station, held, tally):
    post(held, tally, 0, 0, 1, 2)
    post(held, tally, 0, 1, 1)
    with pytest.raises(QuestionNotVoid) as refused:
        tally.void_question(held.number, 0)
    assert refused.value == QuestionNotVoid(held.number, 0)
    assert tally.void_ground(held.number, 0) is VoidGround.NONE
    station.advance_to(held.election.windows.shares_until + 1)

    tally.void_question(held.number, 0)

    assert tally.void_ground(held.number, 0) is VoidGround.SHARES
    assert tally.question_phase(held.number, 0) is Phase.VOID
    tally.void_question(held.number, 1)
    assert tally.phase(held.number) is Phase.VOID
    with pytest.raises(QuestionIsVoid):
        tally.tally_group(held.number, 0, 0)

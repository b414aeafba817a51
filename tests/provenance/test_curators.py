"""The board of curators from Python, on a chain."""

import json
import stat
from dataclasses import replace

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.errors import UsageError
from crmdapp.provenance.board_intents import BoardChange, sign_change_approval
from crmdapp.provenance.errors import (
    ApprovalsMissing,
    BoardChangeStale,
    CaseDefenderOnly,
    CaseOpenedBefore,
    CaseStepClosed,
    CaseUnknown,
    ChallengeGroundInvalid,
    ChallengeUnfounded,
    CuratorOnly,
    SubmissionArtistOnly,
    VoteCommittedBefore,
    VoteMismatch,
)
from crmdapp.provenance.models import BoardState, CaseStatus, Ground
from crmdapp.provenance.votes import Ballot
from tests.provenance.gallery_hall import *  # noqa: F403 - fixtures
from tests.provenance.gallery_hall import BOND, CURATORS, DAY, HOUR

# ----------------------------------------------------------------- the board


def test_state_says_how_the_board_is(hall):
    board = hall.board("outsider")
    state = board.state()
    assert state == BoardState(3, 2, 0, 1, state.standards_since)
    assert (board.rules.bond, board.rules.commit_period, board.rules.notice) == (BOND, HOUR, DAY)
    assert board.standards_hash(1) == keccak(b"standards")
    assert board.is_curator(hall.address("first curator"))
    assert not board.is_curator(hall.address("artist"))
    assert hall.reader.board == board.contract.address


@pytest.fixture
def change(hall):
    """The collector comes, the third curator goes, the standards are new."""
    return BoardChange(
        (hall.address("collector"),), (hall.address("third curator"),), 1, keccak(b"new"), 0
    )


def signed(hall, change, *roles):
    domain = hall.board("outsider").domain
    return [
        sign_change_approval(hall.signer(role), domain, change, deadline=hall.later())
        for role in roles
    ]


def test_change_needs_more_than_half_of_the_curators(hall, change):
    board = hall.board("outsider")
    with pytest.raises(ApprovalsMissing):
        board.change(change, signed(hall, change, CURATORS[0]))
    with pytest.raises(ApprovalsMissing):
        board.change(change, [])
    board.change(change, signed(hall, change, *CURATORS[:2]))
    assert set(board.curators()) == {hall.address(role) for role in (*CURATORS[:2], "collector")}
    state = board.state()
    assert (state.quorum, state.epoch, state.standards_version) == (1, 1, 2)


def test_change_happens_once(hall, change):
    given = signed(hall, change, *CURATORS[:2])
    hall.board("outsider").change(change, given)
    with pytest.raises(BoardChangeStale):
        hall.board("outsider").change(change, given)


def test_change_refuses_what_was_not_signed(hall, change):
    given = signed(hall, change, *CURATORS[:2])
    other = replace(change, quorum=2)
    with pytest.raises(UsageError, match="another change"):
        hall.board("outsider").prepare.change(other, given)
    forged = [replace(item, signer=hall.address("buyer")) for item in given]
    with pytest.raises(IntentSignatureInvalid):
        hall.board("outsider").change(change, forged)


# ----------------------------------------------------------------- cases


def test_submit_opens_a_case_that_shows_the_work(hall):
    artwork = hall.submission(hall.image()).artwork
    case_id = hall.board("artist").submit(artwork)
    board = hall.board("outsider")
    found = board.case(case_id)
    assert case_id == artwork.struct_hash()
    assert (found.opener, found.ground, found.status) == (
        hall.address("artist"),
        Ground.SUBMISSION,
        CaseStatus.OPEN,
    )
    assert board.submitted(case_id) == artwork
    assert board.challenged(case_id) == 0


def test_a_vote_admits_a_work_without_approvals(hall):
    submission = hall.submission(hall.image(), deadline=hall.later(7 * DAY))
    case_id = hall.board("artist").submit(submission.artwork)
    assert hall.decide(case_id, True, True, False) is CaseStatus.UPHELD
    id_ = hall.client("outsider").register(submission.signed)
    assert hall.reader.record(id_).artist == hall.address("artist")
    board = hall.board("artist")
    assert board.credit(hall.address("artist")) == BOND
    board.send(board.prepare.withdraw(hall.address("artist")))


def test_submit_is_the_artists_alone_and_happens_once(hall):
    artwork = hall.submission(hall.image()).artwork
    with pytest.raises(SubmissionArtistOnly):
        hall.board("outsider").submit(artwork)
    hall.board("artist").submit(artwork)
    with pytest.raises(CaseOpenedBefore):
        hall.board("artist").submit(artwork)


def test_a_challenge_that_is_upheld_flags_the_record(hall, work):
    hall.revoke(work)
    assert hall.reader.record(work).is_revoked
    assert hall.board("outsider").credit(hall.address("outsider")) == BOND


def test_a_challenge_that_is_rejected_costs_the_bond(hall, work):
    board = hall.board("outsider")
    case_id = board.challenge(work, Ground.STANDARDS, evidence_hash=keccak(b"evidence"))
    assert board.open_cases(work) == {Ground.STANDARDS: case_id}
    hall.board("artist").defend(case_id)
    assert board.case(case_id).is_defended
    assert hall.decide(case_id, False, False, False) is CaseStatus.REJECTED
    assert board.credit(hall.address("outsider")) == 0
    voter = hall.board("first curator")
    voter.send(voter.prepare.claim_reward(case_id))
    assert 0 < voter.credit(hall.address("first curator")) < BOND
    assert not hall.reader.record(work).is_revoked
    assert board.open_cases(work) == {}


def test_challenge_cites_only_what_is_near(hall, work):
    other = hall.register(2)
    board = hall.board("outsider")
    with pytest.raises(ChallengeUnfounded) as refused:
        board.challenge(other, Ground.NEAR_DUPLICATE, earlier_id=work)
    assert refused.value.distance > 8
    with pytest.raises(UsageError, match="cites an earlier work"):
        board.challenge(other, Ground.NEAR_DUPLICATE)
    with pytest.raises(ChallengeGroundInvalid):
        board.challenge(other, Ground.SUBMISSION)


def test_defend_is_for_artist_or_owner(hall, work):
    case_id = hall.board("outsider").challenge(work, Ground.STANDARDS)
    with pytest.raises(CaseDefenderOnly):
        hall.board("buyer").defend(case_id)


# ----------------------------------------------------------------- votes


@pytest.fixture
def case_id(hall, work):
    return hall.board("outsider").challenge(work, Ground.STANDARDS)


def test_commitment_is_what_the_contract_computes(hall, case_id):
    ballot = Ballot.draw(case_id, hall.address("first curator"), True)
    board = hall.board("first curator")
    board.commit_vote(ballot)
    assert board.commitment(case_id, ballot.curator) == ballot.commitment
    with pytest.raises(VoteCommittedBefore):
        board.commit_vote(ballot)
    hall.node.advance(HOUR)
    with pytest.raises(VoteMismatch):
        board.reveal_vote(replace(ballot, is_aye=False))
    board.reveal_vote(ballot)
    assert board.case(case_id).ayes == 1


def test_commit_vote_is_for_curators_and_their_own_ballots(hall, case_id):
    with pytest.raises(CuratorOnly):
        hall.board("buyer").commit_vote(Ballot.draw(case_id, hall.address("buyer"), True))
    other = Ballot.draw(case_id, hall.address("second curator"), True)
    with pytest.raises(UsageError, match="ballot is"):
        hall.board("first curator").commit_vote(other)


def test_votes_have_their_times(hall, case_id):
    ballot = Ballot.draw(case_id, hall.address("first curator"), True)
    board = hall.board("first curator")
    board.commit_vote(ballot)
    with pytest.raises(CaseStepClosed):
        board.reveal_vote(ballot)
    with pytest.raises(CaseStepClosed):
        board.conclude(case_id)


def test_case_names_one_that_there_is_not(hall):
    with pytest.raises(CaseUnknown):
        hall.board("outsider").case(bytes(32))


# ----------------------------------------------------------------- ballots


def test_a_ballot_is_kept_for_its_owner_alone(tmp_path):
    ballot = Ballot.draw(b"\1" * 32, "0x" + "11" * 20, True)
    path = tmp_path / "ballot.json"
    ballot.write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Ballot.read(path) == ballot
    with pytest.raises(UsageError, match="already"):
        ballot.write(path)


def test_a_ballot_shows_its_salt_nowhere(tmp_path):
    ballot = Ballot.draw(b"\1" * 32, "0x" + "11" * 20, True)
    assert ballot.salt.hex() not in repr(ballot)
    assert repr(ballot.salt) not in repr(ballot)
    path = tmp_path / "ballot.json"
    ballot.write(path)
    body = json.loads(path.read_text())
    for salt in ("xy" * 32, "abba", 17):
        path.write_text(json.dumps({**body, "salt": salt}))
        with pytest.raises(UsageError) as refused:
            Ballot.read(path)
        assert str(salt) not in str(refused.value)


def test_two_ballots_differ():
    one, other = (Ballot.draw(b"\1" * 32, "0x" + "11" * 20, True) for _ in range(2))
    assert one.commitment != other.commitment
    assert replace(one, is_aye=False).commitment != one.commitment


def test_read_names_a_file_that_is_none(tmp_path):
    with pytest.raises(UsageError):
        Ballot.read(tmp_path / "missing.json")
    path = tmp_path / "other.json"
    path.write_text('{"format": "x"}')
    with pytest.raises(UsageError, match="no ballot"):
        Ballot.read(path)

"""Cases before the curators: submitted, challenged, defended, voted on, concluded and paid."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts, reverts_without_data
from tests.provenance.board import *  # noqa: F403 - fixtures
from tests.provenance.board import (
    BOND,
    COMMIT,
    EARLIER,
    EARLIER_WORK,
    EVIDENCE,
    FALSE_RECORD,
    NEAR_DUPLICATE,
    NOTHING,
    NOTICE,
    OPEN,
    QUORUM,
    REJECTED,
    REVEAL,
    SALT,
    STANDARDS_BROKEN,
    SUBMISSION,
    UNDECIDED,
    UPHELD,
    WORK,
    artwork_fields,
    artwork_hash,
    commitment_of,
)

ZERO = "0x" + "00" * 20
UNKNOWN = keccak(text="no case")
FOR_EVER = 2**256 - 1
P_HASH = 0xF0E1D2C3B4A59687
AYE, NO = True, False


@pytest.fixture
def registered(artworks, artist, collector):
    """A work of the artist, which the collector owns."""
    artworks.setRecord(WORK, artist, P_HASH, sender=artist)
    artworks.setOwner(WORK, collector, sender=artist)
    return WORK


@pytest.fixture
def challenge(board, registered, challenger):
    """Challenges the work for an earlier one, unless the test says otherwise."""

    def challenge_(ground=EARLIER_WORK, *, of=registered, earlier=0, by=challenger):
        receipt = board.challenge(of, ground, earlier, EVIDENCE, value=BOND, sender=by)
        return bytes(receipt.return_value)

    return challenge_


@pytest.fixture
def submission(board, work, artist):
    """The case of the artist's work, submitted openly."""
    return bytes(board.submit(work(), value=BOND, sender=artist).return_value)


@pytest.fixture
def defend(board, collector):
    def defend_(case_id, by=collector):
        return board.defend(case_id, value=BOND, sender=by)

    return defend_


@pytest.fixture
def vote(board, curators, clock):
    """Commits and reveals the votes of the first curators, one for each letter: "aan"."""

    def vote_(case_id, letters, by=None):
        votes = [
            (curator, letter == "a")
            for curator, letter in zip(by or curators, letters, strict=False)
        ]
        for curator, is_aye in votes:
            board.commitVote(case_id, commitment_of(case_id, curator, is_aye), sender=curator)
        clock.set(board.caseOf(case_id).openedAt + COMMIT)
        for curator, is_aye in votes:
            board.revealVote(case_id, is_aye, SALT, sender=curator)
        clock.set(board.caseOf(case_id).openedAt + COMMIT + REVEAL)

    return vote_


@pytest.fixture
def decide(board, vote, relayer):
    """Votes and concludes."""

    def decide_(case_id, letters):
        vote(case_id, letters)
        return board.conclude(case_id, sender=relayer)

    return decide_


@pytest.fixture
def party(project, accounts):
    """An account with code."""
    return project.PartyMock.deploy(sender=accounts[0])


def opened(case_id, board, opener, ground):
    started = board.caseOf(case_id).openedAt
    return (opener.address, started, 0, 0, ground, OPEN, False)


# submit


def test_submit_puts_a_work_to_the_curators(project, artworks, board, work, artist):
    assert artworks.contract_type.name == project.ArtworksMock.contract_type.name
    receipt = board.submit(work(), value=BOND, sender=artist)
    case_id = artwork_hash(work())

    assert receipt.return_value == case_id
    assert logs(receipt, board) == [
        log(
            board,
            "ArtworkSubmitted",
            caseId=case_id,
            artist=artist,
            artwork=list(artwork_fields(work(artist=artist.address.lower())).values()),
        )
    ]
    assert tuple(board.caseOf(case_id)) == (
        artist.address,
        receipt.timestamp,
        0,
        0,
        SUBMISSION,
        OPEN,
        False,
    )
    assert (board.challengedOf(case_id), board.defenderOf(case_id)) == (0, ZERO)
    assert board.balance == BOND


def test_submit_reverts_for_others(project, board, work, artist, outsider):
    with reverts(project.CuratorBoard.SubmissionArtistOnly, artist=artist, caller=outsider):
        board.submit(work(), value=BOND, sender=outsider)


@pytest.mark.parametrize("sent", [0, BOND - 1, BOND + 1])
def test_a_bond_has_one_size(
    project, board, work, artist, registered, challenge, challenger, collector, sent
):
    case_id = challenge()
    for call in (
        lambda: board.submit(work(), value=sent, sender=artist),
        lambda: board.challenge(
            registered, FALSE_RECORD, 0, EVIDENCE, value=sent, sender=challenger
        ),
        lambda: board.defend(case_id, value=sent, sender=collector),
    ):
        with reverts(project.CuratorBoard.BondMismatch, sent=sent, bond=BOND):
            call()


def test_submit_reverts_if_submitted_before(project, board, work, submission, decide, artist):
    for _ in range(2):
        with reverts(project.CuratorBoard.CaseOpenedBefore, caseId=submission):
            board.submit(work(), value=BOND, sender=artist)
        if board.caseOf(submission).status == OPEN:
            decide(submission, "nnn")
    board.submit(work(deadline=2**40 - 2), value=BOND, sender=artist)


def test_a_work_admitted_by_vote_needs_no_approvals(
    project, board, artworks, work, submission, decide, relayer
):
    def admit(artwork):
        artworks.requireAdmitted.transact(artwork, [], sender=relayer)

    with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=QUORUM):
        admit(work())
    decide(submission, "aaa")
    admit(work())
    for other in (work(pHash=1), work(royaltyBps=501), work(deadline=2**40 - 2)):
        with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=QUORUM):
            admit(other)


def test_a_work_admitted_by_vote_has_to_meet_standards_that_hold(
    project, board, artworks, work, submission, decide, change, clock, relayer
):
    decide(submission, "aaa")
    since = change(standards=EVIDENCE).timestamp
    clock.set_next(since + NOTICE - 1)
    artworks.requireAdmitted.transact(work(), [], sender=relayer)
    clock.set_next(since + NOTICE)
    with reverts(project.CuratorBoard.StandardsOutdated, given=1, version=2):
        artworks.requireAdmitted.transact(work(), [], sender=relayer)


@pytest.mark.parametrize("letters", ["nnn", "aan", "aann", "aa", ""])
def test_a_work_not_admitted_by_vote_needs_approvals(
    project, artworks, work, submission, decide, relayer, letters
):
    decide(submission, letters)
    with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=QUORUM):
        artworks.requireAdmitted.transact(work(), [], sender=relayer)


# challenge


@pytest.mark.parametrize("ground", [EARLIER_WORK, FALSE_RECORD, STANDARDS_BROKEN])
def test_challenge_puts_a_record_to_the_curators(board, registered, challenger, ground):
    receipt = board.challenge(registered, ground, 99, EVIDENCE, value=BOND, sender=challenger)
    types = ["uint256", "uint8", "uint256", "bytes32", "address", "uint256"]
    values = [registered, ground, 99, EVIDENCE, challenger.address, receipt.timestamp]
    case_id = keccak(encode(types, values))

    assert receipt.return_value == case_id
    assert logs(receipt, board) == [
        log(
            board,
            "CaseOpened",
            caseId=case_id,
            id=registered,
            opener=challenger,
            ground=ground,
            earlierId=99,
            evidenceHash=EVIDENCE,
        )
    ]
    assert tuple(board.caseOf(case_id)) == opened(case_id, board, challenger, ground)
    assert board.challengedOf(case_id) == registered
    assert board.openCaseOf(registered, ground) == case_id
    assert board.balance == BOND


@pytest.mark.parametrize("ground", [0, SUBMISSION])
def test_challenge_reverts_without_a_ground(project, board, registered, challenger, ground):
    with reverts(project.CuratorBoard.ChallengeGroundInvalid, ground=ground):
        board.challenge(registered, ground, 0, EVIDENCE, value=BOND, sender=challenger)


def test_challenge_reverts_if_ground_is_none_of_the_known(board, registered, challenger):
    with reverts_without_data():
        board.challenge(registered, 6, 0, EVIDENCE, value=BOND, sender=challenger)


def test_challenge_reverts_without_a_record(project, board, challenger):
    for unknown in (0, WORK):
        with reverts(project.CuratorBoard.ArtworkUnknown, id=unknown):
            board.challenge(unknown, FALSE_RECORD, 0, EVIDENCE, value=BOND, sender=challenger)


def test_challenge_reverts_if_revoked(project, board, artworks, registered, challenger):
    artworks.setRevoked(registered, sender=challenger)
    with reverts(project.CuratorBoard.ArtworkRevokedBefore, id=registered):
        board.challenge(registered, FALSE_RECORD, 0, EVIDENCE, value=BOND, sender=challenger)


def test_challenge_reverts_while_another_is_open_on_the_ground(
    project, board, registered, challenge, decide, outsider
):
    first = challenge()
    with reverts(project.CuratorBoard.CaseOpenedBefore, caseId=first):
        board.challenge(registered, EARLIER_WORK, 1, NOTHING, value=BOND, sender=outsider)
    other = challenge(FALSE_RECORD, by=outsider)
    assert board.openCaseOf(registered, EARLIER_WORK) == first
    assert board.openCaseOf(registered, FALSE_RECORD) == other
    decide(first, "nnn")
    assert board.openCaseOf(registered, EARLIER_WORK) == NOTHING
    assert board.openCaseOf(registered, FALSE_RECORD) == other
    assert challenge(by=outsider) != first


@pytest.mark.parametrize("bits", [0, 1, 0xFF, 0x8100_0000_0000_00A5, 1 << 63])
def test_challenge_cites_a_near_work(board, artworks, challenge, artist, bits):
    artworks.setRecord(EARLIER, artist, P_HASH ^ bits, sender=artist)
    case_id = challenge(NEAR_DUPLICATE, earlier=EARLIER)
    assert board.caseOf(case_id).ground == NEAR_DUPLICATE


@pytest.mark.parametrize("bits", [0x1FF, 0x8100_0000_0000_01AF, 2**64 - 1])
def test_challenge_reverts_if_the_cited_work_is_far(
    project, artworks, registered, challenge, artist, bits
):
    artworks.setRecord(EARLIER, artist, P_HASH ^ bits, sender=artist)
    with reverts(
        project.CuratorBoard.ChallengeUnfounded,
        id=registered,
        earlierId=EARLIER,
        distance=bits.bit_count(),
    ):
        challenge(NEAR_DUPLICATE, earlier=EARLIER)


def test_challenge_reverts_if_there_are_no_two_hashes(
    project, artworks, registered, challenge, artist
):
    faint = 9
    artworks.setRecord(EARLIER, artist, 0, sender=artist)
    artworks.setRecord(faint, artist, 1, sender=artist)
    for token, earlier in (
        (registered, registered),
        (registered, 99),
        (registered, EARLIER),
        (EARLIER, faint),
        (EARLIER, 99),
    ):
        with reverts(
            project.CuratorBoard.ChallengeUnfounded, id=token, earlierId=earlier, distance=65
        ):
            challenge(NEAR_DUPLICATE, of=token, earlier=earlier)


# defend


@pytest.mark.parametrize("role", ["artist", "collector"])
def test_defend_stands_up_for_the_record(board, challenge, defend, request, role):
    defender = request.getfixturevalue(role)
    case_id = challenge()
    receipt = defend(case_id, by=defender)

    assert logs(receipt, board) == [log(board, "CaseDefended", caseId=case_id, defender=defender)]
    assert board.caseOf(case_id).isDefended is True
    assert board.defenderOf(case_id) == defender.address
    assert board.balance == 2 * BOND


def test_defend_reverts_for_others(project, challenge, defend, outsider, challenger, curator):
    case_id = challenge()
    for caller in (outsider, challenger, curator):
        with reverts(project.CuratorBoard.CaseDefenderOnly, caseId=case_id, caller=caller):
            defend(case_id, by=caller)


def test_defend_follows_the_owner(project, artworks, challenge, defend, collector, outsider):
    case_id = challenge()
    artworks.setOwner(WORK, outsider, sender=outsider)
    with reverts(project.CuratorBoard.CaseDefenderOnly, caseId=case_id, caller=collector):
        defend(case_id, by=collector)
    defend(case_id, by=outsider)


def test_defend_happens_once(project, challenge, defend, artist, collector):
    case_id = challenge()
    defend(case_id, by=collector)
    for caller in (artist, collector):
        with reverts(project.CuratorBoard.CaseDefendedBefore, caseId=case_id):
            defend(case_id, by=caller)


def test_defend_reverts_for_a_submission(project, artworks, submission, defend, artist, outsider):
    # Not even if there were a token 0, which a submission seems to be about.
    artworks.setRecord(0, outsider, 0, sender=outsider)
    for caller in (artist, outsider):
        with reverts(project.CuratorBoard.CaseDefenderOnly, caseId=submission, caller=caller):
            defend(submission, by=caller)


# Votes


def test_a_vote_is_hidden_and_then_shown(board, challenge, curator, clock):
    case_id = challenge()
    commitment = commitment_of(case_id, curator, AYE)
    receipt = board.commitVote(case_id, commitment, sender=curator)
    assert logs(receipt, board) == [
        log(board, "VoteCommitted", caseId=case_id, curator=curator, commitment=commitment)
    ]
    assert board.commitmentOf(case_id, curator) == commitment

    clock.set(board.caseOf(case_id).openedAt + COMMIT)
    receipt = board.revealVote(case_id, AYE, SALT, sender=curator)
    assert logs(receipt, board) == [
        log(board, "VoteRevealed", caseId=case_id, curator=curator, isAye=True)
    ]
    assert board.commitmentOf(case_id, curator) == NOTHING
    assert (board.caseOf(case_id).ayes, board.caseOf(case_id).noes) == (1, 0)


def test_commitVote_reverts_for_others(project, board, challenge, outsider, newcomer, change):
    case_id = challenge()
    for caller in (outsider, newcomer):
        with reverts(project.CuratorBoard.CuratorOnly, caller=caller):
            board.commitVote(case_id, EVIDENCE, sender=caller)
    change(admitted=[newcomer])
    board.commitVote(case_id, EVIDENCE, sender=newcomer)


def test_commitVote_happens_once(project, board, challenge, curator):
    case_id = challenge()
    board.commitVote(case_id, commitment_of(case_id, curator, AYE), sender=curator)
    with reverts(project.CuratorBoard.VoteCommittedBefore, caseId=case_id, curator=curator):
        board.commitVote(case_id, commitment_of(case_id, curator, NO), sender=curator)


@pytest.mark.parametrize("number", [0, 1])
def test_commitVote_reverts_without_a_hash(project, board, challenge, curator, number):
    case_id = challenge()
    with reverts(project.CuratorBoard.VoteMismatch, caseId=case_id, curator=curator):
        board.commitVote(case_id, number.to_bytes(32), sender=curator)


def test_commitVote_reverts_for_the_opener(project, board, challenge, curators):
    case_id = challenge(by=curators[1])
    with reverts(project.CuratorBoard.CasePartial, caseId=case_id, curator=curators[1]):
        board.commitVote(case_id, EVIDENCE, sender=curators[1])


def test_commitVote_reverts_for_the_artist(project, board, artworks, challenge, curators):
    artworks.setRecord(WORK, curators[1], P_HASH, sender=curators[1])
    case_id = challenge()
    with reverts(project.CuratorBoard.CasePartial, caseId=case_id, curator=curators[1]):
        board.commitVote(case_id, EVIDENCE, sender=curators[1])


def test_commitVote_reverts_for_the_defender(project, board, artworks, challenge, defend, curators):
    artworks.setOwner(WORK, curators[1], sender=curators[1])
    case_id = challenge()
    defend(case_id, by=curators[1])
    with reverts(project.CuratorBoard.CasePartial, caseId=case_id, curator=curators[1]):
        board.commitVote(case_id, EVIDENCE, sender=curators[1])


def test_commitVote_reverts_for_the_artist_of_a_submission(project, board, work, curators):
    own = work(artist=curators[1].address)
    case_id = bytes(board.submit(own, value=BOND, sender=curators[1]).return_value)
    with reverts(project.CuratorBoard.CasePartial, caseId=case_id, curator=curators[1]):
        board.commitVote(case_id, EVIDENCE, sender=curators[1])
    board.commitVote(case_id, EVIDENCE, sender=curators[0])


def test_revealVote_reverts_for_who_became_the_defender(
    project, board, artworks, challenge, defend, curators, clock
):
    artworks.setOwner(WORK, curators[1], sender=curators[1])
    case_id = challenge()
    board.commitVote(case_id, commitment_of(case_id, curators[1], NO), sender=curators[1])
    defend(case_id, by=curators[1])
    clock.set(board.caseOf(case_id).openedAt + COMMIT)
    with reverts(project.CuratorBoard.CasePartial, caseId=case_id, curator=curators[1]):
        board.revealVote(case_id, NO, SALT, sender=curators[1])


def test_revealVote_reverts_for_who_was_dismissed(
    project, board, challenge, change, curators, clock
):
    case_id = challenge()
    board.commitVote(case_id, commitment_of(case_id, curators[4], AYE), sender=curators[4])
    change(dismissed=[curators[4]])
    clock.set(board.caseOf(case_id).openedAt + COMMIT)
    with reverts(project.CuratorBoard.CuratorOnly, caller=curators[4]):
        board.revealVote(case_id, AYE, SALT, sender=curators[4])


def test_revealVote_reverts_if_not_what_was_committed(project, board, challenge, curators, clock):
    curator, silent = curators[:2]
    case_id, other = challenge(), challenge(FALSE_RECORD)
    board.commitVote(case_id, commitment_of(case_id, curator, AYE), sender=curator)
    board.commitVote(other, commitment_of(case_id, curator, AYE), sender=curator)
    clock.set(board.caseOf(other).openedAt + COMMIT)
    for case, is_aye, salt, voter in (
        (case_id, NO, SALT, curator),
        (case_id, AYE, EVIDENCE, curator),
        (case_id, AYE, SALT, silent),
        (other, AYE, SALT, curator),
    ):
        with reverts(project.CuratorBoard.VoteMismatch, caseId=case, curator=voter):
            board.revealVote(case, is_aye, salt, sender=voter)
    board.revealVote(case_id, AYE, SALT, sender=curator)


def test_a_copied_commitment_is_worth_nothing(project, board, challenge, curators, clock):
    leader, follower = curators[:2]
    case_id = challenge()
    commitment = commitment_of(case_id, leader, AYE)
    for each in (leader, follower):
        board.commitVote(case_id, commitment, sender=each)
    clock.set(board.caseOf(case_id).openedAt + COMMIT)
    board.revealVote(case_id, AYE, SALT, sender=leader)
    with reverts(project.CuratorBoard.VoteMismatch, caseId=case_id, curator=follower):
        board.revealVote(case_id, AYE, SALT, sender=follower)


def test_revealVote_counts_once(project, board, challenge, curator, clock):
    case_id = challenge()
    board.commitVote(case_id, commitment_of(case_id, curator, NO), sender=curator)
    clock.set(board.caseOf(case_id).openedAt + COMMIT)
    board.revealVote(case_id, NO, SALT, sender=curator)
    with reverts(project.CuratorBoard.VoteMismatch, caseId=case_id, curator=curator):
        board.revealVote(case_id, NO, SALT, sender=curator)
    assert (board.caseOf(case_id).ayes, board.caseOf(case_id).noes) == (0, 1)


def test_votes_of_who_was_dismissed_later_stay(board, challenge, change, curators, vote, relayer):
    case_id = challenge()
    vote(case_id, "aaa")
    change(dismissed=[curators[0]], signers=curators[1:4])
    board.conclude(case_id, sender=relayer)
    assert board.caseOf(case_id).status == UPHELD
    assert board.caseOf(case_id).ayes == 3


# Steps


def test_each_step_has_its_time(
    project, board, challenge, defend, curators, collector, clock, relayer
):
    case_id = challenge()
    start = board.caseOf(case_id).openedAt
    shown, over = start + COMMIT, start + COMMIT + REVEAL
    first, second, late = curators[:3]

    def closed(opens_at, closes_at, at):
        clock.set_next(at)
        return reverts(
            project.CuratorBoard.CaseStepClosed,
            caseId=case_id,
            opensAt=opens_at,
            closesAt=closes_at,
            timestamp=at,
        )

    board.commitVote(case_id, commitment_of(case_id, first, AYE), sender=first)
    with closed(shown, over, shown - 1):
        board.revealVote(case_id, AYE, SALT, sender=first)
    clock.set_next(shown - 1)
    board.commitVote(case_id, commitment_of(case_id, second, AYE), sender=second)
    with closed(start, shown, shown):
        board.commitVote(case_id, EVIDENCE, sender=late)
    with closed(start, shown, shown):
        defend(case_id, by=collector)
    clock.set_next(shown)
    board.revealVote(case_id, AYE, SALT, sender=first)
    with closed(over, FOR_EVER, over - 1):
        board.conclude(case_id, sender=relayer)
    clock.set_next(over - 1)
    board.revealVote(case_id, AYE, SALT, sender=second)
    with closed(shown, over, over):
        board.revealVote(case_id, AYE, SALT, sender=late)
    clock.set_next(over)
    board.conclude(case_id, sender=relayer)


def test_no_step_of_a_case_that_is_unknown(project, board, curator, collector, relayer):
    for call in (
        lambda: board.defend(UNKNOWN, value=BOND, sender=collector),
        lambda: board.commitVote(UNKNOWN, EVIDENCE, sender=curator),
        lambda: board.revealVote(UNKNOWN, AYE, SALT, sender=curator),
        lambda: board.conclude(UNKNOWN, sender=relayer),
        lambda: board.claimReward(UNKNOWN, sender=curator),
    ):
        with reverts(project.CuratorBoard.CaseUnknown, caseId=UNKNOWN):
            call()


def test_no_step_of_a_case_that_was_concluded(
    project, board, challenge, decide, curator, collector, relayer
):
    case_id = challenge()
    decide(case_id, "nnn")
    for call in (
        lambda: board.defend(case_id, value=BOND, sender=collector),
        lambda: board.commitVote(case_id, EVIDENCE, sender=curator),
        lambda: board.revealVote(case_id, NO, SALT, sender=curator),
        lambda: board.conclude(case_id, sender=relayer),
    ):
        with reverts(project.CuratorBoard.CaseConcludedBefore, caseId=case_id):
            call()


# conclude


@pytest.mark.parametrize(
    ("letters", "status"),
    [
        ("", UNDECIDED),
        ("aa", UNDECIDED),
        ("nn", UNDECIDED),
        ("aaa", UPHELD),
        ("nnn", REJECTED),
        ("aan", REJECTED),  # too few ayes
        ("aann", REJECTED),
        ("aaan", UPHELD),
        ("aaann", UPHELD),
        ("aannn", REJECTED),
    ],
)
def test_conclude_counts_the_votes(board, artworks, registered, challenge, decide, letters, status):
    case_id = challenge()
    receipt = decide(case_id, letters)

    assert logs(receipt, board) == [
        log(
            board,
            "CaseConcluded",
            caseId=case_id,
            id=registered,
            status=status,
            ayes=letters.count("a"),
            noes=letters.count("n"),
        )
    ]
    assert board.caseOf(case_id).status == status
    assert board.openCaseOf(registered, EARLIER_WORK) == NOTHING
    assert artworks.revocations(registered) == (1 if status == UPHELD else 0)
    assert artworks.revokedIn(registered) == (case_id if status == UPHELD else NOTHING)


@pytest.mark.parametrize(
    ("letters", "status"), [("aaa", UPHELD), ("aan", REJECTED), ("", UNDECIDED)]
)
def test_conclude_revokes_nothing_after_a_submission(
    board, artworks, submission, decide, letters, status
):
    receipt = decide(submission, letters)
    assert [entry.name for entry in logs(receipt, board)] == ["CaseConcluded"]
    assert board.caseOf(submission).status == status
    assert artworks.revocations(0) == 0


def test_conclude_takes_the_quorum_of_the_end(board, challenge, vote, change, relayer):
    case_id = challenge()
    vote(case_id, "aaa")
    change(quorum=4)
    board.conclude(case_id, sender=relayer)
    assert board.caseOf(case_id).status == UNDECIDED


def test_conclude_needs_more_ayes_than_noes(board, challenge, vote, change, relayer):
    change(quorum=2)
    case_id = challenge()
    vote(case_id, "aann")
    board.conclude(case_id, sender=relayer)
    assert board.caseOf(case_id).status == REJECTED


def test_conclude_pays_also_if_another_case_revoked_the_record(
    board, artworks, registered, challenge, challenger, outsider, curators, clock, relayer
):
    cases = [challenge(), challenge(FALSE_RECORD, by=outsider)]
    for case_id in cases:
        for curator in curators[:3]:
            commitment = commitment_of(case_id, curator, AYE)
            board.commitVote(case_id, commitment, sender=curator)
    clock.set(board.caseOf(cases[1]).openedAt + COMMIT)
    for case_id in cases:
        for curator in curators[:3]:
            board.revealVote(case_id, AYE, SALT, sender=curator)
    clock.set(board.caseOf(cases[1]).openedAt + COMMIT + REVEAL)
    for case_id in cases:
        board.conclude(case_id, sender=relayer)

    assert [board.caseOf(case_id).status for case_id in cases] == [UPHELD, UPHELD]
    assert (artworks.revocations(registered), artworks.revokedIn(registered)) == (1, cases[0])
    assert (board.creditOf(challenger), board.creditOf(outsider)) == (BOND, BOND)


def test_conclude_cannot_be_entered_again(
    project, board, artworks, registered, challenge, challenger, decide
):
    case_id = challenge()
    again = board.conclude.encode_input(case_id)
    artworks.callOnRevoke(again, sender=challenger)
    decide(case_id, "aaa")

    error = project.CuratorBoard.CaseConcludedBefore.abi.selector
    assert artworks.succeeded() is False
    assert bytes(artworks.answer()) == keccak(text=error)[:4] + case_id
    assert board.creditOf(challenger) == BOND


# Bonds


def books_of(board, *accounts):
    return [board.creditOf(account) for account in accounts]


@pytest.mark.parametrize(
    ("letters", "defended", "opener", "defender", "share"),
    [
        # Nobody loses.
        ("aa", False, BOND, 0, 0),
        ("aa", True, BOND, BOND, 0),
        ("", True, BOND, BOND, 0),
        ("aaa", False, BOND, 0, 0),
        # The defender loses.
        ("aaa", True, 2 * BOND - BOND // 2 // 3 * 3, 0, BOND // 2 // 3),
        ("aaann", True, 2 * BOND - BOND // 2 // 5 * 5, 0, BOND // 2 // 5),
        # The challenger loses.
        ("nnn", True, 0, 2 * BOND - BOND // 2 // 3 * 3, BOND // 2 // 3),
        ("aann", True, 0, 2 * BOND - BOND // 2 // 4 * 4, BOND // 2 // 4),
        ("aan", False, BOND - BOND // 3 * 3, 0, BOND // 3),
        ("aannn", False, BOND - BOND // 5 * 5, 0, BOND // 5),
    ],
)
def test_bonds_of_a_challenge_go_to_whom_they_belong(
    project,
    board,
    challenge,
    defend,
    decide,
    challenger,
    collector,
    curators,
    letters,
    defended,
    opener,
    defender,
    share,
):
    case_id = challenge()
    if defended:
        defend(case_id)
    decide(case_id, letters)
    assert books_of(board, challenger, collector) == [opener, defender]
    assert opener + defender + share * len(letters) == (2 * BOND if defended else BOND)

    for place, curator in enumerate(curators):
        if place < len(letters) and share:
            receipt = board.claimReward(case_id, sender=curator)
            assert logs(receipt, board) == [
                log(board, "VoteRewarded", caseId=case_id, curator=curator, amount=share)
            ]
            assert board.creditOf(curator) == share
        with reverts(project.CuratorBoard.VoteRewardEmpty, caseId=case_id, curator=curator):
            board.claimReward(case_id, sender=curator)

    for account in (challenger, collector, *curators):
        if board.creditOf(account):
            board.withdraw(account, sender=account)
    assert board.balance == 0


@pytest.mark.parametrize(
    ("letters", "artist_gets", "share"),
    [
        ("aaa", BOND, 0),
        ("", BOND, 0),
        ("aan", BOND - BOND // 3 * 3, BOND // 3),
        ("nnnn", BOND - BOND // 4 * 4, BOND // 4),
    ],
)
def test_the_bond_of_a_submission_goes_to_whom_it_belongs(
    board, submission, decide, artist, curators, letters, artist_gets, share
):
    decide(submission, letters)
    assert board.creditOf(artist) == artist_gets
    for curator in curators[: len(letters) if share else 0]:
        board.claimReward(submission, sender=curator)
        assert board.creditOf(curator) == share
    assert board.balance == sum(books_of(board, artist, *curators))


def test_claimReward_reverts_before_the_end(project, board, challenge, vote, curator):
    case_id = challenge()
    vote(case_id, "nnn")
    with reverts(project.CuratorBoard.CaseNotConcluded, caseId=case_id):
        board.claimReward(case_id, sender=curator)


def test_claimReward_reverts_for_who_did_not_reveal(
    project, board, challenge, curators, vote, relayer, outsider
):
    case_id = challenge()
    silent = curators[4]
    board.commitVote(case_id, commitment_of(case_id, silent, NO), sender=silent)
    vote(case_id, "nnn")
    board.conclude(case_id, sender=relayer)
    for caller in (silent, curators[3], outsider):
        with reverts(project.CuratorBoard.VoteRewardEmpty, caseId=case_id, curator=caller):
            board.claimReward(case_id, sender=caller)


def test_claimReward_is_for_who_was_dismissed_since_too(board, challenge, decide, change, curators):
    case_id = challenge()
    decide(case_id, "nnn")
    change(dismissed=[curators[0]], signers=curators[1:4])
    board.claimReward(case_id, sender=curators[0])
    assert board.creditOf(curators[0]) == BOND // 3


def test_a_board_without_bonds_has_no_shares(project, found, work, artist, curator, clock):
    free = project.CuratorBoard.at(found(bond=0, quorum=1).BOARD())
    case_id = bytes(free.submit(work(), sender=artist).return_value)
    free.commitVote(case_id, commitment_of(case_id, curator, NO), sender=curator)
    clock.set(free.caseOf(case_id).openedAt + COMMIT)
    free.revealVote(case_id, NO, SALT, sender=curator)
    clock.set(free.caseOf(case_id).openedAt + COMMIT + REVEAL)
    free.conclude(case_id, sender=artist)
    assert free.caseOf(case_id).status == REJECTED
    with reverts(project.CuratorBoard.VoteRewardEmpty, caseId=case_id, curator=curator):
        free.claimReward(case_id, sender=curator)


# withdraw


def test_withdraw_pays_out_once(project, board, challenge, decide, challenger, outsider):
    decide(challenge(), "")
    before = outsider.balance
    receipt = board.withdraw(outsider, sender=challenger)

    assert logs(receipt, board) == [
        log(board, "BondWithdrawn", account=challenger, to=outsider, amount=BOND)
    ]
    assert (outsider.balance - before, board.balance) == (BOND, 0)
    for caller in (challenger, outsider):
        with reverts(project.CuratorBoard.BondEmpty, account=caller):
            board.withdraw(caller, sender=caller)


def test_withdraw_reverts_if_the_receiver_refuses(
    project, board, challenge, decide, challenger, party
):
    party.setRefuses(True, sender=challenger)
    decide(challenge(), "")
    with reverts(project.CuratorBoard.BondRefused, to=party, amount=BOND):
        board.withdraw(party, sender=challenger)
    assert board.creditOf(challenger) == BOND
    party.setRefuses(False, sender=challenger)
    board.withdraw(party, sender=challenger)
    assert party.balance == BOND


def test_withdraw_reverts_if_nobody_is_to_be_paid(project, board, challenge, decide, challenger):
    decide(challenge(), "")
    with reverts(project.CuratorBoard.BondRefused, to=ZERO, amount=BOND):
        board.withdraw(ZERO, sender=challenger)
    assert board.creditOf(challenger) == BOND


def test_withdraw_cannot_be_entered_again(
    project, board, registered, challenge, decide, party, outsider
):
    opening = board.challenge.encode_input(registered, FALSE_RECORD, 0, EVIDENCE)
    party.execute(board, opening, value=BOND, sender=outsider)
    case_id = bytes(board.openCaseOf(registered, FALSE_RECORD))
    challenge()  # another's bond, to be stolen
    decide(case_id, "")
    withdrawal = board.withdraw.encode_input(party)
    party.callOnPayment(withdrawal, sender=outsider)
    party.execute(board, withdrawal, sender=outsider)

    error = project.CuratorBoard.BondEmpty.abi.selector
    assert party.succeeded() is False
    assert bytes(party.answer()) == keccak(text=error)[:4] + encode(["address"], [party.address])
    assert (party.balance, board.balance) == (BOND, BOND)


def test_the_board_takes_no_ether_else(board, outsider):
    with reverts_without_data():
        outsider.transfer(board, 1)

    assert board.balance == 0

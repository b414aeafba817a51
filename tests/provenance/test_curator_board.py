"""Curators: who they are, by which standards, and what their signatures admit."""

import pytest
from eth_utils import keccak

from tests.fixtures.intents import Domain, address_of, compact, high_s
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts
from tests.provenance.board import *  # noqa: F403 - fixtures
from tests.provenance.board import (
    ANY_TIME,
    BOND,
    COMMIT,
    HOUR,
    NOTHING,
    NOTICE,
    QUORUM,
    REVEAL,
    STANDARDS,
    approval_of,
    artwork_intent,
    ascending,
    change_approval_of,
    signed_by,
)

ZERO = "0x" + "00" * 20
NEW_STANDARDS = keccak(text="new standards")
ACCEPT_ALL = 1  # WalletMock.Behaviour


@pytest.fixture
def approvals(domain, work, curators):
    """Approvals of the work by a quorum, unless the test says otherwise."""

    def approvals_(*, of=None, signers=None, at=domain, deadline=ANY_TIME, form=compact):
        intent = approval_of(at, of or work(), deadline)
        return signed_by(intent, *(signers or curators[:QUORUM]), form=form)

    return approvals_


@pytest.fixture
def admit(artworks, relayer):
    """Asks whether a work may be registered, as its registration does."""

    def admit_(artwork, approvals):
        return artworks.requireAdmitted.transact(artwork, approvals, sender=relayer)

    return admit_


def listed(*accounts):
    return [address_of(account).lower() for account in accounts]


# The board


def test_the_board_is_as_it_was_founded(board, artworks, project, curators, domain, work):
    state = board.state()
    assert (state.curators, state.quorum, state.epoch, state.standardsVersion) == (5, QUORUM, 0, 1)
    assert board.standardsHashOf(1) == STANDARDS
    assert board.standardsHashOf(0) == board.standardsHashOf(2) == NOTHING
    assert board.ARTWORKS() == artworks.address
    assert (board.BOND(), board.NEAR_DISTANCE()) == (BOND, 8)
    assert (board.COMMIT_PERIOD(), board.REVEAL_PERIOD(), board.NOTICE()) == (
        COMMIT,
        REVEAL,
        NOTICE,
    )
    assert all(board.isCurator(each) for each in curators)
    assert board.DOMAIN_SEPARATOR() == approval_of(domain, work()).signable().header
    assert artworks.contract_type.name == project.ArtworksMock.contract_type.name


def test_the_founding_is_on_record(board, artworks, chain, accounts, curators):
    receipt = artworks.creation_metadata.receipt
    assert logs(receipt, board) == [
        log(
            board,
            "BoardChanged",
            epoch=0,
            admitted=listed(*accounts[10:15]),
            dismissed=[],
            quorum=QUORUM,
            standardsVersion=1,
            standardsHash=STANDARDS,
        )
    ]
    assert board.state().standardsSince == receipt.timestamp


def test_isCurator_knows_nobody_else(board, artist, outsider, artworks):
    for account in (artist, outsider, artworks, ZERO):
        assert board.isCurator(account) is False


@pytest.mark.parametrize("quorum", [0, 6, 255])
def test_founding_reverts_if_quorum_cannot_be_met(project, found, quorum):
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=quorum, curators=5):
        found(quorum=quorum)


def test_founding_reverts_without_curators(project, found):
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=1, curators=0):
        found([], quorum=1)


def test_founding_reverts_if_a_curator_is_listed_twice_or_zero(project, found, curators):
    for members, wrong in (([*curators, curators[2]], curators[2]), ([curators[0], ZERO], ZERO)):
        with reverts(project.CuratorBoard.CuratorListInvalid, curator=wrong):
            found(members)


def test_a_board_has_at_most_64_curators(project, found):
    many = [f"0x{number:040x}" for number in range(1, 66)]
    full = project.CuratorBoard.at(found(reversed(many[:64]), quorum=64).BOARD())
    assert full.state().curators == 64
    assert all(full.isCurator(each) for each in (many[0], many[31], many[63]))
    assert full.isCurator(many[64]) is False
    with reverts(project.CuratorBoard.CuratorListInvalid, curator=many[64]):
        found(many)


@pytest.mark.parametrize("short", range(3))
def test_founding_reverts_if_a_period_is_shorter_than_an_hour(project, found, short):
    periods = [HOUR] * 3
    found(periods=periods)
    periods[short] = HOUR - 1
    names = ("commitPeriod", "revealPeriod", "notice")
    with reverts(
        project.CuratorBoard.BoardPeriodsInvalid, **dict(zip(names, periods, strict=True))
    ):
        found(periods=periods)


# requireAdmitted


def test_requireAdmitted_takes_a_quorum_in_either_form(admit, work, approvals, curators):
    for form in (bytes, compact):
        admit(work(), approvals(form=form))
        admit(work(), approvals(signers=curators[2:], form=form))
        admit(work(), approvals(signers=curators, form=form))


def test_requireAdmitted_reverts_below_the_quorum(project, admit, work, approvals, curators):
    for given in range(QUORUM):
        with reverts(project.CuratorBoard.ApprovalsMissing, given=given, wanted=QUORUM):
            admit(work(), approvals(signers=curators)[:given])


def test_requireAdmitted_counts_a_curator_once(project, admit, domain, work, curators):
    intent = approval_of(domain, work())
    first, second = curators[:2]
    twins = [*signed_by(intent, first), *signed_by(intent, first, form=compact)]
    for other in (signed_by(intent, second), signed_by(intent, second, form=compact)):
        with reverts(project.CuratorBoard.CuratorsUnordered, previous=first, curator=first):
            admit(work(), twins + other)


def test_requireAdmitted_reverts_if_curators_do_not_rise(project, admit, work, approvals):
    first, second, third = approvals()
    for given in ((second, first, third), (first, third, second)):
        low, high = ascending(*(each[0] for each in (given[0], given[1])))
        if given[0][0] == low:
            low, high = given[2][0], given[1][0]
        with reverts(project.CuratorBoard.CuratorsUnordered, previous=high, curator=low):
            admit(work(), given)
    admit(work(), (first, second, third))


def test_requireAdmitted_reverts_if_a_signer_is_no_curator(
    project, admit, work, approvals, curators, outsider, artist
):
    for stranger in (outsider, artist):
        given = approvals(signers=[*curators[:2], stranger])
        with reverts(project.CuratorBoard.CuratorInvalid, curator=stranger):
            admit(work(), given)
    with reverts(project.CuratorBoard.CuratorsUnordered, previous=ZERO, curator=ZERO):
        admit(work(), [(ZERO, ANY_TIME, bytes(65)), *approvals()])


def test_requireAdmitted_does_not_count_the_artist(project, admit, work, approvals, curators):
    own = work(artist=curators[1].address)
    with reverts(project.CuratorBoard.CuratorInvalid, curator=curators[1]):
        admit(own, approvals(of=own, signers=curators))
    others = [each for each in curators if each != curators[1]]
    admit(own, approvals(of=own, signers=others[:QUORUM]))


def test_requireAdmitted_does_not_count_who_was_dismissed(
    project, admit, work, approvals, change, curators
):
    given = approvals()
    admit(work(), given)
    change(dismissed=[curators[0]])
    with reverts(project.CuratorBoard.CuratorInvalid, curator=curators[0]):
        admit(work(), given)
    # What the curator signed counts again once the curator does.
    change(admitted=[curators[0]], signers=curators[1:4])
    admit(work(), given)


def test_requireAdmitted_counts_at_once_who_was_admitted(
    project, admit, work, approvals, change, curators, newcomer
):
    given = approvals(signers=[*curators[:2], newcomer])
    with reverts(project.CuratorBoard.CuratorInvalid, curator=newcomer):
        admit(work(), given)
    change(admitted=[newcomer])
    admit(work(), given)


def test_requireAdmitted_follows_the_quorum(project, admit, work, approvals, change, curators):
    change(quorum=4)
    with reverts(project.CuratorBoard.ApprovalsMissing, given=3, wanted=4):
        admit(work(), approvals())
    change(quorum=1)
    admit(work(), approvals(signers=curators[4:]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fileKeccak", NEW_STANDARDS),
        ("fileSha256", NEW_STANDARDS),
        ("cidDigest", NEW_STANDARDS),
        ("pHash", 0),
        ("metadataHash", NEW_STANDARDS),
        ("royaltyBps", 501),
        ("succession", 1),
        ("deadline", ANY_TIME - 1),
    ],
)
def test_requireAdmitted_reverts_if_another_work_was_approved(
    project, admit, domain, work, approvals, curators, name, value
):
    other = work(**{name: value})
    digest = approval_of(domain, other).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest):
        admit(other, approvals())
    admit(other, approvals(of=other))


def test_requireAdmitted_reverts_if_the_artist_was_exchanged(
    project, admit, domain, work, approvals, curators, outsider
):
    stolen = work(artist=outsider.address)
    digest = approval_of(domain, stolen).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest):
        admit(stolen, approvals())


def test_requireAdmitted_reverts_if_an_approval_was_for_another_version(
    project, admit, domain, work, approvals, change, curators
):
    change(standards=NEW_STANDARDS)
    newer = work(standardsVersion=2)
    digest = approval_of(domain, newer).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest):
        admit(newer, approvals())
    admit(newer, approvals(of=newer))


def test_requireAdmitted_reverts_if_signed_for_another_domain(
    project, admit, domain, work, approvals, curators, artworks, found
):
    digest = approval_of(domain, work()).digest()
    for foreign in (
        Domain(domain.name, domain.contract, domain.chain_id + 1),
        Domain(domain.name, artworks.address, domain.chain_id),
        Domain("Artworks", domain.contract, domain.chain_id),
        Domain(domain.name, domain.contract, domain.chain_id, "2"),
    ):
        with reverts(
            project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest
        ):
            admit(work(), approvals(at=foreign))


def test_requireAdmitted_reverts_if_signed_for_another_board(
    project, domain, work, approvals, curators, found, relayer
):
    twin = found()
    there = Domain(domain.name, twin.BOARD(), domain.chain_id)
    digest = approval_of(there, work()).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest):
        twin.requireAdmitted.transact(work(), approvals(), sender=relayer)
    twin.requireAdmitted.transact(work(), approvals(at=there), sender=relayer)


def test_requireAdmitted_reverts_if_an_approval_has_expired(
    project, admit, work, approvals, curators, clock
):
    deadline = clock.now + 100
    given = approvals(signers=curators[:2])
    given += approvals(signers=curators[2:3], deadline=deadline)
    clock.set_next(deadline)
    admit(work(), given)
    clock.set_next(deadline + 1)
    with reverts(project.CuratorBoard.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        admit(work(), given)


def test_requireAdmitted_reverts_if_a_deadline_was_changed(
    project, admit, domain, work, approvals, curators, clock
):
    (curator, _, signature), *others = approvals(deadline=clock.now + 100)
    digest = approval_of(domain, work(), ANY_TIME).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curator, digest=digest):
        admit(work(), [(curator, ANY_TIME, signature), *others])


def test_requireAdmitted_reverts_if_one_of_many_approvals_is_bad(
    project, admit, domain, work, approvals, curators, outsider
):
    digest = approval_of(domain, work()).digest()
    good = approvals(signers=curators[:4], form=bytes)
    last = curators[4]
    signature = approval_of(domain, work()).sign(last)
    foreign = approval_of(domain, work()).sign(outsider)
    plain = artwork_intent(domain, work()).sign(last)
    for bad in (b"", foreign, plain, high_s(signature)):
        with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=last, digest=digest):
            admit(work(), [*good, (last.address, ANY_TIME, bad)])
    admit(work(), [*good, (last.address, ANY_TIME, signature)])


def test_requireAdmitted_asks_a_curator_that_is_a_contract(
    project, admit, domain, work, approvals, change, curators, newcomer, accounts
):
    wallet = project.WalletMock.deploy(newcomer, sender=accounts[0])
    change(admitted=[wallet])
    intent = approval_of(domain, work())

    def given(signature):
        entries = [*approvals(signers=curators[:2]), (wallet.address, ANY_TIME, signature)]
        return sorted(entries, key=lambda entry: int(entry[0], 16))

    admit(work(), given(intent.sign(newcomer)))
    with reverts(
        project.CuratorBoard.IntentSignatureInvalid, signer=wallet, digest=intent.digest()
    ):
        admit(work(), given(intent.sign(curators[0])))
    wallet.setBehaviour(ACCEPT_ALL, sender=newcomer)
    admit(work(), given(b""))


# Standards


def test_requireAdmitted_takes_no_standards_that_never_were(project, admit, work, approvals):
    for version in (0, 2, 2**32 - 1):
        other = work(standardsVersion=version)
        with reverts(project.CuratorBoard.StandardsOutdated, given=version, version=1):
            admit(other, approvals(of=other))


def test_requireAdmitted_takes_the_last_standards_during_their_notice(
    project, admit, work, approvals, change, clock
):
    since = change(standards=NEW_STANDARDS).timestamp
    newer = work(standardsVersion=2)
    clock.set_next(since + NOTICE - 1)
    admit(work(), approvals())
    clock.set_next(since + NOTICE)
    with reverts(project.CuratorBoard.StandardsOutdated, given=1, version=2):
        admit(work(), approvals())
    admit(newer, approvals(of=newer))


def test_requireAdmitted_takes_no_standards_before_the_last(
    project, admit, work, approvals, change
):
    change(standards=NEW_STANDARDS)
    change(standards=STANDARDS)
    with reverts(project.CuratorBoard.StandardsOutdated, given=1, version=3):
        admit(work(), approvals())
    for version in (2, 3):
        other = work(standardsVersion=version)
        admit(other, approvals(of=other))


# change


def test_change_is_carried_out_whoever_brings_it(
    board, change, curators, newcomer, outsider, relayer
):
    admitted, dismissed = [newcomer, outsider], [curators[3], curators[0]]
    receipt = change(admitted=admitted, dismissed=dismissed, quorum=2, standards=NEW_STANDARDS)

    assert receipt.sender == relayer
    assert logs(receipt, board) == [
        log(
            board,
            "BoardChanged",
            epoch=1,
            admitted=listed(*admitted),
            dismissed=listed(*dismissed),
            quorum=2,
            standardsVersion=2,
            standardsHash=NEW_STANDARDS,
        )
    ]
    assert tuple(board.state()) == (5, 2, 1, 2, receipt.timestamp)
    assert (board.standardsHashOf(1), board.standardsHashOf(2)) == (STANDARDS, NEW_STANDARDS)
    members = {each for each in (*curators, *admitted) if board.isCurator(each)}
    assert members == {*curators, *admitted} - set(dismissed)


def test_change_leaves_standards_that_are_not_named(board, change, curators):
    before = board.state()
    receipt = change(quorum=5)
    assert logs(receipt, board)[0].fields["standardsHash"] == STANDARDS
    assert tuple(board.state()) == (5, 5, 1, 1, before.standardsSince)


def test_change_needs_more_than_half_of_the_curators(
    project, board, change, change_of, domain, curators, relayer
):
    with reverts(project.CuratorBoard.ApprovalsMissing, given=2, wanted=3):
        change(quorum=1, signers=curators[:2])
    with reverts(project.CuratorBoard.ApprovalsMissing, given=0, wanted=3):
        board.change(change_of(quorum=1), [], sender=relayer)
    change(dismissed=[curators[4]])
    with reverts(project.CuratorBoard.ApprovalsMissing, given=2, wanted=3):  # 2 of 4
        change(quorum=1, signers=curators[:2])
    change(quorum=1, signers=curators[:3])


def test_change_reverts_if_signers_are_not_distinct_curators(
    project, board, change, change_of, domain, curators, newcomer, relayer
):
    with reverts(project.CuratorBoard.CuratorInvalid, curator=newcomer):
        change(admitted=[newcomer], signers=[*curators[:2], newcomer])
    intent = change_approval_of(domain, change_of(quorum=1))
    first, second = signed_by(intent, *curators[:2])
    twin = (first[0], first[1], compact(first[2]))
    with reverts(project.CuratorBoard.CuratorsUnordered, previous=curators[0], curator=curators[0]):
        board.change(intent.values[0], [first, twin, second], sender=relayer)


def test_change_happens_once(project, board, domain, change_of, curators, newcomer, relayer):
    intent = change_approval_of(domain, change_of(admitted=[newcomer]))
    given = signed_by(intent, *curators[:3])
    board.change(intent.values[0], given, sender=relayer)
    with reverts(project.CuratorBoard.BoardChangeStale, given=0, epoch=1):
        board.change(intent.values[0], given, sender=relayer)


def test_change_reverts_if_another_change_came_first_or_has_to(
    project, board, domain, change_of, change, curators, relayer
):
    planned = change_approval_of(domain, change_of(quorum=1, epoch=1))
    given = signed_by(planned, *curators[:3])
    with reverts(project.CuratorBoard.BoardChangeStale, given=1, epoch=0):
        board.change(planned.values[0], given, sender=relayer)
    change(quorum=4)
    board.change(planned.values[0], given, sender=relayer)
    assert board.state().quorum == 1


def test_change_reverts_if_a_dismissed_curator_signed(
    project, board, change, change_of, domain, curators, relayer
):
    change(dismissed=[curators[0]])
    with reverts(project.CuratorBoard.CuratorInvalid, curator=curators[0]):
        change(quorum=1, signers=curators[:3])


def test_change_reverts_if_a_field_was_changed(
    project, board, domain, change_of, curators, newcomer, outsider, relayer
):
    signed = {"admitted": [newcomer], "dismissed": [curators[4]], "quorum": 2}
    given = signed_by(change_approval_of(domain, change_of(**signed)), *curators[:3])
    for field in (
        {"admitted": [outsider]},
        {"admitted": []},
        {"dismissed": [curators[3]]},
        {"dismissed": []},
        {"quorum": 1},
        {"standards": NEW_STANDARDS},
    ):
        changed = change_of(**signed | field)
        digest = change_approval_of(domain, changed).digest()
        with reverts(
            project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest
        ):
            board.change(changed, given, sender=relayer)


def test_change_holds_until_the_deadline_of_each_approval(
    project, board, domain, change_of, curators, clock, relayer
):
    deadline = clock.now + 100
    late = change_approval_of(domain, change_of(quorum=1), deadline)
    given = signed_by(late, *curators[:3])
    clock.set_next(deadline + 1)
    with reverts(project.CuratorBoard.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        board.change(late.values[0], given, sender=relayer)


def test_change_reverts_if_signed_for_another_board(
    project, board, domain, change_of, curators, found, relayer
):
    there = Domain(domain.name, found().BOARD(), domain.chain_id)
    given = signed_by(change_approval_of(there, change_of(quorum=1)), *curators[:3])
    digest = change_approval_of(domain, change_of(quorum=1)).digest()
    with reverts(project.CuratorBoard.IntentSignatureInvalid, signer=curators[0], digest=digest):
        board.change(change_of(quorum=1), given, sender=relayer)


def test_change_reverts_if_a_list_is_wrong(project, change, curators, newcomer, outsider):
    for lists, wrong in (
        ({"admitted": [curators[4]]}, curators[4]),
        ({"admitted": [ZERO]}, ZERO),
        ({"admitted": [newcomer, outsider, newcomer]}, newcomer),
        ({"dismissed": [outsider]}, outsider),
        ({"dismissed": [ZERO]}, ZERO),
        ({"dismissed": [curators[3], curators[3]]}, curators[3]),
        ({"admitted": [newcomer], "dismissed": [newcomer]}, newcomer),
        ({"admitted": [curators[4]], "dismissed": [curators[4]]}, curators[4]),
    ):
        with reverts(project.CuratorBoard.CuratorListInvalid, curator=wrong):
            change(**lists)


def test_change_reverts_if_quorum_cannot_be_met(project, change, curators, newcomer):
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=0, curators=5):
        change(quorum=0)
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=7, curators=6):
        change(admitted=[newcomer], quorum=7)
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=3, curators=2):
        change(dismissed=curators[:3])
    with reverts(project.CuratorBoard.CuratorQuorumInvalid, quorum=1, curators=0):
        change(dismissed=curators, quorum=1)
    change(dismissed=curators[:2])


def test_change_admits_up_to_64(project, board, change, curators):
    many = [f"0x{number:040x}" for number in range(1, 61)]
    with reverts(project.CuratorBoard.CuratorListInvalid, curator=many[59]):
        change(admitted=many)
    change(admitted=many[:59])
    assert board.state().curators == 64
    # Who leaves makes room.
    signers = curators[:5]
    with reverts(project.CuratorBoard.ApprovalsMissing, given=5, wanted=33):
        change(admitted=[many[59]], dismissed=[many[0]], signers=signers)

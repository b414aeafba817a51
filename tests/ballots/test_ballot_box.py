"""The ballot box: what counts, what is refused, and what an attacker cannot make of it."""

import pytest
from eth_utils import keccak

from crmdapp.ballots.group import ORDER, encode_point, multiply_base
from tests.ballots.polling import *  # noqa: F403 - fixtures
from tests.ballots.polling import (
    FORMS,
    HEAD,
    KEY,
    OF_FIVE,
    QUESTIONS,
    REASON,
    SECRET,
    UP_TO_TWO,
    VOTERS,
    YES_NO,
    Citizen,
    citizen,
)
from tests.ballots.voting import OFF_CURVE, UNREDUCED
from tests.fixtures.intents import Domain
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

POINT = 96


@pytest.fixture
def voter():
    return citizen(0, 0)


@pytest.fixture
def neighbour():
    return citizen(0, 1)


@pytest.fixture
def third():
    return citizen(0, 2)


@pytest.fixture
def holder(open_polls, accounts, chain):
    """The account that a voting key opens, with ether to pay for a ballot."""

    def holder_(who):
        chain.set_balance(who.address, 10**18)
        return accounts[who.address]

    return holder_


@pytest.fixture
def signature_invalid(box):
    def signature_invalid_(who: Citizen, ballot=0):
        return reverts(box.BallotSignatureInvalid, ballot=ballot, voter=who.address)

    return signature_invalid_


def patched(data: bytes, place: int, part: bytes) -> bytes:
    return data[:place] + part + data[place + len(part) :]


def bulletin_after(before: bytes, *trackers: bytes) -> bytes:
    return keccak(before + keccak(b"".join(trackers)))[:28]


# Preparing


def test_a_question_is_prepared_for_its_ballots(polls, box, roll, elections, board):
    polls.register_all()
    polls.freeze()
    assert (box.ELECTIONS(), box.ROLL(), box.BOARD()) == (elections, roll, board)
    assert box.isPrepared(1, 0) is box.isReady(1) is False
    polls.prepare()
    assert box.isPrepared(1, 2) is box.isReady(1) is True
    assert box.isPrepared(1, 3) is False
    for question, form in enumerate(FORMS):
        assert box.contextOf(1, question) == polls.context(question)
        assert box.ballotLengthOf(1, question) == HEAD + form.body_bytes


def test_preparing_is_on_record(polls, box, board, organiser, relayer, chain):
    polls.end_registration()
    board.setKey(1, KEY, sender=organiser)
    receipt = box.prepare(1, 1, sender=relayer)
    (event,) = logs(receipt, box)
    form = event.fields["form"]
    assert event == log(
        box,
        "QuestionPrepared",
        election=1,
        question=1,
        context=polls.context(1),
        form=form,
    )
    code = bytes(chain.provider.get_code(form))
    assert code[:33] == b"\0" + polls.context(1)


def test_an_election_is_ready_once_all_its_questions_are(polls, box, board, organiser, relayer):
    polls.end_registration()
    board.setKey(1, KEY, sender=organiser)
    for question in range(len(QUESTIONS)):
        assert box.isReady(1) is False
        box.prepare(1, question, sender=relayer)
    assert box.isReady(1) is True


def test_prepare_reverts_before_the_roll_is_frozen(polls, box, board, organiser, relayer):
    board.setKey(1, KEY, sender=organiser)
    polls.register(citizen(0, 0))
    with reverts(box.RollNotFrozen, election=1):
        box.prepare(1, 0, sender=relayer)
    polls.end_registration()
    with reverts(box.RollNotFrozen, election=1):
        box.prepare(1, 0, sender=relayer)


def test_prepare_reverts_before_the_key_is_final(polls, box, board, relayer):
    polls.end_registration()
    with reverts(board.CeremonyNotFinal, election=1):
        box.prepare(1, 0, sender=relayer)


def test_prepare_reverts_if_it_is_done(open_polls, box, clock, relayer, draft):
    draft.create(windows=tuple(time + 20_000 for time in draft.times))
    draft.board.setKey(2, KEY, sender=draft.organiser)
    clock.set(draft.times.registration_until + 20_001)
    box.prepare(2, 0, sender=relayer)
    with reverts(box.QuestionPreparedAlready, election=2, question=0):
        box.prepare(2, 0, sender=relayer)


def test_prepare_reverts_once_the_election_should_be_open(
    polls, box, board, elections, organiser, clock, relayer
):
    polls.end_registration()
    board.setKey(1, KEY, sender=organiser)
    clock.set_next(polls.times.opens_at)
    with reverts(elections.ElectionHasOpened, election=1, opensAt=polls.times.opens_at):
        box.prepare(1, 0, sender=relayer)


def test_prepare_reverts_if_the_election_was_called_off(
    polls, box, board, elections, organiser, relayer
):
    polls.end_registration()
    board.setKey(1, KEY, sender=organiser)
    elections.cancel(1, REASON, sender=organiser)
    with reverts(elections.ElectionWasCancelled, election=1):
        box.prepare(1, 0, sender=relayer)


def test_prepare_reverts_if_there_is_no_such_question(polls, box, elections, relayer):
    with reverts(elections.QuestionUnknown, election=1, question=3):
        box.prepare(1, 3, sender=relayer)
    with reverts(elections.ElectionUnknown, election=2):
        box.prepare(2, 0, sender=relayer)


def test_views_revert_if_the_question_is_not_prepared(polls, box, outsider):
    for view in (box.contextOf, box.ballotLengthOf):
        with reverts(box.QuestionNotPrepared, election=1, question=0):
            view.transact(1, 0, sender=outsider)


# Casting


def test_a_relayed_batch_is_added_up(open_polls, box, voter, neighbour, third):
    people = (voter, neighbour, third)
    bodies = [
        open_polls.body(OF_FIVE, who, choice) for who, choice in zip(people, (4, 0, 4), strict=True)
    ]
    ballots = [
        open_polls.signed(OF_FIVE, who, body) for who, body in zip(people, bodies, strict=True)
    ]
    receipt = open_polls.cast(OF_FIVE, *ballots)
    trackers = [
        open_polls.tracker(OF_FIVE, who, body) for who, body in zip(people, bodies, strict=True)
    ]
    bulletin = bulletin_after(bytes(28), *trackers)
    assert logs(receipt, box) == [
        log(
            box,
            "BallotsCast",
            election=1,
            question=OF_FIVE,
            precinct=0,
            bulletin=bulletin,
            count=3,
            skipped=0,
        )
    ]
    assert box.countOf(1, OF_FIVE, 0) == 3
    assert box.bulletinOf(1, OF_FIVE, 0) == bulletin
    assert open_polls.holds(OF_FIVE, 0, 2 * 2**24)
    assert [box.hasVoted(1, OF_FIVE, 0, index) for index in range(4)] == [True] * 3 + [False]


def test_batches_follow_each_other(open_polls, box, voter, neighbour):
    bodies = {who: open_polls.body(YES_NO, who, 1) for who in (voter, neighbour)}
    bulletin = bytes(28)
    for who, body in bodies.items():
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, who, body))
        bulletin = bulletin_after(bulletin, open_polls.tracker(YES_NO, who, body))
        assert box.bulletinOf(1, YES_NO, 0) == bulletin
    assert open_polls.holds(YES_NO, 0, 2)


def test_questions_and_precincts_are_apart(open_polls, box, voter):
    open_polls.cast(YES_NO, open_polls.ballot(YES_NO, voter, 1))
    open_polls.cast(OF_FIVE, open_polls.ballot(OF_FIVE, voter, 1))
    there = citizen(1, 0)
    open_polls.cast(YES_NO, open_polls.ballot(YES_NO, there, 0), precinct=1)
    assert [box.countOf(1, *place) for place in ((0, 0), (0, 1), (1, 0), (1, 1))] == [1, 1, 1, 0]
    assert open_polls.holds(YES_NO, 0, 1)
    assert open_polls.holds(YES_NO, 1, 0)


def test_a_vector_is_added_up_by_option(open_polls, voter, neighbour, third):
    chosen = {voter: (), neighbour: (0, 2), third: (2,)}
    ballots = [open_polls.ballot(UP_TO_TWO, who, *each) for who, each in chosen.items()]
    open_polls.cast(UP_TO_TWO, *ballots)
    for option, number in enumerate((1, 0, 2)):
        assert open_polls.holds(UP_TO_TWO, 0, number, option)


def test_a_voter_casts_directly(open_polls, box, holder, voter):
    body = open_polls.body(YES_NO, voter, 1)
    open_polls.cast(YES_NO, open_polls.direct(voter, body), sender=holder(voter))
    assert box.countOf(1, YES_NO, 0) == 1
    assert open_polls.holds(YES_NO, 0, 1)


def test_a_vote_stands(open_polls, box, holder, voter):
    sender = holder(voter)
    open_polls.cast(
        YES_NO, open_polls.direct(voter, open_polls.body(YES_NO, voter, 1)), sender=sender
    )
    again = open_polls.direct(voter, open_polls.body(YES_NO, voter, 0))
    with reverts(box.BallotCastAlready, voter=voter.address):
        open_polls.cast(YES_NO, again, sender=sender)
    assert open_polls.holds(YES_NO, 0, 1)


def test_a_direct_vote_does_not_spoil_a_relayed_batch(
    open_polls, box, holder, voter, neighbour, third
):
    batch = [open_polls.ballot(YES_NO, who, 1) for who in (voter, neighbour, third)]
    body = open_polls.body(YES_NO, neighbour, 0)
    open_polls.cast(YES_NO, open_polls.direct(neighbour, body), sender=holder(neighbour))
    (event,) = logs(open_polls.cast(YES_NO, *batch), box)
    assert (event.fields["skipped"], event.fields["count"]) == (0b010, 3)
    assert open_polls.holds(YES_NO, 0, 2)


def test_what_is_passed_over_is_in_no_proof_sum_or_bulletin(open_polls, box, voter, neighbour):
    open_polls.cast(YES_NO, open_polls.ballot(YES_NO, voter, 1))
    before = box.bulletinOf(1, YES_NO, 0)
    spoilt = voter.index.to_bytes(4) + b"\xff" * (box.ballotLengthOf(1, YES_NO) - 4)
    body = open_polls.body(YES_NO, neighbour, 1)
    open_polls.cast(YES_NO, spoilt, open_polls.signed(YES_NO, neighbour, body))
    expected = bulletin_after(before, open_polls.tracker(YES_NO, neighbour, body))
    assert box.bulletinOf(1, YES_NO, 0) == expected
    assert open_polls.holds(YES_NO, 0, 2)


def test_castBatch_reverts_if_all_have_voted(open_polls, box, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    open_polls.cast(YES_NO, ballot)
    with reverts(box.BatchVotersDone):
        open_polls.cast(YES_NO, ballot)


# Proofs


def refused(open_polls, box, question, *ballots, **options):
    with reverts(box.BatchProofsInvalid):
        open_polls.cast(question, *ballots, **options)
    assert box.countOf(1, question, 0) == 0


def test_a_copied_ballot_is_refused(open_polls, box, holder, voter, neighbour):
    body = open_polls.body(YES_NO, voter, 1)
    refused(open_polls, box, YES_NO, open_polls.signed(YES_NO, neighbour, body))
    direct = open_polls.direct(neighbour, body)
    refused(open_polls, box, YES_NO, direct, sender=holder(neighbour))


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": 1},
        {"box": "0x" + "11" * 20},
        {"election": 2},
        {"question": 1},
        {"definition_hash": keccak(text="another")},
        {"K": encode_point(multiply_base(SECRET + 1))},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_ballot_for_another_place_is_refused(open_polls, box, voter, change):
    body = open_polls.body(YES_NO, voter, 1, **change)
    refused(open_polls, box, YES_NO, open_polls.signed(YES_NO, voter, body))


def test_one_bad_ballot_refuses_its_batch(open_polls, box, voter, neighbour, third):
    good = [open_polls.ballot(YES_NO, who, 1) for who in (voter, third)]
    body = open_polls.body(YES_NO, voter, 1)
    bad = open_polls.signed(YES_NO, neighbour, body)
    refused(open_polls, box, YES_NO, good[0], bad, good[1])
    open_polls.cast(YES_NO, *good)


def test_a_proof_with_another_ciphertext_is_refused(open_polls, box, voter):
    body, other = (open_polls.body(YES_NO, voter, option) for option in (1, 0))
    for start, end in ((0, POINT), (POINT, 2 * POINT), (0, 2 * POINT)):
        mixed = patched(body, start, other[start:end])
        refused(open_polls, box, YES_NO, open_polls.signed(YES_NO, voter, mixed))


@pytest.mark.parametrize("place", range(6, 9))
def test_every_scalar_of_a_proof_counts(open_polls, box, voter, place):
    body = open_polls.body(YES_NO, voter, 1)
    start = 6 * POINT + (place - 6) * 32
    scalar = (int.from_bytes(body[start : start + 32]) + 1) % ORDER
    bad = patched(body, start, scalar.to_bytes(32))
    refused(open_polls, box, YES_NO, open_polls.signed(YES_NO, voter, bad))


def test_parts_of_vectors_cannot_be_recombined(open_polls, box, voter):
    one, two = (open_polls.body(UP_TO_TWO, voter, 0) for _ in range(2))
    mixed = two[:672] + one[672:]  # the first option and its proof
    refused(open_polls, box, UP_TO_TWO, open_polls.signed(UP_TO_TWO, voter, mixed))


@pytest.mark.parametrize("place", range(3))
def test_scalars_from_the_order_up_are_refused(open_polls, box, voter, place):
    body = open_polls.body(YES_NO, voter, 1)
    start = 6 * POINT + place * 32
    scalar = int.from_bytes(body[start : start + 32]) + ORDER
    bad = patched(body, start, scalar.to_bytes(32))
    with reverts(box.ScalarInvalid, scalar=scalar):
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, voter, bad))


@pytest.mark.parametrize("place", range(6))
def test_infinity_is_refused(open_polls, box, voter, place):
    bad = patched(open_polls.body(YES_NO, voter, 1), place * POINT, bytes(POINT))
    with reverts(box.PointInfinite):
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, voter, bad))


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("point", [OFF_CURVE, UNREDUCED], ids=["off the curve", "unreduced"])
def test_what_is_no_point_is_refused(open_polls, box, voter, place, point):
    bad = patched(open_polls.body(YES_NO, voter, 1), place * POINT, point)
    with reverts(box.PointsInvalid):
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, voter, bad))


# Voters and their signatures


def test_voters_have_to_rise(open_polls, box, voter, neighbour):
    one, two = (open_polls.ballot(YES_NO, who, 1) for who in (voter, neighbour))
    with reverts(box.BallotIndexInvalid, ballot=1, index=0):
        open_polls.cast(YES_NO, two, one)
    with reverts(box.BallotIndexInvalid, ballot=1, index=1):
        open_polls.cast(YES_NO, two, two)
    open_polls.cast(YES_NO, one, two)


def test_nobody_votes_who_is_not_on_the_roll(open_polls, box, holder):
    stranger = citizen(0, VOTERS)
    with reverts(box.BallotIndexInvalid, ballot=0, index=VOTERS):
        open_polls.cast(YES_NO, open_polls.ballot(YES_NO, stranger, 1))
    body = open_polls.body(YES_NO, stranger, 1)
    with reverts(box.BallotIndexInvalid, ballot=0, index=VOTERS):
        open_polls.cast(YES_NO, open_polls.direct(stranger, body), sender=holder(stranger))


def test_a_ballot_needs_its_voters_signature(
    open_polls, holder, signature_invalid, voter, neighbour
):
    body = open_polls.body(YES_NO, voter, 1)
    with signature_invalid(voter):
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, voter, body, by=neighbour))
    with signature_invalid(voter):
        open_polls.cast(YES_NO, open_polls.direct(voter, body))
    with signature_invalid(voter):
        open_polls.cast(YES_NO, open_polls.direct(voter, body), sender=holder(neighbour))
    # Alone it would need none.
    batch = open_polls.direct(voter, body), open_polls.ballot(YES_NO, neighbour, 1)
    with signature_invalid(voter):
        open_polls.cast(YES_NO, *batch, sender=holder(voter))


@pytest.mark.parametrize(
    "change",
    [
        {"election": 2},
        {"question": 1},
        {"precinct": 1},
        {"tracker": keccak(text="another ballot")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_signature_is_for_this_ballot(open_polls, signature_invalid, voter, change):
    body = open_polls.body(YES_NO, voter, 1)
    with signature_invalid(voter):
        open_polls.cast(YES_NO, open_polls.signed(YES_NO, voter, body, **change))


def test_a_relayer_cannot_stretch_the_deadline(open_polls, signature_invalid, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    later = (open_polls.times.closes_at + 1).to_bytes(5)
    with signature_invalid(voter):
        open_polls.cast(YES_NO, patched(ballot, 4, later))


def test_a_signature_counts_until_its_deadline(open_polls, box, clock, voter, neighbour):
    deadline = clock.now + 100
    ballots = [
        open_polls.signed(YES_NO, who, open_polls.body(YES_NO, who, 1), deadline=deadline)
        for who in (voter, neighbour)
    ]
    clock.set_next(deadline)
    open_polls.cast(YES_NO, ballots[0])
    clock.set_next(deadline + 1)
    with reverts(box.BallotExpired, ballot=0, deadline=deadline):
        open_polls.cast(YES_NO, ballots[1])


def test_the_domain_is_this_box_on_this_chain(open_polls, box, chain, voter):
    intent = open_polls.intent(YES_NO, voter, open_polls.body(YES_NO, voter, 1))
    assert intent.domain == Domain("BallotBox", box.address, chain.chain_id)
    assert box.DOMAIN_SEPARATOR() == intent.signable().header


def test_ballots_come_in_transactions_of_keys(open_polls, box, project, delegate, relayer, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    mock = project.TrusteeBoardMock.deploy(sender=relayer)
    delegate(relayer, mock)
    with reverts(box.BatchCallerInvalid, caller=relayer):
        open_polls.cast(YES_NO, ballot)


# Time and form


def test_ballots_count_while_the_election_is_open(polls, box, clock, voter, neighbour):
    polls.register_all()
    polls.freeze()
    polls.prepare()
    opens, closes = polls.times.opens_at, polls.times.closes_at
    early, late = (polls.ballot(YES_NO, who, 1) for who in (voter, neighbour))
    clock.set_next(opens - 1)
    with reverts(box.VotingNotOpen, election=1, opensAt=opens):
        polls.cast(YES_NO, early)
    clock.set_next(opens)
    polls.cast(YES_NO, early)
    clock.set_next(closes)
    with reverts(box.VotingClosed, election=1, closesAt=closes):
        polls.cast(YES_NO, late)


def test_the_last_second_counts(open_polls, clock, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    clock.set_next(open_polls.times.closes_at - 1)
    open_polls.cast(YES_NO, ballot)


def test_an_election_that_was_called_off_takes_no_ballots(polls, elections, organiser, voter):
    polls.register_all()
    polls.freeze()
    polls.prepare()
    ballot = polls.ballot(YES_NO, voter, 1)
    elections.cancel(1, REASON, sender=organiser)
    polls.open()
    with reverts(elections.ElectionWasCancelled, election=1):
        polls.cast(YES_NO, ballot)


def test_castBatch_reverts_if_it_is_no_whole_number_of_ballots(open_polls, box, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    length = box.ballotLengthOf(1, YES_NO)
    assert len(ballot) == length
    for batch in (b"", ballot[:-1], ballot + b"\0"):
        with reverts(box.BatchLengthInvalid, length=len(batch), ballotLength=length):
            open_polls.cast(YES_NO, batch)


def test_castBatch_reverts_if_the_place_is_none(open_polls, box, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    with reverts(box.PrecinctUnknown, election=1, precinct=2):
        open_polls.cast(YES_NO, ballot, precinct=2)
    with reverts(box.QuestionNotPrepared, election=1, question=3):
        open_polls.cast(3, ballot)
    open_polls.election = 2
    with reverts(box.QuestionNotPrepared, election=2, question=0):
        open_polls.cast(YES_NO, ballot)


def test_a_ballot_of_one_precinct_is_not_cast_in_another(open_polls, signature_invalid, voter):
    ballot = open_polls.ballot(YES_NO, voter, 1)
    with signature_invalid(citizen(1, 0)):
        open_polls.cast(YES_NO, ballot, precinct=1)

"""Elections: what may be asked, of whom and when; and who may call it off."""

import pytest
from eth_abi import encode

from tests.ballots.polling import *  # noqa: F403 - fixtures
from tests.ballots.polling import (
    CHOICE,
    DEFINITION,
    QUESTIONS,
    REASON,
    VECTOR,
    ZERO,
    ascending,
)
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import plain, reverts

NONE = 0  # QuestionKind


@pytest.fixture
def create(draft):
    return draft.create


def test_a_created_election_is_as_it_was_asked_for(draft, organiser, elections):
    assert elections.electionCount() == 0
    draft.create()
    assert elections.electionCount() == draft.election == 1
    settings = elections.settingsOf(1)
    assert plain(tuple(settings)) == plain(list(draft.settings()))
    assert tuple(elections.windowsOf(1)) == tuple(draft.times)
    assert [tuple(elections.questionOf(1, number)) for number in range(3)] == QUESTIONS
    assert elections.organiserOf(1) == organiser
    assert elections.isCancelled(1) is False


def test_the_event_carries_all_of_the_settings(draft, organiser, elections):
    receipt = draft.create()
    (event,) = logs(receipt, elections)
    assert (event.name, event.fields["election"]) == ("ElectionCreated", 1)
    assert event.fields["organiser"] == organiser.address
    assert encode(["bytes32"], [DEFINITION]).hex() in receipt.logs[0]["data"].hex()
    assert len(event.fields["settings"]) == 9


def test_elections_are_numbered_from_one(draft, elections):
    for number in (1, 2, 3):
        draft.create()
        assert elections.electionCount() == number
    assert plain(tuple(elections.settingsOf(2))) == plain(tuple(elections.settingsOf(3)))


@pytest.mark.parametrize("view", ["settingsOf", "windowsOf", "organiserOf", "isCancelled"])
@pytest.mark.parametrize("election", [0, 2])
def test_views_revert_if_the_election_is_unknown(polls, elections, outsider, view, election):
    with reverts(elections.ElectionUnknown, election=election):
        getattr(elections, view).transact(election, sender=outsider)


def test_votersLimitOf_reverts_if_the_election_is_unknown(elections, outsider):
    with reverts(elections.ElectionUnknown, election=1):
        elections.votersLimitOf.transact(1, sender=outsider)


def test_questionOf_reverts_if_there_is_no_such_question(polls, elections, outsider):
    with reverts(elections.QuestionUnknown, election=1, question=3):
        elections.questionOf.transact(1, 3, sender=outsider)


def test_create_reverts_without_a_definition(create, elections):
    with reverts(elections.ElectionDefinitionZero):
        create(definition=bytes(32))


@pytest.mark.parametrize("window", [1, 2, 3, 5, 6, 7])
def test_create_reverts_if_a_window_does_not_rise(draft, elections, window):
    times = list(draft.times)
    before = times[window - 1]
    times[window] = before
    with reverts(elections.ElectionWindowInvalid, window=window, time=before, earliest=before + 1):
        draft.create(windows=tuple(times))


@pytest.mark.parametrize("window", [0, 4])
def test_create_reverts_if_a_window_has_passed(draft, elections, clock, window):
    now = clock.now + 10
    times = list(draft.times)
    times[window] = now
    clock.set_next(now)
    with reverts(elections.ElectionWindowInvalid, window=window, time=now, earliest=now + 1):
        draft.create(windows=tuple(times))


def test_registration_may_end_before_the_ceremony(draft):
    times = draft.times._replace(registration_until=draft.times.keys_until)
    draft.create(windows=tuple(times))


@pytest.mark.parametrize("precincts", [0, 65])
def test_create_reverts_if_there_are_no_or_too_many_precincts(create, elections, precincts):
    with reverts(elections.ElectionPrecinctsInvalid, precincts=precincts):
        create(precincts=precincts)


def test_create_takes_64_precincts(create, elections):
    create(precincts=64)
    assert elections.settingsOf(1).precincts == 64


@pytest.mark.parametrize("count", [0, 17])
def test_create_reverts_if_there_are_no_or_too_many_questions(create, elections, count):
    with reverts(elections.ElectionQuestionsInvalid, count=count):
        create(questions=[QUESTIONS[0]] * count)


def test_create_takes_16_questions(create, elections):
    create(questions=[QUESTIONS[0]] * 16)
    assert len(elections.settingsOf(1).questions) == 16


def test_create_reverts_if_a_question_has_no_kind(create, elections):
    with reverts(elections.QuestionKindInvalid, question=1):
        create(questions=[QUESTIONS[0], (NONE, 2, 1, 1, 16)])


@pytest.mark.parametrize("options", [0, 1, 33])
def test_create_reverts_if_a_question_has_no_choice(create, elections, options):
    with reverts(elections.QuestionOptionsInvalid, question=0, options=options):
        create(questions=[(VECTOR, options, 1, 1, 0)])


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (CHOICE, 0, 1),
        (CHOICE, 1, 2),
        (CHOICE, 0, 0),
        (VECTOR, 0, 0),
        (VECTOR, 2, 1),
        (VECTOR, 1, 4),
    ],
)
def test_create_reverts_if_so_many_cannot_be_chosen(create, elections, kind, least, most):
    bits = 16 if kind == CHOICE else 0
    with reverts(elections.QuestionRangeInvalid, question=0, min=least, max=most):
        create(questions=[(kind, 3, least, most, bits)])


@pytest.mark.parametrize(
    "question",
    [
        (CHOICE, 2, 1, 1, 0),
        (CHOICE, 2, 1, 1, 33),
        (CHOICE, 32, 1, 1, 9),  # 9 * 31 bits do not fit
        (CHOICE, 9, 1, 1, 32),
        (VECTOR, 3, 0, 2, 1),
    ],
)
def test_create_reverts_if_counts_do_not_fit(create, elections, question):
    with reverts(elections.QuestionBitsInvalid, question=0, bits=question[4]):
        create(questions=[question])


def test_create_takes_what_just_fits(create, elections):
    questions = [(CHOICE, 32, 1, 1, 8), (CHOICE, 8, 1, 1, 32), (VECTOR, 32, 0, 32, 0)]
    create(questions=questions)
    assert [tuple(each) for each in elections.settingsOf(1).questions] == questions


@pytest.mark.parametrize("count", [0, 16])
def test_create_reverts_if_there_are_no_or_too_many_trustees(create, elections, accounts, count):
    with reverts(elections.ElectionTrusteesInvalid, count=count):
        create(trustees=[each.address for each in list(accounts)[:count]])


def test_create_reverts_if_a_trustee_is_zero_or_listed_twice(create, elections, accounts):
    one, two = accounts[3].address, accounts[4].address
    for trustees, wrong in (([one, ZERO], ZERO), ([one, two, one], one)):
        with reverts(elections.ElectionTrusteeInvalid, trustee=wrong):
            create(trustees=trustees)


@pytest.mark.parametrize("threshold", [0, 4])
def test_create_reverts_if_the_threshold_cannot_be_met(create, elections, accounts, threshold):
    trustees = [each.address for each in accounts[3:6]]
    with reverts(elections.ElectionThresholdInvalid, threshold=threshold, trustees=3):
        create(trustees=trustees, threshold=threshold)


@pytest.mark.parametrize("count", [0, 16])
def test_create_reverts_if_there_are_no_or_too_many_registrars(create, elections, accounts, count):
    registrars = [each.address for each in ascending(*list(accounts)[:count])]
    with reverts(elections.ElectionRegistrarsInvalid, count=count):
        create(registrars=registrars)


def test_create_reverts_if_registrars_do_not_rise(create, elections, registrars):
    low, high = registrars[0].address, registrars[1].address
    for listed, wrong in (([low, low], low), ([high, low], low), ([ZERO, low], ZERO)):
        with reverts(elections.ElectionRegistrarInvalid, registrar=wrong):
            create(registrars=listed)


@pytest.mark.parametrize("quorum", [0, 4])
def test_create_reverts_if_registrars_cannot_agree(create, elections, quorum):
    with reverts(elections.ElectionRegistrarQuorumInvalid, quorum=quorum, registrars=3):
        create(quorum=quorum)


@pytest.mark.parametrize(
    ("turnout", "precincts", "question"),
    [
        (0, 2, 0),
        (129, 2, 1),  # two merged runs of 128, and 8 bits
        (32_769, 1, None),
    ],
)
def test_create_reverts_if_merged_counts_could_outgrow_their_bits(
    create, elections, turnout, precincts, question
):
    if question is None:
        create(turnout=turnout, precincts=precincts)  # a single precinct merges with nothing
        return
    with reverts(elections.ElectionTurnoutInvalid, minimumTurnout=turnout, question=question):
        create(turnout=turnout, precincts=precincts)


@pytest.mark.parametrize(
    ("turnout", "precincts", "limit"), [(1, 2, 255), (128, 2, 1), (10, 2, 237), (10, 1, 255)]
)
def test_a_precinct_has_no_more_voters_than_its_counts_can_hold(
    create, elections, turnout, precincts, limit
):
    create(turnout=turnout, precincts=precincts)
    assert elections.votersLimitOf(1) == limit


def test_vectors_hold_any_number_of_voters(create, elections):
    create(questions=[QUESTIONS[2]])
    assert elections.votersLimitOf(1) == 2**32 - 1


# Calling off


def test_the_organiser_calls_an_election_off(polls, elections, organiser):
    receipt = elections.cancel(1, REASON, sender=organiser)
    assert logs(receipt, elections) == [
        log(elections, "ElectionCancelled", election=1, reasonHash=REASON)
    ]
    assert elections.isCancelled(1) is True


def test_cancel_reverts_for_everybody_else(polls, elections, registrars, outsider):
    for other in (registrars[0], outsider):
        with reverts(elections.ElectionCallerInvalid, election=1, caller=other):
            elections.cancel(1, REASON, sender=other)


def test_cancel_reverts_if_it_was_called_off(polls, elections, organiser):
    elections.cancel(1, REASON, sender=organiser)
    with reverts(elections.ElectionWasCancelled, election=1):
        elections.cancel(1, REASON, sender=organiser)


def test_cancel_reverts_once_the_election_is_open(polls, elections, organiser, clock):
    opens = polls.times.opens_at
    clock.set_next(opens)
    with reverts(elections.ElectionHasOpened, election=1, opensAt=opens):
        elections.cancel(1, REASON, sender=organiser)


def test_cancel_is_possible_until_then(polls, elections, organiser, clock):
    clock.set_next(polls.times.opens_at - 1)
    elections.cancel(1, REASON, sender=organiser)


def test_cancel_reverts_if_the_election_is_unknown(elections, organiser):
    with reverts(elections.ElectionUnknown, election=7):
        elections.cancel(7, REASON, sender=organiser)

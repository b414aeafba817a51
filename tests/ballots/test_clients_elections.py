"""Elections and the board of trustees through their clients."""

import json
from dataclasses import replace

import pytest

from crmdapp.ballots import ceremony as protocol
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.deal import deal_commitment
from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.errors import (
    CeremonyNotFinal,
    CeremonyStepInvalid,
    DealLengthInvalid,
    DealMismatch,
    ElectionCallerInvalid,
    ElectionHasOpened,
    ElectionUnknown,
    ElectionWasCancelled,
    ElectionWindowInvalid,
    KnowledgeProofInvalid,
    TrusteeInvalid,
    TrusteeKeyRegisteredBefore,
)
from crmdapp.ballots.events import ElectionCancelled, ElectionCreated
from crmdapp.ballots.faults import DefinitionForeign, MessageMalformed
from crmdapp.ballots.group import ORDER, encode_point
from crmdapp.ballots.models import (
    CeremonyStep,
    Phase,
    indices_of,
    mask_of,
    require_definition,
    settings_of,
)
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.vector import Vector
from crmdapp.chain import connect
from crmdapp.chain._keccak import keccak
from crmdapp.errors import NodeLied, UsageError
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import (
    OF_THREE,
    STEP,
    UP_TO_TWO,
    YES_NO,
    address_of,
    document,
    schedule,
)
from tests.fixtures.flaky_rpc import FlakyRpc

REASON = keccak(b"The hall has burnt down.")


@pytest.fixture
def elections(station):
    return station.elections()


# ----------------------------------------------------------------- elections


def test_what_was_created_is_what_the_definition_says(station, elections):
    definition = station.definition(
        questions=[YES_NO, UP_TO_TWO],
        precincts=[{"name": "North", "voters": 10}, {"name": "South", "voters": 20}],
    )
    number = elections.create(definition)
    found = elections.election(number)

    assert (found.number, elections.count()) == (number, number)
    assert found.organiser == address_of("organiser")
    assert found.definition_hash == definition.hash
    assert found.questions == (Choice(2, 5), Vector(3, 0, 2))
    assert found.windows.opens_at == int(definition.windows.opens_at.timestamp())
    assert found.trustees == tuple(address_of(f"trustee {j}") for j in (1, 2, 3))
    assert sorted(found.registrars) == sorted(address_of(f"registrar {m}") for m in (1, 2))
    assert [found.trustee_index(each) for each in found.trustees] == [1, 2, 3]
    assert found.trustee_index(address_of("organiser")) == 0
    assert station.tally().phase(number) is Phase.KEY_CEREMONY
    require_definition(definition, found)


def test_the_event_of_the_creation_tells_all(station, elections):
    number = elections.create(station.definition())
    log = station.elections(None).created(number)
    assert isinstance(log.event, ElectionCreated)
    assert log.event.settings == elections.contract.read("settingsOf", number)
    assert log.block == station.connection.block_number()


def test_an_election_is_created_once_for_a_key(station, elections):
    definition = station.definition()
    assert elections.create(definition, key="council") == elections.create(
        definition, key="council"
    )
    with pytest.raises(UsageError):
        elections.create(station.definition(title="Another"), key="council")


def test_a_window_in_the_past_is_refused(station, elections):
    definition = station.definition(windows=schedule(station.now - 2 * STEP))
    with pytest.raises(ElectionWindowInvalid) as refused:
        elections.create(definition)
    assert (refused.value.window, refused.value.time) == (0, definition.windows.seconds[0])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "Another"}, "definition_hash"),
        ({"questions": [OF_THREE]}, "questions"),
        (
            {"precincts": [{"name": "North", "voters": 100}] * 1 + [{"name": "S", "voters": 1}]},
            "precincts",
        ),
        ({"minimum_turnout": 3}, "minimum_turnout"),
        ({"threshold": 3}, "threshold"),
        ({"registrar_quorum": 1}, "registrar_quorum"),
        ({"trustees": 4, "threshold": 2}, "trustees"),
        ({"registrars": 3, "registrar_quorum": 2}, "registrars"),
    ],
)
def test_another_definition_is_told_by_the_first_field_that_differs(
    station, elections, changes, field
):
    now = station.now
    number = elections.create(read_definition(json.dumps(document(now)).encode()))
    other = read_definition(json.dumps(document(now, **changes)).encode())
    with pytest.raises(DefinitionForeign) as refused:
        require_definition(other, elections.election(number))
    assert refused.value.field == field


def test_windows_that_differ_are_told(station, elections):
    now = station.now
    number = elections.create(read_definition(json.dumps(document(now)).encode()))
    later = read_definition(json.dumps(document(now + 1)).encode())
    with pytest.raises(DefinitionForeign) as refused:
        require_definition(later, elections.election(number))
    assert refused.value.field == "windows"


def test_the_organiser_cancels_an_election_before_it_opens(station, elections):
    number = elections.create(station.definition())
    with pytest.raises(ElectionCallerInvalid) as refused:
        station.elections("outsider").cancel(number, REASON)
    assert refused.value == ElectionCallerInvalid(number, address_of("outsider"))
    assert not elections.is_cancelled(number)

    receipt = elections.cancel(number, REASON)

    assert receipt.events == [ElectionCancelled(number, REASON)]
    assert elections.is_cancelled(number)
    assert station.tally().phase(number) is Phase.CANCELLED
    with pytest.raises(ElectionWasCancelled):
        elections.cancel(number, REASON)


def test_an_open_election_cannot_be_cancelled(station, elections):
    held = station.hold_election("open")
    with pytest.raises(ElectionHasOpened) as refused:
        elections.cancel(held.number, REASON)
    assert refused.value == ElectionHasOpened(held.number, held.election.windows.opens_at)


def test_an_election_that_there_is_not_is_named(elections):
    for ask in (elections.election, elections.created, elections.is_cancelled):
        with pytest.raises(ElectionUnknown) as refused:
            ask(1)
        assert refused.value == ElectionUnknown(1)
    with pytest.raises(UsageError):
        elections.cancel(1, b"short")
    with pytest.raises(UsageError):
        elections.election(1 << 64)


def test_a_node_that_hides_the_creation_is_caught(station, elections):
    number = elections.create(station.definition())
    with FlakyRpc(station.node.url) as proxy, connect(proxy.url) as connection:
        client = type(elections).at(connection, station.manifest)
        proxy.plan(lambda request: request.reply([]), method="eth_getLogs", times=-1)
        with pytest.raises(NodeLied, match="no event of the creation"):
            client.created(number)


def test_settings_are_read_as_they_were_written(station, elections):
    definition = station.definition(questions=[OF_THREE, UP_TO_TWO])
    number = elections.create(definition)
    written = settings_of(definition)
    read = elections.contract.read("settingsOf", number)
    assert tuple(read[1]) == written[1]
    assert [tuple(question) for question in read[6]] == [tuple(map(int, q)) for q in written[6]]


@pytest.mark.parametrize(
    ("mask", "indices"), [(0, ()), (1, (1,)), (0b1010, (2, 4)), (1 << 14, (15,))]
)
def test_a_mask_is_of_indices_from_one(mask, indices):
    assert indices_of(mask) == indices
    assert mask_of(indices) == mask


# ----------------------------------------------------------------- board


@pytest.fixture
def held(station):
    """An election whose trustees register keys."""
    return station.hold_election("keys")


def board_of(station, j):
    return station.board(f"trustee {j}")


def test_a_ceremony_is_followed_from_keys_to_the_joint_key(station, held):
    board, number, windows = station.board(), held.number, held.election.windows
    assert board.ceremony(number).step is CeremonyStep.KEYS
    assert board.context(number) == held.ceremony == board.contract.read("contextOf", number)
    board_of(station, 2).register_key(number, 2, held.key_messages[2])
    assert board.ceremony(number).keys == (2,)
    for j in (1, 3):
        board_of(station, j).register_key(number, j, held.key_messages[j])
    station.advance_to(windows.keys_until + 1)
    assert board.ceremony(number).step is CeremonyStep.COMMITMENTS
    with pytest.raises(CeremonyNotFinal):
        board.key(number)
    assert not board.is_final(number)

    for j in held.trustees:
        commitment = deal_commitment(held.ceremony, j, held.deals[j])
        board_of(station, j).commit_deal(number, j, commitment)
    station.advance_to(windows.commitments_until + 1)
    with pytest.raises(DealMismatch) as refused:
        board_of(station, 1).post_deal(number, 1, held.deals[2])
    assert refused.value == DealMismatch(number, 1)
    for j in held.trustees:
        board_of(station, j).post_deal(number, j, held.deals[j])
    assert board.ceremony(number).deals == (1, 2, 3)
    station.advance_to(windows.complaints_until + 1)
    with pytest.raises(MessageMalformed, match="dealer 2 is cut off"):
        board.finalise_call(number, {**held.deals, 2: b""})
    with pytest.raises(DealLengthInvalid) as refused:
        station.board("bystander").finalise(number, {1: held.deals[1], 2: held.deals[2]})
    assert refused.value == DealLengthInvalid(2 * 224, 3 * 224)
    with pytest.raises(DealMismatch) as refused:
        station.board("bystander").finalise(number, {**held.deals, 2: held.deals[3]})
    assert refused.value == DealMismatch(number, 2)
    station.board("bystander").finalise(number, held.deals)

    assert board.ceremony(number).step is CeremonyStep.FINAL
    assert board.key(number) == encode_point(held.joint.K)
    assert [board.verification_key(number, j) for j in held.trustees] == [
        encode_point(held.joint.Y[j]) for j in held.trustees
    ]
    assert board.is_final(number)
    names = [type(log.event).__name__ for log in board.steps(number)]
    assert names == [
        *["TrusteeKeyRegistered"] * 3,
        *["DealCommitted"] * 3,
        *["DealPosted"] * 3,
        "CeremonyFinalised",
    ]
    assert [log.event.deal for log in board.deals_posted(number, dealer=2)] == [held.deals[2]]
    assert [log.event.key for log in board.keys_registered(number, index=3)] == [
        held.key_messages[3][:96]
    ]
    (final,) = board.finalised(number)
    assert final.event.key == board.key(number)
    assert len(list(board.deals_committed(number, round=0))) == 3
    assert list(board.complaints(number)) == list(board.restarts(number)) == []


def test_what_comes_from_somebody_else_or_out_of_step_is_refused(station, held):
    number = held.number
    with pytest.raises(TrusteeInvalid) as refused:
        station.board("outsider").register_key(number, 1, held.key_messages[1])
    assert refused.value == TrusteeInvalid(number, 1, address_of("outsider"))
    with pytest.raises(KnowledgeProofInvalid) as refused:
        board_of(station, 1).register_key(number, 1, held.key_messages[2])
    assert refused.value == KnowledgeProofInvalid(number, 1)
    with pytest.raises(MessageMalformed):
        board_of(station, 1).register_key(number, 1, held.key_messages[1][:-1])
    with pytest.raises(CeremonyStepInvalid) as refused:
        board_of(station, 1).commit_deal(number, 1, bytes(32))
    assert refused.value == CeremonyStepInvalid(number, CeremonyStep.KEYS)
    board_of(station, 1).register_key(number, 1, held.key_messages[1])
    with pytest.raises(TrusteeKeyRegisteredBefore):
        board_of(station, 1).register_key(number, 1, held.key_messages[1])


def test_a_bad_share_is_complained_about_and_its_dealer_excluded(station, held):
    number, windows, board = held.number, held.election.windows, station.board()
    for j in held.trustees:
        board_of(station, j).register_key(number, j, held.key_messages[j])
    place = len(held.deals[3]) - 64  # the share for trustee 2
    share = (int.from_bytes(held.deals[3][place : place + 32]) + 1) % ORDER
    bad = held.deals[3][:place] + share.to_bytes(32) + held.deals[3][place + 32 :]
    held.deals[3] = bad
    station.advance_to(windows.keys_until + 1)
    for j in held.trustees:
        commitment = deal_commitment(held.ceremony, j, held.deals[j])
        board_of(station, j).commit_deal(number, j, commitment)
    station.advance_to(windows.commitments_until + 1)
    for j in held.trustees:
        board_of(station, j).post_deal(number, j, held.deals[j])
    station.advance_to(windows.deals_until + 1)
    complaint = protocol.complain(held.read_deals[2], 2, held.secrets[2], Nonces.fresh())
    board_of(station, 2).complain(
        number,
        2,
        3,
        trustee_key=held.key_messages[2][:96],
        deal=bad,
        complaint=complaint,
    )

    assert board.ceremony(number).deals == (1, 2)
    (judged,) = board.complaints(number)
    assert (judged.event.index, judged.event.dealer, judged.event.excluded) == (2, 3, 3)
    station.advance_to(windows.complaints_until + 1)
    left = {j: held.deals[j] for j in (1, 2)}
    station.board("bystander").finalise(number, left)
    joint = protocol.finalise(held.read_deals[:2], 2, 3)
    assert board.key(number) == encode_point(joint.K)


def test_too_few_deals_begin_a_new_round(station, held):
    number, board = held.number, station.board()
    with pytest.raises(CeremonyStepInvalid):
        station.board("bystander").restart(number)
    station.advance_to(held.election.windows.keys_until + 1)
    assert board.ceremony(number).step is CeremonyStep.SHORT
    station.board("bystander").restart(number)
    again = board.ceremony(number)
    assert (again.step, again.round, again.keys) == (CeremonyStep.KEYS, 1, ())
    assert board.context(number) != board.context(number, 0)
    (restart,) = board.restarts(number)
    assert (restart.event.round, restart.event.complaints_until) == (1, again.complaints_until)


def test_a_client_finds_the_others_by_one_address(station, held):
    from crmdapp.ballots.tally import TallyClient

    entry = station.manifest["Tally"]
    alone = TallyClient(station.connection, entry.address)
    assert alone.box.elections.election(held.number) == held.election
    assert alone.box.elections.since_block == 0
    named = station.tally()
    assert named.box.board.since_block == station.manifest["TrusteeBoard"].block
    assert named.box.roll.contract.address == station.manifest["VoterRoll"].address
    assert replace(held.election) == named.box.elections.election(held.number)

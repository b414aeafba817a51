"""The voter roll through its client: registering, freezing, and what a lying node cannot hide."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmdapp.ballots import roll as roll_module
from crmdapp.ballots.errors import (
    ElectionUnknown,
    RegistrationClosed,
    RegistrationExpired,
    RegistrationNullifierUsed,
    RegistrationOpen,
    RegistrationPrecinctFull,
    RegistrationPrecinctInvalid,
    RegistrationSignerInvalid,
    RollChunkUnknown,
    RollPlaceUnknown,
)
from crmdapp.ballots.events import VoterRegistered
from crmdapp.ballots.faults import RegistrationQuorumMissing
from crmdapp.ballots.models import RollEntry
from crmdapp.ballots.record import CHUNK_VOTERS, roll_chunks, roll_hash
from crmdapp.ballots.registration import roll_domain
from crmdapp.ballots.roll import RollClient
from crmdapp.chain import connect
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.errors import NodeLied, UsageError
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import address_of, signer_of
from tests.fixtures.flaky_rpc import FlakyRpc

ROOT = Path(__file__).parents[2]


@pytest.fixture
def held(station):
    """An election whose registration is open: three voters in each of two precincts."""
    return station.hold_election("keys", voters=(3, 3))


@pytest.fixture
def roll(station):
    return station.roll("town hall")


@pytest.fixture
def small_batches(monkeypatch):
    """Two voters in each transaction."""
    monkeypatch.setattr(roll_module, "BATCH_GAS", 100_000)


def addresses(held, precinct, count=3):
    return tuple(address_of(held.voter(index, precinct)) for index in range(count))


def over(held, station):
    """Wait until registration has ended."""
    station.advance_to(held.election.windows.registration_until + 1)


# ----------------------------------------------------------------- registering


def test_voters_are_registered_in_batches_and_stand_in_order(held, roll, small_batches):
    done = []
    receipts = roll.register(held.number, held.registrations(), progress=done.append)

    assert done == [2, 4, 6]
    events = [event for receipt in receipts for event in receipt.events_of(VoterRegistered)]
    assert [(event.precinct, event.index) for event in events] == [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
    ]
    for precinct in (0, 1):
        assert roll.voters(held.number, precinct) == addresses(held, precinct)
        assert roll.count(held.number, precinct) == 3
        assert roll.roll_hash(held.number, precinct) == roll_hash(addresses(held, precinct))


def test_a_batch_stays_below_the_gas_of_a_transaction(held, roll):
    receipts = roll.register(held.number, held.registrations())
    per_voter = roll_module.GAS_PER_VOTER + 2 * roll_module.GAS_PER_SIGNATURE
    first_voter, fixed = 56_000, 45_000
    assert len(receipts) == 1
    assert receipts[0].gas_used - fixed - 2 * first_voter <= 6 * per_voter
    assert roll_module.BATCH_GAS + 64 * first_voter + fixed <= 1 << 24


def test_the_same_voters_are_sent_once(held, station, roll):
    first = roll.register(held.number, held.registrations())
    again = roll.register(held.number, held.registrations())
    assert [receipt.hash for receipt in again] == [receipt.hash for receipt in first]
    # Somebody else sends them too: they are passed over.
    (other,) = station.roll("bystander").register(held.number, held.registrations())
    assert other.events == []
    assert roll.voters(held.number, 0) == addresses(held, 0)


def test_who_signs_for_whom_stands_where_the_nullifier_is(held, roll):
    signed = held.registration(2, 1)
    unknown = RollEntry(ZERO_ADDRESS, 0, 0)
    assert roll.entry(held.number, signed.intent.nullifier) == unknown
    assert not unknown.is_known
    roll.register(held.number, [signed])
    found = roll.entry(held.number, signed.intent.nullifier)
    assert found == RollEntry(signed.intent.voter, 1, 0)
    assert found.is_known


def test_one_citizen_votes_by_one_key(held, roll):
    roll.register(held.number, [held.registration(0)])
    nullifier = held.registration(0).intent.nullifier
    elsewhere = held.registration(
        0, precinct=1, nullifier=nullifier, voter=address_of(held.voter(0))
    )
    for other in (held.registration(0, voter=address_of("second key")), elsewhere):
        with pytest.raises(RegistrationNullifierUsed) as refused:
            roll.register(held.number, [other])
        assert refused.value == RegistrationNullifierUsed(
            held.number, nullifier, address_of(held.voter(0))
        )
    with pytest.raises(UsageError, match="A citizen stands there twice"):
        roll.register(held.number, [held.registration(1), held.registration(1)])


def test_a_key_votes_for_one_citizen(held, roll):
    same = held.registration(1, voter=address_of(held.voter(0)))
    with pytest.raises(UsageError, match="A key stands there twice"):
        roll.register(held.number, [held.registration(0), same])


def test_a_registration_out_of_time_is_refused(held, station, roll):
    late = held.registration(0, deadline=station.now - 1)
    with pytest.raises(RegistrationExpired) as refused:
        roll.register(held.number, [late])
    assert refused.value == RegistrationExpired(late.intent.nullifier, late.intent.deadline)

    in_time = held.registration(0)
    over(held, station)
    until = held.election.windows.registration_until
    with pytest.raises(RegistrationClosed) as refused:
        roll.register(held.number, [in_time])
    assert refused.value == RegistrationClosed(held.number, until)


def test_a_precinct_that_there_is_not_is_refused(held, roll):
    with pytest.raises(RegistrationPrecinctInvalid) as refused:
        roll.register(held.number, [held.registration(0, precinct=2)])
    assert refused.value == RegistrationPrecinctInvalid(held.number, 2)


def test_a_full_precinct_is_refused(station):
    held = station.hold_election(
        "keys", voters=(4,), precincts=[{"name": "Hamlet", "voters": 3}], minimum_turnout=1
    )
    assert station.elections().voters_limit(held.number) == 3
    roll = station.roll("town hall")
    roll.register(held.number, held.registrations()[:3])
    with pytest.raises(RegistrationPrecinctFull) as refused:
        roll.register(held.number, held.registrations()[3:])
    assert refused.value == RegistrationPrecinctFull(held.number, 0, 3)


def test_what_is_not_signed_by_a_quorum_is_not_sent(held, station, roll):
    from crmdapp.ballots.registration import countersign, sign_registration

    whole = held.registration(0)
    fields = {
        name: getattr(whole.intent, name)
        for name in ("election", "precinct", "nullifier", "voter", "deadline")
    }
    half = sign_registration(signer_of("registrar 2"), roll.domain, **fields)
    with pytest.raises(RegistrationQuorumMissing):
        roll.register(held.number, [half])
    with pytest.raises(RegistrationSignerInvalid):
        roll.register(held.number, [countersign(signer_of("outsider"), half)])
    with pytest.raises(UsageError, match="nobody to register"):
        roll.register(held.number, [])
    elsewhere = sign_registration(
        signer_of("registrar 2"), roll_domain(1, address_of("roll")), **fields
    )
    with pytest.raises(UsageError, match="was signed for VoterRoll at"):
        roll.register(held.number, [elsewhere])
    with pytest.raises(ElectionUnknown):
        roll.register(held.number + 1, [whole])
    assert station.sender("town hall").pending() == []
    assert roll.count(held.number, 0) == 0


# ----------------------------------------------------------------- freezing


def test_the_roll_is_frozen_once_registration_has_ended(held, station, roll):
    roll.register(held.number, held.registrations())
    until = held.election.windows.registration_until
    with pytest.raises(RegistrationOpen) as refused:
        roll.freeze(held.number)
    assert refused.value == RegistrationOpen(held.number, until)
    with pytest.raises(RollChunkUnknown):
        roll.chunk(held.number, 0, 0)
    over(held, station)
    assert not roll.is_frozen(held.number)

    done = []
    assert len(roll.freeze(held.number, progress=done.append)) == 2
    assert done == [1, 2]
    assert roll.is_frozen(held.number)
    assert roll.chunk(held.number, 1, 0) == addresses(held, 1)
    assert roll.voter(held.number, 1, 2) == address_of(held.voter(2, 1))
    with pytest.raises(RollPlaceUnknown) as refused:
        roll.voter(held.number, 1, 3)
    assert refused.value == RollPlaceUnknown(held.number, 1, 3)
    assert roll.freeze(held.number) == []


def test_an_empty_roll_is_frozen_when_registration_ends(held, station, roll):
    over(held, station)
    assert roll.is_frozen(held.number)
    assert roll.freeze(held.number) == []


def test_what_somebody_else_froze_meanwhile_is_passed_over(held, station, roll, monkeypatch):
    roll.register(held.number, held.registrations())
    over(held, station)
    calls = list(roll.freeze_calls(held.number))
    station.roll("bystander").freeze(held.number)
    monkeypatch.setattr(roll, "freeze_calls", lambda *place: iter(calls))
    assert roll.freeze(held.number) == []
    assert roll.is_frozen(held.number)


def test_a_large_precinct_is_frozen_chunk_by_chunk(station):
    held = station.hold_election(
        "keys",
        voters=(CHUNK_VOTERS + 2,),
        registrars=1,
        precincts=[{"name": "City", "voters": 2_000}],
    )
    roll = station.roll("town hall")
    roll.register(held.number, held.registrations())
    over(held, station)
    voters = roll.voters(held.number, 0)
    last = roll.freeze_call(held.number, 0, 1, roll_chunks(voters)[1])
    roll.send(last)
    assert roll.chunks(held.number, 0)[0] == ZERO_ADDRESS
    assert len(roll.freeze(held.number)) == 1
    assert roll.chunk(held.number, 0, 0) + roll.chunk(held.number, 0, 1) == voters
    assert roll.is_frozen(held.number)


# ----------------------------------------------------------------- killed


@pytest.fixture
def start(station, held, tmp_path):
    """Starts the process; what still runs at the end is killed."""
    started = []

    def start_(election, *words):
        station.sender("town hall")  # has funds
        command = [sys.executable, "-m", "tests.ballots.killed_registrar", station.node.url]
        manifest = Path(station.node._folder) / "31337.json"
        journal = tmp_path / "killed.sqlite3"
        process = subprocess.Popen(
            [*command, str(manifest), str(journal), str(election), *words], cwd=ROOT
        )
        started.append(process)
        return process.wait(timeout=120)

    yield start_
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("point", ["leased", "sent"])
def test_registration_goes_on_after_kill(station, start, tmp_path, point):
    held = station.hold_election("keys", voters=(4, 3))
    file = tmp_path / "registrations.jsonl"
    file.write_text("".join(json.dumps(each.to_json()) + "\n" for each in held.registrations()))
    roll = station.roll()

    assert start(held.number, str(file), point) == -signal.SIGKILL
    assert roll.count(held.number, 1) < 3
    assert start(held.number, str(file)) == 0
    assert roll.voters(held.number, 0) == addresses(held, 0, 4)
    assert roll.voters(held.number, 1) == addresses(held, 1)


@pytest.mark.parametrize("point", ["signed", "mined"])
def test_freezing_goes_on_after_kill(station, start, point):
    held = station.hold_election("keys", voters=(1, 2, 0, 1, 1))
    roll = station.roll("registrar")
    roll.register(held.number, held.registrations())
    over(held, station)

    assert start(held.number, "freeze", point) == -signal.SIGKILL
    assert not roll.is_frozen(held.number)
    assert start(held.number, "freeze") == 0
    assert roll.is_frozen(held.number)
    assert [len(roll.chunks(held.number, precinct)) for precinct in range(5)] == [1, 1, 0, 1, 1]


# ----------------------------------------------------------------- lies


@pytest.fixture
def lying_node(station, held, roll):
    """Gives the roll as a node tells of it that changes the list of events."""
    roll.register(held.number, held.registrations())
    with FlakyRpc(station.node.url) as proxy, connect(proxy.url) as connection:
        client = RollClient.at(connection, station.manifest)
        client.elections.created(held.number)

        def lie(change):
            def altered(request):
                honest = json.loads(request.forward().body)["result"]
                return request.reply(change(honest))

            proxy.plan(altered, method="eth_getLogs", times=-1)
            return client

        yield lie


def swapped(logs):
    """The first two events with each other's voters."""
    one, other, *rest = (dict(log) for log in logs)
    one["data"], other["data"] = other["data"], one["data"]
    return [one, other, *rest]


def foreign(logs):
    """The first voter by another key."""
    data = logs[0]["data"]
    return [{**logs[0], "data": data[:-65] + "1" + data[-64:]}, *logs[1:]]


@pytest.mark.parametrize(
    "change",
    [
        lambda logs: logs[1:],
        lambda logs: logs[:-1],
        lambda logs: [logs[0], *logs[2:]],
        lambda logs: [*logs, logs[-1]],
        lambda logs: [],
        swapped,
        foreign,
    ],
    ids=["first gone", "last gone", "one gone", "one twice", "all gone", "swapped", "foreign"],
)
def test_a_node_that_misstates_the_roll_is_caught(held, lying_node, change):
    with pytest.raises(NodeLied, match="misstates the roll"):
        lying_node(change).voters(held.number, 0)


def test_an_honest_node_is_believed(held, lying_node):
    assert lying_node(lambda logs: logs).voters(held.number, 0) == addresses(held, 0)

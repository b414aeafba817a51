"""The voter's booth: what is written down first, what is challenged, what is cast, and once."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from crmdapp.ballots.ballot import Opening
from crmdapp.ballots.booth import Booth, check_tracker
from crmdapp.ballots.booth_state import BoothState
from crmdapp.ballots.challenges import ChallengedBallot, verify_challenge
from crmdapp.ballots.errors import BallotCastAlready, VotingClosed, VotingNotOpen
from crmdapp.ballots.faults import BallotRefused, CeremonyIncomplete
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.ballots.open_questions import open_question
from crmdapp.ballots.relay import Relay
from crmdapp.ballots.voting_faults import (
    BallotChallenged,
    BallotNotRecorded,
    BallotNotSealed,
    BallotOutstanding,
    BallotWaits,
    VoterNotOnRoll,
)
from crmdapp.chain import connect
from crmdapp.errors import NodeLied, UsageError, VerificationFailed
from tests.ballots.polling_day import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, YES_NO, address_of, signer_of
from tests.fixtures import flaky_rpc
from tests.fixtures.flaky_rpc import FlakyRpc

ROOT = Path(__file__).parents[2]
YES, NO = (1,), (0,)


def booth_of(station, role, folder, *, sends=True):
    """The booth of a role, on a device of its own."""
    box = station.box(role if sends else None)
    return Booth(box, signer_of(role), BoothState(folder / f"{role}.sqlite3"))


@pytest.fixture
def booth(station, held, tmp_path):
    found = booth_of(station, held.voter(1), tmp_path)
    yield found
    found.state.close()


def relayed(station, signed):
    """Bring a signed ballot to the box."""
    place = (signed.intent.election, signed.intent.question, signed.intent.precinct)
    return station.box("relayer").cast_batch(*place, [signed.cast_ballot()])


# ----------------------------------------------------------------- sealing


def test_seal_gives_a_tracker_and_sends_nothing(station, held, booth):
    sent = station.connection.nonce(booth.voter)
    ballot = booth.seal(held.number, 0, YES)
    assert len(ballot.tracker) == 32
    assert ballot.state == "sealed"
    assert booth.waiting(held.number, 0).tracker == ballot.tracker
    assert station.connection.nonce(booth.voter) == sent
    assert "opening" not in repr(ballot)


def test_seal_gives_the_same_ballot_again_and_no_other(held, booth):
    ballot = booth.seal(held.number, 0, YES)
    assert booth.seal(held.number, 0, YES).body == ballot.body
    with pytest.raises(BallotWaits):
        booth.seal(held.number, 0, NO)
    booth.discard(held.number, 0)
    assert booth.seal(held.number, 0, YES).body != ballot.body


def test_seal_is_refused_to_who_may_not_vote(station, held, tmp_path):
    stranger = booth_of(station, "stranger", tmp_path)
    with pytest.raises(VoterNotOnRoll) as caught:
        stranger.seal(held.number, 0, YES)
    assert (caught.value.voter, caught.value.election) == (stranger.voter, held.number)


@pytest.mark.parametrize("chosen", [(), (2,), (-1,), (0, 1)])
def test_seal_is_refused_if_it_is_no_answer(held, booth, chosen):
    with pytest.raises(UsageError):
        booth.seal(held.number, 0, chosen)
    assert booth.waiting(held.number, 0) is None


def test_seal_is_refused_before_there_is_a_key(station, tmp_path):
    held = station.hold_election("keys")
    with pytest.raises(CeremonyIncomplete):
        booth_of(station, held.voter(0), tmp_path).seal(held.number, 0, YES)


def test_place_is_the_voters(station, held, tmp_path):
    for precinct, index in ((0, 0), (0, 2), (1, 0)):
        at = booth_of(station, held.voter(index, precinct), tmp_path).place(held.number, 0)
        assert (at.precinct, at.index) == (precinct, index)


# ----------------------------------------------------------------- challenging


def test_challenge_convinces_another_device(station, held, booth):
    tracker = booth.seal(held.number, 0, YES).tracker
    shown = booth.challenge(held.number, 0)
    assert shown.opening.chosen == YES
    given = ChallengedBallot.from_json(json.dumps(shown.to_json()))
    assert given == shown
    verify_challenge(open_question(station.box(), held.number, 0), given, tracker)
    assert booth.challenge(held.number, 0, tracker) == shown


def test_challenge_exposes_a_device_that_encrypts_something_else(station, held, booth):
    tracker = booth.seal(held.number, 0, NO).tracker
    shown = booth.challenge(held.number, 0)
    question = open_question(station.box(), held.number, 0)
    r = shown.opening.randomness
    for opening in (
        Opening(YES, r),
        Opening(NO, (r[0] + 1,)),
        Opening(NO, (*r, 1)),
        Opening(NO, ()),
        Opening((9,), r),
    ):
        with pytest.raises(BallotRefused):
            verify_challenge(question, replace(shown, opening=opening), tracker)


def test_challenge_exposes_another_ballot_than_the_one_written_down(station, held, booth):
    booth.seal(held.number, 0, YES)
    shown = booth.challenge(held.number, 0)
    question = open_question(station.box(), held.number, 0)
    body = bytearray(shown.body)
    body[-1] ^= 1
    changed = replace(shown, body=bytes(body))
    forged = replace(changed, tracker=question.tracker(changed.voter, changed.body))
    for ballot, tracker in (
        (shown, bytes(32)),
        (changed, shown.tracker),
        (forged, shown.tracker),
        (forged, forged.tracker),
        (replace(shown, question=1), shown.tracker),
        (replace(shown, voter=held.station.sender("stranger").address), shown.tracker),
    ):
        with pytest.raises(BallotRefused):
            verify_challenge(question, ballot, tracker)


def test_challenged_ballot_is_never_signed_and_the_next_is_fresh(held, booth):
    first = booth.seal(held.number, 0, YES)
    shown = booth.challenge(held.number, 0)
    with pytest.raises(BallotChallenged):
        booth.sign(
            held.number,
            0,
            deadline=booth.box.connection.block_timestamp() + 60,
            tracker=first.tracker,
        )
    with pytest.raises(BallotChallenged):
        booth.cast(held.number, 0, tracker=first.tracker)
    with pytest.raises(BallotNotSealed):
        booth.cast(held.number, 0)
    second = booth.seal(held.number, 0, YES)
    assert second.body[:192] != first.body[:192]
    assert second.opening.randomness != shown.opening.randomness


def test_challenge_is_refused_without_a_sealed_ballot(held, booth):
    with pytest.raises(BallotNotSealed):
        booth.challenge(held.number, 0)
    booth.seal(held.number, 0, YES)
    booth.cast(held.number, 0)
    with pytest.raises(BallotNotSealed):
        booth.challenge(held.number, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "crmdapp-challenge-2"},
        {"tracker": "0x12"},
        {"chosen": "1"},
        {"chosen": [True]},
        {"randomness": ["one"]},
        {"randomness": [-1]},
        {"body": "0x" + "00" * 100_001},
        {"voter": "nobody"},
    ],
)
def test_challenged_ballot_is_refused_if_it_is_malformed(held, booth, change):
    booth.seal(held.number, 0, YES)
    data = booth.challenge(held.number, 0).to_json()
    with pytest.raises(UsageError):
        ChallengedBallot.from_json({**data, **change})


# ----------------------------------------------------------------- casting


def test_cast_counts_the_ballot_directly(station, held, booth):
    tracker = booth.seal(held.number, 0, YES).tracker
    receipt = booth.cast(held.number, 0)
    assert receipt.status == 1
    assert station.box().count(held.number, 0, 0) == 1
    record = booth.check(held.number, 0, tracker)
    assert (record.voter, record.precinct, record.index) == (booth.voter, 0, 1)
    assert (record.tx_hash, record.block) == (receipt.hash, receipt.block)
    assert booth.state.cast_ballots(booth._key(booth.question(held.number, 0)))[0].opening is None


def test_cast_is_refused_a_second_time(held, booth):
    booth.seal(held.number, 0, YES)
    booth.cast(held.number, 0)
    for again in (
        lambda: booth.cast(held.number, 0),
        lambda: booth.seal(held.number, 0, NO),
        lambda: booth.sign(held.number, 0, deadline=2**40 - 1),
    ):
        with pytest.raises(BallotCastAlready) as caught:
            again()
        assert caught.value.voter == booth.voter


def test_cast_is_refused_out_of_phase(station, tmp_path):
    held = station.hold_election("frozen")
    station.box("bystander").prepare_all(held.number)
    early = booth_of(station, held.voter(0), tmp_path)
    tracker = early.seal(held.number, 0, YES).tracker
    with pytest.raises(VotingNotOpen):
        early.cast(held.number, 0)
    station.advance_to(held.election.windows.closes_at - 10)
    early.cast(held.number, 0)
    assert early.check(held.number, 0, tracker).ballots == 1
    late = booth_of(station, held.voter(1), tmp_path)
    late.seal(held.number, 0, YES)
    station.advance_to(held.election.windows.closes_at)
    with pytest.raises(VotingClosed):
        late.cast(held.number, 0)
    with pytest.raises(VotingClosed):
        late.sign(held.number, 0, deadline=2**40 - 1)


@pytest.mark.parametrize("skew", [-2 * 86_400, 2 * 86_400])
def test_sign_goes_by_the_chains_time_whatever_the_devices_says(
    station, held, booth, tmp_path, monkeypatch, skew
):
    here = time.time
    monkeypatch.setattr(time, "time", lambda: here() + skew)
    booth.seal(held.number, 0, YES)
    with pytest.raises(UsageError) as caught:
        booth.sign(held.number, 0, deadline=station.now)
    assert str(station.now) in caught.value.message
    signed = booth.sign(held.number, 0, deadline=station.now + 120)
    relay = Relay.with_journal(station.box("relayer"), tmp_path / "relay.sqlite3")
    with relay.journal:
        relay.take(signed)
        assert [each.tracker for each in relay.work().counted] == [signed.tracker]


def test_cast_after_a_refusal_leaves_the_voter_free(station, tmp_path):
    held = station.hold_election("frozen")
    station.box("bystander").prepare_all(held.number)
    booth = booth_of(station, held.voter(0), tmp_path)
    booth.seal(held.number, 0, YES)
    with pytest.raises(VotingNotOpen):
        booth.cast(held.number, 0)
    station.advance_to(held.election.windows.opens_at)
    tracker = booth.seal(held.number, 0, NO).tracker
    booth.cast(held.number, 0)
    assert check_tracker(station.box(), held.number, 0, tracker).index == 0


def test_sign_is_counted_through_a_relayer(station, held, tmp_path):
    booth = booth_of(station, held.voter(2), tmp_path, sends=False)
    tracker = booth.seal(held.number, 0, YES).tracker
    signed = booth.sign(held.number, 0, deadline=station.now + 600)
    assert signed.tracker == tracker
    relayed(station, signed)
    assert booth.check(held.number, 0, tracker).index == 2


def test_sign_gives_the_same_ballot_again(station, held, booth):
    booth.seal(held.number, 0, YES)
    first = booth.sign(held.number, 0, deadline=station.now + 600)
    second = booth.sign(held.number, 0, deadline=station.now + 900)
    assert (first.body, first.tracker) == (second.body, second.tracker)
    assert second.intent.deadline == first.intent.deadline + 300


def test_sign_takes_a_second_ballot_only_after_the_first_ones_deadline(station, held, booth):
    first = booth.seal(held.number, 0, YES)
    deadline = station.now + 100
    signed = booth.sign(held.number, 0, deadline=deadline)
    second = booth.seal(held.number, 0, NO)
    for cast in (
        lambda: booth.sign(held.number, 0, deadline=deadline + 500, tracker=second.tracker),
        lambda: booth.cast(held.number, 0, tracker=second.tracker),
    ):
        with pytest.raises(BallotOutstanding) as caught:
            cast()
        assert (caught.value.tracker, caught.value.deadline) == (first.tracker, deadline)
    station.advance_to(deadline + 1)
    later = booth.sign(held.number, 0, deadline=deadline + 500)
    assert later.tracker == second.tracker
    relayed(station, later)
    with pytest.raises(BallotCastAlready):
        booth.sign(held.number, 0, deadline=deadline + 600, tracker=first.tracker)
    assert signed.tracker != later.tracker


def test_sign_is_refused_if_the_chains_time_is_past_the_deadline(station, held, booth):
    booth.seal(held.number, 0, YES)
    with pytest.raises(UsageError) as caught:
        booth.sign(held.number, 0, deadline=station.now)
    assert "chain's time" in caught.value.message
    assert booth.waiting(held.number, 0) is not None


def test_cast_directly_what_a_relayer_sits_on(station, held, booth):
    tracker = booth.seal(held.number, 0, YES).tracker
    signed = booth.sign(held.number, 0, deadline=station.now + 600)
    booth.cast(held.number, 0)
    assert booth.check(held.number, 0, tracker).ballots == 1
    other = held.ballot(0, 0, 0, 1)
    station.box("relayer").cast_batch(
        held.number, 0, 0, [signed.cast_ballot(), other.cast_ballot()]
    )
    assert booth.check(held.number, 0, tracker).ballots == 2


def test_sent_ballot_stays_outstanding_until_its_transaction_ends(station, held, booth):
    booth.seal(held.number, 0, YES)
    station.node.automine(False)
    call, key = booth.cast_call(held.number, 0)
    sent = booth.box.sender.send(call, key=key)
    booth.seal(held.number, 0, NO)
    with pytest.raises(BallotOutstanding):
        booth.cast(held.number, 0)
    booth.box.sender.cancel(sent)
    station.node.automine(True)
    station.node.mine()
    booth.box.sender.resume()
    booth.cast(held.number, 0)
    assert station.box().count(held.number, 0, 0) == 1


def test_booth_without_account_does_not_give_up_what_was_sent(station, held, tmp_path):
    booth = booth_of(station, held.voter(1), tmp_path)
    booth.seal(held.number, 0, YES)
    booth.cast_call(held.number, 0)
    blind = Booth(station.box(), signer_of(held.voter(1)), booth.state)
    blind.seal(held.number, 0, NO)
    with pytest.raises(BallotOutstanding):
        blind.sign(held.number, 0, deadline=station.now + 60)


def test_all_encodings_are_cast_and_found(station, tmp_path):
    held = station.hold_election(voters=[2], questions=[YES_NO, OF_THREE, UP_TO_TWO])
    booth = booth_of(station, held.voter(0), tmp_path)
    for question, chosen in enumerate([(1,), (2,), (0, 2)]):
        tracker = booth.seal(held.number, question, chosen).tracker
        booth.cast(held.number, question)
        assert booth.check(held.number, question, tracker).ballots == 1


# ----------------------------------------------------------------- checking


def test_check_says_that_a_ballot_was_not_counted(held, booth):
    tracker = booth.seal(held.number, 0, YES).tracker
    with pytest.raises(BallotNotRecorded) as caught:
        booth.check(held.number, 0, tracker)
    assert caught.value.tracker == tracker
    assert caught.value.exit_code == 8


def test_check_needs_nobodys_key_and_finds_all_precincts(station, held, tmp_path):
    booth = booth_of(station, held.voter(0, 1), tmp_path)
    tracker = booth.seal(held.number, 0, YES).tracker
    with pytest.raises(BallotNotRecorded):
        check_tracker(station.box(), held.number, 0, tracker)
    booth.cast(held.number, 0)
    record = check_tracker(station.box(), held.number, 0, tracker)
    assert (record.voter, record.precinct, record.index) == (booth.voter, 1, 0)


def test_check_finds_a_ballot_behind_a_skipped_one(station, held, booth):
    booth.seal(held.number, 0, YES)
    booth.cast(held.number, 0)
    again, other = held.ballot(0, 0, 1, 0), held.ballot(0, 0, 2, 0)
    station.box("relayer").cast_batch(held.number, 0, 0, [again.cast_ballot(), other.cast_ballot()])
    assert check_tracker(station.box(), held.number, 0, other.tracker).ballots == 2
    with pytest.raises(BallotNotRecorded):
        check_tracker(station.box(), held.number, 0, again.tracker)


def box_behind(station, proxy):
    return type(station.box())(connect(proxy.url), station.box().contract.address, since_block=0)


def test_check_exposes_a_node_that_leaves_a_ballot_out(station, held):
    for index in range(3):
        relayed(station, held.ballot(0, 0, index, 1))
    with FlakyRpc(station.node.url) as proxy:

        def without_one(request):
            answer = request.forward()
            logs = json.loads(answer.body)["result"]
            cast = [log for log in logs if len(log["topics"]) == 4 and len(log["data"]) == 194]
            return request.reply(logs[:-1] if cast else logs)

        proxy.plan(without_one, method="eth_getLogs", times=-1)
        with pytest.raises(NodeLied):
            check_tracker(box_behind(station, proxy), held.number, 0, bytes(32))


def test_check_exposes_a_node_that_changes_a_ballot(station, held):
    signed = held.ballot(0, 0, 0, 1)
    relayed(station, signed)

    def lying(lie):
        def fault(request):
            answer = json.loads(request.forward().body)["result"]
            cast = signed.body.hex() in answer["input"]
            return request.reply(lie(answer) if cast else answer)

        return fault

    def changed(answer):
        data = answer["input"]
        place = data.index(signed.body.hex()) + 80
        digit = "0" if data[place] != "0" else "1"
        return {**answer, "input": data[:place] + digit + data[place + 1 :]}

    lies = [changed, lambda _: None]
    lies += [lambda answer, data=data: {**answer, "input": data} for data in ("0x", "zz", 5, None)]
    lies += [lambda answer: {**answer, "input": answer["input"][: 10 + 64 * 4]}]
    lies += [
        lambda answer: {
            **answer,
            "input": answer["input"][:10] + "0" * 63 + "9" + answer["input"][74:],
        }
    ]
    for lie in lies:
        with FlakyRpc(station.node.url) as proxy:
            proxy.plan(lying(lie), method="eth_getTransactionByHash", times=-1)
            with pytest.raises(NodeLied):
                check_tracker(box_behind(station, proxy), held.number, 0, signed.tracker)


def test_seal_exposes_a_node_with_a_key_of_its_own(station, held, tmp_path):
    real, false = encode_point(held.joint.K), encode_point(multiply_base(4711))
    with FlakyRpc(station.node.url) as proxy:

        def other_key(request):
            body = request.forward().body.decode()
            return flaky_rpc.Answer(body.replace(real.hex(), false.hex()).encode())

        proxy.plan(other_key, times=-1)
        box = box_behind(station, proxy)
        role = held.voter(0)
        booth = Booth(box, signer_of(role), BoothState(tmp_path / "lied.sqlite3"))
        with pytest.raises((NodeLied, VerificationFailed)):
            booth.seal(held.number, 0, YES)


def test_seal_exposes_a_node_with_a_context_of_its_own(station, held, tmp_path):
    real = held.context()
    with FlakyRpc(station.node.url) as proxy:

        def other_context(request):
            body = request.forward().body.decode()
            return flaky_rpc.Answer(body.replace(real.hex(), "ab" * 32).encode())

        proxy.plan(other_context, method="eth_call", times=-1)
        with pytest.raises(NodeLied) as caught:
            open_question(box_behind(station, proxy), held.number, 0)
        assert "bound to" in caught.value.message


def test_seal_exposes_a_node_with_a_roll_of_its_own(station, held, tmp_path):
    role = held.voter(0)
    mine, other = (address_of(held.voter(index))[2:].lower() for index in (0, 1))
    with FlakyRpc(station.node.url) as proxy:

        def swapped(request):
            body = request.forward().body.decode()
            body = body.replace(mine, "x" * 40).replace(other, mine).replace("x" * 40, other)
            return flaky_rpc.Answer(body.encode())

        proxy.plan(swapped, method="eth_getCode", times=-1)
        box = box_behind(station, proxy)
        booth = Booth(box, signer_of(role), BoothState(tmp_path / "lied.sqlite3"))
        with pytest.raises(NodeLied) as caught:
            booth.seal(held.number, 0, YES)
        assert "roll" in caught.value.message


def test_fingerprint_of_the_key_is_everybodys(station, held):
    found = open_question(station.box(), held.number, 0).fingerprint
    assert found == open_question(station.box("outsider"), held.number, 0).fingerprint
    assert len(found) == 16


# ----------------------------------------------------------------- killed

KILLED = """
import os, signal, sys
from crmdapp.ballots import booth as module
from crmdapp.ballots.booth import Booth
from crmdapp.ballots.booth_state import BoothState
from crmdapp.ballots.box import BoxClient
from crmdapp.chain import Journal, LocalSigner, Sender, SendPolicy, connect
from crmdapp.chain.connection import Connection
from tests.ballots.station import signer_of

url, address, role, folder, election, point = sys.argv[1:]
cls, name, after = {
    "sealed": (BoothState, "seal", True),
    "decided": (BoothState, "cast", True),
    "leased": (Journal, "lease", True),
    "signed": (Journal, "record_signed", True),
    "sent": (Connection, "broadcast", True),
    "mined": (Journal, "record_mined", False),
}[point]
original = getattr(cls, name)

def deadly(*args, **kwargs):
    if after:
        original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(cls, name, deadly)
with connect(url) as connection:
    sender = Sender(connection, signer_of(role), Journal(f"{folder}/journal.sqlite3"),
                    policy=SendPolicy(poll=0.02))
    box = BoxClient(connection, address, sender)
    booth = Booth(box, signer_of(role), BoothState(f"{folder}/{role}.sqlite3"))
    booth.seal(int(election), 0, (1,))
    booth.cast(int(election), 0)
"""


@pytest.mark.parametrize("point", ["sealed", "decided", "leased", "signed", "sent", "mined"])
def test_killed_booth_casts_the_same_ballot_once(station, held, tmp_path, point):
    role = held.voter(1)
    station.sender(role)
    words = [station.node.url, station.box().contract.address, role, tmp_path, held.number, point]
    done = subprocess.run([sys.executable, "-c", KILLED, *map(str, words)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    booth = booth_of(station, role, tmp_path)
    place = booth._key(booth.question(held.number, 0))
    kept = booth.state.waiting(place) or booth.state.cast_ballots(place)[0]
    if not station.box().has_voted(held.number, 0, 0, 1):
        if point == "sealed":
            assert booth.seal(held.number, 0, YES).body == kept.body
        booth.cast(held.number, 0)
    assert booth.check(held.number, 0, kept.tracker).ballots == 1
    assert station.connection.nonce(booth.voter) == 1

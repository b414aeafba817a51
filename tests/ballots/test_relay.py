"""The relayer: which ballots it takes, and that each it took is counted once, whatever happens."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from crmdapp.ballots import relay_inbox, voting_faults
from crmdapp.ballots.ballot_intents import SignedBallot, box_domain, sign_ballot
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.bulletin import read_batches
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.group import ORDER
from crmdapp.ballots.nonces import Nonces
from crmdapp.ballots.open_questions import open_question
from crmdapp.ballots.relay import BATCH_GAS, Relay, batch_gas, batch_size
from crmdapp.ballots.relay_inbox import take_folder
from crmdapp.ballots.relay_journal import RelayJournal
from crmdapp.ballots.vector import Vector
from crmdapp.ballots.voting_faults import (
    RelayBallotEarly,
    RelayBallotForeign,
    RelayBallotLate,
    RelayBallotRival,
    RelayBallotUnreadable,
    RelayProofWrong,
    RelaySignatureWrong,
    RelayVoterDone,
    RelayVoterUnknown,
)
from crmdapp.chain import Journal, Sender, SendPolicy, connect
from crmdapp.errors import NodeProblem, NodeRefused, NodeUnreachable, ReceiptTimeout, UsageError
from tests.ballots.killed_relay import PER_BATCH, POINTS
from tests.ballots.polling_day import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, YES_NO, address_of, signer_of
from tests.fixtures import flaky_rpc
from tests.fixtures.flaky_rpc import FlakyRpc

ROOT = Path(__file__).parents[2]
FAR = "0x" + "77" * 20


@pytest.fixture
def relay(station, tmp_path):
    found = Relay.with_journal(station.box("relayer"), tmp_path / "relay.sqlite3")
    yield found
    found.journal.close()


@pytest.fixture
def inbox(tmp_path):
    found = tmp_path / "inbox"
    found.mkdir()
    return found


def put(inbox, name, ballot):
    """Hand a ballot in."""
    (inbox / f"{name}.json").write_text(json.dumps(ballot.to_json()))


def counted(station, held, precinct=0, question=0):
    """How many ballots the box has counted."""
    return station.box().count(held.number, question, precinct)


def forge(ballot, at=-1):
    """A ballot whose proof is broken, signed by its voter nevertheless."""
    body = bytearray(ballot.body)
    body[at] ^= 1
    return bytes(body)


def resigned(held, ballot, role, **changes):
    """The ballot with some of its fields changed, signed by a role."""
    fields = {name: getattr(ballot.intent, name) for name in ballot.intent.__slots__}
    signed = {**fields, "body": ballot.body, **changes}
    return sign_ballot(signer_of(role), ballot.domain, **signed)


def forged(station, held, index):
    ballot = held.ballot(0, 0, index, 1)
    body = forge(ballot)
    question = open_question(station.box(), held.number, 0)
    return held.ballot(0, 0, index, 1, body=body, tracker=question.tracker(ballot.voter, body))


# ----------------------------------------------------------------- taking and sending


def test_work_counts_the_ballots_that_were_taken(station, held, relay):
    ballots = [held.ballot(0, 0, index, index % 2) for index in (5, 1, 3)]
    assert relay.take_many(ballots) == [None] * 3
    done = relay.work()
    assert [each.tracker for each in done.counted] == [ballots[n].tracker for n in (1, 2, 0)]
    assert (done.batches, done.skipped, done.refused) == (1, (), ())
    assert counted(station, held) == 3
    assert relay.journal.counts()["counted"] == 3
    assert relay.journal.gas_used() == (1, done.gas_used)
    assert relay.work().batches == 0


def test_work_makes_batches_by_precinct_and_size(station, held, tmp_path):
    box = station.box("relayer")
    relay = Relay.with_journal(box, tmp_path / "relay.sqlite3", most=3, window=2)
    ballots = [held.ballot(0, 0, index, 1) for index in range(8)] + [held.ballot(0, 1, 0, 0)]
    assert relay.take_many(ballots[::-1]) == [None] * 9
    done = relay.work()
    assert (done.batches, len(done.counted)) == (4, 9)
    question = open_question(station.box(), held.number, 0)
    batches = [list(read_batches(station.box(), question, precinct)) for precinct in (0, 1)]
    found = [[[each.index for each in batch.ballots] for batch in part] for part in batches]
    assert found == [[[0, 1, 2], [3, 4, 5], [6, 7]], [[0]]]


def test_take_is_harmless_a_second_time(station, held, relay):
    ballot = held.ballot(0, 0, 0, 1)
    relay.take(ballot)
    relay.take(ballot)
    relay.work()
    assert counted(station, held) == 1
    with pytest.raises(RelayVoterDone):
        relay.take(ballot)


def test_take_goes_by_the_later_deadline_of_the_same_ballot(station, held, relay):
    ballot = held.ballot(0, 0, 0, 1, deadline=station.now + 300)
    fields = {"body": ballot.body, "tracker": ballot.tracker}
    later = held.ballot(0, 0, 0, 1, deadline=station.now + 900, **fields)
    relay.take(later)
    relay.take(ballot)
    (kept,) = relay.journal.ballots("waiting")
    assert kept.ballot.deadline == later.intent.deadline
    relay.work()
    assert counted(station, held) == 1


# ----------------------------------------------------------------- refusals


def test_take_is_refused_for_what_belongs_elsewhere(station, held, relay):
    ballot = held.ballot(0, 0, 0, 1)
    domain = ballot.domain
    for foreign in (
        replace(ballot, domain=replace(domain, chain_id=1)),
        replace(ballot, domain=box_domain(domain.chain_id, FAR)),
        replace(ballot, domain=replace(domain, name="OtherBox")),
        resigned(held, ballot, held.voter(0), election=99),
        resigned(held, ballot, held.voter(0), question=7),
        resigned(held, ballot, held.voter(0), precinct=2),
    ):
        with pytest.raises(RelayBallotForeign) as caught:
            relay.take(foreign)
        assert caught.value.tracker == foreign.tracker
    assert relay.journal.counts()["waiting"] == 0


@pytest.mark.parametrize("phase", ["registration", "frozen"])
def test_take_is_refused_early(station, relay, phase):
    held = station.hold_election(phase)
    with pytest.raises(RelayBallotEarly):
        relay.take(held.ballot(0, 0, 0, 1))
    if phase == "frozen":
        station.box("bystander").prepare_all(held.number)
        with pytest.raises(RelayBallotEarly):
            relay.take(held.ballot(0, 0, 0, 1))
        station.advance_to(held.election.windows.opens_at)
        relay.take(held.ballot(0, 0, 0, 1))


def test_take_is_refused_late(station, held, relay):
    with pytest.raises(RelayBallotLate) as caught:
        relay.take(held.ballot(0, 0, 0, 1, deadline=station.now + 59))
    assert "directly" in caught.value.hint
    relay.take(held.ballot(0, 0, 1, 1, deadline=station.now + 70))
    station.advance_to(held.election.windows.closes_at - 30)
    with pytest.raises(RelayBallotLate):
        relay.take(held.ballot(0, 0, 0, 1, deadline=2**40 - 1))
    station.advance_to(held.election.windows.closes_at)
    with pytest.raises(RelayBallotLate) as caught:
        relay.take(held.ballot(0, 0, 0, 1, deadline=2**40 - 1))
    assert "closed" in caught.value.message


def test_take_is_refused_to_who_is_not_there_on_the_roll(held, relay):
    ballot = held.ballot(0, 0, 0, 1)
    for index in (1, 8, 2**32 - 1):
        with pytest.raises(RelayVoterUnknown):
            relay.take(resigned(held, ballot, held.voter(0), index=index))
    with pytest.raises(RelayVoterUnknown):
        relay.take(replace(ballot, voter=address_of("stranger")))


def test_take_is_refused_if_another_signed(held, relay):
    mine, other = held.ballot(0, 0, 0, 1), held.ballot(0, 0, 1, 1)
    for wrong in (
        replace(mine, signature=other.signature),
        replace(mine, signature=bytes(64)),
        replace(mine, signature=b""),
        replace(mine, body=other.body),
        replace(mine, intent=replace(mine.intent, deadline=mine.intent.deadline - 1)),
        replace(mine, intent=replace(mine.intent, tracker=other.tracker)),
        # A ballot that was copied and signed by who copied it.
        held.ballot(0, 0, 1, 1, body=mine.body, tracker=mine.tracker),
    ):
        with pytest.raises(RelaySignatureWrong):
            relay.take(wrong)


def test_take_is_refused_if_the_proof_does_not_hold(station, held, relay):
    good = [held.ballot(0, 0, index, 1) for index in (0, 2, 4)]
    bad = [forged(station, held, index) for index in (1, 3)]
    question = open_question(station.box(), held.number, 0)
    copied = good[0].body  # of another voter, and signed anew
    bad.append(
        held.ballot(
            0, 0, 5, 1, body=copied, tracker=question.tracker(address_of(held.voter(5)), copied)
        )
    )
    short = good[0].body[:-32]
    bad.append(
        held.ballot(
            0, 0, 6, 1, body=short, tracker=question.tracker(address_of(held.voter(6)), short)
        )
    )
    refusals = relay.take_many([good[0], bad[0], good[1], bad[1], good[2], bad[2], bad[3]])
    assert [type(each) for each in refusals[1::2]] + [type(refusals[6])] == [RelayProofWrong] * 4
    assert [refusals[n] for n in (0, 2, 4)] == [None] * 3
    assert refusals[1].tracker == bad[0].tracker
    assert len(relay.work().counted) == 3
    assert counted(station, held) == 3


def test_take_is_refused_to_who_has_voted(station, held, relay):
    station.box(held.voter(0)).cast(held.number, 0, 0, 0, held.sealed(0, 0, 0, 1).body)
    with pytest.raises(RelayVoterDone):
        relay.take(held.ballot(0, 0, 0, 0))
    relay.take(held.ballot(0, 0, 1, 0))
    station.box("rival").cast_batch(
        held.number, 0, 0, [held.ballot(0, 0, n, 1).cast_ballot() for n in (2, 3)]
    )
    for index in (2, 3):
        with pytest.raises(RelayVoterDone):
            relay.take(held.ballot(0, 0, index, 0))


def test_take_is_refused_while_another_ballot_of_the_voter_is_on_its_way(station, held, relay):
    first, second = held.ballot(0, 0, 0, 1), held.ballot(0, 0, 0, 0)
    assert [type(each) for each in relay.take_many([first, second])] == [
        type(None),
        RelayBallotRival,
    ]
    with pytest.raises(RelayBallotRival):
        relay.take(second)
    assert [each.tracker for each in relay.work().counted] == [first.tracker]


# ----------------------------------------------------------------- what the box says


def test_voter_who_was_quicker_is_skipped_and_nobody_else(station, held, relay):
    ballots = [held.ballot(0, 0, index, 1) for index in range(4)]
    relay.take_many(ballots)
    station.box(held.voter(2)).cast(held.number, 0, 0, 2, held.sealed(0, 0, 2, 0).body)
    done = relay.work()
    assert [each.tracker for each in done.skipped] == [ballots[2].tracker]
    assert [each.ballot.index for each in done.counted] == [0, 1, 3]
    assert relay.journal.find(ballots[2].tracker).reason == "BallotCastAlready"
    assert counted(station, held) == 4


def test_batch_of_voters_who_were_quicker_is_given_up(station, held, relay):
    relay.take_many([held.ballot(0, 0, index, 1) for index in (0, 1)])
    for index in (0, 1):
        body = held.sealed(0, 0, index, 0).body
        station.box(held.voter(index)).cast(held.number, 0, 0, index, body)
    done = relay.work()
    assert (len(done.skipped), done.batches) == (2, 0)
    assert relay.journal.counts()["skipped"] == 2


def test_relayer_who_is_the_voter_is_skipped_too(station, held, tmp_path):
    relay = Relay.with_journal(station.box(held.voter(0)), tmp_path / "relay.sqlite3")
    relay.take(held.ballot(0, 0, 0, 1))
    relay.box.cast(held.number, 0, 0, 0, held.sealed(0, 0, 0, 1).body)
    assert len(relay.work().skipped) == 1


@pytest.mark.parametrize("bad", [(3,), (0, 1), (7,), range(8)])
def test_bad_ballots_never_keep_others_back(station, held, relay, bad):
    ballots = [
        forged(station, held, index) if index in bad else held.ballot(0, 0, index, 1)
        for index in range(8)
    ]
    relay.journal.take(ballots)  # as if they had passed all checks
    done = relay.work()
    assert [each.ballot.index for each in done.refused] == list(bad)
    assert {each.reason for each in done.refused} == {"BatchProofsInvalid"}
    assert len(done.counted) == 8 - len(bad) == counted(station, held)


def test_ballot_that_expires_on_its_way_is_given_up_alone(station, held, relay):
    deadline = station.now + 100
    ballots = [
        held.ballot(0, 0, n, 1, deadline=deadline if n in (1, 2) else deadline + 500)
        for n in range(4)
    ]
    relay.take_many(ballots)
    station.advance_to(deadline + 1)
    done = relay.work()
    assert [(each.ballot.index, each.reason) for each in done.refused] == [
        (1, "BallotExpired"),
        (2, "BallotExpired"),
    ]
    assert [each.ballot.index for each in done.counted] == [0, 3]


class Chosen(Nonces):
    """Nonces whose encryption randomness is chosen."""

    def __init__(self, r):
        super().__init__(bytes(32))
        self._r = r

    def draw(self, name, statement):
        return self._r if name == "choice r" else super().draw(name, statement)


def cancelling(held):
    """Two ballots whose sum is nothing."""
    encoding, r = held.election.questions[0], 4711
    ballots = []
    for index, randomness in ((0, r), (1, ORDER - r)):
        voter = address_of(held.voter(index))
        sealed = encoding.seal(held.joint.K, held.context(), voter, (0,), Chosen(randomness))
        ballots.append(held.ballot(0, 0, index, 0, body=sealed.body, tracker=sealed.tracker))
    return ballots


def test_voters_who_cancel_each_other_out_are_counted_beside_another(station, held, relay):
    assert relay.take_many(cancelling(held)) == [None, None]
    assert len(relay.work().counted) == 1
    assert relay.work().batches == 0  # alone, the other one would bring the sum to nothing again
    assert relay.journal.counts()["waiting"] == 1
    relay.take(held.ballot(0, 0, 5, 1))
    assert len(relay.work().counted) == 2
    assert counted(station, held) == 3


def test_voter_who_cancels_out_all_others_waits_in_vain(station, held, relay):
    for ballot in cancelling(held):
        relay.take(ballot)
    relay.work()
    station.advance_to(held.election.windows.closes_at)
    assert [each.reason for each in relay.work().refused] == ["VotingClosed"]
    assert counted(station, held) == 1


def test_ballots_of_a_closed_election_are_given_up(station, held, relay):
    relay.take_many([held.ballot(0, 0, index, 1) for index in range(2)])
    station.advance_to(held.election.windows.closes_at)
    done = relay.work()
    assert [each.reason for each in done.refused] == ["VotingClosed"] * 2
    assert relay.work().refused == ()


def test_batch_that_is_mined_too_late_is_parted(station, held, tmp_path):
    station.sender("relayer")
    policy = SendPolicy(timeout=0.3, poll=0.02)
    journal = Journal(tmp_path / "journal.sqlite3")
    sender = Sender(station.connection, signer_of("relayer"), journal, policy=policy)
    box = BoxClient(station.connection, station.box().contract.address, sender)
    relay = Relay.with_journal(box, tmp_path / "relay.sqlite3")
    deadline = station.now + 100
    relay.take(held.ballot(0, 0, 0, 1, deadline=deadline))
    relay.take(held.ballot(0, 0, 1, 1))
    station.node.automine(False)
    with pytest.raises(ReceiptTimeout):
        relay.work()
    assert relay.journal.counts()["batched"] == 2
    station.node.advance_to(deadline + 1)
    station.node.automine(True)
    done = relay.work()
    assert [each.ballot.index for each in done.refused] == [0]
    assert [each.ballot.index for each in done.counted] == [1]
    assert counted(station, held) == 1


# ----------------------------------------------------------------- a chain that is rewritten


def test_work_brings_back_what_a_reorganisation_undid(station, held, relay):
    first, second = held.ballot(0, 0, 0, 1), held.ballot(0, 0, 1, 1)
    relay.take(first)
    relay.work()
    station.node.rollback(1)
    assert counted(station, held) == 0
    relay.take(second)
    done = relay.work()
    assert {each.tracker for each in done.counted} == {first.tracker, second.tracker}
    assert counted(station, held) == 2
    assert relay.journal.counts()["counted"] == 2
    assert relay.journal.gas_used() == (2, done.gas_used)
    assert relay.work().batches == 0


def test_work_notes_whom_a_rewritten_chain_passed_over(station, held, relay):
    ballots = [held.ballot(0, 0, index, 1) for index in (0, 1)]
    relay.take_many(ballots)
    assert len(relay.work().counted) == 2
    station.node.rollback(1)
    station.box(held.voter(1)).cast(held.number, 0, 0, 1, held.sealed(0, 0, 1, 0).body)
    done = relay.work()
    assert [each.tracker for each in done.counted] == [ballots[0].tracker]
    assert [each.tracker for each in done.skipped] == [ballots[1].tracker]
    assert counted(station, held) == 2


def test_work_gives_up_what_expired_while_it_was_undone(station, held, relay):
    deadline = station.now + 100
    relay.take(held.ballot(0, 0, 0, 1, deadline=deadline))
    relay.take(held.ballot(0, 0, 1, 1))
    assert len(relay.work().counted) == 2
    station.node.rollback(1)
    station.advance_to(deadline + 1)
    done = relay.work()
    assert [(each.ballot.index, each.reason) for each in done.refused] == [(0, "BallotExpired")]
    assert [each.ballot.index for each in done.counted] == [1]
    relay.take(held.ballot(0, 0, 0, 1))
    assert len(relay.work().counted) == 1


def test_take_is_refused_to_whose_ballot_counted_in_a_block_that_is_gone(station, held, relay):
    relay.take(held.ballot(0, 0, 0, 1))
    relay.work()
    station.node.rollback(1)
    with pytest.raises(RelayBallotRival):
        relay.take(held.ballot(0, 0, 0, 0))
    assert len(relay.work().counted) == 1


# ----------------------------------------------------------------- the node


def relay_behind(station, proxy, folder):
    station.sender("relayer")
    connection = connect(proxy.url)
    journal = Journal(folder / "proxied.sqlite3")
    policy = SendPolicy(poll=0.02, timeout=20)
    sender = Sender(connection, signer_of("relayer"), journal, policy=policy)
    box = BoxClient(connection, station.box().contract.address, sender)
    return Relay.with_journal(box, folder / "relay.sqlite3")


def test_full_pool_keeps_the_ballots_for_later(station, held, tmp_path):
    with FlakyRpc(station.node.url) as proxy:
        relay = relay_behind(station, proxy, tmp_path)
        relay.take(held.ballot(0, 0, 0, 1))
        full = flaky_rpc.rpc_error(-32000, "txpool is full")
        proxy.plan(full, method="eth_sendRawTransaction", times=-1)
        with pytest.raises(NodeRefused) as caught:
            relay.work()
        assert "txpool is full" in caught.value.why
        assert relay.journal.counts()["batched"] == 1
        proxy.heal()
        assert len(relay.work().counted) == 1
    assert counted(station, held) == 1


@pytest.mark.parametrize("fault", [flaky_rpc.drop_before, flaky_rpc.drop_after])
def test_node_that_fails_while_sending_loses_and_doubles_nothing(station, held, tmp_path, fault):
    with FlakyRpc(station.node.url) as proxy:
        relay = relay_behind(station, proxy, tmp_path)
        relay.take_many([held.ballot(0, 0, index, 1) for index in range(3)])
        proxy.plan(fault, method="eth_sendRawTransaction", times=-1)
        with pytest.raises(NodeUnreachable):
            relay.work()
        proxy.heal()
        assert len(relay.work().counted) == 3
    assert counted(station, held) == 3
    assert station.connection.nonce(address_of("relayer")) == 1


def test_node_that_is_down_leaves_ballots_where_they_are(station, held, tmp_path, inbox):
    put(inbox, "a", held.ballot(0, 0, 0, 1))
    with FlakyRpc(station.node.url) as proxy:
        relay = relay_behind(station, proxy, tmp_path)
        proxy.plan(flaky_rpc.drop_before, times=-1)
        with pytest.raises(NodeProblem):
            take_folder(relay, inbox)
        assert [path.name for path in inbox.glob("*.json")] == ["a.json"]
        proxy.heal()
        assert take_folder(relay, inbox).taken == ("a.json",)


# ----------------------------------------------------------------- the folder


def test_take_folder_takes_ballots_and_says_why_not(station, held, relay, inbox):
    put(inbox, "b", held.ballot(0, 0, 1, 1))
    put(inbox, "a", held.ballot(0, 0, 0, 1))
    put(inbox, "forged", forged(station, held, 2))
    (inbox / "half.json").write_text(json.dumps(held.ballot(0, 0, 3, 1).to_json())[:500])
    (inbox / "other.json").write_text('{"typedData": 5}')
    (inbox / "huge.json").write_bytes(b" " * (relay_inbox.FILE_MAX + 1))
    (inbox / "binary.json").write_bytes(os.urandom(500))
    (inbox / "linked.json").symlink_to(inbox / "a.json")
    (inbox / "notes.txt").write_text("no ballot")
    report = take_folder(relay, inbox)
    assert report.taken == ("a.json", "b.json")
    assert {name: type(problem) for name, problem in report.refused} == {
        "forged.json": RelayProofWrong,
        "half.json": RelayBallotUnreadable,
        "other.json": RelayBallotUnreadable,
        "huge.json": RelayBallotUnreadable,
        "binary.json": RelayBallotUnreadable,
    }
    reason = json.loads((inbox / "forged.refused.json").read_text())
    assert reason["code"] == "RelayProofWrong"
    assert sorted(path.name for path in (inbox / "taken").iterdir()) == ["a.json", "b.json"]
    assert take_folder(relay, inbox) == relay_inbox.InboxReport((), ())
    assert len(relay.work().counted) == 2


def test_take_folder_looks_again_at_a_file_that_was_changed(held, relay, inbox):
    (inbox / "late.json").write_text("{")
    assert len(take_folder(relay, inbox).refused) == 1
    put(inbox, "late", held.ballot(0, 0, 0, 1))
    os.utime(inbox / "late.json", ns=(2**62, 2**62))
    assert take_folder(relay, inbox).taken == ("late.json",)
    assert not (inbox / "late.refused.json").exists()


def test_take_folder_is_refused_without_a_folder(relay, tmp_path):
    with pytest.raises(UsageError):
        take_folder(relay, tmp_path / "nowhere")


def test_ballots_survive_their_files(station, held, relay, inbox):
    ballot = held.ballot(0, 0, 0, 1)
    put(inbox, "a", ballot)
    assert SignedBallot.from_json((inbox / "a.json").read_bytes()) == ballot
    take_folder(relay, inbox)
    for path in (inbox / "taken").iterdir():
        path.unlink()
    assert len(relay.work().counted) == 1


# ----------------------------------------------------------------- the journal


def test_journal_of_another_box_is_refused(station, tmp_path):
    path, genesis = tmp_path / "relay.sqlite3", station.connection.genesis_hash
    box = station.box().contract.address
    RelayJournal(path, chain_id=31337, genesis=genesis, box=box).close()
    for other in (
        {"chain_id": 1, "genesis": genesis, "box": box},
        {"chain_id": 31337, "genesis": bytes(32), "box": box},
        {"chain_id": 31337, "genesis": genesis, "box": FAR},
    ):
        with pytest.raises(UsageError):
            RelayJournal(path, **other)


def test_journals_of_one_account_do_not_share_keys(station, held, tmp_path):
    for index, name in enumerate(("one", "other")):
        relay = Relay.with_journal(station.box("relayer"), tmp_path / f"{name}.sqlite3")
        relay.take(held.ballot(0, 0, index, 1))
        assert len(relay.work().counted) == 1
    assert counted(station, held) == 2


def test_settings_out_of_range_are_refused(station, tmp_path):
    for wrong in ({"most": 0}, {"most": 256}, {"window": 0}, {"margin": -1}):
        with pytest.raises(UsageError):
            Relay.with_journal(station.box(), tmp_path / "relay.sqlite3", **wrong)


@pytest.mark.parametrize("point", POINTS)
def test_killed_relayer_loses_and_doubles_nothing(station, held, tmp_path, inbox, point):
    station.sender("relayer")
    ballots = [held.ballot(0, 0, index, 1) for index in range(6)]
    for index, ballot in enumerate(ballots):
        put(inbox, f"ballot-{index}", ballot)
    box = station.box().contract.address
    command = [sys.executable, "-m", "tests.ballots.killed_relay", station.node.url, box]
    for last in (point, "none"):
        words = [*command, str(tmp_path), "relayer", last]
        done = subprocess.run(words, cwd=ROOT, check=False)
        assert done.returncode == (-signal.SIGKILL if last == point else 0)
    genesis = station.connection.genesis_hash
    journal = RelayJournal(tmp_path / "relay.sqlite3", chain_id=31337, genesis=genesis, box=box)
    with journal:
        assert journal.counts() == {
            "waiting": 0,
            "batched": 0,
            "counted": 6,
            "skipped": 0,
            "refused": 0,
        }
        assert [journal.find(each.tracker).state for each in ballots] == ["counted"] * 6
    assert counted(station, held) == 6
    assert station.connection.nonce(address_of("relayer")) == 6 // PER_BATCH
    question = open_question(station.box(), held.number, 0)
    batches = list(read_batches(station.box(), question, 0))
    assert [each.index for batch in batches for each in batch.ballots] == list(range(6))
    assert list(inbox.glob("*.json")) == []


# ----------------------------------------------------------------- gas


def test_batch_gas_is_enough_for_every_encoding(station, tmp_path):
    held = station.hold_election(voters=[5], questions=[YES_NO, OF_THREE, UP_TO_TWO])
    relay = Relay.with_journal(station.box("relayer"), tmp_path / "relay.sqlite3", most=4)
    for question, chosen in enumerate([(1,), (2,), (0, 2)]):
        encoding = held.election.questions[question]
        for size, voters in ((4, range(4)), (1, [4])):
            relay.take_many([held.ballot(question, 0, n, chosen) for n in voters])
            done = relay.work()
            assert len(done.counted) == size
            assert done.gas_used < batch_gas(encoding, size) < 4 * done.gas_used


@pytest.mark.parametrize(
    ("encoding", "size"),
    [(Choice(2, 10), 50), (Choice(10, 10), 50), (Vector(5, 1, 1), 38), (Vector(32, 0, 32), 3)],
)
def test_batch_size_is_what_gas_allows(encoding, size):
    assert batch_size(encoding) == size
    assert batch_gas(encoding, size) <= BATCH_GAS
    assert batch_size(encoding, 2) == 2


def test_every_refusal_has_a_name_of_its_own():
    named = [
        value
        for value in vars(voting_faults).values()
        if isinstance(value, type) and issubclass(value, voting_faults.RelayRefused)
    ]
    assert len(named) == 10

"""A real election's record, taken from a chain: collected, saved, read again, audited."""

from dataclasses import replace

import pytest

from crmdapp.ballots.audit import audit_election
from crmdapp.ballots.events import BallotsCast, CeremonyFinalised, GroupTallied, VoterRegistered
from crmdapp.ballots.evidence_collecting import collect_record, contracts_of
from crmdapp.ballots.evidence_reading import load_record
from crmdapp.ballots.group import encode_point, multiply_base
from crmdapp.errors import NodeLied
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, address_of

VOTES = [
    [[1, 0, 2, 1], [2, None, 2]],
    [[(0, 1), None, (2,), ()], [(1,), None, None]],
]


def record_of(held, **options):
    contracts, since = contracts_of(held.station.manifest)
    return collect_record(
        held.station.connection, contracts, held.number, since_block=since, **options
    )


@pytest.fixture
def held(station):
    """An election of two questions and two precincts that is tallied."""
    return station.hold_election(
        "tallied", voters=(4, 3), votes=VOTES, questions=[OF_THREE, UP_TO_TWO], trustees=4
    )


def test_audit_finds_a_real_election_whole(held, tmp_path):
    told = []
    record = record_of(
        held, definition=held.definition.canonical, progress=lambda *step: told.append(step)
    )
    report = audit_election(record, workers=1)

    assert report.broken is None
    assert report.notes == ()
    assert report.phase == "Tallied"
    assert [each.counts for each in report.questions] == [(1, 2, 3), (1, 2, 1)]
    for number, result in enumerate(report.questions):
        assert held.station.tally().totals(held.number, number) == result.counts
    assert told[-1] == (len(record.transactions), len(record.transactions))

    record.save(tmp_path / "record.jsonl.gz")
    again = load_record(tmp_path / "record.jsonl.gz")
    assert again == record
    assert again.digest == record.digest == report.record


def test_audit_follows_an_election_as_it_goes_on(station):
    held = station.hold_election("keys", voters=(3,))
    assert audit_election(record_of(held), workers=1).phase == "KeyCeremony"
    held.to_registration()
    held.to_frozen()
    held.to_open()
    ballots = [held.ballot(0, 0, index, 1) for index in range(2)]
    box = station.box("relayer")
    box.cast_batch(held.number, 0, 0, [ballots[0].cast_ballot()])
    box.cast_batch(held.number, 0, 0, [each.cast_ballot() for each in ballots])
    direct = held.sealed(0, 0, 2, 0)
    station.box(held.voter(2)).cast(held.number, 0, 0, 2, direct.body)

    report = audit_election(record_of(held), workers=1)
    assert report.broken is None
    assert report.phase == "Open"
    assert report.questions[0].ballots == 3

    held.to_closed()
    assert audit_election(record_of(held), workers=1).phase == "Closed"
    station.advance_to(held.election.windows.shares_until + 1)
    report = audit_election(record_of(held), workers=1)
    assert (report.broken, report.phase) == (None, "Void")
    station.tally("bystander").void_question(held.number, 0)
    report = audit_election(record_of(held), workers=1)
    assert (report.broken, report.phase) == (None, "Void")


def test_audit_of_an_election_that_was_called_off(station):
    held = station.hold_election("registration")
    station.elections("organiser").cancel(held.number, bytes([7]) * 32)
    report = audit_election(record_of(held), workers=1)
    assert (report.broken, report.phase) == (None, "Cancelled")


def test_audit_of_an_election_with_too_few_ballots(station):
    held = station.hold_election("closed", votes=[[[1, None, None]]])
    report = audit_election(record_of(held), workers=1)
    assert (report.broken, report.phase) == (None, "Void")


class Lying:
    """A node whose answers to some requests are changed."""

    def __init__(self, connection, **lies):
        self._connection = connection
        self._lies = lies

    def __getattr__(self, name):
        return getattr(self._connection, name)

    def request(self, method, params=()):
        answer = self._connection.request(method, params)
        return self._lies[method](answer) if method in self._lies else answer

    def logs(self, *args, **options):
        found = self._connection.logs(*args, **options)
        return self._lies["logs"](list(found)) if "logs" in self._lies else found

    def code(self, address):
        found = self._connection.code(address)
        return self._lies["code"](found) if "code" in self._lies else found

    def block(self, *args, **options):
        found = self._connection.block(*args, **options)
        return self._lies["block"](dict(found)) if "block" in self._lies else found

    def ask_each(self, *args):
        found = self._connection.ask_each(*args)
        return self._lies["ask_each"](found) if "ask_each" in self._lies else found


def lied_to(held, **lies):
    contracts, since = contracts_of(held.station.manifest)
    node = Lying(held.station.connection, **lies)
    return collect_record(node, contracts, held.number, since_block=since)


def test_collect_finds_out_a_node_that_lies(held):
    def other_input(answer):
        return {**answer, "input": answer["input"][:-2] + "ff"}

    def other_time(answer):
        return {**answer, "timestamp": hex(int(answer["timestamp"], 16) + 1)}

    with pytest.raises(NodeLied, match="another one than the node says"):
        lied_to(held, eth_getTransactionByHash=other_input)
    with pytest.raises(NodeLied) as elsewhere:
        lied_to(held, eth_getTransactionByHash=lambda found: {**found, "blockHash": "0x12"})
    assert "its events are not" in elsewhere.value.why
    with pytest.raises(NodeLied, match="nobody asked for"):
        lied_to(held, logs=lambda logs: [replace(logs[0], address=address_of("other")), *logs[1:]])
    with pytest.raises(NodeLied, match="malformed"):
        lied_to(held, eth_getTransactionByHash=lambda answer: {**answer, "type": "0x7e"})
    with pytest.raises(Exception, match="does not have the block's hash"):
        lied_to(held, block=other_time)
    with pytest.raises(NodeLied, match="do not agree on block"):
        lied_to(held, ask_each=lambda found: [*found, {"hash": "0x" + "00" * 32}])


def test_the_order_in_which_a_node_gives_logs_does_not_matter(held):
    assert lied_to(held, logs=lambda logs: logs[::-1]) == record_of(held)


def test_audit_finds_out_a_node_that_lies(held):
    def changed(kind, number=0, **changes):
        """The logs with an event changed, or left out."""

        def lie(logs):
            one = [log for log in logs if isinstance(log.event, kind)][number]
            others = [replace(one, event=replace(one.event, **changes))] if changes else []
            at = logs.index(one)
            return [*logs[:at], *others, *logs[at + 1 :]]

        return lie

    foreign = encode_point(multiply_base(42))
    lies = [
        ("key", changed(CeremonyFinalised, key=foreign)),
        ("roll", changed(VoterRegistered, voter=address_of("nobody"))),
        ("roll", changed(VoterRegistered)),
        ("freeze", changed(VoterRegistered, -1)),
        ("bulletin", changed(BallotsCast, bulletin=bytes(28))),
        ("closing", changed(BallotsCast, -1)),
        ("shares", changed(GroupTallied, counts=(3, 0, 1))),
    ]
    for link, lie in lies:
        assert audit_election(lied_to(held, logs=lie), workers=1).broken.link == link
    lied = lied_to(held, code=lambda code: code[:-1] + bytes([code[-1] ^ 1]))
    assert audit_election(lied, workers=1).broken.link == "freeze"

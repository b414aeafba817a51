"""Whole elections and polls in the index, compared with the contracts; reorgs; phases in time."""

import json
from dataclasses import dataclass

import pytest

from crmdapp.ballots.errors import ElectionUnknown, PollUnknown
from crmdapp.ballots.models import CeremonyStep, Phase, VoidGround
from crmdapp.ballots.poll_definition import read_poll
from crmdapp.ballots.polls import PollsClient
from crmdapp.store.index import Follower, open_index
from crmdapp.store.index.ballots import polls, queries
from crmdapp.store.index.ballots.verify import compare
from tests.ballots.station import (
    OF_THREE,
    UP_TO_TWO,
    YES_NO,
    address_of,
    moment,
    station,  # noqa: F401 - a fixture
    station_on_chain,  # noqa: F401 - a fixture
)

VOTERS = [5, 2]
VOTES = [[[1, 1, 0, 1, 0], [1, 0]], [[(0,), (0, 2), (), (1,), (0,)], [(2,), (0,)]]]


@dataclass
class Indexed:
    """The index over a station's chain."""

    index: object
    follower: Follower
    station: object

    def settle(self):
        """Let the index catch up."""
        while not self.follower.step().is_done:
            pass

    @property
    def now(self):
        with self.index.reading():
            return self.index.position().timestamp

    def ask(self, query, *arguments, **settings):
        """What a query answers."""
        with self.index.reading() as session:
            return query(session, *arguments, **settings)

    def election(self, number, now=None):
        return self.ask(queries.election, number, now=self.now if now is None else now)

    def differences(self):
        """Whatever the index says otherwise than the chain, after it caught up."""
        self.settle()
        block = self.index.position().block
        station_ = self.station
        with self.index.reading() as session:
            found = list(compare(session, station_.connection, station_.manifest, block))
        assert len(found) > 3
        return [each for each in found if not each.is_equal]


@pytest.fixture
def indexed(station, index_url):  # noqa: F811 - the fixture
    index = open_index(index_url)
    follower = Follower(index, station.connection, station.manifest)
    yield Indexed(index, follower, station)
    follower.close()
    index.close()


def cast_in_two_batches(held, precinct=0):
    """Five ballots of the first question: three, then two; the events' counts are cumulative."""
    box = held.station.box("relayer")
    choices = VOTES[0][precinct]
    ballots = [
        held.ballot(0, precinct, index, chosen).cast_ballot()
        for index, chosen in enumerate(choices)
    ]
    box.cast_batch(held.number, 0, precinct, ballots[:3])
    box.cast_batch(held.number, 0, precinct, ballots)  # the first three are skipped


def test_whole_election_is_that_of_the_chain_in_every_phase(indexed):
    station_ = indexed.station
    held = station_.hold_election("keys", voters=VOTERS, questions=[YES_NO, UP_TO_TWO])
    assert indexed.differences() == []
    held.to_registration()
    assert indexed.differences() == []
    assert indexed.election(held.number).phase is Phase.REGISTRATION
    held.to_frozen()
    assert indexed.differences() == []
    assert indexed.election(held.number).phase is Phase.FROZEN
    held.to_open()
    assert indexed.differences() == []
    assert indexed.election(held.number).phase is Phase.OPEN
    cast_in_two_batches(held)
    held.vote([[[None] * 5, VOTES[0][1]], VOTES[1]])
    assert indexed.differences() == []
    held.to_closed()
    assert indexed.differences() == []
    assert indexed.election(held.number).phase is Phase.CLOSED
    held.to_tallied()
    assert indexed.differences() == []
    found = indexed.election(held.number)
    assert found.phase is Phase.TALLIED
    assert found.voters == 7
    first, second = indexed.ask(queries.results, held.number, now=indexed.now)
    assert first.totals == (3, 4)
    assert second.totals == (4, 1, 2)
    assert first == station_.tally().result(held.number, 0)
    assert second == station_.tally().result(held.number, 1)


def test_batches_have_what_each_added_though_events_count_all(indexed):
    held = indexed.station.hold_election(voters=VOTERS)
    cast_in_two_batches(held)
    held.vote([[[None] * 5, [1, 0]]])
    indexed.settle()
    first, second, third = indexed.ask(queries.batches, held.number)
    assert [(each.counted, each.ballots) for each in (first, second, third)] == [
        (3, 3),
        (2, 5),
        (2, 2),
    ]
    assert (first.skipped, second.skipped) == (0, 0b111)
    assert indexed.election(held.number).questions[0].ballots == 7
    counts = [(each.precinct, each.ballots) for each in indexed.ask(queries.turnout, held.number)]
    assert counts == [(0, 5), (1, 2)]
    after = first.block, first.log_index
    assert indexed.ask(queries.batches, held.number, after=after, limit=1) == [second]
    assert indexed.ask(queries.batches, held.number, precinct=1) == [third]
    assert indexed.ask(queries.batches, held.number, question=1) == []


def test_reorg_takes_back_what_was_counted(indexed):
    held = indexed.station.hold_election(voters=VOTERS)
    indexed.settle()
    before = indexed.ask(queries.turnout, held.number)
    cast_in_two_batches(held)
    indexed.settle()
    assert indexed.ask(queries.turnout, held.number) != before
    indexed.station.node.reorg(2)
    assert indexed.differences() == []
    assert indexed.ask(queries.turnout, held.number) == before
    assert indexed.ask(queries.batches, held.number) == []


def test_trustees_show_who_has_not_posted_yet(indexed):
    station_ = indexed.station
    held = station_.hold_election("keys")
    for j in (1, 3):
        station_.board(f"trustee {j}").register_key(held.number, j, held.key_messages[j])
    indexed.settle()
    found = indexed.ask(queries.trustees, held.number)
    assert [each.has_key for each in found] == [True, False, True]
    assert queries.missing_trustees(found, CeremonyStep.KEYS) == (2,)
    assert queries.missing_trustees(found, CeremonyStep.DEALS) == ()
    assert [each.name for each in indexed.ask(queries.steps, held.number)] == [
        "ElectionCreated",
        "TrusteeKeyRegistered",
        "TrusteeKeyRegistered",
    ]
    assert indexed.ask(queries.elections_guarded, address_of("trustee 2")) == [held.number]


def test_trustees_show_whose_shares_are_due(indexed):
    station_ = indexed.station
    held = station_.hold_election("closed", votes=[[[1, 0, 1]]])
    shares = held.shares(2, 0, 0)
    station_.tally("bystander").post_shares(held.number, 0, 0, 2, shares)
    assert indexed.differences() == []
    due = [each.shares_due for each in indexed.ask(queries.trustees, held.number)]
    assert due == [((0, 0),), (), ((0, 0),)]
    station_.tally("bystander").post_shares(held.number, 0, 0, 1, held.shares(1, 0, 0))
    assert indexed.differences() == []
    due = [each.shares_due for each in indexed.ask(queries.trustees, held.number)]
    assert due == [(), (), ((0, 0),)]


def test_ceremony_that_restarts_begins_anew(indexed):
    station_ = indexed.station
    held = station_.hold_election("keys")
    station_.board("trustee 1").register_key(held.number, 1, held.key_messages[1])
    station_.advance_to(held.election.windows.keys_until + 1)
    assert indexed.differences() == []
    assert indexed.election(held.number).step is CeremonyStep.SHORT
    station_.board("bystander").restart(held.number)
    assert indexed.differences() == []
    found = indexed.election(held.number)
    assert (found.round, found.step) == (1, CeremonyStep.KEYS)
    assert not any(each.has_key for each in indexed.ask(queries.trustees, held.number))


def test_question_with_too_few_ballots_is_void(indexed):
    held = indexed.station.hold_election("closed", votes=[[[1, None, None]]])
    assert indexed.differences() == []
    found = indexed.election(held.number)
    assert found.phase is Phase.VOID
    assert found.questions[0].ground is VoidGround.TURNOUT


def test_question_without_shares_is_void_once_it_is_late(indexed):
    held = indexed.station.hold_election("closed", votes=[[[1, 0, 1]]])
    indexed.settle()
    last = held.election.windows.shares_until
    assert indexed.election(held.number, now=last).phase is Phase.CLOSED
    assert indexed.election(held.number, now=last + 1).phase is Phase.VOID
    indexed.station.advance_to(last + 1)
    assert indexed.differences() == []


def test_cancelled_election_keeps_the_hash_of_its_reasons(indexed):
    held = indexed.station.hold_election("keys")
    indexed.station.elections().cancel(held.number, b"\x07" * 32)
    assert indexed.differences() == []
    found = indexed.election(held.number)
    assert (found.phase, found.reason_hash) == (Phase.CANCELLED, b"\x07" * 32)


def test_election_that_is_not_ready_when_it_should_open_is_cancelled(indexed):
    held = indexed.station.hold_election("frozen")
    indexed.station.advance_to(held.election.windows.opens_at)
    assert indexed.differences() == []
    assert indexed.election(held.number).phase is Phase.CANCELLED


def test_elections_page_from_the_newest(indexed):
    numbers = [indexed.station.hold_election("keys").number for _ in range(3)]
    indexed.settle()
    first = indexed.ask(queries.elections, now=indexed.now, limit=2)
    assert [each.number for each in first] == [numbers[2], numbers[1]]
    rest = indexed.ask(queries.elections, now=indexed.now, after=numbers[1], limit=2)
    assert [each.number for each in rest] == [numbers[0]]
    assert indexed.ask(queries.elections, now=indexed.now, organiser=address_of("rival")) == []
    own = indexed.ask(queries.elections, now=indexed.now, organiser=address_of("organiser"))
    assert len(own) == 3


def test_places_of_a_voter_are_found(indexed):
    held = indexed.station.hold_election("frozen", voters=VOTERS)
    indexed.settle()
    voter = address_of(held.voter(1, 1))
    (place,) = indexed.ask(queries.places_of, voter)
    assert (place.election, place.precinct, place.index) == (held.number, 1, 1)
    assert indexed.ask(queries.places_of, address_of("outsider")) == []


def test_election_is_unknown_if_there_is_none(indexed):
    indexed.settle()
    with pytest.raises(ElectionUnknown):
        indexed.election(7)
    with pytest.raises(ElectionUnknown):
        indexed.ask(queries.turnout, 7)


# --------------------------------------------------------------------------- polls


@pytest.fixture
def held_poll(indexed):
    """A poll that is open, and its number."""
    station_ = indexed.station
    document = {
        "format": "crmdapp-poll-1",
        "title": "Which bench?",
        "options": ["Wood", "Stone"],
        "opens_at": moment(station_.now + 100),
        "closes_at": moment(station_.now + 1_000),
    }
    definition = read_poll(json.dumps(document).encode())
    number = station_._client(PollsClient, "organiser").create(definition)
    station_.advance_to(int(definition.opens_at.timestamp()))
    return number


def test_poll_is_that_of_the_chain(indexed, held_poll):
    station_ = indexed.station
    for voter, option in (("ann", 1), ("bob", 0), ("cid", 1)):
        station_._client(PollsClient, voter).vote(held_poll, option)
    assert indexed.differences() == []
    found = indexed.ask(polls.poll, held_poll)
    assert (found.votes, found.counts, found.weights) == (3, (1, 2), (1, 2))
    assert found.state_at(found.opens_at - 1) == "early"
    assert found.state_at(found.closes_at) == "closed"
    listed = indexed.ask(polls.votes, held_poll)
    assert [(each.voter, each.option) for each in listed] == [
        (address_of("ann"), 1),
        (address_of("bob"), 0),
        (address_of("cid"), 1),
    ]
    after = listed[1].block, listed[1].log_index
    assert indexed.ask(polls.votes, held_poll, after=after) == [listed[2]]
    assert indexed.ask(polls.vote_of, held_poll, address_of("bob")) == listed[1]
    assert indexed.ask(polls.vote_of, held_poll, address_of("dee")) is None


def test_reorg_takes_votes_of_a_poll_back(indexed, held_poll):
    indexed.settle()
    indexed.station._client(PollsClient, "ann").vote(held_poll, 1)
    indexed.settle()
    indexed.station.node.reorg(1)
    assert indexed.differences() == []
    assert indexed.ask(polls.poll, held_poll).counts == (0, 0)


def test_poll_is_unknown_if_there_is_none(indexed):
    indexed.settle()
    with pytest.raises(PollUnknown):
        indexed.ask(polls.poll, 5)


def test_question_of_three_options_counts_each(indexed):
    held = indexed.station.hold_election("tallied", votes=[[[2, 0, 2]]], questions=[OF_THREE])
    assert indexed.differences() == []
    (found,) = indexed.ask(queries.results, held.number, now=indexed.now)
    assert found.totals == (1, 0, 2)

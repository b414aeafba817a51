"""The relayer: which ballots it takes, and that each it took is counted once, whatever happens."""

import pytest

from crmdapp.ballots.relay import Relay
from tests.ballots.polling_day import *  # noqa: F403 - fixtures


@pytest.fixture
def relay(station, tmp_path):
    found = Relay.with_journal(station.box("relayer"), tmp_path / "relay.sqlite3")
    yield found
    found.journal.close()


def test_relay_counts_the_ballots_it_took(station, held, relay):
    ballots = [held.ballot(0, 0, index, index % 2) for index in (5, 1, 3)]
    assert relay.take_many(ballots) == [None] * 3
    done = relay.work()
    assert [each.tracker for each in done.counted] == [ballots[n].tracker for n in (1, 2, 0)]
    assert (done.batches, done.skipped, done.refused) == (1, (), ())
    assert station.box().count(held.number, 0, 0) == 3
    assert relay.work().batches == 0

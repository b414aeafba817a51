"""An open election, made once for a whole module of tests, each of which finds it untouched.

A test module takes the fixtures it wants by ``from tests.ballots.polling_day import *``: ``held``
is the election, with eight voters in the first precinct and one in the second.
"""

from copy import copy
from pathlib import Path

import pytest

from crmdapp.chain import connect
from tests.ballots.station import (
    Station,
    station_on_chain,  # noqa: F401 - a fixture
)

VOTERS = [8, 1]


@pytest.fixture(scope="module")
def opened(station_on_chain, tmp_path_factory):  # noqa: F811 - the fixture
    node, manifest = station_on_chain
    mark = node.snapshot()
    with connect(node.url) as connection:
        station = Station(node, manifest, Path(tmp_path_factory.mktemp("opened")), connection)
        held = station.hold_election(voters=VOTERS)
        assert held.joint.K is not None  # computed once, for all tests
        yield held
        station.close()
    node.revert(mark)


@pytest.fixture
def station(opened, tmp_path):
    """The contracts, as they were when the election had opened."""
    node = opened.station.node
    mark = node.snapshot()
    with connect(node.url) as connection:
        found = Station(node, opened.station.manifest, tmp_path, connection)
        yield found
        found.close()
    node.automine(True)
    node.revert(mark)


@pytest.fixture
def held(opened, station):
    """The open election."""
    found = copy(opened)
    found.station = station
    return found

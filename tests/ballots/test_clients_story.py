"""A whole election through the clients, from its creation to its result."""

from crmdapp.ballots.models import Phase
from tests.ballots.station import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO


def test_an_election_is_held_from_its_creation_to_its_result(station):
    held = station.hold_election(
        "tallied",
        voters=(3, 2),
        votes=[[[0, 1, 2], [2, 2]], [[(0, 1), (), (2,)], [(0,), None]]],
        questions=[OF_THREE, UP_TO_TWO],
    )
    tally = station.tally()

    assert held.phase is Phase.TALLIED
    assert tally.totals(held.number, 0) == (1, 1, 3)
    assert tally.totals(held.number, 1) == (2, 1, 1)

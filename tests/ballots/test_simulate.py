"""Simulated elections: whole, with people who fail, and refused where they cannot be held."""

import json

import pytest

from crmdapp.ballots import simulate
from crmdapp.ballots.simulate import Simulator
from crmdapp.ballots.simulation import SimulationFailed, SimulationPlan
from crmdapp.errors import UsageError
from tests.ballots.station import *  # noqa: F403 - fixtures


@pytest.fixture
def hold(station, tmp_path):
    """Hold an election by a plan; the phases that were announced are its attribute."""

    def run(**plan):
        place = tmp_path / f"simulation-{len(run.held)}"
        place.mkdir()
        sender = station.sender("operator")
        chosen = SimulationPlan(**{"audits": False, **plan})
        simulator = Simulator(
            station.manifest, sender, chosen, station, place, progress=run.phases.append
        )
        run.held.append(simulator)
        return simulator.run()

    run.held, run.phases = [], []
    return run


def test_election_with_everybody_who_can_fail(hold):
    found = hold(
        voters=24,
        options=3,
        trustees=5,
        threshold=3,
        spoiled=30,
        silent=(2,),
        bad_dealers=(4,),
        precincts=2,
        batch=8,
        audits=True,
    )
    plan = found.plan
    assert found.counted == 24
    assert found.totals == tuple(
        sum(plan.vote(number) == option for number in range(24)) for option in range(3)
    )
    assert found.excluded == (4,)
    assert found.refused == {"RelayBallotRival": 7, "RelayProofWrong": 16}
    assert {"ballots", "proofs", "roll", "key", "counts", "result"} <= set(found.audit)
    names = [each.name for each in found.phases]
    assert names == hold.phases
    assert names[:3] == ["create", "keys", "commitments"]
    assert names[-1] == "audit"
    relayed = next(each for each in found.phases if each.name == "vote by relayer")
    assert relayed.gas == pytest.approx(found.gas_per_ballot * 23, abs=23)
    assert relayed.transactions >= 4
    assert all(each.seconds > 0 for each in found.phases)


def test_elections_one_after_the_other_on_one_chain(hold):
    first, second = hold(voters=2), hold(voters=2)
    assert (first.totals, second.election) == (second.totals, first.election + 1)
    assert hold(voters=2, seed="another").election == second.election + 1


def test_report_is_plain_json(hold):
    data = json.loads(json.dumps(hold(voters=1, trustees=1, threshold=1).to_json()))
    assert data["counted"] == sum(data["totals"]) == 1
    assert {"name", "seconds", "transactions", "gas"} == set(data["phases"][0])
    assert data["audited_links"] == []


def test_ballots_are_made_in_several_processes(hold):
    assert hold(voters=12, workers=2).counted == 12


def test_wrong_result_ends_the_simulation(hold, monkeypatch):
    made = simulate.make_ballots

    def all_for_the_last(task):
        monkeypatch.setattr(SimulationPlan, "vote", lambda plan, number: plan.options - 1)
        try:
            yield from made(task)
        finally:
            monkeypatch.undo()

    monkeypatch.setattr(simulate, "make_ballots", all_for_the_last)
    with pytest.raises(SimulationFailed):
        hold(voters=9)


def test_honest_dealer_who_is_called_bad_ends_the_simulation(hold, monkeypatch):
    monkeypatch.setattr(
        Simulator,
        "_bad_deal",
        lambda self, election, i: self._keys[i].deal(
            *_place(self, election, i),
        ),
    )
    with pytest.raises(SimulationFailed):
        hold(voters=2, bad_dealers=(1,))


def _place(simulator, election, i):
    record = simulate.read_ceremony(simulator._box().board, election.number)
    checked = simulate.check_round(record)
    return checked.ceremony, i, election.trustees[i - 1], election.threshold, checked.keys


@pytest.mark.parametrize(
    "wrong",
    [
        {"voters": 0},
        {"voters": 100_001},
        {"options": 1},
        {"options": 33},
        {"trustees": 16, "threshold": 3},
        {"threshold": 4},
        {"threshold": 0},
        {"spoiled": 101},
        {"silent": (4,)},
        {"silent": (1,), "bad_dealers": (1,)},
        {"silent": (1, 2)},
        {"bad_dealers": (0,)},
        {"precincts": 0},
        {"precincts": 11},
        {"batch": 256},
        {"workers": 0},
    ],
)
def test_plan_is_refused_if_it_cannot_be_held(wrong):
    with pytest.raises(UsageError):
        SimulationPlan(**{"voters": 10, **wrong})


def test_votes_come_from_the_seed():
    plan, again = SimulationPlan(voters=1000, options=3), SimulationPlan(voters=5, options=3)
    votes = [plan.vote(number) for number in range(1000)]
    assert votes[:5] == [again.vote(number) for number in range(5)]
    assert {0, 1, 2} == set(votes)
    other = SimulationPlan(voters=1000, options=3, seed="other")
    assert votes != [other.vote(number) for number in range(1000)]

"""The file of a voter's ballots: each decision is taken once, and secrets do not outlive it."""

import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crmdapp.ballots.ballot import Opening, SealedBallot
from crmdapp.ballots.booth_state import BallotPlace, BoothState
from crmdapp.ballots.group import SCALAR_BYTES
from crmdapp.ballots.voting_faults import (
    BallotChallenged,
    BallotNotSealed,
    BallotOutstanding,
    BallotWaits,
)
from crmdapp.errors import JournalProblem, PermissionDenied

ROOT = Path(__file__).parents[2]
PLACE = BallotPlace(b"\x01" * 32, "0x" + "11" * 20)
ELSEWHERE = BallotPlace(b"\x02" * 32, "0x" + "11" * 20)
RANDOMNESS = 0xDECAFBAD << 200
NOW = 1_000


def ballot(number, chosen=(1,)):
    body = f"body {number}".encode()
    return SealedBallot(body, number.to_bytes(32, "big"), Opening(chosen, (RANDOMNESS + number,)))


@pytest.fixture
def state(tmp_path):
    with BoothState(tmp_path / "booth" / "ballots.sqlite3") as found:
        yield found


def everything(state):
    """All bytes of the file and of those beside it."""
    return b"".join(path.read_bytes() for path in sorted(state.path.parent.iterdir()))


def secret(number):
    return (RANDOMNESS + number).to_bytes(SCALAR_BYTES, "big")


# ----------------------------------------------------------------- sealing


def test_seal_keeps_a_ballot_that_waits(state):
    kept = state.seal(PLACE, ballot(1))
    assert (kept.body, kept.tracker, kept.state) == (b"body 1", ballot(1).tracker, "sealed")
    assert kept.opening == ballot(1).opening
    assert state.waiting(PLACE) == kept
    assert state.waiting(ELSEWHERE) is None


def test_seal_returns_the_ballot_that_waits_if_it_holds_the_same(state):
    first = state.seal(PLACE, ballot(1))
    assert state.seal(PLACE, ballot(2)) == first


def test_seal_is_refused_if_another_vote_waits(state):
    state.seal(PLACE, ballot(1))
    with pytest.raises(BallotWaits) as caught:
        state.seal(PLACE, ballot(2, chosen=(0,)))
    assert caught.value.tracker == ballot(1).tracker
    state.discard(PLACE)
    assert state.seal(PLACE, ballot(2, chosen=(0,))).tracker == ballot(2).tracker


def test_discard_leaves_nothing_of_the_ballot(state):
    state.seal(PLACE, ballot(1))
    assert secret(1) in everything(state)
    state.discard(PLACE)
    assert secret(1) not in everything(state)
    state.discard(PLACE)
    with pytest.raises(BallotNotSealed):
        state.find(PLACE, ballot(1).tracker)


def test_ballots_of_other_places_are_not_found(state):
    state.seal(PLACE, ballot(1))
    with pytest.raises(BallotNotSealed):
        state.find(ELSEWHERE, ballot(1).tracker)
    with pytest.raises(BallotNotSealed):
        state.cast(ELSEWHERE, ballot(1).tracker, now=NOW)


# ----------------------------------------------------------------- challenging


def test_challenge_shows_the_opening_again_and_again(state):
    state.seal(PLACE, ballot(1))
    for _ in range(2):
        shown = state.challenge(PLACE, ballot(1).tracker)
        assert (shown.state, shown.opening) == ("challenged", ballot(1).opening)
    assert state.waiting(PLACE) is None


def test_challenged_ballot_is_never_cast(state):
    state.seal(PLACE, ballot(1))
    state.challenge(PLACE, ballot(1).tracker)
    with pytest.raises(BallotChallenged) as caught:
        state.cast(PLACE, ballot(1).tracker, deadline=NOW, now=NOW)
    assert caught.value.tracker == ballot(1).tracker
    assert state.cast_ballots(PLACE) == []


def test_cast_ballot_is_never_challenged(state):
    state.seal(PLACE, ballot(1))
    state.cast(PLACE, ballot(1).tracker, deadline=NOW + 1, now=NOW)
    with pytest.raises(BallotNotSealed):
        state.challenge(PLACE, ballot(1).tracker)


# ----------------------------------------------------------------- casting


def test_cast_forgets_what_opens_the_ballots(state):
    state.seal(PLACE, ballot(1))
    state.challenge(PLACE, ballot(1).tracker)
    state.seal(PLACE, ballot(2))
    kept = state.cast(PLACE, ballot(2).tracker, deadline=NOW + 1, now=NOW)
    assert kept.opening is None
    assert state.find(PLACE, ballot(1).tracker).opening is None
    assert secret(1) not in everything(state)
    assert secret(2) not in everything(state)


def test_cast_leaves_the_ballot_of_another_question_alone(state):
    state.seal(ELSEWHERE, ballot(3))
    state.seal(PLACE, ballot(1))
    state.cast(PLACE, ballot(1).tracker, now=NOW)
    assert state.waiting(ELSEWHERE).opening == ballot(3).opening


def test_cast_takes_the_same_ballot_again(state):
    state.seal(PLACE, ballot(1))
    state.cast(PLACE, ballot(1).tracker, deadline=NOW + 5, now=NOW)
    later = state.cast(PLACE, ballot(1).tracker, deadline=NOW + 9, now=NOW)
    assert (later.deadline, later.is_direct) == (NOW + 9, False)
    earlier = state.cast(PLACE, ballot(1).tracker, deadline=NOW + 2, now=NOW)
    assert earlier.deadline == NOW + 9
    assert state.cast(PLACE, ballot(1).tracker, direct=True, now=NOW).is_direct


def test_cast_takes_a_second_ballot_only_after_the_deadline_of_the_first(state):
    state.seal(PLACE, ballot(1))
    state.cast(PLACE, ballot(1).tracker, deadline=NOW + 5, now=NOW)
    state.seal(PLACE, ballot(2))
    with pytest.raises(BallotOutstanding) as caught:
        state.cast(PLACE, ballot(2).tracker, deadline=NOW + 9, now=NOW + 5)
    assert (caught.value.tracker, caught.value.deadline) == (ballot(1).tracker, NOW + 5)
    assert state.waiting(PLACE).tracker == ballot(2).tracker
    state.cast(PLACE, ballot(2).tracker, deadline=NOW + 9, now=NOW + 6)
    with pytest.raises(BallotOutstanding):
        state.cast(PLACE, ballot(1).tracker, deadline=NOW + 20, now=NOW + 6)


def test_cast_takes_a_second_ballot_only_after_the_end_of_a_transaction(state):
    state.seal(PLACE, ballot(1))
    state.cast(PLACE, ballot(1).tracker, direct=True, now=NOW)
    state.seal(PLACE, ballot(2))
    with pytest.raises(BallotOutstanding) as caught:
        state.cast(PLACE, ballot(2).tracker, direct=True, now=NOW + 10**9)
    assert caught.value.deadline == 0
    state.release(PLACE, ballot(1).tracker)
    state.cast(PLACE, ballot(2).tracker, direct=True, now=NOW)


def test_no_error_or_representation_tells_a_vote(state):
    kept = state.seal(PLACE, ballot(1, chosen=(7,)))
    assert "7" not in repr(kept).replace(repr(kept.tracker), "")
    with pytest.raises(BallotWaits) as caught:
        state.seal(PLACE, ballot(2, chosen=(3,)))
    assert caught.value.details() == {"tracker": ballot(1).tracker}


# ----------------------------------------------------------------- the file


def test_file_is_private_from_the_first_moment(state):
    state.seal(PLACE, ballot(1))
    for path in state.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_damaged_file_is_named(tmp_path):
    path = tmp_path / "ballots.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(JournalProblem) as caught:
        BoothState(path)
    assert str(path) in caught.value.message


def test_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionDenied):
        BoothState(tmp_path / "file" / "ballots.sqlite3")


KILLED = """
import os, signal, sys
from crmdapp.ballots import booth_state
from tests.ballots.test_booth_state import NOW, PLACE, ballot
move, after = sys.argv[2], sys.argv[3] == "after"
state = booth_state.BoothState(sys.argv[1])
state.seal(PLACE, ballot(1))
state._db.set_trace_callback(
    lambda sql: os.kill(os.getpid(), signal.SIGKILL) if sql == "COMMIT" and not after else None
)
{"seal": lambda: None,
 "challenge": lambda: state.challenge(PLACE, ballot(1).tracker),
 "cast": lambda: state.cast(PLACE, ballot(1).tracker, deadline=NOW + 5, now=NOW),
 "discard": lambda: state.discard(PLACE)}[move]()
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("move", "moment", "found"),
    [
        ("seal", "after", "sealed"),
        ("challenge", "before", "sealed"),
        ("challenge", "after", "challenged"),
        ("cast", "before", "sealed"),
        ("cast", "after", "cast"),
        ("discard", "before", "sealed"),
        ("discard", "after", None),
    ],
)
def test_killed_process_leaves_one_state_or_the_other(tmp_path, move, moment, found):
    path = tmp_path / "ballots.sqlite3"
    done = subprocess.run([sys.executable, "-c", KILLED, path, move, moment], cwd=ROOT, check=False)
    assert done.returncode == -9
    with BoothState(path) as state:
        if found is None:
            with pytest.raises(BallotNotSealed):
                state.find(PLACE, ballot(1).tracker)
            return
        kept = state.find(PLACE, ballot(1).tracker)
        assert (kept.state, kept.body) == (found, b"body 1")
        assert (kept.opening is None) == (found == "cast")


# ----------------------------------------------------------------- any order of moves


class Voter(RuleBasedStateMachine):
    """A voter who does anything in any order, on one device."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.state = BoothState(Path(self.folder.name) / "ballots.sqlite3")
        self.now, self.next = NOW, 1
        self.shown, self.signed = set(), {}

    def teardown(self):
        self.state.close()
        self.folder.cleanup()

    @rule(chosen=st.sampled_from([(0,), (1,)]))
    def seal(self, chosen):
        try:
            self.state.seal(PLACE, ballot(self.next, chosen))
        except BallotWaits:
            assert self.state.waiting(PLACE).opening.chosen != chosen
        self.next += 1

    @rule()
    def discard(self):
        self.state.discard(PLACE)

    @precondition(lambda self: self.next > 1)
    @rule(data=st.data())
    def challenge(self, data):
        tracker = ballot(data.draw(st.integers(1, self.next - 1))).tracker
        try:
            self.state.challenge(PLACE, tracker)
        except BallotNotSealed:
            return
        self.shown.add(tracker)

    @precondition(lambda self: self.next > 1)
    @rule(data=st.data(), seconds=st.integers(0, 20))
    def cast(self, data, seconds):
        tracker = ballot(data.draw(st.integers(1, self.next - 1))).tracker
        deadline = self.now + seconds
        try:
            self.state.cast(PLACE, tracker, deadline=deadline, now=self.now)
        except (BallotNotSealed, BallotChallenged, BallotOutstanding):
            return
        others = [until for other, until in self.signed.items() if other != tracker]
        assert all(until < self.now for until in others)
        self.signed[tracker] = max(deadline, self.signed.get(tracker, 0))

    @rule(seconds=st.integers(1, 15))
    def wait(self, seconds):
        self.now += seconds

    @invariant()
    def nothing_is_both_shown_and_signed(self):
        assert not self.shown & set(self.signed)
        assert all(each.opening is None for each in self.state.cast_ballots(PLACE))


TestVoter = Voter.TestCase
TestVoter.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_file_of_a_newer_release_is_left_alone(tmp_path):
    path = tmp_path / "ballots.sqlite3"
    BoothState(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(JournalProblem):
        BoothState(path)

"""Trackers in words, the shelf of definitions, and what of a sealed ballot stays off the disk."""

import json

import pytest

from crmdapp.ballots.booth_state import BallotPlace
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.group import SCALAR_BYTES
from crmdapp.ballots.voting_faults import BallotNotSealed, BallotWaits
from crmdapp.errors import UsageError
from crmdapp.web.ballots.booth_memory import BoothMemory
from crmdapp.web.ballots.definitions import DefinitionShelf
from crmdapp.web.ballots.trackers import read_tracker, tracker_groups, tracker_words
from tests.ballots.station import document
from tests.ballots.voting import CONTEXT, VOTER, K, fresh

TRACKER = bytes(range(32))
PLACE = BallotPlace(CONTEXT, VOTER)


def sealed(chosen=1):
    return Choice(3, 10).seal(K, CONTEXT, VOTER, (chosen,), fresh())


@pytest.fixture
def state(tmp_path):
    with BoothMemory(tmp_path / "booth.sqlite3") as state:
        yield state


# --------------------------------------------------------------------------- trackers


def test_read_tracker_returns_what_words_and_digits_say():
    words = tracker_words(TRACKER)
    assert len(words) == 24
    assert read_tracker(" ".join(words)) == TRACKER
    assert read_tracker(" ".join(words).upper()) == TRACKER
    assert read_tracker(tracker_groups(TRACKER)) == TRACKER
    assert read_tracker("0x" + TRACKER.hex()) == TRACKER


@pytest.mark.parametrize("text", ["", "00", "0x" + "g" * 64, "00" * 33, "apple " * 23])
def test_read_tracker_refuses_what_is_none(text):
    with pytest.raises(UsageError):
        read_tracker(text)


def test_read_tracker_notices_a_wrong_word():
    words = list(tracker_words(TRACKER))
    words[3] = "zoo" if words[3] != "zoo" else "zone"
    with pytest.raises(UsageError, match="one of them is wrong"):
        read_tracker(" ".join(words))
    words[3] = "nosuchword"
    with pytest.raises(UsageError, match="Word 4 is none"):
        read_tracker(" ".join(words))


# --------------------------------------------------------------------------- definitions


def test_election_returns_the_definition_that_was_kept(tmp_path):
    definition = read_definition(json.dumps(document(2_000_000_000)).encode())
    shelf = DefinitionShelf(tmp_path / "shelf")
    assert shelf.election(definition.hash) is None
    shelf.keep(definition)
    shelf.keep(definition)
    assert shelf.election(definition.hash) == definition
    assert shelf.poll(definition.hash) is None


def test_election_believes_no_file_that_was_changed(tmp_path):
    definition = read_definition(json.dumps(document(2_000_000_000)).encode())
    other = read_definition(json.dumps(document(2_000_000_000, title="Other")).encode())
    DefinitionShelf(tmp_path).keep(definition)
    (tmp_path / f"{definition.hash.hex()}.json").write_bytes(other.canonical)
    assert DefinitionShelf(tmp_path).election(definition.hash) is None


# --------------------------------------------------------------------------- sealed ballots


def test_seal_keeps_what_opens_a_ballot_in_memory_only(state, tmp_path):
    ballot = sealed()
    kept = state.seal(PLACE, ballot)
    assert kept.opening == ballot.opening
    assert state.waiting(PLACE).opening == ballot.opening
    (nonce,) = (each.to_bytes(SCALAR_BYTES, "big") for each in ballot.opening.randomness)
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert ballot.tracker in written  # the ballot itself is there
    assert nonce not in written
    chosen = state._db.execute("SELECT chosen, randomness FROM ballots").fetchall()
    assert [tuple(row) for row in chosen] == [(None, None)]


def test_seal_returns_the_ballot_that_waits_and_refuses_another_vote(state):
    first = state.seal(PLACE, sealed(1))
    assert state.seal(PLACE, sealed(1)).tracker == first.tracker
    with pytest.raises(BallotWaits):
        state.seal(PLACE, sealed(2))
    state.discard(PLACE)
    assert state.waiting(PLACE) is None
    assert state.seal(PLACE, sealed(2)).tracker != first.tracker


def test_challenge_shows_a_ballot_and_cast_forgets_it(state):
    ballot = state.seal(PLACE, sealed(1))
    assert state.challenge(PLACE, ballot.tracker).opening.chosen == (1,)
    second = state.seal(PLACE, sealed(2))
    assert state.cast(PLACE, second.tracker, deadline=10, now=1).opening is None
    assert state.find(PLACE, second.tracker).opening is None
    with pytest.raises(BallotNotSealed):
        state.challenge(PLACE, ballot.tracker)


def test_ballot_of_before_a_restart_is_cast_and_not_challenged(tmp_path):
    with BoothMemory(tmp_path / "booth.sqlite3") as state:
        ballot = state.seal(PLACE, sealed(1))
    with BoothMemory(tmp_path / "booth.sqlite3") as state:
        assert state.waiting(PLACE).opening is None
        with pytest.raises(BallotWaits):
            state.seal(PLACE, sealed(1))
        with pytest.raises(BallotNotSealed):
            state.challenge(PLACE, ballot.tracker)
        assert state.cast(PLACE, ballot.tracker, deadline=10, now=1).state == "cast"

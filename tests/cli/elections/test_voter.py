"""Voting from the command line: with a key and a node alone; and relaying what others signed."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from crmdapp.ballots import relay as relay_module
from crmdapp.errors import NodeUnreachable
from tests.ballots.polling_day import *  # noqa: F403 - fixtures
from tests.ballots.station import OF_THREE, UP_TO_TWO, address_of, document, key_of
from tests.cli.conftest import (
    Crmdapp,
    answer,  # noqa: F401 - a fixture
    clean_environment,
)


class VotersLine:
    """The command line of a voter, or of whoever else."""

    def __init__(self, crmdapp, station, held):
        self.crmdapp, self.station, self.held = crmdapp, station, held
        self.folder = crmdapp.folder

    def act_as(self, role):
        self.station.sender(role)  # so that it has funds
        self.crmdapp.env(CRMDAPP_PRIVATE_KEY=key_of(role), CRMDAPP_STATE_DIR=self.folder / role)

    def choice(self, text):
        path = self.folder / "choice.txt"
        path.write_text(text)
        return path

    def __call__(self, *words, code=0):
        return self.crmdapp.json("elections", *words, code=code)

    def plain(self, *words, code=0):
        return self.crmdapp("elections", *words, code=code)

    def error(self, *words, code):
        return self(*words, code=code)["error"]

    def seal(self, text="1", *words, code=0):
        number = self.held.number
        return self("seal", number, "--choice-file", self.choice(text), *words, code=code)


@pytest.fixture
def line(station, held, monkeypatch, capsys, tmp_path):
    clean_environment(monkeypatch, tmp_path)
    (tmp_path / "deployments").mkdir()
    shutil.copy(Path(station.node._folder) / "31337.json", tmp_path / "deployments")
    monkeypatch.setenv("CRMDAPP_RPC", station.node.url)
    found = VotersLine(Crmdapp(monkeypatch, capsys, tmp_path), station, held)
    found.act_as(held.voter(0))
    return found


def definition_file(line):
    path = line.folder / "definition.json"
    path.write_bytes(line.held.definition.canonical)
    return path


# ----------------------------------------------------------------- sealing and casting


def test_ballot_is_sealed_cast_and_checked(line, held):
    sealed = line.seal()
    assert sealed["election"] == held.number
    cast = line("cast", held.number, "--yes")
    assert (cast["tracker"], cast["key_fingerprint"]) == (
        sealed["tracker"],
        sealed["key_fingerprint"],
    )
    line.act_as("outsider")
    found = line("check", held.number, sealed["tracker"])
    assert (found["voter"], found["hash"]) == (address_of(held.voter(0)), cast["hash"])
    assert (found["precinct"], found["index"], found["ballots"]) == (0, 0, 1)


def test_cast_seals_a_ballot_if_there_is_a_choice(line, held):
    choice = line.choice("0")
    cast = line("cast", held.number, "--choice-file", choice, "--yes")
    assert line("check", held.number, cast["tracker"])["ballots"] == 1


def test_voter_needs_nothing_but_a_key_a_node_and_the_box(line, held, station):
    shutil.rmtree(line.folder / "deployments")
    box = station.box().contract.address
    line.seal("1", "--box", box)
    cast = line("cast", held.number, "--box", box, "--yes")
    assert line("check", held.number, cast["tracker"], "--box", box)["ballots"] == 1
    assert line.error("check", held.number, cast["tracker"], code=5)["code"] == "ContractMissing"


def test_cast_again_tells_that_it_is_done(line, held):
    line.seal()
    line("cast", held.number, "--yes")
    assert line.error("cast", held.number, "--yes", code=6)["code"] == "BallotCastAlready"


def test_cast_is_rehearsed_without_a_decision(line, held, station):
    tracker = line.seal()["tracker"]
    told = line("cast", held.number, "--dry-run")
    assert told["dry_run"]
    assert told["transactions"][0]["function"] == "BallotBox.castBatch"
    out = line.folder / "ballot.json"
    assert line("cast", held.number, "--for-relayer", out, "--dry-run")["dry_run"]
    assert not out.exists()
    assert station.box().count(held.number, 0, 0) == 0
    line("challenge", held.number)  # still possible
    assert line.error("cast", held.number, "--tracker", tracker, "--yes", code=2)["code"] == (
        "BallotChallenged"
    )


def test_cast_asks_and_takes_no_for_an_answer(line, held, station, answer):  # noqa: F811
    line.seal()
    answer("n\n")
    shown = line.plain("cast", held.number, code=3)
    assert "Tracker" in shown.err
    assert station.box().count(held.number, 0, 0) == 0
    answer("y\n")
    line.plain("cast", held.number)
    assert station.box().count(held.number, 0, 0) == 1


def test_cast_is_refused_without_a_sealed_ballot(line, held):
    assert line.error("cast", held.number, "--yes", code=2)["code"] == "BallotNotSealed"
    assert line.error("challenge", held.number, code=2)["code"] == "BallotNotSealed"


def test_seal_is_refused_while_another_waits_unless_again(line):
    first = line.seal("1")
    assert line.seal("1")["tracker"] == first["tracker"]
    assert line.seal("0", code=2)["error"]["code"] == "BallotWaits"
    assert line.seal("0", "--again")["tracker"] != first["tracker"]


def test_seal_is_refused_to_strangers(line):
    line.act_as("outsider")
    assert line.seal(code=2)["error"]["code"] == "VoterNotOnRoll"


def test_seal_takes_options_by_name(line, held):
    path = definition_file(line)
    first = line.seal("Yes\n", "--definition", path)
    assert line.seal("1")["tracker"] == first["tracker"]


def test_seal_is_refused_with_the_definition_of_another_election(line, held, station):
    path = line.folder / "other.json"
    path.write_text(json.dumps(document(station.now, title="Another election")))
    assert line.seal("Yes", "--definition", path, code=8)["error"]["code"] == "DefinitionForeign"


@pytest.mark.parametrize("text", ["Maybe", "2", "-1", "0\n1", "", "1.0", "99999999999"])
def test_wrong_choice_is_refused_and_not_repeated(line, text):
    error = line.seal(text, code=2)["error"]
    assert error["code"] == "UsageError"
    assert not text or text not in json.dumps([error["message"], error["why"]])


def test_choice_is_asked_for_at_a_terminal(line, held, answer):  # noqa: F811
    assert "terminal" in line.error("seal", held.number, code=2)["message"]
    answer("1\n")
    shown = line.plain("seal", held.number, "--definition", definition_file(line))
    assert "1  Yes" in shown.err
    assert "Tracker" in shown.out


def test_no_vote_is_in_any_output(line, held):
    path = definition_file(line)
    choice = line.choice("Yes")
    for words in (("seal",), ("cast", "--yes")):
        shown = line.plain(
            words[0], held.number, "--choice-file", choice, "--definition", path, *words[1:]
        )
        assert "Yes" not in shown.out + shown.err


def test_questions_of_several_options(line, station):
    held = station.hold_election(voters=[1], questions=[OF_THREE, UP_TO_TWO])
    line.act_as(held.voter(0))
    for question, text in ((0, "2"), (1, "0\n2")):
        place = ("--question", question)
        line("seal", held.number, "--choice-file", line.choice(text), *place)
        cast = line("cast", held.number, *place, "--yes")
        assert line("check", held.number, cast["tracker"], *place)["ballots"] == 1


# ----------------------------------------------------------------- challenging


def test_challenge_is_verified_on_another_device(line, held):
    tracker = line.seal()["tracker"]
    out = line.folder / "challenged.json"
    line("challenge", held.number, "--out", out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    line.act_as("outsider")
    told = line("verify-challenge", out, "--tracker", tracker)
    assert told["chosen"] == [1]
    body = json.loads(out.read_text())
    out.write_text(json.dumps({**body, "chosen": [0]}))
    assert line.error("verify-challenge", out, "--tracker", tracker, code=8)["code"] == (
        "BallotRefused"
    )
    assert line.error("verify-challenge", out, "--tracker", "00" * 32, code=8)["code"] == (
        "BallotRefused"
    )


def test_challenge_is_printed_and_the_next_ballot_is_another(line, held):
    first = line.seal()["tracker"]
    shown = json.loads(line.plain("challenge", held.number).out)
    assert shown["tracker"] == first
    second = line.seal()["tracker"]
    assert second != first
    assert line("cast", held.number, "--yes")["tracker"] == second


def test_check_says_what_is_not_there(line, held):
    error = line.error("check", held.number, "ab" * 32, code=8)
    assert error["code"] == "BallotNotRecorded"
    assert line.error("check", held.number, "abcd", code=2)["code"] == "UsageError"
    groups = " ".join(["abcd"] * 16)
    assert line.error("check", held.number, groups, code=8)["code"] == "BallotNotRecorded"


# ----------------------------------------------------------------- relaying


def signed_into(line, folder, index, text="1"):
    """Have a voter sign a ballot for the relayer; returns its tracker."""
    line.act_as(line.held.voter(index))
    line.seal(text)
    out = folder / f"ballot-{index}.json"
    return line("cast", line.held.number, "--for-relayer", out, "--yes")["tracker"]


@pytest.fixture
def inbox(line):
    found = line.folder / "inbox"
    found.mkdir()
    return found


def test_ballots_are_relayed_in_one_batch(line, held, inbox, station):
    trackers = [signed_into(line, inbox, index) for index in (2, 0, 1)]
    (inbox / "broken.json").write_text("{}")
    line.act_as("relayer")
    told = line("relay", inbox, "--yes")
    assert sorted(told["counted"]) == sorted(trackers)
    assert (told["batches"], told["skipped"], told["refused"]) == (1, [], [])
    assert [(each["file"], each["code"]) for each in told["not_taken"]] == [
        ("broken.json", "RelayBallotUnreadable")
    ]
    assert told["journal"]["counted"] == 3
    assert line("check", held.number, trackers[0])["ballots"] == 3
    assert line("relay", inbox, "--yes")["batches"] == 0


def test_relay_is_rehearsed(line, held, inbox, station):
    signed_into(line, inbox, 0)
    line.act_as("relayer")
    assert line("relay", inbox, "--dry-run")["dry_run"]
    assert len(list(inbox.glob("*.json"))) == 1
    assert line.error("relay", inbox, code=2)["code"] == "UsageError"
    assert station.box().count(held.number, 0, 0) == 0


def test_relay_tells_people_who_was_skipped(line, held, inbox, station):
    signed_into(line, inbox, 0)
    signed_into(line, inbox, 1)
    line.act_as("relayer")
    taken = relay_module.Relay.work

    def vote_first(self):
        body = held.sealed(0, 0, 1, 0).body
        station.box(held.voter(1)).cast(held.number, 0, 0, 1, body)
        return taken(self)

    relay_module.Relay.work = vote_first
    try:
        shown = line.plain("relay", inbox, "--yes").out
    finally:
        relay_module.Relay.work = taken
    assert "1 ballots counted" in shown
    assert "BallotCastAlready" in shown


def test_relay_watches_and_bears_a_node_that_fails(line, held, inbox, monkeypatch):
    tracker = signed_into(line, inbox, 0)
    line.act_as("relayer")
    taken, rounds, naps = relay_module.Relay.work, [], []

    def work(self):
        rounds.append(1)
        if len(rounds) == 1:
            raise NodeUnreachable("No node answers.")
        return taken(self)

    def sleep(seconds):
        if seconds < 1:
            return  # while waiting for a receipt
        naps.append(seconds)
        if len(naps) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(relay_module.Relay, "work", work)
    monkeypatch.setattr("crmdapp.cli.elections.relay.time.sleep", sleep)
    shown = line.plain("relay", inbox, "--watch", "--every", "5s", "--yes", code=130)
    assert naps == [5, 5, 5]
    assert "No node answers." in shown.err
    assert "1 ballots counted" in shown.err
    assert line("check", held.number, tracker)["ballots"] == 1


def test_relay_is_refused_without_a_folder(line):
    assert line.error("relay", line.folder / "nowhere", "--yes", code=2)["code"] == "UsageError"


def test_deadline_of_a_relayed_ballot_binds_the_voter(line, held, inbox):
    signed_into(line, inbox, 0)
    line.seal("0")
    error = line.error("cast", held.number, "--yes", code=2)
    assert error["code"] == "BallotOutstanding"

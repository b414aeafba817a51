"""``crmdapp gallery challenge``, ``vote`` and the like, and the board."""

import json
import stat

import pytest

from tests.cli.conftest import ADDRESSES

PERIOD = 3 * 86_400


@pytest.fixture
def case(crmdapp, work):
    """The rival's challenge of the work."""
    crmdapp.act_as("rival")
    evidence = crmdapp.folder / "evidence.txt"
    evidence.write_text("It is mine.")
    words = ("gallery", "challenge", work, "earlier-work", "--evidence", evidence)
    return crmdapp.send(*words)["case"]


def test_a_challenge_from_vote_to_conclusion(crmdapp, case, work, node):
    crmdapp.act_as("customer")
    crmdapp.send("gallery", "defend", case)
    crmdapp.act_as("shop")
    done = crmdapp.send("gallery", "vote", case, "aye")
    assert stat.S_IMODE((crmdapp.folder / done["ballot"]).stat().st_mode) == 0o600
    node.advance(PERIOD)
    crmdapp.send("gallery", "reveal", case)
    node.advance(PERIOD)
    assert crmdapp.send("gallery", "conclude", case)["status"] == "upheld"
    assert crmdapp.json("gallery", "show", work)["revoked"] is True
    crmdapp.send("gallery", "claim-reward", case)
    crmdapp.send("gallery", "withdraw-bond")
    shown = crmdapp.json("gallery", "case", case)
    assert (shown["status"], shown["ayes"], shown["defended"]) == ("upheld", 1, True)
    assert "near" not in shown["ground"]


def test_vote_keeps_its_salt_out_of_sight(crmdapp, case):
    crmdapp.act_as("shop")
    done = crmdapp("gallery", "vote", case, "no", "--yes", "--json")
    salt = json.loads((crmdapp.folder / done.data["ballot"]).read_text())["salt"]
    journal = (crmdapp.state / "journal.sqlite3").read_bytes()
    for text in (done.out, done.err):
        assert salt[2:] not in text
    assert bytes.fromhex(salt[2:]) not in journal
    assert salt[2:].encode() not in journal


def test_vote_again_goes_on_with_the_same_ballot(crmdapp, case):
    crmdapp.act_as("shop")
    first = crmdapp.json("gallery", "vote", case, "aye", "--dry-run")
    assert not (crmdapp.state / "ballots").exists()
    assert first["dry_run"] is True
    crmdapp.send("gallery", "vote", case, "aye", "--once", "vote")
    crmdapp.send("gallery", "vote", case, "aye", "--once", "vote")
    crmdapp.refuse_to_send("gallery", "vote", case, "no", code=2)


def test_vote_and_reveal_have_their_times_and_people(crmdapp, case, node):
    crmdapp.act_as("friend")
    refused = crmdapp.refuse_to_send("gallery", "vote", case, "aye", code=6)
    assert refused["code"] == "CuratorOnly"
    crmdapp.act_as("shop")
    crmdapp.refuse_to_send("gallery", "vote", case, "perhaps", code=2)
    crmdapp.refuse_to_send("gallery", "reveal", case, code=2)
    crmdapp.send("gallery", "vote", case, "aye")
    refused = crmdapp.refuse_to_send("gallery", "reveal", case, code=6)
    assert refused["code"] == "CaseStepClosed"
    refused = crmdapp.refuse_to_send("gallery", "conclude", case, code=6)
    assert "the end of time" in refused["message"]


def test_challenge_cites_a_near_work_or_is_unfounded(crmdapp, work):
    crmdapp.act_as("rival")
    words = ("gallery", "challenge", work, "near-duplicate")
    crmdapp.refuse_to_send(*words, code=2)
    refused = crmdapp.refuse_to_send(*words, "--earlier", "0x5", code=6)
    assert refused["code"] in ("ChallengeUnfounded", "ArtworkUnknown")
    crmdapp.refuse_to_send("gallery", "challenge", work, "taste", code=2)


def test_a_work_is_admitted_by_vote(crmdapp, submitted, node):
    submission = submitted()
    case = crmdapp.send("gallery", "submit-openly", submission)["case"]
    crmdapp.act_as("shop")
    crmdapp.send("gallery", "vote", case, "aye")
    node.advance(PERIOD)
    crmdapp.send("gallery", "reveal", case)
    node.advance(PERIOD)
    crmdapp.send("gallery", "conclude", case)
    done = crmdapp.send("gallery", "register", submission)
    assert done["artist"] == ADDRESSES["customer"]


# ----------------------------------------------------------------- the board


def test_the_board_changes_by_signatures(crmdapp):
    crmdapp.act_as("shop")
    one, two = crmdapp.folder / "one.json", crmdapp.folder / "two.json"
    words = ("gallery", "board", "change", "--admit", "rival", "--out", one)
    crmdapp.json(*words)
    crmdapp.act_as("friend")
    crmdapp.send("gallery", "board", "carry-out", one)
    shown = crmdapp.json("gallery", "board", "show")
    assert set(shown["curators"]) == {ADDRESSES["shop"], ADDRESSES["rival"]}
    assert (shown["epoch"], shown["quorum"]) == (1, 1)
    refused = crmdapp.refuse_to_send("gallery", "board", "carry-out", one, code=6)
    assert refused["code"] == "BoardChangeStale"
    crmdapp.act_as("rival")
    refused = crmdapp.error("gallery", "board", "approve-change", one, code=6)
    assert refused["code"] == "BoardChangeStale"
    one.unlink()
    crmdapp.json("gallery", "board", "change", "--quorum", 2, "--out", one)
    refused = crmdapp.refuse_to_send("gallery", "board", "carry-out", one, code=6)
    assert refused["code"] == "ApprovalsMissing"
    crmdapp.act_as("shop")
    crmdapp.json("gallery", "board", "approve-change", one, "--out", two)
    crmdapp.send("gallery", "board", "carry-out", one, two)
    assert crmdapp.json("gallery", "board", "show")["quorum"] == 2


def test_board_changes_are_signed_by_curators(crmdapp):
    crmdapp.act_as("friend")
    refused = crmdapp.error("gallery", "board", "change", "--admit", "friend", code=6)
    assert refused["code"] == "CuratorOnly"

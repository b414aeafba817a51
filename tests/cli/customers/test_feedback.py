"""Feedback from the command line: sent, taken, watched, answered, verified."""

import json

import pytest

from crmdapp.customers.feedback_desk import feedback_in
from crmdapp.customers.receipts import SignedReceipt
from tests.cli.conftest import ADDRESSES

WORDS = "The coffee was cold."


@pytest.fixture
def visit(crmdapp, tmp_path):
    """The receipt of the customer's visit to the shop."""
    crmdapp.send("customers", "log", "open", "--delay", "1h")
    out = tmp_path / "visit.json"
    crmdapp("customers", "log", "record", "customer", "visit", "--out", out)
    return out


@pytest.fixture
def sent(crmdapp, visit, tmp_path):
    """The customer's signed feedback."""
    (tmp_path / "words.txt").write_text(WORDS + "\n")
    out = tmp_path / "feedback.json"
    crmdapp.act_as("customer")
    outcome = crmdapp(
        *("customers", "feedback", "send", "shop", tmp_path / "words.txt"),
        *("--rating", "2", "--about", visit, "--out", out),
    )
    assert WORDS not in outcome.out + outcome.err
    crmdapp.act_as("shop")
    return out


@pytest.fixture
def taken(crmdapp, sent, tmp_path):
    """The receipt for it."""
    out = tmp_path / "taken.json"
    outcome = crmdapp("customers", "feedback", "take", sent, "--out", out)
    assert WORDS not in outcome.out + outcome.err
    return out


def leaf_of(path):
    return "0x" + SignedReceipt.from_json(path.read_text()).leaf.hex()


def test_feedback_is_taken_and_told_once(crmdapp, taken):
    assert feedback_in(SignedReceipt.from_json(taken.read_text())).text == WORDS
    (line,) = crmdapp("customers", "feedback", "watch").out.splitlines()
    told = json.loads(line)
    assert (told["text"], told["rating"], told["leaf"]) == (WORDS, 2, leaf_of(taken))
    assert told["subject"] == ADDRESSES["customer"]
    assert crmdapp("customers", "feedback", "watch", "--for", "1s").out == ""


def test_a_reply_reaches_the_customer_under_the_shops_name(crmdapp, taken, tmp_path):
    answer, out = tmp_path / "answer.txt", tmp_path / "reply.json"
    answer.write_text("We are sorry.")
    crmdapp("customers", "feedback", "reply", leaf_of(taken), answer, "--out", out)
    crmdapp.act_as("customer")
    found = crmdapp.json("customers", "feedback", "verify", out, "--feedback", taken)
    assert (found["company"], found["text"]) == (ADDRESSES["shop"], "We are sorry.")
    assert "We are sorry." in crmdapp("customers", "feedback", "verify", out).out


def test_verify_refuses_a_reply_to_other_feedback(crmdapp, taken, visit, tmp_path):
    answer, out = tmp_path / "answer.txt", tmp_path / "reply.json"
    answer.write_text("We are sorry.")
    crmdapp("customers", "feedback", "reply", leaf_of(taken), answer, "--out", out)
    error = crmdapp.error("customers", "feedback", "verify", out, "--feedback", visit, code=8)
    assert error["code"] == "FeedbackInvalid"
    crmdapp.error("customers", "feedback", "verify", taken, code=8)


def test_take_refuses_altered_feedback(crmdapp, sent):
    data = json.loads(sent.read_text())
    data["words"]["rating"] = 5
    sent.write_text(json.dumps(data))
    outcome = crmdapp("customers", "feedback", "take", sent, "--json", code=8)
    assert outcome.error["code"] == "FeedbackInvalid"
    assert WORDS not in outcome.out + outcome.err


def test_take_refuses_a_stranger_unless_admitted(crmdapp, visit, tmp_path):
    (tmp_path / "words.txt").write_text(WORDS)
    out = tmp_path / "feedback.json"
    crmdapp.act_as("rival")
    crmdapp("customers", "feedback", "send", "shop", tmp_path / "words.txt", "--out", out)
    crmdapp.act_as("shop")
    error = crmdapp.error("customers", "feedback", "take", out, code=2)
    assert error["code"] == "PseudonymUnknown"
    crmdapp("customers", "feedback", "take", out, "--admit")


def test_reply_needs_feedback(crmdapp, visit, tmp_path):
    answer = tmp_path / "answer.txt"
    answer.write_text("We are sorry.")
    crmdapp("customers", "feedback", "reply", leaf_of(visit), answer, code=8)
    crmdapp("customers", "feedback", "reply", "0x" + "00" * 32, answer, code=2)

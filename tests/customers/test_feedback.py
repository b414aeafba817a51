"""Feedback: signed by the customer, noted once, told at once, answered under the company's name."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.customers.feedback import FeedbackInvalid, SignedFeedback, SignedReply
from crmdapp.customers.feedback import sign_feedback as sign
from crmdapp.customers.feedback import sign_reply as reply_to
from crmdapp.customers.feedback_desk import (
    feedback_in,
    reply_in,
    support_note,
    take_feedback,
    take_reply,
)
from crmdapp.customers.leaves import NO_WORD, InteractionKind, log_of
from crmdapp.customers.noting import CustomerErased, PseudonymUnknown
from crmdapp.customers.receipts import ReceiptInvalid, log_domain
from crmdapp.errors import UsageError
from tests.customers.logbook import *  # noqa: F403 - fixtures

NOW = 1_790_000_000
WORDS = "The coffee was cold."


@pytest.fixture
def visit(logbook, operator):
    """The receipt of the visit that the feedback is about."""
    return logbook.visits(operator)[0]


@pytest.fixture
def feedback(logbook, visit):
    """The customer's, about that visit."""
    signer = logbook.office.signer("customer")
    return sign(signer, visit.domain, logbook.log, WORDS, time=NOW, rating=2, about=visit.leaf)


@pytest.fixture
def taken(operator, feedback):
    """The receipt for it."""
    return take_feedback(operator, feedback)


@pytest.fixture
def reply(logbook, taken):
    """The company's answer."""
    return reply_to(
        logbook.office.signer("company"), taken.domain, taken, "We are sorry.", time=NOW + 60
    )


# ----------------------------------------------------------------- the customer signs


def test_feedback_is_signed_by_the_customer(feedback, visit, office):
    feedback.check()
    feedback.check(office.address("customer"))
    assert (feedback.text, feedback.rating, feedback.feedback.about) == (WORDS, 2, visit.leaf)


def test_feedback_survives_json(feedback):
    assert SignedFeedback.from_json(json.dumps(feedback.to_json())) == feedback


def test_feedback_of_a_rotated_identity_is_its_owners(logbook, office, visit):
    signed = sign(
        office.signer("friend"),
        visit.domain,
        logbook.log,
        WORDS,
        time=NOW,
        subject=office.address("customer"),
    )
    signed.check(office.address("friend"))
    with pytest.raises(FeedbackInvalid):
        signed.check()


@pytest.mark.parametrize(
    "change",
    [
        {"words": {"text": WORDS, "rating": 5}},
        {"words": {"text": WORDS}},
        {"salt": keccak(b"other")},
        {"signature": b"\x01" * 65},
        {"domain": log_domain(1, "0x" + "11" * 20)},
    ],
)
def test_altered_feedback_is_refused(feedback, operator, change):
    altered = replace(feedback, **change)
    with pytest.raises(FeedbackInvalid):
        altered.check()
    with pytest.raises(FeedbackInvalid):
        take_feedback(operator, altered)
    assert operator.waiting == 1


@pytest.mark.parametrize(
    "values",
    [
        {"text": ""},
        {"text": "  "},
        {"text": "x" * 8_001},
        {"rating": 0},
        {"rating": 6},
        {"time": -1},
        {"time": 2**40},
        {"about": b""},
        {"log": b""},
        {"subject": "somebody"},
    ],
)
def test_sign_refuses_what_makes_no_sense(logbook, office, visit, values):
    given = {"log": logbook.log, "text": WORDS, "time": NOW, **values}
    with pytest.raises(UsageError):
        sign(office.signer("customer"), visit.domain, given.pop("log"), given.pop("text"), **given)


def test_words_are_not_shown(feedback, reply):
    assert WORDS not in repr(feedback)
    assert "sorry" not in repr(reply)
    for item in (feedback, reply):
        data = {**item.to_json(), "words": "The coffee was cold.", "salt": WORDS}
        with pytest.raises(UsageError) as refused:
            type(item).from_json(data)
        assert WORDS not in json.dumps(refused.value.to_dict())


# ----------------------------------------------------------------- the company takes


def test_taking_notes_it_and_tells_the_company(logbook, operator, feedback):
    told = []
    receipt = take_feedback(operator, feedback, hook=told.append)
    receipt.check(logbook.office.address("customer"))
    assert receipt.contents.interaction.kind == InteractionKind.FEEDBACK
    assert feedback_in(receipt) == feedback
    assert [notice.receipt for notice in told] == [receipt]
    assert operator.notices() == []


def test_taking_again_notes_and_tells_nothing_more(operator, feedback, taken):
    told = []
    assert take_feedback(operator, feedback, hook=told.append) == taken
    assert (operator.waiting, len(told)) == (2, 1)
    assert take_feedback(operator, feedback, hook=told.append) == taken
    assert len(told) == 1


def test_a_company_that_cannot_be_told_is_told_later(logbook, operator, feedback):
    def away(notice):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        take_feedback(operator, feedback, hook=away)
    (notice,) = logbook.operator().notices()
    assert feedback_in(notice.receipt) == feedback


def test_feedback_of_a_stranger_is_refused_unless_admitted(logbook, operator, office, visit):
    signed = sign(office.signer("guardian"), visit.domain, logbook.log, WORDS, time=NOW)
    with pytest.raises(PseudonymUnknown):
        take_feedback(operator, signed)
    assert operator.known_pseudonym(office.address("guardian")) is None
    assert take_feedback(operator, signed, admit=True)


def test_feedback_for_another_log_is_refused(operator, office, visit):
    other = log_of(office.address("outsider"))
    signed = sign(office.signer("customer"), visit.domain, other, WORDS, time=NOW)
    with pytest.raises(FeedbackInvalid, match="another log"):
        take_feedback(operator, signed)


def test_feedback_for_another_contract_is_refused(operator, office, logbook, visit):
    domain = log_domain(31337, "0x" + "11" * 20)
    signed = sign(office.signer("customer"), domain, logbook.log, WORDS, time=NOW)
    signed.check()
    with pytest.raises(FeedbackInvalid, match="another log"):
        take_feedback(operator, signed)


def test_feedback_asks_who_controls_the_identity(operator, feedback, office):
    asked = []

    def owner_of(subject):
        asked.append(subject)
        return office.address("friend")

    with pytest.raises(FeedbackInvalid):
        take_feedback(operator, feedback, owner_of=owner_of)
    assert asked == [office.address("customer")]
    with pytest.raises(FeedbackInvalid, match="given up"):
        take_feedback(operator, feedback, owner_of=lambda subject: None)


def test_an_erased_customer_leaves_no_feedback(operator, feedback, visit):
    operator.erase(visit.receipt.pseudonym)
    with pytest.raises((CustomerErased, PseudonymUnknown)):
        take_feedback(operator, feedback)


# ----------------------------------------------------------------- the company replies


def test_a_reply_is_noted_and_links_to_the_feedback(logbook, operator, taken, reply):
    receipt = take_reply(operator, taken, reply)
    receipt.check(logbook.office.address("customer"))
    assert receipt.contents.interaction.kind == InteractionKind.FEEDBACK_REPLY
    assert receipt.contents.interaction.previous_leaf == taken.leaf
    found = reply_in(receipt)
    found.check(taken)
    assert (found, found.reply.feedback) == (reply, taken.leaf)
    assert take_reply(operator, taken, reply) == receipt


def test_a_reply_survives_json(reply):
    assert SignedReply.from_json(json.dumps(reply.to_json())) == reply


def test_a_reply_to_other_feedback_is_refused(operator, taken, reply, visit):
    with pytest.raises(FeedbackInvalid, match="other feedback"):
        reply.check(visit)
    with pytest.raises(FeedbackInvalid, match="other feedback"):
        take_reply(operator, visit, reply)
    reply.check(taken)


def test_a_reply_that_somebody_else_signed_is_refused(office, operator, taken, reply):
    forged = reply_to(office.signer("outsider"), taken.domain, taken, "Go away.", time=NOW)
    with pytest.raises(FeedbackInvalid, match="not signed by the log's operator"):
        take_reply(operator, taken, forged)
    with pytest.raises(FeedbackInvalid, match="words"):
        replace(reply, words={"text": "We are not sorry."}).check(taken)


def test_a_receipt_of_something_else_holds_neither(visit, taken):
    for read in (feedback_in, reply_in):
        with pytest.raises(ReceiptInvalid):
            read(visit)
        with pytest.raises(ReceiptInvalid):
            read(visit.without_contents)
    with pytest.raises(ReceiptInvalid):
        reply_in(taken)


# ----------------------------------------------------------------- support notes


def test_a_support_note_is_a_payload(operator, visit):
    note = support_note("Called back.", channel="phone", about=visit.leaf)
    assert note == {"text": "Called back.", "channel": "phone", "about": "0x" + visit.leaf.hex()}
    assert support_note("Called back.") == {"text": "Called back."}
    assert operator.record(visit.receipt.pseudonym, InteractionKind.SUPPORT_NOTE, note)


@pytest.mark.parametrize("values", [{"text": ""}, {"channel": "x" * 41}, {"about": b"\x01"}])
def test_a_support_note_has_bounds(values):
    given = {"text": "Called back.", "about": NO_WORD, **values}
    with pytest.raises(UsageError):
        support_note(given.pop("text"), **given)

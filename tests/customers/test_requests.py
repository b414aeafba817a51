"""A company asks, the customer answers; neither can pretend that it was otherwise."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.customers.answers import (
    AnswerDiffers,
    agree,
    deny,
    read_denial,
    require_answer,
)
from crmdapp.customers.codes import CodeUnknown
from crmdapp.customers.consent_intents import sign_grant
from crmdapp.customers.requests import (
    REQUEST,
    ConsentRequest,
    NoticeDiffers,
    RequestExpired,
    RequestInvalid,
    ask,
    read_request,
)
from crmdapp.customers.signed_documents import DocumentInvalid, sign_document
from crmdapp.customers.terms import ConsentTermsInvalid, consent_domain
from crmdapp.errors import UsageError
from tests.customers.consent_terms import (
    COMPANY,
    DOMAIN,
    FROM,
    HOW,
    NOTICE,
    REGISTRY,
    RIVAL,
    SUBJECT,
    UNTIL,
    WHO,
    request_for,
    terms_for,
)


def test_a_request_is_read_as_it_was_signed():
    request = request_for(recipients=("Courier", "Printer"))
    signed = ask(COMPANY, request)
    found = read_request(signed.document.text)
    assert found == signed
    assert found.request == request
    assert found.hash == signed.hash
    assert ConsentRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_only_the_company_of_the_terms_asks():
    with pytest.raises(RequestInvalid, match="not the data controller"):
        ask(RIVAL, request_for())
    # Whoever signs a request for somebody else is found out by the customer.
    forged = sign_document(RIVAL, 31337, REQUEST, request_for().to_json())
    with pytest.raises(DocumentInvalid, match="but the terms are for"):
        read_request(forged.text)
    abroad = sign_document(COMPANY, 1, REQUEST, request_for().to_json())
    with pytest.raises(DocumentInvalid, match="but the terms are for"):
        read_request(abroad.text)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"recipients": ("Courier",)}, "not those of its terms"),
        ({"public_key": bytes(32)}, "public_key"),
        ({"public_key": b"\x01" * 31}, "public_key"),
        ({"answer_by": FROM}, "time to answer"),
        ({"answer_by": UNTIL}, "time to answer"),
        ({"company": replace(WHO, name="")}, r"company\.name"),
        ({"company": replace(WHO, name="Bean\nThere")}, r"company\.name"),
        ({"company": replace(WHO, phone="1" * 501)}, r"company\.phone"),
        ({"company": replace(WHO, country="Austria")}, r"company\.country"),
        ({"handling": replace(HOW, storage=())}, "storage"),
        ({"handling": replace(HOW, storage=("Vienna",))}, "storage"),
        ({"handling": replace(HOW, language="English")}, "language"),
        ({"handling": replace(HOW, retention="a year")}, "retention"),
        ({"handling": replace(HOW, retention="P")}, "retention"),
        ({"handling": replace(HOW, withdrawal=" ")}, r"handling\.withdrawal"),
    ],
)
def test_an_incomplete_request_is_not_signed(changes, message):
    assert ask(COMPANY, request_for())
    with pytest.raises(RequestInvalid, match=message):
        ask(COMPANY, request_for(**{"terms": terms_for(), **changes}))


def test_recipients_are_sorted_and_named_once():
    terms = terms_for(recipients=["a", "b"])
    assert ask(COMPANY, request_for(terms, recipients=("a", "b")))
    for recipients in (("b", "a"), ("a", "a", "b")):
        with pytest.raises(RequestInvalid, match="not sorted"):
            ask(COMPANY, request_for(terms, recipients=recipients))


def test_a_request_with_terms_that_make_no_consent_is_refused():
    terms = terms_for()
    crooked = replace(terms, permission=replace(terms.permission, flags=2))
    with pytest.raises(ConsentTermsInvalid):
        ask(COMPANY, request_for(crooked))


@pytest.mark.parametrize(
    ("path", "value", "error", "message"),
    [
        (("format",), "x", UsageError, "not in the format"),
        (("extra",), 1, UsageError, "extra is unknown"),
        (("company", "extra"), "x", UsageError, r"company\.extra is unknown"),
        (("company", "name"), 7, UsageError, "name is not usable"),
        (("recipients",), [1], RequestInvalid, "must be texts"),
        (("handling", "storage"), [1], RequestInvalid, "must be texts"),
        (("terms",), None, UsageError, "no JSON object"),
        (("terms", "permission", "purposes"), ["Sport"], CodeUnknown, "no purpose"),
        (("registry",), REGISTRY.lower(), UsageError, "registry"),
        (("public_key",), "0x12", UsageError, "64 hex digits"),
        (("asked_at",), -1, UsageError, "asked_at"),
    ],
)
def test_a_request_signed_with_a_fault_is_refused(path, value, error, message):
    data = request_for().to_json()
    assert read_request(sign_document(COMPANY, 31337, REQUEST, data).text)
    *way, last = path
    place = data
    for name in way:
        place = place[name]
    place[last] = value
    with pytest.raises(error, match=message):
        read_request(sign_document(COMPANY, 31337, REQUEST, data).text)


# ----------------------------------------------------------------- the customer looks


def test_the_notice_is_the_one_that_was_shown():
    request = request_for()
    request.require_notice(NOTICE)
    with pytest.raises(NoticeDiffers):
        request.require_notice(NOTICE + b" ")


def test_a_request_is_open_until_its_last_second():
    request = request_for()
    request.require_open(request.answer_by)
    with pytest.raises(RequestExpired):
        request.require_open(request.answer_by + 1)


# ----------------------------------------------------------------- the customer answers


def test_agreeing_grants_exactly_what_was_asked():
    signed = ask(COMPANY, request_for())
    grant = agree(SUBJECT, signed, FROM + 100)
    require_answer(signed, grant)
    assert grant.grant.terms == signed.request.terms
    assert grant.grant.deadline == signed.request.answer_by
    grant.require_signed_by(SUBJECT.address)
    with pytest.raises(IntentSignatureInvalid):
        grant.require_signed_by(RIVAL.address)


def test_nobody_agrees_when_the_time_is_over():
    signed = ask(COMPANY, request_for())
    with pytest.raises(RequestExpired):
        agree(SUBJECT, signed, signed.request.answer_by + 1)


def test_a_grant_of_something_else_is_no_answer():
    signed = ask(COMPANY, request_for())
    terms = signed.request.terms
    more = replace(terms, permission=replace(terms.permission, categories=3, flags=1))
    elsewhere = consent_domain(31337, RIVAL.address)
    abroad = consent_domain(1, REGISTRY)
    require_answer(signed, sign_grant(SUBJECT, DOMAIN, terms, deadline=UNTIL))
    for domain, other in (
        (DOMAIN, terms_for()),
        (DOMAIN, more),
        (elsewhere, terms),
        (abroad, terms),
    ):
        with pytest.raises(AnswerDiffers):
            require_answer(signed, sign_grant(SUBJECT, domain, other, deadline=UNTIL))


def test_a_denial_is_read_as_it_was_signed():
    signed = ask(COMPANY, request_for())
    denial = deny(SUBJECT, signed, FROM + 100)
    found = read_denial(denial.document.text)
    assert found == denial
    require_answer(signed, found)
    found.require_signed_by(SUBJECT.address)
    assert (found.request_hash, found.denied_at) == (signed.hash, FROM + 100)
    with pytest.raises(DocumentInvalid, match="not by the owner"):
        found.require_signed_by(RIVAL.address)


def test_a_denial_of_another_request_is_no_answer():
    first, second = ask(COMPANY, request_for()), ask(COMPANY, request_for())
    denial = deny(SUBJECT, first, FROM + 100)
    require_answer(first, denial)
    with pytest.raises(AnswerDiffers):
        require_answer(second, denial)
    same_terms = ask(COMPANY, replace(first.request, answer_by=FROM + 70))
    with pytest.raises(AnswerDiffers):
        require_answer(same_terms, denial)


def test_a_denial_gives_no_reason_and_no_term():
    signed = ask(COMPANY, request_for())
    payload = deny(SUBJECT, signed, FROM + 100).document.payload
    assert set(payload) == {"format", "request", "consent_id", "subject", "denied_at"}

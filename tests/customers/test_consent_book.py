"""The company's book of consents: its own only, by pages, and nothing left after an erasure."""

import stat
from dataclasses import replace

import pytest

from crmdapp.customers.consent_book import ConsentBook
from crmdapp.customers.requests import ask
from crmdapp.errors import UsageError
from tests.customers.consent_terms import COMPANY, FROM, RIVAL, SUBJECT, request_for, terms_for


@pytest.fixture
def book(tmp_path):
    with ConsentBook(tmp_path / "consents.sqlite3", COMPANY.address) as book:
        yield book


@pytest.fixture
def request_():
    return ask(COMPANY, request_for())


def test_add_keeps_terms_and_the_request_they_come_from(book, request_):
    terms = request_.request.terms
    book.add(terms, FROM)
    assert book.get(terms.consent_id).request is None
    with pytest.raises(UsageError, match="request of this consent is not known"):
        book.get(terms.consent_id).signed_request()
    book.add(terms, FROM + 9, request_)
    found = book.get(terms.consent_id)
    assert (found.terms, found.added_at) == (terms, FROM)
    assert found.signed_request().hash == request_.hash
    assert book.get(b"\x01" * 32) is None


def test_add_refuses_another_company_s_terms(book, request_):
    with pytest.raises(UsageError, match="another company"):
        book.add(terms_for(RIVAL), FROM)
    with pytest.raises(UsageError, match="other terms"):
        book.add(terms_for(), FROM, request_)
    assert book.everything() == []


def test_page_goes_by_id(book):
    ids = []
    for _ in range(5):
        terms = terms_for()
        book.add(terms, FROM)
        ids.append(terms.consent_id)
    seen, after = [], None
    while part := book.page(after=after, limit=2):
        seen += [item.terms.consent_id for item in part]
        after = seen[-1]
    assert seen == sorted(ids)
    assert sorted(item[1] for item in book.spans()) == seen
    assert [item.terms.consent_id for item in book.of_subjects([SUBJECT.address])] == seen
    assert book.of_subjects([RIVAL.address]) == []


def test_forget_leaves_no_byte(book, tmp_path):
    terms = terms_for()
    book.add(terms, FROM)
    other = terms_for(subject=RIVAL)
    book.add(other, FROM)
    assert book.forget([SUBJECT.address]) == 1
    book.scrub()
    assert [item.terms for item in book.everything()] == [other]
    for file in tmp_path.iterdir():
        assert terms.consent_id not in file.read_bytes()
        assert SUBJECT.address.encode() not in file.read_bytes()


def test_file_is_its_owner_s_alone(book, tmp_path):
    mode = stat.S_IMODE((tmp_path / "consents.sqlite3").stat().st_mode)
    assert mode == 0o600


def test_repr_shows_no_salt(book, request_):
    terms = request_.request.terms
    book.add(replace(terms), FROM, request_)
    shown = repr(book.get(terms.consent_id))
    assert terms.permission.salt.hex() not in shown
    assert "request" not in shown

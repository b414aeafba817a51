"""Segments: only what was consented to for the purpose counts, and what is left out is told."""

from datetime import UTC, date, datetime

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.customers.codes import CodeUnknown, category_bits, purpose_bits
from crmdapp.customers.importing.columns import category_of
from crmdapp.customers.segments import (
    NO_CONSENT,
    NO_KEY,
    NO_VALUE,
    Condition,
    ConsentedReader,
    Held,
    Segment,
    find_segment,
)
from crmdapp.errors import UsageError
from crmdapp.store.device import Grant
from tests.customers.consent_terms import terms_for
from tests.customers.importing.conftest import *  # noqa: F403 - fixtures of the vault
from tests.store.conftest import CHAIN, DAY

TODAY = datetime(2026, 6, 1, tzinfo=UTC)
GERMANS = Segment("DirectMarketing", (Condition.parse("country is DE"),))
COUNTRY = category_of("country")


class Register:
    """Consents as a chain would keep them."""

    def __init__(self):
        self.withdrawn = set()

    def check(self, terms, purposes, categories):
        return terms.consent_id not in self.withdrawn and terms.covers(purposes, categories)


@pytest.fixture
def register():
    return Register()


@pytest.fixture
def customers(vault, device, domain, clock):
    """Makes customers who may let the company read; returns their consents."""
    company = LocalSigner(b"\x11" * 32).address
    subject = device.subject(CHAIN, company)

    def make(number, *, categories=("Country",), purposes=("DirectMarketing",), **values):
        cid = bytes([number]) * 31 + b"\0"
        bits = sorted({category_of(name) for name in values} | {COUNTRY})
        device.add_profile(cid, domain, company, bits)
        vault.enrol(cid, subject)
        vault.accept(device.publish(cid, now=clock.now))
        for name, value in values.items():
            vault.write(cid, name, category_of(name), value, "online_form")
        if not categories:
            return cid, None
        terms = terms_for(
            subject=LocalSigner(b"\x22" * 32), categories=categories, purposes=purposes
        )
        mask = category_bits(categories)
        grant = Grant(
            terms.consent_id, company, mask, vault.keys.reading_public_key, clock.now + DAY
        )
        vault.accept(device.consent(cid, grant, now=clock.now))
        return cid, Held(cid, terms)

    return make


@pytest.fixture
def find(vault, register, clock, device):
    reader = ConsentedReader(vault, owner_of=lambda subject: subject, clock=clock)

    def find_(segment, *people, read=None):
        profiles = [cid for cid, _ in people]
        held = [consent for _, consent in people if consent is not None]
        return find_segment(
            segment, profiles, held, is_active=register.check, read=read or reader.read, now=TODAY
        )

    return find_


def test_find_segment_counts_who_fits_and_tells_the_rest(customers, find):
    told = find(
        GERMANS,
        german := customers(1, country="DE"),
        customers(2, country="FR"),
        customers(3, country="DE", categories=()),
        customers(4, country="DE", purposes=("ServiceProvision",)),
        customers(5, city="Rome", categories=("Country",)),
    )
    assert told.members == (german[0],)
    assert (told.asked, told.total) == (2, 5)
    assert told.left_out == {NO_CONSENT: 2, NO_VALUE: 1}


def test_find_segment_leaves_out_who_withdrew(customers, find, register):
    person = customers(1, country="DE")
    assert find(GERMANS, person).members == (person[0],)
    register.withdrawn.add(person[1].terms.consent_id)
    assert find(GERMANS, person).left_out == {NO_CONSENT: 1}


def test_find_segment_opens_nothing_before_the_consent_is_checked(customers, find, register):
    person = customers(1, country="DE")
    register.withdrawn.add(person[1].terms.consent_id)
    opened = []
    find(GERMANS, person, read=lambda held, bits: opened.append(held))
    assert opened == []


def test_find_segment_needs_consent_to_every_category_it_looks_at(customers, find):
    both = Segment(
        "DirectMarketing", (Condition.parse("country is DE"), Condition.parse("language is de"))
    )
    person = customers(1, country="DE", language="de")
    assert find(both, person).left_out == {NO_CONSENT: 1}


def test_find_segment_leaves_out_who_wrapped_no_key(customers, find, vault):
    person = customers(1, country="DE")
    vault.withdraw(person[1].terms.consent_id)
    assert find(GERMANS, person).left_out == {NO_KEY: 1}


def test_find_segment_leaves_out_profiles_in_custody(vault, find):
    cid = b"\x77" * 32
    vault.adopt([cid])
    vault.write(cid, "country", COUNTRY, "DE", "csv_import")
    assert find(GERMANS, (cid, None)).left_out == {NO_CONSENT: 1}


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [
        ("country is de", "DE", True),
        ("country in FR, DE", "DE", True),
        ("country in FR", "DE", False),
        ("postal_code at-least 20000", "10115", False),
        ("postal_code at-most 20000", "10115", True),
        ("birth_date older-than 17", "2008-06-01", True),
        ("birth_date older-than 17", "2008-06-02", False),
        ("birth_date younger-than 18", "2008-06-02", True),
        ("birth_date younger-than 18", "2008-06-01", False),
        ("city known", "x", True),
        ("city is New York", "new york", True),
    ],
)
def test_condition_holds_as_its_words_say(text, value, holds):
    assert Condition.parse(text).holds(value, date(2026, 6, 1)) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("country", "is no condition"),
        ("shoes is 43", "no field 'shoes'"),
        ("country like D", "no comparison 'like'"),
        ("country is", "does not take 0 values"),
        ("country in", "does not take 0 values"),
        ("city known Rome", "does not take 1 values"),
        ("birth_date older-than ten", "whole years"),
        ("city older-than 10", "whole years"),
    ],
)
def test_condition_refuses_what_means_nothing(text, message):
    with pytest.raises(UsageError, match=message):
        Condition.parse(text)


def test_segment_refuses_a_purpose_that_is_not_in_the_vocabulary():
    with pytest.raises(CodeUnknown):
        Segment("Snooping", GERMANS.conditions)
    with pytest.raises(UsageError, match="at least one condition"):
        Segment("Marketing", ())
    assert GERMANS.categories == 1 << COUNTRY
    assert purpose_bits([GERMANS.purpose])

"""Consents given, taken back and renewed by signature, without a node."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings

from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.customers.consent_intents import (
    SignedConsent,
    SignedGrant,
    SignedRenewal,
    SignedWithdrawal,
    sign_grant,
    sign_renewal,
    sign_withdrawal,
)
from crmdapp.customers.terms import ConsentTermsInvalid, consent_domain
from crmdapp.errors import UsageError
from tests.customers.consent_terms import (
    COMPANY,
    DOMAIN,
    REGISTRY,
    RIVAL,
    SUBJECT,
    UNTIL,
    all_terms,
    terms_for,
)
from tests.fixtures.intents import compact

TERMS = terms_for()
OTHER_CHAIN = consent_domain(1, REGISTRY)
OTHER_REGISTRY = consent_domain(31337, COMPANY.address)


def signed_grant():
    return sign_grant(SUBJECT, DOMAIN, TERMS, deadline=UNTIL)


def signed_withdrawal():
    return sign_withdrawal(SUBJECT, DOMAIN, TERMS.subject, TERMS.consent_id, deadline=UNTIL)


def signed_renewal():
    return sign_renewal(SUBJECT, DOMAIN, TERMS, UNTIL + 1, deadline=UNTIL)


ALL = pytest.mark.parametrize(
    ("make", "kind"),
    [
        (signed_grant, SignedGrant),
        (signed_withdrawal, SignedWithdrawal),
        (signed_renewal, SignedRenewal),
    ],
)


@ALL
def test_signatures_are_those_of_a_wallet(make, kind):
    signed = make()
    message = encode_typed_data(full_message=signed.to_json()["typedData"])
    theirs = Account.sign_message(message, b"\x22" * 32)
    assert signed.signature == bytes(theirs.signature)
    assert signed.signed_by(SUBJECT.address)


@ALL
def test_they_travel_as_json(make, kind):
    signed = make()
    text = json.dumps(signed.to_json())
    assert kind.from_json(text) == signed
    assert kind.from_json(json.loads(text)) == signed


@ALL
def test_they_count_for_one_chain_one_registry_and_one_signer(make, kind):
    signed = make()
    signed.require_signed_by(SUBJECT.address)
    for forged in (
        replace(signed, domain=OTHER_CHAIN),
        replace(signed, domain=OTHER_REGISTRY),
        replace(signed, signature=signed.signature[:64] + bytes([55 - signed.signature[64]])),
        replace(signed, signature=b""),
    ):
        with pytest.raises(IntentSignatureInvalid):
            forged.require_signed_by(SUBJECT.address)
    with pytest.raises(IntentSignatureInvalid):
        signed.require_signed_by(RIVAL.address)


@ALL
def test_compact_signatures_are_accepted(make, kind):
    signed = make()
    assert replace(signed, signature=compact(signed.signature)).signed_by(SUBJECT.address)


@ALL
def test_another_kind_is_refused(make, kind):
    others = {SignedGrant, SignedWithdrawal, SignedRenewal} - {kind}
    for other in others:
        with pytest.raises(UsageError, match="primaryType must be"):
            other.from_json(make().to_json())


# ----------------------------------------------------------------- the relayed form


@given(terms=all_terms())
@settings(max_examples=20)
def test_the_relayed_form_has_the_digest_of_the_grant(terms):
    signed = sign_grant(SUBJECT, DOMAIN, terms, deadline=UNTIL)
    assert signed.relayed.digest == signed.digest
    assert signed.relayed.signed_by(SUBJECT.address)


def test_the_relayed_form_tells_no_term():
    text = json.dumps(signed_grant().relayed.to_json())
    permission = TERMS.permission
    for secret in (
        COMPANY.address,
        TERMS.data_controller.salt.hex(),
        permission.salt.hex(),
        permission.notice_hash.hex(),
        str(permission.purposes),
        str(permission.categories),
    ):
        assert secret.lower() not in text.lower()
    assert SignedConsent.from_json(text) == signed_grant().relayed


def test_the_relayed_form_is_read_from_a_whole_grant():
    signed = signed_grant()
    assert SignedConsent.from_json(signed.to_json()) == signed.relayed


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("format", "x", "not in the format"),
        ("subject", "0x12", "subject"),
        ("consentId", "0x12", "consentId"),
        ("deadline", 2**40, "deadline"),
        ("signature", "zz", "no hex"),
        ("domain", 1, "domain"),
    ],
)
def test_the_relayed_form_names_the_field_that_is_wrong(name, value, message):
    data = signed_grant().relayed.to_json()
    assert SignedConsent.from_json(data)
    with pytest.raises(UsageError, match=message):
        SignedConsent.from_json({**data, name: value})


def test_a_forged_relayed_form_is_not_signed():
    relayed = signed_grant().relayed
    assert relayed.signed_by(SUBJECT.address)
    assert not relayed.signed_by(RIVAL.address)
    for forged in (
        replace(relayed, consent_id=bytes(32)),
        replace(relayed, deadline=relayed.deadline + 1),
        replace(relayed, domain=OTHER_CHAIN),
        replace(relayed, signature=b"\x01" * 65),
    ):
        assert not forged.signed_by(SUBJECT.address)


# ----------------------------------------------------------------- bad input


def test_a_wallet_writes_numbers_as_it_likes():
    data = signed_grant().to_json()
    permission = data["typedData"]["message"]["terms"]["permission"]
    permission["purposes"] = hex(permission["purposes"])
    permission["categories"] = str(permission["categories"])
    assert SignedGrant.from_json(data) == signed_grant()


@pytest.mark.parametrize(
    ("name", "value"),
    [("salt", "zz"), ("salt", 7), ("jurisdiction", "0x41"), ("flags", 2), ("purposes", "0")],
)
def test_a_grant_of_terms_that_make_no_consent_is_refused(name, value):
    data = signed_grant().to_json()
    data["typedData"]["message"]["terms"]["permission"][name] = value
    with pytest.raises(ConsentTermsInvalid) as caught:
        SignedGrant.from_json(data)
    assert caught.value.field == name


def test_sign_grant_refuses_terms_that_make_no_consent():
    crooked = replace(TERMS, permission=replace(TERMS.permission, purposes=0))
    with pytest.raises(ConsentTermsInvalid):
        sign_grant(SUBJECT, DOMAIN, crooked, deadline=UNTIL)


def test_sign_renewal_refuses_an_end_that_is_not_later():
    assert sign_renewal(SUBJECT, DOMAIN, TERMS, UNTIL + 1, deadline=UNTIL)
    with pytest.raises(ConsentTermsInvalid, match="not later"):
        sign_renewal(SUBJECT, DOMAIN, TERMS, UNTIL, deadline=UNTIL)
    with pytest.raises(UsageError, match="new end"):
        sign_renewal(SUBJECT, DOMAIN, TERMS, 2**40, deadline=UNTIL)


def test_deadlines_are_moments_below_2_40():
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    assert sign_grant(SUBJECT, DOMAIN, TERMS, deadline=moment).grant.deadline == 1_777_593_600
    for deadline in (2**40, -1):
        with pytest.raises(UsageError, match="deadline"):
            sign_grant(SUBJECT, DOMAIN, TERMS, deadline=deadline)

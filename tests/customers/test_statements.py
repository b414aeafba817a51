"""Statements and what is signed about them, offline."""

import json

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.addresses import checksum
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.customers.statements import (
    AttestationIntent,
    AttestationSubject,
    DisownIntent,
    RevocationIntent,
    SignedDisowning,
    SignedWord,
    Statement,
    attestation_domain,
    require_statement,
    sign_attestation,
    sign_disowning,
    sign_revocation,
)
from crmdapp.errors import UsageError

REGISTRY = checksum("0x" + "11" * 20)
DOMAIN = attestation_domain(31337, REGISTRY)
ATTESTOR = LocalSigner(b"\x01" * 32)
CUSTOMER = LocalSigner(b"\x02" * 32)
UID = keccak(b"uid")
SOON = 2_000_000_000


def statement(**changes):
    values = {"topic": 1, "claims_hash": keccak(b"claims"), **changes}
    subject = AttestationSubject(CUSTOMER.address, b"\x05" * 32)
    return Statement(values["topic"], values.get("subject", subject), values["claims_hash"])


def attested(**changes):
    values = {"uid": UID, "topic": 1, "level": 2, "deadline": SOON, "expiry": 0, **changes}
    return sign_attestation(ATTESTOR, DOMAIN, **values)


def test_a_subject_gets_a_salt_of_its_own():
    first, second = (AttestationSubject.new(CUSTOMER.address) for _ in range(2))
    assert first.account == second.account
    assert first.salt != second.salt
    assert first.salt.hex() not in repr(first)


def test_the_uid_depends_on_every_part():
    whole = statement()
    other = AttestationSubject(ATTESTOR.address, whole.subject.salt)
    salted = AttestationSubject(CUSTOMER.address, b"\x06" * 32)
    uids = {
        whole.uid,
        statement(topic=2).uid,
        statement(claims_hash=UID).uid,
        statement(subject=other).uid,
        statement(subject=salted).uid,
    }
    assert len(uids) == 5


@pytest.mark.parametrize(
    "signed",
    [
        attested(),
        attested(expiry=SOON + 1),
        sign_revocation(ATTESTOR, DOMAIN, uid=UID, deadline=SOON),
    ],
    ids=["attestation", "with an expiry", "revocation"],
)
def test_a_signed_word_is_read_as_it_was_written(signed):
    found = SignedWord.from_json(json.dumps(signed.to_json()))
    assert found == signed
    found.require_signed_by_key()
    assert found.signer == ATTESTOR.address


def test_a_signed_disowning_is_read_as_it_was_written():
    signed = sign_disowning(CUSTOMER, DOMAIN, statement(), deadline=SOON)
    found = SignedDisowning.from_json(json.dumps(signed.to_json()))
    assert found == signed
    found.require_signed_by_key()
    assert found.content == DisownIntent(statement().uid, CUSTOMER.address, SOON)


def test_another_word_under_the_signature_is_noticed():
    body = attested().to_json()
    body["typedData"]["message"]["level"] = 3
    with pytest.raises(IntentSignatureInvalid):
        SignedWord.from_json(body).require_signed_by_key()


def test_another_attestor_beside_the_signature_is_noticed():
    body = {**attested().to_json(), "attestor": CUSTOMER.address}
    with pytest.raises(IntentSignatureInvalid):
        SignedWord.from_json(body).require_signed_by_key()


def test_another_statement_beside_the_signature_is_noticed():
    body = sign_disowning(CUSTOMER, DOMAIN, statement(), deadline=SOON).to_json()
    body["statement"]["topic"] = 2
    with pytest.raises(UsageError, match="another statement"):
        SignedDisowning.from_json(body)


@pytest.mark.parametrize(
    "changes",
    [
        {"uid": UID[:31]},
        {"topic": 2**32},
        {"topic": -1},
        {"level": 0},
        {"level": 256},
        {"level": True},
        {"deadline": 2**40},
        {"expiry": 2**40},
    ],
    ids=str,
)
def test_sign_attestation_refuses_what_does_not_fit(changes):
    with pytest.raises(UsageError):
        attested(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": 2**32},
        {"claims_hash": b""},
        {"subject": AttestationSubject("0x" + "00" * 20, b"\x05" * 32)},
        {"subject": AttestationSubject(CUSTOMER.address, b"\x05" * 31)},
        {"subject": AttestationSubject("customer", b"\x05" * 32)},
    ],
    ids=str,
)
def test_require_statement_refuses_what_does_not_fit(changes):
    with pytest.raises(UsageError) as refusal:
        require_statement(statement(**changes))
    assert "0505" not in str(refusal.value)
    assert r"\x05" not in str(refusal.value)


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"typedData": {"primaryType": "Coupon"}}'])
def test_from_json_refuses_what_is_no_signed_word(data):
    for kind in (SignedWord, SignedDisowning):
        with pytest.raises(UsageError):
            kind.from_json(data)


def test_the_intents_are_the_registrys():
    assert AttestationIntent(UID, 1, 2, 3, 4).values == (UID, 1, 2, 3, 4)
    assert RevocationIntent(UID, 4).values == (UID, 4)

"""Signed data: by whom, in which form, for which contract."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from crmdapp.chain import Domain, LocalSigner, SignedPermission, SignedWithSigner, TypedData
from crmdapp.chain._signed_json import JsonFields, SignedJson, read_struct
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.chain.signed import long_form, unix_seconds
from crmdapp.errors import UsageError
from tests.fixtures.intents import compact, high_s

KEY, STRANGER = LocalSigner(b"\x07" * 32), LocalSigner(b"\x08" * 32)
DOMAIN = Domain("Registry", "1", 31337, STRANGER.address)


@dataclass(frozen=True, slots=True)
class Consent(TypedData):
    TYPE: ClassVar[str] = "Consent(address member,uint256 purpose)"

    member: str
    purpose: int


@dataclass(frozen=True, slots=True)
class SignedConsent(SignedPermission):
    consent: Consent
    domain: Domain
    signature: bytes

    @property
    def content(self):
        return self.consent

    @property
    def signer(self):
        return self.consent.member


@pytest.fixture
def signed():
    consent = Consent(KEY.address, 2)
    return SignedConsent(consent, DOMAIN, consent.sign(KEY, DOMAIN))


@pytest.mark.parametrize("number", range(8))
def test_both_forms_of_a_keys_signature_are_taken(number):
    consent = Consent(KEY.address, number)  # the parity is now one, now the other
    signature = consent.sign(KEY, DOMAIN)
    assert long_form(compact(signature)) == signature
    for form in (signature, compact(signature)):
        signed = SignedConsent(consent, DOMAIN, form)
        assert signed.signed_by(KEY.address)
        signed.require_signed_by_key()


@pytest.mark.parametrize(
    "change",
    [
        lambda item: replace(item, consent=replace(item.consent, purpose=3)),
        lambda item: replace(item, consent=replace(item.consent, member=STRANGER.address)),
        lambda item: replace(item, domain=replace(item.domain, chain_id=1)),
        lambda item: replace(item, domain=replace(item.domain, verifying_contract=KEY.address)),
        lambda item: replace(item, signature=high_s(item.signature)),
        lambda item: replace(item, signature=compact(high_s(item.signature))),
        lambda item: replace(item, signature=item.signature[:-1]),
        lambda item: replace(item, signature=b""),
        lambda item: replace(item, signature=item.consent.sign(STRANGER, DOMAIN)),
    ],
    ids=range(9),
)
def test_what_the_signer_did_not_sign_is_refused(signed, change):
    forged = change(signed)
    assert not forged.signed_by_key()
    with pytest.raises(IntentSignatureInvalid) as caught:
        forged.require_signed_by_key()
    assert caught.value == IntentSignatureInvalid(forged.consent.member, forged.digest)


def test_json_carries_what_was_signed(signed):
    fields = SignedJson(json.dumps(signed.to_json()), "signed consent", "Consent")
    read = Consent(fields.message.address("member"), fields.message.whole("purpose"))
    assert SignedConsent(read, fields.domain(), fields.signature()) == signed


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (["Other"], "primaryType must be Other, got 'Consent'"),
        (["A", "B"], "primaryType must be one of A, B, got 'Consent'"),
    ],
)
def test_json_of_another_kind_is_refused(signed, kinds, words):
    with pytest.raises(UsageError, match=words):
        SignedJson(signed.to_json(), "signed consent", *kinds)


def test_unix_seconds_takes_numbers_and_aware_datetimes():
    assert unix_seconds(1_800_000_000) == 1_800_000_000
    assert unix_seconds(datetime.fromtimestamp(1_800_000_000, UTC)) == 1_800_000_000
    with pytest.raises(UsageError, match=r"^The end has no time zone\."):
        unix_seconds(datetime(2027, 1, 1), "The end")  # noqa: DTZ001 - what is refused


# --------------------------------------------------------------------------- with a signer beside


@dataclass(frozen=True, slots=True)
class Everything(TypedData):
    TYPE: ClassVar[str] = (
        "Everything(uint8 small,uint256 large,address who,bytes32 word,bytes data,bool isTrue)"
    )

    small: int
    large: int
    who: str
    word: bytes
    data: bytes
    is_true: bool


@dataclass(frozen=True, slots=True)
class SignedEverything(SignedWithSigner):
    everything: Everything
    signer: str
    domain: Domain
    signature: bytes

    @property
    def content(self):
        return self.everything


EVERYTHING = Everything(255, 1 << 255, KEY.address, b"\x11" * 32, b"\1\2", True)


def test_the_signer_stands_beside_what_does_not_name_it():
    signed = SignedEverything(EVERYTHING, KEY.address, DOMAIN, EVERYTHING.sign(KEY, DOMAIN))
    assert signed.to_json() == {
        "typedData": EVERYTHING.to_json(DOMAIN),
        "signer": KEY.address,
        "signature": "0x" + signed.signature.hex(),
    }
    assert signed.signed_by_key()
    signed.require_signed_by_key()
    forged = replace(signed, signer=STRANGER.address)
    assert not forged.signed_by_key()
    with pytest.raises(IntentSignatureInvalid) as caught:
        forged.require_signed_by_key()
    assert caught.value == IntentSignatureInvalid(STRANGER.address, signed.digest)


def test_read_struct_reads_what_a_wallet_wrote():
    message = json.loads(json.dumps(EVERYTHING.message()))
    assert read_struct(Everything, JsonFields(message, "message")) == EVERYTHING
    assert Everything.members()[-1] == ("is_true", "isTrue", "bool")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("small", 256),
        ("small", True),
        ("large", "many"),
        ("who", "0x12"),
        ("word", "0x12"),
        ("data", "0x1"),
        ("data", 5),
        ("isTrue", "yes"),
    ],
)
def test_read_struct_names_the_field_that_does_not_fit(name, value):
    message = {**EVERYTHING.message(), name: value}
    with pytest.raises(UsageError, match=name):
        read_struct(Everything, JsonFields(message, "message"))
    del message[name]
    with pytest.raises(UsageError, match=name):
        read_struct(Everything, JsonFields(message, "message"))

"""Receipts: signed by the log's operator, whole, and about the customer who holds them."""

import json
from dataclasses import replace

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.typed_data import HALF_ORDER
from crmdapp.customers.leaves import (
    NO_WORD,
    Interaction,
    InteractionKind,
    customer_word,
    log_of,
    payload_hash,
    pseudonym_of,
)
from crmdapp.customers.receipts import (
    InteractionReceipt,
    ReceiptContents,
    ReceiptInvalid,
    SignedReceipt,
    log_domain,
    payload_bytes,
)
from crmdapp.errors import UsageError
from tests.fixtures.anvil import DEV_KEYS

COMPANY, OUTSIDER = LocalSigner(DEV_KEYS[4]), LocalSigner(DEV_KEYS[3])
CUSTOMER = LocalSigner(DEV_KEYS[1]).address
CONTRACT = "0x" + "11" * 20
DOMAIN = log_domain(31337, CONTRACT)
LOG = log_of(COMPANY.address)
SALT, PSEUDONYM_SALT = keccak(b"salt"), keccak(b"pseudonym salt")
PAYLOAD = {"text": "allergic to peanuts", "amount": 7}


def sign(signer=COMPANY, domain=DOMAIN, seq=1, payload=PAYLOAD, **changes):
    """A receipt of the customer's first interaction."""
    pseudonym = pseudonym_of(LOG, customer_word(CUSTOMER), PSEUDONYM_SALT)
    interaction = Interaction(
        log=LOG,
        seq=seq,
        pseudonym=pseudonym,
        customer_seq=seq,
        previous_leaf=NO_WORD,
        kind=InteractionKind.PURCHASE,
        time=1_790_000_000,
        consent_id=NO_WORD,
        payload_hash=payload_hash(SALT, payload_bytes(payload)),
    )
    values = {
        "log": LOG,
        "pseudonym": pseudonym,
        "customer_seq": seq,
        "leaf": interaction.leaf,
        "anchor_by": 1_790_003_600,
    }
    receipt = InteractionReceipt(**{**values, **changes})
    contents = ReceiptContents(interaction, payload, SALT, PSEUDONYM_SALT)
    return SignedReceipt(receipt, domain, receipt.sign(signer, domain), contents)


@pytest.fixture
def signed():
    return sign()


def mirrored(signature):
    order = 2 * HALF_ORDER + 1
    s = order - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def test_a_receipt_that_fits_is_accepted(signed):
    signed.check()
    signed.check(CUSTOMER)
    signed.without_contents.check()


def test_a_compact_signature_is_accepted(signed):
    r, s, v = signed.signature[:32], signed.signature[32:64], signed.signature[64]
    folded = (int.from_bytes(s, "big") | ((v - 27) << 255)).to_bytes(32, "big")
    replace(signed, signature=r + folded).check()


FORGED = {
    "another_key": sign(OUTSIDER),
    "another_chain": replace(sign(), domain=log_domain(1, CONTRACT)),
    "another_contract": replace(sign(), domain=log_domain(31337, "0x" + "22" * 20)),
    "high_s": replace(sign(), signature=mirrored(sign().signature)),
    "no_signature": replace(sign(), signature=b""),
    "later": replace(sign(), receipt=replace(sign().receipt, anchor_by=1_790_003_601)),
    "another_log": replace(sign(), receipt=replace(sign().receipt, log=log_of(OUTSIDER.address))),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_receipt_is_refused(forged):
    with pytest.raises(ReceiptInvalid, match="not signed by the log's operator"):
        forged.check()


@pytest.mark.parametrize(
    "change",
    [
        {"log": log_of(COMPANY.address, 1)},
        {"pseudonym": keccak(b"other")},
        {"customer_seq": 2},
        {"leaf": keccak(b"other")},
    ],
)
def test_a_receipt_for_another_interaction_is_refused(change):
    with pytest.raises(ReceiptInvalid, match="another interaction"):
        sign(**change).check()


def test_another_payload_is_refused_and_not_quoted(signed):
    other = replace(signed.contents, payload={"text": "allergic to nothing"})
    with pytest.raises(ReceiptInvalid, match="payload") as refused:
        replace(signed, contents=other).check()
    assert "allergic" not in json.dumps(refused.value.to_dict())


def test_another_salt_is_refused(signed):
    other = replace(signed.contents, salt=keccak(b"other"))
    with pytest.raises(ReceiptInvalid, match="payload"):
        replace(signed, contents=other).check()


def test_somebody_elses_receipt_is_refused(signed):
    with pytest.raises(ReceiptInvalid, match="somebody else's"):
        signed.check(OUTSIDER.address)
    with pytest.raises(ReceiptInvalid, match="whose pseudonym"):
        signed.without_contents.check(CUSTOMER)


def test_a_receipt_survives_json(signed):
    text = json.dumps(signed.to_json())
    assert SignedReceipt.from_json(text) == signed
    bare = signed.without_contents
    assert SignedReceipt.from_json(json.dumps(bare.to_json())) == bare
    assert "allergic" not in json.dumps(bare.to_json())


def test_a_receipt_is_what_wallets_sign(signed):
    typed = signed.to_json()["typedData"]
    assert typed["primaryType"] == "InteractionReceipt"
    assert typed["domain"]["name"] == "InteractionLog"


SECRETS = ("allergic to peanuts", SALT.hex(), PSEUDONYM_SALT.hex())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("payload", "allergic to peanuts", id="payload-in_words"),
        ("payload", None),
        ("salt", SALT.hex() + "00"),
        ("salt", "allergic to peanuts"),
        ("salt", 7),
        ("pseudonymSalt", PSEUDONYM_SALT.hex()[:-1]),
        ("interaction", "none"),
    ],
)
def test_from_json_names_the_field_and_quotes_no_secret(signed, name, value):
    data = signed.to_json()
    data["contents"][name] = value
    with pytest.raises(UsageError, match=name) as refused:
        SignedReceipt.from_json(json.dumps(data))
    shown = json.dumps(refused.value.to_dict())
    assert not any(secret in shown for secret in SECRETS)


def test_contents_that_are_no_object_are_not_quoted(signed):
    data = {**signed.to_json(), "contents": "allergic to peanuts"}
    with pytest.raises(UsageError, match="contents") as refused:
        SignedReceipt.from_json(data)
    assert "allergic" not in str(refused.value.to_dict())


def test_a_receipt_shows_no_secret(signed):
    assert not any(secret in repr(signed) for secret in SECRETS)
    assert repr(SALT) not in repr(signed)
    assert repr(PSEUDONYM_SALT) not in repr(signed)


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"typedData": {}}'])
def test_from_json_refuses_what_is_no_receipt(text):
    with pytest.raises(UsageError):
        SignedReceipt.from_json(text)

"""Signed JSON documents: one way to write them, and who signed."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdapp.chain.accounts import CURVE_ORDER
from crmdapp.customers.signed_documents import (
    DocumentInvalid,
    account_did,
    load_document,
    read_document,
    sign_document,
)
from crmdapp.errors import UsageError
from tests.customers.consent_terms import COMPANY, RIVAL

KIND = "consent-request+jwt"
WORDS = {"what": "a question", "until": 7, "list": [True, None, "\u20ac"]}

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


def document(payload=WORDS, signer=COMPANY, chain_id=31337, kind=KIND):
    return sign_document(signer, chain_id, kind, payload)


def encode(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


@given(payload=st.dictionaries(st.text(max_size=5), plain, max_size=4))
@settings(max_examples=40)
def test_what_was_signed_is_read_again(payload):
    signed = document(payload)
    found = read_document(signed.text, KIND)
    assert found == signed
    assert found.payload == payload
    assert (found.account, found.chain_id) == (COMPANY.address, 31337)


def test_it_is_a_jws_that_other_libraries_verify():
    header, payload, signature = document().text.split(".")
    assert json.loads(decode(header)) == {
        "alg": "ES256K",
        "kid": f"did:pkh:eip155:31337:{COMPANY.address}",
        "typ": KIND,
    }
    assert json.loads(decode(payload)) == WORDS
    # RFC 8812: r and s, 32 bytes each, over SHA-256 of header.payload.
    digest = hashlib.sha256(f"{header}.{payload}".encode()).digest()
    raw = decode(signature)
    key = ec.derive_private_key(int.from_bytes(b"\x21" * 32), ec.SECP256K1()).public_key()
    der = utils.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    key.verify(der, digest, ec.ECDSA(utils.Prehashed(SHA256())))


def test_the_hash_names_the_document_whatever_its_signature():
    first = document()
    assert first.hash == document().hash
    assert first.hash != document({**WORDS, "until": 8}).hash
    assert first.hash != document(signer=RIVAL).hash
    assert len(first.hash) == 32


def test_white_space_around_it_does_not_matter():
    signed = document()
    assert read_document(f"\n {signed.text}\n", KIND) == signed
    assert read_document(signed.text.encode(), KIND) == signed


def test_it_is_read_from_a_file(tmp_path):
    signed = document()
    path = tmp_path / "request.jws"
    path.write_text(signed.text + "\n")
    assert load_document(path, KIND) == signed
    with pytest.raises(UsageError, match="cannot be read"):
        load_document(tmp_path / "none.jws", KIND)


# ----------------------------------------------------------------- forgeries


def test_another_kind_is_refused():
    with pytest.raises(DocumentInvalid, match="not a document of the kind"):
        read_document(document().text, "consent-receipt+jwt")


def test_an_altered_payload_is_refused():
    header, _, signature = document().text.split(".")
    altered = encode({**WORDS, "until": 8})
    with pytest.raises(DocumentInvalid, match="not signed by"):
        read_document(f"{header}.{altered}.{signature}", KIND)


def test_another_account_in_the_header_is_refused():
    _, payload, signature = document().text.split(".")
    for kid in (account_did(31337, RIVAL.address), account_did(1, COMPANY.address)):
        claimed = encode({"alg": "ES256K", "kid": kid, "typ": KIND})
        with pytest.raises(DocumentInvalid, match="not signed by"):
            read_document(f"{claimed}.{payload}.{signature}", KIND)


def test_a_mirrored_signature_is_refused():
    header, payload, signature = document().text.split(".")
    raw = decode(signature)
    mirrored = raw[:32] + (CURVE_ORDER - int.from_bytes(raw[32:])).to_bytes(32)
    with pytest.raises(DocumentInvalid, match="not signed by"):
        read_document(f"{header}.{payload}.{encode(mirrored)}", KIND)


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "ES256"},
        {"crit": ["exp"]},
        {"jwk": {}},
    ],
)
def test_another_header_is_refused(change):
    _, payload, signature = document().text.split(".")
    header = {"alg": "ES256K", "kid": account_did(31337, COMPANY.address), "typ": KIND, **change}
    with pytest.raises(DocumentInvalid, match="header is not usable"):
        read_document(f"{encode(header)}.{payload}.{signature}", KIND)


@pytest.mark.parametrize("kid", ["", "did:key:z6Mk", "did:pkh:eip155:0:0x12", 7, None])
def test_a_header_that_names_no_account_is_refused(kid):
    _, payload, signature = document().text.split(".")
    header = encode({"alg": "ES256K", "kid": kid, "typ": KIND})
    with pytest.raises(DocumentInvalid, match="does not name the account"):
        read_document(f"{header}.{payload}.{signature}", KIND)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no signed document"),
        ("a.b", "no signed document"),
        ("a.b.c.d", "no signed document"),
        ("e30.e30." + "A" * 86, "header is not usable"),
        ("!!.e30.AA", "header is no base64url"),
        ("e30=.e30.AA", "header is no base64url"),
        ("W10.e30.AA", "header is no JSON object"),
        ("e30." + encode(b"{") + ".AA", "payload is no JSON object"),
        ("e30." + encode(b'{"a":1,"a":2}') + ".AA", "payload is no JSON object"),
        ("\xff.e30.AA", "header is no base64url"),
        ("A" * (2 << 20) + ".e30.AA", "no signed document"),
    ],
)
def test_what_is_no_document_is_refused(text, message):
    with pytest.raises(DocumentInvalid, match=message):
        read_document(text, KIND)


@pytest.mark.parametrize("signature", ["AA", "A" * 86, "", "A" * 87])
def test_a_signature_that_is_none_is_refused(signature):
    header, payload, _ = document().text.split(".")
    with pytest.raises(DocumentInvalid):
        read_document(f"{header}.{payload}.{signature}", KIND)


def test_a_second_way_to_write_the_signature_is_refused():
    signed = document()
    # 64 bytes leave four bits of the last character without meaning.
    last = signed.text[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other = alphabet[alphabet.index(last) + 1]
    assert decode(signed.text.rpartition(".")[2]) == decode(
        (signed.text[:-1] + other).rpartition(".")[2]
    )
    with pytest.raises(DocumentInvalid, match="signature is no base64url"):
        read_document(signed.text[:-1] + other, KIND)


def test_nothing_of_a_document_is_quoted():
    signed = document({"salt": "c0ffee" * 10})
    assert "c0ffee" not in repr(signed)
    with pytest.raises(DocumentInvalid) as caught:
        read_document(signed.text[:-4] + "AAAA", KIND)
    assert "c0ffee" not in repr(caught.value.to_dict())


def test_a_document_has_an_end():
    with pytest.raises(UsageError, match="at most"):
        document({"text": "a" * (1 << 20)})

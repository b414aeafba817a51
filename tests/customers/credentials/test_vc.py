"""Credentials of the W3C's data model as SD-JWT VCs: what is issued and what is read."""

import json

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.customers.credentials.dids import Did
from crmdapp.customers.credentials.disclosures import Hidden
from crmdapp.customers.credentials.refusals import CredentialMalformed
from crmdapp.customers.credentials.sd_jwt import SdJwt, present
from crmdapp.customers.credentials.status_list import StatusEntry
from crmdapp.customers.credentials.vc import (
    CONTEXTS,
    Credential,
    CredentialRequest,
    Registry,
    claims_hash,
    issue_credential,
)
from crmdapp.customers.statements import AttestationSubject, Statement
from crmdapp.errors import UsageError
from tests.customers.credentials.workshop import (
    HOLDER,
    HOLDER_KEY,
    ISSUER,
    ISSUER_KEY,
    NOW,
    STRANGER,
    token,
    unb64,
)

REGISTRY = Registry(31337, STRANGER.address)
SUBJECT = AttestationSubject(HOLDER.address, b"\x07" * 32)
KIND = "https://issuer.example/credentials/customer"
YEAR = 31_536_000


def request(**changes):
    values = {
        "issuer": Did.pkh(ISSUER.address, 31337),
        "subject": SUBJECT,
        "topic": 3,
        "level": 2,
        "kind": KIND,
        "claims": {"age_over_18": Hidden(True), "member": True},
        "registry": REGISTRY,
        "valid_from": NOW,
        "valid_until": NOW + YEAR,
        **changes,
    }
    return CredentialRequest(**values)


def payload(**changes):
    """A right payload, changed; a member set to `...` is left out."""
    found = json.loads(json.dumps(issue_credential(request(), ISSUER_KEY)[0].token.payload))
    found |= changes
    return {name: value for name, value in found.items() if value is not ...}


def read(body, **options):
    return Credential.read(SdJwt.parse(token(body, **options) + "~"))


# ----------------------------------------------------------------- issuing


@pytest.mark.parametrize("typ", ["dc+sd-jwt", "vc+sd-jwt"])
def test_a_credential_speaks_both_standards(typ):
    entry = StatusEntry("https://issuer.example/status/1", 5)
    credential, _ = issue_credential(request(status=entry), ISSUER_KEY, typ=typ)
    assert credential.token.header == {"alg": "ES256K", "typ": typ}
    subject = f"did:ethr:0x7a69:{HOLDER.address}"
    body = credential.token.payload
    hidden = body["credentialSubject"].pop("_sd")
    assert len(hidden) == 1
    assert body == {
        "@context": list(CONTEXTS),
        "type": ["VerifiableCredential", "CustomerCredential"],
        "vct": KIND,
        "iss": f"did:pkh:eip155:31337:{ISSUER.address}",
        "issuer": f"did:pkh:eip155:31337:{ISSUER.address}",
        "sub": subject,
        "nbf": NOW,
        "validFrom": "2027-01-15T08:00:00Z",
        "exp": NOW + YEAR,
        "validUntil": "2028-01-15T08:00:00Z",
        "cnf": {"kid": f"{subject}#controller"},
        "credentialStatus": entry.to_json(),
        "attestation": {
            "registry": f"eip155:31337:{STRANGER.address}",
            "topic": 3,
            "level": 2,
            "salt": "0x" + "07" * 32,
        },
        "credentialSubject": {"id": subject, "member": True},
        "_sd_alg": "sha-256",
    }


def test_the_attestation_covers_what_the_issuer_signs_and_not_how():
    credential, statement = issue_credential(request(), ISSUER_KEY)
    signed = credential.issued.rpartition(".")[0]
    assert claims_hash(credential) == keccak(signed.encode())
    assert statement == Statement(3, SUBJECT, keccak(signed.encode()))
    shown = present(credential)
    assert claims_hash(shown) == claims_hash(credential)
    other = SdJwt(f"{signed}.{'A' * 86}")
    assert claims_hash(other) == claims_hash(credential)


def test_two_credentials_with_the_same_claims_have_nothing_in_common_on_chain():
    first, second = (issue_credential(request(), ISSUER_KEY)[1] for _ in range(2))
    assert first.uid != second.uid


def test_a_holder_can_be_bound_by_a_key():
    credential, _ = issue_credential(request(holder_key=HOLDER_KEY.jwk()), ISSUER_KEY)
    assert credential.token.payload["cnf"] == {"jwk": HOLDER_KEY.jwk()}


@pytest.mark.parametrize(
    "changes",
    [
        {"topic": 2**32},
        {"level": 0},
        {"level": 256},
        {"kind": ""},
        {"valid_until": NOW},
        {"valid_until": 10**12},
        {"valid_from": -1},
        {"claims": {"id": "x"}},
        {"issuer": Did.pkh(ISSUER.address, 1)},
        {"subject": AttestationSubject("0x" + "00" * 20, b"\x07" * 32)},
    ],
    ids=str,
)
def test_what_cannot_be_issued_is_refused(changes):
    with pytest.raises(UsageError):
        request(**changes)


def test_a_credential_has_one_of_two_types():
    with pytest.raises(UsageError):
        issue_credential(request(), ISSUER_KEY, typ="JWT")


def test_repr_shows_no_claims():
    assert "age_over_18" not in repr(request())


# ----------------------------------------------------------------- reading


def test_read_returns_what_was_issued():
    entry = StatusEntry("https://issuer.example/status/1", 5)
    credential, statement = issue_credential(request(status=entry), ISSUER_KEY)
    found = Credential.read(SdJwt.parse(str(credential)))
    assert found == Credential(Did.pkh(ISSUER.address, 31337), statement, 2, KIND, REGISTRY, entry)
    assert found.subject == HOLDER.address


def changed(name, **changes):
    return {**payload()[name], **changes}


CONTRADICTIONS = {
    "no context": {"@context": ...},
    "another data model": {"@context": ["https://www.w3.org/2018/credentials/v1"]},
    "a context in another place": {"@context": list(reversed(CONTEXTS))},
    "a context that is no list": {"@context": CONTEXTS[0]},
    "no type": {"type": ...},
    "another type": {"type": ["VerifiablePresentation"]},
    "no kind": {"vct": ...},
    "a kind that is no text": {"vct": [KIND]},
    "no end": {"exp": ...},
    "no beginning": {"nbf": ...},
    "two ends": {"exp": NOW + 2 * YEAR},
    "two beginnings": {"nbf": NOW + 1},
    "an end in another form": {"validUntil": "2028-01-15T08:00:00+00:00"},
    "an end that is no day": {"validUntil": "2028-13-15T08:00:00Z"},
    "two issuers": {"issuer": f"did:pkh:eip155:31337:{STRANGER.address}"},
    "an issuer that is an object": {"issuer": {"id": f"did:pkh:eip155:31337:{ISSUER.address}"}},
    "an issuer that is no account": {"iss": "https://issuer.example"},
    "an issuer of another chain": {
        "iss": f"did:pkh:eip155:1:{ISSUER.address}",
        "issuer": f"did:pkh:eip155:1:{ISSUER.address}",
    },
    "no subject": {"sub": ...},
    "two subjects": {"sub": f"did:ethr:0x7a69:{STRANGER.address}"},
    "a subject in another form": {
        "sub": f"did:ethr:0x7a69:{HOLDER.address.lower()}",
        "credentialSubject": {"id": f"did:ethr:0x7a69:{HOLDER.address.lower()}"},
    },
    "subjects in a list": {"credentialSubject": [payload()["credentialSubject"]]},
    "no attestation": {"attestation": ...},
    "an attestation that is none": {"attestation": "x"},
    "no salt": {"attestation": {**changed("attestation"), "salt": None}},
    "a short salt": {"attestation": changed("attestation", salt="0x00")},
    "a registry elsewhere": {
        "attestation": changed("attestation", registry=f"eip155:1:{STRANGER.address}")
    },
    "no topic": {"attestation": changed("attestation", topic="x")},
    "a level out of range": {"attestation": changed("attestation", level=256)},
    "a status of another kind": {"credentialStatus": {"type": "x"}},
}


@pytest.mark.parametrize("changes", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_read_refuses_what_contradicts_itself(changes):
    with pytest.raises(CredentialMalformed):
        read(payload(**changes))


def test_read_accepts_what_stands_beside_it():
    read(payload())
    read(payload(other="claim"))


def test_read_refuses_other_types_of_token():
    with pytest.raises(CredentialMalformed, match="typ"):
        read(payload(), typ="example+sd-jwt")


def test_no_hidden_claim_can_be_counted_but_by_its_digests():
    credential, _ = issue_credential(request(), ISSUER_KEY, decoys=4)
    body = json.loads(unb64(credential.issued.split(".")[1]))
    assert len(body["credentialSubject"]["_sd"]) == 5

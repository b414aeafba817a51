"""What registrars sign, without a chain: nullifiers, keys, signatures joined from files."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.ballots.errors import RegistrationSignerInvalid, RegistrationVoterZero
from crmdapp.ballots.faults import (
    CitizenNotAttested,
    RegistrarKeyCorrupt,
    RegistrarKeyMissing,
    RegistrationMixed,
    RegistrationQuorumMissing,
)
from crmdapp.ballots.models import Election, WindowSeconds
from crmdapp.ballots.registration import (
    RegistrationIntent,
    SignedRegistration,
    countersign,
    create_registrars_key,
    join_signatures,
    normalised,
    nullifier,
    read_registrars_key,
    require_attested,
    roll_domain,
    sign_registration,
)
from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.errors import PermissionDenied, UsageError, VerificationFailed
from tests.ballots.station import address_of, signer_of
from tests.fixtures.intents import Domain, Intent

KEY = bytes(range(32))
ROLL = address_of("the roll")
DOMAIN = roll_domain(31337, ROLL)
REGISTRARS = sorted(("first", "second", "third"), key=lambda role: int(address_of(role), 16))
FIELDS = {
    "election": 7,
    "precinct": 2,
    "nullifier": nullifier(KEY, "AB 12-3", 7),
    "voter": address_of("voter"),
    "deadline": 2_000_000_000,
}
ELECTION = Election(
    number=7,
    organiser=address_of("organiser"),
    definition_hash=bytes(32),
    windows=WindowSeconds(*range(1, 9)),
    precincts=3,
    minimum_turnout=1,
    threshold=1,
    registrar_quorum=2,
    questions=(),
    trustees=(address_of("trustee"),),
    registrars=tuple(address_of(role) for role in REGISTRARS),
)


def signed_by(*roles, **changes):
    first, *others = roles
    signed = sign_registration(signer_of(first), DOMAIN, **{**FIELDS, **changes})
    for role in others:
        signed = countersign(signer_of(role), signed)
    return signed


# ----------------------------------------------------------------- nullifiers


def test_a_nullifier_is_the_hmac_that_the_format_says():
    # HMAC-SHA256, written out: RFC 2104.
    from hashlib import sha256

    pad = KEY.ljust(64, b"\0")
    message = b"crmdapp.ballots.v1.nullifier" + (7).to_bytes(8, "big") + b"ab123"
    inner = sha256(bytes(each ^ 0x36 for each in pad) + message).digest()
    assert nullifier(KEY, "AB-123", 7) == sha256(bytes(e ^ 0x5C for e in pad) + inner).digest()


@pytest.mark.parametrize(
    "same", ["ab123", " AB 12/3 ", "\uff21\uff22\uff11\uff12\uff13", "a.b.1.2.3", "ab\u200b123"]
)
def test_an_id_is_the_same_however_it_is_written(same):
    assert nullifier(KEY, same, 7) == nullifier(KEY, "AB-123", 7)


def test_another_id_election_or_key_gives_another_nullifier():
    found = {
        nullifier(KEY, "AB-123", 7),
        nullifier(KEY, "AB-124", 7),
        nullifier(KEY, "ÄB-123", 7),
        nullifier(KEY, "AB-123", 8),
        nullifier(bytes(32), "AB-123", 7),
    }
    assert len(found) == 5


@given(st.text(min_size=1, max_size=30))
def test_an_id_is_normalised_once_for_all_or_refused_without_being_quoted(official_id):
    try:
        found = normalised(official_id)
    except UsageError as problem:
        # Nothing of the id stands in what is shown.
        assert problem.to_dict() == UsageError(problem.message).to_dict()  # noqa: PT017
        assert problem.message == "An official id holds at least one letter or digit."  # noqa: PT017
        return
    assert normalised(found) == found
    assert nullifier(KEY, official_id, 7) == nullifier(KEY, f" {found}-", 7)


@pytest.mark.parametrize("official_id", ["", " - ", "x" * 501])
def test_what_is_no_id_is_refused(official_id):
    with pytest.raises(UsageError):
        nullifier(KEY, official_id, 7)


@pytest.mark.parametrize(("key", "election"), [(KEY[:31], 7), (KEY, 0), (KEY, 1 << 64)])
def test_what_is_no_key_or_election_is_refused(key, election):
    with pytest.raises(UsageError):
        nullifier(key, "AB-123", election)


# ----------------------------------------------------------------- the registrars' key


def test_the_key_is_kept_in_a_file_for_its_owner_alone(tmp_path):
    path = tmp_path / "registrars.key"
    create_registrars_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_registrars_key(path)) == 32
    with pytest.raises(UsageError):
        create_registrars_key(path)
    other = tmp_path / "other.key"
    create_registrars_key(other)
    assert read_registrars_key(other) != read_registrars_key(path)


def test_a_key_file_that_is_missing_open_or_damaged_is_named(tmp_path):
    path = tmp_path / "registrars.key"
    with pytest.raises(RegistrarKeyMissing):
        read_registrars_key(path)
    create_registrars_key(path)
    path.chmod(0o644)
    with pytest.raises(PermissionDenied):
        read_registrars_key(path)
    path.chmod(0o600)
    secret = read_registrars_key(path).hex()
    path.write_text(path.read_text()[:-20])
    with pytest.raises(RegistrarKeyCorrupt) as refused:
        read_registrars_key(path)
    assert secret[:8] not in str(refused.value.to_dict())


# ----------------------------------------------------------------- signing


def test_what_is_signed_is_what_other_encoders_make_of_it():
    names = [
        ("election", "uint64"),
        ("precinct", "uint16"),
        ("nullifier", "bytes32"),
        ("voter", "address"),
        ("deadline", "uint40"),
    ]
    other = Intent(Domain("VoterRoll", ROLL, 31337), "Registration", names, tuple(FIELDS.values()))
    from eth_account.messages import _hash_eip191_message

    signed = signed_by("first")
    assert signed.digest == bytes(_hash_eip191_message(other.signable()))
    assert signed.signers == (address_of("first"),)
    assert [len(each) for each in signed.signatures] == [64]


def test_signatures_stand_by_rising_address_in_whatever_order_they_come():
    one, two, three = (signed_by(role) for role in REGISTRARS)
    joined = join_signatures([three, one, two, one])
    assert joined.signers == ELECTION.registrars
    assert joined == signed_by(*reversed(REGISTRARS))
    assert SignedRegistration.from_json(json.dumps(joined.to_json())) == joined


def test_nobody_signs_twice():
    with pytest.raises(UsageError, match="has signed this registration already"):
        countersign(signer_of("first"), signed_by("second", "first"))


@pytest.mark.parametrize(
    "changes", [{"voter": address_of("other")}, {"precinct": 1}, {"election": 8}, {"deadline": 1}]
)
def test_signatures_of_different_registrations_are_not_joined(changes):
    with pytest.raises(RegistrationMixed):
        join_signatures([signed_by("first"), signed_by("second", **changes)])
    with pytest.raises(UsageError, match="no registration"):
        join_signatures([])


def test_a_quorum_is_taken_and_no_more():
    taken = signed_by(*REGISTRARS).require_quorum(ELECTION)
    assert taken.signers == ELECTION.registrars[:2]
    with pytest.raises(RegistrationQuorumMissing) as refused:
        signed_by("first").require_quorum(ELECTION)
    assert (refused.value.signed, refused.value.needed) == (1, 2)


def test_an_outsider_and_another_election_are_refused():
    with pytest.raises(RegistrationSignerInvalid) as refused:
        signed_by("first", "outsider").require_quorum(ELECTION)
    assert refused.value == RegistrationSignerInvalid(FIELDS["nullifier"], address_of("outsider"))
    with pytest.raises(VerificationFailed, match="for election 8, not 7"):
        signed_by("first", "second", election=8).require_quorum(ELECTION)


def test_a_signature_of_nobody_is_refused():
    spoiled = replace(signed_by("first"), signatures=(b"\xff" * 64,))
    with pytest.raises(IntentSignatureInvalid):
        spoiled.require_quorum(ELECTION)


def test_nobody_is_registered_without_a_key():
    with pytest.raises(RegistrationVoterZero):
        signed_by("first", voter=ZERO_ADDRESS)


@pytest.mark.parametrize(
    ("field", "value"),
    [("precinct", 1 << 16), ("deadline", 1 << 40), ("nullifier", b"short"), ("election", -1)],
)
def test_a_value_out_of_range_is_refused(field, value):
    with pytest.raises(UsageError):
        signed_by("first", **{field: value})


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("signatures",), ["0x12"], "64 or 65 bytes"),
        (("signatures",), "0x12", "signatures"),
        (("typedData", "primaryType"), "BallotIntent", "primaryType must be Registration"),
        (("typedData", "message", "voter"), "0x12", "voter"),
        (("typedData", "message", "nullifier"), "0x12", "nullifier"),
        (("typedData", "message", "precinct"), 70_000, "precinct"),
    ],
)
def test_a_faulty_file_names_the_field(path, value, message):
    data = signed_by("first").to_json()
    inside = data
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(UsageError, match=message):
        SignedRegistration.from_json(data)


def test_long_signatures_are_taken_too():
    signed = signed_by("first")
    data = signed.to_json()
    data["signatures"] = [
        "0x" + RegistrationIntent(**FIELDS).sign(signer_of("first"), DOMAIN).hex()
    ]
    assert SignedRegistration.from_json(data) == signed


# ----------------------------------------------------------------- attestations


class Registry:
    """Stands for the registry of attestations: says yes to one question."""

    def __init__(self, *question):
        self.question = question

    def is_valid(self, uid, topic, level, attestors):
        return (uid, topic, level, tuple(attestors)) == self.question


def test_a_citizen_is_registered_who_is_attested():
    trusted = (address_of("attestor"),)
    registry = Registry(bytes(32), 4, 2, trusted)
    require_attested(registry, bytes(32), topic=4, level=2, attestors=trusted)
    with pytest.raises(CitizenNotAttested):
        require_attested(registry, bytes(32), topic=4, level=3, attestors=trusted)

"""What is signed for the registry: offline, as JSON, and refused if it can not be meant."""

import json
from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.errors import IntentSignatureInvalid
from crmdapp.customers.models import Badge, Guardians, id_of, require_cid, self_tag
from crmdapp.customers.registry_intents import (
    KINDS,
    EraseIntent,
    GuardiansIntent,
    MergeIntent,
    RecoveryIntent,
    Registration,
    RegistrationBatch,
    RootIntent,
    RotateIntent,
    TagLink,
    TagLinkBatch,
    UnmergeIntent,
    VetoIntent,
)
from crmdapp.customers.registry_signing import (
    RegistrationRecord,
    SignedRegistryIntent,
    TagLinkRecord,
    approvals_of,
    links_in,
    pack_links,
    pack_registrations,
    registrations_in,
    registry_domain,
    sign_registry,
)
from crmdapp.errors import UsageError

SIGNER = LocalSigner(keccak(b"a signer"))
OTHER = LocalSigner(keccak(b"another"))
REGISTRY = "0x" + "ab" * 20
DOMAIN = registry_domain(5, REGISTRY)
ZERO = "0x" + "00" * 20
CID = keccak(b"cid")[:31] + b"\0"
INTO = keccak(b"into")[:31] + b"\0"
TAG, ROOT, HASH = keccak(b"tag"), keccak(b"root"), keccak(b"hash")
UNTIL = 2_000_000_000
INTENTS = [
    Registration(1, TAG, ROOT, OTHER.address, 2, UNTIL),
    RegistrationBatch(1, bytes(85), UNTIL),
    TagLink(TAG, CID, 3, UNTIL),
    TagLinkBatch(1, bytes(64), UNTIL),
    MergeIntent(CID, INTO, 1, 2, 9, UNTIL),
    UnmergeIntent(CID, 9, UNTIL),
    RotateIntent(CID, OTHER.address, 3, UNTIL),
    RecoveryIntent(CID, OTHER.address, True, 3, 9, UNTIL),
    VetoIntent(CID, OTHER.address, 3, 9, UNTIL),
    GuardiansIntent(CID, HASH, 3, 9, UNTIL),
    RootIntent(CID, ROOT, 3, 9, UNTIL),
    EraseIntent(CID, HASH, 3, UNTIL),
]


@pytest.fixture(params=INTENTS, ids=lambda intent: type(intent).__name__)
def intent(request):
    return request.param


def test_every_kind_is_here():
    assert [type(item).__name__ for item in INTENTS] == list(KINDS)


def test_a_wallet_signs_the_same(intent):
    """eth_account computes EIP-712 by itself."""
    signed = sign_registry(intent, SIGNER, DOMAIN)
    typed = intent.to_json(DOMAIN)
    message = Account.sign_typed_data(keccak(b"a signer"), full_message=typed)
    assert bytes(message.signature) == signed.signature
    assert signed.signed_by_key()
    signed.require_signed_by_key()


def test_what_is_signed_survives_json(intent):
    signed = sign_registry(intent, SIGNER, DOMAIN)
    text = json.dumps(signed.to_json())
    assert SignedRegistryIntent.from_json(text) == signed
    assert SignedRegistryIntent.from_json(text, type(intent).__name__) == signed
    assert json.loads(text)["signer"] == SIGNER.address


def test_a_signature_of_somebody_else_is_found(intent):
    signed = replace(sign_registry(intent, SIGNER, DOMAIN), signer=OTHER.address)
    assert not signed.signed_by_key()
    with pytest.raises(IntentSignatureInvalid) as caught:
        signed.require_signed_by_key()
    assert caught.value == IntentSignatureInvalid(OTHER.address, signed.digest)


@pytest.mark.parametrize("name", ["epoch", "deadline", "scope", "level"])
def test_a_number_out_of_its_range_is_named(name):
    for intent in INTENTS:
        if hasattr(intent, name):
            with pytest.raises(UsageError, match=name):
                sign_registry(replace(intent, **{name: 1 << 41}), SIGNER, DOMAIN)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("{", "is not JSON"),
        ({"typedData": 5}, "typedData"),
        ({"typedData": {"primaryType": "Ballot", "message": {}}}, "primaryType must be one of"),
    ],
)
def test_from_json_refuses_what_is_nothing_of_the_kind(data, message):
    with pytest.raises(UsageError, match=message):
        SignedRegistryIntent.from_json(data)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("cid", "0x" + "11" * 32, "the last two of them 00"),
        ("cid", "0x12", "cid must be 64 hex digits"),
        ("newController", ZERO, "zero address is nobody's key"),
        ("newController", "0x12", "newController"),
        ("epoch", 1 << 16, "epoch must be a whole number from 0 to 65,535"),
        ("epoch", None, "epoch must be"),
        ("deadline", -1, "deadline must be"),
    ],
    ids=["cid", "short cid", "nobody", "key", "epoch", "no epoch", "deadline"],
)
def test_from_json_names_the_field(field, value, message):
    body = sign_registry(INTENTS[6], SIGNER, DOMAIN).to_json()
    body["typedData"]["message"][field] = value
    with pytest.raises(UsageError, match=message):
        SignedRegistryIntent.from_json(body)


def test_from_json_takes_the_wanted_kind_only():
    body = sign_registry(INTENTS[6], SIGNER, DOMAIN).to_json()
    with pytest.raises(UsageError, match="primaryType must be EraseIntent, got 'RotateIntent'"):
        SignedRegistryIntent.from_json(body, "EraseIntent")
    with pytest.raises(UsageError, match="signer is missing"):
        SignedRegistryIntent.from_json({**body, "signer": None})


def test_sign_refuses_what_can_not_be_meant():
    with pytest.raises(UsageError, match="zero address is nobody's key"):
        sign_registry(replace(INTENTS[0], controller=ZERO), SIGNER, DOMAIN)
    with pytest.raises(UsageError, match="zero address is nobody's key"):
        sign_registry(replace(INTENTS[6], new_controller=ZERO), SIGNER, DOMAIN)
    with pytest.raises(UsageError, match="can not be merged with itself"):
        sign_registry(replace(INTENTS[4], into=CID), SIGNER, DOMAIN)
    for name, item in (("cid", INTENTS[6]), ("from_", INTENTS[5]), ("into", INTENTS[4])):
        with pytest.raises(UsageError, match="the last two of them 00"):
            sign_registry(replace(item, **{name: TAG[:31] + b"\1"}), SIGNER, DOMAIN)


def test_registry_domain_refuses_what_is_no_address():
    with pytest.raises(UsageError):
        registry_domain(1, "0x12")


# --------------------------------------------------------------------------- several signers


def test_approvals_stand_in_the_order_of_their_signers():
    signers = [LocalSigner(keccak(bytes([n]))) for n in range(8)]
    signed = [sign_registry(INTENTS[4], signer, DOMAIN) for signer in signers]
    approvals = approvals_of(signed)
    assert [int(item.signer, 16) for item in approvals] == sorted(
        int(signer.address, 16) for signer in signers
    )
    assert {item.values for item in approvals} == {(s.signer, s.signature) for s in signed}


def test_approvals_are_under_one_intent_of_one_registry():
    first = sign_registry(INTENTS[4], SIGNER, DOMAIN)
    for other in (
        sign_registry(replace(INTENTS[4], nonce=10), OTHER, DOMAIN),
        sign_registry(INTENTS[4], OTHER, registry_domain(6, REGISTRY)),
    ):
        with pytest.raises(UsageError, match="under different intents"):
            approvals_of([first, other])
    with pytest.raises(UsageError, match="Somebody signed twice"):
        approvals_of([first, replace(first, signer=SIGNER.address.lower())])
    with pytest.raises(UsageError, match="Nobody has signed"):
        approvals_of([])


# --------------------------------------------------------------------------- batches

words = st.binary(min_size=32, max_size=32)
registrations = st.lists(
    st.builds(RegistrationRecord, words, words, st.just(OTHER.address), st.integers(0, 255)),
    min_size=1,
    max_size=5,
    unique_by=lambda record: record.tag,
)
links = st.lists(
    st.builds(TagLinkRecord, words, words.map(lambda w: b"\1" + w[1:31] + b"\0")),
    min_size=1,
    max_size=5,
    unique_by=lambda record: record.tag,
)


@given(registrations)
def test_registrations_survive_packing(records):
    packed = pack_registrations(records)
    assert len(packed) == 85 * len(records)
    assert list(registrations_in(packed)) == records


@given(links)
def test_links_survive_packing(records):
    packed = pack_links(records)
    assert len(packed) == 64 * len(records)
    assert list(links_in(packed)) == records


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"tag": b"short"}, "A tag has 32 bytes"),
        ({"root": b"short"}, "A root has 32 bytes"),
        ({"controller": ZERO}, "zero address"),
        ({"level": 256}, "A level is from 0 to 255"),
        ({"level": -1}, "A level is from 0 to 255"),
    ],
)
def test_pack_registrations_refuses(values, message):
    record = RegistrationRecord(TAG, ROOT, OTHER.address, 1)
    with pytest.raises(UsageError, match=message):
        pack_registrations([replace(record, **values)])


def test_a_tag_stands_in_a_batch_once():
    record = RegistrationRecord(TAG, ROOT, OTHER.address, 1)
    with pytest.raises(UsageError, match="stands twice in the batch"):
        pack_registrations([record, replace(record, level=2)])
    with pytest.raises(UsageError, match="stands twice in the batch"):
        pack_links([TagLinkRecord(TAG, CID), TagLinkRecord(TAG, INTO)])
    with pytest.raises(UsageError, match="The batch is empty"):
        pack_registrations([])
    with pytest.raises(UsageError, match="the last two of them 00"):
        pack_links([TagLinkRecord(TAG, HASH[:31] + b"\1")])


@pytest.mark.parametrize("size", [0, 84, 86])
def test_records_of_another_length_are_refused(size):
    with pytest.raises(UsageError, match="no multiple of 85 bytes"):
        list(registrations_in(bytes(size)))


# --------------------------------------------------------------------------- models


def test_id_of_ends_in_a_zero_byte_and_depends_on_everything():
    ids = {
        id_of(1, REGISTRY, 1, TAG),
        id_of(2, REGISTRY, 1, TAG),
        id_of(1, "0x" + "ac" * 20, 1, TAG),
        id_of(1, REGISTRY, 2, TAG),
        id_of(1, REGISTRY, 1, ROOT),
    }
    assert len(ids) == 5
    assert {found[31] for found in ids} == {0}
    with pytest.raises(UsageError, match="A tag has 32 bytes"):
        id_of(1, REGISTRY, 1, b"")


def test_self_tag_is_the_hash_of_account_and_salt():
    assert self_tag(OTHER.address, TAG) == keccak(
        encode(["address", "bytes32"], [OTHER.address, TAG])
    )
    with pytest.raises(UsageError, match="A salt has 32 bytes"):
        self_tag(OTHER.address, b"")


def test_guardians_hash_is_that_of_their_encoding():
    guardians = Guardians.of([SIGNER.address, OTHER.address, REGISTRY], 2)
    whole = encode(
        ["(address[],uint8,bytes32)"],
        [(list(guardians.accounts), guardians.threshold, guardians.salt)],
    )
    assert guardians.hash == keccak(whole)


def test_guardians_have_a_fresh_salt_that_is_never_shown():
    first, second = (Guardians.of([SIGNER.address], 1) for _ in range(2))
    assert first.salt != second.salt
    assert first.hash != second.hash
    assert first.salt.hex() not in repr(first)
    assert repr(first.salt) not in repr(first)


def test_guardians_survive_json():
    guardians = Guardians.of([SIGNER.address, OTHER.address], 2)
    assert Guardians.from_json(json.dumps(guardians.to_json())) == guardians
    body = guardians.to_json()
    spoilt = body["salt"][:-1]
    with pytest.raises(UsageError) as caught:
        Guardians.from_json({**body, "salt": spoilt})
    assert spoilt[2:10] not in str(caught.value)
    assert spoilt[2:10] not in caught.value.hint + caught.value.why


@pytest.mark.parametrize(
    ("accounts", "threshold", "message"),
    [
        ([], 1, "There are 1 to 32 guardians"),
        ([f"0x{n:040x}" for n in range(1, 34)], 1, "There are 1 to 32 guardians"),
        ([SIGNER.address], 0, "0 of 1 guardians can not sign"),
        ([SIGNER.address], 2, "2 of 1 guardians can not sign"),
        ([SIGNER.address, SIGNER.address], 1, "stand there twice"),
        ([ZERO, SIGNER.address], 1, "zero address can guard nothing"),
    ],
)
def test_guardians_refuse(accounts, threshold, message):
    with pytest.raises(UsageError, match=message):
        Guardians.of(accounts, threshold)


def test_guardians_stand_in_ascending_order():
    high, low = "0x" + "ff" * 20, "0x" + "01" * 20
    assert [int(item, 16) for item in Guardians.of([high, low], 1).accounts] == [
        int(low, 16),
        int(high, 16),
    ]
    with pytest.raises(UsageError, match="not in ascending order"):
        Guardians((high, low), 1, TAG)
    with pytest.raises(UsageError, match="salt has 32 bytes"):
        Guardians((low,), 1, b"")


def test_a_badge_says_what_it_is_of():
    badge = Badge((int(REGISTRY, 16) << 96) | (7 << 64) | 4711, OTHER.address)
    assert badge.identity.lower() == REGISTRY
    assert (badge.topic, badge.pseudonym) == (7, 4711)


@pytest.mark.parametrize("wrong", [b"", bytes(32), bytes(31), TAG[:31] + b"\1"])
def test_require_cid_refuses(wrong):
    with pytest.raises(UsageError, match="the last two of them 00"):
        require_cid(wrong)
    assert require_cid(CID) == CID

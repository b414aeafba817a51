"""Decentralised identifiers from Python, on a real chain."""

from dataclasses import replace

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.chain._keccak import keccak
from crmdapp.chain.decode import DecodedLog
from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.customers.did import DidClient, long_name, short_name
from crmdapp.customers.did_intents import (
    AttributeIntent,
    DelegateIntent,
    OwnerIntent,
    SignedDidIntent,
    did_domain,
    sign_did,
)
from crmdapp.customers.errors import (
    IdentityFollowsCustomer,
    IdentityNotBindable,
    IdentityOwnerOnly,
)
from crmdapp.customers.events import (
    DIDAttributeChanged,
    DIDDelegateChanged,
    DIDOwnerChanged,
    IdentityBound,
)
from crmdapp.customers.models import moment
from crmdapp.customers.registry_intents import EraseIntent, RotateIntent
from crmdapp.customers.registry_signing import sign_registry
from crmdapp.errors import NodeLied, UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures
from tests.customers.registry_office import DAY

ZERO = "0x" + "00" * 20
NAME = "did/pub/X25519/enc/base64"


@pytest.fixture
def did(office):
    """The registry as the customer uses it."""
    return office.client("customer", DidClient)


@pytest.fixture
def identity(office):
    """The customer's own address."""
    return office.address("customer")


@pytest.fixture
def outsider(office):
    return office.client("outsider", DidClient)


def test_every_address_is_its_own_first_owner(did, identity):
    assert did.owner(identity) == identity
    assert did.customer_of(identity) is None
    assert list(did.history(identity)) == []
    assert did.attributes(identity) == {}


def test_change_owner(office, did, outsider, identity):
    with pytest.raises(IdentityOwnerOnly) as caught:
        outsider.change_owner(identity, office.address("outsider"))
    assert caught.value == IdentityOwnerOnly(identity, office.address("outsider"))
    did.change_owner(identity, office.address("successor"))
    assert did.owner(identity) == office.address("successor")
    with pytest.raises(IdentityOwnerOnly):
        did.change_owner(identity, identity)
    with pytest.raises(UsageError, match="zero address can own no identity"):
        did.change_owner(identity, ZERO)


def test_a_delegate_acts_for_a_while(office, did, identity):
    friend = office.address("friend")
    assert did.delegate_until(identity, "veriKey", friend) is None
    did.set_delegate(identity, "veriKey", friend, 60)
    assert did.is_delegate(identity, "veriKey", friend)
    assert did.delegate_until(identity, "veriKey", friend) == moment(office.now + 60)
    assert not did.is_delegate(identity, "sigAuth", friend)
    mark = office.node.snapshot()
    office.node.advance(60)
    assert not did.is_delegate(identity, "veriKey", friend)
    office.node.revert(mark)
    did.set_delegate(identity, "veriKey", friend, 0)
    assert not did.is_delegate(identity, "veriKey", friend)


def test_attributes_hold_until_they_end_or_are_revoked(office, did, identity):
    did.set_attribute(identity, NAME, b"key 1", 60)
    did.set_attribute(identity, NAME, b"key 2", DAY)
    first, second = (NAME, b"key 1"), (NAME, b"key 2")
    assert set(did.attributes(identity)) == {first, second}
    assert did.attributes(identity, now=office.now + 60) == {second: office.now + DAY}
    did.set_attribute(identity, NAME, b"key 2", 0)
    assert set(did.attributes(identity)) == {first}
    did.set_attribute(identity, NAME, b"key 2", DAY)
    assert set(did.attributes(identity)) == {first, second}


def test_history_leads_back_through_all_changes(office, did, identity):
    did.set_attribute(identity, NAME, b"key", DAY)
    office.node.automine(False)
    both = [
        did.sender.send(did.prepare.set_delegate(identity, "veriKey", identity, 60)),
        did.sender.send(did.prepare.set_attribute(identity, NAME, b"key 2", DAY)),
    ]
    office.node.mine()
    office.node.automine(True)
    assert len({did.sender.wait(sent).block for sent in both}) == 1
    did.change_owner(identity, office.address("successor"))
    assert [type(log.event) for log in did.history(identity)] == [
        DIDOwnerChanged,
        DIDAttributeChanged,
        DIDDelegateChanged,
        DIDAttributeChanged,
    ]


def test_history_finds_a_node_that_leaves_changes_out(did, identity, monkeypatch):
    did.set_attribute(identity, NAME, b"key", DAY)
    did.set_attribute(identity, NAME, b"key 2", DAY)
    told = list(did.history(identity))
    monkeypatch.setattr(DidClient, "events", lambda *_, **__: iter(()))
    with pytest.raises(NodeLied, match="has no change of"):
        list(did.history(identity))
    looping = replace(told[0].event, previous_change=told[0].block)
    loop = DecodedLog(looping, told[0].address, told[0].block, told[0].tx_hash, 0)
    monkeypatch.setattr(DidClient, "events", lambda *_, **__: iter([loop]))
    with pytest.raises(NodeLied, match="do not lead back"):
        list(did.history(identity))


def test_a_bound_identity_follows_the_customer(office, did, outsider, identity, profile):
    with pytest.raises(IdentityNotBindable):
        outsider.bind(office.address("outsider"), profile.cid)
    receipt = did.bind(identity, profile.cid)
    assert receipt.events_of(IdentityBound) == [IdentityBound(identity, profile.cid)]
    assert (did.customer_of(identity), did.identity_of(profile.cid)) == (profile.cid, identity)
    with pytest.raises(IdentityFollowsCustomer) as caught:
        did.change_owner(identity, office.address("successor"))
    assert caught.value == IdentityFollowsCustomer(identity, profile.cid)
    registry = office.client("customer")
    rotation = RotateIntent(profile.cid, office.address("successor"), 0, office.later())
    registry.rotate([sign_registry(rotation, office.signer("successor"), registry.domain)])
    assert did.owner(identity) == office.address("successor")
    erasure = EraseIntent(profile.cid, keccak(b"receipt"), 1, office.later())
    registry.submit(sign_registry(erasure, office.signer("successor"), registry.domain))
    assert did.owner(identity) is None


# --------------------------------------------------------------------------- signed


def signed_by(office, did, role, intent):
    return sign_did(intent, office.signer(role), did.domain)


def test_what_the_owner_signed_anybody_submits(office, did, outsider, identity):
    friend, until = office.address("friend"), office.later()
    delegate = DelegateIntent(identity, short_name("veriKey"), friend, 60, 1, until)
    outsider.submit(signed_by(office, did, "customer", delegate))
    assert did.is_delegate(identity, "veriKey", friend)
    attribute = AttributeIntent(identity, short_name(NAME), b"key", DAY, 2, until)
    signed = signed_by(office, did, "customer", attribute)
    outsider.submit(signed)
    assert did.attributes(identity) == {(NAME, b"key"): office.now + DAY}
    with pytest.raises(IntentNonceUsed):
        outsider.submit(signed)
    owner = OwnerIntent(identity, office.address("successor"), 3, until)
    with pytest.raises(IntentSignatureInvalid):
        outsider.submit(signed_by(office, did, "outsider", owner))
    outsider.submit(signed_by(office, did, "customer", owner))
    assert did.owner(identity) == office.address("successor")
    late = OwnerIntent(identity, friend, 4, office.now - 1)
    with pytest.raises(IntentExpired):
        outsider.submit(signed_by(office, did, "successor", late))


def test_submit_refuses_what_was_signed_for_another_place(office, did, identity):
    intent = OwnerIntent(identity, office.address("friend"), 1, office.later())
    for domain in (did_domain(1, did.contract.address), did_domain(31337, "0x" + "12" * 20)):
        with pytest.raises(UsageError, match="signed for another registry or chain"):
            did.submit(sign_did(intent, office.signer("customer"), domain))


SIGNER = LocalSigner(keccak(b"a signer"))
DOMAIN = did_domain(5, "0x" + "ab" * 20)


@pytest.mark.parametrize(
    "intent",
    [
        OwnerIntent(SIGNER.address, "0x" + "12" * 20, 1, 2),
        DelegateIntent(SIGNER.address, short_name("veriKey"), "0x" + "12" * 20, 3, 1, 2),
        AttributeIntent(SIGNER.address, short_name(NAME), b"\1\2", 3, 1, 2),
    ],
    ids=lambda intent: type(intent).__name__,
)
def test_what_is_signed_survives_json(intent):
    signed = sign_did(intent, SIGNER, DOMAIN)
    assert SignedDidIntent.from_json(signed.to_json()) == signed
    assert signed.signed_by_key()


def test_sign_refuses_nobody_as_an_owner():
    with pytest.raises(UsageError, match="zero address can own no identity"):
        sign_did(OwnerIntent(SIGNER.address, ZERO, 1, 2), SIGNER, DOMAIN)


# --------------------------------------------------------------------------- names


def test_names_are_kept_as_text():
    assert short_name("veriKey") == b"veriKey" + bytes(25)
    assert long_name(short_name(NAME)) == NAME
    assert long_name(b"\xff" * 32) == "0x" + "ff" * 32


@pytest.mark.parametrize("wrong", ["", "x" * 33, "schlüssel", "a\0b"])
def test_short_name_refuses(wrong):
    with pytest.raises(UsageError, match="is no name of a delegate or an attribute"):
        short_name(wrong)

"""Decentralised identifiers: ERC-1056's read surface, and who may write."""

import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY
from tests.customers.intents import ANY_TIME, RECEIPT, ZERO, forgeries, intent_of
from tests.fixtures.intents import Domain, compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

VERIFIER = b"veriKey".ljust(32, b"\0")
SIGNER = b"sigAuth".ljust(32, b"\0")
READING_KEY = b"did/pub/X25519/enc/base64".ljust(32, b"\0")
VALUE = b"MCowBQYDK2VuAyEA"
NOWHERE = bytes(32)


def owner_changed(did, identity, owner, previous):
    return log(did, "DIDOwnerChanged", identity=identity, owner=owner, previousChange=previous)


def delegate_changed(did, identity, delegate, valid_to, previous, kind=VERIFIER):
    return log(
        did,
        "DIDDelegateChanged",
        identity=identity,
        delegateType=kind,
        delegate=delegate,
        validTo=valid_to,
        previousChange=previous,
    )


def attribute_changed(did, identity, valid_to, previous, value=VALUE):
    return log(
        did,
        "DIDAttributeChanged",
        identity=identity,
        name=READING_KEY,
        value=value,
        validTo=valid_to,
        previousChange=previous,
    )


@pytest.fixture
def intent(did, domain_of):
    def intent_(kind, **values):
        return intent_of(domain_of(did), kind, **values)

    return intent_


@pytest.fixture
def owner_intent(intent, customer, successor):
    """The customer's identity gets the successor's key, unless the test says otherwise."""

    def owner_intent_(**changes):
        values = {"identity": customer, "newOwner": successor, "nonce": 1}
        return intent("OwnerIntent", **values | changes)

    return owner_intent_


@pytest.fixture
def delegate_intent(intent, customer, friend):
    def delegate_intent_(**changes):
        values = {"identity": customer, "delegateType": VERIFIER, "delegate": friend}
        return intent("DelegateIntent", **values | {"validity": DAY, "nonce": 1} | changes)

    return delegate_intent_


@pytest.fixture
def attribute_intent(intent, customer):
    def attribute_intent_(**changes):
        values = {"identity": customer, "name": READING_KEY, "value": VALUE}
        return intent("AttributeIntent", **values | {"validity": DAY, "nonce": 1} | changes)

    return attribute_intent_


def test_the_registries_know_each_other(registry, did, project, domain_of):
    assert did.CUSTOMERS() == registry.address
    assert project.CustomerRegistry.at(did.CUSTOMERS()).address == registry.address
    assert registry.DID_REGISTRY() == did.address
    for contract in (registry, did):
        some = intent_of(domain_of(contract), "OwnerIntent", identity=ZERO, newOwner=ZERO, nonce=0)
        assert contract.DOMAIN_SEPARATOR() == some.signable().header


# identityOwner, changeOwner


def test_every_address_is_an_identity_and_its_own_owner(did, customer):
    for identity in (customer.address, "0x" + "11" * 20):
        assert did.identityOwner(identity) == identity
        assert did.owners(identity) == ZERO
        assert did.changed(identity) == 0
        assert did.cidOf(identity) == NOWHERE


def test_changeOwner_hands_an_identity_over(did, project, customer, successor, friend):
    first = did.changeOwner(customer, successor, sender=customer)
    assert logs(first, did) == [owner_changed(did, customer, successor, 0)]
    assert did.identityOwner(customer) == successor.address
    assert did.owners(customer) == successor.address
    assert did.changed(customer) == first.block_number

    # The old key, though its address is the identity's, has no power any more.
    with reverts(project.DidRegistry.IdentityOwnerOnly, identity=customer, caller=customer):
        did.changeOwner(customer, customer, sender=customer)
    second = did.changeOwner(customer, friend, sender=successor)
    assert logs(second, did) == [owner_changed(did, customer, friend, first.block_number)]


def test_changeOwner_reverts_for_others(did, project, customer, thief):
    with reverts(project.DidRegistry.IdentityOwnerOnly, identity=customer, caller=thief):
        did.changeOwner(customer, thief, sender=thief)


def test_changeOwner_reverts_to_the_zero_address(did, project, customer, owner_intent, relayer):
    with reverts(project.DidRegistry.IdentityOwnerZero, identity=customer):
        did.changeOwner(customer, ZERO, sender=customer)
    wanted = owner_intent(newOwner=ZERO)
    with reverts(project.DidRegistry.IdentityOwnerZero, identity=customer):
        did.changeOwnerBySig(wanted.values, wanted.sign(customer), sender=relayer)


def test_changeOwnerBySig_hands_an_identity_over_whoever_brings_it(
    did, project, customer, successor, owner_intent, relayer
):
    wanted = owner_intent()
    receipt = did.changeOwnerBySig(wanted.values, compact(wanted.sign(customer)), sender=relayer)
    assert logs(receipt, did) == [owner_changed(did, customer, successor, 0)]
    assert did.identityOwner(customer) == successor.address
    assert did.isNonceUsed(customer, 1) is True
    # The old key has no power; the new one's signature counts.
    back = owner_intent(newOwner=customer, nonce=2)
    with reverts(
        project.DidRegistry.IntentSignatureInvalid, signer=successor, digest=back.digest()
    ):
        did.changeOwnerBySig(back.values, back.sign(customer), sender=relayer)
    did.changeOwnerBySig(back.values, back.sign(successor), sender=relayer)
    # And what was used is used, though the first key is back.
    with reverts(project.DidRegistry.IntentNonceUsed, signer=customer, nonce=1):
        did.changeOwnerBySig(wanted.values, wanted.sign(customer), sender=relayer)


# addDelegate, revokeDelegate, validDelegate


def test_addDelegate_holds_for_its_time(did, customer, friend, clock):
    receipt = did.addDelegate(customer, VERIFIER, friend, DAY, sender=customer)
    valid_to = receipt.timestamp + DAY
    assert logs(receipt, did) == [delegate_changed(did, customer, friend, valid_to, 0)]
    assert did.changed(customer) == receipt.block_number
    # As in ERC-1056, the type is hashed.
    type_hash = keccak(encode(["bytes32"], [VERIFIER]))
    assert did.delegates(customer, type_hash, friend) == valid_to
    assert did.delegates(customer, VERIFIER, friend) == 0

    clock.set(valid_to - 1)
    assert did.validDelegate(customer, VERIFIER, friend) is True
    assert did.validDelegate(customer, SIGNER, friend) is False
    assert did.validDelegate(friend, VERIFIER, friend) is False
    clock.set(valid_to)
    assert did.validDelegate(customer, VERIFIER, friend) is False


def test_revokeDelegate_ends_it_at_once(did, customer, friend):
    added = did.addDelegate(customer, VERIFIER, friend, DAY, sender=customer)
    receipt = did.revokeDelegate(customer, VERIFIER, friend, sender=customer)
    assert logs(receipt, did) == [
        delegate_changed(did, customer, friend, receipt.timestamp, added.block_number)
    ]
    assert did.validDelegate(customer, VERIFIER, friend) is False


def test_a_delegate_does_not_speak_for_the_identity(did, project, customer, friend, thief):
    did.addDelegate(customer, VERIFIER, friend, DAY, sender=customer)
    for caller in (friend, thief):
        only = {"identity": customer, "caller": caller}
        for call in (did.addDelegate, did.revokeDelegate, did.setAttribute, did.revokeAttribute):
            arguments = {
                did.addDelegate: (VERIFIER, caller, DAY),
                did.revokeDelegate: (VERIFIER, friend),
                did.setAttribute: (READING_KEY, VALUE, DAY),
                did.revokeAttribute: (READING_KEY, VALUE),
            }[call]
            with reverts(project.DidRegistry.IdentityOwnerOnly, **only):
                call(customer, *arguments, sender=caller)
        with reverts(project.DidRegistry.IdentityOwnerOnly, **only):
            did.changeOwner(customer, caller, sender=caller)


def test_setDelegateBySig_adds_and_revokes(did, customer, friend, delegate_intent, relayer):
    wanted = delegate_intent()
    added = did.setDelegateBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(added, did) == [delegate_changed(did, customer, friend, added.timestamp + DAY, 0)]
    assert did.validDelegate(customer, VERIFIER, friend) is True
    ending = delegate_intent(validity=0, nonce=2)
    ended = did.setDelegateBySig(ending.values, ending.sign(customer), sender=relayer)
    assert logs(ended, did) == [
        delegate_changed(did, customer, friend, ended.timestamp, added.block_number)
    ]
    assert did.validDelegate(customer, VERIFIER, friend) is False


# setAttribute, revokeAttribute


def test_setAttribute_publishes_a_key_and_revokeAttribute_ends_it(did, customer):
    added = did.setAttribute(customer, READING_KEY, VALUE, DAY, sender=customer)
    assert logs(added, did) == [attribute_changed(did, customer, added.timestamp + DAY, 0)]
    ended = did.revokeAttribute(customer, READING_KEY, VALUE, sender=customer)
    assert logs(ended, did) == [attribute_changed(did, customer, 0, added.block_number)]
    assert did.changed(customer) == ended.block_number


def test_setAttributeBySig_publishes_and_revokes(did, customer, attribute_intent, relayer):
    wanted = attribute_intent()
    added = did.setAttributeBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(added, did) == [attribute_changed(did, customer, added.timestamp + DAY, 0)]
    ending = attribute_intent(validity=0, nonce=2)
    ended = did.setAttributeBySig(ending.values, ending.sign(customer), sender=relayer)
    assert logs(ended, did) == [attribute_changed(did, customer, 0, added.block_number)]


# changed, previousChange


def test_the_events_of_an_identity_lead_back_to_its_first(
    did, customer, successor, friend, rival, relayer, owner_intent
):
    blocks = [0]
    for change in (
        lambda: did.setAttribute(customer, READING_KEY, VALUE, DAY, sender=customer),
        lambda: did.addDelegate(customer, VERIFIER, friend, DAY, sender=customer),
        lambda: did.changeOwner(customer, successor, sender=customer),
        lambda: did.revokeDelegate(customer, VERIFIER, friend, sender=successor),
        lambda: did.revokeAttribute(customer, READING_KEY, VALUE, sender=successor),
    ):
        did.setAttribute(rival, READING_KEY, VALUE, DAY, sender=rival)  # is another list
        receipt = change()
        [entry] = logs(receipt, did)
        assert entry.fields["previousChange"] == blocks[-1]
        blocks.append(receipt.block_number)
        assert did.changed(customer) == blocks[-1]
    assert blocks == sorted(set(blocks))


# What all signed requests have in common


@pytest.fixture
def requests(did, owner_intent, delegate_intent, attribute_intent, thief):
    """Each request: how it is made, how it is sent, and changes of what it is about."""
    return {
        "owner": (owner_intent, did.changeOwnerBySig, ({"newOwner": thief},)),
        "delegate": (
            delegate_intent,
            did.setDelegateBySig,
            ({"delegate": thief}, {"delegateType": SIGNER}, {"validity": 2 * DAY}),
        ),
        "attribute": (
            attribute_intent,
            did.setAttributeBySig,
            ({"name": VERIFIER}, {"value": b"other"}, {"validity": 2 * DAY}),
        ),
    }


REQUESTS = ("owner", "delegate", "attribute")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_reverts_if_forged_or_changed(
    did, project, requests, name, customer, thief, relayer
):
    make, send, changes = requests[name]
    wanted = make()
    attempts = [(wanted, forged) for forged in forgeries(wanted, customer, thief).values()]
    attempts += [
        (make(**change), wanted.sign(customer))
        for change in (*changes, {"nonce": 2}, {"deadline": ANY_TIME - 1})
    ]
    for tried, given in attempts:
        with reverts(
            project.DidRegistry.IntentSignatureInvalid, signer=customer, digest=tried.digest()
        ):
            send(tried.values, given, sender=relayer)
    other = make(identity=thief)
    with reverts(project.DidRegistry.IntentSignatureInvalid, signer=thief, digest=other.digest()):
        send(other.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_counts_once(did, project, requests, name, customer, relayer):
    make, send, _ = requests[name]
    wanted = make()
    # As its own successor the customer stays the signer.
    wanted = make(newOwner=customer) if name == "owner" else wanted
    send(wanted.values, wanted.sign(customer), sender=relayer)
    with reverts(project.DidRegistry.IntentNonceUsed, signer=customer, nonce=1):
        send(wanted.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_holds_until_its_deadline(did, project, requests, name, customer, relayer, clock):
    make, send, _ = requests[name]
    deadline = clock.now + 100
    wanted = make(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.DidRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        send(wanted.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_reverts_if_its_nonce_was_cancelled(
    did, project, requests, name, customer, relayer
):
    make, send, _ = requests[name]
    did.cancelNonce(1, sender=customer)
    wanted = make()
    with reverts(project.DidRegistry.IntentNonceUsed, signer=customer, nonce=1):
        send(wanted.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_for_the_customer_registry_is_none_here(
    registry, did, project, requests, name, customer, chain, relayer
):
    make, send, _ = requests[name]
    wanted = make()
    foreign = Domain("CustomerRegistry", registry.address, chain.chain_id)
    signature = type(wanted)(foreign, wanted.kind, wanted.types, wanted.values).sign(customer)
    with reverts(
        project.DidRegistry.IntentSignatureInvalid, signer=customer, digest=wanted.digest()
    ):
        send(wanted.values, signature, sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_of_an_identity_that_is_a_contract(
    did, project, accounts, requests, name, customer, thief, relayer
):
    make, send, _ = requests[name]
    wallet = project.WalletMock.deploy(customer, sender=accounts[0])
    wanted = make(identity=wallet)
    with reverts(project.DidRegistry.IntentSignatureInvalid, signer=wallet, digest=wanted.digest()):
        send(wanted.values, wanted.sign(thief), sender=relayer)
    send(wanted.values, wanted.sign(customer), sender=relayer)


# bind


def test_bind_lets_an_identity_follow_the_profile(did, registry, profile, customer):
    receipt = did.bind(customer, profile, sender=customer)
    assert logs(receipt, did) == [log(did, "IdentityBound", identity=customer, cid=profile)]
    assert did.cidOf(customer) == profile
    assert did.identityOf(profile) == customer.address
    assert did.identityOwner(customer) == customer.address


def test_bind_takes_an_identity_that_was_handed_over(did, profile, customer, friend):
    did.changeOwner(friend, customer, sender=friend)
    did.bind(friend, profile, sender=customer)
    assert did.identityOf(profile) == friend.address
    assert did.identityOwner(friend) == customer.address


def test_bind_is_only_for_who_controls_both(
    did, project, register, profile, customer, friend, thief
):
    own = register(thief, "thief")
    for caller, identity, cid in (
        (thief, thief, profile),  # not the profile
        (thief, customer, own),  # not the identity
        (thief, customer, profile),
        (customer, friend, profile),
        (customer, customer, own),
        (customer, customer, NOWHERE),
    ):
        with reverts(project.DidRegistry.IdentityNotBindable, identity=identity, cid=cid):
            did.bind(identity, cid, sender=caller)


def test_bind_is_for_ever_and_one_to_one(did, project, register, profile, customer, friend):
    second = register(customer, "second")
    did.changeOwner(friend, customer, sender=friend)
    did.bind(customer, profile, sender=customer)
    for identity, cid in ((customer, second), (friend, profile), (customer, profile)):
        with reverts(project.DidRegistry.IdentityNotBindable, identity=identity, cid=cid):
            did.bind(identity, cid, sender=customer)
    did.bind(friend, second, sender=customer)


def test_a_bound_identity_changes_hands_by_the_profile_alone(
    registry, did, project, profile, rotate, owner_intent, customer, successor, relayer
):
    did.bind(customer, profile, sender=customer)
    follows = {"identity": customer, "cid": profile}
    wanted = owner_intent()
    with reverts(project.DidRegistry.IdentityFollowsCustomer, **follows):
        did.changeOwner(customer, successor, sender=customer)
    with reverts(project.DidRegistry.IdentityFollowsCustomer, **follows):
        did.changeOwnerBySig(wanted.values, wanted.sign(customer), sender=relayer)

    rotate(profile, customer, successor)
    assert did.identityOwner(customer) == successor.address
    with reverts(project.DidRegistry.IdentityOwnerOnly, identity=customer, caller=customer):
        did.setAttribute(customer, READING_KEY, VALUE, DAY, sender=customer)
    did.setAttribute(customer, READING_KEY, VALUE, DAY, sender=successor)
    with reverts(project.DidRegistry.IdentityFollowsCustomer, **follows):
        did.changeOwner(customer, customer, sender=successor)


def test_an_identity_that_is_not_bound_stays_where_it_is(
    registry, did, profile, rotate, customer, successor
):
    receipt = rotate(profile, customer, successor)
    assert {entry.name for entry in logs(receipt, registry, did)} == {"ControllerRotated"}
    assert did.identityOwner(customer) == customer.address


def test_an_identity_that_has_ended_is_nobodys(
    registry, did, project, profile, customer, requests, relayer
):
    did.bind(customer, profile, sender=customer)
    registry.erase(profile, RECEIPT, sender=customer)
    assert did.identityOwner(customer) == ZERO
    for name in ("delegate", "attribute"):
        make, send, _ = requests[name]
        wanted = make()
        for signature in (wanted.sign(customer), b"", bytes(64), bytes(65)):
            with reverts(
                project.DidRegistry.IntentSignatureInvalid, signer=ZERO, digest=wanted.digest()
            ):
                send(wanted.values, signature, sender=relayer)
    with reverts(project.DidRegistry.IdentityOwnerOnly, identity=customer, caller=customer):
        did.setAttribute(customer, READING_KEY, VALUE, DAY, sender=customer)


# follow


def test_follow_is_for_the_customer_registry_alone(did, project, profile, customer, company, thief):
    did.bind(customer, profile, sender=customer)
    for caller in (customer, company, thief):
        with reverts(project.DidRegistry.CustomerRegistryOnly, caller=caller):
            did.follow(profile, thief, sender=caller)

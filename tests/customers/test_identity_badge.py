"""The badge: one per identity, bound to it, and it follows the identity's key."""

import json
from base64 import b64decode

import pytest

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.intents import ANY_TIME, RECEIPT, ZERO, forgeries, intent_of
from tests.fixtures.intents import address_of, compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

BOTH = 2  # IERC5484.BurnAuth
PSEUDONYM = 2**64 - 1
NO_SCHEMA = bytes(32)


def transferred(badge, sender, receiver, token):
    return log(badge, "Transfer", from_=sender, to=receiver, tokenId=token)


def id_of(identity, topic, pseudonym=PSEUDONYM):
    return int(address_of(identity), 16) << 96 | topic << 64 | pseudonym


@pytest.fixture
def domain(badge, domain_of):
    return domain_of(badge)


@pytest.fixture
def topic(attestations, company, attestor):
    """A topic of the company, in which the attestor stands."""
    topic = attestations.createTopic(1, NO_SCHEMA, sender=company).return_value
    attestations.admit(topic, attestor, 1, sender=company)
    return topic


@pytest.fixture
def grant(domain, topic, customer):
    """The attestor's word on the customer, unless the test says otherwise."""

    def grant_(**changes):
        values = {"identity": customer, "topic": topic, "pseudonym": PSEUDONYM}
        return intent_of(domain, "BadgeGrant", **values | changes)

    return grant_


@pytest.fixture
def mint(badge, grant, attestor):
    """Mints for an identity; by the identity itself unless the test says otherwise."""

    def mint_(identity, *, by=None, **changes):
        wanted = grant(identity=identity, **changes)
        return badge.mint(wanted.values, attestor, wanted.sign(attestor), sender=by or identity)

    return mint_


@pytest.fixture
def token(mint, customer):
    """The customer's badge."""
    return mint(customer).return_value


@pytest.fixture
def unknown(project):
    """What a badge that does not exist reverts with."""
    return lambda token: reverts(project.IdentityBadge.ERC721NonexistentToken, tokenId=token)


def test_the_badge_knows_its_registries(badge, attestations, registry, did, project, grant):
    assert project.AttestationRegistry.at(badge.ATTESTATIONS()).address == attestations.address
    assert badge.DID_REGISTRY() == did.address == attestations.DID_REGISTRY()
    assert registry.contract_type.name == project.CustomerRegistry.contract_type.name
    assert badge.DOMAIN_SEPARATOR() == grant().signable().header


@pytest.mark.parametrize(
    ("interface", "supported"),
    [
        ("0x01ffc9a7", True),  # ERC-165
        ("0x80ac58cd", True),  # ERC-721
        ("0x5b5e139f", True),  # its metadata
        ("0xb45a3c0e", True),  # ERC-5192
        ("0x0489b56f", True),  # ERC-5484
        ("0x780e9d63", False),  # ERC-721 enumerable
        ("0xffffffff", False),
    ],
)
def test_supportsInterface_names_the_standards(badge, interface, supported):
    assert badge.supportsInterface(interface) is supported


# mint


def test_mint_shows_that_the_identity_is_a_person(badge, topic, mint, customer, attestor):
    assert badge.badgeOf(customer) == 0
    receipt = mint(customer)
    token = id_of(customer, topic)
    assert receipt.return_value == token
    issued = {"from_": attestor, "to": customer, "tokenId": token, "burnAuth": BOTH}
    assert logs(receipt, badge) == [
        transferred(badge, ZERO, customer, token),
        log(badge, "Issued", **issued),
        log(badge, "Locked", tokenId=token),
    ]
    assert badge.ownerOf(token) == customer.address
    assert badge.balanceOf(customer) == 1
    assert badge.badgeOf(customer) == token
    assert badge.locked(token) is True
    assert badge.burnAuth(token) == BOTH
    assert badge.getApproved(token) == ZERO
    assert badge.isApprovedForAll(customer, attestor) is False
    uri = badge.tokenURI(token).removeprefix("data:application/json;base64,")
    assert json.loads(b64decode(uri)) == {"name": "Verified person"}
    assert (badge.name(), badge.symbol()) == ("crmdapp identity badge", "BADGE")


def test_tokenIdOf_has_a_place_for_each_part(badge, customer):
    for topic, pseudonym in ((0, 0), (2**32 - 1, 0), (0, 2**64 - 1), (5, 6)):
        expected = id_of(customer, topic, pseudonym)
        assert badge.tokenIdOf(customer, topic, pseudonym) == expected


def test_nobody_is_badged_against_their_will(badge, project, mint, customer, attestor, thief):
    for caller in (attestor, thief):
        wrong = {"identity": customer, "caller": caller}
        with reverts(project.IdentityBadge.BadgeCallerInvalid, **wrong):
            mint(customer, by=caller)
    assert badge.badgeOf(customer) == 0


def test_mint_reverts_without_a_pseudonym(project, mint, customer):
    with reverts(project.IdentityBadge.BadgePseudonymZero, identity=customer):
        mint(customer, pseudonym=0)


def test_mint_reverts_for_a_second_badge(badge, project, token, mint, customer, company):
    for pseudonym in (PSEUDONYM, 1):
        with reverts(project.IdentityBadge.BadgeKnown, identity=customer):
            mint(customer, pseudonym=pseudonym)
    badge.burn(token, sender=company)
    with reverts(project.IdentityBadge.BadgeKnown, identity=customer):
        mint(customer, pseudonym=1)
    assert badge.balanceOf(customer) == 0


def test_mint_reverts_for_who_does_not_stand(
    badge, project, attestations, grant, topic, company, attestor, examiner, rival, customer, clock
):
    # Who stands in a topic of their own lends no weight to this one.
    other = attestations.createTopic(1, NO_SCHEMA, sender=rival).return_value
    attestations.admit(other, examiner, 255, sender=rival)
    wanted = grant()
    wrong = {"topic": topic, "attestor": examiner}
    with reverts(project.IdentityBadge.BadgeAttestorInvalid, **wrong):
        badge.mint(wanted.values, examiner, wanted.sign(examiner), sender=customer)

    attestations.dismiss(topic, attestor, clock.now, sender=company)
    wrong = {"topic": topic, "attestor": attestor}
    with reverts(project.IdentityBadge.BadgeAttestorInvalid, **wrong):
        badge.mint(wanted.values, attestor, wanted.sign(attestor), sender=customer)


def test_mint_reverts_if_forged(badge, project, grant, customer, attestor, examiner):
    wanted = grant()
    for forged in forgeries(wanted, attestor, examiner).values():
        wrong = {"signer": attestor, "digest": wanted.digest()}
        with reverts(project.IdentityBadge.IntentSignatureInvalid, **wrong):
            badge.mint(wanted.values, attestor, forged, sender=customer)
    badge.mint(wanted.values, attestor, compact(wanted.sign(attestor)), sender=customer)


def test_mint_reverts_if_a_field_was_changed(
    badge, project, attestations, grant, topic, company, customer, friend, attestor
):
    other = attestations.createTopic(1, NO_SCHEMA, sender=company).return_value
    attestations.admit(other, attestor, 1, sender=company)
    signature = grant().sign(attestor)
    for sender, change in (
        (friend, {"identity": friend}),
        (customer, {"topic": other}),
        (customer, {"pseudonym": 1}),
        (customer, {"deadline": ANY_TIME - 1}),
    ):
        changed = grant(**change)
        wrong = {"signer": attestor, "digest": changed.digest()}
        with reverts(project.IdentityBadge.IntentSignatureInvalid, **wrong):
            badge.mint(changed.values, attestor, signature, sender=sender)


def test_mint_holds_until_its_deadline(badge, project, grant, customer, friend, attestor, clock):
    deadline = clock.now + 100
    in_time, late = (grant(identity=who, deadline=deadline) for who in (friend, customer))
    clock.set_next(deadline)
    badge.mint(in_time.values, attestor, in_time.sign(attestor), sender=friend)
    clock.set_next(deadline + 1)
    wrong = {"deadline": deadline, "timestamp": deadline + 1}
    with reverts(project.IdentityBadge.IntentExpired, **wrong):
        badge.mint(late.values, attestor, late.sign(attestor), sender=customer)


def test_mint_is_for_the_current_owner(badge, project, did, topic, mint, customer, successor):
    did.changeOwner(customer, successor, sender=customer)
    wrong = {"identity": customer, "caller": customer}
    with reverts(project.IdentityBadge.BadgeCallerInvalid, **wrong):
        mint(customer)
    token = mint(customer, by=successor).return_value
    assert token == id_of(customer, topic)
    assert badge.ownerOf(token) == successor.address
    assert [badge.balanceOf(each) for each in (customer, successor)] == [0, 1]
    assert badge.badgeOf(customer) == token
    assert badge.badgeOf(successor) == 0


# Bound


def test_a_badge_never_changes_hands_by_transfer(badge, project, token, customer, friend):
    for call in (
        lambda: badge.transferFrom.transact(customer, friend, token, sender=customer),
        lambda: badge.safeTransferFrom.transact(customer, friend, token, sender=customer),
        lambda: badge.safeTransferFrom.transact(customer, friend, token, b"data", sender=customer),
        lambda: badge.approve.transact(friend, token, sender=customer),
    ):
        with reverts(project.IdentityBadge.BadgeBound, tokenId=token):
            call()
    with reverts(project.IdentityBadge.BadgeBound, tokenId=0):
        badge.setApprovalForAll.transact(friend, True, sender=customer)
    assert badge.ownerOf(token) == customer.address


def test_what_does_not_exist_has_no_owner(badge, project, token, unknown, customer, friend):
    # Another pseudonym or topic of the same identity is another token.
    for other in (0, token ^ 1, token ^ 1 << 64, id_of(friend, token >> 64 & 0xFFFFFFFF)):
        for view in (badge.ownerOf, badge.locked, badge.burnAuth, badge.getApproved):
            with unknown(other):
                view.transact(other, sender=customer)
        with unknown(other):
            badge.tokenURI.transact(other, sender=customer)
        for call in (badge.follow, badge.burn):
            with unknown(other):
                call(other, sender=customer)
    with reverts(project.IdentityBadge.ERC721InvalidOwner, owner=ZERO):
        badge.balanceOf.transact(ZERO, sender=customer)


# follow


def test_follow_moves_the_badge_after_changeOwner(badge, did, token, customer, successor, outsider):
    unmoved = badge.follow(token, sender=outsider)
    assert logs(unmoved, badge) == []
    did.changeOwner(customer, successor, sender=customer)
    assert badge.ownerOf(token) == customer.address
    moved = badge.follow(token, sender=outsider)
    assert logs(moved, badge) == [transferred(badge, customer, successor, token)]
    assert badge.ownerOf(token) == successor.address
    assert [badge.balanceOf(each) for each in (customer, successor)] == [0, 1]
    assert badge.badgeOf(customer) == token
    # And back home.
    did.changeOwner(customer, customer, sender=successor)
    back = badge.follow(token, sender=outsider)
    assert logs(back, badge) == [transferred(badge, successor, customer, token)]
    assert [badge.balanceOf(each) for each in (customer, successor)] == [1, 0]


def test_follow_moves_the_badge_after_a_rotation(
    badge, did, token, profile, rotate, customer, successor, friend, outsider
):
    did.bind(customer, profile, sender=customer)
    rotate(profile, customer, successor)
    moved = badge.follow(token, sender=outsider)
    assert logs(moved, badge) == [transferred(badge, customer, successor, token)]
    rotate(profile, successor, friend)
    moved = badge.follow(token, sender=outsider)
    assert logs(moved, badge) == [transferred(badge, successor, friend, token)]
    assert [badge.balanceOf(each) for each in (customer, successor, friend)] == [0, 0, 1]


def test_follow_burns_the_badge_of_an_identity_that_ended(
    badge, did, registry, token, unknown, mint, profile, customer, outsider
):
    did.bind(customer, profile, sender=customer)
    registry.erase(profile, RECEIPT, sender=customer)
    burned = badge.follow(token, sender=outsider)
    assert logs(burned, badge) == [transferred(badge, customer, ZERO, token)]
    assert badge.badgeOf(customer) == 0
    assert badge.balanceOf(customer) == 0
    with unknown(token):
        badge.follow(token, sender=outsider)


def test_balances_count_badges_of_several_identities(
    badge, did, mint, topic, customer, friend, successor, outsider
):
    for identity in (customer, friend, successor):
        mint(identity)
    for identity in (customer, friend):
        did.changeOwner(identity, successor, sender=identity)
        badge.follow(id_of(identity, topic), sender=outsider)
    people = (customer, friend, successor)
    assert [badge.balanceOf(each) for each in people] == [0, 0, 3]
    # The successor's own identity goes to the friend.
    did.changeOwner(successor, friend, sender=successor)
    badge.follow(id_of(successor, topic), sender=outsider)
    assert [badge.balanceOf(each) for each in people] == [0, 1, 2]
    badge.burn(id_of(customer, topic), sender=successor)
    assert [badge.balanceOf(each) for each in people] == [0, 1, 1]
    badge.burn(id_of(successor, topic), sender=friend)
    assert [badge.balanceOf(each) for each in people] == [0, 0, 1]


# burn


def test_burn_by_the_holder_or_the_topics_owner(
    badge, mint, topic, unknown, customer, friend, company
):
    for identity, caller in ((customer, customer), (friend, company)):
        token = mint(identity).return_value
        burned = badge.burn(token, sender=caller)
        assert logs(burned, badge) == [transferred(badge, identity, ZERO, token)]
        assert badge.balanceOf(identity) == 0
        assert badge.badgeOf(identity) == 0
        with unknown(token):
            badge.ownerOf.transact(token, sender=caller)
        with unknown(token):
            badge.burn(token, sender=caller)


def test_burn_reverts_for_others(
    badge, project, attestations, token, customer, attestor, rival, thief
):
    attestations.createTopic(1, NO_SCHEMA, sender=rival)  # its owner has no say in this one
    for caller in (attestor, rival, thief):
        wrong = {"identity": customer, "caller": caller}
        with reverts(project.IdentityBadge.BadgeCallerInvalid, **wrong):
            badge.burn(token, sender=caller)
    assert badge.ownerOf(token) == customer.address


def test_burn_is_for_the_current_owners(
    badge, project, attestations, did, token, topic, customer, successor, company, rival
):
    did.changeOwner(customer, successor, sender=customer)
    attestations.offerTopic(topic, rival, sender=company)
    attestations.acceptTopic(topic, sender=rival)
    for caller in (customer, company):
        wrong = {"identity": customer, "caller": caller}
        with reverts(project.IdentityBadge.BadgeCallerInvalid, **wrong):
            badge.burn(token, sender=caller)
    # Though the badge has not followed yet.
    burned = badge.burn(token, sender=successor)
    assert logs(burned, badge) == [transferred(badge, customer, ZERO, token)]
    assert [badge.balanceOf(each) for each in (customer, successor)] == [0, 0]


def test_burn_is_for_the_topics_owner_of_today(
    badge, attestations, token, topic, customer, company, rival
):
    attestations.offerTopic(topic, rival, sender=company)
    attestations.acceptTopic(topic, sender=rival)
    badge.burn(token, sender=rival)
    assert badge.badgeOf(customer) == 0

"""Identity badges from Python, on a real chain."""

import pytest

from crmdapp.chain.errors import ERC721NonexistentToken, IntentExpired, IntentSignatureInvalid
from crmdapp.customers.badge import (
    PSEUDONYM_MAX,
    BadgeClient,
    SignedBadgeGrant,
    badge_domain,
    badge_grant,
    sign_badge,
)
from crmdapp.customers.did import DidClient
from crmdapp.customers.errors import BadgeAttestorInvalid, BadgeCallerInvalid, BadgeKnown
from crmdapp.errors import UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures

SCHEMA = b"\x55" * 32


@pytest.fixture
def topic(office):
    """A topic of the company, in which the attestor stands."""
    sender = office.sender("company")
    contract = office.connection.contract(
        "AttestationRegistry", office.manifest.address("AttestationRegistry")
    )
    for call in (
        contract.call("createTopic", 1, SCHEMA),
        contract.call("admit", 1, office.address("attestor"), 2),
    ):
        sender.wait(sender.send(call))
    assert contract.read("topicOf", 1).owner == office.address("company")
    return 1


@pytest.fixture
def badges(office):
    """The contract as the customer uses it."""
    return office.client("customer", BadgeClient)


@pytest.fixture
def identity(office):
    return office.address("customer")


@pytest.fixture
def granted(office, badges, identity, topic):
    def granted_(role="attestor", **values):
        settings = {"identity": identity, "topic": topic, "deadline": office.later(), **values}
        return sign_badge(badge_grant(**settings), office.signer(role), badges.domain)

    return granted_


def test_mint_gives_the_identity_s_owner_a_badge(office, badges, identity, granted):
    assert badges.badge(identity) is None
    badge = badges.mint(granted(pseudonym=4711))
    assert (badge.identity, badge.holder) == (identity, identity)
    assert (badge.topic, badge.pseudonym) == (1, 4711)
    assert badges.badge(identity) == badge
    with pytest.raises(BadgeKnown):
        badges.mint(granted(pseudonym=4712))


def test_mint_refuses(office, badges, identity, granted):
    with pytest.raises(BadgeAttestorInvalid):
        badges.mint(granted("outsider"))
    with pytest.raises(IntentExpired):
        badges.mint(granted(deadline=office.now - 1))
    signed = granted()
    forged = SignedBadgeGrant(
        badge_grant(identity=identity, topic=1, deadline=office.later(), pseudonym=9),
        signed.signer,
        signed.domain,
        signed.signature,
    )
    with pytest.raises(IntentSignatureInvalid):
        badges.mint(forged)
    with pytest.raises(BadgeCallerInvalid) as caught:
        office.client("outsider", BadgeClient).mint(granted())
    assert caught.value == BadgeCallerInvalid(identity, office.address("outsider"))


def test_mint_refuses_a_grant_for_another_contract(office, badges, identity, granted):
    grant = granted().grant
    for domain in (
        badge_domain(1, badges.contract.address),
        badge_domain(31337, "0x" + "12" * 20),
    ):
        with pytest.raises(UsageError, match="signed for another contract or chain"):
            badges.mint(sign_badge(grant, office.signer("attestor"), domain))


def test_a_badge_follows_its_identity(office, badges, identity, granted):
    badge = badges.mint(granted())
    office.client("customer", DidClient).change_owner(identity, office.address("successor"))
    assert badges.badge(identity).holder == identity
    office.client("outsider", BadgeClient).follow(badge.token_id)
    assert badges.badge(identity).holder == office.address("successor")


def test_burn_is_for_ever(office, badges, identity, granted):
    badge = badges.mint(granted())
    with pytest.raises(BadgeCallerInvalid):
        office.client("outsider", BadgeClient).burn(badge.token_id)
    badges.burn(badge.token_id)
    assert badges.badge(identity) is None
    with pytest.raises(ERC721NonexistentToken) as caught:
        badges.burn(badge.token_id)
    assert caught.value == ERC721NonexistentToken(badge.token_id)
    with pytest.raises(BadgeKnown):
        badges.mint(granted())


def test_a_grant_survives_json(granted):
    signed = granted()
    assert SignedBadgeGrant.from_json(signed.to_json()) == signed
    signed.require_signed_by_key()
    with pytest.raises(UsageError, match="primaryType must be BadgeGrant"):
        SignedBadgeGrant.from_json({"typedData": {"primaryType": "Coupon", "message": {}}})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"pseudonym": 0}, "pseudonym must be a whole number from 1"),
        ({"pseudonym": PSEUDONYM_MAX + 1}, "pseudonym must be"),
        ({"topic": 1 << 32}, "topic must be"),
        ({"deadline": 1 << 40}, "deadline must be"),
        ({"identity": "0x12"}, "is not an address"),
    ],
)
def test_badge_grant_refuses(values, message):
    settings = {"identity": "0x" + "12" * 20, "topic": 1, "deadline": 1, **values}
    with pytest.raises(UsageError, match=message):
        badge_grant(**settings)


def test_pseudonyms_are_drawn_at_random():
    settings = {"identity": "0x" + "12" * 20, "topic": 1, "deadline": 1}
    drawn = {badge_grant(**settings).pseudonym for _ in range(20)}
    assert len(drawn) == 20
    assert min(drawn) > 0

"""The registry from Python: scopes, profiles, keys, recovery, on a real chain."""

from dataclasses import replace

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.errors import IntentExpired, IntentNonceUsed, IntentSignatureInvalid
from crmdapp.customers.errors import (
    ApprovalSignerInvalid,
    ApprovalsInsufficient,
    AttestorInvalid,
    ControllerOnly,
    CustomerKnown,
    CustomerNotActive,
    EpochStale,
    GuardiansInvalid,
    MergeInvalid,
    MergeWindowClosed,
    RecoveryEarly,
    RecoveryMissing,
    ScopeOwnerOnly,
    ScopeUnknown,
    ScopeWithoutQuorum,
    SelfRegistrationClosed,
)
from crmdapp.customers.events import (
    ControllerRotated,
    CustomerErased,
    CustomerRegistered,
    CustomersMerged,
    CustomersUnmerged,
    GuardiansAnnounced,
    ProfileRootSet,
    RecoveryProposed,
    RecoveryVetoed,
    TagLinked,
)
from crmdapp.customers.models import (
    Attestor,
    CustomerStatus,
    Guardians,
    id_of,
    moment,
    self_tag,
)
from crmdapp.customers.registry_intents import (
    EraseIntent,
    GuardiansIntent,
    MergeIntent,
    RecoveryIntent,
    Registration,
    RootIntent,
    RotateIntent,
    TagLink,
    UnmergeIntent,
    VetoIntent,
)
from crmdapp.customers.registry_signing import registry_domain, sign_registry
from crmdapp.errors import UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures
from tests.customers.registry_office import DAY, ROOT

UNKNOWN = b"\x77" * 31 + b"\0"
OTHER_ROOT = keccak(b"another root")
RECEIPT = keccak(b"receipt of an erasure")


@pytest.fixture
def company(office):
    """Opens scopes, pays the gas."""
    return office.client("company")


@pytest.fixture
def customer(office):
    """Speaks for a profile."""
    return office.client("customer")


@pytest.fixture
def outsider(office):
    """Has no role at all."""
    return office.client("outsider")


@pytest.fixture
def signed(office, company):
    """The same intent, signed by each role that is named."""

    def signed_(intent, *roles):
        return [sign_registry(intent, office.signer(role), company.domain) for role in roles]

    return signed_


@pytest.fixture
def second(office, scope):
    """The friend's profile."""
    return office.register(scope, "friend")


# --------------------------------------------------------------------------- scopes


def test_create_scope_keeps_its_settings(office, company):
    scope = company.create_scope(
        {office.address("attestor"): 3}, recovery_delay=2 * DAY, quorum=1, self_registration=True
    )
    assert (scope.owner, scope.recovery_delay) == (office.address("company"), 2 * DAY)
    assert (scope.quorum, scope.self_registration) == (1, True)
    assert scope.created_at == moment(office.now)
    assert company.scope(scope.id) == scope
    attestor = company.attestor(scope.id, office.address("attestor"))
    assert attestor == Attestor(scope.id, office.address("attestor"), 3, moment(office.now))
    assert company.attestor(scope.id, office.address("outsider")).level == 0


def test_create_scope_happens_once_under_a_key(office, company):
    settings = {"recovery_delay": DAY, "key": "our scope"}
    first = company.create_scope({office.address("attestor"): 1}, **settings)
    assert company.create_scope({office.address("attestor"): 1}, **settings) == first


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recovery_delay": DAY - 1}, "recovery_delay must be a whole number from 86,400"),
        ({"recovery_delay": 365 * DAY + 1}, "to 31,536,000"),
        ({"recovery_delay": DAY, "quorum": 2}, "quorum must be a whole number from 0 to 1"),
        ({"recovery_delay": DAY, "level": 0}, "level must be a whole number from 1 to 255"),
        ({"recovery_delay": DAY, "level": 256}, "level must be a whole number from 1 to 255"),
    ],
)
def test_create_scope_refuses_settings_out_of_range(office, company, settings, message):
    attestors = {office.address("attestor"): settings.pop("level", 1)}
    with pytest.raises(UsageError, match=message):
        company.create_scope(attestors, **settings)


def test_scope_raises_if_there_is_none(company):
    with pytest.raises(ScopeUnknown) as caught:
        company.scope(99)
    assert caught.value == ScopeUnknown(99)


def test_set_attestor_waits_for_the_delay(office, company, scope, outsider):
    with pytest.raises(ScopeOwnerOnly):
        outsider.set_attestor(scope, office.address("outsider"), 3)
    company.set_attestor(scope, office.address("outsider"), 2)
    attestor = company.attestor(scope, office.address("outsider"))
    assert (attestor.level, attestor.active_at) == (2, moment(office.now + DAY))
    company.set_attestor(scope, office.address("outsider"), 0)
    assert company.attestor(scope, office.address("outsider")).level == 0
    with pytest.raises(UsageError, match="level must be"):
        company.set_attestor(scope, office.address("outsider"), 256)


def test_a_scope_changes_hands(office, company, scope, outsider):
    outsider_address = office.address("outsider")
    with pytest.raises(ScopeOwnerOnly):
        outsider.send(outsider.prepare.accept_scope(scope))
    company.send(company.prepare.offer_scope(scope, outsider_address))
    outsider.send(outsider.prepare.accept_scope(scope))
    assert company.scope(scope).owner == outsider_address


# --------------------------------------------------------------------------- registration


def test_register_keeps_the_profile(office, company, scope):
    tag = keccak(b"tag")
    profile = office.register(scope, tag=tag, level=3)
    assert profile.cid == company.id_of(scope, tag) == company.contract.read("idOf", scope, tag)
    assert profile.cid == id_of(31337, company.contract.address, scope, tag)
    assert profile.controller == office.address("customer")
    assert (profile.scope, profile.epoch, profile.level) == (scope, 0, 3)
    assert (profile.status, profile.registered_at) == (CustomerStatus.ACTIVE, moment(office.now))
    assert company.resolve(profile.cid) == profile.cid
    assert company.customer(profile.cid) == profile


def test_nobody_is_known_at_an_unused_id(company, scope):
    nobody = company.customer(UNKNOWN)
    assert (nobody.status, nobody.controller) == (CustomerStatus.NONE, None)
    assert nobody.registered_at is None
    assert company.resolve(UNKNOWN) is None
    assert company.merge_of(UNKNOWN) is None
    assert company.guardians_hash(UNKNOWN) is None
    assert company.recoveries(UNKNOWN) == ()


def test_register_refuses_who_may_not_attest(office, company, scope, signed):
    def registration(**values):
        settings = {
            "scope": scope,
            "tag": keccak(b"tag"),
            "root": ROOT,
            "controller": office.address("customer"),
            "level": 3,
            "deadline": office.later(),
        }
        return Registration(**(settings | values))

    (by_examiner,) = signed(registration(), "examiner")
    with pytest.raises(AttestorInvalid) as caught:
        company.register(by_examiner)
    assert caught.value == AttestorInvalid(scope, office.address("examiner"), 3)
    (late,) = signed(registration(deadline=office.now - 1), "attestor")
    with pytest.raises(IntentExpired):
        company.register(late)
    (forged,) = signed(registration(), "outsider")
    forged = type(forged)(
        forged.intent, office.address("attestor"), forged.domain, forged.signature
    )
    with pytest.raises(IntentSignatureInvalid):
        company.register(forged)


def test_register_refuses_a_tag_that_is_taken(office, scope, profile):
    with pytest.raises(CustomerKnown) as caught:
        office.register(scope)
    assert caught.value == CustomerKnown(profile.cid, CustomerStatus.ACTIVE)


def test_register_self_needs_no_attestor(office, outsider, scope):
    salt = keccak(b"salt")
    with pytest.raises(SelfRegistrationClosed):
        outsider.register_self(scope, salt, ROOT)
    open_ = office.open_scope(self_registration=True)
    mine = outsider.register_self(open_.id, salt, ROOT)
    assert mine.cid == outsider.id_of(open_.id, self_tag(office.address("outsider"), salt))
    assert (mine.level, mine.controller) == (0, office.address("outsider"))
    with pytest.raises(CustomerKnown):
        outsider.register_self(open_.id, salt, ROOT)


def test_submit_refuses_what_was_signed_for_another_place(office, company, profile):
    elsewhere = (
        registry_domain(31337, "0x" + "12" * 20),
        registry_domain(1, company.contract.address),
    )
    intent = RootIntent(profile.cid, ROOT, 0, 1, office.later())
    for domain in elsewhere:
        with pytest.raises(UsageError, match="signed for another registry or chain"):
            company.submit(sign_registry(intent, office.signer("customer"), domain))


def test_submit_refuses_what_needs_several_signatures(office, company, profile, signed):
    (alone,) = signed(
        RotateIntent(profile.cid, office.address("successor"), 0, office.later()), "customer"
    )
    with pytest.raises(UsageError, match="A RotateIntent needs the signatures of several"):
        company.submit(alone)


# --------------------------------------------------------------------------- links and merges


def test_a_linked_tag_leads_to_the_profile(office, company, scope, profile, signed):
    tag = keccak(b"second tag")
    (link,) = signed(TagLink(tag, profile.cid, 0, office.later()), "examiner")
    receipt = company.submit(link)
    further = company.id_of(scope, tag)
    assert receipt.events_of(TagLinked) == [TagLinked(further, profile.cid)]
    assert company.resolve(further) == profile.cid
    assert company.customer(further).status is CustomerStatus.LINKED
    with pytest.raises(CustomerKnown):
        company.submit(link)
    (stale,) = signed(TagLink(keccak(b"third"), profile.cid, 1, office.later()), "examiner")
    with pytest.raises(EpochStale):
        company.submit(stale)


def merge_of(office, first, second, nonce=1):
    return MergeIntent(first.cid, second.cid, 0, 0, nonce, office.later())


def test_merge_by_both_controllers(office, company, profile, second, signed):
    both = signed(merge_of(office, profile, second), "friend", "customer")
    company.merge(both)
    assert company.resolve(profile.cid) == second.cid
    assert company.customer(profile.cid).status is CustomerStatus.MERGED
    merged = company.merge_of(profile.cid)
    assert (merged.into, merged.closes_at) == (second.cid, moment(office.now + 2 * DAY))
    assert company.merge_of(second.cid) is None
    with pytest.raises(CustomerNotActive):
        company.merge(both)


def test_unmerge_by_either_within_the_window(office, company, profile, second, signed):
    company.merge(signed(merge_of(office, profile, second), "friend", "customer"))
    intent = UnmergeIntent(profile.cid, 2, office.later(10 * DAY))
    with pytest.raises(ApprovalSignerInvalid):
        company.unmerge(signed(intent, "outsider"))
    mark = office.node.snapshot()
    company.unmerge(signed(intent, "customer"))
    assert company.resolve(profile.cid) == profile.cid
    assert company.merge_of(profile.cid) is None
    office.node.revert(mark)
    office.node.advance(2 * DAY)
    with pytest.raises(MergeWindowClosed):
        office.client("outsider").unmerge(signed(intent, "friend"))


def test_merge_by_a_quorum_of_attestors(office, company, signed):
    scope = office.open_scope(quorum=2).id
    first, second = office.register(scope), office.register(scope, "friend")
    intent = merge_of(office, first, second)
    with pytest.raises(ApprovalsInsufficient) as caught:
        company.merge(signed(intent, "attestor"))
    assert caught.value == ApprovalsInsufficient(2, 1)
    with pytest.raises(ApprovalSignerInvalid) as caught:
        company.merge(signed(intent, "attestor", "outsider"))
    assert caught.value == ApprovalSignerInvalid(office.address("outsider"))
    company.merge(signed(intent, "examiner", "attestor"))
    assert company.resolve(first.cid) == second.cid


def test_merge_refuses_two_scopes_and_no_quorum(office, company, profile, signed):
    elsewhere = office.open_scope(quorum=0).id
    other = office.register(elsewhere, "friend")
    with pytest.raises(MergeInvalid):
        company.merge(signed(merge_of(office, profile, other), "customer", "friend"))
    beside = office.register(elsewhere, "relative")
    with pytest.raises(ScopeWithoutQuorum):
        company.merge(signed(merge_of(office, other, beside), "attestor", "examiner"))


def test_merge_refuses_other_intents(office, company, profile, second, signed):
    one = signed(merge_of(office, profile, second), "customer")
    other = signed(merge_of(office, profile, second, nonce=2), "friend")
    with pytest.raises(UsageError, match="under different intents"):
        company.merge(one + other)
    with pytest.raises(UsageError, match="signed a UnmergeIntent, no MergeIntent"):
        company.merge(signed(UnmergeIntent(profile.cid, 1, office.later()), "customer"))
    with pytest.raises(UsageError, match="Nobody has signed"):
        company.merge([])


# --------------------------------------------------------------------------- keys


@pytest.fixture
def rotation(office, profile):
    return RotateIntent(profile.cid, office.address("successor"), 0, office.later())


def test_rotate_by_both_keys_whoever_submits(office, outsider, profile, rotation, signed):
    outsider.rotate(signed(rotation, "successor", "customer"))
    after = outsider.customer(profile.cid)
    assert (after.controller, after.epoch) == (office.address("successor"), 1)
    with pytest.raises(EpochStale):
        outsider.rotate(signed(rotation, "successor", "customer"))


def test_rotate_by_the_old_key_itself(office, customer, outsider, profile, rotation, signed):
    possession = signed(rotation, "successor")
    with pytest.raises(ControllerOnly) as caught:
        outsider.rotate(possession)
    assert caught.value == ControllerOnly(profile.cid, office.address("outsider"))
    customer.rotate(possession)
    assert customer.customer(profile.cid).controller == office.address("successor")


def test_rotate_needs_the_new_key(office, customer, rotation, signed):
    with pytest.raises(UsageError, match="has not signed"):
        customer.rotate(signed(rotation, "customer"))
    with pytest.raises(UsageError, match="nobody else"):
        customer.rotate(signed(rotation, "customer", "successor", "outsider"))
    with pytest.raises(UsageError, match="Somebody signed twice"):
        customer.rotate(signed(rotation, "successor", "successor"))


def test_the_old_key_has_no_power_any_more(office, customer, profile, rotation, signed):
    customer.rotate(signed(rotation, "successor"))
    with pytest.raises(ControllerOnly):
        customer.send(customer.prepare.set_root(profile.cid, OTHER_ROOT))
    (old,) = signed(RootIntent(profile.cid, OTHER_ROOT, 0, 7, office.later()), "customer")
    with pytest.raises(EpochStale):
        customer.submit(old)
    (new,) = signed(RootIntent(profile.cid, OTHER_ROOT, 1, 7, office.later()), "successor")
    assert customer.submit(new).events_of(ProfileRootSet) == [
        ProfileRootSet(profile.cid, OTHER_ROOT)
    ]
    with pytest.raises(IntentNonceUsed):
        customer.submit(new)


# --------------------------------------------------------------------------- recovery


@pytest.fixture
def guardians(office):
    return Guardians.of([office.address("guardian"), office.address("relative")], 2)


@pytest.fixture
def guarded(office, customer, profile, guardians):
    """The profile, whose guardians count already."""
    customer.send(customer.prepare.set_guardians(profile.cid, guardians.hash))
    assert customer.guardians_hash(profile.cid) is None
    office.node.advance(DAY)
    assert customer.guardians_hash(profile.cid) == guardians.hash
    return profile


@pytest.fixture
def recovery(office, guarded):
    return RecoveryIntent(
        guarded.cid, office.address("successor"), True, 0, 5, office.later(30 * DAY)
    )


def test_guardians_recover_after_the_delay(office, outsider, guarded, guardians, recovery, signed):
    all_of_them = signed(recovery, "successor", "relative", "guardian")
    outsider.propose_recovery(all_of_them, guardians)
    (pending,) = outsider.recoveries(guarded.cid)
    assert pending.new_controller == office.address("successor")
    assert (pending.ready_at, pending.by_guardians) == (moment(office.now + DAY), True)
    with pytest.raises(RecoveryEarly):
        outsider.recover(guarded.cid, by_guardians=True)
    with pytest.raises(RecoveryMissing):
        outsider.recover(guarded.cid, by_guardians=False)
    office.node.advance(DAY)
    outsider.recover(guarded.cid, by_guardians=True)
    after = outsider.customer(guarded.cid)
    assert (after.controller, after.epoch) == (office.address("successor"), 1)
    assert outsider.recoveries(guarded.cid) == ()


def test_guardians_are_checked_before_anything_is_sent(
    office, outsider, guardians, recovery, signed
):
    with pytest.raises(UsageError, match="1 guardians have signed, 2 are needed"):
        outsider.propose_recovery(signed(recovery, "successor", "guardian"), guardians)
    with pytest.raises(UsageError, match="is none of the guardians"):
        outsider.propose_recovery(signed(recovery, "successor", "guardian", "outsider"), guardians)
    with pytest.raises(UsageError, match="has not signed"):
        outsider.propose_recovery(signed(recovery, "guardian", "relative"), guardians)
    with pytest.raises(UsageError, match="Nobody has signed"):
        outsider.propose_recovery(signed(recovery, "successor"), guardians)


def test_a_word_for_one_kind_of_recovery_is_none_for_the_other(
    office, outsider, guardians, recovery, signed
):
    with pytest.raises(UsageError, match="is a recovery by guardians"):
        outsider.propose_recovery(signed(recovery, "successor", "attestor"))
    other = replace(recovery, by_guardians=False)
    with pytest.raises(UsageError, match="is a recovery by attestors"):
        outsider.propose_recovery(signed(other, "successor", "guardian", "relative"), guardians)


def test_other_guardians_than_the_chain_has_are_refused(
    office, outsider, guarded, guardians, recovery, signed
):
    others = Guardians(guardians.accounts, 1, guardians.salt)
    with pytest.raises(GuardiansInvalid) as caught:
        outsider.propose_recovery(signed(recovery, "successor", "guardian"), others)
    assert caught.value == GuardiansInvalid(guarded.cid, others.hash)


def test_the_controller_stops_a_recovery(
    office, customer, outsider, guarded, guardians, recovery, signed
):
    everybody = signed(recovery, "successor", "relative", "guardian")
    outsider.propose_recovery(everybody, guardians)
    mark = office.node.snapshot()
    customer.send(customer.prepare.veto_recovery(guarded.cid))
    assert customer.recoveries(guarded.cid) == ()
    office.node.revert(mark)
    veto = VetoIntent(guarded.cid, office.address("successor"), 0, 6, office.later())
    (by_outsider,) = signed(veto, "outsider")
    with pytest.raises(IntentSignatureInvalid):
        outsider.submit(by_outsider)
    (by_customer,) = signed(veto, "customer")
    assert outsider.submit(by_customer).events_of(RecoveryVetoed) == [
        RecoveryVetoed(guarded.cid, office.address("successor"))
    ]
    office.node.advance(DAY)
    with pytest.raises(RecoveryMissing):
        outsider.recover(guarded.cid, by_guardians=True)


def test_attestors_recover_and_nobody_vetoes(office, customer, outsider, profile, signed):
    intent = RecoveryIntent(
        profile.cid, office.address("successor"), False, 0, 5, office.later(9 * DAY)
    )
    outsider.propose_recovery(signed(intent, "successor", "attestor"))
    with pytest.raises(RecoveryMissing):
        customer.send(customer.prepare.veto_recovery(profile.cid))
    office.node.advance(DAY)
    outsider.recover(profile.cid, by_guardians=False)
    assert outsider.customer(profile.cid).controller == office.address("successor")


# --------------------------------------------------------------------------- erasure and history


def test_an_erased_profile_speaks_no_more(office, outsider, profile, signed):
    (erasure,) = signed(EraseIntent(profile.cid, RECEIPT, 0, office.later()), "customer")
    receipt = outsider.submit(erasure)
    assert receipt.events_of(CustomerErased) == [CustomerErased(profile.cid, RECEIPT)]
    after = outsider.customer(profile.cid)
    assert (after.status, after.controller) == (CustomerStatus.ERASED, None)
    with pytest.raises(CustomerNotActive) as caught:
        outsider.submit(erasure)
    assert caught.value == CustomerNotActive(profile.cid, CustomerStatus.ERASED)


def test_history_tells_everything_in_order(office, company, customer, scope, signed):
    first, second = office.register(scope), office.register(scope, "friend")
    (link,) = signed(TagLink(keccak(b"t"), first.cid, 0, office.later()), "attestor")
    company.submit(link)
    guardians = Guardians.of([office.address("guardian")], 1)
    names = GuardiansIntent(first.cid, guardians.hash, 0, 9, office.later())
    company.submit(*signed(names, "customer"))
    company.merge(signed(merge_of(office, first, second, 20), "friend", "customer"))
    company.unmerge(signed(UnmergeIntent(first.cid, 21, office.later()), "customer"))
    office.node.advance(DAY)
    rescue = RecoveryIntent(
        first.cid, office.address("successor"), True, 0, 30, office.later(9 * DAY)
    )
    company.propose_recovery(signed(rescue, "successor", "guardian"), guardians)
    customer.send(customer.prepare.veto_recovery(first.cid))
    rotation = RotateIntent(first.cid, office.address("successor"), 0, office.later())
    company.rotate(signed(rotation, "customer", "successor"))
    company.submit(*signed(RootIntent(first.cid, OTHER_ROOT, 1, 1, office.later()), "successor"))
    company.submit(*signed(EraseIntent(first.cid, RECEIPT, 1, office.later()), "successor"))
    assert [type(log.event) for log in company.history(first.cid)] == [
        CustomerRegistered,
        TagLinked,
        GuardiansAnnounced,
        CustomersMerged,
        CustomersUnmerged,
        RecoveryProposed,
        RecoveryVetoed,
        ControllerRotated,
        ProfileRootSet,
        CustomerErased,
    ]
    assert [type(log.event) for log in company.history(second.cid)] == [
        CustomerRegistered,
        CustomersMerged,
        CustomersUnmerged,
    ]


def test_did_registry_is_the_one_of_the_manifest(office, company):
    assert company.did_registry == office.manifest.address("DidRegistry")

"""Scopes: who owns them, and whose signatures count in them."""

import pytest

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY, DELAY
from tests.customers.intents import ROOT, ZERO, tag_of
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

UNKNOWN = (0, 2, 2**24, 2**256 - 1)


def word(text):
    return text.encode().ljust(32, b"\0")


def attestor_set(registry, scope, attestor, level, active_at):
    return log(
        registry,
        "AttestorSet",
        scope=scope,
        attestor=attestor,
        level=level,
        activeAt=active_at,
    )


@pytest.fixture
def registration(signed, scope, customer):
    """What an attestor signs about the customer."""
    return lambda level: signed(
        "Registration",
        scope=scope,
        tag=tag_of("customer"),
        root=ROOT,
        controller=customer,
        level=level,
    )


# createScope


def test_createScope_gives_the_scope_to_the_caller(registry, company, attestor, examiner):
    receipt = registry.createScope(DELAY, 2, True, [attestor, examiner], [3, 255], sender=company)
    scope, now = receipt.return_value, receipt.timestamp

    assert scope == 1
    assert logs(receipt, registry) == [
        log(registry, "ScopeCreated", scope=1, owner=company),
        attestor_set(registry, 1, attestor, 3, now),
        attestor_set(registry, 1, examiner, 255, now),
    ]
    assert tuple(registry.scopeOf(1)) == (company.address, now, DELAY, 2, True)
    assert tuple(registry.attestorOf(1, attestor)) == (3, now)
    assert tuple(registry.attestorOf(1, examiner)) == (255, now)


def test_createScope_is_open_to_anyone(registry, company, rival, attestor):
    scopes = [
        registry.createScope(DELAY, 0, False, [], [], sender=owner).return_value
        for owner in (company, rival, company)
    ]

    assert scopes == [1, 2, 3]
    assert registry.scopeOf(2).owner == rival.address
    assert registry.scopeOf(3).selfRegistration is False
    # An attestor of one scope is nobody in another.
    registry.createScope(DELAY, 1, False, [attestor], [1], sender=company)
    assert [registry.isAttestor(scope, attestor, 1) for scope in (1, 2, 3, 4)] == [
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("delay", [DAY, 365 * DAY])
def test_createScope_takes_the_shortest_and_the_longest_delay(registry, company, delay):
    registry.createScope(delay, 0, False, [], [], sender=company)
    assert registry.scopeOf(1).recoveryDelay == delay


@pytest.mark.parametrize("delay", [0, DAY - 1, 365 * DAY + 1, 2**32 - 1])
def test_createScope_reverts_if_the_delay_is_out_of_range(registry, project, company, delay):
    with reverts(
        project.CustomerRegistry.ScopeSettingInvalid, setting=word("recoveryDelay"), value=delay
    ):
        registry.createScope(delay, 0, False, [], [], sender=company)


def test_createScope_reverts_if_the_quorum_exceeds_the_attestors(
    registry, project, company, attestor
):
    with reverts(project.CustomerRegistry.ScopeSettingInvalid, setting=word("quorum"), value=2):
        registry.createScope(DELAY, 2, False, [attestor], [1], sender=company)
    registry.createScope(DELAY, 1, False, [attestor], [1], sender=company)


@pytest.mark.parametrize("levels", [[], [1], [1, 1, 1]])
def test_createScope_reverts_if_a_level_is_missing(
    registry, project, company, attestor, examiner, levels
):
    with reverts(
        project.CustomerRegistry.ScopeSettingInvalid, setting=word("levels"), value=len(levels)
    ):
        registry.createScope(DELAY, 0, False, [attestor, examiner], levels, sender=company)


def test_createScope_reverts_if_an_attestor_is_named_twice(registry, project, company, attestor):
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=1, attestor=attestor, level=2):
        registry.createScope(DELAY, 2, False, [attestor, attestor], [3, 2], sender=company)


def test_createScope_reverts_if_an_attestor_is_zero(registry, project, company):
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=1, attestor=ZERO, level=3):
        registry.createScope(DELAY, 0, False, [ZERO], [3], sender=company)


def test_createScope_reverts_if_a_level_is_zero(registry, project, company, attestor):
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=1, attestor=attestor, level=0):
        registry.createScope(DELAY, 0, False, [attestor], [0], sender=company)


# offerScope, acceptScope


def test_acceptScope_moves_a_scope_that_was_offered(registry, project, scope, company, rival):
    offered = registry.offerScope(scope, rival, sender=company)
    assert logs(offered, registry) == [
        log(registry, "ScopeOwnershipOffered", scope=scope, newOwner=rival)
    ]
    assert registry.scopeOf(scope).owner == company.address

    accepted = registry.acceptScope(scope, sender=rival)
    assert logs(accepted, registry) == [
        log(registry, "ScopeOwnershipAccepted", scope=scope, owner=rival)
    ]
    assert registry.scopeOf(scope).owner == rival.address
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=company):
        registry.offerScope(scope, company, sender=company)
    # An offer is good once.
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=rival):
        registry.acceptScope(scope, sender=rival)
    registry.offerScope(scope, company, sender=rival)
    registry.acceptScope(scope, sender=company)
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=rival):
        registry.acceptScope(scope, sender=rival)


def test_acceptScope_is_only_for_who_was_offered(registry, project, scope, company, rival, thief):
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=thief):
        registry.acceptScope(scope, sender=thief)

    registry.offerScope(scope, rival, sender=company)
    for caller in (thief, company):
        with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=caller):
            registry.acceptScope(scope, sender=caller)


def test_offerScope_replaces_or_takes_back_the_last_offer(
    registry, project, scope, company, rival, friend
):
    registry.offerScope(scope, rival, sender=company)
    registry.offerScope(scope, friend, sender=company)
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=rival):
        registry.acceptScope(scope, sender=rival)
    registry.offerScope(scope, ZERO, sender=company)
    with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=friend):
        registry.acceptScope(scope, sender=friend)


def test_offerScope_reverts_for_others(registry, project, scope, attestor, thief):
    for caller in (attestor, thief):
        with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=caller):
            registry.offerScope(scope, caller, sender=caller)


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_offerScope_and_setAttestor_revert_if_the_scope_is_unknown(
    registry, project, scope, company, attestor, unknown
):
    with reverts(project.CustomerRegistry.ScopeUnknown, scope=unknown):
        registry.offerScope(unknown, company, sender=company)
    with reverts(project.CustomerRegistry.ScopeUnknown, scope=unknown):
        registry.setAttestor(unknown, attestor, 1, sender=company)
    assert tuple(registry.scopeOf(unknown)) == (ZERO, 0, 0, 0, False)


# setAttestor


def test_setAttestor_lets_a_new_one_wait(
    registry, project, scope, company, rival, registration, relayer, clock
):
    receipt = registry.setAttestor(scope, rival, 2, sender=company)
    active_at = receipt.timestamp + DELAY
    assert logs(receipt, registry) == [attestor_set(registry, scope, rival, 2, active_at)]
    assert tuple(registry.attestorOf(scope, rival)) == (2, active_at)

    wanted = registration(2)
    clock.set_next(active_at - 1)
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=rival, level=2):
        registry.register(wanted.values, rival, wanted.sign(rival), sender=relayer)
    assert registry.isAttestor(scope, rival, 0) is False

    clock.set_next(active_at)
    registry.register(wanted.values, rival, wanted.sign(rival), sender=relayer)
    assert registry.isAttestor(scope, rival, 2) is True
    assert registry.isAttestor(scope, rival, 3) is False


def test_setAttestor_lets_one_who_rises_wait_again(registry, scope, company, auditor, clock):
    assert registry.isAttestor(scope, auditor, 1) is True
    active_at = registry.setAttestor(scope, auditor, 3, sender=company).timestamp + DELAY

    # The old level does not count in the meantime either.
    assert registry.isAttestor(scope, auditor, 1) is False
    clock.set(active_at)
    assert registry.isAttestor(scope, auditor, 3) is True


def test_setAttestor_lowers_at_once(
    registry, project, scope, company, attestor, registration, relayer
):
    since = registry.attestorOf(scope, attestor).activeAt
    receipt = registry.setAttestor(scope, attestor, 1, sender=company)
    assert logs(receipt, registry) == [attestor_set(registry, scope, attestor, 1, since)]

    wanted = registration(2)
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=attestor, level=2):
        registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    lower = registration(1)
    registry.register(lower.values, attestor, lower.sign(attestor), sender=relayer)


def test_setAttestor_lowering_does_not_shorten_a_wait(registry, scope, company, rival, clock):
    active_at = registry.setAttestor(scope, rival, 3, sender=company).timestamp + DELAY
    registry.setAttestor(scope, rival, 1, sender=company)

    assert tuple(registry.attestorOf(scope, rival)) == (1, active_at)
    clock.set(active_at - 1)
    assert registry.isAttestor(scope, rival, 1) is False
    clock.set(active_at)
    assert registry.isAttestor(scope, rival, 1) is True


def test_setAttestor_removes_at_once_and_for_good(
    registry, project, scope, company, attestor, registration, relayer, clock
):
    wanted = registration(2)
    receipt = registry.setAttestor(scope, attestor, 0, sender=company)
    [removed] = logs(receipt, registry)
    assert (removed.name, removed.fields["level"]) == ("AttestorSet", 0)
    assert tuple(registry.attestorOf(scope, attestor)) == (0, 0)
    assert registry.isAttestor(scope, attestor, 0) is False

    # What it signed before counts as little as what it signs now.
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=attestor, level=2):
        registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    # Who comes back waits like anybody.
    active_at = registry.setAttestor(scope, attestor, 2, sender=company).timestamp + DELAY
    clock.set(active_at - 1)
    assert registry.isAttestor(scope, attestor, 2) is False
    clock.set(active_at)
    assert registry.isAttestor(scope, attestor, 2) is True


def test_setAttestor_reverts_for_others(registry, project, scope, attestor, rival, thief):
    foreign = registry.createScope(DELAY, 0, False, [], [], sender=rival).return_value
    for caller in (attestor, rival, thief):
        with reverts(project.CustomerRegistry.ScopeOwnerOnly, scope=scope, caller=caller):
            registry.setAttestor(scope, thief, 3, sender=caller)
    registry.setAttestor(foreign, thief, 3, sender=rival)


def test_setAttestor_reverts_if_the_attestor_is_zero(registry, project, scope, company):
    for level in (0, 1):
        with reverts(
            project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=ZERO, level=level
        ):
            registry.setAttestor(scope, ZERO, level, sender=company)


# isAttestor


def test_isAttestor_knows_who_may_give_which_level(registry, scope, attestor, examiner, thief):
    given = {
        who: [registry.isAttestor(scope, who, level) for level in range(5)]
        for who in (attestor, examiner, thief)
    }
    assert given == {
        attestor: [True, True, True, True, False],
        examiner: [True, True, True, False, False],
        thief: [False] * 5,
    }


def test_createScope_ends_at_the_last_number_a_profile_can_name(
    registry, project, chain, scope, company
):
    node, last = chain.provider, 2**24 - 1
    # The count of scopes: the one word that is 1 after the first.
    [slot] = [
        slot
        for slot in range(16)
        if int.from_bytes(node.get_storage(registry.address, slot)) == scope
    ]
    node.set_storage(registry.address, slot, (last - 1).to_bytes(32))
    made = registry.createScope(DELAY, 0, True, [], [], sender=company).return_value
    assert made == last
    registry.registerSelf(last, ROOT, ROOT, sender=company)
    with reverts(project.CustomerRegistry.ScopeSettingInvalid, setting=word("scope"), value=last):
        registry.createScope(DELAY, 0, True, [], [], sender=company)

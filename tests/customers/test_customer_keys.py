"""The key that speaks for a person: rotation, guardians, recovery, the profile's root, erasure."""

from dataclasses import replace

import pytest
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DELAY
from tests.customers.intents import (
    ANY_TIME,
    RECEIPT,
    ROOT,
    ZERO,
    approvals_of,
    ascending,
    forgeries,
    guardians_of,
    hash_of_guardians,
    tag_of,
)
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NONE, ACTIVE, LINKED, MERGED, ERASED = range(5)
NOWHERE = bytes(32)
NEW_ROOT = keccak(text="new root")
BY_GUARDIANS, BY_ATTESTORS = True, False
LAST_ROTATION = 2**16 - 256


def rotated(registry, cid, controller, epoch):
    return log(registry, "ControllerRotated", cid=cid, controller=controller, epoch=epoch)


@pytest.fixture
def rotation(signed, profile, successor):
    """A new key for the customer, unless the test says otherwise."""

    def rotation_(**changes):
        values = {"cid": profile, "newController": successor, "epoch": 0}
        return signed("RotateIntent", **values | changes)

    return rotation_


@pytest.fixture
def trusted(guardians):
    """The customer's guardians, two of whom can recover the key."""
    return guardians_of(2, *guardians)


@pytest.fixture
def guarded(registry, profile, trusted, customer, clock):
    """The customer's guardians count."""
    receipt = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    clock.set(receipt.timestamp + DELAY)


@pytest.fixture
def naming(signed, profile, trusted):
    """The customer names guardians, unless the test says otherwise."""

    def naming_(**changes):
        values = {"cid": profile, "guardiansHash": hash_of_guardians(trusted)}
        return signed("GuardiansIntent", **values | {"epoch": 0, "nonce": 1} | changes)

    return naming_


@pytest.fixture
def recovery(signed, profile, successor):
    """The successor is the customer's new key, unless the test says otherwise."""

    def recovery_(by_guardians, **changes):
        values = {"cid": profile, "newController": successor, "epoch": 0, "nonce": 1}
        return signed("RecoveryIntent", byGuardians=by_guardians, **values | changes)

    return recovery_


@pytest.fixture
def propose(registry, recovery, trusted, guardians, attestor, examiner, successor, relayer):
    """Announces a recovery, by two guardians or two attestors unless the test says otherwise."""

    def propose_(by_guardians, *signers, wanted=None, new=successor, among=trusted):
        wanted = wanted or recovery(by_guardians)
        signers = signers or (guardians[:2] if by_guardians else (attestor, examiner))
        approvals, possession = approvals_of(wanted, *signers), wanted.sign(new)
        if by_guardians:
            return registry.proposeRecoveryByGuardians(
                wanted.values, among, approvals, possession, sender=relayer
            )
        return registry.proposeRecoveryByAttestors(
            wanted.values, approvals, possession, sender=relayer
        )

    return propose_


@pytest.fixture
def wait_for(registry, profile, clock):
    """The next transaction happens when the recovery is ready."""

    def wait_for_(by_guardians):
        clock.set_next(registry.recoveryOf(profile, by_guardians).readyAt)

    return wait_for_


@pytest.fixture
def set_epoch(registry, chain):
    """Writes a profile's epoch, which nobody can wait for, into the chain's state."""

    def set_epoch_(cid, epoch):
        node, known = chain.provider, registry.customerOf(cid)
        # controller 160, registeredAt 40, scope 24, epoch 16, level 8, status 8 bits
        rest = known.scope.to_bytes(3) + known.epoch.to_bytes(2) + bytes([known.level, ACTIVE])
        word = bytes.fromhex(known.controller[2:]) + known.registeredAt.to_bytes(5) + rest
        places = (int.from_bytes(keccak(cid + slot.to_bytes(32))) for slot in range(32))
        place = next(
            place for place in places if bytes(node.get_storage(registry.address, place)) == word
        )
        node.set_storage(registry.address, place, word[:28] + epoch.to_bytes(2) + word[30:])
        assert registry.customerOf(cid).epoch == epoch

    return set_epoch_


@pytest.fixture
def identity(did, profile, customer):
    """The customer's public identity, which follows the profile."""
    did.bind(customer, profile, sender=customer)
    return customer


# rotate


def test_rotate_replaces_the_key_whoever_brings_it(
    registry, did, scope, profile, rotation, customer, successor, relayer
):
    before = registry.customerOf(profile)
    wanted = rotation()
    receipt = registry.rotate(
        wanted.values, wanted.sign(customer), wanted.sign(successor), sender=relayer
    )

    assert logs(receipt, registry, did) == [rotated(registry, profile, successor, 1)]
    assert tuple(registry.customerOf(profile)) == (
        successor.address,
        before.registeredAt,
        scope,
        1,
        before.level,
        ACTIVE,
    )


def test_rotate_by_the_controller_itself_needs_no_signature(
    registry, project, profile, rotation, customer, successor, thief
):
    wanted = rotation()
    for caller in (thief, successor):
        with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=caller):
            registry.rotate(wanted.values, b"", wanted.sign(successor), sender=caller)
    registry.rotate(wanted.values, b"", wanted.sign(successor), sender=customer)
    assert registry.controllerOf(profile) == successor.address


def test_rotate_leaves_the_old_key_without_power(
    registry, project, profile, rotation, signed, naming, customer, successor, relayer
):
    root = signed("RootIntent", cid=profile, root=ROOT, epoch=0, nonce=4)
    erasure = signed("EraseIntent", cid=profile, receiptHash=RECEIPT, epoch=0)
    veto = signed("VetoIntent", cid=profile, newController=successor, epoch=0, nonce=4)
    wanted = rotation()
    registry.rotate(wanted.values, b"", wanted.sign(successor), sender=customer)

    only, back = {"cid": profile, "caller": customer}, rotation(newController=customer, epoch=1)
    for call in (
        lambda: registry.setRoot(profile, ROOT, sender=customer),
        lambda: registry.setGuardians(profile, ROOT, sender=customer),
        lambda: registry.vetoRecovery(profile, sender=customer),
        lambda: registry.erase(profile, RECEIPT, sender=customer),
        lambda: registry.rotate(back.values, b"", back.sign(customer), sender=customer),
    ):
        with reverts(project.CustomerRegistry.ControllerOnly, **only):
            call()
    # What it signed in its own epoch is void, and what it signs for the new one is not the new
    # key's.
    for old, send in (
        (root, registry.setRootBySig),
        (erasure, registry.eraseBySig),
        (veto, registry.vetoRecoveryBySig),
        (naming(nonce=4), registry.setGuardiansBySig),
    ):
        with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
            send(old.values, old.sign(customer), sender=relayer)
        place = [name for name, _ in old.types].index("epoch")
        new = replace(old, values=(*old.values[:place], 1, *old.values[place + 1 :]))
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid, signer=successor, digest=new.digest()
        ):
            send(new.values, new.sign(customer), sender=relayer)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=successor, digest=back.digest()
    ):
        registry.rotate(back.values, back.sign(customer), back.sign(customer), sender=relayer)


def test_rotate_reverts_if_repeated(
    registry, project, profile, rotation, rotate, customer, successor, relayer
):
    wanted = rotation()
    given = wanted.values, wanted.sign(customer), wanted.sign(successor)
    registry.rotate(*given, sender=relayer)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        registry.rotate(*given, sender=relayer)
    # Nor once the first key is back.
    rotate(profile, successor, customer)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=2):
        registry.rotate(*given, sender=relayer)


def test_rotate_to_the_same_key_voids_what_it_signed(
    registry, project, profile, rotate, naming, customer, relayer
):
    old = naming()
    rotate(profile, customer, customer)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        registry.setGuardiansBySig(old.values, old.sign(customer), sender=relayer)


def test_rotate_reverts_if_the_new_key_does_not_prove_possession(
    registry, project, rotation, customer, successor, thief, relayer
):
    wanted = rotation()
    for possession in (b"", wanted.sign(customer), *forgeries(wanted, successor, thief).values()):
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=successor,
            digest=wanted.digest(),
        ):
            registry.rotate(wanted.values, wanted.sign(customer), possession, sender=relayer)


def test_rotate_reverts_if_forged_or_changed(
    registry, project, register, rotation, customer, successor, thief, relayer
):
    wanted = rotation()
    attempts = [(wanted, forged) for forged in forgeries(wanted, customer, thief).values()]
    attempts += [
        (changed, wanted.sign(customer))
        for changed in (
            rotation(newController=thief),
            rotation(cid=register(customer, "other")),
            rotation(deadline=ANY_TIME - 1),
        )
    ]
    for tried, given in attempts:
        new = thief if tried.values[1] == thief.address else successor
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=customer,
            digest=tried.digest(),
        ):
            registry.rotate(tried.values, given, tried.sign(new), sender=relayer)


def test_rotate_reverts_to_the_zero_address(registry, project, rotation, customer, relayer):
    wanted = rotation(newController=ZERO)
    with reverts(project.CustomerRegistry.ControllerZero):
        registry.rotate(wanted.values, wanted.sign(customer), b"", sender=relayer)


def test_rotate_holds_until_its_deadline(
    registry, project, rotation, customer, successor, relayer, clock
):
    deadline = clock.now + 100
    wanted = rotation(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.rotate(
            wanted.values, wanted.sign(customer), wanted.sign(successor), sender=relayer
        )


def test_rotate_leaves_the_last_epochs_to_recovery_and_erasure(
    registry,
    project,
    profile,
    rotate,
    propose,
    recovery,
    wait_for,
    set_epoch,
    customer,
    successor,
    thief,
    relayer,
):
    set_epoch(profile, LAST_ROTATION - 1)
    rotate(profile, customer, thief)
    with reverts(project.CustomerRegistry.EpochsExhausted, cid=profile, epoch=LAST_ROTATION):
        rotate(profile, thief, thief)
    propose(BY_ATTESTORS, wanted=recovery(BY_ATTESTORS, epoch=LAST_ROTATION))
    wait_for(BY_ATTESTORS)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.controllerOf(profile) == successor.address
    registry.erase(profile, RECEIPT, sender=successor)
    assert registry.customerOf(profile).epoch == LAST_ROTATION + 2


def test_rotate_keeps_a_merge(registry, register, profile, merge, rotate, customer, successor):
    other = register(customer, "other")
    merge(profile, other, customer)
    rotate(profile, customer, successor)
    assert registry.customerOf(profile).status == MERGED
    assert registry.resolve(profile) == other


def test_rotate_moves_a_bound_identity(
    registry, did, profile, identity, rotation, customer, successor, relayer
):
    before = did.changed(identity)
    wanted = rotation()
    receipt = registry.rotate(
        wanted.values, wanted.sign(customer), wanted.sign(successor), sender=relayer
    )
    assert logs(receipt, registry, did) == [
        rotated(registry, profile, successor, 1),
        log(
            did,
            "DIDOwnerChanged",
            identity=identity,
            owner=successor,
            previousChange=before,
        ),
    ]
    assert did.identityOwner(identity) == successor.address


def test_a_controller_may_be_a_contract(
    registry, project, accounts, profile, rotation, customer, successor, thief, relayer
):
    wallet = project.WalletMock.deploy(successor, sender=accounts[0])
    wanted = rotation(newController=wallet)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=wallet, digest=wanted.digest()
    ):
        registry.rotate(wanted.values, wanted.sign(customer), wanted.sign(thief), sender=relayer)
    registry.rotate(wanted.values, wanted.sign(customer), wanted.sign(successor), sender=relayer)

    back = rotation(newController=customer, epoch=1)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=wallet, digest=back.digest()
    ):
        registry.rotate(back.values, back.sign(customer), back.sign(customer), sender=relayer)
    registry.rotate(back.values, back.sign(successor), back.sign(customer), sender=relayer)
    assert registry.controllerOf(profile) == customer.address


# setRoot


def test_setRoot_reports_a_commitment(registry, project, profile, customer, attestor, thief):
    receipt = registry.setRoot(profile, NEW_ROOT, sender=customer)
    assert logs(receipt, registry) == [log(registry, "ProfileRootSet", cid=profile, root=NEW_ROOT)]
    for caller in (attestor, thief):
        with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=caller):
            registry.setRoot(profile, NEW_ROOT, sender=caller)


def test_setRootBySig_reports_a_commitment_once(
    registry, project, profile, signed, customer, relayer
):
    wanted = signed("RootIntent", cid=profile, root=NEW_ROOT, epoch=0, nonce=1)
    receipt = registry.setRootBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(receipt, registry) == [log(registry, "ProfileRootSet", cid=profile, root=NEW_ROOT)]
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=customer, nonce=1):
        registry.setRootBySig(wanted.values, wanted.sign(customer), sender=relayer)


# What all signed requests of the controller have in common


@pytest.fixture
def requests(registry, signed, register, profile, naming, successor, customer):
    """Each request: how it is made, how it is sent, and a change of what it is about."""

    def root(**changes):
        values = {"cid": profile, "root": NEW_ROOT, "epoch": 0, "nonce": 1}
        return signed("RootIntent", **values | changes)

    def erasure(**changes):
        values = {"cid": profile, "receiptHash": RECEIPT, "epoch": 0}
        return signed("EraseIntent", **values | changes)

    def veto(**changes):
        values = {"cid": profile, "newController": successor, "epoch": 0, "nonce": 1}
        return signed("VetoIntent", **values | changes)

    return {
        "root": (root, registry.setRootBySig, {"root": ROOT}),
        "erase": (erasure, registry.eraseBySig, {"receiptHash": ROOT}),
        "veto": (veto, registry.vetoRecoveryBySig, {"newController": customer}),
        "guardians": (naming, registry.setGuardiansBySig, {"guardiansHash": ROOT}),
    }


REQUESTS = ("root", "erase", "veto", "guardians")


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_reverts_if_forged_or_changed(
    registry, project, requests, register, name, customer, thief, relayer
):
    make, send, change = requests[name]
    wanted, other = make(), register(customer, "other")
    attempts = [(wanted, forged) for forged in forgeries(wanted, customer, thief).values()]
    changes = [change, {"cid": other}, {"deadline": ANY_TIME - 1}]
    changes += [] if name == "erase" else [{"nonce": 2}]
    attempts += [(make(**each), wanted.sign(customer)) for each in changes]
    for tried, given in attempts:
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=customer,
            digest=tried.digest(),
        ):
            send(tried.values, given, sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_reverts_if_signed_in_another_epoch(
    registry, project, requests, profile, name, customer, relayer
):
    make, send, _ = requests[name]
    wanted = make(epoch=1)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=1, current=0):
        send(wanted.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_holds_until_its_deadline(
    registry, project, requests, name, customer, relayer, clock
):
    make, send, _ = requests[name]
    deadline = clock.now + 100
    wanted = make(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        send(wanted.values, wanted.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_reverts_if_nobody_speaks_for_the_profile(
    registry, project, requests, chain, profile, name, customer, relayer
):
    make, send, _ = requests[name]
    unknown = make(cid=ROOT)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=ROOT, status=NONE):
        send(unknown.values, unknown.sign(customer), sender=relayer)
    registry.erase(profile, RECEIPT, sender=customer)
    late = make(epoch=1)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
        send(late.values, late.sign(customer), sender=relayer)


@pytest.mark.parametrize("name", ["root", "guardians"])
def test_a_request_reverts_if_its_nonce_was_cancelled(
    registry, project, requests, name, customer, relayer
):
    make, send, _ = requests[name]
    wanted = make()
    receipt = registry.cancelNonce(1, sender=customer)
    assert logs(receipt, registry) == [log(registry, "NonceCancelled", signer=customer, nonce=1)]
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=customer, nonce=1):
        send(wanted.values, wanted.sign(customer), sender=relayer)


# setGuardians


def test_setGuardians_counts_after_the_delay(registry, profile, trusted, customer, clock):
    hash_ = hash_of_guardians(trusted)
    receipt = registry.setGuardians(profile, hash_, sender=customer)
    active_at = receipt.timestamp + DELAY
    assert logs(receipt, registry) == [
        log(registry, "GuardiansAnnounced", cid=profile, guardiansHash=hash_, activeAt=active_at)
    ]
    assert registry.guardiansHashOf(profile) == NOWHERE
    clock.set(active_at - 1)
    assert registry.guardiansHashOf(profile) == NOWHERE
    clock.set(active_at)
    assert registry.guardiansHashOf(profile) == hash_


def test_setGuardians_leaves_the_old_ones_until_then(
    registry, profile, guarded, trusted, customer, clock
):
    receipt = registry.setGuardians(profile, NEW_ROOT, sender=customer)
    clock.set(receipt.timestamp + DELAY - 1)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)
    # Another announcement begins to wait anew, and the old ones count on.
    again = registry.setGuardians(profile, NOWHERE, sender=customer)
    clock.set(again.timestamp + DELAY - 1)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)
    clock.set(again.timestamp + DELAY)
    assert registry.guardiansHashOf(profile) == NOWHERE


def test_setGuardians_reverts_for_others(registry, project, profile, guardians, attestor, thief):
    for caller in (attestor, thief, guardians[0]):
        with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=caller):
            registry.setGuardians(profile, ROOT, sender=caller)


def test_setGuardiansBySig_announces_them_once(
    registry, project, profile, naming, trusted, customer, relayer
):
    wanted = naming()
    receipt = registry.setGuardiansBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(receipt, registry) == [
        log(
            registry,
            "GuardiansAnnounced",
            cid=profile,
            guardiansHash=hash_of_guardians(trusted),
            activeAt=receipt.timestamp + DELAY,
        )
    ]
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=customer, nonce=1):
        registry.setGuardiansBySig(wanted.values, wanted.sign(customer), sender=relayer)


# proposeRecovery and recover, both kinds


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_recover_replaces_the_key_after_the_delay(
    registry,
    did,
    scope,
    profile,
    guarded,
    identity,
    propose,
    clock,
    by_guardians,
    customer,
    successor,
    relayer,
):
    before, changed = registry.customerOf(profile), did.changed(identity)
    proposed = propose(by_guardians)
    ready_at = proposed.timestamp + DELAY
    assert logs(proposed, registry) == [
        log(
            registry,
            "RecoveryProposed",
            cid=profile,
            newController=successor,
            byGuardians=by_guardians,
            readyAt=ready_at,
        )
    ]
    assert tuple(registry.recoveryOf(profile, by_guardians)) == (successor.address, ready_at)
    assert tuple(registry.recoveryOf(profile, not by_guardians)) == (ZERO, 0)
    assert registry.controllerOf(profile) == customer.address

    clock.set_next(ready_at)
    receipt = registry.recover(profile, by_guardians, sender=relayer)
    assert logs(receipt, registry, did) == [
        rotated(registry, profile, successor, 1),
        log(
            did,
            "DIDOwnerChanged",
            identity=identity,
            owner=successor,
            previousChange=changed,
        ),
    ]
    assert tuple(registry.customerOf(profile)) == (
        successor.address,
        before.registeredAt,
        scope,
        1,
        before.level,
        ACTIVE,
    )
    assert tuple(registry.recoveryOf(profile, by_guardians)) == (ZERO, 0)


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_recover_reverts_before_the_delay(
    registry, project, profile, guarded, propose, clock, by_guardians, relayer
):
    ready_at = propose(by_guardians).timestamp + DELAY
    clock.set_next(ready_at - 1)
    with reverts(project.CustomerRegistry.RecoveryEarly, cid=profile, readyAt=ready_at):
        registry.recover(profile, by_guardians, sender=relayer)


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_recover_reverts_if_nothing_is_proposed(
    registry, project, profile, guarded, propose, wait_for, by_guardians, relayer
):
    missing = {"cid": profile, "byGuardians": by_guardians}
    with reverts(project.CustomerRegistry.RecoveryMissing, **missing):
        registry.recover(profile, by_guardians, sender=relayer)
    # The other kind's proposal is not this one's.
    propose(not by_guardians)
    wait_for(not by_guardians)
    with reverts(project.CustomerRegistry.RecoveryMissing, **missing):
        registry.recover(profile, by_guardians, sender=relayer)
    registry.recover(profile, not by_guardians, sender=relayer)
    # And it is carried out once.
    with reverts(
        project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=not by_guardians
    ):
        registry.recover(profile, not by_guardians, sender=relayer)


def test_recover_leaves_the_old_key_without_power(
    registry, project, profile, propose, wait_for, naming, customer, relayer
):
    old = naming()
    propose(BY_ATTESTORS)
    wait_for(BY_ATTESTORS)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)

    with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=customer):
        registry.erase(profile, RECEIPT, sender=customer)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        registry.setGuardiansBySig(old.values, old.sign(customer), sender=relayer)


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_a_rotation_does_not_shake_off_a_recovery(
    registry,
    profile,
    guarded,
    propose,
    rotate,
    wait_for,
    by_guardians,
    customer,
    thief,
    successor,
    relayer,
):
    propose(by_guardians)
    pending = tuple(registry.recoveryOf(profile, by_guardians))
    rotate(profile, customer, thief)
    assert tuple(registry.recoveryOf(profile, by_guardians)) == pending
    wait_for(by_guardians)
    registry.recover(profile, by_guardians, sender=relayer)
    assert registry.controllerOf(profile) == successor.address
    assert registry.customerOf(profile).epoch == 2


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_reverts_if_the_new_key_does_not_prove_possession(
    registry, project, guarded, recovery, propose, by_guardians, successor, thief
):
    wanted = recovery(by_guardians)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=successor, digest=wanted.digest()
    ):
        propose(by_guardians, new=thief)


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_reverts_to_the_zero_address(
    registry, project, guarded, recovery, propose, by_guardians
):
    with reverts(project.CustomerRegistry.ControllerZero):
        propose(by_guardians, wanted=recovery(by_guardians, newController=ZERO))


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_reverts_if_signed_in_another_epoch(
    registry, project, profile, guarded, recovery, propose, rotate, by_guardians, customer, thief
):
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=1, current=0):
        propose(by_guardians, wanted=recovery(by_guardians, epoch=1))
    rotate(profile, customer, thief)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        propose(by_guardians)
    propose(by_guardians, wanted=recovery(by_guardians, epoch=1))


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_holds_until_its_deadline(
    registry, project, guarded, recovery, propose, clock, by_guardians
):
    deadline = clock.now + 100
    wanted = recovery(by_guardians, deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        propose(by_guardians, wanted=wanted)


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_uses_up_each_signature(
    registry,
    project,
    profile,
    guarded,
    recovery,
    propose,
    by_guardians,
    guardians,
    attestor,
    examiner,
):
    signers = ascending(*(guardians[:2] if by_guardians else (attestor, examiner)))
    propose(by_guardians)
    assert [registry.isNonceUsed(signer, 1) for signer in signers] == [True, True]
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=signers[0], nonce=1):
        propose(by_guardians)
    # A new one takes the place of the old and waits from the beginning.
    again = propose(by_guardians, wanted=recovery(by_guardians, nonce=2))
    assert registry.recoveryOf(profile, by_guardians).readyAt == again.timestamp + DELAY


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_reverts_if_forged_or_changed(
    registry,
    project,
    register,
    guarded,
    recovery,
    trusted,
    by_guardians,
    guardians,
    attestor,
    examiner,
    customer,
    successor,
    thief,
    relayer,
):
    signers = ascending(*(guardians[:2] if by_guardians else (attestor, examiner)))
    wanted, victim = recovery(by_guardians), signers[0]
    attempts = [(wanted, forged) for forged in forgeries(wanted, victim, thief).values()]
    attempts += [
        (recovery(by_guardians, **change), wanted.sign(victim))
        for change in (
            {"newController": thief},
            {"cid": register(customer, "other")},
            {"nonce": 2},
            {"deadline": ANY_TIME - 1},
        )
    ]
    for tried, given in attempts:
        approvals = [(victim.address, given), *approvals_of(tried, signers[1])]
        new = thief if tried.values[1] == thief.address else successor
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=victim,
            digest=tried.digest(),
        ):
            if by_guardians:
                registry.proposeRecoveryByGuardians(
                    tried.values, trusted, approvals, tried.sign(new), sender=relayer
                )
            else:
                registry.proposeRecoveryByAttestors(
                    tried.values, approvals, tried.sign(new), sender=relayer
                )


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_proposeRecovery_reverts_if_a_signer_counts_twice_or_out_of_order(
    registry,
    project,
    guarded,
    recovery,
    trusted,
    by_guardians,
    guardians,
    attestor,
    examiner,
    successor,
    relayer,
):
    wanted = recovery(by_guardians)
    signers = ascending(*(guardians[:2] if by_guardians else (attestor, examiner)))
    low, high = approvals_of(wanted, *signers)
    for approvals, refused in (([low, low], low), ([high, low], low), ([low, high, high], high)):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=refused[0]):
            if by_guardians:
                registry.proposeRecoveryByGuardians(
                    wanted.values, trusted, approvals, wanted.sign(successor), sender=relayer
                )
            else:
                registry.proposeRecoveryByAttestors(
                    wanted.values, approvals, wanted.sign(successor), sender=relayer
                )


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_a_recovery_of_an_unknown_or_erased_profile_reverts(
    registry,
    project,
    profile,
    guarded,
    recovery,
    propose,
    wait_for,
    by_guardians,
    customer,
    relayer,
):
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=ROOT, status=NONE):
        propose(by_guardians, wanted=recovery(by_guardians, cid=ROOT))
    propose(by_guardians, wanted=recovery(by_guardians, nonce=2))
    registry.erase(profile, RECEIPT, sender=customer)
    assert tuple(registry.recoveryOf(profile, by_guardians)) == (ZERO, 0)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
        registry.recover(profile, by_guardians, sender=relayer)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
        propose(by_guardians, wanted=recovery(by_guardians, epoch=1, nonce=3))


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_a_merged_profile_can_be_recovered(
    registry,
    register,
    profile,
    guarded,
    merge,
    propose,
    wait_for,
    by_guardians,
    customer,
    successor,
    relayer,
):
    other = register(customer, "other")
    merge(profile, other, customer)
    propose(by_guardians)
    wait_for(by_guardians)
    registry.recover(profile, by_guardians, sender=relayer)
    assert registry.controllerOf(profile) == successor.address
    assert registry.resolve(profile) == other


# by guardians


def test_proposeRecoveryByGuardians_takes_any_enough_of_them(
    registry, profile, guarded, recovery, propose, guardians, successor
):
    for nonce, signers in enumerate(
        (guardians[:2], guardians[1:], (guardians[0], guardians[2]), guardians)
    ):
        propose(BY_GUARDIANS, *signers, wanted=recovery(BY_GUARDIANS, nonce=nonce))
        assert registry.recoveryOf(profile, BY_GUARDIANS).newController == successor.address


def test_proposeRecoveryByGuardians_reverts_if_too_few_sign(
    registry, project, guarded, recovery, propose, trusted, guardians, successor, relayer
):
    wanted = recovery(BY_GUARDIANS)
    for signers in ([], [guardians[1]]):
        with reverts(
            project.CustomerRegistry.ApprovalsInsufficient, required=2, given=len(signers)
        ):
            registry.proposeRecoveryByGuardians(
                wanted.values,
                trusted,
                approvals_of(wanted, *signers),
                wanted.sign(successor),
                sender=relayer,
            )


def test_proposeRecoveryByGuardians_asks_for_one_at_least(
    registry, project, profile, customer, recovery, propose, guardians, successor, relayer, clock
):
    nobody_needed = guardians_of(0, *guardians)
    receipt = registry.setGuardians(profile, hash_of_guardians(nobody_needed), sender=customer)
    clock.set(receipt.timestamp + DELAY)
    wanted = recovery(BY_GUARDIANS)
    with reverts(project.CustomerRegistry.ApprovalsInsufficient, required=1, given=0):
        registry.proposeRecoveryByGuardians(
            wanted.values, nobody_needed, [], wanted.sign(successor), sender=relayer
        )
    propose(BY_GUARDIANS, guardians[2], among=nobody_needed)


def test_proposeRecoveryByGuardians_reverts_if_an_outsider_signs(
    registry, project, guarded, propose, guardians, attestor, thief
):
    for signers, stranger in (
        ((guardians[0], thief), thief),
        ((*guardians, thief), thief),
        ((guardians[2], attestor), attestor),
    ):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=stranger):
            propose(BY_GUARDIANS, *signers)


def test_proposeRecoveryByGuardians_reverts_if_the_guardians_are_others(
    registry, project, profile, guarded, propose, trusted, guardians, thief
):
    accounts, threshold, salt = trusted
    for wrong in (
        guardians_of(2, *guardians, thief),
        guardians_of(2, *guardians[:2]),
        (accounts, 1, salt),
        (accounts, threshold, bytes(32)),
        (list(reversed(accounts)), threshold, salt),
        ([], 0, bytes(32)),
    ):
        with reverts(
            project.CustomerRegistry.GuardiansInvalid,
            cid=profile,
            guardiansHash=hash_of_guardians(wrong),
        ):
            propose(BY_GUARDIANS, among=wrong)


def test_proposeRecoveryByGuardians_reverts_without_guardians(
    registry, project, profile, propose, trusted
):
    with reverts(
        project.CustomerRegistry.GuardiansInvalid,
        cid=profile,
        guardiansHash=hash_of_guardians(trusted),
    ):
        propose(BY_GUARDIANS)


def test_proposeRecoveryByGuardians_reverts_before_they_count(
    registry, project, profile, trusted, customer, propose, clock
):
    receipt = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    clock.set_next(receipt.timestamp + DELAY - 1)
    with reverts(
        project.CustomerRegistry.GuardiansInvalid,
        cid=profile,
        guardiansHash=hash_of_guardians(trusted),
    ):
        propose(BY_GUARDIANS)


def test_proposeRecoveryByGuardians_reverts_once_others_count(
    registry, project, profile, guarded, trusted, customer, propose, recovery, clock, successor
):
    receipt = registry.setGuardians(profile, NEW_ROOT, sender=customer)
    clock.set_next(receipt.timestamp + DELAY - 1)
    propose(BY_GUARDIANS)
    clock.set_next(receipt.timestamp + DELAY)
    with reverts(
        project.CustomerRegistry.GuardiansInvalid,
        cid=profile,
        guardiansHash=hash_of_guardians(trusted),
    ):
        propose(BY_GUARDIANS, wanted=recovery(BY_GUARDIANS, nonce=2))


def test_guardians_named_twice_count_once(
    registry, project, profile, customer, guardians, propose, clock, recovery
):
    low, high = guardians[0], guardians[1]
    twice = ([low.address, low.address, high.address], 2, ROOT)
    receipt = registry.setGuardians(profile, hash_of_guardians(twice), sender=customer)
    clock.set(receipt.timestamp + DELAY)
    with reverts(project.CustomerRegistry.ApprovalsInsufficient, required=2, given=1):
        propose(BY_GUARDIANS, low, among=twice)
    with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=low):
        propose(BY_GUARDIANS, low, low, among=twice)
    propose(BY_GUARDIANS, low, high, among=twice)


def test_a_guardian_may_be_a_contract(
    registry,
    project,
    accounts,
    profile,
    customer,
    guardians,
    recovery,
    successor,
    thief,
    relayer,
    clock,
):
    wallet = project.WalletMock.deploy(guardians[0], sender=accounts[0])
    trusted = guardians_of(1, wallet)
    receipt = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    clock.set(receipt.timestamp + DELAY)
    wanted = recovery(BY_GUARDIANS)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=wallet, digest=wanted.digest()
    ):
        registry.proposeRecoveryByGuardians(
            wanted.values,
            trusted,
            [(wallet.address, wanted.sign(thief))],
            wanted.sign(successor),
            sender=relayer,
        )
    registry.proposeRecoveryByGuardians(
        wanted.values,
        trusted,
        [(wallet.address, wanted.sign(guardians[0]))],
        wanted.sign(successor),
        sender=relayer,
    )


# vetoRecovery


def test_vetoRecovery_stops_the_guardians(
    registry, project, profile, guarded, propose, clock, customer, successor, relayer
):
    ready_at = propose(BY_GUARDIANS).timestamp + DELAY
    receipt = registry.vetoRecovery(profile, sender=customer)
    assert logs(receipt, registry) == [
        log(registry, "RecoveryVetoed", cid=profile, newController=successor)
    ]
    assert tuple(registry.recoveryOf(profile, BY_GUARDIANS)) == (ZERO, 0)
    clock.set_next(ready_at)
    with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
        registry.recover(profile, BY_GUARDIANS, sender=relayer)
    assert registry.controllerOf(profile) == customer.address


def test_vetoRecovery_stops_a_recovery_that_is_ready(
    registry, profile, guarded, propose, wait_for, customer
):
    propose(BY_GUARDIANS)
    wait_for(BY_GUARDIANS)
    registry.vetoRecovery(profile, sender=customer)
    assert tuple(registry.recoveryOf(profile, BY_GUARDIANS)) == (ZERO, 0)


def test_vetoRecovery_does_not_stop_attestors(
    registry, project, profile, propose, signed, wait_for, customer, successor, relayer
):
    propose(BY_ATTESTORS)
    wanted = signed("VetoIntent", cid=profile, newController=successor, epoch=0, nonce=1)
    for veto in (
        lambda: registry.vetoRecovery(profile, sender=customer),
        lambda: registry.vetoRecoveryBySig(wanted.values, wanted.sign(customer), sender=relayer),
    ):
        with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
            veto()
    wait_for(BY_ATTESTORS)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.controllerOf(profile) == successor.address


def test_a_veto_leaves_a_recovery_by_attestors(
    registry, profile, guarded, propose, wait_for, customer, successor, relayer
):
    propose(BY_ATTESTORS)
    propose(BY_GUARDIANS)
    registry.vetoRecovery(profile, sender=customer)
    assert registry.recoveryOf(profile, BY_ATTESTORS).newController == successor.address
    wait_for(BY_ATTESTORS)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.controllerOf(profile) == successor.address


def test_vetoRecovery_reverts_for_others(
    registry, project, profile, guarded, propose, guardians, attestor, successor, thief
):
    propose(BY_GUARDIANS)
    for caller in (guardians[0], attestor, successor, thief):
        with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=caller):
            registry.vetoRecovery(profile, sender=caller)


def test_vetoRecovery_reverts_if_nothing_is_proposed(
    registry, project, profile, signed, customer, relayer
):
    with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
        registry.vetoRecovery(profile, sender=customer)
    nobody = signed("VetoIntent", cid=profile, newController=ZERO, epoch=0, nonce=1)
    with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
        registry.vetoRecoveryBySig(nobody.values, nobody.sign(customer), sender=relayer)


def test_vetoRecoveryBySig_stops_the_key_it_names(
    registry,
    project,
    profile,
    guarded,
    propose,
    recovery,
    signed,
    customer,
    successor,
    thief,
    relayer,
):
    other = signed("VetoIntent", cid=profile, newController=thief, epoch=0, nonce=1)
    wanted = signed("VetoIntent", cid=profile, newController=successor, epoch=0, nonce=2)
    propose(BY_GUARDIANS)
    with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
        registry.vetoRecoveryBySig(other.values, other.sign(customer), sender=relayer)
    receipt = registry.vetoRecoveryBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(receipt, registry) == [
        log(registry, "RecoveryVetoed", cid=profile, newController=successor)
    ]
    # It counts once.
    propose(BY_GUARDIANS, wanted=recovery(BY_GUARDIANS, nonce=3))
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=customer, nonce=2):
        registry.vetoRecoveryBySig(wanted.values, wanted.sign(customer), sender=relayer)


# by attestors


def test_proposeRecoveryByAttestors_reverts_if_the_quorum_is_not_reached(
    registry, project, recovery, propose, attestor, customer, successor, relayer
):
    with reverts(project.CustomerRegistry.ApprovalsInsufficient, required=2, given=1):
        propose(BY_ATTESTORS, attestor)
    wanted = recovery(BY_ATTESTORS)
    with reverts(project.CustomerRegistry.ApprovalsInsufficient, required=2, given=0):
        registry.proposeRecoveryByAttestors(
            wanted.values, [], wanted.sign(successor), sender=relayer
        )


def test_proposeRecoveryByAttestors_reverts_if_an_outsider_signs(
    registry, project, guarded, propose, guardians, attestor, examiner, thief
):
    for signers, stranger in (
        ((attestor, thief), thief),
        ((attestor, examiner, thief), thief),
        ((attestor, guardians[0]), guardians[0]),
    ):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=stranger):
            propose(BY_ATTESTORS, *signers)


def test_proposeRecoveryByAttestors_counts_those_of_the_profiles_scope(
    registry, project, scope, company, recovery, propose, attestor, auditor, rival, thief
):
    registry.createScope(DELAY, 1, False, [rival, thief], [3, 3], sender=rival)
    with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=ascending(rival, thief)[0]):
        propose(BY_ATTESTORS, rival, thief)
    # Nor who was removed, nor who waits.
    registry.setAttestor(scope, auditor, 0, sender=company)
    registry.setAttestor(scope, rival, 3, sender=company)
    for who in (auditor, rival):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=who):
            propose(BY_ATTESTORS, attestor, who)


def test_proposeRecoveryByAttestors_reverts_without_a_quorum_in_the_scope(
    registry, project, open_scope, register, recovery, propose, customer
):
    scope = open_scope(quorum=0)
    cid = register(customer, "other", of=scope)
    with reverts(project.CustomerRegistry.ScopeWithoutQuorum, scope=scope):
        propose(BY_ATTESTORS, wanted=recovery(BY_ATTESTORS, cid=cid))


# A stolen key


@pytest.mark.parametrize("by_guardians", [BY_GUARDIANS, BY_ATTESTORS])
def test_a_signature_for_one_kind_of_recovery_is_none_for_the_other(
    registry,
    project,
    profile,
    customer,
    recovery,
    attestor,
    examiner,
    successor,
    relayer,
    clock,
    by_guardians,
):
    # The customer's guardians are attestors of the scope; the owner can veto what they do as such.
    trusted = guardians_of(2, attestor, examiner)
    receipt = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    clock.set(receipt.timestamp + DELAY)
    wanted = recovery(by_guardians)
    given = approvals_of(wanted, attestor, examiner), wanted.sign(successor)
    other = recovery(not by_guardians)
    for tried, error, fields in (
        (
            wanted,
            project.CustomerRegistry.RecoveryKindInvalid,
            {"cid": profile, "byGuardians": by_guardians},
        ),
        (
            other,
            project.CustomerRegistry.IntentSignatureInvalid,
            {"signer": successor, "digest": other.digest()},
        ),
    ):
        with reverts(error, **fields):
            if by_guardians:
                registry.proposeRecoveryByAttestors(tried.values, *given, sender=relayer)
            else:
                registry.proposeRecoveryByGuardians(tried.values, trusted, *given, sender=relayer)


def test_a_thief_gains_no_guardians_by_announcing_early(
    registry, profile, guarded, trusted, propose, clock, customer, thief, relayer
):
    own = hash_of_guardians(guardians_of(1, thief))
    announced = registry.setGuardians(profile, own, sender=customer)
    ready_at = propose(BY_ATTESTORS).timestamp + DELAY
    clock.set(announced.timestamp + DELAY)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)
    clock.set_next(ready_at)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)


def test_guardians_propose_without_moving_who_is_announced(
    registry, profile, guarded, propose, clock, customer
):
    announced = registry.setGuardians(profile, NEW_ROOT, sender=customer)
    propose(BY_GUARDIANS)
    clock.set(announced.timestamp + DELAY)
    assert registry.guardiansHashOf(profile) == NEW_ROOT


def test_the_owner_undoes_a_thiefs_merge_after_a_recovery(
    registry, signed, register, profile, merge, propose, clock, customer, thief, successor, relayer
):
    stolen = register(thief, "thief")
    at = merge(profile, stolen, customer, thief).timestamp
    assert registry.mergeOf(profile).closesAt == at + 2 * DELAY
    clock.set_next(at + DELAY // 2)
    ready_at = propose(BY_ATTESTORS).timestamp + DELAY
    clock.set_next(ready_at)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    wanted = signed("UnmergeIntent", from_=profile, nonce=2)
    registry.unmerge(wanted.values, approvals_of(wanted, successor), sender=relayer)
    assert registry.resolve(profile) == profile


def test_a_thief_names_no_guardians_while_attestors_recover(
    registry,
    project,
    profile,
    guarded,
    trusted,
    naming,
    propose,
    wait_for,
    customer,
    successor,
    relayer,
):
    ready_at = propose(BY_ATTESTORS).timestamp + DELAY
    own = naming(guardiansHash=NEW_ROOT)
    for call in (
        lambda: registry.setGuardians(profile, NEW_ROOT, sender=customer),
        lambda: registry.setGuardiansBySig(own.values, own.sign(customer), sender=relayer),
    ):
        with reverts(project.CustomerRegistry.RecoveryPending, cid=profile, readyAt=ready_at):
            call()
    wait_for(BY_ATTESTORS)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)
    registry.setGuardians(profile, NEW_ROOT, sender=successor)


def test_a_recovery_by_guardians_drops_who_was_announced_meanwhile(
    registry, profile, guarded, trusted, propose, clock, customer, relayer
):
    proposed = propose(BY_GUARDIANS).timestamp
    clock.set_next(proposed + 1)
    registry.setGuardians(profile, NEW_ROOT, sender=customer)
    clock.set_next(proposed + DELAY)
    registry.recover(profile, BY_GUARDIANS, sender=relayer)
    clock.set(proposed + 1 + DELAY)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)


def test_a_recovery_keeps_guardians_who_count(
    registry, profile, trusted, customer, propose, clock, relayer
):
    announced = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    clock.set_next(announced.timestamp + DELAY)
    ready_at = propose(BY_ATTESTORS).timestamp + DELAY
    clock.set_next(ready_at)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    assert registry.guardiansHashOf(profile) == hash_of_guardians(trusted)


def test_the_owner_vetoes_what_a_thief_proposed_after_a_recovery(
    registry,
    project,
    profile,
    guarded,
    propose,
    recovery,
    clock,
    customer,
    thief,
    successor,
    relayer,
):
    ready_at = propose(BY_ATTESTORS).timestamp + DELAY
    stolen = recovery(BY_GUARDIANS, newController=thief, nonce=5)
    propose(BY_GUARDIANS, wanted=stolen, new=thief)
    clock.set_next(ready_at)
    registry.recover(profile, BY_ATTESTORS, sender=relayer)
    registry.vetoRecovery(profile, sender=successor)
    clock.set(ready_at + DELAY)
    with reverts(project.CustomerRegistry.RecoveryMissing, cid=profile, byGuardians=True):
        registry.recover(profile, BY_GUARDIANS, sender=thief)
    assert registry.controllerOf(profile) == successor.address


# erase


def test_erase_leaves_a_tombstone(registry, project, did, scope, profile, guarded, customer):
    before = registry.customerOf(profile)
    receipt = registry.erase(profile, RECEIPT, sender=customer)

    assert logs(receipt, registry, did) == [
        log(registry, "CustomerErased", cid=profile, receiptHash=RECEIPT)
    ]
    assert tuple(registry.customerOf(profile)) == (
        ZERO,
        before.registeredAt,
        scope,
        1,
        before.level,
        ERASED,
    )
    assert registry.controllerOf(profile) == ZERO
    assert registry.resolve(profile) == profile
    assert registry.guardiansHashOf(profile) == NOWHERE
    for call in (
        lambda: registry.erase(profile, RECEIPT, sender=customer),
        lambda: registry.setRoot(profile, ROOT, sender=customer),
        lambda: registry.setGuardians(profile, ROOT, sender=customer),
        lambda: registry.vetoRecovery(profile, sender=customer),
    ):
        with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
            call()


def test_erase_forgets_guardians_who_were_announced(registry, profile, trusted, customer, clock):
    announced = registry.setGuardians(profile, hash_of_guardians(trusted), sender=customer)
    registry.erase(profile, RECEIPT, sender=customer)
    clock.set(announced.timestamp + DELAY)
    assert registry.guardiansHashOf(profile) == NOWHERE


def test_erase_ends_a_bound_identity_for_ever(
    registry, project, did, profile, identity, register, customer, successor, relayer
):
    before = did.changed(identity)
    receipt = registry.erase(profile, RECEIPT, sender=customer)
    assert logs(receipt, registry, did) == [
        log(registry, "CustomerErased", cid=profile, receiptHash=RECEIPT),
        log(did, "DIDOwnerChanged", identity=identity, owner=ZERO, previousChange=before),
    ]
    assert did.identityOwner(identity) == ZERO
    assert did.owners(identity) == ZERO
    anew = register(customer, "customer, generation 1")
    for cid in (anew, profile):
        with reverts(project.DidRegistry.IdentityNotBindable, identity=identity, cid=cid):
            did.bind(identity, cid, sender=customer)
    with reverts(project.DidRegistry.IdentityOwnerOnly, identity=identity, caller=customer):
        did.changeOwner(identity, successor, sender=customer)


def test_erase_reverts_for_others(registry, project, profile, company, attestor, thief):
    for caller in (company, attestor, thief):
        with reverts(project.CustomerRegistry.ControllerOnly, cid=profile, caller=caller):
            registry.erase(profile, RECEIPT, sender=caller)


def test_eraseBySig_ends_the_profile_whoever_brings_it(
    registry, project, profile, signed, customer, relayer
):
    wanted = signed("EraseIntent", cid=profile, receiptHash=RECEIPT, epoch=0)
    receipt = registry.eraseBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert logs(receipt, registry) == [
        log(registry, "CustomerErased", cid=profile, receiptHash=RECEIPT)
    ]
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
        registry.eraseBySig(wanted.values, wanted.sign(customer), sender=relayer)


def test_rotate_and_recover_revert_for_a_linked_tag(
    registry, project, profile, signed, rotation, attestor, customer, successor, relayer
):
    link = signed("TagLink", tag=tag_of("further"), cid=profile, epoch=0)
    id_ = registry.linkTag(link.values, attestor, link.sign(attestor), sender=relayer).return_value
    wanted = rotation(cid=id_)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=id_, status=LINKED):
        registry.rotate(wanted.values, b"", wanted.sign(successor), sender=customer)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=id_, status=LINKED):
        registry.recover(id_, BY_GUARDIANS, sender=customer)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=id_, status=LINKED):
        registry.erase(id_, RECEIPT, sender=customer)

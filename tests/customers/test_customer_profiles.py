"""Profiles: which tag leads to which, and who may say so."""

from dataclasses import replace

import pytest
from eth_abi import encode
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
    id_of,
    pack_links,
    pack_registrations,
    tag_of,
)
from tests.fixtures.intents import compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NONE, ACTIVE, LINKED, MERGED, ERASED = range(5)
TAG = tag_of("customer")
FURTHER = tag_of("customer's second address")
SALT = keccak(text="salt")
NOWHERE = bytes(32)


def registered(registry, cid, controller, level=2, root=ROOT):
    return log(
        registry, "CustomerRegistered", cid=cid, root=root, controller=controller, level=level
    )


def linked(registry, id_, cid):
    return log(registry, "TagLinked", id=id_, cid=cid)


def skipped(registry, id_):
    return log(registry, "RecordSkipped", cid=id_)


@pytest.fixture
def ident(registry, chain, scope):
    """The id of a tag, as the test computes it."""

    def ident_(tag, of=scope):
        return id_of(registry, chain, of, tag)

    return ident_


@pytest.fixture
def status(registry):
    return lambda cid: registry.customerOf(cid).status


@pytest.fixture
def registration(signed, scope, customer):
    """What an attestor signs about the customer, unless the test says otherwise."""

    def registration_(**changes):
        values = {"scope": scope, "tag": TAG, "root": ROOT, "controller": customer, "level": 2}
        return signed("Registration", **values | changes)

    return registration_


@pytest.fixture
def record(customer):
    """One element of `registerMany`."""

    def record_(name, controller=customer, level=2):
        return (tag_of(name), keccak(text=f"root of {name}"), controller, level)

    return record_


@pytest.fixture
def batch(signed, scope):
    def batch_(*records, of=scope, **changes):
        packed = pack_registrations(*records)
        return signed("RegistrationBatch", scope=of, records=packed, **changes)

    return batch_


@pytest.fixture
def link(signed, profile):
    """A second tag of the customer, unless the test says otherwise."""

    def link_(**changes):
        values = {"tag": FURTHER, "cid": profile, "epoch": 0}
        return signed("TagLink", **values | changes)

    return link_


@pytest.fixture
def link_batch(signed, scope):
    def link_batch_(*records, of=scope, **changes):
        return signed("TagLinkBatch", scope=of, records=pack_links(*records), **changes)

    return link_batch_


@pytest.fixture
def second(register, friend):
    """A second profile, which turns out to be of the same person."""
    return register(friend, "the same customer, abroad")


@pytest.fixture
def merging(signed, profile, second):
    """Lets the customer's profile lead to the second, unless the test says otherwise."""

    def merging_(**changes):
        values = {"from_": profile, "into": second, "fromEpoch": 0, "intoEpoch": 0, "nonce": 1}
        return signed("MergeIntent", **values | changes)

    return merging_


@pytest.fixture
def merged(merge, profile, second, customer, friend):
    """The merge of the two, which both have signed."""
    return merge(profile, second, customer, friend)


@pytest.fixture
def unmerging(signed, profile):
    def unmerging_(**changes):
        return signed("UnmergeIntent", **{"from_": profile, "nonce": 2} | changes)

    return unmerging_


@pytest.fixture
def erase(registry):
    return lambda cid, controller: registry.erase(cid, RECEIPT, sender=controller)


# idOf


def test_idOf_depends_on_chain_registry_scope_and_tag(registry, project, accounts, chain, ident):
    twin = project.CustomerRegistry.deploy(sender=accounts[0])
    places = [(registry, 1, TAG), (registry, 2, TAG), (registry, 1, FURTHER), (twin, 1, TAG)]
    ids = [contract.idOf(scope, tag) for contract, scope, tag in places]

    assert ids == [id_of(contract, chain, scope, tag) for contract, scope, tag in places]
    assert {id_[31] for id_ in ids} == {0}
    assert len(set(ids)) == 4


# register


def test_register_makes_a_profile_whoever_brings_it(
    registry, scope, ident, registration, attestor, customer, relayer
):
    wanted, cid = registration(), ident(TAG)
    receipt = registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    assert receipt.return_value == cid
    assert logs(receipt, registry) == [registered(registry, cid, customer)]
    assert tuple(registry.customerOf(cid)) == (
        customer.address,
        receipt.timestamp,
        scope,
        0,
        2,
        ACTIVE,
    )
    assert registry.controllerOf(cid) == customer.address
    assert registry.resolve(cid) == cid
    assert tuple(registry.mergeOf(cid)) == (NOWHERE, 0)


def test_an_unknown_id_is_of_nobody(registry, ident):
    for id_ in (ident(TAG), NOWHERE, b"\xff" * 32):
        assert tuple(registry.customerOf(id_)) == (ZERO, 0, 0, 0, 0, NONE)
        assert registry.controllerOf(id_) == ZERO
        assert registry.resolve(id_) == NOWHERE


@pytest.mark.parametrize("level", [0, 1, 3])
def test_register_takes_every_level_up_to_the_attestors(
    registry, ident, registration, attestor, relayer, level
):
    wanted = registration(level=level)
    registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    assert registry.customerOf(ident(TAG)).level == level


def test_register_reverts_if_the_level_is_above_the_attestors(
    registry, project, scope, registration, attestor, examiner, auditor, relayer
):
    for who, level in ((attestor, 4), (examiner, 3), (auditor, 255)):
        wanted = registration(level=level)
        with reverts(
            project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=who, level=level
        ):
            registry.register(wanted.values, who, wanted.sign(who), sender=relayer)


def test_register_reverts_for_an_attestor_of_another_scope(
    registry, project, open_scope, registration, rival, attestor, thief, relayer
):
    elsewhere = registry.createScope(DELAY, 1, True, [thief], [3], sender=rival).return_value
    wanted = registration()
    with reverts(
        project.CustomerRegistry.AttestorInvalid,
        scope=wanted.values[0],
        attestor=thief,
        level=2,
    ):
        registry.register(wanted.values, thief, wanted.sign(thief), sender=relayer)

    # Nor does a signature for one scope hold in another of the same attestor.
    own, other = open_scope(), open_scope()
    here, there = registration(scope=own), registration(scope=other)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=attestor, digest=there.digest()
    ):
        registry.register(there.values, attestor, here.sign(attestor), sender=relayer)
    with reverts(
        project.CustomerRegistry.AttestorInvalid, scope=elsewhere, attestor=attestor, level=2
    ):
        foreign = registration(scope=elsewhere)
        registry.register(foreign.values, attestor, foreign.sign(attestor), sender=relayer)


def test_register_front_run_gains_nothing(
    registry, project, ident, registration, attestor, customer, thief
):
    honest = registration()
    seen = honest.sign(attestor)
    for stolen in (
        registration(controller=thief),
        registration(root=SALT),
        registration(level=3),
        registration(tag=FURTHER),
        registration(deadline=ANY_TIME - 1),
    ):
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=stolen.digest(),
        ):
            registry.register(stolen.values, attestor, seen, sender=thief)

    # Whoever brings it first, it is the customer's.
    registry.register(honest.values, attestor, seen, sender=thief)
    assert registry.controllerOf(ident(TAG)) == customer.address


def test_register_reverts_if_forged(registry, project, registration, attestor, thief, relayer):
    wanted = registration()
    for forged in forgeries(wanted, attestor, thief).values():
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=wanted.digest(),
        ):
            registry.register(wanted.values, attestor, forged, sender=relayer)
    registry.register(wanted.values, attestor, compact(wanted.sign(attestor)), sender=relayer)


def test_register_reverts_at_another_registry(
    registry, project, accounts, registration, company, attestor, customer, domain_of, relayer
):
    twin = project.CustomerRegistry.deploy(sender=accounts[0])
    twin.createScope(DELAY, 1, False, [attestor], [3], sender=company)
    wanted = registration()
    there = replace(wanted, domain=domain_of(twin))
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=attestor, digest=there.digest()
    ):
        twin.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_register_holds_until_its_deadline(
    registry, project, registration, attestor, relayer, clock
):
    deadline = clock.now + 100
    wanted = registration(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_register_works_at_its_deadline(registry, registration, attestor, relayer, clock):
    deadline = clock.now + 100
    wanted = registration(deadline=deadline)
    clock.set_next(deadline)
    registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_register_reverts_if_the_tag_is_taken(
    registry, project, profile, registration, attestor, examiner, thief, relayer
):
    for again, who in ((registration(), attestor), (registration(controller=thief), examiner)):
        with reverts(project.CustomerRegistry.CustomerKnown, cid=profile, status=ACTIVE):
            registry.register(again.values, who, again.sign(who), sender=relayer)


def test_register_reverts_if_the_controller_is_zero(
    registry, project, registration, attestor, relayer
):
    wanted = registration(controller=ZERO)
    with reverts(project.CustomerRegistry.ControllerZero):
        registry.register(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_register_asks_an_attestor_that_is_a_contract(
    registry, project, accounts, company, registration, attestor, thief, relayer
):
    wallet = project.WalletMock.deploy(attestor, sender=accounts[0])
    scope = registry.createScope(DELAY, 1, False, [wallet], [2], sender=company).return_value
    wanted = registration(scope=scope)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=wallet, digest=wanted.digest()
    ):
        registry.register(wanted.values, wallet, wanted.sign(thief), sender=relayer)
    registry.register(wanted.values, wallet, wanted.sign(attestor), sender=relayer)


# registerMany


def test_registerMany_registers_all_with_one_signature(
    registry, scope, ident, batch, record, attestor, customer, friend, relayer
):
    wanted = batch(record("a"), record("b", friend, 0), record("c", friend, 3))
    receipt = registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    people = {"a": (customer, 2), "b": (friend, 0), "c": (friend, 3)}
    assert logs(receipt, registry) == [
        registered(registry, ident(tag_of(name)), who, level, keccak(text=f"root of {name}"))
        for name, (who, level) in people.items()
    ]
    assert [tuple(registry.customerOf(ident(tag_of(name)))) for name in people] == [
        (who.address, receipt.timestamp, scope, 0, level, ACTIVE) for who, level in people.values()
    ]


def test_registerMany_skips_what_is_taken(
    registry,
    profile,
    register,
    erase,
    link,
    ident,
    batch,
    record,
    attestor,
    customer,
    friend,
    relayer,
):
    wanted = link()
    registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    erased = register(friend, "erased")
    erase(erased, friend)
    further = (FURTHER, ROOT, friend, 1)
    wanted = batch(
        record("customer", friend), further, record("erased"), record("new"), record("new", friend)
    )
    receipt = registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    new = ident(tag_of("new"))
    assert logs(receipt, registry) == [
        skipped(registry, profile),
        skipped(registry, ident(FURTHER)),
        skipped(registry, erased),
        registered(registry, new, customer, root=keccak(text="root of new")),
        skipped(registry, new),
    ]
    assert registry.controllerOf(profile) == customer.address
    assert registry.customerOf(erased).status == ERASED
    # So a batch that comes again changes nothing.
    again = registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    assert {entry.name for entry in logs(again, registry)} == {"RecordSkipped"}


def test_registerMany_reverts_if_a_level_is_above_the_attestors(
    registry, project, scope, ident, batch, record, examiner, relayer
):
    wanted = batch(record("a"), record("b", level=3))
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=examiner, level=3):
        registry.registerMany(*wanted.values, examiner, wanted.sign(examiner), sender=relayer)
    assert registry.resolve(ident(tag_of("a"))) == NOWHERE


def test_registerMany_reverts_for_who_is_no_attestor(
    registry, project, scope, open_scope, company, batch, record, attestor, thief, relayer, rival
):
    registry.createScope(DELAY, 1, False, [thief], [3], sender=rival)
    wanted = batch(record("a"))
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=thief, level=0):
        registry.registerMany(*wanted.values, thief, wanted.sign(thief), sender=relayer)

    registry.setAttestor(scope, attestor, 0, sender=company)
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=attestor, level=0):
        registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    registry.setAttestor(scope, attestor, 3, sender=company)
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=attestor, level=0):
        registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_registerMany_reverts_if_a_field_was_changed(
    registry, project, open_scope, batch, record, attestor, customer, thief, relayer
):
    other = open_scope()
    signature = batch(record("a")).sign(attestor)
    for changed in (
        batch(record("b")),
        batch(record("a", thief)),
        batch(record("a", level=3)),
        batch(record("a"), record("b", thief)),
        batch(record("a"), of=other),
        batch(record("a"), deadline=ANY_TIME - 1),
    ):
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=changed.digest(),
        ):
            registry.registerMany(*changed.values, attestor, signature, sender=thief)


def test_registerMany_reverts_if_forged(registry, project, batch, record, attestor, thief, relayer):
    wanted = batch(record("a"))
    for forged in forgeries(wanted, attestor, thief).values():
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=wanted.digest(),
        ):
            registry.registerMany(*wanted.values, attestor, forged, sender=relayer)


def test_registerMany_holds_until_its_deadline(
    registry, project, batch, record, attestor, relayer, clock
):
    deadline = clock.now + 100
    wanted = batch(record("a"), deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


@pytest.mark.parametrize("length", [0, 1, 84, 86, 169])
def test_registerMany_reverts_if_a_record_is_cut(
    registry, project, signed, scope, attestor, relayer, length
):
    wanted = signed("RegistrationBatch", scope=scope, records=b"\x01" * length)
    with reverts(project.CustomerRegistry.BatchMalformed, length=length, recordLength=85):
        registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_registerMany_reverts_if_a_controller_is_zero(
    registry, project, batch, record, attestor, relayer
):
    wanted = batch(record("a"), record("b", ZERO))
    with reverts(project.CustomerRegistry.ControllerZero):
        registry.registerMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


# registerSelf


def test_registerSelf_registers_the_caller_at_level_0(registry, open_scope, ident, customer):
    scope = open_scope(self_registration=True)
    cid = ident(keccak(encode(["address", "bytes32"], [customer.address, SALT])), scope)
    receipt = registry.registerSelf(scope, SALT, ROOT, sender=customer)

    assert receipt.return_value == cid
    assert logs(receipt, registry) == [registered(registry, cid, customer, 0)]
    assert tuple(registry.customerOf(cid)) == (
        customer.address,
        receipt.timestamp,
        scope,
        0,
        0,
        ACTIVE,
    )


def test_registerSelf_cannot_be_front_run(registry, open_scope, customer, thief):
    scope = open_scope(self_registration=True)
    stolen = registry.registerSelf(scope, SALT, ROOT, sender=thief).return_value
    own = registry.registerSelf(scope, SALT, ROOT, sender=customer).return_value

    assert stolen != own
    assert registry.controllerOf(own) == customer.address


def test_registerSelf_reverts_if_repeated(registry, project, open_scope, erase, customer):
    scope = open_scope(self_registration=True)
    cid = registry.registerSelf(scope, SALT, ROOT, sender=customer).return_value
    with reverts(project.CustomerRegistry.CustomerKnown, cid=cid, status=ACTIVE):
        registry.registerSelf(scope, SALT, ROOT, sender=customer)
    erase(cid, customer)
    with reverts(project.CustomerRegistry.CustomerKnown, cid=cid, status=ERASED):
        registry.registerSelf(scope, SALT, ROOT, sender=customer)
    registry.registerSelf(scope, ROOT, ROOT, sender=customer)


@pytest.mark.parametrize("unknown", [0, 2, 2**24 - 1])
def test_registerSelf_reverts_where_it_is_not_allowed(registry, project, scope, customer, unknown):
    for closed in (scope, unknown):
        with reverts(project.CustomerRegistry.SelfRegistrationClosed, scope=closed):
            registry.registerSelf(closed, SALT, ROOT, sender=customer)


# linkTag


def test_linkTag_lets_a_further_tag_lead_to_the_profile(
    registry, ident, profile, link, attestor, relayer
):
    wanted, id_ = link(), ident(FURTHER)
    receipt = registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    assert receipt.return_value == id_
    assert logs(receipt, registry) == [linked(registry, id_, profile)]
    assert registry.resolve(id_) == profile
    assert tuple(registry.customerOf(id_)) == (ZERO, 0, 0, 0, 0, LINKED)
    assert registry.controllerOf(id_) == ZERO


def test_linkTag_takes_any_attestor_of_the_scope(
    registry, project, scope, company, link, auditor, customer, thief, relayer
):
    wanted = link()
    for who in (customer, thief, company):
        with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=who, level=0):
            registry.linkTag(wanted.values, who, wanted.sign(who), sender=relayer)
    registry.linkTag(wanted.values, auditor, wanted.sign(auditor), sender=relayer)


def test_linkTag_reverts_for_an_attestor_of_another_scope(
    registry, project, scope, link, rival, thief, relayer
):
    registry.createScope(DELAY, 1, False, [thief], [3], sender=rival)
    wanted = link()
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=thief, level=0):
        registry.linkTag(wanted.values, thief, wanted.sign(thief), sender=relayer)


def test_linkTag_reverts_if_the_tag_is_taken(
    registry, project, ident, profile, second, link, attestor, relayer
):
    own, foreign = link(tag=TAG), link(tag=tag_of("the same customer, abroad"))
    for wanted, taken in ((own, profile), (foreign, second)):
        with reverts(project.CustomerRegistry.CustomerKnown, cid=taken, status=ACTIVE):
            registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    wanted = link()
    registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    for again in (wanted, link(cid=second)):
        with reverts(project.CustomerRegistry.CustomerKnown, cid=ident(FURTHER), status=LINKED):
            registry.linkTag(again.values, attestor, again.sign(attestor), sender=relayer)
    assert registry.resolve(ident(FURTHER)) == profile


def test_linkTag_reverts_if_the_profile_is_not_active(
    registry, project, ident, profile, merged, link, erase, attestor, customer, relayer
):
    for cid, state in ((ident(FURTHER), NONE), (NOWHERE, NONE), (profile, MERGED)):
        wanted = link(cid=cid, tag=tag_of("third"))
        with reverts(project.CustomerRegistry.CustomerNotActive, cid=cid, status=state):
            registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    erase(profile, customer)
    wanted = link(epoch=1)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=ERASED):
        registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_linkTag_makes_no_chains(registry, project, ident, link, attestor, relayer):
    first = link()
    registry.linkTag(first.values, attestor, first.sign(attestor), sender=relayer)
    chained = link(tag=tag_of("third"), cid=ident(FURTHER))
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=ident(FURTHER), status=LINKED):
        registry.linkTag(chained.values, attestor, chained.sign(attestor), sender=relayer)


def test_linkTag_reverts_if_signed_in_another_epoch(
    registry, project, ident, profile, rotate, link, attestor, customer, successor, relayer
):
    ahead, early = link(epoch=1), link()
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=1, current=0):
        registry.linkTag(ahead.values, attestor, ahead.sign(attestor), sender=relayer)
    rotate(profile, customer, successor)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        registry.linkTag(early.values, attestor, early.sign(attestor), sender=relayer)
    registry.linkTag(ahead.values, attestor, ahead.sign(attestor), sender=relayer)
    assert registry.resolve(ident(FURTHER)) == profile


def test_linkTag_reverts_if_forged_or_changed(
    registry, project, second, link, attestor, thief, relayer
):
    wanted = link()
    signature = wanted.sign(attestor)
    attempts = [(wanted, forged) for forged in forgeries(wanted, attestor, thief).values()]
    changes = ({"tag": tag_of("third")}, {"cid": second}, {"deadline": ANY_TIME - 1})
    attempts += [(link(**change), signature) for change in changes]
    for tried, given in attempts:
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=tried.digest(),
        ):
            registry.linkTag(tried.values, attestor, given, sender=relayer)


def test_linkTag_holds_until_its_deadline(registry, project, link, attestor, relayer, clock):
    deadline = clock.now + 100
    wanted = link(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


# linkMany


def test_linkMany_links_all_with_one_signature(
    registry, ident, profile, second, link_batch, auditor, relayer
):
    tags = {tag_of("new tag, one"): profile, tag_of("new tag, two"): second}
    wanted = link_batch(*tags.items())
    receipt = registry.linkMany(*wanted.values, auditor, wanted.sign(auditor), sender=relayer)

    assert logs(receipt, registry) == [
        linked(registry, ident(tag), cid) for tag, cid in tags.items()
    ]
    assert [registry.resolve(ident(tag)) for tag in tags] == list(tags.values())


def test_linkMany_skips_what_is_taken_or_not_active(
    registry,
    ident,
    profile,
    second,
    merged,
    register,
    erase,
    link_batch,
    open_scope,
    attestor,
    friend,
    relayer,
):
    erased, abroad = register(friend, "erased"), register(friend, "abroad", of=open_scope())
    erase(erased, friend)
    tags = [tag_of(f"new tag, {number}") for number in range(8)]
    targets = [second, profile, erased, abroad, ident(tags[0]), NOWHERE, second, second]
    pairs = list(zip(tags, targets, strict=True))
    pairs[6] = (tags[0], second)  # within the batch
    pairs[7] = (TAG, second)  # a profile of its own
    wanted = link_batch(*pairs)
    receipt = registry.linkMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)

    left_out = [*tags[1:6], tags[0], TAG]
    assert logs(receipt, registry) == [
        linked(registry, ident(tags[0]), second),
        *(skipped(registry, ident(tag)) for tag in left_out),
    ]
    assert [registry.resolve(ident(tag)) for tag in tags[1:6]] == [NOWHERE] * 5


def test_linkMany_reverts_for_who_is_no_attestor(
    registry, project, scope, profile, company, link_batch, attestor, rival, thief, relayer
):
    registry.createScope(DELAY, 1, False, [thief], [3], sender=rival)
    wanted = link_batch((FURTHER, profile))
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=thief, level=0):
        registry.linkMany(*wanted.values, thief, wanted.sign(thief), sender=relayer)
    registry.setAttestor(scope, attestor, 0, sender=company)
    with reverts(project.CustomerRegistry.AttestorInvalid, scope=scope, attestor=attestor, level=0):
        registry.linkMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_linkMany_links_nothing_of_another_scope(
    registry, ident, profile, rival, link_batch, thief, relayer
):
    elsewhere = registry.createScope(DELAY, 1, False, [thief], [3], sender=rival).return_value
    wanted = link_batch((FURTHER, profile), of=elsewhere)
    receipt = registry.linkMany(*wanted.values, thief, wanted.sign(thief), sender=relayer)

    assert logs(receipt, registry) == [skipped(registry, ident(FURTHER, elsewhere))]


def test_linkMany_reverts_if_forged_or_changed(
    registry, project, profile, second, open_scope, link_batch, attestor, thief, relayer
):
    wanted = link_batch((FURTHER, profile))
    signature = wanted.sign(attestor)
    attempts = [(wanted, forged) for forged in forgeries(wanted, attestor, thief).values()]
    attempts += [
        (changed, signature)
        for changed in (
            link_batch((FURTHER, second)),
            link_batch((FURTHER, profile), (SALT, profile)),
            link_batch((FURTHER, profile), of=open_scope()),
            link_batch((FURTHER, profile), deadline=ANY_TIME - 1),
        )
    ]
    for tried, given in attempts:
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=tried.digest(),
        ):
            registry.linkMany(*tried.values, attestor, given, sender=relayer)


def test_linkMany_holds_until_its_deadline(
    registry, project, profile, link_batch, attestor, relayer, clock
):
    deadline = clock.now + 100
    wanted = link_batch((FURTHER, profile), deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.linkMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 127])
def test_linkMany_reverts_if_a_record_is_cut(
    registry, project, signed, scope, attestor, relayer, length
):
    wanted = signed("TagLinkBatch", scope=scope, records=b"\x01" * length)
    with reverts(project.CustomerRegistry.BatchMalformed, length=length, recordLength=64):
        registry.linkMany(*wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_a_signature_is_good_for_one_purpose(
    registry, project, profile, signed, link, attestor, relayer
):
    # A link of one tag is no batch of links, though an attestor signs both.
    records = pack_links((FURTHER, profile))
    alone = link()
    whole = signed("TagLinkBatch", scope=1, records=records)
    for sign, send in (
        (alone, lambda given: registry.linkMany(*whole.values, attestor, given, sender=relayer)),
        (whole, lambda given: registry.linkTag(alone.values, attestor, given, sender=relayer)),
    ):
        tried = whole if sign is alone else alone
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=attestor,
            digest=tried.digest(),
        ):
            send(sign.sign(attestor))


# merge


def test_merge_lets_lookups_lead_to_the_other(
    registry, ident, profile, second, link, attestor, merging, customer, friend, relayer, status
):
    further = link()
    registry.linkTag(further.values, attestor, further.sign(attestor), sender=relayer)
    wanted = merging()
    receipt = registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)

    assert logs(receipt, registry) == [log(registry, "CustomersMerged", from_=profile, into=second)]
    assert [registry.resolve(id_) for id_ in (profile, ident(FURTHER), second)] == [second] * 3
    assert (status(profile), status(second)) == (MERGED, ACTIVE)
    into, closes_at = registry.mergeOf(profile)
    assert into == second
    assert closes_at == receipt.timestamp + 2 * DELAY
    # Everybody keeps his key.
    assert registry.controllerOf(profile) == customer.address
    assert registry.isNonceUsed(customer, 1) is True
    assert registry.isNonceUsed(friend, 1) is True


def test_merge_of_two_profiles_of_one_key_asks_for_one_signature(
    registry, register, profile, merge, customer
):
    other = register(customer, "again")
    merge(profile, other, customer)
    assert registry.resolve(profile) == other


def test_merge_by_the_quorum_of_attestors(registry, profile, second, merge, attestor, auditor):
    merge(profile, second, attestor, auditor)
    assert registry.resolve(profile) == second


def test_merge_by_more_than_the_quorum(
    registry, profile, second, merge, attestor, examiner, auditor
):
    merge(profile, second, attestor, examiner, auditor)
    assert registry.resolve(profile) == second


def test_merge_reverts_if_the_quorum_is_not_reached(
    registry, project, merging, attestor, customer, relayer
):
    wanted = merging()
    for signers in ((), (attestor,), (customer,)):
        with reverts(
            project.CustomerRegistry.ApprovalsInsufficient, required=2, given=len(signers)
        ):
            registry.merge(wanted.values, approvals_of(wanted, *signers), sender=relayer)


def test_merge_reverts_if_an_outsider_is_among_the_signers(
    registry, project, merging, attestor, examiner, customer, friend, thief, relayer
):
    wanted = merging()
    for signers, stranger in (
        ((attestor, thief), thief),
        ((attestor, examiner, thief), thief),
        ((attestor, customer), customer),
        ((thief, customer), None),
        ((customer, friend, attestor), None),
    ):
        given = approvals_of(wanted, *signers)
        first = next(who for who in ascending(*signers) if who not in (attestor, examiner))
        assert stranger in (None, first)
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=first):
            registry.merge(wanted.values, given, sender=relayer)


def test_merge_reverts_if_a_signer_counts_twice_or_out_of_order(
    registry, project, merging, attestor, examiner, relayer
):
    wanted = merging()
    low, high = approvals_of(wanted, attestor, examiner)
    for given, refused in (([high, low], low), ([low, low], low), ([low, high, high], high)):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=refused[0]):
            registry.merge(wanted.values, given, sender=relayer)
    with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=ZERO):
        registry.merge(wanted.values, [(ZERO, b""), low, high], sender=relayer)
    assert registry.isNonceUsed(attestor, 1) is False


def test_merge_counts_no_attestor_who_was_removed_or_waits(
    registry, project, scope, merging, company, attestor, auditor, relayer, rival
):
    wanted = merging()
    registry.setAttestor(scope, auditor, 0, sender=company)
    registry.setAttestor(scope, rival, 3, sender=company)
    for who in (auditor, rival):
        with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=who):
            registry.merge(wanted.values, approvals_of(wanted, attestor, who), sender=relayer)


def test_merge_reverts_without_a_quorum_in_the_scope(
    registry, project, open_scope, register, merge, customer, friend, attestor, examiner
):
    scope = open_scope(quorum=0)
    one, other = register(customer, "one", of=scope), register(friend, "other", of=scope)
    for signers in ((attestor, examiner), (customer,), ()):
        with reverts(project.CustomerRegistry.ScopeWithoutQuorum, scope=scope):
            merge(one, other, *signers)
    merge(one, other, customer, friend)


def test_merge_reverts_if_forged_or_changed(
    registry, project, register, profile, second, merging, customer, friend, thief, relayer
):
    third = register(friend, "third")
    wanted = merging()
    given = dict(approvals_of(wanted, customer, friend))
    attempts = [
        (
            wanted,
            [
                (who.address, forged if who is customer else given[who.address])
                for who in ascending(customer, friend)
            ],
        )
        for forged in forgeries(wanted, customer, thief).values()
    ]
    attempts += [
        (merging(**change), list(given.items()))
        for change in ({"into": third}, {"nonce": 2}, {"deadline": ANY_TIME - 1})
    ]
    first = ascending(customer, friend)[0]
    for tried, approvals in attempts:
        signer = customer if tried is wanted else first
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=signer,
            digest=tried.digest(),
        ):
            registry.merge(tried.values, approvals, sender=relayer)
    # From and into are not the same the other way round.
    turned = merging(from_=second, into=profile)
    with reverts(
        project.CustomerRegistry.IntentSignatureInvalid, signer=first, digest=turned.digest()
    ):
        registry.merge(turned.values, list(given.items()), sender=relayer)


def test_merge_reverts_if_signed_in_another_epoch(
    registry, project, profile, second, merging, rotate, customer, friend, successor, relayer
):
    wanted = merging()
    rotate(profile, customer, successor)
    with reverts(project.CustomerRegistry.EpochStale, cid=profile, epoch=0, current=1):
        registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)
    rotate(second, friend, friend)
    wanted = merging(fromEpoch=1)
    with reverts(project.CustomerRegistry.EpochStale, cid=second, epoch=0, current=1):
        registry.merge(wanted.values, approvals_of(wanted, successor, friend), sender=relayer)
    wanted = merging(fromEpoch=1, intoEpoch=1)
    registry.merge(wanted.values, approvals_of(wanted, successor, friend), sender=relayer)


def test_merge_holds_until_its_deadline(
    registry, project, merging, customer, friend, relayer, clock
):
    deadline = clock.now + 100
    wanted = merging(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)


def test_merge_reverts_if_repeated(
    registry, project, profile, merged, unmerging, merging, customer, friend, relayer
):
    undoing = unmerging()
    registry.unmerge(undoing.values, approvals_of(undoing, friend), sender=relayer)
    wanted = merging()
    with reverts(
        project.CustomerRegistry.IntentNonceUsed,
        signer=ascending(customer, friend)[0],
        nonce=1,
    ):
        registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)
    wanted = merging(nonce=3)
    registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)


def test_merge_reverts_into_itself(registry, project, profile, merge, customer):
    with reverts(project.CustomerRegistry.MergeInvalid, **{"from": profile, "into": profile}):
        merge(profile, profile, customer)


def test_merge_reverts_across_scopes(
    registry, project, open_scope, register, profile, merge, customer, friend
):
    abroad = register(friend, "abroad", of=open_scope())
    with reverts(project.CustomerRegistry.MergeInvalid, **{"from": profile, "into": abroad}):
        merge(profile, abroad, customer, friend)


def test_merge_makes_no_chains(
    registry, project, profile, second, merged, register, merge, customer, friend, successor
):
    third = register(successor, "third")
    # The profile that others lead to leads nowhere itself,
    with reverts(project.CustomerRegistry.MergeInvalid, **{"from": second, "into": third}):
        merge(second, third, friend, successor, nonce=5)
    # and a merged one neither leads elsewhere nor is led to.
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=MERGED):
        merge(profile, third, customer, successor, nonce=6)
    with reverts(project.CustomerRegistry.CustomerNotActive, cid=profile, status=MERGED):
        merge(third, profile, customer, successor, nonce=7)
    merge(third, second, friend, successor, nonce=8)
    assert registry.resolve(third) == second


def test_merge_reverts_if_a_profile_is_not_active(
    registry,
    project,
    ident,
    profile,
    second,
    merging,
    link,
    erase,
    attestor,
    customer,
    friend,
    relayer,
):
    further = link()
    registry.linkTag(further.values, attestor, further.sign(attestor), sender=relayer)
    for change, cid, state in (
        ({"from_": NOWHERE}, NOWHERE, NONE),
        ({"into": NOWHERE}, NOWHERE, NONE),
        ({"from_": ident(FURTHER)}, ident(FURTHER), LINKED),
        ({"into": ident(FURTHER)}, ident(FURTHER), LINKED),
    ):
        wanted = merging(**change)
        with reverts(project.CustomerRegistry.CustomerNotActive, cid=cid, status=state):
            registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)
    erase(second, friend)
    for wanted in (merging(), merging(from_=second, into=profile)):
        with reverts(project.CustomerRegistry.CustomerNotActive, cid=second, status=ERASED):
            registry.merge(wanted.values, approvals_of(wanted, customer, friend), sender=relayer)


# unmerge


@pytest.mark.parametrize("who", ["customer", "friend"])
def test_unmerge_by_either_controller(
    registry, profile, second, merged, unmerging, request, relayer, status, who
):
    signer, wanted = request.getfixturevalue(who), unmerging()
    receipt = registry.unmerge(wanted.values, approvals_of(wanted, signer), sender=relayer)

    assert logs(receipt, registry) == [
        log(registry, "CustomersUnmerged", from_=profile, into=second)
    ]
    assert registry.resolve(profile) == profile
    assert status(profile) == ACTIVE
    assert tuple(registry.mergeOf(profile)) == (NOWHERE, 0)


def test_unmerge_gives_back_every_tag(
    registry, ident, profile, second, link, merge, unmerging, attestor, customer, friend, relayer
):
    for wanted in (link(), link(tag=SALT, cid=second)):
        registry.linkTag(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
    merge(profile, second, customer, friend)
    wanted = unmerging()
    registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)

    owners = {TAG: profile, FURTHER: profile, SALT: second}
    assert {tag: registry.resolve(ident(tag)) for tag in owners} == owners


def test_unmerge_by_the_quorum(registry, profile, merged, unmerging, attestor, auditor, relayer):
    wanted = unmerging()
    registry.unmerge(wanted.values, approvals_of(wanted, attestor, auditor), sender=relayer)
    assert registry.resolve(profile) == profile


def test_unmerge_reverts_for_others(
    registry, project, second, merged, unmerging, erase, attestor, friend, thief, relayer
):
    wanted = unmerging()
    for signers in ((), (attestor,), (thief,)):
        with reverts(
            project.CustomerRegistry.ApprovalsInsufficient, required=2, given=len(signers)
        ):
            registry.unmerge(wanted.values, approvals_of(wanted, *signers), sender=relayer)
    with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=thief):
        registry.unmerge(wanted.values, approvals_of(wanted, attestor, thief), sender=relayer)
    # Nobody speaks for the zero address, also if it is all that an erased profile has.
    erase(second, friend)
    with reverts(project.CustomerRegistry.ApprovalSignerInvalid, signer=ZERO):
        registry.unmerge(wanted.values, [(ZERO, b"")], sender=relayer)


def test_unmerge_works_to_the_last_second_of_its_window(
    registry, profile, merged, unmerging, customer, relayer, clock
):
    wanted = unmerging()
    clock.set_next(registry.mergeOf(profile).closesAt - 1)
    registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)
    assert registry.resolve(profile) == profile


def test_unmerge_reverts_after_its_window(
    registry,
    project,
    profile,
    second,
    merged,
    unmerging,
    customer,
    attestor,
    examiner,
    relayer,
    clock,
):
    wanted, closes_at = unmerging(), registry.mergeOf(profile).closesAt
    for number, signers in enumerate(((customer,), (attestor, examiner))):
        clock.set_next(closes_at + number)
        with reverts(
            project.CustomerRegistry.MergeWindowClosed,
            **{"from": profile, "closedAt": closes_at},
        ):
            registry.unmerge(wanted.values, approvals_of(wanted, *signers), sender=relayer)
    assert registry.resolve(profile) == second


def test_unmerge_works_at_any_time_once_the_other_is_erased(
    registry, profile, second, merged, unmerging, erase, customer, friend, relayer, clock, status
):
    clock.set(registry.mergeOf(profile).closesAt + 1)
    erase(second, friend)
    assert registry.resolve(profile) == second
    wanted = unmerging()
    registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)

    assert registry.resolve(profile) == profile
    assert status(profile) == ACTIVE


def test_unmerge_reverts_if_nothing_was_merged(
    registry, project, profile, second, ident, unmerging, customer, relayer
):
    for cid, state in ((profile, ACTIVE), (second, ACTIVE), (ident(FURTHER), NONE)):
        wanted = unmerging(from_=cid)
        with reverts(project.CustomerRegistry.CustomerNotActive, cid=cid, status=state):
            registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)


def test_unmerge_reverts_if_repeated(
    registry, project, profile, second, merged, merge, unmerging, customer, friend, relayer
):
    wanted = unmerging()
    given = approvals_of(wanted, customer)
    registry.unmerge(wanted.values, given, sender=relayer)
    merge(profile, second, customer, friend, nonce=9)
    with reverts(project.CustomerRegistry.IntentNonceUsed, signer=customer, nonce=2):
        registry.unmerge(wanted.values, given, sender=relayer)


def test_unmerge_reverts_if_forged_or_changed(
    registry,
    project,
    profile,
    merged,
    unmerging,
    register,
    merge,
    customer,
    friend,
    successor,
    thief,
    relayer,
):
    third = register(customer, "third")
    merge(third, register(successor, "fourth"), customer, successor, nonce=4)
    wanted = unmerging()
    attempts = [(wanted, forged) for forged in forgeries(wanted, customer, thief).values()]
    attempts += [
        (unmerging(**change), wanted.sign(customer))
        for change in ({"from_": third}, {"nonce": 3}, {"deadline": ANY_TIME - 1})
    ]
    for tried, given in attempts:
        with reverts(
            project.CustomerRegistry.IntentSignatureInvalid,
            signer=customer,
            digest=tried.digest(),
        ):
            registry.unmerge(tried.values, [(customer.address, given)], sender=relayer)


def test_unmerge_holds_until_its_deadline(
    registry, project, merged, unmerging, customer, relayer, clock
):
    deadline = clock.now + 100
    wanted = unmerging(deadline=deadline)
    clock.set_next(deadline + 1)
    with reverts(project.CustomerRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)


def test_unmerge_lets_the_other_be_merged_again(
    registry,
    profile,
    second,
    merged,
    unmerging,
    register,
    merge,
    customer,
    friend,
    successor,
    relayer,
):
    wanted = unmerging()
    registry.unmerge(wanted.values, approvals_of(wanted, customer), sender=relayer)
    third = register(successor, "third")
    merge(second, third, friend, successor, nonce=3)
    assert registry.resolve(second) == third
    assert registry.resolve(profile) == profile


def test_erasing_the_last_merged_profile_sets_the_other_free(
    registry, project, profile, second, merged, register, merge, erase, customer, friend, successor
):
    also, third = register(customer, "also"), register(successor, "third")
    merge(also, second, customer, friend, nonce=3)
    for cid in (profile, also):
        with reverts(project.CustomerRegistry.MergeInvalid, **{"from": second, "into": third}):
            merge(second, third, friend, successor, nonce=4)
        receipt = erase(cid, customer)
        assert logs(receipt, registry) == [
            log(registry, "CustomersUnmerged", from_=cid, into=second),
            log(registry, "CustomerErased", cid=cid, receiptHash=RECEIPT),
        ]
        assert registry.resolve(cid) == cid
    merge(second, third, friend, successor, nonce=4)


def test_an_erased_profile_stays_taken_for_ever(
    registry,
    project,
    ident,
    profile,
    link,
    erase,
    registration,
    attestor,
    customer,
    relayer,
    clock,
):
    further = link()
    registry.linkTag(further.values, attestor, further.sign(attestor), sender=relayer)
    erase(profile, customer)
    clock.set(clock.now + 3 * DELAY)

    for tag, state in ((TAG, ERASED), (FURTHER, LINKED)):
        again = registration(tag=tag)
        with reverts(project.CustomerRegistry.CustomerKnown, cid=ident(tag), status=state):
            registry.register(again.values, attestor, again.sign(attestor), sender=relayer)
    assert registry.resolve(ident(FURTHER)) == profile
    # Under a tag of the next generation the person may come back.
    anew = registration(tag=tag_of("customer, generation 1"))
    registry.register(anew.values, attestor, anew.sign(attestor), sender=relayer)

"""Consents: granted once, ended for ever, checked against terms that nobody published."""

import pytest
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY
from tests.customers.intents import (
    ANY_TIME,
    RECEIPT,
    ZERO,
    consent_id_of,
    consent_terms,
    forgeries,
    grant_of,
    intent_of,
    permission_hash_of,
)
from tests.fixtures.intents import compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NONE, GRANTED, WITHDRAWN, REVOKED = range(4)
NOWHERE = bytes(32)
SALT = keccak(text="another salt")
PURPOSES, CATEGORIES = 0b110, 1 << 200 | 0b101  # of the terms
BURN_GAS = 4  # WalletMock.Behaviour


def consent_log(consents, name, subject, consent_id, **fields):
    return log(consents, name, subject=subject, consentId=consent_id, **fields)


def selector(error):
    return keccak(text=error)[:4]


@pytest.fixture
def domain(consents, domain_of):
    return domain_of(consents)


@pytest.fixture
def start(clock):
    """When the customer's terms begin."""
    return clock.now


@pytest.fixture
def terms(company, customer, start):
    """The customer's terms with the company for 30 days, unless the test says otherwise."""

    def terms_(*, of=company, subject=customer, **changes):
        during = {"validFrom": start, "validUntil": start + 30 * DAY}
        return consent_terms(of, subject, **during | changes)

    return terms_


@pytest.fixture
def id_of(domain):
    return lambda terms: consent_id_of(domain, terms)


@pytest.fixture
def consent_id(terms, id_of):
    return id_of(terms())


@pytest.fixture
def granted(consents, consent_id, customer):
    """The id of a consent that the customer granted."""
    consents.grant(customer, consent_id, sender=customer)
    return consent_id


@pytest.fixture
def intent(domain, customer, consent_id):
    """An end or a renewal of the customer's consent, unless the test says otherwise."""

    def intent_(kind, **changes):
        return intent_of(domain, kind, **{"subject": customer, "consentId": consent_id} | changes)

    return intent_


@pytest.fixture
def carried(domain, id_of):
    """A signed grant as it is relayed."""

    def carried_(terms, signer, *, deadline=ANY_TIME):
        signature = grant_of(domain, terms, deadline).sign(signer)
        return terms[1][0], id_of(terms), deadline, signature

    return carried_


@pytest.fixture
def moved(did, customer, successor):
    """The customer's identity has another key."""
    did.changeOwner(customer, successor, sender=customer)


def test_the_registry_asks_who_owns_an_identity(consents, registry, did, project, domain, terms):
    assert project.DidRegistry.at(consents.DID_REGISTRY()).CUSTOMERS() == registry.address
    assert registry.contract_type.name == project.CustomerRegistry.contract_type.name
    assert consents.DOMAIN_SEPARATOR() == grant_of(domain, terms()).signable().header


def test_consentIdOf_is_the_struct_hash_of_all_terms(consents, terms, id_of, rival, friend, start):
    variants = [
        terms(),
        terms(of=rival),
        terms(companySalt=SALT),
        terms(subject=friend),
        terms(purposes=2**128 - 1),
        terms(categories=2**256 - 1),
        terms(recipientsHash=SALT),
        terms(validFrom=start + 1),
        terms(validUntil=2**40 - 1),
        terms(noticeHash=SALT),
        terms(jurisdiction=b"DE"),
        terms(flags=0),
        terms(rewardId=2**256 - 1),
        terms(salt=SALT),
    ]
    ids = [bytes(consents.consentIdOf(each)) for each in variants]
    assert ids == [id_of(each) for each in variants]
    assert len(set(ids)) == len(ids)


# grant


def test_grant_is_on_record_with_its_time(consents, customer, consent_id):
    assert tuple(consents.consentOf(customer, consent_id)) == (0, 0, 0, NONE)
    receipt = consents.grant(customer, consent_id, sender=customer)
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentGranted", customer, consent_id)
    ]
    assert tuple(consents.consentOf(customer, consent_id)) == (receipt.timestamp, 0, 1, GRANTED)


def test_grant_reverts_for_others(consents, project, customer, consent_id, company, thief):
    for caller in (company, thief):
        with reverts(project.ConsentRegistry.SubjectOwnerOnly, subject=customer, caller=caller):
            consents.grant(customer, consent_id, sender=caller)


def test_grant_reverts_without_an_id(consents, project, customer, carried, terms, relayer):
    with reverts(project.ConsentRegistry.ConsentIdZero, subject=customer):
        consents.grant(customer, NOWHERE, sender=customer)
    subject, _, deadline, signature = carried(terms(), customer)
    with reverts(project.ConsentRegistry.ConsentIdZero, subject=customer):
        consents.grantBySig((subject, NOWHERE, deadline, signature), sender=relayer)


def test_nobody_uses_up_the_id_of_another(consents, terms, customer, consent_id, thief):
    consents.grant(thief, consent_id, sender=thief)
    consents.withdraw(thief, consent_id, sender=thief)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False
    consents.grant(customer, consent_id, sender=customer)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    assert consents.consentOf(thief, consent_id).status == WITHDRAWN


def test_a_copied_id_permits_nothing(consents, terms, consent_id, thief):
    consents.grant(thief, consent_id, sender=thief)
    for subject in (terms(), terms(subject=thief)):
        assert consents.check(subject, PURPOSES, CATEGORIES) is False


# grantBySig


def test_grantBySig_grants_whoever_brings_it(consents, carried, terms, customer, relayer):
    for salt, form in ((NOWHERE, bytes), (SALT, compact)):
        subject, consent_id, deadline, signature = carried(terms(salt=salt), customer)
        receipt = consents.grantBySig(
            (subject, consent_id, deadline, form(signature)), sender=relayer
        )
        assert logs(receipt, consents) == [
            consent_log(consents, "ConsentGranted", customer, consent_id)
        ]
        assert tuple(consents.consentOf(customer, consent_id)) == (
            receipt.timestamp,
            0,
            1,
            GRANTED,
        )


def test_grantBySig_reverts_if_forged(
    consents, project, domain, terms, consent_id, customer, thief, relayer
):
    wanted = grant_of(domain, terms())
    for name, forged in forgeries(wanted, customer, thief).items():
        digest = wanted.digest()
        with reverts(
            project.ConsentRegistry.IntentSignatureInvalid, signer=customer, digest=digest
        ):
            consents.grantBySig((customer, consent_id, ANY_TIME, forged), sender=relayer)
        assert consents.consentOf(customer, consent_id).status == NONE, name


def test_grantBySig_reverts_if_a_field_was_changed(
    consents, project, domain, terms, id_of, customer, friend, relayer
):
    signature = grant_of(domain, terms()).sign(customer)
    longer, later = terms(validUntil=2**40 - 1), ANY_TIME - 1
    for signer, changed, deadline in (
        (customer, longer, ANY_TIME),
        (customer, terms(purposes=2**128 - 1), ANY_TIME),
        (customer, terms(), later),
        (friend, terms(), ANY_TIME),
    ):
        digest = grant_of(domain, changed, deadline).digest()
        with reverts(project.ConsentRegistry.IntentSignatureInvalid, signer=signer, digest=digest):
            consents.grantBySig((signer, id_of(changed), deadline, signature), sender=relayer)


def test_grantBySig_holds_until_its_deadline(
    consents, project, carried, terms, customer, relayer, clock
):
    deadline = clock.now + 100
    late, in_time = (carried(terms(salt=s), customer, deadline=deadline) for s in (SALT, NOWHERE))
    clock.set_next(deadline)
    consents.grantBySig(in_time, sender=relayer)
    clock.set_next(deadline + 1)
    with reverts(project.ConsentRegistry.IntentExpired, deadline=deadline, timestamp=deadline + 1):
        consents.grantBySig(late, sender=relayer)


def test_a_signature_serves_one_purpose_only(
    consents, project, domain, terms, consent_id, intent, customer, relayer, clock
):
    renewal = intent("ConsentRenewal", expiry=clock.now + 90 * DAY)
    withdrawal = intent("ConsentWithdrawal")
    grant = grant_of(domain, terms())

    def refused(wanted):
        digest = wanted.digest()
        return reverts(
            project.ConsentRegistry.IntentSignatureInvalid, signer=customer, digest=digest
        )

    for other in (renewal, withdrawal):
        with refused(grant):
            consents.grantBySig(
                (customer, consent_id, ANY_TIME, other.sign(customer)), sender=relayer
            )
    consents.grant(customer, consent_id, sender=customer)
    for other in (renewal, grant):
        with refused(withdrawal):
            consents.withdrawBySig(withdrawal.values, other.sign(customer), sender=relayer)
    for other in (withdrawal, grant):
        with refused(renewal):
            consents.renewBySig(renewal.values, other.sign(customer), sender=relayer)


def test_grantBySig_takes_what_a_smart_account_accepts(
    consents, project, did, carried, terms, customer, relayer, accounts
):
    wallet = project.WalletMock.deploy(customer, sender=accounts[0])
    did.changeOwner(customer, wallet, sender=customer)
    consent = carried(terms(), customer)
    consents.grantBySig(consent, sender=relayer)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    # The customer's own key is no owner any more; nor does it have a signature of the wallet's.
    with reverts(project.ConsentRegistry.SubjectOwnerOnly, subject=customer, caller=customer):
        consents.withdraw(customer, consent[1], sender=customer)


# grantMany


def test_grantMany_grants_what_holds_and_says_why_not(
    consents, project, carried, terms, id_of, customer, friend, thief, relayer, clock, accounts
):
    wallet = project.WalletMock.deploy(customer, sender=accounts[0])
    wallet.setBehaviour(BURN_GAS, sender=customer)
    smart = terms(subject=wallet)
    own, friends = carried(terms(), customer), carried(terms(subject=friend), friend)
    forged = carried(terms(salt=SALT), thief)
    late = carried(terms(salt=SALT), customer, deadline=clock.now - 1)
    nameless = (customer.address, NOWHERE, ANY_TIME, own[3])
    burning = (wallet.address, id_of(smart), ANY_TIME, bytes(65))

    batch = [late, own, nameless, own, forged, burning, friends]
    receipt = consents.grantMany(batch, sender=relayer)

    def skipped(consent, error):
        return consent_log(
            consents, "ConsentSkipped", consent[0], consent[1], reason=selector(error)
        )

    unsigned = "IntentSignatureInvalid(address,bytes32)"
    assert logs(receipt, consents) == [
        skipped(late, "IntentExpired(uint256,uint256)"),
        consent_log(consents, "ConsentGranted", customer, own[1]),
        skipped(nameless, "ConsentIdZero(address)"),
        skipped(own, "ConsentKnown(address,bytes32,uint8)"),
        skipped(forged, unsigned),
        skipped(burning, unsigned),
        consent_log(consents, "ConsentGranted", friend, friends[1]),
    ]
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    assert consents.check(terms(subject=friend), PURPOSES, CATEGORIES) is True
    for subject, consent_id in ((customer, late[1]), (customer, NOWHERE), (wallet, burning[1])):
        assert consents.consentOf(subject, consent_id).status == NONE


def test_grantMany_does_not_bring_back_what_ended(
    consents, carried, terms, granted, customer, relayer
):
    consents.withdraw(customer, granted, sender=customer)
    receipt = consents.grantMany([carried(terms(), customer)], sender=relayer)
    reason = selector("ConsentKnown(address,bytes32,uint8)")
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentSkipped", customer, granted, reason=reason)
    ]
    assert consents.consentOf(customer, granted).status == WITHDRAWN


def test_grantMany_holds_until_the_deadline(consents, carried, terms, customer, relayer, clock):
    deadline = clock.now + 100
    consent = carried(terms(), customer, deadline=deadline)
    clock.set_next(deadline)
    receipt = consents.grantMany([consent], sender=relayer)
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentGranted", customer, consent[1])
    ]


# withdraw


def test_withdraw_ends_a_consent_at_once(consents, terms, granted, customer):
    before = consents.consentOf(customer, granted)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    receipt = consents.withdraw(customer, granted, sender=customer)
    assert logs(receipt, consents) == [consent_log(consents, "ConsentWithdrawn", customer, granted)]
    assert tuple(consents.consentOf(customer, granted)) == (before.grantedAt, 0, 1, WITHDRAWN)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False


def test_withdraw_reverts_for_others(consents, project, granted, customer, company, thief):
    for caller in (company, thief):
        only = {"subject": customer, "caller": caller}
        with reverts(project.ConsentRegistry.SubjectOwnerOnly, **only):
            consents.withdraw(customer, granted, sender=caller)
        with reverts(project.ConsentRegistry.SubjectOwnerOnly, **only):
            consents.withdrawMany(customer, [granted], sender=caller)
        with reverts(project.ConsentRegistry.SubjectOwnerOnly, **only):
            consents.renew(customer, granted, ANY_TIME, sender=caller)


def test_withdraw_reverts_for_what_was_not_granted(
    consents, project, consent_id, intent, customer, relayer
):
    withdrawal = intent("ConsentWithdrawal")
    wrong = {"subject": customer, "consentId": consent_id, "status": NONE}
    for call in (
        lambda: consents.withdraw(customer, consent_id, sender=customer),
        lambda: consents.withdrawMany(customer, [consent_id], sender=customer),
        lambda: consents.withdrawBySig(
            withdrawal.values, withdrawal.sign(customer), sender=relayer
        ),
        lambda: consents.renew(customer, consent_id, ANY_TIME, sender=customer),
    ):
        with reverts(project.ConsentRegistry.ConsentNotGranted, **wrong):
            call()


@pytest.mark.parametrize("end", [WITHDRAWN, REVOKED])
def test_an_end_is_for_ever(
    consents, project, domain, terms, carried, intent, customer, company, relayer, clock, end
):
    consent = carried(terms(), customer)
    consents.grantBySig(consent, sender=relayer)
    granted, permission = consent[1], permission_hash_of(domain, terms())
    if end == WITHDRAWN:
        consents.withdraw(customer, granted, sender=customer)
    else:
        consents.revoke(customer, terms()[0][1], permission, sender=company)

    place = {"subject": customer, "consentId": granted, "status": end}
    for again in (
        lambda: consents.grant(customer, granted, sender=customer),
        lambda: consents.grantBySig(consent, sender=relayer),
    ):
        with reverts(project.ConsentRegistry.ConsentKnown, **place):
            again()
    withdrawal = intent("ConsentWithdrawal")
    renewal = intent("ConsentRenewal", expiry=clock.now + 90 * DAY)
    for change in (
        lambda: consents.withdraw(customer, granted, sender=customer),
        lambda: consents.withdrawBySig(
            withdrawal.values, withdrawal.sign(customer), sender=relayer
        ),
        lambda: consents.revoke(customer, terms()[0][1], permission, sender=company),
        lambda: consents.renew(customer, granted, ANY_TIME, sender=customer),
        lambda: consents.renewBySig(renewal.values, renewal.sign(customer), sender=relayer),
    ):
        with reverts(project.ConsentRegistry.ConsentNotGranted, **place):
            change()
    assert consents.consentOf(customer, granted).status == end


def test_grant_reverts_while_it_stands(
    consents, project, carried, terms, granted, customer, relayer
):
    place = {"subject": customer, "consentId": granted, "status": GRANTED}
    with reverts(project.ConsentRegistry.ConsentKnown, **place):
        consents.grant(customer, granted, sender=customer)
    with reverts(project.ConsentRegistry.ConsentKnown, **place):
        consents.grantBySig(carried(terms(), customer), sender=relayer)


def test_withdrawBySig_ends_it_whoever_brings_it(consents, granted, intent, customer, relayer):
    wanted = intent("ConsentWithdrawal")
    receipt = consents.withdrawBySig(wanted.values, compact(wanted.sign(customer)), sender=relayer)
    assert logs(receipt, consents) == [consent_log(consents, "ConsentWithdrawn", customer, granted)]


def test_withdrawBySig_and_renewBySig_revert_if_forged(
    consents, project, granted, intent, customer, thief, relayer, clock
):
    for wanted, send in (
        (intent("ConsentWithdrawal"), consents.withdrawBySig),
        (intent("ConsentRenewal", expiry=clock.now + 90 * DAY), consents.renewBySig),
    ):
        for name, forged in forgeries(wanted, customer, thief).items():
            digest = wanted.digest()
            with reverts(
                project.ConsentRegistry.IntentSignatureInvalid, signer=customer, digest=digest
            ):
                send(wanted.values, forged, sender=relayer)
            assert consents.consentOf(customer, granted).version == 1, name
    assert consents.consentOf(customer, granted).status == GRANTED


def test_withdrawBySig_and_renewBySig_revert_if_a_field_was_changed(
    consents, project, terms, granted, intent, id_of, customer, friend, relayer, clock
):
    other, expiry = id_of(terms(salt=SALT)), clock.now + 90 * DAY
    consents.grant(customer, other, sender=customer)
    for kind, fields, send in (
        ("ConsentWithdrawal", {}, consents.withdrawBySig),
        ("ConsentRenewal", {"expiry": expiry}, consents.renewBySig),
    ):
        signature = intent(kind, **fields).sign(customer)
        changes = [{"consentId": other}, {"deadline": ANY_TIME - 1}, {"subject": friend}]
        for change in changes + [{"expiry": expiry + 1}] * len(fields):
            changed = intent(kind, **fields | change)
            signer, digest = change.get("subject", customer), changed.digest()
            with reverts(
                project.ConsentRegistry.IntentSignatureInvalid, signer=signer, digest=digest
            ):
                send(changed.values, signature, sender=relayer)


def test_withdrawBySig_and_renewBySig_hold_until_their_deadline(
    consents, project, granted, intent, customer, relayer, clock
):
    deadline = clock.now + 100
    renewal = intent("ConsentRenewal", expiry=clock.now + 90 * DAY, deadline=deadline)
    withdrawal = intent("ConsentWithdrawal", deadline=deadline)
    clock.set_next(deadline)
    consents.renewBySig(renewal.values, renewal.sign(customer), sender=relayer)
    for at, wanted, send in (
        (deadline + 1, renewal, consents.renewBySig),
        (deadline + 2, withdrawal, consents.withdrawBySig),
    ):
        clock.set_next(at)
        with reverts(project.ConsentRegistry.IntentExpired, deadline=deadline, timestamp=at):
            send(wanted.values, wanted.sign(customer), sender=relayer)


def test_withdrawBySig_works_at_its_deadline(consents, granted, intent, customer, relayer, clock):
    wanted = intent("ConsentWithdrawal", deadline=clock.now + 100)
    clock.set_next(clock.now + 100)
    consents.withdrawBySig(wanted.values, wanted.sign(customer), sender=relayer)
    assert consents.consentOf(customer, granted).status == WITHDRAWN


def test_withdrawMany_ends_all_or_none(consents, project, terms, granted, id_of, customer):
    second, unknown = id_of(terms(salt=SALT)), id_of(terms(flags=0))
    consents.grant(customer, second, sender=customer)
    for batch, bad, status in (
        ([granted, unknown, second], unknown, NONE),
        ([granted, granted], granted, WITHDRAWN),
    ):
        with reverts(
            project.ConsentRegistry.ConsentNotGranted,
            subject=customer,
            consentId=bad,
            status=status,
        ):
            consents.withdrawMany(customer, batch, sender=customer)
        assert consents.consentOf(customer, granted).status == GRANTED
    receipt = consents.withdrawMany(customer, [granted, second], sender=customer)
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentWithdrawn", customer, each) for each in (granted, second)
    ]


# Whose key


def test_after_changeOwner_only_the_new_key_decides(
    consents, project, domain, terms, granted, moved, intent, customer, successor, relayer, clock
):
    only = {"subject": customer, "caller": customer}
    expiry, other = clock.now + 90 * DAY, terms(salt=SALT)
    other_id = consent_id_of(domain, other)
    for call in (
        lambda: consents.grant(customer, other_id, sender=customer),
        lambda: consents.withdraw(customer, granted, sender=customer),
        lambda: consents.withdrawMany(customer, [granted], sender=customer),
        lambda: consents.renew(customer, granted, expiry, sender=customer),
    ):
        with reverts(project.ConsentRegistry.SubjectOwnerOnly, **only):
            call()
    grant, renewal = grant_of(domain, other), intent("ConsentRenewal", expiry=expiry)
    withdrawal = intent("ConsentWithdrawal")

    def send_grant(values, signature, sender):
        return consents.grantBySig((customer, other_id, values[1], signature), sender=sender)

    for wanted, send in (
        (grant, send_grant),
        (renewal, consents.renewBySig),
        (withdrawal, consents.withdrawBySig),
    ):
        digest = wanted.digest()
        with reverts(
            project.ConsentRegistry.IntentSignatureInvalid, signer=successor, digest=digest
        ):
            send(wanted.values, wanted.sign(customer), sender=relayer)
        send(wanted.values, wanted.sign(successor), sender=relayer)
    # What the old key granted stayed until the new one ended it.
    assert consents.consentOf(customer, granted).status == WITHDRAWN
    consents.withdraw(customer, other_id, sender=successor)


def test_grantMany_takes_no_grant_of_an_old_key(
    consents, carried, terms, moved, customer, successor, relayer
):
    old, new = carried(terms(), customer), carried(terms(), successor)
    receipt = consents.grantMany([old, new], sender=relayer)
    reason = selector("IntentSignatureInvalid(address,bytes32)")
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentSkipped", customer, old[1], reason=reason),
        consent_log(consents, "ConsentGranted", customer, new[1]),
    ]


def test_after_a_rotation_the_new_key_decides_for_a_bound_identity(
    consents, project, did, granted, intent, profile, rotate, customer, successor, relayer
):
    did.bind(customer, profile, sender=customer)
    rotate(profile, customer, successor)
    with reverts(project.ConsentRegistry.SubjectOwnerOnly, subject=customer, caller=customer):
        consents.withdraw(customer, granted, sender=customer)
    wanted = intent("ConsentWithdrawal")
    digest = wanted.digest()
    with reverts(project.ConsentRegistry.IntentSignatureInvalid, signer=successor, digest=digest):
        consents.withdrawBySig(wanted.values, wanted.sign(customer), sender=relayer)
    consents.withdraw(customer, granted, sender=successor)
    assert consents.consentOf(customer, granted).status == WITHDRAWN


def test_an_identity_that_ended_permits_nothing(
    consents,
    project,
    did,
    registry,
    domain,
    terms,
    granted,
    intent,
    profile,
    customer,
    company,
    relayer,
):
    did.bind(customer, profile, sender=customer)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    registry.erase(profile, RECEIPT, sender=customer)
    assert did.identityOwner(customer) == ZERO
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False
    assert consents.consentOf(customer, granted).status == GRANTED

    with reverts(project.ConsentRegistry.SubjectOwnerOnly, subject=customer, caller=customer):
        consents.renew(customer, granted, ANY_TIME, sender=customer)
    renewal = intent("ConsentRenewal", expiry=ANY_TIME)
    for signature in (renewal.sign(customer), bytes(65), b""):
        digest = renewal.digest()
        with reverts(project.ConsentRegistry.IntentSignatureInvalid, signer=ZERO, digest=digest):
            consents.renewBySig(renewal.values, signature, sender=relayer)
    # The company can still give it up.
    permission = permission_hash_of(domain, terms())
    consents.revoke(customer, terms()[0][1], permission, sender=company)
    assert consents.consentOf(customer, granted).status == REVOKED


# revoke


def test_revoke_lets_the_company_give_a_consent_up(
    consents, domain, terms, granted, customer, company
):
    before = consents.consentOf(customer, granted)
    permission = permission_hash_of(domain, terms())
    receipt = consents.revoke(customer, terms()[0][1], permission, sender=company)
    assert logs(receipt, consents) == [consent_log(consents, "ConsentRevoked", customer, granted)]
    assert tuple(consents.consentOf(customer, granted)) == (before.grantedAt, 0, 1, REVOKED)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False


def test_revoke_is_for_the_data_controller_of_the_terms(
    consents, project, domain, terms, granted, id_of, customer, company, rival, friend
):
    salt, permission = terms()[0][1], permission_hash_of(domain, terms())
    for caller in (customer, rival):
        computed = id_of(terms(of=caller))
        with reverts(
            project.ConsentRegistry.ConsentNotGranted,
            subject=customer,
            consentId=computed,
            status=NONE,
        ):
            consents.revoke(customer, salt, permission, sender=caller)
    for subject, given, computed in (
        (friend, salt, granted),
        (customer, SALT, id_of(terms(companySalt=SALT))),
    ):
        with reverts(
            project.ConsentRegistry.ConsentNotGranted,
            subject=subject,
            consentId=computed,
            status=NONE,
        ):
            consents.revoke(subject, given, permission, sender=company)
    assert consents.consentOf(customer, granted).status == GRANTED


# renew


def test_renew_moves_the_end(consents, terms, granted, customer, start, clock):
    before = consents.consentOf(customer, granted)
    for version, expiry in ((2, start + 40 * DAY), (3, start + 41 * DAY), (4, 2**40 - 1)):
        receipt = consents.renew(customer, granted, expiry, sender=customer)
        assert logs(receipt, consents) == [
            consent_log(
                consents, "ConsentRenewed", customer, granted, expiry=expiry, version=version
            )
        ]
        assert tuple(consents.consentOf(customer, granted)) == (
            before.grantedAt,
            expiry,
            version,
            GRANTED,
        )
    consents.withdraw(customer, granted, sender=customer)
    assert tuple(consents.consentOf(customer, granted)) == (
        before.grantedAt,
        2**40 - 1,
        4,
        WITHDRAWN,
    )


def test_renew_reverts_unless_the_end_is_later_and_in_the_future(
    consents, project, granted, customer, start, clock
):
    first, at = start + 40 * DAY, start + 1_000
    clock.set_next(at)
    with reverts(project.ConsentRegistry.ConsentExpiryInvalid, consentId=granted, expiry=at):
        consents.renew(customer, granted, at, sender=customer)
    consents.renew(customer, granted, first, sender=customer)
    for expiry in (0, first - 1, first):
        with reverts(
            project.ConsentRegistry.ConsentExpiryInvalid, consentId=granted, expiry=expiry
        ):
            consents.renew(customer, granted, expiry, sender=customer)
    consents.renew(customer, granted, first + 1, sender=customer)


def test_renewBySig_moves_the_end_once(
    consents, project, granted, intent, customer, relayer, start
):
    wanted = intent("ConsentRenewal", expiry=start + 40 * DAY)
    receipt = consents.renewBySig(wanted.values, compact(wanted.sign(customer)), sender=relayer)
    renewed = {"expiry": start + 40 * DAY, "version": 2}
    assert logs(receipt, consents) == [
        consent_log(consents, "ConsentRenewed", customer, granted, **renewed)
    ]
    with reverts(
        project.ConsentRegistry.ConsentExpiryInvalid,
        consentId=granted,
        expiry=start + 40 * DAY,
    ):
        consents.renewBySig(wanted.values, wanted.sign(customer), sender=relayer)


# check


def test_check_is_true_within_the_terms_time(consents, terms, id_of, customer, start, clock):
    wanted = terms(validFrom=start + 10 * DAY)
    consents.grant(customer, id_of(wanted), sender=customer)
    for time, holds in (
        (start + 10 * DAY - 1, False),
        (start + 10 * DAY, True),
        (start + 30 * DAY - 1, True),
        (start + 30 * DAY, False),
    ):
        clock.set(time)
        assert consents.check(wanted, PURPOSES, CATEGORIES) is holds, time - start


def test_check_follows_a_renewal(consents, terms, granted, customer, start, clock):
    # An earlier end than the terms' own shortens nothing.
    consents.renew(customer, granted, start + 20 * DAY, sender=customer)
    clock.set(start + 30 * DAY - 1)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    clock.set(start + 30 * DAY)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False
    consents.renew(customer, granted, start + 40 * DAY, sender=customer)
    clock.set(start + 40 * DAY - 1)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True
    clock.set(start + 40 * DAY)
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False


@pytest.mark.parametrize(
    ("purposes", "categories", "covered"),
    [
        (PURPOSES, CATEGORIES, True),
        (0b010, 0b001, True),
        (0b100, 1 << 200, True),
        (0b001, 0b001, False),
        (0b011, 0b001, False),
        (0b010, 0b010, False),
        (0b010, 0b011, False),
        (2**128 - 1, CATEGORIES, False),
        (PURPOSES, 2**256 - 1, False),
        (0, 0b001, False),
        (0b010, 0, False),
        (0, 0, False),
    ],
)
def test_check_covers_what_was_agreed_and_no_more(
    consents, terms, granted, purposes, categories, covered
):
    assert consents.check(terms(), purposes, categories) is covered


def test_check_is_false_for_other_terms(consents, terms, granted, rival, friend, start):
    for other in (
        terms(of=rival),
        terms(companySalt=SALT),
        terms(subject=friend),
        terms(purposes=2**128 - 1),
        terms(categories=2**256 - 1),
        terms(recipientsHash=SALT),
        terms(validFrom=start - 1),
        terms(validUntil=2**40 - 1),
        terms(noticeHash=SALT),
        terms(jurisdiction=b"DE"),
        terms(flags=0),
        terms(rewardId=1),
        terms(salt=SALT),
    ):
        assert consents.check(other, PURPOSES, CATEGORIES) is False
    assert consents.check(terms(), PURPOSES, CATEGORIES) is True


def test_check_is_false_before_the_grant(consents, terms):
    assert consents.check(terms(), PURPOSES, CATEGORIES) is False

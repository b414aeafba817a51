"""Attestations: who may vouch for what, who takes it back, and what still counts."""

import pytest
from eth_abi import decode
from eth_utils import keccak

from tests.customers.contracts import *  # noqa: F403 - fixtures
from tests.customers.contracts import DAY
from tests.customers.intents import (
    ANY_TIME,
    RECEIPT,
    ZERO,
    ascending,
    forgeries,
    intent_of,
    uid_of,
)
from tests.fixtures.intents import address_of, compact
from tests.fixtures.logs import log, logs
from tests.fixtures.reverts import reverts

NONE, ISSUED, REVOKED = range(3)
SCHEMA = keccak(text="schema of the claims")
CLAIMS = keccak(text="root of the claims")
SALT = keccak(text="salt of a subject")
UNKNOWN_TOPIC = 999


def standing_set(attestations, topic, attestor, level, since, until=0):
    return log(
        attestations,
        "StandingSet",
        topic=topic,
        attestor=attestor,
        level=level,
        from_=since,
        until=until,
    )


def attested(attestations, uid, attestor, topic, level, expiry=0):
    fields = {"uid": uid, "attestor": attestor, "topic": topic, "level": level, "expiry": expiry}
    return log(attestations, "Attested", **fields)


@pytest.fixture
def domain(attestations, domain_of):
    return domain_of(attestations)


@pytest.fixture
def standing_of(attestations, chain):
    """Level, from and until; Ape's own decoder fails on a field that is called `from`."""

    def standing_of_(topic, attestor):
        data = attestations.standingOf.encode_input(topic, attestor)
        answer = chain.provider.web3.eth.call({"to": attestations.address, "data": data})
        return decode(["uint8", "uint40", "uint40"], answer)

    return standing_of_


@pytest.fixture
def open_topic(attestations, company, attestor, examiner):
    """Opens a topic of the company: the attestor up to level 3, the examiner up to 2."""

    def open_topic_(*, quorum=1, owner=company):
        topic = attestations.createTopic(quorum, SCHEMA, sender=owner).return_value
        attestations.admit(topic, attestor, 3, sender=owner)
        attestations.admit(topic, examiner, 2, sender=owner)
        return topic

    return open_topic_


@pytest.fixture
def topic(open_topic):
    return open_topic()


@pytest.fixture
def subject(customer):
    return customer.address, SALT


@pytest.fixture
def statement(domain, topic, subject):
    """The uid of a statement about the customer; `name` stands for its claims."""

    def statement_(name="of age", *, of=None, about=subject):
        return uid_of(domain, of or topic, about, keccak(text=name))

    return statement_


@pytest.fixture
def uid(statement):
    return statement()


@pytest.fixture
def issued(attestations, uid, topic, attestor):
    """The uid of a statement that the attestor attested at level 2."""
    attestations.attest(uid, topic, 2, 0, sender=attestor)
    return uid


@pytest.fixture
def intent(domain):
    def intent_(kind, **values):
        return intent_of(domain, kind, **values)

    return intent_


@pytest.fixture
def attestation(intent, uid, topic):
    """The attestor's word, unless the test says otherwise."""

    def attestation_(**changes):
        values = {"uid": uid, "topic": topic, "level": 2, "expiry": 0}
        return intent("AttestationIntent", **values | changes)

    return attestation_


@pytest.fixture
def valid(attestations, uid, topic, attestor):
    """Whether the statement counts, by the attestor's word unless the test says otherwise."""

    def valid_(*attestors, uid=uid, topic=topic, level=0):
        given = [address_of(each) for each in attestors or [attestor]]
        return attestations.isValid(uid, topic, level, given)

    return valid_


def test_the_registry_asks_who_owns_an_identity(attestations, registry, did, project, intent):
    assert project.DidRegistry.at(attestations.DID_REGISTRY()).CUSTOMERS() == registry.address
    assert registry.contract_type.name == project.CustomerRegistry.contract_type.name
    some = intent("RevocationIntent", uid=SALT)
    assert attestations.DOMAIN_SEPARATOR() == some.signable().header


def test_uidOf_is_the_struct_hash_of_the_statement(attestations, domain, customer, friend):
    about, everything = (customer.address, SALT), set()
    for topic, subject, claims in (
        (1, about, CLAIMS),
        (2**32 - 1, about, CLAIMS),
        (1, (friend.address, SALT), CLAIMS),
        (1, (customer.address, CLAIMS), CLAIMS),
        (1, about, SALT),
    ):
        uid = bytes(attestations.uidOf(topic, subject, claims))
        assert uid == uid_of(domain, topic, subject, claims)
        everything.add(uid)
    assert len(everything) == 5


# Topics


def test_createTopic_opens_a_topic_of_the_caller(attestations, company, rival):
    first, second = (
        attestations.createTopic(quorum, SCHEMA, sender=owner)
        for quorum, owner in ((1, company), (255, rival))
    )
    topic = first.return_value
    settings = {"topic": topic, "owner": company, "quorum": 1, "schemaHash": SCHEMA}
    assert logs(first, attestations) == [log(attestations, "TopicCreated", **settings)]
    assert tuple(attestations.topicOf(topic)) == (company.address, 1, SCHEMA)
    assert second.return_value == topic + 1
    assert tuple(attestations.topicOf(topic + 1)) == (rival.address, 255, SCHEMA)
    assert tuple(attestations.topicOf(UNKNOWN_TOPIC)) == (ZERO, 0, bytes(32))


def test_createTopic_reverts_if_nobody_has_to_agree(attestations, project, company):
    with reverts(project.AttestationRegistry.TopicQuorumInvalid, quorum=0):
        attestations.createTopic(0, SCHEMA, sender=company)


def test_a_topic_goes_to_who_accepts_it(attestations, project, topic, company, rival, thief):
    offered = attestations.offerTopic(topic, rival, sender=company)
    assert logs(offered, attestations) == [
        log(attestations, "TopicOwnershipOffered", topic=topic, newOwner=rival)
    ]
    assert attestations.topicOf(topic).owner == company.address
    for caller in (thief, company):
        with reverts(project.AttestationRegistry.TopicOwnerOnly, topic=topic, caller=caller):
            attestations.acceptTopic(topic, sender=caller)
    accepted = attestations.acceptTopic(topic, sender=rival)
    assert logs(accepted, attestations) == [
        log(attestations, "TopicOwnershipAccepted", topic=topic, owner=rival)
    ]
    assert tuple(attestations.topicOf(topic)) == (rival.address, 1, SCHEMA)
    # The offer was good once, and the old owner has no power.
    attestations.offerTopic(topic, company, sender=rival)
    attestations.acceptTopic(topic, sender=company)
    for caller in (rival, company):
        with reverts(project.AttestationRegistry.TopicOwnerOnly, topic=topic, caller=caller):
            attestations.acceptTopic(topic, sender=caller)
    with reverts(project.AttestationRegistry.TopicOwnerOnly, topic=topic, caller=rival):
        attestations.admit(topic, rival, 3, sender=rival)


def test_only_its_owner_governs_a_topic(
    attestations, standing_of, project, topic, attestor, examiner, thief, company
):
    for caller in (attestor, thief):
        for call in (
            lambda of, who: attestations.offerTopic(of, who, sender=who),
            lambda of, who: attestations.admit(of, who, 1, sender=who),
            lambda of, who: attestations.dismiss(of, examiner, 1, sender=who),
        ):
            with reverts(project.AttestationRegistry.TopicOwnerOnly, topic=topic, caller=caller):
                call(topic, caller)
            with reverts(project.AttestationRegistry.TopicUnknown, topic=UNKNOWN_TOPIC):
                call(UNKNOWN_TOPIC, caller)
    assert standing_of(topic, examiner)[2] == 0
    with reverts(project.AttestationRegistry.TopicOwnerOnly, topic=UNKNOWN_TOPIC, caller=thief):
        attestations.acceptTopic(UNKNOWN_TOPIC, sender=thief)


# admit, dismiss


def test_admit_gives_standing_from_now(attestations, standing_of, topic, company, auditor, clock):
    receipt = attestations.admit(topic, auditor, 1, sender=company)
    now = receipt.timestamp
    assert logs(receipt, attestations) == [standing_set(attestations, topic, auditor, 1, now)]
    assert standing_of(topic, auditor) == (1, now, 0)
    for level, time, stood in (
        (0, now, True),
        (1, now, True),
        (2, now, False),
        (1, now - 1, False),
        (1, 2**40 - 1, True),
    ):
        assert attestations.stoodAt(topic, auditor, level, time) is stood
    assert attestations.stoodAt(UNKNOWN_TOPIC, auditor, 0, now) is False


def test_admit_changes_the_level_of_one_who_stands(
    attestations, standing_of, topic, company, attestor, issued, valid
):
    since = standing_of(topic, attestor)[1]
    for level in (1, 255):
        receipt = attestations.admit(topic, attestor, level, sender=company)
        assert logs(receipt, attestations) == [
            standing_set(attestations, topic, attestor, level, since)
        ]
        assert valid(level=2) is True


def test_admit_reverts_without_a_level_or_a_person(attestations, project, topic, company, attestor):
    for who, level in ((attestor, 0), (ZERO, 1)):
        with reverts(
            project.AttestationRegistry.AttestorNotStanding,
            topic=topic,
            attestor=who,
            level=level,
        ):
            attestations.admit(topic, who, level, sender=company)


def test_dismiss_ends_standing_now(
    attestations, standing_of, project, topic, company, attestor, issued, valid, statement, clock
):
    since, now = standing_of(topic, attestor)[1], clock.now + 10
    clock.set_next(now)
    receipt = attestations.dismiss(topic, attestor, now, sender=company)
    assert logs(receipt, attestations) == [
        standing_set(attestations, topic, attestor, 3, since, now)
    ]
    assert attestations.stoodAt(topic, attestor, 3, now - 1) is True
    assert attestations.stoodAt(topic, attestor, 0, now) is False
    # What it attested while it stood still counts; it attests nothing any more.
    assert valid() is True
    wrong = {"topic": topic, "attestor": attestor, "level": 1}
    with reverts(project.AttestationRegistry.AttestorNotStanding, **wrong):
        attestations.attest(statement("later"), topic, 1, 0, sender=attestor)


def test_dismiss_back_in_time_voids_all_since(
    attestations, topic, company, attestor, statement, valid, clock
):
    times = []
    for name in ("first", "second", "third"):
        clock.set_next(clock.now + DAY)
        uids = [statement(f"{name} {number}") for number in range(2)]
        receipt = attestations.attestMany(uids, topic, 1, 0, sender=attestor)
        times.append(receipt.timestamp)
    before = {name: valid(uid=statement(f"{name} 1")) for name in ("first", "second", "third")}
    assert before == {"first": True, "second": True, "third": True}

    attestations.dismiss(topic, attestor, times[1], sender=company)
    for name, holds in (("first", True), ("second", False), ("third", False)):
        for number in range(2):
            assert valid(uid=statement(f"{name} {number}")) is holds, name
    # Further back still.
    attestations.dismiss(topic, attestor, times[0], sender=company)
    assert valid(uid=statement("first 0")) is False


def test_dismiss_goes_back_only(attestations, project, topic, company, attestor, auditor, clock):
    now = clock.now + 10
    clock.set_next(now)

    def refused(until, who=attestor):
        wrong = {"topic": topic, "attestor": who, "until": until}
        return reverts(project.AttestationRegistry.StandingInvalid, **wrong)

    with refused(now + 1):
        attestations.dismiss(topic, attestor, now + 1, sender=company)
    with refused(0):
        attestations.dismiss(topic, attestor, 0, sender=company)
    with refused(now, auditor):
        attestations.dismiss(topic, auditor, now, sender=company)
    attestations.dismiss(topic, attestor, now, sender=company)
    for until in (now, now + 1):
        with refused(until):
            attestations.dismiss(topic, attestor, until, sender=company)
    attestations.dismiss(topic, attestor, now - 1, sender=company)


def test_admit_again_does_not_revive_what_was_attested_before(
    attestations, project, topic, company, attestor, issued, statement, valid, clock
):
    attestations.dismiss(topic, attestor, clock.now, sender=company)
    clock.set_next(clock.now + DAY)
    receipt = attestations.admit(topic, attestor, 3, sender=company)
    again = receipt.timestamp
    assert logs(receipt, attestations) == [standing_set(attestations, topic, attestor, 3, again)]
    assert valid() is False
    # Its word was given once; what it says from now on counts.
    wrong = {"uid": issued, "attestor": attestor, "status": ISSUED}
    with reverts(project.AttestationRegistry.AttestationKnown, **wrong):
        attestations.attest(issued, topic, 2, 0, sender=attestor)
    attestations.attest(statement("anew"), topic, 2, 0, sender=attestor)
    assert valid(uid=statement("anew")) is True
    # Back beyond its second admission.
    attestations.dismiss(topic, attestor, again - 1, sender=company)
    assert valid(uid=statement("anew")) is False


# attest


def test_attest_is_on_record(attestations, topic, uid, attestor, clock, valid):
    assert tuple(attestations.attestationOf(uid, attestor)) == (0, 0, 0, 0, NONE)
    expiry = clock.now + DAY
    receipt = attestations.attest(uid, topic, 3, expiry, sender=attestor)
    assert logs(receipt, attestations) == [attested(attestations, uid, attestor, topic, 3, expiry)]
    assert tuple(attestations.attestationOf(uid, attestor)) == (
        receipt.timestamp,
        expiry,
        topic,
        3,
        ISSUED,
    )
    assert valid() is True


def test_attest_reverts_for_who_does_not_stand(
    attestations, project, open_topic, topic, statement, examiner, auditor, company, rival
):
    other = open_topic(owner=rival)
    attestations.admit(other, auditor, 1, sender=rival)
    for who, level in ((auditor, 1), (auditor, 0), (examiner, 3), (company, 0)):
        wrong = {"topic": topic, "attestor": who, "level": level}
        with reverts(project.AttestationRegistry.AttestorNotStanding, **wrong):
            attestations.attest(statement(), topic, level, 0, sender=who)
        with reverts(project.AttestationRegistry.AttestorNotStanding, **wrong):
            attestations.attestMany([statement()], topic, level, 0, sender=who)


def test_attest_reverts_if_it_has_expired(attestations, project, topic, uid, attestor, clock):
    now = clock.now + 10
    clock.set_next(now)
    with reverts(project.AttestationRegistry.AttestationExpiryInvalid, uid=uid, expiry=now):
        attestations.attest(uid, topic, 1, now, sender=attestor)
    attestations.attest(uid, topic, 1, clock.now + 10, sender=attestor)


def test_attestMany_attests_all_or_none(attestations, project, topic, statement, attestor, issued):
    uids = [statement(name) for name in ("first", "second")]
    for batch, twice in (([uids[0], issued], issued), ([uids[0], uids[0]], uids[0])):
        wrong = {"uid": twice, "attestor": attestor, "status": ISSUED}
        with reverts(project.AttestationRegistry.AttestationKnown, **wrong):
            attestations.attestMany(batch, topic, 1, 0, sender=attestor)
        assert attestations.attestationOf(uids[0], attestor).status == NONE
    receipt = attestations.attestMany(uids, topic, 1, 0, sender=attestor)
    assert logs(receipt, attestations) == [
        attested(attestations, uid, attestor, topic, 1) for uid in uids
    ]


def test_attestBySig_attests_whoever_brings_it(
    attestations, project, attestation, uid, topic, attestor, relayer, valid
):
    wanted = attestation()
    signature = wanted.sign(attestor)
    receipt = attestations.attestBySig(wanted.values, attestor, signature, sender=relayer)
    assert logs(receipt, attestations) == [attested(attestations, uid, attestor, topic, 2)]
    assert valid() is True
    # No other form of the signature brings it a second time, nor back once revoked.
    for status in (ISSUED, REVOKED):
        wrong = {"uid": uid, "attestor": attestor, "status": status}
        for form in (signature, compact(signature)):
            with reverts(project.AttestationRegistry.AttestationKnown, **wrong):
                attestations.attestBySig(wanted.values, attestor, form, sender=relayer)
        if status == ISSUED:
            attestations.revoke(uid, sender=attestor)
    assert valid() is False


def test_attestBySig_reverts_if_forged(
    attestations, project, attestation, uid, attestor, examiner, relayer
):
    wanted = attestation()
    for name, forged in forgeries(wanted, attestor, examiner).items():
        wrong = {"signer": attestor, "digest": wanted.digest()}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.attestBySig(wanted.values, attestor, forged, sender=relayer)
        assert attestations.attestationOf(uid, attestor).status == NONE, name


def test_attestBySig_reverts_if_a_field_was_changed(
    attestations, project, open_topic, attestation, statement, attestor, relayer
):
    signature = attestation().sign(attestor)
    for change in (
        {"uid": statement("rich")},
        {"topic": open_topic()},
        {"level": 3},
        {"expiry": ANY_TIME},
        {"deadline": ANY_TIME - 1},
    ):
        changed = attestation(**change)
        wrong = {"signer": attestor, "digest": changed.digest()}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.attestBySig(changed.values, attestor, signature, sender=relayer)


def test_attestBySig_reverts_for_who_does_not_stand(
    attestations, project, attestation, topic, company, attestor, auditor, relayer, clock
):
    wanted = attestation()
    wrong = {"topic": topic, "attestor": auditor, "level": 2}
    with reverts(project.AttestationRegistry.AttestorNotStanding, **wrong):
        attestations.attestBySig(wanted.values, auditor, wanted.sign(auditor), sender=relayer)
    # Nor does what was signed while it stood.
    attestations.dismiss(topic, attestor, clock.now, sender=company)
    wrong = {"topic": topic, "attestor": attestor, "level": 2}
    with reverts(project.AttestationRegistry.AttestorNotStanding, **wrong):
        attestations.attestBySig(wanted.values, attestor, wanted.sign(attestor), sender=relayer)


def test_signatures_hold_until_their_deadline(
    attestations, project, intent, attestation, statement, topic, subject, attestor, customer,
    relayer, clock,
):  # fmt: skip
    deadline = clock.now + 100
    uid = statement("of age")
    wanted = attestation(deadline=deadline)
    revocation = intent("RevocationIntent", uid=uid, deadline=deadline)
    disowning = intent("DisownIntent", uid=uid, subject=customer, deadline=deadline)
    claims = keccak(text="of age")
    calls = (
        lambda: attestations.attestBySig(
            wanted.values, attestor, wanted.sign(attestor), sender=relayer
        ),
        lambda: attestations.revokeBySig(
            revocation.values, attestor, revocation.sign(attestor), sender=relayer
        ),
        lambda: attestations.disownBySig(
            topic, subject, claims, deadline, disowning.sign(customer), sender=relayer
        ),
    )
    for later, call in enumerate(calls, 1):
        clock.set_next(deadline + later)
        with reverts(
            project.AttestationRegistry.IntentExpired,
            deadline=deadline,
            timestamp=deadline + later,
        ):
            call()


@pytest.mark.parametrize("kind", ["attest", "revoke", "disown"])
def test_signatures_work_at_their_deadline(
    attestations, intent, attestation, statement, issued, topic, subject, attestor, examiner,
    customer, relayer, clock, kind,
):  # fmt: skip
    deadline = clock.now + 100
    clock.set_next(deadline)
    if kind == "attest":
        wanted = attestation(deadline=deadline)
        attestations.attestBySig(wanted.values, examiner, wanted.sign(examiner), sender=relayer)
        assert attestations.attestationOf(issued, examiner).status == ISSUED
    elif kind == "revoke":
        wanted = intent("RevocationIntent", uid=issued, deadline=deadline)
        attestations.revokeBySig(wanted.values, attestor, wanted.sign(attestor), sender=relayer)
        assert attestations.attestationOf(issued, attestor).status == REVOKED
    else:
        wanted = intent("DisownIntent", uid=issued, subject=customer, deadline=deadline)
        signature = wanted.sign(customer)
        attestations.disownBySig(
            topic, subject, keccak(text="of age"), deadline, signature, sender=relayer
        )
        assert attestations.isDisowned(issued) is True


# revoke


def test_revoke_takes_the_attestors_word_back_for_ever(
    attestations, project, topic, issued, attestor, valid
):
    before = attestations.attestationOf(issued, attestor)
    receipt = attestations.revoke(issued, sender=attestor)
    assert logs(receipt, attestations) == [
        log(attestations, "AttestationRevoked", uid=issued, attestor=attestor)
    ]
    assert tuple(attestations.attestationOf(issued, attestor)) == (
        *tuple(before)[:4],
        REVOKED,
    )
    assert valid() is False
    wrong = {"uid": issued, "attestor": attestor, "status": REVOKED}
    with reverts(project.AttestationRegistry.AttestationKnown, **wrong):
        attestations.attest(issued, topic, 2, 0, sender=attestor)
    with reverts(project.AttestationRegistry.AttestationKnown, **wrong):
        attestations.attestMany([issued], topic, 2, 0, sender=attestor)
    with reverts(project.AttestationRegistry.AttestationNotIssued, **wrong):
        attestations.revoke(issued, sender=attestor)


def test_revoke_touches_nobody_elses_word(
    attestations, project, topic, issued, attestor, examiner, company, valid
):
    attestations.attest(issued, topic, 2, 0, sender=examiner)
    for caller in (company,):
        wrong = {"uid": issued, "attestor": caller, "status": NONE}
        with reverts(project.AttestationRegistry.AttestationNotIssued, **wrong):
            attestations.revoke(issued, sender=caller)
    attestations.revoke(issued, sender=examiner)
    assert valid(examiner) is False
    assert valid(attestor) is True


def test_a_dismissed_attestor_still_takes_back(
    attestations, topic, company, issued, attestor, valid, clock
):
    clock.set(clock.now + 2)
    attestations.dismiss(topic, attestor, clock.now, sender=company)
    assert valid() is True
    attestations.revoke(issued, sender=attestor)
    assert valid() is False


def test_revokeMany_takes_back_all_or_none(
    attestations, project, topic, statement, issued, attestor
):
    second = statement("second")
    wrong = {"uid": second, "attestor": attestor, "status": NONE}
    with reverts(project.AttestationRegistry.AttestationNotIssued, **wrong):
        attestations.revokeMany([issued, second], sender=attestor)
    assert attestations.attestationOf(issued, attestor).status == ISSUED
    attestations.attest(second, topic, 1, 0, sender=attestor)
    receipt = attestations.revokeMany([issued, second], sender=attestor)
    assert logs(receipt, attestations) == [
        log(attestations, "AttestationRevoked", uid=uid, attestor=attestor)
        for uid in (issued, second)
    ]


def test_revokeBySig_takes_back_whoever_brings_it(
    attestations, project, intent, issued, attestor, relayer
):
    wanted = intent("RevocationIntent", uid=issued)
    signature = compact(wanted.sign(attestor))
    receipt = attestations.revokeBySig(wanted.values, attestor, signature, sender=relayer)
    assert logs(receipt, attestations) == [
        log(attestations, "AttestationRevoked", uid=issued, attestor=attestor)
    ]
    wrong = {"uid": issued, "attestor": attestor, "status": REVOKED}
    with reverts(project.AttestationRegistry.AttestationNotIssued, **wrong):
        attestations.revokeBySig(wanted.values, attestor, signature, sender=relayer)


def test_revokeBySig_reverts_if_forged_or_changed(
    attestations, project, intent, statement, topic, issued, attestor, examiner, relayer
):
    wanted = intent("RevocationIntent", uid=issued)
    for forged in forgeries(wanted, attestor, examiner).values():
        wrong = {"signer": attestor, "digest": wanted.digest()}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.revokeBySig(wanted.values, attestor, forged, sender=relayer)
    other = statement("other")
    attestations.attest(other, topic, 1, 0, sender=attestor)
    for changed in (
        intent("RevocationIntent", uid=other),
        intent("RevocationIntent", uid=issued, deadline=ANY_TIME - 1),
    ):
        wrong = {"signer": attestor, "digest": changed.digest()}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.revokeBySig(
                changed.values, attestor, wanted.sign(attestor), sender=relayer
            )
    assert attestations.attestationOf(issued, attestor).status == ISSUED


# disown


def test_disown_rejects_a_statement_whoever_attests_it(
    attestations, project, topic, subject, issued, customer, examiner, attestor, valid
):
    claims = keccak(text="of age")
    receipt = attestations.disown(topic, subject, claims, sender=customer)
    assert logs(receipt, attestations) == [log(attestations, "AttestationDisowned", uid=issued)]
    assert attestations.isDisowned(issued) is True
    attestations.attest(issued, topic, 2, 0, sender=examiner)
    assert valid() is False
    assert valid(*ascending(attestor, examiner)) is False
    with reverts(project.AttestationRegistry.AttestationDisownedBefore, uid=issued):
        attestations.disown(topic, subject, claims, sender=customer)


def test_disown_reverts_for_others(
    attestations, project, topic, subject, issued, customer, attestor, company, thief, valid
):
    claims = keccak(text="of age")
    for caller in (attestor, company, thief):
        wrong = {"subject": customer, "caller": caller}
        with reverts(project.AttestationRegistry.SubjectOwnerOnly, **wrong):
            attestations.disown(topic, subject, claims, sender=caller)
    # Somebody else's statement of the same claims is another statement.
    attestations.disown(topic, (thief.address, SALT), claims, sender=thief)
    assert attestations.isDisowned(issued) is False
    assert valid() is True


def test_disown_is_for_the_current_owner(
    attestations, project, did, intent, topic, subject, issued, customer, successor, relayer
):
    did.changeOwner(customer, successor, sender=customer)
    claims = keccak(text="of age")
    wrong = {"subject": customer, "caller": customer}
    with reverts(project.AttestationRegistry.SubjectOwnerOnly, **wrong):
        attestations.disown(topic, subject, claims, sender=customer)
    wanted = intent("DisownIntent", uid=issued, subject=customer)
    wrong = {"signer": successor, "digest": wanted.digest()}
    with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
        attestations.disownBySig(
            topic, subject, claims, ANY_TIME, wanted.sign(customer), sender=relayer
        )
    attestations.disown(topic, subject, claims, sender=successor)
    assert attestations.isDisowned(issued) is True


def test_disown_follows_a_bound_identity(
    attestations, project, did, registry, topic, subject, issued, customer, profile, successor,
    rotate,
):  # fmt: skip
    did.bind(customer, profile, sender=customer)
    rotate(profile, customer, successor)
    claims = keccak(text="of age")
    wrong = {"subject": customer, "caller": customer}
    with reverts(project.AttestationRegistry.SubjectOwnerOnly, **wrong):
        attestations.disown(topic, subject, claims, sender=customer)
    registry.erase(profile, RECEIPT, sender=successor)
    wrong = {"subject": customer, "caller": successor}
    with reverts(project.AttestationRegistry.SubjectOwnerOnly, **wrong):
        attestations.disown(topic, subject, claims, sender=successor)


def test_disownBySig_rejects_whoever_brings_it(
    attestations, project, intent, topic, subject, issued, customer, relayer
):
    wanted = intent("DisownIntent", uid=issued, subject=customer)
    call = (topic, subject, keccak(text="of age"), ANY_TIME, compact(wanted.sign(customer)))
    receipt = attestations.disownBySig(*call, sender=relayer)
    assert logs(receipt, attestations) == [log(attestations, "AttestationDisowned", uid=issued)]
    with reverts(project.AttestationRegistry.AttestationDisownedBefore, uid=issued):
        attestations.disownBySig(*call, sender=relayer)


def test_disownBySig_reverts_if_forged_or_changed(
    attestations, project, intent, statement, topic, subject, issued, customer, thief, relayer
):
    wanted, claims = intent("DisownIntent", uid=issued, subject=customer), keccak(text="of age")
    revocation = intent("RevocationIntent", uid=issued)
    signatures = [*forgeries(wanted, customer, thief).values(), revocation.sign(customer)]
    for forged in signatures:
        wrong = {"signer": customer, "digest": wanted.digest()}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.disownBySig(topic, subject, claims, ANY_TIME, forged, sender=relayer)
    signature, other = wanted.sign(customer), keccak(text="another statement")
    for changed, given, deadline in (
        (statement("another statement"), other, ANY_TIME),
        (issued, claims, ANY_TIME - 1),
    ):
        digest = intent("DisownIntent", uid=changed, subject=customer, deadline=deadline).digest()
        wrong = {"signer": customer, "digest": digest}
        with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
            attestations.disownBySig(topic, subject, given, deadline, signature, sender=relayer)


def test_a_signature_serves_one_purpose_only(
    attestations, project, intent, attestation, issued, uid, attestor, examiner, relayer
):
    revocation, wanted = intent("RevocationIntent", uid=uid), attestation()
    wrong = {"signer": examiner, "digest": wanted.digest()}
    with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
        attestations.attestBySig(wanted.values, examiner, revocation.sign(examiner), sender=relayer)
    wrong = {"signer": attestor, "digest": revocation.digest()}
    with reverts(project.AttestationRegistry.IntentSignatureInvalid, **wrong):
        attestations.revokeBySig(revocation.values, attestor, wanted.sign(attestor), sender=relayer)


# isValid


def test_isValid_asks_for_the_level_and_the_topic(
    attestations, open_topic, topic, issued, attestor, examiner, auditor, valid
):
    other = open_topic()
    assert [valid(level=level) for level in range(4)] == [True, True, True, False]
    assert valid(topic=other) is False
    assert valid(topic=UNKNOWN_TOPIC) is False
    assert valid(uid=SALT) is False
    assert valid(examiner) is False
    assert valid(auditor) is False
    assert valid(ZERO) is False
    assert attestations.isValid(issued, topic, 0, []) is False


def test_a_topic_of_ones_own_lends_no_standing_in_another(
    attestations, topic, uid, thief, attestor, valid
):
    own = attestations.createTopic(1, SCHEMA, sender=thief).return_value
    attestations.admit(own, thief, 255, sender=thief)
    attestations.attest(uid, own, 255, 0, sender=thief)
    assert valid(thief) is False
    assert valid(*ascending(thief, attestor)) is False
    # Nor does an attestor's word count in a topic in which it was not given.
    attestations.admit(own, attestor, 3, sender=thief)
    attestations.attest(uid, topic, 2, 0, sender=attestor)
    assert valid() is True
    assert valid(topic=own) is False


def test_isValid_ends_with_the_expiry(attestations, topic, uid, attestor, valid, clock):
    expiry = clock.now + DAY
    attestations.attest(uid, topic, 2, expiry, sender=attestor)
    clock.set(expiry - 1)
    assert valid() is True
    clock.set(expiry)
    assert valid() is False


def test_isValid_counts_every_attestor_once(
    attestations, open_topic, statement, attestor, examiner, auditor, company, valid
):
    topic = open_topic(quorum=2)
    attestations.admit(topic, auditor, 1, sender=company)
    uid, (first, second, third) = statement(of=topic), ascending(attestor, examiner, auditor)
    attestations.attest(uid, topic, 1, 0, sender=first)
    at = {"uid": uid, "topic": topic}
    for attestors in ([first], [first, first], [first, second], [first, second, third]):
        assert valid(*attestors, **at) is False
    attestations.attest(uid, topic, 1, 0, sender=third)
    for attestors, holds in (
        ([first, third], True),
        ([first, second, third], True),
        ([third, first], False),
        ([first, third, second], False),
        ([first, first, third], False),
        ([first, third, third], False),
        ([first, second], False),
        ([third], False),
    ):
        assert valid(*attestors, **at) is holds
    attestations.revoke(uid, sender=third)
    assert valid(first, third, **at) is False


def test_isValid_asks_everyone_for_the_level(
    attestations, open_topic, statement, attestor, examiner, valid
):
    topic = open_topic(quorum=2)
    uid, both = statement(of=topic), ascending(attestor, examiner)
    attestations.attest(uid, topic, 3, 0, sender=attestor)
    attestations.attest(uid, topic, 1, 0, sender=examiner)
    assert valid(*both, uid=uid, topic=topic, level=1) is True
    assert valid(*both, uid=uid, topic=topic, level=2) is False


def test_isValid_ends_with_a_standing_in_the_past(
    attestations, topic, company, attestor, issued, valid, clock
):
    at = attestations.attestationOf(issued, attestor).issuedAt
    clock.set(at + 1)
    attestations.dismiss(topic, attestor, at + 1, sender=company)
    assert valid() is True
    attestations.dismiss(topic, attestor, at, sender=company)
    assert valid() is False

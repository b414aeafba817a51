"""The attestation registry from Python, on a chain."""

import pytest

from crmdapp.chain._keccak import keccak
from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.customers import attestations
from crmdapp.customers.attestations import (
    AttestationClient,
    AttestationStatus,
    Standing,
    Topic,
)
from crmdapp.customers.errors import (
    AttestationDisownedBefore,
    AttestationExpiryInvalid,
    AttestationKnown,
    AttestationNotIssued,
    AttestorNotStanding,
    StandingInvalid,
    SubjectOwnerOnly,
    TopicOwnerOnly,
    TopicQuorumInvalid,
    TopicUnknown,
)
from crmdapp.customers.events import AttestationDisowned, AttestationRevoked, Attested
from crmdapp.customers.statements import (
    AttestationSubject,
    Statement,
    sign_attestation,
    sign_disowning,
    sign_revocation,
)
from crmdapp.errors import UsageError
from tests.customers.registry_office import *  # noqa: F403 - fixtures

SCHEMA = keccak(b"schema")


@pytest.fixture
def company(office):
    """Owns the topic."""
    return office.client("company", AttestationClient)


@pytest.fixture
def attestor(office):
    """May attest up to level 3."""
    return office.client("attestor", AttestationClient)


@pytest.fixture
def examiner(office):
    """May attest up to level 2."""
    return office.client("examiner", AttestationClient)


@pytest.fixture
def outsider(office):
    return office.client("outsider", AttestationClient)


@pytest.fixture
def topic(office, company):
    found = company.create_topic(1, SCHEMA).id
    company.admit(found, office.address("attestor"), 3)
    company.admit(found, office.address("examiner"), 2)
    return found


@pytest.fixture
def statement(office, topic):
    """About the customer."""
    subject = AttestationSubject.new(office.address("customer"))
    return Statement(topic, subject, keccak(b"claims"))


@pytest.fixture
def valid(office, company):
    """Whether the attestor, or who is named, stands by a statement."""

    def valid_(uid, topic, *roles, level=1):
        named = [office.address(role) for role in roles or ["attestor"]]
        return company.is_valid(uid, topic, level, named)

    return valid_


# ----------------------------------------------------------------- topics


def test_create_topic_returns_it(office, company):
    topic = company.create_topic(2, SCHEMA)
    assert topic == Topic(topic.id, office.address("company"), 2, SCHEMA)
    assert company.topic(topic.id) == topic


def test_create_topic_refuses_a_quorum_of_nobody(company):
    with pytest.raises(TopicQuorumInvalid):
        company.create_topic(0, SCHEMA)


def test_topic_names_one_that_there_is_not(company):
    with pytest.raises(TopicUnknown):
        company.topic(99)
    with pytest.raises(TopicUnknown):
        company.admit(99, company.sender.address, 1)


def test_a_topic_passes_to_who_accepts_it(office, company, outsider, topic):
    company.send(company.prepare.offer_topic(topic, outsider.sender.address))
    with pytest.raises(TopicOwnerOnly):
        office.client("attestor", AttestationClient).send(company.prepare.accept_topic(topic))
    outsider.send(outsider.prepare.accept_topic(topic))
    assert company.topic(topic).owner == outsider.sender.address


def test_admit_is_the_owners_alone(office, outsider, topic):
    with pytest.raises(TopicOwnerOnly):
        outsider.admit(topic, outsider.sender.address, 3)


def test_standing_says_from_when_until_when(office, company, topic):
    standing = company.standing(topic, office.address("attestor"))
    assert (standing.level, standing.ends) == (3, None)
    assert company.standing(topic, office.address("outsider")) == Standing(0, 0, None)
    office.node.advance_to(standing.begins + 10)
    company.dismiss(topic, office.address("attestor"), standing.begins + 1)
    assert company.standing(topic, office.address("attestor")).ends == standing.begins + 1


@pytest.mark.parametrize(
    ("standing", "moment", "answer"),
    [
        (Standing(1, 10, None), 9, False),
        (Standing(1, 10, None), 10, True),
        (Standing(1, 10, 20), 19, True),
        (Standing(1, 10, 20), 20, False),
        (Standing(0, 0, None), 5, False),
    ],
)
def test_standing_covers_what_lies_in_its_time(standing, moment, answer):
    assert standing.covers(moment) is answer


# ----------------------------------------------------------------- attesting


def test_attest_makes_a_statement_valid(office, attestor, statement, valid):
    uid, topic = statement.uid, statement.topic
    assert not valid(uid, topic)
    receipt = attestor.attest(uid, topic, 2)
    event = Attested(uid, office.address("attestor"), topic, 2, 0)
    assert event in receipt.events
    assert valid(uid, topic, level=2)
    assert not valid(uid, topic, level=3)
    assert not valid(uid, topic + 1)
    found = attestor.attestation(uid, office.address("attestor"))
    assert (found.topic, found.level, found.expiry, found.status) == (
        *(topic, 2, None),
        AttestationStatus.ISSUED,
    )
    assert found.issued_at == office.now


def test_the_uid_is_the_one_that_the_registry_computes(attestor, statement):
    uid = attestor.contract.read(
        "uidOf", statement.topic, statement.subject.values, statement.claims_hash
    )
    assert uid == statement.uid


def test_attest_refuses_who_has_no_standing(office, outsider, examiner, statement):
    with pytest.raises(AttestorNotStanding):
        outsider.attest(statement.uid, statement.topic, 1)
    with pytest.raises(AttestorNotStanding):
        examiner.attest(statement.uid, statement.topic, 3)
    examiner.attest(statement.uid, statement.topic, 2)


def test_attest_refuses_a_second_time(attestor, statement):
    attestor.attest(statement.uid, statement.topic, 1)
    with pytest.raises(AttestationKnown):
        attestor.attest(statement.uid, statement.topic, 2)


def test_attest_refuses_an_expiry_that_is_over(office, attestor, statement):
    with pytest.raises(AttestationExpiryInvalid):
        attestor.attest(statement.uid, statement.topic, 1, office.now)


def test_an_attestation_ends_with_its_expiry(office, attestor, statement, valid):
    expiry = office.later()
    attestor.attest(statement.uid, statement.topic, 1, expiry)
    office.node.advance_to(expiry - 1)
    assert valid(statement.uid, statement.topic)
    office.node.advance_to(expiry)
    assert not valid(statement.uid, statement.topic)


def test_attest_happens_once_per_key(attestor, statement):
    first = attestor.attest(statement.uid, statement.topic, 1, key="a")
    assert attestor.attest(statement.uid, statement.topic, 1, key="a").hash == first.hash


def test_attest_many_goes_in_chunks(attestor, topic, valid, monkeypatch):
    monkeypatch.setattr(attestations, "CHUNK", 2)
    uids = [keccak(bytes([number])) for number in range(5)]
    receipts = list(attestor.attest_many(uids, topic, 1, key="batch"))
    assert [len(receipt.events_of(Attested)) for receipt in receipts] == [2, 2, 1]
    assert all(valid(uid, topic) for uid in uids)
    again = list(attestor.attest_many(uids, topic, 1, key="batch"))
    assert [item.hash for item in again] == [item.hash for item in receipts]


def test_attest_many_goes_on_where_it_was_stopped(attestor, topic, valid, monkeypatch):
    monkeypatch.setattr(attestations, "CHUNK", 2)
    uids = [keccak(bytes([number])) for number in range(6)]
    sent = attestor.prepare.attest_many(uids[:2], topic, 1)
    attestor.send(sent, key="batch:0")  # the process died after its first transaction
    assert len(list(attestor.attest_many(uids, topic, 1, key="batch"))) == 3
    assert all(valid(uid, topic) for uid in uids)


def test_attest_many_refuses_other_statements_under_the_same_key(attestor, topic):
    list(attestor.attest_many([keccak(b"1")], topic, 1, key="batch"))
    with pytest.raises(UsageError):
        list(attestor.attest_many([keccak(b"2")], topic, 1, key="batch"))


@pytest.mark.parametrize("uids", [[], [keccak(b"1")] * 2, [b"short"]], ids=["none", "twice", "odd"])
def test_attest_many_refuses_what_is_no_list_of_statements(attestor, uids):
    with pytest.raises(UsageError):
        attestor.prepare.attest_many(uids, 1, 1)


def test_a_full_chunk_fits_into_a_transaction(attestor, topic):
    uids = [keccak(number.to_bytes(4, "big")) for number in range(attestations.CHUNK)]
    (receipt,) = attestor.attest_many(uids, topic, 1, key="full")
    assert receipt.gas_used < 11_000_000


# ----------------------------------------------------------------- by signature


def test_attest_by_sig_needs_only_the_attestors_signature(office, outsider, statement, valid):
    signed = sign_attestation(
        office.signer("attestor"),
        outsider.domain,
        uid=statement.uid,
        topic=statement.topic,
        level=2,
        deadline=office.later(),
    )
    outsider.attest_by_sig(signed)
    assert valid(statement.uid, statement.topic, level=2)
    with pytest.raises(AttestationKnown):
        outsider.attest_by_sig(signed)


def test_attest_by_sig_refuses_what_was_signed_by_others_or_too_late(office, outsider, statement):
    def signed(role, deadline):
        return sign_attestation(
            office.signer(role),
            outsider.domain,
            uid=statement.uid,
            topic=statement.topic,
            level=1,
            deadline=deadline,
        )

    with pytest.raises(AttestorNotStanding):
        outsider.attest_by_sig(signed("outsider", office.later()))
    with pytest.raises(IntentExpired):
        outsider.attest_by_sig(signed("attestor", office.now - 1))
    forged = signed("outsider", office.later())
    object.__setattr__(forged, "attestor", office.address("attestor"))
    with pytest.raises(IntentSignatureInvalid):
        outsider.attest_by_sig(forged)


def test_revoke_by_sig_needs_only_the_attestors_signature(office, attestor, outsider, statement):
    attestor.attest(statement.uid, statement.topic, 1)
    signed = sign_revocation(
        office.signer("attestor"), outsider.domain, uid=statement.uid, deadline=office.later()
    )
    outsider.revoke_by_sig(signed)
    found = outsider.attestation(statement.uid, office.address("attestor"))
    assert found.status is AttestationStatus.REVOKED


def test_a_word_is_not_taken_for_the_other(office, outsider, statement):
    signer, deadline = office.signer("attestor"), office.later()
    revoked = sign_revocation(signer, outsider.domain, uid=statement.uid, deadline=deadline)
    attested = sign_attestation(
        signer, outsider.domain, uid=statement.uid, topic=1, level=1, deadline=deadline
    )
    with pytest.raises(UsageError, match="revocation, not"):
        outsider.attest_by_sig(revoked)
    with pytest.raises(UsageError, match="attestation, not"):
        outsider.revoke_by_sig(attested)


# ----------------------------------------------------------------- taking back


def test_revoke_is_for_ever(attestor, statement, valid):
    attestor.attest(statement.uid, statement.topic, 1)
    attestor.revoke(statement.uid)
    assert not valid(statement.uid, statement.topic)
    with pytest.raises(AttestationKnown):
        attestor.attest(statement.uid, statement.topic, 1)
    with pytest.raises(AttestationNotIssued):
        attestor.revoke(statement.uid)


def test_revoke_takes_back_ones_own_word_alone(attestor, examiner, statement, valid):
    attestor.attest(statement.uid, statement.topic, 1)
    with pytest.raises(AttestationNotIssued):
        examiner.revoke(statement.uid)
    assert valid(statement.uid, statement.topic)


def test_revoke_many_takes_back_many(attestor, topic, valid, monkeypatch):
    monkeypatch.setattr(attestations, "CHUNK", 2)
    uids = [keccak(bytes([number])) for number in range(3)]
    list(attestor.attest_many(uids, topic, 1, key="in"))
    receipts = list(attestor.revoke_many(uids, key="out"))
    assert [len(receipt.events_of(AttestationRevoked)) for receipt in receipts] == [2, 1]
    assert not any(valid(uid, topic) for uid in uids)


def test_disown_is_the_subjects_and_for_ever(office, attestor, examiner, statement, valid):
    attestor.attest(statement.uid, statement.topic, 1)
    customer = office.client("customer", AttestationClient)
    with pytest.raises(SubjectOwnerOnly):
        attestor.disown(statement)
    receipt = customer.disown(statement)
    assert AttestationDisowned(statement.uid) in receipt.events
    assert customer.is_disowned(statement.uid)
    examiner.attest(statement.uid, statement.topic, 1)  # nobody's word counts any more
    assert not valid(statement.uid, statement.topic, "attestor", "examiner")
    with pytest.raises(AttestationDisownedBefore):
        customer.disown(statement)


def test_disown_by_sig_needs_only_the_owners_signature(office, outsider, statement):
    signer, deadline = office.signer("customer"), office.later()
    outsider.disown_by_sig(sign_disowning(signer, outsider.domain, statement, deadline=deadline))
    assert outsider.is_disowned(statement.uid)


def test_disown_by_sig_refuses_a_stranger(office, outsider, statement):
    signed = sign_disowning(
        office.signer("outsider"), outsider.domain, statement, deadline=office.later()
    )
    with pytest.raises(IntentSignatureInvalid):
        outsider.disown_by_sig(signed)


# ----------------------------------------------------------------- malicious attestors


def test_an_attestor_of_one_topic_has_no_say_in_another(
    office, company, outsider, statement, valid
):
    other = company.create_topic(1, SCHEMA).id
    company.admit(other, office.address("outsider"), 255)
    with pytest.raises(AttestorNotStanding):
        outsider.attest(statement.uid, statement.topic, 1)
    outsider.attest(statement.uid, other, 1)  # under the wrong topic
    assert not valid(statement.uid, statement.topic, "outsider")


def test_one_attestor_is_not_two(office, company, attestor, examiner, valid):
    topic = company.create_topic(2, SCHEMA).id
    for role in ("attestor", "examiner"):
        company.admit(topic, office.address(role), 3)
    uid = keccak(b"by two")
    attestor.attest(uid, topic, 1)
    assert not valid(uid, topic, "attestor", "examiner")
    twice = [office.address("attestor")] * 2
    assert not company.is_valid(uid, topic, 1, twice)
    assert not company.contract.read("isValid", uid, topic, 1, twice)
    examiner.attest(uid, topic, 1)
    assert valid(uid, topic, "attestor", "examiner")
    assert valid(uid, topic, "examiner", "attestor")  # in any order
    assert not valid(uid, topic, "attestor", "outsider")


def test_dismissing_a_stolen_key_voids_what_it_attested_since(
    office, company, attestor, topic, valid
):
    before, since = keccak(b"before"), keccak(b"since")
    attestor.attest(before, topic, 1)
    stolen_at = office.now + 100
    office.node.advance_to(stolen_at)
    list(attestor.attest_many([since, keccak(b"more")], topic, 3, key="theft"))
    office.node.advance_to(stolen_at + 100)
    assert valid(since, topic, level=3)
    company.dismiss(topic, office.address("attestor"), stolen_at)
    assert valid(before, topic)
    assert not valid(since, topic)
    assert not valid(keccak(b"more"), topic)
    with pytest.raises(AttestorNotStanding):
        attestor.attest(keccak(b"again"), topic, 1)


def test_a_dismissal_moves_back_and_never_forward(office, company, attestor, topic):
    begins = company.standing(topic, office.address("attestor")).begins
    office.node.advance_to(begins + 100)
    company.dismiss(topic, office.address("attestor"), begins + 50)
    company.dismiss(topic, office.address("attestor"), begins + 20)
    for until in (begins + 20, begins + 60, office.now + 1_000):
        with pytest.raises(StandingInvalid):
            company.dismiss(topic, office.address("attestor"), until)


def test_readmission_revives_nothing(office, company, attestor, topic, valid):
    uid = keccak(b"void")
    attestor.attest(uid, topic, 1)
    office.node.advance_to(office.now + 10)
    company.dismiss(topic, office.address("attestor"), office.now)
    company.admit(topic, office.address("attestor"), 3)
    assert not valid(uid, topic)
    fresh = keccak(b"fresh")
    attestor.attest(fresh, topic, 1)
    assert valid(fresh, topic)


def test_dismiss_names_who_never_was_an_attestor(office, company, topic):
    with pytest.raises(StandingInvalid):
        company.dismiss(topic, office.address("outsider"), office.now)


# ----------------------------------------------------------------- reading


def test_history_tells_all_in_order(office, attestor, examiner, statement):
    attestor.attest(statement.uid, statement.topic, 1)
    examiner.attest(statement.uid, statement.topic, 1)
    attestor.revoke(statement.uid)
    office.client("customer", AttestationClient).disown(statement)
    attestor.attest(keccak(b"another"), statement.topic, 1)
    kinds = [type(log.event) for log in attestor.history(statement.uid)]
    assert kinds == [Attested, Attested, AttestationRevoked, AttestationDisowned]


def test_owner_of_follows_the_identity(office, attestor):
    customer = office.address("customer")
    assert attestor.owner_of(customer) == customer


def test_a_topic_that_there_is_not_makes_nothing_valid(valid):
    assert not valid(keccak(b"x"), 99)

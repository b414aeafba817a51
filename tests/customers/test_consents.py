"""Consents on chain, from Python."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdapp.chain.errors import IntentExpired, IntentSignatureInvalid
from crmdapp.customers import codes, consents
from crmdapp.customers.consent_intents import sign_grant, sign_renewal, sign_withdrawal
from crmdapp.customers.consent_models import Consent, ConsentState, ConsentStatus
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.did import DidClient
from crmdapp.customers.errors import (
    ConsentExpiryInvalid,
    ConsentKnown,
    ConsentNotGranted,
    SubjectOwnerOnly,
)
from crmdapp.customers.events import ConsentGranted, ConsentRevoked, ConsentWithdrawn
from crmdapp.customers.terms import ConsentTermsInvalid, consent_domain
from crmdapp.errors import UsageError, VerificationFailed
from tests.customers.consent_terms import all_terms, categories, purposes, terms_for
from tests.customers.registry_office import *  # noqa: F403 - fixtures

DAY = 86_400


@pytest.fixture
def registry(office):
    """The registry of consents as nobody in particular sees it."""
    return office.reader(ConsentClient)


@pytest.fixture
def customer(office):
    """The registry as the customer uses it."""
    return office.client("customer", ConsentClient)


@pytest.fixture
def company(office):
    """The registry as the company uses it."""
    return office.client("company", ConsentClient)


@pytest.fixture
def outsider(office):
    """The registry as somebody else uses it."""
    return office.client("outsider", ConsentClient)


@pytest.fixture
def make_terms(office):
    """Terms for the company and the customer, valid for a day from now."""

    def make(**changes):
        now = office.now
        values = {"valid_from": now - 10, "valid_until": now + DAY, **changes}
        return terms_for(office.signer("company"), office.signer("customer"), **values)

    return make


@pytest.fixture
def terms(make_terms):
    return make_terms()


@pytest.fixture
def covered(registry):
    """Whether a consent holds now for all that its terms permit."""

    def covered_(terms):
        return registry.check(terms, terms.permission.purposes, terms.permission.categories)

    return covered_


@pytest.fixture
def sign(office, registry):
    """The customer's signature of a grant."""

    def sign_(terms, deadline=None, role="customer", domain=None):
        until = office.later() if deadline is None else deadline
        return sign_grant(office.signer(role), domain or registry.domain, terms, deadline=until)

    return sign_


def test_ids_are_those_of_the_contract(registry, terms):
    assert registry.contract.read("consentIdOf", terms.values) == terms.consent_id


@given(terms=all_terms())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_id_is_that_of_the_contract(registry, terms):
    assert registry.contract.read("consentIdOf", terms.values) == terms.consent_id


def test_grant_lets_the_company_read(customer, registry, terms, covered, office):
    assert not covered(terms)
    assert registry.consent(terms.subject, terms.consent_id).status is ConsentStatus.NONE
    receipt = customer.grant(terms)
    assert receipt.events_of(ConsentGranted) == [ConsentGranted(terms.subject, terms.consent_id)]
    found = registry.consent(terms.subject, terms.consent_id)
    assert found == Consent(office.now, 0, 1, ConsentStatus.GRANTED)
    assert found.state(terms, office.now) is ConsentState.ACTIVE
    assert covered(terms)


def test_grant_refuses_anybody_but_the_owner(outsider, customer, terms, office):
    with pytest.raises(SubjectOwnerOnly) as caught:
        outsider.grant(terms)
    assert caught.value.caller == office.address("outsider")
    customer.grant(terms)


def test_grant_sends_no_terms_that_make_no_consent(customer, terms):
    crooked = replace(terms, permission=replace(terms.permission, flags=2))
    with pytest.raises(ConsentTermsInvalid):
        customer.grant(crooked)


def test_grant_happens_once_per_key(customer, terms):
    assert customer.grant(terms, key="first").hash == customer.grant(terms, key="first").hash
    with pytest.raises(ConsentKnown):
        customer.grant(terms)


def test_check_covers_only_what_was_permitted(customer, registry, make_terms):
    terms = make_terms(categories=["EmailAddress", "TelephoneNumber"])
    customer.grant(terms)
    permission = terms.permission
    one = codes.category_bits(["EmailAddress"])
    assert registry.check(terms, permission.purposes, one)
    other = codes.category_bits(["PostalCode"])
    assert not registry.check(terms, permission.purposes, one | other)
    assert not registry.check(terms, codes.purpose_bits(["Advertising"]), one)
    assert not registry.check(terms, 0, one)
    assert not registry.check(terms, permission.purposes, 0)


def test_check_quotes_no_salt(registry, terms):
    salt = terms.permission.salt + b"\x01"
    crooked = replace(terms, permission=replace(terms.permission, salt=salt))
    with pytest.raises(ConsentTermsInvalid) as caught:
        registry.check(crooked, 1, 1)
    assert repr(salt)[2:20] not in repr(caught.value.to_dict())


def test_check_holds_within_its_time_only(customer, make_terms, covered, office):
    now = office.now
    terms = make_terms(valid_from=now + 100, valid_until=now + 200)
    customer.grant(terms)
    found = customer.consent(terms.subject, terms.consent_id)
    for moment, state in (
        (now + 99, ConsentState.PENDING),
        (now + 100, ConsentState.ACTIVE),
        (now + 199, ConsentState.ACTIVE),
        (now + 200, ConsentState.EXPIRED),
    ):
        office.node.advance_to(moment)
        assert office.now == moment
        assert covered(terms) == (state is ConsentState.ACTIVE)
        assert found.state(terms, moment) is state


def test_withdraw_ends_it_for_ever(customer, registry, terms, covered, office):
    customer.grant(terms)
    receipt = customer.withdraw(terms.subject, terms.consent_id)
    assert receipt.events_of(ConsentWithdrawn)
    assert not covered(terms)
    found = registry.consent(terms.subject, terms.consent_id)
    assert found.state(terms, office.now) is ConsentState.WITHDRAWN
    with pytest.raises(ConsentKnown):
        customer.grant(terms)
    with pytest.raises(ConsentNotGranted):
        customer.withdraw(terms.subject, terms.consent_id)


def test_withdraw_refuses_anybody_but_the_owner(customer, company, terms):
    customer.grant(terms)
    with pytest.raises(SubjectOwnerOnly):
        company.withdraw(terms.subject, terms.consent_id)


def test_withdraw_many_ends_all_or_none(customer, registry, make_terms, covered):
    first, second, never = make_terms(), make_terms(), make_terms()
    customer.grant(first)
    customer.grant(second)
    ids = [first.consent_id, second.consent_id]
    with pytest.raises(ConsentNotGranted):
        customer.withdraw_many(first.subject, [*ids, never.consent_id])
    assert covered(first)
    customer.withdraw_many(first.subject, ids)
    assert not covered(first)
    assert not covered(second)
    with pytest.raises(UsageError, match="no consent to take back"):
        customer.withdraw_many(first.subject, [])


def test_revoke_is_for_the_company_alone(customer, company, outsider, terms, covered, office):
    customer.grant(terms)
    with pytest.raises(ConsentNotGranted):
        outsider.revoke(terms)
    assert covered(terms)
    assert company.revoke(terms).events_of(ConsentRevoked)
    assert not covered(terms)
    found = company.consent(terms.subject, terms.consent_id)
    assert found.state(terms, office.now) is ConsentState.REVOKED


def test_renew_lets_it_last_longer(customer, terms, covered, office):
    customer.grant(terms)
    end = terms.permission.valid_until
    customer.renew(terms, end + DAY)
    found = customer.consent(terms.subject, terms.consent_id)
    assert (found.version, found.ends_at(terms)) == (2, end + DAY)
    office.node.advance_to(end)
    assert covered(terms)
    office.node.advance_to(end + DAY)
    assert not covered(terms)
    assert found.state(terms, office.now) is ConsentState.EXPIRED


def test_renew_refuses_an_end_that_is_not_later(customer, terms):
    customer.grant(terms)
    with pytest.raises(ConsentTermsInvalid, match="not later"):
        customer.renew(terms, terms.permission.valid_until)
    customer.renew(terms, terms.permission.valid_until + 2)
    with pytest.raises(ConsentExpiryInvalid):
        customer.renew(terms, terms.permission.valid_until + 1)


# ----------------------------------------------------------------- by signature


def test_grant_by_sig_needs_no_gas_of_the_customer(outsider, sign, terms, covered):
    outsider.grant_by_sig(sign(terms))
    assert covered(terms)


def test_grant_by_sig_takes_the_relayed_form(outsider, sign, terms, covered):
    outsider.grant_by_sig(sign(terms).relayed)
    assert covered(terms)


def test_grant_by_sig_refuses_other_signers_chains_and_registries(outsider, sign, terms, office):
    registry = outsider.contract.address
    for signed in (
        sign(terms, role="outsider"),
        sign(terms, domain=consent_domain(1, registry)),
        sign(terms, domain=consent_domain(31337, office.address("outsider"))),
    ):
        with pytest.raises(IntentSignatureInvalid):
            outsider.grant_by_sig(signed)
    outsider.grant_by_sig(sign(terms))


def test_grant_by_sig_refuses_after_its_deadline(outsider, sign, terms, office):
    signed = sign(terms, deadline=office.now - 1)
    with pytest.raises(IntentExpired):
        outsider.grant_by_sig(signed)


def test_grant_by_sig_counts_once(outsider, customer, sign, terms):
    signed = sign(terms)
    outsider.grant_by_sig(signed)
    customer.withdraw(terms.subject, terms.consent_id)
    with pytest.raises(ConsentKnown):
        outsider.grant_by_sig(signed)


def test_withdraw_by_sig_ends_it(outsider, customer, terms, covered, office):
    customer.grant(terms)
    until = office.later()
    forged = sign_withdrawal(
        office.signer("outsider"),
        outsider.domain,
        terms.subject,
        terms.consent_id,
        deadline=until,
    )
    with pytest.raises(IntentSignatureInvalid):
        outsider.withdraw_by_sig(forged)
    signed = sign_withdrawal(
        office.signer("customer"), outsider.domain, terms.subject, terms.consent_id, deadline=until
    )
    outsider.withdraw_by_sig(signed)
    assert not covered(terms)


def test_renew_by_sig_lets_it_last_longer(outsider, customer, terms, office):
    customer.grant(terms)
    end = terms.permission.valid_until + DAY
    signed = sign_renewal(
        office.signer("customer"), outsider.domain, terms, end, deadline=office.later()
    )
    outsider.renew_by_sig(signed)
    assert outsider.consent(terms.subject, terms.consent_id).ends_at(terms) == end


# ----------------------------------------------------------------- many


def test_grant_many_reports_what_it_skips(outsider, customer, sign, make_terms, covered, office):
    good, again, late, forged = (make_terms() for _ in range(4))
    customer.grant(again)
    signed = [
        sign(good),
        sign(again),
        sign(late, deadline=office.now - 1),
        sign(forged, role="outsider"),
        sign(good),
    ]
    outcomes = list(outsider.grant_many(signed))
    assert [item.reason for item in outcomes] == [
        "",
        "ConsentKnown",
        "IntentExpired",
        "IntentSignatureInvalid",
        "ConsentKnown",
    ]
    assert [item.consent_id for item in outcomes] == [item.relayed.consent_id for item in signed]
    assert [item.is_granted for item in outcomes] == [True, False, False, False, False]
    assert covered(good)
    assert not covered(late)
    assert not covered(forged)


def test_grant_many_sends_in_parts_and_goes_on(outsider, sign, make_terms, monkeypatch):
    monkeypatch.setattr(consents, "BATCH_MAX", 2)
    signed = [sign(make_terms()) for _ in range(5)]
    outcomes = list(outsider.grant_many(signed, key="batch"))
    assert all(item.is_granted for item in outcomes)
    assert len({item.tx_hash for item in outcomes}) == 3
    assert list(outsider.grant_many(signed, key="batch")) == outcomes


def test_grant_many_sends_in_parts_that_nodes_take(outsider, sign, make_terms, monkeypatch):
    monkeypatch.setattr(consents, "BATCH_BYTES", 1_000)
    signed = [sign(make_terms()) for _ in range(4)]
    assert len({item.tx_hash for item in outsider.grant_many(signed)}) == 2


def test_grant_many_sends_nothing_if_there_is_nothing(outsider):
    assert list(outsider.grant_many([])) == []
    with pytest.raises(UsageError, match="no grant"):
        outsider.prepare.grant_many([])


def test_outcomes_refuse_a_receipt_that_leaves_one_out(outsider, sign, make_terms):
    signed = [sign(make_terms()) for _ in range(2)]
    receipt = outsider.send(outsider.prepare.grant_many(signed))
    assert len(outsider.outcomes(signed, receipt)) == 2
    for lie in (receipt.logs[:1], receipt.logs[::-1], ()):
        with pytest.raises(VerificationFailed, match="does not tell of each"):
            outsider.outcomes(signed, replace(receipt, logs=lie))


def test_a_batch_of_the_largest_size_fits_into_a_transaction(outsider, sign, make_terms):
    signed = [sign(make_terms()).relayed for _ in range(consents.BATCH_MAX)]
    receipt = outsider.send(outsider.prepare.grant_many(signed))
    assert receipt.gas_used < 2**24
    assert len(outsider.outcomes(signed, receipt)) == consents.BATCH_MAX


# ----------------------------------------------------------------- what happened


def test_history_tells_everything_in_order(customer, make_terms, office, registry):
    terms, other = make_terms(), make_terms()
    customer.grant(terms)
    granted_at = office.now
    customer.grant(other)
    end = terms.permission.valid_until + 5
    customer.renew(terms, end)
    customer.withdraw(terms.subject, terms.consent_id)
    told = registry.history(terms.subject, terms.consent_id)
    assert [(item.kind, item.expiry) for item in told] == [
        ("granted", None),
        ("renewed", end),
        ("withdrawn", None),
    ]
    assert told[0].at == granted_at
    assert [item.block for item in told] == sorted(item.block for item in told)
    assert registry.granted_to(terms.subject) == [terms.consent_id, other.consent_id]
    assert registry.history(office.address("outsider"), terms.consent_id) == []


def test_the_new_key_of_an_identity_decides(customer, outsider, office, terms, covered):
    customer.grant(terms)
    office.client("customer", DidClient).change_owner(terms.subject, office.address("outsider"))
    assert outsider.owner_of(terms.subject) == office.address("outsider")
    with pytest.raises(SubjectOwnerOnly):
        customer.withdraw(terms.subject, terms.consent_id)
    outsider.withdraw(terms.subject, terms.consent_id)
    assert not covered(terms)


# ----------------------------------------------------------------- the rules of time


statuses = st.sampled_from(ConsentStatus)
moments = st.integers(0, 2**40 - 1)


@given(
    terms=all_terms(),
    status=statuses,
    renewed=st.just(0) | moments,
    asked=purposes,
    which=categories,
    now=moments,
)
def test_holds_implies_granted_unexpired_and_covered(terms, status, renewed, asked, which, now):
    own = terms.permission
    consent = Consent(1, renewed, 1, status)
    for purposes_, categories_ in ((asked, which), (own.purposes & asked, own.categories & which)):
        if consent.holds(terms, purposes_, categories_, now):
            assert status is ConsentStatus.GRANTED
            assert own.valid_from <= now < max(own.valid_until, renewed)
            assert purposes_ | own.purposes == own.purposes
            assert categories_ | own.categories == own.categories
            assert purposes_
            assert categories_


@given(
    begin=st.integers(-300, 300),
    length=st.integers(1, 300),
    renewal=st.none() | st.integers(1, 300),
    ending=st.sampled_from(("none", "withdrawn", "revoked")),
    granted=st.booleans(),
    asked=st.sampled_from([["DirectMarketing"], ["Advertising"], []]),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_client_and_the_chain_agree(
    office, customer, company, make_terms, begin, length, renewal, ending, granted, asked
):
    mark = office.node.snapshot()
    try:
        now = office.now
        start = max(0, now + begin)
        terms = make_terms(valid_from=start, valid_until=start + length)
        if granted:
            customer.grant(terms)
            if renewal is not None and start + length + renewal > office.now + 5:
                customer.renew(terms, start + length + renewal)
            if ending == "withdrawn":
                customer.withdraw(terms.subject, terms.consent_id)
            elif ending == "revoked":
                company.revoke(terms)
        wanted = codes.purpose_bits(asked)
        which = terms.permission.categories
        found = customer.consent(terms.subject, terms.consent_id)
        answer = customer.check(terms, wanted, which)
        assert found.holds(terms, wanted, which, office.now) == answer
    finally:
        office.node.revert(mark)

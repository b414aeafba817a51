"""Whose data may be used, and how many are left out and why."""

from dataclasses import replace

import pytest

from crmdapp.customers.analytics.coverage import HeldConsent, Purpose, Standing, consenting
from crmdapp.customers.codes import category_bits, purpose_bits
from crmdapp.customers.consent_models import Consent, ConsentStatus
from tests.customers.consent_terms import COMPANY, FROM, RIVAL, SUBJECT, UNTIL, terms_for

NOW = FROM + 86_400
CATEGORY = "PurchasesAndSpendingHabit"
GRANTED = Consent(FROM, 0, 1, ConsentStatus.GRANTED)
PURPOSE = Purpose(COMPANY.address, purpose_bits(["DirectMarketing"]), category_bits([CATEGORY]))
CUSTOMER = SUBJECT.address
OTHER = "0x000000000000000000000000000000000000dEaD"


def held(consent=GRANTED, accounts=(CUSTOMER,), **changes):
    terms = terms_for(**{"categories": [CATEGORY], **changes})
    return HeldConsent(terms, consent, frozenset(accounts))


def reason(*consents, now=NOW):
    used, coverage = consenting([CUSTOMER], consents, PURPOSE, now)
    assert (coverage.total, coverage.used) == (1, len(used))
    return "" if used else next(iter(coverage.left_out))


def test_consenting_uses_who_agreed_to_the_purpose():
    assert reason(held()) == ""


@pytest.mark.parametrize(
    ("consent", "standing"),
    [
        (held(replace(GRANTED, status=ConsentStatus.WITHDRAWN)), Standing.WITHDRAWN),
        (held(replace(GRANTED, status=ConsentStatus.REVOKED)), Standing.REVOKED),
        (held(replace(GRANTED, status=ConsentStatus.NONE)), Standing.UNKNOWN),
        (held(valid_from=NOW + 1), Standing.PENDING),
        (held(valid_until=NOW), Standing.EXPIRED),
        (held(purposes=["ServiceUsageAnalytics"]), Standing.NOT_COVERED),
        (held(categories=["EmailAddress"]), Standing.NOT_COVERED),
        (held(company=RIVAL), Standing.OTHER_COMPANY),
        (held(accounts=()), Standing.ENDED),
    ],
    ids=lambda value: value.name if isinstance(value, Standing) else "",
)
def test_consenting_leaves_out_whose_consent_does_not_hold(consent, standing):
    assert reason(consent) == standing.words


def test_consenting_leaves_out_who_is_not_known():
    assert reason() == Standing.NONE.words
    assert reason(held(accounts=[OTHER], subject=RIVAL)) == Standing.NONE.words


def test_consenting_goes_by_the_renewed_end():
    assert reason(held(replace(GRANTED, renewed_until=UNTIL + 100)), now=UNTIL + 99) == ""
    assert reason(held(), now=UNTIL + 99) == Standing.EXPIRED.words


def test_consenting_counts_the_account_of_who_acts_for_the_identity_now():
    consent = held(accounts=[CUSTOMER, OTHER])

    used, coverage = consenting([OTHER, RIVAL.address], [consent], PURPOSE, NOW)

    assert used == {OTHER}
    assert coverage.left_out == {Standing.NONE.words: 1}


def test_consenting_takes_the_best_of_several_consents():
    withdrawn = held(replace(GRANTED, status=ConsentStatus.WITHDRAWN))

    assert reason(withdrawn, held()) == reason(held(), withdrawn) == ""


def test_consenting_counts_everybody_once():
    accounts = [CUSTOMER, OTHER, RIVAL.address]

    _, coverage = consenting(accounts, [held()], PURPOSE, NOW)

    assert coverage.total == coverage.used + sum(coverage.left_out.values()) == 3


def test_consenting_takes_a_broader_purpose_for_the_narrower_but_not_the_other_way():
    broad = Purpose(COMPANY.address, purpose_bits(["Marketing"]), PURPOSE.categories)

    assert reason(held(purposes=["Marketing"])) == ""
    used, _ = consenting([CUSTOMER], [held(purposes=["DirectMarketing"])], broad, NOW)
    assert used == frozenset()

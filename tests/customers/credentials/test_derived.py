"""Claims computed from others: exact days, and nothing said too early."""

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmdapp.customers.credentials.derived import (
    EU_MEMBERS,
    EU_SINCE,
    age_claims,
    age_on,
    ages_change_on,
    birthday,
    country_claims,
    derived_claims,
    tier_claims,
)
from crmdapp.customers.credentials.disclosures import Hidden
from crmdapp.errors import UsageError

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("birth", "day", "years"),
    [
        ("2000-06-15", "2018-06-14", 17),
        ("2000-06-15", "2018-06-15", 18),
        ("2000-06-15", "2018-06-16", 18),
        ("2000-02-29", "2018-02-28", 17),  # not yet: 2018 has no 29 February
        ("2000-02-29", "2018-03-01", 18),
        ("2000-02-29", "2020-02-28", 19),
        ("2000-02-29", "2020-02-29", 20),
        ("2000-02-28", "2018-02-28", 18),
        ("2000-03-01", "2018-02-28", 17),
        ("2000-03-01", "2018-03-01", 18),
        ("1900-03-01", "2000-02-29", 99),
        ("1896-02-29", "1900-02-28", 3),  # 1900 was no leap year
        ("1896-02-29", "1900-03-01", 4),
        ("2000-12-31", "2018-12-30", 17),
        ("2000-12-31", "2019-01-01", 18),
        ("2000-01-01", "2000-01-01", 0),
    ],
)
def test_age_on_counts_completed_years(birth, day, years):
    assert age_on(date.fromisoformat(birth), date.fromisoformat(day)) == years


@given(days, st.integers(0, 120))
@example(date(2000, 2, 29), 18)
@example(date(2000, 2, 29), 20)
def test_a_year_is_completed_on_the_birthday_and_not_a_day_earlier(birth, years):
    day = birthday(birth, years)
    assert age_on(birth, day) == years
    if years:
        assert age_on(birth, day - timedelta(days=1)) == years - 1


@given(days, st.integers(0, 40_000))
def test_nobody_is_said_to_be_older_than_the_days_allow(birth, lived):
    """N years have at least 365 N days and a leap day for every four, but for turns of century."""
    years = age_on(birth, birth + timedelta(days=lived))
    assert 365 * years <= lived < 366 * (years + 1)


@pytest.mark.parametrize("birth", ["2018-06-16", "1887-06-14"])
def test_age_on_refuses_what_cannot_be(birth):
    with pytest.raises(UsageError) as refusal:
        age_on(date.fromisoformat(birth), date(2018, 6, 15))
    assert birth[:4] not in str(refusal.value)


def test_age_claims_answer_each_age():
    assert age_claims(date(2000, 2, 29), date(2018, 2, 28), (18, 16, 5, 18)) == {
        "age_over_05": True,
        "age_over_16": True,
        "age_over_18": False,
    }


@pytest.mark.parametrize("age", [-1, 100, True, 18.0])
def test_age_claims_refuse_ages_out_of_range(age):
    with pytest.raises(UsageError):
        age_claims(date(2000, 1, 1), date(2018, 1, 1), (age,))


@given(days, st.integers(0, 36_000))
def test_no_answer_becomes_wrong_before_the_day_that_is_named(birth, lived):
    day = birth + timedelta(days=lived)
    answers, changes = age_claims(birth, day), ages_change_on(birth, day)
    if changes is None:
        assert all(answers.values())
    else:
        assert day < changes
        assert age_claims(birth, changes - timedelta(days=1)) == answers
        assert age_claims(birth, changes) != answers


def test_tier_claims_say_how_far_and_no_more():
    assert tier_claims(2, 3) == {
        "tier_at_least_1": True,
        "tier_at_least_2": True,
        "tier_at_least_3": False,
    }
    assert not any(tier_claims(0, 3).values())


@pytest.mark.parametrize(("tier", "highest"), [(4, 3), (-1, 3), (1, 0), (1, 256), (True, 3)])
def test_tier_claims_refuse_tiers_that_there_are_not(tier, highest):
    with pytest.raises(UsageError):
        tier_claims(tier, highest)


@pytest.mark.parametrize(
    ("country", "answer"),
    [("DE", True), ("GR", True), ("HR", True), ("GB", False), ("CH", False), ("NO", False)],
)
def test_country_claims_know_the_members(country, answer):
    assert country_claims(country) == {"country_in_eu": answer}


def test_the_union_has_27_members_since_the_united_kingdom_left():
    assert (len(EU_MEMBERS), EU_SINCE) == (27, date(2020, 2, 1))


@pytest.mark.parametrize("country", ["de", "DEU", "", "D", "\u0414\u0415", "EL", "UK", "D1"])
def test_country_claims_refuse_other_codes(country):
    with pytest.raises(UsageError):
        country_claims(country)


def test_derived_claims_are_hidden_one_by_one():
    source = {"birthdate": "2000-02-29", "tier": 1, "country": "FR", "name": "Ada"}
    found = derived_claims(source, date(2018, 3, 1), ages=(18,), highest_tier=2)
    assert found == {
        "age_over_18": Hidden(True),
        "tier_at_least_1": Hidden(True),
        "tier_at_least_2": Hidden(False),
        "country_in_eu": Hidden(True),
    }
    assert derived_claims({}, date(2018, 3, 1)) == {}
    assert derived_claims({"birthdate": date(2000, 1, 1)}, date(2018, 3, 1), ages=(18,))


@pytest.mark.parametrize("birth", ["29.02.2000", "2001-02-29", "20000229", "2000-2-29", 2000, None])
def test_derived_claims_refuse_what_is_no_date_without_repeating_it(birth):
    with pytest.raises(UsageError) as refusal:
        derived_claims({"birthdate": birth}, date(2018, 3, 1))
    shown = f"{refusal.value.message}{refusal.value.why}"
    assert str(birth) not in shown

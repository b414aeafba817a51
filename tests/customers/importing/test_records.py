"""One record's values: checked, in one form, and never quoted when they are wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from crmdapp.customers.importing.columns import map_columns
from crmdapp.customers.importing.reader import Place, Row
from crmdapp.customers.importing.records import (
    VALUE_MAX,
    RecordFaults,
    Rules,
    country_code,
    read_record,
)
from crmdapp.errors import UsageError


def read(rules=None, **values):
    mapped = map_columns(list(values))
    return read_record(Row(7, values, Place(0, 8)), mapped, rules or Rules())


def faults(rules=None, **values):
    with pytest.raises(RecordFaults) as refused:
        read(rules, **values)
    assert "secret" not in str(refused.value.faults)
    return [(fault.line, fault.field, fault.reason) for fault in refused.value.faults]


def test_read_record_gives_values_in_one_form():
    record = read(
        given_name=" Ann ",
        email="Ann@Example.ORG",
        phone="030 23125111",
        country="Deutschland",
        birth_date="3.2.1980",
        street="Hof 1\r\n  Tor 2",
        city="Mu\u0308nchen",
        company="",
    )
    assert record.values == {
        "given_name": "Ann",
        "email": "ann@example.org",
        "phone": "+493023125111",
        "country": "DE",
        "birth_date": "1980-02-03",
        "street": "Hof 1, Tor 2",
        "city": "M\u00fcnchen",
    }
    assert record.line == 7


def test_read_record_puts_the_strongest_identifier_first():
    record = read(phone="+493023125111", email="a@example.org", tax_id="de.vat:136695976")
    assert [item.kind for item in record.identifiers] == ["tax", "email", "phone"]


def test_read_record_counts_one_number_in_two_columns_once():
    assert (
        len(read(phone="+493023125111", phone_mobile="0049 30 23125 111", country="DE").identifiers)
        == 1
    )


def test_read_record_takes_the_country_of_the_record_before_the_rule():
    record = read(Rules("FR"), phone="030 23125111", country="DE")
    assert record.values["phone"] == "+493023125111"


def test_read_record_shows_no_value():
    assert "example" not in repr(read(email="ann@example.org"))


@pytest.mark.parametrize(
    ("values", "field", "reason"),
    [
        ({"email": "secret at example"}, "email", "name@domain"),
        ({"phone": "0secret"}, "phone", "plan"),
        ({"email": "a@example.org", "phone": "030 23125111"}, "phone", "no country's code"),
        ({"email": "a@example.org", "country": "secretland"}, "country", "no country"),
        ({"email": "a@example.org", "birth_date": "secret"}, "birth_date", "no date"),
        ({"email": "a@example.org", "birth_date": "2001-02-30"}, "birth_date", "no such day"),
        ({"email": "a@example.org", "birth_date": "3/2/1980"}, "birth_date", "either"),
        ({"email": "a@example.org", "birth_date": "1789-07-14"}, "birth_date", "before 1890"),
        ({"email": "a@example.org", "city": "secret\x07"}, "city", "control characters"),
        ({"email": "a@example.org", "city": "s" * (VALUE_MAX + 1)}, "city", "more than 1,000"),
        ({"email": "a@example.org", "city": None}, "city", "neither text nor a number"),
        ({"email": "", "given_name": "secret"}, "", "no e-mail address"),
    ],
)
def test_read_record_names_field_and_reason_without_the_value(values, field, reason):
    ((line, found, why),) = faults(**values)
    assert (line, found) == (7, field)
    assert reason in why


def test_read_record_names_every_fault():
    assert [field for _, field, _ in faults(email="x", birth_date="y", country="z")] == [
        "country",
        "email",
        "birth_date",
    ]


def test_read_record_refuses_a_birth_in_the_future():
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert "future" in faults(email="a@example.org", birth_date=tomorrow)[0][2]


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("1980-02-03", "iso", "1980-02-03"),
        ("1980-02-03T00:00:00.000Z", "iso", "1980-02-03"),
        ("3.2.1980", "mdy", "1980-02-03"),
        ("3/2/1980", "dmy", "1980-02-03"),
        ("2/3/1980", "mdy", "1980-02-03"),
    ],
)
def test_read_record_reads_dates_in_the_order_that_was_said(text, order, value):
    assert (
        read(Rules(dates=order), email="a@example.org", birth_date=text).values["birth_date"]
        == value
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("Germany", "DE"),
        ("Allemagne", "DE"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("Österreich", "AT"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_country_code_knows_codes_and_names(text, code):
    assert country_code(text) == code


def test_rules_refuse_what_means_nothing():
    with pytest.raises(UsageError, match="no order of dates"):
        Rules(dates="ymd")
    with pytest.raises(UsageError, match="is no country"):
        Rules("XX")

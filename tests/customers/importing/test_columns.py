"""What a heading means: which product it is of, what is read and what is left out."""

import pytest

from crmdapp.customers.codes import CATEGORIES, code
from crmdapp.customers.importing.columns import (
    COLUMN_SETS,
    FIELDS,
    ColumnsUnknown,
    map_columns,
)
from crmdapp.errors import UsageError

HEADINGS = {
    "crmdapp": ("given_name,family_name,birth_date,email,phone,street,postal_code,city,country"),
    "salesforce": (
        "Id,Salutation,FirstName,LastName,Title,Email,Phone,MobilePhone,MailingStreet,MailingCity,"
        "MailingState,MailingPostalCode,MailingCountry,Birthdate,AccountId,OwnerId"
    ),
    "hubspot": (
        "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Street Address,City,"
        "State/Region,Postal Code,Country/Region,Job Title,Company Name,Lifecycle Stage"
    ),
    "odoo": (
        "ID,Name,Company Type,Related Company,Street,Street2,City,State,ZIP,Country,Website,"
        "Phone,Mobile,Email,Tax ID"
    ),
    "suitecrm": (
        "First Name,Last Name,ID,Salutation,Job Title,Account Name,Email Address,Mobile,"
        "Office Phone,Home,Primary Address Street,Primary Address City,Primary Address State,"
        "Primary Address Postal Code,Primary Address Country,Birthdate"
    ),
}


def mapped_of(name, **options):
    return map_columns(HEADINGS[name].split(","), **options)


@pytest.mark.parametrize("name", HEADINGS)
def test_map_columns_tells_the_product(name):
    assert mapped_of(name).set_name == name


@pytest.mark.parametrize(
    ("name", "column", "field"),
    [
        ("salesforce", "MailingPostalCode", "postal_code"),
        ("salesforce", "Title", "job_title"),
        ("salesforce", "MobilePhone", "phone_mobile"),
        ("hubspot", "Street Address", "street"),
        ("hubspot", "State/Region", "region"),
        ("hubspot", "Record ID", "external_id"),
        ("odoo", "Name", "name"),
        ("odoo", "Street2", "street_more"),
        ("odoo", "Tax ID", "tax_id"),
        ("suitecrm", "Office Phone", "phone"),
        ("suitecrm", "Primary Address Postal Code", "postal_code"),
        ("suitecrm", "Email Address", "email"),
    ],
)
def test_map_columns_knows_the_products_names(name, column, field):
    assert mapped_of(name).field_of(column) == field


@pytest.mark.parametrize("heading", ["firstname,lastname,email,hs_object_id,mobilephone,zip"])
def test_map_columns_knows_names_of_interfaces_too(heading):
    mapped = map_columns(heading.split(","))
    assert (mapped.set_name, mapped.field_of("zip")) == ("hubspot", "postal_code")


def test_map_columns_takes_names_however_they_are_spelt():
    mapped = map_columns(["GIVEN NAME", "Family-Name", " E_mail ", "phone:"])
    assert [mapped.field_of(column) for column in ("GIVEN NAME", " E_mail ", "phone:")] == [
        "given_name",
        "email",
        "phone",
    ]


def test_map_columns_leaves_out_what_nobody_gave_a_category():
    mapped = map_columns(["email", "given_name", "shoe size", "religion"])
    assert mapped.left_out == ("shoe size", "religion")
    assert mapped.field_of("religion") is None


def test_map_columns_takes_the_set_that_is_asked_for():
    assert mapped_of("hubspot", wanted="salesforce").set_name == "salesforce"


def test_map_columns_takes_further_columns():
    mapped = map_columns(["Kundenmail", "Ort"], extra={"Kundenmail": "email", "ort": "city"})
    assert (mapped.field_of("Kundenmail"), mapped.field_of("Ort")) == ("email", "city")


def test_map_columns_lets_further_columns_win():
    mapped = map_columns(["email", "phone"], extra={"phone": "phone_other"})
    assert mapped.field_of("phone") == "phone_other"


def test_map_columns_refuses_a_heading_that_nobody_knows():
    with pytest.raises(ColumnsUnknown, match="No column of this heading is known"):
        map_columns(["4711", "0815"])


def test_map_columns_refuses_a_list_without_identifiers():
    with pytest.raises(ColumnsUnknown, match="e-mail address, telephone number or tax id"):
        map_columns(["given_name", "family_name", "city"])


def test_map_columns_refuses_a_set_that_is_not_there():
    with pytest.raises(UsageError, match="no set of columns 'siebel'"):
        map_columns(["email"], "siebel")


@pytest.mark.parametrize(
    ("extra", "message"),
    [({"Mail": "e-post"}, "no field 'e-post'"), ({"Fax": "phone"}, "no column 'Fax'")],
)
def test_map_columns_refuses_further_columns_that_lead_nowhere(extra, message):
    with pytest.raises(UsageError, match=message):
        map_columns(["Mail"], extra=extra)


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda field: field.name)
def test_every_field_has_a_category_of_the_vocabulary(field):
    assert not code(field.category, CATEGORIES).retired


@pytest.mark.parametrize("item", COLUMN_SETS.values(), ids=lambda item: item.name)
def test_every_set_leads_to_fields_that_exist(item):
    assert set(item.columns.values()) <= set(FIELDS)
    assert "email" in item.columns.values()


def test_field_of_remembers_no_more_names_than_it_needs():
    mapped = map_columns(["email"])
    for number in range(3_000):
        assert mapped.field_of(f"column {number}") is None
    assert len(mapped._fields) <= 1_000

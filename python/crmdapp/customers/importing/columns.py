"""What the columns of a customer list mean: our fields, and how other CRMs name them.

A file is recognised by its heading. A column that no set names is left out and told, so that
nothing comes into the vault that nobody gave a category.

Source: the contact exports of the products, by the names and labels of their own fields
(Salesforce Object Reference, Contact; HubSpot default contact properties; Odoo ``res.partner``;
SuiteCRM module Contacts). Categories: W3C DPV 2.3, Personal Data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from crmdapp.customers.codes import CATEGORIES, code
from crmdapp.errors import UsageError

_COLUMNS_KEPT = 1_000

__all__ = [
    "COLUMN_SETS",
    "FIELDS",
    "ColumnSet",
    "ColumnsUnknown",
    "Field",
    "Mapped",
    "category_of",
    "map_columns",
]


class ColumnsUnknown(UsageError):  # noqa: N818 - named as the package names its errors
    """A file's heading fits no known set of columns."""


@dataclass(frozen=True, slots=True)
class Field:
    """One fact about a customer that the vault keeps.

    Attributes:
        name: Its name in the vault.
        category: The term of its category in DPV's personal data, which consents are given for.
        kind: How a value is read: ``text, email, phone, tax, date`` or ``country``.
    """

    name: str
    category: str
    kind: str = "text"


FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("name", "Name"),
            Field("given_name", "Name"),
            Field("family_name", "Name"),
            Field("salutation", "Name"),
            Field("birth_date", "BirthDate", "date"),
            Field("gender", "Gender"),
            Field("language", "Language"),
            Field("email", "EmailAddress", "email"),
            Field("email_other", "EmailAddress", "email"),
            Field("phone", "TelephoneNumber", "phone"),
            Field("phone_mobile", "TelephoneNumber", "phone"),
            Field("phone_other", "TelephoneNumber", "phone"),
            Field("street", "PhysicalAddress"),
            Field("street_more", "PhysicalAddress"),
            Field("city", "City"),
            Field("region", "Region"),
            Field("postal_code", "PostalCode"),
            Field("country", "Country", "country"),
            Field("tax_id", "OfficialID", "tax"),
            Field("company", "CurrentEmployment"),
            Field("job_title", "Job"),
            Field("external_id", "Identifier"),
        )
    }
)
"""Every field an import can fill, by name."""


@cache
def category_of(field: str) -> int:
    """Return the number of a field's category, 0 to 255."""
    return code(FIELDS[field].category, CATEGORIES).bit


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """How one product names its columns.

    Attributes:
        name: Short name, as the command line takes it.
        title: Name of the product.
        columns: Our field by the column's folded name; several columns may fill one field, of
            which the first that is not blank counts.
        marks: Folded names that no other set has: they tell the product.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    marks: frozenset[str]


def fold(column: str) -> str:
    """Return a column's name without what spelling varies: case, spaces, ``_``, ``-``, ``:``."""
    return re.sub(r"[\s_\-:*.]+", "", column).lower()


def _set(name: str, title: str, marks: Iterable[str], columns: Mapping[str, str]) -> ColumnSet:
    folded = {
        fold(column): field for field, names in columns.items() for column in names.split("|")
    }
    return ColumnSet(name, title, MappingProxyType(folded), frozenset(map(fold, marks)))


_OWN = _set(
    "crmdapp",
    "crmdapp",
    ("given_name", "family_name", "birth_date", "phone_mobile", "street_more"),
    {name: name for name in FIELDS},
)

_SALESFORCE = _set(
    "salesforce",
    "Salesforce",
    ("MailingStreet", "MailingCity", "MailingPostalCode", "Mailing Zip/Postal Code", "AccountId"),
    {
        "external_id": "Id|Contact ID",
        "salutation": "Salutation",
        "name": "Name|Full Name",
        "given_name": "FirstName",
        "family_name": "LastName",
        "birth_date": "Birthdate",
        "gender": "GenderIdentity",
        "email": "Email",
        "phone": "Phone|Business Phone",
        "phone_mobile": "MobilePhone|Mobile",
        "phone_other": "HomePhone|OtherPhone",
        "street": "MailingStreet|Mailing Address Line 1",
        "street_more": "Mailing Address Line 2",
        "city": "MailingCity",
        "region": "MailingState|Mailing State/Province",
        "postal_code": "MailingPostalCode|Mailing Zip/Postal Code",
        "country": "MailingCountry|MailingCountryCode",
        "company": "Account Name|Account.Name",
        "job_title": "Title",
    },
)

_HUBSPOT = _set(
    "hubspot",
    "HubSpot",
    (
        "hs_object_id",
        "Record ID",
        "lifecyclestage",
        "State/Region",
        "Country/Region",
        "Mobile Phone Number",
    ),
    {
        "external_id": "hs_object_id|Record ID|Record ID - Contact|vid",
        "salutation": "salutation",
        "given_name": "firstname",
        "family_name": "lastname",
        "birth_date": "date_of_birth",
        "gender": "gender",
        "language": "hs_language|Preferred language",
        "email": "email|Email address",
        "email_other": "work_email",
        "phone": "phone|Phone Number",
        "phone_mobile": "mobilephone|Mobile Phone Number",
        "street": "address|Street Address",
        "city": "city",
        "region": "state|State/Region",
        "postal_code": "zip|Postal Code|Zip code",
        "country": "country|Country/Region",
        "company": "company|Company Name",
        "job_title": "jobtitle",
    },
)

_ODOO = _set(
    "odoo",
    "Odoo",
    ("country_id", "country_id/id", "state_id", "Company Type", "street2", "is_company", "vat"),
    {
        "external_id": "id|External ID",
        "salutation": "title|title/name",
        "name": "name|complete_name|display_name",
        "birth_date": "birthdate|birthdate_date",
        "language": "lang|Language",
        "email": "email",
        "phone": "phone",
        "phone_mobile": "mobile",
        "street": "street",
        "street_more": "street2",
        "city": "city",
        "region": "state_id|state_id/name|State",
        "postal_code": "zip",
        "country": "country_id|country_id/name|country_id/code|Country",
        "tax_id": "vat|Tax ID",
        "company": "company_name|parent_id|parent_id/name|Related Company",
        "job_title": "function|Job Position",
    },
)

_SUITECRM = _set(
    "suitecrm",
    "SuiteCRM",
    (
        "primary_address_street",
        "primary_address_city",
        "Primary Address Postal Code",
        "primary_address_postalcode",
        "phone_work",
        "Office Phone",
    ),
    {
        "external_id": "id",
        "salutation": "salutation",
        "name": "full_name|Name",
        "given_name": "first_name",
        "family_name": "last_name",
        "birth_date": "birthdate",
        "email": "email_address|email1|Email",
        "email_other": "email2|Other Email",
        "phone": "phone_work|Office Phone",
        "phone_mobile": "phone_mobile|Mobile",
        "phone_other": "phone_home|phone_other|Home|Other Phone",
        "street": "primary_address_street",
        "street_more": "primary_address_street_2",
        "city": "primary_address_city",
        "region": "primary_address_state",
        "postal_code": "primary_address_postalcode",
        "country": "primary_address_country",
        "company": "account_name",
        "job_title": "title|Job Title",
    },
)

COLUMN_SETS: Mapping[str, ColumnSet] = MappingProxyType(
    {item.name: item for item in (_OWN, _SALESFORCE, _HUBSPOT, _ODOO, _SUITECRM)}
)
"""Every known set, by name."""


class Mapped:
    """A file's heading, understood.

    Args:
        chosen: The set it is of.
        extra: Fields by further columns' folded names, which win over the set.
        heading: The columns, in order.

    Attributes:
        set_name: Name of the set.
        left_out: Columns of the heading that are not read, as the file names them.
    """

    def __init__(self, chosen: ColumnSet, extra: Mapping[str, str], heading: Sequence[str]) -> None:
        self._fields: dict[str, str | None] = {}
        self._chosen = chosen
        self._extra = extra
        self.set_name = chosen.name
        self.left_out = tuple(column for column in heading if self.field_of(column) is None)

    def field_of(self, column: str) -> str | None:
        """Return the name of the field that a column fills; ``None`` if it is left out."""
        if column not in self._fields:
            folded = fold(column)
            found = self._extra.get(folded) or self._chosen.columns.get(folded)
            if len(self._fields) >= _COLUMNS_KEPT:  # JSON records may each have other names
                return found
            self._fields[column] = found
        return self._fields[column]


def map_columns(
    heading: Sequence[str], wanted: str | None = None, extra: Mapping[str, str] | None = None
) -> Mapped:
    """Return what each column of a heading fills.

    Args:
        heading: The columns' names, in order.
        wanted: Name of the set; told from the heading by default.
        extra: Fields by further columns' names, which win over the set.

    Raises:
        ColumnsUnknown: No set fits, or none of the columns leads to an e-mail address, telephone
            number or tax id.
        UsageError: There is no such set, or ``extra`` names a field or column that is not there.
    """
    more = {fold(column): field for column, field in (extra or {}).items()}
    _require_extra(heading, extra or {})
    chosen = _named(wanted) if wanted else _recognised(heading, more)
    mapped = Mapped(chosen, more, heading)
    _require_identifier(chosen, [mapped.field_of(column) for column in heading])
    return mapped


def _named(name: str) -> ColumnSet:
    if name not in COLUMN_SETS:
        raise UsageError(
            f"There is no set of columns {name!r}.", hint=f"Choose one of {', '.join(COLUMN_SETS)}."
        )
    return COLUMN_SETS[name]


def _recognised(heading: Sequence[str], more: Mapping[str, str]) -> ColumnSet:
    """Return the set that most columns are of; a product's own marks count before anything."""
    folded = {fold(column) for column in heading} - set(more)

    def fit(item: ColumnSet) -> tuple[int, int]:
        return len(folded & item.marks), len(folded & item.columns.keys())

    best = max(COLUMN_SETS.values(), key=fit)
    if not fit(best)[1] and not more:
        raise ColumnsUnknown(
            "No column of this heading is known.",
            hint=f"Begin with the columns {', '.join(list(FIELDS)[:8])}, ..., as the first line;"
            f" or name what yours mean (Column=field).",
        )
    return best


def _require_extra(heading: Sequence[str], extra: Mapping[str, str]) -> None:
    there = {fold(column) for column in heading}
    for column, field in extra.items():
        if field not in FIELDS:
            raise UsageError(
                f"There is no field {field!r}.", hint=f"Fields are {', '.join(FIELDS)}."
            )
        if fold(column) not in there:
            raise UsageError(f"The file has no column {column!r}.")


def _require_identifier(chosen: ColumnSet, fields: Sequence[str | None]) -> None:
    kinds = {FIELDS[name].kind for name in fields if name is not None}
    if not kinds & {"email", "phone", "tax"}:
        raise ColumnsUnknown(
            f"No column ({chosen.title}) holds an e-mail address, telephone number or tax id.",
            why="Without one of them nobody can tell a customer from another.",
            hint="Export such a column too, or name it (Column=email).",
        )

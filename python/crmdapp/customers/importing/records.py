"""From a file's record to what the vault keeps: fields checked, identifiers in their one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache

from crmdapp.customers.identifiers import Identifier, IdentifierInvalid, normalise
from crmdapp.customers.importing.columns import FIELDS, Mapped
from crmdapp.customers.importing.reader import Row
from crmdapp.errors import FileFault, UsageError

__all__ = ["DATE_ORDERS", "VALUE_MAX", "ImportedCustomer", "RecordFaults", "Rules", "read_record"]

VALUE_MAX = 1_000
"""Most characters of one field."""

DATE_ORDERS = ("iso", "dmy", "mdy")
"""How ``1/2/1990`` is read: not at all, as the first of February, or as the second of January."""

_OLDEST = date(1890, 1, 1)
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ][0-9:.]*(?:Z|[+-]00:?00)?)?", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})[/-](\d{4})", re.ASCII)
# Names of countries that people write beside those of the CLDR.
_COUNTRY_NICKNAMES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "greatbritain": "GB",
    "usa": "US",
    "unitedstatesofamerica": "US",
    "holland": "NL",
    "czechrepublic": "CZ",
}
_LINES_IN = frozenset({"street", "street_more"})


@dataclass(frozen=True, slots=True)
class Rules:
    """How values are read that mean nothing by themselves.

    Attributes:
        region: ISO 3166 code of the country of telephone numbers and tax ids in records that name
            none; ``None`` if there is no such country.
        dates: One of :data:`DATE_ORDERS`.
    """

    region: str | None = None
    dates: str = "iso"

    def __post_init__(self) -> None:
        if self.dates not in DATE_ORDERS:
            raise UsageError(
                f"There is no order of dates {self.dates!r}.",
                hint=f"Choose one of {', '.join(DATE_ORDERS)}.",
            )
        if self.region is not None and country_code(self.region) != self.region:
            raise UsageError(f"{self.region[:8]!r} is no country.", hint="Write DE, US, ...")


@dataclass(frozen=True, slots=True)
class ImportedCustomer:
    """One record, ready for the vault. Its values are personal and never shown.

    Attributes:
        line: Line of the file it begins on.
        values: Text by field.
        identifiers: What tells the customer apart, the strongest first: tax id, e-mail, telephone.
    """

    line: int
    values: Mapping[str, str] = field(repr=False)
    identifiers: tuple[Identifier, ...] = field(repr=False)


class RecordFaults(Exception):  # noqa: N818 - faults of the file, never seen by callers
    """A record that cannot be imported.

    Args:
        faults: What is wrong with which field, without the values.
    """

    def __init__(self, faults: Sequence[FileFault]) -> None:
        super().__init__()
        self.faults = tuple(faults)


class _Fault(Exception):  # noqa: N818 - becomes a fault of the file
    """One value cannot be used."""


def read_record(row: Row, mapped: Mapped, rules: Rules) -> ImportedCustomer:
    """Return what a record says.

    Raises:
        RecordFaults: A value cannot be used, or nothing identifies the customer. No reason quotes
            a value.
    """
    faults: list[FileFault] = []
    values: dict[str, str] = {}
    for column, raw in row.values.items():
        name = mapped.field_of(column)
        if name is None or name in values:
            continue
        try:
            text = _plain(name, raw)
        except _Fault as fault:
            faults.append(FileFault(row.line, name, str(fault)))
            continue
        if text:
            values[name] = text
    region = _region(values, rules, row.line, faults)
    identifiers: dict[Identifier, None] = {}
    for name in list(values):
        try:
            values[name] = _checked(name, values[name], region, rules, identifiers)
        except _Fault as fault:
            faults.append(FileFault(row.line, name, str(fault)))
    if not identifiers and not faults:
        faults.append(
            FileFault(row.line, "", "it has no e-mail address, telephone number or tax id")
        )
    if faults:
        raise RecordFaults(faults)
    return ImportedCustomer(row.line, values, tuple(sorted(identifiers, key=_strength)))


def _strength(identifier: Identifier) -> int:
    """Return the rank of a kind: several people share a telephone sooner than a tax id."""
    return ("tax", "email", "phone").index(identifier.kind)


def _plain(name: str, raw: str | None) -> str:
    """Return a value without what its neighbours left: blanks, and marks that are not shown."""
    if raw is None:
        raise _Fault("it is neither text nor a number")
    text = unicodedata.normalize("NFC", raw).strip()
    if name in _LINES_IN:
        text = re.sub(r"\s*[\r\n]+\s*", ", ", text)
    if len(text) > VALUE_MAX:
        raise _Fault(f"it has more than {VALUE_MAX:,} characters")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise _Fault("it holds control characters")
    return text


def _region(values: dict[str, str], rules: Rules, line: int, faults: list[FileFault]) -> str | None:
    written = values.pop("country", None)
    if written is None:
        return rules.region
    code = country_code(written)
    if code is None:
        faults.append(
            FileFault(line, "country", "it is no country that is known; write its ISO 3166 code")
        )
        return rules.region
    values["country"] = code
    return code


def _checked(
    name: str,
    text: str,
    region: str | None,
    rules: Rules,
    identifiers: dict[Identifier, None],
) -> str:
    """Return a value in the form it is kept in; add what it identifies."""
    kind = FIELDS[name].kind
    if kind == "date":
        return _date(text, rules.dates)
    if kind not in ("email", "phone", "tax"):
        return text
    reason = ""
    try:
        identifier = normalise(kind, text, region)
    except IdentifierInvalid as problem:
        reason = problem.why or problem.message
    if reason:  # outside of the handler: the chain of exceptions must not hold the value
        raise _Fault(reason)
    identifiers[identifier] = None
    return identifier.value


def _date(text: str, order: str) -> str:
    if found := _ISO_DATE.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DOTTED.fullmatch(text):
        day, month, year = found.groups()
    elif found := _SLASHED.fullmatch(text):
        if order == "iso":
            raise _Fault("day and month could be either; write YYYY-MM-DD, or say which is first")
        day, month, year = found.groups()
        if order == "mdy":
            day, month = month, day
    else:
        raise _Fault("it is no date; write YYYY-MM-DD")
    try:
        day_of_birth = date(int(year), int(month), int(day))
    except ValueError:
        raise _Fault("there is no such day") from None
    if not _OLDEST <= day_of_birth <= datetime.now(UTC).date():
        raise _Fault("it lies in the future, or before 1890")
    return day_of_birth.isoformat()


def country_code(text: str) -> str | None:
    """Return the ISO 3166 code of a country, from its code or name; ``None`` if none is known."""
    folded = _fold(text)
    return _countries().get(folded)


@cache
def _countries() -> Mapping[str, str]:
    """Return countries' codes by folded code and name, in every language of the CLDR at hand."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    found = dict(_COUNTRY_NICKNAMES)
    for code, names in LOCALE_DATA.items():
        if len(code) != 2 or not code.isalpha():
            continue
        for name in names.values():
            if not name.startswith("*"):  # a star refers to another language of the same row
                found.setdefault(_fold(name), code)
    for code in LOCALE_DATA:
        if len(code) == 2 and code.isalpha():
            found[_fold(code)] = code
    return found


def _fold(text: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()

"""Which tax numbers a country issues, and which of them a text can be.

Source: the schemes of python-stdnum, each of which names its authority.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType
from typing import cast

# The tax numbers that a country gives to natural persons, beside its VAT number, by stdnum's names.
_PERSONAL = {
    "AT": ("tin",),
    "AU": ("tfn",),
    "BE": ("nn",),
    "BR": ("cpf",),
    "CA": ("sin",),
    "CN": ("ric",),
    "CR": ("cpf",),
    "CU": ("ni",),
    "DE": ("idnr",),
    "DK": ("cpr",),
    "DO": ("cedula",),
    "EC": ("ci",),
    "EE": ("ik",),
    "FI": ("hetu",),
    "FR": ("nif",),
    "GB": ("utr",),
    "ID": ("nik",),
    "IE": ("pps",),
    "IL": ("idnr",),
    "IN": ("pan",),
    "IS": ("kennitala",),
    "IT": ("codicefiscale",),
    "JP": ("in_",),
    "KR": ("rrn",),
    "LT": ("asmens",),
    "MD": ("idno",),
    "MY": ("nric",),
    "NL": ("bsn",),
    "NO": ("fodselsnummer",),
    "PE": ("cui",),
    "PK": ("cnic",),
    "PL": ("pesel",),
    "SE": ("personnummer",),
    "TR": ("tckimlik",),
    "UA": ("rntrc",),
    "US": ("ssn", "itin", "ein", "atin", "ptin"),
    "ZA": ("tin", "idnr"),
}

# A scheme -> another one whose numbers it contains: such a number has the other's name.
_CONTAINS = {"codicefiscale": "iva", "pps": "vat"}

_PREFIXED = re.compile(r"(?P<country>[A-Z]{2})\.(?P<scheme>[A-Z_]+)\s*:\s*(?P<number>.+)")
_VAT_COUNTRIES = {"EL": "GR"}  # Greece has its own code in VAT numbers


def candidates(text: str, region: str | None) -> list[str]:
    """Return all ``<country>.<scheme>:<number>`` that a text in upper case can mean.

    Args:
        text: The number, with ``<country>.<scheme>:`` before it, or a VAT number of the European
            Union with its country before it, or a number of ``region``.
        region: ISO 3166-1 alpha-2 code in upper case.
    """
    written = _PREFIXED.fullmatch(text)
    if written is not None:
        country, wanted = written["country"], written["scheme"]
        schemes = [each for each in _schemes(country) if _name(each).upper() == wanted]
        return _valid(country, schemes, written["number"])
    if region is not None:
        return _valid(region, _schemes(region), text)
    country = _VAT_COUNTRIES.get(text[:2], text[:2])
    return _valid(country, _vat_schemes(country), text) if _in_union(country) else []


def scheme_names(found: Iterable[str]) -> list[str]:
    """Return the ``<country>.<scheme>`` of candidates."""
    return [each.partition(":")[0] for each in found]


def _valid(country: str, schemes: Iterable[ModuleType], text: str) -> list[str]:
    numbers = {_name(each): number for each in schemes if (number := _number(each, text))}
    for scheme, contained in _CONTAINS.items():
        if contained in numbers:
            numbers.pop(scheme, None)
    return [f"{country.lower()}.{scheme}:{number}" for scheme, number in numbers.items()]


def _number(scheme: ModuleType, text: str) -> str | None:
    """The number without its separators, or ``None`` if the scheme has no such number."""
    try:
        return str(scheme.validate(text)).upper()
    except ValueError:  # stdnum's own exceptions are ValueErrors, and so is int("x")
        return None


def _schemes(country: str) -> Iterator[ModuleType]:
    yield from _vat_schemes(country)
    for name in _PERSONAL.get(country, ()):
        yield import_module(f"{_package(country)}.{name}")


def _vat_schemes(country: str) -> Iterator[ModuleType]:
    from stdnum.util import get_cc_module

    found = get_cc_module(country, "vat") if re.fullmatch("[A-Z]{2}", country) else None
    if found is not None and country != "EU":  # EU numbers belong to their countries
        yield cast(ModuleType, found)


def _package(country: str) -> str:
    name = country.lower()
    return f"stdnum.{name}_" if name in ("in", "is") else f"stdnum.{name}"


def _in_union(country: str) -> bool:
    from stdnum.eu.vat import MEMBER_STATES

    return country.lower() in MEMBER_STATES


def _name(scheme: ModuleType) -> str:
    return scheme.__name__.rpartition(".")[2].rstrip("_")

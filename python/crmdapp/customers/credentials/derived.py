"""Derived claims: what a verifier needs to know, and nothing it could be computed from.

Who is asked "are you 18?" should not have to show a date of birth. The issuer, who has seen the
document, computes the answers when it issues a credential, and each becomes a claim of its own
that the holder shows or not. No arithmetic is left to the verifier, and no proof beyond the
issuer's signature is claimed: these are the issuer's answers on the day of issue.

- ``age_over_N`` (name of ISO/IEC 18013-5): whether the person has completed N years. ``true`` stays
  true. ``false`` becomes wrong one day, so a credential should end by :func:`ages_change_on`.
- ``tier_at_least_N``: whether the customer's tier is N or higher.
- ``country_in_eu``: whether the country is a member of the European Union.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from crmdapp.chain._whole import require_whole
from crmdapp.customers.credentials.disclosures import Hidden
from crmdapp.errors import UsageError

AGES = (16, 18, 21, 65)
"""Ages that are computed if nothing else is said."""

AGE_MAX = 99
"""Highest N of ``age_over_N``: ISO/IEC 18013-5 has two digits."""

LIFE_YEARS_MAX = 130
"""Years since a birth that are taken for a mistyped date if there are more."""

TIER_MAX = 255

EU_SINCE = date(2020, 2, 1)
"""The first day on which the Union had the members in :data:`EU_MEMBERS`: the day after the United
Kingdom left. It has not changed since, as of 2025-06-01."""

EU_MEMBERS = frozenset(
    (
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU"),
        *("IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
    )
)
"""Members by ISO 3166-1 alpha-2. Territories with a code of their own (GL, RE, ...) are not
among them, whatever their relation to a member is."""

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)

# Codes that the Union's own texts use in place of ISO's, and that would be answered wrongly.
_OTHER_CODES = {"EL": "GR", "UK": "GB"}


def age_on(birth: date, day: date) -> int:
    """Return the completed years of a person on a day.

    A year is completed at the beginning of the birthday. Who was born on 29 February completes it,
    in years without one, at the beginning of 1 March: the later of the two days that laws choose,
    so that nobody is said to be of age too early.

    Args:
        birth: Day of birth, by the calendar.
        day: The day where the answer counts; a date, because a moment is different days in
            different places.

    Raises:
        UsageError: The birth lies after the day, or too long ago; the message repeats neither.
    """
    years = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
    if years < 0:
        raise UsageError("The day of birth lies in the future.")
    if years > LIFE_YEARS_MAX:
        raise UsageError(f"The day of birth lies more than {LIFE_YEARS_MAX} years ago.")
    return years


def birthday(birth: date, years: int) -> date:
    """Return the day on which a person completes so many years.

    Raises:
        UsageError: It lies after the year 9999.
    """
    year = birth.year + years
    if year > date.max.year:
        raise UsageError("That birthday lies beyond the calendar.")
    try:
        return birth.replace(year=year)
    except ValueError:  # 29 February in a year that has none
        return date(year, 3, 1)


def age_claims(birth: date, day: date, ages: Iterable[int] = AGES) -> dict[str, bool]:
    """Return ``age_over_N`` for each of the ages.

    Args:
        birth: Day of birth.
        day: Day of issue.
        ages: From 0 to 99.

    Raises:
        UsageError: An age is out of its range, or the day of birth cannot be.
    """
    age = age_on(birth, day)
    wanted = [require_whole("age", number, AGE_MAX) for number in ages]
    return {f"age_over_{number:02d}": age >= number for number in sorted(set(wanted))}


def ages_change_on(birth: date, day: date, ages: Iterable[int] = AGES) -> date | None:
    """Return the day on which the first ``false`` of :func:`age_claims` becomes wrong, if any."""
    age = age_on(birth, day)
    later = [birthday(birth, number) for number in ages if number > age]
    return min(later, default=None)


def tier_claims(tier: int, highest: int) -> dict[str, bool]:
    """Return ``tier_at_least_N`` for each tier from 1 to the highest there is.

    Args:
        tier: The customer's tier, 0 for none.
        highest: The highest tier there is, so that the number of claims says nothing.

    Raises:
        UsageError: A tier is out of its range.
    """
    most = require_whole("highest", highest, TIER_MAX, least=1)
    reached = require_whole("tier", tier, most)
    return {f"tier_at_least_{number}": reached >= number for number in range(1, most + 1)}


def country_claims(country: str) -> dict[str, bool]:
    """Return ``country_in_eu``.

    Args:
        country: ISO 3166-1 alpha-2, two capital letters.

    Raises:
        UsageError: It is no such code, or one that stands for another in the Union's own texts.
    """
    if not _COUNTRY.fullmatch(country):
        raise UsageError("A country is two capital letters (ISO 3166-1).")
    if country in _OTHER_CODES:
        raise UsageError(f"ISO 3166-1 has no {country}.", hint=f"Write {_OTHER_CODES[country]}.")
    return {"country_in_eu": country in EU_MEMBERS}


def derived_claims(
    source: Mapping[str, Any], day: date, *, ages: Iterable[int] = AGES, highest_tier: int = 0
) -> dict[str, Hidden]:
    """Return all claims that can be derived from what an issuer has seen, each hidden by itself.

    Args:
        source: ``birthdate`` (a date, or ISO 8601), ``tier``, ``country``; each may be missing.
        day: Day of issue.
        ages: Of ``age_over_N``.
        highest_tier: The highest tier there is; needed if there is a ``tier``.

    Raises:
        UsageError: One of them cannot be read; the message repeats nothing of it.
    """
    found: dict[str, bool] = {}
    if "birthdate" in source:
        found |= age_claims(_date(source["birthdate"]), day, ages)
    if "tier" in source:
        found |= tier_claims(source["tier"], highest_tier)
    if "country" in source:
        found |= country_claims(str(source["country"]))
    return {name: Hidden(value) for name, value in found.items()}


def _date(value: object) -> date:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and len(value) == len("2000-01-31"):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise UsageError("The day of birth is no date.", hint="Write it like 2000-01-31.")

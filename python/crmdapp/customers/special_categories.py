"""Categories of data that may only be read with explicit consent."""

from __future__ import annotations

from functools import cache

from crmdapp.customers import codes

SPECIAL_CATEGORIES = (
    "Biometric",
    "DNACode",
    "Ethnicity",
    "Genetic",
    "MedicalHealth",
    "PhilosophicalBelief",
    "PoliticalAffiliation",
    "PoliticalOpinion",
    "Religion",
    "ReligiousBelief",
    "Sexual",
    "TradeUnionMembership",
)
"""Categories that need explicit consent, with all that are narrower.

Source: GDPR (Regulation (EU) 2016/679), article 9 (1), in the terms of DPV 2.3's personal data.
"""


def special_categories(categories: int) -> tuple[str, ...]:
    """Return which of these categories, or of those that they include, need explicit consent.

    Raises:
        CodeUnknown: There is one that the vocabulary does not have.
    """
    found = codes.covered(categories, codes.CATEGORIES) & _special_bits()
    return tuple(codes.names(found, codes.CATEGORIES))


@cache
def _special_bits() -> int:
    return codes.covered(codes.category_bits(SPECIAL_CATEGORIES), codes.CATEGORIES)

"""Codes of purposes, categories of data, legal bases, statuses and countries.

A consent names its purposes and categories by bits; which bit stands for which term never
changes. The terms are those of the W3C Data Privacy Vocabulary, so that other systems understand
a receipt. A broader term covers the narrower ones only where :func:`covered` spells them out:
the chain compares bits and knows no vocabulary.

Source: W3C DPV 2.3 (https://w3id.org/dpv); ISO 3166-1; ISO/IEC TS 27560:2023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crmdapp.customers._code import Code, ReceiptField
from crmdapp.customers._codes_dpv import CATEGORIES, CONSENT_STATUSES, LEGAL_BASES, PURPOSES
from crmdapp.customers._codes_iso import JURISDICTIONS, RECEIPT_FIELDS
from crmdapp.errors import UsageError

__all__ = [
    "CATEGORIES",
    "CONSENT_STATUSES",
    "JURISDICTIONS",
    "LEGAL_BASES",
    "PURPOSES",
    "RECEIPT_FIELDS",
    "Code",
    "CodeUnknown",
    "ReceiptField",
    "category_bits",
    "code",
    "covered",
    "jurisdiction",
    "names",
    "purpose_bits",
]

Table = tuple[Code, ...]

_SHOWN = 60
_NEAREST = 3
_WORDS = {
    id(PURPOSES): "purpose",
    id(CATEGORIES): "category of personal data",
    id(LEGAL_BASES): "legal basis",
    id(CONSENT_STATUSES): "consent status",
}


class CodeUnknown(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """There is no such term, bit or country in a table.

    Args:
        what: What was looked for, such as ``"purpose"``.
        given: What was given for it.
        nearest: The terms that look most like it; empty if none does.
    """

    def __init__(self, what: str = "", given: str = "", nearest: tuple[str, ...] = ()) -> None:
        hint = f"Did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(
            f"There is no {what} {given[:_SHOWN]!r}.",
            why="It is not in the Data Privacy Vocabulary 2.3." if what != "country" else "",
            hint=hint or "Look it up at https://w3id.org/dpv.",
        )
        self.what = what
        self.given = given
        self.nearest = nearest


def purpose_bits(terms: Iterable[str]) -> int:
    """Return the purposes of these terms as bits, without the narrower ones.

    Args:
        terms: Names or IRIs, such as ``["DirectMarketing"]``.

    Raises:
        CodeUnknown: There is no such purpose, or the vocabulary has dropped it.
    """
    return _bits(terms, PURPOSES)


def category_bits(terms: Iterable[str]) -> int:
    """Return the categories of personal data of these terms as bits, without the narrower ones.

    Args:
        terms: Names or IRIs, such as ``["EmailAddress"]``.

    Raises:
        CodeUnknown: There is no such category, or the vocabulary has dropped it.
    """
    return _bits(terms, CATEGORIES)


def names(bits: int, table: Table) -> tuple[str, ...]:
    """Return the terms of bits, in the order of the table.

    Raises:
        CodeUnknown: A bit stands for nothing in the table.
    """
    return tuple(each.term for each in _codes(bits, table))


def covered(bits: int, table: Table) -> int:
    """Return bits with those of every narrower term: who may use all data may use each.

    Terms that the vocabulary has dropped come with no broader one any more.

    Raises:
        CodeUnknown: A bit stands for nothing in the table.
    """
    chosen = {each.term for each in _codes(bits, table)}
    by_term = _by_term(table)
    for each in table:
        above: Code | None = each
        while above is not None:
            if above.term in chosen:
                bits |= 1 << each.bit
                break
            above = by_term[above.broader] if above.broader else None
    return bits


def code(term: str, table: Table) -> Code:
    """Return the code of a term, given by its name or its IRI.

    Raises:
        CodeUnknown: There is none in the table.
    """
    found = _by_term(table).get(term.rpartition("#")[2])
    if found is None or term not in (found.term, found.iri):
        raise CodeUnknown(_word(table), term, _nearest(term, [each.term for each in table]))
    return found


def jurisdiction(text: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country, in upper case.

    Raises:
        CodeUnknown: There is no such country.
    """
    found = text.upper()
    if found not in JURISDICTIONS:
        by_name = {name.casefold(): each for each, name in JURISDICTIONS.items()}
        near = (by_name[name] for name in _nearest(text.casefold(), by_name))
        raise CodeUnknown("country", text, tuple(near))
    return found


def _bits(terms: Iterable[str], table: Table) -> int:
    bits = 0
    for term in terms:
        found = code(term, table)
        if found.retired:
            raise CodeUnknown(f"{_word(table)} any more", term)
        bits |= 1 << found.bit
    return bits


def _codes(bits: int, table: Table) -> list[Code]:
    known = (1 << len(table)) - 1
    if bits < 0 or bits & ~known:
        stray = bits & ~known if bits >= 0 else bits
        raise CodeUnknown(f"{_word(table)} with bit", str(max(stray.bit_length() - 1, 0)))
    return [each for each in table if bits >> each.bit & 1]


def _by_term(table: Table) -> Mapping[str, Code]:
    # By identity: hashing a table takes longer than looking a term up in it.
    known, found = _INDEXES.get(id(table), ((), {}))
    if known is not table:
        found = {each.term: each for each in table}
        _INDEXES[id(table)] = table, found
    return found


_INDEXES: dict[int, tuple[Table, Mapping[str, Code]]] = {}


def _nearest(term: str, known: Iterable[str]) -> tuple[str, ...]:
    from difflib import get_close_matches

    folded = {each.casefold(): each for each in known}
    found = get_close_matches(term[:_SHOWN].casefold().replace(" ", ""), folded, n=_NEAREST)
    return tuple(folded[each] for each in found)


def _word(table: Table) -> str:
    return _WORDS.get(id(table), "code")

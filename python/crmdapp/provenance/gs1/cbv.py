"""The Core Business Vocabulary: what happened to goods and how they are, in agreed words.

A term comes as EPCIS spells it in JSON (``shipping``), as its web address, as a shortened address
(``cbv:BizStep-shipping``) or as its old URN; all four mean the same. On chain it is one byte: the
term's place in its table, from 1; 0 says that none was given. The places never change.

Source: GS1 CBV 2.0, https://ref.gs1.org/cbv/.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crmdapp.provenance.gs1 import _cbv_terms
from crmdapp.provenance.gs1.errors import SHOWN, CbvTermUnknown

__all__ = [
    "ALERT_TYPES",
    "BIZ_STEPS",
    "DISPOSITIONS",
    "ERROR_REASONS",
    "MEASUREMENT_TYPES",
    "NO_CODE",
    "PARTY_TYPES",
    "TRANSACTION_TYPES",
    "CbvTermUnknown",
    "Vocabulary",
]

NO_CODE = 0
"""The code of an event that names no term, or one of another vocabulary."""

CBV_NAMESPACE = "https://ref.gs1.org/cbv/"
VOC_NAMESPACE = "https://ref.gs1.org/voc/"
_OLD_VOC_NAMESPACE = "https://gs1.org/voc/"
_URN = "urn:epcglobal:cbv:"
_NEAREST = 3


@dataclass(frozen=True)
class Vocabulary:
    """One table of terms.

    Attributes:
        what: What its terms are, such as ``"business step"``.
        terms: The terms; the code of a term is its place from 1.
        forms: What may stand before a term; the first is the canonical web address.
    """

    what: str
    terms: tuple[str, ...]
    forms: tuple[str, ...]
    _codes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = {term: code for code, term in enumerate(self.terms, start=1)}
        object.__setattr__(self, "_codes", codes)

    def term(self, text: str) -> str:
        """Return the bare term of any of its forms.

        Raises:
            CbvTermUnknown: The table has none; the error names the nearest ones.
        """
        found = self._bare(text)
        if found not in self._codes:
            raise CbvTermUnknown(self.what, text, self.nearest(found))
        return found

    def code(self, text: str) -> int:
        """Return the code of a term in any of its forms, 1 to 255.

        Raises:
            CbvTermUnknown: The table has none.
        """
        return self._codes[self.term(text)]

    def of_code(self, code: int) -> str:
        """Return the term of a code.

        Raises:
            CbvTermUnknown: No term has it; 0 is the code of no term.
        """
        if not 1 <= code <= len(self.terms):
            raise CbvTermUnknown(f"{self.what} with code", str(code))
        return self.terms[code - 1]

    def iri(self, text: str) -> str:
        """Return the canonical web address of a term in any of its forms.

        Raises:
            CbvTermUnknown: The table has none.
        """
        return self.forms[0] + self.term(text)

    def claims(self, text: str) -> bool:
        """Return whether a text can only be meant for this table: a bare word, or its form."""
        return ":" not in text or text.startswith(self.forms)

    def nearest(self, text: str) -> tuple[str, ...]:
        """Return the terms that look most like a text, the nearest first."""
        from difflib import get_close_matches

        folded = {term.casefold(): term for term in self.terms}
        word = text[:SHOWN].strip().casefold().replace(" ", "_").replace("-", "_")
        return tuple(folded[each] for each in get_close_matches(word, folded, n=_NEAREST))

    def _bare(self, text: str) -> str:
        for form in self.forms:
            if text.startswith(form):
                return text.removeprefix(form)
        return text


def _cbv(what: str, terms: tuple[str, ...], word: str, urn: str) -> Vocabulary:
    return Vocabulary(what, terms, (f"{CBV_NAMESPACE}{word}-", f"cbv:{word}-", f"{_URN}{urn}:"))


def _voc(what: str, terms: tuple[str, ...]) -> Vocabulary:
    return Vocabulary(what, terms, (VOC_NAMESPACE, "gs1:", _OLD_VOC_NAMESPACE))


BIZ_STEPS = _cbv("business step", _cbv_terms.BIZ_STEPS, "BizStep", "bizstep")
DISPOSITIONS = _cbv("disposition", _cbv_terms.DISPOSITIONS, "Disp", "disp")
TRANSACTION_TYPES = _cbv("business transaction type", _cbv_terms.TRANSACTION_TYPES, "BTT", "btt")
PARTY_TYPES = _cbv("source or destination type", _cbv_terms.PARTY_TYPES, "SDT", "sdt")
ERROR_REASONS = _cbv("error reason", _cbv_terms.ERROR_REASONS, "ER", "er")
MEASUREMENT_TYPES = _voc("measurement type", _cbv_terms.MEASUREMENT_TYPES)
ALERT_TYPES = _voc("sensor alert", _cbv_terms.ALERT_TYPES)

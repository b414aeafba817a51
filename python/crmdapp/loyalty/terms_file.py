"""A program's legal terms as two files: ``terms.json`` for machines, ``terms.md`` for people.

One hash names both, so neither can be changed without the other noticing::

    bundle hash = keccak256(keccak256(J) || keccak256(P))

``J`` are the bytes of the JSON in the canonical form of RFC 8785: spaces, line ends and the order
of names in ``terms.json`` do not matter, every value does. ``P`` are the bytes of ``terms.md`` as
they stand in the file, not one of them changed: a space, another line end or another Unicode form
of the same letter is another text. The two inner hashes have 32 bytes each, so no byte can pass
from one part to the other. The hash is published on chain by
:class:`crmdapp.loyalty.terms.TermsClient`.

Source: RFC 8785; contracts/loyalty/IProgramTerms.sol.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crmdapp.chain._json_lines import read_json, read_text, rejected
from crmdapp.chain._keccak import keccak
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.errors import FileFault, UsageError
from crmdapp.loyalty._terms_json import read_terms
from crmdapp.loyalty.terms_models import Terms

JSON_NAME = "terms.json"
PROSE_NAME = "terms.md"
BYTES_MAX = 1_000_000
"""Most bytes of either file."""

_PLACEHOLDER = re.compile(r"\[FILL IN[^\]\n]*\]?")


@dataclass(frozen=True, slots=True)
class TermsBundle:
    """Terms and their prose: what one hash names.

    Attributes:
        terms: What the JSON says.
        canonical: The JSON in its canonical form (RFC 8785).
        prose: The bytes of ``terms.md``.
    """

    terms: Terms
    canonical: bytes
    prose: bytes

    @classmethod
    def of(cls, terms: Terms, prose: str) -> TermsBundle:
        """Return the bundle of terms and a prose.

        Raises:
            FileRejected: A value cannot stand in terms; the fault names the field.
        """
        return parse(canonical_json(terms.to_json()), prose.encode())

    @classmethod
    def load(cls, folder: Path | str) -> TermsBundle:
        """Return the bundle in a folder with ``terms.json`` and ``terms.md``.

        Raises:
            FileRejected: A file has faults; each names line and field.
            UsageError: A file cannot be read.
        """
        place = Path(folder)
        return parse(_bytes_of(place / JSON_NAME), _bytes_of(place / PROSE_NAME))

    @property
    def hash(self) -> bytes:
        """The 32 bytes that name JSON and prose, see the module's text."""
        return keccak(keccak(self.canonical) + keccak(self.prose))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What is still to be filled in, with its place."""
        return tuple(
            f"{place}: {match[0]}"
            for place, text in self._texts()
            for match in _PLACEHOLDER.finditer(text)
        )

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield f"{JSON_NAME}, operator", self.terms.operator
        yield f"{JSON_NAME}, governing_law", self.terms.governing_law
        for line, text in enumerate(self.prose.decode().split("\n"), start=1):
            yield f"{PROSE_NAME}, line {line}", text


def parse(document: bytes, prose: bytes) -> TermsBundle:
    """Return the bundle of the bytes of ``terms.json`` and ``terms.md``.

    Raises:
        FileRejected: One of them has faults; each names line and field.
    """
    node = read_json(document, JSON_NAME)
    terms = read_terms(node, JSON_NAME)
    if not read_text(prose, PROSE_NAME).strip():
        raise rejected(PROSE_NAME, [FileFault(0, "", "it is empty")])
    return TermsBundle(terms, canonical_json(node.plain()), prose)


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
    except OSError as problem:
        raise UsageError(
            f"{path} cannot be read: {problem.strerror}.",
            hint="Name the folder that holds terms.json and terms.md;"
            " make one with: crmdapp loyalty terms init",
        ) from None
    if len(data) > BYTES_MAX:
        raise rejected(path.name, [FileFault(0, "", f"it has more than {BYTES_MAX:,} bytes")])
    return data

"""The rows of the generated tables of codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A term of a public vocabulary.

    Attributes:
        bit: Its number in this project's tables: bit ``bit`` of a consent; never changes.
        term: Its name in the vocabulary, such as ``"DirectMarketing"``.
        label: The same for people.
        iri: Where the vocabulary defines it.
        broader: The term it is a kind of; ``None`` if it is a kind of nothing in the table.
        retired: Whether the vocabulary has dropped it: what was granted can be read, nothing new
            can be granted.
    """

    bit: int
    term: str
    label: str
    iri: str
    broader: str | None
    retired: bool = False


@dataclass(frozen=True, slots=True)
class ReceiptField:
    """A field of a consent record or receipt.

    Attributes:
        section: The part of the record it belongs to.
        name: Its name.
        required: Whether every record has it.
        relation: The relation that says the same in the Data Privacy Vocabulary.
    """

    section: str
    name: str
    required: bool
    relation: str


def table(
    prefix: str, rows: Sequence[tuple[str, str, str]], *, retired: Sequence[str]
) -> tuple[Code, ...]:
    """Return a table of codes whose bits are the places of their rows.

    Args:
        prefix: What every IRI begins with.
        rows: Name, label and broader term of each; an empty broader term for none.
        retired: Names of those that the vocabulary has dropped.
    """
    return tuple(
        Code(bit, term, label, f"{prefix}{term}", broader or None, term in retired)
        for bit, (term, label, broader) in enumerate(rows)
    )

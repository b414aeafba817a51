"""Which of several values of a field counts, and where it came from.

A person may have several values of one field: versions, and those of merged profiles. The one that
counts is that of the best source; of equals, the newest. Nothing is lost: the others stay with
their sources, and which one won can be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmdapp.errors import UsageError
from crmdapp.store.provenance import Ciphertext, Disclosure, Source

if TYPE_CHECKING:
    from crmdapp.customers.dedupe import Merges
    from crmdapp.store.vault import Vault

__all__ = ["SOURCES_BEST_FIRST", "Surviving", "passed_on_to", "person_data", "survivors"]

SOURCES_BEST_FIRST: tuple[Source, ...] = (
    Source.ONLINE_FORM,
    Source.MANUAL_ENTRY,
    Source.PUBLIC_REGISTER,
    Source.PARTNER_API,
    Source.CSV_IMPORT,
    Source.IOT,
    Source.ADDRESS_DEALER,
    Source.INFERRED,
)
"""What the customers say of themselves before what others say, guesses last."""


@dataclass(frozen=True, slots=True)
class Surviving:
    """A field's value that counts, and those that do not.

    Attributes:
        field: The field.
        value: The sealed value that counts.
        others: The rest, best first.
    """

    field: str
    value: Ciphertext
    others: tuple[Ciphertext, ...]


def survivors(
    items: Iterable[Ciphertext], best_first: Sequence[Source] = SOURCES_BEST_FIRST
) -> list[Surviving]:
    """Return which value of each field counts, by name of the field.

    Args:
        items: Sealed values of one person, of one or several profiles.
        best_first: All eight sources, the best first.

    Raises:
        UsageError: A source is missing in the order, or stands there twice.
    """
    if sorted(best_first) != sorted(Source):
        raise UsageError(
            "The order of sources names each of them once.",
            hint=f"They are {', '.join(source.value for source in Source)}.",
        )
    rank = {source: number for number, source in enumerate(best_first)}
    fields: dict[str, list[Ciphertext]] = {}
    for item in items:
        fields.setdefault(item.datum.field, []).append(item)
    found = []
    for name in sorted(fields):
        ordered = sorted(
            fields[name],
            key=lambda item: (
                rank[Source(item.datum.source)],
                -item.datum.written_at,
                -item.datum.id,
            ),
        )
        found.append(Surviving(name, ordered[0], tuple(ordered[1:])))
    return found


def person_data(vault: Vault, merges: Merges, profile: bytes) -> list[Ciphertext]:
    """Return every sealed value of the person that a profile is of, all versions.

    Raises:
        ProfileUnknown: The store has no such profile.
    """
    return [item for cid in merges.person(profile) for item in vault.ciphertexts(cid, history=True)]


def passed_on_to(vault: Vault, merges: Merges, profile: bytes) -> list[Disclosure]:
    """Return every disclosure of the person that a profile is of, oldest first.

    Raises:
        ProfileUnknown: The store has no such profile.
    """
    found = [item for cid in merges.person(profile) for item in vault.passed_on_to(cid)]
    return sorted(found, key=lambda item: (item.disclosed_at, item.id))

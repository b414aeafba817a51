"""Which companies an event about a person concerns: only their own files tell, no event does.

A consent names its company by a hash, a profile none at all. Whoever has the terms or the profile
is told; nobody else could know what the event is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crmdapp.web.api.customers._reading import is_in_vault
from crmdapp.web.api.customers.office import has_office, opened, opened_book

if TYPE_CHECKING:
    from crmdapp.web.context import Context
    from crmdapp.web.webhooks.owners import Fields

_PROFILE_FIELDS = ("cid", "from_", "into")


def holders_of(
    context: Context, contract: str, fields: Fields, merchants: Iterable[str]
) -> set[str]:
    """Return which of some companies hold the consent or the profile that an event is about.

    Args:
        context: The server's.
        contract: The contract's name in the manifest.
        fields: The event's fields, as the index keeps them.
        merchants: The companies that are asked.

    Raises:
        StoreProblem: A vault cannot be read.
    """
    keeping = [merchant for merchant in set(merchants) if has_office(context, merchant)]
    if contract == "ConsentRegistry":
        return {item for item in keeping if _holds(context, item, fields)}
    if contract == "CustomerRegistry":
        cids = [_word(fields[name]) for name in _PROFILE_FIELDS if name in fields]
        return {item for item in keeping if cids and _keeps(context, item, cids)}
    return set()


def _holds(context: Context, merchant: str, fields: Fields) -> bool:
    with opened_book(context, merchant) as book:
        booked = book.get(_word(fields["consent_id"]))
    return booked is not None and booked.key[0] == fields["subject"]


def _keeps(context: Context, merchant: str, cids: list[bytes]) -> bool:
    with opened(context, merchant) as office:
        return any(is_in_vault(office, cid) for cid in cids)


def _word(value: object) -> bytes:
    return bytes.fromhex(str(value).removeprefix("0x"))

"""Items as people name them: a code that was scanned, a link, an EPC URI, an id."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from crmdapp.errors import UsageError
from crmdapp.provenance.errors import ItemUnknown
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api.provenance.items import name_of
from crmdapp.web.provenance.numbers import word_of

if TYPE_CHECKING:
    from crmdapp.web.view import View

TEXT_MAX = 500
"""Most characters of a name."""

_ID = re.compile(r"(?:https?://[^/\s]+/products/)?(0[xX][0-9a-fA-F]{1,64}|[0-9]{15,78})", re.ASCII)


def found_items(view: View, text: str) -> list[queries.StoredItem]:
    """Return the items that a text names: none, one, or those of several issuers.

    Args:
        view: The index.
        text: An id, the address of an item's page, a GS1 Digital Link, or an EPC URI.

    Raises:
        UsageError: It names nothing.
    """
    plain = text.strip()[:TEXT_MAX]
    by_id = _ID.fullmatch(plain)
    if by_id is None:
        return queries.named(view.session, epc_hash(name_of(plain)))
    try:
        return [queries.item(view.session, word_of(by_id[1], "item"))]
    except ItemUnknown:
        return []


def own_items(view: View, text: str, account: str) -> list[int]:
    """Return the ids of an account's items that a text names, one in each line.

    Raises:
        UsageError: A line names nothing, or nothing of the account's.
    """
    lines = list(dict.fromkeys(line.strip() for line in text.split() if line.strip()))
    if not lines:
        raise UsageError("Name at least one item.", hint="Scan its code, or type its id.")
    if len(lines) > 100:
        raise UsageError("At most 100 items go in one hand-over; pack them first.")
    return [_own(view, line, account) for line in lines]


def _own(view: View, text: str, account: str) -> int:
    found = found_items(view, text)
    mine = [item for item in found if item.custodian == account and item.parent is None]
    if len(mine) == 1:
        return mine[0].item
    if not found:
        raise UsageError(f"No item is registered as {text[:60]!r}.", hint="Scan it again.")
    if any(item.parent is not None for item in found):
        raise UsageError(f"{text[:60]!r} is packed.", hint="Hand over what it is packed in.")
    raise UsageError(f"You do not have {text[:60]!r}.", hint="Only who has an item hands it over.")

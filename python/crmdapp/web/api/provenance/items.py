"""Items as they are on the ledger: what somebody has, one with its journey, what it is made of."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from crmdapp.errors import UsageError
from crmdapp.provenance.gs1.digital_link import parse_digital_link
from crmdapp.provenance.gs1.epc import epc_hash
from crmdapp.provenance.item_models import disposition_text, quantity_text
from crmdapp.provenance.item_verification import GONE
from crmdapp.provenance.tracing import origin, recall_set
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api import AddressIn, Caller, CursorDep, Model, Page, requires
from crmdapp.web.api.provenance.models import (
    ADDRESS,
    WORD,
    ItemEventOut,
    ItemOut,
    WindowOut,
    dashed,
    example,
    hexed,
)
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.view import View, ViewDep

router = APIRouter(prefix="/items", tags=["provenance: items"])

ReaderDep = Annotated[Caller, requires("provenance:read")]


class EdgeOut(Model):
    """A link: the item is made of its source, or held it (no transformation)."""

    item: str
    source: str
    transformation: str | None
    quantity: str | None


class ItemOriginOut(Model):
    """What an item is made of and holds, back to the beginning."""

    model_config = example(
        root=WORD,
        items=[WORD],
        edges=[{"item": WORD, "source": WORD, "transformation": WORD, "quantity": "50"}],
        recalled=[],
    )

    root: str
    items: list[str]
    edges: list[EdgeOut]
    recalled: list[str]


class ConcernedOut(Model):
    """Everything that a recall of an item concerns, itself first."""

    model_config = example(items=[WORD])

    items: list[str]


class VerdictOut(Model):
    """Whether anything on the ledger speaks against an item."""

    model_config = example(
        item=WORD, holds=False, problems=[{"code": "recalled", "text": "Called back."}]
    )

    item: str
    holds: bool
    problems: list[dict[str, str]]


@router.get("")
def stock(
    view: ViewDep,
    cursor: CursorDep,
    caller: ReaderDep,
    issued: Annotated[bool, Query(description="What you issued, not what you have.")] = False,
    recalled: Annotated[bool, Query(description="Of what you issued, what is recalled.")] = False,
) -> Page[ItemOut]:
    """List what you have: loose items, the newest first; what is packed moves with its box."""
    after = _place(cursor.after)
    if issued or recalled:
        rows = queries.issued(
            view.session, caller.merchant, recalled=recalled, after=after, limit=cursor.limit
        )
    else:
        rows = queries.stock(view.session, caller.merchant, after=after, limit=cursor.limit)
    return Page[ItemOut](**view.page(cursor, [item_out(view, row) for row in rows], rows))


@router.get("/named")
def named(
    view: ViewDep,
    link: Annotated[str, Query(max_length=500, examples=["https://id.gs1.org/01/09506000134352"])],
    issuer: Annotated[AddressIn | None, Query(examples=[ADDRESS])] = None,
) -> list[ItemOut]:
    """Find items by their GS1 Digital Link or EPC URI; several issuers may use one name."""
    found = queries.named(view.session, epc_hash(name_of(link)))
    return [item_out(view, row) for row in found if issuer in (None, row.issuer)]


@router.get("/recalls")
def recalls(view: ViewDep, cursor: CursorDep) -> Page[ItemOut]:
    """List items that their issuers called back, the newest first."""
    after = _place(cursor.after)
    rows = queries.issued(view.session, recalled=True, after=after, limit=cursor.limit)
    return Page[ItemOut](**view.page(cursor, [item_out(view, row) for row in rows], rows))


@router.get("/{id}")
def item(number: NumberDep, view: ViewDep) -> ItemOut:
    """Show an item as it stands."""
    return item_out(view, queries.item(view.session, number))


@router.get("/{id}/contents")
def contents(number: NumberDep, view: ViewDep, cursor: CursorDep) -> Page[ItemOut]:
    """List what is packed in an item."""
    queries.item(view.session, number)
    after = _place(cursor.after)
    rows = queries.contents(view.session, number, after=after, limit=cursor.limit)
    return Page[ItemOut](**view.page(cursor, [item_out(view, row) for row in rows], rows))


@router.get("/{id}/history")
def history(number: NumberDep, view: ViewDep, cursor: CursorDep) -> Page[ItemEventOut]:
    """List an item's own events, and what was packed into it, the first first."""
    queries.item(view.session, number)
    after = _place(cursor.after)
    rows = queries.history(view.session, number, after=after, limit=cursor.limit)
    return Page[ItemEventOut](**view.page(cursor, [ItemEventOut.of(row) for row in rows], rows))


@router.get("/{id}/journey")
def journey(number: NumberDep, view: ViewDep) -> list[ItemEventOut]:
    """Tell an item's whole way, with that of the boxes that it was in."""
    return [ItemEventOut.of(row) for row in queries.journey(view.session, number)]


@router.get("/{id}/origin")
def trace(number: NumberDep, view: ViewDep) -> ItemOriginOut:
    """Tell what an item is made of and holds, back to the beginning."""
    found = origin(queries.IndexLinks(view.session), number)
    known = queries.items(view.session, found.items)
    return ItemOriginOut(
        root=hexed(found.root),
        items=[hexed(each) for each in found.items],
        edges=[
            EdgeOut(
                item=hexed(edge.item),
                source=hexed(edge.source),
                transformation=dashed(edge.transformation),
                quantity=quantity_text(edge.quantity) if edge.quantity else None,
            )
            for edge in found.edges
        ],
        recalled=[hexed(each) for each, row in known.items() if row.is_recalled],
    )


@router.get("/{id}/concerned")
def concerned(
    number: NumberDep,
    view: ViewDep,
    packed_with: Annotated[bool, Query(description="Also what shared a box with it.")] = False,
) -> ConcernedOut:
    """Tell everything that a recall of an item concerns: what is made of it, what holds it."""
    links = queries.IndexLinks(view.session)
    found = recall_set(links, number, packed_with=packed_with)
    return ConcernedOut(items=[hexed(each) for each in found])


@router.get("/{id}/windows")
def windows(number: NumberDep, view: ViewDep) -> list[WindowOut]:
    """List the windows of readings that sensors anchored for an item."""
    queries.item(view.session, number)
    return [WindowOut.of(row) for row in queries.windows_of(view.session, number)]


@router.get("/{id}/verdict")
def verdict(number: NumberDep, view: ViewDep) -> VerdictOut:
    """Say what on the ledger speaks against an item."""
    found = problems_of(view, number)
    told = [{"code": code, "text": text} for code, text in found]
    return VerdictOut(item=hexed(number), holds=not found, problems=told)


# ----------------------------------------------------------------- shared with the pages


def item_out(view: View, row: queries.StoredItem) -> ItemOut:
    """Return the model of an item, with who has it now."""
    outside = [] if row.parent is None else queries.parents(view.session, row.item)
    return ItemOut.of(row, outside)


def name_of(text: str) -> str:
    """Return the identity link that a text names: a GS1 Digital Link on any domain, or an EPC URI.

    Raises:
        UsageError: It names nothing.
    """
    plain = text.strip()
    if plain.startswith("urn:"):
        return plain
    if not plain:
        raise UsageError("The name is empty.")
    return parse_digital_link(plain).identity


def problems_of(view: View, number: int) -> list[tuple[str, str]]:
    """Return what on the ledger speaks against an item, as (code, sentence)."""
    row = queries.item(view.session, number)
    found: list[tuple[str, str]] = []
    if row.is_recalled:
        found.append(("recalled", "Its issuer has called it back."))
    sources = origin(queries.IndexLinks(view.session), number).items
    bad = [each for each, of in queries.items(view.session, sources).items() if of.is_recalled]
    if any(each != number for each in bad):
        found.append(("made_of_recalled", "It is made of, or holds, what was called back."))
    if row.claimed_at:
        found.append(
            ("claimed_before", "Its seal was broken before: if yours is whole, it is a copy.")
        )
    if row.is_retired:
        found.append(("retired", "It was used up, destroyed or sold for good."))
    word = disposition_text(row.disposition)
    if word in GONE:
        found.append(("gone", f"It is on record as {word}."))
    return found


def _place(after: tuple[Any, ...] | None) -> tuple[int, int] | None:
    return None if after is None else (int(after[0]), int(after[1]))

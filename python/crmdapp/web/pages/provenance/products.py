"""The product behind a code: whether anything speaks against it, where it was, what is not proved.

The address of a GS1 Digital Link is served as it stands on the label, so a phone's camera is all
that a customer needs.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from crmdapp.chain.qr import qr_svg
from crmdapp.errors import CrmdappError, UsageError
from crmdapp.provenance.gs1.digital_link import parse_digital_link
from crmdapp.provenance.item_models import quantity_text
from crmdapp.provenance.trace_svg import ItemLabel, Stop, journey_svg, origin_svg
from crmdapp.provenance.tracing import origin
from crmdapp.store.index.provenance import queries_items as queries
from crmdapp.web.api.provenance.items import problems_of
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound
from crmdapp.web.pages import Person, maybe_signed_in, page, redirect
from crmdapp.web.pages.provenance import naming, words
from crmdapp.web.problems import status_of
from crmdapp.web.provenance.numbers import NumberDep
from crmdapp.web.view import View, ViewDep

if TYPE_CHECKING:
    from collections.abc import Sequence

router = APIRouter()

VisitorDep = Annotated[Person | None, maybe_signed_in()]

STOPS_MAX = 40
PICTURE_MAX = 300
"""Most items that the picture of an origin shows."""

_SVG_CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
_BAD = frozenset({"recalled", "made_of_recalled", "claimed_before", "gone"})


@router.get("/products")
def find(
    request: Request,
    view: ViewDep,
    name: Annotated[str, Query(max_length=naming.TEXT_MAX)] = "",
) -> Response:
    """Look an item up by what is on its label, and list what is recalled."""
    problem: CrmdappError | None = None
    found: list[queries.StoredItem] = []
    if name.strip():
        try:
            found = naming.found_items(view, name)
        except UsageError as wrong:
            problem = wrong
    if len(found) == 1:
        return redirect(words.item_path(found[0].item))
    return page(
        request,
        "provenance/products.html",
        status=200 if problem is None else status_of(problem),
        name=name,
        found=found,
        searched=bool(name.strip()) and problem is None,
        recalls=queries.issued(view.session, recalled=True, limit=20),
        problem=problem,
    )


@router.get("/01/{rest:path}")
@router.get("/00/{rest:path}")
@router.get("/8003/{rest:path}")
@router.get("/8004/{rest:path}")
@router.get("/8006/{rest:path}")
def digital_link(
    request: Request, context: ContextDep, view: ViewDep, person: VisitorDep, rest: str
) -> Response:
    """Show the item that a GS1 Digital Link on a label names."""
    del rest  # the path as it was sent: what is percent-encoded in a serial number counts
    path = request.scope.get("raw_path", request.url.path.encode()).decode("ascii", "replace")
    link = parse_digital_link(f"https://id.gs1.org{path}")
    found = naming.found_items(view, link.identity)
    if len(found) == 1:
        place = link.uri("")
        return _product(request, context, view, found[0].item, person, (link.identity, place))
    status = 200 if found else 404
    return page(
        request,
        "provenance/products.html",
        status=status,
        name=link.identity,
        found=found,
        searched=True,
        recalls=[],
        problem=None,
    )


@router.get("/products/{id}")
def product(
    request: Request, context: ContextDep, view: ViewDep, id_: NumberDep, person: VisitorDep
) -> Response:
    """Show an item."""
    return _product(request, context, view, id_, person, ("", words.item_path(id_)))


@router.get("/products/{id}/journey.svg")
def journey_picture(view: ViewDep, id_: NumberDep) -> Response:
    """Draw the hands that an item went through."""
    stops = _stops(queries.item(view.session, id_), queries.journey(view.session, id_))
    title = f"Journey of item {words.short_word(id_)}"
    return _picture(journey_svg(stops[-STOPS_MAX:], title=title))


@router.get("/products/{id}/origin.svg")
def origin_picture(view: ViewDep, id_: NumberDep) -> Response:
    """Draw what an item is made of and holds."""
    trace = origin(queries.IndexLinks(view.session), id_)
    if len(trace.items) > PICTURE_MAX:
        raise NotFound("It is made of more than a picture shows.")
    known = queries.items(view.session, trace.items)

    def label(item: int) -> ItemLabel:
        row = known[item]
        note = f"of {words.short(row.issuer)}"
        if row.is_lot:
            note = f"{quantity_text(row.quantity)} {row.unit} left, {note}"
        return ItemLabel(words.short_word(item), note, warns=row.is_recalled)

    return _picture(origin_svg(trace, label, title=f"Origin of item {words.short_word(id_)}"))


def verdict_of(found: Sequence[tuple[str, str]], item: queries.StoredItem) -> words.Verdict:
    """Return in one line what the ledger says of an item."""
    if not found:
        since = words.moment(item.commissioned_at)
        return words.Verdict(f"Nothing on the ledger speaks against it. Registered {since}.")
    mark = "bad" if any(code in _BAD for code, _ in found) else "warn"
    return words.Verdict(" ".join(text for _, text in found), mark)


def _product(
    request: Request,
    context: Context,
    view: View,
    id_: int,
    person: Person | None,
    label: tuple[str, str],
) -> Response:
    name, place = label
    item = queries.item(view.session, id_)
    events = queries.journey(view.session, id_)
    sources = origin(queries.IndexLinks(view.session), id_).items
    custodian = queries.custodian_of(view.session, id_)
    problems = problems_of(view, id_)
    address = context.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return page(
        request,
        "provenance/product.html",
        item=item,
        name=name,
        verdict=verdict_of(problems, item),
        is_recalled=item.is_recalled,
        is_made_of_recalled=any(code == "made_of_recalled" for code, _ in problems),
        events=events,
        custodian=custodian,
        parents=queries.parents(view.session, id_),
        contents=queries.contents(view.session, id_, limit=50),
        windows=queries.windows_of(view.session, id_, limit=20),
        sources=len(sources) - 1,
        draws_origin=1 < len(sources) <= PICTURE_MAX,
        is_mine=person is not None and custodian == person.address and item.parent is None,
        link=address + place,
        code=code_of(address + place),
        position=view.position,
    )


def code_of(text: str) -> Markup:
    """Return a text as a QR code on white, which readers need in dark mode too."""
    svg = qr_svg(text).decode()
    head, _, body = svg[svg.index("<svg") :].partition(">")
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return Markup(f"{head}>{ground}{body}")  # noqa: S704 - drawn here, of squares only


def _stops(item: queries.StoredItem, events: Sequence[queries.ItemEvent]) -> list[Stop]:
    stops: list[Stop] = []
    holder = item.issuer
    for event in events:
        if event.kind == "CustodyHandedOver" and event.taker is not None:
            holder = event.taker
        what = words.business(event.biz_step) or words.happening(event.kind)
        when = datetime.fromtimestamp(event.event_time or event.at, UTC).strftime("%Y-%m-%d %H:%M")
        stops.append(Stop(words.short(holder), what, when))
    return stops


def _picture(svg: str) -> Response:
    headers = {"Content-Security-Policy": _SVG_CSP}
    return Response(svg, media_type="image/svg+xml", headers=headers)

"""``crmdapp items trace``: where an item comes from, what a recall concerns, drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, session_of
from crmdapp.cli._values import format_time
from crmdapp.cli.items._app import BAG, GREEN, app
from crmdapp.cli.items._common import (
    DocumentsOption,
    IndexOption,
    IssuerOption,
    ItemArgument,
    LedgerOption,
    documents_in,
    indexed,
    item_named,
    reader,
)
from crmdapp.cli.items.look import what_happened

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.provenance.item_index import ItemIndex
    from crmdapp.provenance.places import Places
    from crmdapp.provenance.trace_svg import ItemLabel, Stop
    from crmdapp.provenance.tracing import Trace


@command(
    app,
    "trace",
    examples=(
        f"crmdapp items trace {BAG} --svg origin.svg",
        f"crmdapp items trace {GREEN} --recall --json",
        f"crmdapp items trace {BAG} --map way.svg --documents epcis/ --places places.json",
    ),
)
def trace(
    ctx: typer.Context,
    item: ItemArgument,
    issuer: IssuerOption = None,
    recall: Annotated[
        bool, typer.Option("--recall", help="What a recall of it concerns, not where it is from.")
    ] = False,
    packed_with: Annotated[
        bool, typer.Option("--packed-with", help="With --recall: also what shared a box with it.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw the origin.")
    ] = None,
    map_: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Draw its way from hand to hand.")
    ] = None,
    documents: DocumentsOption = None,
    places: Annotated[
        Path | None,
        typer.Option("--places", metavar="FILE", help="JSON: location -> lat, lon, name."),
    ] = None,
    unchecked: Annotated[
        bool,
        typer.Option("--unchecked", help="Do not ask whether all events are there."),
    ] = False,
    ledger: LedgerOption = None,
    index: IndexOption = None,
) -> None:
    """Show where an item comes from, through all lots and boxes; or what a recall concerns.

    Every item is checked to be complete by the ledger's own count.
    """
    from crmdapp.provenance.item_history import read_history
    from crmdapp.provenance.item_models import item_text
    from crmdapp.provenance.tracing import origin, recall_set

    session = session_of(ctx)
    client = reader(session, ledger)
    id_ = item_named(session, client, item, issuer)
    with indexed(session, client, index) as copy:
        found = None if recall else origin(copy.links(), id_)
        items = (
            recall_set(copy.links(), id_, packed_with=packed_with) if found is None else found.items
        )
        for number in () if unchecked else items:
            read_history(client, number, source=copy, block=copy.block)
        recalled = set(copy.recalled(items))
        written = _draw(session, copy, found, id_, svg, (map_, documents, places))
    data: dict[str, Any] = {
        "item": item_text(id_),
        "items": [item_text(number) for number in items],
        "recalled": [item_text(number) for number in items if number in recalled],
        **written,
    }
    if found is not None:
        data["edges"] = [_edge_data(edge) for edge in found.edges]
    rows = _tree(found, recalled) if found is not None else [item_text(n) for n in items]
    session.out.result(data, *rows, f"{len(items):,} items.")


def _draw(
    session: Session,
    copy: ItemIndex,
    found: Trace | None,
    item: int,
    svg: Path | None,
    way: tuple[Path | None, Path | None, Path | None],
) -> dict[str, Any]:
    from crmdapp.chain._files import create
    from crmdapp.errors import UsageError
    from crmdapp.provenance.item_models import item_text
    from crmdapp.provenance.places import Places, read_places
    from crmdapp.provenance.trace_svg import journey_svg, origin_svg

    written: dict[str, Any] = {}
    if svg is not None:
        if found is None:
            raise UsageError("A recall is a list; --svg draws an origin: leave out --recall.")
        title = f"Origin of {item_text(item)[:18]}"
        picture = origin_svg(found, lambda number: _label(copy, number), title=title)
        create(svg, picture.encode())
        written["svg"] = svg
    map_, documents, places = way
    if map_ is not None:
        known = Places() if places is None else read_places(places)
        stops = _stops(session, copy, item, documents, known)
        create(map_, journey_svg(stops, title=f"Way of {item_text(item)[:18]}").encode())
        written["map"] = map_
    return written


def _stops(
    session: Session, copy: ItemIndex, item: int, documents: Path | None, places: Places
) -> list[Stop]:
    from crmdapp.provenance.item_history import event_hash_of, event_time_of, journey
    from crmdapp.provenance.trace_svg import Stop

    at_hand = documents_in(documents)
    holder, stops = "", []
    for _, log in journey(copy, item):
        event: Any = log.event
        kind = type(event).__name__
        if kind in ("ItemCommissioned", "CustodyHandedOver"):
            holder = event.issuer if kind == "ItemCommissioned" else event.to
        document = at_hand.of_hash(event_hash_of(log)) if at_hand is not None else None
        place = None if document is None else places.of_event(document.event)
        if place is None and kind not in ("ItemCommissioned", "CustodyHandedOver"):
            continue
        when = event_time_of(log)
        name = session.name_of(holder) or f"{holder[:8]}..."
        shown = format_time(when) if when is not None else ""
        stops.append(Stop(name, what_happened(log), shown, place))
    return stops


def _label(copy: ItemIndex, item: int) -> ItemLabel:
    from crmdapp.provenance.item_models import Commission, item_text, quantity_text
    from crmdapp.provenance.trace_svg import ItemLabel

    event: Any = copy.logs_of(item)[0].event
    commission = Commission.of_values(event.commission)
    what = "item"
    if commission.is_lot:
        what = f"lot of {quantity_text(commission.quantity)} {commission.unit}"
    is_recalled = bool(copy.recalled([item]))
    note = f"{what}, {format_time(event.what[2])[:10]}"
    return ItemLabel(
        item_text(item)[:18], "recalled: " + note if is_recalled else note, is_recalled
    )


def _tree(found: Trace, recalled: set[int]) -> list[str]:
    """The origin as lines; what was shown above is not shown again."""
    from crmdapp.provenance.item_models import item_text, quantity_text

    sources, lines, shown = found.sources(), [], set()
    waiting = [(found.root, 0, "")]
    while waiting:
        item, depth, how = waiting.pop()
        marks = " RECALLED" if item in recalled else ""
        again = " (see above)" if item in shown and sources[item] else ""
        lines.append(f"{'  ' * depth}{how}{item_text(item)}{marks}{again}")
        if item in shown:
            continue
        shown.add(item)
        for edge in reversed(sources[item]):
            amount = f"{quantity_text(edge.quantity)} of " if edge.quantity else ""
            word = f"from {amount}" if edge.transformation is not None else "holds "
            waiting.append((edge.source, depth + 1, word))
    return lines


def _edge_data(edge: Any) -> dict[str, Any]:
    from crmdapp.provenance.item_models import item_text, quantity_text

    return {
        "item": item_text(edge.item),
        "source": item_text(edge.source),
        "transformation": edge.transformation,
        "quantity": quantity_text(edge.quantity) if edge.quantity else None,
    }

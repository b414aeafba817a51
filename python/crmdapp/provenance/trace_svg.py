"""Pictures of where goods come from and through whose hands they went, as SVG.

Written by hand, without a drawing library: boxes, arrows, text. The pictures load nothing, run
nothing, and say in title and description what they show, for those who cannot see them.

Source: SVG 1.1 (shapes, text); SVG 2, section 5.8 (title, desc); WAI-ARIA 1.2 (role ``img``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, cos, radians

from crmdapp.provenance.places import Place
from crmdapp.provenance.tracing import Trace

TEXT_MAX = 26
"""Most characters of a line in a box."""

_BOX_WIDTH, _BOX_HEIGHT = 190, 52
_GAP_X, _GAP_Y, _MARGIN, _TOP = 70, 16, 20, 20
_LANE, _STOP = 64, 150
_MAP_WIDTH, _MAP_MOST, _ROW = 720, 900, 18
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE = (
    "text{font:12px sans-serif;fill:#222}.s{font-size:10px;fill:#555}"
    ".b{fill:#fff;stroke:#335}.r{fill:#def;stroke:#335;stroke-width:2}.w{fill:#fdd;stroke:#a00}"
    ".e{fill:none;stroke:#335}.h{stroke-dasharray:4 3}.l{stroke:#bbb}.p{fill:#c30}"
    ".g{stroke:#ddd;fill:none}"
)
_ARROW = (
    '<defs><marker id="a" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
    '<path d="M0 0L8 4L0 8Z" fill="#335"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class ItemLabel:
    """What a box says.

    Attributes:
        title: Its first line.
        note: Its second line.
        warns: Draw it as a warning, such as of a recalled item.
    """

    title: str
    note: str = ""
    warns: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """One station of a journey.

    Attributes:
        custodian: Who had the item from then on.
        what: What happened.
        when: When, for people.
        place: Where; ``None`` if that is not known.
    """

    custodian: str
    what: str
    when: str
    place: Place | None = None


def origin_svg(trace: Trace, label: Callable[[int], ItemLabel], *, title: str) -> str:
    """Return the picture of an item's origin: the beginning on the left, the item on the right.

    Solid arrows lead from what was used to what was made of it, dashed ones from what is in a box
    to the box.

    Args:
        trace: From :func:`crmdapp.provenance.tracing.origin`.
        label: What to write for an item.
        title: What the picture shows.
    """
    columns = _columns(trace)
    depth = max(columns.values())
    rows: dict[int, int] = {}
    places: dict[int, tuple[int, int]] = {}
    for item in trace.items:
        column = depth - columns[item]
        row = rows.get(column, 0)
        rows[column] = row + 1
        places[item] = (
            _MARGIN + column * (_BOX_WIDTH + _GAP_X),
            _TOP + row * (_BOX_HEIGHT + _GAP_Y),
        )
    width = 2 * _MARGIN + (depth + 1) * _BOX_WIDTH + depth * _GAP_X
    height = 2 * _TOP + max(rows.values()) * (_BOX_HEIGHT + _GAP_Y) - _GAP_Y
    made = len({edge.transformation for edge in trace.edges if edge.transformation is not None})
    desc = f"{len(trace.items)} items, {made} transformations, {len(trace.leaves())} beginnings."
    body = [*_arrows(trace, places), *_boxes(trace, places, label)]
    return _document(width, height, title, desc, [_ARROW, *body])


def journey_svg(stops: Sequence[Stop], *, title: str) -> str:
    """Return the picture of an item's way: a map if two places are known, else lanes of hands.

    Args:
        stops: Its stations, in order; at least one.
        title: What the picture shows.
    """
    located = {
        (stop.place.lat, stop.place.lon)
        for stop in stops
        if stop.place is not None and stop.place.is_located
    }
    return _map(stops, title) if len(located) > 1 else _lanes(stops, title)


def _columns(trace: Trace) -> dict[int, int]:
    """How far each item is from the root, by the longest way, so that arrows lead one way."""
    sources = trace.sources()
    columns = dict.fromkeys(trace.items, 0)
    for item in _downward(trace):
        for edge in sources[item]:
            columns[edge.source] = max(columns[edge.source], columns[item] + 1)
    return columns


def _downward(trace: Trace) -> list[int]:
    """The items in an order in which each comes before what it is made of."""
    sources = trace.sources()
    waits = dict.fromkeys(trace.items, 0)
    for edge in trace.edges:
        waits[edge.source] += 1
    ready = [item for item in trace.items if not waits[item]]
    found: list[int] = []
    while ready:
        item = ready.pop()
        found.append(item)
        for edge in sources[item]:
            waits[edge.source] -= 1
            if not waits[edge.source]:
                ready.append(edge.source)
    # A lot may hold, later, what was made of it: such a ring has no order, and any will do.
    return found + [item for item in trace.items if waits[item] > 0]


def _arrows(trace: Trace, places: dict[int, tuple[int, int]]) -> Iterator[str]:
    for edge in trace.edges:
        (x1, y1), (x2, y2) = places[edge.source], places[edge.item]
        start, end = x1 + _BOX_WIDTH, x2
        y1, y2, bend = y1 + _BOX_HEIGHT // 2, y2 + _BOX_HEIGHT // 2, _GAP_X // 2
        kind = "e" if edge.transformation is not None else "e h"
        yield (
            f'<path class="{kind}" marker-end="url(#a)" '
            f'd="M{start} {y1}C{start + bend} {y1} {end - bend} {y2} {end} {y2}"/>'
        )


def _boxes(
    trace: Trace, places: dict[int, tuple[int, int]], label: Callable[[int], ItemLabel]
) -> Iterator[str]:
    for item in trace.items:
        (x, y), said = places[item], label(item)
        kind = "w" if said.warns else "r" if item == trace.root else "b"
        yield f"<g><title>{_text(said.title, 200)}</title>"
        yield (
            f'<rect class="{kind}" x="{x}" y="{y}" width="{_BOX_WIDTH}" '
            f'height="{_BOX_HEIGHT}" rx="4"/>'
        )
        yield f'<text x="{x + 8}" y="{y + 21}">{_text(said.title)}</text>'
        yield f'<text class="s" x="{x + 8}" y="{y + 39}">{_text(said.note, 32)}</text></g>'


def _lanes(stops: Sequence[Stop], title: str) -> str:
    """One lane for each holder, from left to right in time."""
    holders = list(dict.fromkeys(stop.custodian for stop in stops))
    width = _MARGIN + _STOP + len(stops) * _STOP + _MARGIN
    height = _TOP + len(holders) * _LANE + _TOP
    body = [_ARROW]
    for row, holder in enumerate(holders):
        y = _TOP + row * _LANE + _LANE // 2
        body.append(f'<text x="{_MARGIN}" y="{y + 4}">{_text(holder, 22)}</text>')
        left, right = _MARGIN + _STOP, width - _MARGIN
        body.append(f'<line class="l" x1="{left}" y1="{y}" x2="{right}" y2="{y}"/>')
    before: tuple[int, int] | None = None
    for column, stop in enumerate(stops):
        x = _MARGIN + _STOP + column * _STOP + 20
        y = _TOP + holders.index(stop.custodian) * _LANE + _LANE // 2
        if before is not None:
            body.append(_line(before, (x, y), 6))
        body.append(_station(x, y, stop, column + 1))
        body.append(f'<text class="s" x="{x - 6}" y="{y - 10}">{_text(stop.what, 24)}</text>')
        body.append(f'<text class="s" x="{x - 6}" y="{y + 20}">{_text(_when(stop), 26)}</text>')
        before = (x, y)
    desc = f"{len(stops)} stations with {len(holders)} holders; places without coordinates."
    return _document(width, height, title, desc, body)


def _map(stops: Sequence[Stop], title: str) -> str:
    """Places by their coordinates, numbered, with the list of stations below."""
    known = [stop.place for stop in stops if stop.place is not None and stop.place.is_located]
    project, height = _projection(known)
    body = [_ARROW, f'<rect class="g" x="0" y="0" width="{_MAP_WIDTH}" height="{height}"/>']
    before: tuple[int, int] | None = None
    numbers: dict[tuple[int, int], list[str]] = {}
    for number, stop in enumerate(stops, start=1):
        if stop.place is None or not stop.place.is_located:
            continue
        at = project(stop.place)
        if before is not None and before != at:
            body.append(_line(before, at, 7))
        body.append(_station(*at, stop, number))
        numbers.setdefault(at, []).append(str(number))
        before = at
    for (x, y), found in numbers.items():
        body.append(f'<text x="{x + 8}" y="{y - 6}">{_text(", ".join(found))}</text>')
    for row, stop in enumerate(stops, start=1):
        line = f"{row}. {_when(stop)}: {stop.what}, {stop.custodian}"
        body.append(f'<text x="{_MARGIN}" y="{height + row * _ROW}">{_text(line, 110)}</text>')
    desc = f"{len(stops)} stations, {len(numbers)} places on the map; north is up."
    return _document(_MAP_WIDTH, height + len(stops) * _ROW + _TOP, title, desc, body)


def _projection(
    places: Sequence[Place],
) -> tuple[Callable[[Place], tuple[int, int]], int]:
    """Equirectangular about the middle, which is true enough for goods on their way."""
    lats = [place.lat or 0.0 for place in places]
    lons = _unwrapped([place.lon or 0.0 for place in places])
    stretch = max(cos(radians((min(lats) + max(lats)) / 2)), 0.1)
    wide, high = (max(lons) - min(lons)) * stretch, max(lats) - min(lats)
    inner = _MAP_WIDTH - 8 * _MARGIN
    scale = inner / max(wide, high * inner / (_MAP_MOST - 4 * _MARGIN), 1e-6)
    height = max(ceil(high * scale) + 4 * _MARGIN, 160)
    turns = {place.lon or 0.0: lon for place, lon in zip(places, lons, strict=True)}

    def project(place: Place) -> tuple[int, int]:
        x = (turns[place.lon or 0.0] - min(lons)) * stretch * scale
        y = (max(lats) - (place.lat or 0.0)) * scale
        return round(x) + 2 * _MARGIN, round(y) + 2 * _MARGIN

    return project, height


def _unwrapped(lons: list[float]) -> list[float]:
    """Longitudes without the jump at the date line, if that makes them lie closer together."""
    turned = [lon + 360 if lon < 0 else lon for lon in lons]
    return turned if max(turned) - min(turned) < max(lons) - min(lons) else lons


def _station(x: int, y: int, stop: Stop, number: int) -> str:
    where = f", {stop.place.label}" if stop.place is not None else ""
    said = f"{number}. {stop.when}: {stop.what}, {stop.custodian}{where}"
    return f'<g><title>{_text(said, 200)}</title><circle class="p" cx="{x}" cy="{y}" r="5"/></g>'


def _line(start: tuple[int, int], end: tuple[int, int], clear: int) -> str:
    """An arrow that ends short of the circle it leads to."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1.0)
    x, y = end[0] - dx / length * clear, end[1] - dy / length * clear
    return (
        f'<line class="e" marker-end="url(#a)" x1="{start[0]}" y1="{start[1]}" '
        f'x2="{x:.1f}" y2="{y:.1f}"/>'
    )


def _when(stop: Stop) -> str:
    return f"{stop.when} {stop.place.label}" if stop.place is not None else stop.when


def _document(width: int, height: int, title: str, desc: str, body: Iterable[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">\n'
        f'<title id="t">{_text(title, 200)}</title>\n<desc id="d">{_text(desc, 400)}</desc>\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _text(text: str, most: int = TEXT_MAX) -> str:
    """Text as it may stand in SVG: escaped, printable, not too long."""
    plain = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return escape(plain if len(plain) <= most else plain[: most - 1] + "\N{HORIZONTAL ELLIPSIS}")

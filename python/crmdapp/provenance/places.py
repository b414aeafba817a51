"""Where goods were: coordinates of the places that EPCIS events name.

A place is a GS1 location number, or a ``geo:`` address that bears its coordinates itself. For the
numbers a file of places says where they are; nobody is asked over the network.

Source: RFC 5870 (geo URI); GS1 EPCIS 2.0, section 7.3 (readPoint, bizLocation).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmdapp.chain._json_lines import Node, read_json, rejected
from crmdapp.errors import FileFault, UsageError
from crmdapp.provenance.gs1.epc import canonical_epc
from crmdapp.provenance.gs1.event import EpcisEvent

_GEO = re.compile(r"geo:(-?[0-9]{1,3}(?:\.[0-9]+)?),(-?[0-9]{1,3}(?:\.[0-9]+)?)(?:[,;].*)?")
_FIELDS = {"lat", "lon", "name"}
_NAME_MAX = 80


@dataclass(frozen=True, slots=True)
class Place:
    """A place.

    Attributes:
        id: What events call it.
        name: What people call it; empty for nothing.
        lat: Degrees north, -90 to 90; ``None`` if that is not known.
        lon: Degrees east, -180 to 180; ``None`` if that is not known.
    """

    id: str
    name: str = ""
    lat: float | None = None
    lon: float | None = None

    @property
    def is_located(self) -> bool:
        """Whether its coordinates are known."""
        return self.lat is not None and self.lon is not None

    @property
    def label(self) -> str:
        """What to write beside it."""
        return self.name or self.id.rpartition("/")[2] or self.id


class Places:
    """Places by what events call them.

    Args:
        places: Those that are known.
    """

    def __init__(self, places: Mapping[str, Place] | None = None) -> None:
        self._places = dict(places or {})

    def of_event(self, event: EpcisEvent) -> Place | None:
        """Return where an event was: its read point, else its business location."""
        for name in ("readPoint", "bizLocation"):
            found = event.data.get(name)
            text = found.get("id") if isinstance(found, Mapping) else found
            if isinstance(text, str):
                return self.named(text)
        return None

    def named(self, text: str) -> Place:
        """Return a place by what an event calls it, with or without coordinates."""
        place = canonical_epc(text)
        if place in self._places:
            return self._places[place]
        found = _GEO.fullmatch(text)
        if found is not None and _is_on_earth(float(found[1]), float(found[2])):
            return Place(text, "", float(found[1]), float(found[2]))
        return Place(place)


def read_places(path: Path) -> Places:
    """Return the places of a JSON file.

    It is such as ``{"https://id.gs1.org/414/...": {"lat": 52.5, "lon": 13.4, "name": "Berlin"}}``.

    Raises:
        FileRejected: It is no such file; each fault names its line and field.
        UsageError: It cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from None
    root = read_json(data, str(path))
    if not isinstance(root.value, dict):
        raise rejected(str(path), [FileFault(root.line, "", "it has to be an object of places")])
    faults: list[FileFault] = []
    places: dict[str, Place] = {}
    for text, node in root.value.items():
        place = _place(canonical_epc(text), node, faults)
        if place is not None:
            places[place.id] = place
    if faults:
        raise rejected(str(path), faults)
    return Places(places)


def _place(text: str, node: Node, faults: list[FileFault]) -> Place | None:
    value: Any = node.plain()
    if not isinstance(value, dict) or not {"lat", "lon"} <= set(value) <= _FIELDS:
        faults.append(FileFault(node.line, text, "it has to have lat, lon and perhaps name"))
        return None
    lat, lon, name = value["lat"], value["lon"], value.get("name", "")
    if not _is_number(lat) or not _is_number(lon) or not _is_on_earth(lat, lon):
        reason = "lat has to be from -90 to 90, lon from -180 to 180"
        faults.append(FileFault(node.line, text, reason))
        return None
    if not isinstance(name, str) or len(name) > _NAME_MAX:
        faults.append(FileFault(node.line, text, f"name has at most {_NAME_MAX} characters"))
        return None
    return Place(text, name, float(lat), float(lon))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_on_earth(lat: float, lon: float) -> bool:
    return -90 <= lat <= 90 and -180 <= lon <= 180

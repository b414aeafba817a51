"""Where an item comes from, and what is made of it.

Two kinds of links lead from one item to another: it was *made of* it, or it *held* it. Both have
their moment, and an item that left the box before the box was used up is no part of what was made
of the box. So what is followed is not an item but an item at a moment: at most as many as there
were events, however often lots are shared.

``origin`` and ``recall_set`` are each other's mirror: X is made of Y exactly if a recall of Y
concerns X.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Protocol

from crmdapp.chain.decode import DecodedLog
from crmdapp.errors import UsageError

Moment = tuple[int, int]
"""Block and place in it; moments of a ledger are ordered."""

LATEST: Moment = (1 << 62, 0)
"""After everything on the ledger."""

LINKING = frozenset(
    {"ItemCommissioned", "ItemConsumed", "ItemProduced", "ItemPacked", "ItemUnpacked"}
)
"""Names of the events that say what there is and what leads from item to item."""

STATES_MAX = 2_000_000
"""Most items at moments that one question follows."""


@dataclass(frozen=True, slots=True)
class Stay:
    """An item's time in another.

    Attributes:
        item: What was packed.
        parent: What it was packed in.
        since: When.
        until: When it was unpacked; ``LATEST`` if it is still in it.
    """

    item: int
    parent: int
    since: Moment
    until: Moment = LATEST

    def covers(self, moment: Moment) -> bool:
        """Return whether the item was in it then."""
        return self.since < moment <= self.until


@dataclass(frozen=True, slots=True)
class Use:
    """An item's part in a transformation.

    Attributes:
        item: What was used.
        transformation: Its id, 32 bytes.
        quantity: Thousandths of the lot's unit; 0: all of a serial item.
        at: When.
    """

    item: int
    transformation: bytes
    quantity: int
    at: Moment


class Links(Protocol):
    """What leads from item to item: a local index, or logs at hand."""

    def made_in(self, item: int) -> bytes | None:
        """Return the transformation that the item came out of."""

    def inputs(self, transformation: bytes) -> Iterable[Use]:
        """Return what went into a transformation, in the order of the ledger."""

    def outputs(self, transformation: bytes) -> Iterable[int]:
        """Return what came out of a transformation, in the order of the ledger."""

    def uses(self, item: int) -> Iterable[Use]:
        """Return what an item was used in, in the order of the ledger."""

    def stays(self, item: int) -> Iterable[Stay]:
        """Return what an item was packed in, in the order of the ledger."""

    def contents(self, item: int) -> Iterable[Stay]:
        """Return what was packed in an item, in the order of the ledger."""

    def is_known(self, item: int) -> bool:
        """Return whether anything is on record of the item."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One link of a trace.

    Attributes:
        item: What it leads from: the product, or the box.
        source: What it is made of, or what it held.
        transformation: That made the one of the other; ``None`` for what was held.
        quantity: Taken from a lot, thousandths of its unit; 0 for none in particular.
    """

    item: int
    source: int
    transformation: bytes | None
    quantity: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Items and the links between them.

    Attributes:
        root: The item that was asked about.
        items: All of them, the root first, each once, in the order they were met.
        edges: The links, each once, in that order.
    """

    root: int
    items: tuple[int, ...]
    edges: tuple[Edge, ...]

    def sources(self) -> dict[int, list[Edge]]:
        """Return the links by the item that they lead from."""
        found: dict[int, list[Edge]] = {item: [] for item in self.items}
        for edge in self.edges:
            found[edge.item].append(edge)
        return found

    def leaves(self) -> tuple[int, ...]:
        """Return the items at the beginning: made of nothing on the ledger."""
        made = {edge.item for edge in self.edges}
        return tuple(item for item in self.items if item not in made)


def origin(links: Links, item: int) -> Trace:
    """Return what an item is made of and holds, back to the beginning.

    Raises:
        ItemUnknown: There is nothing on record of it.
        UsageError: More than 2,000,000 links lead to it.
    """
    _require_known(links, item)
    items: dict[int, None] = {item: None}
    edges: dict[Edge, None] = {}
    seen: set[tuple[int, Moment]] = {(item, LATEST)}
    made: set[int] = set()
    waiting = [(item, LATEST)]
    while waiting:
        at = waiting.pop()
        found = list(_sources(links, *at, made))
        for edge, _ in found:
            items.setdefault(edge.source)
            edges.setdefault(edge)
        for edge, moment in reversed(found):  # so that the first is followed first
            state = (edge.source, moment)
            if state not in seen:
                seen.add(state)
                waiting.append(state)
        _require_bearable(seen)
    return Trace(item, tuple(items), tuple(edges))


def recall_set(links: Links, item: int, *, packed_with: bool = False) -> tuple[int, ...]:
    """Return everything that a recall of an item concerns, itself first.

    That is what is made of it, and what holds it or its products now.

    Args:
        links: The ledger's links.
        item: What is called back.
        packed_with: Also what shared a box with one of them, with all that is made of it: for
            goods that spoil each other.

    Raises:
        ItemUnknown: There is nothing on record of it.
        UsageError: More than 2,000,000 links lead from it.
    """
    _require_known(links, item)
    return tuple(_Recall(links, packed_with).follow(item))


def _sources(
    links: Links, item: int, moment: Moment, made: set[int]
) -> Iterator[tuple[Edge, Moment]]:
    """What an item, as it was at a moment, is made of and holds, with the moments to look at."""
    if item not in made:  # what it is made of is the same at any moment
        made.add(item)
        transformation = links.made_in(item)
        if transformation is not None:
            for use in links.inputs(transformation):
                yield Edge(item, use.item, transformation, use.quantity), use.at
    for stay in links.contents(item):
        if stay.covers(moment):
            yield Edge(item, stay.item, None, 0), moment


class _Recall:
    """Follows items forward, in the order of the ledger; each is concerned from a moment on.

    In that order the first moment at which an item is reached is its earliest, so that each is
    followed once.
    """

    def __init__(self, links: Links, packed_with: bool) -> None:
        self._links = links
        self._packed_with = packed_with
        self._found: dict[int, None] = {}
        self._since: dict[int, Moment] = {}
        self._waiting: list[tuple[Moment, int]] = []
        self._used: set[bytes] = set()
        self._windows: set[tuple[int, Moment, Moment]] = set()

    def follow(self, item: int) -> dict[int, None]:
        self._reach(item, (0, 0))
        while self._waiting:
            since, reached = heappop(self._waiting)
            if self._since[reached] == since:  # else it was reached earlier as well
                self._leave(reached, since)
            _require_bearable(self._windows)
        return self._found

    def _reach(self, item: int, since: Moment) -> None:
        self._found.setdefault(item)
        if item not in self._since or since < self._since[item]:
            self._since[item] = since
            heappush(self._waiting, (since, item))

    def _leave(self, item: int, since: Moment) -> None:
        """Follow an item from a moment on into products, and into boxes while it is in them."""
        windows = [(item, since, LATEST)]
        while windows:
            window = windows.pop()
            if window in self._windows:
                continue
            self._windows.add(window)
            holder, start, end = window
            self._follow_uses(holder, start, end)
            if self._packed_with:
                self._touch(holder, start, end)
            for stay in self._links.stays(holder):
                first, last = max(stay.since, start), min(stay.until, end)
                if first >= last:
                    continue
                if last == LATEST:
                    self._found.setdefault(stay.parent)
                windows.append((stay.parent, first, last))

    def _follow_uses(self, item: int, start: Moment, end: Moment) -> None:
        for use in self._links.uses(item):
            if start <= use.at <= end and use.transformation not in self._used:
                self._used.add(use.transformation)
                for output in self._links.outputs(use.transformation):
                    self._reach(output, use.at)

    def _touch(self, holder: int, start: Moment, end: Moment) -> None:
        for stay in self._links.contents(holder):
            first = max(stay.since, start)
            if first < min(stay.until, end):
                self._reach(stay.item, first)


class LogLinks:
    """The links in logs at hand.

    Args:
        logs: The ledger's events, in order; all that are to be followed.
    """

    def __init__(self, logs: Iterable[DecodedLog]) -> None:
        self._made: dict[int, bytes] = {}
        self._inputs: dict[bytes, list[Use]] = {}
        self._outputs: dict[bytes, list[int]] = {}
        self._uses: dict[int, list[Use]] = {}
        self._stays: dict[int, list[Stay]] = {}
        self._contents: dict[int, dict[tuple[int, Moment], Stay]] = {}
        self._known: set[int] = set()
        for log in logs:
            self._take(log)

    def _take(self, log: DecodedLog) -> None:
        event: Any = log.event
        kind = type(event).__name__
        at = (log.block, log.log_index)
        if kind not in LINKING:
            return
        item: int = event.item
        self._known.add(item)
        if kind == "ItemConsumed":
            use = Use(item, event.transformation, event.quantity, at)
            self._inputs.setdefault(event.transformation, []).append(use)
            self._uses.setdefault(item, []).append(use)
        elif kind == "ItemProduced":
            self._made[item] = event.transformation
            self._outputs.setdefault(event.transformation, []).append(item)
        elif kind == "ItemPacked":
            self._keep(Stay(item, event.parent, at))
        elif kind == "ItemUnpacked":
            stays = self._stays.get(item)
            if stays:
                last = stays.pop()
                self._keep(Stay(item, last.parent, last.since, at))

    def _keep(self, stay: Stay) -> None:
        self._stays.setdefault(stay.item, []).append(stay)
        self._contents.setdefault(stay.parent, {})[stay.item, stay.since] = stay

    def made_in(self, item: int) -> bytes | None:
        """Return the transformation that the item came out of."""
        return self._made.get(item)

    def inputs(self, transformation: bytes) -> Iterable[Use]:
        """Return what went into a transformation, in the order of the ledger."""
        return self._inputs.get(transformation, ())

    def outputs(self, transformation: bytes) -> Iterable[int]:
        """Return what came out of a transformation, in the order of the ledger."""
        return self._outputs.get(transformation, ())

    def uses(self, item: int) -> Iterable[Use]:
        """Return what an item was used in, in the order of the ledger."""
        return self._uses.get(item, ())

    def stays(self, item: int) -> Iterable[Stay]:
        """Return what an item was packed in, in the order of the ledger."""
        return self._stays.get(item, ())

    def contents(self, item: int) -> Iterable[Stay]:
        """Return what was packed in an item, in the order of the ledger."""
        return self._contents.get(item, {}).values()

    def is_known(self, item: int) -> bool:
        """Return whether anything is on record of the item."""
        return item in self._known


def _require_known(links: Links, item: int) -> None:
    from crmdapp.provenance.errors import ItemUnknown

    if not links.is_known(item):
        raise ItemUnknown(item)


def _require_bearable(states: set[Any]) -> None:
    if len(states) > STATES_MAX:
        raise UsageError(
            f"More than {STATES_MAX:,} links are to be followed.",
            why="The ledger's events are unusually entangled.",
        )

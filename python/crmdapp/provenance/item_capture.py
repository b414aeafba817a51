"""From a partner's EPCIS events to calls of the ledger, and from an item's history to a document.

=================  =========  ======================================================
Event              Action     Call
=================  =========  ======================================================
Object             ADD        commission; what has a quantity is a lot
Object             OBSERVE    observe
Object             DELETE     retire
Aggregation        ADD        pack
Aggregation        DELETE     unpack
Aggregation        OBSERVE    observe
Association        as the aggregation: what is fixed to a thing moves with it
Transaction        any        observe
Transformation                transform, if inputs and outputs stand in one event
with error declaration        declare error
=================  =========  ======================================================

Nobody's custody moves by a document: that takes the signatures of both.

Source: GS1 EPCIS 2.0, section 7.4; contracts/provenance/IItemLedger.sol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Protocol

from crmdapp.errors import UsageError
from crmdapp.provenance.gs1.epc import canonical_epc, epc_hash
from crmdapp.provenance.gs1.hashing import hash_of_id
from crmdapp.provenance.item_models import (
    NO_WORD,
    QUANTITY_MAX,
    THOUSANDTHS,
    Commission,
    ItemStep,
    TransformationInput,
    item_of,
)

if TYPE_CHECKING:
    from crmdapp.chain.calls import Call
    from crmdapp.provenance.gs1.capturing import CapturedEvent
    from crmdapp.provenance.item_calls import ItemCalls

_CASE_LEVEL, _PALLET_LEVEL, _LEVEL_MOST = 1, 2, 4
_PALLET = "https://id.gs1.org/00/"


class Recorded(Protocol):
    """What is on the ledger already: a local index."""

    def named(self, epc_hash: bytes) -> Sequence[int]:
        """Return the items of all issuers that bear a name."""

    def has_event(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item has an event of that hash."""

    def has_declared(self, item: int, event_hash: bytes) -> bool:
        """Return whether an item's event of that hash was declared wrong."""


class NoCounterpart(UsageError):  # noqa: N818 - named for the problem, like all errors here
    """An event, or a part of it, is nothing that the ledger records."""


@dataclass(frozen=True, slots=True)
class CaptureAction:
    """A call that an event becomes.

    Attributes:
        captured: The event.
        function: What is called, as in Solidity.
        items: The items that it is about.
        call: The call, to be sent.
    """

    captured: CapturedEvent
    function: str
    items: tuple[int, ...]
    call: Call


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An event, or a part of it, that becomes no call.

    Attributes:
        path: Its JSON path in the document.
        reason: Why.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class CapturePlan:
    """What a document becomes.

    Attributes:
        actions: The calls, in the order of time; each needs those before it.
        left_out: What has no counterpart.
        recorded: Events that are on the ledger already.
    """

    actions: tuple[CaptureAction, ...]
    left_out: tuple[LeftOut, ...]
    recorded: tuple[CapturedEvent, ...]


@dataclass
class Capturing:
    """Turns events into calls of one account.

    Args:
        calls: Of the ledger.
        sender: Who sends, and issues what is new.
        recorded: What is on the ledger already.
    """

    calls: ItemCalls
    sender: str
    recorded: Recorded
    _new: dict[bytes, int] = field(default_factory=dict)
    _levels: dict[str, int] = field(default_factory=dict)
    _left_out: list[LeftOut] = field(default_factory=list)

    def plan(self, events: Iterable[CapturedEvent]) -> CapturePlan:
        """Return what events become; nothing is sent."""
        ordered = sorted(events, key=lambda event: event.event_time)
        self._levels = _levels_of(ordered)
        actions: list[CaptureAction] = []
        recorded: list[CapturedEvent] = []
        for captured in ordered:
            try:
                found = list(self._actions(captured))
            except UsageError as problem:
                self._leave(captured, problem.message.rstrip("."))
                continue
            if found and all(self._is_done(action) for action in found):
                recorded.append(captured)
            else:
                actions += [action for action in found if not self._is_done(action)]
        return CapturePlan(tuple(actions), tuple(self._left_out), tuple(recorded))

    # ----------------------------------------------------------------- kinds of events

    def _actions(self, captured: CapturedEvent) -> Iterator[CaptureAction]:
        data, kind = captured.event.data, captured.event.type
        if captured.event.is_error_declaration:
            yield from self._error(captured)
        elif kind == "TransformationEvent":
            yield self._transformation(captured)
        elif kind in ("AggregationEvent", "AssociationEvent"):
            yield self._packing(captured)
        elif kind == "ObjectEvent" and data.get("action") == "ADD":
            yield self._commission(captured)
        elif kind == "ObjectEvent" and data.get("action") == "DELETE":
            yield self._of_items(captured, "retire", self.calls.retire)
        else:
            yield self._of_items(captured, "observe", self.calls.observe)
        if data.get("sourceList") or data.get("destinationList"):
            self._leave(
                captured,
                "who has the goods changes only by both signatures: crmdapp items hand-over",
            )

    def _commission(self, captured: CapturedEvent) -> CaptureAction:
        data = captured.event.data
        new = [*self._serials(data, "epcList"), *self._lots(data, "quantityList")]
        if not new:
            raise NoCounterpart("nothing is commissioned")
        items = self._made(new)
        return CaptureAction(
            captured, "commission", items, self.calls.commission(new, _step(captured))
        )

    def _of_items(
        self,
        captured: CapturedEvent,
        function: str,
        call: Callable[[Sequence[int], ItemStep], Call],
    ) -> CaptureAction:
        names = [*captured.event.epcs(), *captured.event.lots()]
        if not names:
            raise NoCounterpart("it names no item")
        items = tuple(self._known(name) for name in names)
        return CaptureAction(captured, function, items, call(items, _step(captured)))

    def _packing(self, captured: CapturedEvent) -> CaptureAction:
        data = captured.event.data
        action = data.get("action")
        if action == "OBSERVE":
            return self._of_items(captured, "observe", self.calls.observe)
        parent_name = data.get("parentID")
        if not isinstance(parent_name, str):
            raise NoCounterpart("it names no parent")
        children = [canonical_epc(name) for name in data.get("childEPCs", ())]
        children += [canonical_epc(row["epcClass"]) for row in data.get("childQuantityList", ())]
        if not children:
            raise NoCounterpart("it names no child; unpack each by its name")
        parent = self._known(canonical_epc(parent_name))
        items = tuple(self._known(name) for name in dict.fromkeys(children))
        function = "pack" if action == "ADD" else "unpack"
        call = getattr(self.calls, function)(parent, items, _step(captured))
        return CaptureAction(captured, function, (parent, *items), call)

    def _transformation(self, captured: CapturedEvent) -> CaptureAction:
        data = captured.event.data
        inputs = [
            TransformationInput(self._known(canonical_epc(epc)))
            for epc in data.get("inputEPCList", ())
        ]
        inputs += [
            TransformationInput(self._known(canonical_epc(row["epcClass"])), _quantity(row))
            for row in data.get("inputQuantityList", ())
        ]
        outputs = [
            *self._serials(data, "outputEPCList"),
            *self._lots(data, "outputQuantityList"),
        ]
        if not inputs or not outputs:
            raise NoCounterpart("inputs and outputs have to stand in one event")
        made = self._made(outputs)
        items = (*(item.item for item in inputs), *made)
        call = self.calls.transform(inputs, outputs, _step(captured))
        return CaptureAction(captured, "transform", items, call)

    def _error(self, captured: CapturedEvent) -> Iterator[CaptureAction]:
        declaration = captured.event.data.get("errorDeclaration")
        ids = declaration.get("correctiveEventIDs", ()) if isinstance(declaration, Mapping) else ()
        correction = next(filter(None, (hash_of_id(text) for text in ids)), NO_WORD)
        for name in (*captured.event.epcs(), *captured.event.lots()):
            item = self._known(name)
            call = self.calls.declare_error(item, captured.event_hash, correction)
            yield CaptureAction(captured, "declareError", (item,), call)

    # ----------------------------------------------------------------- inside

    def _serials(self, data: Mapping[str, Any], name: str) -> list[Commission]:
        links = [canonical_epc(epc) for epc in data.get(name, ())]
        return [
            Commission(epc_hash(link), self._levels.get(link, 0)) for link in dict.fromkeys(links)
        ]

    def _lots(self, data: Mapping[str, Any], name: str) -> list[Commission]:
        found = []
        for row in data.get(name, ()):
            link = canonical_epc(row["epcClass"])
            unit = row.get("uom") or "H87"  # no unit: a count of pieces
            level = self._levels.get(link, 0)
            found.append(Commission(epc_hash(link), level, quantity=_quantity(row), unit=str(unit)))
        return found

    def _made(self, new: Iterable[Commission]) -> tuple[int, ...]:
        items = {item.epc_hash: item_of(self.sender, item.epc_hash) for item in new}
        self._new.update(items)
        return tuple(items.values())

    def _known(self, name: str) -> int:
        word = epc_hash(name)
        if word in self._new:
            return self._new[word]
        found = self.recorded.named(word)
        if not found:
            raise NoCounterpart(f"{name} is not on the ledger")
        own = item_of(self.sender, word)
        if len(found) > 1 and own not in found:
            raise NoCounterpart(f"{len(found)} issuers have an item {name}; name it by its id")
        return own if own in found else found[0]

    def _is_done(self, action: CaptureAction) -> bool:
        digest = action.captured.event_hash
        # An event and the declaration that it was wrong have one hash.
        is_error = action.function == "declareError"
        done = self.recorded.has_declared if is_error else self.recorded.has_event
        return all(done(item, digest) for item in action.items)

    def _leave(self, captured: CapturedEvent, reason: str) -> None:
        self._left_out.append(LeftOut(captured.path, reason))


def synthetic_event(link: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an EPCIS event for an entry of the ledger whose document is not at hand.

    It says what the ledger says and no more; its hash is its own, not the one on the ledger.

    Args:
        link: The item's identity link.
        entry: ``eventTime`` (ISO), ``action``, and what else is known: ``bizStep``,
            ``disposition``.
    """
    data: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": entry["eventTime"],
        "eventTimeZoneOffset": "+00:00",
        "epcList": [link],
        "action": entry["action"],
    }
    for name in ("bizStep", "disposition"):
        if entry.get(name):
            data[name] = entry[name]
    return data


def _step(captured: CapturedEvent) -> ItemStep:
    return ItemStep(
        captured.biz_step, captured.disposition, captured.event_time, captured.event_hash
    )


def _quantity(row: Mapping[str, Any]) -> int:
    given = row.get("quantity")
    if given is None:
        raise NoCounterpart("a quantity without a number")
    try:
        thousandths = Decimal(str(given)) * THOUSANDTHS
    except InvalidOperation:
        raise NoCounterpart(f"{str(given)[:40]} is no quantity") from None
    if thousandths != int(thousandths) or not 0 < thousandths <= QUANTITY_MAX:
        raise NoCounterpart(f"{str(given)[:40]} is no whole number of thousandths from 0.001 on")
    return int(thousandths)


def _levels_of(events: Iterable[CapturedEvent]) -> dict[str, int]:
    """Levels such that every parent in these events is above its children; shipping units high."""
    children: dict[str, set[str]] = {}
    levels: dict[str, int] = {}
    for captured in events:
        data = captured.event.data
        for name in (*captured.event.epcs(), *captured.event.lots()):
            levels[name] = _PALLET_LEVEL if name.startswith(_PALLET) else 0
        if captured.event.type in ("AggregationEvent", "AssociationEvent") and isinstance(
            data.get("parentID"), str
        ):
            parent = canonical_epc(data["parentID"])
            names = [*captured.event.epcs(), *captured.event.lots()]
            children.setdefault(parent, set()).update(name for name in names if name != parent)
    for _ in range(_LEVEL_MOST):  # as often as levels rise
        for parent, inside in children.items():
            highest = max((levels[name] for name in inside), default=0)
            levels[parent] = max(levels[parent], _CASE_LEVEL, highest + 1)
    return levels

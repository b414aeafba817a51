"""A campaign's definition in a JSON file: who gets how many points, when, and within which budget.

::

    {
      "name": "Double points in June",
      "program": 2,
      "segment": {"tier": 1},
      "offer": {"rate": "1.5", "currency": "EUR", "multipliers": {"2": "1.25", "3": "2"}},
      "budget": {"total": "100000", "perCustomer": "500"},
      "window": {"start": "2026-06-01T00:00:00+02:00", "end": "2026-07-01T00:00:00+02:00"},
      "pendingDays": 14,
      "claimDays": 90,
      "reversible": true,
      "termsHash": "0x..."
    }

``segment`` has one member: ``all`` (true), ``tier`` (that tier or a higher one), ``balance`` or
``qualifying`` (at least so many points), or ``addresses`` (a file with the header ``address``, one
customer per line, beside the definition). ``offer`` is ``{"points": "5"}``, or points per 1.00 of a
currency with multipliers by tier; a tier that is not named has the multiplier of the next lower one
that is, else 1. Amounts are text, so that nothing is rounded. The last four members may be left
out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from crmdapp.chain._json_lines import WHOLE_MAX, Node, read_json, rejected
from crmdapp.chain._keccak import keccak
from crmdapp.chain._signed_json import read_word
from crmdapp.chain._whole import is_whole
from crmdapp.chain.addresses import ZERO_ADDRESS, parse_address
from crmdapp.errors import FileFault, UsageError
from crmdapp.loyalty.award_plan import opened
from crmdapp.loyalty.campaign_rules import Campaign, Offer, Segment
from crmdapp.loyalty.errors import PointsOverflow
from crmdapp.loyalty.intents import NO_TERMS
from crmdapp.loyalty.models import TIERS_MAX
from crmdapp.loyalty.points import POINTS_MAX, to_points, to_units

FILE_MAX = 1_000_000
"""Most bytes of a definition."""

DAYS_MAX = 3_650
CLAIM_DAYS = 90
"""Days in which a coupon can be claimed, if the definition does not say."""

_NAME_MAX = 100
_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
_UTF8_MARK = b"\xef\xbb\xbf"
_SEGMENTS = ("all", "tier", "balance", "qualifying", "addresses")


def read_campaign(path: Path | str) -> Campaign:
    """Read and check a definition; no node is asked.

    Raises:
        FileRejected: It has faults; ``faults`` names line, member and reason of each.
        UsageError: It, or the list of addresses, cannot be read.
    """
    place = Path(path)
    with opened(place) as file:
        raw = file.read(FILE_MAX + 1)
    if len(raw) > FILE_MAX:
        raise rejected(place.name, [FileFault(0, "", f"it has more than {FILE_MAX:,} bytes")])
    definition = _Definition(read_json(raw, place.name), place.parent)
    campaign = definition.campaign()
    if campaign is None:
        raise rejected(place.name, definition.faults)
    return campaign


def read_addresses(path: Path) -> tuple[tuple[str, ...], bytes]:
    """Return the customers in a list, each once, and the SHA-256 of the file.

    Raises:
        FileRejected: The list has faults; ``faults`` names line and reason of each.
        UsageError: It cannot be read.
    """
    found: dict[str, None] = {}
    faults: list[FileFault] = []
    sha256 = hashlib.sha256()
    with opened(path) as file:
        for line, raw in enumerate(file, start=1):
            sha256.update(raw)
            text = raw.removeprefix(_UTF8_MARK if line == 1 else b"").decode(errors="replace")
            word = text.strip().strip('"')
            if line == 1:
                if word != "address":
                    faults.append(FileFault(1, "", f"the header must be 'address', got {word!r}"))
                    break
            elif word:
                reason = _complaint(word)
                if reason:
                    faults.append(FileFault(line, "address", reason))
                else:
                    found[parse_address(word)] = None
    if not faults and not found:
        faults.append(FileFault(0, "", "it has no lines after the header"))
    if faults:
        raise rejected(path.name, faults)
    return tuple(found), sha256.digest()


def _complaint(word: str) -> str:
    try:
        address = parse_address(word)
    except ValueError as problem:
        return str(problem)[:160]
    return "the zero address can hold no points" if address == ZERO_ADDRESS else ""


class _Fault(Exception):  # noqa: N818 - a fault of the file, never seen by callers
    """A member cannot be used."""


class _Definition:
    """Reads the members, and collects what is wrong with them."""

    def __init__(self, root: Node, folder: Path) -> None:
        self.faults: list[FileFault] = []
        self._root = root
        self._folder = folder

    def campaign(self) -> Campaign | None:
        top = self._object((), ("name", "program", "segment", "offer", "budget", "window"), _LATER)
        if not top:
            return None
        name = self._take(top, ("name",), _name)
        program = self._take(top, ("program",), _whole(0, WHOLE_MAX))
        segment = self._segment()
        offer = self._offer()
        budget = self._object(("budget",), ("total",), ("perCustomer",))
        total = self._take(budget, ("budget", "total"), _units)
        each = self._take(budget, ("budget", "perCustomer"), _units)
        start, end = self._window()
        pending = self._take(top, ("pendingDays",), _whole(0, DAYS_MAX))
        claim = self._take(top, ("claimDays",), _whole(1, DAYS_MAX))
        reversible = self._take(top, ("reversible",), _truth)
        terms = self._take(top, ("termsHash",), _terms)
        if None not in (each, total) and each > total:
            self._fault(("budget", "perCustomer"), "it is more than the total")
        if self.faults or segment is None or offer is None:
            return None
        if offer.points is not None and offer.points > (each or total):
            self._fault(("offer", "points"), "they are more than the budget")
            return None
        return Campaign(
            name=name,
            program=program,
            segment=segment,
            offer=offer,
            budget=total,
            per_customer=each,
            start=start,
            end=end,
            pending_days=pending or 0,
            claim_days=claim or CLAIM_DAYS,
            reversible=bool(reversible),
            terms_hash=terms or NO_TERMS,
            hash=_hash(self._root.plain(), segment),
        )

    def _segment(self) -> Segment | None:
        found = self._object(("segment",), (), _SEGMENTS)
        kinds = [kind for kind in _SEGMENTS if kind in found]
        if len(kinds) != 1:
            if not self._has_fault(("segment",)):
                self._fault(("segment",), f"it needs one of {', '.join(_SEGMENTS)}")
            return None
        (kind,) = kinds
        path = ("segment", kind)
        if kind == "addresses":
            listed = self._take(found, path, self._addresses)
            return None if listed is None else Segment(kind, 0, *listed)
        readers: Mapping[str, Callable[[Any], Any]] = {
            "all": _only_true,
            "tier": _whole(1, TIERS_MAX),
            "balance": _units,
            "qualifying": _units,
        }
        least = self._take(found, path, readers[kind])
        return None if least is None else Segment(kind, 0 if kind == "all" else least)

    def _addresses(self, value: Any) -> tuple[tuple[str, ...], bytes]:
        if not isinstance(value, str) or not value:
            raise _Fault("it must be the name of a file")
        try:
            return read_addresses(self._folder / value)
        except UsageError as problem:
            raise _Fault(problem.message.rstrip(".")) from None

    def _offer(self) -> Offer | None:
        found = self._object(("offer",), (), ("points", "rate", "currency", "multipliers"))
        if "points" in found:
            for name in found:
                if name != "points":
                    self._fault(("offer", name), "fixed points have none")
            units = self._take(found, ("offer", "points"), _units)
            return None if units is None else Offer(units)
        if "rate" not in found or "currency" not in found:
            if not self._has_fault(("offer",)):
                self._fault(("offer",), "it needs points, or rate and currency")
            return None
        rate = self._take(found, ("offer", "rate"), _factor)
        currency = self._take(found, ("offer", "currency"), _currency)
        multipliers = self._multipliers(found)
        return Offer(None, rate, currency, multipliers) if rate and currency else None

    def _multipliers(self, offer: Mapping[str, Any]) -> tuple[tuple[int, Fraction], ...]:
        if "multipliers" not in offer:
            return ()
        tiers = tuple(str(tier) for tier in range(TIERS_MAX + 1))
        given = self._object(("offer", "multipliers"), (), tiers)
        return tuple(
            (int(tier), self._take(given, ("offer", "multipliers", tier), _factor))
            for tier in tiers
            if tier in given
        )

    def _window(self) -> tuple[Any, Any]:
        found = self._object(("window",), ("start", "end"), ())
        start = self._take(found, ("window", "start"), _moment)
        end = self._take(found, ("window", "end"), _moment)
        if start is not None and end is not None and start >= end:
            self._fault(("window", "end"), "it is not after the start")
        return start, end

    # ----------------------------------------------------------------- reading

    def _object(
        self, path: tuple[str, ...], needed: tuple[str, ...], others: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return an object's known members; what is missing or unknown becomes a fault."""
        node = self._node(path)
        if node is None:
            return {}  # said where its parent was read
        value = node.plain()
        if not isinstance(value, Mapping):
            self._fault(path, "it must be an object: {...}")
            return {}
        known = (*needed, *others)
        for name, item in value.items():
            if name not in known:
                self._fault((*path, name), f"it is not known; known are {', '.join(known)}")
            elif item is None:
                self._fault((*path, name), "it is null; give it a value or leave it out")
        for name in needed:
            if name not in value:
                self._fault((*path, name), "it is missing")
        return {name: value[name] for name in known if value.get(name) is not None}

    def _node(self, path: tuple[str, ...]) -> Node | None:
        node: Node | None = self._root
        for name in path:
            inside = None if node is None else node.value
            node = inside.get(name) if isinstance(inside, dict) else None
        return node

    def _take(
        self, found: Mapping[str, Any], path: tuple[str, ...], read: Callable[[Any], Any]
    ) -> Any:
        if path[-1] not in found:
            return None
        try:
            return read(found[path[-1]])
        except _Fault as fault:
            self._fault(path, str(fault))
            return None

    def _fault(self, path: tuple[str, ...], reason: str) -> None:
        parent = path
        while (node := self._node(parent)) is None:
            parent = parent[:-1]
        self.faults.append(FileFault(node.line, ".".join(path), reason))

    def _has_fault(self, path: tuple[str, ...]) -> bool:
        prefix = ".".join(path)
        return any(
            fault.field == prefix or fault.field.startswith(prefix + ".") for fault in self.faults
        )


_LATER = ("pendingDays", "claimDays", "reversible", "termsHash")


def _hash(definition: Mapping[str, Any], segment: Segment) -> bytes:
    import rfc8785

    if segment.sha256:
        listed = {**definition["segment"], "sha256": segment.sha256.hex()}
        definition = {**definition, "segment": listed}
    return keccak(rfc8785.dumps(definition))


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _NAME_MAX:
        raise _Fault(f"it must be text of 1 to {_NAME_MAX} characters")
    if not value.isprintable():
        raise _Fault("it has characters that cannot be shown")
    return value


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not is_whole(value) or not least <= value <= most:
            raise _Fault(f"it must be a whole number from {least} to {most:,}, got {value!r}")
        return value

    return read


def _units(value: Any) -> int:
    if not isinstance(value, str):
        raise _Fault(f'amounts of points are text, such as "12.50", got {value!r}')
    try:
        return to_units(value)
    except PointsOverflow:
        most = to_points(POINTS_MAX, grouped=True)
        raise _Fault(f"{value[:60]} is more than {most} points") from None
    except UsageError as problem:
        raise _Fault(problem.message.rstrip(".")[:160]) from None


def _factor(value: Any) -> Fraction:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value) or not Fraction(value):
        raise _Fault(f'it must be a decimal above 0 as text, such as "1.5", got {value!r}')
    return Fraction(value)


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise _Fault(f'it must be three capital letters, such as "EUR", got {value!r}')
    return value


def _moment(value: Any) -> datetime:
    if not isinstance(value, str):
        raise _Fault(f"it must be a moment as text, got {value!r}")
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise _Fault(f"{value!r} has no time zone: add +00:00, or Z for UTC")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Fault(f"{value!r} is no moment: write 2026-06-01T00:00:00+02:00") from None


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Fault(f"it must be true or false, got {value!r}")
    return value


def _only_true(value: Any) -> bool:
    if value is not True:
        raise _Fault(f"it can only be true, got {value!r}")
    return True


def _terms(value: Any) -> bytes:
    try:
        return read_word(value if isinstance(value, str) else repr(value), "it")
    except UsageError as problem:
        raise _Fault(problem.message.rstrip(".")) from None

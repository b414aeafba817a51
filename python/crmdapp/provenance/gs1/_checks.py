"""The single checks that the validation of EPCIS is made of; each fault goes on one list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from crmdapp.provenance.gs1._canonical import read_time
from crmdapp.provenance.gs1._reading import member
from crmdapp.provenance.gs1.cbv import CbvTermUnknown, Vocabulary
from crmdapp.provenance.gs1.digital_link import DigitalLink
from crmdapp.provenance.gs1.epc import identifier
from crmdapp.provenance.gs1.errors import SHOWN, EpcisFault, Gs1IdentifierInvalid
from crmdapp.provenance.gs1.event import expanded

__all__ = ["Checks"]

DEPTH_MAX = 24
"""How deep extensions may be nested; the event hash can do more."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`]+")
_TEXT_MAX = 1 << 16
_TIME_HINT = "write it as 2026-05-04T13:45:00.000+02:00"


@dataclass
class Checks:
    """What is wrong with one event or header.

    Attributes:
        namespaces: What prefixes stand for.
        now: The present time, aware.
        skew: How far times may lie in the future, because clocks differ.
        faults: What was found so far.
    """

    namespaces: Mapping[str, str]
    now: datetime
    skew: timedelta
    faults: list[EpcisFault] = field(default_factory=list)

    def fault(self, path: str, reason: str, hint: str = "") -> None:
        """Put a fault on the list."""
        self.faults.append(EpcisFault(0, path, reason, hint))

    def mapping(self, value: object, path: str) -> dict[str, Any] | None:
        """Return a JSON object."""
        if isinstance(value, dict):
            return value
        self._wrong(path, value, "an object")
        return None

    def listed(self, value: object, path: str) -> list[Any]:
        """Return a JSON array; an empty one for anything else."""
        if isinstance(value, list):
            return value
        self._wrong(path, value, "a list")
        return []

    def text(self, value: object, path: str) -> str | None:
        """Return a text that is not empty."""
        if not isinstance(value, str):
            self._wrong(path, value, "a text")
            return None
        if not value.strip():
            self.fault(path, "it is empty", "leave the field out if there is nothing to say")
            return None
        if len(value) > _TEXT_MAX:
            self.fault(path, f"it is longer than {_TEXT_MAX:,} characters")
            return None
        return value

    def uri(self, value: object, path: str) -> str | None:
        """Return a URI, or a shortened one whose prefix is declared."""
        text = self.text(value, path)
        if text is None:
            return None
        if not _URI.fullmatch(text):
            self.fault(path, f"{text[:SHOWN]!r} is no URI", "write it as https://... or urn:...")
            return None
        return text

    def number(self, value: object, path: str) -> float | Decimal | None:
        """Return a number."""
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return value
        self._wrong(path, value, "a number without quotes")
        return None

    def time(self, value: object, path: str) -> datetime | None:
        """Return a time with its zone."""
        text = self.text(value, path)
        if text is None:
            return None
        moment = read_time(text)
        if moment is None:
            shown = text[:SHOWN]
            if read_time(f"{shown}Z") is not None:
                self.fault(path, f"{shown!r} has no time zone", "append Z or an offset: +02:00")
            else:
                self.fault(path, f"{shown!r} is no time", _TIME_HINT)
        return moment

    def past(self, value: object, path: str) -> datetime | None:
        """Return a time that has been, as far as clocks agree."""
        moment = self.time(value, path)
        if moment is not None and moment > self.now + self.skew:
            self.fault(
                path,
                f"it lies in the future: now is {self.now.isoformat(timespec='seconds')}",
                "check the sender's clock and time zone",
            )
        return moment

    def word(self, value: object, words: Vocabulary, path: str) -> None:
        """Check a term of a vocabulary, or a URI of another one."""
        text = self.text(value, path)
        if text is None:
            return
        if words.claims(text):
            try:
                words.term(text)
            except CbvTermUnknown as problem:
                self.fault(path, f"there is no {words.what} {text[:SHOWN]!r}", problem.hint)
        elif self.uri(text, path) is not None and expanded(text, self.namespaces) is None:
            self.prefix(text, path)

    def prefix(self, name: str, path: str) -> None:
        """Report the prefix of a name, unless it can only be the scheme of a URI."""
        prefix = name.partition(":")[0]
        self.fault(
            path,
            f"the prefix {prefix[:SHOWN]!r} is not declared",
            f'add {{"{prefix[:SHOWN]}": "https://..."}} to @context',
        )

    def epc(self, value: object, path: str) -> tuple[str, DigitalLink | None] | None:
        """Return a URI with the identifier of GS1 in it, if it is one."""
        text = self.uri(value, path)
        if text is None:
            return None
        try:
            return text, identifier(text)
        except Gs1IdentifierInvalid as problem:
            self.fault(path, f"{text[:SHOWN]!r}: {problem.reason}", problem.hint)
            return None

    def fields(self, found: Mapping[str, Any], known: Iterable[str], path: str) -> None:
        """Check that an object has fields of EPCIS and declared extensions only."""
        names = frozenset(known)
        for name, value in found.items():
            if name in names:
                continue
            if ":" in name:
                self.extension(name, value, path)
                continue
            near = get_close_matches(name[:SHOWN], names, n=1)
            hint = f"did you mean {near[0]}" if near else "an extension needs a prefix: my:name"
            self.fault(member(path, name), "EPCIS has no such field here", hint)

    def extension(self, name: str, value: object, path: str, depth: int = DEPTH_MAX) -> None:
        """Check that every prefix in an extension is declared."""
        place = member(path, name)
        if expanded(name, self.namespaces) is None:
            self.prefix(name, place)
        self._extended(value, place, depth)

    def _extended(self, value: object, path: str, depth: int) -> None:
        if depth == 0:
            self.fault(path, f"it is nested more than {DEPTH_MAX} deep")
        elif isinstance(value, dict):
            for name, item in value.items():
                self.extension(name, item, path, depth - 1)
        elif isinstance(value, list):
            for number, item in enumerate(value):
                self._extended(item, f"{path}[{number}]", depth - 1)

    def _wrong(self, path: str, value: object, wanted: str) -> None:
        self.fault(path, f"it has to be {wanted}, not {_kind(value)}")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = (
        (bool, "true or false"),
        (str, "a text"),
        (dict, "an object"),
        (list, "a list"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number")

"""What can be wrong with identifiers, terms and documents of GS1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crmdapp.errors import FileFault, FileRejected, UsageError

__all__ = [
    "CbvTermUnknown",
    "EpcisFault",
    "EpcisRejected",
    "EventUnhashable",
    "Gs1IdentifierInvalid",
]

SHOWN = 60
"""Most characters of a foreign text that a message repeats."""


class CbvTermUnknown(UsageError):
    """The Core Business Vocabulary has no such term or code.

    Args:
        what: What was looked for, such as ``"business step"``.
        given: What was given for it.
        nearest: The terms that look most like it; empty if none does.
    """

    def __init__(self, what: str = "", given: str = "", nearest: tuple[str, ...] = ()) -> None:
        super().__init__(
            f"There is no {what} {given[:SHOWN]!r}.",
            why="It is not in the GS1 Core Business Vocabulary 2.0.",
            hint=f"Did you mean {' or '.join(nearest)}?"
            if nearest
            else "Take a term of https://ref.gs1.org/cbv/, or a URI of your own vocabulary.",
        )
        self.what = what
        self.given = given[:SHOWN]
        self.nearest = nearest


class Gs1IdentifierInvalid(UsageError):
    """A text is no identifier of GS1, or a wrong one.

    Args:
        given: The text.
        reason: What is wrong with it.
        hint: What to do about it.
    """

    def __init__(self, given: str = "", reason: str = "", hint: str = "") -> None:
        super().__init__(
            f"{given[:SHOWN]!r} is no valid GS1 identifier: {reason}.",
            hint=hint or "Compare it with the label or ask who issued it.",
        )
        self.given = given[:SHOWN]
        self.reason = reason


class EventUnhashable(UsageError):
    """An event has no event hash: a part that the hash covers cannot be read.

    Args:
        path: JSON path of that part within the event.
        reason: What is wrong with it.
    """

    def __init__(self, path: str = "", reason: str = "") -> None:
        super().__init__(
            f"The event has no hash: {path}: {reason}.", hint="Mend the event and try again."
        )
        self.path = path
        self.reason = reason


@dataclass(frozen=True, slots=True)
class EpcisFault(FileFault):
    """One thing wrong with an EPCIS document.

    Attributes:
        line: Line of the file where it cannot be read at all; 0 for what was read.
        field: JSON path of the value in the document, ``$.epcisBody.eventList[3].bizStep``.
        reason: What is wrong with it.
        hint: What to do about it; may be empty.
    """

    hint: str = ""

    @property
    def path(self) -> str:
        """JSON path of the value in the document."""
        return self.field

    def __str__(self) -> str:
        place = f"{self.field} (line {self.line})" if self.line else self.field
        return f"{place}: {self.reason}" + (f"; {self.hint}" if self.hint else "")


class EpcisRejected(FileRejected):
    """An EPCIS document was refused as a whole.

    Args:
        name: What to call the document.
        faults: What is wrong and where, in the order of the document.
        more: How many faults there are beyond those.
    """

    def __init__(self, name: str = "", faults: Iterable[EpcisFault] = (), more: int = 0) -> None:
        found = tuple(faults)
        count = len(found) + more
        super().__init__(
            f"{name} has {count:,} fault{'s' if count != 1 else ''}.",
            found,
            why=f"Only the first {len(found):,} are listed." if more else "",
            hint="Mend the values named, or ask the partner who sent the file to do so.",
        )
        self.found = found
        self.more = more

    def details(self) -> Mapping[str, Any]:
        """Return the faults with their JSON paths."""
        return {
            "faults": [
                {"path": each.path, "line": each.line, "reason": each.reason, "hint": each.hint}
                for each in self.found
            ],
            "more": self.more,
        }

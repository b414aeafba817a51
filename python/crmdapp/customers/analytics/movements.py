"""What happened to the points of a program's customers, as the analytics read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a movement of points was."""

    EARNED = "earned"
    SPENT = "spent"
    RECEIVED = "received"
    SENT = "sent"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement of points of one account.

    Attributes:
        account: The customer's address.
        kind: What it was.
        units: How much, in units of 0.01 point.
        time: Unix seconds.
    """

    account: str
    kind: Kind
    units: int
    time: int


def by_account(movements: Iterable[Movement]) -> Mapping[str, list[Movement]]:
    """Return movements by account, in their order."""
    found: defaultdict[str, list[Movement]] = defaultdict(list)
    for each in movements:
        found[each.account].append(each)
    return found

"""How derived tables follow from events: derivations, and the rows that they read and write.

A derivation is a function of an event and the rows there are. It runs in the order of blocks and
logs, asks no node and no clock, and needs no undo of its own: before a row of a recent block
changes, what it was goes into the undo journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmdapp.chain.decode import Event
from crmdapp.store.index.rows import Key, Row, Rows

__all__ = [
    "Entry",
    "Key",
    "Row",
    "Rows",
    "Surroundings",
    "begins",
    "derivations_of",
    "derives",
    "settles",
]

if TYPE_CHECKING:
    from crmdapp.chain.connection import Connection
    from crmdapp.chain.manifest import Manifest


@dataclass(slots=True)
class Entry:
    """An event and where it happened.

    Attributes:
        block: Block number.
        timestamp: Time of the block, Unix seconds.
        tx_hash: Transaction, 0x hex.
        log_index: Position in the block, from 0.
        address: The contract that emitted it.
        contract: Its name in the manifest; of a contract that another created, its artifact's.
        event: The event, an object of the generated class.
    """

    block: int
    timestamp: int
    tx_hash: str
    log_index: int
    address: str
    contract: str
    event: Any


Derivation = Callable[[Rows, Entry], None]

_DERIVATIONS: dict[tuple[str, type[Event]], list[Derivation]] = {}


def derives(contract: str, *events: type[Event]) -> Callable[[Derivation], Derivation]:
    """Register the decorated function for events of a contract.

    Args:
        contract: The contract's name in the manifest.
        events: Generated classes of the events.
    """

    def register(function: Derivation) -> Derivation:
        for event in events:
            _DERIVATIONS.setdefault((contract, event), []).append(function)
        return function

    return register


def derivations_of(contract: str, event: type[Event]) -> tuple[Derivation, ...]:
    """Return what was registered for an event of a contract, in the order of registration."""
    return tuple(_DERIVATIONS.get((contract, event), ()))


Beginning = Callable[[Rows, "Manifest"], None]
"""Puts into derived tables what derivations need and the deployment alone tells."""

Settling = Callable[[Rows, "Connection", "Manifest", int], None]
"""Asks the chain, at a block, what the events up to it left open."""

_BEGINNINGS: list[Beginning] = []
_SETTLINGS: list[Settling] = []


def begins(function: Beginning) -> Beginning:
    """Register the decorated function to be called before the first event of a process."""
    _BEGINNINGS.append(function)
    return function


def settles(function: Settling) -> Settling:
    """Register the decorated function to be called after the events of a span of blocks."""
    _SETTLINGS.append(function)
    return function


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The chain that events come from, for what is no event.

    Attributes:
        connection: The chain.
        manifest: What is deployed there.
    """

    connection: Connection
    manifest: Manifest

    def begin(self, rows: Rows) -> None:
        """Put what the deployment tells into the rows."""
        for function in _BEGINNINGS:
            function(rows, self.manifest)

    def settle(self, rows: Rows, block: int) -> None:
        """Ask the chain what events up to ``block`` left open."""
        for function in _SETTLINGS:
            function(rows, self.connection, self.manifest, block)

"""Comparing derived tables with the state of the chain at the indexed block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Compared:
    """One value of a derived table beside the chain's.

    Attributes:
        table: Name of the table.
        key: The row, for people: ``"program 3, 0xAb.."``.
        column: The column, or what was computed from several.
        indexed: What the index says.
        on_chain: What the chain says at that block.
    """

    table: str
    key: str
    column: str
    indexed: Any
    on_chain: Any

    @property
    def is_equal(self) -> bool:
        """Whether both say the same."""
        return bool(self.indexed == self.on_chain)

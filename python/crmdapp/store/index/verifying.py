"""Comparing derived tables with the state of the chain at the indexed block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmdapp.chain.connection import Connection
from crmdapp.chain.manifest import Manifest
from crmdapp.store.index.database import Index, position_in
from crmdapp.store.index.errors import IndexDiffers, IndexEmpty
from crmdapp.store.index.schema import DOMAINS, derived_tables

_SHOWN = 5


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


Compare = Callable[[Session, Connection, Manifest, int], Iterator[Compared]]
"""A domain's ``verify.compare``: yields every value it compares, equal or not, at a block."""


@dataclass(slots=True)
class Comparison:
    """What was compared.

    Attributes:
        block: The block at which the chain was read.
        compared: Number of values.
        by_table: Number of values by table.
        differences: The values that differ.
    """

    block: int
    compared: int = 0
    by_table: Counter[str] = field(default_factory=Counter)
    differences: list[Compared] = field(default_factory=list)

    def take(self, item: Compared) -> None:
        """Count one value."""
        self.compared += 1
        self.by_table[item.table] += 1
        if not item.is_equal:
            self.differences.append(item)


@dataclass(frozen=True, slots=True)
class Comparisons:
    """All domains' comparisons over one index.

    Attributes:
        index: The index.
        connection: The chain.
        manifest: What is deployed there.
        compares: The domains' functions.
        values_expected: About how many values there are to compare, for a progress bar.
    """

    index: Index
    connection: Connection
    manifest: Manifest
    compares: Sequence[Compare]
    values_expected: int

    def run(self, progress: Callable[[int], None]) -> Comparison:
        """Compare everything in one state of the index.

        Args:
            progress: Told how many values were compared.

        Raises:
            IndexEmpty: The index has no block yet.
            NodeProblem: The chain cannot be read at the indexed block.
        """
        with self.index.reading() as session:
            position = position_in(session)
            if position is None:
                raise IndexEmpty("The index has no block yet.", hint="Fill it: crmdapp index run")
            result = Comparison(position.block)
            for compare in self.compares:
                for item in compare(session, self.connection, self.manifest, position.block):
                    result.take(item)
                    progress(min(result.compared, self.values_expected))
            progress(self.values_expected)
        return result


def comparisons(index: Index, connection: Connection, manifest: Manifest) -> Comparisons:
    """Return the comparisons of all domains with a chain.

    Raises:
        StoreProblem: The index cannot be read.
    """
    compares: list[Compare] = []
    for domain in DOMAINS:
        package = f"crmdapp.store.index.{domain}"
        if find_spec(package) is not None and find_spec(f"{package}.verify") is not None:
            compares.append(import_module(f"{package}.verify").compare)
    with index.reading() as session:
        rows = sum(
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in derived_tables()
        )
    return Comparisons(index, connection, manifest, tuple(compares), max(rows, 1))


def require_equal(result: Comparison) -> None:
    """Check that nothing differs.

    Raises:
        IndexDiffers: Something does; the message names the first differences.
    """
    if not result.differences:
        return
    first = [
        f"{item.table} {item.key} {item.column}: {item.indexed!r}, the chain has {item.on_chain!r}"
        for item in result.differences[:_SHOWN]
    ]
    raise IndexDiffers(
        f"{len(result.differences):,} of {result.compared:,} values differ from the chain at block "
        f"{result.block:,}.",
        differences=len(result.differences),
        why="; ".join(first),
        hint="Make the index anew from the chain: crmdapp index run --rebuild",
    )

"""The index at one block, for answers that must not mix two."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any

from fastapi import Depends
from sqlalchemy.orm import Session

from crmdapp.store.index import Position
from crmdapp.store.index.database import position_in
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.paging import Cursor


@dataclass(frozen=True, slots=True)
class View:
    """The index at one block.

    Attributes:
        session: Its database.
        position: The block.
        now: The time that expiries go by: the chain's, or the wall clock's if that is later, as
            the next block will have it.
    """

    session: Session
    position: Position
    now: int

    def page(
        self,
        cursor: Cursor,
        items: list[Any],
        rows: list[Any],
        key: Callable[[Any], tuple[Any, ...]] = attrgetter("cursor"),
    ) -> dict[str, Any]:
        """Return the fields of a page of a list.

        Args:
            cursor: What was asked for.
            items: The rows as they are shown.
            rows: The rows.
            key: Gives a row's place in the list; by default its ``cursor``.
        """
        final = self.position.finalized_block >= self.position.block
        return cursor.page(items, rows, key, as_of_block=self.position.block, finalized=final)


def view_of(context: Context) -> Iterator[View]:
    """Yield the index as it stands.

    Raises:
        IndexEmpty: It has no block yet.
    """
    with context.index.reading() as session:
        position = position_in(session)
        if position is None:
            position = context.index.position()  # says what to do about it
        yield View(session, position, max(position.timestamp, int(time.time())))


def _view(context: ContextDep) -> Iterator[View]:
    yield from view_of(context)


ViewDep = Annotated[View, Depends(_view)]
"""The index as it stands: ``view: ViewDep``."""

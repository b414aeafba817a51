"""Who may see and do what: a merchant its own programs, and nothing of another's.

A program belongs to the merchant that owns it, or that may award its points. Another's program is
answered exactly like one that does not exist.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path
from sqlalchemy.orm import Session

from crmdapp.store.index import Position
from crmdapp.store.index.database import position_in
from crmdapp.store.index.loyalty import queries
from crmdapp.web.api import Caller, ContextDep, Cursor, NotFound, Uint, Work, requires, sending
from crmdapp.web.context import Context

ProgramPath = Annotated[Uint, Path(description="Number of the program.", examples=["2"])]


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

    def page(self, cursor: Cursor, items: list[Any], rows: list[Any], key: Any) -> dict[str, Any]:
        """Return the fields of a page of a list."""
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

ReaderDep = Annotated[Caller, requires("loyalty:read")]
"""Who asks about its own figures."""

WorkDep = Annotated[Work, sending("loyalty:write")]
"""A request that sends from the caller's account."""


def require_own(view: View, merchant: str, program: int) -> None:
    """Check that a program is the merchant's.

    Raises:
        NotFound: It is another's, or does not exist; nothing tells which.
    """
    if not queries.may_see(view.session, program, merchant):
        raise NotFound("There is no such program.")


def _own(program: ProgramPath, view: ViewDep, caller: ReaderDep) -> int:
    require_own(view, caller.merchant, program)
    return program


OwnDep = Annotated[int, Depends(_own)]
"""Number of a program of the caller's, to be looked at."""


def _own_to_change(program: ProgramPath, context: ContextDep, work: WorkDep) -> int:
    # The view is closed before the transaction is sent, which may take a while.
    for view in view_of(context):
        require_own(view, work.caller.merchant, program)
    return program


OwnWorkDep = Annotated[int, Depends(_own_to_change)]
"""Number of a program of the caller's, to be changed."""

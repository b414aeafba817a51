"""Who may see and do what: a merchant its own programs, and nothing of another's.

A program belongs to the merchant that owns it, or that may award its points. Another's program is
answered exactly like one that does not exist.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from crmdapp.store.index.loyalty import queries
from crmdapp.web.api import Caller, ContextDep, NotFound, Uint, Work, requires, sending
from crmdapp.web.view import View, ViewDep, view_of

ProgramPath = Annotated[Uint, Path(description="Number of the program.", examples=["2"])]


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

"""The index at one block, for answers about works and items."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path
from sqlalchemy.orm import Session

from crmdapp.store.index import Position
from crmdapp.store.index.database import position_in
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import RequestInvalid
from crmdapp.web.paging import Cursor

_NUMBER = re.compile("0[xX]([0-9a-fA-F]{1,64})|([0-9]{1,78})", re.ASCII)


@dataclass(frozen=True, slots=True)
class View:
    """The index at one block.

    Attributes:
        session: Its database.
        position: The block.
        now: The chain's time, or the wall clock's if that is later.
    """

    session: Session
    position: Position
    now: int

    def page(self, cursor: Cursor, items: list[Any], rows: list[Any]) -> dict[str, Any]:
        """Return the fields of a page of a list whose rows have cursors."""
        final = self.position.finalized_block >= self.position.block
        return cursor.page(
            items,
            rows,
            lambda row: row.cursor,
            as_of_block=self.position.block,
            finalized=final,
        )


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


def word_of(text: str, name: str = "id") -> int:
    """Return a number of 256 bits that stands in an address, 0x hex or decimal.

    Raises:
        RequestInvalid: It is none.
    """
    found = _NUMBER.fullmatch(text)
    number = -1 if found is None else int(found[1], 16) if found[1] else int(found[2])
    if not 0 <= number < 1 << 256:
        raise RequestInvalid(
            f"The {name} is not 0x and up to 64 hex digits, or a decimal number.",
            ((f"path.{name}", "no number of 256 bits"),),
        )
    return number


def _number(
    id_: Annotated[str, Path(alias="id", max_length=80, examples=["0x" + "ab" * 32])],
) -> int:
    return word_of(id_)


NumberDep = Annotated[int, Depends(_number)]
"""A work or an item that the address names: ``{id}``, hex or decimal."""

"""A program's customers and history as CSV files for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from crmdapp.loyalty.points import to_points
from crmdapp.store.index.loyalty import queries
from crmdapp.web.context import ContextDep
from crmdapp.web.pages import Person, signed_in
from crmdapp.web.pages.loyalty import desk, words
from crmdapp.web.view import ViewDep

router = APIRouter(prefix="/merchant/programs/{program}")

PersonDep = Annotated[Person, signed_in()]

_CHUNK = 500


@router.get("/customers.csv")
def customers(
    context: ContextDep, program: int, view: ViewDep, person: PersonDep
) -> StreamingResponse:
    """Give everybody who ever held the program's points, one line each."""
    desk.own(view, person, program)
    head = ("account", "points", "tier", "qualifying points", "debt", "last change (UTC)")

    def rows(after: Any) -> list[Any]:
        with context.index.reading() as session:
            return queries.customers(session, program, now=view.now, after=after, limit=_CHUNK)

    def line(row: Any) -> Sequence[str]:
        return (
            row.statement.account,
            to_points(row.points),
            str(row.statement.tier),
            to_points(row.statement.qualifying),
            to_points(row.debt),
            words.machine(row.last_at),
        )

    found = _all(rows, lambda row: (row.statement.account,))
    return _file(f"program-{program}-customers.csv", head, map(line, found))


@router.get("/history.csv")
def history(
    context: ContextDep, program: int, view: ViewDep, person: PersonDep
) -> StreamingResponse:
    """Give every movement of the program's points, the latest first."""
    desk.own(view, person, program)
    head = ("time (UTC)", "what", "points", "from", "to", "order", "block", "transaction")

    def rows(after: Any) -> list[Any]:
        with context.index.reading() as session:
            return queries.program_history(session, program, after=after, limit=_CHUNK)

    def line(row: Any) -> Sequence[str]:
        return (
            words.machine(row.timestamp),
            words.kind(row.kind),
            to_points(row.points),
            row.sender or "",
            row.receiver or "",
            "" if row.order_id is None else str(row.order_id),
            str(row.block),
            row.tx_hash,
        )

    return _file(f"program-{program}-history.csv", head, map(line, _all(rows, lambda r: r.key)))


def _all(rows: Callable[[Any], list[Any]], key: Callable[[Any], Any]) -> Iterator[Any]:
    after = None
    while True:
        found = rows(after)
        yield from found
        if len(found) < _CHUNK:
            return
        after = key(found[-1])


def _file(name: str, head: Sequence[str], lines: Iterable[Sequence[str]]) -> StreamingResponse:
    def text() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        writer.writerow(head)
        for line in lines:
            # Values are addresses, numbers and words of this program: none begins a formula.
            writer.writerow(line)
            if buffer.tell() > 1 << 16:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(text(), media_type="text/csv; charset=utf-8", headers=headers)

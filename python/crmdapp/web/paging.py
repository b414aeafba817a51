"""Lists in pages: a cursor is opaque, signed, and good for one list only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request

from crmdapp.web.context import ContextDep
from crmdapp.web.errors import CursorInvalid
from crmdapp.web.models import Model

LIMIT = 50
LIMIT_MAX = 200
_MAC_BYTES = 16

T = TypeVar("T")


class Page(Model, Generic[T]):
    """One page of a list.

    Attributes:
        items: The rows.
        next_cursor: Gives the next page; ``null`` on the last one.
        as_of_block: Block that the rows are as of.
        finalized: Whether that block cannot be undone any more.
    """

    items: list[T]
    next_cursor: str | None = None
    as_of_block: int
    finalized: bool


class Cursor:
    """Where a list goes on, and how many rows are wanted.

    Attributes:
        after: Key of the last row that was seen; ``None`` from the beginning.
        limit: Most rows of the page, 1 to 200.
    """

    def __init__(self, secret: bytes, place: str, limit: int, text: str | None) -> None:
        self._secret, self._place = secret, place
        self.limit = limit
        self.after: tuple[Any, ...] | None = None if text is None else self._read(text)

    def page(
        self, items: list[Any], rows: list[Any], key: Any, *, as_of_block: int, finalized: bool
    ) -> dict[str, Any]:
        """Return the fields of a :class:`Page`.

        Args:
            items: The models to show.
            rows: The rows they were made of, at most ``limit``, in the list's order.
            key: Function that gives a row's key in that order, a tuple of str, int or bytes.
            as_of_block: Block that the rows are as of.
            finalized: Whether it cannot be undone any more.
        """
        full = len(rows) >= self.limit
        return {
            "items": items,
            "next_cursor": self.to(key(rows[-1])) if full and rows else None,
            "as_of_block": as_of_block,
            "finalized": finalized,
        }

    def to(self, key: tuple[Any, ...]) -> str:
        """Return the cursor of the page that begins after the row of that key."""
        raw = json.dumps([_plain(item) for item in key], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(raw) + raw).decode().rstrip("=")

    def _read(self, text: str) -> tuple[Any, ...]:
        try:
            data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            mac, raw = data[:_MAC_BYTES], data[_MAC_BYTES:]
        except ValueError:
            raise _no_cursor() from None
        if not hmac.compare_digest(mac, self._mac(raw)):
            raise _no_cursor()
        return tuple(_rich(item) for item in json.loads(raw))

    def _mac(self, raw: bytes) -> bytes:
        message = self._place.encode() + b"\0" + raw
        return hmac.new(self._secret, message, hashlib.sha256).digest()[:_MAC_BYTES]


def _no_cursor() -> CursorInvalid:
    return CursorInvalid(
        "The cursor is not one that this list gave out.",
        hint="Take next_cursor of the page before, or begin without a cursor.",
    )


def _plain(item: Any) -> Any:
    return {"x": item.hex()} if isinstance(item, bytes) else item


def _rich(item: Any) -> Any:
    return bytes.fromhex(item["x"]) if isinstance(item, dict) else item


def _cursor(
    request: Request,
    context: ContextDep,
    limit: Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Most rows.")] = LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=600, description="next_cursor of the page before.")
    ] = None,
) -> Cursor:
    # A cursor is good for the same path and the same caller's view only.
    filters = sorted(
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in ("cursor", "limit")
    )
    place = f"{request.url.path}?{json.dumps(filters)}"
    return Cursor(context.secret("cursor"), place, limit, cursor)


CursorDep = Annotated[Cursor, Depends(_cursor)]
"""The cursor of the request: ``cursor: CursorDep``."""

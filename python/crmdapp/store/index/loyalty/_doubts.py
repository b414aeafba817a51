"""Rows of the present span of blocks whose ages the events leave in doubt."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from crmdapp.store.index.deriving import Rows

_DOUBTS: WeakKeyDictionary[Rows, dict[tuple[int, str], int]] = WeakKeyDictionary()


def doubt(rows: Rows, program: int, account: str) -> None:
    """Note that an account's ages are in doubt; the empty account is the program's supply."""
    _DOUBTS.setdefault(rows, {})[program, account] = rows.block


def doubts_of(rows: Rows) -> list[tuple[int, str, int]]:
    """Return what was noted, each with the block of its latest change, and forget it."""
    return [(*key, block) for key, block in _DOUBTS.pop(rows, {}).items()]

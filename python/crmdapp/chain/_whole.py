"""Whole numbers in a range."""

from __future__ import annotations

from typing import TypeGuard

from crmdapp.errors import UsageError


def is_whole(value: object) -> TypeGuard[int]:
    """Return whether ``value`` is an integer, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def require_whole(what: str, value: int, most: int, *, least: int = 0) -> int:
    """Return ``value`` if it is a whole number from ``least`` to ``most``.

    Raises:
        UsageError: It is not; the message calls it ``what``.
    """
    if not is_whole(value) or not least <= value <= most:
        raise UsageError(
            f"{what} must be a whole number from {least:,} to {most:,}, got {value!r}."
        )
    return value

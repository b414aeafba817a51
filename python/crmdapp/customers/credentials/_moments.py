"""Moments as credentials write them: whole seconds, UTC (XML Schema's dateTimeStamp)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from crmdapp.customers.credentials.refusals import CredentialMalformed

MOMENT_MAX = 253_402_300_799
"""The last second of the year 9999, Unix time."""

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z", re.ASCII)


def iso_moment(moment: int) -> str:
    """Return Unix seconds as ``2026-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def require_moment(text: object, what: str) -> int:
    """Return the Unix seconds of a moment.

    Raises:
        CredentialMalformed: It is written in another way.
    """
    try:
        if isinstance(text, str) and _MOMENT.fullmatch(text):
            return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        pass
    raise CredentialMalformed(f"{what} is no moment like 2026-01-31T12:00:00Z.")

"""What several derivations share."""

from __future__ import annotations

from crmdapp.chain.addresses import ZERO_ADDRESS
from crmdapp.store.index.customers.tables import CHANGES
from crmdapp.store.index.deriving import Entry, Rows


def note_change(rows: Rows, entry: Entry, about: str | bytes, kind: str, detail: str = "") -> None:
    """Write one line of the history of a subject, a profile or a log."""
    key = "0x" + about.hex() if isinstance(about, bytes) else about
    rows.put(
        CHANGES,
        block=entry.block,
        log_index=entry.log_index,
        about=key,
        kind=kind,
        detail=detail,
        at=entry.timestamp,
        tx_hash=entry.tx_hash,
    )


def known(address: str) -> str | None:
    """Return an address; ``None`` for the zero address."""
    return None if address == ZERO_ADDRESS else address

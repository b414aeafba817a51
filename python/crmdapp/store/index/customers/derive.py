"""How the customers' tables follow from events: importing this registers every derivation."""

from __future__ import annotations

from crmdapp.store.index.customers import derive_logs, derive_profiles

__all__ = ["derive_logs", "derive_profiles"]

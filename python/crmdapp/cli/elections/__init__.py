"""``crmdapp elections``: secret ballots that anyone can audit, and open polls."""

from crmdapp.cli.elections._app import app

__all__ = ["app"]

"""``crmdapp elections``: secret ballots that anyone can audit, and open polls."""

from crmdapp.cli.elections import audit, ceremony, relay, trustee, voter
from crmdapp.cli.elections._app import app

app.add_typer(ceremony.app, name="ceremony")

__all__ = ["app", "audit", "ceremony", "relay", "trustee", "voter"]

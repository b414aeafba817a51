"""``crmdapp elections``: secret ballots that anyone can audit, and open polls."""

from crmdapp.cli.elections import (
    audit,
    ceremony,
    organiser,
    polls,
    registrar,
    relay,
    results,
    simulate,
    trustee,
    voter,
)
from crmdapp.cli.elections._app import app

app.add_typer(ceremony.app, name="ceremony")
app.add_typer(polls.app, name="poll")
app.add_typer(registrar.app, name="register")

__all__ = [
    "app",
    "audit",
    "ceremony",
    "organiser",
    "polls",
    "registrar",
    "relay",
    "results",
    "simulate",
    "trustee",
    "voter",
]

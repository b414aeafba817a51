"""``crmdapp loyalty``: programs, points and customers' signed permissions."""

from crmdapp.cli.loyalty import files, intents, points, program, reports, submit
from crmdapp.cli.loyalty._app import app

app.add_typer(program.app, name="program")

__all__ = ["app", "files", "intents", "points", "program", "reports", "submit"]

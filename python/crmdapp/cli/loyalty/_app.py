"""The group ``crmdapp loyalty``, to which the modules beside this one add their commands."""

from __future__ import annotations

from crmdapp.cli._frame import group

app = group(
    help="Programs, points, signed redemptions.",
    examples=(
        "crmdapp loyalty award 2 friend 12.50",
        "crmdapp loyalty statement 2 friend",
    ),
)


@app.callback()
def loyalty() -> None:
    """Programs, points, signed redemptions. Points are decimals (12.50), programs numbers."""

"""The group ``crmdapp elections``, to which the modules beside this one add their commands."""

from __future__ import annotations

from crmdapp.cli._frame import group

app = group(
    help="Elections: secret ballots that anyone can audit, and open polls.",
    examples=("crmdapp elections status 1", "crmdapp elections audit 1"),
)


@app.callback()
def elections() -> None:
    """Elections: secret ballots that anyone can audit, and open polls.

    An election is named by its number. Voters need their own key and a node, trustees their own key
    file; an auditor needs a node alone.
    """

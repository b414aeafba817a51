"""Results that are printed, or written to a new file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from crmdapp.chain.signed import Signed
    from crmdapp.cli._context import Session

NewFileOption = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Write it here, not to stdout.")
]


def deliver(session: Session, text: str, out: Path | None, data: Mapping[str, Any]) -> None:
    """Print a text, or write it to a new file and say so.

    Args:
        session: The session.
        text: What is asked for, with its last line end.
        out: The file, whole or not at all; ``None`` for stdout.
        data: What the result says beside the file's name.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    from crmdapp.chain._files import create

    if out is None:
        print(text, end="")
        return
    create(out, text.encode())
    session.out.result({"file": out, **data}, f"Written to {out}.")


def deliver_signed(session: Session, signed: Signed, out: Path | None) -> None:
    """Print signed data as JSON, or write it to a new file and say so; see :func:`deliver`."""
    deliver(session, json_text(signed.to_json()), out, {"digest": signed.digest})


def json_text(body: Any) -> str:
    """Return JSON data as it is written for people to read, with a line end."""
    return json.dumps(body, indent=2) + "\n"

"""What the commands about legal terms share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._values import iso_time

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.terms import TermsClient, TermsVersion

FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--dir", metavar="DIR", help="Folder of terms.json and terms.md; terms-PROGRAM if left out."
    ),
]


def reading(session: Session) -> TermsClient:
    """The contract of terms, for commands that only read."""
    from crmdapp.loyalty.terms import TermsClient

    return TermsClient.at(session.connection, session.manifest)


def sending(session: Session) -> TermsClient:
    """The contract of terms, for commands that send."""
    from crmdapp.loyalty.terms import TermsClient

    return TermsClient.at(session.connection, session.manifest, session.sender)


def folder_of(folder: Path | None, program: int) -> Path:
    """The folder of a program's terms."""
    return Path(f"terms-{program}") if folder is None else folder


def version_data(version: TermsVersion) -> dict[str, Any]:
    """Return a published version as JSON data."""
    return {
        "program": version.program,
        "version": version.version,
        "bundle_hash": version.bundle_hash,
        "published_at": iso_time(version.published_at),
        "effective_at": iso_time(version.effective_at),
    }

"""``crmdapp gallery mirror``: a complete copy of the gallery, which everybody can hold."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Table
from crmdapp.cli.gallery._app import CONTRACT
from crmdapp.cli.gallery._common import (
    BlockHashOption,
    ContractOption,
    HeaderOption,
    gallery_reader,
    proven_head,
)
from crmdapp.errors import EXIT_VERIFICATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmdapp.cli._context import Session
    from crmdapp.cli._output import Progress
    from crmdapp.provenance.mirror_models import MirrorReport

app = group(
    help="A complete copy of the gallery, which everybody can hold.",
    examples=(
        "crmdapp gallery mirror update copy --from https://ipfs.io/ipfs/ --from pictures",
        "crmdapp gallery mirror verify copy",
    ),
)

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The copy.")]


@app.callback()
def mirror() -> None:
    """A complete copy of the gallery, which everybody can hold."""


@command(
    app,
    "update",
    examples=(
        "crmdapp gallery mirror update copy --from https://ipfs.io/ipfs/ --from pictures",
        f"crmdapp gallery mirror update copy --contract {CONTRACT} --from pictures --json",
    ),
)
def update(
    ctx: typer.Context,
    folder: FolderArgument,
    sources: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="WHERE", help="A web address or a folder; repeat."),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, metavar="MIB", help="Largest file to fetch.")
    ] = 4_096,
    contract: ContractOption = None,
    header_from: HeaderOption = None,
    block_hash: BlockHashOption = None,
) -> None:
    """Fetch all works, records and the history; what is there already is not fetched again.

    Every file is kept only if it is the one that was recorded. Exit code 8 if one is missing.
    """
    from crmdapp.provenance.mirror import Mirror
    from crmdapp.provenance.mirror_sources import source_of

    session = session_of(ctx)
    places = [source_of(item) for item in sources or []]
    client = gallery_reader(session, contract)
    proven = proven_head(session, client, header_from, block_hash)
    with _progress(session, "Copying") as at:
        report = Mirror(folder).update(client, places, proven, most=most << 20, progress=at)
    _tell(session, report)


@command(
    app,
    "verify",
    examples=("crmdapp gallery mirror verify copy", "crmdapp gallery mirror verify copy --json"),
)
def verify(ctx: typer.Context, folder: FolderArgument) -> None:
    """Check every file, record and event of a copy, without a node; exit code 8 if one is wrong."""
    from crmdapp.provenance.mirror import Mirror

    session = session_of(ctx)
    with _progress(session, "Checking") as at:
        report = Mirror(folder).verify(progress=at)
    _tell(session, report)


@contextmanager
def _progress(session: Session, title: str) -> Iterator[Callable[[int, int], None]]:
    """Show progress whose total is known only with its first step."""
    with ExitStack() as shown:
        bar: Progress | None = None

        def step(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                bar = shown.enter_context(session.out.progress(title, total, "works"))
            bar.at(done)

        yield step


def _tell(session: Session, report: MirrorReport) -> None:
    session.out.result(
        {
            "works": report.works,
            "events": report.events,
            "block": report.block,
            "head": report.head,
            "complete": report.is_complete,
            "fetched": report.fetched,
            "kept": report.kept,
            "missing": [hex(id_) for id_ in report.missing],
            "damaged": [hex(id_) for id_ in report.damaged],
            "without_metadata": [hex(id_) for id_ in report.without_metadata],
            "rejected": [
                {"id": hex(item.id), "source": item.source, "reason": item.reason}
                for item in report.rejected
            ],
        },
        f"{report.works:,} works, {report.events:,} events up to block {report.block:,}:"
        f" {report.fetched:,} files came, {report.kept:,} were there,"
        f" {len(report.missing):,} are missing, {len(report.damaged):,} damaged.",
        Table(("work", "what is wrong"), list(_faults(report))),
    )
    if not report.is_complete:
        raise typer.Exit(EXIT_VERIFICATION)


def _faults(report: MirrorReport) -> Iterator[tuple[str, str]]:
    for item in report.rejected:
        yield hex(item.id), f"{item.source}: {item.reason}"
    for id_ in report.missing:
        yield hex(id_), "no source has its file"
    for id_ in report.damaged:
        yield hex(id_), "what is here is not what was recorded"
    for id_ in report.without_metadata:
        yield hex(id_), "no source has its metadata"

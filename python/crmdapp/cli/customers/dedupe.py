"""``crmdapp customers dedupe``: pairs of profiles that may be one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Table
from crmdapp.cli._values import iso_time
from crmdapp.cli.customers._common import hex_of, word_of
from crmdapp.cli.customers._crm import (
    OperatorOption,
    VaultOption,
    decider,
    merges_of,
    opened_vault,
)

if TYPE_CHECKING:
    from crmdapp.customers.dedupe import Duplicate, MergeRecord

_CID = "0x" + "6bd2c5b1bbd8b0ecd1ae7c1ae0c8f6c8f8a8f26ab9fdd4a4a8a9d1e6a5f4e3" + "00"

app = group(
    help="Profiles that may be of one person, and merges that can be undone.",
    examples=("crmdapp customers dedupe list", "crmdapp customers dedupe merge 3"),
)

PairArgument = Annotated[int, typer.Argument(metavar="PAIR", min=1, help="Number of the pair.")]


@app.callback()
def dedupe() -> None:
    """Profiles that may be of one person, and merges that can be undone."""


@command(
    app,
    "list",
    examples=("crmdapp customers dedupe list", "crmdapp customers dedupe list --state merged"),
)
def list_(
    ctx: typer.Context,
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="open, merged, apart or all.")
    ] = "open",
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """List pairs that imports found, the likeliest first; merges with their numbers."""
    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        merges = merges_of(found)
        pairs = merges.queue(None if state == "all" else state)
        held = merges.log() if state in ("merged", "all") else []
    if not pairs and not held:
        session.out.say("There are none.")
    session.out.result(
        {"pairs": [_pair(item) for item in pairs], "merges": [_merge(item) for item in held]},
        Table(
            (">pair", ">alike", "by", "older", "newer", "state"),
            [
                (
                    str(item.id),
                    str(item.score),
                    ", ".join(item.reasons),
                    hex_of(item.older),
                    hex_of(item.newer),
                    item.state,
                )
                for item in pairs
            ],
        ),
        Table(
            (">merge", "profile", "leads to", "by", "undone by"),
            [
                (
                    str(item.id),
                    hex_of(item.source),
                    hex_of(item.into),
                    item.merged_by,
                    item.undone_by,
                )
                for item in held
            ],
        ),
    )


@command(
    app,
    "merge",
    examples=(
        "crmdapp customers dedupe merge 3",
        f"crmdapp customers dedupe merge 3 --into {_CID}",
    ),
)
def merge(
    ctx: typer.Context,
    pair: PairArgument,
    into: Annotated[
        str | None,
        typer.Option(
            "--into", metavar="CID", help="Which of the two stays; the older if left out."
        ),
    ] = None,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Decide that a pair is one person: one profile leads to the other from now on."""
    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        kept = None if into is None else word_of(into, "--into")
        made = merges_of(found).merge(pair, decider(session), into=kept)
    session.out.result(
        _merge(made),
        f"Merge {made.id}: {hex_of(made.source)} leads to {hex_of(made.into)}."
        f" Undo it: crmdapp customers dedupe undo {made.id}",
    )


@command(
    app,
    "apart",
    examples=("crmdapp customers dedupe apart 3", "crmdapp customers dedupe apart 3 --json"),
)
def apart(
    ctx: typer.Context,
    pair: PairArgument,
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Decide that a pair is two people; it is not asked about again."""
    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        merges_of(found).keep_apart(pair, decider(session))
    session.out.result({"pair": pair, "state": "apart"}, f"Pair {pair} is kept apart.")


@command(
    app,
    "undo",
    examples=("crmdapp customers dedupe undo 1", "crmdapp customers dedupe undo 1 --json"),
)
def undo(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="MERGE", min=1, help="Number of the merge.")],
    vault: VaultOption = None,
    operator: OperatorOption = None,
) -> None:
    """Take a merge back: both profiles are what they would be without it."""
    session = session_of(ctx)
    with opened_vault(session, vault, operator) as found:
        made = merges_of(found).undo(number, decider(session))
    session.out.result(_merge(made), f"Merge {made.id} is undone.")


def _pair(item: Duplicate) -> dict[str, Any]:
    return {
        "pair": item.id,
        "older": item.older,
        "newer": item.newer,
        "score": item.score,
        "reasons": list(item.reasons),
        "state": item.state,
        "found_at": iso_time(item.found_at),
        "decided_by": item.decided_by,
    }


def _merge(item: MergeRecord) -> dict[str, Any]:
    return {
        "merge": item.id,
        "from": item.source,
        "into": item.into,
        "by": item.merged_by,
        "at": iso_time(item.merged_at),
        "undone_by": item.undone_by,
        "undone_at": None if item.undone_at is None else iso_time(item.undone_at),
    }

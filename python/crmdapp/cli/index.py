"""``crmdapp index``: every event of the contracts in SQL, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time

if TYPE_CHECKING:
    import threading

    from crmdapp.cli._context import Session
    from crmdapp.store.index import Follower, Index, Position, Step
    from crmdapp.store.index.verifying import Comparison

IndexOption = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="FILE",
        envvar="CRMDAPP_INDEX",
        help="The index: a file, or a postgresql:// address.",
    ),
]

_FIRST_DIFFERENCES = 20

app = group(
    help="Keep all events of the contracts in SQL: filled from any node, safe from reorgs.",
    examples=("crmdapp index run", "crmdapp index verify --json"),
)


@app.callback()
def index_group() -> None:
    """Keep all events of the contracts in SQL: filled from any node, safe from reorgs."""


@command(
    app,
    "run",
    examples=(
        "crmdapp index run --once",
        "crmdapp index run --index postgresql://crm@db.example/index --poll 2",
    ),
)
def run(
    ctx: typer.Context,
    index: IndexOption = None,
    until_head: Annotated[
        bool, typer.Option("--once", help="End at the chain's latest block; do not follow it.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Empty the index first; it is filled anew.")
    ] = False,
    poll: Annotated[
        float,
        typer.Option(
            "--poll", min=0.05, max=3600, metavar="SECONDS", help="Time between two looks."
        ),
    ] = 1.0,
) -> None:
    """Fill the index from the chain and follow it until Ctrl-C; begins where it left off."""
    import threading

    session = session_of(ctx)
    stop = threading.Event()
    with opened(session, index, rebuild=rebuild) as found, _follower(session, found) as follower:
        step = _catch_up(session, follower)
        if not until_head:
            step = _follow(session, follower, step, stop, poll)
        data = {"block": step.block, "head": step.head, "events": step.events}
        session.out.result(
            data, f"The index is at block {step.block:,} with {step.events:,} events."
        )


@command(
    app, "status", examples=("crmdapp index status", "crmdapp index status --index town.db --json")
)
def status(ctx: typer.Context, index: IndexOption = None) -> None:
    """Show how far the index has come, how far behind the chain it is, and its size."""
    from crmdapp.errors import NodeProblem

    session = session_of(ctx)
    with opened(session, index) as found:
        position, sizes, size = found.position(), found.sizes(), found.byte_size()
        name = found.name
    try:
        head: int | None = session.connection.block_number()
    except NodeProblem:
        head = None  # the index is there without the node
    lag = None if head is None else max(head - position.block, 0)
    data = {
        "index": name,
        "chain_id": position.chain_id,
        "block": position.block,
        "hash": position.hash,
        "time": position.timestamp,
        "head": head,
        "lag": lag,
        "finalized": position.finalized_block,
        "first_block": position.first_block,
        "events": position.events,
        "bytes": size,
        "rows": sizes,
    }
    rows = [(table, f"{count:,}") for table, count in sizes.items()]
    session.out.result(
        data, _facts(name, position, head, lag, size), "", Table(("Table", ">Rows"), rows)
    )


@command(
    app, "verify", examples=("crmdapp index verify", "crmdapp index verify --index town.db --json")
)
def verify(ctx: typer.Context, index: IndexOption = None) -> None:
    """Compare the derived tables with the state of the chain; the exit code is 8 if they differ."""
    from crmdapp.store.index.verifying import comparisons, require_equal

    session = session_of(ctx)
    with opened(session, index) as found:
        checks = comparisons(found, session.connection, session.manifest)
        with session.out.progress("Comparing", checks.values_expected, "rows") as progress:
            result = checks.run(progress.at)
    _show_comparison(session, result)
    require_equal(result)


# --------------------------------------------------------------------------- parts


@contextmanager
def opened(session: Session, url: str | None, *, rebuild: bool = False) -> Iterator[Index]:
    """Give the index of the session's chain: the one named, else the one in the state folder.

    Raises:
        StoreProblem: It cannot be opened.
    """
    from crmdapp.store.index import open_index, rebuild_index

    place = url or session.config.state_dir / "index.sqlite3"
    with rebuild_index(place) if rebuild else open_index(place) as index:
        yield index


@contextmanager
def _follower(session: Session, index: Index) -> Iterator[Follower]:
    from crmdapp.store.index import Follower

    follower = Follower(index, session.connection, session.manifest)
    try:
        yield follower
    finally:
        follower.close()


def _catch_up(session: Session, follower: Follower) -> Step:
    """Bring the index to the chain's head, with a bar over the blocks there are to fetch."""
    step = follower.step()
    if step.is_done:
        return step
    first = step.block
    with session.out.progress("Indexing", step.head - first, "blocks") as progress:

        def show(now: Step) -> None:
            progress.at(max(min(now.block, step.head) - first, 0))

        return follower.run(progress=show)


def _follow(
    session: Session, follower: Follower, step: Step, stop: threading.Event, poll: float
) -> Step:
    latest = [step]

    def show(now: Step) -> None:
        if now.taken_back:
            session.out.say(f"{now.taken_back:,} blocks were taken back by a reorg.")
        if now.block != latest[0].block:
            session.out.detail(f"Block {now.block:,}: {now.events:,} events.")
        latest[0] = now

    session.out.say(f"At block {step.block:,}. Following the chain; Ctrl-C ends it.")
    try:
        follower.follow(
            stop,
            poll=poll,
            progress=show,
            trouble=lambda problem: session.out.warn(f"{problem} {problem.why}".strip()),
        )
    except KeyboardInterrupt:
        stop.set()
    return latest[0]


def _facts(name: str, position: Position, head: int | None, lag: int | None, size: int) -> Facts:
    behind = "no node answers" if head is None else f"{lag:,} blocks behind block {head:,}"
    return Facts(
        [
            ("Index", name),
            ("Chain", str(position.chain_id)),
            ("Block", f"{position.block:,} of {format_time(position.timestamp)}"),
            ("Chain's head", behind),
            ("Final", f"block {position.finalized_block:,}"),
            ("Events", f"{position.events:,} since block {position.first_block:,}"),
            ("Size", f"{size / 1e6:,.1f} MB"),
        ]
    )


def _show_comparison(session: Session, result: Comparison) -> None:
    data: dict[str, Any] = {
        "block": result.block,
        "compared": result.compared,
        "differences": [
            {
                "table": item.table,
                "key": item.key,
                "column": item.column,
                "indexed": item.indexed,
                "on_chain": item.on_chain,
            }
            for item in result.differences
        ],
        "tables": result.by_table,
    }
    if result.differences and session.out.json:
        return  # the error says it
    counted = [(table, f"{count:,}") for table, count in sorted(result.by_table.items())]
    wrong = [
        (item.table, item.key, item.column, str(item.indexed), str(item.on_chain))
        for item in result.differences[:_FIRST_DIFFERENCES]
    ]
    session.out.result(
        data,
        f"{result.compared:,} values compared with the chain at block {result.block:,}.",
        Table(("Table", ">Values"), counted),
        Table(("Table", "Row", "Column", "Index", "Chain"), wrong),
    )

"""``crmdapp customers consortium``: a member's side of tags that no company can compute alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._common import read_file
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.voprf import ServerKey

app = group(
    name="consortium",
    help="Be a member: keep a key, evaluate what others ask.",
    examples=(
        "crmdapp customers consortium new member.json",
        "crmdapp customers consortium evaluate member.json request.json --requester bakery",
    ),
)


@app.callback()
def consortium() -> None:
    """Be a member: keep a key, evaluate what others ask without learning what it is."""


KeyArgument = Annotated[
    Path, typer.Argument(metavar="KEY", help="File with the member's key, mode 0600.")
]
LedgerOption = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help="Record of evaluations; kept beside the journal."
    ),
]


@command(
    app,
    "new",
    examples=(
        "crmdapp customers consortium new member.json",
        "crmdapp customers consortium new member.json --json",
    ),
)
def new(ctx: typer.Context, path: KeyArgument) -> None:
    """Make a member's key, and print the public key for the other members to note."""
    from crmdapp.customers.consortium import MemberKeyFile

    made = MemberKeyFile.create(path)
    session = session_of(ctx)
    session.out.say("Keep a copy of the file: another key would change everybody's tags.")
    _tell(session, path, made)


@command(
    app,
    "show",
    examples=(
        "crmdapp customers consortium show member.json",
        "crmdapp customers consortium show member.json --json",
    ),
)
def show(ctx: typer.Context, path: KeyArgument) -> None:
    """Show the public key that belongs to a member's key."""
    from crmdapp.customers.consortium import MemberKeyFile

    _tell(session_of(ctx), path, MemberKeyFile.load(path))


@command(
    app,
    "evaluate",
    examples=(
        "crmdapp customers consortium evaluate member.json request.json --requester bakery",
        "crmdapp customers consortium evaluate member.json - --requester bakery --out answer.json",
    ),
)
def evaluate(
    ctx: typer.Context,
    path: KeyArgument,
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="What was asked; - is standard input.")
    ],
    requester: Annotated[
        str,
        typer.Option(
            "--requester", metavar="NAME", help="Who asked; you know it from who sent it."
        ),
    ],
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="COUNT", help="Evaluations in 24 hours.")
    ] = 10_000,
    ledger: LedgerOption = None,
    out: NewFileOption = None,
) -> None:
    """Answer a company's request, within its limit; write down for whom and how much."""
    from crmdapp.chain._files import require_creatable
    from crmdapp.customers.consortium import EvaluationLedger, Member, MemberKeyFile

    session = session_of(ctx)
    if not requester.strip():
        raise UsageError("Say who asked.", hint="Add --requester NAME.")
    if out is not None:
        require_creatable(out)  # before anything of the limit is used up
    key = MemberKeyFile.load(path)
    asked = read_file(request, str.encode)
    with EvaluationLedger(_ledger_path(session, ledger), limit=limit) as opened:
        answer = Member(key, opened).evaluate(asked, requester.strip())
    deliver(session, answer.decode(), out, {"requester": requester.strip()})


@command(
    app,
    "log",
    examples=(
        "crmdapp customers consortium log",
        "crmdapp customers consortium log --ledger evaluations.sqlite3 --json",
    ),
)
def log(ctx: typer.Context, ledger: LedgerOption = None) -> None:
    """List what was evaluated: for whom, when and how much; what it was, nobody knows."""
    from crmdapp.customers.consortium import EvaluationLedger

    session = session_of(ctx)
    path = _ledger_path(session, ledger)
    if not path.exists():
        raise UsageError(f"There is no record {path}.", hint="Name it with --ledger FILE.")
    with EvaluationLedger(path) as opened:
        entries = opened.entries()
    session.out.result(
        [
            {"at": iso_time(each.at), "requester": each.requester, "count": each.count}
            for each in entries
        ],
        Table(
            ("at", "requester", ">count"),
            [(format_time(each.at), each.requester, f"{each.count:,}") for each in entries],
        ),
    )


def _ledger_path(session: Session, given: Path | None) -> Path:
    return given or session.config.state_dir / "evaluations.sqlite3"


def _tell(session: Session, path: Path, key: ServerKey) -> None:
    data: dict[str, Any] = {"file": path, "public_key": key.public_key}
    session.out.result(
        data, Facts([("File", str(path)), ("Public key", f"0x{key.public_key.hex()}")])
    )

"""``crmdapp loyalty drop``: points for any number of customers behind one root."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import receipt_data, receipt_line, send, send_all
from crmdapp.cli._values import format_points, iso_time, parse_span, parse_time, points_data
from crmdapp.cli.loyalty._common import ProgramArgument, amount, brand, person
from crmdapp.cli.loyalty._coupons import LATEST, moment, require_places, word_of
from crmdapp.cli.loyalty._money import sent_before
from crmdapp.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.campaigns import Drop
    from crmdapp.loyalty.client import LoyaltyClient
    from crmdapp.loyalty.drops import DropClaim, DropTree

app = group(
    name="drop",
    help="Points for any number of customers, who collect them one by one.",
    examples=(
        "crmdapp loyalty drop create 2 members.csv --out claims.jsonl",
        "crmdapp loyalty drop claim claims.jsonl --to friend",
    ),
)

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV with the header address,points.")
]
DropArgument = Annotated[int, typer.Argument(metavar="DROP", min=0, help="Number of the drop.")]


@app.callback()
def drop_group() -> None:
    """Points for any number of customers, who collect them one by one."""


@command(
    app,
    "create",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty drop create 2 members.csv --out claims.jsonl",
        "crmdapp loyalty drop create 2 members.csv --valid-for 30d --yes --json",
    ),
)
def create(
    ctx: typer.Context,
    program: ProgramArgument,
    file: FileArgument,
    deadline: Annotated[
        str | None,
        typer.Option("--deadline", metavar="TIME", help="Last moment: a date or Unix seconds."),
    ] = None,
    valid_for: Annotated[
        str, typer.Option("--valid-for", metavar="SPAN", help="Or how long: 24h, 90d.")
    ] = "90d",
    campaign: Annotated[
        str | None, typer.Option("--campaign", metavar="HASH", help="Campaign it belongs to.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write what each customer needs there."),
    ] = None,
) -> None:
    """Set up a drop for all customers of a CSV file; its points are booked on the budget now.

    One transaction, however many they are. What each customer needs to collect goes to --out, one
    JSON line each; it can be made again: crmdapp loyalty drop proofs.
    """
    from crmdapp.loyalty.campaigns import created_drop

    session = session_of(ctx)
    word = word_of(campaign, "--campaign")
    require_places(out, None)
    tree = _tree(session, file)
    client = session.loyalty
    found = client.program(program)
    until = _until(session, deadline, valid_for)
    call = client.campaigns.prepare.create_drop(program, tree.root, tree.units, until, word)
    # Run again under the same name, all but the deadline must be as it was.
    call = sent_before(session, call, (0, 1, 2, 4)) or call
    about = [
        ("Program", brand(found)),
        ("Customers", f"{len(tree):,}"),
        ("Points", amount(tree.units, found)),
        ("Until", moment(until)),
        ("Root", "0x" + tree.root.hex()),
    ]
    receipt = send(session, call, about)
    if receipt is None:
        return
    drop = client.campaigns.drop(created_drop(receipt))
    if out is not None:
        _write(session, tree, drop.id, client, out)
    session.out.result(
        {**_data(drop), "customers": len(tree), "file": out, **receipt_data(receipt)},
        f"Drop {drop.id} for {len(tree):,} customers, {amount(tree.units, found)}."
        f" {receipt_line(receipt)}",
    )


@command(
    app,
    "proofs",
    examples=(
        "crmdapp loyalty drop proofs 1 members.csv --out claims.jsonl",
        "crmdapp loyalty drop proofs 1 members.csv --out claims.jsonl --json",
    ),
)
def proofs(
    ctx: typer.Context,
    drop: DropArgument,
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write them.")],
) -> None:
    """Write what each customer of a drop needs to collect, from the file it was made of."""
    session = session_of(ctx)
    require_places(out, None)
    client = session.reader
    found = client.campaigns.drop(drop)
    tree = _tree(session, file)
    if tree.root != found.root:
        raise VerificationFailed(
            f"{file.name} is not the file that drop {drop} was made of.",
            why=f"Its root is 0x{tree.root.hex()}, the drop's is 0x{found.root.hex()}.",
            hint="Give the file as it was then; its lines and their order count.",
        )
    _write(session, tree, drop, client, out)
    session.out.result(
        {"drop": drop, "customers": len(tree), "file": out},
        f"What {len(tree):,} customers need is written to {out}.",
    )


@command(
    app,
    "claim",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty drop claim claims.jsonl --to friend",
        "crmdapp loyalty drop claim - --yes --json",
    ),
)
def claim(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="CLAIM", help="File of JSON lines, or - for one on stdin.")
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TO", help="The customer; needed if the file has several."),
    ] = None,
) -> None:
    """Collect a customer's points of a drop; the account only pays the gas.

    Of several, those that were collected before are left out.
    """
    session = session_of(ctx)
    claims = _claims(session, file, to)
    client = session.loyalty
    if session.once is None and len(claims) > 1:
        claims = [c for c in claims if not client.campaigns.is_claimed(c.drop, c.index)]
    if not claims:
        session.out.result({"claims": []}, "All of them were collected before.")
        return
    program = client.program(_require_in(client, claims).program)
    calls = [client.campaigns.prepare.claim_drop(item) for item in claims]
    customer, units = claims[0].to, sum(item.points for item in claims)
    about = [
        ("Program", brand(program)),
        ("Drop", str(claims[0].drop)),
        ("Points", amount(units, program)),
        ("To", person(session, customer)),
    ]
    receipts = send_all(session, calls, about)
    if receipts is None:
        return
    rows = [
        {
            "drop": item.drop,
            "index": item.index,
            "program": program.id,
            "to": item.to,
            **points_data(item.points),
            **receipt_data(receipt),
        }
        for item, receipt in zip(claims, receipts, strict=True)
    ]
    session.out.result(
        rows[0] if len(rows) == 1 else {"claims": rows},
        f"{amount(units, program)} to {person(session, customer)}.",
        *map(receipt_line, receipts),
    )


@command(
    app,
    "show",
    examples=("crmdapp loyalty drop show 1", "crmdapp loyalty drop show 1 --json"),
)
def show(ctx: typer.Context, drop: DropArgument) -> None:
    """Show what is left of a drop and until when it can be collected."""
    session = session_of(ctx)
    client = session.reader
    found = client.campaigns.drop(drop)
    program = client.program(found.program)
    session.out.result(
        _data(found),
        Facts(
            [
                ("Drop", str(found.id)),
                ("Program", brand(program)),
                ("Points left", amount(found.left, program)),
                ("Until", moment(found.deadline)),
                ("Issued in", f"epoch {found.issued}"),
                ("Root", "0x" + found.root.hex()),
            ]
        ),
    )


@command(
    app,
    "list",
    examples=("crmdapp loyalty drop list 2", "crmdapp loyalty drop list 2 --json"),
)
def list_(ctx: typer.Context, program: ProgramArgument) -> None:
    """List the drops of a program."""
    session = session_of(ctx)
    client = session.reader
    client.program(program)
    found = list(client.campaigns.drops(program))
    if not found:
        session.out.say(f"Program {program} has no drops.")
    session.out.result(
        [_data(drop) for drop in found],
        Table(
            (">drop", ">points left", "until"),
            [(str(d.id), format_points(d.left), moment(d.deadline)) for d in found],
        ),
    )


def _tree(session: Session, file: Path) -> DropTree:
    from crmdapp.loyalty.award_plan import validate
    from crmdapp.loyalty.drops import DropTree

    session.out.detail(f"Checking {file}")
    plan = validate(file)
    with session.out.progress("Hashing", plan.rows, "lines") as bar:
        return DropTree.build(plan, progress=lambda done, _: bar.at(done))


def _write(session: Session, tree: DropTree, drop: int, client: LoyaltyClient, out: Path) -> None:
    with session.out.progress("Writing", len(tree), "lines") as bar:
        tree.write_claims(
            out,
            drop=drop,
            chain_id=client.connection.chain_id,
            hub=client.hub.address,
            progress=lambda done, _: bar.at(done),
        )


def _until(session: Session, deadline: str | None, valid_for: str) -> int:
    if deadline is not None:
        return parse_time(deadline)
    return session.connection.block_timestamp() + parse_span(valid_for)


def _claims(session: Session, file: str, to: str | None) -> list[DropClaim]:
    """Return the claims of one customer in a file."""
    import sys

    from crmdapp.loyalty.drops import DropClaim, find_claims

    if file == "-":
        return [DropClaim.from_json(sys.stdin.read())]
    wanted = None if to is None else session.address(to)
    found: list[DropClaim] = []
    for item in find_claims(file, wanted):
        if found and item.to != found[0].to:
            raise UsageError(
                f"{file} holds the claims of several customers.",
                hint="Name one: --to ADDRESS",
            )
        found.append(item)
    if not found:
        raise UsageError(f"{file} holds no claim{f' of {wanted}' if wanted else ''}.")
    return found


def _require_in(client: LoyaltyClient, claims: list[DropClaim]) -> Drop:
    """Return the drop that the claims are of, having checked their proofs."""
    drop = client.campaigns.drop(claims[0].drop)
    for item in claims:
        if item.drop != drop.id:
            raise UsageError(f"The claims are of drops {drop.id} and {item.drop}.")
        item.require_in(drop.root)
    return drop


def _data(drop: Drop) -> dict[str, Any]:
    return {
        "drop": drop.id,
        "program": drop.program,
        "root": drop.root,
        "left": points_data(drop.left),
        "issued": drop.issued,
        "deadline": drop.deadline,
        "until": iso_time(drop.deadline) if drop.deadline <= LATEST else None,
    }

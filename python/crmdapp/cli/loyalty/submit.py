"""Commands of the merchant's side: take customers' signed permissions and pay the gas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._frame import AskingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin, receipt_data
from crmdapp.cli._values import format_ether, format_points, points_data
from crmdapp.cli.loyalty._app import app
from crmdapp.errors import EXIT_REVERTED, ContractError, UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.cli.loyalty._intent_files import Found
    from crmdapp.loyalty.intent_journal import RelayedIntent
    from crmdapp.loyalty.intents import SignedIntent
    from crmdapp.loyalty.relayer import FlushReport, Relayer

FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILES]...",
        help="JSON files, JSON lines, folders of them, or -; none: go on with what is open.",
    ),
]


@dataclass(frozen=True, slots=True)
class _Taken:
    """What the relayer said to each permission.

    Attributes:
        refused: Place and the error's name and words.
        done_before: How many were carried out by an earlier run.
    """

    refused: list[tuple[str, SignedIntent, ContractError | UsageError]] = field(
        default_factory=list
    )
    done_before: list[RelayedIntent] = field(default_factory=list)


@command(
    app,
    "redeem-submit",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty redeem-submit order-4711.json",
        "crmdapp loyalty redeem-submit orders/ more.jsonl --yes --json",
    ),
)
def redeem_submit(
    ctx: typer.Context,
    files: FilesArgument = None,
    refundable: Annotated[
        bool,
        typer.Option("--refundable", help="Each by itself, so that it can be refunded later."),
    ] = False,
) -> None:
    """Carry out customers' signed redemptions in batches; the account is the merchant's issuer.

    Bad ones are left out and reported (exit code 6). Stopped at any point, the same command
    goes on without doing anything twice.
    """
    from crmdapp.loyalty.intents import RedeemIntent

    function = "PointsHub.redeemBySig" if refundable else "PointsHub.redeemMany"
    _submit(session_of(ctx), files or [], RedeemIntent, function, refundable=refundable)


@command(
    app,
    "transfer-submit",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty transfer-submit gift.json",
        "crmdapp loyalty transfer-submit gifts/ --yes --json",
    ),
)
def transfer_submit(ctx: typer.Context, files: FilesArgument = None) -> None:
    """Carry out signed transfers one by one; the account only pays the gas.

    Bad ones are left out and reported (exit code 6). Stopped at any point, the same command
    goes on without doing anything twice.
    """
    from crmdapp.loyalty.intents import TransferIntent

    _submit(session_of(ctx), files or [], TransferIntent, "PointsHub.transferBySig")


@command(
    app,
    "exchange-submit",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty exchange-submit exchange.json",
        "crmdapp loyalty exchange-submit exchanges/ --yes --json",
    ),
)
def exchange_submit(ctx: typer.Context, files: FilesArgument = None) -> None:
    """Carry out signed exchanges one by one; the account only pays the gas.

    Bad ones are left out and reported (exit code 6). Stopped at any point, the same command
    goes on without doing anything twice.
    """
    from crmdapp.loyalty.intents import ExchangeIntent

    _submit(session_of(ctx), files or [], ExchangeIntent, "PointsHub.exchangeBySig")


def _submit(
    session: Session,
    files: Sequence[Path],
    kind: type,
    function: str,
    *,
    refundable: bool = False,
) -> None:
    from crmdapp.cli.loyalty._intent_files import read_intents
    from crmdapp.loyalty.intent_journal import IntentJournal
    from crmdapp.loyalty.relayer import Relayer

    found = read_intents(files, kind)
    client = session.loyalty
    about = [
        ("Function", function),
        *origin(session),
        ("Permissions", f"{len(found):,} with {format_points(_total(found))} points"),
        ("Gas", "one transaction per batch, each simulated before it is sent"),
    ]
    session.out.show(Facts(about), to_decide=not session.yes)
    if session.dry_run:
        _rehearse(session, found)
        return
    confirm(session, "Submit them?")
    session.signer.unlock()
    with IntentJournal(session.config.state_dir / "intents.sqlite3") as journal:
        relayer = Relayer(client, journal)
        taken = _take(session, relayer, found, refundable=refundable)
        report = relayer.flush()
    _report(session, taken, report)


def _total(found: Sequence[Found]) -> int:
    return sum(item.signed.intent.points for item in found)


def _rehearse(session: Session, found: Sequence[Found]) -> None:
    """Say what would be submitted; takes nothing into the journal."""
    domain = session.loyalty.domain
    strange = [
        item.place
        for item in found
        if item.signed.domain != domain or not item.signed.signed_by_key()
    ]
    for place in strange:
        session.out.warn(f"{place}: not signed by its holder's key for this ledger.")
    session.out.result(
        {
            "dry_run": True,
            "permissions": len(found),
            "unsigned": strange,
            **points_data(_total(found)),
        },
        f"{len(found):,} permissions were read. Nothing was sent.",
    )


def _take(
    session: Session, relayer: Relayer, found: Sequence[Found], *, refundable: bool
) -> _Taken:
    taken = _Taken()
    with session.out.progress("Checking", len(found), "permissions") as bar:
        for number, item in enumerate(found, start=1):
            try:
                known = relayer.accept(item.signed, refundable=refundable)
            except (ContractError, UsageError) as problem:
                taken.refused.append((item.place, item.signed, problem))
            else:
                if known.state == "mined":
                    taken.done_before.append(known)
            bar.at(number)
    return taken


def _report(session: Session, taken: _Taken, report: FlushReport) -> None:
    from crmdapp.wording import put_into_words

    rows: list[dict[str, Any]] = [_row(item) for item in taken.done_before]
    rows += [_row(item) for item in report.settled]
    for place, signed, problem in taken.refused:
        if isinstance(problem, ContractError):
            put_into_words(problem)
        rows.append(
            {
                **_intent_data(signed),
                "state": "refused",
                "reason": problem.code,
                "message": str(problem),
                "file": place,
            }
        )
    for receipt in report.receipts:
        session.out.always(f"Transaction {receipt.hash}")
    for trouble in report.problems:
        session.out.warn(
            f"{trouble.intents:,} permissions of program {trouble.program} wait: {trouble.error}"
        )
    counts = Counter(row["state"] for row in rows)
    counts["mined"] -= len(taken.done_before)
    fee = sum(receipt.fee for receipt in report.receipts)
    words = (
        f"{counts['mined']:,} carried out, {len(taken.done_before):,} before,"
        f" {counts['skipped']:,} skipped, {counts['rejected'] + counts['refused']:,} refused;"
        f" {format_ether(fee)}."
    )
    bad = [row for row in rows if row["state"] != "mined"]
    session.out.result(
        {
            "mined": counts["mined"],
            "mined_before": len(taken.done_before),
            "skipped": counts["skipped"],
            "refused": counts["rejected"] + counts["refused"],
            "waiting": sum(trouble.intents for trouble in report.problems),
            "permissions": rows,
            "transactions": [receipt_data(receipt) for receipt in report.receipts],
        },
        words,
        Table(
            ("holder", ">points", "outcome", "reason"),
            [
                (row["from"], format_points(row["units"]), row["state"], row["reason"])
                for row in bad
            ],
        ),
    )
    if bad or report.problems:
        raise typer.Exit(EXIT_REVERTED)


def _row(item: RelayedIntent) -> dict[str, Any]:
    return {
        **_intent_data(item.signed),
        "state": item.state,
        "reason": item.reason,
        "hash": item.tx_hash,
        "block": item.block,
    }


def _intent_data(signed: SignedIntent) -> dict[str, Any]:
    from crmdapp.loyalty.intents import RedeemIntent, TransferIntent

    intent = signed.intent
    data: dict[str, Any] = {
        "program": intent.program,
        "from": intent.from_,
        **points_data(intent.points),
        "deadline": intent.deadline,
    }
    if isinstance(intent, RedeemIntent):
        return data | {"merchant": intent.merchant, "order": intent.order_id}
    data["nonce"] = str(intent.nonce)
    if isinstance(intent, TransferIntent):
        return data | {"to": intent.to}
    return data | {"to_program": intent.to_program, "least_units": intent.min_points}

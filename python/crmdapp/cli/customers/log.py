"""``crmdapp customers log`` and ``anchor``: the company notes, anchors and publishes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin, receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.customers._app import app as customers
from crmdapp.cli.customers._common import hex_of, sending, word_of
from crmdapp.cli.customers._consent import LogIndexOption, deliver_private, opened_log
from crmdapp.cli.customers._crm import LogJournalOption, LogKeysOption
from crmdapp.cli.customers._log import (
    BATCH_COLUMNS,
    batch_data,
    batch_row,
    customer_of,
    log_reader,
    read_payload,
    receipt_facts,
    receipt_summary,
    require_known,
)
from crmdapp.errors import UsageError

app = group(
    help="Interactions that a company notes and signs for, to be anchored on chain.",
    examples=(
        "crmdapp customers log open --delay 1h",
        "crmdapp customers log record friend purchase --payload order.json --out receipt.json",
    ),
)

CustomerArgument = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="The customer's identity, or profile id.")
]
_LEAF = "0x" + "5a" * 32


@app.callback()
def log_group() -> None:
    """Interactions that a company notes and signs for, to be anchored on chain."""


@command(
    app,
    "open",
    cls=SendingCommand,
    examples=(
        "crmdapp customers log open --delay 1h",
        "crmdapp customers log open --delay 24h --log-index 1 --yes",
    ),
)
def open_(
    ctx: typer.Context,
    delay: Annotated[
        str,
        typer.Option("--delay", metavar="SPAN", help="From a receipt to its anchor, at most."),
    ],
    notice: Annotated[
        str | None, typer.Option("--notice", metavar="HASH", help="Hash of the privacy notice.")
    ] = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Open a log of the account, and promise for ever how soon its interactions are anchored."""
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.leaves import NO_WORD, log_of

    session = session_of(ctx)
    client = sending(session, LogClient)
    seconds = parse_span(delay)
    notice_hash = NO_WORD if notice is None else word_of(notice, "--notice")
    log = log_of(session.signer.address, log_index)
    call = client.prepare.open(log_index, seconds, notice_hash)
    receipt = send(session, call, [("Log", hex_of(log)), ("Promises", f"within {seconds:,} s")])
    if receipt is not None:
        session.out.result(
            {"log": log, "delay": seconds, **receipt_data(receipt)},
            f"Log {hex_of(log)} is open.",
            receipt_line(receipt),
        )


@command(
    app,
    "record",
    examples=(
        "crmdapp customers log record friend purchase --payload order.json --out receipt.json",
        "crmdapp customers log record friend visit --reference till-3-0815",
    ),
)
def record(
    ctx: typer.Context,
    customer: CustomerArgument,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="purchase, visit, support-note, ... or a number.")
    ],
    payload: Annotated[
        Path | None,
        typer.Option("--payload", metavar="FILE", help="Details, a JSON object; - is stdin."),
    ] = None,
    consent: Annotated[
        str | None, typer.Option("--consent", metavar="ID", help="The consent that it rests on.")
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="TEXT", help="Its own name: noted once under it."),
    ] = None,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Note an interaction and give the customer's receipt, with its contents; nothing is sent."""
    from crmdapp.chain._files import require_creatable
    from crmdapp.customers.leaves import NO_WORD, parse_kind

    session = session_of(ctx)
    number = parse_kind(kind)
    details = {} if payload is None else read_payload(payload)
    consent_id = NO_WORD if consent is None else word_of(consent, "--consent")
    if out is not None:
        require_creatable(out)
    person = customer_of(session, customer)
    session.signer.unlock()
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        signed = operator.record(
            operator.pseudonym(person), number, details, consent_id, key=reference
        )
    session.out.show(Facts(receipt_facts(signed)))
    deliver_private(session, json_text(signed.to_json()), out, receipt_summary(signed))


@command(
    app,
    "list",
    examples=(
        "crmdapp customers log list",
        "crmdapp customers log list friend --from 100 --json",
    ),
)
def list_(
    ctx: typer.Context,
    customer: Annotated[
        str | None,
        typer.Argument(metavar="[CUSTOMER]", help="Only this customer's; all by default."),
    ] = None,
    first: Annotated[
        int, typer.Option("--from", min=1, metavar="NUMBER", help="First place in the log.")
    ] = 1,
    count: Annotated[
        int, typer.Option("--count", min=1, metavar="NUMBER", help="How many at most.")
    ] = 100,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """List what was noted, without payloads."""
    from itertools import islice

    session = session_of(ctx)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        pseudonym = None
        if customer is not None:
            pseudonym = require_known(operator, customer_of(session, customer))
        found = list(islice(operator.receipts(pseudonym=pseudonym, first=first), count))
        waiting = operator.waiting
    rows = [receipt_summary(item) for item in found]
    session.out.result(
        {"interactions": rows, "waiting": waiting},
        Table(
            (">Log", ">Customer", "Kind", "Time", "Pseudonym", "Leaf"),
            [
                [
                    f"{row.get('seq', '')}",
                    f"{row['customer_seq']}",
                    str(row.get("kind", "erased")),
                    str(row.get("time", "")),
                    hex_of(row["pseudonym"])[:18],
                    hex_of(row["leaf"]),
                ]
                for row in rows
            ],
        ),
        f"{waiting:,} of the log wait to be anchored.",
    )


@command(
    app,
    "show",
    examples=(
        "crmdapp customers log show friend",
        "crmdapp customers log show --log-index 1 --json",
    ),
)
def show(
    ctx: typer.Context,
    operator: Annotated[
        str | None,
        typer.Argument(metavar="[COMPANY]", help="Whose log; the account's own by default."),
    ] = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Show what a log promises, how it kept it, its batches and open challenges."""
    from crmdapp.customers.leaves import log_of

    session = session_of(ctx)
    client = log_reader(session)
    log = log_of(session.address_or_own(operator), log_index)
    standing, batches = client.standing(log), client.batches(log)
    posted = list(client.open_challenges(log))
    data = {
        "log": log,
        "delay": standing.delay,
        "flags": standing.flags,
        "batches": [batch_data(item) for item in batches],
        "challenges": [
            {"receipt": item.receipt_hash, "answer_by": item.answer_by} for item in posted
        ],
    }
    facts = [
        ("Log", hex_of(log)),
        ("Promises", f"within {standing.delay:,} s" if standing.delay else "nothing: not opened"),
        ("Flags", f"{standing.flags:,}"),
        ("Interactions", f"{batches[-1].last_seq if batches else 0:,}"),
        *[("Challenged", f"answer by {format_time(item.answer_by)}") for item in posted],
    ]
    rows = [batch_row(item) for item in batches]
    session.out.result(data, Facts(facts), Table(BATCH_COLUMNS, rows))


@command(
    app,
    "receipt",
    examples=(
        f"crmdapp customers log receipt {_LEAF}",
        f"crmdapp customers log receipt {_LEAF} --out receipt.json",
    ),
)
def receipt_(
    ctx: typer.Context,
    leaf: Annotated[str, typer.Argument(metavar="LEAF", help="The interaction's leaf.")],
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Give a receipt again, with its contents unless the customer was erased."""
    session = session_of(ctx)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        signed = operator.receipt(word_of(leaf, "The leaf"))
    if signed is None:
        raise UsageError("The log has no such interaction.", hint="crmdapp customers log list")
    deliver_private(session, json_text(signed.to_json()), out, receipt_summary(signed))


@command(
    app,
    "export",
    examples=(
        "crmdapp customers log export --out log.jsonl",
        "crmdapp customers log export --from 12 --out log-12.jsonl",
    ),
)
def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The new file.")],
    first: Annotated[
        int, typer.Option("--from", min=1, metavar="BATCH", help="First batch; all by default.")
    ] = 1,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Write the anchored log for auditors: hashes and pseudonyms, no payloads."""
    session = session_of(ctx)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        total = operator.anchored
        with session.out.progress("Writing", total, "interactions") as bar:
            count = operator.export(out, first=first, progress=bar.at)
    session.out.result({"file": out, "interactions": count}, f"{count:,} written to {out}.")


@command(
    app,
    "erase",
    cls=AskingCommand,
    examples=(
        "crmdapp customers log erase friend",
        "crmdapp customers log erase friend --yes --out erasure.json",
    ),
)
def erase(
    ctx: typer.Context,
    customer: CustomerArgument,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Destroy what a log knows of a customer; its leaves stay as hashes. Gives a last receipt."""
    session = session_of(ctx)
    person = customer_of(session, customer)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        pseudonym = require_known(operator, person)
        noted = sum(1 for _ in operator.receipts(pseudonym=pseudonym))
        facts = [*origin(session), ("Interactions", f"{noted:,}"), ("Afterwards", "unreadable")]
        session.out.show(Facts(facts), to_decide=not session.yes)
        if session.dry_run:
            session.out.result({"dry_run": True, "interactions": noted}, "Nothing was erased.")
            return
        confirm(session, "Erase it for good?")
        session.signer.unlock()
        signed = operator.erase(pseudonym)
    deliver_private(session, json_text(signed.to_json()), out, receipt_summary(signed))


@command(
    customers,
    "anchor",
    cls=AskingCommand,
    examples=(
        "crmdapp customers anchor",
        "crmdapp customers anchor --most 10000 --yes --json",
    ),
)
def anchor(
    ctx: typer.Context,
    most: Annotated[
        int | None,
        typer.Option("--most", min=1, metavar="NUMBER", help="Most interactions in a batch."),
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Keep the roots, so that contracts can verify.")
    ] = False,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Anchor all interactions that wait; what was left open before comes first."""
    session = session_of(ctx)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        waiting = operator.waiting
        facts = [*origin(session), ("Log", hex_of(operator.log)), ("Waiting", f"{waiting:,}")]
        session.out.show(Facts(facts), to_decide=not session.yes)
        if session.dry_run:
            session.out.result({"dry_run": True, "waiting": waiting}, "Nothing was sent.")
            return
        if waiting:
            confirm(session, "Anchor them?")
            session.signer.unlock()
        batches = operator.anchor(most=most, stored=stored)
    session.out.result(
        {"batches": [batch_data(item) for item in batches]},
        Table(BATCH_COLUMNS, [batch_row(item) for item in batches]),
        f"{sum(item.batch.count for item in batches):,} interactions are on chain now.",
    )

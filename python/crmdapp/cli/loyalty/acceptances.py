"""``crmdapp loyalty terms accept`` and ``submit``: members consent, merchants pay the gas."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import deliver_signed
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin, receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.loyalty._common import ProgramArgument, person, unused_nonce
from crmdapp.cli.loyalty._terms import FolderOption, folder_of, reading, sending, version_data
from crmdapp.cli.loyalty.terms import app
from crmdapp.errors import EXIT_REVERTED, ContractError, TransactionReverted, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.loyalty.terms import SignedAcceptance, TermsBundle, TermsClient, TermsVersion


@command(
    app,
    "accept",
    cls=SendingCommand,
    examples=(
        "crmdapp loyalty terms accept 2 --dir terms-2",
        "crmdapp loyalty terms accept 2 --dir terms-2 --sign-only --out accepted.json",
    ),
)
def accept(
    ctx: typer.Context,
    program: ProgramArgument,
    folder: FolderOption = None,
    sign_only: Annotated[
        bool,
        typer.Option("--sign-only", help="Sign, and let the merchant send it: you need no ether."),
    ] = False,
    valid_for: Annotated[
        str,
        typer.Option("--valid-for", metavar="SPAN", help="With --sign-only: how long, such as 7d."),
    ] = "24h",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="With --sign-only: write it here, not to stdout."
        ),
    ] = None,
) -> None:
    """Accept the terms in a folder, if the program has published exactly these."""
    from crmdapp.loyalty.terms_file import TermsBundle

    session = session_of(ctx)
    bundle = TermsBundle.load(folder_of(folder, program))
    if bundle.terms.program != program:
        raise UsageError(
            f"These are terms of program {bundle.terms.program}, not of {program}.",
            hint="Name the right folder: --dir DIR",
        )
    client = reading(session) if sign_only else sending(session)
    version = client.require_published(bundle)
    if sign_only:
        _sign(session, client, bundle, version, valid_for, out)
        return
    member = session.signer.address
    data: dict[str, Any] = {**version_data(version), "member": member}
    if client.is_accepted(program, bundle.hash, member):
        session.out.result(
            {**data, "accepted_before": True}, "Accepted before; nothing is sent again."
        )
        return
    receipt = send(session, client.prepare.accept(program, bundle.hash), _about(bundle, version))
    if receipt is None:
        return
    session.out.result(
        {**data, "accepted_before": False, **receipt_data(receipt)},
        f"Version {version.version} is accepted. {receipt_line(receipt)}",
    )


@command(
    app,
    "submit",
    cls=AskingCommand,
    examples=(
        "crmdapp loyalty terms submit accepted.json",
        "crmdapp loyalty terms submit acceptances/ --yes --json",
    ),
)
def submit(
    ctx: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILES...", help="JSON files, JSON lines, folders of them, or -."),
    ],
) -> None:
    """Send members' signed acceptances; the account only pays the gas.

    Bad ones are left out and reported (exit code 6). Stopped at any point, the same command goes
    on without doing anything twice.
    """
    from crmdapp.cli.loyalty._intent_files import read_each
    from crmdapp.loyalty.terms import SignedAcceptance

    session = session_of(ctx)
    found = read_each(files, SignedAcceptance.from_json)
    client = sending(session)
    session.out.show(
        Facts(
            [
                ("Function", "ProgramTerms.acceptBySig"),
                *origin(session),
                ("Acceptances", f"{len(found):,}"),
                ("Gas", "one transaction each, simulated before it is sent"),
            ]
        ),
        to_decide=not session.yes,
    )
    if not session.dry_run:
        confirm(session, "Submit them?")
        session.signer.unlock()
    rows, receipts = [], []
    with session.out.progress("Submitting", len(found), "acceptances") as bar:
        for number, (place, signed) in enumerate(found, start=1):
            row, receipt = _submit(session, client, signed)
            rows.append({**row, "file": place})
            receipts += [receipt] if receipt is not None else []
            bar.at(number)
    _report(session, rows, receipts)


def _about(bundle: TermsBundle, version: TermsVersion) -> list[tuple[str, str]]:
    return [
        ("Program", f"{version.program} ({bundle.terms.name})"),
        ("Version", f"{version.version}, in effect from {format_time(version.effective_at)}"),
        ("Hash", "0x" + bundle.hash.hex()),
    ]


def _sign(
    session: Session,
    client: TermsClient,
    bundle: TermsBundle,
    version: TermsVersion,
    valid_for: str,
    out: Path | None,
) -> None:
    from crmdapp.loyalty.terms import sign_acceptance

    until = session.connection.block_timestamp() + parse_span(valid_for)
    session.out.say("You accept:")
    session.out.show(
        Facts(
            [
                ("Account", session.signer.address),
                *_about(bundle, version),
                ("To be sent until", format_time(until)),
                ("Chain", str(client.domain.chain_id)),
            ]
        )
    )
    if session.dry_run:
        session.out.result({"dry_run": True, **version_data(version)}, "Nothing was signed.")
        return
    signed = sign_acceptance(
        session.signer,
        client.domain,
        program=version.program,
        bundle_hash=bundle.hash,
        nonce=unused_nonce(session, client.domain, session.signer.address),
        deadline=until,
    )
    deliver_signed(session, signed, out)


def _submit(
    session: Session, client: TermsClient, signed: SignedAcceptance
) -> tuple[dict[str, Any], Receipt | None]:
    """Send one acceptance; what the contract refuses becomes a row of the report."""
    from crmdapp.wording import put_into_words

    item = signed.acceptance
    row: dict[str, Any] = {
        "program": item.program,
        "member": item.member,
        "bundle_hash": item.bundle_hash,
        "reason": "",
    }
    key = f"terms/{signed.digest.hex()}"
    try:
        if client.is_accepted(item.program, item.bundle_hash, item.member):
            return {**row, "state": "accepted before"}, None
        if session.dry_run:
            session.sender.simulate(client.prepare.submit(signed))
            return {**row, "state": "good"}, None
        receipt = client.submit(signed, key=key)
    except TransactionReverted as refusal:
        if isinstance(refusal, ContractError):
            put_into_words(refusal)
        return {**row, "state": "refused", "reason": refusal.code, "message": str(refusal)}, None
    session.out.always(f"Transaction {receipt.hash}")
    return {**row, "state": "mined", "transaction": receipt.hash}, receipt


def _report(session: Session, rows: list[dict[str, Any]], receipts: list[Receipt]) -> None:
    count = Counter(row["state"] for row in rows)
    words = (
        f"{count['good']:,} are good. Nothing was sent."
        if session.dry_run
        else f"{count['mined']:,} recorded, {count['accepted before']:,} accepted before,"
        f" {count['refused']:,} refused."
    )
    bad = [row for row in rows if row["state"] == "refused"]
    for row in bad:
        session.out.warn(f"{row['file']}: {row['message']}")
    session.out.result(
        {
            "dry_run": session.dry_run,
            "mined": count["mined"],
            "accepted_before": count["accepted before"],
            "refused": count["refused"],
            "acceptances": rows,
            "transactions": [receipt_data(receipt) for receipt in receipts],
        },
        words,
        Table(
            ("member", "outcome", "reason"),
            [(person(session, row["member"]), row["state"], row["reason"]) for row in bad],
        ),
    )
    if bad:
        raise typer.Exit(EXIT_REVERTED)

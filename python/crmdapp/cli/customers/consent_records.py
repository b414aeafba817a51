"""``crmdapp customers consent``: what happened, in writing: history, receipts, notes in the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import command, session_of
from crmdapp.cli._output import Table
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import read_file, reading
from crmdapp.cli.customers._consent import (
    LogIndexOption,
    RequestArgument,
    TermsArgument,
    deliver_private,
    opened_log,
    read_signed_request,
    read_terms_of,
    require_domain,
    terms_data,
)
from crmdapp.cli.customers._crm import LogJournalOption, LogKeysOption
from crmdapp.cli.customers.consent import app

if TYPE_CHECKING:
    from crmdapp.customers.answers import ConsentDenial
    from crmdapp.customers.consent_intents import SignedGrant

_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@command(
    app,
    "history",
    examples=(
        "crmdapp customers consent history consents/news.json",
        "crmdapp customers consent history request.jws --json",
    ),
)
def history(ctx: typer.Context, terms: TermsArgument) -> None:
    """Tell what happened to a consent on chain."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = read_terms_of(terms)
    told = reading(session, ConsentClient).history(found.subject, found.consent_id)
    session.out.result(
        {
            **terms_data(found),
            "changes": [
                {
                    "kind": item.kind,
                    "at": item.at,
                    "expiry": item.expiry,
                    "block": item.block,
                    "hash": item.tx_hash,
                }
                for item in told
            ],
        },
        Table(
            ("What", "When", ">Block"),
            [(item.kind, format_time(item.at), f"{item.block:,}") for item in told],
        ),
    )


@command(
    app,
    "receipt",
    examples=(
        "crmdapp customers consent receipt request.jws --out receipt.jws",
        "crmdapp customers consent receipt request.jws --kantara",
    ),
)
def receipt(
    ctx: typer.Context,
    request: RequestArgument,
    kantara: Annotated[
        bool, typer.Option("--kantara", help="As Kantara 1.1, not as ISO/IEC TS 27560.")
    ] = False,
    out: NewFileOption = None,
) -> None:
    """Sign a receipt of what the chain says of a consent; your account is its data controller."""
    from crmdapp.customers.consent_receipts import ISO, KANTARA, issue_receipt
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = read_signed_request(request).request
    client = reading(session, ConsentClient)
    require_domain(found.domain, client.domain)
    changes = client.history(found.terms.subject, found.terms.consent_id)
    made = issue_receipt(
        session.signer,
        found,
        changes,
        issued_at=client.connection.block_timestamp(),
        kind=KANTARA if kantara else ISO,
    )
    deliver_private(session, made.document.text + "\n", out, {"receipt_id": made.receipt_id})


@command(
    app,
    "verify",
    examples=(
        "crmdapp customers consent verify receipt.jws",
        "crmdapp customers consent verify receipt.jws --kantara --json",
    ),
)
def verify(
    ctx: typer.Context,
    receipt: Annotated[
        Path, typer.Argument(metavar="RECEIPT", help="A signed receipt; - is standard input.")
    ],
    kantara: Annotated[
        bool, typer.Option("--kantara", help="It is a Kantara 1.1 receipt.")
    ] = False,
) -> None:
    """Check a receipt: who signed it, that it says what was agreed to, that the chain agrees."""
    from crmdapp.customers.consent_receipts import ISO, KANTARA, read_receipt, verify_receipt
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    kind = KANTARA if kantara else ISO
    found = read_file(receipt, lambda text: read_receipt(text, kind))
    state = verify_receipt(found, reading(session, ConsentClient))
    session.out.result(
        {
            **terms_data(found.request.terms),
            "receipt_id": found.receipt_id,
            "issued_at": found.issued_at,
            "state": state.value,
        },
        f"The receipt is true. The consent is {state.value} now.",
    )


@command(
    app,
    "note",
    examples=(
        f"crmdapp customers consent note {_ADDRESS} request.jws",
        f"crmdapp customers consent note {_ADDRESS} request.jws --answer denial.jws --json",
    ),
)
def note(
    ctx: typer.Context,
    customer: Annotated[
        str,
        typer.Argument(metavar="CUSTOMER", help="The identity or profile in your log."),
    ],
    request: RequestArgument,
    answer: Annotated[
        Path | None,
        typer.Option("--answer", metavar="FILE", help="The customer's denial or signed grant."),
    ] = None,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Put a request, or the customer's answer to it, into your interaction log."""
    from crmdapp.customers import consent_notes
    from crmdapp.customers.answers import ConsentDenial, require_answer
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    asked = read_signed_request(request)
    told = None if answer is None else read_file(answer, _read_answer)
    if told is not None:
        require_answer(asked, told)
        told.require_signed_by(
            reading(session, ConsentClient).owner_of(asked.request.terms.subject)
        )
    with opened_log(session, log_journal, log_keys, log_index) as log:
        pseudonym = log.pseudonym(customer)
        if told is None:
            made = consent_notes.note_request(log, pseudonym, asked)
        elif isinstance(told, ConsentDenial):
            made = consent_notes.note_denial(log, pseudonym, told)
        else:
            made = consent_notes.note_grant(log, pseudonym, told.relayed)
    session.out.result(
        {"leaf": made.leaf, "anchor_by": made.receipt.anchor_by},
        f"Noted; it will be anchored by {format_time(made.receipt.anchor_by)}.",
    )


def _read_answer(text: str) -> SignedGrant | ConsentDenial:
    from crmdapp.customers.answers import read_denial
    from crmdapp.customers.consent_intents import SignedGrant

    return SignedGrant.from_json(text) if text.lstrip().startswith("{") else read_denial(text)

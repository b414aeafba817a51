"""``crmdapp customers prove``, ``verify``, ``audit`` and the public challenge of a receipt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, deliver, json_text
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin, receipt_data, receipt_line, send
from crmdapp.cli._values import format_time, iso_time
from crmdapp.cli.customers._app import app
from crmdapp.cli.customers._common import hex_of, sending, word_of
from crmdapp.cli.customers._consent import LogIndexOption, opened_log
from crmdapp.cli.customers._crm import LogJournalOption, LogKeysOption
from crmdapp.cli.customers._log import (
    PublishedOption,
    ReceiptArgument,
    batch_data,
    log_reader,
    read_proof_file,
    read_receipt,
    read_receipts,
    receipt_facts,
    require_same_log,
)
from crmdapp.errors import EXIT_VERIFICATION, UsageError

if TYPE_CHECKING:
    from crmdapp.chain.transactions import Receipt
    from crmdapp.cli._context import Session
    from crmdapp.customers.audit import Finding
    from crmdapp.customers.log_audit import LogAudit
    from crmdapp.customers.log_models import AnchoredBatch
    from crmdapp.customers.log_proof import InteractionProof

_LEAF = "0x" + "5a" * 32


@command(
    app,
    "prove",
    examples=(
        "crmdapp customers prove receipt.json --published log.jsonl --out proof.json",
        f"crmdapp customers prove {_LEAF} --out proof.json",
    ),
)
def prove(
    ctx: typer.Context,
    interaction: Annotated[
        str,
        typer.Argument(metavar="RECEIPT|LEAF", help="A receipt's file, or the leaf (company)."),
    ],
    published: PublishedOption = None,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Prove that an interaction is anchored: from the journal, or from the published log."""
    from crmdapp.customers.interaction_log import LeafNotAnchored
    from crmdapp.customers.log_audit import prove_published

    session = session_of(ctx)
    proof: InteractionProof | None
    if published is not None:
        receipt = read_receipt(Path(interaction))
        log = require_same_log(session, [receipt])
        proof = prove_published(published, receipt.leaf, log_reader(session).batches(log))
    else:
        leaf = _leaf_of(interaction)
        with opened_log(session, log_journal, log_keys, log_index) as operator:
            proof = operator.proof(leaf)
    if proof is None:
        raise LeafNotAnchored(
            "The interaction is in no anchored batch.",
            hint="Company: crmdapp customers anchor. Customer: audit the receipt.",
        )
    deliver(session, json_text(proof.to_json()), out, {"leaf": proof.leaf, "batch": proof.number})


@command(
    app,
    "verify",
    examples=(
        "crmdapp customers verify proof.json",
        "crmdapp customers verify proof.json --receipt receipt.json --json",
    ),
)
def verify(
    ctx: typer.Context,
    proof: Annotated[
        Path, typer.Argument(metavar="PROOF", help="File of a proof; - is standard input.")
    ],
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="The receipt that it must be about."),
    ] = None,
) -> None:
    """Check a proof of an interaction against the chain; exit code 8 if it proves nothing."""
    session = session_of(ctx)
    found = read_proof_file(proof)
    client = log_reader(session)
    if found.domain != client.domain:
        raise UsageError("The proof is about another chain or contract.")
    known = None
    if receipt is not None:
        signed = read_receipt(receipt)
        signed.check()
        _require_about(found, signed.leaf)
        known = None if signed.contents is None else signed.contents.interaction
    batch = found.verify(client.batches(found.log), known)
    late = receipt is not None and batch.batch.anchored_at > signed.receipt.anchor_by
    session.out.result(
        {"proved": True, "leaf": found.leaf, "is_late": late, **batch_data(batch)},
        f"Proved: it is in batch {batch.number:,}, anchored {format_time(batch.batch.anchored_at)}"
        + (", after the promised time." if late else "."),
    )


@command(
    app,
    "audit",
    examples=(
        "crmdapp customers audit receipts/ --published log.jsonl",
        "crmdapp customers audit --published log.jsonl --json",
    ),
)
def audit(
    ctx: typer.Context,
    receipts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RECEIPTS]...", help="Files or folders of a customer's receipts."),
    ] = None,
    proofs: Annotated[
        list[Path] | None,
        typer.Option("--proof", metavar="FILE", help="A proof that the company gave; repeat."),
    ] = None,
    published: PublishedOption = None,
) -> None:
    """Find omissions, edits, forks and delays in a company's log; exit code 8 if there are any."""
    from crmdapp.customers.audit import NOTHING_PUBLISHED, audit_receipts

    session = session_of(ctx)
    held = [item for path in receipts or () for item in read_receipts(path)]
    if not held and published is None:
        raise UsageError("There is nothing to audit.", hint="Give receipts, --published, or both.")
    client = log_reader(session)
    log = require_same_log(session, held) if held else _log_in(published)
    batches, delay = client.batches(log), client.standing(log).delay
    whole = None
    if published is not None:
        people = {item.receipt.pseudonym for item in held}
        whole = _audit_published(session, published, log, batches, delay, people)
    findings = list(whole.findings if whole else ())
    if held:
        findings += audit_receipts(
            held,
            batches,
            now=client.connection.block_timestamp(),
            delay=delay,
            proofs=[read_proof_file(path) for path in proofs or ()],
            published=whole.published if whole else NOTHING_PUBLISHED,
        )
    _tell(session, log, batches, len(held), whole, findings)
    if findings:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "challenge",
    cls=SendingCommand,
    examples=(
        "crmdapp customers challenge receipt.json",
        "crmdapp customers challenge receipt.json --yes --json",
    ),
)
def challenge(ctx: typer.Context, receipt: ReceiptArgument) -> None:
    """Post an overdue receipt on chain: the company proves its anchor, or is flagged."""
    from crmdapp.customers.interaction_log import LogClient

    session = session_of(ctx)
    signed = read_receipt(receipt)
    require_same_log(session, [signed])
    client = sending(session, LogClient)
    done = send(session, client.prepare.challenge(signed), receipt_facts(signed.without_contents))
    if done is not None:
        posted = client.challenge_of(signed.receipt)
        session.out.result(
            {
                "receipt": posted.receipt_hash,
                "answer_by": iso_time(posted.answer_by),
                **receipt_data(done),
            },
            f"The company has until {format_time(posted.answer_by)} to answer.",
            receipt_line(done),
        )


@command(
    app,
    "answer",
    cls=AskingCommand,
    examples=(
        "crmdapp customers answer",
        "crmdapp customers answer --log-index 1 --yes --json",
    ),
)
def answer(
    ctx: typer.Context,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Answer every open challenge of the account's log, anchoring what waits first."""
    session = session_of(ctx)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        posted = list(log_reader(session).open_challenges(operator.log))
        facts = [*origin(session), ("Log", hex_of(operator.log)), ("Challenges", f"{len(posted)}")]
        session.out.show(Facts(facts), to_decide=not session.yes)
        if session.dry_run or not posted:
            session.out.result(
                {"dry_run": session.dry_run, "challenges": len(posted), "answers": []},
                f"{len(posted)} challenges are open. Nothing was sent.",
            )
            return
        confirm(session, "Answer them?")
        session.signer.unlock()
        answers = operator.answer_all()
    missing = [name for name, sent in answers if sent is None]
    session.out.result(
        {"answers": [_answered(name, sent) for name, sent in answers]},
        *[receipt_line(sent) for _, sent in answers if sent is not None],
        *[f"No answer to {hex_of(name)}: unknown here, or too late." for name in missing],
    )
    if missing:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "flag",
    cls=SendingCommand,
    examples=(
        "crmdapp customers flag receipt.json",
        "crmdapp customers flag receipt.json --yes --json",
    ),
)
def flag(ctx: typer.Context, receipt: ReceiptArgument) -> None:
    """Flag the log of a challenged receipt that its company did not answer in time."""
    from crmdapp.customers.interaction_log import LogClient

    session = session_of(ctx)
    signed = read_receipt(receipt)
    log = require_same_log(session, [signed])
    client = sending(session, LogClient)
    call = client.prepare.flag(signed.receipt)
    done = send(session, call, receipt_facts(signed.without_contents))
    if done is not None:
        _tell_flags(session, client.standing(log).flags, done)


@command(
    app,
    "prove-fork",
    cls=SendingCommand,
    examples=(
        "crmdapp customers prove-fork receipt.json other-receipt.json",
        "crmdapp customers prove-fork receipt.json other-receipt.json --yes --json",
    ),
)
def prove_fork(
    ctx: typer.Context,
    receipt: ReceiptArgument,
    other: Annotated[
        Path, typer.Argument(metavar="OTHER", help="Another receipt for the same place.")
    ],
) -> None:
    """Flag a log at once: its company signed two interactions as the same one."""
    from crmdapp.customers.interaction_log import LogClient

    session = session_of(ctx)
    first, second = read_receipt(receipt), read_receipt(other)
    log = require_same_log(session, [first, second])
    client = sending(session, LogClient)
    call = client.prepare.prove_fork(first, second)
    done = send(session, call, receipt_facts(first.without_contents))
    if done is not None:
        _tell_flags(session, client.standing(log).flags, done)


# --------------------------------------------------------------------------- shared


def _leaf_of(text: str) -> bytes:
    """Return a leaf that was typed, or that of a receipt's file."""
    if len(text.removeprefix("0x")) == 64 and not Path(text).exists():
        return word_of(text, "The leaf")
    return read_receipt(Path(text)).leaf


def _require_about(proof: InteractionProof, leaf: bytes) -> None:
    from crmdapp.customers.log_proof import ProofInvalid

    if proof.leaf != leaf:
        raise ProofInvalid("The proof is about another interaction than the receipt.")


def _log_in(published: Path | None) -> bytes:
    from crmdapp.customers.log_export import read_export

    assert published is not None  # it was asked for before
    for batch, _ in read_export(published):
        return batch.log
    raise UsageError(f"{published} is empty.", hint="Ask the company for its log.")


def _audit_published(
    session: Session,
    path: Path,
    log: bytes,
    batches: tuple[AnchoredBatch, ...],
    delay: int,
    people: set[bytes],
) -> LogAudit:
    from crmdapp.customers.log_audit import audit_log

    total = batches[-1].last_seq if batches else 0
    with session.out.progress("Auditing", total, "interactions") as bar:
        return audit_log(
            path,
            log,
            batches,
            delay=delay,
            customers=people,
            progress=lambda done, _: bar.at(done),
        )


def _tell(
    session: Session,
    log: bytes,
    batches: tuple[AnchoredBatch, ...],
    receipts: int,
    whole: LogAudit | None,
    findings: list[Finding],
) -> None:
    data: dict[str, Any] = {
        "log": log,
        "batches": len(batches),
        "receipts": receipts,
        "findings": [
            {
                "kind": item.kind.value,
                "reason": item.reason,
                "customer_seq": item.customer_seq,
                "batch": item.batch,
                "leaves": [signed.leaf for signed in item.receipts],
            }
            for item in findings
        ],
    }
    looked = f"{receipts:,} receipts against {len(batches):,} batches"
    if whole is not None:
        data |= {
            "interactions": whole.interactions,
            "customers": whole.customers,
            "erased": whole.erased,
            "faults": whole.faults,
            "is_complete": whole.published.is_complete,
        }
        looked += f", and {whole.interactions:,} published interactions"
    rows = [
        [item.kind.value, str(item.customer_seq or ""), str(item.batch or ""), item.reason]
        for item in findings
    ]
    more = 0 if whole is None else whole.faults - len(whole.findings)
    verdict = f"{len(findings) + more:,} findings." if findings else "Nothing is wrong."
    session.out.result(
        data,
        Table(("Finding", ">Number", ">Batch", "Why"), rows),
        f"Looked at {looked}. {verdict}",
    )


def _tell_flags(session: Session, flags: int, done: Receipt) -> None:
    session.out.result(
        {"flags": flags, **receipt_data(done)},
        f"The log has {flags:,} flag{'s' if flags != 1 else ''} now, for everybody to see.",
        receipt_line(done),
    )


def _answered(name: bytes, sent: Receipt | None) -> dict[str, Any]:
    return {"receipt": name, "answered": sent is not None, **(receipt_data(sent) if sent else {})}

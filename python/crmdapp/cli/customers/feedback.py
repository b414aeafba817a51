"""``crmdapp customers feedback``: signed by the customer, told to the company, answered."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts
from crmdapp.cli._values import format_time, parse_span
from crmdapp.cli.customers._common import domain_of, read_file, reading, word_of
from crmdapp.cli.customers._consent import (
    KeyFileOption,
    LogIndexOption,
    deliver_private,
    opened_device,
    opened_log,
)
from crmdapp.cli.customers._crm import LogJournalOption, LogKeysOption
from crmdapp.cli.customers._log import (
    ReceiptArgument,
    read_receipt,
    receipt_facts,
    receipt_summary,
)
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.feedback import SignedFeedback
    from crmdapp.customers.noting import Notice

app = group(
    help="What customers say, and what the company replies, each signed.",
    examples=(
        "crmdapp customers feedback send friend words.txt --rating 4 --out feedback.json",
        "crmdapp customers feedback watch",
    ),
)

WordsArgument = Annotated[
    Path, typer.Argument(metavar="WORDS", help="A text file with the words; - is stdin.")
]


@app.callback()
def feedback_group() -> None:
    """What customers say, and what the company replies, each signed."""


@command(
    app,
    "send",
    examples=(
        "crmdapp customers feedback send friend words.txt --rating 4 --out feedback.json",
        "crmdapp customers feedback send friend - --about receipt.json --device me.keys",
    ),
)
def send_(
    ctx: typer.Context,
    company: Annotated[
        str, typer.Argument(metavar="COMPANY", help="The company's account, which keeps the log.")
    ],
    words: WordsArgument,
    rating: Annotated[
        int | None, typer.Option("--rating", min=1, max=5, help="1 (bad) to 5 (good).")
    ] = None,
    about: Annotated[
        Path | None,
        typer.Option("--about", metavar="FILE", help="The receipt of what it is about."),
    ] = None,
    device: KeyFileOption = None,
    log_index: LogIndexOption = 0,
    contract: Annotated[
        str | None,
        typer.Option("--contract", metavar="ADDRESS", help="With --chain-id no node is needed."),
    ] = None,
    out: NewFileOption = None,
) -> None:
    """Sign feedback with your identity for the company; give it the file that comes out."""
    from crmdapp.customers.feedback import sign_feedback
    from crmdapp.customers.leaves import NO_WORD, log_of

    session = session_of(ctx)
    address = session.address(company)
    domain = domain_of(session, "InteractionLog", contract)
    leaf = NO_WORD if about is None else read_receipt(about).leaf
    text = read_file(words, str.strip)

    def sign(signer: Signer, subject: str | None) -> SignedFeedback:
        log = log_of(address, log_index)
        now = int(time.time())
        return sign_feedback(
            signer, domain, log, text, time=now, rating=rating, about=leaf, subject=subject
        )

    if device is None:
        signed = sign(session.signer, None)
    else:
        with opened_device(session, device) as keys:
            chain = domain.chain_id
            signed = sign(keys.identity(chain, address), keys.subject(chain, address))
    deliver_private(session, json_text(signed.to_json()), out, {"digest": signed.digest})


@command(
    app,
    "take",
    examples=(
        "crmdapp customers feedback take feedback.json --out receipt.json",
        "crmdapp customers feedback take - --admit",
    ),
)
def take(
    ctx: typer.Context,
    feedback: Annotated[
        Path, typer.Argument(metavar="FEEDBACK", help="The customer's signed file; - is stdin.")
    ],
    admit: Annotated[
        bool, typer.Option("--admit", help="Take it from somebody without interactions, too.")
    ] = False,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Note a customer's feedback, tell whoever watches, and give the customer's receipt."""
    from crmdapp.chain._files import require_creatable
    from crmdapp.customers.did import DidClient
    from crmdapp.customers.feedback import SignedFeedback
    from crmdapp.customers.feedback_desk import take_feedback

    session = session_of(ctx)
    signed = read_file(feedback, SignedFeedback.from_json)
    if out is not None:
        require_creatable(out)
    owner_of = reading(session, DidClient).owner
    session.signer.unlock()
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        receipt = take_feedback(operator, signed, owner_of=owner_of, admit=admit)
    session.out.show(Facts(receipt_facts(receipt)))
    deliver_private(session, json_text(receipt.to_json()), out, receipt_summary(receipt))


@command(
    app,
    "watch",
    examples=(
        "crmdapp customers feedback watch",
        "crmdapp customers feedback watch --for 1h --every 2s",
    ),
)
def watch(
    ctx: typer.Context,
    span: Annotated[
        str | None,
        typer.Option("--for", metavar="SPAN", help="How long; what waits now by default."),
    ] = None,
    every: Annotated[
        str, typer.Option("--every", metavar="SPAN", help="How often to look.")
    ] = "1s",
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
) -> None:
    """Print feedback that nobody was told of yet, one JSON line each; each comes once."""
    session = session_of(ctx)
    pause = parse_span(every)
    end = time.monotonic() + (parse_span(span) if span is not None else 0)
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        while True:
            operator.tell(_print)
            if time.monotonic() >= end:
                return
            time.sleep(min(pause, max(0.0, end - time.monotonic())))


@command(
    app,
    "reply",
    examples=(
        f"crmdapp customers feedback reply 0x{'5a' * 32} words.txt --out reply.json",
        f"crmdapp customers feedback reply 0x{'5a' * 32} -",
    ),
)
def reply(
    ctx: typer.Context,
    leaf: Annotated[str, typer.Argument(metavar="LEAF", help="The feedback's leaf.")],
    words: WordsArgument,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Sign a reply to feedback, note it, and give the customer's receipt with the reply in it."""
    from crmdapp.chain._files import require_creatable
    from crmdapp.customers.feedback import sign_reply
    from crmdapp.customers.feedback_desk import feedback_in, take_reply

    session = session_of(ctx)
    text = read_file(words, str.strip)
    if out is not None:
        require_creatable(out)
    session.signer.unlock()
    with opened_log(session, log_journal, log_keys, log_index) as operator:
        asked = operator.receipt(word_of(leaf, "The leaf"))
        if asked is None:
            raise UsageError("The log has no such interaction.", hint="crmdapp customers log list")
        feedback_in(asked)
        signed = sign_reply(session.signer, operator.domain, asked, text, time=int(time.time()))
        receipt = take_reply(operator, asked, signed)
    session.out.show(Facts(receipt_facts(receipt)))
    deliver_private(session, json_text(receipt.to_json()), out, receipt_summary(receipt))


@command(
    app,
    "verify",
    examples=(
        "crmdapp customers feedback verify reply.json --feedback receipt.json",
        "crmdapp customers feedback verify reply.json --json",
    ),
)
def verify(
    ctx: typer.Context,
    receipt: ReceiptArgument,
    feedback: Annotated[
        Path | None,
        typer.Option("--feedback", metavar="FILE", help="The receipt that you got for yours."),
    ] = None,
) -> None:
    """Check that a reply is the company's, and to your feedback; exit code 8 if it is not."""
    from crmdapp.customers.feedback_desk import reply_in

    session = session_of(ctx)
    got = read_receipt(receipt)
    got.check()
    signed = reply_in(got)
    signed.check(None if feedback is None else read_receipt(feedback))
    session.out.result(
        {"company": signed.signer, "text": signed.text, "feedback": signed.reply.feedback},
        Facts(
            [
                ("Company", signed.signer),
                ("Time", format_time(signed.reply.time)),
                ("To feedback", "0x" + signed.reply.feedback.hex()),
            ]
        ),
        signed.text,
    )


def _print(notice: Notice) -> None:
    """Print a notice as a JSON line, at once, for the program that reads this one's output."""
    import json

    from crmdapp.customers.feedback_desk import feedback_in
    from crmdapp.customers.leaves import InteractionKind, kind_name

    contents = notice.receipt.contents
    if contents is None:
        return
    data: dict[str, Any] = {
        "leaf": "0x" + notice.receipt.leaf.hex(),
        "kind": kind_name(contents.interaction.kind),
        "time": contents.interaction.time,
    }
    if contents.interaction.kind == InteractionKind.FEEDBACK and "feedback" in contents.payload:
        said = feedback_in(notice.receipt)
        data |= {"subject": said.feedback.subject, "rating": said.rating, "text": said.text}
    print(json.dumps(data, ensure_ascii=False), flush=True)

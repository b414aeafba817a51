"""``crmdapp customers consent``: requests and answers, and whether a consent holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from crmdapp.cli._deliver import NewFileOption
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._values import parse_span
from crmdapp.cli.customers._common import (
    RegistryOption,
    domain_of,
    hex_of,
    read_file,
    reading,
)
from crmdapp.cli.customers._consent import (
    KeyFileOption,
    RequestArgument,
    TermsArgument,
    customer_signer,
    deliver_private,
    read_signed_request,
    read_terms_of,
    request_facts,
    terms_data,
)
from crmdapp.cli.customers._crm import (
    ConsentOption,
    OperatorOption,
    terms_in,
)
from crmdapp.errors import EXIT_VERIFICATION, UsageError

app = group(
    name="consent",
    help="What companies ask for, and what customers permit.",
    examples=(
        "crmdapp customers consent request draft.json --notice privacy.txt --out request.jws",
        "crmdapp customers consent grant-sign request.jws --device my.keys --out grant.json",
    ),
)

NoticeOption = Annotated[
    Path | None,
    typer.Option("--notice", metavar="FILE", help="The privacy notice, to be compared."),
]
_ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@app.callback()
def consent_group() -> None:
    """What companies ask for, and what customers permit."""


@command(
    app,
    "request",
    examples=(
        "crmdapp customers consent request draft.json --notice privacy.txt --out request.jws",
        "crmdapp customers consent request - --notice privacy.txt --answer-within 7d",
    ),
)
def request(
    ctx: typer.Context,
    draft: Annotated[
        Path, typer.Argument(metavar="DRAFT", help="JSON: whom you ask for what; - is stdin.")
    ],
    notice: Annotated[
        Path, typer.Option("--notice", metavar="FILE", help="The privacy notice you show.")
    ],
    answer_within: Annotated[
        str, typer.Option("--answer-within", metavar="SPAN", help="Time to answer: 24h, 30d.")
    ] = "30d",
    operator: OperatorOption = None,
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Ask a customer for consent; your account is the data controller and signs.

    The answer will be wrapped to the reading key in your key file.
    """
    import time

    from crmdapp.customers.request_draft import draft_request
    from crmdapp.customers.requests import ask
    from crmdapp.store.keys import OperatorKeys

    session = session_of(ctx)
    domain = domain_of(session, "ConsentRegistry", registry)
    own = OperatorKeys(operator or session.config.state_dir / "operator.sqlite3")
    with own as keys:
        public_key = keys.reading_public_key
    offline = registry is not None or session.config.chain_id is not None
    now = int(time.time()) if offline else session.connection.block_timestamp()
    made = draft_request(
        read_file(draft, str),
        data_controller=session.signer.address,
        domain=domain,
        notice=_bytes_of(notice),
        public_key=public_key,
        now=now,
        answer_by=now + parse_span(answer_within),
    )
    signed = ask(session.signer, made)
    deliver_private(session, signed.document.text + "\n", out, terms_data(made.terms))


@command(
    app,
    "show",
    examples=(
        "crmdapp customers consent show request.jws",
        "crmdapp customers consent show request.jws --notice privacy.txt --json",
    ),
)
def show(ctx: typer.Context, request: RequestArgument, notice: NoticeOption = None) -> None:
    """Show what a company asks for, in words; with its privacy notice, whether that is the one."""
    session = session_of(ctx)
    signed = read_signed_request(request)
    if notice is not None:
        signed.request.require_notice(_bytes_of(notice))
    data = {**signed.request.to_json(), "request": signed.hash}
    data["terms"] = terms_data(signed.request.terms)
    session.out.result(data, Facts(request_facts(signed.request)))


@command(
    app,
    "terms",
    examples=(
        "crmdapp customers consent terms request.jws --out consents/news.json",
        "crmdapp customers consent terms request.jws",
    ),
)
def terms_(ctx: typer.Context, request: RequestArgument, out: NewFileOption = None) -> None:
    """Give the terms of a request: keep them, or nobody can tell what the consent was about."""
    from crmdapp.customers.terms_file import terms_text

    session = session_of(ctx)
    found = read_signed_request(request).request.terms
    deliver_private(session, terms_text(found).decode() + "\n", out, terms_data(found))


@command(
    app,
    "deny",
    examples=(
        "crmdapp customers consent deny request.jws --device my.keys --out denial.jws",
        "crmdapp customers consent deny request.jws --account me",
    ),
)
def deny(
    ctx: typer.Context,
    request: RequestArgument,
    device: KeyFileOption = None,
    out: NewFileOption = None,
) -> None:
    """Say no to a request, signed, so that the company has it in writing. Needs no node."""
    import time

    from crmdapp.customers import answers

    session = session_of(ctx)
    signed = read_signed_request(request)
    domain = signed.request.domain
    with customer_signer(session, device, domain.chain_id, signed.request.terms) as signer:
        denial = answers.deny(signer, signed, int(time.time()))
    deliver_private(session, denial.document.text + "\n", out, {"consent_id": denial.consent_id})


@command(
    app,
    "check",
    examples=(
        "crmdapp customers consent check consents/news.json",
        "crmdapp customers consent check request.jws --purpose Advertising --category Age --json",
    ),
)
def check(
    ctx: typer.Context,
    terms: TermsArgument,
    purpose: Annotated[
        list[str] | None,
        typer.Option("--purpose", metavar="TERM", help="What for; all permitted ones by default."),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", metavar="TERM", help="Which data; all permitted by default."),
    ] = None,
) -> None:
    """Ask the chain whether a consent holds now and covers this; exit code 8 if not."""
    from crmdapp.customers import codes
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = read_terms_of(terms)
    client = reading(session, ConsentClient)
    own = found.permission
    purposes = codes.purpose_bits(purpose) if purpose else own.purposes
    categories = codes.category_bits(category) if category else own.categories
    holds = client.check(found, purposes, categories)
    consent = client.consent(found.subject, found.consent_id)
    state = consent.state(found, client.connection.block_timestamp())
    session.out.result(
        {**terms_data(found), "holds": holds, "state": state.value},
        f"The consent {'holds' if holds else 'does not hold'}: it is {state.value}"
        + ("." if holds or state.value != "active" else ", but does not cover all of this."),
    )
    if not holds:
        raise typer.Exit(EXIT_VERIFICATION)


@command(
    app,
    "list",
    examples=(
        f"crmdapp customers consent list {_ADDRESS} --consent consents",
        "crmdapp customers consent list me --json",
    ),
)
def list_(
    ctx: typer.Context,
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="The identity: its address or name.")
    ],
    consent: ConsentOption = None,
) -> None:
    """List the consents an identity ever gave; what they were about is in your terms files."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    client = reading(session, ConsentClient)
    known = {item.consent_id: item for item in terms_in(consent)}
    now = client.connection.block_timestamp()
    address = session.address(subject)
    rows: list[dict[str, Any]] = []
    for consent_id in client.granted_to(address):
        found = client.consent(address, consent_id)
        terms = known.get(consent_id)
        state = found.status.name.lower() if terms is None else found.state(terms, now).value
        row: dict[str, Any] = {"consent_id": consent_id, "state": state, "version": found.version}
        if terms is not None:
            row |= {**terms_data(terms), "ends_at": found.ends_at(terms)}
        rows.append(row)
    session.out.result({"subject": address, "consents": rows}, _table(rows))


def _table(rows: list[dict[str, Any]]) -> Table:
    return Table(
        ("Consent", "State", "Company", "Purposes"),
        [
            (
                hex_of(row["consent_id"]),
                row["state"],
                row.get("data_controller", "not in your files"),
                ", ".join(row.get("purposes", ())),
            )
            for row in rows
        ],
    )


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"{path} cannot be read.", why=str(problem.strerror)) from None

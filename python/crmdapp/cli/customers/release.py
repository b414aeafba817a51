"""``crmdapp customers release``: a company asks for data, a vault answers, the company opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, json_text
from crmdapp.cli._frame import command, group, session_of
from crmdapp.cli._values import format_time, parse_span, parse_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    NonceOption,
    RegistryOption,
    ValidForOption,
    domain_of,
    hex_of,
    nonce_of,
    read_file,
    reading,
)
from crmdapp.cli.customers._consent import (
    LogIndexOption,
    TermsArgument,
    deliver_private,
    opened_log,
    read_terms_of,
    require_domain,
)
from crmdapp.cli.customers._crm import (
    LogJournalOption,
    LogKeysOption,
    OperatorOption,
    VaultOption,
)

if TYPE_CHECKING:
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.release import OpenedField
    from crmdapp.store.vault import Vault

app = group(
    name="release",
    help="Data for those who have a consent: ask, answer, open.",
    examples=(
        "crmdapp customers release request consents/news.json --out ask.json",
        "crmdapp customers release answer ask.json --out data.json",
    ),
)

AskArgument = Annotated[
    Path, typer.Argument(metavar="REQUEST", help="The signed request for data; - is stdin.")
]


@app.callback()
def release_group() -> None:
    """Data for those who have a consent: ask, answer, open."""


@command(
    app,
    "request",
    examples=(
        "crmdapp customers release request consents/news.json --out ask.json",
        "crmdapp customers release request request.jws --purpose Advertising --category Age",
    ),
)
def request(
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
    nonce: NonceOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "15m",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Ask for the data that a consent permits; your account is its data controller and signs."""
    from crmdapp.customers import codes
    from crmdapp.customers.release import sign_release

    session = session_of(ctx)
    found = read_terms_of(terms)
    domain = domain_of(session, "ConsentRegistry", registry)
    own = found.permission
    signed = sign_release(
        session.signer,
        domain,
        found,
        purposes=codes.purpose_bits(purpose) if purpose else own.purposes,
        categories=codes.category_bits(category) if category else own.categories,
        nonce=nonce_of(session, domain, nonce),
        deadline=_until(deadline, valid_for),
    )
    deliver_private(session, json_text(signed.to_json()), out, {"digest": signed.digest})


@command(
    app,
    "answer",
    examples=(
        "crmdapp customers release answer ask.json --out data.json",
        "crmdapp customers release answer - --max-head-age 10m",
    ),
)
def answer(
    ctx: typer.Context,
    request: AskArgument,
    max_head_age: Annotated[
        str,
        typer.Option(
            "--max-head-age", metavar="SPAN", help="Oldest newest block that is believed."
        ),
    ] = "2m",
    vault: VaultOption = None,
    operator: OperatorOption = None,
    log_journal: LogJournalOption = None,
    log_keys: LogKeysOption = None,
    log_index: LogIndexOption = 0,
    out: NewFileOption = None,
) -> None:
    """Give sealed data and wrapped keys to a company that has a consent, and put it into the log.

    Your account keeps the vault and its log. What is refused is put into the log, too.
    """
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.release import SignedRelease
    from crmdapp.customers.release_book import ReleaseBook
    from crmdapp.customers.release_desk import ReleaseDesk
    from crmdapp.store.database import open_store
    from crmdapp.store.keys import OperatorKeys
    from crmdapp.store.vault import Vault

    session = session_of(ctx)
    signed = read_file(request, SignedRelease.from_json)
    client = reading(session, ConsentClient)
    state = session.config.state_dir
    if out is not None:
        from crmdapp.chain._files import require_creatable

        require_creatable(out)  # the request is used up by its answer
    with (
        open_store(vault or state / "vault.sqlite3") as store,
        OperatorKeys(operator or state / "operator.sqlite3") as keys,
        opened_log(session, log_journal, log_keys, log_index) as log,
        ReleaseBook(state / "releases.sqlite3") as book,
    ):
        held = Vault(store, keys, client.domain, owner_of=client.owner_of)
        desk = ReleaseDesk(
            held,
            client,
            log,
            book,
            customer_of=lambda profile: _known_as(held, log, profile),
            head_age=parse_span(max_head_age),
        )
        given = desk.answer(signed)
    deliver_private(
        session,
        json_text(given.release.to_json()),
        out,
        {
            "consent_id": given.release.consent_id,
            "fields": len(given.release.fields),
            "leaf": given.receipt.leaf,
            "anchor_by": given.receipt.receipt.anchor_by,
        },
    )
    session.out.say(
        "The disclosure is in the log; it will be anchored by"
        f" {format_time(given.receipt.receipt.anchor_by)}."
    )


@command(
    app,
    "open",
    examples=(
        "crmdapp customers release open data.json ask.json --out customer.json",
        "crmdapp customers release open data.json ask.json --operator company.sqlite3",
    ),
)
def open_(
    ctx: typer.Context,
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The answer of the vault's keeper.")],
    request: AskArgument,
    operator: OperatorOption = None,
    out: NewFileOption = None,
) -> None:
    """Open what was answered with your company's reading key; it is personal data from here on."""
    from crmdapp.customers.consents import ConsentClient
    from crmdapp.customers.release import Release, SignedRelease, open_release
    from crmdapp.store.keys import OperatorKeys

    session = session_of(ctx)
    signed = read_file(request, SignedRelease.from_json)
    found = read_file(data, Release.from_json)
    client = reading(session, ConsentClient)
    require_domain(found.domain, client.domain)
    own = OperatorKeys(operator or session.config.state_dir / "operator.sqlite3")
    with own as keys:
        opened = open_release(
            found,
            signed,
            keys.reading_key,
            owner_of=client.owner_of,
            now=client.connection.block_timestamp(),
        )
    text = json.dumps([_field(item) for item in opened], indent=2, ensure_ascii=False) + "\n"
    deliver_private(session, text, out, {"fields": len(opened)})


def _until(deadline: str | None, valid_for: str) -> int:
    """Return a request's deadline in Unix seconds: a vault judges it by a clock, not by the chain.

    Raises:
        UsageError: Neither a moment nor a span.
    """
    import time

    return int(time.time()) + parse_span(valid_for) if deadline is None else parse_time(deadline)


def _known_as(vault: Vault, log: LogOperator, profile: bytes) -> str:
    """Return the name a customer has in the log: one person's entries make one sequence."""
    from crmdapp.store._intake import SUBJECT

    cid = hex_of(profile)
    names = [*vault.keys.linked(profile, SUBJECT), cid]
    return next((name for name in names if log.known_pseudonym(name) is not None), names[0])


def _field(item: OpenedField) -> dict[str, object]:
    from crmdapp.customers import codes

    try:
        value = item.value.decode()
    except UnicodeDecodeError:
        value = "0x" + item.value.hex()
    category = codes.names(1 << item.category, codes.CATEGORIES)[0]
    return {"field": item.field, "category": category, "version": item.version, "value": value}

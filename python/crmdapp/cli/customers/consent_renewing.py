"""``crmdapp customers consent``: let a consent last longer, by account or by signature."""

from __future__ import annotations

from typing import Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed
from crmdapp.cli._frame import SendingCommand, command, session_of
from crmdapp.cli._values import format_time, parse_time
from crmdapp.cli.customers._common import (
    DeadlineOption,
    RegistryOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    domain_of,
    read_file,
    sending,
)
from crmdapp.cli.customers._consent import (
    KeyFileOption,
    TermsArgument,
    carry_out,
    customer_signer,
    read_terms_of,
    require_domain,
    send_signed,
    terms_facts,
)
from crmdapp.cli.customers.consent import app

EndArgument = Annotated[
    str, typer.Argument(metavar="UNTIL", help="The new end: a date or Unix seconds.")
]


@command(
    app,
    "renew",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent renew consents/news.json 2027-12-31",
        "crmdapp customers consent renew request.jws 2027-12-31 --yes --json",
    ),
)
def renew(ctx: typer.Context, terms: TermsArgument, until: EndArgument) -> None:
    """Let a consent last longer; your account is the identity and pays."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found, end = read_terms_of(terms), parse_time(until)
    client = sending(session, ConsentClient)
    about = [*terms_facts(found), ("New end", format_time(end))]
    carry_out(session, client.prepare.renew(found, end), found, about)


@command(
    app,
    "renew-sign",
    examples=(
        "crmdapp customers consent renew-sign news.json 2027-12-31 --device my.keys",
        "crmdapp customers consent renew-sign news.json 2027-12-31 --account me --out more.json",
    ),
)
def renew_sign(
    ctx: typer.Context,
    terms: TermsArgument,
    until: EndArgument,
    device: KeyFileOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a consent lasts longer; somebody else pays."""
    from crmdapp.customers.consent_intents import sign_renewal

    session = session_of(ctx)
    found = read_terms_of(terms)
    domain = domain_of(session, "ConsentRegistry", registry)
    last = deadline_of(session, deadline, valid_for, registry)
    with customer_signer(session, device, domain.chain_id, found) as signer:
        signed = sign_renewal(signer, domain, found, parse_time(until), deadline=last)
    deliver_signed(session, signed, out)


@command(
    app,
    "renew-submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent renew-submit more.json",
        "crmdapp customers consent renew-submit more.json --yes --json",
    ),
)
def renew_submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Send a customer's signed renewal; the account only pays."""
    from crmdapp.customers.consent_intents import SignedRenewal
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    signed = read_file(file, SignedRenewal.from_json)
    client = sending(session, ConsentClient)
    require_domain(signed.domain, client.domain)
    send_signed(session, client.prepare.renew_by_sig(signed), signed.renewal.consent_id)

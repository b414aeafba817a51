"""``crmdapp customers consent``: grant, withdraw, renew and revoke, by account or by signature."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._deliver import NewFileOption, deliver_signed, json_text
from crmdapp.cli._frame import AskingCommand, SendingCommand, command, session_of
from crmdapp.cli._output import Facts, Table
from crmdapp.cli._sending import confirm, origin
from crmdapp.cli.customers._common import (
    DeadlineOption,
    RegistryOption,
    SignedArgument,
    ValidForOption,
    deadline_of,
    domain_of,
    hex_of,
    read_file,
    sending,
    word_of,
)
from crmdapp.cli.customers._consent import (
    KeyFileOption,
    RequestArgument,
    TermsArgument,
    carry_out,
    customer_signer,
    deliver_private,
    opened_device,
    read_signed_request,
    read_terms_of,
    request_facts,
    require_domain,
    send_signed,
)
from crmdapp.cli.customers.consent import NoticeOption, app
from crmdapp.errors import EXIT_REVERTED, UsageError

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.requests import ConsentRequest
    from crmdapp.store.epochs import KeyPackage

ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="CID", help="Your profile in the company's vault."),
]
PackageOption = Annotated[
    Path | None,
    typer.Option("--package", metavar="FILE", help="New file: the keys for the vault's keeper."),
]


@command(
    app,
    "grant",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent grant request.jws --notice privacy.txt",
        "crmdapp customers consent grant request.jws --account me --yes --json",
    ),
)
def grant(ctx: typer.Context, request: RequestArgument, notice: NoticeOption = None) -> None:
    """Permit exactly what a request asks for; your account is the identity and pays."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = _answerable(request, notice)
    client = sending(session, ConsentClient)
    require_domain(found.domain, client.domain)
    found.require_open(client.connection.block_timestamp())
    carry_out(session, client.prepare.grant(found.terms), found.terms, request_facts(found))


@command(
    app,
    "grant-sign",
    examples=(
        "crmdapp customers consent grant-sign request.jws --device my.keys --out grant.json",
        "crmdapp customers consent grant-sign request.jws --account me --notice privacy.txt",
    ),
)
def grant_sign(
    ctx: typer.Context,
    request: RequestArgument,
    notice: NoticeOption = None,
    device: KeyFileOption = None,
    profile: ProfileOption = None,
    package: PackageOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that you permit exactly what a request asks for; somebody else pays. Needs no node.

    With --profile and --package your device also wraps the keys to the data for the company.
    """
    import time

    from crmdapp.customers.answers import agree

    session = session_of(ctx)
    _require_package(profile, package, device, out)
    signed = read_signed_request(request)
    found, now = _answerable(request, notice, signed.request), int(time.time())
    session.out.say("You permit this:")
    session.out.show(Facts(request_facts(found)))
    with customer_signer(session, device, found.domain.chain_id, found.terms) as signer:
        answer = agree(signer, signed, now)
    if device is not None and profile is not None and package is not None:
        _wrap(session, device, word_of(profile, "CID"), found, now, package)
    deliver_private(session, json_text(answer.to_json()), out, {"digest": answer.digest})


@command(
    app,
    "grant-submit",
    cls=AskingCommand,
    examples=(
        "crmdapp customers consent grant-submit grant.json",
        "crmdapp customers consent grant-submit grants/*.json --yes --json",
    ),
)
def grant_submit(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILES...", help="Signed grants; - is standard input.")
    ],
) -> None:
    """Send customers' signed grants in one transaction for each 200; the account only pays.

    Those that do not hold are left out and reported (exit code 6).
    """
    from crmdapp.customers.consent_intents import SignedConsent
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    client = sending(session, ConsentClient)
    found = [read_file(path, SignedConsent.from_json) for path in files]
    for item in found:
        require_domain(item.domain, client.domain)
    facts = [("Function", "ConsentRegistry.grantMany"), *origin(session)]
    session.out.show(Facts([*facts, ("Grants", f"{len(found):,}")]), to_decide=not session.yes)
    if session.dry_run:
        session.out.result({"dry_run": True, "grants": len(found)}, "Nothing was sent.")
        return
    confirm(session, "Send them?")
    session.signer.unlock()
    told = list(client.grant_many(found))
    rows = [
        {
            "consent_id": item.consent_id,
            "subject": item.subject,
            "granted": item.is_granted,
            "reason": item.reason,
            "hash": item.tx_hash,
        }
        for item in told
    ]
    session.out.result(
        {"grants": rows},
        Table(
            ("Consent", "Outcome"),
            [(hex_of(item.consent_id), item.reason or "granted") for item in told],
        ),
    )
    if not all(item.is_granted for item in told):
        raise typer.Exit(EXIT_REVERTED)


@command(
    app,
    "withdraw",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent withdraw consents/news.json",
        "crmdapp customers consent withdraw request.jws --account me --yes --json",
    ),
)
def withdraw(ctx: typer.Context, terms: TermsArgument) -> None:
    """Take a consent back, at once and for ever; your account is the identity and pays."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = read_terms_of(terms)
    client = sending(session, ConsentClient)
    carry_out(session, client.prepare.withdraw(found.subject, found.consent_id), found)


@command(
    app,
    "withdraw-sign",
    examples=(
        "crmdapp customers consent withdraw-sign news.json --device my.keys --out end.json",
        "crmdapp customers consent withdraw-sign news.json --account me --valid-for 7d",
    ),
)
def withdraw_sign(
    ctx: typer.Context,
    terms: TermsArgument,
    device: KeyFileOption = None,
    profile: ProfileOption = None,
    package: PackageOption = None,
    deadline: DeadlineOption = None,
    valid_for: ValidForOption = "24h",
    registry: RegistryOption = None,
    out: NewFileOption = None,
) -> None:
    """Sign that a consent ends; somebody else pays.

    With --profile and --package your device also begins new keys, which the company does not get.
    """
    import time

    from crmdapp.customers.consent_intents import sign_withdrawal

    session = session_of(ctx)
    _require_package(profile, package, device, out)
    found = read_terms_of(terms)
    domain = domain_of(session, "ConsentRegistry", registry)
    until = deadline_of(session, deadline, valid_for, registry)
    with customer_signer(session, device, domain.chain_id, found) as signer:
        signed = sign_withdrawal(signer, domain, found.subject, found.consent_id, deadline=until)
    if device is not None and profile is not None and package is not None:
        with opened_device(session, device) as keys:
            made = keys.withdraw(word_of(profile, "CID"), found.consent_id, now=int(time.time()))
        _keep_package(session, made, package)
    deliver_signed(session, signed, out)


@command(
    app,
    "withdraw-submit",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent withdraw-submit end.json",
        "crmdapp customers consent withdraw-submit end.json --yes --json",
    ),
)
def withdraw_submit(ctx: typer.Context, file: SignedArgument) -> None:
    """Send a customer's signed withdrawal; the account only pays."""
    from crmdapp.customers.consent_intents import SignedWithdrawal
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    signed = read_file(file, SignedWithdrawal.from_json)
    client = sending(session, ConsentClient)
    require_domain(signed.domain, client.domain)
    send_signed(session, client.prepare.withdraw_by_sig(signed), signed.withdrawal.consent_id)


@command(
    app,
    "revoke",
    cls=SendingCommand,
    examples=(
        "crmdapp customers consent revoke consents/news.json",
        "crmdapp customers consent revoke request.jws --yes --json",
    ),
)
def revoke(ctx: typer.Context, terms: TermsArgument) -> None:
    """Give up a consent that your account, the data controller, was given."""
    from crmdapp.customers.consents import ConsentClient

    session = session_of(ctx)
    found = read_terms_of(terms)
    client = sending(session, ConsentClient)
    carry_out(session, client.prepare.revoke(found), found)


def _answerable(
    path: Path, notice: Path | None, known: ConsentRequest | None = None
) -> ConsentRequest:
    """Return a request; with a privacy notice only if that is the one."""
    found = known or read_signed_request(path).request
    if notice is not None:
        try:
            found.require_notice(notice.read_bytes())
        except OSError as problem:
            raise UsageError(f"{notice} cannot be read.", why=str(problem.strerror)) from None
    return found


def _wrap(
    session: Session, device: Path, profile: bytes, request: ConsentRequest, now: int, out: Path
) -> None:
    """Wrap the keys of a request's categories to the company's reading key, on the device."""
    from crmdapp.store.device import Grant

    permission = request.terms.permission
    consent = Grant(
        request.terms.consent_id,
        request.terms.data_controller.account,
        permission.categories,
        request.public_key,
        permission.valid_until,
    )
    with opened_device(session, device) as keys:
        made = keys.consent(profile, consent, now=now)
    _keep_package(session, made, out)


def _require_package(
    profile: str | None, package: Path | None, device: Path | None, out: Path | None
) -> None:
    """Check the options of a package before the device makes one: it makes each once."""
    from crmdapp.chain._files import require_creatable

    if (profile is None) != (package is None) or (package is not None and device is None):
        raise UsageError("--package needs --profile and --device, and --profile needs --package.")
    for path in (package, out):
        if path is not None:
            require_creatable(path)


def _keep_package(session: Session, made: KeyPackage, path: Path) -> None:
    from crmdapp.chain._files import OWN, create

    create(path, json_text(made.to_json()).encode(), mode=OWN)
    session.out.say(f"Written to {path}: give it to whoever keeps the vault.")

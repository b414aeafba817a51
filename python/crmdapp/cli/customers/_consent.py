"""What the commands about consent and release share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crmdapp.cli._sending import receipt_data, receipt_line, send
from crmdapp.cli._values import format_time
from crmdapp.cli.customers._common import hex_of, read_file
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.chain.calls import Call
    from crmdapp.chain.typed_data import Domain
    from crmdapp.cli._context import Session
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.requests import ConsentRequest, SignedRequest
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.store.device import DeviceKeys

RequestArgument = Annotated[
    Path, typer.Argument(metavar="REQUEST", help="The company's signed request; - is stdin.")
]
TermsArgument = Annotated[
    Path, typer.Argument(metavar="TERMS", help="Terms of the consent, or its signed request.")
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--device",
        metavar="FILE",
        help="The customer's key file: its identity for the company signs.",
    ),
]
LogIndexOption = Annotated[
    int, typer.Option("--log-index", min=0, metavar="NUMBER", help="Which log of the account.")
]


def read_signed_request(path: Path) -> SignedRequest:
    """Return a company's request.

    Raises:
        DocumentInvalid: It is none, altered, or signed by somebody else.
        UsageError: The file cannot be read.
    """
    from crmdapp.customers.requests import read_request

    return read_file(path, read_request)


def read_terms_of(path: Path) -> ConsentTerms:
    """Return the terms in a file: plain ones, or those of a signed request.

    Raises:
        CrmdappError: It holds neither.
    """
    from crmdapp.customers.requests import read_request
    from crmdapp.customers.terms_file import read_terms

    def parse(text: str) -> ConsentTerms:
        if text.lstrip().startswith("{"):
            return read_terms(text.encode(), path.name)
        return read_request(text).request.terms

    return read_file(path, parse)


@contextmanager
def opened_device(session: Session, path: Path) -> Iterator[DeviceKeys]:
    """Open the customer's key file with the password of the session.

    Raises:
        KeyFileProblem: It cannot be used.
        WrongPassword: The password does not open it.
    """
    from crmdapp.cli._keys import ask_password
    from crmdapp.store.device import DeviceKeys

    password = ask_password(session.config, session.out, path.name)
    with DeviceKeys.open(path, password) as keys:
        yield keys


@contextmanager
def customer_signer(
    session: Session, device: Path | None, chain_id: int, terms: ConsentTerms
) -> Iterator[Signer]:
    """Give the key that signs for the subject: the device's identity, else the account.

    Raises:
        UsageError: The device has another identity for this company.
        KeyProblem: The key cannot be used.
    """
    if device is None:
        yield session.signer
        return
    with opened_device(session, device) as keys:
        company = terms.data_controller.account
        if keys.subject(chain_id, company) != terms.subject:
            raise UsageError(
                f"{terms.subject} is not the identity that this key file has for {company}.",
                hint="Ask the company for a request to the identity that you gave it.",
            )
        yield keys.identity(chain_id, company)


@contextmanager
def opened_log(
    session: Session, journal: Path | None, keys: Path | None, index: int
) -> Iterator[LogOperator]:
    """Open the account's interaction log.

    Raises:
        CrmdappError: It was not opened on chain, or a file cannot be used.
    """
    from crmdapp.cli.customers._common import sending
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.log_journal import LogJournal
    from crmdapp.customers.log_keys import LogKeys
    from crmdapp.customers.operator import LogOperator

    state = session.config.state_dir
    client = sending(session, LogClient)
    with (
        LogJournal(journal or state / "interactions.sqlite3") as book,
        LogKeys(keys or state / "interaction-keys.sqlite3") as links,
    ):
        yield LogOperator(client, book, links, signer=session.signer, index=index)


def terms_facts(terms: ConsentTerms) -> list[tuple[str, str]]:
    """Return terms for people, every purpose and category by its name."""
    from crmdapp.customers import codes
    from crmdapp.customers.special_categories import special_categories

    own = terms.permission
    special = special_categories(own.categories)
    return [
        ("Consent", hex_of(terms.consent_id)),
        ("Company", terms.data_controller.account),
        ("Your identity", own.subject),
        ("Purposes", _labels(own.purposes, codes.PURPOSES)),
        ("Data", _labels(own.categories, codes.CATEGORIES)),
        *([("Special categories", ", ".join(special))] if special else []),
        ("From", format_time(own.valid_from)),
        ("Until", format_time(own.valid_until)),
        ("Law of", own.jurisdiction.decode()),
        *([("Reward", f"campaign {own.reward_id}")] if own.reward_id else []),
    ]


def request_facts(request: ConsentRequest) -> list[tuple[str, str]]:
    """Return a request for people: the terms, and what the company promises."""
    who, how = request.company, request.handling
    return [
        ("Asked by", f"{who.name}, {who.address}, {who.country}"),
        ("Contact", f"{who.contact}, {who.email}, {who.phone}, {who.url}"),
        *terms_facts(request.terms),
        ("Service", how.service),
        ("Passed on to", ", ".join(request.recipients) or "nobody"),
        ("Kept in", ", ".join(how.storage)),
        ("Kept for", how.retention),
        ("Privacy notice", how.notice_url),
        ("To withdraw", how.withdrawal),
        ("Answer until", format_time(request.answer_by)),
    ]


def terms_data(terms: ConsentTerms) -> dict[str, object]:
    """Return terms as JSON data, without their salts."""
    own = terms.permission
    return {
        "consent_id": terms.consent_id,
        "data_controller": terms.data_controller.account,
        "subject": own.subject,
        "purposes": own.purpose_terms,
        "categories": own.category_terms,
        "valid_from": own.valid_from,
        "valid_until": own.valid_until,
    }


def require_domain(signed: Domain, own: Domain) -> None:
    """Check that something was signed for the registry that this session uses.

    Raises:
        UsageError: It was not.
    """
    if signed.separator() != own.separator():
        raise UsageError(
            f"This is for the registry {signed.verifying_contract} on chain {signed.chain_id}.",
            hint="Choose that chain and its deployment, or ask the company again.",
        )


def carry_out(
    session: Session,
    call: Call,
    terms: ConsentTerms,
    about: list[tuple[str, str]] | None = None,
) -> None:
    """Show what a call does to a consent, ask, send it and tell its receipt."""
    receipt = send(session, call, about or terms_facts(terms))
    if receipt is not None:
        data: dict[str, Any] = {**terms_data(terms), **receipt_data(receipt)}
        session.out.result(data, receipt_line(receipt))


def send_signed(session: Session, call: Call, consent_id: bytes) -> None:
    """Show that a signed withdrawal or renewal is passed on, ask, send it and tell its receipt."""
    receipt = send(session, call, [("Consent", hex_of(consent_id))])
    if receipt is not None:
        data = {"consent_id": consent_id, **receipt_data(receipt)}
        session.out.result(data, receipt_line(receipt))


def deliver_private(
    session: Session, text: str, out: Path | None, data: Mapping[str, object]
) -> None:
    """Print a text, or write it to a new file that only its owner may read, and say so.

    Raises:
        UsageError: There is such a file already, or no such folder.
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full; nothing is left behind.
    """
    from crmdapp.chain._files import OWN, create

    if out is None:
        print(text, end="")
        return
    create(out, text.encode(), mode=OWN)
    session.out.result({"file": out, **data}, f"Written to {out}.")


def _labels(bits: int, table: tuple[object, ...]) -> str:
    from crmdapp.customers import codes

    shown: tuple[codes.Code, ...] = table  # type: ignore[assignment]  # the tables of codes
    return ", ".join(each.label for each in shown if bits >> each.bit & 1)

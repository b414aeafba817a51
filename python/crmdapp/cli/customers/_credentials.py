"""Arguments, and what the commands about credentials need first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli._frame import group
from crmdapp.cli.customers._common import domain_of

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.credentials.keys import AccountKey
    from crmdapp.customers.credentials.status_book import StatusBook
    from crmdapp.customers.credentials.vc import Registry

CredentialArgument = Annotated[
    Path, typer.Argument(metavar="CREDENTIAL", help="File with the credential; - is stdin.")
]
AudienceOption = Annotated[
    str, typer.Option("--audience", metavar="URL", help="Who verifies it, as the verifier says.")
]
NonceOption = Annotated[
    str, typer.Option("--nonce", metavar="TEXT", help="What the verifier gave, for once.")
]
AttestationsOption = Annotated[
    str | None,
    typer.Option(
        "--registry", metavar="ADDRESS", help="The AttestationRegistry; else the manifest's."
    ),
]
BookOption = Annotated[
    Path | None,
    typer.Option("--book", metavar="FILE", help="Your book of status lists; else in the state."),
]

KIND = "urn:example:customer"
URL = "https://issuer.example/status/1"
SHOP = "https://shop.example"
SUBJECT = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"

app = group(
    help="Verifiable credentials: claims that a customer shows one by one.",
    examples=(
        f"crmdapp customers credential issue claims.json {SUBJECT} 1 2 --kind {KIND} --out c.txt",
        f"crmdapp customers credential present c.txt --show member --audience {SHOP} --nonce 4pC",
    ),
)


@app.callback()
def credential_group() -> None:
    """Verifiable credentials: claims that a customer shows one by one.

    A credential is a file that only its owner should read: it holds personal data.
    """


def registry_of(session: Session, registry: str | None) -> Registry:
    """Return where attestations are, without a node if that is known here."""
    from crmdapp.customers.credentials.vc import Registry

    domain = domain_of(session, "AttestationRegistry", registry)
    return Registry(domain.chain_id, domain.verifying_contract)


def own_key(session: Session) -> AccountKey:
    """Return the account, as a key that signs credentials."""
    from crmdapp.customers.credentials.keys import AccountKey

    return AccountKey(session.signer)


def book_of(session: Session, book: Path | None) -> StatusBook:
    """Return the issuer's book of status lists; the caller closes it."""
    from crmdapp.customers.credentials.status_book import StatusBook

    return StatusBook(book or session.config.state_dir / "status.sqlite3")

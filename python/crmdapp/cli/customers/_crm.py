"""What the commands of the company's CRM work share: the vault, merges, tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmdapp.cli.customers._common import domain_of, reading

if TYPE_CHECKING:
    from crmdapp.cli._context import Session
    from crmdapp.customers.dedupe import Merges
    from crmdapp.customers.tags import TagSpace
    from crmdapp.customers.terms import ConsentTerms
    from crmdapp.store.vault import Vault

VaultOption = Annotated[
    str | None,
    typer.Option("--vault", metavar="FILE", help="The store: a file, or a postgresql:// address."),
]
OperatorOption = Annotated[
    Path | None,
    typer.Option("--operator", metavar="FILE", help="The operator's key file."),
]
PepperOption = Annotated[
    Path | None, typer.Option("--pepper", metavar="FILE", help="The pepper file.")
]
DeviceOption = Annotated[
    Path | None, typer.Option("--device", metavar="FILE", help="The customer's key file.")
]
ConsentOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--consent", metavar="FILE", help="Terms of a consent, or a folder of them; repeat."
    ),
]
LogJournalOption = Annotated[
    Path | None,
    typer.Option("--log-journal", metavar="FILE", help="The interaction log's journal."),
]
LogKeysOption = Annotated[
    Path | None, typer.Option("--log-keys", metavar="FILE", help="The interaction log's keys.")
]


@contextmanager
def opened_vault(session: Session, vault: str | None, operator: Path | None) -> Iterator[Vault]:
    """Give the company's vault.

    Raises:
        StoreProblem: The store cannot be used.
        KeyFileProblem: The operator's key file cannot be used.
    """
    from crmdapp.store.database import open_store
    from crmdapp.store.epochs import vault_domain
    from crmdapp.store.keys import OperatorKeys
    from crmdapp.store.vault import Vault

    state = session.config.state_dir
    domain = domain_of(session, "ConsentRegistry")
    place = vault_domain(domain.chain_id, domain.verifying_contract)
    with (
        open_store(vault or state / "vault.sqlite3") as store,
        OperatorKeys(operator or state / "operator.sqlite3") as keys,
    ):
        yield Vault(store, keys, place)


def merges_of(vault: Vault) -> Merges:
    """Return the review queue and merges of a vault."""
    from crmdapp.customers.dedupe import Merges

    return Merges(vault.store, clock=time.time)


def tag_space(session: Session, scope: int) -> TagSpace:
    """Return the registry and scope that customers' ids are of."""
    from crmdapp.customers.tags import TagSpace

    domain = domain_of(session, "CustomerRegistry")
    return TagSpace(domain.chain_id, domain.verifying_contract, scope)


def terms_in(paths: Sequence[Path] | None) -> list[ConsentTerms]:
    """Return the terms in files, and in all ``.json`` files of folders.

    Raises:
        FileRejected: One is no terms file.
        UsageError: One cannot be read.
    """
    from crmdapp.customers.terms_file import load_terms

    files = [
        file
        for path in paths or ()
        for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    return [load_terms(file) for file in files]


def decider(session: Session) -> str:
    """Return who decides, as it goes on record: the name or address of the account."""
    return str(getattr(session.signer, "name", "") or session.signer.address)


__all__ = [
    "ConsentOption",
    "DeviceOption",
    "LogJournalOption",
    "LogKeysOption",
    "OperatorOption",
    "PepperOption",
    "VaultOption",
    "decider",
    "merges_of",
    "opened_vault",
    "reading",
    "tag_space",
    "terms_in",
]

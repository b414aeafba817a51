"""The private files of one company: its vault, its interaction log, its consents.

Each company has a folder of its own, named by its address. No question about customers is answered
from anywhere else, so one company cannot come upon another's: there is nothing of theirs to find.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.chain.addresses import checksum
from crmdapp.customers.consent_book import BookedConsent, ConsentBook
from crmdapp.customers.consents import ConsentClient
from crmdapp.customers.dedupe import Merges
from crmdapp.store._intake import SIGNER, SUBJECT
from crmdapp.store.database import open_store
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.vault import Vault
from crmdapp.web.errors import NotFound, RequestProblem, ScopeMissing

if TYPE_CHECKING:
    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.operator import LogOperator
    from crmdapp.customers.release_book import ReleaseBook
    from crmdapp.web.context import Context
    from crmdapp.web.security.callers import Work

STORE, KEYS, BOOK = "vault.sqlite3", "operator.sqlite3", "consents.sqlite3"
JOURNAL, LINKS, RELEASES = (
    "interactions.sqlite3",
    "interaction-keys.sqlite3",
    "releases.sqlite3",
)


class AccountForeign(RequestProblem):
    """The API key's account is not the company it acts for.

    Args:
        merchant: The company.
        account: Address of the account.
    """

    status = 403

    def __init__(self, merchant: str, account: str) -> None:
        super().__init__(
            f"{account} cannot sign as {merchant}.",
            why="What a company promises is signed by the company's own account.",
            hint="Make an API key whose account is the company's.",
        )
        self.merchant, self.account = merchant, account


@dataclass(frozen=True, slots=True)
class Office:
    """What one company keeps about its customers, opened.

    Attributes:
        merchant: The company.
        vault: Sealed data, and the operator's keys.
        book: The consents it was asked to be given.
        folder: Where its files are.
    """

    merchant: str
    vault: Vault
    book: ConsentBook
    folder: Path

    @property
    def merges(self) -> Merges:
        """Its review queue and merges."""
        return Merges(self.vault.store, clock=time.time)

    def subjects_of(self, cid: bytes) -> list[str]:
        """Return the identities by which a profile's person is known to this company."""
        keys = self.vault.keys
        return sorted({*keys.linked(cid, SUBJECT), *keys.linked(cid, SIGNER)})

    def profile_of(self, subject: str) -> bytes | None:
        """Return the profile of an identity; ``None`` if the company does not know it."""
        keys = self.vault.keys
        return keys.profile_of(SUBJECT, subject) or keys.profile_of(SIGNER, subject)

    def consent(self, consent_id: bytes) -> BookedConsent:
        """Return a consent of this company.

        Raises:
            NotFound: There is none of that id, or it is another company's.
        """
        found = self.book.get(consent_id)
        if found is None:
            raise NotFound("There is no such consent of this company.")
        return found


def folder_of(context: Context, merchant: str) -> Path:
    """Return the folder of a company's files."""
    return context.settings.state_dir / "companies" / checksum(merchant)


def merchants_of(context: Context) -> list[str]:
    """Return the companies that keep files here, by address."""
    place = context.settings.state_dir / "companies"
    if not place.is_dir():
        return []
    return sorted(item.name for item in place.iterdir() if (item / KEYS).is_file())


def has_office(context: Context, merchant: str) -> bool:
    """Return whether a company keeps files here."""
    return (folder_of(context, merchant) / KEYS).is_file()


def make_office(context: Context, merchant: str) -> None:
    """Make a company's files; those that are there stay as they are.

    Raises:
        PermissionDenied: The folder cannot be written.
        DiskFull: The disk is full.
    """
    folder = folder_of(context, merchant)
    if not (folder / KEYS).is_file():
        OperatorKeys.create(folder / KEYS).close()


@contextmanager
def opened(context: Context, merchant: str) -> Iterator[Office]:
    """Give a company's files.

    Raises:
        NotFound: It keeps none here.
        StoreProblem: The store cannot be used.
        KeyFileProblem: The key file cannot be used.
        JournalProblem: The book of consents cannot be used.
    """
    if not has_office(context, merchant):
        raise NotFound(
            "This company keeps no vault on this server.",
            hint="Make one: POST /v1/customers/vault",
        )
    folder, client = folder_of(context, merchant), context.reader(ConsentClient)
    with (
        open_store(folder / STORE) as store,
        OperatorKeys(folder / KEYS) as keys,
        ConsentBook(folder / BOOK, merchant) as book,
    ):
        vault = Vault(store, keys, client.domain, owner_of=client.owner_of)
        yield Office(checksum(merchant), vault, book, folder)


@contextmanager
def opened_book(context: Context, merchant: str) -> Iterator[ConsentBook]:
    """Give a company's consents alone, which is quicker.

    Raises:
        JournalProblem: The file cannot be used.
    """
    with ConsentBook(folder_of(context, merchant) / BOOK, merchant) as book:
        yield book


@contextmanager
def opened_log(context: Context, signer: Signer, index: int = 0) -> Iterator[LogOperator]:
    """Give the interaction log of a company.

    Args:
        context: The server's.
        signer: The company's account.
        index: Which of its logs.

    Raises:
        LogUnopened: It was not opened on chain.
        JournalProblem: A file cannot be used.
    """
    from crmdapp.customers.interaction_log import LogClient
    from crmdapp.customers.log_journal import LogJournal
    from crmdapp.customers.log_keys import LogKeys
    from crmdapp.customers.operator import LogOperator

    folder = folder_of(context, signer.address)
    client = LogClient.at(context.connection, context.manifest, context.sender_of(signer))
    with LogJournal(folder / JOURNAL) as journal, LogKeys(folder / LINKS) as links:
        yield LogOperator(client, journal, links, signer=signer, index=index)


@contextmanager
def opened_releases(context: Context, merchant: str) -> Iterator[ReleaseBook]:
    """Give the book of the requests for data that a company answered.

    Raises:
        JournalProblem: The file cannot be used.
    """
    from crmdapp.customers.release_book import ReleaseBook

    with ReleaseBook(folder_of(context, merchant) / RELEASES) as book:
        yield book


def signer_of(work: Work) -> Signer:
    """Return the company's own key.

    Raises:
        ScopeMissing: The API key has no account.
        AccountForeign: Its account is another address than the company's.
    """
    account = work.caller.account
    if account is None:
        raise ScopeMissing("The API key has no account to sign with.", ("account",))
    return require_own(work, work.context.settings.signers[account])


def require_own(work: Work, signer: Signer) -> Signer:
    """Return the signer if it is the company that the caller acts for.

    Raises:
        AccountForeign: It is not.
    """
    if checksum(signer.address) != checksum(work.caller.merchant):
        raise AccountForeign(work.caller.merchant, signer.address)
    return signer


def company_signer(context: Context, merchant: str) -> Signer | None:
    """Return the opened key of a company; ``None`` if the server has not opened it."""
    for signer in context.settings.signers.values():
        if checksum(signer.address) == checksum(merchant):
            return signer
    return None


def name_in_log(office: Office, log: LogOperator, cid: bytes) -> str:
    """Return the name a customer has in the log: one person's entries make one sequence."""
    word = "0x" + cid.hex()
    names = [*office.vault.keys.linked(cid, SUBJECT), word]
    return next((name for name in names if log.known_pseudonym(name) is not None), names[0])

"""The consents that a company was asked to be given: their terms, and the requests they come from.

The chain has a hash of each. Whoever has this file knows who agreed to what, so it is kept like the
data that the consents are about, and what is deleted is overwritten.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from crmdapp.chain._files import OWN
from crmdapp.chain.addresses import checksum
from crmdapp.customers._scrubbed import ScrubbedDatabase
from crmdapp.customers.requests import SignedRequest, read_request
from crmdapp.customers.terms import ConsentTerms
from crmdapp.customers.terms_file import terms_json, terms_of
from crmdapp.errors import PermissionDenied, UsageError

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE consents (
    consent_id BLOB PRIMARY KEY,
    subject TEXT NOT NULL,
    valid_from INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    terms TEXT NOT NULL,
    request TEXT,
    added_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX consents_by_subject ON consents (subject, consent_id);
"""


@dataclass(frozen=True, slots=True)
class BookedConsent:
    """A consent that a company knows the terms of.

    Attributes:
        terms: What it is about.
        request: The company's signed request as it was sent; ``None`` if only the terms are known.
        added_at: Unix seconds.
    """

    terms: ConsentTerms = field(repr=False)
    request: str | None = field(repr=False)
    added_at: int

    @property
    def key(self) -> tuple[str, bytes]:
        """Subject and id: what names it on chain."""
        return checksum(self.terms.subject), self.terms.consent_id

    def signed_request(self) -> SignedRequest:
        """Return the request.

        Raises:
            UsageError: It is not known.
        """
        if self.request is None:
            raise UsageError(
                "The request of this consent is not known, only its terms.",
                hint="Ask with a request; a receipt repeats what was asked.",
            )
        return read_request(self.request)


class ConsentBook(ScrubbedDatabase):
    """The file; safe to share between threads and processes.

    Args:
        path: The file; created for its owner alone, with its folder, if missing.
        company: The data controller; terms of others are refused.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str, company: str) -> None:
        own_file(Path(path))
        super().__init__(path, what="book of consents", schema=_SCHEMA, version=SCHEMA_VERSION)
        self._company = checksum(company)

    def add(self, terms: ConsentTerms, now: int, request: SignedRequest | None = None) -> None:
        """Keep terms, and the request they come from; again changes nothing.

        Args:
            terms: Of a consent for this company.
            now: Unix seconds.
            request: The company's request with these very terms.

        Raises:
            UsageError: The terms are of another company, or not those of the request.
            JournalProblem: Another process holds the file, or it is damaged.
            DiskFull: The disk is full; nothing was kept.
        """
        if checksum(terms.data_controller.account) != self._company:
            raise UsageError(
                "The terms name another company.", hint="Keep them in that company's book."
            )
        if request is not None and request.request.terms.consent_id != terms.consent_id:
            raise UsageError("The request is about other terms.")
        own = terms.permission
        row = (
            terms.consent_id,
            checksum(terms.subject),
            own.valid_from,
            own.valid_until,
            json.dumps(terms_json(terms)),
            None if request is None else request.document.text,
            now,
        )
        with self._writing() as db:
            db.execute(
                "INSERT INTO consents VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                " SET request = COALESCE(request, excluded.request)",
                row,
            )

    def get(self, consent_id: bytes) -> BookedConsent | None:
        """Return a consent; ``None`` if its terms are not known."""
        with self._reading() as db:
            query = "SELECT * FROM consents WHERE consent_id = ?"
            row = db.execute(query, (consent_id,)).fetchone()
        return None if row is None else _booked(row)

    def of_subjects(self, subjects: Iterable[str]) -> list[BookedConsent]:
        """Return the consents of identities, by identity and id."""
        found: list[BookedConsent] = []
        with self._reading() as db:
            query = "SELECT * FROM consents WHERE subject = ? ORDER BY consent_id"
            for subject in sorted({checksum(item) for item in subjects}):
                found += map(_booked, db.execute(query, (subject,)))
        return found

    def page(self, *, after: bytes | None = None, limit: int = 100) -> list[BookedConsent]:
        """Return consents by id.

        Args:
            after: Id of the last one of the page before.
            limit: Most of them.
        """
        with self._reading() as db:
            query = "SELECT * FROM consents WHERE consent_id > ? ORDER BY consent_id LIMIT ?"
            return [_booked(row) for row in db.execute(query, (after or b"", limit))]

    def everything(self) -> list[BookedConsent]:
        """Return all consents, by id."""
        with self._reading() as db:
            return [_booked(row) for row in db.execute("SELECT * FROM consents ORDER BY 1")]

    def spans(self) -> list[tuple[str, bytes, int, int]]:
        """Return subject, id, first second and end of all, without reading their terms."""
        with self._reading() as db:
            query = "SELECT subject, consent_id, valid_from, valid_until FROM consents"
            return [tuple(row) for row in db.execute(query)]

    def forget(self, subjects: Iterable[str]) -> int:
        """Destroy what is known of identities; return how many consents that were."""
        count = 0
        with self._writing() as db:
            for subject in subjects:
                query = "DELETE FROM consents WHERE subject = ?"
                count += db.execute(query, (checksum(subject),)).rowcount
        return count


def own_file(path: Path) -> None:
    """Make a file that its owner alone may read, if there is none.

    Raises:
        PermissionDenied: Its folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWN))
    except OSError as problem:
        raise PermissionDenied(f"{path} cannot be made.", why=str(problem.strerror)) from None


def _booked(row: sqlite3.Row) -> BookedConsent:
    terms = terms_of(json.loads(row["terms"]))
    return BookedConsent(terms, row["request"], row["added_at"])

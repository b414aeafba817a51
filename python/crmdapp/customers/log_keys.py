"""Who a pseudonym is, and the keys of what was noted about them: the part that an erasure destroys.

The journal holds payloads sealed; this file holds one key per customer and log, and the salts that
tie a pseudonym to a customer. The company must be able to read what it noted (it took part in the
interaction, owes access to it, and gives the same receipt again when asked twice), so the key is
the company's, not the customer's. Without this file the journal is hashes and noise, and a backup
of the journal becomes that the moment the row here is gone: keep this file out of backups that
outlive an erasure.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from crmdapp.chain._files import OWN
from crmdapp.customers._scrubbed import ScrubbedDatabase
from crmdapp.customers.leaves import WORD, pseudonym_of
from crmdapp.errors import PermissionDenied, VerificationFailed

SCHEMA_VERSION = 1

_NONCE = 12
_SCHEMA = """
CREATE TABLE links (
    log BLOB NOT NULL,
    pseudonym BLOB NOT NULL,
    customer BLOB NOT NULL,
    salt BLOB NOT NULL,
    key BLOB NOT NULL,
    PRIMARY KEY (log, pseudonym),
    UNIQUE (log, customer)
) STRICT, WITHOUT ROWID;
"""


class PayloadUnreadable(VerificationFailed):
    """A sealed payload does not open: altered, or the key file belongs to another journal."""


@dataclass(frozen=True, slots=True)
class CustomerLink:
    """A customer in one log.

    Attributes:
        pseudonym: 32 bytes, on every leaf.
        customer: Who it is, see :func:`crmdapp.customers.leaves.customer_word`.
        salt: What the pseudonym is hashed with; the customer gets it with each receipt.
        key: 32 bytes that its payloads are sealed with.
    """

    pseudonym: bytes
    customer: bytes = field(repr=False)
    salt: bytes = field(repr=False)
    key: bytes = field(repr=False)

    def seal(self, plaintext: bytes, place: bytes) -> bytes:
        """Return the text sealed (AES-256-GCM), so that it opens at that place only."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.key).encrypt(nonce, plaintext, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            PayloadUnreadable: It was altered, or sealed elsewhere or by another key.
        """
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(self.key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place)
        except (InvalidTag, ValueError):
            raise PayloadUnreadable(
                "A payload in the journal does not open.",
                why="It was altered, or the key file is of another journal.",
                hint="Put the journal and the key file that belong together into one place.",
            ) from None

    def name_of(self, request: str) -> bytes:
        """Return 32 bytes that stand for the caller's name of an interaction.

        Such names are order numbers and the like: hashed with the key they tell nothing without it.
        """
        return hmac.digest(self.key, request.encode(), "sha256")


class LogKeys(ScrubbedDatabase):
    """The key file; safe to share between threads and processes. What is deleted is overwritten.

    Args:
        path: The file; created for its owner alone, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of a newer version, or no such file.
        PermissionDenied: It cannot be written, or others may read it.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        _require_own(Path(path))
        super().__init__(path, what="log's key file", schema=_SCHEMA, version=SCHEMA_VERSION)

    def link(self, log: bytes, customer: bytes) -> CustomerLink:
        """Return a customer in a log, with a new pseudonym if it had none; on the disk by then."""
        return self.links(log, [customer])[0]

    def links(self, log: bytes, customers: Iterable[bytes]) -> list[CustomerLink]:
        """Return many customers in a log, in order, new ones made in one step."""
        wanted = list(customers)
        with self._writing() as db:
            for customer in wanted:
                salt, key = secrets.token_bytes(WORD), secrets.token_bytes(WORD)
                db.execute(
                    "INSERT INTO links VALUES (?, ?, ?, ?, ?) ON CONFLICT (log, customer)"
                    " DO NOTHING",
                    (log, pseudonym_of(log, customer, salt), customer, salt, key),
                )
            return [
                _link(
                    db.execute(
                        "SELECT * FROM links WHERE log = ? AND customer = ?", (log, customer)
                    ).fetchone()
                )
                for customer in wanted
            ]

    def find(self, log: bytes, pseudonym: bytes) -> CustomerLink | None:
        """Return the customer behind a pseudonym; ``None`` if unknown or erased."""
        with self._reading() as db:
            row = db.execute(
                "SELECT * FROM links WHERE log = ? AND pseudonym = ?", (log, pseudonym)
            ).fetchone()
            return None if row is None else _link(row)

    def pseudonym(self, log: bytes, customer: bytes) -> bytes | None:
        """Return a customer's pseudonym; ``None`` if it has none or was erased."""
        with self._reading() as db:
            row = db.execute(
                "SELECT pseudonym FROM links WHERE log = ? AND customer = ?", (log, customer)
            ).fetchone()
            return None if row is None else bytes(row[0])

    def destroy(self, log: bytes, pseudonym: bytes) -> None:
        """Destroy what ties a pseudonym to a customer and opens its payloads, for good.

        Raises:
            JournalProblem: Another process is reading; nothing is left to read, but the old bytes
                are still in the file. Call again.
        """
        with self._writing() as db:
            db.execute("DELETE FROM links WHERE log = ? AND pseudonym = ?", (log, pseudonym))
        self.scrub()


def _link(row: sqlite3.Row) -> CustomerLink:
    return CustomerLink(row["pseudonym"], row["customer"], row["salt"], row["key"])


def _require_own(path: Path) -> None:
    """Make the file for its owner alone, or refuse one that others may read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWN))
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as problem:
        raise PermissionDenied(
            f"The log's key file {path} cannot be opened.", why=str(problem.strerror)
        ) from None
    if os.name == "posix" and mode & 0o077:
        raise PermissionDenied(
            f"Others may read the log's key file {path}.",
            why=f"Its mode is {mode:04o}; it holds the keys of all payloads.",
            hint=f"chmod 600 {path}",
        )

"""The operator's key file: keys, wraps, salts and links, apart from the store.

An SQLite file of its own, mode 0600, that overwrites what it deletes. What is here is what an
erasure destroys; the store, its replicas and its backups then hold nothing that opens.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crmdapp.chain import _database
from crmdapp.chain._database import Database
from crmdapp.chain.accounts import LocalSigner, fresh_key
from crmdapp.chain.typed_data import Domain
from crmdapp.errors import CrmdappError, DiskFull, JournalProblem, PermissionDenied, UsageError
from crmdapp.store._secret_file import require_own
from crmdapp.store.errors import KeyFileCorrupt, KeyFileExists, KeyFileLocked, KeyFileMissing
from crmdapp.store.sealing import new_key, public_key

_VERSION = 1
_WHAT = "operator's key file"
_SIGNING = "signing"
_REGISTRY = "registry"

_SCHEMA = """
CREATE TABLE secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE reading_keys (
    id INTEGER PRIMARY KEY,
    public_key BLOB NOT NULL UNIQUE,
    private_key BLOB NOT NULL
) STRICT;
CREATE TABLE custodial_keys (
    key_id BLOB PRIMARY KEY,
    profile BLOB NOT NULL,
    category INTEGER NOT NULL,
    private_key BLOB NOT NULL,
    UNIQUE (profile, category)
) STRICT;
CREATE TABLE wraps (
    consent_id BLOB NOT NULL,
    key_id BLOB NOT NULL,
    profile BLOB NOT NULL,
    expiry INTEGER NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (consent_id, key_id)
) STRICT;
CREATE INDEX wraps_by_profile ON wraps (profile);
CREATE INDEX wraps_by_expiry ON wraps (expiry);
CREATE TABLE ended (
    consent_id BLOB PRIMARY KEY,
    profile BLOB NOT NULL,
    receipt_hash BLOB NOT NULL
) STRICT;
CREATE INDEX ended_by_profile ON ended (profile);
CREATE TABLE salts (
    profile BLOB NOT NULL,
    label TEXT NOT NULL,
    salt BLOB NOT NULL,
    commitment BLOB,
    PRIMARY KEY (profile, label)
) STRICT;
CREATE TABLE links (
    profile BLOB NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (profile, kind, value)
) STRICT;
CREATE TABLE bundles (
    profile BLOB PRIMARY KEY,
    issued_at INTEGER NOT NULL,
    envelope TEXT NOT NULL
) STRICT;
CREATE TABLE pending (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (kind, subject)
) STRICT;
"""

PERSONAL_TABLES = ("custodial_keys", "wraps", "ended", "salts", "links", "bundles")
"""Tables with a column ``profile``: an erasure empties them of it."""


class OperatorKeys(Database):
    """The key file, opened.

    Args:
        path: Where it is; made by :meth:`create`.

    Raises:
        KeyFileMissing: There is none.
        KeyFileCorrupt: It is damaged, or another release's.
        KeyFileLocked: Another process holds it.
        PermissionDenied: It cannot be written, or others may read it.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        require_own(Path(path), _WHAT)
        try:
            super().__init__(path, what=_WHAT, schema=_SCHEMA, version=_VERSION)
        except JournalProblem as problem:
            raise KeyFileCorrupt(problem.message, hint=problem.hint) from None
        try:
            with self._reading() as db:
                db.execute("PRAGMA secure_delete = ON")
                db.execute("PRAGMA temp_store = MEMORY")
            self._signer = LocalSigner(self._secret(_SIGNING))
        except CrmdappError:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path | str) -> OperatorKeys:
        """Make a key file with a new signing key and a new reading key, mode 0600.

        Raises:
            KeyFileExists: There is such a file; it is left alone.
            PermissionDenied: The folder cannot be written.
            DiskFull: The disk is full; nothing is left behind.
        """
        path = Path(path)
        new = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new.touch(mode=0o600, exist_ok=False)
            _fill(new)
            path.hardlink_to(new)  # fails if there is one
        except FileExistsError:
            raise KeyFileExists(
                f"There is an {_WHAT} {path} already.",
                why="Key files are never overwritten.",
                hint="Use it, or choose another name.",
            ) from None
        except OSError as problem:
            raise PermissionDenied(
                f"The {_WHAT} {path} cannot be made.", why=str(problem.strerror)
            ) from None
        finally:
            for left in new.parent.glob(f"{new.name}*"):
                left.unlink()
        return cls(path)

    # ----------------------------------------------------------------- the operator's own keys

    @property
    def signer(self) -> LocalSigner:
        """Signs receipts."""
        return self._signer

    @property
    def reading_public_key(self) -> bytes:
        """The X25519 key that customers wrap their keys to for this company, 32 bytes."""
        with self._reading() as db:
            row = db.execute("SELECT public_key FROM reading_keys ORDER BY id DESC").fetchone()
        return bytes(row[0])

    def reading_key(self, public: bytes | None = None) -> bytes:
        """Return the private half of a reading key, of the newest if none is named.

        Raises:
            KeyFileMissing: There is no such key here.
        """
        public = self.reading_public_key if public is None else public
        with self._reading() as db:
            row = db.execute(
                "SELECT private_key FROM reading_keys WHERE public_key = ?", (public,)
            ).fetchone()
        if row is None:
            raise KeyFileMissing(
                "This company has no such reading key.",
                hint="The wrap is for another company, or for a key that was destroyed.",
            )
        return bytes(row[0])

    def renew_reading_key(self) -> bytes:
        """Make a new reading key for wraps to come and return its public half."""
        private_key = new_key()
        with self._writing() as db:
            _add_reading_key(db, private_key)
        return public_key(private_key)

    # ----------------------------------------------------------------- salts and links

    def put_salt(
        self, profile: bytes, label: str, salt: bytes, commitment: bytes | None = None
    ) -> None:
        """Keep a salt, and what was committed to with it, until the profile is erased.

        Args:
            profile: Id of the customer, 32 bytes.
            label: Names it within the profile; never a personal detail.
            salt: The salt, 1 to 64 bytes.
            commitment: The salted hash, which goes with the salt.
        """
        self.put_salts([(profile, label, salt, commitment)])

    def put_salts(self, items: Iterable[tuple[bytes, str, bytes, bytes | None]]) -> None:
        """Keep many salts in one transaction; see :meth:`put_salt`.

        Raises:
            UsageError: A salt is empty or too long.
        """
        rows = list(items)
        if any(not 0 < len(salt) <= 64 for _, _, salt, _ in rows):
            raise UsageError("A salt has 1 to 64 bytes.")
        with self._writing() as db:
            db.executemany(
                "INSERT INTO salts (profile, label, salt, commitment) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET salt = excluded.salt, commitment = excluded.commitment",
                rows,
            )

    def salt(self, profile: bytes, label: str) -> bytes | None:
        """Return a salt; ``None`` if there is none, or none any more."""
        with self._reading() as db:
            row = db.execute(
                "SELECT salt FROM salts WHERE profile = ? AND label = ?", (profile, label)
            ).fetchone()
        return None if row is None else bytes(row[0])

    def link(self, profile: bytes, kind: str, value: str) -> None:
        """Keep another pseudonym of the customer until the profile is erased.

        Args:
            profile: Id of the customer, 32 bytes.
            kind: What it is, such as ``"subject"`` or ``"pseudonym"``.
            value: The pseudonym; never an identifier in the clear.
        """
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO links VALUES (?, ?, ?)", (profile, kind, value))

    def linked(self, profile: bytes, kind: str) -> list[str]:
        """Return the customer's pseudonyms of a kind."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT value FROM links WHERE profile = ? AND kind = ? ORDER BY value",
                (profile, kind),
            ).fetchall()
        return [str(row[0]) for row in rows]

    def profile_of(self, kind: str, value: str) -> bytes | None:
        """Return the profile that a pseudonym belongs to; ``None`` if it is unknown or erased."""
        with self._reading() as db:
            row = db.execute(
                "SELECT profile FROM links WHERE kind = ? AND value = ?", (kind, value)
            ).fetchone()
        return None if row is None else bytes(row[0])

    # ----------------------------------------------------------------- for the vault

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Run a block as one transaction on the file's tables."""
        with self._writing() as db:
            yield db

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        """Return the rows of a query on the file's tables."""
        with self._reading() as db:
            return db.execute(query, tuple(values)).fetchall()

    def bind(self, domain: Domain) -> None:
        """Keep for which registry the vault is; what was sealed for one opens for no other.

        Raises:
            UsageError: The file was made for another.
        """
        wanted = json.dumps(domain.to_json(), sort_keys=True).encode()
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (_REGISTRY, wanted))
        if self._secret(_REGISTRY) != wanted:
            raise UsageError(
                f"The {_WHAT} {self.path} is for another consent registry.",
                hint="Name the key file of this chain's registry, or make one.",
            )

    def scrub(self) -> None:
        """Remove from the file and its log what was deleted.

        Deleted cells and pages are zero already (secure_delete); copies that SQLite left behind
        when it moved cells between pages go with VACUUM, and older pages with the log.

        Raises:
            KeyFileLocked: Another process reads old pages; they are removed next time.
        """
        with self._reading() as db:
            db.execute("VACUUM")
        self.checkpoint()

    def checkpoint(self) -> None:
        """Cut the log to nothing.

        Raises:
            KeyFileLocked: Another process reads old pages; they are removed next time.
        """
        with self._reading() as db:
            if db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise self._busy()

    # ----------------------------------------------------------------- internals

    def _secret(self, name: str) -> bytes:
        found = self.rows("SELECT value FROM secrets WHERE name = ?", (name,))
        if not found:
            raise KeyFileCorrupt(
                f"The {_WHAT} {self.path} has no signing key.",
                hint="Restore it from your backup, or make one: crmdapp customers store init",
            )
        return bytes(found[0][0])

    def _busy(self) -> KeyFileLocked:
        return KeyFileLocked(
            f"Another process holds the {_WHAT} {self.path}.",
            why=f"This one has waited up to {_database.BUSY_SECONDS:g} s; nothing was changed.",
            hint="End that process, then run the same command again.",
        )

    def _problem(self, problem: sqlite3.Error) -> CrmdappError:
        found = super()._problem(problem)
        if isinstance(found, DiskFull | PermissionDenied):
            return found
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return self._busy()
        return KeyFileCorrupt(
            f"The {_WHAT} {self.path} is damaged, or no key file.",
            why=getattr(problem, "sqlite_errorname", "") or type(problem).__name__,
            hint="Restore it from your backup.",
        )


def _fill(path: Path) -> None:
    with Database(path, what=_WHAT, schema=_SCHEMA, version=_VERSION) as new, new._writing() as db:
        db.execute("INSERT INTO secrets VALUES (?, ?)", (_SIGNING, fresh_key()))
        _add_reading_key(db, new_key())


def _add_reading_key(db: sqlite3.Connection, private_key: bytes) -> None:
    db.execute(
        "INSERT INTO reading_keys (public_key, private_key) VALUES (?, ?)",
        (public_key(private_key), private_key),
    )

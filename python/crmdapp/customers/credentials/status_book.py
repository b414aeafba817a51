"""The issuer's book: which position of a status list belongs to which attestation.

The book is secret: with it, everybody who sees the published list could follow single credentials.
It is kept in a file that only its owner may read, apart from the list.

A position is reserved before the credential is signed, because it stands in it; the attestation is
written down beside it afterwards. What was reserved and never written down counts as void: nobody
knows whether such a credential was handed out.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crmdapp.chain._database import Database
from crmdapp.chain._files import OWN
from crmdapp.chain._whole import require_whole
from crmdapp.customers.credentials.status_list import LENGTH_MAX, LENGTH_MIN, StatusBits
from crmdapp.customers.statements import TOPIC_MAX, require_uid
from crmdapp.errors import UsageError

if TYPE_CHECKING:
    from crmdapp.customers.attestations import AttestationClient, Standing

SCHEMA_VERSION = 1

FULL_AT = 0.75
"""Share of positions that are given away at most, so that drawing one at random stays quick and
the number of credentials is not the length of the list."""

_SCHEMA = """
CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    url TEXT NOT NULL UNIQUE,
    length INTEGER NOT NULL
) STRICT;
CREATE TABLE entries (
    list INTEGER NOT NULL REFERENCES lists (id),
    position INTEGER NOT NULL,
    uid BLOB,
    topic INTEGER,
    PRIMARY KEY (list, position)
) STRICT;
CREATE UNIQUE INDEX one_per_attestation ON entries (list, uid);
"""


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One credential of a list.

    Attributes:
        position: Its bit.
        uid: The attestation behind it; ``None`` if it was only reserved.
        topic: The attestation's topic; likewise.
    """

    position: int
    uid: bytes | None
    topic: int | None


class StatusBook(Database):
    """The book of an issuer, with one or several lists in it.

    Args:
        path: The file; created, for its owner only, if missing.

    Raises:
        JournalProblem: The file is damaged or of another version.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        _create_private(Path(path))
        super().__init__(path, what="status book", schema=_SCHEMA, version=SCHEMA_VERSION)

    def reserve(self, url: str, *, length: int = LENGTH_MIN) -> int:
        """Return a position for a credential that is about to be signed, drawn at random.

        Args:
            url: Where the list is published; a list that is not in the book yet is opened.
            length: Bits of the list, if it is opened for it.

        Raises:
            UsageError: The list is full, or its length is out of its range.
        """
        require_whole("length", length, LENGTH_MAX, least=LENGTH_MIN)
        with self._writing() as db:
            number, bits = _list(db, url, length)
            position = _draw(db, number, bits)
            db.execute("INSERT INTO entries (list, position) VALUES (?, ?)", (number, position))
        return position

    def record(self, url: str, position: int, uid: bytes, topic: int) -> None:
        """Write down which attestation stands behind a position that was reserved.

        Raises:
            UsageError: It was not reserved, another attestation stands there, this one stands
                elsewhere, or an argument is out of its range.
        """
        require_uid(uid)
        require_whole("topic", topic, TOPIC_MAX)
        with self._writing() as db:
            number, _ = _list(db, url, LENGTH_MIN)
            taken = db.execute(
                "SELECT position, uid FROM entries WHERE list = ? AND (position = ? OR uid = ?)",
                (number, position, uid),
            ).fetchall()
            if [row["position"] for row in taken] != [position] or taken[0]["uid"] not in (
                None,
                uid,
            ):
                raise UsageError(
                    "That position of the status list is not free for this attestation.",
                    hint="Reserve one for each credential, and record its attestation once.",
                )
            db.execute(
                "UPDATE entries SET uid = ?, topic = ? WHERE list = ? AND position = ?",
                (uid, topic, number, position),
            )

    def entries(self, url: str) -> Iterator[BookEntry]:
        """Yield the credentials of a list by position."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT position, uid, topic FROM entries JOIN lists ON list = lists.id"
                " WHERE url = ? ORDER BY position",
                (url,),
            ).fetchall()
        for row in rows:
            yield BookEntry(row[0], row[1], row[2])

    def length(self, url: str) -> int:
        """Return how many bits a list has.

        Raises:
            UsageError: There is no such list.
        """
        with self._reading() as db:
            row = db.execute("SELECT length FROM lists WHERE url = ?", (url,)).fetchone()
        if row is None:
            raise UsageError(
                "The book has no status list of that address.",
                hint="Issue a credential with that status list first.",
            )
        return int(row[0])


def bits_from_chain(
    book: StatusBook, url: str, client: AttestationClient, attestor: str
) -> StatusBits:
    """Return a list as the chain has it now.

    Everything is read at one block, so that the list was true at one moment.

    Args:
        book: The issuer's book.
        url: The list.
        client: The attestation registry.
        attestor: The issuer.

    Raises:
        UsageError: There is no such list.
        NodeProblem: The node could not be asked; no list is better than one that forgets.
    """
    from crmdapp.customers.attestations import AttestationStatus

    block = client.connection.block_number()
    standings: dict[int, Standing] = {}
    voided = []
    for entry in book.entries(url):
        if entry.uid is None or entry.topic is None:
            voided.append(entry.position)
            continue
        if entry.topic not in standings:
            standings[entry.topic] = client.standing(entry.topic, attestor, block=block)
        given = client.attestation(entry.uid, attestor, block=block)
        stands = given.status is AttestationStatus.ISSUED and given.topic == entry.topic
        covered = stands and standings[entry.topic].covers(given.issued_at)
        if not covered or client.is_disowned(entry.uid, block=block):
            voided.append(entry.position)
    return StatusBits(book.length(url), voided)


def _list(db: sqlite3.Connection, url: str, length: int) -> tuple[int, int]:
    """Return the number and the length of a list, opening it if need be."""
    db.execute("INSERT OR IGNORE INTO lists (url, length) VALUES (?, ?)", (url, length))
    row = db.execute("SELECT id, length FROM lists WHERE url = ?", (url,)).fetchone()
    return int(row[0]), int(row[1])


def _draw(db: sqlite3.Connection, number: int, length: int) -> int:
    taken = db.execute("SELECT count(*) FROM entries WHERE list = ?", (number,)).fetchone()[0]
    if taken >= length * FULL_AT:
        raise UsageError(
            "The status list is full.", hint="Publish another list at another address."
        )
    while True:
        position = secrets.randbelow(length)
        row = db.execute(
            "SELECT 1 FROM entries WHERE list = ? AND position = ?", (number, position)
        ).fetchone()
        if row is None:
            return position


def _create_private(path: Path) -> None:
    """Make the file before SQLite does, which would let others read it."""
    with suppress(OSError):  # what is in the way, the database says
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, OWN))

"""Which requests for data were answered, so that none is answered twice."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crmdapp.chain._database import Database
from crmdapp.customers.release import SignedRelease

SCHEMA_VERSION = 1

KEPT_SECONDS = 86_400
"""How long a used number is kept after its request's deadline, in case the clock is set back."""

REFUSALS_MAX = 20
"""Most refusals of one day that are noted for a customer: anybody can be refused, for nothing."""

_DAY = 86_400
_SCHEMA = """
CREATE TABLE used (
    chain_id TEXT NOT NULL,
    registry TEXT NOT NULL,
    company TEXT NOT NULL,
    nonce TEXT NOT NULL,
    deadline INTEGER NOT NULL,
    PRIMARY KEY (chain_id, registry, company, nonce)
) STRICT;
CREATE INDEX used_by_deadline ON used (deadline);
CREATE TABLE refusals (
    profile BLOB NOT NULL,
    day INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (profile, day)
) STRICT;
"""


class ReleaseBook(Database):
    """The file; safe to share between threads and processes.

    It holds addresses of companies, random numbers, and for two days ids of customers.

    Args:
        path: The file; created, with its folder, if missing.

    Raises:
        JournalProblem: The file is damaged, of another version, or no such file.
        PermissionDenied: It cannot be written.
        DiskFull: The disk is full.
    """

    def __init__(self, path: Path | str) -> None:
        super().__init__(path, what="book of releases", schema=_SCHEMA, version=SCHEMA_VERSION)

    def use(self, signed: SignedRelease, now: int) -> bool:
        """Take note of a request; ``False`` if it was used before. It is on the disk by then.

        Args:
            signed: The request; its deadline has not passed.
            now: Unix seconds.

        Raises:
            JournalProblem: Another process holds the file, or it is damaged.
            DiskFull: The disk is full; nothing was noted.
        """
        request = signed.request
        row = (
            str(signed.domain.chain_id),
            signed.domain.verifying_contract.lower(),
            request.data_controller.lower(),
            hex(request.nonce),
            request.deadline,
        )
        with self._writing() as db:
            db.execute("DELETE FROM used WHERE deadline < ?", (now - KEPT_SECONDS,))
            try:
                db.execute("INSERT INTO used VALUES (?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                return False
        return True

    def may_note(self, profile: bytes, now: int) -> bool:
        """Count a refusal; ``False`` once a customer has had too many in a day.

        Args:
            profile: Id of the customer, 32 bytes.
            now: Unix seconds.

        Raises:
            JournalProblem: Another process holds the file, or it is damaged.
            DiskFull: The disk is full.
        """
        day = now // _DAY
        with self._writing() as db:
            db.execute("DELETE FROM refusals WHERE day < ?", (day - 1,))
            db.execute(
                "INSERT INTO refusals VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET count = count + 1",
                (profile, day),
            )
            row = db.execute(
                "SELECT count FROM refusals WHERE profile = ? AND day = ?", (profile, day)
            ).fetchone()
        return int(row["count"]) <= REFUSALS_MAX

"""Registering on chain who was imported: first the profiles, then their further identifiers.

The attestor's signature says that the company vouches for the identifier; who verified nothing
gives level 0 or 1, as its scope defines. An imported customer's controller is a key of the company
until the customer claims the profile and rotates to a key of its own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from crmdapp.chain._keccak import keccak
from crmdapp.chain._whole import require_whole
from crmdapp.chain.addresses import require_address
from crmdapp.customers.models import CustomerStatus
from crmdapp.customers.registry_signing import RegistrationRecord, TagLinkRecord
from crmdapp.store.crm_schema import ProfileIdRow
from crmdapp.store.schema import DatumRow, ProfileRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.chain.accounts import Signer
    from crmdapp.customers.registering import BatchReport
    from crmdapp.customers.registry import RegistryClient
    from crmdapp.customers.tags import TagSpace
    from crmdapp.store.vault import Vault

__all__ = ["CHUNK", "EnlistReport", "Enlisting"]

CHUNK = 500
"""People in one transaction."""

_SALT = "root"


@dataclass(frozen=True, slots=True)
class EnlistReport:
    """What was registered.

    Attributes:
        registered: Profiles that are on chain now and were not before.
        linked: Further ids that are linked now and were not before.
        known: Ids that were on chain already.
        conflicts: Ids that the chain has for somebody else, or erased: look at these.
        transactions: How many it took.
        gas_used: Gas of all of them.
    """

    registered: int
    linked: int
    known: int
    conflicts: tuple[bytes, ...]
    transactions: int
    gas_used: int


@dataclass(frozen=True, slots=True)
class Enlisting:
    """Brings imported profiles on chain.

    Attributes:
        vault: The vault they are in.
        client: The registry, with the account that pays.
        attestor: The attestor's key.
        space: The registry and scope.
        controller: The company's key that speaks for profiles nobody has claimed yet.
        level: How well the people were verified, 0 to 255, by the scale of the scope.
        clock: Gives the time, Unix seconds.
    """

    vault: Vault
    client: RegistryClient
    attestor: Signer
    space: TagSpace
    controller: str
    level: int
    clock: Callable[[], float] = time.time

    def waiting(self) -> tuple[int, int]:
        """Return how many profiles and further ids are not on chain yet."""
        with self.vault.store.reading() as session:
            rows = list(
                session.scalars(
                    select(ProfileIdRow.is_first).where(ProfileIdRow.registered_at == 0)
                )
            )
        return sum(rows), len(rows) - sum(rows)

    def run(self, *, deadline: int, progress: Callable[[int], None] | None = None) -> EnlistReport:
        """Register what waits; stopped at any point, the next run goes on.

        Args:
            deadline: Last second the signatures can be submitted, Unix time below 2^40.
            progress: Called after every transaction with how many ids are settled.

        Raises:
            AttestorInvalid: The attestor may not give this level in the scope.
            CrmdappError: Whatever sending raises; what was sent counts.
        """
        require_whole("The level", self.level, 255)
        controller = require_address(self.controller)
        found = _Counts()
        for rows in iter(lambda: self._next(is_first=True), []):
            records = self._registrations(rows, controller)
            key = "import:" + keccak(b"".join(record.tag for record in records)).hex()
            report = self.client.register_many(
                self.attestor, self.space.scope, records, deadline=deadline, key=key
            )
            found.registered += self._settle(rows, report, found)
            found.tell(progress)
        for rows in iter(lambda: self._next(is_first=False), []):
            links = [TagLinkRecord(row.tag, row.cid) for row in rows]
            key = "import-links:" + keccak(b"".join(row.tag for row in rows)).hex()
            report = self.client.link_many(
                self.attestor, self.space.scope, links, deadline=deadline, key=key
            )
            found.linked += self._settle(rows, report, found)
            found.tell(progress)
        return EnlistReport(
            found.registered,
            found.linked,
            found.known,
            tuple(found.conflicts),
            found.transactions,
            found.gas_used,
        )

    def _next(self, *, is_first: bool) -> list[_Waiting]:
        with self.vault.store.reading() as session:
            query = (
                select(ProfileIdRow.id, ProfileIdRow.tag, ProfileRow.cid, ProfileRow.id)
                .join(ProfileRow, ProfileRow.id == ProfileIdRow.profile_id)
                .where(ProfileIdRow.registered_at == 0, ProfileIdRow.is_first == is_first)
                .order_by(ProfileRow.id, ProfileIdRow.id)
                .limit(CHUNK)
            )
            return [_Waiting(*row) for row in session.execute(query)]

    def _registrations(self, rows: Sequence[_Waiting], controller: str) -> list[RegistrationRecord]:
        fresh = [
            (row.cid, _SALT, secrets.token_bytes(32), None)
            for row in rows
            if self.vault.keys.salt(row.cid, _SALT) is None
        ]
        if fresh:
            self.vault.keys.put_salts(fresh)
        with self.vault.store.reading() as session:
            return [
                RegistrationRecord(row.tag, self._root(session, row), controller, self.level)
                for row in rows
            ]

    def _root(self, session: Session, row: _Waiting) -> bytes:
        """Return the commitment to a profile: to its sealed values, under a salt of its own."""
        salt = self.vault.keys.salt(row.cid, _SALT)
        assert salt is not None  # put there before
        query = select(DatumRow.sealed).where(DatumRow.profile_id == row.profile)
        return keccak(salt + b"".join(sorted(keccak(sealed) for sealed in session.scalars(query))))

    def _settle(self, rows: Sequence[_Waiting], report: BatchReport, found: _Counts) -> int:
        """Note what the chain has now; returns how many of it is new."""
        done = set(report.done)
        for row in rows:
            if row.id in done:
                continue
            if self._is_of(row):
                found.known += 1
            else:
                found.conflicts.append(row.id)
        found.transactions += report.transactions
        found.gas_used += report.gas_used
        now = int(self.clock())
        with self.vault.store.writing() as session:
            session.execute(
                update(ProfileIdRow)
                .where(ProfileIdRow.id.in_([row.id for row in rows]))
                .values(registered_at=now)
            )
        return len(done & {row.id for row in rows})

    def _is_of(self, row: _Waiting) -> bool:
        """Return whether an id that was skipped leads to the profile it has here, alive."""
        cid = self.client.resolve(row.id)
        if cid is None:
            return False
        own = self.client.resolve(row.cid)
        return cid == own and self.client.customer(cid).status is CustomerStatus.ACTIVE


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An id that is not on chain yet."""

    id: bytes
    tag: bytes
    cid: bytes
    profile: int


@dataclass(slots=True)
class _Counts:
    """Counts of a run."""

    registered: int = 0
    linked: int = 0
    known: int = 0
    transactions: int = 0
    gas_used: int = 0
    conflicts: list[bytes] = field(default_factory=list)

    def tell(self, progress: Callable[[int], None] | None) -> None:
        """Tell how many ids are settled."""
        if progress is not None:
            progress(self.registered + self.linked + self.known + len(self.conflicts))

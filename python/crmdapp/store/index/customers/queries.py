"""Questions about profiles, identities and consents, answered by the index alone.

Lists go by key: ``after`` is the last key of the page before, ``limit`` how many rows at most.
Questions about logs, attestations, badges and rewards are in
:mod:`crmdapp.store.index.customers.queries_logs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import RowMapping, Select, func, select, tuple_
from sqlalchemy.orm import Session

from crmdapp.customers.consent_models import ConsentStatus
from crmdapp.customers.models import CustomerStatus
from crmdapp.store._rows import chunks
from crmdapp.store.index.customers.models import (
    IndexedAttestor,
    IndexedChange,
    IndexedConsent,
    IndexedProfile,
    IndexedRecovery,
    IndexedScope,
)
from crmdapp.store.index.customers.tables import (
    ATTESTORS,
    CHANGES,
    CONSENTS,
    IDENTITIES,
    PROFILES,
    RECOVERIES,
    SCOPES,
    TAGS,
)

PAGE = 100


def scopes_of(
    session: Session, owner: str, *, after: int | None = None, limit: int = PAGE
) -> list[IndexedScope]:
    """Return the scopes of an owner, by number.

    Args:
        session: Of the index.
        owner: Whose.
        after: Number of the last scope of the page before.
        limit: Most rows.
    """
    query = select(SCOPES).where(SCOPES.c.owner == owner).order_by(SCOPES.c.scope)
    if after is not None:
        query = query.where(SCOPES.c.scope > after)
    return [IndexedScope(**row) for row in _rows(session, query.limit(limit))]


def scope_at(session: Session, scope: int) -> IndexedScope | None:
    """Return a scope; ``None`` if there is none of that number."""
    rows = _rows(session, select(SCOPES).where(SCOPES.c.scope == scope))
    return next((IndexedScope(**row) for row in rows), None)


def attestors_of(session: Session, scope: int) -> list[IndexedAttestor]:
    """Return everybody who was ever an attestor of a scope, by address."""
    query = select(ATTESTORS).where(ATTESTORS.c.scope == scope).order_by(ATTESTORS.c.attestor)
    return [IndexedAttestor(**row) for row in _rows(session, query)]


def profile_at(session: Session, cid: bytes) -> IndexedProfile | None:
    """Return a profile; ``None`` if the registry never had it."""
    return profiles_at(session, [cid]).get(cid)


def profiles_at(session: Session, cids: Iterable[bytes]) -> dict[bytes, IndexedProfile]:
    """Return those of these profiles that the registry has, by id."""
    found: dict[bytes, IndexedProfile] = {}
    for part in chunks(cids):
        query = select(PROFILES).where(PROFILES.c.cid.in_(part))
        found |= {row["cid"]: _profile(row) for row in _rows(session, query)}
    return found


def profiles_of(
    session: Session, controller: str, *, after: bytes | None = None, limit: int = PAGE
) -> list[IndexedProfile]:
    """Return the profiles that a key speaks for, by id."""
    query = select(PROFILES).where(PROFILES.c.controller == controller).order_by(PROFILES.c.cid)
    if after is not None:
        query = query.where(PROFILES.c.cid > after)
    return [_profile(row) for row in _rows(session, query.limit(limit))]


def resolve(session: Session, id_: bytes) -> bytes | None:
    """Return the profile that an id leads to, as the registry resolves it; ``None`` if nowhere."""
    linked = session.scalar(select(TAGS.c.cid).where(TAGS.c.id == id_))
    found = profile_at(session, linked or id_)
    if found is None:
        return None
    return found.merged_into or found.cid


def recoveries_of(session: Session, cid: bytes) -> list[IndexedRecovery]:
    """Return the recoveries of a profile that wait, those by attestors first."""
    query = select(RECOVERIES).where(RECOVERIES.c.cid == cid).order_by(RECOVERIES.c.by_guardians)
    return [
        IndexedRecovery(bool(row["by_guardians"]), row["new_controller"], row["ready_at"])
        for row in _rows(session, query)
    ]


def owner_of(session: Session, identity: str) -> str | None:
    """Return who signs for an identity; ``None`` once it has ended."""
    row = session.execute(
        select(IDENTITIES.c.owner).where(IDENTITIES.c.identity == identity)
    ).first()
    return identity if row is None else row[0]


def identities_of(session: Session, owner: str) -> list[str]:
    """Return the identities that a key signs for: its own address, and those handed to it."""
    query = select(IDENTITIES.c.identity, IDENTITIES.c.owner).where(
        (IDENTITIES.c.owner == owner) | (IDENTITIES.c.identity == owner)
    )
    found: dict[str, str | None] = {row[0]: row[1] for row in session.execute(query)}
    found.setdefault(owner, owner)
    return sorted(identity for identity, now in found.items() if now == owner)


def consents_by(
    session: Session,
    subjects: Iterable[str],
    *,
    status: ConsentStatus | None = None,
    after: tuple[str, bytes] | None = None,
    limit: int = PAGE,
) -> list[IndexedConsent]:
    """Return the consents of subjects over all companies, by subject and id.

    Args:
        session: Of the index.
        subjects: Identities; at most 500.
        status: Only those.
        after: Subject and id of the last consent of the page before.
        limit: Most rows.
    """
    columns = CONSENTS.c
    query = select(CONSENTS).where(columns.subject.in_(list(subjects)))
    if status is not None:
        query = query.where(columns.status == int(status))
    if after is not None:
        query = query.where(tuple_(columns.subject, columns.consent_id) > after)
    query = query.order_by(columns.subject, columns.consent_id).limit(limit)
    return [_consent(row) for row in _rows(session, query)]


def consents_at(
    session: Session, wanted: Iterable[tuple[str, bytes]]
) -> dict[tuple[str, bytes], IndexedConsent]:
    """Return those of these consents that were ever given, by subject and id."""
    found: dict[tuple[str, bytes], IndexedConsent] = {}
    for part in chunks(dict.fromkeys(wanted)):
        ids = [consent_id for _, consent_id in part]
        query = select(CONSENTS).where(CONSENTS.c.consent_id.in_(ids))
        asked = set(part)
        for row in _rows(session, query):
            key = (row["subject"], row["consent_id"])
            if key in asked:
                found[key] = _consent(row)
    return found


def consent_counts(
    session: Session, wanted: Iterable[tuple[str, bytes]]
) -> dict[ConsentStatus, int]:
    """Return how many of these consents stand where; those never given count as ``NONE``."""
    asked = list(dict.fromkeys(wanted))
    counts = dict.fromkeys(ConsentStatus, 0)
    found = consents_at(session, asked)
    for consent in found.values():
        counts[consent.status] += 1
    counts[ConsentStatus.NONE] = len(asked) - len(found)
    return counts


def totals(session: Session) -> Mapping[str, int]:
    """Return how many profiles, consents and identities the index has."""
    return {
        table.name.removeprefix("customers_"): session.scalar(
            select(func.count()).select_from(table)
        )
        or 0
        for table in (PROFILES, CONSENTS, IDENTITIES)
    }


def changes_about(
    session: Session,
    about: Iterable[str],
    *,
    before: tuple[int, int] | None = None,
    limit: int = PAGE,
) -> list[IndexedChange]:
    """Return what happened, newest first.

    Args:
        session: Of the index.
        about: Subjects' addresses, or profiles' or logs' ids as 0x hex; at most 500.
        before: Block and log index of the last change of the page before.
        limit: Most rows.
    """
    columns = CHANGES.c
    query = select(CHANGES).where(columns.about.in_(list(about)))
    if before is not None:
        query = query.where(tuple_(columns.block, columns.log_index) < before)
    query = query.order_by(columns.block.desc(), columns.log_index.desc()).limit(limit)
    return [
        IndexedChange(**{name: value for name, value in row.items() if name != "about"})
        for row in _rows(session, query)
    ]


def _rows(session: Session, query: Select[Any]) -> Iterable[RowMapping]:
    return session.execute(query).mappings()


def _profile(row: RowMapping) -> IndexedProfile:
    names = (name for name in IndexedProfile.__slots__ if name != "status")
    return IndexedProfile(
        **{name: row[name] for name in names}, status=CustomerStatus(row["status"])
    )


def _consent(row: RowMapping) -> IndexedConsent:
    return IndexedConsent(**{**row, "status": ConsentStatus(row["status"])})

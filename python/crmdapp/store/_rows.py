"""Rows of the store as the vault works with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crmdapp.chain.typed_data import Domain
from crmdapp.errors import UsageError
from crmdapp.store.errors import DatumUnknown, EpochClosed, ProfileUnknown
from crmdapp.store.provenance import Ciphertext, Datum, Disclosure, Evidence, Source
from crmdapp.store.schema import (
    DatumRow,
    DisclosedDatumRow,
    DisclosureRow,
    ProfileRow,
    PublicKeyRow,
)
from crmdapp.store.sealing import Place

CUSTODIAL_EPOCH = 0

_CHUNK = 500

T = TypeVar("T")


def chunks(items: Iterable[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """Yield the items in lists of at most ``size``, as many as a statement takes."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def profile_row(session: Session, profile: bytes, *, lock: bool = False) -> ProfileRow:
    """Return the row of a profile.

    Args:
        session: Of the store.
        profile: Id of the customer.
        lock: Whether others wait until this transaction is over.

    Raises:
        ProfileUnknown: There is none.
    """
    query = select(ProfileRow).where(ProfileRow.cid == profile)
    found = session.scalar(query.with_for_update() if lock else query)
    if found is None:
        raise profile_unknown(profile)
    return found


def profile_rows(session: Session, profiles: Iterable[bytes]) -> dict[bytes, ProfileRow]:
    """Return the rows of many profiles, locked in one order.

    Raises:
        ProfileUnknown: One of them is unknown.
    """
    wanted = sorted(set(profiles))
    found: dict[bytes, ProfileRow] = {}
    for part in chunks(wanted):
        query = select(ProfileRow).where(ProfileRow.cid.in_(part)).order_by(ProfileRow.id)
        found |= {row.cid: row for row in session.scalars(query.with_for_update())}
    for profile in wanted:
        if profile not in found:
            raise profile_unknown(profile)
    return found


def open_keys(
    session: Session, profile_ids: Iterable[int], now: int
) -> dict[tuple[int, int], PublicKeyRow]:
    """Return by profile and category the key to seal to: that of the first epoch still open."""
    found: dict[tuple[int, int], PublicKeyRow] = {}
    for part in chunks(profile_ids):
        query = (
            select(PublicKeyRow)
            .where(PublicKeyRow.profile_id.in_(part), PublicKeyRow.closed_at == 0)
            .where((PublicKeyRow.closes_at == 0) | (PublicKeyRow.closes_at > now))
            .order_by(PublicKeyRow.epoch)
        )
        for row in session.scalars(query):
            found.setdefault((row.profile_id, row.category), row)
    return found


def last_versions(session: Session, profile_ids: Iterable[int]) -> dict[tuple[int, str], int]:
    """Return the newest version of each field by profile and name."""
    found: dict[tuple[int, str], int] = {}
    for part in chunks(profile_ids):
        query = (
            select(DatumRow.profile_id, DatumRow.field, func.max(DatumRow.version))
            .where(DatumRow.profile_id.in_(part))
            .group_by(DatumRow.profile_id, DatumRow.field)
        )
        for profile_id, field, version in session.execute(query):
            found[profile_id, field] = version
    return found


def newest(session: Session, profile_id: int) -> Iterator[DatumRow]:
    """Yield the newest version of each field of a profile, by name."""
    last = (
        select(DatumRow.field, func.max(DatumRow.version).label("version"))
        .where(DatumRow.profile_id == profile_id)
        .group_by(DatumRow.field)
        .subquery()
    )
    query = (
        select(DatumRow)
        .where(DatumRow.profile_id == profile_id)
        .join(last, (DatumRow.field == last.c.field) & (DatumRow.version == last.c.version))
        .order_by(DatumRow.field)
    )
    yield from session.scalars(query)


def datum_of(row: DatumRow, profile: bytes) -> Datum:
    """Return a row as a datum."""
    return Datum(
        id=row.id,
        profile=profile,
        field=row.field,
        category=row.category,
        version=row.version,
        key_id=row.key_id,
        source=Source(row.source),
        evidence=Evidence(row.reference, row.digest),
        written_at=row.written_at,
    )


def place_of(datum: Datum, domain: Domain) -> Place:
    """Return the place that a datum is sealed for."""
    return Place(
        domain.chain_id,
        domain.verifying_contract,
        datum.profile,
        datum.field,
        datum.category,
        datum.version,
        datum.key_id,
    )


def ciphertext_of(row: DatumRow, profile: bytes, domain: Domain) -> Ciphertext:
    """Return a row as a sealed datum."""
    datum = datum_of(row, profile)
    return Ciphertext(datum, row.sealed, place_of(datum, domain))


def disclosures_of(
    session: Session, profile: bytes, *, datum: int | None = None
) -> list[Disclosure]:
    """Return to whom data of a profile, or one datum of it, was passed on; oldest first."""
    row = profile_row(session, profile)
    query = select(DisclosureRow).where(DisclosureRow.profile_id == row.id)
    if datum is not None:
        about = select(DisclosedDatumRow.disclosure_id).where(DisclosedDatumRow.datum_id == datum)
        query = query.where(DisclosureRow.id.in_(about))
    found = list(session.scalars(query.order_by(DisclosureRow.id)))
    data: dict[int, list[int]] = {}
    for part in chunks(item.id for item in found):
        pairs = select(DisclosedDatumRow).where(DisclosedDatumRow.disclosure_id.in_(part))
        for pair in session.scalars(pairs):
            data.setdefault(pair.disclosure_id, []).append(pair.datum_id)
    return [
        Disclosure(
            id=item.id,
            profile=profile,
            recipient=item.recipient,
            consent_id=item.consent_id,
            purposes=int.from_bytes(item.purposes, "big"),
            data=tuple(sorted(data.get(item.id, ()))),
            disclosed_at=item.disclosed_at,
            log_id=item.log_id,
            seq=item.seq,
        )
        for item in found
    ]


def put_disclosure(session: Session, made: Disclosure) -> Disclosure:
    """Write a disclosure and return it with its number.

    Raises:
        ProfileUnknown: There is no such profile.
        DatumUnknown: A datum is not the profile's.
        UsageError: Its purposes are no number of 128 bits.
    """
    if not 0 <= made.purposes < 1 << 128:
        raise UsageError("Purposes are a number of 128 bits.")
    owner = profile_row(session, made.profile).id
    known: set[int] = set()
    for part in chunks(made.data):
        query = select(DatumRow.id).where(DatumRow.profile_id == owner, DatumRow.id.in_(part))
        known.update(session.scalars(query))
    for datum in made.data:
        if datum not in known:
            raise datum_unknown(datum)
    row = DisclosureRow(
        profile_id=owner,
        recipient=made.recipient,
        consent_id=made.consent_id,
        purposes=made.purposes.to_bytes(16, "big"),
        disclosed_at=made.disclosed_at,
        log_id=made.log_id,
        seq=made.seq,
    )
    session.add(row)
    session.flush()
    session.add_all(DisclosedDatumRow(disclosure_id=row.id, datum_id=item) for item in made.data)
    return replace(made, id=row.id)


def datum_unknown(datum: int) -> DatumUnknown:
    """Return the refusal of a datum that is not there."""
    return DatumUnknown(
        f"The vault has no datum {datum}, or it is of another profile.",
        why="It was never written, or it was erased.",
        hint="See which there are: crmdapp customers show",
    )


def profile_unknown(profile: bytes) -> ProfileUnknown:
    """Return the refusal of a profile that is not there."""
    return ProfileUnknown(
        f"The vault has no profile 0x{profile.hex()}.",
        why="It was never added, or it was erased.",
        hint="Add it first: enrol it with the customer's keys, or import it into custody.",
    )


def epoch_closed(profile: bytes, category: int) -> EpochClosed:
    """Return the refusal of a value that no key is open for."""
    return EpochClosed(
        f"No key is open for category {category} of the profile 0x{profile.hex()}.",
        why="The customer has published none, or a consent under the last one has ended.",
        hint="Ask the customer's device to publish: crmdapp customers keys publish",
    )

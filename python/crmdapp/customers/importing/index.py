"""What the store knows of the customers that a file may be about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from crmdapp.customers.importing.columns import category_of
from crmdapp.store.crm_schema import DatumMarkRow, MatchKeyRow, ProfileIdRow
from crmdapp.store.schema import DatumRow, ProfileRow, ReceiptRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from crmdapp.store.database import Store
    from crmdapp.store.vault import Vault

BLOCK_MAX = 50
"""Profiles that share a trait before it tells nothing: comparing stays linear in the file."""

_COMPARED = ("name", "given_name", "family_name", "birth_date", "street", "postal_code", "city")
_AT_ONCE = 5_000

Reader = Callable[[bytes], Mapping[str, str] | None]
"""Gives what likeness compares of a profile in custody; ``None`` if it cannot be read."""


def owners_of(session: Session, ids: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the profile (cid) that each of the ids leads to, as far as they are known."""
    found: dict[bytes, bytes] = {}
    for part in _parts(ids):
        query = (
            select(ProfileIdRow.id, ProfileRow.cid)
            .join(ProfileRow, ProfileRow.id == ProfileIdRow.profile_id)
            .where(ProfileIdRow.id.in_(part))
        )
        found.update((row.id, row.cid) for row in session.execute(query))
    return found


def unlisted_of(session: Session, ids: Collection[bytes]) -> dict[bytes, bool]:
    """Return the profiles among the ids that no list of ids names, and whether they are in custody.

    They came into the vault in another way, or with a chunk that was never noted.
    """
    found: dict[bytes, bool] = {}
    for part in _parts(ids):
        query = (
            select(ProfileRow.cid, ProfileRow.custodial)
            .join(ProfileIdRow, ProfileIdRow.id == ProfileRow.cid, isouter=True)
            .where(ProfileRow.cid.in_(part), ProfileIdRow.id.is_(None))
        )
        found.update((row.cid, row.custodial) for row in session.execute(query))
    return found


def profiles_of(session: Session, cids: Collection[bytes]) -> dict[bytes, int]:
    """Return the row of each profile that is in the vault."""
    found: dict[bytes, int] = {}
    for part in _parts(cids):
        query = select(ProfileRow.cid, ProfileRow.id).where(ProfileRow.cid.in_(part))
        found.update((row.cid, row.id) for row in session.execute(query))
    return found


def sharers_of(session: Session, traits: Collection[bytes]) -> dict[bytes, list[bytes]]:
    """Return the profiles that have each trait; of a trait that too many have, nobody."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for part in _parts(traits):
        telling = (
            select(MatchKeyRow.trait)
            .where(MatchKeyRow.trait.in_(part))
            .group_by(MatchKeyRow.trait)
            .having(func.count() <= BLOCK_MAX)
        )
        query = (
            select(MatchKeyRow.trait, ProfileRow.cid)
            .join(ProfileRow, ProfileRow.id == MatchKeyRow.profile_id)
            .where(MatchKeyRow.trait.in_(telling))
            .order_by(ProfileRow.id)
        )
        for row in session.execute(query):
            found[row.trait].append(row.cid)
    return found


def marks_of(session: Session, profiles: Collection[int]) -> set[tuple[int, str, bytes]]:
    """Return the marks of what the profiles hold: row of the profile, field, mark."""
    found: set[tuple[int, str, bytes]] = set()
    for part in _parts(profiles):
        query = select(DatumMarkRow.profile_id, DatumMarkRow.field, DatumMarkRow.mark).where(
            DatumMarkRow.profile_id.in_(part)
        )
        found.update((row.profile_id, row.field, row.mark) for row in session.execute(query))
    return found


def unnoted(
    session: Session, sha256: bytes, references: Collection[str]
) -> dict[tuple[bytes, str, str], int]:
    """Return the data that lines of a file have brought and nobody noted, because a run died.

    Keys are the profile (cid), the field and the reference; values are the data's rows.
    """
    found: dict[tuple[bytes, str, str], int] = {}
    for part in _parts(references):
        query = (
            select(ProfileRow.cid, DatumRow.field, DatumRow.reference, DatumRow.id)
            .join(ProfileRow, ProfileRow.id == DatumRow.profile_id)
            .join(DatumMarkRow, DatumMarkRow.datum_id == DatumRow.id, isouter=True)
            .where(
                DatumRow.digest == sha256,
                DatumRow.reference.in_(part),
                DatumMarkRow.datum_id.is_(None),
            )
        )
        found.update(
            ((row.cid, row.field, row.reference), row.id) for row in session.execute(query)
        )
    return found


def erased(store: Store) -> set[bytes]:
    """Return the profiles that were erased on request, 32 bytes each."""
    import json

    with store.reading() as session:
        query = select(ReceiptRow.body).where(ReceiptRow.kind == "erasure")
        bodies = [json.loads(body) for body in session.scalars(query)]
    return {bytes.fromhex(body["profile"].removeprefix("0x")) for body in bodies}


def custodial_reader(vault: Vault) -> Reader:
    """Return what reads a profile in custody for comparing, and nothing of a claimed one."""
    from crmdapp.store.errors import CustodyProblem, ProfileUnknown, SealedInvalid

    categories = 0
    for name in _COMPARED:
        categories |= 1 << category_of(name)

    def read(cid: bytes) -> Mapping[str, str] | None:
        try:
            return {
                item.datum.field: vault.open_custodial(item).decode()
                for item in vault.ciphertexts(cid, categories)
                if item.datum.field in _COMPARED
            }
        except (CustodyProblem, ProfileUnknown, SealedInvalid):
            return None

    return read


def _parts(items: Iterable[object]) -> Iterable[list[object]]:
    """Yield the items in lists short enough for one statement."""
    rest = list(items)
    for at in range(0, len(rest), _AT_ONCE):
        yield rest[at : at + _AT_ONCE]

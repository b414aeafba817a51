"""Profiles that came by import: the company holds their keys until the customer claims them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from crmdapp.errors import CrmdappError
from crmdapp.store._intake import (
    Parts,
    keep_bundle,
    keep_wraps,
    key_ids_of,
    require_bundle,
    require_wraps,
    take_keys,
    usable_wraps,
)
from crmdapp.store._rows import (
    CUSTODIAL_EPOCH,
    chunks,
    ciphertext_of,
    epoch_closed,
    open_keys,
    profile_row,
)
from crmdapp.store.epochs import KeyPackage
from crmdapp.store.errors import CustodyProblem
from crmdapp.store.provenance import Ciphertext
from crmdapp.store.schema import DatumRow, ProfileRow, PublicKeyRow
from crmdapp.store.sealing import key_id_of, new_key, open_field, public_key, seal_field

_CLAIM = "claim"


def adopt(parts: Parts, profiles: Iterable[bytes]) -> int:
    """Add custodial profiles that are not known yet and return how many were added."""
    added, now = 0, parts.now()
    with parts.store.writing() as session:
        for part in chunks(dict.fromkeys(profiles)):
            known = set(session.scalars(select(ProfileRow.cid).where(ProfileRow.cid.in_(part))))
            fresh = [
                {"cid": cid, "custodial": True, "added_at": now} for cid in part if cid not in known
            ]
            if fresh:
                session.execute(insert(ProfileRow), fresh)
            added += len(fresh)
    return added


def make_keys(parts: Parts, wanted: Iterable[tuple[bytes, int]]) -> dict[tuple[bytes, int], bytes]:
    """Return the public key of each custodial profile and category, making what is missing."""
    pairs = list(dict.fromkeys(wanted))
    found: dict[tuple[bytes, int], bytes] = {}
    with parts.keys.changing() as db:
        for profile, category in pairs:
            query = "SELECT private_key FROM custodial_keys WHERE profile = ? AND category = ?"
            row = db.execute(query, (profile, category)).fetchone()
            private_key = new_key() if row is None else bytes(row[0])
            public = found[profile, category] = public_key(private_key)
            if row is None:
                db.execute(
                    "INSERT INTO custodial_keys VALUES (?, ?, ?, ?)",
                    (_key_id(profile, category, public), profile, category, private_key),
                )
    return found


def put_keys(
    session: Session, rows: dict[bytes, ProfileRow], keys: dict[tuple[bytes, int], bytes]
) -> None:
    """Put the public keys of custodial profiles into the store, unless they are there."""
    for part in chunks(keys.items()):
        ids = {_key_id(profile, category, public) for (profile, category), public in part}
        query = select(PublicKeyRow.key_id).where(PublicKeyRow.key_id.in_(ids))
        known = set(session.scalars(query))
        fresh = [
            {
                "profile_id": rows[profile].id,
                "category": category,
                "epoch": CUSTODIAL_EPOCH,
                "key_id": key_id,
                "public_key": public,
                "closes_at": 0,
                "closed_at": 0,
            }
            for (profile, category), public in part
            if (key_id := _key_id(profile, category, public)) not in known
            and rows[profile].custodial
        ]
        if fresh:
            session.execute(insert(PublicKeyRow), fresh)


def open_custodial(parts: Parts, ciphertext: Ciphertext) -> bytes:
    """Return a value of a custodial profile.

    Raises:
        CustodyProblem: The company does not hold its key.
        SealedInvalid: It was altered.
    """
    query = "SELECT private_key FROM custodial_keys WHERE key_id = ?"
    if not (found := parts.keys.rows(query, (ciphertext.datum.key_id,))):
        raise CustodyProblem(
            "The company does not hold the key of this value.",
            why="The customer has claimed the profile, or it was erased.",
            hint="Ask the customer for consent; a wrap opens the value then.",
        )
    return open_field(bytes(found[0][0]), ciphertext.sealed, ciphertext.place)


def claim(parts: Parts, profile: bytes, subject: str, package: KeyPackage) -> None:
    """Seal everything of a custodial profile to the customer's keys and destroy the company's.

    Raises:
        ProfileUnknown: There is none.
        CustodyProblem: It is not custodial.
        BundleInvalid: The keys are not the customer's.
        WrapInvalid: A wrap is not the customer's.
        EpochClosed: The customer has published no key for a category that has data.
    """
    bundle = package.bundle.bundle
    require_bundle(parts, package.bundle, {subject} if bundle.profile == profile else set())
    signers = {bundle.subject, *bundle.signers}
    wraps = usable_wraps(package.wraps, key_ids_of(bundle))
    require_wraps(parts, wraps, profile=profile, signers=signers)
    package = KeyPackage(package.bundle, wraps)
    with parts.store.reading() as session:
        _require_custodial(profile_row(session, profile))
    with parts.keys.changing() as db:
        db.execute(
            "INSERT OR REPLACE INTO pending (kind, subject, body) VALUES (?, ?, ?)",
            (_CLAIM, profile, json.dumps(package.to_json())),
        )
    try:
        _seal_anew(parts, profile, package)
    except CrmdappError:
        resume(parts)
        raise
    _finish(parts, profile, package)


def resume(parts: Parts) -> None:
    """Finish claims whose data was sealed anew, and forget those that had not come so far."""
    rows = parts.keys.rows("SELECT subject, body FROM pending WHERE kind = ?", (_CLAIM,))
    for row in rows:
        profile = bytes(row[0])
        if _is_claimed(parts, profile):
            _finish(parts, profile, KeyPackage.from_json(json.loads(row[1])))
        else:
            with parts.keys.changing() as db:
                _forget(db, profile)


def _seal_anew(parts: Parts, profile: bytes, package: KeyPackage) -> None:
    now = parts.now()
    with parts.store.writing() as session:
        row = profile_row(session, profile, lock=True)
        _require_custodial(row)
        session.execute(delete(PublicKeyRow).where(PublicKeyRow.profile_id == row.id))
        take_keys(session, row.id, package.bundle.bundle, now)
        session.flush()
        keys = open_keys(session, [row.id], now)
        for datum in session.scalars(select(DatumRow).where(DatumRow.profile_id == row.id)):
            ciphertext = ciphertext_of(datum, profile, parts.domain)
            value = open_custodial(parts, ciphertext)
            if (key := keys.get((row.id, datum.category))) is None:
                raise epoch_closed(profile, datum.category)
            place = replace(ciphertext.place, key_id=key.key_id)
            datum.sealed = seal_field(key.public_key, value, place)
            datum.key_id = key.key_id
        row.custodial = False


def _finish(parts: Parts, profile: bytes, package: KeyPackage) -> None:
    with parts.keys.changing() as db:
        keep_bundle(db, package.bundle)
        keep_wraps(db, package.wraps)
        db.execute("DELETE FROM custodial_keys WHERE profile = ?", (profile,))
    parts.keys.scrub()
    parts.store.scrub()
    # Last: killed before, the keys are removed from the log when the vault is opened next.
    with parts.keys.changing() as db:
        _forget(db, profile)


def _forget(db: sqlite3.Connection, profile: bytes) -> None:
    db.execute("DELETE FROM pending WHERE kind = ? AND subject = ?", (_CLAIM, profile))


def _is_claimed(parts: Parts, profile: bytes) -> bool:
    with parts.store.reading() as session:
        query = select(ProfileRow.custodial).where(ProfileRow.cid == profile)
        return session.scalar(query) is False


def _require_custodial(row: ProfileRow) -> None:
    if not row.custodial:
        raise CustodyProblem(
            "The profile is not in the company's custody.",
            why="Its customer has claimed it already.",
            hint="Take the customer's new keys with accept.",
        )


def _key_id(profile: bytes, category: int, public: bytes) -> bytes:
    return key_id_of(profile, category, CUSTODIAL_EPOCH, public)

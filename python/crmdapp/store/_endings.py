"""How access ends: withdrawal, expiry and erasure, each finished even if the process dies.

The store and the key file are two databases, so each ending is first written down as pending in the
key file; every step can be done twice; and what is pending is finished when the vault is opened
next.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import suppress
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crmdapp.store._intake import Parts
from crmdapp.store._rows import chunks, profile_row
from crmdapp.store.errors import KeyFileLocked
from crmdapp.store.keys import PERSONAL_TABLES
from crmdapp.store.receipts import ReceiptKind, VaultReceipt, receipt_body, sign_receipt
from crmdapp.store.schema import DatumRow, ProfileRow, PublicKeyRow, ReceiptRow


def end_consent(parts: Parts, consent_id: bytes, kind: ReceiptKind) -> VaultReceipt:
    """Delete the wraps of a consent and close every epoch that it had a key of.

    A consent that has ended already gives the receipt it got then.
    """
    query = "SELECT receipt_hash FROM ended WHERE consent_id = ?"
    if not (found := parts.keys.rows(query, (consent_id,))):
        _begin_consent(parts, consent_id, kind)
        found = parts.keys.rows(query, (consent_id,))
    _finish_consents(parts, consent_id)
    return _receipt(parts, bytes(found[0][0]))


def erase(parts: Parts, profile: bytes) -> VaultReceipt:
    """Destroy keys, wraps, salts, links and data of a profile.

    Raises:
        ProfileUnknown: There is none.
        KeyFileLocked: Another process still reads old pages of the key file; open the vault again.
        StoreLocked: Another process still reads old pages of the store; open the vault again.
    """
    _begin_erasure(parts, profile)
    (row,) = parts.keys.rows("SELECT body FROM pending WHERE subject = ?", (profile,))
    return _finish_erasure(parts, profile, json.loads(row[0]))


def resume(parts: Parts) -> None:
    """Finish every ending that was begun."""
    _finish_consents(parts)
    for row in parts.keys.rows(
        "SELECT subject, body FROM pending WHERE kind = ?", (ReceiptKind.ERASURE.value,)
    ):
        _finish_erasure(parts, bytes(row[0]), json.loads(row[1]))


# --------------------------------------------------------------------------- consents


def _begin_consent(parts: Parts, consent_id: bytes, kind: ReceiptKind) -> None:
    with parts.keys.changing() as db:
        rows = db.execute(
            "SELECT key_id, profile FROM wraps WHERE consent_id = ?", (consent_id,)
        ).fetchall()
        key_ids = [bytes(row[0]) for row in rows]
        body = receipt_body(
            kind,
            parts.domain,
            parts.signer.address,
            parts.now(),
            consentId="0x" + consent_id.hex(),
            wraps=len(rows),
            epochs=_open_epochs(parts, key_ids),
        )
        # From here on no wrap of the consent is taken any more, even if none was known.
        db.execute(
            "INSERT INTO ended VALUES (?, ?, ?)",
            (consent_id, bytes(rows[0][1]) if rows else b"", VaultReceipt(body, b"").hash),
        )
        db.execute(
            "INSERT INTO pending (kind, subject, body) VALUES (?, ?, ?)",
            (kind.value, consent_id, json.dumps(body)),
        )


def _open_epochs(parts: Parts, key_ids: list[bytes]) -> int:
    found = 0
    with parts.store.reading() as session:
        for part in chunks(key_ids):
            query = select(func.count()).where(
                PublicKeyRow.key_id.in_(part), PublicKeyRow.closed_at == 0
            )
            found += session.scalar(query) or 0
    return found


def _finish_consents(parts: Parts, consent_id: bytes | None = None) -> None:
    kinds = (ReceiptKind.WITHDRAWAL.value, ReceiptKind.EXPIRY.value)
    rows = parts.keys.rows("SELECT subject, body FROM pending WHERE kind IN (?, ?)", kinds)
    for row in rows:
        if consent_id in (None, bytes(row[0])):
            _finish_consent(parts, bytes(row[0]), json.loads(row[1]))


def _finish_consent(parts: Parts, consent_id: bytes, body: dict[str, Any]) -> None:
    rows = parts.keys.rows("SELECT key_id FROM wraps WHERE consent_id = ?", (consent_id,))
    with parts.store.writing() as session:
        # First the epochs: nothing more is written that the consent's keys would open.
        for part in chunks(bytes(row[0]) for row in rows):
            session.execute(
                update(PublicKeyRow)
                .where(PublicKeyRow.key_id.in_(part), PublicKeyRow.closed_at == 0)
                .values(closed_at=body["at"])
            )
        _put_receipt(parts, session, body)
    with parts.keys.changing() as db:
        db.execute("DELETE FROM wraps WHERE consent_id = ?", (consent_id,))
    with suppress(KeyFileLocked):  # the wraps are gone; older pages of the log go next time
        parts.keys.checkpoint()
    with parts.keys.changing() as db:
        db.execute("DELETE FROM pending WHERE subject = ?", (consent_id,))


# --------------------------------------------------------------------------- erasure


def _begin_erasure(parts: Parts, profile: bytes) -> None:
    with parts.store.reading() as session:
        row = profile_row(session, profile)
        data = session.scalar(select(func.count()).where(DatumRow.profile_id == row.id)) or 0
    counted = {"keys": "custodial_keys", "wraps": "wraps", "salts": "salts", "links": "links"}
    with parts.keys.changing() as db:
        counts = {
            name: db.execute(
                f"SELECT COUNT(*) FROM {table} WHERE profile = ?",  # noqa: S608 - a constant
                (profile,),
            ).fetchone()[0]
            for name, table in counted.items()
        }
        body = receipt_body(
            ReceiptKind.ERASURE,
            parts.domain,
            parts.signer.address,
            parts.now(),
            profile="0x" + profile.hex(),
            data=data,
            **counts,
        )
        db.execute(
            "INSERT OR IGNORE INTO pending (kind, subject, body) VALUES (?, ?, ?)",
            (ReceiptKind.ERASURE.value, profile, json.dumps(body)),
        )


def _finish_erasure(parts: Parts, profile: bytes, body: dict[str, Any]) -> VaultReceipt:
    # First the keys: from here on the sealed data is noise, whatever happens to it.
    with parts.keys.changing() as db:
        _delete_keys(db, profile)
    parts.keys.scrub()
    with parts.store.writing() as session:
        session.execute(delete(ProfileRow).where(ProfileRow.cid == profile))
        receipt = _put_receipt(parts, session, body)
    parts.store.scrub()
    with parts.keys.changing() as db:
        # Once more: another process may have written while the profile was still there.
        _delete_keys(db, profile)
        db.execute("DELETE FROM pending WHERE subject = ?", (profile,))
    parts.keys.scrub()
    return receipt


def _delete_keys(db: sqlite3.Connection, profile: bytes) -> None:
    for table in PERSONAL_TABLES:
        db.execute(f"DELETE FROM {table} WHERE profile = ?", (profile,))  # noqa: S608 - constants


# --------------------------------------------------------------------------- receipts


def _put_receipt(parts: Parts, session: Session, body: dict[str, Any]) -> VaultReceipt:
    receipt = sign_receipt(body, parts.signer)
    known = session.scalar(select(ReceiptRow.id).where(ReceiptRow.receipt_hash == receipt.hash))
    if known is None:
        session.add(
            ReceiptRow(
                receipt_hash=receipt.hash,
                kind=receipt.kind.value,
                body=json.dumps(body),
                signature=receipt.signature,
            )
        )
    return receipt


def _receipt(parts: Parts, receipt_hash: bytes) -> VaultReceipt:
    with parts.store.reading() as session:
        row = session.scalars(
            select(ReceiptRow).where(ReceiptRow.receipt_hash == receipt_hash)
        ).one()
        return VaultReceipt(json.loads(row.body), row.signature)

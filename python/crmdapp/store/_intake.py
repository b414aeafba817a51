"""Checking and taking what the customer's device sends: published keys and wraps."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crmdapp.chain.accounts import Signer
from crmdapp.chain.typed_data import Domain
from crmdapp.store._rows import profile_unknown
from crmdapp.store.database import Store
from crmdapp.store.epochs import EpochKey, KeyBundle, SignedBundle, SignedWrap, require_wrap
from crmdapp.store.errors import BundleInvalid, GranteeKeyInvalid, WrapInvalid
from crmdapp.store.keys import OperatorKeys
from crmdapp.store.schema import PublicKeyRow
from crmdapp.store.sealing import key_id_of, require_public_key

SUBJECT = "subject"
"""Kind of the link between a profile and the identity that publishes its keys."""

SIGNER = "signer"
"""Kind of the link between a profile and an identity that gave a consent."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a vault consists of.

    Attributes:
        store: Sealed data.
        keys: The operator's key file.
        domain: The consent registry.
        owner_of: Identity -> the key that speaks for it now.
        signer: Signs receipts.
        clock: Gives Unix seconds.
    """

    store: Store
    keys: OperatorKeys
    domain: Domain
    owner_of: Callable[[str], str]
    signer: Signer
    clock: Callable[[], float]

    def now(self) -> int:
        """Return Unix seconds."""
        return int(self.clock())


def require_bundle(parts: Parts, signed: SignedBundle, subjects: Iterable[str]) -> None:
    """Check a bundle as far as it stands alone.

    Args:
        parts: Of the vault.
        signed: The bundle.
        subjects: Who may publish keys for its profile.

    Raises:
        BundleInvalid: The customer did not sign it, it is not the newest, or it is malformed.
    """
    bundle = signed.bundle
    if signed.domain != parts.domain:
        raise _bundle_invalid("it is for another registry or chain")
    if bundle.subject not in subjects:
        raise _bundle_invalid("its subject is not the customer's identity for this vault")
    if not signed.signed_by(parts.owner_of(bundle.subject)):
        raise _bundle_invalid("the owner of its subject did not sign it")
    last = parts.keys.rows("SELECT issued_at FROM bundles WHERE profile = ?", (bundle.profile,))
    if last and bundle.issued_at <= last[0][0]:
        raise _bundle_invalid("a newer one was published")
    if len({(key.category, key.epoch) for key in bundle.keys}) != len(bundle.keys):
        raise _bundle_invalid("it names an epoch twice")
    for key in bundle.keys:
        if key.epoch < 1:
            raise _bundle_invalid("epochs are counted from 1")
        try:
            require_public_key(key.public_key)
        except GranteeKeyInvalid:
            raise _bundle_invalid("a key of it is no key that can be sealed to") from None


def take_keys(session: Session, profile_id: int, bundle: KeyBundle, now: int) -> None:
    """Put the keys of a checked bundle into the store; keys it leaves out are closed.

    Raises:
        BundleInvalid: It gives a second key to an epoch.
    """
    rows = session.scalars(select(PublicKeyRow).where(PublicKeyRow.profile_id == profile_id))
    known = {(row.category, row.epoch): row for row in rows}
    for key in bundle.keys:
        row = known.pop((key.category, key.epoch), None)
        if row is None:
            session.add(_row(profile_id, bundle.profile, key))
        elif row.public_key != key.public_key:
            raise _bundle_invalid("it gives a second key to an epoch")
        else:
            row.closes_at = key.closes_at  # of a closed epoch it has no effect
    for row in known.values():
        row.closed_at = row.closed_at or now


def usable_wraps(wraps: Iterable[SignedWrap], key_ids: Collection[bytes]) -> tuple[SignedWrap, ...]:
    """Return the wraps of keys that were published."""
    return tuple(signed for signed in wraps if signed.wrap.key_id in key_ids)


def require_wraps(
    parts: Parts,
    wraps: Iterable[SignedWrap],
    *,
    profile: bytes,
    signers: Iterable[str],
) -> None:
    """Check wraps before they are kept.

    Args:
        parts: Of the vault.
        wraps: Of one profile.
        profile: Its id.
        signers: The customer's identities that may give consent.

    Raises:
        WrapInvalid: One is not the customer's, is over, or belongs elsewhere.
    """
    allowed, now = set(signers), parts.now()
    for signed in wraps:
        wrap = signed.wrap
        if signed.domain != parts.domain:
            raise wrap_invalid("it is for another registry or chain")
        if wrap.profile != profile:
            raise wrap_invalid("it is of another profile")
        if wrap.subject not in allowed:
            raise wrap_invalid("its subject is none of the customer's identities")
        require_wrap(signed, owner=parts.owner_of(wrap.subject), now=now)
        if parts.keys.rows("SELECT 1 FROM ended WHERE consent_id = ?", (wrap.consent_id,)):
            raise _consent_ended()


def require_enrolled(db: sqlite3.Connection, profile: bytes) -> None:
    """Check, in the transaction that writes about it, that a profile was not erased meanwhile.

    Raises:
        ProfileUnknown: It was.
    """
    query = "SELECT 1 FROM links WHERE profile = ? AND kind = ?"
    if db.execute(query, (profile, SUBJECT)).fetchone() is None:
        raise profile_unknown(profile)


def keep_bundle(db: sqlite3.Connection, signed: SignedBundle) -> None:
    """Write a bundle and the identities it names to the key file."""
    bundle = signed.bundle
    db.execute(
        "INSERT OR REPLACE INTO bundles (profile, issued_at, envelope) VALUES (?, ?, ?)",
        (bundle.profile, bundle.issued_at, json.dumps(signed.to_json())),
    )
    links = [(SUBJECT, bundle.subject), *((SIGNER, item) for item in bundle.signers)]
    db.executemany(
        "INSERT OR IGNORE INTO links VALUES (?, ?, ?)",
        [(bundle.profile, kind, value) for kind, value in links],
    )


def keep_wraps(db: sqlite3.Connection, wraps: Iterable[SignedWrap]) -> None:
    """Write wraps to the key file, in place of earlier ones of the same consent and key.

    Raises:
        WrapInvalid: A consent has ended.
    """
    wraps = list(wraps)
    for consent_id in {signed.wrap.consent_id for signed in wraps}:
        # In this transaction: a withdrawal that was faster is not undone.
        if db.execute("SELECT 1 FROM ended WHERE consent_id = ?", (consent_id,)).fetchone():
            raise _consent_ended()
    rows = [
        (
            signed.wrap.consent_id,
            signed.wrap.key_id,
            signed.wrap.profile,
            signed.wrap.expiry,
            json.dumps(signed.to_json()),
        )
        for signed in wraps
    ]
    db.executemany("INSERT OR REPLACE INTO wraps VALUES (?, ?, ?, ?, ?)", rows)


def key_ids_of(bundle: KeyBundle) -> set[bytes]:
    """Return the ids of the keys in a bundle."""
    return {
        key_id_of(bundle.profile, key.category, key.epoch, key.public_key) for key in bundle.keys
    }


def read_wrap(envelope: str) -> SignedWrap:
    """Return a wrap as it stands in the key file."""
    body: Mapping[str, object] = json.loads(envelope)
    return SignedWrap.from_json(body)


def _row(profile_id: int, profile: bytes, key: EpochKey) -> PublicKeyRow:
    return PublicKeyRow(
        profile_id=profile_id,
        category=key.category,
        epoch=key.epoch,
        key_id=key_id_of(profile, key.category, key.epoch, key.public_key),
        public_key=key.public_key,
        closes_at=key.closes_at,
        closed_at=0,
    )


def _bundle_invalid(why: str) -> BundleInvalid:
    return BundleInvalid(
        "The published keys are refused.",
        why=f"{why[0].upper()}{why[1:]}.",
        hint="Ask the customer's device to publish again: crmdapp customers keys publish",
    )


def _consent_ended() -> WrapInvalid:
    return wrap_invalid("its consent was withdrawn or has expired")


def wrap_invalid(why: str) -> WrapInvalid:
    """Return the refusal of a wrap.

    Args:
        why: What is wrong with it, beginning in lower case.
    """
    return WrapInvalid(
        "The wrapped key is refused.",
        why=f"{why[0].upper()}{why[1:]}.",
        hint="Ask the customer's device for a new one: crmdapp customers keys wrap",
    )

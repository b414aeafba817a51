"""How profiles, identities and consents follow from events.

Each function is one event's effect, as the contract that emits it does it.
"""

from __future__ import annotations

from crmdapp.customers import events
from crmdapp.customers.consent_models import ConsentStatus
from crmdapp.customers.models import CustomerStatus
from crmdapp.store.index.customers._noting import known, note_change
from crmdapp.store.index.customers.tables import (
    ATTESTORS,
    CONSENTS,
    GUARDIANS,
    IDENTITIES,
    PROFILES,
    RECOVERIES,
    SCOPES,
    TAGS,
)
from crmdapp.store.index.deriving import Entry, Rows, derives

_REGISTRY, _DIDS, _CONSENTS = "CustomerRegistry", "DidRegistry", "ConsentRegistry"
BOTH_KINDS = (True, False)


# ------------------------------------------------------------------------------------- scopes


@derives(_REGISTRY, events.ScopeCreated)
def _scope_created(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        SCOPES,
        scope=event.scope,
        owner=event.owner,
        offered_to=None,
        created_at=entry.timestamp,
    )


@derives(_REGISTRY, events.ScopeOwnershipOffered)
def _scope_offered(rows: Rows, entry: Entry) -> None:
    offered = known(entry.event.new_owner)
    rows.change(SCOPES, entry.event.scope, offered_to=offered)


@derives(_REGISTRY, events.ScopeOwnershipAccepted)
def _scope_accepted(rows: Rows, entry: Entry) -> None:
    rows.change(SCOPES, entry.event.scope, owner=entry.event.owner, offered_to=None)


@derives(_REGISTRY, events.AttestorSet)
def _attestor_set(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        ATTESTORS,
        scope=event.scope,
        attestor=event.attestor,
        level=event.level,
        # The event of a dismissal repeats the old time; the registry keeps none.
        active_at=event.active_at if event.level else 0,
    )


# ------------------------------------------------------------------------------------- profiles


@derives(_REGISTRY, events.CustomerRegistered)
def _registered(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        PROFILES,
        cid=event.cid,
        controller=event.controller,
        level=event.level,
        epoch=0,
        status=int(CustomerStatus.ACTIVE),
        root=event.root,
        merged_into=None,
        merged_at=0,
        receipt_hash=None,
        erased_at=0,
        tags=1,
        registered_at=entry.timestamp,
        registered_in=entry.block,
    )
    note_change(rows, entry, event.cid, "registered", event.controller)


@derives(_REGISTRY, events.TagLinked)
def _tag_linked(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(TAGS, id=event.id, cid=event.cid)
    rows.add(PROFILES, event.cid, tags=1)
    note_change(rows, entry, event.cid, "tag-linked")


@derives(_REGISTRY, events.ProfileRootSet)
def _root_set(rows: Rows, entry: Entry) -> None:
    rows.change(PROFILES, entry.event.cid, root=entry.event.root)
    note_change(rows, entry, entry.event.cid, "root-set")


@derives(_REGISTRY, events.CustomersMerged)
def _merged(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(
        PROFILES,
        event.from_,
        status=int(CustomerStatus.MERGED),
        merged_into=event.into,
        merged_at=entry.timestamp,
    )
    note_change(rows, entry, event.from_, "merged", "0x" + event.into.hex())


@derives(_REGISTRY, events.CustomersUnmerged)
def _unmerged(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(
        PROFILES,
        event.from_,
        status=int(CustomerStatus.ACTIVE),
        merged_into=None,
        merged_at=0,
    )
    note_change(rows, entry, event.from_, "unmerged", "0x" + event.into.hex())


@derives(_REGISTRY, events.ControllerRotated)
def _rotated(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(PROFILES, event.cid, controller=event.controller, epoch=event.epoch)
    if _carry_out(rows, entry):
        _drop_announced(rows, entry)
    note_change(rows, entry, event.cid, "key-changed", event.controller)


@derives(_REGISTRY, events.CustomerErased)
def _erased(rows: Rows, entry: Entry) -> None:
    event = entry.event
    row = _row(rows, event.cid)
    rows.change(
        PROFILES,
        event.cid,
        controller=None,
        epoch=row["epoch"] + 1,
        status=int(CustomerStatus.ERASED),
        receipt_hash=event.receipt_hash,
        erased_at=entry.timestamp,
    )
    _forget(rows, event.cid)
    note_change(rows, entry, event.cid, "erased", "0x" + event.receipt_hash.hex())


# ------------------------------------------------------------------------------------- recovery


@derives(_REGISTRY, events.GuardiansAnnounced)
def _guardians_announced(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        GUARDIANS,
        cid=event.cid,
        current=_guardians(rows, entry),
        announced=event.guardians_hash,
        active_at=event.active_at,
    )
    note_change(rows, entry, event.cid, "guardians-announced")


@derives(_REGISTRY, events.RecoveryProposed)
def _recovery_proposed(rows: Rows, entry: Entry) -> None:
    event = entry.event
    if not event.by_guardians:
        _drop_announced(rows, entry)
    rows.put(
        RECOVERIES,
        cid=event.cid,
        by_guardians=event.by_guardians,
        new_controller=event.new_controller,
        ready_at=event.ready_at,
    )
    note_change(rows, entry, event.cid, "recovery-proposed", event.new_controller)


@derives(_REGISTRY, events.RecoveryVetoed)
def _recovery_vetoed(rows: Rows, entry: Entry) -> None:
    rows.delete(RECOVERIES, entry.event.cid, True)
    note_change(rows, entry, entry.event.cid, "recovery-vetoed", entry.event.new_controller)


# ------------------------------------------------------------------------------------- identities


@derives(_DIDS, events.DIDOwnerChanged)
def _owner_changed(rows: Rows, entry: Entry) -> None:
    _identity(rows, entry, owner=known(entry.event.owner), changed_in=entry.block)


@derives(_DIDS, events.IdentityBound)
def _identity_bound(rows: Rows, entry: Entry) -> None:
    _identity(rows, entry, cid=entry.event.cid)


@derives(_DIDS, events.DIDDelegateChanged)
def _delegate_changed(rows: Rows, entry: Entry) -> None:
    _identity(rows, entry, changed_in=entry.block)


@derives(_DIDS, events.DIDAttributeChanged)
def _attribute_changed(rows: Rows, entry: Entry) -> None:
    _identity(rows, entry, changed_in=entry.block)


# ------------------------------------------------------------------------------------- consents


@derives(_CONSENTS, events.ConsentGranted)
def _granted(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        CONSENTS,
        subject=event.subject,
        consent_id=event.consent_id,
        status=int(ConsentStatus.GRANTED),
        granted_at=entry.timestamp,
        renewed_until=0,
        version=1,
        ended_at=0,
    )
    _consent_changed(rows, entry, "granted")


@derives(_CONSENTS, events.ConsentRenewed)
def _renewed(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(
        CONSENTS,
        event.subject,
        event.consent_id,
        renewed_until=event.expiry,
        version=event.version,
    )
    _consent_changed(rows, entry, "renewed")


@derives(_CONSENTS, events.ConsentWithdrawn)
def _withdrawn(rows: Rows, entry: Entry) -> None:
    _ended(rows, entry, ConsentStatus.WITHDRAWN)
    _consent_changed(rows, entry, "withdrawn")


@derives(_CONSENTS, events.ConsentRevoked)
def _revoked(rows: Rows, entry: Entry) -> None:
    _ended(rows, entry, ConsentStatus.REVOKED)
    _consent_changed(rows, entry, "revoked")


# ------------------------------------------------------------------------------------- inside


def _ended(rows: Rows, entry: Entry, status: ConsentStatus) -> None:
    event = entry.event
    rows.change(
        CONSENTS,
        event.subject,
        event.consent_id,
        status=int(status),
        ended_at=entry.timestamp,
    )


def _consent_changed(rows: Rows, entry: Entry, kind: str) -> None:
    note_change(rows, entry, entry.event.subject, kind, "0x" + entry.event.consent_id.hex())


def _identity(rows: Rows, entry: Entry, **columns: object) -> None:
    identity = entry.event.identity
    row = rows.get(IDENTITIES, identity) or {
        "identity": identity,
        "owner": identity,
        "cid": None,
        "changed_in": 0,
    }
    rows.put(IDENTITIES, **{**row, **columns})


def _row(rows: Rows, cid: bytes) -> dict[str, int]:
    row = rows.get(PROFILES, cid)
    assert row is not None  # the registry changes no profile that it did not register
    return row


def _guardians(rows: Rows, entry: Entry) -> bytes | None:
    """Return the hash of the guardians who count at the event's time, as the registry reckons."""
    row = rows.get(GUARDIANS, entry.event.cid)
    if row is None:
        return None
    changed = row["active_at"] != 0 and entry.timestamp >= row["active_at"]
    found: bytes | None = row["announced"] if changed else row["current"]
    return found


def _drop_announced(rows: Rows, entry: Entry) -> None:
    current = _guardians(rows, entry)
    rows.put(GUARDIANS, cid=entry.event.cid, current=current, announced=None, active_at=0)


def _carry_out(rows: Rows, entry: Entry) -> bool:
    """Remove the recovery that a change of key carried out; return whether there was one."""
    event = entry.event
    for by_guardians in BOTH_KINDS:
        row = rows.get(RECOVERIES, event.cid, by_guardians)
        if row is None or row["new_controller"] != event.controller:
            continue
        if row["ready_at"] <= entry.timestamp:
            rows.delete(RECOVERIES, event.cid, by_guardians)
            return True
    return False


def _forget(rows: Rows, cid: bytes) -> None:
    for by_guardians in BOTH_KINDS:
        if rows.get(RECOVERIES, cid, by_guardians) is not None:
            rows.delete(RECOVERIES, cid, by_guardians)
    if rows.get(GUARDIANS, cid) is not None:
        rows.delete(GUARDIANS, cid)

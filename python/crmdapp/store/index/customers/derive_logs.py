"""How attestations, interaction logs, badges and rewards follow from events."""

from __future__ import annotations

from typing import Any

from crmdapp.chain.addresses import ZERO_ADDRESS, checksum
from crmdapp.chain.events import ERC721Transfer
from crmdapp.customers import events
from crmdapp.customers.attestations import AttestationStatus
from crmdapp.store.index.customers._noting import known, note_change
from crmdapp.store.index.customers.tables import (
    ATTESTATIONS,
    BADGES,
    BATCHES,
    CHALLENGES,
    DISOWNED,
    FORKS,
    LOGS,
    REWARD_CLAIMS,
    REWARDS,
    STANDINGS,
    TOPICS,
)
from crmdapp.store.index.deriving import Entry, Rows, derives

_ATTESTATIONS, _LOGS, _BADGES = "AttestationRegistry", "InteractionLog", "IdentityBadge"
_REWARDS = "DataRewards"
_WORD32 = 0xFFFF_FFFF


# ------------------------------------------------------------------------------------- attestations


@derives(_ATTESTATIONS, events.TopicCreated)
def _topic_created(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        TOPICS,
        topic=event.topic_,
        owner=event.owner,
        offered_to=None,
        quorum=event.quorum,
        schema_hash=event.schema_hash,
    )


@derives(_ATTESTATIONS, events.TopicOwnershipOffered)
def _topic_offered(rows: Rows, entry: Entry) -> None:
    rows.change(TOPICS, entry.event.topic_, offered_to=known(entry.event.new_owner))


@derives(_ATTESTATIONS, events.TopicOwnershipAccepted)
def _topic_accepted(rows: Rows, entry: Entry) -> None:
    rows.change(TOPICS, entry.event.topic_, owner=entry.event.owner, offered_to=None)


@derives(_ATTESTATIONS, events.StandingSet)
def _standing_set(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        STANDINGS,
        topic=event.topic_,
        attestor=event.attestor,
        level=event.level,
        begins=event.from_,
        ends=event.until,
    )


@derives(_ATTESTATIONS, events.Attested)
def _attested(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        ATTESTATIONS,
        uid=event.uid,
        attestor=event.attestor,
        topic=event.topic_,
        level=event.level,
        issued_at=entry.timestamp,
        expiry=event.expiry,
        status=int(AttestationStatus.ISSUED),
    )


@derives(_ATTESTATIONS, events.AttestationRevoked)
def _attestation_revoked(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(ATTESTATIONS, event.uid, event.attestor, status=int(AttestationStatus.REVOKED))


@derives(_ATTESTATIONS, events.AttestationDisowned)
def _disowned(rows: Rows, entry: Entry) -> None:
    rows.put(DISOWNED, uid=entry.event.uid, at=entry.timestamp)


# ------------------------------------------------------------------------------------- logs


@derives(_LOGS, events.LogOpened)
def _log_opened(rows: Rows, entry: Entry) -> None:
    event = entry.event
    _log(
        rows,
        event.log,
        delay=event.delay,
        notice_hash=event.notice_hash,
        opened_at=entry.timestamp,
    )
    note_change(rows, entry, event.log, "opened")


@derives(_LOGS, events.InteractionsAnchored)
def _anchored(rows: Rows, entry: Entry) -> None:
    event = entry.event
    row = rows.get(LOGS, event.log) or _new_log(event.log)
    number = row["batches"] + 1
    rows.put(
        BATCHES,
        log=event.log,
        number=number,
        first_seq=row["interactions"] + 1,
        leaves_root=event.leaves_root,
        heads_root=event.heads_root,
        count=event.count,
        anchored_at=entry.timestamp,
        previous_head=row["head"],
        head=event.head,
        block=entry.block,
        tx_hash=entry.tx_hash,
    )
    _log(
        rows,
        event.log,
        batches=number,
        interactions=row["interactions"] + event.count,
        head=event.head,
        anchored_at=entry.timestamp,
    )
    note_change(rows, entry, event.log, "anchored", str(event.count))


@derives(_LOGS, events.ReceiptChallenged)
def _challenged(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        CHALLENGES,
        receipt_hash=event.receipt_hash,
        log=event.log,
        challenged_at=entry.timestamp,
        answer_by=event.answer_by,
        answered=False,
        anchored_at=0,
        flagged=False,
    )
    note_change(rows, entry, event.log, "challenged", "0x" + event.receipt_hash.hex())


@derives(_LOGS, events.ReceiptAnswered)
def _answered(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(CHALLENGES, event.receipt_hash, answered=True, anchored_at=event.anchored_at)
    note_change(rows, entry, event.log, "answered", "0x" + event.receipt_hash.hex())


@derives(_LOGS, events.LogFlagged)
def _flagged(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(CHALLENGES, event.receipt_hash, flagged=True)
    _flag(rows, event.log)
    note_change(rows, entry, event.log, "flagged", "0x" + event.receipt_hash.hex())


@derives(_LOGS, events.LogForked)
def _forked(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        FORKS,
        log=event.log,
        first_receipt=event.first_receipt,
        second_receipt=event.second_receipt,
        shown_at=entry.timestamp,
    )
    _flag(rows, event.log)
    note_change(rows, entry, event.log, "forked", "0x" + event.first_receipt.hex())


# ------------------------------------------------------------------------------------- badges


@derives(_BADGES, ERC721Transfer)
def _badge_moved(rows: Rows, entry: Entry) -> None:
    event = entry.event
    if event.from_ != ZERO_ADDRESS:
        rows.change(BADGES, event.token_id, holder=known(event.to))
        return
    rows.put(
        BADGES,
        token_id=event.token_id,
        identity=checksum(f"0x{event.token_id >> 96:040x}"),
        holder=event.to,
        topic=event.token_id >> 64 & _WORD32,
        attestor=None,
        issued_at=entry.timestamp,
    )


@derives(_BADGES, events.Issued)
def _badge_issued(rows: Rows, entry: Entry) -> None:
    rows.change(BADGES, entry.event.token_id, attestor=entry.event.from_)


# ------------------------------------------------------------------------------------- rewards


@derives(_REWARDS, events.RewardCampaignCreated)
def _campaign_created(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        REWARDS,
        campaign=event.campaign,
        sponsor=event.sponsor,
        kind=event.kind,
        asset=event.asset,
        budget=0,
        paid=0,
        claims=0,
        claims_root=None,
        head=None,
        returned=0,
        created_at=entry.timestamp,
    )


@derives(_REWARDS, events.RewardCampaignFunded)
def _campaign_funded(rows: Rows, entry: Entry) -> None:
    rows.change(REWARDS, entry.event.campaign, budget=entry.event.budget)


@derives(_REWARDS, events.RewardClaimsPublished)
def _claims_published(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.change(REWARDS, event.campaign, claims_root=event.claims_root, head=event.head)


@derives(_REWARDS, events.RewardClaimed)
def _claimed(rows: Rows, entry: Entry) -> None:
    event = entry.event
    rows.put(
        REWARD_CLAIMS,
        campaign=event.campaign,
        index=event.index,
        payee=event.payee,
        amount=event.amount,
        paid_at=entry.timestamp,
    )
    rows.add(REWARDS, event.campaign, paid=event.amount, claims=1)


@derives(_REWARDS, events.RewardCampaignClosed)
def _campaign_closed(rows: Rows, entry: Entry) -> None:
    event = entry.event
    row = rows.get(REWARDS, event.campaign)
    assert row is not None  # only a campaign that was created is closed
    # Closing takes back all that is not paid, and leaves the budget at what is.
    rows.change(
        REWARDS,
        event.campaign,
        budget=row["paid"],
        returned=row["returned"] + event.returned,
    )


# ------------------------------------------------------------------------------------- inside


def _new_log(log: bytes) -> dict[str, Any]:
    return {
        "log": log,
        "operator": checksum("0x" + log[:20].hex()),
        "delay": 0,
        "notice_hash": None,
        "opened_at": 0,
        "head": None,
        "batches": 0,
        "interactions": 0,
        "flags": 0,
        "anchored_at": 0,
    }


def _log(rows: Rows, log: bytes, **columns: object) -> None:
    row = rows.get(LOGS, log) or _new_log(log)
    rows.put(LOGS, **{**row, **columns})


def _flag(rows: Rows, log: bytes) -> None:
    rows.add(LOGS, log, flags=1)

"""From events to rows: the board of curators, its cases, votes and bonds."""

from __future__ import annotations

import json
from typing import Any

from crmdapp.provenance import events
from crmdapp.provenance.artwork_intents import Artwork
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.store.index.deriving import Entry, Rows, derives
from crmdapp.store.index.provenance.tables import (
    ARTWORKS,
    BOARDS,
    BOND_FLOWS,
    CASES,
    CURATORS,
    VOTES,
)

_BOARD = "CuratorBoard"


@derives(_BOARD, events.BoardChanged)
def board_changed(rows: Rows, entry: Entry) -> None:
    """Enter who comes and goes, the quorum, and new standards with their day."""
    event = entry.event
    before = rows.get(BOARDS, entry.address)
    for account in event.dismissed:
        rows.delete(CURATORS, account)
    for account in event.admitted:
        rows.put(CURATORS, account=account, since=entry.timestamp)
    count = 0 if before is None else before["curators"]
    is_new = before is None or before["standards_version"] != event.standards_version
    rows.put(
        BOARDS,
        contract=entry.address,
        curators=count + len(event.admitted) - len(event.dismissed),
        quorum=event.quorum,
        epoch=event.epoch,
        standards_version=event.standards_version,
        standards_hash=event.standards_hash,
        standards_since=entry.timestamp if before is None or is_new else before["standards_since"],
    )


@derives(_BOARD, events.ArtworkSubmitted)
def artwork_submitted(rows: Rows, entry: Entry) -> None:
    """Enter an open submission with the record that is asked for."""
    event = entry.event
    record = Artwork(*event.artwork)
    _open_case(
        rows,
        entry,
        work=record.id,
        ground=int(Ground.SUBMISSION),
        opener=event.artist,
        artwork=json.dumps(_plain(event.artwork), separators=(",", ":")),
    )


@derives(_BOARD, events.CaseOpened)
def case_opened(rows: Rows, entry: Entry) -> None:
    """Enter a challenge."""
    event = entry.event
    _open_case(
        rows,
        entry,
        work=event.id,
        ground=event.ground,
        opener=event.opener,
        earlier=event.earlier_id or None,
        evidence_hash=event.evidence_hash,
    )
    _count_challenges(rows, event.id, 1)


@derives(_BOARD, events.CaseDefended)
def case_defended(rows: Rows, entry: Entry) -> None:
    """Enter who put up a bond for the record."""
    rows.change(CASES, entry.event.case_id, defender=entry.event.defender)


@derives(_BOARD, events.CaseConcluded)
def case_concluded(rows: Rows, entry: Entry) -> None:
    """Enter what came of a case."""
    event = entry.event
    rows.change(
        CASES,
        event.case_id,
        status=event.status,
        ayes=event.ayes,
        noes=event.noes,
        concluded_at=entry.timestamp,
    )
    if event.id:  # a submission challenges no record
        _count_challenges(rows, event.id, -1)


@derives(_BOARD, events.VoteCommitted)
def vote_committed(rows: Rows, entry: Entry) -> None:
    """Enter a sealed vote."""
    event = entry.event
    rows.put(
        VOTES,
        case_id=event.case_id,
        curator=event.curator,
        commitment=event.commitment,
        committed_at=entry.timestamp,
        is_aye=None,
        revealed_at=None,
        reward=None,
    )


@derives(_BOARD, events.VoteRevealed)
def vote_revealed(rows: Rows, entry: Entry) -> None:
    """Enter and count a vote that was shown."""
    event = entry.event
    rows.change(
        VOTES, event.case_id, event.curator, is_aye=event.is_aye, revealed_at=entry.timestamp
    )
    case = rows.get(CASES, event.case_id)
    assert case is not None  # votes come after their case
    side = "ayes" if event.is_aye else "noes"
    rows.change(CASES, event.case_id, **{side: case[side] + 1})


@derives(_BOARD, events.VoteRewarded)
def vote_rewarded(rows: Rows, entry: Entry) -> None:
    """Enter a curator's share of a lost bond."""
    event = entry.event
    rows.change(VOTES, event.case_id, event.curator, reward=event.amount)
    rows.add(BOND_FLOWS, event.curator, rewarded=event.amount)


@derives(_BOARD, events.BondWithdrawn)
def bond_withdrawn(rows: Rows, entry: Entry) -> None:
    """Enter what an account took out."""
    rows.add(BOND_FLOWS, entry.event.account, withdrawn=entry.event.amount)


# ----------------------------------------------------------------- inside


def _open_case(rows: Rows, entry: Entry, **told: Any) -> None:
    nothing: dict[str, Any] = {"earlier": None, "evidence_hash": None, "artwork": None}
    rows.put(
        CASES,
        case_id=entry.event.case_id,
        opened_at=entry.timestamp,
        opened_block=entry.block,
        opened_place=entry.log_index,
        tx_hash=entry.tx_hash,
        defender=None,
        status=int(CaseStatus.OPEN),
        ayes=0,
        noes=0,
        concluded_at=None,
        **{**nothing, **told},
    )


def _count_challenges(rows: Rows, work: int, more: int) -> None:
    found = rows.get(ARTWORKS, work)
    assert found is not None  # only registered works are challenged
    rows.change(ARTWORKS, work, open_challenges=found["open_challenges"] + more)


def _plain(values: tuple[Any, ...]) -> list[Any]:
    return ["0x" + value.hex() if isinstance(value, bytes) else value for value in values]

"""Elections from their events, in order; what only time changes is left to queries.

Events of ballots carry running totals: ``BallotsCast.count`` is all ballots of the precinct, so
what a batch added is the difference to the batch before.
"""

from __future__ import annotations

from typing import Any

from crmdapp.ballots import events
from crmdapp.ballots.models import indices_of
from crmdapp.ballots.record import BULLETIN_BYTES, CHUNK_VOTERS, roll_hash
from crmdapp.store.index.ballots import derive_polls
from crmdapp.store.index.ballots.tables import (
    BATCHES,
    COMPLAINTS,
    COUNTS,
    ELECTIONS,
    GROUPS,
    GUARDS,
    PRECINCTS,
    QUESTIONS,
    RESULTS,
    ROLL,
    SHARES,
    STEPS,
    WINDOWS,
)
from crmdapp.store.index.deriving import Entry, Rows, derives

__all__ = ["derive_polls"]  # imported for what it registers

# --------------------------------------------------------------------------- elections


@derives("Elections", events.ElectionCreated)
def election_created(rows: Rows, entry: Entry) -> None:
    """Enter an election with its questions, precincts, trustees and registrars."""
    event = entry.event
    digest, windows, precincts, turnout, threshold, quorum, asked, trustees, registrars = (
        event.settings
    )
    ends = dict(zip(WINDOWS, windows, strict=True))
    rows.put(
        ELECTIONS,
        election=event.election,
        organiser=event.organiser,
        definition_hash=bytes(digest),
        **ends,
        precincts=precincts,
        minimum_turnout=turnout,
        threshold=threshold,
        registrar_quorum=quorum,
        questions=len(asked),
        trustees=len(trustees),
        prepared=0,
        cancelled=0,
        reason_hash=None,
        voters=0,
        chunks_loose=0,
        round=0,
        round_until=ends["complaints_until"],
        keys=0,
        commitments=0,
        deals=0,
        key=None,
        block=entry.block,
        created_at=entry.timestamp,
        tx_hash=entry.tx_hash,
    )
    for precinct in range(precincts):
        _enter_precinct(rows, event.election, precinct, len(asked))
    for question, row in enumerate(asked):
        _enter_question(rows, event.election, question, row)
    for role, accounts in (("trustee", trustees), ("registrar", registrars)):
        for place, account in enumerate(accounts, start=1):
            rows.put(GUARDS, election=event.election, role=role, place=place, account=account)
    _step(rows, entry)


def _enter_precinct(rows: Rows, election: int, precinct: int, questions: int) -> None:
    rows.put(
        PRECINCTS,
        election=election,
        precinct=precinct,
        voters=0,
        chunks_frozen=0,
        roll_hash=bytes(32),
    )
    for question in range(questions):
        rows.put(
            COUNTS,
            election=election,
            question=question,
            precinct=precinct,
            ballots=0,
            batches=0,
            bulletin=bytes(BULLETIN_BYTES),
        )


def _enter_question(rows: Rows, election: int, question: int, row: tuple[int, ...]) -> None:
    kind, options, least, most, bits = row
    rows.put(
        QUESTIONS,
        election=election,
        question=question,
        kind=kind,
        options=options,
        minimum=least,
        maximum=most,
        bits=bits,
        context=None,
        ballots=0,
        batches=0,
        closed=0,
        ground=0,
        groups=0,
        tallied=0,
    )


@derives("Elections", events.ElectionCancelled)
def election_cancelled(rows: Rows, entry: Entry) -> None:
    """Note that the organiser called an election off."""
    event = entry.event
    rows.change(ELECTIONS, event.election, cancelled=1, reason_hash=bytes(event.reason_hash))
    _step(rows, entry)


# --------------------------------------------------------------------------- ceremony


@derives("TrusteeBoard", events.TrusteeKeyRegistered)
def trustee_key_registered(rows: Rows, entry: Entry) -> None:
    """Note that a trustee has a key in this round."""
    _mark(rows, entry, "keys", entry.event.index)


@derives("TrusteeBoard", events.DealCommitted)
def deal_committed(rows: Rows, entry: Entry) -> None:
    """Note that a dealer committed to a deal."""
    _mark(rows, entry, "commitments", entry.event.dealer)


@derives("TrusteeBoard", events.DealPosted)
def deal_posted(rows: Rows, entry: Entry) -> None:
    """Note that a dealer posted its deal."""
    _mark(rows, entry, "deals", entry.event.dealer)


@derives("TrusteeBoard", events.ComplaintJudged)
def complaint_judged(rows: Rows, entry: Entry) -> None:
    """Leave the deal of whoever lied out."""
    event = entry.event
    deals = _existing(rows, event.election)["deals"] & ~_bit(event.excluded)
    rows.change(ELECTIONS, event.election, deals=deals)
    rows.put(
        COMPLAINTS,
        election=event.election,
        round=event.round,
        trustee=event.index,
        dealer=event.dealer,
        excluded=event.excluded,
    )
    _step(rows, entry, event.index)


@derives("TrusteeBoard", events.CeremonyRestarted)
def ceremony_restarted(rows: Rows, entry: Entry) -> None:
    """Begin a round in which nobody has posted anything."""
    event = entry.event
    rows.change(
        ELECTIONS,
        event.election,
        round=event.round,
        round_until=event.complaints_until,
        keys=0,
        commitments=0,
        deals=0,
    )
    _step(rows, entry)


@derives("TrusteeBoard", events.CeremonyFinalised)
def ceremony_finalised(rows: Rows, entry: Entry) -> None:
    """Note the joint key and whose deals make it."""
    event = entry.event
    rows.change(ELECTIONS, event.election, deals=event.dealers, key=bytes(event.key))
    _step(rows, entry)


# --------------------------------------------------------------------------- roll


@derives("VoterRoll", events.VoterRegistered)
def voter_registered(rows: Rows, entry: Entry) -> None:
    """Enter a voter; the first of every 1,228 begins a part that is to be frozen."""
    event = entry.event
    election, precinct = event.election, event.precinct
    rows.put(
        ROLL,
        election=election,
        precinct=precinct,
        place=event.index,
        voter=event.voter,
        nullifier=bytes(event.nullifier),
        block=entry.block,
    )
    before = _found(rows.get(PRECINCTS, election, precinct))
    rows.change(
        PRECINCTS,
        election,
        precinct,
        voters=before["voters"] + 1,
        roll_hash=roll_hash([event.voter], before["roll_hash"]),
    )
    begins = event.index % CHUNK_VOTERS == 0
    rows.add(ELECTIONS, election, voters=1, chunks_loose=int(begins))


@derives("VoterRoll", events.RollChunkFrozen)
def roll_chunk_frozen(rows: Rows, entry: Entry) -> None:
    """Note that a part of the roll is written down for ever."""
    event = entry.event
    rows.add(PRECINCTS, event.election, event.precinct, chunks_frozen=1)
    rows.add(ELECTIONS, event.election, chunks_loose=-1)
    _step(rows, entry)


# --------------------------------------------------------------------------- ballots


@derives("BallotBox", events.QuestionPrepared)
def question_prepared(rows: Rows, entry: Entry) -> None:
    """Note what ballots of a question are bound to."""
    event = entry.event
    rows.change(QUESTIONS, event.election, event.question, context=bytes(event.context))
    rows.add(ELECTIONS, event.election, prepared=1)
    _step(rows, entry, question=event.question)


@derives("BallotBox", events.BallotsCast)
def ballots_cast(rows: Rows, entry: Entry) -> None:
    """Note a batch; the event counts all ballots of the precinct, not those of the batch."""
    event = entry.event
    place = event.election, event.question, event.precinct
    before = _found(rows.get(COUNTS, *place))
    counted = event.count - before["ballots"]
    rows.change(
        COUNTS,
        *place,
        ballots=event.count,
        batches=before["batches"] + 1,
        bulletin=bytes(event.bulletin),
    )
    rows.add(QUESTIONS, event.election, event.question, ballots=counted, batches=1)
    rows.put(
        BATCHES,
        election=event.election,
        block=entry.block,
        log_index=entry.log_index,
        question=event.question,
        precinct=event.precinct,
        timestamp=entry.timestamp,
        tx_hash=entry.tx_hash,
        counted=counted,
        ballots=event.count,
        skipped=event.skipped,
        bulletin=bytes(event.bulletin),
    )


# --------------------------------------------------------------------------- tally


@derives("Tally", events.QuestionClosed)
def question_closed(rows: Rows, entry: Entry) -> None:
    """Form the groups of a question: each ends with a precinct whose bit is set."""
    event = entry.event
    ends = [index - 1 for index in indices_of(event.group_ends)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    for group, (first, last) in enumerate(zip(starts, ends, strict=True)):
        counts = (
            _found(rows.get(COUNTS, event.election, event.question, precinct))["ballots"]
            for precinct in range(first, last + 1)
        )
        rows.put(
            GROUPS,
            election=event.election,
            question=event.question,
            group_index=group,
            first_precinct=first,
            last_precinct=last,
            ballots=sum(counts),
            posted=0,
            tallied_by=0,
            tx_hash="",
        )
    rows.change(QUESTIONS, event.election, event.question, closed=1, groups=len(ends))
    _step(rows, entry, question=event.question)


@derives("Tally", events.QuestionVoided)
def question_voided(rows: Rows, entry: Entry) -> None:
    """Note why a question stays without a result."""
    event = entry.event
    rows.change(QUESTIONS, event.election, event.question, closed=1, ground=event.ground)
    _step(rows, entry, question=event.question)


@derives("Tally", events.SharesPosted)
def shares_posted(rows: Rows, entry: Entry) -> None:
    """Note that a trustee's shares of a group were checked; the shares stay in the event."""
    event = entry.event
    place = event.election, event.question, event.group
    posted = _found(rows.get(GROUPS, *place))["posted"] | _bit(event.index)
    rows.change(GROUPS, *place, posted=posted)
    rows.put(
        SHARES,
        election=event.election,
        question=event.question,
        group_index=event.group,
        trustee=event.index,
        timestamp=entry.timestamp,
        tx_hash=entry.tx_hash,
    )
    _step(rows, entry, event.index, question=event.question)


@derives("Tally", events.GroupTallied)
def group_tallied(rows: Rows, entry: Entry) -> None:
    """Note the proved counts of a group."""
    event = entry.event
    place = event.election, event.question, event.group
    rows.change(GROUPS, *place, tallied_by=event.trustees, tx_hash=entry.tx_hash)
    for option, votes in enumerate(event.counts):
        rows.put(
            RESULTS,
            election=event.election,
            question=event.question,
            group_index=event.group,
            option=option,
            votes=votes,
        )
    rows.add(QUESTIONS, event.election, event.question, tallied=1)
    _step(rows, entry, question=event.question)


# --------------------------------------------------------------------------- inside


def _mark(rows: Rows, entry: Entry, column: str, index: int) -> None:
    election = entry.event.election
    mask = _existing(rows, election)[column] | _bit(index)
    rows.change(ELECTIONS, election, **{column: mask})
    _step(rows, entry, index)


def _step(rows: Rows, entry: Entry, actor: int = 0, *, question: int = 0) -> None:
    rows.put(
        STEPS,
        block=entry.block,
        log_index=entry.log_index,
        election=entry.event.election,
        name=type(entry.event).__name__,
        actor=actor,
        question=question,
        timestamp=entry.timestamp,
        tx_hash=entry.tx_hash,
    )


def _bit(index: int) -> int:
    return 1 << index - 1


def _existing(rows: Rows, election: int) -> dict[str, Any]:
    return _found(rows.get(ELECTIONS, election))


def _found(row: dict[str, Any] | None) -> dict[str, Any]:
    """Return a row that an earlier event made; the contracts see to it that there is one."""
    assert row is not None, "an event came before the one that it follows from"
    return row

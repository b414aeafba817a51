"""The board of curators: who decides, what is asked, votes and bonds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from crmdapp.provenance.curators import BoardClient
from crmdapp.provenance.models import CaseStatus, Ground
from crmdapp.provenance.votes import Ballot
from crmdapp.store.index.provenance import queries
from crmdapp.web.api import (
    Caller,
    ContextDep,
    CursorDep,
    Hash32,
    Model,
    NotFound,
    Page,
    Sent,
    Uint,
    Work,
    requires,
    sending,
)
from crmdapp.web.api.provenance.models import ADDRESS, WORD, CaseOut, example
from crmdapp.web.provenance.numbers import word_of
from crmdapp.web.view import ViewDep

router = APIRouter(tags=["provenance: board"])

WorkDep = Annotated[Work, sending("provenance:write")]
CasePath = Annotated[Hash32, Path(examples=[WORD])]
_GROUNDS = {ground.name.lower(): ground for ground in Ground if ground > Ground.SUBMISSION}


class BoardOut(Model):
    """The board as it is, and what it promised when it was made."""

    model_config = example(
        curators=[ADDRESS],
        quorum=2,
        epoch=0,
        standards_version=1,
        standards_hash=WORD,
        standards_since=1767225600,
        bond="10000000000000000",
        commit_period=86400,
        reveal_period=86400,
        notice=2592000,
    )

    curators: list[str]
    quorum: int
    epoch: int
    standards_version: int
    standards_hash: Hash32
    standards_since: int
    bond: str
    commit_period: int
    reveal_period: int
    notice: int


class ChallengeIn(Model):
    """Why a record is challenged; a bond is put up with it."""

    model_config = example(work=WORD, ground="false_record", evidence_hash=WORD)

    work: str = Field(max_length=80, description="The work's id.")
    ground: Literal["near_duplicate", "earlier_work", "false_record", "standards"]
    earlier: str = Field("0", max_length=80, description="The work that it cites.")
    evidence_hash: Hash32 = bytes(32)


class VoteIn(Model):
    """A vote with its salt; keep the salt until the vote is shown, or half a bond is lost."""

    model_config = example(is_aye=True, salt=WORD)

    is_aye: bool
    salt: Hash32


class OpenedOut(Model):
    """A case that was opened."""

    model_config = example(case_id=WORD)

    case_id: Hash32


class ConcludedOut(Model):
    """What came of a case."""

    model_config = example(status="upheld")

    status: str


class CreditOut(Model):
    """Wei of bonds and rewards that may be withdrawn."""

    model_config = example(credit="10000000000000000")

    credit: Uint


@router.get("/board")
def board(view: ViewDep, context: ContextDep) -> BoardOut:
    """Show who the curators are, and their rules."""
    found = queries.board(view.session)
    if found is None:
        raise NotFound("There is no gallery on this chain.")
    rules = context.reader(BoardClient).rules
    return BoardOut(
        curators=list(found.curators),
        quorum=found.quorum,
        epoch=found.epoch,
        standards_version=found.standards_version,
        standards_hash=found.standards_hash,
        standards_since=found.standards_since,
        bond=str(rules.bond),
        commit_period=rules.commit_period,
        reveal_period=rules.reveal_period,
        notice=rules.notice,
    )


@router.get("/cases")
def cases(
    view: ViewDep,
    context: ContextDep,
    cursor: CursorDep,
    status: Annotated[Literal["open", "upheld", "rejected", "undecided"] | None, Query()] = None,
    work: Annotated[str | None, Query(max_length=80)] = None,
) -> Page[CaseOut]:
    """List cases, the newest first."""
    after = None if cursor.after is None else (int(cursor.after[0]), int(cursor.after[1]))
    rows = queries.cases(
        view.session,
        status=None if status is None else CaseStatus[status.upper()],
        work=None if work is None else word_of(work, "work"),
        after=after,
        limit=cursor.limit,
    )
    rules = context.reader(BoardClient).rules
    steps = (rules.commit_period, rules.reveal_period)
    return Page[CaseOut](**view.page(cursor, [CaseOut.of(row, *steps) for row in rows], rows))


@router.get("/cases/{case_id}")
def case(case_id: CasePath, view: ViewDep, context: ContextDep) -> CaseOut:
    """Show a case with its votes."""
    rules = context.reader(BoardClient).rules
    found = queries.case(view.session, case_id)
    votes = queries.votes(view.session, case_id)
    return CaseOut.of(found, rules.commit_period, rules.reveal_period, votes)


@router.post("/cases", status_code=201)
def challenge(wanted: ChallengeIn, work: WorkDep) -> OpenedOut:
    """Challenge a record against a bond."""
    opened = work.client(BoardClient).challenge(
        word_of(wanted.work, "work"),
        _GROUNDS[wanted.ground],
        earlier_id=word_of(wanted.earlier, "earlier"),
        evidence_hash=wanted.evidence_hash,
        key=work.key,
    )
    return OpenedOut(case_id=opened)


@router.post("/cases/{case_id}/defence")
def defend(case_id: CasePath, work: WorkDep) -> Sent:
    """Stand up for the record of a work of yours with an equal bond."""
    return _sent(work.client(BoardClient).defend(case_id, key=work.key))


@router.post("/cases/{case_id}/votes")
def commit(case_id: CasePath, vote: VoteIn, work: WorkDep) -> Sent:
    """Commit a curator's vote; what it says is not sent to the chain, and not kept here."""
    return _sent(work.client(BoardClient).commit_vote(_ballot(case_id, vote, work), key=work.key))


@router.post("/cases/{case_id}/votes/reveal")
def reveal(case_id: CasePath, vote: VoteIn, work: WorkDep) -> Sent:
    """Show the vote that was committed, with the same salt."""
    return _sent(work.client(BoardClient).reveal_vote(_ballot(case_id, vote, work), key=work.key))


@router.post("/cases/{case_id}/conclusion")
def conclude(case_id: CasePath, work: WorkDep) -> ConcludedOut:
    """Count the votes of a case whose time is over; anyone may."""
    status = work.client(BoardClient).conclude(case_id, key=work.key)
    return ConcludedOut(status=status.name.lower())


@router.post("/cases/{case_id}/reward")
def claim(case_id: CasePath, work: WorkDep) -> Sent:
    """Take your share of a lost bond, as a curator who showed a vote."""
    client = work.client(BoardClient)
    return _sent(client.send(client.prepare.claim_reward(case_id), key=work.key))


@router.get("/bonds")
def bonds(context: ContextDep, caller: Annotated[Caller, requires("provenance:read")]) -> CreditOut:
    """Tell what you may withdraw of bonds and rewards."""
    return CreditOut(credit=context.reader(BoardClient).credit(caller.merchant))


@router.post("/bonds/withdrawal")
def withdraw(work: WorkDep) -> Sent:
    """Withdraw bonds and rewards to your account."""
    client = work.client(BoardClient)
    return _sent(client.send(client.prepare.withdraw(client.sender.address), key=work.key))


def _ballot(case_id: bytes, vote: VoteIn, work: Work) -> Ballot:
    return Ballot(case_id, work.sender.address, vote.is_aye, vote.salt)


def _sent(receipt: Any) -> Sent:
    return Sent(tx_hash=receipt.hash, block=receipt.block)

"""The interaction log: noted with a signed receipt at once, anchored by the promised time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query

from crmdapp.customers.interaction_log import LogClient
from crmdapp.customers.leaves import NO_WORD, kind_name, log_of, parse_kind
from crmdapp.customers.operator import LogOperator
from crmdapp.customers.receipts import SignedReceipt
from crmdapp.store.index.customers import queries_logs
from crmdapp.store.index.customers.models import IndexedChallenge, IndexedLog
from crmdapp.web.api import (
    Caller,
    Context,
    ContextDep,
    CursorDep,
    Hash32,
    NotFound,
    Page,
    Work,
    changing,
    requires,
    sending,
)
from crmdapp.web.api.customers._reading import as_of, is_final
from crmdapp.web.api.customers.models_log import (
    AnchoredBatchOut,
    AnchoredOut,
    AnsweredOut,
    ChallengeOut,
    Customer,
    InteractionIn,
    InteractionOut,
    LogIn,
    LogOut,
    NotedOut,
    ProofOut,
)
from crmdapp.web.api.customers.office import (
    JOURNAL,
    company_signer,
    folder_of,
    opened_log,
    signer_of,
)

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Changer = Annotated[Work, changing("customers:write")]
Writer = Annotated[Work, sending("customers:write")]
Number = Annotated[int, Path(ge=0, lt=1 << 53, description="Which of the company's logs.")]


@router.get("/logs")
def list_logs(context: ContextDep, caller: Reader) -> list[LogOut]:
    """List the company's logs: what is anchored, what waits, what is challenged."""
    return logs_shown(context, caller.merchant)


@router.post("/logs", status_code=201)
def open_log(wanted: LogIn, work: Writer) -> LogOut:
    """Open a log. How long anchoring takes at most is promised once and for ever."""
    signer = signer_of(work)
    work.client(LogClient).open(wanted.index, wanted.delay, key=work.key)
    made = log_of(signer.address, wanted.index)
    return LogOut(
        log=made,
        index=wanted.index,
        delay=wanted.delay,
        batches=0,
        interactions=0,
        flags=0,
        open_challenges=0,
        anchored_at=0,
        waiting=0,
        overdue=False,
    )


@router.post("/logs/{index}/interactions", status_code=201)
def record(index: Number, wanted: InteractionIn, work: Changer) -> NotedOut:
    """Take note of an interaction; it is safe, and its receipt signed, when this answers.

    ``reference`` makes sure that one purchase is noted once; the Idempotency-Key does so too.
    """
    with opened_log(work.context, signer_of(work), index) as log:
        receipt = log.record(
            log.pseudonym(wanted.customer),
            parse_kind(wanted.kind),
            wanted.payload,
            wanted.consent_id or NO_WORD,
            key=wanted.reference or work.key,
        )
    return _noted(receipt)


@router.get("/logs/{index}/interactions")
def list_interactions(
    index: Number,
    context: ContextDep,
    caller: Reader,
    cursor: CursorDep,
    customer: Annotated[Customer | None, Query()] = None,
) -> Page[InteractionOut]:
    """List interactions as the company wrote them down, by their place in the log."""
    first = 1 if cursor.after is None else int(cursor.after[0]) + 1
    with _own_log(context, caller, index) as log:
        pseudonym = None if customer is None else log.known_pseudonym(customer)
        rows: list[SignedReceipt] = []
        if customer is None or pseudonym is not None:
            for receipt in log.receipts(pseudonym=pseudonym, first=first):
                rows.append(receipt)
                if len(rows) >= cursor.limit:
                    break
        anchored = log.anchored
    items = [_interaction(row, anchored) for row in rows]
    position = context.index.position()
    return Page[InteractionOut](
        **cursor.page(
            items,
            rows,
            lambda row: (_seq(row),),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.get("/logs/{index}/interactions/{leaf}/receipt")
def show_receipt(index: Number, leaf: Hash32, context: ContextDep, caller: Reader) -> NotedOut:
    """Give the signed receipt of an interaction again."""
    with _own_log(context, caller, index) as log:
        receipt = log.receipt(leaf)
    if receipt is None:
        raise NotFound("The log has no such interaction.")
    return _noted(receipt)


@router.get("/logs/{index}/interactions/{leaf}/proof")
def show_proof(index: Number, leaf: Hash32, context: ContextDep, caller: Reader) -> ProofOut:
    """Give the proof that an interaction is anchored; none while it waits."""
    with _own_log(context, caller, index) as log:
        if log.receipt(leaf) is None:
            raise NotFound("The log has no such interaction.")
        proof = log.proof(leaf)
    return ProofOut(anchored=proof is not None, proof=None if proof is None else proof.to_json())


@router.post("/logs/{index}/anchors")
def anchor(index: Number, work: Writer) -> AnchoredOut:
    """Anchor all that waits in one transaction."""
    with opened_log(work.context, signer_of(work), index) as log:
        made = log.anchor()
    return AnchoredOut(
        batches=len(made),
        interactions=sum(item.batch.count for item in made),
        transactions=[item.tx_hash for item in made],
    )


@router.get("/logs/{index}/batches")
def list_batches(
    index: Number, context: ContextDep, caller: Reader, cursor: CursorDep
) -> Page[AnchoredBatchOut]:
    """List the anchored batches, newest first."""
    before = None if cursor.after is None else int(cursor.after[0])
    log = log_of(caller.merchant, index)
    with as_of(context) as (session, position):
        rows = queries_logs.batches_of(session, log, before=before, limit=cursor.limit)
    names = set(AnchoredBatchOut.model_fields)
    items = [AnchoredBatchOut(**{name: getattr(row, name) for name in names}) for row in rows]
    return Page[AnchoredBatchOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.number,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.get("/logs/{index}/challenges")
def list_challenges(
    index: Number,
    context: ContextDep,
    caller: Reader,
    cursor: CursorDep,
    only_open: Annotated[bool, Query(description="Leave out what is settled.")] = False,
) -> Page[ChallengeOut]:
    """List receipts that somebody posted because they were overdue."""
    after = None if cursor.after is None else bytes(cursor.after[0])
    log = log_of(caller.merchant, index)
    with as_of(context) as (session, position):
        rows = queries_logs.challenges_of(
            session, log, only_open=only_open, after=after, limit=cursor.limit
        )
    items = [challenge_shown(row, position.timestamp) for row in rows]
    return Page[ChallengeOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.receipt_hash,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.post("/logs/{index}/answers")
def answer_challenges(index: Number, work: Writer) -> AnsweredOut:
    """Answer every open challenge with a proof, anchoring what waits first."""
    with opened_log(work.context, signer_of(work), index) as log:
        told = log.answer_all()
    return AnsweredOut(
        answers={
            "0x" + digest.hex(): None if receipt is None else receipt.hash
            for digest, receipt in told
        }
    )


# ------------------------------------------------------------------------------------- steps


def logs_shown(context: Context, merchant: str) -> list[LogOut]:
    """Return the logs of a company, with what waits in its journal if the server keeps it."""
    with as_of(context) as (session, _):
        rows = queries_logs.logs_of(session, merchant)
        counts = [queries_logs.count_open_challenges(session, row.log) for row in rows]
    return [_log(context, row, count) for row, count in zip(rows, counts, strict=True)]


def challenge_shown(row: IndexedChallenge, now: int) -> ChallengeOut:
    """Return a challenge with its state at a moment, Unix seconds."""
    state: Literal["open", "late", "answered", "flagged"]
    state = "open" if now <= row.answer_by else "late"
    if not row.is_open:
        state = "answered" if row.answered else "flagged"
    return ChallengeOut(
        receipt_hash=row.receipt_hash,
        challenged_at=row.challenged_at,
        answer_by=row.answer_by,
        answered=row.answered,
        flagged=row.flagged,
        state=state,
    )


def _log(context: Context, row: IndexedLog, challenges: int) -> LogOut:
    index = int.from_bytes(row.log[20:], "big")
    waiting, overdue = _waiting(context, row, index)
    return LogOut(
        log=row.log,
        index=index,
        delay=row.delay,
        batches=row.batches,
        interactions=row.interactions,
        flags=row.flags,
        open_challenges=challenges,
        anchored_at=row.anchored_at,
        waiting=waiting,
        overdue=overdue,
    )


def _waiting(context: Context, row: IndexedLog, index: int) -> tuple[int | None, bool | None]:
    """Return how many interactions wait, and whether the first is overdue; unknown elsewhere."""
    signer = company_signer(context, row.operator)
    known = (folder_of(context, row.operator) / JOURNAL).is_file()
    if signer is None or not known or row.delay == 0:
        return None, None
    with opened_log(context, signer, index) as log:
        waiting = log.waiting
        if waiting == 0:
            return 0, False
        first = next(log.receipts(first=log.anchored + 1), None)
    return waiting, first is not None and first.receipt.anchor_by < int(time.time())


@contextmanager
def _own_log(context: Context, caller: Caller, index: int) -> Iterator[LogOperator]:
    """Give the caller's log for reading.

    Raises:
        NotFound: The server does not keep it.
    """
    signer = company_signer(context, caller.merchant)
    known = (folder_of(context, caller.merchant) / JOURNAL).is_file()
    if signer is None or not known:
        raise NotFound("This company keeps no such log on this server.")
    with opened_log(context, signer, index) as log:
        yield log


def _noted(receipt: SignedReceipt) -> NotedOut:
    return NotedOut(
        leaf=receipt.leaf, anchor_by=receipt.receipt.anchor_by, receipt=receipt.to_json()
    )


def _seq(receipt: SignedReceipt) -> int:
    return 0 if receipt.contents is None else receipt.contents.interaction.seq


def _interaction(receipt: SignedReceipt, anchored: int) -> InteractionOut:
    contents, seq = receipt.contents, _seq(receipt)
    return InteractionOut(
        leaf=receipt.leaf,
        seq=seq,
        customer_seq=receipt.receipt.customer_seq,
        kind="erased" if contents is None else kind_name(contents.interaction.kind),
        time=0 if contents is None else contents.interaction.time,
        anchor_by=receipt.receipt.anchor_by,
        anchored=0 < seq <= anchored,
        payload=None if contents is None else dict(contents.payload),
    )

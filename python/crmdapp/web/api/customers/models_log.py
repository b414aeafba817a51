"""What goes in and out of the endpoints about logs, the vault and rewards."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from crmdapp.web.api.customers.models import ADDRESS, WORD, example
from crmdapp.web.models import Hash32, Model, PlainText, Uint

Kind = Annotated[PlainText, Field(min_length=1, max_length=40, examples=["purchase"])]
Customer = Annotated[
    PlainText,
    Field(
        pattern="^0x([0-9a-fA-F]{40}|[0-9a-fA-F]{64})$",
        description="The customer's identity for the company, or its profile's id.",
        examples=[ADDRESS],
    ),
]


class LogIn(Model):
    """A new log. The delay is a promise: by then each interaction is anchored."""

    model_config = example(index=0, delay=3_600)

    index: int = Field(default=0, ge=0, lt=1 << 53)
    delay: int = Field(ge=60, le=2_592_000, description="Seconds.")


class LogOut(Model):
    """A log: what it promised, and how it kept it.

    ``waiting`` are interactions that are in no batch yet, ``overdue`` whether the first of them
    should have been anchored by now.
    """

    model_config = example(
        log=WORD,
        index=0,
        delay=3_600,
        batches=12,
        interactions="1200",
        flags=0,
        open_challenges=0,
        anchored_at=1_790_000_000,
        waiting=4,
        overdue=False,
    )

    log: Hash32
    index: Uint
    delay: int
    batches: int
    interactions: Uint
    flags: int
    open_challenges: int
    anchored_at: int
    waiting: int | None = None
    overdue: bool | None = None


class InteractionIn(Model):
    """Something that happened between the company and a customer."""

    model_config = example(
        customer=ADDRESS,
        kind="purchase",
        payload={"order": "4711", "total": "12.50 EUR"},
        consent_id=None,
        reference="order-4711",
    )

    customer: Customer
    kind: Kind
    payload: dict[str, Any]
    consent_id: Hash32 | None = None
    reference: PlainText | None = Field(
        default=None, max_length=200, description="Noted once under this name."
    )


class NotedOut(Model):
    """The signed receipt, for the customer."""

    model_config = example(leaf=WORD, anchor_by=1_790_003_600, receipt={})

    leaf: Hash32
    anchor_by: int
    receipt: dict[str, Any]


class InteractionOut(Model):
    """An interaction of the log, as the company wrote it down."""

    model_config = example(
        leaf=WORD,
        seq="7",
        customer_seq="2",
        kind="purchase",
        time=1_790_000_000,
        anchor_by=1_790_003_600,
        anchored=True,
        payload={"order": "4711"},
    )

    leaf: Hash32
    seq: Uint
    customer_seq: Uint
    kind: str
    time: int
    anchor_by: int
    anchored: bool
    payload: dict[str, Any] | None = None


class AnchoredBatchOut(Model):
    """An anchored batch."""

    model_config = example(
        number=12,
        first_seq="1101",
        count="100",
        leaves_root=WORD,
        heads_root=WORD,
        head=WORD,
        anchored_at=1_790_000_000,
        block=120,
        tx_hash="0x" + "ab" * 32,
    )

    number: int
    first_seq: Uint
    count: Uint
    leaves_root: Hash32
    heads_root: Hash32
    head: Hash32
    anchored_at: int
    block: int
    tx_hash: str


class AnchoredOut(Model):
    """Batches that were anchored now; none if nothing waited."""

    model_config = example(batches=1, interactions=4, transactions=["0x" + "ab" * 32])

    batches: int
    interactions: int
    transactions: list[str]


class ChallengeOut(Model):
    """A receipt that was overdue when somebody posted it."""

    model_config = example(
        receipt_hash=WORD,
        challenged_at=1_790_000_000,
        answer_by=1_790_086_400,
        answered=False,
        flagged=False,
        state="open",
    )

    receipt_hash: Hash32
    challenged_at: int
    answer_by: int
    answered: bool
    flagged: bool
    state: Literal["open", "late", "answered", "flagged"]


class AnsweredOut(Model):
    """What became of the open challenges: a transaction each, ``null`` where none was possible."""

    model_config = example(answers={WORD: "0x" + "ab" * 32})

    answers: dict[str, str | None]


class ProofOut(Model):
    """That an interaction is anchored: checked with the chain alone."""

    model_config = example(anchored=True, proof={})

    anchored: bool
    proof: dict[str, Any] | None = None

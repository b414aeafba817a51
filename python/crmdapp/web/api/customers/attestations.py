"""Attestations: the company as owner of topics, and as an attestor."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from crmdapp.customers.attestations import AttestationClient
from crmdapp.customers.statements import SignedWord
from crmdapp.store.index.customers import queries_logs
from crmdapp.web.api import (
    AddressIn,
    Caller,
    ContextDep,
    CursorDep,
    Hash32,
    NotFound,
    Page,
    Sent,
    Work,
    requires,
    sending,
)
from crmdapp.web.api.customers._reading import as_of, is_final
from crmdapp.web.api.customers.models import LevelIn, SignedStatementIn
from crmdapp.web.api.customers.models_attesting import (
    AttestationOut,
    AttestIn,
    DismissIn,
    TopicIn,
    TopicOut,
    TransactionsOut,
    UidsIn,
    ValidIn,
    ValidOut,
)
from crmdapp.web.api.customers.office import signer_of

router = APIRouter()

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Work, sending("customers:write")]


@router.get("/topics")
def list_topics(context: ContextDep, caller: Reader) -> list[TopicOut]:
    """List the topics that the company owns."""
    with as_of(context) as (session, _):
        rows = queries_logs.topics_of(session, caller.merchant)
    return [TopicOut.model_validate(row) for row in rows]


@router.post("/topics", status_code=201)
def create_topic(wanted: TopicIn, work: Writer) -> TopicOut:
    """Make a new topic that the company owns."""
    signer_of(work)
    client = work.client(AttestationClient)
    made = client.create_topic(wanted.quorum, wanted.schema_hash, key=work.key)
    return TopicOut(
        topic=made.id, owner=made.owner, quorum=made.quorum, schema_hash=made.schema_hash
    )


@router.put("/topics/{topic}/attestors/{attestor}")
def admit_attestor(topic: int, attestor: AddressIn, wanted: LevelIn, work: Writer) -> Sent:
    """Let somebody attest to a topic of the company, up to a level from 1."""
    client = _own_topic(work, topic)
    receipt = client.admit(topic, attestor, wanted.level, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/topics/{topic}/attestors/{attestor}/dismissal")
def dismiss_attestor(topic: int, attestor: AddressIn, wanted: DismissIn, work: Writer) -> Sent:
    """Void what an attestor says from a past moment on."""
    client = _own_topic(work, topic)
    receipt = client.dismiss(topic, attestor, wanted.until, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.get("/attestations")
def list_attestations(
    context: ContextDep, caller: Reader, cursor: CursorDep
) -> Page[AttestationOut]:
    """List what the company itself attested, by statement."""
    after = None if cursor.after is None else bytes(cursor.after[0])
    with as_of(context) as (session, position):
        rows = queries_logs.attestations_by(
            session, caller.merchant, now=position.timestamp, after=after, limit=cursor.limit
        )
    items = [
        AttestationOut(
            uid=row.uid,
            attestor=row.attestor,
            topic=row.topic,
            level=row.level,
            issued_at=row.issued_at,
            expiry=row.expiry,
            disowned=row.disowned,
            stands=row.stands,
        )
        for row in rows
    ]
    return Page[AttestationOut](
        **cursor.page(
            items,
            rows,
            lambda row: (row.uid,),
            as_of_block=position.block,
            finalized=is_final(position),
        )
    )


@router.post("/attestations")
def attest(wanted: AttestIn, work: Writer) -> TransactionsOut:
    """Attest statements as the company's own account. A statement is a hash with a random salt."""
    signer_of(work)
    sent = work.client(AttestationClient).attest_many(
        wanted.uids, wanted.topic, wanted.level, wanted.expiry, key=work.key
    )
    return TransactionsOut(transactions=[receipt.hash for receipt in sent])


@router.post("/attestations/revocations")
def revoke(wanted: UidsIn, work: Writer) -> TransactionsOut:
    """Take the company's word on statements back."""
    signer_of(work)
    sent = work.client(AttestationClient).revoke_many(wanted.uids, key=work.key)
    return TransactionsOut(transactions=[receipt.hash for receipt in sent])


@router.post("/attestations/relay")
def relay_attestation(wanted: SignedStatementIn, work: Writer) -> Sent:
    """Relay an attestation that another attestor signed."""
    signed = SignedWord.from_json(wanted.signed)
    receipt = work.client(AttestationClient).attest_by_sig(signed, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/attestations/{uid}/check")
def check_statement(uid: Hash32, wanted: ValidIn, context: ContextDep, caller: Reader) -> ValidOut:
    """Ask the chain whether enough of these attestors stand by a statement now."""
    del caller  # who knows a statement's id was given it
    client = context.reader(AttestationClient)
    return ValidOut(valid=client.is_valid(uid, wanted.topic, wanted.level, wanted.attestors))


def _own_topic(work: Work, topic: int) -> AttestationClient:
    signer_of(work)
    with as_of(work.context) as (session, _):
        owned = {row.topic for row in queries_logs.topics_of(session, work.caller.merchant)}
    if topic not in owned:
        raise NotFound("There is no such topic of this company.")
    return work.client(AttestationClient)

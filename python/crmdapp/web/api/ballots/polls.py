"""Public votes over HTTP: everybody sees who voted how."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from crmdapp.ballots.polls import PollsClient
from crmdapp.ballots.results_chart import results_svg
from crmdapp.ballots.weights import Weights, weights_at
from crmdapp.store.index.ballots import polls as queries
from crmdapp.store.index.ballots.polls import PollState
from crmdapp.web.api import AddressIn, CursorDep, Page, Sent, Work, sending
from crmdapp.web.api.ballots.models_polls import (
    PollCreated,
    PollNumber,
    PollOut,
    PollVoteIn,
    PollVoteOut,
    WalletCall,
    WalletVote,
)
from crmdapp.web.api.ballots.organising import document_body, is_yaml
from crmdapp.web.ballots import shown
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.ballots.organising import poll_in
from crmdapp.web.ballots.voting import vote_call, weights_of

router = APIRouter(prefix="/polls", tags=["polls"])

_EXAMPLE = {
    "format": "crmdapp-poll-1",
    "title": "Which bench for the garden?",
    "options": ["Wood", "Stone"],
    "opens_at": "2035-07-01T08:00:00+02:00",
    "closes_at": "2035-07-08T20:00:00+02:00",
}


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("")
def polls(
    desk: DeskDep,
    cursor: CursorDep,
    creator: Annotated[AddressIn | None, Query(description="Of this account only.")] = None,
) -> Page[PollOut]:
    """List public votes, the newest first."""
    after = None if cursor.after is None else int(cursor.after[0])
    with desk.indexed() as (session, position):
        rows = queries.polls(session, after=after, limit=cursor.limit, creator=creator)
    final = position.block <= position.finalized_block
    now, block = position.timestamp, position.block
    items = [poll_out(desk, row, now, block, finalized=final) for row in rows]
    return Page[PollOut](
        **cursor.page(items, rows, lambda row: (row.number,), as_of_block=block, finalized=final)
    )


@router.get("/{number}")
def poll(number: PollNumber, desk: DeskDep) -> PollOut:
    """Show a public vote: what is asked, and how the votes stand."""
    with desk.indexed() as (session, position):
        row = queries.poll(session, number)
    final = position.block <= position.finalized_block
    return poll_out(desk, row, position.timestamp, position.block, finalized=final)


@router.get("/{number}/votes")
def votes(number: PollNumber, desk: DeskDep, cursor: CursorDep) -> Page[PollVoteOut]:
    """List who voted how, along the chain."""
    after = None if cursor.after is None else (int(cursor.after[0]), int(cursor.after[1]))
    with desk.indexed() as (session, position):
        queries.poll(session, number)
        rows = queries.votes(session, number, after=after, limit=cursor.limit)
    return Page[PollVoteOut](
        **cursor.page(
            [PollVoteOut.model_validate(row) for row in rows],
            rows,
            lambda row: (row.block, row.log_index),
            as_of_block=position.block,
            finalized=position.block <= position.finalized_block,
        )
    )


@router.get("/{number}/results.svg", response_class=Response)
def results_chart(number: PollNumber, desk: DeskDep) -> Response:
    """Draw how the votes stand as a bar chart."""
    return Response(poll_picture(desk, number), media_type="image/svg+xml")


def poll_picture(desk: BallotsDesk, number: int) -> str:
    """Return the chart of a poll.

    Raises:
        PollUnknown: There is none of that number.
    """
    with desk.indexed() as (session, position):
        row = queries.poll(session, number)
    words = desk.shelf.poll(row.definition_hash)
    note = f"Chain {position.chain_id}, block {position.block:,}"
    return results_svg(shown.poll_title(row, words), [shown.poll_charted(row, words)], note=note)


# --------------------------------------------------------------------------- sending


@router.post("", status_code=201, openapi_extra=document_body(_EXAMPLE))
def create(
    request: Request,
    data: Annotated[bytes, Depends(_body)],
    work: Annotated[Work, sending("ballots:write")],
    desk: DeskDep,
) -> PollCreated:
    """Create a public vote from its definition, JSON or YAML; nobody has any power over it then."""
    found = poll_in(data, yaml=is_yaml(request))
    client = desk.client(PollsClient, work.sender)
    weights: Weights | None = None
    if found.weights is not None:
        weights = weights_at(desk.context.connection, found.weights)
    receipt = client.send(client.create_call(found, weights), key=work.key)
    desk.shelf.keep(found)
    return PollCreated(
        poll=client.number_in(receipt),
        definition_hash=found.hash,
        tx_hash=receipt.hash,
        block=receipt.block,
    )


@router.post("/{number}/votes", status_code=201)
def vote(
    number: PollNumber,
    wanted: PollVoteIn,
    work: Annotated[Work, sending("ballots:write")],
    desk: DeskDep,
) -> Sent:
    """Vote as the key's account, with all its weight, once; everybody sees how."""
    client = desk.client(PollsClient, work.sender)
    receipt = client.vote(number, wanted.option, weights_of(desk, number), key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


@router.post("/{number}/call")
def wallet_call(number: PollNumber, wanted: WalletVote, desk: DeskDep) -> WalletCall:
    """Give the transaction by which an account votes, for its own wallet to send.

    Nothing is changed by asking, so it needs neither a key nor an Idempotency-Key.
    """
    call = vote_call(desk, number, wanted.option, wanted.voter)
    return WalletCall(
        to=str(call.to),
        data=call.data,
        chain_id=desk.context.connection.chain_id,
        value=hex(call.value),
    )


def poll_out(
    desk: BallotsDesk, row: PollState, now: int, block: int, *, finalized: bool
) -> PollOut:
    """Return the model of a public vote, with its words if they are known here."""
    words = desk.shelf.poll(row.definition_hash)
    return PollOut(
        number=row.number,
        title=None if words is None else words.title,
        creator=row.creator,
        definition_hash=row.definition_hash,
        state=row.state_at(now),
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        options=None if words is None else list(words.options),
        option_count=row.options,
        weighted=row.is_weighted,
        weights_block=row.weights_block,
        votes=row.votes,
        counts=list(row.counts),
        weights=list(row.weights),
        as_of_block=block,
        finalized=finalized,
    )

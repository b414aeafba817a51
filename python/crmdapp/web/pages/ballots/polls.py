"""Public votes: what is asked, how the votes stand, and a vote by whoever signs in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request, Response

from crmdapp.ballots.polls import PollsClient
from crmdapp.errors import ReceiptTimeout
from crmdapp.store.index.ballots import polls as queries
from crmdapp.web.api.ballots.polls import poll_picture
from crmdapp.web.ballots import shown, wording
from crmdapp.web.ballots.desk import DeskDep
from crmdapp.web.ballots.voting import weights_of
from crmdapp.web.pages import maybe_signed_in, page, redirect
from crmdapp.web.security.sessions import Person, PersonDep
from crmdapp.web.wallets import WalletSender

router = APIRouter(prefix="/polls")

Number = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]

ROWS = 20
VOTES = 50
_STATES = {"early": ("Not open yet", "warn"), "open": ("Open", "good"), "closed": ("Closed", "")}


@router.get("")
def polls_page(
    request: Request,
    desk: DeskDep,
    after: Annotated[int | None, Query(ge=1, le=(1 << 63) - 1)] = None,
) -> Response:
    """Show all public votes, the newest first."""
    with desk.indexed() as (session, position):
        rows = queries.polls(session, after=after, limit=ROWS)
    listed = [
        (
            row,
            shown.poll_title(row, desk.shelf.poll(row.definition_hash)),
            *_STATES[row.state_at(position.timestamp)],
        )
        for row in rows
    ]
    more = rows[-1].number if len(rows) == ROWS else None
    return page(request, "ballots/polls.html", rows=listed, more=more)


@router.get("/{number}")
def poll_page(
    request: Request,
    number: Number,
    desk: DeskDep,
    person: Annotated[Person | None, maybe_signed_in()],
    after: Annotated[str, Query(max_length=40, pattern=r"^([0-9]{1,18}\.[0-9]{1,9})?$")] = "",
) -> Response:
    """Show a public vote, and let whoever may vote."""
    place = (int(after.partition(".")[0]), int(after.partition(".")[2])) if after else None
    with desk.indexed() as (session, position):
        now = position.timestamp
        row = queries.poll(session, number)
        votes = queries.votes(session, number, after=place, limit=VOTES)
        own = None if person is None else queries.vote_of(session, number, person.address)
    words = desk.shelf.poll(row.definition_hash)
    state, badge = _STATES[row.state_at(now)]
    last = votes[-1] if len(votes) == VOTES else None
    return page(
        request,
        "ballots/poll.html",
        poll=row,
        title=shown.poll_title(row, words),
        options=shown.poll_options(row, words),
        charted=shown.poll_charted(row, words),
        state=state,
        badge=badge,
        is_open=row.state_at(now) == "open",
        votes=votes,
        own=own,
        more="" if last is None else f"{last.block}.{last.log_index}",
        block=position.block,
        opens=(wording.iso(row.opens_at), wording.moment(row.opens_at)),
        closes=(wording.iso(row.closes_at), wording.moment(row.closes_at)),
        closes_in=wording.distance(row.closes_at, now),
        percent=wording.percent,
    )


@router.get("/{number}/results.svg")
def poll_svg(number: Number, desk: DeskDep) -> Response:
    """Draw how the votes stand."""
    return Response(poll_picture(desk, number), media_type="image/svg+xml")


@router.post("/{number}/vote")
def vote(
    number: Number,
    desk: DeskDep,
    person: PersonDep,
    option: Annotated[int, Form(ge=0, le=63)],
) -> Response:
    """Vote with the key that this machine opened, or by the wallet; everybody sees how."""
    # Never by an account of the server's own: what somebody votes is confirmed by them.
    signer, context = person.signer, desk.context
    sender = WalletSender(context, person) if signer is None else context.sender_of(signer)
    client = desk.client(PollsClient, sender)
    try:
        client.vote(number, option, weights_of(desk, number))
    except ReceiptTimeout:
        return redirect(f"/polls/{number}", told="Sent; the chain has not confirmed it yet.")
    return redirect(f"/polls/{number}", told="Your vote is counted. Everybody sees it.")

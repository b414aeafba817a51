"""The voter's booth: choose, seal, write the tracker down, then cast or challenge.

It exists on the voter's own machine only. There the choice goes from the browser to this process
and no further; what opens a sealed ballot stays in the process's memory until it is cast. A server
that others run shows how to vote from one's own machine, and takes neither a vote nor a key.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request, Response

from crmdapp.ballots.booth import Booth
from crmdapp.ballots.booth_state import BallotPlace, KeptBallot
from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.models import Phase
from crmdapp.ballots.voting_faults import BallotNotRecorded, VoterNotOnRoll
from crmdapp.chain.qr import qr_svg
from crmdapp.errors import ReceiptTimeout
from crmdapp.store.index.ballots import queries
from crmdapp.web.ballots.desk import BallotsDesk, DeskDep
from crmdapp.web.ballots.trackers import tracker_groups, tracker_words
from crmdapp.web.context import Context, ContextDep
from crmdapp.web.errors import NotFound, SignInNeeded
from crmdapp.web.pages import maybe_signed_in, page, redirect
from crmdapp.web.pages.ballots.elections import Number, headed
from crmdapp.web.security.sessions import Person, PersonDep

router = APIRouter(prefix="/elections")

RELAY_SECONDS = 3_600
"""How long the relayer has with a ballot, by the chain's time."""

Question = Annotated[int, Path(ge=0, le=15)]
Tracker = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Station:
    """What the booth shows for one question.

    Attributes:
        number: The question.
        state: ``"choose"``, ``"sealed"``, ``"handed in"``, ``"counted"`` or ``"stranger"``.
        ballot: The ballot that waits, or that was cast from here; ``None`` if there is none.
        relayed: How a ballot stands with this server's relayer; empty if it is not there.
    """

    number: int
    state: str
    ballot: KeptBallot | None = None
    relayed: str = ""


def own_machine(context: Context, person: Person) -> Person:
    """Return the person with the key that this machine opened.

    Raises:
        NotFound: The server is not on the person's own machine.
        SignInNeeded: A browser wallet signed in: it cannot make a ballot.
    """
    if not context.settings.local:
        raise NotFound(
            "This server takes no votes and no keys.",
            hint="Vote from a machine of your own: crmdapp up, or crmdapp elections seal.",
        )
    if person.signer is None:
        raise SignInNeeded(
            "A ballot needs a key file of this machine.",
            hint="Sign out, and sign in with the key file that you registered with.",
        )
    return person


@router.get("/{number}/booth")
def booth_page(
    request: Request,
    number: Number,
    desk: DeskDep,
    context: ContextDep,
    person: Annotated[Person | None, maybe_signed_in()],
) -> Response:
    """Show the booth; on a remote server, how to vote from one's own machine."""
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
    head = headed(desk, state, position.timestamp, position.block)
    if not context.settings.local:
        return page(request, "ballots/booth_elsewhere.html", **head)
    has_key = person is not None and person.signer is not None
    stations: list[Station] = []
    fingerprint = ""
    if person is not None and has_key and state.phase is Phase.OPEN:
        booth = booth_of(desk, person)
        stations = [_station(desk, booth, number, each.number) for each in state.questions]
        fingerprint = booth.question(number, 0).fingerprint
    return page(
        request,
        "ballots/booth.html",
        **head,
        has_key=has_key,
        stations=stations,
        fingerprint=fingerprint,
        waiting=desk.relay.waiting() if stations else 0,
        relays=context.settings.relayer is not None,
        **_tracker_words(),
    )


@router.post("/{number}/booth/{question}/seal")
def seal(
    number: Number,
    question: Question,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    option: Annotated[list[int] | None, Form()] = None,
) -> Response:
    """Encrypt a choice on this machine; nothing is signed or sent."""
    booth = booth_of(desk, own_machine(context, person))
    booth.seal(number, question, tuple(sorted(set(option or ()))))
    return redirect(f"/elections/{number}/booth")


@router.post("/{number}/booth/{question}/discard")
def discard(
    number: Number, question: Question, desk: DeskDep, context: ContextDep, person: PersonDep
) -> Response:
    """Forget a sealed ballot: it was neither signed nor shown."""
    booth_of(desk, own_machine(context, person)).discard(number, question)
    return redirect(f"/elections/{number}/booth", told="The sealed ballot was discarded.")


@router.post("/{number}/booth/{question}/challenge")
def challenge(
    request: Request,
    number: Number,
    question: Question,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    tracker: Tracker,
) -> Response:
    """Show what a sealed ballot holds, for another device to check; it is never cast."""
    booth = booth_of(desk, own_machine(context, person))
    found = booth.challenge(number, question, bytes.fromhex(tracker))
    with desk.indexed() as (session, position):
        state = queries.election(session, number, now=position.timestamp)
    return page(
        request,
        "ballots/challenged.html",
        **headed(desk, state, position.timestamp, position.block),
        question=question,
        chosen=found.opening.chosen,
        tracker=found.tracker,
        text=json.dumps(found.to_json(), indent=2),
        **_tracker_words(),
    )


@router.post("/{number}/booth/{question}/cast")
def cast(
    number: Number,
    question: Question,
    desk: DeskDep,
    context: ContextDep,
    person: PersonDep,
    tracker: Tracker,
    way: Annotated[str, Form(pattern="^(relay|direct)$")] = "relay",
) -> Response:
    """Cast a sealed ballot, by this server's relay or by the voter's own account."""
    booth = booth_of(desk, own_machine(context, person))
    told = "Your ballot is counted."
    if way == "direct":
        try:
            booth.cast(number, question, tracker=bytes.fromhex(tracker))
        except ReceiptTimeout:
            told = "Your ballot was sent; the chain has not confirmed it yet."
    else:
        closes = booth.question(number, question).election.windows.closes_at
        last = min(context.connection.block_timestamp() + RELAY_SECONDS, closes - 1)
        signed = booth.sign(number, question, deadline=last, tracker=bytes.fromhex(tracker))
        desk.relay.take(signed)
        told = "Your ballot is with the relayer. Keep the tracker, and look for it on the bulletin."
    return redirect(f"/elections/{number}/booth", told=told)


@router.post("/{number}/booth/relay")
def send_waiting(number: Number, desk: DeskDep, context: ContextDep, person: PersonDep) -> Response:
    """Send the ballots that wait with this machine's relayer, by its account."""
    own_machine(context, person)
    if context.settings.relayer is None:
        raise NotFound("This server has no account that relays.")
    sender = context.sender(context.settings.relayer)
    done = desk.relay.flush(desk.client(BoxClient, sender))
    told = f"{len(done.counted)} ballots are counted, {len(done.refused)} were refused."
    return redirect(f"/elections/{number}/booth", told=told)


@router.get("/{number}/booth/{question}/receipt")
def receipt(
    number: Number, question: Question, desk: DeskDep, context: ContextDep, person: PersonDep
) -> Response:
    """Give the receipt of a ballot that was cast from here: its tracker, and no choice."""
    booth = booth_of(desk, own_machine(context, person))
    place = BallotPlace(booth.question(number, question).context, booth.voter)
    cast_ones = desk.booth.cast_ballots(place)
    if not cast_ones:
        raise NotFound("No ballot for this question was cast from this machine.")
    tracker = cast_ones[-1].tracker
    words = tracker_words(tracker)
    lines = [
        f"Election {number}, question {question + 1}",
        f"Tracker: {tracker_groups(tracker)}",
        "In words: " + " ".join(words),
        "It shows that a ballot was cast, and where it is; not what it says.",
        f"Look for it: crmdapp elections check {number} {tracker.hex()} --question {question}",
    ]
    name = f"receipt-{number}-{question}.txt"
    return Response(
        "\n".join(lines) + "\n",
        media_type="text/plain; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# --------------------------------------------------------------------------- inside


def booth_of(desk: BallotsDesk, person: Person) -> Booth:
    """Return the booth of somebody whose key this machine opened."""
    assert person.signer is not None  # the callers looked
    sender = desk.context.sender_of(person.signer)
    return Booth(desk.client(BoxClient, sender), person.signer, desk.booth)


def _station(desk: BallotsDesk, booth: Booth, number: int, question: int) -> Station:
    asked = booth.question(number, question)
    try:
        at = asked.place_of(booth.voter)
    except VoterNotOnRoll:
        return Station(question, "stranger")
    place = BallotPlace(asked.context, booth.voter)
    cast_ones = desk.booth.cast_ballots(place)
    last = cast_ones[-1] if cast_ones else None
    if booth.box.has_voted(number, question, at.precinct, at.index):
        return Station(question, "counted", last)
    waiting = desk.booth.waiting(place)
    if waiting is not None:
        return Station(question, "sealed", waiting)
    if last is not None and _can_count(desk, booth, last):
        return Station(question, "handed in", last, _relayed(desk, last))
    return Station(question, "choose")


def _can_count(desk: BallotsDesk, booth: Booth, ballot: KeptBallot) -> bool:
    if ballot.is_direct and booth.was_sent(ballot.tracker):
        return True
    return desk.context.connection.block_timestamp() <= ballot.deadline


def _relayed(desk: BallotsDesk, ballot: KeptBallot) -> str:
    try:
        return desk.relay.find(ballot.tracker).state
    except BallotNotRecorded:
        return ""


def _tracker_words() -> dict[str, Any]:
    return {
        "groups": tracker_groups,
        "words_of": lambda tracker: [tracker_words(tracker)[at : at + 4] for at in range(0, 24, 4)],
        "picture": lambda tracker: base64.b64encode(qr_svg(tracker.hex())).decode(),
    }

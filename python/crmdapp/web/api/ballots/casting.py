"""Sealed ballots on their way to the box: taken by the relay, sent in batches, looked up.

Nobody needs a key to hand one in, since a relayer checks everything of it and can change nothing.
A vote that is not sealed is not read at all.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from crmdapp.ballots.ballot_intents import SignedBallot
from crmdapp.ballots.box import BoxClient
from crmdapp.web.api import NotFound, Work, sending
from crmdapp.web.api.ballots.models import Number, RelayedNow, RelayedOut, SealedBallotIn
from crmdapp.web.ballots.desk import DeskDep
from crmdapp.web.ballots.relaying import relayed_round
from crmdapp.web.ballots.trackers import read_tracker

router = APIRouter(tags=["elections"])


@router.post("/elections/{number}/ballots", status_code=202)
def hand_in(number: Number, ballot: SealedBallotIn, desk: DeskDep) -> RelayedOut:
    """Hand a sealed and signed ballot to the relay; handed in again, it is found as it stands.

    It is verified at once. When it was sent its state is ``counted``; until the deadline that its
    voter gave they can cast nothing else, and after it they can.
    """
    signed = SignedBallot.from_json(ballot.model_dump(by_alias=True))
    if signed.intent.election != number:
        raise NotFound("The ballot is for another election.")
    return RelayedOut.model_validate(desk.relay.take(signed))


@router.get("/elections/{number}/ballots/{tracker}")
def handed_in(
    number: Number,
    tracker: Annotated[str, Path(max_length=300, description="64 digits, or 24 words.")],
    desk: DeskDep,
) -> RelayedOut:
    """Tell what became of a ballot that was handed in here."""
    found = desk.relay.find(read_tracker(tracker))
    if found.election != number:
        raise NotFound("The ballot is for another election.")
    return RelayedOut.model_validate(found)


@router.post("/relay/ballots")
def relay(work: Annotated[Work, sending("relay")], desk: DeskDep) -> RelayedNow:
    """Send the ballots that wait, in batches, by the key's account, and tell what was counted.

    It can be sent at any time and again: what is on its way is waited for, nothing goes twice.
    """
    done = desk.relay.flush(desk.client(BoxClient, work.sender))
    return RelayedNow(**relayed_round(done))

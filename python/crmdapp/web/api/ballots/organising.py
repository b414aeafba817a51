"""What organisers, registrars and trustees do with an election over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from crmdapp.ballots.box import BoxClient
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.models import require_definition
from crmdapp.ballots.roll import RollClient
from crmdapp.ballots.tally import TallyClient
from crmdapp.ballots.trustee_files import message_from_json
from crmdapp.chain._keccak import keccak
from crmdapp.web.api import Caller, Sent, Work, changing, requires, sending
from crmdapp.web.api.ballots.models import Number, ShareDue
from crmdapp.web.api.ballots.models_organising import (
    Cancellation,
    DefinitionChecked,
    ElectionCreated,
    Moved,
    Registered,
    RegistrationsIn,
    Tallied,
)
from crmdapp.web.ballots import ceremonies
from crmdapp.web.ballots.desk import DeskDep
from crmdapp.web.ballots.organising import (
    definition_in,
    election_for,
    election_of_organiser,
    groups_to_tally,
    registrations_in,
)

router = APIRouter(prefix="/elections", tags=["elections"])

Writer = Annotated[Work, sending("ballots:write")]


async def _body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_body)]

EXAMPLE = {
    "format": "crmdapp-election-1",
    "title": "Council of the town library",
    "questions": [{"title": "Longer hours?", "kind": "choice", "options": ["Yes", "No"]}],
    "precincts": [{"name": "North", "voters": 100}],
    "minimum_turnout": 3,
    "trustees": [{"name": "Notary", "address": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"}],
    "threshold": 1,
    "registrars": [{"name": "Town hall", "address": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"}],
    "registrar_quorum": 1,
    "windows": {
        "keys_until": "2035-06-01T12:00:00+02:00",
        "commitments_until": "2035-06-02T12:00:00+02:00",
        "deals_until": "2035-06-03T12:00:00+02:00",
        "complaints_until": "2035-06-04T12:00:00+02:00",
        "registration_until": "2035-06-08T18:00:00+02:00",
        "opens_at": "2035-06-10T08:00:00+02:00",
        "closes_at": "2035-06-10T20:00:00+02:00",
        "shares_until": "2035-06-20T20:00:00+02:00",
    },
}
"""A definition, for the description of the API."""


def document_body(example: dict[str, Any]) -> dict[str, Any]:
    """Return what OpenAPI says of a body that is a document in JSON or YAML."""
    kinds = {"application/json": {"schema": {"type": "object"}, "example": example}}
    yaml = {"application/yaml": {"schema": {"type": "string"}}}
    return {"requestBody": {"required": True, "content": {**kinds, **yaml}}}


def is_yaml(request: Request) -> bool:
    """Return whether a body says that it is YAML."""
    return "yaml" in request.headers.get("content-type", "").lower()


# --------------------------------------------------------------------------- creating


@router.post("/check", openapi_extra=document_body(EXAMPLE))
def check_definition(
    request: Request,
    data: RawBody,
    caller: Annotated[Caller, requires("ballots:read")],
) -> DefinitionChecked:
    """Check a definition, JSON or YAML, without creating anything; faults name their fields."""
    del caller  # any with the scope
    found = definition_in(data, yaml=is_yaml(request))
    return DefinitionChecked(
        definition_hash=found.hash,
        title=found.title,
        questions=len(found.questions),
        most_voters=sum(each.voters for each in found.precincts),
    )


@router.post("", status_code=201, openapi_extra=document_body(EXAMPLE))
def create(request: Request, data: RawBody, work: Writer, desk: DeskDep) -> ElectionCreated:
    """Create an election from its definition, JSON or YAML, which is published here as it is.

    The key's account is its organiser. Nothing of it can be changed afterwards.
    """
    found = definition_in(data, yaml=is_yaml(request))
    client = desk.client(ElectionsClient, work.sender)
    receipt = client.send(client.create_call(found), key=work.key)
    desk.shelf.keep(found)
    return ElectionCreated(
        election=client.number_in(receipt),
        definition_hash=found.hash,
        tx_hash=receipt.hash,
        block=receipt.block,
    )


@router.put("/{number}/definition", openapi_extra=document_body(EXAMPLE))
def publish(
    request: Request,
    number: Number,
    data: RawBody,
    work: Annotated[Work, changing("ballots:write")],
    desk: DeskDep,
) -> DefinitionChecked:
    """Publish the definition of an election that was created elsewhere; the chain has its hash."""
    election = election_for(desk, number, work.caller.merchant)
    found = definition_in(data, yaml=is_yaml(request))
    require_definition(found, election)
    desk.shelf.keep(found)
    return DefinitionChecked(
        definition_hash=found.hash,
        title=found.title,
        questions=len(found.questions),
        most_voters=sum(each.voters for each in found.precincts),
    )


@router.post("/{number}/cancel")
def cancel(number: Number, wanted: Cancellation, work: Writer, desk: DeskDep) -> Sent:
    """Call an election off, before it opens; the chain keeps the hash of the reasons."""
    election_of_organiser(desk, number, work.caller.merchant)
    client = desk.client(ElectionsClient, work.sender)
    receipt = client.cancel(number, keccak(wanted.reason.encode()), key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


# --------------------------------------------------------------------------- the roll


@router.post("/{number}/registrations", status_code=201)
def register(number: Number, wanted: RegistrationsIn, work: Writer, desk: DeskDep) -> Registered:
    """Enter voters on the roll, each by what a quorum of registrars signed.

    What was entered before, just so, is passed over; send the same again after an interruption.
    """
    election = election_for(desk, number, work.caller.merchant)
    signed = registrations_in([each.model_dump(by_alias=True) for each in wanted.registrations])
    roll = desk.client(RollClient, work.sender)
    receipts = roll.register(number, signed)
    return Registered(
        election=number,
        registrations=len(signed),
        voters=sum(roll.count(number, precinct) for precinct in range(election.precincts)),
        transactions=[receipt.hash for receipt in receipts],
    )


@router.post("/{number}/freeze")
def freeze(number: Number, work: Writer, desk: DeskDep) -> Moved:
    """Write the roll down for ever, once registration has ended."""
    election_for(desk, number, work.caller.merchant)
    return _moved(number, desk.client(RollClient, work.sender).freeze(number))


@router.post("/{number}/prepare")
def prepare(number: Number, work: Writer, desk: DeskDep) -> Moved:
    """Let every question take ballots, once roll and key are final and before it opens."""
    election = election_for(desk, number, work.caller.merchant)
    box = desk.client(BoxClient, work.sender)
    questions = range(len(election.questions))
    return _moved(
        number,
        [
            box.prepare(number, question, key=f"{work.key}/{question}")
            for question in questions
            if not box.is_prepared(number, question)
        ],
    )


# --------------------------------------------------------------------------- the ceremony


@router.post("/{number}/ceremony/finalise")
def finalise(number: Number, work: Writer, desk: DeskDep) -> Moved:
    """Make the key of the deals that are left, when complaints are over."""
    election_for(desk, number, work.caller.merchant)
    duty = ceremonies.finalising(desk, number)
    return _moved(number, ceremonies.post(desk, duty, work.sender, number))


@router.post("/{number}/ceremony/restart")
def restart(number: Number, work: Writer, desk: DeskDep) -> Moved:
    """Begin another round of the ceremony, if too few trustees took part in this one."""
    election_for(desk, number, work.caller.merchant)
    duty = ceremonies.restarting(desk, number)
    return _moved(number, ceremonies.post(desk, duty, work.sender, number))


@router.post("/{number}/messages", openapi_extra=document_body({"format": "trustee-message-1"}))
def post_message(number: Number, data: RawBody, work: Writer, desk: DeskDep) -> Moved:
    """Post a trustee's message that was made on a machine without a network.

    Keys, commitments, deals and complaints are posted by the trustee's own account; shares, the
    end of the ceremony and its restart by anybody who has to do with the election.
    """
    election_for(desk, number, work.caller.merchant)
    return _moved(number, ceremonies.post(desk, message_from_json(data), work.sender, number))


# --------------------------------------------------------------------------- the count


@router.post("/{number}/close")
def close(number: Number, work: Writer, desk: DeskDep) -> Moved:
    """Form the sums that trustees decrypt, once voting has ended."""
    election = election_for(desk, number, work.caller.merchant)
    tally = desk.client(TallyClient, work.sender)
    return _moved(
        number,
        [
            tally.close(number, question, key=f"{work.key}/{question}")
            for question in range(len(election.questions))
            if not tally.is_closed(number, question)
        ],
    )


@router.post("/{number}/tally")
def tally(number: Number, work: Writer, desk: DeskDep) -> Tallied:
    """Find the counts from the trustees' shares and prove them; a wrong count is refused."""
    election = election_for(desk, number, work.caller.merchant)
    client = desk.client(TallyClient, work.sender)
    ready, waiting = groups_to_tally(client, election)
    hashes = [_prove(client, number, question, group, work) for question, group in ready]
    return Tallied(
        election=number,
        tallied=[ShareDue(question=question, group=group) for question, group in ready],
        waiting=[ShareDue(question=question, group=group) for question, group in waiting],
        transactions=hashes,
    )


@router.post("/{number}/questions/{question}/void")
def void(number: Number, question: int, work: Writer, desk: DeskDep) -> Sent:
    """Record that a question stays without a result, because too few decrypted in time."""
    election_for(desk, number, work.caller.merchant)
    client = desk.client(TallyClient, work.sender)
    receipt = client.void_question(number, question, key=work.key)
    return Sent(tx_hash=receipt.hash, block=receipt.block)


def _prove(client: TallyClient, number: int, question: int, group: int, work: Work) -> str:
    counts, used = client.count_group(number, question, group)
    key = f"{work.key}/{question}.{group}"
    return client.tally_posted(number, question, group, used, counts, key=key).hash


def _moved(number: int, receipts: Iterable[Any]) -> Moved:
    found = list(receipts)
    last = max((receipt.block for receipt in found), default=None)
    return Moved(election=number, transactions=[each.hash for each in found], block=last)

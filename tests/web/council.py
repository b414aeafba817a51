"""A small election in the town: three trustees of whom two decrypt, two registrars, few voters.

The chain goes from phase to phase with the package's own cryptography; what a test is about it does
through the server.
"""

from __future__ import annotations

import json
from pathlib import Path

from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.elections import ElectionsClient
from crmdapp.ballots.trustee_decryption import GroupShares, PostShares
from crmdapp.ballots.trustee_files import message_to_json
from tests.ballots.station import YES_NO, Held, Station, document

MARKUP = 'Longer <b onclick="x()">hours</b>?'
"""A title that would be markup if it were not escaped."""


def station_in(town, folder: Path) -> Station:
    """The station whose contracts are the town's."""
    folder.mkdir(parents=True, exist_ok=True)
    return Station(town.node, town.manifest, folder, town.connection)


def council_document(station: Station, **changes) -> dict:
    """The definition of an election that begins now."""
    questions = [{**YES_NO, "title": MARKUP}]
    return document(station.now, **{"questions": questions, **changes})


def held_as(station: Station, number: int, text: str, voters=(3,)) -> Held:
    """What a test knows of an election that was created elsewhere."""
    definition = read_definition(text.encode())
    election = station._client(ElectionsClient, None).election(number)
    return Held(station, definition, election, tuple(voters))


def sealed_json(held: Held, index: int, chosen, **changes) -> dict:
    """A voter's sealed and signed ballot, as it is handed in."""
    return json.loads(json.dumps(held.ballot(0, 0, index, chosen, **changes).to_json()))


def shares_message(held: Held, j: int) -> dict:
    """A trustee's shares of the first group of the first question, as a message to be posted."""
    board, tally = held.station.board(), held.station.tally()
    duty = PostShares(
        held.station.connection.chain_id,
        board.contract.address,
        held.number,
        0,
        j,
        tally.contract.address,
        (GroupShares(0, 0, held.shares(j, 0, 0)),),
    )
    return json.loads(json.dumps(message_to_json(duty)))

"""The routes of elections and public votes, tried with an election that is another's."""

import json

from crmdapp.ballots.definition import read_definition
from crmdapp.ballots.elections import ElectionsClient
from tests.web.council import council_document, station_in
from tests.web.isolation.common import Creates, Foreign, Public

_CHAIN = "stands on the chain for everybody"
_NOBODY = 999_999_999


def prepare(scene):
    station = station_in(scene.town, scene.server.settings.state_dir / "isolation-station")
    text = json.dumps(council_document(station, title="Of the merchant"))
    client = scene.town.client(ElectionsClient, "merchant")
    scene.election_words = json.loads(text)
    scene.election = client.create(read_definition(text.encode()))
    station.close()


def _move(body=None, *, works=False, status=404):
    """A request that moves an election; most moves are too early for this one."""
    return Foreign(
        path=lambda scene: {"number": scene.election, "question": 0},
        missing=lambda scene: {"number": _NOBODY, "question": 0},
        json=None if body is None else (lambda scene, missing: body(scene)),
        works=works,
        status=status,
    )


def _registration(scene):
    del scene  # whose it is stands in the path
    typed = {"domain": {}, "types": {}, "primaryType": "Registration", "message": {}}
    return {"registrations": [{"typedData": typed, "signatures": ["0x" + "ab" * 64]}]}


_ELECTION, _POLL = "/v1/elections/{number}", "/v1/polls/{number}"

ROUTES = {
    ("GET", "/v1/elections"): Public(_CHAIN),
    ("GET", _ELECTION): Public(_CHAIN),
    ("GET", f"{_ELECTION}/definition"): Public("was published; its hash stands on the chain"),
    ("GET", f"{_ELECTION}/turnout"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/bulletin"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/bulletin/{{tracker}}"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/trustees"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/ceremony"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/steps"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/results"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/results.svg"): Public(_CHAIN),
    ("GET", f"{_ELECTION}/audit"): Public("recomputed from what stands on the chain"),
    ("GET", f"{_ELECTION}/ballots/{{tracker}}"): Public("how a sealed ballot stands, no vote"),
    ("POST", f"{_ELECTION}/ballots"): Public("its voter's signature says whose it is"),
    ("GET", "/v1/polls"): Public(_CHAIN),
    ("GET", _POLL): Public(_CHAIN),
    ("GET", f"{_POLL}/votes"): Public("a public vote"),
    ("GET", f"{_POLL}/results.svg"): Public(_CHAIN),
    ("POST", f"{_POLL}/call"): Public("a transaction for whoever asks; changes nothing"),
    ("POST", "/v1/elections/check"): Creates("checks what was sent, and keeps nothing"),
    ("POST", "/v1/elections"): Creates("a new election of the caller's"),
    ("POST", "/v1/polls"): Creates("a new public vote of the caller's"),
    ("POST", f"{_POLL}/votes"): Creates("the caller's own vote in a public vote"),
    ("POST", "/v1/relay/ballots"): Creates("sends whatever ballots wait, whosever they are"),
    ("POST", f"{_ELECTION}/audit"): Creates("reads what stands on the chain for everybody"),
    ("PUT", f"{_ELECTION}/definition"): _move(lambda scene: scene.election_words, works=True),
    ("POST", f"{_ELECTION}/registrations"): _move(_registration),
    ("POST", f"{_ELECTION}/freeze"): _move(),
    ("POST", f"{_ELECTION}/prepare"): _move(),
    ("POST", f"{_ELECTION}/ceremony/finalise"): _move(),
    ("POST", f"{_ELECTION}/ceremony/restart"): _move(),
    ("POST", f"{_ELECTION}/messages"): _move(lambda scene: {}),
    ("POST", f"{_ELECTION}/close"): _move(),
    ("POST", f"{_ELECTION}/tally"): _move(),
    ("POST", f"{_ELECTION}/questions/{{question}}/void"): _move(),
    ("POST", f"{_ELECTION}/cancel"): _move(lambda scene: {"reason": "No."}, works=True),
}

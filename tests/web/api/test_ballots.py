"""The API of elections and public votes: one small election from its definition to its audit."""

import json
import time
from dataclasses import dataclass, field

import pytest

from crmdapp.ballots.poll_definition import read_poll
from tests.ballots.station import moment
from tests.web.browser import digest_of
from tests.web.council import (
    MARKUP,
    council_document,
    held_as,
    sealed_json,
    shares_message,
    station_in,
)

VOTES = (1, 1, 0)


def once(name):
    """Headers of a request that changes something."""
    return {"Idempotency-Key": name}


@dataclass
class Story:
    """What the election's requests answered, in their order."""

    station: object
    held: object
    answers: dict = field(default_factory=dict)

    @property
    def path(self):
        return f"/v1/elections/{self.held.number}"


@pytest.fixture(scope="module")
def station(town, server, tmp_path_factory):
    del server  # its snapshot is taken before anything is sent
    station = station_in(town, tmp_path_factory.mktemp("station"))
    yield station
    station.close()


@pytest.fixture(scope="module")
def story(station, server, api):
    """The whole election, moved by its organiser's key and the trustees' messages."""
    organiser, visitor = api("organiser"), api()
    document = council_document(station)
    text = json.dumps(document)
    created = organiser.post("/v1/elections", json=document, headers=once("create"))
    assert created.status_code == 201, created.text
    held = held_as(station, created.json()["election"], text)
    story = Story(station, held, {"created": created})
    said = story.answers
    windows = held.election.windows
    held.to_registration()
    signed = [each.to_json() for each in held.registrations()]
    body = {"registrations": json.loads(json.dumps(signed))}
    said["registered"] = organiser.post(
        f"{story.path}/registrations", json=body, headers=once("register")
    )
    station.advance_to(windows.registration_until + 1)
    said["frozen"] = organiser.post(f"{story.path}/freeze", headers=once("freeze"))
    said["prepared"] = organiser.post(f"{story.path}/prepare", headers=once("prepare"))
    said["early"] = visitor.post(f"{story.path}/ballots", json=sealed_json(held, 0, 1))
    station.advance_to(windows.opens_at)
    ballots = [sealed_json(held, index, chosen) for index, chosen in enumerate(VOTES)]
    said["ballots"] = ballots
    said["handed in"] = [
        visitor.post(f"{story.path}/ballots", json=ballot) for ballot in ballots[:2]
    ]
    said["relayed"] = organiser.post("/v1/relay/ballots", headers=once("flush 1"))
    said["again"] = visitor.post(f"{story.path}/ballots", json=ballots[0])
    said["third"] = visitor.post(f"{story.path}/ballots", json=ballots[2])
    said["relayed again"] = organiser.post("/v1/relay/ballots", headers=once("flush 2"))
    server.settle()
    said["open"] = visitor.get(story.path)
    station.advance_to(windows.closes_at)
    said["closed"] = organiser.post(f"{story.path}/close", headers=once("close"))
    said["too few shares"] = organiser.post(f"{story.path}/tally", headers=once("tally 0"))
    said["shares"] = [
        organiser.post(
            f"{story.path}/messages", json=shares_message(held, j), headers=once(f"share {j}")
        )
        for j in (1, 3)
    ]
    said["tallied"] = organiser.post(f"{story.path}/tally", headers=once("tally 1"))
    server.settle()
    return story


# --------------------------------------------------------------------------- organiser


def test_create_publishes_the_definition(story, api):
    made = story.answers["created"].json()
    assert made["definition_hash"] == "0x" + story.held.definition.hash.hex()
    found = api().get(f"{story.path}/definition")
    assert found.content == story.held.definition.canonical
    shown = api().get(story.path).json()
    assert shown["title"] == "Council of the town library"
    assert shown["questions"][0]["title"] == MARKUP


def test_every_step_of_the_organiser_takes_effect(story):
    said = story.answers
    assert said["registered"].status_code == 201, said["registered"].text
    assert said["registered"].json()["voters"] == 3
    for name in ("frozen", "prepared", "closed", "tallied"):
        assert said[name].status_code == 200, said[name].text
        assert len(said[name].json()["transactions"]) == 1
    assert [each.status_code for each in said["shares"]] == [200, 200]


def test_create_takes_yaml_and_refuses_faults_by_their_fields(station, api):
    organiser = api("organiser")
    document = council_document(station, title="Second council")
    text = json.dumps(document, indent=2)  # JSON is YAML
    headers = {"Content-Type": "application/yaml", **once("yaml")}
    assert organiser.post("/v1/elections", content=text, headers=headers).status_code == 201
    bad = {**document, "threshold": 9, "questions": [{**document["questions"][0], "kind": "x"}]}
    answer = organiser.post("/v1/elections/check", json=bad)
    assert answer.status_code == 422
    assert answer.json()["code"] == "RequestInvalid"
    assert {"threshold", "questions[0].kind"} <= set(answer.json()["fields"])


def test_check_refuses_a_definition_that_could_not_be_decoded(station, api):
    options = [f"Option {number}" for number in range(12)]
    document = council_document(
        station,
        questions=[{"title": "Which?", "kind": "choice", "options": options}],
        precincts=[{"name": "All", "voters": 4_000_000}],
    )
    answer = api("organiser").post("/v1/elections/check", json=document)
    assert (answer.status_code, answer.json()["code"]) == (422, "ElectionUndecodable")
    well = api("organiser").post("/v1/elections/check", json=council_document(station))
    assert well.status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"null"])
def test_check_refuses_what_is_no_document(api, body):
    answer = api("organiser").post(
        "/v1/elections/check", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_cancel_calls_an_election_off_once(station, server, api):
    organiser = api("organiser")
    made = organiser.post(
        "/v1/elections", json=council_document(station, title="Third"), headers=once("third")
    ).json()["election"]
    path = f"/v1/elections/{made}"
    reason = {"reason": "Nobody came."}
    foreign = api("rival").post(f"{path}/cancel", json=reason, headers=once("cancel"))
    missing = api("rival").post("/v1/elections/999/cancel", json=reason, headers=once("none"))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json()["code"] == missing.json()["code"] == "ElectionUnknown"
    done = organiser.post(f"{path}/cancel", json=reason, headers=once("cancel"))
    assert done.status_code == 200, done.text
    server.settle()
    assert api().get(path).json()["phase"] == "cancelled"
    again = organiser.post(f"{path}/cancel", json=reason, headers=once("cancel again"))
    assert again.json()["code"] == "ElectionWasCancelled"


def test_publish_refuses_a_foreign_definition(story, api):
    other = json.loads(story.held.definition.canonical) | {"title": "Other"}
    answer = api("organiser").put(
        f"{story.path}/definition", json=other, headers=once("publish other")
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "DefinitionForeign")
    own = json.loads(story.held.definition.canonical)
    well = api("organiser").put(f"{story.path}/definition", json=own, headers=once("publish"))
    assert well.status_code == 200


# --------------------------------------------------------------------------- casting


def test_ballot_is_relayed_and_counted_once(story, api):
    said = story.answers
    assert [each.status_code for each in said["handed in"]] == [202, 202]
    assert {each.json()["state"] for each in said["handed in"]} == {"waiting"}
    assert said["relayed"].json() | {"gas_used": 0} == {
        "counted": 2,
        "skipped": 0,
        "refused": 0,
        "batches": 1,
        "gas_used": 0,
    }
    assert said["again"].json()["state"] == "counted"
    assert said["relayed again"].json()["counted"] == 1
    assert said["open"].json()["questions"][0]["ballots"] == 3
    tracker = said["handed in"][0].json()["tracker"]
    assert api().get(f"{story.path}/ballots/{tracker}").json()["state"] == "counted"


def test_ballot_before_the_election_opens_is_refused(story):
    early = story.answers["early"]
    assert (early.status_code, early.json()["code"]) == (422, "RelayBallotEarly")


def test_ballot_that_was_changed_is_refused(story, api):
    ballot = story.answers["ballots"][0]
    taken = json.loads(json.dumps(ballot))
    at = 2 * 400
    digit = "1" if ballot["body"][at] == "0" else "0"
    changed = {**taken, "body": ballot["body"][:at] + digit + ballot["body"][at + 1 :]}
    changed["typedData"]["message"]["tracker"] = "0x" + "11" * 32
    answer = api().post(f"{story.path}/ballots", json=changed)
    assert answer.status_code == 422, answer.text
    del changed["typedData"]["message"]
    answer = api().post(f"{story.path}/ballots", json=changed)
    assert (answer.status_code, answer.json()["code"]) == (422, "UsageError")
    elsewhere = api().post("/v1/elections/999/ballots", json=story.answers["ballots"][1])
    assert elsewhere.status_code == 404


@pytest.mark.parametrize("choice", [{"option": 1}, {"vote": "Yes"}, {"choice": [1], "voter": 0}])
def test_ballot_in_the_clear_is_not_read(story, api, choice):
    answer = api().post(f"{story.path}/ballots", json=choice)
    assert (answer.status_code, answer.json()["code"]) == (422, "RequestInvalid")


def test_bulletin_has_every_tracker_by_batch(story, api):
    first = api().get(f"{story.path}/bulletin", params={"limit": 1}).json()
    assert [len(each["entries"]) for each in first["items"]] == [2]
    rest = (
        api()
        .get(f"{story.path}/bulletin", params={"limit": 1, "cursor": first["next_cursor"]})
        .json()
    )
    assert [(each["counted"], each["ballots"]) for each in rest["items"]] == [(1, 3)]
    listed = {
        entry["tracker"]
        for page in (first, rest)
        for each in page["items"]
        for entry in each["entries"]
    }
    handed = {story.answers["third"].json()["tracker"]} | {
        each.json()["tracker"] for each in story.answers["handed in"]
    }
    assert listed == handed


def test_tracker_is_found_on_the_bulletin_by_digits_or_words(story, api):
    from crmdapp.web.ballots.trackers import tracker_words

    tracker = story.answers["third"].json()["tracker"]
    found = api().get(f"{story.path}/bulletin/{tracker}").json()
    assert (found["index"], found["ballots"]) == (2, 3)
    words = " ".join(tracker_words(bytes.fromhex(tracker[2:])))
    assert api().get(f"{story.path}/bulletin/{words}").json() == found
    missing = api().get(f"{story.path}/bulletin/{'00' * 32}")
    assert missing.json()["code"] == "BallotNotRecorded"
    assert api().get(f"{story.path}/bulletin/zz").status_code == 422


# --------------------------------------------------------------------------- the count


def test_tally_waits_for_shares_and_proves_the_counts(story, api):
    before = story.answers["too few shares"].json()
    assert (before["tallied"], before["waiting"]) == ([], [{"question": 0, "group": 0}])
    found = api().get(f"{story.path}/results").json()
    assert (found["phase"], found["voters"]) == ("tallied", 3)
    assert found["questions"][0]["totals"] == [1, 2]
    assert found["questions"][0]["options"] == ["No", "Yes"]


def test_results_chart_is_a_picture_that_says_what_it_shows(story, api):
    answer = api().get(f"{story.path}/results.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert "Yes 2 (66.7 %)" in answer.text
    assert "<b onclick" not in answer.text


def test_turnout_and_trustees_tell_where_it_stands(story, api):
    turnout = api().get(f"{story.path}/turnout").json()
    assert [(each["ballots"], each["voters"]) for each in turnout["precincts"]] == [(3, 3)]
    trustees = api().get(f"{story.path}/trustees").json()
    assert trustees["step"] == "final"
    assert [each["name"] for each in trustees["trustees"]] == [
        "Trustee 1",
        "Trustee 2",
        "Trustee 3",
    ]
    names = [each["name"] for each in api().get(f"{story.path}/steps").json()["items"]]
    assert (names[0], names[-1]) == ("ElectionCreated", "GroupTallied")
    assert api().get(f"{story.path}/ceremony").json()["election"] == story.held.number


def test_audit_names_every_link(story, api):
    assert api().post(f"{story.path}/audit").status_code == 401
    begun = api("rival").post(f"{story.path}/audit", headers=once("audit"))
    assert begun.status_code == 202, begun.text
    deadline = time.monotonic() + 60
    while (found := api().get(f"{story.path}/audit").json())["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert (found["state"], found["holds"], found["broken"]) == ("done", True, None)
    states = {each["link"]: each["state"] for each in found["report"]["links"]}
    assert states.pop("second") == "unchecked"
    assert set(states.values()) == {"holds"}


# --------------------------------------------------------------------------- who may


@pytest.mark.parametrize(
    "move",
    ["freeze", "prepare", "ceremony/finalise", "ceremony/restart", "close", "tally"],
)
def test_election_of_others_is_as_if_there_were_none(story, api, move):
    foreign = api("rival").post(f"{story.path}/{move}", headers=once(move))
    missing = api("rival").post(f"/v1/elections/999/{move}", headers=once(move + " none"))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert foreign.json()["code"] == missing.json()["code"] == "ElectionUnknown"


def test_organising_needs_the_scope(story, api):
    reader = api("organiser", scopes=("ballots:read",))
    answer = reader.post(f"{story.path}/close", headers=once("close"))
    assert (answer.status_code, answer.json()["code"]) == (403, "ScopeMissing")
    assert api().post("/v1/elections", json={}, headers=once("x")).status_code == 401
    assert reader.post("/v1/relay/ballots", headers=once("flush")).status_code == 403


@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808", "1' OR '1'='1"])
def test_number_that_is_none_is_refused(api, number):
    assert api().get(f"/v1/elections/{number}").status_code == 422
    assert api().get(f"/v1/polls/{number}").status_code == 422


def test_election_is_unknown_if_there_is_none(api):
    answer = api().get("/v1/elections/999")
    assert (answer.status_code, answer.json()["code"]) == (404, "ElectionUnknown")
    assert api().get("/v1/polls/999").json()["code"] == "PollUnknown"


def test_elections_page_from_the_newest(story, station, server, api, town):
    server.settle()
    mine = town.address("organiser")
    asked, seen = {"limit": 1, "organiser": mine}, []
    while asked.get("cursor", "first"):
        page = api().get("/v1/elections", params=asked).json()
        assert len(page["items"]) <= 1
        seen += [each["number"] for each in page["items"]]
        asked["cursor"] = page["next_cursor"]
    elections = station.elections()
    everyone = range(elections.count(), 0, -1)
    assert seen == [number for number in everyone if elections.election(number).organiser == mine]
    assert story.held.number in seen


# --------------------------------------------------------------------------- polls


def open_poll(station, api, key):
    """Create a public vote that is open; return its number."""
    document = {
        "format": "crmdapp-poll-1",
        "title": "Which <i>bench</i>?",
        "options": ["Wood", "Stone"],
        "opens_at": moment(station.now + 5_000),
        "closes_at": moment(station.now + 100_000),
    }
    made = api("organiser").post("/v1/polls", json=document, headers=once(key))
    assert made.status_code == 201, made.text
    assert made.json()["definition_hash"] == (
        "0x" + read_poll(json.dumps(document).encode()).hash.hex()
    )
    station.advance_to(station.now + 5_001)
    return made.json()["poll"]


@pytest.fixture(scope="module")
def poll(story, station, server, api):
    """A public vote that is open, with two votes."""
    number = open_poll(station, api, "poll")
    for role, option in (("customer", 1), ("friend", 1)):
        answer = api(role).post(
            f"/v1/polls/{number}/votes", json={"option": option}, headers=once("vote")
        )
        assert answer.status_code == 201, answer.text
    server.settle()
    return number


def test_poll_shows_who_voted_how(poll, api, town):
    found = api().get(f"/v1/polls/{poll}").json()
    assert (found["title"], found["counts"], found["weights"]) == (
        "Which <i>bench</i>?",
        [0, 2],
        ["0", "2"],
    )
    votes = api().get(f"/v1/polls/{poll}/votes").json()["items"]
    assert [(each["voter"], each["option"]) for each in votes] == [
        (town.address("customer"), 1),
        (town.address("friend"), 1),
    ]
    assert "Stone 2 (100.0 %)" in api().get(f"/v1/polls/{poll}/results.svg").text


def test_second_vote_is_refused(poll, api):
    answer = api("customer").post(
        f"/v1/polls/{poll}/votes", json={"option": 0}, headers=once("second")
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "OpenVoteCastAlready")


def test_call_of_a_vote_is_what_a_wallet_sends(station, api, town, server):
    poll = open_poll(station, api, "poll of a wallet")
    server.settle()
    outsider = town.address("outsider")
    call = api().post(f"/v1/polls/{poll}/call", json={"voter": outsider, "option": 0}).json()
    assert call["chain_id"] == town.node.chain_id
    town.node.send_as(outsider, to=call["to"], data=call["data"])
    town.node.settle()
    server.settle()
    assert api().get(f"/v1/polls/{poll}").json()["counts"] == [1, 0]
    bad = api().post(f"/v1/polls/{poll}/call", json={"voter": outsider, "option": 9})
    assert bad.json()["code"] == "OpenVoteOptionInvalid"


# --------------------------------------------------------------------------- secrets


def test_server_keeps_no_vote_key_or_nonce(story, server):
    """Nothing that opens a ballot can be on this server: it never came here."""
    texts = b"".join(
        path.read_bytes() for path in server.settings.state_dir.rglob("*") if path.is_file()
    )
    for index in range(3):
        voter = story.held.voter(index)
        from tests.ballots.station import key_of

        assert bytes.fromhex(key_of(voter)[2:]) not in texts
    assert story.held.definition.canonical in texts


# --------------------------------------------------------------------------- registrars


def test_registrar_registers_a_voter_by_a_signature(station, server, api, town):
    office = {"name": "Office", "address": town.address("merchant")}
    document = council_document(station, registrars=1, title="By signature")
    document = {**document, "registrars": [office], "registrar_quorum": 1}
    made = api("organiser").post("/v1/elections", json=document, headers=once("by signature"))
    number = made.json()["election"]
    wanted = {
        "election": number,
        "precinct": 0,
        "nullifier": "0x" + "21" * 32,
        "voter": town.address("customer"),
    }
    typed = api().post("/v1/intents/ballots.registration/prepare", json=wanted).json()
    assert typed["primaryType"] == "Registration"
    for signer, status in (("rival", 422), ("merchant", 200)):
        signature = town.signer(signer).sign_digest(digest_of(typed)).hex()
        body = {"typedData": typed, "signature": "0x" + signature}
        answer = api("outsider").post("/v1/intents", json=body)
        assert answer.status_code == status, answer.text
    assert station.roll().count(number, 0) == 1

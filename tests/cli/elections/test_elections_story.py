"""An election from the command line: created, registered, frozen, closed, counted; and what not."""

import json
from xml.etree import ElementTree

import pytest

from crmdapp.ballots.registration import nullifier, read_registrars_key
from crmdapp.chain import Manifest, connect
from crmdapp.chain._keccak import keccak
from tests.ballots.station import (
    OF_THREE,
    UP_TO_TWO,
    YES_NO,
    Held,
    Station,
    address_of,
    document,
    key_of,
)

PRECINCTS = [{"name": "North", "voters": 100}, {"name": "South", "voters": 100}]
VOTERS = (3, 2)
VOTES = [[[1, 0, 1], [1, 1]], [[(0, 1), (0,), ()], [(2,), (1, 2)]]]


@pytest.fixture
def station(crmdapp, node, tmp_path):
    """The contracts of the command line's chain, for those who are not at it."""
    with connect(node.url) as connection:
        manifest = Manifest.load(crmdapp.folder / "deployments" / "31337.json")
        station = Station(node, manifest, tmp_path, connection)
        yield station
        station.close()


class Office:
    """The town hall at the command line; trustees and voters act by themselves."""

    def __init__(self, crmdapp, station):
        self.crmdapp, self.station, self.folder = crmdapp, station, crmdapp.folder
        self.file = self.folder / "council.json"
        self.held = None

    def act_as(self, role):
        self.station.node.set_balance(address_of(role), 10**20)
        self.crmdapp.env(CRMDAPP_PRIVATE_KEY=key_of(role))

    def __call__(self, *words, code=0):
        return self.crmdapp.json("elections", *words, code=code)

    def send(self, *words, code=0):
        return self.crmdapp.send("elections", *words, code=code)

    def refuse(self, *words, code=6):
        return self.crmdapp.refuse_to_send("elections", *words, code=code)

    def create(self, **changes):
        fields = {"questions": [YES_NO, UP_TO_TWO], "precincts": PRECINCTS, **changes}
        self.file.write_text(json.dumps(document(self.station.now, **fields)))
        self.act_as("organiser")
        self.number = self.send("create", self.file)["election"]
        from crmdapp.ballots.definition import load_definition

        election = self.station.elections(None).election(self.number)
        self.held = Held(self.station, load_definition(self.file), election, VOTERS)
        return self.number

    def citizens(self, name="citizens.csv", voters=VOTERS):
        """A list of citizens; returns the file."""
        rows = [
            f"AB {precinct:03} {index:06},{address_of(self.held.voter(index, precinct))},{precinct}"
            for precinct, count in enumerate(voters)
            for index in range(count)
        ]
        path = self.folder / name
        path.write_text("official_id,voter,precinct\n" + "\n".join(rows) + "\n")
        return path

    def sign(self, role, citizens, out, *more, code=0):
        self.act_as(role)
        key = self.folder / "office.key"
        if not key.exists():
            self("register", "new-key", key)
        words = ("--registrars-key", key, "--out", self.folder / out, *more)
        return self("register", "sign", self.number, citizens, *words, code=code)

    def register(self):
        citizens = self.citizens()
        for number in (1, 2):
            self.sign(f"registrar {number}", citizens, f"{number}.jsonl")
        files = [self.folder / f"{number}.jsonl" for number in (1, 2)]
        self.act_as("clerk")
        return self.send("register", "submit", *files)

    def wait(self, window):
        self.station.advance_to(getattr(self.held.election.windows, window) + 1)

    def to_open(self):
        self.held.to_registration()
        self.register()
        self.wait("registration_until")
        self.send("freeze", self.number)
        self.send("prepare", self.number)
        self.wait("opens_at")

    def to_closed(self, votes=VOTES):
        self.to_open()
        self.held.vote(votes)
        self.station.advance_to(self.held.election.windows.closes_at)
        return self.send("close", self.number)

    def post_shares(self, *places):
        tally = self.station.tally("bystander")
        for question, group in places:
            for j in (1, 3):
                shares = self.held.shares(j, question, group)
                tally.post_shares(self.number, question, group, j, shares)


@pytest.fixture
def office(crmdapp, station):
    return Office(crmdapp, station)


# ----------------------------------------------------------------- the story


def test_an_election_is_held_at_the_command_line(office):
    number = office.create()
    assert office("status", number)["phase"] == "key_ceremony"
    office.held.to_registration()
    assert office("status", number)["phase"] == "registration"

    done = office.register()
    assert (done["registrations"], done["voters"]) == (5, [3, 2])
    assert office.refuse("freeze", number)["code"] == "RegistrationOpen"
    office.wait("registration_until")
    assert office.send("freeze", number)["voters"] == 5
    assert office.send("freeze", number)["chunks"] == 0  # nothing is left
    assert office.send("prepare", number)["questions"] == [0, 1]
    assert office.send("prepare", number)["questions"] == []
    assert office("status", number)["phase"] == "frozen"
    office.wait("opens_at")

    office.held.vote(VOTES)
    found = office("status", number, "--definition", office.file)
    assert found["phase"] == "open"
    assert found["title"] == "Council of the town library"
    assert [each["ballots"] for each in found["questions"]] == [[3, 2], [3, 2]]
    assert [each["title"] for each in found["questions"]] == ["Longer hours?", "Who?"]
    assert office.refuse("close", number)["code"] == "PhaseInvalid"
    office.station.advance_to(office.held.election.windows.closes_at)
    assert office("results", number)["questions"][0]["totals"] is None
    assert office.send("close", number)["questions"] == [0, 1]

    office.post_shares((0, 0), (0, 1), (1, 0))
    done = office.send("tally", number)
    assert [(each["question"], each["counts"]) for each in done["tallied"]] == [
        (0, [1, 2]),
        (0, [0, 2]),
        (1, [2, 1, 0]),
    ]
    assert done["waiting"] == [{"question": 1, "group": 1}]
    office.post_shares((1, 1))
    assert len(office.send("tally", number)["tallied"]) == 1

    result = office("results", number, "--definition", office.file)
    assert result["phase"] == "tallied"
    assert result["voters"] == 5
    assert [each["totals"] for each in result["questions"]] == [
        {"No": 1, "Yes": 4},
        {"Ada": 2, "Bea": 2, "Cid": 2},
    ]
    assert result["questions"][0]["groups"][1] == {
        "group": 1,
        "first_precinct": 1,
        "last_precinct": 1,
        "ballots": 2,
        "counts": [0, 2],
    }
    charts = [office.folder / f"result.{suffix}" for suffix in ("svg", "png")]
    for chart in charts:
        office("results", number, "--definition", office.file, "--chart", chart)
    ElementTree.fromstring(charts[0].read_bytes())
    assert charts[1].read_bytes().startswith(b"\x89PNG")
    plain = office.crmdapp("elections", "results", number, "--definition", office.file).out
    assert "Longer hours?: 5 of 5 voted." in plain
    assert "Yes         4      80.0 %" in plain


# ----------------------------------------------------------------- creating


def test_create_takes_yaml_and_shows_what_it_is(office, crmdapp):
    import yaml

    path = office.folder / "council.yaml"
    path.write_text(yaml.safe_dump(document(office.station.now)))
    office.act_as("organiser")
    shown = crmdapp("elections", "create", path, "--dry-run").err
    assert "Longer hours? (one of 2)" in shown
    assert "2 of 3 decrypt" in shown
    first = office.send("create", path, "--once", "council")
    assert office.send("create", path, "--once", "council") == first


def test_create_names_what_is_wrong_in_the_file(office):
    broken = document(office.station.now, threshold=9)
    office.file.write_text(json.dumps(broken))
    office.act_as("organiser")
    error = office.refuse("create", office.file, code=2)
    assert error["code"] == "FileRejected"
    assert [fault["field"] for fault in error["fields"]["faults"]] == ["threshold"]
    undecodable = document(
        office.station.now, questions=[OF_THREE], precincts=[{"name": "All", "voters": 10**8}]
    )
    office.file.write_text(json.dumps(undecodable))
    assert office.refuse("create", office.file, code=2)["code"] == "ElectionUndecodable"


def test_cancel_calls_an_election_off(office):
    number = office.create()
    notice = office.folder / "notice.txt"
    notice.write_text("The hall has burnt down.")
    office.act_as("outsider")
    error = office.refuse("cancel", number, "--reason", notice)
    assert (error["code"], error["message"]) == (
        "ElectionCallerInvalid",
        f"{address_of('outsider')} is not the organiser of election {number}.",
    )
    office.act_as("organiser")
    done = office.send("cancel", number, "--reason", notice)
    assert done["reason_hash"] == "0x" + keccak(notice.read_bytes()).hex()
    assert office("status", number)["phase"] == "cancelled"
    missing = office.folder / "missing.txt"
    assert office.refuse("cancel", number, "--reason", missing, code=2)["code"] == "UsageError"


def test_another_definition_is_refused(office):
    number = office.create()
    other = office.folder / "other.json"
    other.write_text(json.dumps({**json.loads(office.file.read_text()), "title": "Another"}))
    error = office("status", number, "--definition", other, code=8)["error"]
    assert (error["code"], error["fields"]["field"]) == ("DefinitionForeign", "definition_hash")
    assert office("status", number + 1, code=6)["error"]["code"] == "ElectionUnknown"


# ----------------------------------------------------------------- registering


def test_what_registrars_sign_holds_no_official_id(office):
    number = office.create()
    done = office.sign("registrar 1", office.citizens(), "1.jsonl")
    assert (done["registrations"], done["registrar"]) == (5, address_of("registrar 1"))
    text = (office.folder / "1.jsonl").read_text()
    assert "AB 000" not in text
    message = json.loads(text.splitlines()[0])["typedData"]["message"]
    key = read_registrars_key(office.folder / "office.key")
    assert message["nullifier"] == "0x" + nullifier(key, "ab000000000", number).hex()
    assert message["deadline"] == office.held.election.windows.registration_until


def test_files_are_joined_or_submitted_together(office):
    office.create()
    citizens = office.citizens()
    files = [office.folder / f"{number}.jsonl" for number in (1, 2)]
    for number in (1, 2):
        office.sign(f"registrar {number}", citizens, f"{number}.jsonl")
    both = office.folder / "both.jsonl"
    done = office("register", "join", *files, "--out", both)
    assert (done["registrations"], done["least_signatures"]) == (5, 2)
    office.act_as("clerk")
    error = office.refuse("register", "submit", files[0], code=8)
    assert error["code"] == "RegistrationQuorumMissing"
    first = office.send("register", "submit", both)
    assert office.send("register", "submit", *files)["transactions"] == first["transactions"]


def test_registrars_who_disagree_are_told(office):
    office.create()
    office.sign("registrar 1", office.citizens(), "1.jsonl")
    moved = office.citizens("moved.csv", voters=(3, 2))
    moved.write_text(moved.read_text().replace(",1\n", ",0\n"))
    office.sign("registrar 2", moved, "2.jsonl")
    files = [office.folder / f"{number}.jsonl" for number in (1, 2)]
    error = office("register", "join", *files, code=8)["error"]
    assert error["code"] == "RegistrationMixed"
    assert "differ about nullifier 0x" in error["message"]


def test_only_registrars_sign(office):
    office.create()
    error = office.sign("outsider", office.citizens(), "1.jsonl", code=2)["error"]
    assert "is no registrar of election" in error["message"]


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("AB 1,0x12,0", "voter", "an address with its EIP-55 checksum"),
        ("AB 2,AB 1,0", "voter", "an address with its EIP-55 checksum"),
        ("AB 1,{zero},0", "voter", "the zero address"),
        ("AB 1,{voter},2", "precinct", "from 0 to 1"),
        ("AB 1,{voter},x", "precinct", "from 0 to 1"),
        ("-,{voter},0", "official_id", "at least one letter or digit"),
        ("ab-000 000000,{voter},0", "official_id", "it stands in line 2 too"),
        ("AB 1,{first},0", "voter", "it stands in line 2 too"),
        ("AB 1,{voter}", "", "more or fewer values"),
    ],
)
def test_a_faulty_list_names_lines_and_quotes_no_id(office, line, column, reason):
    office.create()
    path = office.citizens(voters=(1, 0))
    words = {
        "voter": address_of("somebody"),
        "first": address_of(office.held.voter(0, 0)),
        "zero": "0x" + "0" * 40,
    }
    path.write_text(path.read_text() + line.format(**words) + "\n")
    error = office.sign("registrar 1", path, "1.jsonl", code=2)["error"]
    (fault,) = error["fields"]["faults"]
    assert (fault["line"], fault["field"]) == (3, column)
    assert reason in fault["reason"]
    assert "AB 1" not in json.dumps(error)


def test_a_list_begins_with_names(office):
    office.create()
    path = office.citizens()
    path.write_text("id,voter\n")
    error = office.sign("registrar 1", path, "1.jsonl", code=2)["error"]
    assert error["fields"]["faults"][0]["line"] == 1


def test_attestations_are_asked_for(office):
    office.create()
    path = office.citizens(voters=(1, 0))
    with_uid = path.read_text().replace("precinct\n", "precinct,attestation\n")
    path.write_text(with_uid.rstrip("\n") + ",0x" + "5a" * 32 + "\n")
    trust = ("--topic", "4", "--attestor", address_of("notary"))
    error = office.sign("registrar 1", path, "1.jsonl", *trust, code=8)["error"]
    assert error["code"] == "CitizenNotAttested"
    assert error["message"].startswith("Line 2: ")
    assert office.sign("registrar 1", path, "1.jsonl", "--topic", "4", code=2)["error"]
    plain = office.citizens("plain.csv", voters=(1, 0))
    error = office.sign("registrar 1", plain, "1.jsonl", *trust, code=2)["error"]
    assert error["message"] == "Line 2 names no attestation."


def test_who_is_attested_is_signed_for(office):
    from crmdapp.customers.attestations import AttestationClient

    office.create()
    uid, notary = b"\x5a" * 32, office.station.sender("notary")
    registry = AttestationClient.at(office.station.connection, office.station.manifest, notary)
    topic = registry.create_topic(1, keccak(b"residence")).id
    registry.admit(topic, address_of("notary"), 3)
    registry.attest(uid, topic, 2)
    path = office.citizens(voters=(1, 0))
    with_uid = path.read_text().replace("precinct\n", "precinct,attestation\n")
    path.write_text(f"{with_uid.strip()},0x{uid.hex()}\n")
    trust = ("--topic", topic, "--attestor", address_of("notary"))
    error = office.sign("registrar 1", path, "1.jsonl", *trust, "--level", 3, code=8)["error"]
    assert error["code"] == "CitizenNotAttested"
    assert office.sign("registrar 1", path, "1.jsonl", *trust, "--level", 2)["registrations"] == 1
    assert uid.hex() not in (office.folder / "1.jsonl").read_text()


# ----------------------------------------------------------------- no result


def test_a_question_without_a_result_says_why(office):
    number = office.create()
    office.to_closed([[[1, None, None]], VOTES[1]])
    result = office("results", number)
    assert (result["questions"][0]["phase"], result["questions"][0]["ground"]) == (
        "void",
        "too few voted",
    )
    assert office.refuse("void", number, "--question", "1")["code"] == "QuestionNotVoid"
    office.wait("shares_until")
    office.send("void", number, "--question", "1")
    result = office("results", number)
    assert result["phase"] == "void"
    assert result["questions"][1]["ground"] == "too few trustees decrypted in time"
    assert office.refuse("close", number, "--question", "2")["code"] == "QuestionUnknown"
    assert office("results", number, "--chart", "result.gif", code=2)["error"]


# ----------------------------------------------------------------- without a manifest


def test_anybody_looks_and_moves_with_an_address_alone(office, crmdapp):
    number = office.create()
    office.held.to_registration()
    citizens = office.citizens()
    for registrar in (1, 2):
        office.sign(f"registrar {registrar}", citizens, f"{registrar}.jsonl")
    files = [office.folder / f"{registrar}.jsonl" for registrar in (1, 2)]
    place = {name: office.station.manifest[name].address for name in ("Tally", "BallotBox")}
    roll = office.station.manifest["VoterRoll"].address
    crmdapp.env(CRMDAPP_DEPLOYMENTS=office.folder / "nowhere")

    office.act_as("clerk")
    assert office("status", number, code=5)["error"]["code"] == "ContractMissing"
    office.send("register", "submit", *files, "--roll", roll)
    office.wait("registration_until")
    office.send("freeze", number, "--roll", roll)
    office.send("prepare", number, "--box", place["BallotBox"])
    assert office("status", number, "--tally", place["Tally"])["phase"] == "frozen"
    nobody = address_of("nobody")
    assert office("status", number, "--tally", nobody, code=5)["error"]["code"] == (
        "ContractMissing"
    )


# ----------------------------------------------------------------- rehearsed


def test_dry_runs_send_nothing(office):
    number = office.create()
    office.held.to_registration()
    citizens = office.citizens()
    for registrar in (1, 2):
        office.sign(f"registrar {registrar}", citizens, f"{registrar}.jsonl")
    files = [office.folder / f"{registrar}.jsonl" for registrar in (1, 2)]
    office.act_as("clerk")
    assert office("register", "submit", *files, "--dry-run")["dry_run"]
    assert office("status", number)["roll"]["voters"] == [0, 0]

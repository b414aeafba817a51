"""An election's definition: what is read, and every fault with the path of its field."""

import copy
import json
from datetime import UTC, datetime

import pytest

from crmdapp.ballots._documents import FILE_MAX
from crmdapp.ballots.choice import Choice
from crmdapp.ballots.definition import load_definition, read_definition
from crmdapp.ballots.faults import ElectionUndecodable
from crmdapp.ballots.vector import Vector
from crmdapp.chain.addresses import checksum
from crmdapp.chain.canonical_json import canonical_json
from crmdapp.errors import FileRejected, UsageError
from tests.ballots.voting import flipped

TOWN = [checksum(f"0x{number:040x}") for number in range(0xABCDEF0001, 0xABCDEF0010)]
MOMENTS = {
    "keys_until": "2026-06-01T12:00:00+02:00",
    "commitments_until": "2026-06-02T12:00:00+02:00",
    "deals_until": "2026-06-03T12:00:00+02:00",
    "complaints_until": "2026-06-04T12:00:00+02:00",
    "registration_until": "2026-06-03T00:00:00Z",
    "opens_at": "2026-06-07T08:00:00Z",
    "closes_at": "2026-06-07T20:00:00Z",
    "shares_until": "2026-06-14T20:00:00Z",
}
GOOD = {
    "format": "crmdapp-election-1",
    "title": "Council of the town library",
    "questions": [
        {"title": "Longer hours?", "kind": "choice", "options": ["Yes", "No", "Blank"]},
        {"title": "Who?", "kind": "vector", "options": ["A", "B", "C"], "min": 1, "max": 2},
    ],
    "precincts": [{"name": "North", "voters": 800}, {"name": "South", "voters": 650}],
    "minimum_turnout": 10,
    "trustees": [{"name": f"Trustee {j}", "address": TOWN[j]} for j in (3, 1, 2)],
    "threshold": 2,
    "registrars": [{"name": f"Registrar {j}", "address": TOWN[j]} for j in (6, 5)],
    "registrar_quorum": 1,
    "windows": MOMENTS,
}
GONE = object()


def at(*path, value):
    """The good definition with one member changed, added or taken away."""
    found = copy.deepcopy(GOOD)
    inside = found
    for step in path[:-1]:
        inside = inside[step]
    if value is GONE:
        del inside[path[-1]]
    else:
        inside[path[-1]] = value
    return found


def read(definition):
    return read_definition(json.dumps(definition, indent=1).encode(), "election.json")


def faults_of(definition):
    with pytest.raises(FileRejected) as refused:
        read(definition)
    return {fault.field: fault for fault in refused.value.faults}


def test_a_good_definition_is_read():
    found = read(GOOD)
    assert found.title == "Council of the town library"
    assert [question.encoding for question in found.questions] == [Choice(3, 10), Vector(3, 1, 2)]
    assert found.questions[0].options == ("Yes", "No", "Blank")
    assert [precinct.voters for precinct in found.precincts] == [800, 650]
    assert [guard.address for guard in found.trustees] == [TOWN[3], TOWN[1], TOWN[2]]
    assert [guard.name for guard in found.registrars] == ["Registrar 5", "Registrar 6"]
    assert (found.minimum_turnout, found.threshold, found.registrar_quorum) == (10, 2, 1)
    assert found.windows.opens_at == datetime(2026, 6, 7, 8, tzinfo=UTC)
    assert found.windows.seconds[0] == 1_780_308_000
    assert found.windows.seconds[5:] == (1_780_819_200, 1_780_862_400, 1_781_467_200)


def test_the_hash_ignores_spaces_and_order_alone():
    turned = dict(reversed(GOOD.items()))
    one, other = read(GOOD), read_definition(json.dumps(turned).encode())
    assert one.hash == other.hash
    assert one.canonical == canonical_json(GOOD)
    assert read(at("title", value="Another")).hash != one.hash
    swapped = at("questions", 0, "options", value=["No", "Yes", "Blank"])
    assert read(swapped).hash != one.hash


def test_a_definition_is_loaded_from_a_file(tmp_path):
    path = tmp_path / "election.json"
    path.write_text(json.dumps(GOOD))
    assert load_definition(path).hash == read(GOOD).hash
    with pytest.raises(UsageError, match="cannot be read"):
        load_definition(tmp_path / "missing.json")
    path.write_bytes(b" " * (FILE_MAX + 1))
    with pytest.raises(FileRejected):
        load_definition(path)


def with_sums(options, precincts):
    """A vector question of so many options, and so many precincts."""
    names = [f"Option {number}" for number in range(options)]
    vector = {"title": "Who?", "kind": "vector", "options": names, "min": 0, "max": 1}
    places = [{"name": f"Precinct {number}", "voters": 10} for number in range(precincts)]
    return {**GOOD, "questions": [vector], "precincts": places}


def test_as_many_sums_are_taken_as_can_be_counted_together():
    assert len(read(with_sums(20, 30)).precincts) == 30
    assert read(with_sums(32, 1)).questions[0].encoding == Vector(32, 0, 1)
    found = faults_of(with_sums(25, 25))
    assert list(found) == ["questions[0].options"]
    assert found["questions[0].options"].reason == (
        "25 options in 25 precincts are 625 sums, and 600 can be counted together"
    )


WRONG = [
    (("format",), "crmdapp-election-2", "format", "must be 'crmdapp-election-1'"),
    (("title",), GONE, "title", "it is missing"),
    (("title",), " ", "title", "text of 1 to 500"),
    (("title",), "a\nb", "title", "can be shown"),
    (("title",), "x" * 501, "title", "text of 1 to 500"),
    (("nonsense",), 1, "nonsense", "no such field"),
    (("questions",), [], "questions", "1 to 16 items, got 0"),
    (("questions",), GOOD["questions"] * 9, "questions", "1 to 16 items, got 18"),
    (("questions",), {}, "questions", "got an object"),
    (("questions", 0), 5, "questions[0]", "must be an object"),
    (("questions", 0, "kind"), "ranked", "questions[0].kind", "'choice' or 'vector'"),
    (("questions", 0, "options"), ["Yes"], "questions[0].options", "2 to 32 items, got 1"),
    (("questions", 0, "options"), ["a"] * 33, "questions[0].options", "got 33"),
    (("questions", 0, "options", 1), "Yes", "questions[0].options[1]", "stands there twice"),
    (("questions", 0, "options", 1), 5, "questions[0].options[1]", "must be text"),
    (("questions", 0, "min"), 1, "questions[0].min", "no such field"),
    (("questions", 1, "min"), GONE, "questions[1].min", "it is missing"),
    (("questions", 1, "min"), 3, "questions[1].min", "3 is more than max, 2"),
    (("questions", 1, "max"), 4, "questions[1].max", "from 1 to 3, got 4"),
    (("questions", 1, "max"), 0, "questions[1].max", "from 1 to 3, got 0"),
    (("questions", 1, "max"), True, "questions[1].max", "got true"),
    (("questions", 1, "max"), 1.5, "questions[1].max", "got 1.5"),
    (("precincts",), [], "precincts", "1 to 64 items"),
    (("precincts", 0, "voters"), 0, "precincts[0].voters", "from 1 to 4,294,967,295"),
    (("precincts", 1, "name"), "North", "precincts[1].name", "stands there twice"),
    (("precincts", 1, "size"), 1, "precincts[1].size", "no such field"),
    (("minimum_turnout",), 0, "minimum_turnout", "from 1 to"),
    (("minimum_turnout",), 1451, "minimum_turnout", "more than all 1,450 voters"),
    (("trustees",), [], "trustees", "1 to 15 items"),
    (("trustees", 0, "address"), TOWN[1], "trustees[1].address", "stands there twice"),
    (("trustees", 0, "address"), "0x" + "00" * 20, "trustees[0].address", "not the zero address"),
    (("trustees", 0, "address"), TOWN[3].lower(), "trustees[0].address", "EIP-55 checksum"),
    (("trustees", 0, "address"), None, "trustees[0].address", "got null"),
    (("threshold",), 4, "threshold", "from 1 to 3, got 4"),
    (("threshold",), 0, "threshold", "from 1 to 3, got 0"),
    (("registrars", 0, "address"), TOWN[5], "registrars[1].address", "stands there twice"),
    (("registrar_quorum",), 3, "registrar_quorum", "from 1 to 2, got 3"),
    (("windows",), GONE, "windows", "it is missing"),
    (("windows", "opens_at"), GONE, "windows.opens_at", "it is missing"),
    (("windows", "opens_at"), "tomorrow", "windows.opens_at", "no moment"),
    (("windows", "opens_at"), 5, "windows.opens_at", "no moment"),
    (("windows", "opens_at"), "2026-06-07T08:00:00", "windows.opens_at", "no time zone"),
    (("windows", "opens_at"), "2026-06-07T08:00:00.5Z", "windows.opens_at", "no whole second"),
    (("windows", "opens_on"), "2026-06-07", "windows.opens_on", "no such field"),
    (
        ("windows", "commitments_until"),
        MOMENTS["keys_until"],
        "windows.commitments_until",
        "is not after keys_until",
    ),
    (
        ("windows", "complaints_until"),
        MOMENTS["keys_until"],
        "windows.complaints_until",
        "is not after deals_until",
    ),
    (
        ("windows", "complaints_until"),
        "2026-06-07T08:00:00Z",
        "windows.opens_at",
        "is not after complaints_until",
    ),
    (
        ("windows", "registration_until"),
        "2026-06-07T09:00:00Z",
        "windows.opens_at",
        "is not after registration_until",
    ),
    (("windows", "closes_at"), MOMENTS["opens_at"], "windows.closes_at", "is not after opens_at"),
    (
        ("windows", "shares_until"),
        MOMENTS["opens_at"],
        "windows.shares_until",
        "is not after closes_at",
    ),
]


@pytest.mark.parametrize(("path", "value", "field", "reason"), WRONG)
def test_a_fault_names_its_field(path, value, field, reason):
    found = faults_of(at(*path, value=value))
    assert field in found
    assert reason in found[field].reason
    assert found[field].line > 0


def test_a_fault_names_its_line():
    text = json.dumps(at("threshold", value=9), indent=1)
    line = next(n for n, each in enumerate(text.splitlines(), 1) if '"threshold"' in each)
    assert faults_of(at("threshold", value=9))["threshold"].line == line


def test_all_faults_are_found_at_once():
    broken = at("threshold", value=9)
    broken["title"] = ""
    broken["questions"][1]["max"] = 7
    assert set(faults_of(broken)) == {"threshold", "title", "questions[1].max"}


def test_one_fault_does_not_bring_others():
    assert set(faults_of(at("windows", "opens_at", value="soon"))) == {"windows.opens_at"}
    assert set(faults_of(at("trustees", value=5))) == {"trustees"}


@pytest.mark.parametrize("document", [b"", b"[]", b"{", b"null", b"\xff"])
def test_what_is_no_object_is_refused(document):
    with pytest.raises(FileRejected):
        read_definition(document)


# --------------------------------------------------------------------------- decodability


def sized(voters, options, minimum=1):
    found = at("precincts", value=[{"name": str(n), "voters": v} for n, v in enumerate(voters)])
    found["questions"] = [
        found["questions"][1],
        {"title": "T", "kind": "choice", "options": [str(n) for n in range(options)]},
    ]
    found["minimum_turnout"] = minimum
    return found


def test_an_election_that_could_not_be_counted_is_refused():
    assert read(sized([4340], 5)).questions[1].encoding == Choice(5, 13)
    with pytest.raises(ElectionUndecodable, match=r"^questions\[1\]: 4,341 ballots") as refused:
        read(sized([4341], 5))
    assert (refused.value.options, refused.value.ballots, refused.value.most) == (5, 4341, 4340)


def test_smaller_precincts_can_be_counted():
    read(sized([4000, 4000], 5))


def test_merged_precincts_count():
    """Neighbours under the minimum are added to a precinct, on both of its sides."""
    read(sized([4322, 10], 5, minimum=10))
    with pytest.raises(ElectionUndecodable, match="4,341 ballots"):
        read(sized([4323, 10], 5, minimum=10))


def test_a_vector_has_no_such_limit():
    found = sized([100_000], 5)
    found["questions"] = found["questions"][:1]
    assert read(found).questions[0].encoding == Vector(3, 1, 2)


def test_bits_leave_room_for_merged_precincts():
    """As the contract computes them: 2^bits - 1 - 2 (minimum - 1) voters fit into a precinct."""
    found = read(sized([1000, 1000], 2, minimum=13))
    bits = found.questions[1].encoding.bits
    assert 2**bits - 1 - 2 * 12 >= 1000
    assert bits == 11


def test_bytes_that_are_flipped_are_another_definition():
    data = json.dumps(GOOD).encode()
    place = data.index(b"Council")
    assert read_definition(flipped(data, place)).hash != read_definition(data).hash

"""A consortium's member from the command line."""

import io
import json

import pytest

from crmdapp.customers.consortium import ConsortiumTagger, MemberKeyFile, MemberLink, Questions
from crmdapp.customers.identifiers import Identifier

ANN = Identifier("email", "ann.secret@example.org")


@pytest.fixture
def member_file(tmp_path):
    path = tmp_path / "member.json"
    MemberKeyFile.create(path)
    return path


@pytest.fixture
def ask(tmp_path):
    """Writes a request for identifiers to a file."""

    def ask_(member_file, *identifiers):
        key = MemberKeyFile.load(member_file)
        link = MemberLink("member", key.public_key, lambda request: request)
        questions = Questions.about(identifiers, link)
        path = tmp_path / "request.json"
        path.write_bytes(questions.request)
        return questions, path

    return ask_


def evaluate(member_file, request, *more):
    return ("customers", "consortium", "evaluate", member_file, request, *more)


def test_new_and_show_tell_the_public_key_alone(offline):
    path = offline.folder / "member.json"
    outcome = offline("customers", "consortium", "new", path)
    key = MemberKeyFile.load(path)
    assert key.public_key.hex() in outcome.out
    assert f"{key.scalar:064x}" not in outcome.out + outcome.err
    shown = offline.json("customers", "consortium", "show", path)
    assert shown["public_key"] == f"0x{key.public_key.hex()}"
    offline("customers", "consortium", "new", path, code=2)


def test_evaluate_answers_a_request(offline, member_file, ask):
    questions, request = ask(member_file, ANN)
    answer = offline(*evaluate(member_file, request, "--requester", "bakery")).out
    (output,) = questions.outputs(answer.encode())
    assert len(output) == 32


def test_evaluate_reads_standard_input_and_writes_a_file(offline, member_file, ask, monkeypatch):
    questions, request = ask(member_file, ANN)
    monkeypatch.setattr("sys.stdin", io.StringIO(request.read_text()))
    out = offline.folder / "answer.json"
    offline(*evaluate(member_file, "-", "--requester", "bakery", "--out", out))
    assert questions.outputs(out.read_bytes())


def test_evaluate_keeps_to_the_limit_and_log_tells_for_whom(offline, member_file, ask):
    _, request = ask(member_file, *(Identifier("email", f"{n}@x.org") for n in range(4)))
    limited = evaluate(member_file, request, "--limit", "6", "--requester")
    offline(*limited, "bakery")
    error = offline.error(*limited, "bakery", code=1)
    assert error["code"] == "EvaluationLimitReached"
    assert error["fields"] == {"requester": "bakery", "limit": 6, "left": 2}
    offline(*limited, "cinema")
    rows = offline.json("customers", "consortium", "log")
    assert [(row["requester"], row["count"]) for row in rows] == [("bakery", 4), ("cinema", 4)]
    assert "bakery" in offline("customers", "consortium", "log").out


def test_evaluate_uses_nothing_up_if_the_answer_cannot_be_written(offline, member_file, ask):
    _, request = ask(member_file, ANN)
    offline(*evaluate(member_file, request, "--requester", "bakery", "--out", request), code=2)
    offline("customers", "consortium", "log", code=2)


def test_evaluate_refuses_what_is_no_request(offline, member_file, tmp_path):
    path = tmp_path / "request.json"
    path.write_text("{}")
    error = offline.error(*evaluate(member_file, path, "--requester", "bakery"), code=2)
    assert "evaluation request" in error["message"]


def test_evaluate_wants_to_know_who_asks(offline, member_file, ask):
    _, request = ask(member_file, ANN)
    offline(*evaluate(member_file, request), code=2)
    offline(*evaluate(member_file, request, "--requester", " "), code=2)


def test_two_members_by_the_command_line_make_one_tag(offline, tmp_path):
    links = []
    for name in ("bakery", "cinema"):
        path = tmp_path / f"{name}.json"
        shown = offline.json("customers", "consortium", "new", path)

        def carry(request, path=path):
            (tmp_path / "carried.json").write_bytes(request)
            line = evaluate(path, tmp_path / "carried.json", "--requester", "shop")
            return offline(*line).out.encode()

        public_key = bytes.fromhex(shown["public_key"].removeprefix("0x"))
        links.append(MemberLink(name, public_key, carry))
    assert len(ConsortiumTagger(links).tag(ANN)) == 32
    rows = offline.json("customers", "consortium", "log")
    assert "ann" not in json.dumps(rows)
    assert len(rows) == 2

"""Peppers and tags from the command line: files that keep a secret, and a whole rotation."""

import io
import json

import pytest

from crmdapp.customers.tags import PepperFile, next_path, read_pepper

ANN, BEA, PHONE = "ann.secret@example.org", "bea.secret@example.org", "+49 30 901820"
LIST = f"kind,text\nemail,{ANN}\nphone,{PHONE}\n"


@pytest.fixture
def pepper_file(tmp_path):
    path = tmp_path / "pepper.json"
    PepperFile.create(path)
    return path


@pytest.fixture
def people(tmp_path):
    """A list of two identifiers."""
    path = tmp_path / "people.csv"
    path.write_text(LIST)
    return path


@pytest.fixture
def typed(monkeypatch):
    """Put text on standard input."""

    def type_(text):
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return type_


# --------------------------------------------------------------------------- the file


def test_new_makes_a_file_and_tells_no_more_than_its_fingerprint(offline):
    path = offline.folder / "pepper.json"
    outcome = offline("customers", "pepper", "new", path)
    tagger = read_pepper(path)
    assert tagger.fingerprint in outcome.out
    assert tagger.pepper.hex() not in outcome.out + outcome.err
    assert path.stat().st_mode & 0o777 == 0o600


def test_new_never_overwrites(offline, pepper_file):
    before = pepper_file.read_bytes()
    error = offline.error("customers", "pepper", "new", pepper_file, code=2)
    assert error["code"] == "UsageError"
    assert pepper_file.read_bytes() == before


def test_show_tells_the_fingerprints_and_never_the_peppers(offline, pepper_file):
    first = offline.json("customers", "pepper", "show", pepper_file)
    assert first["fingerprint"] == read_pepper(pepper_file).fingerprint
    assert first["next"] is None
    offline("customers", "pepper", "rotate", pepper_file)
    outcome = offline("customers", "pepper", "show", pepper_file)
    for path in (pepper_file, next_path(pepper_file)):
        assert read_pepper(path).fingerprint in outcome.out
        assert read_pepper(path).pepper.hex() not in outcome.out + outcome.err


def test_show_names_a_missing_pepper(offline):
    error = offline.error("customers", "pepper", "show", offline.folder / "none.json", code=4)
    assert error["code"] == "PepperMissing"
    assert "copy" in error["hint"]


def test_show_refuses_a_pepper_that_others_can_read(offline, pepper_file):
    pepper_file.chmod(0o644)
    error = offline.error("customers", "pepper", "show", pepper_file, code=4)
    assert error["code"] == "PermissionDenied"
    assert "chmod 600" in error["hint"]


def test_rotate_refuses_a_second_rotation(offline, pepper_file):
    offline("customers", "pepper", "rotate", pepper_file)
    error = offline.error("customers", "pepper", "rotate", pepper_file, code=2)
    assert "being replaced already" in error["message"]


# --------------------------------------------------------------------------- on chain


@pytest.fixture
def scope(crmdapp):
    """A scope in which the shop attests."""
    return crmdapp.send("customers", "scope", "create", "--attestor", "shop=3")["scope"]


def found(crmdapp, pepper_file, scope, people):
    return crmdapp.json("customers", "tags", pepper_file, scope, people)


def test_tags_finds_who_is_registered(crmdapp, pepper_file, scope, people):
    before = found(crmdapp, pepper_file, scope, people)
    assert [row["cid"] for row in before] == [None, None]
    tag = before[0]["tag"]
    crmdapp.send("customers", "register", scope, tag.removeprefix("0x"), "customer", "--level", "2")
    after = found(crmdapp, pepper_file, scope, people)
    assert [row["tag"] for row in after] == [row["tag"] for row in before]
    assert [row["cid"] for row in after] == [before[0]["id"], None]
    shown = crmdapp("customers", "tags", pepper_file, scope, people)
    assert before[0]["id"] in shown.out
    assert ANN not in shown.out + shown.err


def test_tags_reads_standard_input(crmdapp, pepper_file, scope, people, typed):
    typed(LIST)
    rows = found(crmdapp, pepper_file, scope, "-")
    assert rows == found(crmdapp, pepper_file, scope, people)


def test_a_pepper_is_replaced_step_by_step(crmdapp, pepper_file, scope, people):
    rows = found(crmdapp, pepper_file, scope, people)
    cid = rows[0]["id"]
    crmdapp.send("customers", "register", scope, rows[0]["tag"], "customer")
    crmdapp("customers", "pepper", "rotate", pepper_file)
    following = read_pepper(next_path(pepper_file))

    step = ("customers", "pepper", "retire", pepper_file, scope, people)
    error = crmdapp.refuse_to_send(*step, code=1)
    assert error["code"] == "RotationUnfinished"
    assert error["fields"] == {"links": 1, "waiting": 0, "conflicts": 0, "unaccounted": 0}

    dry = crmdapp.json("customers", "pepper", "link", pepper_file, scope, people, "--dry-run")
    assert (dry["to_link"], dry["unknown"]) == (1, 1)
    linked = crmdapp.send("customers", "pepper", "link", pepper_file, scope, people)
    assert (linked["linked"], linked["skipped"]) == (1, [])
    again = crmdapp.send("customers", "pepper", "link", pepper_file, scope, people)
    assert (again["to_link"], again["done"]) == (0, 1)

    assert crmdapp.json(*step, "--dry-run")["dry_run"]
    assert next_path(pepper_file).exists()
    crmdapp.send(*step)
    assert read_pepper(pepper_file) == following
    assert not next_path(pepper_file).exists()
    assert found(crmdapp, pepper_file, scope, people)[0]["cid"] == cid


def test_retire_needs_a_word_about_everybody(crmdapp, pepper_file, scope, people):
    tag = read_pepper(pepper_file).pepper  # of nobody's identifier
    cid = crmdapp.send("customers", "register", scope, tag.hex(), "customer")["cid"]
    crmdapp("customers", "pepper", "rotate", pepper_file)
    step = ("customers", "pepper", "retire", pepper_file, scope, people)
    assert crmdapp.refuse_to_send(*step, code=1)["fields"]["unaccounted"] == 1
    lost = crmdapp.folder / "lost.txt"
    lost.write_text(f"{cid}\n\n")
    crmdapp.send(*step, "--given-up", lost)
    assert not next_path(pepper_file).exists()


def test_retire_asks_first(crmdapp, pepper_file, scope, people, answer):
    crmdapp("customers", "pepper", "rotate", pepper_file)
    answer("n\n")
    crmdapp("customers", "pepper", "retire", pepper_file, scope, people, code=3)
    assert next_path(pepper_file).exists()


def test_an_unknown_scope_is_named(crmdapp, pepper_file, people):
    error = crmdapp.error("customers", "tags", pepper_file, 99, people, code=6)
    assert error["code"] == "ScopeUnknown"


# --------------------------------------------------------------------------- the list


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"kind,text\nemail,{ANN}\nemail,ann.secret\n", 3),
        (f"{ANN}\n", 1),
        (f"email,{ANN}\n", 1),
        ("kind,text,text\n", 1),
        (f"kind,text\nshoe,{ANN}\n", 2),
        (f"kind,text\nemail,{ANN},DE\n", 2),
        (f'kind,text\nemail,"{ANN}\n', 2),
        (f"kind,text,region\nphone,030 ann.secret,{ANN}\n", 2),
        ("kind,text\nemail," + "ann.secret" * 1000 + "\n", 2),
        ("", 1),
    ],
    ids=[
        *("no address", "no columns", "no header", "a column twice", "no kind", "more columns"),
        *("open quotes", "no region", "an endless line", "nothing"),
    ],
)
def test_a_list_with_faults_is_refused_without_repeating_it(
    offline, pepper_file, tmp_path, text, line
):
    path = tmp_path / "faulty.csv"
    path.write_text(text)
    error = offline.error("customers", "tags", pepper_file, 1, path, code=2)
    assert error["code"] == "FileRejected"
    assert [fault["line"] for fault in error["fields"]["faults"]] == [line]
    assert "ann.secret" not in json.dumps(error)
    talk = offline("customers", "tags", pepper_file, 1, path, "--verbose", code=2)
    assert "ann.secret" not in talk.out + talk.err


@pytest.mark.parametrize("content", [b"kind,text\nemail,\xff\xfe\n", None])
def test_a_list_that_cannot_be_read_is_named(offline, pepper_file, tmp_path, content):
    path = tmp_path / "faulty.csv"
    if content is not None:
        path.write_bytes(content)
    error = offline.error("customers", "tags", pepper_file, 1, path, code=2)
    assert "faulty.csv" in error["message"]


def test_a_list_may_have_a_byte_order_mark_and_empty_lines(crmdapp, pepper_file, scope, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text(f"\ufeffKind, Text ,Region\n\nemail,{ANN},\nphone,030 901820,DE\n")
    rows = found(crmdapp, pepper_file, scope, path)
    assert [row["kind"] for row in rows] == ["email", "phone"]

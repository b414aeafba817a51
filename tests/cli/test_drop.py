"""Drops from the command line: one transaction for all customers, collected one by one."""

import json

import pytest

from tests.cli.conftest import ADDRESSES

DAY = 86_400


def person(number):
    return f"0x{0xC0FFEE0000 + number:040x}"


@pytest.fixture
def members(tmp_path):
    """Ten customers; the customer twice, the friend once."""
    rows = [f"{person(n)},{n + 1}" for n in range(7)]
    rows[2:2] = [f"{ADDRESSES['customer']},5", f"{ADDRESSES['friend']},7.50"]
    rows.append(f"{ADDRESSES['customer'].lower()},0.25")
    path = tmp_path / "members.csv"
    path.write_text("\n".join(["address,points", *rows, ""]))
    return path


@pytest.fixture
def claims(crmdapp, members):
    """The drop that was made of the file, and what each customer needs."""
    out = crmdapp.folder / "claims.jsonl"
    crmdapp.send("loyalty", "drop", "create", "2", members, "--valid-for", "2d", "--out", out)
    return out


def balance(crmdapp, who):
    return crmdapp.json("loyalty", "balance", "2", who)["units"]


# --------------------------------------------------------------------------- setting up


def test_create_books_the_points_and_writes_what_customers_need(crmdapp, members, node):
    out = crmdapp.folder / "claims.jsonl"
    line = ("loyalty", "drop", "create", "2", members, "--valid-for", "2d", "--out", out)
    made = crmdapp.send(*line)
    assert (made["drop"], made["customers"], made["left"]["points"]) == (1, 10, "40.75")
    assert made["file"] == str(out)
    assert node.now + DAY < made["deadline"] <= node.now + 2 * DAY
    lines = [json.loads(text) for text in out.read_text().splitlines()]
    assert [item["index"] for item in lines] == list(range(10))
    assert {item["drop"] for item in lines} == {1}
    assert crmdapp.json("loyalty", "liability", "2")["total"]["units"] == 0


def test_create_shows_and_asks(crmdapp, members, answer):
    answer("n\n")
    shown = crmdapp("loyalty", "drop", "create", "2", members, code=3).err
    for word in ("PointsHub.createDrop", "Customers", "10", "40.75 BEAN", "Root", "Until"):
        assert word in shown
    assert crmdapp.json("loyalty", "drop", "list", "2") == []


def test_create_dry_run_sends_nothing(crmdapp, members):
    out = crmdapp.folder / "claims.jsonl"
    line = ("loyalty", "drop", "create", "2", members, "--out", out, "--dry-run")
    assert crmdapp.json(*line)["dry_run"]
    assert not out.exists()
    assert crmdapp.json("loyalty", "drop", "list", "2") == []


def test_create_sets_up_one_drop_under_a_name(crmdapp, members, node):
    line = ("loyalty", "drop", "create", "2", members, "--once", "june")
    first = crmdapp.send(*line)
    node.advance(100)
    assert crmdapp.send(*line)["drop"] == first["drop"]
    assert len(crmdapp.json("loyalty", "drop", "list", "2")) == 1
    members.write_text(members.read_text() + f"{person(99)},1\n")
    assert "something else" in crmdapp.refuse_to_send(*line, code=2)["message"]


def test_create_refuses_a_faulty_file_by_line(crmdapp, members):
    members.write_text(members.read_text() + "nobody,1\n")
    problem = crmdapp.refuse_to_send("loyalty", "drop", "create", "2", members, code=2)
    assert problem["code"] == "FileRejected"
    assert problem["fields"]["faults"][0]["line"] == 12


@pytest.mark.parametrize(
    ("options", "code", "name"),
    [
        (("--deadline", "someday"), 2, "UsageError"),
        (("--campaign", "0x12"), 2, "UsageError"),
        (("--out", "nowhere/claims.jsonl"), 2, "UsageError"),
        (("--account", "rival"), 6, "ProgramIssuerOnly"),
    ],
    ids=str,
)
def test_create_refuses_before_anything_is_sent(crmdapp, members, options, code, name):
    problem = crmdapp.refuse_to_send("loyalty", "drop", "create", "2", members, *options, code=code)
    assert problem["code"] == name
    assert crmdapp.json("loyalty", "drop", "list", "2") == []


def test_create_refuses_beyond_the_budget(crmdapp, members):
    crmdapp.send("loyalty", "program", "issuer", "2", "shop", "40.74")
    problem = crmdapp.refuse_to_send("loyalty", "drop", "create", "2", members, code=6)
    assert problem["code"] == "BudgetExceeded"
    assert "40.75 points are more than the 40.74" in problem["message"]


def test_create_refuses_if_program_unknown(crmdapp, members):
    problem = crmdapp.refuse_to_send("loyalty", "drop", "create", "98", members, code=6)
    assert problem["code"] == "ProgramUnknown"


# --------------------------------------------------------------------------- proofs


def test_proofs_are_made_again_from_the_file(crmdapp, claims, members):
    again = crmdapp.folder / "again.jsonl"
    made = crmdapp.json("loyalty", "drop", "proofs", "1", members, "--out", again)
    assert (made["drop"], made["customers"]) == (1, 10)
    assert again.read_text() == claims.read_text()
    problem = crmdapp.error("loyalty", "drop", "proofs", "1", members, "--out", again, code=2)
    assert "already" in problem["message"]


def test_proofs_refuse_another_file(crmdapp, claims, members):
    members.write_text(members.read_text().replace("7.50", "7.51"))
    line = ("loyalty", "drop", "proofs", "1", members, "--out", "other.jsonl")
    problem = crmdapp.error(*line, code=8)
    assert problem["code"] == "VerificationFailed"
    assert "not the file that drop 1 was made of" in problem["message"]


# --------------------------------------------------------------------------- collecting


def test_anybody_collects_for_a_customer_once(crmdapp, claims):
    crmdapp.act_as("rival")
    line = ("loyalty", "drop", "claim", claims, "--to", "friend")
    done = crmdapp.send(*line)
    assert (done["index"], done["points"], done["to"]) == (3, "7.50", ADDRESSES["friend"])
    assert balance(crmdapp, "friend") == 750
    problem = crmdapp.refuse_to_send(*line, code=6)
    assert problem["code"] == "DropClaimedBefore"
    assert problem["message"] == "Number 3 of drop 1 was collected before."
    assert crmdapp.json("loyalty", "drop", "show", "1")["left"]["points"] == "33.25"


def test_all_claims_of_a_customer_are_collected(crmdapp, claims):
    line = ("loyalty", "drop", "claim", claims, "--to", "customer")
    done = crmdapp.send(*line)
    assert [row["index"] for row in done["claims"]] == [2, 9]
    assert balance(crmdapp, "customer") == 525
    assert crmdapp.send(*line) == {"claims": []}


def test_claim_reads_one_line_on_standard_input(crmdapp, claims, monkeypatch):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(claims.read_text().splitlines()[3]))
    assert crmdapp.send("loyalty", "drop", "claim", "-")["points"] == "7.50"


def test_claim_shows_and_asks(crmdapp, claims, answer):
    answer("n\n")
    shown = crmdapp("loyalty", "drop", "claim", claims, "--to", "friend", code=3).err
    for word in ("PointsHub.claimDrop", "7.50 BEAN", "(friend)"):
        assert word in shown
    assert balance(crmdapp, "friend") == 0


def test_claim_needs_a_customer_if_there_are_several(crmdapp, claims):
    problem = crmdapp.refuse_to_send("loyalty", "drop", "claim", claims, code=2)
    assert "--to" in problem["hint"]
    problem = crmdapp.refuse_to_send("loyalty", "drop", "claim", claims, "--to", "shop", code=2)
    assert "holds no claim" in problem["message"]


def test_claim_names_an_altered_claim(crmdapp, claims):
    item = json.loads(claims.read_text().splitlines()[3])
    path = crmdapp.folder / "altered.jsonl"
    path.write_text(json.dumps({**item, "points": 75_000}) + "\n")
    problem = crmdapp.refuse_to_send("loyalty", "drop", "claim", path, code=6)
    assert problem["code"] == "DropProofInvalid"


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "not JSON"), ("{}", "proof is missing"), ("", "no claim")],
)
def test_claim_names_a_malformed_file(crmdapp, content, reason):
    path = crmdapp.folder / "bad.jsonl"
    path.write_text(content)
    problem = crmdapp.refuse_to_send("loyalty", "drop", "claim", path, code=2)
    assert reason in problem["message"]


def test_claim_refuses_after_the_deadline(crmdapp, claims, node):
    node.advance(2 * DAY + 1)
    line = ("loyalty", "drop", "claim", claims, "--to", "friend")
    problem = crmdapp.refuse_to_send(*line, code=6)
    assert problem["code"] == "DropExpired"
    assert "UTC" in problem["message"]


# --------------------------------------------------------------------------- looking


def test_show_and_list_tell_what_is_left(crmdapp, claims):
    assert "40.75 BEAN" in crmdapp("loyalty", "drop", "show", "1").out
    listed = crmdapp.json("loyalty", "drop", "list", "2")
    assert [(drop["drop"], drop["left"]["points"]) for drop in listed] == [(1, "40.75")]
    assert "40.75" in crmdapp("loyalty", "drop", "list", "2").out


def test_what_is_not_there_is_named(crmdapp):
    assert "no drop 9" in crmdapp.error("loyalty", "drop", "show", "9", code=2)["message"]
    assert crmdapp.error("loyalty", "drop", "list", "98", code=6)["code"] == "ProgramUnknown"
    assert "has no drops" in crmdapp("loyalty", "drop", "list", "2").err

"""A company's interaction log from the command line, and the customer who holds it to it."""

import io
import json
import stat
import time

import pytest

from crmdapp.customers.leaves import log_of
from crmdapp.customers.receipts import SignedReceipt
from tests.cli.conftest import ADDRESSES

SECRET = "allergic to peanuts"
LOG = "0x" + log_of(ADDRESSES["shop"]).hex()
DELAY = 3_600
WINDOW = 86_400


@pytest.fixture
def shop(crmdapp):
    """The shop, whose log is open and promises an hour."""
    crmdapp.send("customers", "log", "open", "--delay", "1h")
    return crmdapp


@pytest.fixture
def note(shop, tmp_path):
    """Notes a purchase of somebody and returns the receipt's file."""

    def note_(customer="customer", **payload):
        count = len(list(tmp_path.glob("receipt-*.json")))
        details, out = tmp_path / f"details-{count}.json", tmp_path / f"receipt-{count}.json"
        details.write_text(json.dumps(payload or {"text": SECRET, "n": count}))
        shop(
            *("customers", "log", "record", customer, "purchase"),
            *("--payload", details, "--out", out),
        )
        return out

    return note_


def pass_time(node, seconds):
    latest = node.rpc("eth_getBlockByNumber", "latest", False)
    now = max(int(latest["timestamp"], 16), int(time.time()))  # receipts bear the company's time
    node.advance_to(now + seconds)


def leaf_of(path):
    return "0x" + SignedReceipt.from_json(path.read_text()).leaf.hex()


# ----------------------------------------------------------------- noting


def test_open_says_which_log(crmdapp):
    opened = crmdapp.send("customers", "log", "open", "--delay", "2h", "--log-index", "3")
    assert (opened["delay"], opened["log"]) == (7_200, "0x" + log_of(ADDRESSES["shop"], 3).hex())
    error = crmdapp.refuse_to_send(
        "customers", "log", "open", "--delay", "2h", "--log-index", "3", code=6
    )
    assert error["code"] == "LogOpenedBefore"


def test_record_needs_an_open_log(crmdapp):
    error = crmdapp.error("customers", "log", "record", "customer", "visit", code=2)
    assert error["code"] == "LogUnopened"


def test_record_gives_a_receipt_for_its_owner_alone(shop, note):
    path = note()
    signed = SignedReceipt.from_json(path.read_text())
    signed.check(ADDRESSES["customer"])
    assert signed.contents.payload["text"] == SECRET
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_record_says_what_was_noted_and_not_the_payload(shop, tmp_path):
    details = tmp_path / "details.json"
    details.write_text(json.dumps({"text": SECRET}))
    out = tmp_path / "receipt.json"
    shown = shop(
        *("customers", "log", "record", "customer", "support-note"),
        *("--payload", details, "--out", out),
    )
    assert "support-note" in shown.err
    assert SECRET not in shown.err + shown.out


def test_record_reads_standard_input(shop, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO('{"till": 3}'))
    shown = shop("customers", "log", "record", "customer", "visit", "--payload", "-")
    assert SignedReceipt.from_json(shown.out).contents.payload == {"till": 3}


@pytest.mark.parametrize("body", ["", "[]", "{", SECRET, '"' + SECRET + '"'])
def test_record_refuses_what_is_no_object_and_does_not_quote_it(shop, tmp_path, body):
    details = tmp_path / "details.json"
    details.write_text(body)
    outcome = shop(
        *("customers", "log", "record", "customer", "visit", "--payload", details, "--json"),
        code=2,
    )
    assert SECRET not in outcome.out + outcome.err
    assert shop.json("customers", "log", "list")["interactions"] == []


def test_record_notes_once_under_a_reference(shop):
    command = ("customers", "log", "record", "customer", "visit", "--reference", "till-3-0815")
    assert shop(*command).out == shop(*command).out
    assert shop.json("customers", "log", "list")["waiting"] == 1


def test_record_takes_a_profile_id(shop):
    profile = "0x" + "ab" * 31 + "00"
    signed = SignedReceipt.from_json(shop("customers", "log", "record", profile, "visit").out)
    signed.check(profile)


def test_record_writes_over_nothing(shop, note):
    path = note()
    before = path.read_text()
    shop("customers", "log", "record", "customer", "visit", "--out", path, code=2)
    assert path.read_text() == before
    assert shop.json("customers", "log", "list")["waiting"] == 1


def test_list_shows_one_customer_and_no_payload(shop, note):
    note("customer")
    note("friend")
    note("customer")
    outcome = shop("customers", "log", "list", "customer", "--json")
    assert [row["customer_seq"] for row in outcome.data["interactions"]] == [1, 2]
    assert [row["seq"] for row in outcome.data["interactions"]] == [1, 3]
    assert SECRET not in outcome.out
    people = shop("customers", "log", "list")
    assert SECRET not in people.out
    assert "3 of the log wait" in people.out
    assert shop.error("customers", "log", "list", "rival", code=2)["code"] == "PseudonymUnknown"


def test_receipt_is_given_again(shop, note):
    path = note()
    again = shop("customers", "log", "receipt", leaf_of(path))
    assert json.loads(again.out) == json.loads(path.read_text())
    shop("customers", "log", "receipt", "0x" + "00" * 32, code=2)


# ----------------------------------------------------------------- anchoring and proving


def test_anchor_prove_verify(shop, note, tmp_path):
    first, second = note(), note("friend")
    anchored = shop.send("customers", "anchor")
    assert [item["interactions"] for item in anchored["batches"]] == [2]
    proof = tmp_path / "proof.json"
    shop("customers", "prove", leaf_of(first), "--out", proof)
    shop.act_as("customer")
    verified = shop.json("customers", "verify", proof, "--receipt", first)
    assert (verified["proved"], verified["is_late"], verified["batch"]) == (True, False, 1)
    assert "Proved: it is in batch 1" in shop("customers", "verify", proof).out
    error = shop.error("customers", "verify", proof, "--receipt", second, code=8)
    assert error["code"] == "ProofInvalid"


def test_verify_refuses_an_altered_proof(shop, note, tmp_path):
    first = note()
    note("friend")
    shop.send("customers", "anchor")
    data = json.loads(shop("customers", "prove", leaf_of(first)).out)
    data["interaction"]["kind"] = "visit"
    proof = tmp_path / "altered.json"
    proof.write_text(json.dumps(data))
    assert shop.error("customers", "verify", proof, code=8)["code"] == "ProofInvalid"


def test_anchor_only_looks_if_asked_to(shop, note):
    note()
    assert shop.json("customers", "anchor", "--dry-run")["waiting"] == 1
    shop("customers", "anchor", code=2)  # nobody to ask
    assert shop.json("customers", "log", "list")["waiting"] == 1


def test_prove_waits_for_the_anchor(shop, note):
    path = note()
    assert shop.error("customers", "prove", leaf_of(path), code=8)["code"] == "LeafNotAnchored"


def test_a_customer_proves_from_the_published_log(shop, note, tmp_path):
    paths = [note(), note("friend")]
    shop.send("customers", "anchor")
    paths.append(note())
    shop.send("customers", "anchor", "--stored")
    log = tmp_path / "log.jsonl"
    assert shop.json("customers", "log", "export", "--out", log)["interactions"] == 3
    assert SECRET not in log.read_text()
    shop.act_as("customer")
    for path in paths:
        proof = tmp_path / f"{path.stem}-proof.json"
        shop("customers", "prove", path, "--published", log, "--out", proof)
        assert shop.json("customers", "verify", proof, "--receipt", path)["proved"]


def test_show_tells_promise_batches_and_challenges(shop, note):
    note()
    shop.send("customers", "anchor")
    shop.act_as("rival")
    found = shop.json("customers", "log", "show", "shop")
    assert (found["log"], found["delay"], found["flags"]) == (LOG, DELAY, 0)
    assert [batch["interactions"] for batch in found["batches"]] == [1]
    assert "not opened" in shop("customers", "log", "show", "rival").out


# ----------------------------------------------------------------- audit


def test_audit_finds_nothing_wrong_with_an_honest_log(shop, note, tmp_path):
    for customer in ("customer", "friend", "customer"):
        note(customer)
    shop.send("customers", "anchor")
    log = tmp_path / "log.jsonl"
    shop("customers", "log", "export", "--out", log)
    mine = [tmp_path / f"receipt-{n}.json" for n in (0, 2)]
    shop.act_as("customer")
    found = shop.json("customers", "audit", *mine, "--published", log)
    assert (found["findings"], found["is_complete"], found["receipts"]) == ([], True, 2)
    whole = shop.json("customers", "audit", "--published", log)
    assert (whole["interactions"], whole["customers"], whole["log"]) == (3, 2, LOG)
    assert "Nothing is wrong" in shop("customers", "audit", "--published", log).out


def test_audit_finds_an_overdue_receipt(shop, note, node):
    path = note()
    assert shop.json("customers", "audit", path)["findings"] == []
    pass_time(node, DELAY + 60)
    found = shop.json("customers", "audit", path, code=8)
    assert [item["kind"] for item in found["findings"]] == ["overdue"]


def test_audit_finds_an_edited_file(shop, note, tmp_path):
    note()
    shop.send("customers", "anchor")
    log = tmp_path / "log.jsonl"
    shop("customers", "log", "export", "--out", log)
    log.write_text(log.read_text().replace('"purchase"', '"visit"'))
    found = shop.json("customers", "audit", "--published", log, code=8)
    assert [item["kind"] for item in found["findings"]] == ["edited"]
    assert not found["is_complete"]


def test_audit_needs_something_to_audit(shop, tmp_path):
    shop("customers", "audit", code=2)
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    shop("customers", "audit", "--published", empty, code=2)
    shop("customers", "audit", empty, code=2)


def test_a_receipt_that_is_none_is_named_and_not_quoted(shop, note, tmp_path):
    lines = tmp_path / "receipts.jsonl"
    good = json.dumps(json.loads(note().read_text()))
    lines.write_text(f'{good}\n{{"text": "{SECRET}"}}\n')
    outcome = shop("customers", "audit", lines, "--json", code=2)
    assert outcome.error["fields"]["faults"][0]["line"] == 2
    assert SECRET not in outcome.out + outcome.err


# ----------------------------------------------------------------- challenges


@pytest.fixture
def overdue(shop, note, node):
    """A receipt whose time is over."""
    path = note()
    pass_time(node, DELAY + 60)
    return path


def test_challenge_and_answer(shop, overdue):
    shop.act_as("customer")
    posted = shop.send("customers", "challenge", overdue)
    assert len(posted["receipt"]) == 66
    shop.act_as("shop")
    assert shop.json("customers", "answer", "--dry-run")["challenges"] == 1
    answers = shop.send("customers", "answer")["answers"]
    assert [item["answered"] for item in answers] == [True]
    assert shop.send("customers", "answer")["answers"] == []
    shop.act_as("customer")
    error = shop.refuse_to_send("customers", "flag", overdue, code=6)
    assert error["code"] == "ReceiptSettled"


def test_flag_after_the_window(shop, overdue, node):
    shop.act_as("customer")
    shop.send("customers", "challenge", overdue)
    error = shop.refuse_to_send("customers", "flag", overdue, code=6)
    assert error["code"] == "AnswerWindowOpen"
    pass_time(node, WINDOW + 60)
    shop.act_as("shop")
    late = shop("customers", "answer", "--yes", "--json", code=8).data
    assert [item["answered"] for item in late["answers"]] == [False]
    shop.act_as("customer")
    assert shop.send("customers", "flag", overdue)["flags"] == 1


def test_challenge_refuses_a_receipt_in_time(shop, note):
    error = shop.refuse_to_send("customers", "challenge", note(), code=6)
    assert error["code"] == "ReceiptNotOverdue"


def test_prove_fork_refuses_what_is_none(shop, note):
    shop("customers", "prove-fork", note(), note(), "--yes", code=2)


# ----------------------------------------------------------------- erasing


def test_erase_leaves_proofs_and_nothing_to_read(shop, note, tmp_path):
    path = note()
    shop.send("customers", "anchor")
    out = tmp_path / "erasure.json"
    shop("customers", "log", "erase", "customer", "--yes", "--out", out)
    SignedReceipt.from_json(out.read_text()).check(ADDRESSES["customer"])
    assert "contents" not in json.loads(shop("customers", "log", "receipt", leaf_of(path)).out)
    proof = tmp_path / "proof.json"
    shop("customers", "prove", leaf_of(path), "--out", proof)
    assert shop.json("customers", "verify", proof, "--receipt", path)["proved"]
    error = shop.error("customers", "verify", proof, code=8)
    assert error["code"] == "ProofInvalid"
    shop("customers", "log", "erase", "customer", "--yes", code=2)  # unknown by now
    state = b"".join(p.read_bytes() for p in shop.state.glob("interaction*"))
    assert SECRET.encode() not in state


def test_erase_asks_first(shop, note):
    note()
    assert shop.json("customers", "log", "erase", "customer", "--dry-run")["interactions"] == 1
    shop("customers", "log", "erase", "customer", code=2)
    assert len(shop.json("customers", "log", "list", "customer")["interactions"]) == 1

"""Legal terms: written from the chain, checked in plain words, published, accepted, relayed."""

import json

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.loyalty.terms import SignedAcceptance, sign_acceptance, terms_domain
from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH, KEYS

LAW = "the law of Portugal"
LATER = 2**40 - 1


@pytest.fixture
def folder(crmdapp):
    """Default terms of program 2."""
    crmdapp.json("loyalty", "terms", "init", "2", "--law", LAW)
    return crmdapp.folder / "terms-2"


@pytest.fixture
def published(crmdapp, folder):
    """The same, published."""
    return crmdapp.send("loyalty", "terms", "publish", folder)


@pytest.fixture
def edit(folder):
    """Changes fields of terms.json."""

    def edit_(**changes):
        path = folder / "terms.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes, indent=2))

    return edit_


@pytest.fixture
def contract(crmdapp):
    manifest = crmdapp.folder / "deployments" / "31337.json"
    return json.loads(manifest.read_text())["contracts"]["ProgramTerms"]["address"]


@pytest.fixture
def sign(crmdapp, contract, published):
    """Write a signed acceptance; returns the file."""

    def sign_(name, member="customer", *, chain_id=31337, nonce=1, deadline=LATER, bundle=None):
        signed = sign_acceptance(
            LocalSigner(KEYS[member]),
            terms_domain(chain_id, contract),
            program=2,
            bundle_hash=bundle or bytes.fromhex(published["bundle_hash"][2:]),
            nonce=nonce,
            deadline=deadline,
        )
        path = crmdapp.folder / "accepted" / f"{name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(signed.to_json()))
        return path

    return sign_


def versions(crmdapp, *options):
    return crmdapp.json("loyalty", "terms", "show", "2", *options)["versions"]


# --------------------------------------------------------------------------- init


def test_init_writes_terms_that_agree_with_the_chain(crmdapp):
    rule = "1 per 1.00 EUR"
    options = ("--law", LAW, "--operator", "Bean Lda., Lisbon", "--earn", rule, "--dir", "legal")
    written = crmdapp.json("loyalty", "terms", "init", "2", *options)
    assert written["files"] == ["legal/terms.json", "legal/terms.md"]
    assert (written["version"], written["placeholders"]) == (0, [])
    terms = json.loads((crmdapp.folder / "legal" / "terms.json").read_text())
    assert (terms["name"], terms["symbol"]) == ("Bean-There", "BEAN")
    assert terms["epoch_seconds"] == EPOCH_LENGTH
    assert [tier["threshold_units"] for tier in terms["tiers"]] == [10_000, 50_000]
    assert terms["earn"] == [{"event": "purchase", "per": "1.00 EUR", "units": 100}]
    assert terms["prices"] is None
    prose = (crmdapp.folder / "legal" / "terms.md").read_text()
    assert "Bean Lda., Lisbon" in prose
    assert "no lawyer has reviewed" in prose
    assert crmdapp.json("loyalty", "terms", "check", "legal")["contradictions"] == 0


def test_init_overwrites_nothing(crmdapp, folder):
    (folder / "terms.json").unlink()
    before = (folder / "terms.md").read_bytes()
    problem = crmdapp.error("loyalty", "terms", "init", "2", "--law", "another", code=2)
    assert "terms.md already" in problem["message"]
    assert (folder / "terms.md").read_bytes() == before
    assert not (folder / "terms.json").exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["98"], "ProgramUnknown"),
        (["2", "--earn", "lots"], "UsageError"),
        (["2", "--dir", "none/terms"], "UsageError"),
        (["2", "--dir", "deployments/31337.json"], "UsageError"),
        (["2", "--law", " "], "FileRejected"),
    ],
)
def test_init_names_what_is_wrong(crmdapp, words, code):
    problem = crmdapp.error("loyalty", "terms", "init", *words, code=6 if words == ["98"] else 2)
    assert problem["code"] == code


def test_init_without_a_law_leaves_a_blank_that_is_flagged(crmdapp):
    outcome = crmdapp("loyalty", "terms", "init", "2")
    assert "Still to be filled in: terms.json, governing_law" in outcome.err
    shown = crmdapp("loyalty", "terms", "check", "terms-2")
    assert "Still to be filled in, terms.json, governing_law" in shown.out
    problem = crmdapp.refuse_to_send("loyalty", "terms", "publish", "terms-2", code=2)
    assert "governing_law: [FILL IN" in problem["why"]
    assert versions(crmdapp) == []


# --------------------------------------------------------------------------- check


def test_check_says_in_plain_words_what_the_program_may_do(crmdapp, folder):
    shown = crmdapp("loyalty", "terms", "check", folder).out
    for words in (
        "Bean-There may, and the ledger lets it:",
        "  - award points through the accounts that its owner appoints",
        "It may not, and the ledger keeps it from it:",
        "  - take points from a member once they are awarded",
        "  - have its points exchanged or spent elsewhere: it is not connected to others",
        "It promises, and only its word stands for it:",
        "  - its terms are governed by the law of Portugal",
        "13 statements agree with the chain.",
        "No lawyer has reviewed it.",
        "take effect at once",
    ):
        assert words in shown, words
    assert "contradict" not in shown


def test_check_is_8_when_the_chain_says_otherwise(crmdapp, folder, edit):
    edit(validity_epochs=1, name="Tea")
    shown = crmdapp("loyalty", "terms", "check", folder, code=8).out
    assert "The terms contradict the chain 2 times and can not be published:" in shown
    assert "  - validity_epochs: the terms say 1, on the chain it is 4" in shown
    assert "  - name: the terms say 'Tea', on the chain it is 'Bean-There'" in shown
    data = crmdapp.json("loyalty", "terms", "check", folder, code=8)
    assert data["contradictions"] == 2
    wrong = [item for item in data["findings"] if item["verdict"] == "contradicts"]
    assert [(item["field"], item["stated"], item["actual"]) for item in wrong] == [
        ("name", "Tea", "Bean-There"),
        ("validity_epochs", 1, 4),
    ]


def test_check_names_line_and_field_of_what_can_not_be_read(crmdapp, folder, edit):
    edit(validity_epochs=5, surprise=1)
    problem = crmdapp.error("loyalty", "terms", "check", folder, code=2)
    assert problem["code"] == "FileRejected"
    first, second = problem["fields"]["faults"]
    assert (first["field"], second["field"]) == ("validity_epochs", "surprise")
    lines = (folder / "terms.json").read_text().splitlines()
    assert '"validity_epochs": 5' in lines[first["line"] - 1]
    assert crmdapp.error("loyalty", "terms", "check", "none", code=2)["code"] == "UsageError"


def test_check_notices_that_the_rules_changed(crmdapp, folder, published):
    assert crmdapp.json("loyalty", "terms", "check", folder)["contradictions"] == 0
    crmdapp.send("loyalty", "program", "set", "2", "--validity", "1")
    assert crmdapp.json("loyalty", "terms", "check", folder, code=8)["contradictions"] == 1


# --------------------------------------------------------------------------- publish and show


def test_publish_and_show(crmdapp, folder, published):
    assert (published["program"], published["version"]) == (2, 0)
    assert published["effective_at"] == published["published_at"]
    (version,) = versions(crmdapp)
    assert (version["version"], version["holds"], version["bundle_hash"]) == (
        0,
        True,
        published["bundle_hash"],
    )
    assert published["bundle_hash"] in crmdapp("loyalty", "terms", "show", "2").out


def test_publish_of_the_next_version_gives_notice(crmdapp, published):
    crmdapp.json("loyalty", "terms", "init", "2", "--law", "the law of Spain", "--dir", "next")
    later = crmdapp.send("loyalty", "terms", "publish", "next")
    assert later["version"] == 1
    assert later["effective_at"] > later["published_at"]
    assert [item["holds"] for item in versions(crmdapp)] == [True, False]
    data = crmdapp.json("loyalty", "terms", "show", "2")
    assert (data["current"], data["name"]) == (0, "Bean-There")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"validity_epochs": 1}, "The terms say validity is 1, on the chain it is 4."),
        ({"clawback_seconds": 60}, "The terms say clawback is 60, on the chain it is 0."),
    ],
)
def test_publish_refuses_what_contradicts_the_chain(crmdapp, folder, edit, changes, words):
    edit(**changes)
    problem = crmdapp.refuse_to_send("loyalty", "terms", "publish", folder, code=6)
    assert problem["code"] == "TermsContradictChain"
    assert problem["message"] == words
    assert {"field", "stated", "actual"} <= set(problem["fields"])
    assert versions(crmdapp) == []


def test_publish_refuses_what_only_the_client_compares(crmdapp, folder, edit):
    edit(symbol="TEA")
    problem = crmdapp.refuse_to_send("loyalty", "terms", "publish", folder, code=8)
    assert problem["code"] == "VerificationFailed"
    assert "symbol: the terms say 'TEA'" in problem["why"]


def test_publish_once(crmdapp, folder):
    line = ("loyalty", "terms", "publish", folder, "--once", "terms-of-2")
    assert crmdapp.send(*line) == crmdapp.send(*line)
    problem = crmdapp.refuse_to_send("loyalty", "terms", "publish", folder, code=6)
    assert problem["code"] == "TermsPublishedBefore"
    assert len(versions(crmdapp)) == 1


def test_publish_shows_and_asks_first(crmdapp, folder, answer):
    assert crmdapp.json("loyalty", "terms", "publish", folder, "--dry-run")["dry_run"] is True
    answer("n\n")
    shown = crmdapp("loyalty", "terms", "publish", folder, code=3).err
    assert "ProgramTerms.publish" in shown
    assert versions(crmdapp) == []


def test_publish_is_the_owners(crmdapp, folder):
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "terms", "publish", folder, code=6)
    assert problem["code"] == "ProgramOwnerOnly"


def test_show_of_a_program_without_terms_says_how_to_begin(crmdapp):
    assert "crmdapp loyalty terms init 2" in crmdapp("loyalty", "terms", "show", "2").out
    assert crmdapp.json("loyalty", "terms", "show", "2")["current"] is None
    assert crmdapp.error("loyalty", "terms", "show", "98", code=6)["code"] == "ProgramUnknown"


# --------------------------------------------------------------------------- accept


def test_accept_records_the_account(crmdapp, published):
    crmdapp.act_as("customer")
    done = crmdapp.send("loyalty", "terms", "accept", "2")
    assert (done["member"], done["accepted_before"]) == (ADDRESSES["customer"], False)
    again = crmdapp.json("loyalty", "terms", "accept", "2")  # nothing to ask for
    assert again["accepted_before"] is True
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is True
    assert versions(crmdapp, "--member", "friend")[0]["accepted"] is False
    assert "accepted" in crmdapp("loyalty", "terms", "show", "2", "--member", "friend").out


def test_accept_refuses_other_files_than_were_published(crmdapp, folder, published):
    crmdapp.act_as("customer")
    prose = folder / "terms.md"
    prose.write_text(prose.read_text().replace("bear no interest", "bear interest"))
    for options in ([], ["--sign-only"]):
        problem = crmdapp.error("loyalty", "terms", "accept", "2", *options, code=8)
        assert problem["code"] == "VerificationFailed"
        assert "Somebody changed a figure or a letter" in problem["why"]
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is False


def test_accept_names_a_folder_of_another_program(crmdapp, folder, published):
    problem = crmdapp.error("loyalty", "terms", "accept", "4", "--dir", folder, code=2)
    assert "terms of program 2, not of 4" in problem["message"]
    assert crmdapp.error("loyalty", "terms", "accept", "4", code=2)["code"] == "UsageError"


def test_accept_sign_only_and_submit_by_anyone(crmdapp, published):
    crmdapp.act_as("customer")
    line = ("loyalty", "terms", "accept", "2", "--sign-only", "--valid-for", "7d")
    assert crmdapp.json(*line, "--dry-run")["dry_run"] is True
    outcome = crmdapp(*line, "--out", "accepted.json")
    assert published["bundle_hash"] in outcome.err
    assert SignedAcceptance.from_json(crmdapp(*line).out).signed_by_key()
    assert crmdapp.error(*line, "--out", "accepted.json", code=2)["code"] == "UsageError"
    crmdapp.act_as("rival")
    report = crmdapp.send("loyalty", "terms", "submit", "accepted.json")
    assert (report["mined"], report["refused"]) == (1, 0)
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is True
    assert versions(crmdapp, "--member", "rival")[0]["accepted"] is False
    again = crmdapp.send("loyalty", "terms", "submit", "accepted.json")
    assert (again["mined"], again["accepted_before"], again["transactions"]) == (0, 1, [])


# --------------------------------------------------------------------------- submit


def test_submit_leaves_out_the_bad_and_names_them(crmdapp, sign, node):
    sign("good", "customer")
    sign("late", "friend", deadline=node.now - 1)
    sign("foreign", "friend", chain_id=1, nonce=2)
    sign("unknown", "friend", bundle=b"\x09" * 32, nonce=3)
    report = crmdapp.send("loyalty", "terms", "submit", crmdapp.folder / "accepted", code=6)
    assert {row["file"]: row["reason"] for row in report["acceptances"]} == {
        "good.json": "",
        "late.json": "IntentExpired",
        "foreign.json": "IntentSignatureInvalid",
        "unknown.json": "TermsUnknown",
    }
    assert (report["mined"], report["refused"]) == (1, 3)
    shown = crmdapp("loyalty", "terms", "submit", crmdapp.folder / "accepted", "--yes", code=6)
    assert "0 recorded, 1 accepted before, 3 refused." in shown.out
    assert "late.json: The permission ended" in shown.err


def test_submit_can_be_rehearsed(crmdapp, sign):
    path = sign("good")
    report = crmdapp.json("loyalty", "terms", "submit", path, "--dry-run")
    assert (report["dry_run"], report["mined"]) == (True, 0)
    assert report["acceptances"][0]["state"] == "good"
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is False


def test_submit_asks_first(crmdapp, sign, answer):
    path = sign("good")
    answer("n\n")
    assert "ProgramTerms.acceptBySig" in crmdapp("loyalty", "terms", "submit", path, code=3).err
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is False


def test_submit_refuses_a_file_that_holds_something_else(crmdapp, sign):
    sign("good")
    other = crmdapp.folder / "accepted" / "other.json"
    other.write_text('{"typedData": {"primaryType": "RedeemIntent"}, "signature": "0x"}')
    problem = crmdapp.refuse_to_send("loyalty", "terms", "submit", other.parent, code=2)
    (fault,) = problem["fields"]["faults"]
    assert (fault["line"], fault["field"]) == (1, "other.json")
    assert versions(crmdapp, "--member", "customer")[0]["accepted"] is False

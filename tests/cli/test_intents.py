"""Customers sign without node or ether; the merchant submits."""

import json

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.loyalty.intents import SignedIntent, hub_domain, sign_redeem
from tests.cli.conftest import ADDRESSES, KEYS

LATER = 2**40 - 1


@pytest.fixture
def funded(crmdapp):
    """The customer has 150.00 points."""
    crmdapp.send("loyalty", "award", "2", "customer", "150")
    return crmdapp


@pytest.fixture
def hub(crmdapp):
    manifest = crmdapp.folder / "deployments" / "31337.json"
    return json.loads(manifest.read_text())["contracts"]["PointsHub"]["address"]


@pytest.fixture
def sign(funded, hub):
    """Write a signed redemption of the customer for an order; returns the file."""

    def write(order, points=100, deadline=LATER, program=2, holder="customer", chain_id=31337):
        signed = sign_redeem(
            LocalSigner(KEYS[holder]),
            hub_domain(chain_id, hub),
            program=program,
            points=points,
            order_id=order,
            deadline=deadline,
        )
        path = funded.folder / "orders" / f"{order}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(signed.to_json()))
        return path

    return write


def balance(crmdapp, who="customer"):
    return crmdapp.json("loyalty", "balance", "2", who)["units"]


# --------------------------------------------------------------------------- signing


def test_redeem_sign_and_submit(funded):
    out = funded.folder / "order.json"
    funded.act_as("customer")
    line = ("loyalty", "redeem-sign", "2", "3.50", "--order", "4711")
    written = funded.json(*line, "--out", out)
    assert written["file"] == str(out)
    assert funded.error(*line, "--out", out, code=2)["code"] == "UsageError"
    funded.act_as("shop")
    report = funded.send("loyalty", "redeem-submit", out)
    assert (report["mined"], report["refused"]) == (1, 0)
    (done,) = report["permissions"]
    assert (done["order"], done["points"], done["state"]) == (4711, "3.50", "mined")
    assert report["transactions"][0]["hash"] == done["hash"]
    assert balance(funded) == 14_650
    again = funded.send("loyalty", "redeem-submit", out)
    assert (again["mined"], again["mined_before"], again["transactions"]) == (0, 1, [])
    assert balance(funded) == 14_650


def test_signing_needs_no_node(offline, hub):
    offline.act_as("customer")
    line = ("loyalty", "redeem-sign", "2", "3.50", "--order", "1", "--chain-id", "31337")
    signed = SignedIntent.from_json(offline(*line, "--hub", hub.lower()).out)
    assert signed.signed_by_key()
    assert signed.intent.from_ == ADDRESSES["customer"]
    by_manifest = SignedIntent.from_json(offline(*line, "--deadline", "2030-01-01").out)
    assert by_manifest.intent.deadline == 1_893_456_000
    assert by_manifest.domain == signed.domain


def test_what_is_signed_is_shown(funded):
    funded.act_as("customer")
    shown = funded("loyalty", "transfer-sign", "2", "friend", "5", "--nonce", "7").err
    for word in (ADDRESSES["customer"], ADDRESSES["friend"], "5.00", "31337", "UTC"):
        assert word in shown


@pytest.mark.parametrize(
    "options",
    [
        ["--valid-for", "soon"],
        ["--valid-for", "0"],
        ["--deadline", "someday"],
        ["--order", str(2**48)],
        ["--hub", "0x" + "11" * 20],
    ],
)
def test_signing_refuses_what_makes_no_sense(funded, options):
    line = ("loyalty", "redeem-sign", "2", "1", "--order", "1", *options)
    assert funded.error(*line, code=2)["code"] == "UsageError"


def test_transfer_sign_and_submit_by_anyone(funded):
    out = funded.folder / "gift.json"
    funded.act_as("customer")
    funded.json("loyalty", "transfer-sign", "2", "friend", "5", "--out", out)
    funded.act_as("rival")
    assert funded.send("loyalty", "transfer-submit", out)["mined"] == 1
    assert (balance(funded), balance(funded, "friend")) == (14_500, 500)


# --------------------------------------------------------------------------- submitting


def test_a_folder_and_lines_go_in_one_batch(funded, sign):
    sign(1)
    sign(2)
    lines = funded.folder / "more.jsonl"
    lines.write_text("\n".join(json.dumps(json.loads(sign(n).read_text())) for n in (3, 4)) + "\n")
    for number in (3, 4):
        (funded.folder / "orders" / f"{number}.json").unlink()
    report = funded.send("loyalty", "redeem-submit", funded.folder / "orders", lines)
    assert report["mined"] == 4
    assert len(report["transactions"]) == 1
    assert balance(funded) == 15_000 - 400


def test_bad_permissions_are_left_out_and_named(funded, sign, node):
    good = sign(1)
    forged = sign(2)
    body = json.loads(forged.read_text())
    body["typedData"]["message"]["points"] = 10_000
    forged.write_text(json.dumps(body))
    sign(3, deadline=node.now - 1)
    sign(4, points=15_001)
    sign(5, program=98)
    sign(6, chain_id=1)
    report = funded.send("loyalty", "redeem-submit", funded.folder / "orders", code=6)
    reasons = {row["order"]: row["reason"] for row in report["permissions"]}
    assert reasons == {
        1: "",
        2: "IntentSignatureInvalid",
        3: "IntentExpired",
        4: "ERC6909InsufficientBalance",
        5: "ProgramUnknown",
        6: "IntentSignatureInvalid",
    }
    assert (report["mined"], report["refused"]) == (1, 5)
    assert balance(funded) == 14_900
    copied = funded.folder / "copy.json"
    copied.write_text(good.read_text())
    assert funded.send("loyalty", "redeem-submit", copied)["mined_before"] == 1


def test_the_hub_skips_what_became_unusable(funded, sign):
    path = sign(1, points=15_000)
    outcome = funded("loyalty", "redeem-submit", path, "--dry-run", "--json")
    assert outcome.data["permissions"] == 1
    funded.act_as("customer")
    funded.send("loyalty", "redeem", "2", "1")
    funded.act_as("shop")
    report = funded.send("loyalty", "redeem-submit", path, code=6)
    assert report["permissions"][0]["reason"] == "ERC6909InsufficientBalance"


def test_only_an_issuer_submits_redemptions(funded, sign):
    funded.act_as("rival")
    report = funded.send("loyalty", "redeem-submit", sign(1), code=6)
    assert report["permissions"][0]["reason"] == "ProgramIssuerOnly"


def test_dry_run_takes_nothing_and_names_the_unsigned(funded, sign):
    sign(1)
    sign(2, chain_id=1)
    line = ("loyalty", "redeem-submit", funded.folder / "orders", "--dry-run")
    data = funded.json(*line)
    assert (data["permissions"], data["points"], data["unsigned"]) == (2, "2.00", ["2.json"])
    assert balance(funded) == 15_000
    assert not (funded.state / "intents.sqlite3").exists()


def test_submitting_asks_first(funded, sign, answer):
    path = sign(1)
    answer("n\n")
    assert "1.00 points" in funded("loyalty", "redeem-submit", path, code=3).err
    assert balance(funded) == 15_000


def test_without_files_it_goes_on_with_what_is_open(funded):
    report = funded.send("loyalty", "redeem-submit")
    assert (report["mined"], report["permissions"]) == (0, [])


@pytest.mark.parametrize(
    ("name", "content", "reason", "line"),
    [
        ("a.json", "{", "not JSON", 1),
        ("a.json", "[]7", "not JSON", 1),
        ("a.json", '{"signature": "0x"}', "typedData", 1),
        ("a.json", "5", "no JSON object", 1),
        pytest.param("a.json", "[" * 100_000, "nested more than 32 deep", 1, id="deep"),
        ("a.jsonl", "\n\n{}\n", "typedData", 3),
    ],
)
def test_a_malformed_file_is_refused_by_line(funded, name, content, reason, line):
    path = funded.folder / name
    path.write_text(content)
    problem = funded.refuse_to_send("loyalty", "redeem-submit", path, code=2)
    assert problem["code"] == "FileRejected"
    (fault,) = problem["fields"]["faults"]
    assert (fault["line"], fault["field"]) == (line, name)
    assert reason in fault["reason"]


def test_the_other_kind_is_refused(funded, sign):
    problem = funded.refuse_to_send("loyalty", "transfer-submit", sign(1), code=2)
    assert "RedeemIntent" in problem["fields"]["faults"][0]["reason"]


def test_a_missing_file_is_named(funded):
    problem = funded.refuse_to_send("loyalty", "redeem-submit", "none.json", code=2)
    assert problem["code"] == "UsageError"
    assert "none.json" in problem["message"]


def test_a_result_for_people_lists_only_the_bad(funded, sign):
    sign(1)
    sign(2, points=15_001)
    outcome = funded("loyalty", "redeem-submit", funded.folder / "orders", "--yes", code=6)
    assert "1 carried out, 0 before, 0 skipped, 1 refused" in outcome.out
    assert "ERC6909InsufficientBalance" in outcome.out
    assert "IntentSkipped" not in outcome.out

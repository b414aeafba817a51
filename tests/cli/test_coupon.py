"""Coupons from the command line: who signs, what is promised, claimed once by anybody."""

import io
import json

import pytest

from crmdapp.chain import LocalSigner
from crmdapp.loyalty.coupons import SignedCoupon
from tests.cli.conftest import ADDRESSES, KEYS

DAY = 86_400
ISSUE = ("loyalty", "coupon", "issue", "2", "customer", "5")


@pytest.fixture
def keyed(crmdapp):
    """The shop itself is the coupon key of program 2 and may give 100.00 points an epoch."""
    crmdapp.send("loyalty", "coupon", "key", "2", "shop", "100")
    return crmdapp


@pytest.fixture
def coupon(keyed):
    """Issues a coupon of 5.00 points of the customer; returns its file."""

    def issue(*options, name="coupon.json"):
        out = keyed.folder / name
        keyed.json(*ISSUE, *options, "--out", out)
        return out

    return issue


def balance(crmdapp, who="customer"):
    return crmdapp.json("loyalty", "balance", "2", who)["units"]


def numbered(path):
    return SignedCoupon.from_json(path.read_text()).coupon.order_id


# --------------------------------------------------------------------------- the key


def test_key_is_set_shown_and_taken_away(crmdapp):
    shown = crmdapp.json("loyalty", "coupon", "key", "2")
    assert (shown["coupon_key"], shown["budget"]["units"], shown["left"]["units"]) == (None, 0, 0)
    made = crmdapp.send("loyalty", "coupon", "key", "2", "friend", "12.50")
    assert (made["coupon_key"], made["budget"]["points"]) == (ADDRESSES["friend"], "12.50")
    assert (made["used"]["units"], made["left"]["points"]) == (0, "12.50")
    assert made["hash"].startswith("0x")
    shown = crmdapp("loyalty", "coupon", "key", "2").out
    for word in ("(friend)", "12.50 per epoch", "12.50 in this one"):
        assert word in shown
    assert crmdapp.send("loyalty", "coupon", "key", "2", "none")["coupon_key"] is None


def test_key_says_what_is_left_of_its_budget(keyed, coupon, node):
    keyed.send("loyalty", "coupon", "claim", coupon())
    shown = keyed.json("loyalty", "coupon", "key", "2")
    assert (shown["used"]["points"], shown["left"]["points"]) == ("5.00", "95.00")
    assert "95.00 in this one" in keyed("loyalty", "coupon", "key", "2").out
    node.advance(DAY)
    assert keyed.json("loyalty", "coupon", "key", "2")["left"]["points"] == "100.00"


@pytest.mark.parametrize("words", [("friend",), ("none", "5")])
def test_key_needs_a_budget_and_nobody_none(crmdapp, words):
    problem = crmdapp.refuse_to_send("loyalty", "coupon", "key", "2", *words, code=2)
    assert problem["code"] == "UsageError"


def test_key_is_named_by_the_owner_alone(crmdapp):
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "coupon", "key", "2", "rival", "5", code=6)
    assert problem["code"] == "ProgramOwnerOnly"


def test_a_budget_beyond_its_range_is_named(crmdapp):
    line = ("loyalty", "coupon", "key", "2", "shop", "171798691.84")
    problem = crmdapp.refuse_to_send(*line, code=6)
    assert problem["code"] == "CouponBudgetOutOfRange"
    assert "171,798,691.84 points per epoch" in problem["message"]


# --------------------------------------------------------------------------- issuing


def test_issue_writes_a_coupon_that_anybody_claims(keyed, coupon):
    path = coupon()
    keyed.act_as("rival")
    done = keyed.send("loyalty", "coupon", "claim", path)
    assert (done["to"], done["points"], done["number"]) == (ADDRESSES["customer"], "5.00", 1)
    assert done["hash"].startswith("0x")
    assert balance(keyed) == 500


def test_issue_prints_the_coupon_and_says_what_is_promised(keyed):
    outcome = keyed(*ISSUE, "--reversible")
    signed = SignedCoupon.from_json(outcome.out)
    assert signed.signed_by(ADDRESSES["shop"])
    assert signed.coupon.reversible
    for word in ("You promise", ADDRESSES["customer"], "5.00 BEAN", "31337", "Reversible"):
        assert word in outcome.err


def test_issue_gives_numbers_one_after_the_other(keyed, coupon):
    assert [numbered(coupon(name=f"{n}.json")) for n in range(3)] == [1, 2, 3]
    assert numbered(coupon("--number", "77", name="own.json")) == 77
    assert numbered(coupon(name="next.json")) == 78
    line = (*ISSUE[:4], "friend", "5", "--number", "77")
    assert "77" in keyed.error(*line, code=2)["message"]


def test_issue_gives_the_same_coupon_for_the_same_reference(keyed, coupon):
    first = coupon("--reference", "receipt-17")
    again = coupon("--reference", "receipt-17", name="again.json")
    assert first.read_text() == again.read_text()
    line = ("loyalty", "coupon", "issue", "2", "friend", "5", "--reference", "receipt-17")
    assert "another purchase" in keyed.error(*line, code=2)["hint"]
    line = ("loyalty", "coupon", "issue", "2", "customer", "6", "--reference", "receipt-17")
    assert "for 5.00 points" in keyed.error(*line, code=2)["message"]


def test_issue_goes_on_after_what_the_chain_has_seen(keyed, coupon):
    keyed.send("loyalty", "coupon", "cancel", "2", "41")
    assert numbered(coupon()) == 42


def test_issue_takes_campaign_terms_and_times(keyed, node):
    line = (*ISSUE, "--pending", "1d", "--valid-for", "1d")
    line += ("--campaign", "0x" + "0c" * 32, "--terms", "05" * 32)
    item = SignedCoupon.from_json(keyed(*line).out).coupon
    assert (item.campaign, item.terms_hash) == (b"\x0c" * 32, b"\x05" * 32)
    assert (item.valid_after, item.deadline) == (node.now + DAY, node.now + 2 * DAY)


def test_issue_ends_a_coupon_before_its_points_expire(keyed, node):
    outcome = keyed(*ISSUE, "--valid-for", "90d")
    item = SignedCoupon.from_json(outcome.out).coupon
    assert "the coupon ends before" in outcome.err
    assert node.now + 3 * DAY < item.deadline < node.now + 4 * DAY


def test_issue_refuses_a_coupon_that_begins_when_its_points_have_expired(keyed):
    message = keyed.error(*ISSUE, "--pending", "9d", code=2)["message"]
    assert message == "The points expire before the coupon could be claimed."
    assert SignedCoupon.from_json(keyed(*ISSUE).out).coupon.order_id == 1  # no number was spent


def test_issue_prints_a_link(keyed):
    outcome = keyed(*ISSUE, "--base-url", "https://shop.example/claim")
    assert outcome.out.startswith("https://shop.example/claim#")
    path = keyed.folder / "link.txt"
    path.write_text(outcome.out)
    assert keyed.json("loyalty", "coupon", "show", path)["number"] == 1
    assert keyed.send("loyalty", "coupon", "claim", outcome.out.strip())["number"] == 1


def test_issue_warns_if_the_account_is_not_the_coupon_key(keyed):
    keyed.act_as("rival")
    outcome = keyed(*ISSUE)
    assert "is not the coupon key of program 2" in outcome.err
    assert not SignedCoupon.from_json(outcome.out).signed_by(ADDRESSES["shop"])


def test_issue_works_without_a_node(offline):
    offline.act_as("shop")
    line = ("loyalty", "coupon", "issue", "2", ADDRESSES["customer"], "5", "--chain-id", "31337")
    line += ("--hub", "0x" + "11" * 20)
    assert "--number" in offline.error(*line, code=2)["message"]
    signed = SignedCoupon.from_json(offline(*line, "--number", "7", "--issued", "4").out)
    assert signed.signed_by(LocalSigner(KEYS["shop"]).address)
    assert (signed.coupon.order_id, signed.coupon.issued) == (7, 4)


@pytest.mark.parametrize(
    "options",
    [
        ("--pending", "soon"),
        ("--deadline", "someday"),
        ("--deadline", "2020-01-01", "--pending", "1d"),
        ("--campaign", "0x12"),
        ("--terms", "zz" * 32),
        ("--base-url", "http://shop.example"),
        ("--out", "nowhere/coupon.json"),
    ],
    ids=str,
)
def test_issue_refuses_what_makes_no_sense(keyed, options):
    assert keyed.error(*ISSUE, *options, code=2)["code"] == "UsageError"


@pytest.mark.parametrize(
    ("points", "code", "name"),
    [("0", 2, "UsageError"), ("-5", 2, "UsageError"), ("99999999999999", 6, "PointsOverflow")],
)
def test_issue_refuses_amounts_out_of_range(keyed, points, code, name):
    line = ("loyalty", "coupon", "issue", "2", "customer", "--", points)
    assert keyed(*line[:5], "--json", *line[5:], code=code).error["code"] == name


def test_issue_leaves_a_file_alone_that_is_there(keyed, coupon):
    path = coupon()
    before = path.read_text()
    assert "already" in keyed.error(*ISSUE, "--out", path, code=2)["message"]
    assert path.read_text() == before


# --------------------------------------------------------------------------- claiming


def test_claim_shows_and_asks(keyed, coupon, answer):
    path = coupon()
    answer("n\n")
    shown = keyed("loyalty", "coupon", "claim", path, code=3).err
    for word in ("PointsHub.claimCoupon", "5.00 BEAN", ADDRESSES["customer"], "Fee ceiling"):
        assert word in shown
    assert balance(keyed) == 0


def test_claim_dry_run_sends_nothing(keyed, coupon):
    data = keyed.json("loyalty", "coupon", "claim", coupon(), "--dry-run")
    assert data["transactions"][0]["function"] == "PointsHub.claimCoupon"
    assert balance(keyed) == 0


def test_claim_reads_standard_input(keyed, coupon, monkeypatch):
    text = coupon().read_text()
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    assert keyed.send("loyalty", "coupon", "claim", "-")["points"] == "5.00"


def test_claim_sends_once_under_a_name(keyed, coupon):
    path = coupon()
    first = keyed.send("loyalty", "coupon", "claim", path, "--once", "coupon-1")
    again = keyed.send("loyalty", "coupon", "claim", path, "--once", "coupon-1")
    assert again["hash"] == first["hash"]
    assert balance(keyed) == 500


def test_claim_takes_many_and_leaves_out_what_was_claimed(keyed, coupon):
    lines = [json.dumps(json.loads(coupon(name=f"{n}.json").read_text())) for n in range(3)]
    path = keyed.folder / "many.jsonl"
    path.write_text("\n".join(lines) + "\n")
    keyed.send("loyalty", "coupon", "claim", keyed.folder / "1.json")
    done = keyed.send("loyalty", "coupon", "claim", path)
    assert [row["number"] for row in done["coupons"]] == [1, 3]
    assert balance(keyed) == 1_500
    assert keyed.send("loyalty", "coupon", "claim", path) == {"coupons": []}


def test_a_second_claim_is_named(keyed, coupon):
    path = coupon()
    keyed.send("loyalty", "coupon", "claim", path)
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=6)
    assert problem["code"] == "CouponUsed"
    assert problem["message"] == "Coupon 1 of program 2 was claimed or cancelled before."


def test_a_coupon_beyond_the_keys_budget_is_named(keyed):
    out = keyed.folder / "large.json"
    keyed.json("loyalty", "coupon", "issue", "2", "customer", "100.01", "--out", out)
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", out, code=6)
    assert problem["code"] == "CouponBudgetExceeded"
    assert "100.01 points are more than the 100.00" in problem["message"]


def test_an_altered_coupon_is_named(keyed, coupon):
    path = coupon()
    body = json.loads(path.read_text())
    body["typedData"]["message"]["points"] = 5_000
    path.write_text(json.dumps(body))
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=6)
    assert problem["code"] == "CouponSignatureInvalid"
    assert ADDRESSES["shop"] in problem["message"]


def test_a_pending_coupon_waits(keyed, coupon, node):
    path = coupon("--pending", "1d")
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=6)
    assert problem["code"] == "CouponTooEarly"
    assert "UTC" in problem["message"]
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "pending"
    node.advance(DAY)
    keyed.send("loyalty", "coupon", "claim", path)
    assert balance(keyed) == 500


@pytest.mark.parametrize(
    ("content", "code", "reason"),
    [
        ("{", "FileRejected", "not JSON"),
        ("{}", "FileRejected", "typedData"),
        ('{}\n{"signature": 5}\n', "FileRejected", "typedData"),
        ("", "UsageError", "holds no coupon"),
        ("nonsense", "UsageError", "cannot be used"),
    ],
)
def test_a_malformed_coupon_is_refused(keyed, content, code, reason):
    path = keyed.folder / "bad.json"
    path.write_text(content)
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=2)
    assert problem["code"] == code
    faults = problem.get("fields", {}).get("faults", [{"reason": problem["message"]}])
    assert reason in faults[0]["reason"]
    assert [fault["line"] for fault in faults if "line" in fault] == list(
        range(1, len(faults) + 1 if code == "FileRejected" else 1)
    )


def test_a_missing_file_is_named(keyed):
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", "none.json", code=2)
    assert "none.json" in problem["message"]


# --------------------------------------------------------------------------- cancelling, showing


def test_cancel_voids_a_coupon(keyed, coupon):
    path = coupon()
    done = keyed.send("loyalty", "coupon", "cancel", "2", "1")
    assert (done["program"], done["number"]) == (2, 1)
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "used"
    assert keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=6)["code"] == "CouponUsed"


def test_cancel_is_for_issuers(keyed):
    keyed.act_as("rival")
    problem = keyed.refuse_to_send("loyalty", "coupon", "cancel", "2", "1", code=6)
    assert problem["code"] == "ProgramIssuerOnly"


def test_show_says_what_a_coupon_is_and_whether_it_can_be_claimed(keyed, coupon, node):
    path = coupon()
    shown = keyed("loyalty", "coupon", "show", path).out
    for word in ("2 (Bean-There)", "5.00 BEAN", "(customer)", "can be claimed now"):
        assert word in shown
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "claimable"
    keyed.send("loyalty", "coupon", "key", "2", "rival", "5")
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "unsigned"
    node.advance(4 * DAY)
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "expired"


def test_show_says_that_a_coupon_must_wait_for_the_keys_budget(keyed, coupon):
    first, second = coupon(name="1.json"), coupon(name="2.json")
    keyed.send("loyalty", "coupon", "key", "2", "shop", "9.99")
    assert keyed.json("loyalty", "coupon", "show", second)["state"] == "claimable"
    keyed.send("loyalty", "coupon", "claim", first)
    assert keyed.json("loyalty", "coupon", "show", second)["state"] == "over-budget"
    shown = keyed("loyalty", "coupon", "show", second).out
    assert "must wait: coupons may give 4.99 more points in this epoch" in shown
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", second, code=6)
    assert problem["code"] == "CouponBudgetExceeded"


def test_show_names_a_coupon_for_elsewhere(keyed):
    line = ("loyalty", "coupon", "issue", "2", ADDRESSES["customer"], "5", "--number", "1")
    line += ("--issued", "4", "--chain-id", "1", "--hub", "0x" + "11" * 20)
    path = keyed.folder / "foreign.json"
    path.write_text(keyed(*line).out)
    assert keyed.json("loyalty", "coupon", "show", path)["state"] == "foreign"
    problem = keyed.refuse_to_send("loyalty", "coupon", "claim", path, code=2)
    assert "on chain 1" in problem["message"]

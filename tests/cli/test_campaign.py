"""Campaigns from the command line: checked, explained, issued within their budget."""

import json
from datetime import UTC, datetime

import pytest

from crmdapp.loyalty.campaign_file import read_campaign
from crmdapp.loyalty.coupons import SignedCoupon
from tests.cli.conftest import ADDRESSES

DAY = 86_400
SPENDING = {"rate": "1.5", "currency": "EUR", "multipliers": {"1": "1.25", "2": "2"}}


@pytest.fixture
def definition(crmdapp, node):
    """Writes a campaign of program 2 that is open for a day from now."""

    def write(name="june.json", **changes):
        start, end = (datetime.fromtimestamp(node.now + after, UTC) for after in (0, DAY))
        body = {
            "name": "Double points in June",
            "program": 2,
            "segment": {"all": True},
            "offer": {"points": "5"},
            "budget": {"total": "100", "perCustomer": "50"},
            "window": {"start": start.isoformat(), "end": end.isoformat()},
            "claimDays": 1,
            **changes,
        }
        path = crmdapp.folder / name
        path.write_text(json.dumps(body, indent=2))
        return path

    return write


@pytest.fixture
def keyed(crmdapp):
    """The shop itself is the coupon key, and customer and friend have points."""
    crmdapp.send("loyalty", "coupon", "key", "2", "shop", "100")
    for who, points in (("customer", "150"), ("friend", "20")):
        crmdapp.send("loyalty", "award", "2", who, points)
    return crmdapp


def warnings(crmdapp, path):
    return " ".join(crmdapp.json("loyalty", "campaign", "check", path)["warnings"])


# --------------------------------------------------------------------------- checking


def test_check_explains_a_campaign(keyed, definition):
    path = definition(offer=SPENDING, segment={"tier": 1}, termsHash="0x" + "05" * 32)
    shown = keyed("loyalty", "campaign", "check", path, "--count").out
    for word in (
        "Double points in June",
        "2 (Bean-There)",
        "tier 1 and above",
        "1.5 points per 1.00 EUR",
        "from tier 2 on times 2",
        "100.00 BEAN",
        "claimable for 1",
        "0x0505",
        "Customers     1",
    ):
        assert word in shown
    data = keyed.json("loyalty", "campaign", "check", path, "--count")
    assert data["hash"] == "0x" + read_campaign(path).hash.hex()
    assert (data["members"], data["warnings"]) == (1, [])
    assert data["offer"]["multipliers"] == {"1": "1.25", "2": "2"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"budget": {"total": "101"}}, "less than the campaign's 101.00"),
        ({"reversible": True}, "claw-back window is 0"),
        ({"claimDays": 30}, "coupons end then"),
        ({"pendingDays": 30}, "while they are pending"),
        (
            {"window": {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}},
            "It ended 2020-02-01",
        ),
    ],
    ids=str,
)
def test_check_warns_of_what_the_program_cannot_keep(keyed, definition, changes, words):
    path = definition(**changes)
    assert words in warnings(keyed, path)
    assert words in keyed("loyalty", "campaign", "check", path).err


def test_check_warns_if_nobody_can_sign(crmdapp, definition):
    assert "no coupon key" in warnings(crmdapp, definition())


def test_check_names_each_fault_by_line_and_member(crmdapp, definition):
    path = definition(program="two", offer={"points": "0"})
    problem = crmdapp.error("loyalty", "campaign", "check", path, code=2)
    assert problem["code"] == "FileRejected"
    faults = [(fault["line"], fault["field"]) for fault in problem["fields"]["faults"]]
    assert faults == [(3, "program"), (8, "offer.points")]
    shown = crmdapp("loyalty", "campaign", "check", path, code=2).err
    assert "line 8, offer.points" in shown


def test_check_refuses_if_program_unknown(crmdapp, definition):
    problem = crmdapp.error("loyalty", "campaign", "check", definition(program=98), code=6)
    assert problem["code"] == "ProgramUnknown"


# --------------------------------------------------------------------------- issuing


def issue(crmdapp, path, *options, who="customer", reference="receipt-17"):
    line = ("loyalty", "campaign", "issue", path, who, "--reference", reference, *options)
    return SignedCoupon.from_json(crmdapp(*line).out)


def test_issue_signs_a_coupon_that_is_claimed(keyed, definition):
    path, out = definition(), keyed.folder / "coupon.json"
    line = ("loyalty", "campaign", "issue", path, "customer", "--reference", "receipt-17")
    written = keyed.json(*line, "--out", out)
    assert (written["coupons"], written["number"], written["points"]) == (1, 1, "5.00")
    done = keyed.send("loyalty", "coupon", "claim", out)
    assert done["campaign"] == "0x" + read_campaign(path).hash.hex()
    assert keyed.json("loyalty", "balance", "2", "customer")["points"] == "155.00"


def test_issue_multiplies_by_the_tier_and_rounds_down(keyed, definition):
    path = definition(offer=SPENDING)
    assert issue(keyed, path, "--spent", "10.01").coupon.points == 1_876  # tier 1
    assert issue(keyed, path, "--spent", "10.01", who="friend", reference="18").coupon.points == (
        1_501
    )


def test_issue_gives_the_same_coupon_for_the_same_reference(keyed, definition):
    path = definition()
    assert issue(keyed, path) == issue(keyed, path)
    assert issue(keyed, path, reference="18").coupon.order_id == 2


def test_issue_says_what_is_left_of_the_budget(keyed, definition):
    line = ("loyalty", "campaign", "issue", definition(), "customer", "--reference", "1")
    assert "95.00 BEAN of the budget are left" in keyed(*line).err


def test_issue_prints_a_link(keyed, definition):
    line = ("loyalty", "campaign", "issue", definition(), "customer", "--reference", "1")
    shown = keyed(*line, "--base-url", "https://shop.example/claim").out
    assert SignedCoupon.from_link(shown.strip()).coupon.points == 500


def test_issue_to_all_writes_one_line_each(keyed, definition):
    path, out = definition(), keyed.folder / "coupons.jsonl"
    written = keyed.json("loyalty", "campaign", "issue", path, "--all", "--out", out)
    assert (written["coupons"], written["points"]) == (2, "10.00")
    done = keyed.send("loyalty", "coupon", "claim", out)
    assert [row["to"] for row in done["coupons"]] == [ADDRESSES["customer"], ADDRESSES["friend"]]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"segment": {"tier": 2}}, "CustomerExcluded", "is not for"),
        ({"budget": {"total": "5"}}, "CampaignBudgetExceeded", "0.00 that are left"),
        ({"budget": {"total": "9", "perCustomer": "5"}}, "CampaignBudgetExceeded", "may still get"),
        (
            {"window": {"start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"}},
            "CampaignClosed",
            "ended 2020-02-01",
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_issue_refuses_what_the_definition_does_not_allow(keyed, definition, changes, code, words):
    path = definition(**changes)
    if "budget" in changes:
        issue(keyed, path, reference="first")
    line = ("loyalty", "campaign", "issue", path, "customer", "--reference", "second")
    problem = keyed.error(*line, code=1)
    assert problem["code"] == code
    assert words in problem["message"]


def test_issue_is_for_the_coupon_key(keyed, definition):
    keyed.act_as("rival")
    line = ("loyalty", "campaign", "issue", definition(), "customer", "--reference", "1")
    problem = keyed.error(*line, code=4)
    assert problem["code"] == "PermissionDenied"
    assert ADDRESSES["shop"] in problem["why"]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("customer",),
        ("customer", "--all"),
        ("--all", "--out", "nowhere/coupons.jsonl"),
        ("customer", "--reference", "1", "--spent", "5"),
        ("nobody", "--reference", "1"),
    ],
    ids=str,
)
def test_issue_refuses_what_makes_no_sense(keyed, definition, words):
    line = ("loyalty", "campaign", "issue", definition(), *words)
    assert keyed.error(*line, code=2)["code"] == "UsageError"
    assert keyed.json("loyalty", "campaign", "show", definition())["coupons"] == 0


# --------------------------------------------------------------------------- looking


def test_show_tells_what_was_issued_and_claimed(keyed, definition):
    path = definition()
    out = keyed.folder / "coupon.json"
    out.write_text(json.dumps(issue(keyed, path).to_json()))
    issue(keyed, path, who="friend", reference="receipt-18")
    keyed.send("loyalty", "coupon", "claim", out)
    data = keyed.json("loyalty", "campaign", "show", path)
    assert (data["coupons"], data["customers"], data["claimed"]) == (2, 2, 1)
    assert (data["issued"]["points"], data["left"]["points"]) == ("10.00", "90.00")
    assert [(row["reference"], row["claimed"]) for row in data["numbers"]] == [
        ("receipt-17", True),
        ("receipt-18", False),
    ]
    shown = keyed("loyalty", "campaign", "show", path).out
    for word in ("2 for 2 customers", "90.00 BEAN", "receipt-18", "(friend)"):
        assert word in shown


def test_a_cancelled_coupon_frees_the_budget(keyed, definition):
    path = definition()
    issue(keyed, path)
    keyed.send("loyalty", "coupon", "cancel", "2", "1")
    assert keyed.json("loyalty", "campaign", "show", path)["left"]["points"] == "100.00"
    assert issue(keyed, path, reference="18").coupon.order_id == 2

"""Programs, points and reports on a real chain."""

import pytest

from crmdapp.loyalty.points import UNLIMITED
from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH

ZERO = "0x" + "00" * 20
MOST = "1407374883553.27"
UNKNOWN = 99


@pytest.fixture
def funded(crmdapp):
    """The customer has 150.00 points."""
    crmdapp.send("loyalty", "award", "2", "customer", "150")
    return crmdapp


def balance(crmdapp, who):
    return crmdapp.json("loyalty", "balance", "2", who)["points"]


# --------------------------------------------------------------------------- programs


def test_create_gives_a_program_that_show_and_list_know(crmdapp):
    line = "loyalty program create Petals PETAL --validity 2 --cap 1000.50 --tier 5 --tier 7,9.25"
    made = crmdapp.send(*line.split(), "--token")
    assert made["program"] == 5
    assert made["validity"] == 2
    assert made["cap"] == {"units": 100_050, "points": "1000.50"}
    assert [tier["units"] for tier in made["tiers"]] == [500, 700, 925]
    assert made["token"].startswith("0x")
    shown = crmdapp.json("loyalty", "program", "show", "5")
    assert shown.items() <= made.items()
    assert [item["program"] for item in crmdapp.json("loyalty", "program", "list")] == [2, 5]
    crmdapp.act_as("rival")
    crmdapp.send("loyalty", "program", "create", "Rival", "R")
    mine = crmdapp.json("loyalty", "program", "list", "--owner", "rival")
    assert [item["name"] for item in mine] == ["Rival"]


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        (["--validity", "5"], "ValidityOutOfRange", 6),
        (["--tier", "5", "--tier", "5"], "TiersNotRising", 6),
        (["--tier", "1,2,3,4,5,6,7"], "TiersTooMany", 6),
        (["--tier", "1.234"], "UsageError", 2),
        (["--cap", "2000000000000000"], "PointsOverflow", 6),
        (["--cap", "many"], "UsageError", 2),
    ],
)
def test_create_refuses_impossible_rules(crmdapp, options, error, code):
    line = ("loyalty", "program", "create", "Petals", "PETAL")
    assert crmdapp.refuse_to_send(*line, *options, code=code)["code"] == error


def test_create_refuses_an_empty_name(crmdapp):
    line = ("loyalty", "program", "create", "", "PETAL")
    assert crmdapp.refuse_to_send(*line, code=6)["code"] == "ProgramNameEmpty"


def test_set_changes_each_rule_in_a_transaction_of_its_own(crmdapp):
    line = "loyalty program set 2 --validity 3 --cap 500 --tier none --once spring"
    changed = crmdapp.send(*line.split())
    assert (changed["validity"], changed["cap"]["points"], changed["tiers"]) == (3, "500.00", [])
    assert len(changed["transactions"]) == 3
    assert crmdapp.send(*line.split())["transactions"] == changed["transactions"]
    assert crmdapp.send("loyalty", "program", "set", "2", "--cap", "0")["cap"] is None


def test_set_without_a_rule_is_a_usage_error(crmdapp):
    assert crmdapp.error("loyalty", "program", "set", "2", code=2)["code"] == "UsageError"


def test_only_the_owner_sets_rules(crmdapp):
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "program", "set", "2", "--cap", "1", code=6)
    assert problem["code"] == "ProgramOwnerOnly"
    assert problem["fields"] == {"program": 2, "caller": ADDRESSES["rival"]}
    assert "does not own" in problem["message"]


def test_issuer_is_shown_appointed_limited_and_dismissed(crmdapp):
    line = ("loyalty", "program", "issuer", "2", "friend")
    assert crmdapp.json(*line)["budget"] == {"units": 0, "points": "0.00"}
    assert crmdapp.send(*line, "unlimited")["unlimited"] is True
    assert crmdapp.send(*line, "10.50")["left"] == {"units": 1050, "points": "10.50"}
    crmdapp.act_as("friend")
    crmdapp.send("loyalty", "award", "2", "customer", "10")
    assert crmdapp.json(*line)["left"]["points"] == "0.50"
    problem = crmdapp.refuse_to_send("loyalty", "award", "2", "customer", "1", code=6)
    assert problem["code"] == "BudgetExceeded"
    assert "1.00 points are more than the 0.50" in problem["message"]
    crmdapp.act_as("shop")
    assert crmdapp.send(*line, "0")["budget"]["units"] == 0
    crmdapp.act_as("friend")
    problem = crmdapp.refuse_to_send("loyalty", "award", "2", "customer", "1", code=6)
    assert problem["code"] == "ProgramIssuerOnly"


def test_unlimited_is_not_an_amount(crmdapp):
    over = f"{UNLIMITED // 100}"
    line = ("loyalty", "program", "issuer", "2", "friend", over)
    assert crmdapp.refuse_to_send(*line, code=6)["code"] == "PointsOverflow"


def test_ownership_is_offered_and_accepted(crmdapp):
    offered = crmdapp.send("loyalty", "program", "offer", "2", "friend")
    assert (offered["owner"], offered["pending_owner"]) == (ADDRESSES["shop"], ADDRESSES["friend"])
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "program", "accept", "2", code=6)
    assert problem["code"] == "ProgramPendingOwnerOnly"
    crmdapp.act_as("friend")
    accepted = crmdapp.send("loyalty", "program", "accept", "2")
    assert (accepted["owner"], accepted["pending_owner"]) == (ADDRESSES["friend"], None)
    withdrawn = crmdapp.send("loyalty", "program", "offer", "2", ZERO)
    assert withdrawn["pending_owner"] is None


# --------------------------------------------------------------------------- points


def test_award_transfer_and_redeem(crmdapp):
    given = crmdapp.send("loyalty", "award", "2", "customer", "12.50")
    assert (given["units"], given["points"], given["to"]) == (1250, "12.50", ADDRESSES["customer"])
    assert given["gas_used"] > 21_000
    crmdapp.act_as("customer")
    assert crmdapp.send("loyalty", "transfer", "2", "friend", "5")["from"] == ADDRESSES["customer"]
    assert crmdapp.send("loyalty", "redeem", "2", "0.5")["points"] == "0.50"
    assert (balance(crmdapp, "customer"), balance(crmdapp, "friend")) == ("7.00", "5.00")


def test_the_result_for_people_is_one_line(crmdapp):
    outcome = crmdapp("loyalty", "award", "2", "customer", "12.5", "--yes")
    assert outcome.out.startswith("12.50 BEAN. Block ")
    assert outcome.out.count("\n") == 1
    assert crmdapp("loyalty", "balance", "2", "customer").out == "12.50 BEAN\n"


@pytest.mark.parametrize("points", ["0", "1.234", "1,5", "1e3", "", "NaN", "٣"])
def test_what_is_no_amount_is_refused(crmdapp, points):
    line = ("loyalty", "award", "2", "customer", points)
    assert crmdapp.refuse_to_send(*line, code=2)["code"] == "UsageError"


def test_a_negative_amount_is_refused(crmdapp):
    for line in (("loyalty", "award", "2", "customer", "-5"), ("loyalty", "redeem", "2", "-5")):
        assert crmdapp.refuse_to_send(*line, code=2)["code"] == "UsageError"


def test_the_largest_amount_is_possible_and_one_more_is_not(crmdapp):
    assert crmdapp.send("loyalty", "award", "2", "customer", MOST)["points"] == MOST
    problem = crmdapp.refuse_to_send("loyalty", "award", "2", "friend", "1407374883553.28", code=6)
    assert problem["code"] == "PointsOverflow"


def test_nobody_is_no_receiver(crmdapp):
    line = ("loyalty", "award", "2", ZERO, "1")
    assert crmdapp.refuse_to_send(*line, code=6)["code"] == "ERC6909InvalidReceiver"


@pytest.mark.parametrize("command", [("redeem", "2"), ("transfer", "2", "friend")])
def test_insufficient_points_are_named(funded, command):
    funded.act_as("customer")
    problem = funded.refuse_to_send("loyalty", *command, "150.01", code=6)
    assert problem["code"] == "ERC6909InsufficientBalance"
    assert problem["fields"] == {
        "sender": ADDRESSES["customer"],
        "balance": 15_000,
        "needed": 15_001,
        "id": 2,
    }
    assert "has 150.00 points in program 2, 150.01 are needed" in problem["message"]
    assert "statement 2" in problem["hint"]


def test_expired_points_cannot_be_spent(funded, node):
    node.advance(4 * EPOCH_LENGTH)
    funded.act_as("customer")
    problem = funded.refuse_to_send("loyalty", "redeem", "2", "1", code=6)
    assert problem["code"] == "ERC6909InsufficientBalance"
    assert problem["fields"]["balance"] == 0
    assert balance(funded, "customer") == "0.00"


@pytest.mark.parametrize(
    "line",
    [
        "award 99 customer 1",
        "transfer 99 customer 1",
        "redeem 99 1",
        "balance 99",
        "statement 99",
        "liability 99",
        "tiers 99",
        "program show 99",
        "program set 99 --cap 1",
        "program issuer 99 friend",
        "program issuer 99 friend 1",
        "program offer 99 friend",
        "program accept 99",
    ],
)
def test_an_unknown_program_is_named(crmdapp, line):
    problem = crmdapp.error("loyalty", *line.split(), code=6)
    assert problem["code"] == "ProgramUnknown"
    assert problem["fields"] == {"program": UNKNOWN}
    assert "There is no program 99" in problem["message"]


# --------------------------------------------------------------------------- reports


def test_statement_shows_points_by_age(funded, node):
    node.advance(EPOCH_LENGTH)
    funded.send("loyalty", "award", "2", "customer", "2")
    data = funded.json("loyalty", "statement", "2", "customer")
    assert data["balance"] == {"units": 15_200, "points": "152.00"}
    assert [(lot["age"], lot["units"]) for lot in data["by_age"]] == [(1, 15_000), (0, 200)]
    assert data["by_age"][0]["expires_at"] < data["by_age"][1]["expires_at"]
    assert data["by_age"][0]["expires_at"].endswith("+00:00")
    assert (data["tier"], data["qualifying"]["points"]) == (1, "152.00")
    shown = funded("loyalty", "statement", "2", "customer").out
    assert "152.00 BEAN" in shown
    assert "UTC" in shown


def test_liability_shows_what_is_outstanding_by_age(funded):
    data = funded.json("loyalty", "liability", "2")
    assert data["total"]["points"] == "150.00"
    assert [lot["units"] for lot in data["by_age"]] == [0, 0, 0, 15_000]
    shown = funded("loyalty", "liability", "2").out
    assert "100.00 %" in shown
    assert "█" in shown


def test_tiers_show_how_far_somebody_is(funded):
    data = funded.json("loyalty", "tiers", "2", "customer")
    assert [tier["units"] for tier in data["tiers"]] == [10_000, 50_000]
    assert (data["tier"], data["missing"]["points"]) == (1, "350.00")
    assert "350.00 points to go" in funded("loyalty", "tiers", "2", "customer").out
    funded.send("loyalty", "award", "2", "customer", "350")
    assert funded.json("loyalty", "tiers", "2", "customer")["missing"] is None


# --------------------------------------------------------------------------- the chain's refusals


def test_no_money_for_gas_is_named(crmdapp):
    crmdapp.env(CRMDAPP_PRIVATE_KEY="0x" + "42" * 32)
    problem = crmdapp.refuse_to_send("loyalty", "program", "create", "Poor", "P", code=4)
    assert problem["code"] == "FundsMissing"
    assert problem["fields"]["balance"] == 0
    assert problem["fields"]["needed"] > 0


def test_a_node_that_is_not_there_is_named(crmdapp):
    crmdapp.env(CRMDAPP_RPC="http://127.0.0.1:1")
    problem = crmdapp.error("loyalty", "balance", "2", "friend", code=5)
    assert problem["code"] == "NodeUnreachable"


def test_another_chain_than_asked_for_is_named(crmdapp):
    problem = crmdapp.error("loyalty", "balance", "2", "friend", "--chain-id", "1", code=5)
    assert problem["code"] == "WrongChain"
    assert problem["fields"] == {"expected": 1, "actual": 31337}


def test_a_chain_without_deployment_is_named(crmdapp):
    nowhere = crmdapp.folder / "nowhere"
    line = ("loyalty", "balance", "2", "friend", "--deployments", nowhere)
    problem = crmdapp.error(*line, code=5)
    assert problem["code"] == "ContractMissing"
    assert "crmdapp deploy" in problem["hint"]


def test_an_address_without_code_is_named(crmdapp, node):
    contracts = crmdapp.json("deploy", "--check")["contracts"]
    (hub,) = (item["address"] for item in contracts if item["name"] == "PointsHub")
    node.set_code(hub, b"")
    problem = crmdapp.error("loyalty", "balance", "2", "friend", code=5)
    assert problem["code"] == "ContractMissing"
    assert problem["fields"]["address"] == hub


def test_a_full_disk_sends_nothing(crmdapp, monkeypatch):
    from crmdapp.errors import DiskFull

    def full(*args, **kwargs):
        raise DiskFull("The disk is full.")

    monkeypatch.setattr("crmdapp.chain.journal.Journal.lease", full)
    problem = crmdapp.refuse_to_send("loyalty", "award", "2", "customer", "1", code=1)
    assert problem["code"] == "DiskFull"
    assert balance(crmdapp, "customer") == "0.00"

"""The wallet: one customer's points of all programs."""

import pytest

from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH
from tests.cli.partners import *  # noqa: F403 - fixtures


@pytest.fixture
def holder(network, node):
    """The customer, with points of both programs and of two ages."""
    network.send("loyalty", "exchange", "2", "50", "4")
    node.advance(EPOCH_LENGTH)
    network.act_as("shop")
    network.send("loyalty", "award", "2", "customer", "7")
    network.act_as("customer")
    return network


def test_a_wallet_shows_all_programs(holder):
    data = holder.json("wallet")
    assert data["account"] == ADDRESSES["customer"]
    bean, page = data["holdings"]
    assert (bean["program"], bean["name"], bean["balance"]["points"]) == (2, "Bean-There", "107.00")
    assert [lot["points"] for lot in bean["by_age"]] == ["100.00", "7.00"]
    assert bean["by_age"][0]["expires_at"] < bean["by_age"][1]["expires_at"]
    assert (bean["tier"], bean["qualifying"]["points"], bean["debt"]["units"]) == (1, "157.00", 0)
    assert bean["value"] == {"value": 1_070_000, "amount": "1.07", "symbol": "TEST"}
    assert (page["balance"]["points"], page["value"]["amount"]) == ("10.00", "0.40")
    assert page["by_age"][0]["expires_at"] == bean["by_age"][0]["expires_at"]
    assert data["value"]["amount"] == "1.47"
    assert data["more"] is False


def test_a_wallet_for_people(holder):
    shown = holder("wallet", ADDRESSES["customer"]).out
    assert f"{ADDRESSES['customer']} (customer)" in shown
    lines = [line.split() for line in shown.splitlines()]
    rows = [line for line in lines if "BEAN" in line or "PAGE" in line]
    assert rows[0][:4] == ["2", "(Bean-There)", "100.00", "BEAN"]
    assert rows[1][:2] == ["7.00", "BEAN"]
    assert rows[2][:4] == ["4", "(Page)", "10.00", "PAGE"]
    assert all("UTC" in row for row in rows)
    assert ["Worth", "elsewhere", "1.47", "TEST"] in lines


def test_what_is_gone_is_shown_if_asked_for(holder):
    holder.send("loyalty", "transfer", "4", "friend", "10")
    assert [item["program"] for item in holder.json("wallet")["holdings"]] == [2]
    assert [item["program"] for item in holder.json("wallet", "--all")["holdings"]] == [2, 4]
    assert "0.00 PAGE" in holder("wallet", "--all").out
    assert [item["program"] for item in holder.json("wallet", "friend")["holdings"]] == [4]


def test_an_empty_wallet_is_no_error(network):
    data = network.json("wallet", "rival")
    assert (data["holdings"], data["value"]["value"]) == ([], 0)
    assert "Programs" in network("wallet", "rival").out


def test_a_program_without_prices_is_worth_nothing_elsewhere(network):
    network.act_as("shop")
    network.send("loyalty", "program", "create", "Petals", "PETAL")
    network.send("loyalty", "program", "issuer", "6", "shop", "unlimited")
    network.send("loyalty", "award", "6", "rival", "5")
    (holding,) = network.json("wallet", "rival")["holdings"]
    assert holding["value"] is None


def test_a_long_wallet_is_cut_and_says_so(holder):
    outcome = holder("wallet", "--most", "1")
    assert "Only the first 1 programs" in outcome.err
    assert "PAGE" not in outcome.out
    assert holder.json("wallet", "--most", "1")["more"] is True
    assert holder.json("wallet", "--most", "2")["more"] is False


def test_a_thorough_look_finds_the_same(holder):
    assert holder.json("wallet", "--thorough") == holder.json("wallet")


def test_a_wallet_of_nobody_is_refused(network):
    assert network.error("wallet", "stranger", code=2)["code"] == "UsageError"
    network.env(CRMDAPP_PRIVATE_KEY=None)
    assert network.json("wallet", "customer")["holdings"] != []

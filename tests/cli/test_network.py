"""Prices, quotes, exchange, redemption elsewhere, deposits and settlement on a real chain."""

import pytest

from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH
from tests.cli.partners import *  # noqa: F403 - fixtures

NOTICE = EPOCH_LENGTH // 26
ZERO = "0x" + "00" * 20


def value(amount, whole):
    return {"value": whole, "amount": amount, "symbol": "TEST"}


def balance(crmdapp, program, who):
    return crmdapp.json("loyalty", "balance", program, who)["points"]


# --------------------------------------------------------------------------- exchange


def test_quote_and_exchange_agree(network):
    data = network.json("loyalty", "quote", "2", "99.99", "4", "--holder", "customer")
    assert data["received"] == {"units": 1_999, "points": "19.99"}
    assert data["rate"] == {"numerator": 1, "denominator": 5}
    assert (data["value"], data["room"]) == (value("0.9999", 999_900), value("10.00", 10_000_000))
    assert (data["exact"], data["covered"], len(data["by_age"])) == (True, True, 1)
    done = network.send("loyalty", "exchange", "2", "99.99", "4")
    assert done["received"] == data["received"]
    assert done["owed"] == data["value"]
    assert (balance(network, "2", "customer"), balance(network, "4", "customer")) == (
        "50.01",
        "19.99",
    )


def test_a_quote_for_people(network):
    shown = network("loyalty", "quote", "2", "100", "4", "--holder", "customer").out
    assert "20.00 PAGE of 4 (Page)" in shown
    assert "1 BEAN = 0.2 PAGE" in shown
    assert "UTC" in shown
    shown = network("loyalty", "quote", "4", "100", "2").out
    assert "at most 200.00 BEAN" in shown
    network.act_as("shop")
    network.send("loyalty", "prices", "set", "2", "0.03", "0.01")
    assert "not enough for this" in network("loyalty", "quote", "2", "1001", "4").out


def test_a_rate_that_goes_on_is_marked(network, node):
    network.act_as("shop")
    network.send("loyalty", "prices", "set", "2", "0.03", "0.01")
    node.advance(NOTICE)
    shown = network("loyalty", "quote", "4", "100", "2").out
    assert "1 PAGE = about 1.333333 BEAN" in shown


def test_exchange_shows_what_it_does_before_it_asks(network, answer):
    answer("n\n")
    outcome = network("loyalty", "exchange", "2", "100", "4", code=3)
    for words in ("PointsHub.exchange", "100.00 BEAN", "at least 20.00 PAGE", "Fee ceiling"):
        assert words in outcome.err
    assert balance(network, "2", "customer") == "150.00"
    rehearsed = network.json("loyalty", "exchange", "2", "100", "4", "--dry-run")
    assert rehearsed["transactions"][0]["function"] == "PointsHub.exchange"
    assert balance(network, "2", "customer") == "150.00"


def test_exchange_happens_once_under_a_name(network):
    line = ("loyalty", "exchange", "2", "100", "4", "--once", "trip")
    first = network.send(*line)
    # What it left would not suffice for a second one, and the deadline is another by now.
    assert network.send(*line) == first
    assert balance(network, "4", "customer") == "20.00"
    other = ("loyalty", "exchange", "2", "1", "4", "--once", "trip")
    problem = network.refuse_to_send(*other, code=2)
    assert "something else was sent before" in problem["message"]


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        (("100", "4", "--min", "20.01"), "ExchangeBelowMinimum", 6),
        (("100", "4", "--deadline", "2020-01-01"), "IntentExpired", 6),
        (("150.01", "4"), "ERC6909InsufficientBalance", 6),
        (("1", "2"), "ProgramsEqual", 6),
        (("1", "99"), "ProgramUnknown", 6),
        (("0", "4"), "UsageError", 2),
        (("1", "4", "--deadline", "soon"), "UsageError", 2),
        (("1", "4", "--valid-for", "0"), "UsageError", 2),
    ],
)
def test_exchange_refuses(network, options, error, code):
    problem = network.refuse_to_send("loyalty", "exchange", "2", *options, code=code)
    assert problem["code"] == error
    assert problem["hint"] or code == 2


def test_what_the_limit_does_not_cover_is_named(network):
    network.act_as("shop")
    network.send("loyalty", "award", "2", "customer", "1000")
    network.act_as("customer")
    problem = network.refuse_to_send("loyalty", "exchange", "2", "1000.01", "4", code=6)
    assert problem["code"] == "PositionOverLimit"
    assert problem["fields"] == {
        "debtor": 2,
        "creditor": 4,
        "owed": 10_000_100,
        "limit": 10_000_000,
    }
    assert "would owe program 4 10.0001, its limit is 10.00" in problem["message"]
    assert "crmdapp loyalty settle 2 4" in problem["hint"]


# --------------------------------------------------------------------------- redemption elsewhere


def test_redeem_at_credits_the_merchant(network):
    done = network.send("loyalty", "redeem-at", "2", "33.33", "4", "--once", "order-1")
    assert done["credited"] == value("0.3333", 333_300)
    assert network.send("loyalty", "redeem-at", "2", "33.33", "4", "--once", "order-1") == done
    assert balance(network, "2", "customer") == "116.67"
    shown = network("loyalty", "redeem-at", "2", "1", "4", "--min", "0.01", "--yes").out
    assert shown.startswith("1.00 BEAN for 0.01 TEST at 4 (Page).")


def test_redeem_at_refuses_a_credit_below_the_least(network):
    line = ("loyalty", "redeem-at", "2", "100", "4", "--min", "1.000001")
    problem = network.refuse_to_send(*line, code=6)
    assert problem["code"] == "RedemptionBelowMinimum"
    assert "credited 1.00 only, not 1.000001" in problem["message"]


# --------------------------------------------------------------------------- positions, settlement


def test_positions_show_what_is_owed(network):
    network.send("loyalty", "redeem-at", "2", "100", "4")
    data = network.json("loyalty", "positions", "4")
    assert (data["deposit"]["amount"], data["free"]["amount"]) == ("20.00", "10.00")
    (position,) = data["positions"]
    assert (position["other"], position["owing"]["value"]) == (2, 0)
    assert position["owed"] == value("1.00", 1_000_000)
    assert position["room"] == value("11.00", 11_000_000)
    shown = network("loyalty", "positions", "2").out
    assert "4 (Page)" in shown
    assert "1.00 TEST" in shown


def test_settle_goes_whichever_way_the_money_goes(network):
    network.send("loyalty", "redeem-at", "2", "100", "4")
    network.act_as("rival")
    done = network.send("loyalty", "settle", "4", "2")
    assert done["settled"] == [{"debtor": 2, "creditor": 4, **value("1.00", 1_000_000)}]
    assert network.json("loyalty", "deposit", "4")["deposit"]["amount"] == "21.00"
    assert network.json("loyalty", "limit", "2", "4")["limit"]["amount"] == "9.00"
    again = network("loyalty", "settle", "4", "2", "--yes")
    assert again.out == "Nothing is owed.\n"
    assert network.send("loyalty", "settle", "4", "2")["transactions"] == []


def test_settle_many_settles_with_all_partners(network):
    network.send("loyalty", "redeem-at", "2", "100", "4")
    problem = network.refuse_to_send("loyalty", "settle", "2", "--many", code=6)
    assert problem["code"] == "ProgramOwnerOnly"
    network.act_as("shop")
    outcome = network("loyalty", "settle", "2", "--many", "--yes")
    assert "1.00 TEST from 2 to 4." in outcome.out
    assert "1.00 TEST to program 4" in outcome.err
    assert network.send("loyalty", "settle", "2", "--many")["settled"] == []


def test_settle_is_not_anybodys_at_any_time(network, node):
    network.send("loyalty", "redeem-at", "2", "1", "4")
    network.act_as("rival")
    network.send("loyalty", "settle", "4", "2")
    network.act_as("customer")
    network.send("loyalty", "redeem-at", "2", "1", "4")
    problem = network.refuse_to_send("loyalty", "settle", "2", "4", code=6)
    assert problem["code"] == "SettlementTooEarly"
    assert "(0.01) can not be settled by you yet" in problem["message"]
    assert "UTC" in problem["hint"]
    node.advance(NOTICE)
    assert len(network.send("loyalty", "settle", "2", "4")["settled"]) == 1


@pytest.mark.parametrize("words", [(), ("4", "--many")])
def test_settle_wants_to_know_with_whom(network, words):
    assert network.refuse_to_send("loyalty", "settle", "2", *words, code=2)["code"] == "UsageError"


# --------------------------------------------------------------------------- deposits and limits


def test_limits_commit_and_withdraw_takes_the_rest(network):
    network.act_as("shop")
    problem = network.refuse_to_send("loyalty", "withdraw", "2", "10.01", code=6)
    assert problem["code"] == "DepositCommitted"
    assert "10.01 of the deposit of program 2 are needed, 10.00 are free" in problem["message"]
    done = network.send("loyalty", "withdraw", "2", "4", "--to", "friend")
    assert (done["withdrawn"]["amount"], done["to"]) == ("4.00", ADDRESSES["friend"])
    assert done["free"]["amount"] == "6.00"
    assert network.send("loyalty", "limit", "2", "4", "0")["limit"]["value"] == 0
    assert network.json("loyalty", "deposit", "2")["free"]["amount"] == "16.00"
    problem = network.refuse_to_send("loyalty", "limit", "2", "2", "1", code=6)
    assert problem["code"] == "LimitToItself"
    problem = network.refuse_to_send("loyalty", "withdraw", "2", "1", "--to", ZERO, code=6)
    assert problem["code"] == "ERC20InvalidReceiver"

"""A merchant's own prices and deposit, on a chain where no program is connected yet."""

import pytest

from tests.cli.conftest import ADDRESSES, EPOCH_LENGTH

NOTICE = EPOCH_LENGTH // 26


def value(amount, whole):
    return {"value": whole, "amount": amount, "symbol": "TEST"}


def test_first_prices_hold_at_once_and_later_ones_after_the_notice(crmdapp, node):
    assert crmdapp.json("loyalty", "prices", "show", "2")["connected"] is False
    assert "not connected" in crmdapp("loyalty", "prices", "show", "2").out
    now = crmdapp.send("loyalty", "prices", "set", "2", "0.02", "0.0125")
    assert (now["on_ramp"], now["off_ramp"]) == (value("0.02", 20_000), value("0.0125", 12_500))
    assert now["announced"] is None
    later = crmdapp.send("loyalty", "prices", "set", "2", "0.03", "0.03")
    assert later["on_ramp"]["amount"] == "0.02"
    assert later["announced"]["on_ramp"]["amount"] == "0.03"
    shown = crmdapp("loyalty", "prices", "show", "2", "--history").out
    assert "0.03 TEST and 0.03 TEST from" in shown
    node.advance(NOTICE)
    data = crmdapp.json("loyalty", "prices", "show", "2", "--history")
    assert data["on_ramp"]["amount"] == "0.03"
    assert [item["on_ramp"]["amount"] for item in data["history"]] == ["0.02", "0.03"]
    assert [item["replaced"] for item in data["history"]] == [False, False]


@pytest.mark.parametrize(
    ("prices", "error", "code"),
    [
        (("0.01", "0.02"), "PricesInvalid", 6),
        (("0.01", "0"), "PricesInvalid", 6),
        (("0.0000001", "0"), "UsageError", 2),
        (("1e3", "1"), "UsageError", 2),
        (("999999999", "1"), "UsageError", 2),
        (("٣", "1"), "UsageError", 2),
    ],
)
def test_prices_that_can_not_be_are_refused(crmdapp, prices, error, code):
    problem = crmdapp.refuse_to_send("loyalty", "prices", "set", "2", *prices, code=code)
    assert problem["code"] == error


def test_prices_are_the_owners(crmdapp):
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "prices", "set", "2", "2", "1", code=6)
    assert problem["code"] == "ProgramOwnerOnly"


def test_programs_without_prices_are_named(crmdapp):
    crmdapp.send("loyalty", "program", "create", "Petals", "PETAL")
    for line in (
        ("quote", "2", "1", "4"),
        ("exchange", "2", "1", "4"),
        ("redeem-at", "2", "1", "4"),
    ):
        problem = crmdapp.error("loyalty", *line, code=6)
        assert problem["code"] == "ProgramNotConnected"
        assert "Program 2 has published no prices" in problem["message"]


def test_deposit_approves_and_pays_in_with_one_question(crmdapp, answer):
    crmdapp.send("chain", "fund-coin", "shop", "100.5")
    answer("y\n")
    outcome = crmdapp("loyalty", "deposit", "2", "100.25")
    assert outcome.err.count("[y/N]") == 1
    for words in ("Coin.approve", "ClearingHouse.deposit", "100.25 TEST", "Fee ceiling"):
        assert words in outcome.err
    assert "100.25 TEST paid in." in outcome.out
    assert crmdapp.json("loyalty", "deposit", "2")["free"] == value("100.25", 100_250_000)


def test_deposit_happens_once_under_a_name(crmdapp):
    crmdapp.send("chain", "fund-coin", "shop", "100")
    line = ("loyalty", "deposit", "2", "60", "--once", "spring")
    first = crmdapp.send(*line)
    assert crmdapp.send(*line)["hash"] == first["hash"]
    assert crmdapp.json("loyalty", "deposit", "2")["deposit"]["amount"] == "60.00"
    rehearsed = crmdapp.json("loyalty", "deposit", "2", "1", "--dry-run")
    assert [item["function"] for item in rehearsed["transactions"]] == [
        "Coin.approve",
        "ClearingHouse.deposit",
    ]


@pytest.mark.parametrize(
    ("amount", "error", "code"),
    [
        ("100.000001", "ERC20InsufficientBalance", 6),
        ("0", "UsageError", 2),
        ("0.0000001", "UsageError", 2),
        ("much", "UsageError", 2),
    ],
)
def test_deposit_refuses(crmdapp, node, amount, error, code):
    crmdapp.send("chain", "fund-coin", "shop", "100")
    before = node.rpc("eth_getTransactionCount", ADDRESSES["shop"], "latest")
    problem = crmdapp.refuse_to_send("loyalty", "deposit", "2", amount, code=code)
    assert problem["code"] == error
    assert node.rpc("eth_getTransactionCount", ADDRESSES["shop"], "latest") == before


@pytest.mark.parametrize(
    "line",
    [
        "quote 99 1 2",
        "quote 2 1 99",
        "redeem-at 99 1 2",
        "redeem-at 2 1 99",
        "prices show 99",
        "prices set 99 2 1",
        "positions 99",
        "deposit 99",
        "deposit 99 1",
        "withdraw 99 1",
        "limit 99 2",
        "limit 2 99 1",
        "settle 99 2",
        "settle 2 99",
        "settle 99 --many",
    ],
)
def test_an_unknown_program_is_named(crmdapp, line):
    problem = crmdapp.error("loyalty", *line.split(), code=6)
    assert problem["code"] == "ProgramUnknown"
    assert problem["fields"] == {"program": 99}


def test_fund_coin_gives_play_money(crmdapp, answer):
    given = crmdapp.send("chain", "fund-coin", "friend", "12.5")
    assert (given["units"], given["balance"]) == (12_500_000, 12_500_000)
    answer("n\n")
    crmdapp("chain", "fund-coin", "friend", "1", code=3)
    assert crmdapp.json("chain", "fund-coin", "friend", "1", "--dry-run")["dry_run"] is True
    assert crmdapp.send("chain", "fund-coin", "friend", "1")["balance"] == 13_500_000
    for amount in ("0", "0.0000001", "much"):
        problem = crmdapp.refuse_to_send("chain", "fund-coin", "friend", amount, code=2)
        assert problem["code"] == "UsageError"


def test_fund_coin_gives_no_real_coin(crmdapp):
    """Where the deployment names a coin of its own, there is nothing to mint."""
    path = crmdapp.folder / "deployments" / "31337.json"
    path.write_text(path.read_text().replace('"TestCoin"', '"OtherCoin"'))
    problem = crmdapp.refuse_to_send("chain", "fund-coin", "friend", "1", code=5)
    assert problem["code"] == "ContractMissing"

"""A small shop joins the network with one command."""

import os

import pytest

from crmdapp.cli.loyalty.join import GAS
from crmdapp.errors import NodeUnreachable
from tests.cli.conftest import ADDRESSES, in_terminal
from tests.cli.partners import *  # noqa: F403 - fixtures

PRICES = ("--on-ramp", "0.02", "--off-ramp", "0.0125")
LINE = (
    *("loyalty", "join", "Book Nook", "NOOK", "--validity", "2", *PRICES),
    *("--issuer", "friend", "--budget", "500", "--deposit", "30", "--limit", "2=12.5"),
    *("--limit", "4=7.5"),
)
STEPS = 6


@pytest.fixture
def shop(crmdapp):
    """The command line as the friend, who has coin and no program yet."""
    crmdapp.send("chain", "fund-coin", "friend", "30")
    crmdapp.act_as("friend")
    return crmdapp


def sent(node, who="friend"):
    return int(node.rpc("eth_getTransactionCount", ADDRESSES[who], "latest"), 16)


def test_join_gives_a_program_that_works(shop, node):
    before = sent(node)
    made = shop.send(*LINE)
    program = str(made["program"])
    assert (made["name"], made["symbol"], made["validity"]) == ("Book Nook", "NOOK", 2)
    assert (made["on_ramp"]["amount"], made["off_ramp"]["amount"]) == ("0.02", "0.0125")
    assert (made["deposit"]["amount"], made["free"]["amount"]) == ("30.00", "10.00")
    assert [item["limit"]["amount"] for item in made["positions"]] == ["12.50", "7.50"]
    assert len(made["transactions"]) == STEPS
    assert sent(node) == before + STEPS + 1  # and the approval of the deposit
    shop.send("loyalty", "award", program, "customer", "100")
    shop.act_as("customer")
    spent = shop.send("loyalty", "redeem-at", program, "100", "4")
    assert spent["credited"]["amount"] == "1.25"
    shop.act_as("friend")
    problem = shop.refuse_to_send("loyalty", "award", program, "customer", "401", code=6)
    assert problem["code"] == "BudgetExceeded"


def test_join_shows_everything_and_asks_once(shop, answer, node):
    before = sent(node)
    answer("n\n")
    outcome = shop(*LINE, code=3)
    assert outcome.err.count("[y/N]") == 1
    for words in (
        "Book Nook (NOOK)",
        "0.02 TEST for 1 NOOK",
        "(friend), 500.00 points per epoch",
        "30.00 TEST",
        "12.50 TEST to 2 (Bean-There)",
        "set the limit with program 4",
        "Fee ceiling",
    ):
        assert words in outcome.err
    assert sent(node) == before
    answer("y\n")
    outcome = shop(*LINE)
    for number in range(1, STEPS + 1):
        assert f"{number} of {STEPS}, " in outcome.err
    assert "Book Nook" in outcome.out


def test_the_fee_shown_is_a_ceiling(shop, node):
    made = shop.send(*LINE, "--token", "--tier", "1,2,3,4,5,6")
    steps = ("prices", "issuer", "deposit", "limit", "limit")
    margin = 1.15  # what is sent with is the estimate and this much more
    for step, receipt in zip(steps, made["transactions"][1:], strict=True):
        approval = 60_000 if step == "deposit" else 0
        print(f"{step}: {receipt['gas_used']:,}")
        assert (receipt["gas_used"] + approval) * margin < GAS[step]


def test_join_repeated_does_nothing_twice(shop, node):
    first = shop.send(*LINE)
    before = sent(node)
    outcome = shop(*LINE, "--yes")
    assert "joined before" in outcome.err
    assert shop.send(*LINE) == first
    assert sent(node) == before
    shop.send("loyalty", "join", "Book Nook", "NOOK", *PRICES, "--once", "second shop")
    assert sent(node) == before + 2


def test_join_goes_on_where_it_was_stopped(shop, node, monkeypatch):
    """The node goes away before the deposit."""
    from crmdapp.loyalty.clearing import ClearingClient

    def away(*args, **kwargs):
        raise NodeUnreachable("The node is gone.")

    before = sent(node)
    with monkeypatch.context() as patch:
        patch.setattr(ClearingClient, "deposit", away)
        assert shop.refuse_to_send(*LINE, code=5)["code"] == "NodeUnreachable"
    rehearsed = shop.json(*LINE, "--dry-run")
    assert [step["step"] for step in rehearsed["steps"] if step["sent_before"]] == [
        "program",
        "prices",
        "issuer",
    ]
    outcome = shop(*LINE, "--yes")
    assert "1 of 6, open the program: done before" in outcome.err
    assert "4 of 6, pay in the deposit: done (" in outcome.err
    assert sent(node) == before + STEPS + 1


def test_join_says_what_may_no_longer_be_changed(shop):
    shop.send(*LINE)
    changed = ("loyalty", "join", "Book Nook", "NOOK", "--on-ramp", "1", "--off-ramp", "1")
    problem = shop.refuse_to_send(*changed, "--validity", "2", code=2)
    assert "'prices' was carried out before" in problem["message"]
    assert "--once" in problem["hint"]


def test_join_dry_run_sends_nothing(shop, node):
    before = sent(node)
    data = shop.json(*LINE, "--dry-run")
    assert len(data["steps"]) == STEPS
    assert not any(step["sent_before"] for step in data["steps"])
    assert sent(node) == before


@pytest.mark.parametrize(
    ("options", "error", "code"),
    [
        (("--deposit", "30.000001"), "ERC20InsufficientBalance", 6),
        (("--deposit", "19.99"), "DepositCommitted", 6),
        (("--limit", "99=1"), "ProgramUnknown", 6),
        (("--limit", "2=1"), "UsageError", 2),
        (("--limit", "2"), "UsageError", 2),
        (("--limit", "=1"), "UsageError", 2),
        (("--limit", "٣=1"), "UsageError", 2),
        (("--limit", "6=-1"), "UsageError", 2),
        (("--off-ramp", "0.0200001"), "UsageError", 2),
        (("--off-ramp", "0.020001"), "PricesInvalid", 6),
        (("--validity", "5"), "ValidityOutOfRange", 6),
        (("--budget", "-1"), "UsageError", 2),
        (("--issuer", "nobody"), "UsageError", 2),
    ],
)
def test_join_sends_nothing_if_anything_is_wrong(shop, node, options, error, code):
    before = sent(node)
    problem = shop.refuse_to_send(*LINE, *options, code=code)
    assert problem["code"] == error
    assert sent(node) == before


def test_join_without_a_terminal_needs_a_yes(shop, node):
    before = sent(node)
    assert shop.error(*LINE, code=2)["code"] == "UsageError"
    assert sent(node) == before


def test_join_in_a_terminal(shop):
    code, shown = in_terminal(LINE, dict(os.environ), typed="y\n")
    assert code == 0, shown
    assert "Send these 6 steps? [y/N]" in shown
    assert "30.00 TEST, 10.00 TEST free" in shown

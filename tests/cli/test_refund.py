"""Returned purchases from the command line: refunds of orders, reversals of awards and coupons."""

import pytest

from tests.cli.conftest import ADDRESSES

DAY = 86_400


@pytest.fixture
def order(crmdapp):
    """The customer has 150.00 points and redeems some for order 4711, refundable unless told."""
    crmdapp.send("loyalty", "award", "2", "customer", "150")

    def redeem(points="10", number="4711", *, refundable=True):
        out = crmdapp.folder / f"{number}.json"
        crmdapp.act_as("customer")
        line = ("loyalty", "redeem-sign", "2", points, "--order", number, "--out", out)
        crmdapp.json(*line)
        crmdapp.act_as("shop")
        options = ["--refundable"] if refundable else []
        assert crmdapp.send("loyalty", "redeem-submit", out, *options)["mined"] == 1

    return redeem


@pytest.fixture
def awarded(crmdapp):
    """An awarded file that can be reversed for a day; the customer is on lines 3 and 5."""
    crmdapp.send("loyalty", "clawback", "2", "1d")
    rows = [f"0x{1:040x},1", f"{ADDRESSES['customer']},20", f"{ADDRESSES['friend']},30"]
    rows.append(f"{ADDRESSES['customer']},5.50")
    path = crmdapp.folder / "purchases.csv"
    path.write_text("\n".join(["address,points", *rows, ""]))
    crmdapp.send("loyalty", "award-file", "2", path)
    return path


def balance(crmdapp, who="customer"):
    return crmdapp.json("loyalty", "balance", "2", who)["units"]


# --------------------------------------------------------------------------- refunds


def test_refund_gives_an_order_back_in_parts(crmdapp, order):
    order()
    assert balance(crmdapp) == 14_000
    part = crmdapp.send("loyalty", "refund", "2", "4711", "3.50")
    assert (part["points"], part["credited"]["points"], part["left"]["points"]) == (
        "3.50", "3.50", "6.50",
    )  # fmt: skip
    assert part["to"] == ADDRESSES["customer"]
    rest = crmdapp.send("loyalty", "refund", "2", "4711")
    assert (rest["points"], rest["left"]["units"]) == ("6.50", 0)
    assert balance(crmdapp) == 15_000
    problem = crmdapp.refuse_to_send("loyalty", "refund", "2", "4711", code=2)
    assert problem["message"] == "Order 4711 was refunded in full before."


def test_refund_shows_and_asks(crmdapp, order, answer):
    order()
    answer("n\n")
    shown = crmdapp("loyalty", "refund", "2", "4711", "3.50", code=3).err
    for word in ("PointsHub.refundRedemption", "3.50 BEAN of 10.00 BEAN left", "(customer)"):
        assert word in shown
    assert balance(crmdapp) == 14_000


def test_refund_dry_run_sends_nothing(crmdapp, order):
    order()
    assert crmdapp.json("loyalty", "refund", "2", "4711", "--dry-run")["dry_run"]
    assert balance(crmdapp) == 14_000


def test_refund_says_what_has_expired(crmdapp, order, node):
    order()
    node.advance(4 * DAY)
    outcome = crmdapp("loyalty", "refund", "2", "4711", "--yes")
    assert "0.00 BEAN given back" in outcome.out
    assert "10.00 BEAN had expired" in outcome.out


def test_refund_says_what_paid_a_debt(crmdapp, awarded, order):
    order("170")
    crmdapp.send("loyalty", "reverse", "2", awarded, "20", "--line", "3")
    owed = crmdapp.json("loyalty", "debt", "2", "customer")["units"]
    assert (balance(crmdapp), owed) == (0, 1_450)
    part = crmdapp.send("loyalty", "refund", "2", "4711", "4.50")
    assert (part["credited"]["units"], part["debt_paid"]["points"]) == (0, "4.50")
    outcome = crmdapp("loyalty", "refund", "2", "4711", "20", "--yes")
    assert "10.00 BEAN given back" in outcome.out
    assert "10.00 BEAN paid a debt." in outcome.out
    assert "expired" not in outcome.out
    assert balance(crmdapp) == 1_000
    assert crmdapp.send("loyalty", "refund", "2", "4711", "1")["debt_paid"]["units"] == 0


def test_refund_refuses_more_than_is_left(crmdapp, order):
    order()
    problem = crmdapp.refuse_to_send("loyalty", "refund", "2", "4711", "10.01", code=6)
    assert problem["code"] == "RefundExceedsRedemption"
    assert problem["message"] == "10.01 points are more than the 10.00 left of the redemption."


def test_refund_says_why_there_is_nothing_to_refund(crmdapp, order):
    order(refundable=False)
    problem = crmdapp.refuse_to_send("loyalty", "refund", "2", "4711", code=2)
    assert problem["why"] == "It was redeemed, but not as refundable."
    problem = crmdapp.refuse_to_send("loyalty", "refund", "2", "4712", code=2)
    assert problem["why"] == "It was never redeemed."
    assert (
        crmdapp.refuse_to_send("loyalty", "refund", "98", "1", code=6)["code"] == "ProgramUnknown"
    )


def test_refund_is_for_issuers_of_the_merchant(crmdapp, order):
    order()
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "refund", "2", "4711", code=6)
    assert problem["code"] == "ProgramIssuerOnly"


def test_refund_sends_once_under_a_name_and_a_number(crmdapp, order):
    order()
    line = ("loyalty", "refund", "2", "4711", "--once", "return-1")
    assert "how many points" in crmdapp.refuse_to_send(*line, code=2)["message"]
    first = crmdapp.send(*line[:4], "3.50", *line[4:])
    assert crmdapp.send(*line[:4], "3.50", *line[4:])["hash"] == first["hash"]
    assert balance(crmdapp) == 14_350


@pytest.mark.parametrize("points", ["0", "1.234", "ten"])
def test_refund_refuses_what_is_no_amount(crmdapp, order, points):
    order()
    assert crmdapp.refuse_to_send("loyalty", "refund", "2", "4711", points, code=2)


# --------------------------------------------------------------------------- reversals


def test_reverse_takes_an_award_back_in_parts(crmdapp, awarded):
    line = ("loyalty", "reverse", "2", awarded)
    part = crmdapp.send(*line, "1.50", "--line", "5")
    assert (part["points"], part["debt"]["units"], part["left"]["points"]) == ("1.50", 0, "4.00")
    assert (part["from"], part["index"]) == (ADDRESSES["customer"], 3)
    rest = crmdapp.send(*line, "--line", "5")
    assert (rest["points"], rest["left"]["units"]) == ("4.00", 0)
    assert balance(crmdapp) == 2_000
    problem = crmdapp.refuse_to_send(*line, "--line", "5", code=2)
    assert problem["message"] == "The award was reversed in full before."


def test_reverse_makes_a_debt_of_what_was_spent(crmdapp, awarded):
    crmdapp.act_as("friend")
    crmdapp.send("loyalty", "redeem", "2", "25")
    crmdapp.act_as("shop")
    done = crmdapp.send("loyalty", "reverse", "2", awarded, "--customer", "friend")
    assert (done["points"], done["debt"]["points"]) == ("30.00", "25.00")
    assert balance(crmdapp, "friend") == 0
    assert crmdapp.json("loyalty", "debt", "2", "friend")["points"] == "25.00"
    crmdapp.send("loyalty", "award", "2", "friend", "40")
    assert balance(crmdapp, "friend") == 1_500
    assert crmdapp.json("loyalty", "debt", "2", "friend")["units"] == 0


def test_reverse_shows_and_asks(crmdapp, awarded, answer):
    answer("n\n")
    shown = crmdapp("loyalty", "reverse", "2", awarded, "--line", "3", code=3).err
    for word in ("PointsHub.reverseAward", "20.00 BEAN to", "(customer)", "until", "UTC"):
        assert word in shown
    assert balance(crmdapp) == 2_550


def test_reverse_names_the_lines_of_a_customer_who_has_several(crmdapp, awarded):
    line = ("loyalty", "reverse", "2", awarded)
    problem = crmdapp.refuse_to_send(*line, "--customer", "customer", code=2)
    assert problem["why"] == "They are on lines 3, 5."
    problem = crmdapp.refuse_to_send(*line, "--customer", "shop", code=2)
    assert "has no award to" in problem["message"]


@pytest.mark.parametrize("options", [(), ("--line", "3", "--customer", "friend")], ids=str)
def test_reverse_needs_to_know_which_award(crmdapp, awarded, options):
    problem = crmdapp.refuse_to_send("loyalty", "reverse", "2", awarded, *options, code=2)
    assert problem["message"] == "Which award of the file?"


@pytest.mark.parametrize("line", ["1", "6"])
def test_reverse_refuses_a_line_that_is_no_award(crmdapp, awarded, line):
    problem = crmdapp.refuse_to_send("loyalty", "reverse", "2", awarded, "--line", line, code=2)
    assert "is no award" in problem["message"]


def test_reverse_refuses_another_file(crmdapp, awarded):
    awarded.write_text(awarded.read_text().replace("5.50", "9.50"))
    problem = crmdapp.refuse_to_send("loyalty", "reverse", "2", awarded, "--line", "5", code=6)
    assert problem["code"] == "RecordsNotAwarded"


def test_reverse_refuses_after_the_window(crmdapp, awarded, node):
    node.advance(DAY + 1)
    problem = crmdapp.refuse_to_send("loyalty", "reverse", "2", awarded, "--line", "5", code=6)
    assert problem["code"] == "ClawbackEnded"
    assert problem["message"].count("UTC") == 2


def test_reverse_is_for_issuers(crmdapp, awarded):
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "reverse", "2", awarded, "--line", "5", code=6)
    assert problem["code"] == "ProgramIssuerOnly"


def test_reverse_takes_a_reversible_coupon_back(crmdapp):
    crmdapp.send("loyalty", "clawback", "2", "1d")
    crmdapp.send("loyalty", "coupon", "key", "2", "shop", "100")
    out = crmdapp.folder / "coupon.json"
    line = ("loyalty", "coupon", "issue", "2", "customer", "5", "--reversible", "--out", out)
    crmdapp.json(*line)
    reverse = ("loyalty", "reverse", "2", out)
    problem = crmdapp.refuse_to_send(*reverse, code=6)
    assert problem["code"] == "RecordsNotAwarded"
    crmdapp.send("loyalty", "coupon", "claim", out)
    assert crmdapp.send(*reverse, "2")["left"]["points"] == "3.00"
    assert balance(crmdapp) == 300
    problem = crmdapp.refuse_to_send(*reverse, "--line", "2", code=2)
    assert problem["message"] == "A coupon has no lines."


# --------------------------------------------------------------------------- the window


def test_clawback_is_set_shown_and_taken_away(crmdapp):
    assert crmdapp.json("loyalty", "clawback", "2")["seconds"] == 0
    assert "not at all" in crmdapp("loyalty", "clawback", "2").out
    assert crmdapp.send("loyalty", "clawback", "2", "30d")["seconds"] == 30 * DAY
    assert "for 30 days" in crmdapp("loyalty", "clawback", "2").out
    assert crmdapp.send("loyalty", "clawback", "2", "none")["seconds"] == 0


def test_clawback_refuses_what_makes_no_sense(crmdapp):
    assert (
        crmdapp.refuse_to_send("loyalty", "clawback", "2", "soon", code=2)["code"] == "UsageError"
    )
    crmdapp.act_as("rival")
    problem = crmdapp.refuse_to_send("loyalty", "clawback", "2", "1d", code=6)
    assert problem["code"] == "ProgramOwnerOnly"

"""Loyalty over HTTP: what a merchant's systems do, told as they would do it."""

import itertools

import pytest

from crmdapp.loyalty.client import LoyaltyClient
from crmdapp.loyalty.intents import sign_redeem
from crmdapp.loyalty.packing import pack_records

FAR = 2**39
WORD = "0x" + "5a" * 32

_keys = itertools.count(1)


@pytest.fixture(scope="module")
def program(town, server):
    """A program of the merchant, who may award without limit."""
    number = town.open_program("merchant", tiers=(1_000, 5_000))
    server.settle()
    return number


@pytest.fixture(scope="module")
def rival_program(town, server):
    number = town.open_program("rival", name="Leaf", symbol="LEAF")
    server.settle()
    return number


@pytest.fixture
def merchant(api):
    return api("merchant")


@pytest.fixture
def rival(api):
    return api("rival")


@pytest.fixture
def send(server):
    """Sends a request that changes something and returns its answer's JSON."""

    def send_(client, method, path, body=None, status=200, key=None):
        headers = {"Idempotency-Key": key or f"test-{next(_keys)}"}
        answer = client.request(method, f"/v1/loyalty{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        server.settle()
        return answer.json()

    return send_


@pytest.fixture
def get():
    """Returns a list or object that is to be seen."""

    def get_(client, path, status=200, **query):
        answer = client.get(f"/v1/loyalty{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    return get_


@pytest.fixture
def order(town):
    """A redemption that the customer signed."""

    def order_(program, points, order_id, merchant=None, role="customer"):
        domain = town.client(LoyaltyClient).domain
        signed = sign_redeem(
            town.signer(role),
            domain,
            program=program,
            points=points,
            order_id=order_id,
            merchant=merchant,
            deadline=FAR,
        )
        return signed.to_json()

    return order_


def test_award_and_redeem_change_liability(town, send, get, merchant, program, order):
    customer = town.address("customer")
    place = f"/programs/{program}"
    before = int(get(merchant, f"{place}/liability")["total"])

    send(merchant, "POST", f"{place}/awards", {"to": customer, "points": "1250"})

    held = get(merchant, f"{place}/customers/{customer}")
    assert int(held["points"]) >= 1250
    assert held["tier"] == 1
    assert int(get(merchant, f"{place}/liability")["total"]) == before + 1250

    body = {"signed": order(program, 500, 1), "refundable": True}
    send(merchant, "POST", f"{place}/redemptions", body)

    assert int(get(merchant, f"{place}/liability")["total"]) == before + 750
    stored = get(merchant, f"{place}/redemptions/1")
    assert (stored["points"], stored["refundable"], stored["account"]) == ("500", True, customer)

    send(merchant, "POST", f"{place}/redemptions/1/refund", {"points": "200"})

    assert int(get(merchant, f"{place}/liability")["total"]) == before + 950
    assert get(merchant, f"{place}/redemptions/1")["refunded"] == "200"
    kinds = [row["kind"] for row in get(merchant, f"{place}/customers/{customer}/history")["items"]]
    assert kinds[:3] == ["refunded", "redeemed", "awarded"]


def test_award_is_made_once_if_repeated_with_its_key(town, send, get, merchant, program):
    body = {"to": town.address("friend"), "points": "300"}
    place = f"/programs/{program}/customers/{body['to']}"
    before = int(get(merchant, place)["points"])
    first = send(merchant, "POST", f"/programs/{program}/awards", body, key="purchase-7")
    again = send(merchant, "POST", f"/programs/{program}/awards", body, key="purchase-7")
    assert first == again
    assert int(get(merchant, place)["points"]) == before + 300


def test_batch_is_awarded_and_one_award_reversed(town, send, get, merchant, program):
    place = f"/programs/{program}"
    send(merchant, "PUT", f"{place}/rules", {"clawback": 3600})
    artist, curator = town.address("artist"), town.address("curator")
    awards = [{"to": artist, "points": "100"}, {"to": curator, "points": "200"}]
    send(merchant, "POST", f"{place}/awards/batch", {"batch_id": WORD, "awards": awards})

    batch = get(merchant, f"{place}/batches")["items"][0]
    assert (batch["batch_id"], batch["count"], batch["points"]) == (WORD, 2, "300")

    records = "0x" + pack_records([(artist, 100), (curator, 200)]).hex()
    body = {"batch_id": WORD, "records": records, "index": 1, "points": "150"}
    send(merchant, "POST", f"{place}/reversals", body)

    assert get(merchant, f"{place}/customers/{curator}")["points"] == "50"
    assert get(merchant, f"{place}/batches")["items"][0]["reversed"] == "150"


def test_batch_of_redemptions_tells_what_it_skipped(town, send, get, merchant, program, order):
    place = f"/programs/{program}"
    award = {"to": town.address("collector"), "points": "100"}
    send(merchant, "POST", f"{place}/awards", award)
    signed = [
        order(program, 60, 21, role="collector"),
        order(program, 60, 22, role="collector"),
    ]
    done = send(merchant, "POST", f"{place}/redemptions/batch", {"signed": signed})
    assert done["redeemed"] == 1
    assert done["skipped"] == [
        {"index": 1, "order_id": "22", "reason": "ERC6909InsufficientBalance"}
    ]
    skipped = get(merchant, f"{place}/skips")["items"][0]
    assert (skipped["order_id"], skipped["reason"]) == ("22", "ERC6909InsufficientBalance")


def test_budget_limits_awards_and_is_told(town, send, get, merchant, program):
    place = f"/programs/{program}"
    me = town.address("merchant")
    send(merchant, "PUT", f"{place}/issuers/{me}", {"budget": "1000"})
    body = {"to": town.address("outsider"), "points": "1001"}
    problem = send(merchant, "POST", f"{place}/awards", body, status=422)
    assert problem["code"] == "BudgetExceeded"
    assert problem["fields"]["points"] == "1001"
    assert problem["detail"].startswith(f"10.01 points are more than the 10.00 that {me} may")
    assert problem["hint"].startswith("The owner can raise the budget: ")
    issuer = get(merchant, f"{place}/issuers")[0]
    assert (issuer["issuer"], issuer["budget"]) == (me, "1000")
    send(merchant, "PUT", f"{place}/issuers/{me}", {"budget": str(2**48 - 1)})
    assert get(merchant, f"{place}/issuers")[0]["left"] is None


def test_merchants_exchange_and_settle(
    town, send, get, merchant, rival, program, rival_program, order
):
    mine, its = f"/programs/{program}", f"/programs/{rival_program}"
    for client, role, place in ((merchant, "merchant", mine), (rival, "rival", its)):
        send(client, "PUT", f"{place}/prices", {"on_ramp": "20000", "off_ramp": "10000"})
        coin = town.connection.contract("TestCoin", town.manifest.address("TestCoin"))
        sender = town.sender(role)
        sender.wait(sender.send(coin.call("mint", town.address(role), 10_000_000)))
        send(client, "POST", f"{place}/deposit", {"amount": "5000000"})
    send(merchant, "PUT", f"{mine}/limits/{rival_program}", {"limit": "4000000"})
    assert get(merchant, f"{mine}/deposit") == {
        "deposit": "5000000",
        "committed": "4000000",
        "free": "1000000",
    }
    quote = get(
        merchant,
        "/network/quotes/exchange",
        program=program,
        to_program=rival_program,
        points=400,
    )
    assert (quote["received"], quote["rate"], quote["is_covered"]) == ("200", "1/2", True)

    send(merchant, "POST", f"{mine}/awards", {"to": town.address("customer"), "points": "900"})
    send(rival, "POST", f"{its}/redemptions", {"signed": order(program, 800, 9, rival_program)})

    position = get(merchant, f"{mine}/positions")[0]
    assert (position["other"], position["owed"]) == (str(rival_program), "80000")
    send(merchant, "POST", f"{mine}/settlements", {"others": [str(rival_program)]})
    assert get(merchant, f"{mine}/positions")[0]["owed"] == "0"
    assert get(rival, f"{its}/deposit")["deposit"] == "5080000"
    paid = get(rival, f"{its}/settlements")["items"][0]
    assert (paid["debtor"], paid["value"]) == (str(program), "80000")


def test_coupon_is_signed_claimed_and_cancelled(town, send, get, merchant, program):
    place = f"/programs/{program}"
    me, friend = town.address("merchant"), town.address("friend")
    send(merchant, "PUT", f"{place}/coupon-key", {"key": me, "budget": "5000"})
    coupon = {"to": friend, "points": "40", "order_id": "3", "deadline": FAR, "campaign": WORD}
    signed = send(merchant, "POST", f"{place}/coupons", coupon)
    send(merchant, "POST", f"{place}/coupons/claims", signed)
    assert get(merchant, f"{place}/coupon-key")["left"] == "4960"
    assert get(merchant, f"{place}/campaigns") == [
        {"campaign": WORD, "coupons": 1, "drops": 0, "claims": 0, "points": "40"}
    ]
    send(merchant, "DELETE", f"{place}/coupons/4")
    unused = send(merchant, "POST", f"{place}/coupons", {**coupon, "order_id": "4"})
    problem = send(merchant, "POST", f"{place}/coupons/claims", unused, status=409)
    assert problem["code"] == "CouponUsed"


def test_lists_go_on_where_they_ended(send, get, merchant, program, town):
    for points in (1, 2, 3):
        body = {"to": town.address("carrier"), "points": str(points)}
        send(merchant, "POST", f"/programs/{program}/awards", body)
    seen, cursor = [], None
    while True:
        query = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        page = get(merchant, f"/programs/{program}/history", **query)
        seen += [(row["block"], row["log_index"]) for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(set(seen)) >= 3


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "'; DROP TABLE events; --"])
def test_name_is_kept_as_it_is_whatever_it_holds(send, get, merchant, name):
    opened = send(merchant, "POST", "/programs", {"name": name, "symbol": "X"}, status=201)
    assert get(merchant, f"/programs/{opened['program']}")["name"] == name
    assert get(merchant, "/network/programs")["items"]


def test_network_programs_are_public(api, get, program):
    shown = get(api(), f"/network/programs/{program}")
    assert shown["symbol"] == "BEAN"
    assert get(api(), f"/network/programs/{2**200}", status=404)["code"] == "ProgramUnknown"


def test_program_is_refused_without_key_or_scope(api, get, program):
    assert get(api(), f"/programs/{program}", status=401)["code"] == "KeyNeeded"
    reader = api("merchant", scopes=("customers:read",))
    assert get(reader, f"/programs/{program}", status=403)["code"] == "ScopeMissing"


def test_redemption_for_another_merchant_is_refused(send, merchant, rival_program, program, order):
    body = {"signed": order(program, 10, 77, rival_program)}
    problem = send(merchant, "POST", f"/programs/{program}/redemptions", body, status=422)
    assert "another merchant" in problem["detail"]

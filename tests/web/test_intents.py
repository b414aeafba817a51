"""Signed intents over HTTP: prepared by the server, signed by the person, carried out once."""

import pytest

from crmdapp.chain.typed_data import Domain
from crmdapp.loyalty import LoyaltyClient
from tests.web.browser import digest_of

POINTS = 10_000


@pytest.fixture(scope="module")
def program(server, town):
    """A program of the merchant in which the customer has 100 points."""
    number = town.open_program("merchant")
    town.client(LoyaltyClient, "merchant").award(number, town.address("customer"), POINTS)
    return number


@pytest.fixture
def transfer(town, program):
    """What the customer wants: 15 points to the friend."""
    return {
        "program": str(program),
        "holder": town.address("customer"),
        "to": town.address("friend"),
        "points": "1500",
    }


def signed(town, role, typed):
    """What a wallet of that role returns for typed data."""
    return {
        "typedData": typed,
        "signature": "0x" + town.signer(role).sign_digest(digest_of(typed)).hex(),
    }


def prepared(api, kind, wanted):
    answer = api().post(f"/v1/intents/{kind}/prepare", json=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_submit_moves_the_points_once(api, town, program, transfer):
    typed = prepared(api, "loyalty.transfer", transfer)
    body = signed(town, "customer", typed)
    before = town.client(LoyaltyClient).balance(program, town.address("friend"))

    answers = [api("merchant").post("/v1/intents", json=body) for _ in range(2)]

    assert [item.status_code for item in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["state"] == "done"
    after = town.client(LoyaltyClient).balance(program, town.address("friend"))
    assert after - before == 1_500


def test_submit_redeems_an_order_once(api, town, program):
    wanted = {
        "program": str(program),
        "holder": town.address("customer"),
        "points": "500",
        "order_id": "4711",
    }
    body = signed(town, "customer", prepared(api, "loyalty.redeem", wanted))
    before = town.client(LoyaltyClient).balance(program, town.address("customer"))

    answers = [api("merchant").post("/v1/intents", json=body) for _ in range(2)]

    assert [item.status_code for item in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    after = town.client(LoyaltyClient).balance(program, town.address("customer"))
    assert before - after == 500


def test_submit_names_the_contracts_error_if_the_order_was_redeemed(api, town, program):
    for number, status in ((4712, 200), (4712, 409)):
        wanted = {
            "program": str(program),
            "holder": town.address("customer"),
            "points": str(100 + status),
            "order_id": str(number),
        }
        body = signed(town, "customer", prepared(api, "loyalty.redeem", wanted))
        answer = api("merchant").post("/v1/intents", json=body)
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "OrderUsed"
    assert answer.json()["fields"] == {"program": str(program), "orderId": "4712"}


def test_submit_refuses_a_forged_signature(api, town, transfer):
    body = signed(town, "outsider", prepared(api, "loyalty.transfer", transfer))
    answer = api("merchant").post("/v1/intents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "IntentSignatureInvalid")


def test_submit_refuses_another_contract(api, town, transfer):
    typed = prepared(api, "loyalty.transfer", transfer)
    other = Domain("PointsHub", "1", 31337, town.address("outsider"))
    typed["domain"] = other.to_json()
    answer = api("merchant").post("/v1/intents", json=signed(town, "customer", typed))
    assert (answer.status_code, answer.json()["code"]) == (422, "RequestInvalid")


def test_submit_needs_the_scope_relay(api, town, transfer):
    body = signed(town, "customer", prepared(api, "loyalty.transfer", transfer))
    answer = api("merchant", scopes=("loyalty:read",)).post("/v1/intents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "ScopeMissing")
    assert answer.json()["fields"] == {"needed": ["relay"]}


def test_submit_needs_a_key_or_a_session(api, town, transfer):
    body = signed(town, "customer", prepared(api, "loyalty.transfer", transfer))
    answer = api().post("/v1/intents", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "FormExpired")

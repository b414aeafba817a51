"""Data rewards on the command line."""

import pytest

from crmdapp.chain import Manifest, connect
from crmdapp.chain._keccak import keccak
from crmdapp.customers.leaves import log_of
from crmdapp.customers.reward_claims import ClaimSheet, RewardClaim
from tests.cli.conftest import ADDRESSES

CHAIN = 31337


@pytest.fixture
def campaign(crmdapp):
    """A campaign of the shop that pays points of program 2."""
    crmdapp.send("customers", "log", "open", "--delay", "1h")
    log = "0x" + log_of(ADDRESSES["shop"]).hex()
    found = crmdapp.send(
        "customers",
        "rewards",
        "create",
        "--program",
        2,
        "--cap",
        500,
        "--purpose",
        "Marketing",
        "--log",
        log,
    )
    crmdapp.send("loyalty", "program", "issuer", 2, rewards_address(crmdapp), "unlimited")
    return found


def rewards_address(crmdapp):
    (manifest,) = (crmdapp.folder / "deployments").glob("*.json")
    return Manifest.load(manifest).address("DataRewards")


@pytest.fixture
def claims(crmdapp, campaign):
    """Claims of two people."""
    sheet = ClaimSheet(
        [
            RewardClaim(campaign["campaign"], n, keccak(role.encode()), ADDRESSES[role], 100)
            for n, role in enumerate(("customer", "friend"))
        ]
    )
    path = crmdapp.folder / "claims.jsonl"
    sheet.write(path, CHAIN, rewards_address(crmdapp))
    return path


def test_create_shows_what_it_made(crmdapp, campaign):
    shown = crmdapp.json("customers", "rewards", "show", campaign["campaign"])
    assert (shown["kind"], shown["program"], shown["cap"]) == ("points", 2, "500")
    assert "Marketing" in shown["purposes"]
    assert shown["claims_root"] is None


@pytest.mark.parametrize("assets", [(), ("--program", 2, "--coin", "friend")])
def test_create_pays_one_thing(crmdapp, assets):
    error = crmdapp.refuse_to_send(
        "customers",
        "rewards",
        "create",
        *assets,
        "--cap",
        1,
        "--purpose",
        "Marketing",
        "--log",
        "0x" + "00" * 32,
        code=2,
    )
    assert "either a coin or points" in error["message"]


def test_a_person_is_paid_once(crmdapp, campaign, claims):
    number = campaign["campaign"]
    crmdapp.send("customers", "rewards", "fund", number, 200)
    crmdapp.send("customers", "rewards", "publish", claims)
    told = crmdapp.send("customers", "rewards", "claim", claims, "--to", "friend")
    assert (told["payee"], told["amount"]) == (ADDRESSES["friend"], "100")
    error = crmdapp.refuse_to_send(
        "customers", "rewards", "claim", claims, "--to", "friend", code=6
    )
    assert error["code"] == "RewardClaimedBefore"
    assert crmdapp.json("customers", "rewards", "show", number)["paid"] == "100"


def test_publish_refuses_more_than_the_budget(crmdapp, campaign, claims):
    crmdapp.send("customers", "rewards", "fund", campaign["campaign"], 199)
    error = crmdapp.refuse_to_send("customers", "rewards", "publish", claims, code=6)
    assert error["code"] == "RewardOverBudget"


def test_claim_wants_one_payee(crmdapp, campaign, claims):
    error = crmdapp.refuse_to_send("customers", "rewards", "claim", claims, code=2)
    assert "several claims" in error["message"]


def test_close_returns_what_is_left(crmdapp, campaign, node):
    number = campaign["campaign"]
    crmdapp.send("customers", "rewards", "fund", number, 70)
    error = crmdapp.refuse_to_send("customers", "rewards", "close", number, code=6)
    assert error["code"] == "RewardClaimsOpen"
    node.advance_to(node_time(node) + 91 * 86_400)
    told = crmdapp.send("customers", "rewards", "close", number)
    assert told["returned"] == "70"


def node_time(node):
    with connect(node.url) as connection:
        return connection.block_timestamp()

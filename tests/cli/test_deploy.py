"""Deploying, resuming, checking."""

import json

import pytest

from tests.fixtures.anvil import Anvil


@pytest.fixture
def manifest(crmdapp):
    return crmdapp.folder / "deployments" / "31337.json"


@pytest.fixture
def empty(crmdapp, node):
    """The command line on the prepared chain, with no manifest."""
    (crmdapp.folder / "deployments" / "31337.json").unlink()
    return crmdapp


def test_deploy_writes_the_manifest_and_a_second_run_changes_nothing(empty, manifest):
    first = empty.send("deploy", "--epoch-length", "3600", "--genesis", "2020-01-01")
    coin, hub, *_ = first["contracts"]
    assert [(item["name"], item["outcome"]) for item in first["contracts"]] == [
        (name, "deployed")
        for name in (
            "TestCoin",
            "PointsHub",
            "ProgramTerms",
            "GiftVoucher",
            "CustomerRegistry",
            "DidRegistry",
            "AttestationRegistry",
            "ConsentRegistry",
            "InteractionLog",
            "IdentityBadge",
            "DataRewards",
            "Artworks",
            "CuratorBoard",
            "ItemLedger",
            "Elections",
            "TrusteeBoard",
            "VoterRoll",
            "BallotBox",
            "Tally",
            "OpenBallots",
        )
    ]
    entry = json.loads(manifest.read_text())["contracts"]["PointsHub"]
    assert entry["address"] == hub["address"]
    assert entry["args"] == [1577836800, 3600, coin["address"]]
    written = manifest.read_text()
    second = empty.json("deploy")  # nothing to ask for
    assert second["contracts"] == [{**item, "outcome": "kept"} for item in first["contracts"]]
    assert manifest.read_text() == written


def test_deploy_dry_run_writes_nothing(empty, manifest):
    data = empty.json("deploy", "--dry-run")
    assert data["plan"][1]["name"] == "PointsHub"
    assert data["plan"][1]["args"][1] == 15_778_800
    assert not manifest.exists()


def test_deploy_shows_the_cost_and_asks(empty, answer, manifest):
    answer("n\n")
    shown = empty("deploy", code=3).err
    assert "PointsHub" in shown
    assert "Fee ceiling" in shown
    assert "comes with CustomerRegistry" in shown
    assert not manifest.exists()


def test_deploy_refuses_another_clock_beside_the_old_one(crmdapp):
    problem = crmdapp.refuse_to_send("deploy", "--epoch-length", "60", code=8)
    assert problem["code"] == "VerificationFailed"
    assert "--replace" in problem["hint"]
    replaced = crmdapp.send("deploy", "--epoch-length", "60", "--replace")
    # What does not know the hub is kept: the coin, gift cards, the customers' contracts, items.
    anew = [item["name"] for item in replaced["contracts"] if item["outcome"] == "deployed"]
    assert anew == ["PointsHub", "ProgramTerms", "DataRewards", "Artworks", "CuratorBoard"]


@pytest.mark.parametrize("length", ["59", "-1", "half"])
def test_deploy_refuses_an_impossible_epoch(crmdapp, length):
    assert crmdapp.error("deploy", "--epoch-length", length, code=2)["code"] == "UsageError"


def test_deploy_refuses_a_genesis_in_the_future(empty):
    problem = empty.refuse_to_send("deploy", "--genesis", "2200-01-01", code=6)
    assert problem["code"] == "HubGenesisInFuture"
    assert problem["fields"]["genesis"] == 7258118400


def test_deploy_refuses_what_is_no_moment(empty):
    assert empty.refuse_to_send("deploy", "--genesis", "soon", code=2)["code"] == "UsageError"


def test_check_is_8_when_the_code_differs(crmdapp, node, manifest):
    assert crmdapp.json("deploy", "--check")["ok"] is True
    address = json.loads(manifest.read_text())["contracts"]["PointsHub"]["address"]
    node.set_code(address, bytes.fromhex("6001"))
    data = crmdapp.json("deploy", "--check", code=8)
    assert data["ok"] is False
    wrong = [item["name"] for item in data["contracts"] if not item["ok"]]
    assert wrong == ["PointsHub"]


def test_check_without_a_manifest_says_that_nothing_is_deployed(empty):
    assert empty.error("deploy", "--check", code=5)["code"] == "ContractMissing"


def test_a_chain_started_anew_is_noticed_and_deployed_to(crmdapp):
    with Anvil() as other:
        other.mine()
        crmdapp.env(CRMDAPP_RPC=other.url)
        problem = crmdapp.error("loyalty", "balance", "2", "friend", code=5)
        assert problem["code"] == "WrongChain"
        assert "crmdapp deploy" in problem["hint"]
        assert crmdapp.send("deploy")["contracts"][0]["outcome"] == "deployed"


def test_a_manifest_whose_code_is_gone_is_no_reason_to_send_unasked(crmdapp, node, manifest):
    before = json.loads(manifest.read_text())["contracts"]["PointsHub"]["address"]
    node.set_code(before, b"")
    crmdapp.error("deploy", code=2)
    now = {item["name"]: item["address"] for item in crmdapp.send("deploy")["contracts"]}
    assert now["PointsHub"] != before

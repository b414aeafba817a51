"""Identities and badges on the command line, on a real chain."""

import json

import pytest

from crmdapp.chain._keccak import keccak
from tests.cli.conftest import ADDRESSES, KEYS

NAME = "did/pub/X25519/enc/base64"
TAG = "0x" + keccak(b"tag").hex()


@pytest.fixture
def customer(crmdapp):
    """The command line, acting as the customer."""
    crmdapp.act_as("customer")
    return crmdapp


def test_show_an_identity_that_was_never_changed(customer):
    data = customer.json("customers", "did", "show")
    assert data["did"] == f"did:ethr:0x7a69:{ADDRESSES['customer']}"
    assert (data["owner"], data["cid"]) == (ADDRESSES["customer"], None)
    assert (data["attributes"], data["changes"]) == ([], [])
    assert "not bound" in customer("customers", "did", "show", "friend").out


def test_attribute_and_delegate(customer):
    customer.send("customers", "did", "attribute", "customer", NAME, "0x0102")
    customer.send("customers", "did", "attribute", "customer", "did/svc/Shop", "https://x.example")
    customer.send("customers", "did", "delegate", "customer", "veriKey", "friend")
    data = customer.json("customers", "did", "show", "customer")
    assert {(item["name"], item["value"]) for item in data["attributes"]} == {
        (NAME, "0x0102"),
        ("did/svc/Shop", "0x" + b"https://x.example".hex()),
    }
    assert [item["event"] for item in data["changes"]] == [
        "DIDDelegateChanged",
        "DIDAttributeChanged",
        "DIDAttributeChanged",
    ]
    shown = customer("customers", "did", "show", "customer").out
    assert "https://x.example" in shown
    assert "0x0102" in shown
    customer.send("customers", "did", "attribute", "customer", NAME, "0x0102", "--revoke")
    customer.send("customers", "did", "delegate", "customer", "veriKey", "friend", "--revoke")
    data = customer.json("customers", "did", "show", "customer")
    assert [item["name"] for item in data["attributes"]] == ["did/svc/Shop"]


def test_what_is_not_one_s_own_is_refused(customer):
    line = ("customers", "did", "attribute", "friend", NAME, "0x01")
    problem = customer.refuse_to_send(*line, code=6)
    assert problem["code"] == "IdentityOwnerOnly"
    assert "does not own the identity" in problem["message"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("attribute", "customer", "x" * 33, "0x01"), "is no name of a delegate"),
        (("attribute", "customer", NAME, "0x0"), "is no hex data"),
        (("attribute", "customer", NAME, "0x01", "--lasts", "0"), "is no length of time"),
        (("owner", "customer", "0x" + "00" * 20), "zero address can own no identity"),
        (("bind", "customer", TAG), "the last two of them 00"),
    ],
)
def test_malformed_words_are_named(customer, words, message):
    problem = customer.refuse_to_send("customers", "did", *words, code=2)
    assert message in problem["message"]


def test_bind_and_owner(crmdapp):
    crmdapp.send("customers", "scope", "create", "--attestor", "shop=1", "--delay", "1d")
    cid = crmdapp.send("customers", "register", "1", TAG, "customer")["cid"]
    crmdapp.act_as("customer")
    assert crmdapp.json("customers", "did", "bind", "customer", cid, "--dry-run")["dry_run"]
    crmdapp.send("customers", "did", "bind", "customer", cid)
    assert crmdapp.json("customers", "did", "show")["cid"] == cid
    assert crmdapp.json("customers", "show", cid)["identity"] == ADDRESSES["customer"]
    problem = crmdapp.refuse_to_send("customers", "did", "owner", "customer", "friend", code=6)
    assert problem["code"] == "IdentityFollowsCustomer"
    assert f"rotate-sign {cid}" in problem["hint"]
    crmdapp.act_as("friend")
    crmdapp.send("customers", "did", "owner", "friend", "rival")
    assert crmdapp.json("customers", "did", "show", "friend")["owner"] == ADDRESSES["rival"]


def test_the_owner_signs_without_a_node_and_anybody_submits(customer, node):
    contracts = json.loads((customer.folder / "deployments" / "31337.json").read_text())
    did = contracts["contracts"]["DidRegistry"]["address"]
    offline = ("--chain-id", "31337", "--registry", did)
    customer.env(CRMDAPP_RPC="http://127.0.0.1:1")
    lines = {
        "attribute.json": ("attribute-sign", "customer", NAME, "0x0102"),
        "delegate.json": ("delegate-sign", "customer", "veriKey", "friend"),
        "owner.json": ("owner-sign", "customer", "friend"),
    }
    for name, line in lines.items():
        customer("customers", "did", *line, *offline, "--out", customer.folder / name)
    customer.env(CRMDAPP_RPC=node.url)
    customer.act_as("rival")
    for name in lines:
        customer.send("customers", "did", "submit", customer.folder / name)
    data = customer.json("customers", "did", "show", "customer")
    assert data["owner"] == ADDRESSES["friend"]
    assert [item["name"] for item in data["attributes"]] == [NAME]
    again = customer.refuse_to_send(
        "customers", "did", "submit", customer.folder / "owner.json", code=6
    )
    assert again["code"] in ("IntentNonceUsed", "IntentSignatureInvalid")


# --------------------------------------------------------------------------- badges


@pytest.fixture
def topic(crmdapp, node):
    """A topic of the shop, in which the shop attests."""
    from crmdapp.chain import Journal, LocalSigner, Manifest, Sender, connect

    manifest = Manifest.load(crmdapp.folder / "deployments" / "31337.json")
    with connect(node.url) as connection, Journal(crmdapp.folder / "j.sqlite3") as journal:
        sender = Sender(connection, LocalSigner(KEYS["shop"]), journal)
        contract = connection.contract(
            "AttestationRegistry", manifest.address("AttestationRegistry")
        )
        for call in (
            contract.call("createTopic", 1, b"\x55" * 32),
            contract.call("admit", 1, ADDRESSES["shop"], 1),
        ):
            sender.wait(sender.send(call))
    return "1"


def test_a_badge_from_grant_to_burn(crmdapp, topic):
    path = crmdapp.folder / "grant.json"
    line = ("customers", "badge", "grant-sign", "customer", topic, "--pseudonym", "4711")
    crmdapp(*line, "--out", path)
    problem = crmdapp.refuse_to_send("customers", "badge", "mint", path, code=6)
    assert problem["code"] == "BadgeCallerInvalid"
    crmdapp.act_as("customer")
    assert crmdapp.json("customers", "badge", "show", "customer")["badge"] is None
    minted = crmdapp.send("customers", "badge", "mint", path)
    assert (minted["topic"], minted["pseudonym"]) == (1, 4711)
    assert "4711" in crmdapp("customers", "badge", "show", "customer").out
    crmdapp.send("customers", "did", "owner", "customer", "friend")
    crmdapp.send("customers", "badge", "follow", "customer")
    badge = crmdapp.json("customers", "badge", "show", "customer")["badge"]
    assert (badge["identity"], badge["holder"]) == (ADDRESSES["customer"], ADDRESSES["friend"])
    crmdapp.act_as("friend")
    crmdapp.send("customers", "badge", "burn", "customer")
    assert "has no badge" in crmdapp("customers", "badge", "show", "customer").out
    for word in ("follow", "burn"):
        problem = crmdapp.refuse_to_send("customers", "badge", word, "customer", code=2)
        assert "has no badge" in problem["message"]
